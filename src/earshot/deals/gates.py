"""The gate review: every condition, met or not, for which object, who can mend it, and the one act that mends it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from earshot.deals import queries, registry, rules
from earshot.deals.conditions import judged, of_gate, of_stages, of_standing
from earshot.deals.models import Deal, Vote
from earshot.deals.rules import Condition
from earshot.journal.kinds import ref
from earshot.kit.problems import Line, say
from earshot.people.models import Person
from earshot.playbooks import book, conditions
from earshot.playbooks.models import HEAR_BEFORE_VOTE, Gate, Role
from earshot.playbooks.queries import next_stage, warns_only

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
    return Review(gate, [*found, *of_gate(deal, gate), *asked, *decision(deal, gate)])


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


def decision(deal: Deal, gate: Gate) -> list[Condition]:
    """One condition a decider role: an approving vote of somebody who has heard every critical statement of the deal."""
    visit = queries.open_visit(deal)
    roles = [decider.role for decider in sorted(gate.deciders.all(), key=lambda d: d.pk)]
    votes = queries.live_votes(visit)
    unheard = not_ready(deal, [vote.person for vote in votes])
    warns = warns_only(HEAR_BEFORE_VOTE)
    sales_side = queries.sales_side(deal, [vote.person for vote in votes])
    entitled = {role.code: {person.pk for person in queries.voters_now(deal, role.code)} for role in roles} if votes else {}
    ballots = [
        rules.Ballot(
            vote.role.code,
            vote.approves,
            counts=vote.person_id in entitled[vote.role.code] and (warns or not unheard[vote.person]),
            sells=vote.role.sells or vote.person_id in sales_side,
        )
        for vote in votes
    ]
    lacking = rules.roles_still_to_approve([role.code for role in roles], ballots)
    alone = rules.sales_alone(ballots) and not lacking
    found = []
    for role in roles:
        of_role = [vote for vote in votes if vote.role.code == role.code]
        met = role.code not in lacking and not alone
        sentence = _approved(role, of_role, unheard) if met else _not_approved(role, of_role, unheard, alone)
        who: object = "" if met else _who_may_vote(deal, role)
        code = "gate.approved" if met else "gate.not_approved"
        found.append(Condition(met, Line(code, sentence, about=ref(deal), who=who, act="vote", target=ref(deal))))
    return found


def _who_may_vote(deal: Deal, role: Role) -> object:
    names = ", ".join(person.name for person in queries.voters_now(deal, role.code)[:5])
    return names or _("operations: nobody holds this role here")


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
