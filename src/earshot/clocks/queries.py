"""Clocks of many objects at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db.models import FilteredRelation, Q

from earshot.clocks import rules
from earshot.clocks.models import Clock, Step
from earshot.journal.kinds import dangling
from earshot.kit import now
from earshot.kit.engine.prepared import Prepared
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


# Each clock as often as it has steps that are still owed, the soonest first; once where it has none.
_CLOCKS = Prepared(
    lambda objects: (
        Clock.objects.filter(object_id__in=objects)
        .annotate(owed=FilteredRelation("steps", condition=Q(steps__fired_at__isnull=True, steps__ended_at__isnull=True)))
        .select_related("owed")  # type: ignore[misc]  # the plugin does not know filtered relations
        .order_by("started_at", "pk", "owed__due_at", "owed__pk")
    )
)


def readings(object_ids: Iterable[UUID]) -> dict[UUID, Reading]:
    """The newest clock of each object, in a fixed number of statements (one more a distinct unit)."""
    at = now()
    calendars: dict[UUID | None, Calendar] = {}
    found: dict[UUID, Reading] = {}
    for clock, again in groupby(_CLOCKS.objects(list(object_ids))):
        left, ahead = None, None
        if clock.stopped_at is None:
            if clock.unit_id not in calendars:
                calendars[clock.unit_id] = business_time_of(clock.unit_id).calendar
            left = rules.left(calendars[clock.unit_id], clock.measure, at, clock.due_at)
            steps = (getattr(one, "owed", None) for one in again)
            ahead = next((step for step in steps if step is not None and step.due_at > at), None)
        found[clock.object_id] = Reading(clock, left, ahead)
    return found


def orphans() -> list[str]:
    """Clocks of an object that does not exist, or of a kind that nothing registers, in words."""
    return dangling("clocks: a clock runs for", Clock.objects.all())
