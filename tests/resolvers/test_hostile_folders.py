"""Folders of this machine in which something other than files lies: nothing waits for it, nothing is read of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, ActionRefused, ResolveError, StoreError
from datatorch_pipelines.resolvers import LocalResolver

Resolve = Callable[..., ResolvedAction]
ACTION = "name: Add\nruns: {using: cmd, command: 'true'}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder ``./add`` of a pipeline in ``tmp_path``, without an action file."""
    path = tmp_path / "add"
    path.mkdir()
    return path


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    # The name of a socket may only be short.
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(path.parent, os.O_RDONLY)
        try:
            server.bind(f"/proc/self/fd/{here}/{path.name}")
        finally:
            os.close(here)


@pytest.mark.parametrize("make", [make_pipe, make_socket])
@pytest.mark.parametrize("file", [None, "other.yaml"])
def test_an_action_file_that_is_a_pipe_or_socket_is_refused_without_being_opened(
    folder: Path, resolve: Resolve, make: Callable[[Path], None], file: str | None
) -> None:
    name = file or "action-datatorch.yaml"
    make(folder / name)
    reference = "./add" if file is None else {"name": "local/add", "tag": "v1", "file": file}
    if file is not None:
        (folder.parent / "root" / "add").mkdir(parents=True)
        (folder.parent / "root" / "add" / "v1").symlink_to(folder)
    shown = "./add" if file is None else "local/add@v1"
    with pytest.raises(ResolveError) as caught:
        resolve(LocalResolver(), reference, base=folder.parent, local_actions=[folder.parent / "root"])
    assert caught.value.message == f"{name} of {shown} is neither a file nor a folder"
    assert caught.value.hint == "an action's file is a text file"


@pytest.mark.parametrize("make", [make_pipe, make_socket])
def test_a_pipe_or_socket_beside_the_action_file_holds_nothing_up(
    folder: Path, resolve: Resolve, make: Callable[[Path], None]
) -> None:
    (folder / "action-datatorch.yaml").write_text(ACTION)
    before = resolve(LocalResolver(), "./add", base=folder.parent)
    make(folder / "extra")
    after = resolve(LocalResolver(), "./add", base=folder.parent)
    assert before.digest != after.digest


def test_a_pipeline_runs_an_action_beside_a_pipe(folder: Path) -> None:
    (folder / "action-datatorch.yaml").write_text(ACTION)
    make_pipe(folder / "pipe")
    (folder.parent / "p.yaml").write_text("name: P\njobs: {j: {steps: [{name: S, action: ./add}]}}\n")
    result = dtp.load(folder.parent / "p.yaml").run(directory=folder.parent / "record")
    assert result.status is dtp.Status.SUCCEEDED


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("nowhere", "action-datatorch.yaml of ./add is a link that leads nowhere"),
        ("action-datatorch.yaml", "action-datatorch.yaml of ./add is a link that leads in a circle"),
        ("/dev/zero", "action-datatorch.yaml of ./add is neither a file nor a folder"),
        ("/proc/self", "action-datatorch.yaml of ./add is a folder, not a file"),
    ],
)
def test_an_action_file_that_is_a_link_to_none_is_refused(
    folder: Path, resolve: Resolve, target: str, text: str
) -> None:
    (folder / "action-datatorch.yaml").symlink_to(target)
    with pytest.raises(ResolveError) as caught:
        resolve(LocalResolver(), "./add", base=folder.parent)
    assert caught.value.message == text


def test_links_out_of_one_s_own_folder_are_one_s_own_and_count_by_where_they_lead(
    folder: Path, resolve: Resolve
) -> None:
    (folder.parent / "elsewhere.yaml").write_text(ACTION)
    (folder / "action-datatorch.yaml").symlink_to("../elsewhere.yaml")
    (folder / "device").symlink_to("/dev/zero")
    first = resolve(LocalResolver(), "./add", base=folder.parent)
    (folder / "device").unlink()
    (folder / "device").symlink_to("/dev/null")
    assert resolve(LocalResolver(), "./add", base=folder.parent).digest != first.digest


def test_the_file_of_an_action_object_must_not_be_a_link_out_of_the_action(tmp_path: Path, resolve: Resolve) -> None:
    folder = tmp_path / "add" / "v1"
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere.yaml").write_text(ACTION)
    (folder / "own.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    with pytest.raises(ActionRefused) as caught:
        resolve(LocalResolver(), {"name": "local/add", "tag": "v1", "file": "own.yaml"}, local_actions=[tmp_path])
    assert caught.value.message == "own.yaml of local/add@v1 leads out of the action's folder"


UNREADABLE = """
import asyncio, json, os, sys
from pathlib import Path
from datatorch_pipelines import ActionReference
from datatorch_pipelines.contracts.resolver import ResolveContext
from datatorch_pipelines.resolvers import LocalResolver
base = Path(sys.argv[1])
def resolve(name):
    asyncio.run(LocalResolver().resolve(ActionReference.parse(name), ResolveContext(base=base)))
resolve("./fine")  # what has to be imported is, as long as that can be
if os.getuid() == 0:
    os.setuid(65534)
try:
    resolve("./add")
except Exception as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.mark.parametrize("locked", ["add/lo\x1bcked.txt", "add/locked", "."])
def test_what_can_t_be_read_is_named(locked: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "base"
        for folder in (base / "fine", base / "add"):
            folder.mkdir(parents=True)
            (folder / "action-datatorch.yaml").write_text(ACTION)
        path = base / locked
        if path.suffix:
            path.write_text("x")
        else:
            path.mkdir(exist_ok=True)
        Path(name).chmod(0o755)
        path.chmod(0)
        done = subprocess.run([sys.executable, "-c", UNREADABLE, str(base)], capture_output=True, text=True)
        path.chmod(0o755)
    assert done.stderr == ""
    shown = base / "add" if locked == "." else path
    assert json.loads(done.stdout) == ["StoreError", f"./add: {str(shown)!a} can't be read: Permission denied"]


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("./" + "x" * 300, f"./{'x' * 300}: a folder's name is not that long"),
        ({"name": "local/x", "tag": "/".join(["x"] * 120)}, "local/x@x/x/x/x/x"),
    ],
)
def test_a_name_that_no_folder_can_have_is_not_found(
    tmp_path: Path, resolve: Resolve, action: str | dict[str, object], text: str
) -> None:
    with pytest.raises(ActionNotFound) as caught:
        resolve(LocalResolver(), action, base=tmp_path, local_actions=[tmp_path])
    assert caught.value.message.startswith(text)


def test_folders_that_nest_very_deep_end_in_an_answer(folder: Path, resolve: Resolve) -> None:
    (folder / "action-datatorch.yaml").write_text(ACTION)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    try:
        assert resolve(LocalResolver(), "./add", base=folder.parent, only_definition=True).digest == ""
        if sys.version_info >= (3, 12):
            assert resolve(LocalResolver(), "./add", base=folder.parent).digest
        else:
            with pytest.raises(StoreError) as caught:
                resolve(LocalResolver(), "./add", base=folder.parent)
            assert caught.value.message == f"./add: the folders in {str(folder)!a} nest too deep to be read"
    finally:
        # pytest would go too deep to delete it.
        subprocess.run(["rm", "-rf", folder / "d"], check=True)


def test_a_check_looks_at_nothing_but_the_action_s_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "action-datatorch.yaml").write_text(ACTION)
    (folder / "data").mkdir()
    make_pipe(folder / "data" / "pipe")
    looked: list[str] = []
    monkeypatch.setattr("os.scandir", lambda path: looked.append(str(path)))
    (folder.parent / "p.yaml").write_text("name: P\njobs: {j: {steps: [{name: S, action: ./add}]}}\n")
    report = dtp.check(folder.parent / "p.yaml")
    assert [diagnostic.message for diagnostic in report] == []
    assert looked == []
