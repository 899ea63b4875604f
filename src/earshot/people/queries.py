"""Reads on people for doors and rooms to the right."""

from __future__ import annotations

from django.db.models import QuerySet

from earshot.people.models import Person, Post, Token, Unit, UnitAbove, WorkingCalendar


def by_token(digest: str) -> Token | None:
    """The live token with this digest, of a person who is still with the company."""
    return (
        Token.objects.select_related("person", "person__unit")
        .filter(digest=digest, revoked_at__isnull=True, person__left_at__isnull=True)
        .first()
    )


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


def is_head_at_or_above(person: Person, unit: Unit) -> bool:
    return UnitAbove.objects.filter(unit=unit, above__head=person).exists()


def holders(role: str, unit: Unit | None = None) -> QuerySet[Person]:
    """People with the company who hold the role now, in `unit` if given, by name."""
    posts = Post.objects.filter(role=role, until__isnull=True)
    if unit is not None:
        posts = posts.filter(unit=unit)
    return Person.objects.filter(pk__in=posts.values("person"), left_at__isnull=True).order_by("name", "pk")


def roles_of(person: Person) -> set[str]:
    return set(Post.objects.filter(person=person, until__isnull=True).values_list("role", flat=True))


def calendar_of(unit: Unit | None) -> WorkingCalendar:
    """The working calendar of the unit: its own, else that of the nearest unit above, else the company's first."""
    calendars = WorkingCalendar.objects.prefetch_related("days")
    nearest = UnitAbove.objects.filter(unit=unit, above__calendar__isnull=False).select_related("above").order_by("steps").first() if unit else None
    return calendars.get(pk=nearest.above.calendar_id) if nearest else calendars.earliest("pk")
