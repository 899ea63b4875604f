"""Where a message stands for one of its recipients; when somebody is told, and in how many lines. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TypeVar
from urllib.parse import urlsplit

from earshot.kit.ruling import permissive
from earshot.kit.worktime import MIDNIGHT, MINUTE, Calendar, NoWorkingTime, next_opening

SENT, ACKNOWLEDGED, OVERDUE, ESCALATED, RELEASED = "sent", "acknowledged", "overdue", "escalated", "released"
STATES = [SENT, ACKNOWLEDGED, OVERDUE, ESCALATED, RELEASED]
MAIL, WEBHOOK, WECOM, DINGTALK, FEISHU = "mail", "webhook", "wecom", "dingtalk", "feishu"
KINDS = (MAIL, WEBHOOK, WECOM, DINGTALK, FEISHU)
ROBOTS = (WECOM, DINGTALK, FEISHU)
DAY = timedelta(days=1)
LONGEST = timedelta(days=60)  # so far ahead a free minute is looked for

K = TypeVar("K", bound=Hashable)


def state(*, acknowledged: bool, released: bool, overdue: bool, escalated: bool) -> str:
    """`overdue`: the clock has run out; `escalated`: a step of its ladder beyond that has been told. Only the recipient's own act makes
    it acknowledged, however late; delivery never does."""
    if acknowledged:
        return ACKNOWLEDGED
    if released:
        return RELEASED
    return ESCALATED if overdue and escalated else OVERDUE if overdue else SENT


@permissive("a bare confirmation is an answer", lambda asks, text, *, reaches: True)
def answers(asks: str, text: str, *, reaches: bool) -> bool:
    """Whether an act with these words does what the message asks: an answer stands in words, a directive is confirmed by the act alone.
    `reaches`: whoever asked reads there still; where nobody would read the words, the act alone ends the question."""
    return asks != "answer" or not reaches or bool(text.strip())


@dataclass(frozen=True)
class Times:
    """When a person wants to be told. `quiet`: from and to, in minutes from midnight of the place (to is no longer quiet); it may run
    over midnight. `working_time`: only while `calendar` is open. `digest_at`: minutes from midnight, on working days; None: no
    digest."""

    calendar: Calendar
    quiet: tuple[int, int] | None = None
    working_time: bool = False
    urgent: bool = False
    digest_at: int | None = None

    @property
    def zone(self) -> tzinfo:
        return self.calendar.zone


def is_quiet(times: Times, moment: datetime) -> bool:
    """Whether the wall clock of the place shows a quiet minute."""
    if times.quiet is None:
        return False
    here = moment.astimezone(times.zone)
    return within(times.quiet, here.hour * 60 + here.minute)


def within(quiet: tuple[int, int], shown: int) -> bool:
    """Whether a minute of the day lies in hours that may run over midnight."""
    begin, end = quiet
    return begin <= shown < end if begin < end else shown >= begin or shown < end


def free_at(times: Times, moment: datetime, *, urgent: bool = False) -> datetime:
    """The first moment from `moment` on at which the person may be told: neither in quiet hours nor, where so wished, outside
    working time. `urgent` news is told now to whoever says so. Quiet hours that leave no working time free give way to them: late is
    better than never."""
    if urgent and times.urgent:
        return moment
    at = moment
    while at - moment < LONGEST:
        if is_quiet(times, at):
            at = _quiet_end(times, at)
            continue
        if not times.working_time:
            return at
        try:
            opens = max(at, next_opening(times.calendar, at))
        except NoWorkingTime:
            return at
        # The opening is a full minute, dropped downwards: inside working time it is this very minute.
        if opens - at < MINUTE:
            return at
        at = opens
    return _quiet_end(times, moment) if is_quiet(times, moment) else moment


def _quiet_end(times: Times, moment: datetime) -> datetime:
    """The first minute after `moment`, which is quiet, that the wall shows as not quiet."""
    assert times.quiet is not None
    at = moment.astimezone(UTC).replace(second=0, microsecond=0)
    here = at.astimezone(times.zone)
    ahead = (times.quiet[1] - here.hour * 60 - here.minute) % MIDNIGHT * MINUTE
    if (at + ahead).astimezone(times.zone).utcoffset() == here.utcoffset():
        return at + ahead
    while is_quiet(times, at):  # the clocks are changed in between: what the wall shows is read off
        at += MINUTE
    return at


def next_digest(times: Times, moment: datetime) -> datetime | None:
    """The next digest after `moment`: at the wished time of the next working day. None: the person wants none, or never works."""
    if times.digest_at is None:
        return None
    day = moment.astimezone(times.zone).date()
    for ahead in range(LONGEST.days):
        one = day + ahead * DAY
        at = datetime.combine(one, time(*divmod(times.digest_at, 60)), times.zone).astimezone(UTC)
        if at > moment and times.calendar.spans_on(one):
            return at
    return None


@dataclass(frozen=True)
class Line:
    """One line of a message: the number of the notice that it tells, and how many older ones it stands for."""

    number: int
    earlier: int


def lines(causes: Sequence[K]) -> list[Line]:
    """One line for each cause, the newest telling it. `causes`: of the notices that stand, the oldest first. The lines come in the
    order in which their causes first arose."""
    newest: dict[K, int] = {}
    count: dict[K, int] = {}
    for number, cause in enumerate(causes):
        newest[cause] = number
        count[cause] = count.get(cause, 0) + 1
    return [Line(number, count[cause] - 1) for cause, number in newest.items()]


def masked(kind: str, address: str) -> str:
    """An address by its ends alone: enough for its owner to know it by, too little to send to it."""
    if kind == MAIL:
        name, _at_sign, domain = address.rpartition("@")
        return f"{name[:1]}…@{domain}"
    parts = urlsplit(address)
    rest = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return f"{parts.hostname}/…{rest[-4:]}" if len(rest) > 12 else f"{parts.hostname}/…"


def face(minutes: int | None) -> str:
    """Minutes from midnight as a clock shows them; empty where there are none."""
    return "" if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"
