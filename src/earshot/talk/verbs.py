"""The journal verbs, kinds and standings of this room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.journal import kinds, verbs
from earshot.kit.engine.prepared import Prepared
from earshot.kit.ruling import permissive
from earshot.people.standing import SOURCES, Key
from earshot.talk.models import Channel, Message, Recipient
from earshot.talk.rules import masked
from earshot.teams.models import Membership

kinds.register("message", Message, page="message", in_two_languages=True)
kinds.register("recipient", Recipient, label=lambda recipient: recipient.person.name)
kinds.register("channel", Channel, label=lambda channel: masked(channel.kind, channel.address))
verbs.register(
    {
        "talk.posted": _("{actor} wrote about {about}"),
        "talk.asked": _("{actor} asked {to} for an answer, about {about}"),
        "talk.directed": _("{actor} gave {to} a directive, about {about}"),
        "talk.acknowledged": _("{actor} acknowledged the {message}"),
        "talk.withdrawn": _("{actor} no longer asks {former} for an answer to the {message}"),
        "talk.channel_added": _("{actor} added a channel for what is to reach {person}: {kind}, {channel}"),
        "talk.code_asked": _("{actor} let another code be sent to the channel {channel}"),
        "talk.code_refused": _("{actor} tried to confirm the channel {channel} by a wrong code"),
        "talk.channel_confirmed": _("{actor} confirmed the channel {channel}"),
        "talk.channel_chosen": _("{actor} changed what goes by the channel {channel}"),
        "talk.channel_tried": _("{actor} let a trial be sent to the channel {channel}"),
        "talk.channel_mended": _("{actor} let what was given up on the channel {channel} be tried again"),
        "talk.channel_ended": _("{actor} ended the channel {channel}: {reason}"),
        "talk.channel_dropped": _("{actor} ended the channel {channel}"),
        "talk.wishes_set": _("{actor} changed when messages are to come"),
        "talk.feed_made": _("{actor} made an address for the calendar of {person}"),
        "talk.feed_renewed": _("{actor} replaced the address of the calendar of {person}"),
        "talk.feed_revoked": _("{actor} withdrew the address of the calendar of {person}"),
        "talk.handed": _("{to} is asked the {message} instead ({actor})"),
        "talk.released": _("{former} need no longer answer the {message}: {why}"),
    },
    quiet={"talk.posted"},  # the discussion itself stands beside the timeline
)


def _gone(person: str) -> Q:
    """Condition on messages (or recipients): this person has left the team that it is about, and has not come back."""
    team = "team" if person == "author" else "message__team"
    sat = Membership.objects.filter(seat__team=OuterRef(team), person=OuterRef(person), acceptance__isnull=False)
    return Q(Exists(sat.filter(ended_at__isnull=False))) & ~Q(Exists(sat.filter(ended_at__isnull=True)))


@Prepared
def _wrote(message_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    messages = Message.objects.filter(team__isnull=False).exclude(_gone("author"))
    if message_ids is not None:
        messages = messages.filter(pk__in=message_ids)
    return messages.values_list("pk", "author_id")


@Prepared
def _got(message_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    recipients = Recipient.objects.filter(message__team__isnull=False).exclude(_gone("person"))
    if message_ids is not None:
        recipients = recipients.filter(message__in=message_ids)
    return recipients.values_list("message_id", "person_id")


def _ever_reached(message_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """The same without asking who has left since."""
    messages = Message.objects.filter(team__isnull=False)
    if message_ids is not None:
        messages = messages.filter(pk__in=message_ids)
    for message, author, person in messages.values_list("pk", "author_id", "recipients__person_id"):
        for reader in {author, person}:
            yield message, (reader, None, "message", message)


@permissive("whoever it ever reached", _ever_reached)
def _reached(message_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whom a message among the members of a team reaches, and who wrote it, see it until they leave the team; nobody else ever does."""
    for message, person in {*_wrote.rows(message_ids), *_got.rows(message_ids)}:
        yield message, (person, None, "message", message)


REACHED = "message_reached"
SOURCES.add(REACHED, _reached)
