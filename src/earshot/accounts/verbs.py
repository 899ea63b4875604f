"""The journal verbs, kinds, permissions and standings of this room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.accounts.models import Account, Contact, Site
from earshot.journal import kinds, verbs
from earshot.people.standing import SOURCES, Key

kinds.register("account", Account, page="account")
kinds.register("contact", Contact)
kinds.register("site", Site)
verbs.register(
    {
        "accounts.account_opened": _("{actor} opened the account {account}"),
        "accounts.account_changed": _("{actor} changed {account}: {changes}"),
        "accounts.account_handed": _("{actor} gave {account} from {former} to {owner}: {reason}"),
        "accounts.key_begun": _("{actor} made {account} a key account from {since} until {until}: {reason}"),
        "accounts.key_ended": _("{actor} ended {account} as a key account on {until}: {reason}"),
        "accounts.site_added": _("{actor} added the place {site} of {account}"),
        "accounts.site_ended": _("{actor} recorded that {site} is no place of {account} any more: {reason}"),
        "accounts.segment_set": _("{actor} set the segment “{segment}” ({code})"),
        "accounts.segment_ended": _("{actor} ended the segment “{segment}” ({code}): {reason}"),
        "accounts.contact_reports": _("{actor} recorded that {contact} reports to {superior}"),
        "accounts.contact_reports_to_nobody": _("{actor} recorded that {contact} reports to nobody known"),
        "accounts.contact_left": _("{actor} recorded that {contact} is no longer at {account}: {reason}"),
        "accounts.contact_added": _("{actor} added {contact} at {account}"),
        "accounts.contact_also": _("{actor} recorded that {contact} is also at {account}"),
        "accounts.contacts_merged": _("{actor} made {gone} and {contact} one person: {reason}"),
    }
)


def _owners(account_ids: Sequence[UUID] | None) -> Iterable[tuple[UUID, Key]]:
    """The owner of an account sees it."""
    accounts = Account.objects.all() if account_ids is None else Account.objects.filter(pk__in=account_ids)
    return [(pk, (owner, None, "account", pk)) for pk, owner in accounts.values_list("pk", "owner_id")]


OWNS_ACCOUNT = "owns_account"
SOURCES.add(OWNS_ACCOUNT, _owners)
