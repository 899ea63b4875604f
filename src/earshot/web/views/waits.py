"""What a deal waits for, as its page shows it."""

from __future__ import annotations

from typing import Any

from earshot.deals import waits
from earshot.deals.models import Deal
from earshot.deals.wait_tables import HANDOVER, Wait
from earshot.people.models import Person
from earshot.people.queries import all_units
from earshot.web import acts


def _has_it(person: Person, row: Wait) -> bool:
    """Whether it is the person who has what is waited for: named, or the head of a unit of which nobody is named."""
    if row.kind == HANDOVER:
        return False
    return row.person_id == person.pk if row.person_id else row.unit is not None and row.unit.head_id == person.pk


def shown(deal: Deal, person: Person, works: bool) -> dict[str, Any]:
    """What is open, in the order in which it began; and for whom one can say that the work waits."""
    rows = [row for row in waits.of_deal(deal.pk) if row.until is None]
    return {
        "waits_open": [
            {
                "handover": row.kind == HANDOVER,
                "former": str(row.former_role) if row.former_role is not None else "",
                "role": str(row.role) if row.role is not None else "",
                "unit": row.unit.name if row.unit is not None else "",
                "person": row.person.name if row.person is not None else "",
                "reason": row.reason,
                "since": row.since,
                "url": acts.address("wait", row.pk),
                "takes": (takes := row.kind == HANDOVER and waits.may_take_over(person, deal, row)),
                "owed": takes or _has_it(person, row),
                "id": row.pk,
                "raised_by": row.raised_by.name if row.raised_by is not None else "–",
                "hidden": {"act": "take_over"},
            }
            for row in rows
        ],
        "wait_units": [(str(unit.pk), unit.name) for unit in all_units()] if works else [],
    }
