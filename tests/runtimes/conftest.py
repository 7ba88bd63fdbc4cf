import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
from attrs import evolve, field, frozen

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.contracts import JobSpec, RunnableAction, StepContext, StepEnvironment
from datatorch_pipelines.model import Runs
from datatorch_pipelines.runners import LocalRunner
from datatorch_pipelines.runtimes import default_runtimes, prepare_run, run_command


@frozen(kw_only=True)
class Ran:
    """What a step did."""

    status: int
    out: str
    err: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)


@contextlib.asynccontextmanager
async def place(
    tmp_path: Path, inputs: Mapping[str, object], output: dict[str, bytes], **more
) -> AsyncIterator[StepEnvironment]:
    runner = LocalRunner()
    inputs_file = tmp_path / "step-inputs.json"
    inputs_file.write_text(json.dumps(inputs), encoding="utf-8")

    def sink(stream, data):
        output[stream] = output.get(stream, b"") + data

    try:
        async with runner.job(JobSpec(run_id="r", job_id="j", name="j")) as job:
            yield StepEnvironment(job=job, step="s", inputs_file=inputs_file, sink=sink, **more)
    finally:
        await runner.aclose()


async def _execute(command, environment: StepEnvironment, output) -> Ran:
    job = environment.job
    command = evolve(command, env={**environment.env, **command.env, "DATATORCH_INPUTS": str(environment.inputs_file)})
    context = StepContext(job=job.job, step="s", environment=job, sink=environment.sink)
    status = await job.runner.execute(command, context)
    out, err = (output.get(name, b"").decode() for name in ("stdout", "stderr"))
    return Ran(status=status, out=out, err=err, argv=command.argv, env=command.env)


@pytest.fixture
def run_action(tmp_path: Path) -> Callable[..., Ran]:
    """Runs the action in ``tmp_path / "action"`` with the given ``runs`` and inputs, as the engine does."""

    def run(runs: Runs, inputs: Mapping[str, object], **more: object) -> Ran:
        async def main() -> Ran:
            source = tmp_path / "action"
            action = RunnableAction(
                name="owner/it", runs=runs, source=source, directory=source, digest=tree_digest(source)
            )
            runtime = default_runtimes()[runs.using]
            output: dict[str, bytes] = {}
            async with place(tmp_path, inputs, output, **more) as environment:
                await runtime.prepare(action, environment)
                return await _execute(runtime.command(action, inputs, environment), environment, output)

        return asyncio.run(main())

    return run


@pytest.fixture
def run_text(tmp_path: Path) -> Callable[..., Ran]:
    """Runs the text of a ``run:`` step, as the engine does."""

    def run(text: str, shell: str | None = None, inputs: Mapping[str, object] = {}, **more: object) -> Ran:
        async def main() -> Ran:
            output: dict[str, bytes] = {}
            async with place(tmp_path, inputs, output, **more) as environment:
                await prepare_run(environment)
                return await _execute(run_command(text, shell, inputs, environment), environment, output)

        return asyncio.run(main())

    return run


@pytest.fixture
def action(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Writes the files of an action."""

    def write(files: Mapping[str, str]) -> Path:
        folder = tmp_path / "action"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return write
