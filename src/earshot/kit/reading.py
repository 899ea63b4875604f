"""One reading: while a page is drawn, which only reads, what it asks twice is asked once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_known: ContextVar[dict[Any, Any] | None] = ContextVar("earshot_reading", default=None)


@contextmanager
def reading() -> Iterator[None]:
    """Everything inside speaks of one moment. Nothing is written inside, and nothing is kept beyond it."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def once(ask: Callable[P, T]) -> Callable[P, T]:
    """A question that is asked once in a reading, for the same arguments; outside of one, every time. Who asks must be among the
    arguments where the answer depends on it (law 13), and nobody changes what it answers."""

    @wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        known = _known.get()
        if known is None:
            return ask(*args, **kwargs)
        key = (ask, args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = ask(*args, **kwargs)
        found: T = known[key]
        return found

    return asked
