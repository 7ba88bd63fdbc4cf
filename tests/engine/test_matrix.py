"""What a matrix stands for, by GitHub Actions' rules."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.engine.scheduling.matrix import MatrixError, combinations, instance_name
from datatorch_pipelines.limits import Limits


def test_the_first_name_varies_slowest() -> None:
    assert combinations({"os": ["a", "b"], "version": [1, 2]}) == [
        {"os": "a", "version": 1},
        {"os": "a", "version": 2},
        {"os": "b", "version": 1},
        {"os": "b", "version": 2},
    ]


def test_include_adds_to_what_it_does_not_change_and_else_stands_alone() -> None:
    """The example of GitHub's own documentation, with other words."""
    matrix = {
        "fruit": ["apple", "pear"],
        "animal": ["cat", "dog"],
        "include": [
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    }
    assert combinations(matrix) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_include_alone_is_a_matrix() -> None:
    assert combinations({"include": [{"site": "a"}, {"site": "b"}]}) == [{"site": "a"}, {"site": "b"}]


def test_exclude_comes_before_include_and_names_any_part() -> None:
    matrix = {
        "os": ["a", "b"],
        "version": [1, 2],
        "exclude": [{"os": "a"}, {"os": "b", "version": 2}],
        "include": [{"os": "a", "version": 1}],
    }
    assert combinations(matrix) == [{"os": "b", "version": 1}, {"os": "a", "version": 1}]


def test_values_are_compared_whole_and_by_type() -> None:
    matrix = {"on": [True, 1, "1", {"a": [1]}], "exclude": [{"on": 1}, {"on": {"a": [1.0]}}]}
    assert combinations(matrix) == [{"on": True}, {"on": "1"}]


def test_nothing_is_left_of_a_matrix() -> None:
    assert combinations({}) == []
    assert combinations({"a": []}) == []
    assert combinations({"a": [1], "exclude": [{"a": 1}]}) == []


@pytest.mark.parametrize(
    ("matrix", "path", "said"),
    [
        ({"a": 1}, ("a",), "'a' of a matrix is no list of values; give it a list"),
        ({"a": "xyz"}, ("a",), "'a' of a matrix is no list of values; give it a list"),
        ({"include": {}}, ("include",), "'include' of a matrix is no list; give it a list of mappings"),
        (
            {"a": [1], "exclude": [{"a": 1}, 5]},
            ("exclude", 1),
            "an entry of 'exclude' is no mapping of names to values; write each as name: value",
        ),
        (
            {"include": [{}]},
            ("include", 0),
            "an entry of 'include' is no mapping of names to values; write each as name: value",
        ),
        (
            {"a": [1], "exclude": [{"b": 1}]},
            ("exclude", 0, "b"),
            "'b' is no name of the matrix; exclude by names that the matrix has",
        ),
    ],
)
def test_what_is_no_matrix_is_told_with_its_place(
    matrix: dict[str, object], path: tuple[object, ...], said: str
) -> None:
    with pytest.raises(MatrixError) as raised:
        combinations(matrix)
    assert raised.value.path == path
    assert f"{raised.value.message}; {raised.value.hint}" == said


def test_too_many_combinations_are_refused_before_they_are_made() -> None:
    matrix = {f"n{index}": list(range(1000)) for index in range(20)}
    with pytest.raises(MatrixError) as raised:
        combinations(matrix)
    assert raised.value.message == f"the matrix has {1000**20} combinations, more than 10000"
    with pytest.raises(MatrixError, match="the matrix has 3 combinations, more than 2"):
        combinations({"a": [1, 2], "include": [{"a": 3}]}, Limits(max_instances=2))


def _naive(matrix: dict[str, object]) -> list[dict[str, object]]:
    """The rules as GitHub's documentation words them, one after the other."""

    def same(one: object, other: object) -> bool:
        return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    names = [name for name in matrix if name not in ("include", "exclude")]
    made = [dict(zip(names, item, strict=True)) for item in itertools.product(*(matrix[name] for name in names))]  # type: ignore[call-overload]  # lists, all of them
    if not names:
        made = []
    exclude, include = matrix.get("exclude", []), matrix.get("include", [])
    assert isinstance(exclude, list)
    assert isinstance(include, list)
    for entry in exclude:
        made = [item for item in made if not all(same(item[name], entry[name]) for name in entry)]
    originals = [dict(item) for item in made]
    alone = []
    for entry in include:
        added = False
        for item, original in zip(made, originals, strict=True):
            if all(name not in original or same(original[name], entry[name]) for name in entry):
                item.update(entry)
                added = True
        if not added:
            alone.append(dict(entry))
    return made + alone


_VALUES = st.one_of(st.sampled_from(["x", "y", 1, 2, True, False, None, "1"]), st.lists(st.integers(0, 1), max_size=2))


@st.composite
def _matrices(draw: st.DrawFn) -> dict[str, object]:
    names = draw(st.lists(st.sampled_from("abc"), unique=True, max_size=3))
    matrix: dict[str, object] = {name: draw(st.lists(_VALUES, max_size=3)) for name in names}
    entries = st.dictionaries(st.sampled_from("abcde"), _VALUES, min_size=1, max_size=3)
    if draw(st.booleans()):
        matrix["include"] = draw(st.lists(entries, max_size=4))
    if names and draw(st.booleans()):
        own = st.dictionaries(st.sampled_from(names), _VALUES, min_size=1, max_size=3)
        matrix["exclude"] = draw(st.lists(own, max_size=3))
    return matrix


@given(_matrices())
def test_a_matrix_is_what_the_rules_say_one_by_one(matrix: dict[str, object]) -> None:
    before = json.dumps(matrix)
    assert combinations(matrix) == _naive(matrix)
    assert json.dumps(matrix) == before


def test_the_largest_matrix_is_not_looked_through_for_each_of_its_entries() -> None:
    looked_at = 0

    class Counted(str):
        __slots__ = ()

        def __hash__(self) -> int:
            nonlocal looked_at
            looked_at += 1
            return super().__hash__()

    count = 2_000
    matrix: dict[str, object] = {
        "n": [Counted(number) for number in range(count)],
        "exclude": [{"n": str(number)} for number in range(0, count, 2)],
        "include": [{"n": str(number), "more": True} for number in range(1, count, 2)],
    }
    found = combinations(matrix)
    assert len(found) == count / 2
    assert all(item["more"] for item in found)
    assert looked_at <= 4 * count


@pytest.mark.parametrize(
    ("combination", "name"),
    [
        ({"os": "linux", "n": 1}, "train (linux, 1)"),
        ({"model": {"size": [1, 2.5]}, "fast": True, "none": None}, "train (1, 2.5, true, null)"),
        ({"text": "two\nlines\x1b[31m"}, "train (two lines [31m)"),
        ({"text": "x" * 500}, f"train ({'x' * 89}...)"),
        ({"texts": ["y" * 60] * 1000}, f"train ({'y' * 60}, {'y' * 27}...)"),
    ],
)
def test_an_instance_has_a_name_of_one_short_line(combination: dict[str, object], name: str) -> None:
    assert instance_name("train", combination) == name
    assert len(name) <= 100
