"""``check --fix`` and ``--diff``, ``pin`` and ``upgrade``: streams, exit statuses, files."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import commit_files, git_daemon, make_repository

WRONG = "name: P\njobs:\n  a:\n    stesp: [{run: echo}]  # ours\n"
RIGHT = WRONG.replace("stesp", "steps")
WORSE = WRONG.replace("echo", "echo, frobnicate: 1")


def test_fix_writes_the_file_and_reports_what_is_left(here: Callable, write: Callable) -> None:
    path, other = write("p.yaml", WRONG), write("q.yaml", WORSE)
    ended = here("check", "--fix", "p.yaml", "q.yaml")
    assert ended.stderr == "fixed 2 mistakes in 2 files\n"
    assert ended.stdout.startswith("q.yaml:4:25: error: unknown key 'frobnicate' [DT202]\n")
    assert ended.status == 1
    assert path.read_text() == RIGHT
    assert "steps" in other.read_text()
    again = here("check", "--fix", "p.yaml")
    assert (again.status, again.stdout, again.stderr) == (0, "no problems in 1 file\n", "")


def test_fix_keeps_stdout_to_the_report(here: Callable, write: Callable) -> None:
    write("p.yaml", WRONG)
    ended = here("check", "--fix", "--format", "json", "p.yaml")
    assert json.loads(ended.stdout) == {"version": 1, "diagnostics": []}
    assert ended.stderr == "fixed 1 mistake in 1 file\n"
    assert ended.status == 0


def test_diff_prints_a_patch_that_git_takes_and_writes_nothing(here: Callable, write: Callable, folder: Path) -> None:
    path = write("p.yaml", WRONG)
    ended = here("check", "--diff", "p.yaml")
    assert ended.stderr == "would fix 1 mistake in 1 file; then: no problems in 1 file\n"
    assert ended.status == 1
    assert path.read_text() == WRONG
    subprocess.run(["git", "apply", "-p0"], input=ended.stdout.encode(), cwd=folder, check=True)
    assert path.read_text() == RIGHT
    ended = here("check", "--diff", "p.yaml")
    assert (ended.status, ended.stdout, ended.stderr) == (0, "", "no problems in 1 file\n")


def test_diff_tells_what_would_be_left_with_the_lines_as_they_would_be(here: Callable, write: Callable) -> None:
    write("p.yaml", WORSE)
    ended = here("check", "--diff", "p.yaml", "none.yaml")
    assert ended.status == 1
    assert "    4 |     steps: [{run: echo, frobnicate: 1}]  # ours\n" in ended.stderr
    assert "none.yaml:1:1: error: no such file [DT102]" in ended.stderr


def test_diff_tells_of_files_together_of_their_actions_and_of_each_file_once(
    here: Callable, write: Callable, folder: Path
) -> None:
    (folder / "add").mkdir()
    write("add/action-datatorch.yaml", "name: Add\nruns: {using: pyhton, main: add.py}\n")
    write("p.yaml", "name: P\njobs: {a: {stesp: [{action: ./add}]}}\n")
    write("q.yaml", "name: P\njobs: {a: {steps: [{run: echo}]}}\n")
    (folder / "link.yaml").symlink_to("p.yaml")
    ended = here("check", "--diff", "q.yaml", "p.yaml", "link.yaml")
    assert ended.stdout.count("+++ ") == 1
    assert [line for line in ended.stderr.splitlines() if "[DT" in line] == [
        "add/action-datatorch.yaml:2:15: error: no runtime is called 'pyhton' [DT204]",
        "p.yaml:1:7: warning: another pipeline of this project is named 'P' too [DT210]",
        "p.yaml:2:29: error: the action ./add has 1 error in its own file [DT408]",
    ]
    assert "    2 | runs: {using: pyhton, main: add.py}\n" in ended.stderr
    assert "    2 | jobs: {a: {steps: [{action: ./add}]}}\n" in ended.stderr
    assert ended.stderr.splitlines()[-1] == "would fix 1 mistake in 1 file; then: 2 errors, 1 warning in 3 files"


def test_a_patch_that_hides_a_password_says_that_it_can_t_be_applied(here: Callable, write: Callable) -> None:
    git = "git://me:geheim@github.com/a/b"
    write("p.yaml", f"name: P\njobs: {{a: {{steps: [{{action: {{name: a/b, tag: v1, git: '{git}'}}}}]}}}}\n")
    ended = here("check", "--diff", "p.yaml")
    assert "geheim" not in ended.stdout + ended.stderr
    assert ended.stderr.splitlines()[0] == (
        "p.yaml: this patch hides a password or a control character: it can't be applied"
    )


def test_a_patch_of_a_file_in_another_encoding_says_that_it_can_t_be_applied(
    here: Callable, write: Callable, folder: Path
) -> None:
    path = write("p.yaml", "")
    path.write_bytes(WRONG.encode("utf-16"))
    ended = here("check", "--diff", "p.yaml")
    assert ended.stderr.splitlines()[0] == (
        "p.yaml: the file is in UTF-16 and this patch in UTF-8: it can't be applied"
    )
    assert here("check", "--fix", "p.yaml").status == 0
    assert path.read_bytes() == RIGHT.encode("utf-16")
    assert here("check", "--diff", "p.yaml").stderr == "no problems in 1 file\n"


def test_a_file_that_can_t_be_written_is_told_of_and_fails(here: Callable, write: Callable) -> None:
    write("p.yaml", WRONG).chmod(0o444)
    ended = here("check", "--fix", "p.yaml")
    assert ended.stderr == "datatorch-pipelines: p.yaml:1:1: the file is read-only; make it writable\n"
    assert ended.stdout.splitlines()[-1] == "1 error in 1 file"
    assert ended.status == 1


def test_a_fix_that_would_do_harm_is_not_promised(here: Callable, write: Callable) -> None:
    name = "action-datatorch.yaml"
    write(name, "name: A\ninpts: 5\nruns: {using: script, script: echo}\n")
    assert here("check", name).stdout.splitlines()[-1] == "1 warning in 1 file; 1 can be fixed with --fix"
    assert here("check", "--fix", name).stdout.splitlines()[-1] == "1 warning in 1 file"
    assert here("check", "--diff", name).stderr.splitlines()[-1] == "1 warning in 1 file"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--fix", "--diff", "p.yaml"], "give --fix or --diff, not both"),
        (["check", "--diff", "--format", "json", "p.yaml"], "--diff prints a patch: it can't be written as json"),
        (["upgrade", "p.yaml", "--only", "acme/ad"], "no step uses 'acme/ad'"),
    ],
)
def test_a_wrong_call_is_refused(here: Callable, write: Callable, arguments: list[str], message: str) -> None:
    write("p.yaml", "name: P\njobs: {a: {steps: [{action: acme/add@v1}]}}\n")
    ended = here(*arguments)
    assert ended.status == 2
    assert ended.stderr.startswith(f"datatorch-pipelines: {message}; ")
    assert ended.stderr.count("\n") == 1


def test_pin_and_upgrade_write_commits_and_tags(here: Callable, write: Callable, tmp_path: Path) -> None:
    served = tmp_path / "served"
    first = make_repository(served / "add", {"a": "1"}, tags=["v1"])
    second = commit_files(served / "add", {"a": "2"}, tags=["@v2"])
    with git_daemon(served) as url:
        text = f"name: P\njobs: {{a: {{steps: [{{action: {{name: add, git: '{url}/add', tag: v1}}}}]}}}}\n"
        path = write("p.yaml", text)
        shown = here("pin", "--diff", "p.yaml")
        assert shown.status == 1
        assert f"+{text.splitlines()[1].replace('v1', first)} # v1\n" in shown.stdout
        assert shown.stderr == "would pin 1 reference in 1 file\n"
        assert path.read_text() == text
        pinned = here("pin", "p.yaml")
        assert pinned.status == 0
        assert pinned.stdout == f"p.yaml:2:{text.splitlines()[1].index('v1') + 1}: add@v1 becomes {first} (v1)\n"
        assert pinned.stderr == "pinned 1 reference in 1 file\n"
        upgraded = here("upgrade", "p.yaml", "--only", "add")
        assert upgraded.status == 0
        assert upgraded.stderr == "upgraded 1 reference in 1 file\n"
        assert path.read_text() == text.replace("v1", second).rstrip("\n") + " # v2\n"
        again = here("upgrade", "p.yaml")
        assert (again.status, again.stdout, again.stderr) == (0, "", "nothing to upgrade\n")


def test_a_server_that_can_t_be_reached_is_told_of_at_the_reference(here: Callable, write: Callable) -> None:
    write(
        "p.yaml",
        "name: P\njobs: {a: {steps: [{action: {name: add, git: 'http://u:geheim@127.0.0.1:1/a', tag: v1}}]}}\n",
    )
    write("none.yaml", "name: P\njobs: {a: {steps: [{run: echo}]}}\n")
    ended = here("pin", "p.yaml", "none.yaml", "missing.yaml")
    assert ended.stderr.splitlines() == [
        "p.yaml:2:84: add@v1: http://127.0.0.1:1 can't be reached: Connection refused; is it online?",
        "missing.yaml:1:1: error: no such file [DT102]; check the path",
        "nothing was pinned",
    ]
    assert (ended.status, ended.stdout) == (1, "")


def test_ctrl_c_ends_a_question_that_no_server_answers(
    cli: list[str], environment: dict[str, str], folder: Path, write: Callable
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"git://127.0.0.1:{listening.getsockname()[1]}/add"
        write("p.yaml", f"name: P\njobs: {{a: {{steps: [{{action: {{name: add, git: '{url}', tag: v1}}}}]}}}}\n")
        process = subprocess.Popen(
            [*cli, "pin", "p.yaml"],
            cwd=folder,
            env=environment,
            stderr=subprocess.PIPE,
        )
        connection, _ = listening.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == b"\ninterrupted\n"
