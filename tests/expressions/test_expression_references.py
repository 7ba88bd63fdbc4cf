"""Names, look-ups, filters and what finds nothing, case by case."""

from collections import ChainMap, UserDict, UserList, defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from datatorch_pipelines.expressions import ExpressionError, evaluate, evaluate_condition

CONTEXTS: dict[str, object] = {
    "event": {
        "fileId": 7,
        "file-id": 8,
        "file_id": 9,
        "null": None,
        "true": "yes",
        "not": "no",
        "and": {"or": 1},
        "with space": 10,
        "größe": 11,
        "list": [10, 20, 30],
        "people": [{"name": "A", "age": 1}, {"name": "B"}, {"other": 1}, None, 5],
        "rooms": {"x": {"name": "X", "tags": ["a", "b"]}, "y": {"name": "Y", "tags": ["c"]}},
        "0": "zero",
        "Case": "upper",
        "case": "lower",
        "empty": {},
        "steps": {"a b": 1},
    },
    "steps": {
        "add": {"outputs": {"sum": 3}, "inputs": {"a": 1}},
        "Count Files": {"outputs": {"total": 5, "by name": {"a": 1}}},
        "Train Model 2": {"output": {"path": "/m"}},
        "train-model": {"outputs": {"path": "/t"}},
        "2nd pass": {"outputs": {"x": 2}},
        "both": {"output": "one", "outputs": "many", "input": {"output": "kept"}},
    },
    "jobs": {"train-model": {"outputs": {"path": "/j"}, "result": "success"}},
    "needs": {"a": {"outputs": {"x": 1}, "result": "success"}, "b": {"outputs": {}, "result": "failure"}},
    "inputs": {"rate": 0.5, "output": {"x": 1}},
    "variable": {"path": "/v"},
    "env": {"KEY": "fileId", "INDEX": "1"},
    "secrets": {"TOKEN": "hunter2", "NAME": "hunter3"},
    "run-config": {"a": 1},
}

FOUND = [
    ("event.fileId", 7),
    ("event.fileid", 7),
    ("event.FILEID", 7),
    ("EVENT.fileId", 7),
    ("Event['FileId']", 7),
    ("event . fileId", 7),
    ("event\n.fileId", 7),
    ("event[ 'fileId' ]", 7),
    ("event.file-id", 8),
    ("event.file_id", 9),
    ("event['with space']", 10),
    ("event.größe", 11),
    ("event.null", None),
    ("event.true", "yes"),
    ("event.not", "no"),
    ("event.and.or", 1),
    ("event.case", "lower"),
    ("event.Case", "upper"),
    ("event.list", [10, 20, 30]),
    ("event.list[0]", 10),
    ("event.list['1']", 20),
    ("event.list[1.9]", 20),
    ("event.list[true]", 20),
    ("event.list[null]", 10),
    ("event.list[env.INDEX]", 20),
    ("event.list[event.list[0] == 10]", 20),
    ("event[env.KEY]", 7),
    ("event[env['KEY']]", 7),
    ("event[0]", "zero"),
    ("event[format('file{0}', 'Id')]", 7),
    ("event.people[0].name", "A"),
    ("event.rooms.x.tags[1]", "b"),
    ("event['rooms']['y']['tags'][0]", "c"),
    ("(event).fileId", 7),
    ("(event.list)[2]", 30),
    ("(event.list || event.empty)[2]", 30),
    ("event.steps['a b']", 1),
    ("run-config.a", 1),
    # filters
    ("event.list.*", [10, 20, 30]),
    ("event.list[*]", [10, 20, 30]),
    ("event.people.*.name", ["A", "B"]),
    ("event.people[*].name", ["A", "B"]),
    ("event.people.*['name']", ["A", "B"]),
    ("event.people.*.NAME", ["A", "B"]),
    ("event.people.*.nothing", []),
    ("event.rooms.*.name", ["X", "Y"]),
    ("event.rooms.*.tags", [["a", "b"], ["c"]]),
    ("event.rooms.*.tags[0]", ["a", "c"]),
    ("event.rooms.*.tags[1]", ["b"]),
    ("event.rooms.*.tags.*", ["a", "b", "c"]),
    ("event.rooms.*.*", ["X", ["a", "b"], "Y", ["c"]]),
    ("event.empty.*", []),
    ("event.fileId.*", []),
    ("event.nothing.*", []),
    ("event.nothing.at.*.all", []),
    ("event.null.*.x", []),
    ("needs.*.result", ["success", "failure"]),
    ("contains(needs.*.result, 'failure')", True),
    ("join(event.people.*.name, '+')", "A+B"),
    ("length(event.people.*)", 5),
    ("!event.people.*.nothing", False),
    ("fromJSON('[[1,2],[3]]').*[0]", [1, 3]),
    # steps and jobs
    ("steps.add.outputs.sum", 3),
    ("steps.add.output.sum", 3),
    ("steps.add.OUTPUT.sum", 3),
    ("steps.add['output'].sum", 3),
    ("steps['add'].output['sum']", 3),
    ("steps.add.input.a", 1),
    ("steps.add.inputs.a", 1),
    ("steps.ADD.output.sum", 3),
    ("steps.both.output", "one"),
    ("steps.both.outputs", "many"),
    ("steps.both.inputs.output", "kept"),
    ("steps.Count Files.output.total", 5),
    ("steps.Count Files.outputs.total", 5),
    ("steps.count files.output.total", 5),
    ("steps.Count   Files.output.total", 5),
    ("steps.Count Files['output'].total", 5),
    ("steps.Count Files .output.total", 5),
    ("steps['Count Files'].output.total", 5),
    ("steps.Count Files.output['by name'].a", 1),
    ("steps. Count Files.output.total", 5),
    ("STEPS.Count Files.output.total", 5),
    ("steps.Train Model 2.outputs.path", "/m"),
    ("steps.train-model.outputs.path", "/t"),
    ("steps.2nd pass.output.x", 2),
    ("steps.*.outputs.sum", [3]),
    ("steps.*.output.path", ["/m", "/t"]),
    ("steps[format('{0}', 'add')].output.sum", 3),
    ("steps.add.output.sum == 3 and steps.Count Files.output.total == 5", True),
    ("steps.add.output.none or steps.Count Files.output.total", 5),
    ("steps.add and steps.Count Files.output.total", 5),
    ("not steps.Count Files.output.total", False),
    ("steps.Count Files.output.total | string", "5"),
    ("contains('5', steps.Count Files.output.total)", True),
    ("jobs.train-model.output.path", "/j"),
    ("jobs.train-model.result", "success"),
    ("needs.a.output.x", 1),
    # input and inputs are one
    ("input.rate", 0.5),
    ("inputs.rate", 0.5),
    ("Input.rate", 0.5),
    ("inputs.output.x", 1),
    ("variable.path", "/v"),
]


@pytest.mark.parametrize(("expression", "value"), FOUND)
@pytest.mark.parametrize("strict", [True, False])
def test_a_reference_gives_what_it_finds(expression: str, value: object, strict: bool) -> None:
    assert evaluate("${{ " + expression + " }}", CONTEXTS, strict=strict) == value


NOTHING = [
    "event.nothing",
    "event.nothing.at.all",
    "event.fileId.x",
    "event.null.x",
    "event['nothing']",
    "event[env.NONE]",
    "event[event.list]",
    "event.list[3]",
    "event.list[-1]",
    "event.list.x",
    "event.list['x']",
    "event.list[NaN]",
    "event.list[Infinity]",
    "event.list[1e300]",
    "event.list[event.empty]",
    "steps.add.nothing",
    "steps.add.output.nothing",
    "steps.Count Files.output.nothing",
    "inputs.outputs.x",
    "needs.b.output.x",
    "variable.sum",
    "(event.nothing)",
]


@pytest.mark.parametrize("expression", NOTHING)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("a ", " b")])
def test_a_bare_reference_that_finds_nothing_is_an_error(expression: str, before: str, after: str) -> None:
    text = before + "${{ " + expression + " }}" + after
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, CONTEXTS)
    reference = expression.strip("()")
    start = text.index(reference)
    error = caught.value
    assert (error.code, error.message) == ("DT305", f"`{reference}` finds nothing")
    assert (error.column, error.end_column) == (start + 1, start + len(reference) + 1)


@pytest.mark.parametrize("expression", NOTHING)
def test_a_reference_that_finds_nothing_is_null_inside_an_expression(expression: str) -> None:
    assert evaluate("${{ " + expression + " || 'none' }}", CONTEXTS) == "none"
    assert evaluate("${{ " + expression + " == null }}", CONTEXTS) is True
    assert evaluate("${{ " + expression + " | default('d') }}", CONTEXTS) == "d"
    assert evaluate("${{ !(" + expression + ") }}", CONTEXTS) is True


@pytest.mark.parametrize("expression", NOTHING)
def test_without_strictness_nothing_is_null_and_empty(expression: str) -> None:
    text = "${{ " + expression + " }}"
    assert evaluate(text, CONTEXTS, strict=False) is None
    assert evaluate(f"a{text}b", CONTEXTS, strict=False) == "ab"
    assert evaluate_condition(expression, CONTEXTS, strict=False) is False


def test_a_condition_that_is_a_bare_reference_is_as_strict() -> None:
    with pytest.raises(ExpressionError, match=r"`event\.nothing` finds nothing"):
        evaluate_condition("event.nothing", CONTEXTS)


def test_a_look_up_on_a_calls_result_is_never_a_bare_reference() -> None:
    assert evaluate("${{ fromJSON('{}').x }}", {}) is None


UNKNOWN = [
    (
        "evnt.x",
        "DT302",
        1,
        5,
        "unknown context 'evnt'",
        "did you mean 'event'? known here: env, event, inputs, jobs, needs, run-config, secrets, steps, variable",
    ),
    ("true || github.sha", "DT302", 9, 15, "unknown context 'github'", None),
    ("event[github]", "DT302", 7, 13, "unknown context 'github'", None),
    ("format('{0}', github)", "DT302", 15, 21, "unknown context 'github'", None),
    ("outputs.x", "DT302", 1, 8, "unknown context 'outputs'", None),
    ("variables.x", "DT302", 1, 10, "unknown context 'variables'", None),
    ("always", "DT302", 1, 7, "unknown context 'always'", "did you mean 'always()'?"),
    ("True", "DT302", 1, 5, "unknown context 'True'", "did you mean 'true'?"),
    ("None", "DT302", 1, 5, "unknown context 'None'", "did you mean 'null'?"),
    ("nosuch(1)", "DT303", 1, 7, "unknown function 'nosuch'", None),
    ("lenght('a')", "DT303", 1, 7, "unknown function 'lenght'", "did you mean 'length'?"),
    ("false && nosuch()", "DT303", 10, 16, "unknown function 'nosuch'", None),
    ("event.x | nosuch", "DT303", 11, 17, "unknown function 'nosuch'", None),
    ("event.x | uper", "DT303", 11, 15, "unknown function 'uper'", "did you mean 'upper'?"),
    (
        "steps.ad.output.sum",
        "DT304",
        7,
        9,
        "there is no earlier step 'ad'",
        "did you mean 'add'? known here: 2nd pass, Count Files, Train Model 2, add, both, train-model",
    ),
    ("steps.Count Fils.output", "DT304", 7, 17, "there is no earlier step 'Count Fils'", None),
    ("steps['nope']", "DT304", 7, 13, "there is no earlier step 'nope'", None),
    ("steps[0]", "DT304", 7, 8, "there is no earlier step '0'", None),
    ("true || steps.nope.output.x", "DT304", 15, 19, "there is no earlier step 'nope'", None),
    ("steps.nope || 'x'", "DT304", 7, 11, "there is no earlier step 'nope'", None),
    ("jobs.nope.output.x", "DT309", 6, 10, "there is no job 'nope'", "known here: train-model"),
    ("needs.nope", "DT309", 7, 11, "there is no needed job 'nope'", "known here: a, b"),
    ("steps[event.fileId]", "DT304", 7, 19, "there is no earlier step of that name", None),
]


@pytest.mark.parametrize(("expression", "code", "column", "end_column", "message", "hint"), UNKNOWN)
@pytest.mark.parametrize("strict", [True, False])
def test_what_is_unknown_is_always_an_error(
    expression: str, code: str, column: int, end_column: int, message: str, hint: str | None, strict: bool
) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("é ${{" + expression + "}}", CONTEXTS, strict=strict)
    error = caught.value
    assert (error.code, error.message, error.column - 5, error.end_column - 5) == (code, message, column, end_column)
    if hint:
        assert error.hint == hint


def test_the_hint_for_nothing_names_a_near_key() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("${{ event.fielId }}", CONTEXTS)
    assert str(caught.value) == "column 5: `event.fielId` finds nothing; did you mean 'fileId'?"


def test_the_hint_for_nothing_is_a_default_where_no_key_is_near() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("${{ event.zzz }}", CONTEXTS)
    assert caught.value.hint == "where that is fine, say what to use instead: `event.zzz || 'something'`"


@pytest.mark.parametrize(
    "expression",
    [
        "steps[secrets.TOKEN]",
        "event[secrets.TOKEN]",
        "fromJSON(secrets.TOKEN)",
        "int(secrets.TOKEN)",
        "case(secrets.TOKEN, 1, 2)",
        "length(secrets.TOKEN == 1)",
        "secrets.TOKEN.x",
        "hashFiles(secrets.TOKEN)",
        "format('{5}', secrets.TOKEN)",
    ],
)
def test_no_message_holds_a_value(expression: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("${{ " + expression + " }}", CONTEXTS)
    assert "hunter" not in repr([str(caught.value), caught.value.args, caught.value.hint, caught.value.__cause__])


class Lazy(Mapping[str, object]):
    """A mapping that makes its values when they are asked for."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __getitem__(self, key: str) -> object:
        self.made.append(key)
        return {"made": key}

    def __contains__(self, key: object) -> bool:
        return key in ("a", "b")

    def __iter__(self) -> Iterator[str]:
        return iter(("a", "b"))

    def __len__(self) -> int:
        return 2


def test_a_lazy_mapping_makes_only_what_is_asked_for() -> None:
    lazy = Lazy()
    assert evaluate("${{ x.a.made }}", {"x": lazy}) == "a"
    assert lazy.made == ["a"]
    assert evaluate("${{ x.c || 'no' }}", {"x": lazy}) == "no"
    assert lazy.made == ["a"]
    assert evaluate("${{ x }}", {"x": lazy}) is lazy
    assert evaluate("${{ x.*.made }}", {"x": lazy}) == ["a", "b"]


def test_any_mapping_and_sequence_is_a_value() -> None:
    contexts: dict[str, object] = {
        "d": UserDict({"a": 1}),
        "l": UserList([1, 2]),
        "t": (1, 2),
        "p": MappingProxyType({"a": [1]}),
        "c": ChainMap({"a": 1}, {"b": 2}),
        "r": range(3),
    }
    assert evaluate("${{ d.a }} ${{ l[1] }} ${{ t }} ${{ p }} ${{ c.b }} ${{ r }}", contexts) == (
        '1 2 [1, 2] {"a": [1]} 2 [0, 1, 2]'
    )


def test_a_look_up_never_adds_to_a_mapping() -> None:
    data: defaultdict[str, object] = defaultdict(dict)
    assert evaluate("${{ d.x || 'none' }}", {"d": data}) == "none"
    assert not data


class Trap:
    """An object that is no value, and tells when it is touched."""

    secret = "attribute"

    def __str__(self) -> str:
        raise AssertionError("called")

    __repr__ = __eq__ = __len__ = __bool__ = __str__  # type: ignore[assignment]  # none of them may be called
    __hash__ = None  # type: ignore[assignment]  # nor this


@pytest.mark.parametrize(
    ("expression", "column", "end_column"),
    [
        ("x", 1, 2),
        ("x.secret", 1, 2),
        ("x.__class__", 1, 2),
        ("y.trap", 1, 7),
        ("y.trap.secret", 1, 7),
        ("y['trap']", 1, 10),
        ("y.*", 1, 4),
        ("!x", 2, 3),
        ("x == 1", 1, 2),
        ("x | string", 1, 2),
        ("toJSON(y)", 1, 10),
        ("b.bytes", 1, 8),
    ],
)
def test_what_is_no_value_is_refused_untouched(expression: str, column: int, end_column: int) -> None:
    contexts: dict[str, Any] = {"x": Trap(), "y": {"trap": Trap()}, "b": {"bytes": b"abc"}}
    with pytest.raises(ExpressionError) as caught:
        evaluate("${{" + expression + "}}", contexts)
    kind = "bytes" if "bytes" in expression else "Trap"
    assert caught.value.message == f"a Python value of type {kind!r} has no place in an expression"
    assert (caught.value.code, caught.value.column - 3, caught.value.end_column - 3) == ("DT308", column, end_column)


@pytest.mark.parametrize("name", ["__class__", "keys", "items", "__len__", "append", "upper", "real"])
@pytest.mark.parametrize("value", [{}, [], "a", 1, True, None])
def test_pythons_attributes_are_not_reachable(name: str, value: object) -> None:
    assert evaluate("${{ x." + name + " == null }}", {"x": value}) is True
