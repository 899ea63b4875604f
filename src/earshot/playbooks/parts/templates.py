"""Need templates: what is asked of the customer, field by field, each owned by the unit that needs the answer (B21.2b). In force by
date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.kit.problems import say
from earshot.kit.ruling import permissive
from earshot.playbooks import models as rows
from earshot.playbooks.findings import nearest
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts.form import BOOL, CODE, LINES, TO_COME, WORDS, Row, Schema, Tables, codes, part, table
from earshot.playbooks.parts.reading import Reading

CHOICE, NUMBER = "choice", "number"
KINDS = ["text", NUMBER, "date", CHOICE, "yes_no"]
# Needs are written down in this room, from its next order on.
_AWAITS = ["voice", *TO_COME]
# B21.2a: why it is asked and what for, help in plain words, the question to put to the customer, and an example.
_SAID = [f"{what}_{language}" for what in ("reason", "help", "ask", "example") for language in ("zh", "en")]

SCHEMA: Schema = part(
    {
        "templates": table({"unit": CODE, "category": CODE, "stage": CODE, "service_type": CODE}, ["unit"], awaits=_AWAITS),
        "fields": table(
            {
                "template": CODE,
                "unit": CODE,
                "kind": {"enum": KINDS},
                "measured_in": WORDS,
                "choices": table({}, [], awaits=()) | {"minItems": 2},
                "required": BOOL,
                **dict.fromkeys(_SAID, LINES),
            },
            ["template", "unit", "kind", *_SAID],
            awaits=_AWAITS,
        ),
    },
    ["templates", "fields"],
)


def check(reading: Reading) -> None:
    templates = reading.codes(rows.TEMPLATES, "templates")
    for table_of_both in ("templates", "fields"):
        reading.names(rows.TEMPLATES, table_of_both, "unit", reading.known.units, _("unit"))
    reading.names(rows.TEMPLATES, "templates", "category", reading.codes(rows.HEARING, "categories"), _("category"))
    reading.names(rows.TEMPLATES, "templates", "stage", reading.stages(), _("stage"))
    services = reading.codes(rows.SUPPORT, "services")
    reading.names(rows.TEMPLATES, "templates", "service_type", services, _("type of service"))
    reading.names(rows.TEMPLATES, "fields", "template", templates, _("template"))
    reading.tell(rows.TEMPLATES, unasked(reading.tables[rows.TEMPLATES]))
    reading.tell(rows.TEMPLATES, misformed(reading.tables[rows.TEMPLATES]["fields"]))


@permissive("every template asks something", lambda tables: [])
def unasked(tables: Tables) -> list[tuple[str, Any]]:
    """Templates without a field; not those that a field names with a slip of the pen."""
    there = codes(tables["templates"])
    asked = {row["template"] if row["template"] in there else nearest(row["template"], there) for row in tables["fields"]}
    sentence = _("the template asks nothing: no row of “fields” names it")
    return [(f"templates/{row['code']}", sentence) for row in tables["templates"] if row["code"] not in asked]


@permissive("every field can be filled in", lambda fields: [])
def misformed(fields: Sequence[Row]) -> list[tuple[str, Any]]:
    """Fields whose columns contradict their kind."""
    found: list[tuple[str, Any]] = []
    for row in fields:
        place, choices = f"fields/{row['code']}", [one["code"] for one in row.get("choices", [])]
        if row["kind"] == CHOICE and not choices:
            found.append((f"{place}/kind", _("a choice needs “choices”: at least two")))
        if row["kind"] != CHOICE and choices:
            found.append(
                (f"{place}/choices", say(_("only a field of the kind “choice” has choices; this one is “{kind}”"), kind=row["kind"]))
            )
        if row["kind"] != NUMBER and "measured_in" in row:
            found.append(
                (f"{place}/measured_in", say(_("only a number is measured in something; this field is “{kind}”"), kind=row["kind"]))
            )
        if len(set(choices)) < len(choices):
            found.append((f"{place}/choices", _("a code stands twice among the choices")))
    return found


def write(version: PartVersion, tables: Tables) -> None:
    """No rows: nothing reads them yet, and the version keeps its text."""
