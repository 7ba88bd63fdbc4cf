"""The printed schemas in an editor: yaml-language-server completes, explains and marks."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from tests.support.language_server import LanguageServer

pytestmark = pytest.mark.integration

PIPELINE = """\
name: Add
jobs:
  add:
    needs: first
    stesp: []
    {place}
  first:
    steps:
      - name: Sum
        action: datatorch/add@v1
        {place}
      - name: nothing to do
triggers:
  annotatorButton: {flow: 5-points}
"""
ACTION = """\
name: add
inputs:
  a: {type: int}
runs:
  using: python
  {place}
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A project with the schemas as our command prints them."""
    # The server's patterns lead through no folder whose name begins with a dot, such as a test runner's own.
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        path = Path(made).resolve()
        for name in ("pipeline", "action"):
            command = [sys.executable, "-m", "datatorch_pipelines", "schema", name]
            printed = subprocess.run(command, check=True, capture_output=True).stdout
            (path / f"{name}.schema.json").write_bytes(printed)
        yield path


@pytest.fixture
def server(node_modules: Path, folder: Path) -> Iterator[LanguageServer]:
    """The language server with settings as docs/how-to/editors.md gives them."""
    schemas = {
        f"{(folder / 'pipeline.schema.json').as_uri()}": ".datatorch/*.yaml",
        f"{(folder / 'action.schema.json').as_uri()}": "action-datatorch.yaml",
    }
    yaml = {"validate": True, "hover": True, "completion": True, "schemas": schemas, "schemaStore": {"enable": False}}
    program = node_modules / "yaml-language-server" / "bin" / "yaml-language-server"
    with LanguageServer(["node", os.fspath(program), "--stdio"], {"yaml": yaml}) as started:
        yield started


def _described(name: str, *path: str) -> dict[str, str]:
    """The keys at a place of a schema, with what is said of them."""
    schema = dtp.schema(name)
    for key in path:
        schema = schema[key]
    return {key: inner["description"] for key, inner in schema["properties"].items()}


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace("{place}", ""), encoding="utf-8")
    return path


def _completed(server: LanguageServer, uri: str, line: int, column: int) -> dict[str, str]:
    items = server.at("completion", uri, line, column)["items"]
    return {item["label"]: item["documentation"] for item in items if isinstance(item.get("documentation"), str)}


def test_keys_of_a_pipeline_are_completed_with_what_they_mean(server: LanguageServer, folder: Path) -> None:
    uri = server.open(_write(folder / ".datatorch" / "p.yaml", PIPELINE))
    job = _described("pipeline", "definitions", "job")
    assert _completed(server, uri, 6, 5) == {key: text for key, text in job.items() if key != "needs"}
    step = _described("pipeline", "definitions", "step")
    wanted = {key: step[key] for key in step if key not in ("name", "action", "run")}
    offered = _completed(server, uri, 11, 9)
    assert {key: offered.get(key) for key in wanted} == wanted


def test_a_key_is_explained_where_the_pointer_is(server: LanguageServer, folder: Path) -> None:
    uri = server.open(_write(folder / ".datatorch" / "p.yaml", PIPELINE))
    hover = server.at("hover", uri, 4, 6)
    assert _described("pipeline", "definitions", "job")["needs"] in hover["contents"]["value"]
    assert hover["range"] == {"start": {"line": 3, "character": 4}, "end": {"line": 3, "character": 9}}
    assert _described("pipeline")["jobs"] in server.at("hover", uri, 2, 2)["contents"]["value"]


def test_mistakes_of_a_pipeline_are_marked_at_their_place(server: LanguageServer, folder: Path) -> None:
    uri = server.open(_write(folder / ".datatorch" / "p.yaml", PIPELINE))
    found = {
        (item["range"]["start"]["line"] + 1, item["range"]["start"]["character"] + 1): (
            item["message"],
            item["range"]["end"]["character"] + 1,
        )
        for item in server.diagnostics(uri)
    }
    assert found[5, 5] == ("Property stesp is not allowed.", 10)
    assert found[3, 3] == ('Missing property "steps".', 6)
    assert found[12, 9] == ('Missing property "action".', 10)
    assert found[14, 27][0].startswith('Value is not accepted. Valid values: "2-points", "4-points"')
    assert len(found) == 4


def test_a_pipeline_without_mistakes_is_left_alone(server: LanguageServer, folder: Path) -> None:
    uri = server.open(_write(folder / ".datatorch" / "ok.yaml", "name: A\njobs: {a: {steps: [{run: x}]}}\n"))
    assert server.diagnostics(uri) == []


def test_an_action_is_completed_and_marked(server: LanguageServer, folder: Path) -> None:
    uri = server.open(_write(folder / "action-datatorch.yaml", ACTION))
    runs = _described("action", "properties", "runs")
    offered = _completed(server, uri, 6, 3)
    assert {key: offered[key] for key in ("main", "command", "script", "image")} == {
        key: runs[key] for key in ("main", "command", "script", "image")
    }
    labels = {item["label"] for item in server.at("completion", uri, 5, 10)["items"]}
    assert {"python", "node", "cmd", "script", "docker", "human"} <= labels
    messages = {item["message"] for item in server.diagnostics(uri)}
    assert 'Missing property "main".' in messages
    assert any(message.startswith('Value is not accepted. Valid values: "string", "integer"') for message in messages)


def test_a_file_names_its_schema_itself(server: LanguageServer, folder: Path) -> None:
    line = f"# yaml-language-server: $schema={(folder / 'pipeline.schema.json').as_uri()}\n"
    uri = server.open(_write(folder / "elsewhere.yaml", f"{line}name: A\njob: {{}}\n"))
    assert {item["message"] for item in server.diagnostics(uri)} == {
        "Property job is not allowed.",
        'Missing property "jobs".',
    }
