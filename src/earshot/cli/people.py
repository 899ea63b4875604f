"""Logins and tokens."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, option
from earshot.cli.who import acting, colleague
from earshot.journal.actors import process
from earshot.people.actions import give_login, make_token
from earshot.people.actors import as_person
from earshot.people.models import Person


@click.group(cls=Group, help=noop("Ways to sign in."))
def login() -> None:
    pass


@login.command(help=noop("Give PERSON a way to sign in, and print the first password, once. Without --as it is the machine's own act."))
@click.argument("whom", metavar="PERSON")
@option("--username", default="", help=noop("Otherwise the e-mail, or the name."))
@acting(required=False)
def give(whom: str, username: str, person: Person | None) -> None:
    by = as_person(person) if person else process("cli/login give")
    somebody = colleague(person, whom)
    made, password = give_login(by=by, person=somebody, username=username)
    unit = somebody.unit.name if somebody.unit else "–"
    click.echo(_("{name} ({unit}) signs in as:").format(name=somebody.name, unit=unit))
    click.echo("  " + _("user name: {username}").format(username=made.username))
    click.echo("  " + _("password: {password}").format(password=password))
    click.echo(_("The password is shown this once and kept nowhere."))


@click.group(cls=Group, help=noop("Keys for the API."))
def token() -> None:
    pass


@token.command(help=noop("Make a key that acts in your name, and print it, once."))
@option("--name", required=True, help=noop("What it is for."))
@acting()
def make(name: str, person: Person) -> None:
    made, key = make_token(by=as_person(person), person=person, name=name)
    click.echo(_("The key of “{name}”, shown this once and kept nowhere:").format(name=made.name))
    click.echo(key)
