"""Drafts of the playbook edited as tables: a cell, a row. The same edits as on the page, by the same verbs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.revisions import found_revision, tell_revision
from earshot.cli.root import Worded, option
from earshot.cli.who import acting
from earshot.kit.problems import wrong
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks import actions, editing
from earshot.playbooks.models import PARTS
from earshot.playbooks.tables import ABSENT

command = partial(click.command, cls=Worded)
PART = click.Choice(PARTS)


@command("set", help=noop("Write VALUE into the cell at PLACE (levels/hear/minutes) of PART in revision NUMBER; without it, take it away."))
@click.argument("number")
@click.argument("part", type=PART)
@click.argument("place")
@click.argument("value", required=False)
@acting()
def set_(number: str, part: str, place: str, value: str | None, person: Person) -> None:
    one = found_revision(person, number)
    form = editing.cell_form(part, place)
    typed = ABSENT if value is None else editing.as_typed(form, value, place)
    actions.set_cells(by=as_person(person), revision=one, part=part, cells={place: typed})
    tell_revision(one)


@command("add-row", help=noop("Add a row to TABLE (hearers, levels/hear/ladder) of PART in revision NUMBER, of cells NAME=VALUE."))
@click.argument("number")
@click.argument("part", type=PART)
@click.argument("table")
@click.argument("cells", nargs=-1, required=True, metavar="NAME=VALUE…")
@option("--after", help=noop("Code or number of the row that it follows; left away: at the end; empty: at the beginning."))
@acting()
def add_row(number: str, part: str, table: str, cells: Sequence[str], after: str | None, person: Person) -> None:
    one = found_revision(person, number)
    values: dict[str, Any] = {}
    for cell in cells:
        name, equals, value = cell.partition("=")
        if not equals:
            raise wrong("cells", _("Write each cell as NAME=VALUE."))
        values[name] = editing.as_typed(editing.cell_form(part, f"{table}/0/{name}"), value, name)
    actions.add_row(by=as_person(person), revision=one, part=part, table=table, values=values, after=after)
    tell_revision(one)


@command("remove-row", help=noop("Take the row with CODE, or with that number, out of TABLE of PART in revision NUMBER."))
@click.argument("number")
@click.argument("part", type=PART)
@click.argument("table")
@click.argument("code")
@acting()
def remove_row(number: str, part: str, table: str, code: str, person: Person) -> None:
    one = found_revision(person, number)
    actions.remove_row(by=as_person(person), revision=one, part=part, table=table, code=code)
    tell_revision(one)


@command("move-row", help=noop("Put the row with CODE, or with that number, into another place of TABLE of PART in revision NUMBER."))
@click.argument("number")
@click.argument("part", type=PART)
@click.argument("table")
@click.argument("code")
@option("--after", help=noop("Code or number of the row that it follows; left away: at the end; empty: at the beginning."))
@acting()
def move_row(number: str, part: str, table: str, code: str, after: str | None, person: Person) -> None:
    one = found_revision(person, number)
    actions.move_row(by=as_person(person), revision=one, part=part, table=table, code=code, after=after)
    tell_revision(one)


COMMANDS = [set_, add_row, remove_row, move_row]
