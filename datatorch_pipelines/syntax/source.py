"""A file's text as data with a locator: the step before anything is known about pipelines or actions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

from attrs import evolve

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Related, Severity
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.syntax.json_reader import read_json
from datatorch_pipelines.syntax.located import Located, Problem, new_marks
from datatorch_pipelines.syntax.locator import TextLocator
from datatorch_pipelines.syntax.report import Report
from datatorch_pipelines.syntax.yaml_reader import read_yaml

_YAML_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_JSON_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_MOST_CHARACTERS = 20
"""How many forbidden characters of a text are told."""


def read_source(
    text: str, filename: str, limits: Limits, *, as_json: bool | None = None
) -> tuple[object, Report, bool]:
    """The data of a text, the report to go on with, and whether there is data at all.

    Unless ``as_json`` says what it is, a text is JSON where ``filename`` ends in ``.json``, and else YAML.
    """
    text = text.removeprefix("\ufeff")
    if as_json is None:
        as_json = filename.lower().endswith(".json")
    read = read_json if as_json else read_yaml
    forbidden = _JSON_FORBIDDEN if as_json else _YAML_FORBIDDEN
    if len(text) > limits.max_file_bytes:
        message = f"the text is longer than {limits.max_file_bytes} characters"
        problem = Problem(Code.OVER_LIMIT, message, 0, 0, "split it, or raise Limits.max_file_bytes")
        located = Located(None, new_marks(), (problem,), complete=False)
    elif forbidden.search(text) is None:
        located = read(text, limits)
    else:
        located = _without_forbidden(text, forbidden, lambda changed: read(changed, limits), as_json=as_json)
    locator = TextLocator(filename, text, located.marks, located.text, located.names)
    open_paths = {path for gap in located.gaps for path in gap.paths}
    # A mapping lacks what a merge key would bring; what it lacks is not to be told beside it.
    merged = (locator.span(item.start, item.end) for item in located.problems if _is_merge_key(item, text))
    open_paths.update(locator.path_at(place.line, place.column).path[:-1] for place in merged)
    report = Report(locator, frozenset(open_paths), tuple(located.gaps))
    for problem in located.problems:
        report.add(_diagnostic(problem, locator))
    return located.data, report, located.complete


def _is_merge_key(problem: Problem, text: str) -> bool:
    return problem.code == Code.BAD_KEY and text[problem.start : problem.end] == "<<"


def _without_forbidden(
    text: str, forbidden: re.Pattern[str], read: Callable[[str], Located], *, as_json: bool
) -> Located:
    """A text with characters that no parser should see: each is told, and the rest is read if they spoil nothing."""
    found = list(itertools.islice(forbidden.finditer(text), _MOST_CHARACTERS))
    problems = [_character(item, as_json=as_json) for item in found]
    located = read(forbidden.sub("\ufffd", text))
    if not located.complete or any(problem.code == Code.INVALID_SYNTAX for problem in located.problems):
        return Located(None, new_marks(), problems[:1], complete=False)
    changed = located.text or forbidden.sub("\ufffd", text)
    return evolve(located, problems=(*problems, *located.problems), text=changed)


def _character(found: re.Match[str], *, as_json: bool) -> Problem:
    name = f"U+{ord(found.group()):04X}"
    name = {"U+0000": "a NUL byte"}.get(name, f"the control character {name}")
    escape = "\\u0007" if as_json else "\\x07"
    hint = f"remove it; in double quotes an escape such as {escape} can stand for it"
    return Problem(Code.CONTROL_CHARACTER, f"{name} is not allowed in the file", found.start(), found.end(), hint)


def _diagnostic(problem: Problem, locator: TextLocator) -> Diagnostic:
    related = [Related(message, locator.span(start, end)) for message, start, end in problem.related]
    place = locator.span(problem.start, problem.end)
    return Diagnostic.at(place, problem.code, Severity.ERROR, problem.message, hint=problem.hint, related=related)
