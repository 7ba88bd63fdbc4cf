"""Expressions of a file evaluated, each error at its place in that file."""

from __future__ import annotations

import functools
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Locator, PathKey
from datatorch_pipelines.engine.scoping.contexts import Contexts
from datatorch_pipelines.engine.scoping.sizes import Boundless, refuse_boundless
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions import Host, Template, parse
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model.conversion import value_text

Path = tuple[PathKey, ...]
TOO_DEEP = "the data of the expression is nested too deep"


@functools.lru_cache(maxsize=4096)
def _parsed(text: str, limits: Limits) -> Template:
    return parse(text, limits=limits)


@frozen(kw_only=True)
class Evaluator:
    """Evaluates the values of one file. ``source`` is ``None`` for a file without places."""

    source: Locator | None
    host: Host
    limits: Limits

    def value(self, value: object, path: Path, contexts: Contexts) -> object:
        """A value with every expression in it evaluated, in lists and mappings too; keys are literal.

        Raises `ExpressionError` with the expression's place.
        """
        if isinstance(value, str):
            return self._text(value, path, contexts) if "${{" in value else value
        if isinstance(value, Mapping):
            return {key: self.value(item, (*path, key), contexts) for key, item in value.items()}
        if isinstance(value, Sequence):
            return [self.value(item, (*path, index), contexts) for index, item in enumerate(value)]
        return value

    def _text(self, text: str, path: Path, contexts: Contexts) -> object:
        try:
            found = _parsed(text, self.limits).evaluate(contexts, host=self.host, limits=self.limits)
            refuse_boundless(found, self.limits.max_output_bytes)
        except ExpressionError as error:
            raise self.placed(error, path) from error
        except RecursionError as error:  # from an event that was given so, or what fromJSON made
            raise self.wrong(path, TOO_DEEP) from error
        except Boundless as error:
            raise self.wrong(path, f"the data of the expression {error}") from error
        return found

    def mapping(self, values: Mapping[str, object], path: Path, contexts: Contexts) -> dict[str, object]:
        """As `value`, for a mapping."""
        return {key: self.value(item, (*path, key), contexts) for key, item in values.items()}

    def environment(self, values: Mapping[str, object], path: Path, contexts: Contexts) -> dict[str, str]:
        """The variables of an ``env`` mapping, as texts."""
        return {key: value_text(item) for key, item in self.mapping(values, path, contexts).items()}

    def number(self, value: object, path: Path, contexts: Contexts) -> float:
        """A number above 0, given as itself or by an expression.

        Raises `ExpressionError` at the value's place for an expression that gives anything else.
        """
        found = self.value(value, path, contexts)
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < math.inf:
            raise self.wrong(path, f"{_shown(found)} is no number above 0")
        return float(found)

    def truth(self, value: object, path: Path, contexts: Contexts) -> bool:
        """True or false, given as itself or by an expression.

        Raises `ExpressionError` at the value's place for an expression that gives anything else.
        """
        found = self.value(value, path, contexts)
        if not isinstance(found, bool):
            raise self.wrong(path, f"{_shown(found)} is neither true nor false")
        return found

    def wrong(self, path: Path, message: str) -> ExpressionError:
        """What is wrong with the value at ``path``."""
        place = None if self.source is None else self.source.value(path)
        return ExpressionError(message, column=1, code=Code.EVALUATION, location=place)

    def shell_text(self, text: str, path: Path, contexts: Contexts) -> str:
        """Text for a shell in which what each expression gives is one quoted word.

        Raises `ExpressionError` with the expression's place.
        """
        if "${{" not in text:
            return text
        try:
            return _parsed(text, self.limits).render(contexts, shlex.quote, host=self.host, limits=self.limits)
        except ExpressionError as error:
            raise self.placed(error, path) from error
        except RecursionError as error:
            raise self.wrong(path, TOO_DEEP) from error

    def placed(self, error: ExpressionError, path: Path) -> ExpressionError:
        """An error at its place in the file, whose column counts in the text at ``path``; one with a place keeps it."""
        if self.source is None or error.location is not None:
            return error
        return ExpressionError(
            error.message,
            column=error.column,
            end_column=error.end_column,
            code=error.code,
            location=self.source.value(path, error.column - 1, error.end_column - 1),
            hint=error.hint,
        )


class Variables(Mapping[str, object]):
    """The context ``env`` before there is a place to run: each variable is evaluated when it is looked at.

    ``levels`` are the ``env`` mappings with their paths; each sees those before it.
    """

    def __init__(
        self, levels: Sequence[tuple[Path, Mapping[str, object]]], evaluator: Evaluator, contexts: Contexts
    ) -> None:
        self._levels = levels
        self._evaluator = evaluator
        self._contexts = contexts

    def __getitem__(self, name: str) -> str:
        for index in range(len(self._levels) - 1, -1, -1):
            path, variables = self._levels[index]
            if name in variables:
                before = Variables(self._levels[:index], self._evaluator, self._contexts)
                contexts = {**self._contexts, "env": before}
                return value_text(self._evaluator.value(variables[name], (*path, name), contexts))
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(name in variables for _, variables in self._levels)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for _, variables in self._levels for name in variables))

    def __len__(self) -> int:
        return len({name for _, variables in self._levels for name in variables})


def _shown(value: object) -> str:
    """A value in a message, where it is short: half of a secret could not be masked."""
    text = repr(value) if isinstance(value, str) else value_text(value) or "null"
    return text if len(text) <= 60 else f"a long {'text' if isinstance(value, str) else 'value'}"


def uses_hash_files(value: object) -> bool:
    """Whether an expression in a value calls ``hashFiles``."""
    return _mentions("hashfiles", value)


def uses_secrets(value: object) -> bool:
    """Whether an expression in a value may have to do with a secret: one that has the word ``secrets`` in it."""
    return _mentions("secrets", value)


def _mentions(word: str, value: object) -> bool:
    if isinstance(value, str):
        return "${{" in value and word in value.lower()
    if isinstance(value, Mapping):
        return any(_mentions(word, item) for item in value.values())
    return isinstance(value, Sequence) and any(_mentions(word, item) for item in value)
