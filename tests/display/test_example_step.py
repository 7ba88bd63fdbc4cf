"""The step that is shown for an action: it can be pasted, and nothing is wrong with it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.checks import check_pipeline
from datatorch_pipelines.display.example_step import example_step
from datatorch_pipelines.model import Action, ActionObject, ActionReference, Input, Runs, ValueType
from datatorch_pipelines.resolvers import FoundAction

COMMIT = "0123456789abcdef0123456789abcdef01234567"
RUNS = Runs(using="cmd", command="echo")


def _found(action: object = "me/add@v1", url: str | None = None, **definition: object) -> FoundAction:
    reference = action if isinstance(action, ActionReference) else ActionReference.parse(action)  # type: ignore[arg-type]
    return FoundAction(
        reference=reference,
        directory=Path("x"),
        digest="",
        commit=COMMIT,
        url=url,
        definition=Action(name="Add", runs=RUNS, **definition),  # type: ignore[arg-type]  # the test says what
    )


def _checked(example: str, definition: Action) -> list[str]:
    """What is wrong with a pipeline that has the step."""
    text = f"name: P\njobs:\n  a:\n    steps:\n{textwrap.indent(example, '      ')}"
    pipeline = dtp.loads(text)
    return [str(item) for item in check_pipeline(pipeline, actions={("a", 0): definition})]


@pytest.mark.parametrize(
    ("action", "url", "expected"),
    [
        ("me/add@v1", None, "- action: me/add@v1\n"),
        ("me/add", None, f"- action: me/add@{COMMIT}\n"),
        ("local/add@v1", None, "- action: local/add@v1\n"),
        ("./my actions/#1", None, "- action: ./my actions/#1\n"),
        (ActionObject("me/add", "v1", None, "sub/a.yaml"), None, "name: me/add\n    tag: v1\n    file: sub/a.yaml\n"),
        (
            ActionObject("add", "1.10", "https://me:geheim@x.org/a.git"),
            None,
            'tag: "1.10"\n    git: https://x.org/a.git\n',
        ),
        (ActionObject("add", "v1", "git@x.org:me/a.git"), None, "git: git@x.org:me/a.git\n"),
        (ActionObject("add", "v1", "ssh://git@x.org/a.git"), None, "git: ssh://git@x.org/a.git\n"),
        (ActionObject("a", "v1", "git://github.com/a/b"), "https://github.com/a/b", "git: https://github.com/a/b\n"),
    ],
)
def test_the_action_is_named_so_that_nothing_is_wrong_with_it(action: object, url: str | None, expected: str) -> None:
    found = _found(action, url)
    example = example_step(found)
    assert example is not None
    assert example.endswith(expected)
    assert _checked(example, found.definition) == []


def test_a_folder_whose_file_has_another_name_can_be_named_by_no_step() -> None:
    reference = ActionReference.parse("./add")
    assert example_step(_found(ActionReference(reference.kind, "./add", file="other.yaml"))) is None


def test_inputs_that_must_be_given_have_a_value_that_fits() -> None:
    found = _found(
        inputs={
            "text": Input(type=ValueType.STRING, required=True),
            "count": Input(type=ValueType.INTEGER, required=True),
            "rate": Input(type=ValueType.NUMBER, required=True),
            "on": Input(type=ValueType.BOOLEAN, required=True),
            "list": Input(type=ValueType.LIST, required=True),
            "map": Input(type=ValueType.OBJECT, required=True),
            "any": Input(required=True),
            "mode": Input(required=True, options=["fast", "slow"]),
            "size": Input(type=ValueType.INTEGER, required=True, options=["big", 3]),
            "given": Input(required=True, default=1),
            "free": Input(type=ValueType.STRING),
        },
        env={"TOKEN": "the server's"},
    )
    example = example_step(found)
    assert example == (
        "- action: me/add@v1\n"
        "  inputs:\n"
        "    text: text\n"
        "    count: 1\n"
        "    rate: 1.5\n"
        '    "on": true\n'
        "    list: []\n"
        "    map: {}\n"
        "    any: text\n"
        "    mode: fast\n"
        "    size: 3\n"
        "  env:\n"
        "    TOKEN: ${{ secrets.TOKEN }}\n"
    )
    assert _checked(example, found.definition) == []


@pytest.mark.parametrize(
    "declared",
    [
        Input(type=ValueType.INTEGER, required=True, options=["a", "b"]),
        Input(required=True, options=["${{ secrets.TOKEN }}"]),
        Input(required=True, options=[["${{ secrets.TOKEN }}"], {"${{ x }}": 1}]),
        Input(required=True, options=["\ud800"]),
    ],
)
def test_where_no_value_can_be_written_there_is_no_step(declared: Input) -> None:
    assert example_step(_found(inputs={"a": declared})) is None


_VALUES = st.one_of(
    st.text(max_size=8), st.integers(), st.booleans(), st.floats(), st.lists(st.text(max_size=3), max_size=2)
)
_INPUTS = st.builds(
    Input,
    type=st.none() | st.sampled_from(list(ValueType)),
    required=st.booleans(),
    options=st.lists(_VALUES | st.just("${{ secrets.TOKEN }}"), max_size=3),
)


@given(st.dictionaries(st.text(min_size=1, max_size=12), _INPUTS, max_size=4))
def test_whatever_an_action_declares_its_step_is_right_and_holds_no_expression(inputs: dict[str, Input]) -> None:
    found = _found(inputs=inputs)
    example = example_step(found)
    if example is None:
        assert any(item.required for item in inputs.values())
        return
    assert "${{" not in example
    assert example.isascii() or all(letter.isprintable() for letter in example.replace("\n", ""))
    assert [item for item in _checked(example, found.definition) if "[DT410]" not in item] == []
