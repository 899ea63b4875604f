"""The lines of a deal: what, how much, at which price."""

from __future__ import annotations

from typing import Annotated

from ninja import Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, Amount, AnyId, Body, Currency, Id, Moment, Money, Named, moment, money, named
from earshot.deals import actions, lines
from earshot.deals.models import Deal
from earshot.desk.finding import find, find_row

router = Router()
Quantity = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$")]


class LineShown(TypedDict):
    """`unit`: what the quantity counts; empty: pieces. `price`: of one; `person` null: by no person."""

    id: Id
    what: str
    quantity: str
    unit: str
    price: Money | None
    currency: str
    total: Money | None
    person: Named | None
    at: Moment


class LinesShown(TypedDict):
    """`total` null: there are none, or they are in several currencies. `differs`: what they come to, less the amount of the deal; null: one
    of the two is wanting, or they are in another currency than the deal."""

    lines: list[LineShown]
    total: Money | None
    currency: str | None
    differs: str | None


class NewLine(Body):
    """`unit` empty: pieces. `price`: of one, in `currency`; left out: that of the deal."""

    what: Annotated[str, StringConstraints(min_length=1, max_length=lines.WHAT, pattern=CLEAN)]
    quantity: Quantity
    unit: Annotated[str, StringConstraints(max_length=lines.UNIT, pattern=CLEAN)] = ""
    price: Amount
    currency: Currency | None = None


class NewLines(Body):
    """All lines of the deal, in their order; those that are left out are taken off."""

    lines: Annotated[list[NewLine], Field(max_length=lines.MOST)]


def _shown(deal: Deal) -> LinesShown:
    rows = lines.of(deal.pk)
    total = lines.summed(rows, deal.amount, deal.currency)
    return {
        "lines": [
            {
                "id": str(row.pk),
                "what": row.what,
                "quantity": f"{row.quantity.normalize():f}",
                "unit": row.unit,
                "price": money(row.price),
                "currency": row.currency,
                "total": money(row.total),
                "person": named(row.person) if row.person else None,
                "at": moment(row.at),
            }
            for row in rows
        ],
        "total": money(total.total) if total else None,
        "currency": total.currency if total else None,
        "differs": f"{total.differs:.2f}" if total and total.differs is not None else None,
    }


@router.get("/deals/{deal_id}/lines", response=LinesShown)
@shows_version
@read
def show_lines(request: Asked, deal_id: AnyId) -> Reply:
    """What the deal is made of, what that comes to, and how far that is from its amount."""
    deal = find(me(request), "deal", deal_id)
    return Reply(_shown(deal), 200, version=deal.version)


@router.put("/deals/{deal_id}/lines", response=LinesShown)
@shows_version
@versioned
@write
def set_lines(request: Asked, deal_id: AnyId, body: NewLines) -> Reply:
    """The deal is made of these lines from now on. Its amount stays as it was said."""
    deal = find_row(me(request), "deal", deal_id)
    given = [line.model_dump() for line in body.lines]
    made = actions.set_lines(by=actor(request), deal=deal, version=version(request), lines=given)
    return Reply(_shown(made), 200, version=made.version)
