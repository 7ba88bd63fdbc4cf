"""Names of a package that are loaded when they are first used, so that importing the package stays cheap."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def late(namespace: dict[str, Any], homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A package's ``__getattr__`` (PEP 562) for names that live in its modules ``homes``.

    ``namespace`` is the package's ``globals()``, where a name stands from its first use on.
    """

    def load(name: str) -> Any:
        package = namespace["__name__"]
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        namespace[name] = getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        return namespace[name]

    return load
