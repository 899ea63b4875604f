"""What people hold, given and ended by whoever administers: posts, skills, permissions."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from ninja import Router
from pydantic import Field
from typing_extensions import TypedDict

from earshot.api.answers import Reply, for_some, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, Body, Code, Coded, Day, Id, Moment, Named, ShortReason, moment, named
from earshot.api.problems import misfit
from earshot.desk.finding import find
from earshot.kit.problems import missing
from earshot.people import actions
from earshot.people.models import Grant, Person, Post, Skill, Unit
from earshot.people.permits import ADMINISTER, PERMITS, require
from earshot.playbooks.queries import role_names

router = Router()


class PostHeld(TypedDict):
    """`answerable`: is called first for this role of this unit."""

    id: Id
    role: Coded
    unit: Named
    answerable: bool
    since: Moment


class SkillHeld(TypedDict):
    """`until`: the last day on which its evidence holds; null: not said."""

    code: str
    level: int
    evidence: str
    until: Day | None


class Holdings(TypedDict):
    """What a person holds now; skills with those that have ended."""

    posts: list[PostHeld]
    skills: list[SkillHeld]
    permissions: list[Coded]


class NewPost(Body):
    """`role`: code of the playbook in force. `unit`: id of the unit. `answerable`: called first for this role of this unit."""

    role: Code
    unit: AnyId
    answerable: bool = False


class PostEnding(Body):
    post: AnyId
    reason: ShortReason


class NewSkill(Body):
    """`code`: as the support catalogue names it. `until`: the last day on which the evidence holds."""

    code: Code
    level: Annotated[int, Field(ge=1, le=5)]
    evidence: ShortReason
    until: date | None = None


class SkillEnding(Body):
    """`until`: the last day on which it held, today at the latest; null: yesterday, so that it holds no more."""

    code: Code
    reason: ShortReason
    until: date | None = None


class NewPermission(Body):
    permission: Code


class PermissionEnding(Body):
    permission: Code
    reason: ShortReason


def holdings(person: Person) -> Holdings:
    posts = list(Post.objects.filter(person=person, until__isnull=True).select_related("unit").order_by("since", "pk"))
    names = role_names({post.role for post in posts})
    grants = Grant.objects.filter(person=person, until__isnull=True).order_by("permission").values_list("permission", flat=True)
    return {
        "posts": [
            {
                "id": str(post.pk),
                "role": {"code": post.role, "name": names[post.role]},
                "unit": named(post.unit),
                "answerable": post.answerable,
                "since": moment(post.since),
            }
            for post in posts
        ],
        "skills": [
            {
                "code": skill.code,
                "level": skill.level,
                "evidence": skill.evidence,
                "until": skill.until.isoformat() if skill.until else None,
            }
            for skill in Skill.objects.filter(person=person).order_by("-level", "code")
        ],
        "permissions": [{"code": code, "name": str(PERMITS[code])} for code in grants if code in PERMITS],
    }


def _somebody(request: Asked, person_id: UUID) -> Person:
    """The person of the address, for somebody who administers."""
    person: Person = find(me(request), "person", person_id)
    require(actor(request), ADMINISTER)
    return person


@router.get("/people/{person_id}/holdings", response=Holdings)
@for_some
@read
def show_holdings(request: Asked, person_id: AnyId) -> Holdings:
    """The posts, skills and permissions of a person, for whoever administers."""
    return holdings(_somebody(request, person_id))


@router.post("/people/{person_id}/posts", response={201: Holdings})
@write
def give_post(request: Asked, person_id: AnyId, body: NewPost) -> Reply:
    """The person holds the role in the unit from now on."""
    person = _somebody(request, person_id)
    unit = Unit.objects.filter(pk=body.unit).first()
    if unit is None:
        raise misfit({"unit": _nothing()})
    actions.give_post(by=actor(request), person=person, unit=unit, role=body.role, answerable=body.answerable)
    return Reply(holdings(person), 201)


@router.post("/people/{person_id}/posts/endings", response={201: Holdings})
@write
def end_post(request: Asked, person_id: AnyId, body: PostEnding) -> Reply:
    """The person holds the post no more. What was to be heard or decided by it passes to who holds the role now."""
    person = _somebody(request, person_id)
    post = Post.objects.filter(person=person, pk=body.post).first()
    if post is None:
        raise misfit({"post": _nothing()})
    actions.end_post(by=actor(request), post=post, reason=body.reason)
    return Reply(holdings(person), 201)


@router.post("/people/{person_id}/skills", response={201: Holdings})
@write
def give_skill(request: Asked, person_id: AnyId, body: NewSkill) -> Reply:
    """The person has the skill at this level, by this evidence; what was recorded of it before is replaced."""
    person = _somebody(request, person_id)
    actions.give_skill(by=actor(request), person=person, code=body.code, level=body.level, evidence=body.evidence, until=body.until)
    return Reply(holdings(person), 201)


@router.post("/people/{person_id}/skills/endings", response={201: Holdings})
@write
def end_skill(request: Asked, person_id: AnyId, body: SkillEnding) -> Reply:
    """The evidence of the skill holds no longer."""
    person = _somebody(request, person_id)
    skill = Skill.objects.select_related("person").filter(person=person, code=body.code).first()
    if skill is None:
        raise misfit({"code": _nothing()})
    actions.end_skill(by=actor(request), skill=skill, reason=body.reason, until=body.until)
    return Reply(holdings(person), 201)


@router.post("/people/{person_id}/permissions", response={201: Holdings})
@write
def give_permission(request: Asked, person_id: AnyId, body: NewPermission) -> Reply:
    """The person may do or see this company-wide."""
    person = _somebody(request, person_id)
    actions.give_permission(by=actor(request), person=person, permission=body.permission)
    return Reply(holdings(person), 201)


@router.post("/people/{person_id}/permissions/endings", response={201: Holdings})
@write
def end_permission(request: Asked, person_id: AnyId, body: PermissionEnding) -> Reply:
    """The person may do or see this no more. The last who administers keeps that permission."""
    person = _somebody(request, person_id)
    grant = Grant.objects.filter(person=person, permission=body.permission, until__isnull=True).first()
    if grant is None:
        raise misfit({"permission": _nothing()})
    actions.end_grant(by=actor(request), grant=grant, reason=body.reason)
    return Reply(holdings(person), 201)


def _nothing() -> object:
    return missing().sentence
