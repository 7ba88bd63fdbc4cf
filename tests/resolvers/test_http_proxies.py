"""Proxies that the environment names: used where they should be, and told of when they fail."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from git_servers import free_port, make_repository
from http_services import GitServer, ProxyServer, git_server, proxy_server
from rude_servers import raw_server

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import FetchFailed, PipelinesError, ResolveError
from datatorch_pipelines.resolvers import GitResolver, Store, Timeouts
from datatorch_pipelines.resolvers.transport.proxies import proxy_for
from datatorch_pipelines.resolvers.urls import parse_git_url

Resolve = Callable[..., ResolvedAction]
pytestmark = pytest.mark.usefixtures("own_environment")
PASSWORD = "pr0xy p@ss"
IN_URL = "pr0xy%20p%40ss"
LOGIN = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
WRITE = "write http://host:port, or http://user:password@host:port"


@pytest.fixture(autouse=True)
def repository(root: Path) -> None:
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])


@pytest.fixture
def proxy() -> Iterator[ProxyServer]:
    with proxy_server() as server:
        yield server


@pytest.fixture
def plain(root: Path) -> Iterator[GitServer]:
    with git_server(root) as server:
        yield server


@pytest.fixture
def secure(root: Path, authority: trustme.CA) -> Iterator[GitServer]:
    with git_server(root, certificate=authority.issue_cert("127.0.0.1")) as server:
        yield server


def reference(url: str) -> dict[str, object]:
    return {"name": "me/add", "tag": "v1", "git": f"{url}/add"}


def failure(resolve: Resolve, resolver: GitResolver, url: str, kind: type[PipelinesError] = FetchFailed) -> str:
    with pytest.raises(PipelinesError) as caught:
        resolve(resolver, reference(url))
    assert type(caught.value) is kind
    shown = "".join(traceback.format_exception(caught.value))
    assert not [one for one in (PASSWORD, IN_URL, LOGIN.split()[1]) if one in shown]
    return str(caught.value)


def test_an_http_proxy_is_asked_for_each_request(
    plain: GitServer, proxy: ProxyServer, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://me:{IN_URL}@{proxy.place}")
    proxy.wanted = LOGIN
    resolve(GitResolver(store), reference(plain.url))
    assert proxy.requests == [
        (f"GET {plain.url}/add/info/refs?service=git-upload-pack", LOGIN),
        (f"POST {plain.url}/add/git-upload-pack", LOGIN),
        (f"POST {plain.url}/add/git-upload-pack", LOGIN),
    ]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_https_server_is_reached_through_a_tunnel(
    secure: GitServer,
    authority: trustme.CA,
    ca_file: Path,
    store: Store,
    resolve: Resolve,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    certificate = authority.issue_cert("127.0.0.1") if scheme == "https" else None
    with proxy_server(certificate) as proxy:
        monkeypatch.setenv("https_proxy", f"{scheme}://me:{IN_URL}@{proxy.place}")
        proxy.wanted = LOGIN
        resolve(GitResolver(store, ca_file=ca_file), reference(secure.url))
    # The proxy's password is not the server's, and what is said in the tunnel is not the proxy's to hear.
    assert proxy.requests == [(f"CONNECT {secure.url.removeprefix('https://')}", LOGIN)]
    assert set(secure.logins) == {None}


def test_the_certificate_of_a_proxy_is_verified(
    secure: GitServer,
    authority: trustme.CA,
    ca_file: Path,
    store: Store,
    resolve: Resolve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with proxy_server(trustme.CA().issue_cert("127.0.0.1")) as proxy:
        monkeypatch.setenv("https_proxy", f"https://{proxy.place}")
        told = failure(resolve, GitResolver(store, ca_file=ca_file), secure.url)
    assert told.startswith(f"me/add@v1: the certificate of the proxy https://{proxy.place} is from an authority that")
    assert proxy.requests == []


@pytest.mark.parametrize("outer", ["http", "https"])
def test_the_certificate_of_a_server_behind_a_proxy_is_verified(
    root: Path,
    authority: trustme.CA,
    ca_file: Path,
    store: Store,
    resolve: Resolve,
    monkeypatch: pytest.MonkeyPatch,
    outer: str,
) -> None:
    certificate = authority.issue_cert("127.0.0.1") if outer == "https" else None
    with proxy_server(certificate) as proxy, git_server(root, certificate=authority.issue_cert("other")) as server:
        monkeypatch.setenv("https_proxy", f"{outer}://{proxy.place}")
        told = failure(resolve, GitResolver(store, ca_file=ca_file), server.url)
    text = f"the certificate of {server.url} is for another host name; is the host of the URL right?"
    assert told == f"me/add@v1: {text}"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("", "wants a user and password; write http://user:password@host:port in http_proxy"),
        (f"me:{IN_URL}x@", "refused the user and password; check them in http_proxy"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password_is_told(
    proxy: ProxyServer,
    store: Store,
    resolve: Resolve,
    monkeypatch: pytest.MonkeyPatch,
    given: str,
    text: str,
    scheme: str,
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", f"http://{given}{proxy.place}")
    proxy.wanted = LOGIN
    told = failure(resolve, GitResolver(store), f"{scheme}://127.0.0.1:1")
    assert told == f"me/add@v1: the proxy http://{proxy.place} {text.replace('http_proxy', f'{scheme}_proxy')}"


def test_a_proxy_that_does_not_connect_is_told(
    proxy: ProxyServer, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://{proxy.place}")
    proxy.status = 403
    assert failure(resolve, GitResolver(store), "https://127.0.0.1:1") == (
        f"me/add@v1: the proxy http://{proxy.place} does not connect to 127.0.0.1:1: it answered with the HTTP status "
        "403; see https_proxy and no_proxy"
    )


def test_a_proxy_that_is_not_there_is_told(store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    place = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("ALL_PROXY", f"http://me:{IN_URL}@{place}")
    for scheme in ("http", "https"):
        told = failure(resolve, GitResolver(store), f"{scheme}://git.invalid")
        assert told == f"me/add@v1: the proxy http://{place} can't be reached: Connection refused; see ALL_PROXY"


@pytest.mark.parametrize("answer", [b"", b"hello\r\n\r\n", b"HTTP/1.1 x\r\n\r\n", b"\x00" * 70000])
def test_what_is_no_proxy_is_told(
    store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    def say(connection: object) -> None:
        connection.recv(65536)  # type: ignore[attr-defined]
        connection.sendall(answer)  # type: ignore[attr-defined]

    with raw_server(say) as port:
        monkeypatch.setenv("https_proxy", f"127.0.0.1:{port}")
        told = failure(resolve, GitResolver(store, timeouts=Timeouts(connect=5)), "https://127.0.0.1:1")
    assert told == f"me/add@v1: the proxy http://127.0.0.1:{port} broke off; is it one? see https_proxy"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("socks5://me:pr0xy%20p%40ss@127.0.0.1:1080", "names a SOCKS proxy, which is not supported"),
        ("socks5h://127.0.0.1:1080", "names a SOCKS proxy, which is not supported"),
        ("ftp://127.0.0.1:1080", "names no http proxy, which is not supported"),
        ("http://me:pr0xy%20p%40ss@127.0.0.1:port", "is no address of a proxy"),
        ("http://me:pr0xy p@ss@127.0.0.1:1", "is no address of a proxy"),
        ("http://", "is no address of a proxy"),
        ("http://[::1", "is no address of a proxy"),
        ("http://me:pr0xy%20p%40ss%0A@127.0.0.1:1", "holds a control character"),
        ("http://a/b@c:d:e", "is no address of a proxy"),
    ],
)
def test_a_proxy_that_can_t_be_used_is_told_without_its_password(
    store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch, value: str, text: str
) -> None:
    monkeypatch.setenv("https_proxy", value)
    told = failure(resolve, GitResolver(store), "https://127.0.0.1:1", ResolveError)
    subject = "the user or password in https_proxy" if "control" in text else "https_proxy"
    assert told == f"me/add@v1: {subject} {text}; {WRITE}"


P, Q = "http://p:1", "http://q:2"


@pytest.mark.parametrize(
    ("url", "environment", "found"),
    [
        ("https://h/a", {}, None),
        ("https://h/a", {"http_proxy": P}, None),
        ("http://h/a", {"https_proxy": P}, None),
        ("https://h/a", {"https_proxy": P}, "http://p:1"),
        ("https://h/a", {"HTTPS_PROXY": P}, "http://p:1"),
        ("https://h/a", {"https_proxy": P, "HTTPS_PROXY": Q}, "http://p:1"),
        ("https://h/a", {"https_proxy": "", "HTTPS_PROXY": Q, "all_proxy": Q}, None),
        ("https://h/a", {"all_proxy": P, "HTTPS_PROXY": Q}, "http://q:2"),
        ("https://h/a", {"all_proxy": "p"}, "http://p:80"),
        ("http://h/a", {"ALL_PROXY": "https://p"}, "https://p:443"),
        ("http://h/a", {"HTTP_PROXY": P}, "http://p:1"),
        ("http://h/a", {"HTTP_PROXY": P, "REQUEST_METHOD": "GET"}, None),
        ("http://h/a", {"http_proxy": P, "REQUEST_METHOD": "GET"}, "http://p:1"),
        ("http://h/a", {"http_proxy": "http://[::1]:3/"}, "http://[::1]:3"),
    ],
)
def test_which_proxy_counts(url: str, environment: dict[str, str], found: str | None) -> None:
    proxy = proxy_for(parse_git_url(url), environment)
    assert (None if proxy is None else str(proxy)) == found


@pytest.mark.parametrize(
    ("named", "url", "direct"),
    [
        ("*", "https://h/a", True),
        ("h", "https://h/a", True),
        ("H.", "https://h./a", True),
        ("g, h", "https://h/a", True),
        ("g h", "https://h/a", True),
        ("h", "https://gh/a", False),
        ("example.org", "https://git.example.org/a", True),
        (".example.org", "https://git.example.org/a", True),
        ("*.example.org", "https://git.example.org/a", True),
        (".example.org", "https://example.org/a", True),
        ("example.org", "https://badexample.org/a", False),
        ("h:443", "https://h/a", True),
        ("h:8443", "https://h/a", False),
        ("h:8443", "https://h:8443/a", True),
        ("10.0.0.0/8", "https://10.1.2.3/a", True),
        ("10.0.0.0/8", "https://11.1.2.3/a", False),
        ("10.0.0.0/8", "https://h/a", False),
        ("127.0.0.1", "https://127.0.0.1/a", True),
        ("127.0.0.1:8080", "https://127.0.0.1:8080/a", True),
        ("127.0.0.1:8081", "https://127.0.0.1:8080/a", False),
        ("0.0.1", "https://127.0.0.1/a", False),
        ("::1", "https://[::1]/a", True),
        ("[::1]", "https://[0:0::1]/a", True),
        ("[::1]:8080", "https://[::1]:8080/a", True),
        ("[::1]:8081", "https://[::1]:8080/a", False),
        ("fe80::/10", "https://[fe80::1]/a", True),
        ("0.0.0.0/0", "https://[fe80::1]/a", False),
        (", ,", "https://h/a", False),
        ("..", "https://h/a", False),
    ],
)
def test_what_no_proxy_names_is_reached_directly(named: str, url: str, direct: bool) -> None:
    for variable in ("no_proxy", "NO_PROXY"):
        environment = {"all_proxy": P, variable: named}
        assert (proxy_for(parse_git_url(url), environment) is None) is direct


def test_a_server_that_no_proxy_names_is_asked_without_it(
    plain: GitServer, proxy: ProxyServer, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{proxy.place}")
    monkeypatch.setenv("no_proxy", "127.0.0.0/8")
    resolve(GitResolver(store), reference(plain.url))
    assert proxy.requests == []


def test_a_redirect_to_another_scheme_takes_that_one_s_proxy(
    plain: GitServer,
    secure: GitServer,
    proxy: ProxyServer,
    ca_file: Path,
    store: Store,
    resolve: Resolve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", f"http://{proxy.place}")
    plain.override = lambda handler, _: handler.redirect(f"{secure.url}{handler.path}")
    resolve(GitResolver(store, ca_file=ca_file), reference(plain.url))
    assert [request for request, _ in proxy.requests] == [f"CONNECT {secure.url.removeprefix('https://')}"]


def test_the_password_of_a_proxy_is_in_no_repr() -> None:
    proxy = proxy_for(parse_git_url("https://h/a"), {"https_proxy": f"http://me:{IN_URL}@p:1"})
    assert repr(proxy) == "Proxy(scheme='http', host='p', port=1, variable='https_proxy')"
    assert proxy is not None
    assert proxy.authorization == LOGIN
