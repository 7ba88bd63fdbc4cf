"""The guardian: a tiny process that ends what a host started when the host itself is killed.

The host and its guardian share a pipe and a ledger (an unlinked file). The host writes each step's session into the
ledger, at the cost of one system call; the guardian sleeps until the pipe closes. After a goodbye it just ends; without
one the host is dead, and the guardian ends everything that the ledger lists.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from datatorch_pipelines.runners import trees


class Guardian:
    """A runner's guardian, started by `start` and let go by `close`. Not thread-safe: it belongs to one event loop.

    On a machine without a Python interpreter of its own (an embedded one that names none) nothing guards.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._ledger = -1
        self._lifeline = -1
        self._free: list[int] = []
        self._slots = 0

    def start(self) -> None:
        """Starts the process, unless it runs. It makes itself ready while the host goes on."""
        python = sys.executable or shutil.which("python3")
        if self._process is not None or not python:
            return
        try:
            with tempfile.TemporaryFile() as file:
                self._ledger = os.dup(file.fileno())
            reading, self._lifeline = os.pipe()
        except OSError:  # no folder for temporary files, or no descriptor left: what needs one itself says so
            self._close_files()
            return
        try:
            self._process = subprocess.Popen(
                (python, "-I", "-S", "-E", Path(trees.__file__), str(os.getpid())),
                stdin=reading,
                stdout=self._ledger,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"LC_ALL": "C"},  # not empty: so a process looks while it becomes another program
                start_new_session=True,
            )
        except OSError:
            self._close_files()  # a machine where this can't be started has other worries, and steps still end well
        finally:
            os.close(reading)

    def add(self, session: int, mark: bytes) -> int:
        """Lists a session (0: none yet) and a mark of its environment; gives the slot for `change` and `remove`."""
        if self._free:
            slot = self._free.pop()
        else:
            slot = self._slots
            self._slots += 1
        self.change(slot, session, mark)
        return slot

    def change(self, slot: int, session: int, mark: bytes) -> None:
        """Writes a slot anew; a negative session is one whose leader is gone."""
        entry = b"%d %s\n" % (session, mark)
        fits = len(entry) <= trees.SLOT_BYTES and b"\n" not in mark
        self._write(slot, entry if fits else b"%d \n" % session)

    def remove(self, slot: int) -> None:
        """Frees a slot: what it listed is over."""
        self._write(slot, b"\n")
        self._free.append(slot)

    def _write(self, slot: int, entry: bytes) -> None:
        if self._ledger >= 0:
            with contextlib.suppress(OSError):  # a full disk must not fail a step that needs none of it
                os.pwrite(self._ledger, entry, slot * trees.SLOT_BYTES)

    def close(self) -> None:
        """Says goodbye and ends the guardian, which may still be making itself ready. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):  # it was killed, which changes nothing any more
            os.write(self._lifeline, b".")
        process.kill()
        self._close_files()
        process.wait()

    def _close_files(self) -> None:
        for descriptor in (self._ledger, self._lifeline):
            if descriptor >= 0:
                os.close(descriptor)
        self._ledger = self._lifeline = -1
