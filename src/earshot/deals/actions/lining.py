"""Saying what a deal is made of, line by line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from earshot.deals import lines as known
from earshot.deals.actions.writing import fresh, touch
from earshot.deals.lines import ProductLine
from earshot.deals.models import Deal
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.kit import now
from earshot.people.actors import personally


@verb
def set_lines(*, by: Actor, deal: Deal, version: int, lines: Collection[Mapping[str, Any]]) -> Deal:
    """The deal is made of these lines from now on: `what`, `quantity`, `unit` (empty: pieces) and `price` of one, in
    `currency` (left out: the deal's). Those of before stay on record. The amount of the deal stays as it was said."""
    person = personally(by)
    deal = fresh(by, deal, version)
    wanted = known.read(lines, deal.currency)
    known.refuse_too_much(wanted)
    before = known.of(deal.pk)
    if [_said(row) for row in before] == [_said(row) for row in wanted]:
        return deal
    ProductLine.objects.filter(deal=deal, ended_at__isnull=True).update(ended_at=now())
    rows = [
        ProductLine(
            deal=deal,
            position=at,
            what=row.what,
            quantity=row.quantity,
            unit=row.unit,
            price=row.price,
            currency=row.currency,
            person=person,
            at=now(),
        )
        for at, row in enumerate(wanted, start=1)
    ]
    ProductLine.objects.bulk_create(rows)
    touch(deal)
    total = known.summed(rows, None, deal.currency)
    data = {
        "n": len(rows),
        "total": f"{total.total:,.2f} {total.currency}" if total else "–",
        "lines": [f"{row.what} × {known.plain(row.quantity)} {row.unit} @ {row.price}" for row in rows],
        "version": deal.version,
    }
    record("deals.lines_set", by=by, objects={"deal": deal}, scopes=[deal], data=data)
    return deal


def _said(row: ProductLine | known.Wanted) -> tuple[Any, ...]:
    return row.what, row.quantity, row.unit, row.price, row.currency
