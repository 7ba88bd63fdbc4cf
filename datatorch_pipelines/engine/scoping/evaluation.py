"""Expressions of a file evaluated, each error at its place in that file."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Mapping, Sequence

from attrs import frozen

from datatorch_pipelines.diagnostics import Locator, PathKey
from datatorch_pipelines.engine.scoping.contexts import Contexts
from datatorch_pipelines.errors import ExpressionError
from datatorch_pipelines.expressions import Host, Template, parse
from datatorch_pipelines.limits import Limits
from datatorch_pipelines.model.conversion import value_text

Path = tuple[PathKey, ...]


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
            return _parsed(text, self.limits).evaluate(contexts, host=self.host, limits=self.limits)
        except ExpressionError as error:
            raise self._placed(error, path) from error

    def mapping(self, values: Mapping[str, object], path: Path, contexts: Contexts) -> dict[str, object]:
        """As `value`, for a mapping."""
        return {key: self.value(item, (*path, key), contexts) for key, item in values.items()}

    def environment(self, values: Mapping[str, object], path: Path, contexts: Contexts) -> dict[str, str]:
        """The variables of an ``env`` mapping, as texts."""
        return {key: value_text(item) for key, item in self.mapping(values, path, contexts).items()}

    def shell_text(self, text: str, path: Path, contexts: Contexts) -> str:
        """Text for a shell in which what each expression gives is one quoted word.

        Raises `ExpressionError` with the expression's place.
        """
        if "${{" not in text:
            return text
        try:
            return _parsed(text, self.limits).render(contexts, shlex.quote, host=self.host, limits=self.limits)
        except ExpressionError as error:
            raise self._placed(error, path) from error

    def _placed(self, error: ExpressionError, path: Path) -> ExpressionError:
        if self.source is None:
            return error
        return ExpressionError(
            error.message,
            column=error.column,
            end_column=error.end_column,
            code=error.code,
            location=self.source.value(path, error.column - 1, error.end_column - 1),
            hint=error.hint,
        )


def uses_hash_files(value: object) -> bool:
    """Whether an expression in a value calls ``hashFiles``."""
    if isinstance(value, str):
        return "${{" in value and "hashfiles" in value.lower()
    if isinstance(value, Mapping):
        return any(map(uses_hash_files, value.values()))
    return isinstance(value, Sequence) and any(map(uses_hash_files, value))
