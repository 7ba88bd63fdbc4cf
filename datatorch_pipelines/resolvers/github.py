"""Actions on GitHub, or on a server whose URLs are built the same way: ``owner/repo@ref``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionRefused
from datatorch_pipelines.model.reference import ActionReference, ReferenceKind
from datatorch_pipelines.resolvers.asking.listing import RemoteRefs
from datatorch_pipelines.resolvers.bounds import StoreLimits, Timeouts
from datatorch_pipelines.resolvers.repositories import Candidates, Options, Repositories
from datatorch_pipelines.resolvers.storage.store import Store
from datatorch_pipelines.resolvers.transport.credentials import Credentials, asked_once
from datatorch_pipelines.resolvers.urls import GitUrl, parse_git_url

GITHUB = "https://github.com"
ALIASES: Mapping[str, str] = {"datatorch": "datatorch-actions"}
"""DataTorch's own actions are written ``datatorch/x`` and live in ``datatorch-actions/x``."""
SERVER_VARIABLE = "GITHUB_SERVER_URL"
"""Names the GitHub that `TOKEN_VARIABLE` is for, as GitHub Actions sets it; github.com unless set."""
TOKEN_VARIABLE = "GITHUB_TOKEN"  # noqa: S105  # the name of a variable


class GitHubResolver(Resolver):
    """Fetches ``owner/repo@ref`` from ``{base_url}/{owner}/{repo}.git``.

    ``base_url`` may be any git URL that a path can be added to: GitHub Enterprise, or a server of one's own, which is
    also asked for ``{owner}/{repo}`` without ``.git``. ``token`` is sent as a password; without one, and without a user
    in ``base_url``, that of ``$GITHUB_TOKEN`` is: over https, and only to github.com or to ``$GITHUB_SERVER_URL``. An
    owner in ``aliases`` is first looked for under its alias, then as written. ``store``, ``limits``, ``timeouts``,
    ``ssh_command``, ``credentials`` and ``ca_file`` are as for `GitResolver`.
    """

    def __init__(
        self,
        base_url: str = GITHUB,
        token: str | None = None,
        aliases: Mapping[str, str] = ALIASES,
        store: Store | str | os.PathLike[str] | None = None,
        *,
        limits: StoreLimits | None = None,
        timeouts: Timeouts | None = None,
        ssh_command: Sequence[str] = ("ssh",),
        credentials: Credentials | None = None,
        ca_file: str | os.PathLike[str] | None = None,
    ) -> None:
        self._base = parse_git_url(base_url.rstrip("/") + "/-")
        self._token = token
        self._aliases = dict(aliases)
        options = Options(
            limits or StoreLimits(),
            timeouts or Timeouts(),
            tuple(ssh_command),
            credentials=asked_once(credentials),
            ca_file=None if ca_file is None else os.fspath(ca_file),
            anonymous_means_missing=True,
        )
        self._repositories = Repositories(store, options)
        self._candidates: dict[tuple[str, str | None], Candidates] = {}

    def matches(self, reference: ActionReference) -> bool:
        """Whether the reference is ``owner/repo``."""
        return reference.kind is ReferenceKind.GITHUB

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        """The action's files at its tag, branch or commit; raises what `GitResolver.resolve` does.

        A repository that GitHub shows to nobody without a password counts as not found.
        """
        return await self._repositories.resolve(reference, self._urls(reference.name), context)

    async def refs(self, reference: ActionReference, context: ResolveContext) -> RemoteRefs:
        """The branches and tags of the action's repository; raises what `resolve` does."""
        return await self._repositories.refs(reference, self._urls(reference.name), context)

    def _urls(self, name: str) -> Candidates:
        token = self._token
        if token is None and self._base.username is None and self._is_github():
            token = os.environ.get(TOKEN_VARIABLE)
        known = self._candidates.get((name, token))
        if known is None:
            owner, _, repository = name.partition("/")
            owners = [self._aliases[owner], owner] if owner in self._aliases else [owner]
            known = tuple(self._repository_urls(f"{each}/{repository}", token) for each in owners)
            self._candidates[name, token] = known
        return known

    def _is_github(self) -> bool:
        """Whether the server is the one that the environment's token is for; never over a line that others can read."""
        server = urlsplit(os.environ.get(SERVER_VARIABLE) or GITHUB).hostname
        return self._base.scheme == "https" and self._base.host == server

    def _repository_urls(self, name: str, token: str | None) -> tuple[GitUrl, ...]:
        stem = name.removesuffix(".git")
        if stem.rpartition("/")[2] in ("", ".", ".."):
            # What is left of `me/...git` would lead out of the owner's folder.
            raise ActionRefused(f"{name!r} is no repository", hint="write owner/repo@tag")
        path = self._base.path.removesuffix("-") + stem
        url = self._base.with_credentials("x-access-token", token) if token and self._base.is_http else self._base
        with_suffix = url.with_path(f"{path}.git")
        # GitHub answers both alike: to ask twice would only cost time.
        return (with_suffix,) if url.host == "github.com" else (with_suffix, url.with_path(path))
