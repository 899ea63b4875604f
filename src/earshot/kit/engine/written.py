"""Rows written by statements that are put together once a process instead of once a row.

A verb writes a dozen rows of a dozen tables. To put each INSERT together through a query costs several times what the database needs
to run it; its text depends on the table and the number of rows alone. Here the text is kept, and each writing fills in the values,
prepared by the fields themselves. Plain columns only: no expressions, no database defaults, no tables that inherit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, models
from django.db.models.fields import NOT_PROVIDED

M = TypeVar("M", bound=models.Model)
MOST = 100  # rows of one kept statement; more are rare enough to be put together anew


Prepare = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class _Columns:
    """Each field with the name of its value and what prepares that for the database. `key`: filled in by the database, if it is."""

    fields: tuple[tuple[Any, str, Prepare], ...]
    key: Any | None


def insert(rows: Sequence[models.Model], *, unless_taken: bool = False) -> int:
    """Write new rows of one model in one statement and give them their keys; returns how many were written.

    `unless_taken`: a row whose unique values another one has is left out. Where another transaction is about to write them, it is
    waited for. Keys are then given only if every row was written.
    """
    return _insert(rows, "ON CONFLICT DO NOTHING" if unless_taken else "")


def put(rows: Sequence[models.Model], *, unique: Sequence[str], fields: Sequence[str]) -> None:
    """Write rows of one model; where one with the same `unique` fields is there already, it gets the new `fields` instead."""
    if rows:
        columns = ", ".join(_column(field) for field in _fields(type(rows[0]), unique))
        changes = ", ".join(f"{_column(field)} = EXCLUDED.{_column(field)}" for field in _fields(type(rows[0]), fields))
        _insert(rows, f"ON CONFLICT ({columns}) DO UPDATE SET {changes}")


def update(row: models.Model, *fields: str) -> None:
    """Write these fields of a row that is there."""
    database = connections[DEFAULT_DB_ALIAS]
    sql, prepared = _update_statement(database.vendor, type(row), fields)
    with database.cursor() as cursor:
        cursor.execute(sql, [prepare(getattr(row, name), database) for name, prepare in prepared])
        if cursor.rowcount != 1:
            raise DatabaseError(f"{type(row).__name__} {row.pk} is not there to be changed")


def _insert(rows: Sequence[models.Model], suffix: str) -> int:
    if len(rows) > MOST:
        return sum(_insert(rows[first : first + MOST], suffix) for first in range(0, len(rows), MOST))
    if not rows:
        return 0
    model = type(rows[0])
    columns, database = _columns(model), connections[DEFAULT_DB_ALIAS]
    values: list[Any] = []
    for row in rows:
        if type(row) is not model:
            raise TypeError(f"rows of {model.__name__} and of {type(row).__name__} are not written together")
        for field, name, prepare in columns.fields:
            value = getattr(row, name)
            if value is None and field.is_relation:
                value = _key_by_now(row, field)
            values.append(prepare(value, database))
    with database.cursor() as cursor:
        cursor.execute(_insert_statement(database.vendor, model, len(rows), suffix), values)
        given = cursor.fetchall()
    if len(given) == len(rows):
        for row, (key,) in zip(rows, given, strict=True):
            if columns.key is not None:
                setattr(row, columns.key.attname, key)
            row._state.adding = False
            row._state.db = DEFAULT_DB_ALIAS
    return len(given)


def _key_by_now(row: models.Model, field: Any) -> Any:
    """The key of the row that this one points at: it may have been given only after the two were put together."""
    other = field.get_cached_value(row, default=None)
    if other is None:
        return None
    setattr(row, field.attname, getattr(other, field.target_field.attname))
    if getattr(row, field.attname) is None:
        raise ValueError(f"{type(row).__name__}.{field.name} points at a {type(other).__name__} that has not been written")
    return getattr(row, field.attname)


@cache
def _columns(model: type[models.Model]) -> _Columns:
    fields = model._meta.concrete_fields
    if model._meta.parents or any(_is_more(field) for field in fields):
        raise TypeError(f"{model.__name__} has columns that are more than plain values")
    key = model._meta.pk if isinstance(model._meta.pk, models.AutoField) else None
    return _Columns(tuple((field, field.attname, field.get_db_prep_save) for field in fields if field is not key), key)


def _is_more(field: Any) -> bool:
    """Whether the database or the field itself makes up the value."""
    return (
        field.generated
        or field.db_default is not NOT_PROVIDED
        or getattr(field, "auto_now", False)
        or getattr(field, "auto_now_add", False)
    )


@lru_cache(maxsize=1000)
def _insert_statement(vendor: str, model: type[models.Model], count: int, suffix: str) -> str:
    columns = _columns(model)
    row = f"({', '.join(['%s'] * len(columns.fields))})"
    names = ", ".join(_column(field) for field, _name, _prepare in columns.fields)
    parts = (f"INSERT INTO {_table(model)} ({names}) VALUES", ", ".join([row] * count), suffix)
    return f"{' '.join(filter(None, parts))} RETURNING {_column(columns.key) if columns.key else 1}"


@cache
def _update_statement(vendor: str, model: type[models.Model], fields: tuple[str, ...]) -> tuple[str, list[tuple[str, Prepare]]]:
    chosen, key = _fields(model, fields), model._meta.pk
    changes = ", ".join(f"{_column(field)} = %s" for field in chosen)
    sql = f"UPDATE {_table(model)} SET {changes} WHERE {_column(key)} = %s"
    return sql, [(field.attname, field.get_db_prep_save) for field in (*chosen, key)]


def _fields(model: type[models.Model], names: Sequence[str]) -> list[Any]:
    return [model._meta.get_field(name) for name in names]


def _column(field: Any) -> str:
    return str(connection.ops.quote_name(field.column))


def _table(model: type[models.Model]) -> str:
    return str(connection.ops.quote_name(model._meta.db_table))
