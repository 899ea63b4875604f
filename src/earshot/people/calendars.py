"""Verbs on working calendars. What is kept by a due time moves with them: see `clocks/calendar_change.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django.db.models import F
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from earshot.journal.actions import record, verb
from earshot.journal.actors import Actor
from earshot.journal.kinds import ref
from earshot.journal.models import Entry
from earshot.journal.queries import in_language
from earshot.kit import now, uuid7
from earshot.kit.engine import locks
from earshot.kit.problems import Line, Refusal, Together, in_both, say, stale, wrong
from earshot.kit.texts import text
from earshot.people import permits, rules
from earshot.people.models import CalendarDay, Unit, WorkingCalendar
from earshot.people.queries import business_time_of, days_of
from earshot.people.rules import HOLIDAY, MAKE_UP, BadCell, Change, Day

OFFICE_WEEK = [[[540, 720], [810, 1080]]] * 5 + [[], []]  # 9:00–12:00, 13:30–18:00, Monday to Friday
MOST_TOLD = 5  # days that the sentence of a change names; its entry holds them all


@verb
def set_calendar(*, by: Actor, name: str, zone: str = "Asia/Shanghai", years: range | None = None, country: str = "CN") -> WorkingCalendar:
    """A further calendar: the office week with the public holidays and make-up working days of `years` (by default last year to the
    next). Refused where a calendar has this name: what a unit works by is never written over by a name.

    The table starts from the `holidays` package and is the company's own from then on. Days beyond the last year whose
    make-up days are published are provisional.
    """
    may_change(by)
    this_year = now().year
    years = years or range(this_year - 1, this_year + 2)
    each = Together()
    name, zone = each(_own_name, name), each(_zone, zone)
    each.refuse()
    confirmed_to = date(min(this_year, years[-1]), 12, 31)
    calendar = WorkingCalendar.objects.create(name=name, zone=zone, weekly=OFFICE_WEEK, confirmed_to=confirmed_to)
    seeded = [one for year in years for one in rules.seed_days(country, year, rules.usual(OFFICE_WEEK))]
    _write(calendar, rules.differences({}, {one.day: one for one in seeded}, [one.day for one in seeded]))
    record("people.calendar_set", by=by, objects={"calendar": calendar}, scopes=[calendar])
    return calendar


@verb
def own_days(*, by: Actor, unit: Unit) -> WorkingCalendar:
    """The table of the days that a unit has of its own, on top of the calendar that it inherits; empty at first, and there once."""
    may_change(by)
    found = WorkingCalendar.objects.filter(of_unit=unit).first()
    if found is None:
        found = WorkingCalendar.objects.create(name=_free_name(unit), of_unit=unit, zone="")
        record("people.own_days_begun", by=by, objects={"calendar": found, "unit": unit}, scopes=[found])
    return found


def _own_name(typed: str, calendar: WorkingCalendar | None = None) -> str:
    """A name that no other calendar has."""
    name = text("name", typed, most=100)
    others = WorkingCalendar.objects.filter(name=name)
    if (others.exclude(pk=calendar.pk) if calendar else others).exists():
        raise wrong("name", say(_("There is a calendar “{name}” already."), name=name))
    return name


def _free_name(unit: Unit) -> str:
    """The unit's own name; with its code where another calendar is called so."""
    taken = WorkingCalendar.objects.filter(name=unit.name[:100]).exists()
    return f"{unit.name} ({unit.code})"[:100] if taken else unit.name[:100]


@verb
def change_hours(
    *, by: Actor, calendar: WorkingCalendar, name: str, zone: str, weekly: Sequence[str], version: int | None = None
) -> WorkingCalendar:
    """Name, time zone and weekly hours; `weekly`: for Monday to Sunday, hours as people write them."""
    may_change(by)
    calendar = _locked(calendar, version)
    if calendar.of_unit_id is not None:
        raise Refusal(
            "calendar.of_unit", _("The days of one unit have the hours of the calendar above. Change them there."), about=ref(calendar)
        )
    before = {"name": calendar.name, "zone": calendar.zone, "weekly": [rules.written(spans) for spans in calendar.weekly]}
    each = Together()
    name, zone = each(_own_name, name, calendar), each(_zone, zone)
    week = [each(rules.hours, f"weekly_{number}", typed) for number, typed in enumerate(weekly, 1)]
    each.refuse()
    if len(week) != 7 or not any(week):
        raise wrong("weekly_1", _("Give the hours of at least one day of the week."))
    calendar.name, calendar.zone, calendar.weekly = name, zone, [list(map(list, spans)) for spans in week]
    after = {"name": calendar.name, "zone": calendar.zone, "weekly": [rules.written(spans) for spans in calendar.weekly]}
    if before == after:
        return calendar
    _write(calendar, [])
    data = {"before": before, "after": after, "hours": ", ".join(after["weekly"]), "zone": after["zone"]}
    record("people.hours_changed", by=by, objects={"calendar": calendar}, scopes=[calendar], data=data)
    return calendar


@verb
def set_day(
    *, by: Actor, calendar: WorkingCalendar, day: date, kind: str, hours: str = "", name: str = "", version: int | None = None
) -> None:
    """Enter one day on which the week does not hold, or change it. A make-up day without `hours` has those of an ordinary day."""
    may_change(by)
    calendar = _locked(calendar, version)
    each = Together()
    spans, name = each(rules.hours, "hours", hours), each(text, "name", name, most=100, required=False)
    each.refuse()
    if kind == MAKE_UP and not spans:
        spans = usual_of(calendar)
    one = rules.fitting(Day(day, kind, spans, name), own=calendar.of_unit_id is not None)
    _change(by, calendar, rules.differences(days_of(calendar), {day: one}, [day]))


@verb
def remove_day(*, by: Actor, calendar: WorkingCalendar, day: date, version: int | None = None) -> None:
    """The week holds again on this day."""
    may_change(by)
    calendar = _locked(calendar, version)
    if day not in days_of(calendar):
        raise wrong("day", say(_("{day} is not in this table: the week holds on it already."), day=day.isoformat()))
    _change(by, calendar, rules.differences(days_of(calendar), {}, [day]))


@verb
def seed_year(*, by: Actor, calendar: WorkingCalendar, year: int, country: str = "CN", version: int | None = None) -> None:
    """Holidays and make-up days of a year as the package `holidays` knows them now; company days stay as they are."""
    may_change(by)
    calendar = _locked(calendar, version)
    if calendar.of_unit_id is not None:
        raise Refusal(
            "calendar.of_unit",
            _("The days of one unit are its exceptions only. Holidays stand in the calendar above."),
            about=ref(calendar),
        )
    _year(year)
    before = days_of(calendar)
    kept = {day: one for day, one in before.items() if day.year != year or one.kind not in (HOLIDAY, MAKE_UP)}
    after = {one.day: one for one in rules.seed_days(country, year, usual_of(calendar))} | kept
    _change(by, calendar, rules.differences(before, after, [*before, *after]))


@dataclass(frozen=True)
class Preview:
    """What a file of days would do: to which years, which changes; and what in it could not be read."""

    years: tuple[int, ...]
    changes: tuple[Change, ...]
    bad: tuple[BadCell, ...]
    same: int


def preview_days(calendar: WorkingCalendar, content: str, *, file: str) -> Preview:
    """Read a file of days against the table. The file says all of the years that it speaks of: a day of those years that is not in
    it falls away; other years stay."""
    found, bad = rules.read_days(content, file=file, usual_hours=usual_of(calendar), own=calendar.of_unit_id is not None)
    years = sorted({one.day.year for one in found})
    before = days_of(calendar)
    after = {one.day: one for one in found}
    changes = rules.differences(before, after, [*(day for day in before if day.year in years), *after])
    return Preview(tuple(years), tuple(changes), tuple(bad), sum(before.get(day) == one for day, one in after.items()))


@verb
def import_days(*, by: Actor, calendar: WorkingCalendar, content: str, file: str, version: int | None = None) -> Preview:
    """Take in a file of days, all of it or, with one line that cannot be read, nothing."""
    may_change(by)
    calendar = _locked(calendar, version)
    found = preview_days(calendar, content, file=file)
    if found.bad or not found.years:
        sentence = _("The file cannot be taken in as it stands.") if found.bad else _("There is no day in this file.")
        raise Refusal("calendar.file", sentence, lines=[Line("calendar.cell", told_cell(one)) for one in found.bad], about=ref(calendar))
    _change(by, calendar, found.changes, file=file)
    return found


def told_cell(bad: BadCell) -> Any:
    """One cell that could not be read, in words: file, line, column, what stands there, what would be right."""
    place = f"{bad.file}:{bad.line}"
    return say(_("{place} {column} = “{value}”. {right}"), place=place, column=bad.column or "–", value=bad.value, right=bad.right)


@verb
def confirm_year(*, by: Actor, calendar: WorkingCalendar, year: int, version: int | None = None) -> None:
    """The holidays and make-up days of this year are published and entered: due times in it are no longer provisional."""
    may_change(by)
    calendar = _locked(calendar, version)
    if calendar.confirmed_to is None:
        raise Refusal("calendar.of_unit", _("A year is confirmed in the calendar that the unit inherits."), about=ref(calendar))
    _year(year)
    last = calendar.confirmed_to.year
    if year <= last:
        raise wrong("year", say(_("All days to the end of {year} are confirmed already."), year=last), code="calendar.confirmed")
    if year != last + 1:
        raise wrong("year", say(_("Confirm {next} first: years are confirmed one after the other."), next=last + 1))
    if not calendar.days.filter(day__year=year).exists():
        sentence = _("No day of {year} is entered. Enter its holidays and make-up days first; then confirm the year.")
        raise wrong("year", say(sentence, year=year), code="calendar.empty_year")
    calendar.confirmed_to = date(year, 12, 31)
    _write(calendar, [])
    record("people.year_confirmed", by=by, objects={"calendar": calendar}, scopes=[calendar], data={"year": year})


@verb
def unconfirm_year(*, by: Actor, calendar: WorkingCalendar, year: int, reason: str, version: int | None = None) -> None:
    """The confirmation of the last confirmed year is taken back, with a reason: due times in it are provisional again."""
    may_change(by)
    calendar = _locked(calendar, version)
    if calendar.confirmed_to is None:
        raise Refusal("calendar.of_unit", _("A year is confirmed in the calendar that the unit inherits."), about=ref(calendar))
    each = Together()
    reason = each(text, "reason", reason, most=300)
    each(_last_confirmed, calendar.confirmed_to.year, year)
    each.refuse()
    calendar.confirmed_to = date(year - 1, 12, 31)
    _write(calendar, [])
    data = {"year": year, "reason": reason}
    record("people.year_unconfirmed", by=by, objects={"calendar": calendar}, scopes=[calendar], data=data)


def _last_confirmed(last: int, year: int) -> None:
    _year(year)
    if year > last:
        raise wrong("year", say(_("{year} is not confirmed."), year=year), code="calendar.not_confirmed")
    if year < last:
        sentence = _("Take back {last} first: confirmations are taken back one after the other, the last one first.")
        raise wrong("year", say(sentence, last=last), code="calendar.not_last")


@verb
def use_calendar(*, by: Actor, unit: Unit, calendar: WorkingCalendar | None) -> None:
    """The unit, and those below it that have none of their own, work by this calendar; None: by that of the nearest unit above."""
    may_change(by)
    locks.lock(Unit.objects.filter(pk=unit.pk))
    unit = Unit.objects.select_related("calendar").get(pk=unit.pk)
    if calendar is not None and calendar.of_unit_id is not None:
        raise wrong("calendar", _("These are the days of one unit only. Choose a whole calendar."))
    before = unit.calendar
    if before == calendar:
        return
    unit.calendar = calendar
    unit.save(update_fields=["calendar"])
    scopes = [unit, *(one for one in (before, calendar) if one is not None)]
    objects = {"unit": unit} | ({"calendar": calendar} if calendar else {})
    record("people.calendar_given", by=by, objects=objects, scopes=scopes, data={"calendar": in_both(_("that of the unit above"))})


def usual_of(calendar: WorkingCalendar) -> rules.Spans:
    """The hours of an ordinary working day, for one unit's days those of the calendar that it inherits."""
    if calendar.of_unit_id is not None:
        return rules.usual(business_time_of(calendar.of_unit_id).calendar.weekly)
    return rules.usual(calendar.weekly)


def may_change(by: Actor) -> None:
    """Whoever administers; nobody reckons a due time to be kept while the table changes."""
    permits.require(by, permits.ADMINISTER)
    locks.hold(locks.CALENDARS)


def _locked(calendar: WorkingCalendar, version: int | None) -> WorkingCalendar:
    """The calendar as it stands now; refused when somebody changed it since `version`."""
    found = WorkingCalendar.objects.prefetch_related("days").get(pk=calendar.pk)
    if version is not None and version != found.version:
        last = Entry.objects.filter(objects_touched__object_id=found.pk).order_by("-seq").first()
        changed = last.data.get("changes") if last else None
        lines = [Line("calendar.changed_since", _Told(changed))] if changed else []
        raise stale(
            _("Somebody changed this calendar since you opened it. Look at it as it stands now, then save again."), lines, ref(found)
        )
    return found


@dataclass(frozen=True)
class _Told:
    """A change as its entry tells it, in the reader's language."""

    value: Mapping[str, str]

    def __str__(self) -> str:
        return str(in_language(self.value))


def _change(by: Actor, calendar: WorkingCalendar, changes: Sequence[Change], file: str = "") -> None:
    if not changes:
        return
    _write(calendar, changes)
    data = {
        "changes": in_both(_told(changes)),
        "file": file,
        "days": [
            {
                "day": one.day.isoformat(),
                "before": one.before.plain() if one.before else None,
                "after": one.after.plain() if one.after else None,
            }
            for one in changes
        ],
    }
    record("people.days_changed", by=by, objects={"calendar": calendar}, scopes=[calendar], data=data)


def _write(calendar: WorkingCalendar, changes: Iterable[Change]) -> None:
    """Keep the calendar and the days that change, as a new version and a new edition."""
    changes = list(changes)
    calendar.edition = uuid7()
    calendar.save(update_fields=["name", "zone", "weekly", "confirmed_to", "edition"])
    WorkingCalendar.objects.filter(pk=calendar.pk).update(version=F("version") + 1)
    calendar.version += 1
    CalendarDay.objects.filter(calendar=calendar, day__in=[one.day for one in changes]).delete()
    kept = [one.after for one in changes if one.after is not None]
    CalendarDay.objects.bulk_create(
        CalendarDay(calendar=calendar, day=one.day, kind=one.kind, spans=[list(span) for span in one.spans], name=one.name) for one in kept
    )
    calendar._prefetched_objects_cache = {}  # type: ignore[attr-defined]  # what Django itself reads


def _told(changes: Sequence[Change]) -> Any:
    """The changes in words: the first few, and how many more."""
    told = [_told_one(one) for one in changes[:MOST_TOLD]]
    more = len(changes) - MOST_TOLD
    if more > 0:
        told.append(say(ngettext_lazy("and {n} more day", "and {n} more days", more), n=more))
    return format_lazy("; ".join(["{}"] * len(told)), *told)


def _told_one(change: Change) -> Any:
    return say(
        _("{day}: {after} (before: {before})"), day=change.day.isoformat(), after=told_day(change.after), before=told_day(change.before)
    )


def told_day(one: Day | None) -> Any:
    """What a day is, in words."""
    if one is None:
        return _("as the week says")
    words = [part for part in (rules.KINDS[one.kind], one.name) if part]
    hours = rules.written(one.spans) or _("nobody works")
    return format_lazy(" ".join(["{}"] * (len(words) + 1)), *words, hours)


def _year(year: int) -> None:
    if not rules.FIRST_YEAR <= year <= rules.LAST_YEAR:
        raise wrong("year", say(_("Give a year from {first} to {last}."), first=rules.FIRST_YEAR, last=rules.LAST_YEAR))


def _zone(typed: str) -> str:
    zone = text("zone", typed, most=60)
    if zone not in available_timezones():
        raise wrong("zone", _("Give a time zone such as Asia/Shanghai or Europe/Berlin."))
    return zone
