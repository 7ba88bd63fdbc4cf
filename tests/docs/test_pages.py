"""What the documentation shows happens: each page runs from top to bottom in a folder of its own.

- `python` with `>>>` is a doctest, without it is run; what one block of a page defines, the later ones know.
- `console`: each line that starts with `$ ` is run by bash, and prints what follows it (`...` stands for anything). One
  that fails fails the page, unless the page goes on to show its exit status with `$ echo $?`.
- `yaml` and `json`: a whole pipeline or action must be one without errors, a fragment must be readable.
- `<!-- file: NAME -->` before a block writes it to that file, also when it is none of these.
- `<!-- bad: NAME -->` before a `yaml` or `json` block writes it to that file, and the `text` block after it is exactly
  the report that checking the file gives (`--update-golden` writes it anew); with `<!-- good: NAME -->` there is none.
- `<!-- shown: REASON -->` before a block says that it can't be run, and why.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

import datatorch_pipelines as dtp
from datatorch_pipelines.display import diagnostic_text

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"^(?:<!-- (?P<mark>file|shown|bad|good): (?P<argument>.+?) -->\n\n?)?"
    r"(?P<indent> *)```(?P<kind>\w+)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)


@frozen
class Block:
    """A fenced block: its language, its text, the line that it starts on, and what the comment before it says.

    ``start`` and ``end`` are the offsets of the text in its page.
    """

    kind: str
    text: str
    line: int
    mark: str | None
    argument: str | None
    start: int
    end: int


def _blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        indent = match["indent"]
        lines = [line.removeprefix(indent) for line in match["text"].splitlines(keepends=True)]
        yield Block(
            kind=match["kind"],
            text="".join(lines),
            line=text.count("\n", 0, match.start("text")),
            mark=match["mark"],
            argument=match["argument"],
            start=match.start("text"),
            end=match.end("text"),
        )


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_does_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    names: dict[str, object] = {"__name__": "__main__"}
    report: str | None = None
    reports: list[tuple[Block, str]] = []
    for block in _blocks(page):
        place = f"{_name(page)}:{block.line}"
        if report is not None:
            assert block.kind == "text", f"{place}: no report follows what is bad"
            reports.append((block, report))
            report = None
            continue
        if block.mark in ("bad", "good"):
            report = _checked(block, tmp_path, place)
            continue
        if block.mark == "file":
            path = tmp_path / str(block.argument)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        if block.mark == "shown":
            continue
        if block.kind == "python" and ">>>" in block.text:
            _run_doctest(block, names, place)
        elif block.kind == "python" and block.mark is None:
            exec(compile(block.text, place, "exec"), names)
        elif block.kind == "console":
            _run_console(block, tmp_path, place)
        elif block.kind in ("yaml", "json"):
            _read(block, place)
    assert report is None, f"{_name(page)}: no report follows what is bad"
    _compare(page, reports, update=bool(pytestconfig.getoption("--update-golden")))


def _checked(block: Block, folder: Path, place: str) -> str | None:
    """The report of a file; ``None`` for a good one, which has none."""
    path = folder / str(block.argument)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    report = diagnostic_text(dtp.check(str(block.argument)), {str(block.argument): block.text})
    if block.mark == "good":
        assert report == "", f"{place}: this is not good:\n{report}"
        return None
    assert report, f"{place}: nothing is wrong with this"
    return report


def _compare(page: Path, reports: list[tuple[Block, str]], *, update: bool) -> None:
    """Holds each report against its block; writes them into the page where that is wanted."""
    text = page.read_text(encoding="utf-8")
    for block, report in reversed(reports if update else []):
        text = f"{text[: block.start]}{report}{text[block.end :]}"
    if update and reports:
        page.write_text(text, encoding="utf-8")
        return
    for block, report in reports:
        assert block.text == report, f"{_name(page)}:{block.line}: the report is\n{report}"


def _run_doctest(block: Block, names: dict[str, object], place: str) -> None:
    test = doctest.DocTestParser().get_doctest(block.text, names, place, place, block.line)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test, out=said.append, clear_globs=False)
    names.update(test.globs)
    assert runner.failures == 0, "".join(said)


def _run_console(block: Block, folder: Path, place: str) -> None:
    commands = re.findall(r"^\$ (.*(?:(?<=\\)\n.*)*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE)
    assert commands, f"{place}: a console block without a command"
    status = 0
    for number, (command, expected) in enumerate(commands):
        done = subprocess.run(
            ["bash", "-c", f"(exit {status}); {command}"], cwd=folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        status = done.returncode
        shown_next = number + 1 < len(commands) and commands[number + 1][0] == "echo $?"
        assert status == 0 or shown_next, f"{place}: {command}: exit status {status}\n{done.stdout}"
        same = doctest.OutputChecker().check_output(expected, done.stdout, doctest.ELLIPSIS)
        assert same, f"{place}: {command}\nprinted:\n{done.stdout}\nbut the page says:\n{expected}"


def _read(block: Block, place: str) -> None:
    name = f"{place.replace('/', '-')}.{block.kind}"
    if re.search(r'^(?:  )?"?runs"?:', block.text, re.MULTILINE):
        Path(name).write_text(block.text, encoding="utf-8")
        dtp.load_action(name)
    elif re.search(r'^(?:  )?"?jobs"?:', block.text, re.MULTILINE):
        wrong = [str(d) for d in dtp.check_text(block.text, filename=name) if d.severity is dtp.Severity.ERROR]
        assert not wrong, "\n".join(wrong)
    elif block.kind == "json":
        json.loads(block.text)


def test_every_block_is_of_a_kind_that_is_looked_at() -> None:
    kinds = {block.kind for page in PAGES for block in _blocks(page)}
    assert kinds <= {"python", "console", "yaml", "json", "text", "javascript", "toml"}
    opened = sum(page.read_text(encoding="utf-8").count("\n```") for page in PAGES)
    assert opened == 2 * sum(1 for page in PAGES for _ in _blocks(page)), "a fence without a language, or unclosed"


def test_every_mark_belongs_to_a_block() -> None:
    for page in PAGES:
        written = re.findall(r"^<!-- (\w+): (.+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert written == [(block.mark, block.argument) for block in _blocks(page) if block.mark], _name(page)


def test_the_tests_that_the_readme_tells_of_are_those_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ (.*nox)$", readme, re.MULTILINE)
    assert len(commands) == 1
    assert "README.md" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.integration
def test_the_first_command_of_the_readme_works_in_a_fresh_clone(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command, printed = re.findall(r"^\$ (python3 .*run\.py)\n((?:[^$`].*\n)*)", readme, re.MULTILINE)[0]
    subprocess.run(["git", "clone", "-q", str(ROOT), str(tmp_path / "clone")], check=True)
    keep = {"PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE"}
    environment = {k: v for k, v in os.environ.items() if k in keep or k.startswith(("PIP_", "DATATORCH_PIPELINES_"))}
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path / "clone", env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{shlex.quote(command)}\n{done.stdout}\n{done.stderr}"
    assert printed
    assert done.stdout.endswith(printed)
