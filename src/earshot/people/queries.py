"""Reads on people for doors and rooms to the right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.kit import now
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal
from earshot.kit.worktime import Calendar
from earshot.people.models import Person, Post, Token, Unit, UnitAbove, WorkingCalendar

_TOKEN = [field.attname for field in Token._meta.concrete_fields]
_PERSON = [field.attname for field in Person._meta.concrete_fields]
_LIVE_TOKEN = Prepared(
    lambda digest: Token.objects.filter(digest=digest, revoked_at__isnull=True, person__left_at__isnull=True).values_list(
        *_TOKEN, *(f"person__{name}" for name in _PERSON)
    )
)


def by_token(digest: str) -> Token | None:
    """The live token with this digest, of a person who is still with the company."""
    for row in _LIVE_TOKEN.rows(digest):
        token = Token.from_db("default", _TOKEN, row[: len(_TOKEN)])
        token.person = Person.from_db("default", _PERSON, row[len(_TOKEN) :])
        return token
    return None


def answerable_for(unit: Unit, role: str) -> Person | None:
    """Who is called first for a role of a unit: its answerable holder, else any holder, else the nearest head upwards.

    A duty of a unit has an accountable person from birth (law 5): None only when nobody heads the unit or one above it.
    """
    posts = Post.objects.filter(unit=unit, role=role, until__isnull=True, person__left_at__isnull=True)
    post = posts.select_related("person").order_by("-answerable", "since", "pk").first()
    return post.person if post else head_at_or_above(unit)


def head_at_or_above(unit: Unit) -> Person | None:
    above = UnitAbove.objects.filter(unit=unit, above__head__isnull=False, above__head__left_at__isnull=True)
    nearest = above.select_related("above__head").order_by("steps").first()
    return nearest.above.head if nearest else None


def heads_upwards(units: Iterable[UUID]) -> dict[UUID, list[Person]]:
    """Unit → those who head it or a unit above it, the nearest first, in one statement."""
    found: dict[UUID, list[Person]] = {}
    above = UnitAbove.objects.filter(unit__in=list(units), above__head__isnull=False, above__head__left_at__isnull=True)
    for row in above.select_related("above__head").order_by("unit_id", "steps"):
        if row.above.head:
            found.setdefault(row.unit_id, []).append(row.above.head)
    return found


_HEADS = Prepared(lambda person, unit: UnitAbove.objects.filter(unit=unit, above__head=person).values_list("pk")[:1])


def is_head_at_or_above(person: Person, unit: Unit) -> bool:
    return bool(_HEADS.rows(person.pk, unit.pk))


def holders(role: str, unit: Unit | None = None) -> QuerySet[Person]:
    """People with the company who hold the role now, in `unit` if given, by name."""
    posts = Post.objects.filter(role=role, until__isnull=True)
    if unit is not None:
        posts = posts.filter(unit=unit)
    return Person.objects.filter(pk__in=posts.values("person"), left_at__isnull=True).order_by("name", "pk")


_HOLDERS = Prepared(
    lambda roles: (
        Post.objects.filter(role__in=roles, until__isnull=True, person__left_at__isnull=True)
        .select_related("person", "person__unit")
        .order_by("person__name", "person_id")
    )
)


def holders_by_role(roles: Iterable[str]) -> dict[str, list[Person]]:
    """Role → people with the company who hold it now, by name, in one statement."""
    found: dict[str, list[Person]] = {}
    for post in _HOLDERS.objects(sorted(roles)):
        if post.person not in found.setdefault(post.role, []):
            found[post.role].append(post.person)
    return found


def valid_skills(person: Person) -> dict[str, int]:
    """Skill code → level, of the skills whose evidence still holds today."""
    today = now().date()
    return {skill.code: skill.level for skill in person.skills.all() if skill.until is None or skill.until >= today}


def roles_of(person: Person) -> set[str]:
    return set(Post.objects.filter(person=person, until__isnull=True).values_list("role", flat=True))


@dataclass(frozen=True)
class BusinessTime:
    """A working calendar as the arithmetic takes it, and the last day whose holidays are published."""

    calendar: Calendar
    confirmed_to: date


_CALENDAR_ABOVE = Prepared(
    lambda unit: (
        UnitAbove.objects.filter(unit=unit, above__calendar__isnull=False)
        .order_by("steps")
        .values_list("above__calendar", "above__calendar__version")[:1]
    )
)


def business_time_of(unit_id: UUID | None) -> BusinessTime:
    """The business time of a unit, in one statement: its own calendar, else that of the nearest unit above, else the company's
    first. The calendar itself is read once a process and version."""
    found = None
    if unit_id is not None:
        found = next(iter(_CALENDAR_ABOVE.rows(unit_id)), None)
    if found is None:
        found = WorkingCalendar.objects.order_by("pk").values_list("pk", "version").first()
    if found is None:
        raise Refusal("calendar.none", _("There is no working calendar. An administrator sets one first."))
    return _business_time(*found)


@lru_cache(maxsize=64)
def _business_time(calendar_id: UUID, version: int) -> BusinessTime:
    row = WorkingCalendar.objects.prefetch_related("days").get(pk=calendar_id)
    return BusinessTime(row.as_calendar(), row.confirmed_to)
