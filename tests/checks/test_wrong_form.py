"""A mistake in a file's form does not hide those in its expressions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp

TEXT = """\
name: Both
jobs:
  a:
    tiemout: 5
    steps:
      - run: echo ${{ event.x }}
        inptus: 1
      - 5
      - {}
      - action: no-owner@1
        inputs:
          a: ${{ evnt.x }}
          b: ${{ steps.b.output.x
          c: ${{ steps.Later.output.x }}
      - name: Later
        action: x/y@v1
        inputs: {a: "${{ steps.Later.output.x }}", b: [1, "${{ fromJson(1, 2) }}"]}
        timeout: soon
"""


def test_all_errors_of_form_and_of_expressions_come_in_one_pass() -> None:
    assert [f"{d.line}:{d.column} {d.code}" for d in dtp.check_text(TEXT)] == [
        "4:5 DT202",
        "6:23 DT501",
        "7:9 DT202",
        "7:17 DT203",
        "8:9 DT203",
        "9:9 DT207",
        "10:17 DT208",
        "12:18 DT302",
        "13:14 DT301",
        "14:24 DT304",
        "17:32 DT304",
        "17:64 DT301",
        "18:18 DT203",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "name: x\njobs: 5\n",
        "name: x\njobs: {}\n",
        "jobs: {a: {steps: []}}\n",
        "jobs: {1a: {steps: [{run: x}]}}\n",
        "jobs: {a: {steps: [{run: x, name: 5}]}}\n",
        "jobs: {a: {needs: 5, steps: [{run: x}]}}\n",
        "jobs: {a: [\n",
    ],
)
def test_where_a_reference_could_not_be_judged_nothing_is_said_of_expressions(text: str) -> None:
    assert all(d.code < "DT300" for d in dtp.check_text(text))


def test_what_is_wrong_with_an_anchor_is_wrong_with_its_aliases() -> None:
    text = "name: x\njobs:\n  a:\n    steps:\n      - &s {rn: x}\n      - *s\n      - {run: x, if: evnt}\n"
    assert [f"{d.line}:{d.column} {d.code}" for d in dtp.check_text(text)] == ["5:13 DT202", "7:22 DT302"]


def test_a_needed_job_that_does_not_exist_is_no_crash() -> None:
    text = "name: x\njobs: {a: {needs: no, steps: [{run: x, env: {A: '${{ toJSON(needs.*.outputs) }}'}}]}}\n"
    assert {d.code for d in dtp.check_text(text)} <= {"DT212"}


KEYS = ["run", "action", "inputs", "name", "id", "env", "if", "needs"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["x", "a/b@v1", "${{ event.x }}", "steps"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["run", "action", "inputs", "name", "id", "env", "if", "needs"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(["env", "variables", "name"]), values), st.lists(values, max_size=4), values)
def test_whatever_a_file_holds_is_told_and_never_a_crash(
    more: dict[str, object], steps: list[object], job: object
) -> None:

    data = {**more, "jobs": {"a": {"steps": steps}, "b": job}}
    assert isinstance(dtp.check_text(json.dumps(data), filename="p.json"), list)
