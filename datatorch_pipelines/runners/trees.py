"""Finding and ending process trees: where systems differ, they differ here.

On Linux a tree is found in ``/proc``: by session, by process group, by descent, and by a mark in the environment of
processes that left all of these (``setsid``, a double fork). Elsewhere only the process group is reached.

Only the standard library is imported, since this file also runs by itself, as the guardian (see ``guardian.py``):
``python -I -S trees.py HOST_PID`` with the host's pipe as standard input and the ledger as standard output.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

SLOT_BYTES = 1024
"""The size of one entry of the ledger that a runner and its guardian share."""

JOB_FOLDER = "datatorch-job-"
"""What the names of jobs' folders begin with that are to be deleted with their job."""

SEARCH_ALL_AFTER = 0.5
"""Seconds after which process ids may have come round, so that newer processes may have lower ids."""

_HAS_PROC = os.path.exists("/proc/self/stat")  # noqa: PTH110  # pathlib would double the guardian's start time


class Targets(NamedTuple):
    """Which processes to end.

    ``leaders`` are ids of session leaders that are not reaped yet; ``left`` are ids of sessions whose leader was
    reaped, so that a process with that very id is somebody else's; ``marks`` are bytes of an environment.
    """

    leaders: frozenset[int] = frozenset()
    left: frozenset[int] = frozenset()
    marks: tuple[bytes, ...] = ()


class _Process(NamedTuple):
    state: str
    parent: int
    group: int
    session: int
    start: str


def end(targets: Targets, *, grace: float) -> None:
    """Ends every process of ``targets``: asks (SIGTERM), waits up to ``grace`` seconds, then kills until none is left.

    Blocks; a process that the kernel can't end (waiting for a dead disk) is given up after a second.
    """
    if not _HAS_PROC:
        _end_groups(targets, grace)
        return
    deadline = time.monotonic() + grace
    known: dict[int, str] = {}
    told: set[int] = set()
    quiet = 0
    while True:
        found, changing = _frozen(targets, known)
        now = time.monotonic()
        if not found:
            # A process that becomes another program has no environment while it does: one look that finds nothing
            # proves little after one that found something.
            quiet += 1
            if quiet > (_QUIET_LOOKS if known or changing else 0) and (not changing or now > deadline + _PATIENCE):
                return
            time.sleep(0.001 * quiet)
            continue
        quiet = 0
        if now > deadline + 1.0:
            return
        if now < deadline:
            _signal(found.keys() - told, signal.SIGTERM)
            _signal(found, signal.SIGCONT)
            told.update(found)
            _wait_gone(found, deadline)
        else:
            _signal(found, signal.SIGKILL)
            _wait_gone(found, now + 0.1)


_QUIET_LOOKS = 2
"""How many further looks have to find nothing after one that found something."""
_PATIENCE = 0.25
"""How many seconds to wait for a young process to show what it is."""


def _frozen(targets: Targets, known: dict[int, str]) -> tuple[dict[int, str], bool]:
    """What `_search` tells, with all that it found stopped: what stands still starts nothing that could be missed.

    ``known`` grows by what was found: a process counts for good, whatever it does to look like none of these.
    """
    stopped: set[int] = set()
    while True:
        found, changing = _search(targets, known)
        known.update(found)
        fresh = found.keys() - stopped
        if not fresh:
            return found, changing
        _signal(fresh, signal.SIGSTOP)
        stopped |= fresh


def find(targets: Targets) -> dict[int, str]:
    """The ids of the living processes of ``targets``, each with the time when it started, in the system's own form."""
    return _search(targets, {})[0]


def _search(targets: Targets, known: Mapping[int, str]) -> tuple[dict[int, str], bool]:
    """What `find` tells, and whether some young process is just becoming another program and may be one of these.

    ``known`` are processes that count whatever they look like, each with the time when it started.
    """
    own = os.getpid()
    table = {pid: entry for pid in _pids() if (entry := _look(pid)) and pid != own}
    sessions = targets.leaders | {session for session in targets.left if _look(session) is None}
    members = {pid for pid, start in known.items() if pid in table and table[pid].start == start}
    blank: list[int] = []
    for pid in table if targets.marks else ():
        environment = _environment(pid)
        if not environment:
            blank.append(pid)
        elif any(mark in environment for mark in targets.marks):
            members.add(pid)
    before = -1
    while len(members) != before:
        before = len(members)
        for pid, entry in table.items():
            if entry.session in sessions or entry.group in sessions or entry.parent in members:
                members.add(pid)
        # A session that a member opened holds members only.
        sessions = sessions.union(table[pid].session for pid in members if table[pid].session in members)
    changing = any(pid not in members and _is_young(table[pid]) for pid in blank)
    return {pid: table[pid].start for pid in members if table[pid].state not in "ZX"}, changing


def _is_young(entry: _Process) -> bool:
    """Whether a living process, none of the kernel's own, started in the last two seconds."""
    if entry.state in "ZX" or entry.parent == _KERNEL:
        return False
    try:
        with open("/proc/uptime", "rb") as file:  # noqa: PTH123  # see _HAS_PROC
            uptime = float(file.read().split()[0])
    except (OSError, ValueError):
        return False
    return uptime - int(entry.start) / os.sysconf("SC_CLK_TCK") < 2.0


_KERNEL = 2
"""The process whose children are threads of the kernel, which have no environment."""


def newest_pid() -> int:
    """The id of the process that was started last on this machine; 0 where that can't be known."""
    try:
        with open("/proc/loadavg", "rb") as file:  # noqa: PTH123  # see _HAS_PROC
            return int(file.read().split()[-1])
    except (OSError, ValueError):
        return 0


def started_after(pid: int, seconds_ago: float) -> list[int] | None:
    """The ids of the processes that may be younger than that of ``pid``; ``None`` when that may be any.

    Ids count upwards until they come round, so that few have to be looked at after a short job.
    """
    newest = newest_pid()
    if not _HAS_PROC or seconds_ago > SEARCH_ALL_AFTER or newest < pid:
        return None
    return [other for other in _pids() if pid < other <= newest]


def any_marked(mark: bytes, among: Iterable[int]) -> bool:
    """Whether the environment of one of these processes holds the mark."""
    return any(mark in _environment(pid) for pid in among)


def group_exists(group: int) -> bool:
    """Whether a process group has a member."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208  # see _HAS_PROC


def _look(pid: int) -> _Process | None:
    """What the system says of a process; ``None`` when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # see _HAS_PROC
            text = file.read()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()  # the name before it may hold anything
    return _Process(fields[0], int(fields[1]), int(fields[2]), int(fields[3]), fields[19])


def _environment(pid: int) -> bytes:
    """The variables that a process was started with; empty when they can't be read."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123  # see _HAS_PROC
            return file.read()
    except OSError:
        return b""


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _wait_gone(found: Mapping[int, str], until: float) -> None:
    """Waits until none of the processes lives, at the longest until the time ``until``."""
    pause = 0.001
    waiting = dict(found)
    while waiting:
        for pid, start in list(waiting.items()):
            entry = _look(pid)
            if entry is None or entry.state in "ZX" or entry.start != start:
                del waiting[pid]
        left = until - time.monotonic()
        if not waiting or left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(pause * 2, 0.02)


def _end_groups(targets: Targets, grace: float) -> None:
    """What `end` does on a system without ``/proc``."""
    groups = targets.leaders | targets.left
    deadline = time.monotonic() + grace
    _signal_groups(groups, signal.SIGTERM)
    while any(group_exists(group) for group in groups) and time.monotonic() < deadline:
        time.sleep(0.01)
    _signal_groups(groups, signal.SIGKILL)


def _signal_groups(groups: Iterable[int], number: int) -> None:
    for group in groups:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            continue


def read_ledger(data: bytes) -> Targets:
    """What a ledger lists: each slot holds ``LEADER MARK``, ``-LEFT MARK`` or ``0 MARK`` and a line end, or nothing."""
    leaders, left, marks = set(), set(), set()
    for offset in range(0, len(data), SLOT_BYTES):
        number, _, mark = data[offset : offset + SLOT_BYTES].partition(b"\n")[0].partition(b" ")
        if not number:
            continue
        pid = int(number)
        if pid > 0:
            leaders.add(pid)
        elif pid < 0:
            left.add(-pid)
        if mark:
            marks.add(mark)
    return Targets(frozenset(leaders), frozenset(left), tuple(marks))


def guard(arguments: Sequence[str]) -> None:
    """Waits for the host's goodbye on standard input; when the host ends without one, ends all that it had started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    host = int(arguments[0])
    poll = select.poll()
    poll.register(0, select.POLLIN)
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):  # the host is gone, or its kernel has no pidfd
            poll.register(os.pidfd_open(host), select.POLLIN)  # for a fork of the host that holds the pipe open
    if os.getppid() == host:
        poll.poll()
    ready = select.select([0], [], [], 0)[0]
    if ready and os.read(0, 1):
        return
    targets = read_ledger(os.pread(1, os.fstat(1).st_size, 0))
    end(targets, grace=0.0)
    folders = job_folders(targets.marks)
    if folders:
        import shutil  # only now: it would double the guardian's start time

        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


def job_folders(marks: Iterable[bytes]) -> list[str]:
    """The folders of the jobs that are marked by their temporary folders; a kept job has a folder of another name.

    >>> job_folders([b"/tmp/datatorch-job-x/temp/", b"/tmp/datatorch-kept-job-y/temp/", b"DATATORCH_OUTPUT=/tmp/z"])
    ['/tmp/datatorch-job-x']
    """
    folders = (os.fsdecode(mark).rstrip(os.sep).rpartition(os.sep)[0] for mark in marks)
    return [folder for folder in folders if folder.rpartition(os.sep)[2].startswith(JOB_FOLDER)]


if __name__ == "__main__":
    guard(sys.argv[1:])
    os._exit(0)
