"""A real sshd on loopback, with throw-away keys. A plain context manager, shared by all that needs ssh."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

SSHD = shutil.which("sshd", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))


@frozen
class SshServer:
    """Where it listens, and the folder of its keys: ``host`` and ``user`` (with ``.pub``), ``stranger``, ``known``."""

    port: int
    folder: Path

    def options(self, *, key: str = "user", known: str = "known") -> list[str]:
        """The options by which ssh logs in, whatever the machine's own configuration says."""
        return [
            "-F", "none", "-p", str(self.port), "-i", str(self.folder / key), "-o", "IdentitiesOnly=yes",
            "-o", "IdentityAgent=none", "-o", f"UserKnownHostsFile={self.folder / known}",
            "-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes",
        ]  # fmt: skip

    @property
    def url(self) -> str:
        """``ssh://127.0.0.1:PORT``."""
        return f"ssh://127.0.0.1:{self.port}"


def can_serve_ssh() -> bool:
    """Whether OpenSSH is here, both ends of it."""
    return SSHD is not None and shutil.which("ssh") is not None


@contextlib.contextmanager
def ssh_server(folder: Path, *, settings: Sequence[str] = ()) -> Iterator[SshServer]:
    """An sshd that lives as long as the block. ``settings`` are further lines of its configuration."""
    assert SSHD is not None
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("host", "user", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/authorized\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "MaxStartups 100\nPermitRootLogin yes\n" + "".join(f"{line}\n" for line in settings)
    )
    (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    (folder / "other").write_text(f"[127.0.0.1]:{port} {(folder / 'stranger.pub').read_text()}")
    (folder / "nobody").write_text("")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd gives up its privileges
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=log)
    try:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert server.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
        yield SshServer(port, folder)
    finally:
        server.terminate()
        server.wait()
