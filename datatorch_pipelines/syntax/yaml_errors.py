"""A YAML parser's errors in plain words, at the place that has to change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ruamel.yaml.error import YAMLError

from datatorch_pipelines.codes import Code
from datatorch_pipelines.syntax.located import STRIDE, Problem
from datatorch_pipelines.syntax.names import shown

_KEY = re.compile(r"[ ]*(?:- +)*(?P<key>\"[^\"\r\n]*\"|'[^'\r\n]*'|[^\s#:][^:\r\n]*?)[ \t]*:(?=[ \t\r\n]|$)")
_TEXT_HEADER = re.compile(r".*?[:-] +[|>][-+0-9]*[ \t]*(?:#.*)?")
_INDICATORS = {
    "@": "quote a text that begins with '@'",
    "`": "quote a text that begins with '`'",
    "%": "quote a text that begins with '%'",
}


_OPEN_QUOTE = re.compile(
    r"[ ]*(?P<dashes>(?:- +)*)(?:[^\s#\"'][^:#\r\n]*:[ ]+)?(?:[&!][^\s]+[ ]+)*(?:[\[{][^\"'#\r\n]*)?"
    r"(?:\"(?P<text>(?:[^\"\\\r\n]|\\.)*\\?)|'(?P<single>(?:[^'\r\n]|'')*))$"
)
_WORD = re.compile(r" *[\w$-]+[ \t]*(?:#.*)?")
_DASHES = re.compile(r"[ ]*(?:- +)*")
_NEXT_CONTENT = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+(?=[ \t]*[^ \t\r\n])")
CONFLICT = "<<<<<<< "
"""What the first line of a merge conflict begins with."""
_GLUED = re.compile(r"[ ]*-(?=[A-Za-z_][\w-]*:(?:[ ]|[\r\n]|$))")
_TAIL = 8
"""How many of the last values may hold the beginning of a mistake that was noticed after them."""
_WIDEST = 1000


def explain(error: Exception, text: str, marks: Sequence[int] = ()) -> Problem:
    """What a parser's error means for the person who wrote the text; ``marks`` are those of what it read before."""
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    context = str(getattr(error, "context", None) or "")
    mark, context_mark = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = min(mark.index, len(text)) if mark is not None else 0
    since = min(context_mark.index, len(text)) if context_mark is not None else at
    opening = next(_open(marks), None)
    is_flow = opening is not None and text[opening : opening + 1] in ("[", "{")
    if opening is not None and is_flow and ("stream end" in problem or _left(text, opening, at)):
        since, context = opening, "flow sequence" if text[opening] == "[" else "flow mapping"
    return (
        _conflict(text, at, since)
        or _unclosed(text, at, marks)
        or _glued(text, at)
        or _tab(text, at, problem)
        or _quoted(text, at, since, problem, context)
        or _brackets(text, at, since, problem, context)
        or _text_lines(text, at, since, problem)
        or _indentation(text, at, since, problem, context)
        or _characters(text, at, since, problem, context)
        or _gave_up(error, text)
        or Problem(Code.INVALID_SYNTAX, f"not valid YAML: {problem}", at, at)
    )


def _gave_up(error: Exception, text: str) -> Problem | None:
    """What a parser stumbled over that failed without saying so: ruamel.yaml's own does at odd directives."""
    if isinstance(error, YAMLError):
        return None
    if text.startswith("%"):
        return _unknown_version(0, _line(text, 0)[1])
    return Problem(Code.INVALID_SYNTAX, "not valid YAML", 0, 0)


def _unknown_version(start: int, end: int) -> Problem:
    return _syntax("the %YAML line names a version that nobody knows", start, end, "drop it: the format is YAML 1.2")


def root_of(error: Exception, text: str, start: int, marks: Sequence[int]) -> int:
    """Where the text begins that a syntax error makes unreadable; ``start`` is where the error is told."""
    since = getattr(error, "context_mark", None)
    starts = [start]
    if since is not None and "quoted scalar" in str(getattr(error, "context", "")):
        starts.append(min(since.index, len(text)))
    starts.extend(at for at in _open(marks) if text[at : at + 1] in ("[", "{"))
    return min(starts)


def _open(marks: Sequence[int]) -> Iterator[int]:
    """Where the mappings and sequences begin whose end was not reached, innermost first."""
    return (marks[at] for at in range(len(marks) - STRIDE, -1, -STRIDE) if marks[at + 2] == at)


def _conflict(text: str, at: int, since: int) -> Problem | None:
    """What git leaves in a file whose two versions it could not merge."""
    for place in (since, at):
        start, end = _line(text, place)
        if text.startswith(CONFLICT, start):
            hint = "keep one of the two versions, and drop the lines of '<', '=' and '>'"
            return _syntax("a merge conflict begins here", start, end, hint)
    return None


def _glued(text: str, at: int) -> Problem | None:
    """A dash without its space, which makes a key of a list item: the lines below it then fit nowhere."""
    start, _ = _line(text, at)
    column = _indent_of(text, start)
    while True:
        found = _GLUED.match(text, start)
        if found is not None:
            dash = found.end() - 1
            return _syntax("a space is missing after the '-'", dash, dash + 1, "begin each item with '- '")
        above = _line_above(text, start)
        if above is None or _indent_of(text, start) < column:
            return None
        start = above[0]


def _unclosed(text: str, at: int, marks: Sequence[int]) -> Problem | None:
    """A quoted text that was not closed where it should have been, so that the quotes after it count wrongly."""
    tail = range(max(0, len(marks) - _TAIL * STRIDE), len(marks), STRIDE)
    position, _ = _line(text, marks[tail[0]] if tail else 0)
    texts = [(marks[mark], marks[mark + 1]) for mark in tail if marks[mark + 2] == 0]
    while position < at:
        _, end = _line(text, position)
        following = _line_below(text, end)
        found = _OPEN_QUOTE.match(text, position, end)
        inside = any(start < position < stop for start, stop in texts)
        if found is not None and not inside and following is not None and following <= at:
            quote = found.end() - len(found["text"] or found["single"] or "") - 1
            if _indent_of(text, following) <= _holder_column(text, position, quote):
                return _syntax(
                    "the quoted text that starts here is never closed",
                    quote,
                    quote + 1,
                    f"add a closing {text[quote]}",
                )
        if following is None:
            break
        position = following
    return None


def _holder_column(text: str, start: int, at: int) -> int:
    """How far the collection is indented that holds the value at ``at``, in the line that begins at ``start``."""
    found = _DASHES.match(text, start, at)
    content = found.end() if found else start
    if text[content:at].strip():
        return content - start
    dash = text.rfind("-", start, content)
    return dash - start if dash >= 0 else content - start - 1


def _indent_of(text: str, line: int) -> int:
    return len(text[line : line + _WIDEST]) - len(text[line : line + _WIDEST].lstrip(" "))


def _line_below(text: str, end: int) -> int | None:
    """Where the next line with content begins, behind the line that ends at ``end``."""
    found = _NEXT_CONTENT.match(text, end)
    return found.end() if found else None


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
            end = min(at + 2, len(text))
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
        if at >= len(text.rstrip()) or _left(text, since, at):
            return _syntax(
                f"the {what} that starts here is never closed", since, since + 1, f"add a closing '{closing}'"
            )
        hint = f"close the '{opening}', or quote a text that holds brackets, braces or commas"
        if text[at - 1 : at + 2] == "${{":
            hint = f'quote an expression inside {opening} {closing}: "${{{{ ... }}}}"'
        return Problem(
            Code.INVALID_SYNTAX,
            f"a ',' or '{closing}' is missing in the {what}",
            at,
            at + 1,
            hint,
            ((f"the {what} starts here", since, since + 1),),
        )
    if at < len(text) and text[at] in "]}" and ("node content" in problem or "block" in context):
        return _syntax(f"nothing was opened that '{text[at]}' could close", at, at + 1, "drop it, or quote the text")
    return None


def _text_lines(text: str, at: int, since: int, problem: str) -> Problem | None:
    """A line that was to be part of a text below ``|`` or ``>`` and is not indented as such."""
    if not any(part in problem for part in ("could not find expected ':'", "did not find expected", "<scalar>")):
        return None
    wrong, end = _line(text, since if "could not find" in problem else at)
    below = _line_below(text, end)
    if below is not None and _WORD.fullmatch(text, wrong, end) and _indent_of(text, below) > _indent_of(text, wrong):
        return None  # a key without its colon
    above = _line_above(text, wrong)
    while above is not None:
        line = text[slice(*above)]
        if _TEXT_HEADER.fullmatch(line):
            start = wrong + len(text[wrong:end]) - len(text[wrong:end].lstrip(" "))
            stop = wrong + len(text[wrong:end].rstrip())
            what = line.rstrip().rpartition(" ")[2][0]
            message = f"this line is not indented as the text below '{what}' is"
            return _syntax(message, start, stop, "indent every line of such a text deeper than its key")
        if _KEY.match(line):
            return None
        above = _line_above(text, above[0])
    return None


def _left(text: str, since: int, at: int) -> bool:
    """Whether a line between an opening bracket and ``at`` is not indented deeper than the line of the bracket."""
    start, end = _line(text, since)
    column = _holder_column(text, start, since)
    below = _line_below(text, end)
    while below is not None and below <= at:
        if _indent_of(text, below) <= column and text[below : at + 1].lstrip(" ")[:1] not in ("]", "}", "#"):
            return True
        below = _line_below(text, _line(text, below)[1])
    return False


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
            dashes = _DASHES.match(text, *before)
            begin = dashes.end() if dashes else before[0]
            stop = before[0] + len(line.rstrip())
            colon = text.find(":", begin, stop)
            if colon >= 0:
                return _syntax("a space is missing after the ':'", colon, colon + 1, "write key: value")
            if begin < stop:
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
        if text.startswith("- ", at):
            hint = "indent the items of one list alike, with spaces"
            return _syntax("the indentation of this list item fits no list above it", at, at + 1, hint)
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
        char_before = text[since : since + 1]
        return _syntax(
            f"an anchor's or alias's name is missing after {char_before!r}",
            since,
            at,
            f"quote a text that begins with {char_before!r}",
        )
    if "incompatible YAML" in problem:
        return _unknown_version(at, _line(text, at)[1])
    if "directive" in context or "<document start>" in problem:
        return _syntax(
            "a '%' directive of the wrong form", since if context else 0, at, "drop it: the format needs none"
        )
    return None


def _syntax(message: str, start: int, end: int, hint: str) -> Problem:
    return Problem(Code.INVALID_SYNTAX, message, start, end, hint)
