"""The parts of `DaskRunner` that need no cluster, and whole runs on clusters that are here at once."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import json
import pickle
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import Command
from datatorch_pipelines.errors import CommandRejected, RunnerError
from datatorch_pipelines.runners.dask import wire
from datatorch_pipelines.runners.dask.files import Outgoing, unpack_here
from datatorch_pipelines.runners.dask.outbox import Backlog, Outbox
from datatorch_pipelines.runners.dask.resources import resources_of
from datatorch_pipelines.runners.dask.versions import own_versions, refuse_unlike, reported_versions
from datatorch_pipelines.runners.pipes import Pace
from datatorch_pipelines.runners.process import Keeping, run_process

TWO = json.dumps(
    {
        "name": "Two",
        "jobs": {
            "first": {
                "steps": [
                    {"run": "echo made >here"},
                    {"id": "s", "run": 'echo "::text::\\"$(cat here)\\""; echo x >&2'},
                ],
                "outputs": {"text": "${{ steps.s.outputs.text }}"},
            },
            "second": {
                "needs": "first",
                "steps": [{"run": 'echo "$INPUT_TEXT"; exit 3', "inputs": {"text": "${{ needs.first.outputs.text }}"}}],
            },
        },
    }
)


def check_two(result):
    assert [step.log for step in result.jobs["first"].steps] == ["", '::text::"made"\nx\n']
    assert (result.jobs["second"].steps[0].stdout, result.jobs["second"].steps[0].exit_status) == ("made\n", 3)


@pytest.mark.parametrize(
    ("labels", "resources"),
    [
        ((), {}),
        (("gpu",), {"gpu": 1}),
        (("gpu=2", "memory = 16e9"), {"gpu": 2, "memory": 16e9}),
        (("gpu", "gpu=0.5"), {"gpu": 1.5}),
    ],
)
def test_labels_are_resources(labels, resources):
    assert resources_of(labels) == resources


@pytest.mark.parametrize("label", ["gpu=", "gpu=x", "gpu=0", "gpu=-1", "gpu=nan", "gpu=inf", "=1", "", "a=1=2"])
def test_a_label_that_is_no_resource_is_refused(label):
    with pytest.raises(CommandRejected) as caught:
        resources_of(["linux", label])
    assert str(caught.value) == (
        f"the label {label!r} of 'runs-on' is no resource of a Dask worker; write NAME or NAME=NUMBER"
    )


def test_workers_of_the_same_versions_are_taken():
    told = {**own_versions(), "python": ".".join(map(str, sys.version_info)), "dask": "1"}
    refuse_unlike("tcp://a:1", reported_versions(told))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"python": "3.9.1.final.0"},
            "has Python 3.9, and this process Python {Python}; start the workers with Python",
        ),
        ({"distributed": "2020.1"}, "has distributed 2020.1, and this process distributed {distributed}; install dist"),
        ({"datatorch_pipelines": None}, "does not have datatorch_pipelines; install datatorch-pipelines=="),
        ({"datatorch_pipelines": "9.9"}, "has datatorch_pipelines 9.9, and this process datatorch_pipelines "),
    ],
)
def test_a_worker_of_another_version_is_named(change, said):
    told = {**own_versions(), "python": ".".join(map(str, sys.version_info)), **change}
    with pytest.raises(RunnerError) as caught:
        refuse_unlike("tcp://a:1", reported_versions(told))
    assert str(caught.value).startswith("the Dask worker tcp://a:1 " + said.format(**own_versions()))


def news(number):
    return wire.News(key="k", number=1, event=wire.Output(stream="stdout", data=b"%d" % number * 10_000))


@given(st.lists(st.sampled_from(["add", "ask", "answer lost"]), max_size=60))
def test_all_news_come_once_and_in_order_also_when_answers_get_lost(acts):
    async def main():
        outbox, backlog = Outbox(), Backlog()
        added, got, seen = [], [], 0
        for act in [*acts, *["ask"] * len(acts)]:
            if act == "add":
                added.append(news(len(added)))
                outbox.add(added[-1], backlog)
                continue
            answer = await outbox.after(seen, 0)
            if act == "ask" and answer:
                got += [item for _, item in answer]
                seen = answer[-1][0]
        assert got == added
        await outbox.after(seen, 0)
        assert backlog.bytes == 0

    asyncio.run(main())


def test_an_answer_holds_no_more_than_travels_at_once():
    async def main():
        outbox, backlog = Outbox(), Backlog()
        for number in range(10):
            data = b"%d" % number * 300_000
            outbox.add(wire.News(key="k", number=1, event=wire.Output(stream="stdout", data=data)), backlog)
        assert backlog.held
        sizes, seen = [], 0
        while answer := await outbox.after(seen, 0):
            sizes.append(len(answer))
            seen = answer[-1][0]
        assert sizes == [3, 3, 3, 1]
        assert not backlog.held

    asyncio.run(main())


def test_a_client_that_waits_is_told_when_something_comes_and_when_nothing_will():
    async def main():
        outbox = Outbox()
        waiting = asyncio.ensure_future(outbox.after(0, 60))
        await asyncio.sleep(0)
        outbox.add(news(1), Backlog())
        assert await waiting == ((1, news(1)),)
        waiting = asyncio.ensure_future(outbox.after(1, 60))
        await asyncio.sleep(0)
        outbox.close()
        assert await waiting == ()

    asyncio.run(main())


def test_a_process_whose_pace_is_held_waits_and_its_output_is_whole():
    async def main():
        pace, got = Pace(), []

        def sink(_stream, data):
            got.append(len(data))
            if len(got) == 2:
                pace.hold()
                # All that runs in the loop until then sees it waiting.
                asyncio.get_running_loop().call_later(0.2, lambda: (held.append(sum(got)), pace.release()))

        held = []
        status = await run_process(["sh", "-c", "head -c 3000000 /dev/zero"], sink=sink, keeping=Keeping(pace=pace))
        assert (status, sum(got)) == (0, 3_000_000)
        assert held[0] <= 2 * 64 * 1024

    asyncio.run(main())


def test_what_travels_shows_nothing_of_itself():
    command = Command(argv=("cat",), env={"TOKEN": "s3cret"}, stdin=b"s3cret")
    put = wire.Put(key="k", digest="d", offset=0, data=b"s3cret", last=True, share=False)
    output = wire.Output(stream="stdout", data=b"s3cret")
    start = wire.Start(key="k", number=1, command=command)
    sealed = wire.Sealed(wire.Envelope(hub="h", request=start))
    assert repr(sealed) == "Sealed()"
    assert "s3cret" not in repr([put, output, start])
    assert pickle.loads(pickle.dumps(sealed)) == sealed


def test_without_the_package_distributed_one_line_says_how_to_get_it(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "distributed" else find(name, *more)
    )
    with pytest.raises(dtp.RunnerError) as caught:
        dtp.loads(TWO).run(runner="dask")
    assert str(caught.value) == "DaskRunner needs the package 'distributed'; pip install 'datatorch-pipelines[dask]'"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cluster": 5}, "cluster is of the type int; give a scheduler's address, or a Dask cluster"),
        ({"patience": "x"}, "patience is 'x'; give a number of seconds from 0 on"),
        ({"forward_env": 5}, "forward_env is 5; give a list of names"),
    ],
)
def test_arguments_of_another_type_are_refused(options, message):
    with pytest.raises(RunnerError) as caught:
        dtp.DaskRunner(**options)
    assert str(caught.value) == message


def test_a_single_variable_to_forward_is_no_list_of_letters():
    assert dtp.DaskRunner(forward_env="HOME")._forward_env == ("HOME",)


def test_without_a_cluster_jobs_run_on_one_in_this_process(tmp_path, monkeypatch):
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)
    runner = dtp.DaskRunner()
    for name in ("a", "b"):  # it can be opened again
        result = dtp.loads(TWO).run(runner=runner, directory=tmp_path / name)
        check_two(result)


def test_a_cluster_object_is_reached_by_its_address_and_a_label_may_stand_for_it(tmp_path):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=True, dashboard_address="127.0.0.1:0", resources={"gpu": 1}
    ) as cluster:
        runner = dtp.DaskRunner(cluster)
        check_two(dtp.loads(TWO).run(runner=runner, directory=tmp_path))
        # The label that stands for the runner is no resource of its workers; the other one is.
        text = "name: L\njobs: {a: {runs-on: [far, gpu], steps: [{run: 'echo hi'}]}, b: {steps: [{run: 'echo here'}]}}"
        result = dtp.loads(text).run(runners={"far": runner}, directory=tmp_path)
        assert [job.steps[0].log for job in result.jobs.values()] == ["hi\n", "here\n"]
        # Dask's settings name it, as on the command line.
        import dask

        with dask.config.set({"scheduler-address": cluster.scheduler_address}):
            check_two(dtp.loads(TWO).run(runner="dask", directory=tmp_path))


def test_files_of_more_than_may_travel_are_refused_before_they_are_packed(tmp_path):
    (tmp_path / "f").write_bytes(bytes(1_000_000))
    with pytest.raises(RunnerError) as caught:
        Outgoing(tmp_path / "f", 100_000)
    assert str(caught.value) == "files can't be copied from where the job runs: they are larger than 100000 bytes"
    for most in (None, 2_000_000):
        outgoing = Outgoing(tmp_path / "f", most)
        packed = outgoing.read(0)
        packed += outgoing.read(len(packed))
        assert len(packed) == outgoing.size > 1_000_000
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            assert archive.extractfile("f").read() == bytes(1_000_000)
        outgoing.close()


@given(st.lists(st.binary(max_size=50), min_size=1), st.integers(1, 60))
def test_an_archive_that_comes_in_pieces_becomes_the_folder_that_it_was(contents, size):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "source").mkdir()
        for number, content in enumerate(contents):
            (root / "source" / str(number)).write_bytes(content)
        outgoing = Outgoing(root / "source")
        with (root / "archive").open("wb") as archive:
            while archive.tell() < outgoing.size:
                archive.write(outgoing.read(archive.tell())[: size * 512])
        outgoing.close()
        for _ in range(2):  # what a call left that was broken off is replaced
            unpack_here(root / "archive", root / "there")
        back = root / "there" / "source"
        assert [(back / str(number)).read_bytes() for number in range(len(contents))] == contents
