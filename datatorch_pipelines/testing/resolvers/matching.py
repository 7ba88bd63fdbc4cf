"""`Resolver.matches`: asked for every action of every pipeline, so that it must be right, quick and never fail."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

import pytest
from attrs import evolve

from datatorch_pipelines.contracts.resolver import Resolver
from datatorch_pipelines.model.reference import ActionReference, ReferenceKind
from datatorch_pipelines.testing.judging import listed, require, shown
from datatorch_pipelines.testing.resolvers.asking import Fixtures, Written, as_reference
from datatorch_pipelines.testing.watching import noting_calls, watching

_NAMES = [
    "owner/repo", "", "/", "..", "../../etc", "a/b/c/d", "x/$(id)", "-oProxyCommand=x/y", "%2e%2e/x", "a\\b", "con",
    "a" * 300, "\0", "a\nb", "ünï/cödé", "\u0430dmin/repo", "\udc80", "./x", "local/x", "docker://x",
]  # fmt: skip
_REFS = [None, "", "v1", "latest", "../..", "$(id)", "-x", "r" * 300, "\n", "\0", "\udc80"]
_URLS = [None, "", "https://user:word@example.org/a.git", "ext::sh -c id", "file:///etc", "--upload-pack=x", "[::1"]
_FILES = [None, "../x", "\0"]


def hostile_references() -> Iterator[ActionReference]:
    """References of every kind with names, refs and URLs of strangers, some of which no file could hold."""
    for kind, name, ref in itertools.product(ReferenceKind, _NAMES, _REFS):
        yield ActionReference(kind, name, ref)
    for url, file in itertools.product(_URLS, _FILES):
        yield ActionReference(ReferenceKind.GIT, "owner/repo", "v1", url, file)


class Matching(Fixtures):
    """The rules of ``matches``."""

    def test_it_is_a_resolver(self, resolver: Resolver) -> None:
        """Whatever finds actions inherits `Resolver`: that is how it is told from something else."""
        require(
            isinstance(resolver, Resolver),
            f"{shown(type(resolver).__name__)} is no Resolver: write `class {type(resolver).__name__}(dtp.Resolver)`",
        )

    def test_what_it_has_matches(self, resolver: Resolver, known: Written) -> None:
        """A chain asks a resolver only for what it matches."""
        require(_says(resolver, known), f"matches gives a false value for {known!s}: give True, or it is never asked")

    def test_what_it_misses_matches(self, resolver: Resolver, missing: Written) -> None:
        """``matches`` is about the form of a reference, and not about what there is: it can't know that."""
        require(
            _says(resolver, missing),
            f"matches gives a false value for {missing!s}: give True for every reference of this form, or change the "
            "fixture `missing`",
        )

    def test_what_is_foreign_does_not_match(self, resolver: Resolver, foreign: Written) -> None:
        """What is another resolver's must be left to it: any error but `ActionNotFound` would end the search."""
        require(not _says(resolver, foreign), f"matches gives a true value for {foreign!s}: give False")

    def test_matches_gives_a_bool(self, resolver: Resolver, known: Written, missing: Written, foreign: Written) -> None:
        """``matches`` gives True or False, and not something that is one by accident."""
        for written in (known, missing, foreign):
            answer = _says(resolver, written)
            require(
                isinstance(answer, bool),
                f"matches gives {shown(answer)} for {written!s}: give True or False (and write `def`, not `async def`)",
            )

    def test_matches_says_the_same_each_time(
        self, resolver: Resolver, known: Written, missing: Written, foreign: Written
    ) -> None:
        """``matches`` depends on the reference alone."""
        for written in (known, missing, foreign):
            answers = {bool(_says(resolver, written)) for _ in range(5)}
            require(len(answers) == 1, f"matches changes its mind about {written!s}: decide by the reference alone")

    def test_matches_never_raises(self, resolver: Resolver, known: Written, missing: Written, foreign: Written) -> None:
        """Every reference of a pipeline is shown to every resolver, whatever is in it."""
        mine = [as_reference(written) for written in (known, missing, foreign)]
        for reference in (*mine, *hostile_references()):
            try:
                resolver.matches(reference)
            except Exception as error:
                raise AssertionError(
                    f"matches raises {type(error).__name__} for {shown(reference)}: give False for what you don't know"
                ) from error

    def test_matches_uses_neither_disk_nor_network(self, resolver: Resolver, known: Written, missing: Written) -> None:
        """``matches`` is asked for each action of each file of a check, in the event loop: it only computes."""
        mine = [as_reference(written) for written in (known, missing)]
        references = [evolve(reference, ref=f"v{number}") for number in range(500) for reference in mine]
        with watching() as watch, noting_calls(watch):
            for reference in (*mine, *references):
                _says(resolver, reference)
        seen = watch.outside(threading.get_ident())
        require(not seen, f"matches uses the machine ({listed(seen)}): decide by the reference alone")


def _says(resolver: Resolver, written: Written) -> object:
    try:
        return resolver.matches(as_reference(written))
    except Exception:
        pytest.skip("matches raises: see test_matches_never_raises")
