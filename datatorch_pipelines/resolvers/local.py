"""Actions that are folders of this machine: ``local/name@tag`` and ``./path``."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Mapping
from pathlib import Path

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, StoreError
from datatorch_pipelines.model.reference import DEFAULT_REF, ActionReference, ReferenceKind
from datatorch_pipelines.resolvers.action_file import check_action_file

AGENT_VARIABLES = ("DATATORCH_RUNNER_PATH", "DATATORCH_AGENT_PATH")
"""The environment variables that name an agent's folder; its local actions are in ``actions/local`` below it."""


def default_local_actions(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders of local actions that the environment names, in the order in which they are searched.

    >>> [path.as_posix() for path in default_local_actions({"DATATORCH_AGENT_PATH": "/agent"})]
    ['/agent/actions/local']
    """
    roots = [environ[name] for name in AGENT_VARIABLES if environ.get(name)]
    return tuple(dict.fromkeys(Path(root) / "actions" / "local" for root in roots))


class LocalResolver(Resolver):
    """Finds ``local/name@tag`` as ``name/tag`` below the context's ``local_actions``, ``./path`` below its ``base``.

    The folders are used where they are: what is changed in them counts at once.
    """

    def matches(self, reference: ActionReference) -> bool:
        """Whether the reference is a local action or a path."""
        return reference.kind in (ReferenceKind.LOCAL, ReferenceKind.PATH)

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        """The action's folder.

        Raises `ActionNotFound` where there is none, `ResolveError` for one without an action file and `StoreError`
        when it can't be read.
        """
        find = _find_path if reference.kind is ReferenceKind.PATH else _find_local
        return await asyncio.to_thread(lambda: folder_as_action(reference, _found(find, reference, context), context))


def folder_as_action(reference: ActionReference, directory: Path, context: ResolveContext) -> ResolvedAction:
    """A folder that is an action as it stands; where only its definition is wanted, nothing else in it is read.

    Raises `ResolveError` for one without an action file and `StoreError` when it can't be read.
    """
    check_action_file(reference, directory)
    try:
        # It may be a whole repository, with the data that lies in it: a check must not read all of that.
        digest = "" if context.only_definition else tree_digest(directory)
    except OSError as error:
        path = ascii(str(error.filename or directory))
        raise StoreError(f"{reference}: {path} can't be read: {error.strerror or error}") from error
    except RecursionError as error:
        raise StoreError(f"{reference}: the folders in {str(directory)!a} nest too deep to be read") from error
    return ResolvedAction(reference=reference, directory=directory, digest=digest, file=reference.file)


def _found(
    find: Callable[[ActionReference, ResolveContext], Path], reference: ActionReference, context: ResolveContext
) -> Path:
    """The folder that ``find`` finds. Raises `ResolveError` only."""
    try:
        return find(reference, context)
    except OSError as error:
        path = str(error.filename or reference.name)
        if error.errno == errno.ENAMETOOLONG:
            raise ActionNotFound(f"{reference}: a folder's name is not that long", hint="check the path") from error
        raise StoreError(f"{reference}: {path!a} can't be read: {error.strerror or error}") from error


def _find_path(reference: ActionReference, context: ResolveContext) -> Path:
    if context.base is None:
        raise ActionNotFound(
            f"{reference} stands beside the pipeline's file, and this pipeline has none",
            hint="give the pipeline's folder as base",
        )
    directory = (context.base / reference.name).resolve()
    if not directory.is_dir():
        kind = "is not a folder" if directory.exists() else "does not exist"
        raise ActionNotFound(f"{reference}: {directory} {kind}", hint="the path starts at the pipeline file's folder")
    return directory


def _find_local(reference: ActionReference, context: ResolveContext) -> Path:
    tag = reference.ref or DEFAULT_REF
    if not context.local_actions:
        raise ActionNotFound(
            f"there is no folder of local actions to look for {reference} in",
            hint="give one with --local-actions DIR, or set DATATORCH_AGENT_PATH",
        )
    for root in context.local_actions:
        directory = root.joinpath(*reference.name.split("/"), *tag.split("/")).absolute()
        if directory.is_dir():
            return directory.resolve()
    searched = ", ".join(str(root) for root in context.local_actions)
    raise ActionNotFound(f"{reference} is not in {searched}", hint=_tags_hint(reference, context, tag))


def _tags_hint(reference: ActionReference, context: ResolveContext, tag: str) -> str:
    for root in context.local_actions:
        folder = root.joinpath(*reference.name.split("/"))
        if folder.is_dir():
            tags = sorted(path.name for path in folder.iterdir() if path.is_dir())
            if tags:
                return f"it has {', '.join(tags[:5])}"
    return f"it is looked up as DIR/{reference.name}/{tag}"
