"""Gates opened by risk decision, and what is still to be made good."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from ninja import Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, AnyReason, Body, Coded, Day, Id, Moment, Named, Reason, moment, named
from earshot.api.finding import meant
from earshot.deals import actions, risks
from earshot.deals.decisions import RiskLine
from earshot.deals.risks import ON
from earshot.desk.finding import find, find_row
from earshot.journal.queries import in_language
from earshot.kit.problems import missing

router = Router()
Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]


class MadeGoodShown(TypedDict):
    """`person` null and no `words`: its check found nothing missing any more."""

    person: Named | None
    words: str
    at: Moment


class RiskShown(TypedDict):
    """One thing that was missing when a head opened the gate (`decided_by`; `stands_for`: the head in whose place, where a deputy did).
    `by_check`: its check can be asked again while the deal is open, and alone makes it good. `made_good` null: it is still owed, by
    `who` until the end of the day `due`."""

    id: Id
    key: str
    gate: Coded
    decided_by: Named
    stands_for: Named | None
    decided_at: Moment
    missing: str
    reason: str
    who: Named
    due: Day
    by_check: bool
    made_good: MadeGoodShown | None


class NewRisk(Body):
    """`key`: of a condition of the gate that is not met. `who`: the deal's owner, somebody who sits on its team, or a head above it."""

    key: Key
    reason: Reason
    who: AnyId
    due: date


class NewRiskDecision(Body):
    lines: Annotated[list[NewRisk], Field(min_length=1, max_length=500)]


class MakingGood(Body):
    """`words`: how; needed where no check can be asked again."""

    words: AnyReason = ""


def _risk(line: RiskLine) -> RiskShown:
    decision, made = line.decision, getattr(line, "made_good", None)
    return {
        "id": str(line.pk),
        "key": line.key,
        "gate": {"code": decision.gate.code, "name": str(decision.gate)},
        "decided_by": named(decision.person),
        "stands_for": named(decision.stands_for) if decision.stands_for is not None else None,
        "decided_at": moment(decision.at),
        "missing": in_language(line.line["sentence"]),
        "reason": line.reason,
        "who": named(risks.owing(line)),
        "due": line.due.isoformat(),
        "by_check": line.lasts,
        "made_good": {"person": named(made.person) if made.person else None, "words": made.words, "at": moment(made.at)} if made else None,
    }


@router.get("/deals/{deal_id}/risks", response=list[RiskShown])
@read
def list_risks(request: Asked, deal_id: AnyId) -> list[RiskShown]:
    """What was passed at risk on this deal, the last decision first, and what of it is still to be made good."""
    deal = find(me(request), "deal", deal_id)
    return [_risk(line) for line in risks.lines_of(deal.pk)]


@router.post("/deals/{deal_id}/risk-decisions", response={201: list[RiskShown]})
@versioned
@write
def pass_at_risk(request: Asked, deal_id: AnyId, body: NewRiskDecision) -> Reply:
    """Open the gate before the deal with something missing, as a head of its unit or one above. Every condition that is not met is listed,
    by its `key`, each once; where anything else is missing at this moment, it is refused with that. The deal moves on."""
    person = me(request)
    deal = find_row(person, "deal", deal_id)
    people = {one.who: meant(person, "person", one.who, "lines") for one in body.lines}
    lines = [actions.AtRisk(one.key, one.reason, people[one.who], one.due) for one in body.lines]
    actions.pass_at_risk(by=actor(request), deal=deal, version=version(request), lines=lines)
    return Reply([_risk(line) for line in risks.lines_of(deal.pk)], 201)


@router.post("/deals/{deal_id}/risks/{risk_id}/made-good", response=list[RiskShown])
@write
def make_good(request: Asked, deal_id: AnyId, risk_id: AnyId, body: MakingGood) -> Reply:
    """What was missing is made good: its check says so, or you do in words, where no check can be asked again."""
    deal = find_row(me(request), "deal", deal_id)
    line = RiskLine.objects.select_related("decision__gate", "who").filter(ON([deal.pk]), pk=risk_id).first()
    if line is None:
        raise missing()
    actions.make_good(by=actor(request), line=line, words=body.words)
    return Reply([_risk(one) for one in risks.lines_of(deal.pk)])
