import json
import os
import stat

import pytest

from datatorch_pipelines.checks import check_pipeline
from datatorch_pipelines.errors import CommandRejected
from datatorch_pipelines.model import Job, Pipeline, Runs, Step
from datatorch_pipelines.model.conversion import input_variable
from datatorch_pipelines.runtimes import default_runtimes

NASTY = "a'b\"c\n$(touch /tmp/pwned) `x` ${HOME} \\ é 日本"


@pytest.mark.parametrize("using", ["cmd", "commandline"])
def test_a_command_gets_its_inputs_as_variables_and_none_reaches_the_shell_as_code(action, run_action, using):
    action({"x": ""})
    ran = run_action(
        Runs(using=using, command='printf %s "$INPUT_TEXT|$INPUT_A_B|$INPUT_LIST|$INPUT_FLAG|$INPUT_NULL|"'),
        {"text": NASTY, "a-b": 1.5, "list": [1, "é"], "flag": True, "null": None},
    )
    assert ran.out == f'{NASTY}|1.5|[1, "é"]|true||'
    assert ran.argv[:2] == ("sh", "-c")


def test_a_command_starts_in_the_workspace_and_can_import_the_shim(action, run_action):
    action({"x": ""})
    ran = run_action(
        Runs(using="cmd", command="ls; python3 -c \"from datatorch import *; set_output('n', get_input('n'))\""),
        {"n": 3},
    )  # fmt: skip
    assert (ran.status, ran.out, ran.err) == (0, "::n::3\n", "")


@pytest.mark.parametrize(
    ("script", "mode", "out"),
    [
        ("#!/bin/sh\necho \"$0 $# $1 $INPUT_A\"", 0o755, "{path} 2 a b 1\n"),
        ("#!/bin/sh\necho \"$0 $# $1 $INPUT_A\"", 0o644, "{path} 2 a b 1\n"),
        ("echo \"$0 $# $1 $INPUT_A\"", 0o755, "{path} 2 a b 1\n"),
        ("echo \"$0 $# $1 $INPUT_A\"", 0o644, "{path} 2 a b 1\n"),
        ("#!/usr/bin/env python3\nimport os, sys\nprint(sys.argv, os.environ['INPUT_A'])", 0o644,
         "['{path}', 'a b', 'c'] 1\n"),
        ("", 0o755, ""),
    ],
)  # fmt: skip
def test_a_script_runs_by_its_own_interpreter_or_sh_with_its_arguments(action, run_action, script, mode, out):
    path = action({"sub dir/run me.sh": script}) / "sub dir" / "run me.sh"
    path.chmod(mode)
    ran = run_action(Runs(using="script", script="'sub dir/run me.sh' 'a b' c"), {"a": 1})
    assert (ran.status, ran.out) == (0, out.format(path=path))
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_script_may_be_named_by_main_as_the_published_schema_has_it(action, run_action):
    action({"run.sh": "echo hi"})
    assert run_action(Runs(using="shell", main="run.sh"), {}).out == "hi\n"


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (Runs(using="script", script="../run.sh"), "script of the action 'owner/it' leads out of it: '../run.sh'"),
        (Runs(using="script", script="'run"), "the script of the action 'owner/it' can't be read: no closing"),
        (Runs(using="script", script="gone.sh x"), "the action 'owner/it' has no file 'gone.sh', which is its script"),
        (Runs(using="script"), "the action 'owner/it' doesn't say its script; give runs.script a file name"),
        (Runs(using="cmd"), "the action 'owner/it' has no command; give runs.command a text"),
        (Runs(using="cmd", command="x" * 200_000), "the command of the action 'owner/it' is longer than 128 KiB"),
    ],
)  # fmt: skip
def test_an_action_that_cannot_be_run_is_refused_with_its_name(action, run_action, runs, said):
    action({"x": ""})
    with pytest.raises(CommandRejected) as caught:
        run_action(runs, {})
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("shell", "text", "status", "out"),
    [
        (None, "false\necho not reached", 1, ""),
        ("sh", "echo $INPUT_A", 0, "1\n"),
        ("bash", "false | true\necho not reached", 1, ""),
        ("bash", "x=(1 2); echo ${x[1]} $INPUT_A", 0, "2 1\n"),
        ("python", "import os\nprint(os.environ['INPUT_A'])\nraise SystemExit(4)", 4, "1\n"),
        ("node", "console.log(process.env.INPUT_A); process.exit(5)", 5, "1\n"),
    ],
)
def test_a_run_text_goes_to_its_shell_which_stops_at_the_first_error(run_text, shell, text, status, out):
    ran = run_text(text, shell, {"a": 1})
    assert (ran.status, ran.out) == (status, out)


def test_an_unknown_shell_is_refused_with_those_that_there_are(run_text):
    with pytest.raises(CommandRejected) as caught:
        run_text("x", "perl {0}")
    assert str(caught.value) == "'perl {0}' is no shell; use one of sh, bash, python, node"


def test_what_no_variable_can_hold_is_left_unset_with_a_warning_and_stands_in_the_file(run_text):
    inputs = {"long": "x" * 5_000_000, "nul": "a\0b", "fine": "y" * 131_000, "é ü": 1}
    text = 'echo "${INPUT_LONG-unset} ${INPUT_NUL-unset} ${#INPUT_FINE} $INPUT____"; wc -c <"$DATATORCH_INPUTS"'
    ran = run_text(text, None, inputs)
    assert ran.out == f"unset unset 131000 1\n{len(json.dumps(inputs))}\n"
    assert ran.err == (
        "warning: $INPUT_LONG is not set, since it is too long; read it from the file $DATATORCH_INPUTS\n"
        "warning: $INPUT_NUL is not set, since it holds a NUL character; read it from the file $DATATORCH_INPUTS\n"
    )


def test_variables_that_are_too_long_together_lose_the_longest(run_text):
    inputs = {f"v{number}": "x" * (100_000 + number) for number in range(12)}
    ran = run_text("env | grep -c ^INPUT_V", None, inputs)
    assert ran.out == "10\n"
    assert ran.err.count("is too long") == 2
    assert "$INPUT_V11 is not set" in ran.err


@pytest.mark.parametrize("what", [{"run": "env"}, {"action": "docker://busybox:1"}])
def test_two_inputs_that_become_one_variable_are_told(what):
    assert input_variable("my.in-put 2") == "INPUT_MY_IN_PUT_2"
    inputs = dict.fromkeys(["a", "A", "b", "c-d", "c_d", "c.d"], 1)
    pipeline = Pipeline(name="P", jobs={"j": Job(steps=[Step(inputs=inputs, **what)])})
    assert [(found.code, found.message) for found in check_pipeline(pipeline)] == [
        ("DT410", f"the inputs {first!r} and {second!r} both become ${variable}")
        for first, second, variable in [
            ("a", "A", "INPUT_A"),
            ("c-d", "c.d", "INPUT_C_D"),
            ("c-d", "c_d", "INPUT_C_D"),
        ]
    ]


def test_each_using_that_runs_by_a_process_has_its_runtime():
    runtimes = default_runtimes()
    assert sorted(runtimes) == ["cmd", "commandline", "docker", "node", "python", "script", "shell"]
    with pytest.raises(TypeError):
        runtimes["x"] = runtimes["cmd"]  # type: ignore[index]  # that it can't be is the test


NODE = "console.log(JSON.stringify([process.argv.slice(1), require.main === module]))"


@pytest.mark.parametrize("how", ["plain", "long", "secret"])
def test_a_node_action_gets_the_inputs_as_its_last_argument(action, run_action, how):
    path = action({"main.js": NODE}) / "main.js"
    inputs = {"text": "s3cret'\"\n" * (100_000 if how == "long" else 1)}
    ran = run_action(Runs(using="node", main="main.js"), inputs, secret_inputs=how == "secret")
    assert json.loads(ran.out) == [[str(path), json.dumps(inputs)], True]
    assert (how == "plain") == any("s3cret" in argument for argument in ran.argv)


def test_node_modules_and_forks_work_with_the_launcher(action, run_action):
    action(
        {
            "main.mjs": "import {fork} from 'node:child_process'; import {Worker} from 'node:worker_threads';\n"
            "console.log(process.argv.length, process.execArgv);\n"
            "fork(new URL('child.cjs', import.meta.url).pathname, ['x']).on('exit', () =>\n"
            "  new Worker(new URL('child.cjs', import.meta.url)));",
            "child.cjs": "console.log(process.argv.length)",
        }
    )
    ran = run_action(Runs(using="node", main="main.mjs"), {}, secret_inputs=True)
    assert (ran.status, ran.out, ran.err) == (0, "3 []\n3\n2\n", "")


def test_a_node_that_throws_shows_its_own_trace_only(action, run_action):
    action({"main.js": "throw new Error('no')"})
    plain = run_action(Runs(using="node", main="main.js"), {})
    launched = run_action(Runs(using="node", main="main.js"), {}, secret_inputs=True)
    assert (plain.status, plain.err) == (launched.status, launched.err)
    assert plain.status == 1


def test_a_machine_without_node_is_told_so(action, run_action, monkeypatch):
    action({"main.js": ""})
    monkeypatch.setenv("PATH", "/nowhere" + os.pathsep + "/nowhere-else")
    with pytest.raises(CommandRejected) as caught:
        run_action(Runs(using="node", main="main.js"), {})
    assert str(caught.value).startswith("the program 'node' is not installed or not on PATH")
