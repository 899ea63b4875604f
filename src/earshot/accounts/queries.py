"""Reads on accounts."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from earshot.accounts.models import Account, AccountName, Contact, KeyPeriod, Segment
from earshot.accounts.permits import SEE_ALL
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.names import bare, plain, spelt
from earshot.people.models import Person
from earshot.people.queries import is_head_at_or_above
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
    """Those that are found by these words: a fragment of the name, of its pinyin or the initials of that, or of the number; all where
    nothing is asked."""
    if not words.strip():
        return accounts
    if not plain(words):
        return accounts.filter(name__contains=words.strip())  # signs alone, which no index holds
    return accounts.filter(pk__among=AccountName.objects.filter(words__fragment=words).values("account"))


def may_work(person: Person, account: Account) -> bool:
    """Whether the person changes what is known of the account: who answers for it, and the heads of its unit and above."""
    return account.owner_id == person.pk or is_head_at_or_above(person, account.unit)


def alike(name: str, but: Account | None = None) -> QuerySet[Account]:
    """Accounts that may be the same customer: of the same normal form, or of the same sound, as one types it."""
    form = bare(name)
    same = Q(bare=form) if form.isascii() else Q(bare=form) | Q(sound=spelt(form)[0])
    found = Account.objects.filter(pk__in=AccountName.objects.filter(same).values("account"))
    return found if but is None else found.exclude(pk=but.pk)


_ABOVE = """
WITH RECURSIVE up (id) AS (SELECT parent_id FROM accounts_account WHERE id = %s
UNION SELECT a.parent_id FROM accounts_account a JOIN up ON a.id = up.id)
SELECT 1 FROM up WHERE id = %s
"""


def stands_above(upper: Account, lower: Account) -> bool:
    """Whether `lower` belongs to `upper`, directly or through others."""
    key = Account._meta.pk.get_db_prep_value
    with connection.cursor() as cursor:
        cursor.execute(_ABOVE, [key(lower.pk, connection), key(upper.pk, connection)])
        return cursor.fetchone() is not None


_SUPERIORS = """
WITH RECURSIVE up (id) AS (SELECT reports_to_id FROM accounts_contact WHERE id = %s
UNION SELECT c.reports_to_id FROM accounts_contact c JOIN up ON c.id = up.id)
SELECT 1 FROM up WHERE id = %s
"""


def is_superior(upper: Contact, lower: Contact) -> bool:
    """Whether `lower` reports to `upper`, directly or through others."""
    key = Contact._meta.pk.get_db_prep_value
    with connection.cursor() as cursor:
        cursor.execute(_SUPERIORS, [key(lower.pk, connection), key(upper.pk, connection)])
        return cursor.fetchone() is not None


def contacts_of(account: Account) -> QuerySet[Contact]:
    """Who is there now, by name, and whom each reports to."""
    there = Contact.objects.filter(account=account, left_at__isnull=True, merged_at__isnull=True)
    return there.select_related("reports_to__person", "person").order_by("name", "pk")


def today() -> date:
    return timezone.localdate(now())


def key_on(account: Account, day: date) -> KeyPeriod | None:
    """By which record the account was a key account on that day; None: it was none."""
    return KeyPeriod.objects.filter(Q(until__isnull=True) | Q(until__gte=day), account=account, since__lte=day).first()


def key_accounts(accounts: QuerySet[Account], day: date) -> QuerySet[Account]:
    """Those of the accounts that were key accounts on that day."""
    then = KeyPeriod.objects.filter(Q(until__isnull=True) | Q(until__gte=day), since__lte=day)
    return accounts.filter(pk__in=then.values("account"))


def segments() -> QuerySet[Segment]:
    """Those that can be chosen, by code."""
    return Segment.objects.filter(ended_at__isnull=True).order_by("code")


def all_segments() -> QuerySet[Segment]:
    """Those that can be chosen, by code, and after them those that have ended."""
    return Segment.objects.order_by(F("ended_at").asc(nulls_first=True), "code")


def accounts_by_segment(person: Person) -> dict[str, int]:
    """Code → how many accounts that the person may see are in it; empty: in none."""
    rows = visible_to(person).order_by().values_list("segment").annotate(n=Count("pk"))
    return {code or "": n for code, n in rows}


def changes_since(account: Account, version: int) -> QuerySet[Entry]:
    """The entries that raised the account's version above `version`."""
    return Entry.objects.filter(objects_touched__object_id=account.pk, data__version__gt=version).order_by("seq").distinct()
