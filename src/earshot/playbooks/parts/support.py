"""Support: the catalogue of what units owe, and the trigger table. In force by date."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.kit.ruling import permissive
from earshot.playbooks import models as rows
from earshot.playbooks.findings import meant
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts import contradictions
from earshot.playbooks.parts.form import CODE, NEEDS, WORDS, Schema, Tables, named, part, table, worded
from earshot.playbooks.parts.policies import choices
from earshot.playbooks.parts.reach import never_true
from earshot.playbooks.parts.reading import Reading
from earshot.playbooks.parts.renamed import left_unsaid, sizes_named

_CODES = {"type": "array", "items": CODE, "minItems": 1, "uniqueItems": True}
_LEVEL = {"type": "integer", "minimum": 1, "maximum": 5}
SCHEMA: Schema = part(
    {
        "catalogue": table(
            {
                "unit": CODE,
                "role": CODE,
                "skill": CODE,
                "level": _LEVEL,
                "service_level": CODE,
                "result_zh": WORDS,
                "result_en": WORDS,
            },
            ["unit", "role", "service_level", "result_zh", "result_en"],
        ),
        "triggers": table({"stage": CODE, "support": CODE, "when": NEEDS}, ["stage", "support"]),
        "none_needed": table({"stage": CODE}, ["stage"]),
        # Which skills the catalogue may ask for, besides those that somebody has already.
        "skills": table({}, []),
        # What a kind of service asks for, and which units have it: by role, and by skill where it has one.
        "specialties": table({"role": CODE, "skill": CODE, "level": _LEVEL, "units": _CODES}, ["role", "units"]),
        # The types of service that a deal may carry, several at once, each with the specialties that it needs (A8.1a).
        "services": table({"specialties": _CODES}, ["specialties"]),
        # Two or three people of a unit who go out together (law 9), by their specialty.
        "emergency_groups": table(
            {"unit": CODE, "role": CODE, "skill": CODE, "size": {"type": "integer", "minimum": 2, "maximum": 3}, "service_level": CODE},
            ["unit", "role", "size", "service_level"],
            read_by="teams",
        ),
    },
    ["catalogue", "triggers", "none_needed"],
)


def check(reading: Reading) -> None:
    support, stages = reading.tables[rows.SUPPORT], reading.stages()
    reading.names(rows.SUPPORT, "catalogue", "unit", reading.known.units, _("unit"))
    reading.names(rows.SUPPORT, "catalogue", "role", reading.codes(rows.PROCESS, "roles"), _("role"))
    reading.names(rows.SUPPORT, "catalogue", "service_level", reading.codes(rows.SERVICE_LEVELS, "levels"), _("service level"))
    reading.names(rows.SUPPORT, "triggers", "stage", stages, _("stage"))
    reading.names(rows.SUPPORT, "triggers", "support", reading.codes(rows.SUPPORT, "catalogue"), _("support"))
    reading.names(rows.SUPPORT, "none_needed", "stage", stages, _("stage"))
    reading.names(rows.SUPPORT, "specialties", "units", reading.known.units, _("unit"))
    reading.names(rows.SUPPORT, "specialties", "role", reading.codes(rows.PROCESS, "roles"), _("role"))
    reading.names(rows.SUPPORT, "services", "specialties", reading.codes(rows.SUPPORT, "specialties"), _("specialty"))
    calling = {row["stage"] for row in support["triggers"]}
    said = calling | {row["stage"] for row in support["none_needed"]}
    for row in reading.tables[rows.PROCESS]["stages"] if _must_be_said(reading) else []:
        if row["code"] not in said:
            sentence = say(
                _("the stage “{stage}” ({code}) neither calls for support nor says that none is needed"),
                stage=worded(row),
                code=row["code"],
            )
            reading.finds(rows.SUPPORT, "none_needed", sentence)
    for row in support["triggers"]:
        if "when" in row:
            reading.condition(rows.SUPPORT, f"triggers/{row['code']}/when", row["when"])
    _sizes_renamed(reading)
    reading.tell(rows.SUPPORT, contradictions.calls_twice(support["triggers"], support["none_needed"]))
    if reading.known.facts is not None:
        reading.tell(rows.SUPPORT, never_true({"triggers": support["triggers"]}, reading.known.facts, "stage"))
    reading.tell(rows.SUPPORT, unknown_skills(support, reading.known.skills))
    for row in support["none_needed"]:
        if row["stage"] in calling:
            reading.finds(rows.SUPPORT, f"none_needed/{row['code']}", _("the stage also calls for support; only one can be true"))


def _sizes_renamed(reading: Reading) -> None:
    """A call that is for a tier of an older process says for which of the new ones it is."""
    own, older = reading.codes(rows.PROCESS, "tiers"), reading.known.sizes
    triggers = [row for row in reading.tables[rows.SUPPORT]["triggers"] if "when" in row]
    for row in triggers:
        same = [one for one in triggers if (one["stage"], one["support"]) == (row["stage"], row["support"])]
        unsaid = left_unsaid(set().union(*map(sizes_named, same)), sorted(own), older) if set(older) & sizes_named(row) else []
        if unsaid:
            sentence = _("it names a tier of an older process and not “{codes}”, which the process has now: say for which it is")
            reading.finds(rows.SUPPORT, f"triggers/{row['code']}/when", say(sentence, codes=", ".join(unsaid)))


def _must_be_said(reading: Reading) -> bool:
    """Whether a stage without an entry is refused anywhere; where the policy only warns, the gate says it and prints it (B20.3a)."""
    policy = (reading.known.policies or {}).get(rows.SUPPORT_SAID)
    chosen = choices(reading.tables[rows.POLICIES], reading.settings.get(rows.POLICIES, {}))
    return policy is not None and chosen.strictest(policy) == rows.BLOCK


@permissive("every skill will do", lambda support, held: [])
def unknown_skills(support: Tables, held: Collection[str] | None) -> list[tuple[str, Any]]:
    """Skills of the catalogue and of specialties that nobody has and that the list of skills does not name; a level of no skill. Where
    neither anybody has a skill yet nor a list stands there, those tables themselves say which skills there are."""
    listed = {row["code"] for row in support["skills"]}
    known = listed | set(held or ())
    found: list[tuple[str, Any]] = []
    for table_, row in [(name, row) for name in ("catalogue", "specialties") for row in support.get(name, ())]:
        if known and row.get("skill", "") not in {"", *known}:
            sentence = _("nobody has the skill “{code}”, and the table “skills” does not name it{hint}")
            found.append((f"{table_}/{row['code']}/skill", say(sentence, code=row["skill"], hint=meant(row["skill"], known))))
        if "level" in row and "skill" not in row:
            found.append((f"{table_}/{row['code']}/level", _("a level of no skill: name the skill, or leave the level out")))
    return found


def write(version: PartVersion, tables: Tables) -> None:
    catalogue = {
        row["code"]: rows.SupportItem.objects.create(
            version=version,
            **named(row),
            unit_code=row["unit"],
            role_code=row["role"],
            skill=row.get("skill", ""),
            level=row.get("level", 0),
            service_level=row["service_level"],
            result_zh=row["result_zh"],
            result_en=row["result_en"],
        )
        for row in tables["catalogue"]
    }
    for row in tables["triggers"]:
        called = catalogue[row["support"]]
        rows.Trigger.objects.create(version=version, **named(row), stage_code=row["stage"], support=called, when=row.get("when", ""))
    for row in tables["none_needed"]:
        rows.NoneNeeded.objects.create(version=version, **named(row), stage_code=row["stage"])
    specialties = {
        row["code"]: rows.Specialty.objects.create(
            version=version,
            **named(row),
            role_code=row["role"],
            skill=row.get("skill", ""),
            level=row.get("level", 0),
            unit_codes=list(row["units"]),
        )
        for row in tables["specialties"]
    }
    for position, row in enumerate(tables["services"], start=1):
        service = rows.ServiceType.objects.create(version=version, **named(row), position=position)
        rows.Needing.objects.bulk_create(
            [rows.Needing(service=service, specialty=specialties[code], position=at) for at, code in enumerate(row["specialties"], start=1)]
        )
