"""Deals: list, open, change, move, lose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils.translation import get_language
from ninja import Query, Router
from pydantic import BaseModel, Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import (
    CLEAN,
    Amount,
    AnyId,
    AnyReason,
    Body,
    Code,
    Coded,
    Currency,
    Day,
    Goal,
    Id,
    Moment,
    Money,
    Named,
    NewId,
    Page,
    Reason,
    Title,
    moment,
    moment_or_none,
    money,
    named,
)
from earshot.api.finding import meant
from earshot.api.teams import SeatShown, seats_shown
from earshot.deals import actions, queries, wholes
from earshot.deals.models import Deal
from earshot.deals.policies import standing
from earshot.deals.rates import company_currency
from earshot.deals.specialties import MOST, services_of
from earshot.desk import pipeline
from earshot.desk.finding import find_row
from earshot.kit.problems import missing
from earshot.kit.reading import reading
from earshot.people.standing import Seeing
from earshot.playbooks import book

router = Router()
Outcome = Literal["won", "lost", "given_up", "joined"]
Sort = Literal[
    "",
    "title",
    "account",
    "owner",
    "stage",
    "due",
    "next",
    "amount",
    "since",
    "opened",
    "-title",
    "-account",
    "-owner",
    "-stage",
    "-due",
    "-next",
    "-amount",
    "-since",
    "-opened",
]
SumMoney = Annotated[str, Field(pattern=r"^[0-9]{1,20}\.[0-9]{2}$")]


class AccountNamed(TypedDict):
    id: Id
    number: str
    name: str


class ClosingShown(TypedDict):
    """How the deal ended, when, and why: in words, and for which of the reasons of its process (`code`; empty: none was named).
    `competitor`: who won it instead."""

    outcome: Outcome
    code: str
    reason: str
    competitor: str
    at: Moment


class DealLine(TypedDict):
    """`account` null: imported with an account that nobody knows; such a deal passes no gate. `amount` null: not known yet.
    `goal`: what is to be achieved by the day `due`; empty and null: imported without, and such a deal passes no gate.
    `outcome` null: still open. `part_of`: the number of the deal that it was taken out of.
    `version`: of the row; the ETag of the deal, to be named in `If-Match` by who changes it."""

    id: Id
    number: str
    title: str
    account: AccountNamed | None
    owner: Named
    stage: Coded
    goal: str
    due: Day | None
    amount: Money | None
    currency: str
    outcome: Outcome | None
    part_of: str | None
    version: int
    opened_at: Moment


class NextStepNamed(TypedDict):
    """`slipped`: its day has passed on a deal that is open."""

    what: str
    due: Day
    doer: str
    slipped: bool


class PipelineLine(DealLine):
    """`services`: codes of its types of service. `since`: when it entered its stage, or ended. `next_step` null: nobody has said one."""

    services: list[str]
    since: Moment
    next_step: NextStepNamed | None


class GateNamed(Coded):
    question: str


class PathStepShown(TypedDict):
    """A stage on the deal's way. `entered_at` null: not reached yet. `gate`: the one at its end."""

    stage: Coded
    current: bool
    entered_at: Moment | None
    left_at: Moment | None
    gate: GateNamed | None


class ProfileShown(TypedDict):
    """In which profile of the policies the deal stands. `because`: as the company, or of its unit or one above, or of its size; `code`
    of that unit or size."""

    profile: Literal["light", "standard", "strict"]
    because: Literal["company", "unit", "tier"]
    code: str


class DealShown(DealLine):
    unit: Named
    profile: ProfileShown
    closing: ClosingShown | None
    services: list[Coded]
    path: list[PathStepShown]
    seats: list[SeatShown]


class NewDeal(Body):
    """`services`: codes of the types of service that it carries. `goal` and `due`: what is to be achieved by which day; nothing is begun
    without them. `owner`: left out, you. `another`: this is
    not the deal of the same title, for the same account and owner, that was opened in the last twelve hours; without it, such a deal is
    answered with 409, naming the one that is there."""

    id: NewId | None = None
    title: Title
    account: AnyId
    goal: Goal
    due: date
    owner: AnyId | None = None
    amount: Amount | None = None
    currency: Currency = "CNY"
    services: Annotated[list[Code], Field(max_length=MOST)] = []
    another: bool = False


class DealChange(Body):
    """What is left out, or null, stays as it is."""

    title: Title | None = None
    account: AnyId | None = None
    goal: Goal | None = None
    due: date | None = None
    amount: Amount | None = None
    currency: Currency | None = None


class Move(Body):
    """`to`: code of the stage that you mean, so that a move that is not the one you mean is refused."""

    to: Code | None = None


class Reversal(Body):
    to: Code
    reason: Reason


class Loss(Body):
    """`code`: one of the reasons of the deal's process, where it has any. `competitor`: who won it, where that reason asks."""

    reason: Reason
    code: Annotated[str, StringConstraints(max_length=60, pattern=CLEAN)] = ""
    competitor: Annotated[str, StringConstraints(max_length=200, pattern=CLEAN)] = ""


class WinReason(Body):
    code: Code
    reason: AnyReason = ""


# What a line of the list needs, in one statement. The name of the stage, in the language asked for, is asked for beside them.
COLUMNS = (
    "id",
    "number",
    "title",
    "account_id",
    "account__number",
    "account__name",
    "owner_id",
    "owner__name",
    "stage__code",
    "goal",
    "due",
    "amount",
    "currency",
    "closing__outcome",
    "whole_id",
    "version",
    "opened_at",
)
# What one deal needs besides.
DETAILS = (
    "unit_id",
    "unit__name",
    "closing__code",
    "closing__reason",
    "closing__competitor",
    "closing__at",
    "process_id",
    "stage_id",
    "team_id",
    "outside_id",
    "services",
)
KEYS = ("unit_id", "process_id", "stage_id", "team_id", "account_id", "amount", "currency", "outside_id", "services", "whole_id")


def lines_of(deals: QuerySet[Deal], *more: str, english: bool) -> QuerySet[Deal, dict[str, Any]]:
    """The COLUMNS of the deals, `stage_name`, and `more`."""
    rows: QuerySet[Deal, dict[str, Any]] = deals.values(*COLUMNS, *more, stage_name=F("stage__en" if english else "stage__zh"))
    return rows


def _english() -> bool:
    return (get_language() or "").startswith("en")


_ONE = Seeing(lambda person, deal_id, *, english: lines_of(queries.visible_to(person).filter(pk=deal_id), *DETAILS, english=english))


def deal_line(row: dict[str, Any], firsts: Mapping[UUID, str]) -> DealLine:
    """Plain data all the way: a list is mostly this function. `firsts`: of each part, the number of the deal that it was taken out of."""
    account_id = row["account_id"]
    return {
        "id": str(row["id"]),
        "number": row["number"],
        "title": row["title"],
        "account": {"id": str(account_id), "number": row["account__number"], "name": row["account__name"]} if account_id else None,
        "owner": {"id": str(row["owner_id"]), "name": row["owner__name"]},
        "stage": {"code": row["stage__code"], "name": row["stage_name"]},
        "goal": row["goal"],
        "due": row["due"].isoformat() if row["due"] else None,
        "amount": money(row["amount"]),
        "currency": row["currency"],
        "outcome": row["closing__outcome"],
        "part_of": firsts.get(row["id"]),
        "version": row["version"],
        "opened_at": moment(row["opened_at"]),
    }


def line_of(deal: Deal) -> DealLine:
    closing = getattr(deal, "closing", None)
    return {
        "id": str(deal.pk),
        "number": deal.number,
        "title": deal.title,
        "account": {"id": str(deal.account.pk), "number": deal.account.number, "name": deal.account.name} if deal.account else None,
        "owner": named(deal.owner),
        "stage": {"code": deal.stage.code, "name": str(deal.stage)},
        "goal": deal.goal,
        "due": deal.due.isoformat() if deal.due else None,
        "amount": money(deal.amount),
        "currency": deal.currency,
        "outcome": closing.outcome if closing else None,
        "part_of": wholes.first_numbers([deal.pk] if deal.whole_id else []).get(deal.pk),
        "version": deal.version,
        "opened_at": moment(deal.opened_at),
    }


def gate_named(gate: Any) -> GateNamed:
    return {"code": gate.code, "name": str(gate), "question": gate.question}


def _step(step: queries.PathStep) -> PathStepShown:
    gate = getattr(step.stage, "gate", None)
    return {
        "stage": {"code": step.stage.code, "name": str(step.stage)},
        "current": step.current,
        "entered_at": moment_or_none(step.visit.entered_at if step.visit else None),
        "left_at": moment_or_none(step.visit.left_at if step.visit else None),
        "gate": gate_named(gate) if gate else None,
    }


def deal_shown(deal: Deal, status: int = 200) -> Reply:
    """The deal as an answer, with its version, to somebody who has just written it."""
    closing = getattr(deal, "closing", None)
    ended: ClosingShown | None = (
        {
            "outcome": closing.outcome,
            "code": closing.code,
            "reason": closing.reason,
            "competitor": closing.competitor,
            "at": moment(closing.at),
        }
        if closing
        else None
    )
    return _shown(deal, line_of(deal), named(deal.unit), ended, status)


def _shown(deal: Deal, line: DealLine, unit: Named, closing: ClosingShown | None, status: int = 200) -> Reply:
    """`deal`: at least its keys, and what its size is judged by."""
    stands = standing(deal)
    roles = book.process_of(deal.process_id).roles
    data: DealShown = {
        **line,
        "unit": unit,
        "profile": {"profile": stands.profile, "because": stands.why, "code": stands.code},  # type: ignore[typeddict-item]  # of those that there are
        "closing": closing,
        "services": [{"code": code, "name": str(row)} for code, row in zip(deal.service_codes, services_of(deal), strict=True)],
        "path": [_step(step) for step in queries.path(deal)],
        "seats": seats_shown(deal.team_id, roles),
    }
    return Reply(data, status, version=line["version"])


Words = Annotated[str, StringConstraints(max_length=200, pattern=CLEAN)]


class Narrowing(BaseModel):
    """What narrows the pipeline, by the names that stand in the addresses of the pages, too. What is left out asks nothing."""

    q: Annotated[str, StringConstraints(max_length=100, pattern=CLEAN)] = Field(
        "", description="Words of the title or the account's name, or the number."
    )
    stage: Words = Field("", description="Code of the stage; a stage of the same code is one, whatever version of the process it is of.")
    step: Words = Field("", description="Code of the step that the stage belongs to.")
    tier: Words = Field("", description="Code of the size. At most 20,000 deals that fit otherwise.")
    unit: AnyId | None = Field(None, description="Id of the unit; with those below it.")
    owner: Words = Field("", description="Id of the owner, or words of the name.")
    account: Words = Field("", description="Id of the account, or words of the name.")
    process: Annotated[int, Field(ge=0, le=99_999)] | None = Field(None, description="Number of the version of the process.")
    state: Literal["", "won", "lost", "given_up", "joined", "all"] | None = Field(
        None, description="Empty: open; all where neither this nor `closed` is given."
    )
    closed: bool | None = Field(None, description="true: only closed ones; false: only open ones.")
    service: Words = Field("", description="Code of one of the deal's types of service; “-”: it has none.")
    how: Literal["", "late", "slipped", "stepless", "ageing", "blocked", "ready"] = Field(
        "",
        description="late: past their date; slipped: past the day of their next step; stepless: without one; ageing: longer in their stage "
        "than usual; blocked: more than the decision is missing at the gate; ready: nothing else is.",
    )
    older: Annotated[int, Field(ge=0, le=99_999)] | None = Field(None, description="In the stage for so many days at least.")
    least: Amount | None = Field(None, description="Worth so much at least, in the company's currency; what has no rate is not compared.")
    most: Amount | None = Field(None, description="Worth so much at most.")
    reason: Words = Field("", description="Code of the reason for which it ended; “-”: ended, and none was named. Only closed ones.")
    competitor: Words = Field("", description="The name of who won it. Only closed ones.")
    ended: Annotated[int, Field(ge=0, le=99_999)] | None = Field(None, description="Ended at most so many days ago. Only closed ones.")
    mine: bool = Field(False, description="true: only those that you own.")


Narrowed = Annotated[Narrowing, Query()]


def wanted(asked: Narrowing, sort: str = "") -> pipeline.Wanted:
    given = asked.model_dump(exclude={"closed"}) | {"sort": sort}
    state = {None: "all", False: "", True: "closed"}[asked.closed] if asked.state is None else asked.state
    said = {name: "1" if value is True else "" if value in (None, False) else str(value) for name, value in given.items()}
    return pipeline.read(said | {"state": state})


def _pipeline_line(row: dict[str, Any], firsts: Mapping[UUID, str], day: date) -> PipelineLine:
    due = row["next_due"]
    slipped = due is not None and row["closing__outcome"] is None and due < day
    return {
        **deal_line(row, firsts),
        "services": row["services"].split(),
        "since": moment(row["since"]),
        "next_step": {"what": row["next_what"], "due": due.isoformat(), "doer": row["next_doer"], "slipped": slipped} if due else None,
    }


@router.get("/deals", response=Page[PipelineLine])
@read
def list_deals(
    request: Asked,
    asked: Narrowed,
    sort: Annotated[Sort, Query(description="Descending with `-` in front; left out: the newest first.")] = "",
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[PipelineLine]:
    """The deals that you may see, narrowed; the newest first where no order is asked for."""
    with reading():
        rows, order = pipeline.ordered(me(request), wanted(asked, sort))
    lines = lines_of(pipeline.standing_so(rows), "key", "services", *pipeline.STANDING, english=_english())
    found, after = paging.part(lines, order, cursor, limit, sort)
    firsts = wholes.first_numbers([row["id"] for row in found if row["whole_id"]])
    day = queries.today()
    return {"items": [_pipeline_line(row, firsts, day) for row in found], "next": after}


class StageSum(TypedDict):
    """`worth` null: nothing of it can be converted. `amounts`: by currency, as they are. `without_rate`: the currencies that are not in
    `worth`. `without_amount`: deals whose amount nobody has entered. `usual_days` null: too few have left the stage."""

    stage: Coded
    count: int
    without_amount: int
    worth: SumMoney | None
    amounts: dict[str, SumMoney]
    without_rate: list[str]
    usual_days: int | None


class RateUsed(TypedDict):
    currency: str
    rate: str
    day: Day


class Sums(TypedDict):
    """`currency`: the company's, in which every `worth` is said, by these `rates`."""

    currency: str
    count: int
    without_amount: int
    worth: SumMoney | None
    amounts: dict[str, SumMoney]
    without_rate: list[str]
    rates: list[RateUsed]
    stages: list[StageSum]


@router.get("/deals/sums", response=Sums)
@read
def sum_deals(request: Asked, asked: Narrowed) -> Sums:
    """The deals that you may see, narrowed as the list is, counted and summed by stage and currency."""
    with reading():
        found = pipeline.sums(me(request), wanted(asked))
    usual = pipeline.usual()
    return {
        "currency": company_currency(),
        **_summed(found.all),  # type: ignore[typeddict-item]  # of the fields that both have
        "rates": [
            {"currency": one.currency, "rate": f"{one.rate.normalize():f}", "day": one.day.isoformat()} for one in found.all.worth.by
        ],
        "stages": [
            {
                "stage": {"code": one.code, "name": str(one.stage)},
                **_summed(one),
                "usual_days": usual[one.code].days if one.code in usual else None,
            }
            for one in found.stages
        ],
    }


class EndSum(TypedDict):
    """`reason` null: none of the playbook's was named."""

    outcome: Literal["won", "lost", "given_up"]
    reason: Coded | None
    count: int
    without_amount: int
    worth: SumMoney | None
    amounts: dict[str, SumMoney]
    without_rate: list[str]


class WonBy(TypedDict):
    competitor: str
    count: int
    without_amount: int
    worth: SumMoney | None
    amounts: dict[str, SumMoney]
    without_rate: list[str]


class Endings(TypedDict):
    """`currency`: the company's, in which every `worth` is said."""

    currency: str
    reasons: list[EndSum]
    competitors: list[WonBy]


@router.get("/deals/endings", response=Endings)
@read
def count_endings(request: Asked, asked: Narrowed) -> Endings:
    """Why the deals that you may see ended, narrowed as the list is: counted and summed by reason, and by who won them instead. What was
    joined to another goes on there."""
    with reading():
        found = pipeline.endings(me(request), wanted(asked))
    return {
        "currency": company_currency(),
        "reasons": [
            {
                "outcome": one.outcome,
                "reason": {"code": one.code, "name": str(one.reason or one.code)} if one.code else None,
                **_summed(one),  # type: ignore[typeddict-item]  # of the fields that all have
            }
            for one in found.reasons
        ],
        "competitors": [{"competitor": one.competitor, **_summed(one)} for one in found.competitors],  # type: ignore[typeddict-item]
    }


def _summed(of: pipeline.Summed) -> dict[str, Any]:
    return {
        "count": of.count,
        "without_amount": of.unknown,
        "worth": money(of.worth.total),
        "amounts": {code: money(amount) for code, amount in of.worth.originals.items()},
        "without_rate": list(of.worth.without),
    }


@router.post("/deals", response={201: DealShown})
@shows_version
@write
def open_deal(request: Asked, body: NewDeal) -> Reply:
    """A new deal in the first stage of the process in force, with its team. Entering that stage calls what it calls."""
    person = me(request)
    owner = person if body.owner is None else meant(person, "person", body.owner, "owner")
    account = meant(person, "account", body.account, "account")
    deal = actions.open_deal(
        by=actor(request),
        title=body.title,
        account=account,
        owner=owner,
        goal=body.goal,
        due=body.due,
        amount=body.amount,
        currency=body.currency,
        services=body.services,
        another=body.another,
        id=body.id,
    )
    return deal_shown(deal, 201)


@router.get("/deals/{deal_id}", response=DealShown)
@shows_version
@read
def show_deal(request: Asked, deal_id: AnyId) -> Reply:
    """One deal with its way through the stages and the seats of its team."""
    row = next(iter(_ONE.dicts(me(request), deal_id, english=_english())), None)
    if row is None:
        raise missing()
    keys = Deal(pk=deal_id, **{name: row[name] for name in KEYS})
    unit: Named = {"id": str(row["unit_id"]), "name": row["unit__name"]}
    outcome = row["closing__outcome"]
    closing: ClosingShown | None = (
        {
            "outcome": outcome,
            "code": row["closing__code"],
            "reason": row["closing__reason"],
            "competitor": row["closing__competitor"],
            "at": moment(row["closing__at"]),
        }
        if outcome
        else None
    )
    return _shown(keys, deal_line(row, wholes.first_numbers([deal_id] if row["whole_id"] else [])), unit, closing)


@router.patch("/deals/{deal_id}", response=DealShown)
@shows_version
@versioned
@write
def change_deal(request: Asked, deal_id: AnyId, body: DealChange) -> Reply:
    """Change title, account, goal, date or amount of the version that you have read."""
    deal = find_row(me(request), "deal", deal_id)
    account = None if body.account is None else meant(me(request), "account", body.account, "account")
    changed = actions.change_deal(
        by=actor(request),
        deal=deal,
        version=version(request),
        title=body.title,
        account=account,
        goal=body.goal,
        due=body.due,
        amount=body.amount,
        currency=body.currency,
    )
    return deal_shown(changed)


@router.post("/deals/{deal_id}/moves", response=DealShown)
@shows_version
@versioned
@write
def move_deal(request: Asked, deal_id: AnyId, body: Move) -> Reply:
    """Leave the stage forwards: through its gate, if it has one, to the next stage, or to *won* from the last. A shut gate
    answers 409 with a line for each condition, and the journal says that it was tried. Entering a stage calls what it calls."""
    deal = find_row(me(request), "deal", deal_id)
    return deal_shown(actions.move_on(by=actor(request), deal=deal, version=version(request), to=body.to))


@router.post("/deals/{deal_id}/reversals", response=DealShown)
@shows_version
@versioned
@write
def move_deal_back(request: Asked, deal_id: AnyId, body: Reversal) -> Reply:
    """Back to an earlier stage, with a reason."""
    deal = find_row(me(request), "deal", deal_id)
    return deal_shown(actions.move_back(by=actor(request), deal=deal, version=version(request), to=body.to, reason=body.reason))


@router.post("/deals/{deal_id}/losses", response=DealShown)
@shows_version
@versioned
@write
def lose_deal(request: Asked, deal_id: AnyId, body: Loss) -> Reply:
    """The customer decided for another, or against buying: why."""
    deal = find_row(me(request), "deal", deal_id)
    said = {"reason": body.reason, "code": body.code, "competitor": body.competitor}
    return deal_shown(actions.lose_deal(by=actor(request), deal=deal, version=version(request), **said))


@router.post("/deals/{deal_id}/win-reason", response=DealShown)
@shows_version
@versioned
@write
def say_why_won(request: Asked, deal_id: AnyId, body: WinReason) -> Reply:
    """Why the deal was won: one of the reasons of its process. Said anew, the later word counts."""
    deal = find_row(me(request), "deal", deal_id)
    won = actions.say_why_won(by=actor(request), deal=deal, version=version(request), code=body.code, reason=body.reason)
    return deal_shown(won)
