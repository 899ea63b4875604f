"""Lines of a deal: what, how much, at which price; their sum beside the amount, neither changing the other."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction
from django.test import Client

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import lines
from earshot.deals.actions import change_deal, set_lines
from earshot.deals.lines import ProductLine
from earshot.deals.models import Deal
from earshot.journal.models import Entry
from earshot.kit.problems import Refusal
from worlds import World, snapshot

SITES = {"what": "混合能源站点", "quantity": "38", "unit": "站", "price": "2.1万"}


def fresh(deal: Deal) -> Deal:
    return Deal.objects.get(pk=deal.pk)


def put(world: World, deal: Deal, *rows: dict[str, Any]) -> Deal:
    return set_lines(by=world.by("seller"), deal=deal, version=fresh(deal).version, lines=rows)


def summed(deal: Deal) -> lines.Sum | None:
    deal = fresh(deal)
    return lines.summed(lines.of(deal.pk), deal.amount, deal.currency)


def test_lines_are_put_as_people_write_them_and_those_of_before_stay_on_record(world: World) -> None:
    deal = world.deal()
    put(world, deal, SITES, {"what": "安装", "quantity": "1.5", "price": "1,000.01"})
    assert [(row.what, row.total) for row in lines.of(deal.pk)] == [("混合能源站点", 798000), ("安装", lines.Decimal("1500.02"))]
    put(world, deal, SITES)
    assert [row.what for row in lines.of(deal.pk)] == ["混合能源站点"]
    assert ProductLine.objects.filter(deal=deal, ended_at__isnull=False).count() == 2
    entry = Entry.objects.filter(verb="deals.lines_set").order_by("seq").first()
    assert entry is not None
    assert (entry.data["n"], entry.data["total"]) == (2, "799,500.02 CNY")
    before = snapshot()
    put(world, deal, SITES)
    assert snapshot() == before


def test_another_sum_than_the_amount_is_said_and_neither_changes_the_other(world: World) -> None:
    deal = world.deal()
    amount = deal.amount
    put(world, deal, SITES)
    found = summed(deal)
    assert found is not None
    assert (found.total, fresh(deal).amount) == (798000, amount)
    change_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, amount="798000.01")
    assert str(summed(deal).differs) == "-0.01"  # type: ignore[union-attr]  # there are lines
    change_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, currency="USD")
    found = summed(deal)
    assert found is not None
    assert (found.currency, found.differs) == ("CNY", None)  # no price becomes another currency's without a word


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"what": ""}, "what"),
        ({"what": "x" * 201}, "what"),
        ({"what": "a\x00b"}, "what"),
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-3"}, "quantity"),
        ({"quantity": "1e400"}, "quantity"),
        ({"quantity": "NaN"}, "quantity"),
        ({"quantity": "many"}, "quantity"),
        ({"quantity": "1.2345"}, "quantity"),
        ({"quantity": "10000000000"}, "quantity"),
        ({"price": "-1"}, "price"),
        ({"price": ""}, "price"),
        ({"price": "$5"}, "price"),
        ({"currency": "ZZZ"}, "currency"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(world: World, given: dict[str, str], field: str) -> None:
    deal = world.deal()
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        put(world, deal, SITES, SITES | given)
    assert list(refused.value.fields) == [f"lines.1.{field}"]
    assert snapshot() == before


def test_a_sum_that_no_amount_can_be_too_many_lines_and_what_is_not_theirs_is_refused(world: World) -> None:
    deal = world.deal()
    with pytest.raises(Refusal) as huge:
        put(world, deal, SITES | {"quantity": "999999999", "price": "999999999"})
    assert huge.value.code == "deal.lines_too_much"
    with pytest.raises(Refusal):
        put(world, deal, *[SITES] * 51)
    with pytest.raises(Refusal) as not_theirs:
        set_lines(by=world.by("engineer"), deal=deal, version=1, lines=[SITES])
    with pytest.raises(Refusal) as stale:
        set_lines(by=world.by("seller"), deal=deal, version=9, lines=[SITES])
    assert (not_theirs.value.code, stale.value.code) == ("deal.not_yours", "stale")


def test_the_database_holds_one_line_at_a_place_with_a_quantity(world: World) -> None:
    deal = put(world, world.deal(), SITES)
    [row] = lines.of(deal.pk)
    for wrong in ({"position": 1}, {"position": 2, "quantity": 0}, {"position": 2, "price": -1}, {"position": 2, "what": ""}):
        given = {"what": "x", "quantity": 1, "price": 1, "currency": "CNY", "at": row.at} | wrong
        with pytest.raises(IntegrityError), transaction.atomic():
            ProductLine.objects.create(deal=deal, **given)


def test_by_the_api(world: World) -> None:
    deal = world.deal()
    caller = Caller(world.seller)
    given = {"what": "sites", "quantity": "38.5", "unit": "站", "price": "12000.50"}
    made = caller("PUT", f"/deals/{deal.pk}/lines", {"lines": [given]}, if_match='"1"')
    assert (made.status, made["total"], made["lines"][0]["quantity"]) == (200, "462019.25", "38.5")
    shown = caller.get(f"/deals/{deal.pk}/lines")
    assert (shown.data, shown.etag) == (made.data, made.etag)
    assert caller("PUT", f"/deals/{deal.pk}/lines", {"lines": []}, if_match='"1"').status == 412
    assert Caller(world.stranger).get(f"/deals/{deal.pk}/lines").status == 404


def test_by_the_command_line(world: World) -> None:
    deal = world.deal()

    def run(*words: str) -> str:
        result = CliRunner().invoke(earshot, ["deals", "lines", deal.number, *words, "--as", world.seller.name])
        assert result.exit_code == 0, result.output
        return result.output

    assert "798000.00 CNY" in run("--line", "混合能源站点", "38", "站", "21000")
    assert "混合能源站点" not in run("--none")


def test_by_the_page_one_line_is_added_and_one_taken_off_and_what_was_typed_is_kept(world: World) -> None:
    client = Client()
    client.force_login(world.seller.login)
    deal = world.deal()
    address = f"/deals/{deal.pk}/"
    given = {"act": "line", "version": "1", "line_what": "站点", "line_quantity": "38", "line_unit": "站", "line_price": "21000"}
    assert client.post(address, given).status_code == 302
    refused = client.post(address, given | {"version": "2", "line_quantity": "很多"})
    assert refused.status_code == 422
    assert "很多" in refused.content.decode()
    [row] = lines.of(deal.pk)
    assert "站点" in client.get(address).content.decode()
    assert client.post(address, {"act": "line_off", "version": "2", "line": str(row.pk)}).status_code == 302
    assert lines.of(deal.pk) == []
