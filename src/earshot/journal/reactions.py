"""Verb → reactions. `wiring.py` fills the two tables, so that news travels right without a left room looking there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from earshot.journal.verbs import VERBS
from earshot.kit.registry import Registry

if TYPE_CHECKING:
    from earshot.journal.models import Entry

Reaction = Callable[["Entry"], None]

NOW: dict[str, list[Reaction]] = {}
LATER: dict[str, list[str]] = {}
HANDLERS: Registry[Reaction] = Registry("later reaction")


def at_once(verb: str, reaction: Reaction) -> None:
    """`reaction` runs in the transaction of the verb: what must be true at once."""
    VERBS[verb]
    NOW.setdefault(verb, []).append(reaction)


def afterwards(verb: str, name: str, reaction: Reaction) -> None:
    """`reaction` is owed after the commit: at least once, in order, so it must be idempotent."""
    VERBS[verb]
    if HANDLERS.get(name) is not reaction:
        HANDLERS.add(name, reaction)
    LATER.setdefault(verb, []).append(name)
