"""What the room offers: exact ranges, related places, models without places, checks of one's own."""

from __future__ import annotations

import pytest

from datatorch_pipelines.checks import (
    CHECKS,
    Check,
    Finding,
    PipelineSubject,
    check_action,
    check_names,
    check_pipeline,
)
from datatorch_pipelines.diagnostics import Diagnostic, Location, Severity
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model import Action, ActionObject, Input, Job, Output, Pipeline, Runs, Step, ValueType
from datatorch_pipelines.syntax import read_pipeline

ADD = Action(
    name="Add",
    inputs={"a": Input(type=ValueType.INTEGER, required=True), "note": Input(type=ValueType.STRING)},
    outputs={"sum": Output(type=ValueType.INTEGER)},
    runs=Runs(using="python", main="add.py"),
)


def read(text: str, filename: str = "p.yaml") -> Pipeline:
    pipeline, diagnostics = read_pipeline(text, filename)
    assert pipeline is not None, diagnostics
    return pipeline


def of_step(step: Step) -> list[str]:
    return [item.code for item in check_pipeline(Pipeline(name="P", jobs={"a": Job(steps=[step])}))]


def whole_range(diagnostic: Diagnostic) -> tuple[int, int, int, int]:
    return diagnostic.line, diagnostic.column, diagnostic.end_line, diagnostic.end_column


@pytest.mark.parametrize(
    ("scalar", "place"),
    [
        ("${{ evnt.x }}", (6, 17, 6, 21)),
        ("'it''s ${{ evnt.x }}'", (6, 24, 6, 28)),
        ('"\\u0041\\t${{ evnt.x }}"', (6, 26, 6, 30)),
        ("|\n            one\n            数 ${{ evnt.x }}\n", (8, 19, 8, 23)),
        (">-\n            one\n            two ${{ evnt.x\n            .y }}\n", (8, 21, 8, 25)),
        ("[1, {k: '${{ evnt.x }}'}]", (6, 26, 6, 30)),
    ],
    ids=["plain", "single-quoted", "double-quoted", "literal", "folded", "nested"],
)
def test_a_name_in_an_expression_is_marked_exactly_in_every_kind_of_scalar(
    scalar: str, place: tuple[int, int, int, int]
) -> None:
    text = f"name: P\njobs:\n  a:\n    steps:\n      - inputs:\n         x: {scalar}\n        run: echo\n"
    found = check_pipeline(read(text))
    assert [(item.code, whole_range(item)) for item in found] == [("DT302", place)]


def test_a_name_in_an_expression_is_marked_exactly_in_json() -> None:
    text = '{"name": "P", "jobs": {"a": {"steps": [\n  {"run": "echo", "env": {"X": "\\u00e9 ${{ evnt.x }}"}}]}}}'
    (found,) = check_pipeline(read(text, "p.json"))
    assert (str(found), whole_range(found)) == (
        "p.json:2:44: error: unknown context 'evnt' [DT302]; did you mean 'event'?",
        (2, 44, 2, 48),
    )


def test_a_later_step_is_shown_as_a_related_place() -> None:
    text = (
        "name: P\njobs:\n  a:\n    steps:\n      - run: echo\n        if: steps.b.status\n      - {id: b, run: echo}\n"
    )
    (found,) = check_pipeline(read(text))
    (related,) = found.related
    assert str(found) == ("p.yaml:6:19: error: the step 'b' comes later [DT304]; a step sees only the steps before it")
    assert (related.message, str(related.location)) == ("the step is here", "p.yaml:7:9")


def test_a_missing_input_that_is_misspelt_is_told_once() -> None:
    text = "name: P\njobs:\n  a:\n    steps:\n      - action: acme/note@v1\n        inputs: {mesage: 1}\n"
    action = Action(name="Note", inputs={"message": Input(required=True)}, runs=Runs(using="python", main="x.py"))
    (found,) = check_pipeline(read(text), actions={("a", 0): action})
    assert str(found) == (
        "p.yaml:5:17: error: the action 'Note' needs the input 'message' [DT403]; rename mesage to message"
    )
    assert [(item.message, str(item.location)) for item in found.related] == [("'mesage' is given here", "p.yaml:6:18")]


def test_a_model_built_in_python_is_checked_without_places() -> None:
    steps = [Step(id="x", action="acme/add@v1"), Step(run="echo ${{ event.a }}", env={"X": "${{ steps.y }}"})]
    found = check_pipeline(Pipeline(name="P", jobs={"a": Job(steps=steps)}), actions={("a", 0): ADD})
    assert [item.code for item in found] == ["DT304", "DT403", "DT501"]
    assert {item.location for item in found} == {Location(None, 1, 1, 1, 1)}
    assert check_action(Action(name="${{ x }}", runs=Runs(using="python", main="x.py")))[0].code == "DT306"


def test_what_is_not_known_about_an_action_is_silent() -> None:
    assert of_step(Step(action="acme/add@v1", inputs={"whatever": [1], "a-b": 1, "a_b": 2})) == []


def test_input_and_inputs_output_and_outputs_are_the_same() -> None:
    pipeline = Pipeline(
        name="P",
        jobs={
            "a": Job(
                steps=[
                    Step(id="x", action="acme/add@v1", inputs={"a": "${{ Input.a }}", "note": "${{ inputs.b }}"}),
                    Step(run="echo", inputs={"c": "${{ steps.X.output.Sum }} ${{ STEPS['x'].Outputs.sum }}"}),
                ]
            )
        },
    )
    assert check_pipeline(pipeline, actions={("a", 0): ADD}) == []


def test_an_id_counts_before_a_name_and_the_latest_before_an_earlier_one() -> None:
    other = Action(name="Other", outputs={"only": Output()}, runs=Runs(using="python", main="x.py"))
    steps = [
        Step(id="x", action="acme/b@v1"),
        Step(id="x", action="acme/a@v1", inputs={"a": 1}),
        Step(name="x", action="acme/b@v1"),
        Step(run="echo", inputs={"y": "${{ steps.x.outputs.sum }}"}),
    ]
    actions = {("a", 0): other, ("a", 1): ADD, ("a", 2): other}
    found = check_pipeline(Pipeline(name="P", jobs={"a": Job(steps=steps)}), actions=actions)
    assert [item.code for item in found] == ["DT211"]


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("git://github.com/a/b.git", ["DT502"]),
        ("git://me:secret@github.com/a/b.git", ["DT502"]),
        ("git://GitHub.com/a/b", ["DT502"]),
        ("git://github.com.example.org/a/b", []),
        ("git://[/a/b", []),
        ("https://github.com/a/b", []),
    ],
)
def test_only_the_git_protocol_of_github_is_told_of(url: str, codes: list[str]) -> None:
    action = ActionObject(name="a/b", tag="v1", git=url)
    found = check_pipeline(Pipeline(name="P", jobs={"a": Job(steps=[Step(action=action)])}))
    assert [item.code for item in found] == codes
    assert "secret" not in "".join(map(str, found))


@pytest.mark.parametrize(
    "text",
    [
        "${{ runner.id }} ${{ agent.directory }} ${{ machine.os }} ${{ python.version }} ${{ directory.temp }}",
        "${{ action.directory }} ${{ run.id }} ${{ JOB.ID }} ${{ run['id'] }}",
        "${HOME} ${#HOME} ${{}",
        "${{ format('{0}-{1}', run.id, job.id) }}",
    ],
)
def test_shell_text_may_name_what_nobody_typed(text: str) -> None:
    assert "DT501" not in of_step(Step(run=text))


@pytest.mark.parametrize(
    "expression",
    [
        "event",
        "event.a",
        "input.a",
        "inputs['a']",
        "steps.x.outputs.y",
        "variable.a",
        "variables.a",
        "secrets.A",
        "env.A",
        "matrix.a",
        "needs.a.outputs.b",
        "jobs.a.outputs.b",
        "trigger.a",
        "pipeline.name",
        "step.name",
        "run.name",
        "run.config.a",
        "run",
        "run.*",
        "run[event.a]",
        "job.name",
        "fromJSON(event.a).b",
        "run.id == event.a",
        "run.id && event['a'] || 'x'",
    ],
)
def test_shell_text_must_not_name_data(expression: str) -> None:
    assert "DT501" in of_step(Step(run=f"echo ${{{{ {expression} }}}}"))


def test_the_limits_bound_expressions() -> None:
    pipeline = Pipeline(name="P", jobs={"a": Job(steps=[Step(run="echo", env={"X": "${{ event.abcdefgh }}"})])})
    (found,) = check_pipeline(pipeline, limits=Limits(max_expression_length=10))
    assert found.code == "DT301"


def test_a_text_of_a_stranger_stays_on_one_line() -> None:
    deprecated = Action(
        name="A\nB\x1b[31m",
        inputs={"a": Input(deprecation_message="no\nlonger\x07 " + "x" * 2000)},
        runs=Runs(using="python", main="x.py"),
    )
    step = Step(action="acme/a@v1", inputs={"a": 1, "b\n": 2, "c": "${{ steps['x\n'].y }}"})
    found = check_pipeline(Pipeline(name="P", jobs={"a": Job(steps=[step])}), actions={("a", 0): deprecated})
    assert [item.code for item in found] == ["DT304", "DT405", "DT405", "DT407"]
    for item in found:
        assert str(item).isprintable()
        assert len(str(item)) < 1000


def find_shouting(subject: PipelineSubject) -> list[Finding]:
    name = subject.pipeline.name
    place = subject.source.value(("name",))
    return [Finding(place, f"the name {name!r} shouts", hint="use lower case")] if name.isupper() else []


def test_a_check_of_ones_own_runs_beside_the_others() -> None:
    check = Check(code="ACME1", severity=Severity.WARNING, summary="A name in capitals.", pipeline=find_shouting)
    pipeline = read("name: LOUD\njobs: {a: {steps: [{run: echo}]}}\n")
    (found,) = check_pipeline(pipeline, extra_checks=[check])
    assert str(found) == "p.yaml:1:7: warning: the name 'LOUD' shouts [ACME1]; use lower case"
    assert check_action(ADD, extra_checks=[check]) == []


def test_two_pipelines_of_one_name_are_told_of_at_the_second() -> None:
    first, second, other = (
        (name, Location(file, 1, 7, 1, 10)) for name, file in (("Add", "a.yaml"), ("Add", "b.yaml"), ("add", "c.yaml"))
    )
    (found,) = check_names([first, other, second])
    assert str(found) == (
        "b.yaml:1:7: warning: another pipeline of this project is named 'Add' too [DT210]; "
        "names are unique to a project: rename one of them"
    )
    assert [str(item.location) for item in found.related] == ["a.yaml:1:7"]
    assert check_names([]) == check_names([first]) == []


def test_each_check_says_in_one_sentence_what_it_looks_for() -> None:
    for check in CHECKS:
        assert check.summary.endswith(".")
        assert "\n" not in check.summary
        assert check.pipeline is not None or check.action is not None
    assert len({(check.code, check.summary) for check in CHECKS}) == len(CHECKS)


def test_variables_that_a_step_inherits_are_not_missing() -> None:
    action = Action(name="A", runs=Runs(using="python", main="a.py"), env={"KEY": None, "OTHER": None})
    pipeline = read("name: P\njobs: {a: {steps: [{action: acme/a@v1}]}}\n")
    (found,) = check_pipeline(pipeline, actions={("a", 0): action}, environment={"KEY"})
    assert found.message == "the action reads the environment variable OTHER, not set in the pipeline"


def test_a_time_zone_is_never_looked_for_on_disk() -> None:
    pipeline = read(
        "name: P\ntriggers: {schedule: [{cron: '0 0 * * *', timezone: ../../etc/passwd}]}\n"
        "jobs: {a: {steps: [{run: x}]}}\n"
    )
    assert [item.message for item in check_pipeline(pipeline)] == ["there is no time zone '../../etc/passwd'"]


def test_thousands_of_unknown_steps_are_each_told_without_a_search_for_each() -> None:
    steps = "".join(f"  - run: x\n    env: {{A: '${{{{ steps.none{index}.outputs.a }}}}'}}\n" for index in range(600))
    found = check_pipeline(read(f"name: P\njobs:\n a:\n  steps:\n{steps}"))
    assert [item.code for item in found] == ["DT304"] * 600
    assert {item.hint for item in found} == {"no step before has a name", "name a step before this one"}
