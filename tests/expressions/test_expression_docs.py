"""The examples in the documentation are true."""

import doctest
from pathlib import Path

import pytest

from datatorch_pipelines.expressions import known_functions

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "expressions.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not beside the tests")
def test_the_examples_of_the_page_give_what_it_says() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 10
    assert result.failed == 0


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not beside the tests")
def test_the_page_names_every_function() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in known_functions() if f"`{name}(" not in text] == []
