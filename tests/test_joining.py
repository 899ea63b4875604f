"""Two deals are joined: what either was owed, said and worth stands on the one, once; the other is closed and says where it goes on."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError, IntegrityError, transaction
from django.utils.translation import override

from api_caller import Caller
from earshot.calls import queries as calls
from earshot.calls.models import Call
from earshot.cli.root import earshot
from earshot.deals import figures, gates, lines, queries, risks, rules, wholes
from earshot.deals.actions import (
    change_deal,
    join_deals,
    join_lead,
    lose_deal,
    move_back,
    record_lead,
    set_lines,
    set_services,
    split_deal,
    state_figures,
    vote,
    wait_for,
)
from earshot.deals.models import JOINED, Closing, Deal, GatePass, StageVisit
from earshot.deals.split_tables import Join
from earshot.deals.wait_tables import Wait
from earshot.desk import pipeline
from earshot.journal.models import Entry
from earshot.journal.queries import tell
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Membership, Seat
from earshot.voice import checks
from earshot.voice.models import Ear
from earshot.voice.queries import ears_waiting_for
from pages import Visitor
from test_risk_decisions import at_gate, pass_it
from test_together import together
from worlds import World, later, said, snapshot

AIM = {"goal": "先签两座站点", "due": "2040-06-30"}


def fresh(deal: Deal) -> Deal:
    return queries.as_it_stands(deal.pk)


def join(world: World, deal: Deal, other: Deal, *, by: str = "seller", **given: Any) -> Deal:
    versions = {"version": fresh(deal).version, "other_version": fresh(other).version} | given
    return join_deals(by=world.by(by), deal=deal, other=other, **versions)


def refused(world: World, deal: Deal, other: Deal, **given: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        join(world, deal, other, **given)
    return caught.value


def told(deal: Deal, verb: str) -> list[str]:
    rows = Entry.objects.filter(verb=verb, objects_touched__object_id=deal.pk).distinct().order_by("seq")
    with override("en"):
        return [str(one.sentence) for one in tell(rows)]


def unmet(deal: Deal) -> set[str]:
    review = gates.review(fresh(deal))
    return {one.line.code for one in review.unmet} if review else set()


def test_the_other_is_closed_as_joined_and_the_one_is_worth_both(world: World) -> None:
    deal, other = world.deal(), world.deal("喀土穆站点", amount="895000")
    problem = refused(world, deal, other, amount="2900000")
    assert set(problem.fields) == {"reason"}
    join(world, deal, other)
    closing = Closing.objects.get(deal=other)
    assert (closing.outcome, closing.reason) == (JOINED, deal.number)
    row = Join.objects.get(gone=other)
    assert (row.into, row.kept, row.brought, row.total) == (deal, 2105000, 895000, 3000000)
    assert (fresh(deal).amount, fresh(other).amount) == (Decimal(3000000), Decimal(895000))
    assert told(deal, "deals.joined_in") == [
        f"{world.seller.name} joined {other.number} to {deal}: 2,105,000.00 CNY and 895,000.00 CNY come to 3,000,000.00 CNY"
    ]
    assert told(other, "deals.deal_joined") == [f"{world.seller.name} joined {other} to {deal.number}: it goes on there"]
    with pytest.raises(DatabaseError), transaction.atomic():
        Join.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        Join.objects.create(gone=deal, into=deal, person=world.seller, at=now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Join.objects.create(gone=deal, into=world.deal("x"), person=world.seller, kept=1, brought=2, total=4, at=now())


def test_no_sum_counts_an_amount_twice(world: World) -> None:
    deal, other = world.deal(), world.deal("喀土穆站点", amount="895000")

    def summed(state: str) -> tuple[int, Decimal]:
        found = pipeline.sums(world.seller, pipeline.Wanted(state=state, mine=True)).all
        return found.count, sum(found.worth.originals.values(), Decimal(0))

    before = summed("all")
    join(world, deal, other)
    assert summed("all") == before
    assert summed("closed") == (1, 0)
    assert summed("joined") == (1, 895000)
    assert before[1] == summed("")[1]


def test_two_that_cannot_be_one_are_refused_in_words(world: World) -> None:
    deal, other = world.deal(), world.deal("港口", account="harbour")
    change_deal(by=world.by("seller"), deal=other, version=fresh(other).version, currency="USD")
    before = snapshot()
    problem = refused(world, deal, other)
    assert {line.code for line in problem.lines} == {"join.account", "join.currency"}
    assert "are not in one currency" in said(problem)
    assert set(refused(world, deal, deal).fields) == {"other"}
    second = world.deal("喀土穆站点")
    before = snapshot()
    assert refused(world, deal, second, version=99).status == 412
    assert refused(world, deal, second, other_version=99).status == 412
    assert refused(world, deal, second, by="operations").code == "deal.not_yours"
    assert snapshot() == before
    lose_deal(by=world.by("seller"), deal=second, version=fresh(second).version, reason="x", code="lost-no-buy")
    assert refused(world, deal, second).code == "deal.closed"


@pytest.mark.own_database
def test_two_who_join_them_both_ways_in_the_same_second_join_them_once(world: World) -> None:
    deal, other = world.deal(), world.deal("喀土穆站点", amount="895000")
    versions = {"version": fresh(deal).version, "other_version": fresh(other).version}
    found = together(
        lambda: join_deals(by=world.by("seller"), deal=deal, other=other, **versions),
        lambda: join_deals(by=world.by("sales_head"), deal=other, other=deal, **versions),
    )
    assert sorted(isinstance(one, Refusal) for one in found) == [False, True]
    [row] = Join.objects.all()
    assert fresh(row.into).amount == 3000000
    assert Closing.objects.filter(outcome=JOINED).count() == 1


# Stage and gates.


@pytest.mark.req("A8.3c", breaks="earshot.deals.rules.passed_by_both")
def test_it_stands_in_the_earlier_stage_and_only_gates_that_both_passed_count(world: World) -> None:
    deal, other = world.ready_deal(), world.deal("喀土穆站点")
    vote(by=world.by("head"), deal=deal, approves=True, reason="已逐条听过")
    passed = GatePass.objects.get(visit__deal=deal).gate.code
    assert wholes.passed_codes(fresh(deal)) == {passed}
    with later(hours=1):
        join(world, deal, other)
    assert fresh(deal).stage == fresh(other).stage
    assert fresh(deal).stage.position == 1
    assert StageVisit.objects.filter(deal=deal, left_at__isnull=True).count() == 1
    assert not StageVisit.objects.filter(deal=other, left_at__isnull=True).exists()
    assert wholes.passed_codes(fresh(deal)) == set()


def test_of_gates_passed_before_those_count_that_the_other_passed_too() -> None:
    at = now()
    own = [("ATI", at), ("ATB", at), ("ATC", at + timedelta(hours=2))]
    assert rules.passed_by_both(own, []) == {"ATI", "ATB", "ATC"}
    assert rules.passed_by_both(own, [(at + timedelta(hours=1), {"ATB"})]) == {"ATB", "ATC"}


def test_where_both_stand_in_one_stage_it_stays_there_with_its_time(world: World) -> None:
    deal, other = world.moved_deal(), world.moved_deal("喀土穆站点")
    visit = queries.open_visit(fresh(deal))
    join(world, deal, other)
    assert queries.open_visit(fresh(deal)) == visit


# What arrives.


@pytest.mark.req("law 3", breaks="earshot.voice.actions.bring_said")
def test_what_was_said_on_the_other_is_to_be_heard_on_the_one(world: World) -> None:
    deal, other = world.moved_deal(), world.deal("喀土穆站点")
    world.hear(deal, "engineer", "head", "delivery")
    assert "voice.not_heard" not in unmet(deal)
    world.words(other)
    waiting = ears_waiting_for(world.engineer).count()
    assert waiting
    join(world, other, deal)
    assert ears_waiting_for(world.engineer).count() == waiting
    assert len(Caller(world.seller).all(f"/deals/{other.pk}/items")) == 6
    owed = [one.met for one in checks.everyone_has_heard(fresh(other))].count(False)
    third = world.moved_deal("第三处")
    world.hear(third, "engineer", "head", "delivery")
    assert all(one.met for one in checks.everyone_has_heard(fresh(third)))
    with later(hours=1):
        third = move_back(by=world.by("seller"), deal=third, version=fresh(third).version, to="ML", reason="x")
    join(world, third, other)
    assert [one.met for one in checks.everyone_has_heard(fresh(third))].count(False) == owed
    with pytest.raises(Refusal) as caught:
        join(world, third, deal)
    assert caught.value.code == "deal.closed"


@pytest.mark.req("law 5", breaks="earshot.calls.actions.bring_calls")
def test_every_call_of_both_stays_owed_and_none_is_called_twice(world: World) -> None:
    deal, other = world.moved_deal(), world.moved_deal("喀土穆站点")
    before = set(Call.objects.filter(deal__in=[deal, other]).values_list("pk", flat=True))
    join(world, deal, other)
    assert set(Call.objects.filter(deal=deal).values_list("pk", flat=True)) == before
    assert Call.objects.count() == len(before) + Call.objects.exclude(pk__in=before).count()
    assert set(calls.open_calls().filter(deal=deal).values_list("pk", flat=True)) == before
    assert len([one for one in calls.read_of_deal(fresh(deal)) if one.state == "waiting"]) == len(before)
    world.deliver(deal)
    assert "call.no_result" not in unmet(deal)


def test_lines_types_of_service_figures_leads_and_waits_arrive(world: World) -> None:
    deal, other = world.deal(), world.deal("喀土穆站点")
    seller = world.by("seller")
    for one, what in ((deal, "站点"), (other, "安装")):
        set_lines(by=seller, deal=one, version=fresh(one).version, lines=[{"what": what, "quantity": "1", "price": "10"}])
    set_services(by=seller, deal=deal, version=fresh(deal).version, services=["energy"])
    set_services(by=seller, deal=other, version=fresh(other).version, services=["energy", "installing"])
    state_figures(by=seller, deal=deal, version=fresh(deal).version, gross_margin="20", source="报价单")
    state_figures(by=seller, deal=other, version=fresh(other).version, gross_margin="30", days_to_cash=60, source="估算")
    lead = record_lead(by=seller, words="他们还要两座", source="other", account=world.accounts["sudatel"])
    join_lead(by=seller, lead=lead, version=1, deal=other)
    wait_for(by=seller, deal=other, version=fresh(other).version, unit=world.units["solutions"], reason="勘测图")
    join(world, deal, other)
    assert [row.what for row in lines.of(deal.pk)] == ["站点", "安装"]
    assert not lines.of(other.pk)
    assert set(fresh(deal).service_codes) == {"energy", "installing"}
    counts = figures.standing(fresh(deal))
    assert [(name, int(row.value), row.source) for name, row in counts.items()] == [
        ("offer.gross_margin", 20, "报价单"),
        ("offer.days_to_cash", 60, f"{other.number}: 估算"),
    ]
    lead.refresh_from_db()
    assert lead.deal == deal
    assert [row.deal for row in Wait.objects.filter(until__isnull=True)] == [deal]


def test_who_sat_on_the_other_team_is_asked_to_a_seat(world: World) -> None:
    deal, other = world.deal(), world.deal("喀土穆站点")
    seat = Seat.objects.filter(team=other.team_id, leader=False).order_by("pk")[0]
    person = world.delivery if seat.role == "FR" else world.engineer
    accept_seat(
        by=world.by("delivery" if seat.role == "FR" else "engineer"), membership=nominate(by=world.by("seller"), seat=seat, person=person)
    )
    join(world, deal, other)
    row = Membership.objects.get(seat__team=deal.team_id, person=person, ended_at__isnull=True)
    assert (row.seat.role, hasattr(row, "acceptance")) == (seat.role, False)


def test_what_was_passed_at_risk_is_to_be_made_good_on_the_one(world: World) -> None:
    other = at_gate(world)
    pass_it(world, other)
    deal = world.deal("喀土穆站点")
    n = risks.open_counts([other.pk])[other.pk]
    join(world, deal, other)
    assert risks.open_counts([deal.pk, other.pk]) == {deal.pk: n}


def test_parts_that_are_joined_again_are_one_and_judged_alone(world: World) -> None:
    deal = world.moved_deal()
    part = split_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, title="首批", amount="605000", **AIM)
    items = len(world.items(deal))
    join(world, deal, part)
    assert fresh(deal).amount == wholes.judged_amount(fresh(deal)) == 2105000
    assert [one.pk for one in wholes.open_parts(fresh(deal))] == [deal.pk]
    assert len(Caller(world.seller).all(f"/deals/{deal.pk}/items")) == items
    assert len(Caller(world.seller).all(f"/deals/{deal.pk}/calls")) == 1
    assert not Ear.objects.filter(item__deal=part).exists()


# The doors.


def test_by_the_page_the_api_and_the_command_it_is_the_same_verb(world: World) -> None:
    deal, other, third = world.deal(), world.deal("喀土穆站点"), world.deal("第三处")
    visitor, there = Visitor("seller", "en"), f"/deals/{deal.pk}/join/"
    assert there in visitor.get(f"/deals/{deal.pk}/").html
    kept = visitor.submit(visitor.get(there).form("join"), there, amount="77")
    assert "Choose the deal that becomes part of this one." in kept.html
    done = visitor.submit(kept.form("join"), there, other=f"{other.pk}:{other.version}", amount="", reason="")
    assert f"{other.number} is part of {deal.number} from now on." in done.html
    assert other.number in done.html.split('id="parts"')[1]
    assert deal.number in visitor.get(f"/deals/{other.pk}/").html.split('id="parts"')[1]
    assert "Judged by" not in visitor.get(f"/deals/{other.pk}/").html
    assert "&lt;data" not in visitor.get(there).html
    assert "joined to another" in visitor.get("/deals/?state=joined").html
    seller = Caller(world.seller)
    body = {"other": str(third.pk), "other_version": 1}
    etag = seller.get(f"/deals/{deal.pk}").etag
    made = seller.post(f"/deals/{deal.pk}/joins", body, if_match=etag)
    assert (made.status, made["amount"]) == (200, "6315000.00")
    shown = seller.get(f"/deals/{deal.pk}/parts")
    assert {one["number"] for one in shown["joined"]} == {other.number, third.number}
    assert seller.get(f"/deals/{third.pk}/parts")["joined_to"]["number"] == deal.number
    assert seller.get(f"/deals/{third.pk}")["outcome"] == "joined"
    fourth = world.deal("第四处")
    result = CliRunner().invoke(earshot, ["deals", "join", deal.number, fourth.number, "--as", world.seller.name])
    assert result.exit_code == 0, result.output
    result = CliRunner().invoke(earshot, ["deals", "parts", deal.number, "--as", world.seller.name])
    assert fourth.number in result.output
    listed = CliRunner().invoke(earshot, ["deals", "list", "--all", "--as", world.seller.name])
    assert listed.exit_code == 0, listed.output
