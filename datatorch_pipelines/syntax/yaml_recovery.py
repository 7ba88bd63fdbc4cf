"""Reading on behind a syntax error: what can't be read is blanked, and the rest is read again.

The lines that the mistake spoils (see `yaml_gaps`) become blanks, so that every other character keeps its place. The
result counts only if it has no error up to their end: what is told next is then no consequence of what was told before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from datatorch_pipelines.codes import Code
from datatorch_pipelines.syntax.located import Gap, Keys, Located, Problem, new_marks
from datatorch_pipelines.syntax.locator import TextLocator
from datatorch_pipelines.syntax.yaml_gaps import Substitute, substitutes
from datatorch_pipelines.syntax.yaml_reader import Failure

MAX_ERRORS = 20
"""How many syntax errors of a text are told."""
_MOST_READ = 3_000_000
"""Characters that are read anew in all, however many errors there are."""

_ANCHOR = re.compile(r"&([^\s,\[\]{}]+)")

Read = Callable[[str], Located | Failure]


def recovered(text: str, failure: Failure, read: Read) -> Located:
    """What is right of a text in which ``failure`` is the first syntax error; ``read`` reads a changed text."""
    problems: list[Problem] = []
    passed: list[Substitute] = []
    unused = (chr(code) for code in range(0xF8FF, 0xE000, -1) if chr(code) not in text)
    left = _MOST_READ
    original, result = text, failure  # type: str, Located | Failure
    while isinstance(result, Failure):
        problems.append(result.problem)
        accepted = None
        for candidate in _candidates(text, result, unused, only_last=len(problems) >= MAX_ERRORS or left < len(text)):
            left -= len(text)
            after = read(candidate.text)
            if _is_sound(after, [*passed, candidate]):
                accepted = (candidate, after)
                break
        if accepted is None:
            return Located(None, new_marks(), _sorted((*problems, *result.told)), complete=False)
        passed.append(accepted[0])
        text, result = accepted[0].text, accepted[1]
    if not result.complete:
        more = [problem for problem in result.problems if problem.code is not Code.EMPTY]  # it is blank by our doing
        return Located(None, new_marks(), _sorted((*problems, *more)), complete=False)
    return _with_gaps(result, passed, problems, original)


def _candidates(text: str, failure: Failure, unused: Iterator[str], *, only_last: bool) -> Iterator[Substitute]:
    found = list(substitutes(text, failure.root, next(unused, "\ue000")))
    return iter(found[-1:] if only_last else found)


def _is_sound(after: Located | Failure, passed: list[Substitute]) -> bool:
    """Whether nothing is wrong any more up to the end of the last gap, and each stand-in is where it was put."""
    if isinstance(after, Failure):
        return min(after.problem.start, after.root) >= passed[-1].end < len(passed[-1].text)
    if not after.complete:
        return True
    marks = {item.mark for item in passed if item.mark is not None}
    return marks <= _stand_ins(after.data, marks)


def _stand_ins(data: object, marks: set[str]) -> set[str]:
    """The stand-ins that are keys or items."""
    found: set[str] = set()
    seen: set[int] = set()
    pending = [data]
    while pending:
        item = pending.pop()
        if isinstance(item, dict | list):
            if id(item) in seen:
                continue
            seen.add(id(item))
            pending.extend(item.values() if isinstance(item, dict) else item)
            found.update(key for key in item if isinstance(key, str) and key in marks)
        elif isinstance(item, str) and item in marks:
            found.add(item)
    return found


def _with_gaps(read: Located, passed: list[Substitute], problems: list[Problem], original: str) -> Located:
    text = passed[-1].text
    names: dict[str, str] = {item.mark: item.name for item in passed if item.mark and item.name}
    cleaner = _Cleaner(names, {item.mark for item in passed if item.mark is not None} - names.keys())
    data = cleaner.cleaned(read.data, ())
    locator = TextLocator("", text, read.marks)
    gaps = list(read.gaps)
    for item in passed:
        if item.name is None:
            paths = locator.open_at(item.start) if item.mark is None else frozenset(cleaner.found[item.mark])
            gaps.append(Gap(item.start, item.end, paths))
    lost = {name for item in passed for name in _ANCHOR.findall(original, item.start, item.end)}
    for problem in read.problems:
        # An anchor that could not be read is there all the same: what is missing is only its value.
        name = text[problem.start : problem.end].removeprefix("*")
        if problem.code is Code.BAD_ALIAS and name in lost:
            place = locator.span(problem.start, problem.end)
            gaps.append(Gap(problem.start, problem.end, frozenset({locator.path_at(place.line, place.column).path})))
        else:
            problems.append(problem)
    return Located(data, read.marks, _sorted(problems), gaps=tuple(gaps), text=text, names=names)


def _sorted(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.start)


class _Cleaner:
    """Takes the stand-ins out of data, and finds where they were."""

    def __init__(self, names: dict[str, str], marks: set[str]) -> None:
        self.names = names
        self.marks = marks
        self.found: dict[str, set[Keys]] = {mark: set() for mark in marks}
        self._done: dict[int, object] = {}

    def cleaned(self, value: object, path: Keys) -> object:
        """A value without stand-ins, ``None`` where there was nothing else; one that aliases share stays one."""
        if isinstance(value, str) and value in self.marks:
            self.found[value].add(path)
            return None
        if isinstance(value, list):
            items = [self.cleaned(item, (*path, index)) for index, item in enumerate(value)]
            return self._done.setdefault(id(value), items)
        if not isinstance(value, dict):
            return value
        cleaned: dict[str, object] = {}
        for key, item in value.items():
            if key in self.marks:
                self.found[key].add(path)
                continue
            name = self.names.get(key) or key
            cleaned.setdefault(name, self.cleaned(item, (*path, name)))
        return self._done.setdefault(id(value), cleaned if cleaned or not value else None)
