"""Absence by command: `earshot people away`, `back`, `absences`."""

from __future__ import annotations

from datetime import datetime

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.people import DAY, REASON, people
from earshot.cli.root import option
from earshot.cli.who import acting, colleague
from earshot.cli.words import rows
from earshot.kit.problems import Refusal, missing, say
from earshot.people import absences as away
from earshot.people.actors import as_person
from earshot.people.models import Absence, Person


@people.command("absences", help=noop("When PERSON is or was away, and who decides meanwhile."))
@click.argument("whom", metavar="PERSON")
@acting()
def absences_(whom: str, person: Person) -> None:
    somebody = colleague(person, whom)
    if not away.may_enter(person, somebody):
        raise missing()
    rows([row.first, row.last, row.deputy.name, _state(row), row.reason] for row in away.of(somebody)[:100])


def _state(row: Absence) -> str:
    if row.ended_at is not None or row.last < away.today():
        return _("over")
    return _("away") if row.begun_at else _("ahead")


@people.command("away", help=noop("PERSON is away; a deputy decides meanwhile what is asked of him or her."))
@click.argument("whom", metavar="PERSON")
@option("--from", "first", type=DAY, required=True, help=noop("The first day, today at the earliest."))
@option("--to", "last", type=DAY, required=True, help=noop("The last day."))
@option("--deputy", metavar="PERSON", required=True, help=noop("Who decides meanwhile."))
@REASON
@acting()
def away_(whom: str, first: datetime, last: datetime, deputy: str, reason: str, person: Person) -> None:
    somebody, who = colleague(person, whom), colleague(person, deputy)
    row = away.record_absence(by=as_person(person), person=somebody, first=first.date(), last=last.date(), deputy=who, reason=reason)
    sentence = _("{name} is away from {first} to {last}; {deputy} decides meanwhile.")
    click.echo(sentence.format(name=somebody.name, first=row.first, last=row.last, deputy=who.name))


@people.command("back", help=noop("PERSON is back before the last day, or does not go: the absence that runs, else the next one, is over."))
@click.argument("whom", metavar="PERSON")
@acting()
def back_(whom: str, person: Person) -> None:
    somebody = colleague(person, whom)
    row = away.of(somebody).filter(away.live()).order_by("first").first()
    if row is None:
        raise Refusal("absence.none", say(_("{name} is not away."), name=somebody.name), status=409)
    away.end_absence(by=as_person(person), absence=row)
    click.echo(_("{name} is back.").format(name=somebody.name))
