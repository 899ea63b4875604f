"""Messages through the pages, the API and the command line: the same verbs, the same silence towards whom they are not for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api_caller import Caller
from earshot.clocks.sweep import sweep
from earshot.deals.models import Deal
from earshot.demo.actions import offered_people
from earshot.desk.queries import my_day
from earshot.kit import uuid7
from earshot.talk.actions.messages import acknowledge
from earshot.talk.models import Acknowledgement, Message, Recipient
from pages import Visitor
from test_cli import good, refused
from test_messages import TEXT, deal, got, names, write
from worlds import World, later

Call = Callable[..., Caller]
__all__ = ["deal"]


# Pages.


def test_a_member_writes_once_to_the_team_s_page_and_all_its_members_have_it(world: World, deal: Deal) -> None:
    seller = Visitor("seller", "en")
    assert f"/teams/{deal.team_id}/" in seller.get(f"/deals/{deal.pk}/").html
    page = seller.get(f"/teams/{deal.team_id}/")
    done = seller.submit(page.form("write"), page.url, text=TEXT, asks="nothing")
    assert TEXT in done.text
    assert "Written to 2 people." in done.text
    assert got(Message.objects.get(text=TEXT)) == names(world, "engineer", "delivery")
    assert TEXT in Visitor("engineer", "en").get("/messages/").text
    outside = Visitor("head", "en").get(page.url).text  # sees the deal, and that there is a team
    assert TEXT not in outside
    assert "Nothing was written to you here yet." in outside


def test_some_members_are_ticked_and_a_refusal_keeps_what_was_typed(world: World, deal: Deal) -> None:
    seller = Visitor("seller", "en")
    page = seller.get(f"/teams/{deal.team_id}/")
    ticked = str(world.engineer.pk)
    kept = seller.submit(page.form("write"), page.url, text=" ", members=ticked, asks="answer")
    assert kept.status == 422
    assert kept.form("write").values["asks"] == ["answer"]
    again = seller.submit(kept.form("write"), page.url, text=TEXT, members=ticked, asks="answer")
    assert "1 person" in again.text
    assert got(Message.objects.get(text=TEXT)) == names(world, "engineer")


def test_people_are_named_on_an_object_and_what_names_nobody_is_said_with_the_words_kept(world: World, deal: Deal) -> None:
    seller = Visitor("seller", "en")
    for path in (f"/deals/{deal.pk}/", f"/discussions/deal/{deal.pk}/"):
        page = seller.get(path)
        for to in ("没有这个人", world.stranger.name):
            kept = seller.submit(page.form("write"), page.url, text=TEXT, to=to, asks="answer")
            assert kept.status == 422
            assert kept.form("write").values["text"] == [TEXT]
            assert to in kept.text
        assert not Message.objects.filter(text=TEXT).exists()
    done = seller.submit(kept.form("write"), page.url, text=TEXT, to=f"{world.engineer.name}, {world.head.name}", asks="answer")
    assert "have not answered yet" in done.text
    assert TEXT in Visitor("delivery", "en").get(f"/deals/{deal.pk}/").text


def test_one_click_on_my_day_confirms_a_directive_and_an_answer_is_written_on_the_message_s_page(world: World, deal: Deal) -> None:
    first = write(world, "seller", deal, to=["engineer"], asks="directive")
    second = write(world, "seller", deal.team, to=["engineer"], asks="answer")
    engineer = Visitor("engineer", "en")
    day = engineer.get("/")
    assert [form.action for form in day.forms if form.act == "acknowledge"] == [f"/messages/{first.pk}/"]
    assert f"/messages/{second.pk}/#answer" in day.html
    one = next(form for form in day.forms if form.act == "acknowledge")
    assert "Confirmed" in engineer.submit(one, "/").text
    assert "Confirm a directive" not in engineer.get("/").text
    page = engineer.get(f"/messages/{second.pk}/")
    refused = engineer.submit(page.form("acknowledge"), page.url, text=" ")
    assert refused.status == 422
    assert "Your answer was not sent." in refused.text
    assert "write it in words" in refused.text
    done = engineer.submit(refused.form("acknowledge"), page.url, text="周五给")
    assert "Answered" in done.text
    assert "An answer is wanted by" not in engineer.get("/").text
    assert "周五给" in Visitor("seller", "en").get(f"/messages/{second.pk}/").text
    assert Acknowledgement.objects.get(recipient__message=second).reply is not None


def test_several_that_wait_on_one_thing_are_opened_and_each_is_acknowledged(world: World, deal: Deal) -> None:
    for _n in range(2):
        write(world, "seller", deal, to=["engineer"], asks="answer")
    engineer = Visitor("engineer", "en")
    assert "Answers to 2 messages are wanted by" in engineer.get("/").text
    page = engineer.get("/messages/")
    for message in Message.objects.filter(asks="answer", recipients__person=world.engineer):
        assert page.html.count(f'id="message-{message.pk}"') == 1
        assert f"/messages/{message.pk}/#answer" in page.html
    write(world, "seller", deal.team, to=["engineer"], asks="directive")
    assert len([form for form in engineer.get("/messages/").forms if form.act == "acknowledge"]) == 1


def test_whoever_asks_sees_on_one_page_who_has_not_answered_until_when_and_asks_no_more_from_there(world: World, deal: Deal) -> None:
    asked = write(world, "seller", deal.team, to_team=True, asks="answer")
    told = write(world, "seller", deal, text="会改到周四")
    acknowledge(by=world.by("engineer"), messages=[asked], text="周五给")
    seller = Visitor("seller", "en")
    page = seller.get("/messages/")
    owed, others = page.html.split('id="owed"')[1].split('id="talk"')
    assert f"message-{asked.pk}" in owed
    assert f"message-{told.pk}" in others
    assert page.html.count(f'id="message-{asked.pk}"') == 1
    for words in ("1 of 2 has not answered yet", f"{world.delivery.name}", "not answered yet", "due "):
        assert words in page.text, words
    assert "owed" not in Visitor("delivery", "en").get("/messages/").html.split("<main")[1].split("</main>")[0]
    [form] = [form for form in page.forms if form.act == "withdraw"]
    again = seller.submit(form, "/messages/")
    assert again.url == "/messages/"
    assert 'id="owed"' not in again.html
    assert not Recipient.objects.filter(message=asked, acknowledgement=None, release=None).exists()
    acknowledge(by=world.by("sales_head"), messages=[write(world, "seller", deal, to=["sales_head"], asks="answer")], text="好")
    assert 'id="owed"' not in seller.get("/messages/").html


def test_what_waits_for_the_reader_stands_on_the_page_of_its_object_however_much_was_written_since(world: World, deal: Deal) -> None:
    asked = write(world, "seller", deal, to=["engineer"], asks="answer", text="油机几台？")
    for n in range(6):
        write(world, "delivery", deal, text=f"第 {n} 条。")
    page = Visitor("engineer", "en").get(f"/deals/{deal.pk}/")
    assert "油机几台？" in page.text
    assert f"/messages/{asked.pk}/#answer" in page.html
    assert page.html.count('class="message"') == 4
    assert "油机几台？" not in Visitor("delivery", "en").get(f"/deals/{deal.pk}/").text
    acknowledge(by=world.by("engineer"), messages=[asked], text="两台")
    assert f'id="message-{asked.pk}"' not in Visitor("engineer", "en").get(f"/deals/{deal.pk}/").html


def test_both_forms_say_before_sending_who_will_read_it(world: World, deal: Deal) -> None:
    seller = Visitor("seller", "en")
    on_deal = seller.get(f"/deals/{deal.pk}/")
    assert "everybody who sees this page" in on_deal.text
    assert f"/teams/{deal.team_id}/#write" in on_deal.html
    assert "everybody who sees this page" in seller.get(f"/discussions/deal/{deal.pk}/").text
    assert "only the members it goes to" in seller.get(f"/teams/{deal.team_id}/").text
    refused = seller.submit(on_deal.form("write"), on_deal.url, text=TEXT, to="", asks="answer")
    assert refused.status == 422
    assert "The message was not sent." in refused.text
    assert "needed where something is asked" in refused.text


def test_only_who_leads_is_offered_a_directive_and_the_issuer_sees_who_has_not_confirmed(world: World, deal: Deal) -> None:
    path = f"/teams/{deal.team_id}/"
    assert "directive" not in Visitor("engineer", "en").get(path).text
    seller = Visitor("seller", "en")
    page = seller.get(path)
    seller.submit(page.form("write"), page.url, text=TEXT, asks="directive")
    message = Message.objects.get(text=TEXT)
    acknowledge(by=world.by("engineer"), messages=[message])
    shown = seller.get(f"/messages/{message.pk}/")
    assert "1 of 2 has not confirmed it yet" in shown.text
    forged = Visitor("engineer", "en").send(path, {"act": ["write"], "text": [TEXT], "asks": ["directive"]})
    assert forged.status_code == 403
    seller.submit(shown.form("withdraw"), shown.url)
    assert not Recipient.objects.filter(message=message, acknowledgement=None, release=None).exists()


def test_whom_an_alarm_tells_is_led_nowhere_that_is_not_hers_to_see(world: World, deal: Deal) -> None:
    message = write(world, "delivery", deal.team, to=["engineer"], asks="answer")
    with later(days=2):
        sweep()
        text = Visitor("engineer_head", "en").get("/").text.replace("\u2068", "").replace("\u2069", "")
    assert f"{world.engineer.name} has not answered a message of {world.delivery.name} in time" in text
    assert str(message.pk) not in text
    assert TEXT not in text
    assert Visitor("engineer_head", "en").get(f"/messages/{message.pk}/").status == 404


def test_a_long_discussion_comes_in_parts(world: World, deal: Deal) -> None:
    for n in range(25):
        write(world, "seller", deal, text=f"第 {n} 条。")
    seller = Visitor("seller", "en")
    first = seller.get(f"/discussions/deal/{deal.pk}/")
    assert "第 24 条。" in first.text
    assert "第 4 条。" not in first.text
    assert "第 4 条。" in seller.get(f"/discussions/deal/{deal.pk}/?page=2").text
    for wrong in (f"/discussions/team/{deal.team_id}/", f"/discussions/person/{world.head.pk}/", f"/discussions/deal/{uuid7()}/"):
        assert seller.get(wrong).status == 404


def test_a_discussion_costs_the_same_however_long_it_is(world: World, deal: Deal) -> None:
    seller = Visitor("seller", "en")

    def cost() -> list[int]:
        found = []
        for path in (f"/discussions/deal/{deal.pk}/", f"/teams/{deal.team_id}/", "/messages/", f"/deals/{deal.pk}/"):
            with CaptureQueriesContext(connection) as captured:
                seller.get(path)
            found.append(len(captured))
        return found

    def more() -> None:
        message = write(world, "engineer", deal, to=["seller", "delivery"], asks="answer")
        write(world, "delivery", deal, replies_to=message)
        write(world, "engineer", deal.team, to_team=True, asks="answer")

    more()
    cost()
    few = cost()
    for _n in range(6):
        more()
    assert cost() == few


# API.


def test_messages_through_the_api(world: World, deal: Deal, caller: Call) -> None:
    path = f"/discussions/team/{deal.team_id}/messages"
    engineer, seller = caller("engineer"), caller("seller")
    key = str(uuid7())
    made = engineer.post(path, {"id": key, "text": TEXT, "to_team": True, "asks": "answer"}, idempotency_key="one")
    assert made.status == 201
    again = engineer.post(path, {"id": key, "text": TEXT, "to_team": True, "asks": "answer"})
    assert again.status == 201
    assert Message.objects.filter(text=TEXT).count() == 1
    assert {one["person"]["name"] for one in made["recipients"]} == names(world, "seller", "delivery")
    [waiting] = seller.all("/messages", waiting="true")
    assert (waiting["id"], waiting["waits_for_you"]) == (key, True)
    [owed] = engineer.all("/messages", owed="true")
    assert owed["id"] == key
    assert seller.all("/messages", owed="true") == []
    for words in ({}, {"text": None}, {"text": " "}):
        bare = seller.post(f"/messages/{key}/acknowledgements", words)
        assert (bare.status, set(bare["fields"])) == (422, {"text"})
    done = seller.post(f"/messages/{key}/acknowledgements", {"text": "收到"})
    assert done.status == 201
    assert {one["person"]["name"]: one["state"] for one in done["recipients"]}[world.seller.name] == "acknowledged"
    assert seller.all("/messages", waiting="true") == []
    [reply] = [one for one in engineer.all(path) if one["text"] == "收到"]
    assert reply["replies_to"] == key
    assert len(engineer.all(path, limit=1)) == 2
    assert engineer.post(f"/messages/{key}/withdrawals").status == 201
    assert engineer.all("/messages", owed="true") == []
    assert {one["state"] for one in engineer.get(f"/messages/{key}")["recipients"]} == {"acknowledged", "released"}


@pytest.mark.req("law 13")
def test_through_the_api_a_message_among_members_is_there_for_nobody_else(world: World, deal: Deal, caller: Call) -> None:
    message = write(world, "engineer", deal.team, to=["delivery"], asks="answer")
    for key in ("seller", "head", "engineer_head", "colleague", "stranger", "operations", "administrator"):
        somebody = caller(key)
        assert somebody.get(f"/messages/{message.pk}").status == 404
        assert somebody.post(f"/messages/{message.pk}/acknowledgements", {}).status == 404
        assert all(one["id"] != str(message.pk) for one in somebody.all("/messages"))
        there = somebody.get(f"/discussions/team/{deal.team_id}/messages")
        assert there.status == 404 or there["items"] == []
        timeline = somebody.get(f"/deals/{deal.pk}/timeline")
        assert timeline.status == 404 or str(message.pk) not in str(timeline.data)
    answered = caller("seller").post(
        f"/discussions/team/{deal.team_id}/messages", {"text": "?", "to": [str(world.engineer.pk)], "replies_to": str(message.pk)}
    )
    assert (answered.status, set(answered["fields"])) == (422, {"replies_to"})


def test_the_api_says_beside_the_field_whom_it_would_not_reach(world: World, deal: Deal, caller: Call) -> None:
    seller = caller("seller")
    for to in (str(world.stranger.pk), str(uuid7())):
        answer = seller.post(f"/discussions/deal/{deal.pk}/messages", {"text": "?", "to": [to]})
        assert (answer.status, set(answer["fields"])) == (422, {"to"})
    assert seller.post(f"/discussions/deal/{deal.pk}/messages", {"text": "\x00"}).status == 422
    assert seller.get(f"/teams/{deal.team_id}")["name"] == deal.team.name


# The command line.


def test_messages_on_the_command_line(world: World, deal: Deal) -> None:
    engineer, seller = ("--as", world.engineer.name), ("--as", world.seller.name)
    good("talk", "write", deal.number, TEXT, "--to", world.engineer.name, "--asks", "answer", *seller)
    message = Message.objects.get(text=TEXT)
    assert TEXT in good("talk", "list", "--waiting", *engineer)
    assert "not answered yet" in good("talk", "show", deal.number, *seller)
    assert TEXT in good("talk", "list", "--owed", *seller)
    assert TEXT not in good("talk", "list", "--owed", *engineer)
    assert "write it in words" in refused("talk", "acknowledge", str(message.pk), *engineer)
    assert "by nobody else" in refused("talk", "acknowledge", str(message.pk), "--as", world.head.name)
    good("talk", "acknowledge", str(message.pk), "--text", "周四给", *engineer)
    assert "周四给" in good("talk", "show", deal.number, *seller)
    good("talk", "write", str(deal.team_id), "晨会改到九点", "--on", "team", "--to-team", *engineer)
    assert got(Message.objects.get(text="晨会改到九点")) == names(world, "seller", "delivery")
    assert "no longer asks" not in refused("talk", "withdraw", str(message.pk), *seller)
    assert "晨会" not in good("talk", "list", "--as", world.head.name)
    assert refused("talk", "show", deal.number, "--as", world.stranger.name) == refused("talk", "show", "D-1", "--as", world.stranger.name)
    assert world.stranger.name in refused("talk", "write", deal.number, "?", "--to", world.stranger.name, *seller)


# The demonstration.


def test_the_demonstration_has_a_discussion_with_one_answer_wanting(world: World) -> None:
    shown = Visitor("seller").get(f"/deals/{world.deals['branches'].pk}/").text
    assert "双线路" in shown
    assert "尚未答复" in shown


def test_whoever_something_waits_for_in_the_demonstration_is_offered_at_the_sign_in(world: World) -> None:
    offered = {person.pk for person in offered_people()}
    waiting = [person for person in world.people.values() if any(line.act != "see_to" for line in my_day(person))]
    assert world.sales_head in waiting
    assert [person.name for person in waiting if person.pk not in offered] == []
