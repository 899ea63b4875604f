"""Working calendars: hours, days, confirmed years; whose they are; working time reckoned."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from earshot.api import paging
from earshot.api.answers import Reply, read, shows_version, version, versioned, write
from earshot.api.auth import Asked, actor, me
from earshot.api.fields import CLEAN, AnyId, Body, Id, Moment, Named, Page, Short, ShortReason, moment, named
from earshot.desk.finding import FINDERS, find
from earshot.kit import worktime
from earshot.kit.problems import Refusal, wrong
from earshot.people import calendars, rules
from earshot.people.models import WorkingCalendar
from earshot.people.queries import BusinessTime, business_time_of, business_times, days_of, inherited_days

router = Router()
Kind = Literal["holiday", "make_up", "company", "exception"]
Hours = Annotated[str, StringConstraints(max_length=200, pattern=CLEAN)]
Year = Annotated[int, Field(ge=rules.FIRST_YEAR, le=rules.LAST_YEAR)]
MOST_MINUTES = 1_000_000


class CalendarLine(TypedDict):
    """`of_unit`: the days of this unit only, on top of the calendar that it inherits; otherwise null, and `units` are those that it was
    given to. Due times after `confirmed_to` are provisional."""

    id: Id
    name: str
    of_unit: Named | None
    zone: str
    confirmed_to: str
    units: list[Named]
    version: int


class DayShown(TypedDict):
    """A day on which the week does not hold. `hours` empty: nobody works. `inherited`: entered in a calendar above."""

    day: str
    kind: Kind
    hours: str
    name: str
    inherited: bool


class CalendarShown(CalendarLine):
    """`weekly`: hours from Monday to Sunday."""

    weekly: list[str]
    days: list[DayShown]


class NewCalendar(Body):
    name: Annotated[Short, Field(min_length=1)]
    zone: Annotated[Short, Field(min_length=1)] = "Asia/Shanghai"
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] = "CN"


class NewHours(Body):
    name: Annotated[Short, Field(min_length=1)]
    zone: Annotated[Short, Field(min_length=1)]
    weekly: Annotated[list[Hours], Field(min_length=7, max_length=7)]


class NewDay(Body):
    """`hours` empty: a day off, but for a make-up day the usual hours."""

    kind: Kind
    hours: Hours = ""
    name: Short = ""


class NewFile(Body):
    """`content`: a table with the columns day, kind, hours, name. It says all days of the years that stand in it."""

    content: Annotated[str, StringConstraints(min_length=1, max_length=1_000_000, pattern=CLEAN)]
    file: Annotated[Short, Field(min_length=1)] = "days.csv"


class Unconfirmed(Body):
    year: Year
    reason: ShortReason


class ChosenCalendar(Body):
    """Null: that of the nearest unit above."""

    calendar: AnyId | None


class WorkingTime(TypedDict):
    """`minutes` of working time from `start` to `end`, by the business time of `unit`."""

    start: Moment
    end: Moment
    minutes: int
    provisional: bool


def calendar_line(one: WorkingCalendar, time: BusinessTime | None) -> CalendarLine:
    """`time`: the business time of the unit whose days these are."""
    confirmed_to = time.confirmed_to if time else one.confirmed_to
    return {
        "id": str(one.pk),
        "name": one.name,
        "of_unit": named(one.of_unit) if one.of_unit else None,
        "zone": str(time.calendar.zone) if time else one.zone,
        "confirmed_to": str(confirmed_to),
        "units": [named(unit) for unit in one.unit_set.all()],
        "version": one.version,
    }


def calendar_shown(one: WorkingCalendar) -> CalendarShown:
    own = days_of(one)
    time = business_time_of(one.of_unit_id) if one.of_unit_id else None
    days = (inherited_days(one.of_unit_id) if one.of_unit_id else {}) | own
    weekly = time.calendar.weekly if time else one.weekly
    return {
        **calendar_line(one, time),
        "weekly": [rules.written(spans) for spans in weekly],
        "days": [
            {
                "day": day.day.isoformat(),
                "kind": day.kind,  # type: ignore[typeddict-item]  # by the choices of its column
                "hours": rules.written(day.spans),
                "name": day.name,
                "inherited": day.day not in own,
            }
            for day in sorted(days.values(), key=lambda day: day.day)
        ],
    }


def _answer(one: WorkingCalendar, status: int = 200) -> Reply:
    fresh = WorkingCalendar.objects.select_related("of_unit").get(pk=one.pk)
    return Reply(calendar_shown(fresh), status, version=fresh.version)


@router.get("/calendars", response=Page[CalendarLine])
@read
def list_calendars(request: Asked, cursor: paging.Cursor = None, limit: paging.Limit = paging.USUAL) -> Page[CalendarLine]:
    """The calendars of your unit and of those above; all of them for whoever administers."""
    found, after = paging.part(FINDERS["calendar"](me(request)).prefetch_related("unit_set"), ("name", "id"), cursor, limit)
    times = business_times(one.of_unit_id for one in found if one.of_unit_id)
    return {"items": [calendar_line(one, times.get(one.of_unit_id) if one.of_unit_id else None) for one in found], "next": after}


@router.post("/calendars", response={201: CalendarShown})
@write
def set_calendar(request: Asked, body: NewCalendar) -> Reply:
    """A further calendar: the office week with the public holidays of a country, to be changed then."""
    return _answer(calendars.set_calendar(by=actor(request), name=body.name, zone=body.zone, country=body.country), 201)


@router.get("/calendars/{calendar_id}", response=CalendarShown)
@shows_version
@read
def show_calendar(request: Asked, calendar_id: AnyId) -> Reply:
    """Hours, and every day on which the week does not hold."""
    one = find(me(request), "calendar", calendar_id)
    return Reply(calendar_shown(one), version=one.version)


@router.put("/calendars/{calendar_id}/hours", response=CalendarShown)
@shows_version
@versioned
@write
def change_hours(request: Asked, calendar_id: AnyId, body: NewHours) -> Reply:
    """Name, time zone and weekly hours. Time limits that run move with them."""
    one = find(me(request), "calendar", calendar_id)
    return _answer(
        calendars.change_hours(
            by=actor(request), calendar=one, name=body.name, zone=body.zone, weekly=body.weekly, version=version(request)
        )
    )


@router.put("/calendars/{calendar_id}/days/{day}", response=CalendarShown)
@shows_version
@write
def set_day(request: Asked, calendar_id: AnyId, day: date, body: NewDay) -> Reply:
    """Enter a day, or change it. Time limits that run move with it."""
    one = find(me(request), "calendar", calendar_id)
    calendars.set_day(by=actor(request), calendar=one, day=day, kind=body.kind, hours=body.hours, name=body.name)
    return _answer(one)


@router.delete("/calendars/{calendar_id}/days/{day}", response={204: None})
@write
def remove_day(request: Asked, calendar_id: AnyId, day: date) -> Reply:
    """The week holds again on this day."""
    calendars.remove_day(by=actor(request), calendar=find(me(request), "calendar", calendar_id), day=day)
    return Reply(status=204)


@router.post("/calendars/{calendar_id}/files", response=CalendarShown)
@shows_version
@versioned
@write
def import_days(request: Asked, calendar_id: AnyId, body: NewFile) -> Reply:
    """Take in a file of days, all of it or, with one line that cannot be read, nothing: then each such line is named."""
    one = find(me(request), "calendar", calendar_id)
    calendars.import_days(by=actor(request), calendar=one, content=body.content, file=body.file, version=version(request))
    return _answer(one)


@router.put("/calendars/{calendar_id}/confirmed-years/{year}", response=CalendarShown)
@shows_version
@write
def confirm_year(request: Asked, calendar_id: AnyId, year: Year) -> Reply:
    """The holidays and make-up days of this year are published and entered: due times in it are no longer provisional."""
    one = find(me(request), "calendar", calendar_id)
    calendars.confirm_year(by=actor(request), calendar=one, year=year)
    return _answer(one)


@router.post("/calendars/{calendar_id}/unconfirmed-years", response={201: CalendarShown})
@shows_version
@write
def unconfirm_year(request: Asked, calendar_id: AnyId, body: Unconfirmed) -> Reply:
    """The confirmation of the last confirmed year is taken back: due times in it are provisional again."""
    one = find(me(request), "calendar", calendar_id)
    calendars.unconfirm_year(by=actor(request), calendar=one, year=body.year, reason=body.reason)
    return _answer(one, 201)


@router.put("/units/{unit_id}/calendar", response={204: None})
@write
def use_calendar(request: Asked, unit_id: AnyId, body: ChosenCalendar) -> Reply:
    """The unit, and those below it that have none of their own, work by this calendar from now on."""
    unit = find(me(request), "unit", unit_id)
    chosen = find(me(request), "calendar", body.calendar) if body.calendar else None
    calendars.use_calendar(by=actor(request), unit=unit, calendar=chosen)
    return Reply(status=204)


@router.post("/units/{unit_id}/own-days", response={201: CalendarShown})
@write
def own_days(request: Asked, unit_id: AnyId) -> Reply:
    """The table of the days that this unit has of its own, on top of the calendar that it inherits; there once."""
    return _answer(calendars.own_days(by=actor(request), unit=find(me(request), "unit", unit_id)), 201)


@router.get("/units/{unit_id}/working-time", response=WorkingTime)
@read
def working_time(
    request: Asked,
    unit_id: AnyId,
    start: datetime,
    end: Annotated[datetime | None, Query(description="Count the minutes until then.")] = None,
    minutes: Annotated[
        int | None, Query(ge=-MOST_MINUTES, le=MOST_MINUTES, description="Or: this many later; below zero, earlier.")
    ] = None,
) -> WorkingTime:
    """Working time between two moments, or the moment that lies so much working time later or earlier."""
    time = business_time_of(find(me(request), "unit", unit_id).pk)
    calendar = time.calendar
    for name, at in (("start", start), ("end", end)):
        if at is not None and (at.tzinfo is None or not rules.FIRST_YEAR <= at.year <= rules.LAST_YEAR):
            raise wrong(name, _("Give a moment with its time zone, such as 2026-11-23T10:00:00+08:00."))
    if (end is None) == (minutes is None):
        raise wrong("end", _("Give either the end or the minutes."))
    try:
        if end is None:
            assert minutes is not None
            end = worktime.add(calendar, start, minutes) if minutes >= 0 else worktime.subtract(calendar, start, -minutes)
        counted = worktime.between(calendar, start, end)
    except worktime.NoWorkingTime:
        raise Refusal("calendar.no_working_time", _("This calendar has no working time within ten years.")) from None
    last = max(start, end).astimezone(calendar.zone).date()
    return {"start": moment(start), "end": moment(end), "minutes": counted, "provisional": last > time.confirmed_to}
