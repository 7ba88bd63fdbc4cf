"""Being a runner, being opened and closed, and giving exit statuses."""

from __future__ import annotations

import asyncio

from datatorch_pipelines.contracts import Runner
from datatorch_pipelines.testing.judging import listed, shown
from datatorch_pipelines.testing.runners.jobs import Job, obey
from datatorch_pipelines.testing.runners.rules import AWAITED, STATUS, SUCCESS
from datatorch_pipelines.testing.runners.using import (
    CLOSES,
    LEAVES,
    OPENS,
    PLACE,
    Blamed,
    Fixtures,
    Session,
    Use,
    bounded,
    insist_on_runner,
    needs,
)

_STATUSES = (1, 2, 126, 127, 200, 255)
_SIGNALS = (9, 15)


class Statuses(Fixtures):
    """The rules of what a runner is, and of exit statuses."""

    def test_it_is_a_runner(self, runner: Runner) -> None:
        """A runner inherits `Runner`, and its ``capabilities`` are `Capabilities`."""
        try:
            insist_on_runner(runner)
        except Blamed as blamed:
            obey(False, str(blamed), blamed.section)

    def test_execute_is_awaited(self, use: Use) -> None:
        """``execute`` is a coroutine function: other jobs go on while a command runs."""
        use.hold(AWAITED)

    def test_it_is_opened(self, use: Use) -> None:
        """``open`` makes ready before the first job, and raises nothing where the place can be reached."""
        use.hold(OPENS)

    def test_a_job_has_a_place(self, use: Use) -> None:
        """``job`` is an asynchronous context that yields a `JobEnvironment`."""
        use.hold(PLACE)

    def test_a_job_is_left_without_an_error(self, use: Use) -> None:
        """A job's result is known when its place is left: nothing can go wrong with it any more."""
        use.hold(LEAVES)

    def test_it_is_closed(self, use: Use) -> None:
        """``aclose`` lets go of everything after the last job."""
        use.hold(CLOSES)

    def test_closing_it_twice_is_as_closing_it_once(self, use: Use) -> None:
        """Who tidies up does not always know whether somebody did already."""

        async def main(runner: Runner) -> BaseException | None:
            session = Session(runner, use.patience)
            await session.open()
            await session.close()
            return await _raised(runner)

        error = use.bare(main)
        obey(error is None, f"closed a second time, it raised {_text(error)}: do nothing then", "calls", error)

    def test_it_is_closed_without_having_been_opened(self, use: Use) -> None:
        """Who tidies up does not always know how far the beginning came."""

        async def main(runner: Runner) -> BaseException | None:
            error = await _raised(runner)
            session = Session(runner, use.patience)
            await session.open()
            await session.close()
            return error

        error = use.bare(main)
        obey(error is None, f"closed and never opened, it raised {_text(error)}: do nothing then", "calls", error)

    def test_it_serves_one_run_after_another(self, use: Use) -> None:
        """A runner that was closed is opened again for the next run."""

        async def main(runner: Runner) -> object:
            session = Session(runner, use.patience)
            await _used(session)
            await session.close()
            try:
                await _used(session)
                await session.close()
            except (Blamed, AssertionError) as error:
                return error
            return None

        again = use.bare(main)
        cause = again if isinstance(again, BaseException) else None
        obey(again is None, f"it was closed, and when it is used again {again}: begin anew in open", "calls", cause)

    def test_when_it_is_closed_no_task_of_it_is_left(self, use: Use) -> None:
        """An event loop that ends must not find work of a runner in it."""

        async def main(runner: Runner) -> list[str]:
            session, before = Session(runner, use.patience), asyncio.all_tasks()
            await _used(session)
            await session.close()
            await asyncio.sleep(0)
            return [task.get_name() for task in asyncio.all_tasks() - before]

        left = use.bare(main)
        obey(not left, f"when it is closed, the tasks {listed(left)} go on: end them in aclose", "calls")

    def test_a_command_that_succeeds_gives_0(self, use: Use) -> None:
        """0 is success, and is an ``int``."""
        use.hold(SUCCESS)

    def test_an_exit_status_is_given(self, use: Use) -> None:
        """``execute`` gives the exit status of the command: a failure is a number, and no exception."""
        use.hold(STATUS)

    @needs(STATUS)
    def test_all_exit_statuses_are_given_as_they_are(self, use: Use) -> None:
        """Pipelines retry by exit status: each of them counts, also those that shells use themselves."""

        async def main(job: Job) -> list[object]:
            return [(await job.run(f"exit {status}")).status for status in _STATUSES]

        given = use.job(main)
        obey(given == list(_STATUSES), f"for the statuses {_STATUSES} execute gives {shown(given)}", "exit-statuses")

    @needs(STATUS)
    def test_a_signal_is_given_as_its_negative_number(self, use: Use) -> None:
        """``-9`` is SIGKILL; a place that can't tell has 128 and the signal (``tells_signals = False``)."""

        async def main(job: Job) -> list[object]:
            return [(await job.run(f"kill -{signal} $$")).status for signal in _SIGNALS]

        given = use.job(main)
        wanted = [-signal if self.tells_signals else 128 + signal for signal in _SIGNALS]
        hint = "give -N where the signal N ended it" if self.tells_signals else "tells_signals = False says 128 + N"
        obey(
            given == wanted, f"for what SIGKILL and SIGTERM ended execute gives {shown(given)}: {hint}", "exit-statuses"
        )


async def _used(session: Session) -> None:
    """Opens the runner and has a job run a command."""
    await session.open()
    async with session.job() as job:
        ran = await bounded(job.run(":"), session.patience / 2)
    if ran.status != 0:
        raise Blamed(SUCCESS, f"a command gives {shown(ran.status)}", "exit-statuses")


async def _raised(runner: Runner) -> BaseException | None:
    """What closing it raises."""
    try:
        await runner.aclose()
    except Exception as error:
        return error
    return None


def _text(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {shown(str(error))}"
