"""What stands at a place, and where it is defined."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp

TEXT = """\
name: Scale
env: {MODE: fast}
variables: {size: 5}
jobs:
  make:
    outputs: {path: "${{ steps.first.outputs.path }}"}
    steps:
      - id: first
        action: acme/make@v1
        inputs:
          width: ${{ variables.size }}
          text: |
            ${{ format('{0}', env.MODE) }}
  use:
    needs: [make]
    strategy: {matrix: {os: [linux]}}
    steps:
      - name: Look
        run: ls
        env: {A: '${{ needs.make.outputs.path }}', B: '${{ matrix.os }}'}
      - run: ls
        if: steps.look.status
"""

ACTION = """\
name: Add
inputs:
  a:
    description: The first number.
    default: ${{ input.b }}
  b: {type: integer}
outputs:
  sum: {description: Both together.}
runs:
  using: cmd
  command: add
"""

Range = tuple[int, int, int, int]


def ranged(place: dtp.Location | None) -> Range | None:
    return None if place is None else (place.line, place.column, place.end_line, place.end_column)


@pytest.mark.parametrize(
    ("line", "column", "kind", "name", "place", "definition"),
    [
        (1, 1, "key", "name", (1, 1, 1, 5), (1, 1, 1, 5)),
        (1, 5, "key", "name", (1, 1, 1, 5), (1, 1, 1, 5)),
        (2, 9, "variable", "MODE", (2, 7, 2, 11), (2, 7, 2, 11)),
        (3, 13, "variable", "size", (3, 13, 3, 17), (3, 13, 3, 17)),
        (5, 3, "job", "make", (5, 3, 5, 7), (5, 3, 5, 7)),
        (6, 15, "output", "path", (6, 15, 6, 19), (6, 15, 6, 19)),
        (6, 28, "context", "steps", (6, 26, 6, 31), None),
        (6, 34, "step", "first", (6, 32, 6, 37), (8, 13, 8, 18)),
        (6, 40, "property", "outputs", (6, 38, 6, 45), None),
        (6, 48, "output", "path", (6, 46, 6, 50), None),
        (8, 15, "step", "first", (8, 13, 8, 18), (8, 13, 8, 18)),
        (9, 20, "action", "acme/make@v1", (9, 17, 9, 29), None),
        (11, 12, "input", "width", (11, 11, 11, 16), None),
        (11, 34, "variable", "size", (11, 32, 11, 36), (3, 13, 3, 17)),
        (13, 18, "function", "format", (13, 17, 13, 23), None),
        (13, 36, "variable", "MODE", (13, 35, 13, 39), (2, 7, 2, 11)),
        (15, 14, "job", "make", (15, 13, 15, 17), (5, 3, 5, 7)),
        (16, 26, "variable", "os", (16, 25, 16, 27), (16, 25, 16, 27)),
        (18, 16, "step", "Look", (18, 15, 18, 19), (18, 15, 18, 19)),
        (20, 31, "job", "make", (20, 29, 20, 33), (5, 3, 5, 7)),
        (20, 44, "output", "path", (20, 42, 20, 46), (6, 15, 6, 19)),
        (20, 68, "variable", "os", (20, 67, 20, 69), (16, 25, 16, 27)),
        (22, 20, "step", "look", (22, 19, 22, 23), (18, 15, 18, 19)),
        (22, 25, "property", "status", (22, 24, 22, 30), None),
    ],
)
def test_a_symbol_has_its_range_and_its_definition(
    line: int, column: int, kind: str, name: str, place: Range, definition: Range | None
) -> None:
    symbol = dtp.symbol_at(TEXT, line, column, filename="p.yaml")
    assert symbol is not None
    assert (symbol.kind.value, symbol.name) == (kind, name)
    assert (ranged(symbol.location), ranged(symbol.definition)) == (place, definition)
    assert symbol.location.file == "p.yaml"


@pytest.mark.parametrize(("line", "column"), [(1, 8), (13, 1), (13, 26), (19, 14), (0, 1), (1, 0), (1, 99), (99, 1)])
def test_where_nothing_has_a_name_there_is_no_symbol(line: int, column: int) -> None:
    assert dtp.symbol_at(TEXT, line, column) is None


def test_a_key_says_what_the_schema_does() -> None:
    symbol = dtp.symbol_at(TEXT, 7, 6)
    assert symbol is not None
    assert symbol.description == dtp.schema("pipeline")["definitions"]["job"]["properties"]["steps"]["description"]


def test_an_action_s_inputs_and_outputs_are_described_by_the_file() -> None:
    found = [dtp.symbol_at(ACTION, *at, filename="action-datatorch.yaml") for at in ((3, 3), (5, 25), (8, 4), (10, 4))]
    assert [symbol and (symbol.kind.value, symbol.name, ranged(symbol.definition)) for symbol in found] == [
        ("input", "a", (3, 3, 3, 4)),
        ("input", "b", (6, 3, 6, 4)),
        ("output", "sum", (8, 3, 8, 6)),
        ("key", "using", (10, 3, 10, 8)),
    ]
    assert found[0] is not None
    assert found[0].description == "The first number."
    assert found[2] is not None
    assert found[2].description == "Both together."


def test_a_symbol_is_found_in_json_and_behind_escapes() -> None:
    text = json.dumps({"name": "x", "jobs": {"a": {"steps": [{"id": "s", "run": "x"}]}}})
    text = text.replace('"run": "x"}', r'"run": "x"}, {"run": "x", "env": {"A": "\u00e9 ${{ steps.s.status }}"}}')
    column = text.index("steps.s.") + len("steps.") + 1
    symbol = dtp.symbol_at(text, 1, column, filename="p.json")
    assert symbol is not None
    assert (symbol.kind, ranged(symbol.location)) == (dtp.SymbolKind.STEP, (1, column, 1, column + 1))
    assert symbol.definition is not None
    assert symbol.definition.column == text.index('"s"') + 1


def test_a_file_that_is_half_written_has_its_symbols() -> None:
    text = TEXT.replace("run: ls\n        if", "run: 'ls\n        if").replace("name: Scale", "nmae: Scale")
    symbol = dtp.symbol_at(text, 22, 20)
    assert symbol is not None
    assert ranged(symbol.definition) == (18, 15, 18, 19)


def test_a_string_of_the_wrong_form_has_no_symbol_and_is_no_crash() -> None:
    text = '{"jobs": {"a": {"steps": [{"run": "\\\\u12", "name": "\\\\U0"}]}}}'.replace("\\\\", "\\")
    found = {dtp.symbol_at(text, 1, column, filename="p.json") for column in range(1, len(text))}
    assert {symbol.name for symbol in found if symbol} == {"jobs", "a", "steps", "run", "name"}


@settings(max_examples=100)
@given(st.integers(0, 30), st.integers(0, 80), st.integers(0, len(TEXT)), st.text(max_size=3), st.booleans())
def test_no_place_of_no_text_is_a_crash(line: int, column: int, cut: int, more: str, action: bool) -> None:
    text = TEXT[:cut] + more + TEXT[cut + len(more) :]
    symbol = dtp.symbol_at(text, line, column, filename="action-datatorch.yaml" if action else "p.yaml")
    if symbol is not None:
        place = symbol.location
        assert (place.line, place.column) <= (line, column) <= (place.end_line, place.end_column)
