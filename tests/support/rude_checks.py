"""What must hold whatever a server does at one byte: an error of one line or the right action, and nothing left."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen
from git_servers import git_daemon, make_repository, running_http_server
from rude_servers import Proxy, Rudeness, proxy

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import ResolveError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitResolver, Store, Timeouts


@frozen
class Spoilt:
    """A repository behind a proxy: what it gives when nothing is spoilt, and how many bytes that takes."""

    front: Proxy
    reference: ActionReference
    commit: str
    digest: str
    length: int

    def resolve(self, store: Store, *, idle: float = 10.0) -> ResolvedAction:
        resolver = GitResolver(store, timeouts=Timeouts(connect=10.0, idle=idle))
        return asyncio.run(resolver.resolve(self.reference, ResolveContext()))


@contextlib.contextmanager
def spoilable(root: Path, scheme: str) -> Iterator[Spoilt]:
    """A repository of ``http`` or ``git``, with files that differ much, behind a proxy."""
    noise = random.Random(4)
    files = {f"data/{number}.bin": noise.randbytes(300) for number in range(6)}
    make_repository(root / "add", {"action-datatorch.yaml": "name: Add\n", **files}, tags=["@v1", "v2"])
    with contextlib.ExitStack() as stack:
        if scheme == "git":
            url = stack.enter_context(git_daemon(root))
        else:
            url = stack.enter_context(running_http_server(root)).url
        front = stack.enter_context(proxy(int(url.rpartition(":")[2])))
        reference = ActionReference.parse(
            {"name": "me/a", "tag": "v1", "git": f"{scheme}://127.0.0.1:{front.port}/add"}
        )
        whole = Spoilt(front, reference, "", "", 0)
        found = whole.resolve(Store(root.parent / "whole"))
        assert found.commit is not None
        yield Spoilt(front, reference, found.commit, found.digest, front.said)


def check(spoilt: Spoilt, how: Rudeness, at: int, store: Store) -> str:
    """Resolves while the server is rude at a byte; gives the error's text without its URL, ``""`` if there is none."""
    spoilt.front.be(how, at)
    text = ""
    try:
        found = spoilt.resolve(store, idle=0.05 if how is Rudeness.STALL else 10.0)
    except ResolveError as error:
        text = str(error)
        assert [*(store.root / "entries").iterdir(), *(store.root / "temp").iterdir()] == [], (at, text)
        assert len(text.splitlines()) == 1, (at, text)
        assert text.isprintable(), (at, text)
        assert text.startswith("me/a@v1: "), (at, text)
        spoilt.front.be(Rudeness.NONE)
        found = spoilt.resolve(store)
    assert (found.commit, found.digest, tree_digest(found.directory)) == (
        spoilt.commit,
        spoilt.digest,
        spoilt.digest,
    ), at
    assert list((store.root / "temp").iterdir()) == []
    return text.removeprefix("me/a@v1: ").replace(f"{spoilt.reference.git}", "{url}")
