"""Connections that break, stall or bend at bytes all over the conversation, from servers of git:// and http."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rude_checks import Spoilt, check, spoilable
from rude_servers import Rudeness

from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.resolvers import GitResolver, Store

pytestmark = pytest.mark.integration
HOW_MANY = {Rudeness.CUT: 80, Rudeness.FLIP: 80, Rudeness.STALL: 25}


@pytest.fixture(scope="module", params=["git", "http"])
def spoilt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spoilt]:
    root = tmp_path_factory.mktemp("rude") / "served"
    root.mkdir()
    with spoilable(root, request.param) as found:
        yield found


@pytest.mark.parametrize("how", HOW_MANY)
def test_whatever_happens_at_a_byte_nothing_wrong_is_kept(spoilt: Spoilt, tmp_path: Path, how: Rudeness) -> None:
    offsets = random.Random(how.name).sample(range(spoilt.length), HOW_MANY[how])
    texts = Counter(check(spoilt, how, at, Store(tmp_path / str(at))) for at in offsets)
    # Some bytes do no harm: what comes after the last one that is wanted, progress, headers that nobody reads.
    assert texts[""] <= len(offsets) // 2, texts


def test_cancelling_while_a_server_stalls_ends_at_once_anywhere(spoilt: Spoilt, tmp_path: Path) -> None:
    async def run(store: Store) -> None:
        resolver = GitResolver(store)
        task = asyncio.create_task(resolver.resolve(spoilt.reference, ResolveContext()))
        await asyncio.to_thread(spoilt.front.stalled.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    for at in random.Random("cancel").sample(range(spoilt.length - 100), 20):
        spoilt.front.be(Rudeness.STALL, at)
        store = Store(tmp_path / str(at))
        asyncio.run(run(store))
        assert [*(store.root / "entries").iterdir(), *(store.root / "temp").iterdir()] == []
