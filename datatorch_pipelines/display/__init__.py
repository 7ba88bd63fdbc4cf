"""Diagnostics, runs and results as text for people and JSON for programs: data in, text out."""

from datatorch_pipelines.display.annotations import github_annotations
from datatorch_pipelines.display.data import (
    diagnostics_json,
    error_json,
    event_json,
    no_run_json,
    run_json,
)
from datatorch_pipelines.display.forms import REPORT_FORMS, ReportForm, report_in_form
from datatorch_pipelines.display.jsonlog import JsonLog
from datatorch_pipelines.display.live import LiveView
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.reports import check_summary, diagnostic_text, failure_text, report_text
from datatorch_pipelines.display.sarif import sarif_json
from datatorch_pipelines.display.summary import outputs_text, run_summary_text

__all__ = [
    "PLAIN",
    "REPORT_FORMS",
    "JsonLog",
    "LiveView",
    "Palette",
    "ReportForm",
    "check_summary",
    "diagnostic_text",
    "diagnostics_json",
    "error_json",
    "event_json",
    "failure_text",
    "github_annotations",
    "no_run_json",
    "outputs_text",
    "report_in_form",
    "report_text",
    "run_json",
    "run_summary_text",
    "sarif_json",
]
