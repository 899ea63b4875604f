"""Clocks of many objects at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from earshot.clocks import rules
from earshot.clocks.models import Clock, Step
from earshot.journal.kinds import dangling
from earshot.kit import now
from earshot.kit.engine.prepared import Prepared, grouped
from earshot.kit.worktime import Calendar
from earshot.people.queries import business_time_of


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


_CLOCKS = Prepared(lambda objects: Clock.objects.filter(object_id__in=objects).order_by("started_at", "pk"))
_STEPS = Prepared(
    lambda clocks: Step.objects.filter(clock__in=clocks, fired_at__isnull=True, ended_at__isnull=True).order_by("due_at", "pk")
)


def readings(object_ids: Iterable[UUID]) -> dict[UUID, Reading]:
    """The newest clock of each object, in a fixed number of statements (one more a distinct unit)."""
    at = now()
    calendars: dict[UUID | None, Calendar] = {}
    found: dict[UUID, Reading] = {}
    clocks = _CLOCKS.objects(list(object_ids))
    owed = grouped(_STEPS.objects([clock.pk for clock in clocks if clock.stopped_at is None]), "clock_id")
    for clock in clocks:
        left = None
        if clock.stopped_at is None:
            if clock.unit_id not in calendars:
                calendars[clock.unit_id] = business_time_of(clock.unit_id).calendar
            left = rules.left(calendars[clock.unit_id], clock.measure, at, clock.due_at)
        ahead = (step for step in owed.get(clock.pk, []) if step.due_at > at)
        found[clock.object_id] = Reading(clock, left, next(ahead, None))
    return found


def orphans() -> list[str]:
    """Clocks of an object that does not exist, or of a kind that nothing registers, in words."""
    return dangling("clocks: a clock runs for", Clock.objects.all())
