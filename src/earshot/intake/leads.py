"""From the rows of a list to leads, pure, by the same rules as `rules.py`: what a row can do without is left out of it, what it is nothing
without leaves it out, and either is told."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from earshot.intake.maps import LEADS, LeadMap
from earshot.intake.rules import AnyTaken, Cells, storable
from earshot.intake.tables import Table
from earshot.kit import texts

LINE_END = "\r\n"  # of other systems, and of what a page sends; ours is the second of the two


# What lists call our fields, beside the fields' own names; the first column that is called so is taken for it.
HEADINGS: Mapping[str, Collection[str]] = {
    "words": ("statement", "text", "need", "request", "原话", "内容", "需求", "诉求"),
    "customer": ("account", "company", "client", "客户名称", "公司", "单位"),
    "id": ("key", "no", "no.", "number", "编号", "序号", "行号"),
    "speaker": ("contact", "said by", "联系人", "说话人"),
    "speaker_title": ("title", "position", "职务", "职位"),
    "said_on": ("day", "date", "said on", "日期", "时间"),
    "source": ("channel", "来源", "渠道"),
    "category": ("topic", "类别", "分类"),
    "reporter": ("reported by", "heard by", "记录人", "填报人"),
}


def guessed(columns: Sequence[str], called: Mapping[str, str]) -> dict[str, str]:
    """Field → the column of a list that is called as the field is: by its name, by `called` (in the language of whoever asks), or as lists
    use to. Empty: none is. No column is taken twice."""
    found: dict[str, str] = {}
    for name, usual in HEADINGS.items():
        words = {name.casefold(), called.get(name, name).casefold(), *usual}
        free = (one for one in columns if one not in found.values() and one.strip().casefold() in words)
        found[name] = next(free, "")
    return found


@dataclass(frozen=True)
class LeadIn:
    """`words`: to the letter. `source`, `category`: codes of the playbook; empty: none. `reporter`: id of whom the row names (`named`),
    else the map. `said_at` None: not told, or not readable."""

    line: int
    key: str
    words: str
    customer: str
    speaker: str
    speaker_title: str
    said_at: datetime | None
    source: str
    category: str
    reporter: UUID
    named: bool


@dataclass
class LeadsTaken(AnyTaken):
    """Everything that the list says, in its order, by key."""

    leads: dict[str, LeadIn] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)


def take(tables: Mapping[str, Table], map_: LeadMap, now: datetime) -> LeadsTaken:
    """Read every row by the map. `now`: the moment that no date may lie after."""
    table = tables[LEADS]
    taken = LeadsTaken(rows={LEADS: len(table.rows)}, found=list(table.missing), tables=tables)
    taken.unknown_columns = [f"{table.file}: {column}" for column in table.unknown]
    for row in table.rows:
        _lead(_LeadCells(taken, table, row, map_), now)
    return taken


class _LeadCells(Cells):
    taken: LeadsTaken
    map: LeadMap

    def verbatim(self, name: str) -> str:
        """What was said, to the letter: only the ends of its lines are written our way."""
        value = self.row.cells.get(self.table.column_of.get(name, ""), "").replace(LINE_END, "\n")
        if "�" in value or not storable(value[: texts.WORDS]):
            self.bad(name, "text.unreadable", value.replace("\x00", "�"))
        elif len(value) > texts.WORDS:
            self.bad(name, "value.too_long")
        elif not value.strip():
            self.bad(name, "value.empty")
        else:
            return value
        return ""

    def coded(self, name: str, codes: Mapping[str, str], unknown: str, otherwise: str = "") -> str:
        """The code that the map has for the word of the cell; a word that it does not know is told."""
        word = self.text(name)
        if word and word not in codes:
            self.bad(name, unknown)
        return codes.get(word, otherwise)

    def named(self, name: str) -> UUID | None:
        """Whom of ours the cell names."""
        word = self.text(name)
        if word and word not in self.map.people:
            self.bad(name, "reporter.unknown")
        return self.map.people.get(word)


def _lead(cells: _LeadCells, now: datetime) -> None:
    taken, map_ = cells.taken, cells.map
    reporter = cells.named("reporter")
    lead = LeadIn(
        line=cells.row.line,
        key=cells.text("id"),
        words=cells.verbatim("words"),
        customer=cells.required("customer"),
        speaker=cells.text("speaker"),
        speaker_title=cells.text("speaker_title"),
        said_at=cells.date("said_on", now),
        source=cells.coded("source", map_.lead_sources, "lead_source.unknown", map_.lead_source),
        category=cells.coded("category", map_.categories, "category.unknown"),
        reporter=reporter or map_.reporter,
        named=reporter is not None,
    )
    key = lead.key or _digest(cells)
    if key in taken.leads:
        cells.bad("id" if lead.key else "words", "value.twice" if lead.key else "row.twice")
    whole = bool(lead.words and lead.customer) and key not in taken.leads
    cells.close(brought_in=whole)
    if whole:
        taken.leads[key] = lead


def _digest(cells: Cells) -> str:
    """The key of a row without one: what its columns of the map hold. The same row, in this file or in the next, is the same lead."""
    cells_of = {name: cells.row.cells.get(column, "").replace(LINE_END, "\n") for name, column in cells.table.column_of.items()}
    held = [f"{name}={value}" for name, value in sorted(cells_of.items())]
    return "row-" + hashlib.sha256("\x1f".join(held).encode()).hexdigest()[:32]
