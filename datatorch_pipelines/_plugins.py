"""What other packages register by entry points: runners, resolvers, runtimes and checks by name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from datatorch_pipelines.errors import PipelinesError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind = Literal["runners", "resolvers", "runtimes", "checks"]
KINDS: tuple[Kind, ...] = get_args(Kind)
T = TypeVar("T")


def registered(kind: Kind) -> dict[str, EntryPoint]:
    """The entry points of the group ``datatorch_pipelines.<kind>``, by name."""
    return _installed()[kind]


@functools.lru_cache(maxsize=1)
def _installed() -> dict[Kind, dict[str, EntryPoint]]:
    """The entry points of every kind, looked up once: that reads a file of each installed package."""
    from importlib.metadata import entry_points

    found = entry_points()
    return {kind: {point.name: point for point in found.select(group=f"datatorch_pipelines.{kind}")} for kind in KINDS}


def make(kind: Kind, name: str, wanted: type[T]) -> T:
    """What a registered name stands for: the object itself, or what its class or function gives when called.

    Raises `PipelinesError` when it can't be loaded, or is no ``wanted``.
    """
    point = registered(kind)[name]
    try:
        loaded = point.load()
        made = loaded() if callable(loaded) and not isinstance(loaded, wanted) else loaded
    except Exception as error:
        raise PipelinesError(
            f"the {kind[:-1]} {name!r} ({point.value}) can't be loaded: {type(error).__name__}: {error}",
            hint="mend or uninstall the package that registers it",
        ) from error
    if not isinstance(made, wanted):
        raise PipelinesError(
            f"the {kind[:-1]} {name!r} ({point.value}) is no {wanted.__name__}",
            hint="mend or uninstall the package that registers it",
        )
    return made


def make_all(kind: Kind, wanted: type[T]) -> dict[str, T]:
    """Everything that is registered, made, by name. Raises as `make` does."""
    return {name: make(kind, name, wanted) for name in registered(kind)}
