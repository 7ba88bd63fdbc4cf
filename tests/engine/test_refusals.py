"""What can't be run is refused before anything runs, each at its place."""

from __future__ import annotations

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.runners import DockerRunner, ThreadRunner


def test_keys_with_their_default_value_are_no_refusal(project) -> None:
    result = project.run(
        "name: R\njobs: {it: {needs: [], continue-on-error: false, steps: [{run: 'true', continue-on-error: false}]}}"
    )
    assert result.status == "succeeded"


def test_all_that_stands_in_the_way_is_told_at_once(project) -> None:
    project.action("bad", {"action-datatorch.yaml": "name: Bad\nruns: {using: pyhton, main: x.py}\n"})
    refusal = project.refusal("""\
        name: R
        jobs:
          a:
            steps:
              - action: ./missing
              - action: ./bad
              - action: local/none@1
        """)
    codes = [line.split("[")[1][:5] for line in refusal]
    assert sorted(codes) == ["DT204", "DT402", "DT402", "DT408"]
    places = [line.split(": error")[0] for line in refusal]
    assert {"pipeline.yaml:5:17", "pipeline.yaml:6:17", "pipeline.yaml:7:17"} < set(places)


@pytest.mark.parametrize("action", ["./it", "docker://busybox:1"])
def test_an_action_that_needs_a_container_is_refused_where_the_runner_starts_none(project, action: str) -> None:
    project.action("it", {"action-datatorch.yaml": "name: It\nruns: {using: docker, image: 'busybox:1'}\n"})
    pipeline = f"""\
        name: R
        jobs:
          here: {{steps: [{{action: {action}}}]}}
          there: {{runs-on: gpu, steps: [{{action: {action}}}]}}
        """
    hint = "starts none for a step [DT411]; run the job on one that does, such as the local one"
    assert project.refusal(pipeline, runner=ThreadRunner(lambda command, context: 0), runners={"gpu": "local"}) == [
        f"pipeline.yaml:3:27: error: the action {action} runs in a container, and the runner ThreadRunner {hint}"
    ]
    assert project.refusal(pipeline, runners={"gpu": DockerRunner("a")}) == [
        f"pipeline.yaml:4:42: error: the action {action} runs in a container, and the runner DockerRunner {hint}"
    ]


def test_a_runtime_of_the_callers_own_needs_no_container(project) -> None:
    class Pretend(dtp.Runtime):
        def command(self, action, inputs, environment):
            return dtp.Command(argv=("echo", action.runs.image))

    result = project.run(
        "name: R\njobs: {a: {steps: [{name: S, action: 'docker://busybox:1'}]}}\n",
        runner=PlainRunner(),
        runtimes={"docker": Pretend()},
    )
    assert result.jobs["a"].step("S").log == "busybox:1\n"


class PlainRunner(dtp.Runner):
    async def execute(self, command, context):
        context.log("stdout", " ".join(command.argv[1:]).encode() + b"\n")
        return 0


def test_a_wrong_expression_in_an_actions_file_is_refused_in_that_file(project) -> None:
    project.action("it", {"action-datatorch.yaml": "name: It\nruns:\n  using: cmd\n  command: echo ${{ input.x }}\n"})
    refusal = project.refusal("name: R\njobs: {a: {steps: [{action: ./it, inputs: {x: 1}}]}}")
    assert [line for line in refusal if "error" in line] == [
        "it/action-datatorch.yaml:4:21: error: 'input.x' is data, which can be executed in shell text [DT501]; "
        'read "$INPUT_X"'
    ]


def test_the_password_of_a_url_is_in_no_snippet_of_a_failure(project) -> None:
    result = project.run("""\
        name: P
        jobs: {a: {steps: [{run: 'false', env: {URL: "https://me:hunter2@host/x"}}]}}
        """)
    assert result.error.snippet == "jobs: {a: {steps: [{run: 'false', env: {URL: \"https://**********@host/x\"}}]}}"


@pytest.mark.parametrize(
    ("runs", "refused"),
    [
        ("{using: python, main: gone.py}", "has no file 'gone.py', which is its main"),
        ("{using: node, main: /gone.js}", "has no file '/gone.js', which is its main"),
        ("{using: script, script: 'gone.sh --fast'}", "has no file 'gone.sh', which is its script"),
        ("{using: shell, main: gone.sh}", "has no file 'gone.sh', which is its main"),
    ],
)
def test_an_action_without_the_file_that_it_runs_is_refused_before_anything_runs(
    project, runs: str, refused: str
) -> None:
    project.action("it", {"action-datatorch.yaml": f"name: It\nruns: {runs}\n"})
    assert project.refusal("name: R\njobs:\n  a:\n    steps:\n      - action: ./it\n") == [
        f"pipeline.yaml:5:17: error: the action ./it {refused} [DT408]; mend the action, or name another version of it"
    ]


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("name: It\n", "it/action-datatorch.yaml:1:1: error: an action needs 'runs' [DT201]; add \"runs: ...\""),
        (
            "name: It\nruns: {using: python}\n",
            "it/action-datatorch.yaml:2:1: error: runs with 'using: python' needs 'main' [DT201]; "
            'add "main: main.py"',
        ),
        ("name: It\nruns: [\n", "it/action-datatorch.yaml:2:7: error: "),
    ],
)
def test_an_action_whose_own_file_is_wrong_is_refused_at_both_places(project, text: str, refused: str) -> None:
    project.action("it", {"action-datatorch.yaml": text})
    own, use = project.refusal("name: R\njobs:\n  a:\n    steps:\n      - action: ./it\n")
    assert own.startswith(refused)
    assert use == (
        "pipeline.yaml:5:17: error: the action ./it has 1 error in its own file [DT408]; see where they are reported"
    )


def test_a_variable_that_steps_inherit_from_this_machine_is_not_missing(
    project, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = "runs: {using: cmd, command: 'true'}"
    project.action("store", {"action-datatorch.yaml": f"name: Store\nenv: {{KEY: null, OTHER_KEY: null}}\n{runs}\n"})
    path = project.write("name: R\njobs: {it: {steps: [{action: ./store}]}}\n")
    monkeypatch.setenv("KEY", "k")
    monkeypatch.delenv("OTHER_KEY", raising=False)
    here = dtp.load(path).plan()
    assert [warning.message for warning in here.warnings] == [
        "the action reads the environment variable OTHER_KEY, not set in the pipeline"
    ]
    elsewhere = dtp.load(path).plan(runner=ThreadRunner(lambda _command, _context: 0))
    assert [warning.message for warning in elsewhere.warnings] == [
        "the action reads the environment variables KEY and OTHER_KEY, not set in the pipeline"
    ]


def test_a_variable_is_missing_in_those_jobs_alone_whose_runner_inherits_none(
    project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.action(
        "store", {"action-datatorch.yaml": "name: S\nenv: {KEY: null}\nruns: {using: cmd, command: 'true'}\n"}
    )
    path = project.write(
        "name: R\njobs:\n  here: {steps: [{action: ./store}]}\n  there: {runs-on: far, steps: [{action: ./store}]}\n"
    )
    monkeypatch.setenv("KEY", "k")
    plan = dtp.load(path).plan(runners={"far": ThreadRunner(lambda _command, _context: 0)})
    assert [(warning.location.line, warning.message) for warning in plan.warnings] == [
        (4, "the action reads the environment variable KEY, not set in the pipeline")
    ]
