"""The run directory: the events and logs of a run, kept as they happen."""

from datatorch_pipelines.records.fold import result_of
from datatorch_pipelines.records.journal import Journal
from datatorch_pipelines.records.layout import make_run_directory, new_run_id
from datatorch_pipelines.records.recorder import BackgroundLog, Recorder, StepLog

__all__ = ["BackgroundLog", "Journal", "Recorder", "StepLog", "make_run_directory", "new_run_id", "result_of"]
