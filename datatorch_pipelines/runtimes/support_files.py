"""The files of the library's own that steps need where they run: launchers, the builder, the ``datatorch`` shim."""

from __future__ import annotations

import functools
import os
from pathlib import Path, PurePath

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.contracts.runtime import StepEnvironment

SUPPORT = Path(__file__).parent / "support"


@functools.cache
def _digest() -> str:
    return tree_digest(SUPPORT)


async def put_support(environment: StepEnvironment) -> None:
    """Brings the support files to where the step runs, once per job."""
    await environment.put(SUPPORT, _digest())


def support_folder(environment: StepEnvironment) -> PurePath:
    """Where `put_support` brought them."""
    return environment.placed(SUPPORT, _digest())


def shim_variables(environment: StepEnvironment) -> dict[str, str]:
    """The variable by which Python finds the ``datatorch`` shim, after whatever ``PYTHONPATH`` names already."""
    before = environment.env.get("PYTHONPATH", environment.fact("python", "path"))
    return {"PYTHONPATH": os.pathsep.join(filter(None, (before, str(support_folder(environment) / "packages"))))}
