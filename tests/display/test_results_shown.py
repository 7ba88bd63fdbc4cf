"""Results as JSON and as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
from attrs import evolve

from datatorch_pipelines.diagnostics import Diagnostic, Location, Related, Severity
from datatorch_pipelines.display import diagnostics_json, no_run_json, outputs_text, run_json, run_summary_text
from datatorch_pipelines.results import (
    Artifact,
    FailedTest,
    Failure,
    JobResult,
    RunResult,
    Status,
    StepResult,
    SuiteResult,
)

SCHEMA = json.loads((Path(__file__).parent / "run_schema.json").read_text(encoding="utf-8"))
PLACE = Location("p.yaml", 17, 9, 17, 20)
FAILURE = Failure(message="the step 'Train' failed with exit status 3", location=PLACE, snippet="        run: exit 3")
WARNING = Diagnostic.at(
    PLACE, "DT211", Severity.WARNING, "two steps 'a'", hint="rename one", related=[Related("the other", PLACE)]
)


def _result(*jobs: JobResult, status: Status = Status.SUCCEEDED, error: Failure | None = None) -> RunResult:
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return RunResult(
        id="r1",
        pipeline="Add",
        status=status,
        jobs={job.id: job for job in jobs},
        started=started,
        finished=started + timedelta(seconds=2.14),
        directory=Path("/runs/r1"),
        diagnostics=(WARNING,),
        error=error,
    )


def _step(name: str = "Sum", **outputs: object) -> StepResult:
    return StepResult(index=0, name=name, status=Status.SUCCEEDED, exit_status=0, outputs=outputs)


def _failed_job(job_id: str = "train") -> JobResult:
    failed = StepResult(
        index=0,
        name="Train",
        status=Status.FAILED,
        exit_status=3,
        error=FAILURE,
        log_path=Path("/runs/r1/logs/train/001-Train.log"),
    )
    skipped = StepResult(index=1, name="Next", status=Status.SKIPPED, reason="an earlier step failed")
    return JobResult(id=job_id, name=job_id, status=Status.FAILED, steps=(failed, skipped), error=FAILURE)


def test_the_object_of_a_failed_run_is_whole() -> None:
    shown = json.loads(run_json(_result(_failed_job(), status=Status.FAILED, error=FAILURE)))
    jsonschema.validate(shown, SCHEMA)
    error = {"message": "the step 'Train' failed with exit status 3", "file": "p.yaml", "line": 17, "column": 9}
    place = {"file": "p.yaml", "line": 17, "column": 9, "end_line": 17, "end_column": 20}
    diagnostic = {
        "code": "DT211",
        "severity": "warning",
        "message": "two steps 'a'",
        **place,
        "hint": "rename one",
        "related": [{"message": "the other", **place}],
    }
    assert shown == {
        "version": 1,
        "run": "r1",
        "pipeline": "Add",
        "status": "failed",
        "error": error,
        "diagnostics": [diagnostic],
        "jobs": {
            "train": {
                "status": "failed",
                "outputs": {},
                "error": error,
                "steps": [
                    {
                        "name": "Train",
                        "status": "failed",
                        "outputs": {},
                        "exit_status": 3,
                        "reason": None,
                        "log": "/runs/r1/logs/train/001-Train.log",
                        "artifacts": [],
                        "tests": None,
                        "error": error,
                    },
                    {
                        "name": "Next",
                        "status": "skipped",
                        "outputs": {},
                        "exit_status": None,
                        "reason": "an earlier step failed",
                        "log": None,
                        "artifacts": [],
                        "tests": None,
                        "error": None,
                    },
                ],
                "instances": [],
            }
        },
    }


def _matrix() -> JobResult:
    fine = JobResult(id="a", name="a (1)", status=Status.SUCCEEDED, matrix={"n": 1}, steps=(_step(x=1),))
    own = JobResult(id="a", name="a (2)", status=Status.SUCCEEDED, matrix={"n": 2}, outputs={"y": 2})
    failed = evolve(_failed_job("a"), matrix={"n": 3}, error=FAILURE)
    return JobResult(id="a", name="a", status=Status.FAILED, error=FAILURE, instances=(fine, own, failed))


def test_a_matrix_job_has_instances_and_no_steps() -> None:
    shown = json.loads(run_json(_result(_matrix(), status=Status.FAILED, error=FAILURE)))
    jsonschema.validate(shown, SCHEMA)
    job = shown["jobs"]["a"]
    assert (job["status"], job["steps"]) == ("failed", [])
    assert [item["matrix"] for item in job["instances"]] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [item["status"] for item in job["instances"]] == ["succeeded", "succeeded", "failed"]
    assert job["instances"][0]["steps"][0]["outputs"] == {"x": 1}
    assert job["instances"][1]["outputs"] == {"y": 2}
    assert job["instances"][2]["steps"][0]["exit_status"] == 3


def test_what_the_instances_of_a_matrix_gave_and_why_they_failed_is_told_of_each() -> None:
    result = _result(_matrix(), status=Status.FAILED, error=FAILURE)
    assert outputs_text(result) == "a (1) / Sum: x = 1\na (2): y = 2\n"
    assert run_summary_text(result) == (
        "p.yaml:17:9: error: job 'a (3)': the step 'Train' failed with exit status 3\n"
        "   17 |         run: exit 3\n"
        "      |         ^^^^^^^^^^^\n"
        "  log: /runs/r1/logs/train/001-Train.log\n"
        "run failed in 2.1 s; record: /runs/r1\n"
    )


TESTS = SuiteResult(
    passed=3,
    failed=7,
    skipped=1,
    failures=tuple(FailedTest(name=f"a.test_{n}", text=f"\nassert {n}\n\x1b[2Jtrace" * (n > 0)) for n in range(6)),
)
ARTIFACT = Artifact(
    name="out/a.txt", file="artifacts/a/001-Sum/out/a.txt", size=1536, digest="0" * 64, path=Path("/runs/r1/a.txt")
)


def _step_with_tests() -> StepResult:
    return evolve(_step(), artifacts=(ARTIFACT, ARTIFACT), tests=TESTS)


def test_the_object_has_artifacts_and_tests() -> None:
    job = JobResult(id="a", name="a", status=Status.SUCCEEDED, steps=(_step_with_tests(),))
    shown = json.loads(run_json(_result(job)))
    jsonschema.validate(shown, SCHEMA)
    (step,) = shown["jobs"]["a"]["steps"]
    assert step["artifacts"] == [{"name": "out/a.txt", "path": "/runs/r1/a.txt", "size": 1536, "digest": "0" * 64}] * 2
    assert step["tests"]["failures"][:2] == [
        {"name": "a.test_0", "text": ""},
        {"name": "a.test_1", "text": "\nassert 1\n\x1b[2Jtrace"},
    ]
    assert {key: step["tests"][key] for key in ("passed", "failed", "skipped")} == {
        "passed": 3,
        "failed": 7,
        "skipped": 1,
    }


def test_the_summary_tells_how_tests_went_and_counts_artifacts() -> None:
    one = JobResult(id="a", name="a", status=Status.SUCCEEDED, steps=(_step_with_tests(), _step()))
    instance = JobResult(id="b", name="b", status=Status.SUCCEEDED, steps=(_step_with_tests(),), matrix={"m": 1})
    matrix = JobResult(id="b", name="b", status=Status.SUCCEEDED, instances=(instance,))
    assert run_summary_text(_result(one, matrix)) == (
        "tests: 6 passed, 14 failed, 2 skipped\n"
        "  failed: a.test_0\n"
        "  failed: a.test_1\n"
        "    assert 1\n"
        "  failed: a.test_2\n"
        "    assert 2\n"
        "  failed: a.test_3\n"
        "    assert 3\n"
        "  failed: a.test_4\n"
        "    assert 4\n"
        "  and 9 more\n"
        "artifacts: 4 files, 6.0 KiB\n"
        "run succeeded in 2.1 s; record: /runs/r1\n"
    )


def test_what_tests_say_stays_on_its_line() -> None:
    tests = SuiteResult(failed=1, failures=(FailedTest(name="a\nb\x1b[2J", text="\x1b[31mred" + "x" * 300),))
    job = JobResult(id="a", name="a", status=Status.SUCCEEDED, steps=(evolve(_step(), tests=tests),))
    first, second, third, _last = run_summary_text(_result(job)).splitlines()
    assert (first, second) == ("tests: 0 passed, 1 failed", "  failed: a\\x0ab\\x1b[2J")
    assert third == "    \\x1b[31mred" + "x" * 186 + "..."


def test_what_json_can_not_say_is_null_or_text() -> None:
    step = _step(loss=float("nan"), best=float("-inf"), path=Path("a/b"), deep=[{"x": (1, float("inf"))}])
    shown = json.loads(run_json(_result(JobResult(id="a", name="a", status=Status.SUCCEEDED, steps=(step,)))))
    outputs = shown["jobs"]["a"]["steps"][0]["outputs"]
    assert outputs == {"loss": None, "best": None, "path": "a/b", "deep": [{"x": [1, None]}]}


def test_without_a_run_the_object_has_every_key() -> None:
    shown = json.loads(no_run_json(FAILURE, [WARNING]))
    jsonschema.validate(shown, SCHEMA)
    assert (shown["run"], shown["pipeline"], shown["status"], shown["jobs"]) == (None, None, "failed", {})
    left = json.loads(no_run_json(Failure(message="interrupted"), status=Status.CANCELLED, run="r1", pipeline="Add"))
    jsonschema.validate(left, SCHEMA)
    assert left["error"] == {"message": "interrupted", "file": None, "line": None, "column": None}


def test_the_report_of_check_is_one_object() -> None:
    shown = json.loads(diagnostics_json([WARNING]))
    assert list(shown) == ["version", "diagnostics"]
    jsonschema.validate(shown["diagnostics"][0], {**SCHEMA["$defs"]["diagnostic"], "$defs": SCHEMA["$defs"]})


def test_the_summary_of_a_run_that_succeeded_is_a_line() -> None:
    job = JobResult(id="a", name="a", status=Status.SUCCEEDED)
    assert run_summary_text(_result(job)) == "run succeeded in 2.1 s; record: /runs/r1\n"


def test_the_summary_tells_every_failure_its_place_and_its_log() -> None:
    lost = JobResult(id="b", name="b", status=Status.FAILED, error=Failure(message="its environment was lost"))
    fine = JobResult(id="c", name="c", status=Status.SUCCEEDED)
    result = _result(_failed_job(), lost, fine, status=Status.FAILED, error=FAILURE)
    assert run_summary_text(result) == (
        "p.yaml:17:9: error: job 'train': the step 'Train' failed with exit status 3\n"
        "   17 |         run: exit 3\n"
        "      |         ^^^^^^^^^^^\n"
        "  log: /runs/r1/logs/train/001-Train.log\n"
        "error: job 'b': its environment was lost\n"
        "run failed in 2.1 s (2 failed of 3 jobs); record: /runs/r1\n"
    )


def test_a_failure_that_belongs_to_no_job_is_told_too() -> None:
    job = JobResult(id="a", name="a", status=Status.CANCELLED)
    result = _result(job, status=Status.FAILED, error=Failure(message="the record can't be written"))
    assert run_summary_text(result) == ("error: the record can't be written\nrun failed in 2.1 s; record: /runs/r1\n")


def test_the_outputs_of_a_job_are_its_own_or_those_of_its_steps() -> None:
    own = JobResult(id="a", name="a", status=Status.SUCCEEDED, steps=(_step(x=1),), outputs={"path": "données/x"})
    steps = JobResult(
        id="b", name="b", status=Status.SUCCEEDED, steps=(_step("One", x=1, y=None), _step("Two", x=[2.5]))
    )
    assert outputs_text(_result(own, steps)) == (
        'a: path = "données/x"\nb / One: x = 1\nb / One: y = null\nb / Two: x = [2.5]\n'
    )


def test_an_output_stays_on_its_line() -> None:
    step = _step("A\nB", **{"x\x1b": "one\ntwo\x1b[2J\u202e"})
    job = JobResult(id="a", name="a", status=Status.SUCCEEDED, steps=(step,))
    assert outputs_text(_result(job)) == 'a / A\\x0aB: x\\x1b = "one\\ntwo\\u001b[2J\\u202e"\n'
