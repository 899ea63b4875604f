"""*My day*, timelines and search: everything through what each room lets the person see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from earshot.accounts import queries as accounts
from earshot.accounts.models import Account
from earshot.calls import queries as calls
from earshot.calls.models import Assignment, Call
from earshot.clocks.models import Alarm, Clock
from earshot.clocks.queries import Reading, alarms_waiting_for, readings
from earshot.clocks.registry import SUBJECTS, Subject
from earshot.deals import closings, dissents, escalations, gates, giving_up, leads, mandates, next_steps, risks, waits
from earshot.deals import queries as deals
from earshot.deals.conditions import unjudged
from earshot.deals.decisions import RiskLine
from earshot.deals.dissent_tables import Dissent, VoteAsked
from earshot.deals.giving_up_tables import GivingUpVoice
from earshot.deals.lead_tables import Lead
from earshot.deals.models import AT_GATE, Asking, Deal
from earshot.deals.wait_tables import HANDOVER, Wait
from earshot.desk import rules
from earshot.journal import jobs
from earshot.journal.kinds import ref
from earshot.journal.models import Entry, Scope, Touched, Worker
from earshot.journal.queries import Told, about, in_language, tell, visible_entries
from earshot.journal.verbs import QUIET
from earshot.kit import now
from earshot.kit.problems import Ref, say
from earshot.people import absences
from earshot.people.models import Person
from earshot.people.permits import ADMINISTER, OPERATE
from earshot.people.queries import calendars_visible_to
from earshot.people.standing import Seeing, reach_of
from earshot.playbooks import book, revisions
from earshot.playbooks.models import ANSWER, DIRECTIVE
from earshot.playbooks.queries import role_names
from earshot.talk.actions.channels import NAMES as CHANNELS
from earshot.talk.models import Channel, Message, Recipient
from earshot.talk.queries import messages as talk
from earshot.teams.queries import nominations_of
from earshot.voice import queries as voice
from earshot.voice.models import Ear, Hearing, Item

# Lines of one cause that a day shows, the oldest first. A day with more is not read to its end; the rest comes up as these go.
MOST = 100
MOST_OF_WORDS = 120


@dataclass(frozen=True)
class DayLine:
    """One thing that waits for one person. `cause`: stable name. `scope`: what it is about. `act`: name of the one act that
    mends it, done on `target`. `ids`: the objects that the act covers, in order. `colour`: red, amber or grey. `version`: of the target,
    where the act is done on what was seen of it."""

    cause: str
    sentence: Any
    scope: Ref
    act: str
    target: Ref
    colour: str
    due_at: datetime | None = None
    clock: Reading | None = None
    ids: tuple[UUID, ...] = ()
    detail: str = ""
    version: int | None = None


def my_day(person: Person) -> list[DayLine]:
    """Everything that waits for the person, the most pressing first: one line per scope and cause."""
    own = [*_calls_to_do(person), *_accountable(person)]
    asked = list(escalations.waiting_for(person)[:MOST])
    lines = [
        *_to_hear(person),
        *own,
        *_alarms(person, {call for line in own for call in line.ids}),
        *_to_answer(person),
        *_presence(person),
        *_seats(person),
        *_leaderless(person),
        *_unattended(person),
        *_dates(person),
        *_next_steps(person),
        *_risks(person),
        *_waits(person),
        *_decisions(asked),
        *_dissents(person),
        *_giving_up(person),
        *_unexplained(person),
        *_leads(person),
        *_votes(person, {one.escalation.visit.deal_id for one in asked}),
        *_asked(person),
        *_silent_channels(person),
        *_revisions(person),
        *(_engine_room() if {OPERATE, ADMINISTER} & reach_of(person).permissions else []),
        *(_operations() if OPERATE in reach_of(person).permissions else []),
    ]
    last = now().replace(year=9999)
    return sorted(lines, key=lambda line: (rules.ORDER[line.colour], line.due_at or last, str(line.scope.label)))


def _gated(deal_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the open deals that stand before a gate: what is missing there blocks it."""
    with_gate = Deal.objects.filter(pk__in=set(deal_ids), is_open=True, stage__gate__isnull=False)
    return set(with_gate.values_list("pk", flat=True))


def _to_hear(person: Person) -> list[DayLine]:
    ears = list(voice.ears_waiting_for(person).select_related("item__deal__account")[: 5 * MOST])
    clocks = readings(ear.pk for ear in ears)
    gated = _gated(ear.item.deal_id for ear in ears)
    by_deal: dict[UUID, list[Ear]] = {}
    for ear in ears:
        by_deal.setdefault(ear.item.deal_id, []).append(ear)
    lines = []
    for group in by_deal.values():
        soonest = min((clocks[ear.pk] for ear in group if ear.pk in clocks), key=lambda reading: reading.due_at, default=None)
        deal = group[0].item.deal
        count = len({ear.item_id for ear in group})
        lines.append(
            DayLine(
                cause="to_hear",
                sentence=say(
                    ngettext_lazy("Hear what the customer said: {n} statement", "Hear what the customer said: {n} statements", count),
                    n=count,
                ),
                scope=ref(deal),
                act="take_note",
                target=ref(group[0].item),
                colour=rules.colour(now(), soonest.due_at if soonest else None, blocks_next_gate=deal.pk in gated),
                due_at=soonest.due_at if soonest else None,
                clock=soonest,
                ids=tuple(dict.fromkeys(ear.item_id for ear in group)),
                detail=str(group[0].item),
            )
        )
    return lines


def _call_line(read: calls.CallRead, cause: str, sentence: Any, act: str, gated: set[UUID]) -> DayLine:
    due_at = read.clock.due_at if read.clock and not read.clock.pause else None
    return DayLine(
        cause=cause,
        sentence=sentence,
        scope=ref(read.call),
        act=act,
        target=ref(read.call),
        colour=rules.colour(now(), due_at, blocks_next_gate=read.call.deal_id in gated),
        due_at=due_at,
        clock=read.clock,
        ids=(read.call.pk,),
        detail=str(read.call.deal),
    )


def _calls_to_do(person: Person) -> list[DayLine]:
    reads = calls.read(calls.waiting_for(person)[:MOST])
    gated = _gated(read.call.deal_id for read in reads)
    return [
        _call_line(
            read,
            "call",
            _("Deliver the result of your call") if read.state == "taken" else _("The process calls you"),
            "deliver" if read.state == "taken" else "take",
            gated,
        )
        for read in reads
    ]


def _to_answer(person: Person) -> list[DayLine]:
    """Messages that wait for the person's own acknowledgement: one line for what is asked on one thing."""
    waiting = list(talk.waiting_for(person)[: 5 * MOST])
    clocks = readings(one.pk for one in waiting)
    places = talk.places_of(one.message for one in waiting)
    groups: dict[tuple[UUID, str], list[Recipient]] = {}
    for one in waiting:
        groups.setdefault((one.message.object_id, one.message.asks), []).append(one)
    lines = []
    for (object_id, asks), group in groups.items():
        soonest = min((clocks[one.pk] for one in group if one.pk in clocks), key=lambda reading: reading.due_at, default=None)
        first = group[0].message
        lines.append(
            DayLine(
                cause=asks,
                sentence=_answer_sentence(group, asks),
                scope=ref(places[object_id].about),
                act="acknowledge",
                target=ref(first),
                colour=rules.colour(now(), soonest.due_at if soonest else None),
                due_at=soonest.due_at if soonest else None,
                clock=soonest,
                ids=tuple(one.message_id for one in group),
                detail=shortened(first.text) if len(group) == 1 else "",
            )
        )
    return lines


def _answer_sentence(group: Sequence[Recipient], asks: str) -> Any:
    authors = list(dict.fromkeys(one.message.author.name for one in group))
    names = gettext(", ").join(authors)
    if asks == DIRECTIVE:
        sentence = ngettext_lazy("Confirm a directive of {names}", "Confirm {n} directives of {names}", len(group))
    else:
        sentence = ngettext_lazy("An answer is wanted by {names}", "Answers to {n} messages are wanted by {names}", len(group))
    return say(sentence, n=len(group), names=names)


def shortened(words: str) -> str:
    """The beginning of what somebody wrote, in one line."""
    line = " ".join(words.split())
    return f"{line[:MOST_OF_WORDS]}…" if len(line) > MOST_OF_WORDS + 1 else line


def _accountable(person: Person) -> list[DayLine]:
    """Calls that the person answers for and somebody else does: a line only once they are overdue."""
    others = Assignment.objects.filter(call=OuterRef("pk"), ended_at__isnull=True).exclude(person=person)
    late = Clock.objects.filter(object_id=OuterRef("pk"), stopped_at__isnull=True, due_at__lt=now())
    reads = calls.read(calls.open_calls().filter(Exists(others), Exists(late), accountable=person).order_by("raised_at")[:MOST])
    return [_call_line(read, "call_overdue", _("A call that you answer for is overdue"), "name", set()) for read in reads]


def _alarms(person: Person, has_line: Collection[UUID]) -> list[DayLine]:
    """What the ladders have told the person of other people's duties. Whose own duty it is has its line anyway, which only turns
    amber or red (`has_line`: calls that stand on the day already)."""
    waiting = list(alarms_waiting_for(person)[: 5 * MOST])
    kinds: dict[str, set[UUID]] = {}
    for alarm in waiting:
        kinds.setdefault(alarm.clock.kind, set()).add(alarm.clock.object_id)
    subjects = {pk: subject for kind, ids in kinds.items() for pk, subject in SUBJECTS[kind](ids).items()}
    groups: dict[Any, list[Alarm]] = {}
    for alarm in waiting:
        subject = subjects[alarm.clock.object_id]
        if alarm.clock.object_id in has_line or (subject.person and subject.person.pk == person.pk):
            continue
        groups.setdefault((alarm.clock.kind, subject.person.pk if subject.person else None, *_one_cause(alarm, subject)), []).append(alarm)
    of_deals = deals.visible_to(person).filter(pk__in={subject.scopes[0].pk for subject in subjects.values()})
    seen = set(of_deals.values_list("pk", flat=True)) if groups else set()
    seen |= {subject.what.pk for subject in subjects.values() if isinstance(subject.what, Lead)}  # whom an alarm told sees it
    seen |= _seen_messages(person, [subject.what.pk for subject in subjects.values() if isinstance(subject.what, Message)])
    clocks = readings(alarm.clock.object_id for group in groups.values() for alarm in group)
    lines = []
    for group in groups.values():
        first = subjects[group[0].clock.object_id]
        soonest = min((clocks[alarm.clock.object_id] for alarm in group), key=lambda reading: reading.due_at)
        if isinstance(first.what, Message):  # to whom it is not written, its existence is told, neither its words nor what it is about
            scope, sees = first.parts["about"], first.what.pk in seen
        else:
            scope, sees = first.scopes[0], first.scopes[0].pk in seen
        lines.append(
            DayLine(
                cause="alarm",
                sentence=_alarm_sentence(group, first, soonest.overdue, own=first.sender == person),
                scope=ref(scope if sees else first.what),
                act="see_to",
                target=ref(first.what),
                colour=rules.colour(now(), soonest.due_at),
                due_at=soonest.due_at,
                clock=soonest,
                ids=tuple(alarm.pk for alarm in group),
                detail=str(first.what) if sees else "",
            )
        )
    return lines


def _one_cause(alarm: Alarm, subject: Subject) -> tuple[Any, ...]:
    """What makes alarms about one person one line: the deal; each call for itself; what one person asks on one thing."""
    match alarm.clock.kind, subject.what:
        case "call", what:
            return (subject.scopes[0].pk, what.pk)
        case _, Message() as message:
            return (message.object_id, message.author_id, message.asks)
        case _:
            return (subject.scopes[0].pk,)


def _seen_messages(person: Person, messages: Collection[UUID]) -> set[UUID]:
    return set(talk.visible_to(person).filter(pk__in=messages).values_list("pk", flat=True)) if messages else set()


def _alarm_sentence(group: Sequence[Alarm], subject: Subject, overdue: bool, *, own: bool) -> Any:
    count = len({alarm.clock.object_id for alarm in group})
    who = subject.person.name if subject.person else "–"
    if isinstance(subject.what, Message):
        return silence(subject.what, who, overdue, own=own)
    if group[0].clock.kind == "risk":
        sentence = ngettext_lazy(
            "{name} has not made good {n} thing that was passed at risk",
            "{name} has not made good {n} things that were passed at risk",
            count,
        )
        return say(sentence, name=who, n=count)
    if isinstance(subject.what, Wait):
        return waited_in_words(subject.what, who, overdue)
    if isinstance(subject.what, VoteAsked | Dissent | GivingUpVoice):
        return withheld_in_words(subject.what, who, overdue)
    if group[0].clock.kind == "asking":
        return say(_("{name} has not decided in time") if overdue else _("{name} has yet to decide"), name=who)
    if group[0].clock.kind == "ear":
        sentence = (
            ngettext_lazy("{name} has not heard {n} statement in time", "{name} has not heard {n} statements in time", count)
            if overdue
            else ngettext_lazy("{name} has yet to hear {n} statement", "{name} has yet to hear {n} statements", count)
        )
        return say(sentence, name=who, n=count)
    if isinstance(subject.what, Lead):
        return say(_("{name} has not taken up a lead in time") if overdue else _("{name} has yet to take up a lead"), name=who)
    if overdue:
        return say(_("{name} has not delivered the result of a call in time"), name=who)
    return say(_("{name} has yet to deliver the result of a call"), name=who)


def waited_in_words(wait: Wait, who: str, overdue: bool) -> Any:
    """That nobody has taken a deal over, or given what is waited for; without a word of what."""
    if wait.kind == HANDOVER:
        return say(
            _("Nobody has taken a deal over in time, as {role}") if overdue else _("A deal waits to be taken over, as {role}"),
            role=wait.role,
        )
    unit = wait.unit.name if wait.unit is not None else "–"
    return say(
        _("{unit} keeps others waiting beyond the limit ({name})") if overdue else _("Others wait for {unit} ({name})"), unit=unit, name=who
    )


def withheld_in_words(row: VoteAsked | Dissent | GivingUpVoice, who: str, overdue: bool) -> Any:
    """Who has not voted, not settled what somebody is against, or not said whether a deal is to be given up."""
    if isinstance(row, GivingUpVoice):
        late = _("{name} has not said in time whether this deal is to be given up")
        return say(late if overdue else _("{name} has yet to say whether this deal is to be given up"), name=who)
    if isinstance(row, VoteAsked):
        sentence = _("{name} has not voted in time, as {role}") if overdue else _("{name} has yet to vote, as {role}")
        return say(sentence, name=who, role=row.role)
    if overdue:
        return say(_("{name} has not settled in time what {against} is against"), name=who, against=row.vote.person.name)
    return say(_("{name} has yet to settle what {against} is against"), name=who, against=row.vote.person.name)


def silence(message: Message, who: str, overdue: bool, *, own: bool) -> Any:
    """Who has not answered whom, without a word of what about. `own`: to whoever asked it."""
    return say(_UNANSWERED[message.asks, overdue, own], name=who, author=message.author.name)


# What is asked, whether its time has run out, whether the reader asked it → what is said.
_UNANSWERED = {
    (ANSWER, True, True): _("{name} has not answered your message in time"),
    (ANSWER, True, False): _("{name} has not answered a message of {author} in time"),
    (ANSWER, False, True): _("{name} has yet to answer your message"),
    (ANSWER, False, False): _("{name} has yet to answer a message of {author}"),
    (DIRECTIVE, True, True): _("{name} has not confirmed your directive in time"),
    (DIRECTIVE, True, False): _("{name} has not confirmed a directive of {author} in time"),
    (DIRECTIVE, False, True): _("{name} has yet to confirm your directive"),
    (DIRECTIVE, False, False): _("{name} has yet to confirm a directive of {author}"),
}


def _presence(person: Person) -> list[DayLine]:
    return [
        DayLine(
            cause="presence",
            sentence=say(_("{name} says that you were present. Were you?"), name=row.ticked_by.name),
            scope=ref(row.meeting.deal),
            act="confirm_presence",
            target=ref(row),
            colour=rules.GREY,
            ids=(row.pk,),
        )
        for row in voice.attendances_waiting_for(person)[:MOST]
    ]


def _seats(person: Person) -> list[DayLine]:
    return [
        DayLine(
            cause="seat",
            sentence=_("You are asked to take a seat on the team"),
            scope=Ref("team", row.seat.team_id, row.seat.team.name),
            act="accept_seat",
            target=ref(row),
            colour=rules.GREY,
            ids=(row.pk,),
        )
        for row in nominations_of(person).filter(seat__team__deal__is_open=True).select_related("person")[:MOST]
    ]


def _leaderless(person: Person) -> list[DayLine]:
    """Teams of one's deals that nobody leads: gone once somebody is named."""
    return [
        DayLine(
            cause="no_leader",
            sentence=_("Nobody leads the team: name somebody for the leading seat"),
            scope=ref(deal),
            act="name_leader",
            target=ref(deal),
            colour=rules.GREY,
            ids=(deal.pk,),
        )
        for deal in deals.leaderless(person)[:MOST]
    ]


def _unattended(person: Person) -> list[DayLine]:
    """Whose deputy is away too, or gone, for the nearest head: gone once somebody else stands in, or the absence is over."""
    return [
        DayLine(
            cause="no_deputy",
            sentence=say(_("{name} is away until {last}, and nobody stands in: name another deputy"), name=row.person.name, last=row.last),
            scope=ref(row.person),
            act="name_deputy",
            target=ref(row.person),
            colour=rules.GREY,
            ids=(row.pk,),
        )
        for row in absences.unattended(person)[:MOST]
    ]


def _dates(person: Person) -> list[DayLine]:
    """Deals whose date is near or past: gone once they are closed or have another date."""
    lines = []
    for deal in deals.near_their_date(person)[:MOST]:
        ends = end_of_day(deal.due)
        if now() <= ends:
            sentence: Any = _("The date of this deal is near: reach its goal, or set another date")
        elif deal.owner_id == person.pk:
            sentence = _("The date of this deal has passed: close it, or set another date")
        else:
            sentence = say(_("A deal of {name} is past its date"), name=deal.owner.name)
        colour = rules.colour(now(), ends)
        lines.append(
            DayLine("date", sentence, ref(deal), "set_date", ref(deal), colour, due_at=ends, ids=(deal.pk,), detail=shortened(deal.goal))
        )
    return lines


def _next_steps(person: Person) -> list[DayLine]:
    """Next steps whose day is near or past: gone once the following one is set, or the deal is closed."""
    lines = []
    for step in next_steps.near(person)[:MOST]:
        ends = end_of_day(step.due)
        if now() <= ends:
            sentence: Any = _("The next step of this deal is due: do it, and say what follows")
        elif step.doer_id == person.pk:
            sentence = _("The next step of this deal is overdue: do it, and say what follows")
        else:
            sentence = say(_("The next step of {name} on this deal is overdue"), name=step.doer.name)
        colour = rules.colour(now(), ends)
        what = shortened(step.what)
        at = ref(step.deal)
        lines.append(DayLine("next_step", sentence, at, "set_next_step", at, colour, due_at=ends, ids=(step.deal_id,), detail=what))
    return lines


def _risks(person: Person) -> list[DayLine]:
    """What a head passed at risk and the person is to make good: one line a deal, red until every one is made good."""
    groups: dict[UUID, list[RiskLine]] = {}
    for line in risks.owed_by(person)[: 5 * MOST]:
        groups.setdefault(risks.owed_on(line), []).append(line)
    lines = []
    for group in groups.values():
        at = ref(risks.deal_of(group[0]))
        sentence = ngettext_lazy(
            "Make good what was passed at risk: {n} thing was missing at the gate",
            "Make good what was passed at risk: {n} things were missing at the gate",
            len(group),
        )
        ids = tuple(line.pk for line in group)
        due_at, detail = end_of_day(group[0].due), shortened(in_language(group[0].line["sentence"]))
        lines.append(DayLine("risk", say(sentence, n=len(group)), at, "make_good", at, rules.RED, due_at=due_at, ids=ids, detail=detail))
    return lines


def _waits(person: Person) -> list[DayLine]:
    """Steps that the person answers for and that nobody has taken over: gone once somebody has. What others say their work waits for: gone
    once it is there."""
    waiting = waits.open_for(person)
    clocks = readings(row.pk for row in waiting)
    lines = []
    for row in waiting:
        clock = clocks.get(row.pk)
        due_at = clock.due_at if clock else None
        colour = rules.colour(now(), due_at)
        if row.kind == HANDOVER:
            sentence = say(_("Take the deal over from {former}, as {role}"), former=row.former_role, role=row.role)
            at = ref(row.deal)
            lines.append(DayLine("handover", sentence, at, "take_over", at, colour, due_at=due_at, clock=clock, ids=(row.pk,)))
            continue
        words = _("The work of {name} waits for you") if row.person_id else _("The work of {name} waits for your unit")
        sentence, at = say(words, name=row.raised_by.name if row.raised_by is not None else "–"), ref(row)
        detail = shortened(row.reason)
        lines.append(
            DayLine("waited_for", sentence, at, "answer_wait", at, colour, due_at=due_at, clock=clock, ids=(row.pk,), detail=detail)
        )
    return lines


def _leads(person: Person) -> list[DayLine]:
    """Leads that wait to be taken up: gone once they are. Leads taken up without a next step, or past it: gone once one is set."""
    waiting = leads.to_take_up(person)[:MOST]
    clocks = readings(lead.pk for lead in waiting) if waiting else {}
    lines = []
    for lead in waiting:
        clock = clocks.get(lead.pk)
        due_at = clock.due_at if clock else None
        sentence: Any = say(_("Take up the lead that {name} recorded"), name=lead.reporter.name)
        colour = rules.colour(now(), due_at)
        at, detail = ref(lead), str(lead.said)
        lines.append(DayLine("lead", sentence, at, "take_up_lead", at, colour, due_at=due_at, clock=clock, ids=(lead.pk,), detail=detail))
    for lead in leads.near(person)[:MOST]:
        ends = end_of_day(lead.step_due) if lead.step_due else None
        if ends is None:
            sentence = _("This lead has no next step: say what is done, and by when")
        elif now() <= ends:
            sentence = _("The next step of this lead is due: do it, and say what follows")
        elif lead.owner_id == person.pk:
            sentence = _("The next step of this lead is overdue: do it, and say what follows")
        else:
            sentence = say(_("The next step of {name} on this lead is overdue"), name=lead.owner.name)
        at, detail = ref(lead), shortened(lead.step_what or "") or str(lead.said)
        colour = rules.colour(now(), ends)
        lines.append(DayLine("lead_step", sentence, at, "set_lead_step", at, colour, due_at=ends, ids=(lead.pk,), detail=detail))
    return lines


def end_of_day(day: date | None) -> datetime:
    """The moment at which a day is over for the company."""
    return timezone.make_aware(datetime.combine(day or date.max, time.max))


def ready_for_decision(waiting: QuerySet[Deal]) -> QuerySet[Deal]:
    """Those of the deals where nothing but the decision is missing, as far as the laws ask: a filter for lists; the gate review
    itself judges."""
    heard = Hearing.objects.filter(item=OuterRef("item"), person=OuterRef("person"))
    unheard = Ear.objects.filter(~Exists(heard), item__deal=OuterRef("pk"), ended_at__isnull=True)
    before = Ear.objects.filter(~Exists(heard), item__shared__deal=OuterRef("pk"), ended_at__isnull=True)
    owed = calls.open_calls().filter(deal=OuterRef("pk"))
    to_both = calls.open_calls().filter(shared__deal=OuterRef("pk"))
    done = ~Exists(unheard) & ~Exists(owed) & (Q(whole__isnull=True) | ~Exists(before) & ~Exists(to_both))
    return waiting.filter(done, account__isnull=False, due__isnull=False)


def deciding_now(person: Person) -> list[Deal]:
    """The deals at whose gate the person's vote is the next step: nothing but the decision is missing there, as far as the laws ask."""
    found: dict[UUID, Deal] = {}
    for role, waiting in deals.votes_waiting_for(person):
        ready = deals.with_names(ready_for_decision(waiting)).select_related("stage__gate").order_by("pk")
        # A gate with a condition of its own may be none for this deal; that is told from what was read already.
        there = [(deal, gate) for deal in ready[: 5 * MOST] if (gate := gates.gate_of(deal)) is not None]
        found |= {deal.pk: deal for deal in mandates.asking(role, there)}
    return list(found.values())


def _decisions(waiting: Sequence[Asking]) -> list[DayLine]:
    """Decisions outside a team's mandate that are asked of the person in particular: gone once they are taken, or asked of another."""
    clocks = readings(one.pk for one in waiting) if waiting else {}
    lines = []
    for one in waiting:
        deal, clock = one.escalation.visit.deal, clocks.get(one.pk)
        if one.instead_of is not None:
            sentence = say(
                _("The decision at the gate “{gate}” is asked of you, for {name}"), gate=one.escalation.gate, name=one.instead_of.name
            )
        else:
            sentence = say(_("The decision at the gate “{gate}” is asked of you"), gate=one.escalation.gate)
        lines.append(
            DayLine(
                cause="decision",
                sentence=sentence,
                scope=ref(deal),
                act="decide",
                target=ref(deal),
                colour=rules.RED,
                due_at=clock.due_at if clock else None,
                clock=clock,
                ids=(one.pk,),
                detail=shortened(one.escalation.reason),
            )
        )
    return lines


def _dissents(person: Person) -> list[DayLine]:
    """What somebody of a team is against, for the head who is to settle it: gone once it is, or taken back. For the owner of a deal, who
    was silent beyond the limit: gone once the gate is behind, or that role has voted."""
    waiting = dissents.to_settle(person)
    clocks = readings(row.pk for row in waiting) if waiting else {}
    lines = []
    for row in waiting:
        deal, clock = row.visit.deal, clocks.get(row.pk)
        sentence = say(_("{name} ({role}) is against: settle it"), name=row.vote.person.name, role=row.role)
        at, due_at, detail = ref(deal), clock.due_at if clock else None, shortened(row.vote.reason)
        lines.append(DayLine("dissent", sentence, at, "settle", at, rules.RED, due_at=due_at, clock=clock, ids=(row.pk,), detail=detail))
    for one in dissents.silent_on_deals_of(person):
        sentence = say(_("{role} has not voted in time and keeps the gate shut no longer: see what is left there"), role=one.role)
        at = ref(one.visit.deal)
        lines.append(DayLine("silent", sentence, at, "see_gate", at, rules.AMBER, ids=(one.pk,)))
    return lines


def _giving_up(person: Person) -> list[DayLine]:
    """Where the person is asked whether a deal is to be given up: gone once he or she has spoken, or it is over. For whoever proposes it
    and the deal's owner, once nothing is lacking but that somebody concludes."""
    waiting = giving_up.to_speak(person)
    clocks = readings(row.pk for row in waiting) if waiting else {}
    lines = []
    for one in waiting:
        row, clock = one.giving_up, clocks.get(one.pk)
        sentence = say(_("{name} proposes to give this deal up: say what you think"), name=row.person.name)
        at, due_at = ref(row.deal), clock.due_at if clock else None
        detail, ids = shortened(row.reason), (one.pk,)
        lines.append(DayLine("giving_up", sentence, at, "speak", at, rules.RED, due_at=due_at, clock=clock, ids=ids, detail=detail))
    for row in giving_up.to_conclude(person):
        at = ref(row.deal)
        sentence = _("Nothing is lacking to give this deal up: conclude it, or take it back")
        lines.append(DayLine("giving_up_ready", sentence, at, "conclude", at, rules.AMBER, ids=(row.pk,)))
    return lines


def _unexplained(person: Person) -> list[DayLine]:
    """Deals of the person that were won and nobody has said why."""
    deals = closings.to_explain(person)
    sentence = _("It is won: say why, so that others win so, too")
    return [DayLine("why_won", sentence, ref(one), "say_why_won", ref(one), rules.GREY, ids=(one.pk,)) for one in deals]


def _votes(person: Person, asked: Collection[UUID]) -> list[DayLine]:
    """Gates where nothing but the decision is missing. A gate that waits for more is not the voter's turn yet; what is asked of the person
    in particular (`asked`: deals) has a line of its own."""
    return [
        DayLine(
            cause="vote",
            sentence=say(_("Your vote is the next step at the gate “{gate}”"), gate=deal.stage.gate),
            scope=ref(deal),
            act="vote",
            target=ref(deal),
            colour=rules.RED,
            ids=(deal.pk,),
        )
        for deal in deciding_now(person)[:MOST]
        if deal.pk not in asked
    ]


def _asked(person: Person) -> list[DayLine]:
    """What the person's own records ask for: they were kept as they came, and something is still open."""
    lines = [
        DayLine(
            cause="record_asks",
            sentence=_("Your record of a meeting is not complete"),
            scope=ref(meeting.deal),
            act="complete_meeting",
            target=ref(meeting),
            colour=rules.GREY,
            ids=(meeting.pk,),
        )
        for meeting in voice.meetings_that_ask(person)[:MOST]
    ]
    for item in voice.items_without_category(person)[:MOST]:
        sentence = _("Say what this statement is about, so that the right people hear it")
        lines.append(
            DayLine("category_asked", sentence, ref(item.deal), "file_item", ref(item), rules.GREY, ids=(item.pk,), detail=str(item))
        )
    return lines


def _silent_channels(person: Person) -> list[DayLine]:
    """Ways by which nothing reaches the person any more: what should have arrived there is overdue."""
    lines = []
    for channel in Channel.objects.filter(person=person, ended_at__isnull=True, given_up_at__isnull=False).order_by("failing_since")[:MOST]:
        since = channel.failing_since or channel.given_up_at
        sentence = say(
            _("Nothing has reached you by {way} since {when}: let it be tried again, or end it"),
            way=CHANNELS[channel.kind],
            when=f"{timezone.localtime(since):%m-%d %H:%M}",
        )
        target = ref(channel)
        lines.append(DayLine("channel_dead", sentence, target, "mend_channel", target, rules.RED, ids=(channel.pk,)))
    return lines


def _revisions(person: Person) -> list[DayLine]:
    """Changes of the playbook that wait for the person's approval, being whom a part names: gone once it is given. And his or her own
    that nobody else could approve: gone once somebody can."""
    return [
        DayLine(
            cause="approval_asked",
            sentence=say(_("A change of the playbook waits for your approval: {reason}"), reason=revision.reason),
            scope=ref(revision),
            act="approve_revision",
            target=ref(revision),
            colour=rules.colour(now(), revision.starts_at),
            due_at=revision.starts_at,
            ids=(revision.pk,),
            version=revision.version,
        )
        for revision in revisions.waiting_for(person)
    ] + [
        DayLine(
            cause="no_approver",
            sentence=say(
                _("Nobody but you could approve this change of the playbook, and somebody else is to: {reason}"), reason=revision.reason
            ),
            scope=ref(revision),
            act="find_approver",
            target=ref(revision),
            colour=rules.colour(now(), revision.starts_at),
            due_at=revision.starts_at,
            ids=(revision.pk,),
        )
        for revision in revisions.without_approver(person)
    ]


def _engine_room() -> list[DayLine]:
    """What the worker gave up, and whether there is one at all: without it nobody is reminded of anything."""
    lines = []
    given_up = list(jobs.dead().values_list("pk", "dead_at")[: 5 * MOST])
    if given_up:
        count = len(given_up)
        sentence = say(
            ngettext_lazy(
                "{n} delivery was given up after all its attempts", "{n} deliveries were given up after all their attempts", count
            ),
            n=count,
        )
        target = Ref("deliveries", "", gettext("Deliveries"))
        lines.append(DayLine("given_up", sentence, target, "send_again", target, rules.RED))
    last = Worker.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    if last and not jobs.living().exists():
        target = Ref("deliveries", "", gettext("Worker"))
        lines.append(
            DayLine("no_worker", _("No worker is running: nobody is reminded of anything"), target, "start_worker", target, rules.RED)
        )
    return lines


def _operations() -> list[DayLine]:
    """Alarms to sales operations: gone when the cause is gone."""
    lines = []
    names = book.in_force().hearing.categories
    for code, count in voice.categories_without_rule():
        row = names.get(code)
        target = ref(row.version) if row else Ref("playbook", "", code)
        sentence = say(
            ngettext_lazy(
                "No rule says who must hear “{category}”: {n} statement went to the default hearer",
                "No rule says who must hear “{category}”: {n} statements went to the default hearer",
                count,
            ),
            category=row or code,
            n=count,
        )
        lines.append(DayLine("no_hearer_rule", sentence, target, "add_hearer_rule", target, rules.RED))
    for role, count in voice.roles_that_nobody_holds():
        target = Ref("role", role, role)
        sentence = say(
            ngettext_lazy(
                "Nobody holds the role “{role}”, which must hear {n} statement",
                "Nobody holds the role “{role}”, which must hear {n} statements",
                count,
            ),
            role=role_names([role])[role],
            n=count,
        )
        lines.append(DayLine("nobody_hears", sentence, target, "give_post", target, rules.RED))
    for row_of_role, count in escalations.held_by_nobody():
        target = Ref("role", row_of_role.code, str(row_of_role))
        sentence = say(
            ngettext_lazy(
                "Nobody holds the role “{role}”, whose decision {n} deal waits for: a head is asked instead",
                "Nobody holds the role “{role}”, whose decision {n} deals wait for: heads are asked instead",
                count,
            ),
            role=row_of_role,
            n=count,
        )
        lines.append(DayLine("nobody_decides", sentence, target, "give_post", target, rules.RED))
    if count := escalations.asked_of_nobody() + dissents.of_nobody() + giving_up.of_nobody():
        target = Ref("role", "", "")
        sentence = say(
            ngettext_lazy(
                "{n} decision is asked of nobody: no head stands above the deal",
                "{n} decisions are asked of nobody: no head stands above the deal",
                count,
            ),
            n=count,
        )
        lines.append(DayLine("asked_of_nobody", sentence, target, "give_post", target, rules.RED))
    for name, where, count in unjudged():
        target = Ref("condition", name, name)
        at_gate = ngettext_lazy(
            "“{name}” cannot be evaluated at the gate of {n} deal, so it counts as not met",
            "“{name}” cannot be evaluated at the gates of {n} deals, so it counts as not met",
            count,
        )
        on_deal = ngettext_lazy(
            "“{name}” cannot be evaluated on {n} deal; what it decides is asked for all the same",
            "“{name}” cannot be evaluated on {n} deals; what it decides is asked for all the same",
            count,
        )
        sentence = say(at_gate if where == AT_GATE else on_deal, name=name, n=count)
        lines.append(DayLine("cannot_judge", sentence, target, "judge_again", target, rules.RED))
    return lines


def scopes_seen(person: Person) -> Any:
    """The scopes of the journal that the person may see, as a query that the journal takes in."""

    known = reach_of(person)

    def narrow(scopes: QuerySet[Scope]) -> QuerySet[Scope]:
        # Row by row: an entry has a handful of scopes, a house has a million deals.
        this = OuterRef("object_id")
        seen_deals = deals.visible_to(person)
        own = (
            Q(Exists(seen_deals.filter(pk=this)), kind="deal")
            | Q(Exists(seen_deals.filter(team=this)), kind="team")
            | Q(Exists(voice.visible_to(person).filter(pk=this)), kind="item")
            | Q(Exists(calls.visible_to(person).filter(pk=this)), kind="call")
            | Q(Exists(accounts.visible_to(person).filter(pk=this)), kind="account")
            | Q(Exists(leads.visible_to(person).filter(pk=this)), kind="lead")
            | Q(Exists(talk.written_to(person).filter(pk=this)), kind="message")
            | Q(kind="calendar", object_id__in=calendars_visible_to(person).values("pk"))
            | Q(kind="person", object_id=person.pk)
            | Q(kind="unit", object_id__in=known.units)
        )
        administered = Q(kind__in=["person", "unit"]) if ADMINISTER in known.permissions else Q(pk__in=[])
        return scopes.filter(own | administered)

    return narrow


def entries_seen(person: Person) -> QuerySet[Entry]:
    """The journal as this person may read it."""
    return visible_entries(scopes_seen(person), reach_of(person).permissions)


_TIMELINE = Seeing(lambda person, object_id, most: about(entries_seen(person).exclude(verb__in=QUIET), object_id)[:most])
_CAUSES = Seeing(lambda person, entries: entries_seen(person).filter(pk__in=entries))


def timeline(person: Person, object_id: UUID, most: int = 50) -> list[Told]:
    """What happened to one object, newest first, as far as the person may see it. What the act itself tells is left out."""
    return told(person, _TIMELINE.objects(person, object_id, most=most))


def told(person: Person, entries: Iterable[Entry]) -> list[Told]:
    """The entries in words, with only those causes and statements that the person may see."""

    def hidden(touched: Iterable[Touched]) -> set[UUID]:
        rows = list(touched)
        items = {row.object_id for row in rows if row.kind == "item"}
        whom = {row.object_id for row in rows if row.kind in ("contact", "attendance")}
        seen = voice.seen_of(person, items)
        return (items - seen) | (whom if items - seen else set())

    return tell(entries, causes=lambda ids: _CAUSES.objects(person, ids), hidden=hidden)


def worded_for(person: Person, entries: Iterable[Entry]) -> dict[int, str]:
    """Entry → its sentence, for those of them that the person may see."""
    wanted = {entry.pk for entry in entries}
    return {one.entry.pk: one.sentence for one in told(person, entries_seen(person).filter(pk__in=wanted))}


@dataclass(frozen=True)
class Found:
    """What a search found, room by room."""

    deals: list[Deal]
    accounts: list[Account]
    leads: list[Lead]
    items: list[Item]
    calls: list[Call]


def search(person: Person, words: str, most: int = 20) -> Found:
    """Deals, accounts, leads, statements and calls that contain the words and that the person may see."""
    words = words.strip()[:100]
    if not words or "\x00" in words:
        return Found([], [], [], [], [])
    in_call = Q(number__icontains=words) | Q(trigger__support__zh__icontains=words) | Q(trigger__support__en__icontains=words)
    found_calls = calls.visible_to(person).filter(in_call).select_related("trigger__support", "deal").order_by("-raised_at")
    return Found(
        deals=list(deals.with_names(deals.containing(deals.visible_to(person), words)).order_by("-opened_at", "-pk")[:most]),
        accounts=list(accounts.containing(accounts.visible_to(person), words).order_by("name", "pk")[:most]),
        leads=list(leads.with_names(leads.containing(person, leads.visible_to(person), words)).order_by("-recorded_at", "-pk")[:most]),
        items=list(
            voice.visible_to(person).filter(words__icontains=words).select_related("deal", "speaker").order_by("-recorded_at")[:most]
        ),
        calls=list(found_calls[:most]),
    )
