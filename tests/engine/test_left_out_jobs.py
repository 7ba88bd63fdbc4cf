"""What a job sees of those that it needs and that were not chosen to run."""

from __future__ import annotations

import pytest

import datatorch_pipelines as dtp
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


USES = """\
name: Left out
jobs:
  a: {outputs: {x: 1}, steps: [{name: s, run: x}]}
  b: {needs: a, outputs: {x: 2}, steps: [{name: s, run: x}]}
  c:
    needs: b
    if: jobs.a.outputs.x
    steps:
      - {name: s, run: x, env: {B: "it is ${{ needs.b.output.x }}", A: "${{ jobs.A.outputs.x || 'none' }}"}}
"""


@pytest.mark.parametrize(
    ("chosen", "warned"),
    [
        ({}, []),
        ({"up_to": "c"}, []),
        ({"job": "a"}, []),
        ({"from_job": "b"}, [(7, 9, "the job 'a'")]),
        ({"job": "c"}, [(7, 9, "the job 'a'"), (9, 47, "the job 'b'")]),
        # Nobody waits for a job that is needed by way of one that was left out.
        ({"job": ["a", "c"]}, [(7, 9, "the job 'a'"), (9, 47, "the job 'b'")]),
    ],
)
def test_an_output_of_a_job_that_is_left_out_is_told_of_before_the_run(
    chosen: dict[str, object], warned: list[tuple[int, int, str]]
) -> None:
    warnings = dtp.loads(USES, filename="p.yaml").plan(**chosen).warnings
    assert [(item.line, item.column, item.message.partition(" is ")[0]) for item in warnings] == warned


def test_the_warning_says_what_to_do() -> None:
    [_, warning] = dtp.loads(USES, filename="p.yaml").plan(job="c").warnings
    assert str(warning) == (
        "p.yaml:9:47: warning: the job 'b' is left out of the run, so that it has no output 'x' [DT305]; "
        "choose it as well, or say what to use instead: `needs.b.outputs.x || 'something'`"
    )
