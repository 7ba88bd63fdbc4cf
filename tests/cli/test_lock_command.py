"""The command lock, run --locked, and what pin says of a lock file; against a real git repository."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import commit_files, git, make_repository

FILES = {"action-datatorch.yaml": "name: Add\nruns: {using: cmd, command: echo hello}\n"}


class Repositories:
    """Repositories of ``me``, named by URL, and the text that names them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commits = {name: make_repository(root / name, FILES, tags=["v1"]) for name in ("add", "sub")}

    def url(self, name: str = "add") -> str:
        return (self.root / name).as_uri()

    def pipeline(self, *names: str, name: str = "Sum") -> str:
        steps = [f"      - action: {{name: me/{each}, tag: v1, git: '{self.url(each)}'}}\n" for each in names]
        return f"name: {name}\njobs:\n  sum:\n    steps:\n{''.join(steps)}"

    def move(self, name: str = "add") -> str:
        commit = commit_files(self.root / name, {"change.txt": "changed"})
        git("tag", "-f", "v1", cwd=self.root / name)
        return commit


@pytest.fixture
def repositories(tmp_path: Path) -> Repositories:
    return Repositories(tmp_path / "served")


def test_a_lock_file_is_written_and_then_is_up_to_date(
    here: Callable, write: Callable, folder: Path, repositories: Repositories
) -> None:
    write("p.yaml", repositories.pipeline("add", "sub"))
    add, sub = repositories.commits["add"][:12], repositories.commits["sub"][:12]
    lines = f"added me/add@v1 from {repositories.url()} {add}\nadded me/sub@v1 from {repositories.url('sub')} {sub}\n"
    ended = here("lock", "--check", "p.yaml")
    assert (ended.status, ended.stdout, ended.stderr) == (1, lines, "p.yaml.lock is not up to date\n")
    assert not (folder / "p.yaml.lock").exists()
    ended = here("lock", "p.yaml")
    assert (ended.status, ended.stdout, ended.stderr) == (0, lines, "wrote p.yaml.lock\n")
    written = json.loads((folder / "p.yaml.lock").read_text())
    assert [action["commit"] for action in written["actions"]] == list(repositories.commits.values())
    for call in (["lock", "p.yaml"], ["lock", "--check", "p.yaml"]):
        ended = here(*call)
        assert (ended.status, ended.stdout, ended.stderr) == (0, "", "p.yaml.lock is up to date\n")


def test_an_update_is_of_all_or_of_a_name(here: Callable, write: Callable, repositories: Repositories) -> None:
    write("p.yaml", repositories.pipeline("add", "sub"))
    here("lock", "p.yaml")
    one, other = repositories.move("add"), repositories.move("sub")
    first = {name: commit[:12] for name, commit in repositories.commits.items()}
    add = f"updated me/add@v1 from {repositories.url()} {first['add']} -> {one[:12]}\n"
    sub = f"updated me/sub@v1 from {repositories.url('sub')} {first['sub']} -> {other[:12]}\n"
    assert here("lock", "p.yaml").stdout == ""
    assert here("lock", "--check", "--update=me/add", "p.yaml").stdout == add
    assert here("lock", "p.yaml", "--check", "--update").stdout == add + sub
    ended = here("lock", "--update", "me/add", "p.yaml")
    assert (ended.status, ended.stdout, ended.stderr) == (0, add, "wrote p.yaml.lock\n")
    ended = here("lock", "p.yaml", "--update")
    assert (ended.status, ended.stdout) == (0, sub)
    assert here("lock", "p.yaml", "--update").stderr == "p.yaml.lock is up to date\n"


def test_a_locked_run_refuses_a_tag_that_moved_and_runs_nothing(
    here: Callable, write: Callable, folder: Path, repositories: Repositories, environment: dict[str, str]
) -> None:
    write("p.yaml", repositories.pipeline("add"))
    here("lock", "p.yaml")
    ended = here("run", "--locked", "p.yaml")
    assert (ended.status, ended.stderr.count("| hello")) == (0, 1)
    moved = repositories.move()
    another = {"DATATORCH_PIPELINES_HOME": str(folder / "another")}
    ended = here("run", "--locked", "p.yaml", env=another)
    first = repositories.commits["add"][:12]
    assert ended.status == 2
    assert ended.stdout == ""
    lines = ended.stderr.splitlines()
    assert [lines[0], *lines[-2:]] == [
        f"p.yaml:5:17: error: the tag v1 of me/add moved from {first} to {moved[:12]} [DT416]",
        "  hint: look at what changed, then take it with 'datatorch-pipelines lock --update me/add p.yaml'",
        "nothing ran",
    ]
    assert not list((folder / "another").rglob("runs/*"))
    assert here("lock", "--update", "me/add", "p.yaml").status == 0
    ended = here("run", "--locked", "--json", "p.yaml")
    assert (ended.status, json.loads(ended.stdout)["status"]) == (0, "succeeded")


def test_a_locked_run_without_a_lock_file_says_how_to_make_it(
    here: Callable, write: Callable, repositories: Repositories
) -> None:
    write("my p.yaml", repositories.pipeline("add"))
    ended = here("run", "--locked", "my p.yaml")
    make = "there is no lock file my p.yaml.lock; make it with 'datatorch-pipelines lock \"my p.yaml\"'"
    assert (ended.status, ended.stderr) == (2, f"error: {make}\nnothing ran\n")
    ended = here("run", "--locked", "--json", "my p.yaml")
    assert json.loads(ended.stdout)["error"]["message"] == make


def test_an_action_that_is_not_locked_is_refused(here: Callable, write: Callable, repositories: Repositories) -> None:
    write("p.yaml", repositories.pipeline("add"))
    here("lock", "p.yaml")
    write("p.yaml", repositories.pipeline("add", "sub"))
    ended = here("run", "--locked", "p.yaml")
    assert (ended.status, ended.stderr.splitlines()[0]) == (
        2,
        "p.yaml:6:17: error: me/sub@v1 is not in the lock file p.yaml.lock [DT415]",
    )
    assert ended.stderr.splitlines()[-2:] == [
        "  hint: look whether it is meant, then lock it with 'datatorch-pipelines lock p.yaml'",
        "nothing ran",
    ]


def test_several_files_name_theirs_and_one_that_is_wrong_keeps_all_from_being_written(
    here: Callable, write: Callable, folder: Path, repositories: Repositories
) -> None:
    write("p.yaml", repositories.pipeline("add"))
    write("q.yaml", repositories.pipeline("add", name="Other"))
    write("wrong.yaml", repositories.pipeline("add").replace("tag: v1", "tag: v9"))
    ended = here("lock", "p.yaml", "wrong.yaml", "q.yaml")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[0] == (
        f"wrong.yaml:5:17: error: me/add@v9: {repositories.url()} has no tag or branch 'v9' [DT402]"
    )
    assert list(folder.glob("*.lock")) == []
    ended = here("lock", "p.yaml", "q.yaml")
    added = f"added me/add@v1 from {repositories.url()} {repositories.commits['add'][:12]}"
    assert ended.stdout == f"p.yaml.lock: {added}\nq.yaml.lock: {added}\n"
    assert ended.stderr == "wrote p.yaml.lock\nwrote q.yaml.lock\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lock"], "missing argument 'PATH...'; see"),
        (["lock", "--update"], "missing argument 'PATH...'; see"),
        (
            ["lock", "--update", "p.yaml"],
            "--update took 'p.yaml' for the name of an action: write --update behind the files, or --update=NAME; see",
        ),
        (
            ["lock", "--update", "p.yaml", "q.yaml"],
            "--update took 'p.yaml' for the name of an action: write --update behind the files, or --update=NAME; see",
        ),
        (
            ["lock", "p.yaml", "--update", "me/add", "--update"],
            "--update is given with a name and without: leave one of them out; see",
        ),
        (["lock", ""], "invalid value for PATH...: an empty text names no file; see"),
    ],
)
def test_a_call_that_is_wrong_says_so(
    here: Callable, write: Callable, arguments: list[str], message: str, repositories: Repositories
) -> None:
    write("p.yaml", repositories.pipeline("add"))
    ended = here(*arguments)
    assert (ended.status, ended.stderr) == (2, f"datatorch-pipelines: {message} 'datatorch-pipelines lock --help'\n")


def test_what_can_t_be_read_or_written_is_one_line(
    here: Callable, write: Callable, folder: Path, repositories: Repositories
) -> None:
    write("p.yaml", repositories.pipeline("add"))
    ended = here("lock", "p.yaml", "--update", "me/ad")
    assert (ended.status, ended.stderr) == (2, "datatorch-pipelines: no step uses 'me/ad'; did you mean 'me/add'?\n")
    assert here("lock", "none.yaml").stderr.splitlines()[0] == "none.yaml:1:1: error: no such file [DT102]"
    (folder / "p.yaml.lock").symlink_to("nowhere")
    ended = here("lock", "p.yaml")
    assert (ended.status, ended.stderr.splitlines()[0]) == (
        2,
        "p.yaml.lock:1:1: error: this is a link to a file that does not exist [DT102]",
    )
    (folder / "p.yaml.lock").unlink()
    write("p.yaml.lock", "<<<<<<< HEAD\n{}\n=======\n")
    ended = here("lock", "p.yaml")
    assert (ended.status, ended.stderr) == (
        2,
        "p.yaml.lock:1:1: error: a merge conflict is not resolved here [DT101]\n"
        "  hint: take the lines of one side, then lock again\n",
    )
    write("p.yaml.lock", '{"version": 1, "actions": []}').chmod(0o444)
    ended = here("lock", "p.yaml")
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr == "datatorch-pipelines: p.yaml.lock:1:1: the lock file is read-only; make it writable\n"


def test_offline_locks_what_is_here(here: Callable, write: Callable, repositories: Repositories) -> None:
    write("p.yaml", repositories.pipeline("add"))
    ended = here("lock", "--offline", "p.yaml")
    assert (ended.status, ended.stderr.splitlines()[0].partition(" is not in the store at ")[0]) == (
        2,
        "p.yaml:5:17: error: me/add@v1",
    )
    here("run", "p.yaml")
    assert here("lock", "--offline", "p.yaml").status == 0
    assert here("run", "--offline", "--locked", "p.yaml").status == 0


def test_local_actions_are_locked_by_their_files(here: Callable, write: Callable) -> None:
    write("local/add/v1/action-datatorch.yaml", FILES["action-datatorch.yaml"])
    write("p.yaml", "name: P\njobs: {a: {steps: [{action: local/add@v1}, {action: 'docker://python:3'}]}}\n")
    ended = here("lock", "--local-actions", "local", "p.yaml")
    assert ended.status == 0
    assert ended.stdout.startswith("added local/add@v1 files ")
    assert ended.stderr.splitlines()[0] == (
        "p.yaml:2:53: warning: the image docker://python:3 is not locked: only its own name can do that [DT409]"
    )
    assert ended.stderr.splitlines()[-1] == "wrote p.yaml.lock"


def test_pin_tells_that_the_lock_file_is_for_other_references(
    here: Callable, write: Callable, repositories: Repositories
) -> None:
    write("p.yaml", repositories.pipeline("add"))
    assert here("pin", "p.yaml").stderr == "pinned 1 reference in 1 file\n"
    write("p.yaml", repositories.pipeline("add"))
    here("lock", "p.yaml")
    ended = here("pin", "p.yaml")
    assert ended.stderr == (
        "p.yaml.lock is for the references as they were: lock them with 'datatorch-pipelines lock p.yaml'\n"
        "pinned 1 reference in 1 file\n"
    )
    commit = repositories.commits["add"]
    assert here("lock", "p.yaml").stdout.splitlines() == [
        f"added me/add@{commit} from {repositories.url()} {commit[:12]}",
        f"removed me/add@v1 from {repositories.url()} {commit[:12]}",
    ]
    assert here("pin", "p.yaml").stderr == "nothing to pin\n"
