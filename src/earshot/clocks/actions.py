"""Starting and stopping clocks, inside the verb that owns the duty: the owner's entry tells it, so there is none of its own here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from earshot.clocks import rules
from earshot.clocks.models import CANCELLED, MET, Clock, Step
from earshot.kit import now
from earshot.kit.worktime import Calendar
from earshot.people.models import Unit
from earshot.people.queries import calendar_of


def start(kind: str, object_id: UUID, level: rules.Level, *, unit: Unit | None, since: datetime | None = None) -> Clock:
    """Start the clock of an object at `since` (default now), in the business time of `unit`, with its whole ladder."""
    calendar = calendar_of(unit)
    return start_all([(kind, object_id)], level, unit=unit, since=since or now(), calendar=calendar.as_calendar(), confirmed_to=calendar.confirmed_to)[0]


def start_all(
    objects: Iterable[tuple[str, UUID]], level: rules.Level, *, unit: Unit | None, since: datetime, calendar: Calendar, confirmed_to: object
) -> list[Clock]:
    due_at = rules.due(calendar, since, level)
    provisional = due_at.astimezone(ZoneInfo(str(calendar.zone))).date() > confirmed_to  # type: ignore[operator]
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
            provisional=provisional,
        )
        for kind, object_id in objects
    ]
    Clock.objects.bulk_create(clocks)
    Step.objects.bulk_create(
        Step(clock=clock, name=rung.name, addressee=rung.addressee, due_at=rules.due(calendar, since, level, rung.share))
        for clock in clocks
        for rung in level.ladder
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
