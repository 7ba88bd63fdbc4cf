"""What the interpreter was seen to do while something ran: files, sockets, processes, threads, waiting."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import PurePath
from types import FrameType
from typing import Any

from attrs import define, field, frozen

_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.sendto")
_PROCESSES = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system", "os.fork", "os.forkpty", "pty.spawn")
_FILES = ("open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink")
_KNOWN = frozenset([*_NETWORK, *_PROCESSES, *_FILES])
# These speak to other machines. Others, such as `git cat-file`, needn't.
_PROGRAMS = frozenset(["ssh", "scp", "sftp", "curl", "wget", "rsync", "aws", "gsutil", "docker"])
_GIT_COMMANDS = frozenset(["clone", "fetch", "pull", "push", "ls-remote", "fetch-pack"])
_STATS = ("stat", "lstat", "access", "readlink")


@frozen
class Sighting:
    """Something that was seen: what, with what, in which thread (by its number)."""

    event: str
    detail: str
    thread: int
    blocks: bool = False
    remote: bool = False

    def __str__(self) -> str:
        return f"{self.event} {self.detail}".strip()


@define(eq=False)
class Watch:
    """What was seen since it began. All of it is for every thread of the process."""

    seen: list[Sighting] = field(factory=list)
    on_network: Callable[[], object] = field(default=lambda: None)
    """Called when a connection is made, in the thread that makes it."""

    def network(self) -> list[Sighting]:
        """What left, or may have left, this machine."""
        return [sighting for sighting in list(self.seen) if sighting.remote]

    def outside(self, thread: int) -> list[Sighting]:
        """All that a thread did besides computing, but for imports."""
        return [sighting for sighting in list(self.seen) if sighting.thread == thread]

    def blocking(self, thread: int) -> list[Sighting]:
        """What a thread did that may hold it up for long."""
        return [sighting for sighting in list(self.seen) if sighting.thread == thread and sighting.blocks]

    def note(self, event: str, args: tuple[Any, ...]) -> None:
        """Notes an auditing event (see ``sys.addaudithook``). Raises nothing."""
        if event not in _KNOWN or _is_importing():
            return
        remote = (event in _NETWORK and not _is_local_socket(args)) or (
            event in _PROCESSES and _reaches_out(event, args)
        )
        self.seen.append(
            Sighting(event, _detail(event, args), threading.get_ident(), blocks=_blocks(event, args), remote=remote)
        )
        if remote:
            self.on_network()

    def note_call(self, event: str, detail: str, *, blocks: bool) -> None:
        """Notes a call that the interpreter doesn't audit."""
        self.seen.append(Sighting(event, detail, threading.get_ident(), blocks=blocks))


@contextlib.contextmanager
def watching(on_network: Callable[[], object] = lambda: None) -> Iterator[Watch]:
    """A `Watch` for as long as the block runs."""
    watch = Watch(on_network=on_network)
    _watches().append(watch)
    try:
        yield watch
    finally:
        _watches().remove(watch)


@functools.cache
def _watches() -> list[Watch]:
    """Those who want to be told. A hook can't be taken away again: there is one, for them all."""
    watches: list[Watch] = []

    def hook(event: str, args: tuple[Any, ...]) -> None:
        for watch in watches:
            watch.note(event, args)

    sys.addaudithook(hook)
    return watches


@contextlib.contextmanager
def noting_calls(watch: Watch) -> Iterator[None]:
    """Has a watch note the calls too that are no auditing events: to ask for a file's state, and to sleep."""
    originals = [(os, name, getattr(os, name)) for name in _STATS] + [(time, "sleep", time.sleep)]
    for module, name, original in originals:
        setattr(module, name, _noted(watch, f"{module.__name__}.{name}", original))
    try:
        yield
    finally:
        for module, name, original in originals:
            setattr(module, name, original)


def _noted(watch: Watch, event: str, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(*args: Any, **options: Any) -> Any:
        if not _is_importing():
            detail = ascii(args[0])[:100] if args else ""
            watch.note_call(event, detail, blocks=event == "time.sleep" and args[:1] != (0,))
        return original(*args, **options)

    return call


def _is_importing() -> bool:
    """Whether the code that runs is there because of an import, which reads files of its own."""
    return _is_below(lambda name: name.startswith("<frozen importlib") or name.endswith("linecache.py"))


def _is_below(wanted: Callable[[str], bool]) -> bool:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if wanted(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


def _is_local_socket(args: tuple[Any, ...]) -> bool:
    """Whether a socket is one of this machine's own by its kind, such as an agent's."""
    connection = args[0] if args else None
    return isinstance(connection, socket.socket) and connection.family == getattr(socket, "AF_UNIX", None)


def _blocks(event: str, args: tuple[Any, ...]) -> bool:
    if event == "socket.connect":
        connection = args[0]
        return not (isinstance(connection, socket.socket) and connection.gettimeout() == 0)
    if event in _NETWORK or event == "os.system":
        return True
    # Of the event loop's own processes nobody waits in its thread.
    return event == "subprocess.Popen" and not _is_below(
        lambda name: PurePath(name).parts[-2:] == ("asyncio", "base_subprocess.py")
    )


def _reaches_out(event: str, args: tuple[Any, ...]) -> bool:
    """Whether a child process is a program that speaks to other machines."""
    if event in ("os.fork", "os.forkpty"):
        return False
    if event == "os.system":
        words = str(args[0]).split()
    else:
        command = args[1] if len(args) > 1 else args[0]
        words = [str(word) for word in command] if isinstance(command, list | tuple) else str(command).split()
    names = [PurePath(word).name for word in words]
    return bool(names) and (names[0] in _PROGRAMS or (names[0] == "git" and bool(_GIT_COMMANDS.intersection(names))))


def _detail(event: str, args: tuple[Any, ...]) -> str:
    shown = args[1] if event in ("socket.connect", "subprocess.Popen", "socket.sendto") and len(args) > 1 else args[0:1]
    return ascii(shown)[:100]
