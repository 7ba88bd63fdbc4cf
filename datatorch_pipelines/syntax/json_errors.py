"""What is wrong with a JSON text, in plain words and at its place."""

from __future__ import annotations

import itertools
import re
from string import hexdigits

from datatorch_pipelines.codes import Code
from datatorch_pipelines.syntax.located import Problem
from datatorch_pipelines.syntax.names import shown

WORD = re.compile(r"[^\s\"',:\[\]{}]+")
_STRING_BEGUN = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_LEADING_ZERO = re.compile(r"-?0\d+(?:\.\d+)?")
_OTHER_WORDS = {
    "True": "write true",
    "False": "write false",
    "None": "write null",
    "undefined": "write null",
    "NaN": "JSON has no such number; write null or a text",
    "Infinity": "JSON has no such number; write null or a text",
    "-Infinity": "JSON has no such number; write null or a text",
}


def is_comment(text: str, at: int) -> bool:
    """Whether something begins that other languages have as a comment."""
    return text.startswith(("#", "//", "/*"), at)


def comment(at: int) -> Problem:
    """A comment."""
    return syntax("JSON has no comments", at, at + 1, "drop it, or name the file .yaml and write # comments")


def no_value(text: str, at: int) -> Problem:
    """Something that is no value where one should be."""
    if is_comment(text, at):
        return comment(at)
    if text.startswith("'", at):
        return syntax("a text in single quotes", at, at + 1, 'JSON wants double quotes: "text"')
    if at >= len(text):
        return syntax("the file ends where a value should be", at, at, "is the file whole?")
    word = WORD.match(text, at)
    if word is None:
        return syntax(f"a value is missing before {text[at]!r}", at, at + 1, "write a value, or drop the comma")
    hint = _OTHER_WORDS.get(word.group(), 'put a text in double quotes: "text"')
    if _LEADING_ZERO.fullmatch(word.group()):
        hint = "a number begins with no 0"
    elif not text[:at].strip() and text.startswith(":", word.end()):
        hint = 'name the file .yaml, or write JSON: {"key": value}'
    return syntax(f"{shown(word.group())} is no JSON value", at, word.end(), hint)


def bad_key(text: str, at: int, start: int) -> Problem:
    """Something that is no key in the object that begins at ``start``."""
    if at >= len(text):
        return expected(text, "a key", at, start)
    if is_comment(text, at):
        return comment(at)
    word = WORD.match(text, at)
    return syntax("a key without double quotes", at, word.end() if word else at + 1, 'write "key": value')


def bad_string(text: str, start: int) -> Problem:
    """What is wrong with the string that begins at ``start``."""
    begun = _STRING_BEGUN.match(text, start)
    at = begun.end() if begun else start
    if text.startswith("\\", at) and at + 1 < len(text):
        hint = "write \\\\ for a backslash"
        if text[at + 1] == "u":
            digits = itertools.takewhile(hexdigits.__contains__, text[at + 2 : at + 6])
            end = at + 2 + len(list(digits))
            message = f"{shown(text[at:end])} is half an escape"
            return syntax(message, at, end, f"give \\u four hexadecimal digits, or {hint}")
        return syntax(f"{shown(text[at : at + 2])} is no escape in JSON", at, at + 2, hint)
    if at < len(text) and text[at] not in "\r\n":
        return syntax(f"{shown(text[at])} stands in a string", at, at + 1, "write it as an escape such as \\t")
    return syntax("the string that starts here is never closed", start, start + 1, 'add a closing "')


def expected(text: str, wanted: str, at: int, start: int) -> Problem:
    """Something else than what the container that begins at ``start`` needs here."""
    if at >= len(text):
        opening = text[start]
        closing = "}" if opening == "{" else "]"
        message = f"the '{opening}' that stands here is never closed"
        return syntax(message, start, start + 1, f"add a closing '{closing}'")
    if is_comment(text, at):
        return comment(at)
    return syntax(f"{wanted} is missing", at, at + 1, f"add {wanted}")


def syntax(message: str, start: int, end: int, hint: str) -> Problem:
    """A syntax error."""
    return Problem(Code.INVALID_SYNTAX, message, start, end, hint)
