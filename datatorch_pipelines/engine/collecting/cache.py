"""The results of steps with ``cache: true``, kept on disk: a step that has nothing new to do is not run.

An entry is a folder: ``result.json`` (the SHA-256 of the rest on its first line) and the artifacts, numbered. It is
there whole or not at all, and what can't be read or is not what was written is a miss.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from datatorch_pipelines._files import remove_tree, sync_directory
from datatorch_pipelines._home import cache_directory
from datatorch_pipelines.engine.collecting.artifacts import appearing
from datatorch_pipelines.engine.collecting.outputs import read_json
from datatorch_pipelines.records.layout import is_inside
from datatorch_pipelines.results import Artifact, FailedTest, SuiteResult

_VERSION = 2
_RESULT = "result.json"
_CHUNK = 1 << 20
_FIRST_WAIT, _LONGEST_WAIT = 0.01, 0.25
_OLD_SECONDS = 86_400.0
"""From what age on a lock or a half-written entry, which a crash left, is nobody's any more."""
_BETWEEN_SWEEPS = 600.0


@frozen(kw_only=True)
class KeptResult:
    """What a step gave: its outputs, the files that it left, and what its tests said."""

    outputs: Mapping[str, object] = field(factory=dict)
    artifacts: tuple[Artifact, ...] = ()
    tests: SuiteResult | None = None

    @property
    def size(self) -> int:
        """How many bytes the artifacts have."""
        return sum(artifact.size for artifact in self.artifacts)


def _no_check() -> None:
    """Never ends what is under way."""


@frozen(kw_only=True)
class ResultCache:
    """Results by what they follow from. One that can't be read or kept is a miss, never an error.

    ``most_of_one`` is how many bytes a result may have, ``most`` all of them: those that were used least recently go.
    """

    root: Path
    most_of_one: int = 1 << 30
    most: int = 10 << 30

    @classmethod
    def default(cls) -> ResultCache:
        """The user's cache."""
        return cls(root=cache_directory() / "results")

    @contextlib.asynccontextmanager
    async def claimed(self, key: str, waits: Callable[[], None]) -> AsyncIterator[None]:
        """Holds a key for one step at a time, among all runs and processes of this machine.

        ``waits`` is called once where another one has it; it is waited for without holding up the loop. A holder that
        dies frees it. Where the disk has no locks, each goes on by itself.
        """
        try:
            lock = self._lock(key)
            delay = _FIRST_WAIT
            while not _acquired(lock):
                if delay == _FIRST_WAIT:
                    waits()
                await asyncio.sleep(delay)
                delay = min(2 * delay, _LONGEST_WAIT)
        except (OSError, NotImplementedError):
            yield
            return
        try:
            yield
        finally:
            lock.release()

    def get(self, key: str, run: Path, folder: str, check: Callable[[], None] = _no_check) -> KeptResult | None:
        """The result kept under a key, ``None`` when there is none; its artifacts are put into a ``folder`` of the run.

        ``check`` is called time and again, and may raise.
        """
        entry = self._entry(key)
        try:
            kept = _read((entry / _RESULT).read_bytes())
            if kept.artifacts:
                with appearing(run / folder) as beside:
                    for number, artifact in enumerate(kept.artifacts):
                        target = beside / artifact.name
                        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                        if _copy(entry / str(number), target, check) != artifact.digest:
                            raise ValueError("an artifact is not what was kept")
            os.utime(entry / _RESULT)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        here = (evolve(artifact, file=f"{folder}/{artifact.name}") for artifact in kept.artifacts)
        return evolve(kept, artifacts=tuple(here))

    def keep(self, key: str, result: KeptResult, run: Path, check: Callable[[], None] = _no_check) -> None:
        """Keeps a result under a key; its artifacts are in the run's folder. ``check`` as for `get`."""
        text = _written(result)
        if len(text) + result.size > self.most_of_one:
            return
        entry = self._entry(key)
        beside = self.root / "new" / f"{key}.{secrets.token_hex(6)}"
        try:
            beside.mkdir(mode=0o700, parents=True)
            try:
                for number, artifact in enumerate(result.artifacts):
                    if _copy(run / artifact.file, beside / str(number), check) != artifact.digest:
                        return
                _write(beside / _RESULT, text)
                sync_directory(beside)
                entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                remove_tree(entry)
                beside.rename(entry)
                sync_directory(entry.parent)
            finally:
                remove_tree(beside)
            self._sweep_now_and_then()
        except OSError:
            return

    def sweep(self) -> None:
        """Deletes the results that were used least recently, until the rest is small enough, and what crashes left.

        Raises ``OSError`` when something can't be deleted.
        """
        entries = sorted(self._entries(), key=lambda found: found[0])
        size = sum(found[1] for found in entries)
        for _used, own, entry in entries:
            if size <= self.most:
                break
            remove_tree(entry)
            size -= own
        old = time.time() - _OLD_SECONDS
        for name in ("new", "locks"):
            for left in _listed(self.root / name):
                if left.lstat().st_mtime < old:
                    remove_tree(left) if left.is_dir() else left.unlink(missing_ok=True)

    def _sweep_now_and_then(self) -> None:
        stamp = self.root / "swept"
        with contextlib.suppress(FileNotFoundError):
            if abs(time.time() - stamp.stat().st_mtime) < _BETWEEN_SWEEPS:
                return
        stamp.touch()
        self.sweep()

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """When each entry was used, how large it is, and where."""
        for shard in _listed(self.root):
            if len(shard.name) != 2:
                continue
            for entry in _listed(shard):
                with contextlib.suppress(OSError):
                    files = [path.stat() for path in entry.iterdir()]
                    yield (entry / _RESULT).stat().st_mtime, sum(found.st_size for found in files), entry

    def _entry(self, key: str) -> Path:
        return self.root / key[:2] / key

    def _lock(self, key: str) -> Any:
        from filelock import FileLock

        folder = self.root / "locks"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not shared between threads: each holder has a file of its own open, so that steps of one process exclude one
        # another too.
        return FileLock(folder / key, timeout=0, thread_local=False)


def _acquired(lock: Any) -> bool:
    """Whether a lock is ours now. Raises ``OSError`` and ``NotImplementedError`` where there are no locks."""
    from filelock import SoftFileLock, Timeout

    if isinstance(lock, SoftFileLock):  # a file that stays when its holder is killed
        raise NotImplementedError
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    if isinstance(lock, SoftFileLock):
        lock.release()
        raise NotImplementedError
    return True


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _copy(source: Path, target: Path, check: Callable[[], None]) -> str:
    """Copies a file, for its owner alone; gives its digest."""
    digest = hashlib.sha256()
    with source.open("rb") as read, open(target, "xb", opener=_private) as written:
        while chunk := read.read(_CHUNK):
            check()
            digest.update(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    return digest.hexdigest()


def _write(path: Path, text: bytes) -> None:
    with open(path, "xb", opener=_private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _written(result: KeptResult) -> bytes:
    tests = result.tests
    data = {
        "version": _VERSION,
        "outputs": result.outputs,
        "artifacts": [[kept.name, kept.size, kept.digest] for kept in result.artifacts],
        "tests": None
        if tests is None
        else [tests.passed, tests.failed, tests.skipped, [[failed.name, failed.text] for failed in tests.failures]],
    }
    text = json.dumps(data).encode()
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def _read(data: bytes) -> KeptResult:
    """The inverse of `_written`, without the files. Raises ``ValueError``, and others for what was made by hand."""
    digest, _, text = data.partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        raise ValueError("the result is not what was kept")
    kept: Any = read_json(text)
    if kept["version"] != _VERSION:
        raise ValueError("the result is of another version")
    if not all(isinstance(name, str) and is_inside(name) for name, _size, _digest in kept["artifacts"]):
        raise ValueError("the result has files elsewhere")
    tests = kept["tests"]
    return KeptResult(
        outputs=dict(kept["outputs"]),
        artifacts=tuple(
            Artifact(name=name, file="", size=size, digest=digest) for name, size, digest in kept["artifacts"]
        ),
        tests=None
        if tests is None
        else SuiteResult(
            passed=tests[0],
            failed=tests[1],
            skipped=tests[2],
            failures=tuple(FailedTest(name=name, text=text) for name, text in tests[3]),
        ),
    )


def result_key(facts: Mapping[str, object]) -> str:
    """The key for what a result follows from: the action's digest, its inputs, its variables, the interpreter."""
    text = json.dumps([_VERSION, facts], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
