"""What a validator found, in plain words and at its place."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fastjsonschema import JsonSchemaValuesException

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Edit, Fix, Location, PathKey
from datatorch_pipelines.syntax.edits import respelt, written_at
from datatorch_pipelines.syntax.names import did_you_mean, listed, named, shown, type_name
from datatorch_pipelines.syntax.report import Path, Report
from datatorch_pipelines.syntax.unknown_keys import meant, unknown_key

_WANTED = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "a boolean",
    "array": "a list",
    "object": "a mapping",
}
_EXPRESSION = r"\$\{\{"
_EXPRESSION_HINT = "an expression is written ${{ ... }}"
_ONE_WORD = re.compile(r"[A-Za-z0-9.+_-]+")
_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_WORDS_FOR_BOOLEANS = frozenset({"true", "yes", "on", "false", "no", "off"})
_OTHER_VALUES = {
    "dict": "object",
    "map": "object",
    "mapping": "object",
    "json": "object",
    "tuple": "array",
    "file": "string",
    "path": "string",
    "text": "string",
    "double": "float",
}
"""What other tools call our types."""
_WITH_UNIT = re.compile(r"\d+(?:\.\d+)? ?[A-Za-z]+")

Validator = Callable[[object], object]


def validate(
    validator: Validator, data: object, path: Path, what: str, report: Report, *, lenient: bool = False
) -> bool:
    """Runs a generated validator over the part at ``path``; says what is wrong, and whether nothing was.

    ``what`` names the part in messages. ``lenient`` makes unknown keys and long texts warnings.
    """
    try:
        validator(data)
    except JsonSchemaValuesException as error:
        for _name, group in itertools.groupby(_root_causes(error.errors), key=lambda item: item.name):
            _tell(list(group), data, path, what, report, lenient=lenient)
        return False
    return True


def wrong_type(
    report: Report,
    path: Path,
    what: str,
    wanted: str,
    value: object,
    hint: str | None = None,
    *,
    fix: Fix | None = None,
) -> None:
    """Says that a value is of the wrong type."""
    if value is None and report.is_open(path):
        return
    message = f"{what} must be {wanted}, not {type_name(value)}"
    report.error(Code.WRONG_TYPE, report.value(path), message, hint, fix=fix)


def _root_causes(found: Sequence[Any]) -> list[Any]:
    """The errors grouped by value, each value's first one before what follows from it."""
    order = {"type": 0, "enum": 1}
    return sorted(found, key=lambda item: (item.name, order.get(item.rule, 2)))


def _tell(group: list[Any], data: object, base: Path, what: str, report: Report, *, lenient: bool) -> None:
    """Says what is wrong with one value."""
    first = group[0]
    inner = _path(first.name.removeprefix("data"), data, first.value)
    path = (*base, *inner)
    name = _label(path, inner, what)
    if first.rule in ("type", "enum", "pattern", "minimum", "exclusiveMinimum", "maxLength"):
        _tell_value(first, path, name, report, lenient=lenient)
        return
    is_open = report.is_open(path)
    known = first.definition.get("properties", {})
    closed = any(error.rule == "additionalProperties" for error in group)
    unknown = [key for key in first.value if key not in known] if closed else []
    missing = [key for key in first.definition.get("required", ()) if key not in first.value]
    for error in group:
        if error.rule == "additionalProperties":
            for key in unknown:
                unknown_key(report, (*path, key), known, unknown, lenient=lenient)
        elif is_open:
            continue  # what it lacks may stand where nothing could be read
        elif error.rule == "required":
            # A misspelt key was told already; where that is only a warning, its absence is still an error.
            told = set() if lenient else {meant(key, known) for key in unknown}
            for key in missing:
                if key not in told:
                    place = report.mapping(path, first.value)
                    report.error(Code.MISSING_KEY, place, f"{name} needs {key!r}", f'add "{key}: ..."')
        elif error.rule in ("minItems", "minProperties"):
            report.error(
                Code.WRONG_VALUE, report.value(path), f"{name} must not be empty", "add something, or drop the key"
            )


def _tell_value(error: Any, path: Path, name: str, report: Report, *, lenient: bool) -> None:
    value, definition = error.value, error.definition
    place = report.value(path)
    if error.rule == "enum":
        allowed = [str(item) for item in definition["enum"] if item is not None]
        text = shown(value) if isinstance(value, str) else type_name(value)
        hint = _value_meant(value, allowed) if isinstance(value, str) else None
        fix = respelt(report.locator, place, value, allowed) if isinstance(value, str) else None
        report.error(Code.WRONG_VALUE, place, f"{name} must be {listed(allowed)}, not {text}", hint, fix=fix)
    elif error.rule == "pattern" and definition["pattern"] != _EXPRESSION:
        hint = "use letters, digits, '_' and '-', not a digit or '-' first"
        report.error(Code.BAD_ID, place, f"{shown(value)} is no {name}", hint)
    elif error.rule == "maxLength":
        message = f"{name} is longer than {definition['maxLength']} characters"
        report.warning(Code.WRONG_VALUE, place, message, "shorten it: DataTorch's schema allows no more")
    elif error.rule in ("minimum", "exclusiveMinimum"):
        bound = definition[error.rule]
        wanted = f"{bound} or more" if error.rule == "minimum" else f"more than {bound}"
        report.error(Code.WRONG_VALUE, place, f"{name} must be {wanted}, not {value}")
    else:
        wanted = _wanted(definition)
        if error.rule == "pattern":
            report.error(
                Code.WRONG_TYPE,
                place,
                f"{name} must be {wanted}, not {shown(value)}",
                _unquoted(value, definition),
                fix=_without_quotes(report, place, value, definition),
            )
        else:
            as_text = "string" in definition["type"] and "pattern" not in definition
            never = _NEVER_A_NUMBER.get(str(path[-1])) if path and isinstance(value, bool | int | float) else None
            fix = _in_quotes(report, place, value) if as_text and never is None else None
            hint = never or (fix.title if fix is not None else _hint(value, definition))
            wrong_type(report, path, name, wanted, value, hint, fix=fix)


_NEVER_A_NUMBER = {"action": "write owner/repo@tag", "git": "write https://host/path.git"}
"""What to write for texts that no number becomes by quoting it."""


def _value_meant(value: str, allowed: list[str]) -> str | None:
    other = _OTHER_VALUES.get(value.lower())
    return f"did you mean {other!r}?" if other in allowed else did_you_mean(value, allowed)


def _wanted(definition: Mapping[str, Any]) -> str:
    types = definition["type"]
    names = {**_WANTED, "string": "an expression"} if definition.get("pattern") == _EXPRESSION else _WANTED
    wanted = listed([names[kind] for kind in ([types] if isinstance(types, str) else types) if kind in names])
    return "true or false" if wanted == "a boolean" else wanted


def _hint(value: object, definition: Mapping[str, Any]) -> str | None:
    types = definition["type"]
    if value is None:
        return "write a value, or drop the key"
    if "string" in types and isinstance(value, bool | int | float) and "pattern" not in definition:
        return f'write "{json.dumps(value)}"'
    if isinstance(value, dict) and "array" in types:
        if all(key.startswith("-") for key in value):
            return "put a space after each '-'"
        return "begin each item with '- '"
    if isinstance(value, list) and "string" in types and "array" not in types:
        return "write one text; one of several lines stands below '|'"
    if isinstance(value, str) and "array" in types and "string" not in types:
        return "begin each item with '- '"
    if isinstance(value, bool | int | float) and "pattern" in definition and "minItems" in definition:
        return f"write [{json.dumps(value)}]"
    if isinstance(value, str) and "boolean" in types and "string" not in types:
        return _unquoted(value, definition) if value.lower() in _WORDS_FOR_BOOLEANS else None
    if isinstance(value, list | str) and "object" in types and not {"array", "string"} & set(types):
        return "write key: value, each on a line of its own below it"
    if isinstance(value, dict) and len(value) == 1 and isinstance(next(iter(value)), str) and "string" in types:
        return "quote a text that holds ': ' or begins with '{'"
    return None


def _unquoted(value: str, definition: Mapping[str, Any]) -> str | None:
    """The hint for a text that is no expression where only that would do: what it would be without its quotes."""
    if "minItems" in definition:
        return f"write [{json.dumps(value, ensure_ascii=False)}]" if _ONE_WORD.fullmatch(value) else _EXPRESSION_HINT
    if "boolean" in definition["type"] and value.lower() in ("true", "yes", "on"):
        return "write true"
    if "boolean" in definition["type"] and value.lower() in ("false", "no", "off"):
        return "write false"
    if value.strip().isdecimal():
        return f"write {value}, without quotes"
    if _WITH_UNIT.fullmatch(value):
        return "write a number without a unit"
    return _EXPRESSION_HINT


def _in_quotes(report: Report, place: Location, value: object) -> Fix | None:
    """The fix that makes a text of a number or boolean, as it is written."""
    written = written_at(report.locator, place)
    if written is None or not isinstance(value, bool | int | float) or not _ONE_WORD.fullmatch(written):
        return None
    if isinstance(value, bool) and written not in ("true", "false"):
        return None
    return Fix(f'write "{written}"', (Edit(place, f'"{written}"'),))


def _without_quotes(report: Report, place: Location, value: str, definition: Mapping[str, Any]) -> Fix | None:
    """The fix that makes a number or boolean of a text."""
    if written_at(report.locator, place) not in (value, f"'{value}'", f'"{value}"'):
        return None
    types = definition["type"]
    new = None
    if "boolean" in types:
        new = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}.get(
            value.lower()
        )
    elif _WHOLE_NUMBER.fullmatch(value) and ("integer" in types or "number" in types):
        new = value
    return None if new is None else Fix(f"write {new}", (Edit(place, new),))


def _label(path: Path, inner: Path, what: str) -> str:
    """What a message calls the value at ``path``."""
    if not inner:
        return what
    if isinstance(path[-1], int):
        holder = next((key for key in reversed(path) if isinstance(key, str)), what)
        return f"an item of {named(holder)}"
    return named(str(path[-1]))


def _path(name: str, data: object, value: object) -> Path:
    """The path that a validator's name for a value stands for; keys may hold dots and brackets themselves."""
    found = next(_paths(name, data, value), None)
    return () if found is None else found


def _paths(name: str, data: object, value: object) -> Iterator[Path]:
    if not name:
        if data is value:
            yield ()
        return
    steps: Iterable[tuple[PathKey, object, str]] = ()
    if isinstance(data, dict):
        steps = ((key, item, f".{key}") for key, item in data.items())
    elif isinstance(data, list):
        steps = ((index, item, f"[{index}]") for index, item in enumerate(data))
    for key, item, text in steps:
        if name.startswith(text):
            for rest in _paths(name[len(text) :], item, value):
                yield (key, *rest)
