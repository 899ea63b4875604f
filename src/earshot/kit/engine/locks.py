"""Waiting for whoever does the same thing at this moment."""

from __future__ import annotations

from typing import Any

from django.db import connection, models


def hold(name: object) -> None:
    """From now to the end of this transaction, nobody else holds `name`: a second one waits here, then sees what the first has
    written. SQLite needs nothing: a call takes the only write lock when it begins (BEGIN IMMEDIATE)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(name)])


def lock(rows: models.QuerySet[Any]) -> None:
    """From now to the end of this transaction, nobody else changes or locks these rows; what they hold is read afterwards.

    Locking and joining in one statement would not do: where the row changed while PostgreSQL waited for it, its new values are
    held against the old rows of the joined tables, and it vanishes from the answer. SQLite needs nothing, as above.
    """
    if connection.vendor == "postgresql":
        list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
