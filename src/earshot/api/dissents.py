"""Roles of a team that are silent or against while the others decide, and what a head has settled (B8.2a)."""

from __future__ import annotations

from uuid import UUID

from ninja import Router
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, Body, Coded, Id, Moment, Named, Reason, moment, moment_or_none, named
from earshot.clocks.queries import Reading, readings
from earshot.deals import actions, dissents
from earshot.deals.dissent_tables import Dissent, VoteAsked
from earshot.deals.models import Deal
from earshot.desk.finding import find, find_row

router = Router()


class VoteAskedShown(TypedDict):
    """A role of the team that was asked to vote because others had begun to. `due_at`: when its silence keeps the gate shut no longer;
    `silent_at`: since when it does not. `ended`: voted, anew (the customer said something critical, and it is asked again) or moved; empty:
    still asked."""

    id: Id
    role: Coded
    at: Moment
    due_at: Moment | None
    silent_at: Moment | None
    ended: str
    ended_at: Moment | None


class DissentShown(TypedDict):
    """Who of the team was against, as which role and why. `asked`: who is to settle it now, null: nobody is there, or it has ended.
    `outcome`: goes_on, stands, taken_back or moved; empty: open. `lapsed_at`: what was settled counts no more, for the customer has said
    something critical since, or the deal is another."""

    id: Id
    role: Coded
    person: Named
    reason: str
    at: Moment
    asked: Named | None
    due_at: Moment | None
    outcome: str
    settled_by: Named | None
    stands_for: Named | None
    words: str
    ended_at: Moment | None
    lapsed_at: Moment | None


class TeamVoices(TypedDict):
    asked: list[VoteAskedShown]
    dissents: list[DissentShown]


class NewSettlement(Body):
    """`goes_on`: the deal goes on all the same; else the gate stays shut until the vote is another."""

    goes_on: bool
    words: Reason


def _voices(deal: Deal) -> TeamVoices:
    found = dissents.of_deal(deal)
    clocks = readings([one.pk for one in (*found.asked, *found.open)]) if found.asked or found.open else {}
    return {
        "asked": [_asked(one, clocks.get(one.pk)) for one in found.votes],
        "dissents": [_dissent(deal, one, clocks.get(one.pk)) for one in found.dissents],
    }


def _coded(row: VoteAsked | Dissent) -> Coded:
    return {"code": row.role.code, "name": str(row.role)}


def _asked(row: VoteAsked, clock: Reading | None) -> VoteAskedShown:
    return {
        "id": str(row.pk),
        "role": _coded(row),
        "at": moment(row.at),
        "due_at": moment(clock.due_at) if clock else None,
        "silent_at": moment_or_none(row.silent_at),
        "ended": row.ended,
        "ended_at": moment_or_none(row.ended_at),
    }


def _dissent(deal: Deal, row: Dissent, clock: Reading | None) -> DissentShown:
    whom = dissents.asked_of(deal, row)[0] if row.ended_at is None else None
    return {
        "id": str(row.pk),
        "role": _coded(row),
        "person": named(row.vote.person),
        "reason": row.vote.reason,
        "at": moment(row.at),
        "asked": named(whom) if whom else None,
        "due_at": moment(clock.due_at) if clock else None,
        "outcome": row.outcome,
        "settled_by": named(row.settled_by) if row.settled_by else None,
        "stands_for": named(row.stands_for) if row.stands_for else None,
        "words": row.words,
        "ended_at": moment_or_none(row.ended_at),
        "lapsed_at": moment_or_none(row.lapsed_at),
    }


def _one(deal: Deal, pk: UUID) -> DissentShown:
    return next(one for one in _voices(deal)["dissents"] if one["id"] == str(pk))


@router.get("/deals/{deal_id}/dissents", response=TeamVoices)
@read
def list_dissents(request: Asked, deal_id: AnyId) -> TeamVoices:
    """Roles of the team that were asked to vote, and who of them was against, in the order in which it began."""
    return _voices(find(me(request), "deal", deal_id))


@router.post("/deals/{deal_id}/dissents/{dissent_id}/settlements", response=DissentShown)
@versioned
@write
def settle_dissent(request: Asked, deal_id: AnyId, dissent_id: AnyId, body: NewSettlement) -> Reply:
    """A head above the deal and above who is against settles it in words: it goes on, or it does not. Hearing comes first; where nothing
    else was missing, the gate opens with it."""
    deal = find_row(me(request), "deal", deal_id)
    row = dissents.of_id(deal, dissent_id)
    actions.settle_dissent(by=actor(request), deal=deal, dissent=row, goes_on=body.goes_on, words=body.words, version=version(request))
    return Reply(_one(deal, row.pk))
