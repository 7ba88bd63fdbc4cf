"""What ``resolve`` raises, and what it warns of: a person reads it, and a chain decides by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from datatorch_pipelines.contracts.resolver import ResolvedAction, Resolver
from datatorch_pipelines.errors import ActionNotFound, ModelError, ResolveError
from datatorch_pipelines.model.reference import ActionReference, check_ref
from datatorch_pipelines.resolvers import MappingResolver, resolve_chain
from datatorch_pipelines.testing.judging import is_one_line, listed, require, shown
from datatorch_pipelines.testing.loops import in_a_loop
from datatorch_pipelines.testing.resolvers.asking import Ask, Fixtures, Outcome, Written, as_reference, speaks_plainly

_STRANGE_REFS = (
    "$(id)", "v1;id", "'`\"", "%2e%2e%2f%2e%2e", "x/y/z", "-", "v1&x=1", "#", "{}", "%s", "é", "\u202e", "r" * 240,
    "0" * 40, "refs/heads/main", "v1@v2", "<b>",
)  # fmt: skip


class Errors(Fixtures):
    """The rules of errors and warnings."""

    def test_what_is_missing_is_not_found(self, resolver: Resolver, missing: Written, ask: Ask) -> None:
        """Only `ActionNotFound` lets the next resolver of a chain try."""
        outcome = ask(resolver, missing)
        require(
            isinstance(outcome.error, ActionNotFound),
            f"for {missing!s}, which it doesn't have, {outcome}: raise ActionNotFound of datatorch_pipelines.errors",
            outcome.error,
        )

    def test_not_found_is_told_in_one_line(self, resolver: Resolver, missing: Written, ask: Ask) -> None:
        """The text stands in a line of a report, behind the place that names the action."""
        error = ask(resolver, missing).error
        if not isinstance(error, ResolveError):
            pytest.skip("there is no error to look at: see test_what_is_missing_is_not_found")
        require(
            speaks_plainly(error),
            f"the error's text is {shown(str(error))}: write one line, that says what is wrong and what to do",
        )

    def test_not_found_names_the_reference(self, resolver: Resolver, missing: Written, ask: Ask) -> None:
        """Of many actions one is missing, and several resolvers say something about it."""
        text, name = str(ask.refused(resolver, missing)), as_reference(missing).name
        require(name in text, f"the error's text is {shown(text)}: name the reference in it, as {missing!s} is written")

    def test_a_chain_goes_on_behind_what_is_missing(
        self, resolver: Resolver, missing: Written, ask: Ask, tmp_path: Path
    ) -> None:
        """What one resolver doesn't have another may have."""
        ask.refused(resolver, missing)
        reference, context = as_reference(missing), ask.new_run()
        if resolver.matches(reference) is not True:
            pytest.skip("a chain would not ask for it: see test_what_it_misses_matches and test_matches_gives_a_bool")
        chain = [resolver, MappingResolver({str(reference): _an_action(tmp_path)})]

        async def main() -> ResolvedAction | ResolveError:
            try:
                return await resolve_chain(chain, reference, context)
            except ResolveError as error:
                return error

        answer = in_a_loop(main, self.patience)
        require(
            isinstance(answer, ResolvedAction) and answer.directory == tmp_path / "action",
            f"a resolver behind this one was not asked, {shown(str(answer))}: match what is missing, and raise "
            "ActionNotFound",
        )

    def test_strange_references_are_refused_in_one_line(
        self, resolver: Resolver, known: Written, missing: Written, ask: Ask
    ) -> None:
        """Whatever a pipeline has for a reference, there is an action or a `ResolveError`; nothing else comes out."""
        ask.found(resolver, known)
        if not speaks_plainly(ask.refused(resolver, missing)):
            pytest.skip("errors are no lines anyway: see test_not_found_is_told_in_one_line")
        strange = _strange(as_reference(known), as_reference(missing))
        references = [reference for reference in strange if resolver.matches(reference)]
        for reference, each in zip(references, ask.all_at_once(resolver, references), strict=True):
            require(
                _is_answer(each),
                f"for {shown(str(reference))}, {each}: raise a ResolveError (ActionNotFound, ActionRefused, "
                "FetchFailed...) with a text of one line, whatever goes wrong",
                each.error,
            )

    def test_a_server_that_cannot_be_reached_is_not_a_missing_action(
        self, unreachable: Resolver, known: Written, ask: Ask
    ) -> None:
        """Else the next resolver would be asked, and run a stranger's action of that name whenever the net is down."""
        error = ask(unreachable, known).error
        require(
            isinstance(error, ResolveError) and not isinstance(error, ActionNotFound),
            f"without its server, for {known!s}, {Outcome(error=error)}: raise FetchFailed of "
            "datatorch_pipelines.errors",
        )
        require(
            isinstance(error, ResolveError) and speaks_plainly(error),
            f"the error's text is {shown(str(error))}: write one line, that says what is wrong and what to do",
        )

    def test_a_warning_is_one_line(self, resolver: Resolver, known: Written, missing: Written, ask: Ask) -> None:
        """``context.warn`` takes a line for a person."""
        warnings: list[object] = []
        for written in (known, missing):
            ask(resolver, written, ask.new_run(warn=warnings.append))
        bad = [warning for warning in warnings if not (isinstance(warning, str) and is_one_line(warning))]
        require(not bad, f"it warns of {listed(map(shown, bad))}: give context.warn a text of one line")

    def test_no_secret_is_shown(
        self, resolver: Resolver, known: Written, missing: Written, secrets: tuple[str, ...], ask: Ask
    ) -> None:
        """What a resolver was given to open doors appears in nothing that it says."""
        said: list[str] = [repr(resolver)]
        for written in (known, missing):
            outcome = ask(resolver, written, ask.new_run(warn=said.append))
            said += [repr(outcome.value), *_all_texts(outcome.error)]
        told = [text for text in said if any(secret in text for secret in secrets)]
        require(
            not told,
            "a secret is in an error, one of its causes, a warning, a result or the resolver's repr: leave it out, and "
            "raise `from None` where a cause has it",
        )


def _strange(known: ActionReference, missing: ActionReference) -> list[ActionReference]:
    """References as a pipeline may have them, with refs that mean something to a shell, a URL or a format."""
    refs = []
    for ref in _STRANGE_REFS:
        try:
            refs.append(check_ref(ref))
        except ModelError:
            continue
    return [evolve(reference, ref=ref) for reference in (known, missing) for ref in refs]


def _is_answer(outcome: Outcome) -> bool:
    if outcome.action is not None:
        return True
    return isinstance(outcome.error, ResolveError) and "\n" not in str(outcome.error)


def _all_texts(error: BaseException | None) -> list[str]:
    """What a traceback would show of an error: its text, and those of its causes."""
    texts: list[str] = []
    while error is not None:
        texts += [str(error), repr(error)]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return texts


def _an_action(folder: Path) -> Path:
    action = folder / "action"
    action.mkdir()
    (action / "action-datatorch.yaml").write_text("name: Stand-in\nruns: {using: cmd, command: 'true'}\n")
    return action
