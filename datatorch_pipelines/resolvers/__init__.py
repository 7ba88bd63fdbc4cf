"""From an action's reference to a folder with its files: resolvers, and the store of what was fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines._late import late
from datatorch_pipelines.resolvers.chain import resolve_chain
from datatorch_pipelines.resolvers.local import LocalResolver, default_local_actions
from datatorch_pipelines.resolvers.mapping import MappingResolver

if TYPE_CHECKING:
    from datatorch_pipelines.resolvers.asking.listing import ListsRefs, RemoteRefs, list_refs
    from datatorch_pipelines.resolvers.bounds import StoreLimits, Timeouts
    from datatorch_pipelines.resolvers.cancellation import Cancellation
    from datatorch_pipelines.resolvers.found import FoundAction
    from datatorch_pipelines.resolvers.git import GitResolver
    from datatorch_pipelines.resolvers.github import GitHubResolver
    from datatorch_pipelines.resolvers.lock_reading import read_lock
    from datatorch_pipelines.resolvers.lockfile import Lock, LockChanges, LockedAction, LockUpdate
    from datatorch_pipelines.resolvers.storage.store import Store
    from datatorch_pipelines.resolvers.storage.stored import DamagedAction, Entry, StoredAction
    from datatorch_pipelines.resolvers.threads import in_thread
    from datatorch_pipelines.resolvers.transport.credentials import Credentials

__all__ = [
    "Cancellation",
    "Credentials",
    "DamagedAction",
    "Entry",
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
    "StoredAction",
    "Timeouts",
    "default_local_actions",
    "in_thread",
    "list_refs",
    "read_lock",
    "resolve_chain",
    "tree_digest",
]

# A pipeline whose actions are folders, or that has none, doesn't pay for what speaks to servers.
__getattr__ = late(
    globals(),
    {
        "Cancellation": "cancellation",
        "Credentials": "transport.credentials",
        "DamagedAction": "storage.stored",
        "Entry": "storage.stored",
        "FoundAction": "found",
        "GitHubResolver": "github",
        "GitResolver": "git",
        "ListsRefs": "asking.listing",
        "Lock": "lockfile",
        "LockChanges": "lockfile",
        "LockUpdate": "lockfile",
        "LockedAction": "lockfile",
        "RemoteRefs": "asking.listing",
        "Store": "storage.store",
        "StoreLimits": "bounds",
        "StoredAction": "storage.stored",
        "Timeouts": "bounds",
        "in_thread": "threads",
        "list_refs": "asking.listing",
        "read_lock": "lock_reading",
    },
)
