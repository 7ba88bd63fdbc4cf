"""Fetching actions, side by side with git: ``python bench/resolve.py``.

``git clone --depth 1`` and a cold resolve into an empty store alternate, from the same ``git daemon`` on loopback, so
that a slow moment of the machine hits both alike; the least time of each counts. A second resolver makes sure that
nothing is remembered. The warm rows are a resolve of what the store has: by a new `Store`, and by one that knows it.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from git_servers import CLEAN_ENVIRONMENT, git, git_daemon, make_repository

from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, Store

TARGETS = {11: 0.6, 20: 0.6, 200: 1.0, 2_001: 1.5, 5_000: 1.5}
"""How many times ``git clone --depth 1`` a cold resolve may take, by the number of files."""
WARM_TARGETS = {"new store": 100.0, "same store": 10.0}
"""Microseconds that a warm resolve may take."""
BARE = "bare stat and read"
REFERENCE = ActionReference.parse("me/add@v1")


def source(files: int) -> dict[str, str]:
    """An action of so many files: text of 1 to 4 KB that zlib can't make much of."""
    text = "".join(f"value_{number} = {number * 2654435761 % 2**32}\n" for number in range(4_000))
    names = {
        f"package_{number // 40}/module_{number}.py": text[number * 37 : number * 37 + 1_000 + number * 131 % 3_000]
        for number in range(files - 1)
    }
    return {"action-datatorch.yaml": "name: Add\n", **names}


def wall(work: Callable[[], object]) -> float:
    """The seconds that something takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def clone(url: str, folder: Path) -> None:
    """What people do without us."""
    command = ["git", "clone", "-q", "--depth", "1", "--branch", "v1", f"{url}/me/add.git", str(folder)]
    subprocess.run(command, env=CLEAN_ENVIRONMENT, check=True, capture_output=True)


def resolve(url: str, store: Store) -> None:
    """A run's first look at an action."""
    asyncio.run(GitHubResolver(url, store=store).resolve(REFERENCE, ResolveContext()))


def compare(url: str, scratch: Path, rounds: int) -> tuple[float, float]:
    """The least seconds of git and of a cold resolve, in turn."""
    gits, ours = [], []
    for number in range(rounds + 1):
        folder, store = scratch / "clone", scratch / "store"
        times = wall(lambda folder=folder: clone(url, folder)), wall(lambda store=store: resolve(url, Store(store)))
        if number:  # the first round pays for imports
            gits.append(times[0])
            ours.append(times[1])
        shutil.rmtree(folder)
        shutil.rmtree(store)
    return min(gits), min(ours)


def warm(url: str, root: Path, rounds: int) -> dict[str, float]:
    """Microseconds of a resolve of what is there, and of a bare look at the action's file."""
    resolve(url, Store(root))
    context = ResolveContext()
    (file,) = root.glob("entries/*/files/action-datatorch.yaml")

    async def each() -> dict[str, float]:
        new = [GitHubResolver(url, store=Store(root)) for _ in range(rounds)]
        same = GitHubResolver(url, store=Store(root))
        times: dict[str, list[float]] = {name: [] for name in (*WARM_TARGETS, BARE)}
        for resolver in new:
            for name, asked in zip(WARM_TARGETS, (resolver, same), strict=True):
                begin = time.perf_counter()
                await asked.resolve(REFERENCE, context)
                times[name].append(time.perf_counter() - begin)
            begin = time.perf_counter()
            file.stat()
            file.read_bytes()
            times[BARE].append(time.perf_counter() - begin)
        return {name: min(found) * 1e6 for name, found in times.items()}

    return asyncio.run(each())


def main() -> int:
    """Prints the table; the exit status is 1 if a target is missed and ``--check`` is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    missed = False
    print(f"{'cold':>24} {'git ms':>8} {'ours ms':>8} {'ratio':>6} {'target':>7}")
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        for files, target in TARGETS.items():
            for branches in (0, 20):
                root = scratch / f"{files}-{branches}"
                path = root / "me" / "add.git"
                make_repository(path, source(files), tags=["v1"])
                for number in range(branches):
                    git("checkout", "-q", "-b", f"b{number}", "main", cwd=path)
                    (path / "own.bin").write_text("".join(f"{(number + n) * 40503 % 65537:x}" for n in range(50_000)))
                    git("add", "-A", cwd=path)
                    git("commit", "-q", "-m", "own", cwd=path)
                git("checkout", "-q", "main", cwd=path)
                git("gc", "-q", cwd=path)
                with git_daemon(root) as url:
                    theirs, ours = compare(url, scratch, options.rounds)
                ratio = ours / theirs
                missed |= ratio > target
                name = f"{files} files" + (f", {branches} branches" if branches else "")
                print(f"{name:>24} {theirs * 1e3:8.1f} {ours * 1e3:8.1f} {ratio:6.2f} {target:7.2f}")
        with git_daemon(scratch / "11-0") as url:
            times = warm(url, scratch / "store", 200)
    print(f"\n{'warm':>24} {'us':>8} {'ratio':>6} {'target':>7}")
    for name, found in times.items():
        target = WARM_TARGETS.get(name)
        missed |= target is not None and found > target
        shown = "" if target is None else f"{target:.0f}"
        print(f"{name:>24} {found:8.1f} {found / times[BARE]:6.2f} {shown:>7}")
    return int(missed and options.check)


if __name__ == "__main__":
    raise SystemExit(main())
