"""Sizes of deals across versions of the process: a running deal keeps the size that its own process gives it, so what speaks of a size
of an older process speaks of what took its place too, and does not fall silent while a deal follows it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from earshot.kit.ruling import permissive
from earshot.playbooks import conditions
from earshot.playbooks.parts.reading import TIER

Triggers = Iterable[Mapping[str, Any]]


def sizes_named(row: Mapping[str, Any]) -> set[str]:
    """The tiers that the condition of a row names."""
    return {code for _column, code in conditions.compared(row.get("when", ""), TIER)}


@permissive("nothing is left unsaid", lambda named, own, older: [])
def left_unsaid(named: Collection[str], own: Collection[str], older: Collection[str]) -> list[str]:
    """Tiers that the process gains and that are not spoken of, where one is that only older processes have: a code that was renamed, or
    divided, would hold for running deals alone."""
    return [code for code in own if code not in older and code not in named] if set(named) & (set(older) - set(own)) else []


@permissive("nothing is forgotten", lambda before, after, older: set())
def forgotten(before: Triggers, after: Triggers, older: Collection[str]) -> set[tuple[str, str, str]]:
    """Stage, tier and support of triggers that would no longer call for running deals: they named a tier that only older processes have
    (`older`), and now those that take their place name other tiers instead. A trigger that is taken out, or calls for every size, is
    somebody's decision and no oversight."""
    now = list(after)
    found = set()
    for row in before:
        for code in sizes_named(row) & set(older):
            at_stage = [one for one in now if one["stage"] == row["stage"]]
            heirs = [one for one in at_stage if one["support"] == row["support"]] or at_stage
            named = [sizes_named(one) for one in heirs]
            if all(named) and named and not any(code in each for each in named):
                found.add((row["stage"], code, row["support"]))
    return found
