"""What rooms to the right tell this one: what may be talked about, whom news concerns, and when its cause is gone; filled by `wiring`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import QuerySet

from earshot.journal.models import Entry
from earshot.journal.queries import Told
from earshot.kit.registry import Registry
from earshot.people.models import Person, Unit
from earshot.people.standing import Sight
from earshot.teams.models import Team


@dataclass(frozen=True)
class Place:
    """Where one object that is talked about belongs. `scopes`: who may see one of them may read in the journal that there was talk.
    `sights`: how somebody comes to see it. `unit` owns it; `team` works on it; `owner` answers for it where nobody leads a team."""

    about: models.Model
    scopes: tuple[models.Model, ...]
    sights: tuple[Sight, ...]
    unit: Unit | None
    team: Team | None
    owner: Person | None


@dataclass(frozen=True)
class Topic:
    """A kind of object that is talked about. `seen`: the objects of the kind that a person may see. `places`: of these objects, in a
    fixed number of statements. `closed`: what is said there is for whom it reaches, not for everybody who sees the object."""

    seen: Callable[[Person], QuerySet[Any]]
    places: Callable[[Iterable[UUID]], Mapping[UUID, Place]]
    closed: bool = False


# Kind of object → how it is talked about.
TOPICS: Registry[Topic] = Registry("topic")


@dataclass(frozen=True)
class Concern:
    """An entry concerns a person. `cause` (see `CAUSES`) and `scope`: what one line is about. `at_once`: it is a duty of that very
    person; else it waits for the digest. `urgent`: it may break quiet hours, where the person says so."""

    person: UUID
    cause: str
    scope: UUID
    at_once: bool = True
    urgent: bool = False


@dataclass(frozen=True)
class Cause:
    """`stands`: of these pairs of an entry and its scope, those (by number) whose cause is not gone for the person, in a fixed number
    of statements. `link`: the address, in the house, where the line is seen to; from its scope."""

    stands: Callable[[Person, Sequence[tuple[Entry, UUID]]], Collection[int]]
    link: Callable[[UUID], str]


# Journal verb → whom an entry of it concerns, each in a fixed number of statements.
NEWS: dict[str, list[Callable[[Entry], Iterable[Concern]]]] = {}
CAUSES: Registry[Cause] = Registry("cause of a line")
# Entries, by number, in the words that this person may read, as things stand now.
READERS: Registry[Callable[[Person, Collection[int]], Sequence[Told]]] = Registry("reader of the journal")


def concerns(verb: str, whom: Callable[[Entry], Iterable[Concern]]) -> None:
    NEWS.setdefault(verb, []).append(whom)


def always(_person: Person, asked: Sequence[tuple[Entry, UUID]]) -> Collection[int]:
    """News that no act of the person's ends."""
    return range(len(asked))
