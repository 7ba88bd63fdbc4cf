"""A step that uses an action, ready to be pasted into a pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from datatorch_pipelines.errors import InputError, ModelError
from datatorch_pipelines.model import ActionReference, Input, ReferenceKind, ValueType
from datatorch_pipelines.model.action import ACTION_FILES
from datatorch_pipelines.model.conversion import convert_input
from datatorch_pipelines.model.reference import DEFAULT_REF, hide_credentials
from datatorch_pipelines.resolvers.found import FoundAction
from datatorch_pipelines.syntax.yaml_writer import check_plain, to_yaml

_PLACEHOLDERS: Mapping[ValueType | None, object] = {
    None: "text",
    ValueType.STRING: "text",
    ValueType.INTEGER: 1,
    ValueType.FLOAT: 1.5,
    ValueType.NUMBER: 1.5,
    ValueType.BOOLEAN: True,
    ValueType.ARRAY: [],
    ValueType.LIST: [],
    ValueType.OBJECT: {},
}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def example_step(found: FoundAction) -> str | None:
    """The YAML of a step with the inputs that must be given, and the variables that the action reads as secrets.

    ``None`` where there is no such step: no step can name a folder whose action file has another name than the usual
    ones, and an input may take nothing that could be written. Nothing of what the action says becomes an expression.
    """
    action = _action(found)
    required = {name: item for name, item in found.definition.inputs.items() if item.required and item.default is None}
    inputs = {name: value for name, item in required.items() if (value := _value(name, item)) is not None}
    if action is None or len(inputs) < len(required):
        return None
    step: dict[str, object] = {"action": action}
    if inputs:
        step["inputs"] = inputs
    env = {name: f"${{{{ secrets.{name} }}}}" for name in found.definition.env if _VARIABLE.fullmatch(name)}
    if env:
        step["env"] = env
    try:
        check_plain(step)
    except ModelError:  # a path or a name that is no text
        return None
    return to_yaml([step])


def _action(found: FoundAction) -> object:
    """What a step's ``action`` is for the action; a commit is written where no tag was."""
    reference = found.reference
    ref = reference.ref or found.commit or DEFAULT_REF
    if reference.kind is ReferenceKind.GIT:
        value = {"name": reference.name, "tag": ref, "git": _git(reference, found)}
        return value if reference.file is None else {**value, "file": reference.file}
    if reference.kind is ReferenceKind.GITHUB:
        whole = f"{reference.name}@{ref}"
        return whole if reference.file is None else {"name": reference.name, "tag": ref, "file": reference.file}
    if reference.file is None or reference.file in ACTION_FILES[:1]:
        return str(reference)
    if reference.kind is ReferenceKind.LOCAL:
        return {"name": f"local/{reference.name}", "tag": ref, "file": reference.file}
    return None


def _git(reference: ActionReference, found: FoundAction) -> str:
    """The repository's URL without a password. One of ssh has none, and its user belongs to it."""
    text = reference.git or ""
    if text.startswith("git://") and found.url is not None and found.url.startswith("https://"):
        return found.url  # GitHub's, which is no longer served by git://
    return text if text.startswith("ssh://") or "://" not in text else hide_credentials(text)


def _value(name: str, declared: Input) -> object:
    """A value that the input takes: one of its options, or one of its type; ``None`` where nothing fits."""
    for value in _candidates(declared):
        try:
            check_plain(value)
            convert_input(name, value, declared)
        except (InputError, ModelError):
            continue
        return value
    return None


def _candidates(declared: Input) -> Iterator[object]:
    for option in declared.options:
        if option is not None and not _holds_expression(option):
            yield option
    yield _PLACEHOLDERS[declared.type]


def _holds_expression(value: object) -> bool:
    """Whether a pipeline would evaluate something in a value."""
    if isinstance(value, str):
        return "${{" in value
    if isinstance(value, Mapping):
        return any(_holds_expression(item) for pair in value.items() for item in pair)
    return isinstance(value, list | tuple) and any(map(_holds_expression, value))
