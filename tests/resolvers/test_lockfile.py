"""Lock files as texts: written the same for the same actions, read with everything wrong at its place."""

from __future__ import annotations

import os
import random
import textwrap
import threading
from pathlib import Path

import pytest
from attrs import fields
from hypothesis import given, settings
from hypothesis import strategies as st

import datatorch_pipelines as dtp
from datatorch_pipelines.errors import ModelError
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model import ActionReference
from datatorch_pipelines.resolvers import Lock, LockChanges, LockedAction, LockUpdate, read_lock
from datatorch_pipelines.resolvers.lock_reading import parse_lock
from datatorch_pipelines.resolvers.lock_writing import write_lock
from datatorch_pipelines.resolvers.lockfile import (
    WRONG,
    compare,
    lock_command,
    lock_path,
    without_credentials,
)

COMMIT, OTHER = "12ab" * 10, "34cd" * 10
DIGEST = "9f" * 32
ADD = LockedAction(
    reference="me/add@v1", kind="tag", url="https://example.org/me/add.git", commit=COMMIT, digest=DIGEST
)
LOCAL = LockedAction(reference="local/resize@v1", digest=DIGEST)

TEXT = f"""\
{{
  "version": 1,
  "actions": [
    {{
      "reference": "local/resize@v1",
      "digest": "{DIGEST}"
    }},
    {{
      "reference": "me/add@v1",
      "kind": "tag",
      "url": "https://example.org/me/add.git",
      "commit": "{COMMIT}",
      "digest": "{DIGEST}"
    }}
  ]
}}
"""

names = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
urls = names.map(lambda name: without_credentials(f"https://example.org/{name}"))
commits = st.text("0123456789abcdef", min_size=40, max_size=40)
in_git = st.builds(
    LockedAction,
    reference=names,
    git=st.none() | urls,
    file=st.none() | names,
    kind=st.sampled_from(["tag", "branch", "default", "commit"]),
    url=urls,
    commit=commits,
    digest=commits,
)
in_folders = st.builds(LockedAction, reference=names, digest=commits)
actions = st.lists(in_git | in_folders, unique_by=lambda action: action.key, max_size=6)


@settings(max_examples=40)
@given(actions, st.randoms(use_true_random=False))
def test_a_lock_reads_back_equal_and_no_order_changes_its_bytes(
    found: list[LockedAction], order: random.Random
) -> None:
    lock = Lock(actions=found)
    assert parse_lock(lock.to_json(), "p.yaml.lock") == lock
    mixed = list(found)
    order.shuffle(mixed)
    assert Lock(actions=mixed).to_json() == lock.to_json()


@settings(max_examples=40)
@given(actions, actions)
def test_changes_lead_from_one_lock_to_the_other(before: list[LockedAction], after: list[LockedAction]) -> None:
    changes = compare(before, after)
    kept, added, removed = set(changes.kept), set(changes.added), set(changes.removed)
    old, new = {update.before for update in changes.updated}, {update.after for update in changes.updated}
    assert kept | added | new == set(after)
    assert kept | removed | old == set(before)
    assert bool(changes) == (set(before) != set(after))


def test_the_text_of_a_lock_is_this() -> None:
    assert Lock(actions=[ADD, LOCAL]).to_json() == TEXT
    assert parse_lock(TEXT, "p.yaml.lock").actions == (LOCAL, ADD)


def test_the_file_holds_every_field_of_an_action() -> None:
    assert tuple(WRONG) == tuple(item.name for item in fields(LockedAction))


def test_an_action_is_found_by_its_text_its_url_without_credentials_and_its_file() -> None:
    url = "https://example.org/add.git"
    by_url = LockedAction(reference="me/add@v1", git=url, kind="tag", url=url, commit=OTHER, digest=DIGEST)
    by_file = LockedAction(reference="me/add@v1", file="b.yaml", kind="tag", url=url, commit=OTHER, digest=DIGEST)
    lock = Lock(actions=[ADD, by_url, by_file])
    assert lock.find(ActionReference.parse("me/add@v1")) == ADD
    named = {"name": "me/add", "tag": "v1", "git": "https://me:secret@example.org/add.git"}
    assert lock.find(ActionReference.parse(named)) == by_url
    assert lock.find(ActionReference.parse({"name": "me/add", "tag": "v1", "file": "b.yaml"})) == by_file
    assert lock.find(ActionReference.parse("me/add@v2")) is None
    assert lock.find(ActionReference.parse("me/add")) is None


@pytest.mark.parametrize(
    ("git", "written"),
    [
        ("git@example.org:me/add.git", "git@example.org:me/add.git"),
        ("ssh://git@example.org/me/add.git", "ssh://example.org/me/add.git"),
        ("https://token@example.org/add.git", "https://example.org/add.git"),
        ("https://me:p@ss:w/rd@example.org/add.git", "https://example.org/add.git"),
    ],
)
def test_a_url_is_written_without_user_and_password(git: str, written: str) -> None:
    assert without_credentials(git) == written
    locked = LockedAction(reference="me/add@v1", git=written, kind="tag", url=written, commit=COMMIT, digest=DIGEST)
    assert Lock(actions=[locked]).find(ActionReference.parse({"name": "me/add", "tag": "v1", "git": git})) == locked


def test_changes_are_told_in_the_order_of_the_file() -> None:
    url = "https://example.org/me/add.git"
    moved = LockedAction(reference="me/add@v1", kind="tag", url=url, commit=OTHER, digest=DIGEST)
    new = LockedAction(reference="a/b@v1", git=url, kind="tag", url=url, commit=OTHER, digest=DIGEST)
    changes = compare([ADD, LOCAL], [moved, new])
    assert changes == LockChanges(added=(new,), removed=(LOCAL,), updated=(LockUpdate(ADD, moved),))
    assert changes.lines() == [
        "added a/b@v1 from https://example.org/me/add.git 34cd34cd34cd",
        "removed local/resize@v1 files 9f9f9f9f9f9f",
        "updated me/add@v1 12ab12ab12ab -> 34cd34cd34cd",
    ]


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"commit": COMMIT[:-1] + "0"}, f"{COMMIT} -> {COMMIT[:-1]}0"),
        ({"url": "https://example.com/me/add.git"}, "https://example.org/me/add.git -> https://example.com/me/add.git"),
        ({"kind": "branch"}, "tag -> branch"),
        ({"digest": "9e" * 32}, f"files {DIGEST} -> {'9e' * 32}"),
        ({"kind": None, "url": None, "commit": None}, "12ab12ab12ab -> files 9f9f9f9f9f9f"),
    ],
)
def test_an_update_tells_what_is_another(changed: dict[str, str | None], line: str) -> None:
    known = {name: getattr(ADD, name) for name in WRONG}
    assert str(LockUpdate(ADD, LockedAction(**{**known, **changed}))) == f"updated me/add@v1 {line}"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("commit", "1234567", "the commit of a locked action is no full commit id"),
        ("commit", COMMIT.upper(), "the commit of a locked action is no full commit id"),
        ("commit", None, "the commit of a locked action is no full commit id"),
        ("url", "https://me:secret@example.org/a.git", "the url of a locked action holds a user or a password"),
        (
            "git",
            "https://example.org/a\nb",
            "the git of a locked action is empty, too long or holds a control character",
        ),
        ("kind", "tags", "the kind of a locked action is none of branch, tag, default, commit"),
        ("digest", "", "the digest of a locked action is empty, too long or holds other characters than visible ASCII"),
    ],
)
def test_a_value_that_no_lock_file_may_hold_is_refused(name: str, value: str | None, message: str) -> None:
    known = {each: getattr(ADD, each) for each in WRONG}
    with pytest.raises(ModelError) as caught:
        LockedAction(**{**known, name: value})
    assert str(caught.value) == message


def test_two_actions_of_one_reference_are_no_lock() -> None:
    with pytest.raises(ModelError, match="a lock holds a reference twice"):
        Lock(actions=[ADD, ADD])


def _wrong(text: str, **limits: int) -> list[str]:
    with pytest.raises(dtp.PipelineSyntaxError) as caught:
        parse_lock(text, "p.lock", Limits(**limits))
    return str(caught.value).splitlines()


RESTORE = "restore it from version control, or delete it and lock again"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", f"p.lock:1:1: error: the file is empty [DT108]; {RESTORE}"),
        ("{", f"p.lock:1:1: error: the '{{' that stands here is never closed [DT101]; {RESTORE}"),
        ("version: 1", f"p.lock:1:1: error: 'version' is no JSON value [DT101]; {RESTORE}"),
        ("[]", f"p.lock:1:1: error: a lock file must be a mapping, not a list [DT203]; {RESTORE}"),
        ('{"version": 1}', f"p.lock:1:2: error: a lock file needs 'actions' [DT201]; {RESTORE}"),
        (
            '{"version": 2, "later": []}',
            "p.lock:1:13: error: a lock file of the version 2 [DT204]; this release reads the version 1: "
            "use that which wrote it, or delete it and lock again",
        ),
        (
            '{"version": true, "actions": []}',
            "p.lock:1:13: error: a lock file of a version that is no number [DT204]; this release reads the version 1: "
            "use that which wrote it, or delete it and lock again",
        ),
        (
            '{"version": 1, "actions": {}}',
            f"p.lock:1:27: error: actions must be a list, not a mapping [DT203]; {RESTORE}",
        ),
        (
            '{"version": 1, "actions": ["a"]}',
            f"p.lock:1:28: error: a locked action must be a mapping, not a string [DT203]; {RESTORE}",
        ),
        (
            '{"version": 1, "actions": [], "action": []}',
            "p.lock:1:31: error: unknown key action [DT202]; did you mean 'actions'?",
        ),
        (
            '{"version": 1, "version": 1, "actions": []}',
            f"p.lock:1:16: error: the key 'version' is there twice [DT106]; {RESTORE}",
        ),
        ("[" * 100_000, f"p.lock:1:65: error: nested more than 64 levels deep [DT110]; {RESTORE}"),
        (
            '{"version": 1, "actions": [{"reference": "\\u0007", "digest": "ab"}]}',
            f"p.lock:1:42: error: reference is empty, too long or holds a control character [DT204]; {RESTORE}",
        ),
        (
            '{"version": 1, "actions": [{"reference": "a", "digest": 5}]}',
            f"p.lock:1:57: error: digest must be a string, not an integer [DT203]; {RESTORE}",
        ),
        (
            '{"version": 1, "actions": [{"reference": "a", "digest": "a", "kind": "tag", "commit": "../../x"}]}',
            f"p.lock:1:87: error: commit is no full commit id [DT204]; {RESTORE}",
        ),
        (
            '{"version": 1, "actions": [{"reference": "a", "digest": "a", "url": "https://a.org/\\u001b[2Jb"}]}',
            f"p.lock:1:69: error: url is empty, too long or holds a control character [DT204]; {RESTORE}",
        ),
        (
            '{"version": 1, "actions": [{"reference": "a", "digest": "a", "url": "https://u:p@a.org/b"}]}',
            f"p.lock:1:69: error: url holds a user or a password [DT204]; {RESTORE}",
        ),
    ],
)  # fmt: skip
def test_a_broken_lock_file_is_told_of_at_its_place(text: str, line: str) -> None:
    assert _wrong(text) == [line]


def test_a_mapping_without_all_is_told_of_both_keys() -> None:
    assert _wrong("{}") == [
        f"p.lock:1:1: error: a lock file needs {key!r} [DT201]; {RESTORE}" for key in ("actions", "version")
    ]


def test_everything_wrong_is_told_at_once() -> None:
    text = '{"version": 1, "actions": [{"digest": "a"}, {"reference": "", "digest": "a"}, {"reference": "b"}]}'
    assert _wrong(text) == [
        f"p.lock:1:29: error: a locked action needs 'reference' [DT201]; {RESTORE}",
        f"p.lock:1:59: error: reference is empty, too long or holds a control character [DT204]; {RESTORE}",
        f"p.lock:1:80: error: a locked action needs 'digest' [DT201]; {RESTORE}",
    ]


def test_a_reference_that_is_there_twice_is_told_with_the_place_of_the_first() -> None:
    item = '{"reference": "me/add@v1", "digest": "ab"}'
    text = f'{{"version": 1, "actions": [\n{item},\n{item}]}}'
    with pytest.raises(dtp.PipelineSyntaxError) as caught:
        parse_lock(text, "p.lock")
    hint = "take the lines of one side, then lock again"
    assert str(caught.value) == f"p.lock:3:15: error: me/add@v1 is there twice [DT106]; {hint}"
    [related] = caught.value.diagnostics[0].related
    assert (related.message, related.location.line) == ("the first one is here", 2)


def test_a_merge_conflict_is_told_as_one() -> None:
    text = TEXT.replace('      "kind"', '<<<<<<< HEAD\n      "kind": "branch",\n=======\n>>>>>>> theirs\n      "kind"')
    hint = "take the lines of one side, then lock again"
    assert _wrong(text) == [f"p.lock:10:1: error: a merge conflict is not resolved here [DT101]; {hint}"]


def test_a_lock_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "p.lock"
    path.write_text(TEXT)
    with pytest.raises(dtp.PipelineSyntaxError, match="the file is larger than 100 bytes"):
        read_lock(path, Limits(max_file_bytes=100))
    with pytest.raises(dtp.PipelineSyntaxError, match="holds more than 5 values"):
        read_lock(path, Limits(max_nodes=5))


def test_of_very_many_errors_the_first_are_told() -> None:
    lines = _wrong(f'{{"version": 1, "actions": [{", ".join(["5"] * 3_000)}]}}')
    assert len(lines) < 3_000
    assert lines[0] == f"p.lock:1:28: error: a locked action must be a mapping, not an integer [DT203]; {RESTORE}"
    assert lines[-1].endswith(f"more than 1000 errors: the rest is not told [DT110]; {RESTORE}")


def test_what_is_no_text_or_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_bytes(b'{"version": 1, "actions": ["\xff"]}')
    (tmp_path / "b.lock").mkdir()
    (tmp_path / "c.lock").symlink_to("nowhere")
    os.mkfifo(tmp_path / "d.lock")
    told = {}
    for name in ("a", "b", "c", "d"):
        with pytest.raises(dtp.PipelineSyntaxError) as caught:
            read_lock(tmp_path / f"{name}.lock")
        told[name] = str(caught.value).removeprefix(f"{tmp_path}/")
    assert told == {
        "a": "a.lock:1:29: error: the byte 0xff is not UTF-8 text [DT103]; save the file as UTF-8",
        "b": "b.lock:1:1: error: this is a directory [DT102]; name a file",
        "c": "c.lock:1:1: error: this is a link to a file that does not exist [DT102]; mend the link",
        "d": "d.lock:1:1: error: this is no regular file [DT102]; name a file",
    }


def test_a_lock_is_written_whole_and_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real.lock", tmp_path / "p.yaml.lock"
    write_lock(Lock(), real, None)
    real.chmod(0o640)
    link.symlink_to("real.lock")
    write_lock(Lock(actions=[ADD, LOCAL]), link, real.read_bytes())
    assert link.is_symlink()
    assert real.read_text() == TEXT
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.yaml.lock", "real.lock"]


def test_a_lock_file_that_another_wrote_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "p.lock"
    path.write_text(TEXT)
    with pytest.raises(dtp.PipelinesError) as caught:
        write_lock(Lock(actions=[ADD]), path, None)
    assert str(caught.value) == f"{path}:1:1: the lock file has changed in the meantime; try again"
    assert path.read_text() == TEXT
    write_lock(Lock(actions=[ADD, LOCAL]), path, None)  # both wrote the same: then nothing is lost


def test_a_lock_file_that_can_t_be_written_says_why(tmp_path: Path) -> None:
    path = tmp_path / "p.lock"
    path.write_text(TEXT)
    path.chmod(0o444)
    with pytest.raises(dtp.PipelinesError) as caught:
        write_lock(Lock(actions=[ADD]), path, path.read_bytes())
    assert str(caught.value) == f"{path}:1:1: the lock file is read-only; make it writable"
    gone = tmp_path / "gone" / "p.lock"
    with pytest.raises(dtp.PipelinesError) as caught:
        write_lock(Lock(), gone, None)
    assert str(caught.value) == (
        f"{gone}:1:1: the lock file can't be written: No such file or directory; nothing is written"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_folder_that_can_t_be_written_to_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(dtp.PipelinesError, match="can't be written: Permission denied; nothing is written"):
        write_lock(Lock(), tmp_path / "p.lock", None)


def test_a_reader_sees_the_old_file_or_the_new_one_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "p.lock"
    one, other = Lock(actions=[ADD]), Lock(actions=[ADD, LOCAL])
    write_lock(one, path, None)
    ended = threading.Event()

    def write() -> None:
        for _ in range(20):
            write_lock(other, path, path.read_bytes())
            write_lock(one, path, path.read_bytes())
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not ended.is_set():
        seen.add(read_lock(path))
    writer.join()
    assert seen <= {one, other}


def test_a_lock_file_is_beside_its_pipeline() -> None:
    assert lock_path(Path("a") / "p.yaml") == Path("a/p.yaml.lock")


def test_a_broken_file_is_shown_with_its_line(tmp_path: Path) -> None:
    text = textwrap.dedent("""\
        {
          "version": 1
          "actions": []
        }
        """)
    assert _wrong(text) == [f"p.lock:3:3: error: ',' or '}}' is missing [DT101]; {RESTORE}"]


@pytest.mark.parametrize(
    ("file", "folder", "words"),
    [
        ("-x.yaml", "-local", "--local-actions ./-local ./-x.yaml"),
        ("my pipeline.yaml", "my actions", '--local-actions "my actions" "my pipeline.yaml"'),
        ("$(id).yaml", "`id`", "--local-actions DIR FILE"),
    ],
)
def test_a_command_in_a_hint_can_be_typed_as_it_stands(file: str, folder: str, words: str) -> None:
    assert lock_command(file, "me/add", [folder]) == f"'datatorch-pipelines lock --update me/add {words}'"
