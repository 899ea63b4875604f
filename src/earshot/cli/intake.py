"""Imports: counted before they are done, and what was found in them."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, option
from earshot.cli.who import acting, uuid
from earshot.cli.words import moment, rows
from earshot.intake import actions, lead_actions, maps, queries
from earshot.intake.models import Batch
from earshot.intake.queries import Forecast
from earshot.intake.rules import SENTENCES, AnyTaken
from earshot.kit.problems import missing
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.people.permits import OPERATE, require

SHOWN = 5  # findings of one kind that a run prints; `earshot intake findings` prints all


@click.group(cls=Group, help=noop("Bring in what another system holds."))
def intake() -> None:
    pass


@intake.command(
    help=noop(
        "Bring in accounts, sellers and deals from the CSV files in DIR. What it will do is counted and printed first. "
        "Run it again after an interruption, or with newer files: what is here already is known and not added twice. "
        "Without --as it is the machine's own act."
    )
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@option("--map", "map_", required=True, metavar="FILE", help=noop("What files, columns and values mean: a YAML file, or a map that ships."))
@option("--preview", is_flag=True, help=noop("Only count; nothing is written."))
@acting(required=False)
def deals(folder: Path, map_: str, preview: bool, person: Person | None) -> None:
    read, taken = actions.look(folder, maps.locate(map_), ordered_by=person)
    _forecast(queries.forecast(taken, read))
    _found(taken)
    if preview:
        click.echo(_("This was a preview: nothing was written."))
        return
    batch = actions.take_in(read, taken, ordered_by=person, tell=_progress)
    counts = batch.counts
    click.echo(
        _("Done: {accounts} accounts and {deals} deals added, {known} deals known; {findings} findings kept. Import {id}").format(
            accounts=counts["accounts_added"],
            deals=counts["deals_added"],
            known=counts["deals_known"],
            findings=counts["findings"],
            id=batch.pk,
        )
    )


@intake.command(
    help=noop(
        "Bring in leads from the CSV file in DIR that the map names. What it will do is counted and printed first. Run it again after an "
        "interruption, or with a newer file: what is here already is known and not added twice. Without --as it is the machine's own act."
    )
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@option("--map", "map_", required=True, metavar="FILE", help=noop("What file, columns and values mean: a YAML file, or a map that ships."))
@option("--preview", is_flag=True, help=noop("Only count; nothing is written."))
@acting(required=False)
def leads(folder: Path, map_: str, preview: bool, person: Person | None) -> None:
    read, taken = lead_actions.look(folder, maps.locate(map_), ordered_by=person)
    will = queries.forecast_leads(taken, read)
    click.echo(
        _("{n} leads to add, {accounts} of them of an account that is here; {known} are known.").format(
            n=will.leads, accounts=will.of_accounts, known=will.known
        )
    )
    if will.owners:
        click.echo(_("They wait to be taken up from the import on, by:"))
        rows([("  " + owner.name, count) for owner, count in will.owners])
    _found(taken)
    if preview:
        click.echo(_("This was a preview: nothing was written."))
        return
    batch = lead_actions.take_in(read, taken, ordered_by=person, tell=_progress)
    counts = batch.counts
    click.echo(
        _("Done: {added} leads added, {known} known; {findings} findings kept. Import {id}").format(
            added=counts["leads_added"], known=counts["leads_known"], findings=counts["findings"], id=batch.pk
        )
    )


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo("\r" + _("{done} of {total}").format(done=done, total=total), nl=done == total, err=True)


def _forecast(will: Forecast) -> None:
    new, here = _("to add"), _("known")
    click.echo(_("What this import brings:"))
    rows(
        [
            ("  " + _("sellers"), f"{will.sellers} {new}", f"{will.sellers_known} {here}"),
            ("  " + _("heads of teams"), f"{will.managers} {new}", ""),
            ("  " + _("accounts"), f"{will.accounts} {new}", f"{will.accounts_known} {here}"),
            ("  " + _("deals"), f"{will.deals} {new}", f"{will.deals_known} {here}"),
        ]
    )
    sentence = _("Of the deals to add, {open} are open and {closed} closed; {unknown} come in as “account not known” and pass no gate.")
    click.echo(sentence.format(open=will.open, closed=will.closed, unknown=will.without_account))
    click.echo(_("Closed deals owe nothing. The open ones owe {n} calls, due from the import on:").format(n=will.owed))
    for row in will.calls:
        line = _("{n} × “{support}” of {unit}; {person} is answerable")
        click.echo("  " + line.format(n=row.count, support=row.support, unit=row.unit, person=row.person))
    if not will.calls:
        click.echo("  " + _("none"))


def _found(taken: AnyTaken) -> None:
    for (_kind, value, alias), count in sorted(taken.aliased.items()):
        click.echo(_("Read by the map: “{value}” as “{alias}”, {n} times").format(value=value, alias=alias, n=count))
    for column in taken.unknown_columns:
        click.echo(_("Not in the map, so not read: {column}").format(column=column))
    if not taken.found:
        return
    click.echo(_("Found in the files: {n}").format(n=len(taken.found)))
    for (code, brought_in), count in sorted(Counter((bad.code, bad.brought_in) for bad in taken.found).items()):
        fate = _("brought in without it") if brought_in else _("not brought in")
        click.echo(f"  {count} × {SENTENCES[code]} ({fate})")
        alike = [bad for bad in taken.found if (bad.code, bad.brought_in) == (code, brought_in)]
        for bad in alike[:SHOWN]:
            click.echo(f"    {bad.row.file}:{bad.row.line} {bad.column} = {bad.value!r}")
        if count > SHOWN:
            click.echo("    " + _("… and {n} more (earshot intake findings prints all, once they are kept)").format(n=count - SHOWN))


def _added(batch: Batch) -> str:
    if batch.finished_at is None:
        return _("interrupted")
    if "leads_added" in batch.counts:
        return _("{n} leads added").format(n=batch.counts["leads_added"])
    return _("{n} deals added").format(n=batch.counts.get("deals_added", 0))


@intake.command(help=noop("The imports so far, the newest first."))
@acting(required=False)
def batches(person: Person | None) -> None:
    _may_look(person)
    rows(
        [
            batch.pk,
            moment(batch.started_at),
            batch.source,
            _added(batch),
        ]
        for batch in queries.batches()
    )


@intake.command(
    help=noop("Every finding of an import (the newest that kept any, unless BATCH is named): file and line, column, value, what is wrong.")
)
@click.argument("batch", required=False)
@acting(required=False)
def findings(batch: str | None, person: Person | None) -> None:
    _may_look(person)
    batch_id = uuid(batch) if batch else None
    found = queries.batch(batch_id) if batch_id else None if batch else queries.last_with_findings()
    if found is None:
        raise missing()
    for row in queries.findings(found).iterator():
        fate = _("brought in without it") if row.brought_in else _("not brought in")
        click.echo(f"{row.file}:{row.line}\t{row.column}\t{row.value!r}\t{SENTENCES[row.code]}\t{fate}")


def _may_look(person: Person | None) -> None:
    if person is not None:
        require(as_person(person), OPERATE)
