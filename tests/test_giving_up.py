"""A deal ends with a reason; given up it is by its team, with what was tried instead, never by silence and never by sales alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.clocks.models import Clock
from earshot.clocks.sweep import sweep
from earshot.deals import closings, giving_up
from earshot.deals.actions import (
    change_deal,
    conclude_giving_up,
    hand_deal,
    join_deals,
    lose_deal,
    propose_giving_up,
    say_why_won,
    silence_voices,
    speak_on_giving_up,
    vote,
    withdraw_giving_up,
)
from earshot.deals.giving_up_tables import Alternative, GivingUp, GivingUpVoice
from earshot.deals.models import Closing, Deal
from earshot.desk.queries import my_day
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people.absences import record_absence
from earshot.people.models import Person
from earshot.people.succession import leave
from earshot.playbooks.models import GIVEN_UP
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Seat
from pages import Visitor
from test_decisions import with_mandates
from test_dissents import before_gate
from test_together import together
from worlds import World, changed_pack, later, put_in_force

TWO_DAYS = {"days": 4}  # over a weekend, too, two working days are gone
TRIED = [("换成分期付款", "客户不要")]


def fresh(deal: Deal) -> Deal:
    return Deal.objects.get(pk=deal.pk)


@pytest.fixture
def deal(world: World) -> Deal:
    """A deal with its corners: seller, engineer and delivery."""
    found = world.deal()
    for role, key in (("SR", "engineer"), ("FR", "delivery")):
        seat = Seat.objects.filter(team=found.team_id, role=role).first() or Seat.objects.create(team=found.team, role=role)
        accept_seat(by=world.by(key), membership=nominate(by=world.by("seller"), seat=seat, person=world.people[key]))
    return fresh(found)


def propose(world: World, deal: Deal, key: str = "seller", **other: Any) -> GivingUp:
    said = {"code": "up-no-margin", "reason": "毛利只剩三个点", "alternatives": TRIED} | other
    return propose_giving_up(by=world.by(key), deal=deal, version=fresh(deal).version, **said)


def speak(world: World, deal: Deal, key: str, agrees: bool = True, words: str = "") -> GivingUp:
    return speak_on_giving_up(by=world.by(key), deal=deal, agrees=agrees, words=words or ("" if agrees else "客户下月就定"))


def outcome(deal: Deal) -> str:
    found = Closing.objects.filter(deal=deal).first()
    return found.outcome if found else ""


def refused(act: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def causes(world: World, key: str) -> set[str]:
    return {line.cause for line in my_day(Person.objects.get(pk=world.people[key].pk))}


def asked(deal: Deal) -> set[str]:
    rows = GivingUpVoice.objects.filter(giving_up__deal=deal, spoken_at__isnull=True, lapsed_at__isnull=True)
    return {row.person.name for row in rows.select_related("person")}


def lacking(deal: Deal) -> list[str]:
    return giving_up.lacks(deal, giving_up.the_open(deal))


# Why a deal ended.


def test_a_deal_is_lost_for_one_of_the_reasons_of_its_process_and_says_who_won(world: World, deal: Deal) -> None:
    def lose(**said: str) -> Deal:
        return lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="便宜一成", **said)

    assert set(refused(lose).fields) == {"code"}
    assert "lost-price" in str(refused(lambda: lose(code="nonsense")).fields["code"])
    assert set(refused(lambda: lose(code="lost-price")).fields) == {"competitor"}
    assert set(refused(lambda: lose(code="lost-no-buy", competitor="对手")).fields) == {"competitor"}
    assert set(refused(lambda: lose(code="won-price")).fields) == {"code"}, "a reason of another end"
    assert outcome(deal) == ""
    lose(code="lost-price", competitor="对手")
    closing = Closing.objects.get(deal=deal)
    assert (closing.outcome, closing.code, closing.competitor, closing.reason) == ("lost", "lost-price", "对手", "便宜一成")


def test_without_reasons_in_the_process_and_in_the_light_profile_words_are_enough(world: World, tmp_path: Path) -> None:
    def light(parts: dict[str, Any]) -> None:
        parts["policies"]["profile"] = "light"

    put_in_force(changed_pack(tmp_path / "light", light))
    one = world.deal()
    lose_deal(by=world.by("seller"), deal=one, version=one.version, reason="不买了")

    def bare(parts: dict[str, Any]) -> None:
        del parts["process"]["closing_reasons"]

    put_in_force(changed_pack(tmp_path / "bare", bare))
    with later(days=1):
        two = world.deal(title="另一个站")
        lose_deal(by=world.by("seller"), deal=two, version=two.version, reason="不买了")
    assert {outcome(one), outcome(two)} == {"lost"}


def test_who_won_a_deal_is_asked_why_until_it_is_said(world: World, deal: Deal) -> None:
    Closing.objects.create(deal=deal, outcome="won", at=now())
    assert "why_won" in causes(world, "seller")
    assert "why_won" not in causes(world, "engineer")
    assert set(refused(lambda: say_why_won(by=world.by("seller"), deal=deal, version=deal.version, code="")).fields) == {"code"}
    say_why_won(by=world.by("seller"), deal=deal, version=deal.version, code="won-solution", reason="逐站供电")
    assert "why_won" not in causes(world, "seller")
    named = closings.reason_of(Closing.objects.select_related("deal").get(deal=deal))
    assert named is not None
    assert named.code == "won-solution"
    assert refused(lambda: say_why_won(by=world.by("stranger"), deal=deal, version=1, code="won-price")).code == "deal.not_yours"


@pytest.mark.parametrize(
    "row", [{"outcome": "lost", "reason": ""}, {"outcome": "given_up", "reason": ""}, {"outcome": "won", "competitor": "x"}]
)
def test_the_database_holds_what_an_end_says(deal: Deal, row: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Closing.objects.create(deal=deal, at=now(), **row)


# The team decides.


@pytest.mark.req("B8.2a", breaks="earshot.deals.rules.giving_up_lacks")
def test_a_deal_is_given_up_once_everybody_of_its_team_agrees(world: World, deal: Deal) -> None:
    propose(world, deal)
    assert asked(deal) == {world.engineer.name, world.delivery.name}
    assert "giving_up" in causes(world, "engineer")
    speak(world, deal, "engineer")
    assert outcome(deal) == ""
    assert lacking(deal) == ["open"]
    assert "giving_up" not in causes(world, "engineer")
    speak(world, deal, "delivery")
    assert outcome(deal) == "given_up"
    assert GivingUp.objects.get(deal=deal).outcome == "given_up"
    assert not Clock.objects.filter(kind="giving_up_voice", stopped_at__isnull=True).exists()
    entry = Entry.objects.get(verb="deals.deal_given_up")
    assert entry.data["named"]["en"] == "It would lose money"


def test_nothing_is_given_up_untried_nor_without_a_reason(world: World, deal: Deal) -> None:
    assert set(refused(lambda: propose(world, deal, alternatives=[])).fields) == {"tried_0"}
    assert set(refused(lambda: propose(world, deal, alternatives=[("", "不要"), ("换", "")])).fields) == {"tried_0", "came_of_it_1"}
    assert set(refused(lambda: propose(world, deal, code="")).fields) == {"code"}
    assert refused(lambda: propose(world, deal, reason=" ")).fields
    assert refused(lambda: propose(world, deal, key="colleague")).status in (403, 404)
    propose(world, deal)
    assert refused(lambda: propose(world, deal)).code == "giving_up.open"
    assert Alternative.objects.count() == 1


@pytest.mark.req("B12.4a", breaks="earshot.deals.rules.giving_up_lacks")
def test_a_seller_alone_gives_nothing_up_a_head_is_asked(world: World) -> None:
    alone = world.deal()
    propose(world, alone)
    assert outcome(alone) == ""
    assert asked(alone) == {world.sales_head.name}
    refusal = refused(lambda: conclude_giving_up(by=world.by("seller"), deal=alone, version=fresh(alone).version))
    assert refusal.code == "giving_up.lacking"
    speak(world, alone, "sales_head")
    assert outcome(alone) == "given_up"


def test_who_is_against_is_heard_by_a_head_above_both_who_may_let_the_deal_go_on(world: World, deal: Deal) -> None:
    propose(world, deal)
    assert refused(lambda: speak_on_giving_up(by=world.by("engineer"), deal=deal, agrees=False)).fields
    speak(world, deal, "engineer", agrees=False)
    assert asked(deal) == {world.delivery.name}
    speak(world, deal, "delivery")
    assert asked(deal) == {world.head.name}
    speak(world, deal, "head", agrees=False, words="再谈一轮")
    assert outcome(deal) == ""
    assert GivingUp.objects.get(deal=deal).outcome == "refused"
    assert "giving_up" not in causes(world, "head")
    propose(world, deal, reason="还是亏")  # and it can be proposed again


def test_a_head_gives_it_up_over_somebody_against(world: World, deal: Deal) -> None:
    propose(world, deal)
    speak(world, deal, "engineer", agrees=False)
    speak(world, deal, "delivery")
    speak(world, deal, "head")
    assert outcome(deal) == "given_up"


def test_who_was_against_and_agrees_after_all_needs_no_head(world: World, deal: Deal) -> None:
    propose(world, deal)
    speak(world, deal, "delivery")
    speak(world, deal, "engineer", agrees=False)
    assert asked(deal) == {world.head.name}
    speak(world, deal, "engineer")
    assert outcome(deal) == "given_up"
    assert asked(deal) == set()


@pytest.mark.req("B8.2a", breaks="earshot.deals.rules.giving_up_lacks")
def test_silence_is_waited_for_no_longer_and_closes_nothing_by_itself(world: World, deal: Deal) -> None:
    propose(world, deal)
    speak(world, deal, "engineer")
    assert silence_voices() == 0
    with later(**TWO_DAYS):
        assert silence_voices() == 1
        assert silence_voices() == 0
        assert outcome(deal) == ""
        assert "giving_up_ready" in causes(world, "seller")
        conclude_giving_up(by=world.by("seller"), deal=deal, version=fresh(deal).version)
    assert outcome(deal) == "given_up"
    assert "giving_up_ready" not in causes(world, "seller")


def test_where_all_are_silent_a_head_decides(world: World, deal: Deal) -> None:
    propose(world, deal)
    with later(**TWO_DAYS):
        assert silence_voices() == 2
        assert asked(deal) >= {world.sales_head.name}
        assert lacking(deal)[0] == "open"
        speak(world, deal, "sales_head")
    assert outcome(deal) == "given_up"


@pytest.mark.req("law 3", breaks="earshot.voice.checks.voters_have_heard")
def test_nobody_speaks_who_has_not_heard_and_new_words_ask_anew(world: World, deal: Deal) -> None:
    propose(world, deal)
    speak(world, deal, "engineer")
    world.words(deal, words=[("一小时也不能停。", world.categories[0])])
    assert world.engineer.name in asked(deal)
    assert refused(lambda: speak(world, deal, "delivery")).code == "vote.not_heard"
    for key in ("engineer", "delivery"):
        world.hear(deal, key)
        speak(world, deal, key)
    assert outcome(deal) in ("", "given_up")  # the seller, who recorded the words, has heard them, or is asked again
    if not outcome(deal):
        world.hear(deal, "seller")
        speak(world, deal, "seller")
    assert outcome(deal) == "given_up"


def test_whoever_proposes_it_takes_it_back_and_nobody_is_asked_any_more(world: World, deal: Deal) -> None:
    propose(world, deal, key="engineer")
    assert refused(lambda: withdraw_giving_up(by=world.by("delivery"), deal=deal, version=fresh(deal).version, reason="x")).status == 403
    withdraw_giving_up(by=world.by("engineer"), deal=deal, version=fresh(deal).version, reason="客户又来电话了")
    assert "giving_up" not in causes(world, "delivery")
    assert refused(lambda: speak(world, deal, "delivery")).code == "giving_up.none"
    assert not Clock.objects.filter(kind="giving_up_voice", stopped_at__isnull=True).exists()


def test_a_deal_that_ends_otherwise_asks_nobody_any_more(world: World, deal: Deal) -> None:
    propose(world, deal)
    lose_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, reason="客户不建了", code="lost-no-buy")
    assert GivingUp.objects.get(deal=deal).outcome == "ended"
    assert "giving_up" not in causes(world, "engineer")


def test_a_deputy_who_sees_the_deal_speaks_for_a_head_who_is_away(world: World) -> None:
    alone = world.deal()
    days = {"first": now().date(), "last": (now() + timedelta(days=3)).date()}
    record_absence(by=world.by("sales_head"), person=world.sales_head, deputy=world.head, reason="出差", **days)
    propose(world, alone)
    speak(world, alone, "head")
    voice = GivingUpVoice.objects.get(giving_up__deal=alone, head=True)
    assert (voice.person, voice.spoken_by) == (world.sales_head, world.head)
    assert outcome(alone) == "given_up"


@pytest.mark.own_database
def test_two_last_words_in_the_same_second_close_the_deal_once(world: World, deal: Deal) -> None:
    propose(world, deal)
    connection.close()
    done = together(lambda: speak(world, deal, "engineer"), lambda: speak(world, deal, "delivery"))
    assert [error for error in done if isinstance(error, Exception)] == []
    assert Closing.objects.filter(deal=deal, outcome=GIVEN_UP).count() == 1


# Through the doors.


def test_by_page_it_is_proposed_spoken_on_and_refused_with_what_was_typed(world: World, deal: Deal) -> None:
    url = f"/deals/{deal.pk}/giving-up/"
    seller = Visitor("seller", "en")
    typed = {"code": "up-risk", "reason": "付款风险太大", "tried_0": "保函"}
    page = seller.submit(seller.get(url).form("propose"), url, **typed)
    assert "Say what came of it." in page.text
    assert page.form("propose").values["tried_0"] == ["保函"]
    seller.submit(page.form("propose"), url, came_of_it_0="银行不开")
    assert GivingUp.objects.get(deal=deal).code == "up-risk"
    for key in ("engineer", "delivery"):
        visitor = Visitor(key, "en")
        there = visitor.get(url)
        assert "保函" in there.text
        visitor.submit(there.form("speak"), url, agrees="yes")
    assert outcome(deal) == "given_up"
    assert "Payment or compliance risk is too great" in seller.get(f"/deals/{deal.pk}/").text


def test_who_is_late_is_told_of_and_stands_on_the_clocks_of_the_deal(world: World, deal: Deal) -> None:
    propose(world, deal)
    seller = Visitor("seller", "en")
    assert "Say whether the deal is to be given up" in seller.get(f"/deals/{deal.pk}/clocks/").text
    with later(**TWO_DAYS):
        sweep()
        told = [str(line.sentence) for line in my_day(Person.objects.get(pk=world.engineer_head.pk)) if line.cause == "alarm"]
        assert any(world.engineer.name in one and "放弃" in one for one in told), told
        assert "has not said in time whether this deal is to be given up" in Visitor("engineer_head", "en").get("/unit/").text


def test_a_head_says_on_my_unit_what_he_or_she_thinks(world: World, caller: Any) -> None:
    alone = world.deal()
    propose(world, alone)
    visitor = Visitor("sales_head", "en")
    there = visitor.get("/unit/")
    assert "proposes to give this deal up" in there.text
    assert "换成分期付款" in there.text, "what was tried is read before it is judged"
    [shown] = [one for one in caller("sales_head").get("/my-unit")["decisions"] if one["kind"] == "speak"]
    assert (shown["giving_up"]["reason"], shown["deal"]["id"]) == ("毛利只剩三个点", str(alone.pk))
    refused = visitor.submit(there.form("speak"), "/unit/", agrees="no", words="")
    assert refused.status == 422, "against it needs words"
    done = visitor.submit(refused.form("speak"), "/unit/", words="再谈")
    assert "It is on record what you think." in done.text
    assert "proposes to give this deal up" not in done.text
    assert GivingUp.objects.get().outcome == "refused"


def test_by_api_and_by_command(world: World, deal: Deal, caller: Any) -> None:
    seller: Caller = caller("seller")
    here = f"/deals/{deal.pk}/giving-up"
    etag = seller.get(f"/deals/{deal.pk}").etag
    body = {"reason": "毛利不够", "code": "up-no-margin", "alternatives": [{"tried": "降配", "came_of_it": "客户不要"}]}
    assert seller.post(here, {**body, "alternatives": []}, if_match=etag).status == 422
    made = seller.post(here, body, if_match=etag)
    assert made.status == 201
    assert {one["person"]["name"] for one in made["voices"] if one["agrees"] is None} == {world.engineer.name, world.delivery.name}
    assert caller("stranger").get(here).status == 404
    said = caller("engineer").post(f"{here}/voices", {"agrees": True}, if_match=etag)
    assert said.status == 412, "what was seen was a deal that nobody would give up"
    said = caller("engineer").post(f"{here}/voices", {"agrees": True}, if_match=seller.get(f"/deals/{deal.pk}").etag)
    assert said["lacking"]
    run = CliRunner().invoke(earshot, ["deals", "say", deal.number, "--yes", "--as", world.delivery.name])
    assert run.exit_code == 0, run.output
    assert outcome(deal) == "given_up"
    listed = CliRunner().invoke(earshot, ["deals", "giving-up", deal.number, "--as", world.seller.name])
    assert "降配" in listed.output


def test_with_mandates_at_the_gate_a_vote_goes_on_beside_it(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path / "pack", with_mandates()))
    one = world.deal()
    propose(world, one)
    vote(by=world.by("head"), deal=one, approves=False, reason="先定放不放弃")
    assert giving_up.open_now(one) is not None


# Who is asked about what, when either has become another.


@pytest.mark.req("B12.4a", breaks="earshot.deals.rules.giving_up_lacks")
def test_a_deputy_of_the_sales_side_makes_no_deal_of_sales_alone(world: World, tmp_path: Path) -> None:
    deal = before_gate(world, tmp_path)
    today = now().date()
    for key in ("engineer", "delivery"):
        span = {"first": today, "last": today + timedelta(days=3)}
        record_absence(by=world.by(key), person=world.people[key], deputy=world.colleague, reason="出差", **span)
    propose(world, deal)
    speak(world, deal, "colleague")
    assert outcome(deal) == ""
    speak(world, deal, "colleague")
    assert outcome(deal) == ""
    assert "sales_alone" in giving_up.lacks(fresh(deal), giving_up.the_open(fresh(deal)))


def test_consent_to_a_deal_that_has_become_another_is_asked_anew(world: World, deal: Deal) -> None:
    propose(world, deal)
    speak(world, deal, "engineer")
    found = fresh(deal)
    change_deal(by=world.by("seller"), deal=found, version=found.version, amount="52000000")
    assert asked(deal) == {world.engineer.name, world.delivery.name}
    speak(world, deal, "delivery")
    assert outcome(deal) == ""


def test_no_deal_is_joined_while_somebody_would_give_it_up(world: World, deal: Deal) -> None:
    propose(world, deal)
    other, one = fresh(world.deal("另一个")), fresh(deal)
    joined = {"by": world.by("seller"), "deal": one, "version": one.version, "other": other, "other_version": other.version}
    assert refused(lambda: join_deals(**joined)).code == "deal.giving_up"


def test_who_is_not_of_the_team_any_more_is_waited_for_no_more_and_who_came_is_asked(world: World, deal: Deal) -> None:
    propose(world, deal)
    hand_deal(by=world.by("seller"), deal=fresh(deal), to=world.colleague, reason="换区域")
    assert world.colleague.name in asked(deal)
    for key in ("engineer", "delivery"):
        speak(world, deal, key)
    assert outcome(deal) == "", "its owner has not spoken"
    speak(world, deal, "colleague")
    assert outcome(deal) == "given_up"


def test_where_the_head_who_is_asked_leaves_the_one_above_is(world: World) -> None:
    alone = world.deal()
    propose(world, alone)
    assert asked(alone) == {world.sales_head.name}
    leave(by=world.by("administrator"), person=world.sales_head, to=world.head, reason="去了别处")
    assert asked(alone) == {world.head.name}
    speak(world, alone, "head")
    assert outcome(alone) == "given_up"


def test_where_the_head_who_is_asked_owns_the_deal_now_another_is(world: World) -> None:
    alone = world.deal()
    propose(world, alone)
    hand_deal(by=world.by("seller"), deal=fresh(alone), to=world.sales_head, reason="归他")
    row = giving_up.the_open(fresh(alone))
    assert not any(one.head and one.person == world.sales_head for one in giving_up.standing(row))


def test_a_word_on_a_proposal_that_was_taken_back_is_none_on_the_next(world: World, deal: Deal) -> None:
    propose(world, deal)
    seen = fresh(deal).version
    withdraw_giving_up(by=world.by("seller"), deal=fresh(deal), version=seen, reason="再谈一次")
    propose(world, deal, reason="另一回事")
    late = lambda: speak_on_giving_up(by=world.by("engineer"), deal=deal, agrees=True, version=seen)  # noqa: E731
    assert refused(late).status == 412


def test_many_proposals_to_conclude_cost_no_statement_more(world: World) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            giving_up.to_conclude(world.seller)
        return len(caught)

    def one_more(title: str) -> None:
        alone = world.deal(title)
        row = propose(world, alone)
        GivingUpVoice.objects.filter(giving_up=row, head=True).update(lapsed_at=now())
        GivingUpVoice.objects.create(giving_up=row, person=world.head, head=True, agrees=True, at=now(), spoken_at=now())

    one_more("一")
    first = cost()
    for title in "二三四":
        one_more(title)
    assert len(giving_up.to_conclude(world.seller)) == 4
    assert cost() == first
