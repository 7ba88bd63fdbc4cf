"""What stands below a misspelt key is told in the same report, each mistake at its own place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.syntax.edits import apply_edits

RIGHT = ("jobs", "steps", "env", "timeout")
WRONG = {"jobs": "job", "steps": "stesps", "env": "evn", "timeout": "tiemout"}


def _text(wrong: set[str], before: str, *, as_json: bool) -> str:
    jobs, steps, env, timeout = (WRONG[key] if key in wrong else key for key in RIGHT)
    step = {"name": before, "run": "x", timeout: "soon", env: {"A": f"{before} ${{{{ evnt.a }}}}"}}
    data = {"name": "P", jobs: {"a": {steps: [step, {"run": "y", env: {"B": "${{ steps.nope.outputs.b }}"}}]}}}
    return json.dumps(data, ensure_ascii=False, indent=None if as_json else 1)


def _told(text: str, name: str) -> list[tuple[str, str]]:
    """Each diagnostic's code with the characters that its range covers."""
    lines = text.split("\n")
    found = dtp.check_text(text, filename=name)
    assert all(item.line == item.end_line for item in found)
    return sorted((item.code, lines[item.line - 1][item.column - 1 : item.end_column - 1]) for item in found)


@given(st.sets(st.sampled_from(RIGHT)), st.text(st.sampled_from("aé漢😀 "), max_size=5), st.booleans())
def test_misspelt_keys_hide_nothing(wrong: set[str], before: str, as_json: bool) -> None:
    name = "p.json" if as_json else "p.yaml"
    right = _told(_text(set(), f"x{before}", as_json=as_json), name)
    assert [code for code, _ in right] == ["DT203", "DT302", "DT304"]
    twice = {"env": 2}
    keys = [("DT202", f'"{WRONG[key]}"') for key in wrong for _ in range(twice.get(key, 1))]
    assert _told(_text(wrong, f"x{before}", as_json=as_json), name) == sorted([*right, *keys])


def test_the_fixes_behind_misspelt_keys_are_about_the_text_as_it_is() -> None:
    text = "name: P\njob: {a: {stpes: [{rnu: x, evn: {A: '${{ evnt.a }} ${{ evnt.b }}'}}]}}\n"
    edits = [edit for item in dtp.check_text(text) if item.fix for edit in item.fix.edits]
    assert apply_edits(text, edits) == (
        "name: P\njobs: {a: {steps: [{run: x, env: {A: '${{ event.a }} ${{ event.b }}'}}]}}\n"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # The right key is there as well: what stands below the wrong one is not what counts.
        (
            "name: P\njobs: {a: {steps: [{run: x}]}}\njob: {b: 5}\n",
            ["3:1 unknown key 'job'; 'jobs' is there already: take one of them out"],
        ),
        # Two wrong keys may both mean it.
        (
            "name: P\njob: {b: 5}\njosb: {a: 5}\n",
            ["2:1 unknown key 'job'; did you mean 'jobs'?", "3:1 unknown key 'josb'; did you mean 'jobs'?"],
        ),
        (
            "name: P\njob: 5\n",
            ["2:1 unknown key 'job'; did you mean 'jobs'?", "2:6 jobs must be a mapping, not an integer; None"],
        ),
    ],
)
def test_only_what_can_be_meant_one_way_is_looked_behind(text: str, told: list[str]) -> None:
    assert [f"{item.line}:{item.column} {item.message}; {item.hint}" for item in dtp.check_text(text)] == told


def test_a_comment_ignores_a_warning_below_a_misspelt_key() -> None:
    text = "name: P\njob: {a: {steps: [\n  {action: a/b}, # datatorch: ignore[DT401]\n  {action: a/c}]}}\n"
    assert [f"{item.line}:{item.column} {item.code}" for item in dtp.check_text(text)] == ["2:1 DT202", "4:12 DT401"]
