"""The SARIF report against the schema of SARIF 2.1.0 and the rules of its reference validator and of GitHub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import datatorch_pipelines as dtp

pytestmark = pytest.mark.integration

DATA = Path(__file__).parents[1] / "data" / "err"
HOSTILE = dtp.Diagnostic.at(
    dtp.Location("a [b](c) ${{ {0} %.yaml", 1, 1, 2, 1),
    "ACME1",
    dtp.Severity.WARNING,
    "a {0} [link](https://example.org) <b>\x1b[2J",
    related=[],
)


def _validator(node_modules: Path) -> Path:
    package = node_modules / "@microsoft" / "sarif-multitool-linux"
    if not (package / "Sarif.Multitool").exists():
        pytest.skip("the validator is there for Linux alone")
    return package


def _report() -> str:
    found = [item for path in sorted(DATA.glob("*.*ml")) for item in dtp.check(os.path.relpath(path))]
    assert len(found) > 300
    assert any(item.related for item in found)
    assert any(item.fix for item in found)
    return dtp.report([*found, HOSTILE, *dtp.check("not there.yaml")], "sarif")


def test_a_report_of_every_mistake_is_valid(node_modules: Path) -> None:
    text = (_validator(node_modules) / "sarif-2.1.0.json").read_text(encoding="utf-8-sig")
    schema = json.loads(text)
    assert schema["title"] == "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"
    validator = jsonschema.validators.validator_for(schema)(schema)
    for report in (_report(), dtp.report([], "sarif")):
        assert [error.message for error in validator.iter_errors(json.loads(report))] == []


def test_the_reference_validator_finds_nothing_wrong(node_modules: Path, tmp_path: Path) -> None:
    program = _validator(node_modules) / "Sarif.Multitool"
    (tmp_path / "report.sarif").write_text(_report(), encoding="utf-8")
    command = [program, "validate", "report.sarif", "--output", "found.sarif", "--rule-kind", "Sarif;Gh"]
    environment = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    run = json.loads((tmp_path / "found.sarif").read_text(encoding="utf-8-sig"))["runs"][0]
    # The one wish that stays open is a web page of the tool.
    assert {item["ruleId"] for item in run.get("results", ())} == {"SARIF2005"}, done.stdout
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_prints_the_same_report(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("name: A\njobs: {a: {stesp: []}}\n", encoding="utf-8")
    command = [sys.executable, "-m", "datatorch_pipelines", "check", "--format", "sarif", "p.yaml"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).stdout.decode()
    text = (tmp_path / "p.yaml").read_text(encoding="utf-8")
    assert printed == dtp.report(dtp.check_text(text, filename="p.yaml"), "sarif", sources={"p.yaml": text}) + "\n"
