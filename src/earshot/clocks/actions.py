"""Starting and stopping clocks, inside the verb that owns the duty: the owner's entry tells it, so there is none of its own here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from earshot.clocks import rules
from earshot.clocks.models import CANCELLED, MET, Clock, Step
from earshot.kit import now
from earshot.kit.engine import written
from earshot.people.models import Unit
from earshot.people.queries import business_time_of


def start(kind: str, object_ids: Iterable[UUID], level: rules.Level, *, unit: Unit | None, since: datetime | None = None) -> list[Clock]:
    """Start a clock for each object at `since` (default now), in the business time of `unit`, with the whole ladder."""
    since = since or now()
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
            due_at=due_at,
            provisional=due_at.astimezone(time.calendar.zone).date() > time.confirmed_to,
        )
        for object_id in object_ids
    ]
    rungs = [(rung, rules.due(time.calendar, since, level, rung.share)) for rung in level.ladder]
    written.insert(clocks)
    written.insert(
        [Step(clock=clock, name=rung.name, addressee=rung.addressee, due_at=rung_due) for clock in clocks for rung, rung_due in rungs]
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
