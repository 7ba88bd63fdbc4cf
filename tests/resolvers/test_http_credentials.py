"""Users and passwords over http and https: asked for when wanted, once, in order, and told to nobody else."""

from __future__ import annotations

import asyncio
import base64
import logging
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_servers import make_repository
from http_services import GitServer, git_server, request_of
from rude_servers import raw_server

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.defaults import action_resolvers
from datatorch_pipelines.errors import AuthenticationFailed, PipelinesError, ResolveError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import Credentials, GitHubResolver, GitResolver, Store, resolve_chain

Resolve = Callable[..., ResolvedAction]
pytestmark = pytest.mark.usefixtures("own_environment")
PASSWORD = "s3cr3t-w0rd"
LOGIN = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()


@pytest.fixture
def private(root: Path) -> Iterator[GitServer]:
    make_repository(root / "me" / "add.git", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1", "v2"])
    with git_server(root, user="me", password=PASSWORD) as server:
        yield server


def reference(server: GitServer, user: str = "", tag: str = "v1") -> dict[str, object]:
    return {"name": "me/add", "tag": tag, "git": server.url.replace("//", f"//{user}") + "/me/add.git"}


def errors_of(error: BaseException) -> list[BaseException]:
    """An error and all that it is chained to, shown or not."""
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in found:
            found.append(one)
            todo += [one.__cause__, one.__context__]
    return found


def assert_hidden(secret: str, store: Store, *errors: BaseException) -> None:
    """A secret is in no file of the store, and in nothing that an error shows or is chained to."""
    forms = [secret, base64.b64encode(f"me:{secret}".encode()).decode()]
    for error in errors:
        texts = ["".join(traceback.format_exception(error)), *(f"{one}{one!r}{one.args}" for one in errors_of(error))]
        assert not [text for text in texts for form in forms if form in text]
    for path in store.root.rglob("*"):
        assert secret not in path.name
        assert not path.is_file() or not any(form.encode() in path.read_bytes() for form in forms)


def test_a_callback_is_asked_for_what_the_server_wants(private: GitServer, store: Store, resolve: Resolve) -> None:
    asked: list[tuple[str, bool]] = []

    def ask(url: str) -> tuple[str, str]:
        asked.append((url, threading.current_thread() is threading.main_thread()))
        return "me", PASSWORD

    action = resolve(GitResolver(store, credentials=ask), reference(private))
    assert (action.directory / "action-datatorch.yaml").is_file()
    assert asked == [(f"{private.url}/me/add.git", False)]
    assert private.logins == [None, LOGIN, LOGIN, LOGIN]
    assert_hidden(PASSWORD, store)


def test_a_public_repository_is_sent_nothing_and_nobody_is_asked(root: Path, store: Store, resolve: Resolve) -> None:
    make_repository(root / "me" / "add.git", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    asked: list[str] = []
    with git_server(root) as server:
        resolve(GitResolver(store, credentials=asked.append), reference(server))
    assert asked == []
    assert set(server.logins) == {None}


def test_the_url_s_own_password_counts_before_the_callback(private: GitServer, store: Store, resolve: Resolve) -> None:
    asked: list[str] = []
    resolver = GitResolver(store, credentials=asked.append)
    resolve(resolver, reference(private, f"me:{PASSWORD}@"))
    assert asked == []
    assert set(private.logins) == {LOGIN}
    with pytest.raises(AuthenticationFailed) as caught:
        resolve(resolver, reference(private, "me:other@", tag="v2"))
    assert str(caught.value) == f"me/add@v2: {private.url}/me/add.git refused the user and password; check them"
    assert asked == []


def test_a_callback_is_asked_once_for_each_repository_and_run(
    private: GitServer, root: Path, store: Store, tmp_path: Path
) -> None:
    make_repository(root / "me" / "sub.git", {"action-datatorch.yaml": "name: Sub\n"}, tags=["v1"])
    asked: list[str] = []

    def ask(url: str) -> tuple[str, str]:
        asked.append(url)
        return "me", PASSWORD

    async def run(store: Store) -> None:
        context = ResolveContext()
        given = [reference(private), reference(private, tag="v2"), reference(private, tag="main")]
        given.append({"name": "me/sub", "tag": "v1", "git": f"{private.url}/me/sub.git"})
        references = [ActionReference.parse(one) for one in given]
        resolvers = action_resolvers(references, store=store, credentials=ask)
        await asyncio.gather(*(resolve_chain(resolvers, one, context) for one in references))
        listed = await resolvers[-1].refs(references[0], context)  # type: ignore[attr-defined]  # it is a GitResolver
        assert sorted(listed.tags) == ["v1", "v2"]

    asyncio.run(run(store))
    urls = [f"{private.url}/me/add.git", f"{private.url}/me/sub.git"]
    assert sorted(asked) == urls
    asyncio.run(run(Store(tmp_path / "other")))
    assert sorted(asked) == sorted(urls * 2)


def test_check_and_pin_take_credentials_and_check_a_store_of_its_own(
    private: GitServer, tmp_path: Path, store: Store
) -> None:
    git = f"{private.url}/me/add.git"
    action = dtp.ActionObject(name="me/add", tag="v1", git=git)
    pipeline = dtp.Pipeline(name="Add", jobs={"add": dtp.Job(steps=[dtp.Step(action=action)])})
    file = tmp_path / "add.yaml"
    file.write_text(pipeline.to_yaml())
    asked: list[str] = []

    def ask(url: str) -> tuple[str, str]:
        asked.append(url)
        return "me", PASSWORD

    found = dtp.check(file, fetch=True, store=store.root, credentials=ask)
    assert [item.code for item in found] == ["DT408", "DT201"]
    assert [entry.url for entry in store.entries()] == [git]
    assert dtp.check(file, store=store) == found
    assert asked == [git]
    [change] = dtp.pin(file, credentials=ask).changes
    assert change.after == store.entries()[0].commit
    assert asked == [git, git]


def raising(url: str) -> tuple[str, str]:
    raise LookupError(f"no entry {PASSWORD} for {url}")


async def waiting(url: str) -> tuple[str, str]:
    return url, PASSWORD


LINE = raising.__code__.co_firstlineno + 1
RETURN = "return (user, password), or None"


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (
            raising,
            "the credentials for {url} can't be had: LookupError in test_http_credentials.py, "
            f"line {LINE}; correct the callback",
        ),
        (lambda url: sys.exit(PASSWORD), "the credentials for {url} can't be had: SystemExit in {here}"),
        (waiting, "the callback for the credentials of {url} is async; give a plain function"),
        (lambda url: PASSWORD, f"the credentials for {{url}} are no user and password; {RETURN}"),
        (lambda url: (PASSWORD,), f"the credentials for {{url}} are no user and password; {RETURN}"),
        (lambda url: ("me", None), f"the credentials for {{url}} are no user and password; {RETURN}"),
        (lambda url: {"me": PASSWORD, "b": 1}, f"the credentials for {{url}} are no user and password; {RETURN}"),
        (lambda url: ("me", f"{PASSWORD}\n"), f"the credentials for {{url}} hold a control character; {RETURN}"),
        (lambda url: ("\0", PASSWORD), f"the credentials for {{url}} hold a control character; {RETURN}"),
        (lambda url: ("me", f"{PASSWORD}\ud800"), f"the credentials for {{url}} hold a control character; {RETURN}"),
        (lambda url: ("m:e", PASSWORD), f"the user for {{url}} holds a ':', which HTTP can't send; {RETURN}"),
    ],
)
def test_a_callback_that_fails_is_told_without_what_it_said(
    private: GitServer, store: Store, resolve: Resolve, ask: Credentials, text: str
) -> None:
    with pytest.raises(ResolveError) as caught:
        resolve(GitResolver(store, credentials=ask), reference(private))
    assert type(caught.value) is ResolveError
    place = f"test_http_credentials.py, line {ask.__code__.co_firstlineno}; correct the callback"  # type: ignore[attr-defined]
    assert str(caught.value) == "me/add@v1: " + text.format(url=f"{private.url}/me/add.git", here=place)
    assert_hidden(PASSWORD, store, caught.value)


def test_a_callback_that_knows_none_leaves_it_at_that(private: GitServer, store: Store, resolve: Resolve) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        resolve(GitResolver(store, credentials=lambda _: None), reference(private))
    url = f"{private.url}/me/add.git"
    assert str(caught.value) == f"me/add@v1: {url} wants a user and password; give them in ~/.netrc or in the URL"


@pytest.mark.parametrize("resolver", [GitResolver, GitHubResolver])
def test_what_a_callback_gives_may_be_refused(
    private: GitServer, store: Store, resolve: Resolve, resolver: type[GitResolver] | type[GitHubResolver]
) -> None:
    def ask(url: str) -> tuple[str, str]:
        return "me", f"{PASSWORD}x"

    by_name = GitHubResolver(private.url, store=store, credentials=ask)
    by_url = GitResolver(store, credentials=ask)
    with pytest.raises(AuthenticationFailed) as caught:
        resolve(*((by_name, "me/add@v1") if resolver is GitHubResolver else (by_url, reference(private))))
    url = f"{private.url}/me/add.git"
    assert str(caught.value) == f"me/add@v1: {url} refused the user and password of credentials=; check them"
    assert_hidden(f"{PASSWORD}x", store, caught.value)


@pytest.mark.parametrize(
    ("user", "login"),
    [
        ("me@", "me:"),
        ("0123456789abcdef0123@", "0123456789abcdef0123:"),
        (":word@", ":word"),
        ("me:p%40s%3As%2F%25@", "me:p@s:s/%"),
        ("m%C3%A4x:%E2%82%AC@", "mäx:€"),
    ],
)
def test_a_user_and_password_of_a_url_are_sent_as_they_are_meant(
    root: Path, store: Store, resolve: Resolve, user: str, login: str
) -> None:
    make_repository(root / "me" / "add.git", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    name, _, password = login.partition(":")
    with git_server(root, user=name, password=password) as server:
        resolve(GitResolver(store), reference(server, user))
    assert set(server.logins) == {"Basic " + base64.b64encode(login.encode()).decode()}


def test_a_server_that_wants_another_kind_of_login_is_sent_none(
    private: GitServer, store: Store, resolve: Resolve
) -> None:
    asked: list[str] = []

    def answer(handler: object, _: bytes) -> bool:
        handler._answer(401, {"WWW-Authenticate": f'Negotiate, Bearer realm="{PASSWORD}"'}, b"")  # type: ignore[attr-defined]
        return True

    private.override = answer
    with pytest.raises(AuthenticationFailed) as caught:
        resolve(GitResolver(store, credentials=asked.append), reference(private))
    text = "wants another login than a user and password; use an ssh URL, if it has one"
    assert str(caught.value) == f"me/add@v1: {private.url}/me/add.git {text}"
    assert asked == []


def test_no_log_of_any_library_has_the_password(
    private: GitServer, store: Store, resolve: Resolve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    resolve(GitResolver(store, credentials=lambda _: ("me", PASSWORD)), reference(private))
    with pytest.raises(PipelinesError):
        resolve(GitResolver(store), reference(private, f"me:{PASSWORD}x@", tag="v2"))
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("user", "ask"),
    [
        (f"me:{PASSWORD}@", None),
        (f"{PASSWORD}-{PASSWORD}@", None),
        ("", lambda _: ("me", PASSWORD)),
        ("", lambda _: (f"{PASSWORD}-{PASSWORD}", "x")),
    ],
)
def test_what_a_server_says_of_the_password_is_in_no_error_of_the_chain(
    store: Store, resolve: Resolve, user: str, ask: Credentials | None
) -> None:
    is_token = f"{PASSWORD}-" in user or (ask is not None and ask("")[0] != "me")  # type: ignore[index]

    def answer(connection: socket.socket) -> None:
        if b"Authorization" not in request_of(connection):
            connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
            request_of(connection)
        said = b"ERR who is " + (f"{PASSWORD}-{PASSWORD}" if is_token else PASSWORD).encode()
        body = b"001e# service=git-upload-pack\n0000" + b"%04x" % (len(said) + 4) + said
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n"
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    with raw_server(answer) as port:
        url = f"http://127.0.0.1:{port}/add"
        git = url.replace("//", f"//{user}")
        with pytest.raises(ResolveError) as caught:
            resolve(GitResolver(store, credentials=ask), {"name": "me/add", "tag": "v1", "git": git})
    assert str(caught.value) == f"me/add@v1: {url} does not speak git as expected: who is ***"
    assert_hidden(PASSWORD, store, caught.value)


@pytest.mark.parametrize(
    "head",
    [
        f"HTTP/1.1 {PASSWORD}\r\n",
        f"{PASSWORD}\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Type: {PASSWORD}\r\nContent-Length: 3\r\n\r\nabc",
        f"HTTP/1.1 301 Moved\r\nLocation: http://{PASSWORD}.example/x\r\nContent-Length: 0\r\n\r\n",
        f"HTTP/1.1 418 {PASSWORD}\r\nContent-Length: 0\r\n\r\n",
        f"HTTP/1.1 401 No\r\nWWW-Authenticate: {PASSWORD}\r\nContent-Length: 0\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Encoding: {PASSWORD}\r\nContent-Length: 3\r\n\r\nabc",
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{PASSWORD}\r\n",
        f"HTTP/1.1 200 OK\r\n{PASSWORD}\r\n\r\n",
        f"HTTP/1.1 301 M\r\nLocation: http://{PASSWORD}.invalid/x/info/refs?service=git-upload-pack\r\n"
        "Content-Length: 0\r\n\r\n",
    ],
)
def test_no_header_of_a_server_shows_the_password_that_it_was_sent(
    store: Store, resolve: Resolve, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], head: str
) -> None:
    def answer(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(head.encode())

    with raw_server(answer) as port:
        url = f"http://me:{PASSWORD}@127.0.0.1:{port}/add"
        with pytest.raises(ResolveError) as caught:
            resolve(GitResolver(store), {"name": "me/add", "tag": "v1", "git": url})
    assert_hidden(PASSWORD, store, caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert PASSWORD not in caplog.text + "".join(capfd.readouterr())
