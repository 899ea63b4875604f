"""Absence: who is away from … until, and who decides meanwhile what is asked of him or her.

A deputy stands in for one person, not for whom that person stands in: where the deputy is away too, nobody does, and what is asked waits
for the person, or climbs as silence does. The heads above are told (`unattended`), and can name another.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from earshot.journal.actions import call, record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine import locks
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal, Together, forbidden, say, wrong
from earshot.kit.reading import once
from earshot.kit.ruling import permissive
from earshot.kit.texts import day, text
from earshot.people.actors import personally
from earshot.people.models import Absence, Person
from earshot.people.queries import heads_upwards
from earshot.people.standing import reach_of
from earshot.people.succession import may_hand

LONGEST = 366  # days
REASON = 300


def today() -> date:
    """The day that it is for the company."""
    return timezone.localdate(now())


def live() -> Q:
    """Condition on absences: neither over nor ended."""
    return Q(ended_at__isnull=True, last__gte=today())


def overlapping(person: Person, first: date, last: date) -> QuerySet[Absence]:
    """The absences of the person, still live, that share a day with these."""
    return Absence.objects.filter(live(), person=person, first__lte=last, last__gte=first)


def of(person: Person) -> QuerySet[Absence]:
    """The person's absences, the last to begin first."""
    return Absence.objects.filter(person=person).select_related("person", "deputy", "entered_by", "ended_by").order_by("-first", "-pk")


_AWAY = Prepared(
    lambda: Absence.objects.filter(begun_at__isnull=False, ended_at__isnull=True, person__left_at__isnull=True).select_related(
        "person__unit", "deputy"
    )
)


@once
def away_now() -> dict[UUID, Absence]:
    """Person → the absence, of all who are away at this moment; in one statement."""
    return {row.person_id: row for row in _AWAY.objects() if row.last >= today()}


@permissive("nobody stands in", dict)
def stand_ins() -> Mapping[UUID, Person]:
    """Person who is away → the deputy who decides for him or her at this moment: one who is with the company and not away too."""
    return _acting(away_now())


def _acting(away: Mapping[UUID, Absence]) -> dict[UUID, Person]:
    return {pk: row.deputy for pk, row in away.items() if row.deputy.left_at is None and row.deputy_id not in away}


def represented_by(person: Person) -> list[Person]:
    """For whom the person decides at this moment, by name."""
    away = away_now()
    mine = [away[pk].person for pk, deputy in _acting(away).items() if deputy.pk == person.pk]
    return sorted(mine, key=lambda one: (one.name, one.pk))


def unattended(person: Person) -> list[Absence]:
    """Absences that have begun and in which nobody stands in, the deputy being away too or gone: for the nearest head."""
    if not (units := reach_of(person).units):
        return []
    away = away_now()
    acting = _acting(away)
    alone = [row for pk, row in away.items() if pk not in acting and row.person.unit_id in units]
    heads = heads_upwards({unit for row in alone if (unit := row.person.unit_id)}) if alone else {}
    found = []
    for row in alone:
        above = heads.get(row.person.unit_id, []) if row.person.unit_id else []
        if [head for head in above if head.pk != row.person_id][:1] == [person]:
            found.append(row)
    return found


def may_enter(by: Person, person: Person) -> bool:
    """One's own, as a head that of somebody of the unit, and whoever administers."""
    return may_hand(by, person)


@verb
def record_absence(
    *, by: Actor, person: Person, first: date | str | None, last: date | str | None, deputy: Person | None, reason: str
) -> Absence:
    """The person is away from the day `first`, today at the earliest, to the day `last`; `deputy` decides meanwhile. Refused where the
    person is away on one of these days already, and for a deputy who is."""
    someone = _may(by, person)
    locks.hold(locks.POSTS)  # who decides changes by it; and two absences of one person never miss each other
    person = Person.objects.select_related("unit").get(pk=person.pk)
    if person.left_at is not None:
        raise Refusal("person.left", say(_("{name} is no longer with the company."), name=person.name), about=ref(person), status=409)
    each = Together()
    begins = each(day, "first", first, today())
    ends = each(day, "last", last, today())
    who = each(_deputy, person, deputy)
    reason = each(text, "reason", reason, most=REASON)
    each(_in_order, person, begins, ends)
    each(_there, who, begins, ends)
    each.refuse()
    row = Absence.objects.create(person=person, deputy=who, first=begins, last=ends, reason=reason, entered_by=someone, entered_at=now())
    data = {"first": begins.isoformat(), "last": ends.isoformat()}
    entry = record("people.absence_entered", by=by, objects=_parts(row), scopes=[person, who], data=data)
    if begins <= today():
        _begin(by.because(entry), row)
    return row


def _parts(row: Absence) -> Mapping[str, Model]:
    return {"absence": row, "person": row.person, "deputy": row.deputy}


def _may(by: Actor, person: Person) -> Person | None:
    if not by.is_personal:
        return None
    someone = personally(by)
    if not may_enter(someone, person):
        sentence = say(_("Only {name}, a head above, or whoever administers enters when {name} is away."), name=person.name)
        raise forbidden("absence.not_yours", sentence)
    return someone


@permissive("anybody is a deputy", lambda person, deputy: deputy)
def _deputy(person: Person, deputy: Person | None) -> Person:
    if deputy is None:
        raise wrong("deputy", _("Choose who decides meanwhile."))
    if deputy.pk == person.pk:
        raise wrong("deputy", _("Nobody is his or her own deputy. Choose somebody else."))
    if deputy.left_at is not None:
        raise wrong("deputy", say(_("{name} is no longer with the company."), name=deputy.name))
    return deputy


@permissive("absences may overlap", lambda person, first, last: None)
def _in_order(person: Person, first: date | None, last: date | None) -> None:
    if first is None or last is None:
        return
    if last < first:
        raise wrong("last", _("The last day lies before the first."))
    if (last - first).days >= LONGEST:
        raise wrong("last", say(_("At most {n} days. Whoever is away for longer hands over what is open."), n=LONGEST))
    if (there := overlapping(person, first, last).order_by("first").first()) is not None:
        sentence = _("{name} is away from {first} to {last} already. End that first, or choose other days.")
        raise wrong("first", say(sentence, name=person.name, first=there.first, last=there.last))


@permissive("a deputy may be away too", lambda deputy, first, last: None)
def _there(deputy: Person | None, first: date | None, last: date | None) -> None:
    if deputy is None or first is None or last is None:
        return
    if (there := overlapping(deputy, first, last).order_by("first").first()) is not None:
        sentence = _("{name} is away too, from {first} to {last}. Nobody stands in for a deputy: choose somebody else.")
        raise wrong("deputy", say(sentence, name=deputy.name, first=there.first, last=there.last))


@verb
def end_absence(*, by: Actor, absence: Absence) -> None:
    """Back before the last day, or not away after all: from now on what is asked of the person is asked of him or her. What the deputy has
    decided stays decided."""
    someone = _may(by, absence.person)
    locks.hold(locks.POSTS)
    row = Absence.objects.select_related("person", "deputy").get(pk=absence.pk)
    if row.ended_at is not None:
        raise Refusal("absence.ended", say(_("This absence of {name} is over."), name=row.person.name), about=ref(row.person), status=409)
    _end(by, row, someone)


def _begin(by: Actor, row: Absence) -> None:
    row.begun_at = now()
    row.save(update_fields=["begun_at"])
    record("people.absence_begun", by=by, objects=_parts(row), scopes=[row.person, row.deputy], data={"last": row.last.isoformat()})


def _end(by: Actor, row: Absence, someone: Person | None) -> None:
    row.ended_at, row.ended_by = now(), someone
    row.save(update_fields=["ended_at", "ended_by"])
    record("people.absence_ended", by=by, objects=_parts(row), scopes=[row.person, row.deputy])


def stood_in_for(person: Person) -> QuerySet[Absence]:
    """The absences of others, begun or to come, in which the person is the deputy."""
    return Absence.objects.filter(live(), deputy=person).select_related("person", "deputy").order_by("first", "pk")


def hand_absence(by: Actor, absence: Absence, to: Person, by_rule: bool) -> None:
    """Another one stands in; inside a verb that has judged who may hand over. Where `to` cannot, being the one who is away or away too:
    refused, or `by_rule` the absence ends, so that whoever is away is asked again and the heads above see it."""
    locks.hold(locks.POSTS)
    row = Absence.objects.select_related("person", "deputy").get(pk=absence.pk)
    try:
        _there(_deputy(row.person, to), max(row.first, today()), row.last)
    except Refusal:
        if not by_rule:
            raise
        _end(by, row, None)
        return
    former, row.deputy = row.deputy, to
    row.save(update_fields=["deputy"])
    objects = {**_parts(row), "former": former}
    record("people.deputy_handed", by=by, objects=objects, scopes=[row.person, row.deputy])


def end_all(entry: Entry) -> None:
    """Whoever has left is not away: what was entered of him or her ends. A reaction."""
    by = process("people/leave").because(entry)
    for row in Absence.objects.filter(live(), person=entry.one("person")).select_related("person", "deputy").order_by("first"):
        _end(by, row, None)


def keep_time() -> int:
    """What begins or is over by its day; returns how many. Nothing due is one look, without a transaction. For the worker."""
    if not _due().exists():
        return 0
    with call():
        locks.hold(locks.POSTS)
        rows = list(_due().select_related("person", "deputy").order_by("last", "pk"))
        by = process("people/absences")
        for row in rows:  # a handful a day
            if row.last < today():
                _end(by, row, None)
        for row in rows:
            if row.ended_at is None:
                _begin(by, row)
    return len(rows)


def _due() -> QuerySet[Absence]:
    over, begins = Q(last__lt=today()), Q(begun_at__isnull=True, first__lte=today())
    return Absence.objects.filter(over | begins, ended_at__isnull=True)
