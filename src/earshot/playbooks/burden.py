"""What a playbook asks of people: the acts that one deal demands of each role (law 14). Pure.

The arithmetic, for one deal that runs the whole process and goes back nowhere:

- the role that owns deals opens it, with a goal and a date: one act. It states, once each, what conditions ask for and nobody else
  can know: the amount, the account;
- each seat but the leader's is accepted in person: one act of its role;
- each support that a trigger calls for is delivered: one act of the role that owes it, once however many stages call for it
  (taking a call is part of delivering it);
- at each gate each role that decides votes: one act; before that it hears what is critical, and where approvals say why, it gives a
  reason: one act each;
- for each contact with the customer, each role that must hear something takes note of all that it is shown: one act, however many
  statements there are; who was present does not even have to;
- for each need that is written down, the obligatory fields of its template are filled in: one act each, and only where that template
  applies, so sometimes.

What people ask of each other (messages, directives) is not the playbook's, and not counted. A row with a condition of its own counts
as *sometimes*; for one size of deals (`tier`), where the size alone decides it, as always or never. What a policy only warns of is *not
demanded*, and counted apart; what it does not ask at all is not counted. What it refuses in some units (or sizes, where none is meant) and
not in others, because they stand in another profile, is demanded *sometimes*.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from earshot.kit.ruling import permissive
from earshot.playbooks import conditions
from earshot.playbooks.models import BLOCK, HEARING, OFF, PROCESS, SUPPORT, TEMPLATES
from earshot.playbooks.parts.form import Row, Tables
from earshot.playbooks.parts.reading import TIER
from earshot.playbooks.policies import SETTINGS, Choices, Place, Policy

OPEN, STATE, ACCEPT, DELIVER, HEAR, HEAR_TO_VOTE, VOTE, SAY_WHY, SAY_WHY_ENDED, FILL = (
    "open", "state", "accept", "deliver", "hear", "hear_to_vote", "vote", "say_why", "say_why_ended", "fill",
)  # fmt: skip
DEAL, CONTACT, NEED = "deal", "contact", "need"
KINDS: Mapping[str, Any] = {
    OPEN: _("opens the deal, with a goal and a date"),
    STATE: _("states what a condition asks for"),
    ACCEPT: _("accepts a seat"),
    DELIVER: _("delivers the result of a call"),
    HEAR: _("takes note of what the customer said"),
    HEAR_TO_VOTE: _("hears what is critical before voting"),
    VOTE: _("votes at a gate"),
    SAY_WHY: _("says why with an approval"),
    SAY_WHY_ENDED: _("names the reason for which the deal ended"),
    FILL: _("fills in a field of a need"),
}
PER: Mapping[str, Any] = {
    DEAL: _("for each deal"),
    CONTACT: _("for each contact with the customer"),
    NEED: _("for each need, once needs are written on templates"),
}


@dataclass(frozen=True)
class Act:
    """One act that a playbook asks of a role. `per`: how often. `places`: the rows that ask it, as part/table/code. `sometimes`: only
    where the condition of the row holds. `demanded`: without it something is refused; otherwise a policy only warns."""

    role: str
    kind: str
    per: str
    places: tuple[str, ...]
    sometimes: bool = False
    demanded: bool = True


@dataclass(frozen=True)
class Figure:
    """The acts of a role, for each `per`. `demanded` of them always; `sometimes` more where conditions hold; `warned`: asked, and not
    refused without. `acts`: what the figure is made of. `zh`, `en`: the role."""

    role: str
    zh: str
    en: str
    per: str
    acts: Sequence[Act] = field(default=())

    @property
    def demanded(self) -> int:
        return sum(act.demanded and not act.sometimes for act in self.acts)

    @property
    def sometimes(self) -> int:
        return sum(act.demanded and act.sometimes for act in self.acts)

    @property
    def warned(self) -> int:
        return sum(not act.demanded for act in self.acts)

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.demanded, self.sometimes, self.warned

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@permissive("nothing is asked", lambda tables, choices, policies, facts=None, tier="": [])
def acts(
    tables: Mapping[str, Tables],
    choices: Choices,
    policies: Iterable[Policy],
    facts: Mapping[str, conditions.Fact] | None = None,
    tier: str = "",
) -> list[Act]:
    """The acts that these parts ask for. `tables`: of each part, without the rows that wait for a room to come. `facts`: what
    conditions may speak of; None: nothing is stated for them. `tier`: for deals of this size; empty: for any."""
    return _Count(tables, choices, list(policies), facts or {}, tier).acts()


def figures(tables: Mapping[str, Tables], counted: Iterable[Act]) -> list[Figure]:
    """The acts by role and measure, in the order of the roles."""
    rows = {row["code"]: row for row in tables[PROCESS]["roles"]}
    found: dict[tuple[str, str], list[Act]] = {}
    for act in counted:
        found.setdefault((act.role, act.per), []).append(act)
    made = []
    for (role, per), of_role in found.items():
        row = rows.get(role, {"zh": role, "en": role})
        made.append(Figure(role, row["zh"], row["en"], per, tuple(of_role)))
    order = list(rows)
    return sorted(made, key=lambda one: (order.index(one.role) if one.role in order else len(order), list(PER).index(one.per)))


@dataclass(frozen=True)
class Change:
    """What another version asks of a role otherwise: `before` and `after` as (demanded, sometimes, warned)."""

    figure: Figure
    before: tuple[int, int, int]
    after: tuple[int, int, int]

    @property
    def rises(self) -> int:
        """By how many acts that are demanded always, or sometimes; below zero: falls."""
        return sum(self.after[:2]) - sum(self.before[:2])


@permissive("nothing rises", lambda before, after: [])
def changes(before: Iterable[Figure], after: Iterable[Figure]) -> list[Change]:
    """What differs between two versions, for whom: what rises most stands first (law 14)."""
    old = {(one.role, one.per): one for one in before}
    new = {(one.role, one.per): one for one in after}
    nothing = (0, 0, 0)
    found = [
        Change(new.get(key) or old[key], old[key].counts if key in old else nothing, new[key].counts if key in new else nothing)
        for key in {**old, **new}
    ]
    return sorted((one for one in found if one.before != one.after), key=lambda one: -one.rises)


def _most(settings: Iterable[str]) -> str:
    return max(settings, key=SETTINGS.index)


def _least(settings: Iterable[str]) -> str:
    return min(settings, key=SETTINGS.index)


class _Count:
    def __init__(
        self, tables: Mapping[str, Tables], choices: Choices, policies: list[Policy], facts: Mapping[str, conditions.Fact], tier: str
    ) -> None:
        self.tables, self.facts, self.tier = tables, facts, tier
        # A kind of act that no policy switches is demanded always. Of one that is, its mildest and its strictest setting: units, and sizes
        # where none is meant, may stand in a profile of their own.
        self.settings: dict[str, tuple[str, str]] = {}
        sizes = (tier,) if tier else ("", *choices.tiers)
        stands = [choices.at(Place(units, size)) for units in ((), *((one,) for one in choices.units)) for size in sizes]
        for policy in policies:
            found = [one.setting(policy) for one in stands]
            both = zip(self.settings.get(policy.demands, (OFF, OFF)), (_least(found), _most(found)), strict=True)
            mildest, strictest = (_most(pair) for pair in both)
            self.settings[policy.demands] = mildest, strictest
        self.found: list[Act] = []

    def acts(self) -> list[Act]:
        process = self.tables[PROCESS]
        owner = next((row["code"] for row in process["roles"] if row.get("owner")), "")
        self.add(owner, OPEN, f"{PROCESS}/roles/{owner}")
        self.stated(owner)
        for row in process["seats"]:
            if not row.get("leader"):
                self.add(row["role"], ACCEPT, f"{PROCESS}/seats/{row['code']}", row)
        for gate in process["gates"]:
            for role in gate["deciders"]:
                for kind in (HEAR_TO_VOTE, VOTE, SAY_WHY):
                    self.add(role, kind, f"{PROCESS}/gates/{gate['code']}", gate)
        if reasons := process.get("closing_reasons", []):
            self.add(owner, SAY_WHY_ENDED, *(f"{PROCESS}/closing_reasons/{row['code']}" for row in reasons))
        self.called()
        self.heard()
        templates = self.tables.get(TEMPLATES, {})
        living = {row["code"] for row in templates.get("templates", [])}
        for row in templates.get("fields", []):
            if row.get("required") and row["template"] in living:
                self.found.append(Act(owner, FILL, NEED, (f"{TEMPLATES}/fields/{row['code']}",), sometimes=True))
        return self.found

    def stated(self, owner: str) -> None:
        """Facts of a deal that stand in a condition, once each, where there is an act that states them. The goal is given at opening."""
        asked: dict[str, list[tuple[str, bool]]] = {}
        for place, source, always in self.conditions():
            for name in conditions.spoken_of(source, self.facts):
                if self.facts[name].act and self.facts[name].act != "set_goal" and name != TIER:
                    asked.setdefault(name, []).append((place, always))
        for places in asked.values():
            sometimes = not any(always for _place, always in places)
            self.found.append(Act(owner, STATE, DEAL, tuple(place for place, _always in places), sometimes))

    def conditions(self) -> Iterable[tuple[str, str, bool]]:
        """Place and source of each condition that a deal meets with, and whether every deal does: what a gate asks is asked where the gate
        stands; what narrows a gate or a seat is judged of every deal, but for those that its size alone leaves out."""
        process = self.tables[PROCESS]
        for table in ("tiers", "gates", "seats"):
            for row in process.get(table, []):
                if "when" in row and self.holds(row) is not False:
                    yield f"{PROCESS}/{table}/{row['code']}", row["when"], True
        for table, name in (("gates", "conditions"), ("stages", "entry"), ("stages", "exit")):
            for row in process[table]:
                holds = self.holds(row)
                for condition in row.get(name, []) if holds is not False else ():
                    yield f"{PROCESS}/{table}/{row['code']}", condition["needs"], holds is True

    def called(self) -> None:
        catalogue = {row["code"]: row for row in self.tables[SUPPORT]["catalogue"]}
        calling: dict[str, list[Row]] = {}
        for row in self.tables[SUPPORT]["triggers"]:
            if row["support"] in catalogue and self.holds(row) is not False:
                calling.setdefault(row["support"], []).append(row)
        for support, rows in calling.items():
            places = [f"{SUPPORT}/triggers/{row['code']}" for row in rows]
            always = any(self.holds(row) for row in rows)
            self.found.append(Act(catalogue[support]["role"], DELIVER, DEAL, tuple(places), not always))

    def heard(self) -> None:
        hearing = self.tables[HEARING]
        by_role: dict[str, list[str]] = {}
        for table in ("hearers", "default"):
            for row in hearing[table]:
                by_role.setdefault(row["role"], []).append(f"{HEARING}/{table}/{row['code']}")
        for role, places in by_role.items():
            self.add(role, HEAR, *places, per=CONTACT)

    def add(self, role: str, kind: str, *places_and_row: Any, per: str = DEAL) -> None:
        places = tuple(one for one in places_and_row if isinstance(one, str))
        row: Row = next((one for one in places_and_row if not isinstance(one, str)), {})
        holds, (mildest, strictest) = self.holds(row), self.settings.get(kind, (BLOCK, BLOCK))
        if holds is not False and strictest != OFF:
            demanded = strictest == BLOCK
            self.found.append(Act(role, kind, per, places, holds is None or (demanded and mildest != BLOCK), demanded))

    def holds(self, row: Row) -> bool | None:
        """Whether the row is there for a deal of this size; None: its condition asks for more than the size."""
        if "when" not in row:
            return True
        if not self.tier or TIER not in self.facts:
            return None
        return conditions.judge(row["when"], self.facts, {TIER: self.tier}).met
