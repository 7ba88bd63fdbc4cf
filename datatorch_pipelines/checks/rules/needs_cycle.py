"""DT213: jobs that wait for each other, so that none of them could ever start."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from datatorch_pipelines.checks.rule import Check, Finding
from datatorch_pipelines.checks.subject import PipelineSubject
from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Location, Related, Severity

_MOST_SHOWN = 8

Graph = Mapping[str, Sequence[str]]


def _find(subject: PipelineSubject) -> Iterator[Finding]:
    jobs = subject.pipeline.jobs
    # A job that needs itself, or one that isn't there, is told of by itself.
    graph = {name: [need for need in job.needs if need in jobs and need != name] for name, job in jobs.items()}
    for group in knots(graph):
        cycle = _cycle(graph, group)
        edges = [_place(subject, name, need) for name, need in zip(cycle, [*cycle[1:], cycle[0]], strict=True)]
        related = [
            Related(f"{name!r} needs {need!r}", place)
            for name, need, place in zip(cycle[1:], [*cycle[2:], cycle[0]], edges[1:], strict=True)
        ]
        message = f"these jobs wait for each other: {_shown(cycle)}"
        hint = "take one of these needs away: none of the jobs could ever start"
        yield Finding(edges[0], message, hint=hint, related=related[:_MOST_SHOWN])


def knots(graph: Graph) -> Iterator[list[str]]:
    """The groups of two jobs or more in which each leads to each (Tarjan's algorithm, without recursion).

    The groups, and the jobs of each, come in the order of ``graph``.

    >>> list(knots({"a": ["b"], "b": ["a"], "c": ["a"]}))
    [['a', 'b']]
    """
    order = {name: index for index, name in enumerate(graph)}
    found: list[list[str]] = []
    seen: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    open_: set[str] = set()
    for root in graph:
        if root in seen:
            continue
        work = [(root, iter(graph[root]))]
        while work:
            name, pending = work[-1]
            if name not in seen:
                seen[name] = low[name] = len(seen)
                stack.append(name)
                open_.add(name)
            for need in pending:
                if need not in seen:
                    work.append((need, iter(graph[need])))
                    break
                if need in open_:
                    low[name] = min(low[name], seen[need])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == seen[name]:
                    group: list[str] = []
                    while not group or group[-1] != name:
                        group.append(stack.pop())
                        open_.discard(group[-1])
                    if len(group) > 1:
                        found.append(sorted(group, key=order.__getitem__))
    return iter(sorted(found, key=lambda group: order[group[0]]))


def _cycle(graph: Graph, group: Sequence[str]) -> list[str]:
    """The shortest way from the first job of a group back to it."""
    start, inside = group[0], set(group)
    before: dict[str, str] = {}
    pending = deque([start])
    while pending:
        name = pending.popleft()
        for need in graph[name]:
            if need == start:
                way = [name]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return way[::-1]
            if need in inside and need not in before:
                before[need] = name
                pending.append(need)
    raise AssertionError("a group leads back to each of its jobs")


def _place(subject: PipelineSubject, name: str, need: str) -> Location:
    return subject.source.value(("jobs", name, "needs", subject.pipeline.jobs[name].needs.index(need)))


def _shown(cycle: Sequence[str]) -> str:
    names = [*cycle, cycle[0]]
    if len(names) > _MOST_SHOWN:
        names = [*names[: _MOST_SHOWN - 2], "...", names[-1]]
    return " -> ".join(names)


CHECK = Check(code=Code.NEEDS_CYCLE, severity=Severity.ERROR, summary=Code.NEEDS_CYCLE.summary, pipeline=_find)
