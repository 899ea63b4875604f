"""Decisions outside the team's mandate by command: `earshot deals decisions`, `ask-decision`, `decide`, `withdraw-question`."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.deals import VERSION, deals
from earshot.cli.root import option
from earshot.cli.who import acting, find
from earshot.cli.words import moment, rows
from earshot.clocks.queries import readings
from earshot.deals import actions, escalations
from earshot.people.actors import as_person
from earshot.people.models import Person


@deals.command("decisions", help=noop("Decisions outside the team's mandate that are or were asked on a deal, and of whom."))
@click.argument("deal", metavar="DEAL")
@acting()
def decisions(deal: str, person: Person) -> None:
    found = escalations.of_deal(find(person, "deal", deal))
    clocks = readings(one.pk for _row, asked in found for one in asked)
    lines = []
    for row, asked in found:
        mandate = str(row.mandate) if row.mandate else _("above every mandate")
        for one in asked:
            due = clocks[one.pk].due_at if one.pk in clocks and one.ended_at is None else None
            name = one.person.name if one.person else "–"
            lines.append([moment(one.at), name, mandate, row.outcome or _("open"), moment(due), row.words])
    rows(lines)


@deals.command("ask-decision", help=noop("Ask for the decision that lies outside the team's mandate, before the process does."))
@click.argument("deal", metavar="DEAL")
@option("--reason", default="", help=noop("What whoever decides should know."))
@VERSION
@acting()
def ask_decision(deal: str, reason: str, version: int | None, person: Person) -> None:
    found = find(person, "deal", deal)
    row = actions.ask_for_decision(by=as_person(person), deal=found, version=version or found.version, reason=reason)
    one = escalations.live(row)
    name = one.person.name if one is not None and one.person is not None else "–"
    click.echo(_("The decision is asked of {name}.").format(name=name))


@deals.command(help=noop("Your answer to a decision that is asked of you. It counts at the gate as the vote of the role."))
@click.argument("deal", metavar="DEAL")
@option("--yes/--no", "approves", required=True, help=noop("Approve it, or refuse it."))
@option("--reason", default="", help=noop("Needed where you refuse."))
@VERSION
@acting()
def decide(deal: str, approves: bool, reason: str, version: int | None, person: Person) -> None:
    found = find(person, "deal", deal)
    row = actions.decide(by=as_person(person), deal=found, approves=approves, reason=reason, version=version)
    click.echo(_("Approved.") if row.outcome == row.APPROVED else _("Refused."))


@deals.command("withdraw-question", help=noop("Take back the question that was asked outside the team's mandate."))
@click.argument("deal", metavar="DEAL")
@option("--reason", required=True, help=noop("Why; it stands in the journal."))
@VERSION
@acting()
def withdraw_question(deal: str, reason: str, version: int | None, person: Person) -> None:
    found = find(person, "deal", deal)
    actions.withdraw_escalation(by=as_person(person), deal=found, version=version or found.version, reason=reason)
    click.echo(_("The question is taken back."))
