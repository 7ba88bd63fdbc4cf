"""A tool with the library inside: it runs two pipelines at once, follows their events, and goes on with the results.

Run it with: python examples/embed/watch.py
"""

import asyncio
import sys
from pathlib import Path

import datatorch_pipelines as dtp
from datatorch_pipelines.results import StepFinished, StepStarted

PIPELINE = Path(__file__).parent / "pipeline.yaml"


async def watch(pipeline: dtp.Pipeline, start: int) -> dtp.RunResult:
    """Runs a pipeline, and tells of each step as it begins and ends."""
    run = await asyncio.to_thread(pipeline.start, inputs={"from": start})
    async for event in run:
        match event:
            case StepStarted():
                print(f"from {start}: {event.name} begins")
            case StepFinished():
                print(f"from {start}: {event.name} {event.status}, {dict(event.outputs)}")
    return await asyncio.to_thread(run.wait)


async def main() -> int:
    """Runs both; 1 if one of them did not succeed."""
    try:
        pipeline = dtp.load(PIPELINE)
    except dtp.PipelineSyntaxError as error:
        print(error, file=sys.stderr)
        return 1
    results = await asyncio.gather(watch(pipeline, 3), watch(pipeline, 2000))
    print("lines:", *(len(result.jobs["count"].steps[0].stdout.splitlines()) for result in results))
    return 0 if all(result.succeeded for result in results) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
