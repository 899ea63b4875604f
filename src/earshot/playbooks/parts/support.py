"""Support: the catalogue of what units owe, and the trigger table. In force by date."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.playbooks import models as rows
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts.form import CODE, NEEDS, WORDS, Schema, Tables, named, part, table
from earshot.playbooks.parts.reading import Reading

SCHEMA: Schema = part(
    {
        "catalogue": table(
            {
                "unit": CODE,
                "role": CODE,
                "skill": CODE,
                "level": {"type": "integer", "minimum": 1, "maximum": 5},
                "service_level": CODE,
                "result_zh": WORDS,
                "result_en": WORDS,
            },
            ["unit", "role", "service_level", "result_zh", "result_en"],
        ),
        "triggers": table({"stage": CODE, "support": CODE, "when": NEEDS}, ["stage", "support"]),
        "none_needed": table({"stage": CODE}, ["stage"]),
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
    calling = {row["stage"] for row in support["triggers"]}
    said = calling | {row["stage"] for row in support["none_needed"]}
    for row in reading.tables[rows.PROCESS]["stages"]:
        if row["code"] not in said:
            sentence = say(_("the stage “{code}” neither calls for support nor says that none is needed"), code=row["code"])
            reading.finds(rows.SUPPORT, "none_needed", sentence)
    for row in support["triggers"]:
        if "when" in row:
            reading.condition(rows.SUPPORT, f"triggers/{row['code']}/when", row["when"])
    for row in support["none_needed"]:
        if row["stage"] in calling:
            reading.finds(rows.SUPPORT, f"none_needed/{row['code']}", _("the stage also calls for support; only one can be true"))


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
