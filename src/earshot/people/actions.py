"""Verbs on units, people, posts, skills, permissions, logins and tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.kit import now, uuid7
from earshot.kit.engine import locks
from earshot.kit.problems import Refusal, Together, forbidden, in_both, say, wrong
from earshot.kit.texts import text
from earshot.people import permits, standing
from earshot.people.models import Grant, Login, Person, Post, Skill, Token, Unit, UnitAbove, WorkingCalendar
from earshot.people.queries import known_skills
from earshot.people.registry import ROLES

T = TypeVar("T")


@verb
def add_unit(*, by: Actor, code: str, name: str, parent: Unit | None = None, calendar: WorkingCalendar | None = None) -> Unit:
    permits.require(by, permits.ADMINISTER)
    each = Together()
    code, name = each(text, "code", code, most=60), each(text, "name", name, most=100)
    each.refuse()
    if Unit.objects.filter(code=code).exists():
        raise wrong("code", say(_("There is a unit with the code {code} already."), code=code))
    unit = Unit.objects.create(code=code, name=name, parent=parent, calendar=calendar)
    above = list(parent.aboves.values_list("above_id", "steps")) if parent else []
    UnitAbove.objects.bulk_create(
        [UnitAbove(unit=unit, above=unit, steps=0), *(UnitAbove(unit=unit, above_id=up, steps=steps + 1) for up, steps in above)]
    )
    record("people.unit_added", by=by, objects={"unit": unit}, scopes=[unit])
    return unit


@verb
def appoint_head(*, by: Actor, unit: Unit, person: Person) -> None:
    permits.require(by, permits.ADMINISTER)
    former = Person.objects.filter(heads=unit).exclude(pk=person.pk)
    objects: dict[str, Any] = {"unit": unit, "person": person, "former": list(former)}
    unit.head = person
    unit.save(update_fields=["head"])
    record("people.head_appointed", by=by, objects=objects, scopes=[unit, person])


@verb
def add_person(
    *,
    by: Actor,
    name: str,
    unit: Unit | None,
    title: str = "",
    email: str = "",
    outside_id: str | None = None,
    id: UUID | None = None,
) -> Person:
    permits.require(by, permits.ADMINISTER)
    each = Together()
    name, title = each(text, "name", name, most=100), each(text, "title", title, most=100, required=False)
    each.refuse()
    person = Person.objects.create(
        id=id or uuid7(),
        name=name,
        title=title,
        email=email,
        unit=unit,
        outside_id=outside_id,
        joined_at=now(),
    )
    record("people.person_added", by=by, objects={"person": person}, scopes=[person])
    return person


@verb
def give_post(*, by: Actor, person: Person, unit: Unit | None, role: str, answerable: bool = False) -> Post:
    """`answerable`: who is called first for this role of this unit; whoever was it before stays a holder of the role. What the person
    holds already just so is not given again. `unit` None: none was chosen."""
    permits.require(by, permits.ADMINISTER)
    locks.hold(locks.POSTS)
    each = Together()
    role = each(text, "role", role, most=60)
    each(_known_role, role)
    chosen = each(_chosen, "unit", unit)
    each.refuse()
    unit = chosen
    held = Post.objects.filter(person=person, unit=unit, role=role, until__isnull=True).first()
    if held is not None and held.answerable == answerable:
        return held
    if answerable:
        Post.objects.filter(unit=unit, role=role, until__isnull=True, answerable=True).update(answerable=False)
    post, _made = Post.objects.update_or_create(
        person=person,
        unit=unit,
        role=role,
        until=None,
        defaults={"answerable": answerable},
        create_defaults={"answerable": answerable, "since": now()},
    )
    record(
        "people.post_given",
        by=by,
        objects={"person": person, "unit": unit},
        scopes=[person, unit],
        data={"role": role, "post": _words_of_role(role), "answerable": answerable},
    )
    return post


def _known_role(code: str | None) -> None:
    if code and not all(words_of(code) for words_of in ROLES.values()):
        raise wrong("role", say(_("The playbook knows no role with the code “{code}”."), code=code))


def _words_of_role(code: str) -> Mapping[str, str]:
    """The name of a role in both languages; one that nobody knows names itself."""
    found = (words_of(code) for words_of in ROLES.values())
    return next((words for words in found if words), {"zh-hans": code, "en": code})


def _chosen(field: str, thing: T | None) -> T:
    if thing is None:
        raise wrong(field, _("Choose one of the list."))
    return thing


@verb
def end_post(*, by: Actor, post: Post, reason: str) -> None:
    """The person holds the role there no more, from now on. What he or she was to decide or hear by it passes to who does."""
    permits.require(by, permits.ADMINISTER)
    locks.hold(locks.POSTS)
    post = Post.objects.select_related("person", "unit").get(pk=post.pk)
    reason = text("reason", reason, most=300)
    if post.until is not None:
        raise Refusal("post.ended", say(_("{name} holds this post no more."), name=post.person.name), status=409)
    post.until = now()
    post.save(update_fields=["until"])
    data = {"role": post.role, "post": _words_of_role(post.role), "reason": reason}
    record("people.post_ended", by=by, objects={"person": post.person, "unit": post.unit}, scopes=[post.person, post.unit], data=data)


@verb
def give_skill(*, by: Actor, person: Person, code: str, level: int | None, evidence: str, until: date | None = None) -> Skill:
    """`code`: one that the company asks for or somebody has already (`known_skills`). `level`: 1 to 5; None: none was chosen. `until`:
    the last day on which the evidence holds, today at the earliest."""
    permits.require(by, permits.ADMINISTER)
    each = Together()
    code = each(text, "code", code, most=60)
    each(_known_skill, code)
    level = each(_level, level)
    evidence = each(text, "evidence", evidence, most=300)
    each(_not_over, until)
    each.refuse()
    skill, _made = Skill.objects.update_or_create(person=person, code=code, defaults={"level": level, "evidence": evidence, "until": until})
    data = {"skill": code, "level": level, "evidence": skill.evidence}
    record("people.skill_given", by=by, objects={"person": person}, scopes=[person], data=data)
    return skill


def _known_skill(code: str | None) -> None:
    known = known_skills()
    if code and known and code not in known:
        sentence = _("Nothing here asks for a skill with the code “{code}”. There are: {known}.")
        raise wrong("code", say(sentence, code=code, known=", ".join(known)))


def _level(level: int | None) -> int:
    if level is None:
        raise wrong("level", _("Choose one of the list."))
    if not 1 <= level <= 5:
        raise wrong("level", _("A level is a number from 1 to 5."))
    return level


def _not_over(until: date | None) -> None:
    if until is not None and until < now().date():
        raise wrong("until", _("This day has passed. Give the last day on which the evidence holds, or leave it open."))


@verb
def end_skill(*, by: Actor, skill: Skill, reason: str, until: date | None = None) -> None:
    """The evidence holds no longer. `until`: the last day on which it held, today at the latest; default yesterday: it holds no more."""
    permits.require(by, permits.ADMINISTER)
    reason, today = text("reason", reason, most=300), now().date()
    until = until or today - timedelta(days=1)
    if until > today:
        raise wrong("until", _("This lies in the future. A skill that is to run out is given with its last day."))
    if skill.until is not None and skill.until <= until:
        raise Refusal("skill.ended", say(_("This skill has ended already: {day}."), day=skill.until), status=409)
    skill.until = until
    skill.save(update_fields=["until"])
    data = {"skill": skill.code, "until": str(until), "reason": reason}
    record("people.skill_ended", by=by, objects={"person": skill.person}, scopes=[skill.person], data=data)


@verb
def give_permission(*, by: Actor, person: Person, permission: str) -> Grant:
    permits.require(by, permits.ADMINISTER)
    if permission not in permits.PERMITS:
        raise wrong("permission", say(_("There is no permission called {name}."), name=permission))
    grant, made = Grant.objects.get_or_create(person=person, permission=permission, until=None, defaults={"given_at": now()})
    if made:
        record(
            "people.permission_given",
            by=by,
            objects={"person": person},
            scopes=[person],
            data={"permission": in_both(permits.PERMITS[permission])},
        )
    return grant


@verb
def end_grant(*, by: Actor, grant: Grant, reason: str) -> None:
    """The person may do or see this no more, from now on. The last who administers stays: a house that nobody administers would
    never get another."""
    locks.hold(locks.POSTS)
    permits.require(by, permits.ADMINISTER)
    grant = Grant.objects.select_related("person").get(pk=grant.pk)
    reason = text("reason", reason, most=300)
    if grant.until is not None:
        raise Refusal("grant.ended", say(_("{name} holds this permission no more."), name=grant.person.name), status=409)
    others = Person.objects.filter(permits.holders(grant.permission)).exclude(pk=grant.person_id)
    if grant.permission == permits.ADMINISTER and not others.exists():
        sentence = _("{name} is the last who administers. Give somebody else this permission first.")
        raise Refusal("grant.last_administrator", say(sentence, name=grant.person.name), status=409)
    grant.until = now()
    grant.save(update_fields=["until"])
    named = permits.PERMITS.get(grant.permission)
    data = {"permission": in_both(named) if named else grant.permission, "reason": reason}
    record("people.permission_ended", by=by, objects={"person": grant.person}, scopes=[grant.person], data=data)


@verb
def give_login(*, by: Actor, person: Person, username: str = "") -> tuple[Login, str]:
    """A way to sign in for somebody who has none; returns the login and its first password, which is kept nowhere else."""
    permits.require(by, permits.ADMINISTER)
    if person.left_at is not None:
        raise Refusal("login.person_left", say(_("{name} is no longer with the company."), name=person.name))
    if Login.objects.filter(person=person).exists():
        raise Refusal("login.exists", say(_("{name} has a login already."), name=person.name))
    username = text("username", username or person.email or person.name.replace(" ", ".").lower(), most=100)
    if Login.objects.filter(username=username).exists():
        raise wrong("username", say(_("The user name {username} is taken. Give another one."), username=username))
    password = secrets.token_urlsafe(12)
    login = Login.objects.create_user(username, password, person=person)
    record("people.login_given", by=by, objects={"person": person}, scopes=[person])
    return login, password


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@verb
def make_token(*, by: Actor, person: Person, name: str) -> tuple[Token, str]:
    """A key for the API; returns the token and the key, which is shown once and kept only as a digest."""
    if by.is_personal and by.person_id != person.pk:
        raise forbidden("token.not_yours", _("A token acts in its person's name, so only that person makes it."))
    key = f"ear_{secrets.token_urlsafe(32)}"
    token = Token.objects.create(person=person, name=text("name", name, most=100), start=key[:8], digest=digest(key), made_at=now())
    record("people.token_made", by=by, objects={"token": token, "person": person}, scopes=[person])
    return token, key


@verb
def revoke_token(*, by: Actor, token: Token) -> None:
    if by.is_personal and by.person_id != token.person_id:
        permits.require(by, permits.ADMINISTER)
    if token.revoked_at is None:
        token.revoked_at = now()
        token.save(update_fields=["revoked_at"])
        record("people.token_revoked", by=by, objects={"token": token, "person": token.person}, scopes=[token.person])


@verb
def rebuild_standing(*, by: Actor) -> tuple[int, int]:
    """Make standing what its rules say; returns how many rows were added and ended, and journals both numbers."""
    permits.require(by, permits.ADMINISTER)
    differences = standing.differences().values()
    added, ended = sum(len(lacking) for lacking, _surplus in differences), sum(len(surplus) for _lacking, surplus in differences)
    standing.rebuild(
        record("people.standing_rebuilt", by=by, objects={}, permission=permits.ADMINISTER, data={"added": added, "ended": ended})
    )
    return added, ended
