"""The command ``run`` when the server of an action's branch is gone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import git_daemon, make_repository


def test_strict_refuses_the_commit_of_an_earlier_run(here, write: Callable[[str, str], Path], folder: Path) -> None:
    served = folder / "served"
    served.mkdir()
    action = "name: greet\nruns: {using: cmd, command: 'echo ::said::1'}\n"
    commit = make_repository(served / "greet", {"action-datatorch.yaml": action})
    with git_daemon(served) as url:
        write(
            "p.yaml",
            "name: Greet\njobs:\n  a:\n    steps:\n"
            f"      - action: {{name: me/greet, tag: main, git: '{url}/greet'}}\n",
        )
        assert here("run", "p.yaml", "-q").status == 0
    down = f"{url} can't be reached: Connection refused"
    stale = here("run", "p.yaml", "--offline", "-q")
    assert (stale.status, stale.stdout) == (0, "a / me/greet@main: said = 1\n")
    warned = here("run", "p.yaml")
    message = f"me/greet@main: {down}; the commit {commit[:12]} that was fetched before is used"
    assert (warned.status, warned.stdout) == (0, "a / me/greet@main: said = 1\n")
    assert message in warned.stderr
    refused = here("run", "p.yaml", "-q", "--strict")
    assert (refused.status, refused.stdout) == (2, "")
    assert f"p.yaml:5:17: error: me/greet@main: {down} [DT402]" in refused.stderr
