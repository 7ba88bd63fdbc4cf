"""A question as a person reads it in a terminal. What others wrote in it is data: nothing of it moves the cursor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from datatorch_pipelines.contracts import Question
from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.model.action import Output, ValueType
from datatorch_pipelines.model.conversion import value_text

PROMPT = "> "
_LONGEST_VALUE = 200
_KINDS = {
    ValueType.BOOLEAN: "yes or no",
    ValueType.INTEGER: "a whole number",
    ValueType.FLOAT: "a number",
    ValueType.NUMBER: "a number",
    ValueType.STRING: "text",
    ValueType.ARRAY: "a list, as JSON",
    ValueType.LIST: "a list, as JSON",
    ValueType.OBJECT: "a mapping, as JSON",
}


def question_text(question: Question) -> str:
    """What stands above the first prompt: who asks, what for, and the inputs of the step."""
    return _joined(_question(question))


def output_text(name: str, output: Output) -> str:
    """What stands above the prompt for one output: what is wanted, and the options to choose from."""
    return _joined(_output(name, output))


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _question(question: Question) -> Iterator[str]:
    job = question.job if question.instance is None else f"{question.job} ({question.instance + 1})"
    title = one_line(question.title or question.action)
    yield f"{one_line(job)} / {one_line(question.step)} asks: {title}"
    for line in (question.description or "").splitlines():
        yield f"  {one_line(line)}"
    for name, value in question.shown_inputs.items():
        yield f"  {one_line(name)} = {_value(value)}"
    if not question.outputs:
        yield "press Enter to go on"


def _output(name: str, output: Output) -> Iterator[str]:
    kind = "choose one" if output.options else _KINDS[output.type] if output.type else "text"
    described = (output.description or "").splitlines()
    first = f": {one_line(described[0])}" if described else ""
    yield f"{one_line(name)} ({kind}){first}"
    for line in described[1:]:
        yield f"  {one_line(line)}"
    for mark, option in zip(option_marks(output), output.options, strict=True):
        yield f"  {mark} {one_line(value_text(option))}"
    if output.multiline and not output.options:
        yield "  several lines; a line with a single dot ends them"


def option_marks(output: Output) -> list[str]:
    """What stands before each option: its number from 1, unless such a number could be meant as an option itself."""
    count = len(output.options)
    texts = {value_text(option).strip() for option in output.options}
    if texts.intersection(map(str, range(1, count + 1))):
        return ["-"] * count
    return [f"{number})" for number in range(1, count + 1)]


def _value(value: object) -> str:
    text = one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
