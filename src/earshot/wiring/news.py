"""Whom an entry of the journal concerns, what makes one line of it, and when its cause is gone. At once is what is a duty of that very
person; the rest waits for the digest (architecture.md: one alarm, one line)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.urls import reverse

from earshot.calls.models import Assignment, Call
from earshot.calls.queries import open_calls
from earshot.clocks.models import Alarm
from earshot.clocks.registry import SUBJECTS
from earshot.deals.dissent_tables import Dissent, VoteAsked
from earshot.deals.giving_up_tables import GivingUpVoice
from earshot.deals.lead_tables import NEW, Lead
from earshot.deals.models import Asking, Deal
from earshot.deals.queries import LIVE_ASKING
from earshot.desk.queries import entries_seen, silence, told
from earshot.journal.models import Entry, Touched
from earshot.journal.queries import Told
from earshot.people.models import Person
from earshot.talk.models import Message, Recipient
from earshot.talk.queries import messages as talk
from earshot.talk.registry import Cause, Concern, always
from earshot.teams.models import Membership
from earshot.voice.models import Ear, Hearing

Asked = Sequence[tuple[Entry, UUID]]


def must_hear(entry: Entry) -> Iterable[Concern]:
    """Who must hear now. One line a deal: hearing is one act for all that is shown of it."""
    parts = entry.parts()
    ears = Ear.objects.filter(pk__in=parts.get("ear", []), ended_at__isnull=True, person__isnull=False)
    hearers: dict[UUID, UUID] = dict(ears.values_list("person_id", "item__deal_id"))
    return [Concern(person, "hear", deal) for person, deal in hearers.items()]


def called(entry: Entry) -> Iterable[Concern]:
    """Who is to do the call, and who answers for it."""
    return [Concern(person, "call", call) for call, person in _doing(entry.parts()["call"])]


def _doing(calls: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    assigned = Assignment.objects.filter(call__in=calls, ended_at__isnull=True).values_list("call_id", "person_id")
    accountable = Call.objects.filter(pk__in=calls).values_list("pk", "accountable_id")
    return set(assigned.union(accountable))


def lead_waits(entry: Entry) -> Iterable[Concern]:
    """Who is to take up the lead: not who gives it to him- or herself."""
    rows = Lead.objects.filter(pk__in=entry.parts()["lead"], state=NEW).values_list("pk", "owner_id")
    return [Concern(owner, "lead", lead) for lead, owner in rows]


def leads_wait(entry: Entry) -> Iterable[Concern]:
    """The same of a lead that came in with a whole list: the digest names it, and no message for each."""
    return [replace(concern, at_once=False) for concern in lead_waits(entry)]


def of_lead(entry: Entry) -> Iterable[Concern]:
    """What became of the lead: for the digest of who recorded it."""
    rows = Lead.objects.filter(pk__in=entry.parts()["lead"]).values_list("pk", "reporter_id")
    return [Concern(reporter, "lead_news", lead, at_once=False) for lead, reporter in rows]


def sent_back(entry: Entry) -> Iterable[Concern]:
    """The duty is open again, for who had delivered."""
    assigned = Assignment.objects.filter(call__in=entry.parts()["call"], ended_at__isnull=True)
    return [Concern(person, "call", call) for call, person in assigned.values_list("call_id", "person_id")]


def of_clock(entry: Entry) -> Iterable[Concern]:
    """Whom a step told. Whose own duty it is has one line for the duty; the others have one for the alarm."""
    parts = entry.parts()
    people, urgent = parts.get("told", []), entry.verb == "clocks.breached"
    if ears := parts.get("ear"):
        owing = set(Ear.objects.filter(pk__in=ears, ended_at__isnull=True).values_list("person_id", flat=True))
        [deal] = parts["deal"]
        return [Concern(p, "hear", deal, urgent=urgent) if p in owing else Concern(p, "alarm", deal, urgent=urgent) for p in people]
    if recipients := parts.get("recipient"):
        owing_message: dict[UUID, set[UUID]] = {}  # several messages that fall due at the same instant are one entry
        for asking, person in Recipient.objects.filter(pk__in=recipients).order_by("pk").values_list("message_id", "person_id"):
            owing_message.setdefault(asking, set()).add(person)
        return [
            Concern(p, "asked" if p in whose else "alarm_asked", message, urgent=urgent)
            for message, whose in owing_message.items()
            for p in people
        ]
    if {"risk", "wait", "dissent", "vote_asked", "giving_up_voice"} & set(parts):
        return [Concern(person, "alarm", deal, urgent=urgent) for person in people for deal in parts["deal"]]
    if askings := parts.get("asking"):
        asked_people = set(Asking.objects.filter(LIVE_ASKING, pk__in=askings).values_list("person_id", flat=True))
        [deal] = parts["deal"]
        return [Concern(p, "decision" if p in asked_people else "alarm", deal, urgent=urgent) for p in people]
    if waiting := parts.get("lead"):
        whose = dict(Lead.objects.filter(pk__in=waiting).values_list("pk", "owner_id"))
        causes = [(person, lead, "lead" if whose.get(lead) == person else "alarm_lead") for person in people for lead in sorted(waiting)]
        return [Concern(person, cause, lead, urgent=urgent) for person, lead, cause in causes]
    calls = set(Call.objects.filter(pk__in=parts.get("what", [])).values_list("pk", flat=True))
    owing_call = set(Assignment.objects.filter(call__in=calls, ended_at__isnull=True).values_list("person_id", flat=True))
    return [
        Concern(person, "call" if person in owing_call else "alarm_call", call, urgent=urgent)
        for person in people
        for call in sorted(calls)
    ]


def nominated(entry: Entry) -> Iterable[Concern]:
    rows = Membership.objects.filter(pk__in=entry.parts()["membership"]).values_list("pk", "person_id")
    return [Concern(person, "seat", membership) for membership, person in rows]


def _team_of(deals: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Deal and person: its owner, and who sits on its team."""
    owners = Deal.objects.filter(pk__in=deals).values_list("pk", "owner_id")
    sitting = Membership.objects.filter(seat__team__deal__in=deals, ended_at__isnull=True, acceptance__isnull=False)
    return set(owners.union(sitting.values_list("seat__team__deal", "person_id")))


def of_deal(entry: Entry) -> Iterable[Concern]:
    """How the deal goes on: for the digest of its team."""
    return [Concern(person, "deal", deal, at_once=False) for deal, person in _team_of(entry.parts()["deal"])]


def of_call(entry: Entry) -> Iterable[Concern]:
    """What came of a call: for the digest of the deal's team."""
    [call] = entry.parts()["call"]
    return [Concern(person, "call_news", call, at_once=False) for _deal, person in _team_of(entry.parts()["deal"])]


def asked(entry: Entry) -> Iterable[Concern]:
    """Who is to answer, or to act on a directive: one line a message, for each is a duty of its own."""
    [message] = entry.parts()["message"]
    return [Concern(person, "asked", message) for person in entry.parts().get("to", [])]


def asked_to_decide(entry: Entry) -> Iterable[Concern]:
    """Of whom a decision outside the team's mandate is asked."""
    [deal] = entry.parts()["deal"]
    return [Concern(person, "decision", deal) for person in entry.parts().get("asked", [])]


def asked_to_vote(entry: Entry) -> Iterable[Concern]:
    """Whose vote is wanted, for others have begun to vote."""
    [deal] = entry.parts()["deal"]
    return [Concern(person, "vote", deal) for person in entry.parts().get("asked", [])]


def asked_to_settle(entry: Entry) -> Iterable[Concern]:
    """Who is to settle what somebody is against."""
    [deal] = entry.parts()["deal"]
    return [Concern(person, "dissent", deal) for person in entry.parts().get("asked", [])]


def asked_to_speak(entry: Entry) -> Iterable[Concern]:
    """Who is asked whether the deal is to be given up."""
    [deal] = entry.parts()["deal"]
    return [Concern(person, "giving_up", deal) for person in entry.parts().get("asked", [])]


def written_to(entry: Entry) -> Iterable[Concern]:
    """To whom a message was written that asks nothing: for the digest, one line for each thing that is talked about."""
    [about] = entry.parts()["about"]
    return [Concern(person, "said", about, at_once=False) for person in entry.parts().get("to", [])]


def acknowledged(entry: Entry) -> Iterable[Concern]:
    """Its author reads in the digest that somebody has acknowledged it."""
    rows = Message.objects.filter(pk__in=entry.parts()["message"]).values_list("pk", "author_id")
    return [Concern(author, "acknowledged", message, at_once=False) for message, author in rows]


NEWS: list[tuple[str, Callable[[Entry], Iterable[Concern]]]] = [
    ("voice.ears_named", must_hear),
    ("voice.ear_passed", must_hear),
    ("calls.raised", called),
    ("calls.named", called),
    ("calls.passed_on", called),
    ("calls.answered_for", called),
    ("calls.returned", sent_back),
    ("clocks.warned", of_clock),
    ("clocks.breached", of_clock),
    ("clocks.escalated", of_clock),
    ("teams.nominated", nominated),
    ("talk.asked", asked),
    ("talk.directed", asked),
    ("talk.posted", written_to),
    ("talk.acknowledged", acknowledged),
    ("calls.declined", of_call),
    ("calls.delivered", of_call),
    ("calls.ended", of_call),
    ("deals.decision_asked", asked_to_decide),
    ("deals.decision_climbed", asked_to_decide),
    ("deals.vote_asked", asked_to_vote),
    ("deals.dissent_heard", asked_to_settle),
    ("deals.giving_up_asked", asked_to_speak),
    ("deals.giving_up_asked_of_head", asked_to_speak),
    ("deals.giving_up_withdrawn", of_deal),
    ("deals.lead_recorded", lead_waits),
    ("deals.lead_brought_in", leads_wait),
    ("deals.lead_handed", lead_waits),
    ("deals.lead_reopened", lead_waits),
    ("deals.lead_taken_up", of_lead),
    ("deals.lead_turned_down", of_lead),
    ("deals.lead_became_deal", of_lead),
    ("deals.lead_joined", of_lead),
    ("deals.stage_entered", of_deal),
    ("deals.deal_won", of_deal),
    ("deals.deal_lost", of_deal),
    ("deals.deal_given_up", of_deal),
]


def _objects(asked: Asked, kind: str) -> dict[UUID, set[int]]:
    """Object of this kind → the numbers of the entries that touch it."""
    found: dict[UUID, set[int]] = {}
    for number, (entry, _scope) in enumerate(asked):
        for row in entry.objects_touched.all():
            if row.kind == kind:
                found.setdefault(row.object_id, set()).add(number)
    return found


def _numbers(objects: dict[UUID, set[int]], standing: Iterable[UUID]) -> set[int]:
    return {number for pk in standing for number in objects[pk]}


def to_hear(person: Person, asked: Asked) -> set[int]:
    """As long as the person has not heard, and must."""
    ears = _objects(asked, "ear")
    heard = Hearing.objects.filter(item=OuterRef("item"), person=person)
    waiting = Ear.objects.filter(~Exists(heard), pk__in=ears, person=person, ended_at__isnull=True, item__deal__is_open=True)
    return _numbers(ears, waiting.values_list("pk", flat=True))


def to_do(person: Person, asked: Asked) -> set[int]:
    """As long as the call waits for the person: news of it until somebody has taken it, alarms until it is done."""
    calls = _objects(asked, "call")
    mine = {call for call, who in _doing(calls) if who == person.pk}
    taken = Assignment.objects.filter(call=OuterRef("pk"), ended_at__isnull=True, taken_at__isnull=False)
    waiting = open_calls().filter(pk__in=mine).annotate(taken=Exists(taken))
    rows = dict(waiting.values_list("pk", "taken"))
    first = {number for number, (entry, _scope) in enumerate(asked) if entry.verb in ("calls.raised", "calls.named", "calls.passed_on")}
    return {number for pk, taken in rows.items() for number in calls[pk] if not (taken and number in first)}


def to_take_up(person: Person, asked: Asked) -> set[int]:
    """As long as the lead waits for the person."""
    found = _objects(asked, "lead")
    return _numbers(found, Lead.objects.filter(pk__in=found, state=NEW, owner=person).values_list("pk", flat=True))


def alarmed(person: Person, asked: Asked) -> set[int]:
    """As long as the clock runs, and the person has not said "I see to it" to that step."""
    kinds = ("ear", "call", "recipient", "asking", "lead", "risk", "wait", "dissent", "vote_asked", "giving_up_voice")
    owed = {pk: numbers for kind in kinds for pk, numbers in _objects(asked, kind).items()}
    open_now = Alarm.objects.filter(person=person, ended_at__isnull=True, seen_to_at__isnull=True, clock__object_id__in=owed)
    return _numbers(owed, open_now.values_list("clock__object_id", flat=True))


def to_answer(person: Person, asked: Asked) -> set[int]:
    """As long as the person has not acknowledged, and is still asked."""
    messages: dict[UUID, set[int]] = {}
    for number, (_entry, scope) in enumerate(asked):
        messages.setdefault(scope, set()).add(number)
    waiting = talk.unanswered().filter(message__in=messages, person=person)
    return _numbers(messages, waiting.values_list("message_id", flat=True))


def to_decide(person: Person, asked: Asked) -> set[int]:
    """As long as the decision is asked of the person."""
    askings = _objects(asked, "asking")
    waiting = Asking.objects.filter(LIVE_ASKING, pk__in=askings, person=person)
    return _numbers(askings, waiting.values_list("pk", flat=True))


def to_vote(_person: Person, asked: Asked) -> set[int]:
    """As long as the vote is wanted."""
    found = _objects(asked, "vote_asked")
    return _numbers(found, VoteAsked.objects.filter(pk__in=found, ended_at__isnull=True).values_list("pk", flat=True))


def to_settle(_person: Person, asked: Asked) -> set[int]:
    """As long as nobody has settled it."""
    found = _objects(asked, "dissent")
    return _numbers(found, Dissent.objects.filter(pk__in=found, ended_at__isnull=True).values_list("pk", flat=True))


def to_speak(_person: Person, asked: Asked) -> set[int]:
    """As long as he or she who was asked has not spoken."""
    found = _objects(asked, "giving_up_voice")
    waiting = GivingUpVoice.objects.filter(pk__in=found, spoken_at__isnull=True, lapsed_at__isnull=True, giving_up__ended_at__isnull=True)
    return _numbers(found, waiting.values_list("pk", flat=True))


def asked_to_sit(person: Person, asked: Asked) -> set[int]:
    """As long as the person has neither accepted nor declined."""
    wanted = {scope: number for number, (_entry, scope) in enumerate(asked)}
    open_now = Membership.objects.filter(pk__in=wanted, person=person, ended_at__isnull=True, acceptance__isnull=True)
    return {wanted[pk] for pk in open_now.filter(seat__team__deal__is_open=True).values_list("pk", flat=True)}


def _day(_scope: UUID) -> str:
    return reverse("my_day")


def _page(name: str) -> Callable[[UUID], str]:
    return lambda scope: reverse(name, kwargs={"id": scope})


CAUSES = {
    "hear": Cause(to_hear, lambda deal: f"{reverse('to_hear')}?deal={deal}"),
    "call": Cause(to_do, _page("call")),
    "decision": Cause(to_decide, _page("gate")),
    "vote": Cause(to_vote, _page("gate")),
    "dissent": Cause(to_settle, _page("gate")),
    "giving_up": Cause(to_speak, _page("giving_up")),
    "alarm": Cause(alarmed, _day),
    "lead": Cause(to_take_up, _page("lead")),
    "alarm_lead": Cause(alarmed, _page("lead")),
    "lead_news": Cause(always, _page("lead")),
    "alarm_call": Cause(alarmed, _page("call")),
    "seat": Cause(asked_to_sit, _day),
    "asked": Cause(to_answer, _page("message")),
    "alarm_asked": Cause(alarmed, _day),
    "acknowledged": Cause(always, _page("message")),
    "said": Cause(always, _day),
    "deal": Cause(always, _page("deal")),
    "call_news": Cause(always, _page("call")),
}


ALARMS = ("clocks.warned", "clocks.breached", "clocks.escalated")


def as_alarmed(person: Person, entries: Collection[int]) -> Sequence[Told]:
    """Alarms about somebody's silence, for whom the ladder names and who may read neither message nor entry: told as the day of that
    person tells them, who is silent towards whom, and not a word of what about."""
    to_me = Touched.objects.filter(entry=OuterRef("pk"), part="told", object_id=person.pk)
    mine = Entry.objects.filter(Exists(to_me), pk__in=entries, verb__in=ALARMS)
    unread = mine.exclude(pk__in=entries_seen(person).filter(pk__in=entries).values("pk")).prefetch_related("objects_touched")
    found = {entry: entry.parts().get("recipient", []) for entry in unread}
    subjects = SUBJECTS["recipient"]({pk for ids in found.values() for pk in ids}) if found else {}
    telling = []
    for entry, ids in found.items():
        sentences = {
            str(silence(subject.what, subject.person.name, entry.verb != "clocks.warned", own=subject.what.author_id == person.pk))
            for pk in ids
            if (subject := subjects.get(pk)) and subject.person and isinstance(subject.what, Message)
        }
        if sentences:
            telling.append(Told(entry, "\n".join(sorted(sentences)), "", [], entry.claimed_at, entry.recorded_at))
    return telling


def as_read(person: Person, entries: Collection[int]) -> Sequence[Told]:
    """The entries as the timeline tells them to this person now; those that are not his or hers to read are left out."""
    return told(person, entries_seen(person).filter(pk__in=entries))
