"""Messages: what waits, what was said, write, acknowledge."""

from __future__ import annotations

from typing import Any

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, option
from earshot.cli.who import acting, colleague, find
from earshot.cli.words import due, moment, rows
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks.models import ANSWER, ASKS, DIRECTIVE
from earshot.talk import rules
from earshot.talk.actions import messages as actions
from earshot.talk.queries import messages as queries

KINDS = ["deal", "item", "meeting", "call", "account", "team"]
MOST = 50
STATES = {  # of one who is asked, by what is asked
    ANSWER: {
        rules.SENT: gettext_lazy("not answered yet"),
        rules.ACKNOWLEDGED: gettext_lazy("answered"),
        rules.OVERDUE: gettext_lazy("not answered in time"),
        rules.ESCALATED: gettext_lazy("not answered in time, escalated"),
        rules.RELEASED: gettext_lazy("no longer asked"),
    },
    DIRECTIVE: {
        rules.SENT: gettext_lazy("not confirmed yet"),
        rules.ACKNOWLEDGED: gettext_lazy("confirmed"),
        rules.OVERDUE: gettext_lazy("not confirmed in time"),
        rules.ESCALATED: gettext_lazy("not confirmed in time, escalated"),
        rules.RELEASED: gettext_lazy("no longer asked"),
    },
}


@click.group(cls=Group, help=noop("Messages on anything, and to a team's one address."))
def talk() -> None:
    pass


ABOUT = option("--on", "kind", type=click.Choice(KINDS), default="deal", show_default=True, help=noop("What it is about."))


@talk.command("list", help=noop("What was written to you and by you, the newest first."))
@option("--waiting", is_flag=True, help=noop("Only what waits for your own answer or confirmation."))
@option("--owed", is_flag=True, help=noop("Only what you asked and somebody has not answered or confirmed yet."))
@acting()
def list_(waiting: bool, owed: bool, person: Person) -> None:
    found = queries.reached(person)
    if owed:
        found = found.filter(pk__in=queries.owed_to(person).order_by().values("pk"))
    if waiting:
        found = found.filter(pk__in=queries.waiting_for(person).order_by().values("message"))
    _show(queries.read(person, found[:MOST]), person)


@talk.command(help=noop("What was written on OBJECT, the newest first; of a team, what reached you."))
@click.argument("object_", metavar="OBJECT")
@ABOUT
@acting()
def show(object_: str, kind: str, person: Person) -> None:
    _show(queries.read(person, queries.on(person, find(person, kind, object_))[:MOST]), person)


@talk.command(help=noop("Write TEXT on OBJECT, or to a team."))
@click.argument("object_", metavar="OBJECT")
@click.argument("text", metavar="TEXT")
@ABOUT
@option("--to", "names", metavar="PERSON", multiple=True, help=noop("To whom; several times for several people."))
@option("--to-team", is_flag=True, help=noop("To all members of the team as of now."))
@option("--asks", type=click.Choice(ASKS), default=None, help=noop("What is asked of each of them."))
@option("--replies-to", metavar="MESSAGE", default="", help=noop("Id of the message that this answers."))
@acting()
def write(
    object_: str, text: str, kind: str, names: tuple[str, ...], to_team: bool, asks: str | None, replies_to: str, person: Person
) -> None:
    message = actions.post_message(
        by=as_person(person),
        about=find(person, kind, object_),
        text=text,
        asks=asks or "",
        to=[colleague(person, name) for name in names],
        to_team=to_team,
        replies_to=find(person, "message", replies_to) if replies_to else None,
    )
    reached = ", ".join(one.person.name for one in queries.read(person, type(message).objects.filter(pk=message.pk))[0].recipients)
    click.echo(_("Written ({id}) to: {names}").format(id=message.pk, names=reached or _("whoever sees it")))


@talk.command(help=noop("Answer or confirm MESSAGE, as one of those whom it asks."))
@click.argument("message", metavar="MESSAGE")
@option("--text", default="", help=noop("In words: where an answer is asked for, and wherever there is something to say."))
@acting()
def acknowledge(message: str, text: str, person: Person) -> None:
    actions.acknowledge(by=as_person(person), messages=[find(person, "message", message)], text=text)
    click.echo(_("It is recorded as your own act."))


@talk.command(help=noop("Ask no more what your own MESSAGE asks."))
@click.argument("message", metavar="MESSAGE")
@acting()
def withdraw(message: str, person: Person) -> None:
    n = actions.withdraw(by=as_person(person), message=find(person, "message", message))
    click.echo(_("Asked no more: {n}").format(n=n))


def _show(reads: list[Any], person: Person) -> None:
    for one in reads:
        message = one.message
        to = _("the whole team") if message.to_team else ", ".join(each.person.name for each in one.recipients)
        about = [moment(message.posted_at), message.author.name + (f" → {to}" if to else ""), str(message.pk)]
        click.echo("  ·  ".join(about))
        for line in message.text.splitlines():
            click.echo(f"  {line}")
        if message.asks:
            rows(
                [f"  {each.person.name}", STATES[message.asks][each.state], due(each.clock, each.clock.due_at if each.clock else None)]
                for each in one.recipients
            )
        click.echo()
    if not reads:
        click.echo(_("Nothing."))
