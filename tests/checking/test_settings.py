"""Settings as data: which codes are told, how gravely, and in which files."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.checking.globs import glob_matches
from datatorch_pipelines.checks import Check, Finding, PipelineSubject
from datatorch_pipelines.checks.known import warning_codes
from datatorch_pipelines.diagnostics import Severity

UNPINNED = "name: A\njobs: {a: {steps: [{action: acme/add}]}}\n"
TWICE = "name: A\njobs: {a: {steps: [{name: B, action: acme/add}, {name: B, run: x}]}}\n"
WRONG = "name: A\njobs: {a: {steps: [{action: acme/add, if: evnt.x}]}}\n"


def graded(settings: dtp.Settings, text: str = TWICE, filename: str = "p.yaml") -> list[str]:
    found = dtp.check_text(text, filename=filename, settings=settings)
    return [f"{item.severity} {item.code}" for item in found]


@pytest.mark.parametrize(
    ("settings", "left"),
    [
        (dtp.Settings(), ["warning DT401", "warning DT211"]),
        (dtp.Settings(ignore=["DT401"]), ["warning DT211"]),
        (dtp.Settings(ignore={"DT4"}), ["warning DT211"]),
        (dtp.Settings(ignore=frozenset({"actions", "structure"})), []),
        (dtp.Settings(ignore=["DT"]), []),
        (dtp.Settings(severity={"DT401": "error"}), ["error DT401", "warning DT211"]),
        (dtp.Settings(severity={"DT": Severity.ERROR}), ["error DT401", "error DT211"]),
        (dtp.Settings(severity={"DT": "error", "DT401": "warning"}), ["warning DT401", "error DT211"]),
        (dtp.Settings(severity={"DT401": "warning", "DT": "error"}), ["warning DT401", "error DT211"]),
        (dtp.Settings(severity={"actions": "error"}), ["error DT401", "warning DT211"]),
        (dtp.Settings(severity={"DT401": "error"}, ignore=["DT401"]), ["warning DT211"]),
        (dtp.Settings(per_file_ignores={"p.*": ["DT401"]}), ["warning DT211"]),
        (dtp.Settings(per_file_ignores={"q.*": ["DT401"]}), ["warning DT401", "warning DT211"]),
    ],
)
def test_warnings_are_ignored_and_raised_as_settings_say(settings: dtp.Settings, left: list[str]) -> None:
    assert graded(settings) == left
    assert graded(pickle.loads(pickle.dumps(settings))) == left
    assert attrs.evolve(settings) == settings


def test_errors_are_told_whatever_is_ignored() -> None:
    assert graded(dtp.Settings(ignore=["DT"], severity={"DT": "warning"}), WRONG) == ["error DT302"]


def test_a_comment_ignores_a_warning_that_settings_raise() -> None:
    text = UNPINNED.replace("}]}}", "}]}} # datatorch: ignore[DT401] for now")
    assert graded(dtp.Settings(severity={"DT401": "error"}), text) == []


def test_a_file_that_is_checked_is_found_by_its_path_from_the_settings_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old" / "deep").mkdir(parents=True)
    for name in ("old/deep/a.yaml", "b.yaml"):
        (tmp_path / name).write_text(UNPINNED)
    (tmp_path / "link").symlink_to(tmp_path / "old")
    settings = dtp.Settings(per_file_ignores={"old/**": ["DT401"]}, folder=tmp_path)
    monkeypatch.chdir(tmp_path / "old")
    assert dtp.check("deep/a.yaml", settings=settings) == []
    assert dtp.check(tmp_path / "old" / "deep" / "a.yaml", settings=settings) == []
    assert dtp.check(tmp_path / "link" / "deep" / "a.yaml", settings=settings) == []
    assert [item.code for item in dtp.check("../b.yaml", settings=settings)] == ["DT401"]


def test_an_opt_in_check_looks_where_it_is_enabled() -> None:
    def look(subject: PipelineSubject) -> list[Finding]:
        return [Finding(subject.source.value(("name",)), "a name")]

    check = Check(code="NAME1", severity=Severity.WARNING, summary="A name.", pipeline=look, opt_in=True)
    assert dtp.check_text(UNPINNED, extra_checks=[check], settings=dtp.Settings(ignore=["DT401"])) == []
    for pattern in ("NAME1", "NAME"):
        settings = dtp.Settings(enable=[pattern], ignore=["DT401"])
        assert [item.code for item in dtp.check_text(UNPINNED, extra_checks=[check], settings=settings)] == ["NAME1"]
    settings = dtp.Settings(enable=["NAME1"], ignore=["DT401", "NAME1"])
    assert dtp.check_text(UNPINNED, extra_checks=[check], settings=settings) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ignore": ["DT302"]}, "DT302 is always an error, and errors can't be ignored or lowered; remove it"),
        ({"ignore": ["DT1"]}, "all DT1 codes are errors, and errors can't be ignored or lowered; remove it"),
        ({"ignore": ["syntax"]}, "all DT1 codes are errors, and errors can't be ignored or lowered; remove it"),
        ({"per_file_ignores": {"*": ["DT302"]}}, "DT302 is always an error, and errors can't be ignored or lowered"),
        ({"severity": {"DT302": "warning"}}, "DT302 is always an error, and errors can't be ignored or lowered"),
        ({"severity": {"DT401": "info"}}, "there is no severity 'info'; give 'error' or 'warning'"),
        ({"ignore": ["DT999"]}, "there is no code 'DT999'; name a code, what several begin with, or syntax, struct"),
        ({"ignore": ["dt401"]}, "there is no code 'dt401'; did you mean 'DT401'?"),
        ({"enable": ["portablity"]}, "there is no code 'portablity'; did you mean 'portability'?"),
        ({"ignore": [""]}, "a code is a text such as 'DT401'; write it in quotes"),
        ({"ignore": [401]}, "a code is a text such as 'DT401'; write it in quotes"),
        ({"per_file_ignores": {"/etc/*": ["DT401"]}}, "the glob '/etc/*' leads out of the folder"),
        ({"per_file_ignores": {"a/../b": ["DT401"]}}, "the glob 'a/../b' leads out of the folder"),
        ({"per_file_ignores": {"": ["DT401"]}}, "a glob is a text such as 'old/**'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(dtp.PipelinesError) as caught:
        dtp.Settings(**arguments)  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


def test_the_codes_of_others_are_not_judged_by_settings_in_python() -> None:
    assert "ACME7" in dtp.Settings(ignore=["ACME7"]).ignore


def test_every_code_that_is_known_to_be_a_warning_can_be_ignored() -> None:
    reports = (Path(__file__).parents[1] / "data" / "err").glob("*.txt")
    seen = {
        code for path in reports for code in re.findall(r": warning: .* \[(DT\d+)\]$", path.read_text(), re.MULTILINE)
    }
    assert len(seen) > 8
    assert seen <= warning_codes()
    for code in seen:
        assert code in dtp.Settings(ignore=[code]).ignore


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("a.yaml", "a.yaml", True),
        ("a.yaml", "b/a.yaml", False),
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "b/a.yaml", False),
        ("**/*.yaml", "a.yaml", True),
        ("**/*.yaml", "b/c/a.yaml", True),
        ("b/**", "b/c/a.yaml", True),
        ("b/**", "b", True),
        ("b/", "b/a.yaml", False),
        ("b/*/a.yaml", "b/c/a.yaml", True),
        ("b/*/a.yaml", "b/c/d/a.yaml", False),
        ("b/**/d/**/a.yaml", "b/c/d/a.yaml", True),
        ("b/**/d/**/a.yaml", "b/c/a.yaml", False),
        ("**/b/**/b/a.yaml", "b/x/b/y/b/a.yaml", True),
        ("./a.yaml", "a.yaml", True),
        ("[ab].yaml", "b.yaml", True),
        ("[!ab].yaml", "b.yaml", False),
        ("?.yaml", "é.yaml", True),
        ("A.yaml", "a.yaml", False),
    ],
)
def test_globs_are_matched_part_by_part(glob: str, path: str, matches: bool) -> None:
    assert glob_matches(glob, path) is matches


@given(st.lists(st.sampled_from(["a", "b", "*", "**"]), max_size=7), st.lists(st.sampled_from(["a", "b"]), max_size=7))
def test_globs_match_what_trying_every_way_matches(wanted: list[str], parts: list[str]) -> None:
    def tried(wanted: list[str], parts: list[str]) -> bool:
        if not wanted:
            return not parts
        if wanted[0] == "**":
            return tried(wanted[1:], parts) or (bool(parts) and tried(wanted, parts[1:]))
        return bool(parts) and wanted[0] in ("*", parts[0]) and tried(wanted[1:], parts[1:])

    assert glob_matches("/".join(wanted), "/".join(parts)) is tried(wanted, parts)
