"""Giving a deal up: a proposal with what was tried instead, what each of the team says, its end."""

from __future__ import annotations

from typing import Annotated

from ninja import Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, AnyReason, Body, Coded, Goal, Id, Moment, Named, Reason, moment, moment_or_none, named
from earshot.clocks.queries import readings
from earshot.deals import actions, giving_up
from earshot.deals.giving_up_tables import GivingUp
from earshot.deals.models import Deal
from earshot.desk.finding import find, find_row

router = Router()


class AlternativeShown(TypedDict):
    tried: str
    came_of_it: str


class VoiceShown(TypedDict):
    """Somebody who is asked: for a `role` of the team, or as the `head` above the deal. `agrees` null: has not spoken; `silent_at`: from
    then on waited for no longer. `spoken_by`: the deputy who spoke, null: he or she in person. `lapsed_at`: counts no more, for the
    customer has said something critical since, or it is not needed any more."""

    id: Id
    person: Named
    role: Coded | None
    head: bool
    at: Moment
    due_at: Moment | None
    agrees: bool | None
    words: str
    spoken_at: Moment | None
    spoken_by: Named | None
    silent_at: Moment | None
    lapsed_at: Moment | None


class GivingUpShown(TypedDict):
    """`code`: the reason of the deal's process, empty: none was named. `outcome`: given_up, refused, withdrawn or ended (the deal was won,
    lost or joined); empty: open, and `lacking` says what is missing until the deal is given up."""

    id: Id
    person: Named
    code: str
    reason: str
    at: Moment
    alternatives: list[AlternativeShown]
    voices: list[VoiceShown]
    lacking: list[str]
    outcome: str
    ended_at: Moment | None
    ended_by: Named | None


class NewAlternative(Body):
    tried: Goal
    came_of_it: Goal


class NewGivingUp(Body):
    """`alternatives`: what was tried instead; at least one."""

    reason: Reason
    code: Annotated[str, StringConstraints(max_length=60, pattern=CLEAN)] = ""
    alternatives: Annotated[list[NewAlternative], Field(min_length=1, max_length=10)]


class NewVoice(Body):
    """`words`: needed where somebody is against."""

    agrees: bool
    words: AnyReason = ""


class Withdrawal(Body):
    reason: Reason


def _shown(deal: Deal, row: GivingUp) -> GivingUpShown:
    waiting = [one.pk for one in row.voices.all() if one.spoken_at is None and one.lapsed_at is None] if row.ended_at is None else []
    clocks = readings(waiting) if waiting else {}
    lacking = giving_up.lacks(deal, row) if row.ended_at is None else []
    return {
        "id": str(row.pk),
        "person": named(row.person),
        "code": row.code,
        "reason": row.reason,
        "at": moment(row.at),
        "alternatives": [{"tried": one.tried, "came_of_it": one.came_of_it} for one in row.alternatives.all()],
        "voices": [
            {
                "id": str(one.pk),
                "person": named(one.person),
                "role": {"code": one.role.code, "name": str(one.role)} if one.role else None,
                "head": one.head,
                "at": moment(one.at),
                "due_at": moment(clocks[one.pk].due_at) if one.pk in clocks else None,
                "agrees": one.agrees,
                "words": one.words,
                "spoken_at": moment_or_none(one.spoken_at),
                "spoken_by": named(one.spoken_by) if one.spoken_by else None,
                "silent_at": moment_or_none(one.silent_at),
                "lapsed_at": moment_or_none(one.lapsed_at),
            }
            for one in sorted(row.voices.all(), key=lambda one: (one.at, one.pk))
        ],
        "lacking": [str(giving_up.LACKING[one]) for one in lacking],
        "outcome": row.outcome,
        "ended_at": moment_or_none(row.ended_at),
        "ended_by": named(row.ended_by) if row.ended_by else None,
    }


def _latest(deal: Deal) -> GivingUpShown:
    return _shown(deal, giving_up.of_deal(deal)[0])


@router.get("/deals/{deal_id}/giving-up", response=list[GivingUpShown])
@read
def list_giving_up(request: Asked, deal_id: AnyId) -> list[GivingUpShown]:
    """Every proposal to give the deal up, the newest first."""
    deal = find(me(request), "deal", deal_id)
    return [_shown(deal, row) for row in giving_up.of_deal(deal)]


@router.post("/deals/{deal_id}/giving-up", response={201: GivingUpShown})
@versioned
@write
def propose_giving_up(request: Asked, deal_id: AnyId, body: NewGivingUp) -> Reply:
    """Who works on the deal proposes to give it up, with what was tried instead; everybody of the team is asked."""
    deal = find_row(me(request), "deal", deal_id)
    tried = [(one.tried, one.came_of_it) for one in body.alternatives]
    said = {"reason": body.reason, "code": body.code}
    actions.propose_giving_up(by=actor(request), deal=deal, version=version(request), alternatives=tried, **said)
    return Reply(_latest(deal), status=201)


@router.post("/deals/{deal_id}/giving-up/voices", response=GivingUpShown)
@versioned
@write
def speak_on_giving_up(request: Asked, deal_id: AnyId, body: NewVoice) -> Reply:
    """Whoever is asked agrees, or is against; said anew, the later word counts. The last word closes the deal where nothing else is
    lacking and nobody was silent."""
    deal = find_row(me(request), "deal", deal_id)
    actions.speak_on_giving_up(by=actor(request), deal=deal, agrees=body.agrees, words=body.words, version=version(request))
    return Reply(_latest(deal))


@router.post("/deals/{deal_id}/giving-up/conclusion", response=GivingUpShown)
@versioned
@write
def conclude_giving_up(request: Asked, deal_id: AnyId) -> Reply:
    """Where somebody was silent, whoever proposed it or the deal's owner closes the deal, once nothing is lacking."""
    deal = find_row(me(request), "deal", deal_id)
    actions.conclude_giving_up(by=actor(request), deal=deal, version=version(request))
    return Reply(_latest(deal))


@router.post("/deals/{deal_id}/giving-up/withdrawal", response=GivingUpShown)
@versioned
@write
def withdraw_giving_up(request: Asked, deal_id: AnyId, body: Withdrawal) -> Reply:
    """Whoever proposed it, or the deal's owner, takes it back: the deal goes on."""
    deal = find_row(me(request), "deal", deal_id)
    actions.withdraw_giving_up(by=actor(request), deal=deal, version=version(request), reason=body.reason)
    return Reply(_latest(deal))
