"""The worker: what falls due, and what is owed after the commit."""

from __future__ import annotations

import logging
import signal
import threading
from contextlib import suppress
from time import monotonic
from types import FrameType

import click
from django.db import DatabaseError, close_old_connections
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Worded
from earshot.clocks.sweep import sweep
from earshot.clocks.test_clock import follow, still_alive
from earshot.journal.jobs import drain

ALIVE_EVERY = 5.0  # seconds between two notes that a demonstration is running
PAUSE = 1.0  # seconds between two looks when nothing is owed
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
    seen = -ALIVE_EVERY
    while not stop.is_set():
        close_old_connections()
        try:
            follow()
            if monotonic() - seen > ALIVE_EVERY:
                still_alive()
                seen = monotonic()
            tried = sweep() + drain(most=20)
        except DatabaseError:
            log.exception("the worker could not read what is owed")
            tried = 0
        if not tried:
            stop.wait(PAUSE)
    with suppress(DatabaseError):
        still_alive()
