"""The schemas: valid, documented, in step with the shipped validators, and of one mind with the reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import jsonschema
import pytest

from datatorch_pipelines.diagnostics import Severity, has_errors
from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS
from datatorch_pipelines.model.pipeline import JOB_ID
from datatorch_pipelines.syntax import read_action, read_pipeline, read_text_file
from datatorch_pipelines.syntax.schema import NAMES, _generated, generate, published, source
from datatorch_pipelines.syntax.yaml_reader import read_yaml

DATA = Path(__file__).parents[1] / "data" / "err"


def described(schema: Any, path: str = "") -> Iterator[tuple[str, str | None]]:
    """Each key and item of the format, and how its schema describes it."""
    for name, inner in schema.get("properties", {}).items():
        yield from described_one(inner, f"{path}/{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(key), dict):
            yield from described_one(inner, f"{path}/{key}")


def described_one(schema: dict[str, Any], path: str) -> Iterator[tuple[str, str | None]]:
    if "$ref" not in schema:
        yield path, schema.get("description")
        yield from described(schema, path)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_describes_each_key(name: str) -> None:
    schema = source(name)
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$comment"].startswith("Source: ")
    assert schema["title"].startswith("DataTorch ")
    assert [path for path, text in described(schema) if not text] == []
    assert [text for _, text in described(schema) if not re.fullmatch(r"[A-Z][^\n]*\.", text or "")] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.skipif(fastjsonschema.VERSION != _generated.MADE_WITH, reason="another generator writes other code")
def test_the_shipped_validators_are_up_to_date(name: str) -> None:
    assert (generate.FOLDER / f"{name}.py").read_text(encoding="utf-8") == generate.generated(name), (
        "run python -m datatorch_pipelines.syntax.schema.generate"
    )


@pytest.mark.parametrize("name", ["pipeline", "action"])
def test_a_published_schema_stands_alone(name: str) -> None:
    schema = published(name)
    jsonschema.Draft7Validator.check_schema(schema)
    assert ".schema.json#" not in json.dumps(schema)
    assert '"$ref": "job.schema.json"' not in json.dumps(schema)
    jsonschema.Draft7Validator(schema).is_valid({})


STRUCTURE = ("DT201", "DT203", "DT205", "DT206", "DT207")


@pytest.mark.parametrize(
    "path", [path for path in sorted(DATA.iterdir()) if path.suffix in (".yaml", ".yml")], ids=lambda path: path.name
)
def test_the_published_schema_accepts_no_structure_that_the_reader_refuses(path: Path) -> None:
    try:
        text = read_text_file(path)
    except PipelineSyntaxError:
        return
    kind, read = ("action", read_action) if path.name.startswith("action-") else ("pipeline", read_pipeline)
    model, diagnostics = read(text, path.name)
    assert (model is None) == has_errors(diagnostics)
    if any(d.code in STRUCTURE and d.severity is Severity.ERROR for d in diagnostics):
        assert not _accepts(kind, text)


@pytest.mark.parametrize("path", sorted((DATA.parent / "ok").iterdir()), ids=lambda path: path.name)
def test_the_published_schema_accepts_files_without_mistakes(path: Path) -> None:
    if path.suffix in (".yaml", ".yml"):
        assert _accepts("action" if path.name.startswith("action-") else "pipeline", read_text_file(path))


def test_there_are_mistakes_to_refuse() -> None:
    assert len(list(DATA.glob("*.yaml"))) > 100


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("pipeline", "name: A\njobs: {a: {steps: [{}]}}"),
        ("pipeline", "name: A\njobs: {a: {steps: [{run: x, action: a/b@v1}]}}"),
        ("pipeline", "name: A\njobs: {a: {stesp: []}}"),
        ("pipeline", "name: A\njobs: {a: {steps: [{run: x, timeout: soon}]}}"),
        ("action", "name: A\nruns: {using: python}"),
        ("action", "name: A\nruns: {using: node, script: x}"),
        ("action", "name: A\nruns: {using: cmd}"),
        ("action", "name: A\nruns: {using: shell}"),
        ("action", "name: A\nruns: {using: docker, command: x}"),
        ("action", "name: A\nruns: {main: a.py}"),
    ],
)
def test_the_published_schema_refuses_the_obvious(kind: str, text: str) -> None:
    read = read_action if kind == "action" else read_pipeline
    assert read(text, "p.yaml")[0] is None
    assert not _accepts(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("action", "name: A\nruns: {using: shell, main: x}"),
        ("action", "name: A\nruns: {using: script, script: x}"),
        ("action", "name: A\nruns: {using: human}"),
        (
            "action",
            "name: A\ninputs: {a: null, b: {type: null, options: [1]}}\nruns: {using: docker, image: a, args: []}",
        ),
        (
            "pipeline",
            "$schema: x\nname: A\ntriggers: {manual: , webhook: {}}\njobs: {a: {steps: [{run: x, inputs: }]}}",
        ),
    ],
)
def test_the_published_schema_accepts_what_the_reader_does(kind: str, text: str) -> None:
    read = read_action if kind == "action" else read_pipeline
    assert read(text, "p.yaml")[0] is not None
    assert _accepts(kind, text)


def _accepts(kind: str, text: str) -> bool:
    return jsonschema.Draft7Validator(published(kind)).is_valid(read_yaml(text, DEFAULT_LIMITS).data)


def test_the_schema_s_job_ids_are_the_model_s() -> None:
    assert source("pipeline")["properties"]["jobs"]["propertyNames"]["pattern"] == f"^{JOB_ID.pattern}$"


def test_unknown_generator_output_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "_UNTYPED", "def something_else():")
    with pytest.raises(SystemExit, match="other code"):
        generate.generated("step")
