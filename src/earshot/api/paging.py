"""Lists in parts, with an upper bound (kit.paging)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from ninja import Query
from pydantic import StringConstraints

from earshot.api.fields import CLEAN
from earshot.api.problems import misfit
from earshot.kit import paging

MOST = 200
Limit = Annotated[int, Query(ge=1, le=MOST, description=f"How many, at most {MOST}.")]
Cursor = Annotated[
    Annotated[str, StringConstraints(max_length=500, pattern=CLEAN)] | None,
    Query(description="`next` of the part before; opaque."),
]
USUAL = 50
SALT = "earshot.api.cursor."


def part(rows: QuerySet[Any], order: Sequence[str], cursor: str | None, limit: int, kind: str = "") -> tuple[list[Any], str | None]:
    """The rows after `cursor` in `order`, and the next cursor; a cursor of another list is refused, and one of
    another `kind` of its order."""
    try:
        return paging.part(rows, order, cursor, limit, SALT + kind)
    except paging.NoCursor:
        sentence = _("This is no cursor of this list. Begin without one, or send back what “next” said.")
        raise misfit({"cursor": sentence}) from None
