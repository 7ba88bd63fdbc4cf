"""Pipelines that are locked, and runs that are held to it, against real git servers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from git_servers import GitHttpServer, commit_files, git, make_repository, running_http_server

import datatorch_pipelines as dtp
from datatorch_pipelines.resolvers import GitHubResolver, MappingResolver, Store, read_lock
from datatorch_pipelines.results import RunStarted

FILES = {"action-datatorch.yaml": "name: Add\nruns: {using: cmd, command: cat $DATATORCH_INPUTS}\n"}
PIPELINE = """\
name: Sum
jobs:
  add:
    steps:
      - action: me/add@v1
"""


class Locked:
    """A folder with a pipeline, a server with ``me/add``, and machines that each have a store of their own."""

    def __init__(self, folder: Path, root: Path, server: GitHttpServer) -> None:
        self.folder = folder
        self.repository = root / "me" / "add"
        self.server = server
        self.machine = "here"
        self.base_url = server.url
        self.first = make_repository(self.repository, FILES, tags=["v1"])
        self.path = self.write(PIPELINE)
        self.file = folder / "pipeline.yaml.lock"

    def write(self, text: str, name: str = "pipeline.yaml") -> Path:
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def arguments(self, **given: object) -> dict[str, object]:
        store = Store(self.folder / "stores" / self.machine)
        return {"resolvers": [GitHubResolver(self.base_url, store=store)], "store": store, **given}

    def lock(self, **given: object) -> dtp.Lock:
        return dtp.lock(self.path, **self.arguments(**given))  # type: ignore[arg-type]

    def plan(self, **given: object) -> dtp.Plan:
        return dtp.plan(self.path, **self.arguments(**{"locked": True, **given}))  # type: ignore[arg-type]

    def refusal(self, **given: object) -> list[str]:
        with pytest.raises(dtp.PlanError) as caught:
            self.plan(**given)
        return [str(item).replace(f"{self.folder}/", "") for item in caught.value.diagnostics]

    def by_url(self, tag: str, name: str = "add") -> str:
        """An action object: nobody else is asked for a repository that its URL does not have."""
        return f'{{name: me/{name}, tag: {tag}, git: "{self.server.url}/me/{name}"}}'

    def commit(self, text: str = "changed") -> str:
        return commit_files(self.repository, {"change.txt": text})

    def move(self, tag: str = "v1") -> str:
        """Moves a tag to a new commit."""
        commit = self.commit()
        git("tag", "-f", tag, cwd=self.repository)
        return commit


@pytest.fixture
def locked(tmp_path: Path, root: Path, http_server: GitHttpServer) -> Locked:
    folder = tmp_path / "project"
    folder.mkdir()
    return Locked(folder, root, http_server)


LOOK = "look at what changed, then take it with 'datatorch-pipelines lock --update me/add pipeline.yaml'"


def test_a_lock_has_the_commit_the_url_and_the_digest(locked: Locked) -> None:
    lock = locked.lock()
    [action] = lock.actions
    assert (action.reference, action.git, action.file, action.kind) == ("me/add@v1", None, None, "tag")
    assert (action.url, action.commit) == (f"{locked.server.url}/me/add", locked.first)
    assert lock.path == locked.file
    assert lock.changed
    assert lock.changes.lines() == [f"added me/add@v1 {locked.first[:12]}"]
    assert read_lock(locked.file) == lock
    assert locked.file.read_text() == lock.to_json()
    [planned] = locked.plan().jobs[0].steps
    assert planned.action is not None
    assert planned.action.resolved.digest == action.digest


def test_what_is_locked_is_not_asked_for_again(locked: Locked) -> None:
    locked.lock()
    before, written = list(locked.server.requests), locked.file.stat()
    locked.move()
    again = locked.lock()
    assert locked.server.requests == before
    assert (again.changed, again.changes.lines()) == (False, [])
    assert [action.commit for action in again.changes.kept] == [locked.first]
    assert locked.file.stat().st_mtime_ns == written.st_mtime_ns


def test_what_is_new_in_a_lock_is_what_its_server_says_and_not_what_the_store_has_of_old(locked: Locked) -> None:
    dtp.plan(locked.path, **locked.arguments())  # type: ignore[arg-type]
    moved = locked.move()
    [action] = locked.lock().actions
    assert (action.commit, action.kind) == (moved, "tag")
    locked.machine = "elsewhere"
    [planned] = locked.plan().jobs[0].steps
    assert planned.action is not None
    assert planned.action.resolved.commit == moved


def test_what_the_store_has_is_locked_where_the_server_can_t_be_asked(locked: Locked, root: Path) -> None:
    with running_http_server(root) as server:
        locked.base_url = server.url
        dtp.plan(locked.path, **locked.arguments())  # type: ignore[arg-type]
    assert [action.commit for action in locked.lock(write=False, offline=True).actions] == [locked.first]
    lock = locked.lock()
    assert [action.commit for action in lock.actions] == [locked.first]
    [warning] = lock.warnings
    assert warning.message == (
        f"me/add@v1: {server.url} can't be reached: Connection refused; "
        f"the commit {locked.first[:12]} that was fetched before is used"
    )
    locked.file.unlink()
    with pytest.raises(dtp.PlanError, match="can't be reached: Connection refused"):
        locked.lock(strict=True)


def test_a_tag_that_moved_is_refused(locked: Locked) -> None:
    locked.lock()
    moved = locked.move()
    locked.machine = "another"
    told = f"the tag v1 of me/add moved from {locked.first[:12]} to {moved[:12]} [DT416]; {LOOK}"
    assert locked.refusal() == [f"pipeline.yaml:5:17: error: {told}"]


def test_a_tag_that_is_here_as_it_was_locked_costs_no_network(locked: Locked) -> None:
    locked.lock()
    locked.move()
    before = list(locked.server.requests)
    assert locked.plan().actions() == {"me/add@v1": locked.first}
    assert locked.plan(offline=True).actions() == {"me/add@v1": locked.first}
    assert locked.server.requests == before


def test_an_update_asks_for_a_tag_that_is_here_and_a_locked_run_takes_the_new_commit(locked: Locked) -> None:
    locked.lock()
    moved = locked.move()
    assert locked.lock(update=True).changes.lines() == [f"updated me/add@v1 {locked.first[:12]} -> {moved[:12]}"]
    assert locked.plan().actions() == {"me/add@v1": moved}
    assert locked.plan(offline=True).actions() == {"me/add@v1": moved}


def test_a_store_that_is_older_than_the_lock_is_no_reason_to_refuse(locked: Locked) -> None:
    locked.plan(locked=False)  # this machine knows the tag as it was
    moved = locked.move()
    locked.machine = "another"
    locked.lock()
    locked.machine = "here"
    old = f"me/add@v1 is the commit {locked.first[:12]} in the store, and {moved[:12]} was locked [DT416]"
    assert locked.refusal(offline=True) == [f"pipeline.yaml:5:17: error: {old}; run once without offline"]
    assert locked.plan().actions() == {"me/add@v1": moved}
    assert locked.plan(offline=True).actions() == {"me/add@v1": moved}


def test_a_tag_whose_server_is_gone_is_refused_where_the_store_has_another_commit(
    locked: Locked, root: Path, tmp_path: Path
) -> None:
    with running_http_server(root) as server:
        locked.base_url = server.url
        locked.plan(locked=False)
        moved = locked.move()
        locked.machine = "another"
        locked.lock()
    locked.machine = "here"
    old = f"me/add@v1 is the commit {locked.first[:12]} in the store, and {moved[:12]} was locked [DT416]"
    assert locked.refusal() == [f"pipeline.yaml:5:17: error: {old}; its server can't be asked now: try again"]


def test_the_commit_that_was_locked_serves_where_nobody_can_say_what_the_tag_is(locked: Locked, root: Path) -> None:
    with running_http_server(root) as server:
        locked.base_url = server.url
        locked.lock()
        locked.machine = "another"
        locked.write(PIPELINE.replace("v1", locked.first), "by-commit.yaml")
        dtp.plan(locked.folder / "by-commit.yaml", **locked.arguments())  # type: ignore[arg-type]
    assert locked.plan(offline=True).actions() == {"me/add@v1": locked.first}
    assert locked.plan().actions() == {"me/add@v1": locked.first}
    [line] = locked.refusal(strict=True)
    assert "[DT402]" in line


def test_a_locked_branch_stays_at_its_commit_and_nothing_is_asked_for_it(locked: Locked) -> None:
    locked.write(PIPELINE.replace("v1", "main"))
    [action] = locked.lock().actions
    assert action.kind == "branch"
    moved = locked.commit()
    before = list(locked.server.requests)
    assert locked.plan().actions() == {"me/add@main": locked.first}
    assert locked.server.requests == before
    locked.machine = "another"  # has to fetch what is no branch's tip any more
    plan = locked.plan()
    assert plan.actions() == {"me/add@main": locked.first}
    [planned] = plan.jobs[0].steps
    assert planned.action is not None
    assert str(planned.action.resolved.reference) == "me/add@main"
    assert planned.action.resolved.kind == "branch"
    assert locked.plan(locked=False).actions() == {"me/add@main": moved}
    assert locked.plan(offline=True).actions() == {"me/add@main": locked.first}


def test_a_resolver_that_fails_on_a_locked_commit_is_named(locked: Locked) -> None:
    class ForBranches(GitHubResolver):
        """Fails on whatever is no branch."""

        def matches(self, reference: dtp.ActionReference) -> bool:
            return {"main": True}[str(reference.ref)]

    locked.write(PIPELINE.replace("v1", "main"))
    locked.lock()
    resolver = ForBranches(locked.base_url, store=locked.folder / "stores" / "here")
    assert locked.refusal(resolvers=[resolver]) == [
        f"pipeline.yaml:5:17: error: ForBranches failed on me/add@{locked.first}: KeyError: '{locked.first}' [DT402]"
    ]


def test_the_default_branch_is_locked_too(locked: Locked) -> None:
    locked.write(PIPELINE.replace("@v1", ""))
    [action] = locked.lock().actions
    assert (action.reference, action.kind) == ("me/add", "default")
    locked.commit()
    assert locked.plan().actions() == {"me/add": locked.first}


def test_a_branch_whose_history_was_rewritten_is_told_of_at_its_place(locked: Locked) -> None:
    locked.write(PIPELINE.replace("me/add@v1", locked.by_url("main")))
    second = locked.commit()
    locked.lock()
    git("reset", "--hard", "-q", locked.first, cwd=locked.repository)
    git("reflog", "expire", "--expire=now", "--all", cwd=locked.repository)
    git("gc", "-q", "--prune=now", cwd=locked.repository)
    locked.machine = "another"
    [line] = locked.refusal()
    assert line == (
        "pipeline.yaml:5:17: error: the commit that me/add@main was locked to can't be had: "
        f"{locked.server.url}/me/add has no commit {second} [DT402]; "
        "take what is there now with 'datatorch-pipelines lock --update me/add pipeline.yaml'"
    )
    locked.lock(update=["me/add"])
    assert locked.plan().actions() == {"me/add@main": locked.first}


def test_a_locked_branch_that_is_not_here_is_told_of_as_the_pipeline_names_it(locked: Locked) -> None:
    locked.write(PIPELINE.replace("me/add@v1", locked.by_url("main")))
    locked.lock()
    locked.machine = "another"
    [line] = locked.refusal(offline=True)
    store = "stores/another"
    assert line == (
        "pipeline.yaml:5:17: error: the commit that me/add@main was locked to can't be had: "
        f"me/add@{locked.first} is not in the store at {store}, and the network is not to be used [DT402]; "
        "run once without offline"
    )


def test_a_tag_that_was_deleted_is_refused_where_it_has_to_be_fetched(locked: Locked) -> None:
    locked.write(PIPELINE.replace("me/add@v1", locked.by_url("v1")))
    locked.lock()
    git("tag", "-d", "v1", cwd=locked.repository)
    assert locked.plan().actions() == {"me/add@v1": locked.first}
    locked.machine = "another"
    [line] = locked.refusal()
    assert line == (
        f"pipeline.yaml:5:17: error: me/add@v1: {locked.server.url}/me/add has no tag or branch 'v1' [DT402]; "
        "it has no tags; its branches are main"
    )


def test_an_annotated_tag_is_locked_to_its_commit(locked: Locked) -> None:
    git("tag", "-a", "v2", "-m", "the second", cwd=locked.repository)
    locked.write(PIPELINE.replace("v1", "v2"))
    [action] = locked.lock().actions
    assert (action.kind, action.commit) == ("tag", locked.first)
    git("tag", "-f", "-a", "v2", "-m", "another text, the same commit", cwd=locked.repository)
    locked.machine = "another"
    assert locked.plan().actions() == {"me/add@v2": locked.first}


def test_a_tag_that_moved_to_a_commit_with_the_same_files_is_refused(locked: Locked) -> None:
    locked.lock()
    same = commit_files(locked.repository, {}, message="nothing changed")
    git("tag", "-f", "v1", cwd=locked.repository)
    locked.machine = "another"
    [line] = locked.refusal()
    assert f"the tag v1 of me/add moved from {locked.first[:12]} to {same[:12]} [DT416]" in line


def test_a_commit_is_locked_and_held(locked: Locked) -> None:
    locked.write(PIPELINE.replace("v1", locked.first))
    [action] = locked.lock().actions
    assert (action.kind, action.commit) == ("commit", locked.first)
    locked.machine = "another"
    assert locked.plan().actions() == {f"me/add@{locked.first}": locked.first}


def test_another_server_is_refused_with_both_urls(locked: Locked, root: Path) -> None:
    locked.lock()
    with running_http_server(root) as server:
        locked.base_url = server.url
        assert locked.refusal() == [
            f"pipeline.yaml:5:17: error: me/add@v1 comes from {server.url}/me/add, and from "
            f"{locked.server.url}/me/add when it was locked [DT416]; {LOOK}"
        ]
        [line] = locked.lock(update="me/add").changes.lines()
        assert line == f"updated me/add@v1 {locked.server.url}/me/add -> {server.url}/me/add"
        assert locked.plan().actions() == {"me/add@v1": locked.first}


def test_an_alias_is_locked_to_where_it_was_found(locked: Locked, root: Path) -> None:
    commit = make_repository(root / "datatorch-actions" / "sub", FILES, tags=["v1"])
    locked.write(PIPELINE.replace("me/add", "datatorch/sub"))
    [action] = locked.lock().actions
    assert (action.reference, action.url) == ("datatorch/sub@v1", f"{locked.server.url}/datatorch-actions/sub")
    assert locked.plan().actions() == {"datatorch/sub@v1": commit}


def test_other_files_of_the_same_commit_are_refused(locked: Locked) -> None:
    locked.lock()
    text = locked.file.read_text()
    digest = json.loads(text)["actions"][0]["digest"]
    locked.file.write_text(text.replace(digest, "0" * 64))
    assert locked.refusal() == [
        f"pipeline.yaml:5:17: error: the files of me/add@v1 are not those that were locked [DT416]; {LOOK}"
    ]


def test_an_action_that_is_not_in_the_lock_is_refused_and_not_fetched(locked: Locked, root: Path) -> None:
    make_repository(root / "me" / "sub", FILES, tags=["v1"])
    locked.lock()
    locked.write(PIPELINE + "      - action: me/sub@v1\n")
    before = list(locked.server.requests)
    assert locked.refusal(locked=str(locked.file)) == [
        "pipeline.yaml:6:17: error: me/sub@v1 is not in the lock file pipeline.yaml.lock [DT415]; "
        "look whether it is meant, then lock it with 'datatorch-pipelines lock pipeline.yaml'"
    ]
    assert locked.server.requests == before
    assert locked.lock().changes.lines() == [f"added me/sub@v1 {locked.first[:12]}"]
    locked.write(PIPELINE.replace("me/add", "me/sub"))
    assert locked.lock().changes.lines() == [f"removed me/add@v1 {locked.first[:12]}"]


def test_two_urls_with_one_name_and_tag_are_two_actions_and_no_credentials_are_written(
    locked: Locked, root: Path, tmp_path: Path
) -> None:
    other_root = tmp_path / "other"
    other = make_repository(other_root / "add", {**FILES, "more.txt": "more"}, tags=["v1"])
    with running_http_server(other_root, user="me", password="s3cret") as server:
        with_password = server.url.replace("http://", "http://me:s3cret@")
        locked.write(f"""\
            name: Sum
            jobs:
              add:
                steps:
                  - action: {{name: me/add, tag: v1, git: "{with_password}/add"}}
                  - action: {{name: me/add, tag: v1, git: "{locked.server.url}/me/add"}}
            """)
        lock = locked.lock()
        assert [(action.git, action.commit) for action in lock.actions] == sorted(
            [(f"{server.url}/add", other), (f"{locked.server.url}/me/add", locked.first)]
        )
        assert "s3cret" not in locked.file.read_text() + repr(lock) + "".join(lock.changes.lines())
        assert "me:" not in locked.file.read_text()
        plan = locked.plan()
        assert plan.actions() == {"me/add@v1": other, f"me/add@v1 from {locked.server.url}/me/add": locked.first}
        git("tag", "-f", "v1", commit_files(other_root / "add", {"x": "y"}), cwd=other_root / "add")
        locked.machine = "another"
        [line] = locked.refusal()
        assert line.startswith(f"pipeline.yaml:5:17: error: the tag v1 of me/add moved from {other[:12]} to ")


def test_a_local_action_is_locked_by_its_files(locked: Locked) -> None:
    folder = locked.folder / "local" / "resize" / "v1"
    folder.mkdir(parents=True)
    (folder / "action-datatorch.yaml").write_text(FILES["action-datatorch.yaml"])
    locked.write("name: P\njobs: {a: {steps: [{action: local/resize@v1}, {action: ./beside}]}}\n")
    beside = locked.folder / "beside"
    beside.mkdir()
    (beside / "action-datatorch.yaml").write_text(FILES["action-datatorch.yaml"])
    here = {"local_actions": [locked.folder / "local"]}
    [action] = locked.lock(**here).actions
    assert (action.reference, action.kind, action.url, action.commit) == ("local/resize@v1", None, None, None)
    (beside / "more.txt").write_text("what lies beside the pipeline is versioned with it")
    assert locked.plan(**here).actions() == {"local/resize@v1": None, "./beside": None}
    (folder / "more.txt").write_text("more")
    assert locked.refusal(**here) == [
        "pipeline.yaml:2:29: error: the files of local/resize@v1 are not those that were locked [DT416]; "
        "look at what changed, then take it with 'datatorch-pipelines lock --update local/resize --local-actions local "
        "pipeline.yaml'"
    ]
    assert locked.refusal(**here, locked=dtp.Lock()) == [
        "pipeline.yaml:2:29: error: local/resize@v1 is not in the lock [DT415]; look whether it is meant, then lock it "
        f"with lock(pipeline, 'path', local_actions=['{locked.folder}/local'])".replace(f"{locked.folder}/", "")
    ]
    assert len(locked.lock(**here, update=["local/resize"]).changes.updated) == 1
    locked.plan(**here)


def test_a_folder_in_the_place_of_a_repository_is_refused(locked: Locked, tmp_path: Path) -> None:
    for tag in ("v1", "main"):
        locked.write(PIPELINE.replace("v1", tag))
        locked.lock()
        locked_at = f"from {locked.server.url}/me/add when it was locked"
        assert locked.refusal(resolvers=[MappingResolver({f"me/add@{tag}": locked.repository})]) == [
            f"pipeline.yaml:5:17: error: me/add@{tag} comes from a folder, and {locked_at} [DT416]; {LOOK}"
        ]


def test_a_container_image_is_not_locked_and_a_warning_says_so(locked: Locked) -> None:
    image = f"docker://python@sha256:{'ab' * 32}"
    locked.write(f"name: P\njobs: {{a: {{steps: [{{action: 'docker://python:3'}}, {{action: '{image}'}}]}}}}\n")
    lock = locked.lock()
    assert lock.actions == ()
    assert [str(item).replace(f"{locked.folder}/", "") for item in lock.warnings] == [
        "pipeline.yaml:2:29: warning: the image docker://python:3 is not locked: only its own name can do that "
        "[DT409]; name it by digest: docker://image@sha256:..."
    ]


def test_a_comment_of_the_pipeline_ignores_a_warning(locked: Locked) -> None:
    locked.write(PIPELINE.replace("me/add@v1", "docker://python:3 # datatorch: ignore[DT409] any will do"))
    assert locked.lock().warnings == ()


def test_nothing_is_written_when_an_action_can_t_be_had(locked: Locked) -> None:
    locked.lock()
    before = locked.file.read_bytes()
    sub, mul = locked.by_url("v1", "sub"), locked.by_url("v1", "mul")
    locked.write(PIPELINE + f"      - action: {sub}\n      - action: {mul}\n")
    with pytest.raises(dtp.PlanError) as caught:
        locked.lock()
    assert [(item.line, item.column, item.code) for item in caught.value.diagnostics] == [
        (6, 17, "DT402"),
        (7, 17, "DT402"),
    ]
    assert locked.file.read_bytes() == before


def test_an_update_of_a_server_that_can_t_be_asked_is_an_error(locked: Locked, root: Path) -> None:
    with running_http_server(root) as server:
        locked.base_url = server.url
        locked.lock()
    before = locked.file.read_bytes()
    locked.lock()
    with pytest.raises(dtp.PlanError) as caught:
        locked.lock(update=True)
    assert [item.code for item in caught.value.diagnostics] == ["DT402"]
    assert locked.file.read_bytes() == before


def test_names_of_an_update_are_those_of_steps(locked: Locked, root: Path) -> None:
    make_repository(root / "me" / "sub", FILES, tags=["v1"])
    locked.write(PIPELINE + "      - action: me/sub@v1\n")
    locked.lock()
    moved = locked.move()
    commit_files(root / "me" / "sub", {"change.txt": "changed"})
    git("tag", "-f", "v1", cwd=root / "me" / "sub")
    assert locked.lock(update=["me/add"]).changes.lines() == [f"updated me/add@v1 {locked.first[:12]} -> {moved[:12]}"]
    for name, hint in {
        "me/ad": "did you mean 'me/add'?",
        "you/xyz": "give it as the step has it, without the tag",
    }.items():
        with pytest.raises(dtp.PipelinesError) as caught:
            locked.lock(update=name)
        assert str(caught.value) == f"no step uses {name!r}; {hint}"


def test_several_files_are_all_locked_or_none(locked: Locked) -> None:
    other = locked.write(PIPELINE.replace("Sum", "Other"), "other.yaml")
    wrong = locked.write(PIPELINE.replace("me/add@v1", locked.by_url("v9")), "wrong.yaml")
    arguments = locked.arguments()
    with pytest.raises(dtp.PlanError) as caught:
        dtp.lock_files([locked.path, wrong, other], **arguments)  # type: ignore[arg-type]
    assert [item.file for item in caught.value.diagnostics] == [str(wrong)]
    assert list(locked.folder.glob("*.lock")) == []
    locks = dtp.lock_files([locked.path, other], **arguments)  # type: ignore[arg-type]
    assert [lock.path for lock in locks] == [locked.file, locked.folder / "other.yaml.lock"]
    assert locks[0] == locks[1]


def test_of_several_lock_files_none_is_written_where_one_can_t_be(locked: Locked) -> None:
    other = locked.write(PIPELINE.replace("Sum", "Other"), "other.yaml")
    read_only = locked.folder / "other.yaml.lock"
    read_only.write_text(dtp.Lock().to_json())
    read_only.chmod(0o444)
    with pytest.raises(dtp.PipelinesError) as caught:
        dtp.lock_files([locked.path, other], **locked.arguments())  # type: ignore[arg-type]
    assert str(caught.value) == f"{read_only}:1:1: the lock file is read-only; make it writable"
    assert sorted(path.name for path in locked.folder.glob("*.lock*")) == ["other.yaml.lock"]
    assert read_only.read_text() == dtp.Lock().to_json()


def test_write_false_tells_and_writes_nothing(locked: Locked) -> None:
    lock = locked.lock(write=False)
    assert (lock.changed, lock.path, len(lock.actions)) == (True, locked.file, 1)
    assert not locked.file.exists()


def test_a_pipeline_that_was_built_in_python_needs_a_path(locked: Locked) -> None:
    pipeline = dtp.Pipeline(name="Sum", jobs={"add": dtp.Job(steps=[dtp.Step(action="me/add@v1")])})
    arguments = locked.arguments()
    with pytest.raises(dtp.PipelinesError) as caught:
        pipeline.lock(**arguments)  # type: ignore[arg-type]
    none = "a pipeline that was made or changed in Python has no lock file beside it"
    assert str(caught.value) == f"{none}; give its path"
    with pytest.raises(dtp.PipelinesError) as caught:
        pipeline.plan(locked=True, **arguments)  # type: ignore[arg-type]
    assert str(caught.value) == f"{none}; give the path of one as locked, and make it with lock(pipeline, path)"
    file = locked.folder / "sum.lock"
    lock = pipeline.lock(file, **arguments)  # type: ignore[arg-type]
    for given in (lock, file, str(file)):
        assert pipeline.plan(locked=given, **arguments).actions() == {"me/add@v1": locked.first}  # type: ignore[arg-type]
    locked.move()
    locked.machine = "another"
    with pytest.raises(dtp.PlanError) as refused:
        pipeline.plan(locked=lock, **locked.arguments())  # type: ignore[arg-type]
    assert refused.value.hint == f"look at what changed, then take it with lock(pipeline, '{file}', update=['me/add'])"


def test_a_run_without_a_lock_file_says_how_to_make_one(locked: Locked) -> None:
    for given, make in {
        True: f"'datatorch-pipelines lock {locked.path}'",
        "other.lock": "lock(pipeline, 'other.lock')",
    }.items():
        with pytest.raises(dtp.PipelinesError) as caught:
            locked.plan(locked=given)
        name = given if isinstance(given, str) else locked.file
        assert str(caught.value) == f"there is no lock file {name}; make it with {make}"


def test_a_lock_file_that_is_broken_is_refused_by_a_run_and_by_a_lock(locked: Locked) -> None:
    locked.file.write_text("{}")
    for call in (locked.plan, locked.lock):
        with pytest.raises(dtp.PipelineSyntaxError, match="a lock file needs 'actions'"):
            call()
    assert locked.file.read_text() == "{}"


def test_an_argument_that_there_is_none_of_is_told(locked: Locked) -> None:
    with pytest.raises(TypeError, match=r"unexpected argument 'ofline'; did you mean 'offline'\?"):
        locked.lock(ofline=True)


def test_a_locked_run_records_the_commit_the_url_and_the_digest(locked: Locked) -> None:
    locked.write(PIPELINE.replace("v1", "main"))
    [action] = locked.lock().actions
    locked.commit()
    events: list[dtp.Event] = []
    arguments = locked.arguments(locked=True, directory=locked.folder / "runs", on_event=events.append)
    result = dtp.run(locked.path, **arguments)  # type: ignore[arg-type]
    assert result.status == "succeeded"
    started = events[0]
    assert isinstance(started, RunStarted)
    assert started.actions == {"me/add@main": locked.first}
    assert started.sources == {"me/add@main": {"url": action.url, "digest": action.digest}}
    recorded = json.loads((result.directory / "events.jsonl").read_text().splitlines()[0])
    assert (recorded["actions"], recorded["sources"]) == (started.actions, started.sources)


def test_two_locks_at_once_give_one_whole_file(locked: Locked) -> None:
    barrier = threading.Barrier(2)
    failed: list[Exception] = []

    def lock() -> None:
        barrier.wait()
        try:
            locked.lock()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=lock) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [action.commit for action in read_lock(locked.file).actions] == [locked.first]
    assert [path.name for path in locked.folder.glob("*lock*")] == ["pipeline.yaml.lock"]


def test_a_process_that_is_killed_while_it_writes_leaves_the_old_file(locked: Locked) -> None:
    locked.lock()
    before = locked.file.read_bytes()
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(locked.path)], capture_output=True, text=True, cwd=locked.folder
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert locked.file.read_bytes() == before
    locked.write("name: P\njobs: {a: {steps: [{run: echo}]}}\n")
    assert locked.lock().actions == ()


_KILLED = """
import os, pathlib, signal, sys
import datatorch_pipelines as dtp
pipeline = pathlib.Path(sys.argv[1])
pipeline.write_text("name: P\\njobs: {a: {steps: [{run: echo}]}}\\n")
def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
pathlib.Path.replace = die
dtp.lock(pipeline)
"""


def test_steps_and_jobs_in_another_order_are_the_same_lock(locked: Locked, root: Path) -> None:
    make_repository(root / "me" / "sub", FILES, tags=["v1"])
    locked.write(
        "name: P\njobs: {a: {steps: [{action: me/add@v1}, {action: me/sub@v1}]}, b: {steps: [{action: me/add@main}]}}"
    )
    locked.lock()
    written = locked.file.read_bytes()
    locked.write(
        "name: P\njobs: {b: {steps: [{action: me/sub@v1}, {action: me/add@main}]}, a: {steps: [{action: me/add@v1}]}}"
    )
    assert not locked.lock().changed
    locked.file.unlink()
    locked.lock()
    assert locked.file.read_bytes() == written
