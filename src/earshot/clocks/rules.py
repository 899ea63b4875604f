"""When things are due, pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from earshot.kit import worktime
from earshot.kit.ruling import permissive

WORKING = "working"


@dataclass(frozen=True)
class Rung:
    """`share`: after which part of the limit, in per cent (100 is the due time itself); or `minutes`: an amount of the clock's own
    measure from its start."""

    name: str
    addressee: str
    share: int | None = None
    minutes: int | None = None

    def after(self, limit: int) -> int:
        """Minutes from the start at which this rung is reached."""
        return self.minutes if self.minutes is not None else limit * (100 if self.share is None else self.share) // 100


@dataclass(frozen=True)
class Level:
    """A service level: `limit` minutes, of working time or of clock time, with its ladder. `name` cites part, version and row."""

    name: str
    measure: str
    limit: int
    ladder: Sequence[Rung] = ()


LIMIT_REACHED = "limit"


@permissive("nobody is told", lambda level: [])
def steps(level: Level) -> list[tuple[str, str, int]]:
    """Name, addressee and minutes from the start of each step, in order. Running out is a step even where the ladder has none there."""
    rungs = [(rung.name, rung.addressee, rung.after(level.limit)) for rung in level.ladder]
    if not any(after == level.limit for _name, _addressee, after in rungs):
        rungs.append((LIMIT_REACHED, "", level.limit))
    return sorted(rungs, key=lambda rung: rung[2])


@permissive("never due", lambda calendar, measure, counted_from, minutes: counted_from + timedelta(days=3650))
def moment(calendar: worktime.Calendar, measure: str, counted_from: datetime, minutes: int) -> datetime:
    """The moment at which `minutes` of the measure have passed since `counted_from`."""
    if measure == WORKING:
        return worktime.add(calendar, counted_from, max(minutes, 0))
    return counted_from + timedelta(minutes=max(minutes, 0))


def provisional(calendar: worktime.Calendar, confirmed_to: date, measure: str, due_at: datetime) -> bool:
    """Whether holidays that nobody has confirmed yet may still move a due time. Clock time knows no holidays."""
    return measure == WORKING and due_at.astimezone(calendar.zone).date() > confirmed_to


def passed(calendar: worktime.Calendar, measure: str, start: datetime, end: datetime) -> int:
    """Minutes of the measure from `start` to `end`; negative when `end` lies before `start`."""
    if measure == WORKING:
        return worktime.between(calendar, start, end)
    return int((end - start).total_seconds() // 60)


LATE = timedelta(minutes=1)


def lateness(due_at: datetime, fired_at: datetime) -> int:
    """Minutes by which a step came too late: 0 as long as the sweep had no more than its turn to take."""
    return int((fired_at - due_at).total_seconds() // 60) if fired_at - due_at > LATE else 0


IN_TIME, LATE_BUT_DONE, ENDED = "met", "met_late", "cancelled"


def how_it_ended(done: bool, due_at: datetime, stopped_at: datetime, stood_still_since: datetime | None) -> str:
    """How a clock ended. Done while it stood still, it was in time if it stood still before it ran out."""
    if not done:
        return ENDED
    return LATE_BUT_DONE if (stood_still_since or stopped_at) > due_at else IN_TIME


def in_words(minutes: int) -> dict[str, str]:
    """A length by the clock in its two largest units, in both languages, as the data of an entry keeps it."""
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [(days, "天", "day"), (hours, "小时", "hour"), (left, "分钟", "minute")]
    shown = [part for part in parts if part[0]][:2] or parts[2:]
    return {
        "zh-hans": "".join(f" {n} {zh}" for n, zh, _en in shown),
        "en": " ".join(f"{n} {en}{'' if n == 1 else 's'}" for n, _zh, en in shown),
    }
