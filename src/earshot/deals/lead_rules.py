"""Pure decisions about leads. The labels of sources and ratings, and what a rating demands, are the playbook's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.deals.lead_tables import CONFIRMED, NEW, TAKEN
from earshot.kit.ruling import permissive
from earshot.people.models import Person

# What a rating may demand → what is missing where it is not known, and the act that mends it.
MISSING: Mapping[str, tuple[Any, str]] = {
    "account": (_("the customer is not named as an account yet"), "account"),
    "speaker": (_("nobody wrote down who said it"), "correct"),
    "when": (_("nobody wrote down when it was said"), "correct"),
    "verified": (_("nobody has verified it and confirmed that it holds"), "verify"),
    "next_step": (_("there is no next step with a day"), "step"),
}


@dataclass(frozen=True)
class Known:
    """What is known of a lead. `result`: of the last verification, empty: none."""

    account: bool
    speaker: bool
    when: bool
    result: str
    next_step: bool

    def has(self, demand: str) -> bool:
        held = {
            "account": self.account,
            "speaker": self.speaker,
            "when": self.when,
            "verified": self.result == CONFIRMED,
            "next_step": self.next_step,
        }
        return held[demand]


@permissive("nothing is missing", lambda demands, known: [])
def unmet(demands: Collection[str], known: Known) -> list[str]:
    """Those of the demands of a rating that are not met, in the order of the list of all."""
    return [demand for demand in MISSING if demand in demands and not known.has(demand)]


def first_owner(account_owner: Person | None, head: Person | None, reporter: Person) -> Person:
    """Who answers for a lead from its birth: who does for its account, else the nearest head of the reporter's unit, else the reporter."""
    return account_owner or head or reporter


@permissive("no role has a share in it", lambda held, known, asked: "")
def role_of_origin(held: Collection[str], known: Sequence[str], asked: str) -> str:
    """For which role a lead came in: the one that the reporter names, among those held; else the first of them in the process's order;
    empty: none is held."""
    if asked in held:
        return asked
    return next((role for role in known if role in held), min(held, default=""))


TAKE_UP, RATE, STEP, OPEN = "take_up", "rate", "step", "open"


def next_act(state: str, rating: str, known: Known, overdue: bool, lacking: Collection[str]) -> str:
    """The one act that takes the lead on; empty: it is closed."""
    if state == NEW:
        return TAKE_UP
    if state != TAKEN:
        return ""
    if not known.next_step or overdue:
        return STEP
    if not rating or lacking:
        return RATE
    return OPEN


def is_closed(state: str) -> bool:
    return state not in (NEW, TAKEN)
