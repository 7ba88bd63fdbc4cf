"""One file's report."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from datatorch_pipelines.checking.definitions import ActionFinder, find_definitions
from datatorch_pipelines.checking.ignores import ignored_by_comments, without_ignored
from datatorch_pipelines.checking.options import CheckOptions
from datatorch_pipelines.checking.respelling import Respelt, misspelt_keys
from datatorch_pipelines.checks import check_action, check_pipeline
from datatorch_pipelines.checks.salvaged import check_salvaged, check_salvaged_action
from datatorch_pipelines.checks.wording import one_line
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, Severity, sort_diagnostics
from datatorch_pipelines.errors import PipelinesError, PipelineSyntaxError
from datatorch_pipelines.model import ACTION_FILES
from datatorch_pipelines.syntax import read_action_file, read_pipeline_file, read_text_file

_MOST_PASSES = 4
"""How many levels of misspelt keys are looked behind: a pipeline has no more."""


@frozen
class FileReport:
    """What is said of one file, sorted by place; ``name`` is the pipeline's name and where it stands.

    ``shares_name`` says that a comment there ignores that another pipeline has the same name. ``in_actions`` is what is
    wrong in the files of the actions that it names: no comment or setting of this file is about them. ``defect`` is the
    traceback of what kept the library from checking the file.
    """

    diagnostics: tuple[Diagnostic, ...]
    name: tuple[str, Location] | None = None
    shares_name: bool = False
    in_actions: tuple[Diagnostic, ...] = ()
    defect: str | None = None

    @property
    def all(self) -> list[Diagnostic]:
        """What is said of the file and of the files of its actions, sorted by file and place."""
        return sort_diagnostics([*self.diagnostics, *self.in_actions])


def check_file(path: str | os.PathLike[str], options: CheckOptions, finder: ActionFinder | None = None) -> FileReport:
    """The report of a file; one that can't be read is told of as such. The rest is as for `check_source`."""
    name = os.fsdecode(path)
    try:
        text = read_text_file(name, options.limits)
    except PipelineSyntaxError as error:
        return FileReport(error.diagnostics)
    except Exception as error:
        return _defect(name, error)
    return check_source(text, name, options, finder)


def check_source(text: str, filename: str, options: CheckOptions, finder: ActionFinder | None = None) -> FileReport:
    """The report of a text; it is an action where ``filename`` is the name of an action file.

    ``finder`` finds the actions of several files, each of them once. A defect of the library is one error of the file.
    Raises `PipelinesError` for a registered resolver that can't be loaded.
    """
    try:
        return _checked(text, filename, options, finder)
    except Exception as error:
        if type(error) is PipelinesError:  # about what is installed; its kinds are about files, and caught by now
            raise
        return _defect(filename, error)


def _defect(filename: str, error: Exception) -> FileReport:
    what = one_line(f"internal error: {type(error).__name__}: {error}".rstrip(": "))
    hint = "please report it with what 'datatorch-pipelines check' prints where DATATORCH_PIPELINES_DEBUG=1 is set"
    return FileReport((internal_error(filename, what, hint),), defect="".join(traceback.format_exception(error)))


def internal_error(filename: str, what: str, hint: str) -> Diagnostic:
    """The diagnostic for a file that could not be checked to the end, which is no fault of the file."""
    return Diagnostic.at(Location(filename, 1, 1, 1, 1), Code.INTERNAL, Severity.ERROR, what, hint=hint)


def _checked(text: str, filename: str, options: CheckOptions, finder: ActionFinder | None) -> FileReport:
    if Path(filename).name in ACTION_FILES:
        seen = _check_action(text, filename, options)
    else:
        seen = _check_pipeline(text, filename, finder or ActionFinder(options))
    kept = ignored_by_comments(
        text,
        filename,
        seen.source,
        sort_diagnostics(seen.diagnostics),
        options,
        all_actions_known=seen.all_actions_known,
    )
    return FileReport(
        tuple(sort_diagnostics(options.settings.apply(kept, filename))),
        seen.name,
        shares_name=seen.name is not None and seen.source is not None and _shares_name(seen.source, seen.name),
        in_actions=tuple(told for item in seen.in_actions for told in options.settings.apply([item], item.file or "")),
    )


@frozen(kw_only=True)
class _Seen:
    """What looking at a text gave; ``source`` is ``None`` where its form is wrong."""

    diagnostics: Sequence[Diagnostic]
    source: Locator | None = None
    name: tuple[str, Location] | None = None
    all_actions_known: bool = True
    in_actions: tuple[Diagnostic, ...] = ()


def _shares_name(source: Locator, name: tuple[str, Location]) -> bool:
    """Whether a comment ignores that another pipeline has the same name."""
    twin = Diagnostic.at(name[1], Code.DUPLICATE_PIPELINE, Severity.WARNING, "")
    return not without_ignored(source, [twin])


def _check_pipeline(text: str, filename: str, finder: ActionFinder, passes: int = _MOST_PASSES) -> _Seen:
    """What is to be said of a pipeline, also of what stands below keys that are misspelt."""
    seen = _check_as_written(text, filename, finder)
    misspelt = misspelt_keys(seen.diagnostics)
    if not misspelt or not passes:
        return seen
    respelt = Respelt.of(text, filename, misspelt)
    behind = _check_pipeline(respelt.text, filename, finder, passes - 1)
    if _syntax_errors(behind) != _syntax_errors(seen):
        return seen
    return _Seen(diagnostics=[*misspelt, *map(respelt.as_written, behind.diagnostics)], in_actions=behind.in_actions)


def _syntax_errors(seen: _Seen) -> int:
    return sum(item.code.startswith("DT1") for item in seen.diagnostics)


def _check_as_written(text: str, filename: str, finder: ActionFinder) -> _Seen:
    options = finder.options
    limits = options.limits
    reading = read_pipeline_file(text, filename, limits=limits)
    pipeline, found = reading.pipeline, reading.diagnostics
    if pipeline is None:
        salvaged = reading.salvaged()
        if salvaged is not None:
            definitions = find_definitions(salvaged.pipeline, filename, finder)
            checked = check_salvaged(
                salvaged, actions=definitions.actions, limits=limits, enable=options.settings.enable
            )
            found = [*found, *definitions.diagnostics, *checked]
            return _Seen(diagnostics=found, in_actions=definitions.in_their_files)
        return _Seen(diagnostics=found)
    definitions = find_definitions(pipeline, filename, finder)
    checked = check_pipeline(
        pipeline,
        actions=definitions.actions,
        limits=limits,
        extra_checks=options.extra_checks,
        enable=options.settings.enable,
    )
    name = None if pipeline.source is None else (pipeline.name, pipeline.source.value(("name",)))
    keys = ((job_id, index) for job_id, job in pipeline.jobs.items() for index, s in enumerate(job.steps) if s.action)
    return _Seen(
        diagnostics=[*found, *definitions.diagnostics, *checked],
        source=pipeline.source,
        name=name,
        all_actions_known=all(key in definitions.actions for key in keys),
        in_actions=definitions.in_their_files,
    )


def _check_action(text: str, filename: str, options: CheckOptions) -> _Seen:
    from datatorch_pipelines._plugins import registered

    using = frozenset(registered("runtimes"))
    reading = read_action_file(text, filename, limits=options.limits, extra_using=using)
    action, found = reading.action, reading.diagnostics
    if action is None:
        salvaged = reading.salvaged()
        if salvaged is not None:
            checked = check_salvaged_action(salvaged, limits=options.limits, enable=options.settings.enable)
            found = [*found, *checked]
        return _Seen(diagnostics=found)
    checked = check_action(
        action, limits=options.limits, extra_checks=options.extra_checks, enable=options.settings.enable
    )
    return _Seen(diagnostics=[*found, *checked], source=action.source)
