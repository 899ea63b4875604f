"""Reads on accounts."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from earshot.accounts.models import Account
from earshot.accounts.permits import SEE_ALL
from earshot.people.models import Person
from earshot.people.standing import Seeing, seen_by


def visible_to(person: Person) -> QuerySet[Account]:
    """The accounts in which the person has standing."""
    return Account.objects.filter(seen_by(person, "account", company=SEE_ALL))


_NAMES = Seeing(lambda person: visible_to(person).order_by("name", "pk").values_list("pk", "name"))


def names(person: Person) -> list[tuple[UUID, str]]:
    """The ids and names of all of them, by name: to choose from."""
    return [(pk, name) for pk, name in _NAMES.rows(person)]


_SEEN = Seeing(lambda person, account: visible_to(person).filter(pk=account).values_list("pk"))


def sees(person: Person, account: Account) -> bool:
    return bool(_SEEN.rows(person, account.pk))


def containing(accounts: QuerySet[Account], words: str) -> QuerySet[Account]:
    """Those whose name or number contains the words; all where there are none."""
    words = words.strip()
    return accounts.filter(Q(name__icontains=words) | Q(number__icontains=words)) if words else accounts
