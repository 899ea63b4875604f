"""Clocks of many objects at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from earshot.clocks import rules
from earshot.clocks.models import Clock, Step
from earshot.journal.kinds import dangling
from earshot.kit import now
from earshot.kit.worktime import Calendar
from earshot.people.queries import business_time_of

UNFIRED = Q(fired_at__isnull=True, ended_at__isnull=True)


@dataclass(frozen=True)
class Reading:
    """A clock as people read it. `left`: minutes in the clock's own measure, negative when overdue; None once stopped."""

    clock: Clock
    left: int | None
    next_step: Step | None

    @property
    def due_at(self) -> datetime:
        return self.clock.due_at

    @property
    def overdue(self) -> bool:
        return self.left is not None and now() > self.clock.due_at


def readings(object_ids: Iterable[UUID]) -> dict[UUID, Reading]:
    """The newest clock of each object, in a fixed number of statements (one more a distinct unit)."""
    at = now()
    calendars: dict[UUID | None, Calendar] = {}
    found: dict[UUID, Reading] = {}
    clocks = Clock.objects.filter(object_id__in=list(object_ids)).prefetch_related("steps").order_by("started_at", "pk")
    for clock in clocks:
        left = None
        if clock.stopped_at is None:
            if clock.unit_id not in calendars:
                calendars[clock.unit_id] = business_time_of(clock.unit_id).calendar
            left = rules.left(calendars[clock.unit_id], clock.measure, at, clock.due_at)
        steps = [s for s in clock.steps.all() if s.fired_at is None and s.ended_at is None and s.due_at and s.due_at > at]
        steps.sort(key=lambda s: s.due_at or at)
        found[clock.object_id] = Reading(clock, left, steps[0] if steps and clock.stopped_at is None else None)
    return found


def orphans() -> list[str]:
    """Clocks of an object that does not exist, or of a kind that nothing registers, in words."""
    return dangling("clocks: a clock runs for", Clock.objects.all())
