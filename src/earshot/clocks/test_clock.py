"""The test clock: an administrator moves "now", and everything follows. It exists only where `EARSHOT_TEST_CLOCK=1`; the
demonstration uses the same shift to stand still while it is stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from earshot.clocks.actions import at
from earshot.clocks.models import Shift
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.models import Entry
from earshot.kit import clock, now
from earshot.kit.problems import missing, wrong
from earshot.people import permits

FURTHEST = timedelta(days=3660)


def follow() -> None:
    """Take over the shift that stands in the database: at the start of each request, command and turn of the worker. Without a
    clock that moves there is nothing to ask."""
    if settings.TEST_CLOCK or settings.DEMO:
        shift = Shift.objects.first()
        clock.run_ahead(shift.ahead if shift else timedelta())


def follow_if_possible() -> None:
    """The same where the database may not be there yet, or be of another age: then there is no shift."""
    try:
        follow()
    except DatabaseError:
        clock.run_ahead(timedelta())


class Following:
    """Middleware: each request sees the time as it is now."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        follow()
        return self.answer(request)


@verb
def set_time(*, by: Actor, to: datetime) -> datetime:
    """Move "now" to `to`; time goes on from there. Never back behind what is written: the log would tell things before their cause."""
    permit(by)
    before = now()
    last = _last_written()
    if to < last:
        raise wrong(
            "to", _("The clock does not go back behind what has been recorded. Set a later moment, or start the demonstration over.")
        )
    if to > clock.machine_time() + FURTHEST:
        raise wrong("to", _("At most ten years ahead of the real time."))
    shift(to - clock.machine_time())
    record("clocks.time_set", by=by, objects={}, data={"from": at(before), "to": at(to)}, permission=permits.ADMINISTER)
    return now()


@verb
def advance(*, by: Actor, minutes: int) -> datetime:
    """Move "now" forward."""
    permit(by)
    if minutes < 1:
        raise wrong("minutes", _("Advance by one minute at least."))
    if minutes > FURTHEST.days * 24 * 60:
        raise wrong("minutes", _("At most ten years ahead of the real time."))
    return set_time(by=by, to=now() + timedelta(minutes=minutes))


def permit(by: Actor) -> None:
    """Where the clock does not move, it does not exist; where it does, administrators move it."""
    if not settings.TEST_CLOCK:
        raise missing()
    permits.require(by, permits.ADMINISTER)


def shift(ahead: timedelta) -> None:
    Shift.objects.update_or_create(pk=Shift.ONLY, defaults={"ahead": ahead})
    clock.run_ahead(ahead)


def still_alive() -> None:
    """The demonstration is running: the worker says so every few seconds, so that its time can go on from here."""
    if settings.DEMO:
        Shift.objects.update_or_create(
            pk=Shift.ONLY, defaults={"alive_at": now()}, create_defaults={"ahead": timedelta(), "alive_at": now()}
        )


def go_on() -> None:
    """The demonstration starts again: its time goes on where it stood, so that a week in a drawer makes nothing overdue."""
    kept = Shift.objects.first()
    if settings.DEMO and kept and kept.alive_at:
        shift(max(kept.alive_at, _last_written()) - clock.machine_time())


def _last_written() -> datetime:
    last = Entry.objects.order_by("-seq").values_list("recorded_at", flat=True).first()
    return last or now()
