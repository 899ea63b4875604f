"""In which step of its process a deal is, since when, and who answers for it."""

from __future__ import annotations

from typing import Literal

from ninja import Router
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, Body, Coded, Moment, Named, Reason, moment, moment_or_none, named
from earshot.deals import actions, queries, steps
from earshot.deals.models import Deal
from earshot.deals.step_tables import StepNotNeeded
from earshot.desk.finding import find, find_row

router = Router()


class AskedShown(Coded):
    """What is asked on the way: a condition of a stage, or a gate that has to open. `name`: in a sentence."""

    kind: Literal["condition", "gate"]


class NotNeededShown(TypedDict):
    """Who says that the step is not needed for the deal, when, and why."""

    person: Named
    at: Moment
    reason: str


class NotNeeded(Body):
    reason: Reason


class StepOfDealShown(TypedDict):
    """A step of the deal's process. `state` without: no stage of it can be entered yet. `since`: when it was begun the last time;
    `until`: when it was left last. `role` null: the process names none that answers for it. `people`: who answers for it now; nobody
    where the deal is not in it. `not_needed`: of a step that is left out. `begins`: what is asked to come into it; `finished`: what is
    asked before it is left."""

    step: Coded
    state: Literal["behind", "here", "ahead", "without", "left_out"]
    since: Moment | None
    until: Moment | None
    role: Coded | None
    people: list[Named]
    begins: list[AskedShown]
    finished: list[AskedShown]
    not_needed: NotNeededShown | None


class WayShown(TypedDict):
    """The steps, in order. A closed deal is in none."""

    steps: list[StepOfDealShown]


def _asked(asked: steps.Asked) -> list[AskedShown]:
    return [{"code": one.code, "name": str(steps.asked_in_words(one)), "kind": steps.kind_of(one)} for one in asked]


def _step(one: steps.StepOfDeal) -> StepOfDealShown:
    return {
        "step": {"code": one.step.code, "name": str(one.step)},
        "state": one.state,
        "since": moment_or_none(one.since),
        "until": moment_or_none(one.until),
        "role": {"code": one.role.code, "name": str(one.role)} if one.role else None,
        "people": [named(person) for person in one.people],
        "begins": _asked(one.begins),
        "finished": _asked(one.finished),
        "not_needed": _not_needed(one.not_needed) if one.not_needed is not None else None,
    }


def _not_needed(row: StepNotNeeded) -> NotNeededShown:
    return {"person": named(row.person), "at": moment(row.at), "reason": row.reason}


@router.get("/deals/{deal_id}/steps", response=WayShown)
@read
def show_steps(request: Asked, deal_id: AnyId) -> WayShown:
    """In which step of its process the deal is, since when, who answers for it, what each step needs to begin and when it is finished."""
    return {"steps": [_step(one) for one in steps.way(find(me(request), "deal", deal_id))]}


@router.post("/deals/{deal_id}/steps/{step_code}/left-out", response=WayShown)
@versioned
@write
def leave_out_step(request: Asked, deal_id: AnyId, step_code: str, body: NotNeeded) -> Reply:
    """The step is not needed for this deal, and why. Not the first, the last, one with a gate, nor one that has begun."""
    deal = find_row(me(request), "deal", deal_id)
    actions.leave_out_step(by=actor(request), deal=deal, version=version(request), step=step_code, reason=body.reason)
    return _now(deal)


@router.post("/deals/{deal_id}/steps/{step_code}/needed", response=WayShown)
@versioned
@write
def need_step(request: Asked, deal_id: AnyId, step_code: str) -> Reply:
    """The step is needed after all, as long as the deal has not gone past it."""
    deal = find_row(me(request), "deal", deal_id)
    actions.need_step(by=actor(request), deal=deal, version=version(request), step=step_code)
    return _now(deal)


def _now(deal: Deal) -> Reply:
    fresh = queries.as_it_stands(deal.pk)
    return Reply({"steps": [_step(one) for one in steps.way(fresh)]})
