"""A pipeline runs: actions, shell steps, inputs, outputs, failures."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.results import (
    Event,
    JobFinished,
    JobStarted,
    LogWritten,
    RunFinished,
    RunStarted,
    StepFinished,
    StepInputs,
    StepStarted,
)


def test_an_action_gets_typed_inputs_and_its_output_reaches_the_next_step(project) -> None:
    result = project.run("""\
        name: Average
        jobs:
          average:
            steps:
              - name: Add Numbers
                action: ./add
                inputs: {a: "10", b: 20}
              - name: Again
                action: ./add
                inputs:
                  a: ${{ steps.Add Numbers.output.sum }}
                  b: ${{ variable.sum }}
        """)
    assert result.status == "succeeded"
    assert result.error is None
    first, second = result.jobs["average"].steps
    assert (first.outputs, second.outputs) == ({"sum": 30}, {"sum": 60})
    assert first.inputs == {"a": 10, "b": 20}
    assert (first.exit_status, first.status, first.name) == (0, "succeeded", "Add Numbers")
    assert first.log == "::sum::30\n"
    assert result.raise_for_status() is result


def test_a_failing_step_skips_the_rest_and_names_its_place(project) -> None:
    result = project.run("""\
        name: Fails
        jobs:
          one:
            steps:
              - name: fine
                run: echo fine
              - name: breaks
                run: echo broken >&2; exit 3
              - name: never
                run: echo never
          two:
            steps:
              - run: echo other
        """)
    assert result.status == "failed"
    assert [step.status for step in result.jobs["one"].steps] == ["succeeded", "failed", "skipped"]
    breaks, never = result.jobs["one"].steps[1:]
    assert breaks.exit_status == 3
    assert str(breaks.error) == f"{project.folder}/pipeline.yaml:7:9: the step 'breaks' failed with exit status 3"
    assert breaks.error.snippet == "      - name: breaks"
    assert breaks.stderr == "broken\n"
    assert never.reason == "an earlier step failed"
    assert never.started is None
    assert result.jobs["two"].status == "succeeded"
    assert result.error == breaks.error == result.jobs["one"].error
    with pytest.raises(dtp.RunFailed, match=r"pipeline\.yaml:7:9: the step 'breaks' failed with exit status 3"):
        result.raise_for_status()


def test_a_step_that_a_signal_ends_says_which(project) -> None:
    result = project.run("name: S\njobs: {s: {steps: [{name: dies, run: kill -KILL $$}]}}")
    step = result.jobs["s"].steps[0]
    assert step.exit_status == -9
    assert step.error.message == "the step 'dies' was ended by signal 9 (SIGKILL)"


def test_standard_output_and_standard_error_are_kept_apart(project) -> None:
    result = project.run("name: S\njobs: {s: {steps: [{run: 'echo out; echo err >&2; printf last'}]}}")
    step = result.jobs["s"].steps[0]
    assert (step.stdout, step.stderr) == ("out\nlast", "err\n")
    assert sorted(step.log) == sorted("out\nerr\nlast")


def test_steps_of_a_job_share_a_workspace_and_jobs_do_not(project) -> None:
    result = project.run("""\
        name: Workspaces
        jobs:
          a:
            steps:
              - run: pwd; echo a > here; mkdir sub; echo inner > sub/file
              - run: cat here
              - {run: cat file, working-directory: sub}
          b:
            steps: [{run: "pwd; ls"}]
        """)
    assert result.status == "succeeded"
    a, b = result.jobs["a"].steps, result.jobs["b"].steps
    assert (a[1].log, a[2].log) == ("a\n", "inner\n")
    folder = b[0].log.splitlines()
    assert len(folder) == 1
    assert folder[0] != a[0].log.strip()
    assert not Path(a[0].log.strip()).exists()


def test_a_kept_workspace_stays(project) -> None:
    result = project.run("name: K\njobs: {k: {steps: [{run: 'pwd; echo x > file'}]}}", keep=True)
    workspace = Path(result.jobs["k"].steps[0].log.strip())
    assert (workspace / "file").read_text() == "x\n"


def test_variables_come_from_the_pipeline_the_job_and_the_step_in_this_order(project, logged) -> None:
    result = project.run("""\
        name: Env
        env: {A: pipeline, B: pipeline, C: pipeline}
        variables: {who: world}
        jobs:
          env:
            env: {B: job, C: job}
            steps:
              - run: echo "$A $B $C $D $INPUT_GREETING"
                env: {C: step, D: "${{ env.B }}-${{ true }}"}
                inputs: {greeting: "hello ${{ variables.who }}"}
        """)
    assert logged(result) == ["pipeline job step job-true hello world"]


def test_what_a_run_is_given_reaches_the_expressions(project, logged) -> None:
    result = project.run(
        """\
        name: Given
        variables: {v: default}
        jobs:
          g:
            steps:
              - run: echo "$INPUT_ALL"
                inputs:
                  all: "${{ inputs.i }} ${{ event.points }} ${{ variables.v }} ${{ pipeline.projectId }} ${{ run.id }}"
        """,
        inputs={"i": 1},
        event={"points": [1, 2]},
        variables={"v": "given"},
        pipeline_facts={"projectId": "p1"},
        run_facts={"runNumber": 7},
    )
    assert logged(result) == [f"1 [1, 2] given p1 {result.id}"]


def test_an_expression_that_finds_nothing_fails_the_step_at_its_place(project) -> None:
    result = project.run("""\
        name: Nothing
        jobs:
          n:
            steps:
              - name: needs an event
                run: echo "$INPUT_X"
                inputs:
                  x: "file ${{ event.fileId }}"
        """)
    error = result.jobs["n"].steps[0].error
    assert (error.location.line, error.location.column) == (8, 24)
    assert "event.fileId" in error.message
    assert result.status == "failed"


def test_what_a_step_prints_is_never_evaluated(project, logged) -> None:
    result = project.run("""\
        name: Injection
        jobs:
          i:
            steps:
              - id: evil
                run: printf '::text::"$%s $(touch pwned)"' '{{ secrets.TOKEN }}'
              - run: printf '%s\\n' "$INPUT_TEXT"; ls
                inputs: {text: "${{ steps.evil.outputs.text }}"}
        """)
    assert logged(result)[1:] == ["${{ secrets.TOKEN }} $(touch pwned)"]


def test_data_in_shell_text_is_refused(project) -> None:
    refusal = project.refusal("name: D\njobs: {d: {steps: [{run: 'echo ${{ event.x }}'}]}}")
    assert len(refusal) == 1
    assert "DT501" in refusal[0]
    assert refusal[0].startswith("pipeline.yaml:2:34: error:") or refusal[0].startswith("pipeline.yaml:2:")


def test_machine_facts_in_shell_text_are_quoted(project, logged) -> None:
    result = project.run("name: M\njobs: {m: {steps: [{run: 'echo ${{ machine.os }} ${{ run.id }} ${{ job.id }}'}]}}")
    assert logged(result) == [f"Linux {result.id} m"]


def test_outputs_come_from_lines_and_from_the_file_and_the_last_one_wins(project) -> None:
    result = project.run("""\
        name: Outputs
        jobs:
          o:
            steps:
              - run: |
                  echo '::a::1'
                  echo '::a::{"deep": [1, 2.5, null, "x"]}'
                  echo 'std::vector::x'
                  echo ' ::no::1'
                  echo '{"b": true, "c": "file"}' >> "$DATATORCH_OUTPUT"
                  printf '::d::"no newline"'
        """)
    outputs = result.jobs["o"].steps[0].outputs
    assert outputs == {"a": {"deep": [1, 2.5, None, "x"]}, "b": True, "c": "file", "d": "no newline"}
    assert result.diagnostics == ()


def test_junk_for_a_declared_output_is_a_warning_and_for_others_a_log_line(project) -> None:
    project.action(
        "junk",
        {
            "action-datatorch.yaml": """\
                name: Junk
                outputs: {n: {type: integer}, m: {type: integer}}
                runs: {using: cmd, command: "echo '::n::junk'; echo '::other::junk'; echo '::m::\\"text\\"'"}
                """
        },
    )
    result = project.run("name: J\njobs:\n  j:\n    steps:\n      - action: ./junk\n")
    assert result.status == "succeeded"
    assert [(d.line, d.column, d.severity, d.message) for d in result.diagnostics] == [
        (5, 9, "warning", "the output 'n' was not taken: its value is no JSON (a value is missing at column 1)"),
        (5, 9, "warning", "the output 'm' is declared to be of type integer, and is not"),
    ]
    assert result.jobs["j"].steps[0].outputs == {"m": "text"}


def test_defaults_and_undeclared_inputs_reach_the_action(project, logged) -> None:
    project.action(
        "show",
        {
            "action-datatorch.yaml": """\
                name: Show
                inputs:
                  who: {type: string, default: "${{ input.prefix }} world"}
                  prefix: {type: string, default: hello}
                  off: {type: boolean, default: "false"}
                  none: {type: string, default: null}
                  project: {type: string, default: "${{ pipeline.projectId }}"}
                runs: {using: python, main: show.py}
                """,
            "show.py": "import json, sys; print(json.dumps(json.loads(sys.argv[-1])))\n",
        },
    )
    result = project.run("name: S\njobs: {s: {steps: [{action: ./show, inputs: {prefix: hi, extra: [1]}}]}}")
    assert json.loads(logged(result)[0]) == {
        "who": "hi world",
        "prefix": "hi",
        "off": False,
        "none": None,
        "project": None,
        "extra": [1],
    }


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ("{a: 1}", "6:17: error: the action 'Add' needs the input 'b' [DT403]; add b to the step's inputs"),
        ("{a: 1, b: null}", "7:24: error: the action 'Add' needs the input 'b' [DT403]; give b a value"),
    ],
)
def test_a_missing_required_input_is_refused_before_anything_runs(project, given: str, refused: str) -> None:
    text = f"name: R\njobs:\n  r:\n    steps:\n      - run: 'true'\n      - action: ./add\n        inputs: {given}\n"
    assert project.refusal(text) == [f"pipeline.yaml:{refused}"]


def test_a_computed_input_of_a_wrong_type_fails_the_step_at_the_input(project) -> None:
    result = project.run(
        """\
        name: W
        jobs:
          w:
            steps:
              - action: ./add
                inputs:
                  a: ${{ event.a }}
                  b: 1
        """,
        event={"a": 3.9},
    )
    step = result.jobs["w"].steps[0]
    assert str(step.error) == (
        f"{project.folder}/pipeline.yaml:7:14: the input 'a': a float is not an integer; write a whole number"
    )
    assert step.exit_status is None


def test_the_events_tell_the_whole_run_in_order(project) -> None:
    seen: list[Event] = []
    result = project.run("name: E\njobs: {e: {steps: [{id: s, run: 'echo hi', inputs: {x: 1}}]}}", on_event=seen.append)
    assert [type(event) for event in seen] == [
        RunStarted,
        JobStarted,
        StepStarted,
        StepInputs,
        LogWritten,
        StepFinished,
        JobFinished,
        RunFinished,
    ]
    assert seen[0].run_id == result.id
    assert (seen[4].stream, seen[4].offset, seen[4].length) == ("stdout", 0, 3)
    lines = [json.loads(line) for line in (result.directory / "events.jsonl").read_text().splitlines()]
    assert [line["type"] for line in lines] == [event.type for event in seen]
    assert (result.directory / seen[2].log).read_bytes() == b"hi\n"


def test_a_listener_that_raises_is_told_the_next_event_and_fails_nothing(project, caplog) -> None:
    seen: list[str] = []

    def raises(event: Event) -> None:
        seen.append(event.type)
        raise ValueError("listener")

    result = project.run("name: L\njobs: {l: {steps: [{run: 'true'}]}}", on_event=[raises])
    assert result.status == "succeeded"
    assert seen[0] == "run-started"
    assert seen[-1] == "run-finished"
    assert "a listener of the event 'run-started' raised" in caplog.text


def test_a_run_in_an_event_loop_gives_the_same_result(project) -> None:
    pipeline = dtp.load(project.write("name: A\njobs: {a: {steps: [{action: ./add, inputs: {a: 1, b: 2}}]}}"))
    result = asyncio.run(pipeline.run_async(directory=project.runs))
    assert result.jobs["a"].steps[0].outputs == {"sum": 3}


def test_a_blocking_run_works_inside_a_running_loop(project) -> None:
    pipeline = dtp.load(project.write("name: A\njobs: {a: {steps: [{run: 'echo in a notebook'}]}}"))

    async def cell() -> dtp.RunResult:
        return pipeline.run(directory=project.runs)

    assert asyncio.run(cell()).jobs["a"].steps[0].log == "in a notebook\n"


def test_a_handle_is_iterated_by_several_readers_from_the_first_event(project) -> None:
    handle = dtp.load(project.write("name: H\njobs: {h: {steps: [{run: 'echo 1'}]}}")).start(directory=project.runs)
    first = [event.type for event in handle]
    result = handle.wait()

    async def follow() -> list[str]:
        return [event.type async for event in handle]

    assert first == [event.type for event in handle] == asyncio.run(follow())
    assert first[-1] == "run-finished"
    assert handle.done
    assert handle.run_id == result.id


def test_jobs_run_side_by_side(project) -> None:
    """Each of two jobs waits for a pipe that only the other one opens: alone, neither would ever end."""
    first, second = project.folder / "first", project.folder / "second"
    text = f"""\
        name: Parallel
        jobs:
          a: {{steps: [{{run: "mkfifo {first}; echo a > {first}; cat {second}"}}]}}
          b: {{steps: [{{run: "mkfifo {second}; until test -p {first}; do :; done; cat {first}; echo b > {second}"}}]}}
        """
    result = project.run(text.replace("cat {second}", f"until test -p {second}; do :; done; cat {second}"))
    assert result.status == "succeeded"


def test_no_more_jobs_than_allowed_run_at_once(project) -> None:
    seen: list[Event] = []
    jobs = "".join(f"  j{n}: {{steps: [{{run: 'true'}}]}}\n" for n in range(6))
    project.run(f"name: M\njobs:\n{jobs}", max_parallel=1, on_event=seen.append)
    order = [(event.type, event.job) for event in seen if isinstance(event, JobStarted | JobFinished)]
    assert order == [(kind, f"j{n}") for n in range(6) for kind in ("job-started", "job-finished")]


def test_a_pipeline_built_in_python_runs_and_its_errors_have_places(project) -> None:
    pipeline = dtp.Pipeline(
        name="Built", jobs={"add": dtp.Job(steps=[dtp.Step(action="./add", inputs={"a": 1, "b": "x"})])}
    )
    with pytest.raises(dtp.PlanError) as refused:
        pipeline.plan(resolvers=[dtp.MappingResolver({"./add": project.folder / "add"})])
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "DT404"
    assert diagnostic.file == "<Built>.yaml"
    assert pipeline.to_yaml().splitlines()[diagnostic.line - 1].strip() == "b: x"


def test_secrets_are_in_no_log_no_event_and_no_result(project) -> None:
    result = project.run(
        """\
        name: Secret
        jobs:
          s:
            steps:
              - id: leak
                run: echo "token $TOKEN"; echo "::t::\\"$TOKEN\\""; printf %s "$TOKEN" | base64
                env: {TOKEN: "${{ secrets.TOKEN }}"}
              - run: test "$INPUT_T" = hunter2-hunter2
                inputs: {t: "${{ steps.leak.outputs.t }}"}
        """,
        secrets={"TOKEN": "hunter2-hunter2"},
    )
    assert result.status == "succeeded"
    assert result.jobs["s"].steps[0].log == 'token ***\n::t::"***"\n***\n'
    assert result.jobs["s"].steps[0].outputs == {"t": "***"}
    assert result.jobs["s"].steps[1].inputs == {"t": "***"}
    kept = b"".join(path.read_bytes() for path in result.directory.rglob("*") if path.is_file())
    assert b"hunter2" not in kept
    assert "hunter2" not in repr(result)


def test_a_secret_input_is_in_no_argument_of_the_process(project, logged) -> None:
    project.action(
        "peek",
        {
            "action-datatorch.yaml": "name: Peek\nruns: {using: python, main: peek.py}\n",
            "peek.py": """\
                import datatorch, pathlib

                shown = pathlib.Path("/proc/self/cmdline").read_bytes()
                print(b"hunter2" in shown, datatorch.get_input("token") == "hunter2-hunter2")
                """,
        },
    )
    result = project.run(
        "name: P\njobs: {p: {steps: [{action: ./peek, inputs: {token: '${{ secrets.T }}'}}]}}",
        secrets={"T": "hunter2-hunter2"},
    )
    assert logged(result) == ["False True"]


def test_a_cached_result_is_not_computed_again(project) -> None:
    marker = project.folder / "ran"
    text = f"""\
        name: Cache
        jobs:
          c:
            steps:
              - {{id: a, cache: true, run: "echo x >> {marker}; echo '::n::1'", inputs: {{k: "${{{{ inputs.k }}}}"}}}}
        """
    first, again, other = (project.run(text, inputs={"k": k}) for k in (1, 1, 2))
    assert marker.read_text() == "x\nx\n"
    assert [run.jobs["c"].steps[0].outputs for run in (first, again, other)] == [{"n": 1}] * 3
    assert again.jobs["c"].steps[0].reason == "its result was in the cache"
    assert again.jobs["c"].steps[0].exit_status is None
    assert other.jobs["c"].steps[0].reason is None


def test_a_result_that_got_a_secret_is_never_cached(project) -> None:
    marker = project.folder / "ran"
    step = f"{{cache: true, run: 'echo x >> {marker}', env: {{T: '${{{{ secrets.T }}}}'}}}}"
    text = f"name: C\njobs: {{c: {{steps: [{step}]}}}}"
    for _ in range(2):
        project.run(text, secrets={"T": "hunter2-hunter2"})
    assert marker.read_text() == "x\nx\n"


def test_an_output_that_leads_into_the_job_is_not_cached(project) -> None:
    text = 'name: C\njobs: {c: {steps: [{cache: true, run: \'echo "::path::\\"$PWD/x\\""\'}]}}'
    assert project.run(text).jobs["c"].steps[0].reason is None
    assert project.run(text).jobs["c"].steps[0].reason is None


def test_hash_files_looks_at_the_jobs_workspace(project, logged) -> None:
    result = project.run("""\
        name: Hash
        jobs:
          h:
            steps:
              - run: echo content > file.txt
              - run: echo "$INPUT_H"
                inputs: {h: "${{ hashFiles('*.txt') }}"}
        """)
    (line,) = logged(result)
    assert len(line) == 64


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://me:hunter2-hunter2@host/a.git", "me git ***"),
        ("https://hunter2-hunter2@host/a.git", "me git ***"),
        ("https://me:hunter2%2Dhunter2@host/a.git", "me git ***"),
        ("ssh://git@host/a.git", "me git hunter2-hunter2"),
    ],
)
def test_the_password_of_an_actions_url_is_a_secret_and_the_user_of_ssh_is_none(project, url: str, kept: str) -> None:
    step = dtp.Step(name="add", action={"name": "a/add", "tag": "v1", "git": url}, inputs={"a": 1, "b": 2})
    pipeline = dtp.Pipeline(name="P", jobs={"j": dtp.Job(steps=[step, dtp.Step(run="echo me git hunter2-hunter2")])})
    result = pipeline.run(resolvers=[dtp.MappingResolver({"a/add@v1": project.folder / "add"})], directory=project.runs)
    assert result.error is None
    assert result.jobs["j"].steps[1].log == f"{kept}\n"
    record = b"".join(path.read_bytes() for path in result.directory.rglob("*") if path.is_file())
    assert (b"hunter2" in record) == ("hunter2" in kept)
