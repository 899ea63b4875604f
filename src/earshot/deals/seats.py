"""The seats that the process wants on a deal's team, and those that the team has."""

from __future__ import annotations

from collections.abc import Sequence

from earshot.deals import rules
from earshot.deals.conditions import judged
from earshot.deals.models import Deal
from earshot.playbooks import book, conditions
from earshot.playbooks.models import SeatTemplate
from earshot.teams.models import Seat


def wanted(deal: Deal) -> list[SeatTemplate]:
    """The seats that the deal's team should have: those without a condition, and those whose condition is not known not to hold. By the
    deal and its account alone: no statement where both were read."""
    seats = book.process_of(deal.process_id).seats
    return [row for row in seats if not row.when or conditions.stands(judged(deal, row.when).met)]


def missing(deal: Deal, there: Sequence[Seat]) -> list[SeatTemplate]:
    """Seats that the process wants for the deal and that its team, which has these, lacks."""
    return rules.seats_missing(wanted(deal), there)
