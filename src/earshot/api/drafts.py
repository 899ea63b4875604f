"""Drafts of the playbook edited as tables: cells and rows, by the same verbs as on the page."""

from __future__ import annotations

from typing import Annotated

from django.utils.translation import gettext_lazy as _
from ninja import Query, Router
from pydantic import Field, StrictBool, StrictFloat, StrictInt, StringConstraints
from typing_extensions import TypedDict

from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body
from earshot.api.revisions import PartName, TextShown, text_shown
from earshot.desk.finding import find
from earshot.kit.problems import forbidden, missing
from earshot.playbooks import actions, editing, revisions
from earshot.playbooks.models import PARTS
from earshot.playbooks.tables import ABSENT

router = Router()
MOST_CELLS = 100  # of one row
Words = Annotated[str, StringConstraints(max_length=10_000)]
Several = Annotated[list[Words], Field(max_length=200)]
Named = Annotated[dict[str, Words], Field(max_length=3)]
Value = StrictBool | StrictInt | StrictFloat | Words | Several | Named
TablePlace = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=CLEAN)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=CLEAN)]
Code = Annotated[str, StringConstraints(max_length=200, pattern=CLEAN)]


class ImpactShown(TypedDict):
    """A row that the draft changes, and whom that touches. `row`: `table/code`; `deals`: how many open deals, null: it is not about
    deals; `people`: their names."""

    row: str
    sentences: list[str]
    deals: int | None
    people: list[str]


class Impacts(TypedDict):
    items: list[ImpactShown]


class Cells(Body):
    """Place of a cell, as findings name it (`levels/hear/minutes`) → its value: a text, a number, true or false, or a list of texts;
    null takes an optional cell away. All of them are one edit."""

    cells: Annotated[dict[TablePlace, Value | None], Field(min_length=1, max_length=MOST_CELLS)]


class NewRow(Body):
    """`table`: its place (`hearers`, `levels/hear/ladder`); `values`: column → value; `after`: code or number of the row that it
    follows; null: at the end; empty: at the beginning."""

    table: TablePlace
    values: Annotated[dict[Column, Value], Field(min_length=1, max_length=MOST_CELLS)]
    after: Code | None = None


class MovedRow(Body):
    """`table`: its place; `code`: of the row, or its number in the table; `after`: code or number of the row that it then follows; null: at
    the end; empty: at the beginning."""

    table: TablePlace
    code: Code
    after: Code | None = None


@router.patch("/playbook/revisions/{revision_id}/parts/{part}/cells", response=TextShown)
@shows_version
@versioned
@write
def set_cells(request: Asked, revision_id: AnyId, part: PartName, body: Cells) -> Reply:
    """Write cells of a draft: in its text, those lines alone differ. What the check finds is no reason to refuse: it is kept."""
    one = find(me(request), "revision", revision_id)
    cells = {place: ABSENT if value is None else value for place, value in body.cells.items()}
    actions.set_cells(by=actor(request), revision=one, part=part, cells=cells, seen=revisions.seen_as(part, version(request)))
    return text_shown(one, part)


@router.post("/playbook/revisions/{revision_id}/parts/{part}/rows", response={201: TextShown})
@shows_version
@versioned
@write
def add_row(request: Asked, revision_id: AnyId, part: PartName, body: NewRow) -> Reply:
    """Add a row to a table of a draft, written as its neighbour is."""
    one = find(me(request), "revision", revision_id)
    seen = revisions.seen_as(part, version(request))
    actions.add_row(by=actor(request), revision=one, part=part, table=body.table, values=body.values, after=body.after, seen=seen)
    return text_shown(one, part, 201)


@router.delete("/playbook/revisions/{revision_id}/parts/{part}/rows", response=TextShown)
@shows_version
@versioned
@write
def remove_row(
    request: Asked,
    revision_id: AnyId,
    part: PartName,
    table: Annotated[TablePlace, Query(description="Place of the table.")],
    code: Annotated[Code, Query(description="Code of the row, or its number in the table.")],
) -> Reply:
    """Take a row out of a table of a draft."""
    one = find(me(request), "revision", revision_id)
    seen = revisions.seen_as(part, version(request))
    actions.remove_row(by=actor(request), revision=one, part=part, table=table, code=code, seen=seen)
    return text_shown(one, part)


@router.post("/playbook/revisions/{revision_id}/parts/{part}/rows/moved", response=TextShown)
@shows_version
@versioned
@write
def move_row(request: Asked, revision_id: AnyId, part: PartName, body: MovedRow) -> Reply:
    """Put a row into another place of its table: those lines alone move, with the comment that is the row's own."""
    one = find(me(request), "revision", revision_id)
    seen = revisions.seen_as(part, version(request))
    actions.move_row(by=actor(request), revision=one, part=part, table=body.table, code=body.code, after=body.after, seen=seen)
    return text_shown(one, part)


@router.get("/playbook/revisions/{revision_id}/parts/{part}/impacts", response=Impacts)
@read
def list_impacts(request: Asked, revision_id: AnyId, part: PartName) -> Impacts:
    """Whom the draft touches, row by row, as things stand: for those who prepare the revision or approve it."""
    one = find(me(request), "revision", revision_id)
    if part not in PARTS:
        raise missing()
    if not revisions.sees_impacts(me(request), one):
        raise forbidden("playbook.impacts_not_yours", _("Whom a change touches is shown to those who prepare it or approve it."))
    touched = editing.impacts(editing.changed_rows(editing.draft(one, part)))
    return {
        "items": [
            {"row": row, "sentences": [str(said) for said in impact.sentences], "deals": impact.deals, "people": list(impact.people)}
            for row, impact in touched.items()
        ]
    }
