"""Diagnostics as SARIF 2.1.0, the form in which code hosts and editors take the findings of any tool."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Fix, Location, Severity
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.lines import Lines

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
"""The name of the schema that a report follows."""

_ALWAYS_WARNINGS = frozenset(
    {Code.DUPLICATE_PIPELINE, Code.BAD_IGNORE, Code.UNUSED_IGNORE, Code.ACTION_WARNING, Code.NOT_PORTABLE}
)
_AROUND = 500
"""How much of a line is looked at on either side: the whole of it, but for those that nobody wrote by hand."""
_LINK = re.compile(r"\[(?=[^]]*\]\()")


def sarif_json(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str] | None = None, *, version: str) -> str:
    """A SARIF log with one run, whose results are the diagnostics in their order.

    ``sources`` maps names of files to their texts: fingerprints are made of lines, so that a result is known again
    where other lines came before it. Columns count characters (code points). Names of files become URIs, relative ones
    to ``%SRCROOT%``: no folder of this machine is named unless a file's name does it. ``version`` is this library's.
    """
    found = list(diagnostics)
    rules = _rules(found)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    fingerprints = _Fingerprints(sources or {})
    run = {
        "tool": {
            "driver": {
                "name": "datatorch-pipelines",
                "version": version,
                "semanticVersion": version,
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The folder that the check was started in."}}},
        "results": [_result(item, index[item.code], fingerprints.of(item)) for item in found],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rules(diagnostics: Sequence[Diagnostic]) -> list[dict[str, object]]:
    """What each code means: all of the library's, then those of others that were found."""
    from datatorch_pipelines.checks import CHECKS

    gravest_last = sorted(CHECKS, key=lambda check: check.severity is Severity.ERROR)
    levels = {check.code: str(check.severity) for check in gravest_last}
    levels |= dict.fromkeys(_ALWAYS_WARNINGS, "warning")
    rules = [
        _rule(code, code.summary, levels.get(code, "error")) | {"name": code.name.title().replace("_", "")}
        for code in Code
    ]
    known = set(Code)
    others = {item.code: item for item in diagnostics if item.code not in known}
    return rules + [_rule(code, f"A check of its own: {code}.", str(item.severity)) for code, item in others.items()]


def _rule(code: str, summary: str, level: str) -> dict[str, object]:
    from datatorch_pipelines.checks.known import GROUPS

    area = next((name for name, start in GROUPS.items() if code.startswith(start)), "other")
    return {
        "id": str(code),
        "shortDescription": {"text": _text(summary)},
        "fullDescription": {"text": _text(summary)},
        "help": {"text": _text(f"{summary} It is about {area}; the documentation's page on diagnostics lists it.")},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": [area]},
    }


def _result(diagnostic: Diagnostic, rule: int, fingerprint: str) -> dict[str, object]:
    hint = f"; {diagnostic.hint}" if diagnostic.hint else ""
    result: dict[str, object] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": "error" if diagnostic.severity is Severity.ERROR else "warning",
        "message": {"text": _text(f"{diagnostic.message}{hint}")},
        "locations": [_location(diagnostic.location)],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint},
    }
    if diagnostic.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": _text(related.message)}, **_location(related.location)}
            for number, related in enumerate(diagnostic.related, 1)
        ]
    if diagnostic.fix is not None:
        result["fixes"] = [_fix(diagnostic.fix, diagnostic.file)]
    return result


def _location(location: Location) -> dict[str, object]:
    region = _region(location)
    return {"physicalLocation": {"artifactLocation": _artifact(location.file), "region": region}}


def _region(location: Location) -> dict[str, object]:
    return {
        "startLine": location.line,
        "startColumn": location.column,
        "endLine": location.end_line,
        "endColumn": location.end_column,
    }


def _fix(fix: Fix, file: str | None) -> dict[str, object]:
    replacements = [
        {"deletedRegion": _region(edit.location), "insertedContent": {"text": edit.text}} for edit in fix.edits
    ]
    change = {"artifactLocation": _artifact(file), "replacements": replacements}
    return {"description": {"text": _text(fix.title)}, "artifactChanges": [change]}


def _artifact(file: str | None) -> dict[str, object]:
    if file is None:
        return {"description": {"text": "A text without a file."}}
    if file.startswith("/"):
        return {"uri": f"file://{_quoted(file)}"}
    return {
        "uri": _quoted("/".join(part for part in file.split("/") if part not in ("", "."))),
        "uriBaseId": "%SRCROOT%",
    }


def _quoted(file: str) -> str:
    """A name of a file as the path of a URI; undecodable bytes of a name are those bytes again."""
    try:
        raw = file.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = file.encode("utf-8", "surrogatepass")
    return quote(raw)


def _text(text: str) -> str:
    """A text of ours with others' words in it, so that none of them is taken for a link."""
    return _LINK.sub(r"\\[", one_line(text))


class _Fingerprints:
    """Names for results that stay while the lines around them change: of file, code, line and how often that was."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._lines = Lines(sources)
        self._seen: dict[str, int] = {}

    def of(self, diagnostic: Diagnostic) -> str:
        line = self._lines.text(diagnostic.location)
        start = max(0, diagnostic.column - _AROUND)
        what = diagnostic.message if line is None else "".join(line[start : diagnostic.column + _AROUND].split())
        parts = "\0".join((diagnostic.file or "", diagnostic.code, what))
        digest = hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._seen[digest] = self._seen.get(digest, 0) + 1
        return f"{digest}:{self._seen[digest]}"
