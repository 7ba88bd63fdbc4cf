"""A host that is killed at any instant: its record opens, and the run goes on where it was."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from tests.support.killed_hosts import Nursery, finish, stood

_SEED = 5
_WRITES = 44
"""About how many writes to its record the run makes."""


def test_a_run_whose_host_is_killed_in_a_write_to_its_record_goes_on(tmp_path: Path) -> None:
    chosen = random.Random(_SEED)
    moments = [(1, True), (1, False), *((chosen.randint(2, _WRITES), half) for half in (True, False) * 11)]
    killed = 0
    with Nursery() as nursery:
        for number, (at, half) in enumerate(moments):
            home = tmp_path / f"at{number}"
            status = nursery.send(home, at=at, half=half)
            killed += status == -9
            before = stood(home)
            if before is None:
                assert at == 1
                continue
            finish(home, before)
    assert killed >= len(moments) // 2


def test_a_run_whose_host_is_killed_at_some_time_goes_on(tmp_path: Path) -> None:
    chosen = random.Random(_SEED)
    with Nursery() as nursery:
        for number in range(6):
            home = tmp_path / f"after{number}"
            nursery.send(home, after=chosen.uniform(0.02, 0.5))
            before = stood(home)
            if before is not None:
                finish(home, before)


def test_a_run_that_is_killed_again_and_again_comes_to_its_end(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Nursery() as nursery:
        assert nursery.send(home, at=9, half=True) == -9
        known = stood(home)
        assert known is not None
        for at in (2, 5, 9, 12):
            nursery.send(home, resume=True, at=at, half=at % 2 == 0)
            now = stood(home)
            assert now is not None
            assert known <= now
            known = now
    finish(home, known)


def test_what_a_run_began_that_was_killed_before_its_first_event_is_swept_when_it_is_old(
    tmp_path: Path,
) -> None:
    with Nursery() as nursery:
        assert nursery.send(tmp_path, at=1, half=True) == -9
    (folder,) = (tmp_path / "runs").iterdir()
    with pytest.raises(dtp.RecordError) as raised:
        dtp.resume(folder)
    assert str(raised.value) == f"the run in {str(folder)!r} never began; run its pipeline again"
    assert dtp.prune_runs(keep=0, directory=tmp_path / "runs") == []
    assert folder.exists()  # it may be about to begin
    old = folder.with_name("20200101-000000-0123abcd")
    folder.rename(old)
    assert dtp.prune_runs(keep=0, directory=tmp_path / "runs") == []
    assert not old.exists()
