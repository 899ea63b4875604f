"""The worker's loop over what is owed after the commit.

A delivery is held by one worker, which must be alive to hold it: it says so every few seconds (`alive`), and what a silent one held
is free. The reaction, and the mark that it is done, are one transaction in which the row itself is locked; so whatever is killed at
whatever instant, a reaction has happened once or not at all as far as the database goes. What leaves the database is an errand: prepared
and settled in transactions, sent in none.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from earshot.journal.models import Delivery, Worker
from earshot.journal.reactions import ERRANDS, GIVEN_UP, HANDLERS, Errand, NotYet, Undeliverable, Undelivered
from earshot.kit import now, uuid7
from earshot.kit.clock import machine_time
from earshot.kit.engine import written
from earshot.kit.engine.locks import claim

BEAT = 5.0  # seconds between two signs of life
SILENT = timedelta(seconds=30)  # after which a worker is taken for dead
MOST_ATTEMPTS = 8
LONGEST_PAUSE = timedelta(hours=1)
FORGET = timedelta(days=7)  # workers that ended so long ago are of no interest any more
log = logging.getLogger(__name__)
_at = threading.local()  # `delivery`: what this thread claimed and has not ended


@contextmanager
def alive() -> Iterator[UUID]:
    """A worker's life: known from its beginning, a sign every few seconds from a thread of its own, and its end noted."""
    worker = begin()
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            try:
                Worker.objects.filter(pk=worker).update(seen_at=machine_time())
            except (DatabaseError, InterfaceError):
                log.warning("a sign of life could not be written", exc_info=True)
                connection.close()
        connection.close()

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        ended.set()
        thread.join(timeout=10)
        try:
            end(worker)
        except (DatabaseError, InterfaceError):  # what it held is taken over once it has been silent for long enough
            log.warning("the end of a worker could not be written", exc_info=True)


def begin() -> UUID:
    """A new worker, alive from now on."""
    at = machine_time()
    Worker.objects.filter(seen_at__lt=at - FORGET).delete()
    return Worker.objects.create(id=uuid7(), name=f"{socket.gethostname()}:{os.getpid()}"[:100], began_at=at, seen_at=at).pk


def end(worker: UUID) -> None:
    """The worker stops of its own will: what it held is free at once."""
    Worker.objects.filter(pk=worker).update(stopped_at=machine_time())
    Delivery.objects.filter(holder=worker, done_at__isnull=True).update(holder=None)


def living() -> QuerySet[Worker]:
    """Workers that have given a sign of life a moment ago."""
    return Worker.objects.filter(stopped_at__isnull=True, seen_at__gte=machine_time() - SILENT)


def owe(deliveries: Sequence[Delivery]) -> None:
    """Owe these from their due times on, in the transaction of what they follow from; what is owed already is owed once."""
    written.insert(deliveries, unless_taken=True)


def drain(worker: UUID, most: int = 100, *, outside: bool | None = None) -> int:
    """Deliver what is owed, oldest first; returns how many were tried. A failing one is tried again later with growing pauses, and
    parked as dead after the last attempt; it never stops the others. `outside`: only what leaves the database, or only what does not;
    None: both."""
    tried = 0
    _free_what_was_left(worker)
    if not _due(worker, outside).exists():  # a look without a transaction: on SQLite that would take the only write lock
        return 0
    while tried < most:
        delivery = _claim(worker, outside)
        if delivery is None:
            break
        tried += 1
        if delivery.reaction in ERRANDS:
            _carry(delivery, ERRANDS[delivery.reaction])
        else:
            _deliver(delivery)
        _at.delivery = None
    return tried


def _free_what_was_left(worker: UUID) -> None:
    """Where the database went away in the midst of a delivery, its row still names this worker, which lives: nobody else would take it.
    The thread that was at it frees it as soon as the database answers; what was settled after all is not found."""
    left: Delivery | None = getattr(_at, "delivery", None)
    if left is not None and left.holder == worker:
        _mine(left).update(holder=None, due_at=now() + _pause(left))
    _at.delivery = None


def _due(worker: UUID, outside: bool | None) -> QuerySet[Delivery]:
    """What is due, no living worker holds, and before which its lane owes nothing: the oldest first."""
    before = owed().filter(lane=OuterRef("lane"), reaction=OuterRef("reaction"), pk__lt=OuterRef("pk"))
    # What this worker holds, another of its threads is at.
    free = Q(holder__isnull=True) | (~Q(Exists(living().filter(pk=OuterRef("holder")))) & ~Q(holder=worker))
    due = owed().filter(free, ~Exists(before), due_at__lte=now()).order_by("due_at", "pk")
    if outside is None:
        return due
    return due.filter(reaction__in=list(ERRANDS)) if outside else due.exclude(reaction__in=list(ERRANDS))


def _claim(worker: UUID, outside: bool | None = None) -> Delivery | None:
    """Take the oldest delivery that is due; on the way, park those that their workers died of."""
    while True:
        with transaction.atomic():
            found = claim(_due(worker, outside).select_related("entry")[:1])
            if not found:
                return None
            delivery: Delivery = found[0]
            if delivery.attempts < _most_attempts(delivery):
                Delivery.objects.filter(pk=delivery.pk).update(holder=worker, attempts=F("attempts") + 1)
                delivery.holder, delivery.attempts = worker, delivery.attempts + 1
                _at.delivery = delivery  # before the commit, whose answer may be lost
                return delivery
            _park(delivery, f"WorkerDied: {delivery.attempts} times")  # the workers that were at it died of it, each time
            if delivery.reaction in ERRANDS:
                _say_failed(ERRANDS[delivery.reaction], delivery, _("The worker died each time that it tried."), True)


def _most_attempts(delivery: Delivery) -> int:
    errand = ERRANDS.get(delivery.reaction)
    return errand.attempts if errand else MOST_ATTEMPTS


def _mine(delivery: Delivery) -> QuerySet[Delivery]:
    """The row, as long as it is held by who claimed it: one that was taken for dead meanwhile finds nothing."""
    return Delivery.objects.filter(pk=delivery.pk, holder=delivery.holder, done_at__isnull=True, dead_at__isnull=True)


def _deliver(delivery: Delivery) -> None:
    mine = _mine(delivery)
    try:
        with transaction.atomic():
            if not mine.update(error=""):
                return
            HANDLERS[delivery.reaction](delivery.entry)
            mine.update(done_at=now(), holder=None)
    except Exception as error:
        log.exception("delivery %s failed", delivery)
        said = f"{type(error).__name__}: {error}"
        if delivery.attempts >= MOST_ATTEMPTS:
            _park(delivery, said)
        else:
            mine.update(error=said, holder=None, due_at=now() + _pause(delivery))


def _carry(delivery: Delivery, errand: Errand) -> None:
    """Prepare, send outside any transaction, settle."""
    mine = _mine(delivery)
    try:
        with transaction.atomic():
            if not mine.update(error=""):
                return
            prepared = errand.prepare(delivery)
            if prepared is None:
                mine.update(done_at=now(), holder=None)
            elif isinstance(prepared, NotYet):
                mine.update(due_at=prepared.due_at, holder=None, attempts=F("attempts") - 1)
        if prepared is None or isinstance(prepared, NotYet):
            return
        errand.send(prepared)
        with transaction.atomic():
            if mine.update(done_at=now(), holder=None):
                errand.settle(delivery)
    except Undelivered as undelivered:
        log.warning("delivery %s did not arrive: %s", delivery, undelivered.sentence)
        _fail(delivery, errand, undelivered.sentence, isinstance(undelivered, Undeliverable))
    except Exception as error:
        log.exception("delivery %s failed", delivery)
        _fail(delivery, errand, f"{type(error).__name__}: {error}", False)


def _fail(delivery: Delivery, errand: Errand, sentence: Any, never: bool) -> None:
    given_up = never or delivery.attempts >= errand.attempts
    end: dict[str, Any] = {"dead_at": now()} if given_up else {"due_at": now() + _pause(delivery)}
    with override(settings.LANGUAGE_CODE):
        said = str(sentence)
    with transaction.atomic():
        if _mine(delivery).update(error=said, holder=None, **end):
            _say_failed(errand, delivery, sentence, given_up)
            if given_up:
                _say_given_up(delivery)


def _say_failed(errand: Errand, delivery: Delivery, sentence: Any, given_up: bool) -> None:
    """Within the transaction that ends the attempt. An errand that fails at this, too, keeps its delivery from nothing: it is tried
    again or parked all the same, and the others have their turn."""
    try:
        with transaction.atomic():
            errand.failed(delivery, sentence, given_up)
    except Exception:
        log.exception("what follows from the failure of delivery %s could not be recorded", delivery)


def _pause(delivery: Delivery) -> timedelta:
    return min(timedelta(seconds=2**delivery.attempts), LONGEST_PAUSE)


def _park(delivery: Delivery, error: str) -> None:
    with transaction.atomic():
        if Delivery.objects.filter(pk=delivery.pk, done_at__isnull=True).update(dead_at=now(), holder=None, error=error):
            _say_given_up(delivery)


def _say_given_up(delivery: Delivery) -> None:
    """Within the transaction that parks it; parked it is, also where that could not be told."""
    for tell in GIVEN_UP:
        try:
            with transaction.atomic():
                tell(delivery)
        except Exception:
            log.exception("that delivery %s was given up could not be told", delivery)


def owed() -> QuerySet[Delivery]:
    """What is still to be done, or being done at this moment."""
    return Delivery.objects.filter(done_at__isnull=True, dead_at__isnull=True)


def dead() -> QuerySet[Delivery]:
    """What was given up, the newest first."""
    return Delivery.objects.filter(dead_at__isnull=False).select_related("entry").order_by("-dead_at", "-pk")


def revive(deliveries: QuerySet[Delivery]) -> int:
    """Owe these again from now on, with all their attempts; those that are not dead stay as they are."""
    return deliveries.filter(dead_at__isnull=False).update(dead_at=None, due_at=now(), attempts=0, holder=None)
