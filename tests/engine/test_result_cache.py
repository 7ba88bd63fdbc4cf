"""Steps with ``cache: true``: what a result follows from, that it is computed once, and that damage is a miss."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.engine.collecting.cache import KeptResult, ResultCache, result_key
from datatorch_pipelines.results import Artifact, FailedTest, SuiteResult

STEP = """\
name: C
env: {P: "1"}
jobs:
  a:
    env: {J: "1"}
    steps:
      - name: s
        cache: true
        env: {E: "1"}
        inputs: {x: 1, y: [1, {a: b}]}
        run: |
          echo x >> "$RAN"
          echo "::n::$(wc -l < "$RAN")"
"""

COUNTS = {
    "action-datatorch.yaml": """\
        name: Counts
        cache: true
        inputs: {x: {type: integer}}
        env: {COUNTS_FROM: {description: where to start}}
        runs: {using: cmd, command: 'echo x >> "$RAN"; echo "::n::$(wc -l < "$RAN")"'}
        """
}


@pytest.fixture
def ran(project, monkeypatch) -> Iterator[Path]:
    """A file with a line for each time that a step ran."""
    path = project.folder / "ran"
    path.touch()
    monkeypatch.setenv("RAN", str(path))
    return path


def times(path: Path) -> int:
    return len(path.read_text().splitlines())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x: 1", "x: 2"),
        ("x: 1", 'x: "1"'),
        ("x: 1", "x: true"),
        ("x: 1", "x: 1.5"),
        ("x: 1, y: [1, {a: b}]", "y: [1, {a: b}]"),
        ("{a: b}", "{a: c}"),
        ('P: "1"', 'P: "2"'),
        ('J: "1"', 'J: "2"'),
        ('E: "1"', 'E: "2"'),
        ("echo x", "echo  x"),
        ("cache: true", "cache: true\n        shell: bash"),
        ("cache: true", "cache: true\n        working-directory: ."),
    ],
)
def test_what_a_result_follows_from_makes_another_one(project, ran: Path, before: str, after: str) -> None:
    assert before in STEP
    same = after.endswith("directory: .")
    for text in (STEP, STEP, STEP.replace(before, after), STEP.replace(before, after), STEP):
        assert project.run(text).error is None
    assert times(ran) == (1 if same else 2)


def test_names_places_and_other_jobs_do_not_make_another_result(project, ran: Path) -> None:
    first = project.run(STEP)
    other = STEP.replace("  a:", "  b:").replace("name: s", "name: t\n        timeout: 5").replace("name: C", "name: D")
    step = project.run(other).jobs["b"].steps[0]
    assert (step.outputs, step.reason) == (first.jobs["a"].steps[0].outputs, "its result was in the cache")
    assert times(ran) == 1


def test_an_actions_files_and_the_variables_that_it_declares_count(project, ran: Path, monkeypatch) -> None:
    project.action("counts", COUNTS)
    text = "name: C\njobs: {a: {steps: [{action: ./counts, inputs: {x: '1'}}]}}\n"
    for _ in range(2):
        project.run(text)
    assert times(ran) == 1
    project.run(text.replace("'1'", "1"))  # converted, it is the same
    assert times(ran) == 1
    monkeypatch.setenv("COUNTS_FROM", "7")
    project.run(text)
    assert times(ran) == 2
    (project.folder / "counts/other").write_text("")
    project.run(text)
    assert times(ran) == 3
    project.run(text.replace("./counts", "./counts, cache: false"))
    project.run(text.replace("./counts", "./counts, cache: false"))
    assert times(ran) == 5


@pytest.mark.parametrize(
    "change",
    [
        ("inputs: {x: 1", "inputs: {x: '${{ secrets.T }}'"),
        ('E: "1"', "E: '${{ secrets.T }}'"),
        ('J: "1"', "J: '${{ secrets.T }}'"),
        ('P: "1"', "P: '${{ secrets.T }}'"),
        ("inputs: {x: 1", "inputs: {x: \"${{ startsWith(secrets.T, 'z') }}\""),
        ("run: |", "run: |\n          echo '::add-mask::inside'; echo '::m::\"inside\"'"),
        ("run: |", 'run: |\n          echo zz-zz-zz > "$DATATORCH_ARTIFACTS/x"'),
        ("run: |", "run: |\n          echo '::m::\"'$PWD'\"'"),
    ],
)
def test_what_has_to_do_with_a_secret_or_the_jobs_folders_is_not_kept(project, ran: Path, change) -> None:
    assert change[0] in STEP
    for _ in range(2):
        assert project.run(STEP.replace(*change), secrets={"T": "zz-zz-zz"}).error is None
    assert times(ran) == 2
    kept = [path for path in ResultCache.default().root.rglob("*") if path.is_file() and "locks" not in path.parts]
    assert [path for path in kept if path.name == "result.json"] == []


def test_a_failure_is_not_kept(project, ran: Path) -> None:
    for _ in range(2):
        assert project.run(STEP + "          exit 3\n").status == "failed"
    assert times(ran) == 2


REPORT = '<testsuite><testcase name="a"/><testcase name="b"><failure message="no"/></testcase></testsuite>'


def test_a_kept_result_has_its_files_and_tests(project, ran: Path) -> None:
    text = STEP + f"""          mkdir "$DATATORCH_ARTIFACTS/in"; echo '{REPORT}' > "$DATATORCH_ARTIFACTS/in/r.xml"\n"""
    first, again = (project.run(text).jobs["a"].step("s") for _ in range(2))
    assert again.reason == "its result was in the cache"
    assert (again.tests, again.artifacts, again.outputs) == (first.tests, first.artifacts, first.outputs)
    assert again.tests == SuiteResult(passed=1, failed=1, failures=(FailedTest(name="b", text="no"),))
    (kept,), (was,) = again.artifacts, first.artifacts
    assert kept.path != was.path
    assert kept.path.read_bytes() == was.path.read_bytes()


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "gone", "folder", "file gone", "file changed"])
def test_a_damaged_result_is_computed_anew_and_replaced(project, ran: Path, damage: str) -> None:
    text = STEP + '          echo content > "$DATATORCH_ARTIFACTS/f"\n'
    project.run(text)
    (result,) = ResultCache.default().root.rglob("result.json")
    file = result.parent / "0"
    data = result.read_bytes()
    match damage:
        case "cut":
            result.write_bytes(data[:-1])
        case "changed":
            result.write_bytes(data.replace(b'"n": 1', b'"n": 2'))
        case "empty":
            result.write_bytes(b"")
        case "gone":
            result.unlink()
        case "folder":
            result.unlink()
            result.mkdir()
        case "file gone":
            file.unlink()
        case _:
            file.write_text("CONTENT\n")
    again = project.run(text)
    assert (again.error, times(ran), again.jobs["a"].step("s").reason) == (None, 2, None)
    assert again.jobs["a"].step("s").artifacts[0].path.read_text() == "content\n"
    third = project.run(text)
    assert (third.jobs["a"].step("s").outputs, times(ran)) == ({"n": 2}, 2)
    assert [path.name for path in (third.directory / "artifacts").rglob("*") if path.is_file()] == ["f"]


def test_jobs_that_ask_for_the_same_run_it_once(project, ran: Path) -> None:
    text = STEP.replace("  a:\n", "  a:\n    strategy: {matrix: {m: [1, 2, 3, 4, 5, 6]}}\n")
    text = text.replace("run: |\n", "run: |\n          sleep 0.2\n")
    result = project.run(text, max_parallel=6)
    steps = [instance.steps[0] for instance in result.jobs["a"].instances]
    assert times(ran) == 1
    assert [step.outputs for step in steps] == [{"n": 1}] * 6
    assert sorted(step.reason or "" for step in steps) == ["", *["its result was in the cache"] * 5]
    assert {step.log for step in steps if step.reason} <= {"", "waiting for a step that does the same\n"}


HOLDER = """\
import sys
import datatorch_pipelines as dtp
result = dtp.run(sys.argv[1], directory=sys.argv[2])
print(dict(result.jobs["a"].steps[0].outputs))
"""


def _start(project, text: str) -> subprocess.Popen[str]:
    path = project.write(text)
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), str(project.runs)], stdout=subprocess.PIPE, text=True
    )


def _wait_for(path: Path, lines: int) -> None:
    deadline = time.monotonic() + 60
    while times(path) < lines:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_processes_that_ask_for_the_same_run_it_once(project, ran: Path) -> None:
    text = STEP + "          sleep 0.5\n"
    processes = [_start(project, text) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["{'n': 1}\n"] * 3
    assert times(ran) == 1


def test_a_holder_that_is_killed_frees_what_others_wait_for_and_waiting_can_be_cancelled(project, ran: Path) -> None:
    stays = project.folder / "stays"
    stays.touch()
    text = STEP + f"          while [ -e {stays} ]; do sleep 0.01; done\n"
    holder = _start(project, text)
    try:
        _wait_for(ran, 1)
        pipeline = dtp.load(project.folder / "pipeline.yaml")
        waiting = pipeline.start(directory=project.runs)
        for event in waiting:
            if event.type == "log":
                break
        waiting.cancel()
        cancelled = waiting.wait()
        assert (cancelled.status, times(ran)) == ("cancelled", 1)
        assert cancelled.jobs["a"].step("s").log == "waiting for a step that does the same\n"
        waiting = pipeline.start(directory=project.runs)
        for event in waiting:
            if event.type == "log":
                break
        stays.unlink()
        holder.send_signal(signal.SIGKILL)
        result = waiting.wait()
        assert (result.status, times(ran)) == ("succeeded", 2)
    finally:
        holder.kill()
        holder.communicate()


def test_the_loop_goes_on_while_a_step_waits(tmp_path: Path) -> None:
    cache = ResultCache(root=tmp_path)
    order: list[str] = []

    async def hold(entered: asyncio.Event, leave: asyncio.Event) -> None:
        async with cache.claimed("k", lambda: order.append("held")):
            entered.set()
            await leave.wait()
            order.append("left")

    async def main() -> None:
        entered, leave, waits = asyncio.Event(), asyncio.Event(), asyncio.Event()
        holder = asyncio.create_task(hold(entered, leave))
        await entered.wait()

        async def other() -> None:
            async with cache.claimed("k", waits.set):
                order.append("other")

        waiter = asyncio.create_task(other())
        await waits.wait()
        async with cache.claimed("another", lambda: order.append("never")):
            order.append("another key")
        leave.set()
        await asyncio.gather(holder, waiter)

    asyncio.run(main())
    assert order == ["another key", "left", "other"]


def test_where_the_cache_can_not_be_written_steps_run_all_the_same(project, ran: Path) -> None:
    root = ResultCache.default().root
    root.parent.mkdir(parents=True, exist_ok=True)
    root.write_text("in the way")
    for _ in range(2):
        assert project.run(STEP).error is None
    assert times(ran) == 2


def _keep(cache: ResultCache, tmp_path: Path, name: str, size: int) -> str:

    content = name[0].encode() * size
    (tmp_path / name).write_bytes(content)
    key = result_key({"name": name})
    kept = Artifact(name=name, file=name, size=size, digest=hashlib.sha256(content).hexdigest())
    cache.keep(key, KeptResult(artifacts=(kept,), outputs={"n": name}), tmp_path)
    return key


def test_what_was_used_least_recently_goes_and_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    cache = ResultCache(root=tmp_path / "cache", most_of_one=5_000, most=10_000)
    keys = [_keep(cache, tmp_path, name, 3_000) for name in ("a", "b", "c")]
    large = _keep(cache, tmp_path, "large", 5_001)
    assert cache.get(large, tmp_path, "large-again") is None
    for age, key in enumerate(keys):
        (result,) = cache.root.rglob(f"{key}/result.json")
        os.utime(result, (1_000 + age, 1_000 + age))
    assert cache.get(keys[0], tmp_path, "a-again") is not None  # used just now
    keys.append(_keep(cache, tmp_path, "d", 3_000))
    cache.sweep()
    found = [cache.get(key, tmp_path, f"found-{key}") for key in keys]
    assert [None if kept is None else kept.outputs["n"] for kept in found] == ["a", None, "c", "d"]
    assert (tmp_path / f"found-{keys[0]}" / "a").read_bytes() == b"a" * 3_000


def test_what_crashes_left_is_deleted_when_it_is_old(tmp_path: Path) -> None:
    cache = ResultCache(root=tmp_path)
    for name in ("new/half", "new/old", "locks/held", "locks/old"):
        path = tmp_path / name
        if name.startswith("new"):
            path.mkdir(parents=True)
            (path / "0").touch()
        else:
            path.parent.mkdir(exist_ok=True)
            path.touch()
        if name.endswith("old"):
            os.utime(path, (1_000, 1_000))
    cache.sweep()
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "locks", "locks/held", "new", "new/half", "new/half/0",
    ]  # fmt: skip


def test_a_result_that_is_kept_twice_is_the_last_one(tmp_path: Path) -> None:
    cache = ResultCache(root=tmp_path)
    key = result_key({"x": 1})
    for n in (1, 2):
        cache.keep(key, KeptResult(outputs={"n": n}), tmp_path)
    assert cache.get(key, tmp_path, "here") == KeptResult(outputs={"n": 2})
    assert list((tmp_path / "new").iterdir()) == []


def test_a_step_whose_inputs_have_keys_that_no_order_is_known_of_is_not_cached_and_runs(project) -> None:
    text = "name: K\njobs:\n  a: {steps: [{run: 'true', cache: true, inputs: {x: '${{ inputs.odd }}'}}]}\n"
    for _ in range(2):
        result = project.run(text, inputs={"odd": {1: "a", "b": "c"}})
        assert (result.status, result.jobs["a"].steps[0].reason) == ("succeeded", None)


@pytest.mark.parametrize("name", ["../outside", "/{root}/outside", "a/../../outside", "", 7, None])
def test_a_kept_result_whose_files_lead_elsewhere_is_a_miss_and_nothing_is_written_there(
    tmp_path: Path, name: object
) -> None:
    cache = ResultCache(root=tmp_path / "cache")
    key = _keep(cache, tmp_path, "a", 10)
    (result,) = cache.root.rglob("result.json")
    _digest, _, text = result.read_bytes().partition(b"\n")
    data = json.loads(text)
    data["artifacts"][0][0] = name.format(root=tmp_path) if isinstance(name, str) else name
    text = json.dumps(data).encode()
    result.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    before = sorted(tmp_path.iterdir())
    assert cache.get(key, tmp_path / "run", "artifacts/a") is None
    assert sorted(tmp_path.iterdir()) == before
