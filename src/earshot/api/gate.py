"""The gate before a deal, and the votes at it."""

from __future__ import annotations

from uuid import UUID

from ninja import Router
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.deals import GateNamed, gate_named
from earshot.api.fields import (
    AnyId,
    AnyReason,
    Body,
    Coded,
    Id,
    Moment,
    Named,
    Page,
    moment,
    moment_or_none,
    named,
)
from earshot.api.problems import ProblemLine, line
from earshot.deals import actions, gates, queries
from earshot.deals.models import GatePass, Vote
from earshot.deals.rules import Condition
from earshot.desk.finding import find, find_row
from earshot.journal.queries import in_language
from earshot.voice.queries import seen_of

router = Router()


class ConditionShown(TypedDict):
    """`key`: of what is asked, by which a risk decision lists it. `met` null: it cannot be judged, which counts as not met. `warns`: a
    policy lets the gate open all the same."""

    key: str
    met: bool | None
    warns: bool
    line: ProblemLine


class GateShown(TypedDict):
    """`gate` null: no gate stands at the end of this stage for this deal, or the deal is closed; the conditions are then those that the
    stages themselves ask. `open`: nothing keeps the deal here."""

    gate: GateNamed | None
    open: bool
    conditions: list[ConditionShown]


class VoteShown(TypedDict):
    """`stands_for`: whose decision it is, where a deputy voted for somebody who was away. `replaced_at`: since when it counts no more:
    the same person voted anew or took it back, or what was voted on has changed."""

    id: Id
    gate: Coded
    role: Coded
    person: Named
    stands_for: Named | None
    approves: bool
    reason: str
    at: Moment
    replaced_at: Moment | None


class HeardShown(TypedDict):
    """A critical statement: `item` null where it is not yours to see. `how`: present or noted."""

    item: Id | None
    how: str
    at: Moment


class DeciderShown(TypedDict):
    """Who decided, and what he or she had heard of the customer by then."""

    person: Named
    heard: list[HeardShown]


class LineThen(TypedDict):
    """A condition as it stood. `met` false and `warns` false: it was missing, and a head took it on."""

    sentence: str
    met: bool
    warns: bool


class PassShown(TypedDict):
    """A gate that the deal has passed. `at_risk`: by a head's decision, with something missing."""

    gate: Coded
    at: Moment
    at_risk: bool
    votes: list[VoteShown]
    deciders: list[DeciderShown]
    lines: list[LineThen]


class PassList(TypedDict):
    items: list[PassShown]


class NewVote(Body):
    """A no says why."""

    approves: bool
    reason: AnyReason = ""


def _condition(condition: Condition) -> ConditionShown:
    return {"key": condition.key, "met": condition.met, "warns": condition.warns, "line": line(condition.line)}


def _vote(vote: Vote) -> VoteShown:
    return {
        "id": str(vote.pk),
        "gate": {"code": vote.gate.code, "name": str(vote.gate)},
        "role": {"code": vote.role.code, "name": str(vote.role)},
        "person": named(vote.person),
        "stands_for": named(vote.stands_for) if vote.stands_for else None,
        "approves": vote.approves,
        "reason": vote.reason,
        "at": moment(vote.at),
        "replaced_at": moment_or_none(vote.replaced_at),
    }


@router.get("/deals/{deal_id}/gate", response=GateShown)
@read
def review_gate(request: Asked, deal_id: AnyId) -> GateShown:
    """The gate before the deal: every condition, met or not, for which object, who can mend it and by which act. Asking is not
    trying: it leaves no trace."""
    deal = find(me(request), "deal", deal_id)
    review = None if hasattr(deal, "closing") else gates.review(deal)
    if review is None:
        return {"gate": None, "open": True, "conditions": []}
    return {
        "gate": gate_named(review.gate) if review.gate else None,
        "open": review.open,
        "conditions": [_condition(condition) for condition in review.conditions],
    }


@router.get("/deals/{deal_id}/votes", response=Page[VoteShown])
@read
def list_votes(request: Asked, deal_id: AnyId, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[VoteShown]:
    """Who decided what at the gates of this deal, the newest first."""
    deal = find(me(request), "deal", deal_id)
    rows = Vote.objects.filter(visit__deal=deal).select_related("gate", "role", "person", "stands_for")
    found, after = paging.part(rows, ("-at", "-id"), cursor, limit)
    return {"items": [_vote(vote) for vote in found], "next": after}


@router.post("/deals/{deal_id}/votes", response={201: VoteShown})
@versioned
@write
def cast_vote(request: Asked, deal_id: AnyId, body: NewVote) -> Reply:
    """Your vote at the gate before the deal. It is refused, naming each statement, while you have not heard something critical
    that the customer said. The last vote needed opens the gate."""
    deal = find_row(me(request), "deal", deal_id)
    cast = actions.vote(by=actor(request), deal=deal, approves=body.approves, reason=body.reason, version=version(request))
    return Reply(_vote(cast), 201)


@router.post("/deals/{deal_id}/vote-withdrawals", response=list[VoteShown])
@versioned
@write
def withdraw_vote(request: Asked, deal_id: AnyId) -> Reply:
    """Take back your own vote at the gate before the deal; that it was cast stays on record. One vote for each role that you had voted
    for."""
    deal = find_row(me(request), "deal", deal_id)
    taken = actions.withdraw_vote(by=actor(request), deal=deal, version=version(request))
    rows = Vote.objects.filter(pk__in=[vote.pk for vote in taken]).select_related("gate", "role", "person", "stands_for").order_by("pk")
    return Reply([_vote(vote) for vote in rows])


@router.get("/deals/{deal_id}/passes", response=PassList)
@read
def list_passes(request: Asked, deal_id: AnyId) -> PassList:
    """The gates that the deal has passed, the last first: who decided, who of them had heard what and when, and what was met then."""
    passed = queries.passes(find(me(request), "deal", deal_id))
    seen = seen_of(me(request), {UUID(one["item"]) for row, _votes in passed for who in row.heard for one in who["heard"]})
    return {"items": [_pass(row, votes, seen) for row, votes in passed]}


def _pass(row: GatePass, votes: list[Vote], seen: set[UUID]) -> PassShown:
    return {
        "gate": {"code": row.gate.code, "name": str(row.gate)},
        "at": moment(row.at),
        "at_risk": row.risk_id is not None,
        "votes": [_vote(vote) for vote in votes],
        "deciders": [
            {
                "person": {"id": who["person"], "name": who["name"]},
                "heard": [
                    {"item": one["item"] if UUID(one["item"]) in seen else None, "how": one["how"], "at": one["at"]} for one in who["heard"]
                ],
            }
            for who in row.heard
        ],
        "lines": [
            {"sentence": in_language(one["sentence"]), "met": one.get("met") is True, "warns": bool(one.get("warns"))} for one in row.lines
        ],
    }
