"""What reaches oneself, by which way, and when: channels, wishes, the calendar's address."""

from __future__ import annotations

from typing import Annotated, Literal

from django.urls import reverse
from ninja import Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body, Id, Moment, NewId, Page, moment, moment_or_none
from earshot.desk.finding import find
from earshot.journal.queries import in_language
from earshot.people.models import Person
from earshot.talk import rules
from earshot.talk.actions import channels as verbs
from earshot.talk.feeds import live_of
from earshot.talk.letters import home
from earshot.talk.models import Channel, Feed, Wishes
from earshot.talk.notices import wishes_of

router = Router()

Address = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=CLEAN)]
Secret = Annotated[str, StringConstraints(max_length=200, pattern=CLEAN)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=CLEAN)]
TimeOfDay = Annotated[str, StringConstraints(max_length=5, pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")]
Way = Literal["mail", "webhook", "wecom", "dingtalk", "feishu"]


class ChannelLine(TypedDict):
    """One way to you. `address`: by its ends alone, never whole. `confirmed_at` null: it carries nothing but its code yet. `at_once`,
    `digest`: what goes this way. `failing_since`, `trouble`: nothing has arrived since, and why; `given_up_at`: nor is it tried again
    before you say so."""

    id: Id
    kind: Way
    address: str
    at_once: bool
    digest: bool
    added_at: Moment
    confirmed_at: Moment | None
    sent_at: Moment | None
    failing_since: Moment | None
    given_up_at: Moment | None
    trouble: str


class ChannelMade(ChannelLine):
    """`secret`: by which a webhook is signed, where it was made for you: shown this once; null where the same request is answered again."""

    secret: str | None


class WishesShown(TypedDict):
    """Times of day in the time of your unit, as 22:00; empty: none."""

    quiet_from: str
    quiet_to: str
    working_time: bool
    urgent: bool
    digest_at: str
    language: Literal["zh-hans", "en"]


class FeedShown(TypedDict):
    """`made_at`: since when your calendar has an address; null: it has none."""

    made_at: Moment | None


class FeedMade(TypedDict):
    """`address`: of your calendar, shown this once; null where the same request is answered again."""

    made_at: Moment
    address: str | None


class NewChannel(Body):
    """`secret`: of a DingTalk or Feishu robot that checks signatures, or a `whsec_…` of your own for a webhook."""

    id: NewId | None = None
    kind: Way
    address: Address
    secret: Secret = ""


class Confirming(Body):
    code: Code


class Choosing(Body):
    at_once: bool
    digest: bool


class EndingChannel(Body):
    """`reason`: where there is something to say; it stands in the journal."""

    reason: Annotated[str, StringConstraints(max_length=300, pattern=CLEAN)] = ""


class NewWishes(Body):
    """All of them together. `urgent`: a time limit that has run out may break quiet hours. `digest_at`: on working days; empty: none."""

    quiet_from: TimeOfDay = ""
    quiet_to: TimeOfDay = ""
    working_time: bool = False
    urgent: bool = False
    digest_at: TimeOfDay = ""
    language: Literal["zh-hans", "en"] = Field(default="zh-hans")


def channel_line(channel: Channel) -> ChannelLine:
    return {
        "id": str(channel.pk),
        "kind": channel.kind,  # type: ignore[typeddict-item]  # held by the database
        "address": verbs.shown(channel),
        "at_once": channel.at_once,
        "digest": channel.digest,
        "added_at": moment(channel.added_at),
        "confirmed_at": moment_or_none(channel.confirmed_at),
        "sent_at": moment_or_none(channel.sent_at),
        "failing_since": moment_or_none(channel.failing_since),
        "given_up_at": moment_or_none(channel.given_up_at),
        "trouble": str(in_language(channel.trouble)) if channel.trouble else "",
    }


def _mine(request: Asked, channel_id: AnyId) -> Channel:
    found: Channel = find(me(request), "channel", channel_id)
    return found


@router.get("/me/channels", response=Page[ChannelLine])
@read
def list_channels(request: Asked, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[ChannelLine]:
    """Your channels, the oldest first; those that you ended are left out."""
    found, after = paging.part(Channel.objects.filter(person=me(request), ended_at__isnull=True), ("added_at", "id"), cursor, limit)
    return {"items": [channel_line(channel) for channel in found], "next": after}


@router.post("/me/channels", response={201: ChannelMade})
@write
def add_channel(request: Asked, body: NewChannel) -> Reply:
    """A further way to you. A code goes there at once; nothing else before you have sent it to `…/confirmations`."""
    channel, secret = verbs.add_channel(by=actor(request), kind=body.kind, address=body.address, secret=body.secret, id=body.id)
    made: ChannelMade = {**channel_line(channel), "secret": secret or None}
    return Reply(made, 201, secret="secret")  # noqa: S106 - the name of the field


@router.post("/me/channels/{channel_id}/confirmations", response={201: ChannelLine})
@write
def confirm_channel(request: Asked, channel_id: AnyId, body: Confirming) -> Reply:
    """The code that came through the channel."""
    channel = _mine(request, channel_id)
    verbs.confirm_channel(by=actor(request), channel=channel, code=body.code)
    return Reply(channel_line(_mine(request, channel_id)), 201)


@router.post("/me/channels/{channel_id}/codes", response={204: None})
@write
def send_code(request: Asked, channel_id: AnyId) -> Reply:
    """Another code; the former one is good no more."""
    verbs.send_code(by=actor(request), channel=_mine(request, channel_id))
    return Reply(status=204)


@router.put("/me/channels/{channel_id}/choice", response=ChannelLine)
@write
def choose_channel(request: Asked, channel_id: AnyId, body: Choosing) -> Reply:
    """What goes this way: what is at once, the digest, or both."""
    verbs.choose_channel(by=actor(request), channel=_mine(request, channel_id), at_once=body.at_once, digest=body.digest)
    return Reply(channel_line(_mine(request, channel_id)))


@router.post("/me/channels/{channel_id}/trials", response={204: None})
@write
def try_channel(request: Asked, channel_id: AnyId) -> Reply:
    """A message of trial, whatever the hour."""
    verbs.try_channel(by=actor(request), channel=_mine(request, channel_id))
    return Reply(status=204)


@router.post("/me/channels/{channel_id}/mendings", response={201: ChannelLine})
@write
def mend_channel(request: Asked, channel_id: AnyId) -> Reply:
    """What was given up is tried again, and what waited goes out after it."""
    verbs.mend_channel(by=actor(request), channel=_mine(request, channel_id))
    return Reply(channel_line(_mine(request, channel_id)), 201)


@router.post("/me/channels/{channel_id}/endings", response={204: None})
@write
def end_channel(request: Asked, channel_id: AnyId, body: EndingChannel) -> Reply:
    """Nothing goes this way any more; the record stays."""
    verbs.end_channel(by=actor(request), channel=_mine(request, channel_id), reason=body.reason)
    return Reply(status=204)


def _wishes(person: Person) -> WishesShown:
    wished = Wishes.objects.filter(person=person).first() or wishes_of(person)
    return {
        "quiet_from": rules.face(wished.quiet_from),
        "quiet_to": rules.face(wished.quiet_to),
        "working_time": wished.working_time,
        "urgent": wished.urgent,
        "digest_at": rules.face(wished.digest_at),
        "language": wished.language,  # type: ignore[typeddict-item]  # held by the verb
    }


@router.get("/me/wishes", response=WishesShown)
@read
def show_wishes(request: Asked) -> WishesShown:
    """When you want to be told."""
    return _wishes(me(request))


@router.put("/me/wishes", response=WishesShown)
@write
def set_wishes(request: Asked, body: NewWishes) -> Reply:
    """When you want to be told; what is waiting goes by it, too."""
    verbs.set_wishes(by=actor(request), **body.model_dump())
    return Reply(_wishes(me(request)))


@router.get("/me/feed", response=FeedShown)
@read
def show_feed(request: Asked) -> FeedShown:
    """Whether your calendar has an address. What it is, nobody is told again."""
    feed: Feed | None = live_of(me(request))
    return {"made_at": moment(feed.made_at) if feed else None}


@router.post("/me/feed", response={201: FeedMade})
@write
def make_feed(request: Asked) -> Reply:
    """An address of your calendar that opens without signing in; one made before opens nothing from now on."""
    feed, key = verbs.make_feed(by=actor(request))
    made: FeedMade = {"made_at": moment(feed.made_at), "address": home(reverse("feed", kwargs={"key": key}))}
    return Reply(made, 201, secret="address")  # noqa: S106 - the name of the field


@router.delete("/me/feed", response={204: None})
@write
def revoke_feed(request: Asked) -> Reply:
    """The address opens nothing any more."""
    verbs.revoke_feed(by=actor(request))
    return Reply(status=204)
