"""A plan as data, as JSON for programs and as text for people: what would run, where, and with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.data import JSON_VERSION, compact_json, diagnostic_data, dump_json, failure_data
from datatorch_pipelines.display.masked import masked_diagnostics
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.reports import counted
from datatorch_pipelines.engine import Plan, PlannedJob, PlannedStep
from datatorch_pipelines.results.status import Failure

_NO_SECRETS = Masker()


def plan_json(plan: Plan, masker: Masker = _NO_SECRETS) -> str:
    """The object of ``run --dry-run --json`` and ``plan --json``. ``masker`` takes secrets out of it."""
    levels = plan.levels()
    numbers = {job_id: number for number, level in enumerate(levels, start=1) for job_id in level}
    return dump_json(
        {
            "version": JSON_VERSION,
            "pipeline": masker.text(plan.pipeline.name),
            "ready": plan.ready,
            "error": None,
            "diagnostics": [diagnostic_data(item) for item in masked_diagnostics(plan.warnings, masker)],
            "missing": [diagnostic_data(item) for item in masked_diagnostics(plan.missing, masker)],
            "runner": plan.runner,
            "max_parallel": plan.max_parallel,
            "levels": levels,
            "jobs": {job.id: {"level": numbers[job.id], **_job(job, masker)} for job in plan.jobs},
        }
    )


def no_plan_json(error: Failure, diagnostics: Sequence[Diagnostic] = (), *, pipeline: str | None = None) -> str:
    """The object of ``plan --json`` where there is no plan: something stands in the way."""
    return dump_json(
        {
            "version": JSON_VERSION,
            "pipeline": pipeline,
            "ready": False,
            "error": failure_data(error),
            "diagnostics": [diagnostic_data(item) for item in diagnostics],
            "missing": [],
            "runner": None,
            "max_parallel": None,
            "levels": [],
            "jobs": {},
        }
    )


def _job(planned: PlannedJob, masker: Masker) -> dict[str, object]:
    job, strategy = planned.job, planned.job.strategy
    matrix = strategy and {
        "instances": planned.instances,
        "fail_fast": masker.value(strategy.fail_fast),
        "max_parallel": masker.value(strategy.max_parallel),
    }
    return {
        "name": masker.text(planned.name),
        "needs": planned.needs,
        "unmet": planned.unmet,
        "runs_on": planned.job.runs_on,
        "runner": planned.runner_name,
        "if": masker.value(job.if_),
        "matrix": matrix,
        "timeout": masker.value(job.timeout),
        "continue_on_error": masker.value(job.continue_on_error),
        "env": masker.value(job.env),
        "outputs": masker.value(job.outputs),
        "steps": [_step(step, masker) for step in planned.steps],
    }


def _step(planned: PlannedStep, masker: Masker) -> dict[str, object]:
    step, action, retries = planned.step, planned.action, planned.step.retries
    resolved = None if action is None else action.resolved
    files = None if action is None or action.is_image else action.resolved
    return {
        "name": masker.text(step.label),
        "id": masker.value(step.id),
        "action": None if resolved is None else masker.text(str(resolved.reference)),
        "using": None if action is None else str(action.definition.runs.using),
        "commit": None if resolved is None else resolved.commit,
        "url": None if resolved is None else resolved.url,
        "directory": None if files is None else str(files.directory),
        "digest": None if files is None else files.digest,
        "run": masker.value(step.run),
        "shell": masker.value(step.shell),
        "inputs": masker.value(planned.inputs),
        "env": masker.value(step.env),
        "if": masker.value(step.if_),
        "timeout": masker.value(step.timeout),
        "idle_timeout": masker.value(step.idle_timeout),
        "retries": retries
        and {
            "count": retries.count,
            "delay": retries.delay,
            "backoff": retries.backoff,
            "exit_statuses": retries.exit_statuses,
        },
        "continue_on_error": masker.value(step.continue_on_error),
        "working_directory": masker.value(step.working_directory),
    }


def plan_text(plan: Plan, masker: Masker = _NO_SECRETS, *, palette: Palette = PLAIN) -> str:
    """What would run, job by job, in lines for people; warnings and what is missing are told elsewhere.

    What is written out is shown as JSON, an expression as it is written. ``masker`` takes secrets out of it.
    """
    return "".join(f"{line}\n" for line in _lines(plan, masker, palette))


def _lines(plan: Plan, masker: Masker, palette: Palette) -> Iterator[str]:
    levels = plan.levels()
    where = f"on the runner {plan.runner}, {plan.max_parallel} at once at the most"
    what = f"{counted(len(plan.jobs), 'job')} in {counted(len(levels), 'level')}"
    yield palette.paint("strong", one_line(f"plan of {masker.text(plan.pipeline.name)}: {what} {where}"))
    jobs = {job.id: job for job in plan.jobs}
    for number, level in enumerate(levels, start=1):
        for job_id in level:
            yield from _job_lines(jobs[job_id], number, masker, palette)


def _job_lines(planned: PlannedJob, level: int, masker: Masker, palette: Palette) -> Iterator[str]:
    data = _job(planned, masker)
    name = f" ({data['name']})" if data["name"] != planned.id else ""
    yield palette.paint("strong", one_line(f"job {planned.id}{name}, level {level}"))
    if planned.needs:
        yield one_line(f"  needs: {', '.join(planned.needs)}")
    if planned.unmet:
        yield one_line(f"  not in the plan: {', '.join(planned.unmet)} (as if succeeded, without outputs)")
    if planned.job.runs_on:
        yield one_line(f"  runs on: {planned.runner_name} (for {', '.join(planned.job.runs_on)})")
    strategy = planned.job.strategy
    if strategy is not None:
        size = "as many as its expression makes" if planned.instances is None else str(planned.instances)
        bound = f", {masker.value(strategy.max_parallel)} at once at the most" if strategy.max_parallel else ""
        ends = ", all end when one fails" if strategy.fail_fast is True else ""
        yield one_line(f"  instances: {size}{bound}{ends}")
    yield from _settings(data, ("if", "timeout", "continue_on_error"), "  ")
    yield from _values(data, "outputs", "output", "  ")
    for step in planned.steps:
        yield from _step_lines(step, masker, palette)


def _step_lines(planned: PlannedStep, masker: Masker, palette: Palette) -> Iterator[str]:
    data = _step(planned, masker)
    yield palette.paint("note", one_line(f"  step {planned.index + 1}: {data['name']}"))
    if planned.action is not None:
        source = f"{data['commit']} from {data['url']}" if data["commit"] else f"the folder {data['directory']}"
        yield one_line(f"    action: {data['action']} ({data['using']}), {source}")
    else:
        first, *others = str(data["run"]).strip().splitlines() or [""]
        more = f" (and {counted(len(others), 'line')} more)" if others else ""
        yield one_line(f"    run: {first}{more}")
    yield from _settings(data, ("shell", "if", "timeout", "idle_timeout", "continue_on_error"), "    ")
    yield from _settings(data, ("working_directory",), "    ")
    if planned.step.retries is not None:
        yield f"    retries: {planned.step.retries.count}"
    yield from _values(data, "inputs", "input", "    ")
    yield from _values(data, "env", "env", "    ")


def _settings(data: Mapping[str, object], names: Sequence[str], indent: str) -> Iterator[str]:
    for name in names:
        value = data[name]
        if value is not None and value is not False:
            yield one_line(f"{indent}{name.replace('_', '-')}: {_shown(value)}")


def _values(data: Mapping[str, object], key: str, word: str, indent: str) -> Iterator[str]:
    values = data[key]
    for name, value in values.items() if isinstance(values, Mapping) else ():
        shown = value if isinstance(value, str) and "${{" in value else compact_json(value)
        yield one_line(f"{indent}{word} {name}: {shown}")


def _shown(value: object) -> str:
    return value if isinstance(value, str) else compact_json(value)
