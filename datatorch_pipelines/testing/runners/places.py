"""Where a job runs: its folders and facts, and the files that travel to it and back."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePath

import pytest

from datatorch_pipelines.errors import RunnerError
from datatorch_pipelines.testing.judging import shown
from datatorch_pipelines.testing.runners.jobs import Job, obey
from datatorch_pipelines.testing.runners.rules import APART, BYTES, OUTPUT, QUIET, SHARED, STATUS, TEMP
from datatorch_pipelines.testing.runners.using import Fixtures, Rule, Session, Use, folder, needs

_ACTION = {"run.sh": b"#!/bin/sh\necho ran\n", "sub dir/data": b"\0\xff data\r\n", "-odd 'name'": b"odd"}
_LARGE = bytes(range(256)) * 32 * 1024


class Places(Fixtures):
    """The rules of ``job`` and of what it yields."""

    def test_the_steps_of_a_job_share_its_workspace(self, use: Use) -> None:
        """What one step writes is there for the next."""
        use.hold(SHARED)

    def test_jobs_share_no_workspace(self, use: Use) -> None:
        """Jobs run side by side, and are not in each other's way."""
        use.hold(APART)

    @needs(APART)
    def test_a_workspace_is_empty_at_first(self, use: Use) -> None:
        """A job begins with nothing, the second as the first."""

        async def main(job: Job) -> bytes:
            return (await job.run('cd "$1" && ls -A; echo over', str(job.workspace))).out

        out = use.job(main)
        obey(out == b"over\n", f"a job's workspace holds {shown(out.replace(b'over', b''))} at first", "places")

    @needs(APART)
    def test_a_workspace_is_gone_after_its_job(self, use: Use) -> None:
        """What a job leaves is nobody's: disks fill up, and secrets may be in it."""

        async def main(session: Session) -> tuple[PurePath, bytes]:
            async with session.job() as job:
                workspace = job.workspace
                await job.run('echo mine >"$1/left"', str(workspace))
            async with session.job() as job:
                return workspace, (await job.run('[ -e "$1" ] && echo there || echo gone', str(workspace))).out

        workspace, out = use.session(main)
        obey(
            out == b"gone\n" and not (use.runner.capabilities.shares_files and Path(workspace).exists()),
            f"the workspace {shown(str(workspace))} is there after its job: delete it when the job's context ends",
            "places",
        )

    @needs(SHARED)
    def test_a_workspace_that_is_given_is_used_and_stays(self, use: Use, kit_folder: Path) -> None:
        """An agent has a folder of its own for a job (``JobSpec.workspace``), where files are shared."""
        _only_where_files_are_shared(use)
        (kit_folder / "given").mkdir()

        async def main(job: Job) -> PurePath:
            await job.run('echo mine >"$1/file"', str(kit_folder / "given"))
            return job.workspace

        used = use.job(main, workspace=kit_folder / "given")
        obey(used == kit_folder / "given", f"given a workspace, the job has {shown(str(used))}: use that one", "places")
        obey((kit_folder / "given" / "file").exists(), "a workspace that was given is gone: leave it", "places")

    @needs(SHARED)
    def test_a_workspace_is_kept_where_that_is_asked(
        self, use: Use, kit_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """``JobSpec.keep`` is for who wants to see what went wrong."""
        _only_where_files_are_shared(use)
        monkeypatch.setattr(tempfile, "tempdir", str(kit_folder))

        async def main(job: Job) -> PurePath:
            await job.run('echo mine >"$1/file"', str(job.workspace))
            return job.workspace

        kept = use.job(main, keep=True)
        obey((Path(kept) / "file").exists(), "with keep=True the workspace is gone: leave it", "places")

    def test_the_temporary_folder_can_be_written_to(self, use: Use) -> None:
        """``paths.temp`` is for files of the job that are no part of its workspace."""
        use.hold(TEMP)

    @needs(OUTPUT)
    def test_the_facts_are_of_where_the_steps_run(self, use: Use) -> None:
        """Expressions such as ``machine.os`` are about the machine of the step, and not the engine's."""

        async def main(job: Job) -> tuple[Mapping[str, object], str, bytes]:
            return job.environment.facts, str(job.workspace), (await job.run("uname -s; uname -n")).out

        facts, workspace, out = use.job(main)
        system, name = out.decode("utf-8", "replace").splitlines()[:2]
        found = (_fact(facts, "machine", "os"), _fact(facts, "machine", "name"))
        obey(found == (system, name), f"facts have the machine {shown(found)}, uname {shown((system, name))}", "places")
        found = (_fact(facts, "directory", "workspace"), "")
        obey(found[0] == workspace, f"facts have the workspace {shown(found[0])}, paths {shown(workspace)}", "places")

    def test_the_facts_name_a_python_that_runs(self, use: Use) -> None:
        """Actions in Python run by ``python.executable``; a place without says so (``has_python = False``)."""
        use.hold(python_rule(has_python=self.has_python))

    def test_a_folder_is_put_where_the_steps_see_it(self, use: Use, kit_folder: Path) -> None:
        """Actions are put: with their names, contents and modes."""
        use.hold(putting_rule(kit_folder))

    @needs(STATUS, BYTES)
    def test_a_folder_that_was_put_is_not_put_again(self, use: Use, kit_folder: Path) -> None:
        """``digest`` names the content: the same is brought once to a job."""
        source = folder(kit_folder / "action", _ACTION, ("run.sh",))

        async def main(job: Job) -> tuple[PurePath, PurePath, PurePath]:
            first = await job.environment.put(source, "kit-twice")
            return first, await job.environment.put(source, "kit-twice"), job.environment.placed(source, "kit-twice")

        places = use.job(main)
        obey(len(set(places)) == 1, f"a folder that is put twice is at {shown([*map(str, places)])}", "files")

    @needs(SHARED, BYTES)
    def test_files_are_got_as_they_are(self, use: Use, kit_folder: Path) -> None:
        """Outputs and artifacts are got: a file, or a folder with all that is in it."""

        async def main(job: Job) -> None:
            script = 'cd "$1" && mkdir -p out/sub && printf "a\\000\\377\\r\\n" >"out/sub/a file" && : >out/empty'
            await job.run(script, str(job.workspace))
            await job.environment.get(job.workspace / "out", kit_folder / "folder")
            await job.environment.get(job.workspace / "out" / "sub" / "a file", kit_folder / "file")

        use.job(main)
        found = {str(p.relative_to(kit_folder)): p.read_bytes() for p in kit_folder.rglob("*") if p.is_file()}
        wanted = {"folder/sub/a file": b"a\0\xff\r\n", "folder/empty": b"", "file": b"a\0\xff\r\n"}
        obey(found == wanted, f"of files that are there, get gives {shown(found)}: give {shown(wanted)}", "files")

    @needs(SHARED, BYTES)
    def test_what_is_not_there_can_not_be_got(self, use: Use, kit_folder: Path) -> None:
        """``get`` raises `RunnerError`, and leaves nothing at the destination."""

        async def main(job: Job) -> object:
            try:
                await job.environment.get(job.workspace / "no-such-file", kit_folder / "file")
            except Exception as error:
                return error
            return None

        gave = use.job(main)
        obey(
            isinstance(gave, RunnerError) and not (kit_folder / "file").exists(),
            f"get of a file that isn't there gives {shown(gave)}: raise RunnerError",
            "errors",
            gave if isinstance(gave, BaseException) else None,
        )

    @needs(SHARED, BYTES)
    def test_eight_megabytes_go_there_and_back(self, use: Use, kit_folder: Path) -> None:
        """Large inputs and artifacts travel whole."""
        source = folder(kit_folder / "large", {"data": _LARGE})

        async def main(job: Job) -> bool:
            there = await job.environment.put(source, "kit-large")
            await job.run('cp "$1/data" "$2/copy"', str(there), str(job.workspace))
            await job.environment.get(job.workspace / "copy", kit_folder / "back")
            return await asyncio.to_thread(lambda: (kit_folder / "back").read_bytes() == _LARGE)

        obey(use.job(main), "eight megabytes that were put and got back are not what they were", "files")


def putting_rule(kit_folder: Path) -> Rule:
    """That ``put`` brings a folder as it is."""
    source = folder(kit_folder / "action", _ACTION, ("run.sh",))

    async def check(job: Job) -> None:
        there = await job.environment.put(source, "kit-action")
        ran = await job.run('"$1/run.sh" && cat "$1/sub dir/data" && cat "$1/-odd \'name\'"', str(there))
        obey(
            ran.out == b"ran\n\0\xff data\r\nodd",
            f"of a folder that was put a step sees {shown(ran.out)}, and {shown(ran.err)}: bring names, contents and "
            "modes as they are",
            "files",
        )

    return Rule("test_a_folder_is_put_where_the_steps_see_it", check, (BYTES,))


def python_rule(*, has_python: bool) -> Rule:
    """That there is a Python, or none, as a class says."""

    async def check(job: Job) -> None:
        python = _fact(job.environment.facts, "python", "executable")
        script = 'if [ -n "$1" ]; then "$1" -c "print(6 * 7)"; else command -v python3 || command -v python; fi'
        out = (await job.run(f"{script}; echo over", python)).out
        if has_python:
            obey(
                python and out == b"42\nover\n",
                f"facts have the Python {shown(python)}, which doesn't run where the steps do: name the one that is "
                "there, or set has_python = False",
                "places",
            )
        else:
            obey(out == b"over\n", f"has_python = False, and there is one: {shown(out)}", "places")

    return Rule("test_the_facts_name_a_python_that_runs", check, (QUIET,))


def _only_where_files_are_shared(use: Use) -> None:
    if not use.runner.capabilities.shares_files:
        pytest.skip("this is for runners that share files, which capabilities deny")


def _fact(facts: Mapping[str, object], context: str, name: str) -> str:
    values = facts.get(context)
    value = values.get(name) if isinstance(values, Mapping) else None
    return value if isinstance(value, str) else ""
