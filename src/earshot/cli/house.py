"""The house itself: bring the database up to date, and check that all stands as it should."""

from __future__ import annotations

from collections.abc import Iterator

import click
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group, Worded, must_stand, option
from earshot.cli.who import acting
from earshot.clocks.queries import orphans as clock_orphans
from earshot.clocks.registry import ADDRESSEES
from earshot.deals.models import Deal
from earshot.deals.registry import CHECKS, LAWS, VOTERS
from earshot.journal.kinds import KINDS
from earshot.journal.models import Delivery
from earshot.journal.queries import orphans
from earshot.journal.reactions import HANDLERS, LATER, NOW
from earshot.kit.engine import guards
from earshot.people import standing
from earshot.people.actions import rebuild_standing
from earshot.people.actors import as_person
from earshot.people.models import Person, Unit
from earshot.playbooks import book
from earshot.playbooks.models import OPTIONAL, PARTS, Rung


def unapplied() -> list[str]:
    """Migrations that the database has not seen yet."""
    executor = MigrationExecutor(connection)
    return [f"{step.app_label}.{step.name}" for step, _backwards in executor.migration_plan(executor.loader.graph.leaf_nodes())]


@click.command(cls=Worded, help=noop("Bring the database up to date; safe to repeat."))
def migrate() -> None:
    wanting = unapplied()
    call_command("migrate", verbosity=0, interactive=False)
    click.echo(_("Applied: {names}").format(names=", ".join(wanting)) if wanting else _("The database is up to date."))


@click.group(
    cls=Group, invoke_without_command=True, help=noop("Check that everything stands as it should; each fault in words, exit code 1.")
)
@click.pass_context
def check(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is not None:
        return
    must_stand()
    wanting = unapplied()
    if wanting:
        faults = [_("The database is not up to date: {names}").format(names=", ".join(wanting))]
    else:
        faults = [
            *guards.faults(),
            *orphans(),
            *clock_orphans(),
            *standing.orphans(),
            *_standing(),
            *_wiring(),
            *_playbook(),
            *_deals(),
            *_deliveries(),
        ]
    _report(ctx, faults)


@check.command("standing", help=noop("Compare standing with the rules that give it; --rebuild makes it what they say."))
@option("--rebuild", is_flag=True, help=noop("Write what is lacking, end what is surplus."))
@acting(required=False)
@click.pass_context
def check_standing(ctx: click.Context, rebuild: bool, person: Person | None) -> None:
    if not rebuild:
        _report(ctx, list(_standing()))
        return
    if person is None:
        raise click.UsageError(_("--rebuild needs --as PERSON: it stands in the journal who ordered it."))
    added, ended = rebuild_standing(by=as_person(person))
    click.echo(_("Standing rebuilt: {added} added, {ended} ended.").format(added=added, ended=ended))


def _report(ctx: click.Context, faults: list[str]) -> None:
    for fault in faults:
        click.echo(fault)
    if faults:
        click.echo(_("Faults: {n}").format(n=len(faults)), err=True)
        ctx.exit(1)
    click.echo(_("All is as it should be."))


def _standing() -> Iterator[str]:
    for why, (lacking, surplus) in standing.differences().items():
        sentence = _("standing “{why}” differs from its rule: {lacking} lacking, {surplus} surplus (earshot check standing --rebuild)")
        yield sentence.format(why=why, lacking=len(lacking), surplus=len(surplus))


def _wiring() -> Iterator[str]:
    """What nothing would notice when it is gone: a house whose tables are empty calls nobody and shuts no gate."""
    tables = {
        "reactions": NOW,
        "laws of the gate": list(LAWS),
        "conditions on voters": list(VOTERS),
        "addressees": list(ADDRESSEES),
        "reasons of standing": list(standing.SOURCES),
        "kinds": list(KINDS),
    }
    for name, table in tables.items():
        if not table:
            yield _("wiring: the table of {name} is empty").format(name=name)
    for verb, names in LATER.items():
        for name in names:
            if name not in HANDLERS:
                yield _("wiring: {verb} owes the reaction “{name}”, which nothing handles").format(verb=verb, name=name)


def _playbook() -> Iterator[str]:
    """What the playbook in force names and nothing provides any more."""
    present = set(book.in_force().versions)
    if not present:
        return  # a house without a company yet
    lacking = [part for part in PARTS if part not in present and part not in OPTIONAL]
    yield from (_("playbook: no version of the part “{part}” is in force").format(part=part) for part in lacking)
    if lacking:
        return
    now, units = book.in_force(), set(Unit.objects.values_list("code", flat=True))
    for row in now.support.catalogue.values():
        if row.unit_code not in units:
            yield _("playbook: {row} is owed by the unit “{code}”, which does not exist").format(row=row.code, code=row.unit_code)
    for stage in now.process.stages.values():
        for name in stage.gate.checks if hasattr(stage, "gate") else []:
            if name not in CHECKS:
                yield _("playbook: a gate asks the check “{name}”, which nothing provides").format(name=name)
    rungs = Rung.objects.filter(service_level__version__in=now.versions.values()).exclude(addressee__in=list(ADDRESSEES))
    for name in rungs.values_list("addressee", flat=True).distinct():
        yield _("playbook: a ladder tells “{name}”, which nobody answers to").format(name=name)


def _deals() -> Iterator[str]:
    """Deals that count as open and are closed, or the other way round."""
    for deal in Deal.objects.filter(Q(is_open=True, closing__isnull=False) | Q(is_open=False, closing__isnull=True))[:100]:
        yield (
            _("deals: {deal} counts as open, and it is closed").format(deal=deal.number)
            if deal.is_open
            else _("deals: {deal} counts as closed, and nothing has closed it").format(deal=deal.number)
        )


def _deliveries() -> Iterator[str]:
    for delivery in Delivery.objects.filter(dead_at__isnull=False).select_related("entry")[:100]:
        sentence = _("journal: the reaction “{name}” to entry {entry} was given up: {error}")
        yield sentence.format(name=delivery.reaction, entry=delivery.entry, error=delivery.error)
