"""What conditions and tables of a playbook may speak of, filled by `wiring.py`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earshot.kit.registry import Registry
from earshot.playbooks.conditions import Fact, Value
from earshot.playbooks.models import BLOCK, OFF, WARN
from earshot.playbooks.parts.form import Tables
from earshot.playbooks.policies import Choices, Policy


@dataclass(frozen=True)
class Coming:
    """A playbook that is about to be approved. `changed`: the parts of the revision; `tables`: of all parts, as they will stand from
    `begins` on; None: at once. `choices`: what its policies will choose then."""

    changed: Collection[str]
    tables: Mapping[str, Tables]
    begins: datetime | None
    choices: Choices


@dataclass(frozen=True)
class Changed:
    """A row that a revision changes, adds or removes. `before`, `after`: as it is in force and as it will be; one of them may be None.
    `tables`: of all parts, as they will stand."""

    part: str
    table: str
    code: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    tables: Mapping[str, Tables]

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        return [row for row in (self.before, self.after) if row is not None]


@dataclass(frozen=True)
class Impact:
    """Whom a changed row touches. `sentences`: in words; `deals`: how many open deals, None where it is not about deals; `people`: their
    names, each once."""

    sentences: Sequence[Any]
    deals: int | None
    people: Sequence[str]


# Name → what a condition may speak of: `group.fact`.
FACTS: Registry[Fact] = Registry("fact")
# Group → the values of its facts for one subject (today: a deal), in a fixed number of statements; None: not known. A value that costs a
# statement of its own may be a function.
PROVIDERS: Registry[Callable[[Any], Mapping[str, Value | Callable[[], Value]]]] = Registry("provider of facts")
# Name → the codes of stages, and of tiers, of older processes that somebody still follows: a part in force by date may speak of them until
# nobody does.
FOLLOWED: Registry[Callable[[], Collection[str]]] = Registry("who follows older processes")
FOLLOWED_TIERS: Registry[Callable[[], Collection[str]]] = Registry("of which size are those that follow older processes")
# Name → what a gate of the playbook may ask besides the laws; the room to the right says what a check takes and gives.
CHECKS: Registry[Callable[..., Any]] = Registry("gate check")
# Name → what the company's records ask of a playbook before it is approved; raises its refusal.
OBJECTIONS: Registry[Callable[[Coming], None]] = Registry("objection to a playbook")
# Table (`hearing/hearers`), or part where all its tables touch alike (`process`) → whom changed rows of it touch, in their order, in a
# fixed number of statements.
IMPACTS: Registry[Callable[[Sequence[Changed]], Sequence[Impact]]] = Registry("impact")
# Code → what refuses or alarms by the company's choice. Each room adds those that it reads.
POLICIES: Registry[Policy] = Registry("policy")


def policy(
    code: str,
    means: Any,
    light: str,
    standard: str,
    strict: str,
    *,
    allowed: tuple[str, ...] = (BLOCK, WARN, OFF),
    demands: str = "",
) -> Policy:
    """Declare a policy, in the room that reads it."""
    return POLICIES.add(code, Policy(code, means, light, standard, strict, allowed, demands))
