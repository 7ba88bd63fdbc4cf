"""DT414: environment variables that an action declares and the pipeline doesn't set.

DataTorch's published action schema says of ``env`` that an agent's environment provides the values: so it is no error,
and where the environment of a step is known (``subject.environment``), what it has is not told.
"""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.inputs import known_steps
from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.checks.wording import few
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.syntax.names import shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    for known in known_steps(subject):
        site = known.site
        inherited = () if site.job_id in subject.apart else subject.environment
        set_ = (site.step.env, site.job.env, subject.pipeline.env, inherited)
        missing = [name for name in known.action.env if not any(name in env for env in set_)]
        if not missing:
            continue
        plural = "s" if len(missing) > 1 else ""
        yield Finding(
            subject.source.value((*site.path, "action")),
            f"the action reads the environment variable{plural} {few(missing)}, not set in the pipeline",
            hint=_purpose(known.action.env[missing[0]], len(missing)),
        )


def _purpose(text: str | None, count: int) -> str:
    """What to do, and what the action says of the variable where it is the only one."""
    it = "them" if count > 1 else "it"
    hint = f"set {it} in env, or see that the machine which runs the step has {it}"
    return f"{hint}: {shown(' '.join(text.split()))}" if text and count == 1 else hint


CHECK = Check(
    code=Code.MISSING_VARIABLE, severity=Severity.WARNING, summary=Code.MISSING_VARIABLE.summary, pipeline=_find
)
