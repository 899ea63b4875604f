"""What a gate asks other rooms, filled by `wiring.py`: each check answers with conditions, met or not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from earshot.kit.problems import Line
from earshot.kit.registry import Registry
from earshot.playbooks import registry as playbooks

if TYPE_CHECKING:
    from earshot.deals.models import Deal
    from earshot.deals.rules import Condition
    from earshot.people.models import Person

# Code of a policy → whom it asks something on these deals: role, person (None: nobody yet) and deal, in a fixed number of statements.
ASKED: Registry[Callable[[Collection[UUID]], Iterable[tuple[str, UUID | None, UUID]]]] = Registry("whom a policy asks")
# Every gate asks these: they are laws. Name → check.
LAWS: Registry[Callable[[Deal], Sequence[Condition]]] = Registry("law of the gate")
# A gate of the playbook may ask these besides: the same shape. A pack that names another is refused.
CHECKS = playbooks.CHECKS
# What following another process brings besides what the process itself says: the deal as it would stand there → lines.
BRINGS: Registry[Callable[[Deal], Sequence[Line]]] = Registry("consequence of another process")
# What these people have heard of the deal's customer, for the record of a gate: person → statement, how (present, noted) and when.
HEARD: Registry[Callable[[Deal, Collection[UUID]], dict[UUID, list[tuple[UUID, str, datetime]]]]] = Registry("what a voter has heard")
# What a voter must have done first (law 3); an empty answer lets the vote count. People → lines, for all at once.
VOTERS: Registry[Callable[[Deal, Sequence[Person]], dict[Person, list[Line]]]] = Registry("condition on voters")
