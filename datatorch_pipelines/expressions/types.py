"""What kind of value an expression gives, read off its tree without evaluating it.

A `Type` is a set of values. Where nothing is known it is `ANY`, which holds them all, so that whoever asks "can this
ever be right?" is never wrong by what is not known.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from attrs import evolve, field, frozen

from datatorch_pipelines.expressions.lookup import index_number
from datatorch_pipelines.expressions.values import Kind as ValueKind
from datatorch_pipelines.expressions.values import as_list, as_mapping, fold, is_nan, kind_of, to_text, truthy

Scalar = str | int | float | bool | None


class Kind(enum.StrEnum):
    """The kinds of values that a type tells apart, by the words that messages about expressions use."""

    NULL = "null"
    BOOLEAN = "a boolean"
    INTEGER = "an integer"
    FLOAT = "a float"
    STRING = "text"
    ARRAY = "a list"
    OBJECT = "a mapping"


_MOST_VALUES = 32
"""How many values of one kind a union tells apart: with more of them, the kind is in it whole."""

SCALARS = frozenset(Kind) - {Kind.ARRAY, Kind.OBJECT}
NUMBERS = frozenset({Kind.INTEGER, Kind.FLOAT})
_NONE: Mapping[str, Type] = MappingProxyType({})


@frozen
class Type:
    """A set of values.

    ``kinds`` are those that it has values of. ``values`` are all the scalars of their kinds that are in it; a kind
    without one there is in it whole. ``items`` is what a list holds, ``properties`` what a mapping holds by name
    (without regard to case), ``rest`` what it holds by any other name; ``None`` is anything.
    """

    kinds: frozenset[Kind]
    values: tuple[Scalar, ...] = ()
    items: Type | None = None
    properties: Mapping[str, Type] = field(default=_NONE)
    rest: Type | None = None

    def only(self, kind: Kind) -> tuple[Scalar, ...]:
        """The values of a kind that are in it; none where all of them are."""
        return tuple(value for value in self.values if scalar_kind(value) is kind) if self.values else ()

    def found(self) -> frozenset[Kind]:
        """Its kinds but null, which any look-up may give; null where there is no other."""
        return (self.kinds - {Kind.NULL} or self.kinds) if Kind.NULL in self.kinds else self.kinds


ANY = Type(frozenset(Kind))
NULL = Type(frozenset({Kind.NULL}))
BOOLEAN = Type(frozenset({Kind.BOOLEAN}))
INTEGER = Type(frozenset({Kind.INTEGER}))
FLOAT = Type(frozenset({Kind.FLOAT}))
NUMBER = Type(NUMBERS)
STRING = Type(frozenset({Kind.STRING}))
ARRAY = Type(frozenset({Kind.ARRAY}))
OBJECT = Type(frozenset({Kind.OBJECT}))
NOTHING = Type(frozenset())
"""The type without values: ``rest`` of a mapping whose names are all known."""


def array_of(items: Type) -> Type:
    """The lists of such items."""
    return Type(frozenset({Kind.ARRAY}), items=items)


def object_of(properties: Mapping[str, Type], rest: Type | None = None) -> Type:
    """The mappings with these properties, any of which may be missing, and others as ``rest`` says."""
    return Type(frozenset({Kind.OBJECT}), properties=properties, rest=rest)


def scalar_kind(value: Scalar) -> Kind:
    """The kind of a scalar."""
    if value is None:
        return Kind.NULL
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, str):
        return Kind.STRING
    return Kind.INTEGER if isinstance(value, int) else Kind.FLOAT


def type_of(value: object) -> Type:
    """The smallest type that a value is in.

    >>> type_of([1, 2]).items.values, contains(type_of({"a": 1}), {"a": 2})
    ((1, 2), False)
    """
    if value is None or isinstance(value, str | int | float):
        return Type(frozenset({scalar_kind(value)}), values=() if value is None else (value,))
    if (items := as_list(value)) is not None:
        return array_of(union(map(type_of, items)))
    mapping = as_mapping(value) or {}
    return object_of({str(key): type_of(item) for key, item in mapping.items()}, NOTHING)


def union(types: Iterable[Type]) -> Type:
    """The values of all of the types.

    >>> sorted(kind.name for kind in union([INTEGER, NULL]).kinds)
    ['INTEGER', 'NULL']
    """
    result = NOTHING
    for one in types:
        result = _either(result, one)
    return result


def _either(left: Type, right: Type) -> Type:
    if left is ANY or right is ANY:
        return ANY
    if not left.kinds or not right.kinds:
        return right if not left.kinds else left
    values: list[Scalar] = []
    for kind in sorted(left.kinds | right.kinds, key=lambda kind: kind.name):
        mine, others = left.only(kind), right.only(kind)
        if (kind not in left.kinds or mine) and (kind not in right.kinds or others):
            both_values = [*mine, *(value for value in others if not _among(value, mine))]
            values += both_values if len(both_values) <= _MOST_VALUES else ()
    items = [one.items for one in (left, right) if Kind.ARRAY in one.kinds]
    objects = [one for one in (left, right) if Kind.OBJECT in one.kinds]
    known = [item for item in items if item is not None]
    both = _merged(*objects) if len(objects) > 1 else objects[0] if objects else NOTHING
    return Type(
        left.kinds | right.kinds,
        values=tuple(values),
        items=union(known) if known and len(known) == len(items) else None,
        properties=both.properties,
        rest=both.rest,
    )


def _merged(left: Type, right: Type) -> Type:
    names = dict.fromkeys([*left.properties, *right.properties])
    properties = {name: _either(_held(left, name), _held(right, name)) for name in names}
    rest = None if left.rest is None or right.rest is None else _either(left.rest, right.rest)
    return object_of(properties, rest)


def _held(mapping: Type, name: str) -> Type:
    """What a mapping holds under a name, if it has that name."""
    found = mapping.properties.get(name)
    if found is None:
        folded = fold(name)
        same = [held for key, held in mapping.properties.items() if fold(key) == folded]
        found = union(same) if same else mapping.rest
    return ANY if found is None else found


def _among(value: Scalar, values: Iterable[Scalar]) -> bool:
    return any(value == other or (is_nan(value) and is_nan(other)) for other in values)


def contains(type_: Type, value: object) -> bool:
    """Whether a value is in a type."""
    kind = kind_of(value)
    if kind is ValueKind.ARRAY:
        items = as_list(value) or ()
        return Kind.ARRAY in type_.kinds and all(contains(type_.items or ANY, item) for item in items)
    if kind is ValueKind.OBJECT:
        mapping = as_mapping(value) or {}
        held = ((_held(type_, str(key)), item) for key, item in mapping.items())
        return Kind.OBJECT in type_.kinds and all(contains(one, item) for one, item in held)
    if not (value is None or isinstance(value, str | int | float)):
        return False
    only = type_.only(scalar_kind(value))
    return scalar_kind(value) in type_.kinds and (not only or _among(value, only))


def look_up_type(target: Type, index: Type) -> Type:
    """What ``target[index]`` gives where it finds something."""
    if target is ANY:
        return ANY
    found: list[Type] = []
    if Kind.ARRAY in target.kinds and _may_be_position(index):
        found.append(target.items or ANY)
    if Kind.OBJECT in target.kinds and index.kinds & SCALARS:
        names = index.values if len(index.kinds) == 1 and index.values else None
        if names is None:
            found += [*target.properties.values(), target.rest or ANY]
        else:
            found += [_held(target, to_text(name)) for name in names]
    return union(found)


def _may_be_position(index: Type) -> bool:
    """Whether an index may name a position in a list."""
    if len(index.kinds) == 1 and index.values:
        return any(index_number(value) is not None for value in index.values)
    return bool(index.kinds & SCALARS)


def items_type(target: Type) -> Type:
    """What ``*`` selects from a list or mapping."""
    found = []
    if Kind.ARRAY in target.kinds:
        found.append(target.items or ANY)
    if Kind.OBJECT in target.kinds:
        found += [*target.properties.values(), target.rest or ANY]
    return union(found)


def truth(type_: Type) -> bool | None:
    """Whether every value of a type counts as true, or none does; ``None`` where some do.

    >>> truth(type_of("a")), truth(NULL), truth(BOOLEAN), truth(ARRAY)
    (True, False, None, True)
    """
    if type_ is BOOLEAN or type_ is ANY:
        return None
    answers = {_truth_of_kind(type_, kind) for kind in type_.kinds}
    return answers.pop() if len(answers) == 1 else None


def _truth_of_kind(type_: Type, kind: Kind) -> bool | None:
    if kind is Kind.NULL:
        return False
    if kind not in SCALARS:
        return True
    answers = {truthy(value) for value in type_.only(kind)}
    return answers.pop() if len(answers) == 1 else None


_FALSE: Mapping[Kind, Scalar] = {Kind.BOOLEAN: False, Kind.INTEGER: 0, Kind.STRING: ""}


def deciding(type_: Type, *, counting: bool) -> Type:
    """The values of a type that count as true, or those that don't.

    >>> deciding(BOOLEAN, counting=False).values
    (False,)
    """
    if type_ is BOOLEAN or type_ is ANY:  # most are
        return _DECIDING[type_ is ANY, counting]
    return _deciding(type_, counting)


def _deciding(type_: Type, counting: bool) -> Type:
    kinds: set[Kind] = set()
    values: list[Scalar] = []
    for kind in type_.kinds:
        if _truth_of_kind(type_, kind) is (not counting):
            continue
        kinds.add(kind)
        fitting = [value for value in type_.only(kind) if truthy(value) is counting]
        if fitting:
            values += fitting
        elif kind is Kind.BOOLEAN:
            values.append(counting)
        elif not counting and kind in _FALSE:
            values.append(_FALSE[kind])
    return evolve(type_, kinds=frozenset(kinds), values=tuple(values))


_DECIDING = {
    (is_any, counting): _deciding(type_, counting)
    for is_any, type_ in ((False, BOOLEAN), (True, ANY))
    for counting in (False, True)
}


def describe(type_: Type, words: Mapping[Kind, str] | None = None) -> str:
    """A type in words, null left out where there is more.

    >>> describe(union([INTEGER, NULL])), describe(NUMBER), describe(union([STRING, BOOLEAN]))
    ('an integer', 'a number', 'a boolean or text')
    """
    kinds = type_.found()
    named = [(words or {}).get(kind, kind.value) for kind in Kind if kind in kinds]
    if kinds >= NUMBERS:
        numbers = [(words or {}).get(kind, kind.value) for kind in NUMBERS]
        named = [word for word in named if word not in numbers] + ["a number"]
    return f"{', '.join(named[:-1])} or {named[-1]}" if len(named) > 1 else "".join(named)
