"""Fixes are made together, in passes, and not at all where they would do harm."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from datatorch_pipelines.diagnostics import Diagnostic, Edit, Fix, Location, Severity
from datatorch_pipelines.fixing.mending import apply_fixes, mend


def found(
    text: str,
    pattern: str,
    new: str | None = None,
    *,
    code: str = "DT302",
    severity: Severity = Severity.ERROR,
    message: str | None = None,
) -> list[Diagnostic]:
    """A diagnostic for each place that matches, whose fix writes something else."""
    diagnostics = []
    for match in re.finditer(pattern, text):
        line = text.count("\n", 0, match.start()) + 1
        start = match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1
        place = Location("p.yaml", line, start, line, start + len(match[0]))
        fix = None if new is None else Fix(f"write {new}", (Edit(place, new),))
        diagnostics.append(Diagnostic.at(place, code, severity, message or f"no {match[0]}", fix=fix))
    return diagnostics


def test_what_overlaps_waits_for_the_next_pass() -> None:
    def diagnose(text: str) -> Sequence[Diagnostic]:
        return [*found(text, "abc", "xbc"), *found(text, "bc", "y")]

    assert apply_fixes("abc", diagnose("abc"))[0] == "xbc"
    mended = mend("abc bc", diagnose)
    assert mended.text == "xy y"
    assert [item.message for item in mended.applied] == ["no abc", "no bc", "no bc"]


def test_the_same_edit_for_two_reasons_is_made_once() -> None:
    def diagnose(text: str) -> Sequence[Diagnostic]:
        return [*found(text, "a", "b"), *found(text, "a", "b", message="another reason")]

    mended = mend("a", diagnose)
    assert mended.text == "b"
    assert [item.message for item in mended.applied] == ["no a", "another reason"]


def _with_harm(harm: Callable[[str], Sequence[Diagnostic]]) -> Callable[[str], Sequence[Diagnostic]]:
    def diagnose(text: str) -> Sequence[Diagnostic]:
        return [*found(text, "good", "best"), *found(text, "bad", "worse"), *harm(text)]

    return diagnose


def test_a_fix_that_leads_to_a_syntax_error_is_not_made_and_the_others_are() -> None:
    mended = mend("good\nbad\ngood", _with_harm(lambda text: found(text, "worse", code="DT101")))
    assert mended.text == "best\nbad\nbest"
    assert [item.message for item in mended.left] == ["no bad"]


def test_a_fix_that_leads_to_an_error_elsewhere_is_not_made() -> None:
    def harm(text: str) -> Sequence[Diagnostic]:
        return found(text, "fine", message="not any more") if "worse" in text else []

    assert mend("bad\nfine\ngood", _with_harm(harm)).text == "bad\nfine\nbest"


def test_an_error_that_stood_behind_one_of_form_counts_against_no_fix() -> None:
    def diagnose(text: str) -> Sequence[Diagnostic]:
        return found(text, "stesp", "steps", code="DT202") or found(text, "hidden", message="hidden until now")

    mended = mend("stesp\nhidden", diagnose)
    assert mended.text == "steps\nhidden"
    assert [item.message for item in mended.left] == ["hidden until now"]


def test_a_warning_is_not_made_an_error() -> None:
    def diagnose(text: str) -> Sequence[Diagnostic]:
        return [*found(text, "old", "new", severity=Severity.WARNING), *found(text, "new")]

    assert mend("an old one", diagnose).text == "an old one"


def test_a_warning_makes_no_error_behind_it_on_its_line_unless_that_has_a_fix_too() -> None:
    def diagnose(text: str, new: str | None) -> Sequence[Diagnostic]:
        behind = found(text, "5", new, message="no mapping") if "inputs" in text else []
        return [*found(text, "inpts", "inputs", severity=Severity.WARNING), *found(text, "wrong", "right"), *behind]

    assert mend("wrong\ninpts: 5", lambda text: diagnose(text, None)).text == "right\ninpts: 5"
    assert mend("wrong\ninpts: 5", lambda text: diagnose(text, "{}")).text == "right\ninputs: {}"


def test_a_fix_that_writes_what_is_there_is_not_counted() -> None:
    mended = mend("5", lambda text: found(text, "5", "5"))
    assert (mended.applied, [item.message for item in mended.left]) == ((), ["no 5"])


def test_a_refused_fix_is_known_again_where_it_stands_after_the_others() -> None:
    """The one place is refused, the same mistake elsewhere is fixed."""

    def harm(text: str) -> Sequence[Diagnostic]:
        return found(text, "(?<=no )worse", code="DT101")

    mended = mend("good no bad bad good bad", _with_harm(harm))
    assert mended.text == "best no bad worse best worse"


def test_among_many_fixes_the_harmful_ones_are_found_in_few_looks() -> None:
    looks = 0

    def diagnose(text: str) -> Sequence[Diagnostic]:
        nonlocal looks
        looks += 1
        return [*found(text, "bad", "worse"), *found(text, "(?<=no )worse", code="DT101")]

    mended = mend("bad\n" * 300 + "no bad\n" + "bad\n" * 200, diagnose)
    assert mended.text == "worse\n" * 300 + "no bad\n" + "worse\n" * 200
    assert looks < 30


def test_fixes_that_undo_each_other_come_to_an_end() -> None:
    def diagnose(text: str) -> Sequence[Diagnostic]:
        return [*found(text, "^a$", "b"), *found(text, "^b$", "a")]

    assert mend("a", diagnose).text in ("a", "b")


def test_a_diagnostic_of_another_file_does_no_harm() -> None:
    elsewhere = Diagnostic.at(Location("q.yaml", 90, 1, 90, 2), "DT408", Severity.ERROR, "elsewhere")
    assert mend("bad", lambda text: [*found(text, "bad", "fine"), elsewhere]).text == "fine"
