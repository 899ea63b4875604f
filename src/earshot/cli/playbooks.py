"""Playbooks: check a pack, put one in force."""

from __future__ import annotations

from pathlib import Path

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, option
from earshot.cli.who import acting
from earshot.clocks.registry import ADDRESSEES
from earshot.people.actors import as_person
from earshot.people.models import Person, Unit
from earshot.playbooks import packs
from earshot.playbooks.actions import adopt_pack

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(cls=Group, help=noop("The company's way of working."))
def playbook() -> None:
    pass


@playbook.command(help=noop("Read the pack in DIR and name what is wrong with it; nothing changes."))
@click.argument("folder", metavar="DIR", type=FOLDER)
def check(folder: Path) -> None:
    pack = packs.read(folder, units=set(Unit.objects.values_list("code", flat=True)), addressees=set(ADDRESSEES))
    click.echo(_("The pack {name} can be put in force.").format(name=pack.name))


@playbook.command(help=noop("Put every part of the pack in DIR in force; running deals keep the process they began under."))
@click.argument("folder", metavar="DIR", type=FOLDER)
@option("--reason", required=True, help=noop("Why; it stands in the journal."))
@acting()
def adopt(folder: Path, reason: str, person: Person) -> None:
    for version in adopt_pack(by=as_person(person), folder=folder, reason=reason):
        click.echo(_("In force: {version}").format(version=version))
