"""Checking a project of many files, side by side with a YAML loader that checks nothing: ``python bench/check.py``.

1,000 generated pipelines of 20 to 300 lines, with actions that are not in the store. `yaml.CSafeLoader` reads the same
files in the same process, in turn with the check; the least time of each counts. Memory is that of a fresh process
that checks once. The figures of actionlint were measured elsewhere, on other files: they say what is near, no more.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FILES, SHORTEST, LONGEST = 1_000, 20, 300
ROUNDS = 3
ACTIONLINT = (116_839 / 1.8, 116_839 / 1.1)
"""Lines a second on two processors: 1,503 real workflow files in 1.1 to 1.8 s, 29 MB."""
TARGET_SECONDS, TARGET_MIB, TARGET_ACTIONLINT = 10.0, 200.0, 3.0


def pipeline_text(number: int, chance: random.Random) -> str:
    """A pipeline of a random length, of jobs with actions, expressions and shell text."""
    parts = [f"name: Pipeline {number}\ntriggers:\n  manual: {{}}\njobs:\n"]
    length, wanted, job = 4, chance.randint(SHORTEST, LONGEST), 0
    while length < wanted - 12:
        parts.append(f"  job-{job}:\n    name: Job {job}\n    steps:\n")
        length, job = length + 3, job + 1
        for step in range(chance.randint(1, 8)):
            if length > wanted - 9:
                break
            text = _action_step(step, chance) if step == 0 or chance.random() < 0.6 else _run_step(step)
            parts.append(text)
            length += text.count("\n")
    return "".join(parts)


def _action_step(step: int, chance: random.Random) -> str:
    return (
        f"      - name: Step {step}\n"
        f"        id: step-{step}\n"
        f"        action: acme/tool-{chance.randrange(40)}@v{chance.randint(1, 4)}\n"
        "        inputs:\n"
        "          fileId: ${{ event.fileId }}\n"
        f"          path: '/data/images/{step}.png'\n"
        "          label: \"file-${{ event.name || 'none' }}\"\n"
        "        env: {MODE: fast}\n"
    )


def _run_step(step: int) -> str:
    return (
        f"      - name: Shell {step}\n"
        "        run: |\n"
        "          set -e\n"
        '          echo "$MODE"\n'
        f"          python tool.py --number {step} --output result.json\n"
        "        timeout: 10\n"
    )


def write_files(folder: Path) -> tuple[list[Path], int]:
    """The files, the same in each run, and how many lines they have."""
    chance = random.Random(7)
    paths, lines = [], 0
    for number in range(FILES):
        path = folder / f"pipeline-{number}.yaml"
        text = pipeline_text(number, chance)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
        lines += text.count("\n")
    return paths, lines


def checked(paths: list[Path]) -> None:
    """Checks the files, in which nothing is wrong."""
    import datatorch_pipelines as dtp

    found = dtp.check_files(paths)
    if found:
        raise SystemExit(str(found[0]))


def loaded(paths: list[Path]) -> None:
    """Loads the files without a look at what is in them."""
    import yaml

    for path in paths:
        yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def measured(paths: list[Path]) -> tuple[float, float]:
    """The least seconds of the check and of the bare load."""
    best = [1e9, 1e9]
    for _ in range(ROUNDS):
        for which, work in enumerate((checked, loaded)):
            begin = time.perf_counter()
            work(paths)
            best[which] = min(best[which], time.perf_counter() - begin)
    return best[0], best[1]


def memory(folder: Path) -> float:
    """The MiB that a fresh process holds at most as it checks the files."""
    code = (
        "import check, pathlib, sys; check.checked(sorted(pathlib.Path(sys.argv[1]).iterdir())); "
        "print(pathlib.Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    return float(done.stdout) / 1024


def main() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as scratch:
        # A store of its own: what this machine has fetched must not count.
        os.environ["DATATORCH_PIPELINES_HOME"] = f"{scratch}/home"
        folder = Path(scratch, "files")
        folder.mkdir()
        paths, lines = write_files(folder)
        ours, bare = measured(paths)
        held = memory(folder)
    speed = lines / ours
    verdict = "ok" if ours <= TARGET_SECONDS and held <= TARGET_MIB else "MISSED"
    print(
        f"{FILES} files, {lines} lines: {ours:.2f} s, {FILES / ours:.0f} files/s, {speed:.0f} lines/s, {held:.0f} MiB"
    )
    print(f"target: {TARGET_SECONDS:.0f} s, {TARGET_MIB:.0f} MiB: {verdict}")
    print(f"CSafeLoader: {bare:.2f} s; the check takes {ours / bare:.2f} times as long")
    slow, fast = ACTIONLINT
    print(
        f"actionlint, measured elsewhere: {slow:.0f} to {fast:.0f} lines/s; the check's time a line is "
        f"{slow / speed:.2f} to {fast / speed:.2f} of it (aim: at most {TARGET_ACTIONLINT:.0f})"
    )


if __name__ == "__main__":
    main()
