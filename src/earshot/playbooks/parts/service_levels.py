"""Service levels: limits and ladders. In force by date."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.playbooks import models as rows
from earshot.playbooks.findings import meant
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts import contradictions
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
        known = reading.known.addressees
        for number, rung in enumerate(level["ladder"]):
            if known is not None and rung["addressee"] not in known:
                sentence = _("nobody answers to the addressee “{name}”{hint}")
                told = say(sentence, name=rung["addressee"], hint=meant(rung["addressee"], known))
                reading.finds(rows.SERVICE_LEVELS, f"{place}/ladder/{number}/addressee", told)
        reading.tell(rows.SERVICE_LEVELS, contradictions.ladder(level))


def write(version: PartVersion, tables: Tables) -> None:
    for row in tables["levels"]:
        level = rows.ServiceLevel.objects.create(
            version=version, **named(row), measure=row["measure"], minutes=row["minutes"], serves=row.get("serves", "")
        )
        rows.Rung.objects.bulk_create([rows.Rung(service_level=level, **rung) for rung in row["ladder"]])
