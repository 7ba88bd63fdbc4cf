"""What starts a run: one of the pipeline's triggers, and an event that fits it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from datatorch_pipelines.codes import Code
from datatorch_pipelines.diagnostics import Diagnostic, Location, Locator, Severity
from datatorch_pipelines.engine.options import RunOptions
from datatorch_pipelines.errors import PipelinesError
from datatorch_pipelines.model import Pipeline
from datatorch_pipelines.model.triggers import KINDS, AnnotatorButton, Event, Manual, Schedule, Trigger, Webhook
from datatorch_pipelines.syntax.names import did_you_mean, listed, shown

Given = Mapping[str, object]


@frozen(kw_only=True)
class Start:
    """What a run is started by: the context ``trigger`` but for the event, and the event with the form's defaults."""

    trigger: Given
    event: Given


def given_start(pipeline: Pipeline, trigger: str | Given | Trigger | None, event: Given | None) -> Start:
    """What a caller gave, completed by what the pipeline says of the trigger that is meant.

    What doesn't fit the pipeline is left for `refuse_start`. Raises `PipelinesError` for what is no trigger at all.
    """
    known = _given(trigger)
    found = dict(event or {})
    if not known:
        return Start(trigger=known, event=found)
    meant = _meant(pipeline, known)
    fitting = [item for item in meant if not isinstance(item, Event) or item.matches(found)]
    if fitting and (len(meant) == 1 or isinstance(fitting[0], Event)):
        known = {**facts_of(fitting[0]), **known}
    if meant and isinstance(meant[0], Manual) and meant[0].form is not None:
        from datatorch_pipelines.model.forms import with_defaults

        found = with_defaults(meant[0].form, found)
    return Start(trigger=known, event=found)


def facts_of(trigger: Trigger) -> Given:
    """What the context ``trigger`` says of a trigger."""
    match trigger:
        case Manual():
            return {"type": trigger.kind, "role": trigger.role}
        case AnnotatorButton():
            flow = None if trigger.flow is None else str(trigger.flow)
            return {"type": trigger.kind, "name": trigger.name, "icon": trigger.icon, "flow": flow}
        case Schedule():
            return {"type": trigger.kind, "cron": trigger.cron, "timezone": trigger.timezone or "UTC"}
        case Event():
            return {"type": trigger.kind, "name": trigger.type, "options": dict(trigger.options)}
        case Webhook():
            return {"type": trigger.kind}


def _given(trigger: object) -> Given:
    """A trigger as the context has it, as far as a caller says. Raises `PipelinesError` for what is none."""
    if trigger is None:
        return {}
    if isinstance(trigger, Manual | AnnotatorButton | Schedule | Event | Webhook):
        return facts_of(trigger)
    known: Given = {"type": trigger} if isinstance(trigger, str) else {}
    if isinstance(trigger, Mapping):
        known = dict(trigger)
        if not known:
            return known
    kind = known.get("type")
    if not isinstance(kind, str):
        said = "a mapping without 'type'" if known else f"of the type {type(trigger).__name__}"
        hint = f"give a trigger of the pipeline, one of {listed(KINDS)}, or a mapping with 'type'"
        raise PipelinesError(f"trigger is {said}", hint=hint)
    if kind not in KINDS:
        raise PipelinesError(
            f"there is no kind of trigger {shown(kind)}",
            hint=did_you_mean(kind, KINDS) or f"it is one of {listed(KINDS)}",
        )
    if "event" in known:
        raise PipelinesError("trigger has a key 'event'", hint="give the event by itself, as event")
    return known


def _meant(pipeline: Pipeline, known: Given) -> Sequence[Trigger]:
    """The triggers of a pipeline that have what is known of one."""
    kind = known.get("type")
    if pipeline.triggers is None or kind not in KINDS:
        return ()
    return [item for item in pipeline.triggers.of(str(kind)) if not _differing(item, known)]


def _differing(trigger: Trigger, known: Given) -> Sequence[str]:
    """The keys that a trigger has otherwise than is known."""
    facts = facts_of(trigger)
    return [key for key, value in facts.items() if key in known and known[key] != value]


def refuse_start(pipeline: Pipeline, source: Locator, options: RunOptions) -> Iterator[Diagnostic]:
    """An error for a trigger that the pipeline doesn't have, and for what of the event doesn't fit its form."""
    known, kind = options.trigger, options.trigger.get("type")
    if not known or not isinstance(kind, str) or kind not in KINDS:
        return
    meant = _meant(pipeline, known)
    if not meant:
        yield _refuse_trigger(pipeline, source, known, kind)
    elif isinstance(meant[0], Manual):
        yield from _refuse_by_form(meant[0], source, options.event)
    elif isinstance(meant[0], AnnotatorButton):
        yield from _refuse_points(meant[0], source, options.event)
    elif isinstance(meant[0], Event):
        yield from _refuse_event(pipeline, source, [item for item in meant if isinstance(item, Event)], options.event)


def _refuse_trigger(pipeline: Pipeline, source: Locator, known: Given, kind: str) -> Diagnostic:
    """The error for a trigger that a pipeline doesn't have, or has otherwise."""
    triggers = pipeline.triggers
    has = [name for name in KINDS if triggers is not None and triggers.of(name)]
    if triggers is None or kind not in has:
        place = source.key(("triggers",)) if triggers is not None else source.value(("name",))
        hint = f"it has {listed(has, 'and')}" if has else f"write 'triggers: {{{kind}: ...}}', or leave trigger out"
        return _error(place, Code.NO_TRIGGER, f"the pipeline has no trigger {kind}", hint)
    # The trigger that is most like it, by the order of its keys.
    facts = [(facts_of(item), _differing(item, known)[0]) for item in triggers.of(kind)]
    key = max((differing for _, differing in facts), key=list(facts[0][0]).index)
    others = dict.fromkeys(_value_shown(item[key]) for item, differing in facts if differing == key)
    message = f"the pipeline has no trigger {kind} with the {key} {_value_shown(known[key])}"
    return _error(source.key(("triggers", kind)), Code.NO_TRIGGER, message, f"it has {listed(list(others)[:10])}")


def _refuse_by_form(trigger: Manual, source: Locator, event: Given) -> Iterator[Diagnostic]:
    from datatorch_pipelines.model.forms import form_mistakes, misfits

    # A form that is wrong is told by a check.
    if trigger.form is None or any(found.keyword is None for found in form_mistakes(trigger.form)):
        return
    for found in misfits(trigger.form, event):
        hint = found.hint or (did_you_mean(found.key, found.known) if found.key is not None else None)
        place = source.value(("triggers", "manual", "form", *found.path))
        yield _error(place, Code.WRONG_EVENT, found.message, hint)


def _refuse_points(trigger: AnnotatorButton, source: Locator, event: Given) -> Iterator[Diagnostic]:
    from datatorch_pipelines.model.matching import points_misfit

    misfit = points_misfit(trigger.flow, event)
    if misfit is not None:
        hint = f"the flow {trigger.flow} asks for them"
        yield _error(source.value(("triggers", "annotatorButton", "flow")), Code.WRONG_EVENT, misfit, hint)


def _refuse_event(pipeline: Pipeline, source: Locator, meant: Sequence[Event], event: Given) -> Iterator[Diagnostic]:
    """Errors for an event that none of the triggers waits for: by its keys, where one of them is meant."""
    if any(item.matches(event) for item in meant):
        return
    every = pipeline.triggers.event if pipeline.triggers is not None else ()
    same = [item for item in meant if item.type == event.get("type")] or meant
    if len(same) > 1:
        types = ", ".join(dict.fromkeys(shown(item.type) for item in every))
        message = f"the event fits none of the pipeline's {len(every)} triggers of the kind event"
        yield _error(source.key(("triggers", "event")), Code.WRONG_EVENT, message, f"they wait for {types}")
        return
    path = ("triggers", "event", every.index(same[0]))
    for name in same[0].unmatched(event):
        wanted = {"type": same[0].type, **same[0].options}.get(name)
        hint = f"it waits for {_value_shown(wanted)}" if wanted is not None else None
        place = source.value((*path, *name.split(".")))
        yield _error(place, Code.WRONG_EVENT, f"the event's key {shown(name)} is not what the trigger waits for", hint)


def _value_shown(value: object) -> str:
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, list | tuple):
        return listed([_value_shown(item) for item in value][:10])
    return "null" if value is None else "a mapping" if isinstance(value, Mapping) else str(value).lower()


def _error(place: Location, code: Code, message: str, hint: str | None) -> Diagnostic:
    return Diagnostic.at(place, code, Severity.ERROR, message, hint=hint)
