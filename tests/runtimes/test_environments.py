import io
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from datatorch_pipelines.errors import CommandRejected
from datatorch_pipelines.model import Runs
from datatorch_pipelines.runtimes.support_files import SUPPORT

BUILDER = SUPPORT / "build_environment.py"
RUNS = Runs(using="python", main="main.py")


def wheel(folder: Path, version: str = "1.0") -> Path:
    """A package without need of an index: ``tiny``, whose ``VERSION`` tells its version."""
    path = folder / f"tiny-{version}-py3-none-any.whl"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tiny.py", f"VERSION = {version!r}\n")
        archive.writestr(
            f"tiny-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n"
        )
        archive.writestr(
            f"tiny-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"tiny-{version}.dist-info/RECORD", "")
    path.write_bytes(packed.getvalue())
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "cache" / "environments"


def test_requirements_are_installed_once_per_content_on_top_of_the_machines_packages(
    action, run_action, home, tmp_path
):
    first, second = wheel(tmp_path), wheel(tmp_path, "2.0")
    action({"main.py": "import sys, tiny, attrs; print(tiny.VERSION)", "requirements.txt": f"{first}\n"})
    ran = run_action(RUNS, {})
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "building the action's Python environment from requirements.txt\n1.0\n"
    assert Path(ran.argv[0]).is_relative_to(home)
    assert run_action(RUNS, {}).out == "1.0\n"
    action({"requirements.txt": f"{second}\n"})
    assert run_action(RUNS, {}).out.endswith("\n2.0\n")
    assert len(list(home.glob("*/.complete"))) == 2


def test_a_file_of_comments_needs_no_environment(action, run_action, home):
    action({"main.py": "", "requirements.txt": "# nothing\n\n"})
    assert run_action(RUNS, {}).argv[0] == sys.executable
    assert not home.exists()


def test_what_cannot_be_installed_fails_the_step_and_leaves_nothing_behind(action, run_action, home, tmp_path):
    action({"main.py": "", "requirements.txt": f"{tmp_path}/none-1.0-py3-none-any.whl\n"})
    with pytest.raises(CommandRejected) as caught:
        run_action(RUNS, {})
    assert str(caught.value) == (
        "the installation of what requirements.txt of the action 'owner/it' lists failed with exit status 1; "
        "see the step's log"
    )
    assert [path.suffix for path in home.iterdir()] == [".lock"]


def test_several_builders_at_once_build_one_environment(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"{wheel(tmp_path)}\n")
    builders = [
        subprocess.Popen([sys.executable, BUILDER, tmp_path / "env", requirements], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [builder.communicate()[0] for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0, 0]
    assert "".join(said).count("building") == 1
    assert (tmp_path / "env" / ".complete").exists()


def test_a_half_built_environment_is_built_anew(tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"{wheel(tmp_path)}\n")
    command = [sys.executable, BUILDER, tmp_path / "env", requirements]
    builder = subprocess.Popen(command, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not (tmp_path / "env" / "pyvenv.cfg").exists():
        assert time.monotonic() < deadline
        os.sched_yield()
    builder.kill()
    builder.communicate()
    assert not (tmp_path / "env" / ".complete").exists()
    assert b"building" in subprocess.run(command, capture_output=True, check=True).stdout
    python = tmp_path / "env" / "bin" / "python"
    assert subprocess.run([python, "-c", "import tiny; print(tiny.VERSION)"], capture_output=True).stdout == b"1.0\n"
