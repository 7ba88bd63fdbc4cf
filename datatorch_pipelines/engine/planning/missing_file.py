"""An action that lacks the very file that it runs."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import ResolvedAction
from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
from datatorch_pipelines.model import Action
from datatorch_pipelines.runtimes import named_file


def refuse_missing_file(resolved: ResolvedAction, definition: Action, place: Location) -> Iterator[Diagnostic]:
    """An error at the place that names the action, where its folder has no file that its ``runs`` names."""
    named = named_file(definition.runs)
    if named is None or (resolved.directory / named[1].strip("/")).is_file():
        return
    yield Diagnostic.at(
        place,
        Code.BAD_ACTION,
        Severity.ERROR,
        f"the action {resolved.reference} has no file {named[1]!r}, which is its {named[0]}",
        hint="mend the action, or name another version of it",
    )
