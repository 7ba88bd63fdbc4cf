"""Which names a stranger's files may have: those that mean one file, the same on every system."""

from __future__ import annotations

import os
import re
import unicodedata

from datatorch_pipelines.errors import ActionRefused

# HFS+ drops these from names, so that ".g\u200cit" is ".git" there.
_IGNORED = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF])
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:[. :].*)?")
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_GIT = (".git", "git~1")
_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 1000
"""Below what any system takes with the store's own folder before it, and what a reader can take in."""
_SHOWN_CHARACTERS = 100


def check_name(name: str, path: str) -> None:
    """Refuses a name that is a path, means git's own folder on some system, or is a device.

    ``path`` is the whole path of which ``name`` is the last part. Raises `ActionRefused`.

    >>> check_name("action.py", "action.py")
    >>> check_name("..", "a/..")
    Traceback (most recent call last):
        ...
    datatorch_pipelines.errors.ActionRefused: the file name 'a/..' is not allowed: it is a path
    """
    wrong = _what_is_wrong(name, path)
    if wrong is not None:
        raise ActionRefused(f"the file name {shown(path)} is not allowed: {wrong}")


def folded(name: str) -> str:
    """What two names share when some file system takes them for one.

    >>> folded("README") == folded("readme")
    True
    """
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name.translate(_IGNORED)).casefold())


def shown(path: str) -> str:
    """A stranger's path for a message: quoted, in ASCII, not too long."""
    return ascii(path if len(path) <= _SHOWN_CHARACTERS else path[: _SHOWN_CHARACTERS - 3] + "...")


def _what_is_wrong(name: str, path: str) -> str | None:
    if not name:
        return "it is empty"
    if name in (".", "..") or "/" in name or "\\" in name:
        return "it is a path"
    if _CONTROL.search(name):
        return "it holds a control character"
    if len(os.fsencode(name)) > _MAX_NAME_BYTES:
        return f"it is longer than {_MAX_NAME_BYTES} bytes"
    if len(os.fsencode(path)) > _MAX_PATH_BYTES:
        return f"its path is longer than {_MAX_PATH_BYTES} bytes"
    if name.translate(_IGNORED).split(":", 1)[0].rstrip(". ").casefold() in _GIT:
        return "it is git's own folder on some systems"
    if _DEVICE.fullmatch(name):
        return "it is a device on Windows"
    return "it begins with a drive on Windows" if _DRIVE.match(name) else None
