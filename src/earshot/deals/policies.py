"""The policies that this room reads, and in which profile a deal stands."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.deals.models import Deal
from earshot.deals.queries import tiers_followed
from earshot.deals.sizes import size_of
from earshot.kit.problems import Refusal, say
from earshot.playbooks import book
from earshot.playbooks import queries as playbook
from earshot.playbooks.burden import ACCEPT, HEAR_TO_VOTE, SAY_WHY, SAY_WHY_ENDED
from earshot.playbooks.models import BLOCK, HEAR_BEFORE_VOTE, OFF, POLICIES, PROCESS, WARN
from earshot.playbooks.policies import Standing
from earshot.playbooks.registry import Coming, policy
from earshot.teams.models import Team

HEARD_BEFORE_VOTE = policy(
    HEAR_BEFORE_VOTE,
    _("A vote counts once its voter has heard every critical statement of the deal."),
    light=WARN,
    standard=BLOCK,
    strict=BLOCK,
    allowed=(BLOCK, WARN),
    demands=HEAR_TO_VOTE,
)
NOT_SALES_ALONE = policy(
    "not-by-sales-alone",
    _("Of those who approve at a gate, one at least is not of the sales side."),
    light=WARN,
    standard=BLOCK,
    strict=BLOCK,
    allowed=(BLOCK, WARN),
)
ONE_ROLE_A_VOTER = policy(
    "one-role-for-each-voter",
    _("At a gate, each role that decides is approved for by another person."),
    light=WARN,
    standard=WARN,
    strict=BLOCK,
)
APPROVAL_SAYS_WHY = policy(
    "approval-says-why",
    _("Whoever approves at a gate says why; a vote against says so anyway."),
    light=OFF,
    standard=OFF,
    strict=BLOCK,
    demands=SAY_WHY,
)
SEATS_TAKEN = policy(
    "seats-taken-at-gate",
    _("At a gate, somebody sits in every seat of the team."),
    light=OFF,
    standard=WARN,
    strict=BLOCK,
    demands=ACCEPT,
)
NOT_ALONE = policy(
    "nobody-alone",
    _("Nobody carries a deal out of its first stage, or through a gate, alone: two people sit on its team, in two roles."),
    light=OFF,
    standard=WARN,
    strict=BLOCK,
)
WITHIN_DATE = policy("date-not-past-at-gate", _("At a gate, the date of the deal has not passed."), light=OFF, standard=WARN, strict=BLOCK)

REASON_NAMED = policy(
    "closing-reason-named",
    _("Whoever ends a deal names one of the reasons of its process, and says who won it where that reason asks."),
    light=OFF,
    standard=BLOCK,
    strict=BLOCK,
    demands=SAY_WHY_ENDED,
)

SPECIALTIES_COVERED = policy(
    "specialties-covered",
    _("A deal whose services need specialties that no one unit has leaves no stage while one of them is covered by nobody (A8.2a)."),
    light=WARN,
    standard=BLOCK,
    strict=BLOCK,
    allowed=(BLOCK, WARN),
)


def refuse_forgotten_sizes(coming: Coming) -> None:
    """Asked of policies before they are approved: a size of an older process that stands in a profile of its own is named as long as open
    deals follow that process; else they would fall to the company's profile without a word."""
    if not {POLICIES, PROCESS} & set(coming.changed) or POLICIES not in book.in_force().versions:
        return
    older = tiers_followed() - {row["code"] for row in coming.tables[PROCESS].get("tiers", [])}
    gone = sorted(older & set(book.in_force().policies.choices.tiers) - set(coming.choices.tiers))
    if gone:
        sentence = _(
            "Open deals follow a process with the sizes “{codes}”, which stand in a profile of their own: say in which they stand."
        )
        raise Refusal("playbook.size_forgotten", say(sentence, codes=", ".join(gone)))


def standing(deal: Deal) -> Standing:
    """In which profile the deal stands, by its size, its unit or the company."""
    return playbook.standing(deal.unit_id, lambda: tier.code if (tier := size_of(deal).tier) else "")


def standing_of_team(team: Team) -> Standing | None:
    """The same of the deal that the team serves; None where it serves none."""
    deal = Deal.objects.filter(team=team).select_related("account", "unit").first()
    return standing(deal) if deal else None
