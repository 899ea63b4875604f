"""Very many deals: a few made through the verbs, the rest copies of their rows under new ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models, transaction

from earshot.deals.models import Deal

Row = tuple[type[models.Model], dict[str, Any]]


def values(rows: Iterable[models.Model]) -> list[Row]:
    return [(type(row), {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}) for row in rows]


def belongings(deal: Deal) -> list[Row]:
    """Every row that exists because of the deal, outside the journal: what points at it, at what points at it, and so on."""
    found: dict[tuple[type[models.Model], Any], models.Model] = {}
    waiting: list[models.Model] = [deal.team, deal]
    while waiting:
        thing = waiting.pop()
        if (type(thing), thing.pk) in found:
            continue
        found[type(thing), thing.pk] = thing
        for relation in thing._meta.related_objects:
            if relation.field.many_to_many or relation.related_model._meta.app_label == "journal":
                continue
            waiting += relation.related_model._base_manager.filter(**{relation.field.name: thing})
        for model in apps.get_models():
            names = {f.name for f in model._meta.concrete_fields}
            if model._meta.app_label.startswith("journal") or not {"kind", "object_id"} <= names:
                continue
            if isinstance(thing.pk, UUID):
                waiting += model._base_manager.filter(object_id=thing.pk)
    order = {model: position for position, model in enumerate(in_order_of_need({model for model, _ in found}))}
    return sorted(values(found.values()), key=lambda row: order[row[0]])


def in_order_of_need(wanted: set[type[models.Model]]) -> list[type[models.Model]]:
    """A model comes after those that it points at."""
    placed: list[type[models.Model]] = []

    def place(model: type[models.Model]) -> None:
        if model in placed or model not in wanted:
            return
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is not model:
                place(field.related_model)
        placed.append(model)

    for model in sorted(wanted, key=lambda model: model._meta.label):
        place(model)
    return placed


@dataclass(frozen=True)
class Expression:
    """What stands for a column in `INSERT … SELECT`; `value` None: nothing to send along."""

    sql: str
    value: Any = None
    sends: bool = False


def expression(field: models.Field[Any, Any], value: Any, ids: set[UUID], number: int) -> Expression:
    """Of copy `n`: an id of the pattern with its last eight digits replaced by `n` (they stay apart, as the others are a moment and
    chance), a business number of its own, all else as it stands in the pattern."""
    if isinstance(value, UUID) and value in ids:
        if connection.vendor == "postgresql":
            return Expression("(%s || lpad(to_hex(n), 8, '0'))::uuid", value.hex[:-8], sends=True)
        return Expression("%s || printf('%%08x', n)", value.hex[:-8], sends=True)
    if field.name == "number" and isinstance(value, str):
        return Expression("'B' || n || %s", f"-{number}", sends=True)
    if field.name == "outside_id":
        return Expression("NULL")
    made = field.get_db_prep_save(value, connection)
    # A literal of a SELECT has no type on PostgreSQL; SQLite's columns take what they are given, and a cast there would change it.
    return Expression(f"%s::{field.cast_db_type(connection)}" if connection.vendor == "postgresql" else "%s", made, sends=True)


def copy_rows(rows: list[Row], first: int, step: int, last: int) -> None:
    """The rows of one pattern again for n = `first`, `first + step` … below `last`, a statement each."""
    ids = {row["id"] for _, row in rows if isinstance(row.get("id"), UUID)}
    quote = connection.ops.quote_name
    with transaction.atomic(), connection.cursor() as cursor:
        for number, (model, row) in enumerate(rows):
            fields = [f for f in model._meta.concrete_fields if not isinstance(f, models.AutoField)]
            columns = ", ".join(quote(f.column or f.attname) for f in fields)
            made = [expression(f, row[f.attname], ids, number) for f in fields]
            cursor.execute(
                "WITH RECURSIVE copies(n) AS (SELECT %s UNION ALL SELECT n + %s FROM copies WHERE n + %s < %s) "
                f"INSERT INTO {quote(model._meta.db_table)} ({columns}) "
                f"SELECT {', '.join(one.sql for one in made)} FROM copies",
                [first, step, step, last, *(one.value for one in made if one.sends)],
            )


def fill(patterns: list[Deal], total: int) -> None:
    """Copy the patterns in turn until the house holds `total` deals. What is copied is the rows of the pattern as they stand: call it
    before anything else is done to it. The journal stays as it is."""
    begin = Deal.objects.count()
    for place, deal in enumerate(patterns):
        if begin + place < total:
            copy_rows(belongings(deal), begin + place, len(patterns), total)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
