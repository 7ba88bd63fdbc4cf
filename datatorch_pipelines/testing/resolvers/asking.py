"""The fixtures of a resolver's author, and how all tests ask the resolver."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NoReturn

import pytest
from attrs import evolve, field, fields, frozen

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver, ResolveRun
from datatorch_pipelines.errors import ActionNotFound, ResolveError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.testing.judging import is_one_line, shown
from datatorch_pipelines.testing.loops import StuckError, in_a_loop

Written = ActionReference | str | Mapping[str, object]
"""A reference, or what a step's ``action`` has for it."""

Moving = tuple[Written, Callable[[], object]]
"""A reference, and what makes it mean something else."""


class Fixtures:
    """What a resolver's author gives: see `ResolverConformance`."""

    patience: ClassVar[float] = 10.0
    serves_offline: ClassVar[bool] = True

    @pytest.fixture
    def resolver(self) -> Resolver:
        """The resolver, new."""
        return _needed("resolver", "the resolver, each time a new one that has kept nothing yet")

    @pytest.fixture
    def known(self) -> Written:
        """A reference to an action that the resolver has."""
        return _needed("known", "a reference to an action that the resolver has")

    @pytest.fixture
    def missing(self) -> Written:
        """A reference that the resolver matches, and has no action for."""
        return _needed("missing", "a reference that the resolver matches, and has no action for")

    @pytest.fixture
    def foreign(self) -> Written:
        """A reference that the resolver doesn't match."""
        return _needed("foreign", "a reference that is none of the resolver's business")

    @pytest.fixture
    def context(self) -> ResolveContext:
        """What all contexts are made of."""
        return ResolveContext()

    @pytest.fixture
    def inputs(self) -> Mapping[str, object]:
        """The inputs that a plan of ``known`` needs."""
        return {}

    @pytest.fixture
    def moving(self) -> Moving:
        """A reference, and a function that moves it."""
        return _optional("moving", "a reference such as a branch, and a function that makes it mean something else")

    @pytest.fixture
    def unreachable(self) -> Resolver:
        """A resolver whose server can't be reached."""
        return _optional("unreachable", "a resolver whose server can't be reached")

    @pytest.fixture
    def silent(self) -> Resolver:
        """A resolver whose server never answers."""
        return _optional("silent", "a resolver whose server takes calls and never answers")

    @pytest.fixture
    def program(self) -> str:
        """Source that makes the resolver in another process."""
        return _optional("program", "Python source that makes the same `resolver` in another process")

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        """Texts that nobody may see."""
        return _optional("secrets", "the texts, such as a token, that the resolver must not show")

    @pytest.fixture
    def ask(self, request: pytest.FixtureRequest, context: ResolveContext) -> Ask:
        """Asks a resolver, in an event loop of its own."""
        kind, name = request.cls, request.node.name
        if "stuck_in" in vars(kind):
            pytest.skip(f"something didn't come back: see {kind.stuck_in}")
        return Ask(context, self.patience, lambda: setattr(kind, "stuck_in", name))


def _needed(name: str, what: str) -> NoReturn:
    pytest.fail(f"the kit needs a fixture {name!r} of your class: {what}", pytrace=False)


def _optional(name: str, what: str) -> NoReturn:
    pytest.skip(f"your class has no fixture {name!r}: {what}")


@frozen
class Outcome:
    """What a resolver gave, or raised."""

    value: object = None
    error: BaseException | None = None

    @property
    def action(self) -> ResolvedAction | None:
        """What it gave, if that is an action."""
        return self.value if isinstance(self.value, ResolvedAction) else None

    def __str__(self) -> str:
        if self.error is not None:
            return f"it raised {type(self.error).__name__}: {shown(str(self.error))}"
        if self.action is not None:
            return f"it gave the action in {shown(str(self.action.directory))}"
        return f"it gave {shown(self.value)}"


@frozen
class Ask:
    """Asks resolvers, each time in an event loop of its own, in a new run unless a context is given."""

    context: ResolveContext = field(repr=False)
    patience: float
    on_stuck: Callable[[], None] = field(repr=False)
    """Called where nothing comes back: the other tests need not wait for that too."""

    def new_run(
        self, *, offline: bool = False, only_definition: bool = False, warn: Callable[[str], None] | None = None
    ) -> ResolveContext:
        """A context of a run that has asked nothing yet."""
        return evolve(
            self.context,
            run=ResolveRun(),
            offline=offline,
            only_definition=only_definition,
            warn=self.context.warn if warn is None else warn,
        )

    def __call__(self, resolver: Resolver, written: Written, context: ResolveContext | None = None) -> Outcome:
        """What comes of it. Raises only where nothing comes of it in time."""
        reference, told = as_reference(written), context or self.new_run()

        async def main() -> Outcome:
            return await outcome(resolver, reference, told)

        try:
            return in_a_loop(main, self.patience)
        except StuckError:
            self.on_stuck()
            raise

    def all_at_once(self, resolver: Resolver, references: Sequence[ActionReference]) -> list[Outcome]:
        """What comes of several, asked at the same time in one run."""
        told = self.new_run()

        async def main() -> list[Outcome]:
            return await asyncio.gather(*(outcome(resolver, reference, told) for reference in references))

        return in_a_loop(main, 4 * self.patience)

    def found(self, resolver: Resolver, written: Written, context: ResolveContext | None = None) -> ResolvedAction:
        """The action; skips where there is none: another test tells of that."""
        action = self(resolver, written, context).action
        if action is None:
            pytest.skip("there is no result to look at: see test_what_it_has_is_found")
        return action

    def refused(self, resolver: Resolver, written: Written, context: ResolveContext | None = None) -> ResolveError:
        """The error for what is missing; skips where there is no proper one: another test tells of that."""
        error = self(resolver, written, context).error
        if not isinstance(error, ActionNotFound):
            pytest.skip("there is no error to look at: see test_what_is_missing_is_not_found")
        return error


async def outcome(resolver: Resolver, reference: ActionReference, context: ResolveContext) -> Outcome:
    """What a resolver gives or raises. A cancellation passes."""
    try:
        waiting: object = resolver.resolve(reference, context)
        return Outcome(await waiting if inspect.isawaitable(waiting) else waiting)
    except Exception as error:
        return Outcome(error=error)


def as_reference(written: Written) -> ActionReference:
    """The reference that a fixture means."""
    return written if isinstance(written, ActionReference) else ActionReference.parse(written)


def folder_of(action: ResolvedAction) -> Path:
    """The folder of a result; skips where that is none: another test tells of that."""
    directory: object = action.directory
    if not isinstance(directory, Path) or not directory.is_absolute() or not directory.is_dir():
        pytest.skip("there is no folder to look at: see test_the_directory_is_a_folder_with_an_absolute_path")
    return directory


def differences(one: ResolvedAction, other: ResolvedAction) -> str:
    """What differs between two results, for a message."""
    names = [item.name for item in fields(ResolvedAction) if getattr(one, item.name) != getattr(other, item.name)]
    return "; ".join(f"{name} {shown(getattr(one, name))} and {shown(getattr(other, name))}" for name in names)


def speaks_plainly(error: ResolveError) -> bool:
    """Whether an error's text is one line."""
    return is_one_line(str(error))
