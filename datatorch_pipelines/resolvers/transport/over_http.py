"""http and https: dulwich's client over this library's own connections, with what it lacks.

That is: redirects that are looked at, a login when one is wanted, proxies, and answers that are checked before they are
read.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urljoin

from attrs import evolve
from dulwich.client import AbstractHttpGitClient, GitClient, default_user_agent_string

from datatorch_pipelines.errors import ActionRefused, AuthenticationFailed
from datatorch_pipelines.resolvers.transport.credentials import Login, is_private
from datatorch_pipelines.resolvers.transport.failures import LoginWanted, secrets_of
from datatorch_pipelines.resolvers.transport.http_answers import Answer, checked_answer, offers_basic
from datatorch_pipelines.resolvers.transport.http_connection import PORTS, Connection, proxy_refusal
from datatorch_pipelines.resolvers.transport.proxies import basic, proxy_for
from datatorch_pipelines.resolvers.transport.session import Session
from datatorch_pipelines.resolvers.transport.tls import tls_context
from datatorch_pipelines.resolvers.urls import GitUrl, parse_git_url

_REFS = "/info/refs"
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_UNQUOTED = "%/:=&~+!$,;'@()*"


@contextlib.contextmanager
def http_client(url: GitUrl, session: Session) -> Iterator[GitClient]:
    """A client for one repository; its connections close when the block ends."""
    client = _HttpClient(url, session)
    try:
        yield client
    finally:
        client.close()


class _HttpClient(AbstractHttpGitClient):
    """Asks one repository. Its errors are this library's own, and hold nothing that a server said in their texts."""

    def __init__(self, url: GitUrl, session: Session) -> None:
        self._place = evolve(url, username=None, password=None)
        super().__init__(str(self._place), thin_packs=False)
        self._asked_url = url
        self._session = session
        self._login = _own_login(url)
        self._has_asked = False
        self._connections: dict[str, Connection] = {}
        self._trust = functools.cache(lambda: tls_context(session.ca_file, os.environ))
        if url.scheme == "https":
            # What is wrong with the certificates of this machine is told before a server is asked.
            self._trust()
        # Packs from other places than the repository's own server are never asked for.
        self._fetch_capabilities.discard(b"packfile-uris")

    def close(self) -> None:
        """Closes the connections."""
        for connection in self._connections.values():
            connection.close()

    def _get_url(self, path: str | bytes) -> str:
        # dulwich would join the path to the server's address, and a path that begins with "//" is another server's.
        return f"{self._place}/" if not str(self._place).endswith("/") else str(self._place)

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,
    ) -> tuple[Any, Callable[[int], bytes]]:
        """What dulwich asks of a client: an answer with its type, and how to read it."""
        body = data if data is None or isinstance(data, bytes) else b"".join(data)
        address, _, query = url.partition("?")
        place = parse_git_url(address)
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._logged_in(place, query, headers or {}, body)
            if response.status not in _REDIRECTS:
                moved = "" if address == str(place) else f"{place}?{query}"
                answer = Answer(response, moved, self._described(place), self._session)
                return answer, checked_answer(answer, is_pack=body is not None)
            if body is not None:
                raise ActionRefused("the server redirects in the midst of a fetch", hint="is the URL right?")
            place = self._redirected(place, query, response.headers.get("Location", ""))
        raise ActionRefused(f"the server redirects more than {_MOST_REDIRECTS} times", hint="is the URL right?")

    def _logged_in(self, place: GitUrl, query: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        """The answer to a request, with a user and a password if the server wants them and there are some."""
        response, is_known = self._asked(place, query, headers, body)
        if response.status == 407:
            proxy = proxy_for(place, os.environ)
            if proxy is not None:
                raise proxy_refusal(proxy)
        if response.status not in (401, 403):
            return response
        shown = self._described(place)
        if not self._is_home(place):
            hint = "name that address in the pipeline itself"
            raise AuthenticationFailed(f"{shown} wants a user and password", hint=hint)
        if response.status == 401:
            if not offers_basic(response):
                raise AuthenticationFailed(
                    f"{shown} wants another login than a user and password", hint="use an ssh URL, if it has one"
                )
            if self._find_login():
                response, is_known = self._asked(place, query, headers, body)
                if response.status not in (401, 403):
                    return response
        if is_known and self._login is not None:
            source = f" {self._login.source}" if self._login.source else ""
            raise AuthenticationFailed(f"{shown} refused the user and password{source}", hint="check them")
        where = "in ~/.netrc or in the URL" if is_private(place, os.environ) else "in the URL, or use https"
        raise LoginWanted(f"{shown} wants a user and password", hint=f"give them {where}")

    def _find_login(self) -> bool:
        """Whether there is a login that was not tried yet."""
        find = self._session.credentials
        if self._has_asked or find is None or self._asked_url.password is not None:
            return False
        self._has_asked = True
        found = find(self._asked_url, self._session.cancellation)
        if found is None:
            return False
        self._session.secrets += secrets_of(found.username, found.password)
        self._login = found
        return True

    def _asked(self, place: GitUrl, query: str, headers: Mapping[str, str], body: bytes | None) -> tuple[Any, bool]:
        """The answer to one request, and whether user and password were sent: to the repository's own server alone."""
        sent = {
            "User-Agent": default_user_agent_string(),
            "Pragma": "no-cache",
            "Accept-Encoding": "identity",
            **headers,
        }
        is_known = self._login is not None and self._is_home(place)
        if is_known and self._login is not None:
            sent["Authorization"] = basic(self._login.username, self._login.password)
        target = quote(place.path, safe=_UNQUOTED) + (f"?{query}" if query else "")
        response = self._connection(place).request("POST" if body is not None else "GET", target, sent, body)
        return response, is_known

    def _connection(self, place: GitUrl) -> Connection:
        known = self._connections.get(place.origin)
        if known is None:
            proxy = proxy_for(place, os.environ)
            if proxy is not None and proxy.password:
                self._session.secrets.append(proxy.password)
            known = Connection(
                place, proxy, self._session, self._trust, name=self._server(place), about=self._described(place)
            )
            self._connections[place.origin] = known
        return known

    def _redirected(self, place: GitUrl, query: str, location: str) -> GitUrl:
        """Where a server sends us: another address of a repository, never from https to http."""
        hint = "is the URL right, or does it want a login in a browser?"
        refusal = ActionRefused("the server redirects to what is no git repository", hint=hint)
        # HTTP's headers are Latin-1 to the standard library, and UTF-8 to everybody else.
        said = location.encode("latin-1", "replace").decode("utf-8", "replace")
        target: GitUrl | None = None
        with contextlib.suppress(ValueError, ActionRefused):
            address, _, asked = urljoin(f"{place}?{query}", said).partition("?")
            if said and asked == query and address.endswith(_REFS):
                target = evolve(parse_git_url(address), username=None, password=None)
        if target is None or not target.is_http:
            raise refusal
        if place.scheme == "https" and target.scheme != "https":
            raise ActionRefused("the server redirects from https to http", hint="name an https URL")
        return target

    def _is_home(self, place: GitUrl) -> bool:
        """Whether a place is on the server that the URL names: the only one that is sent its user and password."""
        return _server_of(place) == _server_of(self._place)

    def _described(self, place: GitUrl) -> str:
        """The repository's URL, and the server that it redirects to."""
        return str(self._place) if self._is_home(place) else f"{self._place}, redirected to {self._server(place)},"

    def _server(self, place: GitUrl) -> str:
        """A server for an error's text: its name may hold a password that a server was sent."""
        sent = [*self._session.secrets, *secrets_of(self._asked_url.username, self._asked_url.password)]
        is_told = any(secret.lower() in place.origin for secret in sent) and not self._is_home(place)
        return "another server" if is_told else place.origin


def _own_login(url: GitUrl) -> Login | None:
    """The user and password that a URL has itself; a user alone may be a token."""
    if url.username is None and url.password is None:
        return None
    return Login(url.username or "", url.password or "", "")


def _server_of(place: GitUrl) -> tuple[str, str, int]:
    return place.scheme, place.host, place.port or PORTS[place.scheme]
