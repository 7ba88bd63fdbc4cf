"""Steps that ask a person: what a handler is asked, what its answer becomes, and how the asking ends."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Mapping

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Question
from datatorch_pipelines.results import AnswerWanted, StepRetried

APPROVE = {
    "action-datatorch.yaml": """\
        name: Approve
        description: Lets a person decide.
        inputs:
          model: {type: string, default: none}
        outputs:
          approved: {type: boolean, description: Whether it is released.}
          channel: {type: string, options: [stable, beta]}
        runs: {using: human}
        """
}
PIPELINE = """\
    name: Release
    jobs:
      review:
        steps:
          - name: Approve
            id: ask
            action: ./approve
            inputs: {model: resnet}
          - name: Use
            inputs: {approved: "${{ steps.ask.outputs.approved }}"}
            run: echo "approved $INPUT_APPROVED"
    """
YES = {"approved": True, "channel": "beta"}


@pytest.fixture
def asking(project):
    project.action("approve", APPROVE)
    return project


def _ask(project, answer: object) -> dtp.StepResult:
    return project.run(PIPELINE, human=lambda question: answer).jobs["review"].step("Approve")


def test_a_handler_is_asked_and_its_answer_is_the_steps_outputs(asking) -> None:
    asked: list[Question] = []
    threads: list[threading.Thread] = []

    def handler(question: Question) -> Mapping[str, object]:
        asked.append(question)
        threads.append(threading.current_thread())
        return {"approved": "true", "channel": "beta"}

    result = asking.run(PIPELINE, human=handler)
    job = result.jobs["review"]
    step = job.step("Approve")
    assert result.succeeded
    assert (dict(step.outputs), step.exit_status, step.log) == (
        {"approved": True, "channel": "beta"},
        None,
        'approved: true\nchannel: "beta"\n',
    )
    assert job.step("Use").log == "approved true\n"
    (question,) = asked
    assert (question.run_id, question.job, question.instance, question.index) == (result.id, "review", None, 0)
    assert (question.step, question.step_id, question.action) == ("Approve", "ask", "./approve")
    assert (question.title, question.description) == ("Approve", "Lets a person decide.")
    assert (dict(question.inputs), dict(question.shown_inputs)) == ({"model": "resnet"}, {"model": "resnet"})
    assert list(question.outputs) == ["approved", "channel"]
    assert not question.cancelled.is_set()
    assert threads[0].daemon
    assert threads[0] not in (threading.main_thread(),)


def test_an_asynchronous_handler_is_awaited_in_the_loop_of_the_run(asking) -> None:
    loops = []

    async def handler(question: Question) -> Mapping[str, object]:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return YES

    async def main() -> dtp.RunResult:
        loops.append(asyncio.get_running_loop())
        path = asking.write(PIPELINE)
        return await dtp.run_async(path, human=handler, directory=asking.runs)

    assert asyncio.run(main()).succeeded
    assert loops[0] is loops[1]


class _Desk:
    async def __call__(self, question: Question) -> Mapping[str, object]:
        await asyncio.sleep(0)
        return YES

    async def ask(self, place: str, question: Question) -> Mapping[str, object]:
        return await self(question)


async def _answer(question: Question, /) -> Mapping[str, object]:
    return YES


@pytest.mark.parametrize(
    "handler",
    [_Desk(), _Desk().__call__, functools.partial(_Desk().ask, "here"), lambda question, *_: _answer(question)],
    ids=["an object", "a method", "a partial", "a function that gives an awaitable"],
)
def test_asynchronous_handlers_are_known_in_every_form(asking, handler: Callable[..., object]) -> None:
    assert asking.run(PIPELINE, human=handler).succeeded


def test_the_wish_for_an_answer_is_an_event(asking) -> None:
    events = []
    asking.run(PIPELINE, human=lambda question: YES, on_event=events.append)
    (wanted,) = [event for event in events if isinstance(event, AnswerWanted)]
    assert (wanted.job, wanted.instance, wanted.step, wanted.outputs) == ("review", None, 0, ("approved", "channel"))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "the human handler gave a value of the type NoneType; return a mapping with a value for each output"),
        ([], "the human handler gave a value of the type list; return a mapping with a value for each output"),
        (
            {1: 2},
            "the human handler gave an output whose name is no text; return a mapping with a value for each output",
        ),
        ({"approved": True}, "the output 'channel' is not answered; give channel a value"),
        ({**YES, "approved": None}, "the output 'approved' is not answered; give approved a value"),
        (
            {**YES, "approved": "maybe"},
            "the answer for the output 'approved': a string is not a boolean; write true or false",
        ),
        (
            {**YES, "channel": "alpha"},
            "the answer for the output 'channel' is not one of its options; use one of stable, beta",
        ),
        (
            {**YES, "chanel": "beta"},
            "the answer has 'chanel', which is no output; the action declares approved, channel",
        ),
    ],
)
def test_a_wrong_answer_fails_the_step_and_names_the_output(asking, answer: object, message: str) -> None:
    step = _ask(asking, answer)
    assert (step.status, step.outputs) == (dtp.Status.FAILED, {})
    assert step.error is not None
    assert step.error.message == message
    assert step.error.location is not None
    assert (step.error.location.line, step.error.location.column) == (5, 9)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "the answer for the output 'it' is no JSON value; give text, numbers, lists or mappings"),
        ({1, 2}, "the answer for the output 'it' is no JSON value; give text, numbers, lists or mappings"),
        (object(), "the answer for the output 'it' is no JSON value; give text, numbers, lists or mappings"),
        (
            functools.reduce(lambda inner, _: [inner], range(300), []),
            "the answer for the output 'it' can't be taken: it is nested too deep",
        ),
        ("x" * 100, "the answer for the output 'it' is too long; give a path to the data instead"),
    ],
    ids=["nan", "a set", "an object", "deep", "long"],
)
def test_an_answer_that_no_record_can_hold_fails_the_step(project, value: object, message: str) -> None:
    project.action("it", {"action-datatorch.yaml": "name: It\noutputs: {it: {}}\nruns: {using: human}\n"})
    limits = dtp.Limits(max_output_bytes=100) if isinstance(value, str) else dtp.Limits()
    pipeline = "name: R\njobs: {a: {steps: [{action: ./it}]}}"
    result = project.run(pipeline, human=lambda question: {"it": value}, limits=limits)
    step = result.jobs["a"].steps[0]
    assert step.error is not None
    assert step.error.message == message


class _Odd:
    """An object that is no data, and breaks what treats it as such."""

    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]  # as it is for what compares by value


@pytest.mark.parametrize("declared", ["", "type: string", "type: list", "options: [a]", "type: string, options: [a]"])
def test_an_object_that_is_no_data_fails_the_step_and_not_the_run(project, declared: str) -> None:
    action = f"name: It\noutputs: {{it: {{{declared}}}}}\nruns: {{using: human}}\n"
    project.action("it", {"action-datatorch.yaml": action})
    said = []

    def handler(question: Question) -> Mapping[str, object]:
        try:
            question.convert("it", _Odd())
        except dtp.PipelinesError as error:
            said.append(error.message)
        return {"it": _Odd()}

    step = project.run("name: R\njobs: {a: {steps: [{action: ./it}]}}", human=handler).jobs["a"].steps[0]
    assert step.error is not None
    wrong = "the answer for the output 'it' is no JSON value"
    assert step.error.message == f"{wrong}; give text, numbers, lists or mappings"
    assert all(message.startswith("the answer for the output 'it'") for message in said)


def test_a_text_that_becomes_too_deep_a_list_fails_the_step(project) -> None:
    project.action("it", {"action-datatorch.yaml": "name: It\noutputs: {it: {type: list}}\nruns: {using: human}\n"})
    pipeline = "name: R\njobs: {a: {steps: [{action: ./it}]}}"
    step = project.run(pipeline, human=lambda question: {"it": "[" * 300 + "]" * 300}).jobs["a"].steps[0]
    assert step.error is not None
    assert step.error.message == "the answer for the output 'it' can't be taken: it is nested too deep"


def test_a_mapping_that_breaks_fails_the_step(asking) -> None:
    class Broken(Mapping[str, object]):
        def __getitem__(self, name: str) -> object:
            raise RuntimeError("no\ndesk")

        def __iter__(self):
            return iter(["approved"])

        def __len__(self) -> int:
            return 1

    step = _ask(asking, Broken())
    assert step.error is not None
    assert step.error.message == "the human handler raised RuntimeError: no desk"


def test_what_a_handler_changes_in_its_question_changes_nothing(asking) -> None:
    def handler(question: Question) -> Mapping[str, object]:
        question.inputs["model"] = "another"  # type: ignore[index]  # what is tested
        return YES

    use = 'inputs: {model: "${{ variable.model }}"}\n            run: test "$INPUT_MODEL" = resnet\n'
    pipeline = f"{PIPELINE.rstrip(' ')}          - {use}"
    assert asking.run(pipeline, human=handler).succeeded


def test_a_handler_that_can_not_be_called_is_refused(asking) -> None:
    with pytest.raises(
        dtp.PipelinesError, match=r"^human is of the type dict; give a function that answers a Question$"
    ):
        asking.run(PIPELINE, human={})


def test_an_answer_is_a_copy_of_what_the_handler_gave(project) -> None:
    project.action("it", {"action-datatorch.yaml": "name: It\noutputs: {it: {type: list}}\nruns: {using: human}\n"})
    given = [1, (2, {"a": "b"})]
    result = project.run("name: R\njobs: {a: {steps: [{action: ./it}]}}", human=lambda question: {"it": given})
    assert result.jobs["a"].steps[0].outputs == {"it": [1, [2, {"a": "b"}]]}


def test_an_action_without_outputs_asks_for_a_go_ahead(project) -> None:
    project.action("it", {"action-datatorch.yaml": "name: It\nruns: {using: human}\n"})
    pipeline = "name: R\njobs: {a: {steps: [{action: ./it}]}}"
    assert project.run(pipeline, human=lambda question: {}).succeeded
    step = project.run(pipeline, human=lambda question: {"a": 1}).jobs["a"].steps[0]
    assert step.error is not None
    assert step.error.message == "the answer has 'a', which is no output; the action declares no output"


class _Silent(Exception):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no\n  desk"), "the human handler raised ValueError: no desk"),
        (KeyboardInterrupt(), "the human handler raised KeyboardInterrupt"),
        (SystemExit(3), "the human handler raised SystemExit: 3"),
        (_Silent(), "the human handler raised _Silent"),
        (dtp.PipelinesError("the desk is closed", hint="come tomorrow"), "the desk is closed; come tomorrow"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("way", ["blocking", "asynchronous"])
def test_a_handler_that_raises_fails_the_step(asking, way: str, error: BaseException, message: str) -> None:
    def blocking(question: Question) -> Mapping[str, object]:
        raise error

    async def asynchronous(question: Question) -> Mapping[str, object]:
        raise error

    step = asking.run(PIPELINE, human=locals()[way]).jobs["review"].step("Approve")
    assert step.error is not None
    assert (step.status, step.error.message) == (dtp.Status.FAILED, message)


def test_a_secret_in_an_answer_or_an_error_is_masked(asking) -> None:
    def tells(question: Question) -> Mapping[str, object]:
        raise ValueError(f"no model {question.inputs['model']}")

    pipeline = PIPELINE.replace("resnet", "'${{ secrets.TOKEN }}'")
    shown = []
    given = {"approved": True, "channel": "s3cret-value"}
    action = APPROVE["action-datatorch.yaml"].replace(", options: [stable, beta]", "")
    asking.action("approve", {"action-datatorch.yaml": action})
    secrets = {"TOKEN": "s3cret-value"}
    failed = asking.run(pipeline, human=tells, secrets=secrets).jobs["review"].step("Approve")
    answered = asking.run(
        pipeline, human=lambda question: shown.append(question) or given, secrets=secrets
    ).jobs["review"].step("Approve")  # fmt: skip
    assert failed.error is not None
    assert failed.error.message == "the human handler raised ValueError: no model ***"
    assert (answered.outputs["channel"], answered.log) == ("***", 'approved: true\nchannel: "***"\n')
    (question,) = shown
    assert (question.inputs["model"], question.shown_inputs["model"]) == ("s3cret-value", "***")
    assert "s3cret" not in repr(question)
    files = [path.read_bytes() for path in asking.runs.rglob("*") if path.is_file()]
    assert not any(b"s3cret" in data for data in files)


def test_where_nobody_is_there_to_ask_nothing_runs(asking) -> None:
    assert asking.refusal(PIPELINE) == [
        "pipeline.yaml:7:17: error: the action ./approve asks a person, and nobody is there to ask [DT411]; "
        "give human=, or on the command line --answers or a terminal"
    ]


def test_a_step_is_asked_again_when_it_has_retries(asking) -> None:
    answers = iter([{}, {**YES, "channel": "alpha"}, YES])
    pipeline = PIPELINE.replace("id: ask", "id: ask\n            retries: 2")
    events = []
    result = asking.run(pipeline, human=lambda question: next(answers), on_event=events.append)
    assert result.succeeded
    retried = [event.error.message for event in events if isinstance(event, StepRetried) and event.error]
    assert retried == [
        "the output 'approved' is not answered; give approved a value",
        "the answer for the output 'channel' is not one of its options; use one of stable, beta",
    ]
    assert result.jobs["review"].step("Approve").attempts == 3


def test_an_answer_is_never_taken_from_the_cache(asking) -> None:
    asking.action(
        "approve", {"action-datatorch.yaml": APPROVE["action-datatorch.yaml"].rstrip() + "\n        cache: true\n"}
    )
    asked = []
    for _ in range(2):
        assert asking.run(PIPELINE, human=lambda question: asked.append(1) or YES).succeeded
    assert len(asked) == 2


class _Waiting:
    """A handler that says when it is asked, and waits until it is told that nobody waits any more."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.told = threading.Event()

    def __call__(self, question: Question) -> Mapping[str, object]:
        self.asked.set()
        question.cancelled.wait()
        self.told.set()
        return YES


def test_a_cancelled_run_waits_for_no_answer(asking) -> None:
    handler = _Waiting()
    handle = dtp.start(asking.write(PIPELINE), human=handler, directory=asking.runs)
    handler.asked.wait()
    handle.cancel()
    result = handle.wait()
    step = result.jobs["review"].step("Approve")
    assert (result.status, step.status, step.reason) == (
        dtp.Status.CANCELLED,
        dtp.Status.CANCELLED,
        "the run was cancelled",
    )
    handler.told.wait()


def test_a_step_that_times_out_waits_for_no_answer(asking) -> None:
    handler = _Waiting()
    step = (
        asking.run(PIPELINE.replace("id: ask", "id: ask\n            timeout: 0.001"), human=handler)
        .jobs["review"]
        .steps[0]
    )
    assert step.error is not None
    assert step.error.message == "the step 'Approve' timed out after 0.001 minutes"
    handler.told.wait()


def test_an_asynchronous_handler_is_cancelled_with_its_step(asking) -> None:
    tidied = threading.Event()
    asked = threading.Event()

    async def handler(question: Question) -> Mapping[str, object]:
        asked.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            assert question.cancelled.is_set()
            tidied.set()
        return YES

    handle = dtp.start(asking.write(PIPELINE), human=handler, directory=asking.runs)
    asked.wait()
    handle.cancel()
    assert handle.wait().status is dtp.Status.CANCELLED
    assert tidied.is_set()


def test_a_handler_that_cancels_itself_fails_the_step(asking) -> None:
    async def handler(question: Question) -> Mapping[str, object]:
        raise asyncio.CancelledError

    step = asking.run(PIPELINE, human=handler).jobs["review"].step("Approve")
    assert step.error is not None
    assert step.error.message == "the human handler cancelled itself"


def test_each_instance_of_a_matrix_asks_for_itself(asking) -> None:
    pipeline = """\
        name: Release
        jobs:
          review:
            strategy: {matrix: {model: [a, b, c]}}
            steps:
              - name: Approve
                action: ./approve
                inputs: {model: "${{ matrix.model }}"}
        """
    asked: list[tuple[object, object]] = []

    def handler(question: Question) -> Mapping[str, object]:
        asked.append((question.instance, question.inputs["model"]))
        return YES

    assert asking.run(pipeline, human=handler).succeeded
    assert sorted(asked) == [(0, "a"), (1, "b"), (2, "c")]


def test_a_runtime_of_the_callers_goes_before_the_handler(asking) -> None:
    class Recorded(dtp.Runtime):
        def command(self, action, inputs, environment) -> dtp.Command:
            return dtp.Command(argv=["echo", "::approved::true"])

    result = asking.run(PIPELINE, runtimes={"human": Recorded()})
    assert result.jobs["review"].step("Approve").outputs == {"approved": True}


def test_a_question_converts_an_answer_as_the_engine_does(asking) -> None:
    said = []

    def handler(question: Question) -> Mapping[str, object]:
        try:
            question.convert("approved", "perhaps")
        except dtp.PipelinesError as error:
            said.append(str(error))
        return {"approved": question.convert("approved", "TRUE"), "channel": "stable"}

    assert asking.run(PIPELINE, human=handler).succeeded
    assert said == ["the answer for the output 'approved': a string is not a boolean; write true or false"]
