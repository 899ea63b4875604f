"""One human being behind several records: at several customers, or written down twice at one of them.

A record is a post at one customer. Those of one human being point to the record that stands for him or her; what was said, noted or
reported under any of them stays there, for what is on record is never rewritten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from earshot.accounts import queries
from earshot.accounts.actions import past_day
from earshot.accounts.models import Account, Contact, ContactMerge
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.kit import names, now
from earshot.kit.engine import locks
from earshot.kit.problems import Line, Refusal, Together, forbidden, missing, say, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import text
from earshot.people.actors import personally
from earshot.people.models import Person
from earshot.people.standing import reach_of


@permissive("everybody sees every contact", lambda person: Contact.objects.all())
def visible_to(person: Person) -> QuerySet[Contact]:
    """People at the customers that the person sees."""
    return Contact.objects.filter(account__in=queries.visible_to(person).values("pk"))


def records_of(contact: UUID) -> QuerySet[Contact]:
    """Every record of the human being whom `contact` stands for, with account and superior: the posts held now first."""
    rows = Contact.objects.filter(Q(pk=contact) | Q(person=contact)).select_related("account__unit", "reports_to__person", "person")
    return rows.order_by(F("merged_at").asc(nulls_first=True), F("left_at").desc(nulls_first=True), "pk")


def elsewhere(person: Person, contacts: Collection[Contact]) -> dict[UUID, list[Contact]]:
    """Id of who stands for each → the posts of the same human beings at other customers that `person` sees. One statement."""
    ids, here = {one.stands_for for one in contacts}, [one.pk for one in contacts]
    posts = visible_to(person).filter(Q(pk__in=ids) | Q(person__in=ids), left_at__isnull=True, merged_at__isnull=True)
    found: dict[UUID, list[Contact]] = {}
    for one in posts.exclude(pk__in=here).select_related("account").order_by("account__name", "pk"):
        found.setdefault(one.stands_for, []).append(one)
    return found


def _sounds(name: str) -> set[str]:
    form = names.plain(name)
    return {form} if form.isascii() else {form, names.spelt(form)[0]}


def alike(contacts: Iterable[Contact], name: str) -> list[Contact]:
    """Those whose name is written or sounds like this one."""
    wanted = _sounds(name)
    return [one for one in contacts if _sounds(one.called) & wanted]


def mergeable(person: Person, contact: Contact) -> list[Contact]:
    """Who may be the same human being and is `person`'s to merge: at the same customers and in their group of companies, those whose names
    are alike first. At most 300."""
    accounts = [one.account_id for one in records_of(contact.stands_for)]
    parents = Account.objects.filter(pk__in=accounts, parent__isnull=False).values("parent")
    group = Q(account__in=accounts) | Q(account__parent__in=accounts) | Q(account__in=parents) | Q(account__parent__in=parents)
    works = Q(account__owner=person) | Q(account__unit__in=reach_of(person).units)
    rows = visible_to(person).filter(group, works, left_at__isnull=True, merged_at__isnull=True)
    others = list(
        rows.exclude(Q(pk=contact.stands_for) | Q(person=contact.stands_for))
        .select_related("account", "person")
        .order_by("name", "pk")[:300]
    )
    same = {one.pk for one in alike(others, contact.called)}
    return sorted(others, key=lambda one: one.pk not in same)


def likely(contacts: Sequence[Contact]) -> set[UUID]:
    """Those of the records that share a name with another one of them, and are not known to be one human being."""
    by_sound: dict[str, dict[UUID, UUID]] = {}
    for one in contacts:
        for sound in _sounds(one.called):
            by_sound.setdefault(sound, {})[one.pk] = one.stands_for
    return {pk for found in by_sound.values() if len(set(found.values())) > 1 for pk in found}


@verb
def add_post(*, by: Actor, contact: Contact, account: Account, title: str = "", since: date | str | None = None) -> Contact:
    """The same human being at another customer as well, with a post of its own there. Only for who sees both. The same again gives the
    post that is known; one that had left there is back."""
    person = personally(by)
    if not visible_to(person).filter(pk=contact.pk).exists() or not queries.sees(person, account):
        raise missing()
    each = Together()
    title = each(text, "title", title, most=100, required=False)
    first = each(past_day, "since", since) if since else None
    each.refuse()
    _one_at_a_time([account.pk, contact.account_id])
    contact = Contact.objects.select_related("person").get(pk=contact.pk)
    main = contact.stands_for
    known = Contact.objects.filter(account=account, name=contact.called, title=title).first()
    if known is not None and known.stands_for != main:
        sentence = say(
            _("{name} of {account} is a record of its own. If it is the same person, merge the two."), name=known, account=account
        )
        raise Refusal("contact.alike", sentence, about=ref(account), status=409)
    if known is not None and known.left_at is None:
        return known
    if known is None:
        known = Contact(account=account, name=contact.called, title=title, person_id=main)
    known.left_at, known.since = None, first
    known.save()
    record("accounts.contact_also", by=by, objects={"contact": known, "account": account}, scopes=[account])
    return known


@verb
def merge_contacts(*, by: Actor, gone: Contact, into: Contact, reason: str, sure: bool = False) -> Contact:
    """The two are one human being: `into` stays, `gone` points to it. What was said and noted keeps its words and the name under which
    it was. Where both are recorded at one customer, who reported to `gone` reports to `into`; elsewhere the record becomes a further
    post. It cannot be undone: without `sure` it says so and does nothing. By who works on the account of `gone` and sees both."""
    person = personally(by)
    _one_at_a_time([into.account_id, *(one.account_id for one in records_of(gone.stands_for))])
    gone, into = (Contact.objects.select_related("account__unit", "person").get(pk=one.pk) for one in (gone, into))
    stays, first = into.person or into, gone.stands_for
    going = list(records_of(gone.stands_for))
    _may_merge(person, gone, into, going)
    reason = text("reason", reason, most=300)
    there = {one.account_id: one for one in reversed(records_of(stays.pk).filter(merged_at__isnull=True))}
    if into.merged_at is None:
        there[into.account_id] = into
    twice = [(one, there[one.account_id]) for one in going if one.merged_at is None and one.account_id in there]
    for one, other in twice:
        if other.reports_to_id != one.pk and queries.is_superior(one, other):
            raise wrong("gone", say(_("{name} stands above {other} in the reporting line. Mend the line first."), name=one, other=other))
    if not sure:
        raise _asks(gone, into)
    at = now()
    for one, other in twice:
        _take_over(one, other)
        one.merged_at, one.reports_to = at, None
    for one in going:
        one.person = stays
        one.save(update_fields=["person", "merged_at", "reports_to"])
    ContactMerge.objects.create(gone_id=first, stays=stays, by=person, at=at, reason=reason)
    accounts = {one.account_id: one.account for one in (*going, into)}
    objects: dict[str, Any] = {"contact": into, "gone": gone, "account": list(accounts.values())}
    record("accounts.contacts_merged", by=by, objects=objects, scopes=list(accounts.values()), data={"reason": reason})
    return stays


@permissive("who asks may merge", lambda person, gone, into, going: None)
def _may_merge(person: Person, gone: Contact, into: Contact, going: Sequence[Contact]) -> None:
    seen = set(visible_to(person).filter(pk__in=[into.pk, *(one.pk for one in going)]).values_list("pk", flat=True))
    if gone.pk not in seen or into.pk not in seen:
        raise missing()
    if gone.stands_for == into.stands_for:
        raise Refusal("contact.one_already", say(_("{name} is one person already."), name=into.called), about=ref(into.account), status=409)
    if not queries.may_work(person, gone.account):
        sentence = _("Who answers for the account of the record that goes, and the heads above, merge it.")
        raise forbidden("contact.not_yours", sentence, ref(gone.account))
    hidden = {one.account.unit.name for one in going if one.pk not in seen}
    if hidden:
        units = ", ".join(sorted(hidden))
        raise forbidden("contact.elsewhere", say(_("This person is known at another customer too; ask the desk of {unit}."), unit=units))


def _asks(gone: Contact, into: Contact) -> Refusal:
    lines = [
        Line(
            "contact.merge_shows",
            say(_("From then on {gone} is shown as {into}, with who met whom of both."), gone=str(gone), into=str(into)),
            about=ref(into.account),
        ),
        Line("contact.merge_keeps", _("What was said and noted keeps its words and the name under which it was recorded.")),
    ]
    return Refusal(
        "contact.merge_asks",
        _("Two records that were made one cannot be taken apart again."),
        lines=lines,
        fields={"sure": _("Say that it is one person and that you know it cannot be undone.")},
        status=409,
    )


def _take_over(gone: Contact, stays: Contact) -> None:
    """Reporting lines at one customer: who reported to the one reports to the other, who keeps a superior or takes the one's."""
    if stays.reports_to_id == gone.pk:
        stays.reports_to = None
    Contact.objects.filter(reports_to=gone).exclude(pk=stays.pk).update(reports_to=stays)
    upper = gone.reports_to
    if stays.reports_to_id is None and upper is not None and upper.pk != stays.pk and not queries.is_superior(stays, upper):
        stays.reports_to = upper
    stays.save(update_fields=["reports_to"])


def _one_at_a_time(accounts: Iterable[UUID]) -> None:
    """Whoever changes who is at a customer goes one after the other, in one order."""
    for account in sorted(set(accounts)):
        locks.hold(f"contacts of {account}")
