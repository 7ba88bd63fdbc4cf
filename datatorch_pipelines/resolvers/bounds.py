"""The bounds on what a git server may make us do: how much it may send, and how long it may take."""

from __future__ import annotations

from attrs import field, frozen, validators

from datatorch_pipelines.errors import ActionRefused

_positive = validators.gt(0)
_seconds = validators.gt(0.0)


@frozen(kw_only=True)
class StoreLimits:
    """Bounds on an action's repository; one that passes them is refused with `ActionRefused`.

    >>> StoreLimits(max_entries=10).max_entries
    10
    """

    max_received_bytes: int = field(default=512 * 1024 * 1024, validator=_positive)
    """What one server may send for one action, in bytes, its list of branches and tags included."""
    max_unpacked_bytes: int = field(default=2 * 1024 * 1024 * 1024, validator=_positive)
    """The size of all objects that a server sends, unpacked, in bytes."""
    max_objects: int = field(default=1_000_000, validator=_positive)
    """How many objects of git (commits, folders and files) a server may send."""
    max_tree_bytes: int = field(default=1024 * 1024 * 1024, validator=_positive)
    """The size of an action's files together, in bytes."""
    max_file_bytes: int = field(default=256 * 1024 * 1024, validator=_positive)
    """The size of one file, in bytes."""
    max_entries: int = field(default=50_000, validator=_positive)
    """How many files, folders and links an action may have."""
    max_depth: int = field(default=64, validator=_positive)
    """How deep an action's folders may nest."""


def passed_limit(name: str, message: str) -> ActionRefused:
    """The error for what passed a limit: its hint says what raises the limit.

    >>> passed_limit("max_depth", "its folders nest deeper than 64").hint
    'StoreLimits(max_depth=...) of the resolver allows more'
    """
    return ActionRefused(message, hint=f"StoreLimits({name}=...) of the resolver allows more")


@frozen(kw_only=True)
class Timeouts:
    """How long a git server may take, in seconds.

    ``connect`` to answer the call, ``idle`` between two pieces of what it sends, ``total`` for one repository.
    """

    connect: float = field(default=10.0, validator=_seconds)
    idle: float = field(default=30.0, validator=_seconds)
    total: float = field(default=900.0, validator=_seconds)
