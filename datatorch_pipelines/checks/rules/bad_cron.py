"""DT214: schedules whose cron expression can't be read, or never comes."""

from __future__ import annotations

from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.model.cron import Cron, CronError


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    triggers = subject.pipeline.triggers
    for index, schedule in enumerate(triggers.schedule if triggers else ()):
        if "${{" in schedule.cron:
            continue  # told as an expression where text belongs
        try:
            Cron.parse(schedule.cron)
        except CronError as error:
            path = ("triggers", "schedule", index, "cron")
            place = subject.source.value(path, error.start, error.end)
            if (place.line, place.column) == (place.end_line, place.end_column):
                place = subject.source.value(path)
            yield Finding(place, error.message, hint=error.hint)


CHECK = Check(code=Code.BAD_CRON, severity=Severity.ERROR, summary=Code.BAD_CRON.summary, pipeline=_find)
