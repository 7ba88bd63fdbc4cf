"""The pipelines and actions that others published: each loads, or is refused at the right line."""

from __future__ import annotations

from pathlib import Path

import pytest

from datatorch_pipelines.syntax import read_action, read_pipeline, read_text_file, write_pipeline

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
ACTIONS = sorted(CORPUS.glob("actions/*"))
PIPELINES = sorted(CORPUS.glob("pipelines/*"))
EXPECTED = {
    "datatorch__documentation__2": ["9:7 DT203"],
    "datatorch__documentation__3": ["10:7 DT203"],
    "datatorch__documentation__4": ["1:1 DT201", "2:3 DT201", "6:12 DT203"],
    "datatorch__documentation__5": ["2:3 DT101"],
    "datatorch__documentation__6": ["2:3 DT101"],
    "datatorch__documentation__8": ["1:1 DT201", "2:3 DT201", "4:3 DT201"],
    "datatorch__python__7": ["6:17 DT208", "10:17 DT208"],
    "datatorch__python__8": ["6:17 DT208", "9:17 DT208"],
}
"""What is said about a file, by its name; about each other file, nothing."""

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_a_published_pipeline_loads_or_is_refused_at_the_right_line(path: Path) -> None:
    pipeline, diagnostics = read_pipeline(read_text_file(path), path.name)
    assert [f"{d.line}:{d.column} {d.code}" for d in diagnostics] == EXPECTED.get(path.stem, [])
    assert (pipeline is None) == any(d.severity == "error" for d in diagnostics)
    if pipeline is not None:
        again, _ = read_pipeline(write_pipeline(pipeline), path.name)
        assert again == pipeline


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.stem)
def test_a_published_action_loads_without_a_word(path: Path) -> None:
    action, diagnostics = read_action(read_text_file(path), path.name)
    assert diagnostics == []
    assert action is not None
    assert action.runs.using == "python"


def test_every_expectation_is_about_a_file_that_is_there() -> None:
    assert set(EXPECTED) <= {path.stem for path in PIPELINES}
