"""What a process of this machine may have: how much of it, and whose it is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

from datatorch_pipelines._arguments import is_whole
from datatorch_pipelines.errors import CommandRejected, RunnerError


@frozen(kw_only=True)
class Bounds:
    """The bounds of each process: ``nice`` (19 gives way to all others), ``memory`` in bytes of address space and
    ``cpu_seconds`` of processor time (POSIX ``setrlimit``: ``RLIMIT_AS`` and ``RLIMIT_CPU``), ``None`` for none.
    """

    nice: int = 0
    memory: int | None = None
    cpu_seconds: int | None = None

    def __bool__(self) -> bool:
        return self.nice != 0 or self.memory is not None or self.cpu_seconds is not None

    def check(self) -> None:
        """Raises `RunnerError` for what can't be, or not on this system."""
        if not is_whole(self.nice) or not -20 <= self.nice <= 19:
            raise RunnerError(f"nice is {self.nice!r}", hint="give a whole number from -20 to 19")
        if self.nice < 0 and os.geteuid() != 0:
            raise RunnerError("only root may give processes a nice value below 0", hint="give 0 or more")
        if self.memory is not None and (not is_whole(self.memory) or self.memory < 1):
            raise RunnerError(f"memory is {self.memory!r}", hint="give a number of bytes from 1 on, such as 4 * 2**30")
        if self.memory is not None and sys.platform != "linux":
            raise RunnerError("this system can't bound a process's memory", hint="leave memory out, or run on Linux")
        if self.cpu_seconds is not None and (not is_whole(self.cpu_seconds) or self.cpu_seconds < 1):
            raise RunnerError(f"cpu_seconds is {self.cpu_seconds!r}", hint="give a whole number of seconds from 1 on")

    def argv(self, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> Sequence[str]:
        """The command line that starts ``argv`` within the bounds.

        They are set by a shell that becomes the program, so that it never runs without them. Raises `CommandRejected`
        for a program that is not there.
        """
        if not self:
            return argv
        program = argv[0]
        there = os.path.join(cwd, program) if "/" in program else program  # noqa: PTH118  # an absolute one stays
        if shutil.which(there, path=env.get("PATH", os.defpath)) is None:
            raise CommandRejected(
                f"the program {program!r} can't be started: it does not exist, or is not executable",
                hint="install it where the step runs",
            )
        words = ["set -e"]
        if self.memory is not None:
            words.append(f"ulimit -v {max(1, self.memory // 1024)}")
        if self.cpu_seconds is not None:
            words.append(f"ulimit -t {self.cpu_seconds}")
        nice = f"nice -n {self.nice} " if self.nice else ""
        return ["/bin/sh", "-c", "; ".join([*words, f'exec {nice}"$@"']), "sh", *argv]


@frozen(kw_only=True)
class User:
    """Whose the processes are: a user of this machine, with the user's groups."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str

    def variables(self) -> Mapping[str, str]:
        """The variables that say who one is."""
        return {"HOME": self.home, "USER": self.name, "LOGNAME": self.name}

    def own(self, *paths: str | os.PathLike[str]) -> None:
        """Gives files and folders to the user, those that are there. Raises `RunnerError` where that can't be."""
        for path in paths:
            try:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise RunnerError(f"{Path(path).name!r} can't be given to {self.name!r}: {error.strerror}") from error


def find_user(user: str | int) -> User:
    """A user by name or number. Raises `RunnerError` for an unknown one, and where this process may not become it."""
    import pwd

    if not isinstance(user, str) and not is_whole(user):
        raise RunnerError(f"user is {user!r}", hint="give a user's name, or a number")
    try:
        entry = pwd.getpwnam(user) if isinstance(user, str) and not user.isdecimal() else pwd.getpwuid(int(user))
    except (KeyError, OverflowError, ValueError) as error:
        raise RunnerError(f"there is no user {user!r} on this machine", hint="name one of /etc/passwd") from error
    if os.geteuid() not in (0, entry.pw_uid):
        raise RunnerError(
            f"this process can't start others as {entry.pw_name!r}", hint="only root can; or leave the user out"
        )
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return User(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, groups=groups, home=entry.pw_dir)
