"""Comments that ignore warnings: which ones count, what they hold for, and what is said of those that don't work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.checks import Check, Finding, PipelineSubject
from datatorch_pipelines.checks.ignore_comments import ignore_comments
from datatorch_pipelines.checks.ignores import without_ignored
from datatorch_pipelines.diagnostics import Diagnostic, Severity, sort_diagnostics
from datatorch_pipelines.syntax import TextLocator, read_pipeline

UNPINNED = "the action 'acme/add' has no tag: it follows the default branch [DT401]; pin it: acme/add@TAG"
UNUSED = "remove it; a comment holds for its own line, or on a line of its own for the next"


def in_steps(*lines: str) -> str:
    """A pipeline whose steps begin on line 5, indented by six."""
    return "name: A\njobs:\n  a:\n    steps:\n" + "".join(f"      {line}\n" for line in lines)


def told(text: str, filename: str = "p.yaml") -> list[str]:
    return [str(item).removeprefix(f"{filename}:") for item in dtp.check_text(text, filename=filename)]


def whole_range(diagnostic: Diagnostic) -> tuple[int, int, int, int]:
    return diagnostic.line, diagnostic.column, diagnostic.end_line, diagnostic.end_column


@pytest.mark.parametrize(
    "lines",
    [
        ["- action: acme/add # datatorch: ignore[DT401] why"],
        ["- action: acme/add  #datatorch:ignore[ DT401 ]"],
        ["- action: acme/add # noqa # datatorch: ignore[DT401]"],
        ["- {action: acme/add} # datatorch: ignore[DT401]"],
        ["- action: !!str # datatorch: ignore[DT401]", "    acme/add # datatorch: ignore[DT401]"],
        ["# datatorch: ignore[DT401] why", "- action: acme/add"],
        ["# datatorch: ignore[DT401]", "# another", "", "   ", "- action: acme/add"],
        ["- name: x", "  # datatorch: ignore[DT401]", "  action: acme/add"],
        ["- name: x", "# datatorch: ignore[DT401]", "  action: 'acme/add'"],
        ["- action: >- # datatorch: ignore[DT401]", "    acme/add"],
        ["# datatorch: ignore[DT401]", "- action: |-", "", "    acme/add"],
        ["- action: 'acme/\\", "    add'"],
    ],
)
def test_a_comment_ignores_the_warnings_of_what_it_holds_for(lines: list[str]) -> None:
    text = in_steps(*lines)
    found = [item for item in dtp.check_text(text) if item.code == "DT401"]
    assert found == []


@pytest.mark.parametrize(
    "lines",
    [
        ["- action: acme/add # datatorch: ignored by nobody"],
        ["# datatorch: ignore[DT401]", "- name: x", "  action: acme/add"],
        ["- action: acme/add", "# datatorch: ignore[DT401]"],
        ["# - run: x # datatorch: ignore[DT401]", "- action: acme/add"],
        ["- {action: acme/add, name: 'x # datatorch: ignore[DT401]'}"],
        ['- {action: acme/add, name: "x # datatorch: ignore[DT401]"}'],
        ["- name: |", "    # datatorch: ignore[DT401]", "  action: acme/add"],
        ["- name: 'x", "    # datatorch: ignore[DT401]", "    y'", "  action: acme/add"],
        ["- action: acme/add # datatorch: ignore[DT403]"],
    ],
)
def test_what_is_no_comment_for_a_place_ignores_nothing_there(lines: list[str]) -> None:
    assert "DT401" in [item.code for item in dtp.check_text(in_steps(*lines))]


def warn_of(word: str, *, opt_in: bool = False) -> Check:
    """A check that warns of each time that a word stands in a step's name or shell text."""

    def look(subject: PipelineSubject) -> list[Finding]:
        texts = [
            ((*site.path, key), text or "")
            for site in subject.steps
            for key, text in (("name", site.step.name), ("run", site.step.run))
        ]
        return [
            Finding(subject.source.value(path, found.start(), found.end()), f"there is {word}")
            for path, text in texts
            for found in re.finditer(word, text)
        ]

    return Check(code="WORD1", severity=Severity.WARNING, summary="A word.", pipeline=look, opt_in=opt_in)


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        (["- run: | # datatorch: ignore[WORD1]", "    BAD", "    BAD", "  name: BAD"], [(8, 15)]),
        (["- run: >2- # datatorch: ignore[WORD1]", "     BAD", "", "    BAD"], []),
        (["# datatorch: ignore[WORD1]", "- run: |", "    BAD", "  name: BAD"], [(8, 15)]),
        (["# datatorch: ignore[WORD1]", '- run: "BAD', '    BAD"', "  name: BAD"], [(8, 15)]),
        (["- run: 'BAD", "    BAD' # datatorch: ignore[WORD1]", "  name: BAD"], [(7, 15)]),
        (["- run: BAD", "    BAD # datatorch: ignore[WORD1]", "  name: BAD"], [(7, 15)]),
        (["- {run: BAD, # datatorch: ignore[WORD1]", "   name: BAD}"], [(6, 16)]),
        (["- run: BAD", "  name: BAD"], [(5, 14), (6, 15)]),
    ],
)
def test_a_comment_where_a_scalar_begins_or_ends_holds_for_the_whole_of_it(
    lines: list[str], left: list[tuple[int, int]]
) -> None:
    found = dtp.check_text(in_steps(*lines), extra_checks=[warn_of("BAD")])
    assert [(item.code, (item.line, item.column)) for item in found] == [("WORD1", place) for place in left]


def test_several_codes_and_several_comments_add_up() -> None:
    text = in_steps(
        "# datatorch: ignore[WORD1] this",
        "# datatorch: ignore[DT401, DT409] that",
        "- {name: BAD, action: acme/add}",
    )
    assert dtp.check_text(text, extra_checks=[warn_of("BAD")]) == []


def test_an_error_is_never_ignored_and_the_comment_is_told_of() -> None:
    text = in_steps("- {run: x, env: {A: '${{ evnt.x }}'}} # datatorch: ignore[DT302] please")
    assert told(text) == [
        "5:32: error: unknown context 'evnt' [DT302]; did you mean 'event'?",
        "5:65: warning: DT302 is an error here, and an error can't be ignored [DT217]; "
        "mend what it tells of; only warnings can be ignored",
    ]


@pytest.mark.parametrize(
    ("comment", "columns", "message"),
    [
        ("datatorch: ignore[DT4O1]", (36, 41), "there is no code 'DT4O1' [DT217]; did you mean 'DT401'?"),
        ("datatorch: ignore[unpinned]", (36, 44), "there is no code 'unpinned' [DT217]; did you mean 'DT401'?"),
        (
            "datatorch: ignore[DT4]",
            (36, 39),
            "there is no code 'DT4' [DT217]; name whole codes, as they stand behind the warnings",
        ),
        (
            "datatorch: ignore[]",
            (35, 37),
            "this comment names no code, and ignores nothing [DT217]; write '# datatorch: ignore[DT401]', and why",
        ),
        ("datatorch: ignore", (18, 35), None),
        ("datatorch: ignore this", (18, 35), None),
        ("datatorch: ignore DT401 since", (18, 41), None),
        ("datatorch: ignore(DT401) since", (18, 42), None),
        ("datatorch: ignore[DT401 since", (18, 41), None),
        ("datatorch ignore[DT401]", (18, 41), None),
        ("datatorch-ignore: DT401", (18, 41), None),
        ("datatorch: ignroe[DT401]", (18, 42), None),
        ("dataotrch: ignore[DT401]", (18, 42), None),
        ("DataTorch: Ignore[DT401]", (18, 42), None),
        ("datatorch: noqa[DT401]", (18, 40), None),
    ],
)
def test_a_comment_that_is_meant_to_ignore_and_does_not_is_told_of(
    comment: str, columns: tuple[int, int], message: str | None
) -> None:
    (found,) = dtp.check_text(in_steps(f"- run: x # {comment}"), filename="p.yaml")
    form = "a comment of this form ignores nothing [DT217]; write '# datatorch: ignore[DT401]', and why"
    assert str(found) == f"p.yaml:5:{columns[0]}: warning: {message or form}"
    assert whole_range(found) == (5, columns[0], 5, columns[1])


@pytest.mark.parametrize(
    "comment",
    [
        "datatorch",
        "datatorch: see its documentation [1]",
        "datatorch ignores this",
        "type: ignore[DT401]",
        "dynatrace: ignore[DT401]",
        "see datatorch: ignore[DT401] on how to ignore",
    ],
)
def test_other_comments_are_not_ours(comment: str) -> None:
    assert told(in_steps(f"- run: x # {comment}")) == []


def test_a_misspelt_code_has_a_fix() -> None:
    (found,) = dtp.check_text(in_steps("- run: x # datatorch: ignore[dt401]"))
    assert found.fix is not None
    assert [(edit.location, edit.text) for edit in found.fix.edits] == [(found.location, "DT401")]


def test_a_code_that_ignores_nothing_is_told_of() -> None:
    text = in_steps(
        "- action: acme/add # datatorch: ignore[DT401, DT211] both",
        "- run: x # datatorch: ignore[DT401]",
    )
    assert told(text) == [
        f"5:53: warning: there is no DT211 to ignore here [DT218]; {UNUSED}",
        f"6:36: warning: there is no DT401 to ignore here [DT218]; {UNUSED}",
    ]


@pytest.mark.parametrize("code", ["DT403", "DT405", "DT409", "DT412", "DT305", "DT402", "DT210", "DT209", "WORD1"])
def test_it_is_not_told_where_the_check_may_not_have_looked(code: str) -> None:
    text = in_steps(f"- action: acme/add@v1 # datatorch: ignore[{code}]")
    assert dtp.check_text(text, extra_checks=[warn_of("BAD")]) == []


@pytest.mark.parametrize("code", ["DT403", "DT405", "DT412", "DT305", "WORD1"])
def test_it_is_told_where_all_actions_are_known(code: str) -> None:
    text = in_steps(f"- run: x # datatorch: ignore[{code}]")
    found = dtp.check_text(text, extra_checks=[warn_of("BAD")])
    assert [(item.code, item.message) for item in found] == [("DT218", f"there is no {code} to ignore here")]


def test_it_is_not_told_of_an_opt_in_check_that_is_off() -> None:
    text, checks = in_steps("- run: x # datatorch: ignore[WORD1]"), [warn_of("BAD", opt_in=True)]
    assert dtp.check_text(text, extra_checks=checks) == []
    enabled = dtp.Settings(enable=["WORD1"])
    assert [item.code for item in dtp.check_text(text, extra_checks=checks, settings=enabled)] == ["DT218"]


def test_it_is_not_told_of_a_check_that_broke() -> None:
    def broken(subject: PipelineSubject) -> list[Finding]:
        raise KeyError("x")

    check = Check(code="WORD1", severity=Severity.WARNING, summary="Broken.", pipeline=broken)
    found = dtp.check_text(in_steps("- run: x # datatorch: ignore[WORD1]"), extra_checks=[check])
    assert [item.code for item in found] == ["DT219"]


def test_what_is_told_of_comments_can_be_ignored_itself() -> None:
    assert told(in_steps("- run: x # datatorch: ignore[DT401, DT218] just in case")) == []
    assert told(in_steps("# datatorch: ignore[DT217] an example", "- run: x # datatorch: ignore[some]")) == []
    assert told(in_steps("- run: x # datatorch: ignore[DT218] of what?")) == [
        f"5:36: warning: there is no DT218 to ignore here [DT218]; {UNUSED}"
    ]


def test_in_a_file_whose_form_is_wrong_warnings_are_ignored_and_unused_comments_not_told_of() -> None:
    text = in_steps("- {run: x, tiemout: 5} # datatorch: ignore[DT202, DT401, nope]")
    assert told(text) == [
        "5:18: error: unknown key 'tiemout' [DT202]; did you mean 'timeout'?",
        "5:50: warning: DT202 is an error here, and an error can't be ignored [DT217]; "
        "mend what it tells of; only warnings can be ignored",
        "5:64: warning: there is no code 'nope' [DT217]; name whole codes, as they stand behind the warnings",
    ]


def test_an_action_files_warnings_are_ignored_too() -> None:
    text = "name: A\nbranding: x # datatorch: ignore[DT202] for GitHub\nruns: {using: python, main: a.py}\n"
    assert told(text, "action-datatorch.yaml") == []
    assert [
        line.split(": ", 2)[1]
        for line in told(text.partition(" #")[0] + "\n" + text.partition("GitHub\n")[2], "action-datatorch.yaml")
    ] == ["warning"]


def test_json_has_no_comments() -> None:
    text = '{"name": "A", "jobs": {"a": {"steps": [{"run": "x", "name": " # datatorch: ignore[nope]"}]}}}'
    assert told(text, "p.json") == []


def test_of_two_pipelines_with_one_name_the_second_may_say_that_it_is_meant(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(in_steps("- run: x"))
    second.write_text(in_steps("- run: x"))
    assert [item.code for item in dtp.check_files([first, second])] == ["DT210"]
    second.write_text("# datatorch: ignore[DT210] two for one\n" + in_steps("- run: x"))
    assert dtp.check_files([first, second]) == []


def test_a_plan_and_a_run_do_not_tell_what_a_comment_ignores(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    twice = ["- {name: A, run: echo}", "- {name: A, run: echo}"]
    path.write_text(in_steps(*twice))
    assert [item.code for item in dtp.plan(path).warnings] == ["DT211"]
    path.write_text(in_steps(twice[0], f"{twice[1]} # datatorch: ignore[DT211, DT403]"))
    assert dtp.plan(path).warnings == ()
    assert dtp.run(path).diagnostics == ()


def test_a_run_refuses_errors_whatever_the_comments_say(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    twice = ["- {name: A, run: echo}", "- {name: A, run: echo} # datatorch: ignore[DT211]"]
    path.write_text(in_steps("- run: echo ${{ event.x }} # datatorch: ignore[DT501, DT302, DT305]", *twice))
    with pytest.raises(dtp.PlanError) as caught:
        dtp.run(path)
    assert [item.code for item in caught.value.diagnostics] == ["DT501"]


@pytest.mark.parametrize(
    "comment", ["# datatorch: ignore[nope]\n", " # datatorch: ignore[nope]", "# datatorch: ignore\n"]
)
def test_a_file_that_is_all_comments_is_told_of_in_part(comment: str) -> None:
    text = in_steps("- run: x").rstrip("\n") + " # x" + comment * 20_000
    assert len(dtp.check_text(text)) == 1_000


EVERYWHERE = """\
name: A@
jobs:
  a: # datatorch: ignore[A1]
    steps: # datatorch: ignore[A2]
      - run: | # datatorch: ignore[A3]
          echo # datatorch: ignore[NO]

          # datatorch: ignore[NO]
        # datatorch: ignore[A4]
        name: >+ # datatorch: ignore[A5]

          x

        # datatorch: ignore[A6]
      - run: 'x # datatorch: ignore[NO]

           # datatorch: ignore[NO]' # datatorch: ignore[A7]
      - run: "a
           # datatorch: ignore[NO]
           " # datatorch: ignore[A8]
      - run: plain
           more # datatorch: ignore[A9]
      - run: &x # datatorch: ignore[A10]
          foo#bar # datatorch: ignore[A11]
        env: {A: b, # datatorch: ignore[A12]
          B: "c" # datatorch: ignore[A13]
          } # datatorch: ignore[A14]
      - run: *x # datatorch: ignore[A15]
        # datatorch: ignore[A16]
      - ? run # datatorch: ignore[A17]
        : |2 # datatorch: ignore[A18]
            indented # datatorch: ignore[NO]
            # datatorch: ignore[NO]
      - run: |2+ # datatorch: ignore[A19]
           # datatorch: ignore[NO]

      # datatorch: ignore[A20]
# datatorch: ignore[A21]
"""


@pytest.mark.parametrize("other", ["", "\x85"], ids=["fast parser", "pure parser"])
def test_comments_are_told_from_text_in_every_kind_of_scalar(other: str) -> None:
    pipeline, _ = read_pipeline(EVERYWHERE.replace("@", other), "p.yaml")
    assert pipeline is not None
    assert isinstance(pipeline.source, TextLocator)
    found = [name.code for comment in ignore_comments(pipeline.source) for name in comment.codes]
    assert found == [f"A{number}" for number in range(1, 22)]


PIECES = [
    "x",
    " ",
    "#",
    "# datatorch: ignore[DT401]",
    "'",
    '"',
    "|",
    ">-",
    "[",
    "]",
    ",",
    ": ",
    "\n  ",
    "\n",
    "\\",
    "é",
]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_text_in_a_scalar_is_never_taken_for_a_comment(piece: str) -> None:
    """Whatever is in scalars: dumped by the library's own writer, nothing of it is a comment."""
    pipeline = dtp.Pipeline(name="A", jobs={"a": dtp.Job(steps=[dtp.Step(run="x", env={"A": piece})])})
    text = pipeline.to_yaml()
    again, _ = read_pipeline(text, "p.yaml")
    assert again is not None
    assert again.source is not None
    doubts = sort_diagnostics(
        [
            Diagnostic.at(again.source.value(("jobs", "a", "steps", 0, "env", "A")), "DT401", Severity.WARNING, "x"),
            Diagnostic.at(again.source.value(("jobs", "a", "steps", 0, "run")), "DT401", Severity.WARNING, "x"),
        ]
    )
    assert without_ignored(again.source, doubts) == doubts
