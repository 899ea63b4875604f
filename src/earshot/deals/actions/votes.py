"""Deciding at a gate, and judging again what could not be evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from earshot.deals import gates, mandates, policies, queries
from earshot.deals.actions.escalating import align, answered
from earshot.deals.actions.moves import pass_on
from earshot.deals.actions.writing import hold_parts, not_stale, words
from earshot.deals.conditions import unjudged_on
from earshot.deals.models import AT_GATE, ON_DEAL, Deal, Unjudged, Vote
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.problems import Refusal, forbidden, in_both, say
from earshot.kit.texts import text
from earshot.people import permits
from earshot.people.actors import personally


@verb
def vote(*, by: Actor, deal: Deal, approves: bool, reason: str = "", version: int | None = None) -> Vote:
    """A decider's own vote at the gate before the deal, for every deciding role he or she holds there; a new one replaces the
    old. Refused while the voter has not heard a critical statement of the deal, naming each. The last vote needed opens the gate.

    `version`: of the deal that the voter saw; refused when it has changed or moved on since, so that a vote sent twice never lands
    on the next gate. None: as it stands now, for a door where nothing was shown.
    """
    person = personally(by)
    hold_parts(deal)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    if version is not None:
        not_stale(deal, version)
    gate = gates.gate_of(deal)
    if gate is None or hasattr(deal, "closing"):
        raise Refusal("gate.none", _("There is no gate before this deal at present, so there is nothing to vote on."), about=ref(deal))
    roles = mandates.roles_of(person, deal, gate)
    if not roles and queries.roles_deciding(person, deal, gate):
        covers = mandates.authority(deal, gate).covers
        sentence = _("This is within the mandate “{mandate}”: the team decides it without asking you.")
        raise Refusal("vote.within_mandate", say(sentence, mandate=covers), about=ref(deal), status=409)
    if not roles:
        raise forbidden(
            "vote.not_decider", say(_("You hold no role that decides at the gate “{gate}” of this deal."), gate=gate), ref(deal)
        )
    unheard = gates.not_ready(deal, [person])[person]
    asks = policies.standing(deal)
    if unheard and asks.blocks(policies.HEARD_BEFORE_VOTE):
        raise Refusal(
            "vote.not_heard",
            say(
                _("Hear first what the customer said; then your vote counts. Not heard by you yet: {count}."),
                count=len(unheard),
            ),
            lines=unheard,
            about=ref(deal),
            entry={
                "name": "deals.vote_refused",
                "by": by,
                "objects": {"deal": deal},
                "scopes": [deal],
                "data": {"gate": words(gate), "count": len(unheard), "lines": [line.spoken() for line in unheard]},
            },
            status=409,
        )
    reason = text("reason", reason, most=1000, required=not approves or asks.blocks(policies.APPROVAL_SAYS_WHY))
    visit = queries.open_visit(deal)
    whose = {role.code: queries.deciders_now(deal, role.code)[person] for role in roles}
    mine = Q(person=person) | Q(stands_for=person)  # back again, one decides oneself
    mine |= Q(stands_for__in=[one.pk for one in whose.values() if one is not None])
    Vote.objects.filter(mine, visit=visit, replaced_at__isnull=True).update(replaced_at=now())
    votes = Vote.objects.bulk_create(
        [
            Vote(visit=visit, gate=gate, role=role, person=person, stands_for=whose[role.code], approves=approves, reason=reason, at=now())
            for role in roles
        ]
    )
    represented = list({one.pk: one for one in whose.values() if one is not None}.values())
    data = {
        "gate": words(gate),
        "choice": in_both(_("yes") if approves else _("no")),
        "approves": approves,
        "reason": reason,
        "unheard": len(unheard),
    }
    objects: dict[str, Any] = {"deal": deal, "voter": person} | ({"represented": represented} if represented else {})
    voted = record("deals.voted_for" if represented else "deals.voted", by=by, objects=objects, scopes=[deal], data=data)
    answered(voted, by, deal, votes)
    review = gates.review(deal)
    if approves and review is not None and review.open:
        pass_on(process(f"{gate.version}/{gate.code}").because(voted), deal, review, queries.following(deal))
    else:
        align(voted, deal)
    return votes[0]


@verb
def withdraw_vote(*, by: Actor, deal: Deal, version: int | None = None) -> list[Vote]:
    """A voter takes back his or her own vote, for every role it was cast for, while the gate is still shut: as if it had not been cast, and
    the record stays. `version` as for `vote`. Returns the votes that were taken back."""
    person = personally(by)
    hold_parts(deal)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    if version is not None:
        not_stale(deal, version)
    if hasattr(deal, "closing"):
        raise Refusal("gate.none", _("There is no gate before this deal at present, so there is nothing to vote on."), about=ref(deal))
    visit = queries.open_visit(deal)
    mine = [vote for vote in queries.live_votes(visit) if vote.person_id == person.pk]
    if not mine:
        raise Refusal("vote.none", _("You have no vote at this gate that could be taken back."), about=ref(deal), status=409)
    Vote.objects.filter(pk__in=[vote.pk for vote in mine]).update(replaced_at=now())
    data = {"gate": words(mine[0].gate)}
    align(record("deals.vote_withdrawn", by=by, objects={"deal": deal, "voter": person}, scopes=[deal], data=data), deal)
    return mine


MOST_JUDGED = 100  # each is a whole review, in one transaction


@verb
def judge_again(*, by: Actor, name: str) -> int:
    """Sales operations have seen to a check or condition that could not be evaluated: it is tried again on every deal where it could
    not, the longest standing first, at most a hundred at once. Returns on how many it still cannot be."""
    permits.require(by, permits.OPERATE)
    live = Unjudged.objects.filter(name=name, ended_at__isnull=True)
    settled, left = [], live.count()
    for row in live.select_related("deal__stage", "deal__owner", "deal__account").order_by("since", "pk")[:MOST_JUDGED]:
        if name not in _STILL[row.where](row.deal):
            settled.append(row.pk)
    ended = live.filter(pk__in=settled).update(ended_at=now())
    left -= ended
    record("deals.judged_again", by=by, objects={}, data={"name": name, "n": ended, "left": left}, permission=permits.OPERATE)
    return left


def _at_gate(deal: Deal) -> list[str]:
    review = gates.review(deal)
    return [condition.name for condition in review.conditions] if review else []


# Where something could not be evaluated → what still cannot be there.
_STILL: dict[str, Callable[[Deal], list[str]]] = {AT_GATE: _at_gate, ON_DEAL: unjudged_on}
