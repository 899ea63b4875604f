"""Decisions outside what the team may decide: asked of one person at a time."""

from __future__ import annotations

from uuid import UUID

from ninja import Router
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, AnyReason, Body, Coded, Id, Moment, Named, Reason, moment, moment_or_none, named
from earshot.clocks.queries import Reading, readings
from earshot.deals import actions, escalations
from earshot.deals.models import Asking, Deal, Escalation
from earshot.desk.finding import find, find_row

router = Router()


class AskingShown(TypedDict):
    """`person` null: nobody is there to be asked. `instead_of`: who is away, where the deputy is asked. `as_head`: a head above, not a
    holder of the role. `due_at`: when the next one is asked."""

    person: Named | None
    instead_of: Named | None
    as_head: bool
    at: Moment
    due_at: Moment | None
    ended_at: Moment | None


class EscalationShown(TypedDict):
    """`mandate` and `role` null: every mandate is known not to hold. `raised_by` null: by the process. `asked`: of whom, in turn; the last
    one now. `outcome`: approved, refused, withdrawn, moved or otherwise; empty while it is open."""

    id: Id
    gate: Coded
    mandate: Coded | None
    role: Coded | None
    raised_by: Named | None
    reason: str
    at: Moment
    asked: list[AskingShown]
    outcome: str
    words: str
    ended_by: Named | None
    ended_at: Moment | None


class EscalationList(TypedDict):
    items: list[EscalationShown]


class NewQuestion(Body):
    reason: AnyReason = ""


class NewDecision(Body):
    """A no says why."""

    approves: bool
    reason: AnyReason = ""


class Because(Body):
    reason: Reason


def _asking(one: Asking, clock: Reading | None) -> AskingShown:
    return {
        "person": named(one.person) if one.person else None,
        "instead_of": named(one.instead_of) if one.instead_of else None,
        "as_head": one.as_head,
        "at": moment(one.at),
        "due_at": moment(clock.due_at) if clock else None,
        "ended_at": moment_or_none(one.ended_at),
    }


def _of_deal(deal: Deal) -> list[EscalationShown]:
    rows = escalations.of_deal(deal)
    clocks = readings([one.pk for _row, asked in rows for one in asked]) if rows else {}
    return [_shown(row, asked, clocks) for row, asked in rows]


def _shown(row: Escalation, asked: list[Asking], clocks: dict[UUID, Reading]) -> EscalationShown:
    return {
        "id": str(row.pk),
        "gate": {"code": row.gate.code, "name": str(row.gate)},
        "mandate": {"code": row.mandate.code, "name": str(row.mandate)} if row.mandate else None,
        "role": {"code": row.role.code, "name": str(row.role)} if row.role else None,
        "raised_by": named(row.raised_by) if row.raised_by else None,
        "reason": row.reason,
        "at": moment(row.at),
        "asked": [_asking(one, clocks.get(one.pk)) for one in asked],
        "outcome": row.outcome,
        "words": row.words,
        "ended_by": named(row.ended_by) if row.ended_by else None,
        "ended_at": moment_or_none(row.ended_at),
    }


def _one(deal: Deal, row: Escalation) -> EscalationShown:
    return next(shown for shown in _of_deal(deal) if shown["id"] == str(row.pk))


@router.get("/deals/{deal_id}/escalations", response=EscalationList)
@read
def list_escalations(request: Asked, deal_id: AnyId) -> EscalationList:
    """Decisions outside the team's mandate that are or were asked on this deal, the newest first."""
    return {"items": _of_deal(find(me(request), "deal", deal_id))}


@router.post("/deals/{deal_id}/escalations", response={201: EscalationShown})
@versioned
@write
def ask_for_decision(request: Asked, deal_id: AnyId, body: NewQuestion) -> Reply:
    """Ask for the decision, before the process does. Refused inside the team's mandate, without the figures, and while it is asked
    already."""
    deal = find_row(me(request), "deal", deal_id)
    row = actions.ask_for_decision(by=actor(request), deal=deal, version=version(request), reason=body.reason)
    return Reply(_one(deal, row), 201)


@router.post("/deals/{deal_id}/escalations/decisions", response=EscalationShown)
@versioned
@write
def decide(request: Asked, deal_id: AnyId, body: NewDecision) -> Reply:
    """The answer of whoever is asked. It counts at the gate as the vote of the role; hearing comes first."""
    deal = find_row(me(request), "deal", deal_id)
    row = actions.decide(by=actor(request), deal=deal, approves=body.approves, reason=body.reason, version=version(request))
    return Reply(_one(deal, row))


@router.post("/deals/{deal_id}/escalations/withdrawals", response=EscalationShown)
@versioned
@write
def withdraw_escalation(request: Asked, deal_id: AnyId, body: Because) -> Reply:
    """Take the question back, with a reason."""
    deal = find_row(me(request), "deal", deal_id)
    row = actions.withdraw_escalation(by=actor(request), deal=deal, version=version(request), reason=body.reason)
    return Reply(_one(deal, row))
