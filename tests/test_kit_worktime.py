"""Business time: against a walk minute by minute that anybody can check, and against an independent calendar of China's offices."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from earshot.clocks import rules as clock_rules
from earshot.journal.actors import process
from earshot.kit import worktime
from earshot.kit.worktime import Calendar, NoWorkingTime
from earshot.people.calendars import set_calendar
from earshot.people.rules import seed_days

SHANGHAI, BERLIN, KATHMANDU = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kathmandu")
OFFICE = ((540, 720), (810, 1080))
WEEK = (OFFICE,) * 5 + ((), ())
SIMPLE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def works_at(calendar: Calendar, moment: datetime) -> bool:
    """Whether the minute that begins at `moment` is working time: what the wall clock of the place shows, looked up."""
    local = moment.astimezone(calendar.zone)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in calendar.days.get(local.date(), calendar.weekly[local.weekday()]))


def walk(calendar: Calendar, moment: datetime, minutes: int) -> datetime:
    """`add`, minute by minute."""
    here = moment.astimezone(UTC).replace(second=0, microsecond=0)
    if minutes == 0:
        while not works_at(calendar, here):
            here += timedelta(minutes=1)
        return here
    while minutes:
        if works_at(calendar, here):
            minutes -= 1
        here += timedelta(minutes=1)
    return here


def count(calendar: Calendar, start: datetime, end: datetime) -> int:
    """`between`, minute by minute."""
    here, last = start.astimezone(UTC).replace(second=0, microsecond=0), end.astimezone(UTC).replace(second=0, microsecond=0)
    total = 0
    while here < last:
        total += works_at(calendar, here)
        here += timedelta(minutes=1)
    return total


@st.composite
def spans(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Zero to two spans of a day in quarters of an hour, in order, without overlap; also up to midnight."""
    edges = sorted(draw(st.lists(st.integers(0, 96), min_size=0, max_size=4, unique=True)))
    edges = edges[: len(edges) // 2 * 2]
    return tuple((edges[i] * 15, edges[i + 1] * 15) for i in range(0, len(edges), 2))


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 28))


@st.composite
def calendars(draw: st.DrawFn, *zones: ZoneInfo) -> Calendar:
    weekly = [draw(spans()) for _ in range(7)]
    weekly[draw(st.integers(0, 6))] = OFFICE  # some working time there is
    return Calendar(draw(st.sampled_from(zones or (SHANGHAI, KATHMANDU))), tuple(weekly), draw(st.dictionaries(DAYS, spans(), max_size=6)))


MOMENTS = st.datetimes(datetime(2026, 1, 5), datetime(2026, 12, 10), timezones=st.just(UTC))


@SIMPLE
@given(calendars(), MOMENTS, st.integers(0, 1500))
@example(Calendar(SHANGHAI, WEEK), datetime(2026, 11, 23, 2, 0, tzinfo=UTC), 240)
@example(Calendar(SHANGHAI, WEEK), datetime(2026, 11, 20, 9, 59, 59, 999999, tzinfo=UTC), 1)
def test_adding_working_minutes_is_walking_them_one_by_one(calendar: Calendar, moment: datetime, minutes: int) -> None:
    assert worktime.add(calendar, moment, minutes) == walk(calendar, moment, minutes)


@SIMPLE
@given(calendars(), MOMENTS, st.integers(-10_000, 10_000))
def test_counting_working_minutes_is_counting_them_one_by_one(calendar: Calendar, moment: datetime, apart: int) -> None:
    other = moment + timedelta(minutes=apart)
    expected = count(calendar, moment, other) if apart >= 0 else -count(calendar, other, moment)
    assert worktime.between(calendar, moment, other) == expected


@SIMPLE
@given(calendars(SHANGHAI, BERLIN, KATHMANDU), MOMENTS, st.integers(1, 5000))
def test_what_is_added_is_what_lies_between(calendar: Calendar, moment: datetime, minutes: int) -> None:
    due = worktime.add(calendar, moment, minutes)
    assert worktime.between(calendar, moment, due) == minutes
    assert worktime.between(calendar, due, moment) == -minutes
    assert worktime.add(calendar, moment, minutes - 1) < due


@SIMPLE
@given(calendars(SHANGHAI, BERLIN), MOMENTS, st.integers(0, 900), st.integers(0, 900))
def test_two_lengths_one_after_the_other_are_their_sum(calendar: Calendar, moment: datetime, one: int, two: int) -> None:
    assert worktime.add(calendar, worktime.add(calendar, moment, one), two) == worktime.add(calendar, moment, one + two) or two == 0


def previous(calendar: Calendar, moment: datetime, minutes: int) -> datetime:
    """`subtract`, minute by minute."""
    here = moment.astimezone(UTC).replace(second=0, microsecond=0)
    step = timedelta(minutes=1)
    if minutes == 0:
        while not works_at(calendar, here - step):
            here -= step
        return here
    while minutes:
        here -= step
        minutes -= works_at(calendar, here)
    return here


@SIMPLE
@given(calendars(), MOMENTS, st.integers(0, 1500))
@example(Calendar(SHANGHAI, WEEK), datetime(2026, 11, 23, 1, 0, tzinfo=UTC), 1)
@example(Calendar(SHANGHAI, WEEK), datetime(2026, 11, 23, 1, 0, tzinfo=UTC), 0)
@example(Calendar(SHANGHAI, WEEK), datetime(2026, 1, 1, 1, 0, tzinfo=UTC), 450)
def test_subtracting_working_minutes_is_walking_back_one_by_one(calendar: Calendar, moment: datetime, minutes: int) -> None:
    assert worktime.subtract(calendar, moment, minutes) == previous(calendar, moment, minutes)


@SIMPLE
@given(calendars(SHANGHAI, BERLIN, KATHMANDU), MOMENTS, st.integers(1, 200_000))
def test_there_and_back_again_is_the_next_opening_and_the_previous_closing(calendar: Calendar, moment: datetime, minutes: int) -> None:
    """From outside working time nobody comes back to the very moment; to the edge of the same working time always."""
    there, before = worktime.add(calendar, moment, minutes), worktime.subtract(calendar, moment, minutes)
    assert worktime.subtract(calendar, there, minutes) == worktime.next_opening(calendar, moment)
    assert worktime.add(calendar, before, minutes) == worktime.previous_closing(calendar, moment)
    assert worktime.between(calendar, moment, there) == worktime.between(calendar, before, moment) == minutes


@SIMPLE
@given(calendars(SHANGHAI, BERLIN), MOMENTS, st.integers(-4000, 4000))
def test_a_stretch_of_years_is_the_sum_of_its_days(calendar: Calendar, moment: datetime, days: int) -> None:
    other = moment + timedelta(days=days)
    first, last = (at.replace(second=0, microsecond=0) for at in sorted([moment, other]))
    day, total = first.astimezone(calendar.zone).date() - timedelta(days=1), timedelta()
    while day <= last.astimezone(calendar.zone).date():
        cut = [(max(opens, first), min(closes, last)) for opens, closes in calendar.openings(day)]
        total += sum((closes - opens for opens, closes in cut if closes > opens), timedelta())
        day += timedelta(days=1)
    assert worktime.between(calendar, moment, other) == total // timedelta(minutes=1) * (1 if days >= 0 else -1)


# Clocks put forward and back: by day, at midnight, and over midnight into the day before.
CHANGES = [
    (BERLIN, datetime(2026, 3, 28, 12, tzinfo=UTC)),
    (BERLIN, datetime(2026, 10, 24, 12, tzinfo=UTC)),
    (ZoneInfo("Africa/Cairo"), datetime(2026, 4, 23, 10, tzinfo=UTC)),
    (ZoneInfo("America/Havana"), datetime(2026, 10, 31, 18, tzinfo=UTC)),
    (ZoneInfo("America/St_Johns"), datetime(2009, 10, 31, 18, tzinfo=UTC)),
    (ZoneInfo("Pacific/Apia"), datetime(2011, 12, 29, 6, tzinfo=UTC)),
]


@SIMPLE
@given(st.sampled_from(CHANGES), st.lists(spans(), min_size=7, max_size=7), st.integers(0, 30 * 60), st.integers(0, 900))
def test_hours_of_the_night_in_which_clocks_are_changed_are_what_the_wall_shows(
    change: tuple[ZoneInfo, datetime], week: list[tuple[tuple[int, int], ...]], offset: int, minutes: int
) -> None:
    zone, noon = change
    calendar = Calendar(zone, (*week[:6], OFFICE) if not any(week) else tuple(week))
    moment = noon + timedelta(minutes=offset)
    assert worktime.add(calendar, moment, minutes) == walk(calendar, moment, minutes)
    assert worktime.subtract(calendar, moment, minutes) == previous(calendar, moment, minutes)
    assert worktime.between(calendar, noon, moment) == count(calendar, noon, moment)


@given(MOMENTS, st.integers(0, 10**6))
def test_clock_hours_are_the_same_arithmetic_around_the_clock(moment: datetime, minutes: int) -> None:
    full = moment.replace(second=0, microsecond=0)
    assert worktime.add(worktime.AROUND_THE_CLOCK, moment, minutes) == full + timedelta(minutes=minutes)
    assert worktime.subtract(worktime.AROUND_THE_CLOCK, moment, minutes) == full - timedelta(minutes=minutes)
    assert worktime.between(worktime.AROUND_THE_CLOCK, full, full + timedelta(minutes=minutes)) == minutes


def test_ten_years_ahead_cost_a_look_at_the_sums_of_years_not_a_walk_of_days(monkeypatch: pytest.MonkeyPatch) -> None:
    calendar = Calendar(SHANGHAI, WEEK)
    start = datetime(2026, 1, 5, 2, tzinfo=UTC)
    far = worktime.add(calendar, start, 1_000_000)
    looked: list[date] = []
    openings = Calendar.openings
    monkeypatch.setattr(Calendar, "openings", lambda self, day: looked.append(day) or openings(self, day))
    assert worktime.add(calendar, start, 1_000_000) == far
    assert worktime.between(calendar, start, far) == 1_000_000
    assert len(looked) <= 4


SWITCHES = st.sampled_from([datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)])


@SIMPLE
@given(SWITCHES, st.integers(0, 30 * 60), st.integers(1, 900))
def test_summer_time_begins_and_ends_without_a_minute_lost_or_won_in_office_hours(start: datetime, offset: int, minutes: int) -> None:
    calendar = Calendar(BERLIN, (OFFICE,) * 7)
    moment = start + timedelta(minutes=offset)
    assert worktime.add(calendar, moment, minutes) == walk(calendar, moment, minutes)


def test_a_shift_through_the_night_of_the_switch_is_as_long_as_it_was() -> None:
    """Around the clock, the night of 25 October 2026 has 25 hours in Berlin, that of 29 March 23."""
    always = Calendar(BERLIN, (((0, 1440),),) * 7)
    autumn, spring = datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 3, 29, tzinfo=BERLIN)
    assert worktime.between(always, autumn, datetime(2026, 10, 26, tzinfo=BERLIN)) == 25 * 60
    assert worktime.between(always, spring, datetime(2026, 3, 30, tzinfo=BERLIN)) == 23 * 60
    assert worktime.add(always, autumn, 25 * 60) == datetime(2026, 10, 26, tzinfo=BERLIN)


def test_a_weekend_and_a_national_day_are_skipped_and_a_make_up_sunday_counts() -> None:
    friday = datetime(2026, 11, 20, 17, 0, tzinfo=SHANGHAI)
    assert worktime.add(Calendar(SHANGHAI, WEEK), friday, 120) == datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
    with_sunday = Calendar(SHANGHAI, WEEK, {date(2026, 11, 22): OFFICE, date(2026, 11, 23): ()})
    assert worktime.add(with_sunday, friday, 120) == datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)


def test_the_next_opening_is_now_in_working_time_and_the_next_morning_after_it() -> None:
    calendar = Calendar(SHANGHAI, WEEK)
    assert worktime.next_opening(calendar, datetime(2026, 11, 23, 9, 30, tzinfo=SHANGHAI)) == datetime(2026, 11, 23, 9, 30, tzinfo=SHANGHAI)
    assert worktime.next_opening(calendar, datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)) == datetime(
        2026, 11, 23, 13, 30, tzinfo=SHANGHAI
    )
    assert worktime.next_opening(calendar, datetime(2026, 11, 20, 18, 0, tzinfo=SHANGHAI)) == datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)


def test_a_calendar_without_working_time_says_so_instead_of_searching_for_ever() -> None:
    with pytest.raises(NoWorkingTime):
        worktime.add(Calendar(SHANGHAI, ((),) * 7), datetime(2026, 1, 1, tzinfo=UTC), 1)


@pytest.mark.parametrize(
    "week", [(OFFICE,) * 6, (((720, 540),),) * 7, (((540, 720), (700, 800)),) * 7, (((540, 1441),),) * 7, (((-1, 5),),) * 7]
)
def test_hours_that_cannot_be_are_refused(week: tuple[tuple[tuple[int, int], ...], ...]) -> None:
    with pytest.raises(ValueError):
        Calendar(SHANGHAI, week)


def test_a_moment_without_a_zone_or_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError):
        worktime.add(Calendar(SHANGHAI, WEEK), datetime(2026, 1, 1), 1)
    with pytest.raises(ValueError):
        worktime.add(Calendar(SHANGHAI, WEEK), datetime(2026, 1, 1, tzinfo=UTC), -1)


def test_the_office_calendar_is_that_of_china_on_every_day_that_an_independent_table_knows(db: None) -> None:
    """`chinesecalendar` comes from the State Council's notices, by other hands than the package that the calendar starts from."""
    years = range(2018, 2027)
    calendar = set_calendar(by=process("tests"), name="check", years=years).as_calendar()
    known = [
        date(year, 1, 1) + timedelta(days=n) for year in years for n in range(366) if (date(year, 1, 1) + timedelta(days=n)).year == year
    ]
    wrong = []
    for day in known:
        try:
            expected = chinese_calendar.is_workday(day)
        except NotImplementedError:
            continue
        if bool(calendar.spans_on(day)) != expected:
            wrong.append(day.isoformat())
    assert wrong == []
    assert len(known) > 3280


@SIMPLE
@given(st.dates(date(2018, 1, 1), date(2026, 12, 31)), st.dates(date(2018, 1, 1), date(2026, 12, 31)))
def test_working_time_between_two_days_is_that_of_the_working_days_an_independent_table_counts(one: date, other: date) -> None:
    first, last = sorted([one, other])
    calendar = _office_of_china()
    start, end = (datetime.combine(day, time(), SHANGHAI) for day in (first, last + timedelta(days=1)))
    worked = 450 * len(chinese_calendar.get_workdays(first, last))
    assert worktime.between(calendar, start, end) == worked
    if worked:
        assert worktime.add(calendar, start, worked) == worktime.previous_closing(calendar, end)
        assert worktime.subtract(calendar, end, worked) == worktime.next_opening(calendar, start)


@lru_cache
def _office_of_china() -> Calendar:
    """The days that a calendar starts from, as the verb takes them from the package."""
    seeded = [row for year in range(2018, 2027) for row in seed_days("CN", year, OFFICE)]
    return Calendar(SHANGHAI, WEEK, {row.day: row.spans for row in seeded})


# Due times and ladders.


@pytest.mark.req("B16.2a", breaks="earshot.clocks.rules.steps")
def test_a_rung_stands_at_its_share_of_the_limit_or_after_its_amount_and_running_out_is_a_step_of_its_own() -> None:
    rungs = (clock_rules.Rung("late", "x", 150), clock_rules.Rung("soon", "y", 50), clock_rules.Rung("early", "z", minutes=30))
    assert clock_rules.steps(clock_rules.Level("x", "working", 240, rungs)) == [
        ("early", "z", 30),
        ("soon", "y", 120),
        ("limit", "", 240),
        ("late", "x", 360),
    ]
    whole = clock_rules.Level("x", "working", 240, (clock_rules.Rung("head", "y", 100),))
    assert clock_rules.steps(whole) == [("head", "y", 240)]


@pytest.mark.req("B16.2a", breaks="earshot.clocks.rules.moment")
def test_a_limit_runs_in_working_time_or_by_the_clock() -> None:
    calendar = Calendar(SHANGHAI, WEEK)
    start = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
    assert clock_rules.moment(calendar, "working", start, 120) == datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
    assert clock_rules.moment(calendar, "working", start, 240) == datetime(2026, 11, 23, 15, 30, tzinfo=SHANGHAI)
    assert clock_rules.moment(calendar, "clock", start, 240) == datetime(2026, 11, 23, 14, 0, tzinfo=SHANGHAI)


def test_what_is_left_is_told_in_the_clocks_own_measure_and_negative_once_overdue() -> None:
    calendar = Calendar(SHANGHAI, WEEK)
    at = datetime(2026, 11, 20, 17, 0, tzinfo=SHANGHAI)
    due = datetime(2026, 11, 23, 10, 0, tzinfo=SHANGHAI)
    assert clock_rules.passed(calendar, "working", at, due) == 120
    assert clock_rules.passed(calendar, "clock", at, due) == 65 * 60
    assert clock_rules.passed(calendar, "working", due, at) == -120


@pytest.mark.parametrize(
    ("minutes", "zh", "en"),
    [
        (0, " 0 分钟", "0 minutes"),
        (1, " 1 分钟", "1 minute"),
        (61, " 1 小时 1 分钟", "1 hour 1 minute"),
        (2885, " 2 天 5 分钟", "2 days 5 minutes"),
    ],
)
def test_a_length_is_told_in_its_two_largest_units(minutes: int, zh: str, en: str) -> None:
    assert clock_rules.in_words(minutes) == {"zh-hans": zh, "en": en}
