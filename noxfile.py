"""The project's chores: `nox` alone checks a change, `nox --list` names the rest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nox

SUPPORTED = ("3.11", "3.12", "3.13")
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
PROJECT = nox.project.load_toml("pyproject.toml")


def _there(version: str) -> bool:
    """Whether this Python starts: a name on the path may be a version manager's that only complains."""
    try:
        return subprocess.run([f"python{version}", "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _pythons() -> list[str]:
    # pyenv starts a Python by its number only when that version is switched on.
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    installed = sorted(path.name for path in versions.glob("3.*")) if versions.is_dir() else []
    if installed:
        os.environ["PYENV_VERSION"] = ":".join(sorted(installed, key=lambda name: not name.startswith(RUNNING)))
    return [RUNNING, *(version for version in SUPPORTED if version != RUNNING and _there(version))]


PYTHONS = _pythons()

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|venv"
nox.options.reuse_venv = "yes"
nox.options.sessions = [f"tests-{RUNNING}", "lint", "types", "docs"]


AT_ONCE = ("-n", "auto")
"""A process for each processor; what needs servers runs alone, since it looks at all processes of the machine."""

WITHOUT_PAGES = ("--ignore=tests/docs",)
"""With the Python that runs nox, the session `docs` runs these."""


def _groups(*names: str) -> list[str]:
    return nox.project.dependency_groups(PROJECT, *names)


def _environment(session: nox.Session) -> dict[str, str]:
    """What tests see: a home of their own, so that nobody's cache or records are read or written."""
    home = Path(session.create_tmp()).resolve() / "home"
    return {"DATATORCH_PIPELINES_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def _test(session: nox.Session, *arguments: str, **variables: str) -> None:
    # Hundreds of the tests start the package anew: none of these processes should compile it for itself alone.
    session.run("python", "-m", "compileall", "-q", "datatorch_pipelines")
    session.run("python", "-m", "pytest", *arguments, *session.posargs, env=_environment(session) | variables)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Every test that needs no server: unit, property, documentation (here in the session `docs`) and doctests."""
    session.install("-e", ".[cli]", *_groups("test"))
    _test(session, *AT_ONCE, "-m", "not integration", *(WITHOUT_PAGES if session.python == RUNNING else ()))


@nox.session(python=False)
def elsewhere(session: nox.Session) -> None:
    """The tests on every other supported Python that is on this machine."""
    for version in PYTHONS[1:]:
        session.notify(f"tests-{version}")
    missing = [version for version in SUPPORTED if version not in PYTHONS]
    if missing:
        session.log(f"not on this machine: Python {', '.join(missing)}")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, layers between the rooms, and the fragments of the changelog."""
    session.install("-e", ".", *_groups("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-cache")
    session.run("towncrier", "build", "--draft", "--version", "next", silent=True)


@nox.session
def types(session: nox.Session) -> None:
    """The package under mypy's strict rules."""
    session.install("-e", ".[cli]", *_groups("types"))
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Every example, link and list of the documentation, then the pages as a site in `site/`."""
    session.install("-e", ".[cli]", *_groups("test", "docs"))
    _test(session, *AT_ONCE, "-m", "not integration", "tests/docs")
    session.run("mkdocs", "build", "--strict")


@nox.session
def integration(session: nox.Session) -> None:
    """Against real servers (git, sshd, docker, Dask, Slurm), the package index, an editor and the peer's own SDK."""
    session.run("bash", "tests/integration/install.sh", external=True)
    session.install("-e", ".[cli]", *_groups("test", "integration"))
    sdk = Path(session.create_tmp()).resolve() / "sdk"
    python = sdk / "bin" / "python"
    if not python.exists():
        session.run("python", "-m", "venv", str(sdk))
    session.run(str(python), "-m", "pip", "install", "--quiet", "datatorch==0.8.0", external=True)
    tools = Path(session.create_tmp()).resolve() / "node"
    _test(session, "-m", "integration", DATATORCH_SDK_PYTHON=str(python), NODE_TOOLS=str(tools))


@nox.session
def minimums(session: nox.Session) -> None:
    """The tests with the lowest version of each dependency that `pyproject.toml` allows."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["cli"], *extras["dask"]]
    lowest = Path(session.create_tmp()) / "lowest.txt"
    lowest.write_text("\n".join(_lowest(requirement) for requirement in wanted) + "\n", encoding="utf-8")
    session.install("-e", ".[cli]", *_groups("test"), "-c", str(lowest))
    _test(session, *AT_ONCE, "-m", "not integration")


def _lowest(requirement: str) -> str:
    """A requirement with its lower bound as the only version: ``a>=1,<2; m`` becomes ``a==1; m``."""
    specifiers, _, marker = requirement.partition(";")
    name, version = re.fullmatch(r"([A-Za-z0-9._-]+)>=([0-9.]+)(?:,.*)?", specifiers.strip()).groups()
    return f"{name}=={version}" + (f"; {marker.strip()}" if marker else "")


@nox.session
def bench(session: nox.Session) -> None:
    """Every benchmark of `bench/`, side by side with what it is measured against."""
    session.install(".[cli]", *_groups("test"))
    for script in sorted(Path("bench").glob("[!_]*.py")):
        session.run("python", str(script), *session.posargs, env=_environment(session))


@nox.session
def fuzz(session: nox.Session) -> None:
    """The property tests, for much longer and with new examples each time."""
    session.install("-e", ".[cli]", *_groups("test"))
    _test(session, "-m", "hypothesis and not integration", HYPOTHESIS_PROFILE="fuzz")
