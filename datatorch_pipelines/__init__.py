"""Read, check and run DataTorch pipelines.

>>> import datatorch_pipelines as dtp
>>> pipeline = dtp.loads("name: Hello\\njobs: {hello: {steps: [{run: echo hello}]}}")
>>> result = pipeline.run()
>>> result.jobs["hello"].steps[0].log
'hello\\n'
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late

if TYPE_CHECKING:
    from datatorch_pipelines.api import (
        check,
        check_files,
        check_text,
        find_action,
        fix,
        fix_text,
        load,
        load_action,
        loads,
        lock,
        lock_files,
        new_action,
        pin,
        pin_files,
        plan,
        pull,
        report,
        run,
        run_action,
        run_async,
        run_step,
        run_step_async,
        schema,
        start,
        start_step,
        symbol_at,
        upgrade,
        upgrade_files,
    )
    from datatorch_pipelines.checking import Settings, Symbol, SymbolKind, find_settings, load_settings
    from datatorch_pipelines.contracts import (
        Capabilities,
        Command,
        JobEnvironment,
        JobSpec,
        Question,
        ResolvedAction,
        Resolver,
        Runner,
        Runtime,
        StepContext,
    )
    from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
    from datatorch_pipelines.engine import Plan, RunHandle
    from datatorch_pipelines.errors import (
        ActionSyntaxError,
        ExpressionError,
        PipelinesError,
        PipelineSyntaxError,
        PlanError,
        PullError,
        ResolveError,
        RunFailed,
        RunnerError,
    )
    from datatorch_pipelines.fixing import Fixed, Pinned
    from datatorch_pipelines.limits import Limits
    from datatorch_pipelines.model import Action, ActionObject, ActionReference, Job, Pipeline, Step
    from datatorch_pipelines.people import ConsoleHuman, GivenAnswers
    from datatorch_pipelines.resolvers import (
        FoundAction,
        GitHubResolver,
        GitResolver,
        LocalResolver,
        Lock,
        MappingResolver,
        Store,
    )
    from datatorch_pipelines.results import Event, JobResult, RunResult, Status, StepResult
    from datatorch_pipelines.runners import LocalRunner
    from datatorch_pipelines.stepping import StepHandle

__version__ = "0.1.0"

__all__ = [
    "Action",
    "ActionObject",
    "ActionReference",
    "ActionSyntaxError",
    "Capabilities",
    "Command",
    "ConsoleHuman",
    "Diagnostic",
    "Event",
    "ExpressionError",
    "Fixed",
    "FoundAction",
    "GitHubResolver",
    "GitResolver",
    "GivenAnswers",
    "Job",
    "JobEnvironment",
    "JobResult",
    "JobSpec",
    "Limits",
    "LocalResolver",
    "LocalRunner",
    "Location",
    "Lock",
    "MappingResolver",
    "Pinned",
    "Pipeline",
    "PipelineSyntaxError",
    "PipelinesError",
    "Plan",
    "PlanError",
    "PullError",
    "Question",
    "ResolveError",
    "ResolvedAction",
    "Resolver",
    "RunFailed",
    "RunHandle",
    "RunResult",
    "Runner",
    "RunnerError",
    "Runtime",
    "Settings",
    "Severity",
    "Status",
    "Step",
    "StepContext",
    "StepHandle",
    "StepResult",
    "Store",
    "Symbol",
    "SymbolKind",
    "check",
    "check_files",
    "check_text",
    "find_action",
    "find_settings",
    "fix",
    "fix_text",
    "load",
    "load_action",
    "load_settings",
    "loads",
    "lock",
    "lock_files",
    "new_action",
    "pin",
    "pin_files",
    "plan",
    "pull",
    "report",
    "run",
    "run_action",
    "run_async",
    "run_step",
    "run_step_async",
    "schema",
    "start",
    "start_step",
    "symbol_at",
    "upgrade",
    "upgrade_files",
]


_HOMES = {
    "api": (
        "check",
        "check_files",
        "check_text",
        "find_action",
        "fix",
        "fix_text",
        "load",
        "load_action",
        "loads",
        "lock",
        "lock_files",
        "new_action",
        "pin",
        "pin_files",
        "plan",
        "pull",
        "report",
        "run",
        "run_action",
        "run_async",
        "run_step",
        "run_step_async",
        "schema",
        "start",
        "start_step",
        "symbol_at",
        "upgrade",
        "upgrade_files",
    ),
    "checking": ("Settings", "Symbol", "SymbolKind", "find_settings", "load_settings"),
    "contracts": (
        "Capabilities",
        "Command",
        "JobEnvironment",
        "JobSpec",
        "Question",
        "ResolvedAction",
        "Resolver",
        "Runner",
        "Runtime",
        "StepContext",
    ),
    "diagnostics": ("Diagnostic", "Location", "Severity"),
    "engine": ("Plan", "RunHandle"),
    "errors": (
        "ActionSyntaxError",
        "ExpressionError",
        "PipelineSyntaxError",
        "PipelinesError",
        "PlanError",
        "PullError",
        "ResolveError",
        "RunFailed",
        "RunnerError",
    ),
    "fixing": ("Fixed", "Pinned"),
    "limits": ("Limits",),
    "model": ("Action", "ActionObject", "ActionReference", "Job", "Pipeline", "Step"),
    "people": ("ConsoleHuman", "GivenAnswers"),
    "resolvers": ("FoundAction", "GitHubResolver", "GitResolver", "LocalResolver", "Lock", "MappingResolver", "Store"),
    "results": ("Event", "JobResult", "RunResult", "Status", "StepResult"),
    "runners": ("LocalRunner",),
    "stepping": ("StepHandle",),
}

__getattr__ = late(globals(), {name: room for room, names in _HOMES.items() for name in names})


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
