"""What a check knows of actions: from folders, from the store, and from servers only where it is asked to fetch."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import GitHttpServer, make_repository, running_http_server

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import ResolveContext, ResolvedAction

ADD = "name: Add\ninputs:\n  a: {type: integer, required: true}\nruns: {using: python, main: add.py}\n"
BROKEN = "name: Add\nruns: {using: pyhton, main: add.py}\n"
FILES = {"action-datatorch.yaml": ADD, "add.py": ""}


class Listener:
    """A server that answers nobody and counts who calls."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                if connection.recv(3) == b"end":
                    return
                self.calls += 1

    def close(self) -> None:
        """Ends it, after all that called before were counted."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"end")
        self._thread.join()
        self._socket.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHttpServer]:
    root = tmp_path / "served"
    root.mkdir()
    make_repository(root / "acme" / "add.git", FILES, tags=["v1"])
    with running_http_server(root) as server:
        yield server


def write(folder: Path, *actions: str, name: str = "pipeline.yaml") -> Path:
    """A pipeline whose steps name these actions."""
    steps = "".join(f"      - action: {action}\n        inputs: {{a: 1}}\n" for action in actions)
    path = folder / name
    path.write_text(f"name: {path.stem}\njobs:\n  a:\n    steps:\n{steps}")
    return path


def put(folder: Path, action: str = ADD) -> Path:
    folder.mkdir(parents=True)
    (folder / "action-datatorch.yaml").write_text(action)
    (folder / "add.py").touch()
    return folder


def told(path: Path, **arguments: object) -> list[str]:
    """The report of a file, without its folder."""
    found = dtp.check(path, **arguments)  # type: ignore[arg-type]
    return [str(item).replace(f"{path.parent}/", "") for item in found]


def test_the_inputs_of_an_action_in_a_folder_are_known(tmp_path: Path) -> None:
    put(tmp_path / "add")
    path = tmp_path / "pipeline.yaml"
    path.write_text("name: P\njobs: {a: {steps: [{action: ./add, inputs: {a: x}}]}}\n")
    assert [(item.code, item.line, item.column) for item in dtp.check(path)] == [("DT404", 2, 48)]


def test_what_is_said_of_a_path_without_an_action_is_what_the_plan_says(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    path = write(tmp_path, "./none", "./empty", "./file")
    assert told(path) == [
        "pipeline.yaml:5:17: error: ./none: none does not exist [DT402]; the path starts at the pipeline file's folder",
        "pipeline.yaml:7:17: error: ./empty has no action-datatorch.yaml [DT402]; is it the right folder?",
        "pipeline.yaml:9:17: error: ./file: file is not a folder [DT402]; "
        "the path starts at the pipeline file's folder",
    ]
    with pytest.raises(dtp.PlanError) as refused:
        dtp.plan(path)
    assert list(refused.value.diagnostics) == dtp.check(path)


def test_an_action_whose_own_file_is_wrong_is_told_of_at_both_places(tmp_path: Path) -> None:
    put(tmp_path / "add", BROKEN)
    path = write(tmp_path, "./add")
    assert told(path) == [
        "add/action-datatorch.yaml:2:15: error: no runtime is called 'pyhton' [DT204]; did you mean 'python'?",
        "pipeline.yaml:5:17: error: the action ./add has 1 error in its own file [DT408]; see where they are reported",
    ]
    with pytest.raises(dtp.PlanError) as refused:
        dtp.plan(path)
    assert [str(item) for item in refused.value.diagnostics] == [str(item) for item in dtp.check(path)]
    found = dtp.check_text(path.read_text(), filename=str(path))
    assert [(item.code, item.fix) for item in found] == [("DT204", None), ("DT408", None)]


def test_an_actions_file_that_is_checked_itself_is_told_of_once(tmp_path: Path, monkeypatch) -> None:
    put(tmp_path / "add", BROKEN)
    write(tmp_path, "./add")
    monkeypatch.chdir(tmp_path)
    found = dtp.check_files(["pipeline.yaml", "add/action-datatorch.yaml"])
    assert [(item.file, item.code) for item in found] == [
        ("add/action-datatorch.yaml", "DT204"),
        ("pipeline.yaml", "DT408"),
    ]


@pytest.mark.parametrize(
    ("named", "own"),
    [
        ("p.yaml", "add/action-datatorch.yaml"),
        ("./p.yaml", "add/action-datatorch.yaml"),
        ("../here/p.yaml", "../here/add/action-datatorch.yaml"),
        ("link/p.yaml", "link/add/action-datatorch.yaml"),
        ("sub/q.yaml", "add/action-datatorch.yaml"),
    ],
)
def test_an_actions_file_is_named_from_the_pipelines_name_on(tmp_path: Path, monkeypatch, named: str, own: str) -> None:
    here = tmp_path / "here"
    put(here / "add", BROKEN)
    write(here, "./add", name="p.yaml")
    (here / "link").symlink_to(here)
    (here / "sub").mkdir()
    write(here / "sub", "../add", name="q.yaml")
    monkeypatch.chdir(here)
    (found,) = [item for item in dtp.check(named) if item.code == "DT204"]
    assert found.file == own
    with pytest.raises(dtp.PlanError) as refused:
        dtp.plan(named)
    assert str(found) in map(str, refused.value.diagnostics)


def test_the_file_of_an_action_that_a_linked_folder_leads_out_to_is_named_in_full(tmp_path: Path, monkeypatch) -> None:
    put(tmp_path / "far" / "add", BROKEN)
    (tmp_path / "far" / "deep").mkdir()
    write(tmp_path / "far" / "deep", "../add", name="p.yaml")
    (tmp_path / "link").symlink_to(tmp_path / "far" / "deep")
    monkeypatch.chdir(tmp_path)
    (found,) = [item for item in dtp.check("link/p.yaml") if item.code == "DT204"]
    assert found.file == str((tmp_path / "far" / "add" / "action-datatorch.yaml").resolve())


def test_the_file_of_a_local_action_is_named_from_its_folders_name_on(tmp_path: Path, monkeypatch) -> None:
    put(tmp_path / "actions" / "add" / "v1", BROKEN)
    path = write(tmp_path, "local/add@v1")
    monkeypatch.chdir(tmp_path)
    folders = [tmp_path / "other", "./actions"]
    (found,) = [item for item in dtp.check(path, local_actions=folders) if item.code == "DT204"]
    assert found.file == "actions/add/v1/action-datatorch.yaml"
    with pytest.raises(dtp.PlanError) as refused:
        dtp.plan(path, local_actions=folders)
    assert str(found) in map(str, refused.value.diagnostics)


def test_an_action_that_lacks_the_file_that_it_runs_is_told_of(tmp_path: Path) -> None:
    (put(tmp_path / "add") / "add.py").unlink()
    assert told(write(tmp_path, "./add")) == [
        "pipeline.yaml:5:17: error: the action ./add has no file 'add.py', which is its main [DT408]; "
        "mend the action, or name another version of it"
    ]


def test_what_is_wrong_with_an_action_is_said_once_with_all_places_that_name_it(tmp_path: Path) -> None:
    (found,) = dtp.check(write(tmp_path, "./none", "./none", "./none"))
    assert (found.line, [place.location.line for place in found.related]) == (5, [7, 9])


def test_local_actions_are_found_and_their_absence_is_silent(tmp_path: Path) -> None:
    put(tmp_path / "local" / "add" / "v1")
    (tmp_path / "local" / "empty" / "v1").mkdir(parents=True)
    path = write(tmp_path, "local/none@v1", "local/add@v1", "local/empty@v1")
    path.write_text(path.read_text().replace("{a: 1}", "{b: 1}"))
    assert told(path) == []
    found = dtp.check(path, local_actions=tmp_path / "local")
    assert [(item.code, item.line, item.column) for item in found] == [
        ("DT403", 7, 17),
        ("DT405", 8, 18),
        ("DT402", 9, 17),
    ]


def test_nothing_is_asked_of_any_server_unless_it_is_to_be_fetched(tmp_path: Path) -> None:
    listener = Listener()
    url = f"http://127.0.0.1:{listener.port}"
    path = write(
        tmp_path,
        "acme/add@v1",
        "acme/add@main",
        f"{{name: add, tag: v1, git: '{url}/add.git'}}",
        f"{{name: add, tag: latest, git: 'git://127.0.0.1:{listener.port}/add.git'}}",
        f"{{name: add, tag: v1, git: 'ssh://127.0.0.1:{listener.port}/add.git'}}",
    )
    assert [
        line for line in told(path, resolvers=[dtp.GitHubResolver(url), dtp.GitResolver()]) if "error" in line
    ] == []
    listener.close()
    assert listener.calls == 0


def test_a_url_that_is_never_asked_is_told_of_without_a_server(tmp_path: Path) -> None:
    (line,) = told(write(tmp_path, "{name: add, tag: v1, git: 'ext::sh -c true'}"))
    assert "[DT402]" in line or "[DT208]" in line


@pytest.mark.integration
def test_what_was_fetched_is_known_afterwards_without_the_server(tmp_path: Path, server: GitHttpServer) -> None:
    resolvers = [dtp.GitHubResolver(server.url)]
    path = write(tmp_path, "acme/add@v1")
    path.write_text(path.read_text().replace("{a: 1}", "{a: x}"))
    assert dtp.check(path, resolvers=resolvers) == []
    assert server.requests == []
    fetched = dtp.check(path, resolvers=resolvers, fetch=True)
    assert [(item.code, item.line) for item in fetched] == [("DT404", 6)]
    asked = len(server.requests)
    assert server.packs == 1
    assert dtp.check(path, resolvers=[dtp.GitHubResolver(server.url)]) == fetched
    assert len(server.requests) == asked


@pytest.mark.integration
def test_an_action_that_many_files_name_is_asked_for_once_a_call(tmp_path: Path, server: GitHttpServer) -> None:
    paths = [write(tmp_path, "acme/add@main", name=f"p{number}.yaml") for number in range(20)]
    for _ in range(2):
        server.requests.clear()
        assert dtp.check_files(iter(paths), resolvers=[dtp.GitHubResolver(server.url)], fetch=True) == []
        asked = [request for request in server.requests if "info/refs" in request]
        assert len(asked) == 1


@pytest.mark.integration
def test_what_a_server_does_not_have_is_told_of_where_it_is_named(tmp_path: Path, server: GitHttpServer) -> None:
    path = write(tmp_path, "acme/none@v1", "acme/add@v9", "acme/add@v1")
    found = told(path, resolvers=[dtp.GitHubResolver(server.url)], fetch=True)
    assert [line.partition(": error")[0] for line in found] == ["pipeline.yaml:5:17", "pipeline.yaml:7:17"]
    assert all("[DT402]" in line for line in found)


@pytest.mark.integration
def test_a_server_that_is_down_is_a_warning_where_an_older_commit_is_here(tmp_path: Path) -> None:
    root = tmp_path / "served"
    root.mkdir()
    make_repository(root / "acme" / "add.git", FILES, tags=["v1"])
    path = write(tmp_path, "acme/add@main", "acme/other@v1")
    with running_http_server(root) as server:
        url = server.url
        dtp.check(path, resolvers=[dtp.GitHubResolver(url)], fetch=True)
    found = dtp.check(path, resolvers=[dtp.GitHubResolver(url)], fetch=True)
    assert [(item.code, str(item.severity), item.line) for item in found] == [
        ("DT409", "warning", 5),
        ("DT402", "error", 7),
    ]


class Rubbish(dtp.Resolver):
    """Does to every reference what it is told to."""

    def __init__(self, matches: object = True, answer: object = None) -> None:
        self._matches = matches
        self._answer = answer

    def matches(self, reference: dtp.ActionReference) -> bool:
        if isinstance(self._matches, Exception):
            raise self._matches
        return bool(self._matches)

    async def resolve(self, reference: dtp.ActionReference, context: ResolveContext) -> ResolvedAction:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("resolver", "said"),
    [
        (Rubbish(KeyError("broken")), "Rubbish failed on o/r@v1: KeyError: 'broken'"),
        (Rubbish(answer=ValueError("two\nlines")), "Rubbish failed on o/r@v1: ValueError: two lines"),
        (Rubbish(answer=42), "a resolver gave 42 for o/r@v1 where a ResolvedAction belongs"),
        (object(), "object failed on o/r@v1: AttributeError: 'object' object has no attribute 'matches'"),
    ],
)
def test_a_resolver_that_is_broken_is_told_of(tmp_path: Path, resolver: dtp.Resolver, said: str) -> None:
    assert told(write(tmp_path, "o/r@v1"), resolvers=[resolver]) == [f"pipeline.yaml:5:17: error: {said} [DT402]"]


def test_a_resolver_whose_folder_is_none_is_told_of(tmp_path: Path) -> None:
    reference = dtp.ActionReference.parse("o/r@v1")
    answer = ResolvedAction(reference=reference, directory="gone", digest="")  # type: ignore[arg-type]
    (line,) = told(write(tmp_path, "o/r@v1"), resolvers=[Rubbish(answer=answer)])
    assert line.startswith("pipeline.yaml:5:17: error: o/r@v1 can't be read: TypeError: ")


class Checks(dtp.Resolver):
    """Checks a file while it looks for an action."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[dtp.Diagnostic] = []

    def matches(self, reference: dtp.ActionReference) -> bool:
        return reference.name == "o/r"

    async def resolve(self, reference: dtp.ActionReference, context: ResolveContext) -> ResolvedAction:
        self.found = dtp.check(self.path)
        raise dtp.ResolveError("enough")


def test_a_check_works_inside_a_running_loop_in_a_thread_and_inside_a_resolver(tmp_path: Path) -> None:
    path = write(tmp_path, "./none")
    expected = dtp.check(path)
    assert [item.code for item in expected] == ["DT402"]

    async def inside() -> list[dtp.Diagnostic]:
        return dtp.check(path)

    assert asyncio.run(inside()) == expected
    answers: list[list[dtp.Diagnostic]] = []
    threads = [threading.Thread(target=lambda: answers.append(dtp.check(path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 4
    resolver = Checks(path)
    assert [item.message for item in dtp.check(write(tmp_path, "o/r@v1", name="q.yaml"), resolvers=[resolver])] == [
        "enough"
    ]
    assert resolver.found == expected


def test_a_file_that_is_named_twice_is_checked_once_by_whatever_name(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("name: P\njobs: {a: {steps: [{action: o/r}]}}\n")
    (tmp_path / "two.yaml").symlink_to(path)
    names = [path, str(path), tmp_path / "." / "one.yaml", f"{tmp_path}/x/../one.yaml", tmp_path / "two.yaml"]
    assert dtp.check_files(iter(names)) == dtp.check(path)
    assert [item.code for item in dtp.check_files(names)] == ["DT401"]
    assert dtp.check_files(str(path)) == dtp.check(path)


def test_a_pipeline_without_actions_loads_nothing_that_finds_them(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("name: P\njobs: {a: {steps: [{run: 'true'}]}}\n")
    code = (
        f"import sys, datatorch_pipelines as dtp; assert dtp.check({str(path)!r}) == []; "
        "print([n for n in ('dulwich', 'filelock', 'datatorch_pipelines.engine', 'datatorch_pipelines.resolvers') "
        "if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
