"""What the database knows of the size of its tables, by which it chooses how to answer."""

from __future__ import annotations

from django.db import connection


def look_anew() -> None:
    """Count again, after much was written at once. PostgreSQL does it by itself about a minute later; until then it takes thousands of
    new rows for none, and a statement that joins them may run for minutes. SQLite chooses well enough without."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
