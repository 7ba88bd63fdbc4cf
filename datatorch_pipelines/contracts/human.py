"""What a person is asked by an action that runs ``using: human``, and who asks."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping

from attrs import field, frozen

from datatorch_pipelines.model.action import Output
from datatorch_pipelines.model.answers import convert_answer


@frozen(kw_only=True)
class Question:
    """What a step asks a person.

    ``outputs`` are what the action declares: for each name its type, description, options and whether it takes several
    lines; the answer has a value for each. ``inputs`` are the step's, as they are, secrets too; ``shown_inputs`` are
    the same with secrets masked, to be shown. ``cancelled`` is set when the step is to end: nobody waits for the answer
    any more.

    ``job`` is the job's id and ``instance`` its place in a matrix (``None`` without one); ``step`` is what a person
    calls the step, ``index`` its place in the job from 0, and ``step_id`` its id. ``action`` is the reference;
    ``title`` and ``description`` are what the action says of itself.
    """

    run_id: str
    job: str
    step: str
    action: str
    instance: int | None = None
    index: int = 0
    step_id: str | None = None
    title: str | None = None
    description: str | None = None
    inputs: Mapping[str, object] = field(factory=dict, repr=False)
    shown_inputs: Mapping[str, object] = field(factory=dict)
    outputs: Mapping[str, Output] = field(factory=dict)
    cancelled: threading.Event = field(factory=threading.Event, repr=False, eq=False)

    def convert(self, output: str, value: object) -> object:
        """The value for an output in its declared type: ``"yes"`` is no boolean, ``"3"`` is the integer 3.

        For handlers that ask again what was answered wrong: the engine checks every answer so. Raises `InputError`,
        whose one line says what is wrong, and ``KeyError`` for an output that the action doesn't declare.
        """
        return convert_answer(output, value, self.outputs[output])


HumanHandler = Callable[[Question], "Mapping[str, object] | Awaitable[Mapping[str, object]]"]
"""Gives the answer to a question: a value for each declared output.

It is called in a thread of its own and may block; an ``async`` one is awaited in the event loop of the run. One that
has a method ``can_answer(question) -> bool`` is asked that for each step before anything runs, with a question that has
no inputs yet; where the method says no, or raises an `InputError`, the pipeline is refused.
"""
