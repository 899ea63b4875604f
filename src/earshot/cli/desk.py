"""*My day*, on a terminal."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Worded
from earshot.cli.who import acting
from earshot.cli.words import due, rows
from earshot.desk.queries import my_day
from earshot.desk.rules import AMBER, GREY, RED
from earshot.people.models import Person


@click.command(cls=Worded, help=noop("What waits for you, the most pressing first."))
@acting()
def day(person: Person) -> None:
    colours = {RED: _("red"), AMBER: _("amber"), GREY: _("grey")}
    rows([colours[line.colour], due(line.clock, line.due_at), line.scope.label, line.sentence] for line in my_day(person))
