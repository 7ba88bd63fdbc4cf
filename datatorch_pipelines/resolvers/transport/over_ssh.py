"""ssh: dulwich's client over the system's ``ssh``, with time-outs, and ended on cancellation."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import IO, Any, cast

from attrs import frozen
from dulwich.client import SSHGitClient, SSHVendor, SubprocessWrapper
from dulwich.config import ConfigDict
from dulwich.errors import HangupException
from dulwich.protocol import Protocol

from datatorch_pipelines.errors import FetchFailed
from datatorch_pipelines.resolvers.transport.readiness import readable, writable
from datatorch_pipelines.resolvers.transport.session import Session
from datatorch_pipelines.resolvers.urls import GitUrl

_LEAVE_SECONDS = 5.0
"""How long ssh may take to end by itself when all was said: it may be what other connections run through."""
_POLL_SECONDS = 0.005
_LOOK_UP_SECONDS = 0.2
_STDERR_SECONDS = 2.0
_STDERR_BYTES, _STDERR_LINE, _STDERR_LINES = 8192, 500, 50
_HEX = frozenset(b"0123456789abcdefABCDEF")


class SshClient(SSHGitClient):
    """ssh, by the program of that name."""

    def __init__(self, url: GitUrl, session: Session) -> None:
        vendor = _Ssh(url, session)
        super().__init__(
            url.host, port=url.port, username=url.username, vendor=vendor, config=ConfigDict(), thin_packs=False
        )
        self.opened: list[Protocol] = []

    def _connect(
        self, cmd: bytes, path: str | bytes, protocol_version: int | None = None
    ) -> tuple[Protocol, Callable[[], bool], IO[bytes] | None]:
        connected = super()._connect(cmd, path, protocol_version)
        self.opened.append(connected[0])
        return connected


class _Ssh(SSHVendor):
    """The system's ``ssh``, asking nothing and giving up in time. The user's ssh configuration counts, as for git."""

    def __init__(self, url: GitUrl, session: Session) -> None:
        self._url = url
        self._session = session

    def run_command(
        self,
        host: str,
        command: bytes,
        username: str | None = None,
        port: int | None = None,
        password: str | None = None,
        key_filename: str | None = None,
        ssh_command: str | None = None,
        protocol_version: int | None = None,
    ) -> SubprocessWrapper:
        times = self._session.timeouts
        name = self._session.ssh_command[0]
        program = shutil.which(name)
        if program is None:
            raise FetchFailed(f"the program {name!r} is not installed", hint="install OpenSSH")
        # No terminal, no question, and nothing of this machine lent to the server: neither agent nor ports nor screen.
        argv = [program, *self._session.ssh_command[1:], "-a", "-x", "-T", "-oBatchMode=yes"]
        argv += [f"-oConnectTimeout={max(1, round(times.connect))}", "-oSendEnv=GIT_PROTOCOL"]
        argv += ["-oClearAllForwardings=yes", "-oPermitLocalCommand=no"]
        argv += ["-p", str(port)] if port else []
        argv += ["-l", username] if username else []
        self._session.cancellation.check()
        try:
            process = subprocess.Popen(
                [*argv, "--", host, command],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "GIT_PROTOCOL": "version=2"},
                start_new_session=True,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise FetchFailed(f"the program {name!r} can't be started: {reason}", hint="install OpenSSH") from error
        return cast(SubprocessWrapper, _SshProcess(process, self._url, self._session))


class _SshProcess:
    """A running ``ssh``: what dulwich wants of a `SubprocessWrapper`, with an idle time-out."""

    def __init__(self, process: subprocess.Popen[bytes], url: GitUrl, session: Session) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("ssh was started without pipes")
        self._process = process
        self._url = url
        self._session = session
        self._ending = threading.Lock()
        self._key = session.cancellation.add(self._kill)
        self._incoming = io.BufferedReader(_TimedPipe(process.stdout.fileno(), session))
        self._outgoing = process.stdin
        self._metered = session.metered(self._incoming.read)
        self._spoke = False
        self._reader = threading.Thread(target=self._drain, args=(process.stderr,), daemon=True)
        self._reader.start()

    @property
    def stderr(self) -> IO[bytes]:
        """What dulwich reads when the server hangs up."""
        return cast(IO[bytes], _Said(self._settle))

    def _settle(self) -> list[bytes]:
        """What ssh said, all of it if it has ended."""
        self._reader.join(timeout=_STDERR_SECONDS)
        return self._session.ssh_errors

    def _drain(self, stream: IO[bytes]) -> None:
        said, begun = self._session.ssh_errors, b""
        with contextlib.suppress(OSError, ValueError):
            while data := stream.read(_STDERR_BYTES):
                *lines, begun = (begun + data).split(b"\n")
                said += [line.rstrip()[:_STDERR_LINE] for line in lines]
                del said[:-_STDERR_LINES]
                begun = begun[:_STDERR_LINE]  # a line may have no end
        if begun:
            said.append(begun.rstrip())

    def read(self, size: int) -> bytes:
        """Reads from the server."""
        data = self._metered(size)
        if len(data) < size:
            # What ssh said before it ended is wanted for the error's text.
            self._settle()
        elif not self._spoke and not _HEX.issuperset(data):
            raise FetchFailed(
                f"{self._url} says something before it speaks git: {self._noise(data)}",
                hint="the start-up files of the shell there must print nothing",
            )
        self._spoke = True
        return data

    def _noise(self, begin: bytes) -> str:
        """The first line of what should have been git's."""
        with contextlib.suppress(TimeoutError):
            begin += self._incoming.peek(80)[:80]
        return ascii(begin.split(b"\n", 1)[0].decode("utf-8", "replace"))

    def write(self, data: bytes) -> int:
        """Writes to the server."""
        view = memoryview(data)
        try:
            while view:
                _wait(writable, self._outgoing.fileno(), self._session)
                view = view[os.write(self._outgoing.fileno(), view[:4096]) :]
        except BrokenPipeError as error:
            self._settle()
            raise HangupException from error
        return len(data)

    def can_read(self) -> bool:
        """Whether the server has said something more."""
        return bool(self._process.stdout and readable(self._process.stdout.fileno(), 0))

    def close(self) -> None:
        """Ends ssh, and what it started: a ProxyCommand ends with it."""
        self._session.cancellation.remove(self._key)
        self._outgoing.close()
        self._leave()
        with self._ending:
            self._kill_group()
            self._process.wait()
        # Whoever cancelled wants no more of what ssh said, and does not wait for who else may hold that pipe.
        self._reader.join(timeout=_POLL_SECONDS if self._session.cancellation.cancelled else _STDERR_SECONDS)
        for stream in (self._incoming, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _leave(self) -> None:
        """Waits until ssh has ended by itself, though not for long, and without forgetting its process group."""
        end = time.monotonic() + min(_LEAVE_SECONDS, self._session.timeouts.idle)
        while time.monotonic() < end and not self._session.cancellation.cancelled and not self._has_ended():
            time.sleep(_POLL_SECONDS)

    def _has_ended(self) -> bool:
        if self._process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def _kill(self) -> None:
        with self._ending:
            self._kill_group()

    def _kill_group(self) -> None:
        """Kills ssh and its children. The group's number is nobody else's as long as ssh was not waited for."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


@frozen
class _Said:
    """ssh's standard error, as far as dulwich looks: only when it reads is there anything to wait for."""

    readlines: Callable[[], list[bytes]]


class _TimedPipe(io.RawIOBase):
    """A pipe whose read gives up when nothing comes for some seconds."""

    def __init__(self, descriptor: int, session: Session) -> None:
        self._descriptor = descriptor
        self._session = session

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        _wait(readable, self._descriptor, self._session)
        data = os.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _wait(ready: Callable[[int, float], bool], descriptor: int, session: Session) -> None:
    """Waits for a pipe of ssh. Raises ``TimeoutError`` after the idle time-out, and `Cancelled`.

    It looks up now and then: what ssh started may have left its process group, and hold the pipe when ssh was killed.
    """
    end = time.monotonic() + session.timeouts.idle
    while not ready(descriptor, min(_LOOK_UP_SECONDS, max(0.0, end - time.monotonic()))):
        session.cancellation.check()
        if time.monotonic() >= end:
            raise TimeoutError("timed out")
