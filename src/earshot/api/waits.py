"""What deals wait for, and where their time goes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from ninja import Query, Router
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, Body, Coded, Id, Moment, Named, Reason, moment, moment_or_none, named
from earshot.api.finding import meant
from earshot.deals import actions
from earshot.deals.wait_tables import Wait
from earshot.desk import times
from earshot.desk.finding import find, find_row
from earshot.kit.problems import say, wrong
from earshot.people.queries import unit_of_id
from earshot.playbooks.models import Role

router = Router()


class WaitShown(TypedDict):
    """Something that a deal waits or waited for. `kind` handover: that who answers for a step (`role`) takes it over from who answered for
    the one before (`former_role`); block: what `unit`, or `person` of it, has (`reason`), as `raised_by` says. `ended`: how it ended."""

    id: Id
    kind: Literal["handover", "block"]
    role: Coded | None
    former_role: Coded | None
    unit: Named | None
    person: Named | None
    reason: str
    raised_by: Named | None
    since: Moment
    until: Moment | None
    ended: Literal["", "taken", "there", "moved", "closed"]
    ended_by: Named | None
    words: str


class WaitedShown(TypedDict):
    """The same, with waits that nobody entered: a decision that is asked, a call past its time. `minutes`: of the working time of the
    deal's unit; `why`: in words; `id`: of a wait of its own."""

    kind: Literal["handover", "block", "decision", "call"]
    id: Id | None
    deal: Id
    waiting: Named
    on: Named | None
    person: Named | None
    role: Coded | None
    former_role: Coded | None
    why: str
    since: Moment
    until: Moment | None
    minutes: int


class StretchShown(TypedDict):
    """Minutes of working time, from minute `at` of the stay."""

    at: int
    minutes: int
    waiting: bool


class StayShown(TypedDict):
    """A stay in a stage; `waited`: minutes of it in which something was waited for."""

    stage: Coded
    since: Moment
    until: Moment | None
    minutes: int
    waited: int
    parts: list[StretchShown]


class TimeShown(TypedDict):
    """Minutes of working time. `waited`: what overlaps is counted once; `handovers`, `blocked`: each wait by itself."""

    stays: list[StayShown]
    waits: list[WaitedShown]
    minutes: int
    waited: int
    handovers: int
    blocked: int


class BlockedShown(TypedDict):
    on: Named | None
    waiting: Named
    n: int
    minutes: int
    open: int


class HandedOverShown(TypedDict):
    former: str
    role: str
    n: int
    median: int
    minutes: int


class InStageShown(TypedDict):
    stage: str
    n: int
    median: int


class AcrossShown(TypedDict):
    """`waits`: the first 500 of them, in order; `more`: there is more than was counted."""

    blocked: list[BlockedShown]
    handed_over: list[HandedOverShown]
    stages: list[InStageShown]
    waits: list[WaitedShown]
    more: bool


class NewWait(Body):
    """`unit`: which has what is waited for; or `person`, and it is the unit of that person."""

    unit: AnyId | None = None
    person: AnyId | None = None
    reason: Reason


class Ending(Body):
    """`words`: what is there, and where."""

    words: Reason


def _role(role: Role | None) -> Coded | None:
    return {"code": role.code, "name": str(role)} if role is not None else None


def _wait(row: Wait) -> WaitShown:
    return {
        "id": str(row.pk),
        "kind": row.kind,  # type: ignore[typeddict-item]  # the table holds no other
        "role": _role(row.role),
        "former_role": _role(row.former_role),
        "unit": named(row.unit) if row.unit is not None else None,
        "person": named(row.person) if row.person is not None else None,
        "reason": row.reason,
        "raised_by": named(row.raised_by) if row.raised_by is not None else None,
        "since": moment(row.since),
        "until": moment_or_none(row.until),
        "ended": row.ended,  # type: ignore[typeddict-item]
        "ended_by": named(row.ended_by) if row.ended_by is not None else None,
        "words": row.words,
    }


def _waited(one: times.Waited) -> WaitedShown:
    return {
        "kind": one.kind,
        "id": str(one.row.pk) if one.row is not None else None,
        "deal": str(one.deal.pk),
        "waiting": named(one.waiting),
        "on": named(one.on) if one.on is not None else None,
        "person": named(one.person) if one.person is not None else None,
        "role": _role(one.role),
        "former_role": _role(one.former_role),
        "why": str(one.why),
        "since": moment(one.since),
        "until": moment_or_none(one.until),
        "minutes": one.minutes,
    }


@router.get("/deals/{deal_id}/time", response=TimeShown)
@read
def show_time(request: Asked, deal_id: AnyId) -> TimeShown:
    """Where the time of the deal went: each stay in a stage with what of it was waiting, and each wait with who waited for whom."""
    found = times.of_deal(find(me(request), "deal", deal_id))
    return {
        "stays": [
            {
                "stage": {"code": one.stage.code, "name": str(one.stage)},
                "since": moment(one.since),
                "until": moment_or_none(one.until),
                "minutes": one.minutes,
                "waited": one.waited,
                "parts": [{"at": part.at, "minutes": part.minutes, "waiting": part.waiting} for part in one.parts],
            }
            for one in found.spent
        ],
        "waits": [_waited(one) for one in found.waits],
        "minutes": found.minutes,
        "waited": found.waited,
        "handovers": found.handovers,
        "blocked": found.blocked,
    }


@router.post("/deals/{deal_id}/waits", response={201: WaitShown})
@versioned
@write
def wait_for(request: Asked, deal_id: AnyId, body: NewWait) -> Reply:
    """Say that the work waits for a unit, or for a person of it, and why: counted as blocked time until it is there."""
    someone = me(request)
    deal = find_row(someone, "deal", deal_id)
    unit = unit_of_id(body.unit) if body.unit is not None else None
    if body.unit is not None and unit is None:
        raise wrong("unit", say("{id}?", id=body.unit))
    person = meant(someone, "person", body.person, "person") if body.person is not None else None
    row = actions.wait_for(by=actor(request), deal=deal, version=version(request), unit=unit, person=person, reason=body.reason)
    return Reply(_wait(find(someone, "wait", row.pk)), 201)


@router.post("/deals/{deal_id}/take-over", response=WaitShown)
@write
def take_over(request: Asked, deal_id: AnyId) -> Reply:
    """Take the deal over, as one who answers for the step that has begun."""
    person = me(request)
    row = actions.take_over(by=actor(request), deal=find_row(person, "deal", deal_id))
    return Reply(_wait(find(person, "wait", row.pk)))


@router.get("/waits/{wait_id}", response=WaitShown)
@read
def show_wait(request: Asked, wait_id: AnyId) -> WaitShown:
    """What is waited for; also for who has it, without the deal."""
    return _wait(find(me(request), "wait", wait_id))


@router.post("/waits/{wait_id}/there", response=WaitShown)
@write
def end_wait(request: Asked, wait_id: AnyId, body: Ending) -> Reply:
    """What is waited for is there."""
    person = me(request)
    row = actions.end_wait(by=actor(request), wait=find(person, "wait", wait_id), words=body.words)
    return Reply(_wait(find(person, "wait", row.pk)))


@router.get("/waiting", response=AcrossShown)
@read
def across(
    request: Asked,
    since: Annotated[date | None, Query(description="The first day; ninety days before the last where none is named.")] = None,
    until: Annotated[date | None, Query(description="The last day; today where none is named.")] = None,
) -> AcrossShown:
    """Who waits for whom, of the deals that you may see, in working time: by units, by hand-overs between steps, and the time in stages."""
    found = times.across(me(request), *times.period(since, until))
    return {
        "blocked": [
            {
                "on": named(one.on) if one.on is not None else None,
                "waiting": named(one.waiting),
                "n": one.n,
                "minutes": one.minutes,
                "open": one.open_now,
            }
            for one in found.blocked
        ],
        "handed_over": [
            {"former": one.former, "role": one.role, "n": one.n, "median": one.median, "minutes": one.minutes} for one in found.handed_over
        ],
        "stages": [{"stage": one.stage, "n": one.n, "median": one.median} for one in found.stages],
        "waits": [_waited(one) for one in found.waits[:500]],
        "more": found.more,
    }
