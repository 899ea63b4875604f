"""People at the customers: look, add, another post, merge. Who is who is said by ACCOUNT and name, with the title where two share it."""

from __future__ import annotations

from datetime import datetime

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.accounts import actions, persons, queries
from earshot.accounts.models import Account, Contact
from earshot.cli.accounts import DAY, REASON
from earshot.cli.root import Group, option
from earshot.cli.who import acting, find
from earshot.cli.words import moment, rows
from earshot.kit.problems import Line, Refusal, missing, say
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.voice import queries as voice


@click.group(cls=Group, help=noop("The people at the customers."))
def contacts() -> None:
    pass


def contact_of(account: Account, words: str) -> Contact:
    """The one at this customer whom the words name, as `name` or `name (title)`, as recorded or as called now."""
    there = list(queries.contacts_of(account))
    found = [one for one in there if words in (one.name, one.called, str(one), str(one.pk))]
    if len(found) > 1:
        lines = [Line("contact.candidate", f"{one}: {one.pk}") for one in found]
        raise Refusal("contact.ambiguous", say(_("Several people there are called “{words}”. Name one by id:"), words=words), lines=lines)
    if not found:
        raise missing()
    return found[0]


@contacts.command(help=noop("Somebody at ACCOUNT: every post that you may see, and who of us met them."))
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="NAME")
@acting()
def show(account: str, name: str, person: Person) -> None:
    _tell(person, contact_of(find(person, "account", account), name))


def _tell(person: Person, contact: Contact) -> None:
    main = contact.stands_for
    click.echo(contact.called)
    seen = persons.records_of(main).filter(account__in=queries.visible_to(person).values("pk"))
    rows(
        [
            one.account.name,
            str(one),
            _("since {day}").format(day=one.since or "–"),
            _("reports to {name}").format(name=one.reports_to.called if one.reports_to else "–"),
            _("merged") if one.merged_at else _("left {day}").format(day=moment(one.left_at)) if one.left_at else "",
        ]
        for one in seen
    )
    rows([one.name, one.times, moment(one.last)] for one in voice.met(person, [main]).get(main, []))


@contacts.command(help=noop("Somebody of this NAME is at ACCOUNT."))
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="NAME")
@option("--title", default="", help=noop("The post there."))
@option("--since", type=DAY, help=noop("The first day in that post."))
@acting()
def add(account: str, name: str, title: str, since: datetime | None, person: Person) -> None:
    first = since.date() if since else None
    click.echo(
        str(actions.add_contact(by=as_person(person), account=find(person, "account", account), name=name, title=title, since=first))
    )


@contacts.command(help=noop("NAME, who is at ACCOUNT, is also at OTHER."))
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="NAME")
@click.argument("other", metavar="OTHER")
@option("--title", default="", help=noop("The post there."))
@option("--since", type=DAY, help=noop("The first day in that post."))
@acting()
def also(account: str, name: str, other: str, title: str, since: datetime | None, person: Person) -> None:
    contact, first = contact_of(find(person, "account", account), name), since.date() if since else None
    persons.add_post(by=as_person(person), contact=contact, account=find(person, "account", other), title=title, since=first)
    _tell(person, contact)


@contacts.command(help=noop("GONE at OTHER is the same person as NAME at ACCOUNT, who stays. It cannot be undone."))
@click.argument("account", metavar="ACCOUNT")
@click.argument("name", metavar="NAME")
@click.argument("other", metavar="OTHER")
@click.argument("gone", metavar="GONE")
@REASON
@option("--sure", is_flag=True, help=noop("It is one person; it cannot be undone."))
@acting()
def merge(account: str, name: str, other: str, gone: str, reason: str, sure: bool, person: Person) -> None:
    stays = contact_of(find(person, "account", account), name)
    goes = contact_of(find(person, "account", other), gone)
    persons.merge_contacts(by=as_person(person), gone=goes, into=stays, reason=reason, sure=sure)
    stays.refresh_from_db()
    _tell(person, stays)
