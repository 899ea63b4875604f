"""What conditions and tables of a playbook may speak of, filled by `wiring.py`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earshot.kit.registry import Registry
from earshot.playbooks.conditions import Fact, Value
from earshot.playbooks.parts.form import Tables


@dataclass(frozen=True)
class Coming:
    """A playbook that is about to be approved. `changed`: the parts of the revision; `tables`: of all parts, as they will stand from
    `begins` on; None: at once."""

    changed: Collection[str]
    tables: Mapping[str, Tables]
    begins: datetime | None


# Name → what a condition may speak of: `group.fact`.
FACTS: Registry[Fact] = Registry("fact")
# Group → the values of its facts for one subject (today: a deal), in a fixed number of statements; None: not known. A value that costs a
# statement of its own may be a function.
PROVIDERS: Registry[Callable[[Any], Mapping[str, Value | Callable[[], Value]]]] = Registry("provider of facts")
# Name → the codes of stages of older processes that somebody still follows: a support table may speak of them until nobody does.
FOLLOWED: Registry[Callable[[], Collection[str]]] = Registry("who follows older processes")
# Name → what a gate of the playbook may ask besides the laws; the room to the right says what a check takes and gives.
CHECKS: Registry[Callable[..., Any]] = Registry("gate check")
# Name → what the company's records ask of a playbook before it is approved; raises its refusal.
OBJECTIONS: Registry[Callable[[Coming], None]] = Registry("objection to a playbook")
