"""The run directory: the events and logs of a run, kept as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late
from datatorch_pipelines.records.encoding import plain_data
from datatorch_pipelines.records.fold import result_of
from datatorch_pipelines.records.journal import Journal
from datatorch_pipelines.records.layout import artifacts_folder, make_run_directory, new_run_id
from datatorch_pipelines.records.owner import GLANCE_SECONDS, is_owned
from datatorch_pipelines.records.recorder import BackgroundLog, Recorder, StepLog, WrittenEvents, still_going_on

if TYPE_CHECKING:
    from datatorch_pipelines.records.deleting import delete_run, sweep_leavings
    from datatorch_pipelines.records.reading import (
        NeverBegan,
        RunSummary,
        follow_events,
        holds_record,
        open_record,
        read_events,
        read_record,
        run_directories,
        summarize,
    )

__all__ = [
    "GLANCE_SECONDS",
    "BackgroundLog",
    "Journal",
    "NeverBegan",
    "Recorder",
    "RunSummary",
    "StepLog",
    "WrittenEvents",
    "artifacts_folder",
    "delete_run",
    "follow_events",
    "holds_record",
    "is_owned",
    "make_run_directory",
    "new_run_id",
    "open_record",
    "plain_data",
    "read_events",
    "read_record",
    "result_of",
    "run_directories",
    "still_going_on",
    "summarize",
    "sweep_leavings",
]

# What reads records is not needed to write one.
__getattr__ = late(
    globals(),
    {
        "NeverBegan": "reading",
        "RunSummary": "reading",
        "delete_run": "deleting",
        "follow_events": "reading",
        "holds_record": "reading",
        "open_record": "reading",
        "read_events": "reading",
        "read_record": "reading",
        "run_directories": "reading",
        "summarize": "reading",
        "sweep_leavings": "deleting",
    },
)
