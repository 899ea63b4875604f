"""What people do at forms: going back, mending everything at once, making a customer on the way, two people at one browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from django.utils.translation import override

from api_caller import Caller
from earshot.accounts.models import Account
from earshot.calls.actions import end_call, take_call
from earshot.deals.actions import lose_deal, open_deal
from earshot.deals.models import Deal
from earshot.kit import uuid7
from earshot.kit.problems import Refusal
from earshot.people.actions import add_person, give_post
from earshot.people.queries import roles_of
from earshot.playbooks.queries import categories
from earshot.voice.models import Meeting
from pages import Seen, Visitor
from worlds import AIM, CRITICAL, World, later, said

ROOT = Path(__file__).resolve().parent.parent
WEB_CATALOG = ROOT / "src" / "earshot" / "web" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def open_form(visitor: Visitor, **typed: Any) -> Seen:
    page = visitor.get("/deals/new/")
    return visitor.submit(page.form("open"), page.url, **(AIM | typed))


# Opening a deal.


def test_going_back_and_saving_again_asks_whether_it_is_another_deal(world: World):
    seller, account = Visitor("seller", "en"), str(world.accounts["sudatel"].pk)
    first = open_form(seller, title="Sudan sites", account=account, amount="2105000")
    deal = Deal.objects.get(title="Sudan sites")
    again = open_form(seller, title=" Sudan sites ", account=account, amount="210.6万")
    assert again.status == 409
    assert f"“Sudan sites” was opened for {world.accounts['sudatel'].name} a short while ago: {deal.number}." in again.text
    assert f'href="{first.url}"' in again.html  # the one that is there
    assert Deal.objects.filter(title="Sudan sites").count() == 1
    kept = again.form("open")
    assert (kept.values["title"], kept.values["amount"], kept.values.get("another")) == ([" Sudan sites "], ["210.6万"], None)
    # The person says so, and it is one more.
    assert seller.submit(kept, again.url, another="1").status == 200
    assert Deal.objects.filter(title="Sudan sites").count() == 2


def test_only_the_same_title_account_and_owner_within_half_a_day_is_the_same_deal(world: World):
    def opened(title: str = "Sudan sites", account: str = "sudatel", key: str = "seller", owner: str = "seller") -> Deal:
        return open_deal(by=world.by(key), title=title, account=world.accounts[account], owner=world.people[owner], **AIM)

    deal = opened()
    with pytest.raises(Refusal) as refused:
        opened(key="head")  # for the seller, by the head
    assert (refused.value.code, refused.value.about and refused.value.about.id) == ("deal.same_again", deal.pk)
    assert "Say that this is another deal" in said(refused.value)
    opened(title="Sudan sites, second lot")
    with later(hours=13):
        opened()


def test_the_api_asks_the_same_question(world: World, caller: Callable[..., Caller]):
    seller = caller("seller")
    body = {"title": "Sudan sites", "account": str(world.accounts["sudatel"].pk), "id": str(uuid7())} | AIM
    first = seller.post("/deals", body)
    assert (first.status, seller.post("/deals", body)["id"]) == (201, first["id"])  # the same request again is the first answer
    again = seller.post("/deals", body | {"id": str(uuid7())})
    assert (again.status, again["code"], again["about"]["id"]) == (409, "deal.same_again", first["id"])
    assert list(again["fields"]) == ["another"]
    assert seller.post("/deals", body | {"id": str(uuid7()), "another": True}).status == 201


def test_everything_that_is_wrong_is_said_at_once_beside_its_field(world: World):
    back = open_form(Visitor("seller", "en"), title="", account="", amount="two million")
    assert back.status == 422
    for name in ("title", "account", "amount"):
        assert f'id="f-{name}-error"' in back.html
    assert back.form("open").values["amount"] == ["two million"]


def test_the_customer_is_made_on_the_way_and_chosen_with_all_else_as_typed(world: World):
    seller = Visitor("seller", "en")
    page = seller.get("/deals/new/")
    account = seller.submit(page.form("open"), page.url, ("new_account", "1"), title="Blue Nile", amount="1.5亿", currency="USD", **AIM)
    assert account.url.startswith("/accounts/new/")
    wrong = seller.submit(account.form("open"), account.url, name="")  # a slip on the way loses nothing
    back = seller.submit(wrong.form("open"), wrong.url, name="Blue Nile Telecom")
    assert back.url.startswith("/deals/new/")
    assert "Your sign-in had expired" not in back.text
    made = Account.objects.get(name="Blue Nile Telecom")
    values = back.form("open").values
    assert (values["title"], values["amount"], values["currency"], values["account"]) == (["Blue Nile"], ["1.5亿"], ["USD"], [str(made.pk)])
    seller.submit(back.form("open"), back.url)
    deal = Deal.objects.get(title="Blue Nile")
    assert (deal.account, deal.amount, deal.currency) == (made, 150_000_000, "USD")
    # Who turns back half-way finds the form too.
    assert seller.get("/deals/new/").form("open").values["title"] == [""]


def test_who_has_no_customer_yet_begins_with_the_deal_all_the_same(world: World):
    stranger = Visitor("stranger", "en")
    page = stranger.get("/deals/new/")
    account = stranger.submit(page.form("open"), page.url, ("new_account", "1"), title="First", **AIM)
    back = stranger.submit(account.form("open"), account.url, name="Somebody")
    assert stranger.submit(back.form("open"), back.url).url != "/deals/new/"
    assert Deal.objects.get(title="First").account == Account.objects.get(name="Somebody")


# A refusal leads to its fields.


def fields_linked(page: Seen) -> list[tuple[str, str]]:
    """(address, words) of each link of the refusal on top to a field; each leads to something on the page."""
    top = page.html.partition('class="refusal-fields"')[2].partition("</p>")[0]
    links = re.findall(r'<a href="#([^"]+)">([^<]*)</a>', top)
    assert all(page.html.count(f'id="{target}"') == 1 for target, _words in links)
    return links


def test_a_refusal_names_the_fields_to_mend_and_leads_to_each(world: World):
    seller = Visitor("seller", "en")
    back = open_form(seller, title="", account="", amount="two million")
    assert fields_linked(back) == [("f-title", "What the customer wants"), ("f-account", "Customer"), ("f-amount", "Amount")]
    deal = world.ready_deal()
    lost = seller.get(f"/deals/{deal.pk}/")
    lost = seller.submit(lost.form("lose"), lost.url)
    assert fields_linked(lost) == [("f-lose-reason", "Why did the customer decide against us?")]
    # A choice is led to at its first option, which takes the keyboard.
    gate = Visitor("head", "en")
    vote = gate.get(f"/deals/{deal.pk}/gate/")
    vote = gate.submit(vote.form("vote"), vote.url)
    assert [target for target, _words in fields_linked(vote)] == ["f-approves-0"]
    # What is wrong is said once, beside the field.
    assert vote.text.count("Choose one of the two.") == 1
    words = seller.get(f"/deals/{deal.pk}/meetings/new/")
    words = seller.submit(words.form("record"), words.url)
    assert [target for target, _words in fields_linked(words)] == ["f-words_1"]


# Long words.


def test_a_very_long_statement_is_folded_and_whole_all_the_same(world: World):
    deal = world.deal()
    long, short = "客户说的很长的一段话。" * 1_900, "一句话"
    world.words(deal, words=[(long, world.categories[0]), (short, world.categories[1])])
    page = Visitor("seller").get(f"/deals/{deal.pk}/")
    assert page.html.count(long) == 1  # not parted, not cut
    assert page.html.count('<details class="quote-fold">') == 1
    item = next(item for item in world.items(deal) if item.words == long)
    assert '<details class="quote-fold" open>' in Visitor("seller").get(f"/items/{item.pk}/").html  # on its own page one comes to read it


# Too late.


def test_a_result_typed_in_a_second_tab_is_refused_for_the_one_reason_and_kept(world: World):
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    engineer = Visitor("engineer", "en")
    url = f"/calls/{call.pk}/"
    tab_one, tab_two = engineer.get(url), engineer.get(url)
    assert engineer.submit(tab_one.form("deliver"), url, result="solar and a small engine").status == 200
    late = engineer.submit(tab_two.form("deliver"), url, result="a second, longer text")
    assert late.status == 409
    assert f"{call.number} has a result already, delivered by {world.engineer.name} ." in late.text
    assert "ended by decision" not in late.text
    assert late.form("deliver").values["result"] == ["a second, longer text"]


def test_a_closed_call_says_why_it_is_closed(world: World):
    def why(deal: Deal) -> str:
        with pytest.raises(Refusal) as refused:
            take_call(by=world.by("engineer"), call=world.calls(deal)[0])
        assert refused.value.code == "call.closed"
        return said(refused.value)

    ended, lost = world.moved_deal("ended"), world.moved_deal("lost")
    end_call(by=world.by("head"), call=world.calls(ended)[0], reason="the customer has its own")
    assert "was ended by decision of" in why(ended)
    assert "the customer has its own" in why(ended)
    lose_deal(by=world.by("seller"), deal=lost, version=lost.version, reason="too dear", code="lost-no-buy")
    assert why(lost) == f"{world.calls(lost)[0].number} is no longer owed: {lost.number} is closed."


# What a gate refuses is said once.


def test_what_keeps_a_gate_shut_is_said_once_on_the_page(world: World):
    deal = world.moved_deal()
    seller, head = Visitor("seller", "en"), Visitor("head", "en")
    page = seller.get(f"/deals/{deal.pk}/")
    back = seller.submit(page.form("move_on"), page.url)
    assert back.status == 409
    assert "is shut" in back.text
    assert back.html.count("has not heard") == page.html.count("has not heard") > 0
    assert "what is not met stands above" in back.text
    gate = head.get(f"/deals/{deal.pk}/gate/")
    vote = head.submit(gate.form("vote"), gate.url, approves="yes")
    assert vote.status == 409
    unheard = f"{world.head.name} has not heard"
    assert vote.text.count(unheard) == 1
    assert "besides," in vote.text


def test_a_voter_is_told_that_what_nobody_has_filed_counts_as_critical(world: World):
    deal = world.moved_deal()
    world.hear(deal, "head")
    world.words(deal, words=[("没有归类的一句话", "")])
    head = Visitor("head", "en")
    page = head.get(f"/deals/{deal.pk}/gate/")
    assert "Not filed yet: counts as critical until somebody says what it is about" in page.text
    back = head.submit(page.form("vote"), page.url, approves="yes")
    assert "which is not yet filed; it counts as critical until somebody says what it is about" in back.text
    assert "critical statements" not in back.text


# Two people at one browser.


def test_a_form_of_somebody_else_says_who_is_here_now_and_is_kept_for_its_author(world: World):
    deal = world.deal()
    browser = Visitor("seller", "en")
    page = browser.get(f"/deals/{deal.pk}/meetings/new/")
    browser.sign_in("colleague")  # in another tab
    told = browser.submit(page.form("record"), page.url, words_1=CRITICAL)
    assert told.status == 409
    assert f"You are signed in as {world.colleague.name} now." in told.text
    assert deal.title not in told.html
    assert deal.number not in told.html
    assert CRITICAL not in told.html
    assert not Meeting.objects.filter(deal=deal).exists()
    out = next(one for one in told.forms if one.action == "/sign-out/" and one.values.get("next", [""])[0])
    at = browser.submit(out, told.url)
    me = next(one for one in at.forms if one.values.get("person") == [str(world.seller.pk)])
    back = browser.submit(me, at.url)
    assert back.form("record").values["words_1"] == [CRITICAL]
    assert browser.submit(back.form("record"), back.url).url.startswith("/meetings/")
    assert Meeting.objects.filter(deal=deal).count() == 1


# A time to come.


def test_a_contact_in_the_future_is_asked_about_as_people_say_times(world: World):
    deal = world.deal()
    seller = Visitor("seller", "en")
    page = seller.get(f"/deals/{deal.pk}/meetings/new/")
    asks = seller.submit(page.form("record"), page.url, words_1=CRITICAL, held_at="2026-11-25T14:30")
    assert "When was it? Wed 14:30 lies in the future." in asks.text
    assert "+00:00" not in asks.text
    assert asks.form("complete").values["held_at"] == ["2026-11-25T14:30"]


# Lists.


def test_a_head_sees_first_what_the_unit_owes(world: World):
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    head = Visitor("engineer_head", "en")
    day = head.get("/")
    assert "Open calls of your units" in day.text
    assert f'href="/calls/{call.pk}/"' in day.html
    assert world.engineer.name in day.text  # who does it
    calls = head.get("/calls/")  # none is the head's own
    assert 'href="/calls/?which=unit" aria-current="page"' in calls.html
    assert call.number in calls.text
    # Who does it opens at what waits; who heads nothing has no such tab; who has nothing is told so.
    assert 'href="/calls/?which=mine" aria-current="page"' in Visitor("engineer", "en").get("/calls/").html
    seller = Visitor("seller", "en")
    assert 'href="/calls/?which=open" aria-current="page"' in seller.get("/calls/").html
    assert "which=unit" not in seller.get("/calls/").html
    assert "Open calls of your units" not in seller.get("/").text
    assert "No call waits for you." in Visitor("stranger", "en").get("/calls/").text


def test_a_list_of_deals_says_in_one_line_what_it_is_narrowed_to(world: World):
    seller = Visitor("seller", "en")
    fold = seller.get("/deals/").html.partition('<details class="filter-fold">')[2].partition("</summary>")[0]
    assert re.sub(r"<[^>]*>", "", fold).split(" ", 1)[1].startswith("open")
    page = seller.get("/deals/?q=x&state=won&mine=1")
    fold = re.sub(r"<[^>]*>", "", page.html.partition('<details class="filter-fold">')[2].partition("</summary>")[0])
    assert "won, only mine, “x”" in fold
    assert "0 deals" in fold


def test_colleagues_who_were_there_are_a_dozen_boxes_and_everybody_else_by_name(world: World):
    deal = world.deal()
    unit, by = world.seller.unit, world.by("administrator")
    crowd = [add_person(by=by, name=f"同事{n:02}", unit=unit) for n in range(20)]
    for one in crowd:
        give_post(by=by, person=one, unit=unit, role=roles_of(world.seller).pop())
    twin = add_person(by=by, name="同事07", unit=world.units["delivery"])
    seller = Visitor("seller", "en")
    page = seller.get(f"/deals/{deal.pk}/meetings/new/")
    assert len(re.findall(r'type="checkbox" name="present"', page.html)) == 12
    assert f'<option value="{crowd[-1].name} ({unit})">' in page.html
    typed = f"{world.delivery.name}，{crowd[-1].name} ({unit}); 同事07, Nobody Known"
    asks = seller.submit(page.form("record"), page.url, words_1=CRITICAL, others=typed)
    meeting = Meeting.objects.get(deal=deal)
    named = {one.person for one in meeting.attendances.exclude(person=world.seller)}
    assert named == {world.delivery, crowd[-1]}
    assert meeting.asks["present"] == "同事07, Nobody Known"  # two bear the name
    assert "Nobody could be found by:" in asks.text
    wrong = seller.submit(asks.form("complete"), asks.url, contact="Osman")
    assert wrong.status == 422
    assert "Nobody, or more than one, is called:" in wrong.text
    assert wrong.form("complete").values["others"] == ["同事07, Nobody Known"]
    done = seller.submit(wrong.form("complete"), wrong.url, others="同事07（交付部）")
    assert done.status == 200
    assert meeting.attendances.filter(person=twin).exists()


# What the front page of the house calls by name.


@pytest.mark.parametrize(("readme", "language"), [("README.zh-CN.md", "zh-hans"), ("README.md", "en")])
def test_the_walk_names_buttons_as_the_pages_do(world: World, readme: str, language: str):
    walk = next(part for part in (ROOT / readme).read_text(encoding="utf-8").split("\n## ") if "**陈晓" in part)
    named = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", walk))
    assert len(named) >= 8
    with (WEB_CATALOG).open("rb") as file:
        catalog = read_po(file, locale="zh_Hans")
    said = [message.string if language == "zh-hans" else message.id for message in catalog if message.id]
    words = [re.escape(word) for each in said for word in (each if isinstance(each, tuple | list) else [each])]
    with override(language):
        words += [re.escape(str(row)) for row in categories()]
    pages = re.compile("|".join(re.sub(r"%\\?\(\w+\\?\)s", ".+", word) for word in words if word))
    assert [name for name in named if not pages.fullmatch(name.rstrip("."))] == []


def test_what_was_typed_into_a_form_that_is_gone_is_still_there_to_be_taken_along(world: World):
    deal = world.moved_deal()
    seller, head = Visitor("seller", "en"), Visitor("head", "en")
    url = f"/deals/{deal.pk}/"
    tab, other = seller.get(url), head.get(url)
    assert head.submit(other.form("lose"), url, code="lost-no-buy", reason="the customer stays as it is").status == 200
    late = seller.submit(tab.form("move_back"), url, to="lead", reason="they ask for thirty more sites first")
    assert late.status == 409
    assert "move_back" not in late.acts
    assert "What you typed" in late.text
    assert "they ask for thirty more sites first" in late.text
