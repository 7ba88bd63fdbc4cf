"""Tags become commits and newer tags, asked of real servers; every other character stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from git_servers import GitHttpServer, commit_files, git, git_daemon, make_repository, running_http_server

import datatorch_pipelines as dtp

Write = Callable[..., Path]
HEAD = "name: P\njobs:\n  a:\n    steps:\n"


def resolver(server: GitHttpServer) -> dtp.GitHubResolver:
    return dtp.GitHubResolver(base_url=server.url)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- action: acme/add@v1", "- action: acme/add@{v1} # v1"),
        ("- action: acme/add@v2   ", "- action: acme/add@{v2} # v2   "),
        ("- action: 'acme/add@v1'", "- action: 'acme/add@{v1}' # v1"),
        ('- action: "acme/add@v1" # v1', '- action: "acme/add@{v1}" # v1'),
        ("- action: acme/add@v1 # why", "- action: acme/add@{v1} # why"),
        ("- action: acme/add@main", "- action: acme/add@{main} # main"),
        ("- action: acme/add@latest", "- action: acme/add@{main} # main"),
        ("- action: acme/add", "- action: acme/add@{main} # main"),
        ("- {{action: acme/add@v1}}", "- {{action: acme/add@{v1}}} # v1"),
        ("- {{action: acme/add@v1, inputs: {{a: 1}}}}", "- {{action: acme/add@{v1}, inputs: {{a: 1}}}}"),
        (
            "- {{action: acme/add@v1,\n         inputs: {{}}}}",
            "- {{action: acme/add@{v1}, # v1\n         inputs: {{}}}}",
        ),
        ("- action: >-\n          acme/add@v1", "- action: >-\n          acme/add@{v1}"),
        ("- action: &add acme/add@v1\n      - action: *add", "- action: &add acme/add@{v1} # v1\n      - action: *add"),
        ("- action: {{name: acme/add, tag: v1}}", "- action: {{name: acme/add, tag: {v1}}} # v1"),
        ("- action: {{tag: 'v1', name: acme/add}}", "- action: {{tag: '{v1}', name: acme/add}}"),
        ("- action: acme/add@{v1}", "- action: acme/add@{v1}"),
        ("- action: acme/add@refs/tags/v2", "- action: acme/add@{v2} # refs/tags/v2"),
        ("- action: local/add@v1", "- action: local/add@v1"),
        ("- action: ./add", "- action: ./add"),
        ("- action: docker://alpine:3", "- action: docker://alpine:3"),
        ("- run: echo acme/add@v1", "- run: echo acme/add@v1"),
    ],
)
def test_a_tag_becomes_the_commit_with_the_tag_as_comment(
    before: str, after: str, server: GitHttpServer, commits: dict[str, str], write: Write
) -> None:
    text = f"{HEAD}      {before.format(**commits)}\n"
    path = write("p.yaml", text.replace("\n", "\r\n"))
    pinned = dtp.pin(path, resolvers=[resolver(server)])
    assert pinned.failures == ()
    assert pinned.after == f"{HEAD}      {after.format(**commits)}\n".replace("\n", "\r\n")
    assert pinned.write() == (before != after)
    assert not dtp.pin(path, resolvers=[resolver(server)]).changed


def test_json_has_no_comments(server: GitHttpServer, commits: dict[str, str], write: Write) -> None:
    steps = [{"action": "acme/add@v1"}, {"action": {"name": "acme/add", "tag": "v2"}}]
    text = json.dumps({"name": "P", "jobs": {"a": {"steps": steps}}}, indent=2)
    pinned = dtp.pin(write("p.json", text), resolvers=[resolver(server)])
    assert pinned.after == text.replace("@v1", "@" + commits["v1"]).replace('"v2"', f'"{commits["v2"]}"')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- action: acme/add@v1", "- action: acme/add@v2"),
        ("- action: acme/add@v1.0.0 # why", "- action: acme/add@v2.0.1 # why"),
        ("- action: {{name: acme/add, tag: 'v1'}}", "- action: {{name: acme/add, tag: 'v2'}}"),
        ("- action: acme/add@v3-rc0", "- action: acme/add@v3-rc1"),
        ("- action: acme/add@{v1} # v1", "- action: acme/add@{v2} # v2"),
        ("- action: acme/add@{v1} # v1.0.0", "- action: acme/add@{v2} # v2.0.1"),
        ("- action: acme/add@{v1}", "- action: acme/add@{v2} # v2"),
        ("- action: acme/add@{v1} # why", "- action: acme/add@{v2} # why"),
        ("- {{action: acme/add@{v1}}} # v1", "- {{action: acme/add@{v2}}} # v2"),
    ],
)
def test_a_tag_becomes_the_newest_one(
    before: str, after: str, server: GitHttpServer, commits: dict[str, str], write: Write
) -> None:
    path = write("p.yaml", f"{HEAD}      {before.format(**commits)}\n")
    upgraded = dtp.upgrade(path, resolvers=[resolver(server)])
    assert upgraded.after == f"{HEAD}      {after.format(**commits)}\n"
    assert (upgraded.failures, upgraded.notes) == ((), ())
    upgraded.write()
    assert not dtp.upgrade(path, resolvers=[resolver(server)]).changed


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ("acme/add", "it follows the default branch"),
        ("acme/add@latest", "it follows the default branch"),
        ("acme/add@main", "'main' is no version"),
        ("acme/add@{main} # main", "it is a commit of the branch 'main'"),
        ("acme/add@" + "0" * 40, "its commit is that of no tag"),
        ("acme/untagged@v1", "{url}/acme/untagged has no tags"),
        ("acme/add@v9", None),
        ("acme/add@v2", None),
        ("acme/add@v2.0.1", None),
        ("acme/add@{v2} # v2", None),
    ],
)
def test_what_can_t_be_upgraded_stays_and_says_why(
    action: str, why: str | None, server: GitHttpServer, root: Path, commits: dict[str, str], write: Write
) -> None:
    make_repository(root / "acme" / "untagged", {"a": "1"})
    path = write("p.yaml", f"{HEAD}      - action: {action.format(**commits)}\n")
    upgraded = dtp.upgrade(path, resolvers=[resolver(server)])
    assert not upgraded.changed
    reference = action.format(**commits).split(" ")[0]
    expected = [f"{path}:5:17: {reference} stays as it is: {why.format(url=server.url)}"] if why else []
    assert [str(note) for note in upgraded.notes] == expected


def test_only_the_named_actions_are_upgraded(
    server: GitHttpServer, root: Path, commits: dict[str, str], write: Write
) -> None:
    make_repository(root / "acme" / "sub", {"a": "1"}, tags=["v1", "v5"])
    path = write("p.yaml", f"{HEAD}      - action: acme/add@v1\n      - action: acme/sub@v1\n")
    upgraded = dtp.upgrade(path, ["acme/sub"], resolvers=[resolver(server)])
    assert upgraded.after == path.read_text().replace("sub@v1", "sub@v5")
    assert not any("acme/add" in request for request in server.requests)
    with pytest.raises(dtp.PipelinesError) as caught:
        dtp.upgrade(path, ["acme/subb"], resolvers=[resolver(server)])
    assert str(caught.value) == "no step uses 'acme/subb'; did you mean 'acme/sub'?"


def test_many_references_of_many_files_ask_each_server_once(
    server: GitHttpServer, commits: dict[str, str], write: Write
) -> None:
    steps = "".join(f"      - action: acme/add@{tag}\n" for tag in ("v1", "v2", "main", "v2.0.1"))
    paths = [write(f"p{number}.yaml", HEAD + steps) for number in range(3)]
    pinned = dtp.pin_files(paths, resolvers=[resolver(server)])
    assert [len(file.changes) for file in pinned] == [4, 4, 4]
    assert sum(request == "POST /acme/add/git-upload-pack" for request in server.requests) == 1
    assert server.packs == 0


def test_one_failure_leaves_the_others_their_way(
    server: GitHttpServer, commits: dict[str, str], write: Write, tmp_path: Path
) -> None:
    gone = "http://me:geheim@127.0.0.1:1/a"
    bad = write(
        "bad.yaml", f"{HEAD}      - action: acme/add@v1\n      - action: {{name: a/b, tag: v1, git: '{gone}'}}\n"
    )
    other = write("other.yaml", f"{HEAD}      - action: acme/add@v77\n      - action: acme/add@v1\n")
    files = dtp.pin_files([bad, other, tmp_path / "none.yaml"], resolvers=[resolver(server)])
    known = "it has the tags v1, v2, v2.0.1, v3-rc1"
    assert [str(failure) for file in files for failure in file.failures] == [
        f"{bad}:6:34: a/b@v1: http://127.0.0.1:1 can't be reached: Connection refused; is it online?",
        f"{other}:5:17: acme/add@v77: {server.url}/acme/add has no tag or branch 'v77'; {known}",
        f"{tmp_path}/none.yaml:1:1: error: no such file [DT102]; check the path",
    ]
    assert [len(file.changes) for file in files] == [1, 1, 0]
    assert "geheim" not in repr(files) + files[0].diff()


def test_a_file_that_is_no_pipeline_is_an_error(write: Write) -> None:
    with pytest.raises(dtp.PipelineSyntaxError, match="a pipeline needs at least one job"):
        dtp.pin(write("p.yaml", "name: P\njobs: {}\n"))


def test_a_short_commit_is_written_in_full(server: GitHttpServer, commits: dict[str, str], write: Write) -> None:
    path = write("p.yaml", f"{HEAD}      - action: acme/add@{commits['v1'][:9]}\n      - action: acme/add@1234567\n")
    pinned = dtp.pin(path, resolvers=[resolver(server)])
    assert pinned.after == path.read_text().replace(commits["v1"][:9], commits["v1"])
    assert [str(failure) for failure in pinned.failures] == [
        f"{path}:6:17: acme/add@1234567 is a short commit that no tag or branch has; write it in full"
    ]


def test_what_is_branch_and_tag_is_the_branch(server: GitHttpServer, root: Path, write: Write) -> None:
    folder = root / "acme" / "both"
    make_repository(folder, {"a": "1"}, tags=["v1"])
    branch = commit_files(folder, {"a": "2"})
    git("branch", "v1", cwd=folder)
    pinned = dtp.pin(write("p.yaml", f"{HEAD}      - action: acme/both@v1\n"), resolvers=[resolver(server)])
    assert pinned.after.endswith(f"acme/both@{branch} # v1\n")


def test_datatorch_s_own_actions_are_found_where_they_live(server: GitHttpServer, root: Path, write: Write) -> None:
    commit = make_repository(root / "datatorch-actions" / "add", {"a": "1"}, tags=["v1"])
    pinned = dtp.pin(write("p.yaml", f"{HEAD}      - action: datatorch/add@v1\n"), resolvers=[resolver(server)])
    assert pinned.after.endswith(f"datatorch/add@{commit} # v1\n")


def test_credentials_of_a_url_are_sent_and_shown_nowhere(root: Path, write: Write) -> None:
    commit = make_repository(root / "add", {"a": "1"}, tags=["v1"])
    with running_http_server(root, user="me", password="geheim") as server:
        url = server.url.replace("http://", "http://me:geheim@")
        path = write(
            "p.yaml", f"{HEAD}      - action:\n          name: add\n          tag: v1\n          git: {url}/add\n"
        )
        pinned = dtp.pin(path)
        assert [change.after for change in pinned.changes] == [commit]
        assert "geheim" not in f"{pinned!r}{pinned.diff()}{pinned.changes[0]}"
        wrong = dtp.pin(write("q.yaml", path.read_text().replace("geheim", "falsch")))
    assert [str(failure) for failure in wrong.failures] == [
        f"{wrong.file}:7:16: add@v1: {server.url}/add refused the user and password; check them"
    ]


def test_a_tag_without_quotes_that_would_be_a_number_gets_some(root: Path, write: Write) -> None:
    make_repository(root / "add", {"a": "1"}, tags=["v1", "2"])
    with git_daemon(root) as url:
        path = write("p.yaml", f"{HEAD}      - action: {{name: add, git: '{url}/add', tag: v1}}\n")
        upgraded = dtp.upgrade(path)
    assert upgraded.after == path.read_text().replace("tag: v1", 'tag: "2"')


def test_check_with_fetch_can_pin_what_has_no_tag(server: GitHttpServer, root: Path, write: Write) -> None:
    action = "name: add\nruns: {using: cmd, command: echo}\n"
    commit = make_repository(root / "acme" / "whole", {"action-datatorch.yaml": action})
    path = write("p.yaml", f"{HEAD}      - action: acme/whole\n")
    assert not dtp.fix(path).changed
    fixed = dtp.fix(path, fetch=True, resolvers=[resolver(server)])
    assert fixed.after == path.read_text().replace("acme/whole", f"acme/whole@{commit} # main")
    assert ([item.code for item in fixed.applied], fixed.left) == (["DT401"], ())


def test_check_with_fetch_leaves_what_no_server_can_pin(server: GitHttpServer, root: Path, write: Write) -> None:
    (root / "acme" / "empty").mkdir(parents=True)
    git("init", "-q", cwd=root / "acme" / "empty")
    path = write("p.yaml", f"{HEAD}      - action: acme/empty\n      - action: acme/none\n")
    assert not dtp.fix(path, fetch=True, resolvers=[resolver(server)]).changed
    [failure, _] = dtp.pin(path, resolvers=[resolver(server)]).failures
    assert str(failure) == (
        f"{path}:5:17: acme/empty: {server.url}/acme/empty has no default branch; name a tag or branch"
    )


class Broken(dtp.Resolver):
    """A resolver that breaks."""

    def matches(self, reference: dtp.ActionReference) -> bool:
        return True

    async def resolve(self, reference: dtp.ActionReference, context: object) -> dtp.ResolvedAction:
        raise NotImplementedError

    async def refs(self, reference: dtp.ActionReference, context: object) -> object:
        raise ValueError("broken\nin two lines")


def test_a_resolver_that_breaks_is_told_of_at_the_reference(write: Write) -> None:
    path = write("p.yaml", f"{HEAD}      - action: acme/add@v1\n")
    [failure] = dtp.pin(path, resolvers=[Broken()]).failures
    assert str(failure) == f"{path}:5:17: Broken failed on acme/add@v1: ValueError: broken in two lines"
