"""Who must hear and what keeps a gate shut, pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from earshot.kit.ruling import permissive


@dataclass(frozen=True)
class RequiredEar:
    """A role that must hear, within a service level, under a cited rule. `by_default`: no rule named anybody."""

    role: str
    service_level: str
    rule: str
    by_default: bool = False


@permissive("nobody must hear", lambda rules, default: [])
def required_hearers(rules: Iterable[RequiredEar], default: RequiredEar) -> list[RequiredEar]:
    """The roles that must hear an item: those of its category's rules, or the default hearer where no rule speaks."""
    return list(rules) or [default]


@dataclass(frozen=True)
class EarNow:
    """A live duty to hear: `person` None where nobody holds the role."""

    item: UUID
    person: UUID | None


@permissive("everybody has heard", lambda ears, heard: [])
def unheard(ears: Iterable[EarNow], heard: Collection[tuple[UUID, UUID]]) -> list[EarNow]:
    """The duties to hear that are not done. `heard`: pairs of item and person. Another's hearing never counts for one (B12.3a)."""
    return [ear for ear in ears if ear.person is None or (ear.item, ear.person) not in heard]


@permissive("everybody has heard", lambda critical, people, heard: {person: [] for person in people})
def critical_unheard(critical: Iterable[UUID], people: Iterable[UUID], heard: Collection[tuple[UUID, UUID]]) -> Mapping[UUID, list[UUID]]:
    """Person → the critical items of the deal that he or she has not heard, in order (law 3)."""
    items = list(critical)
    return {person: [item for item in items if (item, person) not in heard] for person in people}
