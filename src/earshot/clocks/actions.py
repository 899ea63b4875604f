"""Starting and stopping clocks, inside the verb that owns the duty: the owner's entry tells it, so there is none of its own here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from earshot.clocks import rules
from earshot.clocks.models import CANCELLED, MET, Clock, Step
from earshot.clocks.registry import SUBJECTS, Subject
from earshot.journal.actions import Parts, record
from earshot.journal.actors import Actor
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine.locks import CALENDARS, hold
from earshot.people.models import Unit
from earshot.people.queries import business_time_of


def start(kind: str, object_ids: Iterable[UUID], level: rules.Level, *, unit: Unit | None, since: datetime | None = None) -> list[Clock]:
    """Start a clock for each object at `since` (default now), in the business time of `unit`, with the whole ladder."""
    since = since or now()
    hold(CALENDARS, shared=True)  # a table that changes meanwhile moves this clock too, or is read here already
    time = business_time_of(unit.pk if unit else None)
    due_at = rules.due(time.calendar, since, level)
    clocks = [
        Clock(
            kind=kind,
            object_id=object_id,
            service_level=level.name,
            measure=level.measure,
            limit=level.limit,
            unit=unit,
            started_at=since,
            counted_from=since,
            due_at=due_at,
            provisional=rules.provisional(time.calendar, time.confirmed_to, level.measure, due_at),
        )
        for object_id in object_ids
    ]
    rungs = [(rung, rules.due(time.calendar, since, level, rung.share)) for rung in level.ladder]
    Clock.objects.bulk_create(clocks)
    Step.objects.bulk_create(
        Step(clock=clock, name=rung.name, addressee=rung.addressee, after=level.limit * rung.share // 100, due_at=rung_due)
        for clock in clocks
        for rung, rung_due in rungs
    )
    return clocks


def meet(object_ids: Iterable[UUID]) -> None:
    """The duties of these objects are done: their clocks stop, and the rungs not yet reached fall away."""
    _stop(object_ids, MET)


def cancel(object_ids: Iterable[UUID]) -> None:
    """The duties of these objects ended by decision or passed to another."""
    _stop(object_ids, CANCELLED)


def _stop(object_ids: Iterable[UUID], outcome: str) -> None:
    at = now()
    running = Clock.objects.filter(object_id__in=list(object_ids), stopped_at__isnull=True)
    Step.objects.filter(clock__in=running, fired_at__isnull=True, ended_at__isnull=True).update(ended_at=at)
    running.update(stopped_at=at, outcome=outcome)


def at(moment: datetime) -> dict[str, str]:
    """A moment in the data of an entry: worded where it is read."""
    return {"at": moment.isoformat()}


def tell(
    name: str,
    by: Actor,
    kind: str,
    object_ids: Iterable[UUID],
    *,
    data: Mapping[str, Any] | None = None,
    more: Parts | None = None,
    subjects: Mapping[UUID, Subject] | None = None,
) -> Entry:
    """One entry about the clocks of these objects: it names what they are about and belongs to their scopes."""
    ids = list(object_ids)
    known = subjects or SUBJECTS[kind](ids)
    ours = [known[object_id] for object_id in ids]
    objects: dict[str, Any] = {"what": _once(subject.what for subject in ours)}
    for part in dict.fromkeys(part for subject in ours for part in subject.parts):
        objects[part] = _once(subject.parts[part] for subject in ours if part in subject.parts)
    scopes = _once(scope for subject in ours for scope in subject.scopes)
    return record(name, by=by, objects=objects | dict(more or {}), scopes=scopes, data=data)


def _once(things: Iterable[Any]) -> list[Any]:
    return list({(type(thing), thing.pk): thing for thing in things}.values())
