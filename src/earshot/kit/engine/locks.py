"""Waiting for whoever does the same thing at this moment."""

from __future__ import annotations

from typing import Any

from django.db import connection, models


def hold(name: object, *, shared: bool = False) -> None:
    """From now to the end of this transaction, nobody else holds `name`: a second one waits here, then sees what the first has
    written. `shared`: any number hold it together, and only somebody who wants it alone waits for them, and they for him. SQLite
    needs nothing: a call takes the only write lock when it begins (BEGIN IMMEDIATE)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
            cursor.execute(f"SELECT {function}(hashtextextended(%s, 0))", [str(name)])


# Who holds which role: held alone by whoever changes it, shared by whoever decides by it. Always taken before a row is locked.
POSTS = "posts"


def lock(rows: models.QuerySet[Any]) -> None:
    """From now to the end of this transaction, nobody else changes or locks these rows; what they hold is read afterwards.

    Locking and joining in one statement would not do: where the row changed while PostgreSQL waited for it, its new values are
    held against the old rows of the joined tables, and it vanishes from the answer. SQLite needs nothing, as above.
    """
    if connection.vendor == "postgresql":
        list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def claim(rows: models.QuerySet[Any]) -> list[Any]:
    """Those of the rows that nobody else holds, held from now to the end of this transaction; the others are passed over."""
    if connection.vendor == "postgresql":
        return list(rows.select_for_update(skip_locked=True, no_key=True).order_by("pk"))
    return list(rows.order_by("pk"))
