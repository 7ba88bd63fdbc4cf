"""Settings from TOML files: where they are looked for, what they say, and what is said of a file that is wrong."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.checking.toml_places import toml_places
from datatorch_pipelines.checks import Check
from datatorch_pipelines.diagnostics import Severity

WHOLE = """\
[check]
ignore = ["DT401"]
enable = ["portability"]

[check.severity]
DT211 = "error"

[check.per-file-ignores]
"old/**" = ["DT4"]

[limits]
max-depth = 20
max-expression-length = 100
"""


def read(tmp_path: Path, text: str | bytes, name: str = ".datatorch-pipelines.toml") -> dtp.Settings:
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return dtp.load_settings(tmp_path / name)


def refusal(tmp_path: Path, text: str | bytes, name: str = ".datatorch-pipelines.toml") -> str:
    with pytest.raises(dtp.PipelinesError) as caught:
        read(tmp_path, text, name)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{tmp_path}{os.sep}{name}:")


def test_every_setting_can_be_written(tmp_path: Path) -> None:
    expected = dtp.Settings(
        ignore=["DT401"],
        enable=["DT9"],
        severity={"DT211": "error"},
        per_file_ignores={"old/**": ["DT4"]},
        folder=tmp_path,
        limits=dtp.Limits(max_depth=20, max_expression_length=100),
    )
    assert read(tmp_path, WHOLE) == expected
    in_project = WHOLE.replace("[check", "[tool.datatorch-pipelines.check").replace(
        "[limits", "[tool.datatorch-pipelines.limits"
    )
    assert read(tmp_path, in_project, "pyproject.toml") == expected
    assert read(tmp_path, b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode()) == expected
    assert read(tmp_path, "") == dtp.Settings(folder=tmp_path)
    assert read(tmp_path, "[project]\nname = 'x'\n", "pyproject.toml") == dtp.Settings(folder=tmp_path)


def test_every_limit_can_be_written(tmp_path: Path) -> None:
    names = [name for name in dtp.Limits.__slots__ if name.startswith("max_")]
    text = "[limits]\n" + "".join(f"{name.replace('_', '-')} = 7\n" for name in names)
    assert read(tmp_path, text).limits == dtp.Limits(**dict.fromkeys(names, 7))
    assert len(names) >= 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[check]\nignroe = []\n", "2:1: unknown key 'ignroe'; did you mean 'ignore'?"),
        ("ignore = []\n", "1:1: unknown key 'ignore'; it belongs into the table check"),
        ("checks = 1\n", "1:1: unknown key 'checks'; did you mean 'check'?"),
        ("[x]\n", "1:2: unknown key 'x'; the keys are check and limits"),
        ("check = 5\n", "1:1: check is an integer, not a table; write a table"),
        ("[check]\nignore = 'DT401'\n", "2:1: 'ignore' is a string, not a list of codes; write [\"DT401\"]"),
        (
            "[check]\nignore = [\n  'DT401',\n  7, # seven\n]\n",
            "4:3: a code is a text such as 'DT401'; write it in quotes",
        ),
        ("[check]\nignore = ['DT401', 'dt402']\n", "2:20: there is no code 'dt402'; did you mean 'DT402'?"),
        (
            "[check]\nignore = ['DT401', \"DT302\"]\n",
            "2:20: DT302 is always an error, and errors can't be ignored or lowered; remove it",
        ),
        (
            "check.severity.DT302 = 'warning'\n",
            "1:16: DT302 is always an error, and errors can't be ignored or lowered; remove it",
        ),
        (
            "[check.severity]\nDT401 = 'info'\n",
            "2:1: a severity is 'error' or 'warning', not 'info'; write one of them",
        ),
        ("[check.severity]\nDT401 = 1\n", "2:1: a severity is 'error' or 'warning', not an integer; write one of them"),
        (
            "[check]\nseverity = {DT9 = 'error', DTX = 'error'}\n",
            "2:28: there is no code 'DTX'; name a code, what several",
        ),
        (
            "[check.per-file-ignores]\n'../x' = ['DT401']\n",
            "2:1: the glob '../x' leads out of the folder; a glob begins",
        ),
        ("[check.per-file-ignores]\n'x' = 'DT401'\n", "2:1: 'x' is a string, not a list of codes; write [\"DT401\"]"),
        ("[check.per-file-ignores]\n'x' = ['DT999']\n", "2:8: there is no code 'DT999'; name a code"),
        ("[limits]\nmax-dept = 4\n", "2:1: unknown key 'max-dept'; did you mean 'max-depth'?"),
        ("[limits]\nmax-depth = '4'\n", "2:1: max-depth is '4', not a whole number; write it without quotes"),
        (
            "[limits]\nmax-depth = true\n",
            "2:1: max-depth is a boolean, not a whole number; give a whole number from 1 on",
        ),
        ("[limits]\nmax-depth = 0\n", "2:1: max-depth is 0; give a whole number from 1 on"),
        ("[limits]\nmax-depth = 1.5\n", "2:1: max-depth is a float, not a whole number; give a whole number from 1 on"),
        ("[limits]\nmax-depth = 1979-05-27\n", "2:1: max-depth is"),
        ("[check]\nx = = 1\n", "2:5: this is no TOML: invalid value"),
        ("[check]\nx = 1\nx = 2\n", "3:6: this is no TOML: cannot overwrite a value"),
        ("[check]\nx = [1,\n", "3:1: this is no TOML: invalid value"),
        ("é = 1\n", "1:1: this is no TOML: invalid statement"),
        (b"[check]\nx = '\xe9'\n", "2:6: the byte 0xe9 is not UTF-8 text; save the file as UTF-8"),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0",
            "1:1: this is no text but a PNG image; name a text file, or save this one as UTF-8",
        ),
        ("x = " + "[" * 5_000, "1:1: the file is no TOML that can be read"),
        ("x = " + "9" * 5_000, "1:1: the file is no TOML that can be read"),
        ("#" * 1_048_577, "1:1: the file is larger than 1048576 bytes; make it smaller"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    assert refusal(tmp_path, text).startswith(message)


def test_a_mistake_in_a_pyproject_is_told_at_its_place(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n[tool]\n"datatorch-pipelines".check.ignore = ["DT401",\n "DT4O2"]\n'
    assert refusal(tmp_path, text, "pyproject.toml") == "5:2: there is no code 'DT4O2'; did you mean 'DT402'?"
    text = "[tool]\ndatatorch-pipelines = 7\n"
    message = "2:1: datatorch-pipelines is an integer, not a table; write a table"
    assert refusal(tmp_path, text, "pyproject.toml") == message


def test_a_file_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    for name, make, message in [
        ("a.toml", lambda path: None, "no such file; check the path"),
        ("b.toml", lambda path: path.mkdir(), "this is a directory; name a file"),
        (
            "c.toml",
            lambda path: path.symlink_to("nowhere"),
            "this is a link to a file that does not exist; mend the link",
        ),
        ("d.toml", os.mkfifo, "this is no regular file; name a file"),
    ]:
        make(tmp_path / name)
        with pytest.raises(dtp.PipelinesError) as caught:
            dtp.load_settings(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}:1:1: {message}"


def test_settings_are_found_upward_until_the_repository_ends(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "pipelines" / "old"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.datatorch-pipelines.check]\nignore = ['DT401']\n")
    (tmp_path / "repository" / "pyproject.toml").write_text("[project]\ndependencies = ['datatorch-pipelines']\n")
    assert dtp.find_settings(inner) == dtp.load_settings(tmp_path / "pyproject.toml")
    assert dtp.find_settings(inner).folder == tmp_path
    (tmp_path / "repository" / ".git").mkdir()
    assert dtp.find_settings(inner) == dtp.Settings()
    (tmp_path / "repository" / "pyproject.toml").write_text("[tool.datatorch-pipelines]\ncheck.ignore = ['DT211']\n")
    assert dtp.find_settings(inner) == dtp.Settings(ignore=["DT211"], folder=tmp_path / "repository")
    (tmp_path / "repository" / ".datatorch-pipelines.toml").write_text("[limits]\nmax-depth = 9\n")
    found = dtp.find_settings(inner)
    assert found == dtp.Settings(folder=tmp_path / "repository", limits=dtp.Limits(max_depth=9))
    (inner / ".datatorch-pipelines.toml").write_text("")
    assert dtp.find_settings(inner) == dtp.Settings(folder=inner)


def test_a_folder_that_is_gone_has_no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert dtp.find_settings(tmp_path / "gone" / "\0" / "\ud800").limits is None
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert dtp.find_settings() == dtp.Settings()
    settings = dtp.Settings(per_file_ignores={"**": ["DT"]})
    assert [item.code for item in dtp.check_text("name: A\njobs: {}\n", settings=settings)] == ["DT205"]


def test_a_mistake_is_shown_with_the_path_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / ".datatorch-pipelines.toml").write_text("[check]\nx = 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(dtp.PipelinesError, match=r"^\.datatorch-pipelines\.toml:2:1: unknown key 'x'"):
        dtp.find_settings()
    monkeypatch.chdir("below")
    with pytest.raises(dtp.PipelinesError, match=rf"^{tmp_path}/\.datatorch-pipelines\.toml:2:1: unknown key 'x'"):
        dtp.find_settings()


def test_a_pyproject_of_others_is_passed_over_whatever_it_holds(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for content in (b"[[[[", b"\xff\xfe\x00", b"[tool.black]\n"):
        (tmp_path / "pyproject.toml").write_bytes(content)
        assert dtp.find_settings(tmp_path) == dtp.Settings()
    (tmp_path / "pyproject.toml").write_text("[tool.datatorch-pipelines\n")
    with pytest.raises(dtp.PipelinesError, match="this is no TOML"):
        dtp.find_settings(tmp_path)


def test_limits_of_settings_hold_unless_the_caller_gives_some(tmp_path: Path) -> None:
    settings = read(tmp_path, "[limits]\nmax-depth = 3\n")
    text = "name: A\njobs: {a: {steps: [{run: x}]}}\n"
    assert [item.code for item in dtp.check_text(text, settings=settings)] == ["DT110"]
    assert dtp.check_text(text, settings=settings, limits=dtp.Limits()) == []


def test_codes_of_extra_checks_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[check]\nignore = ['ACME1']\nseverity = {ACME = 'error'}\n")
    check = Check(code="ACME1", severity=Severity.WARNING, summary="X.", pipeline=lambda subject: [])
    assert "ACME1" in dtp.load_settings(path, extra_checks=[check]).ignore
    with pytest.raises(dtp.PipelinesError, match="2:11: there is no code 'ACME1'"):
        dtp.load_settings(path)


def test_the_command_reads_the_settings_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from datatorch_pipelines.cli.main import main

    (tmp_path / "p.yaml").write_text("name: A\njobs: {a: {steps: [{action: acme/add}]}}\n")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--strict", "p.yaml"]) == 1
    (tmp_path / ".datatorch-pipelines.toml").write_text("[check]\nignore = ['DT401']\n")
    assert main(["check", "--strict", "p.yaml"]) == 0
    assert [item.code for item in dtp.check("p.yaml")] == ["DT401"]
    (tmp_path / ".datatorch-pipelines.toml").write_text("[check]\nignore = 7\n")
    capfd.readouterr()
    assert main(["check", "p.yaml"]) == 2
    told = ".datatorch-pipelines.toml:2:1: 'ignore' is an integer, not a list of codes; write [\"DT401\"]"
    assert capfd.readouterr() == ("", f"datatorch-pipelines: {told}\n")


KEYS = st.sampled_from(["a", "b-c", '"q.\\"x"', "'l#[=]'", "_1"])
SCALARS = st.sampled_from(
    ["1", "true", '"a # = ] }"', "'''x\n'y'''''", '"""\\"""" ]"""', "'\\'", "1979-05-27 07:32:00", '"""q"""""']
)


def _value(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    blank = st.sampled_from(["", " ", "\n", " # ] } \" '\n"])
    arrays = st.lists(st.tuples(blank, children, blank).map("".join), max_size=3).map(
        lambda items: f"[{','.join(items)}]"
    )
    tables = st.lists(st.tuples(KEYS, children), max_size=3, unique_by=lambda pair: pair[0]).map(
        lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs) + "}"
    )
    return arrays | tables


@given(
    st.lists(st.tuples(KEYS, st.recursive(SCALARS, _value, max_leaves=6)), max_size=4, unique_by=lambda pair: pair[0]),
    st.sampled_from(["", "[t]\n", "[t.'x ]'] # c\n", "[[s]]\n[[s]]\n"]),
)
def test_every_key_and_item_of_a_toml_text_is_found_where_it_stands(pairs: list[tuple[str, str]], header: str) -> None:
    text = header + "".join(f"{key} = {value} # comment\n" for key, value in pairs)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # such as a name that is there twice, once in quotes
        reject()
    places = toml_places(text)

    def look(path: tuple[str | int, ...], value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                start, end = places[(*path, key)]
                assert next(iter(tomllib.loads(f"{text[start:end]} = 0"))) == key
                look((*path, key), inner)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                if (*path, index) in places:
                    start, end = places[(*path, index)]
                    assert tomllib.loads(f"x = {text[start:end]}")["x"] == inner
                else:  # a table of an array of tables: named by its header alone
                    assert path == ("s",)
                look((*path, index), inner)

    look((), data)
