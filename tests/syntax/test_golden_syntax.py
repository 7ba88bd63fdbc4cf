"""Wrong files with the whole report beside them; `--update-golden` writes the reports anew, to be reviewed by eye."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from datatorch_pipelines.diagnostics import Diagnostic, has_errors
from datatorch_pipelines.syntax import read_action, read_pipeline, read_text_file

FILES = sorted(path for path in (Path(__file__).parent / "data" / "err").iterdir() if path.suffix != ".txt")


def report(path: Path) -> list[Diagnostic]:
    text = read_text_file(path)
    if path.name.startswith("action-"):
        action, diagnostics = read_action(text, path.name)
        assert (action is None) == has_errors(diagnostics)
    else:
        pipeline, diagnostics = read_pipeline(text, path.name)
        assert (pipeline is None) == has_errors(diagnostics)
    return diagnostics


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_wrong_file_gives_exactly_its_report(path: Path, golden: Callable[[Path, str], None]) -> None:
    lines = []
    for diagnostic in report(path):
        assert "\n" not in str(diagnostic)
        lines.append(f"{diagnostic} [to {diagnostic.end_line}:{diagnostic.end_column}]\n")
        lines += [f"    {related.location}: {related.message}\n" for related in diagnostic.related]
    golden(path.with_name(f"{path.name}.txt"), "".join(lines))
