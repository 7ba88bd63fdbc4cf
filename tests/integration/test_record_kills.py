"""As `tests/records/test_killed_runs.py`, at every write to a record, and many times at random."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.support.killed_hosts import Nursery, finish, stood

pytestmark = pytest.mark.integration

KILLS = 150


@pytest.mark.parametrize("half", [False, True])
def test_a_run_goes_on_whichever_write_its_host_was_killed_in(half: bool, tmp_path: Path) -> None:
    with Nursery() as nursery:
        for at in range(1, 200):
            home = tmp_path / f"at{at}"
            status = nursery.send(home, at=at, half=half)
            before = stood(home)
            assert (before is None) == (at == 1)
            if before is not None:
                finish(home, before)
            if status == 0:  # there were no more writes than that
                assert at > 30
                return
    raise AssertionError("the run never came to its end")


def test_a_run_goes_on_whenever_its_host_was_killed_and_killed_again(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILLS_SEED", "1"))
    chosen = random.Random(seed)
    with Nursery() as nursery:
        for number in range(KILLS // 3):
            home = tmp_path / str(number)
            nursery.send(home, after=chosen.uniform(0.01, 0.6))
            for _ in range(2):
                before = stood(home)
                if before is None:
                    break
                nursery.send(home, resume=True, after=chosen.uniform(0.01, 0.4))
                now = stood(home)
                assert now is not None
                assert before <= now, seed
            if (before := stood(home)) is not None:
                finish(home, before)
