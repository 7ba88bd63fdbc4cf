"""When servers are asked, and when not: ``offline``, and what moves."""

from __future__ import annotations

import pytest

from datatorch_pipelines.contracts.resolver import ResolveContext, Resolver
from datatorch_pipelines.errors import ActionNotFound
from datatorch_pipelines.testing.judging import listed, require
from datatorch_pipelines.testing.resolvers.asking import Ask, Fixtures, Moving, Written
from datatorch_pipelines.testing.watching import watching


class Network(Fixtures):
    """The rules of ``offline``, and of references that may come to mean something else."""

    def test_offline_uses_no_network(self, resolver: Resolver, known: Written, missing: Written, ask: Ask) -> None:
        """``offline`` forbids every use of the network: in threads as well, and by programs such as ssh."""
        offline = [_network_use(resolver, written, ask, ask.new_run(offline=True)) for written in (known, missing)]
        ask(resolver, known)
        offline.append(_network_use(resolver, known, ask, ask.new_run(offline=True)))
        seen = [use for uses in offline for use in uses]
        require(
            not seen,
            f"with offline=True it uses the network ({listed(seen)}): look at context.offline first, and raise "
            "ActionNotFound for what is not here",
        )

    def test_offline_there_is_the_action_or_it_is_not_found(
        self, resolver: Resolver, known: Written, missing: Written, ask: Ask
    ) -> None:
        """Offline, what isn't on this machine is not found: another resolver may have it here."""
        ask.found(resolver, known)
        ask.refused(resolver, missing)
        for written in (known, missing):
            outcome = ask(resolver, written, ask.new_run(offline=True))
            require(
                outcome.action is not None or isinstance(outcome.error, ActionNotFound),
                f"with offline=True, for {written!s}, {outcome}: give what is here, else raise ActionNotFound",
            )

    def test_offline_serves_what_was_fetched_before(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """A run that worked once works again without a network."""
        if not self.serves_offline:
            pytest.skip("the class says that nothing is kept (serves_offline = False)")
        before = ask.found(resolver, known)
        outcome = ask(resolver, known, ask.new_run(offline=True))
        require(
            outcome.action is not None and outcome.action.digest == before.digest,
            f"with offline=True, for {known!s}, which was found before, {outcome}: keep it, as by Store.keep, or set "
            "serves_offline = False",
        )

    def test_what_moved_is_seen_by_the_next_run(self, resolver: Resolver, moving: Moving, ask: Ask) -> None:
        """A branch is asked for in each run."""
        written, move = moving
        before = ask.found(resolver, written)
        move()
        after = ask.found(resolver, written)
        require(before.digest != after.digest, f"{written!s} stays what it was: ask anew where context.run is another")

    def test_what_moves_stays_the_same_in_a_run(self, resolver: Resolver, moving: Moving, ask: Ask) -> None:
        """In one run a reference means one thing: contexts with the same ``run`` share what a server answered."""
        written, move = moving
        context = ask.new_run()
        before = ask.found(resolver, written, context)
        move()
        after = ask.found(resolver, written, context)
        require(
            before.digest == after.digest,
            f"{written!s} changes within a run: remember what it means by context.run, as in a WeakKeyDictionary",
        )


def _network_use(resolver: Resolver, written: Written, ask: Ask, context: ResolveContext) -> list[str]:
    with watching() as watch:
        ask(resolver, written, context)
    return [str(sighting) for sighting in watch.network()]
