"""Leads: record, list, look, and take them on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, option
from earshot.cli.who import acting, colleague, find
from earshot.cli.words import by_day, moment, rows
from earshot.deals import actions
from earshot.deals import leads as known
from earshot.deals.lead_tables import RESULTS, Lead
from earshot.people.actors import as_person
from earshot.people.models import Person

DAY = click.DateTime(["%Y-%m-%d"])
REASON = option("--reason", required=True, help=noop("Why; it stands in the journal."))
VERSION = option("--version", type=int, help=noop("The version that you looked at; otherwise the present one."))
NEW_CUSTOMER = option(
    "--customer", default="", help=noop("Open an account of this name in the same act; who answers for the lead owns it.")
)
SECTOR = option("--sector", default="", help=noop("The sector of that account."))
ANOTHER_CUSTOMER = option("--another-customer", is_flag=True, help=noop("It is another customer than those whose names are alike."))
SINCE = option("--since", default="", help=noop("Recorded from this day on."))
UNTIL = option("--until", default="", help=noop("Recorded until this day."))


@click.group(cls=Group, help=noop("What somebody heard that may become a deal."))
def leads() -> None:
    pass


def _told(lead: Lead) -> None:
    stands: Any = known.as_it_stands(lead.pk)
    click.echo(_("{lead}: {state}, answered for by {name}").format(lead=stands.number, state=stands.state, name=stands.owner.name))


def _version(lead: Lead, version: int | None) -> int:
    return lead.version if version is None else version


@leads.command("list", help=noop("The leads that you may see, the newest first."))
@click.argument("words", required=False, default="")
@option("--state", type=click.Choice(known.STATES_ASKED), default="open", show_default=True, help=noop("Only those in this state."))
@option("--rating", default="", help=noop("Only those rated so, by its code; “-”: not rated."))
@option("--owner", default="", metavar="PERSON", help=noop("Only those that this person answers for."))
@option("--older", default="", help=noop("Only those recorded at least so many days ago."))
@option("--source", default="", help=noop("Only those from the source with this code."))
@option("--origin", default="", help=noop("Only those recorded in the role with this code; “-”: in none."))
@SINCE
@UNTIL
@option("--most", type=click.IntRange(1, 1000), default=50, show_default=True, help=noop("How many at most."))
@acting()
def list_(words: str, owner: str, most: int, person: Person, **asked: str) -> None:
    given = asked | {"q": words, "owner": str(colleague(person, owner).pk) if owner else ""}
    wanted = known.read_filter(given, person)
    found: Any = known.with_names(known.filtered(person, known.visible_to(person), wanted)).order_by("-recorded_at", "-pk")[:most]
    rows([one.number, one.rating or "–", one.state, one.owner.name, by_day(one.step_due), str(one.said)] for one in found)


@leads.command(help=noop("A lead: the words, who answers for it, what is known, what is done next."))
@click.argument("lead", metavar="LEAD")
@acting()
def show(lead: str, person: Person) -> None:
    found: Any = find(person, "lead", lead)
    said, seen = found.said, known.accounts_seen(person, [found])
    click.echo(said.words)
    lines = [
        (_("number"), found.number),
        (_("said by"), " ".join(filter(None, [said.speaker_name, said.speaker_title])) or "–"),
        (_("when"), moment(said.said_at)),
        (_("customer"), str(seen[found.account_id]) if found.account_id in seen else said.customer or "–"),
        (_("source"), str(known.sources().get(found.source, found.source))),
        (_("brought in, naming") if found.outside_id else _("recorded by"), f"{found.reporter.name} {found.origin}"),
        (_("answers for it"), found.owner.name),
        (_("state"), found.state),
        (_("rating"), str(known.ratings().get(found.rating, found.rating)) or "–"),
        (_("next step"), f"{found.step_what}, {by_day(found.step_due)}" if found.step_due else "–"),
        (_("deal"), found.deal.number if found.deal else "–"),
        (_("version"), str(found.version)),
    ]
    lines += [
        (_("found"), f"{one.result} {one.found} ({one.person.name})") for one in found.findings.select_related("person").order_by("at")
    ]
    lines += [(_("correction"), f"{one.text} ({one.person.name})") for one in found.corrections.select_related("person").order_by("at")]
    rows(lines)


@leads.command(help=noop("Record a lead, in the customer's own WORDS."))
@click.argument("words", metavar="WORDS")
@option("--source", default="", help=noop("Code of where it comes from."))
@option("--account", default="", metavar="ACCOUNT", help=noop("The customer, where it is known."))
@option("--customer", default="", help=noop("What the customer is called, where it is not."))
@option("--speaker", default="", help=noop("Who said it."))
@option("--title", "speaker_title", default="", help=noop("What that person is there."))
@option("--said", type=click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%d"]), help=noop("When it was said."))
@option("--told", is_flag=True, help=noop("You did not hear it yourself."))
@option("--category", default="", help=noop("Code of what it is about."))
@option("--role", default="", help=noop("Code of which of your roles you heard it in."))
@acting()
def record(words: str, account: str, said: datetime | None, told: bool, person: Person, **given: Any) -> None:
    lead = actions.record_lead(
        by=as_person(person),
        words=words,
        account=find(person, "account", account) if account else None,
        said_at=make_aware(said) if said else None,
        heard=not told,
        **given,
    )
    _told(lead)
    found, units = known.alike(person, lead.said.customer) if lead.account_id is None else ([], [])
    for one in found:
        click.echo(_("Is it {name} ({number})?").format(name=one.name, number=one.number))
    for unit in units:
        click.echo(_("A customer of such a name exists; ask the desk of {unit}.").format(unit=unit))


@leads.command(help=noop("You answer for LEAD from now on, and see to it."))
@click.argument("lead", metavar="LEAD")
@acting()
def take(lead: str, person: Person) -> None:
    _told(actions.take_up_lead(by=as_person(person), lead=find(person, "lead", lead)))


@leads.command(help=noop("PERSON answers for LEAD from now on."))
@click.argument("lead", metavar="LEAD")
@click.argument("to", metavar="PERSON")
@REASON
@acting()
def hand(lead: str, to: str, reason: str, person: Person) -> None:
    somebody = colleague(person, to)
    _told(actions.hand_lead(by=as_person(person), lead=find(person, "lead", lead), to=somebody, reason=reason))


@leads.command(help=noop("Put a correction beside the words of LEAD."))
@click.argument("lead", metavar="LEAD")
@click.argument("text", metavar="TEXT")
@acting()
def correct(lead: str, text: str, person: Person) -> None:
    click.echo(actions.correct_lead(by=as_person(person), lead=find(person, "lead", lead), correction=text).text)


@leads.command(help=noop("The customer of LEAD is ACCOUNT, or one that is opened in the same act."))
@click.argument("lead", metavar="LEAD")
@click.argument("account", metavar="[ACCOUNT]", default="")
@NEW_CUSTOMER
@SECTOR
@ANOTHER_CUSTOMER
@VERSION
@acting()
def customer(lead: str, account: str, version: int | None, person: Person, **given: Any) -> None:
    found = find(person, "lead", lead)
    named = find(person, "account", account) if account else None
    _told(actions.set_lead_account(by=as_person(person), lead=found, account=named, version=_version(found, version), **given))


@leads.command(help=noop("Rate LEAD with the RATING of this code."))
@click.argument("lead", metavar="LEAD")
@click.argument("rating", metavar="RATING")
@option("--reason", default="", help=noop("Why."))
@VERSION
@acting()
def rate(lead: str, rating: str, reason: str, version: int | None, person: Person) -> None:
    found = find(person, "lead", lead)
    rated = actions.rate_lead(by=as_person(person), lead=found, rating=rating, reason=reason, version=_version(found, version))
    click.echo(f"{rated.number} {known.ratings()[rated.rating]}")


@leads.command(help=noop("You verified LEAD and FOUND this."))
@click.argument("lead", metavar="LEAD")
@click.argument("found", metavar="FOUND")
@option("--result", type=click.Choice(RESULTS), required=True, help=noop("Whether it holds."))
@acting()
def verify(lead: str, found: str, result: str, person: Person) -> None:
    made = actions.verify_lead(by=as_person(person), lead=find(person, "lead", lead), found=found, result=result)
    click.echo(f"{made.result} {made.found}")


@leads.command(help=noop("What is done next on LEAD."))
@click.argument("lead", metavar="LEAD")
@click.argument("what", metavar="WHAT")
@option("--by", "due", type=DAY, required=True, help=noop("By which day."))
@VERSION
@acting()
def step(lead: str, what: str, due: datetime, version: int | None, person: Person) -> None:
    found = find(person, "lead", lead)
    made = actions.set_lead_step(by=as_person(person), lead=found, what=what, due=due.date(), version=_version(found, version))
    click.echo(f"{made.what}, {by_day(made.due)}")


@leads.command(help=noop("LEAD is not followed up."))
@click.argument("lead", metavar="LEAD")
@REASON
@VERSION
@acting()
def refuse(lead: str, reason: str, version: int | None, person: Person) -> None:
    found = find(person, "lead", lead)
    _told(actions.refuse_lead(by=as_person(person), lead=found, reason=reason, version=_version(found, version)))


@leads.command(help=noop("LEAD is followed up after all."))
@click.argument("lead", metavar="LEAD")
@REASON
@VERSION
@acting()
def reopen(lead: str, reason: str, version: int | None, person: Person) -> None:
    found = find(person, "lead", lead)
    _told(actions.reopen_lead(by=as_person(person), lead=found, reason=reason, version=_version(found, version)))


@leads.command(help=noop("LEAD becomes a deal with this TITLE, under the number of the lead."))
@click.argument("lead", metavar="LEAD")
@click.argument("title", metavar="TITLE")
@option("--goal", required=True, help=noop("What is to be achieved."))
@option("--due", required=True, help=noop("By which day."))
@option("--amount", default=None, help=noop("The amount."))
@option("--currency", default="CNY", show_default=True, help=noop("Its currency."))
@option("--also", multiple=True, metavar="LEAD", help=noop("A further lead that becomes the same deal."))
@option("--another", is_flag=True, help=noop("It is another deal than the one of the same title."))
@option("--account", default="", metavar="ACCOUNT", help=noop("The customer, of a lead that names none yet."))
@NEW_CUSTOMER
@SECTOR
@ANOTHER_CUSTOMER
@VERSION
@acting()
def deal(lead: str, title: str, also: tuple[str, ...], account: str, version: int | None, person: Person, **given: Any) -> None:
    found = find(person, "lead", lead)
    given["account"] = find(person, "account", account) if account else None
    more = [find(person, "lead", one) for one in also]
    made = actions.open_deal_of_lead(by=as_person(person), lead=found, title=title, also=more, version=_version(found, version), **given)
    click.echo(str(made))


@leads.command(help=noop("LEAD becomes part of DEAL, which is open."))
@click.argument("lead", metavar="LEAD")
@click.argument("deal", metavar="DEAL")
@VERSION
@acting()
def join(lead: str, deal: str, version: int | None, person: Person) -> None:
    found = find(person, "lead", lead)
    to = find(person, "deal", deal)
    click.echo(str(actions.join_lead(by=as_person(person), lead=found, deal=to, version=_version(found, version))))


@leads.command(help=noop("The leads that you may see, by the role of whoever recorded them: all, open, deals, not followed up."))
@SINCE
@UNTIL
@acting()
def origins(since: str, until: str, person: Person) -> None:
    wanted = known.read_filter({"state": "all", "since": since, "until": until}, person)
    counted = known.by_origin(known.filtered(person, known.visible_to(person), wanted))
    rows([one.role or "–", one.all, one.open, one.deal, one.refused] for one in counted)
