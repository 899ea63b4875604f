"""The pipeline: narrowed, summed, ordered, by every door the same, and nobody sees what is not theirs to see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals.actions import change_deal, lose_deal, move_on
from earshot.deals.models import Closing, Deal, Rate, StageVisit
from earshot.deals.queries import today
from earshot.deals.rates import Given, enter_rates, of_csv, rates_on, worth
from earshot.desk import pipeline
from earshot.desk.pipeline import Wanted
from earshot.journal.models import Entry
from earshot.kit import now, paging
from earshot.kit.problems import Refusal
from earshot.playbooks import book
from earshot.playbooks.models import Stage
from pages import Visitor
from worlds import World, later, said

Call = Callable[..., Caller]


def titles(world: World, key: str = "seller", **wanted: Any) -> set[str]:
    found, _after = pipeline.page(world.people[key], Wanted(**wanted), None, 200)
    return {row.title for row in found}


def stages() -> list[Stage]:
    return list(book.in_force().process.stages.values())


# What is asked for.


@pytest.mark.req("A17.2c")
def test_each_filter_narrows_to_what_it_says(world: World):
    world.deal("plain")
    moved = world.moved_deal("moved")
    ready = world.ready_deal("ready")
    late = world.deal("late")
    Deal.objects.filter(pk=late.pk).update(due=today() - timedelta(days=1))
    lost = world.deal("lost")
    lose_deal(by=world.by("seller"), deal=lost, version=lost.version, reason="the rival", code="lost-no-buy")
    everything = titles(world)
    assert {"plain", "moved", "ready", "late"} <= everything
    assert "lost" not in everything
    assert titles(world, state="lost") == {"lost"}
    assert titles(world, state="closed") == {"lost"}
    assert titles(world, state="all") == everything | {"lost"}
    assert titles(world, stage=moved.stage.code) >= {"moved", "ready"}
    assert "plain" not in titles(world, stage=moved.stage.code)
    assert "moved" in titles(world, step=moved.stage.step)
    assert titles(world, how="late") == {"late"}
    assert titles(world, how="ready") == {"ready"}
    assert "moved" in titles(world, how="blocked")
    assert "ready" not in titles(world, how="blocked")
    assert titles(world, q="read") == {"ready"}
    assert titles(world, owner=world.seller.name) == everything
    assert titles(world, owner=str(world.seller.pk)) == everything
    assert titles(world, owner="nobody of that name") == set()
    assert titles(world, account=str(ready.account_id)) >= {"plain"}
    assert titles(world, account="no such customer") == set()
    assert titles(world, unit=world.seller.unit_id) == everything
    assert titles(world, unit=world.engineer.unit_id) == set()
    assert titles(world, process=moved.process.number) == everything
    assert titles(world, process=moved.process.number + 1) == set()
    assert titles(world, "head", mine=True) == set()
    with later(days=3):
        fresh = world.deal("fresh")
        assert "fresh" not in titles(world, older=2)
        assert "plain" in titles(world, older=2)
        assert fresh.stage.code == stages()[0].code


def test_the_unit_takes_those_below_it(world: World):
    world.deal("below")
    top = world.head.unit_id
    assert "below" in titles(world, "head", unit=top)


def test_size_is_worked_out_for_what_fits_otherwise(world: World, monkeypatch: pytest.MonkeyPatch):
    small, big = world.deal("small", amount="1000"), world.deal("big", amount="900000000")
    sizes = list(book.in_force().process.tiers)
    by_size = {code: titles(world, tier=code) for code in sizes}
    [of_small] = [code for code, found in by_size.items() if "small" in found]
    [of_big] = [code for code, found in by_size.items() if "big" in found]
    assert of_small != of_big
    assert small.pk != big.pk
    assert titles(world, tier="no such size") == set()
    monkeypatch.setattr(pipeline, "MOST_SIZED", 1)
    with pytest.raises(Refusal) as refused:
        titles(world, tier=of_small)
    assert "tier" in refused.value.fields


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"older": "-1"}, "older"),
        ({"older": "٣"}, "older"),
        ({"least": "lots"}, "least"),
        ({"least": "-1"}, "least"),
        ({"least": "5", "most": "4"}, "most"),
        ({"unit": "x"}, "unit"),
        ({"state": "sold"}, "state"),
        ({"how": "bad"}, "how"),
        ({"sort": "owner; drop"}, "sort"),
        ({"q": "a\x00"}, "q"),
        ({"process": "1e3"}, "process"),
        ({"owner": "x" * 201}, "owner"),
    ],
)
def test_what_cannot_be_asked_is_said_beside_its_field(world: World, asked: dict[str, str], field: str):
    with pytest.raises(Refusal) as refused:
        pipeline.read(asked)
    assert list(refused.value.fields) == [field]
    page = Visitor("seller", "en").get("/deals/?" + "&".join(f"{name}={value}" for name, value in asked.items() if "\x00" not in value))
    assert page.status == 200


def test_what_is_asked_travels_in_the_address(world: World):
    asked = {"q": "x", "stage": "s", "older": "3", "least": "5.00", "mine": "1", "sort": "-due", "how": "late"}
    assert pipeline.read(asked).query() == asked
    assert pipeline.read(pipeline.read(asked).query()) == pipeline.read(asked)


@pytest.mark.req("B13.1")
def test_nobody_finds_or_sums_a_deal_without_standing(world: World, caller: Call):
    world.moved_deal("ours alone")
    assert titles(world, "stranger", q="ours") == set()
    assert pipeline.sums(world.stranger, Wanted(q="ours")).all.count == 0
    assert caller("stranger").get("/deals/sums", q="ours")["count"] == 0
    assert "ours alone" not in Visitor("stranger", "en").get("/deals/?q=ours").text


# In order, in parts.


def test_every_order_runs_through_in_parts_without_gaps_or_repeats(world: World):
    enter_rates(by=world.by("operations"), rates=[Given("USD", today().isoformat(), "7")])
    for number in range(5):
        deal = world.deal(f"Site {number % 3}", amount=None if number == 3 else str(1000 * number))
        if number == 2:
            change_deal(by=world.by("seller"), deal=deal, version=deal.version, currency="USD")
    last = world.deal("closed")
    lose_deal(by=world.by("seller"), deal=last, version=last.version, reason="gone", code="lost-no-buy")
    for name in pipeline.SORTS:
        for sort in (name, f"-{name}"):
            wanted = Wanted(state="all", sort=sort)
            whole = [row.id for row in pipeline.page(world.seller, wanted, None, 200)[0]]
            got, cursor = [], None
            while True:
                part, cursor = pipeline.page(world.seller, wanted, cursor, 2)
                got += [row.id for row in part]
                if cursor is None:
                    break
            assert got == whole, sort
            assert len(set(got)) == len(got) >= 6


def test_amounts_of_several_currencies_are_ordered_by_their_worth(world: World):
    enter_rates(by=world.by("operations"), rates=[Given("USD", today().isoformat(), "7")])
    world.deal("yuan", amount="3000")
    dollars = world.deal("dollars", amount="1000")
    change_deal(by=world.by("seller"), deal=dollars, version=dollars.version, currency="USD")
    naira = world.deal("naira", amount="999999")
    change_deal(by=world.by("seller"), deal=naira, version=naira.version, currency="NGN")
    found = [row.title for row in pipeline.page(world.seller, Wanted(sort="-amount", q=""), None, 200)[0]]
    found = [title for title in found if title in ("yuan", "dollars", "naira")]
    assert found == ["dollars", "yuan", "naira"]
    assert titles(world, least=Decimal(5000)) & {"yuan", "dollars", "naira"} == {"dollars"}
    assert titles(world, most=Decimal(5000)) & {"yuan", "dollars", "naira"} == {"yuan"}


def test_a_cursor_of_another_order_is_refused(world: World, caller: Call):
    for number in range(3):
        world.deal(f"Site {number}")
    _part, cursor = pipeline.page(world.seller, Wanted(sort="title"), None, 1)
    with pytest.raises(paging.NoCursor):
        pipeline.page(world.seller, Wanted(sort="owner"), cursor, 1)
    seller = caller("seller")
    after = seller.get("/deals", sort="title", limit=1)["next"]
    assert seller.get("/deals", sort="-title", cursor=after, limit=1).status == 422
    assert Visitor("seller", "en").get("/deals/?after=bent").status == 404


# Summed.


def test_sums_by_stage_and_currency_open_down_to_their_deals(world: World):
    world.deal("a", amount="1000.50")
    usd = world.deal("b", amount="100")
    change_deal(by=world.by("seller"), deal=usd, version=usd.version, currency="USD")
    world.deal("c", amount=None)
    moved = world.moved_deal("d")
    everything = pipeline.sums(world.seller, Wanted())
    assert sum(one.count for one in everything.stages) == everything.all.count == len(titles(world))
    assert [one.code for one in everything.stages] == [
        stage.code for stage in stages() if stage.code in {one.code for one in everything.stages}
    ]
    for one in everything.stages:
        rows = pipeline.page(world.seller, Wanted(stage=one.code), None, 200)[0]
        assert one.count == len(rows)
        assert one.unknown == sum(row.amount is None for row in rows)
        for code, amount in one.amounts.items():
            assert amount == sum(row.amount for row in rows if row.currency == code and row.amount is not None)
    assert moved.stage.code in {one.code for one in everything.stages}
    assert everything.all.worth.without == ["USD"]
    enter_rates(by=world.by("operations"), rates=[Given("USD", (today() - timedelta(days=2)).isoformat(), "7.1")])
    now_worth = pipeline.sums(world.seller, Wanted()).all.worth
    assert now_worth.without == []
    assert now_worth.total == everything.all.worth.total + Decimal("710.00")


def test_why_deals_ended_is_counted_and_opens_down_to_its_deals(world: World, caller: Call):
    def lost(title: str, code: str, winner: str = "", amount: str = "1000") -> None:
        deal = world.deal(title, amount=amount)
        lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="said so", code=code, competitor=winner)

    lost("a", "lost-price", "ZTE")
    lost("b", "lost-price", "zte")
    lost("c", "lost-solution", "Nokia", "5000")
    lost("d", "lost-no-buy")
    old = world.deal("of old")
    lose_deal(by=world.by("seller"), deal=old, version=old.version, reason="said so", code="lost-no-buy")
    Closing.objects.filter(deal=old).update(code="", at=now() - timedelta(days=400))
    found = pipeline.endings(world.seller, Wanted(state="closed"))
    assert [(one.code, one.count, one.amounts["CNY"]) for one in found.reasons] == [
        ("lost-price", 2, 2000), ("lost-no-buy", 1, 1000), ("lost-solution", 1, 5000), ("", 1, Decimal(2105000)),
    ]  # fmt: skip
    assert [(one.competitor, one.count) for one in found.competitors] == [("ZTE", 2), ("Nokia", 1)]
    for one in found.reasons:
        assert len(titles(world, state=one.outcome, reason=one.code or pipeline.NONE)) == one.count
    for one in found.competitors:
        assert len(titles(world, state="closed", competitor=one.competitor)) == one.count
    assert titles(world, state="closed", reason=pipeline.NONE) == {"of old"}
    assert titles(world, state="closed", ended=30) == {"a", "b", "c", "d"}
    assert pipeline.read({"reason": "lost-price"}).state == pipeline.CLOSED, "none that is open ended"
    assert pipeline.endings(world.stranger, Wanted(state="closed")) == pipeline.Endings([], [])

    said_by_api = caller("seller").get("/deals/endings", closed=True)
    assert [(one["reason"] and one["reason"]["code"], one["count"]) for one in said_by_api["reasons"]] == [
        (one.code or None, one.count) for one in found.reasons
    ]
    told = CliRunner().invoke(earshot, ["--language", "en", "deals", "endings", "--reason", "lost-price", "--as", world.seller.name])
    assert "ZTE" in told.output, told.output
    page = Visitor("seller", "zh-hans").get("/deals/?state=lost")
    price = next(one for one in book.in_force().process.reasons if one.code == "lost-price")
    assert str(price) in page.text
    assert "?state=lost&reason=lost-price" in page.html.replace("&amp;", "&")
    opened = Visitor("seller", "en").get("/deals/?state=lost&reason=lost-price").html
    assert {deal.title for deal in Deal.objects.filter(title__in=list("abcd")) if f"/deals/{deal.pk}/" in opened} == {"a", "b"}


def test_the_usual_time_in_a_stage_is_the_median_of_the_last_departures(world: World):
    first = stages()[0]
    assert first.code not in pipeline.usual()
    for days in (2, 4, 30):
        deal = world.spoken_deal(f"stood {days}")
        StageVisit.objects.filter(deal=deal).update(entered_at=now() - timedelta(days=days))
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    gone = world.deal("lost there")
    StageVisit.objects.filter(deal=gone).update(entered_at=now() - timedelta(days=900))
    lose_deal(by=world.by("seller"), deal=gone, version=gone.version, reason="gone", code="lost-no-buy")
    assert pipeline.usual()[first.code] == pipeline.Usual(4, 3)
    deal = world.deal("now here")
    StageVisit.objects.filter(deal=deal).update(entered_at=now() - timedelta(days=9, hours=5))
    page = Visitor("seller", "en").get("/deals/?q=now+here")
    assert "9 days" in page.text
    assert "usual: 4 days" in page.text


# What it costs.


def cost(ask: Callable[[], Any]) -> int:
    ask()
    with CaptureQueriesContext(connection) as caught:
        ask()
    return len(caught)


def test_the_statements_of_list_and_sums_do_not_grow(world: World, caller: Call):
    head, seller = caller("head"), Visitor("head", "en")
    asked = "q=s&how=blocked&older=0&least=0&sort=-amount"
    tier = next(iter(book.in_force().process.tiers))
    asks = {
        "list": lambda: head.get("/deals?" + asked),
        "sums": lambda: head.get("/deals/sums?" + asked),
        "page": lambda: seller.get("/deals/?" + asked),
        "plain page": lambda: seller.get("/deals/"),
        "by size": lambda: seller.get(f"/deals/?tier={tier}"),
    }
    for n in range(2):
        world.moved_deal(f"s {n}")
    before = {name: cost(ask) for name, ask in asks.items()}
    for n in range(6):
        world.moved_deal(f"s more {n}")
    assert {name: cost(ask) for name, ask in asks.items()} == before
    assert before["list"] == 4  # token, reach, rates, list
    assert before["sums"] <= 7


# By every door.


def test_the_api_narrows_and_sums_as_the_page_does(world: World, caller: Call):
    seller = caller("seller")
    deal = world.moved_deal("north")
    world.deal("south", amount=None)
    assert [row["title"] for row in seller.get("/deals", q="north", state="")["items"]] == ["north"]
    sums = seller.get("/deals/sums", state="", stage=deal.stage.code)
    assert sums["currency"] == "CNY"
    [stage] = sums["stages"]
    assert stage["stage"]["code"] == deal.stage.code
    assert stage["count"] == sums["count"] == len(titles(world, stage=deal.stage.code))
    assert seller.get("/deals/sums", how="bad").status == 422
    assert list(seller.get("/deals", least="5", most="4")["fields"]) == ["most"]


def test_the_page_says_what_it_is_narrowed_to_and_keeps_it_in_every_link(world: World):
    for number in range(60):
        world.deal(f"Site {number:02}")
    seller = Visitor("seller", "en")
    page = seller.get("/deals/?q=Site&sort=title")
    assert "Site 00" in page.text
    assert "Site 55" not in page.text
    after = page.html.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "q=Site" in after
    assert "sort=title" in after
    rest = seller.get(after)
    assert "Site 55" in rest.text
    assert "Site 00" not in rest.text
    assert "To the beginning" in rest.text
    assert "No deal of yours to see fits this." in seller.get("/deals/?q=nothing+like+it").text


# Rates.


def test_operations_enter_rates_all_or_none_and_a_correction_keeps_the_old_one(world: World):
    by = world.by("operations")
    day = today().isoformat()
    assert enter_rates(by=by, rates=of_csv(f"currency,day,rate\nUSD,{day},7.1234\neur, 2026-11-20, 8.2\n")) == 2
    assert enter_rates(by=by, rates=[Given("USD", day, "7.1234")]) == 0
    assert enter_rates(by=by, rates=[Given("USD", day, "7.2")]) == 1
    assert rates_on(today())["USD"].rate == Decimal("7.2")
    assert rates_on(today() - timedelta(days=1)).keys() == {"EUR"}
    assert Rate.objects.filter(currency="USD").count() == 2
    assert Entry.objects.filter(verb="deals.rates_entered").count() == 2
    before = Rate.objects.count()
    with pytest.raises(Refusal) as refused:
        enter_rates(by=by, rates=[Given("GBP", day, "9"), Given("ZZZ", day, "9"), Given("JPY", "2031-01-01", "0")])
    assert len(refused.value.lines) == 3
    assert "Line 2" in said(refused.value)
    assert Rate.objects.count() == before


@pytest.mark.parametrize(
    ("currency", "day", "rate", "field"),
    [
        ("ZZZ", "2026-11-20", "1", "currency"),
        ("CNY", "2026-11-20", "1", "currency"),
        ("USD", "2026-12-20", "1", "day"),
        ("USD", "someday", "1", "day"),
        ("USD", "2026-11-20", "0", "rate"),
        ("USD", "2026-11-20", "-7", "rate"),
        ("USD", "2026-11-20", "NaN", "rate"),
        ("USD", "2026-11-20", "1e20", "rate"),
        ("USD", "2026-11-20", "0.123456789", "rate"),
        ("USD", "2026-11-20", "seven", "rate"),
    ],
)
def test_an_absurd_rate_is_refused_in_words(world: World, currency: str, day: str, rate: str, field: str):
    with pytest.raises(Refusal) as refused:
        enter_rates(by=world.by("operations"), rates=[Given(currency, day, rate)])
    assert list(refused.value.fields) == [field]


def test_only_operations_enter_rates(world: World):
    with pytest.raises(Refusal) as refused:
        enter_rates(by=world.by("seller"), rates=[Given("USD", "2026-11-20", "7")])
    assert refused.value.status == 403


def test_what_has_no_rate_is_left_out_openly():
    found = worth({"USD": Decimal("5.00"), "CNY": Decimal("1.00")}, {})
    assert (found.total, list(found.originals), found.without) == (Decimal("1.00"), ["CNY", "USD"], ["USD"])
    assert worth({"USD": Decimal(5)}, {}).total is None


def test_rates_by_page_api_and_file(world: World, caller: Call, tmp_path: Path):
    operations, seller = Visitor("operations", "en"), Visitor("seller", "en")
    page = operations.get("/rates/")
    form = next(one for one in page.forms if one.act == "enter")
    wrong = operations.submit(form, "/rates/", currency="USD", rate="lots")
    assert wrong.status == 422
    assert "Write a number, such as 7.1234." in wrong.text
    assert "1 rate is entered." in operations.submit(form, "/rates/", currency="usd", rate="7.1234").text
    many = next(one for one in operations.get("/rates/").forms if one.act == "file")
    assert "2 rates are entered." in operations.submit(many, "/rates/", lines="EUR,2026-11-20,8.2\nJPY,2026-11-20,0.046").text
    refused = operations.submit(many, "/rates/", lines="EUR,2026-11-20,8.2\nJPY,2026-11-20,-1")
    assert (refused.status, "Line 2: Write a rate above zero" in refused.text) == (422, True)
    assert not [one for one in seller.get("/rates/").forms if one.act in ("enter", "file")]
    body = {"rates": [{"currency": "GBP", "day": "2026-11-20", "rate": "9.4"}]}
    assert caller("operations").post("/rates", body)["entered"] == 1
    assert caller("seller").post("/rates", body).status == 403
    assert [one["rate"] for one in caller("seller").get("/rates", currency="GBP")["items"]] == ["9.4"]
    assert len(caller("seller").all("/rates", limit=1)) == 4
    file = tmp_path / "rates.csv"
    file.write_text("\ufeffcurrency,day,rate\nHKD,2026-11-20,0.91\n", encoding="utf-8")
    told = CliRunner().invoke(earshot, ["--language", "en", "rates", "enter", str(file), "--as", world.operations.name])
    assert told.exit_code == 0, told.output
    assert "HKD" in CliRunner().invoke(earshot, ["--language", "en", "rates", "list", "--as", world.seller.name]).output


def test_a_deal_may_be_in_any_currency_and_a_sum_says_what_has_no_rate(world: World):
    seller = Visitor("seller", "en")
    assert '<option value="KES"' in seller.get("/deals/new/").html
    deal = world.deal("Kisumu", amount="1000")
    change_deal(by=world.by("seller"), deal=deal, version=deal.version, currency="KES")
    page = seller.get("/deals/?q=Kisumu")
    assert "KES 1,000 (no rate, left out)" in page.text
    enter_rates(by=world.by("operations"), rates=[Given("KES", today().isoformat(), "0.055")])
    page = seller.get("/deals/?q=Kisumu")
    assert "≈ ¥55" in page.text
    assert "1 KES = 0.055 CNY (2026-11-23)" in page.text


def test_the_command_line_lists_and_sums(world: World):
    world.moved_deal("north")
    listed = CliRunner().invoke(
        earshot, ["--language", "en", "deals", "list", "--words", "north", "--how", "blocked", "--as", world.seller.name]
    )
    assert "north" in listed.output
    summed = CliRunner().invoke(earshot, ["--language", "en", "deals", "sums", "--words", "north", "--as", world.seller.name])
    assert "2105000.00 CNY" in summed.output
    assert CliRunner().invoke(earshot, ["--language", "en", "deals", "list", "--older", "x", "--as", world.seller.name]).exit_code != 0
