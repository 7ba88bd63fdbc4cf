"""Several syntax errors in one pass: root causes only, and everything else is checked."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.limits import DEFAULT_LIMITS
from datatorch_pipelines.syntax import read_pipeline, read_pipeline_file
from datatorch_pipelines.syntax.located import Located
from datatorch_pipelines.syntax.yaml_reader import read_yaml, try_yaml
from datatorch_pipelines.syntax.yaml_recovery import MAX_ERRORS, recovered

HEAD = "name: x\njobs:\n  a:\n    steps:\n"


def told(text: str, name: str = "p.yaml") -> list[str]:
    """Where something is wrong, and its code."""
    return [f"{d.line}:{d.column} {d.code}" for d in dtp.check_text(text, filename=name)]


def test_each_of_several_syntax_errors_is_told_and_the_rest_is_checked() -> None:
    text = f"""{HEAD}      - name: "One
        run: echo
      - action: a/b@v1
        inputs:
          a: [1, 2
          b: ${{{{ evnt.x }}}}
      - name: Three
        run: 'echo
        env: {{A: 1
      - run: x
        \ttimeout: 5
      - run: echo ok
        env
          A: ${{{{ steps.One.status }}}}
        bogus: 1
"""
    expected = [
        "5:15 DT101",
        "9:14 DT101",
        "10:18 DT302",
        "12:14 DT101",
        "13:14 DT101",
        "15:9 DT105",
        "17:9 DT101",
        "19:9 DT202",
    ]
    assert told(text) == expected
    assert told(text.replace("\n", "\r\n")) == expected
    assert told(text.replace("\n", "\r")) == expected


@pytest.mark.parametrize(
    "broken",
    [
        "run: 'x",
        'run: "x',
        "run: [x",
        "run: {x",
        "run: `x`",
        "run: @x",
        "run: x: y",
        "run x\n        name: y",
        "run:\n          'x",
        "run: 'a' b",
        'run: "\\d"',
        "run: | x",
        "run: x\n       name: y",
        "run: x\n          name: y",
        "run: x\n\tname: y",
        "run: x\n        ]",
        "run: |\n          x\n         y",
        "run: &",
        "run: x\n        inputs: {\n          a: 1\n          b: 2\n        }",
        "run: x\n        env:\n          A: 'b\n          C: d",
    ],
)
def test_a_mistake_in_a_step_is_told_once_and_hides_nothing_in_the_others(broken: str) -> None:
    around = "      - runn: x\n"
    text = f"{HEAD}{around}      - {broken}\n{around}"
    found = told(text)
    last = text.count("\n")
    assert found[0] == "5:9 DT202"
    assert found[-1] == f"{last}:9 DT202"
    assert len(found) == 3, found
    assert found[1].endswith(("DT101", "DT105"))


def test_what_may_stand_in_a_gap_is_not_missed() -> None:
    text = f"""{HEAD}      - 'broken
      - name: 'One
      - run: echo
        env: {{A: "${{{{ steps.One.status }}}}", B: "${{{{ steps.Late.status }}}}"}}
      - name: Late
        'run: x
  b:
    needs: ['c
  c: 'x
  d:
    needs: [x]
    steps: [{{run: x, env: {{A: "${{{{ needs.q.outputs.x }}}}"}}}}]
"""
    assert told(text) == ["5:9 DT101", "6:15 DT101", "10:9 DT101", "12:13 DT101", "13:6 DT101"]


def test_what_is_known_before_a_gap_is_told() -> None:
    wrong = "      - run: x\n        if: steps.nope.status\n"
    text = f"{HEAD}{wrong}      - run: 'x\n{wrong}"
    assert told(text) == ["6:19 DT304", "7:14 DT101"]


def test_a_misspelt_name_silences_what_follows_from_it() -> None:
    text = f"{HEAD}      - nmae: One\n        run: x\n      - run: y\n        if: steps.One.status\n"
    assert told(text) == ["5:9 DT202"]
    steps = "    steps: [{run: x}]\n"
    text = f"name: x\njobs:\n  a:\n{steps}  b:\n    neds: a\n    if: needs.a.status\n{steps}"
    assert told(text) == ["6:5 DT202"]


def test_a_key_without_its_colon_keeps_what_it_holds() -> None:
    text = "name: x\njobs\n  first\n    steps:\n      - run: x\n        bogus: 1\n  b:\n    steps\n      - runn: x\n"
    assert told(text) == ["2:1 DT101", "3:3 DT101", "6:9 DT202", "8:5 DT101", "9:9 DT202"]


def test_an_anchor_in_a_gap_is_not_missed() -> None:
    text = f"{HEAD}      - &s run: 'x\n      - *s\n      - *t\n"
    assert told(text) == ["5:17 DT101", "7:9 DT109"]


def test_an_alias_keeps_what_is_wrong_with_its_anchor() -> None:
    text = f"{HEAD}      - &s {{run: [x]}}\n      - *s\n      - run: 'x\n      - run: ${{{{ evnt }}}}\n"
    assert told(text) == ["5:18 DT203", "7:14 DT101", "8:18 DT302"]


def test_an_alias_inside_what_it_names_before_a_gap_is_no_endless_loop() -> None:
    text = f"{HEAD}      - run: x\n        inputs: &i\n          a: *i\n        `\n"
    assert "8:9 DT101" in told(text)
    assert "7:14 DT109" in told(text)


def test_a_merge_conflict_is_told_as_one() -> None:
    text = f"{HEAD}<<<<<<< HEAD\n      - runn: x\n=======\n      - run: y\n>>>>>>> main\n      - runn: z\n"
    assert told(text) == ["5:1 DT101", "6:9 DT202", "10:9 DT202"]


def test_a_second_document_does_not_hide_what_is_wrong_in_the_first() -> None:
    assert told(f"{HEAD}      - runn: x\n---\nname: y\n") == ["5:9 DT202", "6:1 DT107"]
    assert told("name: x\n---\njobs:\n  a:\n    steps:\n      - run: x\n") == ["2:1 DT107"]


def test_an_action_file_is_read_on_too() -> None:
    text = "name: 'x\ninputs:\n  a: {default: '${{ evnt.x }}', type: itn}\nruns:\n  using: python\n  main: \"add.py\n"
    assert told(text, "action-datatorch.yaml") == ["1:7 DT101", "3:21 DT302", "3:39 DT204", "6:9 DT101"]


def test_json_is_read_on() -> None:
    text = """{
  // ours
  "name": 'x',
  "jobs": {"a": {"steps": [
    {"run": "C:\\dir", "tiemout": 5,},
    {"run": echo, "env": {"A": "${{ evnt.x }}"}},
    {run: "y"}
    {"run": "open,
     "bogus": True},
    {"run": "x", "env": {"A": "${{ steps.q.status }}"},
"""
    assert told(text, "p.json") == [
        "2:3 DT101",
        "3:11 DT101",
        "5:16 DT101",
        "5:23 DT202",
        "5:35 DT101",
        "6:13 DT101",
        "6:37 DT302",
        "7:6 DT101",
        "8:5 DT101",
        "8:13 DT101",
        "9:6 DT202",
        "9:15 DT101",
        "10:5 DT101",
        "10:42 DT304",
    ]


@pytest.mark.parametrize("cut", range(20, 150, 7))
def test_a_json_file_that_is_cut_off_has_one_error(cut: int) -> None:
    steps = [{"run": "echo", "env": {"A": "1"}}, {"action": "a/b@v1", "inputs": {}}]
    text = json.dumps({"name": "x", "jobs": {"a": {"steps": steps}}})
    found = told(text[: min(cut, len(text) - 1)], "p.json")
    assert [line.split(" ")[1] for line in found] == ["DT101"]


def valid(steps: int) -> list[str]:
    """The lines of a right pipeline, three a step."""
    lines = HEAD.splitlines()
    for number in range(steps):
        lines += [f"      - name: Step {number}", f'        run: echo "{number}"', f"        env: {{A: 'x{number}'}}"]
    return lines


MUTATIONS = {
    "unquoted": lambda line: line.replace("'}", "}"),
    "open": lambda line: line.replace("}", ""),
    "quote": lambda line: line.replace(": ", ": 'it's ", 1),
    "tab": lambda line: "\t" + line.lstrip(),
    "backtick": lambda line: line.replace(": ", ": `", 1),
    "bracket": lambda line: line.replace(": ", ": [", 1),
    "shift": lambda line: f" {line}",
}


@settings(max_examples=150)
@given(st.integers(2, 12), st.data())
def test_broken_steps_are_told_as_if_each_were_alone(steps: int, data: st.DataObject) -> None:
    lines = valid(steps)
    chosen = data.draw(st.lists(st.integers(0, steps - 1), min_size=1, max_size=4, unique=True))
    alone = []
    for step in sorted(chosen):
        at = len(HEAD.splitlines()) + 3 * step + data.draw(st.integers(1, 2))
        mutation = MUTATIONS[data.draw(st.sampled_from(sorted(MUTATIONS)))]
        single = valid(steps)
        single[at] = mutation(single[at])
        lines[at] = single[at]
        alone += read_pipeline("\n".join(single), "p.yaml")[1]
    _, together = read_pipeline("\n".join(lines), "p.yaml")
    assert [(d.line, d.column, d.code) for d in together][:1] == [(d.line, d.column, d.code) for d in alone][:1]
    assert {d.line for d in together} <= {d.line for d in alone} | {len(lines)}


@settings(max_examples=100)
@given(st.integers(0, 6))
def test_a_file_without_errors_is_read_as_ever(steps: int) -> None:
    text = "\n".join(valid(steps + 1))
    read = read_yaml(text, DEFAULT_LIMITS)
    once = try_yaml(text, DEFAULT_LIMITS)
    assert read == once
    assert not read.gaps
    assert read.text is None
    assert read_pipeline_file(text, "p.yaml").pipeline is not None


def test_the_number_of_rounds_is_bounded() -> None:
    for text in (HEAD + "      - run: 'x\n" * 5_000, "- `\n" * 50_000, "a: [\nb: {\n" * 20):
        first = try_yaml(text, DEFAULT_LIMITS)
        assert not isinstance(first, Located)
        reads: list[int] = []

        def counted(changed: str, reads: list[int] = reads) -> object:
            reads.append(len(changed))
            return try_yaml(changed, DEFAULT_LIMITS)

        located = recovered(text, first, counted)  # type: ignore[arg-type]  # it gives what it is given
        assert len(located.problems) <= MAX_ERRORS
        assert len(reads) <= 4 * MAX_ERRORS
        assert sum(reads) <= 4_000_000


PIECES = [
    *(
        "a: ",
        "- ",
        "'",
        '"',
        "\n",
        "\n  ",
        "\n      ",
        "[",
        "]",
        "{",
        "}",
        ",",
        ": ",
        "#",
        "|",
        ">",
        "&x ",
        "*x",
        "\t",
        "\r\n",
        "b",
    )
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.booleans())
def test_no_text_is_ever_a_crash(text: str, inside: bool) -> None:
    whole = f"{HEAD}      - run: x\n        env:\n          {text}\n      - run: y\n" if inside else text
    for name in ("p.yaml", "p.json", "action-datatorch.yaml"):
        found = dtp.check_text(whole, filename=name)
        assert len(set(found)) == len(found)
