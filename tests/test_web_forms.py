"""What people do at forms: going back, mending everything at once, making a customer on the way, two people at one browser."""

from __future__ import annotations

from typing import Any

import pytest

from earshot.accounts.models import Account
from earshot.deals.actions import open_deal
from earshot.deals.models import Deal
from earshot.kit.problems import Refusal
from pages import Seen, Visitor
from worlds import World, later, said


def open_form(visitor: Visitor, **typed: Any) -> Seen:
    page = visitor.get("/deals/new/")
    return visitor.submit(page.form("open"), page.url, **typed)


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
        return open_deal(by=world.by(key), title=title, account=world.accounts[account], owner=world.people[owner])

    deal = opened()
    with pytest.raises(Refusal) as refused:
        opened(key="head")  # for the seller, by the head
    assert (refused.value.code, refused.value.about and refused.value.about.id) == ("deal.same_again", deal.pk)
    assert "Say that this is another deal" in said(refused.value)
    opened(title="Sudan sites, second lot")
    with later(hours=13):
        opened()


def test_everything_that_is_wrong_is_said_at_once_beside_its_field(world: World):
    back = open_form(Visitor("seller", "en"), title="", account="", amount="two million")
    assert back.status == 422
    for name in ("title", "account", "amount"):
        assert f'id="f-{name}-error"' in back.html
    assert back.form("open").values["amount"] == ["two million"]


def test_the_customer_is_made_on_the_way_and_chosen_with_all_else_as_typed(world: World):
    seller = Visitor("seller", "en")
    page = seller.get("/deals/new/")
    account = seller.submit(page.form("open"), page.url, ("new_account", "1"), title="Blue Nile", amount="1.5亿", currency="USD")
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
    account = stranger.submit(page.form("open"), page.url, ("new_account", "1"), title="First")
    back = stranger.submit(account.form("open"), account.url, name="Somebody")
    assert stranger.submit(back.form("open"), back.url).url != "/deals/new/"
    assert Deal.objects.get(title="First").account == Account.objects.get(name="Somebody")
