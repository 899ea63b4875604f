"""Named permissions: what somebody may do or see company-wide. Each room adds its own here at start."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from earshot.journal.actors import Actor
from earshot.kit.problems import forbidden, say
from earshot.kit.registry import Registry
from earshot.people.models import Grant, Person

PERMITS: Registry[Any] = Registry("permission")
ADMINISTER = "people.administer"
OPERATE = "operations"
PERMITS.add(ADMINISTER, _("Administer units, people, logins and permissions"))
PERMITS.add(OPERATE, _("Sales operations: keep the playbook, receive its alarms, run imports"))


def holds(person: Person, permission: str) -> bool:
    return Grant.objects.filter(person=person, permission=permission, until__isnull=True).exists()


def held(person: Person) -> set[str]:
    return set(Grant.objects.filter(person=person, until__isnull=True).values_list("permission", flat=True))


def held_by(actor: Actor) -> set[str]:
    """What the actor's person, still with the company, holds company-wide."""
    live = Grant.objects.filter(person=actor.person_id, person__left_at__isnull=True, until__isnull=True)
    return set(live.values_list("permission", flat=True)) if actor.person_id else set()


def holders(permission: str) -> Q:
    """Condition on people: those with the company who hold the permission now."""
    return Q(left_at__isnull=True, pk__in=Grant.objects.filter(permission=permission, until__isnull=True).values("person"))


def require(by: Actor, permission: str) -> None:
    """Refuse unless the actor's person holds it. The process and imports act under the rule or batch that somebody allowed."""
    if not by.is_personal:
        return
    if (
        by.person_id is None
        or not Person.objects.filter(pk=by.person_id, left_at__isnull=True).exists()
        or not Grant.objects.filter(person_id=by.person_id, permission=permission, until__isnull=True).exists()
    ):
        raise forbidden(f"permission.{permission}", say(_("This needs the permission “{name}”."), name=PERMITS[permission]))
