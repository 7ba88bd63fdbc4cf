"""``new_action``: what it writes works, is right, and is whole or not there."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.authoring import Kind, writing
from datatorch_pipelines.authoring.kinds import KINDS, action_files
from datatorch_pipelines.authoring.names import check_action_name

RUNS = [kind for kind in KINDS if kind != "docker"]
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
RUNNABLE = [pytest.param(kind, marks=needs_node) if kind == "node" else kind for kind in RUNS]
FILES = {
    "python": ["count_words.py"],
    "node": ["count-words.js"],
    "cmd": [],
    "docker": ["Dockerfile", "entrypoint.sh"],
}
TEXTS = {"the quick brown fox": 2, "": 0, "  \n\tlonger   words\nhere ": 3, "it's \"$HOME\" `id` %s \\n '": 3}


def _whole(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_kinds_are_those_of_the_type() -> None:
    assert get_args(Kind) == KINDS


@pytest.mark.parametrize("using", KINDS)
def test_what_is_written_checks_clean(using: Kind, tmp_path: Path) -> None:
    folder = dtp.new_action(tmp_path / "count-words", using=using)
    assert folder == tmp_path / "count-words"
    assert _whole(folder) == sorted([".gitignore", "README.md", "action-datatorch.yaml", "example.yaml", *FILES[using]])
    assert dtp.check_files([folder / "action-datatorch.yaml", folder / "example.yaml"]) == []
    action = dtp.load_action(folder)
    assert (action.name, action.runs.using) == ("count-words", using)
    assert all(
        declared.type and declared.description for declared in (*action.inputs.values(), *action.outputs.values())
    )
    assert _whole(tmp_path) == ["count-words"]


@pytest.mark.parametrize("using", RUNNABLE)
def test_what_is_written_works_alone_and_in_its_example(using: Kind, tmp_path: Path) -> None:
    folder = dtp.new_action(tmp_path / "a", using=using)
    for text, words in TEXTS.items():
        result = dtp.run_action(folder, {"text": text, "shortest": 4}).raise_for_status()
        assert (result.outputs, result.stderr, result.diagnostics) == ({"words": words}, "", ())
        assert result.stdout.splitlines()[0] == f"words of 4 or more characters: {words}"
    assert dtp.run_action(folder, {"text": "a bc"}).outputs == {"words": 2}
    run = dtp.run(folder / "example.yaml")
    assert (run.succeeded, run.diagnostics) == (True, ())
    assert run.jobs["count"].step("Count words").outputs == {"words": 2}


def test_the_program_of_a_container_works_by_hand(tmp_path: Path) -> None:
    folder = dtp.new_action(tmp_path / "a", using="docker")
    for text, words in TEXTS.items():
        done = subprocess.run(
            [folder / "entrypoint.sh"],
            env={"PATH": os.environ["PATH"], "INPUT_TEXT": text, "INPUT_SHORTEST": "4"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"words of 4 or more characters: {words}\n::words::{words}\n"
        assert done.stderr == ""
    assert "COPY entrypoint.sh " in (folder / "Dockerfile").read_text()


@pytest.mark.parametrize("using", KINDS)
def test_the_readme_s_commands_are_for_this_action(using: Kind, tmp_path: Path) -> None:
    readme = (dtp.new_action(tmp_path / "Crop *it* <b>", using=using) / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# Crop \\*it\\* \\<b\\>\n")
    assert ("docker build -t crop-it-b ." in readme) == (using == "docker")
    assert "actions run ." in readme
    assert not [word for word in ("TITLE", "PROGRAM", "IMAGE ") if word in readme]
    assert not any(line.endswith(" ") for line in readme.splitlines())


NAMES = st.text(max_size=40) | st.sampled_from(
    ["yes", "null", "~", "1e3", "0x1f", "on", "2020-01-01", "a: b", "a #b", '"', "'", "$(id)", "&a", "*a", "!a", "{a}"]
)


def _accepts(name: str) -> bool:
    try:
        return check_action_name(name) == name
    except dtp.PipelinesError:
        return False


@settings(max_examples=40)
@given(name=NAMES.filter(_accepts), using=st.sampled_from(KINDS))
@example(name="%TAG", using="cmd")
@example(name="\U0001f600" * 40, using="python")
def test_an_accepted_name_is_the_action_s_to_the_character(
    tmp_path_factory: pytest.TempPathFactory, name: str, using: Kind
) -> None:
    folder = tmp_path_factory.mktemp("named")
    for file, text in action_files(name, using).items():
        (folder / file).write_text(text, encoding="utf-8")
    assert dtp.load_action(folder).name == name
    assert dtp.load(folder / "example.yaml").name == f"Try {name}"
    assert dtp.check_files([folder / "action-datatorch.yaml", folder / "example.yaml"]) == []


@pytest.mark.parametrize(
    "name", ["yes", "null", "1e3", "a: b", '"', "$(id)", "\U0001f600", "two words", "数据", "it's"]
)
def test_an_accepted_name_is_its_folder_s_too(tmp_path: Path, name: str) -> None:
    folder = dtp.new_action(tmp_path / name)
    assert dtp.load_action(folder).name == name
    assert dtp.run(folder / "example.yaml").pipeline == f"Try {name}"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "'' is no name for an action: it is empty"),
        ("../x", "'../x' is no name for an action: it begins with '.'"),
        ("a/b", "'a/b' is no name for an action: it holds '/'"),
        ("a\\b", "'a\\\\b' is no name for an action: it holds '\\\\'"),
        ("-x", "'-x' is no name for an action: it begins with '-'"),
        (".hidden", "'.hidden' is no name for an action: it begins with '.'"),
        (" x", "' x' is no name for an action: it begins or ends with a space"),
        ("a\nb", "'a\\nb' is no name for an action: it holds a character that does not show"),
        ("a\0b", "'a\\x00b' is no name for an action: it holds a character that does not show"),
        ("\ud800", "'\\ud800' is no name for an action: it holds a character that does not show"),
        ("\u202ex", "'\\u202ex' is no name for an action: it holds a character that does not show"),
        ("a ${{ b }}", "'a ${{ b }}' is no name for an action: it holds an expression"),
        ("x" * 300, f"'{'x' * 57}...' is no name for an action: it has 300 characters, and at most 40 are allowed"),
    ],
)
def test_a_name_that_no_action_may_have_is_refused(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(dtp.PipelinesError) as caught:
        dtp.new_action(tmp_path / "folder", name=name)
    assert str(caught.value) == f"{why}; use letters, digits, spaces, '-', '_' and '.', such as resize-images"
    assert _whole(tmp_path) == []


def test_a_kind_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(dtp.PipelinesError) as caught:
        dtp.new_action(tmp_path / "a", using="ruby")  # type: ignore[arg-type]
    assert str(caught.value) == "no action is written that runs using 'ruby'; use python, node, cmd or docker"


def test_what_is_there_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("full").mkdir()
    Path("full/.hidden").write_text("mine")
    Path("file").write_text("mine")
    Path("broken").symlink_to("gone")
    taken = {
        "full": "the folder 'full' exists already, and is not empty; choose another name: nothing is overwritten",
        "file": "'file' exists already, and is no folder; choose another name",
        "broken": "'broken' exists already, and is no folder; choose another name",
        "no/where": "there is no folder 'no' to put 'where' in; make it first, or name another place",
        "file/x": "there is no folder 'file' to put 'x' in; make it first, or name another place",
    }
    for name, message in taken.items():
        with pytest.raises(dtp.PipelinesError) as caught:
            dtp.new_action(name)
        assert str(caught.value) == message
    assert _whole(tmp_path) == ["broken", "file", "full"]
    assert (Path("full/.hidden").read_text(), Path("file").read_text(), _whole(Path("full"))) == (
        "mine",
        "mine",
        [".hidden"],
    )


def test_an_empty_folder_is_filled_but_not_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    assert (dtp.new_action(tmp_path / "link", name="a") / "README.md").is_file()
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(dtp.PipelinesError, match="the current folder can't be replaced; name a folder in it"):
        dtp.new_action(".")
    assert _whole(tmp_path) == ["empty", "here", "link"]


def test_a_folder_and_its_files_have_the_usual_rights(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        folder = dtp.new_action(tmp_path / "a", using="docker")
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE((folder / name).stat().st_mode) for name in (".", "README.md", "entrypoint.sh")}
    assert modes == {".": 0o750, "README.md": 0o640, "entrypoint.sh": 0o750}


def test_a_long_name_that_the_disk_has_no_room_for_is_told(tmp_path: Path) -> None:
    with pytest.raises(dtp.PipelinesError, match="can't be written: File name too long; choose a shorter name"):
        dtp.new_action(tmp_path / ("x" * 300), name="x")
    assert _whole(tmp_path) == []


@pytest.mark.parametrize("files", range(5))
def test_what_can_t_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int) -> None:
    done: list[int] = []

    def full(descriptor: int) -> None:  # stands for a disk that is full after so many files
        if len(done) == files:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done.append(descriptor)

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(dtp.PipelinesError, match="can't be written: No space left on device"):
        dtp.new_action(tmp_path / "a")
    assert _whole(tmp_path) == []


def test_of_several_at_once_one_writes_and_the_others_are_told(tmp_path: Path) -> None:
    told: list[str] = []
    start = threading.Barrier(8)

    def write(using: Kind) -> None:
        start.wait()
        try:
            dtp.new_action(tmp_path / "a", using=using)
        except dtp.PipelinesError as error:
            told.append(str(error))

    threads = [threading.Thread(target=write, args=(kind,)) for kind in (*KINDS, *KINDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 7
    assert all("nothing is overwritten" in message for message in told), told
    using = dtp.load_action(tmp_path / "a").runs.using
    assert len(_whole(tmp_path / "a")) == 4 + len(FILES[using])
    assert _whole(tmp_path) == ["a"]


KILLED = """\
import os, signal, sys
from datatorch_pipelines.authoring import writing

left = int(sys.argv[1])
fsync = os.fsync


def counted(descriptor):
    global left
    fsync(descriptor)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


os.fsync = counted
writing.write_action("a", None, "python")
"""


@pytest.mark.parametrize(("instant", "is_there"), [(2, False), (6, False), (7, True)])
def test_killed_at_any_instant_there_is_the_whole_folder_or_none(tmp_path: Path, instant: int, is_there: bool) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(instant)], cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "a").exists() == is_there
    if not is_there:
        assert all(path.name.startswith(".new-action.") for path in tmp_path.iterdir())
        dtp.new_action(tmp_path / "a")
    assert len(_whole(tmp_path / "a")) == 5
    assert dtp.check_files([tmp_path / "a" / "action-datatorch.yaml", tmp_path / "a" / "example.yaml"]) == []
