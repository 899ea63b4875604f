"""What the customer said: read it, take note of it."""

from __future__ import annotations

from typing import Any

import click
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, option
from earshot.cli.who import acting, find
from earshot.cli.words import moment
from earshot.kit.problems import missing
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.voice import queries
from earshot.voice.actions import take_note
from earshot.voice.models import Item


@click.group(cls=Group, help=noop("What the customer said."))
def items() -> None:
    pass


DEAL = option(
    "--deal", default="", metavar="NUMBER", help=noop("All statements of this deal that you may see, instead of those that wait for you.")
)


@items.command("list", help=noop("What waits for you to be heard."))
@DEAL
@acting()
def list_(deal: str, person: Person) -> None:
    _show(_wanted(person, (), deal), person)


@items.command(
    help=noop("Read the statements and take note of all of them, in one act: those named, those of a deal, or those that wait for you.")
)
@click.argument("ids", metavar="[ITEM]...", nargs=-1)
@DEAL
@acting()
def note(ids: tuple[str, ...], deal: str, person: Person) -> None:
    wanted = _wanted(person, ids, deal)
    shown = _show(wanted, person)
    if shown:
        fresh = take_note(by=as_person(person), items=shown)
        click.echo(_("{name} has taken note of {n} statements, {fresh} of them new.").format(name=person.name, n=len(shown), fresh=fresh))


def _wanted(person: Person, ids: tuple[str, ...], deal: str) -> QuerySet[Item]:
    seen = queries.visible_to(person)
    if ids:
        return seen.filter(pk__in=[find(person, "item", words).pk for words in ids])
    if deal:
        of_deal = seen.filter(deal__number=deal.strip().upper())
        if not of_deal.exists():
            raise missing()
        return of_deal
    return seen.filter(pk__in=queries.ears_waiting_for(person).values("item"))


def _show(wanted: QuerySet[Item], person: Person) -> list[Any]:
    read = queries.read(wanted.distinct().order_by("recorded_at", "position", "pk"))
    for one in read:
        about = [str(one.item.deal), one.category_name or "–", *([_("critical")] if one.critical else []), str(one.item.pk)]
        click.echo("  ·  ".join(about))
        click.echo(f"  “{one.item.words}”")
        said = _("said by {speaker}, {at}; recorded by {author}")
        click.echo("  " + said.format(speaker=one.speaker or "–", at=moment(one.said_at), author=one.author))
        for ear in one.ears:
            heard = _("heard {at}").format(at=moment(ear.heard_at)) if ear.heard_at else _("has not heard")
            click.echo(f"  {ear.role}: {ear.person or '–'}, {heard}")
        click.echo()
    if not read:
        click.echo(_("Nothing."))
    return [one.item for one in read]
