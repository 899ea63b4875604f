"""The test clock: one administrator moves "now", and everything follows, in every process; without the variable it is not there."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner
from django.db import connection
from django.urls import get_resolver

from earshot.cli.root import earshot
from earshot.clocks import test_clock as moving
from earshot.clocks.models import Alarm, Shift
from earshot.clocks.sweep import sweep
from earshot.deals.actions import open_deal
from earshot.journal.models import Entry
from earshot.kit import clock, now
from earshot.kit.problems import Refusal
from earshot.people.actions import make_token
from earshot.people.actors import as_person
from earshot.people.models import Login, Person
from earshot.voice.actions import Said, record_meeting
from test_cli_serve import Served
from worlds import AIM


@pytest.fixture
def people(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Person]:
    """The company with a clock that runs on from the machine's, and may be moved."""
    _ = get_resolver().url_patterns  # the addresses of the house as it is without, before anything reads the setting
    settings.TEST_CLOCK = True
    monkeypatch.setattr(clock._Process, "ahead", timedelta())
    last = Entry.objects.order_by("-seq")[0].recorded_at
    moving.shift(max(last - clock.machine_time(), timedelta()))
    return {login.username.removeprefix("demo-"): login.person for login in Login.objects.select_related("person") if login.person}


def test_an_administrator_moves_now_and_time_goes_on_from_there(people: dict[str, Person]) -> None:
    there = now() + timedelta(days=3)
    assert moving.set_time(by=as_person(people["administrator"]), to=there) - there < timedelta(seconds=5)
    assert moving.advance(by=as_person(people["administrator"]), minutes=90) - there >= timedelta(minutes=90)
    entry = Entry.objects.filter(verb="clocks.time_set").earliest("seq")
    assert entry.data["to"]["at"] == there.isoformat()


def test_due_times_ages_and_the_sweep_follow(people: dict[str, Person]) -> None:
    seller = people["seller"]
    deal = open_deal(by=as_person(seller), title="x", account=seller.accounts.earliest("number"), owner=seller, **AIM)
    record_meeting(by=as_person(seller), deal=deal, items=[Said("柴油费能省一半", "running-cost")])
    sweep()
    before = Alarm.objects.count()
    moving.advance(by=as_person(people["administrator"]), minutes=7 * 24 * 60)
    assert sweep() >= 4
    assert Alarm.objects.count() > before
    assert Entry.objects.order_by("-seq")[0].recorded_at > deal.opened_at + timedelta(days=6)


@pytest.mark.parametrize("key", ["seller", "head", "operations"])
def test_nobody_else_moves_it(people: dict[str, Person], key: str) -> None:
    with pytest.raises(Refusal) as refused:
        moving.advance(by=as_person(people[key]), minutes=5)
    assert refused.value.status == 403


def test_it_does_not_go_back_behind_what_is_written_nor_too_far(people: dict[str, Person]) -> None:
    by = as_person(people["administrator"])
    moving.advance(by=by, minutes=60)
    for to in (now() - timedelta(hours=3), now() + timedelta(days=4000)):
        with pytest.raises(Refusal) as refused:
            moving.set_time(by=by, to=to)
        assert "to" in refused.value.fields


def test_without_the_variable_it_does_not_exist(people: dict[str, Person], settings: Any) -> None:
    settings.TEST_CLOCK = False
    with pytest.raises(Refusal) as refused:
        moving.advance(by=as_person(people["administrator"]), minutes=5)
    assert refused.value.status == 404
    shown = CliRunner().invoke(earshot, ["--help"]).stdout
    assert not re.search(r"^\s+clock\s", shown, re.MULTILINE)
    assert CliRunner().invoke(earshot, ["clock", "show", "--as", "吴凡"]).exit_code == 2


def test_the_demonstrations_time_stands_still_while_it_is_stopped(people: dict[str, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    moving.still_alive()
    stopped = now()
    week_later = clock.machine_time() + timedelta(days=7)
    monkeypatch.setattr(clock, "machine_time", lambda: week_later)
    assert now() - stopped > timedelta(days=6)
    moving.go_on()
    assert now() - stopped < timedelta(seconds=5)
    assert Shift.objects.get().ahead < timedelta()


@pytest.mark.own_database
def test_page_api_and_worker_follow_at_once_in_processes_of_their_own(own_database: str, tmp_path: Path) -> None:
    administrator = Login.objects.select_related("person").get(username="demo-administrator").person
    engineer = Login.objects.select_related("person").get(username="demo-engineer").person
    assert administrator is not None
    assert engineer is not None
    keys = {person: make_token(by=as_person(person), person=person, name="x")[1] for person in (administrator, engineer)}
    seller = Login.objects.select_related("person").get(username="demo-seller").person
    assert seller is not None
    deal = open_deal(by=as_person(seller), title="x", account=seller.accounts.earliest("number"), owner=seller, **AIM)
    record_meeting(by=as_person(seller), deal=deal, items=[Said("柴油费能省一半", "running-cost")])
    connection.close()
    served = Served(tmp_path, own_database, EARSHOT_TEST_CLOCK="1")
    try:
        assert served.answers() == 200

        def ask(person: Person, method: str, path: str, **body: Any) -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {keys[person]}", "Content-Type": "application/json"}
            data = json.dumps(body).encode() if body else None
            try:
                with urlopen(Request(f"http://127.0.0.1:{served.port}{path}", data, headers, method=method), timeout=90) as answer:
                    return answer.status, json.load(answer)
            except HTTPError as error:
                return error.code, json.load(error)

        shown = ask(administrator, "GET", "/api/v1/test-clock")[1]["now"]
        there = (datetime.fromisoformat(shown) + timedelta(days=5)).isoformat()
        assert ask(engineer, "PUT", "/api/v1/test-clock", to=there)[0] == 403
        assert ask(administrator, "PUT", "/api/v1/test-clock", to=there)[0] == 200
        assert ask(administrator, "POST", "/api/v1/test-clock/advances", minutes=60)[0] == 201
        [line] = [line for line in ask(engineer, "GET", "/api/v1/my-day")[1]["items"] if line["act"] == "take_note"]
        assert line["colour"] == "red"
        assert line["clock"]["overdue"]
        until = monotonic() + 90
        while not Alarm.objects.filter(clock__object_id__isnull=False, person__login__username="demo-engineer_head").exists():
            assert monotonic() < until, "the worker did not follow"
            sleep(0.2)
        with urlopen(f"http://127.0.0.1:{served.port}/test-clock/", timeout=90) as page:
            assert "/sign-in/" in page.url
    finally:
        connection.close()
        served.process.terminate()
        served.process.communicate(timeout=90)


def test_the_page_moves_it(people: dict[str, Person], settings: Any, client: Any, rf: Any) -> None:
    from django.contrib.messages.storage.fallback import FallbackStorage
    from django.contrib.sessions.backends.db import SessionStore

    from earshot.web.views.clocks import TestClock

    def ask(method: str, key: str, **typed: str) -> Any:
        request = getattr(rf, method)("/test-clock/", typed)
        request.user = Login.objects.get(username=f"demo-{key}")
        request.session = SessionStore()
        request._messages = FallbackStorage(request)
        return TestClock.as_view()(request)

    assert ask("get", "administrator").status_code == 200
    assert ask("get", "seller").status_code == 403
    before = now()
    assert ask("post", "administrator", act="advance", minutes="1440").status_code == 302
    assert now() - before >= timedelta(days=1)
    refused = ask("post", "administrator", act="set", to="2020-01-01T09:00")
    assert refused.status_code == 422
    assert "2020-01-01T09:00" in refused.content.decode()


def test_only_who_may_set_it_is_led_to_it(people: dict[str, Person], client: Any) -> None:
    """On every page the time stands as text; it is a link for administrators alone, who do not meet a refusal there."""
    shown = {}
    for key in ("administrator", "seller"):
        client.force_login(Login.objects.get(username=f"demo-{key}"))
        shown[key] = client.get("/me/").content.decode()
    assert [key for key, page in shown.items() if '<a class="house-demo house-clock"' in page] == ["administrator"]
    assert '<span class="house-demo house-clock">' in shown["seller"]
