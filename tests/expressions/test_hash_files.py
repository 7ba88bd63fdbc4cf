"""`hash_files` against digests worked out by hand."""

import hashlib
import os
from pathlib import Path

import pytest

from datatorch_pipelines.expressions import hash_files

FILES = {
    "a.txt": "A",
    "b.py": "B",
    ".hidden.py": "H",
    "src/a.py": "SA",
    "src/b.txt": "SB",
    "src/deep/c.py": "SC",
    "src-x/d.py": "XD",
    "lib/[x].py": "L",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def digest(*texts: str) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(text.encode()).digest() for text in texts)).hexdigest()


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["a.txt"], ["a.txt"]),
        (["./a.txt"], ["a.txt"]),
        (["*.py"], [".hidden.py", "b.py"]),
        (["?.txt"], ["a.txt"]),
        (["[ab].*"], ["a.txt", "b.py"]),
        (["[!a].*"], ["b.py"]),
        (["[^a].*"], ["b.py"]),
        (["lib/[[]x].py"], ["lib/[x].py"]),
        (["**/*.py"], [".hidden.py", "b.py", "lib/[x].py", "src/a.py", "src/deep/c.py", "src-x/d.py"]),
        (["**"], [".hidden.py", "a.txt", "b.py", "lib/[x].py", "src/a.py", "src/b.txt", "src/deep/c.py", "src-x/d.py"]),
        (["src"], ["src/a.py", "src/b.txt", "src/deep/c.py"]),
        (["src/"], ["src/a.py", "src/b.txt", "src/deep/c.py"]),
        (["src/**"], ["src/a.py", "src/b.txt", "src/deep/c.py"]),
        (["src/*"], ["src/a.py", "src/b.txt", "src/deep/c.py"]),
        (["src/**/c.py"], ["src/deep/c.py"]),
        (["src/**/**/a.py"], ["src/a.py"]),
        (["**/deep"], ["src/deep/c.py"]),
        (["src/**", "!src/deep/**"], ["src/a.py", "src/b.txt"]),
        (["src/**", "!**/*.py"], ["src/b.txt"]),
        (["src/**", "!src", "src/a.py"], ["src/a.py"]),
        (["!src/**", "src/a.py"], ["src/a.py"]),
        (["src/**\n!**/*.txt\n# a comment\n\n"], ["src/a.py", "src/deep/c.py"]),
        (["b.py", "a.txt"], ["a.txt", "b.py"]),
        (["a.txt", "a.*"], ["a.txt"]),
        (["nothing/**", "*.md"], []),
        (["!a.txt"], []),
        ([""], []),
    ],
)
def test_the_digest_is_that_of_the_matched_files_in_order(
    workspace: Path, patterns: list[str], names: list[str]
) -> None:
    assert hash_files(workspace, patterns) == (digest(*(FILES[name] for name in names)) if names else "")


def test_the_place_of_the_workspace_does_not_matter(workspace: Path, tmp_path: Path) -> None:
    before = hash_files(workspace, ["**"])
    workspace.rename(tmp_path / "elsewhere")
    assert hash_files(tmp_path / "elsewhere", ["**"]) == before


def test_no_link_leads_out_of_the_directory(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("S")
    (workspace / "out.txt").symlink_to(tmp_path / "secret.txt")
    (workspace / "up").symlink_to(tmp_path)
    (workspace / "loop").symlink_to(workspace / "loop")
    (workspace / "broken").symlink_to(workspace / "nowhere")
    assert hash_files(workspace, ["*.txt"]) == digest("A")
    assert hash_files(workspace, ["up/**", "up/*.txt", "loop", "broken", "out.txt"]) == ""


def test_a_link_to_a_file_inside_counts_as_the_file(workspace: Path) -> None:
    (workspace / "z.txt").symlink_to("src/b.txt")
    assert hash_files(workspace, ["?.txt"]) == digest("A", "SB")


def test_a_pipe_is_no_file(workspace: Path) -> None:
    os.mkfifo(workspace / "c.txt")
    assert hash_files(workspace, ["*.txt"]) == digest("A")


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../x", "src/../../x", "!../x", "!/x"])
def test_a_pattern_that_leaves_the_directory_is_refused(workspace: Path, pattern: str) -> None:
    with pytest.raises(ValueError, match="a pattern has to stay in the workspace: no leading '/'"):
        hash_files(workspace, ["a.txt", pattern])


def test_a_pattern_of_many_stars_is_fast(workspace: Path) -> None:
    (workspace / ("a" * 200)).write_text("x")
    assert hash_files(workspace, ["*a" * 60 + "b", "**/" * 60 + "b"]) == ""


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        hash_files(tmp_path / "nowhere", ["*"])
