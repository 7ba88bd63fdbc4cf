"""The example of a resolver, `examples/resolvers/zip.py`: it passes the kit, and lets no archive do harm."""

from __future__ import annotations

import asyncio
import hashlib
import http.server
import importlib.util
import io
import re
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from git_servers import free_port
from silent_servers import silent_server

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, ActionRefused, AuthenticationFailed, FetchFailed, ResolveError
from datatorch_pipelines.model import ActionReference, ReferenceKind
from datatorch_pipelines.resolvers import Store, StoreLimits, Timeouts
from datatorch_pipelines.testing import ResolverConformance

EXAMPLE = Path(__file__).parents[2] / "examples" / "resolvers" / "zip.py"
ACTION = {"action-datatorch.yaml": "name: Add\nruns: {using: python, main: add.py}\n", "add.py": "print(1)\n"}
Serve = Callable[[str, bytes], None]


def _example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("zip_resolver_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ZipResolver = _example().ZipResolver


def archive(files: dict[str, str | bytes], **modes: int) -> bytes:
    """A zip archive; ``modes`` are those of files, by their names with ``_`` for what is no letter."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            mode = modes.get("".join(c if c.isalnum() else "_" for c in name), stat.S_IFREG | 0o644)
            info.external_attr = mode << 16
            made.writestr(info, content)
    return data.getvalue()


class Server(http.server.ThreadingHTTPServer):
    """Serves ``answers`` by path: bytes, or a status with headers."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self) -> None:
        self.answers: dict[str, bytes | tuple[int, dict[str, str]]] = {}
        self.token: str | None = None
        self.seen: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        given = self.headers.get("Authorization")
        self.server.seen.append((self.path, given))
        answer = self.server.answers.get(self.path, (404, {}))
        if self.server.token is not None and given != f"Bearer {self.server.token}":
            answer = (401, {})
        status, headers = (200, {"Content-Length": str(len(answer))}) if isinstance(answer, bytes) else answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if isinstance(answer, bytes):
            self.wfile.write(answer)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        server.answers["/me/add/v1.zip"] = archive(ACTION)
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def resolver(server: Server, store: Store) -> Resolver:
    return ZipResolver(server.url, owners=["me"], store=store, limits=StoreLimits(max_received_bytes=200_000))


class TestZipResolver(ResolverConformance):
    known = pytest.fixture(lambda self: "me/add@v1")
    missing = pytest.fixture(lambda self: "me/add@v9")
    foreign = pytest.fixture(lambda self: "you/add@v1")
    secrets = pytest.fixture(lambda self: ("t0ken-of-mine",))

    @pytest.fixture
    def resolver(self, server: Server, store: Store) -> Resolver:
        server.token = "t0ken-of-mine"
        return ZipResolver(server.url, owners=["me"], token="t0ken-of-mine", store=store)

    @pytest.fixture
    def unreachable(self, store: Store) -> Resolver:
        return ZipResolver(f"http://127.0.0.1:{free_port()}", owners=["me"], store=store)

    @pytest.fixture
    def silent(self, store: Store) -> Iterator[Resolver]:
        with silent_server() as port:
            yield ZipResolver(f"http://127.0.0.1:{port}", owners=["me"], store=store)

    @pytest.fixture
    def program(self, server: Server, store: Store) -> str:
        return (
            f"import sys; sys.path.insert(0, {str(EXAMPLE.parent)!r})\n"
            "from datatorch_pipelines.resolvers import Store\n"
            "from zip import ZipResolver\n"
            f"resolver = ZipResolver({server.url!r}, owners=['me'], store=Store({str(store.root)!r}))"
        )


def resolve(resolver: Resolver, reference: str, **context: object) -> ResolvedAction:
    told = ResolveContext(**context)  # type: ignore[arg-type]  # the test says what
    return asyncio.run(resolver.resolve(ActionReference.parse(reference), told))


def left_in(store: Store) -> list[Path]:
    """What a failed fetch left in a store."""
    return [path for path in store.root.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_version_is_fetched_once(resolver: Resolver, server: Server) -> None:
    first, second = resolve(resolver, "me/add@v1"), resolve(resolver, "me/add@v1")
    assert first == second
    assert (first.url, first.commit) == (f"{server.url}/me/add/v1.zip", None)
    assert server.seen == [("/me/add/v1.zip", None)]


def test_a_ref_and_a_name_are_parts_of_a_path_and_nothing_else(resolver: Resolver, server: Server) -> None:
    with pytest.raises(ActionNotFound):
        resolve(resolver, "me/add@v1/%2e%2e/x&y#z")
    assert server.seen == [("/me/add/v1%2F%252e%252e%2Fx%26y%23z.zip", None)]
    hand_made = ActionReference(ReferenceKind.GITHUB, "me/../../x", "v1")
    with pytest.raises(ActionRefused):
        asyncio.run(resolver.resolve(hand_made, ResolveContext()))


def test_a_run_takes_it(resolver: Resolver, tmp_path: Path) -> None:
    pipeline = dtp.loads("name: P\njobs: {a: {steps: [{name: Add, action: me/add@v1}]}}")
    result = pipeline.run(resolvers=[resolver], directory=tmp_path / "runs")
    assert result.jobs["a"].step("Add").stdout == "1\n"


def test_an_executable_file_stays_one_and_folders_are_made(resolver: Resolver, server: Server) -> None:
    files = {**ACTION, "bin/run": "#!/bin/sh\n", "empty/": ""}
    server.answers["/me/add/v2.zip"] = archive(files, bin_run=stat.S_IFREG | 0o755, empty_=stat.S_IFDIR | 0o755)
    directory = resolve(resolver, "me/add@v2").directory
    assert (directory / "bin" / "run").stat().st_mode & 0o777 == 0o555
    assert (directory / "add.py").stat().st_mode & 0o777 == 0o444


LINK = stat.S_IFLNK | 0o777
BAD = {
    "..": (archive({"../x": ""}), "me/add@v2: the name '../x' leads out of its archive"),
    "inner": (archive({"a/../../x": ""}), "me/add@v2: the name 'a/../../x' leads out of its archive"),
    "absolute": (archive({"/etc/x": ""}), "me/add@v2: the name '/etc/x' leads out of its archive"),
    "link": (archive({"x": "/etc"}, x=LINK), "me/add@v2: 'x' is neither file nor folder"),
    "device": (archive({"x": ""}, x=stat.S_IFCHR | 0o644), "me/add@v2: 'x' is neither file nor folder"),
    "git": (archive({".git/config": ""}), "the file name '.git' is not allowed"),
    "backslash": (archive({"a\\b": ""}), "the file name 'a\\\\b' is not allowed"),
    "case": (archive({"a": "", "A": ""}), "the names 'A' and 'a' are one file on some file systems"),
    "file and folder": (archive({"a": "", "a/b": ""}), "me/add@v2: its archive can't be unpacked: "),
    "long": (archive({"a" * 300: ""}), "me/add@v2: its archive can't be unpacked: File name too long"),
    "bomb": (archive({"zeros": b"\0" * 40_000_000}), "me/add@v2: its files are larger than allowed"),
    "many": (archive({f"f{n}": "" for n in range(60)}), "me/add@v2: its archive has more than 50 files"),
    "no zip": (b"<html>", "me/add@v2: its archive is no zip file that can be read: File is not a zip file"),
    "cut": (archive(ACTION)[:-30], "me/add@v2: its archive is no zip file that can be read: File is not a zip file"),
    "empty": (b"", "me/add@v2: its archive is no zip file that can be read: File is not a zip file"),
    "large": (b"x" * 200_001, "is larger than the 200000 bytes allowed"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_archive_that_is_not_right_is_refused_and_leaves_nothing(
    case: str, server: Server, store: Store, tmp_path: Path
) -> None:
    limits = StoreLimits(max_received_bytes=200_000, max_tree_bytes=20_000_000, max_entries=50)
    resolver = ZipResolver(server.url, owners=["me"], store=store, limits=limits)
    server.answers["/me/add/v2.zip"], text = BAD[case]
    with pytest.raises(ResolveError) as caught:
        resolve(resolver, "me/add@v2")
    assert not isinstance(caught.value, ActionNotFound)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert left_in(store) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]


def test_a_size_that_an_archive_lies_about_costs_no_more_than_allowed(server: Server, store: Store) -> None:
    data = archive({"zeros": b"\0" * 5_000_000})
    size = (5_000_000).to_bytes(4, "little")
    assert data.count(size) == 2
    server.answers["/me/add/v2.zip"] = data.replace(size, (10).to_bytes(4, "little"))
    resolver = ZipResolver(server.url, owners=["me"], store=store, limits=StoreLimits(max_tree_bytes=1_000_000))
    with pytest.raises(ResolveError, match=r"^me/add@v2: its archive is no zip file that can be read: Bad CRC-32"):
        resolve(resolver, "me/add@v2")


def test_a_digest_that_was_given_must_fit(server: Server, store: Store) -> None:
    right = hashlib.sha256(archive(ACTION)).hexdigest()
    known = ZipResolver(server.url, owners=["me"], store=store, sha256={"me/add@v1": right})
    assert resolve(known, "me/add@v1").directory.is_dir()
    other = ZipResolver(server.url, owners=["me"], store=store, sha256={"me/add@v1": "0" * 64})
    with pytest.raises(ActionRefused) as caught:
        resolve(other, "me/add@v1")
    assert str(caught.value) == f"me/add@v1: {server.url}/me/add/v1.zip has the SHA-256 {right}, and not {'0' * 64}"


def test_what_a_server_says_is_told_in_one_line(server: Server, store: Store, resolver: Resolver) -> None:
    url = f"{server.url}/me/add/v2.zip"
    cases: dict[int, tuple[type[ResolveError], str]] = {
        404: (ActionNotFound, f"me/add@v2: {url} does not exist; is it the right name and version?"),
        403: (
            AuthenticationFailed,
            f"me/add@v2: {url} is not for everybody (status 403); give a token that is valid",
        ),
        500: (FetchFailed, f"me/add@v2: {url} can't be fetched: the server says 500; try again later"),
    }
    for status, (kind, text) in cases.items():
        server.answers["/me/add/v2.zip"] = (status, {})
        with pytest.raises(kind) as caught:
            resolve(resolver, "me/add@v2")
        assert str(caught.value) == text


def test_a_server_that_breaks_off_is_told(server: Server, resolver: Resolver) -> None:
    server.answers["/me/add/v2.zip"] = (200, {"Content-Length": "1000"})
    with pytest.raises(FetchFailed, match=r"^me/add@v2: \S+ broke off; try again$"):
        resolve(resolver, "me/add@v2")


def test_a_token_stays_with_its_server(server: Server, store: Store) -> None:
    with Server() as other:
        other.answers["/v1.zip"] = archive(ACTION)
        thread = threading.Thread(target=lambda: other.serve_forever(poll_interval=0.01))
        thread.start()
        try:
            server.answers["/me/add/v1.zip"] = (302, {"Location": f"{other.url}/v1.zip"})
            resolve(ZipResolver(server.url, owners=["me"], token="word", store=store), "me/add@v1")
        finally:
            other.shutdown()
            thread.join()
    assert server.seen == [("/me/add/v1.zip", "Bearer word")]
    assert other.seen == [("/v1.zip", None)]


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x.zip", "file:///etc/passwd"])
def test_a_redirect_to_something_else_is_not_followed(server: Server, resolver: Resolver, target: str) -> None:
    server.answers["/me/add/v2.zip"] = (302, {"Location": target})
    with pytest.raises(ResolveError) as caught:
        resolve(resolver, "me/add@v2")
    assert not isinstance(caught.value, ActionNotFound)
    assert "redirect" in str(caught.value) or "302" in str(caught.value)


def test_a_server_has_a_time_altogether(store: Store) -> None:
    with silent_server() as port:
        url = f"http://127.0.0.1:{port}"
        resolver = ZipResolver(url, owners=["me"], store=store, timeouts=Timeouts(total=0.05))
        with pytest.raises(FetchFailed) as caught:
            resolve(resolver, "me/add@v1")
    assert str(caught.value) == f"me/add@v1: {url} took more than 0.05 seconds; try again later"


def test_offline_says_how_to_get_it(resolver: Resolver, server: Server) -> None:
    with pytest.raises(ActionNotFound) as caught:
        resolve(resolver, "me/add@v1", offline=True)
    text = "me/add@v1 is not in the store, and the network is not to be used; run once without offline"
    assert (str(caught.value), server.seen) == (text, [])


def test_a_branch_and_no_ref_are_none_of_its_business(resolver: Resolver) -> None:
    said = {text: resolver.matches(ActionReference.parse(text)) for text in ("me/add@v1", "me/add", "me/add@latest")}
    assert said == {"me/add@v1": True, "me/add": False, "me/add@latest": False}


@pytest.mark.parametrize("url", ["ftp://x/y", "https://me:word@x/y", "https://x/y?z", "/etc"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"^base_url is an http or https URL without user, password and query$"):
        ZipResolver(url, owners=["me"])


def test_the_page_shows_the_example_as_it_is() -> None:
    page = (EXAMPLE.parents[2] / "docs" / "how-to" / "write-a-resolver.md").read_text()
    parts = re.findall(r"<!-- shown: a part of examples/resolvers/zip.py -->\n```python\n(.*?)```", page, re.DOTALL)
    assert len(parts) >= 5
    for part in parts:
        assert _lines(part) in _lines(EXAMPLE.read_text())


def _lines(text: str) -> str:
    """The lines of a text that hold something, without what stands before them: the page shows parts less far in."""
    return "".join(f"{line.strip()}\n" for line in text.splitlines() if line.strip())
