"""DT215: schedules in a time zone that the IANA database doesn't know."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Severity
from datatorch_pipelines.syntax.names import nearest, shown


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    triggers = subject.pipeline.triggers
    for index, schedule in enumerate(triggers.schedule if triggers else ()):
        name = schedule.timezone
        if name is None or "${{" in name:
            continue
        known = _known()
        # A machine without the database can't judge.
        if not known or name in known:
            continue
        place = subject.source.value(("triggers", "schedule", index, "timezone"))
        meant = _meant(name, known)
        hint = f"did you mean {meant!r}?" if meant else None
        yield Finding(
            place,
            f"there is no time zone {shown(name)}",
            hint=hint or "write a name of the IANA database, such as Europe/Berlin or UTC",
        )


def _meant(name: str, known: tuple[str, ...]) -> str | None:
    """The zone that a name in other letters, without its continent or with a slip probably stands for."""
    folded = name.lower().replace(" ", "_")
    same = [zone for zone in known if zone.lower() == folded or zone.lower().endswith(f"/{folded}")]
    return min(same, key=len) if same else nearest(name, known) if "/" in name else None


@functools.cache
def _known() -> tuple[str, ...]:
    """The names that there are. A name is only ever compared with them: it never becomes a path."""
    import zoneinfo

    # The first two are no places, and stand in the databases of some machines only.
    return tuple(sorted(zoneinfo.available_timezones() - {"localtime", "posixrules", "Factory"}))


CHECK = Check(code=Code.BAD_TIME_ZONE, severity=Severity.ERROR, summary=Code.BAD_TIME_ZONE.summary, pipeline=_find)
