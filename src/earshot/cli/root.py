"""The command `earshot`: which command stands in which module, in which language it speaks, and how a refusal is said.

Modules are loaded when their command is asked for, after Django is set up.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from django.conf import settings
from django.utils import translation as language
from django.utils.translation import gettext, gettext_lazy, override
from django.utils.translation import gettext_noop as noop

from earshot import __version__
from earshot.cli import MAKING

COMMANDS = {
    "accounts": "earshot.cli.accounts:accounts",
    "alarms": "earshot.cli.desk:alarms",
    "calendar": "earshot.cli.calendars:calendar",
    "calls": "earshot.cli.calls:calls",
    "channels": "earshot.cli.channels:channels",
    "clock": "earshot.cli.clocks:clock",
    "check": "earshot.cli.house:check",
    "contacts": "earshot.cli.contacts:contacts",
    "day": "earshot.cli.desk:day",
    "deals": "earshot.cli.waits:deals",
    "leads": "earshot.cli.leads:leads",
    "rates": "earshot.cli.rates:rates",
    "deliveries": "earshot.cli.journal:deliveries",
    "demo": "earshot.cli.demo:demo",
    "intake": "earshot.cli.intake:intake",
    "items": "earshot.cli.voice:items",
    "login": "earshot.cli.people:login",
    "migrate": "earshot.cli.house:migrate",
    "people": "earshot.cli.absences:people",
    "playbook": "earshot.cli.playbooks:playbook",
    "seats": "earshot.cli.teams:seats",
    "serve": "earshot.cli.serve:serve",
    "talk": "earshot.cli.talk:talk",
    "token": "earshot.cli.people:token",
    "views": "earshot.cli.views:views",
    "worker": "earshot.cli.journal:worker",
}
LANGUAGES = ["en", "zh-hans"]
REFUSED = 2


def _spoken(words: str | None) -> str | None:
    """Help that was marked where it stands (`noop`), in the reader's language."""
    return language.gettext(words) if words else words


class Worded(click.Command):
    """A command whose help is read in the language of whoever reads it."""

    def get_short_help_str(self, limit: int = 45) -> str:
        return _spoken(self.help) or ""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        kept, self.help = self.help, _spoken(self.help)
        try:
            super().format_help_text(ctx, formatter)
        finally:
            self.help = kept

    def invoke(self, ctx: click.Context) -> Any:
        if not isinstance(self, click.Group) and _path(ctx)[0] not in MAKING:
            must_stand()
        return super().invoke(ctx)


def _path(ctx: click.Context) -> list[str]:
    """`earshot deals show` → deals, show."""
    return [*(_path(ctx.parent) if ctx.parent and ctx.parent.parent else []), ctx.info_name or ""]


def must_stand() -> None:
    """Refuse where there is no house: a folder named by mistake would otherwise be told as an empty one."""
    from django.db import connection

    from earshot.kit.problems import Refusal, say

    if connection.vendor != "sqlite" or Path(connection.settings_dict["NAME"]).exists():
        return
    near = settings.HOME / "demo"
    stands = (near / Path(connection.settings_dict["NAME"]).name).exists()
    hint = say(gettext_lazy("; did you mean {folder}?"), folder=near) if stands else "."
    sentence = gettext_lazy(
        "There is no Earshot in {home}{hint} Name the folder where it lies (EARSHOT_HOME), or make one there: earshot migrate"
    )
    raise Refusal("home.none", say(sentence, home=settings.HOME, hint=hint))


class Option(click.Option):
    """An option whose help is read in the language of whoever reads it."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        kept, self.help = self.help, _spoken(self.help)
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = kept


class Group(Worded, click.Group):
    """Commands of one subject."""

    command_class = Worded


Group.group_class = Group


def option(*names: str, **settings: Any) -> Any:
    """`click.option`, with help in both languages."""
    return click.option(*names, cls=Option, **settings)


def set_up() -> None:
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


class Root(Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        set_up()
        ctx.with_resource(override(_language(args)))  # before anything is said, help included
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(name for name in COMMANDS if _exists(name))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS or not _exists(name):
            return None
        module, _colon, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        from django.db.utils import OperationalError, ProgrammingError

        from earshot.clocks.test_clock import follow_if_possible
        from earshot.kit.problems import Refusal

        follow_if_possible()
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            from earshot.cli.words import tell_refusal

            tell_refusal(refusal)
            ctx.exit(REFUSED)
        except (OperationalError, ProgrammingError) as error:
            from earshot.cli.house import unapplied

            if not unapplied():
                raise
            click.echo(gettext("The database is not up to date ({error}). Run “earshot migrate” first.").format(error=error), err=True)
            ctx.exit(1)


def _exists(name: str) -> bool:
    """The test clock is there only where it may be moved."""
    return name != "clock" or settings.TEST_CLOCK


def _language(args: list[str]) -> str:
    words = [word.removeprefix("--language=") for word in args]
    named = [words[n] for n, word in enumerate(args) if word.startswith("--language=") or (n and args[n - 1] == "--language")]
    asked = (named or [os.environ.get("EARSHOT_LANGUAGE", "")])[0]
    return asked if asked in LANGUAGES else LANGUAGES[0]


@click.group(cls=Root, help=noop("Earshot: those within earshot of the customer decide, and everyone who must hear, hears."))
@click.version_option(__version__)
@option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    envvar="EARSHOT_LANGUAGE",
    show_envvar=True,
    help=noop("In which language to speak."),
)
def earshot(language: str) -> None:
    pass
