"""An event held against a form: what of it doesn't fit, each with the event's key and the form's place.

The meaning of each keyword is that of JSON Schema (drafts 6 to 2020-12); ``format`` and unknown keywords say nothing,
as there. No message shows a value of the event.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

from datatorch_pipelines.model.forms.mistakes import pointed
from datatorch_pipelines.model.forms.patterns import Pattern, read_pattern
from datatorch_pipelines.model.forms.values import (
    TYPE_WORDS,
    Path,
    TooMuch,
    Work,
    identity,
    key_named,
    short,
    type_words,
    types_of,
)

if TYPE_CHECKING:
    from fractions import Fraction

_MOST_SHOWN = 10
_MOST_TOLD = 50
Schema = Mapping[str, object]


@frozen
class Misfit:
    """What of an event doesn't fit: ``message`` names the key, ``path`` leads to what the form says of it.

    ``key`` is a key that the form doesn't know, where that is what is wrong, and ``known`` those that it knows.
    """

    path: Path
    message: str
    hint: str | None = None
    key: str | None = None
    known: tuple[str, ...] = ()


def misfits(form: Schema, event: object) -> list[Misfit]:
    """What of an event doesn't fit a form in which `form_mistakes` finds nothing.

    >>> [found.message for found in misfits({"properties": {"age": {"type": "integer"}}}, {"age": "7"})]
    ["the event's key 'age' is a string, not an integer"]
    """
    validator = _Validator(form)
    try:
        return list(islice(validator.held(form, event, _Place()), _MOST_TOLD))
    except TooMuch:
        return [Misfit((), "the event is too large, or the form too intricate, to hold one against the other")]


@frozen
class _Place:
    """Where one is: in the event, in the form, and how deep."""

    event: Path = ()
    form: Path = ()
    depth: int = 0

    def said(self, keyword: str, message: str, hint: str | None = None) -> Misfit:
        return Misfit((*self.form, keyword), f"{key_named(self.event)} {message}", hint)

    def under(self, *form: str | int) -> _Place:
        return _Place(self.event, (*self.form, *form), self.depth)

    def of(self, key: str | int, *form: str | int) -> _Place:
        return _Place((*self.event, key), (*self.form, *form), self.depth)


@define
class _Validator:
    form: Schema
    work: Work = field(factory=Work)
    patterns: dict[str, Pattern] = field(factory=dict)

    def held(self, schema: object, value: object, place: _Place) -> Iterator[Misfit]:
        """What of a value doesn't fit a schema, in the schema's order but for what a wrong type makes pointless."""
        place = _Place(place.event, place.form, self.work.deeper(place.depth))
        if not isinstance(schema, Mapping):
            if schema is False:
                yield Misfit(place.form, f"{key_named(place.event)} is not wanted")
            return
        types = types_of(value)
        if not types:
            yield Misfit(place.form, f"{key_named(place.event)} is {type_words(value)}")
            return
        if "type" in schema and not _is_one_of(types, schema["type"]):
            yield place.said("type", f"is {type_words(value)}, not {_listed_types(schema['type'])}")
            return
        yield from self._options(schema, value, place)
        if isinstance(value, str):
            yield from self._text(schema, value, place)
        elif "number" in types and isinstance(value, int | float):
            yield from _number(schema, value, place)
        elif isinstance(value, list | tuple):
            yield from self._items(schema, value, place)
        elif isinstance(value, Mapping):
            yield from self._keys(schema, value, place)
        yield from self._combined(schema, value, place)

    def fits(self, schema: object, value: object, place: _Place) -> bool:
        """Whether a value fits a schema."""
        return next(self.held(schema, value, place), None) is None

    def _options(self, schema: Schema, value: object, place: _Place) -> Iterator[Misfit]:
        if "const" in schema and not self._same(value, schema["const"]):
            yield place.said("const", f"is not {_shown(schema['const'])}")
        options = schema.get("enum")
        if isinstance(options, list | tuple) and not any(self._same(value, option) for option in options):
            shown = ", ".join(map(_shown, options[:_MOST_SHOWN])) + (", ..." if len(options) > _MOST_SHOWN else "")
            yield place.said("enum", f"is not one of {shown}")

    def _same(self, one: object, other: object) -> bool:
        return identity(one, self.work) == identity(other, self.work)

    def _text(self, schema: Schema, value: str, place: _Place) -> Iterator[Misfit]:
        least, most, pattern = (schema.get(keyword) for keyword in ("minLength", "maxLength", "pattern"))
        if isinstance(least, int | float) and len(value) < least:
            yield place.said("minLength", f"has fewer than {_counted(least, 'character')}")
        if isinstance(most, int | float) and len(value) > most:
            yield place.said("maxLength", f"has more than {_counted(most, 'character')}")
        if isinstance(pattern, str) and not self._matches(pattern, value):
            yield place.said("pattern", f"does not match the pattern {short(pattern)}")

    def _matches(self, pattern: str, text: str) -> bool:
        if pattern not in self.patterns:
            self.patterns[pattern] = read_pattern(pattern)
        return self.patterns[pattern].is_found_in(text, self.work)

    def _items(self, schema: Schema, value: Sequence[object], place: _Place) -> Iterator[Misfit]:
        least, most = schema.get("minItems"), schema.get("maxItems")
        if isinstance(least, int | float) and len(value) < least:
            yield place.said("minItems", f"has fewer than {_counted(least, 'item')}")
        if isinstance(most, int | float) and len(value) > most:
            yield place.said("maxItems", f"has more than {_counted(most, 'item')}")
        if schema.get("uniqueItems") is True and len({identity(item, self.work) for item in value}) < len(value):
            yield place.said("uniqueItems", "has an item twice")
        first = schema.get("prefixItems")
        prefix = first if isinstance(first, list | tuple) else ()
        for index, (item, wanted) in enumerate(zip(value, prefix, strict=False)):
            yield from self.held(wanted, item, place.of(index, "prefixItems", index))
        if "items" in schema:
            for index, item in enumerate(value[len(prefix) :], len(prefix)):
                yield from self.held(schema["items"], item, place.of(index, "items"))
        if "contains" in schema:
            wanted = schema["contains"]
            if not any(self.fits(wanted, item, place.under("contains")) for item in value):
                yield place.said("contains", "has no item of those that the form wants")

    def _keys(self, schema: Schema, value: Mapping[str, object], place: _Place) -> Iterator[Misfit]:
        required = schema.get("required")
        for key in required if isinstance(required, list | tuple) else ():
            if key not in value:
                yield place.said("required", f"lacks the key {short(str(key))}")
        dependent = schema.get("dependentRequired")
        for key, names in dependent.items() if isinstance(dependent, Mapping) else ():
            for name in names if key in value else ():
                if name not in value:
                    yield place.said("dependentRequired", f"lacks the key {short(name)}, which {short(key)} needs")
        least, most = schema.get("minProperties"), schema.get("maxProperties")
        if isinstance(least, int | float) and len(value) < least:
            yield place.said("minProperties", f"has fewer than {_counted(least, 'key')}")
        if isinstance(most, int | float) and len(value) > most:
            yield place.said("maxProperties", f"has more than {_counted(most, 'key')}")
        if "propertyNames" in schema:
            for key in value:
                if not self.fits(schema["propertyNames"], key, place.under("propertyNames")):
                    yield place.said("propertyNames", f"has a key {short(key)} whose name the form does not allow")
        yield from self._values(schema, value, place)

    def _values(self, schema: Schema, value: Mapping[str, object], place: _Place) -> Iterator[Misfit]:
        properties, patterns = schema.get("properties"), schema.get("patternProperties")
        named = properties if isinstance(properties, Mapping) else {}
        by_pattern = patterns if isinstance(patterns, Mapping) else {}
        others = schema.get("additionalProperties", True)
        for key, item in value.items():
            matching = [pattern for pattern in by_pattern if self._matches(pattern, key)]
            if key in named:
                yield from self.held(named[key], item, place.of(key, "properties", key))
            for pattern in matching:
                yield from self.held(by_pattern[pattern], item, place.of(key, "patternProperties", pattern))
            if key in named or matching:
                continue
            if others is False:
                said = f"{key_named(place.event)} has a key {short(key)} that the form does not have"
                yield Misfit((*place.form, "additionalProperties"), said, key=key, known=tuple(map(str, named)))
            elif others is not True:
                yield from self.held(others, item, place.of(key, "additionalProperties"))

    def _combined(self, schema: Schema, value: object, place: _Place) -> Iterator[Misfit]:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            found, path = self._pointed(reference)
            yield from self.held(found, value, evolve(place, form=path))
        for index, part in enumerate(_schemas(schema, "allOf")):
            yield from self.held(part, value, place.under("allOf", index))
        for keyword in ("anyOf", "oneOf"):
            parts = _schemas(schema, keyword)
            fitting = 0
            for index, part in enumerate(parts):
                fitting += self.fits(part, value, place.under(keyword, index))
                if fitting > (keyword == "oneOf"):
                    break
            if parts and not fitting:
                yield place.said(keyword, f"fits none of the form's {len(parts)} alternatives")
            if keyword == "oneOf" and fitting > 1:
                yield place.said(keyword, "fits more than one of the form's alternatives, of which one may hold")
        if "not" in schema and self.fits(schema["not"], value, place.under("not")):
            yield place.said("not", "is what the form rules out")
        if "if" in schema:
            branch = "then" if self.fits(schema["if"], value, place.under("if")) else "else"
            if branch in schema:
                yield from self.held(schema[branch], value, place.under(branch))

    def _pointed(self, reference: str) -> tuple[object, Path]:
        """The schema that a reference means, and its path in the form."""
        found: object = self.form
        path: list[str | int] = []
        for part in pointed(reference) or ():
            if isinstance(found, Mapping):
                found = found.get(part, True)
                path.append(part)
            elif isinstance(found, list | tuple):
                found = found[int(part)]
                path.append(int(part))
        return found, tuple(path)


def _number(schema: Schema, value: float, place: _Place) -> Iterator[Misfit]:
    bounds = (
        ("minimum", operator.lt, "is less than"),
        ("maximum", operator.gt, "is more than"),
        ("exclusiveMinimum", operator.le, "is not more than"),
        ("exclusiveMaximum", operator.ge, "is not less than"),
    )
    for keyword, passes, words in bounds:
        bound = schema.get(keyword)
        if isinstance(bound, int | float) and passes(value, bound):
            yield place.said(keyword, f"{words} {_shown(bound)}")
    factor = schema.get("multipleOf")
    if isinstance(factor, int | float) and (_exact(value) / _exact(factor)).denominator != 1:
        yield place.said("multipleOf", f"is no multiple of {_shown(factor)}")


def _exact(number: float) -> Fraction:
    """A number as it is written: 0.3 is three times 0.1."""
    from fractions import Fraction

    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def _schemas(schema: Schema, keyword: str) -> Sequence[object]:
    found = schema.get(keyword)
    return found if isinstance(found, list | tuple) else ()


def _is_one_of(types: Sequence[str], wanted: object) -> bool:
    return any(name in types for name in (wanted if isinstance(wanted, list | tuple) else (wanted,)))


def _listed_types(wanted: object) -> str:
    names = [TYPE_WORDS[name] for name in (wanted if isinstance(wanted, list | tuple) else (wanted,))]
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else "".join(names)


def _counted(number: float, thing: str) -> str:
    return f"{int(number)} {thing}{'' if number == 1 else 's'}"


def _shown(value: object) -> str:
    """A value of the form for a message."""
    if isinstance(value, str):
        return short(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return str(value)[:60]
    return type_words(value)
