"""The run directory: the events and logs of a run, kept as they happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late
from datatorch_pipelines.records.fold import result_of
from datatorch_pipelines.records.journal import Journal
from datatorch_pipelines.records.layout import make_run_directory, new_run_id
from datatorch_pipelines.records.recorder import BackgroundLog, Recorder, StepLog

if TYPE_CHECKING:
    from datatorch_pipelines.records.reading import RunSummary, open_record, read_events, run_directories, summarize

__all__ = [
    "BackgroundLog",
    "Journal",
    "Recorder",
    "RunSummary",
    "StepLog",
    "make_run_directory",
    "new_run_id",
    "open_record",
    "read_events",
    "result_of",
    "run_directories",
    "summarize",
]

# What reads records is not needed to write one.
__getattr__ = late(
    globals(),
    dict.fromkeys(("RunSummary", "open_record", "read_events", "run_directories", "summarize"), "reading"),
)
