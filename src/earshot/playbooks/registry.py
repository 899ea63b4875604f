"""What conditions and tables of a playbook may speak of, filled by `wiring.py`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from earshot.kit.registry import Registry
from earshot.playbooks.conditions import Fact, Value

# Name → what a condition may speak of: `group.fact`.
FACTS: Registry[Fact] = Registry("fact")
# Group → the values of its facts for one subject (today: a deal), in a fixed number of statements; None: not known. A value that costs a
# statement of its own may be a function.
PROVIDERS: Registry[Callable[[Any], Mapping[str, Value | Callable[[], Value]]]] = Registry("provider of facts")
# Name → the codes of stages of older processes that somebody still follows: a support table may speak of them until nobody does.
FOLLOWED: Registry[Callable[[], Collection[str]]] = Registry("who follows older processes")
# Name → what a gate of the playbook may ask besides the laws; the room to the right says what a check takes and gives.
CHECKS: Registry[Callable[..., Any]] = Registry("gate check")
