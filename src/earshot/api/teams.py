"""Teams: seats, nominations, and each person's own answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import get_language
from ninja import Router
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, Body, Coded, Id, Moment, Named, ShortReason, moment, moment_or_none, named
from earshot.api.finding import meant
from earshot.desk.finding import find
from earshot.playbooks import book
from earshot.teams.actions import accept_seat, decline_seat, nominate, release_seat
from earshot.teams.models import Membership
from earshot.teams.queries import seat_rows

router = Router()


class MembershipShown(TypedDict):
    """Somebody asked to take a seat. `accepted_at` null: has not answered yet, and counts for nothing."""

    id: Id
    person: Named
    nominated_at: Moment
    accepted_at: Moment | None


class SeatShown(TypedDict):
    """`membership` null: an empty chair; `why` says for what somebody is wanted."""

    id: Id
    role: Coded
    leader: bool
    why: str
    membership: MembershipShown | None


class TeamShown(TypedDict):
    id: Id
    name: str
    unit: Named
    seats: list[SeatShown]


class Nomination(Body):
    person: AnyId


class SeatRefusal(Body):
    reason: ShortReason


class SeatRelease(Body):
    """`person`: who is asked to take the seat next, in the same act; null: it is an empty chair."""

    reason: ShortReason
    person: AnyId | None = None


class Released(TypedDict):
    """`next`: who is asked to take the seat now."""

    next: MembershipShown | None


def membership_shown(membership: Membership) -> MembershipShown:
    acceptance = getattr(membership, "acceptance", None)
    return {
        "id": str(membership.pk),
        "person": named(membership.person),
        "nominated_at": moment(membership.nominated_at),
        "accepted_at": moment_or_none(acceptance.at if acceptance else None),
    }


def seats_shown(team_id: UUID, roles: Mapping[str, Any]) -> list[SeatShown]:
    """`roles`: by code, as the process of the deal names them."""
    english = (get_language() or "").startswith("en")
    return [
        {
            "id": str(seat.id),
            "role": {"code": seat.role, "name": str(roles.get(seat.role, seat.role))},
            "leader": seat.leader,
            "why": seat.why_en if english else seat.why_zh,
            "membership": {
                "id": str(seat.membership),
                "person": {"id": str(seat.person), "name": seat.name or ""},
                "nominated_at": moment(seat.nominated_at),
                "accepted_at": moment_or_none(seat.accepted_at),
            }
            if seat.nominated_at
            else None,
        }
        for seat in seat_rows(team_id)
    ]


@router.get("/teams/{team_id}", response=TeamShown)
@read
def show_team(request: Asked, team_id: AnyId) -> TeamShown:
    """A team: its seats, and who sits there. What is written to its one address reaches those who have accepted theirs."""
    team = find(me(request), "team", team_id)
    return {
        "id": str(team.pk),
        "name": team.name,
        "unit": named(team.unit),
        "seats": seats_shown(team.pk, book.in_force().process.roles),
    }


@router.post("/seats/{seat_id}/nominations", response={201: MembershipShown})
@write
def nominate_to_seat(request: Asked, seat_id: AnyId, body: Nomination) -> Reply:
    """Ask a colleague to take a seat of a deal's team. It counts once that person has accepted."""
    seat = find(me(request), "seat", seat_id)
    person = meant(me(request), "person", body.person, "person")
    return Reply(membership_shown(nominate(by=actor(request), seat=seat, person=person)), 201)


@router.post("/memberships/{membership_id}/acceptance", response={201: MembershipShown})
@write
def accept_membership(request: Asked, membership_id: AnyId) -> Reply:
    """Take the seat that you are asked to take: your own act, nobody does it for you."""
    membership = find(me(request), "membership", membership_id)
    acceptance = accept_seat(by=actor(request), membership=membership)
    membership.acceptance = acceptance
    return Reply(membership_shown(membership), 201)


@router.post("/memberships/{membership_id}/refusal", response={204: None})
@write
def refuse_membership(request: Asked, membership_id: AnyId, body: SeatRefusal) -> Reply:
    """Do not take the seat, and say why: the chair is empty again."""
    decline_seat(by=actor(request), membership=find(me(request), "membership", membership_id), reason=body.reason)
    return Reply(status=204)


@router.post("/memberships/{membership_id}/release", response={201: Released})
@write
def release_membership(request: Asked, membership_id: AnyId, body: SeatRelease) -> Reply:
    """Give back the seat that you accepted, or free it as whoever leads the team, owns the deal or heads its unit; and say why."""
    membership = find(me(request), "membership", membership_id)
    to = meant(me(request), "person", body.person, "person") if body.person else None
    asked = release_seat(by=actor(request), membership=membership, reason=body.reason, to=to)
    return Reply({"next": membership_shown(asked) if asked else None}, 201)
