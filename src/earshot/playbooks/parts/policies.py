"""Policies: the company's profile, policies that are set by themselves, units and sizes that stand in another profile. In force by date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.playbooks import models as rows
from earshot.playbooks.findings import meant
from earshot.playbooks.models import BLOCK, LAWS, WARN, PartVersion
from earshot.playbooks.parts.form import CODE, Schema, Tables, named, part, table
from earshot.playbooks.parts.reading import Reading
from earshot.playbooks.parts.renamed import left_unsaid
from earshot.playbooks.policies import Choices

PROFILE = {"enum": rows.PROFILES}
_POLICIES = table({"setting": {"enum": rows.SETTINGS}}, ["setting"])
_POLICIES["items"] |= {
    "if": {"properties": {"code": {"enum": LAWS}}, "required": ["code"]},
    "then": {"properties": {"setting": {"enum": [BLOCK, WARN]}}},
}
SCHEMA: Schema = part(
    {
        "profile": PROFILE,
        "policies": _POLICIES,
        "units": table({"unit": CODE, "profile": PROFILE}, ["unit", "profile"]),
        "tiers": table({"tier": CODE, "profile": PROFILE}, ["tier", "profile"]),
    },
    ["profile"],
)


def check(reading: Reading) -> None:
    tables, known = reading.tables[rows.POLICIES], reading.known
    for row in tables.get("policies", []) if known.policies is not None else []:
        place, policy = f"policies/{row['code']}", (known.policies or {}).get(row["code"])
        if policy is None:
            hint = meant(row["code"], known.policies or ())
            sentence = _("there is no policy “{code}”{hint}; known: {known}")
            reading.finds(rows.POLICIES, place, say(sentence, code=row["code"], hint=hint, known=", ".join(known.policies or ())))
        elif row["setting"] not in policy.allowed:
            sentence = say(_("this policy may be {allowed}, and not “{given}”"), allowed=", ".join(policy.allowed), given=row["setting"])
            reading.finds(rows.POLICIES, f"{place}/setting", sentence)
    reading.names(rows.POLICIES, "units", "unit", known.units, _("unit"))
    reading.names(rows.POLICIES, "tiers", "tier", reading.tiers(rows.POLICIES), _("tier"))
    _sizes_renamed(reading)
    _once(reading, "units", "unit")
    _once(reading, "tiers", "tier")


def _sizes_renamed(reading: Reading) -> None:
    """Where a tier of an older process stands in a profile of its own, so does each that the process has gained."""
    own, older, table = reading.codes(rows.PROCESS, "tiers"), reading.known.sizes, reading.tables[rows.POLICIES].get("tiers", [])
    for code in left_unsaid([row["tier"] for row in table], sorted(own), older):
        sentence = _("a tier of an older process stands in a profile here, and “{code}”, which the process has now, does not: say in which")
        reading.finds(rows.POLICIES, "tiers", say(sentence, code=code))


def _once(reading: Reading, name: str, column: str) -> None:
    seen: set[str] = set()
    for row in reading.tables[rows.POLICIES].get(name, []):
        if row[column] in seen:
            sentence = say(_("“{code}” stands in a profile already; it stands in one"), code=row[column])
            reading.finds(rows.POLICIES, f"{name}/{row['code']}/{column}", sentence)
        seen.add(row[column])


def choices(tables: Tables, settings: Mapping[str, Any]) -> Choices:
    """What the part chooses, as it is written."""

    def of(name: str, key: str, value: str) -> dict[str, str]:
        return {row[key]: row[value] for row in tables.get(name, [])}

    profile = str(settings.get("profile", rows.STANDARD))
    return Choices(profile, of("policies", "code", "setting"), of("units", "unit", "profile"), of("tiers", "tier", "profile"))


def write(version: PartVersion, tables: Tables) -> None:
    for row in tables.get("policies", []):
        rows.Policy.objects.create(version=version, **named(row), setting=row["setting"])
    for row in tables.get("units", []):
        rows.UnitProfile.objects.create(version=version, **named(row), unit_code=row["unit"], profile=row["profile"])
    for row in tables.get("tiers", []):
        rows.TierProfile.objects.create(version=version, **named(row), tier_code=row["tier"], profile=row["profile"])
