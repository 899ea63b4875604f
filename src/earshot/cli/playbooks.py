"""Playbooks: check a pack, put one in force."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from earshot.cli import drafts, revisions
from earshot.cli.effects import acts_in_words, tell_acts, tell_effect
from earshot.cli.root import REFUSED, Group, option
from earshot.cli.who import acting, find
from earshot.cli.words import rows
from earshot.deals.actions import judge_again
from earshot.deals.asking import Effect, effect_of
from earshot.deals.conditions import tried
from earshot.kit.problems import Line, Refusal
from earshot.people import permits
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks import book, burden, packs, parts, queries
from earshot.playbooks.actions import adopt_pack, switch_profile
from earshot.playbooks.models import IN_FORCE, PARTS, PROFILES
from earshot.playbooks.queries import known, sources
from earshot.playbooks.registry import FACTS
from earshot.playbooks.sources import PACKS, Sources, shipped


class PackFolder(click.Path):
    """The folder of a pack: one of the user's, or the name of one that comes with the product."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        known = str(value) in shipped() and not Path(value).exists()
        return super().convert(PACKS / value if known else value, param, ctx)


FOLDER = PackFolder(exists=True, file_okay=False, path_type=Path)


@click.group(cls=Group, help=noop("The company's way of working."))
def playbook() -> None:
    pass


@playbook.command("shipped", help=noop("The packs that come with Earshot. Where a command wants DIR, their names will do."))
def shipped_() -> None:
    rows([one.name, one] for one in shipped().values())


@playbook.command(help=noop("Read the pack in DIR and name what is wrong with it; nothing changes."))
@click.argument("folder", metavar="DIR", type=FOLDER)
@option("--json", "as_json", is_flag=True, help=noop("As JSON: name, usable, whole, findings, not_yet."))
def check(folder: Path, as_json: bool) -> None:
    pack = Sources.of_folder(folder)
    report = packs.look(pack, known())
    if as_json:
        click.echo(json.dumps(_as_json(pack, report), ensure_ascii=False, indent=2))
    else:
        _tell(pack, report)
    if report.findings:
        sys.exit(REFUSED)


def _tell(pack: Sources, report: packs.Report) -> None:
    for finding in report.findings:
        where = f"{finding.file}:{finding.line}" if finding.line else finding.file
        click.echo(f"{where}  {finding.place}".rstrip())
        click.echo(f"    {finding.sentence}")
        if finding.text:
            click.echo(f"    | {finding.text}")
    for warning in report.warnings:
        click.echo(f"{warning.file}:{warning.line}  {warning.place}")
        click.echo(f"  ! {warning.sentence}")
    if report.findings:
        sentence = ngettext(
            "The pack {name} cannot be used: {n} finding.", "The pack {name} cannot be used: {n} findings.", len(report.findings)
        )
        click.echo(sentence.format(name=pack.name, n=len(report.findings)))
        if not report.whole:
            click.echo(_("What the rows say is checked once the form of every file is sound."))
        return
    click.echo(_("The pack {name} can be put in force.").format(name=pack.name))
    for part in PARTS:
        if part not in pack.texts:
            click.echo(_("{file} is not there: that part stays as it is.").format(file=f"{part}.yaml"))
    if (effect := _effect(pack)) is not None:
        tell_acts(effect)
    if report.waiting:
        click.echo(_("Not yet, because what they wait for is not built:"))
        rows([f"  {row.part}.yaml:{row.line}", row.code, row.awaits, row] for row in report.waiting)


def _as_json(pack: Sources, report: packs.Report) -> dict[str, Any]:
    """The same words as the API's `/playbook/pack/checks`."""
    findings, warnings = (
        [{"file": f.file, "place": f.place, "line": f.line, "sentence": str(f.sentence), "text": f.text} for f in some]
        for some in (report.findings, report.warnings)
    )
    not_yet = [
        {"file": f"{row.part}.yaml", "place": row.place, "line": row.line, "code": row.code, "label": str(row), "awaits": row.awaits}
        for row in report.waiting
    ]
    return {
        "name": pack.name,
        "usable": not findings,
        "whole": report.whole,
        "findings": findings,
        "warnings": warnings,
        "not_yet": not_yet,
    }


@playbook.command(
    help=noop("Take in the pack in DIR: what differs in it becomes a new version; running deals keep the process they began under.")
)
@click.argument("folder", metavar="DIR", type=FOLDER)
@option("--reason", required=True, help=noop("Why; it stands in the journal."))
@acting()
def adopt(folder: Path, reason: str, person: Person) -> None:
    permits.require(as_person(person), permits.OPERATE)
    if (effect := _effect(Sources.of_folder(folder))) is not None:
        tell_effect(effect)
    made = adopt_pack(by=as_person(person), sources=Sources.of_folder(folder), reason=reason)
    if not made:
        click.echo(_("The pack says exactly what is in force; nothing was changed."))
    for version in made:
        sentence = _("In force: {version}") if version.state == IN_FORCE else _("Waits for approval: {version}")
        click.echo(sentence.format(version=version))


def _effect(new: Sources) -> Effect | None:
    """What it would ask of people otherwise than the playbook in force; None where there is none yet, or one of the two cannot be read."""
    whole = queries.completed(new) if book.in_force().versions else None
    return None if whole is None or packs.check(whole, known()) else effect_of(packs.read(whole))


@playbook.command(help=noop("The acts that the playbook in force demands of each role; --rows: what each figure is made of."))
@option("--rows", "opened", is_flag=True, help=noop("Each act with the rows that ask it."))
def asks(opened: bool) -> None:
    pack = queries.pack_in_force()
    if pack is None:
        raise Refusal("playbook.no_source", _("The text of some parts was not kept; it is from their next version on."))
    for figure in queries.asks_of(pack).figures:
        click.echo(f"{figure}  {burden.PER[figure.per]}: {acts_in_words(figure.counts)}")
        for act in figure.acts if opened else ():
            click.echo(f"  {burden.KINDS[act.kind]}: {', '.join(act.places)}")


@playbook.command("profile", help=noop("What the company would ask of whom in the profile NAME; with --reason it is put in force."))
@click.argument("name", metavar="NAME", type=click.Choice(PROFILES))
@option("--reason", default="", help=noop("Why; it stands in the journal."))
@acting()
def profile_(name: str, reason: str, person: Person) -> None:
    permits.require(as_person(person), permits.OPERATE)
    pack = queries.pack_in_force()
    if pack is not None:
        tell_effect(effect_of(pack.in_profile(name)))
    if reason:
        made = switch_profile(by=as_person(person), profile=name, reason=reason)
        sentence = _("In force: {version}") if made.state == IN_FORCE else _("Waits for approval: {version}")
        click.echo(sentence.format(version=made))


@playbook.command(help=noop("Write the pack in force into DIR, each part as it was written."))
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@option("--shipped", "name", type=click.Choice(list(shipped())), help=noop("Instead: the pack of this name that comes with Earshot."))
def export(folder: Path, name: str | None) -> None:
    found = shipped()[name].sources() if name else sources()
    found.write(folder)
    click.echo(_("Written: {names}").format(names=", ".join(f"{part}.yaml" for part in found.texts)))


@playbook.command(help=noop("Write the JSON Schema of each part into DIR, for editors: PART.schema.json."))
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def schema(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts.BY_NAME:
        (folder / f"{part}.schema.json").write_text(parts.published(part), encoding="utf-8")
    click.echo(_("Written: {names}").format(names=", ".join(f"{part}.schema.json" for part in parts.BY_NAME)))


@playbook.command(help=noop("What a condition may speak of: name, type, meaning."))
def facts() -> None:
    rows([fact.name, fact.kind, f"{fact.meaning} {fact.unit}".strip()] for fact in sorted(FACTS.values(), key=lambda fact: fact.name))


@playbook.command("try", help=noop("How the condition NEEDS would stand on a deal now, part by part; nothing changes."))
@click.argument("needs", metavar="NEEDS")
@option("--deal", "number", required=True, help=noop("Number of the deal."))
@acting()
def try_(needs: str, number: str, person: Person) -> None:
    trial = tried(find(person, "deal", number), needs)
    if trial.judgement is None:
        lines = [Line("playbook.condition", one.told()) for one in trial.faults]
        raise Refusal("playbook.condition", _("This condition cannot be used."), lines=lines)
    words = {True: _("met"), False: _("not met"), None: _("cannot be judged, so it counts as not met")}
    click.echo(words[trial.judgement.met])
    unknown = _("not known")
    for part in trial.judgement.parts:
        values = ", ".join(f"{name} = {value if value is not None else unknown}" for name, value in part.facts.items())
        click.echo(f"  {words[part.met]}: {part.source}  ({values})")
    if trial.judgement.failed:
        click.echo(f"  {trial.judgement.failed}")


@playbook.command("judge-again", help=noop("Judge the check or condition NAME again on every deal where it could not be."))
@click.argument("name", metavar="NAME")
@acting()
def judge_again_(name: str, person: Person) -> None:
    left = judge_again(by=as_person(person), name=name)
    click.echo(_("Deals on which it still cannot be judged: {n}").format(n=left))


for one in [*revisions.COMMANDS, *drafts.COMMANDS]:
    playbook.add_command(one)
