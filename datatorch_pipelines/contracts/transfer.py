"""Folders as tar archives: how files travel to and from a runner that shares none with the engine."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from datatorch_pipelines.errors import RunnerError


def pack(folder: Path) -> bytes:
    """A folder's content as a tar: names, kinds, modes and content, but no owners and no ``__pycache__``."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(folder, arcname=".", filter=_plain)
    return packed.getvalue()


def _plain(item: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if item.isdir() and PurePosixPath(item.name).name == "__pycache__":
        return None
    item.uid = item.gid = 0
    item.uname = item.gname = ""
    return item


def unpack(
    archive: IO[bytes],
    name: str,
    destination: Path,
    left_out: Callable[[str, str], None] = lambda _name, _why: None,
    most: int | None = None,
) -> None:
    """Writes the file or folder ``name`` of a tar to ``destination``.

    The archive comes from where steps run and is not trusted: only regular files and folders are taken, and nothing is
    written outside ``destination``. A second name of a file is a file of its own. ``left_out`` is told of links and
    devices, by their names below ``name``. Raises `RunnerError` for a broken archive, a name that leads outside, files
    that are larger than ``most`` bytes together, what the disk refuses, and when ``name`` itself was left out.
    """
    files: dict[str, Path] = {}
    size = 0
    try:
        with tarfile.open(fileobj=archive, mode="r|") as packed:
            for item in packed:
                parts = PurePosixPath(item.name).parts
                if not parts or parts[0] != name or ".." in parts:
                    raise RunnerError(f"the files that came back hold {item.name!r}, which was not asked for")
                target = destination.joinpath(*parts[1:])
                if item.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                known = files.get(item.linkname) if item.islnk() else None
                if known is None and not item.isreg():
                    kind = "a link" if item.issym() or item.islnk() else "no regular file"
                    left_out("/".join(parts[1:]), f"it is {kind}")
                    continue
                size += item.size if known is None else known.stat().st_size  # of one with holes, all that it would be
                if most is not None and size > most:
                    raise RunnerError(f"the files that came back are larger than {most} bytes")
                if known is None:
                    _write(packed, item, target)
                    files[item.name] = target
                else:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(known, target)
    except (tarfile.TarError, EOFError) as error:
        raise RunnerError(f"the files that came back are broken: {error}") from error
    except OSError as error:
        raise RunnerError(f"the files that came back can't be written: {error.strerror}") from error
    except ValueError as error:  # a name with a NUL character
        raise RunnerError("the files that came back have a name that is none") from error
    if not destination.exists():
        raise RunnerError(f"what came back as {name!r} is neither a regular file nor a folder")


def _write(packed: tarfile.TarFile, item: tarfile.TarInfo, target: Path) -> None:
    content = packed.extractfile(item)
    if content is None:
        raise RunnerError(f"the file {item.name!r} that came back has no content")
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("xb") as file:
        shutil.copyfileobj(content, file)
    target.chmod(0o700 if item.mode & 0o100 else 0o600)
