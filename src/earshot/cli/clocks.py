"""Moving the test clock."""

from __future__ import annotations

from datetime import datetime

import click
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group
from earshot.cli.who import acting
from earshot.cli.words import moment
from earshot.clocks.test_clock import advance, permit, set_time
from earshot.kit import now
from earshot.people.actors import as_person
from earshot.people.models import Person


@click.group(cls=Group, help=noop("The test clock: what “now” is for the whole installation."))
def clock() -> None:
    pass


@clock.command(help=noop("What time it is."))
@acting()
def show(person: Person) -> None:
    permit(as_person(person))
    click.echo(moment(now()))


@clock.command("set", help=noop("Move “now” to a day and a time in the company's time zone; time goes on from there."))
@click.argument("to", type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"]), metavar="'YYYY-MM-DD HH:MM'")
@acting()
def set_(to: datetime, person: Person) -> None:
    click.echo(_("It is {moment} now.").format(moment=moment(set_time(by=as_person(person), to=make_aware(to)))))


@clock.command("advance", help=noop("Move “now” forward by so many minutes."))
@click.argument("minutes", type=click.IntRange(1))
@acting()
def advance_(minutes: int, person: Person) -> None:
    click.echo(_("It is {moment} now.").format(moment=moment(advance(by=as_person(person), minutes=minutes))))
