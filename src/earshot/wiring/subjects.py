"""Kind of object → what a clock that runs for it is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from earshot.calls import queries as call_queries
from earshot.calls.models import Assignment, Call
from earshot.clocks.registry import Subject, Subjects
from earshot.deals.models import Asking, Deal
from earshot.kit.engine.prepared import Prepared
from earshot.talk.models import Recipient
from earshot.talk.queries import messages as talk
from earshot.voice.models import Ear


def ears(ids: Iterable[UUID]) -> Subjects:
    """Hearing: the statement that is to be heard, and who must hear it."""
    found = {}
    for ear in _EARS.objects(list(ids)):
        deal, unit = ear.item.deal, ear.person.unit if ear.person else None
        parts = {"deal": deal, "ear": ear} | ({"hearer": ear.person} if ear.person else {})
        found[ear.pk] = _led(Subject(ear.item, (deal, ear.item), ear.person, unit or deal.unit, parts), deal)
    return found


def calls(ids: Iterable[UUID]) -> Subjects:
    """A role call: who is assigned to it, in the unit that owes it."""
    rows = _CALLS.objects(list(ids))
    assigned = {one.call_id: one.person for one in _ASSIGNED.objects([call.pk for call in rows])}
    return {call.pk: _led(call_queries.subject(call, assigned.get(call.pk)), call.deal) for call in rows}


def _led(subject: Subject, deal: Deal) -> Subject:
    """The subject with who leads what it belongs to."""
    return replace(subject, team=deal.team_id, owner=deal.owner, led_by=deal.unit)


def recipients(ids: Iterable[UUID]) -> Subjects:
    """An answer: of whom the message asks it."""
    rows = _RECIPIENTS.objects(list(ids))
    places = talk.places_of(row.message for row in rows)
    return {row.pk: talk.subject(row, places[row.message.object_id]) for row in rows}


def askings(ids: Iterable[UUID]) -> Subjects:
    """A decision outside the team's mandate: of whom it is asked."""
    found = {}
    for one in _ASKINGS.objects(list(ids)):
        deal = one.escalation.visit.deal
        parts = {"deal": deal, "escalation": one.escalation, "asking": one}
        found[one.pk] = _led(Subject(one.escalation, (deal,), one.person, one.unit, parts, sender=one.escalation.raised_by), deal)
    return found


_ASKINGS = Prepared(
    lambda ids: Asking.objects.filter(pk__in=ids).select_related(
        "escalation__gate",
        "escalation__raised_by",
        "escalation__visit__deal__owner",
        "escalation__visit__deal__unit",
        "person__unit",
        "unit",
    )
)
_EARS = Prepared(lambda ids: Ear.objects.filter(pk__in=ids).select_related("item__deal__owner", "item__deal__unit", "person__unit"))
_CALLS = Prepared(
    lambda ids: Call.objects.filter(pk__in=ids).select_related("deal__owner", "deal__unit", "unit", "accountable", "trigger__support")
)
_RECIPIENTS = Prepared(lambda ids: Recipient.objects.filter(pk__in=ids).select_related("message__author", "person__unit"))
_ASSIGNED = Prepared(lambda calls: Assignment.objects.filter(call__in=calls, ended_at__isnull=True).select_related("person__unit"))
