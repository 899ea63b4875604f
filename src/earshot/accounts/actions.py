"""Verbs on accounts and contacts."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from earshot.accounts import queries
from earshot.accounts.models import Account, Contact
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.numbers import next_number
from earshot.journal.repeats import earlier
from earshot.kit import now, uuid7
from earshot.kit.problems import Together, forbidden, missing, wrong
from earshot.kit.texts import TITLE, text
from earshot.people.actors import personally
from earshot.people.models import Person, Unit
from earshot.people.queries import is_head_at_or_above


@verb
def open_account(
    *,
    by: Actor,
    name: str,
    owner: Person,
    unit: Unit | None = None,
    sector: str = "",
    outside_id: str | None = None,
    id: UUID | None = None,
) -> Account:
    """A new customer, owned by `owner` and by `unit` (default: the owner's). The same `id` again gives the first one back."""
    if known := earlier(Account, id, lambda account: _is_seen(by, account)):
        return known
    if by.is_personal and owner.pk != by.person_id:
        may_act_for(personally(by), owner)
    elif by.is_personal:
        personally(by)
    unit = unit or owner.unit
    if unit is None:
        raise wrong("unit", _("The owner belongs to no unit. Name the unit that owns the account."))
    each = Together()
    name, sector = each(text, "name", name, most=TITLE), each(text, "sector", sector, most=100, required=False)
    each.refuse()
    account = Account.objects.create(
        id=id or uuid7(),
        number=next_number("A"),
        name=name,
        sector=sector,
        unit=unit,
        owner=owner,
        outside_id=outside_id,
        opened_at=now(),
    )
    record("accounts.account_opened", by=by, objects={"account": account, "owner": owner}, scopes=[account])
    return account


def may_act_for(person: Person, owner: Person) -> None:
    """Refuse unless the person heads the unit of `owner` or one above: only a head gives a colleague an account or a deal."""
    if owner.unit is None or not is_head_at_or_above(person, owner.unit):
        raise forbidden("owner.not_yours", _("Only a head of the owner's unit, or of a unit above it, opens this for somebody else."))


def _is_seen(by: Actor, account: Account) -> bool:
    return not by.is_personal or queries.visible_to(personally(by)).filter(pk=account.pk).exists()


@verb
def add_contact(*, by: Actor, account: Account, name: str, title: str = "") -> Contact:
    """Somebody at the customer; the same name and title again gives the one that is known. Only for who sees the account."""
    if by.is_personal and not queries.visible_to(personally(by)).filter(pk=account.pk).exists():
        raise missing()
    return keep_contact(by, account, name, title)


def keep_contact(by: Actor, account: Account, name: str, title: str) -> Contact:
    """The same inside a verb that has judged already whether the actor may speak of this account."""
    contact, made = Contact.objects.get_or_create(
        account=account, name=text("name", name, most=100), title=text("title", title, most=100, required=False)
    )
    if made:
        record("accounts.contact_added", by=by, objects={"contact": contact, "account": account}, scopes=[account])
    return contact
