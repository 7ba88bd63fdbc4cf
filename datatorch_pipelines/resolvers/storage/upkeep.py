"""What the store holds, whether it is whole, and how it is cleaned."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.model.reference import DEFAULT_REF
from datatorch_pipelines.resolvers.refs import RefKind
from datatorch_pipelines.resolvers.storage.leases import Leases
from datatorch_pipelines.resolvers.storage.seal import examine
from datatorch_pipelines.resolvers.storage.stored import (
    ENTRIES,
    FILES,
    LOCKS,
    MARK,
    REFS,
    TEMP,
    USED,
    DamagedAction,
    Mark,
    StoredAction,
    is_name_of,
    read_mark,
    read_record,
    read_ref,
    read_small,
)
from datatorch_pipelines.resolvers.storage.url_locks import UrlLocks

_NAME = re.compile(r"[0-9a-f]{32}-[0-9a-f]{40}(?:[0-9a-f]{24})?")
_UNKNOWN_USE = timedelta(days=1)
"""What was used within this time is kept where nobody can know whether it still is."""
_TRIES = 3


@frozen
class Upkeep:
    """The works on a store as a whole. All raise ``OSError`` when the folder can't be read or changed."""

    root: Path
    locks: UrlLocks
    leases: Leases

    def entries(self) -> list[StoredAction]:
        """What is there and has a mark, by URL, then commit."""
        refs = self._refs_by_entry()
        found = [self._stored(name, mark, refs.get(name, ())) for name in self._names() if (mark := self._mark(name))]
        return sorted(found, key=lambda action: (action.url, action.commit))

    def size(self) -> int:
        """The bytes on the disk of all below the root."""
        total = 0
        todo = [str(self.root)]
        while todo:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(todo.pop()) as found:
                for item in found:
                    with contextlib.suppress(FileNotFoundError):
                        state = item.stat(follow_symlinks=False)
                        total += getattr(state, "st_blocks", -(-state.st_size // 512)) * 512
                        if item.is_dir(follow_symlinks=False):
                            todo.append(item.path)
        return total

    def verify(self, *, remove: bool) -> list[DamagedAction]:
        """What is damaged, by the name of its folder."""
        return [damaged for name in self._names() if (damaged := self._verify(name, remove=remove))]

    def prune(self, older_than: timedelta, *, dry_run: bool) -> list[StoredAction]:
        """What was used longer ago, deleted unless it is only asked for; with it goes what has no use."""
        if not self.root.is_dir():
            return []
        if not dry_run:
            self._make_folders()
            self.locks.sweep(self.root / TEMP)
        known = dry_run or self.leases.work()
        limit = _before_now(older_than if known else max(older_than, _UNKNOWN_USE))
        old = [action for action in self.entries() if action.used <= limit and not action.in_use]
        if dry_run:
            return old
        gone = [action for action in old if self._delete(action.directory.parent.name, limit=limit)]
        for name in self._names():
            before = _state(self.root / ENTRIES / name / MARK)
            if self._mark(name) is None:
                self._delete(name, only=before)
        self._forget_refs()
        return gone

    def _names(self) -> list[str]:
        """The names of all that may be an entry, sorted; what the system itself puts into folders is none."""
        try:
            return sorted(name for name in os.listdir(self.root / ENTRIES) if not name.startswith("."))  # noqa: PTH208  # names
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _mark(self, name: str) -> Mark | None:
        if _NAME.fullmatch(name) is None:
            return None
        try:
            mark = read_record(self.root / ENTRIES / name / MARK, read_mark)
        except OSError:  # a folder that can't be read, or a folder in the mark's place
            return None
        return mark if mark is not None and is_name_of(name, mark.commit) else None

    def _stored(self, name: str, mark: Mark, refs: Iterable[str]) -> StoredAction:
        folder = self.root / ENTRIES / name
        used = mark.fetched
        with contextlib.suppress(OSError, OverflowError, ValueError):
            used = max(used, datetime.fromtimestamp((folder / USED).stat().st_mtime, UTC))
        return StoredAction(
            directory=folder / FILES,
            url=mark.url,
            commit=mark.commit,
            refs=tuple(sorted(set(refs))),
            digest=mark.digest,
            files=mark.files,
            size=mark.size,
            fetched=mark.fetched,
            used=used,
            in_use=self.leases.in_use(name),
        )

    def _refs_by_entry(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for _, note in self._notes():
            if note is not None and note.kind is not RefKind.COMMIT:
                found.setdefault(note.entry, []).append(note.ref)
        return found

    def _notes(self) -> Iterator[tuple[Path, _Note | None]]:
        try:
            names = sorted(os.listdir(self.root / REFS))  # noqa: PTH208  # names
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in names:
            path = self.root / REFS / name
            try:
                yield path, read_record(path, _read_note)
            except OSError:
                yield path, None

    def _verify(self, name: str, *, remove: bool) -> DamagedAction | None:
        folder = self.root / ENTRIES / name
        damaged = DamagedAction(directory=folder, url="", commit="", problem="", removed=False)
        if _NAME.fullmatch(name) is None:
            return evolve(damaged, problem="it is no entry of the store; look what it is, and delete it")
        for _ in range(_TRIES):
            before = _state(folder / MARK)
            mark = self._mark(name)
            problem = self._problem(name, mark)
            if problem is None or not os.path.lexists(folder):
                return None
            if _state(folder / MARK) == before:
                break  # else it was fetched again meanwhile
        else:
            return None
        if mark is not None:
            damaged = evolve(damaged, directory=folder / FILES, url=mark.url, commit=mark.commit)
        if not remove:
            return evolve(damaged, problem=problem)
        removed = self._delete(name, only=before)
        return evolve(damaged, problem=problem if removed else f"{problem}; it is in use", removed=removed)

    def _problem(self, name: str, mark: Mark | None) -> str | None:
        folder = self.root / ENTRIES / name
        if mark is None:
            return self._problem_of_mark(folder)
        try:
            return examine(folder, mark.digest, self._scratch(name))
        except OSError as error:
            return f"its files can't be read: {error.strerror or error}"

    def _problem_of_mark(self, folder: Path) -> str:
        if not folder.is_dir() or folder.is_symlink():
            return "it is no folder"
        try:
            read_small(folder / MARK)
        except FileNotFoundError:
            return "its mark is missing"
        except OSError as error:
            return f"its mark can't be read: {error.strerror or error}"
        return "its mark is damaged, or another version's"

    def _delete(self, name: str, *, limit: datetime | None = None, only: object = None) -> bool:
        """Deletes an entry that nobody uses or fetches, by one rename, and says whether it did.

        With a limit not if it was used since, and with ``only`` not if its mark is another one by now.
        """
        folder = self.root / ENTRIES / name
        if _NAME.fullmatch(name) is None:
            return False
        self._make_folders()
        old = self._scratch(name)
        with self.locks.attempt(name[:32]) as mine, self.leases.alone(name) as alone:
            if not (mine and alone) or (only is not None and _state(folder / MARK) != only):
                return False
            mark = self._mark(name)
            if limit is not None and (mark is None or self._stored(name, mark, ()).used > limit):
                return False
            try:
                folder.rename(old)
            except FileNotFoundError:
                return False
            # What stays because it can't be deleted counts for nothing there.
            with contextlib.suppress(OSError):
                remove_tree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
        return True

    def _forget_refs(self) -> None:
        """Deletes what is known of refs whose entry is not there, and notes that can't be read."""
        for path, note in self._notes():
            if note is None:
                if not path.is_dir():
                    path.unlink(missing_ok=True)
            elif self._mark(note.entry) is None:
                with self.locks.attempt(note.entry[:32]) as mine:
                    if mine and self._mark(note.entry) is None:
                        path.unlink(missing_ok=True)

    def _make_folders(self) -> None:
        for name in (ENTRIES, LOCKS, TEMP):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def _scratch(self, name: str) -> Path:
        return self.root / TEMP / f"{name[:32]}.{secrets.token_hex(8)}"


@frozen
class _Note:
    """What is noted of a ref."""

    entry: str
    ref: str
    kind: RefKind


def _read_note(record: Mapping[str, Any]) -> _Note:
    known = read_ref(record)
    entry, ref = record["entry"], record["ref"]
    if _NAME.fullmatch(entry) is None or not isinstance(ref, str | None):
        raise ValueError("not a note of a ref")
    return _Note(entry, DEFAULT_REF if ref is None else ref, known.kind)


def _state(path: Path) -> object:
    """What tells a file from another one that takes its place."""
    try:
        state = path.lstat()
    except OSError:
        return ()
    return (state.st_ino, state.st_mtime_ns, state.st_ctime_ns)


def _before_now(age: timedelta) -> datetime:
    try:
        return datetime.now(UTC) - age
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
