"""A YAML parser's errors in plain words, at the place that has to change."""

from __future__ import annotations

import re

from datatorch_pipelines.codes import Code
from datatorch_pipelines.syntax.located import Problem
from datatorch_pipelines.syntax.names import shown

_KEY = re.compile(r"[ ]*(?:- +)*(?P<key>\"[^\"\r\n]*\"|'[^'\r\n]*'|[^\s#:][^:\r\n]*?)[ \t]*:(?=[ \t\r\n]|$)")
_INDICATORS = {
    "@": "quote a text that begins with '@'",
    "`": "quote a text that begins with '`'",
    "%": "quote a text that begins with '%'",
}


def explain(error: Exception, text: str, open_at: int | None = None) -> Problem:
    """What a parser's error means for the person who wrote the text.

    ``open_at`` is where the mapping or sequence begins that the parser was in.
    """
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    context = str(getattr(error, "context", None) or "")
    mark, context_mark = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = min(mark.index, len(text)) if mark is not None else 0
    since = min(context_mark.index, len(text)) if context_mark is not None else at
    if open_at is not None and "stream end" in problem and text[open_at : open_at + 1] in ("[", "{"):
        since, context = open_at, "flow sequence" if text[open_at] == "[" else "flow mapping"
    return (
        _tab(text, at, problem)
        or _quoted(text, at, since, problem, context)
        or _brackets(text, at, since, problem, context)
        or _indentation(text, at, since, problem, context)
        or _characters(text, at, since, problem, context)
        or Problem(Code.INVALID_SYNTAX, f"not valid YAML: {problem}", at, at)
    )


def _line(text: str, at: int) -> tuple[int, int]:
    """Start and end of the line that an offset is in."""
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    found = re.compile(r"[\r\n]|\Z").search(text, at)
    return start, found.start() if found else len(text)


def _tab(text: str, at: int, problem: str) -> Problem | None:
    start, end = _line(text, at)
    indent = re.compile(r"[ \t]*").match(text, start, end)
    tab = text.find("\t", start, indent.end()) if indent else -1
    if tab < 0 and text.startswith("\t", at):
        tab = at
    if tab < 0:
        return None
    return Problem(Code.TAB, "a tab stands where YAML wants spaces", tab, tab + 1, "indent with spaces")


def _quoted(text: str, at: int, since: int, problem: str, context: str) -> Problem | None:
    if "quoted scalar" in context or "double-quoted" in context:
        if "end of stream" in problem or "document separator" in problem:
            quote = text[since : since + 1]
            return _syntax(
                "the quoted text that starts here is never closed", since, since + 1, f"add a closing {quote}"
            )
        if "escape" in problem or "Unicode" in problem:
            at = at if text.startswith("\\", at) else text.rfind("\\", since, at + 1)
            end = at + 2
            return _syntax(
                f"{shown(text[at:end])} is no escape in double quotes",
                at,
                end,
                "write \\\\ for a backslash, or use single quotes",
            )
    if "<scalar>" in problem and at and (before := text[:at].rstrip(" "))[-1:] in ("'", '"'):
        return _syntax(
            "text follows the closing quote",
            at,
            _line(text, at)[1],
            "quote the whole value, and double a quote inside it"
            if before[-1] == "'"
            else 'quote the whole value, and write \\" for a quote inside it',
        )
    return None


def _brackets(text: str, at: int, since: int, problem: str, context: str) -> Problem | None:
    if "flow sequence" in context or "flow mapping" in context:
        closing = "]" if "sequence" in context else "}"
        opening = text[since : since + 1]
        what = "list" if closing == "]" else "mapping"
        if at >= len(text.rstrip()):
            return _syntax(
                f"the {what} that starts here is never closed", since, since + 1, f"add a closing '{closing}'"
            )
        return Problem(
            Code.INVALID_SYNTAX,
            f"a ',' or '{closing}' is missing in the {what}",
            at,
            at + 1,
            f"close the '{opening}', or quote a text that holds brackets, braces or commas",
            ((f"the {what} starts here", since, since + 1),),
        )
    if at < len(text) and text[at] in "]}" and "node content" in problem:
        return _syntax(f"nothing was opened that '{text[at]}' could close", at, at + 1, "drop it, or quote the text")
    return None


def _indentation(text: str, at: int, since: int, problem: str, context: str) -> Problem | None:
    start, end = _line(text, at)
    first = start + len(text[start:end]) - len(text[start:end].lstrip(" "))
    if "mapping values are not allowed" in problem:
        key = _KEY.match(text, start, end)
        if key is not None and key.end("key") < at and key.end() <= at:
            return _syntax(
                "a second ': ' on one line",
                at,
                at + 1,
                "quote a value that holds ': ', or put the inner key on its own line",
            )
        before = _line_above(text, start)
        if before is not None and not _KEY.match(text, *before):
            line = text[slice(*before)]
            begin = before[0] + len(line) - len(line.lstrip(" "))
            stop = before[0] + len(line.rstrip())
            colon = text.find(":", begin, stop)
            if colon >= 0:
                return _syntax("a space is missing after the ':'", colon, colon + 1, "write key: value")
            return _syntax("a ':' is missing after this text", begin, stop, "write key: value")
        return _too_deep(text, first, at)
    if "sequence entries are not allowed" in problem:
        return _syntax("a list can't start here", at, at + 1, "put each '- ' on its own line")
    if "could not find expected ':'" in problem:
        begin, stop = _line(text, since)
        stop = begin + len(text[begin:stop].rstrip())
        return _syntax("a ':' is missing after this key", since, max(stop, since + 1), "write key: value")
    if "block" in context and ("block" in problem or "did not find expected" in problem):
        if text.startswith("-", at) and "-" in problem:
            return _syntax("a list item stands among keys", at, at + 1, "indent it below the key that it belongs to")
        if "block mapping start" in problem or "'?'" in problem:
            end_of_key = at + len(text[at:end].split(":", maxsplit=1)[0])
            if "collection" in context:
                return _syntax(
                    "a key stands among list items",
                    at,
                    end_of_key,
                    "begin it with '- ', or indent it like its item's keys",
                )
            return _too_deep(text, at, end_of_key)
        return _syntax("this does not fit the lines before it", at, end, "check the indentation and the quotes")
    return None


def _too_deep(text: str, first: int, end: int) -> Problem:
    start, _ = _line(text, first)
    above = _line_above(text, start)
    key = _KEY.match(text, *above) if above else None
    name = text[first:end].strip()
    if key is not None and above is not None:
        column, own = key.start("key") - above[0], first - start
        if own > column and text[key.end() : above[1]].strip():
            hint = f"indent it like {shown(key['key'])}, or give {shown(key['key'])} no value of its own"
            return _syntax(f"{shown(name)} is indented too deep: the key above has a value already", first, end, hint)
    hint = "indent keys of one mapping alike, with spaces"
    return _syntax(f"the indentation of {shown(name)} fits no key above it", first, end, hint)


def _line_above(text: str, start: int) -> tuple[int, int] | None:
    """The nearest line above that has content."""
    while start > 0:
        end = start - 1
        if text[end] == "\n" and end and text[end - 1] == "\r":
            end -= 1
        start = max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1
        line = text[start:end].strip()
        if line and not line.startswith("#"):
            return start, end
    return None


def _characters(text: str, at: int, since: int, problem: str, context: str) -> Problem | None:
    char = text[at : at + 1]
    if "cannot start any token" in problem:
        hint = _INDICATORS.get(char, "quote the text")
        return _syntax(f"a value can't begin with {char!r}", at, at + 1, hint)
    if "block scalar" in context:
        _begin, end = _line(text, at)
        return _syntax(f"unexpected text after '{text[since : since + 1]}'", at, end, "start the text on the next line")
    if "tag" in context and "undefined" not in problem:
        message = "a tag of the wrong form"
        return Problem(Code.BAD_TAG, message, since, max(at, since + 1), "quote a text that begins with '!'")
    if "node content" in problem:
        if char in ("", "\n", "\r"):
            return _syntax("a value is missing at the end", at, at, "is the file whole?")
        return _syntax(f"a value is missing before {char!r}", at, at + 1, "write a value, or quote the text")
    if "keys are not allowed" in problem:
        return _syntax("a '?' that begins a key can't stand here", at, at + 1, "quote a text that begins with '?'")
    if "undefined tag handle" in problem:
        found = re.compile(r"!\S*").match(text, since)
        end = found.end() if found else since + 1
        hint = "the format knows !!str, !!int, !!float, !!bool, !!null, !!map and !!seq"
        return Problem(Code.BAD_TAG, f"unknown tag {shown(text[since:end])}", since, end, hint)
    if "anchor" in context or "alias" in context:
        return _syntax(
            f"an anchor's or alias's name is missing after {text[since : since + 1]!r}", since, at, "quote the text"
        )
    if "incompatible YAML" in problem:
        end = _line(text, at)[1]
        return _syntax("the %YAML line names a version that nobody knows", at, end, "drop it: the format is YAML 1.2")
    if "directive" in context or "<document start>" in problem:
        return _syntax(
            "a '%' directive of the wrong form", since if context else 0, at, "drop it: the format needs none"
        )
    return None


def _syntax(message: str, start: int, end: int, hint: str) -> Problem:
    return Problem(Code.INVALID_SYNTAX, message, start, end, hint)
