"""The kit itself: what an author sees of it. (All its tests are held against broken resolvers in tests/integration.)"""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

from kit_outcomes import kit_outcomes

from datatorch_pipelines.testing import ResolverConformance

KIT = {name: value for name, value in inspect.getmembers(ResolverConformance) if name.startswith("test_")}


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
