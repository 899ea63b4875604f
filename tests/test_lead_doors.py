"""Leads through the doors: the page of one phone screen, the inbox, the API, the command line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from click.testing import CliRunner

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import leads, queries
from earshot.deals.actions import record_lead, refuse_lead, set_lead_account, take_up_lead
from earshot.deals.lead_tables import DEAL, TAKEN, Lead
from earshot.deals.models import Deal
from earshot.voice.models import Item
from pages import Visitor
from worlds import AIM, World

WORDS = "你们的机房明年要搬，\n两条链路都得换"


def heard(world: World, key: str = "delivery", **given: Any) -> Lead:
    asked: dict[str, Any] = {"words": WORDS, "source": "site-visit", "customer": "青石水电", "speaker": "罗刚"}
    return record_lead(by=world.by(key), **(asked | given))


def fresh(lead: Lead) -> Lead:
    return leads.as_it_stands(lead.pk)


def form(page: Any, act: str) -> Any:
    return next(one for one in page.forms if one.act == act)


def in_days(n: int) -> str:
    return (queries.today() + timedelta(days=n)).isoformat()


def command(world: World, key: str, *words: str) -> str:
    done = CliRunner().invoke(earshot, ["--language", "en", "leads", *words, "--as", world.people[key].name])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_technician_records_a_lead_on_one_screen_and_nothing_typed_is_lost(world: World) -> None:
    visitor = Visitor("delivery", "en")
    page = visitor.get("/leads/new/")
    asked = {"words": WORDS.replace("\n", "\r\n"), "customer": "青石水电", "speaker": "罗刚", "said_at": "2099-01-01T10:00"}
    refused = visitor.submit(form(page, "record"), "/leads/new/", **asked)
    assert "Choose where the lead comes from." in refused.html
    assert "does not lie in the future" in refused.html
    assert "两条链路都得换" in refused.html
    assert 'value="罗刚"' in refused.html
    done = visitor.submit(form(refused, "record"), "/leads/new/", **(asked | {"said_at": "", "source": "site-visit"}))
    assert "answers for it and is asked to take it up" in done.html
    lead = Lead.objects.get(reporter=world.delivery, said__customer="青石水电", said__speaker_name="罗刚")
    assert lead.said.words == WORDS  # to the letter; a browser sends line ends as two characters


def test_from_the_inbox_to_the_deal_by_pages_alone(world: World) -> None:
    lead = heard(world, "engineer")
    visitor = Visitor("engineer_head", "en")
    inbox = visitor.get("/leads/")
    assert "你们的机房明年要搬" in inbox.html
    address = f"/leads/{lead.pk}/"
    page = visitor.submit(form(inbox, "take_up"), "/leads/")
    assert fresh(lead).state == TAKEN
    page = visitor.submit(form(visitor.get(address), "step"), address, what="看机房", due=in_days(2))
    page = visitor.submit(form(page, "verify"), address, found="去看过", result="confirmed")
    page = visitor.submit(form(page, "rate"), address, rating="warm")
    assert fresh(lead).rating == "warm"
    page = visitor.submit(form(page, "rate"), address, rating="hot")
    assert "the customer is not named as an account yet" in page.html
    page = visitor.submit(form(page, "correct"), address, correction="是后年")
    set_lead_account(by=world.by("head"), lead=lead, account=world.accounts["harbour"], version=fresh(lead).version)
    page = visitor.get(address)
    typed = {"title": "搬迁", "goal": "", "due": in_days(30)}
    refused = visitor.submit(form(page, "open"), address, **typed)
    assert 'value="搬迁"' in refused.html
    page = visitor.submit(form(refused, "open"), address, **(typed | {"goal": "签下搬迁"}))
    deal = Deal.objects.get(number=lead.number)
    assert Item.objects.get(deal=deal).words == WORDS
    assert "It began as" in page.html
    assert "It became a deal." in visitor.get(address).html
    assert Visitor("stranger", "en").get(address).status == 404


def test_the_inbox_filters_by_warmth_owner_and_age_and_says_when_there_is_nothing(world: World) -> None:
    lead = heard(world)
    visitor = Visitor("delivery", "en")
    for asked, shown in {
        "": True,
        "?rating=-": True,
        "?rating=hot": False,
        "?owner=me": False,
        f"?owner={world.delivery_head.pk}": True,
        "?older=7": False,
        "?q=水电": True,
        "?q=nothing": False,
        "?state=deal": False,
        "?origin=FR&state=all": True,
        "?source=site-visit": True,
    }.items():
        assert (lead.number in visitor.get(f"/leads/{asked}").html) is shown, asked
    assert "Choose one of the list." in visitor.get("/leads/?state=boiling").html
    assert "from 0 to 9999" in visitor.get("/leads/?older=000000999999999999").html
    for name in ("source", "rating", "origin"):
        assert visitor.get(f"/leads/?{name}=%00").status == 200
    assert "No open lead that you may see" in Visitor("stranger", "en").get("/leads/").html
    figures = Visitor("head", "en").get("/leads/origins/").html
    assert "origin=FR" in figures


def test_an_account_shows_its_leads_and_names_alike_are_told_with_standing(world: World) -> None:
    lead = heard(world, "seller", account=world.accounts["harbour"], customer="")
    page = Visitor("seller", "en").get(f"/accounts/{world.accounts['harbour'].pk}/")
    assert lead.number in page.html
    alike = heard(world, customer="云岭能源")
    shown = Visitor("delivery", "en").get(f"/leads/{alike.pk}/").html
    assert "ask the desk of" in shown
    assert "Is it" not in shown
    assert "Is it" in Visitor("head", "en").get(f"/leads/{alike.pk}/").html


def test_the_api_does_all_of_it_in_the_same_words(world: World) -> None:
    caller, head = Caller(world.delivery), Caller(world.head)
    made = caller.post("/leads", {"words": WORDS, "source": "site-visit", "customer": "云岭能源", "speaker": "罗刚"})
    assert made.status == 201
    assert (made["owner"]["name"], made["act"], made["origin"]) == ("许静", "take_up", "FR")
    assert (made["alike"], made["alike_units"]) == ([], ["西南分公司"])
    at = f"/leads/{made['id']}"
    assert Caller(world.stranger).get(at).status == 404
    assert Caller(world.stranger).post(f"{at}/take-up").status == 404
    assert caller.post(f"{at}/take-up")["state"] == "taken"
    assert caller.post(f"{at}/next-steps", {"what": "看机房", "due": in_days(2)}, if_match='"1"').status == 412
    assert caller.post(f"{at}/next-steps", {"what": "看机房", "due": in_days(2)}, if_match='"2"').status == 201
    assert caller("PUT", f"{at}/rating", {"rating": "hot"}, if_match='"3"').lines == [
        "the customer is not named as an account yet",
        "nobody wrote down when it was said",
        "nobody has verified it and confirmed that it holds",
    ]
    assert caller.post(f"{at}/findings", {"found": "看过", "result": "confirmed"}).status == 201
    assert caller.post(f"{at}/corrections", {"correction": "后年"}).status == 201
    account = str(world.accounts["harbour"].pk)
    assert caller("PUT", f"{at}/account", {"account": account}, if_match='"4"').status == 422  # none that this person sees
    assert head("PUT", f"{at}/account", {"account": account}, if_match='"4"')["account"]["name"] == "港湾银行"
    shown = caller.get(at)
    assert shown["account"]["name"] == "港湾银行"  # who answers for the lead sees its customer
    assert [one["text"] for one in shown["corrections"]] == ["后年"]
    assert caller.post(f"{at}/refusal", {"reason": "没有预算"}, if_match='"5"')["state"] == "refused"
    assert caller.post(f"{at}/reopening", {"reason": "有了"}, if_match='"6"')["state"] == "taken"
    second = caller.post("/leads", {"words": "又提了一次", "source": "other", "customer": "云岭"}).data
    deal = caller.post(f"{at}/deal", {"title": "搬迁", **AIM, "also": [second["id"]]}, if_match='"7"')
    assert (deal.status, deal["number"]) == (201, made["number"])
    assert caller.get(f"/leads/{second['id']}")["deal_number"] == made["number"]
    listed = caller.get("/leads?state=deal&owner=me")["items"]
    assert [one["number"] for one in listed] == [made["number"]]
    assert caller.get("/leads?owner=nobody").status == 422
    assert {"role": "FR", "all": 3, "open": 1, "deal": 2, "refused": 0} in caller.get("/leads/origins")["items"]
    joined = caller.post("/leads", {"words": "第三次", "source": "other", "customer": "港湾"}).data
    taken = head.post(f"/leads/{joined['id']}/take-up")
    done = head.post(f"/leads/{joined['id']}/joining", {"deal": deal["id"]}, if_match=f'"{taken["version"]}"')
    assert done["number"] == made["number"]
    handed = caller.post("/leads", {"words": "第四次", "source": "other", "customer": "港湾"}).data
    gone = head.post(f"/leads/{handed['id']}/hand-over", {"to": str(world.engineer.pk), "reason": "x"}, if_match='"1"')
    assert gone["owner"]["name"] == "林远"


def test_the_command_line_does_the_same(world: World) -> None:
    told = command(world, "delivery", "record", WORDS, "--source", "site-visit", "--customer", "云岭能源", "--speaker", "罗刚")
    number = told.partition(":")[0]
    assert "ask the desk of 西南分公司" in told
    assert number in command(world, "delivery", "list")
    assert "answered for by 郑凯" in command(world, "delivery", "take", number)
    assert "看机房" in command(world, "delivery", "step", number, "看机房", "--by", in_days(3))
    assert "Warm" in command(world, "delivery", "rate", number, "warm")
    command(world, "delivery", "verify", number, "看过", "--result", "confirmed")
    command(world, "delivery", "correct", number, "后年")
    command(world, "head", "customer", number, world.accounts["harbour"].number)
    shown = command(world, "delivery", "show", number)
    assert "两条链路都得换" in shown
    assert "confirmed 看过" in shown
    command(world, "delivery", "refuse", number, "--reason", "x")
    command(world, "delivery", "reopen", number, "--reason", "y")
    second = command(world, "delivery", "record", "第二次", "--source", "other", "--customer", "港湾").partition(":")[0]
    made = command(world, "delivery", "deal", number, "搬迁", "--goal", "签下", "--due", in_days(30))
    assert made.startswith(f"{number} ")
    command(world, "head", "hand", second, "郑凯", "--reason", "his")
    assert number in command(world, "delivery", "join", second, number)
    assert "FR" in command(world, "head", "origins")
    assert fresh(Lead.objects.get(number=second)).state == DEAL
    done = CliRunner().invoke(earshot, ["leads", "show", number, "--as", world.stranger.name])
    assert done.exit_code != 0


def test_many_leads_cost_no_more_statements_than_a_few(world: World, django_assert_max_num_queries: Any) -> None:
    for number in range(60):
        lead = heard(world, words=f"第 {number} 条")
        if number % 3 == 0:
            take_up_lead(by=world.by("delivery"), lead=lead)
        elif number % 3 == 1:
            refuse_lead(by=world.by("delivery_head"), lead=lead, reason="x", version=1)
    caller = Caller(world.head)
    with django_assert_max_num_queries(12):
        assert len(caller.get("/leads?state=all")["items"]) == 50
    visitor = Visitor("head", "en")
    with django_assert_max_num_queries(40):
        assert "第 59 条" in visitor.get("/leads/").html
