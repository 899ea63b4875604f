"""Working calendars: what they hold, their days out and in, years confirmed, working time reckoned."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from django.db.models import Q
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.timezone import is_aware, make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from earshot.cli.root import Group, option
from earshot.cli.who import acting, uuid
from earshot.cli.words import moment, rows
from earshot.desk.finding import FINDERS
from earshot.journal.actors import Actor, process
from earshot.kit import now, worktime
from earshot.kit.problems import missing, wrong
from earshot.people import calendars, rules
from earshot.people.actors import as_person
from earshot.people.models import Person, Unit, WorkingCalendar
from earshot.people.queries import business_time_of, days_of


@click.group(cls=Group, help=noop("Working calendars: by what hours and days units work."))
def calendar() -> None:
    pass


def _by(person: Person | None, command: str) -> Actor:
    return as_person(person) if person else process(f"cli/calendar {command}")


def _calendar(person: Person | None, words: str) -> WorkingCalendar:
    """The calendar that the words name, by id or exact name, among those that the person may see (None: all)."""
    seen = FINDERS["calendar"](person) if person else WorkingCalendar.objects.select_related("of_unit")
    by_id = uuid(words)
    found: WorkingCalendar | None = seen.filter(pk=by_id).first() if by_id else seen.filter(name=words.strip()).first()
    if found is None:
        raise missing()
    return found


def _unit(person: Person | None, words: str) -> Unit:
    seen = FINDERS["unit"](person) if person else Unit.objects.all()
    by_id = uuid(words)
    found: Unit | None = seen.filter(pk=by_id).first() if by_id else seen.filter(Q(code=words.strip()) | Q(name=words.strip())).first()
    if found is None:
        raise missing()
    return found


@calendar.command("list", help=noop("The calendars, who works by them, and to which day they are confirmed."))
@acting(required=False)
def list_(person: Person | None) -> None:
    seen = FINDERS["calendar"](person) if person else WorkingCalendar.objects.select_related("of_unit")
    rows(
        [
            one.pk,
            one.name,
            one.zone or "–",
            one.confirmed_to or "–",
            ", ".join([one.of_unit.name] if one.of_unit else [unit.name for unit in one.unit_set.all()]),
        ]
        for one in seen.prefetch_related("unit_set").order_by("name", "pk")
    )


@calendar.command(help=noop("Hours of the week, and the days of YEAR on which the week does not hold."))
@click.argument("which", metavar="CALENDAR")
@option("--year", type=click.IntRange(rules.FIRST_YEAR, rules.LAST_YEAR), help=noop("Otherwise this year."))
@acting(required=False)
def show(which: str, year: int | None, person: Person | None) -> None:
    one = _calendar(person, which)
    year = year or now().year
    if one.of_unit is None:
        rows([WEEKDAYS_ABBR[n], rules.written(spans) or _("nobody works")] for n, spans in enumerate(one.weekly))
        click.echo(_("{zone}; confirmed to {day}").format(zone=one.zone, day=one.confirmed_to))
    days = sorted((day for day in days_of(one).values() if day.day.year == year), key=lambda day: day.day)
    rows([day.day, rules.KINDS[day.kind], rules.written(day.spans) or _("nobody works"), day.name] for day in days)


@calendar.command(help=noop("Enter a day, or change it. Without --as it is the machine's own act, here and below."))
@click.argument("which", metavar="CALENDAR")
@click.argument("day_", metavar="DAY")
@option("--kind", type=click.Choice(list(rules.KINDS)), required=True, help=noop("What kind of day it is."))
@option("--hours", default="", help=noop("Such as “09:00-12:00 13:30-18:00”; empty is a day off, for a make-up day the usual hours."))
@option("--name", default="", help=noop("What the day is called."))
@acting(required=False)
def day(which: str, day_: str, kind: str, hours: str, name: str, person: Person | None) -> None:
    one = _calendar(person, which)
    calendars.set_day(by=_by(person, "day"), calendar=one, day=rules.day("DAY", day_), kind=kind, hours=hours, name=name)
    click.echo(_("The day is kept; time limits that run will move with it."))


@calendar.command(help=noop("The week holds again on DAY."))
@click.argument("which", metavar="CALENDAR")
@click.argument("day_", metavar="DAY")
@acting(required=False)
def remove(which: str, day_: str, person: Person | None) -> None:
    calendars.remove_day(by=_by(person, "remove"), calendar=_calendar(person, which), day=rules.day("DAY", day_))
    click.echo(_("The week holds again on this day; time limits that run will move with it."))


@calendar.command(help=noop("Print the table of days as a CSV file."))
@click.argument("which", metavar="CALENDAR")
@acting(required=False)
def export(which: str, person: Person | None) -> None:
    click.echo(rules.write_days(days_of(_calendar(person, which)).values()).replace("\r\n", "\n"), nl=False)


@calendar.command(
    "import",
    help=noop("Take in a CSV file of days. What it changes is printed first. It says all days of the years that stand in it."),
)
@click.argument("which", metavar="CALENDAR")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@option("--preview", is_flag=True, help=noop("Only show; nothing is written."))
@acting(required=False)
def import_(which: str, path: Path, preview: bool, person: Person | None) -> None:
    one = _calendar(person, which)
    content = rules.decoded(path.read_bytes())
    found = calendars.preview_days(one, content, file=path.name)
    for change in found.changes:
        click.echo(f"{change.day.isoformat()}  {calendars.told_day(change.before)} → {calendars.told_day(change.after)}")
    for bad in found.bad:
        click.echo(str(calendars.told_cell(bad)), err=True)
    if preview:
        click.echo(_("This was a preview: nothing was written."))
        return
    calendars.import_days(by=_by(person, "import"), calendar=one, content=content, file=path.name, version=one.version)
    n = len(found.changes)
    click.echo(ngettext("{n} day changed", "{n} days changed", n).format(n=n))


@calendar.command(help=noop("The holidays and make-up days of YEAR are published and entered: due times in it are no longer provisional."))
@click.argument("which", metavar="CALENDAR")
@click.argument("year", type=int)
@acting(required=False)
def confirm(which: str, year: int, person: Person | None) -> None:
    calendars.confirm_year(by=_by(person, "confirm"), calendar=_calendar(person, which), year=year)
    click.echo(_("{year} is confirmed: times due in it are no longer provisional.").format(year=year))


@calendar.command(help=noop("The confirmation of YEAR, the last one confirmed, is taken back: due times in it are provisional again."))
@click.argument("which", metavar="CALENDAR")
@click.argument("year", type=int)
@option("--reason", required=True, help=noop("Why."))
@acting(required=False)
def unconfirm(which: str, year: int, reason: str, person: Person | None) -> None:
    calendars.unconfirm_year(by=_by(person, "unconfirm"), calendar=_calendar(person, which), year=year, reason=reason)
    click.echo(_("{year} is confirmed no more: times due in it are provisional.").format(year=year))


@calendar.command(help=noop("Let UNIT work by CALENDAR; without CALENDAR, by that of the unit above."))
@click.argument("unit")
@click.argument("which", metavar="[CALENDAR]", required=False)
@acting(required=False)
def use(unit: str, which: str | None, person: Person | None) -> None:
    chosen = _calendar(person, which) if which else None
    calendars.use_calendar(by=_by(person, "use"), unit=_unit(person, unit), calendar=chosen)
    click.echo(_("Time limits that run will move."))


@calendar.command("own-days", help=noop("Open the table of days that UNIT has of its own, and print its id."))
@click.argument("unit")
@acting(required=False)
def own_days(unit: str, person: Person | None) -> None:
    made = calendars.own_days(by=_by(person, "own-days"), unit=_unit(person, unit))
    click.echo(f"{made.pk}  {made.name}")


@calendar.command(help=noop("The moment that lies MINUTES of working time of UNIT after START (before it, if negative)."))
@click.argument("unit")
@click.argument("start", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M%z"]))
@click.argument("minutes", type=click.IntRange(-1_000_000, 1_000_000))
@acting(required=False)
def reckon(unit: str, start: datetime, minutes: int, person: Person | None) -> None:
    time = business_time_of(_unit(person, unit).pk)
    begin = start if is_aware(start) else make_aware(start, time.calendar.zone)
    try:
        at = worktime.add(time.calendar, begin, minutes) if minutes >= 0 else worktime.subtract(time.calendar, begin, -minutes)
    except worktime.NoWorkingTime:
        raise wrong("MINUTES", _("This calendar has no working time within ten years.")) from None
    mark = f" {_('(provisional)')}" if at.astimezone(time.calendar.zone).date() > time.confirmed_to else ""
    click.echo(moment(at) + mark)
