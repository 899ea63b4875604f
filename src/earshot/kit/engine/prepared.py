"""Queries that every request asks before anything else: put into SQL once a process instead of once a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, models

Rows = list[tuple[Any, ...]]


class Prepared:
    """`build`: from a value to a queryset of `values_list` rows, of which the value is a parameter and nothing else depends on it.
    `like`: a value that cannot be meant, of the same type; it marks where the value stands."""

    def __init__(self, build: Callable[[Any], models.QuerySet[Any, Any]], like: str | UUID) -> None:
        self.build, self.like = build, like
        self._known: dict[str, tuple[str, tuple[Any, ...], list[tuple[int, Any, Any]]]] = {}

    def rows(self, value: str | UUID) -> Rows:
        """What the queryset would give for this value, in one statement."""
        vendor = connection.vendor
        if vendor not in self._known:
            self._known[vendor] = self._prepare()
        sql, params, converters = self._known[vendor]
        mark, given = _adapted(self.like), _adapted(value)
        with connection.cursor() as cursor:
            cursor.execute(sql, [given if param == mark else param for param in params])
            found = [list(row) for row in cursor.fetchall()]
        for row in found:
            for position, convert, expression in converters:
                row[position] = convert(row[position], expression, connection)
        return [tuple(row) for row in found]

    def _prepare(self) -> tuple[str, tuple[Any, ...], list[tuple[int, Any, Any]]]:
        compiler = self.build(self.like).query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        selected = [column[0] for column in compiler.select]
        converters = compiler.get_converters(selected)
        return sql, tuple(params), [(at, one, expression) for at, (several, expression) in converters.items() for one in several]


def _adapted(value: str | UUID) -> Any:
    return models.UUIDField().get_db_prep_value(value, connection) if isinstance(value, UUID) else value
