"""What ``actions list``, ``verify`` and ``prune`` do: the store of fetched actions, looked at and cleaned."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from datatorch_pipelines.cli.console import STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import FAILED, SUCCEEDED, complain, result_status
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.reports import counted
from datatorch_pipelines.display.sizes import size_text
from datatorch_pipelines.display.stored import damaged_json, damaged_text, stored_json, stored_line, stored_text
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.resolvers import DamagedAction, Store


def list_actions(*, as_json: bool) -> int:
    """Prints what is in the store; gives the exit status."""
    return _with_store(lambda store, output: _list(store, output, as_json=as_json))


def verify_actions(*, remove: bool, as_json: bool) -> int:
    """Prints what in the store is damaged, and removes it where that is wanted; gives the exit status."""
    return _with_store(lambda store, output: _verify(store, output, remove=remove, as_json=as_json))


def prune_actions(older_than: timedelta, *, dry_run: bool) -> int:
    """Deletes what was last used longer ago, and prints it; gives the exit status."""
    return _with_store(lambda store, output: _prune(store, output, older_than, dry_run=dry_run))


def _with_store(work: Callable[[Store, Output], int]) -> int:
    output = Output(STDOUT)
    try:
        status = work(Store(), output)
    except PipelinesError as error:
        complain(one_line(str(error)))
        return FAILED
    return result_status(output, status)


def _list(store: Store, output: Output, *, as_json: bool) -> int:
    actions, size = store.entries(), store.size()
    if as_json:
        output.json(stored_json(actions, store.root, size))
    else:
        palette = Palette(wants_colours(STDOUT, os.environ), output.encoding)
        output.text(stored_text(actions, store.root, size, palette=palette))
    return SUCCEEDED


def _verify(store: Store, output: Output, *, remove: bool, as_json: bool) -> int:
    damaged = store.verify(remove=remove)
    broken = {item.directory for item in damaged}
    whole = sum(action.directory not in broken for action in store.entries())
    if as_json:
        output.json(damaged_json(damaged, whole, store.root))
    else:
        for item in damaged:
            output.text(f"{damaged_text(item, removing=remove)}\n")
        output.text(f"{_verdict(whole, damaged, store)}\n")
    return SUCCEEDED if all(item.removed for item in damaged) else FAILED


def _verdict(whole: int, damaged: Sequence[DamagedAction], store: Store) -> str:
    if not whole and not damaged:
        return f"no actions in {one_line(str(store.root))}"
    removed = sum(item.removed for item in damaged)
    left = len(damaged) - removed
    others = [f"{left} damaged"] * bool(left) + [f"{removed} removed"] * bool(removed)
    return ", ".join([f"{counted(whole, 'action')} {'is' if whole == 1 else 'are'} whole", *others])


def _prune(store: Store, output: Output, older_than: timedelta, *, dry_run: bool) -> int:
    before = store.size()
    gone = store.prune(older_than=older_than, dry_run=dry_run)
    freed = sum(action.size for action in gone) if dry_run else max(0, before - store.size())
    for action in gone:
        output.text(f"{'would delete' if dry_run else 'deleted'} {stored_line(action)}\n")
    limit = datetime.now(UTC) - older_than
    deleted = {action.directory for action in gone}
    for action in store.entries():
        if action.used <= limit and action.directory not in deleted:  # what nobody can know of, is kept for a day
            why = "a run uses it" if action.in_use else "a run may use it, which can't be known here now"
            output.text(f"kept {stored_line(action)}: {why}\n")
    if not gone and not freed:
        output.text("nothing to delete\n")
    elif dry_run:
        output.text(f"would delete {counted(len(gone), 'action')}, {size_text(freed)}\n")
    else:
        output.text(f"deleted {counted(len(gone), 'action')}; {size_text(freed)} came free\n")
    return SUCCEEDED
