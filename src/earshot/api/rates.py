"""Exchange rates of the company, by day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from ninja import Query, Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor
from earshot.api.fields import CLEAN, Body, Currency, Day, Id, Moment, Page, moment
from earshot.deals import rates

router = Router()


class RateShown(TypedDict):
    """One unit of `currency` was worth `rate` of `base` on `day`."""

    id: Id
    base: str
    currency: str
    day: Day
    rate: str
    entered_at: Moment
    entered_by: str | None


class NewRate(Body):
    currency: Currency
    day: date
    rate: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=CLEAN)]


class NewRates(Body):
    """All of them are entered, or none."""

    rates: Annotated[list[NewRate], Field(min_length=1, max_length=rates.MOST)]


class Entered(TypedDict):
    """How many are new, or other than what stood there."""

    entered: int


@router.get("/rates", response=Page[RateShown])
@read
def list_rates(
    request: Asked,
    currency: Annotated[Currency | None, Query(description="Of this currency alone.")] = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[RateShown]:
    """The rates by which sums are converted, the newest day first. What was corrected is not among them."""
    found = rates.live() if currency is None else rates.live().filter(currency=currency)
    rows: Any = found.values("id", "base", "currency", "day", "rate", "at", "person__name")
    part, after = paging.part(rows, ("-day", "-id"), cursor, limit)
    return {
        "items": [
            {
                "id": str(row["id"]),
                "base": row["base"],
                "currency": row["currency"],
                "day": row["day"].isoformat(),
                "rate": f"{row['rate'].normalize():f}",
                "entered_at": moment(row["at"]),
                "entered_by": row["person__name"],
            }
            for row in part
        ],
        "next": after,
    }


@router.post("/rates", response={201: Entered})
@write
def enter_rates(request: Asked, body: NewRates) -> Reply:
    """Sales operations enter what units of currencies are worth, by day. A day that has a rate gets the new one; the old one stays on
    record."""
    given = [rates.Given(one.currency, one.day.isoformat(), one.rate) for one in body.rates]
    entered: Entered = {"entered": rates.enter_rates(by=actor(request), rates=given)}
    return Reply(entered, 201)
