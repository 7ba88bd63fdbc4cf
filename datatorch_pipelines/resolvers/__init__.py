"""From an action's reference to a folder with its files: resolvers, and the store of what was fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._late import late
from datatorch_pipelines.resolvers.chain import resolve_chain
from datatorch_pipelines.resolvers.local import LocalResolver, default_local_actions
from datatorch_pipelines.resolvers.mapping import MappingResolver

if TYPE_CHECKING:
    from datatorch_pipelines.resolvers.bounds import StoreLimits, Timeouts
    from datatorch_pipelines.resolvers.credentials import Credentials
    from datatorch_pipelines.resolvers.found import FoundAction
    from datatorch_pipelines.resolvers.git import GitResolver
    from datatorch_pipelines.resolvers.github import GitHubResolver
    from datatorch_pipelines.resolvers.listing import ListsRefs, RemoteRefs, list_refs
    from datatorch_pipelines.resolvers.lock_reading import read_lock
    from datatorch_pipelines.resolvers.lockfile import Lock, LockChanges, LockedAction, LockUpdate
    from datatorch_pipelines.resolvers.store import Store

__all__ = [
    "Credentials",
    "FoundAction",
    "GitHubResolver",
    "GitResolver",
    "ListsRefs",
    "LocalResolver",
    "Lock",
    "LockChanges",
    "LockUpdate",
    "LockedAction",
    "MappingResolver",
    "RemoteRefs",
    "Store",
    "StoreLimits",
    "Timeouts",
    "default_local_actions",
    "list_refs",
    "read_lock",
    "resolve_chain",
]

# A pipeline whose actions are folders, or that has none, doesn't pay for what speaks to servers.
__getattr__ = late(
    globals(),
    {
        "Credentials": "credentials",
        "FoundAction": "found",
        "GitHubResolver": "github",
        "GitResolver": "git",
        "ListsRefs": "listing",
        "Lock": "lockfile",
        "LockChanges": "lockfile",
        "LockUpdate": "lockfile",
        "LockedAction": "lockfile",
        "RemoteRefs": "listing",
        "Store": "store",
        "StoreLimits": "bounds",
        "Timeouts": "bounds",
        "list_refs": "listing",
        "read_lock": "lock_reading",
    },
)
