"""What deals wait for, by command: `earshot deals time`, `wait-for`, `take-over`, `there`, `waiting`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli import dissents, escalations, giving_up, splits  # noqa: F401 - their commands stand in the same group
from earshot.cli.deals import VERSION, deals
from earshot.cli.people import unit_with_code
from earshot.cli.root import option
from earshot.cli.who import acting, colleague, find
from earshot.cli.words import length, moment, rows
from earshot.deals import actions, waits
from earshot.deals.wait_tables import BLOCK
from earshot.desk import times
from earshot.kit.problems import missing
from earshot.people.actors import as_person
from earshot.people.models import Person

DAY = click.DateTime(["%Y-%m-%d"])


@deals.command("time", help=noop("Where the time of a deal went: in which stage, what of it was waiting, for whom."))
@click.argument("deal", metavar="DEAL")
@acting()
def time_(deal: str, person: Person) -> None:
    found = times.of_deal(find(person, "deal", deal))
    rows([str(one.stage), moment(one.since), length(one.minutes), length(one.waited)] for one in found.spent)
    for one in found.waits:
        on = one.on.name if one.on is not None else str(one.role)
        key = str(one.row.pk) if one.row is not None else "–"
        click.echo(f"{key}  {one.waiting.name} → {on}  {length(one.minutes)}  {one.why}")


@deals.command("wait-for", help=noop("Say that the work on a deal waits for a unit, and why."))
@click.argument("deal", metavar="DEAL")
@click.argument("unit", metavar="UNIT")
@option("--person", "whom", default="", metavar="PERSON", help=noop("Who there has it, if you know."))
@option("--reason", required=True, help=noop("What is waited for; whoever has it reads this."))
@VERSION
@acting()
def wait_for(deal: str, unit: str, whom: str, reason: str, version: int | None, person: Person) -> None:
    found = find(person, "deal", deal)
    actions.wait_for(
        by=as_person(person),
        deal=found,
        version=found.version if version is None else version,
        unit=unit_with_code(unit),
        person=colleague(person, whom) if whom else None,
        reason=reason,
    )
    click.echo(_("It is on record, and counted from now on."))


@deals.command("take-over", help=noop("Take a deal over, as one who answers for the step that has begun."))
@click.argument("deal", metavar="DEAL")
@acting()
def take_over(deal: str, person: Person) -> None:
    actions.take_over(by=as_person(person), deal=find(person, "deal", deal))
    click.echo(_("You have taken the deal over."))


@deals.command("there", help=noop("What a deal waited for is there: WAIT is its id, as `time` shows it."))
@click.argument("wait", metavar="WAIT", type=click.UUID)
@option("--words", required=True, help=noop("What is there, and where."))
@acting()
def there(wait: UUID, words: str, person: Person) -> None:
    row = waits.visible_to(person).filter(pk=wait, kind=BLOCK).first()
    if row is None:
        raise missing()
    actions.end_wait(by=as_person(person), wait=row, words=words)
    click.echo(_("It is on record that it is there."))


@deals.command("waiting", help=noop("Who waits for whom, across the deals that you may see, in working time."))
@option("--since", type=DAY, help=noop("The first day; ninety days before the last where none is named."))
@option("--until", type=DAY, help=noop("The last day; today where none is named."))
@acting()
def waiting(since: datetime | None, until: datetime | None, person: Person) -> None:
    found = times.across(person, *times.period(since.date() if since else None, until.date() if until else None))
    rows([one.on.name if one.on else "–", one.waiting.name, str(one.n), length(one.minutes), str(one.open_now)] for one in found.blocked)
    rows([f"{one.former} → {one.role}", str(one.n), length(one.median), length(one.minutes)] for one in found.handed_over)
    rows([one.stage, str(one.n), length(one.median)] for one in found.stages)
