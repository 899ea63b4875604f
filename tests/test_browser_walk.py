"""The Sudan walk in a real browser: one customer statement goes the whole way, the seller on a phone, the others at a desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.translation import gettext, ngettext, override
from playwright.sync_api import Locator, Page, expect

from api_caller import Caller
from browsers import Site
from earshot.calls.models import Assignment, Call
from earshot.deals.models import Deal
from earshot.demo.actions import build_world
from earshot.journal.models import Entry
from earshot.people.models import Login
from earshot.people.queries import first_calendar
from earshot.voice.models import Hearing, Item
from renaming import FOURTH, renamed_world
from worlds import AIM, CRITICAL, OF_PEOPLE, OF_THE_SITE, World, read_built

AXE = Path(__file__).resolve().parent.parent / "node_modules" / "axe-core" / "axe.min.js"
MOST_TAPS = 12
OpenPage = Callable[..., Page]


class Hand:
    """A person's hand on a page: taps are counted; typing is not."""

    def __init__(self, page: Page, language: str) -> None:
        self.page = page
        self.language = language
        self.taps = 0

    def say(self, words: str, **values: Any) -> str:
        """Words of the interface in the reader's language."""
        with override(self.language):
            return gettext(words) % values if values else gettext(words)

    def many(self, one: str, many: str, n: int) -> str:
        with override(self.language):
            return ngettext(one, many, n) % {"n": n}

    def tap(self, where: Locator) -> None:
        self.taps += 1
        where.click()
        self.page.wait_for_load_state()  # a click returns when the next page begins, not when it is there

    def press(self, words: str, within: Locator | None = None, **values: Any) -> None:
        """The button or link with these words."""
        said = self.say(words, **values)
        scope = within or self.page.locator("body")
        self.tap(scope.locator("button, a.button").filter(has_text=re.compile(rf"^\s*{re.escape(said)}\s*$")).first)

    def follow(self, words: str) -> None:
        self.tap(self.page.get_by_role("link", name=self.say(words), exact=True).first)

    def type(self, name: str, words: str) -> None:
        """Tap into the field and type."""
        self.taps += 1
        self.page.locator(f'[name="{name}"]').fill(words)

    def sees(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)

    def sees_not(self, words: str) -> None:
        expect(self.page.locator("body")).not_to_contain_text(words)


@pytest.fixture
def at(open_page: OpenPage, site: Site) -> Callable[..., Hand]:
    """`at(person, "phone")`: that person, signed in, at a page of their own."""

    def sit(person: Any, size: str = "desk", language: str = "zh-hans") -> Hand:
        page = open_page(size, language=language)
        page.goto("/sign-in/")
        page.locator(".pick button").filter(has_text=person.name).first.click()
        page.wait_for_url("**/")
        return Hand(page, language)

    return sit


def signed_in(open_page: OpenPage, site: Site, person: Any, size: str = "desk", language: str = "zh-hans") -> Hand:
    """The same for people whom no sign-in page offers: with a session made for them."""
    client = Client()
    client.force_login(Login.objects.get(person=person))
    page = open_page(size, language=language)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site.url}])
    page.goto("/")
    return Hand(page, language)


def category(page: Page, n: int, code: str) -> Locator:
    return page.locator(f'label:has(input[name="category_{n}"][value="{code}"])')


def open_deal(seller: Hand, world: World, title: str) -> None:
    seller.follow("Deals")
    seller.press("Open a deal")
    seller.type("title", title)
    seller.page.locator('[name="account"]').select_option(str(world.accounts["sudatel"].pk))
    seller.type("goal", AIM["goal"])
    seller.page.locator('[name="due"]').fill(AIM["due"])
    seller.type("amount", "2105000")
    seller.press("Open the deal")
    seller.sees(title)


def record_contact(seller: Hand, world: World, title: str) -> None:
    """Three things the customer said, in one screen."""
    seller.taps = 0
    seller.tap(seller.page.locator(".house-phone a").nth(1))  # capture, in the bottom bar
    seller.tap(seller.page.locator("a.pick").filter(has_text=title))
    seller.type("contact_1", "Osman Taha")
    seller.type("title_1", "CTO")
    for n, (words, code) in enumerate(zip((CRITICAL, OF_THE_SITE, OF_PEOPLE), world.categories, strict=True), start=1):
        seller.type(f"words_{n}", words)
        seller.tap(category(seller.page, n, code))


def no_serious_violation(page: Page) -> None:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    serious = [
        f"{one['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
    assert serious == [], page.url + "\n" + "\n".join(serious)


def fits(page: Page) -> None:
    """Nothing runs out of the screen, and a finger hits what can be acted on."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url
    small = page.evaluate(
        """() => [...document.querySelectorAll(`main button, main a.button, main select, main textarea, main summary,
               main input:not([type=hidden]):not([type=checkbox]):not([type=radio])`)]
             .filter(one => one.offsetParent && one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML.slice(0, 120))"""
    )
    assert small == [], f"{page.url}: {small}"


@pytest.mark.req("B16.2b")
@pytest.mark.req("law 3")
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_walk(world: World, at: Callable[..., Hand], site: Site, language: str):
    title = "苏丹站点能源改造"
    # 1. The sign-in page offers the people; one click each.
    seller = at(world.seller, "phone", language)
    # 2. A deal, and a contact in one screen.
    open_deal(seller, world, title)
    record_contact(seller, world, title)
    seller.press("Save")
    assert seller.taps <= MOST_TAPS, f"{seller.taps} taps for one contact"
    seller.sees(CRITICAL)
    deal = Deal.objects.get(title=title)
    assert [item.words for item in Item.objects.filter(deal=deal)] == [CRITICAL, OF_THE_SITE, OF_PEOPLE]
    seller.sees(world.engineer.name)  # who must hear it, by when
    # 3. On to the next stage: nobody asks anybody, the process has called.
    seller.page.goto(f"/deals/{deal.pk}/")
    seller.tap(seller.page.locator("main .actions button.button").first)
    call = Call.objects.get(deal=deal)
    assert call.accountable == world.engineer
    seller.sees(call.unit.name)
    unit_head = at(world.engineer_head, "desk", language)
    unit_head.follow("Calls")
    unit_head.tap(unit_head.page.locator(".tabs a").nth(1))
    unit_head.tap(unit_head.page.locator("table a").first)
    unit_head.sees(CRITICAL)
    unit_head.tap(unit_head.page.locator("summary").filter(has_text=unit_head.say("Name somebody else")))
    expect(unit_head.page.locator("label.choice").filter(has_text=world.engineer_two.name)).to_contain_text(unit_head.say("qualified"))
    # 4. The gate refuses, line by line; API and page say the same; one entry more, and nothing else.
    entries = Entry.objects.count()
    seller.press("Try the gate")
    refusal = seller.page.locator(".refusal")
    expect(refusal).to_be_visible()
    api = Caller(world.seller, language).post(f"/deals/{deal.pk}/moves", {}, if_match=f'"{deal.version + 1}"')
    assert api.status == 409
    expect(refusal).to_contain_text(api["title"])
    for line in api.lines:
        expect(refusal).to_contain_text(line)
    assert any(world.engineer.name in line and "the other offer runs on sun" in line for line in api.lines)
    assert any(call.number in line for line in api.lines)
    deal.refresh_from_db()
    assert Entry.objects.count() == entries + 3  # one refusal at each door; the key for the API was an entry too
    assert set(Entry.objects.order_by("-seq").values_list("verb", flat=True)[:3]) == {"deals.gate_refused", "people.token_made"}
    # 5. The engineer finds both on my day, reads, takes note in one act, takes the call, delivers.
    engineer = at(world.engineer, "desk", language)
    expect(engineer.page.locator(".duty")).to_have_count(2)
    engineer.press("Hear it")
    engineer.sees(CRITICAL)
    engineer.tap(engineer.page.locator("main form.form button.is-primary"))
    assert Hearing.objects.filter(person=world.engineer, item__deal=deal).count() == 1
    engineer.press("Take it")
    assert Assignment.objects.get(call=call).taken_at is not None
    engineer.press("Deliver")
    engineer.page.locator('[name="result"]').fill("光伏 6 kWp 加 8 kVA 小油机：年油费由 41 万降到 19 万。")
    engineer.press("Deliver")
    engineer.sees("光伏 6 kWp")
    delivery = at(world.delivery, "desk", language)
    delivery.press("Hear it")
    delivery.sees(OF_THE_SITE)
    delivery.sees_not(CRITICAL)
    delivery.tap(delivery.page.locator("main form.form button.is-primary"))
    # 6. The head's vote is refused while the head has not heard, naming what; then it opens the gate.
    head = at(world.head, "desk", language)
    head.tap(head.page.locator(".duty-act a").first)
    head.sees(CRITICAL)
    head.tap(head.page.locator('label:has(input[name="approves"][value="yes"])'))
    head.page.locator('[name="reason"]').fill("油费的账算清楚了。")
    vote = head.page.locator("#vote .actions button")
    head.tap(vote)
    refusal = head.page.locator(".refusal")
    expect(refusal).to_contain_text("the other offer runs on sun")
    expect(head.page.locator('[name="reason"]')).to_have_value("油费的账算清楚了。")
    head.tap(head.page.locator("#words form button.is-primary"))
    head.tap(head.page.locator('label:has(input[name="approves"][value="yes"])'))
    head.page.locator('[name="reason"]').fill("油费的账算清楚了。")
    head.tap(vote)
    expect(head.page.locator("#passes")).to_contain_text(world.head.name)
    expect(head.page.locator("#passes")).to_contain_text("油费的账算清楚了。")
    ears = head.page.locator("article.quote").filter(has_text=CRITICAL)
    expect(ears).to_contain_text(world.engineer.name)
    expect(ears).to_contain_text(head.say("took note of the words"))
    deal.refresh_from_db()
    assert deal.stage.position == 3
    # 7. A stranger and a plain colleague find it nowhere; the unit's head sees the call and its item only.
    for person in (world.stranger, world.colleague):
        other = at(person, "desk", language)
        for url in (f"/deals/{deal.pk}/", f"/calls/{call.pk}/", f"/items/{deal.items.first().pk}/"):
            response = other.page.goto(url)
            assert response is not None
            assert response.status == 404
            other.sees_not(title)
        for url in (
            "/",
            "/deals/?state=all",
            "/search/?q=苏丹",
            "/search/?q=sun",
            "/accounts/",
            "/calls/?which=open",
            f"/people/{world.seller.pk}/",
        ):
            other.page.goto(url)
            other.sees_not(title)
            other.sees_not("the other offer")
    response = unit_head.page.goto(f"/deals/{deal.pk}/")
    assert response is not None
    assert response.status == 404
    unit_head.page.goto(f"/calls/{call.pk}/")
    unit_head.sees(CRITICAL)
    unit_head.sees_not(OF_THE_SITE)
    # 8. Each entry with its cause.
    seller.page.goto(f"/deals/{deal.pk}/#timeline")
    raised = Entry.objects.get(verb="calls.raised", objects_touched__object_id=call.pk)
    seller.page.goto(f"/entries/{raised.id}/")
    expect(seller.page.locator("#cause")).to_be_visible()


def test_what_was_typed_outlives_an_expired_sign_in(world: World, at: Callable[..., Hand]):
    deal = world.deal()
    seller = at(world.seller, "phone")
    seller.page.goto(f"/deals/{deal.pk}/meetings/new/")
    seller.type("contact_1", "Osman Taha")
    seller.type("words_1", CRITICAL)
    seller.tap(category(seller.page, 1, world.categories[0]))
    Session.objects.all().delete()
    seller.press("Save")
    seller.page.wait_for_url("**/sign-in/**")
    seller.page.locator(".pick button").filter(has_text=world.seller.name).first.click()
    seller.sees(seller.say("Your sign-in had expired. Here is what you typed; it has not been sent yet."))
    expect(seller.page.locator('[name="words_1"]')).to_have_value(CRITICAL)
    expect(seller.page.locator(f'input[name="category_1"][value="{world.categories[0]}"]')).to_be_checked()
    seller.press("Save")
    seller.sees(CRITICAL)
    assert Item.objects.get(deal=deal).words == CRITICAL


def test_being_ticked_as_present_counts_once_confirmed(world: World, at: Callable[..., Hand]):
    deal = world.deal()
    seller = at(world.seller, "phone")
    seller.page.goto(f"/deals/{deal.pk}/meetings/new/")
    seller.type("words_1", CRITICAL)
    seller.tap(seller.page.locator("summary").filter(has_text=seller.say("Colleagues who were there")))
    seller.tap(seller.page.locator("label.choice").filter(has_text=world.delivery.name))
    seller.press("Save")
    assert not Hearing.objects.filter(person=world.delivery).exists()
    delivery = at(world.delivery)
    delivery.press("I was there")
    assert Hearing.objects.get(person=world.delivery).item.deal == deal


@pytest.mark.of_the_page
def test_a_page_works_without_javascript(world: World, open_page: OpenPage):
    deal = world.moved_deal()
    page = open_page("phone", java_script_enabled=False)
    page.goto("/sign-in/?next=/hear/")
    page.locator(".pick button").filter(has_text=world.engineer.name).first.click()
    page.locator("main form.form button.is-primary").click()
    assert Hearing.objects.filter(person=world.engineer, item__deal=deal).exists()


@pytest.mark.parametrize(
    ("size", "language", "key"),
    [
        ("phone", "zh-hans", "seller"),
        ("desk", "en", "head"),
        ("phone", "en", "engineer"),
        ("desk", "zh-hans", "operations"),
        ("phone", "zh-hans", "administrator"),
    ],
)
@pytest.mark.of_the_page
def test_every_page_can_be_read_and_hit(world: World, at: Callable[..., Hand], size: str, language: str, key: str):
    deal = world.moved_deal("尼罗河移动通信公司 2026 年站点能源改造与远程监控一体化交付项目（第二期，含传输配套）")
    item, call = world.items(deal)[0], world.calls(deal)[0]
    world.words(deal, words=[("没有归类的一句话", "")], present=["engineer"])
    urls = [
        "/",
        "/hear/",
        "/capture/",
        "/deals/",
        "/deals/new/",
        f"/deals/{deal.pk}/",
        f"/deals/{deal.pk}/gate/",
        f"/deals/{deal.pk}/meetings/new/",
    ]
    urls += [
        f"/meetings/{item.meeting_id}/",
        f"/items/{item.pk}/",
        "/calls/?which=open",
        f"/calls/{call.pk}/",
        "/accounts/",
        "/accounts/new/",
    ]
    urls += [
        f"/accounts/{deal.account_id}/",
        f"/people/{world.seller.pk}/",
        "/me/",
        "/search/?q=sun",
        "/playbook/",
        "/calendars/",
        f"/calendars/{first_calendar().get().pk}/",
        "/deliveries/",
        f"/people/{world.seller.pk}/administration/",
        "/sign-in/",
        "/nowhere/",
    ]
    hand = at(world.people[key], size, language)
    for url in urls:
        hand.page.goto(url)
        no_serious_violation(hand.page)
        if size == "phone":
            fits(hand.page)


@pytest.mark.own_database(bare=True)
def test_the_walk_holds_when_every_code_is_another(site: Site, open_page: OpenPage, still: None, tmp_path: Path):
    """Step 9: a world and a pack of random identifiers, with a fourth role that has its own call."""
    spec, pack = renamed_world(tmp_path, 7)
    build_world(spec, pack=pack)
    world = read_built(spec)
    deal = world.spoken_deal()
    seller = signed_in(open_page, site, world.seller, "phone")
    seller.page.goto(f"/deals/{deal.pk}/")
    seller.tap(seller.page.locator("main .actions button.button").first)
    seller.press("Try the gate")
    expect(seller.page.locator(".refusal")).to_contain_text(world.people[FOURTH].name)
    fourth = signed_in(open_page, site, world.people[FOURTH])
    fourth.press("Take it")
    fourth.press("Deliver")
    fourth.page.locator('[name="result"]').fill("done")
    fourth.press("Deliver")
    engineer = signed_in(open_page, site, world.engineer)
    engineer.press("Hear it")
    engineer.tap(engineer.page.locator("main form.form button.is-primary"))
    world.hear(deal, "delivery")
    world.deliver(deal)
    head = signed_in(open_page, site, world.head)
    head.page.goto(f"/deals/{deal.pk}/gate/")
    head.tap(head.page.locator("#words form button.is-primary"))
    head.tap(head.page.locator('label:has(input[name="approves"][value="yes"])'))
    head.tap(head.page.locator("#vote .actions button"))
    expect(head.page.locator("#passes")).to_contain_text(world.head.name)
    for url in ("/playbook/", "/deals/", "/calls/?which=open", "/me/"):
        head.page.goto(url)
        no_serious_violation(head.page)
