"""Redirects: to the same repository elsewhere, without the password; everything else is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from git_servers import make_repository
from http_services import GitServer, git_server

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, ActionRefused, AuthenticationFailed
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store

Resolve = Callable[..., ResolvedAction]
pytestmark = pytest.mark.usefixtures("own_environment")
REFS = "/info/refs?service=git-upload-pack"
LOGIN = "Basic " + base64.b64encode(b"me:s3cr3t-w0rd").decode()


@pytest.fixture
def commit(root: Path) -> str:
    return make_repository(root / "new", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])


@pytest.fixture
def first(root: Path, commit: str) -> Iterator[GitServer]:
    with git_server(root) as server:
        yield server


@pytest.fixture
def second(root: Path, commit: str) -> Iterator[GitServer]:
    with git_server(root) as server:
        yield server


def moving(old: str, new: str, status: int = 301) -> Callable[[Any, bytes], bool]:
    """Redirects what is asked of ``old``."""

    def answer(handler: Any, _: bytes) -> bool:
        path, _, query = handler.path.partition("?")
        if not path.startswith(f"{old}/"):
            return False
        return bool(handler.redirect(f"{new}{path.removeprefix(old)}?{query}", status))

    return answer


def reference(url: str) -> dict[str, object]:
    return {"name": "me/add", "tag": "v1", "git": url}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_renamed_repository_is_followed_with_its_password(
    root: Path, commit: str, store: Store, resolve: Resolve, status: int
) -> None:
    with git_server(root, user="me", password="s3cr3t-w0rd") as server:
        server.override = moving("/old", "/new", status)
        url = f"{server.url}/old"
        action = resolve(GitResolver(store), reference(url.replace("//", "//me:s3cr3t-w0rd@")))
    assert action.commit == commit
    # What is shown, locked and recorded is the URL that was asked for.
    assert action.url == url
    assert server.requests[:2] == [f"GET /old{REFS}", "GET /new/info/refs"]
    assert set(server.logins) == {LOGIN}


def test_a_login_that_is_looked_for_follows_on_the_same_server(
    root: Path, commit: str, store: Store, resolve: Resolve
) -> None:
    asked: list[str] = []

    def ask(url: str) -> tuple[str, str]:
        asked.append(url)
        return "me", "s3cr3t-w0rd"

    with git_server(root, user="me", password="s3cr3t-w0rd") as server:
        server.override = moving("/old", "/new")
        resolve(GitResolver(store, credentials=ask), reference(f"{server.url}/old"))
    assert asked == [f"{server.url}/old"]


def test_another_server_is_followed_without_the_password(
    first: GitServer, second: GitServer, commit: str, store: Store, resolve: Resolve
) -> None:
    first.override = moving("/old", f"{second.url}/new")
    url = f"{first.url}/old"
    action = resolve(GitResolver(store), reference(url.replace("//", "//me:s3cr3t-w0rd@")))
    assert (action.commit, action.url) == (commit, url)
    assert first.logins == [LOGIN]
    # The list of refs and both questions that follow it go there.
    assert second.requests == ["GET /new/info/refs", "POST /new/git-upload-pack", "FETCH /new/git-upload-pack"]
    assert second.logins == [None, None, None]


def test_a_password_in_the_redirect_is_sent_to_nobody(
    first: GitServer, second: GitServer, store: Store, resolve: Resolve
) -> None:
    first.override = moving("/old", f"{second.url.replace('//', '//you:other@')}/new")
    resolve(GitResolver(store), reference(f"{first.url}/old"))
    assert set(second.logins) == {None}


def test_another_server_that_wants_a_password_gets_none(
    root: Path, first: GitServer, own_environment: Path, store: Store, resolve: Resolve
) -> None:
    (own_environment / ".netrc").write_text("machine 127.0.0.1 login me password s3cr3t-w0rd\n")
    asked: list[str] = []
    with git_server(root, user="me", password="s3cr3t-w0rd") as private:
        first.override = moving("/old", f"{private.url}/new")
        with pytest.raises(AuthenticationFailed) as caught:
            resolve(GitResolver(store, credentials=asked.append), reference(f"{first.url}/old"))
    assert str(caught.value) == (
        f"me/add@v1: {first.url}/old, redirected to {private.url}, wants a user and password; "
        "name that address in the pipeline itself"
    )
    assert asked == []
    assert private.logins == [None]


def test_a_redirect_back_to_the_first_server_has_the_password_again(
    root: Path, second: GitServer, commit: str, store: Store, resolve: Resolve
) -> None:
    with git_server(root, user="me", password="s3cr3t-w0rd") as server:
        server.override = moving("/old", f"{second.url}/old")
        second.override = moving("/old", f"{server.url}/new")
        resolve(GitResolver(store), reference(f"{server.url}/old".replace("//", "//me:s3cr3t-w0rd@")))
    assert second.logins == [None]


LOGIN_HINT = "is the URL right, or does it want a login in a browser?"


@pytest.mark.parametrize(
    "place",
    [
        f"file:///etc{REFS}",
        f"ftp://127.0.0.1/old{REFS}",
        f"ssh://127.0.0.1/old{REFS}",
        "/login",
        "/login?next=/old/info/refs",
        "/new/info/refs",
        "/new/info/refs?service=git-receive-pack",
        f"http://127.0.0.1:99999/new{REFS}",
        f"http://[::1/new{REFS}",
        f"http://-x/new{REFS}",
        f"http://a b/new{REFS}",
        f"http://\x01/new{REFS}",
        f"http://m\u00fcller.example/new{REFS}",
        "",
    ],
)
def test_a_redirect_to_what_is_no_repository_is_refused(
    first: GitServer, store: Store, resolve: Resolve, place: str
) -> None:
    first.override = lambda handler, _: handler.redirect(place.encode().decode("latin-1"))
    with pytest.raises(ActionRefused) as caught:
        resolve(GitResolver(store), reference(f"{first.url}/old"))
    text = f"the server redirects to what is no git repository; {LOGIN_HINT}"
    assert str(caught.value) == f"me/add@v1: {first.url}/old: {text}"
    assert len(first.requests) == 1


def test_a_redirect_loop_ends(first: GitServer, store: Store, resolve: Resolve) -> None:
    first.override = moving("/old", "/old")
    with pytest.raises(ActionRefused) as caught:
        resolve(GitResolver(store), reference(f"{first.url}/old"))
    text = "the server redirects more than 5 times; is the URL right?"
    assert str(caught.value) == f"me/add@v1: {first.url}/old: {text}"
    assert len(first.requests) == 6


def test_five_redirects_are_followed(first: GitServer, commit: str, store: Store, resolve: Resolve) -> None:
    def answer(handler: Any, _: bytes) -> bool:
        number = handler.path[2]
        if not number.isdigit():
            return False
        return bool(handler.redirect(f"/{'new' if number == '5' else f'a{int(number) + 1}'}{REFS}"))

    first.override = answer
    assert resolve(GitResolver(store), reference(f"{first.url}/a1")).commit == commit


def test_a_redirect_in_the_midst_of_a_fetch_is_refused(
    first: GitServer, second: GitServer, store: Store, resolve: Resolve
) -> None:
    first.override = lambda handler, body: bool(body) and handler.redirect(f"{second.url}{handler.path}", 307)
    with pytest.raises(ActionRefused) as caught:
        resolve(GitResolver(store), reference(f"{first.url}/new"))
    text = "the server redirects in the midst of a fetch; is the URL right?"
    assert str(caught.value) == f"me/add@v1: {first.url}/new: {text}"
    assert second.requests == []


def test_a_redirect_away_from_tls_is_refused(
    root: Path, first: GitServer, authority: trustme.CA, ca_file: Path, store: Store, resolve: Resolve
) -> None:
    with git_server(root, certificate=authority.issue_cert("127.0.0.1")) as server:
        server.override = moving("/old", f"{first.url}/new")
        with pytest.raises(ActionRefused) as caught:
            resolve(GitResolver(store, ca_file=ca_file), reference(f"{server.url}/old"))
    text = "the server redirects from https to http; name an https URL"
    assert str(caught.value) == f"me/add@v1: {server.url}/old: {text}"
    assert first.requests == []


def test_a_redirect_to_tls_is_followed_without_the_password(
    root: Path, first: GitServer, commit: str, authority: trustme.CA, ca_file: Path, store: Store, resolve: Resolve
) -> None:
    with git_server(root, certificate=authority.issue_cert("127.0.0.1")) as server:
        first.override = moving("/old", f"{server.url}/new")
        url = f"{first.url}/old".replace("//", "//me:s3cr3t-w0rd@")
        assert resolve(GitResolver(store, ca_file=ca_file), reference(url)).commit == commit
    assert set(server.logins) == {None}


def test_what_a_redirect_leads_to_may_be_missing(
    first: GitServer, second: GitServer, store: Store, resolve: Resolve
) -> None:
    first.override = moving("/old", f"{second.url}/none")
    with pytest.raises(ActionNotFound) as caught:
        resolve(GitResolver(store), reference(f"{first.url}/old"))
    text = f"there is no git repository at {first.url}/old, redirected to {second.url}; is the name right?"
    assert str(caught.value) == f"me/add@v1: {text}"


def test_a_path_that_begins_with_two_slashes_is_no_other_server(
    root: Path, first: GitServer, second: GitServer, store: Store, resolve: Resolve
) -> None:
    place = second.url.removeprefix("http:")
    with pytest.raises(ActionNotFound) as caught:
        resolve(GitResolver(store), reference(f"{first.url}{place}/new"))
    assert str(caught.value).startswith(f"me/add@v1: there is no git repository at {first.url}{place}/new; ")
    assert second.requests == []


@pytest.mark.parametrize("name", ["new", "new.git"])
def test_a_server_below_a_path_and_at_a_port_has_repositories_with_and_without_git(
    root: Path, store: Store, resolve: Resolve, name: str
) -> None:
    commit = make_repository(root / "ghe" / "api" / "me" / name, {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    with git_server(root) as server:
        for base in (f"{server.url}/ghe/api", f"{server.url}/ghe/api/"):
            action = resolve(GitHubResolver(base, store=store), "me/new@v1")
            assert (action.commit, action.url) == (commit, f"{server.url}/ghe/api/me/{name}")
