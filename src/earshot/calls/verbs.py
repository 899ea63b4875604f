"""The journal verbs, kinds and standings of this room."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from earshot.calls.models import Assignment, Call
from earshot.clocks.queries import alarms_of
from earshot.journal import kinds, verbs
from earshot.people.standing import SOURCES, Key

# The label is kept in the log for every reader, so it is worded in the house's first language.
kinds.register("call", Call, label=lambda call: f"{call.number} {call.trigger.support.zh}", page="call")
verbs.register(
    {
        "calls.raised": _("The process called {unit} for {deal}: {call}; {assignee} is answerable"),
        "calls.named": _("{actor} named {assignee} for {call}"),
        "calls.declined": _("{actor} cannot take {call}: {reason}. The duty stays with {unit}"),
        "calls.taken": _("{actor} took {call}"),
        "calls.delivered": _("{actor} delivered a result for {call}"),
        "calls.returned": _("{actor} sent the result of {call} back: {reason}"),
        "calls.objected": _("{actor} objected to {call}: {reason}. It runs until a head decides"),
        "calls.ended": _("{actor} decided that {call} ends without a result: {reason}"),
    }
)


def _callees(call_ids: Iterable[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whoever is assigned to a call or answers for it sees it; not the whole deal."""
    calls = Call.objects.all() if call_ids is None else Call.objects.filter(pk__in=call_ids)
    for pk, accountable in calls.values_list("pk", "accountable_id"):
        yield pk, (accountable, None, "call", pk)
    assigned = Assignment.objects.filter(ended_at__isnull=True, call__in=calls)
    for pk, person in assigned.values_list("call_id", "person_id"):
        yield pk, (person, None, "call", pk)


def _items(call_ids: Iterable[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """What the call needs: the customer's words that its role must hear, for whoever does it, answers for it, or heads its unit."""
    calls = Call.objects.filter(deal__items__ears__role=F("role"), deal__items__ears__ended_at__isnull=True)
    if call_ids is not None:
        calls = calls.filter(pk__in=call_ids)
    rows = calls.values_list("pk", "unit_id", "accountable_id", "deal__items").distinct()
    assigned = dict(Assignment.objects.filter(ended_at__isnull=True, call__in=[row[0] for row in rows]).values_list("call_id", "person_id"))
    for pk, unit, accountable, item in rows:
        yield pk, (None, unit, "item", item)
        yield pk, (accountable, None, "item", item)
        if pk in assigned:
            yield pk, (assigned[pk], None, "item", item)


def _alarmed(call_ids: Iterable[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whom the clock of a call has told sees it as long as that clock runs; not the whole deal."""
    return [(call, (person, None, "call", call)) for call, person in alarms_of("call", call_ids)]


CALLED, CALL_NEEDS, ALARMED_CALL = "called", "call_needs", "alarmed_call"
SOURCES.add(CALLED, _callees)
SOURCES.add(CALL_NEEDS, _items)
SOURCES.add(ALARMED_CALL, _alarmed)
