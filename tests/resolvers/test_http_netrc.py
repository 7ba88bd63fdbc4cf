"""The user's netrc file: found, read, told of when it is wrong, and used for the servers that it names alone."""

from __future__ import annotations

import base64
import string
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_servers import make_repository
from http_services import GitServer, git_server, proxy_server
from hypothesis import given
from hypothesis import strategies as st

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import AuthenticationFailed, ResolveError
from datatorch_pipelines.resolvers import GitResolver, Store
from datatorch_pipelines.resolvers.transport.credentials import is_private
from datatorch_pipelines.resolvers.transport.netrc_file import NetrcSyntaxError, netrc_login, parse_netrc
from datatorch_pipelines.resolvers.urls import parse_git_url

Resolve = Callable[..., ResolvedAction]
pytestmark = pytest.mark.usefixtures("own_environment")
PASSWORD = "s3cr3t-w0rd"


@pytest.fixture
def private(root: Path) -> Iterator[GitServer]:
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])
    with git_server(root, user="me", password=PASSWORD) as server:
        yield server


def reference(server: GitServer, user: str = "") -> dict[str, object]:
    return {"name": "me/add", "tag": "v1", "git": server.url.replace("//", f"//{user}") + "/add"}


def entries(text: str) -> list[tuple[str, str | None, str | None]]:
    return [(one.host, one.login, one.password) for one in parse_netrc(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("machine a login me password x", [("a", "me", "x")]),
        ("machine a\n\tlogin me\n\tpassword x\n\nmachine b\n", [("a", "me", "x"), ("b", None, None)]),
        ("machine a login me account y password x", [("a", "me", "x")]),
        ('machine "a" login "m e" password "a\\"b\\\\c#d"', [("a", "m e", 'a"b\\c#d')]),
        ("# machine no\nmachine a # login no\n login me password #x", [("a", "me", "#x")]),
        ("default login me password x", []),
        ("machine a password x default password y machine b password z", [("a", None, "x"), ("b", None, "z")]),
        ("macdef init\nmachine no\n\nmachine a password x", [("a", None, "x")]),
        ("machine a login login password machine machine b password password", None),
        ("machine machine login default password macdef", [("machine", "default", "macdef")]),
        ('machine a password ab"c', [("a", None, 'ab"c')]),
        ("\ufeffmachine a password x", None),
    ],
)
def test_a_netrc_file_is_read(text: str, found: list[tuple[str, str | None, str | None]] | None) -> None:
    if text.startswith("\ufeff"):
        found, text = [("a", None, "x")], text.encode().decode("utf-8-sig")
    if "login login" in text:
        found = [("a", "login", "machine"), ("b", None, "password")]
    assert entries(text) == found


PRINTABLE = st.text(alphabet=st.characters(exclude_categories=("C", "Z")), min_size=1)


@given(st.lists(st.tuples(st.text(string.ascii_lowercase, min_size=1), PRINTABLE, PRINTABLE)))
def test_what_is_written_with_quotes_is_read_back(machines: list[tuple[str, str, str]]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lines = [f"machine {host} login {quoted(login)} password {quoted(word)}" for host, login, word in machines]
    assert entries("\n".join(lines)) == machines


PIECES = ['"', "\\", " ", "\n", "#", "a", "machine ", "login ", "password ", "default ", "macdef "]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_whatever_stands_in_a_netrc_file_is_read_or_refused(text: str) -> None:
    try:
        lines = [machine.line for machine in parse_netrc(text)]
    except NetrcSyntaxError as error:
        lines = [error.line]
    assert all(1 <= line <= len(text.split("\n")) for line in lines)


def test_the_first_entry_for_the_host_counts(tmp_path: Path) -> None:
    file = tmp_path / "own"
    file.write_text(
        "machine other login no password no\n"
        "machine Git.Example.org login me password one\n"
        "machine git.example.org login you password two\n"
        "default login any password three\n"
    )
    where = {"NETRC": str(file)}

    def login(host: str, username: str | None = None) -> tuple[str, str] | None:
        found = netrc_login(host, username, where)
        return None if found is None else (found.username, found.password)

    assert login("git.example.org") == ("me", "one")
    assert login("git.example.org.") == ("me", "one")
    assert login("git.example.org", "you") == ("you", "two")
    assert login("git.example.org", "they") is None
    assert login("example.org") is None
    assert login("x.git.example.org") is None


@pytest.mark.parametrize("named", [False, True])
def test_the_server_s_entry_is_used(
    private: GitServer,
    store: Store,
    resolve: Resolve,
    own_environment: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    named: bool,
) -> None:
    file = own_environment / ".netrc"
    if named:
        file = tmp_path / "elsewhere"
        monkeypatch.setenv("NETRC", str(file))
        (own_environment / ".netrc").write_text("not read")
    file.write_text(f"machine 127.0.0.1 login me password {PASSWORD}\n")
    # git and curl read a file that others can read, too.
    file.chmod(0o644)
    resolve(GitResolver(store), reference(private))
    login = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    assert private.logins == [None, login, login, login]


def test_a_url_with_a_user_takes_that_user_s_entry(
    private: GitServer, store: Store, resolve: Resolve, own_environment: Path
) -> None:
    lines = "machine 127.0.0.1 login you password no\nmachine 127.0.0.1 login me password {}\n"
    (own_environment / ".netrc").write_text(lines.format(PASSWORD))
    resolve(GitResolver(store), reference(private, "me@"))


def test_the_callback_counts_before_the_netrc_file(
    private: GitServer, store: Store, resolve: Resolve, own_environment: Path
) -> None:
    (own_environment / ".netrc").write_text("machine 127.0.0.1 login me password other\n")
    resolve(GitResolver(store, credentials=lambda _: ("me", PASSWORD)), reference(private))


def test_a_login_that_the_server_refuses_is_told_with_its_file(
    private: GitServer, store: Store, resolve: Resolve, own_environment: Path
) -> None:
    file = own_environment / ".netrc"
    file.write_text(f"machine 127.0.0.1 login me password {PASSWORD}x\n")
    with pytest.raises(AuthenticationFailed) as caught:
        resolve(GitResolver(store, credentials=lambda _: None), reference(private))
    url = f"{private.url}/add"
    assert str(caught.value) == f"me/add@v1: {url} refused the user and password of {file}; check them"
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_the_entry_default_is_sent_to_nobody(
    private: GitServer, store: Store, resolve: Resolve, own_environment: Path
) -> None:
    (own_environment / ".netrc").write_text(f"default login me password {PASSWORD}\n")
    with pytest.raises(AuthenticationFailed) as caught:
        resolve(GitResolver(store), reference(private))
    text = "wants a user and password; give them in ~/.netrc or in the URL"
    assert str(caught.value) == f"me/add@v1: {private.url}/add {text}"
    assert set(private.logins) == {None}


CORRECT = "correct the netrc file, or set NETRC to another"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            f"machine 127.0.0.1\nlogin me\npassword my {PASSWORD}\n",
            "{file}:3: a word stands where machine, login or password is to; quote a password that holds a space; "
            + CORRECT,
        ),
        (
            f'machine b\nmachine 127.0.0.1 password "{PASSWORD}\n',
            f"{{file}}:2: a quoted word does not end; {CORRECT}",
        ),
        (f"{PASSWORD} x\n", f"{{file}}:1: an entry is to begin with the word machine; {CORRECT}"),
        ("machine 127.0.0.1 login me\npassword", f"{{file}}:2: nothing follows the word password; {CORRECT}"),
        (
            f'machine 127.0.0.1 password "{PASSWORD}\\n"',
            f"{{file}}:1: the password holds a control character; {CORRECT}",
        ),
        (
            f"machine 127.0.0.1 password {PASSWORD}".encode() + b"\xff",
            "{file}: the netrc file can't be read: it is no text in UTF-8; correct it, or set NETRC",
        ),
        (b"#" * 2**21, "{file}: this is no netrc file, it is too large; correct it, or set NETRC"),
        (None, "{file}: the netrc file can't be read: Is a directory; correct it, or set NETRC"),
    ],
)
def test_a_netrc_file_that_is_wrong_is_told_without_what_it_holds(
    private: GitServer, store: Store, resolve: Resolve, own_environment: Path, content: str | bytes | None, text: str
) -> None:
    file = own_environment / ".netrc"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ResolveError) as caught:
        resolve(GitResolver(store), reference(private))
    assert type(caught.value) is ResolveError
    assert str(caught.value) == "me/add@v1: " + text.format(file=file)
    error: BaseException | None = caught.value
    while error is not None:
        assert PASSWORD not in f"{error}{error!r}{error.args}"
        error = error.__cause__ or error.__context__


def test_what_is_wrong_in_another_server_s_entry_does_no_harm(
    private: GitServer, store: Store, resolve: Resolve, own_environment: Path
) -> None:
    lines = f"machine other protocol https\nmachine 127.0.0.1 login me password {PASSWORD}\n"
    (own_environment / ".netrc").write_text(lines)
    resolve(GitResolver(store), reference(private))


def test_a_netrc_file_that_is_named_and_not_there_is_told(
    private: GitServer, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETRC", "/nonexistent/netrc")
    with pytest.raises(ResolveError) as caught:
        resolve(GitResolver(store), reference(private))
    text = "/nonexistent/netrc: the netrc file can't be read: No such file or directory; correct it, or set NETRC"
    assert str(caught.value) == f"me/add@v1: {text}"


@pytest.mark.parametrize(
    ("url", "environment", "private"),
    [
        ("https://git.example.org/a", {}, True),
        ("http://git.example.org/a", {}, False),
        ("http://127.1.2.3/a", {}, True),
        ("http://[::1]/a", {}, True),
        ("http://localhost:8080/a", {}, True),
        ("http://localhost.example.org/a", {}, False),
        ("http://localhost:8080/a", {"http_proxy": "http://proxy:1"}, False),
        ("http://localhost:8080/a", {"http_proxy": "http://proxy:1", "no_proxy": "localhost"}, True),
        ("https://git.example.org/a", {"https_proxy": "http://proxy:1"}, True),
    ],
)
def test_a_password_of_the_netrc_file_is_sent_where_nobody_can_read_it(
    url: str, environment: dict[str, str], private: bool
) -> None:
    assert is_private(parse_git_url(url), environment) is private


def test_no_password_of_the_netrc_file_goes_to_a_proxy_in_clear(
    private: GitServer, store: Store, resolve: Resolve, own_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own_environment / ".netrc").write_text(f"machine 127.0.0.1 login me password {PASSWORD}\n")
    with proxy_server() as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.place}")
        with pytest.raises(AuthenticationFailed) as caught:
            resolve(GitResolver(store), reference(private))
    text = "wants a user and password; give them in the URL, or use https"
    assert str(caught.value) == f"me/add@v1: {private.url}/add {text}"
    assert private.logins == [None]
