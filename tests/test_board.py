"""The board: a column for each stage; to move a card is the verb of the deal's own page, by button and by dragging."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Page, expect

from earshot.deals.actions import change_deal
from earshot.deals.models import Deal
from earshot.desk import pipeline
from earshot.desk.pipeline import Wanted
from earshot.journal.models import Entry
from earshot.playbooks import book
from pages import Form, Seen, Visitor
from test_browser_forms import at
from worlds import World

OpenPage = Callable[..., Page]
BOARD = "/deals/board/"


def mover(page: Seen) -> Form:
    return next(form for form in page.forms if form.act == "move")


def on(deal: Deal, to: str | None = None) -> tuple[str, str]:
    """What the card's button sends."""
    stages = list(book.process_of(deal.process_id).stages.values())
    following = [stage.code for stage in stages if stage.position > deal.stage.position][:1]
    return "on", f"{deal.pk}:{deal.version}:{to if to is not None else ''.join(following)}"


def test_a_column_for_each_stage_with_its_most_pressing_cards(world: World):
    first = next(iter(book.in_force().process.stages.values()))
    for number in range(25):
        deal = world.deal(f"Site {number:02}")
        Deal.objects.filter(pk=deal.pk).update(due=f"2027-01-{number + 1:02}")
    found = pipeline.board(world.seller, Wanted(q="Site"), 20)
    assert [row.title for row in found[first.code]] == [f"Site {number:02}" for number in range(20)]
    page = Visitor("seller", "en").get(f"{BOARD}?q=Site")
    assert "5 more in the list" in page.text
    assert page.html.count('class="card"') == 20
    empty = Visitor("stranger", "en").get(BOARD)
    assert "Site 0" not in empty.text
    assert first.en in Visitor("seller", "en").get(BOARD).text


def test_a_card_moves_by_its_button_and_the_list_stays_narrowed(world: World):
    deal = world.spoken_deal("north")
    seller = Visitor("seller", "en")
    page = seller.get(f"{BOARD}?q=north")
    done = seller.submit(mover(page), f"{BOARD}?q=north", button=on(deal))
    deal.refresh_from_db()
    assert deal.stage.position == 2
    assert f"stands in “{deal.stage.en}” now" in done.text
    assert "q=north" in done.url
    again = seller.submit(mover(page), f"{BOARD}?q=north", button=on(deal))  # from the page before: by now the card shows another version
    assert again.status in (200, 409)


@pytest.mark.req("B28.1a")
def test_a_refused_move_says_why_line_by_line_and_the_card_stays(world: World):
    deal = world.moved_deal("north")
    seller = Visitor("seller", "en")
    refused = seller.submit(mover(seller.get(BOARD)), BOARD, button=on(deal))
    assert refused.status == 409
    assert "conditions are not met" in refused.text
    assert refused.html.count("gate-line") + refused.html.count("refusal-line") > 1
    deal.refresh_from_db()
    assert deal.stage.position == 2
    assert f"card-{deal.pk}" in refused.html
    assert Entry.objects.filter(verb="deals.gate_refused", objects_touched__object_id=deal.pk).exists()


def test_a_stage_that_is_skipped_is_named(world: World):
    deal = world.spoken_deal("north")
    stages = list(book.in_force().process.stages.values())
    seller = Visitor("seller", "en")
    refused = seller.submit(mover(seller.get(BOARD)), BOARD, button=on(deal, stages[2].code))
    assert refused.status == 422
    assert f"“{stages[1].en}” lies between." in refused.text


def test_a_stale_card_is_refused_with_what_changed(world: World):
    deal = world.spoken_deal("north")
    seller = Visitor("seller", "en")
    page = seller.get(BOARD)
    change_deal(by=world.by("head"), deal=deal, version=deal.version, title="north and south")
    refused = seller.submit(mover(page), BOARD, button=on(deal))
    assert refused.status == 412
    assert "north and south" in refused.text
    deal.refresh_from_db()
    assert deal.stage.position == 1


def test_a_card_is_taken_back_with_a_reason(world: World):
    deal = world.moved_deal("north")
    seller = Visitor("seller", "en")
    page = seller.get(f"{BOARD}?back={deal.pk}")
    form = next(one for one in page.forms if one.act == "back")
    without = seller.submit(form, BOARD, reason=" ")
    assert without.status == 422
    assert "Please fill this in." in without.text
    form = next(one for one in without.forms if one.act == "back")
    done = seller.submit(form, BOARD, reason="too early")
    assert done.status == 200
    deal.refresh_from_db()
    assert deal.stage.position == 1


@pytest.mark.req("B13.1")
def test_nobody_moves_or_asks_about_what_is_not_theirs_to_see(world: World):
    deal = world.moved_deal("north")
    stranger = Visitor("stranger", "en")
    assert stranger.get(f"{BOARD}?back={deal.pk}").status == 404
    form = mover(Visitor("seller", "en").get(BOARD))
    assert stranger.client.post(BOARD, {"act": "move", "on": on(deal)[1]}).status_code == 404
    assert form.act == "move"


@pytest.mark.parametrize("odd", ["", ":", "x:1:y", "x" * 4000, "a\x00b", "::::", "\u0663"])
def test_what_no_card_sends_is_not_found(world: World, odd: str):
    assert Visitor("seller").client.post(BOARD, {"act": "move", "on": odd}).status_code == 404


def test_the_statements_of_the_board_do_not_grow(world: World):
    seller = Visitor("seller", "en")

    def cost() -> int:
        seller.get(BOARD)
        with CaptureQueriesContext(connection) as caught:
            assert seller.get(BOARD).status == 200
        return len(caught)

    world.moved_deal("a")
    world.spoken_deal("b")
    before = cost()
    for number in range(6):
        world.moved_deal(f"more {number}")
    assert cost() == before <= 13


@pytest.mark.browser
def test_a_card_is_dragged_and_goes_back_when_it_is_refused(world: World, open_page: OpenPage):
    deal = world.spoken_deal("灯塔")
    second, third = [stage.code for stage in book.in_force().process.stages.values()][1:3]
    page = at(open_page, world.seller, "desk")
    page.goto(BOARD)
    page.locator(f"#card-{deal.pk}").drag_to(page.locator(f'[data-board-stage="{second}"] .board-head'))
    expect(page.locator(f'[data-board-stage="{second}"] #card-{deal.pk}')).to_be_visible()
    page.locator(f"#card-{deal.pk}").drag_to(page.locator(f'[data-board-stage="{third}"] .board-head'))
    expect(page.locator(".refusal")).to_be_visible()
    expect(page.locator(f'[data-board-stage="{second}"] #card-{deal.pk}')).to_be_visible()
    first = page.locator("[data-board-stage] .board-head").first
    page.locator(f"#card-{deal.pk}").drag_to(first)
    expect(page.locator('#back [name="reason"]')).to_be_visible()
    phone = at(open_page, world.seller, "phone")
    phone.goto(BOARD)
    expect(phone.locator(".board")).to_be_hidden()
    expect(phone.locator(".board-narrow a")).to_be_visible()
