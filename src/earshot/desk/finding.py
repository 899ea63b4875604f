"""Finding one object for a door: what the person may not see does not exist for him or her, and both sound the same (law 13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from earshot.accounts import persons
from earshot.accounts import queries as accounts
from earshot.calls import queries as calls
from earshot.deals import leads, waits
from earshot.deals import queries as deals
from earshot.desk import saved
from earshot.kit.problems import missing
from earshot.people.models import Person, Token, Unit
from earshot.people.permits import ADMINISTER
from earshot.people.queries import calendars_visible_to, own_unit
from earshot.people.standing import Seeing, reach_of
from earshot.playbooks import revisions
from earshot.talk.models import Channel
from earshot.talk.queries import messages as talk
from earshot.teams.models import Membership, Seat, Team
from earshot.voice import queries as voice
from earshot.voice.models import Attendance, Meeting


def _deals(person: Person) -> QuerySet[Any]:
    return deals.with_names(deals.visible_to(person)).select_related("process", "team")


def _people(person: Person) -> QuerySet[Person]:
    """Colleagues are known to each other; who has left is known to the heads of the unit alone."""
    current = Person.objects.filter(left_at__isnull=True)
    return (current | Person.objects.filter(unit__in=reach_of(person).units)).select_related("unit")


def _units(person: Person) -> QuerySet[Unit]:
    """One's own unit and those that one heads; all of them for whoever administers."""
    known = reach_of(person)
    own = Q(pk__in=known.units) | Q(pk__in=own_unit(person))
    units = Unit.objects.all() if ADMINISTER in known.permissions else Unit.objects.filter(own)
    return units.select_related("calendar")


def _memberships(person: Person) -> QuerySet[Membership]:
    """One's own, and those on the teams of deals that one may see."""
    on_teams = Q(seat__team__in=deals.visible_to(person).values("team"))
    return Membership.objects.filter(Q(person=person) | on_teams).select_related("seat__team", "person")


def _teams(person: Person) -> QuerySet[Team]:
    """Those that one sits on, and those of deals that one may see. What is said among the members is another matter."""
    mine = Membership.objects.filter(person=person, ended_at__isnull=True, acceptance__isnull=False).values("seat__team")
    return Team.objects.filter(Q(pk__in=mine) | Q(pk__in=deals.visible_to(person).values("team"))).select_related("unit")


FINDERS: dict[str, Callable[[Person], QuerySet[Any]]] = {
    "deal": _deals,
    "lead": lambda person: leads.with_names(leads.visible_to(person)),
    "account": lambda person: accounts.visible_to(person).select_related("unit", "owner", "segment", "parent__unit"),
    "contact": lambda person: persons.visible_to(person).select_related("account__unit", "person", "reports_to"),
    "item": lambda person: voice.visible_to(person).select_related("deal", "meeting"),
    "call": lambda person: calls.visible_to(person).select_related("deal", "unit", "accountable", "trigger__support"),
    "meeting": lambda person: Meeting.objects.filter(deal__in=deals.visible_to(person).values("pk")).select_related("deal", "author"),
    "attendance": lambda person: Attendance.objects.filter(person=person).select_related("meeting__deal"),
    "membership": _memberships,
    "seat": lambda person: Seat.objects.filter(team__in=deals.visible_to(person).values("team")).select_related("team__unit"),
    "team": _teams,
    "message": lambda person: talk.visible_to(person).select_related("author__unit"),
    "token": lambda person: Token.objects.filter(person=person).select_related("person"),
    "channel": lambda person: Channel.objects.filter(person=person, ended_at__isnull=True).select_related("person"),
    "person": _people,
    "calendar": lambda person: calendars_visible_to(person).select_related("of_unit"),
    "unit": _units,
    "wait": lambda person: waits.visible_to(person).select_related(
        "deal__owner", "unit", "person", "raised_by", "ended_by", "role", "former_role"
    ),
    "view": lambda person: saved.visible_to(person).select_related("owner"),
    "revision": lambda person: revisions.visible_to(person).select_related("opened_by"),
    "playbook": lambda person: revisions.versions_seen(person).select_related("revision__opened_by"),
}


def _one(finder: Callable[[Person], QuerySet[Any]]) -> Seeing:
    return Seeing(lambda person, object_id: finder(person).filter(pk=object_id))


_ONE = {kind: _one(finder) for kind, finder in FINDERS.items()}
_ROW = {kind: _one(lambda person, finder=finder: finder(person).select_related(None)) for kind, finder in FINDERS.items()}  # type: ignore[misc]  # a default that binds the loop's value


def find(person: Person, kind: str, object_id: UUID) -> Any:
    """The object of this kind and public id, if the person may see it; otherwise `missing()`. In one statement."""
    found = _ONE[kind].one(person, object_id)
    if found is None:
        raise missing()
    return found


def find_row(person: Person, kind: str, object_id: UUID) -> Any:
    """The same without anything beside its own row: for a verb that locks the object and reads it again."""
    found = _ROW[kind].one(person, object_id)
    if found is None:
        raise missing()
    return found
