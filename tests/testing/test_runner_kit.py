"""The kit of runners itself: what an author sees of it. (All its tests are held against broken runners in
tests/integration.)
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from pathlib import Path

from kit_outcomes import ROOT, failed, kit_outcomes

from datatorch_pipelines.testing import RunnerConformance

KIT = {name: value for name, value in inspect.getmembers(RunnerConformance) if name.startswith("test_")}
FILES = sorted((ROOT / "datatorch_pipelines" / "testing" / "runners").glob("*.py"))


def outcomes_of(folder: Path, runner: str, tests: str, *more: str) -> dict[str, str]:
    """How some tests of the kit end for a runner, whose class is given as text."""
    file = folder / "test_mine.py"
    file.write_text(
        "import asyncio, os, threading, pytest\n"
        "from datatorch_pipelines.runners import LocalRunner\n"
        "from datatorch_pipelines.testing import RunnerConformance\n"
        + textwrap.dedent(runner)
        + "class TestMine(RunnerConformance):\n"
        + "".join(f"    {line}\n" for line in ("runner = pytest.fixture(lambda self: Mine())", *more))
    )
    return kit_outcomes(file, folder / "report.xml", ["-k", tests])["TestMine"]


def test_each_test_says_which_rule_it_holds_and_is_named_by_a_sentence() -> None:
    assert len(KIT) >= 90
    for name, test in KIT.items():
        assert inspect.getdoc(test), name
        assert name.count("_") >= 3, name


def test_every_rule_that_a_message_points_to_stands_in_the_reference() -> None:
    page = (ROOT / "docs" / "reference" / "runners.md").read_text()
    anchors = {line.removeprefix("## ").lower().replace(" ", "-") for line in re.findall(r"^## .*", page, re.MULTILINE)}
    named = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("obey", "Blamed"):
                section = node.args[2]
                if isinstance(section, ast.Constant) and section.value:
                    named.add(section.value)
    assert len(named) >= 10
    assert named <= anchors


def test_each_rule_is_named_by_a_test_that_there_is() -> None:
    named = {name for file in FILES for name in re.findall(r'Rule\(\s*"(\w+)"', file.read_text())}
    assert len(named) >= 30
    assert named <= KIT.keys()


def test_a_fixture_that_is_needed_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "test_mine.py"
    file.write_text(
        "from datatorch_pipelines.testing import RunnerConformance\nclass TestMine(RunnerConformance):\n    pass\n"
    )
    outcomes = kit_outcomes(file, tmp_path / "report.xml", ["-k", "test_it_is_a_runner"])
    assert outcomes["TestMine"] == {
        "test_it_is_a_runner": (
            "failed on setup with \"Failed: the kit needs a fixture 'runner' of your class: the runner, each time a "
            'new one that is not open yet"'
        )
    }


def test_a_runner_that_blocks_for_ever_fails_one_test_and_says_where(tmp_path: Path) -> None:
    runner = """
        class Mine(LocalRunner):
            async def execute(self, command, context):
                threading.Event().wait()
    """
    tests = "test_a_command_that_succeeds_gives_0"
    outcomes = outcomes_of(tmp_path, runner, tests, "patience = 0.2")
    assert failed(outcomes) == {tests}
    assert re.search(r"nothing came back within [\d.]+ seconds; it is in wait, line \d+ of ", outcomes[tests])


def test_a_runner_that_waits_for_ever_fails_one_test_and_the_others_see_to_that(tmp_path: Path) -> None:
    runner = """
        class Mine(LocalRunner):
            async def execute(self, command, context):
                await asyncio.Event().wait()
    """
    tests = "succeeds_gives_0 or exit_status_is_given or stdout_arrives or in_the_background or a_secret_is_masked"
    outcomes = outcomes_of(tmp_path, runner, tests, "patience = 0.2")
    assert len(outcomes) == 7
    assert failed(outcomes) == {"test_a_command_that_succeeds_gives_0"}
    message = outcomes["test_a_command_that_succeeds_gives_0"]
    assert "nothing came back within 0.2 seconds" in message


def test_what_a_class_says_that_its_place_lacks_is_looked_at(tmp_path: Path) -> None:
    tests = "name_a_python or action_in_python or signal_is_given"
    facts = ("has_python = False", "tells_signals = False")
    outcomes = outcomes_of(tmp_path, "class Mine(LocalRunner): pass\n", tests, *facts)
    assert failed(outcomes) == {
        "test_the_facts_name_a_python_that_runs",
        "test_a_signal_is_given_as_its_negative_number",
    }
    assert outcomes["test_an_action_in_python_runs"] == "skipped"
    assert outcomes["test_a_signal_is_given_as_its_negative_number"] == (
        "AssertionError: for what SIGKILL and SIGTERM ended execute gives [-9, -15]: tells_signals = False says 128 + "
        "N (docs/reference/runners.md#exit-statuses)"
    )


def test_a_broken_runner_is_told_its_fault_and_what_depends_on_that_is_skipped(tmp_path: Path) -> None:
    runner = """
        class Mine(LocalRunner):
            async def execute(self, command, context):
                await super().execute(command, context)
                return 0
    """
    tests = "succeeds_gives_0 or exit_status or fails_says_by_which"
    outcomes = outcomes_of(tmp_path, runner, tests)
    assert outcomes == {
        "test_a_command_that_succeeds_gives_0": "passed",
        "test_an_exit_status_is_given": (
            "AssertionError: for a command that exits with 3 execute gives 0: give the exit status as it is "
            "(docs/reference/runners.md#exit-statuses)"
        ),
        "test_all_exit_statuses_are_given_as_they_are": "skipped",
        "test_a_step_that_fails_says_by_which_status": "skipped",
    }


def test_a_class_may_have_several_runners_and_each_is_looked_at(tmp_path: Path) -> None:
    runner = """
        class Mine(LocalRunner):
            async def execute(self, command, context):
                return await super().execute(command, context) and 1
    """
    fixture = "runner = pytest.fixture(params=[Mine, LocalRunner], ids=['mine', 'right'])(lambda self, request: "
    fixture += "request.param())"
    outcomes = outcomes_of(tmp_path, runner, "exit_status_is_given or all_exit_statuses", fixture)
    assert failed(outcomes) == {"test_an_exit_status_is_given[mine]"}
    assert [name for name, outcome in outcomes.items() if outcome == "passed"] == [
        "test_an_exit_status_is_given[right]",
        "test_all_exit_statuses_are_given_as_they_are[right]",
    ]
