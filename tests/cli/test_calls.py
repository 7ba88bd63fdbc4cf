"""Calls of the command line, right and wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import datatorch_pipelines

PROGRAM = "datatorch-pipelines"


def test_the_version_is_the_package_s(command) -> None:
    done = command("--version")
    assert (done.status, done.stdout, done.stderr) == (0, f"{PROGRAM} {datatorch_pipelines.__version__}\n", "")


def test_the_version_needs_neither_click_nor_the_engine() -> None:
    script = (
        "import sys; from datatorch_pipelines.__main__ import main; sys.argv = ['x', '--version']; main();"
        "print(sorted({'click', 'asyncio', 'attrs', 'ruamel', 'importlib.metadata', 'json'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, env=_import_path())
    assert done.stdout.splitlines()[1:] == ["[]"], done.stderr


def test_a_check_of_files_without_actions_loads_nothing_that_runs_or_fetches(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: P\njobs: {a: {steps: [{run: echo, tiemout: 1}]}}\n")
    script = (
        "import sys; from datatorch_pipelines.__main__ import main; sys.argv = ['x', 'check', sys.argv[1]]; main();"
        "heavy = ['asyncio', 'dulwich', 'datatorch_pipelines.engine', 'datatorch_pipelines.records'];"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def _import_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(datatorch_pipelines.__file__).parents[1])}


def test_without_click_one_line_says_how_to_get_it() -> None:
    script = (
        "import sys; sys.modules['click'] = None; sys.argv = ['x', 'check', 'p.yaml'];"
        "from datatorch_pipelines.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    expected = f"{PROGRAM}: the command line needs an extra: pip install 'datatorch-pipelines[cli]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "missing command; see 'datatorch-pipelines --help'"),
        (["chek"], "no such command 'chek'"),
        (["run"], "missing argument 'PATH'; see 'datatorch-pipelines run --help'"),
        (["run", "--fast", "p.yaml"], "no such option"),
        (["run", "p.yaml", "q.yaml"], "got unexpected extra argument (q.yaml); see 'datatorch-pipelines run --help'"),
        (["run", "p.yaml", "--input", "x"], "invalid value for --input: 'x' is no KEY=VALUE;"),
        (["run", "p.yaml", "--input", "=x"], "invalid value for --input: '=x' is no KEY=VALUE;"),
        (["run", "p.yaml", "--variable", "x"], "invalid value for --variable: 'x' is no KEY=VALUE;"),
        (["run", "p.yaml", "--runs-on", "gpu"], "invalid value for --runs-on: 'gpu' is no LABEL=NAME;"),
        (["run", "p.yaml", "--input", "a=1", "--input", "a=2"], "invalid value for --input: 'a' is given twice;"),
        (["run", "p.yaml", "--max-parallel", "0"], "invalid value for '--max-parallel': 0 is not in the range x>=1;"),
        (["run", "p.yaml", "--log-format", "xml"], "invalid value for '--log-format': 'xml' is not one of"),
        (["run", "p.yaml", "--local-actions", "no"], "invalid value for '--local-actions': Directory 'no' does not"),
        (
            ["run", "p.yaml", "--secrets-file", "no"],
            "invalid value for --secrets-file: 'no' can't be read: No such file",
        ),
        (["run", "p.yaml", "--event", "@no.json"], "invalid value for --event: 'no.json' can't be read: No such file"),
        (["run", "p.yaml", "--event", '{"a" 1}'], "invalid value for --event: 1:6: no JSON: a ':' is missing;"),
        (["run", "p.yaml", "--event", "[1]"], """invalid value for --event: this is no JSON object; write {"key":"""),
        (["run", "p.yaml", "--event", '{"a": NaN}'], "invalid value for --event: no JSON: NaN is no number of JSON;"),
        (
            ["run", "p.yaml", "--event", '{"a": 1e999}'],
            "invalid value for --event: no JSON: a number in it is too large",
        ),
        (
            ["run", "p.yaml", "--event", '{"a": 1' + "0" * 5000 + "}"],
            "invalid value for --event: no JSON: a number in it has too many digits;",
        ),
        (["run", "p.yaml", "--event", "[" * 99999], "invalid value for --event: no JSON: it nests too deep;"),
        (["run", "p.yaml", "--secret", "=hunter2"], "invalid value for --secret: a secret needs a name: KEY, or"),
        (
            ["run", "p.yaml", "--secret", "NOT_SET_ANYWHERE"],
            "invalid value for --secret: the environment variable 'NOT_SET_ANYWHERE' is not set; set it, or give",
        ),
        (["schema"], "missing argument 'pipeline|action': give one of pipeline, action; see"),
        (["check"], "missing argument 'PATH...'; see 'datatorch-pipelines check --help'"),
        (["check", "--format", "xml", "p.yaml"], "invalid value for '--format': 'xml' is not one of 'text', 'json'"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(here, arguments: list[str], message: str) -> None:
    done = here(*arguments)
    assert (done.status, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{PROGRAM}: {message}")
    assert line.endswith("--help'")
    assert "hunter2" not in line


def test_a_wrong_line_of_a_secrets_file_is_told_and_not_shown(here, write: Callable[..., Path]) -> None:
    write("secrets.env", "A=1\nhunter2\n")
    done = here("run", "p.yaml", "--secrets-file", "secrets.env")
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr == (
        f"{PROGRAM}: invalid value for --secrets-file: secrets.env:2:1: this is no KEY=VALUE;"
        f" see '{PROGRAM} run --help'\n"
    )


def test_the_place_of_a_mistake_in_an_event_file_is_told(here, write: Callable[..., Path]) -> None:
    write("event.json", '{\n  "a": 1,\n}')
    done = here("run", "p.yaml", "--event", "@event.json")
    assert done.status == 2
    assert done.stderr.startswith(f"{PROGRAM}: invalid value for --event: event.json:")
    assert ": no JSON: " in done.stderr


def test_arguments_that_are_no_text_are_refused(folder: Path, environment: dict[str, str]) -> None:
    arguments = [os.fsencode(sys.executable), b"-m", b"datatorch_pipelines", b"run", b"p.yaml", b"--input", b"a=\xff"]
    done = subprocess.run(arguments, cwd=folder, env={**environment, "LC_ALL": "C.UTF-8"}, capture_output=True)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"datatorch-pipelines: invalid value for --input: 'a' is not UTF-8 text;")


def test_with_json_a_wrong_call_prints_an_object_too(command) -> None:
    done = command("run", "--json", "p.yaml", "--input", "x")
    shown = json.loads(done.stdout)
    assert (done.status, shown["run"], shown["status"], shown["jobs"]) == (2, None, "failed", {})
    assert shown["error"]["message"] == "invalid value for --input: 'x' is no KEY=VALUE"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["check", "-h"]])
def test_help_fits_a_terminal_and_gives_examples(here, arguments: list[str]) -> None:
    done = here(*arguments, env={"COLUMNS": "100"})
    assert (done.status, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: {PROGRAM}")
    assert f"\n    {PROGRAM} " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_a_module_run_is_the_same_command(command, environment: dict[str, str]) -> None:
    script = Path(sys.executable).with_name(PROGRAM)
    if not script.exists():
        pytest.skip("the package is not installed as a command")
    done = subprocess.run([script, "chek"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, command("chek").stderr)
