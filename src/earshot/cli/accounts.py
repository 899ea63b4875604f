"""Accounts: list, look, open, change; key accounts, places, segments."""

from __future__ import annotations

from datetime import datetime

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.accounts import actions, queries
from earshot.accounts.models import Account, Contact
from earshot.cli.root import Group, option
from earshot.cli.who import acting, colleague, find
from earshot.cli.words import rows
from earshot.kit.problems import missing
from earshot.people.actors import as_person
from earshot.people.models import Person

DAY = click.DateTime(["%Y-%m-%d"])
REASON = option("--reason", required=True, help=noop("Why; it stands in the journal."))


@click.group(cls=Group, help=noop("The customers."))
def accounts() -> None:
    pass


@accounts.command(
    "list", help=noop("The accounts that you may see, by name. WORDS: a fragment of the name, of its pinyin or the initials.")
)
@click.argument("words", required=False, default="")
@option("--key-on", type=DAY, help=noop("Only those that were key accounts on this day."))
@option("--segment", default="", help=noop("Only those in the segment with this code."))
@option("--most", type=click.IntRange(1, 1000), default=50, show_default=True, help=noop("How many at most."))
@acting()
def list_(words: str, key_on: datetime | None, segment: str, most: int, person: Person) -> None:
    found = queries.containing(queries.visible_to(person), words).select_related("owner", "unit").order_by("name", "pk")
    if key_on is not None:
        found = queries.key_accounts(found, key_on.date())
    if segment:
        found = found.filter(segment=segment)
    rows([one.number, one.name, one.owner.name, one.unit.name] for one in found[:most])


@accounts.command(help=noop("An account: who answers for it, where it belongs, its places."))
@click.argument("account", metavar="ACCOUNT")
@acting()
def show(account: str, person: Person) -> None:
    found: Account = find(person, "account", account)
    click.echo(f"{found.number} {found.name}")
    parent = found.parent if found.parent and queries.sees(person, found.parent) else None
    lines = [
        (_("owner"), f"{found.owner} ({found.unit})"),
        (_("segment"), str(found.segment or "–")),
        (_("sector"), found.sector or "–"),
        (_("belongs to"), parent.name if parent else "–"),
        (_("version"), str(found.version)),
    ]
    lines += [(_("key account"), f"{one.since} – {one.until or ''} {one.reason}") for one in found.key_periods.order_by("-since")]
    lines += [(_("place"), f"{one} {one.address}") for one in found.sites.filter(ended_at__isnull=True).order_by("name", "pk")]
    rows(lines)


ANOTHER = option("--another", is_flag=True, help=noop("It is none of the customers whose names are alike."))


@accounts.command("open", help=noop("Open an account with this NAME; you answer for it."))
@click.argument("name", metavar="NAME")
@option("--sector", default="", help=noop("The sector."))
@ANOTHER
@acting()
def open_(name: str, sector: str, another: bool, person: Person) -> None:
    made = actions.open_account(by=as_person(person), name=name, sector=sector, owner=person, another=another)
    click.echo(f"{made.number} {made.name}")


@accounts.command(help=noop("Change what is given."))
@click.argument("account", metavar="ACCOUNT")
@option("--name", help=noop("Its name."))
@option("--sector", help=noop("The sector."))
@option("--segment", help=noop("Code of its segment; empty: none."))
@option("--parent", metavar="ACCOUNT", help=noop("The customer that it belongs to."))
@option("--alone", is_flag=True, help=noop("It belongs to none any more."))
@option("--version", type=int, help=noop("The version that you looked at; otherwise the present one."))
@ANOTHER
@acting()
def change(
    account: str,
    name: str | None,
    sector: str | None,
    segment: str | None,
    parent: str | None,
    alone: bool,
    version: int | None,
    another: bool,
    person: Person,
) -> None:
    found: Account = find(person, "account", account)
    changed = actions.change_account(
        by=as_person(person),
        account=found,
        version=found.version if version is None else version,
        name=name,
        sector=sector,
        segment=segment,
        parent=find(person, "account", parent) if parent else None,
        alone=alone,
        another=another,
    )
    click.echo(_("{account}, version {version}.").format(account=changed.name, version=changed.version))


@accounts.command(help=noop("PERSON answers for ACCOUNT from now on."))
@click.argument("account", metavar="ACCOUNT")
@click.argument("to", metavar="PERSON")
@REASON
@acting()
def hand(account: str, to: str, reason: str, person: Person) -> None:
    somebody = colleague(person, to)
    handed = actions.hand_account(by=as_person(person), account=find(person, "account", account), to=somebody, reason=reason)
    click.echo(_("{name} answers for {account} from now on.").format(name=somebody.name, account=handed.name))


@accounts.command(help=noop("ACCOUNT is a key account from a day to a day."))
@click.argument("account", metavar="ACCOUNT")
@REASON
@option("--since", type=DAY, help=noop("The first day; otherwise today."))
@option("--until", type=DAY, help=noop("The last day; otherwise until further notice."))
@acting()
def key(account: str, reason: str, since: datetime | None, until: datetime | None, person: Person) -> None:
    days = {"since": since.date() if since else None, "until": until.date() if until else None}
    period = actions.begin_key(by=as_person(person), account=find(person, "account", account), reason=reason, **days)
    click.echo(str(period))


@accounts.command("end-key", help=noop("ACCOUNT is no key account any more."))
@click.argument("account", metavar="ACCOUNT")
@REASON
@option("--until", type=DAY, help=noop("The last day; otherwise today."))
@acting()
def end_key(account: str, reason: str, until: datetime | None, person: Person) -> None:
    last = until.date() if until else None
    click.echo(str(actions.end_key(by=as_person(person), account=find(person, "account", account), reason=reason, until=last)))


@accounts.command("add-place", help=noop("A place of ACCOUNT."))
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="NAME")
@click.argument("city", metavar="CITY")
@option("--address", default="", help=noop("The address."))
@option("--zone", default=actions.ZONE, show_default=True, help=noop("The time zone."))
@acting()
def add_place(account: str, name: str, city: str, address: str, zone: str, person: Person) -> None:
    found = find(person, "account", account)
    click.echo(str(actions.add_site(by=as_person(person), account=found, name=name, city=city, address=address, zone=zone)))


@accounts.command("end-place", help=noop("NAME is no place of ACCOUNT any more."))
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="NAME")
@REASON
@acting()
def end_place(account: str, name: str, reason: str, person: Person) -> None:
    found: Account = find(person, "account", account)
    site = found.sites.select_related("account").filter(name=name, ended_at__isnull=True).first()
    if site is None:
        raise missing()
    actions.end_site(by=as_person(person), site=site, reason=reason)
    click.echo(_("{place} is no longer listed.").format(place=name))


def _contact(account: Account, name: str) -> Contact:
    found = queries.contacts_of(account).filter(name=name).first()
    if found is None:
        raise missing()
    return found


@accounts.command(help=noop("NAME reports to SUPERIOR at ACCOUNT; without one, to nobody known."))
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="NAME")
@click.argument("superior", metavar="SUPERIOR", required=False)
@acting()
def reports(account: str, name: str, superior: str | None, person: Person) -> None:
    found: Account = find(person, "account", account)
    to = _contact(found, superior) if superior else None
    actions.set_superior(by=as_person(person), contact=_contact(found, name), to=to)
    rows([str(one), str(one.reports_to or "–")] for one in queries.contacts_of(found))


@accounts.command("end-contact", help=noop("NAME is no longer at ACCOUNT."))
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="NAME")
@REASON
@acting()
def end_contact(account: str, name: str, reason: str, person: Person) -> None:
    found: Account = find(person, "account", account)
    actions.end_contact(by=as_person(person), contact=_contact(found, name), reason=reason)
    rows([str(one), str(one.reports_to or "–")] for one in queries.contacts_of(found))


@accounts.command(help=noop("The segments that accounts may be in, and how many of those that you may see are."))
@acting()
def segments(person: Person) -> None:
    counts = queries.accounts_by_segment(person)
    rows([one.code, one.zh, one.en, counts.get(one.code, 0)] for one in queries.segments())


@accounts.command("set-segment", help=noop("A segment with this CODE and its names in Chinese and English; by sales operations."))
@click.argument("code", metavar="CODE")
@click.argument("zh", metavar="ZH")
@click.argument("en", metavar="EN")
@acting()
def set_segment(code: str, zh: str, en: str, person: Person) -> None:
    click.echo(str(actions.set_segment(by=as_person(person), code=code, zh=zh, en=en)))


@accounts.command("end-segment", help=noop("The segment with this CODE is chosen no more."))
@click.argument("code", metavar="CODE")
@REASON
@acting()
def end_segment(code: str, reason: str, person: Person) -> None:
    actions.end_segment(by=as_person(person), code=code, reason=reason)
    click.echo(_("The segment {code} is chosen no more.").format(code=code))
