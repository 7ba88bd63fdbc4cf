"""What is said of a text that is no JSON: plain words, whatever Python's reader calls it."""

from __future__ import annotations

import json

import pytest

from datatorch_pipelines._json_words import wrong_with_json

TEXTS = {
    "": "a value is missing",
    "[1,": "a value is missing",
    "{a: 1}": "a key in double quotes is missing",
    '{"a" 1}': "a ':' is missing",
    "[1 2": "a ',' or a closing bracket is missing",
    '"abc': "a text has no closing quote",
    '"a\nb"': "a text holds a line end or tab that is not escaped",
    '"\\q"': "a backslash begins nothing that JSON knows",
    '"\\u12"': "a \\u has no four hexadecimal digits behind it",
    "1 2": "there is more behind its end",
}


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_wrong_is_told_in_plain_words(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    assert wrong_with_json(caught.value) == TEXTS[text]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Illegal trailing comma before end of object", "there is a comma too many"),
        ("Something of a later Python", "it can't be read"),
    ],
)
def test_what_other_versions_of_python_say_is_told_too(said: str, words: str) -> None:
    assert wrong_with_json(json.JSONDecodeError(said, "[]", 0)) == words
