"""The secrets of a run: those that a caller gave, or that a provider has for the names that the pipeline uses."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping

from attrs import frozen

from datatorch_pipelines.checks.subject import Nowhere
from datatorch_pipelines.checks.walk import pipeline_subject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.contracts import SecretProvider
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, PathKey, Severity, sort_diagnostics
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.errors import PipelinesError, PlanError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model import Pipeline


@frozen(kw_only=True)
class SecretUse:
    """Where an expression names a secret: the text's ``path``, and the columns of the name in it, from 1.

    ``name`` is ``None`` where the expression takes all secrets (``toJSON(secrets)``) or one whose name is computed.
    ``needed`` says that there is nothing else in the ``${{ }}``, so that a secret that is not there is an error.
    """

    name: str | None
    path: tuple[PathKey, ...]
    column: int
    end_column: int
    needed: bool


def secret_uses(pipeline: Pipeline, limits: Limits = DEFAULT_LIMITS) -> Iterator[SecretUse]:
    """The uses of secrets in a pipeline, in the order of its document."""
    if not _may_use_secrets(pipeline):
        return
    for text in pipeline_subject(pipeline, {}, limits).texts:
        for reference in text.references:
            if reference.context != "secrets":
                continue
            name = reference.path[0] if reference.path else None
            column, end = (reference.column, reference.end_column) if name is None else reference.columns[0]
            needed = reference.bare and len(reference.path) == 1
            yield SecretUse(name=name, path=tuple(text.path), column=column, end_column=end, needed=needed)


def _may_use_secrets(pipeline: Pipeline) -> bool:
    """Whether any text of the pipeline could name a secret; to find out where takes much longer."""
    values: list[object] = [pipeline.env, pipeline.timeout]
    for job in pipeline.jobs.values():
        values += (job.env, job.outputs, job.if_, job.timeout, job.continue_on_error)
        if job.strategy is not None:
            values += (job.strategy.matrix, job.strategy.fail_fast, job.strategy.max_parallel)
        for step in job.steps:
            values += (step.inputs, step.env, step.if_, step.timeout, step.idle_timeout, step.continue_on_error)
            values += (step.working_directory, step.run)
    return any(map(_mentions, values))


def _mentions(value: object) -> bool:
    if isinstance(value, str):
        return "secrets" in value.lower()
    if isinstance(value, Mapping):
        return any(map(_mentions, value.values()))
    return isinstance(value, list | tuple) and any(map(_mentions, value))


def given_secrets(
    pipeline: Pipeline, secrets: Mapping[str, str] | SecretProvider | None, limits: Limits = DEFAULT_LIMITS
) -> Mapping[str, str] | None:
    """The secrets by name; a provider is asked for each name that the pipeline uses, once.

    Raises `PipelinesError` for a provider that fails, or gives what is no text, and `PlanError` where the pipeline
    takes secrets without naming them, which only a mapping can give.
    """
    if secrets is None or isinstance(secrets, Mapping):
        return secrets
    if not callable(secrets):
        raise PipelinesError(
            f"secrets is of the type {type(secrets).__name__}", hint="give texts by name, or a function of a name"
        )
    uses = list(secret_uses(pipeline, limits))
    source = pipeline.source or Nowhere()
    if unnamed := [_unnamed(source, use) for use in uses if use.name is None]:
        raise PlanError(sort_diagnostics(unnamed))
    return provided_secrets([use.name for use in uses if use.name is not None], secrets)


def _unnamed(source: Locator, use: SecretUse) -> Diagnostic:
    return Diagnostic.at(
        _place(source, use),
        Code.MISSING_SECRET,
        Severity.ERROR,
        "a provider of secrets is asked for each by its name, and none is named here",
        hint="name the secret as secrets.NAME, or give the secrets as a mapping",
    )


def provided_secrets(names: Iterable[str], provider: SecretProvider) -> Mapping[str, str]:
    """What a provider has for some names, each asked for once; names that differ in case alone are one.

    Raises `PipelinesError` as `given_secrets`, which never shows a value.
    """
    found: dict[str, str] = {}
    for name in {name.lower(): name for name in reversed(list(names))}.values():
        secret = _asked(name, provider)
        if isinstance(secret, str):
            found[name] = secret
        elif secret is not None:
            kind = type(secret).__name__
            if inspect.iscoroutine(secret):
                secret.close()
            raise PipelinesError(
                f"the provider of secrets gave no text for {name!r} but what is of the type {kind}",
                hint="an asynchronous function can't be one" if kind == "coroutine" else None,
            )
    return found


def _asked(name: str, provider: SecretProvider) -> object:
    try:
        return provider(name)
    except PipelinesError:  # said in words that are meant to be shown
        raise
    except Exception as error:
        kind = type(error).__name__
    # Out here the error that was raised is no context of this one: what it says may hold the secret.
    raise PipelinesError(f"the provider of secrets raised {kind} for {name!r}")


def missing_secrets(
    pipeline: Pipeline, source: Locator, jobs: Collection[str], options: RunOptions
) -> Iterator[Diagnostic]:
    """An error for each secret that the jobs need and that was not given, where it is first named."""
    known = {name.lower() for name in options.secrets}
    chosen, told = set(jobs), set[str]()
    for use in secret_uses(pipeline, options.limits):
        outside = use.path[0] == "jobs" and use.path[1] not in chosen
        if use.name is None or not use.needed or outside or use.name.lower() in known | told:
            continue
        told.add(use.name.lower())
        yield Diagnostic.at(
            _place(source, use),
            Code.MISSING_SECRET,
            Severity.ERROR,
            f"the secret {use.name!r} is not given",
            hint=f"give it as secrets={{{use.name!r}: ...}} or, on the command line, by --secret "
            + shlex.quote(use.name),
        )


def _place(source: Locator, use: SecretUse) -> Location:
    return source.value(use.path, use.column - 1, use.end_column - 1)
