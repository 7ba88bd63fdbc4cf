"""One file's report."""

from __future__ import annotations

import os
from pathlib import Path

from attrs import frozen

from datatorch_pipelines.checking.definitions import find_definitions
from datatorch_pipelines.checking.ignores import apply_ignores
from datatorch_pipelines.checking.options import CheckOptions
from datatorch_pipelines.checks import check_action, check_expressions, check_pipeline
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, sort_diagnostics
from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.model import ACTION_FILES
from datatorch_pipelines.syntax import read_action, read_pipeline, read_text_file, salvage_pipeline


@frozen
class FileReport:
    """What is said of one file, sorted by place; ``name`` is the pipeline's name and where it stands."""

    diagnostics: tuple[Diagnostic, ...]
    name: tuple[str, Location] | None = None


def check_file(path: str | os.PathLike[str], options: CheckOptions) -> FileReport:
    """The report of a file; one that can't be read is told of as such."""
    try:
        text = read_text_file(path, options.limits)
    except PipelineSyntaxError as error:
        return FileReport(error.diagnostics)
    return check_source(text, os.fspath(path), options)


def check_source(text: str, filename: str, options: CheckOptions) -> FileReport:
    """The report of a text; it is an action where ``filename`` is the name of an action file."""
    name = None
    if Path(filename).name in ACTION_FILES:
        source, found = _check_action(text, filename, options)
    else:
        source, found, name = _check_pipeline(text, filename, options)
    kept = apply_ignores(text, filename, source, sort_diagnostics(found))
    return FileReport(tuple(sort_diagnostics(options.settings.apply(kept, filename))), name)


def _check_pipeline(
    text: str, filename: str, options: CheckOptions
) -> tuple[Locator | None, list[Diagnostic], tuple[str, Location] | None]:
    limits = options.limits
    pipeline, found = read_pipeline(text, filename, limits=limits)
    if pipeline is None:
        salvaged = salvage_pipeline(text, filename, limits=limits)
        if salvaged is not None:
            found = [*found, *check_expressions(salvaged, limits=limits)]
        return None, found, None
    definitions = find_definitions(pipeline, filename, options)
    checked = check_pipeline(
        pipeline,
        actions=definitions.actions,
        limits=limits,
        extra_checks=options.extra_checks,
        enable=options.settings.enable,
    )
    name = None if pipeline.source is None else (pipeline.name, pipeline.source.value(("name",)))
    return pipeline.source, [*found, *definitions.diagnostics, *checked], name


def _check_action(text: str, filename: str, options: CheckOptions) -> tuple[Locator | None, list[Diagnostic]]:
    from datatorch_pipelines._plugins import registered

    using = frozenset(registered("runtimes"))
    action, found = read_action(text, filename, limits=options.limits, extra_using=using)
    if action is None:
        return None, found
    checked = check_action(
        action, limits=options.limits, extra_checks=options.extra_checks, enable=options.settings.enable
    )
    return action.source, [*found, *checked]
