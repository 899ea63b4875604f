"""Calls: what the process asks of a unit, who does it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from ninja import Query, Router
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.clocks import ClockShown, clock_shown
from earshot.api.fields import (
    AnyId,
    Body,
    Coded,
    Id,
    Moment,
    Named,
    NewId,
    Page,
    Reason,
    Reference,
    ShortReason,
    Words,
    moment,
    moment_or_none,
    named,
    reference_to,
)
from earshot.api.finding import meant
from earshot.api.voice import ItemShown, items_page
from earshot.calls import actions, queries
from earshot.calls.models import Call, Result
from earshot.desk.finding import find
from earshot.voice import queries as voice

router = Router()
NEWEST = ("-raised_at", "-id")


class AssignmentShown(TypedDict):
    """Who does it. `taken_at` null: has not said so yet."""

    person: Named
    at: Moment
    taken_at: Moment | None


class ResultShown(TypedDict):
    """What was delivered. Sent back with a reason, it was not effective."""

    id: Id
    person: Named
    text: str
    at: Moment
    returned_at: Moment | None
    returned_by: Named | None
    return_reason: str


class ObjectionShown(TypedDict):
    id: Id
    person: Named
    reason: str
    at: Moment


class EndingShown(TypedDict):
    """A head decided that the duty ends without a result."""

    person: Named
    reason: str
    at: Moment


class SupportShown(Coded):
    """`result`: the result that the catalogue asks for."""

    result: str


class CallShown(TypedDict):
    """`prescribed_at`: when the rule says it began; earlier than `raised_at` only for what an import brought in."""

    id: Id
    number: str
    deal: Reference
    unit: Named
    role: Coded
    support: SupportShown
    accountable: Named
    assignment: AssignmentShown | None
    state: Literal["waiting", "taken", "delivered", "ended"]
    since: Moment
    raised_at: Moment
    prescribed_at: Moment
    clock: ClockShown | None
    result: ResultShown | None
    returned: list[ResultShown]
    objections: list[ObjectionShown]
    ending: EndingShown | None


class Candidate(TypedDict):
    """`lacks`: codes of the roles and skills that are wanting; none of them: qualified."""

    person: Named
    unit: Named | None
    lacks: list[str]


class Candidates(TypedDict):
    items: list[Candidate]


class NewAssignment(Body):
    person: AnyId


class Declining(Body):
    reason: ShortReason


class Because(Body):
    reason: Reason


class NewResult(Body):
    id: NewId | None = None
    text: Words


def _result(result: Result) -> ResultShown:
    return {
        "id": str(result.pk),
        "person": named(result.person),
        "text": result.text,
        "at": moment(result.at),
        "returned_at": moment_or_none(result.returned_at),
        "returned_by": named(result.returned_by) if result.returned_by else None,
        "return_reason": result.return_reason,
    }


def call_shown(one: queries.CallRead) -> CallShown:
    call, assignment, ending = one.call, one.assignment, one.ending
    return {
        "id": str(call.pk),
        "number": call.number,
        "deal": reference_to(call.deal),
        "unit": named(call.unit),
        "role": {"code": call.role, "name": one.role},
        "support": {"code": one.support.code, "name": str(one.support), "result": one.support.result},
        "accountable": named(call.accountable),
        "assignment": {
            "person": named(assignment.person),
            "at": moment(assignment.at),
            "taken_at": moment_or_none(assignment.taken_at),
        }
        if assignment
        else None,
        "state": one.state,  # type: ignore[typeddict-item]  # one of those that the rules know
        "since": moment(one.since),
        "raised_at": moment(call.raised_at),
        "prescribed_at": moment(call.prescribed_at),
        "clock": clock_shown(one.clock),
        "result": _result(one.result) if one.result else None,
        "returned": [_result(result) for result in one.returned],
        "objections": [
            {"id": str(row.pk), "person": named(row.person), "reason": row.reason, "at": moment(row.at)} for row in one.objections
        ],
        "ending": {"person": named(ending.person), "reason": ending.reason, "at": moment(ending.at)} if ending else None,
    }


def _calls_page(rows: QuerySet[Call], cursor: str | None, limit: int) -> Page[CallShown]:
    found, after = paging.part(rows.values("raised_at", "id"), NEWEST, cursor, limit)
    chosen = Call.objects.filter(pk__in=[row["id"] for row in found]).order_by(*NEWEST)
    return {"items": [call_shown(one) for one in queries.read(chosen)], "next": after}


def _one(call: Call, status: int = 200) -> Reply:
    """The call as it stands now, for somebody who has just seen it."""
    return Reply(call_shown(queries.read(Call.objects.filter(pk=call.pk))[0]), status)


def _done(request: Asked, call_id: UUID, act: Callable[..., Any], **what: Any) -> Reply:
    """The act done on the call, and the call as it stands then."""
    call = find(me(request), "call", call_id)
    act(by=actor(request), call=call, **what)
    return _one(call, 201)


@router.get("/calls", response=Page[CallShown])
@read
def list_calls(
    request: Asked,
    to_do: Annotated[bool, Query(description="Only the open ones that you are to do.")] = False,
    open: Annotated[bool | None, Query(description="true: without a result and not ended; false: the others.")] = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[CallShown]:
    """The calls that you may see, the newest first."""
    rows = queries.visible_to(me(request))
    if to_do:
        rows = rows.filter(pk__in=queries.waiting_for(me(request)).order_by().values("pk"))
    if open is not None:
        standing = queries.open_calls().values("pk")
        rows = rows.filter(pk__in=standing) if open else rows.exclude(pk__in=standing)
    return _calls_page(rows, cursor, limit)


@router.get("/deals/{deal_id}/calls", response=Page[CallShown])
@read
def list_calls_of_deal(request: Asked, deal_id: AnyId, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[CallShown]:
    """What the process has called for this deal, the newest first."""
    deal = find(me(request), "deal", deal_id)
    return _calls_page(queries.serving(deal), cursor, limit)


@router.get("/calls/{call_id}", response=CallShown)
@read
def show_call(request: Asked, call_id: AnyId) -> Reply:
    """One call: whose duty, who does it, by when, and what came of it."""
    return _one(find(me(request), "call", call_id))


@router.get("/calls/{call_id}/items", response=Page[ItemShown])
@read
def list_items_of_call(request: Asked, call_id: AnyId, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[ItemShown]:
    """The customer's words that the call's role must hear on this deal, the newest first."""
    person = me(request)
    call = find(person, "call", call_id)
    rows = voice.visible_to(person).filter(pk__in=queries.items_of(call).order_by().values("pk"))
    return items_page(rows, person, cursor, limit)


@router.get("/calls/{call_id}/candidates", response=Candidates)
@read
def list_candidates(request: Asked, call_id: AnyId) -> Candidates:
    """Who may be named for the call: the holders of its role in the unit that owes it or one below, with what each of them lacks."""
    call = find(me(request), "call", call_id)
    return {
        "items": [
            {"person": named(person), "unit": named(person.unit) if person.unit else None, "lacks": lacks}
            for person, lacks in queries.candidates(call)
        ]
    }


@router.post("/calls/{call_id}/assignments", response={201: CallShown})
@write
def name_person(request: Asked, call_id: AnyId, body: NewAssignment) -> Reply:
    """Name another qualified person. The duty stays the unit's."""
    return _done(request, call_id, actions.name_person, person=meant(me(request), "person", body.person, "person"))


@router.post("/calls/{call_id}/declines", response={204: None})
@write
def decline_call(request: Asked, call_id: AnyId, body: Declining) -> Reply:
    """You cannot do it, and say why: the duty goes to who answers for it. A unit cannot decline."""
    actions.decline(by=actor(request), call=find(me(request), "call", call_id), reason=body.reason)
    return Reply(status=204)


@router.post("/calls/{call_id}/takings", response={201: CallShown})
@write
def take_call(request: Asked, call_id: AnyId) -> Reply:
    """You do it."""
    return _done(request, call_id, actions.take_call)


@router.post("/calls/{call_id}/results", response={201: CallShown})
@write
def deliver_result(request: Asked, call_id: AnyId, body: NewResult) -> Reply:
    """The result that the catalogue asks for; the clock stops."""
    return _done(request, call_id, actions.deliver_result, result=body.text, id=body.id)


@router.post("/calls/{call_id}/results/returns", response={201: CallShown})
@write
def return_result(request: Asked, call_id: AnyId, body: Because) -> Reply:
    """Done but useless is not done: send the result back and say why. The duty is open again."""
    return _done(request, call_id, actions.return_result, reason=body.reason)


@router.post("/calls/{call_id}/objections", response={201: CallShown})
@write
def object_to_call(request: Asked, call_id: AnyId, body: Because) -> Reply:
    """Say that the support is not needed, and why. It runs until a head decides."""
    return _done(request, call_id, actions.object_to, reason=body.reason)


@router.post("/calls/{call_id}/endings", response={201: CallShown})
@write
def end_call(request: Asked, call_id: AnyId, body: Because) -> Reply:
    """A head of the deal's unit decides that the duty ends without a result."""
    return _done(request, call_id, actions.end_call, reason=body.reason)


@router.post("/calls/{call_id}/pauses", response={201: CallShown})
@write
def pause_call(request: Asked, call_id: AnyId, body: Because) -> Reply:
    """Who may end a call lets its time stand still, with a reason."""
    return _done(request, call_id, actions.pause_call, reason=body.reason)


@router.post("/calls/{call_id}/resumptions", response={201: CallShown})
@write
def resume_call(request: Asked, call_id: AnyId) -> Reply:
    """The time of a call runs on; what is still ahead is due later by as much working time as the pause took."""
    return _done(request, call_id, actions.resume_call)
