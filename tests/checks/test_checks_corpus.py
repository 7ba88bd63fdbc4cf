"""Published pipelines and actions, where they are at hand: the checks find no error in what runs today."""

from __future__ import annotations

from pathlib import Path

import pytest

from datatorch_pipelines.checks import check_action, check_pipeline
from datatorch_pipelines.model import Action
from datatorch_pipelines.syntax import read_action, read_pipeline

CORPUS = Path(__file__).parents[2] / "../shared/corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")


def files(kind: str) -> list[Path]:
    return sorted((CORPUS / kind).glob("*.yaml"))


def published() -> dict[str, Action]:
    """The published actions by their repository's name, one version of each."""
    found = {}
    for path in files("actions"):
        action, _ = read_action(path.read_text("utf-8"), path.name)
        parts = path.stem.split("__")
        if action is not None and len(parts) == 3:
            found[f"datatorch/{parts[1]}"] = action
    return found


@pytest.mark.parametrize("path", files("pipelines"), ids=lambda path: path.stem)
def test_a_published_pipeline_has_no_error_beyond_its_syntax(path: Path) -> None:
    pipeline, _ = read_pipeline(path.read_text("utf-8"), path.name)
    if pipeline is not None:
        found = [str(item) for item in check_pipeline(pipeline)]
        git = "datatorch__documentation__10" in path.name
        assert found == (
            [
                "datatorch__documentation__10.yaml:11:16: warning: GitHub no longer serves git:// URLs [DT502]; "
                "write https://github.com/datatorch/python.git"
            ]
            if git
            else []
        )


@pytest.mark.parametrize("path", files("actions"), ids=lambda path: path.stem)
def test_a_published_action_file_has_no_finding(path: Path) -> None:
    action, _ = read_action(path.read_text("utf-8"), path.name)
    if action is not None:
        assert check_action(action) == []


def test_published_pipelines_fit_the_published_actions_but_for_their_own_mistakes() -> None:
    actions = published()
    errors = set()
    for path in files("pipelines"):
        pipeline, _ = read_pipeline(path.read_text("utf-8"), path.name)
        if pipeline is None:
            continue
        known = {
            (job_id, index): actions[step.reference.name]
            for job_id, job in pipeline.jobs.items()
            for index, step in enumerate(job.steps)
            if step.reference is not None and step.reference.name in actions
        }
        errors |= {str(item) for item in check_pipeline(pipeline, actions=known) if item.severity == "error"}
    # These two give x and y to an action that wants a and b.
    assert sorted(errors) == [
        f"datatorch-actions__add__{number}.yaml:6:17: error: the action 'Python Add' needs the input {name!r} [DT403]; "
        f"add {name} to the step's inputs"
        for number in (2, 3)
        for name in ("a", "b")
    ]
