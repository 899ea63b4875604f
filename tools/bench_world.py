"""Twenty thousand deals: a few made through the verbs, the rest copies of their rows under new ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models, transaction

from earshot.deals.models import Deal
from earshot.kit import uuid7

ROUND = 500  # copies written together
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


def copies(rows: list[Row], number: int) -> list[models.Model]:
    """The rows once more: new ids everywhere, new business numbers, all else the same."""
    ids = {row["id"]: uuid7() for _, row in rows if isinstance(row.get("id"), UUID)}
    made: list[models.Model] = []
    for model, row in rows:
        fresh = {name: ids.get(value, value) if isinstance(value, UUID) else value for name, value in row.items()}
        if isinstance(model._meta.pk, models.AutoField):
            fresh.pop(model._meta.pk.attname)
        if "number" in fresh:
            fresh["number"] = f"B{number}-{len(made)}"
        if "outside_id" in fresh:
            fresh["outside_id"] = None
        made.append(model(**fresh))
    return made


def fill(patterns: list[Deal], total: int) -> None:
    """Copy the patterns in turn until the house holds `total` deals."""
    belonging = [belongings(deal) for deal in patterns]
    begin = Deal.objects.count()
    for first in range(begin, total, ROUND):
        made = [row for number in range(first, min(first + ROUND, total)) for row in copies(belonging[number % len(belonging)], number)]
        by_model: dict[type[models.Model], list[models.Model]] = {}
        for row in made:
            by_model.setdefault(type(row), []).append(row)
        with transaction.atomic():
            for model in in_order_of_need(set(by_model)):
                model._base_manager.bulk_create(by_model[model])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
