"""The clocks of a deal: everything that runs for it, and what has run and ended, as far as the reader sees what they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Q, QuerySet, Value, When
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from earshot.calls import queries as calls
from earshot.calls.models import Call
from earshot.clocks.models import Alarm, Clock
from earshot.clocks.queries import Ahead, Course, courses
from earshot.deals import queries as deals
from earshot.deals.decisions import RiskLine
from earshot.deals.dissent_tables import Dissent, VoteAsked
from earshot.deals.giving_up_tables import GivingUpVoice
from earshot.deals.models import Asking, Deal, Escalation
from earshot.deals.risks import ON
from earshot.deals.wait_tables import Wait
from earshot.kit.problems import say
from earshot.people.models import Person, Unit
from earshot.playbooks.queries import role_names
from earshot.talk.models import Message, Recipient
from earshot.talk.queries import messages as talk
from earshot.voice import queries as voice
from earshot.voice.models import Ear, Item, Meeting

# Whom a step names, in words. Whoever that leads to when it fires stands beside it.
RUNGS = {
    "hearer": _("whoever owes it"),
    "sender": _("who asked for it"),
    "leader": _("the leader of the team"),
    "unit_head": _("the head of the unit"),
    "operations": _("sales operations"),
}
DUTIES = {
    "ear": _("Hear what the customer said"),
    "call": _("Deliver the result of a call"),
    "recipient": _("Acknowledge a message"),
    "risk": _("Make good what was missing at a gate"),
    "wait": _("Take over, or give what is waited for"),
    "vote_asked": _("Vote where others have begun to"),
    "dissent": _("Settle what somebody is against"),
    "giving_up_voice": _("Say whether the deal is to be given up"),
    "asking": _("Decide what lies outside the team's mandate"),
}
ENDINGS = {"met": _("done in time"), "met_late": _("done late"), "cancelled": _("ended or passed on")}


@dataclass(frozen=True)
class ClockOfDeal:
    """One duty with its clock. `what`: the statement, the call or the message; `role`, `role_name`: for which it is owed (empty: a message
    is for a person); `person`: by whom, None: nobody yet; `unit`: whose duty it is."""

    course: Course
    duty: Any
    what: Any
    role: str
    role_name: str
    person: Person | None
    unit: Unit | None


def _of_deal(person: Person, deal: Deal) -> QuerySet[Clock]:
    heard = Ear.objects.filter(item__in=voice.visible_to(person).filter(voice.said_on(deal)).values("pk")).values("pk")
    called = calls.visible_to(person).filter(pk__in=calls.serving(deal).values("pk")).values("pk")
    there = Q(object_id__in=[deal.pk, deal.team_id])
    for belongs in (Item, Call, Meeting):
        there |= Q(object_id__in=belongs.objects.filter(deal=deal).values("pk"))
    asked = Recipient.objects.filter(message__in=talk.visible_to(person).filter(there).values("pk")).values("pk")
    deciding = Asking.objects.filter(escalation__visit__deal__in=deals.visible_to(person).filter(pk=deal.pk)).values("pk")
    owed = RiskLine.objects.filter(ON([deal.pk])).values("pk")
    waiting = Wait.objects.filter(deal=deal).values("pk")
    voting = VoteAsked.objects.filter(visit__deal=deal).values("pk")
    settling = Dissent.objects.filter(visit__deal=deal).values("pk")
    speaking = GivingUpVoice.objects.filter(giving_up__deal=deal).values("pk")
    there_of = heard.union(called, asked, deciding, owed, waiting, voting, settling, speaking, all=True)
    return Clock.objects.filter(object_id__in=there_of).select_related("unit")


def running(person: Person, deal: Deal) -> QuerySet[Clock]:
    """The clocks of the deal that run, in `SOONEST` order: what is due first comes first, what stands still comes last."""
    stands = Case(When(paused_at__isnull=True, then=Value(0)), default=Value(1))
    return _of_deal(person, deal).filter(stopped_at__isnull=True).annotate(stands=stands).order_by(*SOONEST)


def ended(person: Person, deal: Deal) -> QuerySet[Clock]:
    """Those that have run and ended, in `LATEST` order: the last to end first."""
    return _of_deal(person, deal).filter(stopped_at__isnull=False).order_by(*LATEST)


SOONEST = ("stands", "due_at", "pk")
LATEST = ("-stopped_at", "-pk")


def read(clocks: Iterable[Clock]) -> list[ClockOfDeal]:
    """These clocks of a deal with their courses, in their order, in a number of statements that does not grow with theirs."""
    read = courses(clocks)
    owed = [_owed(course) for course in read]
    names = role_names({role for role, _person, _unit in owed if role})
    return [
        ClockOfDeal(course, DUTIES[course.clock.kind], course.subject.what, role, names.get(role, role), person, unit)
        for course, (role, person, unit) in zip(read, owed, strict=True)
    ]


def _owed(course: Course) -> tuple[str, Person | None, Unit | None]:
    """For which role, by whom and by whose unit the duty is owed. A call that nobody is assigned to is its accountable person's."""
    subject = course.subject
    if isinstance(subject.what, Call):
        return subject.what.role, subject.person or subject.what.accountable, subject.unit
    if isinstance(subject.what, Message | Deal):
        return "", subject.person, subject.unit
    if isinstance(subject.what, Wait):
        return subject.what.role.code if subject.what.role is not None else "", subject.person, subject.unit
    if isinstance(subject.what, GivingUpVoice):
        return subject.what.role.code if subject.what.role is not None else "", subject.person, subject.unit
    if isinstance(subject.what, VoteAsked):
        return subject.what.role.code, subject.person, subject.unit
    if isinstance(subject.what, Escalation | Dissent):
        return "", subject.person, subject.unit
    return subject.parts["ear"].role, subject.person, subject.unit  # type: ignore[attr-defined]  # an ear


def next_in_words(one: Ahead) -> Any:
    """What a step that is still owed does, with the names of those whom it would tell now."""
    if not one.step.addressee:
        return _("the time runs out")
    rung = RUNGS.get(one.step.addressee, one.step.addressee)
    if not one.people:
        return say(_("there is nobody to tell ({rung})"), rung=rung)
    names = gettext(", ").join(person.name for person in one.people)
    if one.step.addressee == "hearer":
        return say(_("{names} will be reminded"), names=names)
    return say(_("{names} will be told ({rung})"), names=names, rung=rung)


def nobody_else_in_words(course: Course) -> Any:
    """Of a clock that runs and has no step left: nobody hears of it any more by itself. Empty otherwise."""
    if course.ahead or course.clock.stopped_at is not None:
        return ""
    return _("Nobody else will be told: every step has been taken. It stays here until it is done.")


def told_in_words(alarm: Alarm) -> Any:
    """Whom a step has told, and as what."""
    if alarm.step.addressee == "hearer":
        return say(_("{name} was reminded"), name=alarm.person.name)
    return say(_("{name} was told ({rung})"), name=alarm.person.name, rung=RUNGS.get(alarm.step.addressee, alarm.step.addressee))
