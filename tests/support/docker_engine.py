"""A real Docker engine and two images that need no registry. A plain context manager, shared by all that needs one."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

SMALL = "localhost/datatorch-test:small"
"""busybox alone: a POSIX shell and the usual small programs."""

PYTHON = "localhost/datatorch-test:python"
"""busybox and the Python that runs the tests."""

_START = """
umount /sys/fs/cgroup/memory /sys/fs/cgroup/unified 2>/dev/null
exec "$@"
"""
"""Hides from an engine that runs inside a container the control groups that it may not change."""


def can_serve_docker() -> bool:
    """Whether an engine runs already, or can be started: that takes root, dockerd and a static busybox."""
    if shutil.which("docker") is None or shutil.which("busybox") is None:
        return False
    return _answers() or (os.geteuid() == 0 and shutil.which("dockerd") is not None)


def _answers(host: str | None = None) -> bool:
    env = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
    return subprocess.run(["docker", "info"], env=env, capture_output=True).returncode == 0


@contextlib.contextmanager
def docker_engine(folder: Path) -> Iterator[str | None]:
    """The ``DOCKER_HOST`` of an engine that lives as long as the block, or ``None`` for one that runs anyway.

    Both images are in it. Its containers have no network but ``none`` and ``host``.
    """
    if _answers():
        _make_images(None)
        yield None
        return
    folder.mkdir(parents=True)
    host = f"unix://{folder}/socket"
    engine = [
        "dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=overlay2",
        f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid", f"--host={host}",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "slave", "sh", "-c", _START, "sh", *engine],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not _answers(host):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        _make_images(host)
        yield host
    finally:
        process.terminate()
        process.wait()


def _make_images(host: str | None) -> None:
    _import(SMALL, host, [])
    _import(PYTHON, host, _python_files())


def _import(image: str, host: str | None, files: Sequence[tuple[str, Path]]) -> None:
    env = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
    busybox = shutil.which("busybox") or ""
    applets = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(busybox, "bin/busybox")
        for applet in applets:
            if applet != "busybox":
                _link(archive, f"bin/{applet}", "busybox")
        tmp = tarfile.TarInfo("tmp")
        tmp.type, tmp.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(tmp)
        for name, text in {"passwd": "root:x:0:0:root:/root:/bin/sh\n", "group": "root:x:0:\n"}.items():
            entry = tarfile.TarInfo(f"etc/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
        for name, file in files:
            archive.add(file, name.lstrip("/"), recursive=False)
        if files:
            _link(archive, "bin/python3", os.path.realpath(sys.executable))
    importing = ["docker", "import", "--change", "ENV PATH=/bin", "--change", 'CMD ["/bin/sh"]', "-", image]
    subprocess.run(importing, input=packed.getvalue(), env=env, check=True, stdout=subprocess.DEVNULL)


def _link(archive: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    archive.addfile(entry)


def _python_files() -> list[tuple[str, Path]]:
    """The interpreter, its standard library and every library that these load, each under its own path."""
    interpreter = Path(os.path.realpath(sys.executable))
    library = Path(sysconfig.get_path("stdlib"))
    left_out = {"test", "tests", "site-packages", "dist-packages", "__pycache__", "idlelib", "tkinter", "ensurepip"}
    modules = [
        file
        for file in library.rglob("*")
        if file.is_file() and not left_out & set(file.relative_to(library).parts) and "config-" not in str(file)
    ]
    loaded = subprocess.run(
        ["ldd", interpreter, *(file for file in modules if file.suffix == ".so")], capture_output=True, text=True
    ).stdout
    words = {word for line in loaded.splitlines() for word in line.split() if word.startswith("/")}
    libraries = [Path(word) for word in words if not word.endswith(":")]
    # A link is followed: the file itself is what counts.
    return [(str(file), file.resolve()) for file in (interpreter, *modules, *libraries)]
