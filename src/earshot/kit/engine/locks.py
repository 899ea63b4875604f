"""Waiting for whoever does the same thing at this moment."""

from __future__ import annotations

from django.db import connection


def hold(name: object) -> None:
    """From now to the end of this transaction, nobody else holds `name`: a second one waits here, then sees what the first has
    written. SQLite needs nothing: a call takes the only write lock when it begins (BEGIN IMMEDIATE)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [str(name)])
