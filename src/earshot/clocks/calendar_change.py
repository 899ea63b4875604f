"""A working calendar changed: running clocks move with it, and say so to whoever sees what they are about.

A later reaction in batches. Each batch is one transaction with one entry, which owes the next batch; so a worker that dies goes on
where it was, and two workers on the same entry do it once. What is paused is reckoned anew when it runs on; what has stopped, or has
fired, stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import F, Q, QuerySet

from earshot.clocks import rules
from earshot.clocks.actions import at, tell
from earshot.clocks.models import WORKING, Clock, Step
from earshot.clocks.queries import UNFIRED
from earshot.clocks.registry import SUBJECTS, Subject
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import KINDS
from earshot.journal.models import Entry
from earshot.kit.engine.locks import hold, lock
from earshot.people.models import UnitAbove, WorkingCalendar
from earshot.people.queries import business_times, first_calendar, units_by_calendar

BATCH = 200
IN_PART, DONE = "clocks.recounted_in_part", "clocks.recounted"
# The entries after which clocks may have to move. A long table comes back here with each of its batches.
MOVED_BY = (
    "people.calendar_set",
    "people.hours_changed",
    "people.days_changed",
    "people.year_confirmed",
    "people.year_unconfirmed",
    "people.calendar_given",
    IN_PART,
)
RULE = "clocks/calendar"


@verb
def move_clocks(entry: Entry) -> None:
    """Move one batch of the clocks that the change in `entry` concerns, and owe the next."""
    hold(f"{RULE} {entry.pk}")
    if Entry.objects.filter(cause=entry, verb__in=[IN_PART, DONE]).exists():
        return
    concerned = _concerned(entry)
    if "after" in entry.data:
        concerned = concerned.filter(pk__gt=UUID(entry.data["after"]))
    ids = list(concerned.order_by("pk").values_list("pk", flat=True)[: BATCH + 1])
    batch, more = ids[:BATCH], len(ids) > BATCH
    by = process(RULE).because(entry)
    moved = entry.data.get("moved", 0) + _move(by, batch)
    if not (more or moved):
        return
    data = {"moved": moved} | ({"after": str(batch[-1])} if more else {})
    touched = {part: list(KINDS[part].load(ids).values()) for part, ids in entry.parts().items()}
    record(IN_PART if more else DONE, by=by, objects=touched, scopes=[one for group in touched.values() for one in group], data=data)


def _running() -> QuerySet[Clock]:
    """Clocks that a table of working days can move: running, in working time, not paused."""
    return Clock.objects.filter(stopped_at__isnull=True, paused_at__isnull=True, measure=WORKING)


def _concerned(entry: Entry) -> QuerySet[Clock]:
    """Of these, those in whose unit the change may be felt. The parts of the entry say where: a unit, or a calendar."""
    parts = entry.parts()
    if "unit" in parts:
        return _running().filter(unit__in=UnitAbove.objects.filter(above__in=parts["unit"]).values("unit"))
    calendar = WorkingCalendar.objects.get(pk=entry.one("calendar"))
    concerned = Q(unit__in=units_by_calendar(calendar).values("pk"))
    if first_calendar().get() == calendar:
        concerned |= Q(unit__isnull=True)
    return _running().filter(concerned)


def _move(by: Actor, ids: Sequence[UUID]) -> int:
    """Reckon these clocks and their steps anew; returns how many are due at another time than before. One entry tells those that
    the same people may see and that moved alike."""
    if not ids:
        return 0
    lock(Clock.objects.filter(pk__in=ids))  # whoever fires, pauses or stops a clock holds it as well
    clocks = {clock.pk: clock for clock in _running().filter(pk__in=ids)}
    ahead = Step.objects.filter(UNFIRED, clock__in=clocks, due_at__isnull=False, after__gte=F("clock__used"))
    times = business_times(clock.unit_id for clock in clocks.values())
    before = {clock.pk: (clock.due_at, clock.provisional) for clock in clocks.values()}
    for clock in clocks.values():
        time = times[clock.unit_id]
        if clock.limit >= clock.used:  # what ran out before a pause stays due when it was
            clock.due_at = rules.moment(time.calendar, clock.measure, clock.counted_from, clock.limit - clock.used)
        clock.provisional = rules.provisional(time.calendar, time.confirmed_to, clock.measure, clock.due_at)
    changed = [clock for clock in clocks.values() if before[clock.pk] != (clock.due_at, clock.provisional)]
    Clock.objects.bulk_update(changed, ["due_at", "provisional"], batch_size=BATCH)
    steps = []
    for step in ahead:
        clock = clocks[step.clock_id]
        due_at = rules.moment(times[clock.unit_id].calendar, clock.measure, clock.counted_from, step.after - clock.used)
        if due_at != step.due_at:
            step.due_at = due_at
            steps.append(step)
    Step.objects.bulk_update(steps, ["due_at"], batch_size=BATCH)
    moved = [clock for clock in changed if before[clock.pk][0] != clock.due_at]
    subjects = {kind: SUBJECTS[kind]([clock.object_id for clock in moved if clock.kind == kind]) for kind in {c.kind for c in moved}}
    alike: dict[tuple[object, ...], list[Clock]] = {}
    for clock in moved:
        audience = _audience(subjects[clock.kind][clock.object_id])
        alike.setdefault((clock.kind, before[clock.pk][0], clock.due_at, audience), []).append(clock)
    for group in alike.values():
        first = group[0]
        data = {"before": at(before[first.pk][0]), "due": at(first.due_at)}
        tell("clocks.moved", by, first.kind, [clock.object_id for clock in group], data=data, subjects=subjects[first.kind])
    return len(moved)


def _audience(subject: Subject) -> tuple[UUID, ...]:
    return tuple(scope.pk for scope in subject.scopes)
