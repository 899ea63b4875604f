"""Taking a part out of a deal, and what it was one deal with."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from ninja import Router
from pydantic import Field
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.deals import DealShown, deal_shown
from earshot.api.fields import (
    Amount,
    AnyId,
    AnyReason,
    Body,
    Code,
    Coded,
    Goal,
    Id,
    Moment,
    Money,
    Named,
    NewId,
    Title,
    moment,
    money,
    named,
)
from earshot.api.finding import meant
from earshot.deals import actions, wholes
from earshot.deals.lines import MOST as MOST_LINES
from earshot.deals.models import Deal
from earshot.deals.specialties import MOST
from earshot.desk.finding import find, find_row

router = Router()
Whom = Literal["first", "part", "both"]


class ServiceGoing(Body):
    """Whether the type of service goes with the part, or both carry it. One that is left out stays."""

    service: Code
    whom: Literal["part", "both"]


class CallGoing(Body):
    """Whom the open call serves from now on. One that is left out serves both, where the playbook calls for it on the part as well."""

    call: AnyId
    whom: Whom


class NewPart(Body):
    """`amount`: of the part, in the deal's currency; `kept`: of what remains; left out: the difference. `reason`: why, where the two come
    to another sum than before. `lines`: ids of those that go; `risks`: ids of the risk lines that the part makes good."""

    id: NewId | None = None
    title: Title
    goal: Goal
    due: date
    amount: Amount | None = None
    kept: Amount | None = None
    reason: AnyReason = ""
    services: Annotated[list[ServiceGoing], Field(max_length=MOST)] = []
    lines: Annotated[list[AnyId], Field(max_length=MOST_LINES)] = []
    calls: Annotated[list[CallGoing], Field(max_length=200)] = []
    risks: Annotated[list[AnyId], Field(max_length=200)] = []


class LinkShown(TypedDict):
    """Another deal with which this one was one; `id` null: you may not see it, so ask `unit`. `before`: what the first was worth until
    then; `kept`, `taken`: what remained, and what the part was worth."""

    id: Id | None
    number: str
    unit: str
    person: Named
    at: Moment
    before: Money | None
    kept: Money | None
    taken: Money | None
    reason: str


class PassedBeforeShown(TypedDict):
    """A gate that was passed (`asked`), or was none for it, before the deal was taken out of another, as part of the deal `number`."""

    gate: Coded
    asked: bool
    number: str
    at: Moment


class JoinedShown(TypedDict):
    """A deal that was joined to this one, or to which this one was. `id` null: you may not see it, so ask `unit`. `kept`, `brought`: what
    the two were worth until then; `total`: what they have been worth since."""

    id: Id | None
    number: str
    unit: str
    person: Named
    at: Moment
    kept: Money | None
    brought: Money | None
    total: Money | None
    reason: str


class NewJoin(Body):
    """`other`, as you saw it in `other_version`, becomes part of the deal, and is closed. `amount`: of both together; left out: their sum;
    where it is another, `reason` says why."""

    other: AnyId
    other_version: Annotated[int, Field(ge=1, le=2_000_000_000)]
    amount: Amount | None = None
    reason: AnyReason = ""


class PartsShown(TypedDict):
    """`first`: what the deal was taken out of; `parts`: what was taken out of it; `joined`: what was joined to it; `joined_to`: what it was
    joined to itself. `judged_by`: the amount by which its size and its
    mandates are judged, with every open part; null: not known. `with_deals`: the numbers of the others that count in it."""

    first: LinkShown | None
    parts: list[LinkShown]
    joined: list[JoinedShown]
    joined_to: JoinedShown | None
    judged_by: str | None
    with_deals: list[str]
    passed_before: list[PassedBeforeShown]


def _link(link: wholes.Link) -> LinkShown:
    row = link.split
    return {
        "id": str(link.deal.pk) if link.deal is not None else None,
        "number": link.number,
        "unit": link.unit,
        "person": named(row.person),
        "at": moment(row.at),
        "before": money(row.before),
        "kept": money(row.kept),
        "taken": money(row.taken),
        "reason": row.reason,
    }


def _joined(one: wholes.Joined) -> JoinedShown:
    row = one.join
    return {
        "id": str(one.deal.pk) if one.deal is not None else None,
        "number": one.number,
        "unit": one.unit,
        "person": named(row.person),
        "at": moment(row.at),
        "kept": money(row.kept),
        "brought": money(row.brought),
        "total": money(row.total),
        "reason": row.reason,
    }


@router.get("/deals/{deal_id}/parts", response=PartsShown)
@read
def show_parts(request: Asked, deal_id: AnyId) -> PartsShown:
    """What the deal was taken out of, what was taken out of it, and by what they are judged together."""
    person = me(request)
    deal: Deal = find(person, "deal", deal_id)
    family = wholes.family(person, deal)
    judged = wholes.judged_amount(deal)
    passed = []
    for row in wholes.passed_before(deal):
        record = row.passed or row.not_asked
        assert record is not None, "by constraint it is one of the two"
        passed.append(
            PassedBeforeShown(
                gate={"code": row.gate.code, "name": str(row.gate)},
                asked=row.passed is not None,
                number=record.visit.deal.number,
                at=moment(record.at),
            )
        )
    return {
        "first": _link(family.first) if family.first else None,
        "parts": [_link(one) for one in family.parts],
        "joined": [_joined(one) for one in family.joined],
        "joined_to": _joined(family.into) if family.into else None,
        "judged_by": f"{judged:.2f}" if judged is not None else None,
        "with_deals": [one.number for one in wholes.judged_with(deal)],
        "passed_before": passed,
    }


@router.post("/deals/{deal_id}/parts", response={201: DealShown})
@shows_version
@versioned
@write
def split_deal(request: Asked, deal_id: AnyId, body: NewPart) -> Reply:
    """Take a part out of an open deal, as a deal of its own in the same stage, with its team and the gates that it has passed."""
    part = actions.split_deal(
        by=actor(request),
        deal=find_row(me(request), "deal", deal_id),
        version=version(request),
        title=body.title,
        goal=body.goal,
        due=body.due,
        amount=body.amount,
        kept=body.kept,
        reason=body.reason,
        services={one.service: one.whom for one in body.services},
        lines=body.lines,
        calls={one.call: one.whom for one in body.calls},
        risks_going=body.risks,
        id=body.id,
    )
    return deal_shown(part, 201)


@router.post("/deals/{deal_id}/joins", response=DealShown)
@shows_version
@versioned
@write
def join_deals(request: Asked, deal_id: AnyId, body: NewJoin) -> Reply:
    """Join another open deal of the same customer to this one: what was said and is owed there arrives here, and the other is closed."""
    person = me(request)
    deal = actions.join_deals(
        by=actor(request),
        deal=find_row(person, "deal", deal_id),
        version=version(request),
        other=meant(person, "deal", body.other, "other"),
        other_version=body.other_version,
        amount=body.amount,
        reason=body.reason,
    )
    return deal_shown(deal)
