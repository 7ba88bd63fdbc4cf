"""YAML text to plain data and marks, straight from the parser's events.

The C parser reads; where it finds an error, ruamel.yaml's own parser decides: libyaml refuses some valid YAML
(`[https://x/a, b]`), and its messages say less.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

from attrs import frozen
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from datatorch_pipelines.codes import Code
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.syntax.decoding import decode
from datatorch_pipelines.syntax.located import (
    MAX_PROBLEMS,
    STRIDE,
    Gap,
    Located,
    Problem,
    StopReading,
    following,
    new_marks,
    too_many_problems,
)
from datatorch_pipelines.syntax.locator import TextLocator
from datatorch_pipelines.syntax.names import did_you_mean, shown, type_name
from datatorch_pipelines.syntax.scalars import CONSTANTS, NUMBER_START, PREFIX, NotANumber, plain, plain_number, tagged
from datatorch_pipelines.syntax.yaml_errors import explain, root_of
from datatorch_pipelines.syntax.yaml_events import HAS_FAST_PARSER, Event, event_source

_SURROGATES = re.compile("[\ud800-\udfff]")
_DEEPEST = 200
"""Nesting that our own recursion can surely bear, whatever the limits say."""
LONG = 1_000_000
"""Characters of a text that the slow parser would take seconds to find the same error in."""
_OPEN = object()


@frozen
class Failure:
    """A text that could not be read to its end: why, and where that which has to change begins.

    ``told`` is what was found before.
    """

    problem: Problem
    root: int
    told: Sequence[Problem] = ()


def read_yaml(text: str, limits: Limits) -> Located:
    """The data and marks of a YAML text; what is wrong with it is in ``problems``.

    What follows a syntax error is read as well, as far as that is sound: see `Located.gaps`.
    """
    result = try_yaml(text, limits)
    if isinstance(result, Located):
        return result
    from datatorch_pipelines.syntax.yaml_recovery import recovered

    return recovered(text, result, lambda changed: try_yaml(changed, limits))


def try_yaml(text: str, limits: Limits) -> Located | Failure:
    """The data and marks of a YAML text, or its first syntax error."""
    first_error: Exception | None = None
    if HAS_FAST_PARSER:
        fast = _Builder(text, limits, pure=False)
        try:
            return fast.document()
        except YAMLError as error:
            first_error = error
            if len(text) > LONG and not _refuses_valid(error):
                return _failure(error, text, fast)
    builder = _Builder(text, limits, pure=True)
    try:
        return builder.document()
    except (YAMLError, ValueError, OverflowError, IndexError) as error:
        return _failure(
            error if isinstance(error, MarkedYAMLError) or first_error is None else first_error, text, builder
        )


def _failure(error: Exception, text: str, builder: _Builder) -> Failure:
    problem = explain(error, text, builder.marks)
    return Failure(problem, root_of(error, text, problem.start, builder.marks), builder.problems)


def _refuses_valid(error: YAMLError) -> bool:
    """Whether this is an error that libyaml finds in valid texts as well."""
    problem = str(getattr(error, "problem", ""))
    return "unexpected ':'" in problem or "Unicode character escape" in problem


class _Builder:
    """Reads one document from a parser's events."""

    def __init__(self, text: str, limits: Limits, *, pure: bool) -> None:
        self.get_event = event_source(text, pure=pure)
        self.text = text
        self.pure = pure
        self.max_depth = min(limits.max_depth, _DEEPEST)
        self.max_nodes = limits.max_nodes
        self.rare = "&" in text or "!" in text or pure
        # A list takes values three times as fast as an array; it becomes one at the end.
        self.marks: list[int] = []
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[object, int, int]] = {}
        self.expanded = 0
        self.end: int | None = None
        self.firsts: dict[int, tuple[dict[str, int], int]] = {}
        self.keys: dict[str, str] = {}

    def document(self) -> Located:
        """The one document of the text."""
        try:
            data = self._root()
        except StopReading as stop:
            return Located(None, new_marks(self.marks), (*self.problems, stop.problem), complete=False)
        marks = new_marks(self.marks)
        return Located(data, marks, self.problems, gaps=() if self.end is None else (self._gap(self.end, marks),))

    def _gap(self, start: int, marks: array[int]) -> Gap:
        """All that stands behind the first document."""
        return Gap(start, len(self.text), TextLocator("", self.text, marks).open_at(start))

    def _root(self) -> object:
        event = self.get_event()
        while not isinstance(event, DocumentStartEvent):
            if isinstance(event, StreamEndEvent):
                raise StopReading(Problem(Code.EMPTY, "the file is empty", 0, 0))
            event = self.get_event()
        event = self.get_event()
        if isinstance(event, ScalarEvent) and not (event.value or event.style or event.tag):
            raise StopReading(Problem(Code.EMPTY, "the file is empty", 0, 0))
        data = self._node(event, 1)
        self.get_event()
        event = self.get_event()
        if isinstance(event, DocumentStartEvent):
            start = event.start_mark.index
            end = event.end_mark.index
            hint = "keep one document in a file"
            self._say(Code.SEVERAL_DOCUMENTS, "a second YAML document starts here", start, end, hint)
            self.end = start
        return data

    def _node(self, event: Event, depth: int) -> object:
        """The value that an event begins, of any kind."""
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._alias(event)
        return self._container(event, depth)

    def _container(self, event: Event, depth: int) -> object:
        """A mapping or sequence, with its anchor and tag."""
        marks = self.marks
        here = len(marks)
        start = event.start_mark.index
        if depth > self.max_depth:
            raise StopReading(
                Problem(
                    Code.OVER_LIMIT, f"nested more than {self.max_depth} levels deep", start, start + 1, "nest it less"
                )
            )
        if here // STRIDE + self.expanded > self.max_nodes:
            raise StopReading(self._too_many(start, start + 1))
        marks.extend((start, start, here))
        anchor = event.anchor
        before = self.expanded
        if anchor:
            self.anchors[anchor] = (_OPEN, here, 0)
        data: dict[str, object] | list[object]
        if type(event) is MappingStartEvent:
            if event.tag:
                self._check_tag(event, "map", start)
            data = {}
            end = self._mapping(data, depth + 1, here)
        else:
            if event.tag:
                self._check_tag(event, "seq", start)
            data = []
            end = self._sequence(data, depth + 1)
        marks[here + 1] = end
        marks[here + 2] = len(marks)
        if anchor:
            self.anchors[anchor] = (data, here, (len(marks) - here) // STRIDE + self.expanded - before)
        return data

    def _mapping(self, data: dict[str, object], depth: int, home: int) -> int:
        """Fills a mapping up to its end event; gives the offset of its end."""
        get_event, marks = self.get_event, self.marks
        add, known, rare, pure = marks.append, self.keys, self.rare, self.pure
        scalar, mapping_end = ScalarEvent, MappingEndEvent
        number_start, constant = NUMBER_START, CONSTANTS.get
        while True:
            event = get_event()
            here = len(marks)
            if type(event) is scalar:
                key = known.get(event.value)
                if key is None or (rare and (pure or event.anchor or event.tag)):
                    key = self._key(event)
                else:
                    add(event.start_mark.index)
                    add(event.end_mark.index)
                    add(0)
            elif type(event) is mapping_end:
                return event.end_mark.index  # type: ignore[no-any-return]  # ruamel.yaml's events are untyped
            else:
                key = self._odd_key(event, depth)
            event = get_event()
            if type(event) is scalar:
                if rare and (pure or event.anchor or event.tag):
                    value = self._scalar(event)
                else:
                    value = event.value
                    add(event.start_mark.index)
                    add(event.end_mark.index)
                    add(0)
                    if not event.style:
                        if value[:1] in number_start:
                            value = self._number(value)
                        elif len(value) < 6:
                            value = constant(value, value)
            else:
                value = self._node(event, depth)
            if key in data:
                self._duplicate(key, home, here)
            elif key is not None:
                data[key] = value

    def _sequence(self, data: list[object], depth: int) -> int:
        """Fills a sequence up to its end event; gives the offset of its end."""
        get_event, add, rare, pure = self.get_event, self.marks.append, self.rare, self.pure
        while True:
            event = get_event()
            kind = type(event)
            if kind is ScalarEvent and not (rare and (pure or event.anchor or event.tag)):
                value = event.value
                add(event.start_mark.index)
                add(event.end_mark.index)
                add(0)
                if not event.style:
                    value = self._number(value) if value[:1] in NUMBER_START else CONSTANTS.get(value, value)
                data.append(value)
            elif kind is SequenceEndEvent:
                return event.end_mark.index  # type: ignore[no-any-return]  # ruamel.yaml's events are untyped
            else:
                data.append(self._node(event, depth))

    def _mark(self, event: Event) -> tuple[int, int]:
        """Writes a scalar's mark; gives its offsets."""
        start, end = event.start_mark.index, event.end_mark.index
        self.marks.extend((start, end, 0))
        return start, end

    def _scalar(self, event: Event) -> object:
        """A scalar in any style, with its anchor and tag."""
        here = len(self.marks)
        start, end = self._mark(event)
        text, tag = event.value, event.tag
        if self.pure and _SURROGATES.search(text):
            text = self._joined(text, start, end)
        if tag:
            value = self._tagged(text, str(tag), start, end)
        elif event.style:
            value = text
        else:
            value = self._number(text) if text[:1] in NUMBER_START and text else CONSTANTS.get(text, text)
        if event.anchor:
            self.anchors[event.anchor] = (value, here, 1)
        return value

    def _number(self, text: str) -> object:
        """A plain scalar that begins like a number, its mark being the last one."""
        if text.isascii() and text.isdigit() and len(text) < 19:
            return int(text)
        try:
            return plain_number(text)
        except NotANumber as error:
            self._say(Code.WRONG_VALUE, str(error), self.marks[-3], self.marks[-2], "quote it if text is meant")
            return None

    def _joined(self, text: str, start: int, end: int) -> str:
        """A text whose characters outside the first plane were written as pairs of ``\\u`` escapes, as JSON has it."""
        try:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            self._say(Code.INVALID_SYNTAX, r"an escape \u is half of a surrogate pair", start, end, "write both halves")
            return _SURROGATES.sub("\ufffd", text)

    def _tagged(self, text: str, tag: str, start: int, end: int) -> object:
        try:
            return tagged(text, tag)
        except LookupError:
            self._unknown_tag(tag, start, end)
            # Of `!cancelled()` the tag is (part of) the text: what stands for it is right as text and as a condition.
            return "true" if "(" in tag else text
        except NotANumber as error:
            self._say(Code.WRONG_VALUE, str(error), start, end, "quote it if text is meant")
        except ValueError as error:
            self._say(Code.BAD_TAG, str(error), start, end, "drop the tag, or write a value of its type")
        return None

    def _check_tag(self, event: Event, kind: str, start: int) -> None:
        tag = str(event.tag)
        if tag not in ("!", PREFIX + kind):
            self._unknown_tag(tag, start, event.end_mark.index)

    def _unknown_tag(self, tag: str, start: int, end: int) -> None:
        name = tag.replace(PREFIX, "!!", 1)
        written = re.match(r"(?:&\S+\s+)?(!\S*)", self.text[start:end])
        if written:
            start, end = start + written.start(1), start + written.end(1)
        hint = "the format knows !!str, !!int, !!float, !!bool, !!null, !!map and !!seq"
        if not name.startswith("!!"):
            hint = f"quote a text that begins with '!': {hint}"
        self._say(Code.BAD_TAG, f"unknown tag {shown(name)}", start, end, hint)

    def _alias(self, event: Event) -> object:
        """What an alias stands for; its mark is that of its use."""
        start, end, name = event.start_mark.index, event.end_mark.index, event.anchor
        value, target, size = self.anchors.get(name, (None, -1, 0))
        self.marks.extend((start, end, -1 - target))
        if target < 0:
            hint = did_you_mean(name, self.anchors) or f"write &{name} before the value that is meant"
            self._say(Code.BAD_ALIAS, f"no anchor {shown(name)} comes before this alias", start, end, hint)
            return None
        if value is _OPEN:
            hint = "an alias may only name something that is complete"
            self._say(Code.BAD_ALIAS, f"the alias {shown(name)} stands inside what it names", start, end, hint)
            return None
        self.expanded += size
        if len(self.marks) // STRIDE + self.expanded > self.max_nodes:
            raise StopReading(self._too_many(start, end))
        return value

    def _too_many(self, start: int, end: int) -> Problem:
        message = f"the document holds more than {self.max_nodes} values"
        hint = "each use of an alias counts whole" if self.expanded else "split it into several files"
        return Problem(Code.BAD_ALIAS if self.expanded else Code.OVER_LIMIT, message, start, end, hint)

    def _key(self, event: Event) -> str | None:
        """A scalar key; ``None`` for one that is no string."""
        text: str = event.value
        plain_style = not event.style and not event.tag
        value = self._scalar(event) if event.tag or event.anchor or not plain_style else text
        if not plain_style or event.anchor:
            start, end = self.marks[-3], self.marks[-2]
        else:
            start, end = self._mark(event)
        if plain_style:
            if text == "<<":
                hint = "write the keys out; YAML 1.2 has no merge keys"
                self._say(Code.BAD_KEY, "merge keys ('<<') are not supported", start, end, hint)
                return None
            try:
                value = plain(text)
            except NotANumber:
                value = 0.0
        if isinstance(value, str):
            if plain_style:
                self.keys[value] = value
            return value
        hint = f'write "{text}"' if text else "write a key before the ':'"
        message = (
            f"the key {shown(text)} is {type_name(value)}, not a string" if text else "a key is missing before the ':'"
        )
        self._say(Code.BAD_KEY, message, start, max(end, start + 1), hint)
        return None

    def _odd_key(self, event: Event, depth: int) -> str | None:
        """A key that is an alias, a mapping or a sequence."""
        start = event.start_mark.index
        said = len(self.problems)
        value = self._node(event, depth)
        if isinstance(value, str):
            return value
        if len(self.problems) == said:
            kind, hint = type_name(value), "a key is a text"
            if isinstance(value, dict) and self.text.startswith("{{", start - 1):
                hint = "quote a value that begins with {{"
                start -= 1
            self._say(Code.BAD_KEY, f"a key is {kind}, not a string", start, start + 1, hint)
        return None

    def _duplicate(self, key: str, home: int, here: int) -> None:
        """Says that the key whose mark is at ``here`` came before in the mapping whose mark is at ``home``."""
        marks = self.marks
        firsts, position = self.firsts.get(home, ({}, home + STRIDE))
        while position < here:
            firsts.setdefault(self._key_text(position), position)
            position = following(marks, following(marks, position))
        self.firsts[home] = (firsts, here)
        first = firsts.get(key, here)
        related = (("the first one is here", marks[first], marks[first + 1]),)
        message = f"the key {shown(key)} is there twice"
        self._say(Code.DUPLICATE_KEY, message, marks[here], marks[here + 1], "keep one of them", related)

    def _key_text(self, at: int) -> str:
        return decode(self.text, self.marks[at], self.marks[at + 1], lambda: 0).text

    def _say(
        self,
        code: Code,
        message: str,
        start: int,
        end: int,
        hint: str | None = None,
        related: tuple[tuple[str, int, int], ...] = (),
    ) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            raise StopReading(too_many_problems(start, end))
        self.problems.append(Problem(code, message, start, end, hint, related))
