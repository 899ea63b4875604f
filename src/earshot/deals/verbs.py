"""The journal verbs, kinds and standings of this room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from earshot.deals.decisions import RiskLine
from earshot.deals.dissent_tables import Dissent, VoteAsked
from earshot.deals.giving_up_tables import GivingUp, GivingUpVoice
from earshot.deals.models import Asking, Deal, Escalation
from earshot.deals.wait_tables import Wait
from earshot.journal import kinds, verbs
from earshot.kit.engine.prepared import Prepared
from earshot.people.models import Absence, Post
from earshot.people.standing import SOURCES, Key
from earshot.playbooks import book
from earshot.playbooks.models import Role
from earshot.teams.models import Membership

kinds.register("deal", Deal, page="deal")
kinds.register("risk", RiskLine, label=lambda line: line.key)
kinds.register("wait", Wait, label=lambda row: row.unit.name if row.unit is not None else str(row.role), page="wait")
kinds.register("escalation", Escalation, label=lambda row: gettext("Decision at “{gate}”").format(gate=row.gate), in_two_languages=True)
kinds.register("asking", Asking, label=lambda row: row.person.name if row.person else "–")
kinds.register("vote_asked", VoteAsked, label=lambda row: str(row.role), in_two_languages=True)
kinds.register("giving_up", GivingUp, label=lambda row: row.person.name)
kinds.register("giving_up_voice", GivingUpVoice, label=lambda row: row.person.name)
kinds.register("dissent", Dissent, label=lambda row: str(row.role), in_two_languages=True)
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
        "deals.next_step_set": _("{actor} set the next step of {deal}: {what}, by {due} ({doer})"),
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
        "deals.deal_given_up": _("{deal} is given up: {reason}"),
        "deals.win_explained": _("{actor} said why {deal} was won: {named}"),
        "deals.giving_up_proposed": _("{actor} proposes to give {deal} up: {reason} (tried: {tried})"),
        "deals.giving_up_asked": _("{asked} is asked whether {deal} is to be given up: {reason}"),
        "deals.giving_up_asked_of_head": _("{asked} is asked as a head whether {deal} is to be given up: {reason}"),
        "deals.giving_up_of_nobody": _("The team cannot decide alone to give {deal} up ({reason}), and no head is there who could"),
        "deals.giving_up_agreed": _("{actor} agrees to give {deal} up{why}"),
        "deals.giving_up_opposed": _("{actor} is against giving {deal} up: {words}"),
        "deals.giving_up_silent": _("{silent} has not said in time whether {deal} is to be given up, and is waited for no longer"),
        "deals.giving_up_withdrawn": _("{actor} took back the proposal to give {deal} up: {reason}"),
        "deals.passed_at_risk": _("{actor} opened the gate “{gate}” of {deal} by risk decision, with {count} things missing"),
        "deals.made_good": _("{actor} recorded for {deal} that it is made good: {missing} ({words})"),
        "deals.found_good": _("Made good on {deal}, as its check finds: {missing}"),
        "deals.decision_wanted": _("{actor} asks for the decision outside the team's mandate at the gate “{gate}” of {deal}"),
        "deals.decision_asked": _("The decision at the gate “{gate}” of {deal} is asked of {asked} ({mandate})"),
        "deals.decision_asked_of_nobody": _(
            "The decision at the gate “{gate}” of {deal} ({mandate}) lies with nobody: neither a holder of the role nor a head is there"
        ),
        "deals.decision_climbed": _("The decision at the gate “{gate}” of {deal} goes on to {asked} ({mandate})"),
        "deals.decision_climbed_of_nobody": _("The decision at the gate “{gate}” of {deal} ({mandate}) lies with nobody any more"),
        "deals.decision_approved": _("{actor} decided what was asked at the gate “{gate}” of {deal}: approved"),
        "deals.decision_refused": _("{actor} decided what was asked at the gate “{gate}” of {deal}: refused, {reason}"),
        "deals.decision_withdrawn": _("{actor} took back the question at the gate “{gate}” of {deal}: {reason}"),
        "deals.decision_moved": _("The decision at the gate “{gate}” of {deal} is not asked any more: the deal stands elsewhere"),
        "deals.decision_otherwise": _("The decision at the gate “{gate}” of {deal} is not asked so any more: its mandate is another now"),
        "deals.services_set": _("{actor} set the types of service of {deal}: {services}"),
        "deals.lines_set": _("{actor} put {n} lines on {deal}: {total} together"),
        "deals.voted_for": _("{actor} voted “{choice}” for {represented} at the gate “{gate}” of {deal}"),
        "deals.passed_at_risk_for": _(
            "{actor} opened the gate “{gate}” of {deal} by risk decision for {represented}, with {count} things missing"
        ),
        "deals.handover_begun": _("{deal} waits to be taken over by {role}, from {former}"),
        "deals.handover_taken": _("{actor} took {deal} over, as {role}"),
        "deals.handover_left": _("{deal} moved on before {role} had taken it over"),
        "deals.waits_for": _("{actor} says that {deal} waits for {unit}: {reason}"),
        "deals.waits_for_person": _("{actor} says that {deal} waits for {person} of {unit}: {reason}"),
        "deals.wait_there": _("{actor}: what {deal} waited for is there ({reason}): {words}"),
        "deals.wait_closed": _("{deal} is closed, and nothing of it waits any more: {reason}{role}"),
        "deals.vote_asked": _("{asked}: a vote as {role} is wanted at the gate “{gate}” of {deal}, for others have begun to vote"),
        "deals.vote_silent": _("{role} has not voted on {deal} in time: its silence keeps the gate shut no longer"),
        "deals.dissent_heard": _("{voter} ({role}) is against at the gate “{gate}” of {deal}: {reason}. {asked} is to settle it"),
        "deals.dissent_of_nobody": _(
            "{voter} ({role}) is against at the gate “{gate}” of {deal}: {reason}. No head is there who could settle it"
        ),
        "deals.dissent_goes_on": _("{actor} heard what {voter} ({role}) has against {deal}, and lets it go on: {words}"),
        "deals.dissent_stands": _("{actor} heard what {voter} ({role}) has against {deal}, and lets that stand: {words}"),
        "deals.step_left_out": _("{actor} says that the step “{step}” is not needed for {deal}: {reason}"),
        "deals.step_needed": _("{actor} says that the step “{step}” is needed for {deal} after all"),
        "deals.risk_handed": _("From now on {owing} makes good on {deal}: {missing}"),
        "deals.deal_split": _("{actor} took {part} out of {deal}: {taken} of {before}, {kept} remain{why}"),
        "deals.part_opened": _("{deal} was taken out of {first}, with its team, its stage and the gates passed before the split"),
        "deals.joined_in": _("{actor} joined {gone} to {deal}: {kept} and {brought} come to {total}{why}"),
        "deals.deal_joined": _("{actor} joined {deal} to {into}: it goes on there"),
        "deals.risks_went": _("From now on it is to be made good on {part}, no more on {first}: {missing}"),
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
    return deals.filter(is_open=True).values_list("pk", "unit_id", "process_id", "stage_id")


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


_away = Prepared(lambda: Absence.objects.filter(begun_at__isnull=False, ended_at__isnull=True).values_list("person_id", "deputy_id"))


def anybody_away() -> bool:
    """Whether anybody is away at all: where nobody is, nobody stands in for anybody."""
    return bool(_away.rows())


@Prepared
def _places(deal_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    deals = Deal.objects.filter(is_open=True, stage__gate__isnull=False)
    if deal_ids is not None:
        deals = deals.filter(pk__in=deal_ids)
    return deals.values_list("pk", "unit_id", "process_id", "stage_id", "owner_id", "team_id")


_sitting = Prepared(
    lambda people, teams: Membership.objects.filter(
        person__in=people, seat__team__in=teams, ended_at__isnull=True, acceptance__isnull=False
    ).values_list("seat__team_id", "seat__role", "person_id")
)


def _deputies(deal_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """The deputy of whoever is away and decides at the gate before a deal sees that deal, and nothing else of whom he or she stands in for.
    A deputy who is away too stands in for nobody."""
    away: dict[UUID, UUID] = dict(_away.rows())
    acting = {person: deputy for person, deputy in away.items() if deputy not in away}
    if not acting:
        return
    places = list(_places.rows(deal_ids))
    gates = {(process, stage): _gate(process, stage) for _pk, _unit, process, stage, _owner, _team in places}
    roles = sorted({role.code for found in gates.values() for role in found if not role.owner})
    holders = set(_holders.rows(roles, sorted({unit for _pk, unit, *_rest in places}))) if roles else set()
    teams = sorted({team for *_rest, team in places})
    seated = set(_sitting.rows(sorted(acting), teams)) if teams else set()
    for pk, unit, process, stage, owner, team in places:
        decides = gates[process, stage]
        for person, deputy in acting.items():
            by_post = any((role.code, unit, person) in holders for role in decides if not role.owner)
            by_seat = any((team, role.code, person) in seated for role in decides)
            owns = owner == person and any(role.owner for role in decides)
            if by_post or by_seat or owns:
                yield pk, (deputy, None, "deal", pk)


def _gate(process: UUID, stage_id: UUID) -> list[Role]:
    """The roles that decide at the gate of a stage."""
    gate = getattr(book.process_of(process).stage(stage_id), "gate", None)
    return [] if gate is None else [decider.role for decider in gate.deciders.all()]


@Prepared
def _asked_live(asking_ids: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    rows = Asking.objects.filter(ended_at__isnull=True, escalation__ended_at__isnull=True, person__isnull=False)
    if asking_ids is not None:
        rows = rows.filter(pk__in=asking_ids)
    return rows.values_list("pk", "person_id", "escalation__visit__deal_id")


def _asked(asking_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Of whom a decision is asked sees the deal that it is about, as long as it is."""
    for pk, person, deal in _asked_live.rows(asking_ids):
        yield pk, (person, None, "deal", deal)


OWNS, DECIDES, SITS, STANDS_IN = "owns_deal", "decides_at_gate", "sits_on_team", "stands_in_at_gate"
ASKED = "asked_to_decide"
SOURCES.add(OWNS, _owners)
SOURCES.add(DECIDES, _deciders)
SOURCES.add(SITS, _members)
SOURCES.add(STANDS_IN, _deputies)
SOURCES.add(ASKED, _asked)
