"""Checks of others: given by the caller or registered by a package, and what becomes of those that are broken."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.checks import ActionSubject, Check, Finding, PipelineSubject
from datatorch_pipelines.diagnostics import Edit, Fix, Location, Related, Severity

PIPELINE = "name: LOUD\njobs: {a: {steps: [{action: acme/add}]}}\n"
ACTION = "name: LOUD\nruns: {using: python, main: a.py}\n"
UNPINNED = "p.yaml:2:29: warning: the action 'acme/add' has no tag: it follows the default branch [DT401]; pin it: acme/add@TAG"  # noqa: E501
MEND = "mend or leave out the check, or the package that registers it"


def find_shouting(subject: PipelineSubject | ActionSubject) -> Iterator[Finding]:
    model = subject.pipeline if isinstance(subject, PipelineSubject) else subject.action
    if model.name.isupper():
        yield Finding(subject.source.value(("name",)), "the name shouts", hint="use lower case")


SHOUTING = Check(
    code="ACME1", severity=Severity.WARNING, summary="A loud name.", pipeline=find_shouting, action=find_shouting
)
TOLD = "p.yaml:1:7: warning: the name shouts [ACME1]; use lower case"


def of(pipeline: Callable[[PipelineSubject], object]) -> Check:
    return Check(code="ACME2", severity=Severity.WARNING, summary="Broken.", pipeline=pipeline)  # type: ignore[arg-type]


def test_a_check_looks_wherever_files_are_checked(tmp_path: Path) -> None:
    assert [str(item) for item in dtp.check_text(PIPELINE, filename="p.yaml", extra_checks=[SHOUTING])] == [
        TOLD,
        UNPINNED,
    ]
    (found,) = dtp.check_text(ACTION, filename="action-datatorch.yaml", extra_checks=[SHOUTING])
    assert found.code == "ACME1"
    path = tmp_path / "p.yaml"
    path.write_text(PIPELINE.replace("action: acme/add", "run: echo"))
    for told in (
        dtp.check(path, extra_checks=[SHOUTING]),
        dtp.check_files([path], extra_checks=[SHOUTING]),
        list(dtp.plan(path, extra_checks=[SHOUTING]).warnings),
        list(dtp.run(path, extra_checks=[SHOUTING]).diagnostics),
    ):
        assert [str(item).removeprefix(f"{tmp_path}{os.sep}") for item in told] == [TOLD]


def test_an_error_of_a_check_refuses_a_run(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(PIPELINE.replace("action: acme/add", "run: touch ran"))
    grave = Check(code="ACME1", severity=Severity.ERROR, summary="A loud name.", pipeline=find_shouting)
    with pytest.raises(dtp.PlanError) as caught:
        dtp.run(path, extra_checks=[grave])
    assert str(caught.value) == f"{path}:1:7: error: the name shouts [ACME1]; use lower case"


def raising(subject: PipelineSubject) -> Iterator[Finding]:
    yield from find_shouting(subject)
    raise KeyError("no\nsuch key")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError


def unspeakable(subject: PipelineSubject) -> list[Finding]:
    raise Unspeakable


def recursing(subject: PipelineSubject) -> list[Finding]:
    return recursing(subject)


def without_subject() -> list[Finding]:
    return []


class Odd:
    def __repr__(self) -> str:
        raise ValueError


HERE, BELOW = Location("p.yaml", 1, 1, 1, 2), Location("p.yaml", 9, 1, 9, 2)
THERE = Location("q\n.yaml", 1, 1, 1, 2)


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (raising, "raised KeyError: 'no\\nsuch key'"),
        (unspeakable, "raised Unspeakable"),
        (recursing, "raised RecursionError: maximum recursion depth exceeded"),
        (without_subject, "raised TypeError: without_subject() takes 0 positional arguments but 1 was given"),
        (lambda subject: None, "raised TypeError: 'NoneType' object is not iterable"),
        (lambda subject: 5, "raised TypeError: 'int' object is not iterable"),
        (lambda subject: ["wrong here"], "gave 'wrong here', which is no Finding"),
        (lambda subject: [Odd()], "gave 'an object of the type Odd', which is no Finding"),
        (lambda subject: [Finding(THERE, "x")], "gave a finding in another file, 'q\\n.yaml'"),
        (lambda subject: [Finding(None, "x")], "gave a finding whose location is none"),
        (lambda subject: [Finding(Location("p.yaml", 0, 1, 1, 1), "x")], "gave a finding whose location is no range"),
        (lambda subject: [Finding(Location("p.yaml", 2, 1, 1, 1), "x")], "gave a finding whose location is no range"),
        (lambda subject: [Finding(HERE, b"x")], "gave a finding whose message or hint is no text"),
        (lambda subject: [Finding(HERE, "x", hint=5)], "gave a finding whose message or hint is no text"),
        (lambda subject: [Finding(HERE, "x", related=[5])], "gave a finding whose related places are none"),
        (lambda subject: [Finding(HERE, "x", fix="y")], "gave a finding whose fix is none"),
        (lambda subject: [Finding(HERE, "x", fix=Fix("y", [5]))], "gave a finding whose fix is none"),
        (lambda subject: [Finding(HERE, "x", fix=Fix(5, []))], "gave a finding whose fix is none"),
        (lambda subject: [Finding(HERE, "x", fix=Fix("y", [Edit(HERE, 5)]))], "gave a finding whose fix is none"),
        (lambda subject: [Finding(HERE, "x", fix=Fix("y", [Edit(HERE, "a")] * 2))], "gave a fix whose edits overlap"),
        (
            lambda subject: [Finding(HERE, "x", fix=Fix("y", [Edit(BELOW, "a")]))],
            "gave a finding outside the file, at 9:1",
        ),
        (lambda subject: [Finding(BELOW, "x")], "gave a finding outside the file, at 9:1"),
        (
            lambda subject: [Finding(HERE, "x", fix=Fix("y", [Edit(THERE, "z")]))],
            "gave a finding in another file, 'q\\n.yaml'",
        ),
    ],
)
def test_a_check_that_breaks_is_one_error_and_the_others_go_on(
    look: Callable[[PipelineSubject], object], message: str
) -> None:
    found = dtp.check_text(PIPELINE, filename="p.yaml", extra_checks=[of(look), SHOUTING])
    lines = [str(item) for item in found if item.code != "ACME2"]
    assert lines[0].startswith(f"p.yaml:1:1: error: the check ACME2 {message}")
    assert lines[0].endswith(f"[DT219]; {MEND}")
    assert lines[1:] == [TOLD, UNPINNED]
    assert all(line.isprintable() for line in lines)


def test_a_check_that_broke_in_a_model_built_in_python_is_told_of(tmp_path: Path) -> None:
    pipeline = dtp.Pipeline(name="P", jobs={"a": dtp.Job(steps=[dtp.Step(run="echo")])})
    with pytest.raises(dtp.PlanError, match="the check ACME2 raised TypeError"):
        pipeline.plan(extra_checks=[of(lambda subject: None)])


def test_what_a_check_found_before_it_broke_is_told() -> None:
    found = dtp.check_text(PIPELINE, extra_checks=[of(raising)])
    assert [item.code for item in found] == ["DT219", "ACME2", "DT401"]


def test_a_check_may_find_without_end() -> None:
    def endless(subject: PipelineSubject) -> Iterator[Finding]:
        number = 0
        while True:
            number += 1
            yield Finding(subject.source.value(("name",)), f"finding {number}")

    found = dtp.check_text(PIPELINE, extra_checks=[of(endless)])
    assert len([item for item in found if item.code == "ACME2"]) == 1_000


def test_words_of_a_check_stay_on_one_line() -> None:
    look = of(lambda subject: [Finding(HERE, "a\nb\x1b[2J", hint="c\r\nd", fix=Fix("e\nf", []))])
    (found,) = dtp.check_text(PIPELINE.replace("add", "add@v1"), filename="p.yaml", extra_checks=[look])
    assert str(found) == "p.yaml:1:1: warning: a b [2J [ACME2]; c d"
    assert found.fix == Fix("e f", [])


def test_a_related_place_may_be_in_another_file() -> None:
    look = of(lambda subject: [Finding(subject.source.value(("name",)), "x", related=[Related("see", THERE)])])
    (found,) = dtp.check_text(PIPELINE.replace("add", "add@v1"), filename="p.yaml", extra_checks=[look])
    assert found.related == (Related("see", THERE),)


def check_of(**changes: object) -> object:
    arguments = {"code": "ACME1", "severity": Severity.WARNING, "summary": "X.", "pipeline": find_shouting, **changes}
    return Check(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (check_of(code="DT401"), "the code 'DT401' of a check is the library's own; begin it otherwise"),
        (check_of(code="DT999"), "the code 'DT999' of a check is the library's own; begin it otherwise"),
        (
            check_of(code="loud"),
            "the code 'loud' of a check has the wrong form; write capital letters and a number, such as ACME101",
        ),
        (
            check_of(code="A,B1"),
            "the code 'A,B1' of a check has the wrong form; write capital letters and a number, such as ACME101",
        ),
        (
            check_of(code=None),
            "the code 'None' of a check has the wrong form; write capital letters and a number, such as ACME101",
        ),
        (check_of(severity="warning"), "the severity of the check ACME1 is no Severity; give ERROR or WARNING"),
        (
            check_of(pipeline=None),
            "the check ACME1 has no function that looks; give it as pipeline, or as action, or both",
        ),
        (check_of(action=5), "the check ACME1 has no function that looks; give it as pipeline, or as action, or both"),
        ("find_shouting", "'find_shouting' is no check; give objects of datatorch_pipelines.checks.Check"),
        (Odd(), "'an object of the type Odd' is no check; give objects of datatorch_pipelines.checks.Check"),
    ],
)
def test_a_check_that_cannot_be_used_is_refused(check: Check, message: str) -> None:
    for call in (dtp.check_text, lambda text, **rest: dtp.plan(dtp.loads(text), **rest)):
        with pytest.raises(dtp.PipelinesError) as caught:
            call(PIPELINE, extra_checks=[check])  # type: ignore[operator]
        assert str(caught.value) == message


PLUGIN = """\
from datatorch_pipelines.checks import Check, Finding
from datatorch_pipelines.diagnostics import Severity


def find(subject):
    yield Finding(subject.source.value(("name",)), "a name", hint="have none")


named = Check(code="ACME1", severity=Severity.WARNING, summary="A name.", pipeline=find)


def made():
    return Check(code="ACME2", severity=Severity.WARNING, summary="A name.", pipeline=find)


def failing():
    raise ValueError("not\\ntoday")


not_one = 5
ours = Check(code="DT401", severity=Severity.WARNING, summary="A name.", pipeline=find)
"""
SCRIPT = """\
import datatorch_pipelines as dtp

text = "name: P\\njobs: {j: {steps: [{run: echo}]}}"
calls = [lambda: dtp.check_text(text), lambda: dtp.loads(text).plan().warnings]
for call in calls:
    try:
        print(*call(), sep="\\n")
    except dtp.PipelinesError as error:
        print(error)
"""
REGISTERED = "mend or uninstall the package that registers it"


@pytest.mark.parametrize(
    ("registered", "printed"),
    [
        (["x = plugin:named"], ["pipeline.yaml:1:7: warning: a name [ACME1]; have none"]),
        (
            ["x = plugin:named", "y = plugin:made"],
            [
                "pipeline.yaml:1:7: warning: a name [ACME1]; have none",
                "pipeline.yaml:1:7: warning: a name [ACME2]; have none",
            ],
        ),
        (["x = plugin:not_one"], [f"the check 'x' (plugin:not_one) is no Check; {REGISTERED}"]),
        (
            ["x = plugin:gone"],
            [
                "the check 'x' (plugin:gone) can't be loaded: AttributeError: module 'plugin' has no attribute 'gone'; "
                + REGISTERED
            ],
        ),
        (
            ["x = plugin:failing"],
            [f"the check 'x' (plugin:failing) can't be loaded: ValueError: not today; {REGISTERED}"],
        ),
        (["x = plugin:ours"], ["the code 'DT401' of a check is the library's own; begin it otherwise"]),
        ([], [""]),
    ],
    ids=["object", "function", "none", "broken", "failing", "collision", "nothing"],
)
def test_what_a_package_registers_looks_by_itself(tmp_path: Path, registered: list[str], printed: list[str]) -> None:
    (tmp_path / "plugin.py").write_text(PLUGIN)
    metadata = tmp_path / "plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("\n".join(["[datatorch_pipelines.checks]", *registered, ""]))
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False,
    )  # fmt: skip
    assert (done.stdout.splitlines(), done.stderr) == ([*printed, *printed], "")


def test_a_package_in_an_archive_registers_too(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "plugin.zip", "w") as archive:
        archive.writestr("plugin.py", PLUGIN)
        archive.writestr("plugin-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: plugin\nVersion: 1.0\n")
        archive.writestr("plugin-1.0.dist-info/entry_points.txt", "[datatorch_pipelines.checks]\nx = plugin:named\n")
    path = os.pathsep.join([str(tmp_path / "plugin.zip"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False,
    )  # fmt: skip
    assert (done.stdout.count("[ACME1]"), done.stderr) == (2, "")
