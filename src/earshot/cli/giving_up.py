"""Giving a deal up, by command: `earshot deals give-up`, `giving-up`, `say`, `conclude`, `keep`."""

from __future__ import annotations

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.deals import VERSION, deals
from earshot.cli.root import option
from earshot.cli.who import acting, find
from earshot.cli.words import moment, rows
from earshot.deals import actions, giving_up
from earshot.deals.models import Closing
from earshot.kit.problems import Refusal
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks.models import GIVEN_UP


@deals.command("giving-up", help=noop("Proposals to give a deal up, the newest first, with what each of the team says."))
@click.argument("deal", metavar="DEAL")
@acting()
def list_(deal: str, person: Person) -> None:
    found = find(person, "deal", deal)
    lines = []
    for row in giving_up.of_deal(found):
        lines.append([moment(row.at), row.person.name, row.outcome or _("open"), row.code, row.reason])
        lines += [["", "", _("tried"), one.tried, one.came_of_it] for one in row.alternatives.all()]
        for one in row.voices.all():
            if one.lapsed_at is None:
                said = _("agrees") if one.agrees else _("is against") if one.spoken_at else _("silent") if one.silent_at else _("asked")
                lines.append([moment(one.spoken_at or one.silent_at or one.at), one.person.name, said, "", one.words])
        if row.ended_at is None:
            lines += [["", "", _("lacking"), "", str(giving_up.LACKING[one])] for one in giving_up.lacks(found, row)]
    rows(lines)


@deals.command("give-up", help=noop("Propose to give a deal up."))
@click.argument("deal", metavar="DEAL")
@option("--reason", required=True, help=noop("Why; it stands in the journal."))
@option("--code", default="", help=noop("Code of the reason, where the deal's process has any."))
@option("--tried", multiple=True, required=True, help=noop("What was tried instead => what came of it; several times."))
@VERSION
@acting()
def give_up(deal: str, reason: str, code: str, tried: tuple[str, ...], version: int | None, person: Person) -> None:
    found = find(person, "deal", deal)
    pairs = [tuple(one.split("=>", 1)) for one in tried]
    if any(len(pair) != 2 for pair in pairs):
        raise Refusal("giving_up.tried", _('Write what was tried and what came of it with “=>” between: --tried "asked twice => no"'))
    alternatives = [(pair[0], pair[1]) for pair in pairs]
    seen = found.version if version is None else version
    actions.propose_giving_up(by=as_person(person), deal=found, version=seen, reason=reason, code=code, alternatives=alternatives)
    click.echo(_("It is proposed. Everybody of the team is asked."))


@deals.command("say", help=noop("Say whether a deal is to be given up."))
@click.argument("deal", metavar="DEAL")
@option("--yes/--no", "agrees", required=True, default=None, help=noop("Give it up, or not."))
@option("--words", default="", help=noop("Why; a no needs them."))
@VERSION
@acting()
def say_(deal: str, agrees: bool, words: str, version: int | None, person: Person) -> None:
    found = find(person, "deal", deal)
    actions.speak_on_giving_up(by=as_person(person), deal=found, agrees=agrees, words=words, version=version)
    given_up = Closing.objects.filter(deal=found, outcome=GIVEN_UP).exists()
    click.echo(_("{deal} is given up.").format(deal=found.number) if given_up else _("It is on record what you think."))


@deals.command("conclude", help=noop("Give a deal up where nothing is lacking any more, and somebody was silent."))
@click.argument("deal", metavar="DEAL")
@VERSION
@acting()
def conclude(deal: str, version: int | None, person: Person) -> None:
    found = find(person, "deal", deal)
    actions.conclude_giving_up(by=as_person(person), deal=found, version=found.version if version is None else version)
    click.echo(_("{deal} is given up.").format(deal=found.number))


@deals.command("keep", help=noop("Take back the proposal to give a deal up."))
@click.argument("deal", metavar="DEAL")
@option("--reason", required=True, help=noop("Why; it stands in the journal."))
@VERSION
@acting()
def keep(deal: str, reason: str, version: int | None, person: Person) -> None:
    found = find(person, "deal", deal)
    actions.withdraw_giving_up(by=as_person(person), deal=found, version=found.version if version is None else version, reason=reason)
    click.echo(_("The proposal is taken back: the deal goes on."))
