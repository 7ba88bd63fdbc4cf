"""What the action store holds, as text for people and JSON for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.data import JSON_VERSION, dump_json
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.reports import counted
from datatorch_pipelines.display.sizes import size_text
from datatorch_pipelines.display.tables import table_text
from datatorch_pipelines.model.reference import hide_credentials
from datatorch_pipelines.resolvers.refs import is_full_commit
from datatorch_pipelines.resolvers.storage.stored import DamagedAction, StoredAction

_GITHUB = re.compile(r"https://github\.com/([^/]+/[^/]+?)(?:\.git)?/?")
_MOST_REFS = 3


def stored_text(actions: Sequence[StoredAction], store: Path, size: int, *, palette: Palette = PLAIN) -> str:
    """The store's actions, a line each, and a last line that says how many there are and where."""
    if not actions:
        return f"no actions in {one_line(str(store))}\n"
    rows = [
        (
            action_name(action.url),
            _refs(action.refs),
            short_commit(action.commit),
            str(action.files),
            size_text(action.size),
            day_text(action.used),
            "in use" if action.in_use else "",
        )
        for action in actions
    ]
    header = ("action", "tags, branches", "commit", "files", "size", "last used", "")
    shown = table_text(header, rows, right=(3, 4), palette=palette)
    return f"{shown}{counted(len(actions), 'action')}, {size_text(size)} in {one_line(str(store))}\n"


def stored_json(actions: Sequence[StoredAction], store: Path, size: int) -> str:
    """The object of ``actions list --json``."""
    shown = [
        {
            "url": action.url,
            "commit": action.commit,
            "refs": list(action.refs),
            "digest": action.digest,
            "directory": str(action.directory),
            "files": action.files,
            "size": action.size,
            "fetched": action.fetched.isoformat(),
            "used": action.used.isoformat(),
            "in_use": action.in_use,
        }
        for action in actions
    ]
    return dump_json({"version": JSON_VERSION, "store": str(store), "size": size, "actions": shown})


def damaged_text(damaged: DamagedAction, *, removing: bool = False) -> str:
    """What is wrong with an entry of the store, and what to do, on one line; ``removing`` says that it was tried."""
    name = f"{action_name(damaged.url)} {short_commit(damaged.commit)}" if damaged.url else str(damaged.directory)
    return one_line(f"{name}: {damaged.problem}{_what_to_do(damaged, removing=removing)}")


def _what_to_do(damaged: DamagedAction, *, removing: bool) -> str:
    if damaged.removed:
        return "; removed: it is fetched again when it is next asked for"
    if ";" in damaged.problem:  # that says it, or why nothing was done
        return ""
    if removing:
        return "; it could not be removed"
    return "; 'datatorch-pipelines actions verify --remove' has it fetched again"


def damaged_json(damaged: Sequence[DamagedAction], whole: int, store: Path) -> str:
    """The object of ``actions verify --json``."""
    shown = [
        {
            "url": item.url,
            "commit": item.commit,
            "directory": str(item.directory),
            "problem": item.problem,
            "removed": item.removed,
        }
        for item in damaged
    ]
    return dump_json({"version": JSON_VERSION, "store": str(store), "whole": whole, "damaged": shown})


def stored_line(action: StoredAction) -> str:
    """An action of the store on one line.

    >>> from datetime import UTC
    >>> day = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> stored_line(StoredAction(directory=Path(), url="https://github.com/me/add.git", commit="0" * 40, refs=("v1",),
    ...     digest="", files=2, size=100, fetched=day, used=day, in_use=False))
    'me/add 000000000000 (v1), 100 B, last used 2026-03-01'
    """
    refs = f" ({_refs(action.refs)})" if action.refs else ""
    name = f"{action_name(action.url)} {short_commit(action.commit)}{refs}"
    return one_line(f"{name}, {size_text(action.size)}, last used {day_text(action.used)}")


def action_name(url: str) -> str:
    """What people call the repository at a URL: ``owner/repo`` for one on GitHub, else the URL."""
    found = _GITHUB.fullmatch(url)
    return found[1] if found else hide_credentials(url)


def short_commit(commit: str) -> str:
    """The beginning of a commit's id; what is no commit's id, as a version of another resolver, stays."""
    return commit[:12] if is_full_commit(commit) else commit


def day_text(time: datetime) -> str:
    """The day of a time, where the reader is."""
    return time.astimezone().date().isoformat()


def _refs(refs: Sequence[str]) -> str:
    more = len(refs) - _MOST_REFS
    return ", ".join((*refs[:_MOST_REFS], *((f"{more} more",) if more > 0 else ())))
