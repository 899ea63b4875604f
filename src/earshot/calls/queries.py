"""Reads on calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from earshot.calls.models import Assignment, Call, Ending, Objection, Result, SharedCall
from earshot.calls.rules import Wanted, lacks
from earshot.clocks.models import Clock
from earshot.clocks.queries import Reading, readings
from earshot.clocks.registry import Subject
from earshot.deals import queries as deals
from earshot.deals.conditions import judged
from earshot.deals.models import Deal
from earshot.kit.engine.prepared import Prepared, grouped
from earshot.kit.reading import once
from earshot.kit.ruling import permissive
from earshot.people.models import Person
from earshot.people.queries import holders, valid_skills
from earshot.people.standing import reach_of, seen_by
from earshot.playbooks.conditions import stands
from earshot.playbooks.models import SupportItem, Trigger
from earshot.playbooks.queries import role_names
from earshot.voice.models import Item, SharedItem


def visible_to(person: Person) -> QuerySet[Call]:
    """Calls in which the person has standing: called, heading the owing unit or one above, or with standing on the deal."""
    shared = SharedCall.objects.filter(deals.seen(person, "deal", "deal__unit")).values("call")
    return Call.objects.filter(seen_by(person, "call") | deals.seen(person, "deal", "deal__unit") | Q(pk__in=shared))


def open_calls() -> QuerySet[Call]:
    """Calls without an effective result and without a decision that ended them."""
    delivered = Result.objects.filter(call=OuterRef("pk"), returned_at__isnull=True)
    ended = Ending.objects.filter(call=OuterRef("pk"))
    return Call.objects.filter(~Exists(delivered), ~Exists(ended), deal__is_open=True)


@dataclass(frozen=True)
class CallRead:
    """A call with everything a page shows of it. `state`: waiting, taken, delivered or ended."""

    call: Call
    role: str
    support: SupportItem
    assignment: Assignment | None
    result: Result | None
    returned: list[Result]
    objections: list[Objection]
    ending: Ending | None
    clock: Reading | None

    @property
    def state(self) -> str:
        if self.ending:
            return "ended"
        if self.result:
            return "delivered"
        return "taken" if self.assignment and self.assignment.taken_at else "waiting"

    @property
    def since(self) -> datetime:
        if self.ending:
            return self.ending.at
        if self.result:
            return self.result.at
        return (self.assignment.taken_at if self.assignment else None) or self.call.raised_at


def _named(calls: QuerySet[Call]) -> QuerySet[Call]:
    return calls.select_related(
        "deal", "deal__account", "deal__owner", "unit", "accountable", "trigger", "trigger__support", "ending", "ending__person"
    )


def of_deal(deal_id: UUID) -> QuerySet[Call]:
    return Call.objects.filter(deal=deal_id).order_by("raised_at", "pk")


_OF_DEAL = Prepared(
    lambda deal: of_deal(deal).select_related("unit", "accountable", "trigger", "trigger__support", "ending", "ending__person")
)
_SHARED_WITH = Prepared(
    lambda deal: (
        Call.objects.filter(shared__deal=deal)
        .select_related("deal", "unit", "accountable", "trigger", "trigger__support", "ending", "ending__person")
        .order_by("raised_at", "pk")
    )
)
_ASSIGNMENTS = Prepared(
    lambda calls: Assignment.objects.filter(call__in=calls, ended_at__isnull=True).select_related("person", "person__unit")
)
_RESULTS = Prepared(lambda calls: Result.objects.filter(call__in=calls).select_related("person", "returned_by").order_by("at", "pk"))
_OBJECTIONS = Prepared(lambda calls: Objection.objects.filter(call__in=calls).select_related("person").order_by("at", "pk"))


def read(calls: QuerySet[Call]) -> list[CallRead]:
    """The calls with assignment, results, objections and clocks, in a fixed number of statements."""
    return _read(list(_named(calls)))


@once
def read_of_deal(deal: Deal) -> list[CallRead]:
    """The same of a deal's calls, in the order in which they were raised; then those that serve it beside another it was one with."""
    calls: list[Call] = _OF_DEAL.objects(deal.pk)
    for call in calls:
        call.deal = deal
    if deal.whole_id is not None:
        known = {call.pk for call in calls}
        calls = [*calls, *(call for call in _SHARED_WITH.objects(deal.pk) if call.pk not in known)]
    return _read(calls)


def serving(deal: Deal) -> QuerySet[Call]:
    """The deal's calls, and those that serve it beside another that it was one deal with."""
    return Call.objects.filter(_serve(deal))


def _serve(deal: Deal) -> Q:
    if deal.whole_id is None:
        return Q(deal=deal)
    return Q(deal=deal) | Q(pk__in=SharedCall.objects.filter(deal=deal).values("call"))


def of_shared_words(items: Collection[UUID]) -> QuerySet[Call, Any]:
    """The calls of other deals than the one on which these words stand, which they concern as well."""
    return Call.objects.filter(Q(deal__shared_items__item__in=items) | Q(shared__deal__items__in=items)).values("pk")


def _read(calls: list[Call]) -> list[CallRead]:
    ids = [call.pk for call in calls]
    assignments = {assignment.call_id: assignment for assignment in _ASSIGNMENTS.objects(ids)}
    all_results = grouped(_RESULTS.objects(ids), "call_id")
    objections = grouped(_OBJECTIONS.objects(ids), "call_id")
    clocks = readings(ids)
    names = role_names({call.role for call in calls})
    found = []
    for call in calls:
        results = all_results.get(call.pk, [])
        found.append(
            CallRead(
                call=call,
                role=names.get(call.role, call.role),
                support=call.trigger.support,
                assignment=assignments.get(call.pk),
                result=next((result for result in results if result.returned_at is None), None),
                returned=[result for result in results if result.returned_at],
                objections=objections.get(call.pk, []),
                ending=getattr(call, "ending", None),
                clock=clocks.get(call.pk),
            )
        )
    return found


def subject(call: Call, person: Person | None) -> Subject:
    """What a clock of the call is about; `person`: who is assigned to it now."""
    return Subject(call, (call.deal, call), person, call.unit, {"deal": call.deal})


def items_of(call: Call) -> QuerySet[Item]:
    """The customer's words that the call's role must hear on this deal."""
    there = Q(deal=call.deal_id)
    if call.deal.whole_id is not None:
        there |= Q(pk__in=SharedItem.objects.filter(deal=call.deal_id).values("item"))
        there |= Q(deal__in=SharedCall.objects.filter(call=call).values("deal"))
    return Item.objects.filter(there, ears__role=call.role, ears__ended_at__isnull=True).distinct()


def waiting_for(person: Person) -> QuerySet[Call]:
    """Open calls that the person is to do."""
    mine = Assignment.objects.filter(person=person, ended_at__isnull=True).values("call")
    return open_calls().filter(pk__in=mine).order_by("raised_at", "pk")


def of_units_headed_by(person: Person) -> QuerySet[Call]:
    """Open calls that the units owe which the person heads, with all below them: what is due first comes first."""
    due = Clock.objects.filter(object_id=OuterRef("pk"), stopped_at__isnull=True).values("due_at")[:1]
    return open_calls().filter(unit__in=reach_of(person).units).annotate(due=Subquery(due)).order_by("due", "pk")


_OWED = Prepared(lambda person, deal: waiting_for(Person(pk=person)).filter(deal=deal).order_by().values_list("pk"))
_OWED_TO_BOTH = Prepared(lambda person, deal: waiting_for(Person(pk=person)).filter(shared__deal=deal).order_by().values_list("pk"))


def owed_by(person: Person, deal: Deal) -> set[UUID]:
    """The calls of the deal that the person is to do."""
    rows = _OWED.rows(person.pk, deal.pk)
    rows += [] if deal.whole_id is None else _OWED_TO_BOTH.rows(person.pk, deal.pk)
    return {call for (call,) in rows}


def acting(deal: Deal) -> dict[str, list[Person]]:
    """Role → who is to do an open call for it on this deal."""
    there = open_calls().filter(_serve(deal))
    live = Assignment.objects.filter(call__in=there, ended_at__isnull=True, person__left_at__isnull=True)
    found: dict[str, list[Person]] = {}
    for row in live.select_related("person__unit", "call").order_by("at", "pk"):
        found.setdefault(row.call.role, []).append(row.person)
    return found


def is_for(trigger: Trigger, deal: Deal) -> bool:
    """Whether the row of the trigger table calls on this deal: unless its condition is known not to hold there."""
    return not trigger.when or stands(judged(deal, trigger.when).met)


def uncalled(rows: Sequence[Trigger], deal: Deal, called: Collection[str]) -> list[Trigger]:
    """Those of the rows that call on this deal, and whose support it has not been given yet; each support once."""
    first = {row.support.code: row for row in reversed(rows) if row.support.code not in called and is_for(row, deal)}
    return [row for row in rows if first.get(row.support.code) is row]


def wanted(call: Call) -> Wanted:
    """What the call asks of whoever does it."""
    return Wanted(call.role, call.trigger.support.skill, call.trigger.support.level)


def candidates(call: Call) -> list[tuple[Person, list[str]]]:
    """Whom the unit may name: holders of the call's role in the owing unit or one below it, each with what he or she lacks (empty:
    qualified). The duty is that unit's, so it names its own people; another unit's are not its to give away."""
    people = holders(call.role, call.unit).select_related("unit").prefetch_related("skills")
    return [(person, lacks(wanted(call), {call.role}, valid_skills(person))) for person in people]


@permissive("nothing lacking", lambda call, person: [])
def lacking(call: Call, person: Person) -> list[str]:
    """What this person lacks for the call, by the same rule: a role held in another unit is none here."""
    there = holders(call.role, call.unit).filter(pk=person.pk).exists()
    return lacks(wanted(call), {call.role} if there else set(), valid_skills(person))
