"""People at the customers: their posts, who of us met them, and records that are one person."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from ninja import Query, Router
from typing_extensions import TypedDict

from earshot.accounts import actions, persons, queries
from earshot.accounts.models import Contact
from earshot.api import paging
from earshot.api.accounts import AccountShown, account_shown
from earshot.api.answers import Reply, read, shows_version, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import AnyId, Body, Day, Id, Moment, Named, Page, Short, ShortReason, Title, moment, moment_or_none, named
from earshot.api.finding import meant
from earshot.desk.finding import find
from earshot.people.models import Person
from earshot.voice import queries as voice

router = Router()


class PostThere(TypedDict):
    """A record of the person at one customer. `since` null: not known; `left_at` null: there now. `merged_at`: another record of the
    person at this customer stands for it since; what was said under it keeps its name."""

    id: Id
    account: Named
    name: str
    title: str
    since: Day | None
    reports_to: Named | None
    left_at: Moment | None
    merged_at: Moment | None


class MetShown(TypedDict):
    """One of us who was there and says so, how often and when last, in the meetings that you may see."""

    person: Named
    times: int
    last: Moment


class PersonThere(TypedDict):
    """A human being at our customers, as far as you may see. `id`: of the record that stands for him or her; `alike`: records that are
    perhaps the same person and that you may merge with this one."""

    id: Id
    name: str
    posts: list[PostThere]
    met: list[MetShown]
    alike: list[PostThere]


class MeetingWith(TypedDict):
    """`held_at` null: not told. `present`: who of us was there and says so."""

    id: Id
    deal: Named
    held_at: Moment | None
    recorded_at: Moment
    place: str
    present: list[Named]


class NewContact(Body):
    """`since`: the first day in that post; left out, not known."""

    name: Title
    title: Short = ""
    since: date | None = None


class NewPostThere(Body):
    account: AnyId
    title: Short = ""
    since: date | None = None


class MergerOfContacts(Body):
    """`gone`: the record that points to this one from then on. `sure`: it cannot be undone; without it, 409 says what will be."""

    gone: AnyId
    reason: ShortReason
    sure: bool = False


def _post(one: Contact) -> PostThere:
    upper = one.reports_to
    return {
        "id": str(one.pk),
        "account": named(one.account),
        "name": one.name,
        "title": one.title,
        "since": one.since.isoformat() if one.since else None,
        "reports_to": {"id": str(upper.pk), "name": upper.called} if upper else None,
        "left_at": moment_or_none(one.left_at),
        "merged_at": moment_or_none(one.merged_at),
    }


def person_there(reader: Person, contact: Contact) -> PersonThere:
    main = contact.stands_for
    seen = persons.records_of(main).filter(account__in=queries.visible_to(reader).values("pk"))
    alike = persons.alike(persons.mergeable(reader, contact), contact.called)
    return {
        "id": str(main),
        "name": contact.called,
        "posts": [_post(one) for one in seen],
        "met": [
            {"person": {"id": str(one.person), "name": one.name}, "times": one.times, "last": moment(one.last)}
            for one in voice.met(reader, [main]).get(main, [])
        ],
        "alike": [_post(one) for one in alike],
    }


@router.get("/contacts/{contact_id}", response=PersonThere)
@read
def show_contact(request: Asked, contact_id: AnyId) -> PersonThere:
    """A person at our customers: posts, and who of us met him or her."""
    return person_there(me(request), find(me(request), "contact", contact_id))


@router.get("/contacts/{contact_id}/meetings", response=Page[MeetingWith])
@read
def list_meetings_with(
    request: Asked,
    contact_id: AnyId,
    who: Annotated[AnyId | None, Query(description="Only those at which this colleague was.")] = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = paging.USUAL,
) -> Page[MeetingWith]:
    """The meetings with this person that you may see, in the order in which they were recorded."""
    contact = find(me(request), "contact", contact_id)
    rows = voice.meetings_with(me(request), contact.stands_for).prefetch_related("attendances__person")
    if who is not None:
        rows = rows.filter(attendances__person=who, attendances__confirmed_at__isnull=False)
    found, after = paging.part(rows, ("recorded_at", "id"), cursor, limit)
    items: list[MeetingWith] = [
        {
            "id": str(one.pk),
            "deal": {"id": str(one.deal_id), "name": one.deal.title},
            "held_at": moment_or_none(one.held_at),
            "recorded_at": moment(one.recorded_at),
            "place": one.place,
            "present": [named(there.person) for there in one.attendances.all() if there.confirmed_at],
        }
        for one in found
    ]
    return {"items": items, "next": after}


@router.post("/contacts/{contact_id}/posts", response={201: PersonThere})
@write
def add_post(request: Asked, contact_id: AnyId, body: NewPostThere) -> Reply:
    """The same person at another customer as well."""
    person = me(request)
    contact = find(person, "contact", contact_id)
    account = meant(person, "account", body.account, "account")
    persons.add_post(by=actor(request), contact=contact, account=account, title=body.title, since=body.since)
    return Reply(person_there(person, contact), 201)


@router.post("/contacts/{contact_id}/mergers", response={201: PersonThere})
@write
def merge_contacts(request: Asked, contact_id: AnyId, body: MergerOfContacts) -> Reply:
    """Two records are one person: this one stays. It cannot be undone."""
    person = me(request)
    contact = find(person, "contact", contact_id)
    gone = meant(person, "contact", body.gone, "gone")
    persons.merge_contacts(by=actor(request), gone=gone, into=contact, reason=body.reason, sure=body.sure)
    return Reply(person_there(person, contact), 201)


@router.post("/accounts/{account_id}/contacts", response={201: AccountShown})
@shows_version
@write
def add_contact(request: Asked, account_id: AnyId, body: NewContact) -> Reply:
    """Somebody at the customer; the same name and title again is the same person."""
    account = find(me(request), "account", account_id)
    actions.add_contact(by=actor(request), account=account, name=body.name, title=body.title, since=body.since)
    return account_shown(me(request), account, 201)
