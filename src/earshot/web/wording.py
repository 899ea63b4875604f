"""The cells of a part of the playbook in words, and what differs between two texts of it, for whoever never reads the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from earshot.kit.problems import Refusal, say
from earshot.playbooks import editing, parts, tables
from earshot.playbooks.editing import Said
from earshot.playbooks.findings import Finding
from earshot.playbooks.parts import meaning
from earshot.playbooks.tables import ABSENT, Cell, Table, TableRow, Tables
from earshot.web.parts import ADDRESSEES
from earshot.web.templatetags.looks import quoted

LONG = 200  # characters that a cell may hold and still stand in a table; longer ones stand in the opened row
COMES, GOES, CHANGES = "comes", "goes", "changes"
APPROVERS = {"operations": gettext_lazy("sales operations"), "owners": gettext_lazy("the heads of the units whose rows change")}


@dataclass(frozen=True)
class Difference:
    """A row, or the part as a whole, that two texts say otherwise. `kind`: it comes, goes or changes; `place`: `table/code`; `what`: what
    it is called; `cells`: (column, before, after) in words, of a row that comes or goes only what it says."""

    kind: str
    place: str
    what: str
    cells: list[tuple[str, Any, Any]]


@dataclass
class Wording:
    """Words a part. `named`: rows of all parts by which a cell's codes are called (`editing.Draft.named`)."""

    part: str
    named: Mapping[str, Said]
    _choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def names(self, names: str) -> list[tuple[str, str]]:
        """What a cell can name, as pairs of code and name (`meaning.Column.names`)."""
        if names not in self._choices:
            self._choices[names] = editing.choices(names, self.named)
        return self._choices[names]

    def title(self, row: TableRow) -> str:
        """What a row is called in the reader's language; empty where it has no words."""
        name = "en" if (get_language() or "").startswith("en") else "zh"
        for each in (name, "name"):
            if each in row.cells and row.cells[each].written:
                return clipped(str(row.cells[each].value))
        return ""

    def label(self, table: str, name: str) -> Any:
        """What a column of the table is called."""
        means = meaning.column(self.part, table, name)
        if means is None and (inner := meaning.of(self.part, f"{table}/0/{name}")):
            return inner.title
        return means.title if means else name

    def said(self, table: str, name: str, cell: Cell) -> Any:
        """The value of a cell in words."""
        value, means = cell.value, meaning.column(self.part, table, name)
        if value is ABSENT or value == "" or value is False:
            return ""
        if value is True:
            return pgettext("in a cell", "yes")
        if isinstance(value, dict):
            unit = str(value.get("head_of", ""))
            return _("the head of %(unit)s") % {"unit": dict(self.names(meaning.UNITS)).get(unit, unit)}
        if means is not None and not isinstance(value, list) and value in means.words:
            return str(means.words[value])
        if name == "approved_by":
            return str(APPROVERS.get(value, value))
        if means is not None and means.names == meaning.ADDRESSEES:
            return str(ADDRESSEES.get(value, value))
        if means is not None and means.names:
            known = dict(self.names(means.names))
            return quoted(_(", ").join(known.get(str(one), str(one)) for one in (value if isinstance(value, list) else [value])))
        if isinstance(value, list):
            return quoted(", ".join(map(str, value)))
        if means is not None and means.unit:
            return f"{value} {means.unit}" if means.unit != "%" else f"{value}%"
        return quoted(clipped(str(value)))

    def summary(self, table: Table) -> list[str]:
        """The rows of a table in a row, a few words each."""
        found = []
        for row in table.rows:
            named = row.cells.get("addressee")
            words = [str(self.said(table.place, "addressee", named)) if named is not None and named.written else self.title(row)]
            for name in ("share", "minutes"):
                if name in row.cells and row.cells[name].written:
                    words.insert(0, str(self.said(table.place, name, row.cells[name])))
            found.append(" ".join(words))
        return found

    def of_place(self, read: Tables, place: str) -> str:
        """A place of the part in words: the table, the row, the column; as it is written where there is no such row."""
        if not place:
            return ""
        table, *steps = place.split("/")
        found = [self._of_table(table)]
        above = table
        while steps:
            row = editing.row_at(read, f"{above}/{steps[0]}")
            if row is None:
                return place
            found.append(self.title(row) or row.code)
            if len(steps) > 1:
                found.append(str(self.label(above, steps[1])))
            above, steps = f"{above}/{'/'.join(steps[:2])}", steps[2:]
        return " · ".join(found)

    def _of_table(self, table: str) -> str:
        means, of_file = meaning.of(self.part, table), meaning.column(self.part, "", table)
        return str(means.title if means else of_file.title if of_file else table)

    def read(self, text: str) -> Tables | None:
        """A text of the part as tables; None where it cannot be read so."""
        try:
            return tables.read(text, parts.BY_NAME[self.part].schema)
        except Refusal:
            return None

    def finding(self, read: Tables | None, finding: Finding) -> Any:
        """What the check found, with its place in words; where it has none on the tables, as it is told of the file."""
        if read is None or not finding.place:
            return finding.as_line().sentence
        where = self.of_place(read, editing.place_on(finding.place, read))
        return say(_("{where}: {what}"), where=where, what=finding.sentence)

    def differences(self, before: str, after: str) -> list[Difference] | None:
        """What two texts of the part say otherwise, row by row; empty where only their writing differs; None where one of them cannot
        be read as tables."""
        old, new = self.read(before), self.read(after)
        if old is None or new is None:
            return None
        of_file = [
            (str(self.label("", name)), self.said("", name, old.settings[name]), self.said("", name, cell))
            for name, cell in new.settings.items()
            if old.settings[name].value != cell.value
        ]
        found = [Difference(CHANGES, "", _("The part as a whole"), of_file)] if of_file else []
        for name, table in new.tables.items():
            found += self._of_rows(old.tables[name], table)
        return found

    def _of_rows(self, old: Table, new: Table) -> Iterator[Difference]:
        was, will = ({row.code: row for row in table.rows} for table in (old, new))
        named = self._of_table(new.place)
        for code, row in will.items():
            if code not in was:
                yield Difference(
                    COMES, row.place, f"{named} · {self.title(row) or code}", [(one, "", said) for one, said in self._cells(new, row)]
                )
            elif cells := self._otherwise(new, was[code], row):
                yield Difference(CHANGES, row.place, f"{named} · {self.title(row) or code}", cells)
        for code, row in was.items():
            if code not in will:
                yield Difference(
                    GOES, row.place, f"{named} · {self.title(row) or code}", [(one, said, "") for one, said in self._cells(old, row)]
                )
        stay = [code for code in was if code in will]
        if stay != [code for code in will if code in was]:
            yield Difference(CHANGES, new.place, named, [(_("Order of the rows"), _("as before"), _("another one"))])

    def _cells(self, table: Table, row: TableRow) -> list[tuple[str, Any]]:
        cells = [
            (str(self.label(table.place, name)), self.said(table.place, name, cell)) for name, cell in row.cells.items() if cell.written
        ]
        inner = [(str(self.label(table.place, name)), "; ".join(self.summary(one))) for name, one in row.tables.items() if one.rows]
        return [one for one in [*cells, *inner] if one[1]]

    def _otherwise(self, table: Table, was: TableRow, will: TableRow) -> list[tuple[str, Any, Any]]:
        found = [
            (str(self.label(table.place, name)), self.said(table.place, name, was.cells[name]), self.said(table.place, name, cell))
            for name, cell in will.cells.items()
            if was.cells[name].value != cell.value
        ]
        for name, inner in will.tables.items():
            if _values(was.tables[name]) != _values(inner):
                before, after = ("; ".join(self.summary(one)) for one in (was.tables[name], inner))
                found.append((str(self.label(table.place, name)), before, after))
        return found


def _values(table: Table) -> list[Any]:
    return [({name: cell.value for name, cell in row.cells.items()}, [_values(one) for one in row.tables.values()]) for row in table.rows]


def clipped(text: str) -> str:
    """As much of a text as a cell of a table shows; the whole stands in the opened row."""
    return f"{text[:LONG]}…" if len(text) > LONG else text


def differences_shown(found: list[Difference] | None) -> list[dict[str, Any]]:
    """Differences as `web/_differences.html` takes them."""
    return [{"kind": one.kind, "place": one.place, "what": one.what, "cells": one.cells} for one in found or ()]
