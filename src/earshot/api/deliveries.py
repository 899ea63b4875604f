"""What the worker gave up: for operations and administrators."""

from __future__ import annotations

from typing import Annotated

from ninja import Router
from pydantic import Field
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, for_some, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import Body, Moment, Page, moment
from earshot.desk.actions import may_keep_running
from earshot.desk.actions import send_again as send
from earshot.desk.queries import worded_for
from earshot.journal import jobs
from earshot.journal.models import Delivery
from earshot.journal.reactions import WORDS

router = Router()


class DeliveryShown(TypedDict):
    """Something owed after an entry, given up after all its attempts. `about`: the entry, in words; empty where you may not see it."""

    id: int
    reaction: str
    what: str
    about: str
    error: str
    attempts: int
    given_up_at: Moment


class SentAgain(TypedDict):
    count: int


class SendingAgain(Body):
    deliveries: Annotated[list[Annotated[int, Field(ge=1, le=2**62)]], Field(min_length=1, max_length=500)]


@router.get("/deliveries", response=Page[DeliveryShown])
@for_some
@read
def list_deliveries(request: Asked, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[DeliveryShown]:
    """What was given up, the newest first."""
    may_keep_running(actor(request))
    found, after = paging.part(jobs.dead().order_by(), ("-dead_at", "-id"), cursor, limit)
    sentences = worded_for(me(request), [row.entry for row in found])
    return {"items": [_shown(row, sentences.get(row.entry_id, "")) for row in found], "next": after}


def _shown(row: Delivery, about: str) -> DeliveryShown:
    assert row.dead_at is not None
    return {
        "id": row.pk,
        "reaction": row.reaction,
        "what": str(WORDS.get(row.reaction, row.reaction)),
        "about": about,
        "error": row.error,
        "attempts": row.attempts,
        "given_up_at": moment(row.dead_at),
    }


@router.post("/deliveries/sent-again", response={201: SentAgain})
@write
def send_again(request: Asked, body: SendingAgain) -> Reply:
    """Owe them again, with all their attempts."""
    n = send(by=actor(request), deliveries=Delivery.objects.filter(pk__in=body.deliveries))
    return Reply({"count": n}, 201)
