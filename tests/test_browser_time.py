"""The walk of time in real browsers and real processes: Friday 16:40, four working hours, a holiday on Monday, a make-up Sunday that
is entered late on Saturday, and two workers killed on the way. Who must learn it learns it at the right minute, once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import localtime
from django.utils.translation import gettext, override
from playwright.sync_api import Browser, Page, expect

import databases
import sinks
from browsers import PATIENCE, Site, Visits
from earshot.clocks.models import Alarm, Clock, Step
from earshot.deals.actions import open_deal, take_up_lead
from earshot.deals.lead_tables import NEW, Lead
from earshot.journal.models import Entry
from earshot.people import rules
from earshot.people.actors import as_person
from earshot.people.calendars import set_day
from earshot.people.models import Login, Person
from earshot.people.queries import first_calendar
from earshot.settings import mail as read_mail
from earshot.talk.actions.channels import add_channel, confirm_channel
from earshot.talk.codes import code_of
from earshot.voice.models import Ear
from test_cli_serve import Served
from worlds import AIM, CRITICAL, SHANGHAI

HEARER, LEADER, HEAD = "lin.yuan@example.com", "chen.xiao@example.com", "zhou.min@example.com"


def said(words: str) -> str:
    with override("zh-hans"):
        return gettext(words)


def person(key: str) -> Person:
    found = Login.objects.select_related("person").get(username=f"demo-{key}").person
    assert found is not None
    return found


def plain_friday(after: date) -> date:
    """The first Friday after a few days from `after` around which the company's calendar has no days of its own."""
    calendar = first_calendar().get()
    special = set(calendar.days.filter(day__gte=after).values_list("day", flat=True))
    friday = after + timedelta(days=3)
    while friday.weekday() != 4 or special & {friday + timedelta(days=n) for n in range(-1, 6)}:
        friday += timedelta(days=1)
    return friday


class Workers:
    """Workers beside the one that is served, in processes of their own."""

    def __init__(self, home: Path, name: str, mail: str) -> None:
        sqlite = databases.vendor() == "sqlite"
        place = f"sqlite://{name}" if sqlite else f"postgresql://earshot@/{name}?host={databases.settings()['HOST']}"
        env = {key: value for key, value in os.environ.items() if not key.startswith(("EARSHOT_", "DJANGO_"))}
        self.env = env | {"EARSHOT_HOME": str(home), "EARSHOT_DATABASE": place, "EARSHOT_TEST_CLOCK": "1", "EARSHOT_DEMO": "1"}
        self.env |= {"EARSHOT_MAIL": mail, "PYTHONPATH": databases.path_of_servers()}
        self.home = home
        self.others = [self.begin(), self.begin()]

    def begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "earshot.cli", "worker"], env=self.env, cwd=self.home)

    def kill_one(self) -> None:
        victim = self.others.pop()
        victim.send_signal(signal.SIGKILL)
        victim.wait(timeout=20)

    def stop(self) -> None:
        for one in self.others:
            one.terminate()
        for one in self.others:
            one.wait(timeout=30)


class Seat:
    """Somebody before a page that stays open: what it shows, it shows without being loaded again."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def shows(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main")).to_contain_text(words)

    def shows_not(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main")).not_to_contain_text(words)

    def press(self, words: str) -> None:
        self.page.locator("button, a.button").filter(has_text=re.compile(rf"^\s*{re.escape(said(words))}\s*$")).first.click()


@pytest.fixture
def sit(browser: Browser) -> Iterator[Callable[[Served, Person, str], Seat]]:
    visits: list[Visits] = []

    def at(served: Served, somebody: Person, path: str = "/") -> Seat:
        visits.append(Visits(browser, Site(f"http://127.0.0.1:{served.port}")))
        page = visits[-1]("desk")
        page.goto("/sign-in/")
        page.locator(".pick button").filter(has_text=somebody.name).first.click()
        page.wait_for_url("**/")
        if path != "/":
            page.goto(path)
        return Seat(page)

    yield at
    for one in visits:
        one.close()


def about_it(mail: sinks.MailSink) -> list[list[str]]:
    """To whom each mail about these words went; the demonstration has other matters besides."""
    return [to for to, one in mail.mails if isinstance(one, EmailMessage) and CRITICAL[:20] in one.get_content()]


def sent_to(mail: sinks.MailSink, address: str) -> int:
    return sum(address in receivers for receivers in about_it(mail))


def rungs(ear: Ear) -> dict[str, Step]:
    return {step.name: step for step in Step.objects.filter(clock__object_id=ear.pk)}


def wait_for(what: Callable[[], bool], words: str) -> None:
    until = monotonic() + PATIENCE / 1000
    while not what():
        assert monotonic() < until, words
        sleep(0.1)


@pytest.mark.own_database
@pytest.mark.browser
def test_friday_afternoon_over_a_long_weekend(own_database: str, tmp_path: Path, sit: Callable[..., Seat], settings: Any) -> None:
    with sinks.smtp() as mail:
        walk(own_database, tmp_path, sit, settings, mail)


def walk(own_database: str, tmp_path: Path, sit: Callable[..., Seat], settings: Any, mail: sinks.MailSink) -> None:
    place = f"smtp://127.0.0.1:{mail.port}?tls=off"
    settings.MAIL = read_mail(place)
    seller, engineer, administrator, above = (person(key) for key in ("seller", "engineer", "administrator", "engineer_head"))
    friday = plain_friday(localtime(Entry.objects.latest("seq").recorded_at).date())
    saturday, sunday, monday, tuesday = (friday + timedelta(days=n) for n in (1, 2, 3, 4))
    set_day(by=as_person(administrator), calendar=first_calendar().get(), day=monday, kind=rules.HOLIDAY)
    deal = open_deal(by=as_person(seller), title="苏丹站点", account=seller.accounts.earliest("number"), owner=seller, **AIM)
    for somebody, address in ((engineer, HEARER), (seller, LEADER), (above, HEAD)):
        channel, _secret = add_channel(by=as_person(somebody), kind="mail", address=address)
        confirm_channel(by=as_person(somebody), channel=channel, code=code_of(channel))
    for lead in Lead.objects.filter(state=NEW):  # so that the days show nothing but what this walk is about
        take_up_lead(by=as_person(lead.owner), lead=lead)
    connection.close()
    served = Served(tmp_path, own_database, EARSHOT_TEST_CLOCK="1", EARSHOT_MAIL=place)
    workers = None
    try:
        assert served.answers() == 200
        workers = Workers(tmp_path, own_database, place)
        clock = sit(served, administrator, "/test-clock/")
        hearer, leader, head = (sit(served, one) for one in (engineer, seller, above))

        def set_to(moment: datetime) -> None:
            clock.page.locator('[name="to"]').fill(f"{moment:%Y-%m-%dT%H:%M}")
            clock.press("Set the clock")
            clock.shows(f"{moment:%H:%M}")

        def at(day: date, hour: int, minute: int) -> datetime:
            return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)

        # Friday 16:40: somebody who was in the room writes down what was said.
        set_to(at(friday, 16, 40))
        record = sit(served, seller, f"/deals/{deal.pk}/meetings/new/")
        record.page.locator('[name="words_1"]').fill(CRITICAL)
        record.page.locator('label:has(input[name="category_1"][value="running-cost"])').click()
        record.press("Save")
        record.shows(CRITICAL)
        ear = Ear.objects.get(item__deal=deal, person=engineer)
        hearer.shows("苏丹站点")  # on the open page, without loading it again
        wait_for(lambda: sent_to(mail, HEARER) == 1, "the hearer got no mail of what there is to hear")
        due = lambda: localtime(Clock.objects.get(object_id=ear.pk).due_at)  # noqa: E731
        assert (due().date(), due().hour, due().minute) == (tuesday, 11, 40), "Monday is off, and nobody knows of Sunday yet"

        # Saturday afternoon: Sunday will be worked, and somebody enters it only now.
        set_to(at(saturday, 15, 0))
        calendar = sit(served, administrator, f"/calendars/{first_calendar().get().pk}/?year={sunday.year}")
        calendar.page.locator("summary").filter(has_text=said("Enter or change a day")).click()
        calendar.page.locator('[name="day"]').fill(sunday.isoformat())
        calendar.page.locator('[name="kind"]').first.select_option(rules.MAKE_UP)
        calendar.press("Save the day")
        wait_for(lambda: due().date() == sunday, "the limit did not move with the calendar")
        assert (due().hour, due().minute) == (11, 40), "80 minutes of Friday and 160 of Sunday"

        # Sunday: each learns it at his or her minute, and not before, whoever of the workers is left.
        for name, addressee, address, learns, kill in (
            ("remind", engineer, HEARER, None, True), ("leader", seller, LEADER, leader, True), ("unit-head", above, HEAD, head, False),
        ):  # fmt: skip
            had = sent_to(mail, address)
            rung = Step.objects.get(clock__object_id=ear.pk, name=name)
            assert rung.due_at is not None
            minute = localtime(rung.due_at).replace(second=0, microsecond=0)
            set_to(minute - timedelta(minutes=1))
            if kill:
                workers.kill_one()
            if learns:
                learns.shows_not(engineer.name)
            sleep(2)
            assert not Alarm.objects.filter(step=rung).exists(), f"{name} was told before its minute"
            assert sent_to(mail, address) == had
            set_to(minute + timedelta(minutes=1))
            wait_for(lambda rung=rung: Alarm.objects.filter(step=rung).exists(), f"{name} was not told at its minute")  # type: ignore[misc]
            assert [alarm.person for alarm in Alarm.objects.filter(step=rung)] == [addressee]
            wait_for(lambda address=address, had=had: sent_to(mail, address) == had + 1, f"{name} got no mail")  # type: ignore[misc]
            if learns:
                learns.shows(engineer.name)
        minutes = {step.name: localtime(step.due_at).strftime("%H:%M") for step in rungs(ear).values() if step.due_at}
        assert (minutes["remind"], minutes["leader"], minutes["unit-head"]) == ("09:40", "10:40", "11:40")

        # Hearing ends it everywhere at once: on the hearer's day, the leader's and the head's.
        hearing = sit(served, engineer, "/hear/")
        hearing.page.locator("main form.form button.is-primary").first.click()
        hearing.shows_not(CRITICAL)
        for one in (leader, head):
            one.shows_not(engineer.name)
        hearer.shows_not("苏丹站点")
        told = Counter(Alarm.objects.filter(clock__object_id=ear.pk).values_list("person__name", flat=True))
        assert told == {engineer.name: 1, seller.name: 1, above.name: 1}
        sleep(2)  # nothing comes after
        assert Counter(address for receivers in about_it(mail) for address in receivers) == {HEARER: 2, LEADER: 1, HEAD: 1}
        assert not any(CRITICAL[:10] in str(one["subject"]) for _to, one in mail.mails), "the customer's words stand in no subject"
        ended = Entry.objects.filter(verb__startswith="clocks.", objects_touched__object_id=ear.pk)
        assert Counter(ended.values_list("verb", flat=True)) == {
            "clocks.started": 1, "clocks.moved": 1, "clocks.warned": 2, "clocks.breached": 1, "clocks.met_late": 1,
        }  # fmt: skip
    finally:
        if workers:
            workers.stop()
        served.stop(signal.SIGTERM)
