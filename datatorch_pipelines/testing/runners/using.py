"""The fixtures of a runner's author, and how all tests use the runner: as a run would."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn, TypeVar

import pytest
from attrs import define, field, frozen

from datatorch_pipelines.contracts import Capabilities, JobEnvironment, JobSpec, Paths, Runner
from datatorch_pipelines.testing.judging import shown
from datatorch_pipelines.testing.loops import StuckError, in_a_loop
from datatorch_pipelines.testing.runners.jobs import Job, obey

T = TypeVar("T")
Test = TypeVar("Test", bound=Callable[..., object])

Lose = Callable[[JobEnvironment], object]
"""Destroys a job's place; may be a coroutine function, which is awaited in the runner's loop."""

_TIDYING = 5.0
"""How many seconds what was given up gets to tidy up."""


@frozen(eq=False)
class Rule:
    """What other rules are built upon. The test that names it fails where it is broken; what needs it is skipped."""

    test: str
    check: Callable[[Job], Awaitable[None]] = field(repr=False)
    needs: tuple[Rule, ...] = ()


async def _always(_job: Job) -> None:
    """Of a rule that is looked at wherever the runner is used."""


RUNNER = Rule("test_it_is_a_runner", _always)
OPENS = Rule("test_it_is_opened", _always)
PLACE = Rule("test_a_job_has_a_place", _always, (OPENS,))
LEAVES = Rule("test_a_job_is_left_without_an_error", _always, (PLACE,))
CLOSES = Rule("test_it_is_closed", _always, (OPENS,))


def needs(*rules: Rule) -> Callable[[Test], Test]:
    """Has a test skipped where one of these rules is broken: another test tells of that."""

    def mark(test: Test) -> Test:
        vars(test)["kit_needs"] = rules
        return test

    return mark


class Fixtures:
    """What a runner's author gives: see `RunnerConformance`."""

    patience: ClassVar[float] = 30.0
    has_python: ClassVar[bool] = True
    tells_signals: ClassVar[bool] = True

    @pytest.fixture
    def runner(self) -> Runner:
        """The runner, new."""
        return _needed("runner", "the runner, each time a new one that is not open yet")

    @pytest.fixture
    def unreachable(self) -> Runner:
        """A runner whose place can't be reached."""
        return _optional("unreachable", "a runner whose place can't be reached")

    @pytest.fixture
    def lose(self) -> Lose:
        """What makes a job's place be gone."""
        return _optional("lose", "a function that is given a JobEnvironment and destroys the job's place")

    @pytest.fixture
    def kit_folder(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A folder of the kit's own: ``tmp_path`` is the author's."""
        return tmp_path_factory.mktemp("kit")

    @pytest.fixture
    def use(self, request: pytest.FixtureRequest, runner: Runner) -> Use:
        """Uses the runner, in an event loop of its own."""
        try:
            insist_on_runner(runner)
        except Blamed as blamed:
            pytest.skip(f"it can't be looked at: see {blamed.rule.test}")
        kind = request.cls
        if "kit_outcomes" not in vars(kind):
            kind.kit_outcomes = {}
        which = getattr(request.node, "callspec", None)  # a fixture with params has several runners
        outcomes = kind.kit_outcomes.setdefault(which.id if which else "", {})
        return Use(runner, self.patience, outcomes, vars(request.function).get("kit_needs", ()))


def _needed(name: str, what: str) -> NoReturn:
    pytest.fail(f"the kit needs a fixture {name!r} of your class: {what}", pytrace=False)


def _optional(name: str, what: str) -> NoReturn:
    pytest.skip(f"your class has no fixture {name!r}: {what}")


class Blamed(Exception):  # it says whom, and is nobody's error
    """A rule is broken that another test may name."""

    def __init__(self, rule: Rule, message: str, section: str, cause: BaseException | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.section = section
        self.cause = cause


class Lacking(Exception):  # it says what is missing, and is nobody's error
    """Where the commands run there is no such program."""


def insist_on_runner(runner: object) -> None:
    """Raises `Blamed` for what is no runner, or doesn't say what it can do: nothing else can be looked at."""
    if not isinstance(runner, Runner):
        raise Blamed(RUNNER, f"{shown(runner)} is no Runner: inherit datatorch_pipelines.Runner", "calls")
    found: object = runner.capabilities
    if not isinstance(found, Capabilities):
        raise Blamed(RUNNER, f"capabilities are {shown(found)}: give Capabilities(...)", "capabilities")


Outcomes = dict[str, BaseException | Rule | None]
"""What is known of rules, by their tests: kept (``None``), broken, or not to be known since another one is broken."""


@define(eq=False)
class Session:
    """A runner that is used from one ``open`` to the next ``aclose``."""

    runner: Runner
    patience: float
    failure: AssertionError | None = None
    """What a test failed by in a job that is being left."""
    _jobs: int = 0

    async def open(self) -> None:
        """Opens the runner."""
        try:
            await bounded(self.runner.open(), self.patience)
        except Exception as error:
            text = f"open raised {type(error).__name__}: {shown(str(error))}: make ready, or leave it out"
            raise Blamed(OPENS, text, "calls", error) from error

    async def close(self) -> None:
        """Closes it."""
        try:
            await bounded(self.runner.aclose(), self.patience)
        except Exception as error:
            text = f"aclose raised {type(error).__name__}: {shown(str(error))}: let go of everything, quietly"
            raise Blamed(CLOSES, text, "calls", error) from error

    @contextlib.asynccontextmanager
    async def job(self, **spec: Any) -> AsyncIterator[Job]:
        """A job in its place, left as the engine leaves it."""
        self._jobs += 1
        told = JobSpec(**{"run_id": "kit", "job_id": f"job-{self._jobs}", "name": "Kit", **spec})
        try:
            manager = self.runner.job(told)
            environment = await manager.__aenter__()
        except Exception as error:
            text = f"job raised {type(error).__name__}: {shown(str(error))}: give an asynchronous context"
            raise Blamed(PLACE, text, "places", error) from error
        if not isinstance(environment, JobEnvironment) or not isinstance(environment.paths, Paths):
            raise Blamed(PLACE, f"job yields {shown(environment)}: yield a JobEnvironment with its Paths", "places")
        job = Job(self.runner, told, environment, self.patience, self.job)
        environment.late_output = job.late.write
        try:
            yield job
        except BaseException as error:
            if isinstance(error, AssertionError):
                self.failure = error
            await job.end_all(_TIDYING)
            with contextlib.suppress(Exception):  # what broke first counts
                await manager.__aexit__(None, None, None)
            raise
        await job.end_all(self.patience)
        try:
            await manager.__aexit__(None, None, None)
        except Exception as error:
            text = f"leaving the job's context raised {type(error).__name__}: {shown(str(error))}: let go of it quietly"
            raise Blamed(LEAVES, text, "places", error) from error


@frozen
class Use:
    """Uses a runner, each time in an event loop of its own."""

    runner: Runner
    patience: float
    outcomes: Outcomes = field(repr=False)
    needs: tuple[Rule, ...] = ()

    def job(self, main: Callable[[Job], Awaitable[T]], **spec: Any) -> T:
        """What ``main`` gives in a job of the runner."""

        async def in_job(session: Session) -> T:
            async with session.job(**spec) as job:
                return await main(job)

        return self.session(in_job)

    def session(self, main: Callable[[Session], Awaitable[T]], naming: Rule | None = None) -> T:
        """What ``main`` gives while the runner is open; skips the test where what it needs is broken."""
        __tracebackhide__ = True
        seconds = self.patience * (len(_closure(self.needs)) + 4) + 2 * _TIDYING
        try:
            return in_a_loop(lambda: _in_silence(self._open(main)), seconds)
        except Blamed as blamed:
            if blamed.rule is naming:
                obey(False, str(blamed), blamed.section, blamed.cause)
            pytest.skip(f"it can't be looked at: see {blamed.rule.test}")
        except Lacking as program:
            pytest.skip(f"where the commands run there is no {program}")

    def bare(self, main: Callable[[Runner], Coroutine[Any, Any, T]]) -> T:
        """What ``main`` gives of the runner as it is, neither opened nor closed."""
        __tracebackhide__ = True
        try:
            return in_a_loop(lambda: _in_silence(bounded(main(self.runner), self.patience)), 2 * self.patience)
        except Blamed as blamed:
            pytest.skip(f"it can't be looked at: see {blamed.rule.test}")

    def hold(self, rule: Rule) -> None:
        """Fails the test where the rule that it names is broken."""
        __tracebackhide__ = True

        async def main(session: Session) -> BaseException | Rule | None:
            async with session.job():
                pass
            return await self._outcome(rule, session)

        outcome = self.session(main, rule)
        if isinstance(outcome, Rule):
            pytest.skip(f"it can't be looked at: see {outcome.test}")
        if outcome is not None:
            raise outcome

    async def _open(self, main: Callable[[Session], Awaitable[T]]) -> T:
        session = Session(self.runner, self.patience)
        await session.open()
        try:
            for rule in self.needs:
                outcome = await self._outcome(rule, session)
                if outcome is not None:
                    broken = outcome if isinstance(outcome, Rule) else rule
                    raise Blamed(broken, "", "", None)
            result = await _told(_awaited(main(session)), session)
        except BaseException:
            with contextlib.suppress(Exception):  # what broke first counts
                await bounded(self.runner.aclose(), _TIDYING)
            raise
        await session.close()
        return result

    async def _outcome(self, rule: Rule, session: Session) -> BaseException | Rule | None:
        """What is known of a rule; looked at once for all tests of a class."""
        if rule.test not in self.outcomes:
            for need in rule.needs:
                outcome = await self._outcome(need, session)
                if outcome is not None:
                    self.outcomes[rule.test] = outcome if isinstance(outcome, Rule) else need
                    return self.outcomes[rule.test]
            self.outcomes[rule.test] = await self._checked(rule, session)
        return self.outcomes[rule.test]

    async def _checked(self, rule: Rule, session: Session) -> BaseException | None:
        async def check() -> None:
            async with session.job() as job:
                await rule.check(job)

        try:
            await _told(check(), session)
        except AssertionError as error:
            return error
        return None


async def bounded(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """What ``work`` gives. Raises `StuckError` when that takes longer than some seconds; it is cancelled then."""
    waiting: object = work
    if not inspect.isawaitable(waiting):
        raise TypeError(f"it gives {shown(waiting)} at once, and is no coroutine function: write `async def`")
    task = asyncio.ensure_future(work)
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        stack = task.get_stack(limit=1)
        place = f"line {stack[-1].f_lineno} of {stack[-1].f_code.co_filename}" if stack else "nowhere"
        task.cancel()
        await asyncio.wait((task,), timeout=_TIDYING)
        raise StuckError(f"nothing came back within {seconds:g} seconds; it waits in {place}")
    return task.result()


async def _in_silence(work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` gives. What fails in the loop when nobody waits for it any more is not told: its test was."""
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    return await work


async def _told(work: Coroutine[Any, Any, T], session: Session) -> T:
    """As `bounded`; what a test failed by is told before what kept it from ending."""
    session.failure = None
    try:
        return await bounded(work, session.patience)
    except StuckError as error:
        raise session.failure or error from None


async def lost(lose: Lose, environment: JobEnvironment) -> None:
    """Has a job's place destroyed."""
    if inspect.iscoroutinefunction(lose):
        await lose(environment)
    else:
        await asyncio.to_thread(lose, environment)


async def _awaited(waiting: Awaitable[T]) -> T:
    return await waiting


def _closure(rules: tuple[Rule, ...]) -> Mapping[str, Rule]:
    """Rules with all that they need, by their tests."""
    found: dict[str, Rule] = {}
    waiting = list(rules)
    while waiting:
        rule = waiting.pop()
        if rule.test not in found:
            found[rule.test] = rule
            waiting.extend(rule.needs)
    return found


def folder(path: Path, files: Mapping[str, bytes], executable: tuple[str, ...] = ()) -> Path:
    """Makes a folder with files."""
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        file.chmod(0o755 if name in executable else 0o644)
    return path
