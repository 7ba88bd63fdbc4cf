"""The package as it is installed: what it ships, what its import costs, what it names."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import datatorch_pipelines as dtp

ROOT = Path(__file__).parents[2]
HEAVY = (
    "asyncio", "cattrs", "click", "dulwich", "fastjsonschema", "filelock", "jinja2", "platformdirs", "rich", "ruamel",
    "subprocess", "tarfile", "yaml",
)  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as built:
        built.close()
        return built


def test_the_wheel_ships_its_types_and_its_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "datatorch_pipelines/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_wheel_ships_every_file_of_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "datatorch_pipelines"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == {name for name in listed if (ROOT / name).exists()}


def test_the_import_is_light() -> None:
    heavy = ",".join(HEAVY)
    code = f"import sys, datatorch_pipelines; print(*[n for n in '{heavy}'.split(',') if n in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == ""


def test_the_import_warns_of_nothing() -> None:
    code = "import datatorch_pipelines as dtp; [getattr(dtp, name) for name in dtp.__all__]"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize("name", dtp.__all__)
def test_a_public_name_resolves_and_says_what_it_is(name: str) -> None:
    public = getattr(dtp, name)
    assert name in dir(dtp)
    if callable(public):
        assert (public.__doc__ or "").strip()


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = dtp.nothing_such


def test_the_version_is_that_of_the_metadata() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert dtp.__version__ == importlib.metadata.version("datatorch-pipelines") == project["version"]


def test_nothing_in_the_package_is_left_out_of_a_commit() -> None:
    """A pattern of `.gitignore` such as `build/` must not swallow a folder of sources."""
    command = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "datatorch_pipelines", "tests", "docs"]
    ignored = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in ignored if "__pycache__" not in name] == []
