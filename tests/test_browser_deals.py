"""From lead to won in a real browser: a technician's lead becomes a deal of two types of service, is refused at two gates for five
different reasons and mended from each line, is decided by whoever may and in whose place, is passed once at a risk, and is won.
Another is split, goes on over a voice against it, and its part is given up by its team."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from browsers import Site
from earshot.calls.models import Call
from earshot.deals import queries
from earshot.deals.decisions import MadeGood
from earshot.deals.dissent_tables import Dissent
from earshot.deals.lead_tables import Lead
from earshot.deals.models import Deal, Escalation, GatePass
from earshot.deals.split_tables import Split
from earshot.kit import clock, now
from earshot.people.models import Person
from test_browser_walk import Hand, OpenPage, fits, no_serious_violation, signed_in
from test_dissents import before_gate
from worlds import World

HEARD = "你们的机组能不能并到我们的光伏上？明年三十个站都要换。"
DRAWING = "三十个站的机房图纸"
TITLE = "三十站混合供电"
NEW_WORDS = "停电不能超过两小时，超过就算违约。"


def of(name: str) -> str:
    return f'[name="{name}"]'


def line(hand: Hand, words: str) -> Locator:
    """The gate's line with these words."""
    return hand.page.locator(".gate-line").filter(has_text=words).first


def open_words(hand: Hand, words: str, within: Locator | None = None) -> None:
    """Unfold what is folded under these words, if it is."""
    scope = within or hand.page.locator("main")
    folded = scope.locator("details", has=hand.page.locator("summary", has_text=hand.say(words))).first
    if folded.get_attribute("open") is None:
        folded.locator("summary").first.click()


def choose(hand: Hand, name: str, value: str) -> None:
    hand.tap(hand.page.locator(f'label:has(input[name="{name}"][value="{value}"])').first)


def in_days(days: int) -> str:
    return (queries.today() + timedelta(days=days)).isoformat()


def set_services(hand: Hand, *codes: str) -> None:
    section = hand.page.locator("#services")
    section.locator("details summary").last.click()
    for code in codes:
        choose(hand, "services", code)
    section.get_by_role("button").last.click()


def ask_onto_the_team(hand: Hand, person: Person) -> None:
    """From the gate's line to the empty chair, and there to whom is asked."""
    hand.page.locator(".gate-line .gate-act a").filter(has_text=hand.say("Ask somebody to take it")).first.click()
    chair = hand.page.locator("li.seat", has=hand.page.locator(f'option[value="{person.pk}"]')).first
    chair.locator("summary").click()
    chair.locator("select").select_option(str(person.pk))
    chair.get_by_role("button").click()


def accept(hand: Hand, deal: Deal) -> None:
    hand.page.goto(f"/deals/{deal.pk}/")
    hand.press("Accept")


def take_note(hand: Hand) -> None:
    """Of every critical statement that the gate's page shows, in one act; nothing where all was heard."""
    button = hand.page.locator("#words form button.is-primary")
    if button.count():
        hand.tap(button)
        hand.page.wait_for_load_state()


def cast(hand: Hand, *, approves: bool, reason: str = "") -> None:
    choose(hand, "approves", "yes" if approves else "no")
    hand.page.locator("#vote textarea").fill(reason)
    hand.tap(hand.page.locator("#vote form").first.get_by_role("button").first)
    hand.page.wait_for_load_state()


def deliver(hand: Hand, deal: Deal, support: str, result: str) -> None:
    call = Call.objects.get(deal=deal, trigger__support__code=support)
    hand.page.goto(f"/calls/{call.pk}/")
    hand.page.locator(of("result")).fill(result)
    hand.tap(hand.page.locator("form", has=hand.page.locator(of("result"))).get_by_role("button").last)
    hand.page.wait_for_load_state()


def state_figures(hand: Hand, **figures: str) -> None:
    open_words(hand, "State figures …")
    for name, value in figures.items():
        hand.type(name, value)
    hand.type("source", "内部测算")
    hand.press("State them")


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Hours that pass for everybody, in every thread, and stay passed."""

    def pass_by(hours: float) -> None:
        monkeypatch.setattr(clock, "_moved", ContextVar("earshot_clock_of_the_walk", default=now() + timedelta(hours=hours)))

    return pass_by


@pytest.mark.req("A16.4a")
@pytest.mark.req("B9.1a")
@pytest.mark.req("B28.1a")
def test_from_a_technicians_lead_to_won(world: World, open_page: OpenPage, site: Site, passing: Callable[[float], None]):
    customer = world.accounts["sudatel"]

    def at(person: Person, size: str = "desk") -> Hand:
        return signed_in(open_page, site, person, size)

    # 1. A technician on a site records what the customer said, on the phone; somebody answers for it at once.
    technician = at(world.delivery, "phone")
    technician.page.goto("/leads/new/")
    technician.type("words", HEARD)
    choose(technician, "source", "site-visit")
    technician.type("customer", customer.name)
    technician.type("speaker", "Osman Taha")
    open_words(technician, "More, if you know it")
    choose(technician, "category", world.categories[0])
    fits(technician.page)
    technician.press("Record the lead")
    technician.sees(HEARD)
    lead = Lead.objects.get(said__words=HEARD)
    assert lead.owner == world.delivery_head
    # 2. The head of delivery finds it on my day and hands it to whoever does for the customer, who takes it up and makes it a deal.
    his_head = at(world.delivery_head)
    his_head.sees(lead.number)
    his_head.page.goto(f"/leads/{lead.pk}/")
    open_words(his_head, "Hand it over …")
    his_head.page.locator("select[name=to]").select_option(str(world.seller.pk))
    his_head.page.locator("#f-hand-reason").fill("青尼罗电信归大客户部")
    his_head.press("Hand it over")
    seller = at(world.seller)
    seller.page.goto(f"/leads/{lead.pk}/")
    seller.press("Take it up")
    seller.press("Yes, this one")
    open_words(seller, "Open a deal …")
    seller.page.locator("#f-deal-title").fill(TITLE)
    seller.type("goal", "三十个站换成混合供电")
    seller.page.locator("#f-deal-due").fill(in_days(90))
    seller.type("amount", "2105000")
    seller.press("Open the deal")
    deal = Deal.objects.get(title=TITLE)
    assert deal.number == lead.number
    seller.page.goto(f"/deals/{deal.pk}/")
    seller.sees(HEARD)
    # 3. A type of service that one unit could do alone; the next stage calls the solution side. Then a second one, of another unit.
    set_services(seller, "energy")
    seller.press("On to “%(stage)s”", stage="机会验证")
    set_services(seller, "installing")
    passing(1)
    # 4. The first gate refuses; each line leads to where it is mended.
    seller.press("Try the gate")
    expect(seller.page.locator(".refusal")).to_be_visible()
    engineer, head = at(world.engineer), at(world.head)
    for person in (world.engineer, world.delivery):
        ask_onto_the_team(seller, person)
        accept(at(person), deal)
    engineer.page.goto("/")
    engineer.press("Hear it")
    engineer.tap(engineer.page.locator("main form.form button.is-primary"))
    # 5. The head approves, and opens it at a risk: the call has no result yet. It is red until the engineer delivers.
    gate_page = f"/deals/{deal.pk}/gate/"
    head.page.goto(gate_page)
    take_note(head)
    cast(head, approves=True)
    head.press("Open it at a risk …")
    expect(head.page.locator("textarea")).to_have_count(1)
    head.page.locator("textarea").fill("客户周五定规格，访谈下周补")
    head.page.locator("main select").select_option(str(world.engineer.pk))
    head.page.locator("main input[type=date]").fill(in_days(5))
    fits(head.page)
    head.press("Open the gate at this risk")
    assert GatePass.objects.get(visit__deal=deal).risk is not None
    engineer.page.goto("/")
    seller.page.goto(f"/deals/{deal.pk}/")
    expect(seller.page.locator("#risks .is-red")).to_have_count(1)
    deliver(engineer, deal, "need-interview", "柴油费占一半；光伏够二十个站")
    seller.page.goto(f"/deals/{deal.pk}/")
    expect(seller.page.locator("#risks .is-red")).to_have_count(0)
    assert MadeGood.objects.filter(line__decision__visit__deal=deal).exists()
    # The work waits for a drawing of delivery's: said, counted, and ended by its head, who does not see the deal.
    open_words(seller, "We wait for …")
    seller.page.locator("#f-wait-unit").select_option(str(world.units["delivery"].pk))
    seller.page.locator("#f-wait-reason").fill(DRAWING)
    seller.press("Say so")

    passing(2)
    his_head.page.goto("/")
    his_head.sees(DRAWING)
    his_head.press("It is there …")
    his_head.page.wait_for_url("**/waits/**")
    his_head.sees_not(TITLE)
    his_head.type("words", "图纸放在共享盘，按站点编号")
    fits(his_head.page)
    his_head.press("It is there")
    seller.page.goto(f"/deals/{deal.pk}/")
    # 6. Two stages on; the customer says something new and critical. The second gate refuses again.
    seller.press("On to “%(stage)s”", stage="方案与投标")
    world.words(deal, words=[(NEW_WORDS, world.categories[0])])
    seller.page.goto(f"/deals/{deal.pk}/")
    seller.press("Try the gate")
    expect(seller.page.locator(".refusal")).to_be_visible()
    for code, words in (("key-assumptions", "三十站分三批"), ("deliverability", "九十天内交得出")):
        deliver(technician, deal, code, words)
    deliver(engineer, deal, "solution", "逐站混合供电，断电一小时内切换")
    for one in (engineer, technician):
        one.page.goto(gate_page)
        take_note(one)
    seller.page.goto(f"/deals/{deal.pk}/")
    state_figures(seller, gross_margin="15", advance_share="25", days_to_cash="60")
    passing(1.5)
    # 7. Outside the team's mandate: once the team has voted the decision climbs, to the deputy of the head, who is away.
    head.page.goto(f"/people/{world.head.pk}/absences/")
    head.type("first", in_days(0))
    head.type("last", in_days(7))
    head.page.locator(of("deputy")).select_option(str(world.engineer_head.pk))
    head.type("reason", "出差喀土穆")
    head.press("Enter it")
    for one in (engineer, technician):
        one.page.goto(gate_page)
        cast(one, approves=True)
    asked = Escalation.objects.get(visit__deal=deal)
    passing(0.5)
    deputy = at(world.engineer_head)
    deputy.sees(TITLE)
    deputy.page.goto(gate_page)
    take_note(deputy)
    cast(deputy, approves=True, reason="按战略客户报价")
    asked.refresh_from_db()
    assert asked.outcome == "approved"
    # 8. Inside the team's mandate the team decides at once, and the deal is won.
    seller.page.goto(f"/deals/{deal.pk}/")
    state_figures(seller, gross_margin="30", advance_share="25", days_to_cash="60")
    technician.page.goto(gate_page)
    cast(technician, approves=True)
    seller.page.goto(gate_page)
    take_note(seller)
    cast(seller, approves=True)
    seller.page.goto(f"/deals/{deal.pk}/")
    assert Deal.objects.get(pk=deal.pk).closing.outcome == "won"
    # 9. Where the time went: of this deal, and who made whom wait, each figure down to its entries.
    seller.page.goto(f"/deals/{deal.pk}/time/")
    expect(seller.page.locator(".bars .bar")).to_have_count(5)
    expect(seller.page.locator(".bars .is-waiting").first).to_be_attached()
    seller.page.locator("#waits").get_by_text(DRAWING).first.click()
    seller.sees("图纸放在共享盘")
    seller.page.goto("/waiting/")
    row = seller.page.locator("#blocked tr").filter(has_text=world.units["delivery"].name)
    expect(row).to_contain_text(world.units["key-accounts"].name)
    row.locator("a").first.click()
    expect(seller.page.locator("#opened")).to_contain_text(DRAWING)
    no_serious_violation(seller.page)
    fits(seller.page)


def test_a_deal_is_split_goes_on_over_a_voice_against_it_and_its_part_is_given_up(
    world: World, open_page: OpenPage, site: Site, tmp_path: Path
):
    """In English, the engineer on a phone."""
    deal = before_gate(world, tmp_path)

    def at(person: Person, size: str = "desk") -> Hand:
        return signed_in(open_page, site, person, size, "en")

    # 1. The seller takes the last sites out: a deal of its own, which knows whose part it is.
    seller = at(world.seller)
    seller.page.goto(f"/deals/{deal.pk}/")
    seller.press("Take a part out …")
    for name, words in {
        "title": "The ten sites in the desert",
        "goal": "Ten sites on air",
        "due": in_days(200),
        "amount": "605000",
    }.items():
        seller.type(name, words)
    fits(seller.page)
    seller.press("Take it out")
    part = Split.objects.get(first=deal).part
    seller.sees(part.number)
    # 2. Two of the team are for it, the engineer is against; the head above both hears it on my unit, and settles it in words.
    for person in (world.delivery, world.seller):
        voter = at(person)
        voter.page.goto(f"/deals/{deal.pk}/gate/")
        cast(voter, approves=True)
    engineer, head = at(world.engineer, "phone"), at(world.head)
    engineer.page.goto(f"/deals/{deal.pk}/gate/")
    cast(engineer, approves=False, reason="Ninety days are too few for thirty sites")
    fits(engineer.page)
    assert Dissent.objects.get(visit__deal=deal).vote.reason
    head.page.goto("/unit/")
    head.sees("Ninety days are too few")
    head.page.goto(f"/deals/{deal.pk}/gate/")
    choose(head, "goes_on", "yes")
    head.type("words", "A second crew comes from the mine")
    head.press("Settle it")
    fits(head.page)
    stage = deal.stage.position
    assert Deal.objects.select_related("stage").get(pk=deal.pk).stage.position > stage
    # 3. The part: its seller would give it up and says what was tried; both others agree, and the last word closes it.
    seller.page.goto(f"/deals/{part.pk}/giving-up/")
    seller.page.locator(of("code")).select_option("up-no-margin")
    seller.type("reason", "Sand filters eat the margin")
    seller.type("tried_0", "Fewer filters")
    seller.press("Propose it")
    expect(seller.page.locator(of("came_of_it_0"))).to_have_attribute("aria-invalid", "true")
    seller.type("came_of_it_0", "Not accepted on site")
    seller.press("Propose it")
    for hand in (engineer, at(world.delivery)):
        hand.page.goto("/")
        hand.sees(part.title)
        hand.page.goto(f"/deals/{part.pk}/giving-up/")
        hand.sees("Fewer filters")
        choose(hand, "agrees", "yes")
        fits(hand.page)
        hand.press("Say so")
    assert Deal.objects.get(pk=part.pk).closing.outcome == "given_up"
    assert not hasattr(Deal.objects.get(pk=deal.pk), "closing")
    # 4. The list of what was given up says why, and opens down to it.
    seller.page.goto("/deals/?state=given_up")
    open_words(seller, "Why they ended")
    seller.page.locator("details tbody a").first.click()
    seller.page.wait_for_url("**reason=up-no-margin**")
    seller.sees(part.title)
    no_serious_violation(seller.page)
    fits(seller.page)
