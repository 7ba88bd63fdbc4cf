"""Actions of any git service, named by a URL."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence

from attrs import evolve

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, ActionRefused
from datatorch_pipelines.model.reference import ActionReference, ReferenceKind
from datatorch_pipelines.resolvers.asking.listing import RemoteRefs
from datatorch_pipelines.resolvers.bounds import StoreLimits, Timeouts
from datatorch_pipelines.resolvers.repositories import Options, Repositories
from datatorch_pipelines.resolvers.storage.store import Store
from datatorch_pipelines.resolvers.transport.credentials import Credentials, asked_once
from datatorch_pipelines.resolvers.urls import GitUrl, parse_git_url


class GitResolver(Resolver):
    """Fetches actions that are named by a git URL: ``{name, tag, git}``.

    ``store`` is where they are kept: a `Store` or its folder (the user's cache folder unless given). ``limits`` and
    ``timeouts`` bound what a server may do; ``ssh_command`` is the program for ssh URLs, with its options.
    ``credentials`` is told the URL of a repository whose server wants a user and a password, and gives them, or
    ``None``: for an http or https URL that has none, at most once for each repository and run, in a thread of its own.
    Where it gives none, the user's netrc file is looked into. ``ca_file`` (PEM) holds the certificate authorities that
    https servers may be of, in place of the environment's and the system's.
    """

    def __init__(
        self,
        store: Store | str | os.PathLike[str] | None = None,
        *,
        limits: StoreLimits | None = None,
        timeouts: Timeouts | None = None,
        ssh_command: Sequence[str] = ("ssh",),
        credentials: Credentials | None = None,
        ca_file: str | os.PathLike[str] | None = None,
    ) -> None:
        options = Options(
            limits or StoreLimits(),
            timeouts or Timeouts(),
            tuple(ssh_command),
            credentials=asked_once(credentials),
            ca_file=None if ca_file is None else os.fspath(ca_file),
        )
        self._repositories = Repositories(store, options)

    def matches(self, reference: ActionReference) -> bool:
        """Whether the reference names a git URL."""
        return reference.kind is ReferenceKind.GIT

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        """The action's files at its tag, branch or commit.

        Raises `ActionRefused` for a URL that is not allowed or files that are not safe, `ActionNotFound` for a missing
        repository, tag, branch or commit, `AuthenticationFailed`, `FetchFailed` when the server can't be reached,
        `StoreError` when the disk fails, and `ResolveError` for a repository without an action file.
        """
        return await self._repositories.resolve(reference, ((_url_of(reference),),), context)

    async def refs(self, reference: ActionReference, context: ResolveContext) -> RemoteRefs:
        """The branches and tags of the action's repository; raises what `resolve` does."""
        return await self._repositories.refs(reference, ((_url_of(reference),),), context)


def _url_of(reference: ActionReference) -> GitUrl:
    """The URL to ask for a reference: https instead of GitHub's git://, of which the checks tell (DT502)."""
    if reference.git is None:
        raise ActionNotFound(f"{reference} names no git URL")
    try:
        return _served_url(reference.git)
    except ActionRefused as error:
        raise ActionRefused(f"{reference}: {error.message}", hint=error.hint) from error


@functools.lru_cache(maxsize=1024)
def _served_url(text: str) -> GitUrl:
    """The URL to ask, which is another than the one given where that is GitHub's git:// (it ended in 2022)."""
    url = parse_git_url(text)
    if url.scheme == "git" and url.host.rstrip(".") in ("github.com", "www.github.com") and url.port in (None, 9418):
        return evolve(url, scheme="https", port=None, host="github.com")
    return url
