"""Whom to tell when, in how many lines, and how it is signed: without a database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, quote_plus, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from earshot.journal.reactions import Undeliverable, Undelivered
from earshot.kit.worktime import Calendar
from earshot.talk import robots, rules
from earshot.talk.letters import Letter, LetterLine
from earshot.talk.rules import Times
from earshot.talk.sending import is_outside

WEEK = (((540, 720), (780, 1080)),) * 5 + ((), ())  # 9–12, 13–18
HOLIDAY, MADE_UP = date(2026, 10, 1), date(2026, 10, 10)  # a Thursday off, a Saturday worked
ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"]


def calendar(zone: str = "Asia/Shanghai") -> Calendar:
    return Calendar(ZoneInfo(zone), WEEK, {HOLIDAY: (), MADE_UP: ((540, 1080),)})


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


minutes = st.integers(0, 1439)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC))
around_changes = st.sampled_from(
    [
        datetime(2026, 3, 29, tzinfo=UTC),
        datetime(2026, 10, 25, tzinfo=UTC),
        datetime(2026, 3, 8, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
    ]
).flatmap(lambda day: st.integers(-1440, 2880).map(lambda ahead: day + timedelta(minutes=ahead)))


@settings(max_examples=300, deadline=None)
@given(moment=st.one_of(moments, around_changes), quiet=st.tuples(minutes, minutes), zone=st.sampled_from(ZONES))
def test_whoever_is_told_is_told_at_the_first_minute_that_is_not_quiet(moment: datetime, quiet: tuple[int, int], zone: str) -> None:
    if quiet[0] == quiet[1]:
        return
    times = Times(calendar(zone), quiet)
    told = rules.free_at(times, moment)
    assert told >= moment
    assert not rules.is_quiet(times, told)
    walk = moment.replace(second=0, microsecond=0)
    while walk < told:  # every minute before is quiet
        assert rules.is_quiet(times, walk)
        walk += timedelta(minutes=1)


@settings(max_examples=150, deadline=None)
@given(moment=moments, quiet=st.none() | st.tuples(minutes, minutes).filter(lambda q: q[0] != q[1]), zone=st.sampled_from(ZONES))
def test_in_working_time_only_means_a_working_minute_outside_quiet_hours_unless_there_is_none(
    moment: datetime, quiet: tuple[int, int] | None, zone: str
) -> None:
    times = Times(calendar(zone), quiet, working_time=True)
    told = rules.free_at(times, moment)
    assert told >= moment
    here = told.astimezone(times.zone)
    shown = here.hour * 60 + here.minute
    works = any(start <= shown < end for start, end in times.calendar.spans_on(here.date()))
    never = quiet is not None and all(rules.within(quiet, minute) for start, end in WEEK[0] for minute in range(start, end))
    assert never or works
    assert not rules.is_quiet(times, told)


def test_what_happens_on_the_eve_of_a_holiday_waits_for_the_next_working_morning() -> None:
    times = Times(calendar(), (1320, 450), working_time=True)
    assert rules.free_at(times, at("2026-09-30T18:30")) == at("2026-10-02T09:00")
    assert rules.free_at(times, at("2026-10-09T19:00")) == at("2026-10-10T09:00")  # the Saturday that makes up
    assert rules.free_at(times, at("2026-09-30T11:00")) == at("2026-09-30T11:00")


def test_what_has_run_out_breaks_quiet_hours_only_for_whoever_says_so() -> None:
    night = at("2026-11-23T23:30")
    assert rules.free_at(Times(calendar(), (1320, 450), urgent=True), night, urgent=True) == night
    assert rules.free_at(Times(calendar(), (1320, 450), urgent=False), night, urgent=True) == at("2026-11-24T07:30")
    assert rules.free_at(Times(calendar(), (1320, 450), urgent=True), night) == at("2026-11-24T07:30")


def test_quiet_hours_end_when_the_wall_shows_it_also_in_a_night_in_which_clocks_are_changed() -> None:
    berlin = Times(calendar("Europe/Berlin"), (1320, 150))  # 22:00 to 02:30
    # Put forward: 02:00 becomes 03:00, and 02:30 is never shown.
    assert rules.free_at(berlin, at("2026-03-29T01:59", "Europe/Berlin")).astimezone(UTC) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    # Put back: 02:30 comes twice, and after the first one the wall shows quiet minutes again.
    assert rules.free_at(berlin, at("2026-10-25T01:00", "Europe/Berlin")).astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    again = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert rules.free_at(berlin, again) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@settings(max_examples=200, deadline=None)
@given(moment=st.one_of(moments, around_changes), wished=minutes, zone=st.sampled_from(ZONES))
def test_the_digest_comes_after_now_on_a_working_day_and_none_is_left_out(moment: datetime, wished: int, zone: str) -> None:
    times = Times(calendar(zone), digest_at=wished)
    due = rules.next_digest(times, moment)
    assert due is not None
    assert due > moment
    assert times.calendar.spans_on(due.astimezone(times.zone).date())
    day = moment.astimezone(times.zone).date() + timedelta(days=1)
    while day < due.astimezone(times.zone).date():
        assert not times.calendar.spans_on(day)
        day += timedelta(days=1)


def test_whoever_wants_no_digest_gets_none_and_it_skips_the_holiday() -> None:
    assert rules.next_digest(Times(calendar()), at("2026-09-30T12:00")) is None
    assert rules.next_digest(Times(calendar(), digest_at=510), at("2026-09-30T08:30")) == at("2026-10-02T08:30")


@given(causes=st.lists(st.sampled_from("abcd")))
def test_there_is_one_line_a_cause_the_newest_tells_it_and_none_is_lost(causes: list[str]) -> None:
    lines = rules.lines(causes)
    assert [causes[line.number] for line in lines] == list(dict.fromkeys(causes))
    for line in lines:
        assert causes[line.number] not in causes[line.number + 1 :]
    assert sum(1 + line.earlier for line in lines) == len(causes)


@pytest.mark.parametrize(
    ("kind", "address", "shown"),
    [
        ("mail", "chen.xiao@example.com", "c…@example.com"),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa", "qyapi.weixin.qq.com/…5aaa"),
        ("webhook", "https://hooks.example.com/a", "hooks.example.com/…"),
    ],
)
def test_an_address_is_shown_by_its_ends(kind: str, address: str, shown: str) -> None:
    assert rules.masked(kind, address) == shown


# Signatures, against what the vendors document.

LETTER = Letter(
    UUID(int=7),
    "lines",
    "炮声：1 件事等你",
    datetime(2026, 11, 23, tzinfo=UTC),
    "zh-hans",
    "",
    [LetterLine("<@all> 流程呼叫", "https://x/1")],
)


def test_dingtalk_signs_as_its_documentation_computes_it() -> None:
    """https://open.dingtalk.com/document/robots/custom-robot-access, section on signing: string_to_sign = '{}\\n{}'.format(timestamp,
    secret); hmac over it under the secret, SHA-256; base64; quote_plus. Its sample secret is 'this is secret'."""
    moment = datetime.fromtimestamp(1577262236.757, UTC)
    sent = robots.request("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=XXXXXX", "this is secret", LETTER, moment)
    timestamp = "1577262236757"
    signed = hmac.new(b"this is secret", f"{timestamp}\nthis is secret".encode(), digestmod=hashlib.sha256).digest()
    assert sent.url.endswith(f"?access_token=XXXXXX&timestamp={timestamp}&sign={quote_plus(base64.b64encode(signed))}")
    query = parse_qs(urlsplit(sent.url).query)
    assert base64.b64decode(query["sign"][0]) == signed
    assert json.loads(sent.body)["msgtype"] == "text"


def test_the_hash_encoding_and_quoting_of_dingtalk_meet_the_result_that_it_publishes() -> None:
    """The only result in DingTalk's documentation (https://ding-doc.dingtalk.com/doc#/faquestions/hxs5v9, at its end) is for another
    call, which signs the timestamp alone: 1546084445901 under testappSecret. Its hash, base64 and quoting are those of robots."""
    digest = hmac.new(b"testappSecret", b"1546084445901", hashlib.sha256).digest()
    assert quote_plus(base64.b64encode(digest).decode()) == "HCbG3xNE3vzhO%2Bu7qCUL1jS5hsu2n5r2cFhnTrtyDAE%3D"


def test_feishu_signs_nothing_under_timestamp_and_secret_as_its_documentation_computes_it() -> None:
    """https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot, section on signing: hmac.new(f'{timestamp}\\n{secret}',
    digestmod=sha256) with no message, base64; its sample timestamp is 1599360473, in seconds."""
    sent = robots.request(
        "feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/x", "demo", LETTER, datetime.fromtimestamp(1599360473, UTC)
    )
    body = json.loads(sent.body)
    documented = base64.b64encode(hmac.new(b"1599360473\ndemo", digestmod=hashlib.sha256).digest()).decode()
    assert (body["timestamp"], body["sign"]) == ("1599360473", documented)
    assert body["msg_type"] == "text"


def test_wecom_sends_text_by_the_key_in_the_address_and_within_its_bounds() -> None:
    """https://developer.work.weixin.qq.com/document/path/91770: {"msgtype": "text", "text": {"content": …}}, content of at most 2,048
    bytes; <@userid> in it would call somebody."""
    many = Letter(LETTER.id, "lines", "炮声", LETTER.made_at, "zh-hans", "", [LetterLine("流程呼叫解决方案部" * 20, "https://x/1")] * 30)
    for letter in (LETTER, many):
        sent = robots.request("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k", "", letter, LETTER.made_at)
        content = json.loads(sent.body)["text"]["content"]
        assert len(content.encode()) <= 2048
        assert "<" not in content
        assert sent.url.endswith("?key=k")


def test_a_webhook_is_signed_by_the_standard_and_its_receivers_library_agrees() -> None:
    """https://www.standardwebhooks.com: HMAC-SHA256 of id.timestamp.body under the decoded secret; checked by the published library,
    and by hand."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    now = datetime.now(UTC)  # noqa: TID251 - the receiver's library asks the machine
    sent = robots.request("webhook", "https://hooks.example.com/a", secret, LETTER, now)
    assert Webhook(secret).verify(sent.body, sent.headers)["type"] == "earshot.lines"
    content = b".".join([str(LETTER.id).encode(), str(int(now.timestamp())).encode(), sent.body])
    by_hand = hmac.new(base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), content, hashlib.sha256).digest()
    assert sent.headers["webhook-signature"] == f"v1,{base64.b64encode(by_hand).decode()}"


@pytest.mark.parametrize(
    ("kind", "status", "body", "verdict"),
    [
        ("webhook", 204, b"", None),
        ("webhook", 503, b"", Undelivered),
        ("webhook", 429, b"", Undelivered),
        ("webhook", 302, b"", Undeliverable),
        ("webhook", 404, b"", Undeliverable),
        ("webhook", 410, b"", Undeliverable),
        ("wecom", 200, b'{"errcode":0,"errmsg":"ok"}', None),
        ("wecom", 200, b'{"errcode":93000,"errmsg":"invalid webhook url"}', Undeliverable),
        ("wecom", 200, b'{"errcode":45009,"errmsg":"api freq out of limit"}', Undelivered),
        ("wecom", 200, b"<html>", Undelivered),
        ("wecom", 200, b"[]", Undelivered),
        ("dingtalk", 200, b'{"errcode":310000,"errmsg":"sign not match"}', Undeliverable),
        ("dingtalk", 200, b'{"errcode":130101,"errmsg":"send too fast"}', Undelivered),
        ("feishu", 200, b'{"code":0,"msg":"success","data":{}}', None),
        ("feishu", 200, b'{"StatusCode":0,"StatusMessage":"success"}', None),
        ("feishu", 200, b'{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time"}', Undeliverable),
    ],
)
def test_an_answer_is_read_and_a_failure_in_an_answer_of_200_is_one(kind: str, status: int, body: bytes, verdict: type | None) -> None:
    if verdict is None:
        robots.judge(kind, status, body)
        return
    with pytest.raises(Undelivered) as failed:
        robots.judge(kind, status, body)
    assert type(failed.value) is verdict


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1%eth0",
     "fc00::1", "fec0::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:0a00:0001::1"],
)  # fmt: skip
def test_no_address_of_our_own_network_is_outside(address: str) -> None:
    assert not is_outside(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "1.1.1.1"])
def test_an_address_of_the_internet_is(address: str) -> None:
    assert is_outside(address)
