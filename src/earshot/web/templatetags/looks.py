"""How facts are said to people: times, lengths, money, names. Every filter keeps the exact value within reach."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _

from earshot import kit

register = template.Library()

# In cascade order; the first file declares the layers.
SHEETS = (
    "tokens", "ground", "house", "page", "text", "mark", "quote", "clock", "person", "state", "gate", "figure", "table",
    "field", "form", "button", "empty", "notice", "stages", "timeline", "duty", "tabs", "print",
)  # fmt: skip

WEEKDAYS = (
    gettext_lazy("Mon"), gettext_lazy("Tue"), gettext_lazy("Wed"), gettext_lazy("Thu"), gettext_lazy("Fri"),
    gettext_lazy("Sat"), gettext_lazy("Sun"),
)  # fmt: skip
MONTHS = (
    pgettext_lazy("month", "Jan"), pgettext_lazy("month", "Feb"), pgettext_lazy("month", "Mar"),
    pgettext_lazy("month", "Apr"), pgettext_lazy("month", "May"), pgettext_lazy("month", "Jun"),
    pgettext_lazy("month", "Jul"), pgettext_lazy("month", "Aug"), pgettext_lazy("month", "Sep"),
    pgettext_lazy("month", "Oct"), pgettext_lazy("month", "Nov"), pgettext_lazy("month", "Dec"),
)  # fmt: skip
SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh-Hans", re.compile("[\u3400-\u9fff\U00020000-\U000323af]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
SYMBOLS = {"CNY": "¥", "USD": "US$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "JP¥"}
WORKING_DAY = 8 * 60


# Company data in its own language


@register.filter
def tongue(text: Any) -> str:
    """The language that the script of `text` gives away, or "" (HTML: unknown)."""
    words = str(text)
    if words.isascii():
        return ""
    for language, script in SCRIPTS:
        if script.search(words):
            return language
    return ""


@register.filter
def quoted(text: Any) -> SafeString | str:
    """A name, title or sentence of the company's own data: never translated, its direction kept to itself."""
    if text is None or text == "":
        return ""
    return mark_safe(f'<bdi translate="no" lang="{tongue(text)}">{conditional_escape(text)}</bdi>')  # noqa: S308


@register.filter
def initial(name: Any) -> str:
    return str(name).strip()[:1].upper()


# Times


def _local(moment: Any) -> datetime | None:
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
    return mark_safe(f'<time datetime="{iso}" title="{iso[:10]} {iso[11:16]} (UTC{iso[19:]})">{escape(words)}</time>')  # noqa: S308


@register.filter
def when(moment: Any) -> SafeString | str:
    """`moment`: datetime or date. «今天 14:30», «周三 17:00», «11月28日 09:00»; the absolute time in title and datetime."""
    today = timezone.localtime(kit.now()).date()
    local = _local(moment)
    if local is not None:
        return _time_tag(local, f"{_day(local.date(), today)} {local:%H:%M}")
    if isinstance(moment, date):
        return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), moment.isoformat(), _day(moment, today))
    return str(moment or "")


@register.filter
def ago(moment: Any) -> SafeString | str:
    """«刚刚», «5 分钟前», «3 小时前»; from a day on, like `when`."""
    local = _local(moment)
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


@register.filter
def working(minutes: Any) -> str:
    """Working time, `minutes` as number or timedelta: «40 分钟», «3 工时», «2.5 个工作日»."""
    if isinstance(minutes, timedelta):
        minutes = minutes.total_seconds() / 60
    whole = abs(int(minutes))
    if whole < 60:
        return ngettext("%(n)s working minute", "%(n)s working minutes", whole) % {"n": whole}
    if whole < 2 * WORKING_DAY:
        number = _short(Decimal(whole) / 60)
        return ngettext("%(n)s working hour", "%(n)s working hours", 1 if number == "1" else 2) % {"n": number}
    return _("%(n)s working days") % {"n": _short(Decimal(whole) / WORKING_DAY)}


@register.filter
def left(minutes: Any) -> str:
    """What is left of a clock in working time; below zero, what it is over. «还有 3 工时», «已超 5 工时»."""
    if minutes is None or minutes == "":
        return ""
    if isinstance(minutes, str):
        return minutes
    over = minutes < (timedelta(0) if isinstance(minutes, timedelta) else 0)
    return (_("%(length)s over") if over else _("%(length)s left")) % {"length": working(minutes)}


@register.filter
def tone(due: Any, met: Any = None) -> str:
    """The colour word of a due time: `met`, `red` when it has passed, `amber` within a day, else `grey`."""
    if met:
        return "met"
    if isinstance(due, date) and not isinstance(due, datetime):
        due = datetime.combine(due, time(23, 59))
    local = _local(due)
    if local is None:
        return "grey"
    ahead = local - kit.now()
    return "red" if ahead < timedelta(0) else "amber" if ahead <= timedelta(days=1) else "grey"


TONES = {
    "red": gettext_lazy("overdue"),
    "amber": gettext_lazy("due within a day"),
    "grey": gettext_lazy("not yet owed"),
    "met": gettext_lazy("done"),
}


@register.filter
def tone_word(tone_name: str) -> Any:
    return TONES.get(tone_name, "")


# Numbers and money


@register.filter
def number(value: Any) -> str:
    """Thousands separators, decimals as they come."""
    if value is None or value == "":
        return ""
    return f"{value:,}" if isinstance(value, int | float | Decimal) else str(value)


def _scaled(amount: Decimal) -> tuple[str, str]:
    """An amount in the Chinese manner: the number and 万, 亿 or nothing."""
    size = abs(amount)
    if size < 10_000:
        return _full(amount), ""
    wan = (amount / 10_000).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if abs(wan) < 10_000:
        return _trim(wan), "万"
    return _trim((amount / 100_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP)), "亿"


def _trim(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _full(amount: Decimal) -> str:
    return f"{amount:,.0f}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


@register.filter
def money(amount: Any, currency: str = "CNY") -> SafeString | str:
    """`amount`: Decimal, int or str. «¥210.5 万» in Chinese, «¥2,105,000» in English; the full figure in title and value."""
    if amount is None or amount == "":
        return ""
    exact = Decimal(str(amount))
    sign = "−" if exact < 0 else ""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    full = f"{sign}{symbol}{abs(exact):,.2f}"
    if (get_language() or settings.LANGUAGE_CODE).startswith("zh"):
        digits, unit = _scaled(abs(exact))
        said = f"{sign}{symbol}{digits} {unit}".rstrip()
    else:
        said = f"{sign}{symbol}{_full(abs(exact))}"
    return format_html('<data class="money" value="{}" title="{}">{}</data>', exact, full, said)


# Tables


def link(url: str, text: Any, *, plain: bool = False) -> SafeString:
    """A cell that opens something. `plain`: `text` is interface text, not company data."""
    return mark_safe(f'<a href="{escape(url)}">{conditional_escape(text) if plain else quoted(text)}</a>')  # noqa: S308


def under(first: Any, second: Any) -> SafeString:
    """A cell of two lines."""
    return mark_safe(f'{conditional_escape(first)}<span class="table-under">{conditional_escape(second)}</span>')  # noqa: S308


@register.simple_tag
def table_rows(columns: Sequence[Mapping[str, Any]], rows: Iterable[Sequence[Any]]) -> SafeString:
    """Rows of a long list in one go: a component a cell costs three times as much (docs/looks.md).

    `rows`: one sequence of cells each, in the order of `columns`; a cell is text (escaped) or what the filters here return.
    """
    heads = [
        f'<td data-label="{escape(column["label"])}"{" class=is-number" if column.get("number") else ""}><div>' for column in columns
    ]
    parts: list[str] = []
    for row in rows:
        parts.append('<tr><th scope="row">')
        for index, cell in enumerate(row):
            if index:
                parts.append(heads[index])
            parts.append("" if cell is None else conditional_escape(cell))
            parts.append("</div></td>" if index else "</th>")
        parts.append("</tr>")
    return mark_safe("".join(parts))  # noqa: S308


# Forms


@register.simple_tag
def choices(options: Any, value: Any, name: str = "") -> list[dict[str, Any]]:
    """`options`: dicts (value, label, help) or pairs, as rows that know whether they are chosen."""
    chosen = {str(each) for each in value} if isinstance(value, list | tuple | set) else {str(value)} if value not in (None, "") else set()
    rows = []
    for index, option in enumerate(options or ()):
        if not isinstance(option, dict):
            option = dict(zip(("value", "label", "help"), option, strict=False))
        rows.append({**option, "chosen": str(option["value"]) in chosen, "id": f"{name}-{index}"})
    return rows


@register.filter
def for_input(value: Any, kind: str = "") -> str:
    """What stands in an input: a local moment for date-time fields, what was typed otherwise."""
    local = _local(value)
    if local is not None:
        return f"{local:%Y-%m-%d}" if kind == "date" else f"{local:%Y-%m-%dT%H:%M}"
    return "" if value is None else str(value)


@register.simple_tag
def new_key() -> str:
    """An Idempotency-Key for a form: sending the same page twice does one thing."""
    return str(kit.uuid7())


# The sheets


@cache
def _links() -> SafeString:
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', ((static(f"web/css/{name}.css"),) for name in SHEETS))


@register.simple_tag
def stylesheets() -> SafeString:
    if settings.DEBUG:
        _links.cache_clear()
    return _links()
