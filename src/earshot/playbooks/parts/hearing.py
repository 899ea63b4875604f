"""Hearing: what a statement can be about, and who must hear it; where leads come from, and how warm they are. In force by date."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.kit.ruling import permissive
from earshot.playbooks import models as rows
from earshot.playbooks.findings import nearest
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts import contradictions
from earshot.playbooks.parts.form import BOOL, CODE, Row, Schema, Tables, codes, named, part, table
from earshot.playbooks.parts.reading import Reading

SCHEMA: Schema = part(
    {
        "categories": table({"critical": BOOL}, []),
        "hearers": table({"category": CODE, "role": CODE, "service_level": CODE}, ["category", "role", "service_level"]),
        "default": table({"role": CODE, "service_level": CODE}, ["role", "service_level"], awaits=()) | {"minItems": 1, "maxItems": 1},
        "lead_sources": table({}, [], awaits=()),
        "lead_ratings": table({"demands": {"type": "array", "items": {"enum": rows.LEAD_DEMANDS}, "uniqueItems": True}}, [], awaits=()),
    },
    ["categories", "hearers", "default"],
)


def check(reading: Reading) -> None:
    hearing, levels = reading.tables[rows.HEARING], reading.codes(rows.SERVICE_LEVELS, "levels")
    roles = reading.codes(rows.PROCESS, "roles")
    reading.names(rows.HEARING, "hearers", "category", reading.codes(rows.HEARING, "categories"), _("category"))
    for table_of_hearers in ("hearers", "default"):
        reading.names(rows.HEARING, table_of_hearers, "role", roles, _("role"))
        reading.names(rows.HEARING, table_of_hearers, "service_level", levels, _("service level"))
    reading.tell(rows.HEARING, without_rule(hearing))
    reading.tell(rows.HEARING, contradictions.heard_twice(hearing["hearers"]))
    if sentence := _default_too_slow(hearing, reading.tables[rows.SERVICE_LEVELS]["levels"]):
        reading.finds(rows.HEARING, f"default/{hearing['default'][0]['code']}/service_level", sentence)


@permissive("any limit will do", lambda hearing, known: "")
def _default_too_slow(hearing: Tables, known: Iterable[Row]) -> Any:
    """What nobody has filed yet counts as critical at a vote until somebody says what it is about (law 3): a longer limit for hearing it
    would let the vote come before the alarm. Limits of different measures are not held against each other."""
    levels = {row["code"]: row for row in known}
    critical = {row["code"] for row in hearing["categories"] if row.get("critical")}
    default = levels.get(hearing["default"][0]["service_level"])
    if default is None:
        return ""
    asked = [levels[row["service_level"]] for row in hearing["hearers"] if row["category"] in critical and row["service_level"] in levels]
    limits = [row["minutes"] for row in asked if row["measure"] == default["measure"]]
    if not limits or default["minutes"] <= min(limits):
        return ""
    sentence = _("what is not filed yet counts as critical, so it must be heard as soon as that: within {minutes} minutes")
    return say(sentence, minutes=min(limits))


@permissive("every category is heard by somebody", lambda hearing: [])
def without_rule(hearing: Tables) -> list[tuple[str, Any]]:
    """Categories that no rule names: whatever is said of them goes to the default hearer, and operations are alarmed each time. One that
    a rule names with a slip of the pen is not told a second time."""
    there = codes(hearing["categories"])
    ruled = {row["category"] if row["category"] in there else nearest(row["category"], there) for row in hearing["hearers"]}
    sentence = _("no rule says who hears this category, so all of it goes to the default hearer: add a row to “hearers”")
    return [(f"categories/{row['code']}", sentence) for row in hearing["categories"] if row["code"] not in ruled]


def write(version: PartVersion, tables: Tables) -> None:
    categories = {
        row["code"]: rows.Category.objects.create(version=version, **named(row), critical=row.get("critical", False))
        for row in tables["categories"]
    }
    for row in tables["hearers"]:
        rows.HearerRule.objects.create(
            version=version,
            **named(row),
            category=categories[row["category"]],
            role_code=row["role"],
            service_level=row["service_level"],
        )
    for row in tables["default"]:
        rows.DefaultHearer.objects.create(version=version, **named(row), role_code=row["role"], service_level=row["service_level"])
    for position, row in enumerate(tables.get("lead_sources", []), start=1):
        rows.LeadSource.objects.create(version=version, **named(row), position=position)
    for position, row in enumerate(tables.get("lead_ratings", []), start=1):
        rows.LeadRating.objects.create(version=version, **named(row), position=position, demands=row.get("demands", []))
