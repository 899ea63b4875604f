"""Who may be named, and which calls keep a gate shut, pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from earshot.kit.ruling import permissive


@dataclass(frozen=True)
class Wanted:
    """What a call asks of whoever does it. `skill` empty: any."""

    role: str
    skill: str = ""
    level: int = 0


@permissive("nothing lacking", lambda wanted, roles, skills: [])
def lacks(wanted: Wanted, roles: Collection[str], skills: Mapping[str, int]) -> list[str]:
    """What a person lacks for the call: the code of the role or skill; empty for a qualified one."""
    missing = [] if wanted.role in roles else [wanted.role]
    if wanted.skill and skills.get(wanted.skill, 0) < wanted.level:
        missing.append(wanted.skill)
    return missing


@dataclass(frozen=True)
class CallNow:
    """A call as the gate reads it."""

    id: UUID
    has_result: bool
    ended_by_decision: bool


@permissive("nothing missing", lambda calls: [])
def without_result(calls: Iterable[CallNow]) -> list[UUID]:
    """The calls that keep a gate shut: neither an effective result nor a recorded decision (law 5)."""
    return [call.id for call in calls if not call.has_result and not call.ended_by_decision]
