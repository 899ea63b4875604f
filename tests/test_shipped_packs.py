"""The three packs that ship: each passes the whole check in a company that has its units and skills, and a deal runs through it from
its first stage to won, so that no gate of it is shut for ever."""

from __future__ import annotations

import pytest

from companies import COMPANIES, company, to_won
from earshot.deals.actions import add_missing_seats, change_deal, open_deal
from earshot.deals.models import Deal
from earshot.deals.queries import passes
from earshot.demo.actions import build_world
from earshot.playbooks import book, packs
from earshot.playbooks.queries import known
from earshot.playbooks.sources import PACKS, Sources
from earshot.teams.queries import seats
from worlds import AIM, World, read_built, spoken

pytestmark = [pytest.mark.own_database(bare=True), pytest.mark.usefixtures("own_database", "still")]


def built(pack: str) -> World:
    spec = company(pack)
    build_world(spec)
    return read_built(spec)


@pytest.mark.parametrize("pack", COMPANIES)
def test_a_pack_that_ships_passes_the_whole_check_in_its_company(pack: str) -> None:
    built(pack)
    assert [spoken(finding.as_line().sentence) for finding in packs.check(Sources.of_folder(PACKS / pack), known())] == []


@pytest.mark.parametrize("pack", COMPANIES)
def test_a_deal_runs_from_the_first_stage_to_won(pack: str) -> None:
    world = built(pack)
    for account in [key for key, account in world.accounts.items() if account.owner == world.seller]:
        deal = world.deal(f"全程 {account}", account=account)
        assert to_won(world, deal) == list(book.in_force().process.stages)


def test_a_first_order_calls_more_than_the_next_one() -> None:
    world = built("appliance-supply")
    first, second = world.deal("第一单", account="breeze"), world.deal("又一单", account="breeze")
    to_won(world, first)
    to_won(world, second)
    called = {deal: {call.support_code for call in world.calls(deal)} for deal in (first, second)}
    assert called[first] - called[second] == {"first-order-plan", "first-article"}


def roles_wanted(deal: Deal) -> set[str]:
    return {read.seat.role for read in seats(deal.team_id)}


@pytest.mark.req("A11.2a", breaks="earshot.playbooks.conditions.judge")
def test_a_team_has_the_seats_of_its_kind_of_account() -> None:
    world = built("telecom-key-account")
    every, urban = {"KAM", "DES", "CON"}, {"CRC", "SWX", "TRX", "DAT"}
    wanted = {key: roles_wanted(world.deal(key, account=key)) for key in ("harbour", "lake", "motors")}
    assert wanted == {
        "harbour": every | urban,
        "lake": every | urban | {"BOH", "LEM"},
        "motors": every | {"CTM", "ISM", "CAM"},
    }


def test_a_survey_is_called_of_the_patch_or_of_the_cities_by_the_kind_of_account() -> None:
    world = built("telecom-key-account")
    surveys = {}
    for key in ("harbour", "lake", "motors"):
        deal = world.deal(key, account=key)
        to_won(world, deal)
        surveys[key] = {call.support_code for call in world.calls(deal)} & {"patch-survey", "city-survey"}
    assert surveys == {"harbour": set(), "lake": {"patch-survey"}, "motors": {"city-survey"}}


@pytest.mark.parametrize(
    ("amount", "roles", "passed"),
    [
        ("150000", {"AR", "FR"}, ["ATC"]),
        ("300000", {"AR", "SR", "FR"}, ["ATB", "ATC"]),
        ("2105000", {"AR", "SR", "FR"}, ["ATI", "ATB", "ATC"]),
    ],
)
def test_a_deal_of_the_iron_triangle_is_asked_by_its_size(amount: str, roles: set[str], passed: list[str]) -> None:
    world = built("iron-triangle-ltc")
    deal = world.deal(amount=amount)
    assert roles_wanted(deal) == roles
    to_won(world, deal)
    assert [gate.gate.code for gate, _votes in reversed(passes(Deal.objects.get(pk=deal.pk)))] == passed


@pytest.mark.req("B26.2a", breaks="earshot.playbooks.conditions.judge")
def test_corners_join_by_what_the_order_is() -> None:
    world = built("iron-triangle-ltc")
    foreign = open_deal(
        by=world.by("seller"), title="外币", account=world.accounts["sudatel"], owner=world.seller, amount="300000", currency="USD", **AIM
    )
    assert roles_wanted(foreign) == {"AR", "SR", "FR", "FIN"}
    deal = change_deal(by=world.by("seller"), deal=foreign, version=foreign.version, amount="6000000")
    add_missing_seats(by=world.by("seller"), deal=deal)
    assert roles_wanted(deal) == {"AR", "SR", "FR", "FIN", "LEG"}
