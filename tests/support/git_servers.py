"""Real git servers on loopback, and repositories for them, made by the real ``git``. Plain context managers.

Load the fixtures with ``pytest_plugins = ["git_servers"]`` or use the functions alone (``tests/support`` is on the
path of pytest, see ``pyproject.toml`` or the folder's ``conftest.py``).
"""

from __future__ import annotations

import base64
import contextlib
import http.server
import os
import socket
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

CLEAN_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", os.defpath),
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_COUNT": "3",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "GIT_CONFIG_KEY_1": "init.defaultBranch",
    "GIT_CONFIG_VALUE_1": "main",
    "GIT_CONFIG_KEY_2": "gc.auto",
    "GIT_CONFIG_VALUE_2": "0",
    "GIT_AUTHOR_NAME": "Author",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_AUTHOR_DATE": "2024-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "Author",
    "GIT_COMMITTER_EMAIL": "author@example.org",
    "GIT_COMMITTER_DATE": "2024-01-01T00:00:00Z",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}
"""An environment in which git depends on nothing of the machine's."""


def git(*arguments: str | Path, cwd: Path, stdin: bytes | None = None) -> str:
    """The output of a git command, without its last line end."""
    done = subprocess.run(
        ["git", *map(str, arguments)], cwd=cwd, input=stdin, env=CLEAN_ENVIRONMENT, capture_output=True
    )
    if done.returncode:
        raise AssertionError(f"git {arguments} failed: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


def commit_files(
    path: Path, files: Mapping[str, str | bytes], *, tags: Sequence[str] = (), message: str = "change"
) -> str:
    """Writes files, commits everything, tags the commit, and returns its id.

    A name in ``files`` that ends in ``*`` becomes executable (without the star). A tag that begins with ``@`` is an
    annotated one (without the ``@``).
    """
    for name, content in files.items():
        file = path / name.rstrip("*")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        if name.endswith("*"):
            file.chmod(0o755)
    git("add", "-A", cwd=path)
    git("commit", "-q", "--allow-empty", "-m", message, cwd=path)
    for tag in tags:
        if tag.startswith("@"):
            git("tag", "-a", tag[1:], "-m", f"the tag {tag[1:]}", cwd=path)
        else:
            git("tag", tag, cwd=path)
    return git("rev-parse", "HEAD", cwd=path)


def make_repository(path: Path, files: Mapping[str, str | bytes], *, tags: Sequence[str] = ()) -> str:
    """A new repository (with a work tree, branch ``main``) with one commit of ``files``; returns the commit's id.

    ``files`` and ``tags`` are as for `commit_files`. `git_daemon` and `http_git_server` serve it as it is.
    """
    path.mkdir(parents=True, exist_ok=True)
    git("init", "-q", cwd=path)
    return commit_files(path, files, tags=tags)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def git_daemon(root: Path) -> Iterator[str]:
    """``git daemon`` for all repositories below ``root``; gives the URL ``git://127.0.0.1:PORT``."""
    port = free_port()
    command = ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", "--export-all"]
    command += [f"--base-path={root}", "--informative-errors", "--verbose", str(root)]
    process = subprocess.Popen(command, env=CLEAN_ENVIRONMENT, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if b"Ready to rumble" in line:
                break
        else:
            raise AssertionError("git daemon did not start")
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield f"git://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait()
        drain.join()
        process.stderr.close()


class GitHttpServer(http.server.ThreadingHTTPServer):
    """``git http-backend`` behind HTTP, with basic authentication if a user is given. ``requests`` lists what came."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, root: Path, *, user: str | None, password: str | None) -> None:
        self.root = root
        self.credentials = None if user is None else f"{user}:{password or ''}"
        self.requests: list[str] = []
        super().__init__(("127.0.0.1", 0), _GitHttpHandler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of clients that break off."""

    @property
    def url(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def packs(self) -> int:
        """How many packs were asked for."""
        return sum(request.startswith("FETCH ") for request in self.requests)


class _GitHttpHandler(http.server.BaseHTTPRequestHandler):
    server: GitHttpServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _serve(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        kind = "FETCH" if b"command=fetch" in body or b"want " in body else self.command
        self.server.requests.append(f"{kind} {path}")
        if self.server.credentials is not None:
            given = self.headers.get("Authorization", "")
            if given != "Basic " + base64.b64encode(self.server.credentials.encode()).decode():
                self._answer(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"who are you?")
                return
        environment = {
            **CLEAN_ENVIRONMENT,
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": urllib.parse.unquote(path),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200 OK").split()[0])
        self._answer(status, headers, content)

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextlib.contextmanager
def running_http_server(root: Path, *, user: str | None = None, password: str | None = None) -> Iterator[GitHttpServer]:
    """A real smart-HTTP git server for all repositories below ``root``, as an object with ``url`` and ``requests``."""
    with GitHttpServer(root, user=user, password=password) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def http_git_server(root: Path, *, user: str | None = None, password: str | None = None) -> Iterator[str]:
    """A real smart-HTTP git server for all repositories below ``root``; gives the URL ``http://127.0.0.1:PORT``.

    With ``user`` and ``password`` it wants them (the URL that is given does not hold them).
    """
    with running_http_server(root, user=user, password=password) as server:
        yield server.url
