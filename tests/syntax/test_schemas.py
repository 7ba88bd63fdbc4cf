"""The schemas: valid, documented, in step with the shipped validators, and of one mind with the reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastjsonschema
import jsonschema
import pytest

from datatorch_pipelines.diagnostics import has_errors
from datatorch_pipelines.model.pipeline import JOB_ID
from datatorch_pipelines.syntax import read_action, read_pipeline, read_text_file
from datatorch_pipelines.syntax.schema import NAMES, _generated, generate, published, source

DATA = Path(__file__).parent / "data" / "err"


def described(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, bool]]:
    """Each key of the format, and whether its schema describes it."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}/{name}", bool(inner.get("description")) or "$ref" in inner
        yield from described(inner, f"{path}/{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(key), dict):
            yield f"{path}/{key}", bool(inner.get("description")) or "$ref" in inner
            yield from described(inner, f"{path}/{key}")


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_describes_each_key(name: str) -> None:
    schema = source(name)
    jsonschema.Draft7Validator.check_schema(schema)
    assert "Source: " in schema["description"]
    assert [path for path, has_description in described(schema) if not has_description] == []


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


@pytest.mark.parametrize("path", sorted(DATA.glob("*.yaml")), ids=lambda path: path.name)
def test_the_published_schema_accepts_no_structure_that_the_reader_refuses(path: Path) -> None:
    text = read_text_file(path)
    kind, read = ("action", read_action) if path.name.startswith("action-") else ("pipeline", read_pipeline)
    model, diagnostics = read(text, path.name)
    if any(d.code in ("DT201", "DT203", "DT205", "DT206") for d in diagnostics):
        from datatorch_pipelines.limits import DEFAULT_LIMITS
        from datatorch_pipelines.syntax.yaml_reader import read_yaml

        data = read_yaml(text, DEFAULT_LIMITS).data
        own_rule = {
            "action-no-command",
            "action-no-image",
            "action-no-main",
            "action-no-script",
            "action-misspelt-main",
        }
        if path.stem not in own_rule:
            assert not jsonschema.Draft7Validator(published(kind)).is_valid(data)
    assert (model is None) == has_errors(diagnostics)


def test_the_schema_s_job_ids_are_the_model_s() -> None:
    assert source("pipeline")["properties"]["jobs"]["propertyNames"]["pattern"] == f"^{JOB_ID.pattern}$"


def test_unknown_generator_output_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "_UNTYPED", "def something_else():")
    with pytest.raises(SystemExit, match="other code"):
        generate.generated("step")
