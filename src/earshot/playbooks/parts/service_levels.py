"""Service levels: limits and ladders. In force by date."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.playbooks import models as rows
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts.form import CODE, MINUTES, Schema, Tables, named, part, table
from earshot.playbooks.parts.reading import Reading

SCHEMA: Schema = part(
    {
        "levels": table(
            {
                "measure": {"enum": ["working", "clock"]},
                "minutes": MINUTES,
                "serves": {"enum": rows.SERVES},
                "ladder": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": CODE,
                            "addressee": CODE,
                            "share": {"type": "integer", "minimum": 1, "maximum": 1000},
                            "minutes": MINUTES,
                        },
                        "required": ["name", "addressee"],
                        "oneOf": [{"required": ["share"]}, {"required": ["minutes"]}],
                        "additionalProperties": False,
                    },
                },
            },
            ["measure", "minutes", "ladder"],
        )
    },
    ["levels"],
)


def check(reading: Reading) -> None:
    serving: dict[str, str] = {}
    for level in reading.tables[rows.SERVICE_LEVELS]["levels"]:
        place = f"levels/{level['code']}"
        if "serves" in level and (first := serving.setdefault(level["serves"], level["code"])) != level["code"]:
            sentence = say(_("the level “{code}” serves this already; one level does"), code=first)
            reading.finds(rows.SERVICE_LEVELS, f"{place}/serves", sentence)
        for rung in level["ladder"]:
            if reading.known.addressees is not None and rung["addressee"] not in reading.known.addressees:
                sentence = say(_("nobody answers to the addressee “{name}”"), name=rung["addressee"])
                reading.finds(rows.SERVICE_LEVELS, f"{place}/ladder", sentence)


def write(version: PartVersion, tables: Tables) -> None:
    for row in tables["levels"]:
        level = rows.ServiceLevel.objects.create(
            version=version, **named(row), measure=row["measure"], minutes=row["minutes"], serves=row.get("serves", "")
        )
        rows.Rung.objects.bulk_create([rows.Rung(service_level=level, **rung) for rung in row["ladder"]])
