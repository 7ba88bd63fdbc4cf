"""DT502: ``git://github.com``, which GitHub stopped serving in 2022."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.model import ActionObject


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for site in subject.steps:
        action = site.step.action
        if not isinstance(action, ActionObject) or action.git is None:
            continue
        path = _github_path(action.git)
        if path is not None:
            yield Finding(
                subject.source.value((*site.path, "action", "git")),
                "GitHub no longer serves git:// URLs",
                hint=f"write https://github.com{path}",
            )


def _github_path(url: str) -> str | None:
    """The path of a ``git://`` URL of GitHub; ``None`` for any other URL."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    return parts.path if parts.scheme == "git" and host in ("github.com", "www.github.com") else None


CHECK = Check(code=Code.GIT_PROTOCOL, severity=Severity.WARNING, summary=Code.GIT_PROTOCOL.summary, pipeline=_find)
