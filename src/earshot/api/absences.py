"""Absence: who is away from … until, and who decides meanwhile."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from ninja import Router
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, Body, Day, Id, Moment, Named, Page, ShortReason, moment, moment_or_none, named
from earshot.api.finding import meant
from earshot.desk.finding import find
from earshot.kit.problems import missing
from earshot.people import absences
from earshot.people.models import Absence, Person

router = Router()


class AbsenceShown(TypedDict):
    """`first` and `last`: days, both of them included. `begun_at` null: it is still to come. `ended_at`: over, by its last day (`ended_by`
    null) or by somebody before."""

    id: Id
    person: Named
    deputy: Named
    first: Day
    last: Day
    reason: str
    entered_by: Named | None
    entered_at: Moment
    begun_at: Moment | None
    ended_at: Moment | None
    ended_by: Named | None


class NewAbsence(Body):
    """`first`: today at the earliest. `deputy`: who decides meanwhile; not the person, and nobody who is away on one of these days."""

    first: date
    last: date
    deputy: AnyId
    reason: ShortReason


class Ending(Body):
    absence: AnyId


def _shown(row: Absence) -> AbsenceShown:
    return {
        "id": str(row.pk),
        "person": named(row.person),
        "deputy": named(row.deputy),
        "first": row.first.isoformat(),
        "last": row.last.isoformat(),
        "reason": row.reason,
        "entered_by": named(row.entered_by) if row.entered_by else None,
        "entered_at": moment(row.entered_at),
        "begun_at": moment_or_none(row.begun_at),
        "ended_at": moment_or_none(row.ended_at),
        "ended_by": named(row.ended_by) if row.ended_by else None,
    }


def _somebody(request: Asked, person_id: UUID) -> Person:
    person: Person = find(me(request), "person", person_id)
    if not absences.may_enter(me(request), person):
        raise missing()
    return person


@router.get("/people/{person_id}/absences", response=Page[AbsenceShown])
@read
def list_absences(request: Asked, person_id: AnyId, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[AbsenceShown]:
    """When a person is or was away, the last to be entered first: for him or her, the heads above, and whoever administers."""
    rows = Absence.objects.filter(person=_somebody(request, person_id)).select_related("person", "deputy", "entered_by", "ended_by")
    found, after = paging.part(rows, ("-entered_at", "-id"), cursor, limit)
    return {"items": [_shown(row) for row in found], "next": after}


@router.post("/people/{person_id}/absences", response={201: AbsenceShown})
@write
def record_absence(request: Asked, person_id: AnyId, body: NewAbsence) -> Reply:
    """The person is away; the deputy decides meanwhile what is asked of him or her. Two absences never share a day, and nobody stands in
    for a deputy who is away too."""
    person = _somebody(request, person_id)
    deputy = meant(me(request), "person", body.deputy, "deputy")
    row = absences.record_absence(by=actor(request), person=person, first=body.first, last=body.last, deputy=deputy, reason=body.reason)
    return Reply(_shown(row), 201)


@router.post("/people/{person_id}/absences/endings", response=AbsenceShown)
@write
def end_absence(request: Asked, person_id: AnyId, body: Ending) -> Reply:
    """Back before the last day, or not away after all. What the deputy has decided stays decided."""
    rows = Absence.objects.filter(person=_somebody(request, person_id)).select_related("person", "deputy", "entered_by", "ended_by")
    row = rows.filter(pk=body.absence).first()
    if row is None:
        raise missing()
    absences.end_absence(by=actor(request), absence=row)
    return Reply(_shown(rows.get(pk=row.pk)))
