"""A year of a working calendar in the shape that `c-year` takes."""

from __future__ import annotations

from calendar import Calendar as Weeks
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from earshot.kit.worktime import Calendar
from earshot.people.calendars import told_day
from earshot.people.rules import COMPANY, EXCEPTION, HOLIDAY, KINDS, MAKE_UP, Day, written
from earshot.web.times import MONTHS, SHORT_WEEKDAYS, WEEKDAYS

# What stands in the cell of a day, so that colour is never alone.
MARKS = {
    HOLIDAY: pgettext_lazy("mark of a holiday in a calendar", "H"),
    MAKE_UP: pgettext_lazy("mark of a make-up working day in a calendar", "W"),
    COMPANY: pgettext_lazy("mark of a company day in a calendar", "C"),
    EXCEPTION: pgettext_lazy("mark of a unit's exception in a calendar", "U"),
}


def months(year: int, calendar: Calendar, days: Mapping[date, Day], *, today: date, confirmed_to: date) -> list[dict[str, Any]]:
    """Twelve months, each with its weeks from Monday on; a cell that belongs to another month is None."""
    weeks = Weeks(0)
    return [
        {
            "label": _("%(month)s %(year)s") % {"month": MONTHS[month - 1], "year": year},
            "weekdays": [{"label": name, "short": short} for name, short in zip(WEEKDAYS, SHORT_WEEKDAYS, strict=True)],
            "provisional": date(year, month, 1) > confirmed_to,
            "weeks": [
                [_cell(day, calendar, days, today) if day.month == month else None for day in week]
                for week in weeks.monthdatescalendar(year, month)
            ],
        }
        for month in range(1, 13)
    ]


def _cell(day: date, calendar: Calendar, days: Mapping[date, Day], today: date) -> dict[str, Any]:
    one = days.get(day)
    spans = calendar.spans_on(day)
    return {
        "number": day.day,
        "iso": day.isoformat(),
        "kind": one.kind if one else "",
        "mark": MARKS[one.kind] if one else "",
        "said": told_day(one) if one else written(spans),
        "off": not spans,
        "today": day == today,
    }


def legend() -> list[dict[str, Any]]:
    return [{"kind": kind, "mark": MARKS[kind], "label": name} for kind, name in KINDS.items()]
