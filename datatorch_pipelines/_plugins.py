"""What other packages register by entry points: runners, resolvers, runtimes and checks by name."""

from __future__ import annotations

import functools
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from datatorch_pipelines.errors import PipelinesError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind = Literal["runners", "resolvers", "runtimes", "checks"]
KINDS: tuple[Kind, ...] = get_args(Kind)
T = TypeVar("T")

_GROUP = b"[datatorch_pipelines."


def registered(kind: Kind) -> dict[str, EntryPoint]:
    """The entry points of the group ``datatorch_pipelines.<kind>``, by name."""
    return _installed()[kind]


@functools.lru_cache(maxsize=1)
def _installed() -> dict[Kind, dict[str, EntryPoint]]:
    """The entry points of every kind, looked up once: that reads a file of each installed package."""
    if not _some_are_registered():
        return {kind: {} for kind in KINDS}
    from importlib.metadata import entry_points

    found = entry_points()
    return {kind: {point.name: point for point in found.select(group=f"datatorch_pipelines.{kind}")} for kind in KINDS}


def _some_are_registered() -> bool:
    """Whether a package may have registered something: a look that costs a tenth of ``importlib.metadata``'s own.

    Mostly none has, and every run asks.
    """
    from importlib.machinery import PathFinder

    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return True
    return any(_may_register(Path(folder)) for folder in sys.path)


def _may_register(folder: Path) -> bool:
    """Whether a package in a folder of ``sys.path`` may have registered something."""
    try:
        entries = list(folder.iterdir())
    except NotADirectoryError:  # packages in an archive
        return True
    except OSError:
        return False
    return any(
        entry.suffix == ".egg" or (entry.suffix in (".dist-info", ".egg-info") and _names_us(entry))
        for entry in entries
    )


def _names_us(metadata: Path) -> bool:
    try:
        return _GROUP in (metadata / "entry_points.txt").read_bytes()
    except OSError:
        return False


def make(kind: Kind, name: str, wanted: type[T]) -> T:
    """What a registered name stands for: the object itself, or what its class or function gives when called.

    Raises `PipelinesError` when it can't be loaded, or is no ``wanted``.
    """
    point = registered(kind)[name]
    try:
        loaded = point.load()
        made = loaded() if callable(loaded) and not isinstance(loaded, wanted) else loaded
    except (Exception, SystemExit) as error:  # a module that is a script ends the program when it is imported
        said = " ".join(str(error).split())
        raise PipelinesError(
            f"the {kind[:-1]} {name!r} ({point.value}) can't be loaded: {type(error).__name__}: {said}",
            hint="mend or uninstall the package that registers it",
        ) from error
    if not isinstance(made, wanted):
        if inspect.iscoroutine(made):
            made.close()  # so that nothing complains beside the error that nobody awaited it
        raise PipelinesError(
            f"the {kind[:-1]} {name!r} ({point.value}) is no {wanted.__name__}",
            hint="mend or uninstall the package that registers it",
        )
    return made


def make_all(kind: Kind, wanted: type[T]) -> dict[str, T]:
    """Everything that is registered, made, in the order of the names. Raises as `make` does."""
    return {name: make(kind, name, wanted) for name in sorted(registered(kind))}
