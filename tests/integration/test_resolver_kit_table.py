"""The kit is worth something: each of many resolvers that are wrong in one way fails just the test that names it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "testing" / "broken"))

import kit_of_broken_resolvers as broken
from kit_outcomes import Outcomes, failed, kit_outcomes

pytestmark = pytest.mark.integration
TOLD = ("TestWrongDigest", "TestKeyErrorForMissing", "TestPrints", "TestLeavesATask")
KINDS = {name: kind for name, kind in vars(broken).items() if name.startswith("Test")}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return kit_outcomes(Path(broken.__file__), tmp_path_factory.mktemp("kit") / "report.xml")


def test_a_resolver_that_hangs_fails_one_test_and_says_where(tmp_path: Path) -> None:
    file = tmp_path / "test_hanging.py"
    file.write_text(
        "import threading, pytest\n"
        "from kit_of_broken_resolvers import Good, _Kit\n"
        "class Hangs(Good):\n"
        "    async def resolve(self, reference, context):\n"
        "        threading.Event().wait()\n"
        "class TestHangs(_Kit):\n"
        "    patience = 0.2\n"
        "    Broken = Hangs\n"
    )
    outcomes = kit_outcomes(file, tmp_path / "report.xml", ["-o", f"pythonpath={Path(broken.__file__).parent}"])
    [name] = failed(outcomes["TestHangs"])
    message = outcomes["TestHangs"][name]
    assert "nothing came back within 0.2 seconds; it is in wait, line " in message
    assert message.endswith("Use time-outs, and don't block the event loop")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_broken_resolver_fails_the_test_that_names_its_fault_and_no_other(name: str, outcomes: Outcomes) -> None:
    assert failed(outcomes[name]) == KINDS[name].FAILS


def test_every_test_of_the_kit_is_failed_by_some_resolver() -> None:
    tests = {name for name in dir(broken.ResolverConformance) if name.startswith("test_")}
    assert tests - {name for kind in KINDS.values() for name in kind.FAILS} == {
        # Whoever fails these fails others with them.
        "test_threads_with_a_loop_each_get_the_same",
        "test_one_loop_after_another_gets_the_same",
        "test_a_chain_goes_on_behind_what_is_missing",
    }


def test_a_failure_says_what_to_do(outcomes: Outcomes) -> None:
    told = {
        name: message for kind in TOLD for name, message in outcomes[kind].items() if name in failed(outcomes[kind])
    }
    digest = told.pop("test_the_digest_is_that_of_the_files")
    assert digest.startswith(f"AssertionError: the digest is '{'0' * 64}', and that of the files is '")
    assert digest.endswith(
        "': give tree_digest(directory) of datatorch_pipelines.resolvers, or the digest of the store's entry"
    )
    assert told == {
        "test_what_is_missing_is_not_found": (
            "AssertionError: for me/gone@v1, which it doesn't have, it raised KeyError: \"'me/gone'\": raise "
            "ActionNotFound of datatorch_pipelines.errors"
        ),
        "test_nothing_is_printed": (
            "AssertionError: it prints 'resolving me/add@v1\\nresolving me/gone@v1\\n': tell a person by context.warn, "
            "or a log by `logging`"
        ),
        "test_cancelling_leaves_nothing_that_goes_on": (
            told["test_cancelling_leaves_nothing_that_goes_on"]  # it holds the task's number
        ),
    }
    assert "goes on: end it before the cancellation passes" in told["test_cancelling_leaves_nothing_that_goes_on"]
