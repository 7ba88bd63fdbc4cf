"""What a repository's branches and tags are, asked of its server; nothing is fetched."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from attrs import frozen

from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.errors import ActionNotFound, AuthenticationFailed, FetchFailed, ModelError, ResolveError
from datatorch_pipelines.model.reference import ActionReference, check_ref
from datatorch_pipelines.resolvers import refs as names
from datatorch_pipelines.resolvers.bounds import StoreLimits, Timeouts
from datatorch_pipelines.resolvers.cancellation import Cancellation, Cancelled
from datatorch_pipelines.resolvers.refs import BRANCHES, HEAD, PEELED, TAGS
from datatorch_pipelines.resolvers.transport.credentials import Asker
from datatorch_pipelines.resolvers.urls import GitUrl

if TYPE_CHECKING:
    from datatorch_pipelines.resolvers.transport.session import Session


@frozen
class RemoteRefs:
    """The branches and tags of a repository, each with the whole id of its commit (annotated tags are peeled).

    ``url`` is where they were found, without credentials. Only names that git allows and that can be printed are
    listed. ``default_branch`` is ``None`` where the server doesn't tell it, ``default_commit`` where there is none.
    """

    url: str
    branches: Mapping[str, str]
    tags: Mapping[str, str]
    default_branch: str | None = None
    default_commit: str | None = None

    def commit(self, ref: str | None) -> str | None:
        """The commit that a ref means, as the resolvers have it: a branch before a tag; ``None`` for an unknown one.

        >>> RemoteRefs("https://example.org/a.git", branches={"main": "12ab"}, tags={"v1": "34cd"}).commit("v1")
        '34cd'
        """
        if ref is None or names.means_default(ref):
            return self.default_commit
        if ref.startswith("refs/"):
            name = ref.encode()
            known = self.tags if name.startswith(TAGS) else self.branches if name.startswith(BRANCHES) else {}
            return known.get(ref.split("/", 2)[-1])
        return self.branches.get(ref) or self.tags.get(ref)

    def near_names(self, ref: str) -> str:
        """A hint out of the names that there are."""
        return names.near_names(
            {
                **{BRANCHES + name.encode(): b"" for name in self.branches},
                **{TAGS + name.encode(): b"" for name in self.tags},
            },
            ref,
        )


@runtime_checkable
class ListsRefs(Protocol):
    """A resolver that can also tell which branches and tags a reference's repository has."""

    def matches(self, reference: ActionReference) -> bool:
        """Whether this resolver is to be asked for such a reference."""

    async def refs(self, reference: ActionReference, context: ResolveContext) -> RemoteRefs:
        """The branches and tags of the reference's repository; raises what ``resolve`` does."""


async def list_refs(resolvers: Sequence[object], reference: ActionReference, context: ResolveContext) -> RemoteRefs:
    """The branches and tags of a reference's repository, from the first resolver that knows it.

    A resolver that can't list any is passed over. Raises `ActionNotFound` when none knows the repository, and any other
    `ResolveError` as it comes; what a resolver raises besides comes as a `ResolveError` that names it.
    """
    missing: list[ActionNotFound] = []
    for resolver in resolvers:
        if not isinstance(resolver, ListsRefs) or not resolver.matches(reference):
            continue
        try:
            return await resolver.refs(reference, context)
        except ActionNotFound as error:
            missing.append(error)
        except ResolveError:
            raise
        except Exception as error:
            name = type(resolver).__name__
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise ResolveError(f"{name} failed on {reference}: {said}") from error
    if not missing:
        raise ActionNotFound(f"no resolver can list the tags of {reference}", hint="write its tag by hand")
    raise missing[0]


@frozen(kw_only=True)
class Listing:
    """One question to a repository's servers, asked in a thread."""

    limits: StoreLimits
    timeouts: Timeouts
    ssh_command: tuple[str, ...]
    credentials: Asker | None
    ca_file: str | None
    anonymous_means_missing: bool
    cancellation: Cancellation

    def run(self, candidates: Sequence[Sequence[GitUrl]]) -> RemoteRefs:
        """The refs of the first candidate that exists. Raises `ResolveError`; its text names the URL."""
        missing: list[ActionNotFound] = []
        for urls in candidates:
            try:
                return self._repository(urls)
            except ActionNotFound as error:
                missing.append(error)
        if len(missing) == 1:
            raise missing[0]
        raise ActionNotFound(", and ".join(error.message for error in missing), hint=missing[-1].hint)

    def _repository(self, urls: Sequence[GitUrl]) -> RemoteRefs:
        from datatorch_pipelines.resolvers.transport.failures import LoginWanted
        from datatorch_pipelines.resolvers.transport.session import Session

        missing: list[ActionNotFound] = []
        for url in urls:
            session = Session(
                self.cancellation,
                self.timeouts,
                self.limits,
                self.ssh_command,
                ca_file=self.ca_file,
                credentials=self.credentials,
            )
            try:
                return ask_refs(url, session)
            except ActionNotFound as error:
                missing.append(error)
            except AuthenticationFailed as error:
                if not self.anonymous_means_missing or not isinstance(error, LoginWanted):
                    raise
                missing.append(hidden_repository(url))
                missing[-1].__cause__ = error
        raise missing[0]


def hidden_repository(url: GitUrl) -> ActionNotFound:
    """What is said of a repository that a server shows to nobody without a password."""
    text = f"there is no repository at {url}, or it is private"
    # The environment's token is not sent to every server that is built like GitHub.
    token = "set GITHUB_TOKEN" if url.host == "github.com" else "give a token, or a login in netrc"
    return ActionNotFound(text, hint=f"is the name right? for a private one {token}")


def ask_refs(url: GitUrl, session: Session) -> RemoteRefs:
    """Asks one URL for its branches and tags.

    Raises `RepositoryMissing`, `AuthenticationFailed`, `FetchFailed` or `ActionRefused`, without credentials in their
    texts.
    """
    from datatorch_pipelines.resolvers.transport.failures import raise_failure

    try:
        with session.deadline():
            refs, default = _local(url, session) if url.scheme == "file" else _remote(url, session)
            return _checked(url, refs, default)
    except (Exception, Cancelled) as error:
        raise_failure(error, url, session)


def _remote(url: GitUrl, session: Session) -> tuple[dict[bytes, bytes], bytes | None]:
    """The refs of a server, and the branch that its HEAD is."""
    from datatorch_pipelines.resolvers.transport.transport import open_client

    with contextlib.ExitStack() as stack:
        client = stack.enter_context(open_client(url, session))
        answer = client.get_refs(cast(Any, url.path), ref_prefix=[HEAD, BRANCHES, TAGS])
        if getattr(client, "dumb", False):
            raise FetchFailed(f"{url} does not speak git's smart protocol", hint="is the URL right?")
        head = cast(dict[bytes, bytes], answer.symrefs).get(HEAD)
        return {bytes(name): bytes(sha) for name, sha in answer.refs.items() if sha is not None}, head


def _local(url: GitUrl, session: Session) -> tuple[dict[bytes, bytes], bytes | None]:
    """The refs of a repository of this machine."""
    from datatorch_pipelines.resolvers.asking.disk_repository import DiskRepository

    with contextlib.closing(DiskRepository(url, session.limits, session.cancellation.check)) as repository:
        return repository.refs(), repository.head()


def _checked(url: GitUrl, refs: Mapping[bytes, bytes], default: bytes | None) -> RemoteRefs:
    """A server's refs, those of a right form: what it sends may end up in somebody's file."""
    if not all(names.is_object_id(sha) for sha in refs.values()):
        raise FetchFailed(f"{url} names what is no commit", hint="is the URL right?")
    found: dict[bytes, dict[str, str]] = {BRANCHES: {}, TAGS: {}}
    for prefix, known in found.items():
        for name, sha in refs.items():
            text = _name(name, prefix)
            if text is not None:
                known[text] = refs.get(name + PEELED, sha).decode()
    head = refs.get(HEAD)
    return RemoteRefs(
        str(url),
        branches=found[BRANCHES],
        tags=found[TAGS],
        default_branch=_name(default, BRANCHES) if default is not None else None,
        default_commit=None if head is None else head.decode(),
    )


def _name(name: bytes, prefix: bytes) -> str | None:
    """The name of a branch or tag; ``None`` for what is none, or has a name that git doesn't allow."""
    if not name.startswith(prefix) or name.endswith(PEELED):
        return None
    try:
        text = check_ref(name.removeprefix(prefix).decode())
    except (ModelError, UnicodeDecodeError):
        return None
    return text if text.isprintable() else None
