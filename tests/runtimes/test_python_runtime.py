import json
import os
import subprocess
import sys

import pytest

from datatorch_pipelines.errors import CommandRejected
from datatorch_pipelines.model import Runs
from datatorch_pipelines.runtimes.support_files import SUPPORT

PRINT = "import sys, json; print(json.dumps([sys.argv, __name__, sys.path[0], __file__]))"


def test_main_gets_the_inputs_as_json_in_its_last_argument(action, run_action, tmp_path):
    action({"main.py": PRINT})
    ran = run_action(Runs(using="python", main="main.py"), {"a": 1, "text": 'it\'s\n"é" $HOME `x`'})
    main = str(tmp_path / "action" / "main.py")
    argv, name, path, file = json.loads(ran.out)
    assert argv[0] == main
    assert json.loads(argv[1]) == {"a": 1, "text": 'it\'s\n"é" $HOME `x`'}
    assert len(argv) == 2
    assert (name, path, file) == ("__main__", str(tmp_path / "action"), main)
    assert ran.argv[0] == sys.executable


@pytest.mark.parametrize("how", ["long", "secret"])
def test_long_and_secret_inputs_look_the_same_to_main_but_are_in_no_argument(action, run_action, tmp_path, how):
    action({"main.py": PRINT})
    inputs = {"text": "s3cret" * (1_000_000 if how == "long" else 1)}
    ran = run_action(Runs(using="python", main="main.py"), inputs, secret_inputs=how == "secret")
    main = str(tmp_path / "action" / "main.py")
    assert json.loads(ran.out) == [[main, json.dumps(inputs)], "__main__", str(tmp_path / "action"), main]
    assert all("s3cret" not in argument for argument in ran.argv)
    assert all("s3cret" not in value for value in ran.env.values())


@pytest.mark.parametrize(
    ("main", "status"),
    [
        ("def f():\n    raise ValueError('no')\ntry:\n    1/0\nexcept ZeroDivisionError:\n    f()", 1),
        ("x = (\n", 1),
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit('said')", 1),
        ("raise KeyboardInterrupt", -2),
        ("import os; os.kill(os.getpid(), 9)", -9),
        ("import helper; print(helper.__file__); from multiprocessing import get_context\n"
         "def work(n): return n + 1\n"
         "if __name__ == '__main__':\n    print(get_context('spawn').Pool(1).map(work, [1]))", 0),
    ],
)  # fmt: skip
def test_the_launcher_changes_neither_output_nor_traceback_nor_exit_status(action, run_action, main, status):
    action({"main.py": main, "helper.py": ""})
    plain = run_action(Runs(using="python", main="main.py"), {})
    launched = run_action(Runs(using="python", main="main.py"), {}, secret_inputs=True)
    assert (plain.status, plain.out, plain.err) == (launched.status, launched.out, launched.err)
    assert launched.status == status
    assert "launch.py" not in launched.err


def test_the_shim_reads_inputs_and_sets_outputs(action, run_action):
    action(
        {
            "add.py": "from datatorch import get_inputs, get_input, set_output\n"
            "inputs = get_inputs()\nset_output('sum', inputs['a'] + get_input('b'))\n"
        }
    )
    ran = run_action(Runs(using="python", main="add.py"), {"a": 10, "b": 20})
    assert (ran.status, ran.out, ran.err) == (0, "::sum::30\n", "")


def test_the_shim_reads_the_inputs_file_where_there_is_no_argument(run_text):
    ran = run_text("import datatorch; print(datatorch.get_inputs())", "python", {"a": "é"})
    assert (ran.out, ran.err) == ("{'a': 'é'}\n", "")


@pytest.mark.parametrize("where", ["before", "after"])
def test_the_shim_hands_over_to_an_installed_package_whole(tmp_path, where):
    package = tmp_path / "site" / "datatorch"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from datatorch.api import Client\nreal = True\n")
    (package / "api.py").write_text("class Client: pass\n")
    folders = [str(SUPPORT / "packages"), str(tmp_path / "site")]
    program = (
        "import datatorch, datatorch.api, sys; from datatorch import real; "
        "print(datatorch.real, datatorch.__file__, datatorch.api.Client is datatorch.Client, "
        "hasattr(datatorch, 'set_output'), sys.modules['datatorch'] is datatorch)"
    )
    env = {"PYTHONPATH": os.pathsep.join(folders if where == "before" else folders[::-1])}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == f"True {package / '__init__.py'} True False True\n"


def test_the_shim_passes_on_the_error_of_a_broken_installed_package(tmp_path):
    (tmp_path / "datatorch").mkdir()
    (tmp_path / "datatorch" / "__init__.py").write_text("import no_such_module\n")
    env = {"PYTHONPATH": os.pathsep.join([str(SUPPORT / "packages"), str(tmp_path)])}
    done = subprocess.run([sys.executable, "-c", "import datatorch"], env=env, capture_output=True, text=True)
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'no_such_module'\n")


def test_the_shim_comes_after_what_pythonpath_names_already(action, run_action, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/from/host")
    action({"main.py": ""})
    shim = str(SUPPORT / "packages")
    assert run_action(Runs(using="python", main="main.py"), {}).env["PYTHONPATH"] == f"/from/host:{shim}"
    own = run_action(Runs(using="python", main="main.py"), {}, env={"PYTHONPATH": "/from/step"})
    assert own.env["PYTHONPATH"] == f"/from/step:{shim}"


@pytest.mark.parametrize("main", ["../main.py", "a/../../main.py", "link.py", "/../x"])
def test_main_may_not_lead_out_of_the_action(action, run_action, tmp_path, main):
    (tmp_path / "main.py").write_text("")
    folder = action({"in.py": ""})
    (folder / "link.py").symlink_to(tmp_path / "main.py")
    with pytest.raises(CommandRejected) as caught:
        run_action(Runs(using="python", main=main), {})
    assert str(caught.value) == (
        f"main of the action 'owner/it' leads out of it: {main!r}; name a file of the action itself"
    )


def test_a_leading_slash_means_the_action_itself(action, run_action):
    action({"src/main.py": "print('here')"})
    assert run_action(Runs(using="python", main="/src/main.py"), {}).out == "here\n"


def test_a_main_that_is_missing_or_not_said_is_named(action, run_action):
    action({"in.py": ""})
    with pytest.raises(CommandRejected, match=r"^the action 'owner/it' has no file 'main.py', which is its main$"):
        run_action(Runs(using="python", main="main.py"), {})
    with pytest.raises(CommandRejected, match=r"^the action 'owner/it' doesn't say its main; give runs.main a file"):
        run_action(Runs(using="python"), {})
