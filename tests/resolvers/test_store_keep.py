"""What resolvers of other packages put into the store: written by a stranger, held to what a repository is held to."""

from __future__ import annotations

import errno
import io
import json
import os
import socket
import stat
import tarfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.errors import ActionRefused, StoreError
from datatorch_pipelines.resolvers import Cancellation, Store, StoreLimits
from datatorch_pipelines.resolvers.cancellation import Cancelled

SOURCE = "https://example.org/add.zip"


def an_action(folder: Path) -> None:
    assert list(folder.iterdir()) == []
    (folder / "action-datatorch.yaml").write_text("name: Add\n")
    (folder / "bin").mkdir(mode=0o700)
    (folder / "bin" / "add").write_text("#!/bin/sh\n")
    (folder / "bin" / "add").chmod(0o6755)
    (folder / "link").symlink_to("bin/../bin/add")
    (folder / "later").symlink_to("not/there")
    (folder / "bin" / "__pycache__").mkdir()
    (folder / "bin" / "__pycache__" / "add.pyc").write_text("hidden")


def never(folder: Path) -> None:
    raise AssertionError("it is there")


def nothing_left(store: Store) -> bool:
    return not any((store.root / "entries").iterdir()) and not any((store.root / "temp").iterdir())


def test_what_was_written_once_is_kept_as_an_entry(store: Store) -> None:
    entry = store.keep(SOURCE, "1.0", an_action)
    assert (entry.commit, entry.url, entry.digest) == ("1.0", SOURCE, tree_digest(entry.directory))
    modes = {
        each.relative_to(entry.directory).as_posix(): stat.S_IMODE(each.lstat().st_mode)
        for each in entry.directory.rglob("*")
        if not each.is_symlink()
    }
    assert modes == {"action-datatorch.yaml": 0o444, "bin": 0o755, "bin/add": 0o555}
    assert store.keep(SOURCE, "1.0", never).directory == entry.directory
    assert Store(store.root).keep(SOURCE, "1.0", never).digest == entry.digest
    (listed,) = store.entries()
    assert (listed.url, listed.commit, listed.refs, listed.files) == (SOURCE, "1.0", (), 4)
    assert (listed.in_use, Store(store.root).prune(older_than=timedelta(0)), store.verify()) == (True, [], [])


def test_versions_and_sources_have_entries_of_their_own(store: Store) -> None:
    def write(text: str) -> Callable[[Path], None]:
        return lambda folder: (folder / "a").write_text(text) and None

    kept = {
        (source, version): store.keep(source, version, write(source + version))
        for source in (SOURCE, "https://example.org/sub.zip", "s3 bucket/x")
        for version in ("1.0", "2.0", "ä/../..", "a" * 40, "x" * 5000)
    }
    for (source, version), entry in kept.items():
        assert (entry.directory / "a").read_text() == source + version
        assert store.keep(source, version, never).directory == entry.directory
    assert len(store.entries()) == len(kept) == 15
    assert store.verify() == []


@pytest.mark.parametrize("place", ["same store", "another store"])
def test_what_was_changed_is_made_anew(store: Store, place: str) -> None:
    entry = store.keep(SOURCE, "1.0", an_action)
    (entry.directory / "more").write_text("")
    again = (store if place == "same store" else Store(store.root)).keep(SOURCE, "1.0", an_action)
    assert again.digest == entry.digest == tree_digest(entry.directory)


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyboardInterrupt(), ConnectionResetError(104, "reset"), Cancelled()]
)
def test_what_raises_leaves_nothing(store: Store, error: BaseException) -> None:
    def write(folder: Path) -> None:
        an_action(folder)
        raise error

    with pytest.raises(type(error)) as caught:
        store.keep(SOURCE, "1.0", write)
    assert caught.value is error
    assert nothing_left(store)
    store.keep(SOURCE, "1.0", an_action)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_as_the_store_s(store: Store, number: int) -> None:
    def write(folder: Path) -> None:
        an_action(folder)
        raise OSError(number, os.strerror(number))

    with pytest.raises(StoreError) as caught:
        store.keep(SOURCE, "1.0", write)
    assert str(caught.value) == (
        f"the action store at {store.root} can't be used: {os.strerror(number)}; make room on the disk"
    )
    assert nothing_left(store)


def a_socket(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("socket")
    finally:
        os.chdir(here)


def hard_link(folder: Path) -> None:
    outside = folder.parent.parent / "outside"
    outside.write_text("")
    os.link(outside, folder / "inside")


def through_a_link(folder: Path) -> None:
    (folder / "up").symlink_to(".")
    (folder / "out").symlink_to("up/../x")


def a_circle(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")


def deep(folder: Path) -> None:
    (folder / "/".join("d" * 70)).mkdir(parents=True)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (lambda folder: os.mkfifo(folder / "pipe"), "'pipe' is neither file nor folder (mode 10644)"),
    "socket": (a_socket, "'socket' is neither file nor folder (mode 140755)"),
    "link out": (lambda folder: (folder / "x").symlink_to("../../y"), "the symbolic link 'x' leads out of the action"),
    "link away": (lambda folder: (folder / "x").symlink_to("/etc"), "the symbolic link 'x' leads out of the action"),
    "link to itself": (
        lambda folder: (folder / "x").symlink_to(folder / "y"),
        "the symbolic link 'x' leads out of the action",
    ),
    "link through a link": (through_a_link, "the symbolic link 'out' leads out of the action"),
    "circle": (a_circle, "the symbolic link 'a' leads in a circle"),
    "git": (lambda folder: (folder / ".GIT").mkdir(), "the file name '.GIT' is not allowed"),
    "device": (lambda folder: (folder / "nul.txt").write_text(""), "the file name 'nul.txt' is not allowed"),
    "escape": (lambda folder: (folder / "\x1b[31m").write_text(""), "the file name '\\x1b[31m' is not allowed"),
    "twins": (
        lambda folder: [(folder / name).write_text("") for name in ("A", "a")],
        "the names 'A' and 'a' are one file on some file systems",
    ),
    "hard link": (hard_link, "'inside' is a hard link to a file that is elsewhere"),
    "too many": (
        lambda folder: [(folder / str(number)).write_text("") for number in range(11)],
        "it has more than 10 files, folders and links; StoreLimits(max_entries=...) of the resolver allows more",
    ),
    "too large": (
        lambda folder: (folder / "large").write_bytes(b"x" * 2000),
        "'large' is larger than the 1000 bytes allowed for a file; "
        "StoreLimits(max_file_bytes=...) of the resolver allows more",
    ),
    "large together": (
        lambda folder: [(folder / name).write_bytes(b"x" * 900) for name in "abc"],
        "its files are larger than the 2000 bytes allowed; StoreLimits(max_tree_bytes=...) of the resolver allows more",
    ),
    "deep": (deep, "its folders nest deeper than 8; StoreLimits(max_depth=...) of the resolver allows more"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_safe_is_refused_and_leaves_nothing(store: Store, kind: str) -> None:
    write, problem = REFUSED[kind]
    limits = StoreLimits(max_entries=10, max_file_bytes=1000, max_tree_bytes=2000, max_depth=8)
    with pytest.raises(ActionRefused) as caught:
        store.keep(SOURCE, "1.0", lambda folder: write(folder) and None, limits=limits)
    assert str(caught.value).startswith(f"{SOURCE} 1.0: {problem}")
    assert "\n" not in str(caught.value)
    assert nothing_left(store)


def test_a_folder_that_was_replaced_is_refused(store: Store, tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        folder.rmdir()
        folder.symlink_to(tmp_path)

    with pytest.raises(ActionRefused, match="what was written is no folder"):
        store.keep(SOURCE, "1.0", write)
    assert tmp_path.exists()


def test_hard_links_within_are_files(store: Store) -> None:
    def write(folder: Path) -> None:
        (folder / "a").write_text("a")
        os.link(folder / "a", folder / "b")

    assert tree_digest(store.keep(SOURCE, "1.0", write).directory) == store.entries()[0].digest


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes files of others")
def test_files_of_another_user_become_ours(store: Store) -> None:
    def write(folder: Path) -> None:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            member = tarfile.TarInfo("a")
            member.uid = 12345
            archive.addfile(member)
        data.seek(0)
        with tarfile.open(fileobj=data) as archive:
            archive.extractall(folder, filter="fully_trusted")
        os.chown(folder, 12345, 12345)

    entry = store.keep(SOURCE, "1.0", write)
    assert {each.stat().st_uid for each in (entry.directory, entry.directory / "a")} == {0}


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("https://me:secret@example.org/a", "1"),
        ("https://token@example.org/a", "1"),
        ("", "1"),
        ("a", ""),
        ("a\nb", "1"),
    ],
)
def test_a_source_with_a_password_or_a_line_end_is_a_mistake_of_the_caller(
    store: Store, source: str, version: str
) -> None:
    with pytest.raises(ValueError, match="a source") as caught:
        store.keep(source, version, an_action)
    assert "secret" not in str(caught.value)
    assert not store.root.exists()


def test_threads_and_stores_at_once_write_once(store: Store) -> None:
    written: list[Path] = []

    def write(folder: Path) -> None:
        written.append(folder)
        an_action(folder)

    def each(number: int) -> str:
        return (store if number % 2 else Store(store.root)).keep(SOURCE, "1.0", write).digest

    with ThreadPoolExecutor(8) as pool:
        assert len({*pool.map(each, range(8))}) == 1
    assert len(written) == 1


def test_who_waits_for_another_can_be_cancelled(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def write(folder: Path) -> None:
        begun.set()
        go_on.wait()

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(store.keep, SOURCE, "1.0", write)
        begun.wait()
        cancellation = Cancellation()
        waiting = pool.submit(store.keep, SOURCE, "1.0", never, cancellation=cancellation)
        cancellation.cancel()
        with pytest.raises(Cancelled):
            waiting.result()
        go_on.set()
        assert slow.result().commit == "1.0"


def test_cancelling_while_it_is_written_leaves_nothing(store: Store) -> None:
    cancellation = Cancellation()
    with pytest.raises(Cancelled):
        store.keep(SOURCE, "1.0", lambda _: cancellation.cancel(), cancellation=cancellation)
    assert nothing_left(store)


def test_the_mark_holds_what_was_said(store: Store) -> None:
    entry = store.keep("a folder", "ä", an_action)
    mark = json.loads((entry.directory.parent / "entry.json").read_bytes())
    assert (mark["url"], mark["commit"], mark["version"]) == ("a folder", "ä", 2)
