"""Many who ask at the same time, or after one another elsewhere: all get the same, and all of it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.contracts.resolver import ResolvedAction, Resolver
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.testing.judging import listed, needed, require, shown
from datatorch_pipelines.testing.loops import in_a_loop
from datatorch_pipelines.testing.resolvers.asking import (
    Ask,
    Fixtures,
    Outcome,
    Written,
    as_reference,
    differences,
    folder_of,
    outcome,
)
from datatorch_pipelines.testing.watching import noting_calls, watching

_TASKS = 16
_THREADS = 4
_ELSEWHERE = """
import asyncio, dataclasses, json, pathlib, sys
from datatorch_pipelines.contracts import ResolveContext
from datatorch_pipelines.model import ActionReference, ReferenceKind
told = json.loads(sys.argv[1])
sys.path[:] = told["path"]
names = {}
exec(compile(told["program"], "<program>", "exec"), names)
reference = ActionReference(ReferenceKind(told["kind"]), *told["reference"])
base = told["base"] and pathlib.Path(told["base"])
context = ResolveContext(base=base, local_actions=tuple(map(pathlib.Path, told["local_actions"])))
action = asyncio.run(names["resolver"].resolve(reference, context))
print(json.dumps([str(action.directory), action.digest, action.commit]))
"""


class AtOnce(Fixtures):
    """The rules of concurrency."""

    def test_sixteen_tasks_at_once_get_the_same(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """All references of a plan are resolved at the same time, and several plans may be."""
        alone, reference, context = ask.found(resolver, known), as_reference(known), ask.new_run()

        async def main() -> list[Outcome]:
            return await asyncio.gather(*(outcome(resolver, reference, context) for _ in range(_TASKS)))

        _require_all(in_a_loop(main, self.patience), alone, "asked by 16 tasks at once")

    def test_the_first_sixteen_at_once_get_the_same(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """Nobody gets half an action while it is being fetched for another."""
        reference, context = as_reference(known), ask.new_run()

        async def main() -> list[tuple[Outcome, str]]:
            return await asyncio.gather(*(_with_digest(resolver, reference, ask) for _ in range(_TASKS)))

        found = in_a_loop(main, self.patience)
        alone = ask.found(resolver, known, context)
        folder_of(alone)
        _require_all([each for each, _ in found], alone, "asked by 16 tasks at once, when nothing was there")
        digests = {digest for _, digest in found}
        require(
            digests == {tree_digest(alone.directory)},
            "asked by 16 tasks at once, some get a folder that is not complete yet: fetch beside, and rename; "
            "Store.keep does that",
        )

    def test_threads_with_a_loop_each_get_the_same(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """A resolver belongs to no event loop: several may use it at once, each in a thread of its own."""
        alone = ask.found(resolver, known)
        with ThreadPoolExecutor(_THREADS) as pool:
            outcomes = list(pool.map(lambda _: ask(resolver, known), range(_THREADS)))
        _require_all(outcomes, alone, f"asked by {_THREADS} threads with an event loop each")

    def test_one_loop_after_another_gets_the_same(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """An event loop ends, and the resolver is asked in the next: it keeps no lock, task or client of a loop."""
        outcomes = [ask(resolver, known) for _ in range(3)]
        if outcomes[0].action is None:
            pytest.skip("there is no result to look at: see test_what_it_has_is_found")
        _require_all(outcomes[1:], outcomes[0].action, "asked in one event loop after another")

    def test_another_process_finds_the_same(self, resolver: Resolver, known: Written, program: str, ask: Ask) -> None:
        """What one process fetched the next one finds."""
        alone, reference, context = ask.found(resolver, known), as_reference(known), ask.context
        told = {
            "path": sys.path,
            "program": program,
            "kind": reference.kind.value,
            "reference": [reference.name, reference.ref, reference.git, reference.file],
            "base": context.base and str(context.base),
            "local_actions": [str(path) for path in context.local_actions],
        }
        command = [sys.executable, "-c", _ELSEWHERE, json.dumps(told)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=self.patience)
        last = (done.stderr.strip().splitlines() or [""])[-1]
        require(done.returncode == 0, f"in another process, resolving {known!s} fails: {shown(last)}")
        there = json.loads(done.stdout.splitlines()[-1])
        require(
            there[1:] == [alone.digest, alone.commit],
            f"in another process, {known!s} is {shown(there)}, and here {shown(alone)}: give the same everywhere",
        )

    def test_it_does_not_hold_up_the_event_loop(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """The loop runs jobs of other pipelines too: what waits for a server does so in a thread, or awaits it."""
        reference, context = as_reference(known), ask.new_run()

        async def main() -> list[str]:
            with watching() as watch, noting_calls(watch):
                await outcome(resolver, reference, context)
            return [str(sighting) for sighting in watch.blocking(threading.get_ident())]

        seen = in_a_loop(main, self.patience)
        require(
            not seen,
            f"resolve blocks the event loop ({listed(seen)}): do that by in_thread of datatorch_pipelines.resolvers, "
            "or await it",
        )


async def _with_digest(resolver: Resolver, reference: ActionReference, ask: Ask) -> tuple[Outcome, str]:
    """What a resolver gives, and the digest of the files that are there at that moment."""
    found = await outcome(resolver, reference, ask.new_run())
    return found, "" if found.action is None else await asyncio.to_thread(tree_digest, Path(found.action.directory))


def _require_all(outcomes: list[Outcome], alone: ResolvedAction, how: str) -> None:
    for each in outcomes:
        action = needed(each.action, f"{how}, {each}: give each of them the action", each.error)
        require(
            (action.digest, action.commit, action.url) == (alone.digest, alone.commit, alone.url),
            f"{how}, it gives {differences(action, alone)}: give the same to each of them",
        )
