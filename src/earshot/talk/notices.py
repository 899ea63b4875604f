"""From an entry of the journal to what each person is told: spread over channels, gathered into messages, checked again, sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from earshot.clocks.queries import readings
from earshot.clocks.registry import SUBJECTS
from earshot.journal import jobs
from earshot.journal.models import Delivery, Entry
from earshot.journal.reactions import NotYet
from earshot.kit import now
from earshot.kit.engine import written
from earshot.kit.engine.locks import lock
from earshot.kit.problems import Refusal, in_both
from earshot.kit.worktime import AROUND_THE_CLOCK
from earshot.people.models import Login, Person
from earshot.people.queries import BusinessTime, business_times
from earshot.people.standing import for_request
from earshot.talk import letters, rules
from earshot.talk.codes import code_of
from earshot.talk.letters import MOST_LINES, Letter, LetterLine, home
from earshot.talk.models.channels import LIVE, Channel, Wishes
from earshot.talk.models.messages import Recipient
from earshot.talk.models.notices import DIGEST, FOLDED, LINES, TOLD, WITHDRAWN, Notice, Sending
from earshot.talk.registry import CAUSES, NEWS, READERS, Concern
from earshot.talk.sending import send

# The names of delivery rows. What may break quiet hours does not queue behind what waits for their end.
OF_CODE, OF_TEST, OF_LINES, OF_URGENT, OF_DIGEST = "talk.code", "talk.test", "talk.lines", "talk.urgent", "talk.digest"
ATTEMPTS = 16  # with the pauses between them, about five hours
GIVEN_UP_PAUSE = jobs.LONGEST_PAUSE  # between two looks whether a channel was mended


def wishes_of(person: Person) -> Wishes:
    """What the person has said, or what holds for whoever has not: everything at once, the rest at half past eight."""
    said: Wishes | None = getattr(person, "wishes", None)
    return said or Wishes(person=person, digest_at=8 * 60 + 30, language=settings.LANGUAGE_CODE)


def times_of(wishes: Wishes, time: BusinessTime | None) -> rules.Times:
    quiet = None if wishes.quiet_from is None or wishes.quiet_to is None else (wishes.quiet_from, wishes.quiet_to)
    calendar = time.calendar if time else AROUND_THE_CLOCK
    return rules.Times(calendar, quiet, wishes.working_time and time is not None, wishes.urgent, wishes.digest_at)


def spread(entry: Entry) -> None:
    """A later reaction: write for each channel of whoever is concerned what it is to tell, and owe the telling. In a number of
    statements that grows with neither the people nor their channels, but for one more a hundred rows."""
    concerned = _concerned(entry)
    people = {concern.person for concern in concerned}
    confirmed = Channel.objects.filter(LIVE, confirmed_at__isnull=False, person__in=people, person__left_at__isnull=True)
    channels = list(confirmed.select_related("person", "person__wishes").order_by("pk")) if people else []
    if not channels:
        return
    # Whoever is gathering the notices of one of them is waited for, or waits and finds these.
    lock(Channel.objects.filter(pk__in=[channel.pk for channel in channels]))
    at = now()
    calendars = _calendars({channel.person.unit_id for channel in channels})
    times = {channel.pk: times_of(wishes_of(channel.person), calendars.get(channel.person.unit_id)) for channel in channels}
    by_person: dict[UUID, list[Concern]] = {}
    for concern in concerned:
        by_person.setdefault(concern.person, []).append(concern)
    notices = [
        Notice(channel=channel, entry=entry, cause=one.cause, scope=one.scope, way=way, urgent=one.urgent, made_at=at)
        for channel in channels
        for one in by_person[channel.person_id]
        if (way := _way(channel, times[channel.pk], one))
    ]
    written.insert(notices, unless_taken=True)
    _owe(entry, notices, times, at)


def _concerned(entry: Entry) -> list[Concern]:
    """Whom the entry concerns, each cause once. Nobody is told of his or her own act."""
    found: dict[tuple[UUID, str, UUID], Concern] = {}
    for whom in NEWS.get(entry.verb, ()):
        for one in whom(entry):
            key = (one.person, one.cause, one.scope)
            if one.person != entry.person_id and (key not in found or one.at_once):
                found[key] = one
    return list(found.values())


def _way(channel: Channel, times: rules.Times, concern: Concern) -> str:
    if concern.at_once and channel.at_once:
        return LINES
    return DIGEST if channel.digest and times.digest_at is not None else ""


def _owe(entry: Entry, notices: Iterable[Notice], times: Mapping[UUID, rules.Times], at: datetime) -> None:
    """Owe each channel a message, unless one is on its way that will gather these notices too."""
    asked: dict[tuple[UUID, str], datetime] = {}
    for notice in notices:
        mine = times[notice.channel_id]
        if notice.way == DIGEST:
            due = rules.next_digest(mine, at)
            if due is not None:
                asked[notice.channel_id, OF_DIGEST] = due
            continue
        free = rules.free_at(mine, at)
        breaks = notice.urgent and mine.urgent and free > at
        asked[notice.channel_id, OF_URGENT if breaks else OF_LINES] = at if breaks else free
    owed = Delivery.objects.filter(subject__in={channel for channel, _name in asked}, done_at__isnull=True, dead_at__isnull=True)
    # One that somebody holds, or that was tried before, has gathered its notices already.
    waiting = set(owed.filter(holder__isnull=True, attempts=0, sending__isnull=True).values_list("subject", "reaction"))
    jobs.owe(
        [
            Delivery(entry=entry, reaction=name, subject=channel, lane=channel, due_at=due)
            for (channel, name), due in asked.items()
            if (channel, name) not in waiting
        ]
    )


@dataclass(frozen=True)
class Posting:
    """A letter and where it goes."""

    kind: str
    address: str
    secret: str
    letter: Letter


class _Errand:
    """What is common to everything that goes out by a channel."""

    attempts = ATTEMPTS

    def prepare(self, delivery: Delivery) -> Posting | NotYet | None:
        channels = _channel(delivery)
        lock(channels)
        channel = channels.select_related("person", "person__wishes").get()
        if not _may_receive(channel):
            Notice.objects.filter(channel=channel, outcome="").update(outcome=WITHDRAWN)
            return None
        sending = Sending.objects.filter(delivery=delivery).first()
        with override(wishes_of(channel.person).language):
            composed = self.write(channel, delivery, sending)
        if not isinstance(composed, Letter):
            return composed
        return Posting(channel.kind, channel.address, channel.secret, composed)

    def write(self, channel: Channel, delivery: Delivery, sending: Sending | None) -> Letter | NotYet | None:
        raise NotImplementedError

    def send(self, prepared: Posting) -> None:
        with override(prepared.letter.language):
            send(prepared.kind, prepared.address, prepared.secret, prepared.letter)

    def settle(self, delivery: Delivery) -> None:
        at = now()
        Sending.objects.filter(delivery=delivery).update(sent_at=at)
        channels = _channel(delivery)
        if channels.filter(given_up_at__isnull=False).exists():
            hurry(delivery.subject)  # it is alive again: what waited goes out
        channels.update(sent_at=at, failing_since=None, given_up_at=None, trouble=None)

    def failed(self, delivery: Delivery, sentence: Any, given_up: bool) -> None:
        at = now()
        end = {"given_up_at": at} if given_up else {}
        _channel(delivery).update(failing_since=Coalesce("failing_since", at), trouble=in_both(sentence), **end)


def _channel(delivery: Delivery) -> QuerySet[Channel]:
    return Channel.objects.filter(pk__in=[delivery.subject])


def waiting_for(channel: UUID | None) -> QuerySet[Delivery]:
    """What a channel is owed, that nobody is at and nobody gave up."""
    return Delivery.objects.filter(subject=channel, done_at__isnull=True, dead_at__isnull=True, holder__isnull=True)


def hurry(channel: UUID | None) -> None:
    """What waited for the channel to be mended goes now; a digest that is not due yet stays where it is."""
    at = now()
    waiting_for(channel).filter(~Q(reaction=OF_DIGEST) | Q(due_at__lte=at + GIVEN_UP_PAUSE)).update(due_at=at)


def replan(person: Person, wishes: Wishes) -> None:
    """What waits for the end of quiet hours, or for a digest, goes by the new wishes. Who wants no digest any more gets no further one."""
    at, times = now(), times_of(wishes, _time_of(person))
    for channel in Channel.objects.filter(LIVE, person=person, confirmed_at__isnull=False):
        waiting = waiting_for(channel.pk).filter(attempts=0)
        waiting.filter(reaction=OF_LINES).update(due_at=rules.free_at(times, at))
        waiting.filter(reaction=OF_DIGEST).update(due_at=rules.next_digest(times, at) or at)
        if times.digest_at is None:
            Notice.objects.filter(channel=channel, way=DIGEST, sending__isnull=True, outcome="").update(outcome=WITHDRAWN)


def _may_receive(channel: Channel) -> bool:
    """Whether its person is with the company and may sign in, and has not ended it."""
    person = channel.person
    return channel.ended_at is None and person.left_at is None and Login.objects.filter(person=person, is_active=True).exists()


def _sending(channel: Channel, delivery: Delivery, sending: Sending | None) -> Sending:
    return sending or Sending.objects.create(channel=channel, delivery=delivery, made_at=now())


def _closing() -> str:
    return _("What reaches you, and how: {link}").format(link=home(reverse("notifications")))


class Code(_Errand):
    """The code by which a person confirms that a channel is his or hers."""

    def write(self, channel: Channel, delivery: Delivery, sending: Sending | None) -> Letter | NotYet | None:
        if channel.confirmed_at is not None:
            return None
        sent = _sending(channel, delivery, sending)
        opening = _("Your code: {code}. Type it on the page of your notifications; it is good for an hour. Not you? Then do nothing.")
        language = wishes_of(channel.person).language
        subject = _("Earshot: confirm this address")
        return Letter(sent.pk, letters.CODE, subject, sent.made_at, language, opening.format(code=code_of(channel)), closing=_closing())


class Test(_Errand):
    """A message of trial, asked for by the owner of the channel."""

    def write(self, channel: Channel, delivery: Delivery, sending: Sending | None) -> Letter | NotYet | None:
        sent = _sending(channel, delivery, sending)
        opening = _("This is a message of trial. What Earshot tells you arrives here.")
        language = wishes_of(channel.person).language
        return Letter(sent.pk, letters.TEST, _("Earshot: a trial"), sent.made_at, language, opening, closing=_closing())


@dataclass
class Lines(_Errand):
    """What waits for a channel, gathered into one message: checked once more, one line a cause, the newest first told."""

    way: str = LINES
    urgent: bool = False

    def write(self, channel: Channel, delivery: Delivery, sending: Sending | None) -> Letter | NotYet | None:
        at = now()
        person = for_request(channel.person)
        wishes, time = wishes_of(person), _time_of(person)
        times = times_of(wishes, time)
        if (free := rules.free_at(times, at, urgent=self.urgent)) > at:
            return NotYet(free)
        if channel.given_up_at is not None and sending is None:
            return NotYet(at + GIVEN_UP_PAUSE)
        notices = list(self._gather(channel, sending).order_by("pk"))
        told = _readable(person, notices)
        standing = [notice for notice in notices if notice.pk in told]
        gone = [notice.pk for notice in notices if notice.pk not in told]
        if gone:
            Notice.objects.filter(pk__in=gone).update(outcome=WITHDRAWN)
        if not standing:
            return None
        sent = _sending(channel, delivery, sending)
        if sending is None:
            Notice.objects.filter(pk__in=[notice.pk for notice in standing]).update(sending=sent)
        shown = rules.lines([(notice.cause, notice.scope) for notice in standing])
        due = _due(person, [standing[line.number].entry for line in shown[:MOST_LINES]]) if self.way == LINES else {}
        lines = [
            LetterLine(
                sentence=told[notice.pk],
                link=home(CAUSES[notice.cause].link(notice.scope)),
                cause=notice.cause,
                due=letters.due_in_words(due_at, at, times.zone, wishes.language) if (due_at := due.get(notice.entry_id)) else "",
                due_at=due_at,
                earlier=line.earlier,
            )
            for line in shown[:MOST_LINES]
            for notice in [standing[line.number]]
        ]
        left = len(shown) - len(lines)
        more = f"{_('and {n} more').format(n=left)} {home()}" if left else ""
        return Letter(sent.pk, self.way, self._subject(len(shown)), sent.made_at, wishes.language, "", lines, more, _closing())

    def _gather(self, channel: Channel, sending: Sending | None) -> QuerySet[Notice]:
        if sending is not None:
            return Notice.objects.filter(sending=sending, outcome="")
        waiting = Notice.objects.filter(channel=channel, way=self.way, sending__isnull=True, outcome="")
        return waiting.filter(urgent=True) if self.urgent else waiting

    def _subject(self, count: int) -> str:
        if self.way == DIGEST:
            return ngettext("Earshot: {n} piece of news", "Earshot: {n} pieces of news", count).format(n=count)
        return ngettext("Earshot: {n} thing is for you", "Earshot: {n} things are for you", count).format(n=count)

    def settle(self, delivery: Delivery) -> None:
        super().settle(delivery)
        sent = list(Notice.objects.filter(sending__delivery=delivery, outcome="").order_by("pk"))
        told = [sent[line.number].pk for line in rules.lines([(one.cause, one.scope) for one in sent])]
        Notice.objects.filter(pk__in=told).update(outcome=TOLD)
        Notice.objects.filter(pk__in=[one.pk for one in sent if one.pk not in told]).update(outcome=FOLDED)


def _calendars(units: Collection[UUID | None]) -> dict[UUID | None, BusinessTime]:
    try:
        return business_times(units)
    except Refusal:  # a house without a calendar has no working time
        return {}


def _time_of(person: Person) -> BusinessTime | None:
    return _calendars([person.unit_id]).get(person.unit_id)


def _readable(person: Person, notices: Sequence[Notice]) -> dict[int, str]:
    """Notice → its sentence as the person may read it at this moment, for those whose cause is not gone."""
    entries = {one.pk: one for one in Entry.objects.filter(pk__in={n.entry_id for n in notices}).prefetch_related("objects_touched")}
    for notice in notices:
        notice.entry = entries[notice.entry_id]
    by_cause: dict[str, list[Notice]] = {}
    for notice in notices:
        by_cause.setdefault(notice.cause, []).append(notice)
    standing: list[Notice] = []
    for cause, group in by_cause.items():
        stands: Collection[int] = CAUSES[cause].stands(person, [(notice.entry, notice.scope) for notice in group])
        standing += [group[number] for number in stands]
    wanted = {notice.entry_id for notice in standing}
    sentences = {told.entry.pk: told.sentence for reader in READERS.values() for told in reader(person, wanted)} if wanted else {}
    return {notice.pk: sentences[notice.entry_id] for notice in standing if notice.entry_id in sentences}


def _due(person: Person, entries: Iterable[Entry]) -> dict[int, datetime]:
    """Entry → when what it is about is due for the person, where a clock runs for it."""
    touched = [(entry.pk, row.kind, row.object_id) for entry in entries for row in entry.objects_touched.all()]
    messages = {pk for _entry, kind, pk in touched if kind == "message"}
    copies = Recipient.objects.filter(message__in=messages, person=person).values_list("message_id", "pk") if messages else []
    mine: dict[UUID, UUID] = dict(copies)
    about = [(entry, mine.get(pk, pk)) for entry, kind, pk in touched if kind in SUBJECTS or pk in mine]
    running = {
        pk: one.due_at for pk, one in readings({pk for _e, pk in about}).items() if one.clock.stopped_at is None and one.pause is None
    }
    found: dict[int, datetime] = {}
    for entry, pk in about:
        if pk in running:
            found[entry] = min(running[pk], found.get(entry, running[pk]))
    return found


ERRANDS = {
    OF_CODE: (Code(), gettext_lazy("Send the code that confirms a channel")),
    OF_TEST: (Test(), gettext_lazy("Send a message of trial")),
    OF_LINES: (Lines(), gettext_lazy("Tell somebody what is for him or her")),
    OF_URGENT: (Lines(urgent=True), gettext_lazy("Tell somebody of a time limit that has run out")),
    OF_DIGEST: (Lines(way=DIGEST), gettext_lazy("Send somebody the digest of the day")),
}
