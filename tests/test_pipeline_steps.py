"""The pipeline says what is done next, what has slipped, what stands longer than usual and what kind of service it is about."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals.actions import lose_deal, set_next_step, set_services
from earshot.deals.models import Deal
from earshot.deals.queries import as_it_stands, today
from earshot.deals.specialties import catalogue
from earshot.desk import pipeline
from earshot.desk.pipeline import Usual, Wanted
from earshot.desk.saved import save_view
from pages import Visitor
from worlds import World, later


def titles(world: World, key: str = "seller", **wanted: Any) -> set[str]:
    found, _after = pipeline.page(world.people[key], Wanted(**wanted), None, 200)
    return {row.title for row in found}


def row(world: World, title: str, key: str = "seller") -> pipeline.Row:
    return next(one for one in pipeline.page(world.people[key], Wanted(), None, 200)[0] if one.title == title)


def stepped(world: World, deal: Deal, what: str, days: int = 2) -> Deal:
    """The deal with its next step, so many days from now."""
    seen = as_it_stands(deal.pk)
    due = today() + timedelta(days=days)
    set_next_step(by=world.by("seller"), deal=seen, version=seen.version, what=what, due=due, doer=world.seller)
    return as_it_stands(deal.pk)


def carrying(world: World, deal: Deal, *codes: str) -> Deal:
    seen = as_it_stands(deal.pk)
    set_services(by=world.by("seller"), deal=seen, version=seen.version, services=codes)
    return as_it_stands(deal.pk)


def test_the_last_step_that_was_said_stands_in_list_and_board_with_its_day_and_person(world: World) -> None:
    deal = stepped(world, stepped(world, world.deal("south"), "写报价"), "带报价去见总监", 3)
    world.deal("silent")
    found = row(world, "south")
    assert (found.step, found.step_due, found.doer, found.slipped) == (
        "带报价去见总监",
        today() + timedelta(days=3),
        world.seller.name,
        False,
    )
    assert (row(world, "silent").step, row(world, "silent").slipped) == (None, False)
    [card] = [one for cards in pipeline.board(world.seller, Wanted(), 20).values() for one in cards if one.id == deal.pk]
    assert (card.step, card.doer) == ("带报价去见总监", world.seller.name)
    for place in ("/deals/", "/deals/board/"):
        page = Visitor("seller", "en").get(place)
        assert "带报价去见总监" in page.html
        assert "3 days left" in page.html
        assert "写报价" not in page.html


def test_a_step_that_slipped_is_red_and_is_found_with_those_that_have_none(world: World) -> None:
    stepped(world, world.deal("soon"), "打电话", 1)
    stepped(world, world.deal("far"), "去现场", 30)
    lost = stepped(world, world.deal("lost"), "打电话", 1)
    lose_deal(by=world.by("seller"), deal=lost, version=lost.version, reason="the rival", code="lost-no-buy")
    world.deal("silent")
    assert titles(world, how="slipped") == set()
    assert "silent" in titles(world, how="stepless")
    assert not titles(world, how="stepless") & {"soon", "far", "lost"}
    with later(days=3):
        assert titles(world, how="slipped") == {"soon"}
        assert titles(world, how="slipped", state="all") == {"soon"}
        assert row(world, "soon").slipped
        page = Visitor("seller", "en").get("/deals/?how=slipped")
        assert 'class="mark is-red"' in page.html
        assert "the next step has slipped" in page.html
        assert "is-late" in Visitor("seller", "en").get("/deals/board/?how=slipped").html
        [line] = Caller(world.seller).get("/deals?how=slipped")["items"]
        assert (line["next_step"]["what"], line["next_step"]["slipped"], line["next_step"]["doer"]) == ("打电话", True, world.seller.name)


def test_the_list_is_ordered_by_the_day_of_the_next_step(world: World) -> None:
    stepped(world, world.deal("later"), "b", 9)
    stepped(world, world.deal("sooner"), "a", 2)
    world.deal("never")
    found = [one.title for one in pipeline.page(world.seller, Wanted(sort="next"), None, 200)[0]]
    assert found.index("sooner") < found.index("later") < found.index("never")
    first, after = pipeline.page(world.seller, Wanted(sort="next"), None, 1)
    assert after is not None
    assert [one.title for one in first] == found[:1]
    assert [one.title for one in pipeline.page(world.seller, Wanted(sort="next"), after, 1)[0]] == found[1:2]


def test_what_stands_longer_than_usual_is_shown_with_by_how_much_and_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = world.deal("old")
    monkeypatch.setattr(pipeline, "usual", lambda: {old.stage.code: Usual(4, 9)})
    with later(days=3):
        world.deal("young")
    with later(days=4):
        assert "old" not in titles(world, how="ageing")
    with later(days=6):
        assert titles(world, how="ageing") >= {"old"}
        assert "young" not in titles(world, how="ageing")
        assert "usual: 4 days; 2 longer" in Visitor("seller", "en").get("/deals/?q=old").text
        assert "usual: 4 days; 2 longer" in Visitor("seller", "en").get("/deals/board/?q=old").text
    monkeypatch.setattr(pipeline, "usual", dict)
    assert titles(world, how="ageing") == set()


def test_deals_are_narrowed_and_summed_by_one_of_their_types_of_service(world: World) -> None:
    codes = list(catalogue())
    first, second = codes[0], codes[1]
    carrying(world, world.deal("one"), first)
    carrying(world, world.deal("both"), second, first)
    world.deal("bare")
    assert titles(world, service=first) >= {"one", "both"}
    assert "bare" not in titles(world, service=first)
    assert titles(world, service=second) & {"one", "both", "bare"} == {"both"}
    assert titles(world, service="-") & {"one", "both", "bare"} == {"bare"}
    for part in (first[:-1], first[1:], "%", "_", f"{first} {second}"):
        assert not titles(world, service=part) & {"one", "both", "bare"}
    assert pipeline.sums(world.seller, Wanted(service=second)).all.count == len(titles(world, service=second))
    caller = Caller(world.seller)
    assert {one["title"] for one in caller.get(f"/deals?service={second}&state=")["items"]} == titles(world, service=second)
    assert second in next(one for one in caller.get("/deals?q=both")["items"])["services"]
    words = ["--language", "en", "deals", "list", "--service", second, "--as", world.seller.name]
    assert "both" in CliRunner().invoke(earshot, words).output
    page = Visitor("seller", "en").get(f"/deals/?service={second}")
    assert "both" in page.html
    assert catalogue()[second].en in page.text


def test_a_saved_view_keeps_service_and_how_and_whoever_opens_it_gets_its_own_sums(world: World) -> None:
    code = next(iter(catalogue()))
    carrying(world, world.deal("灯塔"), code)
    asked = {"service": code, "how": "stepless", "sort": "next"}
    view = save_view(by=world.by("seller"), name="还没有下一步", asked=asked, shared=True)
    assert view.asked == asked
    opened = Visitor("head", "en").get(f"/deals/?service={code}&how=stepless&sort=next&view={view.pk}")
    assert "灯塔" in opened.html
    assert "without a next step" in opened.text
    stranger = Visitor("stranger", "en").get(f"/deals/?service={code}&how=stepless&sort=next&view={view.pk}")
    assert "灯塔" not in stranger.html
    told = CliRunner().invoke(earshot, ["--language", "en", "views", "open", "还没有下一步", "--as", world.seller.name])
    assert "灯塔" in told.output
    counted = CliRunner().invoke(earshot, ["--language", "en", "views", "sums", "还没有下一步", "--as", world.seller.name]).output
    assert re.search(rf"in all +{len(titles(world, service=code, how='stepless'))} ", counted)


def test_the_command_says_what_is_done_next(world: World) -> None:
    stepped(world, world.deal("south"), "打电话", 1)
    words = ["--language", "en", "deals", "list", "--as", world.seller.name]
    assert "打电话, " in CliRunner().invoke(earshot, words).output
    with later(days=3):
        assert "over)" in CliRunner().invoke(earshot, words).output
