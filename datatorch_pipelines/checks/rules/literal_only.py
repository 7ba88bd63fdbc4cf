"""DT306: expressions in keys that are never evaluated."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import Subject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity

_OPENING, _CLOSING = "${{", "}}"


def _find(subject: Subject) -> Iterator[Finding]:
    for words in subject.words:
        start = words.text.find(_OPENING)
        if start < 0:
            continue
        closing = words.text.find(_CLOSING, start)
        end = len(words.text) if closing < 0 else closing + len(_CLOSING)
        yield Finding(
            subject.source.value(words.path, start, end),
            f"an expression in {words.key!r}, which is literal text",
            hint="write the text itself: expressions are evaluated in inputs, env and the like",
        )


CHECK = Check(
    code=Code.LITERAL_ONLY,
    severity=Severity.ERROR,
    summary=Code.LITERAL_ONLY.summary,
    pipeline=_find,
    action=_find,
)
