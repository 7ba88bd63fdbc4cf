"""What a step's own result says of it, without the run's."""

from __future__ import annotations

import pytest

import datatorch_pipelines as dtp
from tests.support.null_runner import NullRunner, simulate

PIPELINE = """\
name: Two
jobs:
  a:
    steps:
      - name: Doubtful
        action: ./doubtful
      - name: Sound
        run: echo
  b:
    steps:
      - name: Fails
        run: exit 3
      - name: Skipped
        run: echo
"""
DOUBTFUL = {
    "action-datatorch.yaml": """\
        name: Doubtful
        outputs:
          count: {type: integer}
        runs: {using: cmd, command: 'echo "::count::[]"'}
        """
}


def test_a_warning_belongs_to_the_step_that_it_is_about(project) -> None:
    project.action("doubtful", DOUBTFUL)
    result = project.run(PIPELINE)
    doubtful, sound = result.jobs["a"].steps
    assert [item.message for item in doubtful.diagnostics] == [
        "the output 'count' is declared to be of type integer, and is not"
    ]
    assert (sound.diagnostics, result.diagnostics) == ((), doubtful.diagnostics)


def test_a_step_that_did_not_succeed_raises_at_its_place(project) -> None:
    project.action("doubtful", DOUBTFUL)
    result = project.run(PIPELINE)
    assert all(step.raise_for_status() is step for step in result.jobs["a"].steps if step.succeeded)
    fails, skipped = result.jobs["b"].steps
    with pytest.raises(dtp.RunFailed) as caught:
        fails.raise_for_status()
    assert str(caught.value).endswith("pipeline.yaml:11:9: the step 'Fails' failed with exit status 3")
    assert caught.value.result is fails
    with pytest.raises(dtp.RunFailed, match=r":13:9: the step 'Skipped' was skipped$"):
        skipped.raise_for_status()


def test_the_repr_of_a_result_does_not_grow_with_its_jobs() -> None:
    text = "name: R\njobs:\n" + "".join(f"  j{number}: {{steps: [{{run: x}}]}}\n" for number in range(50))
    result = simulate(text, NullRunner())
    assert "jobs=<50 jobs>" in repr(result)
    assert len(repr(result)) < 500
