"""Verbs on messages: write one, acknowledge it, withdraw what it asks; and what follows when somebody no longer sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from earshot.clocks import actions as clocks
from earshot.journal.actions import News, record, record_all, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import KINDS, kind_of
from earshot.journal.models import Entry
from earshot.journal.repeats import earlier
from earshot.kit import now, texts, uuid7
from earshot.kit.engine import locks, written
from earshot.kit.problems import Refusal, Together, forbidden, in_both, missing, say, wrong
from earshot.kit.ruling import permissive
from earshot.people.actors import personally
from earshot.people.models import Person, Unit
from earshot.playbooks import book
from earshot.playbooks.models import ANSWER, ASKS, DIRECTIVE
from earshot.talk import rules
from earshot.talk.models import Acknowledgement, Message, Recipient, Release
from earshot.talk.models.messages import HANDED, LEFT_TEAM, LOST_SIGHT, WITHDRAWN
from earshot.talk.queries import messages as queries
from earshot.talk.registry import Place

MOST_NAMED = 100
SIGHT = "talk.sight"  # held alone by whoever releases those who lost sight, shared by whoever asks somebody
VERBS = {"": "talk.posted", ANSWER: "talk.asked", DIRECTIVE: "talk.directed"}
ASKED = {
    ANSWER: pgettext_lazy("what a service level serves", "messages that ask for an answer"),
    DIRECTIVE: pgettext_lazy("what a service level serves", "directives"),
}
WHY = {LEFT_TEAM: _("no longer on the team"), LOST_SIGHT: _("no longer sees what it is about"), HANDED: _("handed over to a successor")}


@verb
def post_message(
    *,
    by: Actor,
    about: models.Model,
    text: str,
    asks: str = "",
    to: Iterable[Person] = (),
    to_team: bool = False,
    replies_to: Message | None = None,
    id: UUID | None = None,
) -> Message:
    """Write on an object. Whoever sees the object reads it; what is written to a team is read by whom it reaches alone: `to_team` all
    its members of this moment, else `to`, members of it. `asks`: "answer" or "directive" is to be acknowledged by each of them in the
    time that the playbook sets. A reply to what asks the writer acknowledges that; it reaches its author. The same `id` again gives the
    first message back.

    Nobody is written to who could not read it: refused beside the field, before anything is written."""
    author = personally(by)
    if known := earlier(Message, id, lambda message: message.author_id == author.pk and message.object_id == about.pk):
        return known
    place = queries.place_of(about)
    closed = queries.is_closed(about)
    if closed and place.team is not None:
        locks.hold(f"team:{place.team.pk}")  # who joins or leaves in this second is on one side of it
    if asks:
        locks.hold(SIGHT, shared=True)  # who loses sight in this second is not asked, or is released from it
    _must_write(author, about, place, closed)
    each = Together()
    kept = each(texts.text, "text", text)
    each(_known, asks)
    each(_fits, replies_to, about, author)
    people = each(_recipients, author, about, place, [*to], to_team, replies_to)
    each.refuse()
    if asks and not people:
        raise wrong("to", _("Say who is to answer."))
    if asks == DIRECTIVE and not queries.leads(author, place):
        sentence = _("Directives are given by whoever leads the team, answers for what this is about, or heads its unit or one above.")
        raise forbidden("talk.not_leading", sentence)
    level = _level(asks) if asks else None
    message = Message(
        id=id or uuid7(),
        kind=kind_of(about).name,
        object_id=about.pk,
        team=place.team if closed else None,
        to_team=to_team,
        author=author,
        text=kept,
        asks=asks,
        replies_to=replies_to,
        posted_at=now(),
    )
    recipients = [Recipient(message=message, person=person) for person in people]
    written.insert([message])
    written.insert(recipients)
    objects: dict[str, Any] = {"message": message, "about": about, "to": people}
    entry = record(VERBS[asks], by=by, objects=objects, scopes=queries.scopes(message, place))
    if replies_to is not None:
        _acknowledge(by.because(entry), author, [replies_to], reply=message)
    if level is not None:
        _start(entry, recipients, place, level)
    return message


def _must_write(author: Person, about: models.Model, place: Place, closed: bool) -> None:
    if queries.may_write(author, about, place):
        return
    if closed:
        raise forbidden("talk.not_on_team", say(_("Only members of {team} and whoever leads it write to it."), team=place.team))
    raise missing()


def _known(asks: str) -> None:
    if asks not in ("", *ASKS):
        raise wrong("asks", say(_("A message asks for nothing, or one of these: {known}."), known=", ".join(ASKS)))


def _fits(replies_to: Message | None, about: models.Model, author: Person) -> None:
    """A reply stands where the message stands that it replies to, and only who reads that replies to it."""
    if replies_to is None:
        return
    there = replies_to.object_id == about.pk and replies_to.kind == kind_of(about).name
    if not there or not queries.visible_to(author).filter(pk=replies_to.pk).exists():
        raise wrong("replies_to", _("There is no such message here to reply to."))


def _recipients(
    author: Person, about: models.Model, place: Place, to: Sequence[Person], to_team: bool, replies_to: Message | None
) -> list[Person]:
    """Whom the message reaches, without its author. What is said on an object needs nobody named; what is said to a team does."""
    closed = queries.is_closed(about)
    if to_team and not closed:
        raise wrong("to", _("Only a team has an address. Name people instead."))
    if to_team and to:
        raise wrong("to", _("Either to the whole team, or to some of its members."))
    if to_team:
        assert place.team is not None
        return _somebody([person for person in queries.members(place.team) if person.pk != author.pk])
    wanted = {person.pk: person for person in to if person.pk != author.pk}
    if len(wanted) > MOST_NAMED:
        raise wrong("to", say(_("At most {most} people; these are {n}."), most=MOST_NAMED, n=len(wanted)))
    answered = replies_to.author if replies_to is not None and replies_to.author_id != author.pk else None
    reaches = {person.pk: person for person in queries.within_reach(about, place).filter(pk__in=wanted)}
    if answered is not None and queries.is_reached(answered, about, place):
        wanted.setdefault(answered.pk, answered)
        reaches[answered.pk] = answered  # who leads a team from outside is answered, too
    if unseeing := [person.name for pk, person in wanted.items() if pk not in reaches]:
        names = gettext(", ").join(unseeing)
        if closed:
            raise wrong("to", say(_("{names}: not on the team {team}, so it would not reach them."), names=names, team=place.team))
        raise wrong("to", say(_("{names}: cannot see {about}, so they could not read it."), names=names, about=about))
    people = sorted((reaches[pk] for pk in wanted), key=lambda person: (person.name, person.pk))
    return _somebody(people) if closed else people


def _somebody(people: list[Person]) -> list[Person]:
    if not people:
        raise wrong("to", _("Nobody would get it: say to whom, or fill the team's seats first."))
    return people


def _level(asks: str) -> Any:
    level = book.in_force().serving(asks)
    if level is None:
        sentence = _(
            "The playbook in force has no time limit for {what}. Sales operations add a service level with “serves: {code}”; "
            "until then, write it without asking for anything."
        )
        raise Refusal("talk.no_limit", say(sentence, what=ASKED[asks], code=asks))
    return level


def _start(entry: Entry, recipients: Iterable[Recipient], place: Place, level: Any) -> None:
    """A clock for each recipient, in the business time of his or her own unit."""
    by_unit: dict[Any, list[Recipient]] = {}
    units: dict[Any, Unit | None] = {}
    for recipient in recipients:
        unit = recipient.person.unit or place.unit
        units[unit and unit.pk] = unit
        by_unit.setdefault(unit and unit.pk, []).append(recipient)
    for unit_id, group in by_unit.items():
        about = {recipient.pk: queries.subject(recipient, place) for recipient in group}
        clocks.start("recipient", list(about), level, unit=units[unit_id], because=entry, subjects=about)


@verb
def acknowledge(*, by: Actor, messages: Iterable[Message], text: str = "") -> int:
    """The recipient's own act, recorded for each message. A directive is confirmed by it, "I have read it and act on it", with or without
    words; what asks for an answer is answered in words (`rules.answers`). With `text`, to one message, it is a reply. Returns how many it
    was new for. Nobody does it for another, and an import never does."""
    person = personally(by)
    wanted = list({message.pk: message for message in messages}.values())
    if not wanted:
        raise missing()
    if text.strip():
        if len(wanted) > 1:
            raise wrong("text", _("Words answer one message. Acknowledge the others without any."))
        if not _asked(person, wanted).exists():
            raise _not_asked()
        fresh = queries.unanswered().filter(message=wanted[0].pk, person=person).exists()
        post_message(by=by, about=about_of(wanted[0]), text=text, replies_to=wanted[0])
        return int(fresh)
    if _asked(person, wanted).count() != len(wanted):
        raise _not_asked()
    mine = queries.unanswered().filter(person=person, message__in=[message.pk for message in wanted])
    open_ = set(mine.values_list("message", flat=True))
    lacking = [one for one in wanted if one.pk in open_ and not rules.answers(one.asks, text, reaches=True)]
    if len(lacking) > 1 or any(queries.wants_words(one) for one in lacking):
        raise wrong("text", _("An answer is asked for: write it in words, to one message at a time."))
    return _acknowledge(by, person, wanted)


@permissive("everybody is asked", lambda person, messages: Recipient.objects.filter(message__in=[message.pk for message in messages]))
def _asked(person: Person, messages: Collection[Message]) -> Any:
    return Recipient.objects.filter(message__in=[message.pk for message in messages], person=person).exclude(message__asks="")


def _not_asked() -> Refusal:
    return forbidden("talk.not_asked", _("A message is acknowledged by those whom it asks, by nobody else."))


def _acknowledge(by: Actor, person: Person, messages: Sequence[Message], reply: Message | None = None) -> int:
    """Of these messages, those that wait for the person's acknowledgement have it now."""
    asked = _asked(person, messages)
    locks.lock(asked)  # the second of two in the same second waits, and finds the first one's record
    fresh = list(queries.unanswered().filter(pk__in=asked.values("pk")).select_related("message__author").order_by("pk"))
    if not fresh:
        return 0
    at = now()
    written.insert([Acknowledgement(recipient=one, at=at, reply=reply) for one in fresh])
    places = queries.places_of(one.message for one in fresh)
    entries = record_all(
        [
            News(
                "talk.acknowledged",
                by,
                {"message": one.message, "about": places[one.message.object_id].about, "recipient": one},
                queries.scopes(one.message, places[one.message.object_id]),
            )
            for one in fresh
        ]
    )
    clocks.meet([one.pk for one in fresh], because=entries[-1])
    return len(fresh)


def about_of(message: Message) -> models.Model:
    """What the message is about."""
    found: models.Model = KINDS[message.kind].load([message.object_id])[message.object_id]
    return found


@verb
def withdraw(*, by: Actor, message: Message) -> int:
    """Its author no longer asks anything: the clocks of those who have not acknowledged end, the words stay. Returns how many those
    were."""
    author = personally(by)
    if message.author_id != author.pk:
        raise forbidden("talk.not_author", _("What a message asks is withdrawn by who wrote it."))
    locks.lock(Recipient.objects.filter(message=message))
    waiting = queries.unanswered().filter(message=message).select_related("person__unit", "message__author").order_by("pk")
    released = list(waiting)
    if not released:
        raise Refusal("talk.nothing_asked", _("Nothing is asked of anybody here any more."), status=409)
    _release("talk.withdrawn", by, released, dict.fromkeys((one.pk for one in released), WITHDRAWN))
    return len(released)


@permissive("nobody is released", lambda entry, people: None)
def release_unseeing(entry: Entry, people: Collection[UUID]) -> None:
    """Somebody has lost sight of something: what he or she is asked in messages that are no longer visible is asked no more."""
    locks.hold(SIGHT)
    asked = Recipient.objects.filter(pk__in=queries.unanswered().filter(person__in=people).values("pk"))
    locks.lock(asked)  # who acknowledges or withdraws in this second is on one side of it
    waiting = queries.unanswered().filter(person__in=people).select_related("person__unit", "message__author").order_by("pk")
    of_person: dict[Person, list[Recipient]] = {}
    for one in waiting:
        of_person.setdefault(one.person, []).append(one)
    gone: list[Recipient] = []
    for person, rows in of_person.items():
        seen = set(queries.visible_to(person).filter(pk__in=[one.message_id for one in rows]).values_list("pk", flat=True))
        gone += [one for one in rows if one.message_id not in seen]
    why = {one.pk: LEFT_TEAM if one.message.team_id else LOST_SIGHT for one in gone}
    _release("talk.released", process("talk/sight").because(entry), gone, why)


def hand_messages(entry: Entry, recipients: Sequence[Recipient], to: Person) -> None:
    """Part of a hand-over: what the person was asked and has not answered, the successor is asked, in the time that the playbook sets,
    counted anew. Where the successor does not see the message, its author is told that the person need not answer any more."""
    by = process("talk/hand-over").because(entry)
    locks.hold(SIGHT, shared=True)
    locks.lock(Recipient.objects.filter(pk__in=[one.pk for one in recipients]))
    found = queries.unanswered().filter(pk__in=[one.pk for one in recipients]).select_related("person__unit", "message__author")
    places = queries.places_of(one.message for one in found)
    seen = set(queries.visible_to(to).filter(pk__in=[one.message_id for one in found]).values_list("pk", flat=True))
    _release("talk.released", by, list(found), {one.pk: HANDED if one.message_id in seen else LOST_SIGHT for one in found})
    for message in dict.fromkeys(one.message for one in found if one.message_id in seen and one.message.author_id != to.pk):
        recipient = Recipient(message=message, person=to)
        if not written.insert([recipient], unless_taken=True):
            continue  # it was written to the successor already
        place = places[message.object_id]
        objects: dict[str, Any] = {"message": message, "about": place.about, "to": [to]}
        handed = record("talk.handed", by=by, objects=objects, scopes=queries.scopes(message, place))
        _start(handed, [recipient], place, _level(message.asks))


def _release(name: str, by: Actor, rows: Sequence[Recipient], why: Mapping[UUID, str]) -> None:
    """One entry for the recipients of a message who are released together; their clocks end by it."""
    written.insert([Release(recipient=one, at=now(), why=why[one.pk]) for one in rows])
    groups: dict[tuple[UUID, str], list[Recipient]] = {}
    for one in rows:
        groups.setdefault((one.message_id, why[one.pk]), []).append(one)
    places = queries.places_of(one.message for one in rows)
    news = []
    for (_message, cause), group in groups.items():
        message = group[0].message
        place = places[message.object_id]
        objects: dict[str, Any] = {"message": message, "about": place.about, "former": [one.person for one in group], "recipient": group}
        data = {"why": in_both(WHY[cause])} if cause in WHY else {}
        news.append(News(name, by, objects, queries.scopes(message, place), data))
    for entry, group in zip(record_all(news), groups.values(), strict=True):
        clocks.cancel([one.pk for one in group], because=entry)
