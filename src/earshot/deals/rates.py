"""The company's exchange rates by day, entered by operations; sums in its own currency beside the originals. Nothing is asked of a
network: a currency without a rate is said to have none, and stays out of the sum openly."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.numbers import list_currencies
from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from earshot.deals.models import Rate
from earshot.deals.queries import today
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.kit import now
from earshot.kit.engine import locks
from earshot.kit.problems import Line, Refusal, Together, say, wrong
from earshot.kit.reading import once
from earshot.people import permits

CURRENCIES = frozenset(list_currencies())
MOST = 2000
SMALLEST, GREATEST = Decimal("0.00000001"), Decimal(10) ** 9
COLUMNS = ("currency", "day", "rate")


@dataclass(frozen=True)
class Given:
    """One rate as somebody typed it."""

    currency: str
    day: str
    rate: str


@dataclass(frozen=True)
class Worth:
    """Amounts of several currencies in the company's own. `total` None: there is nothing that could be converted. `originals`: by
    currency, the company's own first. `without`: the currencies for which there is no rate, left out of the total. `by`: the rates that
    were used."""

    total: Decimal | None
    originals: Mapping[str, Decimal] = field(default_factory=dict)
    without: Sequence[str] = ()
    by: Sequence[Rate] = ()


def company_currency() -> str:
    code: str = settings.CURRENCY
    return code


def live() -> QuerySet[Rate]:
    """The rates that count, of the company's present currency."""
    return Rate.objects.filter(base=company_currency(), replaced_at__isnull=True)


@once
def rates_on(day: date) -> Mapping[str, Rate]:
    """Currency → the last rate of that day or before it, in one statement."""
    newest = live().filter(currency=OuterRef("currency"), day__lte=day).order_by("-day").values("pk")[:1]
    return {rate.currency: rate for rate in live().filter(day__lte=day, pk=Subquery(newest)).order_by("currency")}


def worth(amounts: Mapping[str, Decimal], rates: Mapping[str, Rate]) -> Worth:
    """The sum of these amounts, pure. Rounded once, at the end."""
    own = company_currency()
    ordered = dict(sorted(amounts.items(), key=lambda pair: (pair[0] != own, pair[0])))
    known = {code: Decimal(1) if code == own else rates[code].rate for code in ordered if code == own or code in rates}
    total = sum((ordered[code] * rate for code, rate in known.items()), Decimal(0))
    return Worth(
        total=total.quantize(Decimal("0.01"), ROUND_HALF_UP) if known else None,
        originals=ordered,
        without=[code for code in ordered if code not in known],
        by=[rates[code] for code in known if code != own],
    )


@verb
def enter_rates(*, by: Actor, rates: Iterable[Given]) -> int:
    """Enter what units of currencies are worth in the company's, by day. All of them or none: each that cannot be read is named. A day
    that has a rate already gets the new one, and the old one stays on record. Returns how many are new or other than before."""
    permits.require(by, permits.OPERATE)
    given = list(rates)
    if not given:
        raise wrong("rate", _("Please fill this in."))
    if len(given) > MOST:
        raise wrong("file", say(_("At most {most} rates at once; these are {n}."), most=MOST, n=len(given)))
    read: dict[tuple[str, date], Decimal] = {}
    lines: list[Line] = []
    for number, one in enumerate(given, start=1):
        each = Together()
        currency, day, rate = each(_currency, one.currency), each(_day, one.day), each(_rate, one.rate)
        if each.fields and len(given) == 1:
            each.refuse()
        for sentence in each.fields.values():
            lines.append(Line("rate.unreadable", say(_("Line {n}: {what}"), n=number, what=sentence)))
        if not each.fields:
            if read.get((currency, day), rate) != rate:
                said = say(_("{currency} stands twice for {day}, with two figures."), currency=currency, day=day.isoformat())
                lines.append(Line("rate.twice", say(_("Line {n}: {what}"), n=number, what=said)))
            read[currency, day] = rate
    if lines:
        raise Refusal("rates.unreadable", _("These rates cannot be read; none was taken in."), lines=lines[:50])
    locks.hold("rates")
    days = {day for _currency_, day in read}
    known = {(row.currency, row.day): row for row in live().filter(day__in=days)}
    new = {key: rate for key, rate in read.items() if key not in known or known[key].rate != rate}
    Rate.objects.filter(pk__in=[known[key].pk for key in new if key in known]).update(replaced_at=now())
    base = company_currency()
    Rate.objects.bulk_create(
        [Rate(base=base, currency=code, day=day, rate=rate, person_id=by.person_id, at=now()) for (code, day), rate in new.items()]
    )
    if new:
        told = "; ".join(f"1 {code} = {rate.normalize():f} {base} ({day})" for (code, day), rate in list(new.items())[:20])
        data = {
            "n": len(new),
            "rates": told + ("; …" if len(new) > 20 else ""),
            "figures": [
                [code, day.isoformat(), str(rate), str(known[code, day].rate) if (code, day) in known else None]
                for (code, day), rate in new.items()
            ],
        }
        record("deals.rates_entered", by=by, objects={}, data=data, permission=permits.OPERATE)
    return len(new)


def of_csv(text: str) -> list[Given]:
    """The rates of a CSV with the columns currency, day, rate; a first line that names them may be left away."""
    rows = [row for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) if any(cell.strip() for cell in row)]
    if rows and [cell.strip().lower() for cell in rows[0][:3]] == list(COLUMNS):
        rows = rows[1:]
    if not rows:
        raise wrong("file", _("Write one rate a line: USD, 2026-11-20, 7.1234"))
    for number, row in enumerate(rows, start=1):
        if len(row) != 3:
            sentence = say(_("Line {n}: write three columns, such as USD, 2026-11-20, 7.1234"), n=number)
            raise wrong("file", sentence)
    return [Given(*(cell.strip() for cell in row)) for row in rows]


def _currency(code: str) -> str:
    kept = code.strip().upper()
    if kept not in CURRENCIES:
        raise wrong("currency", say(_("There is no currency {code}. Write an ISO 4217 code such as CNY or USD."), code=code.strip()[:20]))
    if kept == company_currency():
        raise wrong("currency", say(_("{code} is the company's own currency; it needs no rate."), code=kept))
    return kept


def _day(typed: str) -> date:
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        raise wrong("day", _("Write a day, such as 2026-12-31.")) from None
    if day > today():
        raise wrong("day", _("This lies in the future: a rate is entered once its day has come."))
    if day.year < 1990:
        raise wrong("day", _("This lies too far back."))
    return day


def _rate(typed: str) -> Decimal:
    try:
        rate = Decimal(typed.strip().replace(",", ""))
    except InvalidOperation:
        raise wrong("rate", _("Write a number, such as 7.1234.")) from None
    if not rate.is_finite() or not SMALLEST <= rate < GREATEST:
        raise wrong("rate", _("Write a rate above zero and below 1,000,000,000."))
    if rate != rate.quantize(SMALLEST):
        raise wrong("rate", _("At most eight digits after the point."))
    return rate.quantize(SMALLEST)
