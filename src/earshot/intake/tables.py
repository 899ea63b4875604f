"""Reading CSV files as they are: rows with their lines, and what is wrong with their form. No table is touched."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from earshot.intake.maps import FIELDS, AnyMap, TableMap
from earshot.kit.problems import Line, Refusal, say

BEYOND = "…"  # under this name a row keeps the cells that go beyond the header


@dataclass(frozen=True)
class Row:
    """One row as it came: `line` is where it begins in its file, `cells` are by column."""

    file: str
    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Bad:
    """A bad or unknown value, and the row that it stands in. `brought_in`: the row was taken all the same, without the value."""

    row: Row
    column: str
    value: str
    code: str
    brought_in: bool = True


@dataclass
class Table:
    """A file that was read. `kind`: which table of the map. `column_of`: our field → its column, for the columns that are there.
    `missing`: columns of the map that are not; `unknown`: columns that the map does not speak of. `misshapen`: by line, what is
    wrong with the form of the row."""

    kind: str
    file: str
    rows: list[Row]
    column_of: Mapping[str, str]
    missing: list[Bad] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    misshapen: dict[int, Bad] = field(default_factory=dict)


def read_all(folder: Path, map_: AnyMap) -> dict[str, Table]:
    """Every file of the map. One Refusal names each file that cannot be read as the map says; then nothing is read."""
    tables: dict[str, Table] = {}
    faults: list[Line] = []
    for name, table in map_.tables.items():
        try:
            path = folder / table.file
            tables[name] = read_text(path, _text(path, map_.encoding), name, table)
        except Refusal as refusal:
            faults += refusal.lines
    if faults:
        sentence = say(_("The files in {folder} cannot be read as the map says: {count} findings."), folder=str(folder), count=len(faults))
        raise Refusal("intake.files", sentence, lines=faults)
    return tables


def columns_of(text: str) -> list[str]:
    """What the first line names; empty: it cannot be read."""
    try:
        return [cell.strip() for cell in next(csv.reader(io.StringIO(text, newline=""), strict=True), []) if cell.strip()]
    except csv.Error:
        return []


def read_text(path: Path, text: str, name: str, table: TableMap) -> Table:
    """The table that the text of a file holds; `path`: what findings call it."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header, rows, begins = None, [], 1
    try:
        for cells in reader:
            if header is None:
                header = [cell.strip() for cell in cells]
            elif any(cell.strip() for cell in cells):
                rows.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise _fault(path, say(_("the row that begins in line {line} is not CSV: {error}"), line=begins, error=str(error))) from None
    if not header:
        raise _fault(path, _("the file is empty; its first line must name the columns"))
    read = Table(name, table.file, [], _columns(path, name, table, header))
    read.unknown = [column for column in header if column and column not in table.columns and column not in table.unused]
    first = Row(table.file, 1, dict.fromkeys(header, ""))
    read.missing = [Bad(first, column, "", "column.missing") for column in table.columns if column not in header]
    for line, cells in rows:
        row = Row(table.file, line, _cells(header, cells))
        read.rows.append(row)
        if len(cells) < len(header):
            read.misshapen[line] = Bad(row, header[len(cells)], "", "row.short")
        elif BEYOND in row.cells:
            read.misshapen[line] = Bad(row, BEYOND, row.cells[BEYOND], "row.long")
    return read


def _cells(header: list[str], cells: list[str]) -> dict[str, str]:
    row = dict(zip(header, [*cells, *[""] * len(header)], strict=False))
    beyond = [cell for cell in cells[len(header) :] if cell.strip()]
    return row | ({BEYOND: ",".join(beyond)} if beyond else {})


def _text(path: Path, encoding: str) -> str:
    """The whole file as text; bytes that are none become U+FFFD, and the cell that holds one is told of later."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _fault(path, say(_("the file cannot be read: {error}"), error=error.strerror or str(error))) from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _fault(path, _("the file is UTF-16; save it as CSV in UTF-8"))
    return content.removeprefix(codecs.BOM_UTF8).decode(encoding, errors="replace")


def _columns(path: Path, name: str, table: TableMap, header: list[str]) -> dict[str, str]:
    """Our field → its column. A column that rows are nothing without must be there, and no column twice."""
    faults = [_line(path, say(_("the column “{column}” is there twice"), column=c)) for c in table.columns if header.count(c) > 1]
    for column, field_ in table.columns.items():
        if column not in header and FIELDS[name][field_]:
            near = get_close_matches(column, header, n=1)
            hint = say(_("; did you mean “{name}”?"), name=near[0]) if near else ""
            faults.append(_line(path, say(_("the column “{column}” is missing{hint}"), column=column, hint=hint)))
    if faults:
        raise Refusal("intake.file", "", lines=faults)
    return {field_: column for column, field_ in table.columns.items() if column in header}


def _line(path: Path, sentence: Any) -> Line:
    return Line("intake.file", say(_("{where}: {what}"), where=path.name, what=sentence))


def _fault(path: Path, sentence: Any) -> Refusal:
    return Refusal("intake.file", "", lines=[_line(path, sentence)])
