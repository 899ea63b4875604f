"""Leads: what somebody heard that may become a deal, from anybody, in any role."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

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
    Currency,
    Day,
    Goal,
    Id,
    Moment,
    Named,
    NewId,
    Page,
    Reason,
    Short,
    Title,
    Words,
    moment,
    moment_or_none,
    named,
)
from earshot.api.finding import meant
from earshot.deals import actions, leads
from earshot.deals.lead_tables import Lead, LeadCorrection, LeadFinding, LeadStep
from earshot.desk.finding import find
from earshot.kit.reading import reading
from earshot.people.models import Person

router = Router()
State = Literal["new", "taken", "refused", "deal"]
StateAsked = Literal["open", "new", "taken", "refused", "deal", "all"]
Result = Literal["confirmed", "refuted", "unclear"]
Act = Literal["take_up", "rate", "step", "open", ""]
AnyCode = Annotated[str, StringConstraints(max_length=60, pattern=CLEAN)]
Looked = Annotated[str, StringConstraints(max_length=100, pattern=CLEAN)]


class LeadSpeaker(TypedDict):
    """As the reporter wrote it; both empty: not told."""

    name: str
    title: str


class LeadLine(TypedDict):
    """`customer`: as the reporter wrote it, empty where an account was chosen. `account`: null: not known as one, or not yours to see.
    `origin`: code of the role in which the reporter recorded it; empty: none. `rating`: a code of the playbook; empty: not rated.
    `next_step_due`: null: nobody has set one. `act`: the one act that takes it on; empty: it is closed."""

    id: Id
    number: str
    words: str
    customer: str
    account: Named | None
    source: str
    origin: str
    reporter: Named
    owner: Named
    unit: Named
    state: State
    rating: str
    next_step_due: Day | None
    act: Act
    recorded_at: Moment


class LeadFindingShown(TypedDict):
    found: str
    result: Result
    person: Named
    at: Moment


class LeadStepShown(TypedDict):
    what: str
    due: Day
    person: Named
    at: Moment


class LeadCorrectionShown(TypedDict):
    text: str
    person: Named
    at: Moment


class LeadTurnShown(TypedDict):
    """The lead came to stand in `state`, answered for by `owner`. `person` null: by the process, when things were handed over."""

    state: State
    owner: Named
    person: Named | None
    reason: str
    at: Moment


class LeadShown(LeadLine):
    """`said_at` null: not told. `heard`: the reporter heard it in person. `brought_in`: with a list, in which the
    reporter is named; nobody recorded it here. `category`: what it is about, by the playbook. `lacking`: what
    its rating demands and is not known. `deal`: id of the deal that it became, if you may see that; `deal_number` is told to whoever sees
    the lead. `version`: the ETag, to be named in `If-Match`."""

    speaker: LeadSpeaker
    said_at: Moment | None
    heard: bool
    brought_in: bool
    category: str
    lacking: list[str]
    findings: list[LeadFindingShown]
    steps: list[LeadStepShown]
    corrections: list[LeadCorrectionShown]
    turns: list[LeadTurnShown]
    deal: Id | None
    deal_number: str
    version: int


class LeadRecorded(LeadShown):
    """`alike`: accounts whose names are like what you called the customer; `alike_units`: units that know of others, to be asked."""

    alike: list[Named]
    alike_units: list[str]


class LeadOriginLine(TypedDict):
    """`role` empty: recorded by people without one. Each figure is the list with `origin` and `state` of the same names ("-": no role)."""

    role: str
    all: int
    open: int
    deal: int
    refused: int


class LeadOrigins(TypedDict):
    items: list[LeadOriginLine]


class NewLead(Body):
    """`words`: to the letter. `account`, or what the `customer` is called. `heard`: by you, from whoever said it. `role`: in which of your
    own roles; left out, the first that the process names."""

    id: NewId | None = None
    words: Words
    source: AnyCode = ""
    account: AnyId | None = None
    customer: Annotated[str, StringConstraints(max_length=200, pattern=CLEAN)] = ""
    speaker: Short = ""
    speaker_title: Short = ""
    said_at: datetime | None = None
    heard: bool = True
    category: AnyCode = ""
    role: AnyCode = ""


class LeadHanding(Body):
    to: AnyId
    reason: Reason


class LeadCorrecting(Body):
    correction: Words


class LeadCustomer(Body):
    """`account`, or the name and sector of the `customer` for whom one is opened in the same act. `another_customer`: it is none of those
    whose names are alike."""

    account: AnyId | None = None
    customer: Annotated[str, StringConstraints(max_length=200, pattern=CLEAN)] = ""
    sector: Short = ""
    another_customer: bool = False


class LeadRating(Body):
    rating: Code
    reason: AnyReason = ""


class NewLeadFinding(Body):
    found: Reason
    result: Result


class NewLeadStep(Body):
    """`due`: from today on."""

    what: Goal
    due: date


class LeadReason(Body):
    reason: Reason


class NewDealOfLead(LeadCustomer):
    """`also`: further leads that become the same deal. `another`: it is not the deal of this title that was opened a short while ago.
    `account`, or `customer` with the rest, of a lead that names no account yet."""

    title: Title
    goal: Goal
    due: date
    amount: Amount | None = None
    currency: Currency = "CNY"
    also: Annotated[list[AnyId], Field(max_length=50)] = []
    another: bool = False


class LeadJoining(Body):
    deal: AnyId


class LeadsDeal(TypedDict):
    """The deal that the lead is now: it carries the number of the lead that became it."""

    id: Id
    number: str


class LeadNarrowing(BaseModel):
    """What narrows the list; what is left out asks nothing."""

    q: Looked = Field("", description="Words of it, the customer or the number.")
    state: StateAsked = "open"
    rating: AnyCode = Field("", description="A code of the playbook; “-”: not rated.")
    owner: AnyCode = Field("", description="A person's id, or “me”.")
    older: int | None = Field(None, ge=0, le=9999, description="LeadRecorded at least so many days ago.")
    source: AnyCode = Field("", description="A code of the playbook.")
    origin: AnyCode = Field("", description="Code of the role in which it was recorded; “-”: none.")
    since: date | None = None
    until: date | None = None

    def given(self) -> dict[str, str]:
        return {name: "" if value is None else str(value) for name, value in self.model_dump().items()}


Narrowed = Annotated[LeadNarrowing, Query()]


def lead_line(lead: Any, accounts: dict[Any, Any]) -> LeadLine:
    account = accounts.get(lead.account_id)
    return {
        "id": str(lead.pk),
        "number": lead.number,
        "words": lead.said.words,
        "customer": lead.said.customer,
        "account": named(account) if account else None,
        "source": lead.source,
        "origin": lead.origin,
        "reporter": named(lead.reporter),
        "owner": named(lead.owner),
        "unit": named(lead.unit),
        "state": lead.state,
        "rating": lead.rating,
        "next_step_due": lead.step_due.isoformat() if lead.step_due else None,
        "act": leads.next_act(lead),  # type: ignore[typeddict-item]  # one of `Act`
        "recorded_at": moment(lead.recorded_at),
    }


def _whole(person: Person, lead: Lead) -> LeadShown:
    lead = leads.as_it_stands(lead.pk)
    said = lead.said
    by_time = ("-at", "-pk")
    return {
        **lead_line(lead, leads.accounts_seen(person, [lead])),
        "speaker": {"name": said.speaker_name, "title": said.speaker_title},
        "said_at": moment_or_none(said.said_at),
        "heard": said.heard,
        "brought_in": lead.outside_id is not None,
        "category": said.category,
        "lacking": leads.lacking(lead),
        "findings": [_finding(row) for row in lead.findings.select_related("person").order_by(*by_time)],
        "steps": [_step(row) for row in lead.steps.select_related("person").order_by(*by_time)],
        "corrections": [_correction(row) for row in lead.corrections.select_related("person").order_by(*by_time)],
        "turns": [
            {
                "state": row.state,  # type: ignore[typeddict-item]  # one of `State`
                "owner": named(row.owner),
                "person": named(row.person) if row.person else None,
                "reason": row.reason,
                "at": moment(row.at),
            }
            for row in lead.turns.select_related("person", "owner").order_by(*by_time)
        ],
        "deal": str(lead.deal_id) if lead.deal is not None and leads.sees_deal(person, lead.deal) else None,
        "deal_number": lead.deal.number if lead.deal else "",
        "version": lead.version,
    }


def _finding(row: LeadFinding) -> LeadFindingShown:
    return {"found": row.found, "result": row.result, "person": named(row.person), "at": moment(row.at)}  # type: ignore[typeddict-item]  # one of `Result`


def _step(row: LeadStep) -> LeadStepShown:
    return {"what": row.what, "due": row.due.isoformat(), "person": named(row.person), "at": moment(row.at)}


def _correction(row: LeadCorrection) -> LeadCorrectionShown:
    return {"text": row.text, "person": named(row.person), "at": moment(row.at)}


def _shown(person: Person, lead: Lead, status: int = 200) -> Reply:
    """The lead after an act, for whoever still sees it."""
    if not leads.sees(person, lead):
        return Reply(status=204)
    data = _whole(person, lead)
    return Reply(data, status, version=data["version"])


@router.get("/leads", response=Page[LeadLine])
@read
def list_leads(
    request: Asked,
    asked: Narrowed,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[LeadLine]:
    """The leads that you may see, the newest first."""
    person = me(request)
    rows = leads.with_names(leads.filtered(person, leads.visible_to(person), leads.read_filter(asked.given(), person)))
    found, after = paging.part(rows, ("-recorded_at", "-id"), cursor, limit)
    accounts = leads.accounts_seen(person, found)
    with reading():
        return {"items": [lead_line(row, accounts) for row in found], "next": after}


@router.get("/leads/origins", response=LeadOrigins)
@read
def count_origins(request: Asked, since: date | None = None, until: date | None = None) -> LeadOrigins:
    """The leads that you may see, counted by the role of whoever recorded them, and what became of them."""
    given = {"state": "all", "since": str(since or ""), "until": str(until or "")}
    person = me(request)
    counted = leads.by_origin(leads.filtered(person, leads.visible_to(person), leads.read_filter(given, person)))
    return {"items": [{"role": one.role, "all": one.all, "open": one.open, "deal": one.deal, "refused": one.refused} for one in counted]}


@router.get("/leads/{lead_id}", response=LeadShown)
@shows_version
@read
def show_lead(request: Asked, lead_id: AnyId) -> Reply:
    """A lead with everything that was said, found and decided about it."""
    person = me(request)
    return _shown(person, find(person, "lead", lead_id))


@router.post("/leads", response={201: LeadRecorded})
@write
def record_lead(request: Asked, body: NewLead) -> Reply:
    """Record a lead: anybody does, in any role. Who answers for it follows by rule."""
    person = me(request)
    lead = actions.record_lead(
        by=actor(request),
        words=body.words,
        source=body.source,
        account=meant(person, "account", body.account, "account") if body.account else None,
        customer=body.customer,
        speaker=body.speaker,
        speaker_title=body.speaker_title,
        said_at=body.said_at,
        heard=body.heard,
        category=body.category,
        role=body.role,
        id=body.id,
    )
    found, units = leads.alike(person, lead.said.customer) if lead.account_id is None else ([], [])
    shown = _whole(person, lead)
    return Reply({**shown, "alike": [named(one) for one in found], "alike_units": units}, 201, version=shown["version"])


@router.post("/leads/{lead_id}/take-up", response=LeadShown)
@write
def take_up_lead(request: Asked, lead_id: AnyId) -> Reply:
    """You answer for it from now on, and see to it."""
    person = me(request)
    return _shown(person, actions.take_up_lead(by=actor(request), lead=find(person, "lead", lead_id)))


@router.post("/leads/{lead_id}/hand-over", response={200: LeadShown, 204: None})
@versioned
@write
def hand_lead(request: Asked, lead_id: AnyId, body: LeadHanding) -> Reply:
    """Somebody else answers for it from now on, and is asked to take it up. 204: you do not see it any more."""
    person = me(request)
    lead, to = find(person, "lead", lead_id), meant(person, "person", body.to, "to")
    return _shown(person, actions.hand_lead(by=actor(request), lead=lead, to=to, reason=body.reason, version=version(request)))


@router.post("/leads/{lead_id}/corrections", response={201: LeadCorrectionShown})
@write
def correct_lead(request: Asked, lead_id: AnyId, body: LeadCorrecting) -> Reply:
    """A correction stands beside the words; the words stay."""
    person = me(request)
    made = actions.correct_lead(by=actor(request), lead=find(person, "lead", lead_id), correction=body.correction)
    return Reply(_correction(made), 201)


@router.put("/leads/{lead_id}/account", response=LeadShown)
@versioned
@write
def set_lead_account(request: Asked, lead_id: AnyId, body: LeadCustomer) -> Reply:
    """The customer is this account, or one opened in the same act. What the reporter called the customer stays."""
    person, seen = me(request), version(request)
    lead = find(person, "lead", lead_id)
    return _shown(person, actions.set_lead_account(by=actor(request), lead=lead, version=seen, **_customer(person, body)))


def _customer(person: Person, body: LeadCustomer) -> dict[str, Any]:
    """What the verbs that name the customer of a lead are given."""
    account = meant(person, "account", body.account, "account") if body.account else None
    return {"account": account, "customer": body.customer, "sector": body.sector, "another_customer": body.another_customer}


@router.put("/leads/{lead_id}/rating", response=LeadShown)
@versioned
@write
def rate_lead(request: Asked, lead_id: AnyId, body: LeadRating) -> Reply:
    """How warm it is. 409 with a line for each thing that the rating demands and that is not known."""
    person = me(request)
    lead, seen = find(person, "lead", lead_id), version(request)
    return _shown(person, actions.rate_lead(by=actor(request), lead=lead, rating=body.rating, reason=body.reason, version=seen))


@router.post("/leads/{lead_id}/findings", response={201: LeadFindingShown})
@write
def verify_lead(request: Asked, lead_id: AnyId, body: NewLeadFinding) -> Reply:
    """What you found when you verified it, and whether it holds. The last one counts."""
    person = me(request)
    made = actions.verify_lead(by=actor(request), lead=find(person, "lead", lead_id), found=body.found, result=body.result)
    return Reply(_finding(made), 201)


@router.post("/leads/{lead_id}/next-steps", response={201: LeadStepShown})
@versioned
@write
def set_lead_step(request: Asked, lead_id: AnyId, body: NewLeadStep) -> Reply:
    """What whoever answers for it does next, and by when. It takes the place of the one before, which stays on record."""
    person = me(request)
    lead, seen = find(person, "lead", lead_id), version(request)
    return Reply(_step(actions.set_lead_step(by=actor(request), lead=lead, what=body.what, due=body.due, version=seen)), 201)


@router.post("/leads/{lead_id}/refusal", response={200: LeadShown, 204: None})
@versioned
@write
def refuse_lead(request: Asked, lead_id: AnyId, body: LeadReason) -> Reply:
    """It is not followed up, with a reason. 204: you do not see it any more."""
    person = me(request)
    lead = find(person, "lead", lead_id)
    return _shown(person, actions.refuse_lead(by=actor(request), lead=lead, reason=body.reason, version=version(request)))


@router.post("/leads/{lead_id}/reopening", response=LeadShown)
@versioned
@write
def reopen_lead(request: Asked, lead_id: AnyId, body: LeadReason) -> Reply:
    """It is followed up after all, with a reason."""
    person = me(request)
    lead = find(person, "lead", lead_id)
    return _shown(person, actions.reopen_lead(by=actor(request), lead=lead, reason=body.reason, version=version(request)))


@router.post("/leads/{lead_id}/deal", response={201: LeadsDeal})
@versioned
@write
def open_deal_of_lead(request: Asked, lead_id: AnyId, body: NewDealOfLead) -> Reply:
    """The lead becomes a deal and gives it its number. The words arrive there as they were recorded, and whoever must hear them does."""
    person = me(request)
    deal = actions.open_deal_of_lead(
        by=actor(request),
        lead=find(person, "lead", lead_id),
        version=version(request),
        title=body.title,
        goal=body.goal,
        due=body.due,
        amount=body.amount,
        currency=body.currency,
        also=[meant(person, "lead", one, "also") for one in body.also],
        another=body.another,
        **_customer(person, body),
    )
    return Reply({"id": str(deal.pk), "number": deal.number}, 201)


@router.post("/leads/{lead_id}/joining", response={201: LeadsDeal})
@versioned
@write
def join_lead(request: Asked, lead_id: AnyId, body: LeadJoining) -> Reply:
    """The lead becomes part of a deal that is open; both keep their numbers."""
    person = me(request)
    lead, deal = find(person, "lead", lead_id), meant(person, "deal", body.deal, "deal")
    joined = actions.join_lead(by=actor(request), lead=lead, version=version(request), deal=deal)
    return Reply({"id": str(joined.pk), "number": joined.number}, 201)
