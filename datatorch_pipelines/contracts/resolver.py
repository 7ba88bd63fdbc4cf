"""The interface of a resolver: from an action's reference to a folder with its files."""

from __future__ import annotations

import abc
from collections.abc import Callable
from pathlib import Path

from attrs import field, frozen

from datatorch_pipelines.limits import DEFAULT_LIMITS, Limits
from datatorch_pipelines.model.reference import ActionReference, hide_credentials


def _no_warning(message: str) -> None:
    """Drops a warning that nobody asked for."""


def _bare(url: str | None) -> str | None:
    """A URL as it may be shown and recorded, whatever a resolver of other people took it from."""
    while isinstance(url, str) and (bare := hide_credentials(url)) != url:
        url = bare
    return url


class ResolveRun:
    """Stands for one run: what a server answered in it need not be asked again in it."""

    __slots__ = ("__weakref__",)


@frozen(kw_only=True)
class ResolveContext:
    """What a resolver is told beside the reference.

    ``base`` is the pipeline file's folder, for ``./path``; ``local_actions`` are the folders that hold ``local/``
    actions; ``offline`` forbids every use of the network; ``warn`` takes a one-line warning for the person.
    ``strict`` refuses what was fetched before in place of what a server would say now, when that can't be asked.
    ``fresh`` has a server asked also for a tag that is known already, and that its owner may have moved since.
    ``only_definition`` says that the action will be read and not run: what costs more than finding its folder, such as
    a digest over all that is in it, can be left out.
    ``run`` is the same object in all contexts of one run, also in those that ``attrs.evolve`` made out of one.
    """

    base: Path | None = None
    local_actions: tuple[Path, ...] = ()
    offline: bool = False
    strict: bool = False
    fresh: bool = False
    only_definition: bool = False
    limits: Limits = DEFAULT_LIMITS
    warn: Callable[[str], None] = field(default=_no_warning, repr=False)
    run: ResolveRun = field(factory=ResolveRun, eq=False, repr=False)


@frozen(kw_only=True)
class ResolvedAction:
    """An action that is here, ready to be read and run.

    ``directory`` holds its files and is not to be written to; ``file`` is the action file's name in it, ``None`` for
    the usual names. ``commit`` is the full commit id (``None`` for what is no repository), ``url`` where it came from
    (credentials in it are dropped), and ``digest`` the digest of the files (see ``tree_digest``; empty where the
    context said that only the definition is wanted, and the digest is not known without reading every file). ``kind``
    is what the reference's ref is: ``tag``, ``branch``, ``default`` or ``commit``; ``None`` where that is not known.
    """

    reference: ActionReference
    directory: Path
    digest: str
    file: str | None = None
    commit: str | None = None
    url: str | None = field(default=None, converter=_bare)
    kind: str | None = None


class Resolver(abc.ABC):
    """Finds actions. A chain of resolvers is asked in order, each only for what it matches.

    Several tasks, threads and event loops may use one at the same time. ``datatorch_pipelines.testing`` has the tests
    that hold an implementation to all of this.
    """

    @abc.abstractmethod
    def matches(self, reference: ActionReference) -> bool:
        """Whether this resolver is to be asked for such a reference. Must not touch disk or network."""

    @abc.abstractmethod
    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        """The action, fetched if need be. Cancelling ends it at once and leaves nothing half-written.

        Raises `ActionNotFound` to let the next resolver of the chain try; any other `ResolveError` ends the search.
        """
