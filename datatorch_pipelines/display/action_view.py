"""What an action is, as text for people and JSON for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from datatorch_pipelines.display.characters import one_line
from datatorch_pipelines.display.data import JSON_VERSION, compact_json, dump_json
from datatorch_pipelines.display.palette import PLAIN, Palette
from datatorch_pipelines.model import Action, Input, Output
from datatorch_pipelines.model.action import Runs
from datatorch_pipelines.resolvers.found import FoundAction

_WIDTH = 88
_LONGEST_VALUE = 120
_LONGEST_TEXT = 4000
"""The most characters of a text of several lines that are shown: all else would be gone from the screen."""
_LINE_ENDS = ("\r\n", "\r")


def action_text(found: FoundAction, example: str | None, *, palette: Palette = PLAIN) -> str:
    """An action's name, how it runs, where it is from, its inputs, outputs and variables, and a step that uses it.

    The action's own texts stand indented, on lines of their own or behind a label; none can look like a line of ours.
    """
    return "".join(f"{line}".rstrip() + "\n" for line in _lines(found, example, palette))


def _lines(found: FoundAction, example: str | None, palette: Palette) -> Iterator[str]:
    action = found.definition
    yield palette.paint("strong", _cut(one_line(action.name)))
    yield from _indented(action.description, 2)
    yield ""
    for label, text in _facts(found):
        yield f"{palette.paint('note', f'{label}:')}{' ' * (8 - len(label))}{text}"
    if action.inputs:
        yield from ("", palette.paint("note", "inputs:"))
        for name, declared in action.inputs.items():
            yield from _value(name, [*_input_facts(declared)], declared.description, palette)
            if declared.deprecation_message is not None:
                yield from _indented(f"deprecated: {declared.deprecation_message}".rstrip(": "), 6)
    if action.outputs:
        yield from ("", palette.paint("note", "outputs:"))
        for name, output in action.outputs.items():
            yield from _value(name, [*_type_facts(output)], output.description, palette)
    if action.env:
        yield from ("", palette.paint("note", "environment variables:"))
        for name, purpose in action.env.items():
            yield from _value(name, [], purpose, palette)
    if example is not None:
        yield from ("", palette.paint("note", "a step that uses it:"))
        yield from (f"  {line}" for line in example.splitlines())


def _facts(found: FoundAction) -> Iterator[tuple[str, str]]:
    action = found.definition
    yield "action", one_line(str(found.reference))
    if action.author:
        yield "author", _on_one_line(action.author)
    yield "runs", _runs(action.runs)
    if found.url is not None:
        yield "from", one_line(found.url)
    if found.commit is not None:
        yield "commit", one_line(found.commit)
    yield "folder", one_line(str(found.directory))


def _runs(runs: Runs) -> str:
    """How the action is started, on one line."""
    what = runs.main or runs.command or runs.script or runs.image
    parts = [what or "", runs.entrypoint or "", *runs.args]
    shown = " ".join(part for part in parts if part)
    return _on_one_line(f"{runs.using}: {shown}" if shown else runs.using)


def _value(name: str, facts: Iterable[str], description: str | None, palette: Palette) -> Iterator[str]:
    told = ", ".join(facts)
    yield f"  {palette.paint('strong', _cut(one_line(name)))}{f': {told}' if told else ''}"
    yield from _indented(description, 6)


def _type_facts(declared: Input | Output) -> Iterator[str]:
    yield str(declared.type) if declared.type is not None else "anything"
    if declared.options:
        yield f"one of {_cut(', '.join(map(_shown, declared.options)))}"
    if declared.multiline:
        yield "may have several lines"


def _input_facts(declared: Input) -> Iterator[str]:
    yield from _type_facts(declared)
    if declared.default is not None:
        yield f"{_cut(_shown(declared.default))} unless given"
    elif declared.required:
        yield "required"


def _shown(value: object) -> str:
    return one_line(compact_json(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _on_one_line(text: str) -> str:
    """The first line that says something, and a sign that there are more."""
    lines = [line for line in _split(text) if line.strip()] or [""]
    return _cut(lines[0]) + (" ..." if len(lines) > 1 else "")


def _split(text: str) -> list[str]:
    """The lines of a stranger's text, safe for a terminal."""
    for end in _LINE_ENDS:
        text = text.replace(end, "\n")
    return [one_line(line) for line in text.expandtabs(4).strip().split("\n")]


def _indented(text: str | None, width: int) -> Iterator[str]:
    """A stranger's text on lines of its own, none of which the terminal has to break."""
    if not text or not text.strip():
        return
    shown = text.strip()
    for line in _split(shown if len(shown) <= _LONGEST_TEXT else f"{shown[:_LONGEST_TEXT]} ..."):
        for piece in textwrap.wrap(line, _WIDTH - width, drop_whitespace=False) or [""]:
            yield " " * width + piece


def action_json(found: FoundAction, example: str | None) -> str:
    """The object of ``actions show --json``. Inputs, outputs and ``runs`` have the keys of an action's file."""
    action = found.definition
    return dump_json(
        {
            "version": JSON_VERSION,
            "action": str(found.reference),
            "url": found.url,
            "commit": found.commit,
            "digest": found.digest,
            "directory": str(found.directory),
            **_definition(action),
            "warnings": list(found.warnings),
            "example": example,
        }
    )


def _definition(action: Action) -> Mapping[str, object]:
    return {
        "name": action.name,
        "description": action.description,
        "author": action.author,
        "runs": {
            "using": action.runs.using,
            **{
                key: value
                for key in ("main", "command", "script", "image", "entrypoint")
                if (value := getattr(action.runs, key)) is not None
            },
            **({"args": list(action.runs.args)} if action.runs.args else {}),
        },
        "inputs": {name: _input(declared) for name, declared in action.inputs.items()},
        "outputs": {name: _output(declared) for name, declared in action.outputs.items()},
        "env": dict(action.env),
        "cache": action.cache,
    }


def _output(declared: Input | Output) -> dict[str, object]:
    return {
        "type": None if declared.type is None else str(declared.type),
        "description": declared.description,
        "options": list(declared.options),
        "multiline": declared.multiline,
    }


def _input(declared: Input) -> dict[str, object]:
    return {
        **_output(declared),
        "required": declared.required,
        "default": declared.default,
        "deprecationMessage": declared.deprecation_message,
    }
