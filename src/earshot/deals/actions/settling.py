"""A head hears who is against, and settles it in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.clocks import actions as clocks
from earshot.deals import dissents, gates, policies, queries
from earshot.deals.actions.escalating import align
from earshot.deals.actions.moves import pass_on
from earshot.deals.actions.writing import hold_parts, not_stale
from earshot.deals.actions.writing import words as named
from earshot.deals.dissent_tables import GOES_ON, STANDS, Dissent
from earshot.deals.models import Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.kinds import ref
from earshot.kit import now
from earshot.kit.problems import Refusal, forbidden, say
from earshot.kit.texts import text
from earshot.people.actors import personally

REASON = 1000


@verb
def settle_dissent(*, by: Actor, deal: Deal, dissent: Dissent, goes_on: bool, words: str, version: int | None = None) -> Dissent:
    """A head above the deal and above whoever is against, or the deputy of one who is away, settles it: the deal goes on all the same, or
    it does not, until the vote is another. In words (`words`), and having heard what a vote needs (law 3). Where nothing else was missing,
    the gate opens with it.

    `version`: of the deal that was seen; None: as it stands now."""
    person = personally(by)
    hold_parts(deal)
    queries.lock(deal.pk)
    deal = queries.as_it_stands(deal.pk)
    row = Dissent.objects.select_related("role", "vote__person__unit", "vote__stands_for__unit", "vote__gate").get(pk=dissent.pk)
    may, head = dissents.may_settle(person, deal, row)
    if not may:
        sentence = _("Only a head above this deal and above who is against settles it, who is not its owner.")
        raise forbidden("dissent.not_yours", sentence, ref(deal))
    if row.ended_at is not None:
        raise Refusal("dissent.ended", _("This is settled already, or taken back."), about=ref(deal), status=409)
    if version is not None:
        not_stale(deal, version)
    unheard = gates.not_ready(deal, [person])[person]
    if unheard and policies.standing(deal).blocks(policies.HEARD_BEFORE_VOTE):
        sentence = say(_("Hear first what the customer said. Not heard by you yet: {count}."), count=len(unheard))
        raise Refusal("vote.not_heard", sentence, lines=unheard, about=ref(deal), status=409)
    row.words = text("words", words, most=REASON)
    row.ended_at, row.outcome, row.settled_by, row.stands_for = now(), GOES_ON if goes_on else STANDS, person, head
    row.save(update_fields=["words", "ended_at", "outcome", "settled_by", "stands_for"])
    objects: dict[str, Any] = {"deal": deal, "dissent": row, "voter": row.vote.person} | ({"represented": head} if head else {})
    data = {"gate": named(row.vote.gate), "role": named(row.role), "words": row.words, "reason": row.vote.reason}
    settled = record(f"deals.dissent_{row.outcome}", by=by, objects=objects, scopes=[deal], data=data)
    clocks.meet([row.pk], because=settled)
    review = gates.review(deal)
    if goes_on and review is not None and review.gate is not None and review.open:
        gate = review.gate
        pass_on(process(f"{gate.version}/{gate.code}").because(settled), deal, review, queries.following(deal))
    else:
        align(settled, deal)
    return row
