"""Rows that wait for a room that is not built yet (`awaits:`): kept, checked for form, listed as "not yet", and otherwise left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from earshot.playbooks.parts.form import Row, Tables

# What a row waits for, in words.
ROOMS = {
    "files": _("files"),
    "teams": _("squads and emergency groups"),
    "deals": _("the green channel"),
    "voice": _("needs on templates"),
    "chains": _("decision chains"),
    "offers": _("offers and their margin"),
    "plans": _("battle plans"),
    "contracts": _("contracts"),
    "service": _("service"),
    "reviews": _("reviews"),
    "measures": _("measures and scorecards"),
    "insight": _("figures and questions"),
}


@dataclass(frozen=True)
class Waiting:
    """A row that is inert until a room is there. `place`: path inside the file; `line`: counted from 1; `awaits`: the room; `needs`: what
    it would ask of a deal, where it is a condition."""

    part: str
    table: str
    code: str
    zh: str
    en: str
    awaits: str
    place: str
    line: int | None = None
    needs: str = ""

    @property
    def what_for(self) -> Any:
        return ROOMS[self.awaits]

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


def living(tables: Tables) -> Tables:
    """The tables without rows that wait, also those inside a row."""
    return {name: [_living(row) for row in rows if "awaits" not in row] for name, rows in tables.items()}


def _living(row: Row) -> dict[str, Any]:
    return {name: [one for one in value if "awaits" not in one] if _is_table(value) else value for name, value in row.items()}


def waiting(part: str, tables: Tables) -> Iterator[Waiting]:
    """The rows of a part that wait, in the order in which they stand."""
    for table, rows in tables.items():
        for row in rows:
            yield from _waiting(part, table, table, row)


def _waiting(part: str, table: str, path: str, row: Row) -> Iterator[Waiting]:
    place = f"{path}/{row['code']}"
    if "awaits" in row:
        yield Waiting(part, table, row["code"], row["zh"], row["en"], row["awaits"], place, needs=str(row.get("needs", "")))
        return
    for name, value in row.items():
        for inner in value if _is_table(value) else ():
            if "code" in inner:
                yield from _waiting(part, name, f"{place}/{name}", inner)


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)
