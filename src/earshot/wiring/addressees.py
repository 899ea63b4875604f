"""Addressee → who that is, for an object, when a step of its ladder fires (order 2 fires them)."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from earshot.calls.models import Assignment, Call
from earshot.people.models import Person, Unit
from earshot.people.permits import OPERATE, holders
from earshot.people.queries import head_at_or_above
from earshot.teams.queries import sitting
from earshot.voice.models import Ear

Resolver = Callable[[str, UUID], list[Person]]


def _person(kind: str, object_id: UUID) -> Person | None:
    if kind == "ear":
        ear = Ear.objects.select_related("person", "person__unit").filter(pk=object_id).first()
        return ear.person if ear else None
    assignment = Assignment.objects.select_related("person", "person__unit").filter(call=object_id, ended_at__isnull=True).first()
    return assignment.person if assignment else None


def hearer(kind: str, object_id: UUID) -> list[Person]:
    """Whose duty it is: who must hear, or who is assigned to the call."""
    person = _person(kind, object_id)
    return [person] if person else operations(kind, object_id)


def leader(kind: str, object_id: UUID) -> list[Person]:
    """Who sits in the leading seat of the deal's team, else the deal's owner."""
    deal = Ear.objects.select_related("item__deal__owner").get(pk=object_id).item.deal if kind == "ear" else _call(object_id).deal
    return list(sitting(deal.team_id).filter(memberships__seat__leader=True, memberships__seat__team=deal.team_id)[:1]) or [deal.owner]


def unit_head(kind: str, object_id: UUID) -> list[Person]:
    """The head of the unit whose duty it is, or the nearest one above."""
    unit: Unit | None
    if kind == "ear":
        person = _person(kind, object_id)
        unit = person.unit if person else None
    else:
        unit = _call(object_id).unit
    head = head_at_or_above(unit) if unit else None
    return [head] if head else operations(kind, object_id)


def operations(kind: str, object_id: UUID) -> list[Person]:
    return list(Person.objects.filter(holders(OPERATE)).order_by("pk"))


def _call(call_id: UUID) -> Call:
    return Call.objects.select_related("deal", "deal__owner", "unit").get(pk=call_id)


RESOLVERS: dict[str, Resolver] = {"hearer": hearer, "leader": leader, "unit_head": unit_head, "operations": operations}
