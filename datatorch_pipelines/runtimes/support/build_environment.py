"""Builds a virtual environment from a requirements file, once.

``python build_environment.py FOLDER REQUIREMENTS``: the environment is on top of this interpreter's own packages. It is
complete when, and only when, FOLDER holds the file ``.complete``, which is written last. Of several builders at once
one builds, the others wait for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

MARKER = ".complete"


def build(folder: Path, requirements: Path) -> int:
    """Makes the environment unless it is complete; gives the exit status."""
    if (folder / MARKER).exists():
        return 0
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another step that builds the same Python environment")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / MARKER).exists():
            return 0
        shutil.rmtree(folder, ignore_errors=True)
        say(f"building the action's Python environment from {requirements.name}")
        status = install(folder, requirements, lock.fileno())
        if status == 0:
            finish(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return status


def install(folder: Path, requirements: Path, lock: int) -> int:
    """Makes the environment and installs what the file lists; gives the exit status of what failed, or 0.

    The processes inherit the descriptor of the lock: it is held until the last of them is gone, even if this one dies.
    """
    python = str(folder / "bin" / "python")
    venv = ["-m", "venv", "--system-site-packages"]
    fill = ["install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", str(requirements)]
    uv = shutil.which("uv")
    if uv:
        make = [uv, "venv", "--quiet", "--system-site-packages", "--python", sys.executable, str(folder)]
        fill = [uv, "pip", "install", "--quiet", "--python", python, "-r", str(requirements)]
    elif pip_version() >= 23:  # the first that installs into another interpreter, which saves one pip for each
        make = [sys.executable, *venv, "--without-pip", str(folder)]
        fill = [sys.executable, "-m", "pip", "--python", python, *fill]
    else:
        make = [sys.executable, *venv, str(folder)]
        fill = [python, "-m", "pip", *fill]
    # What PYTHONPATH names is not in the environment, and must not count as installed there.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    status = subprocess.call(make, env=variables, pass_fds=[lock])
    if status != 0:
        return status
    see_outer_packages(folder)
    return subprocess.call(fill, env=variables, pass_fds=[lock])


def pip_version() -> int:
    """The major version of this interpreter's pip, 0 where there is none."""
    with contextlib.suppress(ImportError, ValueError):
        import pip

        return int(pip.__version__.split(".")[0])
    return 0


def see_outer_packages(folder: Path) -> None:
    """Lets the environment see this interpreter's packages also when that is a virtual environment itself."""
    if sys.prefix == sys.base_prefix:
        return
    inner = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    outer = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    # addsitedir takes the .pth files there along, by which editable packages are found.
    lines = [f"import site; site.addsitedir({path!r})\n" for path in outer]
    (inner / "_outer_environment.pth").write_text("".join(lines), encoding="utf-8")


def finish(folder: Path) -> None:
    """Marks the environment as complete, once all of it is on disk."""
    os.sync()
    (folder / MARKER).touch()


def say(text: str) -> None:
    """Writes a line to the step's log."""
    print(text, flush=True)  # noqa: T201  # it runs as a step


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]), Path(sys.argv[2])))
