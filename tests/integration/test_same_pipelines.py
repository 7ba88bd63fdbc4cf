"""The same pipelines on this machine and on runners that share no files with the engine: the results are the same."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from dask_processes import dask_processes
from docker_engine import PYTHON

import datatorch_pipelines as dtp
from datatorch_pipelines.runners import DaskRunner, DockerRunner
from tests.support.git_servers import git_daemon, make_repository

pytestmark = pytest.mark.integration

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A git server with the examples' action."""
    root = tmp_path_factory.mktemp("git")
    folder = EXAMPLES / "add" / "action"
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    make_repository(root / "examples" / "add.git", files, tags=["v1"])
    with git_daemon(root) as url:
        yield url


@pytest.fixture(params=["ssh", "docker", "dask", "slurm"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[Callable[[], dtp.Runner]]:
    """Makes a runner of another kind, for real servers of this machine."""
    name = request.param
    if name == "ssh":
        yield request.getfixturevalue("far")
    elif name == "slurm":
        request.getfixturevalue("slurm")
        yield request.getfixturevalue("slurm_example").SlurmRunner
    elif name == "docker":
        request.getfixturevalue("docker")
        yield lambda: DockerRunner(PYTHON, network="none")
    else:
        with dask_processes(2, "--nthreads", "2") as cluster:
            yield lambda: DaskRunner(cluster.address)


@pytest.fixture
def far(ssh_options: list[str], ssh_example: ModuleType) -> Callable[[], dtp.Runner]:
    """Makes the example's runner, for a real sshd on this machine."""
    host = f"{getpass.getuser()}@127.0.0.1"
    return lambda: ssh_example.SSHRunner(host, options=ssh_options)


def told(result: dtp.RunResult) -> dict[str, object]:
    """What a result says, without times and places."""
    return {
        job_id: (
            job.status,
            [(s.name, s.status, s.exit_status, s.outputs, s.inputs, s.stdout, s.stderr) for s in job.steps],
        )
        for job_id, job in result.jobs.items()
    }


@pytest.mark.parametrize("example", ["add", "json", "shell"])
def test_an_example_gives_the_same_on_every_runner(
    example: str, actions: str, elsewhere: Callable[[], dtp.Runner], tmp_path: Path
) -> None:
    _gives_the_same(example, actions, elsewhere, tmp_path)


def test_an_example_with_node_gives_the_same_over_ssh(
    actions: str, far: Callable[[], dtp.Runner], tmp_path: Path
) -> None:
    _gives_the_same("node", actions, far, tmp_path)


def _gives_the_same(example: str, actions: str, elsewhere: Callable[[], dtp.Runner], tmp_path: Path) -> None:
    (path,) = [*EXAMPLES.glob(f"{example}/pipeline.*")]
    here, there = (
        dtp.load(path).run(runner=runner, resolvers=[dtp.GitHubResolver(base_url=actions)], directory=tmp_path)
        for runner in (dtp.LocalRunner(), elsewhere())
    )
    assert here.error is None
    assert told(there) == told(here)


EVERYTHING = """\
name: Everything
env: {PYTHONPATH: "${{ directory.temp }}"}
jobs:
  all:
    env: {ODD: "quotes ' \\" $HOME ünïcödé\\nnewline"}
    steps:
      - {name: odd, run: 'printf "%s|" "$ODD" "$INPUT_A" "$INPUT_B_C"', inputs: {a: "x y", b-c: [1, {"k": null}]}}
      - {name: where, run: 'test "$PWD" = "$INPUT_W"; ls | wc -l; mkdir sub', inputs: {w: "${{ directory.workspace }}"}}
      - {name: folder, run: 'basename "$PWD"; echo data > file', working-directory: sub}
      - {name: file, run: 'echo "{\\"n\\": 1}" >> "$DATATORCH_OUTPUT"; wc -c < "$DATATORCH_INPUTS"', inputs: {x: 1}}
      - {name: hash, run: 'echo "$INPUT_H"', inputs: {h: "${{ hashFiles('**') }}"}}
      - {name: big, action: ./act, inputs: {big: "${{ event.big }}", token: plain}}
      - {name: secret, action: ./act, inputs: {big: b, token: "${{ secrets.TOKEN }}"}}
      - {name: leaves a child, run: '(sleep 1000 >/dev/null 2>&1 &) ; echo left'}
      - {name: fails, run: 'echo out; echo err >&2; exit 7'}
      - {name: skipped, run: 'echo never'}
"""
ACT = """\
import json, os, sys
import datatorch

inputs = datatorch.get_inputs()
assert inputs == json.loads(sys.argv[-1]) == json.load(open(os.environ["DATATORCH_INPUTS"]))
datatorch.set_output("size", len(inputs["big"]))
datatorch.set_output("token", inputs["token"])
datatorch.set_output("beside", open(os.path.join(os.path.dirname(__file__), "data", "beside.txt")).read())
"""


def test_everything_a_step_can_do_gives_the_same_on_both_machines(
    far: Callable[[], dtp.Runner], tmp_path: Path
) -> None:
    action = tmp_path / "act"
    (action / "data").mkdir(parents=True)
    (action / "action-datatorch.yaml").write_text("name: Act\nruns: {using: python, main: main.py}\n")
    (action / "main.py").write_text(ACT)
    (action / "data" / "beside.txt").write_text("beside")
    (tmp_path / "pipeline.yaml").write_text(EVERYTHING)
    here, there = (
        dtp.load(tmp_path / "pipeline.yaml").run(
            runner=runner,
            event={"big": "x" * 300_000},
            secrets={"TOKEN": "hunter2-hunter2"},
            directory=tmp_path / "runs",
        )
        for runner in (dtp.LocalRunner(), far())
    )
    steps = here.jobs["all"].step
    assert [step.status for step in here.jobs["all"].steps] == ["succeeded"] * 8 + ["failed", "skipped"], here.error
    assert steps("odd").stdout == 'quotes \' " $HOME ünïcödé\nnewline|x y|[1, {"k": null}]|'
    assert steps("big").outputs == {"size": 300_000, "token": "plain", "beside": "beside"}
    assert steps("secret").outputs["token"] == "***"
    assert steps("fails").exit_status == 7
    # The workspace is another folder on each machine.
    mine, theirs = told(here), told(there)
    assert repr(theirs).replace(_workspace(there), "W") == repr(mine).replace(_workspace(here), "W")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file())
    assert b"hunter2" not in kept


def _workspace(result: dtp.RunResult) -> str:
    return str(result.jobs["all"].step("where").inputs["w"])
