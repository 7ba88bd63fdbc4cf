"""Runs pipeline.yaml, whose action comes from a git repository, without any network.

The repository is made here, out of the folder `action`, as anybody makes one. A resolver is pointed at the folder that
it is in, as it could be pointed at a git server of one's own.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import datatorch_pipelines as dtp

HERE = Path(__file__).parent


def git(folder: Path, *arguments: str) -> None:
    """Runs git in a folder, as nobody in particular."""
    author = ["-c", "user.name=example", "-c", "user.email=example@example.org", "-c", "commit.gpgsign=false"]
    # The signing and hooks of whoever runs this have no part in it.
    author += ["-c", "tag.gpgsign=false", "-c", "core.hooksPath="]
    subprocess.run(["git", "-C", str(folder), *author, *arguments], check=True, capture_output=True)


def publish(action: Path, repository: Path, tag: str) -> None:
    """Makes a git repository of an action's files, with one tag."""
    repository.mkdir(parents=True)
    git(repository, "init", "--quiet")
    git(repository, f"--work-tree={action.resolve()}", "add", "--all")
    git(repository, "commit", "--quiet", "--message", "The action")
    git(repository, "tag", tag)


def main() -> int:
    """Publishes the action, runs the pipeline, and prints what each step put out."""
    with tempfile.TemporaryDirectory() as folder:
        publish(HERE / "action", Path(folder, "examples", "add"), "v1")
        pipeline = dtp.load(HERE / "pipeline.yaml")
        server = dtp.GitHubResolver(base_url=Path(folder).as_uri())
        result = pipeline.run(resolvers=[server])
    for step in result.jobs["average"].steps:
        print(f"{step.name}: {json.dumps(dict(step.outputs))}")
    if result.error:
        print(result.error, file=sys.stderr)
    return 0 if result.succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
