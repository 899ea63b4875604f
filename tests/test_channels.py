"""Channels: added, confirmed, told, failing, mended, ended; through verbs, the worker's loop and a real mail and HTTP server."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as house
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

import sinks
from earshot.calls.actions import take_call
from earshot.desk.queries import my_day, timeline
from earshot.journal import jobs
from earshot.journal.models import Delivery, Entry
from earshot.journal.queries import tell
from earshot.journal.reactions import Undelivered
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people.models import Login, Person
from earshot.talk import codes, notices, registry, sending
from earshot.talk.actions import channels as acts
from earshot.talk.models import Channel, Notice, Sending, Wishes
from earshot.talk.registry import Concern
from worlds import CRITICAL, SHANGHAI, World, later, said, spoken


@dataclass
class Wire:
    mail: sinks.MailSink
    http: sinks.HttpSink

    def robot(self, kind: str, key: str = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa") -> str:
        paths = {"wecom": "/cgi-bin/webhook/send?key=", "dingtalk": "/robot/send?access_token=", "feishu": "/open-apis/bot/v2/hook/"}
        return f"{self.http.url}{paths[kind]}{key}"


@pytest.fixture
def wire(world: World, settings: Any) -> Iterator[Wire]:
    Channel.objects.all().delete()  # the one that the shipped company has
    with sinks.smtp() as mail, sinks.http() as http:
        settings.MAIL = house_mail(mail.port)
        settings.WEBHOOKS_INSIDE = [http.url]
        settings.ROBOTS = {kind: [http.url] for kind in ("wecom", "dingtalk", "feishu")}
        settings.URL = "https://earshot.example.com"
        yield Wire(mail, http)


def house_mail(port: int) -> dict[str, Any]:
    from earshot.settings import mail

    return mail(f"smtp://127.0.0.1:{port}?tls=off") or {}


def work(most: int = 1000) -> int:
    """A worker comes by and does what is due, again and again until nothing is."""
    worker, done = jobs.begin(), 0
    while tried := jobs.drain(worker, most=most):
        done += tried
    return done


def add(world: World, key: str = "engineer", kind: str = "mail", address: str = "lin.yuan@example.com", **more: Any) -> Channel:
    channel, _secret = acts.add_channel(by=world.by(key), kind=kind, address=address, **more)
    return channel


def confirmed(world: World, key: str = "engineer", kind: str = "mail", address: str = "lin.yuan@example.com", **wishes: Any) -> Channel:
    """A channel that its owner has confirmed, quietly: the code is not sent."""
    channel = add(world, key, kind, address)
    acts.confirm_channel(by=world.by(key), channel=channel, code=codes.code_of(channel))
    Delivery.objects.filter(subject=channel.pk).delete()
    if wishes:
        wish(world, key, **wishes)
    channel.refresh_from_db()
    return channel


def wish(world: World, key: str, **changed: Any) -> Wishes:
    plain: dict[str, Any] = {
        "quiet_from": "",
        "quiet_to": "",
        "working_time": False,
        "urgent": False,
        "digest_at": "" if "quiet_from" in changed else "08:30",
    }
    return acts.set_wishes(by=world.by(key), **{**plain, "language": "zh-hans", **changed})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def stands(moment: str) -> Any:
    from earshot.kit.clock import standing_still

    return standing_still(at(moment))


# Adding and confirming.


def test_a_channel_carries_nothing_before_the_code_that_came_through_it_was_typed(world: World, wire: Wire) -> None:
    channel = add(world)
    world.moved_deal()
    work()
    [(to, mail)] = wire.mail.mails
    assert to == ["lin.yuan@example.com"]
    code = re.search(r"\d{6}", wire.mail.texts()[0])
    assert code is not None
    assert not Notice.objects.exists()
    acts.confirm_channel(by=world.by("engineer"), channel=channel, code=f" {code[0]} ")
    world.moved_deal("第二单")
    work()
    assert len(wire.mail.mails) == 2
    assert mail["Auto-Submitted"] == "auto-generated"


def test_five_wrong_codes_and_an_old_one_are_refused_and_another_code_is_another(world: World, wire: Wire) -> None:
    channel = add(world)
    right = codes.code_of(channel)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for _n in range(5):
        with pytest.raises(Refusal) as refused:
            acts.confirm_channel(by=world.by("engineer"), channel=channel, code=wrong)
        assert refused.value.code == "channel.wrong_code"
    with pytest.raises(Refusal) as refused:
        acts.confirm_channel(by=world.by("engineer"), channel=channel, code=right)
    assert refused.value.code == "channel.code_over"
    with pytest.raises(Refusal) as refused:
        acts.send_code(by=world.by("engineer"), channel=channel)
    assert refused.value.code == "channel.code_sent"
    with later(minutes=2):
        acts.send_code(by=world.by("engineer"), channel=channel)
    channel.refresh_from_db()
    assert codes.code_of(channel) != right
    with later(minutes=70), pytest.raises(Refusal) as refused:
        acts.confirm_channel(by=world.by("engineer"), channel=channel, code=codes.code_of(channel))
    assert refused.value.code == "channel.code_over"
    with later(minutes=30):
        acts.confirm_channel(by=world.by("engineer"), channel=channel, code=codes.code_of(channel))
    channel.refresh_from_db()
    assert channel.confirmed_at is not None


def test_a_channel_is_its_owners_alone(world: World, wire: Wire) -> None:
    channel = confirmed(world)
    for act in (acts.send_code, acts.try_channel, acts.mend_channel):
        with pytest.raises(Refusal) as refused:
            act(by=world.by("administrator"), channel=channel)
        assert refused.value.status == 404
    with pytest.raises(Refusal) as refused:
        acts.end_channel(by=world.by("head"), channel=channel, reason="x")
    assert refused.value.status == 404


def test_the_same_channel_twice_and_a_ninth_are_refused_and_the_database_holds_the_first(world: World, wire: Wire) -> None:
    channel = add(world)
    with pytest.raises(Refusal) as refused:
        add(world)
    assert refused.value.code == "channel.known"
    with pytest.raises(IntegrityError), transaction.atomic():
        Channel.objects.create(person=world.engineer, kind="mail", address=channel.address, added_at=now(), code_at=now())
    for number in range(acts.MOST_CHANNELS - 1):
        add(world, address=f"{number}@example.com")
    with pytest.raises(Refusal) as refused:
        add(world, address="another@example.com")
    assert refused.value.code == "channel.too_many"


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("mail", "no address"),
        ("mail", "a@b.example\nBcc: c@d.example"),
        ("pigeon", "loft 3"),
        ("webhook", "http://hooks.example.com/a"),
        ("webhook", "https://127.0.0.1/a"),
        ("webhook", "https://[::1]/a"),
        ("webhook", "https://2130706433/a"),
        ("webhook", "https://localhost/a"),
        ("webhook", "https://user:password@hooks.example.com/a"),
        ("webhook", "https://hooks.example.com:99999/a"),
        ("webhook", "ftp://hooks.example.com/a"),
        ("webhook", "https:///a"),
        ("wecom", "https://qyapi.weixin.qq.com.evil.example/cgi-bin/webhook/send?key=1"),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"),
        ("wecom", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?key=1"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/"),
        ("feishu", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1"),
    ],
)
def test_an_address_that_leads_nowhere_or_inside_is_refused_beside_its_field(world: World, wire: Wire, kind: str, address: str) -> None:
    with pytest.raises(Refusal) as refused:
        add(world, kind=kind, address=address)
    assert set(refused.value.fields) <= {"address", "kind"}
    assert refused.value.fields
    assert not Channel.objects.exists()


def test_without_a_mail_server_the_mail_channel_says_so(world: World, settings: Any) -> None:
    settings.MAIL = None
    with pytest.raises(Refusal) as refused:
        add(world)
    assert "EARSHOT_MAIL" in said(refused.value)


# What is told.


def test_who_must_hear_and_who_is_called_is_told_at_once_in_his_or_her_language(world: World, wire: Wire) -> None:
    confirmed(world, "engineer", "mail", "lin.yuan@example.com", language="en")
    world.moved_deal()
    work()
    [(_to, mail)] = wire.mail.mails
    text = wire.mail.texts()[0]
    assert mail["Subject"] == "Earshot: 2 things are for you"
    assert "By rule, 林远 must hear" in text
    assert "The process called 解决方案部" in text
    assert "due " in text
    assert "https://earshot.example.com/calls/" in text
    assert "https://earshot.example.com/hear/?deal=" in text
    assert {notice.outcome for notice in Notice.objects.all()} == {"told"}


@pytest.mark.req("law 13")
def test_a_subject_holds_no_word_of_the_customer_nor_a_name(world: World, wire: Wire) -> None:
    confirmed(world)
    deal = world.moved_deal()
    work()
    [(_to, mail)] = wire.mail.mails
    assert mail["Subject"] == "炮声：2 件事等你"
    assert CRITICAL not in mail["Subject"]
    assert deal.title not in mail["Subject"]


def test_nobody_is_told_of_his_or_her_own_act_and_the_team_reads_of_it_in_the_digest(world: World, wire: Wire) -> None:
    confirmed(world, "seller", "mail", "chen@example.com")
    deal = world.ready_deal()
    work()
    verbs = set(Notice.objects.filter(channel__person=world.seller).values_list("entry__verb", "way"))
    assert ("deals.stage_entered", "digest") not in verbs  # the seller moved it
    assert ("calls.delivered", "digest") in verbs  # the engineer delivered it
    assert all("calls.delivered" not in text for text in wire.mail.texts())
    before = len(wire.mail.mails)
    with stands("2026-11-24T08:29"):
        assert work() == 0
    with stands("2026-11-24T08:31"):
        work()
    assert len(wire.mail.mails) == before + 1
    assert "交付" in wire.mail.texts()[-1]
    assert str(deal.pk) in wire.mail.texts()[-1] or "/calls/" in wire.mail.texts()[-1]


def test_a_day_without_news_has_no_digest_and_it_skips_the_weekend(world: World, wire: Wire) -> None:
    confirmed(world, "seller", "mail", "chen@example.com")
    with stands("2026-11-24T09:00"):
        work()
    assert wire.mail.mails == []
    with stands("2026-11-27T19:00"):  # a Friday evening
        world.ready_deal()
        work()
    before = len(wire.mail.mails)
    with stands("2026-11-28T08:31"):
        work()
    assert len(wire.mail.mails) == before
    with stands("2026-11-30T08:31"):
        work()
    assert len(wire.mail.mails) == before + 1


def test_what_happens_in_quiet_hours_over_a_holiday_comes_as_one_message_when_they_end(world: World, wire: Wire) -> None:
    confirmed(world, quiet_from="22:00", quiet_to="07:30", working_time=True)
    with stands("2026-12-31T19:00"):  # the eve of New Year's Day, which falls on a Friday
        world.moved_deal()
        world.moved_deal("第二单")
        work()
    for moment in ("2027-01-01T10:00", "2027-01-03T10:00"):
        with stands(moment):
            work()
    assert wire.mail.mails == []
    with stands("2027-01-04T09:00"):
        work()
    [text] = wire.mail.texts()
    assert text.count("/hear/?deal=") == 2
    assert text.count("/calls/") == 2


def test_a_time_limit_that_ran_out_breaks_quiet_hours_only_where_the_person_says_so(world: World, wire: Wire) -> None:
    from earshot.clocks.sweep import sweep

    confirmed(world, quiet_from="00:00", quiet_to="23:59")
    confirmed(world, "engineer_head", "mail", "zhou@example.com", quiet_from="00:00", quiet_to="23:59", urgent=True)
    world.spoken_deal()
    work()
    with later(days=3):
        sweep()
        work()
    breached = Entry.objects.filter(verb="clocks.breached")
    assert breached.exists()
    told = {to for (to,), _mail in wire.mail.mails}
    assert told <= {"zhou@example.com"}


def test_one_line_a_cause_the_newest_takes_the_place_of_what_waits(world: World, wire: Wire) -> None:
    confirmed(world, quiet_from="00:00", quiet_to="11:59")
    with stands("2026-11-23T10:00"):
        deal = world.spoken_deal()
        world.words(deal, words=[("第二次谈话说的话", world.categories[0])])
        work()
        assert wire.mail.mails == []
    with stands("2026-11-23T12:00"):
        work()
    [text] = wire.mail.texts()
    assert text.count("/hear/?deal=") == 1
    assert "第二次谈话说的话" in text
    assert "另有 1 条" in text
    assert sorted(Notice.objects.values_list("outcome", flat=True)) == ["folded", "told"]


def test_a_cause_that_is_gone_before_sending_is_withdrawn_and_an_empty_message_is_none(world: World, wire: Wire) -> None:
    confirmed(world, quiet_from="00:00", quiet_to="11:59")
    deal = world.moved_deal()
    work()
    world.hear(deal, "engineer")
    take_call(by=world.by("engineer"), call=world.calls(deal)[0])
    with stands("2026-11-23T12:00"):
        work()
    assert wire.mail.mails == []
    assert set(Notice.objects.values_list("outcome", flat=True)) == {"withdrawn"}
    assert not Delivery.objects.filter(reaction="talk.lines", done_at=None).exists()


@pytest.mark.req("law 13")
def test_who_lost_standing_between_queueing_and_sending_is_told_nothing(world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The causes are held to stand, so that the journal's own check is what keeps silent."""
    from earshot.people.models import Standing

    mail = confirmed(world, quiet_from="00:00", quiet_to="11:59")
    confirmed(world, "engineer", "webhook", f"{wire.http.url}/hook", quiet_from="00:00", quiet_to="11:59")
    world.moved_deal()
    work()
    assert Notice.objects.filter(channel=mail).count() == 2
    for name in ("hear", "call"):
        monkeypatch.setitem(registry.CAUSES._things, name, replace(registry.CAUSES[name], stands=registry.always))
    Standing.objects.filter(person=world.engineer, until=None).update(until=now())
    world.sound = False
    with stands("2026-11-23T12:00"):
        work()
    assert wire.mail.mails == []
    assert wire.http.hits == []


@pytest.mark.req("law 13")
@pytest.mark.parametrize("how", ["left", "disabled", "ended"])
def test_who_left_or_may_not_sign_in_is_told_nothing(world: World, wire: Wire, how: str) -> None:
    channel = confirmed(world, quiet_from="00:00", quiet_to="11:59")
    world.moved_deal()
    work()
    if how == "left":
        Person.objects.filter(pk=world.engineer.pk).update(left_at=now())
    elif how == "disabled":
        Login.objects.filter(person=world.engineer).update(is_active=False)
    else:
        acts.end_channel(by=world.by("engineer"), channel=channel, reason="换了邮箱")
    with stands("2026-11-23T12:00"):
        work()
    assert wire.mail.mails == []
    assert set(Notice.objects.values_list("outcome", flat=True)) == {"withdrawn"}


def test_one_entry_that_concerns_two_hundred_people_costs_as_many_statements_as_for_two(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = now()
    people = Person.objects.bulk_create([Person(name=f"同事{n}", unit=world.units["solutions"], joined_at=joined) for n in range(200)])
    Channel.objects.bulk_create(
        [
            Channel(person=person, kind="mail", address=f"{n}@example.com", added_at=joined, code_at=joined, confirmed_at=joined)
            for n, person in enumerate(people)
        ]
    )
    entries = list(Entry.objects.filter(verb="accounts.account_opened")[:3])
    counts = []
    for entry, many in zip(entries, (2, 90, 200), strict=True):
        concerns = [Concern(person.pk, "deal", entry.id) for person in people[:many]]
        monkeypatch.setitem(registry.NEWS, entry.verb, [lambda _entry, concerns=concerns: concerns])
        with CaptureQueriesContext(
            connection,
        ) as asked:
            notices.spread(entry)
        counts.append(len(asked))
        assert Notice.objects.filter(entry=entry).count() == many
    assert counts[0] == counts[1]
    assert counts[2] <= counts[0] + 2  # a hundred rows a statement, of two tables
    assert counts[0] <= 9


# Each way.


def test_a_webhook_gets_json_under_a_signature_and_robots_get_text(world: World, wire: Wire) -> None:
    from standardwebhooks import Webhook

    channel, secret = acts.add_channel(by=world.by("engineer"), kind="webhook", address=f"{wire.http.url}/hook")
    assert secret.startswith("whsec_")
    acts.add_channel(by=world.by("engineer"), kind="wecom", address=wire.robot("wecom"))
    acts.add_channel(by=world.by("engineer"), kind="dingtalk", address=wire.robot("dingtalk"), secret="SEC1")
    acts.add_channel(by=world.by("engineer"), kind="feishu", address=wire.robot("feishu"), secret="x")
    for one in Channel.objects.all():
        acts.confirm_channel(by=world.by("engineer"), channel=one, code=codes.code_of(one))
    Delivery.objects.filter(subject__isnull=False).delete()
    world.moved_deal()
    work()
    hits = {hit.path.split("?")[0].split("/")[1]: hit for hit in wire.http.hits}
    assert set(hits) == {"hook", "cgi-bin", "robot", "open-apis"}
    assert len(wire.http.hits) == 4
    hook = hits["hook"]
    assert hook.headers["webhook-id"] == str(Sending.objects.get(channel=channel).pk)
    assert Webhook(secret).verify(hook.body, hook.headers)["data"]["lines"][0]["link"].startswith("https://earshot.example.com/")
    assert "sign=" in hits["robot"].path
    assert hits["open-apis"].json["sign"]
    assert "等你" in hits["cgi-bin"].json["text"]["content"]


@pytest.mark.parametrize("kind", ["webhook", "wecom"])
def test_a_name_that_leads_inside_is_refused_when_it_is_sent_to_and_no_redirect_is_followed(
    world: World, wire: Wire, settings: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    settings.WEBHOOKS_INSIDE, settings.ROBOTS = [], {}
    addresses = {"webhook": "https://hooks.example.com/a", "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1"}
    channel = confirmed(world, "engineer", kind, addresses[kind])
    monkeypatch.setattr(sending, "resolve", lambda host, port: ["93.184.215.14", "10.0.0.1"])
    world.moved_deal()
    work()
    channel.refresh_from_db()
    assert channel.given_up_at is not None
    assert "own" in (channel.trouble or {})["en"]
    assert wire.http.hits == []


def test_a_redirect_is_not_followed(world: World, wire: Wire) -> None:
    channel = confirmed(world, "engineer", "webhook", f"{wire.http.url}/hook")
    wire.http.answer = lambda _hit: (302, {"Location": f"{wire.http.url}/inside"}, b"")
    world.moved_deal()
    work()
    assert [hit.path for hit in wire.http.hits] == ["/hook"]
    channel.refresh_from_db()
    assert channel.given_up_at is not None


def test_a_name_that_takes_for_ever_to_look_up_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()
    monkeypatch.setattr(sending, "PATIENCE", 0.2)
    monkeypatch.setattr(sending, "resolve", lambda host, port: [str(asked.wait(20))])
    with pytest.raises(Undelivered) as refused:
        sending.post(sending.robots.Request("https://slow.example.com/a", {}, b"{}"), inside=False)
    assert "没有及时应答" in str(refused.value.args[0])
    asked.set()


def test_an_endpoint_that_answers_drop_by_drop_is_left_in_time(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    from time import monotonic, sleep

    from earshot.talk.robots import Request

    monkeypatch.setattr(sending, "PATIENCE", 0.5)

    def slow(_hit: sinks.Hit) -> tuple[int, dict[str, str], bytes]:
        sleep(3)
        return 200, {}, b""

    wire.http.answer = slow
    began = monotonic()
    with pytest.raises(Undelivered):
        sending.post(Request(f"{wire.http.url}/hook", {}, b"{}"), inside=True)
    assert monotonic() - began < 2
    wire.http.answer = lambda _hit: (200, {"Content-Length": str(10**9)}, b"x" * (sending.MOST_OF_ANSWER + 10))
    status, answer = sending.post(Request(f"{wire.http.url}/hook", {}, b"{}"), inside=True)
    assert (status, len(answer)) == (200, sending.MOST_OF_ANSWER)


# What fails.


def test_a_temporary_failure_is_tried_again_under_the_same_id(world: World, wire: Wire) -> None:
    channel = confirmed(world, "engineer", "webhook", f"{wire.http.url}/hook")
    wire.http.answer = lambda _hit: (503, {}, b"")
    world.moved_deal()
    work()
    channel.refresh_from_db()
    assert channel.failing_since == now()
    assert channel.given_up_at is None
    assert "channel_dead" not in [line.cause for line in my_day(world.engineer)]
    wire.http.answer = lambda _hit: (200, {}, b"")
    with later(minutes=1):
        work()
    assert len({hit.headers["webhook-id"] for hit in wire.http.hits}) == 1
    assert len(wire.http.hits) == 2
    channel.refresh_from_db()
    assert (channel.failing_since, channel.trouble) == (None, None)


def test_a_permanent_failure_parks_at_once_is_seen_by_its_owner_stops_no_other_and_is_mended_by_one_act(world: World, wire: Wire) -> None:
    dead = confirmed(world, "engineer", "webhook", f"{wire.http.url}/gone")
    confirmed(world, "engineer", "mail", "lin.yuan@example.com")
    wire.http.answer = lambda hit: (410, {}, b"")
    world.moved_deal()
    work()
    assert len(wire.http.hits) == 1
    assert len(wire.mail.mails) == 1
    delivery = jobs.dead().get()
    assert (delivery.attempts, delivery.subject) == (1, dead.pk)
    assert "/gone" not in delivery.error
    [line] = [line for line in my_day(world.engineer) if line.cause == "channel_dead"]
    assert "since" in spoken(line.sentence)
    assert "channel_dead" not in [line.cause for line in my_day(world.seller)]
    world.moved_deal("第二单")  # nothing new is tried there meanwhile
    work()
    assert len(wire.http.hits) == 1
    assert len(wire.mail.mails) == 2
    wire.http.answer = lambda _hit: (200, {}, b"")
    acts.mend_channel(by=world.by("engineer"), channel=dead)
    assert "channel_dead" not in [line.cause for line in my_day(world.engineer)]
    work()
    assert len(wire.http.hits) == 3  # what was given up, and what waited
    assert not jobs.dead().exists()
    with pytest.raises(Refusal) as refused:
        acts.mend_channel(by=world.by("engineer"), channel=dead)
    assert refused.value.code == "channel.not_given_up"


def test_news_after_the_mending_and_before_the_worker_comes_is_told_and_no_digest_comes_early(world: World, wire: Wire) -> None:
    dead = confirmed(world, "engineer", "webhook", f"{wire.http.url}/gone")
    wire.http.answer = lambda hit: (410, {}, b"")
    deal = world.moved_deal()
    work()
    Notice.objects.create(channel=dead, entry=Entry.objects.latest("seq"), cause="deal", scope=deal.pk, way="digest", made_at=now())
    entry = Entry.objects.latest("seq")
    digest = Delivery.objects.create(entry=entry, reaction="talk.digest", subject=dead.pk, lane=dead.pk, due_at=now() + timedelta(hours=20))
    wire.http.answer = lambda _hit: (200, {}, b"")
    acts.mend_channel(by=world.by("engineer"), channel=dead)
    world.moved_deal("第二单")
    work()
    assert len(wire.http.hits) == 3
    assert not Notice.objects.filter(outcome="", way="lines").exists()
    digest.refresh_from_db()
    assert digest.done_at is None


def test_what_ended_owes_nothing_any_more(world: World, wire: Wire) -> None:
    dead = confirmed(world, "engineer", "webhook", f"{wire.http.url}/gone")
    wire.http.answer = lambda hit: (410, {}, b"")
    world.moved_deal()
    work()
    acts.end_channel(by=world.by("engineer"), channel=dead)  # one's own: nobody is owed a reason
    with override("en"):
        assert "ended the channel" in timeline(world.engineer, world.engineer.pk)[0].sentence
    assert not jobs.dead().exists()
    assert "channel_dead" not in [line.cause for line in my_day(world.engineer)]
    assert "given_up" not in [line.cause for line in my_day(world.operations)]


def test_a_mail_address_that_is_refused_is_parked_and_one_that_is_refused_for_now_is_tried_again(world: World, wire: Wire) -> None:
    channel = confirmed(world)
    wire.mail.refuse["lin.yuan@example.com"] = b"450 mailbox busy"
    world.moved_deal()
    work()
    channel.refresh_from_db()
    assert (channel.given_up_at, channel.failing_since) == (None, now())
    wire.mail.refuse["lin.yuan@example.com"] = b"550 no such lin.yuan@example.com"
    with later(minutes=5):
        work()
    channel.refresh_from_db()
    assert channel.given_up_at is not None
    assert "lin.yuan" not in json.dumps(channel.trouble)
    assert "550" in (channel.trouble or {})["zh-hans"]


def test_a_mail_server_that_turns_everybody_away_gives_up_nobodys_channel(world: World, wire: Wire) -> None:
    channel = confirmed(world)
    wire.mail.greeting = b"554 no service today"
    world.moved_deal()
    work()
    channel.refresh_from_db()
    assert channel.failing_since is not None
    assert channel.given_up_at is None
    wire.mail.greeting = b"220 sink"
    with later(minutes=10):
        work()
    assert len(wire.mail.mails) == 1


def test_after_so_many_attempts_it_is_given_up(world: World, wire: Wire) -> None:
    channel = confirmed(world, "engineer", "webhook", f"{wire.http.url}/hook")
    wire.http.answer = lambda _hit: (500, {}, b"")
    world.moved_deal()
    for hours in range(notices.ATTEMPTS + 2):
        with later(hours=2 * hours):
            work()
    channel.refresh_from_db()
    assert channel.given_up_at is not None
    assert len(wire.http.hits) == notices.ATTEMPTS


@pytest.mark.req("law 13")
def test_a_retry_says_nothing_that_its_reader_may_no_longer_read(world: World, wire: Wire) -> None:
    confirmed(world, "engineer", "webhook", f"{wire.http.url}/hook")
    wire.http.answer = lambda _hit: (503, {}, b"")
    deal = world.moved_deal()
    work()
    assert len(wire.http.hits[0].json["data"]["lines"]) == 2
    world.hear(deal, "engineer")
    wire.http.answer = lambda _hit: (200, {}, b"")
    with later(minutes=1):
        work()
    assert [line["cause"] for line in wire.http.hits[1].json["data"]["lines"]] == ["call"]
    assert wire.http.hits[0].headers["webhook-id"] == wire.http.hits[1].headers["webhook-id"]


def test_no_secret_and_no_whole_address_stands_in_the_journal_a_delivery_or_a_log(
    world: World, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"
    for kind, secret in (("wecom", ""), ("dingtalk", "SECverysecret"), ("feishu", "SECverysecret")):
        channel = add(world, "engineer", kind, wire.robot(kind, key), secret=secret)
        acts.confirm_channel(by=world.by("engineer"), channel=channel, code=codes.code_of(channel))
    wire.http.answer = lambda hit: (200, {}, b'{"errcode":93000,"code":19001}') if "cgi-bin" in hit.path else (500, {}, hit.path.encode())
    house_loggers = house.LOGGING["loggers"]
    assert house_loggers["httpcore"]["level"] == "WARNING"
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    world.moved_deal()
    work()
    for channel in Channel.objects.filter(kind="wecom"):
        acts.end_channel(by=world.by("engineer"), channel=channel, reason="x")
    told = [one.sentence for one in tell(Entry.objects.filter(verb__startswith="talk."))]
    kept = " ".join([*told, *Delivery.objects.values_list("error", flat=True), caplog.text])
    kept += json.dumps(list(Entry.objects.values_list("data", flat=True))) + json.dumps(
        list(Channel.objects.values_list("trouble", flat=True))
    )
    assert wire.http.hits
    assert key not in kept
    assert "verysecret" not in kept
    assert key[-4:] in " ".join(told)  # its ends: enough to know it by


# Kills, two workers, no lock during the wire.


def test_killed_between_sending_and_settling_it_goes_again_under_the_same_id(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(world, "engineer", "webhook", f"{wire.http.url}/hook")
    world.moved_deal()
    while jobs.drain(jobs.begin(), outside=False):
        pass

    class Killed(BaseException):
        pass

    def dies(*_args: object) -> None:
        raise Killed

    with monkeypatch.context() as killing:
        killing.setattr(notices.Lines, "settle", dies)
        with pytest.raises(Killed):
            jobs.drain(jobs.begin(), outside=True)
    assert len(wire.http.hits) == 1
    assert jobs.drain(jobs.begin(), outside=True) == 0  # its worker counts as alive
    silent = jobs.machine_time() + jobs.SILENT + timedelta(seconds=1)
    monkeypatch.setattr(jobs, "machine_time", lambda: silent)
    assert jobs.drain(jobs.begin(), outside=True) == 1
    assert [hit.headers["webhook-id"] for hit in wire.http.hits] == [str(Sending.objects.get().pk)] * 2
    assert {notice.outcome for notice in Notice.objects.all()} == {"told"}


def test_a_delivery_whose_database_went_away_is_freed_by_the_living_worker_that_holds_it(
    world: World, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(world, "engineer", "webhook", f"{wire.http.url}/hook")
    world.moved_deal()
    while jobs.drain(jobs.begin(), outside=False):
        pass
    worker = jobs.begin()

    def away(*_args: object) -> None:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as gone:
        gone.setattr(notices.Lines, "settle", away)
        gone.setattr(jobs, "_fail", away)
        with pytest.raises(OperationalError):
            jobs.drain(worker, outside=True)
    assert Delivery.objects.get(reaction="talk.lines").holder == worker
    assert jobs.drain(worker, outside=True) == 0  # free, and due after a pause
    assert Delivery.objects.get(reaction="talk.lines").holder is None
    with later(minutes=1):
        assert jobs.drain(worker, outside=True) == 1
    assert Delivery.objects.get(reaction="talk.lines").done_at is not None
    assert [hit.headers["webhook-id"] for hit in wire.http.hits] == [str(Sending.objects.get().pk)] * 2


@pytest.mark.own_database
def test_no_lock_is_held_while_something_is_sent_and_two_workers_send_it_once(world: World, wire: Wire) -> None:
    confirmed(world, "engineer", "webhook", f"{wire.http.url}/hook")
    world.moved_deal()
    while jobs.drain(jobs.begin(), outside=False):
        pass
    wrote: list[str] = []

    def writes(_hit: sinks.Hit) -> tuple[int, dict[str, str], bytes]:
        try:  # on SQLite a lock held by the sender would make this wait until it gives up
            with connection.cursor() as cursor:
                if connection.vendor == "sqlite":
                    cursor.execute("PRAGMA busy_timeout = 500")
            Channel.objects.update(end_reason="")
            wrote.append("done")
        finally:
            connection.close()
        return 200, {}, b""

    wire.http.answer = writes
    tried: list[int] = []

    def one() -> None:
        try:
            tried.append(jobs.drain(jobs.begin(), outside=True))
        finally:
            connection.close()

    workers = [threading.Thread(target=one) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(tried) == 1
    assert wrote == ["done"]
    assert len(wire.http.hits) == 1
    assert Delivery.objects.filter(reaction="talk.lines", done_at=None).count() == 0


@pytest.mark.own_database
def test_what_is_spread_while_a_message_is_gathered_is_in_it_or_in_the_next(world: World, wire: Wire) -> None:
    confirmed(world, "engineer", "webhook", f"{wire.http.url}/hook")
    for number in range(6):
        world.moved_deal(f"第 {number} 单")

    def one() -> None:
        try:
            worker = jobs.begin()
            while jobs.drain(worker, most=3):
                pass
        finally:
            connection.close()

    workers = [threading.Thread(target=one) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    work()
    links = [line["link"] for hit in wire.http.hits for line in hit.json["data"]["lines"]]
    assert len(links) == 12
    assert len(set(links)) == 12
    assert not Notice.objects.filter(outcome="").exists()


def test_poison_rows_in_any_number_are_parked_on_the_way(world: World, wire: Wire) -> None:
    """They were found one inside the other, so that some hundreds of them ended the worker."""
    entry = Entry.objects.earliest("seq")
    Delivery.objects.all().delete()
    rows = [
        Delivery(entry=entry, reaction="talk.spread", subject=UUID(int=n + 1), due_at=now(), attempts=jobs.MOST_ATTEMPTS)
        for n in range(400)
    ]
    Delivery.objects.bulk_create(rows)
    assert work() == 0
    assert jobs.dead().count() == 400


def test_wishes_that_make_no_sense_are_refused_beside_their_fields(world: World) -> None:
    for wrong, field in (
        ({"quiet_from": "22:00"}, "quiet_to"),
        ({"quiet_from": "01:00", "quiet_to": "01:00"}, "quiet_to"),
        ({"quiet_from": "22:00", "quiet_to": "09:00", "digest_at": "08:30"}, "digest_at"),
        ({"digest_at": "24:00"}, "digest_at"),
        ({"language": "fr"}, "language"),
    ):
        with pytest.raises(Refusal) as refused:
            wish(world, "engineer", **wrong)
        assert field in refused.value.fields
    assert not Wishes.objects.filter(person=world.engineer).exists()


def test_changed_wishes_move_what_waits(world: World, wire: Wire) -> None:
    confirmed(world, quiet_from="00:00", quiet_to="11:59")
    world.moved_deal()
    work()
    assert wire.mail.mails == []
    wish(world, "engineer")
    work()
    assert len(wire.mail.mails) == 1


def test_a_trial_comes_whatever_the_hour_and_not_twice_a_minute(world: World, wire: Wire) -> None:
    channel = confirmed(world, quiet_from="00:00", quiet_to="23:59")
    acts.try_channel(by=world.by("engineer"), channel=channel)
    work()
    assert "试" in wire.mail.mails[0][1]["Subject"]
    with pytest.raises(Refusal) as refused:
        acts.try_channel(by=world.by("engineer"), channel=channel)
    assert refused.value.code == "channel.tried"


# Messages, and the calendar.


def test_who_is_asked_is_told_at_once_without_a_word_of_the_message_and_who_was_merely_written_to_in_the_digest(
    world: World, wire: Wire
) -> None:
    from earshot.talk.actions.messages import acknowledge, post_message

    confirmed(world, "head", "mail", "he@example.com")
    confirmed(world, "seller", "mail", "chen@example.com")
    deal = world.deal()
    work()
    wire.mail.mails.clear()
    secret = "客户的底价是一百八十万"
    asks = post_message(by=world.by("seller"), about=deal, text=secret, asks="answer", to=[world.head])
    post_message(by=world.by("seller"), about=deal, text="供参考", to=[world.head])
    work()
    [(to, mail)] = wire.mail.mails
    assert to == ["he@example.com"]
    text = wire.mail.texts()[0]
    assert f"/messages/{asks.pk}/" in text
    assert "前完成" in text
    assert secret not in text + mail["Subject"]
    acknowledge(by=world.by("head"), messages=[asks], text="周五")
    with stands("2026-11-24T08:31"):
        work()
    assert sorted(to[0] for to, _mail in wire.mail.mails[1:]) == ["chen@example.com", "he@example.com"]


def test_ending_a_channel_and_adding_it_again_sends_no_more_codes_than_a_few_a_day(world: World, wire: Wire) -> None:
    for _ in range(20):
        channel = add(world)
        acts.end_channel(by=world.by("engineer"), channel=channel, reason="again")
    with pytest.raises(Refusal) as refused:
        add(world, address="somebody@example.org")
    assert refused.value.code == "channel.codes_today"
    with later(days=1, minutes=1):
        assert add(world).pk


def test_guessing_codes_over_many_channels_ends_for_the_day(world: World, wire: Wire) -> None:
    wrong = 0
    for number in range(7):
        channel = add(world, address=f"box{number}@example.org")
        for _ in range(5):
            with pytest.raises(Refusal) as refused:
                acts.confirm_channel(by=world.by("engineer"), channel=channel, code="not it")
            wrong += refused.value.code == "channel.wrong_code"
        if number < 6:
            acts.end_channel(by=world.by("engineer"), channel=channel, reason="again")
    assert wrong == 30
    assert refused.value.code == "channel.wrong_codes_today"


@pytest.mark.req("A13.2d")
def test_whom_the_ladder_names_is_told_of_silence_and_not_a_word_of_what_about(world: World, wire: Wire) -> None:
    from earshot.clocks.sweep import sweep
    from earshot.talk.actions.messages import post_message
    from earshot.teams.actions import accept_seat, nominate
    from earshot.teams.models import Seat

    deal = world.deal("绝密项目")
    seat = Seat.objects.get(team=deal.team, role="SR")
    membership = nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    accept_seat(by=world.by("engineer"), membership=membership)
    confirmed(world, "engineer_head", address="zhou@example.com")
    work()
    wire.mail.mails.clear()
    post_message(by=world.by("seller"), about=deal.team, text="底价一百八十万，明早给我答复", asks="directive", to_team=True)
    with later(days=5):
        sweep()
        work()
    mine = [mail for to, mail in wire.mail.mails if to == ["zhou@example.com"]]
    assert len(mine) == 1
    text = mine[0].get_content() + mine[0]["Subject"]  # type: ignore[attr-defined]
    assert world.engineer.name in text
    assert world.seller.name in text
    assert "一百八十万" not in text
    assert "绝密项目" not in text


def test_two_questions_that_run_out_at_the_same_instant_are_two_lines(world: World, wire: Wire) -> None:
    from earshot.clocks.sweep import sweep
    from earshot.talk.actions.messages import post_message

    deal = world.moved_deal()
    work()
    with later(hours=1):
        confirmed(world, "seller")
        asked = [post_message(by=world.by("seller"), about=deal, text=text, to=[world.head], asks="answer") for text in ("一问", "二问")]
    with later(hours=30):
        sweep()
        work()
    assert not Delivery.objects.filter(reaction="talk.spread", done_at=None).exists()
    breached = Notice.objects.filter(entry__verb="clocks.breached", cause="alarm_asked")
    assert set(breached.values_list("scope", flat=True)) >= {message.pk for message in asked}


def test_what_was_answered_before_quiet_hours_ended_is_not_asked_again(world: World, wire: Wire) -> None:
    from earshot.talk.actions.messages import acknowledge, post_message

    confirmed(world, "head", "mail", "he@example.com", quiet_from="00:00", quiet_to="11:59")
    asks = post_message(by=world.by("seller"), about=world.deal(), text="什么时候签？", asks="answer", to=[world.head])
    work()
    acknowledge(by=world.by("head"), messages=[asks], text="周五")
    with stands("2026-11-23T12:00"):
        work()
    assert wire.mail.mails == []


def test_the_calendar_holds_what_waits_until_when_and_no_word_of_the_customer(world: World, client: Any, settings: Any) -> None:
    from icalendar import Calendar

    settings.URL = "https://earshot.example.com"
    deal = world.moved_deal()
    _feed, key = acts.make_feed(by=world.by("engineer"))
    answer = client.get(f"/feeds/{key}.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"].startswith("private")
    first = Calendar.from_ical(answer.content)
    events = {str(event["uid"]): event for event in first.walk("VEVENT")}
    lines = [line for line in my_day(world.engineer) if line.due_at]
    assert {event.decoded("dtstart") for event in events.values()} == {line.due_at.replace(microsecond=0) for line in lines if line.due_at}
    assert any(deal.title in event["summary"] for event in events.values())
    for item in world.items(deal):
        assert item.words not in answer.content.decode().replace("\r\n ", "")
    with later(minutes=5):
        again = {str(event["uid"]) for event in Calendar.from_ical(client.get(f"/feeds/{key}.ics").content).walk("VEVENT")}
    assert again == set(events)  # they keep their names
    world.hear(deal, "engineer")
    heard = {str(event["uid"]) for event in Calendar.from_ical(client.get(f"/feeds/{key}.ics").content).walk("VEVENT")}
    assert heard < again


@pytest.mark.req("law 13")
@pytest.mark.parametrize("how", ["revoked", "renewed", "left", "disabled", "unknown"])
def test_an_address_of_a_calendar_that_is_good_no_more_looks_like_one_that_never_was(world: World, client: Any, how: str) -> None:
    _feed, key = acts.make_feed(by=world.by("engineer"))
    assert client.get(f"/feeds/{key}.ics").status_code == 200
    if how == "revoked":
        acts.revoke_feed(by=world.by("engineer"))
    elif how == "renewed":
        _feed, other = acts.make_feed(by=world.by("engineer"))
        assert client.get(f"/feeds/{other}.ics").status_code == 200
    elif how == "left":
        Person.objects.filter(pk=world.engineer.pk).update(left_at=now())
    elif how == "disabled":
        Login.objects.filter(person=world.engineer).update(is_active=False)
    else:
        key = "x" * 43
    assert client.get(f"/feeds/{key}.ics").status_code == 404


def test_a_calendar_costs_as_many_statements_with_many_things_as_with_few(world: World, client: Any) -> None:
    _feed, key = acts.make_feed(by=world.by("engineer"))
    counts = []
    for more in (2, 6):
        for number in range(more):
            world.moved_deal(f"第 {more}-{number} 单")
        client.get(f"/feeds/{key}.ics")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/feeds/{key}.ics")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_page_shows_a_channel_by_its_ends_its_trouble_and_the_one_act(world: World, wire: Wire, client: Any) -> None:
    client.force_login(world.login("engineer"))
    key = "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"
    sent = {"act": "add", "kind": "wecom", "address": wire.robot("wecom", key)}
    assert client.post("/me/notifications/", sent).status_code == 302
    channel = Channel.objects.get()
    page = client.get("/me/notifications/").content.decode()
    assert "…5aaa" in page
    assert key not in page
    wrong = client.post("/me/notifications/", {"act": "confirm", "channel": str(channel.pk), "code": "1"})
    assert wrong.status_code == 422
    assert "与最近一次发送的验证码不符" in wrong.content.decode()
    right = {"act": "confirm", "channel": str(channel.pk), "code": codes.code_of(channel)}
    assert client.post("/me/notifications/", right).status_code == 302
    Channel.objects.update(given_up_at=now(), failing_since=now(), trouble={"zh-hans": "机器人已不存在", "en": "gone"})
    assert "机器人已不存在" in client.get("/me/notifications/").content.decode()
    assert "企业微信机器人一直送不到你" in client.get("/").content.decode()
    assert client.post("/me/notifications/", {"act": "mend", "channel": str(channel.pk), "next": "/"}).status_code == 302
    assert "一直送不到你" not in client.get("/").content.decode()
    made = client.post("/me/notifications/", {"act": "add", "kind": "webhook", "address": f"{wire.http.url}/hook"})
    assert made["Cache-Control"] == "no-store"
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", made.content.decode())
    assert secret is not None
    assert secret[0] not in client.get("/me/notifications/").content.decode()


def test_the_command_line_does_the_same(world: World, wire: Wire) -> None:
    from click.testing import CliRunner

    from earshot.cli.root import earshot

    def run(*words: str) -> str:
        result = CliRunner().invoke(earshot, [*words, "--as", "林远"])
        assert result.exit_code == 0, result.output
        return str(result.output)

    run("channels", "add", "mail", "lin.yuan@example.com")
    channel = Channel.objects.get()
    run("channels", "confirm", str(channel.pk), codes.code_of(channel))
    assert "l…@example.com" in run("channels", "list")
    assert "22:00–07:30" in run("channels", "wishes", "--quiet", "22:00-07:30")
    assert "08:30" in run("channels", "wishes")
    assert "/feeds/" in run("channels", "feed")
    run("channels", "end", str(channel.pk), "--reason", "moved")
    assert Channel.objects.get().end_reason == "moved"


def test_the_shipped_company_has_somebody_who_is_told_by_mail_laid_into_a_folder(world: World, settings: Any, tmp_path: Path) -> None:
    from earshot.demo.actions import read_world

    settings.MAIL = {"backend": "django.core.mail.backends.filebased.EmailBackend", "file_path": tmp_path}
    [row] = read_world()["channels"]
    if not Channel.objects.exists():  # built where mail was not set up
        confirmed(world, row["person"], "mail", row["address"])
    world.moved_deal()
    work()
    [mail] = tmp_path.iterdir()
    assert "zheng.kai@yuansheng.example" in mail.read_text(encoding="utf-8")
