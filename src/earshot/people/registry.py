"""Which roles and skills there are, and what somebody can hold: asked of the rooms to the right that know; filled by `wiring`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from earshot.journal.actors import Actor
from earshot.kit.problems import Ref
from earshot.kit.registry import Registry
from earshot.people.models import Person

# Code of a role → its words, as {"zh-hans": …, "en": …}; None: there is none. A post of a role that nobody knows would be called, heard
# and counted nowhere.
ROLES: Registry[Callable[[str], Mapping[str, str] | None]] = Registry("knower of roles")
# → the codes of the skills that the company asks for anywhere. One that nobody asks for qualifies for nothing: it is a slip of the pen.
SKILLS: Registry[Callable[[], Collection[str]]] = Registry("knower of skills")


@dataclass(frozen=True)
class Owed:
    """Something open that is somebody's. `holding`: what kind, a name of `HOLDINGS`; `about`: where it can be looked at."""

    holding: str
    id: UUID
    label: str
    about: Ref | None = None


# By whom (the process, because of the entry that orders it), which ones, from whom, to whom, why; and whether what the successor is not
# qualified for goes to who holds the role now (otherwise it is refused).
Hand = Callable[[Actor, Collection[UUID], Person, Person, str, bool], None]


@dataclass(frozen=True)
class Holding:
    """A kind of thing that one person holds until another does. `words`: what it is called; `held`: what is open of somebody's."""

    words: Any
    held: Callable[[Person], list[Owed]]
    hand: Hand


# In the order in which they are handed over: who owns a deal sees what is asked on it.
HOLDINGS: Registry[Holding] = Registry("holding")
