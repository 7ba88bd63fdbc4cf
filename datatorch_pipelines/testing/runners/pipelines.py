"""The runner under whole pipelines: what the engine builds upon the rules."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from datatorch_pipelines.api import load
from datatorch_pipelines.api.running import located_pipeline
from datatorch_pipelines.contracts import Command, JobEnvironment, JobSpec, Runner, StepContext
from datatorch_pipelines.defaults import run_options
from datatorch_pipelines.engine import Run, make_plan
from datatorch_pipelines.limits import DEFAULT_LIMITS
from datatorch_pipelines.results import LogWritten, RunResult, Status, StepResult
from datatorch_pipelines.testing.judging import listed, shown
from datatorch_pipelines.testing.runners.jobs import ALIVE, HOLD, obey
from datatorch_pipelines.testing.runners.places import putting_rule, python_rule
from datatorch_pipelines.testing.runners.rules import GOES_ON, KILLS, LAST, SHARED, STATUS, TEMP, VARIABLES
from datatorch_pipelines.testing.runners.using import Fixtures, Lose, Rule, Session, Use, lost, needs

_LARGE = "x" * 1_000_000


class Opened(Runner):
    """A runner that is open already, for a run of the engine: it is neither opened nor closed once more."""

    def __init__(self, runner: Runner) -> None:
        vars(self)["capabilities"] = runner.capabilities
        self.runner = runner
        self.places: list[JobEnvironment] = []
        """Where jobs ran, the last one last."""

    @contextlib.asynccontextmanager
    async def job(self, job: JobSpec) -> AsyncIterator[JobEnvironment]:
        """The runner's own place."""
        async with self.runner.job(job) as environment:
            self.places.append(environment)
            yield environment

    async def execute(self, command: Command, context: StepContext) -> int:
        """What the runner does."""
        return await self.runner.execute(command, context)


WhenReady = Callable[[Run, Opened], Awaitable[object]]


@frozen
class Piped:
    """Runs pipelines by the runner under test."""

    use: Use
    folder: Path

    def __call__(
        self,
        jobs: Mapping[str, object],
        *,
        when_ready: WhenReady | None = None,
        files: Mapping[str, str] | None = None,
        **arguments: Any,
    ) -> RunResult:
        """The result of a pipeline with these jobs; once a step has written ``ready``, ``when_ready`` is called."""
        for name, text in (files or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        file = self.folder / "conformance.json"
        file.write_text(json.dumps({"name": "Conformance", "jobs": jobs}), encoding="utf-8")

        async def main(session: Session) -> RunResult:
            opened = Opened(session.runner)
            pipeline, source = located_pipeline(load(file), DEFAULT_LIMITS)
            given = {"runner": opened, "directory": self.folder / "runs", "max_attempts": 2, **arguments}
            options = run_options(pipeline, given)  # type: ignore[arg-type]  # any arguments of a run
            run = Run(await make_plan(pipeline, source, options), options, "")
            watching = asyncio.ensure_future(_watch(run, opened, when_ready))
            try:
                await run.execute()
            finally:
                watching.cancel()
            return run.result()

        return self.use.session(main)

    def needing(self, *rules: Rule) -> Piped:
        """The same, where these rules are kept."""
        return evolve(self, use=evolve(self.use, needs=(*self.use.needs, *rules)))

    def step(self, step: Mapping[str, object], **more: Any) -> StepResult:
        """The result of a single step."""
        return self({"job": {"steps": [{"name": "Step", **step}]}}, **more).jobs["job"].steps[0]


async def _watch(run: Run, opened: Opened, when_ready: WhenReady | None) -> None:
    async for event in run.recorder.journal.follow():
        if when_ready is not None and isinstance(event, LogWritten) and event.step is not None:
            logs = [path.read_bytes() for path in run.recorder.directory.rglob("*.log")]
            if any(b"ready\n" in log for log in logs):
                await when_ready(run, opened)
                return


class Pipelines(Fixtures):
    """The rules together, as pipelines meet them."""

    @pytest.fixture
    def pipe(self, use: Use, kit_folder: Path) -> Piped:
        """Runs pipelines."""
        return Piped(use, kit_folder)

    @needs(VARIABLES, STATUS, LAST, TEMP)
    def test_inputs_become_variables(self, pipe: Piped) -> None:
        """``INPUT_<NAME>`` holds an input of a ``run`` step: text as it is, other values as JSON."""
        inputs = {"text": 'it\'s $HOME\n"é"', "number": 3.5, "list": [1, "a b"], "yes": True, "odd-name": ""}
        script = 'printf "<%s>" "$INPUT_TEXT" "$INPUT_NUMBER" "$INPUT_LIST" "$INPUT_YES" "$INPUT_ODD_NAME"'
        step = pipe.step({"run": script, "inputs": inputs})
        wanted = '<it\'s $HOME\n"é"><3.5><[1, "a b"]><true><>'
        obey(step.stdout == wanted, f"a step has the inputs {shown(inputs)} and sees {shown(step.stdout)}", "commands")

    @needs(VARIABLES, STATUS, LAST, TEMP)
    def test_an_input_of_a_megabyte_is_read_from_the_file(self, pipe: Piped) -> None:
        """``$DATATORCH_INPUTS`` names a file with all inputs, where the step sees it."""
        step = pipe.step({"run": 'tr -dc x <"$DATATORCH_INPUTS" | wc -c', "inputs": {"large": _LARGE}})
        obey(
            step.stdout.split() == [str(len(_LARGE))],
            f"a step reads an input of {len(_LARGE)} letters from its file and finds {shown(step.stdout)}",
            "files",
        )

    @needs(VARIABLES, STATUS, LAST, TEMP)
    def test_outputs_are_read(self, pipe: Piped) -> None:
        """A step sets outputs by lines that it writes, and in the file ``$DATATORCH_OUTPUT``."""
        script = 'echo \'::line::{"a": 1}\'; echo \'{"file": [1, 2]}\' >>"$DATATORCH_OUTPUT"; printf "::last::true"'
        outputs = dict(pipe.step({"run": script}).outputs)
        wanted = {"line": {"a": 1}, "file": [1, 2], "last": True}
        obey(outputs == wanted, f"a step sets the outputs {shown(wanted)}, and the run has {shown(outputs)}", "files")

    @needs(VARIABLES, STATUS, LAST, TEMP)
    def test_artifacts_are_kept(self, pipe: Piped) -> None:
        """What a step puts into the folder ``$DATATORCH_ARTIFACTS`` is in the run's record, byte by byte."""
        script = """
            mkdir -p "${DATATORCH_ARTIFACTS:?}/a folder"; cd "$DATATORCH_ARTIFACTS"
            printf 'a\\000\\377\\r\\n' >"a folder/data"
            : >empty; i=0
            while [ $i -lt 2000 ]; do printf '%0999d\\n' $i; i=$((i+1)); done >large
        """
        step = pipe.step({"run": script})
        large = b"".join(b"%0999d\n" % number for number in range(2000))
        _require_kept(step, {"a folder/data": b"a\0\xff\r\n", "empty": b"", "large": large})

    @needs(VARIABLES, STATUS, LAST, TEMP)
    def test_artifacts_of_a_step_that_fails_are_kept(self, pipe: Piped) -> None:
        """A report is wanted most when something failed. The next step finds the folder empty."""
        steps = [
            {"name": "Bad", "run": 'echo why >"${DATATORCH_ARTIFACTS:?}/report"; exit 3'},
            {"name": "Next", "if": "always()", "run": 'ls -A "${DATATORCH_ARTIFACTS:?}"; echo over'},
        ]
        bad, other = pipe({"job": {"steps": steps}}).jobs["job"].steps
        _require_kept(bad, {"report": b"why\n"})
        obey(
            other.stdout == "over\n" and not other.artifacts,
            f"a step finds artifacts of the one before it, {shown(other.stdout)}: its folder is its own",
            "files",
        )

    @needs(VARIABLES, STATUS, LAST, TEMP)
    def test_an_action_finds_its_own_files(self, pipe: Piped) -> None:
        """An action is brought to where its step runs, with all that is in its folder."""
        files = {
            "action/action-datatorch.yaml": "name: A\n"
            "runs: {using: script, script: './say.sh ${{ action.directory }}'}\n",
            "action/say.sh": '#!/bin/sh\ncat "$1/data/text"\n',
            "action/data/text": "found\n",
        }
        pipe = pipe.needing(putting_rule(pipe.folder / "put"))
        step = pipe.step({"action": "./action"}, files=files)
        obey(step.stdout == "found\n", f"an action reads a file of its own and finds {shown(step.log)}", "files")

    @needs(VARIABLES, STATUS, LAST, TEMP)
    def test_an_action_in_python_runs(self, pipe: Piped) -> None:
        """Most actions are in Python: ``facts`` name the interpreter, and the action is there."""
        if not self.has_python:
            pytest.skip("the class says that there is no Python where the steps run (has_python = False)")
        files = {
            "action/action-datatorch.yaml": "name: A\ninputs: {a: {type: integer}}\n"
            "runs: {using: python, main: m.py}\n",
            "action/m.py": "import json, sys\nprint('::b::%d' % (2 * json.loads(sys.argv[-1])['a']))\n",
        }
        pipe = pipe.needing(putting_rule(pipe.folder / "put"), python_rule(has_python=True))
        step = pipe.step({"action": "./action", "inputs": {"a": 21}}, files=files)
        obey(dict(step.outputs) == {"b": 42}, f"an action in Python gives {shown(step.log)}", "files")

    @needs(STATUS, LAST, TEMP)
    def test_a_step_that_fails_says_by_which_status(self, pipe: Piped) -> None:
        """The rest of its job is skipped, but for what runs whatever happens."""
        steps = [{"name": "Bad", "run": "exit 3"}, {"run": "echo no"}, {"name": "Always", "if": "always()", "run": ":"}]
        job = pipe({"job": {"steps": steps}}).jobs["job"]
        found = [(step.status, step.exit_status) for step in job.steps]
        wanted = [(Status.FAILED, 3), (Status.SKIPPED, None), (Status.SUCCEEDED, 0)]
        obey(found == wanted, f"the steps of a job whose first fails end as {shown(found)}", "exit-statuses")

    @needs(KILLS, STATUS, LAST, TEMP)
    def test_steps_that_always_run_do_so_after_a_cancellation(self, pipe: Piped) -> None:
        """A run that is cancelled ends what it runs, and then cleans up in the same place."""
        steps = [
            {"name": "Long", "run": f"echo $$ >pids; echo ready; {HOLD}"},
            {"name": "Clean", "if": "always()", "run": f"set -- pids\n{ALIVE}"},
        ]

        async def cancel(run: Run, _opened: Opened) -> None:
            run.cancel()

        result = pipe({"job": {"steps": steps}}, when_ready=cancel)
        long, clean = result.jobs["job"].steps
        found = (result.status, long.status, clean.status, clean.stdout)
        wanted = (Status.CANCELLED, Status.CANCELLED, Status.SUCCEEDED, "looked\n")
        obey(
            found == wanted, f"a run is cancelled; it, its step, its cleaning step end as {shown(found)}", "cancelling"
        )

    @needs(KILLS, STATUS, LAST, TEMP)
    def test_a_step_that_takes_too_long_is_ended(self, pipe: Piped) -> None:
        """A time-out cancels ``execute``; the step has failed then, and the job goes on to what always runs."""
        steps = [
            {"name": "Long", "timeout": 0.03, "run": f"echo $$ >pids; {HOLD}"},
            {"name": "Clean", "if": "always()", "run": f"set -- pids\n{ALIVE}"},
        ]
        long, clean = pipe({"job": {"steps": steps}}).jobs["job"].steps
        found = (long.status, clean.status, clean.stdout)
        wanted = (Status.FAILED, Status.SUCCEEDED, "looked\n")
        obey(found == wanted, f"a step is over its time; it and the cleaning step end as {shown(found)}", "cancelling")

    @needs(VARIABLES, STATUS, LAST, TEMP)
    def test_a_secret_is_masked_in_all_that_is_recorded(self, pipe: Piped) -> None:
        """What reaches ``context.log`` is masked there: it must come that way and no other."""
        secret = secrets.token_hex(16)
        script = 'echo "<$TOKEN>"; printf "%s" "$TOKEN" | { read -r half; printf "%s" "$half" >&2; }'
        given = {"run": script, "env": {"TOKEN": "${{ secrets.TOKEN }}"}}
        step = pipe.step(given, secrets={"TOKEN": secret})
        obey(step.stdout == "<***>\n", f"a step writes a secret, and its log has {shown(step.log[:100])}", "secrets")
        kept = [path for path in (pipe.folder / "runs").rglob("*") if path.is_file()]
        where = [path.name for path in kept if secret.encode() in path.read_bytes()]
        obey(not where, f"a secret is recorded in {where}: log by context.log alone", "secrets")

    @needs(STATUS, SHARED, VARIABLES, LAST, TEMP)
    def test_what_one_job_gives_another_gets(self, pipe: Piped) -> None:
        """Jobs share nothing but outputs, wherever each of them runs."""
        first = {"steps": [{"id": "set", "run": "echo ::n::41"}], "outputs": {"n": "${{ steps.set.output.n }}"}}
        run = {"name": "Use", "run": 'echo "::m::$(( INPUT_N + 1 ))"', "inputs": {"n": "${{ needs.first.outputs.n }}"}}
        result = pipe({"first": first, "second": {"needs": ["first"], "steps": [run]}})
        outputs = dict(result.jobs["second"].steps[0].outputs)
        obey(outputs == {"m": 42}, f"a job that gets 41 of another and adds 1 has {shown(outputs)}", "files")

    @needs(GOES_ON, STATUS, TEMP)
    def test_a_job_whose_place_is_lost_starts_anew(self, pipe: Piped, lose: Lose) -> None:
        """The engine reruns the whole job in a fresh place; the runner gives one."""

        seen = list[Opened]()

        async def lose_it(_run: Run, opened: Opened) -> None:
            seen.append(opened)
            await lost(lose, opened.places[0])

        result = pipe(
            {"job": {"steps": [{"name": "Step", "run": "[ ! -e old ]; : >old; echo ready; sleep 5"}]}},
            when_ready=lose_it,
        )
        found = (result.status, len(seen[0].places) if seen else 0)
        obey(
            found == (Status.SUCCEEDED, 2),
            f"a job whose place was lost ended as {shown(str(found[0]))} in {found[1]} places: give another place",
            "errors",
        )


def _require_kept(step: StepResult, wanted: Mapping[str, bytes]) -> None:
    found = {kept.name: kept.path.read_bytes() if kept.path else b"" for kept in step.artifacts}
    wrong = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    obey(not wrong, f"of a step's artifacts {listed(wrong)} are not in the run's record as they were", "files")
