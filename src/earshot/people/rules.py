"""What a working calendar may hold, and how its days are written and read: pure, but for the table that ships with `holidays`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from earshot.kit.problems import LANGUAGES, Refusal, say, wrong
from earshot.kit.worktime import MIDNIGHT, Span

Spans = tuple[Span, ...]
HOLIDAY, MAKE_UP, COMPANY, EXCEPTION = "holiday", "make_up", "company", "exception"
KINDS: Mapping[str, Any] = {
    HOLIDAY: _("holiday"),
    MAKE_UP: _("make-up working day"),
    COMPANY: _("company day"),
    EXCEPTION: _("exception of the unit"),
}
FIRST_YEAR, LAST_YEAR = 2000, 2099
MOST_ROWS = 5000
COLUMNS = ("day", "kind", "hours", "name")


@dataclass(frozen=True)
class Day:
    """A day on which the week does not hold. `spans` empty: nobody works."""

    day: date
    kind: str
    spans: Spans
    name: str = ""

    def plain(self) -> dict[str, Any]:
        return {"kind": self.kind, "hours": written(self.spans), "name": self.name}


@dataclass(frozen=True)
class Change:
    """What becomes of one day; None: the week holds."""

    day: date
    before: Day | None
    after: Day | None


@dataclass(frozen=True)
class BadCell:
    """What could not be read: in which file and line, what stands there, and what would be right."""

    file: str
    line: int
    column: str
    value: str
    right: Any


def usual(weekly: Sequence[Iterable[Sequence[int]]]) -> Spans:
    """The hours of an ordinary working day: those of the first day of the week that has any."""
    return next((spans for day in weekly if (spans := tuple((start, end) for start, end in day))), ())


_TIME = r"(\d{1,2})[:：](\d{2})"
_SPAN = re.compile(rf"{_TIME}\s*[-–—~～至到]\s*{_TIME}")
RIGHT_DAY = _("Give a day such as 2026-10-01.")
RIGHT_HOURS = _("Write hours such as 09:00-12:00 13:30-18:00, in order and without overlap; nothing means a day off.")


def hours(name: str, typed: str) -> Spans:
    """Working hours as people write them: «9:00-12:00, 13:30–18:00». Empty is none."""
    spans, last = [], 0
    rest = _SPAN.sub("", typed)
    if re.sub(r"[\s,，、;；]", "", rest):
        raise wrong(name, RIGHT_HOURS)
    for match in _SPAN.finditer(typed):
        from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
        start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
        if from_minute > 59 or to_minute > 59 or not last <= start < end <= MIDNIGHT:
            raise wrong(name, RIGHT_HOURS)
        spans.append((start, end))
        last = end
    return tuple(spans)


def written(spans: Iterable[Sequence[int]]) -> str:
    """Hours as `hours` reads them."""
    return " ".join(f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for start, end in spans)


def fitting(one: Day, *, own: bool) -> Day:
    """The day, if it can stand in such a calendar. `own`: in the days that a unit has of its own."""
    if not FIRST_YEAR <= one.day.year <= LAST_YEAR:
        raise wrong("day", say(_("Give a day from {first} to {last}."), first=FIRST_YEAR, last=LAST_YEAR))
    if one.kind not in KINDS:
        raise wrong("kind", say(_("Give one of these: {kinds}."), kinds=_Joined(KINDS)))
    if own != (one.kind == EXCEPTION):
        right = (
            _("The days of one unit are all exceptions of that unit.")
            if own
            else _("An exception of a unit stands in that unit's own days.")
        )
        raise wrong("kind", right)
    if one.kind == HOLIDAY and one.spans:
        raise wrong("hours", _("A holiday has no working hours. A day that is worked is a make-up working day or a company day."))
    if one.kind == MAKE_UP and not one.spans:
        raise wrong("hours", _("A make-up working day has working hours."))
    return one


class _Joined:
    """Names of kinds, in the language of whoever reads them."""

    def __init__(self, kinds: Iterable[str]) -> None:
        self.kinds = list(kinds)

    def __str__(self) -> str:
        return ", ".join(str(KINDS[kind]) for kind in self.kinds)


def differences(before: Mapping[date, Day], after: Mapping[date, Day], days: Iterable[date]) -> list[Change]:
    """What becomes of these days, in order, where anything does."""
    return [Change(day, before.get(day), after.get(day)) for day in sorted(set(days)) if before.get(day) != after.get(day)]


def seed_days(country: str, year: int, usual_hours: Spans) -> list[Day]:
    """The public holidays of a year, and the days off of its week that are worked instead, as the package `holidays` knows them."""
    if country not in holidays.list_supported_countries():
        raise wrong("country", _("The public holidays of this country are not known. Give a code such as CN or DE."))
    known = holidays.country_holidays(country, years=year, language="zh_CN" if country == "CN" else None)
    days = [Day(day, HOLIDAY, (), label[:100]) for day, label in known.items() if day.year == year]
    day = date(year, 1, 1)
    while day.year == year:
        if day.weekday() >= 5 and day not in known and known.is_working_day(day):
            days.append(Day(day, MAKE_UP, usual_hours, "调休"))
        day += timedelta(days=1)
    return sorted(days, key=lambda one: one.day)


# A file of days: a table that spreadsheets open and that comes back as it went.

_RISKY = ("=", "+", "-", "@", "'", "\t", "\r")


def write_days(days: Iterable[Day]) -> str:
    """A CSV file of days; `read_days` gives the same days back. A name that a spreadsheet would take for a formula gets an apostrophe."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for one in sorted(days, key=lambda one: one.day):
        name = f"'{one.name}" if one.name.startswith(_RISKY) else one.name
        table.writerow([one.day.isoformat(), one.kind, written(one.spans), name])
    return out.getvalue()


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8, or what spreadsheets in China write. Nothing where it is neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def read_days(text: str, *, file: str, usual_hours: Spans, own: bool) -> tuple[list[Day], list[BadCell]]:
    """The days of a CSV file, and every cell that could not be read. Columns by name, in any order; kinds by code or by name in
    either language; the hours of a make-up day may be left away for `usual_hours`."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        lines = [(rows.line_num, row) for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as error:
        return [], [BadCell(file, rows.line_num, "", str(error), _("Give a table with commas between the cells."))]
    head = [_code(cell) for cell in lines[0][1]] if lines else []
    lacking = [name for name in COLUMNS[:2] if name not in head]
    if lacking:
        first = ",".join(lines[0][1]) if lines else ""
        right = say(_("The first line names the columns: {columns}."), columns=",".join(COLUMNS))
        return [], [BadCell(file, 1, ", ".join(lacking), first[:100], right)]
    if len(lines) > MOST_ROWS:
        return [], [BadCell(file, lines[MOST_ROWS][0], "", str(len(lines)), say(_("At most {n} lines."), n=MOST_ROWS))]
    days: dict[date, tuple[Day, int]] = {}
    bad: list[BadCell] = []
    for number, row in lines[1:]:
        cells = dict(zip(head, row, strict=False))
        found = _read_row(cells, usual_hours, own)
        if not isinstance(found, Day):
            bad += [BadCell(file, number, column, cells.get(column, ""), right) for column, right in found.items()]
        elif found.day in days:
            right = say(_("This day stands in line {line} already. A day has one line."), line=days[found.day][1])
            bad.append(BadCell(file, number, "day", cells["day"], right))
        else:
            days[found.day] = (found, number)
    return [day for day, _line in days.values()], bad


def _read_row(cells: Mapping[str, str], usual_hours: Spans, own: bool) -> Day | dict[str, Any]:
    day = _read_date(cells.get("day", ""))
    kind = _code(cells.get("kind", ""))
    name = cells.get("name", "").strip()
    if day is None:
        return {"day": RIGHT_DAY}
    if "\x00" in name or len(name) > 100:
        return {"name": say(_("At most {most} characters; this has {length}."), most=100, length=len(name))}
    try:
        spans = hours("hours", cells.get("hours", ""))
        return fitting(
            Day(day, kind, usual_hours if kind == MAKE_UP and not spans else spans, name[1:] if name[:1] == "'" else name), own=own
        )
    except Refusal as refusal:
        return dict(refusal.fields)


def day(name: str, typed: str) -> date:
    """A day as people write it: «2026-10-01», «2026/10/1», «2026年10月1日»."""
    found = _read_date(typed)
    if found is None:
        raise wrong(name, RIGHT_DAY)
    return found


def _read_date(typed: str) -> date | None:
    match = re.fullmatch(r"\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\s*", typed)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


HEADS: Mapping[str, Any] = {"day": _("Day"), "kind": _("Kind"), "hours": _("Hours"), "name": _("Name")}


@lru_cache
def _meant() -> dict[str, str]:
    """What people write, in lower case → the kind or column that it means: its code, or its name in either language."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        with override(language):
            found |= {str(name).casefold(): code for table in (KINDS, HEADS) for code, name in table.items()}
    return found


def _code(typed: str) -> str:
    """The kind or column that is meant; what is none stays as it was typed, for the refusal."""
    word = typed.strip().casefold()
    return _meant().get(word, word)
