"""Forms and long words in a real browser: by keyboard, without JavaScript, on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from worlds import AIM, World

OpenPage = Callable[..., Page]
pytestmark = pytest.mark.of_the_page


def at(open_page: OpenPage, person: Any, size: str, **options: Any) -> Page:
    page = open_page(size, **options)
    page.goto("/sign-in/")
    page.locator(".pick button").filter(has_text=person.name).first.click()
    page.wait_for_url("**/")
    return page


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_a_refusal_leads_the_keyboard_to_its_field_and_the_place_is_left_behind(world: World, open_page: OpenPage, size: str):
    page = at(open_page, world.seller, size, java_script_enabled=size == "desk")
    page.goto("/deals/new/")
    page.locator('[name="amount"]').fill("两百万")
    page.locator("main button.is-primary").click()
    link = page.locator(".refusal-fields a").last
    link.focus()
    page.keyboard.press("Enter")
    expect(page.locator('[name="amount"]')).to_be_focused()
    page.locator('[name="amount"]').fill("210万")
    page.locator('[name="title"]').fill("灯塔")
    page.locator('[name="account"]').select_option(str(world.accounts["sudatel"].pk))
    page.locator('[name="goal"]').fill(AIM["goal"])
    page.locator('[name="due"]').fill(AIM["due"])
    page.locator("main button.is-primary").click()
    page.wait_for_url("**/deals/*-*/")  # without the place in the form that was left
    expect(page.locator("main")).to_contain_text("¥210 万")


def test_long_words_are_folded_to_the_eye_and_whole_on_paper(world: World, open_page: OpenPage):
    deal = world.deal()
    world.words(deal, words=[("客户说的很长的一段话。" * 1_900, world.categories[0])])
    page = at(open_page, world.seller, "phone", java_script_enabled=False)
    page.goto(f"/deals/{deal.pk}/")
    words = page.locator(".quote-words p").first

    def height() -> float:
        box = words.bounding_box()
        assert box is not None
        return box["height"]

    assert height() < 300
    page.emulate_media(media="print")
    assert height() > 3_000
    page.emulate_media(media="screen")
    page.locator(".quote-fold summary").first.click()
    assert height() > 3_000


def test_filters_are_one_line_on_a_phone_and_open_at_a_desk(world: World, open_page: OpenPage):
    phone, desk = (at(open_page, world.seller, size) for size in ("phone", "desk"))
    for page in (phone, desk):
        page.goto("/deals/")
    expect(phone.locator('.filter [name="q"]')).to_be_hidden()
    expect(desk.locator('.filter [name="q"]')).to_be_visible()
    phone.locator(".filter-fold > summary").first.click()
    phone.locator('.filter [name="state"]').select_option("all")
    phone.locator(".filter button").first.click()
    phone.wait_for_url("**state=all*")
    expect(phone.locator(".filter-fold > summary").first).to_contain_text("全部")


@pytest.mark.parametrize("scripts", [True, False])
def test_every_room_is_one_step_away_on_a_phone_without_scripts_too(world: World, open_page: OpenPage, scripts: bool):
    page = at(open_page, world.seller, "phone", java_script_enabled=scripts)
    more = page.locator(".house-more")
    expect(more.locator("ul")).to_be_hidden()
    more.locator("summary").click()
    hrefs = [link.get_attribute("href") for link in more.locator("a").all()]
    assert hrefs == ["/hear/", "/messages/", "/leads/", "/accounts/", "/calls/", "/playbook/", "/calendars/"]
    for link in more.locator("a").all():
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        expect(link).to_be_in_viewport()
    more.locator("a").nth(4).click()
    page.wait_for_url("**/calls/")
    expect(page.locator(".house-more summary")).to_have_class("is-here")
    expect(page.locator(".house-more ul")).to_be_hidden()
