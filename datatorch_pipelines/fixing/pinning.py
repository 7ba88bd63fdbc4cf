"""Tags to commits, and tags to newer tags: what a pipeline's references are to become."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import evolve, field, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import Resolver
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.defaults import git_resolvers
from datatorch_pipelines.diagnostics import Diagnostic, Edit, Fix, Location
from datatorch_pipelines.engine import engine_thread
from datatorch_pipelines.errors import PipelinesError, PipelineSyntaxError, ResolveError
from datatorch_pipelines.fixing.references import Site, sites
from datatorch_pipelines.fixing.rewriting import Rewritten
from datatorch_pipelines.fixing.targets import Decide, Target, is_unpinned, pinned, upgraded
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import ActionReference
from datatorch_pipelines.resolvers import Credentials, RemoteRefs, list_refs
from datatorch_pipelines.syntax import TextLocator, decode_text, read_pipeline
from datatorch_pipelines.syntax.edits import apply_edits
from datatorch_pipelines.syntax.files import read_file_bytes
from datatorch_pipelines.syntax.names import did_you_mean, shown

_MARK = "\ufeff"


@frozen
class Change:
    """A reference that becomes another one.

    ``action`` is its name without the tag, ``before`` and ``after`` are what stands behind the ``@`` (``None`` for
    nothing), and ``tag`` is the name of the commit ``after``, where it is one.
    """

    location: Location
    action: str
    before: str | None
    after: str
    tag: str | None = None

    def __str__(self) -> str:
        before = f"{self.action}@{self.before}" if self.before else self.action
        name = f" ({self.tag})" if self.tag else ""
        return f"{self.location}: {before} becomes {self.after}{name}"


@frozen
class Note:
    """A reference that is left as it is, and why."""

    location: Location
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


@frozen(kw_only=True)
class Pinned(Rewritten):
    """A file whose references are to become others.

    ``notes`` tell of references that stay as they are, ``failures`` of those whose server gave no answer, or of why the
    file can't be read; each names its place.
    """

    changes: tuple[Change, ...] = ()
    notes: tuple[Note, ...] = ()
    failures: tuple[PipelinesError, ...] = ()


@frozen
class Asker:
    """Asks servers for branches and tags, each once for as long as this object lives."""

    resolvers: Sequence[Resolver]
    context: ResolveContext = field(factory=ResolveContext)

    def ask(self, references: Iterable[ActionReference]) -> dict[ActionReference, RemoteRefs | ResolveError]:
        """What each reference's server answers, all asked at once."""
        unique = list(dict.fromkeys(references))
        if not unique:
            return {}
        return dict(zip(unique, engine_thread().call(self._all(unique)), strict=True))

    async def _all(self, references: Sequence[ActionReference]) -> list[RemoteRefs | ResolveError]:
        return await asyncio.gather(*(self._one(reference) for reference in references))

    async def _one(self, reference: ActionReference) -> RemoteRefs | ResolveError:
        try:
            return await list_refs(self.resolvers, reference, self.context)
        except ResolveError as error:
            return error


def pin_files(
    paths: Iterable[str | os.PathLike[str]],
    *,
    resolvers: Sequence[Resolver] = (),
    credentials: Credentials | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Pinned]:
    """Each tag, branch and missing tag of these files made the commit that it stands for, with its name as comment."""
    opened = [_open(path, limits) for path in paths]
    return _rewrite(opened, Asker(git_resolvers(resolvers, credentials)), is_unpinned, pinned)


def upgrade_files(
    paths: Iterable[str | os.PathLike[str]],
    *,
    names: Iterable[str] = (),
    resolvers: Sequence[Resolver] = (),
    credentials: Credentials | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Pinned]:
    """Each tag of these files made the newest one; with ``names``, only those of these actions (``owner/repo``).

    Raises `PipelinesError` for a name that no step of the files has.
    """
    opened = [_open(path, limits) for path in paths]
    wanted = frozenset([names] if isinstance(names, str) else names)
    known = {site.reference.name for file in opened for site in file.sites}
    for name in sorted(wanted - known):
        if not any(file.failure for file in opened):
            hint = did_you_mean(name, sorted(known)) or "give it as the step has it, without the tag"
            raise PipelinesError(f"no step uses {shown(name)}", hint=hint)
    return _rewrite(
        opened,
        Asker(git_resolvers(resolvers, credentials)),
        lambda site: not wanted or site.reference.name in wanted,
        upgraded,
    )


def with_pins(
    diagnostics: Sequence[Diagnostic], text: str, filename: str, asker: Asker, limits: Limits
) -> list[Diagnostic]:
    """The same diagnostics; those of references without a tag have the fix that pins them, if their server answers."""
    if not any(item.code == Code.UNPINNED for item in diagnostics):
        return list(diagnostics)
    file = _read(text, filename, limits)
    by_place = {site.whole: site for site in file.sites}
    found = {item: by_place.get(item.location) for item in diagnostics if item.code == Code.UNPINNED}
    answers = asker.ask(site.reference for site in found.values() if site is not None)
    return [_with_pin(item, found.get(item), answers) for item in diagnostics]


def _with_pin(
    item: Diagnostic, site: Site | None, answers: Mapping[ActionReference, RemoteRefs | ResolveError]
) -> Diagnostic:
    answer = answers.get(site.reference) if site is not None else None
    if site is None or not isinstance(answer, RemoteRefs):
        return item
    try:
        target = pinned(site, answer)
    except ResolveError:
        return item
    edits = site.edits(target.ref, target.comment)
    return item if edits is None else evolve(item, fix=Fix(f"pin it to {target.ref}", edits))


@frozen
class _Opened:
    """A pipeline's text with the places where it names actions."""

    file: str
    text: str
    original: bytes | None = None
    sites: tuple[Site, ...] = ()
    failure: PipelineSyntaxError | None = None


def _open(path: str | os.PathLike[str], limits: Limits) -> _Opened:
    name = os.fspath(path)
    try:
        original = read_file_bytes(path, limits)
        return evolve(_read(decode_text(original, name), name, limits), original=original)
    except PipelineSyntaxError as error:
        return _Opened(name, "", failure=error)


def _read(text: str, filename: str, limits: Limits) -> _Opened:
    pipeline, diagnostics = read_pipeline(text, filename, limits=limits)
    if pipeline is None or not isinstance(pipeline.source, TextLocator):
        return _Opened(filename, text, failure=PipelineSyntaxError(diagnostics))
    return _Opened(filename, text, sites=tuple(sites(pipeline, pipeline.source)))


def _rewrite(files: Sequence[_Opened], asker: Asker, wanted: Callable[[Site], bool], decide: Decide) -> list[Pinned]:
    answers = asker.ask(site.reference for file in files for site in file.sites if wanted(site))
    return [_rewrite_one(file, answers, wanted, decide) for file in files]


def _rewrite_one(
    file: _Opened,
    answers: Mapping[ActionReference, RemoteRefs | ResolveError],
    wanted: Callable[[Site], bool],
    decide: Decide,
) -> Pinned:
    failures: list[PipelinesError] = [file.failure] if file.failure else []
    changes: list[Change] = []
    notes: list[Note] = []
    edits: list[Edit] = []
    for site in filter(wanted, file.sites):
        answer = answers[site.reference]
        if not isinstance(answer, RemoteRefs):
            failures.append(_placed(answer, site))
            continue
        try:
            target = decide(site, answer)
        except ResolveError as error:
            failures.append(_placed(error, site))
            continue
        made = site.edits(target.ref, target.comment, target.old_comment) if isinstance(target, Target) else None
        if isinstance(target, Target) and made is not None:
            edits += made
            reference = site.reference
            tag = target.comment if target.comment != target.ref else None
            changes.append(Change(site.whole, reference.name, reference.ref, target.ref, tag))
        elif target is not None:
            reason = target if isinstance(target, str) else "its tag is written with escapes"
            notes.append(Note(site.whole, f"{site.reference} stays as it is: {reason}"))
    mark = _MARK if file.text.startswith(_MARK) else ""
    after = mark + apply_edits(file.text.removeprefix(_MARK), dict.fromkeys(edits)) if edits else file.text
    return Pinned(
        file=file.file,
        before=file.text,
        after=after,
        original=file.original,
        changes=tuple(changes),
        notes=tuple(notes),
        failures=tuple(failures),
    )


def _placed(error: ResolveError, site: Site) -> ResolveError:
    """The same error at the reference's place."""
    placed = type(error)(error.message, location=site.whole, hint=error.hint)
    placed.__cause__ = error
    return placed
