"""Succession: what is open and somebody's, handed over; who leaves."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from ninja import Router
from pydantic import Field
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, Body, Code, Coded, Id, Reference, ShortReason, reference
from earshot.api.finding import meant
from earshot.desk.finding import find
from earshot.desk.succession import owed_as_seen
from earshot.kit.problems import missing
from earshot.people import succession
from earshot.people.models import Person
from earshot.people.registry import HOLDINGS

router = Router()


class OwedShown(TypedDict):
    """Something open. `holding`: what the person has to do with it; `label` empty and `about` null: not yours to see."""

    id: Id
    holding: Coded
    label: str
    about: Reference | None


class OwedList(TypedDict):
    items: list[OwedShown]


class Chosen(Body):
    holding: Code
    id: AnyId


class NewHandOver(Body):
    """`heir`: who takes it over. `what`: left out, all of it."""

    heir: AnyId
    reason: ShortReason
    what: Annotated[list[Chosen], Field(max_length=1000)] | None = None


class Leaving(Body):
    """`heir`: who takes over what is still open. `to_head`: without one, it goes to the next head, by your decision."""

    reason: ShortReason
    heir: AnyId | None = None
    to_head: bool = False


def _somebody(request: Asked, person_id: UUID) -> Person:
    person: Person = find(me(request), "person", person_id)
    if not succession.may_hand(me(request), person):
        raise missing()
    return person


def _owed(request: Asked, person: Person) -> OwedList:
    return {
        "items": [
            {
                "id": str(one.id),
                "holding": {"code": one.holding, "name": str(HOLDINGS[one.holding].words)},
                "label": one.label,
                "about": reference(one.about) if one.about else None,
            }
            for one in owed_as_seen(me(request), person)
        ]
    }


@router.get("/people/{person_id}/owed", response=OwedList)
@read
def list_owed(request: Asked, person_id: AnyId) -> OwedList:
    """Everything open that is a person's: for him or her, the heads above, and whoever administers."""
    return _owed(request, _somebody(request, person_id))


@router.post("/people/{person_id}/hand-overs", response={201: OwedList})
@write
def hand_over(request: Asked, person_id: AnyId, body: NewHandOver) -> Reply:
    """What is open and the person's, all of it or what is named, goes to a successor. Answers with what is left."""
    person = _somebody(request, person_id)
    heir = meant(me(request), "person", body.heir, "heir")
    what = None if body.what is None else [(one.holding, one.id) for one in body.what]
    succession.hand_over(by=actor(request), person=person, to=heir, reason=body.reason, what=what)
    return Reply(_owed(request, person), 201)


@router.post("/people/{person_id}/departures", response={204: None})
@write
def leave(request: Asked, person_id: AnyId, body: Leaving) -> Reply:
    """The person is no longer with the company. Refused while something is open and nobody takes it over."""
    person = _somebody(request, person_id)
    heir = None if body.heir is None else meant(me(request), "person", body.heir, "heir")
    succession.leave(by=actor(request), person=person, reason=body.reason, to=heir, to_head=body.to_head)
    return Reply(status=204)
