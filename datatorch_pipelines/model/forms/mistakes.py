"""What is wrong with a form: keywords that are no JSON Schema, and those that can't be carried out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

from attrs import frozen

from datatorch_pipelines.model.forms.patterns import PatternError, read_pattern
from datatorch_pipelines.model.forms.values import TYPE_WORDS, Path, short, types_of

_DEEPEST = 64

SCHEMAS = ("additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then")
"""Keywords whose value is a schema."""
SCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
"""Keywords whose value is a list of schemas."""
SCHEMA_MAPPINGS = ("$defs", "definitions", "patternProperties", "properties")
"""Keywords whose value maps names to schemas."""
_COUNTS = ("maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties")
_NUMBERS = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum")
_NOTES = (
    "$comment", "$id", "$schema", "contentEncoding", "contentMediaType", "default", "deprecated", "description",
    "examples", "format", "readOnly", "title", "writeOnly",
)  # fmt: skip
_OTHERS = ("$ref", "const", "dependentRequired", "enum", "multipleOf", "pattern", "required", "type", "uniqueItems")
KEYWORDS = frozenset({*SCHEMAS, *SCHEMA_LISTS, *SCHEMA_MAPPINGS, *_COUNTS, *_NUMBERS, *_NOTES, *_OTHERS})
"""The keywords that forms may use; the rest of JSON Schema is refused, and what it doesn't know means nothing."""
_REFUSED = frozenset(
    {
        "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "additionalItems",
        "dependencies", "dependentSchemas", "extends", "disallow", "divisibleBy", "id", "maxContains", "minContains",
        "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
_INSTEAD = {
    "additionalItems": "write prefixItems and items, as JSON Schema 2020-12 has them",
    "dependencies": "write dependentRequired, or if and then",
    "dependentSchemas": "write if and then",
    "disallow": "write not",
    "divisibleBy": "write multipleOf",
    "extends": "write allOf",
    "unevaluatedProperties": "write additionalProperties",
}


@frozen
class FormMistake:
    """One thing that is wrong with a form, at ``path`` in it; ``keyword`` is one that JSON Schema may not know.

    ``is_key`` says that it is the key there, not its value. ``start`` is an offset in the value, where it is a text.
    """

    path: Path
    message: str
    hint: str | None = None
    is_key: bool = False
    start: int | None = None
    keyword: str | None = None


def form_mistakes(form: Mapping[str, object]) -> Iterator[FormMistake]:
    """Everything that is wrong with a form, in its order."""
    kind = form.get("type", "object")
    wanted = kind if isinstance(kind, list | tuple) else (kind,)
    if _type(kind) is None and "object" not in wanted:
        yield FormMistake(("type",), "the form asks for no mapping, which an event is", "write 'object'")
    places: set[Path] = set()
    references: list[tuple[Path, str]] = []
    yield from _schema(form, (), places, references)
    known = {tuple(map(str, place)) for place in places}
    for path, reference in references:
        target = pointed(reference)
        if target is None:
            hint = "write the schema here, or under $defs and '#/$defs/NAME'"
            yield FormMistake(path, "a form can't refer to what is elsewhere", hint)
        elif target not in known:
            yield FormMistake(path, f"the form has no schema at {short(reference)}", "write '#/$defs/NAME'")


def pointed(reference: str) -> tuple[str, ...] | None:
    """The path that a reference within a form leads to; ``None`` for one that leads out of it.

    >>> pointed("#/$defs/a~1b"), pointed("#"), pointed("other.json")
    (('$defs', 'a/b'), (), None)
    """
    if reference in ("#", "#/"):
        return ()
    if not reference.startswith("#/"):
        return None
    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in reference[2:].split("/"))


def _schema(schema: object, path: Path, places: set[Path], refs: list[tuple[Path, str]]) -> Iterator[FormMistake]:
    if isinstance(schema, bool) and path:
        places.add(path)
        return
    if not isinstance(schema, Mapping):
        yield FormMistake(path, "this is no schema: a mapping is needed, or true or false")
        return
    if len(path) > _DEEPEST:
        yield FormMistake(path, "the form nests too deep", "write it with fewer levels")
        return
    places.add(path)
    for keyword, value in schema.items():
        at = (*path, keyword)
        if keyword in SCHEMAS:
            if keyword == "items" and isinstance(value, list | tuple):
                yield FormMistake(at, "items is a list of schemas", "write prefixItems, as JSON Schema 2020-12 has it")
            else:
                yield from _schema(value, at, places, refs)
        elif keyword in SCHEMA_LISTS:
            yield from _listed(keyword, value, at, places, refs)
        elif keyword in SCHEMA_MAPPINGS:
            yield from _mapped(keyword, value, at, places, refs)
        elif keyword in _REFUSED:
            message = f"the keyword {keyword} is not carried out by this version"
            yield FormMistake(at, message, _INSTEAD.get(keyword, "write the form without"), is_key=True)
        elif keyword in KEYWORDS:
            mistake = _VALUES[keyword](value) if keyword in _VALUES else None
            if mistake is not None:
                yield FormMistake(at, f"{keyword} {mistake[0]}", mistake[1])
            elif keyword == "pattern" and isinstance(value, str):
                yield from _pattern(value, at)
            elif keyword == "$ref" and isinstance(value, str):
                refs.append((at, value))
        else:
            yield FormMistake(at, f"unknown keyword {short(keyword)} in a form", is_key=True, keyword=keyword)


def _listed(
    keyword: str, value: object, at: Path, places: set[Path], refs: list[tuple[Path, str]]
) -> Iterator[FormMistake]:
    if not isinstance(value, list | tuple) or not value:
        yield FormMistake(at, f"{keyword} is no list of schemas", "write a list with one or more")
        return
    for index, item in enumerate(value):
        yield from _schema(item, (*at, index), places, refs)


def _mapped(
    keyword: str, value: object, at: Path, places: set[Path], refs: list[tuple[Path, str]]
) -> Iterator[FormMistake]:
    if not isinstance(value, Mapping):
        yield FormMistake(at, f"{keyword} maps no names to schemas", "write 'name: schema'")
        return
    for name, item in value.items():
        if keyword == "patternProperties":
            for mistake in _pattern(name, (*at, name)):
                yield FormMistake(mistake.path, mistake.message, mistake.hint, is_key=True)
        yield from _schema(item, (*at, name), places, refs)


def _pattern(text: str, at: Path) -> Iterator[FormMistake]:
    try:
        read_pattern(text)
    except PatternError as error:
        yield FormMistake(at, error.message, error.hint, start=error.offset)


Mistake = tuple[str, str] | None


def _type(value: object) -> Mistake:
    names = value if isinstance(value, list | tuple) else (value,)
    known = ", ".join(TYPE_WORDS)
    if names and all(isinstance(name, str) and name in TYPE_WORDS for name in names):
        return None
    return "is no type of JSON Schema, nor a list of some", f"write one of {known}"


def _count(value: object) -> Mistake:
    if "integer" in types_of(value) and isinstance(value, int | float) and value >= 0:
        return None
    return "is no whole number from 0 on", "write one"


def _number(value: object) -> Mistake:
    if "number" in types_of(value):
        return None
    if isinstance(value, bool):
        return "is a boolean, not a number", "write the bound itself, as JSON Schema has it since draft 6"
    return "is no number", "write one"


def _factor(value: object) -> Mistake:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0:
        return None
    return "is no number above 0", "write one"


def _names(value: object) -> Mistake:
    if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
        return None
    return "is no list of names", "write the names of the keys that are needed, in the mapping that has the keys"


def _dependent(value: object) -> Mistake:
    if isinstance(value, Mapping) and all(_names(names) is None for names in value.values()):
        return None
    return "maps no names to lists of names", "write 'name: [other]'"


def _options(value: object) -> Mistake:
    return None if isinstance(value, list | tuple) and value else ("is no list of values", "write one or more")


def _text(value: object) -> Mistake:
    return None if isinstance(value, str) else ("is no text", "write one")


def _flag(value: object) -> Mistake:
    return None if isinstance(value, bool) else ("is neither true nor false", "write one of them")


_VALUES: Mapping[str, Callable[[object], Mistake]] = {
    "type": _type,
    "enum": _options,
    "required": _names,
    "dependentRequired": _dependent,
    "pattern": _text,
    "$ref": _text,
    "uniqueItems": _flag,
    "multipleOf": _factor,
    **dict.fromkeys(_COUNTS, _count),
    **dict.fromkeys(_NUMBERS, _number),
}
