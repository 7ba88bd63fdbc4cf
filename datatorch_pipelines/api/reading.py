"""Files and texts to models, and models to texts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from datatorch_pipelines.errors import ActionSyntaxError, PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import ACTION_FILES, Action, Pipeline

PathLike = str | os.PathLike[str]


def load(path: PathLike, *, limits: Limits = DEFAULT_LIMITS) -> Pipeline:
    """The pipeline in a ``.yaml``, ``.yml`` or ``.json`` file.

    Raises `PipelineSyntaxError` with everything that is wrong with the file's form, all in one pass. Its expressions
    are looked at by `check`, and before a run.
    """
    from datatorch_pipelines.syntax import read_text_file

    return loads(read_text_file(path, limits), filename=os.fspath(path), limits=limits)


def loads(text: str, *, filename: str = "pipeline.yaml", limits: Limits = DEFAULT_LIMITS) -> Pipeline:
    """The pipeline in a text; ``filename`` is for messages, and JSON is read where it ends in ``.json``.

    Raises `PipelineSyntaxError` as `load` does.

    >>> loads("name: Add\\njobs: {add: {steps: [{action: datatorch/add@v1}]}}").name
    'Add'
    """
    from datatorch_pipelines.syntax import read_pipeline

    pipeline, diagnostics = read_pipeline(text, filename, limits=limits)
    if pipeline is None:
        raise PipelineSyntaxError(diagnostics)
    return pipeline


def load_action(path: PathLike, *, limits: Limits = DEFAULT_LIMITS) -> Action:
    """The action in a file such as ``action-datatorch.yaml``, or in a folder that holds one.

    Raises `ActionSyntaxError` with everything that is wrong with the file's form, and `PipelineSyntaxError` when there
    is no file to read.
    """
    from datatorch_pipelines._plugins import registered
    from datatorch_pipelines.syntax import read_action, read_text_file

    file = Path(path)
    if file.is_dir():
        file = next((file / name for name in ACTION_FILES if (file / name).is_file()), file / ACTION_FILES[0])
    using = frozenset(registered("runtimes"))
    action, diagnostics = read_action(read_text_file(file, limits), os.fspath(file), limits=limits, extra_using=using)
    if action is None:
        raise ActionSyntaxError(diagnostics)
    return action


def to_yaml(pipeline: Pipeline) -> str:
    """A pipeline as YAML, which reads back as the same pipeline."""
    from datatorch_pipelines.syntax import write_pipeline

    return write_pipeline(pipeline)


def to_json(pipeline: Pipeline) -> str:
    """A pipeline as JSON, which reads back as the same pipeline."""
    from datatorch_pipelines.syntax import write_pipeline_json

    return write_pipeline_json(pipeline)


def schema(name: Literal["pipeline", "action"]) -> dict[str, object]:
    """The JSON Schema (draft 7) of a pipeline's or an action's file, in one piece, as editors want it.

    Each key has a description. Raises ``ValueError`` for another name.

    >>> schema("pipeline")["title"]
    'DataTorch pipeline'
    """
    from datatorch_pipelines.syntax.schema import published

    return published(name)
