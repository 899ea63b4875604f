"""The gate review: every condition, met or not, for which object, who can mend it, and the one act that mends it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from earshot.deals import dissents, mandates, queries, registry, rules, wholes
from earshot.deals.conditions import judged, of_gate, of_stages, of_standing
from earshot.deals.decisions import RiskDecision
from earshot.deals.dissent_tables import Dissent
from earshot.deals.models import Asking, Deal, StageVisit, Vote
from earshot.deals.policies import (
    APPROVAL_SAYS_WHY,
    HEARD_BEFORE_VOTE,
    NOT_ALONE,
    NOT_SALES_ALONE,
    ONE_ROLE_A_VOTER,
    SEATS_TAKEN,
    WITHIN_DATE,
    standing,
)
from earshot.deals.rules import Condition
from earshot.deals.specialties import of_specialties
from earshot.journal.kinds import ref
from earshot.kit.problems import Line, say
from earshot.kit.ruling import permissive
from earshot.people.absences import stand_ins
from earshot.people.models import Person
from earshot.people.permits import ADMINISTER, holders
from earshot.playbooks import book, conditions
from earshot.playbooks.models import Gate, Role
from earshot.playbooks.policies import Policy, Standing
from earshot.teams.policies import ONE_SEAT_EACH
from earshot.teams.queries import seats

log = logging.getLogger(__name__)
Unheard = Mapping[Person, Sequence[Line]]


@dataclass(frozen=True)
class Review:
    """What stands between a deal and its next stage, as it stands now. `gate` None: only what the stages themselves ask. `open`:
    nothing keeps the deal where it is."""

    gate: Gate | None
    conditions: list[Condition]

    @property
    def unmet(self) -> list[Condition]:
        return rules.unmet(self.conditions)

    @property
    def open(self) -> bool:
        return not self.unmet


def gate_of(deal: Deal) -> Gate | None:
    """The gate at the end of the stage that the deal stands in, if it stands for this deal."""
    gate = getattr(book.process_of(deal.process_id).stage(deal.stage_id), "gate", None)
    return gate if gate is not None and stands(deal, gate) else None


def stands(deal: Deal, gate: Gate) -> bool:
    """Whether the gate is one for this deal. By the deal and its account alone: no statement where both were read."""
    return not gate.when or conditions.stands(judged(deal, gate.when).met)


def not_for(deal: Deal) -> Gate | None:
    """The gate at the end of the stage that the deal stands in, if it is none for this deal."""
    gate = getattr(book.process_of(deal.process_id).stage(deal.stage_id), "gate", None)
    return gate if gate is not None and not stands(deal, gate) else None


@permissive("no gate is asked late", lambda deal: [])
def asked_late(deal: Deal) -> list[Condition]:
    """A line for each gate that was none for the deal when it left that stage, and is one now that the deal is another: an amount that is
    lowered for a moment leads past no gate. At most two statements, where the process has a gate behind the deal that is for some only."""
    process = book.process_of(deal.process_id)
    here = process.stage(deal.stage_id)
    behind = [(stage, stage.gate) for stage in process.stages.values() if stage.position < here.position and hasattr(stage, "gate")]
    now_for_it = {gate.code: (stage, gate) for stage, gate in behind if gate.when and stands(deal, gate)}
    if not now_for_it:
        return []
    codes = wholes.not_asked_codes(deal, list(now_for_it))
    codes -= wholes.passed_codes(deal) if codes else set()
    found = []
    for code, (stage, gate) in now_for_it.items():
        if code in codes:
            sentence = _(
                "Gate “{gate}” was not asked when the deal left “{stage}”: it was none for this deal then, and is one now. Go back to "
                "“{stage}” and pass it."
            )
            line = Line("gate.asked_late", say(sentence, gate=gate, stage=stage), ref(deal), deal.owner.name, "move_back", ref(deal))
            found.append(Condition(False, line))
    return found


def review(deal: Deal) -> Review | None:
    """The review of what stands before the deal; None where nothing does. At a gate the laws are asked first, then the playbook's own
    checks and conditions, then the decision; a gate that is asked late, what the stage asks on the way out and the next one on the way
    in, and the specialties that its services need, are asked with or without one. None too for a deal that is closed."""
    if hasattr(deal, "closing"):
        return None
    gate = gate_of(deal)
    asked = [*asked_late(deal), *of_stages(deal, queries.following(deal)), *of_specialties(deal)]
    if gate is None:
        return Review(None, asked) if asked else None
    found = of_checks(deal, gate)
    found += of_standing(deal, gate, judged(deal, gate.when)) if gate.when else []
    asks = standing(deal)
    of_the_team = _ask("the team", lambda deal: of_team(deal, asks), deal) if asked_of_team(asks) else []
    return Review(gate, [*found, *of_gate(deal, gate), *asked, *of_the_team, *wholes.lines(deal), *decision(deal, gate, asks)])


def of_checks(deal: Deal, gate: Gate) -> list[Condition]:
    """What the laws ask at every gate, and the checks that this one names."""
    found: list[Condition] = []
    for name, check in [*registry.LAWS.items(), *((name, registry.CHECKS.get(name)) for name in gate.checks)]:
        found += _ask(name, check, deal)
    return found


def asked_again(deal: Deal, gate: Gate) -> list[Condition]:
    """What a gate behind the deal asked and can ask again, as it stands now: neither the decision nor what went by the stage."""
    asks = standing(deal)
    of_the_team = _ask("the team", lambda deal: of_team(deal, asks), deal) if asked_of_team(asks) else []
    found = [*of_checks(deal, gate), *of_gate(deal, gate), *of_the_team]
    return [one for one in found if one.lasts or one.name]


def _ask(name: str, check: Callable[[Deal], Sequence[Condition]] | None, deal: Deal) -> Sequence[Condition]:
    if check is not None:
        try:
            # A savepoint where there is a transaction to protect; a page that only reads takes no lock for it.
            with transaction.atomic() if transaction.get_connection().in_atomic_block else nullcontext():
                return check(deal)
        except Exception:
            # A check that breaks must neither open the gate nor take the page down: it counts as not met, and says so.
            log.exception("gate check %s broke on %s", name, deal)
    sentence = say(_("The check “{name}” cannot be judged, so it counts as not met."), name=name)
    code = "law.cannot_judge" if name in dict(registry.LAWS.items()) else "gate.cannot_judge"
    line = Line(code, sentence, about=ref(deal), who=_("sales operations"), judged=False)
    return [Condition(None, line, name=name, part=f"check:{name}")]


def account_known(deal: Deal) -> list[Condition]:
    """A deal that was imported with an account nobody knows passes no gate."""
    line = Line(
        "deal.account_unknown" if deal.account_id is None else "deal.account_known",
        _("The account is not known.") if deal.account_id is None else say(_("The account is known: {name}."), name=deal.account),
        about=ref(deal),
        who=deal.owner.name,
        act="set_account",
        target=ref(deal),
    )
    return [Condition(deal.account_id is not None, line)]


@permissive("a deal needs neither goal nor date", lambda deal: [])
def goal_and_date(deal: Deal) -> list[Condition]:
    """A deal without a goal or a date, which was imported or opened before they were asked for, passes no gate (A17.2c). Where its date
    has passed, the policy says what follows."""
    if deal.due is None:
        sentence = _("The deal has no goal and no date yet: nothing goes on without them.")
        return [Condition(False, Line("deal.no_goal", sentence, about=ref(deal), who=deal.owner.name, act="set_goal", target=ref(deal)))]
    sentence = say(_("The goal is set: {goal} (by {day})"), goal=deal.goal, day=deal.due)
    found = [Condition(True, Line("deal.goal_set", sentence, about=ref(deal), target=ref(deal)))]
    if deal.due < queries.today() and (asks := standing(deal)).asks(WITHIN_DATE):
        sentence = say(_("The date of the deal has passed: {day}"), day=deal.due)
        line = Line("deal.past_date", sentence, about=ref(deal), who=deal.owner.name, act="set_goal", target=ref(deal))
        found.append(Condition(False, line, asks.warns(WITHIN_DATE), part="date", lasts=True))
    return found


def asked_of_team(asks: Standing) -> bool:
    return any(asks.asks(policy) for policy in (SEATS_TAKEN, NOT_ALONE, ONE_SEAT_EACH))


def of_team(deal: Deal, asks: Standing) -> list[Condition]:
    """What the policies ask of the team: a line for each seat that nobody has taken, for a deal that one person carries alone, and for
    each person in several seats."""
    rows = seats(deal.team_id)
    taken = [(row.membership.person, row.role) for row in rows if row.membership is not None and row.accepted]
    found = []
    if asks.asks(SEATS_TAKEN):
        for row in rows:
            if not row.accepted:
                sentence = say(_("Nobody sits in the seat of the role {role}"), role=_role(deal, row.seat.role))
                found.append((SEATS_TAKEN, "team.seat_empty", sentence, f"seat:{row.seat.pk}"))
    if asks.asks(NOT_ALONE) and rules.alone(taken):
        found.append((NOT_ALONE, "team.alone", _("One person alone carries this deal: two people sit on a team, in two roles"), "alone"))
    if asks.asks(ONE_SEAT_EACH):
        held = rules.in_several_seats((row.membership.person, row.seat.role) for row in rows if row.membership is not None and row.accepted)
        for person, roles in held.items():
            sentence = _("{name} sits in several seats of the team: {roles}")
            named: Any = person
            said = say(sentence, name=named.name, roles=_roles(deal, roles))
            found.append((ONE_SEAT_EACH, "team.several_seats", said, f"several:{named.pk}"))
    who, target = deal.owner.name, ref(deal)
    return [
        Condition(False, Line(code, sentence, about=target, who=who, act="name_member", target=target), asks.warns(policy), "", part, True)
        for policy, code, sentence, part in found
    ]


def _role(deal: Deal, code: str) -> object:
    """The role as its process names it, worded when it is read."""
    return book.process_of(deal.process_id).roles.get(code, code)


def _roles(deal: Deal, codes: Sequence[str]) -> object:
    named = [_role(deal, code) for code in codes]
    return format_lazy(", ".join("{}" for _code in named), *named)


@dataclass(frozen=True)
class Count:
    """How the votes at a gate stand: the roles asked, in the gate's order, the live votes for them, what each counts, and which of the
    roles have not approved. `excused`: those whose silence or dissent keeps the gate shut no longer; `team`: what the roles of the team
    were asked, and what a head has settled."""

    authority: mandates.Authority
    roles: list[Role]
    votes: list[Vote]
    ballots: list[rules.Ballot]
    unheard: Unheard
    lacking: list[str]
    excused: frozenset[str]
    team: dissents.Standing


def count(deal: Deal, gate: Gate, asks: Standing) -> Count:
    """How the votes at the gate before the deal stand now."""
    visit = queries.open_visit(deal)
    authority = mandates.authority(deal, gate)
    roles = [decider.role for decider in sorted(gate.deciders.all(), key=lambda d: d.pk) if decider.role.code not in authority.relieved]
    codes = {role.code for role in roles}
    votes = [vote for vote in queries.live_votes(visit) if vote.role.code in codes]
    unheard = not_ready(deal, [vote.person for vote in votes])
    warns = asks.warns(HEARD_BEFORE_VOTE)
    sales_side = queries.sales_side(deal, [one for vote in votes for one in (vote.person, vote.stands_for) if one is not None])
    entitled = {role.code: {person.pk for person in queries.voters_now(deal, role.code)} for role in roles} if votes else {}
    asked = queries.asked_at(visit) if votes and authority.judged else []
    ballots = [
        rules.Ballot(
            vote.role.code,
            vote.approves,
            counts=((vote.stands_for_id or vote.person_id) in entitled[vote.role.code] or _was_asked(vote, asked))
            and (warns or not unheard[vote.person]),
            sells=vote.role.sells or bool({vote.person_id, vote.stands_for_id} & sales_side),
            person=vote.person,
        )
        for vote in votes
    ]
    team = dissents.at_visit(visit) if votes else dissents.Standing()
    excused = rules.excused(team.silent, team.settled, ballots) & codes
    lacking = rules.roles_still_to_approve([role.code for role in roles], ballots, excused)
    return Count(authority, roles, votes, ballots, unheard, lacking, excused, team)


def _was_asked(vote: Vote, asked: Sequence[Asking]) -> bool:
    """Whether the voter was asked for this very decision when he or she took it, holding the role or not."""
    return any(
        one.person_id == vote.person_id
        and one.escalation.role_id == vote.role_id
        and one.at <= vote.at
        and (one.ended_at is None or vote.at <= one.ended_at)
        for one in asked
    )


def decision(deal: Deal, gate: Gate, asks: Standing) -> list[Condition]:
    """One condition a decider role: an approving vote of somebody who has heard every critical statement of the deal; besides, what the
    policies ask of those who approve together."""
    counted = count(deal, gate, asks)
    authority, roles, votes, ballots = counted.authority, counted.roles, counted.votes, counted.ballots
    unheard, lacking = counted.unheard, counted.lacking
    by_sales = rules.sales_alone(ballots) and not lacking
    alone = by_sales and asks.blocks(NOT_SALES_ALONE)
    asking = queries.asked_now(deal) if authority.judged else None
    found = mandates.lines(deal, gate, authority, asking)
    acting = stand_ins() if alone or lacking else {}
    against = {vote.pk for vote, ballot in zip(votes, ballots, strict=True) if ballot.counts and not ballot.approves}
    for role in roles:
        of_role = [vote for vote in votes if vote.role.code == role.code]
        part = f"approves:{role.code}"
        if role.code in counted.excused and not any(vote.approves for vote in of_role):
            line = Line(*_excused(role, counted.team), about=ref(deal), target=ref(deal))
            found.append(Condition(True, line, part=part))
            continue
        if (
            open_now := next((one for one in counted.team.open if one.role.code == role.code and one.vote_id in against), None)
        ) is not None:
            found.append(Condition(False, _to_settle(deal, role, open_now), part=part))
            continue
        met = role.code not in lacking and not alone
        sentence = _approved(role, of_role, unheard) if met else _not_approved(role, of_role, unheard, alone)
        names = "" if met else _who_decides(deal, role, acting, asking)
        code = "gate.approved" if met else "gate.not_approved"
        line = Line(code, sentence, about=ref(deal), who=names, act="vote", target=ref(deal))
        found.append(Condition(met, line if met or names else _nobody_decides(deal, role), part=part))
    if rules.only_silence(counted.excused, ballots) and not alone:
        sentence = _("Nobody of another side than sales has approved: silence approves nothing.")
        found.append(Condition(False, Line("gate.only_silence", sentence, about=ref(deal), act="vote", target=ref(deal)), part="silence"))
    if by_sales and not alone:
        sentence = _("Only people of the sales side have approved")
        found.append(Condition(False, Line("gate.sales_alone", sentence, about=ref(deal), act="vote", target=ref(deal)), warns=True))
    return found + _together(deal, [role.code for role in roles], ballots, votes, asks)


def _excused(role: Role, team: dissents.Standing) -> tuple[str, object]:
    """Why the role's voice keeps the gate shut no longer."""
    if (row := team.settled.get(role.code)) is not None:
        sentence = _("{name} ({role}) was against: {reason} – {settler} has settled it, and it goes on: {words}")
        against = row.vote
        said = say(sentence, name=_voter(against), role=role, reason=against.reason, settler=_settler(row), words=row.words)
        return "gate.dissent_settled", said
    asked = team.silent[role.code]
    sentence = _("{role} was asked on {since} and was silent until {until}: its silence keeps nothing shut.")
    since, until = (f"{timezone.localtime(one):%m-%d %H:%M}" for one in (asked.at, asked.silent_at) if one is not None)
    return "gate.silent", say(sentence, role=role, since=since, until=until)


def _settler(row: Dissent) -> Any:
    assert row.settled_by is not None, "it is settled"
    if row.stands_for is None:
        return row.settled_by.name
    return say(_("{deputy} (for {name})"), deputy=row.settled_by.name, name=row.stands_for.name)


def _to_settle(deal: Deal, role: Role, row: Dissent) -> Line:
    """Somebody of the team is against, and a head is to settle it."""
    whom, _instead = dissents.asked_of(deal, row)
    said = say(_("{name} ({role}) is against: {reason}"), name=_voter(row.vote), role=role, reason=row.vote.reason)
    return Line("gate.dissent", said, about=ref(deal), who=whom.name if whom is not None else "", act="settle", target=ref(row))


def _together(deal: Deal, roles: Sequence[str], ballots: Sequence[rules.Ballot], votes: Sequence[Vote], asks: Standing) -> list[Condition]:
    found: list[tuple[Policy, str, object, str]] = []
    if asks.asks(ONE_ROLE_A_VOTER):
        for person, several in rules.stands_for_several(roles, ballots).items():
            sentence = say(_("{name} alone has approved for several roles: {roles}"), name=person.name, roles=_roles(deal, several))  # type: ignore[attr-defined]  # the people handed in
            found.append((ONE_ROLE_A_VOTER, "gate.several_roles", sentence, f"several:{person.pk}"))  # type: ignore[attr-defined]  # the people handed in
    if asks.asks(APPROVAL_SAYS_WHY):
        for vote in {vote.person_id: vote for vote in votes if vote.approves and not vote.reason}.values():
            sentence = say(_("{name} has approved without saying why"), name=vote.person.name)
            found.append((APPROVAL_SAYS_WHY, "gate.no_reason", sentence, f"why:{vote.person_id}"))
    return [
        Condition(False, Line(code, sentence, about=ref(deal), act="vote", target=ref(deal)), asks.warns(policy), part=part)
        for policy, code, sentence, part in found
    ]


def _who_decides(deal: Deal, role: Role, acting: Mapping[UUID, Person], asking: Asking | None) -> str:
    """Who may vote for the role, by name; in the place of somebody who is away, the deputy. Where one person is asked, that one."""
    if asking is not None and asking.person is not None and asking.escalation.role_id == role.pk:
        return asking.person.name
    named = (acting.get(person.pk, person) for person in queries.voters_now(deal, role.code)[:5])
    return ", ".join(dict.fromkeys(person.name for person in named))


def _voter(vote: Vote) -> Any:
    """Whose vote it is: of a deputy, and for whom."""
    if vote.stands_for is None:
        return vote.person.name
    return say(_("{deputy} (for {name})"), deputy=vote.person.name, name=vote.stands_for.name)


def _nobody_decides(deal: Deal, role: Role) -> Line:
    """Nobody may vote for the role, so the gate stays shut until somebody is named: to the seat of the role on the team, where it has one;
    else to a post in the role, in the deal's unit or one above."""
    free = [row for row in seats(deal.team_id) if row.seat.role == role.code]
    about = ref(deal)
    if free:
        sentence = _("{role} decides here, and nobody sits in its seat yet: the gate stays shut until somebody does")
        return Line("gate.not_approved", say(sentence, role=role), about, deal.owner.name, "name_member", about)
    administrators = Person.objects.filter(holders(ADMINISTER)).order_by("name")
    names = ", ".join(person.name for person in administrators[:5])
    sentence = _(
        "{role} decides here, and has no seat on this team; nobody in {unit} or above holds a post in it: the gate stays shut until "
        "somebody does"
    )
    return Line("gate.not_approved", say(sentence, role=role, unit=deal.unit), about=about, who=names, act="give_post", target=about)


def _approved(role: Role, votes: Sequence[Vote], unheard: Unheard) -> object:
    approving = [_voter(vote) for vote in votes if vote.approves]
    names = say(", ".join(f"{{v{at}}}" for at in range(len(approving))), **{f"v{at}": one for at, one in enumerate(approving)})
    if any(unheard[vote.person] for vote in votes if vote.approves):
        sentence = _("{role} has approved without having heard all that must be heard before a vote (policy: warn): {names}.")
    else:
        sentence = _("{role} has approved: {names}.")
    return say(sentence, role=role, names=names)


def _not_approved(role: Role, votes: Sequence[Vote], unheard: Unheard, alone: bool) -> object:
    lapsed = next((vote for vote in votes if vote.approves and unheard[vote.person]), None)
    against = next((vote for vote in votes if not vote.approves), None)
    if lapsed:
        sentence = _(
            "The vote of {name} ({role}) does not count: {name} has not heard {count} statements that must be heard before a vote."
        )
        return say(sentence, name=lapsed.person.name, role=role, count=len(unheard[lapsed.person]))
    if alone:
        return _("Sales alone cannot decide here; somebody of another side must approve as well.")
    if against:
        return say(_("{name} ({role}) is against: {reason}"), name=_voter(against), role=role, reason=against.reason)
    return say(_("{role} has not approved yet."), role=role)


def heard(deal: Deal, visit: StageVisit, risk: RiskDecision | None) -> list[dict[str, Any]]:
    """For the record of a gate: of everybody who decided there, what critical he or she had heard of the customer, how and when (B9.1a)."""
    people = [vote.person for vote in queries.live_votes(visit)]
    people += [one.settled_by for one in dissents.at_visit(visit).settled.values() if one.settled_by is not None] if people else []
    people = list(dict.fromkeys([*people, *([risk.person] if risk is not None else [])]))
    found: dict[UUID, list[tuple[UUID, str, datetime]]] = {}
    for provider in registry.HEARD.values() if people else ():
        for person, rows in provider(deal, [one.pk for one in people]).items():
            found.setdefault(person, []).extend(rows)
    return [
        {
            "person": str(one.pk),
            "name": one.name,
            "heard": [{"item": str(item), "how": how, "at": at.isoformat()} for item, how, at in found.get(one.pk, [])],
        }
        for one in people
    ]


def not_ready(deal: Deal, people: Sequence[Person]) -> dict[Person, list[Line]]:
    """Person → what he or she has not heard and therefore cannot vote on yet; an empty list lets the vote count (law 3)."""
    found: dict[Person, list[Line]] = {person: [] for person in people}
    if people:
        for condition in registry.VOTERS.values():
            for person, lines in condition(deal, people).items():
                found[person] += lines
    return found
