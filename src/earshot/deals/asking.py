"""What other policies would ask, and of whom, on the deals that are open: shown before they are in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from earshot.deals.models import Deal
from earshot.deals.queries import still_open
from earshot.deals.registry import ASKED
from earshot.deals.sizes import size_of
from earshot.kit import now
from earshot.kit.ruling import permissive
from earshot.people.models import UnitAbove
from earshot.playbooks import book, burden, packs, queries, revisions
from earshot.playbooks.policies import Choices, Place, Policy, Shift, shifts
from earshot.playbooks.registry import POLICIES


@dataclass(frozen=True)
class OfRole:
    """How many people of a role are asked, on how many open deals; `unfilled`: places where nobody is there yet."""

    role: str
    name: str
    people: int
    deals: int
    unfilled: int


@dataclass(frozen=True)
class Asking:
    """A policy that would be set otherwise, on how many open deals, and whom it asks there. `deals` 0: none yet, or it does not
    speak of deals."""

    shift: Shift
    deals: int
    roles: list[OfRole] = field(default_factory=list)


def asked_by(after: Choices, before: Choices | None = None) -> list[Asking]:
    """What changes when these choices take the place of those before, or of those in force: for the company, and for each open deal where
    it stands; what becomes stricter first. The number of statements does not depend on how many deals there are."""
    before = before or book.in_force().policies.choices
    policies = POLICIES.values()
    found: dict[Shift, set[UUID]] = {shift: set() for shift in shifts(before.at(Place()), after.at(Place()), policies)}
    for deal, place in _places(before, after):
        for shift in shifts(before.at(place), after.at(place), policies):
            found.setdefault(shift, set()).add(deal)
    made = [Asking(shift, len(deals) if shift.policy.code in ASKED else 0, _roles(shift.policy, deals)) for shift, deals in found.items()]
    return sorted(made, key=lambda one: not one.shift.stricter)


def _places(before: Choices, after: Choices) -> Iterable[tuple[UUID, Place]]:
    """Each open deal with its unit and those above it, and its size, as far as anything is chosen by them."""
    deals = list(Deal.objects.filter(still_open()).select_related("account", "unit", "whole").order_by("pk"))
    units = _above(deals) if before.units or after.units else {}
    sized = bool(before.tiers or after.tiers)
    for deal in deals:
        tier = size_of(deal).tier if sized else None
        yield deal.pk, Place(tuple(units.get(deal.unit_id, ())), tier.code if tier else "")


def _above(deals: list[Deal]) -> Mapping[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    rows = UnitAbove.objects.filter(unit__in={deal.unit_id for deal in deals}).order_by("unit", "steps")
    for unit, code in rows.values_list("unit", "above__code"):
        found.setdefault(unit, []).append(code)
    return found


def _roles(policy: Policy, deals: set[UUID]) -> list[OfRole]:
    whom = ASKED.get(policy.code)
    rows: dict[str, list[Any]] = {}
    for role, person, deal in whom(deals) if whom is not None and deals else ():
        rows.setdefault(role, []).append((person, deal))
    names = queries.role_names(rows)
    return [
        OfRole(
            role,
            names[role],
            len({person for person, _deal in asked if person is not None}),
            len({deal for _person, deal in asked}),
            sum(person is None for person, _deal in asked),
        )
        for role, asked in rows.items()
    ]


@dataclass(frozen=True)
class Effect:
    """What another playbook would ask of people otherwise than the one in force: the acts of roles (law 14), what rises most first; and
    the policies, with whom they ask on open deals."""

    changes: list[burden.Change]
    asking: list[Asking]


def effect_of(pack: packs.Pack, before: packs.Pack | None = None) -> Effect:
    """Of a pack that was read, against another one or the playbook in force; where the text of that was not kept, everything that it
    asks is new."""
    standing = before or queries.pack_in_force()
    figures = queries.asks_of(standing).figures if standing else []
    choices = before.choices if before else None
    return Effect(burden.changes(figures, queries.asks_of(pack).figures), asked_by(pack.choices, choices))


@permissive("it asks nothing else of anybody", lambda read: None)
def effect_of_revision(read: revisions.Read) -> Effect | None:
    """What the playbook will ask of people from the day on which a revision begins, otherwise than if it never did. None: it differs in
    nothing, the check finds something wrong with it, or it has begun."""
    if read.pack is None or not book.in_force().versions:
        return None
    moment = max(read.begins or now(), now())
    without = revisions.standing_without([one.version for one in read.parts], moment)
    return effect_of(read.pack, queries.pack_of(without))
