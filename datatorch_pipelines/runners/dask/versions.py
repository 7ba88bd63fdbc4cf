"""What client and workers must have alike, since they exchange objects."""

from __future__ import annotations

from collections.abc import Mapping

from datatorch_pipelines.errors import RunnerError

PACKAGE = "datatorch_pipelines"


def own_versions() -> dict[str, str]:
    """The versions of this process, by the names by which a person knows what they are of; empty where not known."""
    from distributed.versions import get_versions

    return reported_versions(get_versions(packages=[PACKAGE])["packages"])


def reported_versions(packages: Mapping[str, object]) -> dict[str, str]:
    """The same of a worker, by what Dask says of its packages."""
    python = ".".join(str(packages.get("python") or "").split(".")[:2])
    return {"Python": python, **{name: str(packages.get(name) or "") for name in (PACKAGE, "distributed")}}


def refuse_unlike(address: str, theirs: Mapping[str, object]) -> None:
    """Raises `RunnerError` that names the worker and what it has in another version than this process.

    >>> refuse_unlike("tcp://node7:40331", {**own_versions(), "Python": "3.9"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    datatorch_pipelines.errors.RunnerError: the Dask worker tcp://node7:40331 has Python 3.9, and this process ...
    """
    for name, ours in own_versions().items():
        their = theirs.get(name)
        if their == ours or not ours:
            continue
        if not their:
            raise RunnerError(f"the Dask worker {address} does not have {name}", hint=_install(name, ours))
        raise RunnerError(
            f"the Dask worker {address} has {name} {their}, and this process {name} {ours}", hint=_install(name, ours)
        )


def _install(name: str, ours: str) -> str:
    if name == "Python":
        return f"start the workers with Python {ours}"
    return f"install {name.replace('_', '-')}=={ours} where the workers are"
