"""What several rooms put before one person: my day, search, timelines."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.accounts import AccountLine, account_line
from earshot.api.answers import Reply, may_miss, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.clocks import ClockShown, clock_shown
from earshot.api.deals import DealLine, line_of
from earshot.api.fields import (
    CLEAN,
    AnyId,
    AnyReason,
    Body,
    Coded,
    Id,
    Moment,
    Named,
    Page,
    Reference,
    moment,
    moment_or_none,
    named,
    reference,
    reference_to,
)
from earshot.api.leads import LeadLine, lead_line
from earshot.clocks import actions as clocks
from earshot.clocks.models import Alarm
from earshot.deals.leads import accounts_seen
from earshot.desk import queries
from earshot.desk.finding import find
from earshot.desk.unit import Decision, my_unit
from earshot.journal.queries import Told, about
from earshot.kit.problems import missing
from earshot.kit.reading import reading

router = Router()


class DayLineShown(TypedDict):
    """One thing that waits for you. `act`: the one act that mends it, done on `target`; `ids`: all objects that it covers.
    `colour`: red is overdue or blocks the next gate, amber is due within a day, grey is not yet due."""

    cause: str
    sentence: str
    detail: str
    scope: Reference
    act: str
    target: Reference
    ids: list[Id]
    colour: Literal["red", "amber", "grey"]
    due_at: Moment | None
    clock: ClockShown | None


class MyDay(TypedDict):
    items: list[DayLineShown]


class ItemFound(TypedDict):
    id: Id
    words: str
    deal: Reference


class CallFound(TypedDict):
    id: Id
    number: str
    support: str
    deal: Reference


class Found(TypedDict):
    """What contains the words, room by room, at most twenty of each."""

    deals: list[DealLine]
    accounts: list[AccountLine]
    leads: list[LeadLine]
    items: list[ItemFound]
    calls: list[CallFound]


class TouchedShown(Reference):
    """An object of an entry, with its part in it."""

    part: str


class EntryShown(TypedDict):
    """An entry of the journal. `at`: when it is said to have happened; `recorded_at`: when it was written. `cause`: what led to
    it, in words, where you may see that too."""

    id: Id
    verb: str
    sentence: str
    actor: str
    at: Moment
    recorded_at: Moment
    cause: str
    objects: list[TouchedShown]


def entry_shown(told: Told) -> EntryShown:
    return {
        "id": str(told.entry.id),
        "verb": told.entry.verb,
        "sentence": told.sentence,
        "actor": told.actor,
        "at": moment(told.claimed_at),
        "recorded_at": moment(told.recorded_at),
        "cause": told.cause,
        "objects": [{"part": part, "kind": kind, "id": str(key), "label": label} for part, kind, key, label in told.objects],
    }


@router.get("/my-day", response=MyDay)
@read
def my_day(request: Asked) -> MyDay:
    """Everything that waits for you, the most pressing first: one line for each thing and cause."""
    with reading():
        return {"items": [day_line(one) for one in queries.my_day(me(request))]}


def day_line(one: queries.DayLine) -> DayLineShown:
    return {
        "cause": one.cause,
        "sentence": str(one.sentence),
        "detail": one.detail,
        "scope": reference(one.scope),
        "act": one.act,
        "target": reference(one.target),
        "ids": [str(key) for key in one.ids],
        "colour": one.colour,  # type: ignore[typeddict-item]  # one of the rule's colours
        "due_at": moment_or_none(one.due_at),
        "clock": clock_shown(one.clock),
    }


class WordsShown(TypedDict):
    """What the customer said, to the letter."""

    id: Id
    words: str


class AgainstShown(TypedDict):
    """Who is against at the gate, for which role and why."""

    id: Id
    person: Named
    role: Coded
    reason: str


class ProposalShown(TypedDict):
    """Who proposes to give the deal up, and why."""

    id: Id
    person: Named
    reason: str


class DecisionShown(TypedDict):
    """What you are to decide, with the critical words; `unheard`: of those that you have not heard, without which you cannot. `kind`:
    `vote` (`POST /deals/{id}/votes`), `refuse` where no mandate covers it (`POST /deals/{id}/escalations/decisions`, or a risk decision),
    `settle` what somebody is against (`POST /deals/{id}/dissents/{dissent_id}/settlements`), `speak` on giving it up
    (`POST /deals/{id}/giving-up/voices`). `instead_of`: for whom you are asked, who is away."""

    kind: Literal["vote", "refuse", "settle", "speak"]
    deal: DealLine
    gate: Coded | None
    question: str
    instead_of: Named | None
    against: AgainstShown | None
    giving_up: ProposalShown | None
    words: list[WordsShown]
    unheard: list[Id]


class ChairShown(TypedDict):
    """An empty seat of an open deal, and who may be asked to take it."""

    seat: Id
    role: Coded
    deal: Reference
    fitting: list[Named]


class MyUnitShown(TypedDict):
    """Of the units that you head, with all below them; the counts say how many there are where fewer are shown."""

    units: list[Named]
    decisions: list[DecisionShown]
    decisions_count: int
    breaches: list[DayLineShown]
    breaches_count: int
    chairs: list[ChairShown]
    chairs_count: int
    slipping: list[DealLine]
    slipping_count: int


@router.get("/my-unit", response=MyUnitShown)
@may_miss
@read
def show_my_unit(request: Asked) -> MyUnitShown:
    """What waits for a decision, what is overdue, which chairs are empty and which deals are past their date. Who heads no unit: 404."""
    with reading():
        found = my_unit(me(request))
    if found is None:
        raise missing()
    return {
        "units": [named(one) for one in found.units],
        "decisions": [decision_shown(one) for one in found.decisions],
        "decisions_count": found.decisions_count,
        "breaches": [day_line(one) for one in found.breaches],
        "breaches_count": found.breaches_count,
        "chairs": [
            {
                "seat": str(one.seat.pk),
                "role": {"code": one.seat.role, "name": one.role},
                "deal": reference_to(one.deal),
                "fitting": [named(who) for who in one.fitting],
            }
            for one in found.chairs
        ],
        "chairs_count": found.chairs_count,
        "slipping": [line_of(deal) for deal in found.slipping],
        "slipping_count": found.slipping_count,
    }


def decision_shown(one: Decision) -> DecisionShown:
    gate = getattr(one.deal.stage, "gate", None)
    against, given = one.dissent, one.voice.giving_up if one.voice else None
    return {
        "kind": one.kind,
        "deal": line_of(one.deal),
        "gate": {"code": gate.code, "name": str(gate)} if gate is not None else None,
        "question": gate.question if gate is not None else "",
        "instead_of": named(one.asking.instead_of) if one.asking and one.asking.instead_of else None,
        "against": {
            "id": str(against.pk),
            "person": named(against.vote.person),
            "role": {"code": against.role.code, "name": str(against.role)},
            "reason": against.vote.reason,
        }
        if against
        else None,
        "giving_up": {"id": str(given.pk), "person": named(given.person), "reason": given.reason} if given else None,
        "words": [{"id": str(read.item.pk), "words": read.item.words} for read in one.words],
        "unheard": [str(pk) for pk in one.unheard],
    }


class SeeingTo(Body):
    """`alarms`: the `ids` of a line of your day whose act is `see_to`."""

    alarms: Annotated[list[AnyId], Field(min_length=1, max_length=500)]
    note: AnyReason = ""


@router.post("/my-day/seen-to", response={204: None})
@write
def see_to(request: Asked, body: SeeingTo) -> Reply:
    """Your own act: you see to it. The line leaves your day; the next step of the ladder brings it back."""
    clocks.see_to(by=actor(request), alarms=Alarm.objects.filter(pk__in=body.alarms), note=body.note)
    return Reply(status=204)


@router.get("/search", response=Found)
@read
def search(
    request: Asked,
    q: Annotated[str, Query(min_length=1, max_length=100, pattern=CLEAN, description="The words.")],
) -> Found:
    """Deals, accounts, leads, statements and calls that contain the words, of those that you may see."""
    person = me(request)
    found = queries.search(person, q)
    accounts = accounts_seen(person, found.leads)
    return {
        "deals": [line_of(deal) for deal in found.deals],
        "accounts": [account_line(account) for account in found.accounts],
        "leads": [lead_line(lead, accounts) for lead in found.leads],
        "items": [{"id": str(item.pk), "words": item.words, "deal": reference_to(item.deal)} for item in found.items],
        "calls": [
            {"id": str(call.pk), "number": call.number, "support": str(call.trigger.support), "deal": reference_to(call.deal)}
            for call in found.calls
        ],
    }


@router.get("/deals/{deal_id}/timeline", response=Page[EntryShown], tags=["Deals"])
@read
def show_timeline(request: Asked, deal_id: AnyId, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[EntryShown]:
    """What happened to the deal, the newest first, each entry with its cause."""
    person = me(request)
    deal = find(person, "deal", deal_id)
    entries = about(queries.entries_seen(person), deal.pk).order_by()
    found, after = paging.part(entries, ("-seq",), cursor, limit)
    return {"items": [entry_shown(told) for told in queries.told(person, found)], "next": after}
