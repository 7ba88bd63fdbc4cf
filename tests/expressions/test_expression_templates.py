"""Texts with `${{ }}` in them, conditions, deep values, and what can be read off a template."""

import shlex
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from datatorch_pipelines.expressions import (
    Expression,
    ExpressionError,
    Host,
    evaluate,
    evaluate_condition,
    evaluate_value,
    parse,
    parse_condition,
)

CONTEXTS: dict[str, object] = {
    "x": {
        "n": 1,
        "f": 1.0,
        "half": 0.5,
        "t": True,
        "no": False,
        "null": None,
        "s": "a b",
        "empty": "",
        "list": [1, "é", None, [True]],
        "map": {"a": {"b": 1.0}, "c": []},
        "evil": "${{ x.s }}",
        "tail": "{ x.s }}",
        "dollar": "$",
    }
}

TEXTS = [
    ("", ""),
    ("plain", "plain"),
    ("${x} ${#x} $x {{ x }} {% x %} ${% x %} $( x ) }} {", "${x} ${#x} $x {{ x }} {% x %} ${% x %} $( x ) }} {"),
    ("$ {{ x.n }}", "$ {{ x.n }}"),
    ("${{x.n}}", 1),
    ("${{ x.n }}", 1),
    ("${{\n  x.n\n}}", 1),
    (" ${{ x.n }}", " 1"),
    ("${{ x.n }} ", "1 "),
    ("${{ x.n }}\n", "1\n"),
    ("a${{ x.n }}b", "a1b"),
    ("${{ x.n }}${{ x.n }}", "11"),
    ("$${{ x.n }}", "$1"),
    ("{${{ x.n }}}", "{1}"),
    ("${{ x.n }}}}", "1}}"),
    ("${{ '}}' }}", "}}"),
    ("a ${{ '}}' }} b", "a }} b"),
    ("${{ '''}}' }}", "'}}"),
    ("${{ '${{' }}", "${{"),
    ("${{ x.f }}", 1.0),
    ("=${{ x.f }}", "=1"),
    ("=${{ x.half }}", "=0.5"),
    ("=${{ x.t }}", "=true"),
    ("=${{ x.no }}", "=false"),
    ("=${{ x.null }}", "="),
    ("=${{ x.empty }}", "="),
    ("=${{ x.s }}", "=a b"),
    ("=${{ x.list }}", '=[1, "é", null, [true]]'),
    ("=${{ x.map }}", '={"a": {"b": 1}, "c": []}'),
    ("=${{ x.list.* }}", '=[1, "é", null, [true]]'),
    ("=${{ 1e21 }}", "=1e+21"),
    ("=${{ 0.1 }}", "=0.1"),
    ("${{ x.list }}", [1, "é", None, [True]]),
    ("${{ x.evil }}", "${{ x.s }}"),
    ("=${{ x.evil }}", "=${{ x.s }}"),
    ("${{ x.dollar }}{{ x.s }}", "${{ x.s }}"),
    ("${{ x.dollar }}${{ x.tail }}", "${ x.s }}"),
    ("${{ format('{0}', x.evil) }}", "${{ x.s }}"),
    ("${{ format(x.dollar) }}{{ x.n }}", "${{ x.n }}"),
    ("日本 ${{ x.n }}", "日本 1"),
]


@pytest.mark.parametrize(("text", "value"), TEXTS)
def test_a_text_gives_its_value(text: str, value: object) -> None:
    found = evaluate(text, CONTEXTS)
    assert found == value
    assert type(found) is type(value)


def test_a_whole_value_is_the_very_object() -> None:
    data = {"a": [1]}
    assert evaluate("${{ x }}", {"x": data}) is data


SYNTAX = [
    ("${{ }}", 1, 7, "an empty expression"),
    ("a ${{}}", 3, 8, "an empty expression"),
    ("${{", 1, 4, "this `${{` is never closed"),
    ("ab ${{ x.n", 4, 7, "this `${{` is never closed"),
    ("${{ x.n }", 1, 4, "this `${{` is never closed"),
    ("${{ 1 }} ${{ x", 10, 13, "this `${{` is never closed"),
    ("${{ 'x }}", 5, 10, "this text's closing quote is missing"),
    ("${{ '}}", 5, 8, "this text's closing quote is missing"),
    ("${{ a ${{ b }} }}", 7, 8, "unexpected '$' in the expression"),
    ('${{ "x" }}', 5, 6, "unexpected '\"' in the expression"),
    ("${{ `x` }}", 5, 6, "unexpected '`' in the expression"),
    ("${{ x = 1 }}", 7, 8, "unexpected '=' in the expression"),
    ("${{ x & 1 }}", 7, 8, "unexpected '&' in the expression"),
    ("${{ 1 + 2 }}", 7, 8, "unexpected '+' in the expression"),
    ("${{ 1 - 2 }}", 7, 8, "unexpected '-' in the expression"),
    ("${{ 1 / 2 }}", 7, 8, "unexpected '/' in the expression"),
    ("${{ 1 % 2 }}", 7, 8, "unexpected '%' in the expression"),
    ("${{ 1 * 2 }}", 7, 8, "unexpected '*' in the expression"),
    ("${{ x ? 1 : 2 }}", 7, 8, "unexpected '?' in the expression"),
    ("${{ x.n } }}", 9, 10, "unexpected '}' in the expression"),
    ("${{ { } }}", 5, 6, "unexpected '{' in the expression"),
    ("${{ @x }}", 5, 6, "unexpected '@' in the expression"),
    ("${{ x:y }}", 6, 7, "unexpected ':' in the expression"),
    ("${{ 😊 }}", 5, 6, "unexpected '😊' in the expression"),
    ("${{ 1 2 }}", 7, 8, "unexpected '2' in the expression"),
    ("${{ (1)2 }}", 8, 9, "unexpected '2' in the expression"),
    ("${{ x y }}", 7, 8, "unexpected 'y' in the expression"),
    ("${{ 'a' 'b' }}", 9, 12, "unexpected \"'b'\" in the expression"),
    ("${{ steps.Count Files }}", 17, 22, "unexpected 'Files' in the expression"),
    ("${{ jobs.a b.c }}", 12, 13, "unexpected 'b' in the expression"),
    ("${{ x AND y }}", 7, 10, "unexpected 'AND' in the expression"),
    ("${{ ) }}", 5, 6, "unexpected ')' in the expression"),
    ("${{ (1 }}", 8, 10, "the expression ends too early"),
    ("${{ () }}", 6, 7, "unexpected ')' in the expression"),
    ("${{ (1, 2) }}", 7, 8, "unexpected ',' in the expression"),
    ("${{ 1 == }}", 10, 12, "the expression ends too early"),
    ("${{ 1 == == 2 }}", 10, 12, "unexpected '==' in the expression"),
    ("${{ == 1 }}", 5, 7, "unexpected '==' in the expression"),
    ("${{ 1 && }}", 10, 12, "the expression ends too early"),
    ("${{ && 1 }}", 5, 7, "unexpected '&&' in the expression"),
    ("${{ and 1 }}", 5, 8, "unexpected 'and' in the expression"),
    ("${{ 1 or }}", 10, 12, "the expression ends too early"),
    ("${{ ! }}", 7, 9, "the expression ends too early"),
    ("${{ not }}", 9, 11, "the expression ends too early"),
    ("${{ x. }}", 8, 10, "the expression ends too early"),
    ("${{ x..y }}", 7, 8, "unexpected '.' in the expression"),
    ("${{ x.'y' }}", 7, 10, "unexpected \"'y'\" in the expression"),
    ("${{ x.5 }}", 7, 8, "unexpected '5' in the expression"),
    ("${{ .x }}", 5, 6, "unexpected '.' in the expression"),
    ("${{ x[ }}", 8, 10, "the expression ends too early"),
    ("${{ x[] }}", 7, 8, "unexpected ']' in the expression"),
    ("${{ x[1 }}", 9, 11, "the expression ends too early"),
    ("${{ x[1,2] }}", 8, 9, "unexpected ',' in the expression"),
    ("${{ x] }}", 6, 7, "unexpected ']' in the expression"),
    ("${{ [1] }}", 5, 6, "unexpected '[' in the expression"),
    ("${{ * }}", 5, 6, "unexpected '*' in the expression"),
    ("${{ 'a'.b }}", 8, 9, "unexpected '.' in the expression"),
    ("${{ 'a'[0] }}", 8, 9, "unexpected '[' in the expression"),
    ("${{ x.f() }}", 8, 9, "unexpected '(' in the expression"),
    ("${{ x.() }}", 7, 8, "unexpected '(' in the expression"),
    ("${{ join(x, }}", 13, 15, "the expression ends too early"),
    ("${{ join(,x) }}", 10, 11, "unexpected ',' in the expression"),
    ("${{ join(x y) }}", 12, 13, "unexpected 'y' in the expression"),
    ("${{ true() }}", 9, 10, "unexpected '(' in the expression"),
    ("${{ x | }}", 9, 11, "the expression ends too early"),
    ("${{ x | 5 }}", 9, 10, "unexpected '5' in the expression"),
    ("${{ | upper }}", 5, 6, "unexpected '|' in the expression"),
    ("${{ x || | y }}", 10, 11, "unexpected '|' in the expression"),
    ("${{ 0xFZ }}", 5, 9, "'0xFZ' is not a number"),
    ("${{ 0b1 }}", 5, 8, "'0b1' is not a number"),
    ("${{ 1.2.3 }}", 5, 10, "'1.2.3' is not a number"),
    ("${{ 1e }}", 5, 7, "'1e' is not a number"),
    ("${{ 1_000 }}", 5, 10, "'1_000' is not a number"),
    ("${{ -0xFF }}", 5, 10, "'-0xFF' is not a number"),
    ("${{ 2nd }}", 5, 8, "'2nd' is not a number"),
    ("日本 ${{ 1 1 }}", 10, 11, "unexpected '1' in the expression"),
    ("a\nb ${{ 1 1 }}", 11, 12, "unexpected '1' in the expression"),
]


@pytest.mark.parametrize(("text", "column", "end_column", "message"), SYNTAX)
def test_an_expression_of_the_wrong_form_is_refused_at_its_place(
    text: str, column: int, end_column: int, message: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    error = caught.value
    assert (error.code, error.message, error.column, error.end_column) == ("DT301", message, column, end_column)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('${{ "x" }}', "put text in single quotes: 'text'"),
        ("${{ 1 + 2 }}", "expressions have no arithmetic"),
        ("${{ 1 * 2 }}", "expressions have no arithmetic"),
        ("${{ x = 1 }}", "compare with '=='"),
        ("${{ x & 1 }}", "write '&&' or 'and'"),
        ("${{ x ? 1 : 2 }}", "write case(condition, value, otherwise)"),
        ("${{ a ${{ b }} }}", "an expression can't hold another `${{ }}`"),
        ("${{ steps.Count Files }}", "a name that holds spaces goes into brackets: steps['Count Files']"),
        ("${{ x AND y }}", "did you mean 'and'?"),
        ("${{ x.f() }}", "values have no methods; a function is called as name(value)"),
        ("${{ (1 }}", "')' is missing"),
        ("${{ x[1 }}", "']' is missing"),
        ("${{ x. }}", "a name is missing"),
        ("${{ x | }}", "the name of a filter is missing"),
        ("${{", "close the expression with `}}`"),
        ("${{ 'x }}", "close it with ' (a ' inside is written '')"),
        ("${{ }}", "write a value, such as `event.fileId`"),
    ],
)
def test_a_wrong_form_comes_with_what_to_do(text: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.hint == hint


CONDITIONS = [
    (True, True),
    (False, False),
    (None, False),
    (0, False),
    (2, True),
    (0.0, False),
    ("true", True),
    ("false", False),
    ("'false'", True),
    ("''", False),
    ("x.t", True),
    ("x.null", False),
    ("x.list", True),
    ("${{ x.t }}", True),
    ("${{ x.no }}", False),
    (" ${{ x.t }}\n", True),
    ("  x.n == 1 \n", True),
    ("x.n == 1 &&\n x.s == 'A B'", True),
    ("x.s == '${{ x }}'", False),
    ("'${{' == '${{'", True),
    ("!x.no", True),
    ("! x.t", False),
    ("not x.no and x.t", True),
    ("success()", True),
    ("always() && failure()", False),
    ("x.s == 'a b' || cancelled()", True),
]


@pytest.mark.parametrize(("condition", "holds"), CONDITIONS)
def test_a_condition_holds_or_not(condition: object, holds: bool) -> None:
    assert evaluate_condition(condition, CONTEXTS) is holds


def test_a_condition_asks_the_host() -> None:
    assert evaluate_condition("failure()", {}, host=Host(status="failure")) is True
    assert parse_condition("success()").evaluate_condition({}, host=Host(status="failure")) is False


@pytest.mark.parametrize(
    ("text", "column", "end_column"),
    [
        ("${{ x.t }} && false", 12, 20),
        ("  ${{ x.t }} == 1  ", 14, 18),
        ("x.n == ${{ 1 }}", 1, 7),
        ("not ${{ x.t }}", 1, 4),
        ("${{ true }}${{ false }}", 12, 24),
        ("${{ true }} ${{ false }}", 13, 25),
        ("!${{ true }}", 1, 2),
    ],
)
def test_a_condition_with_text_around_its_brackets_is_refused(text: str, column: int, end_column: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate_condition(text, CONTEXTS)
    error = caught.value
    assert (error.code, error.message) == ("DT307", "a condition with text around its `${{ }}`")
    assert (error.column, error.end_column) == (column, end_column)
    assert error.hint == "put the whole condition inside the brackets, or leave them out"


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "an empty expression"),
        ("  ", 1, "an empty expression"),
        ("${{ }}", 1, "an empty expression"),
        (" 1 1", 4, "unexpected '1' in the expression"),
        ("x ==", 5, "the expression ends too early"),
        ("${{ x", 1, "this `${{` is never closed"),
        ("x }}", 3, "unexpected '}' in the expression"),
        ("'a", 1, "this text's closing quote is missing"),
    ],
)
def test_a_condition_of_the_wrong_form_is_refused_at_its_place(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_condition(text)
    assert (caught.value.code, caught.value.column, caught.value.message) == ("DT301", column, message)


def test_a_condition_of_another_type_is_refused() -> None:
    with pytest.raises(ExpressionError, match="a condition has to be text, a boolean, a number or null"):
        evaluate_condition(["x"], {})


def test_deep_values_are_evaluated_and_their_keys_are_not() -> None:
    value = {"${{ x.n }}": ["${{ x.n }}", {"a": "=${{ x.s }}", "b": 2, "c": None}], "t": ("${{ x.t }}",)}
    assert evaluate_value(value, CONTEXTS) == {"${{ x.n }}": [1, {"a": "=a b", "b": 2, "c": None}], "t": [True]}
    assert value["t"] == ("${{ x.t }}",)


@pytest.mark.parametrize("value", [1, 1.5, True, None, "a", b"${{ x }}"])
def test_a_value_without_expressions_comes_back(value: object) -> None:
    assert evaluate_value(value, {}) == value


def test_a_deep_value_that_is_wrong_or_too_deep_is_refused() -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate_value({"a": [1, "b ${{ nope }}"]}, CONTEXTS)
    assert (caught.value.message, caught.value.column) == ("unknown context 'nope'", 7)
    deep: object = "x"
    for _ in range(70):
        deep = [deep]
    with pytest.raises(ExpressionError, match="a value that nests deeper than 64 levels"):
        evaluate_value(deep, {})
    assert evaluate_value({"a": ["${{ x.zzz }}"]}, CONTEXTS, strict=False) == {"a": [None]}


def test_render_quotes_each_expression_and_nothing_else() -> None:
    template = parse("echo ${{ x.s }} '${x}' ${{ x.list }} ${{ x.null }}")
    assert template.render(CONTEXTS, shlex.quote) == "echo 'a b' '${x}' '[1, \"é\", null, [true]]' ''"
    assert parse("${{ x.n }}").render(CONTEXTS, shlex.quote) == "1"
    assert parse("a b").render(CONTEXTS, shlex.quote) == "a b"
    with pytest.raises(ExpressionError, match=r"`x\.zzz` finds nothing"):
        parse("echo ${{ x.zzz }}").render(CONTEXTS, shlex.quote)


def test_a_template_tells_its_parts() -> None:
    literal, whole, mixed = parse("a"), parse("${{ x }}"), parse("a ${{ x }}${{ y }} b")
    assert (literal.is_literal, literal.is_whole, literal.parts) == (True, False, ("a",))
    assert (whole.is_literal, whole.is_whole) == (False, True)
    assert (mixed.is_literal, mixed.is_whole) == (False, False)
    places = [part if isinstance(part, str) else (part.column, part.end_column) for part in mixed.parts]
    assert places == ["a ", (3, 11), (11, 19), " b"]
    assert all(isinstance(part, Expression) for part in mixed.expressions)
    assert parse("").parts == ("",)


def test_a_template_tells_its_references() -> None:
    template = parse(
        "${{ Input.a }} ${{ steps.Count Files.output['total'] && needs.b.result }} "
        "${{ event[env.KEY].x[0].*.z | upper }} ${{ fromJSON(event).y }} ${{ 1 }} ${{ x }}"
    )
    found = [
        (r.context, r.name, r.path, r.bare, template.text[r.column - 1 : r.end_column - 1])
        for r in template.references()
    ]
    assert found == [
        ("inputs", "Input", ("a",), True, "Input.a"),
        ("steps", "steps", ("Count Files", "outputs", "total"), False, "steps.Count Files.output['total']"),
        ("needs", "needs", ("b", "result"), False, "needs.b.result"),
        ("event", "event", (None, "x", "0", None, "z"), False, "event[env.KEY].x[0].*.z"),
        ("env", "env", ("KEY",), False, "env.KEY"),
        ("event", "event", (), False, "event"),
        ("x", "x", (), True, "x"),
    ]
    texts = [template.text[start - 1 : end - 1] for start, end in template.references()[1].columns]
    assert texts == ["Count Files", "output", "'total'"]


def test_a_template_tells_its_calls_known_or_not() -> None:
    template = parse("${{ nosuch(1, Join(x)) | uper }} ${{ always() }}")
    found = [(c.name, c.arguments, template.text[c.column - 1 : c.end_column - 1]) for c in template.calls()]
    assert found == [("uper", 1, "uper"), ("nosuch", 2, "nosuch"), ("Join", 1, "Join"), ("always", 0, "always")]


def test_a_condition_without_brackets_tells_the_same() -> None:
    template = parse_condition("steps.a.outputs.x == 1 && always()")
    assert [(r.context, r.path, r.column) for r in template.references()] == [("steps", ("a", "outputs", "x"), 1)]
    assert [c.column for c in template.calls()] == [27]
    assert parse_condition("event.x").references()[0].bare


def test_a_template_is_frozen_hashable_and_fit_for_threads() -> None:
    template = parse("${{ x.n }}-${{ join(x.list) }}")
    assert template == parse("${{ x.n }}-${{ join(x.list) }}")
    assert hash(template) == hash(parse(template.text))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        template.text = "other"  # type: ignore[misc]  # the assignment is what is tested
    with ThreadPoolExecutor(4) as pool:
        results = set(pool.map(lambda _: template.evaluate(CONTEXTS), range(50)))
    assert results == {"1-1,é,,Array"}
