"""The pipelines that DataTorch's documentation and repositories show, run with actions of the same interfaces.

The actions come from a git server of our own in GitHub's place: real repositories, real HTTP.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import datatorch_pipelines as dtp
from tests.support.git_servers import http_git_server, make_repository

pytestmark = pytest.mark.integration

CORPUS = Path(__file__).parents[2] / "../shared/corpus/pipelines"
HEAD = "import datatorch\n\ninputs = datatorch.get_inputs()\n"


def python_action(name: str, inputs: str, outputs: str, code: str) -> dict[str, str]:
    """The files of an action that runs a Python program."""
    text = f"name: {name}\ninputs: {inputs}\noutputs: {outputs}\nruns: {{using: python, main: main.py}}\n"
    return {"action-datatorch.yaml": text, "main.py": HEAD + textwrap.dedent(code)}


PATH = "{type: string, required: true}"
ACTIONS: dict[str, tuple[list[str], dict[str, str]]] = {
    "datatorch-actions/add": (
        ["v1"],
        python_action(
            "Add",
            "{a: {type: integer, required: true}, b: {type: integer, required: true}}",
            "{sum: {type: integer}}",
            "datatorch.set_output('sum', inputs['a'] + inputs['b'])",
        ),
    ),
    "datatorch-actions/divide": (
        ["v1"],
        python_action(
            "Divide",
            "{num: {type: float, required: true}, by: {type: float, required: true}}",
            "{result: {type: float}}",
            "datatorch.set_output('result', inputs['num'] / inputs['by'])",
        ),
    ),
    "datatorch-actions/download-file": (
        ["v1"],
        python_action(
            "Download File",
            f"{{fileId: {PATH}, directory: {{type: string, default: '${{{{ directory.temp }}}}/download-file'}},"
            " name: {type: string, default: ''}, overwrite: {type: boolean, default: false}}",
            "{path: {type: string}}",
            """\
            import pathlib
            folder = pathlib.Path(inputs["directory"])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / (inputs["name"] or inputs["fileId"])).write_text("image")
            datatorch.set_output("path", str(folder / (inputs["name"] or inputs["fileId"])))
            """,
        ),
    ),
    "datatorch-actions/download-youtube": (
        ["v1"],
        python_action(
            "Download",
            f"{{url: {PATH}, path: {{type: string}}}}",
            "{completed: {type: boolean}}",
            "datatorch.set_output('completed', inputs['url'].startswith('https://'))",
        ),
    ),
    "datatorch-actions/import-coco": (
        ["v1"],
        python_action(
            "Import COCO",
            f"{{path: {PATH}, projectId: {{type: string, default: '${{{{ pipeline.projectId }}}}'}}}}",
            "{imported: {type: string}}",
            "datatorch.set_output('imported', inputs['path'])",
        ),
    ),
    "datatorch-actions/python": (["v1"], python_action("Python", "{}", "{ok: {}}", "datatorch.set_output('ok', True)")),
    "datatorch-actions/example-command": (
        ["1"],
        {"action-datatorch.yaml": "name: C\nruns: {using: cmd, command: 'echo ::ran::1'}\n"},
    ),
    "datatorch-actions/example-commands": (
        ["1"],
        {"action-datatorch.yaml": "name: C\nruns: {using: commandline, command: 'echo one\n\n    echo ::ran::2'}\n"},
    ),
    "datatorch-actions/example-shell": (
        ["1"],
        {
            "action-datatorch.yaml": "name: S\nruns: {using: shell, script: run.sh}\n",
            "run.sh": "#!/bin/sh\necho ::ran::3\n",
        },
    ),
    "myorg/add": (
        [],
        python_action("Add", "{a: {type: integer}, b: {type: integer}}", "{}", "datatorch.set_output('sum', 10)"),
    ),
}
SEGMENT = """\
import pathlib
assert pathlib.Path(inputs["imagePath"]).read_text() == "image"
datatorch.set_output("segmentation", [inputs.get("points"), inputs["annotationId"]])
"""
for repository, tags in (
    ("datatorch-actions/dextr", ["v1"]),
    ("datatorch-actions/dextr2", []),
    ("aoxolotl/segformer_action", ["betterAPI"]),
):
    files = python_action(
        "Segment",
        f"{{imagePath: {PATH}, points: {{type: array}}, annotationId: {{type: string}}}}",
        "{segmentation: {type: array}}",
        SEGMENT,
    )
    ACTIONS[repository] = (tags, files)

EVENT = {"fileId": "f1", "fileName": "cat.png", "flowData": {"points": [[1, 2], [3, 4]]}, "annotationId": "a1"}
WHOLE = {"segmentation": [None, "a1"]}
POINTS = {"segmentation": [[[1, 2], [3, 4]], "a1"]}

# By file: the outputs of the last step, or the code and the place at which the pipeline is refused.
EXPECTED: dict[str, dict[str, object] | str] = {
    "datatorch-actions__add__1": {"sum": 10},
    "datatorch-actions__add__2": "6:17 DT403",
    "datatorch-actions__add__3": "6:17 DT403",
    "datatorch-actions__blank-template__1": {"completed": True},
    "datatorch-actions__blank-template__2": {"completed": True},
    "datatorch-actions__blank-template__3": {"completed": True},
    "datatorch-actions__blank-template__4": {"completed": True},
    "datatorch-actions__blank-template__5": {"completed": True},
    "datatorch-actions__dextr2__1": POINTS,
    "datatorch-actions__dextr2__2": POINTS,
    "datatorch-actions__import-coco__1": {"imported": "/path/on/agent/to/coco.json"},
    "datatorch-actions__segformer__1": WHOLE,
    "datatorch-actions__segformer__2": WHOLE,
    "datatorch-actions__segformer__3": WHOLE,
    "datatorch__documentation__1": {"sum": 10},
    "datatorch__documentation__7": POINTS,
    "datatorch__documentation__9": {"ok": True},
    "datatorch__documentation__10": {"ok": True},
    "datatorch__documentation__18": {"ok": True},
    "datatorch__python__1": {"sum": 30},
    "datatorch__python__2": {"result": 15.0},
    "datatorch__python__3": POINTS,
    "datatorch__python__6": "15:16 DT404",
    "datatorch__python__9": {"ran": 3},
    "datatorch__python__10": {"ran": 3},
}


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server with the actions' repositories, and the folder that holds them."""
    root = tmp_path_factory.mktemp("github")
    for repository, (tags, files) in ACTIONS.items():
        make_repository(root / f"{repository}.git", files, tags=tags)
    with http_git_server(root) as url:
        yield url, root


@pytest.mark.parametrize("name", EXPECTED)
def test_a_documented_pipeline_runs(name: str, github: tuple[str, Path], tmp_path: Path) -> None:
    path = CORPUS / f"{name}.yaml"
    if not path.exists():
        pytest.skip("the documented pipelines are not beside this checkout")
    url, _root = github
    # The two pipelines that name a URL on github.com get that repository from our server.
    there = dtp.GitHubResolver(base_url=url)
    python = tmp_path / "python"
    python.mkdir()
    for file, text in ACTIONS["datatorch-actions/python"][1].items():
        (python / file).write_text(text)
    resolvers = [dtp.MappingResolver({"datatorch/python@v1": python})] if "documentation__1" in name else []
    expected = EXPECTED[name]
    inputs = {"fileId": "f1"}
    if name == "datatorch-actions__dextr2__2":
        image = tmp_path / "image"
        image.write_text("image")
        inputs["path"] = str(image)
    pipeline = dtp.load(path)
    try:
        result = pipeline.run(resolvers=[*resolvers, there], event=EVENT, inputs=inputs, directory=tmp_path / "runs")
    except dtp.PlanError as error:
        wrong = [item for item in error.diagnostics if item.severity == "error"]
        assert f"{wrong[0].line}:{wrong[0].column} {wrong[0].code}" == expected
        return
    assert result.error is None
    (job,) = result.jobs.values()
    assert job.steps[-1].outputs == expected


def test_the_cached_download_of_a_documented_pipeline_is_a_file_that_is_there(
    github: tuple[str, Path], tmp_path: Path
) -> None:
    path = CORPUS / "datatorch__python__5.yaml"
    if not path.exists():
        pytest.skip("the documented pipelines are not beside this checkout")
    for _ in range(2):
        result = dtp.load(path).run(
            resolvers=[dtp.GitHubResolver(base_url=github[0])], inputs={"fileId": "f1"}, directory=tmp_path / "runs"
        )
        assert result.error is None
        assert [step.reason for step in result.jobs["predict"].steps] == [None, None]
