"""What the customer said, item by item: who must hear it, who has, what it is about, what was corrected."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import Field
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.accounts import ContactShown, contact
from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.clocks import ClockShown, clock_shown
from earshot.api.fields import (
    AnyId,
    Body,
    Code,
    Coded,
    Id,
    Moment,
    Named,
    Page,
    Reference,
    Words,
    moment,
    moment_or_none,
    named,
    reference_to,
)
from earshot.desk.finding import find
from earshot.kit.problems import missing
from earshot.people.models import Person
from earshot.voice import actions, queries
from earshot.voice.models import Item

router = Router()
NEWEST = ("-recorded_at", "-id")


class HearingShown(TypedDict):
    """Who has heard it, when, and how: was present, or took note of the words."""

    person: Named
    at: Moment
    how: Literal["present", "noted"]


class EarShown(TypedDict):
    """Somebody who must hear it, by a rule. `person` null: nobody holds the role. `heard_at` null: not yet."""

    role: Coded
    person: Named | None
    rule: str
    since: Moment
    heard_at: Moment | None
    how: str
    clock: ClockShown | None


class CorrectionShown(TypedDict):
    id: Id
    text: str
    author: Named
    at: Moment


class ItemShown(TypedDict):
    """One thing the customer said, word for word. `category` null: nobody has said what it is about."""

    id: Id
    words: str
    position: int
    deal: Reference
    meeting: Id
    category: Coded | None
    critical: bool
    speaker: ContactShown | None
    said_at: Moment | None
    recorded_at: Moment
    place: str
    author: Named
    heard_by_me: bool
    ears: list[EarShown]
    heard_by: list[HearingShown]
    corrections: list[CorrectionShown]


class Heard(TypedDict):
    """`new`: how many of them you had not heard before."""

    new: int


class FiledAs(Body):
    category: Code


class NewCorrection(Body):
    text: Words


class NewHearings(Body):
    """The items whose words were shown to you."""

    items: Annotated[list[AnyId], Field(min_length=1, max_length=500)]


def items_shown(items: QuerySet[Item], person: Person) -> list[ItemShown]:
    return [_item(one, person) for one in queries.read(items)]


def _item(one: queries.ItemRead, person: Person) -> ItemShown:
    return {
        "id": str(one.item.pk),
        "words": one.item.words,
        "position": one.item.position,
        "deal": reference_to(one.item.deal),
        "meeting": str(one.item.meeting_id),
        "category": {"code": one.category, "name": one.category_name} if one.category else None,
        "critical": one.critical,
        "speaker": contact(one.speaker) if one.speaker else None,
        "said_at": moment_or_none(one.said_at),
        "recorded_at": moment(one.item.recorded_at),
        "place": one.place,
        "author": named(one.author),
        "heard_by_me": one.heard_by(person),
        "ears": [_ear(ear) for ear in one.ears],
        "heard_by": [
            {"person": named(hearing.person), "at": moment(hearing.at), "how": hearing.how}  # type: ignore[typeddict-item]  # by the choices of its column
            for hearing in one.hearings
        ],
        "corrections": [_correction(correction) for correction in one.corrections],
    }


def _ear(ear: queries.EarRead) -> EarShown:
    return {
        "role": {"code": ear.ear.role, "name": ear.role},
        "person": named(ear.person) if ear.person else None,
        "rule": ear.ear.rule,
        "since": moment(ear.ear.since),
        "heard_at": moment_or_none(ear.heard_at),
        "how": ear.how,
        "clock": clock_shown(ear.clock),
    }


def _correction(correction: Any) -> CorrectionShown:
    return {"id": str(correction.pk), "text": correction.text, "author": named(correction.author), "at": moment(correction.at)}


@router.get("/items", response=Page[ItemShown])
@read
def list_items(
    request: Asked,
    to_hear: Annotated[bool, Query(description="Only those that you must hear and have not heard.")] = False,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[ItemShown]:
    """What customers said, of what you may see, the newest first."""
    person = me(request)
    rows = queries.visible_to(person)
    if to_hear:
        rows = rows.filter(pk__in=queries.ears_waiting_for(person).order_by().values("item"))
    return items_page(rows, person, cursor, limit)


@router.get("/deals/{deal_id}/items", response=Page[ItemShown])
@read
def list_items_of_deal(request: Asked, deal_id: AnyId, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[ItemShown]:
    """What the customer said on this deal, the newest first: who must hear it, who has."""
    deal = find(me(request), "deal", deal_id)
    return items_page(Item.objects.filter(queries.said_on(deal)), me(request), cursor, limit)


def items_page(rows: QuerySet[Item], person: Person, cursor: str | None, limit: int) -> Page[ItemShown]:
    found, after = paging.part(rows.values("recorded_at", "id"), NEWEST, cursor, limit)
    chosen = Item.objects.filter(pk__in=[row["id"] for row in found]).order_by(*NEWEST)
    return {"items": items_shown(chosen, person), "next": after}


@router.get("/items/{item_id}", response=ItemShown)
@read
def show_item(request: Asked, item_id: AnyId) -> ItemShown:
    """One thing the customer said. Reading it here is not yet taking note of it."""
    return _one(request, item_id)


def _one(request: Asked, item_id: UUID) -> ItemShown:
    found = items_shown(queries.visible_to(me(request)).filter(pk=item_id), me(request))
    if not found:
        raise missing()
    return found[0]


@router.put("/items/{item_id}/category", response=ItemShown)
@write
def file_item(request: Asked, item_id: AnyId, body: FiledAs) -> Reply:
    """Say what it is about: who must hear it follows the rule of that category at once."""
    actions.file_item(by=actor(request), item=find(me(request), "item", item_id), category=body.category)
    return Reply(_one(request, item_id))


@router.post("/items/{item_id}/corrections", response={201: CorrectionShown})
@write
def correct_item(request: Asked, item_id: AnyId, body: NewCorrection) -> Reply:
    """A correction stands beside the words; the words stay."""
    correction = actions.correct_item(by=actor(request), item=find(me(request), "item", item_id), correction=body.text)
    return Reply(_correction(correction), 201)


@router.post("/hearings", response={201: Heard})
@write
def take_note(request: Asked, body: NewHearings) -> Reply:
    """Take note of the original words of all these items: one act, recorded for each. Only you can do it for yourself."""
    wanted = set(body.items)
    items = list(Item.objects.filter(pk__in=wanted))
    if len(items) != len(wanted):
        raise missing()
    return Reply(Heard(new=actions.take_note(by=actor(request), items=items)), 201)
