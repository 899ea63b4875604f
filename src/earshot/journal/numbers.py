"""Business numbers, such as D-2026-00042: what people say on the phone, beside the public id that machines use."""

from __future__ import annotations

from django.db import connection

from earshot.kit import now

_NEXT = """
INSERT INTO journal_counter (series, last) VALUES (%s, 1)
ON CONFLICT (series) DO UPDATE SET last = journal_counter.last + 1 RETURNING last
"""


def next_number(prefix: str) -> str:
    """The next number of this prefix and year. Inside a call: the row lock keeps it unique; a refusal gives it back."""
    series = f"{prefix}-{now().year}"
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [series])
        return f"{series}-{cursor.fetchone()[0]:05d}"
