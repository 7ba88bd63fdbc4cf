"""A pipeline back to text."""

from __future__ import annotations

import json

from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.model import Pipeline
from datatorch_pipelines.syntax.conversion import Data, pipeline_to_data
from datatorch_pipelines.syntax.yaml_writer import check_plain, to_yaml

_FIRST = ("$schema", "project", "name", "triggers", "env", "variables", "timeout", "jobs")


def write_pipeline(pipeline: Pipeline) -> str:
    """The pipeline as YAML; read again it is equal.

    Raises `ModelError` for a value that no file can hold, such as an infinite number.

    >>> from datatorch_pipelines.model import Job, Step
    >>> print(write_pipeline(Pipeline(name="Add", jobs={"add": Job(steps=[Step(action="a/b@v1")])})), end="")
    name: Add
    jobs:
      add:
        steps:
          - action: a/b@v1
    """
    return to_yaml(_data(pipeline))


def write_pipeline_json(pipeline: Pipeline) -> str:
    """The pipeline as JSON; read again it is equal. Raises as `write_pipeline` does."""
    return json.dumps(_data(pipeline), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _data(pipeline: Pipeline) -> Data:
    try:
        data = pipeline_to_data(pipeline)
        check_plain(data)
    except RecursionError as error:
        raise ModelError("the pipeline's data is nested too deep, or holds itself", hint="use plain data") from error
    whole = {key: data[key] for key in _FIRST if key in data}
    whole["jobs"] = {job_id: _steps_last(job) for job_id, job in data["jobs"].items()}
    return whole


def _steps_last(job: Data) -> Data:
    """A job with what holds for all its steps before them."""
    outputs = {"outputs": job["outputs"]} if "outputs" in job else {}
    head = {key: value for key, value in job.items() if key not in ("steps", "outputs")}
    return {**head, **outputs, "steps": job["steps"]}
