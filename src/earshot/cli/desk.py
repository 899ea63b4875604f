"""*My day* and its alarms, on a terminal."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, Worded, option
from earshot.cli.who import acting
from earshot.cli.words import moment, rows
from earshot.clocks import actions
from earshot.clocks.models import Alarm
from earshot.desk.queries import DayLine, my_day
from earshot.desk.rules import AMBER, GREY, RED
from earshot.kit.problems import missing
from earshot.people.actors import as_person
from earshot.people.models import Person


@click.command(cls=Worded, help=noop("What waits for you, the most pressing first."))
@acting()
def day(person: Person) -> None:
    colours = {RED: _("red"), AMBER: _("amber"), GREY: _("grey")}
    rows([colours[line.colour], moment(line.due_at), line.scope.label, line.sentence] for line in my_day(person))


@click.group(cls=Group, help=noop("What the ladders have told you of duties of others."))
def alarms() -> None:
    pass


@alarms.command("list", help=noop("The alarms that wait for you."))
@acting()
def list_(person: Person) -> None:
    rows([str(line.ids[0]), moment(line.due_at), line.scope.label, line.sentence] for line in _waiting(person))


@alarms.command("see-to", help=noop("Say that you see to it; the next step of the ladder brings the alarm back."))
@click.argument("ids", metavar="ALARM...", nargs=-1, required=True)
@option("--note", default="", help=noop("What you do about it."))
@acting()
def see_to(ids: tuple[str, ...], note: str, person: Person) -> None:
    meant = [line for line in _waiting(person) if str(line.ids[0]) in ids]
    if len(meant) != len(set(ids)):
        raise missing()
    actions.see_to(by=as_person(person), alarms=Alarm.objects.filter(pk__in=[pk for line in meant for pk in line.ids]), note=note)
    click.echo(_("It stands in the record that you see to it."))


def _waiting(person: Person) -> list[DayLine]:
    return [line for line in my_day(person) if line.act == "see_to"]
