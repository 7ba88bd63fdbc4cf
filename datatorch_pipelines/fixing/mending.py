"""The fixes of diagnostics, made in a text until there is none left; pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from attrs import frozen

from datatorch_pipelines.diagnostics import Diagnostic, Edit, Fix, Severity
from datatorch_pipelines.syntax.edits import Offsets, apply_edits

Diagnose = Callable[[str], Sequence[Diagnostic]]
"""Everything that is to be said of a text, sorted by place."""

_MOST_PASSES = 10


@frozen
class Mended:
    """A text with its fixes made: ``applied`` are the diagnostics whose fixes they were, ``left`` what remains."""

    text: str
    applied: tuple[Diagnostic, ...]
    left: tuple[Diagnostic, ...]


def apply_fixes(text: str, diagnostics: Iterable[Diagnostic]) -> tuple[str, list[Diagnostic]]:
    """The text with the fixes of these diagnostics made, and the diagnostics whose fixes were.

    Of fixes that overlap the first one is made; one that is the same as an earlier one is made with it.
    """
    edits: dict[Edit, None] = {}
    taken: list[Diagnostic] = []
    for found in diagnostics:
        if found.fix is None:
            continue
        new = [edit for edit in found.fix.edits if edit not in edits]
        if not any(_overlap(edit, other) for edit in new for other in edits):
            edits.update(dict.fromkeys(new))
            taken.append(found)
    return apply_edits(text, edits), taken


def mend(text: str, diagnose: Diagnose) -> Mended:
    """The text with every fix made that can be, in as many passes as it takes, ten at the most.

    After a pass the text is looked at again, and a fix is not made that does harm: one that leads to a syntax error,
    that makes an error without a fix of a warning, or that leads, in a text whose form was right, to an error on a line
    that it did not touch. (In a text whose form was wrong such an error was there before, behind the one that was
    mended.)
    """
    state = _State.of(text, diagnose)
    applied: list[Diagnostic] = []
    refused: set[_Key] = set()
    for _ in range(_MOST_PASSES):
        wanted = [item for item in state.fixable() if state.key(item) not in refused]
        after, taken = state.fixed(wanted, diagnose)
        if not _is_better(state, taken, after):
            after, taken = state.fixed(_harmless(state, taken, (), diagnose), diagnose)
        refused |= {state.key(item) for item in wanted if item not in taken and not _waits(item, taken)}
        refused = {(code, message, state.moved(start, _edits(taken))) for code, message, start in refused}
        if after.text == state.text:
            break
        applied += taken
        state = after
    return Mended(state.text, tuple(applied), state.found)


_Key = tuple[str, str, int]
"""What tells a diagnostic from the others of a text: code, message, offset."""


@frozen
class _State:
    """A text with what is said of it."""

    text: str
    found: tuple[Diagnostic, ...]
    offsets: Offsets

    @classmethod
    def of(cls, text: str, diagnose: Diagnose) -> _State:
        return cls(text, tuple(diagnose(text)), Offsets.of(text))

    def fixable(self) -> list[Diagnostic]:
        return [item for item in self.found if item.fix is not None and self._changes(item.fix)]

    def _changes(self, fix: Fix) -> bool:
        """Whether a fix writes anything else than what is there."""
        spans = ((*self.offsets.span(edit.location), edit.text) for edit in fix.edits)
        return any(self.text[start:end] != new for start, end, new in spans)

    def errors(self) -> list[Diagnostic]:
        return [item for item in self.found if item.severity is Severity.ERROR]

    def key(self, item: Diagnostic) -> _Key:
        return item.code, item.message, self.span(item)[0]

    def span(self, item: Diagnostic) -> tuple[int, int]:
        """The offsets of a diagnostic; the text's start for one that is about another file."""
        try:
            return self.offsets.span(item.location)
        except ValueError:
            return 0, 0

    def fixed(self, wanted: Iterable[Diagnostic], diagnose: Diagnose) -> tuple[_State, list[Diagnostic]]:
        """The text with these fixes made, and those that were."""
        after, taken = apply_fixes(self.text, wanted)
        return (self if after == self.text else _State.of(after, diagnose)), taken

    def moved(self, offset: int, edits: Iterable[Edit]) -> int:
        """Where the character at an offset stands when the edits are made."""
        shift = 0
        for edit in edits:
            start, end = self.offsets.span(edit.location)
            if end <= offset:
                shift += len(edit.text) - (end - start)
        return offset + shift

    def places(self, edits: Iterable[Edit]) -> dict[Edit, tuple[int, int]]:
        """The ranges of what the edits write, in the text that they lead to."""
        places = {}
        shift = 0
        for edit in sorted(edits, key=lambda edit: (*self.offsets.span(edit.location), edit.text)):
            start, end = self.offsets.span(edit.location)
            places[edit] = (start + shift, start + shift + len(edit.text))
            shift += len(edit.text) - (end - start)
        return places

    def lines(self, place: tuple[int, int]) -> range:
        """The lines of a range of offsets."""
        return range(self.offsets.line(place[0]), self.offsets.line(place[1]) + 1)


def _harmless(
    state: _State, candidates: Sequence[Diagnostic], good: Sequence[Diagnostic], diagnose: Diagnose
) -> list[Diagnostic]:
    """Those of the candidates whose fixes do no harm beside the good ones, and these: found by halves."""
    after, taken = state.fixed([*good, *candidates], diagnose)
    if _is_better(state, taken, after):
        return taken
    if len(candidates) < 2:
        return list(good)
    half = len(candidates) // 2
    return _harmless(state, candidates[half:], _harmless(state, candidates[:half], good, diagnose), diagnose)


def _is_better(before: _State, taken: Sequence[Diagnostic], after: _State) -> bool:
    """Whether the fixes that were taken did no harm."""
    edits = _edits(taken)
    old = Counter((item.code, item.message, before.moved(before.key(item)[2], edits)) for item in before.errors())
    form_was_wrong = any(item.code.startswith(("DT1", "DT2")) for item in before.errors())
    places = before.places(edits)
    of_errors = set(_edits(item for item in taken if item.severity is Severity.ERROR))
    sure = {line for edit in of_errors for line in after.lines(places[edit])}
    doubted = {line for edit in places.keys() - of_errors for line in after.lines(places[edit])}
    for item in after.errors():
        if old[after.key(item)] > 0:
            old[after.key(item)] -= 1
            continue
        made_of_a_warning = item.fix is None and item.line in doubted - sure
        elsewhere = not form_was_wrong and item.line not in sure | doubted
        if item.code.startswith("DT1") or made_of_a_warning or elsewhere:
            return False
    return True


def _edits(items: Iterable[Diagnostic]) -> list[Edit]:
    return list(dict.fromkeys(edit for item in items if item.fix is not None for edit in item.fix.edits))


def _waits(item: Diagnostic, taken: Iterable[Diagnostic]) -> bool:
    """Whether a fix was not made only because another one stood in its place."""
    return any(_overlap(edit, other) for edit in _edits([item]) for other in _edits(taken))


def _overlap(one: Edit, other: Edit) -> bool:
    a, b = one.location, other.location
    start_a, end_a = (a.line, a.column), (a.end_line, a.end_column)
    start_b, end_b = (b.line, b.column), (b.end_line, b.end_column)
    return start_a == start_b or (start_a < end_b and start_b < end_a)
