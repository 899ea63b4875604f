"""Starting, stopping, pausing clocks and answering their alarms, inside the verb that owns the duty: `because` is its entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.clocks import rules
from earshot.clocks.models import CANCELLED, MET, Alarm, Clock, Pause, Step
from earshot.clocks.queries import SEEN_TO, UNFIRED
from earshot.clocks.registry import SUBJECTS, Subjects
from earshot.journal.actions import News, Parts, record_all, verb
from earshot.journal.actors import Actor, process
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine import written
from earshot.kit.engine.locks import CALENDARS, hold, lock
from earshot.kit.problems import Refusal, missing
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Unit
from earshot.people.queries import business_time_of


def start(
    kind: str,
    object_ids: Iterable[UUID],
    level: rules.Level,
    *,
    unit: Unit | None,
    because: Entry,
    since: datetime | None = None,
    subjects: Subjects | None = None,
) -> list[Clock]:
    """Start a clock for each object at `since` (default now), in the business time of `unit`, with the whole ladder.
    `because`: the entry that began the duty. `subjects`: what the clocks are about, where the caller has it at hand."""
    since = since or now()
    hold(CALENDARS, shared=True)  # a table that changes meanwhile moves this clock too, or is read here already
    time = business_time_of(unit.pk if unit else None)
    due_at = rules.moment(time.calendar, level.measure, since, level.limit)
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
    if not clocks:
        return []
    rungs = [
        (name, addressee, after, rules.moment(time.calendar, level.measure, since, after)) for name, addressee, after in rules.steps(level)
    ]
    written.insert(clocks)
    written.insert(
        [
            Step(clock=clock, name=name, addressee=addressee, after=after, due_at=rung_due)
            for clock in clocks
            for name, addressee, after, rung_due in rungs
        ]
    )
    tell(
        "clocks.started",
        process(level.name).because(because),
        kind,
        [clock.object_id for clock in clocks],
        data={"due": at(due_at)},
        subjects=subjects,
    )
    return clocks


def meet(object_ids: Iterable[UUID], *, because: Entry) -> None:
    """The duties of these objects are done: their clocks stop, and the rungs not yet reached fall away."""
    _stop(object_ids, MET, because)


def cancel(object_ids: Iterable[UUID], *, because: Entry) -> None:
    """The duties of these objects ended by decision or passed to another."""
    _stop(object_ids, CANCELLED, because)


def _stop(object_ids: Iterable[UUID], outcome: str, because: Entry) -> None:
    ids = list(object_ids)
    running = Clock.objects.filter(object_id__in=ids, stopped_at__isnull=True) if ids else Clock.objects.none()
    lock(running)  # the sweep may hold one of them: what it fires is there before the alarms end
    found = list(running.order_by("pk"))
    if not found:
        return
    stopped = now()
    pks = [clock.pk for clock in found]
    Step.objects.filter(UNFIRED, clock__in=pks).update(ended_at=stopped)
    Clock.objects.filter(pk__in=pks).update(stopped_at=stopped, outcome=outcome, paused_at=None)
    Pause.objects.filter(clock__in=pks, resumed_at__isnull=True).update(resumed_at=stopped)
    alarmed = Alarm.objects.filter(clock__in=pks, ended_at__isnull=True).update(ended_at=stopped)
    named: dict[tuple[str, str], list[UUID]] = {}
    for clock in found:
        ended = rules.how_it_ended(outcome == MET, clock.due_at, stopped, clock.paused_at)
        named.setdefault((f"clocks.{ended}", clock.kind), []).append(clock.object_id)
    for (name, kind), objects in named.items():
        tell(name, process(found[0].service_level).because(because), kind, objects, data={"alarmed": True} if alarmed else {})


@verb
def pause(*, by: Actor, kind: str, object_id: UUID, reason: str, because: Entry | None = None) -> Pause:
    """The time stands still, with a reason. Who may decide that, the room of the duty says; it calls this."""
    person = personally(by)
    clock = _running(kind, object_id)
    if clock.paused_at:
        raise Refusal("clock.paused", _("The time stands still already."), status=409)
    reason = text("reason", reason, most=1000)
    stopped = now()
    made = Pause.objects.create(clock=clock, reason=reason, paused_by=person, paused_at=stopped)
    calendar = business_time_of(clock.unit_id).calendar
    clock.paused_at = stopped
    clock.used += max(rules.passed(calendar, clock.measure, clock.counted_from, stopped), 0)
    clock.save(update_fields=["used", "paused_at"])
    # What was due before the pause is still owed, whether or not the sweep had come by.
    Step.objects.filter(UNFIRED, clock=clock, due_at__gt=stopped).update(due_at=None)
    tell("clocks.paused", by.because(because) if because else by, kind, [object_id], data={"reason": reason})
    return made


@verb
def resume(*, by: Actor, kind: str, object_id: UUID, because: Entry | None = None) -> Clock:
    """The time runs on: everything still ahead is due later by the length of the pause, counted in the clock's own measure."""
    person = personally(by)
    hold(CALENDARS, shared=True)
    clock = _running(kind, object_id)
    if not Pause.objects.filter(clock=clock, resumed_at__isnull=True).update(resumed_by=person, resumed_at=now()):
        raise Refusal("clock.not_paused", _("The time is running."), status=409)
    clock.counted_from, clock.paused_at = now(), None
    reckon(clock, Step.objects.filter(UNFIRED, clock=clock, due_at__isnull=True))
    tell("clocks.resumed", by.because(because) if because else by, kind, [object_id], data={"due": at(clock.due_at)})
    return clock


def reckon(clock: Clock, steps: Iterable[Step]) -> None:
    """Write when the clock and these of its steps are due, from what is used of its limit and since when it is counted."""
    time = business_time_of(clock.unit_id)
    if clock.limit >= clock.used:  # what ran out before stays due when it was
        clock.due_at = rules.moment(time.calendar, clock.measure, clock.counted_from, clock.limit - clock.used)
        clock.provisional = rules.provisional(time.calendar, time.confirmed_to, clock.measure, clock.due_at)
    clock.save(update_fields=["counted_from", "used", "paused_at", "due_at", "provisional"])
    moved = list(steps)
    for step in moved:
        step.due_at = rules.moment(time.calendar, clock.measure, clock.counted_from, step.after - clock.used)
    Step.objects.bulk_update(moved, ["due_at"])


def _running(kind: str, object_id: UUID) -> Clock:
    running = Clock.objects.filter(kind=kind, object_id=object_id, stopped_at__isnull=True)
    lock(running)
    clock = running.first()
    if clock is None:
        raise Refusal("clock.stopped", _("No time is running here any more."), status=409)
    return clock


@verb
def see_to(*, by: Actor, alarms: Iterable[Alarm], note: str = "") -> int:
    """The alarmed person's own act: "I see to it". The line leaves the day; the next step of the ladder brings it back, and so does the
    next day; the end of the clock ends it. Returns how many alarms were answered. An alarm of somebody else does not exist for the
    person."""
    person = personally(by)
    wanted = {alarm.pk for alarm in alarms}
    rows = list(Alarm.objects.filter(pk__in=wanted, person=person).select_related("clock"))
    if not wanted or len(rows) != len(wanted):
        raise missing()
    fresh = now() - SEEN_TO
    open_now = [alarm for alarm in rows if alarm.ended_at is None and (alarm.seen_to_at is None or alarm.seen_to_at <= fresh)]
    Alarm.objects.filter(pk__in=[alarm.pk for alarm in open_now]).update(seen_to_at=now())
    note = text("note", note, most=1000) if note.strip() else ""
    by_kind: dict[str, list[UUID]] = {}
    for alarm in open_now:
        by_kind.setdefault(alarm.clock.kind, []).append(alarm.clock.object_id)
    for kind, ids in by_kind.items():
        tell("clocks.seen_to", by, kind, dict.fromkeys(ids), data={"note": note} if note else {})
    return len(open_now)


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
    subjects: Subjects | None = None,
) -> Entry:
    """One entry about the clocks of these objects: it names what they are about and belongs to their scopes."""
    return record_all([news(name, by, kind, object_ids, data=data, more=more, subjects=subjects)])[0]


def news(
    name: str,
    by: Actor,
    kind: str,
    object_ids: Iterable[UUID],
    *,
    data: Mapping[str, Any] | None = None,
    more: Parts | None = None,
    subjects: Subjects | None = None,
) -> News:
    """What `tell` tells, still to be written."""
    ids = list(object_ids)
    known = subjects or SUBJECTS[kind](ids)
    ours = [known[object_id] for object_id in ids]
    objects: dict[str, Any] = {"what": _once(subject.what for subject in ours)}
    for part in dict.fromkeys(part for subject in ours for part in subject.parts):
        objects[part] = _once(subject.parts[part] for subject in ours if part in subject.parts)
    scopes = _once(scope for subject in ours for scope in subject.scopes)
    return News(name, by, objects | dict(more or {}), scopes, data)


def _once(things: Iterable[Any]) -> list[Any]:
    return list({(type(thing), thing.pk): thing for thing in things}.values())
