"""Accounts."""

from __future__ import annotations

from typing import Annotated

from ninja import Query, Router
from typing_extensions import TypedDict

from earshot.accounts import queries
from earshot.accounts.actions import open_account
from earshot.accounts.models import Account, Contact
from earshot.api import paging
from earshot.api.answers import Reply, read, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body, Id, Moment, Named, NewId, Page, Short, Title, moment, named
from earshot.api.finding import meant
from earshot.desk.finding import find

router = Router()


class AccountLine(TypedDict):
    id: Id
    number: str
    name: str
    sector: str
    unit: Named
    owner: Named
    opened_at: Moment


class ContactShown(TypedDict):
    """Somebody at the customer."""

    id: Id
    name: str
    title: str


class AccountShown(AccountLine):
    contacts: list[ContactShown]


class NewAccount(Body):
    """`owner`: who answers for it; left out, you."""

    id: NewId | None = None
    name: Title
    sector: Short = ""
    owner: AnyId | None = None


def account_line(account: Account) -> AccountLine:
    return {
        "id": str(account.pk),
        "number": account.number,
        "name": account.name,
        "sector": account.sector,
        "unit": named(account.unit),
        "owner": named(account.owner),
        "opened_at": moment(account.opened_at),
    }


def contact(one: Contact) -> ContactShown:
    return {"id": str(one.pk), "name": one.name, "title": one.title}


def account_shown(account: Account) -> AccountShown:
    return {**account_line(account), "contacts": [contact(one) for one in account.contacts.order_by("name", "pk")]}


@router.get("/accounts", response=Page[AccountLine])
@read
def list_accounts(
    request: Asked,
    q: Annotated[str, Query(max_length=100, pattern=CLEAN, description="Words of the name, or the number.")] = "",
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[AccountLine]:
    """The accounts that you may see, by name."""
    rows = queries.containing(queries.visible_to(me(request)), q).select_related("unit", "owner")
    found, after = paging.part(rows, ("name", "id"), cursor, limit)
    return {"items": [account_line(account) for account in found], "next": after}


@router.post("/accounts", response={201: AccountShown})
@write
def add_account(request: Asked, body: NewAccount) -> Reply:
    """A new customer, owned by a person and by that person's unit."""
    owner = me(request) if body.owner is None else meant(me(request), "person", body.owner, "owner")
    account = open_account(by=actor(request), name=body.name, sector=body.sector, owner=owner, id=body.id)
    return Reply(account_shown(account), 201)


@router.get("/accounts/{account_id}", response=AccountShown)
@read
def show_account(request: Asked, account_id: AnyId) -> AccountShown:
    """One account with the people there."""
    return account_shown(find(me(request), "account", account_id))
