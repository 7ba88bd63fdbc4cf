"""`ConsoleHuman`: a person is asked in the terminal."""

from __future__ import annotations

import contextlib
import os
import threading
import unicodedata
from collections.abc import Iterator, Mapping

from datatorch_pipelines.contracts import Question
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.errors import InputError, PipelinesError
from datatorch_pipelines.model.action import Output, ValueType
from datatorch_pipelines.model.conversion import value_text
from datatorch_pipelines.people.terminal import LineTooLong, Terminal, Withdrawn
from datatorch_pipelines.people.wording import PROMPT, option_marks, output_text, question_text

STDIN = 0
STDERR = 2
_YES = frozenset({"y", "yes"})
_NO = frozenset({"n", "no"})
_GLANCE_SECONDS = 0.1
_NOBODY_WAITS = "nobody waits for the answer any more"


class ConsoleHuman:
    """Asks a person in the terminal, for ``run(human=...)``: one question at a time, each value until it is right.

    ``read`` and ``write`` are the descriptors of the terminal: the standard input, and the standard error or, where
    that is none, the terminal of the standard input. Whoever writes to the same terminal may hold ``turn`` meanwhile:
    it is held as long as a question is asked.

    A line answers an output; one that is ``multiline`` takes lines up to a single dot. Ctrl-D gives no answer, and
    fails the step. What was typed before the question came is not taken for its answer.
    """

    def __init__(self, *, read: int = STDIN, write: int | None = None, turn: threading.Lock | None = None) -> None:
        self._read = read
        self._write = write
        self.turn = threading.Lock() if turn is None else turn

    @property
    def available(self) -> bool:
        """Whether there is a terminal to ask in."""
        return _is_terminal(self._read)

    def __call__(self, question: Question) -> Mapping[str, object]:
        """The answer to a question. Raises `PipelinesError` where nobody is there to ask, or nobody answers."""
        if not self.available:
            raise PipelinesError("the standard input is no terminal", hint="give answers beforehand")
        with _held(self.turn, question.cancelled), self._terminal() as terminal:
            terminal.forget()
            try:
                terminal.say(question_text(question))
                if not question.outputs:
                    _typed(terminal, question)
                return {name: _answer(terminal, question, name, output) for name, output in question.outputs.items()}
            except Withdrawn:
                terminal.say("\nthe question is withdrawn\n")
                raise
            finally:
                terminal.forget()

    @contextlib.contextmanager
    def _terminal(self) -> Iterator[Terminal]:
        if self._write is not None or _is_terminal(STDERR):
            yield Terminal(self._read, STDERR if self._write is None else self._write)
            return
        try:
            write = os.open(os.ttyname(self._read), os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError as error:
            raise PipelinesError(f"the terminal can't be written to: {error.strerror}") from error
        try:
            yield Terminal(self._read, write)
        finally:
            os.close(write)


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


@contextlib.contextmanager
def _held(turn: threading.Lock, cancelled: threading.Event) -> Iterator[None]:
    """Waits for its turn, as long as an answer is wanted."""
    while not turn.acquire(timeout=_GLANCE_SECONDS):
        if cancelled.is_set():
            raise Withdrawn(_NOBODY_WAITS)
    try:
        if cancelled.is_set():  # while another one was asked
            raise Withdrawn(_NOBODY_WAITS)
        yield
    finally:
        turn.release()


def _answer(terminal: Terminal, question: Question, name: str, output: Output) -> object:
    """The value for one output, asked for until it is right."""
    terminal.say(output_text(name, output))
    while True:
        try:
            typed = _typed(terminal, question, name)
            if output.multiline and not output.options:
                typed = _lines(terminal, question, typed)
        except LineTooLong as error:
            terminal.say(f"  {error}; give a shorter one\n")
            continue
        if wrong := _unprintable(typed):
            terminal.say(f"  {wrong}\n")
            continue
        try:
            return question.convert(name, _meant(typed, output))
        except InputError as error:
            terminal.say(f"  {one_line(str(error))}\n")


def _typed(terminal: Terminal, question: Question, name: str | None = None) -> str:
    terminal.say(PROMPT)
    line = terminal.line(question.cancelled)
    if line is not None:
        return line
    with contextlib.suppress(PipelinesError):  # a terminal that is gone ends the input so, too
        terminal.say("\n")
    asked = "the step" if name is None else f"the output {name!r}"
    raise PipelinesError(f"{asked} was not answered: the input ended")


def _lines(terminal: Terminal, question: Question, first: str) -> str:
    """All lines up to a single dot, or the end of the input; the first is there already."""
    lines: list[str] = []
    line: str | None = first
    while line is not None and line != ".":
        lines.append(line)
        line = terminal.line(question.cancelled)
    if line is None:
        terminal.say("\n")
    return "\n".join(lines)


def _unprintable(typed: str) -> str | None:
    """What to say of text that holds what no key for a letter gives, such as an arrow key's sequence."""
    if any(unicodedata.category(letter) == "Cc" and letter not in "\t\n" for letter in typed):
        return "that holds control characters, as arrow keys give them; type it again"
    return None


def _meant(typed: str, output: Output) -> object:
    """What a text means: an option by its text or its number, yes and no, and else itself."""
    text = typed.strip()
    by_text = {value_text(option).strip(): option for option in output.options}
    by_number = dict(zip((mark.strip("-)") for mark in option_marks(output)), output.options, strict=True))
    for options in (by_text, by_number):
        if text and text in options:
            return options[text]
    if output.type is ValueType.BOOLEAN and text.lower() in _YES | _NO:
        return text.lower() in _YES
    return typed
