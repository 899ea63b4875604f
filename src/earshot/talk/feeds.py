"""Who opens a calendar by its address."""

from __future__ import annotations

from earshot.people.models import Login, Person
from earshot.talk.actions.channels import digest
from earshot.talk.models.channels import Feed


def person_of(key: str) -> Person | None:
    """Whose calendar the key opens: of somebody who is with the company and may sign in."""
    live = Feed.objects.filter(digest=digest(key), revoked_at__isnull=True, person__left_at__isnull=True)
    found = live.select_related("person", "person__unit", "person__wishes").filter(
        person__in=Login.objects.filter(is_active=True).values("person")
    )
    feed = found.first()
    return feed.person if feed else None


def live_of(person: Person) -> Feed | None:
    return Feed.objects.filter(person=person, revoked_at__isnull=True).first()
