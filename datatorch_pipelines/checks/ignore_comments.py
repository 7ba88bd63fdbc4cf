"""The comments of a YAML text that ignore something, or were meant to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from attrs import frozen

from datatorch_pipelines.diagnostics import Location
from datatorch_pipelines.syntax import TextLocator

_TOOL, _WORD = "datatorch", "ignore"
_CANDIDATE = re.compile(r"#[ \t]*(?P<tool>[Dd][A-Za-z]{6,11})(?P<between>[ \t]*[:=_-]?[ \t]*)(?P<word>[A-Za-z]{1,20})")
_REST = re.compile(r"[^\r\n]{0,1000}")
"""What follows a word; a line that goes on for ever must not be read again for each of its words."""
_BLANKS = re.compile(r"[ \t]*")
_CODES = re.compile(r"[ \t]*\[([^\[\]\r\n]*)\]")
_LOOSE_CODES = re.compile(r"[ \t]*[\[(=:]*[ \t]*((?:[A-Za-z]{1,10}\d{1,5}[ \t]*,?[ \t]*)+)[\])]?")
_CODE = re.compile(r"[^,\s](?:[^,]*[^,\s])?")
_BLANK_OR_COMMENT = re.compile(r"[ \t]*(?:#.*)?")


@frozen
class NamedCode:
    """A code that a comment names, and where."""

    code: str
    place: Location


@frozen
class IgnoreComment:
    """A comment on ``line`` that holds for what begins on the line ``target``.

    ``problem`` says what is wrong with one that can't be understood, and ``place`` where; it ignores nothing.
    """

    line: int
    target: int
    codes: tuple[NamedCode, ...]
    place: Location
    problem: str | None = None


def may_ignore(text: str) -> bool:
    """Whether a text may hold such a comment: a quick look, before anything is known about its scalars."""
    return any(_is_near(found["tool"], _TOOL) for found in _CANDIDATE.finditer(text))


def ignore_comments(source: TextLocator) -> Iterator[IgnoreComment]:
    """Every such comment of a text, in its order. A ``#`` inside a scalar begins none, and JSON has none."""
    if source.file.lower().endswith(".json"):
        return
    text = source.text
    reached = 0  # the line that the last comment on a line of its own holds for
    line, first = 0, 0  # the last line that was looked at, and where its first character stands that is no blank
    for found in _CANDIDATE.finditer(text):
        start = found.start()
        blank_before = start == 0 or text[start - 1] in " \t\r\n"
        if not blank_before or not _is_near(found["tool"], _TOOL) or source.in_scalar(start):
            continue
        place = source.span(start, start)
        if place.line != line:
            blanks = _BLANKS.match(text, start - place.column + 1)
            line, first = place.line, blanks.end() if blanks else start
        if first != start and text[first] == "#" and not source.in_scalar(first):
            continue  # in a line that is commented out, with its comment
        if first == start and reached <= line:
            reached = _next_line(source, line)
        comment = _comment(source, found, line, reached if first == start else line)
        if comment is not None:
            yield comment


def _comment(source: TextLocator, found: re.Match[str], line: int, target: int) -> IgnoreComment | None:
    """What a comment that speaks of this program says; ``None`` where that is nothing about ignoring."""
    start = found.end()
    written = _REST.match(source.text, start)
    rest = written.group() if written else ""
    exact = found["tool"] == _TOOL and found["between"].strip() == ":" and found["word"] == _WORD
    listed = _CODES.match(rest)
    loose = _LOOSE_CODES.match(rest)
    if not exact and not _means_to_ignore(found, listed, loose):
        return None
    given = listed or loose
    first, last = given.span(1) if given else (0, 0)
    codes = tuple(
        NamedCode(code.group(), source.span(start + code.start(), start + code.end()))
        for code in _CODE.finditer(rest, first, last)
    )
    end = start + (len(given.group().rstrip()) if given else 0)
    place = source.span(found.start("tool"), end)
    if not exact or listed is None:
        return IgnoreComment(line, target, codes, place, "a comment of this form ignores nothing")
    if not codes:
        place = source.span(start + listed.start(1) - 1, end)
        return IgnoreComment(line, target, codes, place, "this comment names no code, and ignores nothing")
    return IgnoreComment(line, target, codes, place)


def _means_to_ignore(found: re.Match[str], listed: re.Match[str] | None, loose: re.Match[str] | None) -> bool:
    if listed is None and loose is None:
        return False
    if _is_near(found["word"], _WORD):
        return True
    # Other programs' words: `# datatorch: noqa[DT401]`.
    return ":" in found["between"] and listed is not None and loose is not None


def _is_near(written: str, wanted: str) -> bool:
    """Whether it is the wanted word, or that with a letter too many, too few, wrong or in another place."""
    word = written.lower()
    if word == wanted or word[0] != wanted[0] or abs(len(word) - len(wanted)) > 1:
        return word == wanted
    letters, expected = Counter(word), Counter(wanted)
    return (letters - expected).total() <= 1 and (expected - letters).total() <= 1


def _next_line(source: TextLocator, line: int) -> int:
    """The first line behind one that is neither blank nor a comment; past the last one where there is none."""
    lines = source.line_count
    line += 1
    while line <= lines and _BLANK_OR_COMMENT.fullmatch(source.line_text(line)):
        line += 1
    return line
