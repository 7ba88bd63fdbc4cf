"""A chain with a resolver in it that doesn't keep its promises: one line says which, and what passes passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, ResolveError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import MappingResolver, resolve_chain

REFERENCE = ActionReference.parse("me/add@v1")


class Odd(Resolver):
    """Answers with what it is given, calling it first where it can be called."""

    def __init__(self, matches: object = True, resolve: object = None) -> None:
        self.answers = matches, resolve

    def matches(self, reference: ActionReference) -> bool:
        answer = self.answers[0]
        return answer() if callable(answer) else answer  # type: ignore[return-value]  # that is the fault

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        answer = self.answers[1]
        return answer() if callable(answer) else answer  # type: ignore[return-value]  # that is the fault


class NotAsync(Odd):
    def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:  # type: ignore[override]
        return self.answers[1]  # type: ignore[return-value]  # that is the fault


class AsyncMatches(Odd):
    async def matches(self, reference: ActionReference) -> bool:  # type: ignore[override]
        return False


def raises(error: BaseException) -> Callable[[], object]:
    def answer() -> object:
        raise error

    return answer


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


def chain(*resolvers: Resolver) -> ResolvedAction:
    return asyncio.run(resolve_chain(resolvers, REFERENCE, ResolveContext()))


@pytest.mark.parametrize(
    ("resolver", "text"),
    [
        (Odd(raises(KeyError("x"))), "Odd failed on me/add@v1: KeyError: 'x'"),
        (Odd(raises(ValueError("two\nlines \x1b[2J"))), "Odd failed on me/add@v1: ValueError: two lines [2J"),
        (Odd(raises(ValueError("long " * 200))), f"Odd failed on me/add@v1: ValueError: {('long ' * 200)[:497]}..."),
        (Odd(raises(AssertionError())), "Odd failed on me/add@v1: AssertionError"),
        (Odd(raises(Unspeakable())), "Odd failed on me/add@v1: Unspeakable"),
        (Odd(None), "Odd.matches gave None for me/add@v1; it is to give True or False"),
        (Odd(1), "Odd.matches gave 1 for me/add@v1; it is to give True or False"),
        (Odd(True, None), "a resolver gave None for me/add@v1 where a ResolvedAction belongs"),
        (Odd(True, "x\ny"), "a resolver gave 'x\\ny' for me/add@v1 where a ResolvedAction belongs"),
        (Odd(True, Unspeakable()), "a resolver gave a Unspeakable for me/add@v1 where a ResolvedAction belongs"),
        (Odd(True, raises(TimeoutError())), "Odd failed on me/add@v1: TimeoutError"),
        (Odd(True, raises(asyncio.CancelledError())), "Odd failed on me/add@v1: it cancelled itself"),
        (
            NotAsync(True, 5),
            "NotAsync.resolve gave 5 for me/add@v1 where there is something to await; write it with 'async def'",
        ),
    ],
)  # fmt: skip
def test_a_broken_promise_is_one_line_and_ends_the_search(resolver: Resolver, text: str, tmp_path: Path) -> None:
    with pytest.raises(ResolveError) as caught:
        chain(resolver, MappingResolver({"me/add": tmp_path}))
    assert str(caught.value) == text
    assert not isinstance(caught.value, ActionNotFound)


def test_matches_that_has_to_be_awaited_is_not_taken_for_true() -> None:
    with pytest.raises(ResolveError, match=r"^AsyncMatches\.matches gave <coroutine object AsyncMatches\.matches"):
        chain(AsyncMatches())


def test_what_a_resolver_that_does_not_match_would_do_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "action-datatorch.yaml").write_text("name: Add\n")
    found = chain(Odd(False, raises(ValueError())), MappingResolver({"me/add": tmp_path}))
    assert found.directory == tmp_path


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("place", [0, 1])
def test_what_ends_the_program_passes(error: type[BaseException], place: int) -> None:
    answers: list[object] = [True, None]
    answers[place] = raises(error())
    with pytest.raises(error):
        chain(Odd(*answers))


def test_a_cancellation_passes() -> None:
    class Waits(Odd):
        async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
            await asyncio.Event().wait()
            raise AssertionError

    async def main() -> bool:
        task = asyncio.create_task(resolve_chain([Waits()], REFERENCE, ResolveContext()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())
