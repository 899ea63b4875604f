"""Logins and tokens; what people hold: posts, skills, permissions."""

from __future__ import annotations

from datetime import datetime
from difflib import get_close_matches

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, option
from earshot.cli.who import acting, colleague, uuid
from earshot.cli.words import rows
from earshot.desk.succession import owed_as_seen
from earshot.journal.actors import process
from earshot.kit.problems import Refusal, missing, say, wrong
from earshot.people import actions, succession
from earshot.people.actions import give_login, make_token
from earshot.people.actors import as_person
from earshot.people.models import Grant, Person, Post, Unit
from earshot.people.permits import ADMINISTER, PERMITS, held, holds
from earshot.playbooks.queries import role_names


@click.group(cls=Group, help=noop("Ways to sign in."))
def login() -> None:
    pass


@login.command(help=noop("Give PERSON a way to sign in, and print the first password, once. Without --as it is the machine's own act."))
@click.argument("whom", metavar="PERSON")
@option("--username", default="", help=noop("Otherwise the e-mail, or the name."))
@acting(required=False)
def give(whom: str, username: str, person: Person | None) -> None:
    by = as_person(person) if person else process("cli/login give")
    somebody = colleague(person, whom)
    made, password = give_login(by=by, person=somebody, username=username)
    unit = somebody.unit.name if somebody.unit else "–"
    click.echo(_("{name} ({unit}) signs in as:").format(name=somebody.name, unit=unit))
    click.echo("  " + _("user name: {username}").format(username=made.username))
    click.echo("  " + _("password: {password}").format(password=password))
    click.echo(_("The password is shown this once and kept nowhere."))


@click.group(cls=Group, help=noop("Keys for the API."))
def token() -> None:
    pass


@token.command(help=noop("Make a key that acts in your name, and print it, once."))
@option("--name", required=True, help=noop("What it is for."))
@acting()
def make(name: str, person: Person) -> None:
    made, key = make_token(by=as_person(person), person=person, name=name)
    click.echo(_("The key of “{name}”, shown this once and kept nowhere:").format(name=made.name))
    click.echo(key)


@click.group(cls=Group, help=noop("What people hold: posts, skills, permissions. Given and ended by whoever administers."))
def people() -> None:
    pass


REASON = option("--reason", required=True, help=noop("Why; it stands in the journal."))
DAY = click.DateTime(["%Y-%m-%d"])


@people.command(help=noop("What PERSON holds."))
@click.argument("whom", metavar="PERSON")
@acting()
def show(whom: str, person: Person) -> None:
    somebody = colleague(person, whom)
    click.echo(f"{somebody.name} · {somebody.unit or '–'}")
    posts = list(Post.objects.filter(person=somebody, until__isnull=True).select_related("unit").order_by("since", "pk"))
    names = role_names({post.role for post in posts})
    lines = [(_("post"), post.role, post.unit.code, names[post.role]) for post in posts]
    lines += [(_("skill"), one.code, str(one.level), f"{one.evidence} {one.until or ''}") for one in somebody.skills.order_by("code")]
    if person.pk == somebody.pk or holds(person, ADMINISTER):
        lines += [(_("permission"), code, "", str(PERMITS[code])) for code in sorted(held(somebody)) if code in PERMITS]
    rows(lines)


def unit_with_code(code: str) -> Unit:
    found = Unit.objects.filter(code=code).first()
    if found is None:
        near = get_close_matches(code, Unit.objects.values_list("code", flat=True), n=1)
        hint = say(gettext_lazy("; did you mean “{name}”?"), name=near[0]) if near else ""
        raise wrong("unit", say(gettext_lazy("There is no unit with the code “{code}”{hint}"), code=code, hint=hint))
    return found


@people.command("give-post", help=noop("PERSON holds the role ROLE in the unit UNIT from now on."))
@click.argument("whom", metavar="PERSON")
@click.argument("role", metavar="ROLE")
@click.argument("unit", metavar="UNIT")
@option("--answerable", is_flag=True, help=noop("Called first for this role of this unit."))
@acting()
def give_post_(whom: str, role: str, unit: str, answerable: bool, person: Person) -> None:
    somebody = colleague(person, whom)
    actions.give_post(by=as_person(person), person=somebody, unit=unit_with_code(unit), role=role, answerable=answerable)
    click.echo(_("{name} holds the role {role} in {unit}.").format(name=somebody.name, role=role_names([role])[role], unit=unit))


@people.command("end-post", help=noop("PERSON holds the role ROLE in the unit UNIT no more."))
@click.argument("whom", metavar="PERSON")
@click.argument("role", metavar="ROLE")
@click.argument("unit", metavar="UNIT")
@REASON
@acting()
def end_post_(whom: str, role: str, unit: str, reason: str, person: Person) -> None:
    somebody = colleague(person, whom)
    post = Post.objects.filter(person=somebody, role=role, unit=unit_with_code(unit), until__isnull=True).first()
    if post is None:
        raise _holds_no(somebody, role)
    actions.end_post(by=as_person(person), post=post, reason=reason)
    click.echo(_("{name} no longer holds {what}.").format(name=somebody.name, what=role))


@people.command("give-skill", help=noop("PERSON has the skill with the code SKILL at this level."))
@click.argument("whom", metavar="PERSON")
@click.argument("skill", metavar="SKILL")
@option("--level", type=int, required=True, help=noop("From 1 to 5."))
@option("--evidence", required=True, help=noop("By which it is known."))
@option("--until", type=DAY, help=noop("The last day on which the evidence holds."))
@acting()
def give_skill_(whom: str, skill: str, level: int, evidence: str, until: datetime | None, person: Person) -> None:
    somebody, last = colleague(person, whom), until.date() if until else None
    actions.give_skill(by=as_person(person), person=somebody, code=skill, level=level, evidence=evidence, until=last)
    click.echo(_("{name}: {skill}, level {level}.").format(name=somebody.name, skill=skill, level=level))


@people.command("end-skill", help=noop("The evidence of the skill with the code SKILL holds no longer."))
@click.argument("whom", metavar="PERSON")
@click.argument("skill", metavar="SKILL")
@REASON
@option("--until", type=DAY, help=noop("The last day on which it held; otherwise yesterday."))
@acting()
def end_skill_(whom: str, skill: str, reason: str, until: datetime | None, person: Person) -> None:
    somebody = colleague(person, whom)
    found = somebody.skills.filter(code=skill).first()
    if found is None:
        raise _holds_no(somebody, skill)
    actions.end_skill(by=as_person(person), skill=found, reason=reason, until=until.date() if until else None)
    click.echo(_("{name} no longer holds {what}.").format(name=somebody.name, what=skill))


@people.command("give-permission", help=noop("PERSON may do or see PERMISSION company-wide."))
@click.argument("whom", metavar="PERSON")
@click.argument("permission", metavar="PERMISSION")
@acting()
def give_permission_(whom: str, permission: str, person: Person) -> None:
    somebody = colleague(person, whom)
    actions.give_permission(by=as_person(person), person=somebody, permission=permission)
    click.echo(_("{name} holds the permission {permission}.").format(name=somebody.name, permission=permission))


@people.command("end-permission", help=noop("PERSON may do or see PERMISSION no more. The last who administers keeps that permission."))
@click.argument("whom", metavar="PERSON")
@click.argument("permission", metavar="PERMISSION")
@REASON
@acting()
def end_permission_(whom: str, permission: str, reason: str, person: Person) -> None:
    somebody = colleague(person, whom)
    grant = Grant.objects.filter(person=somebody, permission=permission, until__isnull=True).first()
    if grant is None:
        raise _holds_no(somebody, permission)
    actions.end_grant(by=as_person(person), grant=grant, reason=reason)
    click.echo(_("{name} no longer holds {what}.").format(name=somebody.name, what=permission))


def _holds_no(person: Person, what: str) -> Refusal:
    return Refusal("person.holds_none", say(gettext_lazy("{name} does not hold {what}."), name=person.name, what=what))


@people.command(help=noop("Everything open that is PERSON's: accounts, deals, seats, calls, statements to hear, messages to answer."))
@click.argument("whom", metavar="PERSON")
@acting()
def owed(whom: str, person: Person) -> None:
    somebody = colleague(person, whom)
    if not succession.may_hand(person, somebody):
        raise missing()
    rows([one.holding, str(one.id), one.label or "–"] for one in owed_as_seen(person, somebody))


HEIR = option("--to", metavar="PERSON", help=noop("Who takes it over."))


@people.command("hand-over", help=noop("What is open and PERSON's goes to a successor: all of it, or what --what names."))
@click.argument("whom", metavar="PERSON")
@HEIR
@option("--what", multiple=True, metavar="HOLDING:ID", help=noop("As “people owed” names it; can be given several times."))
@REASON
@acting()
def hand_over_(whom: str, to: str | None, what: tuple[str, ...], reason: str, person: Person) -> None:
    somebody, heir = colleague(person, whom), colleague(person, to) if to else None
    chosen = [(name, found) for name, _colon, pk in (one.partition(":") for one in what) if (found := uuid(pk))]
    if len(chosen) < len(what):
        raise missing()
    n = succession.hand_over(by=as_person(person), person=somebody, to=heir, reason=reason, what=chosen or None)
    click.echo(_("Handed over: {n}.").format(n=n))


@people.command(help=noop("PERSON is no longer with the company. Refused while something is open and nobody takes it over."))
@click.argument("whom", metavar="PERSON")
@HEIR
@option("--to-head", is_flag=True, help=noop("Nobody yet: what is open goes to the next head, by your decision."))
@REASON
@acting()
def leave(whom: str, to: str | None, to_head: bool, reason: str, person: Person) -> None:
    somebody, heir = colleague(person, whom), colleague(person, to) if to else None
    succession.leave(by=as_person(person), person=somebody, reason=reason, to=heir, to_head=to_head)
    click.echo(_("{name} is no longer with the company.").format(name=somebody.name))
