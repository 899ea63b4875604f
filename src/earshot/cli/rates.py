"""Exchange rates: list, enter."""

from __future__ import annotations

from pathlib import Path

import click
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from earshot.cli.root import Group
from earshot.cli.who import acting
from earshot.cli.words import moment, rows
from earshot.deals.rates import enter_rates, live, of_csv
from earshot.kit.problems import wrong
from earshot.people.actors import as_person
from earshot.people.models import Person


@click.group(cls=Group, help=noop("Exchange rates of the company, by day."))
def rates() -> None:
    pass


@rates.command("list", help=noop("The rates by which sums are converted, the newest day first."))
@acting()
def list_(person: Person) -> None:
    found = live().select_related("person").order_by("-day", "currency")[:200]
    rows([one.day, f"1 {one.currency} = {one.rate.normalize():f} {one.base}", moment(one.at), one.person or ""] for one in found)


@rates.command("enter", help=noop("Enter the rates of a CSV (currency, day, rate): all of them, or none."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@acting()
def enter(file: Path, person: Person) -> None:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise wrong("file", _("This file is no text in UTF-8.")) from None
    entered = enter_rates(by=as_person(person), rates=of_csv(text))
    click.echo(_("Rates entered: {n}").format(n=entered))
