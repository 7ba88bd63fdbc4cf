"""A client of a language server over its standard streams: it waits for messages, never for time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

Json = dict[str, Any]


class LanguageServer:
    """A server process from ``initialize`` to ``exit``; ``settings`` is what it is told when it asks, by section."""

    def __init__(self, command: Sequence[str], settings: Mapping[str, object]) -> None:
        self._settings = settings
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._number = 0
        self._published: dict[str, list[Json]] = {}
        self._configured = False

    def __enter__(self) -> LanguageServer:
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"hover": {"contentFormat": ["plaintext"]}, "completion": {"completionItem": {}}},
        }
        self.request("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        self.notify("initialized", {})
        while not self._configured:
            self._take(self._receive())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.request("shutdown", None)
            self.notify("exit", None)
        else:
            self._process.kill()
        self._process.communicate()

    def open(self, path: Path) -> str:
        """Opens a YAML file and gives its URI."""
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": path.read_text(encoding="utf-8")}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def diagnostics(self, uri: str) -> list[Json]:
        """What the server publishes next of a document; waits for it."""
        while not self._published.get(uri):
            self._take(self._receive())
        return list(self._published[uri].pop(0)["diagnostics"])

    def at(self, method: str, uri: str, line: int, column: int) -> Any:
        """The answer to a request about a place, counted from 1 as we do."""
        position = {"line": line - 1, "character": column - 1}
        return self.request(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": position})

    def request(self, method: str, parameters: object) -> Any:
        """Asks and waits for the answer."""
        self._number += 1
        asked = self._number
        self._send({"id": asked, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if "method" not in message and message.get("id") == asked:
                assert "error" not in message, message["error"]
                return message["result"]
            self._take(message)

    def notify(self, method: str, parameters: object) -> None:
        """Tells something that has no answer."""
        self._send({"method": method, "params": parameters})

    def _take(self, message: Json) -> None:
        """What the server says by itself: it may ask for settings, and publishes diagnostics."""
        method = message.get("method")
        if "id" in message:
            self._configured = self._configured or method == "workspace/configuration"
            asked = message["params"]["items"] if method == "workspace/configuration" else []
            self._send({"id": message["id"], "result": [self._settings.get(item["section"]) for item in asked] or None})
        elif method == "textDocument/publishDiagnostics":
            self._published.setdefault(message["params"]["uri"], []).append(message["params"])

    def _send(self, message: Json) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> Json:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server went away"
        message = json.loads(self._process.stdout.read(length))
        assert isinstance(message, dict)
        return message
