"""Clocks of many objects at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import FilteredRelation, Q, QuerySet

from earshot.clocks import rules
from earshot.clocks.models import Alarm, Clock, Pause, Step
from earshot.journal.kinds import dangling
from earshot.kit import now
from earshot.kit.engine.prepared import Prepared
from earshot.kit.worktime import Calendar
from earshot.people.models import Person
from earshot.people.queries import business_time_of

UNFIRED = Q(fired_at__isnull=True, ended_at__isnull=True)


@dataclass(frozen=True)
class Reading:
    """A clock as people read it. `left`: minutes in the clock's own measure, negative when overdue; None once stopped or while it is
    paused. `pause`: why and by whom it stands still."""

    clock: Clock
    left: int | None
    next_step: Step | None
    pause: Pause | None = None

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

_PAUSES = Prepared(lambda clocks: Pause.objects.filter(clock__in=clocks, resumed_at__isnull=True).select_related("paused_by"))


def _ahead(step: Step | None, at: datetime) -> bool:
    """Whether there is such a step, and it is still to come; while its clock is paused it has no due time."""
    return step is not None and step.due_at is not None and step.due_at > at


def readings(object_ids: Iterable[UUID]) -> dict[UUID, Reading]:
    """The newest clock of each object, in a fixed number of statements (one more a distinct unit, and one where any is paused)."""
    at = now()
    calendars: dict[UUID | None, Calendar] = {}
    found: dict[UUID, Reading] = {}
    shown: dict[UUID, tuple[Clock, Step | None]] = {}
    for clock, again in groupby(_CLOCKS.objects(list(object_ids))):
        steps = (getattr(one, "owed", None) for one in again)
        running = clock.stopped_at is None
        shown[clock.pk] = clock, next((step for step in steps if running and _ahead(step, at)), None)
    still = [clock.pk for clock, _step in shown.values() if clock.paused_at]
    pauses = {pause.clock_id: pause for pause in _PAUSES.objects(still)}
    for clock, ahead in shown.values():
        left = None
        if clock.stopped_at is None and clock.paused_at is None:
            if clock.unit_id not in calendars:
                calendars[clock.unit_id] = business_time_of(clock.unit_id).calendar
            left = rules.passed(calendars[clock.unit_id], clock.measure, at, clock.due_at)
        found[clock.object_id] = Reading(clock, left, ahead, pauses.get(clock.pk))
    return found


def alarms_of(kind: str, object_ids: Iterable[UUID] | None) -> list[tuple[UUID, UUID]]:
    """Object and person of every alarm whose clock still runs, of these objects or of all of the kind, each pair once."""
    return [(object_id, person) for object_id, person in _ALARMS.rows(kind, None if object_ids is None else list(object_ids))]


def _alarms(kind: str, object_ids: Sequence[UUID] | None) -> QuerySet[Alarm, Any]:
    rows = Alarm.objects.filter(ended_at__isnull=True, clock__kind=kind)
    if object_ids is not None:
        rows = rows.filter(clock__object_id__in=object_ids)
    return rows.values_list("clock__object_id", "person_id").distinct()


_ALARMS = Prepared(_alarms)


def alarms_waiting_for(person: Person) -> QuerySet[Alarm]:
    """What the ladders have told the person, and nobody has seen to or ended yet, the oldest first."""
    waiting = Alarm.objects.filter(person=person, seen_to_at__isnull=True, ended_at__isnull=True)
    return waiting.select_related("clock", "step").order_by("clock__due_at", "pk")


def orphans() -> list[str]:
    """Clocks of an object that does not exist, or of a kind that nothing registers, in words."""
    return dangling("clocks: a clock runs for", Clock.objects.all())
