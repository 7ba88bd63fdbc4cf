"""Whole files with the whole report beside them: what a user reads, for ever more mistakes.

`tests/data/err/NAME.yaml` (`.yml`, `.json`) is wrong, and `NAME.yaml.txt` says how; `tests/data/ok` has nothing wrong.
A file whose name begins with `action-` is checked as an action file. `tests/data/actions/NAME.yaml` is the action
`acme/NAME@v1`. `pytest tests/test_golden.py --update-golden` writes the reports anew, to be reviewed by eye.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.display import diagnostic_text
from datatorch_pipelines.resolvers import MappingResolver
from datatorch_pipelines.runtimes import named_file
from datatorch_pipelines.syntax import decode_text

DATA = Path(__file__).parent / "data"


def _files(folder: str) -> list[Path]:
    return sorted(path for path in (DATA / folder).iterdir() if path.suffix in (".yaml", ".yml", ".json"))


BAD = _files("err")
GOOD = _files("ok")
every_bad_file = pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
every_good_file = pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)


@pytest.fixture(scope="session")
def actions(tmp_path_factory: pytest.TempPathFactory) -> MappingResolver:
    """The actions of `tests/data/actions`, each in a folder of its own, as `acme/NAME@v1`."""
    folders = {}
    for file in sorted((DATA / "actions").glob("*.yaml")):
        folder = tmp_path_factory.mktemp(file.stem)
        shutil.copy(file, folder / "action-datatorch.yaml")
        named = named_file(dtp.load_action(folder).runs)
        if named is not None:
            (folder / named[1]).touch()
        folders[f"acme/{file.stem}@v1"] = folder
    # What is beside the files, or above them, is not part of their reports.
    folders |= dict.fromkeys(("./b", "../../../etc"), folders["acme/none@v1"])
    return MappingResolver(folders)


def _source(path: Path) -> tuple[str, str]:
    """The name that a file is checked under, and its text, with line ends as they are."""
    name = f"action-datatorch{path.suffix}" if path.name.startswith("action-") else path.name
    return name, decode_text(path.read_bytes(), name)


def _report(path: Path, actions: MappingResolver) -> list[Diagnostic]:
    try:
        name, text = _source(path)
    except dtp.PipelineSyntaxError as error:
        return list(error.diagnostics)
    return dtp.check_text(text, filename=name, resolvers=[actions])


def _as_text(path: Path, report: list[Diagnostic]) -> str:
    """The report as people get it, and where each range ends that goes on in another line."""
    try:
        sources = dict([_source(path)])
    except dtp.PipelineSyntaxError:
        sources = {}
    parts = []
    for item in report:
        parts.append(diagnostic_text([item], sources))
        if item.end_line != item.line:
            parts.append(f"  [to {item.end_line}:{item.end_column}]\n")
    return "".join(parts)


@every_bad_file
def test_a_wrong_file_gives_exactly_its_report(
    path: Path, actions: MappingResolver, pytestconfig: pytest.Config
) -> None:
    text = _as_text(path, _report(path, actions))
    assert text, "nothing is wrong with it"
    expected = path.with_name(f"{path.name}.txt")
    if pytestconfig.getoption("--update-golden"):
        expected.write_text(text, encoding="utf-8")
    assert expected.exists(), "run pytest with --update-golden, and read what it writes"
    assert text == expected.read_text(encoding="utf-8")


@every_bad_file
def test_the_slower_parser_tells_the_same(
    path: Path, actions: MappingResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _report(path, actions)
    monkeypatch.setattr("datatorch_pipelines.syntax.yaml_reader.HAS_FAST_PARSER", False)
    assert _report(path, actions) == expected


@every_good_file
def test_a_right_file_gives_no_report(path: Path, actions: MappingResolver) -> None:
    assert _as_text(path, _report(path, actions)) == ""


@every_bad_file
def test_a_diagnostic_is_one_printable_line_with_a_known_code_and_a_range(path: Path, actions: MappingResolver) -> None:
    for item in _report(path, actions):
        assert str(item).isprintable()
        assert all(related.message.isprintable() for related in item.related)
        assert item.code in set(Code)
        assert item.fix is None or item.fix.title.isprintable()
        assert (item.line, item.column) < (item.end_line, item.end_column) or _nothing_is_there(path, item)


def _nothing_is_there(path: Path, item: Diagnostic) -> bool:
    """Whether the diagnostic is about something that has no characters: an empty value, or a file without content."""
    if item.code == Code.EMPTY:
        return True
    line = re.split(r"\r\n|\r|\n", _source(path)[1])[item.line - 1]
    return not line[item.column - 1 :].strip()


NOT_IN_ONE_FILE = {
    Code.UNREADABLE: "a file that can't be opened: tests/syntax/test_text_files.py",
    Code.BAD_EXTENSION: "a file of another name: tests/syntax/test_text_files.py",
    Code.INTERNAL: "a defect of the library: tests/checking",
    Code.NO_RUNNER: "told when a run is planned: tests/engine",
    Code.DUPLICATE_PIPELINE: "two files: tests/checking",
    Code.BROKEN_CHECK: "a check of somebody else: tests/checks",
    Code.NO_TRIGGER: "told when a run is planned: tests/engine",
    Code.WRONG_EVENT: "told when a run is planned: tests/engine",
    Code.EVALUATION: "a run's data: tests/expressions",
    Code.UNRESOLVED: "a server, or the store: tests/checking",
    Code.BAD_ACTION: "an action's own file, which is another one: tests/checking",
    Code.ACTION_WARNING: "a server: tests/checking",
    Code.CANNOT_RUN: "told when a run is planned: tests/engine",
    Code.NOT_IN_LOCK: "a lock file, which is another one: tests/resolvers",
    Code.LOCK_DIFFERS: "a lock file, which is another one: tests/resolvers",
    Code.MISSING_SECRET: "told when a run is begun: tests/engine",
    Code.NOT_KEPT: "told while a step runs: tests/engine",
    Code.NOT_PORTABLE: "only looked for where settings enable it: tests/checking",
}
"""Codes that no golden file can show, and where they are shown."""


def test_each_code_that_a_file_can_show_is_in_a_golden_file() -> None:
    reports = "".join(path.read_text(encoding="utf-8") for path in (DATA / "err").glob("*.txt"))
    shown = set(re.findall(r"\[(DT\d+)\]$", reports, re.MULTILINE))
    assert sorted(set(map(str, Code)) - shown) == sorted(map(str, NOT_IN_ONE_FILE))


def test_the_golden_files_hold_more_than_150_errors_that_differ() -> None:
    reports = "".join(path.read_text(encoding="utf-8") for path in (DATA / "err").glob("*.txt"))
    messages = set(re.findall(r"^\S+?:\d+:\d+: error: (.*)$", reports, re.MULTILINE))
    assert len(messages) > 150


def test_each_report_belongs_to_a_file() -> None:
    reports = {path.name.removesuffix(".txt") for path in (DATA / "err").glob("*.txt")}
    assert reports == {path.name for path in BAD}
