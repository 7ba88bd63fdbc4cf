"""DT502: ``git://github.com``, which GitHub stopped serving in 2022."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import Path, PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Edit, Fix, Locator, Severity
from datatorch_pipelines.model import ActionObject
from datatorch_pipelines.syntax.edits import written_at


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for site in subject.steps:
        action = site.step.action
        if not isinstance(action, ActionObject) or action.git is None:
            continue
        path = _github_path(action.git)
        if path is not None:
            at = (*site.path, "action", "git")
            yield Finding(
                subject.source.value(at),
                "GitHub no longer serves git:// URLs",
                hint=f"write https://github.com{path}",
                fix=_https(subject.source, at, action.git),
            )


def _https(source: Locator, at: Path, url: str) -> Fix | None:
    """The fix that writes https for git, and drops git's port; the rest of the URL stays, and is not in it."""
    edits = [(0, len("git"), "https")]
    host = url[len("git://") :].split("/", 1)[0]
    port = host.rpartition("@")[2].partition(":")[2]
    if port == _GIT_PORT:
        end = len("git://") + len(host)
        edits.append((end - len(port) - 1, end, ""))
    elif port:
        return None
    places = [source.value(at, start, end) for start, end, _ in edits]
    if any(written_at(source, place) != url[start:end] for place, (start, end, _) in zip(places, edits, strict=True)):
        return None
    return Fix("write https for git", tuple(Edit(place, new) for place, (*_, new) in zip(places, edits, strict=True)))


_GIT_PORT = "9418"


def _github_path(url: str) -> str | None:
    """The path of a ``git://`` URL of GitHub; ``None`` for any other URL."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return parts.path if parts.scheme == "git" and host in ("github.com", "www.github.com") else None


CHECK = Check(code=Code.GIT_PROTOCOL, severity=Severity.WARNING, summary=Code.GIT_PROTOCOL.summary, pipeline=_find)
