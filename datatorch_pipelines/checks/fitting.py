"""Whether a value of a type can become what an input declares: asked of the conversion itself, with values to try."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from datatorch_pipelines.errors import InputError
from datatorch_pipelines.expressions import Template
from datatorch_pipelines.expressions.types import Kind, Type, describe
from datatorch_pipelines.model import ValueType
from datatorch_pipelines.model.conversion import convert

USUAL: Mapping[Kind, tuple[object, ...]] = MappingProxyType(
    {
        Kind.BOOLEAN: (False, True),
        Kind.INTEGER: (7,),
        Kind.FLOAT: (0.5, 7.0),
        Kind.STRING: ("text", "7", "0.5", "true", "[]", "{}"),
        Kind.ARRAY: ([],),
        Kind.OBJECT: ({},),
    }
)
"""Values of each kind that stand for all of them but `ODD`: where one converts, one of these does."""

ODD: Mapping[Kind, tuple[object, ...]] = MappingProxyType({Kind.INTEGER: (0, 1), Kind.FLOAT: (0.0, 1.0)})
"""The values of a kind that convert where others of the kind don't: numbers that are booleans."""

WORDS: Mapping[ValueType, str] = MappingProxyType(
    {
        ValueType.STRING: "a string",
        ValueType.INTEGER: "an integer",
        ValueType.FLOAT: "a float",
        ValueType.NUMBER: "a number",
        ValueType.BOOLEAN: "a boolean",
        ValueType.ARRAY: "an array",
        ValueType.LIST: "an array",
        ValueType.OBJECT: "an object",
    }
)
"""Declared types, by the words of the conversion's messages."""

_KINDS = {Kind.STRING: "a string", Kind.ARRAY: "an array", Kind.OBJECT: "an object"}


def in_words(type_: Type) -> str:
    """A type by the words of the conversion's messages."""
    return describe(type_, _KINDS)


def can_convert(type_: Type, declared: ValueType) -> bool:
    """Whether some value of a type becomes the declared type; null always does: nothing is given then.

    >>> from datatorch_pipelines.expressions import types
    >>> can_convert(types.BOOLEAN, ValueType.INTEGER), can_convert(types.INTEGER, ValueType.BOOLEAN)
    (False, True)
    """
    return Kind.NULL in type_.kinds or not type_.kinds or _one_converts(_values(type_, USUAL, ODD), declared)


def usually_converts(type_: Type, declared: ValueType) -> bool:
    """As `can_convert`, for values other than null and those that convert by chance alone.

    >>> from datatorch_pipelines.expressions import types
    >>> usually_converts(types.INTEGER, ValueType.BOOLEAN), usually_converts(types.FLOAT, ValueType.INTEGER)
    (False, True)
    """
    return not type_.kinds - {Kind.NULL} or _one_converts(_values(type_, USUAL), declared)


def _values(type_: Type, *tables: Mapping[Kind, tuple[object, ...]]) -> Iterable[object]:
    for kind in type_.kinds - {Kind.NULL}:
        only = type_.only(kind)
        yield from only or (value for table in tables for value in table.get(kind, ()))


def _one_converts(values: Iterable[object], declared: ValueType) -> bool:
    for value in values:
        try:
            convert(value, declared)
        except InputError:
            continue
        return True
    return False


_LETTERS: Mapping[ValueType, re.Pattern[str]] = MappingProxyType(
    {
        ValueType.INTEGER: re.compile(r"[\s0-9+-]*"),
        ValueType.FLOAT: re.compile(r"[\s0-9+.eE-]*"),
        ValueType.NUMBER: re.compile(r"[\s0-9+.eE-]*"),
        ValueType.BOOLEAN: re.compile(r"[\struefalsTRUEFALS]*"),
    }
)
"""The characters of texts that can become a type at all."""

_BRACKETS = {ValueType.ARRAY: "[]", ValueType.LIST: "[]", ValueType.OBJECT: "{}"}


def part_in_the_way(template: Template, declared: ValueType) -> str | None:
    """What stands around a text's expressions and keeps it from ever becoming the declared type, if something does.

    >>> from datatorch_pipelines.expressions import parse
    >>> template = parse("${{ inputs.size }} px")
    >>> part_in_the_way(template, ValueType.INTEGER), part_in_the_way(template, ValueType.STRING)
    (' px', None)
    """
    letters = _LETTERS.get(declared)
    if letters is not None:
        return next((part for part in template.parts if isinstance(part, str) and not letters.fullmatch(part)), None)
    brackets = _BRACKETS.get(declared)
    if brackets is None:
        return None
    first, last = template.parts[0], template.parts[-1]
    if isinstance(first, str) and first.lstrip()[:1] not in ("", brackets[0]):
        return first
    return last if isinstance(last, str) and last.rstrip()[-1:] not in ("", brackets[1]) else None
