"""The lines of a deal: what, how much, at which price. Beside its amount, which a person says and no sum changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from uuid import UUID

from babel.numbers import list_currencies
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from earshot.kit import now, texts, uuid7
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal, Together, say, wrong
from earshot.kit.reading import once
from earshot.people.models import Person

if TYPE_CHECKING:
    from earshot.deals.models import Deal

MOST = 50  # lines of one deal
WHAT, UNIT = 200, 20
MOST_OF = Decimal(10) ** 9
CURRENCIES = frozenset(list_currencies())


class ProductLine(models.Model):
    """A line of a deal, as somebody put it there; `ended_at`: it was taken off or replaced since, and stays on record. `unit`: what the
    quantity counts; empty: pieces. `price`: of one, in `currency`, the deal's at that time. `position`: its place in the list."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    deal = models.ForeignKey("deals.Deal", on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    what = models.CharField(max_length=WHAT)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit = models.CharField(max_length=UNIT, blank=True)
    price = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal", "position"], condition=Q(ended_at__isnull=True), name="one_line_at_a_place"),
            models.CheckConstraint(name="a_line_says_what", condition=~Q(what="")),
            models.CheckConstraint(name="a_line_has_a_quantity", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="a_price_is_not_negative", condition=Q(price__gte=0)),
        ]

    def __str__(self) -> str:
        return self.what

    @property
    def total(self) -> Decimal:
        return (self.quantity * self.price).quantize(Decimal("0.01"))


@dataclass(frozen=True)
class Wanted:
    """A line as it was read."""

    what: str
    quantity: Decimal
    unit: str
    price: Decimal
    currency: str


@dataclass(frozen=True)
class Sum:
    """What the lines come to. `differs`: from the amount that the deal states; None: one of them is not there, or the lines are in another
    currency, and nothing is compared. `currency`: theirs."""

    total: Decimal
    currency: str
    differs: Decimal | None


_LINES = Prepared(lambda deal: ProductLine.objects.filter(deal=deal, ended_at__isnull=True).select_related("person").order_by("position"))


@once
def of(deal_id: UUID) -> list[ProductLine]:
    """The lines of a deal, in their order."""
    found: list[ProductLine] = _LINES.objects(deal_id)
    return found


def put_again(rows: Sequence[ProductLine], deal: Deal, first: int) -> None:
    """Lines that came from another deal stand on this one from the place `first` on, as whoever put them there did."""
    ProductLine.objects.bulk_create(
        [
            ProductLine(
                deal=deal,
                position=at,
                what=row.what,
                quantity=row.quantity,
                unit=row.unit,
                price=row.price,
                currency=row.currency,
                person=row.person,
                at=now(),
            )
            for at, row in enumerate(rows, start=first)
        ]
    )


def summed(lines: Sequence[ProductLine], amount: Decimal | None, currency: str) -> Sum | None:
    """What they come to, beside the amount; None where there are none, or they are in several currencies."""
    currencies = {line.currency for line in lines}
    if len(currencies) != 1:
        return None
    [own] = currencies
    total = sum((line.total for line in lines), Decimal("0.00"))
    same = own == currency and amount is not None
    return Sum(total, own, total - amount if same and amount is not None else None)


def read(given: Collection[Mapping[str, Any]], currency: str) -> list[Wanted]:
    """Lines as typed, in `currency` where they say none; refused with what is wrong with each field, `lines.N.field`, from 0."""
    if len(given) > MOST:
        raise wrong("lines", say(_("At most {n} lines."), n=MOST))
    each = Together()
    found = []
    for at, row in enumerate(given):
        name = f"lines.{at}."
        what = each(texts.text, f"{name}what", row.get("what"), most=WHAT)
        quantity = each(_quantity, f"{name}quantity", row.get("quantity"))
        unit = each(texts.text, f"{name}unit", row.get("unit") or "", most=UNIT, required=False)
        own = each(_currency, f"{name}currency", row.get("currency") or currency) or currency
        price = each(_price, f"{name}price", row.get("price"), own)
        found.append((what, quantity, unit, price, own))
    each.refuse()
    return [Wanted(what or "", quantity, unit or "", price, own) for what, quantity, unit, price, own in found]


def _currency(name: str, code: str) -> str:
    if code not in CURRENCIES:
        raise wrong(name, say(_("There is no currency {code}. Write an ISO 4217 code such as CNY or USD."), code=code))
    return code


def _quantity(name: str, value: Any) -> Decimal:
    try:
        number = Decimal(str("" if value is None else value).strip().replace(",", "").replace("，", ""))
    except InvalidOperation:
        raise wrong(name, _("Write a number, such as 38.")) from None
    if not number.is_finite() or number <= 0 or number >= MOST_OF:
        raise wrong(name, _("Write a number above 0 and below 1,000,000,000."))
    if number != number.quantize(Decimal("0.001")):
        raise wrong(name, _("At most three digits after the point."))
    return number.quantize(Decimal("0.001"))


def _price(name: str, value: Any, currency: str) -> Decimal:
    price = texts.amount(name, value, currency)
    if price is None:
        raise wrong(name, _("Please fill this in."))
    return price


def plain(quantity: Decimal) -> str:
    """A quantity without zeros at its end."""
    return f"{quantity:,.3f}".rstrip("0").rstrip(".")


def refuse_too_much(lines: Sequence[Wanted]) -> None:
    """Their sum is an amount, too."""
    if sum((line.quantity * line.price for line in lines), Decimal(0)) >= Decimal(10) ** 12:
        raise Refusal("deal.lines_too_much", _("The lines come to more than an amount can be: below 1,000,000,000,000."))
