"""What may be talked about, asked of the rooms to the right; filled by `wiring`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import QuerySet

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
