"""From an action's reference to what its file says: one way, for plans and for checks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from attrs import evolve, frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity, has_errors
from datatorch_pipelines.errors import (
    ActionNotFound,
    ActionSyntaxError,
    AuthenticationFailed,
    FetchFailed,
    PipelineSyntaxError,
    ResolveError,
    StoreError,
)
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model import ACTION_FILES, Action, ActionReference, ReferenceKind
from datatorch_pipelines.resolvers.action_file import unused_action_files
from datatorch_pipelines.resolvers.chain import resolve_chain
from datatorch_pipelines.syntax import read_action, read_text_file

_ON_THIS_MACHINE = (ReferenceKind.LOCAL, ReferenceKind.PATH)


@frozen(kw_only=True)
class Answer:
    """What came of looking for an action: the action, or the ``error`` that says why it can't be had."""

    resolved: ResolvedAction | None = None
    definition: Action | None = None
    warnings: tuple[str, ...] = ()
    error: ResolveError | PipelineSyntaxError | None = None

    def told(self, reference: ActionReference, place: Location) -> list[Diagnostic]:
        """What is to be said of it at the place that names the action."""
        told = [Diagnostic.at(place, Code.ACTION_WARNING, Severity.WARNING, message) for message in self.warnings]
        error = self.error
        if isinstance(error, PipelineSyntaxError):
            count = sum(has_errors([item]) for item in error.diagnostics)
            wrong = f"the action {reference} has {count} error{'s' if count > 1 else ''} in its own file"
            hint = "see where they are reported"
            told.append(Diagnostic.at(place, Code.BAD_ACTION, Severity.ERROR, wrong, hint=hint))
        elif error is not None:
            why, do = _line(error.message), _line(error.hint) if error.hint else None
            told.append(Diagnostic.at(place, Code.UNRESOLVED, Severity.ERROR, why, hint=do))
        return told

    @property
    def in_its_file(self) -> tuple[Diagnostic, ...]:
        """What is wrong in the action's own file, where that can't be used."""
        return self.error.diagnostics if isinstance(self.error, PipelineSyntaxError) else ()

    def may_be_had(self, reference: ActionReference) -> bool:
        """Whether the error says only that the action isn't on this machine: with a network it might be had."""
        error = self.error
        if isinstance(error, ActionNotFound):
            return reference.kind is not ReferenceKind.PATH
        if isinstance(error, StoreError):
            return reference.kind not in _ON_THIS_MACHINE
        return isinstance(error, FetchFailed | AuthenticationFailed)


async def find_action(
    resolvers: Sequence[Resolver],
    reference: ActionReference,
    context: ResolveContext,
    *,
    beside: str = "",
    extra_using: frozenset[str] = frozenset(),
) -> Answer:
    """Looks for an action with the resolvers. Raises nothing of theirs.

    ``beside`` is the pipeline's folder as its file was named, and ``extra_using`` as for ``read_action``.
    """
    warnings: list[str] = []
    listening = evolve(context, warn=lambda message: warnings.append(_line(message)))
    resolved = definition = None
    error: ResolveError | PipelineSyntaxError | None = None
    try:
        resolved = await resolve_chain(resolvers, reference, listening)
        folders = [beside] if reference.kind is ReferenceKind.PATH else [str(path) for path in context.local_actions]
        definition = await asyncio.to_thread(
            read_definition, resolved, context.limits, folders=folders, extra_using=extra_using
        )
        if not resolved.file and (files := unused_action_files(resolved.directory)):
            warnings.append(f"{reference} has {' and '.join(files)}: {files[0]} is used")
    except (ResolveError, PipelineSyntaxError) as problem:
        error = problem
    except Exception as problem:
        error = ResolveError(f"{reference} can't be read: {type(problem).__name__}: {_line(problem)}")
        error.__cause__ = problem
    return Answer(resolved=resolved, definition=definition, warnings=tuple(warnings), error=error)


def _line(text: object) -> str:
    """A text on one line: it may be a stranger's."""
    return " ".join(str(text).split())


def read_definition(
    resolved: ResolvedAction,
    limits: Limits,
    *,
    folders: Sequence[str] = (),
    extra_using: frozenset[str] = frozenset(),
) -> Action:
    """The definition of an action that is here; one in a folder is named from one of these folders on.

    Raises `ResolveError` when it has no action file and `ActionSyntaxError` when that is wrong.
    """
    names = (resolved.file,) if resolved.file else ACTION_FILES
    path = next((resolved.directory / name for name in names if (resolved.directory / name).is_file()), None)
    if path is None:
        raise ResolveError(f"the action {resolved.reference} has no {names[0]}")
    shown = f"{resolved.reference}/{path.name}" if resolved.commit else as_written(path, folders)
    try:
        text = read_text_file(path, limits)
    except PipelineSyntaxError as error:
        raise ActionSyntaxError([_in_file(shown, item) for item in error.diagnostics]) from error
    definition, diagnostics = read_action(text, shown, limits=limits, extra_using=extra_using)
    if definition is None:
        raise ActionSyntaxError(diagnostics)
    return definition


def _in_file(name: str, diagnostic: Diagnostic) -> Diagnostic:
    """The same diagnostic of a file that is called otherwise: where the store has it says nothing to a reader."""
    return evolve(diagnostic, file=name)


def as_written(path: Path, folders: Sequence[str]) -> str:
    """The name of a file as one writes it who names one of these folders so; absolute where none leads to it.

    The file is in the folder; beside it, as ``../add`` has it, only where there is a single one.
    """
    real = os.path.realpath(path)
    for folder in folders:
        way = os.path.relpath(real, os.path.realpath(folder))
        name = os.path.normpath(Path(folder, way))
        outside = way.startswith(os.pardir) and len(folders) > 1
        if not outside and os.path.realpath(name) == real:  # not where `..` leads out of a linked folder
            return name
    return str(path)
