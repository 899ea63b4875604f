"""What is asked outside the team's mandate, as a block of the gate's page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.clocks.queries import readings
from earshot.deals import escalations, mandates
from earshot.deals import queries as deals
from earshot.deals.models import Asking, Deal, Escalation
from earshot.people.models import Person
from earshot.playbooks.models import Gate
from earshot.web import times

OUTCOMES = {
    Escalation.APPROVED: _("approved"),
    Escalation.REFUSED: _("refused"),
    Escalation.WITHDRAWN: _("taken back"),
    Escalation.MOVED: _("no longer asked: the deal stands elsewhere"),
    Escalation.OTHERWISE: _("no longer asked so: its mandate is another now"),
}


def block(person: Person, deal: Deal, gate: Gate | None) -> dict[str, Any]:
    """What is asked now, of whom, until when; what was asked before; and what the reader can do about it."""
    if gate is None or not gate.mandates.all():
        return {"escalation": None, "questions_before": [], "may_ask": False}
    rows = escalations.of_deal(deal)
    there = next(((row, asked) for row, asked in rows if row.ended_at is None), None)
    works = deals.may_work(person, deal)
    live = there[1][-1] if there is not None else None
    wanted = there is None and works and escalations.question(deal, mandates.authority(deal, gate)) is not None
    return {
        "escalation": _open(there[0], there[1], person) if there is not None else None,
        "asked_of_me": live is not None and live.person_id == person.pk,
        "beyond": there is not None and there[0].role_id is None,
        "may_ask": wanted,
        "may_withdraw": there is not None and works,
        "questions_before": [
            {
                "to": ", ".join(dict.fromkeys(one.person.name for one in asked if one.person)),
                "outcome": OUTCOMES.get(row.outcome, ""),
                "words": row.words,
                "at": row.ended_at,
            }
            for row, asked in rows
            if row.ended_at is not None
        ],
    }


def _open(row: Escalation, asked: list[Asking], person: Person) -> dict[str, Any]:
    one = asked[-1]
    clock = readings([one.pk]).get(one.pk)
    return {
        "mandate": row.mandate,
        "name": one.person.name if one.person else "",
        "mine": one.person_id == person.pk,
        "instead_of": one.instead_of.name if one.instead_of else "",
        "as_head": one.as_head and row.role_id is not None,
        "since": one.at,
        "due": clock.due_at if clock else None,
        "left": times.left_of(clock.left, clock.clock.measure, over=clock.overdue) if clock else "",
        "overdue": bool(clock and clock.overdue),
        "by": row.raised_by.name if row.raised_by else "",
        "reason": row.reason,
        "before": [{"name": each.person.name, "at": each.at} for each in asked[:-1] if each.person],
    }
