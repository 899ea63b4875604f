"""Measures: what is counted, how often, and what is aimed at. In force by date."""

from __future__ import annotations

from earshot.playbooks.models import PartVersion
from earshot.playbooks.parts.form import CODE, Schema, Tables, part, table
from earshot.playbooks.parts.reading import Reading

PERIODS = ["day", "week", "month", "quarter", "year"]

SCHEMA: Schema = part(
    {
        "measures": table(
            {
                "counts": CODE,
                "period": {"enum": PERIODS},
                "target": {"type": "number"},
                "points": {"type": "integer", "minimum": -1000, "maximum": 1000},
                "unit": CODE,
            },
            ["counts", "period"],
            read_by="measures",
        )
    },
    ["measures"],
)


def check(reading: Reading) -> None:
    """Every row waits for the room that will count, so its form is all there is to check."""


def write(version: PartVersion, tables: Tables) -> None:
    """No rows: nothing reads them yet, and the version keeps its text."""
