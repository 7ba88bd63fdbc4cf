"""Files that are none: one line each, at the file, and the others are checked all the same."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

GOOD = "name: A\njobs: {a: {steps: [{action: acme/add}]}}\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
NO_TEXT = "[DT103]; name a text file, or save this one as UTF-8"


def told_of(path: str | Path, good: Path) -> list[str]:
    """What is told of a file when it is checked with a good one, which has a warning."""
    found = dtp.check_files([path, good])
    assert [item.code for item in found if item.file == str(good)] == ["DT401"]
    others = [item for item in found if item.file != str(good)]
    assert all(item.file == os.fspath(path) for item in others)
    lines = [str(item) for item in others]
    assert all(line.isprintable() for line in lines)
    return [line.partition(":1:1: error: ")[2] for line in lines]


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    return path


BINARIES = {
    "a PNG image": PNG,
    "a gzip archive": gzip.compress(GOOD.encode(), mtime=0),
    "a program": Path(sys.executable).resolve().read_bytes()[:100_000],
    "a JPEG image": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "a ZIP archive": b"PK\x03\x04\x14\x00",
    "a PDF document": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n",
    "UTF-32": b"\xff\xfe\x00\x00" + GOOD.encode("utf-32-le"),
}


@pytest.mark.parametrize("kind", BINARIES)
def test_a_file_of_a_known_kind_is_named(tmp_path: Path, good: Path, kind: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(BINARIES[kind])
    assert told_of(path, good) == [f"this is no text but {kind} {NO_TEXT}"]


@pytest.mark.parametrize(
    "data",
    [
        random.Random(1).randbytes(5_000),
        b"\0" * 3_000,
        b"name: A\n" + bytes(range(256)),
        GOOD.encode("utf-16-le"),
        GOOD.encode("utf-16-be"),
        b"SQLite format 3\0\x10\0\x01\x01\0",
        "name: \x00 é".encode("latin-1"),
    ],
    ids=["random", "zeros", "all bytes", "UTF-16LE", "UTF-16BE", "SQLite", "latin-1 with NUL"],
)
def test_bytes_that_are_no_text_are_called_so(tmp_path: Path, good: Path, data: bytes) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(data)
    assert told_of(path, good) == [f"this is no text but binary data {NO_TEXT}"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            "name: café\n".encode("latin-1"),
            "1:10: error: the byte 0xe9 is not UTF-8 text [DT103]; save the file as UTF-8",
        ),
        ("名前\n".encode("gb18030"), "1:1: error: the byte 0xc3 is not UTF-8 text [DT103]; save the file as UTF-8"),
        (b"name: A\n# " + b"x" * 60 + b"\0", "2:63: error: a NUL byte is not allowed in the file [DT104]"),
        (("é" * 511 + "ab名").encode() + b": x\0", "1:518: error: a NUL byte is not allowed in the file [DT104]"),
        (b"name: \x1b[31mA\n", "1:7: error: the control character U+001B is not allowed in the file [DT104]"),
    ],
    ids=["latin-1", "gb18030", "one NUL", "a sample that ends within a character", "escape sequence"],
)
def test_a_text_with_a_mistake_is_told_of_at_its_place(tmp_path: Path, data: bytes, expected: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(data)
    (found,) = [item for item in dtp.check(path) if item.code in ("DT103", "DT104")]
    assert str(found).removeprefix(f"{path}:").startswith(expected)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _long_loop(path: Path) -> None:
    (path.parent / "other").symlink_to(path.name)
    path.symlink_to("other")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file [DT102]; check the path"),
        (lambda path: path.symlink_to("no"), "this is a link to a file that does not exist [DT102]; mend the link"),
        (_loop, "this is a link that leads to itself [DT102]; mend the link"),
        (_long_loop, "this is a link that leads to itself [DT102]; mend the link"),
        (os.mkfifo, "this is no regular file [DT102]; name a file"),
        (_socket, "this is no regular file [DT102]; name a file"),
        (lambda path: path.symlink_to("/dev/zero"), "this is no regular file [DT102]; name a file"),
        (lambda path: path.symlink_to("/dev/null"), "this is no regular file [DT102]; name a file"),
        (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 100 * 2**20),
         "the file is larger than 16777216 bytes [DT110]; split it, or raise Limits.max_file_bytes"),
    ],
    ids=["missing", "broken link", "loop", "long loop", "fifo", "socket", "zero", "null", "100 MB"],
)  # fmt: skip
def test_what_is_no_file_to_read_is_told_of(
    tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "p.yaml")
    assert told_of(tmp_path / "p.yaml", good) == [message]


def test_a_directory_is_told_of(tmp_path: Path, good: Path) -> None:
    (line,) = told_of(tmp_path, good)
    assert line.startswith("this is a directory [DT102]; name ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", None),
        ("a\0b.yaml", "no file can have this name [DT102]; check the path"),
        ("a\ud800b.yaml", "no file can have this name [DT102]; check the path"),
        ("x" * 300 + ".yaml", "no such file: the name is longer than any file's [DT102]; check the path"),
        ("good.yaml/x.yaml", "no such file: a part of its path is no directory [DT102]; check the path"),
        ("a\nb.yaml", "no such file [DT102]; check the path"),
        ("\x1b[31m.yaml", "no such file [DT102]; check the path"),
        ("\udcff.yaml", "no such file [DT102]; check the path"),
    ],
    ids=["empty", "NUL", "surrogate", "long", "below a file", "newline", "escape", "no UTF-8"],
)
def test_a_name_that_leads_nowhere_is_told_of(
    tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told_of(name, good) == [message or "the name of the file is empty [DT102]; name a file"]


@pytest.mark.parametrize("name", ["a\nb.yaml", "\x1b[31m.yaml", "\udcff.yaml", "a: 1:1: error.yaml", "\u202e.yaml"])
def test_a_file_with_an_odd_name_is_checked(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(GOOD)
    (found,) = dtp.check(tmp_path / name)
    assert (found.code, found.file) == ("DT401", str(tmp_path / name))
    assert str(found).isprintable()


def test_a_path_in_bytes_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(GOOD)
    assert [item.code for item in dtp.check(os.fsencode(tmp_path / "p.yaml"))] == ["DT401"]  # type: ignore[arg-type]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux's /proc")
def test_a_file_that_breaks_off_in_reading_is_told_of(tmp_path: Path, good: Path) -> None:
    (tmp_path / "p.yaml").symlink_to("/proc/self/mem")
    assert told_of(tmp_path / "p.yaml", good) == [
        "the file can't be read: Input/output error [DT102]; check its permissions"
    ]


WITHOUT_RIGHTS = """\
import os
import datatorch_pipelines as dtp

names = ["good.yaml", "closed.yaml", "below/p.yaml"]
dtp.check_files(names)  # loads what may not be readable later
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(*dtp.check_files(names), sep="\\n")
"""


def test_what_may_not_be_read_is_told_of(tmp_path: Path, good: Path) -> None:
    (tmp_path / "closed.yaml").touch(mode=0)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "p.yaml").touch()
    (tmp_path / "below").chmod(0)
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_RIGHTS], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    (tmp_path / "below").chmod(0o700)
    denied = "1:1: error: the file can't be read: Permission denied [DT102]; check its permissions"
    assert (done.stdout.splitlines(), done.stderr) == (
        [
            f"below/p.yaml:{denied}",
            f"closed.yaml:{denied}",
            "good.yaml:2:29: warning: the action 'acme/add' has no tag: it follows the default branch [DT401]; "
            "pin it: acme/add@TAG",
        ],
        "",
    )


def test_the_command_tells_each_in_one_line_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "image.yaml").write_bytes(PNG)
    os.mkfifo(tmp_path / "pipe.yaml")
    odd = b"a\nb\xff\x1b[2J.yaml"
    (tmp_path / os.fsdecode(odd)).write_bytes(b"\xff")
    done = subprocess.run(
        [sys.executable, "-m", "datatorch_pipelines", "check", "image.yaml", "pipe.yaml", odd, "gone.yaml",
         "x" * 300 + ".yaml", "good.yaml", "--format", "json"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)["diagnostics"]
    assert [(item["file"][:12], item["code"]) for item in found] == [
        ("a\nb\udcff\x1b[2J.yam", "DT103"),
        ("gone.yaml", "DT102"),
        ("good.yaml", "DT401"),
        ("image.yaml", "DT103"),
        ("pipe.yaml", "DT102"),
        ("x" * 12, "DT102"),
    ]
    assert (done.returncode, done.stderr) == (1, b"")
    text = subprocess.run(
        [sys.executable, "-m", "datatorch_pipelines", "check", odd, "image.yaml"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    lines = text.stdout.decode().splitlines()
    assert [line for line in lines if ": error: " in line and not line.isprintable()] == []
    assert len([line for line in lines if ": error: " in line]) == 2


LAUGHS = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"b{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "filename", "limits", "expected"),
    [
        (LAUGHS, "p.yaml", dtp.Limits(), "7:10: error: the document holds more than 2000000 values [DT109]"),
        (LAUGHS, "p.yaml", dtp.Limits(max_nodes=50), "2:20: error: the document holds more than 50 values [DT109]"),
        ("[" * 100_000, "p.yaml", dtp.Limits(), "1:65: error: nested more than 64 levels deep [DT110]"),
        ("[" * 100_000, "p.json", dtp.Limits(), "1:65: error: nested more than 64 levels deep [DT110]"),
        ('{"a":' * 100_000, "p.json", dtp.Limits(max_depth=9), "1:46: error: nested more than 9 levels deep [DT110]"),
        ("- " * 100_000, "p.yaml", dtp.Limits(max_depth=9), "1:19: error: nested more than 9 levels deep [DT110]"),
        ("x" * 101, "p.yaml", dtp.Limits(max_file_bytes=100), "1:1: error: the text is longer than 100 characters"),
        (
            "name: A\njobs: {a: {steps: [{run: x, if: '" + "!" * 90_000 + "true'}]}}",
            "p.yaml",
            dtp.Limits(),
            "2:34: error: an expression of 90004 characters; at most 21000 are allowed [DT301]",
        ),
        (
            "name: A\njobs: {a: {steps: [{run: x, env: {A: '${{ event.abcdefgh }}'}}]}}",
            "p.yaml",
            dtp.Limits(max_expression_length=10),
            "2:42: error: an expression of 16 characters; at most 10 are allowed [DT301]",
        ),
        (
            f"name: A\njobs: {{a: {{steps: [{{run: x, if: '{'(' * 9_000}true'}}]}}}}",
            "p.yaml",
            dtp.Limits(),
            "2:85: error: the expression nests deeper than 50 levels [DT301]",
        ),
        (
            "name: A\njobs: {a: {steps: [{run: x, if: '(((job.id)))'}]}}",
            "p.yaml",
            dtp.Limits(max_expression_depth=2),
            "2:37: error: the expression nests deeper than 2 levels [DT301]",
        ),
    ],
    ids=["laughs", "few nodes", "YAML", "JSON", "few levels", "block", "long", "expression", "short", "nested", "flat"],
)
def test_what_passes_a_limit_is_one_error_at_its_place(
    text: str, filename: str, limits: dtp.Limits, expected: str
) -> None:
    found = dtp.check_text(text, filename=filename, limits=limits)
    assert len(found) == 1
    assert str(found[0]).removeprefix(f"{filename}:").startswith(expected)
