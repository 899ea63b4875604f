"""What is done next on a deal, by whom, by which day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from ninja import Router
from pydantic import StringConstraints
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body, Day, Id, Moment, Named, Page, moment, named
from earshot.api.finding import meant
from earshot.deals import actions
from earshot.deals.decisions import NextStep
from earshot.desk.finding import find, find_row

router = Router()


class NextStepShown(TypedDict):
    """`doer`: who is to do it by the end of the day `due`; `person`: who said so."""

    id: Id
    what: str
    due: Day
    doer: Named
    person: Named
    at: Moment


class NewNextStep(Body):
    """`due`: from today on. `doer`: the deal's owner or somebody who sits on its team."""

    what: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=CLEAN)]
    due: date
    doer: AnyId


def _step(row: NextStep) -> NextStepShown:
    return {
        "id": str(row.pk),
        "what": row.what,
        "due": row.due.isoformat(),
        "doer": named(row.doer),
        "person": named(row.person),
        "at": moment(row.at),
    }


@router.get("/deals/{deal_id}/next-steps", response=Page[NextStepShown])
@read
def list_next_steps(
    request: Asked, deal_id: AnyId, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL
) -> Page[NextStepShown]:
    """What was said to be done next, the newest first: that one counts."""
    deal = find(me(request), "deal", deal_id)
    found, after = paging.part(NextStep.objects.filter(deal=deal).select_related("doer", "person"), ("-at", "-id"), cursor, limit)
    return {"items": [_step(row) for row in found], "next": after}


@router.post("/deals/{deal_id}/next-steps", response={201: NextStepShown})
@versioned
@write
def set_next_step(request: Asked, deal_id: AnyId, body: NewNextStep) -> Reply:
    """Set the next step. It takes the place of the one before, which stays on record."""
    person = me(request)
    deal = find_row(person, "deal", deal_id)
    doer = meant(person, "person", body.doer, "doer")
    made = actions.set_next_step(by=actor(request), deal=deal, version=version(request), what=body.what, due=body.due, doer=doer)
    return Reply(_step(made), 201)
