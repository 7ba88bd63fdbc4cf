"""Published pipelines and actions, where they are at hand: the checks find no error in what runs today."""

from __future__ import annotations

from pathlib import Path

import pytest

from datatorch_pipelines.checks import check_action, check_pipeline
from datatorch_pipelines.model import Action
from datatorch_pipelines.syntax import read_action, read_pipeline

CORPUS = Path(__file__).parents[2] / "../shared/corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")


WARNINGS = {
    "datatorch__documentation__10": [
        "11:16: warning: GitHub no longer serves git:// URLs [DT502]; write https://github.com/datatorch/python.git"
    ],
    "datatorch-actions__add__3": [
        "6:17: warning: the action 'datatorch/add' has no tag: it follows the default branch [DT401]; "
        "pin it: datatorch/add@TAG"
    ],
    "datatorch-actions__blank-template__4": [
        "6:17: warning: the action 'datatorch/download-youtube' has no tag: it follows the default branch [DT401]; "
        "pin it: datatorch/download-youtube@TAG"
    ],
    "datatorch__documentation__1": [
        "9:17: warning: the action 'myorg/add' has no tag: it follows the default branch [DT401]; pin it: myorg/add@TAG"
    ],
}
"""What is said about a pipeline, by its file's name; about each other one, nothing."""


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
        assert found == [f"{path.name}:{line}" for line in WARNINGS.get(path.stem, [])]


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
