"""Revisions of the playbook: prepare one from a folder, look at it, approve it, give it up; the versions of a part."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from earshot.cli.effects import tell_effect
from earshot.cli.root import Worded, option
from earshot.cli.who import acting, find
from earshot.cli.words import moment, rows, tell_line
from earshot.deals.asking import effect_of_revision
from earshot.journal.actions import call
from earshot.kit.problems import Refusal, missing, say
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks import actions, revisions
from earshot.playbooks.models import PARTS, Revision
from earshot.playbooks.sources import Sources

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
MOMENT = click.DateTime(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"])
VERSION = option("--version", type=int, help=noop("The version of the revision that you looked at."))
command = partial(click.command, cls=Worded)
STATES = {
    "open": gettext_lazy("being prepared"),
    "scheduled": gettext_lazy("approved"),
    "begun": gettext_lazy("in force"),
    "withdrawn": gettext_lazy("withdrawn"),
    "draft": gettext_lazy("draft"),
    "approved": gettext_lazy("approved"),
    "in_force": gettext_lazy("in force"),
    "superseded": gettext_lazy("superseded"),
}


def found_revision(person: Person, number: str) -> Revision:
    if not (number.isascii() and number.isdigit() and len(number) < 10) and len(number) != 36:
        raise missing()
    found: Revision = find(person, "revision", number)
    return found


def read_again(one: Revision) -> revisions.Read:
    return revisions.read(Revision.objects.select_related("opened_by", "withdrawal", "request").get(pk=one.pk))


def tell_revision(one: Revision) -> None:
    """The revision as it stands: its parts, what is wrong with it, whom it waits for, and what it will ask of people."""
    read = read_again(one)
    begins = moment(read.begins) if read.begins else _("at once, when it is approved")
    version = _("version {n}").format(n=read.revision.version)
    click.echo(f"{one}: {one.reason} · {STATES[read.state]} · {begins} · {version}")
    for part in read.parts:
        waits = ", ".join(str(awaited.whom) for awaited in part.awaited if awaited.approval is None)
        tail = _("waits for {whom}").format(whom=waits) if waits and read.state == revisions.OPEN else ""
        click.echo(f"  {part.version}  {STATES[part.version.state]}  {tail}".rstrip())
    if read.without_approver:
        click.echo(f"  - {_('Nobody but who opened it could approve it, and by the policies in force somebody else is to.')}")
    for finding in [*(one for part in read.parts for one in part.findings), *read.findings]:
        click.echo(f"  - {tell_line(finding.as_line())}")
    for warning in read.pack.warnings if read.pack else ():
        click.echo(f"  ! {tell_line(warning.as_line())}")
    if (effect := effect_of_revision(read)) is not None:
        tell_effect(effect)


def tell_changes(read: revisions.Read) -> None:
    """What its parts would write otherwise, line by line."""
    for part in read.parts:
        for change in part.changes:
            click.echo(f"  {part.version}  {change.row}".rstrip())
            for sign, lines in (("-", change.before), ("+", change.after)):
                for line in lines:
                    click.echo(f"    {sign} {line}")


@command(
    "revise", help=noop("Draft what the pack in DIR writes otherwise: in a new revision, or in one that is open. Nothing is in force.")
)
@click.argument("folder", metavar="DIR", type=FOLDER)
@option("--reason", default="", help=noop("Why; it stands in the journal. A new revision needs it."))
@option("--revision", "number", help=noop("Number of the revision to write in; left away: a new one."))
@option("--begins", type=MOMENT, help=noop("When it begins, in the company's time zone; left away: at once, when it is approved."))
@acting()
def revise(folder: Path, reason: str, number: str | None, begins: datetime | None, person: Person) -> None:
    by, sources, starts_at = as_person(person), Sources.of_folder(folder), make_aware(begins) if begins else None
    if number is None:
        return tell_revision(actions.open_with(by=by, sources=sources, reason=reason, starts_at=starts_at))
    with call():
        one = actions.write_parts(by=by, revision=found_revision(person, number), sources=sources)
        if starts_at is not None:
            actions.set_start(by=by, revision=one, at=starts_at)
    return tell_revision(one)


@command(
    "revisions", help=noop("The revisions that you see, the newest first; or NUMBER: its parts, what the check finds, whom it waits for.")
)
@click.argument("number", required=False)
@acting()
def revisions_(number: str | None, person: Person) -> None:
    if number is not None:
        return tell_revision(found_revision(person, number))
    found = revisions.visible_to(person).select_related("opened_by").order_by("-number")[:100]
    return rows([one.number, moment(one.opened_at), one.opened_by or "–", one.reason] for one in found)


@command("undo", help=noop("Take back the last edit of PART in revision NUMBER."))
@click.argument("number")
@click.argument("part", type=click.Choice(PARTS))
@acting()
def undo_(number: str, part: str, person: Person) -> None:
    one = found_revision(person, number)
    actions.undo(by=as_person(person), revision=one, part=part)
    tell_revision(one)


@command("start", help=noop("When revision NUMBER begins; without a moment: at once, when it is approved."))
@click.argument("number")
@click.argument("at", type=MOMENT, required=False, metavar="['YYYY-MM-DD HH:MM']")
@VERSION
@acting()
def start(number: str, at: datetime | None, version: int | None, person: Person) -> None:
    one = found_revision(person, number)
    tell_revision(actions.set_start(by=as_person(person), revision=one, at=make_aware(at) if at else None, version=version or one.version))


@command("ask-approval", help=noop("Ask those whom its parts name for the approval of revision NUMBER."))
@click.argument("number")
@VERSION
@acting()
def ask(number: str, version: int | None, person: Person) -> None:
    one = found_revision(person, number)
    tell_revision(actions.ask_approval(by=as_person(person), revision=one, version=version or one.version))


@command(
    "approve",
    help=noop(
        "Approve revision NUMBER, as far as its parts name you. Without --version it shows what would be approved, and nothing more."
    ),
)
@click.argument("number")
@option("--part", "parts", multiple=True, type=click.Choice(PARTS), help=noop("This part alone; may be given several times."))
@VERSION
@acting()
def approve_(number: str, parts: tuple[str, ...], version: int | None, person: Person) -> None:
    one = found_revision(person, number)
    read = read_again(one)
    if version is None:
        tell_revision(one)
        tell_changes(read)
        raise Refusal(
            "playbook.say_version",
            say(_("This is what would be approved. To approve it, say --version {n}."), n=read.revision.version),
        )
    before = effect_of_revision(read)
    approved = actions.approve(by=as_person(person), revision=one, parts=parts or None, version=version)
    if before is not None and revisions.state_of(approved, revisions.versions_of(approved).values()) == revisions.BEGUN:
        tell_effect(before)  # of one that has begun nobody could ask any more
    tell_revision(approved)


@command("withdraw", help=noop("Give revision NUMBER up, before it begins."))
@click.argument("number")
@option("--reason", required=True, help=noop("Why; it stands in the journal."))
@VERSION
@acting()
def withdraw_(number: str, reason: str, version: int | None, person: Person) -> None:
    one = found_revision(person, number)
    tell_revision(actions.withdraw(by=as_person(person), revision=one, reason=reason, version=version or one.version))


@command("versions", help=noop("The versions of PART, the newest first: since when, until when, why, by whom."))
@click.argument("part", type=click.Choice(PARTS))
@acting()
def versions(part: str, person: Person) -> None:
    rows(_version(one) for one in revisions.history(person, part))


def _version(one: Any) -> list[object]:
    approved = ", ".join(given.person.name for given in one.approvals.all() if one.approved_by(given))
    return [one, STATES[one.state], moment(one.in_force_from), moment(one.in_force_until), approved or "–", one.reason]


@command("text", help=noop("VERSION of a part, such as hearing@2, as it was written."))
@click.argument("version")
@acting()
def text(version: str, person: Person) -> None:
    part, _at, number = version.partition("@")
    found = (
        revisions.versions_seen(person).filter(part=part, number=int(number)).first() if number.isdecimal() and len(number) < 9 else None
    )
    if found is None:
        raise missing()
    if not found.source:
        raise Refusal("playbook.no_source", _("The text of this version was not kept."), status=409)
    click.echo(found.source, nl=False)


COMMANDS = [revise, revisions_, undo_, start, ask, approve_, withdraw_, versions, text]
