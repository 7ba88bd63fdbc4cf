"""``actions list``, ``show``, ``pull``, ``verify`` and ``prune``: streams, exit statuses, and what strangers wrote."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import commit_files, make_repository

import datatorch_pipelines as dtp
from datatorch_pipelines.resolvers import Store
from datatorch_pipelines.resolvers.storage import leases

PROGRAM = "datatorch-pipelines"
ADD = """\
name: Add
description: Adds two numbers.
inputs:
  a: {type: integer, required: true, description: The first number.}
  b: {type: integer, default: 1}
outputs:
  sum: {type: integer}
runs: {using: cmd, command: 'echo "::sum::$((INPUT_A + INPUT_B))"'}
"""

Write = Callable[[str, str], Path]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with an action, tagged v1."""
    path = tmp_path / "git" / "add"
    make_repository(path, {"action-datatorch.yaml": ADD}, tags=["v1"])
    return path


@pytest.fixture
def store(environment: dict[str, str]) -> Path:
    """The folder of the store that the commands use."""
    return Path(environment["DATATORCH_PIPELINES_HOME"]) / "cache" / "actions"


def _step(repository: Path, tag: str = "v1") -> str:
    action = f"{{name: {repository.name}, tag: {tag}, git: '{repository.as_uri()}'}}"
    return f"      - action: {action}\n        inputs: {{a: 1}}\n"


def _pipeline(*steps: str) -> str:
    return f"name: P\njobs:\n  a:\n    steps:\n{''.join(steps)}"


def _pull(command: Callable, write: Write, repository: Path, *tags: str) -> list[str]:
    """Fetches an action in a process of its own, so that nobody uses it afterwards, and gives the commits."""
    write("p.yaml", _pipeline(*(_step(repository, tag) for tag in tags or ("v1",))))
    done = command("actions", "pull", "p.yaml")
    assert (done.status, done.stderr) == (0, "")
    return [line.split()[1] for line in done.stdout.splitlines()]


def _steady(text: str) -> str:
    text = re.sub(r"\b[0-9a-f]{12}\b", "COMMIT", text)
    text = re.sub(r"\b[\d.]+ (B|KiB)\b", r"N \1", text)
    return re.sub(r"\b(?!2026-01-02)\d{4}-\d\d-\d\d\b", "TODAY", text)


def test_an_empty_store_says_so_and_where_it_is(here: Callable, store: Path) -> None:
    done = here("actions", "list")
    assert (done.status, done.stdout, done.stderr) == (0, f"no actions in {store}\n", "")
    shown = json.loads(here("actions", "list", "--json").stdout)
    assert shown == {"version": 1, "store": str(store), "size": 0, "actions": []}
    for command in ("verify", "prune"):
        done = here("actions", command)
        assert (done.status, done.stderr) == (0, "")
    assert not store.exists()


def test_the_list_is_a_table_with_a_line_for_each_commit(
    here: Callable, command: Callable, write: Write, repository: Path, store: Path
) -> None:
    second = commit_files(repository, {"other": "x" * 2000}, tags=["v2", "v3", "v4"])
    first, _, _, _, _ = _pull(command, write, repository, "v1", "v2", "v3", "v4", "latest")
    done = here("actions", "list")
    assert (done.status, done.stderr) == (0, "")
    url = repository.as_uri()
    shown = url if len(url) <= 60 else f"{url[:28]}...{url[-29:]}"
    width = len(shown)
    rows = sorted(
        [(first, f"{'v1':22}", "1", f"{len(ADD)} B"), (second[:12], "latest, v2, v3, 1 more", "2", "2.2 KiB")]
    )
    lines = re.sub(r"\d{4}-\d\d-\d\d$", "TODAY", done.stdout, flags=re.MULTILINE).splitlines()
    assert lines == [
        f"{'action':{width}}  tags, branches          commit        files     size  last used",
        *(f"{shown}  {refs}  {commit}  {files:>5}  {size:>7}  TODAY" for commit, refs, files, size in rows),
        f"2 actions, {done.stdout.splitlines()[-1].split(', ')[1].split(' in ')[0]} in {store}",
    ]


def test_the_list_as_json_has_everything(
    here: Callable, command: Callable, write: Write, repository: Path, store: Path
) -> None:
    [commit] = _pull(command, write, repository)
    done = here("actions", "list", "--json")
    shown = json.loads(done.stdout)
    assert (done.status, done.stderr, list(shown)) == (0, "", ["version", "store", "size", "actions"])
    assert (shown["version"], shown["store"]) == (1, str(store))
    [action] = shown["actions"]
    assert shown["size"] >= action["size"] == len(ADD.encode())
    assert action["commit"].startswith(commit)
    assert (action["url"], action["refs"], action["files"]) == (repository.as_uri(), ["v1"], 1)
    assert (Path(action["directory"]) / "action-datatorch.yaml").read_text() == ADD
    assert datetime.fromisoformat(action["used"]) >= datetime.fromisoformat(action["fetched"])
    assert (len(action["digest"]), action["in_use"]) == (64, False)


def test_nothing_that_the_store_holds_can_break_a_line_or_reach_the_terminal(here: Callable, store: Path) -> None:
    nasty = "zip+https://me:geheim@evil/\x1b[2J\x1b]0;owned\x07\n1 action, 0 B in /\t\u202etxt.exe"
    for source, url in (("nasty", nasty), ("wide", "https://example.org/" + "数" * 300)):
        entry = Store(store).keep(source, "1.0", lambda folder: (folder / "x").touch())
        mark = entry.directory.parent / "entry.json"
        mark.chmod(0o644)
        mark.write_text(json.dumps({**json.loads(mark.read_text()), "url": url}), encoding="utf-8")
    for arguments in (["list"], ["list", "--json"], ["verify"], ["prune", "--older-than", "0", "--dry-run"]):
        done = here("actions", *arguments)
        assert done.status == 0
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", done.stdout)
    lines = here("actions", "list").stdout.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("https://example.org/数")
    assert "geheim" not in "".join(lines)
    assert lines[2].startswith(r"zip+https://evil/\x1b[2J\x1b...on, 0 B in /\x09\u202etxt.exe  ")


def test_an_action_in_use_is_marked_and_not_pruned(
    here: Callable, command: Callable, write: Write, repository: Path, monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    _pull(command, write, repository)
    using = Store(store)
    plan = dtp.plan("p.yaml", store=using)
    assert here("actions", "list").stdout.splitlines()[1].endswith("  in use")
    done = here("actions", "prune", "--older-than", "0")
    assert done.status == 0
    kept, last = _steady(done.stdout).splitlines()
    assert kept == f"kept {repository.as_uri()} COMMIT (v1), N B, last used TODAY: a run uses it"
    assert last == "nothing to delete"
    assert plan.jobs[0].steps[0].action is not None


def test_what_is_kept_because_nobody_knows_of_its_uses_is_told_of(
    here: Callable, command: Callable, write: Write, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FakeSystemWithoutLocks:
        """A system that has no locks of open files."""

    _pull(command, write, repository)
    monkeypatch.setattr(leases, "fcntl", FakeSystemWithoutLocks)
    done = here("actions", "prune", "--older-than", "0")
    kept, last = _steady(done.stdout).splitlines()
    line = f"{repository.as_uri()} COMMIT (v1), N B, last used TODAY"
    assert (done.status, kept) == (0, f"kept {line}: a run may use it, which can't be known here now")
    assert last == "nothing to delete"


def test_a_device_is_no_action(here: Callable) -> None:
    done = here("actions", "show", "/dev/null")
    told = f"{PROGRAM}: '/dev/null' is neither a folder nor a file; give a folder that holds an action\n"
    assert (done.status, done.stdout, done.stderr) == (2, "", told)


def test_of_texts_of_great_length_the_beginning_is_shown(here: Callable, write: Write) -> None:
    long = "n" * 5000
    write(
        "add/action-datatorch.json",
        json.dumps({"name": long, "description": long, "runs": {"using": "cmd", "command": long}}),
    )
    done = here("actions", "show", "./add")
    assert done.status == 0
    name, *description = done.stdout.partition("\n\n")[0].splitlines()
    assert name == "n" * 117 + "..."
    assert "".join(line.removeprefix("  ") for line in description) == "n" * 4000 + " ..."
    assert f"runs:    cmd: {'n' * 112}...\n" in done.stdout
    assert json.loads(here("actions", "show", "./add", "--json").stdout)["description"] == long


def test_what_an_action_is_and_takes(here: Callable, repository: Path, store: Path) -> None:
    done = here("actions", "show", "add@v1", "--git", repository.as_uri())
    assert (done.status, done.stderr) == (0, "")
    [action] = json.loads(here("actions", "list", "--json").stdout)["actions"]
    assert done.stdout == (
        "Add\n"
        "  Adds two numbers.\n"
        "\n"
        "action:  add@v1\n"
        'runs:    cmd: echo "::sum::$((INPUT_A + INPUT_B))"\n'
        f"from:    {repository.as_uri()}\n"
        f"commit:  {action['commit']}\n"
        f"folder:  {action['directory']}\n"
        "\n"
        "inputs:\n"
        "  a: integer, required\n"
        "      The first number.\n"
        "  b: integer, 1 unless given\n"
        "\n"
        "outputs:\n"
        "  sum: integer\n"
        "\n"
        "a step that uses it:\n"
        "  - action:\n"
        "      name: add\n"
        "      tag: v1\n"
        f"      git: {repository.as_uri()}\n"
        "    inputs:\n"
        "      a: 1\n"
    )


def test_what_an_action_is_as_json(here: Callable, repository: Path) -> None:
    done = here("actions", "show", "add", "--git", repository.as_uri(), "--json")
    assert (done.status, done.stderr) == (0, "")
    shown = json.loads(done.stdout)
    assert (shown["version"], shown["action"], shown["url"]) == (1, "add@latest", repository.as_uri())
    assert (shown["name"], shown["author"], shown["cache"], shown["env"]) == ("Add", None, False, {})
    assert shown["runs"] == {"using": "cmd", "command": 'echo "::sum::$((INPUT_A + INPUT_B))"'}
    assert shown["inputs"]["a"] == {
        "type": "integer",
        "description": "The first number.",
        "options": [],
        "multiline": False,
        "required": True,
        "default": None,
        "deprecationMessage": None,
    }
    assert shown["outputs"]["sum"]["type"] == "integer"
    assert shown["example"].startswith("- action:\n    name: add\n    tag: latest\n")
    assert Path(shown["directory"], "action-datatorch.yaml").is_file()


@pytest.mark.parametrize(
    ("arguments", "action", "step"),
    [
        (["add"], "./add", "./add"),
        (["./add/"], "./add", "./add"),
        (["add/action-datatorch.yml"], "./add", "./add"),
        (["{folder}/add"], "./add", "./add"),
        (["add", "--file", "action-datatorch.yml"], "./add", "./add"),
        (["add/other.yaml"], "./add", None),
        (["add", "--file", "other.yaml"], "./add", None),
        (["local/add@v1", "--local-actions", "actions"], "local/add@v1", "local/add@v1"),
        (["local/add", "--local-actions", "actions"], "local/add", None),
        (["odd@name"], "./odd@name", "./odd@name"),
    ],
)
def test_paths_and_local_actions_are_shown(
    here: Callable, write: Write, folder: Path, arguments: list[str], action: str, step: str | None
) -> None:
    for name in ("add/action-datatorch.yml", "add/other.yaml", "odd@name/action-datatorch.yaml"):
        write(name, ADD)
    for tag in ("v1", "latest"):
        write(f"actions/add/{tag}/action-datatorch.yaml", ADD)
    done = here("actions", "show", *(argument.format(folder=folder) for argument in arguments), "--offline")
    assert (done.status, done.stderr) == (0, "")
    assert f"\naction:  {action}\n" in done.stdout
    shown = re.search(r"^  - action: (.*)$", done.stdout, re.MULTILINE)
    assert (shown and shown[1]) == (step if step or "--file" in arguments or "other" in arguments[0] else "local/add")


def test_an_action_s_texts_can_not_break_out_of_their_place(here: Callable, write: Write) -> None:
    text = "one\x1b[2J\r\nfolder:  /etc\nthree\u2028four\u202e" + " word" * 60
    definition = {
        "name": "a\nb\x1b]0;owned\x07",
        "description": text,
        "author": "me\nfrom:    https://good.example",
        "inputs": {
            "in\nput": {
                "description": text,
                "required": True,
                "deprecationMessage": text,
                "options": [text, "${{ x }}"],
            },
            "safe": {"required": True, "options": ["${{ secrets.TOKEN }}", "plain"]},
        },
        "outputs": {"o\x9b": {"description": text}},
        "env": {"A\nB": {"description": text}},
        "runs": {"using": "cmd", "command": f"echo {text}"},
    }
    write("a/action-datatorch.json", json.dumps(definition))
    done = here("actions", "show", "a")
    assert (done.status, done.stderr) == (0, "")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]", done.stdout)
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith(("folder:", "from:"))] == [f"folder:  {Path('a').resolve()}"]
    assert lines[0] == r"a\x0ab\x1b]0;owned\x07"
    assert "author:  me ..." in lines
    told, _, example = done.stdout.partition("a step that uses it:\n")
    assert max(map(len, told.splitlines())) < 200
    assert "${{" not in example
    assert "secrets" not in example
    assert json.loads(here("actions", "show", "a", "--json").stdout)["description"] == text


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["show", "./none"], 2, "there is no folder or file './none'; give a folder that holds an action, its"),
        (["show", "x/none.yaml"], 2, "there is no folder or file 'x/none.yaml'; give a folder that holds an action,"),
        (["show", "add"], 2, "the action 'add' has no owner; write owner/add"),
        (["show", ""], 2, "the action is empty; write owner/repo@tag"),
        (["show", "a\nb"], 2, r"the action 'a\nb' has no owner; write owner/repo@tag"),
        (["show", "me/add@v1", "--file", "../x"], 2, "'../x' is no path inside a repository; write a relative path"),
        (
            ["show", "me/add@v1", "--offline"],
            1,
            "me/add@v1 is not in the store at {store}, and the network is not to be",
        ),
        (
            ["show", "docker://alpine"],
            1,
            "docker://alpine: a container image has no action file; it is",
        ),
        (
            ["show", "x@v1", "--git", "ext::sh"],
            1,
            "x@v1: a git URL that names a helper program or an option is refused",
        ),
        (["show", "empty"], 1, "./empty has no action-datatorch.yaml; is it the right folder?"),
        (["pull", "add"], 2, "the action 'add' has no owner; write owner/add"),
        (
            ["prune", "--older-than", "3y"],
            2,
            "invalid value for --older-than: '3y' is no duration: write 90m, 12h, 30d,",
        ),
        (["prune", "--older-than", "-1d"], 2, "invalid value for --older-than: '-1d' is no duration: write 90m, 12h,"),
        (["prune", "--older-than", "٣d"], 2, "invalid value for --older-than: '٣d' is no duration: write 90m, 12h,"),
        (
            ["prune", "--older-than", "99999d"],
            2,
            "invalid value for --older-than: '99999d' is more than a hundred years",
        ),
        (["pull"], 2, "missing argument 'ACTION|PIPELINE...'; see 'datatorch-pipelines actions pull --help'"),
        ([], 2, "missing command; see 'datatorch-pipelines actions --help'"),
        (["lst"], 2, "no such command 'lst'"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    here: Callable, write: Write, store: Path, arguments: list[str], status: int, message: str
) -> None:
    write("empty/x", "")
    done = here("actions", *arguments)
    assert (done.status, done.stdout) == (status, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{PROGRAM}: {message.format(store=store)}")


def test_an_action_whose_file_is_wrong_is_shown_where(here: Callable, write: Write) -> None:
    write("add/action-datatorch.yaml", "name: Add\nruns: {using: pyhton, main: x}\n")
    done = here("actions", "show", "add", "--json")
    assert (done.status, done.stdout) == (1, "")
    assert done.stderr.splitlines()[:2] == [
        "add/action-datatorch.yaml:2:15: error: no runtime is called 'pyhton' [DT204]",
        "    2 | runs: {using: pyhton, main: x}",
    ]


def test_pull_says_what_was_fetched_and_what_was_there(here: Callable, write: Write, repository: Path) -> None:
    commit = commit_files(repository, {"x": ""}, tags=["v2"])[:12]
    write("sub/action-datatorch.yaml", ADD)
    write("p.yaml", _pipeline(_step(repository), "      - action: ./sub\n", "      - run: echo\n"))
    write("q.yaml", _pipeline(_step(repository), _step(repository, "v2")))
    done = here("actions", "pull", "p.yaml")
    assert (done.status, _steady(done.stdout), done.stderr) == (0, "add@v1 COMMIT fetched\n./sub - present\n", "")
    done = here("actions", "pull", "p.yaml", "q.yaml")
    assert (done.status, done.stderr) == (0, "")
    assert _steady(done.stdout) == "add@v1 COMMIT present\n./sub - present\nadd@v2 COMMIT fetched\n"
    assert f"add@v2 {commit} fetched" in done.stdout
    repository.rename(repository.with_name("gone"))
    done = here("actions", "pull", "--offline", "p.yaml", "q.yaml")
    assert (done.status, done.stdout.count("present"), done.stderr) == (0, 3, "")


def test_pull_without_anything_to_fetch_says_so(here: Callable, write: Write) -> None:
    write("p.yaml", _pipeline("      - run: echo\n"))
    done = here("actions", "pull", "p.yaml")
    assert (done.status, done.stdout, done.stderr) == (0, "", "no actions to fetch\n")


def test_pull_tells_of_all_that_can_t_be_had_and_fetches_the_rest(
    here: Callable, write: Write, repository: Path
) -> None:
    none = repository.with_name("none")
    write("p.yaml", _pipeline(_step(none), _step(repository), _step(repository, "v9")))
    done = here("actions", "pull", "p.yaml", "docker://alpine")
    assert (done.status, _steady(done.stdout)) == (1, "add@v1 COMMIT fetched\n")
    first, second, third, last = done.stderr.splitlines()
    assert first.startswith("p.yaml:5:17: none@v1: ")
    assert second.startswith("p.yaml:9:17: add@v9: ")
    assert third.startswith("docker://alpine: ")
    assert last == "not every action can be had; 1 is here"


def test_pull_of_a_pipeline_that_is_wrong_fetches_nothing(
    here: Callable, write: Write, repository: Path, store: Path
) -> None:
    write("p.yaml", _pipeline(_step(repository)))
    write("bad.yaml", "name: Bad\njobs:\n  a:\n    stepps: []\n")
    done = here("actions", "pull", "p.yaml", "bad.yaml", "none.yaml")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith("bad.yaml:4:5: error: unknown key 'stepps' [DT202]\n    4 |     stepps: []\n")
    assert "none.yaml:1:1: error: no such file [DT102]\n" in done.stderr
    assert done.stderr.endswith("\nnothing was fetched\n")
    assert not store.exists()


def test_pull_warns_where_an_older_commit_is_used_and_refuses_that_when_strict(
    here: Callable, command: Callable, write: Write, repository: Path
) -> None:
    [commit] = _pull(command, write, repository, "main")
    url = "http://127.0.0.1:1/add"
    text = Path("p.yaml").read_text().replace(repository.as_uri(), url)
    write("p.yaml", text)
    strict = here("actions", "pull", "--strict", "p.yaml")
    assert strict.status == 1
    assert strict.stderr.splitlines()[0].startswith("p.yaml:5:17: add@main: http://127.0.0.1:1 can't be reached: ")
    assert len(commit) == 12


def test_a_password_is_shown_by_no_command(here: Callable, write: Write) -> None:
    url = "http://me:geheim@127.0.0.1:1/add"
    write("p.yaml", f"name: P\njobs: {{a: {{steps: [{{action: {{name: add, tag: v1, git: '{url}'}}}}]}}}}\n")
    for arguments in (["pull", "p.yaml"], ["show", "add@v1", "--git", url], ["show", f"{url}@v1"], ["pull", url]):
        done = here("actions", *arguments)
        assert done.status in (1, 2)
        assert "geheim" not in done.stdout + done.stderr


def test_ctrl_c_ends_a_pull_at_once(cli: list[str], environment: dict[str, str], folder: Path, write: Write) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"git://127.0.0.1:{listening.getsockname()[1]}/add"
        write("p.yaml", f"name: P\njobs: {{a: {{steps: [{{action: {{name: add, tag: v1, git: '{url}'}}}}]}}}}\n")
        process = subprocess.Popen(
            [*cli, "actions", "pull", "p.yaml"], cwd=folder, env=environment, stderr=subprocess.PIPE
        )
        connection, _ = listening.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, b"\ninterrupted\n")


def _damage(store: Path) -> Path:
    [file] = store.glob("entries/*/files/action-datatorch.yaml")
    file.chmod(0o644)
    file.write_text(ADD + "# more\n", encoding="utf-8")
    return file


def test_verify_tells_what_is_damaged_and_how_it_is_mended(
    here: Callable, command: Callable, write: Write, repository: Path, store: Path
) -> None:
    [commit] = _pull(command, write, repository)
    done = here("actions", "verify")
    assert (done.status, done.stdout, done.stderr) == (0, "1 action is whole\n", "")
    directory = _damage(store).parent
    name = f"{repository.as_uri()} {commit}"
    done = here("actions", "verify")
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout == (
        f"{name}: 'action-datatorch.yaml' differs;"
        " 'datatorch-pipelines actions verify --remove' has it fetched again\n0 actions are whole, 1 damaged\n"
    )
    done = here("actions", "verify", "--json")
    shown = json.loads(done.stdout)
    [damaged] = shown["damaged"]
    assert (done.status, shown["version"], shown["store"], shown["whole"]) == (1, 1, str(store), 0)
    assert (damaged["url"], damaged["directory"]) == (repository.as_uri(), str(directory))
    assert (damaged["problem"], damaged["removed"]) == ("'action-datatorch.yaml' differs", False)
    done = here("actions", "verify", "--remove")
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout == (
        f"{name}: 'action-datatorch.yaml' differs;"
        " removed: it is fetched again when it is next asked for\n0 actions are whole, 1 removed\n"
    )
    assert _steady(command("actions", "pull", "p.yaml").stdout) == "add@v1 COMMIT fetched\n"
    assert here("actions", "verify").stdout == "1 action is whole\n"


def test_what_is_damaged_and_in_use_is_told_and_stays(
    here: Callable, command: Callable, write: Write, repository: Path, store: Path
) -> None:
    _pull(command, write, repository)
    using = Store(store)
    plan = dtp.plan("p.yaml", store=using)
    _damage(store)
    done = here("actions", "verify", "--remove")
    assert done.status == 1
    assert done.stdout.endswith(": 'action-datatorch.yaml' differs; it is in use\n0 actions are whole, 1 damaged\n")
    assert plan.jobs[0].steps[0].action is not None


def test_prune_deletes_what_was_not_used_for_so_long(
    here: Callable, command: Callable, write: Write, repository: Path, store: Path
) -> None:
    commit_files(repository, {"x": ""}, tags=["v2"])
    _pull(command, write, repository, "v1", "v2")
    old = next(folder for folder in (store / "entries").iterdir() if not (folder / "files" / "x").exists())
    mark = old / "entry.json"
    mark.chmod(0o644)
    record = json.loads(mark.read_text(encoding="utf-8"))
    mark.write_text(json.dumps({**record, "fetched": "2026-01-02T12:00:00+00:00"}), encoding="utf-8")
    for path in old.iterdir():
        if path.name == "used":
            os.utime(path, (1767355200, 1767355200))
    assert here("actions", "prune", "--older-than", "5200w").stdout == "nothing to delete\n"
    line = f"{repository.as_uri()} COMMIT (v1), N B, last used 2026-01-02"
    done = here("actions", "prune", "--dry-run")
    assert (done.status, done.stderr) == (0, "")
    assert _steady(done.stdout) == f"would delete {line}\nwould delete 1 action, N B\n"
    done = here("actions", "prune")
    assert (done.status, done.stderr) == (0, "")
    assert _steady(done.stdout) == f"deleted {line}\ndeleted 1 action; N KiB came free\n"
    assert [action.refs for action in Store(store).entries()] == [("v2",)]
    assert here("actions", "prune").stdout == "nothing to delete\n"


@pytest.mark.parametrize("arguments", [["list"], ["verify"], ["prune"]])
def test_a_store_that_can_t_be_read_is_told(here: Callable, store: Path, arguments: list[str]) -> None:
    store.mkdir(parents=True)
    (store / "entries").symlink_to("entries")
    done = here("actions", *arguments)
    assert (done.status, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert f"the action store at {store} can't be used: " in done.stderr


@pytest.mark.parametrize("name", ["list", "show", "pull", "verify", "prune"])
def test_help_fits_a_terminal_and_gives_examples_and_exit_statuses(here: Callable, name: str) -> None:
    done = here("actions", name, "--help", env={"COLUMNS": "100"})
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {PROGRAM} actions {name}")
    assert f"\n    {PROGRAM} actions {name} " in done.stdout + " " or f"\n    {PROGRAM} actions {name}\n" in done.stdout
    assert "\n  Exit status:\n    0  " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_help_and_list_load_nothing_that_fetches_or_runs(environment: dict[str, str]) -> None:
    script = (
        "import sys; from datatorch_pipelines.__main__ import main; sys.argv = ['x', *sys.argv[1:]]; main();"
        "heavy = ['dulwich', 'ruamel', 'datatorch_pipelines.engine', 'datatorch_pipelines.api'];"
        "print([name for name in heavy if name in sys.modules])"
    )
    for arguments in (["actions", "--help"], ["actions", "list"]):
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, env=environment
        )
        assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_pull_locked_fetches_what_a_locked_run_without_a_network_needs(
    here: Callable, command: Callable, write: Write, repository: Path
) -> None:
    write("p.yaml", _pipeline(_step(repository, "main")))
    assert command("lock", "p.yaml").status == 0
    commit_files(repository, {"x": ""})
    elsewhere = {"DATATORCH_PIPELINES_HOME": "elsewhere"}
    done = command("actions", "pull", "--locked", "p.yaml", env=elsewhere)
    assert (done.status, _steady(done.stdout), done.stderr) == (0, "add@main COMMIT fetched\n", "")
    done = command("run", "--locked", "--offline", "-q", "p.yaml", env=elsewhere)
    assert (done.status, done.stdout, done.stderr) == (0, "a / add@main: sum = 2\n", "")
    write("q.yaml", _pipeline(_step(repository, "main")))
    done = here("actions", "pull", "--locked", "q.yaml")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == (
        "datatorch-pipelines: there is no lock file q.yaml.lock; make it with 'datatorch-pipelines lock q.yaml'\n"
    )


def test_what_has_no_mark_or_is_no_entry_is_told_by_its_folder(
    here: Callable, command: Callable, write: Write, repository: Path, store: Path
) -> None:
    _pull(command, write, repository)
    [entry] = (store / "entries").iterdir()
    (entry / "entry.json").unlink()
    (store / "entries" / "notes").mkdir()
    done = here("actions", "verify")
    assert (done.status, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        f"{entry}: its mark is missing; 'datatorch-pipelines actions verify --remove' has it fetched again",
        f"{store}/entries/notes: it is no entry of the store; look what it is, and delete it",
        "0 actions are whole, 2 damaged",
    ]
    done = here("actions", "verify", "--remove")
    assert done.status == 1
    assert done.stdout.splitlines() == [
        f"{entry}: its mark is missing; removed: it is fetched again when it is next asked for",
        f"{store}/entries/notes: it is no entry of the store; look what it is, and delete it",
        "0 actions are whole, 1 damaged, 1 removed",
    ]
    assert (store / "entries" / "notes").is_dir()
