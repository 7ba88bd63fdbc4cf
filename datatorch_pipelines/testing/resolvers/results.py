"""`ResolvedAction`: what a resolver gives, and what is built upon each part of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest
from attrs import evolve

from datatorch_pipelines._files import tree_digest
from datatorch_pipelines.api import loads, plan, to_yaml
from datatorch_pipelines.contracts.resolver import ResolvedAction, Resolver
from datatorch_pipelines.errors import PipelinesError, PipelineSyntaxError, ResolveError
from datatorch_pipelines.model import ACTION_FILES, Action, ActionObject, ActionReference, Job, Pipeline, Step
from datatorch_pipelines.model.reference import DEFAULT_REF, ReferenceKind
from datatorch_pipelines.resolvers.definitions import read_definition
from datatorch_pipelines.testing.judging import is_one_line, listed, needed, require, shown
from datatorch_pipelines.testing.resolvers.asking import Ask, Fixtures, Written, as_reference, differences, folder_of

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_KINDS = ("tag", "branch", "default", "commit", None)


class Results(Fixtures):
    """The rules of what ``resolve`` gives."""

    def test_what_it_has_is_found(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """``resolve`` is a coroutine function that gives a `ResolvedAction`."""
        outcome = ask(resolver, known)
        require(
            outcome.action is not None,
            f"resolve has no ResolvedAction for {known!s}, {outcome}: write `async def resolve`, and return one",
            outcome.error,
        )

    def test_resolve_is_awaited(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """``resolve`` is a coroutine function: what takes long must not hold up the others in the event loop."""
        waiting: object = resolver.resolve(as_reference(known), ask.new_run())
        close = getattr(waiting, "close", None)
        if close is not None:
            close()
        require(close is not None, "resolve gives its result at once: write `async def resolve`")

    def test_the_result_names_the_reference_that_was_asked_for(
        self, resolver: Resolver, known: Written, ask: Ask
    ) -> None:
        """By its reference a result is put to the steps that name it, and shown."""
        named = ask.found(resolver, known).reference
        require(
            named == as_reference(known),
            f"the result names {shown(named)} where {known!s} was asked for: return the reference as it was given",
        )

    def test_the_directory_is_a_folder_with_an_absolute_path(
        self, resolver: Resolver, known: Written, ask: Ask
    ) -> None:
        """A step runs in another folder: only an absolute path leads to its action from there."""
        directory: object = ask.found(resolver, known).directory
        require(isinstance(directory, Path), f"the directory is {shown(directory)}: give a pathlib.Path")
        path = Path(str(directory))
        require(path.is_absolute(), f"the directory {shown(str(path))} is relative: give its .absolute() path")
        require(path.is_dir(), f"the directory {shown(str(path))} is no folder: give the folder of the action's files")

    def test_the_action_file_can_be_read(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """Before anything runs, the action's file says what the action takes and how it runs."""
        action = ask.found(resolver, known)
        folder_of(action)
        problem = _definition(action, ask)
        require(
            isinstance(problem, Action),
            f"the action file of {known!s} can't be read, {shown(str(problem))}: the directory holds one of "
            f"{', '.join(ACTION_FILES)} at its top, or `file` names it",
        )

    def test_the_file_is_the_one_that_the_reference_names(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """``{name, tag, file}`` says which file of the repository is the action's; without it the usual names count."""
        directory = folder_of(ask.found(resolver, known))
        name = next((name for name in ACTION_FILES if (directory / name).is_file()), None)
        reference = evolve(as_reference(known), file=name)
        if name is None or not resolver.matches(reference):
            pytest.skip("the action has no file of a usual name, or the resolver takes no references with a file")
        again = ask(resolver, reference)
        action = needed(again.action, f"for a reference with file={name!r}, {again}: give the action", again.error)
        require(action.file == name, f"a reference has file={name!r}, its result {shown(action.file)}: give the same")

    def test_the_action_file_is_in_the_directory(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """No name of a file leads out of an action."""
        action = ask.found(resolver, known)
        directory, file = folder_of(action), PurePosixPath(action.file or ACTION_FILES[0])
        require(
            not file.is_absolute() and ".." not in file.parts,
            f"the result has file={shown(action.file)}: give a path below the directory",
        )
        real = (directory / file).resolve()
        require(
            real.is_relative_to(directory.resolve()),
            f"{shown(action.file)} is a link that leads out of the directory: refuse such an action by ActionRefused",
        )

    def test_the_digest_is_that_of_the_files(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """The digest says what an action is: locks and caches are built upon it."""
        action = ask.found(resolver, known)
        real = tree_digest(folder_of(action))
        require(
            action.digest == real,
            f"the digest is {shown(action.digest)}, and that of the files is {real!r}: give "
            "tree_digest(directory) of datatorch_pipelines.resolvers, or the digest of the store's entry",
        )

    def test_the_commit_is_a_whole_id_or_none(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """A commit is what a run can be repeated with: an abbreviation or a branch is none."""
        commit: object = ask.found(resolver, known).commit
        require(
            commit is None or (isinstance(commit, str) and _COMMIT.fullmatch(commit)),
            f"the commit is {shown(commit)}: give all 40 (or 64) digits, in lower case, or None for what is no git",
        )

    def test_the_kind_of_the_ref_is_one_that_there_is(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """``kind`` says whether a reference may mean something else tomorrow."""
        kind: object = ask.found(resolver, known).kind
        require(kind in _KINDS, f"the kind is {shown(kind)}: give one of {', '.join(map(str, _KINDS))}")

    def test_the_url_holds_no_credentials(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """The URL is written into records and lock files, and shown. (A `ResolvedAction` drops a user and password.)"""
        url: object = ask.found(resolver, known).url
        if url is None:
            pytest.skip("the result has no url")
        require(isinstance(url, str) and is_one_line(url), f"the url is {shown(type(url).__name__)}: give one line")
        text = str(url)
        require(not urlsplit(text).query, "the url has a query, which is where tokens hide: leave it out")

    def test_asking_twice_gives_the_same(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """What doesn't change is kept in one place, and not fetched into a new folder for each run."""
        first, second = ask.found(resolver, known), ask.found(resolver, known)
        require(first == second, f"asked twice, it gives {differences(first, second)}: give the same again")

    def test_asking_again_changes_no_file(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """Another run may be at work in the folder."""
        directory = folder_of(ask.found(resolver, known))
        before = _state(directory)
        ask(resolver, known)
        after = _state(directory)
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        require(not changed, f"resolving again changes {listed(sorted(changed))}: leave what is there as it is")

    def test_only_the_definition_is_the_same_definition(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """``only_definition`` allows to leave things out, not to give another action."""
        whole = ask.found(resolver, known)
        folder_of(whole)
        definition = _definition(whole, ask)
        if not isinstance(definition, Action):
            pytest.skip("there is no definition to look at: see test_the_action_file_can_be_read")
        part = needed(
            ask(resolver, known, ask.new_run(only_definition=True)).action,
            "with only_definition=True nothing is found: ignore that if you have no use for it",
        )
        require(
            _definition(part, ask) == definition,
            "with only_definition=True the action's file is another: give the same",
        )
        require(
            part.digest in ("", whole.digest),
            f"with only_definition=True the digest is {shown(part.digest)}: give the right one, or an empty text",
        )

    def test_a_folder_without_an_action_file_is_refused(self, resolver: Resolver, known: Written, ask: Ask) -> None:
        """A reference that names a file which isn't there can't be used."""
        reference = evolve(as_reference(known), file="no/such-file.yaml")
        folder_of(ask.found(resolver, known))
        if not resolver.matches(reference):
            pytest.skip("the resolver takes no references with a file")
        outcome = ask(resolver, reference)
        refused = outcome.error or (_definition(outcome.action, ask) if outcome.action else None)
        require(
            isinstance(refused, ResolveError),
            f"for a reference with file='no/such-file.yaml', {outcome}: raise ResolveError, or give the result that "
            "file, so that it is seen to be missing",
            outcome.error,
        )

    def test_a_pipeline_that_names_it_can_be_planned(
        self, resolver: Resolver, known: Written, inputs: Mapping[str, object], ask: Ask
    ) -> None:
        """In the end it is a step of a pipeline that names the action."""
        folder_of(ask.found(resolver, known))
        if resolver.matches(as_reference(known)) is not True:
            pytest.skip("a run would not ask for it: see test_what_it_has_matches and test_matches_gives_a_bool")
        step = Step(action=_as_written(as_reference(known)), inputs=dict(inputs))
        text = to_yaml(Pipeline(name="Conformance", jobs={"job": Job(steps=[step])}))
        name = Path(ask.context.base or "", "conformance.yaml")
        try:
            plan(loads(text, filename=str(name)), resolvers=[resolver], local_actions=ask.context.local_actions)
        except PipelinesError as error:
            raise AssertionError(
                f"a pipeline with {known!s} can't be planned: {error}. Mend what it says; a fixture `inputs` can give "
                "the step inputs"
            ) from error


def _definition(action: ResolvedAction, ask: Ask) -> Action | Exception:
    try:
        return read_definition(action, ask.context.limits)
    except (ResolveError, PipelineSyntaxError, OSError) as error:
        return error


def _state(directory: Path) -> dict[str, tuple[int, ...]]:
    """What would tell that a file was changed: of every file below a folder, but for Python's caches."""
    paths = [path for path in directory.rglob("*") if "__pycache__" not in path.parts]
    states = {path.relative_to(directory).as_posix(): path.lstat() for path in paths}
    return {name: (state.st_ino, state.st_mtime_ns, state.st_mode, state.st_size) for name, state in states.items()}


def _as_written(reference: ActionReference) -> str | ActionObject:
    """What a step's ``action`` has for a reference."""
    if reference.git is None and reference.file is None:
        return str(reference)
    name = f"local/{reference.name}" if reference.kind is ReferenceKind.LOCAL else reference.name
    return ActionObject(name, reference.ref or DEFAULT_REF, reference.git, reference.file)
