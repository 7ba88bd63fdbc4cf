"""ssh: dulwich's client over the system's ``ssh``, with time-outs, and ended on cancellation."""

from __future__ import annotations

import contextlib
import io
import os
import select
import shutil
import subprocess
import threading
from collections.abc import Callable
from typing import IO, Any, cast

from dulwich.client import SSHGitClient, SSHVendor, SubprocessWrapper
from dulwich.config import ConfigDict
from dulwich.protocol import Protocol

from datatorch_pipelines.errors import FetchFailed
from datatorch_pipelines.resolvers.session import Session
from datatorch_pipelines.resolvers.urls import GitUrl


class SshClient(SSHGitClient):
    """ssh, by the program of that name."""

    def __init__(self, url: GitUrl, session: Session) -> None:
        super().__init__(
            url.host, port=url.port, username=url.username, vendor=_Ssh(session), config=ConfigDict(), thin_packs=False
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

    def __init__(self, session: Session) -> None:
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
        program = shutil.which(self._session.ssh_command[0])
        if program is None:
            raise FetchFailed(f"the program {self._session.ssh_command[0]!r} is not installed", hint="install OpenSSH")
        argv = [program, *self._session.ssh_command[1:], "-x", "-T", "-oBatchMode=yes"]
        argv += [f"-oConnectTimeout={max(1, round(times.connect))}", "-oSetEnv=GIT_PROTOCOL=version=2"]
        argv += ["-oClearAllForwardings=yes", "-oPermitLocalCommand=no"]
        argv += ["-p", str(port)] if port else []
        argv += ["-l", username] if username else []
        process = subprocess.Popen(
            [*argv, "--", host, command],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        return cast(SubprocessWrapper, _SshProcess(process, self._session))


class _SshProcess:
    """A running ``ssh``: what dulwich wants of a `SubprocessWrapper`, with an idle time-out."""

    def __init__(self, process: subprocess.Popen[bytes], session: Session) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("ssh was started without pipes")
        self._process = process
        self._session = session
        self._key = session.cancellation.add(process.kill)
        self._incoming = io.BufferedReader(_TimedPipe(process.stdout.fileno(), session.timeouts.idle))
        self._outgoing = process.stdin
        self.read = session.metered(self._incoming.read)
        self._reader = threading.Thread(target=self._drain, args=(process.stderr,), daemon=True)
        self._reader.start()

    @property
    def stderr(self) -> IO[bytes]:
        """What ssh said so far."""
        self._reader.join(timeout=2)
        return io.BytesIO(b"\n".join(self._session.ssh_errors))

    def _drain(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                del self._session.ssh_errors[:-50]
                self._session.ssh_errors.append(line.rstrip()[:500])

    def write(self, data: bytes) -> int:
        """Writes to the server."""
        view = memoryview(data)
        while view:
            if not select.select([], [self._outgoing], [], self._session.timeouts.idle)[1]:
                raise TimeoutError("timed out")
            view = view[os.write(self._outgoing.fileno(), view[:4096]) :]
        return len(data)

    def can_read(self) -> bool:
        """Whether the server has said something more."""
        return bool(self._process.stdout and select.select([self._process.stdout], [], [], 0)[0])

    def close(self) -> None:
        """Ends ssh."""
        self._session.cancellation.remove(self._key)
        self._outgoing.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=2)
        for stream in (self._incoming, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


class _TimedPipe(io.RawIOBase):
    """A pipe whose read gives up when nothing comes for some seconds."""

    def __init__(self, descriptor: int, seconds: float) -> None:
        self._descriptor = descriptor
        self._seconds = seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not select.select([self._descriptor], [], [], self._seconds)[0]:
            raise TimeoutError("timed out")
        data = os.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)
