"""TLS: whom to trust, and each way in which it goes wrong, with what to do."""

from __future__ import annotations

import datetime
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from git_servers import make_repository
from http_services import GitServer, git_server
from rude_servers import raw_server

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import FetchFailed, PipelinesError, ResolveError
from datatorch_pipelines.resolvers import GitResolver, Store
from datatorch_pipelines.resolvers.transport.tls import tls_failure

Resolve = Callable[..., ResolvedAction]
pytestmark = pytest.mark.usefixtures("own_environment")
UNKNOWN = (
    "is from an authority that is not known here; name the authority's file by SSL_CERT_FILE, or by ca_file= in Python"
)


@pytest.fixture(autouse=True)
def repository(root: Path) -> None:
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n"}, tags=["v1"])


@pytest.fixture
def server(root: Path, authority: trustme.CA) -> Iterator[GitServer]:
    with git_server(root, certificate=authority.issue_cert("127.0.0.1", "localhost")) as server:
        yield server


def reference(url: str) -> dict[str, object]:
    return {"name": "me/add", "tag": "v1", "git": f"{url}/add"}


def failure(resolve: Resolve, resolver: GitResolver, url: str, kind: type[PipelinesError] = FetchFailed) -> str:
    with pytest.raises(PipelinesError) as caught:
        resolve(resolver, reference(url))
    assert type(caught.value) is kind
    return str(caught.value)


@pytest.mark.parametrize("variable", [None, "SSL_CERT_FILE", "GIT_SSL_CAINFO", "SSL_CERT_DIR"])
def test_an_authority_of_one_s_own_is_trusted_where_it_is_named(
    server: GitServer,
    ca_file: Path,
    store: Store,
    resolve: Resolve,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
) -> None:
    if variable == "SSL_CERT_DIR":
        if shutil.which("openssl") is None:
            pytest.skip("the program openssl is not installed")
        folder = ca_file.parent / "authorities"
        folder.mkdir()
        # OpenSSL looks for a certificate by the hash of its subject.
        told = subprocess.run(
            ["openssl", "x509", "-noout", "-subject_hash", "-in", ca_file], capture_output=True, check=True, text=True
        )
        (folder / f"{told.stdout.strip()}.0").write_bytes(ca_file.read_bytes())
        monkeypatch.setenv(variable, f"/nonexistent:{folder}")
    elif variable is not None:
        monkeypatch.setenv(variable, str(ca_file))
    resolver = GitResolver(store, ca_file=ca_file if variable is None else None)
    assert (resolve(resolver, reference(server.url)).directory / "action-datatorch.yaml").is_file()


def test_an_authority_that_nobody_named_is_told(server: GitServer, store: Store, resolve: Resolve) -> None:
    text = f"me/add@v1: the certificate of {server.url} {UNKNOWN}"
    assert failure(resolve, GitResolver(store), server.url) == text
    assert server.requests == []


def test_a_file_of_authorities_stands_in_place_of_all_others(
    server: GitServer, ca_file: Path, tmp_path: Path, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    for resolver in (GitResolver(store, ca_file=other), GitResolver(store)):
        monkeypatch.setenv("GIT_SSL_CAINFO", str(other))
        assert UNKNOWN in failure(resolve, resolver, server.url)


@pytest.mark.parametrize("variable", ["GIT_SSL_NO_VERIFY", "PYTHONHTTPSVERIFY", "NODE_TLS_REJECT_UNAUTHORIZED"])
def test_no_variable_switches_verification_off(
    server: GitServer, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1" if variable == "GIT_SSL_NO_VERIFY" else "0")
    assert UNKNOWN in failure(resolve, GitResolver(store), server.url)


def test_no_variable_has_the_keys_of_a_connection_written(
    server: GitServer, ca_file: Path, tmp_path: Path, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    resolve(GitResolver(store, ca_file=ca_file), reference(server.url))
    assert not (tmp_path / "keys").exists()


def test_a_certificate_for_another_host_is_told(
    root: Path, authority: trustme.CA, ca_file: Path, store: Store, resolve: Resolve
) -> None:
    with git_server(root, certificate=authority.issue_cert("git.example.org")) as server:
        for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
            text = f"the certificate of {url} is for another host name; is the host of the URL right?"
            assert failure(resolve, GitResolver(store, ca_file=ca_file), url) == f"me/add@v1: {text}"


@pytest.mark.parametrize(
    ("begin", "end", "text"),
    [
        (-20, -10, "has expired; the server needs a new one"),
        (10, 20, "is not valid yet; is this machine's clock right?"),
    ],
)
def test_a_certificate_of_another_time_is_told(
    root: Path,
    authority: trustme.CA,
    ca_file: Path,
    store: Store,
    resolve: Resolve,
    begin: int,
    end: int,
    text: str,
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    dates = {
        "not_before": now + datetime.timedelta(days=begin),
        "not_after": now + datetime.timedelta(days=end),
    }
    with git_server(root, certificate=authority.issue_cert("127.0.0.1", **dates)) as server:
        told = failure(resolve, GitResolver(store, ca_file=ca_file), server.url)
    assert told == f"me/add@v1: the certificate of {server.url} {text}"


def test_an_authority_below_the_root_may_be_the_one_to_trust(
    root: Path, tmp_path: Path, store: Store, resolve: Resolve
) -> None:
    below = trustme.CA().create_child_ca()
    file = tmp_path / "below.pem"
    below.cert_pem.write_to_path(str(file))
    with git_server(root, certificate=below.issue_cert("127.0.0.1")) as server:
        resolve(GitResolver(store, ca_file=file), reference(server.url))


def test_a_server_that_speaks_http_at_the_port_of_https_is_told(root: Path, store: Store, resolve: Resolve) -> None:
    with git_server(root) as server:
        url = server.url.replace("http:", "https:")
        told = failure(resolve, GitResolver(store), url)
    text = f"{url} does not speak TLS; is the port right, or is it an http server?"
    assert told == f"me/add@v1: {text}"


def test_a_server_that_speaks_https_at_the_port_of_http_is_told(
    server: GitServer, store: Store, resolve: Resolve
) -> None:
    url = server.url.replace("https:", "http:")
    assert failure(resolve, GitResolver(store), url) == f"me/add@v1: {url}/add broke off; try again later"


def test_a_server_that_breaks_off_when_tls_begins_is_told(store: Store, resolve: Resolve) -> None:
    def leave(connection: socket.socket) -> None:
        connection.recv(65536)

    with raw_server(leave) as port:
        url = f"https://127.0.0.1:{port}"
        told = failure(resolve, GitResolver(store), url)
    assert told == f"me/add@v1: {url} broke off when TLS began; does it speak https at this port?"


def test_an_old_server_is_told() -> None:
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.maximum_version, client.minimum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    one, other = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(one, other, server_hostname="a")
    answering = server.wrap_bio(other, one, server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        asking.do_handshake()
    with pytest.raises(ssl.SSLError):
        answering.do_handshake()
    with pytest.raises(ssl.SSLError) as caught:
        asking.do_handshake()
    text = str(tls_failure(caught.value, "https://a"))
    assert (
        text == "https://a and this machine can't agree on TLS: tlsv1 alert protocol version; is the server up to date?"
    )


WHICH = "it is to hold the certificate authorities to trust"
FORM = "it must be PEM: -----BEGIN CERTIFICATE-----"


@pytest.mark.parametrize("variable", [None, "SSL_CERT_FILE", "GIT_SSL_CAINFO"])
@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, f"can't be read: No such file or directory; {WHICH}"),
        ("", f"holds no certificate; {FORM}"),
        ("hello", f"holds no certificate; {FORM}"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f"holds no certificate; {FORM}"),
    ],
)
def test_a_file_of_authorities_that_is_none_is_told_before_a_server_is_asked(
    store: Store,
    resolve: Resolve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    content: str | None,
    text: str,
) -> None:
    file = tmp_path / "authorities"
    if content is not None:
        file.write_text(content)
    if variable is not None:
        monkeypatch.setenv(variable, str(file))
    asked: list[socket.socket] = []
    with raw_server(asked.append) as port:
        resolver = GitResolver(store, ca_file=file if variable is None else None)
        told = failure(resolve, resolver, f"https://127.0.0.1:{port}", ResolveError)
    assert told == f"me/add@v1: the file '{file}' of {variable or 'ca_file'} {text}"
    assert asked == []


def test_a_folder_of_authorities_that_is_not_there_is_told(
    store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", "/nonexistent")
    told = failure(resolve, GitResolver(store), "https://127.0.0.1:1", ResolveError)
    assert told == "me/add@v1: SSL_CERT_DIR names no folder that is there: '/nonexistent'; correct or unset it"


def test_files_of_authorities_don_t_matter_without_tls(
    root: Path, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    with git_server(root) as server:
        resolve(GitResolver(store, ca_file="/nonexistent"), reference(server.url))
