"""What the playbook asks of people, and what another profile would ask; the company stands in another profile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from ninja import Path, Router
from typing_extensions import TypedDict

from earshot.api.answers import Reply, for_some, read, versioned, write
from earshot.api.answers import version as seen
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import Body, ShortReason
from earshot.deals.asking import Effect, effect_of
from earshot.kit.problems import missing
from earshot.people import permits
from earshot.people.actors import as_person
from earshot.playbooks import book, burden, queries
from earshot.playbooks.actions import switch_profile

router = Router()
Profile = Literal["light", "standard", "strict"]
Per = Literal["deal", "contact", "need"]
Setting = Literal["block", "warn", "off"]


class Counts(TypedDict):
    """Acts: always, besides where a condition holds, and such as a policy only reminds of."""

    demanded: int
    sometimes: int
    warned: int


class ActShown(TypedDict):
    """An act that the playbook asks of a role. `kind`: open, state, accept, deliver, hear, hear_to_vote, vote, say_why or fill. `places`:
    the rows that ask it, as part/table/code. `demanded` false: without it a policy only warns."""

    kind: str
    places: list[str]
    sometimes: bool
    demanded: bool


class FigureShown(TypedDict):
    """The acts of a role, for each deal, contact or need, and what the figure is made of. `tier`: of deals of this size; null: of any."""

    role: str
    name: str
    per: Per
    tier: str | None
    counts: Counts
    acts: list[ActShown]


class Asks(TypedDict):
    """`profile`: in which the company stands; empty: the pack does not say. `whole` false: the text of a part was not kept, so that
    nothing can be counted."""

    profile: Literal["light", "standard", "strict", ""]
    whole: bool
    figures: list[FigureShown]


class ActsChange(TypedDict):
    """What a role is asked otherwise. `rises`: by how many acts; below zero: falls."""

    role: str
    name: str
    per: Per
    rises: int
    before: Counts
    after: Counts


class AskedRole(TypedDict):
    """How many people of a role are asked, on how many open deals; `unfilled`: places where nobody is there yet."""

    role: str
    name: str
    people: int
    deals: int
    unfilled: int


class PolicyShift(TypedDict):
    """A policy that would be set otherwise, on how many open deals, and whom it asks there."""

    code: str
    name: str
    before: Setting
    after: Setting
    deals: int
    asked: list[AskedRole]


class EffectShown(TypedDict):
    """What another playbook would ask of people, compared with the one in force: acts of roles, and policies."""

    acts: list[ActsChange]
    policies: list[PolicyShift]


class Switch(Body):
    profile: Profile
    reason: ShortReason


class Switched(TypedDict):
    """`version`: of the policies; `in_force` false: it waits for the approval of whoever the part names."""

    version: str
    in_force: bool


def _counts(counts: tuple[int, int, int]) -> Counts:
    return {"demanded": counts[0], "sometimes": counts[1], "warned": counts[2]}


def _figures(found: Iterable[burden.Figure], tier: str | None) -> list[dict[str, Any]]:
    return [
        {
            "role": one.role,
            "name": str(one),
            "per": one.per,
            "tier": tier,
            "counts": _counts(one.counts),
            "acts": [
                {"kind": act.kind, "places": list(act.places), "sometimes": act.sometimes, "demanded": act.demanded} for act in one.acts
            ],
        }
        for one in found
    ]


def effect_shown(effect: Effect) -> dict[str, Any]:
    return {
        "acts": [
            {
                "role": one.figure.role,
                "name": str(one.figure),
                "per": one.figure.per,
                "rises": one.rises,
                "before": _counts(one.before),
                "after": _counts(one.after),
            }
            for one in effect.changes
        ],
        "policies": [
            {
                "code": one.shift.policy.code,
                "name": str(one.shift.policy.means),
                "before": one.shift.before,
                "after": one.shift.after,
                "deals": one.deals,
                "asked": [
                    {"role": role.role, "name": role.name, "people": role.people, "deals": role.deals, "unfilled": role.unfilled}
                    for role in one.roles
                ],
            }
            for one in effect.asking
        ],
    }


@router.get("/playbook/asks", response=Asks)
@read
def show_asks(request: Asked) -> Reply:
    """The acts that the playbook in force demands of each role, for one deal that runs the whole process; each figure with its rows."""
    pack = queries.pack_in_force()
    asks = queries.asks_of(pack) if pack else None
    figures = [*_figures(asks.figures, None), *(row for tier, of in asks.tiers for row in _figures(of, tier["code"]))] if asks else []
    return Reply({"profile": book.in_force().policies.profile, "whole": pack is not None, "figures": figures})


@router.get("/playbook/profiles/{profile}", response=EffectShown)
@for_some
@read
def look_at_profile(request: Asked, profile: Annotated[Profile, Path(description="The profile to look at.")]) -> Reply:
    """What the company would ask of whom if it stood in this profile; nothing is put in force (sales operations)."""
    permits.require(as_person(me(request)), permits.OPERATE)
    pack = queries.pack_in_force()
    if pack is None:
        raise missing()
    return Reply(effect_shown(effect_of(pack.in_profile(profile))))


@router.put("/playbook/profile", response=Switched)
@versioned
@write
def switch(request: Asked, body: Switch) -> Reply:
    """The company stands in another profile: one line of its policies differs (sales operations)."""
    made = switch_profile(by=actor(request), profile=body.profile, reason=body.reason, version=seen(request))
    return Reply({"version": str(made), "in_force": made.in_force_from is not None}, version=queries.version())
