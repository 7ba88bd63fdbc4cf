import asyncio
import io
import os
import pickle
import subprocess
import sys
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest
from attrs import evolve

from datatorch_pipelines.contracts import Capabilities, Command, JobSpec, Runner, StepContext, StepEnvironment, folders
from datatorch_pipelines.contracts.folders import PROBE, local_folders, remote_folders
from datatorch_pipelines.contracts.transfer import pack, unpack
from datatorch_pipelines.errors import CommandRejected, RunnerError
from datatorch_pipelines.runners import LocalRunner, run_process

JOB = JobSpec(run_id="r", job_id="j", name="j")


class FarRunner(Runner):
    """Shares no files with the engine, as far as the base class knows."""

    capabilities = Capabilities(shares_files=False)

    async def execute(self, command, context):
        env = {**os.environ, **command.env}
        return await run_process(command.argv, env=env, cwd=command.cwd, stdin=command.stdin, sink=context.log)


def with_job(runner, function, job=JOB):
    async def main():
        try:
            async with runner.job(job) as environment:
                return await function(environment)
        finally:
            await runner.aclose()

    return asyncio.run(main())


@pytest.mark.parametrize("kind", [LocalRunner, FarRunner])
def test_a_job_has_its_own_empty_folders_which_are_gone_afterwards_unless_kept(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def check(paths):
        root = Path(paths.workspace).parent
        assert list(Path(paths.workspace).iterdir()) == []
        assert Path(paths.temp).is_dir()
        assert root.stat().st_mode & 0o77 == 0
        (root / "workspace" / "x").write_text("")
        return root

    async def look(environment):
        return check(environment.paths)

    gone = with_job(kind(), look)
    assert gone.parent == tmp_path
    assert not gone.exists()
    kept = with_job(kind(), look, JobSpec(run_id="r", job_id="j", name="j", keep=True))
    assert (kept / "workspace" / "x").exists()


@pytest.mark.parametrize("kind", [LocalRunner, FarRunner])
def test_facts_have_the_contexts_of_an_expression(kind, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/a:/b")

    async def look(environment):
        return environment.facts, environment.paths

    facts, paths = with_job(kind(), look)
    assert sorted(facts) == ["agent", "directory", "machine", "python", "runner"]
    assert sorted(facts["machine"]) == ["architecture", "name", "os", "version"]
    assert facts["machine"]["architecture"] == os.uname().machine
    assert sorted(facts["python"]) == ["executable", "implementation", "path", "version"]
    assert facts["python"]["path"] == "/a:/b"
    assert facts["directory"]["workspace"] == str(paths.workspace)
    assert sorted(facts["directory"]) == ["actions", "agent", "logs", "runner", "temp", "workspace"]


def test_where_files_are_shared_nothing_is_copied(tmp_path):
    (tmp_path / "a").write_text("x")

    async def look(environment):
        assert await environment.put(tmp_path, "d") == tmp_path == environment.placed(tmp_path, "d")
        await environment.get(tmp_path / "a", tmp_path / "b")
        with pytest.raises(RunnerError, match=r"^'none' can't be copied from where the job runs: No such file"):
            await environment.get(tmp_path / "none", tmp_path / "c")

    with_job(LocalRunner(), look)
    assert (tmp_path / "b").read_text() == "x"


def test_where_files_are_not_shared_a_folder_travels_once_by_its_digest(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("x")

    async def look(environment):
        with pytest.raises(RunnerError, match=r"^the folder 'source' was not brought to where the job runs$"):
            environment.placed(source, "d")
        there = await environment.put(source, "d")
        (source / "a").write_text("changed")
        assert await environment.put(source, "d") == there == environment.placed(source, "d")
        assert (Path(there) / "a").read_text() == "x"
        await environment.get(there, tmp_path / "back")
        with pytest.raises(RunnerError, match=r"^files can't be copied to or from where the job runs: tar: "):
            await environment.get(there / "none", tmp_path / "c")

    with_job(FarRunner(), look)
    assert (tmp_path / "back" / "a").read_text() == "x"
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("kind", [LocalRunner, FarRunner])
def test_what_is_to_happen_at_the_end_happens_last_first_while_the_folders_are_there(kind):
    done = []

    async def look(environment):
        for number in (1, 2):

            async def end(number=number):
                done.append((number, os.access(environment.paths.workspace, os.R_OK)))

            environment.at_end(end)

    with_job(kind(), look)
    assert done == [(2, True), (1, True)]


def test_a_set_up_that_prints_something_else_is_an_error():
    with pytest.raises(RunnerError, match="the job's folders can't be made: the set-up printed something unexpected"):
        remote_folders(b"Welcome!\n")
    assert "$(" in PROBE


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../x", "the files that came back hold '../x', which was not asked for"),
        ("/x", "the files that came back hold '/x', which was not asked for"),
        ("other/x", "the files that came back hold 'other/x', which was not asked for"),
        ("out/../../x", "the files that came back hold 'out/../../x', which was not asked for"),
    ],
)
def test_an_archive_may_hold_only_what_was_asked_for(tmp_path, name, said):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        packed.addfile(tarfile.TarInfo(name))
    archive.seek(0)
    with pytest.raises(RunnerError) as caught:
        unpack(archive, "out", tmp_path / "here")
    assert str(caught.value) == said
    assert list(tmp_path.iterdir()) == []


def test_links_and_devices_of_an_archive_are_left_out(tmp_path):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            item = tarfile.TarInfo(f"out/{kind!r}")
            item.type, item.linkname = kind, "/etc/passwd"
            packed.addfile(item)
        item = tarfile.TarInfo("out/file")
        item.size, item.mode = 2, 0o4777
        packed.addfile(item, io.BytesIO(b"hi"))
    archive.seek(0)
    unpack(archive, "out", tmp_path / "here")
    assert [(path.name, path.stat().st_mode & 0o7777) for path in (tmp_path / "here").iterdir()] == [("file", 0o700)]
    with pytest.raises(RunnerError, match="the files that came back are broken"):
        unpack(io.BytesIO(archive.getvalue()[: 5 * 512 + 1]), "out", tmp_path / "there")


def test_what_is_left_out_is_told_and_a_second_name_is_a_file(tmp_path):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for name, kind, target in (
            ("out/first", tarfile.REGTYPE, ""),
            ("out/second", tarfile.LNKTYPE, "out/first"),
            ("out/in/soft", tarfile.SYMTYPE, "first"),
            ("out/hard", tarfile.LNKTYPE, "/etc/passwd"),
            ("out/later", tarfile.LNKTYPE, "out/not-there"),
            ("out/pipe", tarfile.FIFOTYPE, ""),
        ):
            item = tarfile.TarInfo(name)
            item.type, item.linkname, item.size = kind, target, 2 if kind == tarfile.REGTYPE else 0
            packed.addfile(item, io.BytesIO(b"hi"))
    told = []
    unpack(io.BytesIO(archive.getvalue()), "out", tmp_path / "here", lambda *what: told.append(what))
    assert {path.name: path.read_bytes() for path in (tmp_path / "here").iterdir()} == {"first": b"hi", "second": b"hi"}
    assert told == [
        ("in/soft", "it is a link"),
        ("hard", "it is a link"),
        ("later", "it is a link"),
        ("pipe", "it is no regular file"),
    ]
    with pytest.raises(RunnerError, match=r"^the files that came back are larger than 3 bytes$"):
        unpack(io.BytesIO(archive.getvalue()), "out", tmp_path / "there", most=3)


def test_a_file_that_claims_holes_of_any_size_is_refused_before_it_is_written(tmp_path):
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(1 << 40)
    packed = subprocess.run(["tar", "-c", "-S", "-C", tmp_path, "sparse"], capture_output=True, check=True).stdout
    assert len(packed) < 100_000
    with pytest.raises(RunnerError, match="larger than 1000000 bytes"):
        unpack(io.BytesIO(packed), "sparse", tmp_path / "here", most=1_000_000)
    assert not (tmp_path / "here").exists()


def test_two_things_of_one_name_and_what_the_disk_refuses_are_one_clear_error(tmp_path):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as packed:
        for name in ("out/x", "out/x/y"):
            packed.addfile(tarfile.TarInfo(name))
    archive.seek(0)
    with pytest.raises(RunnerError) as caught:
        unpack(archive, "out", tmp_path / "here")
    assert str(caught.value) == "the files that came back can't be written: File exists"


def test_no_more_than_so_many_bytes_are_fetched_and_the_command_is_ended(tmp_path):
    class Endless(FarRunner):
        async def execute(self, command, context):
            argv = ("cat", "/dev/zero") if command.argv[0] == "tar" else command.argv
            return await super().execute(evolve(command, argv=argv), context)

    async def look(environment):
        with pytest.raises(RunnerError) as caught:
            await environment.get(PurePosixPath(tmp_path / "x"), tmp_path / "here", most=1_000_000)
        said = "files can't be copied from where the job runs: they are larger than 1000000 bytes"
        assert str(caught.value) == said
        assert (await environment.run(Command(argv=("true",), cwd="/"), step="s", sink=lambda *_: None)) == 0

    with_job(Endless(), look)


def test_a_link_that_was_asked_for_itself_is_an_error(tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")

    async def look(environment):
        with pytest.raises(RunnerError) as caught:
            await environment.get(PurePosixPath(tmp_path / "link"), tmp_path / "here")
        assert str(caught.value) == "what came back as 'link' is neither a regular file nor a folder"

    with_job(FarRunner(), look)


def test_a_packed_folder_tells_no_owner_and_brings_no_compiled_files(tmp_path):
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_bytes(b"")
    (tmp_path / "é").write_bytes(b"x")
    with tarfile.open(fileobj=io.BytesIO(pack(tmp_path))) as packed:
        assert [(item.name, item.uid, item.uname) for item in packed] == [(".", 0, ""), ("./é", 0, "")]


def test_a_command_is_plain_data_that_shows_no_value(tmp_path):
    command = Command(argv=["a", "b"], env={"TOKEN": "s3cret"}, cwd="/x", stdin=b"s3cret")
    assert pickle.loads(pickle.dumps(command)) == command
    assert repr(command) == "Command(argv=('a', 'b'), env={TOKEN}, cwd='/x', stdin=6 bytes)"


def test_a_step_environment_checks_what_it_runs_and_warns_in_the_log():
    said = []

    async def look(environment):
        place = StepEnvironment(
            job=environment, step="s", inputs_file=PurePosixPath("/i"), sink=lambda *item: said.append(item)
        )
        place.warn("careful")
        await place.check(Command(argv=("echo", "1")), "printing")
        with pytest.raises(CommandRejected) as caught:
            await place.check(Command(argv=("sh", "-c", "exit 4")), "the set-up")
        assert str(caught.value) == "the set-up failed with exit status 4; see the step's log"
        assert place.fact("python", "executable") == sys.executable
        assert place.fact("python", "none") == place.fact("none", "x") == ""

    with_job(LocalRunner(), look)
    assert said == [("stderr", b"warning: careful\n"), ("stdout", b"1\n")]


def test_a_context_hands_on_what_is_logged():
    said = []
    StepContext(job=JOB, step="s", environment=None, sink=lambda *item: said.append(item)).log("stdout", b"x")
    assert said == [("stdout", b"x")]


def test_folders_are_deleted_though_their_job_is_cancelled_as_it_ends():
    async def main():
        loop, busy = asyncio.get_running_loop(), threading.Event()
        pool = ThreadPoolExecutor(1)  # so that the deletion waits for its turn
        loop.set_default_executor(pool)
        made = loop.create_future()

        async def job():
            async with local_folders() as paths:
                pool.submit(busy.wait)
                made.set_result(Path(paths.workspace).parent)

        task = asyncio.ensure_future(job())
        root = await made
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        busy.set()
        await asyncio.wait((task,))
        assert task.cancelled()
        assert not root.exists()

    asyncio.run(main())


def test_folders_that_are_being_made_are_deleted_however_often_that_is_cancelled(tmp_path, monkeypatch):
    going, go_on = threading.Event(), threading.Event()
    make = folders._make_folders

    def slow(prefix):
        going.set()
        go_on.wait()
        return make(prefix)

    monkeypatch.setattr(folders, "_make_folders", slow)
    monkeypatch.setattr(folders.tempfile, "tempdir", str(tmp_path))

    async def enter():
        async with local_folders():
            raise AssertionError("it was cancelled before")

    async def main():
        entering = asyncio.ensure_future(enter())
        await asyncio.to_thread(going.wait)
        for _ in range(3):
            entering.cancel()
            await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert list(tmp_path.iterdir()) == []

    asyncio.run(main())
