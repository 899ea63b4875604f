"""Accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated
from uuid import UUID

from ninja import Query, Router
from pydantic import StringConstraints
from typing_extensions import TypedDict

from earshot.accounts import actions, queries
from earshot.accounts.actions import open_account
from earshot.accounts.models import Account, Contact, KeyPeriod, Segment, Site
from earshot.api import paging
from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import (
    CLEAN,
    AnyId,
    Body,
    Code,
    Coded,
    Day,
    Id,
    Moment,
    Named,
    NewId,
    Page,
    Short,
    ShortReason,
    Title,
    moment,
    named,
)
from earshot.api.finding import meant
from earshot.api.problems import misfit
from earshot.desk.finding import find
from earshot.kit.problems import missing
from earshot.people.models import Person

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


class ContactThere(ContactShown):
    """`reports_to`: id of whom he or she answers to there; null: nobody known. `since`: the first day in that post; null: not known.
    `person`: id of the record that stands for the human being, who may be at several customers (`GET /contacts/{contact_id}`)."""

    reports_to: Id | None
    since: Day | None
    person: Id


class KeyPeriodShown(TypedDict):
    """From a day to a day, both included; `until` null: until further notice. `end_reason` empty: nobody has ended it."""

    since: Day
    until: Day | None
    reason: str
    decided_by: Named
    end_reason: str


class SiteShown(TypedDict):
    """`zone`: the time zone by which the people there live."""

    id: Id
    name: str
    city: str
    address: str
    zone: str


class AccountShown(AccountLine):
    """`segment`: as the company divides its market. `parent`: the customer that it belongs to, if you may see that one; `subsidiaries`:
    those that you may see. `key`: the period by which it is a key account today. `version`: the ETag, to be named in `If-Match`."""

    segment: Coded | None
    parent: Named | None
    subsidiaries: list[Named]
    key: KeyPeriodShown | None
    key_periods: list[KeyPeriodShown]
    sites: list[SiteShown]
    contacts: list[ContactThere]
    version: int


class SegmentShown(TypedDict):
    """`accounts`: how many of those that you may see are in it."""

    code: str
    zh: str
    en: str
    accounts: int


class Segments(TypedDict):
    items: list[SegmentShown]


class NewAccount(Body):
    """`owner`: who answers for it; left out, you. `another`: it is none of the customers whose names are alike; without it, such a name
    is answered with 409, naming those that you may see and the units that know of others."""

    id: NewId | None = None
    name: Title
    sector: Short = ""
    owner: AnyId | None = None
    another: bool = False


class AccountChange(Body):
    """What is left out stays as it is. `segment`: a code; empty: none. `parent`: the customer that it belongs to; `alone`: to none any
    more. `another`: as when an account is opened."""

    name: Title | None = None
    sector: Short | None = None
    segment: Annotated[str, StringConstraints(max_length=60, pattern=CLEAN)] | None = None
    parent: AnyId | None = None
    alone: bool = False
    another: bool = False


class NewKeyPeriod(Body):
    """`since`: left out, today. `until`: left out, until further notice."""

    reason: ShortReason
    since: date | None = None
    until: date | None = None


class KeyPeriodEnding(Body):
    """`until`: the last day; left out, today."""

    reason: ShortReason
    until: date | None = None


class NewSite(Body):
    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=CLEAN)]
    city: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=CLEAN)]
    address: Annotated[str, StringConstraints(max_length=300, pattern=CLEAN)] = ""
    zone: Annotated[str, StringConstraints(max_length=60, pattern=CLEAN)] = actions.ZONE


class SiteEnding(Body):
    site: AnyId
    reason: ShortReason


class Handover(Body):
    """`owner`: who answers for it from now on."""

    owner: AnyId
    reason: ShortReason


class Reporting(Body):
    """`superior`: whom the contact answers to; null: nobody known."""

    contact: AnyId
    superior: AnyId | None


class ContactEnding(Body):
    contact: AnyId
    reason: ShortReason


class NewSegment(Body):
    code: Code
    zh: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=CLEAN)]
    en: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=CLEAN)]


class SegmentEnding(Body):
    code: Code
    reason: ShortReason


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


def _period(one: KeyPeriod) -> KeyPeriodShown:
    return {
        "since": one.since.isoformat(),
        "until": one.until.isoformat() if one.until else None,
        "reason": one.reason,
        "decided_by": named(one.decided_by),
        "end_reason": one.end_reason,
    }


def _site(one: Site) -> SiteShown:
    return {"id": str(one.pk), "name": one.name, "city": one.city, "address": one.address, "zone": one.zone}


def account_shown(person: Person, account: Account, status: int = 200) -> Reply:
    """The account as an answer to `person`, with its version."""
    account = Account.objects.select_related("unit", "owner", "segment", "parent").get(pk=account.pk)
    family = queries.visible_to(person)
    parent = family.filter(pk=account.parent_id).first() if account.parent_id else None
    today, periods = queries.today(), list(account.key_periods.select_related("decided_by").order_by("-since"))
    current = next((one for one in periods if one.since <= today and (one.until is None or one.until >= today)), None)
    data: AccountShown = {
        **account_line(account),
        "segment": {"code": account.segment.code, "name": str(account.segment)} if account.segment else None,
        "parent": named(parent) if parent else None,
        "subsidiaries": [named(one) for one in family.filter(parent=account).order_by("name", "pk")],
        "key": _period(current) if current else None,
        "key_periods": [_period(one) for one in periods],
        "sites": [_site(one) for one in account.sites.filter(ended_at__isnull=True).order_by("name", "pk")],
        "contacts": [
            {
                **contact(one),
                "reports_to": str(one.reports_to_id) if one.reports_to_id else None,
                "since": one.since.isoformat() if one.since else None,
                "person": str(one.stands_for),
            }
            for one in queries.contacts_of(account)
        ],
        "version": account.version,
    }
    return Reply(data, status, version=account.version)


@router.get("/accounts", response=Page[AccountLine])
@read
def list_accounts(
    request: Asked,
    q: Annotated[
        str,
        Query(max_length=100, pattern=CLEAN, description="A fragment of the name, of its pinyin or the initials of that, or the number."),
    ] = "",
    key_on: Annotated[date | None, Query(description="Only those that were key accounts on this day.")] = None,
    segment: Annotated[Code | None, Query(description="Code of the segment.")] = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[AccountLine]:
    """The accounts that you may see, by name."""
    rows = queries.containing(queries.visible_to(me(request)), q).select_related("unit", "owner")
    if key_on is not None:
        rows = queries.key_accounts(rows, key_on)
    if segment is not None:
        rows = rows.filter(segment=segment)
    found, after = paging.part(rows, ("name", "id"), cursor, limit)
    return {"items": [account_line(account) for account in found], "next": after}


@router.post("/accounts", response={201: AccountShown})
@shows_version
@write
def add_account(request: Asked, body: NewAccount) -> Reply:
    """A new customer, owned by a person and by that person's unit."""
    owner = me(request) if body.owner is None else meant(me(request), "person", body.owner, "owner")
    account = open_account(by=actor(request), name=body.name, sector=body.sector, owner=owner, another=body.another, id=body.id)
    return account_shown(me(request), account, 201)


@router.get("/accounts/{account_id}", response=AccountShown)
@shows_version
@read
def show_account(request: Asked, account_id: AnyId) -> Reply:
    """One account with the people there, its places and the companies around it."""
    return account_shown(me(request), find(me(request), "account", account_id))


@router.patch("/accounts/{account_id}", response=AccountShown)
@shows_version
@versioned
@write
def change_account(request: Asked, account_id: AnyId, body: AccountChange) -> Reply:
    """Change name, sector, segment or parent of the version that you have read. For who answers for it and the heads above."""
    person = me(request)
    account = find(person, "account", account_id)
    parent = None if body.parent is None else meant(person, "account", body.parent, "parent")
    changed = actions.change_account(
        by=actor(request),
        account=account,
        version=version(request),
        name=body.name,
        sector=body.sector,
        segment=body.segment,
        parent=parent,
        alone=body.alone,
        another=body.another,
    )
    return account_shown(person, changed)


@router.post("/accounts/{account_id}/handovers", response={201: AccountLine})
@write
def hand_account(request: Asked, account_id: AnyId, body: Handover) -> Reply:
    """Another one answers for the account from now on; by who did so far, or a head above."""
    person = me(request)
    account = find(person, "account", account_id)
    to = meant(person, "person", body.owner, "owner")
    return Reply(account_line(actions.hand_account(by=actor(request), account=account, to=to, reason=body.reason)), 201)


@router.post("/accounts/{account_id}/key-periods", response={201: AccountShown})
@shows_version
@write
def begin_key(request: Asked, account_id: AnyId, body: NewKeyPeriod) -> Reply:
    """The account is a key account from a day to a day. A head of its unit or above decides it."""
    account = find(me(request), "account", account_id)
    actions.begin_key(by=actor(request), account=account, reason=body.reason, since=body.since, until=body.until)
    return account_shown(me(request), account, 201)


@router.post("/accounts/{account_id}/key-periods/endings", response={201: AccountShown})
@shows_version
@write
def end_key(request: Asked, account_id: AnyId, body: KeyPeriodEnding) -> Reply:
    """The period that runs today ends with a day."""
    account = find(me(request), "account", account_id)
    actions.end_key(by=actor(request), account=account, reason=body.reason, until=body.until)
    return account_shown(me(request), account, 201)


@router.post("/accounts/{account_id}/sites", response={201: AccountShown})
@shows_version
@write
def add_site(request: Asked, account_id: AnyId, body: NewSite) -> Reply:
    """A place of the customer; the same name again is the same place."""
    account = find(me(request), "account", account_id)
    actions.add_site(by=actor(request), account=account, name=body.name, city=body.city, address=body.address, zone=body.zone)
    return account_shown(me(request), account, 201)


@router.post("/accounts/{account_id}/sites/endings", response={201: AccountShown})
@shows_version
@write
def end_site(request: Asked, account_id: AnyId, body: SiteEnding) -> Reply:
    """No place of the customer any more; it stays on record."""
    account = find(me(request), "account", account_id)
    site = account.sites.select_related("account").filter(pk=body.site).first()
    if site is None:
        raise misfit({"site": missing().sentence})
    actions.end_site(by=actor(request), site=site, reason=body.reason)
    return account_shown(me(request), account, 201)


def _contact(account: Account, contact_id: UUID, field: str) -> Contact:
    found = account.contacts.filter(pk=contact_id).first()
    if found is None:
        raise misfit({field: missing().sentence})
    return found


@router.post("/accounts/{account_id}/reporting", response={201: AccountShown})
@shows_version
@write
def set_superior(request: Asked, account_id: AnyId, body: Reporting) -> Reply:
    """Whom somebody at the customer answers to there."""
    account = find(me(request), "account", account_id)
    contact = _contact(account, body.contact, "contact")
    to = None if body.superior is None else _contact(account, body.superior, "superior")
    actions.set_superior(by=actor(request), contact=contact, to=to)
    return account_shown(me(request), account, 201)


@router.post("/accounts/{account_id}/contacts/endings", response={201: AccountShown})
@shows_version
@write
def end_contact(request: Asked, account_id: AnyId, body: ContactEnding) -> Reply:
    """Somebody is no longer at the customer; what was said stays."""
    account = find(me(request), "account", account_id)
    actions.end_contact(by=actor(request), contact=_contact(account, body.contact, "contact"), reason=body.reason)
    return account_shown(me(request), account, 201)


def _segments(person: Person, found: Iterable[Segment]) -> list[SegmentShown]:
    counts = queries.accounts_by_segment(person)
    return [{"code": one.code, "zh": one.zh, "en": one.en, "accounts": counts.get(one.code, 0)} for one in found]


@router.get("/segments", response=Segments)
@read
def list_segments(request: Asked) -> Segments:
    """The segments that can be chosen."""
    return {"items": _segments(me(request), queries.segments())}


@router.post("/segments", response={201: SegmentShown})
@write
def set_segment(request: Asked, body: NewSegment) -> Reply:
    """A segment that accounts may be in, or its words anew; by sales operations."""
    segment = actions.set_segment(by=actor(request), code=body.code, zh=body.zh, en=body.en)
    return Reply(_segments(me(request), [segment])[0], 201)


@router.post("/segments/endings", response={201: Segments})
@write
def end_segment(request: Asked, body: SegmentEnding) -> Reply:
    """Chosen no more; the accounts that are in it stay."""
    actions.end_segment(by=actor(request), code=body.code, reason=body.reason)
    left: Segments = {"items": _segments(me(request), queries.segments())}
    return Reply(left, 201)
