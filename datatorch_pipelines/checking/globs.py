"""Patterns of paths: parts divided by ``/``, ``**`` for any number of folders."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath


def glob_matches(glob: str, path: str) -> bool:
    """Whether a glob matches a whole path. ``*``, ``?`` and ``[a-z]`` stay within a part.

    >>> glob_matches("old/**/*.yaml", "old/a/b/p.yaml"), glob_matches("old/**/*.yaml", "old/p.yaml")
    (True, True)
    >>> glob_matches("*.yaml", "old/p.yaml"), glob_matches("old/**", "old/a/p.yaml")
    (False, True)
    """
    wanted, parts = _parts(glob), PurePosixPath(path).parts
    at = position = 0
    again: tuple[int, int] | None = None  # behind the last `**`: in the pattern, and how far it reaches in the path
    while position < len(parts):
        if at < len(wanted) and wanted[at] == "**":
            at += 1
            again = (at, position)
        elif at < len(wanted) and fnmatchcase(parts[position], wanted[at]):
            at, position = at + 1, position + 1
        elif again is not None:
            again = (again[0], again[1] + 1)
            at, position = again
        else:
            return False
    return all(part == "**" for part in wanted[at:])


def wrong_with_glob(glob: object) -> str | None:
    """What is wrong with a glob; ``None`` where all is well.

    >>> wrong_with_glob("/tmp/*.yaml")
    "the glob '/tmp/*.yaml' leads out of the folder"
    """
    if not isinstance(glob, str) or not glob.strip():
        return "a glob is a text such as 'old/**'"
    if glob.startswith("/") or ".." in _parts(glob):
        return f"the glob {glob!r} leads out of the folder"
    return None


def _parts(glob: str) -> tuple[str, ...]:
    return PurePosixPath(glob).parts
