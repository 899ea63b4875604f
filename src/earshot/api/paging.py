"""Lists in parts: cursors of our own, with an upper bound. A cursor says after which row the next part begins; it is signed, so
that one that was tampered with is refused instead of tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from ninja import Query
from pydantic import StringConstraints

from earshot.api.fields import CLEAN
from earshot.api.problems import misfit

MOST = 200
Limit = Annotated[int, Query(ge=1, le=MOST, description=f"How many, at most {MOST}.")]
Cursor = Annotated[
    Annotated[str, StringConstraints(max_length=500, pattern=CLEAN)] | None,
    Query(description="`next` of the part before; opaque."),
]
USUAL = 50


def part(rows: QuerySet[Any], order: Sequence[str], cursor: str | None, limit: int) -> tuple[list[Any], str | None]:
    """The rows after `cursor` in `order` (field names, `-` for descending, the last one unique), and the next cursor.

    `rows`: model objects, or dictionaries that hold the fields of the order. One row more is read than is given, to know
    whether there is another part.
    """
    fields = [name.lstrip("-") for name in order]
    if cursor is not None:
        rows = rows.filter(_after(order, _read(cursor, fields)))
    found = list(rows.order_by(*order)[: limit + 1])
    if len(found) <= limit:
        return found, None
    return found[:limit], _write(fields, found[limit - 1])


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Behind these values in this order: field by field, equal in all before it."""
    condition, equal = Q(pk__in=[]), Q()
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        condition |= equal & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        equal &= Q(**{field: value})
    return condition


def _signer(fields: Sequence[str]) -> Signer:
    return Signer(salt="earshot.api.cursor." + ",".join(fields))


def _write(fields: Sequence[str], row: Any) -> str:
    values = [row[name] if isinstance(row, dict) else getattr(row, name) for name in fields]
    return _signer(fields).sign_object([_plain(value) for value in values])


def _read(cursor: str, fields: Sequence[str]) -> list[Any]:
    try:
        return [_rich(value) for value in _signer(fields).unsign_object(cursor)]
    except BadSignature:
        sentence = _("This is no cursor of this list. Begin without one, or send back what “next” said.")
        raise misfit({"cursor": sentence}) from None


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return {"at": value.isoformat()}
        case UUID():
            return {"id": value.hex}
        case _:
            return value


def _rich(value: Any) -> Any:
    match value:
        case {"at": at}:
            return datetime.fromisoformat(at)
        case {"id": hexadecimal}:
            return UUID(hexadecimal)
        case _:
            return value
