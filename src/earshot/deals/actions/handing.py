"""Handing a deal over: one named owner at every moment."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.deals import queries
from earshot.deals.actions.escalating import align, ask_another
from earshot.deals.actions.speaking import ask_the_team
from earshot.deals.actions.writing import lapse_votes, touch
from earshot.deals.models import Deal, Vote
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit.engine import locks
from earshot.kit.problems import Refusal, forbidden, say, wrong
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person
from earshot.people.queries import is_head_at_or_above
from earshot.teams.actions import hand_lead


@verb
def hand_deal(*, by: Actor, deal: Deal, to: Person, reason: str) -> Deal:
    """Another one owns the deal and is asked to lead its team from now on: by who did so far, or a head of its unit or above. Where
    the former owner has voted at the gate before it, the votes there lapse."""
    queries.lock(deal.pk)
    locks.hold(f"team:{deal.team_id}")
    deal = queries.as_it_stands(deal.pk)
    if by.is_personal:
        person = personally(by)
        if person.pk != deal.owner_id and not is_head_at_or_above(person, deal.unit):
            sentence = _("Only the owner of a deal, or a head above it, hands it over.")
            raise forbidden("deal.not_owner", sentence, ref(deal))
    if hasattr(deal, "closing"):
        raise Refusal("deal.closed", say(_("{deal} is closed."), deal=deal.number), about=ref(deal), status=409)
    reason = text("reason", reason, most=300)
    if to.left_at is not None:
        raise wrong("to", say(_("{name} is no longer with the company."), name=to.name))
    if to.pk == deal.owner_id:
        return deal
    former, deal.owner = deal.owner, to
    touch(deal, "owner")
    data = {"reason": reason, "version": deal.version}
    entry = record("deals.deal_handed", by=by, objects={"deal": deal, "owner": to, "former": former}, scopes=[deal], data=data)
    if Vote.objects.filter(visit__deal=deal, visit__left_at__isnull=True, replaced_at__isnull=True, person=former).exists():
        lapse_votes(by.because(entry), deal, _("another owns the deal now"))
    hand_lead(by.because(entry), deal.team, former, to, reason)
    ask_another(entry, gone=[to.pk], deals=[deal.pk])  # nobody decides from outside on a deal of his or her own
    align(entry, deal)
    ask_the_team(entry, deal)
    return deal
