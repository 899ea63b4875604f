"""What the forms of parts are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from earshot.playbooks.conditions import MOST_CHARACTERS

Schema = Mapping[str, Any]
Row = Mapping[str, Any]
Tables = Mapping[str, list[dict[str, Any]]]

CODE = {"type": "string", "pattern": r"^[\w][\w.-]{0,59}$"}
WORDS = {"type": "string", "minLength": 1, "maxLength": 200}
BOOL = {"type": "boolean"}
# Who approves a new version of the part: sales operations (also where nothing is said), the head of a unit, or, of need templates, the
# heads of the units whose rows differ.
APPROVED_BY = {
    "anyOf": [
        {"enum": ["operations", "owners"]},
        {"type": "object", "properties": {"head_of": CODE}, "required": ["head_of"], "additionalProperties": False},
    ]
}
LINES = {"type": "string", "minLength": 1, "maxLength": 300}
MINUTES = {"type": "integer", "minimum": 1, "maximum": 10_000_000}
# A condition in CEL.
NEEDS = {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS}
_NAMED = {"code": CODE, "zh": WORDS, "en": WORDS}
# Rooms that are not built yet. A row of any table that would read one of them says so (`awaits:`): it is kept and listed as "not
# yet", checked for form alone, and nothing is done by it until then.
TO_COME = ["files", "chains", "offers", "plans", "contracts", "service", "reviews", "measures", "insight"]


def table(properties: Schema, required: list[str], *, read_by: str = "", awaits: Iterable[str] = TO_COME) -> dict[str, Any]:
    """A list of rows, each with a code and worded in both languages, and these columns. `awaits`: what a row may wait for.
    `read_by`: the room that will read the table; until it does, every row must say that it waits for it."""
    waits = {"enum": [read_by] if read_by else list(awaits)}
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {**_NAMED, **properties} | ({"awaits": waits} if waits["enum"] else {}),
            "required": ["code", "zh", "en", *required, *(["awaits"] if read_by else [])],
            "additionalProperties": False,
        },
    }


def part(tables: Schema, required: list[str]) -> dict[str, Any]:
    """A part with these tables, and who approves its versions."""
    properties = {"approved_by": APPROVED_BY, **tables}
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def named(row: Row) -> dict[str, str]:
    """The columns that every row has."""
    return {"code": row["code"], "zh": row["zh"], "en": row["en"]}


@dataclass(frozen=True)
class Words:
    """What a row is called, in the language of whoever reads it."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


def worded(row: Row) -> Words:
    return Words(str(row["zh"]), str(row["en"]))


def codes(rows: list[dict[str, Any]]) -> set[str]:
    return {row["code"] for row in rows}
