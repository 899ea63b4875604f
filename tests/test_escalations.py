"""A decision outside the team's mandate: asked once, of one person at a time, up a ladder, decided there, or gone with its cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction
from django.test import Client

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.clocks.models import Clock
from earshot.clocks.sweep import sweep
from earshot.deals import escalations, queries
from earshot.deals.actions import (
    ask_for_decision,
    change_deal,
    climb_silent,
    decide,
    hand_deal,
    lose_deal,
    move_back,
    refuse_beyond,
    split_deal,
    vote,
    withdraw_escalation,
    withdraw_vote,
)
from earshot.deals.models import Asking, Deal, Escalation, GatePass, Vote
from earshot.desk.finding import find
from earshot.desk.queries import my_day
from earshot.journal.actors import process
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.people.absences import record_absence
from earshot.people.actions import appoint_head, end_post, give_post
from earshot.people.models import Person, Post
from earshot.people.succession import leave
from earshot.playbooks import packs
from earshot.playbooks.queries import known
from earshot.playbooks.sources import Sources
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Seat
from pages import Visitor
from test_decisions import MAKERS, TEAM, figure, fresh, review, told, with_mandates
from test_together import together
from worlds import CRITICAL, World, changed_pack, later, put_in_force, said, spoken

WIDER = {"code": "wider", "zh": "交付负责人", "en": "Wider", "role": "FR", "gate": "ATC", "within": "offer.gross_margin >= 1.0"}


@pytest.fixture
def at_gate(world: World, tmp_path: Path) -> Deal:
    """A deal before the gate; the team's mandate begins at 25 per cent, that of the decision makers at 10."""
    put_in_force(changed_pack(tmp_path / "pack", with_mandates(TEAM, MAKERS)))
    deal = world.deal()
    seat = Seat.objects.get(team=deal.team_id, role="FR")
    accept_seat(by=world.by("delivery"), membership=nominate(by=world.by("seller"), seat=seat, person=world.delivery))
    return fresh(deal)


def team_votes(world: World, deal: Deal) -> Deal:
    for key in ("seller", "delivery"):
        vote(by=world.by(key), deal=deal, approves=True)
    return fresh(deal)


def asked(deal: Deal) -> Asking | None:
    return queries.asked_now(fresh(deal))


def whom(deal: Deal) -> Person | None:
    one = asked(deal)
    return one.person if one is not None else None


def day(person: Person, cause: str) -> list[Any]:
    return [line for line in my_day(Person.objects.get(pk=person.pk)) if line.cause == cause]


# Asked once, by the process.


@pytest.mark.req("B9.1a", breaks="earshot.deals.escalations.question")
def test_outside_the_teams_mandate_the_process_asks_whoever_has_it_once_the_team_has_voted(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    vote(by=world.by("seller"), deal=deal, approves=True)
    assert asked(deal) is None
    vote(by=world.by("delivery"), deal=deal, approves=True)
    assert Escalation.objects.filter(visit__deal=deal).count() == 1
    escalation = Escalation.objects.get(visit__deal=deal)
    assert (escalation.mandate.code, escalation.role.code, escalation.raised_by) == ("makers", "SDT", None)  # type: ignore[union-attr]
    assert whom(deal) == world.head
    [line] = day(world.head, "decision")
    assert (line.target.id, line.colour) == (deal.pk, "red")
    assert line.due_at == Clock.objects.get(kind="asking", stopped_at__isnull=True).due_at
    assert not day(world.head, "vote")


@pytest.mark.req("B9.1a")
def test_inside_the_teams_mandate_nobody_is_asked(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "30"))
    assert (deal.stage.code, Escalation.objects.exists()) == ("MO1", False)


@pytest.mark.req("B9.1a", breaks="earshot.deals.escalations.voted_its_part")
def test_the_process_does_not_ask_before_the_team_has_voted_its_part(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    vote(by=world.by("delivery"), deal=deal, approves=False, reason="场地不够")
    vote(by=world.by("seller"), deal=deal, approves=True)
    assert asked(deal) is None


def test_the_decision_counts_as_the_vote_of_that_role_and_opens_the_gate(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    vote(by=world.by("head"), deal=deal, approves=True, reason="战略客户")
    assert fresh(deal).stage.code == "MO1"
    escalation = Escalation.objects.get()
    assert (escalation.outcome, escalation.ended_by, escalation.words) == ("approved", world.head, "战略客户")
    assert Clock.objects.get(kind="asking").outcome == "met"
    assert GatePass.objects.filter(visit__deal=deal).exists()
    assert not day(world.head, "decision")


def test_a_refusal_says_why_and_is_not_asked_again_until_something_is_another(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    vote(by=world.by("head"), deal=deal, approves=False, reason="毛利太低")
    assert (Escalation.objects.get().outcome, asked(deal)) == ("refused", None)
    with pytest.raises(Refusal) as refused:
        ask_for_decision(by=world.by("seller"), deal=fresh(deal), version=fresh(deal).version)
    assert "毛利太低" in said(refused.value)
    deal = team_votes(world, figure(world, deal, "18"))
    assert (whom(deal), Escalation.objects.count()) == (world.head, 2)


@pytest.mark.req("B9.1a")
def test_whoever_is_asked_decides_only_after_hearing_what_is_critical(world: World, at_gate: Deal) -> None:
    world.words(at_gate)
    world.hear(at_gate, "seller", "delivery")
    deal = team_votes(world, figure(world, at_gate, "15"))
    assert whom(deal) == world.head
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("head"), deal=deal, approves=True)
    assert refused.value.code == "vote.not_heard"


# Once.


def test_the_database_holds_one_open_question_a_visit_and_one_person_asked(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    one = asked(deal)
    assert one is not None
    row = one.escalation
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.create(visit=row.visit, gate=row.gate, mandate=row.mandate, role=row.role, at=now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Asking.objects.create(escalation=row, person=world.engineer, unit=one.unit, at=now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.filter(pk=row.pk).update(outcome="refused", ended_at=now(), words="")


@pytest.mark.own_database
def test_two_who_ask_in_the_same_second_ask_once(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path / "pack", with_mandates(TEAM, MAKERS)))
    deal = figure(world, fresh(world.deal()), "15")
    ask = lambda: ask_for_decision(by=world.by("seller"), deal=deal, version=deal.version)  # noqa: E731
    done = together(ask, ask)
    assert [one.code for one in done if isinstance(one, Refusal)] == ["escalation.open"]
    assert Escalation.objects.count() == 1


@pytest.mark.own_database
def test_the_last_two_votes_of_the_team_in_the_same_second_raise_one_question(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path / "pack", with_mandates(TEAM, MAKERS)))
    deal = world.deal()
    seat = Seat.objects.get(team=deal.team_id, role="FR")
    accept_seat(by=world.by("delivery"), membership=nominate(by=world.by("seller"), seat=seat, person=world.delivery))
    deal = figure(world, deal, "15")
    together(*(lambda key=key: vote(by=world.by(key), deal=deal, approves=True) for key in ("seller", "delivery")))
    assert Escalation.objects.filter(ended_at__isnull=True).count() == 1


# By hand.


@pytest.mark.req("B8.2a")
def test_one_corners_silence_keeps_nobody_from_asking_further_up_and_its_vote_is_wanted_all_the_same(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    vote(by=world.by("seller"), deal=deal, approves=True)
    row = ask_for_decision(by=world.by("seller"), deal=deal, version=deal.version, reason="客户周五要答复")
    assert (row.raised_by, whom(deal)) == (world.seller, world.head)
    assert [line.detail for line in day(world.head, "decision")] == ["客户周五要答复"]
    vote(by=world.by("head"), deal=deal, approves=True)
    assert fresh(deal).stage.code == "ML"
    vote(by=world.by("delivery"), deal=deal, approves=True)
    assert fresh(deal).stage.code == "MO1"


def test_nobody_asks_inside_the_mandate_without_figures_or_from_outside_the_deal(world: World, at_gate: Deal) -> None:
    for by, margin, code in (
        ("seller", "", "escalation.unknown"),
        ("colleague", "", "deal.not_yours"),
        ("seller", "30", "escalation.inside"),
    ):
        deal = figure(world, at_gate, margin) if margin else at_gate
        with pytest.raises(Refusal) as refused:
            ask_for_decision(by=world.by(by), deal=deal, version=deal.version)
        assert refused.value.code == code
    plain = world.deals["mine"]
    with pytest.raises(Refusal):
        ask_for_decision(by=process("import"), deal=plain, version=plain.version)
    assert not Escalation.objects.exists()


def test_whoever_works_on_the_deal_takes_the_question_back_with_a_reason(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    with pytest.raises(Refusal):
        withdraw_escalation(by=world.by("seller"), deal=deal, version=deal.version, reason=" ")
    withdraw_escalation(by=world.by("seller"), deal=deal, version=deal.version, reason="客户推迟了")
    assert (Escalation.objects.get().outcome, asked(deal)) == ("withdrawn", None)
    with pytest.raises(Refusal) as refused:
        withdraw_escalation(by=world.by("seller"), deal=deal, version=deal.version, reason="客户推迟了")
    assert refused.value.code == "escalation.none"


# Gone with its cause.


def test_other_figures_end_it_or_ask_another_mandate_once(world: World, tmp_path: Path) -> None:
    third = MAKERS | {"code": "top", "role": "SR", "within": "offer.gross_margin >= 1.0", "en": "The top", "zh": "最高层"}

    def change(parts: dict[str, Any]) -> None:
        with_mandates(TEAM, MAKERS, third)(parts)
        for gate in parts["process"]["gates"]:
            gate["deciders"] = ["AR", "FR", "SDT", "SR"]
        parts["process"]["seats"] = [row for row in parts["process"]["seats"] if row["role"] != "SR"]

    put_in_force(changed_pack(tmp_path / "pack", change))
    deal = figure(world, fresh(world.deal()), "15")
    ask_for_decision(by=world.by("seller"), deal=deal, version=deal.version)
    deal = figure(world, deal, "5")
    [newest, before] = Escalation.objects.order_by("-at", "-pk")
    assert (before.outcome, newest.outcome, newest.mandate.code) == ("otherwise", "", "top")  # type: ignore[union-attr]
    deal = figure(world, deal, "4")
    assert Escalation.objects.count() == 2
    figure(world, deal, "40")
    assert not Escalation.objects.filter(ended_at__isnull=True).exists()


def test_it_ends_when_the_deal_goes_elsewhere(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    ask_for_decision(by=world.by("seller"), deal=deal, version=deal.version)
    deal = fresh(deal)
    lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="预算取消", code="lost-no-buy")
    assert Escalation.objects.get().outcome == "moved"
    assert Clock.objects.get(kind="asking").outcome == "cancelled"
    with pytest.raises(Refusal):
        move_back(by=world.by("seller"), deal=deal, version=deal.version, to="ML", reason="x")


def test_a_vote_of_the_asked_that_is_taken_back_is_asked_again(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    ask_for_decision(by=world.by("seller"), deal=deal, version=deal.version)
    vote(by=world.by("head"), deal=deal, approves=True)
    team_votes_but_last = vote(by=world.by("seller"), deal=deal, approves=True)
    assert team_votes_but_last.approves
    withdraw_vote(by=world.by("head"), deal=deal)
    assert asked(deal) is None  # delivery has not voted yet
    vote(by=world.by("delivery"), deal=deal, approves=True)
    assert whom(deal) == world.head


# Up the ladder.


def test_silence_climbs_to_the_next_and_every_step_is_told_once(world: World, at_gate: Deal) -> None:
    company = Person.objects.get(pk=world.administrator.pk)
    give_post(by=world.by("administrator"), person=company, unit=world.units["company"], role="SDT")
    deal = team_votes(world, figure(world, at_gate, "15"))
    first = whom(deal)
    assert first is not None
    assert climb_silent() == 0
    with later(days=3):
        sweep()
        assert (climb_silent(), climb_silent()) == (1, 0)
        second = whom(deal)
        assert second is not None
        assert second != first
        assert {first, second} <= {world.head, company}
        assert not day(first, "decision")
        assert [line.target.id for line in day(second, "decision")] == [deal.pk]
        assert find(second, "deal", deal.pk)
        vote(by=world.by("administrator" if second == company else "head"), deal=deal, approves=True)
    assert fresh(deal).stage.code == "MO1"
    assert len(told(deal, "deals.decision_climbed")) == 1


def test_after_the_last_on_the_ladder_it_stays_and_its_own_ladder_goes_on(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    with later(days=3):
        sweep()
        climb_silent()
    with later(days=9):
        sweep()
        for _turn in range(5):
            climb_silent()
        assert whom(deal) is not None
        assert climb_silent() == 0
        assert Clock.objects.filter(kind="asking", stopped_at__isnull=True).count() == 1


def test_where_nobody_holds_the_role_the_head_above_is_asked_from_birth_and_operations_hear_of_it(world: World, at_gate: Deal) -> None:
    for post in Post.objects.filter(role="SDT", until__isnull=True):
        end_post(by=world.by("administrator"), post=post, reason="改组")
    deal = team_votes(world, figure(world, at_gate, "15"))
    one = asked(deal)
    assert one is not None
    assert (one.as_head, one.person) == (True, queries.heads_upwards([deal.unit_id])[deal.unit_id][0])
    assert len(day(world.operations, "nobody_decides")) == 1
    assert one.person is not None
    vote(by=world.by(next(key for key, person in world.people.items() if person == one.person)), deal=deal, approves=True)
    assert fresh(deal).stage.code == "MO1"
    assert not day(world.operations, "nobody_decides")


@pytest.mark.req("B12.4a")
def test_neither_the_owner_nor_whoever_asks_is_asked_his_own_question(world: World, at_gate: Deal) -> None:
    give_post(by=world.by("administrator"), person=world.seller, unit=world.units["key-accounts"], role="SDT", answerable=True)
    deal = figure(world, at_gate, "15")
    ask_for_decision(by=world.by("seller"), deal=deal, version=deal.version)
    assert whom(deal) == world.head


@pytest.mark.req("B9.1a", breaks="earshot.people.absences.stand_ins")
def test_the_deputy_of_whoever_is_away_is_asked_sees_that_deal_and_decides_for_the_absent(world: World, at_gate: Deal) -> None:
    days: dict[str, Any] = {"first": "2026-11-23", "last": "2026-11-27", "reason": "休假"}
    record_absence(by=world.by("head"), person=world.head, deputy=world.engineer, **days)
    deal = team_votes(world, figure(world, at_gate, "15"))
    one = asked(deal)
    assert one is not None
    assert (one.person, one.instead_of) == (world.engineer, world.head)
    assert "for" in spoken(day(world.engineer, "decision")[0].sentence)
    vote(by=world.by("engineer"), deal=deal, approves=True)
    cast = Vote.objects.get(visit__deal=deal, role__code="SDT")
    assert (cast.person, cast.stands_for) == (world.engineer, world.head)
    assert fresh(deal).stage.code == "MO1"
    with pytest.raises(Refusal):
        find(Person.objects.get(pk=world.engineer.pk), "deal", deal.pk)


def test_whoever_goes_away_while_asked_is_asked_through_the_deputy(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    days: dict[str, Any] = {"first": "2026-11-23", "last": "2026-11-27", "reason": "休假"}
    record_absence(by=world.by("head"), person=world.head, deputy=world.engineer, **days)
    one = asked(deal)
    assert one is not None
    assert (one.person, one.instead_of) == (world.engineer, world.head)
    assert standing.differences() == {}


# Above every mandate.


def test_where_every_mandate_is_known_not_to_hold_the_head_is_asked_and_can_only_refuse_here(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "5"))
    one = escalations.beyond(deal)
    assert one is not None
    assert one.as_head
    key = next(key for key, person in world.people.items() if person == one.person)
    assert len(day(world.people[key], "decision")) == 1
    with pytest.raises(Refusal):
        refuse_beyond(by=world.by("engineer"), deal=deal, reason="x")
    page = Visitor(key, "en")
    form = page.get("/unit/").form("refuse")
    assert page.submit(form, "/unit/", reason=" ").status == 422
    assert "is recorded" in page.submit(form, "/unit/", reason="不做亏本生意").text
    assert (Escalation.objects.get().outcome, Escalation.objects.get().words) == ("refused", "不做亏本生意")
    assert review(deal)["gate.outside_mandates"][0][0] is False


def test_an_amount_that_is_another_now_lets_the_same_question_stand(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    change_deal(by=world.by("seller"), deal=deal, version=deal.version, amount="2200000")
    assert Escalation.objects.filter(ended_at__isnull=True).count() == 1


def test_another_head_is_no_reason_to_ask_twice(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    appoint_head(by=world.by("administrator"), unit=world.units["key-accounts"], person=world.engineer)
    assert Asking.objects.filter(escalation__visit__deal=deal).count() == 1


# Every door.


def test_by_the_api_a_decision_is_asked_listed_decided_and_taken_back(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    seller, head = Caller(world.seller), Caller(world.head)
    path = f"/deals/{deal.pk}/escalations"
    made = seller.post(path, {"reason": "客户周五要答复"}, if_match=f'"{deal.version}"')
    assert made.status == 201, made
    assert (made["mandate"]["code"], made["role"]["code"], made["asked"][0]["person"]["name"]) == ("makers", "SDT", world.head.name)
    assert made["asked"][0]["due_at"] is not None
    assert seller.post(path, {}, if_match=f'"{deal.version}"').data["code"] == "escalation.open"
    assert Caller(world.stranger).get(path).status == 404
    assert seller.post(f"{path}/decisions", {"approves": True}, if_match=f'"{deal.version}"').status == 403
    back = seller.post(f"{path}/withdrawals", {"reason": "先不问"}, if_match=f'"{deal.version}"')
    assert back["outcome"] == "withdrawn"
    seller.post(path, {}, if_match=f'"{deal.version}"')
    refused = head.post(f"{path}/decisions", {"approves": False, "reason": "毛利太低"}, if_match=f'"{deal.version}"')
    assert (refused["outcome"], refused["words"]) == ("refused", "毛利太低")
    assert [row["outcome"] for row in seller.get(path)["items"]] == ["refused", "withdrawn"]


def test_by_the_page_the_asked_read_the_words_and_decide_and_the_team_sees_who_is_asked(world: World, at_gate: Deal) -> None:
    world.words(at_gate)
    deal = figure(world, at_gate, "15")
    url = f"/deals/{deal.pk}/gate/"
    client = Client()
    client.force_login(world.login("seller"))
    asked_for = {"act": "ask", "version": str(deal.version), "reason": "客户周五要答复"}
    assert client.post(url, asked_for).status_code == 302
    assert world.head.name in client.get(url).content.decode()
    client.force_login(world.login("head"))
    page = client.get(url).content.decode()
    assert CRITICAL in page
    assert "客户周五要答复" in page
    refusing = {"act": "vote", "version": str(deal.version), "approves": "no", "reason": "毛利太低"}
    assert client.post(url, refusing).status_code == 409
    world.hear(deal, "head")
    assert client.post(url, refusing).status_code == 302
    assert Escalation.objects.get().outcome == "refused"


def test_a_deputy_who_decides_by_the_page_goes_back_to_his_day(world: World, at_gate: Deal) -> None:
    days: dict[str, Any] = {"first": "2026-11-23", "last": "2026-11-27", "reason": "休假"}
    record_absence(by=world.by("head"), person=world.head, deputy=world.engineer, **days)
    deal = team_votes(world, figure(world, at_gate, "15"))
    client = Client()
    client.force_login(world.login("engineer"))
    url = f"/deals/{deal.pk}/gate/"
    assert world.head.name in client.get(url).content.decode()
    done = client.post(url, {"act": "vote", "version": str(deal.version), "approves": "yes"})
    assert (done.status_code, done.headers["Location"]) == (302, "/")
    assert fresh(deal).stage.code == "MO1"


def test_by_command_a_decision_is_asked_and_decided(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")

    def run(*words: str, by: Person) -> str:
        done = CliRunner().invoke(earshot, ["--language", "en", "deals", *words, "--as", by.name])
        assert done.exit_code == 0, done.output
        return done.output

    assert world.head.name in run("ask-decision", deal.number, by=world.seller)
    assert "Decision makers" in run("decisions", deal.number, by=world.seller)
    run("withdraw-question", deal.number, "--reason", "later", by=world.seller)
    run("ask-decision", deal.number, by=world.seller)
    assert "Approved" in run("decide", deal.number, "--yes", by=world.head)
    assert Escalation.objects.order_by("-at", "-pk")[0].outcome == "approved"


def test_above_every_mandate_no_door_approves_it_by_a_vote(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "5")
    ask_for_decision(by=world.by("seller"), deal=deal, version=deal.version)
    one = escalations.beyond(fresh(deal))
    assert one is not None
    assert one.person is not None
    caller = Caller(one.person)
    tried = caller.post(f"/deals/{deal.pk}/escalations/decisions", {"approves": True}, if_match=f'"{deal.version}"')
    assert tried.data["code"] == "escalation.beyond"
    key = next(key for key, person in world.people.items() if person == one.person)
    client = Client()
    client.force_login(world.login(key))
    url = f"/deals/{deal.pk}/gate/"
    assert client.post(url, {"act": "refuse", "version": str(deal.version), "reason": " "}).status_code == 422
    assert client.post(url, {"act": "refuse", "version": str(deal.version), "reason": "不做亏本生意"}).status_code == 302
    assert Escalation.objects.get().words == "不做亏本生意"


def test_alarms_of_a_decision_name_no_deal_to_whoever_does_not_see_it(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    with later(days=9):
        sweep()
        for line in day(world.operations, "alarm"):
            assert deal.title not in f"{line.scope.label} {line.detail} {spoken(line.sentence)}"
        assert day(world.operations, "alarm")


# The check of a playbook.


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        pytest.param(
            [MAKERS | {"within": "offer.gross_margin >= 40.0"}, TEAM | {"role": "AR"}],
            "asked of the deal's own owner",
            marks=pytest.mark.req("B12.4a", breaks="earshot.playbooks.parts.authority.asks_itself"),
        ),
        ([TEAM, MAKERS | {"role": "SDX"}], "no role has the code “SDX”"),
    ],
)
def test_a_mandate_that_covers_itself_is_refused_with_its_line(
    world: World, tmp_path: Path, rows: list[dict[str, Any]], sentence: str
) -> None:
    found = packs.check(Sources.of_folder(changed_pack(tmp_path / "pack", with_mandates(*rows))), known())
    lines = [one for one in found if sentence in spoken(one.as_line().sentence)]
    assert [(one.file, one.line is not None) for one in lines] == [("process.yaml", True)]


def test_a_mandate_outside_the_team_without_any_time_limit_is_refused(world: World, tmp_path: Path) -> None:
    def change(parts: dict[str, Any]) -> None:
        with_mandates(TEAM, MAKERS)(parts)
        parts["service_levels"]["levels"] = [row for row in parts["service_levels"]["levels"] if row.get("serves") != "decision"]

    found = packs.check(Sources.of_folder(changed_pack(tmp_path / "pack", change)), known())
    assert [one.place for one in found if "no service level serves decisions" in spoken(one.as_line().sentence)] == ["mandates/makers"]


def test_a_mandate_whose_role_nobody_holds_is_worth_knowing(world: World, tmp_path: Path) -> None:
    folder = changed_pack(tmp_path / "pack", with_mandates(TEAM, MAKERS))
    for post in Post.objects.filter(role="SDT", until__isnull=True):
        end_post(by=world.by("administrator"), post=post, reason="改组")
    assert packs.check(Sources.of_folder(folder), known()) == []
    shown = packs.look(Sources.of_folder(folder), known()).warnings
    assert [one.place for one in shown if "nobody of the company holds" in spoken(one.as_line().sentence)] == ["mandates/makers/role"]


def test_whoever_holds_the_role_no_more_is_asked_no_more(world: World, at_gate: Deal) -> None:
    deal = team_votes(world, figure(world, at_gate, "15"))
    end_post(by=world.by("administrator"), post=Post.objects.get(person=world.head, role="SDT"), reason="改组")
    one = asked(deal)
    assert one is not None
    assert (one.as_head, one.person == world.head) == (True, False)


def test_whoever_leaves_the_company_is_asked_no_more(world: World, at_gate: Deal) -> None:
    give_post(by=world.by("administrator"), person=world.colleague, unit=world.units["key-accounts"], role="SDT", answerable=True)
    deal = team_votes(world, figure(world, at_gate, "15"))
    assert whom(deal) == world.colleague
    leave(by=world.by("administrator"), person=world.colleague, reason="离职", to_head=True)
    assert whom(deal) == world.head
    assert standing.differences() == {}


def test_nobody_decides_from_outside_on_a_deal_that_became_his_or_her_own(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    vote(by=world.by("delivery"), deal=deal, approves=True)
    ask_for_decision(by=world.by("seller"), deal=fresh(deal), version=fresh(deal).version)
    before = queries.asked_now(fresh(deal))
    assert before is not None
    assert before.person == world.head
    hand_deal(by=world.by("seller"), deal=fresh(deal), to=world.head, reason="大客户归他")
    after = queries.asked_now(fresh(deal))
    assert after is None or after.person != world.head
    with pytest.raises(Refusal):
        decide(by=world.by("head"), deal=fresh(deal), approves=True)
    assert fresh(deal).stage == at_gate.stage


def test_a_part_that_closes_takes_the_question_of_both_along(world: World, tmp_path: Path) -> None:
    small = {"code": "team", "zh": "作战单元", "en": "The team", "role": "FR", "gate": "ATC", "within": "deal.amount < 500000.0"}
    big = {"code": "big", "zh": "大单", "en": "Big", "role": "SDT", "gate": "ATC", "within": "deal.amount < 50000000.0"}
    put_in_force(changed_pack(tmp_path / "pack", with_mandates(small, big)))
    deal = world.deal()
    seat = Seat.objects.get(team=deal.team_id, role="FR")
    accept_seat(by=world.by("delivery"), membership=nominate(by=world.by("seller"), seat=seat, person=world.delivery))
    deal = fresh(deal)
    part = split_deal(
        by=world.by("seller"), deal=deal, version=deal.version, title="十站", goal="十站开通", due="2040-06-30", amount="100000"
    )
    for key in ("seller", "delivery"):
        vote(by=world.by(key), deal=part, approves=True)
    assert Escalation.objects.filter(visit__deal=part, ended_at__isnull=True).exists()
    deal = fresh(deal)
    lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="客户不买了", code="lost-no-buy")
    assert not Escalation.objects.filter(visit__deal=part, ended_at__isnull=True).exists()
    assert not [line for line in my_day(Person.objects.get(pk=world.head.pk)) if line.cause == "decision"]
    vote(by=world.by("delivery"), deal=fresh(part), approves=True)
    vote(by=world.by("seller"), deal=fresh(part), approves=True)
    assert fresh(part).stage != part.stage, "what is left is within the mandate of the team"
