"""Records that are deleted: which, with what, and what stays."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines._files import remove_tree
from datatorch_pipelines.records import deleting, encoding
from datatorch_pipelines.results import RunFinished, RunStarted

NOW = datetime(2026, 3, 31, tzinfo=UTC)


def _record(root: Path, day: int, *, ended: bool = True) -> str:
    """A run of a day of March, with a log and an artifact."""
    moment = datetime(2026, 3, day, tzinfo=UTC)
    name = f"{moment:%Y%m%d-%H%M%S}-0000000{day % 10}"
    folder = root / name
    for file in ("logs/a/001-s.log", "artifacts/a/001-s/x.png"):
        (folder / file).parent.mkdir(parents=True)
        (folder / file).write_text("x")
    time = moment.timestamp()
    events = [RunStarted(time=time, run_id=name, pipeline="P", jobs=("a",))]
    lines = [encoding.encode_event(event) for event in events]
    lines += [encoding.encode_event(RunFinished(time=time + 1, status=dtp.Status.SUCCEEDED))] if ended else []
    (folder / "events.jsonl").write_bytes(b"".join(lines))
    return name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Runs of the days 1 to 5 of March; the last was interrupted."""
    for day in range(1, 6):
        _record(tmp_path, day, ended=day < 5)
    return tmp_path


def _days(runs: list[dtp.RunSummary]) -> list[int]:
    return [run.started.day for run in runs]


@pytest.mark.parametrize(
    ("older_than", "keep", "gone"),
    [
        (timedelta(days=28), None, [3, 2, 1]),
        (timedelta(), None, [5, 4, 3, 2, 1]),
        (timedelta(days=31), None, []),
        (timedelta.max, None, []),
        (None, 2, [3, 2, 1]),
        (None, 0, [5, 4, 3, 2, 1]),
        (None, 9, []),
        (timedelta(days=29), 1, [2, 1]),
        (timedelta(days=27), 3, [2, 1]),
    ],
)
def test_runs_that_are_old_enough_and_not_among_the_newest_are_deleted(
    older_than: timedelta | None, keep: int | None, gone: list[int], root: Path
) -> None:
    how = {"older_than": older_than, "keep": keep, "directory": root, "now": NOW}
    assert _days(dtp.prune_runs(dry_run=True, **how)) == gone  # type: ignore[arg-type]
    assert _days(dtp.runs(root)) == [5, 4, 3, 2, 1]
    assert _days(dtp.prune_runs(**how)) == gone  # type: ignore[arg-type]
    left = [day for day in (5, 4, 3, 2, 1) if day not in gone]
    assert _days(dtp.runs(root)) == left
    assert len(list(root.iterdir())) == len(left)  # logs and artifacts went, too


def test_a_run_that_goes_on_is_not_deleted(root: Path) -> None:
    handle = dtp.loads("name: P\njobs: {a: {steps: [{run: echo go; sleep 60}]}}").start(directory=root)
    try:
        next(event for event in handle if event.type == "log")
        assert _days(dtp.prune_runs(keep=0, directory=root)) == [5, 4, 3, 2, 1]
        assert [run.id for run in dtp.runs(root)] == [handle.run_id]
    finally:
        handle.cancel()
        result = handle.wait(30)
    assert [run.id for run in dtp.prune_runs(keep=0, directory=root)] == [result.id]
    assert list(root.iterdir()) == []


def test_what_is_no_run_is_left_alone_and_what_a_deletion_left_is_swept(root: Path) -> None:
    others = ("notes", ".git", ".notes.deleted", "20260301-000000-zzzz")
    for name in others:
        (root / name).mkdir()
    (root / "20260301.txt").write_text("x")
    (root / "link").symlink_to(root / "notes")
    (root / ".20260301-000000-00000009.deleted" / "logs").mkdir(parents=True)
    (root / "20260301-000000-00000008").mkdir()
    (root / "20269901-000000-00000008").mkdir()
    assert _days(dtp.prune_runs(keep=0, directory=root)) == [5, 4, 3, 2, 1]
    assert sorted(path.name for path in root.iterdir()) == sorted(
        [*others, "20260301.txt", "link", "20269901-000000-00000008"]
    )


def test_a_record_that_cant_be_read_is_left_alone(root: Path) -> None:
    folder = root / "20260301-000000-00000001"
    (folder / "events.jsonl").write_bytes(b"garbage\n")
    assert _days(dtp.prune_runs(keep=0, directory=root)) == [5, 4, 3, 2]
    assert [path.name for path in root.iterdir()] == [folder.name]


def test_who_prunes_says_what(root: Path) -> None:
    for how, told in (
        ({}, "which runs are to be deleted is not said; give older_than or keep"),
        ({"keep": -1}, "keep is -1; give a whole number from 0 on"),
        ({"older_than": timedelta(days=-1)}, "older_than is -1 day, 0:00:00; give a duration from 0 on"),
        (
            {"keep": 1, "now": datetime(2026, 1, 1)},  # noqa: DTZ001  # that is what is refused
            "now is 2026-01-01 00:00:00, which is in no time zone; give it one, as datetime.now(UTC) has it",
        ),
    ):
        with pytest.raises(dtp.PipelinesError) as raised:
            dtp.prune_runs(directory=root, **how)  # type: ignore[arg-type]
        assert str(raised.value) == told
    assert len(dtp.runs(root)) == 5
    assert dtp.prune_runs(keep=0, directory=root / "nothing") == []


def test_what_can_not_be_deleted_keeps_nothing_else_from_being_deleted(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = {".20260301-000000-00000009.deleted", ".20260303-000000-00000003.deleted"}
    (root / ".20260301-000000-00000009.deleted").mkdir()

    def remove(path: Path) -> None:
        if path.name in stuck:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        remove_tree(path)

    monkeypatch.setattr(deleting, "remove_tree", remove)
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.prune_runs(keep=0, directory=root)
    assert str(raised.value) == (
        f"the run in {str(root / '.20260301-000000-00000009.deleted')!r} can't be deleted: Operation not permitted; "
        "1 more can't be either; 4 were deleted"
    )
    assert {path.name for path in root.iterdir()} == stuck
    monkeypatch.undo()
    assert dtp.prune_runs(keep=0, directory=root) == []
    assert list(root.iterdir()) == []
