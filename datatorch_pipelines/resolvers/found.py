"""An action that was found: where its files are, and what it says of itself."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.model import Action, ActionReference


@frozen(kw_only=True)
class FoundAction:
    """An action that is on this machine, and its definition.

    ``directory`` holds its files and is not to be written to. ``commit`` and ``url`` (without credentials) say where
    they came from, and are ``None`` for an action that is a folder of this machine; ``digest`` is that of the files.
    ``warnings`` has a line for each thing that was doubtful about finding it.
    """

    reference: ActionReference
    directory: Path
    definition: Action
    digest: str
    commit: str | None = None
    url: str | None = None
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, resolved: ResolvedAction, definition: Action, warnings: tuple[str, ...] = ()) -> FoundAction:
        """What a resolver gave, and what the action's file says."""
        return cls(
            reference=resolved.reference,
            directory=resolved.directory,
            definition=definition,
            digest=resolved.digest,
            commit=resolved.commit,
            url=resolved.url,
            warnings=warnings,
        )
