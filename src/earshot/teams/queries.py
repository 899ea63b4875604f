"""Reads on teams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.utils.translation import get_language

from earshot.kit.engine.prepared import Prepared
from earshot.kit.reading import once
from earshot.people.models import Person
from earshot.people.queries import is_head_at_or_above
from earshot.playbooks.queries import role_names
from earshot.teams.models import Membership, Seat, Team
from earshot.teams.registry import OWNERS


@dataclass(frozen=True)
class SeatRead:
    """A seat as people read it: `membership` None is an empty chair; `accepted` False is somebody asked, not yet sitting. `also`: the roles
    of the other seats of the team that the same person is asked to take or sits in."""

    seat: Seat
    role: str
    why: str
    membership: Membership | None
    accepted: bool
    also: tuple[str, ...] = ()


def _live() -> FilteredRelation:
    """The membership of a seat that has not ended: of nobody, somebody asked or somebody sitting there."""
    return FilteredRelation("memberships", condition=Q(memberships__ended_at__isnull=True))


_OF_TEAM = Prepared(
    lambda team: (
        Seat.objects.filter(team=team)  # type: ignore[misc]  # the plugin does not know filtered relations
        .annotate(live=_live())
        .select_related("live", "live__person", "live__person__unit", "live__acceptance")
        .order_by("-leader", "pk")
    )
)


@once
def seats(team_id: UUID) -> list[SeatRead]:
    """The seats of a team, the leader's first, in one statement."""
    rows: list[Seat] = _OF_TEAM.objects(team_id)
    names = role_names({seat.role for seat in rows})
    english = (get_language() or "").startswith("en")
    held: dict[UUID, list[str]] = {}
    for seat in rows:
        if (live := getattr(seat, "live", None)) is not None:
            held.setdefault(live.person_id, []).append(seat.role)
    read = []
    for seat in rows:
        membership = getattr(seat, "live", None)
        accepted = membership is not None and hasattr(membership, "acceptance")
        also = [names[role] for role in held[membership.person_id] if role != seat.role] if membership else []
        why = seat.why_en if english else seat.why_zh
        read.append(SeatRead(seat, names[seat.role], why, membership, accepted, tuple(also)))
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
    person = ("live__id", "live__person_id", "live__person__name", "live__nominated_at", "live__acceptance__at")
    rows = Seat.objects.filter(team=team_id).annotate(live=_live()).order_by("-leader", "pk")
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


def leaders_of(team_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Team → who has accepted its leading seat, in one statement; a team whose chair is empty is left out."""
    return {row.seat.team_id: row.person for row in _LEADING.objects(list(team_ids))}


_LEADING = Prepared(
    lambda teams: Membership.objects.filter(
        seat__team__in=teams, seat__leader=True, ended_at__isnull=True, acceptance__isnull=False, person__left_at__isnull=True
    ).select_related("person", "seat")
)


_SITS = Prepared(lambda person, team: sitting(team).filter(pk=person).order_by().values_list("pk"))


def sits(person: Person, team_id: UUID) -> bool:
    """Whether the person has accepted a seat of the team."""
    return bool(_SITS.rows(person.pk, team_id))


def sitting_on(person: Person, team_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the teams of which the person has accepted a seat, in one statement."""
    mine = Membership.objects.filter(person=person, seat__team__in=list(team_ids), ended_at__isnull=True, acceptance__isnull=False)
    return set(mine.values_list("seat__team_id", flat=True))


def may_nominate(person: Person, team: Team, known: Sequence[SeatRead] | None = None) -> bool:
    """Whether the person asks others to take its seats: whoever sits in the leading one, answers for what the team serves, or heads
    its unit or one above. `known`: the seats of the team, where they have just been read."""
    led = seats(team.pk) if known is None else known
    leads = any(row.seat.leader and row.accepted and row.membership and row.membership.person_id == person.pk for row in led)
    return leads or is_head_at_or_above(person, team.unit) or any(person.pk in owners(team) for owners in OWNERS.values())


def without_leader(team: str = "pk") -> Q:
    """Condition on teams, or on rows that point at one by `team`: nobody who is with the company sits in the leading seat, or is asked
    to."""
    led = Membership.objects.filter(seat__team=OuterRef(team), seat__leader=True, ended_at__isnull=True, person__left_at__isnull=True)
    return ~Q(Exists(led))


def earlier_members(team_id: UUID) -> list[Membership]:
    """Who sat on the team and does no more, the last first, each with the seat, the acceptance and why it ended."""
    ended = Membership.objects.filter(seat__team=team_id, ended_at__isnull=False, acceptance__isnull=False)
    return list(ended.select_related("person", "seat", "acceptance").order_by("-ended_at", "-pk"))


def nominations_of(person: Person) -> QuerySet[Membership]:
    """Seats that wait for this person's own answer."""
    return Membership.objects.filter(person=person, ended_at__isnull=True, acceptance__isnull=True).select_related("seat", "seat__team")
