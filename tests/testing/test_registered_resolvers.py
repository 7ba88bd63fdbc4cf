"""Resolvers that installed packages register: taken up by every run, in order, their faults told in one line."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "resolvers" / "zip.py"
PIPELINE = "name: P\njobs: {a: {steps: [{name: Add, action: team/add@v1}]}}\n"
RUN = """
import datatorch_pipelines as dtp
try:
    print(dtp.run("pipeline.yaml").jobs["a"].step("Add").stdout, end="")
except dtp.PipelinesError as error:
    print(error)
"""
FOLDER = """
import datatorch_pipelines as dtp
def one(): return dtp.MappingResolver({"team/add": "one"})
def two(): return dtp.MappingResolver({"team/add": "two"})
async def later(): return dtp.MappingResolver({})
class Half(dtp.Resolver):
    def matches(self, reference): return True
class Wants(Half):
    def __init__(self, url): self.url = url
    async def resolve(self, reference, context): return None
class Bad(dtp.Resolver):
    def matches(self, reference): raise KeyError(reference.name)
    async def resolve(self, reference, context): return None
"""


def register(folder: Path, resolvers: Mapping[str, str]) -> None:
    """What an installer writes for a package that registers resolvers."""
    metadata = folder / "site" / "theirs-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    lines = [f"{name} = {value}\n" for name, value in resolvers.items()]
    (metadata / "entry_points.txt").write_text("[datatorch_pipelines.resolvers]\n" + "".join(lines))


def run(folder: Path, *command: str, **variables: str) -> str:
    (folder / "pipeline.yaml").write_text(PIPELINE)
    path = os.pathsep.join([str(folder / "site"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, **variables}
    done = subprocess.run(
        [sys.executable, *(command or ("-c", RUN))], cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.stdout + done.stderr


def write_action(folder: Path, word: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "action-datatorch.yaml").write_text("name: Add\nruns: {using: python, main: add.py}\n")
    (folder / "add.py").write_text(f"print({word!r})\n")
    return folder


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server with the archive of ``team/add@v1``."""
    root = tmp_path / "served"
    action = write_action(tmp_path / "action", "from an archive")
    (root / "team" / "add").mkdir(parents=True)
    with zipfile.ZipFile(root / "team" / "add" / "v1.zip", "w") as archive:
        for file in action.iterdir():
            archive.write(file, file.name)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Says nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(root))) as httpd:
        thread = threading.Thread(target=lambda: httpd.serve_forever(poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()
        thread.join()


def test_the_example_as_a_package_is_taken_up_by_runs(tmp_path: Path, server: str) -> None:
    register(tmp_path, {"archives": "our_archives:archives"})
    shutil.copyfile(EXAMPLE, tmp_path / "site" / "our_zip.py")
    (tmp_path / "site" / "our_archives.py").write_text(
        "import os\nfrom our_zip import ZipResolver\n"
        "def archives(): return ZipResolver(os.environ['OUR_ARCHIVES'], owners=['team'])\n"
    )
    assert run(tmp_path, OUR_ARCHIVES=server) == "from an archive\n"
    command = ("-m", "datatorch_pipelines", "run", "pipeline.yaml", "--offline")
    assert "from an archive" in run(tmp_path, *command, OUR_ARCHIVES=server)


def test_registered_resolvers_are_asked_in_the_order_of_their_names(tmp_path: Path) -> None:
    register(tmp_path, {"b": "theirs:two", "a": "theirs:one"})
    (tmp_path / "site" / "theirs.py").write_text(FOLDER)
    write_action(tmp_path / "one", "one")
    write_action(tmp_path / "two", "two")
    assert run(tmp_path) == "one\n"


MAKE = """
from datatorch_pipelines._plugins import make, registered
from datatorch_pipelines.contracts import Resolver
from datatorch_pipelines.errors import PipelinesError
for name in sorted(registered("resolvers")):
    try:
        make("resolvers", name, Resolver)
    except PipelinesError as error:
        print(str(error).removesuffix("; mend or uninstall the package that registers it"))
"""


def test_a_registered_resolver_that_cannot_be_had_is_told_in_one_line(tmp_path: Path) -> None:
    values = ("theirs:gone", "no_such:x", "script:x", "theirs:FOLDER", "theirs:later", "theirs:Wants", "theirs:Half")
    register(tmp_path, {f"r{number}": value for number, value in enumerate(values)})
    (tmp_path / "site" / "theirs.py").write_text(FOLDER + "FOLDER = 'x'\n")
    (tmp_path / "site" / "script.py").write_text("import sys\nsys.exit(3)\n")
    *told, half = run(tmp_path, "-c", MAKE).splitlines()
    assert told == [
        "the resolver 'r0' (theirs:gone) can't be loaded: AttributeError: module 'theirs' has no attribute 'gone'",
        "the resolver 'r1' (no_such:x) can't be loaded: ModuleNotFoundError: No module named 'no_such'",
        "the resolver 'r2' (script:x) can't be loaded: SystemExit: 3",
        "the resolver 'r3' (theirs:FOLDER) is no Resolver",
        "the resolver 'r4' (theirs:later) is no Resolver",
        "the resolver 'r5' (theirs:Wants) can't be loaded: TypeError: Wants.__init__() missing 1 required positional "
        "argument: 'url'",
    ]
    assert half.startswith(
        "the resolver 'r6' (theirs:Half) can't be loaded: TypeError: Can't instantiate abstract class"
    )


def test_a_registered_resolver_that_raises_is_told_at_the_action_s_place(tmp_path: Path) -> None:
    register(tmp_path, {"x": "theirs:Bad"})
    (tmp_path / "site" / "theirs.py").write_text(FOLDER)
    assert run(tmp_path) == ("pipeline.yaml:2:40: error: Bad failed on team/add@v1: KeyError: 'team/add' [DT402]\n")


def test_a_broken_one_is_told_in_one_line_by_runs_and_by_the_command(tmp_path: Path) -> None:
    register(tmp_path, {"x": "no_such:x"})
    text = (
        "the resolver 'x' (no_such:x) can't be loaded: ModuleNotFoundError: No module named 'no_such'; mend or "
        "uninstall the package that registers it\n"
    )
    assert run(tmp_path) == text
    assert run(tmp_path, "-m", "datatorch_pipelines", "run", "pipeline.yaml") == f"error: {text}nothing ran\n"
    assert run(tmp_path, "-m", "datatorch_pipelines", "check", "pipeline.yaml") == f"datatorch-pipelines: {text}"
