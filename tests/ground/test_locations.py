"""How a place is written."""

import pytest

from datatorch_pipelines.diagnostics import Location


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a b/é.yaml", "a b/é.yaml:2:5"),
        ("a\nb.yaml", "a\\nb.yaml:2:5"),
        ("\x1b[31m.yaml", "\\x1b[31m.yaml:2:5"),
        (None, "<text>:2:5"),
    ],
)
def test_a_place_is_one_printable_line(file: str | None, text: str) -> None:
    assert str(Location(file, 2, 5, 2, 9)) == text
