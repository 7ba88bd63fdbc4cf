"""A real Slurm on this machine: a controller and some nodes on loopback, for as long as a block. Needs root."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from attrs import field, frozen

PROGRAMS = ("munged", "slurmctld", "slurmd")
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_SECONDS = 60


@frozen
class SlurmCluster:
    """A cluster whose nodes are ``n1`` and so on; ``env`` has the variables by which Slurm's programs find it."""

    folder: Path
    nodes: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)

    def ask(self, *argv: str) -> str:
        """What one of Slurm's programs prints."""
        return subprocess.run(argv, env=self.env, check=True, capture_output=True, text=True).stdout.strip()

    def kill_node(self, node: str) -> None:
        """Kills a node's daemon and all that it runs, as when the machine loses its power, and tells the controller."""
        pid = int((self.folder / f"slurmd-{node}.pid").read_text())
        for child in _descendants(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        # It would take the controller some time to find out.
        self.ask("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=test")

    def revive_node(self, node: str) -> None:
        """Starts a node's daemon again."""
        _start_node(self.folder, node, self.env)
        with contextlib.suppress(subprocess.CalledProcessError):  # it has come back by itself already
            self.ask("scontrol", "update", f"NodeName={node}", "State=RESUME")
        self.until(lambda: self.ask("sinfo", "-h", "-n", node, "-o", "%T") == "idle", f"the node {node} stays down")

    def until(self, holds: Callable[[], bool], otherwise: str) -> None:
        """Waits for what Slurm only tells to those who ask."""
        _until(holds, otherwise)


def can_run_slurm() -> bool:
    """Whether Slurm is installed here, and may be started."""
    return os.geteuid() == 0 and all(shutil.which(program, path=_PATH) for program in (*PROGRAMS, "srun"))


@contextlib.contextmanager
def slurm_cluster(folder: Path, *, count: int = 2) -> Iterator[SlurmCluster]:
    """A cluster of ``count`` nodes that say they have eight processors each.

    ``folder`` is its home, with a short path (for sockets).
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    (folder / "munge").mkdir(mode=0o700)
    (folder / "munge" / "key").write_bytes(os.urandom(128))
    (folder / "munge" / "key").chmod(0o400)
    nodes = tuple(f"n{number}" for number in range(1, count + 1))
    (folder / "slurm.conf").write_text(_configuration(folder, nodes))
    env = {**os.environ, "PATH": _PATH, "SLURM_CONF": str(folder / "slurm.conf")}
    cluster = SlurmCluster(folder, nodes, env)
    try:
        subprocess.run(
            [
                "munged", "--force", f"--key-file={folder}/munge/key", f"--socket={folder}/munge.sock",
                f"--pid-file={folder}/munged.pid", f"--log-file={folder}/munge/log", f"--seed-file={folder}/munge/seed",
                "--num-threads=2",
            ],
            env=env, check=True, capture_output=True,
        )  # fmt: skip
        subprocess.run(["slurmctld", "-f", folder / "slurm.conf", "-c"], env=env, check=True, capture_output=True)
        for node in nodes:
            _start_node(folder, node, env)
        _until(lambda: cluster.ask("sinfo", "-h", "-o", "%T %D") == f"idle {count}", _log(folder))
        yield cluster
    finally:
        for name in (*(f"slurmd-{node}" for node in nodes), "slurmctld", "munged"):
            with contextlib.suppress(OSError, ValueError):
                _end(int((folder / f"{name}.pid").read_text()))


def _end(pid: int) -> None:
    """Ends a daemon, and waits until it is gone."""
    watch = os.pidfd_open(pid)
    try:
        os.kill(pid, signal.SIGTERM)
        if not select.select([watch], [], [], 10)[0]:
            os.kill(pid, signal.SIGKILL)
            select.select([watch], [], [], 10)
    finally:
        os.close(watch)


def _start_node(folder: Path, node: str, env: Mapping[str, str]) -> None:
    subprocess.run(["slurmd", "-f", folder / "slurm.conf", "-N", node], env=env, check=True, capture_output=True)


def _configuration(folder: Path, nodes: tuple[str, ...]) -> str:
    ports = _free_ports(1 + len(nodes))
    lines = textwrap.dedent(f"""\
        ClusterName=test
        SlurmctldHost=localhost(127.0.0.1)
        SlurmctldPort={ports[0]}
        SlurmUser=root
        AuthType=auth/munge
        AuthInfo=socket={folder}/munge.sock
        CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
        StateSaveLocation={folder}/state
        SlurmdSpoolDir={folder}/state-%n
        SlurmctldPidFile={folder}/slurmctld.pid
        SlurmdPidFile={folder}/slurmd-%n.pid
        SlurmctldLogFile={folder}/slurmctld.log
        SlurmdLogFile={folder}/slurmd-%n.log
        ProctrackType=proctrack/linuxproc
        TaskPlugin=task/none
        SwitchType=switch/none
        MpiDefault=none
        SelectType=select/cons_tres
        SelectTypeParameters=CR_CPU
        SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1,defer_batch=0
        JobAcctGatherType=jobacct_gather/none
        AccountingStorageType=accounting_storage/none
        JobCompType=jobcomp/none
        SlurmdTimeout=15
        InactiveLimit=0
        KillWait=2
        ReturnToService=2
        RebootProgram=/bin/false
        PropagateResourceLimits=NONE
        SlurmdParameters=config_overrides
        """)
    (folder / "state").mkdir()
    for node, port in zip(nodes, ports[1:], strict=True):
        lines += f"NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs=8 RealMemory=4000"
        lines += f" Feature={node},test State=UNKNOWN\n"
    return f"{lines}PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO\n"


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [item.getsockname()[1] for item in sockets]


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    """Waits for what Slurm only tells to those who ask."""
    deadline = time.monotonic() + _SECONDS
    while True:
        with contextlib.suppress(subprocess.CalledProcessError):
            if holds():
                return
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)


def _log(folder: Path) -> str:
    return f"Slurm did not start; see the logs in {folder}"


def _descendants(pid: int) -> list[int]:
    """A process and all below it, the process first."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found.extend(parents.get(each, ()))
    return found
