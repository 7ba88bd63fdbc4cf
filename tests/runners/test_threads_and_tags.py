import asyncio
import itertools
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datatorch_pipelines.contracts import Command, JobSpec, StepContext
from datatorch_pipelines.errors import EnvironmentLost
from datatorch_pipelines.runners import ThreadRunner, run_process
from datatorch_pipelines.runners.tags import Tags, Verdict

JOB = JobSpec(run_id="r", job_id="j", name="j")


def context(log, environment=None):
    return StepContext(job=JOB, step="s", environment=environment, sink=lambda *item: log.append(item))


def test_a_function_is_a_runner():
    def upper(command, context):
        context.log("stdout", command.argv[0].upper().encode())
        context.log("stderr", threading.current_thread().name.encode())
        return 3

    async def main():
        log = []
        runner = ThreadRunner(upper)
        async with runner.job(JOB) as job:
            assert await runner.execute(Command(argv=("hi",)), context(log, job)) == 3
        return log

    assert asyncio.run(main()) == [("stdout", b"HI"), ("stderr", b"datatorch-pipelines")]


def test_a_cancellation_tells_the_function_and_waits_for_it():
    done = []

    def wait(command, context):
        context.log("stdout", b"ready")
        assert context.cancelled.wait(20)
        done.append(True)
        return 0

    async def main():
        ready = asyncio.Event()
        loop = asyncio.get_running_loop()
        place = StepContext(
            job=JOB, step="s", environment=None, sink=lambda *_: loop.call_soon_threadsafe(ready.set)
        )  # fmt: skip
        running = asyncio.ensure_future(ThreadRunner(wait).execute(Command(argv=("x",)), place))
        await ready.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert done == [True]

    asyncio.run(main())


def test_a_function_that_does_not_listen_is_left_to_itself():
    let_go = threading.Event()

    async def main():
        runner = ThreadRunner(lambda command, context: int(let_go.wait(20)), grace=0.05)
        running = asyncio.ensure_future(runner.execute(Command(argv=("x",)), context([])))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    let_go.set()


def test_what_a_function_raises_is_raised():
    def lost(command, context):
        raise EnvironmentLost("the worker is gone")

    with pytest.raises(EnvironmentLost, match="the worker is gone"):
        asyncio.run(ThreadRunner(lost).execute(Command(argv=("x",)), context([])))


def test_a_hundred_functions_run_at_once():
    together = threading.Barrier(100)

    async def main():
        runner = ThreadRunner(lambda command, context: together.wait(20) * 0)
        work = (runner.execute(Command(argv=("x",)), context([])) for _ in range(100))
        assert await asyncio.gather(*work) == [0] * 100

    asyncio.run(main())


def test_run_process_without_a_job_ends_what_is_left_at_once(lives):
    asyncio.run(run_process(["sh", "-c", lives.hold() + "sleep 1000 &"], sink=lambda *_: None))
    assert lives.gone()


@settings(deadline=None, max_examples=60)
@given(
    parts=st.lists(st.sampled_from([b"datatorch-", b"datatorch-x-", b"d", b"da", b"\0", b";", b"x;"]), max_size=8),
    cuts=st.lists(st.integers(min_value=0, max_value=120), max_size=6),
)
def test_however_a_stream_is_cut_only_the_tags_are_taken_out(parts, cuts):
    async def main():
        tag, written = b"datatorch-0123456789-", b"".join(parts)
        stream = b"banner" + tag + b"start;" + written + tag + b"exit 7 left;" + b"late"
        log = []
        tags = Tags(tag, lambda stream, data: log.append(data))
        edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
        for start, end in itertools.pairwise(edges):
            tags.feed("stdout", stream[start:end])
        assert not tags.heard.done()
        tags.feed("stderr", tag + b"start;" + tag + b"exit 7 left;")
        tags.flush()
        assert tags.heard.result() == Verdict(status=7, left=True)
        assert b"".join(log) == written + b"late"
        assert tags.noise == b"banner"

    asyncio.run(main())
