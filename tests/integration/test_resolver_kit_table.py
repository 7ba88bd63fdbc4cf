"""The kit is worth something: each of many resolvers that are wrong in one way fails just the test that names it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "testing" / "broken"))

import kit_of_broken_resolvers as broken
from kit_outcomes import Outcomes, failed, kit_outcomes

pytestmark = pytest.mark.integration
KINDS = {name: kind for name, kind in vars(broken).items() if name.startswith("Test")}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return kit_outcomes(Path(broken.__file__), tmp_path_factory.mktemp("kit") / "report.xml")


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
