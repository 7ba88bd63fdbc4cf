"""Steps that are nothing but a container image (``docker://image``): their inputs say what runs in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from attrs import evolve

from datatorch_pipelines.errors import CommandRejected, InputError
from datatorch_pipelines.model import Runs
from datatorch_pipelines.model.conversion import value_text


def image_runs(runs: Runs, inputs: Mapping[str, object]) -> Runs:
    """How the image is run: its own program, unless the inputs ``entrypoint`` and ``args`` say otherwise.

    A text is split into words as a shell does it; no shell reads it. Raises `InputError` for what is no such thing.

    >>> image_runs(Runs(using="docker", image="alpine:3"), {"args": "echo 'a b'"}).args
    ('echo', 'a b')
    """
    entrypoint = inputs.get("entrypoint")
    if entrypoint is not None and (not isinstance(entrypoint, str) or not entrypoint):
        raise InputError("the input 'entrypoint' is no text", hint="give the program that the container starts")
    return evolve(runs, entrypoint=entrypoint, args=_words(inputs.get("args")))


def _words(args: object) -> tuple[str, ...]:
    if args is None:
        return ()
    if isinstance(args, list | tuple) and not any(isinstance(item, list | tuple | Mapping) for item in args):
        return tuple(map(value_text, args))
    if not isinstance(args, str):
        raise InputError("the input 'args' is neither a text nor a list of texts", hint="give the program's arguments")
    try:
        return tuple(shlex.split(args))
    except ValueError as error:
        raise InputError(f"the input 'args' can't be read: {str(error).lower()}", hint="give a list") from error


def argument_shows_secret() -> CommandRejected:
    """That a container's image or arguments hold a secret, which everybody would see."""
    return CommandRejected(
        "what starts the container holds a secret, and the process list would show it",
        hint="pass it as an input, and read $INPUT_<NAME>, or in env",
    )
