"""The journal verbs, kinds and standings of this room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.calls.models import Call
from earshot.clocks.queries import alarms_of
from earshot.journal import kinds, verbs
from earshot.kit.engine.prepared import Prepared
from earshot.people.standing import SOURCES, Key

kinds.register("call", Call, page="call", in_two_languages=True)
verbs.register(
    {
        "calls.raised": _("The process called {unit} for {deal}: {call}; {assignee} is answerable"),
        "calls.named": _("{actor} named {assignee} for {call}"),
        "calls.not_qualified": _("{assignee} is named for {call} without being qualified; lacking: {lacking} (policy: warn)"),
        "calls.declined": _("{actor} cannot take {call}: {reason}. The duty stays with {unit}"),
        "calls.passed_on": _("{call} passed on to {assignee}, because {former} no longer holds the role"),
        "calls.answered_for": _("{assignee} answers for {call} now, because {former} no longer holds the role"),
        "calls.went_with": _("{call} serves {part} from now on, no more {first}"),
        "calls.taken": _("{actor} took {call}"),
        "calls.delivered": _("{actor} delivered a result for {call}"),
        "calls.returned": _("{actor} sent the result of {call} back: {reason}"),
        "calls.objected": _("{actor} objected to {call}: {reason}. It runs until a head decides"),
        "calls.ended": _("{actor} decided that {call} ends without a result: {reason}"),
    }
)


def _with_assignee(calls: QuerySet[Call]) -> QuerySet[Any, Any]:
    """`live`: the assignment of now, if there is one."""
    live = FilteredRelation("assignments", condition=Q(assignments__ended_at__isnull=True))
    return calls.annotate(live=live)


@Prepared
def _called(call_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    calls = Call.objects.all() if call_ids is None else Call.objects.filter(pk__in=call_ids)
    return _with_assignee(calls).values_list("pk", "accountable_id", "live__person_id")


def _callees(call_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whoever is assigned to a call or answers for it sees it; not the whole deal."""
    for pk, accountable, assigned in _called.rows(call_ids):
        yield pk, (accountable, None, "call", pk)
        if assigned is not None:
            yield pk, (assigned, None, "call", pk)


@Prepared
def _needed(call_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    """Of the deal, of what it was taken out of, and of what it serves besides."""
    found = []
    for items in ("deal__items", "deal__shared_items__item", "shared__deal__items"):
        calls = Call.objects.filter(**{f"{items}__ears__role": F("role"), f"{items}__ears__ended_at__isnull": True})
        if call_ids is not None:
            calls = calls.filter(pk__in=call_ids)
        found.append(_with_assignee(calls).values_list("pk", "unit_id", "accountable_id", "live__person_id", items).distinct())
    own, *others = found
    return own.union(*others)


def _items(call_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """What the call needs: the customer's words that its role must hear, for whoever does it, answers for it, or heads its unit."""
    for pk, unit, accountable, assigned, item in _needed.rows(call_ids):
        yield pk, (None, unit, "item", item)
        yield pk, (accountable, None, "item", item)
        if assigned is not None:
            yield pk, (assigned, None, "item", item)


def _alarmed(call_ids: Iterable[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whom the clock of a call has told sees it as long as that clock runs; not the whole deal."""
    return [(call, (person, None, "call", call)) for call, person in alarms_of("call", call_ids)]


CALLED, CALL_NEEDS, ALARMED_CALL = "called", "call_needs", "alarmed_call"
SOURCES.add(CALLED, _callees)
SOURCES.add(CALL_NEEDS, _items)
SOURCES.add(ALARMED_CALL, _alarmed)
