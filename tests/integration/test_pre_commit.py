"""The hooks of `.pre-commit-hooks.yaml`, run by pre-commit itself from a clone of this repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
GOOD = "name: Good\njobs:\n  a:\n    steps:\n      - run: echo hello\n"
BAD = "name: Bad\njobs:\n  a:\n    stesp:\n      - run: echo hello\n"


def _git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *settings, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The settings that name this repository's hooks at a commit with what is in the work tree."""
    clone = tmp_path_factory.mktemp("hooks") / "clone"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout  # fmt: skip
    for name in filter(None, os.fsdecode(listed).split("\0")):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    _git(clone, "init", "--quiet")
    _git(clone, "add", "--all")
    _git(clone, "commit", "--quiet", "--message", "all")
    return f"repos:\n  - repo: {clone}\n    rev: {_git(clone, 'rev-parse', 'HEAD')}\n    hooks:\n"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "PRE_COMMIT"))}
    return {**kept, "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit")), "PRE_COMMIT_COLOR": "never"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a good and a bad file."""
    _git(tmp_path, "init", "--quiet")
    (tmp_path / ".datatorch").mkdir()
    (tmp_path / ".datatorch" / "good.yaml").write_text(GOOD)
    (tmp_path / ".datatorch" / "bad.yaml").write_text(BAD)
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    return tmp_path


def _run(project: Path, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    pytest.importorskip("pre_commit")
    _git(project, "add", "--all")
    command = [sys.executable, "-m", "pre_commit", "run", *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    report = re.sub(r"^\[INFO\].*\n", "", done.stdout, flags=re.MULTILINE)
    assert done.stderr == ""
    return done.returncode, report


def test_a_bad_file_stops_the_commit_with_our_report(project: Path, environment: dict[str, str], hooks: str) -> None:
    (project / ".pre-commit-config.yaml").write_text(f"{hooks}      - id: datatorch-pipelines-check\n")
    assert _run(project, environment, "--all-files") == (
        1,
        "check DataTorch pipelines................................................Failed\n"
        "- hook id: datatorch-pipelines-check\n"
        "- exit code: 1\n"
        "\n"
        ".datatorch/bad.yaml:4:5: error: unknown key 'stesp' [DT202]\n"
        "    4 |     stesp:\n"
        "      |     ^^^^^\n"
        "  hint: did you mean 'steps'?\n"
        "1 error in 2 files; 1 can be fixed with --fix\n"
        "\n",
    )


def test_good_files_pass_and_others_are_not_looked_at(project: Path, environment: dict[str, str], hooks: str) -> None:
    (project / ".pre-commit-config.yaml").write_text(f"{hooks}      - id: datatorch-pipelines-check\n")
    (project / ".datatorch" / "bad.yaml").write_text(BAD.replace("stesp", "steps"))
    passed = "check DataTorch pipelines................................................Passed\n"
    assert _run(project, environment, "--all-files") == (0, passed)
    skipped = "check DataTorch pipelines............................(no files to check)Skipped\n"
    assert _run(project, environment, "--files", "compose.yaml") == (0, skipped)


def test_a_project_names_its_own_files_and_options(project: Path, environment: dict[str, str], hooks: str) -> None:
    own = "        files: ^compose\\.yaml$\n        args: [--format, github]\n"
    (project / ".pre-commit-config.yaml").write_text(f"{hooks}      - id: datatorch-pipelines-check\n{own}")
    status, report = _run(project, environment, "--all-files")
    assert status == 1
    assert "\n::error file=compose.yaml,line=1,col=1,endLine=1,endColumn=9,title=DT20" in report
    assert "bad.yaml" not in report


def test_the_other_hook_mends_and_stops_so_that_the_change_is_seen(
    project: Path, environment: dict[str, str], hooks: str
) -> None:
    (project / ".pre-commit-config.yaml").write_text(f"{hooks}      - id: datatorch-pipelines-fix\n")
    status, report = _run(project, environment, "--all-files")
    assert status == 1
    assert "- files were modified by this hook\n" in report
    assert (project / ".datatorch" / "bad.yaml").read_text() == BAD.replace("stesp", "steps")
    passed = "fix DataTorch pipelines..................................................Passed\n"
    assert _run(project, environment, "--all-files") == (0, passed)
