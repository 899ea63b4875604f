"""Times and lengths as people say them; the exact moment stays within reach."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from earshot import kit

WEEKDAYS = (
    gettext_lazy("Mon"), gettext_lazy("Tue"), gettext_lazy("Wed"), gettext_lazy("Thu"), gettext_lazy("Fri"),
    gettext_lazy("Sat"), gettext_lazy("Sun"),
)  # fmt: skip
# As they stand over the columns of a month, where two months stand side by side on a phone.
SHORT_WEEKDAYS = (
    pgettext_lazy("over a column of days", "Mo"), pgettext_lazy("over a column of days", "Tu"),
    pgettext_lazy("over a column of days", "We"), pgettext_lazy("over a column of days", "Th"),
    pgettext_lazy("over a column of days", "Fr"), pgettext_lazy("over a column of days", "Sa"),
    pgettext_lazy("over a column of days", "Su"),
)  # fmt: skip
MONTHS = (
    pgettext_lazy("month", "Jan"), pgettext_lazy("month", "Feb"), pgettext_lazy("month", "Mar"),
    pgettext_lazy("month", "Apr"), pgettext_lazy("month", "May"), pgettext_lazy("month", "Jun"),
    pgettext_lazy("month", "Jul"), pgettext_lazy("month", "Aug"), pgettext_lazy("month", "Sep"),
    pgettext_lazy("month", "Oct"), pgettext_lazy("month", "Nov"), pgettext_lazy("month", "Dec"),
)  # fmt: skip
WORKING_DAY = 8 * 60


def local_time(moment: Any) -> datetime | None:
    if isinstance(moment, datetime):
        return timezone.localtime(moment) if timezone.is_aware(moment) else timezone.make_aware(moment)
    return None


def _day(day: date, today: date) -> str:
    """The day as people say it, seen from today."""
    distance = (day - today).days
    if distance == 0:
        return _("today")
    if distance == 1:
        return _("tomorrow")
    if distance == -1:
        return _("yesterday")
    weekday = str(WEEKDAYS[day.weekday()])
    weeks = ((day - timedelta(days=day.weekday())) - (today - timedelta(days=today.weekday()))).days // 7
    if weeks == 0:
        return weekday
    if weeks == 1:
        return _("next %(weekday)s") % {"weekday": weekday}
    if weeks == -1:
        return _("last %(weekday)s") % {"weekday": weekday}
    parts = {"day": day.day, "month": str(MONTHS[day.month - 1]), "year": day.year}
    return (_("%(day)s %(month)s") if day.year == today.year else _("%(day)s %(month)s %(year)s")) % parts


def _time_tag(moment: datetime, words: str) -> SafeString:
    iso = moment.isoformat(timespec="seconds")
    return mark_safe(f'<time datetime="{iso}" title="{iso[:10]} {iso[11:16]} (UTC{iso[19:]})">{escape(words)}</time>')


def in_full(moment: datetime) -> SafeString:
    """Day, weekday and time, wherever today lies: «2026-12-01 周二 09:00»."""
    local = timezone.localtime(moment)
    return _time_tag(local, f"{local:%Y-%m-%d} {WEEKDAYS[local.weekday()]} {local:%H:%M}")


def when(moment: Any) -> SafeString | str:
    """`moment`: datetime or date. «今天 14:30», «周三 17:00», «11月28日 09:00»; the absolute time in title and datetime."""
    today = timezone.localtime(kit.now()).date()
    local = local_time(moment)
    if local is not None:
        return _time_tag(local, f"{_day(local.date(), today)} {local:%H:%M}")
    if isinstance(moment, date):
        return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), moment.isoformat(), _day(moment, today))
    return str(moment or "")


def ago(moment: Any) -> SafeString | str:
    """«刚刚», «5 分钟前», «3 小时前»; from a day on, like `when`."""
    local = local_time(moment)
    if local is None:
        return str(moment or "")
    minutes = int((kit.now() - local).total_seconds() // 60)
    if minutes < 0 or minutes >= 24 * 60:
        return when(moment)
    if minutes < 1:
        words = _("just now")
    elif minutes < 60:
        words = ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    else:
        hours = minutes // 60
        words = ngettext("%(n)s hour ago", "%(n)s hours ago", hours) % {"n": hours}
    return _time_tag(local, words)


def _short(value: Decimal) -> str:
    """One decimal at most, none when it is zero."""
    rounded = value.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)


def working(minutes: Any) -> str:
    """Working time, `minutes` as number or timedelta: «40 分钟», «3 工时», «2.5 个工作日»."""
    if isinstance(minutes, timedelta):
        minutes = minutes.total_seconds() / 60
    whole = abs(int(minutes))
    if whole < 60:
        return ngettext("%(n)s working minute", "%(n)s working minutes", whole) % {"n": whole}
    if whole < 2 * WORKING_DAY:
        return _working_hours(whole)
    return _("%(n)s working days") % {"n": _short(Decimal(whole) / WORKING_DAY)}


def _working_hours(minutes: int) -> str:
    number = _short(Decimal(minutes) / 60)
    return ngettext("%(n)s working hour", "%(n)s working hours", 1 if number == "1" else 2) % {"n": number}


def by_clock(minutes: int) -> str:
    """Clock time: «40 分钟（自然时间）», «3 小时（自然时间）», «2.5 天（自然时间）»."""
    whole = abs(int(minutes))
    if whole < 60:
        return ngettext("%(n)s minute by the clock", "%(n)s minutes by the clock", whole) % {"n": whole}
    if whole < 2 * 24 * 60:
        return _hours_by_clock(whole)
    return _("%(n)s days by the clock") % {"n": _short(Decimal(whole) / (24 * 60))}


def _hours_by_clock(minutes: int) -> str:
    number = _short(Decimal(minutes) / 60)
    return ngettext("%(n)s hour by the clock", "%(n)s hours by the clock", 1 if number == "1" else 2) % {"n": number}


def length(minutes: int, measure: str) -> str:
    """How much time that is, as people say it, rounded to a tenth of its unit: working time or clock time."""
    return working(minutes) if measure == "working" else by_clock(minutes)


def limit(minutes: int, measure: str) -> str:
    """A time limit, to the minute: «4 工时», «7.5 工时», «3 工时 59 分», «2 天（自然时间）». How long a working day is, units differ in, so
    working time stays in hours."""
    works = measure == "working"
    hours, rest = divmod(minutes, 60)
    if not hours or (not works and minutes % (24 * 60) == 0):
        return length(minutes, measure)
    if rest % 6 == 0:
        return _working_hours(minutes) if works else _hours_by_clock(minutes)
    numbers = {"hours": hours, "minutes": rest}
    return (_("%(hours)s h %(minutes)s min of working time") if works else _("%(hours)s h %(minutes)s min by the clock")) % numbers


def left_of(minutes: int | None, measure: str, *, over: bool = False) -> str:
    """What is left of a clock in its own measure. «还有 3 工时», «还有 3 小时（自然时间）», «已超 5 工时». `over`: it has run out; nobody
    may have worked since, and then there is no length to tell."""
    if minutes is None or (over and minutes == 0):
        return ""
    return (_("%(length)s over") if minutes < 0 else _("%(length)s left")) % {"length": length(minutes, measure)}


def provisional(mark: Any) -> SafeString | str:
    """The mark beside a due time that holidays not confirmed yet may still move; nothing where there is none."""
    if not mark:
        return ""
    why = _("The holidays up to this day are not confirmed yet; the time may move.")
    return format_html(' <span class="provisional" title="{}">{}</span>', why, _("provisional"))


def left(minutes: Any) -> str:
    """What is left of a clock in working time; below zero, what it is over. «还有 3 工时», «已超 5 工时»."""
    if minutes is None or minutes == "":
        return ""
    if isinstance(minutes, str):
        return minutes
    over = minutes < (timedelta(0) if isinstance(minutes, timedelta) else 0)
    return (_("%(length)s over") if over else _("%(length)s left")) % {"length": working(minutes)}


def day(value: Any) -> SafeString | str:
    """A day as it is written, in one piece: «2027-02-10»."""
    return format_html('<time datetime="{0}">{0}</time>', value.isoformat()) if isinstance(value, date) else ""


def day_left(due: Any) -> SafeString | str:
    """What is left until a day is over, in its colour once that is near: «还有 12 天», «今天到期», «已过 2 天»; the day in title."""
    if not isinstance(due, date):
        return ""
    days = (due - timezone.localtime(kit.now()).date()).days
    if days > 0:
        words = ngettext("%(n)s day left", "%(n)s days left", days) % {"n": days}
    elif days == 0:
        words = _("due today")
    else:
        words = ngettext("%(n)s day over", "%(n)s days over", -days) % {"n": -days}
    told = format_html('<time datetime="{}" title="{}">{}</time>', due.isoformat(), due.isoformat(), words)
    colour = tone(due)
    return told if colour == "grey" else format_html('<span class="mark is-{}">{}</span>', colour, told)


def tone(due: Any, met: Any = None) -> str:
    """The colour word of a due time: `met`, `red` when it has passed, `amber` within a day, else `grey`."""
    if met:
        return "met"
    if isinstance(due, date) and not isinstance(due, datetime):
        due = datetime.combine(due, time(23, 59))
    local = local_time(due)
    if local is None:
        return "grey"
    ahead = local - kit.now()
    return "red" if ahead < timedelta(0) else "amber" if ahead <= timedelta(days=1) else "grey"


TONES = {
    "red": gettext_lazy("overdue"),
    "amber": gettext_lazy("due within a day"),
    "grey": gettext_lazy("not yet due"),
    "met": gettext_lazy("done"),
}


def tone_word(tone_name: str) -> Any:
    return TONES.get(tone_name, "")
