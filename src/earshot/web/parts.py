"""What the rooms read, in the shape that the components take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from earshot.calls.queries import CallRead
from earshot.clocks.models import Step
from earshot.clocks.queries import Reading
from earshot.clocks.rules import IN_TIME
from earshot.desk import clocks as desk_clocks
from earshot.desk import rules
from earshot.journal.kinds import kind_of
from earshot.journal.queries import Told
from earshot.kit import now
from earshot.people.models import Person
from earshot.voice.models import PRESENT
from earshot.voice.queries import EarRead, ItemRead
from earshot.web import acts, times

MOST_OF_CAUSE = 60
HOW = {"present": gettext_lazy("was there"), "noted": gettext_lazy("took note of the words")}
STATES = {
    "waiting": (pgettext_lazy("state of a call", "waiting to be taken"), ""),
    "taken": (pgettext_lazy("state of a call", "taken"), ""),
    "delivered": (pgettext_lazy("state of a call", "delivered"), "met"),
    "ended": (pgettext_lazy("state of a call", "ended by decision"), ""),
}
ADDRESSEES = {
    "hearer": gettext_lazy("whoever owes it is reminded"),
    "sender": gettext_lazy("whoever asked for it is told"),
    "leader": gettext_lazy("the leader of the team is told"),
    "unit_head": gettext_lazy("the head of the unit is told"),
    "operations": gettext_lazy("sales operations are told"),
}


def quote(read: ItemRead, *, opens: bool = True, ears: bool = True) -> dict[str, Any]:
    """A statement as `c-quote` takes it. `opens`: with the link to its page; `ears`: with who has heard it."""
    last = read.corrections[-1] if read.corrections else None
    return {
        "words": read.item.words,
        "speaker": read.speaker.name if read.speaker else "",
        "title": read.speaker.title if read.speaker else "",
        "place": read.place,
        "when": read.said_at or "",
        "category": read.category_name,
        "critical": read.critical,
        "unfiled": not read.category,
        "url": acts.address("item", read.item.pk) if opens else "",
        "id": f"item-{read.item.pk}",
        "heard": [_heard(ear) for ear in read.ears if ear.heard_at and ears],
        "unheard": [_unheard(ear) for ear in read.unheard if ears],
        "others": [
            {"name": one.person.name, "role": "", "how": HOW[PRESENT if one.how == PRESENT else "noted"], "when": one.at}
            for one in read.others
            if ears
        ],
        "correction": {"words": last.text, "by": last.author.name, "when": last.at} if last else "",
    }


def _heard(ear: EarRead) -> dict[str, Any]:
    return {"name": ear.person.name if ear.person else "", "role": ear.role, "how": HOW.get(ear.how, ""), "when": ear.heard_at}


def _unheard(ear: EarRead) -> dict[str, Any]:
    due = ear.clock.due_at if ear.clock else None
    return {
        "name": ear.person.name if ear.person else "",
        "role": ear.role,
        "due": due or "",
        "provisional": bool(ear.clock and ear.clock.clock.provisional),
        "left": left(ear.clock),
        "tone": rules.colour(now(), due),
    }


def left(reading: Reading | None) -> str:
    """What is left of a clock, in words and in its own measure."""
    return times.left_of(reading.left, reading.clock.measure, over=reading.overdue) if reading else ""


def clock(reading: Reading | None, what: Any = "", deal: UUID | None = None) -> dict[str, Any] | None:
    """A clock as `c-clock` takes it. `deal`: whose page of clocks it leads to; None where the reader does not see that deal."""
    if reading is None:
        return None
    stopped = reading.clock.stopped_at
    shown: dict[str, Any] = {"what": what, "due": reading.due_at, "left": left(reading), "provisional": reading.clock.provisional}
    if deal:
        shown["url"] = f"{reverse('deal_clocks', kwargs={'id': deal})}#clock-{reading.clock.pk}"
    if stopped:
        shown |= {"met": stopped} | ({"tone": "grey", "word": pgettext("a clock", "ended")} if reading.clock.outcome != "met" else {})
    if reading.pause:
        shown |= {"due": "", "provisional": False, "tone": "grey", "word": pgettext("a clock", "stands still")}
    if reading.next_step:
        shown |= {"next": step(reading.next_step), "next_when": reading.next_step.due_at}
    return shown


def course(one: desk_clocks.ClockOfDeal) -> dict[str, Any]:
    """A clock with its whole course, as `c-course` takes it."""
    run, going, still = one.course, one.course.clock, one.course.reading.pause
    shown = clock(run.reading) or {}
    if run.ended:
        shown |= {"tone": "met" if run.ended == IN_TIME else "grey", "word": desk_clocks.ENDINGS[run.ended], "left": ""}
    if run.ahead:
        due = run.ahead[0].step.due_at
        words = [str(desk_clocks.next_in_words(ahead)) for ahead in run.ahead]
        shown |= {"next": _("; ").join(words) if due else _("once the time runs on, {what}").format(what=_("; ").join(words))}
        shown |= {"next_when": due or ""}
    measure = times.limit(going.limit, going.measure)
    return {
        "id": f"clock-{going.pk}",
        "duty": one.duty,
        "what": one.what,
        "url": acts.address(kind_of(one.what).name, one.what.pk),
        "person": one.person.name if one.person else "",
        "person_url": acts.address("person", one.person.pk) if one.person else "",
        "role": one.role_name,
        "unit": one.unit.name if one.unit else "",
        "clock": shown,
        "since": going.started_at,
        "limit": _("{limit}, in the working time of {unit}").format(limit=measure, unit=going.unit.name)
        if going.measure == "working" and going.unit
        else measure,
        "pause": {"name": still.paused_by.name, "when": still.paused_at, "reason": still.reason} if still else "",
        "pauses": [
            {"name": one.paused_by.name, "since": one.paused_at, "until": one.resumed_at, "reason": one.reason}
            for one in run.pauses
            if one.resumed_at
        ],
        "last": desk_clocks.nobody_else_in_words(run),
        "beyond": [{"when": ahead.step.due_at or "", "sentence": desk_clocks.next_in_words(ahead)} for ahead in run.beyond],
        "told": [{"when": alarm.at, "sentence": desk_clocks.told_in_words(alarm), "seen": alarm.seen_to_at or ""} for alarm in run.told],
    }


def step(one: Step) -> Any:
    """What happens at a step of the ladder, in words."""
    return ADDRESSEES.get(one.addressee, one.addressee)


def state(read: CallRead) -> dict[str, Any]:
    """The state of a call as `c-state` takes it: one word, who, when."""
    said, tone = STATES[read.state]
    who = read.assignment.person.name if read.assignment else ""
    if read.ending:
        who = read.ending.person.name
    elif read.result:
        who = read.result.person.name
    return {"word": said, "tone": tone, "who": who, "when": read.since}


def entries(told: Iterable[Told], here: str = "", this: Any = "") -> list[dict[str, Any]]:
    """Journal entries as `c-entry` takes them. `here`: the words for the object whose page this is,
    which are not said again in every line, but `this`, such as "this deal"."""
    rows = list(told)
    listed = {one.entry.pk for one in rows}
    return [
        {
            "when": one.claimed_at,
            "recorded": one.recorded_at if abs((one.recorded_at - one.claimed_at).total_seconds()) >= 60 else "",
            "sentence": near(one.sentence, here, this),
            "by": one.actor,
            "cause": shortened(near(one.cause, here, this)),
            "cause_url": f"#entry-{one.entry.cause_id}" if one.entry.cause_id in listed else "",
            "url": acts.entry(one.entry.id),
            "id": f"entry-{one.entry.pk}",
            "refused": one.entry.verb.endswith("_refused"),
        }
        for one in rows
    ]


def near(sentence: str, here: str, this: Any) -> str:
    """The sentence as it is said on the page of the object that it names."""
    said = sentence.replace(here, str(this)) if here else sentence
    return said[:1].upper() + said[1:]


def shortened(sentence: str) -> str:
    return sentence if len(sentence) <= MOST_OF_CAUSE else f"{sentence[:MOST_OF_CAUSE]}…"


def options(people: Iterable[Person]) -> list[tuple[str, str]]:
    """People to choose from: name and unit."""
    return [
        (str(person.pk), _("{name} ({unit})").format(name=person.name, unit=person.unit) if person.unit_id else person.name)
        for person in people
    ]
