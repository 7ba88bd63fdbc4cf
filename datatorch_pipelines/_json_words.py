"""What Python's reader finds wrong with a JSON text, in plain words."""

from __future__ import annotations

from json import JSONDecodeError

_WORDS = (
    ("Expecting value", "a value is missing"),
    ("Expecting property name", "a key in double quotes is missing"),
    ("Expecting ':'", "a ':' is missing"),
    ("Expecting ','", "a ',' or a closing bracket is missing"),
    ("Unterminated string", "a text has no closing quote"),
    ("Invalid control character", "a text holds a line end or tab that is not escaped"),
    ("Invalid \\u", "a \\u has no four hexadecimal digits behind it"),
    ("Invalid \\", "a backslash begins nothing that JSON knows"),
    ("Illegal trailing comma", "there is a comma too many"),
    ("Extra data", "there is more behind its end"),
)


def wrong_with_json(error: JSONDecodeError) -> str:
    """What is wrong, without the place and without anything of the text: that may hold a secret.

    >>> import json
    >>> try:
    ...     json.loads("[1 2]")
    ... except json.JSONDecodeError as error:
    ...     print(wrong_with_json(error))
    a ',' or a closing bracket is missing
    """
    return next((words for begin, words in _WORDS if error.msg.startswith(begin)), "it can't be read")


def refused_number(error: ValueError) -> str:
    """What is wrong by an error that is no ``JSONDecodeError``: of a number that Python won't read, in our words.

    >>> refused_number(ValueError("NaN is no number of JSON"))
    'NaN is no number of JSON'
    """
    said = str(error)
    return "a number in it has too many digits" if said.startswith("Exceeds the limit") else said
