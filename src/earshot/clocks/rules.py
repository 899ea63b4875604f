"""When things are due, pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from earshot.kit import worktime

WORKING = "working"


@dataclass(frozen=True)
class Rung:
    """`share`: after which part of the limit, in per cent (100 is the due time itself)."""

    name: str
    addressee: str
    share: int


@dataclass(frozen=True)
class Level:
    """A service level: `limit` minutes, of working time or of clock time, with its ladder. `name` cites part, version and row."""

    name: str
    measure: str
    limit: int
    ladder: Sequence[Rung] = ()


def due(calendar: worktime.Calendar, start: datetime, level: Level, share: int = 100) -> datetime:
    """The moment at which `share` per cent of the limit have passed since `start`."""
    minutes = level.limit * share // 100
    if level.measure == WORKING:
        return worktime.add(calendar, start, minutes)
    return start + timedelta(minutes=minutes)


def moment(calendar: worktime.Calendar, measure: str, counted_from: datetime, minutes: int) -> datetime:
    """The moment at which `minutes` of the measure have passed since `counted_from`."""
    if measure == WORKING:
        return worktime.add(calendar, counted_from, max(minutes, 0))
    return counted_from + timedelta(minutes=max(minutes, 0))


def provisional(calendar: worktime.Calendar, confirmed_to: date, measure: str, due_at: datetime) -> bool:
    """Whether holidays that nobody has confirmed yet may still move a due time. Clock time knows no holidays."""
    return measure == WORKING and due_at.astimezone(calendar.zone).date() > confirmed_to


def left(calendar: worktime.Calendar, level_measure: str, at: datetime, due_at: datetime) -> int:
    """Minutes left at `at`, in the clock's own measure; negative when overdue."""
    if level_measure == WORKING:
        return worktime.between(calendar, at, due_at)
    return int((due_at - at).total_seconds() // 60)
