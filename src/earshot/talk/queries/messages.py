"""Reads on messages: who sees them, whom they reached, and who has answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q, QuerySet

from earshot.clocks.models import Step
from earshot.clocks.queries import Reading, readings
from earshot.clocks.registry import Subject
from earshot.journal.kinds import kind_of
from earshot.kit.engine.prepared import Prepared, grouped
from earshot.kit.ruling import permissive
from earshot.people.models import Person
from earshot.people.queries import is_head_at_or_above
from earshot.people.standing import seen_by, seers
from earshot.talk import rules
from earshot.talk.models import Message, Recipient
from earshot.talk.registry import TOPICS, Place
from earshot.teams.models import Team
from earshot.teams.queries import may_nominate, sits, sitting

NEWEST = ("-posted_at", "-id")


@permissive("everybody sees every message", lambda person: Message.objects.all())
def visible_to(person: Person) -> QuerySet[Message]:
    """The messages that the person may see: those on what he or she sees, and of those among a team's members the ones that reach."""
    condition = seen_by(person, "message", unit="")
    for kind, topic in TOPICS.items():
        if not topic.closed:
            condition |= Q(team__isnull=True, kind=kind, object_id__in=topic.seen(person).order_by().values("pk"))
    return Message.objects.filter(condition)


def written_to(person: Person) -> QuerySet[Message]:
    """Of the messages among the members of teams, those that the person may see."""
    return Message.objects.filter(seen_by(person, "message", unit=""))


def place_of(about: models.Model) -> Place:
    """Where an object that is talked about belongs; a KeyError when nobody talks about its kind."""
    return TOPICS[kind_of(about).name].places([about.pk])[about.pk]


def places_of(messages: Iterable[Message]) -> dict[UUID, Place]:
    """Object → where it belongs, for what these messages are about: a fixed number of statements a kind."""
    kinds: dict[str, set[UUID]] = {}
    for message in messages:
        kinds.setdefault(message.kind, set()).add(message.object_id)
    return {pk: place for kind, ids in kinds.items() for pk, place in TOPICS[kind].places(sorted(ids)).items()}


def is_closed(about: models.Model) -> bool:
    """Whether what is said about it is for whom it reaches alone."""
    return TOPICS[kind_of(about).name].closed


def on(person: Person, about: models.Model) -> QuerySet[Message]:
    """The messages on one object that the person sees, in `NEWEST` order. The person must be known to see the object."""
    there = Message.objects.filter(kind=kind_of(about).name, object_id=about.pk)
    if is_closed(about):
        there = there.filter(pk__in=written_to(person).values("pk"))
    return there.order_by(*NEWEST)


def reached(person: Person) -> QuerySet[Message]:
    """What was written to the person and what he or she wrote, as far as still visible, in `NEWEST` order."""
    mine = Recipient.objects.filter(person=person).values("message")
    return visible_to(person).filter(Q(pk__in=mine) | Q(author=person)).order_by(*NEWEST)


def unanswered() -> QuerySet[Recipient]:
    """Recipients who are asked something and have not acknowledged it."""
    return Recipient.objects.exclude(message__asks="").filter(acknowledgement__isnull=True, release__isnull=True)


def waiting_for(person: Person) -> QuerySet[Recipient]:
    """What waits for the person's own acknowledgement and is visible to him or her, the oldest first."""
    asked = list(unanswered().filter(person=person).values_list("message", flat=True))
    seen = visible_to(person).filter(pk__in=asked).values("pk") if asked else Message.objects.none().values("pk")
    mine = unanswered().filter(person=person, message__in=seen)
    return mine.select_related("message__author", "person__unit").order_by("message__posted_at", "pk")


def asked_of(person: Person, about: models.Model) -> QuerySet[Any, Any]:
    """The messages on one object that wait for the person's own acknowledgement, as a query of ids for `on`, which knows what is seen."""
    return unanswered().filter(person=person, message__kind=kind_of(about).name, message__object_id=about.pk).values("message")


def owed_to(person: Person) -> QuerySet[Message]:
    """The person's own messages that somebody has not answered or confirmed yet, as far as still visible, the oldest first."""
    own = list(unanswered().filter(message__author=person).values_list("message", flat=True).distinct())
    return (visible_to(person).filter(pk__in=own) if own else Message.objects.none()).order_by("posted_at", "id")


def may_write(person: Person, about: models.Model, place: Place) -> bool:
    """Whoever sees an object talks about it; to a team its members write, and who leads it."""
    topic = TOPICS[kind_of(about).name]
    if topic.closed:
        return place.team is not None and (sits(person, place.team.pk) or leads(person, place))
    return topic.seen(person).filter(pk=about.pk).exists()


@permissive("everybody gives directives", lambda person, place: True)
def leads(person: Person, place: Place) -> bool:
    """Who gives directives there: whoever sits in the team's leading seat, answers for what it serves, or heads the owning unit or one
    above it."""
    if place.team is not None and may_nominate(person, place.team):
        return True
    if place.owner is not None and place.owner.pk == person.pk:
        return True
    return place.unit is not None and is_head_at_or_above(person, place.unit)


def within_reach(about: models.Model, place: Place) -> QuerySet[Person]:
    """Whom a message there may be written to: of a team its members, else whoever sees the object; by name."""
    if is_closed(about):
        assert place.team is not None
        return members(place.team)
    return seers(place.sights).select_related("unit").order_by("name", "pk")


def is_reached(person: Person, about: models.Model, place: Place) -> bool:
    """Whether a reply there reaches this person: who leads a team from outside is answered, too."""
    if person.left_at is not None:
        return False
    return may_write(person, about, place) if is_closed(about) else within_reach(about, place).filter(pk=person.pk).exists()


def wants_words(message: Message) -> bool:
    """Whether what it asks is done in words alone. On an object they always find readers."""
    if rules.answers(message.asks, "", reaches=True):
        return False
    topic = TOPICS[message.kind]
    place = topic.places([message.object_id])[message.object_id]
    return not rules.answers(message.asks, "", reaches=not topic.closed or is_reached(message.author, place.about, place))


@permissive("everybody of the company", lambda team: Person.objects.filter(left_at__isnull=True).select_related("unit"))
def members(team: Team) -> QuerySet[Person]:
    """Whom the team's one address reaches now: those who have accepted a seat and have not left it, and nobody else."""
    return sitting(team.pk).select_related("unit")


def subject(recipient: Recipient, place: Place) -> Subject:
    """What the clock of a recipient is about. `recipient.message`, its author and the recipient's unit are loaded."""
    message, person = recipient.message, recipient.person
    return Subject(
        what=message,
        scopes=scopes(message, place),
        person=person,
        unit=person.unit or place.unit,
        parts={"recipient": recipient, "about": place.about},
        team=place.team.pk if place.team else None,
        owner=place.owner,
        led_by=place.unit,
        sender=message.author,
    )


def scopes(message: Message, place: Place) -> tuple[models.Model, ...]:
    """Where an entry about the message belongs: to what it is about, or, among the members of a team, to the message alone."""
    return (message,) if message.team_id else place.scopes


@dataclass(frozen=True)
class RecipientRead:
    """One of those whom a message reached. `state`: see `rules.state`; `since`: when he or she acknowledged or was released."""

    recipient: Recipient
    state: str
    since: datetime | None
    clock: Reading | None

    @property
    def person(self) -> Person:
        return self.recipient.person


@dataclass(frozen=True)
class MessageRead:
    """A message as people read it. `recipients`: who has not acknowledged first. `answers`: the message that it replies to, where the
    reader sees that too."""

    message: Message
    recipients: tuple[RecipientRead, ...]
    answers: Message | None

    @property
    def open(self) -> list[RecipientRead]:
        """Those who are asked and have not acknowledged."""
        return [one for one in self.recipients if self.message.asks and one.state not in (rules.ACKNOWLEDGED, rules.RELEASED)]

    def asks(self, person: Person) -> bool:
        """Whether it waits for this person's own acknowledgement."""
        return any(one.person.pk == person.pk for one in self.open)


_RECIPIENTS = Prepared(
    lambda messages: (
        Recipient.objects.filter(message__in=messages)
        .select_related("person__unit", "acknowledgement", "release")
        .order_by("person__name", "pk")
    )
)


def read(person: Person, messages: QuerySet[Message]) -> list[MessageRead]:
    """These messages with their recipients and how each stands, in a fixed number of statements."""
    rows = list(messages.select_related("author__unit"))
    found = grouped(_RECIPIENTS.objects([message.pk for message in rows]), "message_id")
    asked = [one.pk for message in rows if message.asks for one in found.get(message.pk, ())]
    clocks = readings(asked) if asked else {}
    late = [reading.clock.pk for reading in clocks.values() if reading.overdue]
    beyond = Step.objects.filter(clock__in=late, fired_at__isnull=False, after__gt=F("clock__limit"))
    escalated = set(beyond.values_list("clock_id", flat=True)) if late else set()
    answered = {message.replies_to_id for message in rows if message.replies_to_id}
    before = visible_to(person).filter(pk__in=answered).select_related("author") if answered else []
    earlier = {message.pk: message for message in before}
    return [
        MessageRead(
            message,
            tuple(sorted((_read(one, clocks.get(one.pk), escalated) for one in found.get(message.pk, ())), key=_open_first)),
            earlier.get(message.replies_to_id) if message.replies_to_id else None,
        )
        for message in rows
    ]


def _read(recipient: Recipient, clock: Reading | None, escalated: set[UUID]) -> RecipientRead:
    acknowledged, released = getattr(recipient, "acknowledgement", None), getattr(recipient, "release", None)
    state = rules.state(
        acknowledged=acknowledged is not None,
        released=released is not None,
        overdue=clock is not None and clock.overdue,
        escalated=clock is not None and clock.clock.pk in escalated,
    )
    ended: Any = acknowledged or released
    return RecipientRead(recipient, state, ended.at if ended else None, clock)


def _open_first(one: RecipientRead) -> bool:
    return one.state in (rules.ACKNOWLEDGED, rules.RELEASED)
