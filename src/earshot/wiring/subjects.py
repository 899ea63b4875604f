"""Kind of object → what a clock that runs for it is about."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from earshot.calls import queries as call_queries
from earshot.calls.models import Assignment, Call
from earshot.clocks.registry import Subject, Subjects
from earshot.voice.models import Ear


def ears(ids: Iterable[UUID]) -> Subjects:
    """Hearing: the statement that is to be heard, and who must hear it."""
    rows = Ear.objects.filter(pk__in=list(ids)).select_related("item__deal__owner", "item__deal__unit", "person__unit")
    found = {}
    for ear in rows:
        deal, unit = ear.item.deal, ear.person.unit if ear.person else None
        parts = {"deal": deal, "ear": ear} | ({"hearer": ear.person} if ear.person else {})
        found[ear.pk] = Subject(ear.item, (deal, ear.item), ear.person, unit or deal.unit, parts)
    return found


def calls(ids: Iterable[UUID]) -> Subjects:
    """A role call: who is assigned to it, in the unit that owes it."""
    rows = Call.objects.filter(pk__in=list(ids)).select_related("deal__owner", "deal__unit", "unit", "accountable", "trigger__support")
    live = Assignment.objects.filter(call__in=rows, ended_at__isnull=True).select_related("person__unit")
    assigned = {one.call_id: one.person for one in live}
    return {call.pk: call_queries.subject(call, assigned.get(call.pk)) for call in rows}
