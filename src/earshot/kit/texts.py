"""Reading what people type: one place that trims, bounds and refuses what no database should hold."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from earshot.kit.money import fits, read_amount
from earshot.kit.problems import say, wrong

TITLE = 200
WORDS = 10_000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: str) -> str:
    """`value` without what no database holds (NUL, halves of surrogate pairs): for what must be kept rather than refused."""
    return _UNSTORABLE.sub("", value)


def text(name: str, value: str | None, *, most: int = WORDS, required: bool = True) -> str:
    """`value` as it will be kept: trimmed, and refused where it is empty, too long or holds NUL."""
    raw = value or ""
    if _UNSTORABLE.search(raw):
        raise wrong(name, _("It holds a character that cannot be stored. Please type it again."))
    kept = raw.strip()
    if required and not kept:
        raise wrong(name, _("Please fill this in."))
    if len(kept) > most:
        raise wrong(name, say(_("At most {most} characters; this has {length}."), most=most, length=len(kept)))
    return kept


def amount(name: str, value: str | Decimal | None, currency: str = "") -> Decimal | None:
    """An amount of money as people write it (`kit.money`): not negative, two decimals, below one trillion. Empty is None, "not known
    yet". `currency`: what it is in; a sign of another one beside the number is refused."""
    if value is None or str(value).strip() == "":
        return None
    try:
        number, sign = (value, "") if isinstance(value, Decimal) else read_amount(value)
    except ValueError:
        raise wrong(name, say(_("Write a number, such as 2105000 or 2,105,000.50 or {short}."), short="210.5万")) from None
    if currency and not fits(sign, currency):
        raise wrong(
            name, say(_("“{sign}” is not {currency}. Choose the currency, and write the number alone."), sign=sign, currency=currency)
        )
    if not number.is_finite() or number < 0 or number >= Decimal(10) ** 12:
        raise wrong(name, _("Write an amount from 0 to below 1,000,000,000,000."))
    if number != number.quantize(Decimal("0.01")):
        raise wrong(name, _("At most two digits after the point."))
    return number.quantize(Decimal("0.01"))


def day(name: str, value: date | str | None, today: date) -> date:
    """A day by which something is to be done, as people write it (2026-12-31): not before today, at most twenty years ahead."""
    if value is None or value == "":
        raise wrong(name, _("Please fill this in."))
    if not isinstance(value, date):
        try:
            value = date.fromisoformat(value.strip())
        except ValueError:
            raise wrong(name, _("Write a day, such as 2026-12-31.")) from None
    if value < today:
        raise wrong(name, _("This day has passed. Give one from today on."))
    if value.year > today.year + 20:
        raise wrong(name, _("This day lies too far ahead."))
    return value


def believable(moment: datetime, now: datetime) -> bool:
    """Whether a moment that is claimed to have happened can be true: it says its zone, is not in the future, not before 1990."""
    return moment.tzinfo is not None and moment <= now and moment.year >= 1990


def past(name: str, moment: datetime, now: datetime) -> datetime:
    """A moment that is claimed to have happened: not in the future, not before 1990."""
    if moment > now:
        raise wrong(name, _("This lies in the future. Give the time at which it happened."))
    if moment.year < 1990:
        raise wrong(name, _("This lies too far back. Give the time at which it happened."))
    return moment
