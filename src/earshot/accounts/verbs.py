"""The journal verbs, kinds, permissions and standings of this room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.accounts.models import Account, Contact
from earshot.journal import kinds, verbs
from earshot.people.standing import SOURCES, Key

kinds.register("account", Account, page="account")
kinds.register("contact", Contact)
verbs.register(
    {
        "accounts.account_opened": _("{actor} opened the account {account}"),
        "accounts.contact_added": _("{actor} added {contact} at {account}"),
    }
)


def _owners(account_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """The owner of an account sees it."""
    accounts = Account.objects.all() if account_ids is None else Account.objects.filter(pk__in=account_ids)
    return [(pk, (owner, None, "account", pk)) for pk, owner in accounts.values_list("pk", "owner_id")]


OWNS_ACCOUNT = "owns_account"
SOURCES.add(OWNS_ACCOUNT, _owners)
