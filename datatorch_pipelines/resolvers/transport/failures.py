"""What went wrong with a git server, in this library's words: dulwich's errors share no root, and say little."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from dulwich.errors import GitProtocolError, HangupException, NotGitRepository

from datatorch_pipelines._masking import Masker
from datatorch_pipelines.errors import ActionNotFound, ActionRefused, AuthenticationFailed, FetchFailed, ResolveError
from datatorch_pipelines.resolvers.cancellation import Cancelled
from datatorch_pipelines.resolvers.objects.pack import BrokenPack
from datatorch_pipelines.resolvers.transport.session import Session
from datatorch_pipelines.resolvers.transport.ssh_failures import ssh_failure
from datatorch_pipelines.resolvers.urls import GitUrl

_MISSING = re.compile(
    r"(?i)not found|not exported|does not exist|not appear to be a git repository|no such (?:repo|proj)"
)
_DENIED = re.compile(r"(?i)permission denied|access denied|authentication|not authori[sz]ed|forbidden|publickey")


_TOKEN_LENGTH = 16
"""A user of a URL without password that is as long as this is a token; a name could not be told from words."""


class RepositoryMissing(ActionNotFound):
    """The server has no such repository."""


class RefMissing(ActionNotFound):
    """The repository has no such tag, branch or commit."""


class LoginWanted(AuthenticationFailed):
    """The server wants a user and a password, and there are none."""


def secrets_of(username: str | None, password: str | None) -> list[str]:
    """What of a login may be shown nowhere: the password, and a user that is a token."""
    token = username if username and len(username) >= _TOKEN_LENGTH else None
    return [secret for secret in (password, token) if secret]


def raise_failure(error: BaseException, url: GitUrl, session: Session) -> NoReturn:
    """Raises what an error of a conversation means: a `ResolveError`, or `Cancelled`."""
    if session.expired:
        raise FetchFailed(f"{url} took longer than {session.timeouts.total:g} seconds", hint="try again later")
    if session.cancellation.cancelled:
        raise Cancelled from None
    masker = Masker([*(secrets_of(url.username, url.password) if url.is_http else ()), *session.secrets])
    if isinstance(error, ActionRefused):
        _mask(error, masker)
        raise ActionRefused(f"{url}: {error.message}", hint=error.hint) from error
    if isinstance(error, ResolveError):
        if isinstance(error, RefMissing):
            _mask(error, masker)
        raise error
    said = "; ".join(line.decode("utf-8", "replace") for line in session.ssh_errors[-3:]) or str(error)
    telling = [one for one in _causes(error) if masker.holds_secret(str(one))]
    if telling:
        # A server may say the password that it was sent. Nothing of that error may be shown, so none is chained, and
        # what Python itself remembers of it is masked too.
        for one in telling:
            one.args = (masker.text(str(one)),)
        raise FetchFailed(f"{url} does not speak git as expected: {_line(masker.text(said))}") from None
    if isinstance(error, NotGitRepository):
        raise RepositoryMissing(f"there is no git repository at {url}", hint="is the name right?") from error
    if isinstance(error, MemoryError):
        raise FetchFailed(
            f"there is not enough memory for what {url} holds", hint="free some, or allow less"
        ) from error
    if isinstance(error, BrokenPack) and url.scheme == "file":
        raise FetchFailed(f"{url} is damaged: {error}", hint="`git fsck` says more") from error
    if isinstance(error, BrokenPack):
        raise FetchFailed(f"{url} sent a broken pack: {error}", hint="try again later") from error
    if _timed_out(error):
        raise FetchFailed(f"{url} did not answer in time", hint="try again later") from error
    if url.scheme == "ssh" and isinstance(error, (GitProtocolError, HangupException, OSError)):
        told = ssh_failure(url, session.ssh_errors)
        if told is not None:
            raise told from error
    if isinstance(error, HangupException) and not session.ssh_errors:
        raise FetchFailed(f"{url} broke off", hint="try again later") from error
    if isinstance(error, GitProtocolError) and _MISSING.search(said):
        raise RepositoryMissing(f"there is no git repository at {url}", hint="is the name right?") from error
    if isinstance(error, GitProtocolError) and _DENIED.search(said):
        _raise_denied(error, url)
    reason = _unreachable_reason(error)
    if reason is not None:
        place, hint = (url, "can it be read?") if url.scheme == "file" else (url.origin, "is it online?")
        raise FetchFailed(f"{place} can't be reached: {_line(reason)}", hint=hint) from error
    raise FetchFailed(f"{url} does not speak git as expected: {_line(said)}", hint="is the URL right?") from error


def _mask(error: ResolveError, masker: Masker) -> None:
    """Hides secrets in an error that holds names which a server gave: they may be the password that it was sent."""
    error.message = masker.text(error.message)
    error.hint = None if error.hint is None else masker.text(error.hint)
    error.args = (error.message,)


def _raise_denied(error: BaseException, url: GitUrl) -> NoReturn:
    if url.scheme == "ssh":
        raise AuthenticationFailed(f"{url} refused the ssh key", hint="can `ssh` log in to it?") from error
    if url.username is None and url.password is None:
        raise AuthenticationFailed(f"{url} wants a user and password", hint="give them") from error
    raise AuthenticationFailed(f"{url} refused the user and password", hint="check them") from error


def _line(text: str) -> str:
    """One line for a message, not too long."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:200]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those behind it."""
    seen: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        one = todo.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            todo += [one.__cause__, one.__context__]


def _timed_out(error: BaseException) -> bool:
    """Whether a time-out is behind an error."""
    return any(isinstance(one, TimeoutError) for one in _causes(error))


def _unreachable_reason(error: BaseException) -> str | None:
    """The system's reason why a server can't be reached, or ``None`` if that is not what went wrong."""
    system = [one for one in _causes(error) if isinstance(one, OSError)]
    return (system[-1].strerror or str(system[-1])) if system else None
