"""``run_action``: one action alone, by the real engine; what is wrong is told of the action and its inputs."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.defaults import ActionArguments, RunArguments
from datatorch_pipelines.results import RunStarted, WarningRaised

ECHO = """\
name: Echo
inputs:
  text: {type: string, required: true}
  count: {type: integer, default: 1}
  items: {type: array}
  data: {type: object}
  colour: {type: string, options: [red, green]}
outputs:
  inputs: {type: object}
runs:
  using: cmd
  command: printf '::inputs::%s\\n' "$(cat "$DATATORCH_INPUTS")"
"""

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Writes an action into a folder of the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(folder: str = "echo", definition: str = ECHO, **files: str) -> Path:
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        (path / "action-datatorch.yaml").write_text(textwrap.dedent(definition), encoding="utf-8")
        for name, text in files.items():
            (path / name.replace("__", ".")).write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


def _echoed(result: dtp.StepResult) -> object:
    assert result.succeeded, (result.error, result.log)
    return result.outputs["inputs"]


def test_an_action_gets_its_inputs_converted_and_gives_its_outputs(make: Make) -> None:
    result = dtp.run_action(make(), {"text": "a", "count": "3", "items": (1, [2])})
    assert _echoed(result) == {"text": "a", "count": 3, "items": [1, [2]], "data": None, "colour": None}
    assert (result.status, result.exit_status, result.name, result.diagnostics) == (dtp.Status.SUCCEEDED, 0, "Echo", ())
    assert result.raise_for_status() is result


def test_a_path_is_given_as_its_text(make: Make) -> None:
    assert _echoed(dtp.run_action(make(), {"text": Path("a/b")}))["text"] == "a/b"  # type: ignore[index]


@pytest.mark.parametrize(
    "value",
    [
        "${{ secrets.TOKEN }}",
        "a ${{ 1 + 1 }} b",
        "${{ inputs.count }}",
        "${{ nonsense(",
        "${{",
        "}}",
        "$(id)`id`",
        "::inputs::1",
        "\r\n\t\"'\\",
        "\u2028\u202e\U0001f600",
        "",
    ],
)
def test_a_text_means_itself(make: Make, value: str) -> None:
    result = dtp.run_action(make(), {"text": value}, secrets={"TOKEN": "hunter2"})
    assert _echoed(result)["text"] == value  # type: ignore[index]
    assert result.inputs["text"] == value


def test_a_text_means_itself_in_lists_and_mappings_and_under_odd_names(make: Make) -> None:
    hidden = {"${{ 1 }}": ["${{ 2 }}", {"a": "${{ secrets.T }}"}]}
    names = ["it's", "a b", "a-b.c", "x']} ${{ 1 }}", "}}", "*", "1", "ünïcode", "Text", "line\nbreak", '"']
    given = {"text": "a", "data": hidden, **{name: f"${{{{ {index} }}}}" for index, name in enumerate(names)}}
    result = dtp.run_action(make(), given)
    echoed = _echoed(result)
    assert isinstance(echoed, dict)
    assert {name: echoed[name] for name in given} == given
    undeclared = {item.message for item in result.diagnostics}
    assert "the action 'Echo' declares no input 'a b'" in undeclared
    assert {item.code for item in result.diagnostics} == {"DT405", "DT410"}  # text and Text are both $INPUT_TEXT


def test_a_huge_value_arrives_whole(make: Make) -> None:
    count = """\
        name: Count
        inputs:
          text: {type: string}
        runs: {using: python, main: count.py}
        """
    program = 'import datatorch\ntext = datatorch.get_input("text")\ndatatorch.set_output("size", len(text))\n'
    folder = make("count", count, count__py=program)
    assert dtp.run_action(folder, {"text": "${{ 1 }}" * 1_000_000}).outputs == {"size": 8_000_000}


def test_a_missing_input_is_told_where_it_is_declared(make: Make) -> None:
    make()
    with pytest.raises(dtp.PlanError) as caught:
        dtp.run_action("echo", {"count": "x", "colour": "blue"})
    assert str(caught.value).splitlines() == [
        "echo/action-datatorch.yaml:3:3: error: the input 'text' of Echo is missing [DT403]; give text a value",
        "echo/action-datatorch.yaml:4:3: error: the input 'count': a string is not an integer [DT404]; "
        "write a whole number",
        "echo/action-datatorch.yaml:7:3: error: the input 'colour' is not one of its options [DT406]; "
        "use one of red, green",
    ]


def test_null_is_no_value(make: Make) -> None:
    with pytest.raises(dtp.PlanError, match="the input 'text' of Echo is missing"):
        dtp.run_action(make(), {"text": None})
    assert _echoed(dtp.run_action(make(), {"text": "a", "count": None}))["count"] == 1  # type: ignore[index]


def test_a_misspelt_input_is_named(make: Make) -> None:
    with pytest.raises(dtp.PlanError, match=r"'txt' is given: rename it to text$"):
        dtp.run_action(make(), {"txt": "a"})


def test_an_unknown_input_is_a_warning_and_is_passed_on(make: Make) -> None:
    make()
    events: list[dtp.Event] = []
    result = dtp.run_action("echo", {"text": "a", "cuont": 2}, on_event=events.append)
    assert _echoed(result)["cuont"] == 2  # type: ignore[index]
    assert [str(item) for item in result.diagnostics] == [
        "echo/action-datatorch.yaml:2:1: warning: the action 'Echo' declares no input 'cuont' [DT405]; "
        "did you mean 'count'?"
    ]
    [warned] = [event.diagnostic for event in events if isinstance(event, WarningRaised)]
    assert (warned,) == result.diagnostics


class _Anything:
    """No data."""


def _circle() -> list[object]:
    circle: list[object] = []
    circle.append(circle)
    return circle


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "nan can't be written"),
        ({1, 2}, "a value of type set can't be written"),
        (b"a", "a value of type bytes can't be written"),
        (_Anything(), "a value of type _Anything can't be written"),
        ([{1: 2}], "the key 1 is not a string"),
        ("\ud800", "a text holds half of a surrogate pair"),
    ],
)
def test_a_value_that_no_action_can_get_is_refused(make: Make, value: object, why: str) -> None:
    make()
    with pytest.raises(dtp.PlanError) as caught:
        dtp.run_action("echo", {"text": "a", "items": value})
    [line] = str(caught.value).splitlines()
    assert line.startswith(f"echo/action-datatorch.yaml:5:3: error: the input 'items': {why} [DT404]")


def test_a_value_that_holds_itself_is_refused(make: Make) -> None:
    with pytest.raises(dtp.PlanError, match="the input 'items': it is nested too deep, or holds itself"):
        dtp.run_action(make(), {"text": "a", "items": _circle()})


@pytest.mark.parametrize("name", [3, "\ud800", "x" * 1001])
def test_a_name_that_no_input_has_is_refused(make: Make, name: object) -> None:
    make()
    with pytest.raises(dtp.PlanError) as caught:
        dtp.run_action("echo", {"text": "a", name: 1})  # type: ignore[dict-item]
    [line] = str(caught.value).splitlines()
    assert line.startswith("echo/action-datatorch.yaml:2:1: error: the ")


def test_a_failing_action_gives_its_outputs_and_its_log(make: Make) -> None:
    make("fail", "name: Fail\nruns:\n  using: cmd\n  command: echo '::so_far::1'; echo no >&2; exit 3\n")
    result = dtp.run_action("fail")
    assert (result.status, result.exit_status, result.outputs) == (dtp.Status.FAILED, 3, {"so_far": 1})
    assert (result.stderr, result.succeeded) == ("no\n", False)
    with pytest.raises(dtp.RunFailed) as caught:
        result.raise_for_status()
    assert str(caught.value) == "fail/action-datatorch.yaml:2:1: the step 'Fail' failed with exit status 3"
    assert caught.value.result is result
    assert result.error is not None
    assert result.error.snippet == "runs:"


def test_a_default_that_finds_nothing_fails_at_its_place_in_the_action_s_file(make: Make) -> None:
    make("late", 'name: Late\ninputs:\n  id: {default: "${{ event.fileId }}"}\nruns: {using: cmd, command: "true"}\n')
    error = dtp.run_action("late").error
    assert str(error).startswith("late/action-datatorch.yaml:3:")
    assert dtp.run_action("late", event={"fileId": "x"}).inputs == {"id": "x"}


def test_a_secret_of_an_input_s_name_is_its_value_and_is_masked(make: Make) -> None:
    login = """\
        name: Login
        inputs:
          token: {type: string, required: true}
        runs: {using: cmd, command: 'echo "$INPUT_TOKEN"; echo "::size::${#INPUT_TOKEN}"'}
        """
    result = dtp.run_action(make("login", login), secrets={"token": "hunter2 ${{ 1 }}"})
    assert (result.outputs, result.inputs, result.stdout) == ({"size": 16}, {"token": "***"}, "***\n::size::16\n")
    assert result.log_path is not None
    record = result.log_path.parents[2]
    assert not any(b"hunter2" in path.read_bytes() for path in record.rglob("*") if path.is_file())
    assert dtp.run_action("login", {"token": "open"}, secrets={"token": "hunter2"}).outputs == {"size": 4}


def test_what_is_said_of_an_input_does_not_show_a_secret(make: Make) -> None:
    with pytest.raises(dtp.PlanError) as caught:
        dtp.run_action(make(), {"text": "a"}, secrets={"count": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_the_record_is_that_of_a_run(make: Make, tmp_path: Path) -> None:
    make()
    events: list[dtp.Event] = []
    result = dtp.run_action("echo", {"text": "a"}, directory=tmp_path / "runs", on_event=events.append)
    [run] = (tmp_path / "runs").iterdir()
    assert result.log_path is not None
    assert result.log_path.is_relative_to(run)
    first = events[0]
    assert isinstance(first, RunStarted)
    assert (first.pipeline, first.file, first.actions) == ("Echo", "echo/action-datatorch.yaml", {"echo": None})
    again = dtp.load(run / "pipeline.yaml")
    assert again.jobs["action"].steps[0].inputs == {"text": "${{ inputs['text'] }}"}


FOLDERS = ["a b", "ünï-数据", "-x", "$(id)", "a\\b", 'q"uote', "new\nline", "${{ 1 }}", "a/b/../c", "x.yaml"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_may_have_any_name(make: Make, name: str) -> None:
    if ".." in name:
        make("a/b")
    assert _echoed(dtp.run_action(make(name), {"text": "a"}))
    assert _echoed(dtp.run_action(f"{name}/", {"text": "a"}))
    assert _echoed(dtp.run_action(f"{name}/action-datatorch.yaml", {"text": "a"}))


def test_a_folder_whose_name_is_no_text_is_one_too(make: Make) -> None:
    assert _echoed(dtp.run_action(make(os.fsdecode(b"caf\xe9")), {"text": "a"}))


def test_the_current_folder_is_one(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make())
    assert _echoed(dtp.run_action(".", {"text": "a"}))
    with pytest.raises(dtp.PlanError, match=r"^action-datatorch\.yaml:3:3: error: "):
        dtp.run_action("./")


def test_a_link_to_a_folder_or_file_leads_there(make: Make) -> None:
    make()
    Path("link").symlink_to("echo")
    assert _echoed(dtp.run_action("link", {"text": "a"}))
    with pytest.raises(dtp.PlanError, match=r"^link/action-datatorch\.yaml:3:3: error: "):
        dtp.run_action("link")


def test_behind_a_link_two_dots_lead_where_the_system_has_it(make: Make) -> None:
    make("elsewhere/echo")
    make("echo", "name: Wrong\nruns: {using: cmd, command: exit 1}\n")
    Path("elsewhere/inside").mkdir()
    Path("link").symlink_to("elsewhere/inside")
    assert _echoed(dtp.run_action("link/../echo", {"text": "a"}))


def test_an_action_file_may_have_another_name(make: Make) -> None:
    folder = make()
    (folder / "action-datatorch.yaml").rename(folder / "other.yml")
    assert _echoed(dtp.run_action(folder / "other.yml", {"text": "a"}))
    with pytest.raises(dtp.PlanError, match=r"^echo/other\.yml:3:3: error: "):
        dtp.run_action("echo/other.yml")


def test_a_git_checkout_and_a_read_only_folder_are_actions(make: Make) -> None:
    folder = make()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    folder.chmod(0o555)
    assert _echoed(dtp.run_action(folder, {"text": "a"}))


def test_an_action_may_write_into_its_own_folder(make: Make) -> None:
    definition = """\
        name: Count
        outputs:
          count: {type: integer}
        runs: {using: python, main: count.py}
        """
    program = """\
        from pathlib import Path
        import datatorch
        notes = Path(__file__).with_name("notes.txt")
        with notes.open("a") as file:
            file.write("x")
        datatorch.set_output("count", len(notes.read_text()))
        """
    folder = make("count", definition, count__py=program)
    assert [dtp.run_action(folder).outputs["count"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("definition", "error", "text"),
    [
        ("name: [", dtp.ActionSyntaxError, "bad/action-datatorch.yaml:1:7: error: "),
        ("name: A\n", dtp.ActionSyntaxError, "bad/action-datatorch.yaml:1:1: error: "),
        ("name: A\nruns: {using: python}\n", dtp.ActionSyntaxError, "bad/action-datatorch.yaml:2:"),
        (
            "name: A\nruns:\n  using: python\n  main: gone.py\n",
            dtp.PlanError,
            "bad/action-datatorch.yaml:4:9: error: the action bad has no file 'gone.py', which is its main [DT408]",
        ),
        (
            'name: A\nruns:\n  using: cmd\n  command: echo "${{ input.x }}"\n',
            dtp.PlanError,
            "bad/action-datatorch.yaml:4:",
        ),
        ("name: ${{ event.x }}\nruns: {using: cmd, command: x}\n", dtp.PlanError, "bad/action-datatorch.yaml:1:"),
    ],
)
def test_an_action_that_is_wrong_is_told_at_its_file(
    make: Make, definition: str, error: type[Exception], text: str
) -> None:
    make("bad", definition)
    with pytest.raises(error) as caught:
        dtp.run_action("bad")
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(text)
    assert all(line.startswith("bad/action-datatorch.yaml:") for line in lines)


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("nowhere", "there is no folder or file 'nowhere'; give a folder that holds an action, or its action file"),
        ("./nowhere", "there is no folder or file './nowhere'; the path starts at the current folder"),
        ("", "an empty text names no action; give a folder that holds an action"),
        ("a\0b", "'a\\x00b' can't be read: it holds a character that no path can have"),
        (
            "datatorch/add@v1",
            "there is no folder or file 'datatorch/add@v1'; "
            "give a folder, or the action of that name as ActionReference.parse('datatorch/add@v1')",
        ),
        ("empty", "empty has no action-datatorch.yaml; is it the right folder?"),
        ("/dev/null", "'/dev/null' is neither a folder nor a file; give a folder that holds an action"),
    ],
)
def test_what_is_no_action_is_told_on_a_line(make: Make, action: str, text: str) -> None:
    make()
    Path("empty").mkdir()
    with pytest.raises(dtp.ResolveError) as caught:
        dtp.run_action(action)
    assert str(caught.value) == text


def test_a_reference_is_looked_for_by_the_resolvers(make: Make) -> None:
    mapping = dtp.MappingResolver({"team/echo@v1": make()})
    reference = dtp.ActionReference.parse("team/echo@v1")
    assert _echoed(dtp.run_action(reference, {"text": "a"}, resolvers=[mapping]))
    with pytest.raises(dtp.PlanError, match="the input 'text' of Echo is missing"):
        dtp.run_action(dtp.ActionObject(name="team/echo", tag="v1"), resolvers=[mapping])
    with pytest.raises(dtp.ResolveError, match="team/echo@v2"):
        dtp.run_action(dtp.ActionReference.parse("team/echo@v2"), resolvers=[mapping], offline=True)


class _Doubtful(dtp.MappingResolver):
    """Finds what a mapping names, and has a doubt about it."""

    async def resolve(self, reference, context):  # type: ignore[no-untyped-def]
        context.warn(f"{reference} is an older one")
        return await super().resolve(reference, context)


def test_what_a_resolver_doubts_is_told_once_at_the_action_s_file(make: Make) -> None:
    reference = dtp.ActionReference.parse("team/echo@v1")
    result = dtp.run_action(reference, {"text": "a"}, resolvers=[_Doubtful({"team/echo": make()})])
    [told] = result.diagnostics
    assert (told.code, told.message) == ("DT409", "team/echo@v1 is an older one")
    assert told.file is not None
    assert told.file.endswith("/echo/action-datatorch.yaml")


def test_a_local_action_and_a_path_are_references_too(make: Make) -> None:
    make("actions/echo/v1")
    reference = dtp.ActionReference.parse("local/echo@v1")
    assert _echoed(dtp.run_action(reference, {"text": "a"}, local_actions=["actions"]))
    assert _echoed(dtp.run_action(dtp.ActionReference.parse("./actions/echo/v1"), {"text": "a"}))


def test_an_action_is_fetched_from_git_and_its_password_stays_hidden(make: Make, tmp_path: Path) -> None:
    folder = make()
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "x"], ["tag", "v1"]):
        subprocess.run([*git, *arguments], check=True)
    action = dtp.ActionObject(name="me/echo", tag="v1", git=folder.absolute().as_uri())
    assert _echoed(dtp.run_action(action, {"text": "a"}))
    with pytest.raises(dtp.PlanError, match=r"^me/echo@v1/action-datatorch\.yaml:3:3: error: the input 'text' of Echo"):
        dtp.run_action(action)


def test_a_container_image_is_refused_on_a_line(make: Make) -> None:
    with pytest.raises(dtp.ResolveError, match=r"^a container image is no action by itself; name it"):
        dtp.run_action(dtp.ActionReference.parse("docker://alpine:3"))


def test_it_works_inside_a_running_loop(make: Make) -> None:
    folder = make()

    async def inside() -> dtp.StepResult:
        return dtp.run_action(folder, {"text": "a"})

    assert _echoed(asyncio.run(inside()))


class _Away(dtp.LocalRunner):
    """A runner whose place can't be had."""

    def job(self, job: dtp.JobSpec):  # type: ignore[no-untyped-def]
        raise dtp.RunnerError("nobody is there")


def test_a_runner_that_is_not_to_be_had_fails_the_action(make: Make) -> None:
    result = dtp.run_action(make(), {"text": "a"}, runner=_Away())
    assert (result.status, result.exit_status) == (dtp.Status.FAILED, None)
    with pytest.raises(dtp.RunFailed, match="nobody is there"):
        result.raise_for_status()


def test_declared_variables_that_are_not_set_are_a_warning(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    env = "env:\n  NOT_SET_A: {description: why}\n  SET_B: {}\n"
    make("reads", f"name: Reads\n{env}runs: {{using: cmd, command: 'true'}}\n")
    monkeypatch.setenv("SET_B", "1")
    monkeypatch.delenv("NOT_SET_A", raising=False)
    assert [str(item) for item in dtp.run_action("reads").diagnostics] == [
        "reads/action-datatorch.yaml:3:3: warning: Reads reads the environment variable 'NOT_SET_A', not set here "
        "[DT414]; set it where the action runs"
    ]


@pytest.mark.parametrize("argument", ["inputs", "locked", "ofline"])
def test_an_argument_that_there_is_none_of_is_refused(make: Make, argument: str) -> None:
    with pytest.raises(TypeError):
        dtp.run_action(make(), {"text": "a"}, **{argument: {}})  # type: ignore[arg-type]


def test_it_takes_what_a_run_takes_that_is_not_about_a_pipeline() -> None:
    assert RunArguments.__annotations__.keys() - ActionArguments.__annotations__.keys() == {
        "from_job",
        "inputs",
        "job",
        "locked",
        "on_failure",
        "runners",
        "trigger",
        "up_to",
    }


def test_outputs_are_as_the_action_wrote_them(make: Make) -> None:
    data = {"a": [1, 2.5, None, True, "${{ 1 }}"]}
    assert _echoed(dtp.run_action(make(), {"text": json.dumps(data), "data": data})) == {
        "text": json.dumps(data),
        "count": 1,
        "items": None,
        "data": data,
        "colour": None,
    }
