"""Deals that were one, by command: `earshot deals split`, `parts`."""

from __future__ import annotations

from uuid import UUID

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.calls import queries as calls
from earshot.cli.deals import VERSION, deals
from earshot.cli.root import option
from earshot.cli.who import acting, find
from earshot.cli.words import moment, rows
from earshot.deals import actions, lines, risks, wholes
from earshot.deals.actions.splitting import BOTH, FIRST, PART
from earshot.deals.models import Deal
from earshot.kit.problems import say, wrong
from earshot.people.actors import as_person
from earshot.people.models import Person


@deals.command("split", help=noop("Take a part out of a deal, as a deal of its own."))
@click.argument("deal", metavar="DEAL")
@option("--title", required=True, help=noop("What the customer wants of the part."))
@option("--goal", required=True, help=noop("What is to be achieved, in one sentence."))
@option("--by", "due", required=True, metavar="DATE", help=noop("By which day."))
@option("--amount", default="", help=noop("What the part is worth."))
@option("--kept", default="", help=noop("What remains; otherwise the difference."))
@option("--reason", default="", help=noop("Why, where both come to another sum than before."))
@option(
    "--service",
    "services",
    multiple=True,
    metavar="CODE",
    help=noop("A type of service that goes along; CODE=both: both carry it."),
)
@option("--line", "places", multiple=True, type=int, metavar="N", help=noop("A line that goes with the part, by its place."))
@option("--call", "chosen", multiple=True, metavar="CALL=WHOM", help=noop("Whom an open call serves: first, part or both."))
@option("--risk", "at_risk", multiple=True, metavar="KEY", help=noop("What the part makes good, by its key, as `risks` shows it."))
@VERSION
@acting()
def split(
    deal: str,
    title: str,
    goal: str,
    due: str,
    amount: str,
    kept: str,
    reason: str,
    services: tuple[str, ...],
    places: tuple[int, ...],
    chosen: tuple[str, ...],
    at_risk: tuple[str, ...],
    version: int | None,
    person: Person,
) -> None:
    found: Deal = find(person, "deal", deal)
    part = actions.split_deal(
        by=as_person(person),
        deal=found,
        version=found.version if version is None else version,
        title=title,
        goal=goal,
        due=due,
        amount=amount,
        kept=kept,
        reason=reason,
        services={code: whom or PART for code, _equals, whom in (one.partition("=") for one in services)},
        lines=_lines(found, places),
        calls=_calls(found, chosen),
        risks_going=_risks(found, at_risk),
    )
    click.echo(say(_("{part} was taken out of {deal}."), part=part.number, deal=found.number))


def _lines(deal: Deal, places: tuple[int, ...]) -> list[UUID]:
    there = lines.of(deal.pk)
    for place in places:
        if not 1 <= place <= len(there):
            raise wrong("lines", say(_("{deal} has no line {n}."), deal=deal.number, n=place))
    return [there[place - 1].pk for place in places]


def _risks(deal: Deal, keys: tuple[str, ...]) -> list[UUID]:
    there = list(risks.open_lines(deal.pk))
    if unknown := set(keys) - {line.key for line in there}:
        raise wrong("risks", say(_("Nothing of the key {key} is to be made good on {deal}."), key=min(unknown), deal=deal.number))
    return [line.pk for line in there if line.key in keys]


def _calls(deal: Deal, chosen: tuple[str, ...]) -> dict[UUID, str]:
    known = {read.call.number: read.call.pk for read in calls.read_of_deal(deal)}
    found = {}
    for one in chosen:
        number, _equals, whom = one.partition("=")
        if number not in known or whom not in (FIRST, PART, BOTH):
            raise wrong("calls", say(_("Write the number of an open call and whom it serves, such as C-2026-00001={whom}."), whom=BOTH))
        found[known[number]] = whom
    return found


@deals.command("join", help=noop("Make another open deal of the same customer part of this one; the other is closed."))
@click.argument("deal", metavar="DEAL")
@click.argument("other", metavar="OTHER")
@option("--amount", default="", help=noop("What they are worth together; otherwise the sum."))
@option("--reason", default="", help=noop("Why, where it is another sum."))
@VERSION
@acting()
def join(deal: str, other: str, amount: str, reason: str, version: int | None, person: Person) -> None:
    found, gone = find(person, "deal", deal), find(person, "deal", other)
    actions.join_deals(
        by=as_person(person),
        deal=found,
        version=found.version if version is None else version,
        other=gone,
        other_version=gone.version,
        amount=amount,
        reason=reason,
    )
    click.echo(say(_("{other} is part of {deal} from now on."), other=gone.number, deal=found.number))


@deals.command("parts", help=noop("What a deal was taken out of, and what was taken out of it."))
@click.argument("deal", metavar="DEAL")
@acting()
def parts(deal: str, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    family = wholes.family(person, found)
    links = [*([(_("taken out of"), family.first)] if family.first else []), *((_("part"), one) for one in family.parts)]
    rows([how, one.number, one.deal.title if one.deal else one.unit, moment(one.split.at), one.split.reason] for how, one in links)
    joins = [*((_("joined to it"), one) for one in family.joined), *([(_("joined to"), family.into)] if family.into else [])]
    rows([how, one.number, one.deal.title if one.deal else one.unit, moment(one.join.at), one.join.reason] for how, one in joins)
    judged = wholes.judged_amount(found)
    if others := [one.number for one in wholes.judged_with(found)]:
        total = f"{judged:,.2f} {found.currency}" if judged is not None else "–"
        click.echo(say(_("Judged by {total} together with {numbers}."), total=total, numbers=", ".join(others)))
    for row in wholes.passed_before(found):
        click.echo(say(_("{gate}: passed before the split") if row.passed_id else _("{gate}: not asked before the split"), gate=row.gate))
