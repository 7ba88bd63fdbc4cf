"""Conformance kits: what every implementation of one of the library's interfaces has to hold, as tests to inherit.

>>> from datatorch_pipelines.testing import ResolverConformance

They are for pytest, which this package doesn't bring with it.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from datatorch_pipelines._late import late

if TYPE_CHECKING:
    from datatorch_pipelines.testing.resolvers import ResolverConformance

if find_spec("pytest") is None:
    raise ModuleNotFoundError("datatorch_pipelines.testing needs pytest; get it by: pip install pytest", name="pytest")

__all__ = ["ResolverConformance"]

__getattr__ = late(globals(), {"ResolverConformance": "resolvers"})
