"""Records of meetings with a customer: what was said is kept, what is missing is asked; who of us was there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from ninja import Router
from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema
from typing_extensions import TypedDict

from earshot.api.accounts import ContactShown, contact
from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import (
    AnyId,
    AsTyped,
    Body,
    Id,
    Lenient,
    Moment,
    Named,
    NewId,
    Reference,
    Short,
    Title,
    moment,
    moment_or_none,
    named,
    reference_to,
)
from earshot.api.finding import meant
from earshot.api.voice import ItemShown, items_shown
from earshot.desk.finding import find
from earshot.kit.problems import Refusal
from earshot.people.models import Person
from earshot.voice import actions
from earshot.voice.models import Item, Meeting

router = Router()


class Ask(TypedDict):
    """Something of a record that is still open. `typed`: what came and could not be read. `act` on `target` answers it."""

    field: str
    typed: str
    sentence: str
    act: str
    target: Reference


class AttendanceShown(TypedDict):
    """Somebody said to have been there; it counts once that person has confirmed it."""

    id: Id
    person: Named
    confirmed_at: Moment | None
    denied_at: Moment | None


class MeetingShown(TypedDict):
    """A record of a contact with the customer. `asks`: what its author is still asked for; the words are kept either way."""

    id: Id
    deal: Reference
    author: Named
    held_at: Moment | None
    place: str
    recorded_at: Moment
    contacts: list[ContactShown]
    attendances: list[AttendanceShown]
    items: list[ItemShown]
    asks: list[Ask]


def _position(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1000 else None


class SaidIn(Lenient):
    """`words`: kept to the letter. `category`: code of the playbook. `speaker`: position in `contacts`, from 0."""

    words: str
    category: AsTyped = ""
    speaker: Annotated[
        int | None, BeforeValidator(_position), WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]})
    ] = None


class ContactIn(Lenient):
    name: AsTyped = ""
    title: AsTyped = ""


class NewMeeting(Lenient):
    """Only the words are required. A time, a category, a contact or a colleague that cannot be read is kept and asked for in
    `asks`; it never keeps the words from being saved. `present`: ids of colleagues who were there; each confirms it."""

    id: NewId | None = None
    items: Annotated[list[SaidIn], Field(min_length=1, max_length=100)]
    contacts: Annotated[list[ContactIn], Field(max_length=50)] = []
    held_at: AsTyped = ""
    place: AsTyped = ""
    present: Annotated[list[AsTyped], Field(max_length=100)] = []
    was_present: bool = True


class NamedContact(Body):
    name: Annotated[Short, Field(min_length=1)]
    title: Short = ""


class MeetingCompletion(Body):
    """What is left out, or null, stays as it is. `present`: colleagues who were there too; given, even empty, it settles who was."""

    held_at: AwareDatetime | None = None
    place: Annotated[Title, Field()] | None = None
    contacts: Annotated[list[NamedContact], Field(max_length=50)] = []
    present: Annotated[list[AnyId], Field(max_length=100)] | None = None


def meeting_shown(meeting: Meeting, person: Person) -> MeetingShown:
    items = items_shown(Item.objects.filter(meeting=meeting).order_by("position", "pk"), person)
    attendances = meeting.attendances.select_related("person").order_by("at", "pk")
    return {
        "id": str(meeting.pk),
        "deal": reference_to(meeting.deal),
        "author": named(meeting.author),
        "held_at": moment_or_none(meeting.held_at),
        "place": meeting.place,
        "recorded_at": moment(meeting.recorded_at),
        "contacts": [contact(one) for one in meeting.contacts.order_by("name", "pk")],
        "attendances": [
            {
                "id": str(one.pk),
                "person": named(one.person),
                "confirmed_at": moment_or_none(one.confirmed_at),
                "denied_at": moment_or_none(one.denied_at),
            }
            for one in attendances
        ],
        "items": items,
        "asks": [*_asks_of_record(meeting), *_asks_of_items(meeting, items)],
    }


_OF_ITEMS = ("category_", "words_")


def _asks_of_record(meeting: Meeting) -> list[Ask]:
    sentences = {
        "held_at": _("When did you meet? Give a time that has passed, with its time zone."),
        "contact": _("With whom did you speak? Give the name of somebody at the customer."),
        "present": _("Some colleagues could not be found. Who of us was there?"),
    }
    target = reference_to(meeting)
    return [
        {
            "field": field,
            "typed": typed,
            "sentence": str(sentences.get("contact" if field.startswith("contact_") else field, _("This could not be read."))),
            "act": "complete_meeting",
            "target": target,
        }
        for field, typed in sorted(meeting.asks.items())
        if not field.startswith(_OF_ITEMS)
    ]


def _asks_of_items(meeting: Meeting, items: Sequence[ItemShown]) -> list[Ask]:
    """What is open of single items: gone once the item has a category, or a correction."""
    asks: list[Ask] = []
    for item in items:
        place, number = f"items.{item['position'] - 1}", item["position"]
        target: Reference = {"kind": "item", "id": item["id"], "label": item["words"][:60]}
        if item["category"] is None:
            sentence = _("What is this about? Choose a category of the list, so that the right people hear it.")
            typed = meeting.asks.get(f"category_{number}", "")
            asks.append({"field": f"{place}.category", "typed": typed, "sentence": str(sentence), "act": "file_item", "target": target})
        if f"words_{number}" in meeting.asks and not item["corrections"]:
            sentence = _("A character of these words could not be kept. Put a correction beside them if it matters.")
            asks.append({"field": f"{place}.words", "typed": "", "sentence": str(sentence), "act": "correct_item", "target": target})
    return asks


def _time(typed: str) -> datetime | None:
    """A moment with its time zone, or None where it cannot be read."""
    try:
        found = parse_datetime(typed.strip())
        return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _colleagues(person: Person, ids: Sequence[str]) -> tuple[list[Person], list[str]]:
    """Those whom the ids name, and the ids that name nobody."""
    found: list[Person] = []
    unknown: list[str] = []
    for typed in ids:
        try:
            found.append(find(person, "person", UUID(typed.strip())))
        except (ValueError, Refusal):
            unknown.append(typed[:100])
    return found, unknown


@router.post("/deals/{deal_id}/meetings", response={201: MeetingShown})
@write
def record_meeting(request: Asked, deal_id: AnyId, body: NewMeeting) -> Reply:
    """Keep what the customer said, in the customer's own words. Whoever must hear each of them is named at once, by rule."""
    person = me(request)
    deal = find(person, "deal", deal_id)
    asks: dict[str, str] = {}
    held_at = _time(body.held_at)
    if body.held_at.strip() and held_at is None:
        asks["held_at"] = body.held_at[:300]
    present, unknown = _colleagues(person, body.present)
    if unknown:
        asks["present"] = ", ".join(unknown)
    meeting = actions.record_meeting(
        by=actor(request),
        deal=deal,
        items=[actions.Said(said.words, said.category.strip(), said.speaker) for said in body.items],
        contacts=[actions.With(one.name, one.title) for one in body.contacts],
        held_at=held_at,
        place=body.place,
        present=present,
        was_present=body.was_present,
        asks=asks,
        id=body.id,
    )
    return Reply(meeting_shown(meeting, person), 201)


@router.get("/meetings/{meeting_id}", response=MeetingShown)
@read
def show_meeting(request: Asked, meeting_id: AnyId) -> MeetingShown:
    """A record with all that was said, and what is still asked for."""
    return meeting_shown(find(me(request), "meeting", meeting_id), me(request))


@router.patch("/meetings/{meeting_id}", response=MeetingShown)
@write
def complete_meeting(request: Asked, meeting_id: AnyId, body: MeetingCompletion) -> Reply:
    """Answer what your record asks for. What was said stays as it is."""
    meeting = actions.complete_meeting(
        by=actor(request),
        meeting=find(me(request), "meeting", meeting_id),
        held_at=body.held_at,
        place=body.place,
        contacts=[actions.With(one.name, one.title) for one in body.contacts],
        present=None if body.present is None else [meant(me(request), "person", one, "present") for one in body.present],
    )
    return Reply(meeting_shown(meeting, me(request)))


@router.post("/attendances/{attendance_id}/confirmation", response={204: None})
@write
def confirm_presence(request: Asked, attendance_id: AnyId) -> Reply:
    """You were there, as somebody said: only now does it count as having heard."""
    actions.confirm_presence(by=actor(request), attendance=find(me(request), "attendance", attendance_id))
    return Reply(status=204)


@router.post("/attendances/{attendance_id}/denial", response={204: None})
@write
def deny_presence(request: Asked, attendance_id: AnyId) -> Reply:
    """You were not there: what somebody said of you counts for nothing."""
    actions.deny_presence(by=actor(request), attendance=find(me(request), "attendance", attendance_id))
    return Reply(status=204)
