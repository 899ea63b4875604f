"""Need templates: what is asked of the customer, field by field, each owned by the unit that needs the answer (B21.2b). In force by
date."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.playbooks import models as rows
from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts.form import BOOL, CODE, LINES, TO_COME, WORDS, Schema, Tables, part, table
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
    reading.names(rows.TEMPLATES, "fields", "template", templates, _("template"))


def write(version: PartVersion, tables: Tables) -> None:
    """No rows: nothing reads them yet, and the version keeps its text."""
