"""What every git server must give for every kind of ref: one table, for tests over many protocols.

`make_matrix` makes the repositories once; each `Case` says what a reference to one of them means. The expectations are
of git's own making: commits by ``git rev-parse``, digests of what ``git archive`` gives.
"""

from __future__ import annotations

import asyncio
import subprocess
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from attrs import evolve, frozen
from git_servers import CLEAN_ENVIRONMENT, commit_files, git

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, ActionRefused, ResolveError
from datatorch_pipelines.model.reference import ActionReference
from datatorch_pipelines.resolvers import GitResolver, Store
from datatorch_pipelines.resolvers.urls import parse_git_url

ACTION = "action-datatorch.yaml"


@frozen
class Case:
    """A repository and a ref, ``{name}`` in it being the id of that name; what comes of it.

    ``commit`` names the commit that it means; else ``error`` and ``text`` say how it fails, ``{url}`` being the
    repository's. ``old`` is ``False`` where a server of protocol 0 can't do it.
    """

    repository: str
    ref: str | None
    commit: str | None = None
    error: type[ResolveError] | None = None
    text: str = ""
    warnings: tuple[str, ...] = ()
    old: bool = True

    def refused_by_old_servers(self) -> Case:
        """The same ref of a server that gives only what a branch or tag leads to."""
        return evolve(self, commit=None, error=ActionNotFound, text=MISSING_COMMIT)


@frozen
class Matrix:
    """Repositories below ``root``; the ids of their objects, and the digest of each commit's files."""

    root: Path
    ids: Mapping[str, str]
    digests: Mapping[str, str]


MISSING_REF = "{url} has no tag or branch {ref!r}; "
MISSING_COMMIT = "{url} has no commit {ref}; was it pushed?"
NO_COMMIT = "{url}: it names a file or folder in git, not a commit; use a tag, branch or commit"

CASES = (
    Case("kinds", None, "third"),
    Case("kinds", "latest", "third"),
    Case("kinds", "HEAD", "third"),
    Case("kinds", "trunk", "third"),
    Case("kinds", "side/way", "second"),
    Case("kinds", "light", "first"),
    Case("kinds", "annotated", "first"),
    Case("kinds", "nested", "first"),
    Case("kinds", "alias", "second"),
    Case("kinds", "refs/tags/light", "first"),
    Case("kinds", "refs/tags/nested", "first"),
    Case("kinds", "refs/heads/trunk", "third"),
    Case("kinds", "refs/pull/7/head", "second"),
    Case("kinds", "both", "second", warnings=("both is both a branch and a tag; the branch is used",)),
    Case("kinds", "refs/tags/both", "first"),
    Case("kinds", "{third}", "third"),
    Case("kinds", "{middle}", "middle"),
    Case("kinds", "{MIDDLE}", "middle"),
    Case("kinds", "{annotated}", "first"),
    Case("kinds", "{nested}", "first"),
    Case("kinds", "{lost}", "lost", old=False),
    Case("kinds", "{third:8}", "third"),
    Case("kinds", "{middle:8}", "middle"),
    Case("kinds", "{MIDDLE:8}", "middle"),
    Case("kinds", "annotate", error=ActionNotFound, text=MISSING_REF + "did you mean annotated?"),
    Case("kinds", "refs/tags/trunk", error=ActionNotFound, text=MISSING_REF + "did you mean trunk?"),
    Case("kinds", "1" * 40, error=ActionNotFound, text=MISSING_COMMIT),
    Case(
        "kinds", "1111111", error=ActionNotFound,
        text="{url} has no tag, branch or commit '1111111'; "
        "it has the tags light, nested, of-file, of-folder, to-folder",
    ),
    Case("kinds", "of-folder", error=ActionRefused, text=NO_COMMIT),
    Case("kinds", "of-file", error=ActionRefused, text=NO_COMMIT),
    Case("kinds", "to-folder", error=ActionRefused, text=NO_COMMIT),
    Case("kinds", "{folder}", error=ActionRefused, text=NO_COMMIT),
    Case("packed", None, "third"),
    Case("packed", "nested", "first"),
    Case("packed", "side/way", "second"),
    Case("packed", "{middle}", "middle"),
    Case("packed", "{middle:8}", "middle"),
    Case("borrowing", "annotated", "first"),
    Case("borrowing", "{middle}", "middle"),
    Case("shallow", "trunk", "third"),
    Case("shallow", "{third}", "third"),
    Case("shallow", "{middle}", error=ActionNotFound, text=MISSING_COMMIT),
    Case("tree", "HEAD", "middle"),
    Case("tree", "light", "first"),
    Case("detached", None, "first"),
    Case("sha256", None, "long"),
    Case("sha256", "v1", "long"),
    Case("sha256", "{long}", "long"),
    Case("sha256", "{long:9}", "long"),
    Case("unborn", None, error=ActionNotFound, text="{url} is empty; push something to it"),
    Case("unborn", "v1", error=ActionNotFound, text="{url} is empty; push something to it"),
    Case("unborn", "1" * 40, error=ActionNotFound, text=MISSING_COMMIT),
    Case(
        "headless", None, error=ActionNotFound,
        text="{url} has no default branch; name a tag or branch: did you mean main?",
    ),
    Case("headless", "v1", "headless"),
    Case("none", "v1", error=ActionNotFound, text="{missing}"),
)  # fmt: skip


def make_matrix(root: Path) -> Matrix:
    """Makes the repositories of `CASES` below ``root``."""
    kinds = root / "kinds"
    kinds.mkdir(parents=True)
    git("init", "-q", "-b", "trunk", cwd=kinds)
    git("config", "uploadpack.hideRefs", "refs/hidden", cwd=kinds)
    (kinds / "link").symlink_to("run.sh")
    ids = {"first": commit_files(kinds, {ACTION: "name: One\n", "run.sh*": "echo\n"}, tags=["light", "@annotated"])}
    git("tag", "-a", "nested", "-m", "nested", "annotated", cwd=kinds)
    git("tag", "both", cwd=kinds)
    ids["middle"] = commit_files(kinds, {ACTION: "name: Two\n"}, message="middle")
    ids["second"] = commit_files(kinds, {ACTION: "name: Three\n", "data/more.txt": "more" * 500})
    for name in ("refs/heads/side/way", "refs/heads/both", "refs/pull/7/head"):
        git("update-ref", name, "HEAD", cwd=kinds)
    git("symbolic-ref", "refs/heads/alias", "refs/heads/side/way", cwd=kinds)
    ids["third"] = commit_files(kinds, {ACTION: "name: Four\n"})
    ids["lost"] = git("commit-tree", "-m", "lost", "HEAD~2^{tree}", cwd=kinds)
    ids["folder"] = git("rev-parse", "HEAD^{tree}", cwd=kinds)
    git("tag", "of-folder", "HEAD^{tree}", cwd=kinds)
    git("tag", "of-file", f"HEAD:{ACTION}", cwd=kinds)
    git("tag", "-a", "to-folder", "-m", "of a folder", "HEAD^{tree}", cwd=kinds)
    for name in ("annotated", "nested"):
        ids[name] = git("rev-parse", name, cwd=kinds)
    git("clone", "-q", "--bare", "kinds", "packed", cwd=root)
    git("gc", "-q", cwd=root / "packed")
    git("clone", "-q", "--shared", "kinds", "borrowing", cwd=root)
    git("clone", "-q", "--depth=1", "--no-single-branch", kinds.as_uri(), "shallow", cwd=root)
    git("worktree", "add", "-q", "--detach", root / "tree", ids["middle"], cwd=kinds)
    git("clone", "-q", "kinds", "detached", cwd=root)
    git("checkout", "-q", "--detach", ids["first"], cwd=root / "detached")
    _init(root / "sha256", "--object-format=sha256")
    ids["long"] = commit_files(root / "sha256", {ACTION: "name: Long\n"}, tags=["@v1"])
    _init(root / "unborn")
    _init(root / "headless")
    ids["headless"] = commit_files(root / "headless", {ACTION: "name: Headless\n"}, tags=["v1"])
    git("symbolic-ref", "HEAD", "refs/heads/nobody", cwd=root / "headless")
    places = {"long": root / "sha256", "headless": root / "headless"}
    commits = ("first", "middle", "second", "third", "lost", "long", "headless")
    digests = {name: _digest(places.get(name, kinds), ids[name], root.parent / "archives") for name in commits}
    return Matrix(root, ids, digests)


def _init(path: Path, *options: str) -> None:
    path.mkdir()
    git("init", "-q", *options, cwd=path)


def _digest(repository: Path, commit: str, folder: Path) -> str:
    """The digest of a commit's files, as git itself gives them."""
    command = ["git", "archive", "--format=tar", commit]
    done = subprocess.run(command, cwd=repository, env=CLEAN_ENVIRONMENT, capture_output=True, check=True)
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder / commit, filter="tar")
    return tree_digest(folder / commit)


def written(ref: str | None, ids: Mapping[str, str]) -> str | None:
    """A case's ref with the ids that it names: ``{first}``, ``{first:8}`` its first digits, ``{FIRST}`` in capitals."""
    if ref is None or not ref.startswith("{"):
        return ref
    name, _, digits = ref.strip("{}").partition(":")
    found = ids[name.lower()][: int(digits) if digits else None]
    return found.upper() if name.isupper() else found


def check(case: Case, matrix: Matrix, url: str, store: Store, **options: object) -> None:
    """Resolves a case against the server of ``url`` and compares all that comes of it; a fixed one once more, offline.

    ``options`` are those of `GitResolver`.
    """
    warnings: list[str] = []
    ref = written(case.ref, matrix.ids)
    place = f"{url}/{case.repository}"
    resolver = GitResolver(store, **options)  # type: ignore[arg-type]  # the test says what
    reference = ActionReference.parse({"name": "me/x", "tag": ref or "latest", "git": place})
    shown = str(parse_git_url(place))

    def resolve(*, offline: bool = False) -> ResolvedAction:
        context = ResolveContext(warn=warnings.append, offline=offline)
        return asyncio.run(resolver.resolve(reference, context))

    if case.error is not None:
        try:
            found: object = resolve()
        except ResolveError as error:
            found = error
        missing = f"there is no git repository at {shown}; is the name right?"
        if shown.startswith("file:"):
            missing = f"{shown} does not exist; write file:///path/to/repository"
        text = case.text.format(url=shown, ref=ref, missing=missing)
        assert str(found) == f"{reference}: {text}"
        assert isinstance(found, case.error)
        return
    assert case.commit is not None
    action = resolve()
    got = (action.commit, action.digest, action.url, warnings)
    expected_warnings = [f"{reference}: {text}" for text in case.warnings]
    assert got == (matrix.ids[case.commit], matrix.digests[case.commit], shown, expected_warnings)
    assert tree_digest(action.directory) == action.digest
    assert resolve(offline=True).directory == action.directory
