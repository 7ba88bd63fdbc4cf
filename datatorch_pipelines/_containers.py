"""What is said to docker's or podman's command line wherever a container is started: image, options, owner."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from attrs import Attribute, field, frozen

from datatorch_pipelines._arguments import texts
from datatorch_pipelines.errors import RunnerError

Pull = Literal["missing", "always", "never"]
"""When an image is fetched from its registry."""

OWNER_LABEL = "datatorch-pipelines.owner"
"""The label whose value tells the process that a container belongs to."""

RUN_LABEL = "datatorch-pipelines.run"
JOB_LABEL = "datatorch-pipelines.job"

_IMAGE = re.compile(r"(?!.*//)[a-z0-9][A-Za-z0-9._/:@-]{0,511}")


def is_image(image: object) -> bool:
    """Whether this names an image; an option of the command line never does.

    >>> is_image("ghcr.io/me/tool:1"), is_image("--privileged"), is_image("Dockerfile")
    (True, False, False)
    """
    return isinstance(image, str) and _IMAGE.fullmatch(image) is not None


def check_pull(pull: Pull) -> Pull:
    """The policy. Raises `RunnerError` for an unknown one."""
    if pull not in get_args(Pull):
        raise RunnerError(f"pull is {pull!r}", hint=f"give one of {', '.join(get_args(Pull))}")
    return pull


def _words(given: Sequence[str]) -> tuple[str, ...]:
    hint = "give a list with a text for each word"
    if isinstance(given, str):
        raise RunnerError(f"options is the text {given!r}", hint=hint)
    return texts("options", given, hint=hint)


def _value(_settings: object, attribute: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise RunnerError(f"{attribute.name} is {value!r}", hint=f"give what 'docker run --{attribute.name}' takes")


@frozen(kw_only=True)
class ContainerSettings:
    """How containers are started: what ``docker run`` calls by these names.

    ``options`` are further words of ``docker run``'s command line. Raises `RunnerError` for values of another type.
    """

    user: str | int | None = field(default=None, validator=_value)
    network: str | None = field(default=None, validator=_value)
    cpus: float | None = field(default=None, validator=_value)
    memory: str | int | None = field(default=None, validator=_value)
    gpus: str | int | None = field(default=None, validator=_value)
    init: bool = True
    options: tuple[str, ...] = field(default=(), converter=_words)

    def words(self) -> tuple[str, ...]:
        """The options of ``docker run``.

        >>> ContainerSettings(user="1000", cpus=1.5, gpus="all", options=["--shm-size=1g"]).words()
        ('--init', '--user=1000', '--cpus=1.5', '--gpus=all', '--shm-size=1g')
        """
        named = (
            ("user", self.user),
            ("network", self.network),
            ("cpus", self.cpus),
            ("memory", self.memory),
            ("gpus", self.gpus),
        )
        given = (f"--{name}={value}" for name, value in named if value is not None)
        return (*(("--init",) if self.init else ()), *given, *self.options)


def label_words(run_id: str, job_id: str) -> tuple[str, ...]:
    """The options of ``docker run`` that tell whose a container is."""
    labels = ((OWNER_LABEL, owner()), (RUN_LABEL, run_id), (JOB_LABEL, job_id))
    return tuple(f"--label={name}={value}" for name, value in labels)


def owner() -> str:
    """This process, as the label of its containers names it: the machine since it started, and the process on it.

    Process ids mean something within one namespace only, so that is told too.
    """
    return f"{_machine()}/{os.getpid()}/{_start_time(os.getpid())}"


def is_dead(label: str) -> bool:
    """Whether a label names a process that is known to be gone: one of this machine, and no longer there.

    >>> is_dead(owner()), is_dead("another/machine/1/2"), is_dead("nonsense"), is_dead("")
    (False, False, False, False)
    """
    machine, slash, process = label.partition("/")
    pid, second_slash, start = process.partition("/")
    if not slash or not second_slash or machine != _machine() or not pid.isdecimal() or int(pid) <= 0:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    now = _start_time(int(pid))
    return bool(start and now) and start != now


def _machine() -> str:
    """This machine since it was started, in so far as process ids are known to one another."""
    boot = ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115  # a text, and no path
    known = f"{boot}:{namespace}" if boot else platform.node()
    return known.replace("/", "_")


def _start_time(pid: int) -> str:
    """When a process started, in the system's own form; empty where that can't be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
