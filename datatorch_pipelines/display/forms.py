"""A whole report in one of the forms that there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from datatorch_pipelines.diagnostics import Diagnostic
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.display.reports import check_summary, report_text

ReportForm = Literal["text", "json", "sarif", "github"]
"""``text`` for people, ``json`` for programs, ``sarif`` for code hosts and editors, ``github`` for a workflow's log."""

REPORT_FORMS: tuple[ReportForm, ...] = get_args(ReportForm)
"""Every form."""


def report_in_form(
    diagnostics: Sequence[Diagnostic],
    form: ReportForm,
    sources: Mapping[str, str],
    *,
    version: str,
    files: int | None = None,
    fixing: str | None = "",
    palette: Palette = PLAIN,
) -> str:
    """The report without a line end behind it; ``sources`` maps names of files to their texts, ``version``
    is this library's.

    ``files`` is how many were looked at (unless given, those that are named), ``fixing`` as for `check_summary`. What
    is for people, ``text`` and ``github``, ends with that summary. Raises ``ValueError`` for a form that there is not.
    """
    if form == "json":
        from datatorch_pipelines.display.data import diagnostics_json

        return diagnostics_json(diagnostics)
    if form == "sarif":
        from datatorch_pipelines.display.sarif import sarif_json

        return sarif_json(diagnostics, sources, version=version)
    if form not in REPORT_FORMS:
        raise ValueError(f"no such form of a report: {form!r}; give one of {', '.join(REPORT_FORMS)}")
    summary = check_summary(
        diagnostics, len({item.file for item in diagnostics}) if files is None else files, fixing=fixing
    )
    if form == "github":
        from datatorch_pipelines.display.annotations import github_annotations

        return f"{github_annotations(diagnostics)}{summary}"
    return f"{report_text(diagnostics, sources, palette=palette)}{summary}"
