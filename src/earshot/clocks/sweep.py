"""The sweep: fire what is due. Claimed, told and marked in one transaction, so that each step fires exactly once, with any number of
workers and whatever is killed at whatever instant; what was due while nothing ran fires late, in order, and says so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from django.db.models import QuerySet

from earshot.clocks import rules
from earshot.clocks.actions import at, news
from earshot.clocks.models import Alarm, Clock, Step
from earshot.clocks.queries import UNFIRED, whom
from earshot.clocks.registry import SUBJECTS, Subjects
from earshot.journal.actions import News, call, record_all
from earshot.journal.actors import process
from earshot.kit import now
from earshot.kit.engine import written
from earshot.kit.engine.locks import claim
from earshot.people import standing
from earshot.people.models import Person

MOST = 200  # clocks a transaction

Due = list[tuple[Step, Clock]]


def sweep(most: int = MOST) -> int:
    """Fire the steps that are due, of at most `most` clocks, the longest due first; returns how many fired.

    Nothing due is one look, without a transaction: on SQLite that would take the only write lock."""
    owed = Step.objects.filter(UNFIRED, due_at__lte=now()).order_by("due_at", "pk")
    wanted = list(dict.fromkeys(owed.values_list("clock_id", flat=True)[:most]))
    if not wanted:
        return 0
    with call():
        due = _claim(owed, wanted)
        by_kind: dict[str, Due] = {}
        for step, clock in due:
            by_kind.setdefault(clock.kind, []).append((step, clock))
        to_tell = [one for kind, group in by_kind.items() for one in _fire(kind, group)]
        if to_tell:
            with standing.together():
                record_all(to_tell)
    return len(due)


def _claim(owed: QuerySet[Step], wanted: Collection[UUID]) -> Due:
    """The due steps of those of the clocks that nobody else holds. A clock is held as a whole, so that its steps fire in order."""
    held = {clock.pk: clock for clock in claim(Clock.objects.filter(pk__in=wanted, stopped_at__isnull=True).order_by("pk"))}
    # Read anew: what another worker fired before we held the clock is fired.
    return [(step, held[step.clock_id]) for step in owed.filter(clock__in=held)]


def _fire(kind: str, due: Due) -> list[News]:
    """Alarm whom each step names, now: who that is follows the present, not the day on which the clock began. Returns what there is to
    tell of it."""
    fired = now()
    subjects = SUBJECTS[kind](dict.fromkeys(clock.object_id for _step, clock in due))
    told = whom(due, subjects)
    Step.objects.filter(pk__in=[step.pk for step, _clock in due]).update(fired_at=fired)
    written.insert([Alarm(step=step, clock=clock, person=person, at=fired) for step, clock in due for person in told[step.pk]])
    # One entry for what belongs together: the same rung, at the same moment, of the same duty on the same deal.
    groups: dict[object, Due] = {}
    for step, clock in due:
        subject = subjects[clock.object_id]
        whose = (subject.person.pk if subject.person else None, subject.scopes[0].pk)
        people = tuple(person.pk for person in told[step.pk])
        groups.setdefault((step.due_at, step.after, clock.limit, whose, people, clock.service_level), []).append((step, clock))
    return [_news(kind, group, told[group[0][0].pk], subjects, fired) for group in groups.values()]


def _news(kind: str, group: Due, people: Sequence[Person], subjects: Subjects, fired: datetime) -> News:
    step, clock = group[0]
    name = "clocks.warned" if step.after < clock.limit else "clocks.breached" if step.after == clock.limit else "clocks.escalated"
    due_at = cast(datetime, step.due_at)  # or it had not been claimed
    late = rules.lateness(due_at, fired)
    length = rules.in_words(late)
    worded = {"zh-hans": f"，迟告{length['zh-hans']}", "en": f", told {length['en']} late"} if late else {"zh-hans": "", "en": ""}
    return news(
        name,
        process(f"{clock.service_level}/{step.name}"),
        kind,
        [each.object_id for _step, each in group],
        data={"due": at(clock.due_at), "step_due": at(due_at), "late": worded, "late_minutes": late},
        more={"told": list(people)},
        subjects=subjects,
    )
