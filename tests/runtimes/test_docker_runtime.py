"""What docker's command line is given for an action in a container, and what its answers mean.

Nothing here needs an engine: where one is asked, a program of that name stands for it. (A real one: tests/integration.)
"""

import asyncio
import os
import shlex
import subprocess
from pathlib import Path

import pytest
from attrs import evolve

from datatorch_pipelines._containers import owner
from datatorch_pipelines.contracts import (
    Capabilities,
    JobEnvironment,
    JobSpec,
    Paths,
    RunnableAction,
    Runner,
    StepContext,
    StepEnvironment,
)
from datatorch_pipelines.engine.steps.images import image_runs
from datatorch_pipelines.errors import CommandRejected, InputError, RunnerError, RunnerUnavailable
from datatorch_pipelines.model import Runs
from datatorch_pipelines.runners import LocalRunner
from datatorch_pipelines.runtimes import DockerRuntime
from datatorch_pipelines.runtimes.support_files import SUPPORT

JOB = JobSpec(run_id="r", job_id="j", name="j")
SCRIPT = str(SUPPORT / "container.sh")
ACTION = RunnableAction(
    name="o/it", runs=Runs(using="docker", image="tool:1"), source=Path("/act"), directory=Path("/act"), digest="d"
)


class Nowhere(Runner):
    capabilities = Capabilities(containers=True)

    async def execute(self, command, context):
        raise AssertionError


def somewhere(runner=None, **more) -> StepEnvironment:
    paths = Paths(
        workspace=Path("/j/workspace"), temp=Path("/j/temp"), actions=Path("/c"), environments=Path("/e")
    )  # fmt: skip
    job = JobEnvironment(runner or Nowhere(), JOB, paths, {})
    more.setdefault("sink", lambda stream, data: None)
    return StepEnvironment(job=job, step="s", inputs_file=Path("/j/temp/in"), **more)


def words(command):
    """The arguments that docker itself gets, the container's name written as NAME."""
    name = command.argv[4]
    assert command.argv[:4] == ("sh", SCRIPT, "run", "docker")
    assert command.argv[5] == "tool:1"
    return [word.replace(name, "NAME") for word in command.argv[10:]]


def test_an_action_becomes_this_command_line():
    runs = Runs(using="docker", image="tool:1", entrypoint="/bin/tool", args=("--fast", "a b"))
    runtime = DockerRuntime(
        user="1000:1000", network="none", cpus=2, memory="1g", gpus="all", options=["--shm-size=1g"]
    )  # fmt: skip
    environment = somewhere(env={"TOKEN": "s3cret", "MULTI": "a\nb"}, cwd="/j/workspace/sub")
    action = evolve(ACTION, runs=runs, variables=("HF_TOKEN",))
    command = runtime.command(action, {"text": "it's", "list": [1]}, environment)
    assert command.argv[6:10] == (
        "/j/workspace",
        "/j/temp",
        "--mount=type=bind,source=/j/workspace,target=/j/workspace",
        "--mount=type=bind,source=/j/temp,target=/j/temp",
    )
    assert words(command) == [
        "run", "--rm", "--name=NAME",
        f"--label=datatorch-pipelines.owner={owner()}",
        "--label=datatorch-pipelines.run=r", "--label=datatorch-pipelines.job=j",
        "--pull=never",
        "--mount=type=bind,source=/j/workspace,target=/j/workspace",
        "--mount=type=bind,source=/j/temp,target=/j/temp",
        "--mount=type=bind,source=/act,target=/act,readonly",
        "--workdir=/j/workspace/sub",
        "--env=DATATORCH_ARTIFACTS", "--env=DATATORCH_INPUTS", "--env=DATATORCH_OUTPUT", "--env=HF_TOKEN",
        "--env=INPUT_LIST", "--env=INPUT_TEXT", "--env=MULTI", "--env=TOKEN",
        "--init", "--user=1000:1000", "--network=none", "--cpus=2", "--memory=1g", "--gpus=all", "--shm-size=1g",
        "--entrypoint=/bin/tool", "tool:1", "--fast", "a b",
    ]  # fmt: skip
    assert command.env == {"TOKEN": "s3cret", "MULTI": "a\nb", "INPUT_TEXT": "it's", "INPUT_LIST": "[1]"}
    assert command.stdin == b""
    assert "s3cret" not in " ".join(command.argv)


def test_an_image_alone_has_no_folder_of_an_action_and_its_own_program():
    command = DockerRuntime(init=False).command(evolve(ACTION, digest="", directory=Path()), {}, somewhere())
    assert [word for word in words(command) if word.startswith("--mount")] == [
        "--mount=type=bind,source=/j/workspace,target=/j/workspace",
        "--mount=type=bind,source=/j/temp,target=/j/temp",
    ]
    assert words(command)[-1] == "tool:1"
    assert "--workdir=/j/workspace" in words(command)
    assert not any(word.startswith("--entrypoint") or word == "--init" for word in words(command))


@pytest.mark.parametrize(
    "name",
    ["PATH", "HOME", "DOCKER_HOST", "LD_PRELOAD", "http_proxy", "HTTPS_PROXY", "XDG_RUNTIME_DIR", "GODEBUG", "TMPDIR",
     "CONTAINER_HOST", "SSH_AUTH_SOCK", "BASH_ENV", "IFS"],
)  # fmt: skip
def test_a_variable_that_docker_would_read_itself_reaches_the_container_alone(name):
    command = DockerRuntime().command(ACTION, {}, somewhere(env={name: " a=b #\t\udcff", "OTHER": "x"}))
    assert command.env == {"OTHER": "x"}
    assert command.stdin == f"{name}= a=b #\t\udcff\n".encode("utf-8", "surrogateescape")
    assert "--env-file=/dev/stdin" in words(command)
    assert f"--env={name}" not in words(command)


@pytest.mark.parametrize("value", ["a\nDOCKER_HOST=x", "a\r", "a\0"])
def test_such_a_variable_with_a_line_break_is_refused_and_not_shown(value):
    with pytest.raises(CommandRejected) as caught:
        DockerRuntime().command(ACTION, {}, somewhere(env={"PATH": value}))
    assert str(caught.value) == (
        "the variable PATH has a line break, and docker's command line reads it itself; give it another name"
    )


def test_a_path_with_commas_and_quotes_is_one_folder():
    action = evolve(ACTION, directory=Path('/a,readonly=false/"x'))
    mount = words(DockerRuntime().command(action, {}, somewhere()))[9]
    assert mount == '--mount=type=bind,"source=/a,readonly=false/""x","target=/a,readonly=false/""x",readonly'


@pytest.mark.parametrize("image", ["--privileged", "-v", "Dockerfile", "./Dockerfile", "a b", "a;b", "", None, "a\n"])
def test_what_is_no_image_is_refused_and_never_an_option(image):
    action = evolve(ACTION, runs=Runs(using="docker", image=image))
    with pytest.raises(CommandRejected) as caught:
        DockerRuntime().command(action, {}, somewhere())
    assert str(caught.value) == (
        f"the action o/it runs in {image or ''!r}, which is no container image; "
        "build the image, and name it as docker does: name:tag in lower case"
    )


def test_an_image_may_be_written_as_a_reference():
    action = evolve(ACTION, runs=Runs(using="docker", image="docker://tool:1"))
    assert words(DockerRuntime().command(action, {}, somewhere()))[-1] == "tool:1"


def test_the_command_line_of_docker_may_be_several_words():
    command = DockerRuntime(docker=["sudo", "my docker"]).command(ACTION, {}, somewhere())
    assert command.argv[3] == "sudo 'my docker'"


def test_a_policy_that_is_none_and_options_that_are_a_text_are_refused():
    with pytest.raises(RunnerError, match=r"^pull is 'often'; give one of missing, always, never$"):
        DockerRuntime(pull="often")
    with pytest.raises(RunnerError, match=r"^options is the text '--rm'; give a list with a text for each word$"):
        DockerRuntime(options="--rm")


@pytest.mark.parametrize(
    ("inputs", "entrypoint", "args"),
    [
        ({}, None, ()),
        ({"args": None, "entrypoint": None}, None, ()),
        ({"args": "echo 'a b' $HOME"}, None, ("echo", "a b", "$HOME")),
        ({"args": ["a b", 1, True, None], "entrypoint": "sh"}, "sh", ("a b", "1", "true", "")),
    ],
)
def test_what_an_image_alone_runs_is_said_by_two_inputs(inputs, entrypoint, args):
    runs = image_runs(Runs(using="docker", image="tool:1"), inputs)
    assert (runs.image, runs.entrypoint, runs.args) == ("tool:1", entrypoint, args)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"args": "a 'b"}, "the input 'args' can't be read: no closing quotation; give a list"),
        ({"args": {"a": 1}}, "the input 'args' is neither a text nor a list of texts; give the program's arguments"),
        ({"args": [["a"]]}, "the input 'args' is neither a text nor a list of texts; give the program's arguments"),
        ({"args": 3}, "the input 'args' is neither a text nor a list of texts; give the program's arguments"),
        ({"entrypoint": ["sh"]}, "the input 'entrypoint' is no text; give the program that the container starts"),
        ({"entrypoint": ""}, "the input 'entrypoint' is no text; give the program that the container starts"),
    ],
)
def test_such_an_input_of_the_wrong_kind_is_refused(inputs, message):
    with pytest.raises(InputError) as caught:
        image_runs(Runs(using="docker", image="tool:1"), inputs)
    assert str(caught.value) == message


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Writes programs that stand for docker and podman, and has no others found; gives what they were called with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "id", "find", "head", "mkfifo", "rm", "env", "setsid", "sleep", "cat", "kill"):
        found = subprocess.run(["sh", "-c", f"command -v {name}"], capture_output=True, text=True).stdout.strip()
        if found.startswith("/"):
            (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    calls = tmp_path / "calls"
    calls.touch()

    def write(**texts):
        for name, text in texts.items():
            (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{shlex.quote(str(calls))}\n{text}\n')
            (folder / name).chmod(0o755)
        return lambda: calls.read_text().splitlines()

    return write


async def prepared(runtime, log):
    runner = LocalRunner()
    async with runner.job(JOB) as job:
        place = StepEnvironment(
            job=job, step="s", inputs_file=Path("/i"), sink=lambda stream, data: log.append((stream, data))
        )
        try:
            return await runtime.identity(ACTION, place)
        finally:
            await runner.aclose()


def identity(log=None, **options):
    return asyncio.run(prepared(DockerRuntime(**options), [] if log is None else log))


HAS = 'case "$1 $2" in "image inspect") echo sha256:12;; esac'
HAS_NOT = 'case "$1" in image) echo "No such image" >&2; exit 1;; esac'


def test_an_image_that_is_there_is_not_fetched(programs):
    calls = programs(docker=HAS)
    assert identity() == "sha256:12"
    assert calls() == ["docker image inspect --format {{.Id}} tool:1"]


def test_an_image_is_fetched_when_it_is_missing_and_the_log_says_so(programs, tmp_path):
    here = tmp_path / "here"
    calls = programs(docker=f'case "$1" in pull) >{here};; image) [ -e {here} ] && echo sha256:12;; esac')
    log = []
    assert identity(log) == "sha256:12"
    assert calls() == [
        "docker image inspect --format {{.Id}} tool:1",
        "docker version",
        "docker pull --quiet tool:1",
        "docker image inspect --format {{.Id}} tool:1",
    ]
    assert b"".join(data for _, data in log) == b"fetching the image tool:1\n"


def test_an_image_is_always_fetched_where_that_is_wanted(programs):
    calls = programs(docker=HAS)
    assert identity(pull="always") == "sha256:12"
    assert calls() == ["docker pull --quiet tool:1", "docker image inspect --format {{.Id}} tool:1"]


def test_podman_serves_where_docker_is_not_installed(programs):
    calls = programs(podman=HAS)
    assert identity() == "sha256:12"
    assert calls() == ["podman image inspect --format {{.Id}} tool:1"]


@pytest.mark.parametrize(
    ("docker", "options", "kind", "message"),
    [
        (None, {}, CommandRejected,
         "neither docker nor podman is installed where the step runs; install one of them"),
        # Some versions have `docker info` say why on standard output, below all that they know of themselves.
        ("case $1 in info) echo 'ERROR: no' && echo 'errors pretty printing info' >&2;;"
         " *) echo 'Cannot connect to it.' >&2;; esac; exit 1", {}, RunnerUnavailable,
         "the container engine can't be reached: Cannot connect to it.; start it, or name another one by DOCKER_HOST; "
         "'docker version' has to succeed"),
        (HAS_NOT, {"pull": "never"}, CommandRejected,
         "there is no image 'tool:1' where the step runs; fetch it: docker pull tool:1"),
        (f"{HAS_NOT}; case $1 in pull) echo 'Error: denied' >&2; exit 1;; esac", {}, CommandRejected,
         "the image 'tool:1' can't be fetched: Error: denied; see whether its name is right"),
    ],
)  # fmt: skip
def test_an_image_that_cannot_be_had_is_told_on_one_line(programs, docker, options, kind, message):
    programs(**({"docker": docker} if docker else {}))
    with pytest.raises(RunnerError) as caught:
        identity(**options)
    assert type(caught.value) is kind
    assert str(caught.value) == message


async def executed(runtime, action, until=None, **more):
    """Runs a command of the runtime here; gives the status, or what it says until it is cancelled."""
    runner, said, more_said = LocalRunner(), [], asyncio.Event()

    def sink(stream, data):
        said.append(data)
        more_said.set()

    async with runner.job(JOB) as job:
        place = StepEnvironment(job=job, step="s", inputs_file=Path("/i"), sink=sink, **more)
        await runtime.prepare(action, place)
        command = runtime.command(action, {}, place)
        output = {"DATATORCH_OUTPUT": f"{job.paths.temp}/out"}
        context = StepContext(job=JOB, step="s", environment=job, sink=sink)
        work = asyncio.ensure_future(runner.execute(evolve(command, env={**command.env, **output}), context))
        if until is not None:
            async with asyncio.timeout(20):
                while until not in b"".join(said):
                    await more_said.wait()
                    more_said.clear()
            work.cancel()
        status = (await asyncio.gather(work, return_exceptions=True))[0]
    await runner.aclose()
    return status, b"".join(said)


@pytest.mark.parametrize(("text", "status"), [("exit 3", 3), ("exit 125", 125), ("exit 137", -9), ("exit 143", -15)])
def test_the_exit_status_is_that_of_the_container(programs, text, status):
    calls = programs(docker=f"{HAS}\ncase $1 in run) echo out; {text};; esac")
    assert asyncio.run(executed(DockerRuntime(), ACTION)) == (status, b"out\n")
    assert [line.split()[1] for line in calls()] == ["image", "run", *(["rm"] if status < 0 else [])]


def test_a_container_whose_step_is_cancelled_is_killed_and_removed(programs, tmp_path):
    # Docker's command line hands a signal on, and the container minds none: until it is killed.
    gone = tmp_path / "gone"
    os.mkfifo(gone)
    calls = programs(
        docker=f"""{HAS}
case $1 in
run) trap '' TERM; echo started; read -r line <{gone}; exit 137;;
kill) echo >{gone};;
esac"""
    )
    status, said = asyncio.run(executed(DockerRuntime(), ACTION, until=b"started"))
    assert isinstance(status, asyncio.CancelledError)
    assert said == b"started\n"
    seen = [line.split()[1] for line in calls()]
    assert seen[:2] == ["image", "run"]
    assert "kill" in seen or "rm" in seen


def test_docker_itself_is_given_no_variable_that_the_step_sets_for_the_container(programs):
    programs(docker=f'{HAS}\ncase $1 in run) echo "$PATH|$DOCKER_HOST|$PLAIN"; cat;; esac')
    before = os.environ["PATH"]
    env = {"PATH": "/in/the/container", "DOCKER_HOST": "tcp://elsewhere", "PLAIN": "x"}
    status, said = asyncio.run(executed(DockerRuntime(), ACTION, env=env))
    assert status == 0
    host = os.environ.get("DOCKER_HOST", "")
    assert said.decode() == f"{before}|{host}|x\nPATH=/in/the/container\nDOCKER_HOST=tcp://elsewhere\n"
