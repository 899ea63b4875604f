"""What clocks are about and whom they tell, filled by `wiring.py`: rooms to the right know it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import models

from earshot.kit.registry import Registry
from earshot.people.models import Person, Unit


@dataclass(frozen=True)
class Subject:
    """What the clock of one object is about. `what`: named in sentences. `scopes`: who may see them may read of the clock.
    `person`: whose duty it is; `unit`: which unit's. `parts`: further objects that an entry about the clock touches. Who is told of it
    beside them: `team`, whose leading seat leads it; `owner`, who leads it where nobody sits there; `led_by`: the unit whose head
    stands above both; `sender`: who asked for it. Where a clock only starts, nobody is told yet, and these may be left away."""

    what: models.Model
    scopes: tuple[models.Model, ...]
    person: Person | None
    unit: Unit | None
    parts: Mapping[str, models.Model] = field(default_factory=dict)
    team: UUID | None = None
    owner: Person | None = None
    led_by: Unit | None = None
    sender: Person | None = None


Subjects = Mapping[UUID, Subject]
Resolver = Callable[[Subjects], Mapping[UUID, list[Person]]]

# Kind of object → the subjects of these objects, in a fixed number of statements.
SUBJECTS: Registry[Callable[[Iterable[UUID]], Subjects]] = Registry("subject of a clock")
# Name in a ladder → who that is for each subject, now.
ADDRESSEES: Registry[Resolver] = Registry("addressee")
