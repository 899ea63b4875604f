"""Verbs on accounts and contacts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from earshot.accounts import queries
from earshot.accounts.models import Account, AccountName, Contact, KeyPeriod, Segment, Site
from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.journal.numbers import next_number
from earshot.journal.queries import tell
from earshot.journal.repeats import earlier
from earshot.kit import names, now, uuid7
from earshot.kit.engine import locks, written
from earshot.kit.problems import Line, Refusal, Together, forbidden, in_both, missing, say, stale, wrong
from earshot.kit.ruling import permissive
from earshot.kit.texts import TITLE, text
from earshot.people.actors import personally
from earshot.people.models import Person, Unit
from earshot.people.permits import OPERATE, require
from earshot.people.queries import is_head_at_or_above

ZONE = "Asia/Shanghai"


@verb
def open_account(
    *,
    by: Actor,
    name: str,
    owner: Person,
    unit: Unit | None = None,
    sector: str = "",
    outside_id: str | None = None,
    another: bool = False,
    id: UUID | None = None,
) -> Account:
    """A new customer, owned by `owner` and by `unit` (default: the owner's). The same `id` again gives the first one back. `another`: the
    person has said that it is none of those whose names are alike; without it, that is asked."""
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
    if by.is_personal and not another:
        _not_known_already(personally(by), name)
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
    _keep_name(account)
    record("accounts.account_opened", by=by, objects={"account": account, "owner": owner}, scopes=[account], data={"version": 1})
    return account


def may_act_for(person: Person, owner: Person) -> None:
    """Refuse unless the person heads the unit of `owner` or one above: only a head gives a colleague an account or a deal."""
    if owner.unit is None or not is_head_at_or_above(person, owner.unit):
        raise forbidden("owner.not_yours", _("Only a head of the owner's unit, or of a unit above it, opens this for somebody else."))


def _keep_name(account: Account) -> None:
    found = names.found_by(account.name, account.number)
    row = AccountName(account=account, words=found.words, bare=found.bare, sound=found.sound)
    written.put([row], unique=["account"], fields=["words", "bare", "sound"])


@permissive("no name is known already", lambda person, name, but=None: None)
def _not_known_already(person: Person, name: str, but: Account | None = None) -> None:
    """The same customer under a name that is alike, or the same form sent once more: asked, not forbidden. Of an account that the person
    may not see no more is said than which unit knows of one (law 13). Two in the same second wait for each other."""
    locks.hold(f"account called {names.bare(name)}")
    found = list(queries.alike(name, but).select_related("unit").order_by("name", "pk")[:10])
    if not found:
        return
    seen = set(queries.visible_to(person).filter(pk__in=[one.pk for one in found]).values_list("pk", flat=True))
    lines = [
        Line("account.alike", say(_("{account} ({number}) is there already."), account=one.name, number=one.number), about=ref(one))
        for one in found
        if one.pk in seen
    ]
    for unit in dict.fromkeys(one.unit for one in found if one.pk not in seen):
        sentence = say(_("A customer of such a name exists; ask the desk of {unit}."), unit=unit.name)
        lines.append(Line("account.alike_elsewhere", sentence))
    raise Refusal(
        "account.alike",
        _("There is a customer of such a name."),
        lines=lines,
        fields={"another": _("Say that this is another customer, or go on with the one that is there.")},
        status=409,
    )


@verb
def change_account(
    *,
    by: Actor,
    account: Account,
    version: int,
    name: str | None = None,
    sector: str | None = None,
    segment: str | None = None,
    parent: Account | None = None,
    alone: bool = False,
    another: bool = False,
) -> Account:
    """Change what is given (None: left as it is). `segment`: a code; empty: none. `parent`: the customer that it belongs to; `alone`: to
    none any more. `another`: see `open_account`. Refused when somebody changed the account since `version`."""
    account = _fresh(by, account, version)
    changes: dict[str, str] = {}
    each = Together()
    new = each(text, "name", account.name if name is None else name, most=TITLE)
    branch = each(text, "sector", account.sector if sector is None else sector, most=100, required=False)
    part = account.segment if segment is None or segment == (account.segment_id or "") else each(_segment, segment)
    upper = None if alone else account.parent if parent is None else each(_upper, by, account, parent)
    each.refuse()
    if new != account.name:
        if by.is_personal and not another and names.bare(new) != names.bare(account.name):
            _not_known_already(personally(by), new, account)
        changes["name"], account.name = f"{account.name} → {new}", new
    if branch != account.sector:
        changes["sector"], account.sector = f"{account.sector or '–'} → {branch or '–'}", branch
    if part != account.segment:
        changes["segment"], account.segment = f"{_named(account.segment)} → {_named(part)}", part
    if upper != account.parent:
        # By number: its name is for those who see it.
        changes["parent"] = f"{account.parent.number if account.parent else '–'} → {upper.number if upper else '–'}"
        account.parent = upper
    if not changes:
        return account
    account.version += 1
    account.save(update_fields=["name", "sector", "segment", "parent", "version"])
    if "name" in changes:
        _keep_name(account)
    data = {"changes": "; ".join(changes.values()), "fields": list(changes), "version": account.version}
    record("accounts.account_changed", by=by, objects={"account": account}, scopes=[account], data=data)
    return account


def _named(segment: Segment | None) -> str:
    return segment.zh if segment else "–"


def _fresh(by: Actor, account: Account, version: int | None = None) -> Account:
    """The account as it stands now, locked; refused when it is not the actor's to work on, or stale."""
    locks.lock(Account.objects.filter(pk=account.pk))
    account = Account.objects.select_related("unit", "owner", "segment", "parent").get(pk=account.pk)
    if by.is_personal:
        person = personally(by)
        if not queries.sees(person, account):
            raise missing()
        if not queries.may_work(person, account):
            sentence = _("You may read this account, but only who answers for it and the heads above change it.")
            raise forbidden("account.not_yours", sentence, ref(account))
    if version is not None and version != account.version:
        changed = tell(queries.changes_since(account, version))
        lines = [Line("account.changed", told.sentence, about=ref(account)) for told in changed]
        raise stale(_("Somebody changed this account after you opened it. Look at what changed and try again."), lines, ref(account))
    return account


def _segment(code: str) -> Segment | None:
    if not code:
        return None
    found = queries.segments().filter(code=code).first()
    if found is None:
        raise wrong("segment", say(_("There is no segment with the code “{code}”."), code=code))
    return found


def _upper(by: Actor, account: Account, parent: Account) -> Account:
    """Whom it is to belong to. Everybody who changes the tree waits here, so that no two changes close a circle between them."""
    locks.hold("accounts.tree")
    if by.is_personal and not queries.sees(personally(by), parent):
        raise wrong("parent", missing().sentence)
    if parent.pk == account.pk:
        raise wrong("parent", _("A customer does not belong to itself."))
    if queries.stands_above(account, parent):
        raise wrong("parent", say(_("{parent} belongs to {account} already; both ways would be a circle."), parent=parent, account=account))
    return parent


@verb
def hand_account(*, by: Actor, account: Account, to: Person, reason: str, version: int | None = None) -> Account:
    """Another one answers for the account from now on: by who did so far, or a head of its unit or above. At every moment there is one
    (law 10)."""
    account = _fresh(by, account, version)
    reason = text("reason", reason, most=300)
    if to.left_at is not None:
        raise wrong("to", say(_("{name} is no longer with the company."), name=to.name))
    if to.pk == account.owner_id:
        return account
    former = account.owner
    account.owner, account.version = to, account.version + 1
    account.save(update_fields=["owner", "version"])
    objects = {"account": account, "owner": to, "former": former}
    record("accounts.account_handed", by=by, objects=objects, scopes=[account], data={"reason": reason, "version": account.version})
    return account


@verb
def begin_key(*, by: Actor, account: Account, reason: str, since: date | str | None = None, until: date | str | None = None) -> KeyPeriod:
    """The account is a key account from a day (default: today) to a day (None: until further notice). A head of its unit or above decides
    it: who answers for an account does not promote it."""
    account = _fresh(by, account)
    person = _heading(by, account)
    each, today = Together(), queries.today()
    reason = each(text, "reason", reason, most=300)
    first = each(_day, "since", since or today)
    last = each(_day, "until", until) if until else None
    each.refuse()
    if last is not None and last < first:
        raise wrong("until", _("This lies before the first day."))
    for known in account.key_periods.order_by("since"):
        if (last is None or known.since <= last) and (known.until is None or known.until >= first):
            sentence = _("It is a key account from {since} until {until} already; periods do not overlap.")
            raise wrong("since", say(sentence, since=known.since, until=known.until or _("further notice")))
    period = KeyPeriod.objects.create(account=account, since=first, until=last, reason=reason, decided_by=person)
    data = {"since": str(first), "until": str(last) if last else in_both(_("further notice")), "reason": reason}
    record("accounts.key_begun", by=by, objects={"account": account}, scopes=[account], data=data)
    return period


@verb
def end_key(*, by: Actor, account: Account, reason: str, until: date | str | None = None) -> KeyPeriod:
    """The period that runs today, or is to come, ends with a day (default: today), with a reason. What was stays on record."""
    account = _fresh(by, account)
    _heading(by, account)
    each, today = Together(), queries.today()
    reason, last = each(text, "reason", reason, most=300), each(_day, "until", until or today)
    each.refuse()
    period = queries.key_on(account, today)
    if period is None:
        raise Refusal("account.not_key", say(_("{account} is no key account today."), account=account.name), about=ref(account), status=409)
    if last < period.since or last < today - timedelta(days=1):
        raise wrong("until", _("Give a day from yesterday on, not before the first one: what was stays as it was."))
    if period.until is not None and last > period.until:
        raise wrong("until", _("It ends before that already. Begin another period to go on."))
    period.until, period.end_reason = last, reason
    period.save(update_fields=["until", "end_reason"])
    data = {"until": str(last), "reason": reason}
    record("accounts.key_ended", by=by, objects={"account": account}, scopes=[account], data=data)
    return period


def _heading(by: Actor, account: Account) -> Person:
    person = personally(by)
    if not is_head_at_or_above(person, account.unit):
        sentence = say(_("Only a head of {unit}, or of a unit above it, decides what is a key account."), unit=account.unit.name)
        raise forbidden("account.not_head", sentence, ref(account))
    return person


def _day(field: str, value: date | str) -> date:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(value.strip())
    except ValueError:
        raise wrong(field, _("Write a day, such as 2026-12-31.")) from None
    if not 1990 <= day.year <= queries.today().year + 20:
        raise wrong(field, _("This day lies too far away."))
    return day


def past_day(field: str, value: date | str) -> date:
    """A day that has come."""
    day = _day(field, value)
    if day > queries.today():
        raise wrong(field, _("This day has not come yet."))
    return day


@verb
def add_site(*, by: Actor, account: Account, name: str, city: str, address: str = "", zone: str = ZONE) -> Site:
    """A place of the customer; the same name again gives the one that is known."""
    account = _fresh(by, account)
    each = Together()
    name, city = each(text, "name", name, most=100), each(text, "city", city, most=100)
    address = each(text, "address", address, most=300, required=False)
    zone = each(_zone, zone or ZONE)
    each.refuse()
    site, made = Site.objects.get_or_create(
        account=account, name=name, ended_at=None, defaults={"city": city, "address": address, "zone": zone}
    )
    if made:
        record("accounts.site_added", by=by, objects={"site": site, "account": account}, scopes=[account])
    return site


def _zone(zone: str) -> str:
    if zone not in available_timezones():
        raise wrong("zone", say(_("There is no time zone {zone}. Write one such as {example}."), zone=zone, example=ZONE))
    return zone


@verb
def end_site(*, by: Actor, site: Site, reason: str) -> None:
    """No place of the customer any more, with a reason."""
    account = _fresh(by, site.account)
    site = Site.objects.get(pk=site.pk)
    reason = text("reason", reason, most=300)
    if site.ended_at is not None:
        raise Refusal("site.ended", say(_("{site} is no place of theirs any more."), site=site.name), status=409)
    site.ended_at = now()
    site.save(update_fields=["ended_at"])
    record("accounts.site_ended", by=by, objects={"site": site, "account": account}, scopes=[account], data={"reason": reason})


@verb
def set_segment(*, by: Actor, code: str, zh: str, en: str) -> Segment:
    """A segment that accounts may be in, or its words anew; one that had ended can be chosen again. By sales operations."""
    require(by, OPERATE)
    each = Together()
    code, zh, en = each(text, "code", code, most=60), each(text, "zh", zh, most=100), each(text, "en", en, most=100)
    each.refuse()
    segment, _made = Segment.objects.update_or_create(code=code, defaults={"zh": zh, "en": en, "ended_at": None})
    data = {"segment": {"zh-hans": zh, "en": en}, "code": code}
    record("accounts.segment_set", by=by, objects={}, permission=OPERATE, data=data)
    return segment


@verb
def end_segment(*, by: Actor, code: str, reason: str) -> None:
    """Chosen no more; the accounts that are in it stay."""
    require(by, OPERATE)
    segment, reason = _segment(code), text("reason", reason, most=300)
    if segment is None:
        raise wrong("segment", _("Please fill this in."))
    segment.ended_at = now()
    segment.save(update_fields=["ended_at"])
    data = {"segment": {"zh-hans": segment.zh, "en": segment.en}, "code": code, "reason": reason}
    record("accounts.segment_ended", by=by, objects={}, permission=OPERATE, data=data)


def _is_seen(by: Actor, account: Account) -> bool:
    return not by.is_personal or queries.visible_to(personally(by)).filter(pk=account.pk).exists()


@verb
def add_contact(*, by: Actor, account: Account, name: str, title: str = "", since: date | str | None = None) -> Contact:
    """Somebody at the customer; the same name and title again gives the one that is known. `since`: the first day in that post. Only for
    who sees the account."""
    if by.is_personal and not queries.visible_to(personally(by)).filter(pk=account.pk).exists():
        raise missing()
    each = Together()
    name, title = each(text, "name", name, most=100), each(text, "title", title, most=100, required=False)
    first = each(past_day, "since", since) if since else None
    each.refuse()
    contact = keep_contact(by, account, name, title)
    if first is not None and contact.since is None:
        contact.since = first
        contact.save(update_fields=["since"])
    return contact


def _contact(by: Actor, contact: Contact) -> Contact:
    """The contact as it stands now; whoever changes who reports to whom at one customer goes one after the other."""
    locks.hold(f"contacts of {contact.account_id}")
    contact = Contact.objects.select_related("account", "reports_to").get(pk=contact.pk)
    if by.is_personal and not queries.sees(personally(by), contact.account):
        raise missing()
    if contact.merged_at is not None:
        raise Refusal("contact.merged", say(_("{name} is recorded under another name now."), name=contact.name), status=409)
    if contact.left_at is not None:
        raise Refusal("contact.left", say(_("{name} is no longer there."), name=contact.name), about=ref(contact.account), status=409)
    return contact


@verb
def set_superior(*, by: Actor, contact: Contact, to: Contact | None) -> Contact:
    """Whom the contact reports to at the customer; None: nobody that we know of. Only for who sees the account."""
    contact = _contact(by, contact)
    if to is not None:
        if to.account_id != contact.account_id or to.left_at is not None or to.merged_at is not None:
            raise wrong("to", _("Choose somebody who is at this customer now."))
        if to.pk == contact.pk:
            raise wrong("to", _("Nobody reports to him- or herself."))
        if queries.is_superior(contact, to):
            raise wrong(
                "to", say(_("{superior} reports to {name} already; both ways would be a circle."), superior=to.name, name=contact.name)
            )
    former = contact.reports_to
    if (former and former.pk) == (to and to.pk):
        return contact
    contact.reports_to = to
    contact.save(update_fields=["reports_to"])
    objects: dict[str, Any] = {"contact": contact, "account": contact.account} | ({"superior": to} if to else {})
    name = "accounts.contact_reports" if to else "accounts.contact_reports_to_nobody"
    record(name, by=by, objects=objects, scopes=[contact.account])
    return contact


@verb
def end_contact(*, by: Actor, contact: Contact, reason: str) -> None:
    """The contact is no longer at the customer, with a reason. What was said stays; who reported to him or her reports to nobody known."""
    contact = _contact(by, contact)
    reason = text("reason", reason, most=300)
    contact.left_at, contact.reports_to = now(), None
    contact.save(update_fields=["left_at", "reports_to"])
    Contact.objects.filter(reports_to=contact).update(reports_to=None)
    objects = {"contact": contact, "account": contact.account}
    record("accounts.contact_left", by=by, objects=objects, scopes=[contact.account], data={"reason": reason})


def keep_contact(by: Actor, account: Account, name: str, title: str) -> Contact:
    """The same inside a verb that has judged already whether the actor may speak of this account."""
    contact, made = Contact.objects.get_or_create(
        account=account, name=text("name", name, most=100), title=text("title", title, most=100, required=False)
    )
    if made:
        record("accounts.contact_added", by=by, objects={"contact": contact, "account": account}, scopes=[account])
    if contact.merged_at is not None:  # written down under the name that went: meant is the one that stays, as he or she is known here
        same = Q(pk=contact.person_id) | Q(person=contact.person_id)
        return Contact.objects.filter(same, account=account, merged_at__isnull=True).order_by(F("left_at").desc(nulls_first=True), "pk")[0]
    return contact
