"""A file is replaced whole, byte for byte but for the fix, or stays as it is."""

from __future__ import annotations

import codecs
import errno
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

WRONG = "# ours\r\nname: Ä\r\njobs:\n  a: {stesp: [{run: echo}]}   # 数据\r\n"
RIGHT = WRONG.replace("stesp", "steps")
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_the_encoding_and_its_mark_stay(write: Write, mark: bytes, encoding: str) -> None:
    path = write("p.yaml", mark + WRONG.encode(encoding))
    assert dtp.fix(path).write()
    assert path.read_bytes() == mark + RIGHT.encode(encoding)


def test_the_patch_of_a_file_with_a_mark_has_it_too(write: Write, tmp_path: Path) -> None:
    path = write("p.yaml", codecs.BOM_UTF8 + b"jobs: {a: {steps: [{run: x}]}}\n")
    patch = dtp.fix(path).diff().replace(str(path), path.name)
    subprocess.run(["git", "apply", "-p0"], cwd=tmp_path, input=patch.encode(), check=True)
    assert path.read_bytes() == codecs.BOM_UTF8 + b"name: p\njobs: {a: {steps: [{run: x}]}}\n"


def test_the_mode_stays(write: Write) -> None:
    path = write("p.yaml", WRONG)
    path.chmod(0o676)
    dtp.fix(path).write()
    assert stat.S_IMODE(path.stat().st_mode) == 0o676


def test_a_link_stays_one_and_its_file_is_replaced(write: Write, tmp_path: Path) -> None:
    target = write("real.yaml", WRONG)
    link = tmp_path / "p.yaml"
    link.symlink_to(target.name)
    dtp.fix(link).write()
    assert link.is_symlink()
    assert target.read_bytes() == RIGHT.encode()


def test_nothing_is_written_where_nothing_is_to_be_fixed(write: Write) -> None:
    path = write("p.yaml", RIGHT)
    before = path.stat()
    assert not dtp.fix(path).write()
    assert path.stat() == before


def test_a_file_that_was_changed_in_the_meantime_is_left_alone(write: Write) -> None:
    path = write("p.yaml", WRONG)
    fixed = dtp.fix(path)
    path.write_text("name: other\n")
    with pytest.raises(dtp.PipelinesError) as caught:
        fixed.write()
    assert str(caught.value) == f"{path}:1:1: the file has changed in the meantime; try again"
    assert path.read_text() == "name: other\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_gone_is_not_made_again(write: Write) -> None:
    path = write("p.yaml", WRONG)
    fixed = dtp.fix(path)
    path.unlink()
    with pytest.raises(dtp.PipelinesError, match=r"the file can't be written: No such file or directory"):
        fixed.write()
    assert not path.exists()


def test_a_read_only_file_is_left_alone(write: Write) -> None:
    path = write("p.yaml", WRONG)
    path.chmod(0o444)
    with pytest.raises(dtp.PipelinesError) as caught:
        dtp.fix(path).write()
    assert str(caught.value) == f"{path}:1:1: the file is read-only; make it writable"
    assert path.read_bytes() == WRONG.encode()


def test_a_full_disk_leaves_the_file_as_it_was(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("p.yaml", WRONG)
    fixed = dtp.fix(path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(dtp.PipelinesError) as caught:
        fixed.write()
    assert str(caught.value) == f"{path}:1:1: the file can't be written: No space left on device; it is as it was"
    assert path.read_bytes() == WRONG.encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_text_that_is_in_no_file_is_not_written() -> None:
    with pytest.raises(dtp.PipelinesError, match="a text that was read from no file can't be written"):
        dtp.fix_text(WRONG).write()


def test_a_file_that_can_t_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(dtp.PipelineSyntaxError, match="no such file"):
        dtp.fix(tmp_path / "none.yaml")
