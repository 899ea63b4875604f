"""The page of a deal: what of it waits for its reader, on top; and the order in which somebody in a hurry reads it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from api_caller import Caller
from earshot.calls.actions import deliver_result, take_call
from earshot.deals import queries
from earshot.deals.actions import make_good, move_on, set_next_step, settle_dissent, take_over, vote, wait_for
from earshot.deals.decisions import RiskLine
from earshot.deals.models import Deal
from earshot.desk.queries import my_day
from earshot.people.models import Person
from earshot.talk.actions.messages import acknowledge, post_message
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Membership, Seat
from pages import Visitor
from test_dissents import against, before_gate
from test_risk_decisions import pass_it
from test_waits import handed, sits, two_stages
from worlds import World, later


def fresh(deal: Deal) -> Deal:
    return queries.as_it_stands(deal.pk)


def page(key: str, deal: Deal, language: str = "en") -> str:
    return Visitor(key, language).get(f"/deals/{deal.pk}/").html


def notice(key: str, deal: Deal, language: str = "en") -> list[tuple[str, str]]:
    """What the notice on top of the deal's page lists for this reader, each with where it leads."""
    found = re.search(r'<section class="owed.*?</section>', page(key, deal, language), re.DOTALL)
    lines = (
        re.findall(r'<a class="owed-line" href="([^"]*)"><span class="owed-words">(.*?)</span>', found.group(), re.DOTALL) if found else []
    )
    return [(" ".join(unescape(re.sub(r"<[^>]+>", "", words)).split()), url) for url, words in lines]


def waits_for(key: str, deal: Deal) -> list[str]:
    return [words for words, _url in notice(key, deal)]


def asked_to_sit(world: World, deal: Deal, key: str = "engineer", role: str = "SR") -> Membership:
    return nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team_id, role=role), person=world.people[key])


def test_a_seat_a_statement_and_a_call_wait_for_whom_they_are_asked_of_until_they_are_done(world: World) -> None:
    deal = world.moved_deal()
    asked = asked_to_sit(world, deal)
    [call] = [one for one in world.calls(deal) if one.role == "SR"]
    words = notice("engineer", deal)
    assert sorted(words) == sorted(
        [
            ("Hear 1 statement", f"/hear/?deal={deal.pk}"),
            (f"Take it: {call.trigger.support.en}", f"/calls/{call.pk}/"),
            ("Accept a seat, or decline it: Solution responsible", "#team"),
        ]
    )
    assert "听 1 条原话" in [line for line, _url in notice("engineer", deal, "zh-hans")]
    assert notice("seller", deal) == [], "nothing of it is the seller's"
    accept_seat(by=world.by("engineer"), membership=asked)
    world.hear(deal, "engineer")
    take_call(by=world.by("engineer"), call=call)
    assert notice("engineer", deal) == [(f"Deliver: {call.trigger.support.en}", f"/calls/{call.pk}/#deliver")]
    deliver_result(by=world.by("engineer"), call=call, result="光伏加小机组")
    assert notice("engineer", deal) == []
    assert 'class="owed' not in page("engineer", deal)


def test_a_vote_waits_once_nothing_else_is_missing_and_for_whoever_decides(world: World) -> None:
    early = world.moved_deal("早")
    world.hear(early, "head")
    assert waits_for("head", early) == [], "the gate waits for more: it is not the voter's turn yet"
    deal = world.ready_deal()
    [(words, url)] = notice("head", deal)
    assert (words.startswith("Vote at the gate"), url) == (True, f"/deals/{deal.pk}/gate/#vote")
    assert not any("Vote" in line for line in waits_for("seller", deal))
    vote(by=world.by("head"), deal=deal, approves=True)
    assert waits_for("head", deal) == []


def test_a_hand_over_and_what_others_wait_for_stand_there_for_whoever_has_them(world: World, tmp_path: Path) -> None:
    deal = two_stages(world, tmp_path)
    sits(world, deal)
    deal = handed(world, deal)
    blocked = wait_for(
        by=world.by("seller"),
        deal=fresh(deal),
        version=fresh(deal).version,
        unit=world.delivery.unit,
        person=world.delivery,
        reason="机房图纸还没给",
    )
    taken, given = sorted(line for line in notice("delivery", deal) if "take" in line[0].lower() or "waits" in line[0])
    assert (taken[0].startswith("Take the deal over from"), taken[1]) == (True, "#waits")
    assert given == (f"{world.seller.name} waits for you: 机房图纸还没给", f"/waits/{blocked.pk}/#there")
    assert not any("over" in line or "waits" in line for line in waits_for("seller", deal))
    take_over(by=world.by("delivery"), deal=deal)
    assert not any("over" in line for line in waits_for("delivery", deal))


def test_what_was_passed_at_risk_waits_for_who_makes_it_good_and_is_told_to_others(world: World) -> None:
    deal = world.ready_deal()
    pass_it(world, deal)
    assert ("Make good 1 thing passed at risk", "#risks") in notice("seller", deal)
    assert not any("Make good" in line for line in waits_for("head", deal))
    alarm = "1 thing passed at risk is not made good"
    assert alarm in page("head", deal)
    assert alarm not in page("seller", deal), "it stands in the seller's own lines already"
    make_good(by=world.by("seller"), line=RiskLine.objects.get(decision__deal=deal), words="the board confirmed it")
    assert not any("Make good" in line for line in waits_for("seller", deal))
    assert alarm not in page("head", deal)


def test_a_dissent_waits_for_the_head_who_settles_it(world: World, tmp_path: Path) -> None:
    deal = before_gate(world, tmp_path)
    row = against(world, deal)
    settle = f"Settle what {world.delivery.name} (Fulfilment responsible) is against"
    assert (settle, f"/deals/{deal.pk}/gate/#dissents") in notice("head", deal)
    for key in ("seller", "engineer", "delivery"):
        assert settle not in waits_for(key, deal), key
    settle_dissent(by=world.by("head"), deal=fresh(deal), dissent=row, goes_on=False, words="先把工期改了")
    assert settle not in waits_for("head", deal)


def test_a_message_waits_for_each_who_is_asked(world: World) -> None:
    deal = world.spoken_deal()
    message = post_message(by=world.by("head"), about=deal, text="谁去谈联动条款？", asks="directive", to=[world.seller])
    assert ("Confirm 1 directive", f"#message-{message.pk}") in notice("seller", deal)
    assert not any("directive" in line for line in waits_for("head", deal))
    acknowledge(by=world.by("seller"), messages=[message])
    assert not any("directive" in line for line in waits_for("seller", deal))


def test_the_next_step_stands_in_the_head_of_the_page_and_turns_red_when_it_slips(world: World) -> None:
    deal = world.deal()
    head = page("seller", deal).partition("</header>")[2].partition("</header>")[0]
    assert "Say what is done next" in head
    day = queries.today() + timedelta(days=3)
    set_next_step(by=world.by("seller"), deal=fresh(deal), version=fresh(deal).version, what="送样机", due=day, doer=world.seller)
    head = page("head", deal).partition('<header class="page-header">')[2].partition("</header>")[0]
    assert "送样机" in head
    assert "3 days left" in head
    assert waits_for("seller", deal) == []
    with later(days=5):
        head = page("head", deal).partition('<header class="page-header">')[2].partition("</header>")[0]
        assert re.search(r'class="mark is-red"><time[^>]*>2 days over', head)
        assert ("Do the next step: 送样机", "#next") in notice("seller", deal)
        assert waits_for("head", deal) == []


def test_the_page_reads_in_the_order_of_somebody_in_a_hurry(world: World) -> None:
    """Phones show it as it stands in the source; nothing is moved about for them."""
    deal = world.moved_deal()
    asked_to_sit(world, deal)
    html = page("engineer", deal)
    wanted = ("for-me", "gate", "words", "team", "next", "calls", "waits", "talk", "lines", "way", "timeline")
    order = [html.index(f'id="{one}"') for one in wanted if f'id="{one}"' in html]
    assert len(order) >= 9
    assert order == sorted(order)


# One truth: the notice and *my day*.

OF_ONE_LINE = {"category_asked"}  # on the page of the deal a single line, however many statements


def of_my_day(person: Person, deal: Deal) -> int:
    """How many lines of *my day* are about this deal and the person's own."""
    about = {deal.pk, deal.team_id, *(row.pk for row in deal.waits.all())}
    lines = [line for line in my_day(Person.objects.get(pk=person.pk)) if line.act not in ("see_to", "see_gate")]
    calls = {call.pk for call in World.calls(deal)}
    here = [line for line in lines if line.scope.id in about or (line.scope.kind == "call" and line.target.id in calls)]
    return len([line for line in here if line.cause not in OF_ONE_LINE]) + len({line.cause for line in here} & OF_ONE_LINE)


@pytest.mark.parametrize("days", [0, 5])
def test_the_notice_lists_what_my_day_says_of_the_deal(world: World, days: int) -> None:
    deal = world.moved_deal()
    world.words(deal, words=[("没有归类的一句话", ""), ("又一句", "")], present=["engineer"])
    asked_to_sit(world, deal)
    world.hear(deal, "head")
    post_message(by=world.by("head"), about=deal, text="谁去谈？", asks="answer", to=[world.seller, world.engineer])
    pass_it(world, fresh(deal))
    step = queries.today() + timedelta(days=1)
    set_next_step(by=world.by("seller"), deal=fresh(deal), version=fresh(deal).version, what="送样机", due=step, doer=world.seller)
    move_on(by=world.by("seller"), deal=fresh(deal), version=fresh(deal).version)
    with later(days=days):
        found = {key: len(notice(key, deal)) for key in ("seller", "engineer", "head", "sales_head")}
        assert found == {key: of_my_day(world.people[key], deal) for key in found}
        assert found["seller"] >= 4
        assert found["engineer"] >= 4


ALL_OF_IT = ["", "/items", "/calls", "/gate", "/risks", "/next-steps", "/lines", "/services", "/figures", "/passes", "/dissents", "/clocks"]


@pytest.mark.req("B8.2d")
def test_whichever_corner_opens_the_deal_sees_the_same_of_it(world: World, tmp_path: Path) -> None:
    deal = before_gate(world, tmp_path)
    against(world, deal, "delivery")
    world.words(deal)
    set_next_step(by=world.by("seller"), deal=deal, version=fresh(deal).version, what="现场测量", due="2040-01-02", doer=world.delivery)
    read = [Caller(world.people[key]) for key in ("seller", "engineer", "delivery")]
    for part in ALL_OF_IT:
        answers = [each.get(f"/deals/{deal.pk}{part}") for each in read]
        assert [one.status for one in answers] == [200, 200, 200], part
        told = [
            json.dumps(one.data).replace('"heard_by_me": true', '"heard_by_me": false') for one in answers
        ]  # the one thing of one's own
        assert told[0] == told[1] == told[2], part


@pytest.mark.req("A12.2e")
def test_the_page_of_an_account_shows_its_deals_and_its_service_in_one_view_to_each_corner(world: World, tmp_path: Path) -> None:
    deal = before_gate(world, tmp_path)
    for key in ("seller", "engineer", "delivery"):
        shown = Visitor(key, "en").get(f"/accounts/{deal.account_id}/")
        assert shown.status == 200
        assert deal.title in shown.text
        assert "Openings and faults will stand here" in shown.text
