"""What a person who names an action to run alone means: a folder, a file in one, or a reference."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

from attrs import frozen

from datatorch_pipelines.contracts import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ModelError, ResolveError
from datatorch_pipelines.model import ActionObject, ActionReference, ReferenceKind
from datatorch_pipelines.model.reference import DEFAULT_REF
from datatorch_pipelines.resolvers.local import folder_as_action
from datatorch_pipelines.syntax.names import shown

PathLike = str | os.PathLike[str]


@frozen(kw_only=True)
class NamedAction:
    """An action that somebody named.

    ``reference`` is what is looked for and shown, ``step`` how a step of a pipeline would name it. ``folder`` is the
    folder as it was written, ``None`` for an action that resolvers have to find.
    """

    reference: ActionReference
    step: str | ActionObject
    folder: str | None = None


def named_action(action: PathLike | ActionReference | ActionObject) -> NamedAction:
    """What is meant by a path, an `ActionReference` or an `ActionObject`.

    Raises `ResolveError` for a path that leads to no folder or file and for a container image, and `ModelError` for an
    object of the wrong form.
    """
    if isinstance(action, ActionObject):
        action = ActionReference.parse(action)
    if not isinstance(action, ActionReference):
        return _at_path(os.fsdecode(action))
    if action.kind is ReferenceKind.PATH:
        return _at_path(os.path.join(action.name, action.file) if action.file else action.name)  # noqa: PTH118  # a text
    if action.kind is ReferenceKind.DOCKER:
        raise ResolveError(
            "a container image is no action by itself", hint="name it in a step of a pipeline, with its inputs"
        )
    return NamedAction(reference=action, step=_in_a_step(action))


def _in_a_step(reference: ActionReference) -> str | ActionObject:
    if reference.git is None and reference.file is None:
        return str(reference)
    local = "local/" if reference.kind is ReferenceKind.LOCAL else ""
    tag = reference.ref or DEFAULT_REF
    return ActionObject(name=local + reference.name, tag=tag, git=reference.git, file=reference.file)


def _at_path(path: str) -> NamedAction:
    if not path:
        raise ResolveError("an empty text names no action", hint="give a folder that holds an action")
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116  # "" and "." are different texts, and the same Path
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ResolveError(f"there is no folder or file {shown(path)}", hint=_instead(path)) from error
    except ValueError as error:
        raise ResolveError(f"{shown(path)} can't be read: it holds a character that no path can have") from error
    except OSError as error:
        raise ResolveError(f"{shown(path)} can't be read: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        folder, file = path, None
    elif stat.S_ISREG(mode):
        folder, file = os.path.split(path)
    else:
        raise ResolveError(f"{shown(path)} is neither a folder nor a file", hint="give a folder that holds an action")
    folder = str(Path(folder))  # keeps `..`, which behind a link leads elsewhere than the text says
    reference = ActionReference(ReferenceKind.PATH, _printable(folder), None, None, file)
    last = Path(folder).resolve().name
    # What a folder's name may be is more than what a step may say: it holds no backslash and no expression.
    last = _printable(last).replace("\\", "_").replace("${{", "___")
    return NamedAction(reference=reference, step=f"./{last}", folder=folder)


def _instead(path: str) -> str:
    usual = "give a folder that holds an action, or its action file"
    try:
        reference = ActionReference.parse(path)
    except ModelError:
        return usual
    if "@" not in path and path.endswith((".yaml", ".yml", ".json")):
        return usual
    if reference.kind is ReferenceKind.PATH:
        return "the path starts at the current folder"
    return f"give a folder, or the action of that name as ActionReference.parse({path!r})"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "_" for letter in text)


class FolderResolver(Resolver):
    """Finds one action alone: that in a folder, whatever the folder's name is."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)

    def matches(self, reference: ActionReference) -> bool:
        """Whether the reference is a path."""
        return reference.kind is ReferenceKind.PATH

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        """The folder. Raises `ResolveError` for one without an action file, and when it can't be read."""
        return await asyncio.to_thread(lambda: folder_as_action(reference, self._directory.resolve(), context))
