"""The kit is worth something: each of many runners that are wrong in one way fails just the tests that name it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "testing" / "broken"))

import kit_of_broken_commands
import kit_of_broken_ends
import kit_of_broken_places
import kit_of_broken_statuses
from kit_outcomes import Outcomes, failed, kit_outcomes

from datatorch_pipelines.testing import RunnerConformance

pytestmark = pytest.mark.integration
FILES = (kit_of_broken_statuses, kit_of_broken_commands, kit_of_broken_places, kit_of_broken_ends)
KINDS = {name: kind for file in FILES for name, kind in vars(file).items() if name.startswith("Test")}
AT_ONCE = ("-n", "4", "--dist", "loadscope")
"""They mostly wait."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    found: Outcomes = {}
    for file in FILES:
        path = Path(str(file.__file__))
        found |= kit_outcomes(path, tmp_path_factory.mktemp("kit") / "report.xml", AT_ONCE)
        # Beside others a runner may be late: what differs counts only where it does alone as well.
        for name in [name for name in found if name in vars(file) and failed(found[name]) != KINDS[name].FAILS]:
            found |= kit_outcomes(path, tmp_path_factory.mktemp("kit") / "report.xml", ("-k", name))
    return found


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_broken_runner_fails_the_tests_that_name_its_fault_and_no_other(name: str, outcomes: Outcomes) -> None:
    assert failed(outcomes[name]) == KINDS[name].FAILS


def test_every_test_of_the_kit_is_failed_by_some_runner() -> None:
    tests = {name for name in dir(RunnerConformance) if name.startswith("test_")}
    assert tests - {name for kind in KINDS.values() for name in kind.FAILS} == {
        # Whoever fails these fails others, which name the fault; then these are skipped.
        "test_a_step_that_fails_says_by_which_status",
        "test_a_step_that_takes_too_long_is_ended",
        "test_an_action_finds_its_own_files",
        "test_steps_that_always_run_do_so_after_a_cancellation",
        "test_a_secret_is_masked_in_all_that_is_recorded",
    }


def test_a_failure_says_which_rule_is_broken_and_where_it_stands(outcomes: Outcomes) -> None:
    told = outcomes["TestMixesStreams"]["test_what_is_written_to_stderr_arrives_as_stderr"]
    assert told == (
        "AssertionError: a command writes a line to its standard error, and context.log gets b'hello\\n' for stdout "
        "and b'' for stderr: keep the two apart (docs/reference/runners.md#output)"
    )
    told = outcomes["TestIgnoresCancellation"]["test_cancelling_ends_execute"]
    assert told == (
        "AssertionError: execute is cancelled, and goes on: end the command and let the cancellation pass "
        "(docs/reference/runners.md#cancelling)"
    )


def test_what_another_test_names_is_skipped_and_says_which(outcomes: Outcomes) -> None:
    of_broken = outcomes["TestMixesStreams"]
    assert of_broken["test_each_stream_keeps_its_order"] == "skipped"
    assert list(of_broken.values()).count("passed") > 60
