"""What stands in a stranger's action file: told at its place and where the pipeline names it, never more than that."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_repositories import ACTION_FILE, FILE, LINK, POINTER, Entry, hostile_repository

import datatorch_pipelines as dtp

PIPELINE = """\
name: P
jobs:
  j:
    steps:
      - name: S
        action: {{name: me/add, tag: v1, git: '{url}'{more}}}
"""
ALIASES = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"b%d: &b%d [%s]\n" % (n, n, b",".join([b"*b%d" % (n - 1) if n else b"*a"] * 9)) for n in range(10)
)
AT_STEP = "p.yaml:6:17: error: the action me/add@v1 has {} in its own file [DT408]; see where they are reported"


def told(root: Path, monkeypatch: pytest.MonkeyPatch, entries: list[Entry], more: str = "") -> list[str]:
    """What a check that fetches says of a pipeline with the action of a repository of these entries."""
    repository = hostile_repository(root / "add.git", entries, action_file=False)
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(root / "home"))
    monkeypatch.chdir(root)
    Path("p.yaml").write_text(PIPELINE.format(url=repository.as_uri(), more=more))
    return [str(diagnostic) for diagnostic in dtp.check("p.yaml", fetch=True)]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "1:1: error: the file is empty [DT108]"),
        (
            bytes(range(256)) * 10,
            "1:1: error: this is no text but binary data [DT103]; name a text file, or save this one as UTF-8",
        ),
        (
            b"name: x\n# " + b"x" * 50_000_000,
            "1:1: error: the file is larger than 16777216 bytes [DT110]; split it, or raise Limits.max_file_bytes",
        ),
        (b"name: " + b"[" * 100_000, "1:70: error: nested more than 64 levels deep [DT110]; nest it less"),
        (
            b"name: A\nruns: " + b"{a: " * 5_000,
            "2:259: error: nested more than 64 levels deep [DT110]; nest it less",
        ),
        (
            ALIASES,
            "7:14: error: the document holds more than 2000000 values [DT109]; each use of an alias counts whole",
        ),
        (b"name: caf\xe9\n", "1:10: error: the byte 0xe9 is not UTF-8 text [DT103]; save the file as UTF-8"),
        (
            b"- a\n",
            "1:1: error: an action file must be a mapping, not a list [DT203]; begin with name: and runs:",
        ),
        (
            b"name: A\n---\nname: B\n",
            "2:1: error: a second YAML document starts here [DT107]; keep one document in a file",
        ),
        (
            POINTER,
            "1:1: error: an action file must be a mapping, not a string [DT203]; begin with name: and runs:",
        ),
    ],
    ids=["empty", "binary", "50 MB", "deep list", "deep mapping", "aliases", "Latin-1", "list", "two", "LFS pointer"],
)
def test_an_action_file_that_can_t_be_used_is_told_in_the_action_s_name(
    root: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, text: str
) -> None:
    found = told(root, monkeypatch, [(FILE, b"action-datatorch.yaml", content)])
    assert found[0] == f"me/add@v1/action-datatorch.yaml:{text}"
    assert AT_STEP.format("1 error") in found


def test_no_tag_of_yaml_makes_an_object(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"name: !!python/object/apply:os.system ['touch evil']\nruns: {using: cmd, command: x}\n"
    found = told(root, monkeypatch, [(FILE, b"action-datatorch.yaml", content)])
    assert found[0] == (
        "me/add@v1/action-datatorch.yaml:1:7: error: unknown tag '!!python/object/apply:os.system' [DT112]; "
        "the format knows !!str, !!int, !!float, !!bool, !!null, !!map and !!seq"
    )
    assert not Path("evil").exists()


def test_of_several_action_files_the_one_that_counts_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(root, monkeypatch, [(FILE, b"action-datatorch.json", b"{}"), ACTION_FILE])
    assert found == [
        "p.yaml:6:17: warning: me/add@v1 has action-datatorch.yaml and action-datatorch.json: "
        "action-datatorch.yaml is used [DT409]"
    ]


def test_an_action_file_that_is_named_leaves_no_choice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named: Entry = (FILE, b"action-datatorch.json", b'{"name": "J", "runs": {"using": "cmd", "command": "x"}}')
    assert told(root, monkeypatch, [named, ACTION_FILE], ", file: action-datatorch.json") == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("../x.yaml", "p.yaml:6:{c}: error: '../x.yaml' is no path inside a repository [DT208]; write a relative path"),
        ("/etc/passwd", "p.yaml:6:{c}: error: '/etc/passwd' is no path inside a repository [DT208]"),
        ("a/./b", "p.yaml:6:{c}: error: 'a/./b' is no path inside a repository [DT208]"),
        ('"a\\0b"', "p.yaml:6:{c}: error: 'a\\x00b' is no path inside a repository [DT208]"),
        ("'..\\x'", "p.yaml:6:{c}: error: '..\\\\x' is no path inside a repository [DT208]"),
        ('"a\\u202eb"', "p.yaml:6:{c}: error: 'a\\u202eb' is no path inside a repository [DT208]"),
    ],
)
def test_the_file_of_an_action_object_stays_in_the_repository(
    root: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str
) -> None:
    (found,) = told(root, monkeypatch, [ACTION_FILE], f", file: {file}")
    column = Path("p.yaml").read_text().splitlines()[5].index(", file: ") + 9
    assert found.startswith(text.format(c=column))


def test_a_link_as_the_action_file_is_read_inside_the_action_only(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[Entry] = [(FILE, b"real.yaml", ACTION_FILE[2]), (LINK, b"action-datatorch.yaml", b"real.yaml")]
    assert told(root, monkeypatch, inside) == []
