"""Messages: discussions on anything, a team's one address, and each recipient's own acknowledgement."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.clocks import ClockShown, clock_shown
from earshot.api.fields import (
    CLEAN,
    AnyId,
    Body,
    Id,
    Moment,
    Named,
    NewId,
    Page,
    Reference,
    Words,
    moment,
    moment_or_none,
    named,
    reference_to,
)
from earshot.api.finding import meant
from earshot.api.problems import misfit
from earshot.desk.finding import FINDERS, find
from earshot.kit.problems import say
from earshot.kit.texts import WORDS
from earshot.people.models import Person
from earshot.talk.actions import messages as actions
from earshot.talk.models import Message
from earshot.talk.queries import messages as queries

router = Router()
Kind = Literal["deal", "item", "meeting", "call", "account", "team"]


class RecipientShown(TypedDict):
    """Somebody whom the message was written to. `state`: of what it asks; `sent` where it asks nothing. `since`: when it was
    acknowledged, or when nothing was asked any more."""

    person: Named
    state: Literal["sent", "acknowledged", "overdue", "escalated", "released"]
    since: Moment | None
    clock: ClockShown | None


class MessageShown(TypedDict):
    """`asks`: what each recipient is to acknowledge; empty: nothing. `waits_for_you`: your own acknowledgement is wanted. `replies_to`
    null: to nothing, or to what you may not read."""

    id: Id
    about: Reference
    author: Named
    text: str
    asks: Literal["", "answer", "directive"]
    to_team: bool
    recipients: list[RecipientShown]
    replies_to: Id | None
    posted_at: Moment
    waits_for_you: bool


class NewMessage(Body):
    """`to`: people who see what it is about; to a team, members of it. `to_team`: to all members of a team as of now."""

    id: NewId | None = None
    text: Words
    asks: Literal["", "answer", "directive"] = ""
    to: Annotated[list[AnyId], Field(max_length=actions.MOST_NAMED)] = []
    to_team: bool = False
    replies_to: AnyId | None = None


class NewAcknowledgement(Body):
    """`text`: in words, which then stand as a reply. Where an answer is asked for, words are needed; a directive is confirmed by the act
    alone, too (null)."""

    text: Annotated[str, StringConstraints(max_length=WORDS, pattern=CLEAN)] | None = None


def _recipient(one: queries.RecipientRead) -> RecipientShown:
    return {
        "person": named(one.person),
        "state": one.state,  # type: ignore[typeddict-item]  # one of those that the rules know
        "since": moment_or_none(one.since),
        "clock": clock_shown(one.clock),
    }


def _shown(person: Person, rows: QuerySet[Message]) -> list[MessageShown]:
    reads = queries.read(person, rows)
    places = queries.places_of(one.message for one in reads)
    return [
        {
            "id": str(one.message.pk),
            "about": reference_to(places[one.message.object_id].about),
            "author": named(one.message.author),
            "text": one.message.text,
            "asks": one.message.asks,  # type: ignore[typeddict-item]  # by the choices of its column
            "to_team": one.message.to_team,
            "recipients": [_recipient(recipient) for recipient in one.recipients],
            "replies_to": str(one.answers.pk) if one.answers else None,
            "posted_at": moment(one.message.posted_at),
            "waits_for_you": one.asks(person),
        }
        for one in reads
    ]


def _page(person: Person, rows: QuerySet[Message], cursor: str | None, limit: int) -> Page[MessageShown]:
    found, after = paging.part(rows.values("posted_at", "id"), queries.NEWEST, cursor, limit)
    chosen = Message.objects.filter(pk__in=[row["id"] for row in found]).order_by(*queries.NEWEST)
    return {"items": _shown(person, chosen), "next": after}


def _one(request: Asked, message: Message, status: int = 200) -> Reply:
    """The message as it stands now, for somebody who has just seen it."""
    return Reply(_shown(me(request), Message.objects.filter(pk=message.pk))[0], status)


def _people(person: Person, ids: list[UUID]) -> list[Person]:
    """Colleagues by id, in one statement; one who is not there is said beside the field."""
    found = FINDERS["person"](person).in_bulk(ids)
    if unknown := [str(pk) for pk in ids if pk not in found]:
        raise misfit({"to": say(_("There is nobody with this id: {ids}"), ids=", ".join(unknown))})
    return list(found.values())


@router.get("/messages", response=Page[MessageShown])
@read
def list_messages(
    request: Asked,
    waiting: Annotated[bool, Query(description="Only those that wait for your own acknowledgement.")] = False,
    owed: Annotated[bool, Query(description="Only yours that somebody has not answered or confirmed yet.")] = False,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[MessageShown]:
    """What was written to you and by you, the newest first."""
    person = me(request)
    rows = queries.reached(person)
    if waiting:
        rows = rows.filter(pk__in=queries.waiting_for(person).order_by().values("message"))
    if owed:
        rows = rows.filter(pk__in=queries.owed_to(person).order_by().values("pk"))
    return _page(person, rows, cursor, limit)


@router.get("/messages/{message_id}", response=MessageShown)
@read
def show_message(request: Asked, message_id: AnyId) -> Reply:
    """One message, and how each of its recipients stands to it."""
    return _one(request, find(me(request), "message", message_id))


@router.post("/messages/{message_id}/acknowledgements", response={201: MessageShown})
@write
def acknowledge_message(request: Asked, message_id: AnyId, body: NewAcknowledgement) -> Reply:
    """Your own act, as one of those whom the message asks: a directive is confirmed, with or without words; a question is answered, in
    words (422 without). Words stand as a reply."""
    message = find(me(request), "message", message_id)
    actions.acknowledge(by=actor(request), messages=[message], text=body.text or "")
    return _one(request, message, 201)


@router.post("/messages/{message_id}/withdrawals", response={201: MessageShown})
@write
def withdraw_message(request: Asked, message_id: AnyId) -> Reply:
    """As its author: what the message asks is asked no more. The words stay."""
    message = find(me(request), "message", message_id)
    actions.withdraw(by=actor(request), message=message)
    return _one(request, message, 201)


@router.get("/discussions/{kind}/{object_id}/messages", response=Page[MessageShown])
@read
def list_discussion(
    request: Asked, kind: Kind, object_id: AnyId, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL
) -> Page[MessageShown]:
    """What was written on an object, the newest first; of a team, what reached you or is yours."""
    person = me(request)
    return _page(person, queries.on(person, find(person, kind, object_id)), cursor, limit)


@router.post("/discussions/{kind}/{object_id}/messages", response={201: MessageShown})
@write
def post_message(request: Asked, kind: Kind, object_id: AnyId, body: NewMessage) -> Reply:
    """Write on an object, or to a team: to its one address, or to some of its members. Whoever sees the object reads it; what is
    written to a team is read by whom it reaches alone."""
    person = me(request)
    about = find(person, kind, object_id)
    message = actions.post_message(
        by=actor(request),
        about=about,
        text=body.text,
        asks=body.asks,
        to=_people(person, body.to),
        to_team=body.to_team,
        replies_to=meant(person, "message", body.replies_to, "replies_to") if body.replies_to else None,
        id=body.id,
    )
    return _one(request, message, 201)
