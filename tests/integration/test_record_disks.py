"""Records on a disk that is full, or in folders of somebody else, as a user without root's rights finds them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines._files import remove_tree

pytestmark = pytest.mark.integration

# Everything is imported before it gives root's rights up: the libraries may be where only root can read.
ORDINARY = """
import os, sys
import datatorch_pipelines as dtp
root = sys.argv[1]
pipeline = dtp.loads("name: P\\njobs: {a: {steps: [{run: exit 1}]}}")
dtp.resume(pipeline.run(directory=sys.argv[2]))
dtp.prune_runs(keep=0, directory=sys.argv[2])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)

def told(work):
    try:
        print(work())
    except dtp.RecordError as error:
        print(error)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for each in [folder, *folder.rglob("*")]:
        each.chmod(0o755)
    remove_tree(folder)


def _ordinary(root: Path, code: str) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-c", ORDINARY + code, root, scratch]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd="/")
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_in_a_folder_that_may_not_be_written_nothing_runs(open_folder: Path) -> None:
    (line,) = _ordinary(open_folder, "told(lambda: pipeline.run(directory=root))")
    assert line.startswith(f"the run's folder '{open_folder}/2")
    assert line.endswith(" can't be made: Permission denied; free the disk or choose another folder")
    assert list(open_folder.iterdir()) == []


def test_the_records_of_somebody_else_are_read_where_that_is_allowed_and_no_more(open_folder: Path) -> None:
    result = dtp.loads("name: P\njobs: {a: {steps: [{run: echo hi; exit 1}]}}").run(directory=open_folder)
    code = """
told(lambda: [run.pipeline for run in dtp.runs(root)])
told(lambda: dtp.open_run("latest", root).status)
told(lambda: dtp.resume("latest", directory=root))
told(lambda: dtp.prune_runs(keep=0, directory=root))
"""
    assert _ordinary(open_folder, code)[:1] == ["[]"]  # a run's folder is for its owner
    for each in [result.directory, *result.directory.rglob("*")]:
        each.chmod(0o755 if each.is_dir() else 0o644)
    assert _ordinary(open_folder, code) == [
        "['P']",
        "failed",
        "the run's record can't be written: Permission denied",
        f"the run in '{result.directory}' can't be deleted: Permission denied",
    ]
    assert dtp.open_run(result.directory) == result


ROOT = os.geteuid() == 0 and shutil.which("mount") is not None


@pytest.mark.skipif(not ROOT, reason="only root mounts")
def test_a_disk_that_is_full_fails_the_run_and_what_was_recorded_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        text = f"""
name: P
jobs:
  a: {{outputs: {{n: "1"}}, steps: [{{run: echo small}}]}}
  b: {{needs: a, steps: [{{run: 'test -e {tmp_path}/ok || yes 0123456789 | head -c 3000000'}}]}}
  c: {{needs: b, steps: [{{run: echo small}}]}}
"""
        result = dtp.loads(text).run(directory=disk)
        told = "the run's record can't be written: No space left on device; free the disk and run again"
        assert (result.status, str(result.error)) == ("failed", told)
        found = dtp.open_run(result.directory)
        assert (found.jobs["a"].status, found.jobs["a"].outputs) == ("succeeded", {"n": "1"})
        assert found.jobs["a"].steps[0].log == "small\n"
        assert found.jobs["b"].steps[0].log.startswith("0123456789\n")
        for log in result.directory.glob("logs/b/*"):
            log.write_bytes(b"")
        (tmp_path / "ok").touch()
        assert dtp.resume(result).succeeded
    finally:
        subprocess.run(["umount", disk], check=True)
