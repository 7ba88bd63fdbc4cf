"""What a person is asked by an action that runs ``using: human``, and who asks."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping

from attrs import field, frozen

from datatorch_pipelines.model.action import Output


@frozen(kw_only=True)
class Question:
    """What a step asks a person.

    ``outputs`` are what the action declares: for each name its type, description, options and whether it takes several
    lines; the answer has a value for each. ``inputs`` are the step's, as they are, secrets too. ``cancelled`` is set
    when the step is to end: nobody waits for the answer any more.
    """

    run_id: str
    job: str
    step: str
    action: str
    description: str | None = None
    inputs: Mapping[str, object] = field(factory=dict, repr=False)
    outputs: Mapping[str, Output] = field(factory=dict)
    cancelled: threading.Event = field(factory=threading.Event, repr=False, eq=False)


HumanHandler = Callable[[Question], "Mapping[str, object] | Awaitable[Mapping[str, object]]"]
"""Gives the answer to a question: a value for each declared output.

It is called in a thread of its own and may block; an ``async`` one is awaited in the event loop of the run.
"""
