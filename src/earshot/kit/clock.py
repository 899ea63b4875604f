"""`now()` is the only source of "now": a lint forbids the others, so that one place can move the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_moved: ContextVar[datetime | None] = ContextVar("earshot_moved_clock", default=None)


class _Process:
    """How far this process's "now" runs ahead of the machine's clock."""

    ahead = timedelta()


def now() -> datetime:
    """The present moment, aware, in UTC, to the microsecond."""
    return _moved.get() or machine_time() + _Process.ahead


def machine_time() -> datetime:
    """What the machine's own clock shows; only what moves `now` may ask for it."""
    return datetime.now(UTC)


def run_ahead(by: timedelta) -> None:
    """From here on, in this process, `now` runs ahead of the machine's clock (behind it, where negative)."""
    _Process.ahead = by


@contextmanager
def standing_still(at: datetime) -> Iterator[None]:
    """For tests and for building a demonstration world: everything inside happens at `at` (aware)."""
    if at.tzinfo is None:
        raise ValueError(f"a naive moment ({at}) cannot be 'now'; give it a time zone")
    token = _moved.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _moved.reset(token)
