"""The agent of the examples, at work for a small server."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

AGENT = Path(__file__).parents[2] / "examples" / "agent" / "agent.py"
ADD = """\
name: Add
inputs: {a: {type: integer, required: true}}
outputs: {sum: {type: integer}}
runs: {using: cmd, command: 'echo "adding for ${{ run.id }}"; cat carried; echo "::sum::$((INPUT_A + 1))"'}
"""


class StepServer(ThreadingHTTPServer):
    """Hands out steps, and keeps what it is told of them."""

    def __init__(self, claims: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.claims = claims
        self.logs: dict[str, bytes] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.over: dict[str, threading.Event] = {claim["id"]: threading.Event() for claim in claims}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that the agent left behind is no error."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, StepServer)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _, *parts = self.path.split("/")
        answer: Any = None
        if parts == ["claim"]:
            answer = server.claims.pop(0) if server.claims else None
        else:
            _, step, what = parts
            if what == "log":
                server.logs[step] = server.logs.get(step, b"") + body
                if b"cancel me" in server.logs[step]:
                    server.over[step].set()
            elif what == "result":
                server.results[step] = json.loads(body)
                server.over[step].set()
            else:
                server.over[step].wait()
                answer = step not in server.results
        self.send_response(200 if answer is not None else 204)
        self.end_headers()
        if answer is not None:
            self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: Any) -> None:
        """Prints nothing."""


@pytest.fixture
def serve() -> Iterator[Any]:
    servers: list[StepServer] = []

    def start(claims: list[dict[str, Any]]) -> StepServer:
        servers.append(StepServer(claims))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        for event in server.over.values():
            event.set()
        server.shutdown()
        server.server_close()


def test_the_agent_carries_out_what_its_server_hands_out(serve, tmp_path: Path) -> None:
    (tmp_path / "add").mkdir()
    (tmp_path / "add" / "action-datatorch.yaml").write_text(ADD)
    server = serve(
        [
            {
                "id": "s1",
                "run": "run-1",
                "job": "a",
                "step": {"name": "Carry", "run": 'echo "$INPUT_TOKEN ${RUN:-}" > carried; echo "$INPUT_TOKEN"'},
                "inputs": {"token": "s3cret-value"},
                "secrets": {"TOKEN": "s3cret-value"},
            },
            {"id": "s2", "run": "run-1", "job": "a", "step": {"action": "./add"}, "inputs": {"a": "41"}},
            {"id": "s3", "run": "run-1", "job": "b", "step": {"run": "echo ${{ secrets.x }}"}, "inputs": {}},
            {"id": "s4", "run": "run-1", "job": "b", "step": {"run": "echo cancel me; sleep 1000"}, "inputs": {}},
            {"id": "s5", "run": "../..", "job": "b", "step": {"run": "true"}, "inputs": {}},
            {"id": "s6", "run": "run-2", "job": "b", "step": {"name": "Fail", "run": "exit 3"}, "inputs": {}},
        ]
    )
    url = f"http://127.0.0.1:{server.server_address[1]}"
    command = [sys.executable, "-W", "error", str(AGENT), url, "work"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    results = server.results
    assert results["s1"] == {"status": "succeeded", "exit_status": 0, "outputs": {}, "error": None}
    assert results["s2"] == {"status": "succeeded", "exit_status": 0, "outputs": {"sum": 42}, "error": None}
    assert server.logs["s1"] == b"***\n"
    assert server.logs["s2"].startswith(b"adding for run-1\ns3cret-value \n")  # this step was told of no secret
    assert results["s3"]["error"].startswith("<step>.yaml:1:11: error: an expression in 'run'")
    assert results["s4"] == {"status": "cancelled", "exit_status": None, "outputs": {}, "error": None}
    assert results["s5"]["error"].startswith("the run id '../..' can't name a folder")
    assert results["s6"]["error"] == "the step 'Fail' failed with exit status 3"
    folders = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("work/*/*/*")}
    assert {"work/workspaces/run-1/a", "work/workspaces/run-1/b", "work/workspaces/run-2/b"} < folders
    assert len(list((tmp_path / "work" / "records" / "run-1").iterdir())) == 3
