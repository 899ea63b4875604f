"""The journal verbs, kind and standings of leads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.clocks.queries import alarms_of
from earshot.deals.lead_tables import NEW, TAKEN, Lead
from earshot.journal import kinds, verbs
from earshot.people.standing import SOURCES, Key

kinds.register("lead", Lead, page="lead")
verbs.register(
    {
        "deals.lead_recorded": _("{actor} recorded the lead {lead}; {owner} answers for it"),
        "deals.lead_brought_in": _("{actor} brought in the lead {lead}, in which {reporter} is named; {owner} answers for it"),
        "deals.lead_taken_up": _("{actor} took up the lead {lead}"),
        "deals.lead_handed": _("{actor} gave the lead {lead} from {former} to {owner}: {reason}"),
        "deals.lead_corrected": _("{actor} put a correction beside the words of the lead {lead}"),
        "deals.lead_account_set": _("{actor} named the customer of the lead {lead}"),
        "deals.lead_rated": _("{actor} rated the lead {lead}: {rating}"),
        "deals.lead_confirmed": _("{actor} verified the lead {lead}: it holds. {found}"),
        "deals.lead_refuted": _("{actor} verified the lead {lead}: it does not hold. {found}"),
        "deals.lead_unclear": _("{actor} verified the lead {lead}: it is still open. {found}"),
        "deals.lead_step_set": _("{actor} set the next step of the lead {lead}: {what}, by {due}"),
        "deals.lead_turned_down": _("{actor} refused the lead {lead}: {reason}"),
        "deals.lead_reopened": _("{actor} reopened the lead {lead}: {reason}"),
        "deals.lead_became_deal": _("{actor} made the lead {lead} a deal: {deal}"),
        "deals.lead_joined": _("{actor} joined the lead {lead} to {deal}"),
    }
)


def _of_leads(lead_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Who recorded a lead, who answers for it or for its account, and the heads of the units that it comes from and goes to. Who answers
    for an open one sees its account: he or she is to open a deal there."""
    rows = Lead.objects.all() if lead_ids is None else Lead.objects.filter(pk__in=lead_ids)
    wanted = ("pk", "state", "reporter_id", "owner_id", "reporter_unit_id", "account_id", "account__owner_id", "account__unit_id")
    for pk, state, reporter, owner, unit, account, account_owner, account_unit in rows.values_list(*wanted):
        for person in {reporter, owner, account_owner} - {None}:
            yield pk, (person, None, "lead", pk)
        for home in {unit, account_unit} - {None}:
            yield pk, (None, home, "lead", pk)
        if account is not None and state in (NEW, TAKEN):
            yield pk, (owner, None, "account", account)


def _alarmed(lead_ids: Iterable[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """Whom the clock of a lead has told sees it as long as that clock runs."""
    return [(lead, (person, None, "lead", lead)) for lead, person in alarms_of("lead", lead_ids)]


KNOWS_LEAD, ALARMED_LEAD = "knows_lead", "alarmed_lead"
SOURCES.add(KNOWS_LEAD, _of_leads)
SOURCES.add(ALARMED_LEAD, _alarmed)
