"""The journal verbs, kinds and standings of this room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.deals.models import Deal
from earshot.journal import kinds, verbs
from earshot.kit.engine.prepared import Prepared
from earshot.people.models import Post
from earshot.people.standing import SOURCES, Key
from earshot.playbooks import book
from earshot.teams.models import Membership

kinds.register("deal", Deal, page="deal")
verbs.register(
    {
        "deals.deal_opened": _("{actor} opened {deal}"),
        "deals.deal_brought_in": _("{actor} brought in {deal} in the stage “{stage}”"),
        "deals.deal_changed": _("{actor} changed {deal}: {changes}"),
        "deals.deal_handed": _("{actor} gave {deal} from {former} to {owner}: {reason}"),
        "deals.stage_entered": _("{deal} entered the stage “{stage}” ({actor})"),
        "deals.stage_reversed": _("{actor} took {deal} back to “{stage}”: {reason}"),
        "deals.move_refused": _("{actor} tried to move {deal} on from “{stage}”: refused, {count} conditions are not met"),
        "deals.gate_refused": _("{actor} tried the gate “{gate}” of {deal}: refused, {count} conditions are not met"),
        "deals.judged_again": _("{actor} had “{name}” judged again: {n} deals settled, {left} still cannot be judged"),
        "deals.gate_opened": _("The gate “{gate}” of {deal} opened"),
        "deals.voted": _("{actor} voted “{choice}” at the gate “{gate}” of {deal}"),
        "deals.figures_stated": _("{actor} stated of {deal}: {figures} (from: {source})"),
        "deals.votes_lapsed": _("The votes of {names} at the gate before {deal} count no more: {why}"),
        "deals.vote_withdrawn": _("{actor} took back the vote at the gate “{gate}” of {deal}"),
        "deals.vote_refused": _(
            "{actor} tried to vote at the gate “{gate}” of {deal}: refused, has not heard {count} statements that must be heard first"
        ),
        "deals.process_changed": _("{actor} moved {deal} from {former} to {process}, in the stage “{stage}”: {reason}"),
        "deals.seats_added": _("{actor} added {n} seats to the team of {deal}, as its process wants"),
        "deals.rates_entered": _("{actor} entered {n} exchange rates: {rates}"),
        "deals.deal_won": _("{deal} is won"),
        "deals.deal_lost": _("{actor} recorded {deal} as lost: {reason}"),
    }
)


@Prepared
def _owned(deal_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    deals = Deal.objects.all() if deal_ids is None else Deal.objects.filter(pk__in=deal_ids)
    return deals.values_list("pk", "owner_id", "account_id")


def _owners(deal_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """The owner of a deal sees it and its account."""
    for pk, owner, account in _owned.rows(deal_ids):
        yield pk, (owner, None, "deal", pk)
        if account is not None:
            yield pk, (owner, None, "account", account)


@Prepared
def _open(deal_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    deals = Deal.objects.all() if deal_ids is None else Deal.objects.filter(pk__in=deal_ids)
    return deals.filter(closing__isnull=True).values_list("pk", "unit_id", "process_id", "stage_id")


@Prepared
def _holders(roles: Sequence[str], units: Sequence[UUID]) -> QuerySet[Any, Any]:
    posts = Post.objects.filter(role__in=roles, until__isnull=True, unit__belows__unit__in=units)
    return posts.values_list("role", "unit__belows__unit", "person_id")


def _deciding(process: UUID, stage_id: UUID) -> list[str]:
    """The roles that decide at the gate of a stage, but for the one that owns deals."""
    stage = book.process_of(process).stage(stage_id)
    gate = getattr(stage, "gate", None)
    return [] if gate is None else [decider.role.code for decider in gate.deciders.all() if not decider.role.owner]


def _deciders(deal_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whoever holds, in the deal's unit or one above it, a role that decides at the gate of its present stage, sees the deal. The
    role that owns deals is decided by the deal's own owner, who sees it anyway."""
    # What the playbook says is in memory; the two questions left are short ones, whatever stage the deals stand in.
    stands = {pk: (unit, process, stage) for pk, unit, process, stage in _open.rows(deal_ids)}
    roles = {(process, stage): _deciding(process, stage) for process, stage in {place[1:] for place in stands.values()}}
    units = {unit for unit, process, stage in stands.values() if roles[process, stage]}
    if not units:
        return
    holders: dict[tuple[str, UUID], set[UUID]] = {}
    for role, unit, person in _holders.rows(sorted({role for some in roles.values() for role in some}), sorted(units)):
        holders.setdefault((role, unit), set()).add(person)
    for pk, (unit, process, stage) in stands.items():
        for person in {person for role in roles[process, stage] for person in holders.get((role, unit), ())}:
            yield pk, (person, None, "deal", pk)


@Prepared
def _seated(membership_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    memberships = Membership.objects.filter(ended_at__isnull=True, seat__team__deal__isnull=False)
    if membership_ids is not None:
        memberships = memberships.filter(pk__in=membership_ids)
    return memberships.values_list("pk", "person_id", "seat__team__deal", "seat__team__deal__account_id")


def _members(membership_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whoever is nominated to a seat of the deal's team, or sits in it, sees the deal and its account."""
    for pk, person, deal, account in _seated.rows(membership_ids):
        yield pk, (person, None, "deal", deal)
        if account is not None:
            yield pk, (person, None, "account", account)


OWNS, DECIDES, SITS = "owns_deal", "decides_at_gate", "sits_on_team"
SOURCES.add(OWNS, _owners)
SOURCES.add(DECIDES, _deciders)
SOURCES.add(SITS, _members)
