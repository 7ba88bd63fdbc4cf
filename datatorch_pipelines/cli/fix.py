"""What changes files: ``check --fix`` and ``check --diff``, ``pin`` and ``upgrade``."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from datatorch_pipelines import api
from datatorch_pipelines.checking import (
    CheckArguments,
    FileReport,
    check_options,
    check_source,
    distinct_files,
    join_reports,
)
from datatorch_pipelines.cli.console import STDERR, STDOUT, Output, wants_colours
from datatorch_pipelines.cli.outcome import FAILED, REFUSED, SUCCEEDED, complain, result_status
from datatorch_pipelines.diagnostics import has_errors
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.palette import Palette
from datatorch_pipelines.display.reports import check_summary, report_text
from datatorch_pipelines.display.sources import read_sources
from datatorch_pipelines.errors import PipelinesError, PipelineSyntaxError
from datatorch_pipelines.fixing import Pinned, Rewritten
from datatorch_pipelines.resolvers.lockfile import lock_command, lock_path


def fix_files(paths: Sequence[str], arguments: CheckArguments) -> bool:
    """Fixes files in their places, says on stderr how much, and returns whether every fixed file could be written.

    A file that can't be read is left to the report on what is left.
    """
    fixed = files = 0
    written = True
    for path in distinct_files(paths).values():
        try:
            found = api.fix(path, **arguments)
            if found.write():
                fixed += len(found.applied)
                files += 1
        except PipelineSyntaxError:
            continue
        except PipelinesError as error:
            complain(one_line(str(error)))
            written = False
    if fixed:
        Output(STDERR).text(f"fixed {_count(fixed, 'mistake')} in {_count(files, 'file')}\n")
    return written


def show_fixes(paths: Sequence[str], arguments: CheckArguments, *, strict: bool) -> int:
    """Prints what fixing would change as a patch, and on stderr what would be left; gives the exit status."""
    output, log = Output(STDOUT), Output(STDERR)
    options, named = check_options(arguments), distinct_files(paths)
    reports: list[FileReport] = []
    sources: dict[str, str] = {}
    fixed = files = 0
    for path in named.values():
        try:
            found = api.fix(path, **arguments)
        except PipelineSyntaxError as error:
            reports.append(FileReport(error.diagnostics))
            continue
        _show(found, output, log)
        sources[path] = found.after.removeprefix("\ufeff")
        reports.append(check_source(sources[path], path, options))
        fixed += len(found.applied)
        files += found.changed
    left = join_reports(reports, named, options).diagnostics
    sources = {**read_sources(left), **sources}
    palette = Palette(wants_colours(STDERR, os.environ), log.encoding)
    would = f"would fix {_count(fixed, 'mistake')} in {_count(files, 'file')}; then: " if fixed else ""
    log.text(f"{report_text(left, sources, palette=palette)}{would}{check_summary(left, len(paths), fixing=None)}\n")
    wrong = bool(left) if strict else has_errors(left)
    return result_status(output, FAILED if wrong or fixed else SUCCEEDED)


def pin_files(paths: Sequence[str], *, diff: bool) -> int:
    """Pins the actions of files, reports, and gives the exit status."""
    return _rewrite(lambda: api.pin_files(paths), "pinned", "pin", diff=diff)


def upgrade_files(paths: Sequence[str], names: Sequence[str], *, diff: bool) -> int:
    """Upgrades the actions of files, reports, and gives the exit status."""
    return _rewrite(lambda: api.upgrade_files(paths, names), "upgraded", "upgrade", diff=diff)


def _rewrite(ask: Callable[[], list[Pinned]], done: str, verb: str, *, diff: bool) -> int:
    output, log = Output(STDOUT), Output(STDERR)
    try:
        files = ask()
    except PipelinesError as error:
        complain(one_line(str(error)))
        return REFUSED
    status, changes, changed = SUCCEEDED, 0, 0
    for file in files:
        for failure in file.failures:
            log.text("".join(f"{one_line(line)}\n" for line in str(failure).splitlines()))
            status = FAILED
        for note in file.notes:
            log.text(f"{one_line(str(note))}\n")
        if diff:
            _show(file, output, log)
        else:
            try:
                file.write()
            except PipelinesError as error:
                log.text(f"{one_line(str(error))}\n")
                status = FAILED
                continue
            output.text("".join(f"{one_line(str(change))}\n" for change in file.changes))
            if file.changed and (lock := lock_path(file.file)).is_file():
                again = lock_command(file.file)
                log.text(one_line(f"{lock} is for the references as they were: lock them with {again}") + "\n")
        changes += len(file.changes)
        changed += file.changed
    if not changes:
        log.text(f"nothing {'to ' + verb if status == SUCCEEDED else 'was ' + done}\n")
    elif diff:
        log.text(f"would {verb} {_count(changes, 'reference')} in {_count(changed, 'file')}\n")
        status = FAILED
    else:
        log.text(f"{done} {_count(changes, 'reference')} in {_count(changed, 'file')}\n")
    return result_status(output, status)


def _show(rewritten: Rewritten, output: Output, log: Output) -> None:
    """Prints a patch, and says so where it can't be applied."""
    output.patch(rewritten.diff())
    if rewritten.changed and not rewritten.is_utf8:
        log.text(f"{one_line(rewritten.file)}: the file is in UTF-16 and this patch in UTF-8: it can't be applied\n")
    elif rewritten.diff_hides_something:
        log.text(
            f"{one_line(rewritten.file)}: this patch hides a password or a control character: it can't be applied\n"
        )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
