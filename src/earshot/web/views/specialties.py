"""The types of service of a deal, as its page shows them."""

from __future__ import annotations

from typing import Any

from earshot.deals import specialties
from earshot.deals.models import Deal


def shown(deal: Deal) -> dict[str, Any]:
    """What the deal carries; each specialty that it needs, with who covers it."""
    found = specialties.covers(deal)
    wanting = {one.specialty.code for one in specialties.lacking(found)}
    return {
        "services": [str(one) for one in specialties.services_of(deal)],
        "specialties": [
            {
                "name": str(one.specialty),
                "services": [str(service) for service in one.services],
                "people": [person.name for person in one.people],
                "units": [unit.name for unit in one.units],
                "own": one.own,
                "covered": one.covered,
                "lacking": one.specialty.code in wanting,
            }
            for one in found
        ],
        "services_lacking": len(wanting),
    }


def options(deal: Deal | None = None) -> list[tuple[str, str]]:
    """The types of service that may be chosen; with what the deal carries and the playbook has no more."""
    there = {code: str(row) for code, row in specialties.catalogue().items()}
    return list(({code: code for code in (deal.service_codes if deal else ()) if code not in there} | there).items())
