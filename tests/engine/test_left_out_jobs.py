"""What a job sees of those that it needs and that were not chosen to run."""

from __future__ import annotations

import pytest

from tests.support.null_runner import NullRunner, simulate

PIPELINE = """\
name: Left out
jobs:
  a: {outputs: {x: 1}, steps: [{name: s, run: x}]}
  b: {needs: a, outputs: {x: 2}, steps: [{name: s, run: x}]}
  c:
    needs: b
    if: needs.b.result == 'success' && jobs.a.result == 'success'
    steps:
      - name: s
        run: x
        inputs:
          a: ${{ jobs.a.outputs.x || 'none' }}
          b: ${{ jobs.b.outputs.x || 'none' }}
          need: ${{ needs.b.outputs.x || 'none' }}
          all: ${{ toJSON(jobs.*.result) }}
"""
BOTH = '[\n  "success",\n  "success"\n]'


@pytest.mark.parametrize(
    ("chosen", "seen"),
    [
        ({}, {"a": 1, "b": 2, "need": 2}),
        ({"job": "c"}, {"a": "none", "b": "none", "need": "none"}),
        ({"from_job": "b"}, {"a": "none", "b": 2, "need": 2}),
        # Nobody waits for a job that is needed by way of one that was left out.
        ({"job": ["a", "c"]}, {"a": "none", "b": "none", "need": "none"}),
        ({"up_to": "c"}, {"a": 1, "b": 2, "need": 2}),
    ],
)
def test_a_job_that_is_left_out_counts_as_succeeded_without_outputs(
    chosen: dict[str, object], seen: dict[str, object]
) -> None:
    result = simulate(PIPELINE, NullRunner(), **chosen)
    assert result.succeeded, result.error
    assert dict(result.jobs["c"].steps[0].inputs) == {**seen, "all": BOTH}
