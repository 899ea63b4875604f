"""The worker: what falls due, and what is owed after the commit."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import ExitStack, suppress
from time import monotonic
from types import FrameType
from uuid import UUID

import click
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.house import unapplied
from earshot.cli.root import Group, Worded
from earshot.cli.who import acting
from earshot.cli.words import moment, rows
from earshot.clocks.sweep import sweep
from earshot.clocks.test_clock import follow, still_alive
from earshot.deals.actions import climb_silent, silence_voices
from earshot.desk.actions import may_keep_running, send_again
from earshot.journal.jobs import alive, dead, drain
from earshot.journal.models import Delivery
from earshot.journal.reactions import WORDS
from earshot.people.absences import keep_time
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks.actions import begin_due

ALIVE_EVERY = 5.0  # seconds between two notes that a demonstration is running
PAUSE = 1.0  # seconds between two looks when nothing is owed
COURIERS = 3  # threads that send: whoever answers slowly holds up neither the clocks nor all the others
log = logging.getLogger(__name__)


@click.command(cls=Worded, help=noop("Tell what falls due and deliver what is owed, until told to stop (SIGTERM, Ctrl-C)."))
def worker() -> None:
    stop = threading.Event()

    def asked(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    run(stop)


def run(stop: threading.Event) -> None:
    """Sweep the clocks and drain until `stop`: what was begun is ended, nothing new is begun. A database that is away is waited for."""
    with ExitStack() as house:
        worker = _begun(house, stop)
        if worker is None:
            return
        couriers = [threading.Thread(target=_carry_until, args=(stop, worker), name=f"courier-{n}") for n in range(COURIERS)]
        for courier in couriers:
            courier.start()
        try:
            _turn_until(stop, worker)
        finally:
            stop.set()
            for courier in couriers:
                courier.join()


def _begun(house: ExitStack, stop: threading.Event) -> UUID | None:
    """The worker, alive; None: it was stopped before the database answered."""
    while not stop.is_set():
        try:
            return house.enter_context(alive())
        except (OperationalError, InterfaceError):
            connection.close()
            if _behind():
                raise
            log.warning("the database is away; the worker waits for it", exc_info=True)
            stop.wait(PAUSE)
    return None


def _behind() -> bool:
    """Whether the database is there, and lacks tables: no waiting helps then."""
    try:
        return bool(unapplied())
    except (DatabaseError, InterfaceError):
        return False


def _carry_until(stop: threading.Event, worker: UUID) -> None:
    """What leaves the house: each errand ends by itself within seconds, so stopping waits no longer than that."""
    while not stop.is_set():
        close_old_connections()
        try:
            tried = drain(worker, most=1, outside=True)
        except Exception:  # whatever it was: a thread that ended here would be missed by nobody
            log.exception("a courier could not read what is owed")
            tried = 0
        if not tried:
            stop.wait(PAUSE)
    connection.close()


def _turn_until(stop: threading.Event, worker: UUID) -> None:
    seen = -ALIVE_EVERY
    while not stop.is_set():
        close_old_connections()
        try:
            follow()
            if monotonic() - seen > ALIVE_EVERY:
                still_alive()
                seen = monotonic()
            tried = begin_due() + keep_time() + sweep() + climb_silent() + silence_voices() + drain(worker, most=20, outside=False)
        except (DatabaseError, InterfaceError):  # the second: a connection that has died is used again
            log.exception("the worker could not read what is owed")
            tried = 0
        if not tried:
            stop.wait(PAUSE)
    with suppress(DatabaseError, InterfaceError):
        still_alive()


@click.group(cls=Group, help=noop("What the worker gave up after all its attempts (operations and administrators)."))
def deliveries() -> None:
    pass


@deliveries.command("list", help=noop("What was given up, the newest first."))
@acting()
def list_(person: Person) -> None:
    may_keep_running(as_person(person))
    rows([str(one.pk), moment(one.dead_at), WORDS.get(one.reaction, one.reaction), one.error] for one in dead()[:100])


@deliveries.command(help=noop("Try again those named, or all of them."))
@click.argument("ids", metavar="[DELIVERY]...", nargs=-1, type=click.IntRange(1))
@acting()
def resend(ids: tuple[int, ...], person: Person) -> None:
    wanted = Delivery.objects.filter(pk__in=ids) if ids else Delivery.objects.filter(dead_at__isnull=False)
    n = send_again(by=as_person(person), deliveries=wanted)
    click.echo(_("Tried again: {n}").format(n=n))
