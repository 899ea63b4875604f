"""What waits for the reader on one deal, as the notice on top of its page lists it: a line a cause, by the rules of *my day*, told
from what the page has read anyway wherever that says it. What others owe is not among it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from earshot.calls.queries import CallRead
from earshot.clocks.queries import Reading, readings
from earshot.deals import dissents, gates, giving_up
from earshot.deals import queries as deals
from earshot.deals.decisions import NextStep
from earshot.deals.models import Asking, Deal, Vote
from earshot.deals.rules import Condition
from earshot.desk import rules
from earshot.desk.queries import end_of_day, shortened
from earshot.kit import now
from earshot.kit.problems import say
from earshot.people.models import Person
from earshot.playbooks.models import DIRECTIVE, Gate
from earshot.talk.queries.messages import MessageRead
from earshot.teams.queries import SeatRead
from earshot.voice import queries as voice
from earshot.web import acts
from earshot.web.acts import Mine


@dataclass(frozen=True)
class Read:
    """What the page has read. `review`: None where nothing is asked, and of a closed deal; `waits`, `risks`: as their parts of the page
    show them; `asked`: messages that wait for the reader; `proposed`: whether it is proposed to give the deal up."""

    review: gates.Review | None
    mine: Mine
    calls: Sequence[CallRead]
    seats: Sequence[SeatRead]
    step: NextStep | None
    waits: Sequence[Mapping[str, Any]]
    risks: Sequence[Mapping[str, Any]]
    asked: Sequence[MessageRead]
    proposed: bool = False


def shown(person: Person, deal: Deal, read: Read) -> list[dict[str, Any]]:
    """The lines as `c-owed` takes them, the most pressing first."""
    lines = [*_messages(person, read), *_risks(read), *_records(person, deal)]
    if not hasattr(deal, "closing"):
        lines += [*_words_and_decision(person, deal, read), *_calls(read), *_seats(person, deal, read), *_dates(person, deal, read.step)]
    last = now().replace(year=9999)
    return sorted(lines, key=lambda line: (rules.ORDER[line["tone"]], line["due"] or last))


def _line(
    label: Any, url: str, due: datetime | None = None, *, day: date | None = None, blocks: bool = False, word: Any = ""
) -> dict[str, Any]:
    """`day`: by the end of which it is due. `blocks`: the next gate. `word`: beside the colour, where the due time has not passed."""
    due = end_of_day(day) if day is not None else due
    late = due is not None and now() > due
    if late:
        word = "" if day is not None else _("overdue")  # a day says itself how long it is over
    elif blocks:
        word = word or _("blocks the gate")
    tone = rules.colour(now(), due, blocks_next_gate=blocks)
    return {"label": label, "url": url, "tone": tone, "due": due, "day": day, "word": word}


def _due(clock: Reading | None) -> datetime | None:
    return clock.due_at if clock is not None and not clock.pause else None


def _words_and_decision(person: Person, deal: Deal, read: Read) -> Iterator[dict[str, Any]]:
    """What the person is to hear, to take over, to give and to decide; the clocks of all that in one reading."""
    ears = voice.ears_owed_by(person, deal)
    gate = read.review.gate if read.review is not None else None
    asking = deals.asked_now(deal) if gate is not None and gate.mandates.all() else None
    asking = asking if asking is not None and asking.person_id == person.pk else None
    voices = [one for one in giving_up.to_speak(person) if one.giving_up.deal_id == deal.pk] if read.proposed else []
    against = [row for row in dissents.to_settle(person) if row.pk in read.mine.settles] if read.mine.settles else []
    waiting = [one for one in read.waits if one["owed"]]
    timed: list[UUID] = [*ears, *(one["id"] for one in waiting), *(row.pk for row in (*against, *voices)), *([asking.pk] if asking else [])]
    clocks = readings(timed) if timed else {}
    if ears:
        due = min((clock.due_at for pk in ears if (clock := clocks.get(pk)) is not None), default=None)
        count = len(read.mine.items)
        label = ngettext("Hear %(n)s statement", "Hear %(n)s statements", count) % {"n": count}
        yield _line(label, acts.hear(deal.pk), due, blocks=gate is not None)
    for one in waiting:
        due = _due(clocks.get(one["id"]))
        if one["handover"]:
            label = say(_("Take the deal over from {former}, as {role}"), former=one["former"], role=one["role"])
            yield _line(label, "#waits", due)
        else:
            label = say(_("{name} waits for you: {what}"), name=one["raised_by"], what=shortened(one["reason"]))
            yield _line(label, f"{one['url']}#there", due)
    page = reverse("gate", kwargs={"id": deal.pk})
    for row in against:
        label = say(_("Settle what {name} ({role}) is against"), name=row.vote.person.name, role=row.role)
        yield _line(label, f"{page}#dissents", _due(clocks.get(row.pk)), blocks=True)
    for asked in voices:
        label = say(_("Say whether the deal is given up, as {name} proposes"), name=asked.giving_up.person.name)
        yield _line(label, reverse("giving_up", kwargs={"id": deal.pk}), _due(clocks.get(asked.pk)))
    if asking is not None:
        yield _line(_decision(gate, asking), page, _due(clocks.get(asking.pk)), blocks=True)
    elif gate is not None and _votes_now(person, deal, read):
        yield _line(say(_("Vote at the gate “{gate}”"), gate=gate), f"{page}#vote", blocks=True)


def _decision(gate: Gate | None, asking: Asking) -> Any:
    if asking.instead_of is not None:
        return say(_("Decide at the gate “{gate}”, for {name}"), gate=gate, name=asking.instead_of.name)
    return say(_("Decide at the gate “{gate}”"), gate=gate)


def _votes_now(person: Person, deal: Deal, read: Read) -> bool:
    """Whether nothing but the decision is missing at the gate, and the person's vote is part of it: a gate that waits for more is not the
    voter's turn yet."""
    missing = read.review.unmet if read.review is not None else []
    if not read.mine.votes or not missing or not all(_of_decision(one) for one in missing):
        return False
    return not Vote.objects.filter(person=person, visit__deal=deal, visit__left_at__isnull=True, replaced_at__isnull=True).exists()


def _of_decision(one: Condition) -> bool:
    return one.line.act == "vote" or one.part.startswith("approves:") or one.line.code == "gate.outside_mandates"


def _calls(read: Read) -> Iterator[dict[str, Any]]:
    blocks = read.review is not None and read.review.gate is not None
    for one in read.calls:
        if one.call.pk not in read.mine.calls:
            continue
        page = acts.address("call", one.call.pk)
        if one.state == "taken":
            yield _line(say(_("Deliver: {support}"), support=one.support), f"{page}#deliver", _due(one.clock), blocks=blocks)
        else:
            yield _line(say(_("Take it: {support}"), support=one.support), page, _due(one.clock), blocks=blocks)


def _seats(person: Person, deal: Deal, read: Read) -> Iterator[dict[str, Any]]:
    for row in read.seats:
        if row.membership is not None and row.membership.person_id == person.pk and not row.accepted:
            yield _line(say(_("Accept a seat, or decline it: {role}"), role=row.role), "#team")
    led = any(row.seat.leader and row.membership is not None for row in read.seats)
    if not led and deal.owner_id == person.pk:
        yield _line(_("Name somebody to lead the team"), "#team")


def _messages(person: Person, read: Read) -> Iterator[dict[str, Any]]:
    for directive in (False, True):
        asked = [one for one in read.asked if (one.message.asks == DIRECTIVE) is directive]
        if not asked:
            continue
        own = [each.clock for one in asked for each in one.open if each.person.pk == person.pk]
        due = min((clock.due_at for clock in own if clock is not None), default=None)
        if directive:
            label = ngettext("Confirm %(n)s directive", "Confirm %(n)s directives", len(asked))
        else:
            label = ngettext("Answer %(n)s message", "Answer %(n)s messages", len(asked))
        yield _line(label % {"n": len(asked)}, f"#message-{asked[0].message.pk}", due)


def _risks(read: Read) -> Iterator[dict[str, Any]]:
    owed = [line for line in read.risks if line["owed"]]
    if owed:
        label = ngettext("Make good %(n)s thing passed at risk", "Make good %(n)s things passed at risk", len(owed)) % {"n": len(owed)}
        yield _line(label, "#risks", day=min(line["due"] for line in owed), blocks=True, word=_("not made good"))


def _dates(person: Person, deal: Deal, step: NextStep | None) -> Iterator[dict[str, Any]]:
    """What is done next, and the deal's own date, once either is near or past."""
    today, owns = deals.today(), deal.owner_id == person.pk
    if step is not None and step.doer_id == person.pk and step.due <= today + timedelta(days=1):
        yield _line(say(_("Do the next step: {what}"), what=shortened(step.what)), "#next", day=step.due)
    elif step is not None and owns and step.due < today:
        label = say(_("See to the next step of {name}: {what}"), name=step.doer.name, what=shortened(step.what))
        yield _line(label, "#next", day=step.due)
    if owns and deal.due is not None and deal.due <= today + timedelta(days=1):
        yield _line(_("Reach the goal, or set another date"), "#change", day=deal.due)


def _records(person: Person, deal: Deal) -> Iterator[dict[str, Any]]:
    """What the person's own records leave open, and where somebody says that he or she was."""
    for row in voice.attendances_waiting_for(person).filter(meeting__deal=deal):
        yield _line(say(_("{name} says that you were present: say whether you were"), name=row.ticked_by.name), reverse("my_day"))
    for meeting in voice.meetings_that_ask(person).filter(deal=deal):
        yield _line(_("Complete your record of a meeting"), acts.address("meeting", meeting.pk))
    if unfiled := list(voice.items_without_category(person).filter(deal=deal)):
        count = len(unfiled)
        label = ngettext("Say what %(n)s statement is about", "Say what %(n)s statements are about", count) % {"n": count}
        yield _line(label, acts.address("item", unfiled[0].pk))
