"""Diagnostics, runs and results as text for people and JSON for programs: data in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late

if TYPE_CHECKING:
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
    from datatorch_pipelines.display.plan_view import no_plan_json, plan_json, plan_text
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
    "no_plan_json",
    "no_run_json",
    "outputs_text",
    "plan_json",
    "plan_text",
    "report_in_form",
    "report_text",
    "run_json",
    "run_summary_text",
    "sarif_json",
]

# A report on files doesn't pay for what shows runs.
__getattr__ = late(
    globals(),
    {
        "PLAIN": "palette",
        "REPORT_FORMS": "forms",
        "JsonLog": "jsonlog",
        "LiveView": "live",
        "Palette": "palette",
        "ReportForm": "forms",
        "check_summary": "reports",
        "diagnostic_text": "reports",
        "diagnostics_json": "data",
        "error_json": "data",
        "event_json": "data",
        "failure_text": "reports",
        "github_annotations": "annotations",
        "no_plan_json": "plan_view",
        "no_run_json": "data",
        "outputs_text": "summary",
        "plan_json": "plan_view",
        "plan_text": "plan_view",
        "report_in_form": "forms",
        "report_text": "reports",
        "run_json": "data",
        "run_summary_text": "summary",
        "sarif_json": "sarif",
    },
)
