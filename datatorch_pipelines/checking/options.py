"""What whoever asks for a check may choose."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from attrs import field, frozen

from datatorch_pipelines.checking.settings import Settings
from datatorch_pipelines.checks import Check
from datatorch_pipelines.checks.extra import accepted_checks, registered_checks
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:  # asyncio comes with it, which most checks don't need
    from datatorch_pipelines.contracts import Resolver
    from datatorch_pipelines.resolvers import Credentials, Store

PathLike = str | os.PathLike[str]


class CheckArguments(TypedDict, total=False):
    """What `check`, `check_files` and `check_text` take beside the file.

    - ``fetch``: fetch the actions that are named and not in the store; without it no network is touched, and what
      depends on an action that is not there is not told.
    - ``resolvers``: asked for actions before the usual ones.
    - ``local_actions``: folders that hold ``local/name@tag`` actions as ``name/tag``.
    - ``store``: where fetched actions are kept: a `Store` or its folder (the user's cache folder).
    - ``credentials``: told the URL of a repository, gives a user and a password for it, or ``None``; for ``fetch``.
    - ``extra_checks``: checks beside the library's own and those that installed packages register.
    - ``settings``: which codes are ignored, enabled or of another severity; no file is read for it unless you do
      (`load_settings`, `find_settings`).
    - ``limits``: bounds on files and expressions; unless given, those of the settings.
    """

    fetch: bool
    resolvers: Sequence[Resolver]
    local_actions: Sequence[PathLike]
    store: Store | PathLike | None
    credentials: Credentials | None
    extra_checks: Sequence[Check]
    settings: Settings
    limits: Limits


_ARGUMENTS = frozenset(CheckArguments.__annotations__)


@frozen(kw_only=True)
class CheckOptions:
    """How files are checked: as `CheckArguments`, with everything in its place."""

    fetch: bool = False
    resolvers: tuple[Resolver, ...] = ()
    local_actions: tuple[Path, ...] = ()
    store: Store | PathLike | None = None
    credentials: Credentials | None = None
    extra_checks: tuple[Check, ...] = ()
    settings: Settings = field(factory=Settings)
    limits: Limits = DEFAULT_LIMITS


def check_options(arguments: CheckArguments) -> CheckOptions:
    """The options that a caller's arguments stand for.

    Raises ``TypeError`` for an argument that there is none of, and `PipelinesError` for a check that can't be used: one
    of the caller's, or one that an installed package registers.
    """
    for name in arguments:
        if name not in _ARGUMENTS:
            near = difflib.get_close_matches(name, _ARGUMENTS, n=1)
            raise TypeError(f"unexpected argument {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    folders = arguments.get("local_actions", ())
    if isinstance(folders, str | os.PathLike):  # a single one; a text would else be taken letter by letter
        folders = (folders,)
    settings = arguments.get("settings", Settings())
    return CheckOptions(
        fetch=arguments.get("fetch", False),
        resolvers=tuple(arguments.get("resolvers", ())),
        local_actions=tuple(Path(folder) for folder in folders),
        store=arguments.get("store"),
        credentials=arguments.get("credentials"),
        extra_checks=(*accepted_checks(arguments.get("extra_checks", ())), *registered_checks()),
        settings=settings,
        limits=arguments.get("limits", settings.limits or DEFAULT_LIMITS),
    )
