"""Roles that are silent or against, by command: `earshot deals dissents`, `settle`."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.deals import VERSION, deals
from earshot.cli.root import option
from earshot.cli.who import acting, find
from earshot.cli.words import moment, rows
from earshot.clocks.queries import readings
from earshot.deals import actions, dissents
from earshot.people.actors import as_person
from earshot.people.models import Person


@deals.command("dissents", help=noop("Roles of the team that were asked to vote, and who of them is or was against."))
@click.argument("deal", metavar="DEAL")
@acting()
def list_(deal: str, person: Person) -> None:
    found = dissents.of_deal(find(person, "deal", deal))
    clocks = readings(one.pk for one in (*found.asked, *found.open))
    lines = []
    for asked in found.votes:
        due = clocks[asked.pk].due_at if asked.pk in clocks else None
        state = asked.ended or (_("silent") if asked.silent_at else _("open"))
        lines.append([moment(asked.at), asked.role.code, "–", state, moment(due), ""])
    for row in found.dissents:
        due = clocks[row.pk].due_at if row.pk in clocks else None
        words = row.words or row.vote.reason
        lines.append([moment(row.at), row.role.code, row.vote.person.name, row.outcome or _("against"), moment(due), words])
    rows(lines)


@deals.command(help=noop("Settle, as a head above both, what somebody of the team is against."))
@click.argument("deal", metavar="DEAL")
@click.argument("role", metavar="ROLE")
@option("--goes-on/--stands", "goes_on", required=True, help=noop("The deal goes on all the same, or not until the vote is another."))
@option("--words", required=True, help=noop("Why; it stands in the journal."))
@VERSION
@acting()
def settle(deal: str, role: str, goes_on: bool, words: str, version: int | None, person: Person) -> None:
    found = find(person, "deal", deal)
    row = dissents.open_of(found, role)
    actions.settle_dissent(by=as_person(person), deal=found, dissent=row, goes_on=goes_on, words=words, version=version)
    click.echo(_("Settled: it goes on.") if goes_on else _("Settled: it stands."))
