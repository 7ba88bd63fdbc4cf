"""``actions new`` and ``actions run``: what they print where, and their exit status."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from datatorch_pipelines.cli.author_commands import new

SCHEMA = json.loads((Path(__file__).parents[1] / "display" / "run_schema.json").read_text(encoding="utf-8"))

ECHO = """\
name: Echo
inputs:
  text: {type: string, required: true}
  count: {type: integer, default: 1}
  items: {type: array}
  on: {type: boolean}
outputs:
  inputs: {type: object}
runs:
  using: cmd
  command: |
    echo "count $INPUT_COUNT" >&2
    printf '::inputs::%s\\n' "$(cat "$DATATORCH_INPUTS")"
"""

Write = Callable[[str, str], Path]


def _steady(text: str) -> list[str]:
    """The lines without what differs from run to run."""
    text = re.sub(r"\d{8}-\d{6}-[0-9a-f]{8}", "RUN", text)
    text = re.sub(r"in \d+\.\d s", "in T s", text)
    return re.sub(r"(record|log): .*/state/", r"\1: STATE/", text).splitlines()


NEEDS_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


@pytest.mark.parametrize("using", ["python", pytest.param("node", marks=NEEDS_NODE), "cmd"])
def test_what_new_says_to_type_next_works(here, using: str) -> None:
    done = here("actions", "new", "count words", "--using", using)
    assert (done.status, done.stderr) == (0, "")
    *wrote, following = done.stdout.splitlines()
    assert all(line.startswith("wrote count words/") for line in wrote)
    assert following == ("try it: datatorch-pipelines actions run 'count words' --input text='the quick brown fox'")
    ran = here(*shlex.split(following.removeprefix("try it: datatorch-pipelines ")), "--quiet")
    assert (ran.status, ran.stdout, ran.stderr) == (0, "action / count words: words = 4\n", "")
    example = here("run", "count words/example.yaml", "--quiet")
    assert (example.status, example.stdout, example.stderr) == (0, "count / Count words: words = 2\n", "")
    assert here("check", "--strict", "count words/action-datatorch.yaml", "count words/example.yaml").status == 0


def test_new_for_docker_says_how_the_image_is_built(here, folder: Path) -> None:
    (folder / "actions").mkdir()
    done = here("actions", "new", "Boxed up", "--using", "docker", "--directory", "actions")
    assert done.status == 0
    *wrote, building, following = done.stdout.splitlines()
    assert wrote == [
        f"wrote actions/Boxed up/{name}"
        for name in (".gitignore", "Dockerfile", "README.md", "action-datatorch.yaml", "entrypoint.sh", "example.yaml")
    ]
    assert building == "build it: docker build -t boxed-up 'actions/Boxed up'"
    assert following == "try it: datatorch-pipelines actions run 'actions/Boxed up' --input text='the quick brown fox'"
    checked = here("check", "--strict", "actions/Boxed up/action-datatorch.yaml", "actions/Boxed up/example.yaml")
    assert (checked.status, checked.stdout) == (0, "no problems in 2 files\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["full"], "the folder 'full' exists already, and is not empty; choose another name: nothing is overwritten"),
        (
            ["../x"],
            "'../x' is no name for an action: it begins with '.'; "
            "use letters, digits, spaces, '-', '_' and '.', such as resize-images",
        ),
        (
            ["--", "-x"],
            "'-x' is no name for an action: it begins with '-'; "
            "use letters, digits, spaces, '-', '_' and '.', such as resize-images",
        ),
        (
            ["a\nb"],
            "'a\\nb' is no name for an action: it holds a character that does not show; "
            "use letters, digits, spaces, '-', '_' and '.', such as resize-images",
        ),
    ],
)
def test_new_refuses_on_a_line_and_writes_nothing(
    here, write: Write, folder: Path, arguments: list[str], message: str
) -> None:
    write("full/mine", "mine")
    done = here("actions", "new", *arguments)
    assert (done.status, done.stdout, done.stderr) == (2, "", f"datatorch-pipelines: {message}\n")
    assert [path.name for path in folder.iterdir()] == ["full"]
    assert [path.name for path in (folder / "full").iterdir()] == ["mine"]


def test_the_kinds_of_the_option_are_those_of_the_library() -> None:
    from datatorch_pipelines.authoring.kinds import KINDS

    [option] = [item for item in new.params if item.name == "using"]
    assert tuple(option.type.choices) == KINDS  # type: ignore[attr-defined]


def test_the_log_goes_to_stderr_and_the_outputs_to_stdout(here, write: Write) -> None:
    write("echo/action-datatorch.yaml", ECHO)
    given = ["text=a=b", "count=10", 'items=[1, "${{ 2 }}"]', "on=False", "more=[1]"]
    done = here("actions", "run", "echo", *[word for item in given for word in ("--input", item)])
    expected = {"text": "a=b", "count": 10, "items": [1, "${{ 2 }}"], "on": False, "more": "[1]"}
    assert (done.status, done.stdout) == (0, f"action / Echo: inputs = {json.dumps(expected)}\n")
    lines = _steady(done.stderr)
    assert lines[:6] == [
        "run RUN: Echo",
        "echo/action-datatorch.yaml:2:1: warning: the action 'Echo' declares no input 'more' [DT405]",
        "    2 | inputs:",
        "      | ^^^^^^",
        "  hint: it declares text, count, items and on",
        "step 1: Echo",
    ]
    assert "| count 10" in lines
    assert lines[-2:] == ["step 1 succeeded in T s", "run succeeded in T s; record: STATE/runs/RUN"]


def test_with_json_stdout_is_one_object(here, write: Write) -> None:
    write("echo/action-datatorch.yaml", ECHO)
    done = here("actions", "run", "echo/action-datatorch.yaml", "--input", "text=a", "--json", "--quiet")
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, SCHEMA)
    [step] = shown["jobs"]["action"]["steps"]
    assert (done.status, shown["status"], shown["pipeline"], step["name"]) == (0, "succeeded", "Echo", "Echo")
    assert step["outputs"]["inputs"]["text"] == "a"


def test_an_action_that_fails_is_told_at_its_file(here, write: Write) -> None:
    write("fail/action-datatorch.yaml", "name: Fail\nruns:\n  using: cmd\n  command: exit 3\n")
    done = here("actions", "run", "fail")
    assert (done.status, done.stdout) == (1, "")
    assert _steady(done.stderr) == [
        "run RUN: Fail",
        "step 1: Fail",
        "step 1 failed in T s: exit status 3",
        "fail/action-datatorch.yaml:2:1: error: the step 'Fail' failed with exit status 3",
        "    2 | runs:",
        "      | ^^^^",
        "  log: STATE/runs/RUN/logs/action/001-Fail.log",
        "run failed in T s; record: STATE/runs/RUN",
    ]


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["echo"], "echo/action-datatorch.yaml:3:3: error: the input 'text' of Echo is missing [DT403]"),
        (
            ["echo", "--input", "text=a", "--input", "count=x"],
            "echo/action-datatorch.yaml:4:3: error: the input 'count': a string is not an integer [DT404]",
        ),
        (["bad"], "bad/action-datatorch.yaml:1:7: error: the list that starts here is never closed [DT101]"),
        (["empty"], "error: empty has no action-datatorch.yaml; is it the right folder?"),
        (
            ["nowhere"],
            "error: there is no folder or file 'nowhere'; give a folder that holds an action, or its action file",
        ),
        (
            ["sub/nowhere.yaml"],
            "error: there is no folder or file 'sub/nowhere.yaml'; "
            "give a folder that holds an action, or its action file",
        ),
        (["local/x@v1"], "error: there is no folder of local actions to look for local/x@v1 in; "),
        (["docker://alpine:3"], "error: a container image is no action by itself; "),
        (
            ["echo", "--input", "text=a", "--runner", "moon"],
            "error: there is no runner 'moon'; use one of dask, docker, local",
        ),
    ],
)
def test_what_is_wrong_is_told_and_nothing_runs(
    here, write: Write, folder: Path, arguments: list[str], first: str
) -> None:
    write("echo/action-datatorch.yaml", ECHO)
    write("bad/action-datatorch.yaml", "name: [")
    (folder / "empty").mkdir()
    done = here("actions", "run", *arguments, "--json")
    assert done.status == 2
    assert done.stderr.startswith(first)
    assert done.stderr.endswith("nothing ran\n")
    assert "<" not in done.stderr
    shown = json.loads(done.stdout)
    jsonschema.validate(shown, SCHEMA)
    assert (shown["run"], shown["status"], shown["jobs"]) == (None, "failed", {})


def test_a_wrong_call_with_json_prints_an_object_too(command) -> None:
    done = command("actions", "run", "--json")
    assert done.status == 2
    assert done.stderr == (
        "datatorch-pipelines: missing argument 'ACTION'; see 'datatorch-pipelines actions run --help'\n"
    )
    assert json.loads(done.stdout)["status"] == "failed"


def test_a_secret_becomes_the_input_of_its_name_and_shows_nowhere(here, write: Write, folder: Path) -> None:
    write(
        "login/action-datatorch.yaml",
        "name: Login\ninputs:\n  token: {required: true}\nruns: {using: cmd, command: 'echo \"it is $INPUT_TOKEN\"'}\n",
    )
    write("secrets.env", "token='hunter2 and more'\n")
    done = here("actions", "run", "login", "--secrets-file", "secrets.env")
    assert done.status == 0
    assert "| it is ***" in done.stderr.splitlines()
    assert "hunter2" not in done.stdout + done.stderr
    given = here("actions", "run", "login", "--secret", "token", env={"token": "hunter3"})
    assert "| it is ***" in given.stderr.splitlines()


def test_a_folder_comes_before_a_reference_of_its_name(here, write: Write) -> None:
    write("team/echo/action-datatorch.yaml", ECHO)
    assert here("actions", "run", "team/echo", "--input", "text=a", "--offline", "--quiet").status == 0
    missing = here("actions", "run", "team/other@v1", "--input", "text=a", "--offline", "--quiet")
    assert missing.status == 2
    assert missing.stderr.startswith("error: team/other@v1 ")
    write("local/echo/v1/action-datatorch.yaml", ECHO)
    local = here("actions", "run", "local/echo@v1", "--local-actions", "local", "--input", "text=a", "--quiet")
    assert local.status == 0


def test_an_action_of_any_git_service_is_named_by_its_url(here, write: Write, folder: Path) -> None:
    write("repository/echo.yaml", ECHO)
    git = ["git", "-C", str(folder / "repository"), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "x"], ["tag", "v1"]):
        subprocess.run([*git, *words], check=True)
    url = (folder / "repository").as_uri()
    named = ["actions", "run", "me/echo@v1", "--git", url, "--file", "echo.yaml", "--input", "text=a"]
    assert here(*named, "--quiet").status == 0
    refused = here(*named[:-2])
    assert refused.stderr == (
        "me/echo@v1/echo.yaml:3:3: error: the input 'text' of Echo is missing [DT403]\n"
        "  hint: give text a value\n"
        "nothing ran\n"
    )
    here_too = here("actions", "run", "repository", "--file", "echo.yaml", "--input", "text=a", "--quiet")
    assert here_too.status == 0
    no_tag = here("actions", "run", "me echo", "--git", url)
    assert no_tag.status == 2
    assert no_tag.stderr.startswith("error: 'me echo' is no action; ")


def test_ctrl_c_ends_the_action_and_tells(cli: list[str], environment: dict[str, str], folder: Path) -> None:
    wait = "name: Wait\nruns: {using: cmd, command: 'sleep 60 & echo \"begun $!\"; wait'}\n"
    (folder / "wait").mkdir()
    (folder / "wait" / "action-datatorch.yaml").write_text(wait)
    process = subprocess.Popen(
        [*cli, "actions", "run", "wait", "--json"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    begun = next(line for line in process.stderr if line.startswith(b"| begun "))
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(stdout)["status"] == "cancelled"
    state = Path("/proc", begun.split()[-1].decode(), "stat")
    assert not state.exists() or state.read_text().split(") ")[1].startswith("Z")


@pytest.mark.parametrize("command", ["new", "run"])
def test_help_shows_examples_that_name_real_options(here, command: str) -> None:
    shown = here("actions", command, "--help")
    assert (shown.status, shown.stderr) == (0, "")
    assert f"Examples:\n    datatorch-pipelines actions {command} " in shown.stdout
    listed = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", shown.stdout, re.MULTILINE))
    assert set(re.findall(r" (--[a-z-]+)", shown.stdout.split("Examples:")[1])) <= listed
