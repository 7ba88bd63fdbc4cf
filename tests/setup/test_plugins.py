"""What another package registers: a real distribution's metadata on the path, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PLUGIN = """\
import datatorch_pipelines as dtp


class Loud(dtp.LocalRunner):
    async def execute(self, command, context):
        context.log("stdout", b"loud\\n")
        return await super().execute(command, context)


class Shout(dtp.Runtime):
    def command(self, action, inputs, environment):
        return dtp.Command(argv=("echo", str(inputs["text"]).upper()))


def found():
    return dtp.MappingResolver({"their/shout": FOLDER})


not_one = 5
"""
SCRIPT = """\
import sys
import datatorch_pipelines as dtp

step = dtp.Step(action="their/shout@v1", inputs={"text": "hey"})
pipeline = dtp.Pipeline(name="P", jobs={"j": dtp.Job(steps=[step])})
try:
    print(pipeline.run(runner=sys.argv[1]).jobs["j"].steps[0].log, end="")
except dtp.PipelinesError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("runner", "printed"),
    [
        ("loud", "loud\nHEY\n"),
        ("local", "HEY\n"),
        ("nope", "there is no runner 'nope'; use one of broken, dask, docker, local, loud, none\n"),
        (
            "none",
            "the runner 'none' (their_plugin:not_one) is no Runner; mend or uninstall the package that registers it\n",
        ),
        (
            "broken",
            "the runner 'broken' (their_plugin:gone) can't be loaded: AttributeError: module 'their_plugin' has no "
            "attribute 'gone'; mend or uninstall the package that registers it\n",
        ),
    ],
)
def test_what_a_package_registers_is_used_by_name_and_its_faults_are_named(
    tmp_path: Path, runner: str, printed: str
) -> None:
    action = tmp_path / "shout"
    action.mkdir()
    (action / "action-datatorch.yaml").write_text("name: S\ninputs: {text: {}}\nruns: {using: shout}\n")
    (tmp_path / "their_plugin.py").write_text(f"FOLDER = {str(action)!r}\n{PLUGIN}")
    metadata = tmp_path / "their_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        textwrap.dedent("""\
            [datatorch_pipelines.runners]
            loud = their_plugin:Loud
            none = their_plugin:not_one
            broken = their_plugin:gone

            [datatorch_pipelines.runtimes]
            shout = their_plugin:Shout

            [datatorch_pipelines.resolvers]
            found = their_plugin:found
            """)
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, runner],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert (done.stdout, done.stderr) == (printed, "")
