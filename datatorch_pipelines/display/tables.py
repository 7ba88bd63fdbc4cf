"""Tables for terminals, whose columns nothing in a cell can move."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from datatorch_pipelines.display.characters import character_width, text_width
from datatorch_pipelines.display.palette import PLAIN, Palette

_GAP = "  "
_WIDEST = 60
_CUT = "..."


def table_text(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[int] = (),
    widest: int = _WIDEST,
    palette: Palette = PLAIN,
) -> str:
    """Rows under a header, a line each; the columns with the indexes ``right`` stand on the right.

    What could move the cursor or mislead the eye shows as its code; of a cell wider than ``widest`` columns the middle
    is left out.

    >>> print(table_text(["name", "size"], [["a\\x1b[2J", "7 B"], ["bc", "10 B"]], right=[1]), end="")
    name      size
    a\\x1b[2J   7 B
    bc        10 B
    """
    cells = [[_cell(text, widest, palette) for text in row] for row in (header, *rows)]
    widths = [max(map(text_width, column)) for column in zip(*cells, strict=True)]
    lines = [
        _GAP.join(
            _padded(text, width, index in right) for index, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    first, *others = (line.rstrip() for line in lines)
    return "".join(f"{line}\n" for line in (palette.paint("strong", first), *others))


def _padded(text: str, width: int, right: bool) -> str:
    blank = " " * (width - text_width(text))
    return blank + text if right else text + blank


def _cell(text: str, widest: int, palette: Palette) -> str:
    if len(text) > 8 * widest:  # no more of a long text is looked at than may show
        text = text[: 2 * widest] + _CUT + text[-2 * widest :]
    shown = "".join("\\x09" if letter == "\t" else palette.printed(letter) for letter in text)
    if text_width(shown) <= widest:
        return shown
    room = widest - len(_CUT)
    head = _fitting(shown, room // 2)
    tail = _fitting(shown[::-1], room - room // 2)[::-1]  # of an URL the end says most
    return head + _CUT + tail


def _fitting(text: str, room: int) -> str:
    """As much of a text's beginning as has room."""
    for index, letter in enumerate(text):
        room -= character_width(letter)
        if room < 0:
            return text[:index]
    return text
