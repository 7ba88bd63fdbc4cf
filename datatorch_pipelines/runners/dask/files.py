"""On a worker: folders that came as archives, and files that leave as such."""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
from pathlib import Path
from typing import IO, Any

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.runners.dask.wire import CHUNK_BYTES

_CONTENT = re.compile(r"[0-9a-f]{64}")


def names_content(digest: str) -> bool:
    """Whether a digest is one of content that other jobs may want too; any other name is one job's own."""
    return _CONTENT.fullmatch(digest) is not None


class Archives:
    """The archives of folders that came to a worker: each comes once, and each job unpacks it for itself.

    So no job sees what another one did to its copy. They are in Dask's folder of the worker, which goes with it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, digest: str) -> Path:
        """Where the archive is, or would be."""
        return self._folder / f"{digest}.tar"

    def has(self, digest: str) -> bool:
        """Whether the archive is here."""
        return names_content(digest) and self.path(digest).is_file()

    def beside(self, name: str) -> Path:
        """A place for what is to become an archive. Raises ``OSError``."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / name

    def keep(self, archive: Path, digest: str) -> None:
        """Makes a file of `beside` the archive. Raises ``OSError``."""
        archive.replace(self.path(digest))


def unpack_here(archive: Path, target: Path) -> None:
    """Unpacks what the client sent into a new folder, with its links and modes.

    Raises ``OSError``, and `RunnerError` for a broken archive.
    """
    if target.exists():  # what a call that was broken off left
        remove_tree(target)
    target.mkdir(parents=True)
    try:
        with tarfile.open(archive, mode="r:") as packed:
            if hasattr(tarfile, "tar_filter"):  # from Python 3.11.4 on
                packed.extraction_filter = tarfile.tar_filter
            packed.extractall(target)  # noqa: S202  # it is the client's, who may run anything here
    except (tarfile.TarError, EOFError) as error:
        raise RunnerError(f"files that were to be copied to where the job runs are broken: {error}") from error


class _Bounded(io.RawIOBase):
    """What a tar is written to, which may take so many bytes only."""

    def __init__(self, file: IO[bytes], most: int | None) -> None:
        super().__init__()
        self._file = file
        self._most = most
        self._written = 0

    def write(self, data: Any) -> int:
        """Writes it. Raises `RunnerError` when it is too much."""
        self._written += len(data)
        if self._most is not None and self._written > self._most:
            raise RunnerError(f"files can't be copied from where the job runs: they are larger than {self._most} bytes")
        return self._file.write(data)


class Outgoing:
    """A file or folder as a tar, made by the constructor in a file without a name.

    Raises ``OSError``, and `RunnerError` for a tar of more than ``most`` bytes, of which no more are written.
    """

    def __init__(self, path: Path, most: int | None = None) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`
        try:
            with tarfile.open(fileobj=_Bounded(self._file, most), mode="w|", format=tarfile.PAX_FORMAT) as packed:
                packed.add(path, arcname=path.name)
            self.size = self._file.tell()
        except BaseException:
            self._file.close()
            raise

    def read(self, offset: int) -> bytes:
        """The piece that begins there."""
        self._file.seek(offset)
        return self._file.read(CHUNK_BYTES)

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()
