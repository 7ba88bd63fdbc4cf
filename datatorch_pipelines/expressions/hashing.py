"""``hashFiles()``: one digest over the files that patterns match."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import frozen


def hash_files(directory: Path, patterns: Sequence[str]) -> str:
    """The SHA-256 over the SHA-256 digests of the matched files, in hexadecimal; empty where nothing matches.

    Patterns are relative to ``directory``: ``*``, ``?`` and ``[abc]`` match within a name, ``**`` any folders, a
    leading ``!`` takes files out again, a line that starts with ``#`` is a comment; a pattern that matches a folder
    matches all in it. One text may hold several patterns, a line each. Files count in the order of their paths. No
    link that leads out of ``directory`` is followed, nor any link to a folder. Raises ``ValueError`` for a pattern
    that is absolute or holds ``..``, ``OSError`` for a file that can't be read.
    """
    rules = [_rule(line) for pattern in patterns for line in pattern.splitlines() if _is_rule(line)]
    total = hashlib.sha256()
    matched = False
    root = directory.resolve()
    for parts in _files(root):
        if _included(rules, parts) and (file := _inside(root, parts)):
            matched = True
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest() if matched else ""


@frozen
class _Rule:
    """A pattern: its parts, ``None`` for ``**``, and whether it takes files out."""

    parts: tuple[re.Pattern[str] | None, ...]
    excludes: bool


def _is_rule(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _rule(line: str) -> _Rule:
    text = line.strip()
    bare = text.lstrip("!")
    excludes = (len(text) - len(bare)) % 2 == 1
    text = bare.strip()
    names = [name for name in text.split("/") if name not in ("", ".")]
    if text.startswith("/") or ".." in names or (os.name == "nt" and Path(text).is_absolute()):
        raise ValueError("a pattern has to stay in the workspace: no leading '/' and no '..'")
    parts = tuple(None if name == "**" else re.compile(fnmatch.translate(name.replace("[^", "[!"))) for name in names)
    return _Rule(parts, excludes)


def _files(root: Path) -> Iterator[tuple[str, ...]]:
    """The path of every file and link below a folder, as names, in order; links are not followed."""
    pending: list[tuple[str, ...]] = [()]
    while pending:
        folder = pending.pop()
        with os.scandir(root.joinpath(*folder)) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        pending.extend((*folder, entry.name) for entry in reversed(found))
        # A folder is replaced by what is in it when its turn comes, so that the order is that of the paths.
        while pending and not _is_folder(root.joinpath(*pending[-1])):
            yield pending.pop()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _included(rules: Iterable[_Rule], names: tuple[str, ...]) -> bool:
    """What the last pattern that matches says."""
    included = False
    for rule in rules:
        if included is rule.excludes and _matches(rule.parts, names):
            included = not rule.excludes
    return included


def _matches(parts: tuple[re.Pattern[str] | None, ...], names: tuple[str, ...]) -> bool:
    """Whether the pattern matches the path or a folder on its way."""
    if not parts:
        return True
    # The positions in the pattern that the names so far can have led to.
    reached = _closure({0}, parts)
    for name in names:
        if len(parts) in reached and parts[-1] is not None:
            return True
        following = set()
        for position in reached:
            if position == len(parts):
                continue
            part = parts[position]
            if part is None:
                following.add(position)
            elif part.match(name):
                following.add(position + 1)
        reached = _closure(following, parts)
    return len(parts) in reached


def _closure(positions: set[int], parts: tuple[re.Pattern[str] | None, ...]) -> set[int]:
    """The positions, and those behind a ``**``, which may match nothing."""
    closed = set(positions)
    for position in sorted(positions):
        following = position
        while following < len(parts) and parts[following] is None:
            following += 1
            closed.add(following)
    return closed


def _inside(root: Path, names: tuple[str, ...]) -> Path | None:
    """The regular file of a path, a link resolved, if it stands in the root."""
    path = Path(os.path.realpath(root.joinpath(*names)))
    return path if path.is_file() and path.is_relative_to(root) else None
