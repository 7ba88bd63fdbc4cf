"""Actions in containers of their own, against a real engine."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from docker_engine import PYTHON, SMALL

import datatorch_pipelines as dtp
from datatorch_pipelines._containers import OWNER_LABEL
from datatorch_pipelines.contracts import Capabilities, Runner
from datatorch_pipelines.runners import DockerRunner, supervised
from datatorch_pipelines.runtimes import DockerRuntime
from datatorch_pipelines.runtimes.support_files import SUPPORT

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("docker")]


def engine(*arguments):
    """What docker's command line answers."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def containers():
    return set(engine("ps", "--all", "--quiet", "--no-trunc", f"--filter=label={OWNER_LABEL}").split())


@pytest.fixture(autouse=True)
def nothing_left(docker):
    before = containers()
    yield
    deadline = time.monotonic() + 20
    while not containers() <= before:  # the engine takes its time over one that has ended
        assert time.monotonic() < deadline, containers() - before


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(files):
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(text, **arguments):
    """Runs a pipeline of one job ``a`` with these steps."""
    Path("p.yaml").write_text(text)
    runtimes = {"docker": DockerRuntime(network="none", **arguments.pop("container", {}))}
    return dtp.run("p.yaml", runtimes=runtimes, **arguments)


BOXED = f"""\
name: Boxed
inputs: {{text: {{type: string}}, list: {{type: array}}}}
outputs: {{sum: {{type: integer}}}}
runs:
  using: docker
  image: {SMALL}
  entrypoint: sh
  args: [-c, 'SCRIPT']
"""


def boxed(script):
    return BOXED.replace("SCRIPT", script.replace("'", "''"))


def test_an_action_reads_its_inputs_and_the_workspace_and_sets_outputs(here):
    script = """\
printf "%s|" "$INPUT_TEXT" "$INPUT_LIST" "$MULTI" "$HOME" "$PWD" "$OF_THE_HOST"; cat file "$DATATORCH_INPUTS"; \
echo made >made; echo "::sum::1"; printf "{\\"sum\\": 3}" >"$DATATORCH_OUTPUT"; printf "no line end" >&2"""
    write({"boxed/action-datatorch.yaml": boxed(script)})
    os.environ["OF_THE_HOST"] = "x"
    result = run("""\
name: P
jobs:
  a:
    steps:
      - {run: 'echo from the host >file'}
      - name: Boxed
        action: ./boxed
        env: {MULTI: "line 1\\nline 2", HOME: /in/the/container}
        inputs: {text: "it's $HOME \\"é\\"", list: [1, 2]}
      - {name: After, run: 'pwd; cat made'}
""")
    del os.environ["OF_THE_HOST"]
    assert result.status is dtp.Status.SUCCEEDED, result.error
    step, after = result.jobs["a"].step("Boxed"), result.jobs["a"].step("After")
    workspace, made = after.log.splitlines()
    assert made == "made"
    inputs = json.dumps({"text": 'it\'s $HOME "é"', "list": [1, 2]})
    assert step.stdout == (
        f'it\'s $HOME "é"|[1, 2]|line 1\nline 2|/in/the/container|{workspace}||from the host\n{inputs}::sum::1\n'
    )
    assert step.stderr == "no line end"
    assert dict(step.outputs) == {"sum": 3}


def test_a_python_program_in_an_image_reads_its_own_action_and_cannot_write_there(here):
    program = "import os, sys; print(open(sys.argv[1] + '/data').read()); open(sys.argv[1] + '/new', 'w')"
    write(
        {
            "boxed/data": "of the action",
            "boxed/action-datatorch.yaml": f"name: B\nruns:\n  using: docker\n  image: {PYTHON}\n"
            f'  entrypoint: python3\n  args: [-c, "{program}", {here}/boxed]\n',
        }
    )
    result = run("name: P\njobs: {a: {steps: [{name: B, action: ./boxed}]}}\n")
    step = result.jobs["a"].step("B")
    assert (step.exit_status, step.stdout) == (1, "of the action\n")
    assert "Read-only file system" in step.stderr
    assert not Path("boxed/new").exists()


def test_an_image_alone_runs_what_its_inputs_say(here):
    result = run(f"""\
name: P
jobs:
  a:
    steps:
      - {{name: Text, action: 'docker://{SMALL}', inputs: {{args: "echo 'a  b' c"}}}}
      - name: List
        action: docker://{SMALL}
        inputs: {{entrypoint: sh, args: [-c, 'echo "$0 $INPUT_X"', z], x: 1}}
      - {{name: Own program, action: 'docker://{SMALL}'}}
      - {{name: Killed, action: 'docker://{SMALL}', inputs: {{args: [sh, -c, 'kill -9 $$']}}, continue-on-error: true}}
      - {{name: Status, action: 'docker://{SMALL}', inputs: {{args: [sh, -c, 'exit 7']}}, continue-on-error: true}}
""")
    steps = {step.name: step for step in result.jobs["a"].steps}
    assert (steps["Text"].log, steps["List"].log) == ("a  b c\n", "z 1\n")
    assert (steps["Own program"].status, steps["Own program"].exit_status) == ("succeeded", 0)
    assert (steps["Killed"].exit_status, steps["Status"].exit_status) == (-9, 7)
    assert result.diagnostics == ()


def test_no_secret_is_in_an_argument_or_in_what_docker_tells_of_a_process(here):
    write({"boxed/action-datatorch.yaml": boxed('test "$TOKEN$INPUT_TEXT" = s3cret-1s3cret-2; echo $?')})
    result = run(
        """\
name: P
jobs:
  a:
    steps:
      - {name: B, action: ./boxed, env: {TOKEN: '${{ secrets.one }}'}, inputs: {text: '${{ secrets.two }}'}}
""",
        secrets={"one": "s3cret-1", "two": "s3cret-2"},
    )
    assert result.jobs["a"].step("B").log == "0\n"
    refused = run(
        f"""\
name: P
jobs:
  a:
    steps:
      - {{name: B, action: 'docker://{SMALL}', inputs: {{args: ['${{{{ secrets.one }}}}']}}}}
""",
        secrets={"one": "s3cret-1"},
    )
    assert refused.jobs["a"].step("B").error.message == (
        "what starts the container holds a secret, and the process list would show it; "
        "pass it as an input, and read $INPUT_<NAME>, or in env"
    )


STUBBORN = "trap '' TERM; echo ready; while true; do sleep 0.1; date >>beat; done"


def test_a_cancelled_step_ends_its_container_and_the_always_steps_run(here):
    write({"boxed/action-datatorch.yaml": boxed(STUBBORN)})
    Path("p.yaml").write_text("""\
name: P
jobs:
  a:
    steps:
      - {name: B, action: ./boxed}
      - {name: Tidy, if: always(), run: 'echo tidied'}
""")
    handle = dtp.start("p.yaml", runtimes={"docker": DockerRuntime(network="none")})
    next(event for event in handle if type(event).__name__ == "LogWritten")
    handle.cancel()
    result = handle.wait()
    assert result.status is dtp.Status.CANCELLED
    assert result.jobs["a"].step("B").status is dtp.Status.CANCELLED
    assert result.jobs["a"].step("Tidy").log == "tidied\n"
    # The job has ended, and with it the container: the fixture looks.


HOST = """
import sys
import datatorch_pipelines as dtp
from datatorch_pipelines.runtimes import DockerRuntime

for event in dtp.start("p.yaml", runtimes={"docker": DockerRuntime(network="none")}):
    print(type(event).__name__, flush=True)
"""


def test_a_host_that_is_killed_leaves_no_container(here):
    write({"boxed/action-datatorch.yaml": boxed(STUBBORN)})
    Path("p.yaml").write_text("name: P\njobs: {a: {steps: [{name: B, action: ./boxed}]}}\n")
    host = subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE, text=True)
    for line in host.stdout:
        if line == "LogWritten\n":
            break
    [found] = [
        name
        for name in engine("ps", "--format", f'{{{{.Names}}}} {{{{.Label "{OWNER_LABEL}"}}}}').split("\n")
        if f"/{host.pid}/" in name
    ]
    found = found.split()[0]
    host.kill()
    host.communicate()
    # It may be gone already, which is told by a status of its own.
    subprocess.run(["docker", "wait", found], capture_output=True, timeout=20)
    assert found not in engine("ps", "--format", "{{.Names}}").split()


def test_a_result_is_kept_for_as_long_as_the_image_is_the_same(here, monkeypatch):
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(here / "home"))
    image = "localhost/datatorch-test:kept"
    action = boxed("echo ran; echo ::sum::1").replace(SMALL, image)
    write({"boxed/action-datatorch.yaml": f"cache: true\n{action}"})
    text = "name: P\njobs: {a: {steps: [{name: B, action: ./boxed}]}}\n"
    engine("tag", SMALL, image)
    assert [run(text).jobs["a"].step("B").log for _ in range(2)] == ["ran\n::sum::1\n", ""]
    engine("tag", PYTHON, image)
    step = run(text).jobs["a"].step("B")
    assert (step.log, dict(step.outputs)) == ("ran\n::sum::1\n", {"sum": 1})
    engine("rmi", image)


def test_what_docker_cannot_do_is_a_failure_at_the_steps_place(here, monkeypatch):
    text = "name: P\njobs:\n  a:\n    steps:\n      - action: docker://localhost/no-such:1\n"
    failure = run(text, container={"pull": "never"}).error
    assert str(failure) == (
        "p.yaml:5:9: there is no image 'localhost/no-such:1' where the step runs; "
        "fetch it: docker pull localhost/no-such:1"
    )
    monkeypatch.setenv("DOCKER_HOST", f"unix://{here}/none")
    failure = run(text).error
    assert "the container engine can't be reached: " in str(failure)
    monkeypatch.undo()


class FarRunner(Runner):
    """Commands by way of a shell, as over ssh: no file is shared."""

    capabilities = Capabilities(shares_files=False, containers=True)

    async def execute(self, command, context):
        work = supervised(command, context)
        return await work.run(work.argv)


def test_a_runner_that_shares_no_files_starts_containers_too(here):
    write({"boxed/action-datatorch.yaml": boxed('echo "$INPUT_TEXT $PATH"; cat file; echo ::sum::4')})
    result = run(
        """\
name: P
jobs:
  a:
    steps:
      - {run: 'echo far >file'}
      - {name: B, action: ./boxed, inputs: {text: hello}, env: {PATH: /bin}}
""",
        runner=FarRunner(),
    )
    assert result.jobs["a"].step("B").log == "hello /bin\nfar\n::sum::4\n"
    assert dict(result.jobs["a"].step("B").outputs) == {"sum": 4}


def test_a_job_in_a_container_starts_no_other_for_a_step(here):
    with pytest.raises(dtp.PlanError, match=r"^p.yaml:5:17: error: the action docker://a:1 runs in a container, and"):
        run("name: P\njobs:\n  a:\n    steps:\n      - action: docker://a:1\n", runner=DockerRunner(SMALL))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_files_of_the_containers_root_are_handed_to_whoever_runs_the_step(tmp_path):
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # below the test's own folder nobody else may go
    try:
        for name in ("workspace", "temp"):
            (folder / name).mkdir()
        script = shutil.copy(SUPPORT / "container.sh", folder)
        for path in (folder, folder / "workspace", folder / "temp"):
            os.chown(path, 12345, 12345)
        socket = Path(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://"))
        for path in (socket, *socket.parents):
            path.chmod(path.stat().st_mode | (0o666 if path == socket else 0o011))
        mounts = [f"--mount=type=bind,source={folder}/{name},target={folder}/{name}" for name in ("workspace", "temp")]
        known = ["docker", "datatorch-step-of-somebody", SMALL, f"{folder}/workspace", f"{folder}/temp", *mounts]
        text = "mkdir -p d/e; umask 077; echo x >d/e/f; ln -s /etc/passwd l; id -u"
        words = ["run", "--rm", f"--name={known[1]}", "--network=none", f"--workdir={known[3]}", *mounts]
        done = subprocess.run(
            ["sh", script, "run", *known, *words, SMALL, "sh", "-c", text],
            capture_output=True, text=True, cwd="/", user=12345, group=12345, extra_groups=[],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_HOST": f"unix://{socket}"},
        )  # fmt: skip
        assert (done.stdout, done.stderr, done.returncode) == ("0\n", "", 0)
        owners = {path.name: (path.lstat().st_uid, path.lstat().st_gid) for path in folder.rglob("*") if path != script}
        assert owners.pop("container.sh") == (0, 0)
        assert owners == dict.fromkeys(("workspace", "temp", "d", "e", "f", "l"), (12345, 12345))
        assert Path("/etc/passwd").stat().st_uid == 0
    finally:
        shutil.rmtree(folder)
