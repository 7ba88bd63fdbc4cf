"""Reading pipelines, side by side with YAML loaders that check nothing: ``python bench/parse.py``.

Ours is located, validated and typed; `yaml.CSafeLoader` and ruamel.yaml's round trip only make data. Rounds of all
loaders alternate, so that a slow moment of the machine hits each alike; the least time of a loader counts. Memory is
that of a fresh process that loads once.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = {10: 200, 100: 40, 1_000: 9, 10_000: 3}
TARGETS = {10: 1.0, 1_000: 0.5, 10_000: 0.35}
SLOW_STEPS = 1_000
"""ruamel.yaml's round trip is run once above this."""


def pipeline_text(steps: int) -> str:
    """A pipeline of so many steps: about 30 nodes and 420 bytes a step, ten steps a job."""
    parts = ["name: Synthetic\njobs:\n"]
    for index in range(steps):
        if index % 10 == 0:
            parts.append(f"  job-{index // 10}:\n    name: Job {index // 10}\n    steps:\n")
        parts.append(
            f"      - name: Step number {index}\n"
            f"        id: step-{index}\n"
            f"        action: datatorch/download-file@v{index % 7}\n"
            "        # What the step is given.\n"
            "        inputs:\n"
            "          fileId: ${{ event.fileId }}\n"
            f"          path: '/data/images/{index}.png'\n"
            "          overwrite: true\n"
            "          threshold: 0.75\n"
            "          count: 12\n"
            "          points: [1, 2, 3, 4]\n"
            '          label: "a \\"quoted\\" label"\n'
            "        env:\n"
            "          MODE: fast\n"
            "          LEVEL: debug\n"
            "        timeout: 10\n"
            "        cache: true\n"
        )
    return "".join(parts)


def loaders() -> dict[str, Callable[[str], object]]:
    """What is compared."""
    import yaml
    from ruamel.yaml import YAML

    from datatorch_pipelines.syntax import read_pipeline

    def ours(text: str) -> object:
        pipeline, diagnostics = read_pipeline(text, "bench.yaml")
        if pipeline is None:
            raise SystemExit(str(diagnostics[0]))
        return pipeline

    return {
        "ours": ours,
        "CSafeLoader": lambda text: yaml.load(text, yaml.CSafeLoader),
        "ruamel rt": lambda text: YAML(typ="rt").load(text),
    }


def measured(steps: int, *, with_ruamel: bool) -> dict[str, float]:
    """The least seconds of each loader."""
    text = pipeline_text(steps)
    best: dict[str, float] = {}
    for number in range(ROUNDS.get(steps, 5)):
        for name, load in loaders().items():
            if name == "ruamel rt" and (not with_ruamel or (number and steps >= SLOW_STEPS)):
                continue
            begin = time.process_time()
            load(text)
            best[name] = min(best.get(name, 1e9), time.process_time() - begin)
    return best


def with_errors(steps: int, errors: int) -> tuple[float, float]:
    """The least seconds for a text without and with errors."""
    from datatorch_pipelines.syntax import read_pipeline

    clean = pipeline_text(steps)
    wrong = clean.replace("        cache: true\n", "        cahce: true\n", errors)
    best = [1e9, 1e9]
    for _ in range(7):
        for which, text in enumerate((clean, wrong)):
            begin = time.process_time()
            _, diagnostics = read_pipeline(text, "bench.yaml")
            best[which] = min(best[which], time.process_time() - begin)
            if len(diagnostics) != errors * which:
                raise SystemExit("the errors were not all found")
    return best[0], best[1]


def memory(name: str, steps: int) -> float:
    """MiB that a fresh process needs to load once."""
    code = f"import parse; print(parse.growth({name!r}, {steps}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def growth(name: str, steps: int) -> float:
    """MiB by which this process's peak grows as it loads."""
    load = loaders()[name]
    load(pipeline_text(1))
    text = pipeline_text(steps)
    before = peak()
    kept = load(text)
    after = peak()
    del kept
    return (after - before) / 1024


def peak() -> int:
    """The most KiB that this process ever held."""
    # getrusage would count what the parent held when it started this process.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without ruamel.yaml's round trip and 10,000 steps")
    quick = parser.parse_args().quick
    print(f"{'steps':>6} {'ours':>10} {'CSafeLoader':>12} {'ruamel rt':>11} {'ours/CSafe':>11} {'target':>7}")
    for steps in ROUNDS:
        if quick and steps == max(ROUNDS):
            continue
        best = measured(steps, with_ruamel=not quick)
        ratio = best["ours"] / best["CSafeLoader"]
        target = TARGETS.get(steps)
        columns = [
            f"{best[name] * 1e3:.2f} ms" if name in best else "-" for name in ("ours", "CSafeLoader", "ruamel rt")
        ]
        verdict = "" if target is None else f"{target:.2f} {'ok' if ratio <= target else 'MISSED'}"
        print(f"{steps:>6} {columns[0]:>10} {columns[1]:>12} {columns[2]:>11} {ratio:>11.2f} {verdict:>7}")
    clean, wrong = with_errors(1_000, 50)
    print(f"1,000 steps with 50 errors: {wrong / clean:.2f} times the clean load (target 2.00)")
    if not quick:
        sizes = ", ".join(f"{name} {memory(name, 10_000):.0f} MiB" for name in ("ours", "CSafeLoader"))
        print(f"memory for 10,000 steps: {sizes} (target 100 MiB)")


if __name__ == "__main__":
    main()
