"""Files that can't be read: each a located diagnostic, never a traceback."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from datatorch_pipelines.errors import PipelineSyntaxError
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.syntax import decode_text, read_pipeline, read_text_file


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(PipelineSyntaxError) as caught:
        read_text_file(path, limits) if limits else read_text_file(path)
    (diagnostic,) = caught.value.diagnostics
    return str(diagnostic).removeprefix(f"{path.parent}{os.sep}")


def test_a_text_keeps_its_line_ends_and_loses_its_byte_order_mark(tmp_path: Path) -> None:
    for encoding, mark in (
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-8", b""),
    ):
        path = tmp_path / "p.yml"
        path.write_bytes(mark + "name: é😀\r\nb: 1\r".encode(encoding))
        assert read_text_file(path) == "name: é😀\r\nb: 1\r"


def test_a_path_may_be_text(tmp_path: Path) -> None:
    (tmp_path / "p.JSON").write_text("{}")
    assert read_text_file(str(tmp_path / "p.JSON")) == "{}"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "p.yaml") == "p.yaml:1:1: error: no such file [DT102]; check the path"


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").mkdir()
    told = f"p.yaml:1:1: error: this is a directory [DT102]; name the files in it: {tmp_path / 'p.yaml'}/*.yaml"
    assert refusal(tmp_path / "p.yaml") == told


def test_a_named_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.yaml")
    assert refusal(tmp_path / "p.yaml") == "p.yaml:1:1: error: this is no regular file [DT102]; name a file"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").touch(mode=0)
    expected = "p.yaml:1:1: error: the file can't be read: Permission denied [DT102]; check its permissions"
    assert refusal(tmp_path / "p.yaml") == expected


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file" / "p.yaml").endswith(
        "no such file: a part of its path is no directory [DT102]; check the path"
    )


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("#" * 11)
    expected = "p.yaml:1:1: error: the file is larger than 10 bytes [DT110]; split it, or raise Limits.max_file_bytes"
    assert refusal(tmp_path / "p.yaml", Limits(max_file_bytes=10)) == expected
    assert read_text_file(tmp_path / "p.yaml", Limits(max_file_bytes=11)) == "#" * 11


@pytest.mark.parametrize("name", ["p.txt", "p", "yaml", "p.yaml.bak"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    expected = f"{name}:1:1: error: the file's name does not end in .yaml, .yml or .json [DT113]; rename it"
    assert refusal(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b"name: x\r\nb: \xc3\xa9\xff",
            "f:2:5: error: the byte 0xff is not UTF-8 text [DT103]; save the file as UTF-8",
        ),
        (b"caf\xe9", "f:1:4: error: the byte 0xe9 is not UTF-8 text [DT103]; save the file as UTF-8"),
        (b"\xef\xbb\xbfa\n\x80", "f:2:1: error: the byte 0x80 is not UTF-8 text [DT103]; save the file as UTF-8"),
        (
            b"\xff\xfea\x00\n\x00\x00\xd8",
            "f:2:1: error: the byte 0x00 is not UTF-16 text [DT103]; save the file as UTF-8",
        ),
        (b"a: \xed\xa0\x80", "f:1:4: error: the byte 0xed is not UTF-8 text [DT103]; save the file as UTF-8"),
    ],
)
def test_bytes_of_another_encoding_are_refused_at_their_place(data: bytes, expected: str) -> None:
    with pytest.raises(PipelineSyntaxError) as caught:
        decode_text(data, "f")
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("a: 1\nb: x\0y\n", "f.yaml", "f.yaml:2:5: error: a NUL byte is not allowed in the file [DT104]"),
        ("a: \x07", "f.yaml", "f.yaml:1:4: error: the control character U+0007 is not allowed in the file [DT104]"),
        ("a: \x9b", "f.yaml", "f.yaml:1:4: error: the control character U+009B is not allowed in the file [DT104]"),
        ("a: \ud800", "f.yaml", "f.yaml:1:4: error: the control character U+D800 is not allowed in the file [DT104]"),
        ('{"a": "\0"}', "f.json", "f.json:1:8: error: a NUL byte is not allowed in the file [DT104]"),
    ],
)
def test_a_control_character_is_refused_at_its_place(text: str, name: str, expected: str) -> None:
    pipeline, diagnostics = read_pipeline(text, name)
    assert pipeline is None
    escape = r"\u0007" if name.endswith(".json") else r"\x07"
    hint = f"remove it; in double quotes an escape such as {escape} can stand for it"
    assert [str(found) for found in diagnostics if found.code == "DT104"] == [f"{expected}; {hint}"]


def test_every_control_character_is_told_and_the_rest_is_checked() -> None:
    _, diagnostics = read_pipeline("name: 'a\0b'\njobs:\n  a:\n    steps:\n      - runn: \x07\n", "f.yaml")
    assert [f"{found.line}:{found.column} {found.code}" for found in diagnostics] == [
        "1:9 DT104",
        "5:9 DT202",
        "5:15 DT104",
    ]
    _, diagnostics = read_pipeline("name: x\n\0'jobs:\n  a: '\n", "f.yaml")
    assert [f"{found.line}:{found.column} {found.code}" for found in diagnostics] == ["2:1 DT104"]


def test_a_byte_order_mark_takes_no_column() -> None:
    _, diagnostics = read_pipeline("\ufeffnmae: x\njobs: {}\n", "f.yaml")
    assert (diagnostics[0].line, diagnostics[0].column, diagnostics[0].code) == (1, 1, "DT202")


def test_a_text_that_is_too_long_is_refused() -> None:
    _, diagnostics = read_pipeline("name: " + "x" * 100, "f.yaml", limits=Limits(max_file_bytes=50))
    assert [diagnostic.code for diagnostic in diagnostics] == ["DT110"]
