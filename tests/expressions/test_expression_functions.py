"""Each function, case by case: what it gives, and how it refuses."""

import math

import pytest

from datatorch_pipelines.expressions import ExpressionError, Host, evaluate, known_functions

CONTEXTS: dict[str, object] = {
    "v": {
        "list": [1, "b", None, True, 2.5],
        "words": ["push", "Pull"],
        "empty": [],
        "none": {},
        "map": {"a": 1, "b": [1, {"c": None}]},
        "nested": [[1], {"a": 1}],
        "half": 0.5,
        "big": 2**53 + 1,
        "text": "Hello World",
        "null": None,
    }
}

CASES = [
    ("contains('Hello world', 'llo')", True),
    ("contains('Hello world', 'LLO')", True),
    ("contains('Hello', '')", True),
    ("contains('', 'a')", False),
    ("contains(123, 2)", True),
    ("contains(true, 'RU')", True),
    ("contains(null, '')", True),
    ("contains('null', null)", True),
    ("contains(v.words, 'pull')", True),
    ("contains(v.words, 'pul')", False),
    ("contains(v.list, 1)", True),
    ("contains(v.list, '1')", True),
    ("contains(v.list, 'B')", True),
    ("contains(v.list, null)", True),
    ("contains(v.list, 7)", False),
    ("contains(v.empty, null)", False),
    ("contains(v.map, 'a')", False),
    ("contains('Array', v.empty)", False),
    ("contains(fromJSON('[\"a\", \"b\"]'), 'b')", True),
    ("CONTAINS('a', 'a')", True),
    ("startsWith('Hello world', 'He')", True),
    ("startsWith('Hello world', 'HE')", True),
    ("startsWith('Hello', 'Hello!')", False),
    ("startsWith('', '')", True),
    ("startsWith(123, 12)", True),
    ("startsWith(null, '')", True),
    ("startsWith(v.words, 'p')", False),
    ("startsWith('a', v.map)", False),
    ("endsWith('Hello world', 'ld')", True),
    ("endsWith('Hello world', 'LD')", True),
    ("endsWith(123, 3)", True),
    ("endsWith('a', '')", True),
    ("endsWith('a', 'b')", False),
    ("endsWith(v.list, 'a')", False),
    ("endsWith('a', v.list)", False),
    ("format('Hello {0} {1} {2}', 'Mona', 'the', 'Octocat')", "Hello Mona the Octocat"),
    ("format('{{Hello {0}}}', 'Mona')", "{Hello Mona}"),
    ("format('{{0}}', 1)", "{0}"),
    ("format('{{{0}}}', 1)", "{1}"),
    ("format('{1}{0}{1}', 'a', 'b')", "bab"),
    ("format('plain')", "plain"),
    ("format('', 1)", ""),
    ("format('{0}', null)", ""),
    ("format('{0}', true)", "true"),
    ("format('{0}', false)", "false"),
    ("format('{0}', 1.0)", "1"),
    ("format('{0}', -0)", "0"),
    ("format('{0}', -0.0)", "0"),
    ("format('{0}', 0.1)", "0.1"),
    ("format('{0}', 1e21)", "1e+21"),
    ("format('{0}', 1e20)", "100000000000000000000"),
    ("format('{0}', 1e-6)", "0.000001"),
    ("format('{0}', 1e-7)", "1e-7"),
    ("format('{0}', 1.5e-9)", "1.5e-9"),
    ("format('{0}', 1.5e300)", "1.5e+300"),
    ("format('{0}', -1.25)", "-1.25"),
    ("format('{0}', 123456.789)", "123456.789"),
    ("format('{0}', 0.84551240822557006)", "0.84551240822557"),
    ("format('{0}', 9007199254740993)", "9007199254740993"),
    ("format('{0}', 0xff)", "255"),
    ("format('{0}', NaN)", "NaN"),
    ("format('{0}', -Infinity)", "-Infinity"),
    ("format('{0}', v.list)", "Array"),
    ("format('{0}', v.map)", "Object"),
    ("format('{00}', 'a')", "a"),
    ("format('{0}', '{0}')", "{0}"),
    ("format('{0}', '${{ v }}')", "${{ v }}"),
    ("format(5)", "5"),
    ("join(v.words, ', ')", "push, Pull"),
    ("join(v.words)", "push,Pull"),
    ("join(v.list, '-')", "1-b--true-2.5"),
    ("join(v.list, null)", "1btrue2.5"),
    ("join(v.list, 0)", "10b00true02.5"),
    ("join(v.words, v.list)", "push,Pull"),
    ("join(v.empty, ',')", ""),
    ("join(v.map, ',')", ""),
    ("join(v.nested)", "Array,Object"),
    ("join('abc', ',')", "abc"),
    ("join(1)", "1"),
    ("join(null)", ""),
    ("join(v.*.a, ',')", "1"),
    ("toJSON(null)", "null"),
    ("toJSON(true)", "true"),
    ("toJSON(1)", "1"),
    ("toJSON(1.0)", "1"),
    ("toJSON(-0.0)", "0"),
    ("toJSON(0.1)", "0.1"),
    ("toJSON('a\"b\\c')", '"a\\"b\\\\c"'),
    ("toJSON('é')", '"é"'),
    ("toJSON('a\nb')", '"a\\nb"'),
    ("toJSON(v.empty)", "[]"),
    ("toJSON(v.none)", "{}"),
    ("toJSON(v.words)", '[\n  "push",\n  "Pull"\n]'),
    ("toJSON(v.nested)", '[\n  [\n    1\n  ],\n  {\n    "a": 1\n  }\n]'),
    (
        "toJSON(v.map)",
        '{\n  "a": 1,\n  "b": [\n    1,\n    {\n      "c": null\n    }\n  ]\n}',
    ),
    ("tojson(v.big)", "9007199254740993"),
    ("fromJSON('null')", None),
    ("fromJSON('true')", True),
    ("fromJSON('1')", 1),
    ("fromJSON('1.5')", 1.5),
    ("fromJSON(' [1, \"a\"] ')", [1, "a"]),
    ('fromJSON(\'{"a": {"b": 2}}\').a.b', 2),
    ("fromJSON('{\"a\": 1}')['A']", 1),
    ("fromJSON('[1,2,3]')[1]", 2),
    ("fromJSON('[1,2,3]')[3]", None),
    ("fromJSON('{}').x", None),
    ("fromJSON('{}').x.y", None),
    ("fromJSON('\"a\"')", "a"),
    ("fromJSON(1)", 1),
    ("fromJSON(true)", True),
    ("fromJSON(toJSON(v.map))", {"a": 1, "b": [1, {"c": None}]}),
    ("fromJSON('\"${{ v.half }}\"')", "${{ v.half }}"),
    ("case(true, 'a', 'b')", "a"),
    ("case(false, 'a', 'b')", "b"),
    ("case(false, 1, true, 2, 3)", 2),
    ("case(false, 1, false, 2, 3)", 3),
    ("case(1 == 1, v.words, 0)", ["push", "Pull"]),
    ("Case(true, null, 1)", None),
    ("success()", True),
    ("failure()", False),
    ("cancelled()", False),
    ("always()", True),
    ("Success( )", True),
    ("default(v.nothing, 'x')", "x"),
    ("default(v.nothing.at.all, 'x')", "x"),
    ("default(v.null, 'x')", "x"),
    ("default('', 'x')", ""),
    ("default(false, 'x')", False),
    ("default('', 'x', true)", "x"),
    ("default(0, 'x', true)", "x"),
    ("default(v.nothing)", ""),
    ("v.nothing | default('x')", "x"),
    ("v.nothing | default", ""),
    ("v.half | default(1)", 0.5),
    ("int('10')", 10),
    ("int(' 10 ')", 10),
    ("int(3.9)", 3),
    ("int('-3.9')", -3),
    ("int(true)", 1),
    ("int(null)", 0),
    ("int('')", 0),
    ("int('0x10')", 16),
    ("int('a', 5)", 5),
    ("int(v.map, null)", None),
    ("int(Infinity, 0)", 0),
    ("'7' | int", 7),
    ("'7' | int == 7", True),
    ("7 == '7' | int", True),
    ("float('1.5')", 1.5),
    ("float(2)", 2.0),
    ("float('-Infinity')", -math.inf),
    ("float('a', 0)", 0),
    ("'2' | float", 2.0),
    ("string(1)", "1"),
    ("string(1.5)", "1.5"),
    ("string(null)", ""),
    ("string(true)", "true"),
    ("string(v.words)", '["push", "Pull"]'),
    ("string(v.map)", '{"a": 1, "b": [1, {"c": null}]}'),
    ("v.list | string", '[1, "b", null, true, 2.5]'),
    ("upper('aé')", "AÉ"),
    ("upper(null)", ""),
    ("upper(true)", "TRUE"),
    ("v.text | upper", "HELLO WORLD"),
    ("lower('AÉ')", "aé"),
    ("lower(1)", "1"),
    ("v.text | lower | upper", "HELLO WORLD"),
    ("trim('  a b ')", "a b"),
    ("'\n a \t' | trim", "a"),
    ("length('日本')", 2),
    ("length('')", 0),
    ("length(v.list)", 5),
    ("length(v.map)", 2),
    ("length(v.nothing)", 0),
    ("v.words | length > 1", True),
    ("v.words | join('+')", "push+Pull"),
    ("v.words | toJSON | length", 22),
    ("'a,b' | contains(',')", True),
    ("'{0}!' | format('x')", "x!"),
    ("!v.nothing | default(true)", False),
    ("not v.nothing | default(true)", False),
    ("('a' || 'b') | upper", "A"),
    ("'a' || 'b' | upper", "a"),
    ("'' || 'b' | upper", "B"),
    ("v.words[0] | upper", "PUSH"),
    ("(v.map | toJSON | fromJSON).a", 1),
    ("fromJSON('{\"a\":[5]}').a[0] | string", "5"),
]


@pytest.mark.parametrize(("expression", "value"), CASES)
def test_a_call_gives_its_value(expression: str, value: object) -> None:
    found = evaluate("${{" + expression + "}}", CONTEXTS)
    assert found == value
    assert type(found) is type(value)


REFUSALS = [
    ("format('{1}', 'a')", 8, 13, "format() has no argument for {1}: it got 1"),
    ("format('{0}')", 8, 13, "format() has no argument for {0}: it got 0"),
    ("format('{', 1)", 8, 11, "format() found a stray '{' in its text"),
    ("format('a } b', 1)", 8, 15, "format() found a stray '}' in its text"),
    ("format('{a}', 1)", 8, 13, "format() found a stray '{' in its text"),
    ("format('{-1}', 1)", 8, 14, "format() found a stray '{' in its text"),
    ("format('{0:x}', 1)", 8, 15, "format() found a stray '{' in its text"),
    ("format('{9999}', 1)", 8, 16, "format() found a stray '{' in its text"),
    ("fromJSON('')", 10, 12, "the text is not valid JSON (a value is missing at its line 1, column 1)"),
    ("fromJSON(null)", 10, 14, "the text is not valid JSON (a value is missing at its line 1, column 1)"),
    (
        "fromJSON('[1')",
        10,
        14,
        "the text is not valid JSON (a ',' or a closing bracket is missing at its line 1, column 3)",
    ),
    ("fromJSON('NaN')", 10, 15, "the text is not valid JSON"),
    ("fromJSON('[Infinity]')", 10, 22, "the text is not valid JSON"),
    ("fromJSON(v.map)", 10, 15, "the text is not valid JSON (a value is missing at its line 1, column 1)"),
    ("toJSON(NaN)", 1, 12, "NaN and Infinity have no JSON form"),
    ("case(1, 2, 3)", 6, 7, "case() wants true or false here, not a number"),
    ("case(false, 1, 'x', 2, 3)", 16, 19, "case() wants true or false here, not text"),
    ("case(v.null, 1, 2)", 6, 12, "case() wants true or false here, not null"),
    ("int('a')", 5, 8, "int() can't make a number of this text"),
    ("int(v.list)", 5, 11, "int() can't make a number of this list"),
    ("int(NaN)", 5, 8, "int() can't make a number of NaN or Infinity"),
    ("float('1_0')", 7, 12, "float() can't make a number of this text"),
    ("upper(v.list)", 7, 13, "upper() wants text, not a list"),
    ("lower(v.map)", 7, 12, "lower() wants text, not a mapping"),
    ("v.map | trim", 1, 6, "trim() wants text, not a mapping"),
    ("length(5)", 8, 9, "length() wants text, a list or a mapping, not a number"),
    ("length(true)", 8, 12, "length() wants text, a list or a mapping, not a boolean"),
    ("hashFiles('*')", 1, 15, "hashFiles() has no files to look at here"),
    ("hashFiles(1)", 11, 12, "hashFiles() wants text, not a number"),
]


@pytest.mark.parametrize(("expression", "column", "end_column", "message"), REFUSALS)
def test_a_call_that_can_not_be_evaluated_says_why_and_where(
    expression: str, column: int, end_column: int, message: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("${{" + expression + "}}", CONTEXTS)
    error = caught.value
    assert (error.code, error.message, error.column - 3, error.end_column - 3) == ("DT308", message, column, end_column)


ARITIES = [
    ("contains('a')", "contains() takes 2 arguments, not 1"),
    ("contains('a', 'b', 'c')", "contains() takes 2 arguments, not 3"),
    ("format()", "format() takes 1 or more arguments, not 0"),
    ("join()", "join() takes 1 or 2 arguments, not 0"),
    ("toJSON()", "toJSON() takes 1 argument, not 0"),
    ("tojson(1, 2)", "toJSON() takes 1 argument, not 2"),
    ("always(1)", "always() takes no arguments, not 1"),
    ("case(true, 1)", "case() takes an odd number of arguments, 3 or more, not 2"),
    ("case(true, 1, false, 2)", "case() takes an odd number of arguments, 3 or more, not 4"),
    ("default(1, 2, 3, 4)", "default() takes 1 to 3 arguments, not 4"),
]


@pytest.mark.parametrize(("expression", "message"), ARITIES)
def test_a_call_with_a_wrong_number_of_arguments_is_refused_before_evaluation(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate("${{ false && " + expression + " }}", {})
    assert (caught.value.code, caught.value.message) == ("DT301", message)
    assert (caught.value.column, caught.value.end_column) == (14, 14 + len(expression))


@pytest.mark.parametrize(
    ("status", "success", "failure", "cancelled"),
    [("success", True, False, False), ("failure", False, True, False), ("cancelled", False, False, True)],
)
def test_status_functions_answer_by_the_host(status: str, success: bool, failure: bool, cancelled: bool) -> None:
    host = Host(status=status)  # type: ignore[arg-type]  # parametrize gives plain text
    found = [evaluate("${{ " + name + "() }}", {}, host=host) for name in ("success", "failure", "cancelled", "always")]
    assert found == [success, failure, cancelled, True]


def test_hash_files_gets_its_patterns_from_the_call() -> None:
    calls: list[tuple[str, ...]] = []

    def digest(patterns: tuple[str, ...]) -> str:
        calls.append(patterns)
        return "abc"

    assert evaluate("${{ hashFiles('*.py', '!x') }}", {}, host=Host(hash_files=digest)) == "abc"
    assert calls == [("*.py", "!x")]


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("a pattern is wrong"), "hashFiles() failed: a pattern is wrong"),
        (PermissionError(13, "Permission denied", "/secret/place"), "hashFiles() failed: Permission denied"),
    ],
)
def test_a_failing_hash_is_the_expressions_error(raised: Exception, message: str) -> None:
    def fail(patterns: tuple[str, ...]) -> str:
        raise raised

    with pytest.raises(ExpressionError) as caught:
        evaluate("a ${{ hashFiles('x') }}", {}, host=Host(hash_files=fail))
    assert (caught.value.message, caught.value.column, caught.value.end_column) == (message, 7, 21)


def test_the_known_functions_are_those_of_the_documentation() -> None:
    assert known_functions() == (
        "contains",
        "startsWith",
        "endsWith",
        "format",
        "join",
        "toJSON",
        "fromJSON",
        "case",
        "hashFiles",
        "success",
        "failure",
        "cancelled",
        "always",
        "default",
        "int",
        "float",
        "string",
        "upper",
        "lower",
        "trim",
        "length",
    )
