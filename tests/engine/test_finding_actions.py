"""``find_action`` and ``pull``: actions by themselves, and all that pipelines name."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from git_servers import GitHttpServer, commit_files, git, make_repository, running_http_server

import datatorch_pipelines as dtp
from datatorch_pipelines.contracts import ResolveContext, ResolvedAction
from datatorch_pipelines.display import plan_json, plan_text
from datatorch_pipelines.errors import ActionNotFound

ADD = "name: Add\ndescription: Adds.\nruns: {using: cmd, command: echo}\n"
Write = Callable[[str, str], Path]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHttpServer]:
    """A git server."""
    (tmp_path / "served").mkdir()
    with running_http_server(tmp_path / "served") as running:
        yield running


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file of the current folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def put(name: str, text: str) -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put


def _github(server: GitHttpServer) -> dtp.GitHubResolver:
    return dtp.GitHubResolver(base_url=server.url)


def test_an_action_of_a_server_is_found_with_all_that_is_known_of_it(server: GitHttpServer, write: Write) -> None:
    commit = make_repository(server.root / "me" / "add", {"action-datatorch.yaml": ADD}, tags=["v1"])
    found = dtp.find_action("me/add@v1", resolvers=[_github(server)])
    assert (found.reference, found.commit) == (dtp.ActionReference.parse("me/add@v1"), commit)
    assert (found.url, found.definition.name, found.warnings) == (f"{server.url}/me/add", "Add", ())
    assert (found.directory / "action-datatorch.yaml").read_text() == ADD
    assert len(found.digest) == 64
    server.requests.clear()
    assert dtp.find_action("me/add@v1", resolvers=[_github(server)], offline=True) == found
    assert server.requests == []


def test_any_form_of_a_reference_and_any_path_names_an_action(write: Write, tmp_path: Path) -> None:
    folder = write("my actions/add/action-datatorch.yml", ADD).parent
    write("my actions/add/other.yaml", ADD.replace("Add", "Other"))
    write("actions/add/v1/action-datatorch.json", '{"name": "Local", "runs": {"using": "cmd", "command": "echo"}}')
    (tmp_path / "here" / "sub").mkdir()
    url = make_repository(tmp_path / "git", {"action-datatorch.yaml": ADD.replace("Add", "Git")}, tags=["v1"])
    where = (tmp_path / "git").as_uri()
    for action, name, shown in [
        ("./my actions/add", "Add", "./my actions/add"),
        (folder, "Add", "./my actions/add"),
        (folder.absolute(), "Add", "./my actions/add"),
        (folder / "action-datatorch.yml", "Add", "./my actions/add"),
        (folder / "other.yaml", "Other", "./my actions/add"),
        ("local/add@v1", "Local", "local/add@v1"),
        (dtp.ActionReference.parse("local/add@v1"), "Local", "local/add@v1"),
        ({"name": "git", "tag": "v1", "git": where}, "Git", "git@v1"),
        (dtp.ActionObject(name="git", tag=url, git=where), "Git", f"git@{url}"),
    ]:
        found = dtp.find_action(action, local_actions=["actions"])
        assert (found.definition.name, str(found.reference)) == (name, shown)


def test_a_path_out_of_the_current_folder_is_written_as_a_step_would(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write("..add/action-datatorch.yaml", ADD).parent.absolute()
    assert str(dtp.find_action(folder).reference) == "./..add"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert str(dtp.find_action(folder).reference) == "../here/..add"
    monkeypatch.chdir(folder)
    assert str(dtp.find_action(folder).reference) == "."
    assert dtp.find_action(".").definition.name == "Add"


@pytest.mark.parametrize(
    ("action", "kind", "message"),
    [
        ("add", "ModelError", "the action 'add' has no owner; write owner/add"),
        (
            "./none",
            "ActionNotFound",
            "./none: {here}/none does not exist; the path starts",
        ),
        ("local/add@v1", "ActionNotFound", "there is no folder of local actions to look for local/add@v1 in; give one"),
        ("me/add@v1", "ActionNotFound", "me/add@v1 is not in the store at {home}/cache/actions, and the network is"),
        ("./bad", "ActionSyntaxError", "bad/action-datatorch.yaml:1:1: error: an action needs 'name' [DT201]; add"),
        ("./empty", "ResolveError", "./empty has no action-datatorch.yaml; is it the right folder?"),
        (
            "docker://alpine",
            "ResolveError",
            "docker://alpine: a container image has no action file; it is",
        ),
        (Path("a\nb"), "ModelError", "'./a\\nb' is no path to an action; write ./folder"),
    ],
)
def test_an_action_that_can_t_be_had_is_told_in_one_line(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, kind: str, message: str
) -> None:
    monkeypatch.setenv("DATATORCH_PIPELINES_HOME", str(tmp_path))
    write("bad/action-datatorch.yaml", "runs: {using: cmd, command: echo}\n")
    write("empty/x", "")
    with pytest.raises(dtp.PipelinesError) as raised:
        dtp.find_action(action, offline=True)
    assert type(raised.value).__name__ == kind
    assert str(raised.value).startswith(message.format(here=Path.cwd(), home=tmp_path))
    assert "\n" not in str(raised.value)


def test_a_wrong_argument_is_told() -> None:
    with pytest.raises(TypeError, match="unexpected argument 'ofline'; did you mean 'offline'"):
        dtp.find_action("me/add@v1", ofline=True)  # type: ignore[call-arg]  # wrong on purpose


def test_both_work_inside_a_running_event_loop(write: Write) -> None:
    write("add/action-datatorch.yaml", ADD)

    async def inside() -> list[str]:
        return [dtp.find_action("./add").definition.name, *(found.definition.name for found in dtp.pull("./add"))]

    assert asyncio.run(inside()) == ["Add", "Add"]


def test_all_that_pipelines_and_references_name_is_fetched_and_each_server_asked_once(
    server: GitHttpServer, write: Write
) -> None:
    for name in ("add", "sub", "mul"):
        make_repository(server.root / "me" / name, {"action-datatorch.yaml": ADD}, tags=["v1"])
    a = write("a.yaml", "name: A\njobs: {a: {steps: [{action: me/add@v1}, {action: me/sub@v1}, {run: echo}]}}\n")
    write("b.yaml", "name: B\njobs: {b: {steps: [{action: me/add@v1}, {action: me/add@main}]}}\n")
    built = dtp.Pipeline(name="C", jobs={"c": dtp.Job(steps=[dtp.Step(action="me/mul@v1")])})
    resolvers = [_github(server)]
    found = dtp.pull(a, "b.yaml", built, "me/sub@v1", {"name": "me/mul", "tag": "v1"}, resolvers=resolvers)
    shown = [str(each.reference) for each in found]
    assert shown == ["me/add@v1", "me/sub@v1", "me/add@main", "me/mul@v1"]
    assert server.packs == 3
    again = dtp.pull(a, "b.yaml", built, resolvers=resolvers, offline=True)
    assert [each.commit for each in again] == [each.commit for each in found]


def test_nothing_to_fetch_is_no_error(write: Write) -> None:
    path = write("p.yaml", "name: P\njobs: {a: {steps: [{run: echo}]}}\n")
    assert dtp.pull() == dtp.pull(path) == []


def test_paths_of_two_pipelines_are_two_actions(write: Write) -> None:
    for folder in ("one", "two"):
        write(f"{folder}/p.yaml", "name: P\njobs: {a: {steps: [{action: ./add}]}}\n")
        write(f"{folder}/add/action-datatorch.yaml", ADD.replace("Add", folder))
    found = dtp.pull("one/p.yaml", "two/p.yaml", "one/p.yaml")
    assert [each.definition.name for each in found] == ["one", "two"]
    for folder in ("one", "two"):
        write(f"{folder}/add/action-datatorch.yaml", "runs: {using: cmd, command: echo}\n")
    with pytest.raises(dtp.PullError) as raised:
        dtp.pull("one/p.yaml", "two/p.yaml")
    assert [str(failure.location) for failure in raised.value.failures] == [
        "one/p.yaml:2:29",
        "one/add/action-datatorch.yaml:1:1",
        "two/p.yaml:2:29",
        "two/add/action-datatorch.yaml:1:1",
    ]


def test_all_failures_are_told_at_their_places_and_the_rest_stays(server: GitHttpServer, write: Write) -> None:
    make_repository(server.root / "add", {"action-datatorch.yaml": ADD}, tags=["v1"])
    make_repository(server.root / "bad", {"action-datatorch.yaml": "name: 1\n"}, tags=["v1"])

    def step(name: str, tag: str = "v1") -> str:
        return f"      - action: {{name: {name}, tag: {tag}, git: '{server.url}/{name}'}}\n"

    write(
        "a.yaml",
        f"name: A\njobs:\n  a:\n    steps:\n{step('add')}{step('none')}{step('none')}      - action: docker://busybox:1\n",
    )
    write("b.yaml", f"name: B\njobs:\n  b:\n    steps:\n{step('none')}{step('add', 'v9')}{step('bad')}{step('bad')}")
    with pytest.raises(dtp.PullError) as raised:
        dtp.pull("a.yaml", "b.yaml", "docker://alpine")
    error = raised.value
    assert [(isinstance(each, ActionNotFound), str(each.location)) for each in error.failures] == [
        (True, "a.yaml:6:17"),
        (True, "b.yaml:5:17"),
        (True, "b.yaml:6:17"),
        (False, "b.yaml:7:17"),
        (False, "bad@v1/action-datatorch.yaml:1:1"),
        (False, "None"),
    ]
    assert str(error).startswith(f"a.yaml:6:17: none@v1: there is no git repository at {server.url}/none; ")
    assert "\nb.yaml:7:17: the action bad@v1 has 2 errors in its own file; see where they are reported\n" in str(error)
    assert [str(each.reference) for each in error.found] == ["add@v1"]
    add = {"name": "add", "tag": "v1", "git": f"{server.url}/add"}
    assert dtp.find_action(add, offline=True).definition.name == "Add"


def test_pipelines_that_are_wrong_are_all_told_and_nothing_is_fetched(server: GitHttpServer, write: Write) -> None:
    write("a.yaml", "name: A\njobs: {a: {steps: [{action: me/add@v1}]}}\n")
    write("b.yaml", "name: B\njobs: {}\n")
    with pytest.raises(dtp.PipelineSyntaxError) as raised:
        dtp.pull("a.yaml", "none.yaml", "b.yaml", resolvers=[_github(server)])
    assert [str(each.location) for each in raised.value.diagnostics] == ["b.yaml:2:1", "none.yaml:1:1"]
    with pytest.raises(dtp.PipelinesError, match="'me/add v1' is no action"):
        dtp.pull("a.yaml", "me/add v1", resolvers=[_github(server)])
    assert server.requests == []


def test_a_text_is_a_file_where_it_ends_like_one(write: Write) -> None:
    write("a@b.yaml", "name: A\njobs: {a: {steps: [{run: echo}]}}\n")
    assert dtp.pull("a@b.yaml") == []
    with pytest.raises(dtp.PipelineSyntaxError, match="no such file"):
        dtp.pull("me/add.json")
    with pytest.raises(dtp.PullError, match=r"me/add@v1\.json is not in the store"):
        dtp.pull("me/add@v1.json", offline=True)


def test_a_moved_branch_is_told_of_when_its_server_is_gone(tmp_path: Path, write: Write) -> None:
    (tmp_path / "served").mkdir()
    with running_http_server(tmp_path / "served") as server:
        make_repository(server.root / "me" / "add", {"action-datatorch.yaml": ADD})
        resolvers = [_github(server)]
        [before] = dtp.pull("me/add@main", resolvers=resolvers)
        commit_files(server.root / "me" / "add", {"x": ""})
    [after] = dtp.pull("me/add@main", resolvers=resolvers)
    assert after.commit == before.commit
    [warning] = after.warnings
    assert warning.startswith("me/add@main: ")
    assert warning.endswith(f"the commit {before.commit[:12]} that was fetched before is used")  # type: ignore[index]
    with pytest.raises(dtp.PullError, match="can't be reached"):
        dtp.pull("me/add@main", resolvers=resolvers, strict=True)


def test_what_was_locked_is_fetched_and_what_differs_is_refused(tmp_path: Path, write: Write) -> None:
    repository = tmp_path / "git" / "add"
    first = make_repository(repository, {"action-datatorch.yaml": ADD}, tags=["v1"])

    def step(tag: str) -> str:
        return f"      - action: {{name: add, tag: {tag}, git: '{repository.as_uri()}'}}\n"

    write("main.yaml", f"name: A\njobs:\n  a:\n    steps:\n{step('main')}")
    write("tag.yaml", f"name: B\njobs:\n  a:\n    steps:\n{step('v1')}      - action: ./add\n")
    write("new.yaml", f"name: C\njobs:\n  a:\n    steps:\n{step('main')}{step('v2')}")
    write("new.yaml.lock", "")
    write("add/action-datatorch.yaml", ADD)
    locks = [dtp.lock(path) for path in ("main.yaml", "tag.yaml")]
    Path("new.yaml.lock").write_bytes(Path("main.yaml.lock").read_bytes())
    second = commit_files(repository, {"x": ""}, tags=["v2"])
    assert [each.commit for each in dtp.pull("main.yaml", store="elsewhere")] == [second]
    found = dtp.pull("main.yaml", "tag.yaml", locked=True, store="here")
    assert [(str(each.reference), each.commit) for each in found] == [
        ("add@main", first),
        ("add@v1", first),
        ("./add", None),
    ]
    assert [each.commit for each in dtp.pull("main.yaml", locked=locks[0], store="here", offline=True)] == [first]
    git("tag", "-f", "v1", cwd=repository)
    with pytest.raises(dtp.PullError) as raised:
        dtp.pull("tag.yaml", "new.yaml", locked=True, store="new")
    assert [str(failure) for failure in raised.value.failures] == [
        f"tag.yaml:5:17: the tag v1 of add moved from {first[:12]} to {second[:12]}; look at what changed, then take it"
        " with 'datatorch-pipelines lock --update add tag.yaml'",
        "new.yaml:6:17: add@v2 is not in the lock file new.yaml.lock; look whether it is meant, then lock it with"
        " 'datatorch-pipelines lock new.yaml'",
    ]


def test_a_lock_that_there_is_not_is_told_before_anything_is_fetched(write: Write) -> None:
    write("p.yaml", "name: P\njobs: {a: {steps: [{action: me/add@v1}]}}\n")
    with pytest.raises(dtp.PipelinesError, match=r"^there is no lock file p\.yaml\.lock; make it with "):
        dtp.pull("p.yaml", locked=True)
    with pytest.raises(
        dtp.PipelinesError, match=r"^me/add@v1 is named by no pipeline, so that no lock has it; name the"
    ):
        dtp.pull("me/add@v1", locked=True)
    write("p.yaml.lock", "{")
    with pytest.raises(dtp.PipelineSyntaxError, match=r"^p\.yaml\.lock:1:"):
        dtp.pull("p.yaml", locked=True)


def test_a_pipeline_that_is_named_twice_is_told_of_once(write: Write) -> None:
    write("p.yaml", "name: P\njobs: {a: {steps: [{action: me/add@v1}]}}\n")
    with pytest.raises(dtp.PullError) as raised:
        dtp.pull("p.yaml", Path("p.yaml"), offline=True)
    assert len(raised.value.failures) == 1


def test_credentials_in_a_url_that_a_resolver_of_other_people_gives_are_nowhere(project) -> None:
    project.action("add", {"action-datatorch.yaml": "name: A\nruns: {using: cmd, command: 'true'}\n"})

    class Careless(dtp.Resolver):
        def matches(self, reference: dtp.ActionReference) -> bool:
            return True

        async def resolve(self, reference: dtp.ActionReference, context: ResolveContext) -> ResolvedAction:
            url = "https://me:hunter2@example.org/add.git"
            folder = project.folder / "add"
            return ResolvedAction(reference=reference, directory=folder, digest="0" * 64, commit="a" * 40, url=url)

    path = project.write("name: C\njobs: {a: {steps: [{action: me/add@v1}]}}\n")
    plan = dtp.load(path).plan(resolvers=[Careless()])
    result = dtp.load(path).run(resolvers=[Careless()], directory=project.runs)
    assert result.status == "succeeded"
    kept = [file.read_text() for file in result.directory.rglob("*") if file.is_file()]
    assert any("https://example.org/add.git" in text for text in kept)
    assert not any("hunter2" in text for text in [*kept, plan_json(plan), plan_text(plan), repr(plan)])
