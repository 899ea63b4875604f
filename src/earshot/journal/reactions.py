"""Verb → reactions. `wiring.py` fills the two tables, so that news travels right without a left room looking there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from earshot.journal.verbs import VERBS
from earshot.kit.registry import Registry

if TYPE_CHECKING:
    from earshot.journal.models import Delivery, Entry

Reaction = Callable[["Entry"], None]


@dataclass(frozen=True)
class NotYet:
    """An errand that is not to be done before `due_at`; that counts as no attempt."""

    due_at: datetime


class Undelivered(Exception):
    """What was sent did not arrive. `sentence`: why, for people, without a secret in it. It is tried again."""

    def __init__(self, sentence: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Undeliverable(Undelivered):
    """It will never arrive like this: no further attempt is made."""


class Errand(Protocol):
    """A reaction that leaves the database: it sends something. `prepare` and `settle` are each a transaction in which the delivery is
    locked; `send` runs in none, so that no network ever waits while a lock is held, and must end by itself within seconds. Killed
    between `send` and `settle`, it is sent again, with the same id."""

    attempts: int  # so often it is tried before it is given up

    def prepare(self, delivery: Delivery) -> Any | NotYet | None:
        """What is to be sent, as things stand now. None: nothing any more, and the delivery is done."""

    def send(self, prepared: Any) -> None:
        """Send it; `Undelivered` or `Undeliverable` where that failed."""

    def settle(self, delivery: Delivery) -> None:
        """It has arrived."""

    def failed(self, delivery: Delivery, sentence: Any, given_up: bool) -> None:
        """It has not; `given_up`: and will not be tried again."""


NOW: dict[str, list[Reaction]] = {}
LATER: dict[str, list[str]] = {}
HANDLERS: Registry[Reaction] = Registry("later reaction")
# Those of the reactions that leave the database, by the same names.
ERRANDS: Registry[Errand] = Registry("errand")
# What each of them does, in words for whoever reads that it was given up.
WORDS: dict[str, Any] = {}
# What is told when a delivery is given up, in the transaction that parks it.
GIVEN_UP: list[Callable[[Delivery], None]] = []


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


def sends(name: str, errand: Errand, words: Any) -> None:
    """`errand` is done for every delivery row of that name. Who writes such a row owes it (`jobs.owe`). `words`: what it does."""
    ERRANDS.add(name, errand)
    WORDS[name] = words
