"""What an expression refers to and calls, read off its tree without evaluating it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from attrs import frozen

from datatorch_pipelines.expressions.nodes import (
    Access,
    Call,
    Context,
    Index,
    Literal,
    Node,
    Property,
    children,
)
from datatorch_pipelines.expressions.values import to_text

OWNERS = frozenset({"steps", "jobs", "needs"})
"""The contexts whose first name is that of a step or job."""
_SYNONYMS = {"input": "inputs", "output": "outputs"}


@frozen
class Reference:
    """A context's name and what is looked up on it, as ``steps.add.output.sum``.

    ``context`` is in lower case, ``input`` being ``inputs``; ``name`` is as written. ``path`` holds the names looked
    up, ``None`` for a ``*`` or an index that is computed; after a step or job (``steps.X``, ``jobs.X``, ``needs.X``)
    ``input`` and ``output`` are ``inputs`` and ``outputs``. ``bare`` tells whether the reference is all of its
    ``${{ }}``. Columns count from 1 in the template's text; ``columns`` has the range of each part of ``path``.
    """

    context: str
    name: str
    path: tuple[str | None, ...]
    column: int
    end_column: int
    bare: bool
    _bounds: tuple[int, ...]
    """The columns of each part of ``path``, where it begins and where it ends, one after the other."""

    @property
    def columns(self) -> tuple[tuple[int, int], ...]:
        """The range of each part of ``path``."""
        return tuple(zip(self._bounds[::2], self._bounds[1::2], strict=True))


@frozen
class FunctionCall:
    """A function's name as written, the number of its arguments, and the range of its name in the template's text."""

    name: str
    arguments: int
    column: int
    end_column: int


def chain(node: Node) -> tuple[Context | None, list[Access]]:
    """The context that look-ups start from, ``None`` where they start from another value, and the look-ups in order."""
    accesses: list[Access] = []
    while isinstance(node, Access):
        accesses.append(node)
        node = node.target
    return (node if isinstance(node, Context) else None), accesses[::-1]


def find_names(root: Node) -> tuple[tuple[Reference, ...], tuple[FunctionCall, ...]]:
    """All references below a node and at it, in the order of the text, and all calls."""
    references: list[Reference] = []
    calls: list[FunctionCall] = []
    pending = [root]
    while pending:
        node = pending.pop()
        context, accesses = chain(node)
        if context is not None:
            references.append(_reference(context, accesses, node, bare=node is root))
            pending.extend(access.index for access in reversed(accesses) if isinstance(access, Index))
            continue
        if isinstance(node, Call):
            start = node.name_start
            calls.append(FunctionCall(node.name, len(node.arguments), start + 1, start + len(node.name) + 1))
        pending.extend(reversed(children(node)))
    return tuple(references), tuple(calls)


def _reference(context: Context, accesses: list[Access], node: Node, *, bare: bool) -> Reference:
    path: list[str | None] = []
    bounds: list[int] = []
    canonical = canonical_context(context.name)
    for access in accesses:
        if isinstance(access, Property):
            path.append(access.name)
            bounds += (access.name_start + 1, access.end + 1)
        else:
            start, end = name_range(access)
            path.append(static_name(access))
            bounds += (start + 1, end + 1)
    if canonical in OWNERS and len(path) > 1 and path[1] is not None:
        path[1] = _SYNONYMS.get(path[1].lower(), path[1])
    return Reference(canonical, context.name, tuple(path), node.start + 1, node.end + 1, bare, tuple(bounds))


def canonical_context(name: str) -> str:
    """A context's name in lower case, ``input`` being ``inputs``."""
    folded = name.lower()
    return _SYNONYMS.get(folded, folded)


def synonym(name: str) -> str | None:
    """The other name of ``input``, ``inputs``, ``output`` and ``outputs``, in lower case; ``None`` for other names.

    >>> synonym("Output"), synonym("inputs"), synonym("path")
    ('outputs', 'input', None)
    """
    folded = name.lower()
    return _SYNONYMS.get(folded) or next((one for one, many in _SYNONYMS.items() if many == folded), None)


def static_name(access: Access) -> str | None:
    """The name that a look-up asks for, where the text alone tells."""
    if isinstance(access, Property):
        return access.name
    if isinstance(access, Index) and isinstance(access.index, Literal):
        return to_text(access.index.value)
    return None


def name_range(access: Access) -> tuple[int, int]:
    """The offsets of what a look-up asks for: the name, or what is in the brackets."""
    if isinstance(access, Property):
        return access.name_start, access.end
    if isinstance(access, Index):
        return access.index.start, access.index.end
    return access.end - 1, access.end


_MOST_COMPARED, _LONGEST_NAME = 1000, 100


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """``did you mean 'x'?``, where one of the known names is near.

    >>> did_you_mean("evnt", ["event", "steps"])
    "did you mean 'event'?"
    """
    if len(name) > _LONGEST_NAME:
        return None
    import difflib

    by_folded = {key.lower(): key for key in itertools.islice(known, _MOST_COMPARED) if len(key) <= _LONGEST_NAME}
    near = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=0.7)
    return f"did you mean {by_folded[near[0]]!r}?" if near else None


_MOST_LISTED = 20


def hint_of_names(name: str, known: Iterable[str], what: str) -> str | None:
    """A hint that offers the near name and lists all that there are.

    >>> hint_of_names("evnt", ["steps", "event"], "known here")
    "did you mean 'event'? known here: event, steps"
    """
    names = sorted(name for name in known if len(name) <= _LONGEST_NAME)
    listed = ", ".join(names[:_MOST_LISTED]) + (", ..." if len(names) > _MOST_LISTED else "")
    parts = (did_you_mean(name, names), f"{what}: {listed}" if names else None)
    return " ".join(part for part in parts if part) or None
