"""The seats that the process, and the deal's types of service, want on its team, and those that the team has."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from earshot.deals import rules
from earshot.deals.conditions import judged
from earshot.deals.models import Deal
from earshot.deals.specialties import needed
from earshot.playbooks import book, conditions
from earshot.playbooks.models import SeatTemplate
from earshot.teams.models import Seat


def wanted(deal: Deal) -> list[SeatTemplate]:
    """The seats that the deal's team should have: those without a condition, and those whose condition is not known not to hold. By the
    deal and its account alone: no statement where both were read. Then one for each specialty that its services need and that no seat of
    the process is for."""
    seats = book.process_of(deal.process_id).seats
    found = [row for row in seats if not row.when or conditions.stands(judged(deal, row.when).met)]
    return found + of_specialties(deal, {row.role.code for row in found})


def of_specialties(deal: Deal, there: Collection[str] = ()) -> list[SeatTemplate]:
    """A seat for each role of the specialties that the deal needs, but for those `there`; no row of any table."""
    found, taken = [], set(there)
    for specialty, _services in needed(deal).values():
        role = book.process_of(deal.process_id).roles.get(specialty.role_code) or book.in_force().process.roles.get(specialty.role_code)
        if role is not None and role.code not in taken:
            taken.add(role.code)
            found.append(SeatTemplate(version_id=deal.process_id, code=specialty.code, zh=specialty.zh, en=specialty.en, role=role))
    return found


def missing(deal: Deal, there: Sequence[Seat]) -> list[SeatTemplate]:
    """Seats that the process wants for the deal and that its team, which has these, lacks."""
    return rules.seats_missing(wanted(deal), there)
