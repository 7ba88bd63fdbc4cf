"""Whether an event is one that a trigger waits for, or that its form takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from datatorch_pipelines.errors import EventRefused, ModelError
from datatorch_pipelines.model.forms import form_mistakes, misfits, with_defaults
from datatorch_pipelines.model.forms.values import TooMuch, Work, identity


def unmatched(wanted: Mapping[str, object], event: Mapping[str, object]) -> tuple[str, ...]:
    """The keys whose values in an event are not those that are wanted, with dots for mappings in mappings.

    A value is one that is wanted if it is equal to it, or to one of those that a list wants, or, for a mapping, if all
    that is in it is wanted so; what an event has beside it is not looked at. Null also wants what is not there.

    >>> unmatched({"type": "added", "file": {"kind": ["png", "jpg"]}}, {"type": "added", "file": {"kind": "gif"}})
    ('file.kind',)
    """
    work = Work()
    try:
        return tuple(_unmatched(wanted, event, "", work, 0))
    except TooMuch:
        return tuple(wanted)


def _unmatched(
    wanted: Mapping[str, object], event: Mapping[str, object], above: str, work: Work, depth: int
) -> Iterator[str]:
    depth = work.deeper(depth)
    for key, value in wanted.items():
        found = event.get(key)
        if isinstance(value, Mapping) and isinstance(found, Mapping):
            yield from _unmatched(value, found, f"{above}{key}.", work, depth)
        elif not _is_wanted(value, found, work, depth):
            yield f"{above}{key}"


def _is_wanted(wanted: object, found: object, work: Work, depth: int) -> bool:
    depth = work.deeper(depth)
    if isinstance(wanted, list | tuple):
        return any(_is_wanted(item, found, work, depth) for item in wanted)
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and not any(_unmatched(wanted, found, "", work, depth))
    return identity(wanted, work) == identity(found, work)


def accepted(form: Mapping[str, object] | None, event: Mapping[str, object]) -> dict[str, object]:
    """The event with the form's defaults.

    Raises `EventRefused` for one that doesn't fit the form, and `ModelError` for a form that is wrong.
    """
    if form is None:
        return dict(event)
    mistake = next((found for found in form_mistakes(form) if found.keyword is None), None)
    if mistake is not None:
        raise ModelError(f"the form is wrong: {mistake.message}", hint=mistake.hint)
    filled = with_defaults(form, event)
    found = misfits(form, filled)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise EventRefused(f"{found[0].message}{more}", hint=found[0].hint)
    return filled


def points_misfit(flow: str | None, event: Mapping[str, object]) -> str | None:
    """What of an event's points is not what the annotator asks for before it starts a flow."""
    wanted = {"2-points": 2, "4-points": 4}.get(flow or "")
    data = event.get("flowData")
    points = data.get("points") if isinstance(data, Mapping) else None
    if wanted is None or points is None:
        return None
    if not isinstance(points, list | tuple):
        return "the event's key 'flowData.points' is no list"
    if len(points) == wanted:
        return None
    return f"the event's key 'flowData.points' has {len(points)} point{'' if len(points) == 1 else 's'}, not {wanted}"
