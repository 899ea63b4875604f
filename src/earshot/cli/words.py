"""How the command line says things: refusals, times, lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from unicodedata import east_asian_width

import click
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from earshot.clocks.models import WORKING, Clock
from earshot.clocks.queries import Reading
from earshot.kit import now
from earshot.kit.problems import Line, Refusal


def tell_refusal(refusal: Refusal) -> None:
    """The sentence, then each wrong argument, then each condition that failed and who can mend it; on stderr."""
    click.echo(str(refusal.sentence), err=True)
    for name, text in refusal.fields.items():
        click.echo(f"  {name}: {text}", err=True)
    for line in refusal.lines:
        click.echo(f"  - {tell_line(line)}", err=True)


def tell_line(line: Line) -> str:
    who = str(line.who)
    return f"{line.sentence} → {who}" if who else str(line.sentence)


def moment(at: datetime | None) -> str:
    return localtime(at).strftime("%Y-%m-%d %H:%M") if at else "–"


def by_day(day: date | None) -> str:
    """By which day, and how many are left."""
    if day is None:
        return "–"
    left = (day - localtime(now()).date()).days
    if left < 0:
        return ngettext("{day} ({n} day over)", "{day} ({n} days over)", -left).format(day=day, n=-left)
    return ngettext("{day} ({n} day left)", "{day} ({n} days left)", left).format(day=day, n=left)


def due(clock: Reading | None, at: datetime | None = None) -> str:
    """Until when, and whether holidays that are not confirmed yet may still move it."""
    if clock is None:
        return moment(at)
    return f"{moment(clock.due_at)} {_('(provisional)')}" if clock.clock.provisional else moment(clock.due_at)


def length(minutes: int) -> str:
    """Hours and minutes, as people write them: `4h`, `1h 30m`, `45m`."""
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours}h"] * bool(hours) + [f"{rest}m"] * bool(rest or not hours))


def limit(clock: Clock) -> str:
    """How long the time limit is, in its own measure."""
    if clock.measure == WORKING:
        return _("{length} of working time").format(length=length(clock.limit))
    return _("{length} by the clock").format(length=length(clock.limit))


def rows(lines: Iterable[Sequence[object]]) -> None:
    """Lines in columns, as wide as their widest cell; the last column runs free."""
    table = [[str(cell) for cell in line] for line in lines]
    if not table:
        click.echo(_("Nothing."))
        return
    widths = [max(_width(line[n]) for line in table) for n in range(len(table[0]) - 1)]
    for line in table:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=False)]
        click.echo("  ".join([*cells, line[-1]]).rstrip())


def _width(text: str) -> int:
    """Chinese letters take two columns of a terminal."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
