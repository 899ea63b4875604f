"""Seats of teams: ask, answer, give back."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, option
from earshot.cli.who import acting, colleague, find
from earshot.cli.words import rows
from earshot.deals.models import Deal
from earshot.kit.problems import Refusal, say
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.teams import actions, queries
from earshot.teams.models import Membership
from earshot.teams.queries import SeatRead


@click.group(cls=Group, help=noop("Seats of the teams of deals."))
def seats() -> None:
    pass


ROLE = option("--role", default="", help=noop("Code of the seat's role; not needed for your own seat."))
REASON = option("--reason", required=True, help=noop("Why; it stands in the journal."))


def _seat(person: Person, deal: Deal, role: str) -> SeatRead:
    """The seat of this role, or the one that the person is asked to take or sits in."""
    found = [
        row
        for row in queries.seats(deal.team_id)
        if (row.seat.role == role if role else row.membership is not None and row.membership.person_id == person.pk)
    ]
    if len(found) != 1:
        sentence = gettext_lazy("The team of {deal} has {n} seats that this could mean. Name one by the code of its role: --role")
        raise Refusal("seat.unclear", say(sentence, deal=deal.number, n=len(found)))
    return found[0]


def _membership(person: Person, deal: Deal, role: str) -> Membership:
    row = _seat(person, deal, role)
    if row.membership is None:
        raise Refusal("seat.empty", say(gettext_lazy("Nobody sits in the seat {role}, and nobody is asked to."), role=row.role))
    return row.membership


@seats.command("list", help=noop("The seats of a deal's team, and who sits there."))
@click.argument("deal", metavar="DEAL")
@acting()
def list_(deal: str, person: Person) -> None:
    rows(
        [
            row.seat.role,
            row.role,
            row.membership.person if row.membership else _("empty chair"),
            _("leads") if row.seat.leader else "",
            "" if row.accepted or not row.membership else _("(asked, has not accepted)"),
        ]
        for row in queries.seats(find(person, "deal", deal).team_id)
    )


@seats.command(help=noop("Ask PERSON to take a seat. It counts once accepted."))
@click.argument("deal", metavar="DEAL")
@click.argument("whom", metavar="PERSON")
@option("--role", required=True, help=noop("Code of the seat's role."))
@acting()
def ask(deal: str, whom: str, role: str, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    asked = actions.nominate(by=as_person(person), seat=_seat(person, found, role).seat, person=colleague(person, whom))
    click.echo(_("{name} is asked to take the seat.").format(name=asked.person.name))


@seats.command(help=noop("Take the seat that you are asked to take."))
@click.argument("deal", metavar="DEAL")
@ROLE
@acting()
def accept(deal: str, role: str, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    actions.accept_seat(by=as_person(person), membership=_membership(person, found, role))
    click.echo(_("{name} sits on the team of {deal} now.").format(name=person.name, deal=found))


@seats.command(help=noop("Do not take the seat that you are asked to take."))
@click.argument("deal", metavar="DEAL")
@ROLE
@REASON
@acting()
def decline(deal: str, role: str, reason: str, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    actions.decline_seat(by=as_person(person), membership=_membership(person, found, role), reason=reason)
    click.echo(_("Declined. The seat is an empty chair again."))


@seats.command(help=noop("Give back the seat that you accepted, or free one as its team's leader, the deal's owner or a head."))
@click.argument("deal", metavar="DEAL")
@ROLE
@REASON
@option("--to", default="", metavar="PERSON", help=noop("Who is asked to take it next, in the same act."))
@acting()
def release(deal: str, role: str, reason: str, to: str, person: Person) -> None:
    found: Deal = find(person, "deal", deal)
    successor = colleague(person, to) if to else None
    asked = actions.release_seat(by=as_person(person), membership=_membership(person, found, role), reason=reason, to=successor)
    click.echo(_("{name} is asked to take the seat.").format(name=asked.person.name) if asked else _("The seat is an empty chair."))
