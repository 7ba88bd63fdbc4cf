"""Actions that are folders here, and several resolvers in a row."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.contracts.resolver import ResolveContext, ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, FetchFailed, ResolveError
from datatorch_pipelines.model.reference import ActionReference, ReferenceKind
from datatorch_pipelines.resolvers import (
    GitHubResolver,
    LocalResolver,
    MappingResolver,
    default_local_actions,
    resolve_chain,
)

Resolve = Callable[..., ResolvedAction]


def action(folder: Path, name: str = "action-datatorch.yaml") -> Path:
    folder.mkdir(parents=True)
    (folder / name).write_text("name: Add\n")
    return folder


def test_a_path_starts_at_the_pipeline_s_folder(tmp_path: Path, resolve: Resolve) -> None:
    folder = action(tmp_path / "actions" / "add")
    found = resolve(LocalResolver(), "./actions/add", base=tmp_path)
    assert (found.directory, found.digest, found.commit, found.url) == (folder, tree_digest(folder), None, None)


@pytest.mark.parametrize("name", ["action-datatorch.yaml", "action-datatorch.yml", "action-datatorch.json"])
def test_each_usual_name_of_the_action_file_counts(tmp_path: Path, resolve: Resolve, name: str) -> None:
    folder = action(tmp_path / "add", name)
    assert resolve(LocalResolver(), "./add", base=tmp_path).directory == folder


def test_what_is_wrong_with_a_path_is_told(tmp_path: Path, resolve: Resolve) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    cases = {
        "./none": f"./none: {tmp_path}/none does not exist; the path starts at the pipeline file's folder",
        "./file": f"./file: {tmp_path}/file is not a folder; the path starts at the pipeline file's folder",
        "./empty": "./empty has no action-datatorch.yaml; is it the right folder?",
    }
    for reference, text in cases.items():
        with pytest.raises(ResolveError) as caught:
            resolve(LocalResolver(), reference, base=tmp_path)
        assert str(caught.value) == text
    with pytest.raises(ActionNotFound) as caught:
        resolve(LocalResolver(), "./add")
    assert str(caught.value) == (
        "./add stands beside the pipeline's file, and this pipeline has none; give the pipeline's folder as base"
    )


def test_local_actions_are_looked_up_by_name_and_tag_in_order(tmp_path: Path, resolve: Resolve) -> None:
    action(tmp_path / "two" / "add" / "v1")
    second = action(tmp_path / "two" / "add" / "v2")
    first = action(tmp_path / "one" / "add" / "v1")
    latest = action(tmp_path / "two" / "add" / "latest")
    roots = (tmp_path / "one", tmp_path / "two")
    found = [resolve(LocalResolver(), f"local/add{tag}", local_actions=roots) for tag in ("@v1", "@v2", "")]
    assert [each.directory for each in found] == [first, second, latest]


def test_a_missing_local_action_says_where_and_what_there_is(tmp_path: Path, resolve: Resolve) -> None:
    action(tmp_path / "add" / "v1")
    with pytest.raises(ActionNotFound) as caught:
        resolve(LocalResolver(), "local/add@v2", local_actions=(tmp_path,))
    assert str(caught.value) == f"local/add@v2 is not in {tmp_path}; it has v1"
    with pytest.raises(ActionNotFound) as caught:
        resolve(LocalResolver(), "local/sub@v2", local_actions=(tmp_path,))
    assert str(caught.value) == f"local/sub@v2 is not in {tmp_path}; it is looked up as DIR/sub/v2"
    with pytest.raises(ActionNotFound, match="there is no folder of local actions to look for local/add@v1 in"):
        resolve(LocalResolver(), "local/add@v1")


def test_the_agents_folders_come_from_the_environment() -> None:
    environ = {"DATATORCH_AGENT_PATH": "/agent", "DATATORCH_RUNNER_PATH": "/runner"}
    assert default_local_actions(environ) == (Path("/runner/actions/local"), Path("/agent/actions/local"))
    assert default_local_actions({"DATATORCH_AGENT_PATH": ""}) == ()


def test_a_mapping_names_actions_with_or_without_their_tag(tmp_path: Path, resolve: Resolve) -> None:
    one, every = action(tmp_path / "one"), action(tmp_path / "every")
    resolver = MappingResolver({"me/add@v1": one, "me/add": str(every)})
    assert resolve(resolver, "me/add@v1").directory == one
    assert resolve(resolver, "me/add@v2").directory == every
    assert resolve(resolver, "me/add").directory == every
    assert not resolver.matches(ActionReference.parse("me/sub@v1"))
    with pytest.raises(ActionNotFound, match="/none does not exist"):
        resolve(MappingResolver({"me/add": tmp_path / "none"}), "me/add@v1")


def chain(resolvers: list[Resolver], reference: str, **context: object) -> ResolvedAction:
    told = ResolveContext(**context)  # type: ignore[arg-type]  # the test says what
    return asyncio.run(resolve_chain(resolvers, ActionReference.parse(reference), told))


class Raises(Resolver):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def matches(self, reference: ActionReference) -> bool:
        return True

    async def resolve(self, reference: ActionReference, context: ResolveContext) -> ResolvedAction:
        raise self.error


def test_a_chain_takes_the_first_that_has_the_action(tmp_path: Path) -> None:
    folder = action(tmp_path / "add")
    resolvers = [Raises(ActionNotFound("not here")), LocalResolver(), MappingResolver({"me/add": folder})]
    assert chain(resolvers, "me/add@v1").directory == folder


def test_a_chain_says_what_each_said(tmp_path: Path) -> None:
    missing: list[Resolver] = [Raises(ActionNotFound("not here")), Raises(ActionNotFound("nor here"))]
    with pytest.raises(ActionNotFound, match=r"^no resolver has me/add@v1: not here; nor here$"):
        chain(missing, "me/add@v1")
    with pytest.raises(ActionNotFound, match=r"^not here$"):
        chain(missing[:1], "me/add@v1")
    with pytest.raises(ActionNotFound, match=r"^no resolver knows what to do with docker://alpine"):
        chain([LocalResolver(), GitHubResolver()], "docker://alpine")


def test_another_error_ends_a_chain(tmp_path: Path) -> None:
    folder = action(tmp_path / "add")
    with pytest.raises(FetchFailed, match="down"):
        chain([Raises(FetchFailed("down")), MappingResolver({"me/add": folder})], "me/add@v1")
    with pytest.raises(ResolveError, match=r"^Raises failed on me/add@v1: ValueError: a bug$"):
        chain([Raises(ValueError("a bug")), MappingResolver({"me/add": folder})], "me/add@v1")


@pytest.mark.parametrize("file", ["a" * 300 + ".yaml", "a\0b"])
def test_a_file_that_no_system_can_have_is_told(tmp_path: Path, file: str) -> None:
    reference = ActionReference(ReferenceKind.PATH, "./add", file=file)
    (tmp_path / "add").mkdir()
    with pytest.raises(ResolveError, match="has no a"):
        asyncio.run(LocalResolver().resolve(reference, ResolveContext(base=tmp_path)))


def test_where_only_the_definition_is_wanted_no_other_file_is_read(tmp_path: Path, resolve: Resolve) -> None:
    folder = action(tmp_path / "add")
    (folder / "data").symlink_to(folder)
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / "never-written")  # whoever opens it waits
    for resolver, reference in ((LocalResolver(), "./add"), (MappingResolver({"me/add": folder}), "me/add@v1")):
        found = resolve(resolver, reference, base=tmp_path, only_definition=True)
        assert (found.directory, found.digest) == (folder, "")
