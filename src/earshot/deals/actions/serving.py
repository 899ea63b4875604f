"""Saying which types of service a deal carries."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from earshot.deals import specialties
from earshot.deals.actions.escalating import align
from earshot.deals.actions.writing import fresh, lapse_votes, narrowing, touch
from earshot.deals.models import Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.kit.engine import locks
from earshot.kit.problems import in_each


@verb
def set_services(*, by: Actor, deal: Deal, version: int, services: Collection[str]) -> Deal:
    """The deal carries these types of service from now on, by code; none is allowed. Those of before stand in the journal. Where they are
    others, the votes at the gate before the deal lapse."""
    deal = fresh(by, deal, version)
    codes = specialties.chosen(services, deal.service_codes)
    if codes == deal.service_codes:
        return deal
    locks.hold(f"team:{deal.team_id}")
    before, deal.services = deal.service_codes, " ".join(codes)
    touch(deal, "services")
    named = specialties.services_of(deal)
    data = {
        "services": in_each(lambda: _(", ").join(map(str, named)) or "–"),
        "codes": codes,
        "before": before,
        "version": deal.version,
        **narrowing(deal),
    }
    entry = record("deals.services_set", by=by, objects={"deal": deal}, scopes=[deal], data=data)
    lapse_votes(by.because(entry), deal, _("the types of service are others now"))
    align(entry, deal)
    return deal
