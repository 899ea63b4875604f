"""The demonstration: a small company in a folder of its own, served at once."""

from __future__ import annotations

from pathlib import Path

import click
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.house import unapplied
from earshot.cli.root import Worded, option
from earshot.cli.serve import HOST, PORT, WORKER, collect, free, held_home, run
from earshot.clocks.test_clock import go_on
from earshot.demo.actions import build_world
from earshot.journal.models import Entry
from earshot.kit.problems import Refusal, say
from earshot.people.models import Person

BUILT = "demo.world_built"


@click.command(
    cls=Worded,
    help=noop(
        "Serve a demonstration company: made on the first run, kept from then on. "
        "Its people sign in by one click, so it refuses a database that holds another company."
    ),
)
@option("--fresh", is_flag=True, help=noop("Start over: what was done in the demonstration is lost."))
@PORT
@WORKER
def demo(fresh: bool, port: int, worker: bool) -> None:
    free(port)
    with held_home():
        _only_a_demonstration()
        if fresh:
            _start_over()
        if unapplied():
            click.echo(_("Preparing the database …"))
            call_command("migrate", verbosity=0, interactive=False)
        if not Person.objects.exists():
            click.echo(_("Building the company …"))
            build_world()
        go_on()
        collect()
        connection.close()
        raise SystemExit(run(port, lambda: click.echo(_announcement(port)), worker=worker))


def _announcement(port: int) -> str:
    lines = [
        _("Earshot stands at {url}").format(url=f"http://{HOST}:{port}/"),
        _("Its data lie in {home}; commands find them with EARSHOT_HOME={home}").format(home=settings.HOME),
        _("Ctrl-C ends it."),
    ]
    return "\n".join(lines)


def _only_a_demonstration() -> None:
    """Signing in by one click, or starting over, on a real company's data would be its end."""
    tables = set(connection.introspection.table_names())
    if Person._meta.db_table not in tables or Entry._meta.db_table not in tables or not Person.objects.exists():
        return
    if not Entry.objects.filter(verb=BUILT).exists():
        sentence = _("The database in {home} holds a company that is no demonstration. Name another folder: EARSHOT_HOME")
        raise Refusal("demo.other_company", say(sentence, home=str(settings.HOME)))


def _start_over() -> None:
    if connection.vendor != "sqlite":
        raise Refusal("demo.fresh", _("--fresh is for the embedded database. Here, drop the database and make it anew yourself."))
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{settings.DATABASES['default']['NAME']}{suffix}").unlink(missing_ok=True)
