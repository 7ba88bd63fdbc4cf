"""Repositories of this machine: whatever is done to one, nothing outside is read, nothing runs, little is unpacked."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from git_servers import commit_files, git, make_repository

from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, ActionRefused, FetchFailed, ResolveError
from datatorch_pipelines.resolvers import GitResolver, Store, StoreLimits

Resolve = Callable[..., ResolvedAction]
ACTION = {"action-datatorch.yaml": "name: Add\n"}


@pytest.fixture
def path(root: Path) -> Path:
    """A repository with a commit, a tag and a branch."""
    make_repository(root / "add", ACTION, tags=["v1"])
    return root / "add"


@pytest.fixture
def refused(path: Path, store: Store, resolve: Resolve) -> Callable[..., str]:
    """What is said of the repository (or another), without its name; nothing is in the store then."""

    def told(error: type[ResolveError], tag: str = "v1", place: Path = path, **options: object) -> str:
        with pytest.raises(error) as caught:
            resolve(GitResolver(store, **options), {"name": "me/add", "tag": tag, "git": place.as_uri()})  # type: ignore[arg-type]
        assert [*(store.root / "entries").iterdir(), *(store.root / "temp").iterdir()] == []
        text = str(caught.value)
        assert "\n" not in text
        prefix = f"me/add@{tag}: "
        assert text.startswith(prefix)
        return text.removeprefix(prefix).replace(place.as_uri(), "{url}")

    return told


@pytest.fixture
def works(path: Path, store: Store, resolve: Resolve) -> Callable[..., str | None]:
    """The commit that the repository (or another) gives for a tag."""

    def commit(tag: str = "v1", place: Path = path) -> str | None:
        return resolve(GitResolver(store), {"name": "me/add", "tag": tag, "git": place.as_uri()}).commit

    return commit


def loose(path: Path, content: bytes, *, sha: str = "", level: int = 9) -> str:
    """Writes a loose object, header included, under its own id or another."""
    sha = sha or hashlib.sha1(content).hexdigest()
    file = path / ".git" / "objects" / sha[:2] / sha[2:]
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_bytes(zlib.compress(content, level))
    return sha


def test_a_repository_without_its_dot_git_suffix_is_found_as_git_finds_it(
    path: Path, root: Path, works: Callable[..., str | None]
) -> None:
    git("clone", "-q", "--bare", "add", "bare.git", cwd=root)
    assert works(place=root / "bare") == works()


def test_a_work_tree_and_a_submodule_lead_to_their_repository(
    path: Path, root: Path, works: Callable[..., str | None], store: Store
) -> None:
    git("worktree", "add", "-q", "-b", "side", root / "tree", cwd=path)
    side = commit_files(root / "tree", {"more": "more"})
    assert works("latest", root / "tree") == side
    assert works("latest") != side
    commit = works()
    shutil.move(path / ".git", root / "elsewhere")
    (path / ".git").write_text("gitdir: ../elsewhere\n")
    shutil.rmtree(store.root)
    assert works() == commit


def test_objects_may_be_lent_by_alternates_of_alternates(
    path: Path, root: Path, works: Callable[..., str | None]
) -> None:
    git("clone", "-q", "--shared", "add", "one", cwd=root)
    git("clone", "-q", "--shared", "one", "two", cwd=root)
    (root / "two" / ".git" / "objects" / "info" / "alternates").write_text("# lent\n../../../one/.git/objects\n")
    assert works("v1", root / "two") == works()


def test_alternates_that_lend_to_one_another_end(path: Path, root: Path, works: Callable[..., str | None]) -> None:
    git("clone", "-q", "--shared", "add", "one", cwd=root)
    (path / ".git" / "objects" / "info" / "alternates").write_text(f"{root}/one/.git/objects\n/nonexistent\n")
    assert works("v1", root / "one") == works()


def test_a_pack_with_deltas_and_both_versions_of_its_index_is_read(
    path: Path, works: Callable[..., str | None], store: Store
) -> None:
    text = "".join(f"line {n}\n" for n in range(2000))
    first = commit_files(path, {"data": text})
    for n in range(8):
        last = commit_files(path, {"data": text.replace(f"line {n * 200}\n", f"changed {n}\n")})
    for version in (2, 1):
        git("-c", f"pack.indexVersion={version}", "repack", "-q", "-a", "-d", "-f", cwd=path)
        assert works(last) == last
        assert works(first[:9]) == first
        shutil.rmtree(store.root)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("refs/tags/v1", "'refs/tags/v1'"),
        ("refs/tags", "'refs/tags/v1'"),
        ("HEAD", "'HEAD'"),
        ("packed-refs", "'packed-refs'"),
        ("objects", "'objects'"),
        ("config", "'config'"),
    ],
)
def test_a_link_that_leads_out_of_the_repository_is_refused(
    path: Path, root: Path, refused: Callable[..., str], name: str, where: str
) -> None:
    place = path / ".git" / name
    git("pack-refs", cwd=path) if name == "packed-refs" else None
    (root / "outside").mkdir()
    shutil.move(place, root / "outside" / place.name)
    place.symlink_to(root / "outside" / place.name)
    text = refused(ActionRefused)
    assert text == f"{{url}}: {where} in it is a link that leads out of the repository"


def test_a_folder_of_objects_that_is_a_link_is_refused(path: Path, root: Path, refused: Callable[..., str]) -> None:
    for folder in list((path / ".git" / "objects").iterdir()):
        if len(folder.name) == 2:
            shutil.move(folder, root / folder.name)
            folder.symlink_to(root / folder.name)
    assert refused(ActionRefused).endswith(" in it is a link that leads out of the repository")


def test_a_link_inside_the_repository_counts_as_git_once_made_its_head(
    path: Path, works: Callable[..., str | None]
) -> None:
    commit = works()
    (path / ".git" / "HEAD").unlink()
    (path / ".git" / "HEAD").symlink_to("refs/heads/main")
    (path / ".git" / "refs" / "tags" / "v2").symlink_to("../heads/main")
    assert (works("latest"), works("v2")) == (commit, commit)


def test_what_a_ref_holds_that_is_no_commit_is_not_shown(path: Path, refused: Callable[..., str]) -> None:
    (path / ".git" / "refs" / "tags" / "v1").write_text("geheim: s3cr3t\n")
    assert refused(FetchFailed) == "{url} is damaged: the ref 'refs/tags/v1' is no commit; `git fsck` says more"


@pytest.mark.parametrize(
    "target", ["../../../etc/passwd", "refs/../../config", "refs/heads/../../../x", "config", "HEAD"]
)
def test_a_ref_that_names_no_ref_leads_nowhere(path: Path, refused: Callable[..., str], target: str) -> None:
    (path / ".git" / "refs" / "tags" / "v1").write_text(f"ref: {target}\n")
    if target == "HEAD":
        (path / ".git" / "HEAD").write_text("ref: refs/tags/v1\n")
    assert refused(ActionNotFound).startswith("{url} has no tag or branch 'v1'; ")


def test_a_pipe_or_a_device_is_never_waited_for(path: Path, refused: Callable[..., str]) -> None:
    place = path / ".git" / "refs" / "tags" / "v1"
    place.unlink()
    os.mkfifo(place)
    assert refused(FetchFailed) == "{url} is damaged: 'refs/tags/v1' is no file; `git fsck` says more"


def test_a_loose_object_that_says_it_is_huge_is_not_inflated(path: Path, refused: Callable[..., str]) -> None:
    sha = git("rev-parse", "v1:action-datatorch.yaml", cwd=path)
    loose(path, b"blob 4294967296\0" + b"x", sha=sha)
    assert refused(ActionRefused) == (
        "{url}: an object of 4294967296 bytes is larger than the 268435456 that are allowed; "
        "StoreLimits(max_file_bytes=...) of the resolver allows more"
    )


@pytest.mark.parametrize("content", [b"blob 5\0" + b"x" * 10_000_000, b"blob 500\0x"])
def test_a_loose_object_that_is_not_as_large_as_it_says_is_damaged(
    path: Path, refused: Callable[..., str], content: bytes
) -> None:
    sha = git("rev-parse", "v1:action-datatorch.yaml", cwd=path)
    loose(path, content, sha=sha)
    text = f"{{url}} is damaged: the object {sha} is not as large as it says; `git fsck` says more"
    assert refused(FetchFailed) == text


def test_objects_that_are_too_large_together_are_refused(path: Path, refused: Callable[..., str]) -> None:
    commit_files(path, {f"{n}.txt": f"{n}" * 1000 for n in range(20)}, tags=["v2"])
    limits = StoreLimits(max_unpacked_bytes=5_000)
    text = "{url}: unpacked it is larger than the 5000 bytes allowed; "
    assert refused(ActionRefused, "v2", limits=limits).startswith(text)
    git("gc", "-q", cwd=path)
    assert refused(ActionRefused, "v2", limits=limits).startswith(text)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"blob 4\0evil", "holds something else"),
        (b"blob x\0evil", "has no header"),
        (b"blob", "has no header"),
        (b"thing 4\0evil", "has no header"),
    ],
)
def test_an_object_that_is_not_what_its_name_says_is_damaged(
    path: Path, refused: Callable[..., str], content: bytes, problem: str
) -> None:
    sha = git("rev-parse", "v1:action-datatorch.yaml", cwd=path)
    loose(path, content, sha=sha)
    assert refused(FetchFailed) == f"{{url}} is damaged: the object {sha} {problem}; `git fsck` says more"


def test_an_object_that_is_no_zlib_or_empty_is_damaged(path: Path, refused: Callable[..., str]) -> None:
    sha = git("rev-parse", "v1:action-datatorch.yaml", cwd=path)
    file = path / ".git" / "objects" / sha[:2] / sha[2:]
    file.chmod(0o600)
    for content, problem in ((b"not zlib", "is damaged"), (b"", "has no header")):
        file.write_bytes(content)
        assert refused(FetchFailed) == f"{{url}} is damaged: the object {sha} {problem}; `git fsck` says more"


def test_a_pack_that_is_cut_or_turned_round_is_damaged(path: Path, refused: Callable[..., str]) -> None:
    commit_files(path, {f"{n}.txt": f"{n}" * 300 for n in range(20)}, tags=["v2"])
    git("gc", "-q", cwd=path)
    for name in ("*.pack", "*.idx"):
        (file,) = (path / ".git" / "objects" / "pack").glob(name)
        file.chmod(0o600)
        whole = file.read_bytes()
        for spoilt in (whole[:100], b"", whole[:600] + bytes(len(whole) - 600), bytes(len(whole))):
            file.write_bytes(spoilt)
            text = refused(ResolveError, "v2")
            assert text.startswith(("{url} is damaged: ", "{url} has no commit "))
        file.write_bytes(whole)


def test_a_missing_object_is_told(path: Path, refused: Callable[..., str]) -> None:
    sha = git("rev-parse", "v1:action-datatorch.yaml", cwd=path)
    (path / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    assert refused(FetchFailed) == "{url} is damaged: 'action-datatorch.yaml' is missing; `git fsck` says more"


@pytest.mark.parametrize("missing", ["objects", "refs", "HEAD"])
def test_a_half_deleted_repository_is_none(path: Path, refused: Callable[..., str], missing: str) -> None:
    place = path / ".git" / missing
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    assert refused(ActionNotFound) == "there is no git repository at {url}; is the name right?"


def test_a_folder_that_is_no_repository_and_none_at_all_are_told(
    path: Path, root: Path, refused: Callable[..., str]
) -> None:
    (root / "plain").mkdir()
    (root / "file").write_text("gitdir: /")
    (root / "strange").mkdir()
    (root / "strange" / ".git").write_text("gitdir: /nonexistent\n")
    for name in ("plain", "file", "strange"):
        text = refused(ActionNotFound, place=root / name)
        assert text == "there is no git repository at {url}; is the name right?"
    text = refused(ActionNotFound, place=root / "none")
    assert text == "{url} does not exist; write file:///path/to/repository"
    (root / "circle").symlink_to("circle")
    text = refused(FetchFailed, place=root / "circle")
    assert text == "{url} can't be reached: Too many levels of symbolic links; can it be read?"


@pytest.mark.parametrize(
    ("setting", "what"),
    [("refStorage = reftable", "refs as 'reftable'"), ("objectFormat = sha3", "the hash 'sha3'")],
)
def test_a_format_that_is_not_known_is_told(path: Path, refused: Callable[..., str], setting: str, what: str) -> None:
    with (path / ".git" / "config").open("a") as config:
        config.write(f"[extensions]\n\t{setting}\n")
    assert (
        refused(FetchFailed)
        == f"{{url}} is a git repository with {what}, which can't be read in place; serve it with git"
    )


def test_no_hook_filter_or_setting_of_a_repository_has_an_effect(
    path: Path, tmp_path: Path, works: Callable[..., str | None], store: Store
) -> None:
    touched = tmp_path / "touched"
    for hook in ("post-checkout", "post-upload-pack", "pre-auto-gc", "fsmonitor"):
        script = path / ".git" / "hooks" / hook
        script.parent.mkdir(exist_ok=True)
        script.write_text(f"#!/bin/sh\ntouch {touched}\n")
        script.chmod(0o755)
    (path / ".git" / "more").write_text(f"[core]\n\tfsmonitor = touch {touched}\n")
    with (path / ".git" / "config").open("a") as config:
        config.write(
            f"[include]\n\tpath = more\n[uploadpack]\n\tpackObjectsHook = touch {touched}\n"
            f'[filter "evil"]\n\tsmudge = touch {touched}\n[core]\n\tgitProxy = touch {touched}\n'
        )
    commit = commit_files(path, {".gitattributes": "* filter=evil text eol=crlf\n"}, tags=["v2"])
    touched.unlink(missing_ok=True)
    assert works("v2") == commit
    assert not touched.exists()
    (entry,) = (store.root / "entries").glob("*/files")
    assert (entry / "action-datatorch.yaml").read_bytes() == b"name: Add\n"


def test_all_refs_are_listed_and_those_of_no_allowed_name_left_out(path: Path, root: Path) -> None:
    from datatorch_pipelines.resolvers.asking.disk_repository import DiskRepository
    from datatorch_pipelines.resolvers.bounds import StoreLimits as Limits
    from datatorch_pipelines.resolvers.urls import parse_git_url

    git("tag", "-a", "v2", "-m", "v2", cwd=path)
    git("pack-refs", "--all", cwd=path)
    git("branch", "side", cwd=path)
    for name in (".hidden", "x.lock"):
        shutil.copy(path / ".git" / "refs" / "heads" / "side", path / ".git" / "refs" / "heads" / name)
    repository = DiskRepository(parse_git_url(path.as_uri()), Limits(), lambda: None)
    names = [name.decode() for name in repository.refs()]
    assert sorted(names) == [
        "HEAD",
        "refs/heads/main",
        "refs/heads/side",
        *(f"refs/tags/{t}" for t in ("v1", "v2", "v2^{}")),
    ]
    assert repository.head() == b"refs/heads/main"
    repository.close()


@pytest.mark.parametrize("packed", [False, True])
def test_whatever_bytes_of_a_repository_change_it_gives_the_same_or_an_error(
    path: Path, tmp_path: Path, resolve: Resolve, packed: bool
) -> None:
    text = "".join(f"line {n}\n" for n in range(300))
    commit_files(path, {"a": text, "b": text + "b"}, tags=["@v2"])
    if packed:
        git("gc", "-q", cwd=path)
        git("pack-refs", "--all", cwd=path)
    shutil.rmtree(path / ".git" / "hooks", ignore_errors=True)
    reference = {"name": "me/add", "tag": "v2", "git": path.as_uri()}
    whole = resolve(GitResolver(Store(tmp_path / "whole")), reference)
    files = sorted(file for file in (path / ".git").rglob("*") if file.is_file() and file.stat().st_size)
    chance = random.Random(7)
    texts: list[str] = []
    for number in range(40):
        file = chance.choice(files)
        content = file.read_bytes()
        spoilt = bytearray(content)
        for _ in range(chance.randint(1, 3)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        file.chmod(0o600)
        file.write_bytes(spoilt)
        try:
            found = resolve(GitResolver(Store(tmp_path / f"store{number}")), reference)
        except ResolveError as error:
            texts.append(str(error))
        else:
            assert (found.commit, found.digest) == (whole.commit, whole.digest), (file, number)
        file.write_bytes(content)
    assert len(texts) > 3
    assert not [text for text in texts if "\n" in text or "does not speak git" in text]
