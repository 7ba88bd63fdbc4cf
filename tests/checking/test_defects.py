"""Defects of the library: an error of the file that brings them out, and no more than that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import evolve

import datatorch_pipelines as dtp
from datatorch_pipelines.checks import CHECKS, Finding, PipelineSubject
from datatorch_pipelines.errors import ModelError

WARNED = "name: {name}\njobs: {{a: {{steps: [{{action: acme/add}}]}}}}\n"
HINT = "please report it with what 'datatorch-pipelines check' prints where DATATORCH_PIPELINES_DEBUG=1 is set"


@pytest.fixture(params=[KeyError("x"), ModelError("one\nline"), RecursionError(), MemoryError()], ids=repr)
def defect(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Exception:
    """A rule of the library that raises for the pipeline ``Bad``."""
    error: Exception = request.param
    look = CHECKS[0].pipeline

    def broken(subject: PipelineSubject) -> list[Finding]:
        if subject.pipeline.name == "Bad":
            raise error
        return list(look(subject)) if look else []

    rules = (evolve(CHECKS[0], pipeline=broken), *CHECKS[1:])
    monkeypatch.setattr("datatorch_pipelines.checks.CHECKS", rules)
    return error


def said(error: Exception) -> str:
    """How the errors of these tests are told of."""
    texts = {"KeyError": "KeyError: 'x'", "ModelError": "ModelError: one line"}
    name = type(error).__name__
    return f"error: internal error: {texts.get(name, name)} [DT199]; {HINT}"


def test_a_defect_is_an_error_of_its_file_and_the_others_are_checked(tmp_path: Path, defect: Exception) -> None:
    paths = [tmp_path / f"{name}.yaml" for name in ("A", "Bad", "C")]
    for path in paths:
        path.write_text(WARNED.format(name=path.stem))
    first, second, third = map(str, dtp.check_files(paths))
    assert second == f"{paths[1]}:1:1: {said(defect)}"
    assert "[DT401]" in first
    assert "[DT401]" in third


def test_a_defect_is_an_error_of_a_text(defect: Exception) -> None:
    assert [str(item) for item in dtp.check_text(WARNED.format(name="Bad"))] == [f"pipeline.yaml:1:1: {said(defect)}"]


def test_a_defect_in_reading_is_an_error_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(WARNED.format(name="A"))

    def broken(name: str | os.PathLike[str], limits: dtp.Limits) -> str:
        raise KeyError("x")

    monkeypatch.setattr("datatorch_pipelines.checking.one.read_text_file", broken)
    assert [str(item) for item in dtp.check(path)] == [f"{path}:1:1: {said(KeyError())}"]


def test_a_check_of_an_action_s_folder_reads_its_definition_alone(tmp_path: Path) -> None:
    (tmp_path / "action-datatorch.yaml").write_text(
        "name: Add\ninputs: {a: {type: integer, required: true}}\nruns: {using: python, main: add.py}\n"
    )
    (tmp_path / "add.py").write_text("")
    os.mkfifo(tmp_path / "never-written")  # whoever opens it waits
    (tmp_path / "p.yaml").write_text("name: A\njobs: {a: {steps: [{action: ./}]}}\n")
    assert [item.code for item in dtp.check(tmp_path / "p.yaml")] == ["DT403"]
