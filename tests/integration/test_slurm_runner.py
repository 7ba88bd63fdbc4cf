"""The example executor on a real Slurm: the kit, and what a cluster can do to a job."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from slurm_cluster import SlurmCluster

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import JobEnvironment, Runner
from datatorch_pipelines.testing import RunnerConformance

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).parents[2] / "examples" / "runners"


class TestSlurmRunner(RunnerConformance):
    patience = 60

    @pytest.fixture
    def runner(self, slurm: SlurmCluster, slurm_example: ModuleType) -> Runner:
        made: Runner = slurm_example.SlurmRunner()
        return made

    @pytest.fixture
    def unreachable(self, slurm: SlurmCluster, slurm_example: ModuleType) -> Runner:
        made: Runner = slurm_example.SlurmRunner("--partition=nowhere")
        return made

    @pytest.fixture
    def lose(self, slurm: SlurmCluster) -> object:
        def scancel(environment: JobEnvironment) -> None:
            runner = environment.runner
            slurm.ask("scancel", "--full", runner._allocations[environment.job])  # type: ignore[attr-defined]

        return scancel


def test_a_job_whose_node_goes_down_runs_again_on_another(
    slurm: SlurmCluster, slurm_example: ModuleType, tmp_path: Path
) -> None:
    handle = dtp.loads("""
        name: D
        jobs:
          a:
            steps:
              - id: first
                run: echo "::node::\\"$SLURMD_NODENAME\\""; echo x >> "$INPUT_RAN"
                inputs: {ran: "${{ event.ran }}"}
              - {run: 'echo waits; test -e "$INPUT_GO" || exec sleep 1000', inputs: {go: "${{ event.go }}"}}
            outputs: {node: "${{ steps.first.outputs.node }}"}
        """).start(
        runner=slurm_example.SlurmRunner(),
        event={"ran": str(tmp_path / "ran"), "go": str(tmp_path / "go")},
        directory=tmp_path / "runs",
    )
    lost = ""
    for event in handle:
        if event.type == "log" and not lost and (handle.directory / "logs").exists():
            logs = sorted((handle.directory / "logs" / "a").iterdir())
            if b"waits" in logs[-1].read_bytes():
                lost = slurm.ask("squeue", "-h", "-o", "%N")
                (tmp_path / "go").touch()
                slurm.kill_node(lost)
    result = handle.wait()
    assert result.succeeded, result.error
    assert result.jobs["a"].outputs["node"] not in ("", lost)
    assert (tmp_path / "ran").read_text() == "x\nx\n"
    slurm.revive_node(lost)


def test_labels_are_features_of_the_node(slurm: SlurmCluster, slurm_example: ModuleType, tmp_path: Path) -> None:
    result = dtp.loads("""
        name: L
        jobs:
          a: {runs-on: n2, steps: [{id: s, run: 'echo "::node::\\"$SLURMD_NODENAME\\""'}]}
          b: {runs-on: [n1, test], steps: [{id: s, run: 'echo "::node::\\"$SLURMD_NODENAME\\""'}]}
          c: {runs-on: moon, steps: [{id: s, run: 'true'}]}
          d: {runs-on: 'n1|n2', steps: [{id: s, run: 'true'}]}
        """).run(runner=slurm_example.SlurmRunner(), directory=tmp_path)
    assert {name: result.jobs[name].steps[0].outputs["node"] for name in ("a", "b")} == {"a": "n2", "b": "n1"}
    for name, said in (("c", "Slurm gives no allocation: "), ("d", "the label 'n1|n2' is no feature of a node")):
        error = result.jobs[name].error
        assert error is not None
        assert error.message.startswith(said)


HOST = """\
import sys
import datatorch_pipelines as dtp

sys.path.insert(0, sys.argv[1])
from slurm import SlurmRunner

pipeline = dtp.loads("{name: H, jobs: {a: {steps: [{run: 'echo up; exec sleep 1000'}]}}}")
handle = pipeline.start(runner=SlurmRunner(), directory=sys.argv[2])
for event in handle:
    if event.type == "log":
        print("up", flush=True)
"""


def test_a_host_that_is_killed_gives_its_allocation_back(slurm: SlurmCluster, tmp_path: Path) -> None:
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, EXAMPLES, tmp_path], stdout=subprocess.PIPE, env=dict(slurm.env)
    )
    assert host.stdout is not None
    assert host.stdout.readline() == b"up\n"
    assert len(slurm.ask("squeue", "-h").splitlines()) == 1
    host.kill()
    host.communicate()
    slurm.until(lambda: slurm.ask("squeue", "-h") == "", "the allocation stays")
