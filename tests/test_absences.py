"""Absence and deputies: who decides while somebody is away, what the deputy sees of it, and what nobody can enter."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction
from django.test import Client

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import gates
from earshot.deals import queries as deals
from earshot.deals.actions import vote, withdraw_vote
from earshot.deals.models import Deal, GatePass, Vote
from earshot.desk.finding import find
from earshot.desk.queries import my_day
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people import absences, standing
from earshot.people.absences import end_absence, keep_time, record_absence
from earshot.people.actions import give_post
from earshot.people.models import Absence, Person
from earshot.people.models import Standing as Held
from earshot.people.queries import head_at_or_above
from test_decisions import figure, fresh, review, told, with_mandates
from test_together import together
from worlds import World, changed_pack, later, put_in_force, said, snapshot, spoken

TODAY = date(2026, 11, 23)  # a Monday


def away(world: World, key: str, deputy: str, *, first: date = TODAY, days: int = 5, by: str | None = None) -> Absence:
    given: dict[str, Any] = {"first": first, "last": first + timedelta(days=days - 1), "reason": "休假"}
    return record_absence(by=world.by(by or key), person=world.people[key], deputy=world.people[deputy], **given)


def sees(world: World, key: str, deal: Deal) -> bool:
    try:
        find(world.people[key], "deal", deal.pk)
    except Refusal:
        return False
    return True


def asked(world: World, key: str, deal: Deal) -> bool:
    return any(line.cause == "vote" and line.target.id == deal.pk for line in my_day(Person.objects.get(pk=world.people[key].pk)))


@pytest.fixture
def at_gate(world: World, tmp_path: Path) -> Deal:
    """A deal before a gate without mandates: only the votes of the owner, of delivery and of the head's role are wanting."""
    put_in_force(changed_pack(tmp_path / "pack", with_mandates()))
    return fresh(world.deal())


# Entering.


@pytest.mark.parametrize("key", ["engineer", "delivery", "colleague", "stranger", "operations"])
def test_only_oneself_a_head_above_and_who_administers_enter_an_absence(world: World, key: str) -> None:
    with pytest.raises(Refusal) as refused:
        away(world, "seller", "delivery", by=key)
    assert refused.value.code == "absence.not_yours"
    assert not Absence.objects.exists()


@pytest.mark.parametrize("key", ["seller", "head", "administrator"])
def test_one_enters_it_oneself_or_a_head_or_an_administrator_does(world: World, key: str) -> None:
    row = away(world, "seller", "delivery", by=key)
    assert (row.entered_by, row.begun_at) == (world.people[key], now())


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"first": "2026-11-22"}, "first", "passed"),
        ({"first": "soon"}, "first", "such as 2026-12-31"),
        ({"last": "2026-11-22"}, "last", "passed"),
        ({"first": "2026-11-30", "last": "2026-11-25"}, "last", "before the first"),
        ({"last": "2028-01-01"}, "last", "At most 366 days"),
        ({"deputy": None}, "deputy", "Choose who decides"),
        ({"reason": " "}, "reason", "fill this in"),
        ({"reason": "x" * 301}, "reason", "At most 300"),
        ({"reason": "a\x00b"}, "reason", "cannot be stored"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(world: World, given: dict[str, Any], field: str, sentence: str) -> None:
    before = snapshot()
    usual: dict[str, Any] = {"first": TODAY, "last": "2026-11-27", "deputy": world.delivery, "reason": "休假"}
    with pytest.raises(Refusal) as refused:
        record_absence(by=world.by("head"), person=world.head, **(usual | given))
    assert list(refused.value.fields) == [field]
    assert sentence in spoken(refused.value.fields[field])
    assert snapshot() == before


@pytest.mark.req("B9.1a")
def test_nobody_is_his_own_deputy(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        away(world, "head", "head")
    assert "his or her own deputy" in said(refused.value)
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.create(person=world.head, deputy=world.head, first=TODAY, last=TODAY, reason="x", entered_at=now())


def test_two_absences_never_share_a_day(world: World) -> None:
    away(world, "head", "delivery", days=5)
    for first, days in ((TODAY, 1), (TODAY + timedelta(days=4), 3)):
        with pytest.raises(Refusal) as refused:
            away(world, "head", "engineer", first=first, days=days)
        assert "2026-11-23 to 2026-11-27 already" in said(refused.value)
    away(world, "head", "engineer", first=TODAY + timedelta(days=5), days=2)
    assert Absence.objects.filter(person=world.head).count() == 2


def test_a_deputy_who_is_away_himself_is_refused_with_his_days(world: World) -> None:
    away(world, "delivery", "engineer", first=TODAY + timedelta(days=3), days=1)
    with pytest.raises(Refusal) as refused:
        away(world, "head", "delivery", days=5)
    assert f"{world.delivery.name} is away too, from 2026-11-26 to 2026-11-26" in said(refused.value)
    away(world, "head", "delivery", days=3)


@pytest.mark.own_database
def test_two_browsers_in_the_same_second_enter_one_absence(world: World) -> None:
    def enter(deputy: str) -> Any:
        return lambda: away(world, "head", deputy)

    done = together(enter("delivery"), enter("engineer"))
    assert sum(isinstance(one, Refusal) for one in done) == 1
    assert Absence.objects.filter(person=world.head).count() == 1


# What follows.


@pytest.mark.req("B9.1a", breaks="earshot.people.absences.stand_ins")
def test_the_deputy_decides_for_whoever_is_away_and_the_record_says_for_whom(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    with pytest.raises(Refusal):
        vote(by=world.by("engineer"), deal=deal, approves=False, reason="not mine to decide")
    away(world, "head", "engineer")
    assert asked(world, "engineer", deal)
    assert deals.deciders_now(deal, "SDT").get(world.engineer) == world.head
    vote(by=world.by("engineer"), deal=deal, approves=False, reason="毛利太低")
    cast = Vote.objects.get(visit__deal=deal, replaced_at__isnull=True)
    assert (cast.person, cast.stands_for, cast.role.code) == (world.engineer, world.head, "SDT")
    [sentence] = told(deal, "deals.voted_for")
    assert sentence.startswith(f"{world.engineer.name} voted “no” for {world.head.name}")
    assert any(f"{world.engineer.name} (for {world.head.name})" in line for _met, _warns, line in review(deal)["gate.not_approved"])
    assert not asked(world, "engineer", deal)


@pytest.mark.req("B9.1a")
def test_hearing_is_the_deputys_own(world: World) -> None:
    deal = world.ready_deal()
    away(world, "head", "administrator", by="head")
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("administrator"), deal=deal, approves=True)
    assert refused.value.code == "vote.not_heard"
    world.hear(deal, "administrator")
    vote(by=world.by("administrator"), deal=deal, approves=True)
    assert GatePass.objects.filter(visit__deal=deal).exists()


def test_the_deputy_sees_the_deal_that_waits_for_the_decision_and_nothing_else_of_whom_he_stands_in_for(
    world: World, at_gate: Deal
) -> None:
    assert not sees(world, "engineer", at_gate)
    row = away(world, "head", "engineer")
    assert sees(world, "engineer", at_gate)
    assert {held.kind for held in Held.objects.filter(person=world.engineer, why="stands_in_at_gate", until__isnull=True)} == {"deal"}
    with pytest.raises(Refusal):
        find(world.engineer, "account", at_gate.account_id)  # type: ignore[arg-type]  # it has one
    end_absence(by=world.by("head"), absence=row)
    assert not sees(world, "engineer", at_gate)
    assert standing.differences() == {}


def test_a_deal_that_comes_before_the_gate_meanwhile_is_the_deputys_too_and_one_that_leaves_no_more(world: World) -> None:
    away(world, "head", "administrator")
    deal = world.ready_deal()
    assert sees(world, "administrator", deal)
    world.hear(deal, "administrator")
    vote(by=world.by("administrator"), deal=deal, approves=True)
    assert standing.differences() == {}


def test_who_may_vote_anyway_votes_once_and_not_for_another_in_the_same_role(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    give_post(by=world.by("administrator"), person=world.engineer, unit=world.head.unit, role="SDT")
    away(world, "head", "engineer")
    vote(by=world.by("engineer"), deal=deal, approves=False, reason="毛利太低")
    [cast] = Vote.objects.filter(visit__deal=deal, replaced_at__isnull=True)
    assert (cast.person, cast.stands_for) == (world.engineer, None)


def test_what_the_deputy_has_decided_stays_decided_until_the_person_decides_anew(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    row = away(world, "head", "engineer")
    vote(by=world.by("engineer"), deal=deal, approves=True)
    end_absence(by=world.by("head"), absence=row)
    assert len(review(deal)["gate.approved"]) == 1
    vote(by=world.by("head"), deal=deal, approves=False, reason="不行")
    [cast] = Vote.objects.filter(visit__deal=deal, replaced_at__isnull=True)
    assert (cast.person, cast.approves) == (world.head, False)


@pytest.mark.req("B12.4a")
def test_a_seller_who_stands_in_for_the_head_is_still_of_the_sales_side(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    away(world, "head", "seller")
    vote(by=world.by("seller"), deal=deal, approves=True)
    assert fresh(deal).stage.code == "ML"


def test_chains_of_deputies_are_not_followed_and_the_heads_are_told(world: World, at_gate: Deal) -> None:
    away(world, "delivery", "engineer")
    assert absences.stand_ins() == {world.delivery.pk: world.engineer}
    away(world, "engineer", "seller", by="administrator")
    assert absences.stand_ins() == {world.engineer.pk: world.seller}
    above = head_at_or_above(world.delivery.unit)  # type: ignore[arg-type]  # there is one
    assert above is not None
    lines = [line for line in my_day(above) if line.cause == "no_deputy"]
    assert [spoken(line.sentence).startswith(world.delivery.name) for line in lines] == [True]
    assert not any(line.cause == "no_deputy" for line in my_day(world.colleague))


def test_an_absence_begins_and_is_over_by_its_day(world: World, at_gate: Deal) -> None:
    away(world, "head", "engineer", first=TODAY + timedelta(days=1), days=1)
    assert (keep_time(), sees(world, "engineer", at_gate)) == (0, False)
    with later(days=1):
        assert (keep_time(), keep_time(), sees(world, "engineer", at_gate)) == (1, 0, True)
        assert absences.stand_ins() == {world.head.pk: world.engineer}
    with later(days=2):
        assert absences.stand_ins() == {}
        assert (keep_time(), sees(world, "engineer", at_gate)) == (1, False)
    assert [entry.verb for entry in Entry.objects.filter(verb__startswith="people.absence").order_by("seq")] == [
        "people.absence_entered",
        "people.absence_begun",
        "people.absence_ended",
    ]


def test_an_absence_is_ended_once(world: World) -> None:
    row = away(world, "head", "engineer")
    end_absence(by=world.by("administrator"), absence=row)
    with pytest.raises(Refusal) as refused:
        end_absence(by=world.by("head"), absence=row)
    assert refused.value.code == "absence.ended"


def test_a_deputy_takes_the_vote_back(world: World, at_gate: Deal) -> None:
    deal = figure(world, at_gate, "15")
    away(world, "head", "engineer")
    vote(by=world.by("engineer"), deal=deal, approves=True)
    withdraw_vote(by=world.by("engineer"), deal=deal)
    assert not Vote.objects.filter(visit__deal=deal, replaced_at__isnull=True).exists()
    assert gates.review(fresh(deal)) is not None


# Every door.


def test_by_the_api_an_absence_is_entered_listed_and_ended(world: World) -> None:
    caller = Caller(world.head)
    body = {"first": "2026-11-23", "last": "2026-11-27", "deputy": str(world.engineer.pk), "reason": "休假"}
    made = caller.post(f"/people/{world.head.pk}/absences", body)
    assert made.status == 201, made
    assert caller.post(f"/people/{world.head.pk}/absences", body).status == 422
    [row] = caller.get(f"/people/{world.head.pk}/absences")["items"]
    assert (row["deputy"]["name"], row["first"], row["last"], row["ended_at"]) == (world.engineer.name, "2026-11-23", "2026-11-27", None)
    ended = caller.post(f"/people/{world.head.pk}/absences/endings", {"absence": row["id"]})
    assert ended["ended_by"]["name"] == world.head.name
    assert Caller(world.engineer).get(f"/people/{world.head.pk}/absences").status == 404


def test_by_the_page_what_was_typed_is_kept_and_everybody_sees_who_decides_meanwhile(world: World) -> None:
    client = Client()
    client.force_login(world.login("head"))
    url = f"/people/{world.head.pk}/absences/"
    typed = {"act": "enter", "first": "2026-11-23", "last": "2026-11-20", "deputy": str(world.engineer.pk), "reason": "去喀土穆"}
    kept = client.post(url, typed)
    assert "去喀土穆" in kept.content.decode()
    assert client.post(url, typed | {"last": "2026-11-27"}).status_code == 302
    client.force_login(world.login("colleague"))
    page = client.get(f"/people/{world.head.pk}/").content.decode()
    assert world.engineer.name in page
    assert "去喀土穆" not in page
    assert client.get(url).status_code == 404


def test_by_command_an_absence_is_entered_and_ended(world: World) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(earshot, ["--language", "en", "people", *words, "--as", world.head.name])
        assert done.exit_code == 0, done.output
        return done.output

    dates = ["--from", "2026-11-23", "--to", "2026-11-27"]
    assert "decides meanwhile" in run("away", world.head.name, *dates, "--deputy", world.engineer.name, "--reason", "休假")
    assert world.engineer.name in run("absences", world.head.name)
    assert "is back" in run("back", world.head.name)
    assert absences.stand_ins() == {}
