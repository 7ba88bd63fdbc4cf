"""Credentials: they open what they should, and appear nowhere."""

from __future__ import annotations

import base64
import http.server
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from git_servers import GitHttpServer, make_repository, running_http_server

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, AuthenticationFailed, FetchFailed
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store
from datatorch_pipelines.resolvers.asking.listing import hidden_repository
from datatorch_pipelines.resolvers.urls import parse_git_url

Resolve = Callable[..., ResolvedAction]
PASSWORD = "s3cr3t-w0rd"


@pytest.fixture
def private(root: Path) -> Iterator[GitHttpServer]:
    make_repository(root / "me" / "add.git", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    with running_http_server(root, user="x-access-token", password=PASSWORD) as server:
        yield server


def reference(server: GitHttpServer, user: str) -> dict[str, object]:
    return {"name": "me/add", "tag": "v1", "git": server.url.replace("//", f"//{user}@") + "/me/add.git"}


def assert_hidden(store: Store, *texts: str) -> None:
    for path in store.root.rglob("*"):
        assert PASSWORD not in path.name
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()
    assert all(PASSWORD not in text for text in texts)


def test_a_user_and_password_in_the_url_work_and_are_written_nowhere(
    private: GitHttpServer, store: Store, resolve: Resolve
) -> None:
    action = resolve(GitResolver(store), reference(private, f"x-access-token:{PASSWORD}"))
    assert action.url == f"{private.url}/me/add.git"
    assert (action.directory / "action-datatorch.yaml").is_file()
    assert_hidden(store, repr(action), repr(store))


def test_a_token_works_and_is_written_nowhere(private: GitHttpServer, store: Store, resolve: Resolve) -> None:
    resolver = GitHubResolver(private.url, token=PASSWORD, store=store)
    action = resolve(resolver, "me/add@v1")
    assert_hidden(store, repr(action), repr(resolver), repr(resolver._base))


@pytest.mark.parametrize("user", [f"x-access-token:{PASSWORD}x", f"{PASSWORD}:other"])
def test_a_wrong_password_is_told_without_it(private: GitHttpServer, store: Store, resolve: Resolve, user: str) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        resolve(GitResolver(store), reference(private, user))
    text = f"me/add@v1: {private.url}/me/add.git refused the user and password; check them"
    assert str(caught.value) == text
    # The whole chain of errors, as a log would have it.
    assert_hidden(store, "".join(traceback.format_exception(caught.value)))


def test_a_missing_password_is_told(private: GitHttpServer, store: Store, resolve: Resolve) -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        resolve(GitResolver(store), {"name": "me/add", "tag": "v1", "git": f"{private.url}/me/add.git"})
    assert (
        str(caught.value)
        == f"me/add@v1: {private.url}/me/add.git wants a user and password; give them in ~/.netrc or in the URL"
    )


def test_without_a_token_what_github_hides_is_not_found(private: GitHttpServer, store: Store, resolve: Resolve) -> None:
    with pytest.raises(ActionNotFound) as caught:
        resolve(GitHubResolver(private.url, store=store), "me/add@v1")
    assert str(caught.value) == (
        f"me/add@v1: there is no repository at {private.url}/me/add.git, or it is private; "
        "is the name right? for a private one give a token, or a login in netrc"
    )


def test_a_token_of_the_environment_goes_to_github_alone_and_over_https(
    private: GitHttpServer, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", PASSWORD)
    with pytest.raises(ActionNotFound):
        resolve(GitHubResolver(private.url, store=store), "me/add@v1")
    (url,) = GitHubResolver(store=store)._urls("me/add")[0]
    assert (url.username, url.password) == ("x-access-token", PASSWORD)
    (stranger,) = {url.password for url in GitHubResolver("https://git.example.org", store=store)._urls("me/add")[0]}
    assert stranger is None
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example.org")
    enterprise = GitHubResolver("https://git.example.org", store=store)._urls("me/add")[0][0]
    assert enterprise.password == PASSWORD
    own = GitHubResolver("https://deploy:key@git.example.org", store=store)._urls("me/add")[0][0]
    assert (own.username, own.password) == ("deploy", "key")


def test_a_stored_private_action_is_found_whatever_the_credentials(
    private: GitHttpServer, store: Store, resolve: Resolve
) -> None:
    resolve(GitResolver(store), reference(private, f"x-access-token:{PASSWORD}"))
    del private.requests[:]
    resolve(GitResolver(store), reference(private, "x-access-token:new"))
    assert private.requests == []


@pytest.mark.parametrize("password", ["p\u00e4ss", "\u20ac\u20ac", "a@b:c/d"])
def test_a_password_of_any_characters_works(root: Path, store: Store, resolve: Resolve, password: str) -> None:
    make_repository(root / "me" / "add.git", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    with running_http_server(root, user="me", password=password) as server:
        action = resolve(GitResolver(store), reference(server, f"me:{quote(password, safe='')}"))
    assert (action.directory / "action-datatorch.yaml").is_file()


@pytest.mark.parametrize("user", [f"me:{PASSWORD}", f"{PASSWORD}-{PASSWORD}"])
def test_a_server_that_says_the_password_is_not_repeated(store: Store, resolve: Resolve, user: str) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = base64.b64decode(self.headers["Authorization"].split()[1])
            said = b"ERR who is \x1b]0;" + given + b"?"
            body = b"001e# service=git-upload-pack\n0000" + b"%04x" % (len(said) + 4) + said
            self.send_response(200)
            self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        try:
            url = f"http://{user}@127.0.0.1:{server.server_address[1]}/me/add.git"
            with pytest.raises(FetchFailed) as caught:
                resolve(GitResolver(store), {"name": "me/add", "tag": "v1", "git": url})
        finally:
            server.shutdown()
            thread.join()
    assert "does not speak git as expected: who is ]0;" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert_hidden(store, "".join(traceback.format_exception(caught.value)))


def test_the_token_of_the_environment_is_named_where_it_is_sent() -> None:
    error = hidden_repository(parse_git_url("https://github.com/me/add.git"))
    assert str(error) == (
        "there is no repository at https://github.com/me/add.git, or it is private; "
        "is the name right? for a private one set GITHUB_TOKEN"
    )
