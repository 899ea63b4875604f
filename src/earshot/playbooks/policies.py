"""The named policies: what refuses or alarms by the company's choice, and which choice holds where. Pure.

A profile sets every policy; a row of the part sets a single one, everywhere. A size of deals or a unit may stand in another profile
than the company. What holds for a deal is the most specific: the row of the policy itself; else the profile of the deal's size; else
that of its unit or the nearest unit above it that stands in one; else the company's. A law is never off, whatever is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from earshot.kit.ruling import permissive
from earshot.playbooks.models import BLOCK, LAWS, LIGHT, OFF, STANDARD, STRICT, WARN

MOST = 25  # policies, in the whole house
NAMES = {
    LIGHT: pgettext_lazy("profile of the policies", "light"),
    STANDARD: pgettext_lazy("profile of the policies", "standard"),
    STRICT: pgettext_lazy("profile of the policies", "strict"),
}
SETTINGS_IN_WORDS = {
    BLOCK: _("refuses"),
    WARN: _("only warns, and stands on the record"),
    OFF: pgettext_lazy("a policy", "asks nothing"),
}
# From the mildest to the strictest.
SETTINGS = [OFF, WARN, BLOCK]
COMPANY, UNIT, TIER = "company", "unit", "tier"


@dataclass(frozen=True)
class Policy:
    """A switch that some code reads. `means`: what it asks, in a sentence. `light`, `standard`, `strict`: its setting in each profile.
    `allowed`: the settings that may be chosen for it. `demands`: the kind of act that it asks of people (`burden`), where it asks one."""

    code: str
    means: Any
    light: str
    standard: str
    strict: str
    allowed: tuple[str, ...] = (BLOCK, WARN, OFF)
    demands: str = ""

    @property
    def law(self) -> bool:
        return self.code in LAWS

    def within(self, profile: str) -> str:
        """Its setting in the profile; a version of before profiles stands in the standard one."""
        return {LIGHT: self.light, STRICT: self.strict}.get(profile, self.standard)


@dataclass(frozen=True)
class Place:
    """Where something stands. `units`: codes of its unit and those above, the nearest first. `tier`: code of its size; empty: not known, or
    the process has none."""

    units: tuple[str, ...] = ()
    tier: str = ""


@dataclass(frozen=True)
class Choices:
    """What one version of the part chooses. `rows`: policy → setting; `units` and `tiers`: code → profile."""

    profile: str = STANDARD
    rows: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)

    def at(self, place: Place) -> Standing:
        """In which profile something stands, and why."""
        if place.tier in self.tiers:
            return Standing(self.tiers[place.tier], TIER, place.tier, self.rows)
        for unit in place.units:
            if unit in self.units:
                return Standing(self.units[unit], UNIT, unit, self.rows)
        return Standing(self.profile or STANDARD, COMPANY, "", self.rows)

    def strictest(self, policy: Policy) -> str:
        """Its strictest setting anywhere."""
        if policy.code in self.rows:
            return _allowed(policy, self.rows[policy.code])
        profiles = {self.profile, *self.units.values(), *self.tiers.values()}
        return max((policy.within(profile) for profile in profiles), key=SETTINGS.index)


@dataclass(frozen=True)
class Standing:
    """The profile in which something stands: as the company does, or because its unit or tier with this `code` does. `rows`: policies that
    are set one by one, whatever the profile."""

    profile: str
    why: str
    code: str
    rows: Mapping[str, str]

    def setting(self, policy: Policy) -> str:
        return _allowed(policy, self.rows.get(policy.code) or policy.within(self.profile))

    def blocks(self, policy: Policy) -> bool:
        return self.setting(policy) == BLOCK

    def warns(self, policy: Policy) -> bool:
        return self.setting(policy) == WARN

    def asks(self, policy: Policy) -> bool:
        """Whether it is asked at all: refused, or shown and printed."""
        return self.setting(policy) != OFF


@permissive("whatever is written holds", lambda policy, setting: setting)
def _allowed(policy: Policy, setting: str) -> str:
    """The setting, or the nearest stricter one that may be chosen for the policy: a law is never off."""
    stricter = [each for each in SETTINGS if each in policy.allowed and SETTINGS.index(each) >= SETTINGS.index(setting)]
    return stricter[0] if stricter else BLOCK


@dataclass(frozen=True)
class Shift:
    """A policy that another version of the part sets otherwise in a place."""

    policy: Policy
    before: str
    after: str

    @property
    def stricter(self) -> bool:
        return SETTINGS.index(self.after) > SETTINGS.index(self.before)


def shifts(before: Standing, after: Standing, policies: Iterable[Policy]) -> list[Shift]:
    """What changes for something that stood so and will stand so."""
    found = [Shift(policy, before.setting(policy), after.setting(policy)) for policy in policies]
    return [shift for shift in found if shift.before != shift.after]


def shifts_anywhere(before: Choices, after: Choices, policies: Iterable[Policy]) -> list[Shift]:
    """What changes for the company, or for a unit or size that stands in a profile of its own in one of the two: each change once."""
    units = [Place((unit,)) for unit in {**before.units, **after.units}]
    places = [Place(), *units, *(Place((), tier) for tier in {**before.tiers, **after.tiers})]
    known = list(policies)
    return list(dict.fromkeys(shift for place in places for shift in shifts(before.at(place), after.at(place), known)))
