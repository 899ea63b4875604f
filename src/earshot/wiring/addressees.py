"""Addressee of a ladder → who that is for each subject, when a step fires. Nobody is told of his or her own lateness as a superior:
where the person whose duty it is would be told so, the next head above is."""

from __future__ import annotations

from uuid import UUID

from earshot.clocks.registry import Resolver, Subject, Subjects
from earshot.kit.ruling import permissive
from earshot.people.models import Person, Unit
from earshot.people.permits import OPERATE, holders
from earshot.people.queries import heads_upwards
from earshot.teams.queries import leaders_of

Told = dict[UUID, list[Person]]


def hearer(subjects: Subjects) -> Told:
    """Whose duty it is: who must hear, or who is assigned to the call."""
    return _or_operations({pk: [subject.person] if subject.person else [] for pk, subject in subjects.items()})


@permissive("nobody", lambda subjects: {})
def sender(subjects: Subjects) -> Told:
    """Who asked for it; where nobody did, whose duty it is."""
    asked = {pk: subject.sender or subject.person for pk, subject in subjects.items()}
    return _or_operations({pk: [person] if person else [] for pk, person in asked.items()})


def leader(subjects: Subjects) -> Told:
    """Who sits in the leading seat of the team, else who answers for what it is about; else the nearest head."""
    leading = leaders_of({subject.team for subject in subjects.values() if subject.team})
    named = {pk: (leading.get(subject.team) if subject.team else None) or subject.owner for pk, subject in subjects.items()}
    told = {pk: [person] for pk, person in named.items() if person and not _owes(person, subjects[pk])}
    above = _heads({pk: (subject.led_by, subject) for pk, subject in subjects.items() if pk not in told})
    return _or_operations(told | above)


def unit_head(subjects: Subjects) -> Told:
    """The head of the unit whose duty it is, or the nearest one above."""
    return _or_operations(_heads({pk: (subject.unit, subject) for pk, subject in subjects.items()}))


def operations(subjects: Subjects) -> Told:
    return _or_operations({pk: [] for pk in subjects})


def _owes(person: Person, subject: Subject) -> bool:
    return subject.person is not None and subject.person.pk == person.pk


def _heads(asked: dict[UUID, tuple[Unit | None, Subject]]) -> Told:
    heads = heads_upwards({unit.pk for unit, _subject in asked.values() if unit})
    found: Told = {}
    for pk, (unit, subject) in asked.items():
        others = [head for head in heads.get(unit.pk, []) if not _owes(head, subject)] if unit else []
        found[pk] = others[:1]
    return found


def _or_operations(told: Told) -> Told:
    nobody = [pk for pk, people in told.items() if not people]
    if nobody:
        people = list(Person.objects.filter(holders(OPERATE), left_at__isnull=True).order_by("pk"))
        told |= dict.fromkeys(nobody, people)
    return told


RESOLVERS: dict[str, Resolver] = {
    "hearer": hearer,
    "sender": sender,
    "leader": leader,
    "unit_head": unit_head,
    "operations": operations,
}
