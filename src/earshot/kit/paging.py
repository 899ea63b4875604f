"""Lists in parts: cursors of our own. A cursor says after which row the next part begins; it is signed, so that one that was tampered
with is refused instead of tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db.models import Q, QuerySet

SALT = "earshot.cursor."


class NoCursor(ValueError):
    """What was sent is no cursor of this list."""


def part(rows: QuerySet[Any], order: Sequence[str], after: str | None, limit: int, salt: str = SALT) -> tuple[list[Any], str | None]:
    """The rows after the cursor `after` in `order` (field names, `-` for descending, none of them null, the last one unique), and the
    next cursor.

    `rows`: model objects, or dictionaries that hold the fields of the order. One row more is read than is given, to know
    whether there is another part. `NoCursor` where the cursor is not of this list in this order.
    """
    if after is not None:
        rows = rows.filter(_after(order, _read(_signer(order, salt), after)))
    found = list(rows.order_by(*order)[: limit + 1])
    if len(found) <= limit:
        return found, None
    return found[:limit], cursor(found[limit - 1], order, salt)


def cursor(row: Any, order: Sequence[str], salt: str = SALT) -> str:
    """The cursor of what follows this row."""
    values = [row[name] if isinstance(row, dict) else getattr(row, name) for name in _fields(order)]
    return _signer(order, salt).sign_object([_plain(value) for value in values])


def _fields(order: Sequence[str]) -> list[str]:
    return [name.lstrip("-") for name in order]


def _signer(order: Sequence[str], salt: str) -> Signer:
    return Signer(salt=salt + ",".join(_fields(order)))


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Behind these values in this order: field by field, equal in all before it."""
    condition, equal = Q(pk__in=[]), Q()
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        condition |= equal & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        equal &= Q(**{field: value})
    return condition


def _read(signer: Signer, cursor: str) -> list[Any]:
    try:
        return [_rich(value) for value in signer.unsign_object(cursor)]
    except BadSignature:
        raise NoCursor from None


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return {"at": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case UUID():
            return {"id": value.hex}
        case Decimal():
            return {"n": str(value)}
        case _:
            return value


def _rich(value: Any) -> Any:
    match value:
        case {"at": at}:
            return datetime.fromisoformat(at)
        case {"day": day}:
            return date.fromisoformat(day)
        case {"id": hexadecimal}:
            return UUID(hexadecimal)
        case {"n": number}:
            return Decimal(number)
        case _:
            return value
