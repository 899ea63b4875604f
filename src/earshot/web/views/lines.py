"""The lines of a deal, as its page shows and changes them, one at a time."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from earshot.deals import lines
from earshot.deals.models import Deal
from earshot.kit.problems import Refusal, missing
from earshot.web.templatetags.looks import money

FIELDS = ("what", "quantity", "unit", "price")


def shown(deal: Deal) -> dict[str, Any]:
    """What the deal is made of, what that comes to, and whether its amount is another."""
    rows = lines.of(deal.pk)
    total = lines.summed(rows, deal.amount, deal.currency)
    return {
        "lines": [
            {
                "what": row.what,
                "quantity": lines.plain(row.quantity),
                "unit": row.unit,
                "price": money(row.price, row.currency),
                "total": money(row.total, row.currency),
                "off": {"act": "line_off", "line": str(row.pk)},
            }
            for row in rows
        ],
        "lines_total": money(total.total, total.currency) if total else "",
        "lines_differ": bool(total and total.differs),
        "lines_apart": bool(rows) and (total is None or total.currency != deal.currency),
    }


def as_given(deal: Deal) -> list[dict[str, Any]]:
    return [
        {"what": row.what, "quantity": str(row.quantity), "unit": row.unit, "price": row.price, "currency": row.currency}
        for row in lines.of(deal.pk)
    ]


def with_another(posted: QueryDict) -> dict[str, Any]:
    return {name: posted.get(f"line_{name}", "") for name in FIELDS}


def beside(refusal: Refusal, at: int) -> Refusal:
    """The refusal of the line at this place, beside the fields of the form for one line."""
    place = f"lines.{at}."
    refusal.fields = {f"line_{name.removeprefix(place)}" if name.startswith(place) else name: said for name, said in refusal.fields.items()}
    return refusal


def without(deal: Deal, line: str) -> list[dict[str, Any]]:
    """The lines but for this one."""
    rows = lines.of(deal.pk)
    if line not in {str(row.pk) for row in rows}:
        raise missing()
    given = as_given(deal)
    return [one for one, row in zip(given, rows, strict=True) if str(row.pk) != line]
