"""Checking a project of many files, in one process and in two, beside a YAML loader: ``python bench/check.py``.

1,000 generated pipelines of 20 to 300 lines: half of their actions are in folders beside them, half not to be had, and
one file in twenty has mistakes. `yaml.CSafeLoader`, which checks nothing, reads the same files in turn with the checks;
the least time of each counts. Memory is that of a fresh process that checks once, its workers counted in. The figures
of actionlint were measured elsewhere, on other files: they say what is near, no more.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FILES, SHORTEST, LONGEST = 1_000, 20, 300
ACTIONS = 20
ROUNDS = 5
ACTIONLINT = (116_839 / 1.8, 116_839 / 1.1)
"""Lines a second on two processors: 1,503 real workflow files in 1.1 to 1.8 s, 29 MB."""
TARGET_SECONDS, TARGET_MIB, TARGET_ACTIONLINT = 10.0, 200.0, 3.0


ACTION = """\
name: Tool
inputs:
  fileId: {type: string}
  path: {type: string, required: true}
  label: {type: string}
outputs:
  found: {type: integer}
runs: {using: python, main: main.py}
"""


def pipeline_text(number: int, chance: random.Random) -> str:
    """A pipeline of a random length, of jobs with actions, expressions and shell text."""
    parts = [f"name: Pipeline {number}\ntriggers:\n  manual: {{}}\njobs:\n"]
    length, wanted, job = 4, chance.randint(SHORTEST, LONGEST), 0
    while length < wanted - 12:
        parts.append(f"  job-{job}:\n    name: Job {job}\n    steps:\n")
        length, job = length + 3, job + 1
        wrong = number % 20 == 0 and job == 1
        for step in range(chance.randint(1, 8)):
            if length > wanted - 9:
                break
            text = _action_step(step, chance) if step == 0 or chance.random() < 0.6 else _run_step(step)
            if wrong:
                text = text.replace("path:", "paht:").replace("event.name", "evnt.name")
            parts.append(text)
            length += text.count("\n")
    return "".join(parts)


def _action_step(step: int, chance: random.Random) -> str:
    known = f"../actions/tool-{chance.randrange(ACTIONS)}"
    action = known if chance.random() < 0.5 else f"acme/tool-{chance.randrange(40)}@v{chance.randint(1, 4)}"
    return (
        f"      - name: Step {step}\n"
        f"        id: step-{step}\n"
        f"        action: {action}\n"
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
    """The files, the same in each run, and how many lines they have; the actions are in a folder beside ``folder``."""
    for number in range(ACTIONS):
        action = folder.parent / "actions" / f"tool-{number}"
        action.mkdir(parents=True)
        (action / "action-datatorch.yaml").write_text(ACTION, encoding="utf-8")
        (action / "main.py").write_text("", encoding="utf-8")
    chance = random.Random(7)
    paths, lines = [], 0
    for number in range(FILES):
        path = folder / f"pipeline-{number}.yaml"
        text = pipeline_text(number, chance)
        path.write_text(text, encoding="utf-8")
        paths.append(path)
        lines += text.count("\n")
    return paths, lines


def checked(paths: list[Path], processes: int) -> int:
    """Checks the files; how much is wrong with them."""
    import datatorch_pipelines as dtp

    return len(dtp.check_files(paths, processes=processes))


def loaded(paths: list[Path]) -> None:
    """Loads the files without a look at what is in them."""
    import yaml

    for path in paths:
        yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def measured(paths: list[Path]) -> tuple[float, float, float]:
    """The least seconds of the check in one process, in two, and of the bare load."""
    works: list[Callable[[], object]] = [lambda: checked(paths, 1), lambda: checked(paths, 2), lambda: loaded(paths)]
    best = [1e9] * len(works)
    for _ in range(ROUNDS):
        for which, work in enumerate(works):
            begin = time.perf_counter()
            work()
            best[which] = min(best[which], time.perf_counter() - begin)
    return best[0], best[1], best[2]


def fresh(folder: Path, processes: int) -> tuple[int, float]:
    """How much a fresh process finds in the files, and the MiB that it and its workers hold at most."""
    code = (
        "import check, json, pathlib, resource, sys; count = int(sys.argv[2]); "
        "found = check.checked(sorted(pathlib.Path(sys.argv[1]).iterdir()), count); "
        "own, of_one = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN));"
        "print(json.dumps([found, (own + (count - 1) * of_one) / 1024]))"
    )
    command = [sys.executable, "-c", code, str(folder), str(processes)]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    found, held = json.loads(done.stdout)
    return int(found), float(held)


def main() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as scratch:
        # A store of its own: what this machine has fetched must not count.
        os.environ["DATATORCH_PIPELINES_HOME"] = f"{scratch}/home"
        folder = Path(scratch, "files")
        folder.mkdir()
        paths, lines = write_files(folder)
        one, two, bare = measured(paths)
        (found, held), (found_by_two, held_by_two) = fresh(folder, 1), fresh(folder, 2)
    if not found or found != found_by_two:
        raise SystemExit(f"one process finds {found} mistakes, two find {found_by_two}")
    speed = lines / two
    verdict = "ok" if max(one, two) <= TARGET_SECONDS and held_by_two <= TARGET_MIB else "MISSED"
    print(f"{FILES} files, {lines} lines, {found} mistakes")
    print(f"one process:   {one:.2f} s, {FILES / one:.0f} files/s, {lines / one:.0f} lines/s, {held:.0f} MiB")
    print(f"two processes: {two:.2f} s, {FILES / two:.0f} files/s, {speed:.0f} lines/s, {held_by_two:.0f} MiB")
    print(f"two to one: {two / one:.2f} of the time")
    print(f"target: {TARGET_SECONDS:.0f} s, {TARGET_MIB:.0f} MiB: {verdict}")
    print(f"CSafeLoader: {bare:.2f} s; one process takes {one / bare:.2f}, two take {two / bare:.2f} times as long")
    slow, fast = ACTIONLINT
    print(
        f"actionlint, measured elsewhere: {slow:.0f} to {fast:.0f} lines/s; the time a line of two processes is "
        f"{slow / speed:.2f} to {fast / speed:.2f} of it (aim: at most {TARGET_ACTIONLINT:.0f})"
    )


if __name__ == "__main__":
    main()
