"""What users call: load, check, plan, run. The defaults and the entry points meet here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from datatorch_pipelines.diagnostics import Diagnostic, Locator, sort_diagnostics
from datatorch_pipelines.errors import ActionSyntaxError, PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import ACTION_FILES, Action, Pipeline
from datatorch_pipelines.model.pipeline import with_source

if TYPE_CHECKING:
    from typing import Unpack

    from datatorch_pipelines.checking import CheckArguments
    from datatorch_pipelines.checking.symbols import Symbol
    from datatorch_pipelines.contracts import Resolver
    from datatorch_pipelines.defaults import PlanArguments, RunArguments
    from datatorch_pipelines.display import ReportForm
    from datatorch_pipelines.engine import Plan, RunHandle
    from datatorch_pipelines.fixing import Fixed, Pinned
    from datatorch_pipelines.results import RunResult

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


def check(path: PathLike, **arguments: Unpack[CheckArguments]) -> list[Diagnostic]:
    """Everything that is wrong or doubtful in a pipeline file, or an action file, by its place; empty when all is well.

    Never raises for what is in the file, nor for a file that can't be read: that is a diagnostic too. Touches no
    network unless ``fetch`` is true; the other arguments are those of `datatorch_pipelines.checking.CheckArguments`.
    """
    return check_files([path], **arguments)


def check_files(
    paths: Iterable[PathLike], *, processes: int | None = None, **arguments: Unpack[CheckArguments]
) -> list[Diagnostic]:
    """As `check`, for the files of one project: two pipelines of one name are told of as well.

    ``processes`` is how many processes check them, this one among them; unless given, there are several where the files
    are many. What is found does not depend on it. Workers import the modules of ``extra_checks``; with checks of the
    main program or of a notebook, and with ``resolvers``, this process does it all.
    """
    from datatorch_pipelines.checking import check_options, check_project

    return list(check_project(paths, check_options(arguments), processes).diagnostics)


def check_text(text: str, *, filename: str = "pipeline.yaml", **arguments: Unpack[CheckArguments]) -> list[Diagnostic]:
    """As `check`, for a text. ``filename`` tells what it is: an action where it is the name of an action file.

    >>> [str(diagnostic) for diagnostic in check_text("name: Add\\njobs: {}")]
    ["pipeline.yaml:2:1: error: a pipeline needs at least one job [DT205]; write a job's id and its steps below jobs"]
    """
    from datatorch_pipelines.checking import check_options, check_source

    return check_source(text, filename, check_options(arguments)).all


def symbol_at(
    text: str, line: int, column: int, *, filename: str = "pipeline.yaml", limits: Limits = DEFAULT_LIMITS
) -> Symbol | None:
    """The name that stands at a place of a text (line and column from 1), and where it is defined; or ``None``.

    For editors and language servers. ``filename`` is as for `check_text`. Never raises for what the text holds.

    >>> symbol_at("name: A", 1, 2).description
    "The pipeline's name, unique in its project."
    """
    from datatorch_pipelines.checking.symbols import symbol_at as find

    return find(text, line, column, filename=filename, limits=limits)


def fix(path: PathLike, **arguments: Unpack[CheckArguments]) -> Fixed:
    """A file with the mistakes fixed that have a fix; nothing is written until ``write()`` of the result is called.

    ``diff()`` of the result shows the change. With ``fetch``, an action without a tag is pinned to the commit that it
    means now. Raises `PipelineSyntaxError` for a file that can't be read; the arguments are those of `check`.
    """
    from datatorch_pipelines.checking import check_options
    from datatorch_pipelines.fixing import fix_file

    return fix_file(path, check_options(arguments))


def fix_text(text: str, *, filename: str = "pipeline.yaml", **arguments: Unpack[CheckArguments]) -> Fixed:
    """As `fix`, for a text: ``after`` of the result is the new one.

    >>> fixed = fix_text("name: Add\\njobs: {add: {stesp: [{run: echo hello}]}}")
    >>> print(fixed.after)
    name: Add
    jobs: {add: {steps: [{run: echo hello}]}}
    """
    from datatorch_pipelines.checking import check_options
    from datatorch_pipelines.fixing import fix_source

    return fix_source(text, filename, check_options(arguments))


def pin(path: PathLike, *, resolvers: Sequence[Resolver] = (), limits: Limits = DEFAULT_LIMITS) -> Pinned:
    """A pipeline's file with each tag or branch of an action made the commit that it means now.

    The tag becomes a comment behind the commit, where one can stand. Nothing is written until ``write()`` of the result
    is called. A reference whose server gives no answer stays as it is, and is told of in ``failures`` of the result.
    Raises `PipelineSyntaxError` for a file that is no pipeline. ``resolvers`` are asked before the usual ones, where
    they have a method ``refs``, as `GitHubResolver` and `GitResolver` do.
    """
    return _readable(pin_files([path], resolvers=resolvers, limits=limits)[0])


def pin_files(
    paths: Iterable[PathLike], *, resolvers: Sequence[Resolver] = (), limits: Limits = DEFAULT_LIMITS
) -> list[Pinned]:
    """As `pin`, for several files: each server is asked once; a file that can't be read says so in ``failures``."""
    from datatorch_pipelines.fixing import pin_files

    return pin_files(paths, resolvers=resolvers, limits=limits)


def upgrade(
    path: PathLike,
    names: Iterable[str] = (),
    *,
    resolvers: Sequence[Resolver] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> Pinned:
    """A pipeline's file with each tag of an action made the newest one; a commit that was pinned becomes that tag's.

    ``names`` are the actions that are meant (``owner/repo``), all unless some are given. Tags are written as precisely
    as before where there is such a tag, so that ``v1`` becomes ``v3``; what comes before a release is left out unless
    the present tag is of that kind. The rest is as for `pin`; raises `PipelinesError` for a name that no step has.
    """
    return _readable(upgrade_files([path], names, resolvers=resolvers, limits=limits)[0])


def upgrade_files(
    paths: Iterable[PathLike],
    names: Iterable[str] = (),
    *,
    resolvers: Sequence[Resolver] = (),
    limits: Limits = DEFAULT_LIMITS,
) -> list[Pinned]:
    """As `upgrade`, for several files: each server is asked once, and the rest is as for `pin_files`."""
    from datatorch_pipelines.fixing import upgrade_files

    return upgrade_files(paths, names=names, resolvers=resolvers, limits=limits)


def _readable(pinned: Pinned) -> Pinned:
    for failure in pinned.failures:
        if isinstance(failure, PipelineSyntaxError):
            raise failure
    return pinned


def report(
    diagnostics: Iterable[Diagnostic],
    form: ReportForm = "text",
    *,
    sources: Mapping[str, str] | None = None,
    colours: bool = False,
) -> str:
    """Diagnostics as one text, sorted by file and place: for people, or in a form that programs read.

    ``form`` is ``text`` (with the files' lines, marks below them and a last line that counts; ``colours`` for a
    terminal), ``json`` (the object of ``check --format json``), ``sarif`` (SARIF 2.1.0) or ``github`` (annotations in
    a workflow's log). ``sources`` maps names of files to their texts; unless given, the files that are named are read,
    and what can't be read shows without its lines. Raises ``ValueError`` for another form.

    >>> text = "name: Add\\njobs: {}"
    >>> print(report(check_text(text), sources={"pipeline.yaml": text}))
    pipeline.yaml:2:1: error: a pipeline needs at least one job [DT205]
        2 | jobs: {}
          | ^^^^
      hint: write a job's id and its steps below jobs
    1 error in 1 file
    """
    from datatorch_pipelines import __version__
    from datatorch_pipelines.display import Palette, report_in_form
    from datatorch_pipelines.display.sources import read_sources

    found = sort_diagnostics(tuple(diagnostics))
    texts = read_sources(found) if sources is None else sources
    return report_in_form(found, form, texts, version=__version__, palette=Palette(colours))


def schema(name: Literal["pipeline", "action"]) -> dict[str, object]:
    """The JSON Schema (draft 7) of a pipeline's or an action's file, in one piece, as editors want it.

    Each key has a description. Raises ``ValueError`` for another name.

    >>> schema("pipeline")["title"]
    'DataTorch pipeline'
    """
    from datatorch_pipelines.syntax.schema import published

    return published(name)


def plan(pipeline: Pipeline | PathLike, **arguments: Unpack[PlanArguments]) -> Plan:
    """What a run of the pipeline would do: every action fetched, every check passed, nothing run.

    Raises `PlanError` with everything that stands in the way, and `PipelineSyntaxError` for a file that is wrong.
    """
    from datatorch_pipelines.defaults import run_options
    from datatorch_pipelines.engine import engine_thread, make_plan

    located, source = _located(pipeline, arguments.get("limits", DEFAULT_LIMITS))
    return engine_thread().call(make_plan(located, source, run_options(located, arguments)))


def run(pipeline: Pipeline | PathLike, **arguments: Unpack[RunArguments]) -> RunResult:
    """Runs a pipeline to its end. Blocks, also inside a running event loop such as a notebook's.

    What goes wrong while it runs is in the result (see `RunResult.raise_for_status`). Raises `PlanError` when the
    pipeline can't be run as it is (nothing ran then), and passes a ``KeyboardInterrupt`` on after everything that was
    started has ended.
    """
    handle = start(pipeline, **arguments)
    try:
        return handle.wait()
    except BaseException:
        handle.cancel()
        handle.wait()
        raise


def start(pipeline: Pipeline | PathLike, **arguments: Unpack[RunArguments]) -> RunHandle:
    """Plans a pipeline and begins to run it; the handle gives its events, cancels it and waits for it.

    Raises `PlanError` when the pipeline can't be run as it is: nothing ran then.
    """
    from datatorch_pipelines.defaults import listeners, run_options
    from datatorch_pipelines.engine import Run, RunHandle, engine_thread, make_plan

    located, source = _located(pipeline, arguments.get("limits", DEFAULT_LIMITS))
    options = run_options(located, arguments)
    planned = engine_thread().call(make_plan(located, source, options))
    return RunHandle(Run(planned, options, _text_of(located)), engine_thread(), listeners(arguments))


async def run_async(pipeline: Pipeline | PathLike, **arguments: Unpack[RunArguments]) -> RunResult:
    """As `run`, in the running event loop. Cancelling it ends every process that was started before it passes on."""
    import asyncio

    from datatorch_pipelines.defaults import listeners, run_options
    from datatorch_pipelines.engine import Listeners, Run, make_plan

    located, source = await asyncio.to_thread(_located, pipeline, arguments.get("limits", DEFAULT_LIMITS))
    options = run_options(located, arguments)
    planned = await make_plan(located, source, options)
    begun = Run(planned, options, _text_of(located))
    told = Listeners(begun.recorder.journal, listeners(arguments))
    try:
        await begun.execute()
    finally:
        await asyncio.to_thread(told.join)
    return begun.result()


def to_yaml(pipeline: Pipeline) -> str:
    """A pipeline as YAML, which reads back as the same pipeline."""
    from datatorch_pipelines.syntax import write_pipeline

    return write_pipeline(pipeline)


def to_json(pipeline: Pipeline) -> str:
    """A pipeline as JSON, which reads back as the same pipeline."""
    from datatorch_pipelines.syntax import write_pipeline_json

    return write_pipeline_json(pipeline)


def _located(pipeline: Pipeline | PathLike, limits: Limits) -> tuple[Pipeline, Locator]:
    """The pipeline with the places of its parts; one built in Python has those of its own YAML."""
    from datatorch_pipelines.syntax import read_pipeline, write_pipeline

    if not isinstance(pipeline, Pipeline):
        pipeline = load(pipeline, limits=limits)
    if pipeline.source is not None:
        return pipeline, pipeline.source
    # One line, and no path: what is beside such a pipeline is in the current folder.
    shown = "".join(letter if letter.isprintable() and letter not in "/\\" else "_" for letter in pipeline.name)
    name = f"<{shown}>.yaml"
    again, diagnostics = read_pipeline(write_pipeline(pipeline), name, limits=limits)
    if again is None or again.source is None:
        raise PipelineSyntaxError(diagnostics)
    return with_source(pipeline, again.source), again.source


def _text_of(pipeline: Pipeline) -> str:
    """The pipeline as it is for its record: the text that it was read from, else its YAML."""
    from datatorch_pipelines.syntax import TextLocator

    return pipeline.source.text if isinstance(pipeline.source, TextLocator) else to_yaml(pipeline)
