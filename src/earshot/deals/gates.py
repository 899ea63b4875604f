"""The gate review: every condition, met or not, for which object, who can mend it, and the one act that mends it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from earshot.deals import mandates, queries, registry, rules
from earshot.deals.conditions import judged, of_gate, of_stages, of_standing
from earshot.deals.models import Deal, Vote
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
from earshot.journal.kinds import ref
from earshot.kit.problems import Line, say
from earshot.kit.ruling import permissive
from earshot.people.models import Person
from earshot.people.permits import ADMINISTER, holders
from earshot.playbooks import book, conditions
from earshot.playbooks.models import Gate, Role
from earshot.playbooks.policies import Policy, Standing
from earshot.playbooks.queries import next_stage
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


def review(deal: Deal) -> Review | None:
    """The review of what stands before the deal; None where nothing does. At a gate the laws are asked first, then the playbook's own
    checks and conditions, then the decision; what the stage asks on the way out, and the next one on the way in, is asked with or
    without one. None too for a deal that is closed."""
    if hasattr(deal, "closing"):
        return None
    gate = gate_of(deal)
    asked = of_stages(deal, next_stage(deal.stage))
    if gate is None:
        return Review(None, asked) if asked else None
    found: list[Condition] = []
    for name, check in [*registry.LAWS.items(), *((name, registry.CHECKS.get(name)) for name in gate.checks)]:
        found += _ask(name, check, deal)
    found += of_standing(deal, gate, judged(deal, gate.when)) if gate.when else []
    asks = standing(deal)
    of_the_team = _ask("the team", lambda deal: of_team(deal, asks), deal) if asked_of_team(asks) else []
    return Review(gate, [*found, *of_gate(deal, gate), *asked, *of_the_team, *decision(deal, gate, asks)])


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
    return [Condition(None, Line("gate.cannot_judge", sentence, about=ref(deal), who=_("sales operations"), judged=False), name=name)]


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
        found.append(Condition(False, line, asks.warns(WITHIN_DATE)))
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
                found.append((SEATS_TAKEN, "team.seat_empty", sentence))
    if asks.asks(NOT_ALONE) and rules.alone(taken):
        found.append((NOT_ALONE, "team.alone", _("One person alone carries this deal: two people sit on a team, in two roles")))
    if asks.asks(ONE_SEAT_EACH):
        held = rules.in_several_seats((row.membership.person, row.seat.role) for row in rows if row.membership is not None and row.accepted)
        for person, roles in held.items():
            sentence = _("{name} sits in several seats of the team: {roles}")
            found.append((ONE_SEAT_EACH, "team.several_seats", say(sentence, name=person.name, roles=_roles(deal, roles))))  # type: ignore[attr-defined]  # the people handed in
    who, target = deal.owner.name, ref(deal)
    return [
        Condition(False, Line(code, sentence, about=target, who=who, act="name_member", target=target), asks.warns(policy))
        for policy, code, sentence in found
    ]


def _role(deal: Deal, code: str) -> object:
    """The role as its process names it, worded when it is read."""
    return book.process_of(deal.process_id).roles.get(code, code)


def _roles(deal: Deal, codes: Sequence[str]) -> object:
    named = [_role(deal, code) for code in codes]
    return format_lazy(", ".join("{}" for _code in named), *named)


def decision(deal: Deal, gate: Gate, asks: Standing) -> list[Condition]:
    """One condition a decider role: an approving vote of somebody who has heard every critical statement of the deal; besides, what the
    policies ask of those who approve together."""
    visit = queries.open_visit(deal)
    authority = mandates.authority(deal, gate)
    roles = [decider.role for decider in sorted(gate.deciders.all(), key=lambda d: d.pk) if decider.role.code not in authority.relieved]
    asked = {role.code for role in roles}
    votes = [vote for vote in queries.live_votes(visit) if vote.role.code in asked]
    unheard = not_ready(deal, [vote.person for vote in votes])
    warns = asks.warns(HEARD_BEFORE_VOTE)
    sales_side = queries.sales_side(deal, [vote.person for vote in votes])
    entitled = {role.code: {person.pk for person in queries.voters_now(deal, role.code)} for role in roles} if votes else {}
    ballots = [
        rules.Ballot(
            vote.role.code,
            vote.approves,
            counts=vote.person_id in entitled[vote.role.code] and (warns or not unheard[vote.person]),
            sells=vote.role.sells or vote.person_id in sales_side,
            person=vote.person,
        )
        for vote in votes
    ]
    lacking = rules.roles_still_to_approve([role.code for role in roles], ballots)
    by_sales = rules.sales_alone(ballots) and not lacking
    alone = by_sales and asks.blocks(NOT_SALES_ALONE)
    found = mandates.lines(deal, gate, authority)
    for role in roles:
        of_role = [vote for vote in votes if vote.role.code == role.code]
        met = role.code not in lacking and not alone
        sentence = _approved(role, of_role, unheard) if met else _not_approved(role, of_role, unheard, alone)
        names = "" if met else ", ".join(person.name for person in queries.voters_now(deal, role.code)[:5])
        code = "gate.approved" if met else "gate.not_approved"
        line = Line(code, sentence, about=ref(deal), who=names, act="vote", target=ref(deal))
        found.append(Condition(met, line if met or names else _nobody_decides(deal, role)))
    if by_sales and not alone:
        sentence = _("Only people of the sales side have approved")
        found.append(Condition(False, Line("gate.sales_alone", sentence, about=ref(deal), act="vote", target=ref(deal)), warns=True))
    return found + _together(deal, [role.code for role in roles], ballots, votes, asks)


def _together(deal: Deal, roles: Sequence[str], ballots: Sequence[rules.Ballot], votes: Sequence[Vote], asks: Standing) -> list[Condition]:
    found: list[tuple[Policy, str, object]] = []
    if asks.asks(ONE_ROLE_A_VOTER):
        for person, several in rules.stands_for_several(roles, ballots).items():
            sentence = say(_("{name} alone has approved for several roles: {roles}"), name=person.name, roles=_roles(deal, several))  # type: ignore[attr-defined]  # the people handed in
            found.append((ONE_ROLE_A_VOTER, "gate.several_roles", sentence))
    if asks.asks(APPROVAL_SAYS_WHY):
        for vote in {vote.person_id: vote for vote in votes if vote.approves and not vote.reason}.values():
            found.append((APPROVAL_SAYS_WHY, "gate.no_reason", say(_("{name} has approved without saying why"), name=vote.person.name)))
    return [
        Condition(False, Line(code, sentence, about=ref(deal), act="vote", target=ref(deal)), asks.warns(policy))
        for policy, code, sentence in found
    ]


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
    names = ", ".join(vote.person.name for vote in votes if vote.approves)
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
        return say(_("{name} ({role}) is against: {reason}"), name=against.person.name, role=role, reason=against.reason)
    return say(_("{role} has not approved yet."), role=role)


def not_ready(deal: Deal, people: Sequence[Person]) -> dict[Person, list[Line]]:
    """Person → what he or she has not heard and therefore cannot vote on yet; an empty list lets the vote count (law 3)."""
    found: dict[Person, list[Line]] = {person: [] for person in people}
    if people:
        for condition in registry.VOTERS.values():
            for person, lines in condition(deal, people).items():
                found[person] += lines
    return found
