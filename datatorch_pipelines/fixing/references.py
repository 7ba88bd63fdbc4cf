"""Where a pipeline names actions that are in git, and the edits that make such a reference another one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

from datatorch_pipelines.diagnostics import Edit, Location
from datatorch_pipelines.model import ActionReference, Pipeline, ReferenceKind
from datatorch_pipelines.syntax.edits import written_at
from datatorch_pipelines.syntax.locator import TextLocator

_AFTER_IT = re.compile(r"[ \t\]},]*?(?:(?<=[ \t])#[ \t]*(?P<comment>.*?)[ \t]*)?")
"""What may follow on a reference's line: closing brackets, commas, a comment."""


@frozen(kw_only=True)
class Site:
    """A place where an action is named.

    ``whole`` is the range of the text that holds the tag. ``place`` is that of the tag itself, ``None`` where it is not
    written as it reads, with escapes for instance; it is empty, and behind the name, where no tag is written.
    """

    reference: ActionReference
    whole: Location
    place: Location | None
    source: TextLocator

    @property
    def comment(self) -> str | None:
        """The comment behind the reference, without its ``#``; ``None`` where there is none, or none could be."""
        found = self._after()
        return None if found is None else found["comment"]

    def edits(self, ref: str, comment: str | None = None, known_comment: str | None = None) -> tuple[Edit, ...] | None:
        """The edits that write another tag or commit; ``None`` where the old one can't be replaced as it is written.

        ``comment`` is put behind it, where one can stand and there is none, or in the place of ``known_comment``.
        """
        place = self.place
        if place is None:
            return None
        written = self._written(ref, place)
        edits = [Edit(place, written)]
        after = self._after()
        if comment is None or after is None:
            return tuple(edits)
        if after["comment"] is None:
            end = len(self.source.line_text(self.whole.line).rstrip(" \t")) + 1
            if (place.end_line, place.end_column) == (self.whole.line, end):
                return (Edit(place, f"{written} # {comment}"),)
            edits.append(Edit(_at(self.whole, end, end), f" # {comment}"))
        elif known_comment is not None and after["comment"] == known_comment != comment:
            start = self.whole.end_column + after.start("comment")
            edits.append(Edit(_at(self.whole, start, start + len(known_comment)), comment))
        return tuple(edits)

    def _written(self, ref: str, place: Location) -> str:
        if self.reference.ref is None:
            return f"@{ref}"
        if place == self.whole:  # the tag of an object, without quotes
            from datatorch_pipelines.syntax.yaml_writer import to_yaml

            return to_yaml(ref).rstrip("\n")
        return ref

    def _after(self) -> re.Match[str] | None:
        """What follows on the line, where that is such that a comment may stand there."""
        written = written_at(self.source, self.whole)
        if written is None or written[:1] in ("|", ">", "*", "") or self.source.file.lower().endswith(".json"):
            return None
        return _AFTER_IT.fullmatch(self.source.line_text(self.whole.line)[self.whole.end_column - 1 :])


def sites(pipeline: Pipeline, source: TextLocator) -> Iterator[Site]:
    """The places where a pipeline names actions that are in git, each once, however many steps share it."""
    seen: set[Location | None] = set()
    for job_id, job in pipeline.jobs.items():
        for index, step in enumerate(job.steps):
            reference = step.reference
            if reference is None or reference.kind not in (ReferenceKind.GITHUB, ReferenceKind.GIT):
                continue
            site = _site(reference, step.action, ("jobs", job_id, "steps", index, "action"), source)
            if site.place is None or site.place not in seen:
                seen.add(site.place)
                yield site


def _site(reference: ActionReference, action: object, path: tuple[str | int, ...], source: TextLocator) -> Site:
    ref = reference.ref or ""
    if isinstance(action, str):
        whole, start, text = source.value(path), len(reference.name), reference.name[-1]
        if ref:
            place, text = source.value(path, start + 1, start + 1 + len(ref)), ref
        else:
            place = source.value(path, start - 1, start)
    else:
        path = (*path, "tag")
        whole, place, text = source.value(path), source.value(path, 0, len(ref)), ref
    found: Location | None = place if written_at(source, place) == text else None
    if found is not None and not ref:
        found = _at(found, found.end_column, found.end_column)
    return Site(reference=reference, whole=whole, place=found, source=source)


def _at(place: Location, start: int, end: int) -> Location:
    return Location(place.file, place.line, start, place.line, end)
