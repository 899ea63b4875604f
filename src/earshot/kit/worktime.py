"""Business-time arithmetic, pure: weekly hours with breaks, holidays and make-up working days, to the minute.

A moment is an aware datetime. A length is a whole number of minutes of working time. Seconds are dropped downwards, so
that every due time is a full minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[int, int]  # minutes from midnight, start and end, local time
HORIZON = 3660  # days looked ahead before a calendar without working time is called empty


class NoWorkingTime(ValueError):
    """The calendar has no working minute within ten years."""


@dataclass(frozen=True)
class Calendar:
    """`weekly`: seven tuples of spans, Monday first. `days`: exceptions; an empty tuple is a day off."""

    zone: ZoneInfo
    weekly: tuple[tuple[Span, ...], ...]
    days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError(f"a week has seven days, not {len(self.weekly)}")
        for spans in (*self.weekly, *self.days.values()):
            last = 0
            for start, end in spans:
                if not (last <= start < end <= 24 * 60):
                    raise ValueError(f"working hours {spans} overlap, run backwards or leave the day")
                last = end

    def spans_on(self, day: date) -> tuple[Span, ...]:
        return self.days.get(day, self.weekly[day.weekday()])

    def openings(self, day: date) -> list[tuple[datetime, datetime]]:
        """The working spans of a local day as moments in UTC, correct across changes to and from summer time."""
        return [(self._at(day, start), self._at(day, end)) for start, end in self.spans_on(day)]

    def _at(self, day: date, minute: int) -> datetime:
        if minute == 24 * 60:
            day, minute = day + timedelta(days=1), 0
        return datetime.combine(day, time(minute // 60, minute % 60), self.zone).astimezone(UTC)


def _minute(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def add(calendar: Calendar, moment: datetime, minutes: int) -> datetime:
    """The moment at which `minutes` of working time have passed since `moment`. `minutes` ≥ 0; 0 gives the next opening."""
    if minutes < 0:
        raise ValueError(f"{minutes} minutes: a limit cannot be negative")
    here = _minute(moment)
    left = timedelta(minutes=minutes)
    day = here.astimezone(calendar.zone).date()
    for _ in range(HORIZON):
        for start, end in calendar.openings(day):
            begin = max(start, here)
            if begin >= end:
                continue
            if begin + left <= end:
                return begin + left
            left -= end - begin
        day += timedelta(days=1)
    raise NoWorkingTime("the calendar has no working time within ten years")


def next_opening(calendar: Calendar, moment: datetime) -> datetime:
    """`moment` itself when it lies in working time, otherwise the next start of work."""
    return add(calendar, moment, 0)


def between(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Minutes of working time from `start` to `end`; negative when `end` lies before `start`."""
    first, last = _minute(start), _minute(end)
    if last < first:
        return -between(calendar, last, first)
    total = timedelta()
    day = first.astimezone(calendar.zone).date()
    stop = last.astimezone(calendar.zone).date()
    while day <= stop:
        for opens, closes in calendar.openings(day):
            overlap = min(closes, last) - max(opens, first)
            if overlap > timedelta():
                total += overlap
        day += timedelta(days=1)
    return int(total.total_seconds() // 60)
