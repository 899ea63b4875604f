"""Business numbers, such as D-2026-00042: what people say on the phone, beside the public id that machines use."""

from __future__ import annotations

from django.db.models import F

from earshot.journal.models import Counter
from earshot.kit import now


def next_number(prefix: str) -> str:
    """The next number of this prefix and year. Inside a call: the row lock keeps it unique; a refusal gives it back."""
    series = f"{prefix}-{now().year}"
    if not Counter.objects.filter(series=series).update(last=F("last") + 1):
        Counter.objects.bulk_create([Counter(series=series, last=0)], ignore_conflicts=True)
        Counter.objects.filter(series=series).update(last=F("last") + 1)
    return f"{series}-{Counter.objects.values_list('last', flat=True).get(series=series):05d}"
