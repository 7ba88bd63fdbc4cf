"""What an http server's answer means, told from its status and headers before its content is believed."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable
from typing import Any

from attrs import frozen

from datatorch_pipelines.errors import FetchFailed, ResolveError
from datatorch_pipelines.resolvers.transport.failures import RepositoryMissing
from datatorch_pipelines.resolvers.transport.session import Session

_REFS_TYPE = "application/x-git-upload-pack-advertisement"
_PACK_TYPE = "application/x-git-upload-pack-result"
_PEEK_BYTES = 1024
_DUMB = re.compile(rb"[0-9a-f]{40,64}\trefs/")
_LONGEST_WAIT = 86_400


@frozen
class Answer:
    """An answer as dulwich wants one. ``place`` is what an error about it names."""

    response: Any
    redirect_location: str
    place: str
    session: Session

    @property
    def content_type(self) -> str:
        """The type of the content, without parameters."""
        return str(self.response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()

    def close(self) -> None:
        """Nothing: the connection, which may be used again, has the answer's end to read."""

    def read(self, size: int) -> bytes:
        """``size`` bytes of the content, or none at its end. Raises `FetchFailed` when the server breaks off."""
        problem: FetchFailed
        self.session.count_piece()
        try:
            data = bytes(self.response.read(size))
            if size > len(data) and (data or self.response.length):
                problem = FetchFailed(f"{self.place} broke off", hint="try again later")
            else:
                return data
        except TimeoutError as error:
            raise FetchFailed(f"{self.place} did not answer in time", hint="try again later") from error
        except (OSError, http.client.HTTPException, ValueError):
            # The text of such an error may hold what the server sent.
            problem = FetchFailed(f"{self.place} broke off", hint="try again later")
        raise problem


def checked_answer(answer: Answer, *, is_pack: bool) -> Callable[[int], bytes]:
    """How to read an answer of git's smart protocol; raises `ResolveError` for any other answer."""
    status = answer.response.status
    if status != http.HTTPStatus.OK:
        raise _status_failure(answer, status)
    if answer.response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        # To unpack it could take any amount of memory, and no server does this unasked.
        raise FetchFailed(f"{answer.place} sends a compressed answer, unasked", hint="is there a proxy on the way?")
    if answer.content_type != (_PACK_TYPE if is_pack else _REFS_TYPE):
        raise _not_smart(answer)
    return answer.read


def offers_basic(response: Any) -> bool:
    """Whether a server that wants a login takes a user and a password; one that says nothing is tried."""
    offers = response.headers.get_all("WWW-Authenticate") or []
    return not offers or any(re.search(r"(?i)(?:^|,)\s*basic(?:\s|,|$)", offer) for offer in offers)


def _status_failure(answer: Answer, status: int) -> ResolveError:
    if status in (404, 410):
        return RepositoryMissing(f"there is no git repository at {answer.place.rstrip(',')}", hint="is the name right?")
    text = f"{answer.place} answered with the HTTP status {status}"
    if status in (429, 503):
        after = answer.response.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]{1,5}", after) and int(after) <= _LONGEST_WAIT:
            return FetchFailed(text, hint=f"try again in {int(after)} seconds")
    return FetchFailed(text, hint="try again later" if status >= 500 or status == 429 else "is the URL right?")


def _not_smart(answer: Answer) -> FetchFailed:
    """What is said of an answer that is none of git's smart protocol."""
    begin = _peek(answer)
    if not begin:
        return FetchFailed(f"{answer.place} answered with nothing", hint="is the URL right?")
    if answer.content_type == "text/html" or begin.lstrip().startswith(b"<"):
        return FetchFailed(
            f"{answer.place} answered with a web page", hint="is the URL right, or does it want a login in a browser?"
        )
    if _DUMB.match(begin):
        return FetchFailed(
            f"{answer.place} serves a repository's files, and does not speak git's smart protocol",
            hint="its server is to run git http-backend; else use another URL",
        )
    return FetchFailed(f"{answer.place} does not speak git's smart protocol", hint="is the URL right?")


def _peek(answer: Answer) -> bytes:
    """The first bytes of an answer, as many as there are."""
    data = b""
    try:
        while len(data) < _PEEK_BYTES and (more := answer.response.read1(_PEEK_BYTES)):
            data += more
    except (OSError, http.client.HTTPException, ValueError):
        answer.session.cancellation.check()
    return data
