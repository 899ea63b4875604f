"""Reads on people for doors and rooms to the right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.kit import now
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal
from earshot.kit.texts import storable
from earshot.kit.worktime import Calendar
from earshot.people.models import Person, Post, Skill, Token, Unit, UnitAbove, WorkingCalendar
from earshot.people.permits import ADMINISTER
from earshot.people.registry import SKILLS
from earshot.people.rules import Day
from earshot.people.standing import reach_of

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


_BETWEEN_NAMES = re.compile(r"[,;，；、\n]+")
_NAME_AND_UNIT = re.compile(r"(.+?)\s*[(（](.+)[)）]")


def called(typed: str) -> tuple[list[Person], list[str]]:
    """Whom somebody means who types names of colleagues, with commas between: each a name, and its unit in brackets where several
    bear it. Then what names nobody, or more than one."""
    asked: dict[str, tuple[str, str]] = {}
    for text in filter(None, (part.strip() for part in _BETWEEN_NAMES.split(typed.replace("\x00", "")))):
        parted = _NAME_AND_UNIT.fullmatch(text)
        asked[text] = (parted[1], parted[2].strip()) if parted else (text, "")
    bearers: dict[str, list[Person]] = {}
    names = {name for name, _unit in asked.values()}
    for person in Person.objects.filter(left_at__isnull=True, name__in=names).select_related("unit").order_by("pk") if names else ():
        bearers.setdefault(person.name, []).append(person)
    found: dict[UUID, Person] = {}
    unknown = []
    for text, (name, unit) in asked.items():
        meant = [person for person in bearers.get(name, []) if not unit or (person.unit and person.unit.name == unit)]
        if len(meant) == 1:
            found[meant[0].pk] = meant[0]
        else:
            unknown.append(text)
    return list(found.values()), unknown


def answerable_for(unit: Unit, role: str) -> Person | None:
    """Who is called first for a role of a unit: its answerable holder, else any holder, else the nearest head upwards.

    A duty of a unit has an accountable person from birth (law 5): None only when nobody heads the unit or one above it.
    """
    post = _ANSWERABLE.one(unit.pk, role)
    return post.person if post else head_at_or_above(unit)


_ANSWERABLE = Prepared(
    lambda unit_id, role: (
        Post.objects.filter(unit=unit_id, role=role, until__isnull=True, person__left_at__isnull=True)
        .select_related("person", "person__unit")
        .order_by("-answerable", "since", "pk")[:1]
    )
)
_UNIT = Prepared(lambda code: Unit.objects.filter(code=code))


def unit_called(code: str) -> Unit:
    """The unit with this code."""
    unit: Unit | None = _UNIT.one(code)
    if unit is None:
        raise Unit.DoesNotExist(code)
    return unit


def head_at_or_above(unit: Unit) -> Person | None:
    above = UnitAbove.objects.filter(unit=unit, above__head__isnull=False, above__head__left_at__isnull=True)
    nearest = above.select_related("above__head").order_by("steps").first()
    return nearest.above.head if nearest else None


def heads_upwards(units: Iterable[UUID]) -> dict[UUID, list[Person]]:
    """Unit → those who head it or a unit above it, the nearest first, in one statement."""
    found: dict[UUID, list[Person]] = {}
    for row in _HEADS_ABOVE.objects(list(units)):
        found.setdefault(row.unit_id, []).append(row.above.head)
    return found


_HEADS_ABOVE = Prepared(
    lambda units: (
        UnitAbove.objects.filter(unit__in=units, above__head__isnull=False, above__head__left_at__isnull=True)
        .select_related("above__head")
        .order_by("unit_id", "steps")
    )
)


_HEADS = Prepared(lambda person, unit: UnitAbove.objects.filter(unit=unit, above__head=person).values_list("pk")[:1])


def is_head_at_or_above(person: Person, unit: Unit) -> bool:
    return bool(_HEADS.rows(person.pk, unit.pk))


def holders(role: str, unit: Unit | None = None) -> QuerySet[Person]:
    """People with the company who hold the role now, in `unit` or one below it if given, by name."""
    posts = Post.objects.filter(role=role, until__isnull=True)
    if unit is not None:
        posts = posts.filter(unit__aboves__above=unit)
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


def known_skills() -> list[str]:
    """Codes of the skills that the company asks for anywhere, and of those that somebody has, in order; none before it asks for any."""
    asked = {code for known in SKILLS.values() for code in known()}
    return sorted(asked | set(Skill.objects.values_list("code", flat=True))) if asked else []


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


def business_time_of(unit_id: UUID | None) -> BusinessTime:
    """The business time of one unit; see `business_times`."""
    return business_times([unit_id])[unit_id]


def business_times(unit_ids: Iterable[UUID | None]) -> dict[UUID | None, BusinessTime]:
    """The business time of units, in one statement: the nearest calendar at or above each, else the company's first (one statement
    more), with the own days of the unit and of those between it and the calendar, the nearest before the farther. A calendar is read
    once a process and edition."""
    wanted = set(unit_ids)
    having = Q(above__calendar__isnull=False) | Q(above__own_days__isnull=False)
    rows = UnitAbove.objects.filter(having, unit__in=wanted - {None}).order_by("steps")
    editions: dict[UUID | None, _Editions] = {unit_id: _Editions() for unit_id in wanted}
    fields = ("unit", "above__calendar", "above__calendar__edition", "above__own_days", "above__own_days__edition")
    for unit_id, calendar, edition, own, own_edition in rows.values_list(*fields):
        found = editions[unit_id]
        if found.calendar is None and own is not None:
            found.own += ((own, own_edition),)
        if found.calendar is None and calendar is not None:
            found.calendar = (calendar, edition)
    first = None
    if any(found.calendar is None for found in editions.values()):
        first = first_calendar().values_list("pk", "edition").first()
        if first is None:
            raise Refusal("calendar.none", _("There is no working calendar. An administrator sets one first."))
    return {unit_id: _business_time(*(found.calendar or first or ()), found.own) for unit_id, found in editions.items()}


@dataclass
class _Editions:
    """Which contents make up the time of a unit: calendar and edition, and the same of own days, the nearest first."""

    calendar: tuple[UUID, UUID] | None = None
    own: tuple[tuple[UUID, UUID], ...] = ()


@lru_cache(maxsize=64)
def _business_time(calendar_id: UUID, _edition: UUID, own: tuple[tuple[UUID, UUID], ...]) -> BusinessTime:
    rows = WorkingCalendar.objects.prefetch_related("days").in_bulk([calendar_id, *(pk for pk, _edition in own)])
    calendar = rows[calendar_id].as_calendar()
    for pk, _own_edition in reversed(own):
        calendar = replace(calendar, days={**calendar.days, **rows[pk].exceptions()})
    return BusinessTime(calendar, rows[calendar_id].confirmed_to or date.min)


def inherited_days(unit_id: UUID) -> dict[date, Day]:
    """The days that hold in a unit besides its own: of the calendar that it inherits and of the units between, the nearest first."""
    found: dict[date, Day] = {}
    chain: list[UUID] = []
    for one in UnitAbove.objects.filter(unit=unit_id).select_related("above__own_days").order_by("steps"):
        if one.steps and hasattr(one.above, "own_days"):
            chain.append(one.above.own_days.pk)
        if one.above.calendar_id is not None:
            chain.append(one.above.calendar_id)
            break
    else:
        chain += first_calendar().values_list("pk", flat=True)
    rows = WorkingCalendar.objects.prefetch_related("days").in_bulk(chain)
    for pk in reversed(chain):
        found |= days_of(rows[pk])
    return found


def days_of(calendar: WorkingCalendar) -> dict[date, Day]:
    """The table of a calendar as plain data."""
    return {row.day: Day(row.day, row.kind, tuple((start, end) for start, end in row.spans), row.name) for row in calendar.days.all()}


def first_calendar() -> QuerySet[WorkingCalendar]:
    """The company's first calendar: by it works whoever has none at or above."""
    return WorkingCalendar.objects.filter(of_unit__isnull=True).order_by("pk")[:1]


def calendars_visible_to(person: Person) -> QuerySet[WorkingCalendar]:
    """The calendars at or above the person's unit and the units that he or she heads, and the company's first; all of them for
    whoever administers."""
    known = reach_of(person)
    if ADMINISTER in known.permissions:
        return WorkingCalendar.objects.all()
    above = UnitAbove.objects.filter(Q(unit__in=known.units) | Q(unit__in=own_unit(person))).values("above")
    return WorkingCalendar.objects.filter(Q(unit__in=above) | Q(of_unit__in=above) | Q(pk__in=first_calendar().values("pk"))).distinct()


def own_unit(person: Person) -> QuerySet[Any, Any]:
    """The unit that the person works in, asked by id alone: so it may stand in a query that is prepared for anybody."""
    return Person.objects.filter(pk=person.pk, unit__isnull=False).values("unit")


def units_by_calendar(calendar: WorkingCalendar) -> QuerySet[Unit]:
    """The units whose time a change of this calendar may move: those at or below one that it was given to, and for the company's first
    those that have no calendar at or above."""
    given = Q(aboves__above__calendar=calendar) | Q(aboves__above__own_days=calendar)
    found = Unit.objects.filter(given)
    if first_calendar().values_list("pk", flat=True).first() == calendar.pk:
        found = Unit.objects.filter(given | ~Exists(UnitAbove.objects.filter(unit=OuterRef("pk"), above__calendar__isnull=False)))
    return found.distinct()


_ALL_UNITS = Prepared(lambda: Unit.objects.order_by("name", "pk"))


def all_units() -> list[Unit]:
    """Every unit of the company, by name; in one statement."""
    found: list[Unit] = _ALL_UNITS.objects()
    return found


def unit_of_id(unit_id: UUID) -> Unit | None:
    return Unit.objects.filter(pk=unit_id).first()


def below(unit: Unit) -> set[UUID]:
    """The unit and all below it."""
    return set(UnitAbove.objects.filter(above=unit).values_list("unit_id", flat=True))


def of_unit_called(unit: Unit, name: str) -> Person | None:
    """The one person of the unit who is called so and is with the company; None where nobody is, or several are."""
    found = list(Person.objects.filter(unit=unit, name=storable(name).strip(), left_at__isnull=True)[:2])
    return found[0] if len(found) == 1 else None
