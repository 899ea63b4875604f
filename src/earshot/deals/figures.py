"""The figures of an offer that mandates go by: stated on the deal by a person, with a source, until offers themselves give them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.deals.decisions import ADVANCE, DAYS, FIGURES, MARGIN, Figure
from earshot.deals.models import Deal
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import say, wrong
from earshot.kit.reading import once


@dataclass(frozen=True)
class Kind:
    """What a figure means, and between which values it can be believed. `whole`: it is counted in days; otherwise in per cent."""

    label: Any
    least: int
    most: int
    whole: bool = False

    def valued(self, value: Decimal) -> Any:
        """A value of it, with its unit."""
        return say(_("{value} days") if self.whole else "{value}%", value=plain(value))

    def said(self, value: Decimal) -> Any:
        """The figure in words."""
        return say(_("{label}: {value}"), label=self.label, value=self.valued(value))


KINDS = {
    MARGIN: Kind(_("Gross margin"), -100, 100),
    ADVANCE: Kind(_("Share paid in advance"), 0, 100),
    DAYS: Kind(_("Days until the cash is in"), 0, 3650, whole=True),
}
assert set(KINDS) == set(FIGURES)


def field_of(name: str) -> str:
    """What doors call a figure: its fact's name without the group."""
    return name.partition(".")[2]


def read(name: str, value: str | int | Decimal | None) -> Decimal | None:
    """A figure as people write it (`28.5`, `28.5%`). Empty is None: nothing is said about it."""
    typed = "" if value is None else str(value).strip()
    if not typed:
        return None
    kind = KINDS[name]
    try:
        number = Decimal((typed if kind.whole else typed.removesuffix("%").removesuffix("％")).strip())
    except InvalidOperation:
        raise wrong(field_of(name), _("Write a number, such as 30.") if kind.whole else _("Write a number, such as 28.5.")) from None
    if not number.is_finite() or not kind.least <= number <= kind.most:
        raise wrong(field_of(name), say(_("Write a number from {least} to {most}."), least=kind.least, most=kind.most))
    if kind.whole and number != number.to_integral_value():
        raise wrong(field_of(name), _("Write whole days."))
    if number != number.quantize(Decimal("0.01")):
        raise wrong(field_of(name), _("At most two digits after the point."))
    return number.quantize(Decimal("0.01"))


def plain(value: Decimal) -> str:
    """The value without zeros at its end."""
    shown = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def as_fact(row: Figure) -> int | float:
    """The value as conditions of the playbook take it."""
    return int(row.value) if KINDS[row.name].whole else float(row.value)


_STATED = Prepared(lambda deal: Figure.objects.filter(deal=deal).select_related("person").order_by("-at", "-pk"))


@once
def stated(deal_id: UUID) -> list[Figure]:
    """Every figure that was ever stated on the deal, the newest first."""
    found: list[Figure] = _STATED.objects(deal_id)
    return found


def standing(deal: Deal) -> Mapping[str, Figure]:
    """Name → the figure that counts, of those that were stated, in the order of `KINDS`."""
    found: dict[str, Figure] = {}
    for row in stated(deal.pk):
        found.setdefault(row.name, row)
    return {name: found[name] for name in KINDS if name in found}


def standing_of(deal_ids: Collection[UUID]) -> Mapping[UUID, Mapping[str, Figure]]:
    """The same for many deals, in one statement; none where there are no deals."""
    found: dict[UUID, dict[str, Figure]] = {}
    if deal_ids:
        for row in Figure.objects.filter(deal__in=deal_ids).order_by("-at", "-pk"):
            found.setdefault(row.deal_id, {}).setdefault(row.name, row)
    return found
