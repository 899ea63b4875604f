"""The figures of an offer, as people state them on a deal."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body, Id, Moment, Named, Page, moment, named
from earshot.deals import actions, figures
from earshot.deals.decisions import Figure
from earshot.desk.finding import find, find_row

router = Router()
Share = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,3}(\.[0-9]{1,2})?$")]
Name = Literal["offer.gross_margin", "offer.advance_share", "offer.days_to_cash"]


class StatedFigure(TypedDict):
    """`name`: of the fact that conditions of the playbook speak of; `value`: in per cent, or days; `source`: where `person` has it from."""

    id: Id
    name: Name
    value: str
    source: str
    person: Named
    at: Moment


class NewFigures(Body):
    """At least one of the three. `gross_margin` and `advance_share` in per cent of the contract, `days_to_cash` from the contract until
    the cash is in. `source`: where they are from."""

    gross_margin: Share | None = None
    advance_share: Share | None = None
    days_to_cash: Annotated[int, Field(ge=0, le=3650)] | None = None
    source: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=CLEAN)]


def _figure(row: Figure) -> StatedFigure:
    return {
        "id": str(row.pk),
        "name": row.name,  # type: ignore[typeddict-item]  # of those that there are
        "value": figures.plain(row.value),
        "source": row.source,
        "person": named(row.person),
        "at": moment(row.at),
    }


@router.get("/deals/{deal_id}/figures", response=Page[StatedFigure])
@read
def list_figures(request: Asked, deal_id: AnyId, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[StatedFigure]:
    """What was stated about the offer, the newest first: of each name, the first one counts."""
    deal = find(me(request), "deal", deal_id)
    found, after = paging.part(Figure.objects.filter(deal=deal).select_related("person"), ("-at", "-id"), cursor, limit)
    return {"items": [_figure(row) for row in found], "next": after}


@router.post("/deals/{deal_id}/figures", response={201: list[StatedFigure]})
@versioned
@write
def state_figures(request: Asked, deal_id: AnyId, body: NewFigures) -> Reply:
    """State figures of the offer. What was stated before stays; a value that differs lets the votes at the gate lapse."""
    deal = find_row(me(request), "deal", deal_id)
    made = actions.state_figures(
        by=actor(request),
        deal=deal,
        version=version(request),
        gross_margin=body.gross_margin,
        advance_share=body.advance_share,
        days_to_cash=body.days_to_cash,
        source=body.source,
    )
    return Reply([_figure(row) for row in made], 201)
