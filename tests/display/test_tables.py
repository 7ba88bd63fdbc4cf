"""Tables: columns that nothing in a cell can move."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.display import Palette
from datatorch_pipelines.display.characters import text_width
from datatorch_pipelines.display.tables import table_text


def test_columns_stand_below_each_other_whatever_the_script() -> None:
    assert table_text(["name", "size"], [["数据", "7 B"], ["e\u0301te\u0301", "10.5 KiB"]], right=[1]) == (
        "name      size\n数据       7 B\ne\u0301te\u0301   10.5 KiB\n"
    )


def test_a_wide_cell_keeps_its_beginning_and_its_end() -> None:
    shown = table_text(["url"], [["https://example.org/" + "x" * 100 + "/add.git"]], widest=20).splitlines()
    assert shown == ["url", "https://...x/add.git"]
    [_, shown_wide] = table_text(["url"], [["数" * 100]], widest=20).splitlines()
    assert (shown_wide, text_width(shown_wide)) == (f"{'数' * 4}...{'数' * 4}", 19)


def test_a_letter_that_the_terminal_lacks_takes_the_room_of_its_code() -> None:
    assert table_text(["a", "b"], [["é", "1"], ["ab", "2"]], palette=Palette(encoding="ascii")) == (
        "a     b\n\\xe9  1\nab    2\n"
    )


def test_a_table_without_rows_is_its_header() -> None:
    assert table_text(["a", "b"], []) == "a  b\n"


@given(st.lists(st.lists(st.text(max_size=200), min_size=2, max_size=2), max_size=5), st.integers(10, 80))
def test_every_row_is_one_line_and_its_last_column_starts_at_one_place(rows: list[list[str]], widest: int) -> None:
    marked = [[first, f"#{second}"] for first, second in rows]
    lines = table_text(["#", "#"], marked, widest=widest).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(rows) + 1
    assert all(line == line.rstrip() and text_width(line) <= 2 * widest + 2 for line in lines)
    start = lines[0].rindex("#")
    assert all(text_width(line) > start or start == 0 for line in lines)
