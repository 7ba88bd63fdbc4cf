"""What is wrong with pipelines and actions, and reports of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from datatorch_pipelines.diagnostics import Diagnostic, sort_diagnostics
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from typing import Unpack

    from datatorch_pipelines.checking import CheckArguments
    from datatorch_pipelines.checking.symbols import Symbol
    from datatorch_pipelines.display import ReportForm

PathLike = str | os.PathLike[str]


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
    main program or of a notebook, and with ``resolvers`` or a `Store`, this process does it all.
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
