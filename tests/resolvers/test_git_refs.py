"""Which repository and commit a reference means. What a ref means to every server is in `test_git_matrix.py`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from git_servers import GitHttpServer, commit_files, git, git_daemon, make_repository

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts.resolver import ResolvedAction
from datatorch_pipelines.errors import ActionNotFound, ActionRefused, ResolveError
from datatorch_pipelines.model import ActionReference
from datatorch_pipelines.resolvers import GitHubResolver, GitResolver, Store
from datatorch_pipelines.resolvers.git import _url_of
from datatorch_pipelines.results import RunStarted

Resolve = Callable[..., ResolvedAction]
ACTION = {"action-datatorch.yaml": "name: Add\n"}


@pytest.fixture
def github(any_server: str, store: Store) -> GitHubResolver:
    return GitHubResolver(any_server, store=store)


@pytest.fixture
def path(root: Path) -> Path:
    return root / "me" / "add.git"


@pytest.mark.parametrize("ref", ["v1", "annotated", "main", "refs/tags/v1", "refs/heads/main", "feature/x"])
def test_tags_and_branches_lead_to_their_commit(github: GitHubResolver, path: Path, resolve: Resolve, ref: str) -> None:
    commit = make_repository(path, ACTION, tags=["v1", "@annotated"])
    git("branch", "feature/x", cwd=path)
    action = resolve(github, f"me/add@{ref}")
    assert (action.commit, action.reference.ref, action.file) == (commit, ref, None)
    assert (action.directory / "action-datatorch.yaml").read_text() == "name: Add\n"


@pytest.mark.parametrize("reference", ["me/add", "me/add@latest"])
def test_without_a_tag_the_default_branch_is_meant(
    github: GitHubResolver, path: Path, resolve: Resolve, reference: str
) -> None:
    make_repository(path, ACTION, tags=["latest"])
    git("checkout", "-q", "-b", "trunk", cwd=path)
    commit = commit_files(path, {"more.txt": "more"})
    git("branch", "-f", "main", "HEAD~1", cwd=path)
    assert resolve(github, reference).commit == commit


def test_an_old_tag_does_not_bring_later_files(github: GitHubResolver, path: Path, resolve: Resolve) -> None:
    first = make_repository(path, ACTION, tags=["v1"])
    commit_files(path, {"later.txt": "later"}, tags=["v2"])
    old = resolve(github, "me/add@v1")
    assert (old.commit, [file.name for file in old.directory.iterdir()]) == (first, ["action-datatorch.yaml"])
    assert (resolve(github, "me/add@v2").directory / "later.txt").is_file()


def test_a_branch_that_looks_like_a_commit_id_is_the_branch(
    github: GitHubResolver, path: Path, resolve: Resolve
) -> None:
    commit = make_repository(path, ACTION)
    git("branch", "deadbee", cwd=path)
    assert resolve(github, "me/add@deadbee").commit == commit


@pytest.mark.parametrize("name", ["me/add.git", "me/add"])
def test_a_server_may_have_the_repository_with_or_without_dot_git(
    github: GitHubResolver, root: Path, resolve: Resolve, name: str
) -> None:
    commit = make_repository(root / name, ACTION, tags=["v1"])
    assert resolve(github, "me/add@v1").commit == commit


def test_datatorch_actions_are_looked_for_where_they_live_then_as_written(
    github: GitHubResolver, root: Path, resolve: Resolve
) -> None:
    theirs = make_repository(root / "datatorch-actions" / "add.git", ACTION, tags=["v1"])
    make_repository(root / "datatorch" / "add.git", {**ACTION, "own": ""}, tags=["v1", "v2"])
    other = git("rev-parse", "HEAD", cwd=root / "datatorch" / "add.git")
    assert resolve(github, "datatorch/add@v1").commit == theirs
    assert resolve(github, "datatorch/add@v2").commit == other


def test_aliases_can_be_given(root: Path, store: Store, resolve: Resolve) -> None:
    commit = make_repository(root / "we" / "add.git", ACTION, tags=["v1"])
    github = GitHubResolver(root.as_uri(), aliases={"us": "we"}, store=store)
    assert resolve(github, "us/add@v1").commit == commit


def test_a_git_url_of_an_action_object_is_used_as_it_stands(
    any_server: str, root: Path, store: Store, resolve: Resolve
) -> None:
    commit = make_repository(root / "some where" / "x", {"my.yaml": "name: X\n"}, tags=["v1"])
    reference = {"name": "me/x", "tag": "v1", "git": f"{any_server}/some%20where/x", "file": "my.yaml"}
    action = resolve(GitResolver(store), reference)
    assert (action.commit, action.file) == (commit, "my.yaml")


def test_the_executable_bit_and_links_inside_are_kept(github: GitHubResolver, path: Path, resolve: Resolve) -> None:
    path.mkdir(parents=True)
    (path / "link.sh").symlink_to("bin/run.sh")
    make_repository(path, {**ACTION, "bin/run.sh*": "echo hello\n", "data.txt": "data"}, tags=["v1"])
    directory = resolve(github, "me/add@v1").directory
    assert (directory / "bin" / "run.sh").stat().st_mode & 0o777 == 0o555
    assert (directory / "data.txt").stat().st_mode & 0o777 == 0o444
    assert (directory / "link.sh").readlink() == Path("bin/run.sh")


def test_a_pack_that_is_too_large_for_memory_goes_through_a_file(
    root: Path, store: Store, resolve: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datatorch_pipelines.resolvers.asking.fetch._IN_MEMORY", 100)
    files = {**ACTION, **{f"{n}.txt": f"{n}" * 500 for n in range(50)}}
    make_repository(root / "me" / "add.git", files, tags=["v1"])
    with git_daemon(root) as url:
        directory = resolve(GitHubResolver(url, store=store), "me/add@v1").directory
    assert {path.name: path.read_text() for path in directory.iterdir()} == files


@pytest.fixture
def url_of(any_server: str) -> Callable[[str], str]:
    return lambda name: f"{any_server}/{name}"


def test_a_missing_repository_is_named(
    github: GitHubResolver, url_of: Callable[[str], str], resolve: Resolve, any_server: str
) -> None:
    with pytest.raises(ActionNotFound) as caught:
        resolve(github, "me/add@v1")
    if any_server.startswith("file"):
        text = f"me/add@v1: {url_of('me/add.git')} does not exist; write file:///path/to/repository"
    else:
        text = f"me/add@v1: there is no git repository at {url_of('me/add.git')}; is the name right?"
    assert str(caught.value) == text


def test_a_missing_tag_names_near_ones(
    github: GitHubResolver, url_of: Callable[[str], str], path: Path, resolve: Resolve
) -> None:
    make_repository(path, ACTION, tags=["v1", "v10", "v9", "nightly"])
    with pytest.raises(ActionNotFound) as caught:
        resolve(github, "me/add@nihgtly")
    assert str(caught.value) == (
        f"me/add@nihgtly: {url_of('me/add.git')} has no tag or branch 'nihgtly'; did you mean nightly?"
    )
    with pytest.raises(ActionNotFound) as caught:
        resolve(github, "me/add@zzzzzz")
    assert str(caught.value) == (
        f"me/add@zzzzzz: {url_of('me/add.git')} has no tag or branch 'zzzzzz'; it has the tags nightly, v1, v9, v10"
    )


def test_a_repository_without_an_action_file_says_what_looks_like_one(
    github: GitHubResolver, path: Path, resolve: Resolve
) -> None:
    make_repository(path, {"action-datatorch.yam1.yaml": "name: Add\n", "setup.py": ""}, tags=["v1"])
    with pytest.raises(ResolveError) as caught:
        resolve(github, "me/add@v1")
    assert str(caught.value) == (
        "me/add@v1 has no action-datatorch.yaml; "
        "it has action-datatorch.yam1.yaml: rename that, or name it as 'file' of an action object"
    )


def test_git_protocol_on_github_becomes_https(store: Store, resolve: Resolve, warnings: list[str]) -> None:
    reference = {"name": "me/python", "tag": "v1", "git": "git://github.com/me/python.git"}
    with pytest.raises(ActionNotFound, match="the network is not to be used"):
        resolve(GitResolver(store), reference, offline=True)
    assert str(_url_of(ActionReference.parse(reference))) == "https://github.com/me/python.git"
    assert warnings == []  # the check DT502 tells of it, at its place


def test_a_page_that_is_no_git_server_is_told(http_server: GitHttpServer, store: Store, resolve: Resolve) -> None:
    (http_server.root / "page").mkdir()
    reference = {"name": "me/x", "tag": "v1", "git": f"{http_server.url}/page"}
    with pytest.raises(ActionNotFound, match="there is no git repository at"):
        resolve(GitResolver(store), reference)


@pytest.mark.parametrize("name", ["me/.git", "me/..git", "me/...git", "me/add/.git", "me/add/...git"])
def test_a_name_that_is_all_suffix_leads_nowhere_else(
    github: GitHubResolver, path: Path, root: Path, resolve: Resolve, name: str
) -> None:
    for place in (root, root / "me", path.with_suffix("")):
        make_repository(place, ACTION, tags=["v1"])
    with pytest.raises(ActionRefused) as caught:
        resolve(github, f"{name}@v1")
    assert name in str(caught.value)
    assert str(caught.value).endswith(" is no repository; write owner/repo@tag")


def test_a_run_names_the_commits_of_two_repositories_with_one_name(root: Path, store: Store) -> None:
    runs = "name: Say\nruns:\n  using: cmd\n  command: echo {}\n"
    commits = [make_repository(root / name, {"action-datatorch.yaml": runs.format(name)}, tags=["v1"]) for name in "ab"]
    actions = [{"name": "me/x", "tag": "v1", "git": (root / name).as_uri()} for name in "aab"]
    text = json.dumps({"name": "t", "jobs": {"j": {"steps": [{"action": action} for action in actions]}}})
    events: list[object] = []
    pipeline = dtp.loads(text, filename=str(root / "pipeline.json"))
    assert pipeline.run(resolvers=[GitResolver(store)], on_event=events.append).succeeded
    (started,) = (event for event in events if isinstance(event, RunStarted))
    assert started.actions == {"me/x@v1": commits[0], f"me/x@v1 from {root.as_uri()}/b": commits[1]}
