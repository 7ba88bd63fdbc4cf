"""Files that are rewritten: mistakes fixed, actions pinned and upgraded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from typing import Unpack

    from datatorch_pipelines.checking import CheckArguments
    from datatorch_pipelines.contracts import Resolver
    from datatorch_pipelines.fixing import Fixed, Pinned
    from datatorch_pipelines.resolvers import Credentials

PathLike = str | os.PathLike[str]


def fix(path: PathLike, **arguments: Unpack[CheckArguments]) -> Fixed:
    """A file with the mistakes fixed that have a fix; nothing is written until ``write()`` of the result is called.

    ``diff()`` of the result shows the change. With ``fetch``, an action without a tag is pinned to the commit that it
    means now. Raises `PipelineSyntaxError` for a file that can't be read; the arguments are those of `check`.
    """
    from datatorch_pipelines.checking import check_options
    from datatorch_pipelines.fixing import fix_file

    return fix_file(path, check_options(arguments))


def fix_text(text: str, *, filename: str = "pipeline.yaml", **arguments: Unpack[CheckArguments]) -> Fixed:
    """As `fix`, for a text: ``after`` of the result is the new one.

    >>> fixed = fix_text("name: Add\\njobs: {add: {stesp: [{run: echo hello}]}}")
    >>> print(fixed.after)
    name: Add
    jobs: {add: {steps: [{run: echo hello}]}}
    """
    from datatorch_pipelines.checking import check_options
    from datatorch_pipelines.fixing import fix_source

    return fix_source(text, filename, check_options(arguments))


def pin(
    path: PathLike,
    *,
    resolvers: Sequence[Resolver] = (),
    credentials: Credentials | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Pinned:
    """A pipeline's file with each tag or branch of an action made the commit that it means now.

    The tag becomes a comment behind the commit, where one can stand. Nothing is written until ``write()`` of the result
    is called. A reference whose server gives no answer stays as it is, and is told of in ``failures`` of the result.
    Raises `PipelineSyntaxError` for a file that is no pipeline. ``resolvers`` are asked before the usual ones, where
    they have a method ``refs``, as `GitHubResolver` and `GitResolver` do; ``credentials`` is as for a run. Servers are
    asked each time: what is in the store counts for nothing.
    """
    return _readable(pin_files([path], resolvers=resolvers, credentials=credentials, limits=limits)[0])


def pin_files(
    paths: Iterable[PathLike],
    *,
    resolvers: Sequence[Resolver] = (),
    credentials: Credentials | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Pinned]:
    """As `pin`, for several files: each server is asked once; a file that can't be read says so in ``failures``."""
    from datatorch_pipelines.fixing import pin_files

    return pin_files(paths, resolvers=resolvers, credentials=credentials, limits=limits)


def upgrade(
    path: PathLike,
    names: Iterable[str] = (),
    *,
    resolvers: Sequence[Resolver] = (),
    credentials: Credentials | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Pinned:
    """A pipeline's file with each tag of an action made the newest one; a commit that was pinned becomes that tag's.

    ``names`` are the actions that are meant (``owner/repo``), all unless some are given. Tags are written as precisely
    as before where there is such a tag, so that ``v1`` becomes ``v3``; what comes before a release is left out unless
    the present tag is of that kind. The rest is as for `pin`; raises `PipelinesError` for a name that no step has.
    """
    return _readable(upgrade_files([path], names, resolvers=resolvers, credentials=credentials, limits=limits)[0])


def upgrade_files(
    paths: Iterable[PathLike],
    names: Iterable[str] = (),
    *,
    resolvers: Sequence[Resolver] = (),
    credentials: Credentials | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Pinned]:
    """As `upgrade`, for several files: each server is asked once, and the rest is as for `pin_files`."""
    from datatorch_pipelines.fixing import upgrade_files

    return upgrade_files(paths, names=names, resolvers=resolvers, credentials=credentials, limits=limits)


def _readable(pinned: Pinned) -> Pinned:
    for failure in pinned.failures:
        if isinstance(failure, PipelineSyntaxError):
            raise failure
    return pinned
