"""Each code has a page that says what the code is, and the list of pages is that of the codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datatorch_pipelines.checks import CHECKS
from datatorch_pipelines.checks.known import warning_codes
from datatorch_pipelines.codes import Code

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "checks"
CODES = sorted(Code)
every_code = pytest.mark.parametrize("code", CODES, ids=lambda code: str(code.value))
WITHOUT_GOOD = {
    Code.UNREADABLE: "a file that is there",
    Code.BAD_EXTENSION: "any file of the other pages",
    Code.INTERNAL: "the defect is not the file's",
    Code.OVER_LIMIT: "the block shows it with other limits",
    Code.NO_RUNNER: "depends on what the run is given",
    Code.DUPLICATE_PIPELINE: "the console shows it",
    Code.NO_TRIGGER: "the console shows it",
    Code.WRONG_EVENT: "the console shows it",
    Code.EVALUATION: "depends on the run's data",
    Code.UNRESOLVED: "an action that is there",
    Code.BAD_ACTION: "a right action",
    Code.ACTION_WARNING: "depends on the server",
    Code.CANNOT_RUN: "another action",
    Code.NOT_IN_LOCK: "the console shows it",
    Code.LOCK_DIFFERS: "the console shows it",
    Code.MISSING_SECRET: "the console shows it",
    Code.NOT_PORTABLE: "the console shows it",
    Code.BROKEN_CHECK: "a check that is not broken",
}
"""Pages that need no example of what is right, and why."""


def _text(code: Code) -> str:
    return (FOLDER / f"{code.value}.md").read_text(encoding="utf-8")


def _said(text: str) -> str:
    """What a page says about its code's severity."""
    return text.split("\nSeverity: ")[1].split(".\n", maxsplit=1)[0]


def _severities(said: str) -> set[str]:
    return set(re.findall(r"\b(error|warning)\b", said))


def _seen(code: Code) -> set[str]:
    """The severities that the code has in the checks, in the golden files and on its page."""
    reports = [path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "data" / "err").glob("*.txt")]
    shown = rf": (error|warning): [^\n]* \[{code.value}\]"
    found = {severity for text in [*reports, _text(code)] for severity in re.findall(shown, text)}
    return found | {str(check.severity) for check in CHECKS if check.code == code}


def test_each_code_has_a_page_and_no_other_page_is_there() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.md")) == [*(str(code.value) for code in CODES), "index"]


@every_code
def test_a_page_begins_with_its_code_and_summary(code: Code) -> None:
    title, summary = _text(code).split("\n\n")[:2]
    assert title == f"# {code.value}: {code.name.lower().replace('_', ' ')}"
    assert summary == code.summary


@every_code
def test_a_page_says_how_grave_its_code_is(code: Code) -> None:
    said = _severities(_said(_text(code)))
    assert ("warning" in said) == (code in warning_codes())
    assert said >= _seen(code)
    assert said <= (_seen(code) or {"error"})


@every_code
def test_a_page_shows_what_is_wrong_and_what_is_right(code: Code) -> None:
    text = _text(code)
    assert "\n## Wrong\n" in text
    assert code.value in text.split("\n## Wrong\n")[1], "its report is not shown"
    assert ("<!-- good: " in text) or code in WITHOUT_GOOD


@every_code
def test_a_page_of_a_warning_says_how_to_settle_it(code: Code) -> None:
    settled = f"ignore[{code.value}]" in _text(code) or "\n## If it is meant\n" in _text(code)
    assert settled == (_severities(_said(_text(code))) == {"warning"})


def test_the_index_lists_every_code_as_its_page_does() -> None:
    rows = re.findall(
        r"^\| \[(DT\d+)\]\((DT\d+)\.md\) \| (.+?) \| (.+) \|$",
        (FOLDER / "index.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert rows == [(code.value, code.value, _said(_text(code)), code.summary) for code in CODES]


def test_the_site_lists_every_code_in_order() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r'^ +- "(DT\d+: .+)": checks/(DT\d+)\.md$', navigation, re.MULTILINE)
    assert listed == [(_text(code).split("\n")[0].removeprefix("# "), code.value) for code in CODES]
