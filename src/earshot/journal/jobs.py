"""The plain loop that drains delivery rows. Leases make it safe to run twice; every reaction is idempotent."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q

from earshot.journal.models import Delivery
from earshot.journal.reactions import HANDLERS
from earshot.kit import now

LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 8
log = logging.getLogger(__name__)


def drain(most: int = 100) -> int:
    """Deliver what is owed, oldest entry first; returns how many were tried. A failing one is retried later with growing
    pauses and parked as dead after the last attempt; it never stops the others."""
    tried = 0
    while tried < most:
        delivery = _claim()
        if delivery is None:
            break
        tried += 1
        try:
            with transaction.atomic():
                HANDLERS[delivery.reaction](delivery.entry)
                Delivery.objects.filter(pk=delivery.pk).update(done_at=now(), leased_until=None, error="")
        except Exception as error:
            log.exception("delivery %s failed", delivery)
            dead = delivery.attempts >= MOST_ATTEMPTS
            Delivery.objects.filter(pk=delivery.pk).update(
                error=f"{type(error).__name__}: {error}",
                leased_until=None,
                due_at=now() + timedelta(seconds=2**delivery.attempts),
                dead_at=now() if dead else None,
            )
    return tried


def _claim() -> Delivery | None:
    """Take the oldest delivery that is due and free, by a conditional update that only one worker can win."""
    at = now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=at)
    owed = Delivery.objects.filter(free, done_at__isnull=True, dead_at__isnull=True, due_at__lte=at).order_by("due_at", "pk")
    for pk in owed.values_list("pk", flat=True)[:5]:
        if Delivery.objects.filter(free, pk=pk, done_at__isnull=True).update(leased_until=at + LEASE, attempts=F("attempts") + 1):
            return Delivery.objects.select_related("entry").get(pk=pk)
    return None
