"""The answer of whoever is asked for a decision outside the team's mandate."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.deals import escalations, gates, policies, queries
from earshot.deals.actions.escalating import REASON, end_escalation
from earshot.deals.actions.votes import vote
from earshot.deals.actions.writing import hold_parts, not_stale
from earshot.deals.models import Asking, Deal, Escalation
from earshot.journal.actions import verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit.problems import Refusal, forbidden, say
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person


@verb
def decide(*, by: Actor, deal: Deal, approves: bool, reason: str = "", version: int | None = None) -> Escalation:
    """The answer of whoever is asked, in one act: it counts at the gate as the vote of the role, under what a vote asks (hearing first,
    words for a no). Above every mandate only a refusal is an answer: nobody's vote opens that gate."""
    person = personally(by)
    there, one = _asked_of(person, deal)
    if there.role_id is not None:
        vote(by=by, deal=deal, approves=approves, reason=reason, version=version)
    elif approves:
        sentence = _("No mandate covers this, so no vote approves it. Refuse it with words, or take it on as a risk decision.")
        raise Refusal("escalation.beyond", sentence, about=ref(deal), status=409)
    else:
        refuse_beyond(by=by, deal=deal, reason=reason, version=version)
    return Escalation.objects.select_related("mandate", "role", "gate", "raised_by", "ended_by").get(pk=one.escalation_id)


def _asked_of(person: Person, deal: Deal) -> tuple[Escalation, Asking]:
    there = escalations.open_now(deal)
    one = escalations.live(there) if there is not None else None
    if there is None or one is None or one.person_id != person.pk:
        raise forbidden("escalation.not_asked", _("This decision is not asked of you."), ref(deal))
    return there, one


@verb
def refuse_beyond(*, by: Actor, deal: Deal, reason: str, version: int | None = None) -> Escalation:
    """Where every mandate is known not to hold: whoever is asked refuses, with words. There is no approving it here: no mandate covers
    it."""
    person = personally(by)
    hold_parts(deal)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    if version is not None:
        not_stale(deal, version)
    there, _one = _asked_of(person, deal)
    if there.role_id is not None:
        raise forbidden("escalation.not_beyond", _("A mandate covers this: decide it by your vote."), ref(deal))
    if (unheard := gates.not_ready(deal, [person])[person]) and policies.standing(deal).blocks(policies.HEARD_BEFORE_VOTE):
        sentence = say(_("Hear first what the customer said. Not heard by you yet: {count}."), count=len(unheard))
        raise Refusal("vote.not_heard", sentence, lines=unheard, about=ref(deal), status=409)
    end_escalation(by, deal, there, Escalation.REFUSED, person=person, said=text("reason", reason, most=REASON))
    return there
