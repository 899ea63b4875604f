"""What became of the writes: read from the tables, against what was sent and what was acknowledged. Calls no verb of the house."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from earshot.calls.models import Assignment, Call, Result
from earshot.clocks.models import Alarm, Clock, Shift, Step
from earshot.deals.models import Deal, StageVisit
from earshot.journal.models import Delivery, Entry, Label, Repeat, Touched
from earshot.kit.clock import machine_time
from earshot.talk.models import Acknowledgement, Message, Recipient
from earshot.voice.models import Ear, Filing, Hearing, Item, Meeting
from marks_of_soak import KIND, REACTION
from soak import Write

OF_THE_LOAD = ("ear", "call", "recipient")  # kinds of the clocks that it starts; their entries name them by themselves


@dataclass
class Found:
    """In words. `lost`: acknowledged and not there; `doubled`: there or done more often than once; `half`: there in part."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)

    def once(self, what: str, number: int, write: Write) -> None:
        """What an acknowledged write did is there exactly once; what nobody heard of at most once."""
        if number > 1:
            self.doubled.append(f"{what}, {number} times: {write.about}")
        elif number < 1 and write.acknowledged:
            self.lost.append(f"{what}: {write.about}")


def present() -> datetime:
    shift = Shift.objects.first()
    return machine_time() + shift.ahead if shift else machine_time()


def owed() -> list[str]:
    """What is due and has not happened yet."""
    deliveries = Delivery.objects.filter(done_at=None, dead_at=None, due_at__lte=present()).count()
    steps = Step.objects.filter(fired_at=None, ended_at=None, due_at__lte=present(), clock__stopped_at=None).count()
    return [f"{number} {what}" for number, what in ((deliveries, "deliveries"), (steps, "steps")) if number]


def compare(writes: Iterable[Write], before: int) -> Found:
    """`before`: number of the last entry that was there before the load."""
    found = Found()
    sent = list(writes)
    entries = Entry.objects.filter(seq__gt=before)
    done = Counter(Touched.objects.filter(entry__in=entries).values_list("entry__verb", "object_id"))
    _keys(found, sent)
    _deals(found, sent, done)
    _meetings(found, sent, done)
    _hearings(found, sent, entries)
    _calls(found, sent, done)
    _messages(found, sent, done)
    _advances(found, sent)
    _reactions(found, before)
    _clocks(found, before)
    return found


def _of(sent: Iterable[Write], kind: str) -> list[Write]:
    return [write for write in sent if write.kind == kind]


def _keys(found: Found, sent: Iterable[Write]) -> None:
    kept = {(person, key): status for person, key, status in Repeat.objects.values_list("person_id", "key", "status")}
    for write in sent:
        status = kept.get((write.person, write.key))
        if status is None and write.acknowledged:
            found.lost.append(f"the answer under {write.key}")
        if status == 0:
            found.half.append(f"the key {write.key} without its answer")


def _deals(found: Found, sent: list[Write], done: Mapping[tuple[str, UUID], int]) -> None:
    titles = Counter(Deal.objects.values_list("title", flat=True))
    known = set(Deal.objects.values_list("pk", flat=True))
    visits = Counter(StageVisit.objects.values_list("deal_id", flat=True))
    calls = set(Call.objects.values_list("deal_id", flat=True))
    for write in _of(sent, "deal"):
        pk = UUID(write.about["deal"])
        found.once("a deal", titles[write.about["title"]], write)
        if (pk in known) != (done["deals.deal_opened", pk] == 1):
            found.half.append(f"a deal and its entry: {write.about}")
    for write in _of(sent, "move"):
        pk = UUID(write.about["deal"])
        found.once("a stage entered", visits[pk] - 1, write)
        if done["deals.stage_entered", pk] != visits[pk] or (visits[pk] > 1) != (pk in calls):
            found.half.append(f"a stage, its entry and its calls: {write.about}")


def _meetings(found: Found, sent: list[Write], done: Mapping[tuple[str, UUID], int]) -> None:
    known = set(Meeting.objects.values_list("pk", flat=True))
    said: dict[UUID, list[str]] = defaultdict(list)
    for meeting, words in Item.objects.order_by("position").values_list("meeting_id", "words"):
        said[meeting].append(words)
    words_at_all = Counter(word for words in said.values() for word in words)
    filed = Counter(Filing.objects.filter(ended_at=None).values_list("item__words", flat=True))
    heard = set(Ear.objects.filter(ended_at=None).values_list("item__words", flat=True))
    for write in _of(sent, "meeting"):
        pk, words = UUID(write.about["meeting"]), write.about["words"]
        found.once("a record", max(int(pk in known), *(words_at_all[word] for word in words)), write)
        whole = said[pk] == words and done["voice.meeting_recorded", pk] == 1 and all(filed[w] == 1 and w in heard for w in words)
        if pk in known and not whole:
            found.half.append(f"a record: {write.about}")
        if pk not in known and (said[pk] or done["voice.meeting_recorded", pk]):
            found.half.append(f"parts of a record: {write.about}")


def _hearings(found: Found, sent: list[Write], entries: Any) -> None:
    noted = Counter(
        Touched.objects.filter(entry__in=entries.filter(verb="voice.noted"), part="item").values_list("entry__person_id", "object_id")
    )
    heard = set(Hearing.objects.values_list("person_id", "item_id"))
    for write in _of(sent, "hearing"):
        for item in map(UUID, write.about["items"]):
            if ((write.person, item) in heard) != (noted[write.person, item] > 0):
                found.half.append(f"a hearing and its entry: {item}")
            found.once("a hearing", noted[write.person, item], write)


def _calls(found: Found, sent: list[Write], done: Mapping[tuple[str, UUID], int]) -> None:
    taken = set(Assignment.objects.filter(ended_at=None, taken_at__isnull=False).values_list("call_id", flat=True))
    results = {pk: (call, text) for pk, call, text in Result.objects.values_list("pk", "call_id", "text")}
    of_call = Counter(call for call, _text in results.values())
    met = set(Clock.objects.filter(kind="call", outcome="met").values_list("object_id", flat=True))
    for write in _of(sent, "taking"):
        call = UUID(write.about["call"])
        found.once("a call taken", done["calls.taken", call], write)
        if (call in taken) != (done["calls.taken", call] == 1):
            found.half.append(f"a call taken and its entry: {call}")
    for write in _of(sent, "result"):
        call, pk = UUID(write.about["call"]), UUID(write.about["result"])
        there = results.get(pk) == (call, write.about["text"])
        found.once("a result", max(int(there), of_call[call]), write)
        if there and not (done["calls.delivered", call] == 1 and call in met):
            found.half.append(f"a result, its entry and its clock: {write.about}")


def _messages(found: Found, sent: list[Write], done: Mapping[tuple[str, UUID], int]) -> None:
    texts = Counter(Message.objects.values_list("text", flat=True))
    known = set(Message.objects.values_list("pk", flat=True))
    clocks = dict(Clock.objects.filter(kind="recipient").values_list("object_id", "outcome"))
    asked = dict(Recipient.objects.values_list("message_id", "pk"))
    answered = set(Acknowledgement.objects.values_list("recipient_id", flat=True))
    for write in _of(sent, "message"):
        pk = UUID(write.about["message"])
        found.once("a message", max(int(pk in known), texts[write.about["text"]]), write)
        if pk in known and not (done["talk.asked", pk] == 1 and pk in asked and asked[pk] in clocks):
            found.half.append(f"a message, its entry and its clock: {write.about}")
    for write in _of(sent, "acknowledgement"):
        pk = UUID(write.about["message"])
        recipient = asked[pk]
        found.once("an acknowledgement", done["talk.acknowledged", pk], write)
        if (recipient in answered) != (done["talk.acknowledged", pk] == 1) or (recipient in answered) != (clocks[recipient] == "met"):
            found.half.append(f"an acknowledgement, its entry and its clock: {write.about}")
        if "text" in write.about and texts[write.about["text"]] > 1:
            found.doubled.append(f"the words of an acknowledgement: {write.about}")


def _advances(found: Found, sent: list[Write]) -> None:
    """Time went on once for each of them: each has its own moment, so they are counted."""
    keys = [write.key for write in _of(sent, "advance")]
    kept = Repeat.objects.filter(key__in=keys).count()
    told = Entry.objects.filter(verb="clocks.time_set").count()
    if told > kept:
        found.doubled.append(f"time set {told} times, asked {kept} times")
    if told < kept:
        found.lost.append(f"time set {told} times, asked {kept} times")


def _reactions(found: Found, before: int) -> None:
    owed_to = {str(pk) for pk in Delivery.objects.filter(reaction=REACTION).values_list("entry_id", flat=True)}
    marks = Counter(Label.objects.filter(kind=KIND).values_list("text", flat=True))
    found.lost += [f"a reaction to entry {pk}" for pk in sorted(owed_to - set(marks))]
    found.doubled += [f"a reaction to entry {pk}, {n} times" for pk, n in marks.items() if n > 1]
    found.half += [f"a reaction to entry {pk}, which is not owed" for pk in sorted(set(marks) - owed_to)]
    undone = Delivery.objects.filter(done_at=None, entry__seq__gt=before)
    found.lost += [f"{one.reaction} owed to {one.entry_id}: {one.error or 'not done'}" for one in undone]


def _clocks(found: Found, before: int) -> None:
    """Each step that is due fired once: it told each person once, and stands in the journal once for each group of people told."""
    running = Counter(Clock.objects.filter(stopped_at=None).values_list("object_id", flat=True))
    found.doubled += [f"{n} clocks run for {pk}" for pk, n in running.items() if n > 1]
    heard = set(Hearing.objects.values_list("item_id", "person_id"))
    for ear, item, person in Ear.objects.filter(ended_at=None, item__deal__title__startswith="soak ").values_list(
        "pk", "item_id", "person_id"
    ):
        if ((item, person) in heard) == (ear in running):
            found.half.append(f"the clock of the ear {ear}")
    alarms = Counter(Alarm.objects.values_list("step_id", "person_id"))
    found.doubled += [f"step {step} told {person} {n} times" for (step, person), n in alarms.items() if n > 1]
    people: dict[int, set[UUID]] = defaultdict(set)
    for step, person in alarms:
        people[step].add(person)
    expected: dict[tuple[str, str, str], set[frozenset[UUID]]] = defaultdict(set)
    for step in Step.objects.filter(fired_at__isnull=False, clock__kind__in=OF_THE_LOAD).select_related("clock"):
        limit = step.clock.limit
        name = "clocks.warned" if step.after < limit else "clocks.breached" if step.after == limit else "clocks.escalated"
        assert step.due_at is not None
        expected[name, str(step.clock.object_id), step.due_at.isoformat()].add(frozenset(people[step.pk]))
    told: Counter[tuple[str, str, str]] = Counter()
    ours = Touched.objects.filter(entry__verb__in={name for name, _object, _due in expected}, kind__in=OF_THE_LOAD)
    for verb, object_id, data in ours.values_list("entry__verb", "object_id", "entry__data"):
        told[verb, str(object_id), data["step_due"]["at"]] += 1
    for key in expected.keys() | told.keys():
        if told[key] < len(expected[key]):
            found.lost.append(f"the entry of a step: {key}")
        elif told[key] > len(expected[key]):
            found.doubled.append(f"the entry of a step: {key}, {told[key]} times")


def sound() -> list[str]:
    """The engine's own look at its file."""
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        answers = [row[0] for row in cursor.execute("PRAGMA integrity_check").fetchall()]
        answers += [f"foreign key: {row}" for row in cursor.execute("PRAGMA foreign_key_check").fetchall()]
    return [answer for answer in answers if answer != "ok"]
