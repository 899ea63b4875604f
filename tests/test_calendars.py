"""Working calendars of units: who may change them, what a file of days may hold, what a year's confirmation does, and what becomes of
clocks that run when the table changes."""

from __future__ import annotations

import csv
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections, transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from earshot.calls.models import Call
from earshot.clocks import actions as clocks
from earshot.clocks import calendar_change
from earshot.clocks.models import Clock, Step
from earshot.clocks.registry import SUBJECTS, Subject
from earshot.clocks.rules import Level, Rung
from earshot.desk.queries import timeline
from earshot.journal import jobs
from earshot.journal.actions import call as one_call
from earshot.journal.models import Delivery, Entry
from earshot.kit import now, uuid7
from earshot.kit.problems import Refusal
from earshot.people import calendars, rules
from earshot.people.models import CalendarDay, Login, Unit, WorkingCalendar
from earshot.people.queries import business_time_of, business_times, calendars_visible_to, days_of, first_calendar
from earshot.people.rules import COMPANY, EXCEPTION, HOLIDAY, MAKE_UP, Day
from test_cli import good
from test_cli import refused as bad
from worlds import SHANGHAI, World, changed_tables, later, said, snapshot, spoken

OFFICE = ((540, 720), (810, 1080))
TUESDAY = date(2026, 11, 24)  # the world stands on Monday the 23rd, 10:00
SUNDAY = date(2026, 11, 29)


@pytest.fixture
def office(world: World) -> WorkingCalendar:
    """The company's calendar; what its setting owed is done."""
    deliver_all()
    return first_calendar().get()


def set_day(world: World, calendar: WorkingCalendar, day: date, kind: str, hours: str = "", name: str = "") -> None:
    calendars.set_day(by=world.by("administrator"), calendar=calendar, day=day, kind=kind, hours=hours, name=name)


def deliver_all() -> None:
    while jobs.drain(jobs.begin()):
        pass


# Whose days.


def test_a_unit_keeps_the_calendar_above_and_adds_days_of_its_own_without_copying_it(world: World, office: WorkingCalendar) -> None:
    solutions, delivery = world.units["solutions"], world.units["delivery"]
    own = calendars.own_days(by=world.by("administrator"), unit=solutions)
    set_day(world, own, TUESDAY, EXCEPTION, "9:00-12:00", "盘点")
    assert business_time_of(solutions.pk).calendar.spans_on(TUESDAY) == ((540, 720),)
    assert business_time_of(delivery.pk).calendar.spans_on(TUESDAY) == OFFICE
    assert CalendarDay.objects.filter(calendar=own).count() == 1
    set_day(world, office, TUESDAY, COMPANY, "", "公司运动会")  # the nearer day holds
    set_day(world, office, SUNDAY, MAKE_UP)  # what changes above is there below at once
    assert business_time_of(solutions.pk).calendar.spans_on(TUESDAY) == ((540, 720),)
    assert business_time_of(delivery.pk).calendar.spans_on(TUESDAY) == ()
    assert business_time_of(solutions.pk).calendar.spans_on(SUNDAY) == OFFICE
    assert calendars.own_days(by=world.by("administrator"), unit=solutions) == own


def test_days_of_a_unit_hold_below_it_and_not_beyond_a_calendar_given_below(world: World) -> None:
    by = world.by("administrator")
    company = calendars.own_days(by=by, unit=world.units["company"])
    set_day(world, company, TUESDAY, EXCEPTION)
    assert business_time_of(world.units["solutions"].pk).calendar.spans_on(TUESDAY) == ()
    berlin = calendars.set_calendar(by=by, name="Berlin", zone="Europe/Berlin", country="DE")
    calendars.use_calendar(by=by, unit=world.units["solutions"], calendar=berlin)
    assert business_time_of(world.units["solutions"].pk).calendar.spans_on(TUESDAY) == OFFICE
    assert str(business_time_of(world.units["solutions"].pk).calendar.zone) == "Europe/Berlin"


def test_the_time_of_many_units_costs_one_statement(world: World, django_assert_num_queries) -> None:
    ids = [unit.pk for unit in world.units.values()]
    business_times(ids)
    with django_assert_num_queries(1):
        business_times(ids)


def test_a_change_that_was_rolled_back_is_remembered_by_nobody(world: World, office: WorkingCalendar) -> None:
    """The next change has the same version number as the one undone, and other contents."""
    unit = world.units["solutions"].pk
    try:
        with transaction.atomic():
            set_day(world, office, TUESDAY, HOLIDAY)
            assert business_time_of(unit).calendar.spans_on(TUESDAY) == ()
            raise InterruptedError
    except InterruptedError:
        pass
    set_day(world, office, SUNDAY, MAKE_UP)
    assert business_time_of(unit).calendar.spans_on(TUESDAY) == OFFICE


def test_everybody_sees_the_calendars_at_and_above_the_own_unit_and_no_others(world: World, office: WorkingCalendar) -> None:
    by = world.by("administrator")
    berlin = calendars.set_calendar(by=by, name="Berlin", zone="Europe/Berlin", country="DE")
    calendars.use_calendar(by=by, unit=world.units["solutions"], calendar=berlin)
    own = calendars.own_days(by=by, unit=world.units["delivery"])

    def seen(key: str) -> set[WorkingCalendar]:
        return set(calendars_visible_to(world.people[key]))

    assert seen("engineer") == {office, berlin}
    assert seen("delivery") == {office, own}
    assert seen("seller") == {office}
    assert seen("head") == seen("administrator") == {office, berlin, own}
    client = Client()
    client.force_login(Login.objects.get(username="demo-seller"))
    assert client.get(f"/calendars/{berlin.pk}/").status_code == 404
    assert client.get(f"/calendars/{berlin.pk}/days.csv").status_code == 404
    assert client.get(f"/calendars/{office.pk}/").status_code == 200


def test_a_calendar_is_never_written_over_by_its_name(world: World, office: WorkingCalendar, caller) -> None:
    """The office of everybody, set again with the hours of Berlin, would move every due time: refused in the verb and by each door."""
    by, before = world.by("administrator"), snapshot()
    with pytest.raises(Refusal) as refused:
        calendars.set_calendar(by=by, name=f" {office.name} ", zone="Europe/Berlin", country="DE")
    assert office.name in str(refused.value.fields["name"])
    assert changed_tables(before, snapshot()) == set()
    answer = caller("administrator").post("/calendars", {"name": office.name, "zone": "Europe/Berlin", "country": "DE"})
    assert (answer.status, list(answer["fields"])) == (422, ["name"])
    client = Client()
    client.force_login(Login.objects.get(username="demo-administrator"))
    page = client.post("/calendars/", {"act": "set", "name": office.name, "zone": "Europe/Berlin", "country": "DE"})
    assert page.status_code == 422
    assert business_time_of(world.units["solutions"].pk).calendar.spans_on(TUESDAY) == OFFICE


# What may be entered.


@pytest.mark.parametrize(
    ("kind", "hours", "field", "right"),
    [
        (HOLIDAY, "9:00-12:00", "hours", "holiday has no working hours"),
        (EXCEPTION, "", "kind", "stands in that unit's own days"),
        ("feast", "", "kind", "holiday, make-up working day"),
        (COMPANY, "9:00-8:00", "hours", "Write hours such as"),
        (COMPANY, "9:00-25:00", "hours", "Write hours such as"),
        (COMPANY, "from nine", "hours", "Write hours such as"),
        (COMPANY, "9:00-12:00 11:00-13:00", "hours", "without overlap"),
    ],
)
def test_a_day_that_cannot_be_is_refused_with_what_would_be_right(
    world: World, office: WorkingCalendar, kind: str, hours: str, field: str, right: str
) -> None:
    with pytest.raises(Refusal) as refused:
        set_day(world, office, TUESDAY, kind, hours)
    assert right in spoken(refused.value.fields[field])


def test_a_make_up_day_without_hours_has_those_of_an_ordinary_day(world: World, office: WorkingCalendar) -> None:
    set_day(world, office, SUNDAY, MAKE_UP, name="调休")
    assert days_of(office)[SUNDAY] == Day(SUNDAY, MAKE_UP, OFFICE, "调休")


def test_who_does_not_administer_changes_nothing(world: World, office: WorkingCalendar) -> None:
    for verb in (
        lambda by: calendars.set_day(by=by, calendar=office, day=TUESDAY, kind=HOLIDAY),
        lambda by: calendars.remove_day(by=by, calendar=office, day=date(2026, 10, 1)),
        lambda by: calendars.confirm_year(by=by, calendar=office, year=2027),
        lambda by: calendars.seed_year(by=by, calendar=office, year=2027),
        lambda by: calendars.own_days(by=by, unit=world.units["solutions"]),
        lambda by: calendars.use_calendar(by=by, unit=world.units["solutions"], calendar=None),
        lambda by: calendars.import_days(by=by, calendar=office, content="day,kind\n2026-12-31,company\n", file="x.csv"),
        lambda by: calendars.change_hours(by=by, calendar=office, name="x", zone="Asia/Shanghai", weekly=["9:00-17:00"] * 7),
    ):
        with pytest.raises(Refusal) as refused:
            verb(world.by("head"))
        assert refused.value.status == 403


def test_a_calendar_that_somebody_else_changed_meanwhile_is_not_overwritten(world: World, office: WorkingCalendar) -> None:
    before = office.version
    set_day(world, office, TUESDAY, COMPANY, "", "公司运动会")
    with pytest.raises(Refusal) as refused:
        calendars.set_day(by=world.by("administrator"), calendar=office, day=SUNDAY, kind=MAKE_UP, version=before)
    assert refused.value.status == 412
    assert "公司运动会" in said(refused.value)


def test_the_journal_says_who_changed_which_day_from_what_to_what(world: World, office: WorkingCalendar) -> None:
    set_day(world, office, TUESDAY, COMPANY, "9:00-12:00", "公司运动会")
    entry = Entry.objects.get(verb="people.days_changed")
    assert entry.person_id == world.administrator.pk
    assert entry.data["days"] == [
        {"day": "2026-11-24", "before": None, "after": {"kind": "company", "hours": "09:00-12:00", "name": "公司运动会"}}
    ]
    # The stranger works by it, and may know.
    [told] = [one for one in timeline(world.stranger, office.pk) if one.entry == entry]
    assert "2026-11-24：公司日 公司运动会 09:00-12:00（原为：按每周安排）" in told.sentence


def test_hours_are_changed_for_the_whole_week_and_wrong_ones_are_said_beside_their_day(world: World, office: WorkingCalendar) -> None:
    by, week = world.by("administrator"), ["8:30-12:00, 13:00–17:30"] * 5 + ["", ""]
    calendars.change_hours(by=by, calendar=office, name=office.name, zone="Asia/Shanghai", weekly=week)
    assert business_time_of(world.units["solutions"].pk).calendar.weekly[0] == ((510, 720), (780, 1050))
    with pytest.raises(Refusal) as refused:
        calendars.change_hours(by=by, calendar=office, name="x", zone="Asia/Shanghai", weekly=[*week[:5], "nine", ""])
    assert set(refused.value.fields) == {"weekly_6"}
    with pytest.raises(Refusal) as refused:
        calendars.change_hours(by=by, calendar=office, name="x", zone="Mars/Olympus", weekly=week)
    assert set(refused.value.fields) == {"zone"}


def test_holidays_of_a_country_that_nobody_knows_are_refused(world: World, office: WorkingCalendar) -> None:
    with pytest.raises(Refusal) as refused:
        calendars.set_calendar(by=world.by("administrator"), name="x", country="YM")
    assert set(refused.value.fields) == {"country"}
    with pytest.raises(Refusal) as refused:
        calendars.seed_year(by=world.by("administrator"), calendar=office, year=2027, country="??")
    assert set(refused.value.fields) == {"country"}


# Files of days.

NAMES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=20).map(str.strip)
SPANS = st.lists(st.integers(0, 1440), max_size=6, unique=True).map(
    lambda edges: tuple(zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False))
)


@st.composite
def table(draw: st.DrawFn) -> list[Day]:
    found = []
    for day in draw(st.lists(st.dates(date(2000, 1, 1), date(2099, 12, 31)), unique=True, max_size=8)):
        kind = draw(st.sampled_from([HOLIDAY, MAKE_UP, COMPANY]))
        spans = () if kind == HOLIDAY else draw(SPANS) or (((540, 720),) if kind == MAKE_UP else ())
        found.append(Day(day, kind, spans, draw(NAMES)))
    return sorted(found, key=lambda one: one.day)


@settings(max_examples=150, deadline=None)
@given(table())
def test_a_file_that_goes_out_comes_back_as_it_went(days: list[Day]) -> None:
    content = rules.write_days(days)
    for bytes_ in (content.encode("utf-8-sig"), content.encode("gb18030")):
        found, bad = rules.read_days(rules.decoded(bytes_), file="days.csv", usual_hours=OFFICE, own=False)
        assert (found, bad) == (days, [])
    assert not any(row[-1].startswith(("=", "+", "-", "@")) for row in csv.reader(content.splitlines()) if row)


def test_a_file_in_the_words_of_either_language_is_read(world: World) -> None:
    chinese = "日期,类别,工作时间,名称\n2026年10月1日,节假日,,国庆节\n2026/10/10,调休上班日,,\n"
    found, bad = rules.read_days(chinese, file="x.csv", usual_hours=OFFICE, own=False)
    assert bad == []
    assert found == [Day(date(2026, 10, 1), HOLIDAY, (), "国庆节"), Day(date(2026, 10, 10), MAKE_UP, OFFICE, "")]


def test_every_line_that_cannot_be_read_is_named_with_what_would_be_right_and_nothing_is_taken_in(
    world: World, office: WorkingCalendar
) -> None:
    bad = ["2026-13-01,holiday,,x", "2026-12-30,feast,,x", "2026-12-31,company,9-12,x", "", "2026-12-29,company", "2026-12-29,company"]
    content = "\n".join(["day,kind,hours,name", *bad])
    before = days_of(office)
    with pytest.raises(Refusal) as refused:
        calendars.import_days(by=world.by("administrator"), calendar=office, content=content, file="days.csv")
    lines = [str(line.sentence) for line in refused.value.lines]
    assert [line.split(" ")[0] for line in lines] == ["days.csv:2", "days.csv:3", "days.csv:4", "days.csv:7"]
    with pytest.raises(Refusal, match=r"days\.csv"):
        calendars.import_days(by=world.by("administrator"), calendar=office, content="x;y\n1;2\n", file="days.csv")
    assert "2026-13-01" in lines[0]
    assert days_of(WorkingCalendar.objects.get(pk=office.pk)) == before


def test_a_file_says_all_days_of_the_years_in_it_and_leaves_the_others(world: World, office: WorkingCalendar) -> None:
    content = "day,kind,hours,name\n2026-10-01,holiday,,国庆节\n2026-12-31,company,,结算\n"
    found = calendars.preview_days(office, content, file="days.csv")
    assert found.years == (2026,)
    assert (found.same, found.bad) == (1, ())
    calendars.import_days(by=world.by("administrator"), calendar=office, content=content, file="days.csv", version=office.version)
    after = days_of(WorkingCalendar.objects.get(pk=office.pk))
    assert {day for day in after if day.year == 2026} == {date(2026, 10, 1), date(2026, 12, 31)}
    assert any(day.year == 2025 for day in after)
    entry = Entry.objects.get(verb="people.days_changed")
    assert entry.data["file"] == "days.csv"
    assert len(entry.data["days"]) == len(found.changes) > 20


def test_the_page_shows_what_a_file_would_do_before_it_is_done(world: World, office: WorkingCalendar) -> None:
    client = Client()
    client.force_login(Login.objects.get(username="demo-administrator"))
    out = client.get(f"/calendars/{office.pk}/days.csv").content
    sent = out + '2026-12-31,company,,"结算, 休息"\r\n'.encode()
    shown = client.post(f"/calendars/{office.pk}/", {"act": "preview", "file": SimpleUploadedFile("days.csv", sent)})
    assert shown.status_code == 200
    assert shown.context["preview"]["bad"] == []
    assert [one["day"] for one in shown.context["preview"]["changes"]] == [date(2026, 12, 31)]
    assert date(2026, 12, 31) not in days_of(WorkingCalendar.objects.get(pk=office.pk))
    hidden = shown.context["preview"]["hidden"]
    assert client.post(f"/calendars/{office.pk}/", hidden).status_code == 302
    assert days_of(WorkingCalendar.objects.get(pk=office.pk))[date(2026, 12, 31)].name == "结算, 休息"
    assert client.post(f"/calendars/{office.pk}/", hidden).status_code == 412  # it was looked at against another table


# Confirmed years.


def test_years_are_confirmed_one_after_the_other(world: World, office: WorkingCalendar) -> None:
    by = world.by("administrator")
    with pytest.raises(Refusal) as refused:
        calendars.confirm_year(by=by, calendar=office, year=2028)
    assert "2027" in said(refused.value)
    calendars.confirm_year(by=by, calendar=office, year=2027)
    with pytest.raises(Refusal):
        calendars.confirm_year(by=by, calendar=office, year=2027)
    assert WorkingCalendar.objects.get(pk=office.pk).confirmed_to == date(2027, 12, 31)


def test_a_due_time_is_provisional_until_its_year_is_confirmed_and_says_so_wherever_it_is_shown(
    world: World, office: WorkingCalendar
) -> None:
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    Clock.objects.filter(object_id=call.pk).update(limit=450 * 60)
    calendars.set_day(by=world.by("administrator"), calendar=office, day=SUNDAY, kind=COMPANY)
    deliver_all()
    clock = Clock.objects.get(object_id=call.pk)
    assert clock.due_at.year == 2027
    assert clock.provisional
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(Login.objects.get(username="demo-engineer"))
    for url in ("/", f"/calls/{call.pk}/", "/calls/"):
        assert ">暂定</span>" in client.get(url).content.decode(), url
    calendars.confirm_year(by=world.by("administrator"), calendar=office, year=2027)
    deliver_all()
    assert not Clock.objects.get(object_id=call.pk).provisional
    assert ">暂定</span>" not in client.get(f"/calls/{call.pk}/").content.decode()


def test_a_confirmation_is_taken_back_with_a_reason_and_its_due_times_are_provisional_again(
    world: World, office: WorkingCalendar, caller
) -> None:
    by = world.by("administrator")
    call = world.calls(world.moved_deal())[0]
    Clock.objects.filter(object_id=call.pk).update(limit=450 * 60)
    calendars.confirm_year(by=by, calendar=office, year=2027)
    deliver_all()
    assert not Clock.objects.get(object_id=call.pk).provisional
    before = snapshot()
    for year, reason, field in ((2026, "x", "year"), (2028, "x", "year"), (2027, " ", "reason")):
        with pytest.raises(Refusal) as refused:
            calendars.unconfirm_year(by=by, calendar=office, year=year, reason=reason)
        assert set(refused.value.fields) == {field}
    assert changed_tables(before, snapshot()) == set()
    client = Client(headers={"accept-language": "en"})
    client.force_login(Login.objects.get(username="demo-administrator"))
    typed = {"act": "unconfirm", "year": "2027", "reason": "国务院又发了通知"}
    assert client.post(f"/calendars/{office.pk}/", typed).status_code == 302
    deliver_all()
    assert Clock.objects.get(object_id=call.pk).provisional
    assert WorkingCalendar.objects.get(pk=office.pk).confirmed_to == date(2026, 12, 31)
    assert Entry.objects.get(verb="people.year_unconfirmed").data["year"] == 2027
    assert "国务院又发了通知" in client.get(f"/calendars/{office.pk}/").content.decode()
    answer = caller("administrator").post(f"/calendars/{office.pk}/unconfirmed-years", {"year": 2026, "reason": "x"})
    assert (answer.status, answer["confirmed_to"]) == (201, "2025-12-31")
    assert "is confirmed no more" in good("calendar", "unconfirm", office.name, "2025", "--reason", "x", "--as", world.administrator.name)
    assert "not confirmed" in bad("calendar", "unconfirm", office.name, "2026", "--reason", "x", "--as", world.administrator.name)


def test_the_days_of_a_unit_begin_with_the_first_of_them_and_not_by_looking(world: World) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Login.objects.get(username="demo-administrator"))
    unit = str(world.units["solutions"].pk)
    before = snapshot()
    assert client.get("/calendars/").status_code == 200
    for typed in ({"unit": "", "day": ""}, {"unit": unit}, {"unit": unit, "day": "2026-11-24", "hours": "noon"}):
        assert client.post("/calendars/", {"act": "own", **typed}).status_code == 422
    assert changed_tables(before, snapshot()) <= {"django_session", "journal_repeat"}
    done = client.post("/calendars/", {"act": "own", "unit": unit, "day": "2026-11-24", "hours": "9:00-12:00", "name": "盘点"})
    assert done.status_code == 302
    assert business_time_of(world.units["solutions"].pk).calendar.spans_on(TUESDAY) == ((540, 720),)


def test_all_that_is_wrong_with_a_calendar_is_said_at_once(world: World, office: WorkingCalendar) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Login.objects.get(username="demo-administrator"))

    def fields(url: str, **typed: str) -> set[str]:
        answer = client.post(url, typed)
        assert answer.status_code == 422
        return set(answer.context["refused"].fields)

    page = f"/calendars/{office.pk}/"
    assert fields("/calendars/", act="set", name="", zone="Nowhere", country="DE") == {"name", "zone"}
    assert fields("/calendars/", act="own", unit="", day="", hours="noon") == {"unit", "day", "hours"}
    assert fields(page, act="day", day="", kind="company", hours="noon") == {"day", "hours"}
    assert fields(page, act="hours", name="", zone="", weekly_2="noon") == {"name", "zone", "weekly_2"}


def test_who_was_slower_finds_the_file_again_against_the_table_as_it_stands_now(world: World, office: WorkingCalendar) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(Login.objects.get(username="demo-administrator"))
    content = "day,kind,hours,name\n2027-01-01,holiday,,New Year\n"
    shown = client.post(f"/calendars/{office.pk}/", {"act": "preview", "file": SimpleUploadedFile("days.csv", content.encode())})
    hidden = shown.context["preview"]["hidden"]
    set_day(world, office, date(2027, 5, 3), COMPANY)
    refused = client.post(f"/calendars/{office.pk}/", hidden)
    assert refused.status_code == 412
    again = refused.context["preview"]
    assert date(2027, 5, 3) in {one["day"] for one in again["changes"]}
    assert again["hidden"]["version"] != hidden["version"]
    assert client.post(f"/calendars/{office.pk}/", again["hidden"]).status_code == 302
    assert set(days_of(WorkingCalendar.objects.get(pk=office.pk))) >= {date(2027, 1, 1)}


# Clocks move with the table.


def begin(kind: str, object_id: UUID, level: Level, unit: Unit) -> Clock:
    with one_call():
        return clocks.start(kind, [object_id], level, unit=unit, because=Entry.objects.latest("seq"))[0]


def clock_of(world: World, minutes: int = 450) -> Clock:
    """A clock of a call, since Monday 10:00."""
    call = world.calls(world.moved_deal())[0]
    with one_call():
        clocks.cancel([call.pk], because=Entry.objects.latest("seq"))
    level = Level("x", "working", minutes, [Rung("remind", "hearer", 50), Rung("breach", "leader", 100), Rung("head", "unit_head", 150)])
    return begin("call", call.pk, level, world.units["solutions"])


@pytest.fixture
def things(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks may run for a thing of any id, as if it were a call."""
    call = world.calls(world.moved_deal())[0]
    subject = Subject(call, (call.deal, call), world.engineer, call.unit, {"deal": call.deal})
    monkeypatch.setitem(SUBJECTS._things, "thing", lambda ids: dict.fromkeys(ids, subject))
    deliver_all()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def test_a_clock_moves_with_its_steps_and_the_deal_says_from_when_to_when(world: World, office: WorkingCalendar) -> None:
    clock = clock_of(world)
    assert clock.due_at == at(24, 10)
    fired = Step.objects.get(clock=clock, name="breach")
    Step.objects.filter(pk=fired.pk).update(fired_at=fired.due_at)
    set_day(world, office, TUESDAY, COMPANY, "", "公司运动会")
    deliver_all()
    clock.refresh_from_db()
    assert clock.due_at == at(25, 10)
    due = dict(Step.objects.filter(clock=clock).values_list("name", "due_at"))
    assert due == {"remind": at(23, 15, 15), "breach": fired.due_at, "head": at(25, 15, 15)}  # what has fired stays fired when it was
    entry = Entry.objects.get(verb="clocks.moved", objects_touched__object_id=clock.object_id)
    assert entry.cause is not None
    assert entry.cause.verb == "people.days_changed"
    [told] = [one for one in timeline(world.seller, Call.objects.get(pk=clock.object_id).deal_id) if one.entry == entry]
    assert "2026-11-25 10:00" in told.sentence
    assert "2026-11-24 10:00" in told.sentence
    assert Entry.objects.filter(verb="clocks.recounted").latest("seq").data["moved"] == Entry.objects.filter(verb="clocks.moved").count()


@pytest.mark.usefixtures("things")
def test_what_is_paused_stopped_or_in_clock_time_stays_where_it_was(world: World, office: WorkingCalendar) -> None:
    level = Level("x", "working", 450, [Rung("breach", "leader", 100)])
    paused, stopped, by_clock = (
        begin("thing", uuid7(), each, world.units["solutions"]) for each in (level, level, replace(level, measure="clock", limit=1440))
    )
    clocks.pause(by=world.by("head"), kind="thing", object_id=paused.object_id, reason="waits for the customer")
    with one_call():
        clocks.meet([stopped.object_id], because=Entry.objects.latest("seq"))
    mine = [paused.pk, stopped.pk, by_clock.pk]

    def standing() -> list[tuple[object, ...]]:
        rows = Clock.objects.filter(pk__in=mine).order_by("pk")
        return list(rows.values_list("pk", "due_at", "provisional", "steps__due_at").order_by("pk", "steps"))

    before = standing()
    set_day(world, office, TUESDAY, COMPANY)
    deliver_all()
    assert standing() == before
    clocks.resume(by=world.by("head"), kind="thing", object_id=paused.object_id)
    assert Clock.objects.get(pk=paused.pk).due_at == at(25, 10)  # reckoned by the table of today when it runs on


def test_a_make_up_sunday_entered_late_brings_the_due_time_forward(world: World, office: WorkingCalendar) -> None:
    """Friday 16:40, four working hours, Monday a holiday: due on Tuesday, until Sunday becomes a working day."""
    set_day(world, office, date(2026, 11, 30), HOLIDAY)
    with later(days=4, hours=6, minutes=40):
        assert now().astimezone(SHANGHAI) == at(27, 16, 40)
        clock = clock_of(world, 240)
        assert clock.due_at == datetime(2026, 12, 1, 11, 40, tzinfo=SHANGHAI)
        with later(days=1):
            set_day(world, office, SUNDAY, MAKE_UP)
            deliver_all()
    clock.refresh_from_db()
    assert clock.due_at == at(29, 11, 40)


@pytest.mark.usefixtures("office")
def test_days_of_one_unit_move_the_clocks_of_that_unit_only(world: World) -> None:
    clock = clock_of(world)
    ears = dict(Clock.objects.filter(kind="ear").exclude(unit=world.units["solutions"]).values_list("pk", "due_at"))
    assert ears
    own = calendars.own_days(by=world.by("administrator"), unit=world.units["solutions"])
    set_day(world, own, TUESDAY, EXCEPTION)
    deliver_all()
    clock.refresh_from_db()
    assert clock.due_at == at(25, 10)
    assert dict(Clock.objects.filter(pk__in=ears).values_list("pk", "due_at")) == ears


@pytest.mark.usefixtures("office")
def test_a_unit_given_another_calendar_takes_its_clocks_along(world: World) -> None:
    clock, by = clock_of(world), world.by("administrator")
    berlin = calendars.set_calendar(by=by, name="Berlin", zone="Europe/Berlin", country="DE")
    deliver_all()
    clock.refresh_from_db()
    assert clock.due_at == at(24, 10)
    calendars.use_calendar(by=by, unit=world.units["solutions"], calendar=berlin)
    deliver_all()
    clock.refresh_from_db()
    assert clock.due_at == datetime(2026, 11, 23, 18, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    calendars.use_calendar(by=by, unit=world.units["solutions"], calendar=None)
    deliver_all()
    clock.refresh_from_db()
    assert clock.due_at == at(24, 10)


@pytest.fixture
def many(world: World, things: None, monkeypatch: pytest.MonkeyPatch) -> list[Clock]:
    """Five clocks, each with another limit and no others; batches of two."""
    monkeypatch.setattr(calendar_change, "BATCH", 2)
    with one_call():
        clocks.cancel(Clock.objects.filter(stopped_at=None).values_list("object_id", flat=True), because=Entry.objects.latest("seq"))
    levels = [Level("x", "working", 450 + n, [Rung("breach", "leader", 100)]) for n in range(5)]
    return [begin("thing", uuid7(), level, world.units["solutions"]) for level in levels]


def moved_by_a_day(many: list[Clock]) -> bool:
    """Whether each of them, and its step, lies one day of work later than it did; nothing half."""
    rows = {clock.pk: clock for clock in Clock.objects.all()}
    return all(rows[one.pk].due_at == one.due_at + timedelta(days=1) == Step.objects.get(clock=one.pk).due_at for one in many)


def sums() -> list[int]:
    """How many had moved after each batch of the last change."""
    since = Entry.objects.filter(verb="people.days_changed").latest("seq")
    rows = Entry.objects.filter(verb__startswith="clocks.recounted", seq__gt=since.seq)
    return [entry.data["moved"] for entry in rows.order_by("seq")]


def test_a_batch_delivered_twice_moves_and_tells_nothing_twice(world: World, office: WorkingCalendar, many: list[Clock]) -> None:
    set_day(world, office, TUESDAY, COMPANY)
    deliver_all()
    assert moved_by_a_day(many)
    before = list(Entry.objects.values_list("verb", flat=True))
    assert Entry.objects.filter(verb="clocks.moved").count() == 5
    assert sums() == [2, 4, 5]
    since = Entry.objects.filter(verb="people.days_changed").latest("seq")
    Delivery.objects.filter(entry__seq__gte=since.seq).update(done_at=None)
    deliver_all()
    assert list(Entry.objects.values_list("verb", flat=True)) == before
    assert moved_by_a_day(many)


def test_what_died_in_the_middle_goes_on_where_it_was(
    world: World, office: WorkingCalendar, many: list[Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_day(world, office, TUESDAY, COMPANY)
    assert jobs.drain(jobs.begin(), most=1) == 1
    real = calendar_change.tell
    monkeypatch.setattr(calendar_change, "tell", lambda *_given, **_named: 1 / 0)
    assert jobs.drain(jobs.begin(), most=1) == 1  # failed: nothing of this batch is written
    assert Entry.objects.filter(verb="clocks.moved").count() == 2
    monkeypatch.setattr(calendar_change, "tell", real)
    with later(minutes=5):
        deliver_all()
    assert Entry.objects.filter(verb="clocks.moved").count() == 5
    assert moved_by_a_day(many)


def test_a_batch_costs_a_fixed_number_of_statements_and_one_for_each_thing_told(
    world: World, office: WorkingCalendar, many: list[Clock], monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries
) -> None:
    monkeypatch.setattr(calendar_change, "BATCH", 200)
    like = {f.attname: getattr(many[0], f.attname) for f in Clock._meta.concrete_fields}
    rows = [Clock(**{**like, "id": uuid7(), "object_id": uuid7()}) for _n in range(150)]
    Clock.objects.bulk_create(rows)
    Step.objects.bulk_create(Step(clock=row, name="breach", addressee="leader", after=row.limit, due_at=row.due_at) for row in rows)
    set_day(world, office, TUESDAY, COMPANY)
    with django_assert_max_num_queries(50):
        deliver_all()  # 155 clocks, told in five entries: those that moved alike before the same eyes are one
    assert Entry.objects.filter(verb="clocks.recounted").latest("seq").data["moved"] == 155
    assert Entry.objects.filter(verb="clocks.moved").count() == 5


@pytest.mark.own_database
def test_two_workers_move_every_clock_once(world: World, office: WorkingCalendar, many: list[Clock]) -> None:
    set_day(world, office, TUESDAY, COMPANY)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        try:
            for _n in range(20):
                jobs.drain(jobs.begin())
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with later(minutes=5):
        deliver_all()
    assert moved_by_a_day(many)
    assert Entry.objects.filter(verb="clocks.moved").count() == 5
    assert sums() == [2, 4, 5]


@pytest.mark.own_database
@pytest.mark.usefixtures("things")
def test_a_clock_that_starts_while_the_table_changes_does_not_miss_the_change(world: World, office: WorkingCalendar) -> None:
    """On PostgreSQL the change waits for the act that began before it; SQLite has one writer anyway."""
    if connection.vendor != "postgresql":
        pytest.skip("one writer")
    ids, read, changed = [uuid7()], threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            begin("thing", ids[0], Level("x", "working", 450), world.units["solutions"])
            read.set()
            assert not changed.wait(1.0)  # the change is held up until this act has ended
        connections.close_all()

    starter = threading.Thread(target=slowly)
    starter.start()
    assert read.wait(10)
    set_day(world, office, TUESDAY, COMPANY)
    changed.set()
    starter.join()
    assert Clock.objects.filter(object_id__in=ids).exists()
