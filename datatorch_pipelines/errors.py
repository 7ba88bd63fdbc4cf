"""Everything that this library raises on purpose.

One root, `PipelinesError`. Each error's text is one line that says what is wrong, where, and what to do; the library's
errors from below (dulwich, ruamel.yaml, the operating system) are chained as causes.
"""

from __future__ import annotations

from collections.abc import Sequence

from datatorch_pipelines.diagnostics import Diagnostic, Location, has_errors


class PipelinesError(Exception):
    """The root of every error that the library raises on purpose.

    ``message`` says what is wrong without the place, ``location`` where it is (``None`` where there is no file) and
    ``hint`` what to do.

    >>> str(PipelinesError("no such job 'ad'", location=Location("p.yaml", 2, 3, 2, 5), hint="did you mean 'add'?"))
    "p.yaml:2:3: no such job 'ad'; did you mean 'add'?"
    """

    def __init__(self, message: str, *, location: Location | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}{self.message}{hint}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(kind: type[PipelinesError], args: tuple[object, ...], state: dict[str, object]) -> PipelinesError:
    """An error out of its pickle, whatever its constructor takes."""
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class ModelError(PipelinesError, ValueError):
    """A model object can't be built from the given values."""


class _DiagnosedError(PipelinesError):
    """An error that carries the diagnostics that it stands for."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        first = next((d for d in diagnostics if has_errors([d])), diagnostics[0])
        super().__init__(first.message, location=first.location, hint=first.hint)
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        return "\n".join(str(diagnostic) for diagnostic in self.diagnostics)


class PipelineSyntaxError(_DiagnosedError):
    """A file can't be used as it stands.

    ``diagnostics`` holds all that is wrong with it, sorted by place, warnings too; the error's text has a line each.
    """


class ActionSyntaxError(PipelineSyntaxError):
    """An action's own file can't be used as it stands."""


class PlanError(_DiagnosedError):
    """A pipeline can't be run as it stands, found before anything ran: see ``diagnostics``."""


class ExpressionError(PipelinesError):
    """An expression can't be read or evaluated.

    ``column`` (from 1) and ``end_column`` (exclusive) count the characters of the text that was given; ``code`` is the
    diagnostic's code.
    """

    def __init__(
        self,
        message: str,
        *,
        column: int,
        end_column: int | None = None,
        code: str = "DT301",
        location: Location | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, location=location, hint=hint)
        self.column = column
        self.end_column = column + 1 if end_column is None else end_column
        self.code = str(code)

    def __str__(self) -> str:
        if self.location:
            return super().__str__()
        hint = f"; {self.hint}" if self.hint else ""
        return f"column {self.column}: {self.message}{hint}"


class ResolveError(PipelinesError):
    """An action that is named can't be had."""


class ActionNotFound(ResolveError):
    """A resolver does not have the action; the next one of the chain is asked."""


class ActionRefused(ResolveError):
    """An action, its address or its content is not safe to use."""


class AuthenticationFailed(ResolveError):
    """A git server refused the credentials, or wants some."""


class FetchFailed(ResolveError):
    """A git server can't be reached, or broke off."""


class StoreError(ResolveError):
    """The store on disk can't be read or written."""


class PullError(ResolveError):
    """Actions that were to be fetched can't be had.

    ``failures`` has an error for each of them, located where a pipeline's file names it; the error's text has a line
    each. ``found`` has those that are on this machine now.
    """

    def __init__(self, failures: Sequence[PipelinesError], found: Sequence[object] = ()) -> None:
        first = failures[0]
        super().__init__(first.message, location=first.location, hint=first.hint)
        self.failures = tuple(failures)
        self.found = tuple(found)

    def __str__(self) -> str:
        return "\n".join(str(failure) for failure in self.failures)


class InputError(PipelinesError):
    """A value doesn't fit what an action declares; ``code`` is the diagnostic's code."""

    def __init__(
        self, message: str, *, code: str = "DT404", location: Location | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, location=location, hint=hint)
        self.code = str(code)


class EventRefused(PipelinesError):
    """What was sent is no event that could start a run."""


class SignatureRefused(EventRefused):
    """What was sent is not signed by who knows the secret."""


class RunnerError(PipelinesError):
    """A runner can't do what it was asked."""


class RunnerUnavailable(RunnerError):
    """The place where a runner runs things can't be reached now; to try again may help."""


class EnvironmentLost(RunnerError):
    """The place where a job ran is gone, with its workspace; the whole job has to start anew elsewhere."""


class CommandRejected(RunnerError):
    """A command can't be started as it is (no such program, too large); to try again won't help."""


class RecordError(PipelinesError):
    """The record of a run can't be written or read."""


class RunFailed(PipelinesError):
    """A run or a step did not succeed; ``result`` is its `RunResult` or `StepResult`."""

    def __init__(
        self, message: str, result: object, *, location: Location | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, location=location, hint=hint)
        self.result = result
