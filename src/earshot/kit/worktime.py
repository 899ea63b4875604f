"""Business-time arithmetic, pure: weekly hours with breaks, holidays and make-up working days, to the minute.

A moment is an aware datetime. A length is a whole number of minutes of working time. Seconds are dropped downwards, so that every due
time is a full minute. A minute is working time when the wall clock of the place shows a working minute: the hour that is repeated when
summer time ends counts twice, the hour that is skipped when it begins not at all.

Working time is counted from the beginning of a year. A calendar adds up its days once a year and remembers the sums, so that a limit of
ten years costs ten sums and one search, not a walk of 3,650 days.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import accumulate

Span = tuple[int, int]  # minutes from midnight, start and end, local time
HORIZON = 10  # years looked through before a calendar without working time is called empty
MIDNIGHT = 24 * 60
MINUTE = timedelta(minutes=1)


class NoWorkingTime(ValueError):
    """The calendar has no working minute within ten years."""


@dataclass(frozen=True)
class Calendar:
    """`weekly`: seven tuples of spans, Monday first. `days`: exceptions; an empty tuple is a day off."""

    zone: tzinfo
    weekly: tuple[tuple[Span, ...], ...]
    days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    _sums: dict[int, list[int]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.weekly) != 7:
            raise ValueError(f"a week has seven days, not {len(self.weekly)}")
        for spans in (*self.weekly, *self.days.values()):
            last = 0
            for start, end in spans:
                if not (last <= start < end <= MIDNIGHT):
                    raise ValueError(f"working hours {spans} overlap, run backwards or leave the day")
                last = end

    def spans_on(self, day: date) -> tuple[Span, ...]:
        return self.days.get(day, self.weekly[day.weekday()])

    def openings(self, day: date) -> list[tuple[datetime, datetime]]:
        """The working spans of a local day as moments in UTC."""
        begin, end = self.start_of(day), self.start_of(day + timedelta(days=1))
        if end - begin == timedelta(days=1):
            return [(begin + start * MINUTE, begin + stop * MINUTE) for start, stop in self.spans_on(day)]
        return self._read_off(begin, end)

    def _read_off(self, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The clocks were changed on this day: what they showed is read off minute by minute."""
        found: list[tuple[datetime, datetime]] = []
        while begin < end:
            local = begin.astimezone(self.zone)
            shown = local.hour * 60 + local.minute
            if any(start <= shown < stop for start, stop in self.spans_on(local.date())):
                if found and found[-1][1] == begin:
                    found[-1] = (found[-1][0], begin + MINUTE)
                else:
                    found.append((begin, begin + MINUTE))
            begin += MINUTE
        return found

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def sums(self, year: int) -> list[int]:
        """Minutes worked from the beginning of the local year to that of each of its days, and at last to its end."""
        if year not in self._sums:
            first = date(year, 1, 1)
            length = (date(year + 1, 1, 1) - first).days
            worked = (_length(self.openings(first + timedelta(days=n))) for n in range(length))
            self._sums[year] = list(accumulate(worked, initial=0))
        return self._sums[year]


# The same arithmetic in clock hours.
AROUND_THE_CLOCK = Calendar(UTC, (((0, MIDNIGHT),),) * 7)


def add(calendar: Calendar, moment: datetime, minutes: int) -> datetime:
    """The moment at which `minutes` of working time have passed since `moment`. `minutes` ≥ 0; 0 gives the next opening."""
    if not _counted(minutes):
        return next_opening(calendar, moment)
    year, worked = _position(calendar, moment)
    return _reached(calendar, year, worked + minutes)


def subtract(calendar: Calendar, moment: datetime, minutes: int) -> datetime:
    """The latest moment from which `minutes` of working time pass until `moment`. `minutes` ≥ 0; 0 gives the previous closing."""
    if not _counted(minutes):
        return previous_closing(calendar, moment)
    year, worked = _position(calendar, moment)
    return _reached(calendar, year, worked - minutes + 1) - MINUTE


def next_opening(calendar: Calendar, moment: datetime) -> datetime:
    """`moment` itself when it lies in working time, otherwise the next start of work."""
    year, worked = _position(calendar, moment)
    return _reached(calendar, year, worked + 1) - MINUTE


def previous_closing(calendar: Calendar, moment: datetime) -> datetime:
    """`moment` itself when work was going on just before it, otherwise the last end of work before it."""
    return _reached(calendar, *_position(calendar, moment))


def between(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Minutes of working time from `start` to `end`; negative when `end` lies before `start`."""
    if end < start:
        return -between(calendar, end, start)
    first_year, before = _position(calendar, start)
    last_year, until = _position(calendar, end)
    return until - before + sum(calendar.sums(year)[-1] for year in range(first_year, last_year))


def _counted(minutes: int) -> int:
    if minutes < 0:
        raise ValueError(f"{minutes} minutes: a limit cannot be negative")
    return minutes


def _length(openings: list[tuple[datetime, datetime]]) -> int:
    return sum((closes - opens) // MINUTE for opens, closes in openings)


def _position(calendar: Calendar, moment: datetime) -> tuple[int, int]:
    """The local year of the moment, and the minutes worked in that year before it."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    here = moment.astimezone(UTC).replace(second=0, microsecond=0)
    day = here.astimezone(calendar.zone).date()
    if here >= calendar.start_of(day + timedelta(days=1)):  # the clocks were put back over midnight
        day += timedelta(days=1)
    today = [(opens, min(closes, here)) for opens, closes in calendar.openings(day) if opens < here]
    return day.year, calendar.sums(day.year)[(day - date(day.year, 1, 1)).days] + _length(today)


def _reached(calendar: Calendar, year: int, worked: int) -> datetime:
    """The first moment before which `worked` minutes were worked since the year began; it may lie in another year."""
    first, last = max(year - HORIZON, 1), min(year + HORIZON, 9998)
    while worked <= 0 and year > first:
        year -= 1
        worked += calendar.sums(year)[-1]
    while worked > calendar.sums(year)[-1] and year < last:
        worked -= calendar.sums(year)[-1]
        year += 1
    if not 0 < worked <= calendar.sums(year)[-1]:
        raise NoWorkingTime("the calendar has no working time within ten years")
    number = bisect_left(calendar.sums(year), worked) - 1
    left = timedelta(minutes=worked - calendar.sums(year)[number])
    for opens, closes in calendar.openings(date(year, 1, 1) + timedelta(days=number)):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise AssertionError("the sums of a year are those of its days")
