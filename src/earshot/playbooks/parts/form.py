"""What the forms of parts are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earshot.playbooks.conditions import MOST_CHARACTERS

Schema = Mapping[str, Any]
Row = Mapping[str, Any]
Tables = Mapping[str, list[dict[str, Any]]]

CODE = {"type": "string", "pattern": r"^[\w][\w.-]{0,59}$"}
WORDS = {"type": "string", "minLength": 1, "maxLength": 200}
BOOL = {"type": "boolean"}
MINUTES = {"type": "integer", "minimum": 1, "maximum": 10_000_000}
# A condition in CEL.
NEEDS = {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS}
_NAMED = {"code": CODE, "zh": WORDS, "en": WORDS}


def table(properties: Schema, required: list[str]) -> dict[str, Any]:
    """A list of rows, each with a code and worded in both languages, and these columns."""
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {**_NAMED, **properties},
            "required": ["code", "zh", "en", *required],
            "additionalProperties": False,
        },
    }


def part(tables: Schema, required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": tables, "required": required, "additionalProperties": False}


def named(row: Row) -> dict[str, str]:
    """The columns that every row has."""
    return {"code": row["code"], "zh": row["zh"], "en": row["en"]}


def codes(rows: list[dict[str, Any]]) -> set[str]:
    return {row["code"] for row in rows}
