"""The kit itself: what an author sees of it. (All its tests are held against broken resolvers in tests/integration.)"""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import kit_of_broken_resolvers as broken
import pytest
from kit_outcomes import Outcomes, failed, kit_outcomes

from datatorch_pipelines.testing import ResolverConformance

KINDS = ("TestWrongDigest", "TestKeyErrorForMissing", "TestPrints", "TestLeavesATask")
KIT = {name: value for name, value in inspect.getmembers(ResolverConformance) if name.startswith("test_")}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    folder = tmp_path_factory.mktemp("kit")
    return kit_outcomes(Path(broken.__file__), folder / "report.xml", ["-k", " or ".join(KINDS)])


@pytest.mark.parametrize("name", KINDS)
def test_what_fails_is_what_is_wrong(name: str, outcomes: Outcomes) -> None:
    assert failed(outcomes[name]) == getattr(broken, name).FAILS


def test_a_failure_says_what_to_do(outcomes: Outcomes) -> None:
    told = {
        name: message for kind in KINDS for name, message in outcomes[kind].items() if name in failed(outcomes[kind])
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


def test_each_test_says_which_rule_it_holds_and_is_named_by_a_sentence() -> None:
    assert len(KIT) >= 25
    for name, test in KIT.items():
        assert inspect.getdoc(test), name
        assert name.count("_") >= 3, name


def test_a_fixture_that_is_needed_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "test_mine.py"
    file.write_text(
        "from datatorch_pipelines import LocalResolver\n"
        "from datatorch_pipelines.testing import ResolverConformance\n"
        "import pytest\n"
        "class TestMine(ResolverConformance):\n"
        "    resolver = pytest.fixture(lambda self: LocalResolver())\n"
    )
    outcomes = kit_outcomes(file, tmp_path / "report.xml", ["-k", "test_what_it_has_matches"])
    assert outcomes["TestMine"] == {
        "test_what_it_has_matches": (
            "failed on setup with \"Failed: the kit needs a fixture 'known' of your class: a reference to an action "
            'that the resolver has"'
        )
    }


def test_without_pytest_it_says_how_to_get_it() -> None:
    program = (
        "import sys\n"
        "sys.modules['pytest'] = None\n"
        "try:\n"
        "    import datatorch_pipelines.testing\n"
        "except ImportError as error:\n"
        "    print(error, error.name, error.__suppress_context__)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (
        "datatorch_pipelines.testing needs pytest; get it by: pip install pytest pytest True\n",
        "",
    )
