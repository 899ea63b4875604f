"""Verb → reactions. `wiring.py` fills the two tables, so that news travels right without a left room looking there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from earshot.journal.verbs import VERBS
from earshot.kit.registry import Registry

if TYPE_CHECKING:
    from earshot.journal.models import Entry

Reaction = Callable[["Entry"], None]

NOW: dict[str, list[Reaction]] = {}
LATER: dict[str, list[str]] = {}
HANDLERS: Registry[Reaction] = Registry("later reaction")
# What each of them does, in words for whoever reads that it was given up.
WORDS: dict[str, Any] = {}


def at_once(verb: str, reaction: Reaction) -> None:
    """`reaction` runs in the transaction of the verb: what must be true at once."""
    VERBS[verb]
    NOW.setdefault(verb, []).append(reaction)


def afterwards(verb: str, name: str, reaction: Reaction, words: Any = "") -> None:
    """`reaction` is owed after the commit: at least once, in order for each object, so it must be idempotent. `words`: what it does."""
    VERBS[verb]
    if HANDLERS.get(name) is not reaction:
        HANDLERS.add(name, reaction)
    WORDS[name] = words or WORDS.get(name) or name
    LATER.setdefault(verb, []).append(name)
