"""What was read once and never changes, kept for the life of the process."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from django.db import transaction

Ts = TypeVarTuple("Ts")
R = TypeVar("R")
MOST = 64


def kept(read: Callable[[*Ts], R]) -> Callable[[*Ts], R]:
    """Keep what `read` finds for its arguments (hashable), from the commit of the transaction that read it: what is rolled back was
    never true, and whoever gets the same version number next may hold something else."""
    known: dict[tuple[*Ts], R] = {}

    def keep(key: tuple[*Ts], found: R) -> None:
        if len(known) >= MOST:
            known.clear()
        known[key] = found

    @functools.wraps(read)
    def run(*key: *Ts) -> R:
        if key in known:
            return known[key]
        found = read(*key)
        transaction.on_commit(lambda: keep(key, found))  # at once, where there is no transaction
        return found

    return run
