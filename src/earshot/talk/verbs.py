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
from earshot.talk.models import Message, Recipient
from earshot.teams.models import Membership

kinds.register("message", Message, page="message", in_two_languages=True)
kinds.register("recipient", Recipient, label=lambda recipient: recipient.person.name)
verbs.register(
    {
        "talk.posted": _("{actor} wrote about {about}"),
        "talk.asked": _("{actor} asked {to} for an answer, about {about}"),
        "talk.directed": _("{actor} gave {to} a directive, about {about}"),
        "talk.acknowledged": _("{actor} acknowledged the {message}"),
        "talk.withdrawn": _("{actor} no longer asks {former} for an answer to the {message}"),
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
