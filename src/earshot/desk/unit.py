"""*My unit*, for whoever heads one or several: what waits for a decision, what was owed and is overdue, which chairs are empty, which deals
slip, of those units and all below them; each with the one act that mends it. Every act is a verb of its own room."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from earshot.clocks.models import Alarm, Clock
from earshot.clocks.queries import alarms_waiting_for, readings
from earshot.clocks.registry import SUBJECTS, Subject
from earshot.deals import dissents, escalations, giving_up
from earshot.deals import queries as deals
from earshot.deals.dissent_tables import Dissent, VoteAsked
from earshot.deals.giving_up_tables import GivingUpVoice
from earshot.deals.models import Asking, Deal
from earshot.deals.wait_tables import Wait
from earshot.desk import rules
from earshot.desk.queries import DayLine, deciding_now, silence, waited_in_words, withheld_in_words
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.problems import Ref, say
from earshot.people.models import Person, Unit
from earshot.people.queries import holders_by_role
from earshot.people.standing import reach_of
from earshot.playbooks.queries import role_names
from earshot.talk.models import Message
from earshot.teams.models import Membership, Seat
from earshot.voice import queries as voice
from earshot.voice.models import Filing, Hearing, Item

# Of each kind, the most pressing that a page shows; the rest comes up as these go.
MOST = 20
MOST_WORDS = 5


Kind = Literal["vote", "refuse", "settle", "speak"]


@dataclass(frozen=True)
class Decision:
    """What the head is to decide. `kind`: "vote" at the gate; "refuse" what no mandate covers (or take it on as a risk decision); "settle"
    what somebody is against; "speak" on giving the deal up. `asking`, `dissent`, `voice`: what it is about, of the last three, and of a
    vote that is asked of the head in particular. `words`: what the customer said that must be heard first, the last of it; `unheard`: those
    that the head has not heard; `more`: how many are not among them."""

    kind: Kind
    deal: Deal
    words: Sequence[voice.ItemRead]
    unheard: Sequence[UUID]
    more: int
    asking: Asking | None = None
    dissent: Dissent | None = None
    voice: GivingUpVoice | None = None


@dataclass(frozen=True)
class Chair:
    """A seat of an open deal that nobody sits in or is asked to take. `role`: in words; `fitting`: who may be asked."""

    deal: Deal
    seat: Seat
    role: str
    fitting: Sequence[Person]


@dataclass(frozen=True)
class MyUnit:
    """`units`: those that the person heads, by name, without those below. Of `decisions`, `breaches`, `chairs` and `slipping`
    at most `MOST`; the `…_count` says how many there are."""

    units: Sequence[Unit]
    decisions: Sequence[Decision]
    decisions_count: int
    breaches: Sequence[DayLine]
    breaches_count: int
    chairs: Sequence[Chair]
    chairs_count: int
    slipping: Sequence[Deal]
    slipping_count: int


def my_unit(person: Person) -> MyUnit | None:
    """None: the person heads no unit. A fixed number of statements, whatever their units hold."""
    units = reach_of(person).units
    if not units:
        return None
    ours = Deal.objects.filter(deals.still_open(), unit__in=units)
    empty = _empty(units)
    late = ours.filter(due__lt=deals.today())
    overdue = _overdue(units)
    decisions = _decisions(person, units)
    return MyUnit(
        units=list(Unit.objects.filter(head=person).order_by("name", "pk")),
        decisions=decisions[:MOST],
        decisions_count=len(decisions),
        breaches=_breaches(person, list(overdue.order_by("due_at", "pk")[:MOST])),
        breaches_count=overdue.count(),
        chairs=_chairs(list(empty.select_related("team__deal__account").order_by("-leader", "team__deal__due", "pk")[:MOST])),
        chairs_count=empty.count(),
        slipping=list(deals.with_names(late).order_by("due", "pk")[:MOST]),
        slipping_count=late.count(),
    )


def _decisions(person: Person, units: Sequence[UUID]) -> list[Decision]:
    """Votes at the gates of the person's units; what is asked of the person in particular, or of one for whom he or she stands in,
    wherever the deal is."""
    asked = {one.escalation.visit.deal_id: one for one in escalations.waiting_for(person)}
    known = deals.with_names(Deal.objects.filter(pk__in=asked)).select_related("stage__gate").in_bulk() if asked else {}
    mine = [known[pk] for pk in asked if pk in known]
    others = [deal for deal in deciding_now(person) if deal.unit_id in set(units) and deal.pk not in asked]
    against = dissents.to_settle(person)
    proposed = giving_up.to_speak(person)
    named = {row.visit.deal_id for row in against} | {one.giving_up.deal_id for one in proposed}
    further = deals.with_names(Deal.objects.filter(pk__in=named)).select_related("stage__gate").in_bulk() if named else {}
    said = _Words(person, [*(deal.pk for deal in (*mine, *others)), *further])
    found: list[Decision] = []
    for deal in mine:
        one = asked[deal.pk]
        found.append(said.decision("vote" if one.escalation.role_id else "refuse", deal, asking=one))
    found += [said.decision("settle", further[row.visit.deal_id], dissent=row) for row in against]
    found += [said.decision("vote", deal) for deal in others]
    found += [said.decision("speak", further[one.giving_up.deal_id], voice=one) for one in proposed]
    return found


class _Words:
    """The critical words of some deals, as somebody is to hear them before deciding; four statements for all of them."""

    def __init__(self, person: Person, ids: Collection[UUID]) -> None:
        filed = Filing.objects.filter(item=OuterRef("pk"), ended_at__isnull=True)
        critical = Exists(filed.filter(Q(critical=True) | Q(category="")))
        self.of_deal: dict[UUID, list[UUID]] = {}
        items = Item.objects.filter(critical, deal__in=ids).order_by("deal", "-recorded_at", "-pk") if ids else Item.objects.none()
        for pk, deal in items.values_list("pk", "deal_id"):
            self.of_deal.setdefault(deal, []).append(pk)
        every = [pk for known in self.of_deal.values() for pk in known]
        self.heard = set(Hearing.objects.filter(person=person, item__in=every).values_list("item", flat=True)) if every else set()
        shown = {pk for known in self.of_deal.values() for pk in known[:MOST_WORDS]} | (set(every) - self.heard)
        self.reads: dict[UUID, list[voice.ItemRead]] = {}
        for read in voice.read(Item.objects.filter(pk__in=shown)) if shown else []:
            self.reads.setdefault(read.item.deal_id, []).append(read)

    def decision(self, kind: Kind, deal: Deal, **about: Any) -> Decision:
        known, reads = self.of_deal.get(deal.pk, []), self.reads.get(deal.pk, [])
        return Decision(kind, deal, reads, [pk for pk in known if pk not in self.heard], len(known) - len(reads), **about)


def _overdue(units: Sequence[UUID]) -> Any:
    """What runs by these units' time and has run out: calls that they owe, and what their people must hear or answer."""
    return Clock.objects.filter(unit__in=units, stopped_at__isnull=True, paused_at__isnull=True, due_at__lt=now(), kind__in=list(SUBJECTS))


def _breaches(person: Person, clocks: Sequence[Clock]) -> list[DayLine]:
    """One line a person, kind and deal (each call for itself, each message). Of what the head does not see, only that it is owed."""
    subjects: dict[UUID, Subject] = {}
    for kind in sorted({clock.kind for clock in clocks}):
        subjects |= SUBJECTS[kind]([clock.object_id for clock in clocks if clock.kind == kind])
    groups: dict[Any, list[Clock]] = {}
    for clock in clocks:
        if (one := subjects.get(clock.object_id)) is not None:
            about = one.scopes[0].pk if clock.kind == "ear" and one.scopes else one.what.pk
            groups.setdefault((clock.kind, one.person.pk if one.person else None, about), []).append(clock)
    seen = _seen(person, [subjects[clock.object_id] for group in groups.values() for clock in group])
    mine: dict[UUID, list[UUID]] = {}
    for alarm in alarms_waiting_for(person).filter(clock__in=[clock.pk for clock in clocks]) if clocks else Alarm.objects.none():
        mine.setdefault(alarm.clock_id, []).append(alarm.pk)
    read = readings(clock.object_id for clock in clocks)
    lines = []
    for group in groups.values():
        subject, first = subjects[group[0].object_id], group[0]
        sees = bool(subject.scopes) and subject.scopes[0].pk in seen
        alarms = tuple(pk for clock in group for pk in mine.get(clock.pk, []))
        call = first.kind == "call"
        lines.append(
            DayLine(
                cause=first.kind,
                sentence=_owed(subject, first.kind, len(group)),
                scope=ref(subject.scopes[0]) if sees else ref(subject.what) if call else Ref(first.kind, "", ""),
                act="see_to" if alarms else "name" if call else "open" if sees else "",
                target=ref(subject.what),
                colour=rules.RED,
                due_at=first.due_at,
                clock=read.get(first.object_id),
                ids=alarms,
                detail=str(subject.what) if sees and not isinstance(subject.what, Message) else "",
            )
        )
    return lines


def _seen(person: Person, subjects: Iterable[Subject]) -> set[UUID]:
    ids = {one.scopes[0].pk for one in subjects if one.scopes}
    return set(deals.visible_to(person).filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()


def _owed(subject: Subject, kind: str, count: int) -> Any:
    who = subject.person.name if subject.person else "–"
    if isinstance(subject.what, Message):
        return silence(subject.what, who, True, own=False)
    if kind == "ear":
        sentence = ngettext_lazy("{name} has not heard {n} statement in time", "{name} has not heard {n} statements in time", count)
        return say(sentence, name=who, n=count)
    if isinstance(subject.what, Wait):
        return waited_in_words(subject.what, who, True)
    if isinstance(subject.what, VoteAsked | Dissent | GivingUpVoice):
        return withheld_in_words(subject.what, who, True)
    if kind == "asking":
        return say(_("{name} has not decided in time"), name=who)
    if kind == "call":
        return say(_("{name} has not delivered the result of a call in time"), name=who)
    if kind == "risk":
        sentence = ngettext_lazy(
            "{name} has not made good {n} thing that was passed at risk",
            "{name} has not made good {n} things that were passed at risk",
            count,
        )
        return say(sentence, name=who, n=count)
    return say(_("{name} is late"), name=who)


def _empty(units: Sequence[UUID]) -> Any:
    taken = Membership.objects.filter(seat=OuterRef("pk"), ended_at__isnull=True)
    open_deals = Deal.objects.filter(deals.still_open(), unit__in=units).values("team")
    return Seat.objects.filter(~Exists(taken), team__in=open_deals)


def _chairs(seats: Sequence[Seat]) -> list[Chair]:
    if not seats:
        return []
    roles = {seat.role for seat in seats}
    holders, names = holders_by_role(roles), role_names(roles)
    on_team: dict[UUID, set[UUID]] = {}
    live = Membership.objects.filter(seat__team__in={seat.team_id for seat in seats}, ended_at__isnull=True)
    for team, who in live.values_list("seat__team_id", "person_id"):
        on_team.setdefault(team, set()).add(who)
    return [
        Chair(
            deal=seat.team.deal,
            seat=seat,
            role=str(names.get(seat.role, seat.role)),
            fitting=[one for one in holders.get(seat.role, []) if one.pk not in on_team.get(seat.team_id, set())],
        )
        for seat in seats
    ]
