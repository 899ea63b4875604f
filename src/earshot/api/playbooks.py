"""The way of working in force, for clients that render forms: nothing here is known to the code by name."""

from __future__ import annotations

from typing import Literal

from ninja import Router
from typing_extensions import TypedDict

from earshot.api.answers import read
from earshot.api.auth import Asked
from earshot.api.deals import GateNamed, gate_named
from earshot.api.fields import Coded
from earshot.playbooks import book

router = Router()


class RoleShown(Coded):
    """`sells`: a role of the sales side. `owner`: holds the deal and leads its team."""

    sells: bool
    owner: bool


class StageShown(Coded):
    """In order. `step`: which step of a key-account project it belongs to. `gate`: at its end. `calls`: codes of
    the supports that entering it calls; none, where `none_needed` says so openly."""

    position: int
    step: Coded
    gate: GateNamed | None
    calls: list[str]
    none_needed: bool


class CategoryShown(Coded):
    """What a statement is about. `critical`: nobody votes before having heard it. `hearers`: codes of the roles that must hear it."""

    critical: bool
    hearers: list[str]


class SupportLine(Coded):
    """What a unit owes, by which role, and which result counts."""

    unit: str
    role: str
    result: str


class PolicyShown(Coded):
    """`setting`: block refuses; warn lets it pass and stands on the record."""

    setting: Literal["block", "warn"]


class Playbook(TypedDict):
    """`versions`: part → version. A deal keeps the process that it began under. `profile`: what the policies are called together;
    empty: the pack does not say."""

    versions: dict[str, str]
    roles: list[RoleShown]
    stages: list[StageShown]
    categories: list[CategoryShown]
    supports: list[SupportLine]
    profile: Literal["light", "standard", "strict", ""]
    policies: list[PolicyShown]


@router.get("/playbook", response=Playbook)
@read
def show_playbook(request: Asked) -> Playbook:
    """Roles, stages, categories and supports in force, with their codes and their names in the language asked for."""
    now = book.in_force()
    process, hearing, support = now.process, now.hearing, now.support
    return {
        "versions": {part: str(version) for part, version in sorted(now.versions.items())},
        "roles": [{"code": row.code, "name": str(row), "sells": row.sells, "owner": row.owner} for row in process.roles.values()],
        "stages": [
            {
                "code": stage.code,
                "name": str(stage),
                "position": stage.position,
                "step": {"code": stage.step, "name": str(process.steps[stage.step])},
                "gate": gate_named(stage.gate) if hasattr(stage, "gate") else None,
                "calls": [trigger.support.code for trigger in support.triggers.get(stage.code, ())],
                "none_needed": stage.code in support.none_needed,
            }
            for stage in process.stages.values()
        ],
        "categories": [
            {
                "code": row.code,
                "name": str(row),
                "critical": row.critical,
                "hearers": [rule.role_code for rule in hearing.hearers.get(row.code, ())],
            }
            for row in hearing.categories.values()
        ],
        "supports": [
            {"code": row.code, "name": str(row), "unit": row.unit_code, "role": row.role_code, "result": row.result}
            for row in support.catalogue.values()
        ],
        "profile": now.policies.profile,  # type: ignore[typeddict-item]  # one of the settings that a pack is checked for
        "policies": [
            {"code": row.code, "name": str(row), "setting": row.setting}  # type: ignore[typeddict-item]  # one of the settings that a pack is checked for
            for row in now.policies.rows.values()
        ],
    }
