"""Which jobs run, where some are chosen: held against what the words say, over random graphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.engine.options import Selection
from datatorch_pipelines.engine.planning.selection import selected_jobs

_STEP = dtp.Step(run="x")


def _pipeline(needs: dict[str, list[str]]) -> dtp.Pipeline:
    return dtp.Pipeline(name="P", jobs={name: dtp.Job(steps=[_STEP], needs=of) for name, of in needs.items()})


@st.composite
def _cases(draw: st.DrawFn) -> tuple[dict[str, list[str]], Selection]:
    names = [f"j{index}" for index in range(draw(st.integers(1, 8)))]
    needs = {
        name: draw(st.lists(st.sampled_from(names[:index]), max_size=3, unique=True)) if index else []
        for index, name in enumerate(names)
    }
    some = st.lists(st.sampled_from(names), max_size=2).map(tuple)
    return needs, Selection(jobs=draw(some), start=draw(some), end=draw(some))


def _needed(name: str, needs: dict[str, list[str]]) -> set[str]:
    """A job and all that it needs, directly or not."""
    return {name}.union(*(_needed(other, needs) for other in needs[name]))


@given(_cases())
def test_what_runs_is_what_is_named_and_what_lies_between(case: tuple[dict[str, list[str]], Selection]) -> None:
    needs, selection = case
    between = {
        name
        for name in needs
        if (selection.start or selection.end)
        and (not selection.start or _needed(name, needs) & set(selection.start))
        and (not selection.end or any(name in _needed(end, needs) for end in selection.end))
    }
    expected = between | set(selection.jobs) if selection else set(needs)
    if not expected:
        with pytest.raises(dtp.PipelinesError, match="no job lies between"):
            selected_jobs(_pipeline(needs), selection)
    else:
        assert selected_jobs(_pipeline(needs), selection) == tuple(name for name in needs if name in expected)
