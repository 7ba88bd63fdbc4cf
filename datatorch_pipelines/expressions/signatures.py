"""What each function takes that is of any use, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from attrs import frozen

from datatorch_pipelines.expressions import types
from datatorch_pipelines.expressions.types import SCALARS, Kind, Type

Kinds = frozenset[Kind]
_ALL: Kinds = frozenset(Kind)
_LISTS: Kinds = frozenset({Kind.ARRAY})
_TEXTS: Kinds = frozenset({Kind.STRING})
_BOOLEANS: Kinds = frozenset({Kind.BOOLEAN})


def _all(_: int, __: int) -> Kinds:
    return _ALL


def _scalars(_: int, __: int) -> Kinds:
    return SCALARS


@frozen
class Signature:
    """``gives`` tells a call's type from those of its arguments; ``wants`` which kinds an argument may be.

    ``wants`` takes the argument's index and the number of arguments. A value of another kind makes the call fail, or
    gives what it gives for nothing. ``impure`` functions depend on more than their arguments.
    """

    gives: Callable[[Sequence[Type]], Type]
    wants: Callable[[int, int], Kinds] = _all
    impure: bool = False


def _always(type_: Type) -> Callable[[Sequence[Type]], Type]:
    return lambda _: type_


def _contains(index: int, _: int) -> Kinds:
    return SCALARS if index else _ALL - {Kind.OBJECT}


def _join(index: int, _: int) -> Kinds:
    return SCALARS if index else _LISTS


def _condition(index: int, count: int) -> Kinds:
    return _BOOLEANS if index % 2 == 0 and index < count - 1 else _ALL


def _number(index: int, count: int) -> Kinds:
    return SCALARS if index == 0 and count == 1 else _ALL


def _case(arguments: Sequence[Type]) -> Type:
    return types.union([*arguments[1:-1:2], arguments[-1]])


def _default(arguments: Sequence[Type]) -> Type:
    return types.union([arguments[0], arguments[1] if len(arguments) > 1 else types.type_of("")])


def _or_second(own: Type) -> Callable[[Sequence[Type]], Type]:
    return lambda arguments: types.union([own, *arguments[1:]])


_BOOLEAN, _STRING = _always(types.BOOLEAN), _always(types.STRING)
_STATUS = Signature(_BOOLEAN, impure=True)

SIGNATURES: Mapping[str, Signature] = MappingProxyType(
    {
        "contains": Signature(_BOOLEAN, _contains),
        "startswith": Signature(_BOOLEAN, _scalars),
        "endswith": Signature(_BOOLEAN, _scalars),
        "format": Signature(_STRING, _scalars),
        "join": Signature(_STRING, _join),
        "tojson": Signature(_STRING),
        "fromjson": Signature(_always(types.ANY), lambda _, __: SCALARS - {Kind.NULL}),
        "case": Signature(_case, _condition),
        "hashfiles": Signature(_STRING, lambda _, __: _TEXTS, impure=True),
        "success": _STATUS,
        "failure": _STATUS,
        "cancelled": _STATUS,
        "always": _STATUS,
        "default": Signature(_default),
        "int": Signature(_or_second(types.INTEGER), _number),
        "float": Signature(_or_second(types.FLOAT), _number),
        "string": Signature(_STRING),
        "upper": Signature(_STRING, _scalars),
        "lower": Signature(_STRING, _scalars),
        "trim": Signature(_STRING, _scalars),
        "length": Signature(_always(types.INTEGER), lambda _, __: _ALL - {Kind.BOOLEAN} - types.NUMBERS),
    }
)
"""By the functions' names in lower case; each function has one."""
