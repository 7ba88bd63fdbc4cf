"""Conformance kits: what every implementation of one of the library's interfaces has to hold, as tests to inherit.

>>> from datatorch_pipelines.testing import ResolverConformance, RunnerConformance

They are for pytest, which this package doesn't bring with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late

if TYPE_CHECKING:
    from datatorch_pipelines.testing.resolvers import ResolverConformance
    from datatorch_pipelines.testing.runners import RunnerConformance

try:
    import pytest  # noqa: F401  # to see that it is there
except ModuleNotFoundError as _missing:
    if _missing.name != "pytest":
        raise
    raise ModuleNotFoundError(
        "datatorch_pipelines.testing needs pytest; get it by: pip install pytest", name="pytest"
    ) from None

__all__ = ["ResolverConformance", "RunnerConformance"]

__getattr__ = late(globals(), {"ResolverConformance": "resolvers", "RunnerConformance": "runners"})
