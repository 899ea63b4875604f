"""Reads on teams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import FilteredRelation, Q, QuerySet
from django.utils.translation import get_language

from earshot.kit.engine.prepared import Prepared
from earshot.people.models import Person
from earshot.people.queries import is_head_at_or_above
from earshot.playbooks.queries import role_names
from earshot.teams.models import Membership, Seat, Team


@dataclass(frozen=True)
class SeatRead:
    """A seat as people read it: `membership` None is an empty chair; `accepted` False is somebody asked, not yet sitting."""

    seat: Seat
    role: str
    why: str
    membership: Membership | None
    accepted: bool


_OF_TEAM = Prepared(lambda team: Seat.objects.filter(team=team).order_by("-leader", "pk"))
_MEMBERS = Prepared(
    lambda team: Membership.objects.filter(seat__team=team, ended_at__isnull=True).select_related("person", "person__unit", "acceptance")
)


def seats(team_id: UUID) -> list[SeatRead]:
    """The seats of a team, the leader's first, in three statements."""
    rows: list[Seat] = _OF_TEAM.objects(team_id)
    live = {membership.seat_id: membership for membership in _MEMBERS.objects(team_id)}
    names = role_names({seat.role for seat in rows})
    english = (get_language() or "").startswith("en")
    read = []
    for seat in rows:
        membership = live.get(seat.pk)
        accepted = membership is not None and hasattr(membership, "acceptance")
        read.append(SeatRead(seat, names[seat.role], seat.why_en if english else seat.why_zh, membership, accepted))
    return read


@dataclass(frozen=True)
class SeatRow:
    """The same as plain data, without the unit of whoever sits there."""

    id: UUID
    role: str
    leader: bool
    why_zh: str
    why_en: str
    membership: UUID | None
    person: UUID | None
    name: str | None
    nominated_at: datetime | None
    accepted_at: datetime | None


def _rows(team_id: UUID) -> QuerySet[Any, Any]:
    live = FilteredRelation("memberships", condition=Q(memberships__ended_at__isnull=True))
    person = ("live__id", "live__person_id", "live__person__name", "live__nominated_at", "live__acceptance__at")
    rows = Seat.objects.filter(team=team_id).annotate(live=live).order_by("-leader", "pk")
    return rows.values_list("id", "role", "leader", "why_zh", "why_en", *person)


_SEATS = Prepared(_rows)


def seat_rows(team_id: UUID) -> list[SeatRow]:
    """The seats of a team, the leader's first, in one statement."""
    return [SeatRow(*row) for row in _SEATS.rows(team_id)]


def sitting(team_id: UUID, role: str | None = None) -> QuerySet[Person]:
    """People who have accepted a seat of the team (with this role, if given)."""
    memberships = Membership.objects.filter(seat__team=team_id, ended_at__isnull=True, acceptance__isnull=False)
    if role is not None:
        memberships = memberships.filter(seat__role=role)
    return Person.objects.filter(pk__in=memberships.values("person"), left_at__isnull=True).order_by("pk")


_SITS = Prepared(lambda person, team: sitting(team).filter(pk=person).order_by().values_list("pk"))


def sits(person: Person, team_id: UUID) -> bool:
    """Whether the person has accepted a seat of the team."""
    return bool(_SITS.rows(person.pk, team_id))


_LEADS = Prepared(
    lambda person, team: Membership.objects.filter(seat__team=team, seat__leader=True, person=person, ended_at__isnull=True).values_list(
        "pk"
    )[:1]
)


def may_nominate(person: Person, team: Team) -> bool:
    """Whether the person asks others to take its seats: whoever leads the team, or heads its unit or one above."""
    return bool(_LEADS.rows(person.pk, team.pk)) or is_head_at_or_above(person, team.unit)


def nominations_of(person: Person) -> QuerySet[Membership]:
    """Seats that wait for this person's own answer."""
    return Membership.objects.filter(person=person, ended_at__isnull=True, acceptance__isnull=True).select_related("seat", "seat__team")
