"""The variables of a pipeline, and what whoever starts a run gives in their place."""

from __future__ import annotations

import pytest

from tests.support.null_runner import NullRunner, simulate

PIPELINE = """\
name: Variables
variables: {level: 1, names: [a, b], Mode: fast}
jobs:
  a:
    steps:
      - name: s
        run: x
        inputs:
          level: ${{ variables.level }}
          names: ${{ variables.names }}
          mode: ${{ variables.Mode }}
          more: ${{ variables.more || 'none' }}
"""


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (None, {"level": 1, "names": ["a", "b"], "mode": "fast", "more": "none"}),
        ({"level": "3"}, {"level": "3", "names": ["a", "b"], "mode": "fast", "more": "none"}),
        ({"names": {"c": None}, "more": 2}, {"level": 1, "names": {"c": None}, "mode": "fast", "more": 2}),
        ({"mode": "slow", "LEVEL": 7}, {"level": 7, "names": ["a", "b"], "mode": "slow", "more": "none"}),
        ({"level": None}, {"level": None, "names": ["a", "b"], "mode": "fast", "more": "none"}),
    ],
)
def test_what_is_given_stands_in_the_place_of_the_pipelines_own(
    given: dict[str, object] | None, seen: dict[str, object]
) -> None:
    result = simulate(PIPELINE, NullRunner(), variables=given)
    assert dict(result.jobs["a"].steps[0].inputs) == seen


def test_names_that_the_pipeline_tells_apart_by_case_stay_apart() -> None:
    text = PIPELINE.replace("level: 1,", "level: 1, LEVEL: 2,").replace("variables.Mode", "variables.LEVEL")
    result = simulate(text, NullRunner(), variables={"level": 5})
    assert (result.jobs["a"].steps[0].inputs["level"], result.jobs["a"].steps[0].inputs["mode"]) == (5, 2)
