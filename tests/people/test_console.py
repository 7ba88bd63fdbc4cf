"""A person in a terminal: what they read, what they may type, and how it ends when nobody waits any more."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping

import pytest

from datatorch_pipelines.contracts import Question
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.model.action import Output, ValueType
from datatorch_pipelines.people import ConsoleHuman
from tests.support.terminals import Person


@pytest.fixture
def person() -> Iterator[Person]:
    made = Person()
    yield made
    made.close()


class Asked:
    """A question asked in a thread, as the engine does it."""

    def __init__(self, console: ConsoleHuman, question: Question) -> None:
        self.question = question
        self.answer: Mapping[str, object] | None = None
        self.error: PipelinesError | None = None
        self._thread = threading.Thread(target=self._ask, args=(console,), daemon=True)
        self._thread.start()

    def _ask(self, console: ConsoleHuman) -> None:
        try:
            self.answer = console(self.question)
        except PipelinesError as error:
            self.error = error

    def wait(self) -> Asked:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self


def _console(person: Person) -> ConsoleHuman:
    return ConsoleHuman(read=person.terminal, write=person.terminal)


def _question(step: str = "Approve", **outputs: Output) -> Question:
    return Question(run_id="r", job="review", step=step, action="./approve", title="Approve", outputs=outputs)


def test_a_question_shows_who_asks_and_what_for(person) -> None:
    question = Question(
        run_id="r",
        job="review",
        instance=1,
        step="Approve it",
        action="./approve",
        title="Approve",
        description="Lets a person decide.\nThink twice.",
        inputs={"model": "resnet", "scores": [1, 2], "token": "s3cret"},
        shown_inputs={"model": "resnet", "scores": [1, 2], "token": "***"},
        outputs={"approved": Output(type=ValueType.BOOLEAN, description="Whether it is released.")},
    )
    asked = Asked(_console(person), question)
    shown = person.reads("> ")
    person.types("yes\n")
    assert asked.wait().answer == {"approved": True}
    assert shown == (
        "review (2) / Approve it asks: Approve\n"
        "  Lets a person decide.\n"
        "  Think twice.\n"
        "  model = resnet\n"
        "  scores = [1, 2]\n"
        "  token = ***\n"
        "approved (yes or no): Whether it is released.\n"
        "> "
    )


@pytest.mark.parametrize(
    ("declared", "typed", "value"),
    [
        (Output(type=ValueType.STRING), "two words \n", "two words "),
        (Output(type=ValueType.STRING), "\n", ""),
        (Output(type=ValueType.STRING), "naïve 数\n", "naïve 数"),
        (Output(), "12\n", "12"),
        (Output(type=ValueType.INTEGER), " 12\n", 12),
        (Output(type=ValueType.FLOAT), "1e3\n", 1000.0),
        (Output(type=ValueType.NUMBER), "1.5\n", 1.5),
        (Output(type=ValueType.BOOLEAN), "N\n", False),
        (Output(type=ValueType.BOOLEAN), "TRUE\n", True),
        (Output(type=ValueType.LIST), '[1, "a"]\n', [1, "a"]),
        (Output(type=ValueType.OBJECT), '{"a": null}\n', {"a": None}),
        (Output(multiline=True), "a\n\n b\n.\n", "a\n\n b"),
        (Output(multiline=True), ".\n", ""),
        (Output(multiline=True), "a\n\x04", "a"),
        (Output(type=ValueType.OBJECT, multiline=True), '{\n"a": 1\n}\n.\n', {"a": 1}),
        (Output(options=("stable", "beta")), "2\n", "beta"),
        (Output(options=("stable", "beta")), "stable\n", "stable"),
        (Output(type=ValueType.INTEGER, options=(30, 1)), "1\n", 1),
        (Output(type=ValueType.INTEGER, options=(30, 50)), "1\n", 30),
        (Output(type=ValueType.INTEGER, options=("30", "50")), "50\n", 50),
        (Output(options=(None, "a")), "1\n", None),
    ],
)
def test_what_is_typed_becomes_the_value_that_is_declared(person, declared: Output, typed: str, value: object) -> None:
    asked = Asked(_console(person), _question(it=declared))
    person.reads("> ")
    person.types(typed)
    answer = asked.wait().answer
    assert answer == {"it": value}
    assert answer is not None
    assert type(answer["it"]) is type(value)


@pytest.mark.parametrize(
    ("declared", "typed", "said", "right"),
    [
        (
            Output(type=ValueType.BOOLEAN),
            "perhaps\n",
            "the answer for the output 'it': a string is not a boolean; write true or false",
            "no\n",
        ),
        (
            Output(type=ValueType.INTEGER),
            "\n",
            "the answer for the output 'it': a string is not an integer; write a whole number",
            "1\n",
        ),
        (
            Output(type=ValueType.LIST),
            "[1,\n",
            "the answer for the output 'it': a string is not an array; write a list, or its JSON",
            "[]\n",
        ),
        (
            Output(options=("a", "b")),
            "3\n",
            "the answer for the output 'it' is not one of its options; use one of a, b",
            "b\n",
        ),
        (
            Output(options=(1, "b")),
            "-\n",
            "the answer for the output 'it' is not one of its options; use one of 1, b",
            "b\n",
        ),
        (
            Output(),
            "a\x16\x1b[D\n",
            "that holds control characters, as arrow keys give them; type it again",
            "b\n",
        ),
    ],
)
def test_what_is_wrong_is_asked_for_again(person, declared: Output, typed: str, said: str, right: str) -> None:
    asked = Asked(_console(person), _question(it=declared))
    person.reads("> ")
    person.types(typed)
    assert person.reads(f"  {said}\n> ").endswith(f"\n  {said}\n> ")
    person.types(right)
    assert asked.wait().error is None


def test_a_line_that_the_terminal_may_have_cut_is_refused(person) -> None:
    asked = Asked(_console(person), _question(it=Output(type=ValueType.STRING)))
    person.reads("> ")
    for chunk in range(10):
        person.types("x" * 500)
        person.reads("x" * (500 if chunk < 8 else 1))
    person.types("\n")
    person.reads("  a line of more than 4094 bytes is too long for a terminal; give a shorter one\n> ")
    person.types("x" * 4000)
    person.types("\n")
    assert asked.wait().answer == {"it": "x" * 4000}


def test_options_are_numbered_unless_a_number_could_be_an_option(person) -> None:
    console = _console(person)
    question = _question(
        channel=Output(options=("stable", "beta"), description="Where it goes.\nOnly one."),
        count=Output(type=ValueType.INTEGER, options=(5, 2)),
        notes=Output(multiline=True),
    )
    asked = Asked(console, question)
    first = person.reads("> ")
    person.types("1\n")
    second = person.reads("> ")
    person.types("2\n")
    third = person.reads("> ")
    person.types(".\n")
    assert asked.wait().answer == {"channel": "stable", "count": 2, "notes": ""}
    assert first.endswith("channel (choose one): Where it goes.\n  Only one.\n  1) stable\n  2) beta\n> ")
    assert second == "1\ncount (choose one)\n  - 5\n  - 2\n> "
    assert third == "2\nnotes (text)\n  several lines; a line with a single dot ends them\n> "


def test_what_others_wrote_moves_no_cursor(person) -> None:
    bad = "a\x1b[2Jb\nc\u202e"
    question = Question(
        run_id="r",
        job="review",
        step=bad,
        action=bad,
        title=bad,
        description=bad,
        shown_inputs={bad: bad, "deep": [bad], "long": "x" * 1000},
        outputs={bad: Output(description=bad, options=(bad, "b"))},
    )
    asked = Asked(_console(person), question)
    shown = person.reads("> ")
    person.types("b\n")
    assert asked.wait().answer == {bad: "b"}
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert f"  long = {'x' * 197}...\n" in shown
    assert "/ a\\x1b[2Jb\\x0ac\\u202e asks: a\\x1b[2Jb\\x0ac\\u202e\n" in shown


def test_an_action_without_outputs_waits_for_enter(person) -> None:
    asked = Asked(_console(person), _question())
    assert person.reads("> ").endswith("press Enter to go on\n> ")
    person.types("\n")
    assert asked.wait().answer == {}


def test_the_end_of_the_input_is_no_answer(person) -> None:
    asked = Asked(_console(person), _question(it=Output()))
    person.reads("> ")
    person.types("\x04")
    assert str(asked.wait().error) == "the output 'it' was not answered: the input ended"


def test_a_terminal_that_is_gone_is_told(person) -> None:
    asked = Asked(_console(person), _question(it=Output()))
    person.reads("> ")
    person.leaves()
    assert str(asked.wait().error) == "the output 'it' was not answered: the input ended"


def test_a_question_that_nobody_waits_for_is_withdrawn(person) -> None:
    asked = Asked(_console(person), _question(it=Output()))
    person.reads("> ")
    person.types("half of an ans")
    asked.question.cancelled.set()
    person.reads("\nthe question is withdrawn\n")
    assert str(asked.wait().error) == "nobody waits for the answer any more"


def test_what_was_typed_before_is_not_taken_for_the_answer(person) -> None:
    console = _console(person)
    person.types("yes\n")
    person.reads("yes\n")  # the terminal's echo: it has it
    asked = Asked(console, _question(it=Output(type=ValueType.BOOLEAN)))
    person.reads("> ")
    person.types("no\n")
    assert asked.wait().answer == {"it": False}


def test_one_question_is_asked_at_a_time(person) -> None:
    console = _console(person)
    both = [Asked(console, _question(step, it=Output(type=ValueType.STRING))) for step in ("A", "B")]
    shown = person.reads("> ")
    person.types("first\n")
    shown += person.reads("> ")
    person.types("second\n")
    answers = [asked.wait().answer for asked in both]
    assert shown.count("/ A asks") == shown.count("/ B asks") == 1
    assert sorted(str(answer) for answer in answers) == ["{'it': 'first'}", "{'it': 'second'}"]


def test_a_question_that_waits_for_its_turn_can_be_withdrawn(person) -> None:
    console = _console(person)
    with console.turn:
        asked = Asked(console, _question(it=Output()))
        asked.question.cancelled.set()
        assert str(asked.wait().error) == "nobody waits for the answer any more"
    assert person.read == ""


def test_a_question_that_was_withdrawn_before_its_turn_is_not_shown(person) -> None:
    question = _question(it=Output())
    question.cancelled.set()
    assert str(Asked(_console(person), question).wait().error) == "nobody waits for the answer any more"
    os.write(person.terminal, b"this alone")
    assert person.reads("this alone").removesuffix("this alone") == ""


def test_where_there_is_no_terminal_nobody_is_asked() -> None:
    read, write = os.pipe()
    try:
        console = ConsoleHuman(read=read)
        assert not console.available
        with pytest.raises(PipelinesError, match=r"^the standard input is no terminal; give answers beforehand$"):
            console(_question())
        assert not ConsoleHuman(read=9999).available
    finally:
        os.close(read)
        os.close(write)


def test_a_question_goes_to_the_terminal_of_the_input_where_the_log_goes_elsewhere(person, monkeypatch) -> None:
    monkeypatch.setattr("datatorch_pipelines.people.console.STDERR", -1)
    asked = Asked(ConsoleHuman(read=person.terminal), _question(it=Output()))
    person.reads("> ")
    person.types("a\n")
    assert asked.wait().answer == {"it": "a"}
