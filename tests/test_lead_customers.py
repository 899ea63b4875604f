"""A lead whose customer has no account: the account is opened in the same act, or nothing is."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from api_caller import Caller
from earshot.accounts.models import Account
from earshot.cli.root import earshot
from earshot.deals import leads
from earshot.deals.actions import open_deal_of_lead, record_lead, set_lead_account, take_up_lead
from earshot.deals.lead_tables import Lead
from earshot.deals.models import Deal
from earshot.journal.models import Entry
from earshot.kit.problems import Refusal
from earshot.voice.models import Item
from pages import Visitor
from worlds import AIM, World


def heard(world: World, key: str = "delivery", **given: Any) -> Lead:
    asked: dict[str, Any] = {"words": "你们的盐池站明年要搬", "source": "site-visit", "customer": "青石水电", "speaker": "罗刚"}
    return take_up_lead(by=world.by(key), lead=record_lead(by=world.by(key), **(asked | given)))


def fresh(lead: Lead) -> Lead:
    return leads.as_it_stands(lead.pk)


def opened(world: World, lead: Lead, key: str = "delivery", **given: Any) -> Deal:
    return open_deal_of_lead(by=world.by(key), lead=lead, version=fresh(lead).version, **({"title": "搬迁"} | AIM | given))


@pytest.mark.req("law 10")
def test_deal_and_account_are_opened_in_one_act_and_one_person_answers_for_both(world: World) -> None:
    lead = heard(world)
    deal = opened(world, lead, customer="青石水电", sector="能源")
    account = deal.account
    assert (account.name, account.sector, account.owner, account.unit) == ("青石水电", "能源", world.delivery, world.units["delivery"])
    assert (deal.number, deal.owner, fresh(lead).account) == (lead.number, world.delivery, account)
    speaker = Item.objects.select_related("speaker").get(deal=deal).speaker
    assert (speaker.name, speaker.account) == ("罗刚", account)
    told = Entry.objects.filter(objects_touched__object_id=account.pk).order_by("seq").values_list("verb", flat=True).distinct()
    assert list(told)[:3] == ["accounts.account_opened", "deals.lead_account_set", "deals.deal_opened"]


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({}, ["account"]),
        ({"customer": "   "}, ["account"]),
        ({"customer": "x" * 201}, ["customer"]),
        ({"customer": "青石水电", "title": ""}, ["title"]),
        ({"customer": "", "title": "", "goal": "", "amount": "-1"}, ["account", "amount", "goal", "title"]),
        ({"customer": "x" * 201, "sector": "y" * 101, "due": "2001-01-01"}, ["customer", "due", "sector"]),
        ({"customer": "x\x00y"}, ["customer"]),
    ],
)
def test_what_is_wrong_is_said_at_once_and_nothing_is_half_opened(world: World, given: dict[str, Any], fields: list[str]) -> None:
    lead, before = heard(world), Account.objects.count()
    with pytest.raises(Refusal) as refused:
        opened(world, lead, **given)
    assert sorted(refused.value.fields) == fields
    assert Account.objects.count() == before
    assert (fresh(lead).account, fresh(lead).deal) == (None, None)


def test_a_customer_of_a_name_alike_is_asked_about_and_opened_only_when_it_is_another(world: World) -> None:
    lead, name = heard(world), world.accounts["harbour"].name
    with pytest.raises(Refusal) as asked:
        opened(world, lead, customer=name)
    assert (asked.value.code, list(asked.value.fields), asked.value.status) == ("account.alike", ["another_customer"], 409)
    assert name not in str(asked.value)  # who does not see it hears only which unit to ask
    assert opened(world, lead, customer=name, another_customer=True).account.pk != world.accounts["harbour"].pk


def test_the_customer_is_chosen_or_opened_but_never_changed_on_the_way(world: World) -> None:
    lead, harbour = heard(world, "head"), world.accounts["harbour"]
    lead = set_lead_account(by=world.by("head"), lead=lead, account=harbour, version=lead.version)
    with pytest.raises(Refusal) as refused:
        opened(world, lead, "head", account=world.accounts["sudatel"])
    assert list(refused.value.fields) == ["account"]
    assert opened(world, lead, "head", customer="never mind").account == harbour
    another = heard(world, "head", words="别处")
    assert opened(world, another, "head", account=harbour, title="别处").account == harbour
    with pytest.raises(Refusal) as unseen:
        opened(world, heard(world), account=harbour)
    assert unseen.value.status == 404


def test_nobody_is_given_an_account_by_a_colleague(world: World) -> None:
    lead = record_lead(by=world.by("delivery"), words="听说的", source="other", customer="青石水电")  # the head answers for it
    with pytest.raises(Refusal) as refused:
        set_lead_account(by=world.by("delivery"), lead=lead, account=None, customer="青石水电", version=1)
    assert refused.value.code == "owner.not_yours"
    kept = set_lead_account(by=world.by("delivery_head"), lead=lead, account=None, customer="青石水电", version=1)
    assert kept.account is not None
    assert kept.account.owner == world.delivery_head


def test_one_form_of_the_page_does_it_and_nothing_typed_is_lost(world: World) -> None:
    lead = heard(world)
    visitor, address = Visitor("delivery", "en"), f"/leads/{lead.pk}/"
    page = visitor.get(address)
    form = next(one for one in page.forms if one.act == "open")
    typed = {"title": "搬迁", "goal": "", "due": AIM["due"], "sector": "能源", "customer": "云岭能源"}
    refused = visitor.submit(form, address, **typed)
    assert "ask the desk of" in refused.html
    assert 'value="搬迁"' in refused.html
    assert 'value="能源"' in refused.html
    form = next(one for one in refused.forms if one.act == "open")
    refused = visitor.submit(form, address, **(typed | {"customer": "青石水电"}))
    assert Account.objects.filter(name="青石水电").count() == 0
    form = next(one for one in refused.forms if one.act == "open")
    visitor.submit(form, address, **(typed | {"customer": "青石水电", "goal": "签下"}))
    assert Deal.objects.get(number=lead.number).account.sector == "能源"


def test_the_api_and_the_command_line_open_it_in_the_same_act(world: World) -> None:
    lead = heard(world)
    caller, at = Caller(world.delivery), f"/leads/{lead.pk}"
    body = {"title": "搬迁", **AIM}
    assert sorted(caller.post(f"{at}/deal", body, if_match='"2"')["fields"]) == ["account"]
    asked = caller.post(f"{at}/deal", body | {"customer": "云岭能源"}, if_match='"2"')
    assert (asked.status, asked["code"]) == (409, "account.alike")
    made = caller.post(f"{at}/deal", body | {"customer": "青石水电"}, if_match='"2"')
    assert (made.status, made["number"]) == (201, lead.number)
    second = heard(world, words="还有一处")
    named = Caller(world.delivery)("PUT", f"/leads/{second.pk}/account", {"customer": "玉泉水务", "sector": "水务"}, if_match='"2"')
    assert named["account"]["name"] == "玉泉水务"
    third = heard(world, words="第三处")
    words = ["--language", "en", "leads", "deal", third.number, "第三处", "--goal", "签下", "--due", AIM["due"]]
    done = CliRunner().invoke(earshot, [*words, "--customer", "白石水务", "--as", world.delivery.name])
    assert done.exit_code == 0, done.output
    assert Deal.objects.get(number=third.number).account.name == "白石水务"
