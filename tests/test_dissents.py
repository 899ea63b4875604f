"""Nobody of a team blocks by withholding (B8.2a): silence is timed out, dissent is heard by a head above both and settled in words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, connection, transaction

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.clocks.models import Clock
from earshot.deals import dissents, gates
from earshot.deals.actions import change_deal, climb_silent, hand_deal, lose_deal, move_on, settle_dissent, vote, withdraw_vote
from earshot.deals.dissent_tables import Dissent, VoteAsked
from earshot.deals.models import Deal, GatePass
from earshot.desk.queries import my_day
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people.absences import record_absence
from earshot.people.models import Person
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Seat
from pages import Visitor
from test_decisions import told, with_mandates
from test_together import together
from worlds import World, changed_pack, later, put_in_force

TWO_DAYS = {"days": 4}  # over a weekend, too, two working days are gone


def fresh(deal: Deal) -> Deal:
    return Deal.objects.get(pk=deal.pk)


def three_corners(parts: dict[str, Any]) -> None:
    """One gate, at which the three roles of the team decide."""
    with_mandates()(parts)
    parts["process"]["gates"][0]["deciders"] = ["AR", "SR", "FR"]


def before_gate(world: World, tmp_path: Path, change: Any = three_corners) -> Deal:
    """A deal before the gate of which the team decides: seller, engineer and delivery; nothing else is wanting."""
    put_in_force(changed_pack(tmp_path / "pack", change))
    deal = world.deal()
    for role, key in (("SR", "engineer"), ("FR", "delivery")):
        seat = Seat.objects.filter(team=deal.team_id, role=role).first() or Seat.objects.create(team=deal.team, role=role)
        accept_seat(by=world.by(key), membership=nominate(by=world.by("seller"), seat=seat, person=world.people[key]))
    return fresh(deal)


@pytest.fixture
def at_gate(world: World, tmp_path: Path) -> Deal:
    return before_gate(world, tmp_path)


def votes(world: World, deal: Deal, *keys: str) -> None:
    for key in keys:
        vote(by=world.by(key), deal=deal, approves=True)


def against(world: World, deal: Deal, key: str = "delivery", reason: str = "工期做不到") -> Dissent:
    vote(by=world.by(key), deal=deal, approves=False, reason=reason)
    return Dissent.objects.get(ended_at__isnull=True, vote__person=world.people[key])


def day(person: Person, cause: str) -> list[Any]:
    return [line for line in my_day(Person.objects.get(pk=person.pk)) if line.cause == cause]


def unmet(deal: Deal) -> list[str]:
    found = gates.review(fresh(deal))
    assert found is not None
    return [one.line.code for one in found.unmet]


def settle(world: World, key: str, row: Dissent, goes_on: bool = True, words: str = "工期我去和客户谈") -> Dissent:
    return settle_dissent(by=world.by(key), deal=fresh(row.visit.deal), dissent=row, goes_on=goes_on, words=words)


# Silence.


@pytest.mark.req("B8.2a")
def test_who_has_not_voted_is_asked_once_others_have_begun_and_told_until_when(world: World, at_gate: Deal) -> None:
    assert not VoteAsked.objects.exists()
    votes(world, at_gate, "engineer")
    assert sorted(VoteAsked.objects.values_list("role__code", flat=True)) == ["AR", "FR"]
    clock = Clock.objects.get(kind="vote_asked", object_id=VoteAsked.objects.get(role__code="FR").pk)
    assert (clock.service_level.split("/")[-1], clock.limit) == ("team-votes", 900)
    votes(world, at_gate, "seller")
    assert (VoteAsked.objects.get(role__code="AR").ended, Clock.objects.filter(kind="vote_asked", outcome="met").count()) == ("voted", 1)
    assert world.delivery.name in " ".join(told(at_gate, "deals.vote_asked"))


@pytest.mark.req("B8.2a", breaks="earshot.deals.rules.roles_still_to_approve")
def test_before_its_time_runs_out_a_silent_role_keeps_the_gate_shut(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer")
    assert "gate.not_approved" in unmet(at_gate), "one of three has voted"
    votes(world, at_gate, "seller")
    assert unmet(at_gate) == ["gate.not_approved"]
    assert climb_silent() == 0


@pytest.mark.req("B8.2a", breaks="earshot.deals.rules.excused")
def test_silence_beyond_the_limit_keeps_nothing_shut_and_the_record_says_so(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    with later(**TWO_DAYS):
        assert climb_silent() == 1
        assert climb_silent() == 0, "once"
        assert unmet(at_gate) == []
        assert fresh(at_gate).stage.code == "ML", "nothing opens by lapse of time: somebody moves it on"
        [line] = day(world.seller, "silent")
        assert line.target.id == at_gate.pk
        move_on(by=world.by("seller"), deal=at_gate, version=fresh(at_gate).version)
        assert day(world.seller, "silent") == []
    assert fresh(at_gate).stage.code == "MO1"
    lines = GatePass.objects.get(visit__deal=at_gate).lines
    [silent] = [line for line in lines if line["code"] == "gate.silent"]
    assert silent["met"] is True
    assert VoteAsked.objects.get(role__code="FR").ended == "moved"
    assert len(told(at_gate, "deals.vote_silent")) == 1


@pytest.mark.req("B8.2a")
def test_a_late_vote_still_counts_and_a_late_no_is_a_dissent(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    with later(**TWO_DAYS):
        climb_silent()
        row = against(world, at_gate)
        assert unmet(at_gate) == ["gate.dissent"]
        assert (row.role.code, VoteAsked.objects.get(role__code="FR").ended) == ("FR", "voted")
        vote(by=world.by("delivery"), deal=at_gate, approves=True)
    assert fresh(at_gate).stage.code == "MO1"
    assert Dissent.objects.get().outcome == "taken_back"


@pytest.mark.req("B12.4a", breaks="earshot.deals.rules.only_silence")
def test_where_only_sales_has_approved_the_silence_of_the_others_opens_nothing(world: World, tmp_path: Path) -> None:
    """Also where the policy only warns that sales decides alone."""

    def lightly(parts: dict[str, Any]) -> None:
        three_corners(parts)
        parts["policies"]["profile"] = "light"

    deal = before_gate(world, tmp_path, lightly)
    votes(world, deal, "seller")
    with later(**TWO_DAYS):
        assert climb_silent() == 2
        assert unmet(deal) == ["gate.only_silence"]
        votes(world, deal, "engineer")
    assert fresh(deal).stage.code == "MO1"


def test_what_the_customer_says_meanwhile_gives_the_whole_limit_again(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    with later(**TWO_DAYS):
        climb_silent()
        world.words(at_gate)
        world.hear(at_gate, "engineer", "delivery", "head", "seller")
        assert VoteAsked.objects.filter(role__code="FR", ended="anew").count() == 1
        assert VoteAsked.objects.get(role__code="FR", ended_at__isnull=True).silent_at is None
        assert "gate.not_approved" in unmet(at_gate)
        assert climb_silent() == 0


def test_a_vote_taken_back_asks_nobody_any_more(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer")
    withdraw_vote(by=world.by("engineer"), deal=at_gate)
    assert not VoteAsked.objects.filter(ended_at__isnull=True).exists()
    assert not Clock.objects.filter(kind="vote_asked", stopped_at__isnull=True).exists()


# Dissent.


@pytest.mark.req("B8.2a", breaks="earshot.deals.dissents.may_settle")
def test_who_is_against_is_heard_by_the_head_above_both_and_by_nobody_else(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    row = against(world, at_gate)
    assert unmet(at_gate) == ["gate.dissent"]
    head, instead = dissents.asked_of(at_gate, row)
    assert (head, instead) == (world.head, None), "the head of all stands above sales and delivery"
    [line] = day(world.head, "dissent")
    assert (line.colour, line.detail) == ("red", "工期做不到")
    assert line.due_at is not None
    for key in ("seller", "engineer", "delivery", "delivery_head", "engineer_head"):
        with pytest.raises(Refusal) as refused:
            settle(world, key, row)
        assert refused.value.status in (403, 404), key


@pytest.mark.req("B8.2a")
def test_a_settled_dissent_keeps_nothing_shut_and_stands_in_the_record_with_its_reason(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    settle(world, "head", against(world, at_gate))
    assert fresh(at_gate).stage.code == "MO1", "nothing else was missing"
    [line] = [line for line in GatePass.objects.get(visit__deal=at_gate).lines if line["code"] == "gate.dissent_settled"]
    assert "工期做不到" in str(line["sentence"])
    assert "工期我去和客户谈" in str(line["sentence"])
    assert day(world.head, "dissent") == []
    assert Clock.objects.get(kind="dissent").outcome == "met"


@pytest.mark.req("B8.2a")
def test_a_head_may_let_it_stand_until_the_vote_is_another(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    settle(world, "head", against(world, at_gate), goes_on=False, words="先把工期改了")
    assert unmet(at_gate) == ["gate.not_approved"]
    assert not Dissent.objects.filter(ended_at__isnull=True).exists(), "the same is not asked again"
    vote(by=world.by("delivery"), deal=at_gate, approves=True)
    assert fresh(at_gate).stage.code == "MO1"


def test_what_is_settled_lapses_when_the_customer_says_something_critical(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer")
    settle(world, "head", against(world, at_gate))
    assert fresh(at_gate).stage.code == "ML", "the seller has not voted"
    with later(hours=1):
        world.words(at_gate)
        assert Dissent.objects.filter(lapsed_at__isnull=False).count() == 1
        assert Dissent.objects.filter(ended_at__isnull=True).count() == 1
        world.hear(at_gate, "engineer", "delivery", "head", "seller")
        assert "gate.dissent" in unmet(at_gate)


@pytest.mark.req("law 3")
def test_the_head_hears_the_customer_before_settling(world: World, at_gate: Deal) -> None:
    world.words(at_gate)
    world.hear(at_gate, "engineer", "delivery")
    row = against(world, at_gate)
    with pytest.raises(Refusal) as refused:
        settle(world, "head", row)
    assert refused.value.code == "vote.not_heard"


def test_words_are_asked_and_two_settlements_are_one(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    row = against(world, at_gate)
    with pytest.raises(Refusal) as refused:
        settle(world, "head", row, words=" ")
    assert "words" in refused.value.fields
    settle(world, "head", row, goes_on=False)
    with pytest.raises(Refusal) as again:
        settle(world, "head", row)
    assert again.value.code == "dissent.ended"


def test_while_the_head_is_away_the_deputy_who_sees_the_deal_settles_it(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    row = against(world, at_gate)
    today = now().date()
    record_absence(
        by=world.by("head"), person=world.head, deputy=world.sales_head, first=today, last=today + timedelta(days=3), reason="出差"
    )
    assert dissents.asked_of(at_gate, row) == (world.sales_head, world.head)
    assert len(day(world.sales_head, "dissent")) == 1
    settle(world, "sales_head", row)
    row.refresh_from_db()
    assert (row.settled_by, row.stands_for) == (world.sales_head, world.head)


def test_a_closed_deal_asks_nothing(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer")
    against(world, at_gate)
    lose_deal(by=world.by("seller"), deal=at_gate, version=fresh(at_gate).version, reason="客户不买了", code="lost-no-buy")
    assert not VoteAsked.objects.filter(ended_at__isnull=True).exists()
    assert not Dissent.objects.filter(ended_at__isnull=True).exists()
    assert not Clock.objects.filter(kind__in=["vote_asked", "dissent"], stopped_at__isnull=True).exists()


def test_the_database_keeps_one_of_each_a_role_and_settles_nothing_without_words(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer")
    row = against(world, at_gate)
    asked = VoteAsked.objects.get(role__code="AR")
    for attempt in (
        lambda: VoteAsked.objects.create(visit=asked.visit, role=asked.role, at=now()),
        lambda: Dissent.objects.create(visit=row.visit, role=row.role, vote=row.vote, at=now()),
        lambda: Dissent.objects.filter(pk=row.pk).update(ended_at=now(), outcome="goes_on"),
        lambda: Dissent.objects.filter(pk=row.pk).update(ended_at=now()),
        lambda: VoteAsked.objects.filter(pk=asked.pk).update(ended="voted"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


@pytest.mark.req("B8.2a", breaks="earshot.deals.rules.roles_still_to_approve")
def test_what_was_settled_counts_no_more_once_the_deal_is_another(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer")
    assert unmet(at_gate) != [], "two of three have not voted"
    settle(world, "head", against(world, at_gate))
    deal = fresh(at_gate)
    change_deal(by=world.by("seller"), deal=deal, version=deal.version, amount="99000000")
    votes(world, at_gate, "engineer", "seller")
    assert fresh(at_gate).stage == at_gate.stage, "delivery was against at another price, and nobody has asked it since"
    assert unmet(at_gate) == ["gate.not_approved"]
    votes(world, at_gate, "delivery")
    assert fresh(at_gate).stage != at_gate.stage


def test_with_another_owner_a_voice_against_is_heard_no_more_but_asked_anew(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "seller")
    row = against(world, at_gate)
    hand_deal(by=world.by("seller"), deal=fresh(at_gate), to=world.colleague, reason="换区域")
    assert (day(world.head, "dissent"), list(Dissent.objects.filter(ended_at__isnull=True))) == ([], [])
    with pytest.raises(Refusal) as refused:
        settle(world, "head", row)
    assert refused.value.code == "dissent.ended"
    votes(world, at_gate, "engineer", "colleague")
    assert fresh(at_gate).stage == at_gate.stage


# Doors.


def test_on_the_page_of_the_gate_the_head_settles_it(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    row = against(world, at_gate)
    page = Visitor("head", "en")
    address = f"/deals/{at_gate.pk}/gate/"
    there = page.get(address)
    assert "工期做不到" in there.html
    assert there.form("settle").values["dissent"] == [str(row.pk)]
    refused = page.submit(there.form("settle"), address, goes_on="yes", words="")
    assert "is-error" in refused.html or "error" in refused.html
    page.submit(page.get(address).form("settle"), address, goes_on="yes", words="我来谈")
    assert fresh(at_gate).stage.code == "MO1"


@pytest.mark.req("B8.2a")
def test_on_my_unit_the_head_settles_it_beside_the_words(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer", "seller")
    row = against(world, at_gate)
    page = Visitor("head", "en")
    there = page.get("/unit/")
    assert "工期做不到" in there.html
    refused = page.submit(there.form("settle"), "/unit/", goes_on="yes", words="")
    assert refused.status == 422
    kept = refused.form("settle")
    assert kept.values["goes_on"] == ["yes"], "what was chosen stays"
    done = page.submit(kept, "/unit/", words="我来谈")
    assert "the gate is open" in done.text
    assert (fresh(at_gate).stage.code, Dissent.objects.get(pk=row.pk).words) == ("MO1", "我来谈")
    assert not [form for form in done.forms if form.act == "settle"]
    shown = Caller(world.head).get("/my-unit")
    assert [one["kind"] for one in shown["decisions"] if one["deal"]["id"] == str(at_gate.pk)] == []


def test_by_api_my_unit_says_who_is_against(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer")
    row = against(world, at_gate)
    [one] = [one for one in Caller(world.head).get("/my-unit")["decisions"] if one["kind"] == "settle"]
    assert (one["against"]["id"], one["against"]["reason"], one["deal"]["id"]) == (str(row.pk), "工期做不到", str(at_gate.pk))


def test_by_api_and_by_command_it_is_read_and_settled(world: World, at_gate: Deal) -> None:
    votes(world, at_gate, "engineer")
    row = against(world, at_gate)
    head, seller = Caller(world.head), Caller(world.seller)
    read = seller.get(f"/deals/{at_gate.pk}/dissents")
    assert [one["role"]["code"] for one in read["asked"]] == ["AR", "FR"]
    assert (read["dissents"][0]["asked"]["id"], read["dissents"][0]["outcome"]) == (str(world.head.pk), "")
    path, seen = f"/deals/{at_gate.pk}/dissents/{row.pk}/settlements", f'"{fresh(at_gate).version}"'
    assert seller.post(path, {"goes_on": True, "words": "x"}, if_match=seen).status == 403
    other = f"/deals/{at_gate.pk}/dissents/{at_gate.pk}/settlements"
    assert head.post(other, {"goes_on": True, "words": "x"}, if_match=seen).status == 404
    assert head.post(path, {"goes_on": False, "words": "先改"}, if_match=seen)["outcome"] == "stands"
    vote(by=world.by("delivery"), deal=at_gate, approves=False, reason="还是不行")
    words = ["deals", "settle", at_gate.number, "FR", "--goes-on", "--words", "我来谈", "--as", world.head.name]
    run = CliRunner().invoke(earshot, words, catch_exceptions=False)
    assert run.exit_code == 0, run.output
    listed = CliRunner().invoke(earshot, ["deals", "dissents", at_gate.number, "--as", world.head.name], catch_exceptions=False)
    assert "我来谈" in listed.output


@pytest.mark.own_database
def test_two_heads_in_the_same_second_settle_it_once(world: World, tmp_path: Path) -> None:
    deal = before_gate(world, tmp_path)
    votes(world, deal, "engineer", "seller")
    row = against(world, deal)
    connection.close()
    outcomes = together(lambda: settle(world, "head", row), lambda: settle(world, "head", row, words="不同"))
    assert sorted(type(one).__name__ for one in outcomes) == ["Dissent", "Refusal"]
    assert Dissent.objects.get().outcome == "goes_on"
