"""Actions that somebody names by hand: for tests, and for working on an action that a pipeline uses."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers.local import folder_as_action


class MappingResolver(Resolver):
    """Finds the actions of a mapping from ``owner/name@tag``, or ``owner/name`` for every tag, to folders.

    >>> resolver = MappingResolver({"me/add": "actions/add"})
    >>> resolver.matches(ActionReference.parse("me/add@v1")), resolver.matches(ActionReference.parse("me/sub@v1"))
    (True, False)
    """

    def __init__(self, actions: Mapping[str, str | os.PathLike[str]]) -> None:
        self._actions = {name: Path(path).absolute() for name, path in actions.items()}

    def matches(self, reference: ActionReference) -> bool:
        """Whether the mapping names the reference, with or without its tag."""
        return self._find(reference) is not None

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        """The folder that the mapping names.

        Raises `ActionNotFound` where there is none, `ResolveError` for one without an action file and `StoreError`
        when it can't be read.
        """
        directory = self._find(reference)
        if directory is None or not directory.is_dir():
            raise ActionNotFound(f"{reference}: {directory or 'its folder'} does not exist")
        return await asyncio.to_thread(folder_as_action, reference, directory, context)

    def _find(self, reference: ActionReference) -> Path | None:
        text = str(reference)
        return self._actions.get(text) or self._actions.get(text.removesuffix(f"@{reference.ref}"))
