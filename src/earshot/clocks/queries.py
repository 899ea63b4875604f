"""Clocks of many objects at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import FilteredRelation, Q, QuerySet

from earshot.clocks import rules
from earshot.clocks.models import MET, Alarm, Clock, Pause, Step
from earshot.clocks.registry import ADDRESSEES, SUBJECTS, Subject, Subjects
from earshot.journal.kinds import dangling
from earshot.kit import now
from earshot.kit.engine.prepared import Prepared, grouped
from earshot.kit.worktime import Calendar
from earshot.people.models import Person
from earshot.people.queries import business_time_of, business_times

# So long a "I see to it" stands for itself; what is still open then stands on the day again, also after the last step.
SEEN_TO = timedelta(days=1)
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


def whom(due: Sequence[tuple[Step, Clock]], subjects: Subjects) -> dict[int, list[Person]]:
    """Step → whom it tells as things stand now: those still with the company. A name that leads to nobody tells nobody.
    `subjects`: by the objects of the clocks. One asking for each name, however many steps."""
    by_name: dict[str, dict[UUID, Subject]] = {}
    for step, clock in due:
        if step.addressee:
            by_name.setdefault(step.addressee, {})[clock.object_id] = subjects[clock.object_id]
    answers = {name: ADDRESSEES[name](asked) for name, asked in by_name.items()}
    return {
        step.pk: [p for p in answers[step.addressee].get(clock.object_id, []) if p.left_at is None] if step.addressee else []
        for step, clock in due
    }


@dataclass(frozen=True)
class Ahead:
    """A step that is still owed, and whom it would tell if it fired now."""

    step: Step
    people: list[Person]


@dataclass(frozen=True)
class Course:
    """A clock from its beginning to its end: what it is about, what comes next (`ahead`: all that happens at that moment; nothing once
    it has stopped, or once the ladder has been climbed) and after that (`beyond`, in order), what was told already, and how often it
    stood still. `ended`: how, see `rules.how_it_ended`; empty while it runs."""

    reading: Reading
    subject: Subject
    ahead: list[Ahead]
    beyond: list[Ahead]
    told: list[Alarm]
    pauses: list[Pause]
    ended: str

    @property
    def clock(self) -> Clock:
        return self.reading.clock


def courses(clocks: Iterable[Clock]) -> list[Course]:
    """The courses of these clocks, in their order, in a number of statements that does not grow with theirs."""
    shown = list(clocks)
    if not shown:
        return []
    pks = [clock.pk for clock in shown]
    kinds: dict[str, list[UUID]] = {}
    for clock in shown:
        kinds.setdefault(clock.kind, []).append(clock.object_id)
    subjects = {pk: subject for kind, ids in kinds.items() for pk, subject in SUBJECTS[kind](dict.fromkeys(ids)).items()}
    pauses = grouped(Pause.objects.filter(clock__in=pks).select_related("paused_by", "resumed_by").order_by("paused_at"), "clock_id")
    alarms = Alarm.objects.filter(clock__in=pks).select_related("step", "person")
    told = grouped(alarms.order_by("at", "step__after", "person__name", "pk"), "clock_id")
    owed = grouped(Step.objects.filter(UNFIRED, clock__in=pks).order_by("after", "pk"), "clock_id")
    people = whom([(step, clock) for clock in shown for step in owed.get(clock.pk, [])], subjects)
    times = business_times({clock.unit_id for clock in shown if clock.stopped_at is None})
    at = now()
    found = []
    for clock in shown:
        stood = pauses.get(clock.pk, [])
        still = next((pause for pause in stood if pause.resumed_at is None), None)
        runs = clock.stopped_at is None and still is None
        left = rules.passed(times[clock.unit_id].calendar, clock.measure, at, clock.due_at) if runs else None
        steps = [Ahead(step, people[step.pk]) for step in owed.get(clock.pk, [])]
        ahead = [one for one in steps if one.step.after == steps[0].step.after]
        next_step = next((one.step for one in ahead if _ahead(one.step, at)), None)
        found.append(
            Course(
                reading=Reading(clock, left, next_step, still),
                subject=subjects[clock.object_id],
                ahead=ahead,
                beyond=steps[len(ahead) :],
                told=told.get(clock.pk, []),
                pauses=stood,
                ended=_ended(clock, stood),
            )
        )
    return found


def _ended(clock: Clock, pauses: Sequence[Pause]) -> str:
    if clock.stopped_at is None:
        return ""
    # Nobody let it run on again: it stood still until it was stopped.
    still = next((pause.paused_at for pause in pauses if pause.resumed_by_id is None), None)
    return rules.how_it_ended(clock.outcome == MET, clock.due_at, clock.stopped_at, still)


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
    """What the ladders have told the person and is not over, the oldest first; what he or she sees to is left out for a day."""
    unanswered = Q(seen_to_at__isnull=True) | Q(seen_to_at__lte=now() - SEEN_TO)
    waiting = Alarm.objects.filter(unanswered, person=person, ended_at__isnull=True)
    return waiting.select_related("clock", "step").order_by("clock__due_at", "pk")


def orphans() -> list[str]:
    """Clocks of an object that does not exist, or of a kind that nothing registers, in words."""
    return dangling("clocks: a clock runs for", Clock.objects.all())
