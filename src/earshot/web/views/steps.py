"""The steps of a deal, as its page shows them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

from earshot.deals import steps
from earshot.deals.models import Deal
from earshot.people.models import Person

STATES = {
    steps.BEHIND: pgettext_lazy("state of a step", "behind"),
    steps.HERE: pgettext_lazy("state of a step", "here"),
    steps.AHEAD: pgettext_lazy("state of a step", "ahead"),
    steps.WITHOUT: pgettext_lazy("state of a step", "no stage yet"),
    steps.LEFT_OUT: pgettext_lazy("state of a step", "not needed"),
}


def way(deal: Deal, person: Person, works: bool) -> dict[str, Any]:
    """`way`: every step; `way_here`: the one that the deal is in, none of a closed one; `way_ahead`: those that the reader may say are not
    needed. `works`: whether the reader works on the deal, which is open."""
    found = steps.way(deal)
    shown = [shown_step(one) for one in found]
    able = [one.step for one in found if works and one.state == steps.AHEAD and not steps.bars_leaving_out(deal, one.step)]
    return {
        "way": shown,
        "way_here": next((one for one in shown if one["here"]), None),
        "way_ahead": [(one.code, str(one)) for one in able if steps.may_leave_out(person, deal, one)],
    }


def shown_step(one: steps.StepOfDeal) -> dict[str, Any]:
    return {
        "name": str(one.step),
        "here": one.state == steps.HERE,
        "state": STATES[one.state],
        "since": one.since,
        "until": one.until,
        "role": str(one.role) if one.role else "",
        "people": [person.name for person in one.people],
        "begins": [steps.asked_in_words(asked) for asked in one.begins],
        "code": one.step.code,
        "left_out": one.not_needed,
        "again": {"act": "need", "step": one.step.code} if one.not_needed is not None else {},
        "finished": [steps.asked_in_words(asked) for asked in one.finished],
    }
