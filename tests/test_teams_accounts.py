"""Teams and accounts: seats, nominations that each person answers for him- or herself; customers and the people there."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from earshot.accounts.actions import add_contact, open_account
from earshot.accounts.models import Contact
from earshot.deals import queries as deals
from earshot.deals.models import Deal
from earshot.desk.queries import my_day
from earshot.kit import now, uuid7
from earshot.kit.problems import Refusal
from earshot.people.models import Person
from earshot.teams.actions import accept_seat, decline_seat, nominate, release_seat
from earshot.teams.models import Acceptance, Membership, Seat
from earshot.teams.queries import earlier_members, nominations_of, seats, sitting
from earshot.voice.models import Ear
from worlds import World, changed_tables, snapshot


def chair(world: World, role: str = "SR") -> Seat:
    return Seat.objects.get(team=world.deal().team, role=role)


def test_an_empty_chair_says_who_is_wanted_and_why_in_both_languages(world: World) -> None:
    from django.utils.translation import override

    deal = world.deal()
    with override("en"):
        english = seats(deal.team_id)
    with override("zh-hans"):
        chinese = seats(deal.team_id)
    assert [read.seat.leader for read in english] == [True, False, False]
    assert english[0].accepted
    assert [read.membership for read in english[1:]] == [None, None]
    assert "The solution must answer the customer's own words" in [read.why for read in english]
    assert "方案要对得上客户的原话" in [read.why for read in chinese]


def test_a_nomination_counts_for_nothing_until_the_person_accepts_it(world: World) -> None:
    seat = chair(world)
    membership = nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    assert list(sitting(seat.team_id, "SR")) == []
    assert list(nominations_of(world.engineer)) == [membership]
    accept_seat(by=world.by("engineer"), membership=membership)
    assert list(sitting(seat.team_id, "SR")) == [world.engineer]
    assert list(nominations_of(world.engineer)) == []


@pytest.mark.req("law 13")
@pytest.mark.parametrize("key", ["seller", "head", "engineer_head", "engineer_two"])
def test_nobody_accepts_or_declines_for_another(world: World, key: str) -> None:
    membership = nominate(by=world.by("seller"), seat=chair(world), person=world.engineer)
    before = snapshot()
    for act in (
        lambda: accept_seat(by=world.by(key), membership=membership),
        lambda: decline_seat(by=world.by(key), membership=membership, reason="x"),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == "team.not_yours"
    assert changed_tables(before, snapshot()) == set()


def test_accepting_twice_is_accepting_once(world: World) -> None:
    membership = nominate(by=world.by("seller"), seat=chair(world), person=world.engineer)
    first = accept_seat(by=world.by("engineer"), membership=membership)
    before = snapshot()
    assert accept_seat(by=world.by("engineer"), membership=membership) == first
    assert changed_tables(before, snapshot()) == set()
    assert Acceptance.objects.filter(membership=membership).count() == 1


def test_declining_needs_a_reason_and_leaves_an_empty_chair(world: World) -> None:
    seat = chair(world)
    membership = nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    with pytest.raises(Refusal) as refused:
        decline_seat(by=world.by("engineer"), membership=membership, reason=" ")
    assert set(refused.value.fields) == {"reason"}
    decline_seat(by=world.by("engineer"), membership=membership, reason="已有两个项目")
    with pytest.raises(Refusal) as refused:
        accept_seat(by=world.by("engineer"), membership=membership)
    assert refused.value.code == "team.ended"
    nominate(by=world.by("seller"), seat=seat, person=world.engineer_two)


def seated(world: World, deal: Deal, key: str, role: str = "SR") -> Membership:
    """`key` sits on the deal's team in that role."""
    membership = nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role=role), person=world.people[key])
    accept_seat(by=world.by(key), membership=membership)
    return membership


def leading(deal: Deal) -> Membership:
    return Membership.objects.get(seat__team=deal.team, seat__leader=True, ended_at__isnull=True)


def leaderless(world: World, key: str) -> list[Any]:
    return [line.target.id for line in my_day(world.people[key]) if line.cause == "no_leader"]


def test_who_has_accepted_declines_no_more_but_gives_the_seat_back_with_a_reason(world: World) -> None:
    deal = world.deal()
    membership = seated(world, deal, "engineer")
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        decline_seat(by=world.by("engineer"), membership=membership, reason="doch nicht")
    assert refused.value.code == "team.accepted"
    with pytest.raises(Refusal) as refused:
        release_seat(by=world.by("engineer"), membership=membership, reason=" ")
    assert set(refused.value.fields) == {"reason"}
    assert changed_tables(before, snapshot()) == set()
    release_seat(by=world.by("engineer"), membership=membership, reason="换岗")
    assert list(sitting(deal.team_id, "SR")) == []
    assert [(row.person, row.end_reason) for row in earlier_members(deal.team_id)] == [(world.engineer, "换岗")]
    with pytest.raises(Refusal) as refused:
        release_seat(by=world.by("engineer"), membership=membership, reason="again")
    assert refused.value.code == "team.ended"


def test_who_is_only_asked_declines_and_has_no_seat_to_give_back(world: World) -> None:
    membership = nominate(by=world.by("seller"), seat=chair(world), person=world.engineer)
    with pytest.raises(Refusal) as refused:
        release_seat(by=world.by("engineer"), membership=membership, reason="x")
    assert refused.value.code == "team.not_accepted"


@pytest.mark.parametrize("key", ["seller", "sales_head", "head"])
def test_the_leader_or_a_head_replaces_a_member_in_one_act(world: World, key: str) -> None:
    deal = world.deal()
    membership = seated(world, deal, "engineer")
    fresh = release_seat(by=world.by(key), membership=membership, reason="另有安排", to=world.engineer_two)
    assert fresh is not None
    assert list(sitting(deal.team_id, "SR")) == []
    assert list(nominations_of(world.engineer_two)) == [fresh]
    assert not deals.visible_to(world.engineer).filter(pk=deal.pk).exists()
    assert deals.visible_to(world.engineer_two).filter(pk=deal.pk).exists()


@pytest.mark.parametrize("key", ["colleague", "engineer_two", "engineer_head", "operations", "delivery"])
def test_nobody_else_frees_a_seat_and_a_member_names_no_successor(world: World, key: str) -> None:
    deal = world.deal()
    membership = seated(world, deal, "engineer")
    seated(world, deal, "delivery", "FR")
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        release_seat(by=world.by(key), membership=membership, reason="x")
    assert refused.value.status == 403
    with pytest.raises(Refusal) as refused:
        release_seat(by=world.by("engineer"), membership=membership, reason="x", to=world.engineer_two)
    assert refused.value.status == 403
    assert changed_tables(before, snapshot()) == set()


def test_a_successor_who_cannot_sit_there_keeps_the_seat_as_it_is(world: World) -> None:
    deal = world.deal()
    membership = seated(world, deal, "engineer")
    before = snapshot()
    for person in (world.delivery, world.engineer):
        with pytest.raises(Refusal) as refused:
            release_seat(by=world.by("seller"), membership=membership, reason="x", to=person)
        assert set(refused.value.fields) == {"person"}
    assert changed_tables(before, snapshot()) == set()


def test_an_empty_leading_seat_stands_on_the_day_of_the_deals_owner_until_somebody_is_named(world: World) -> None:
    deal = world.deal()
    assert leaderless(world, "seller") == []
    release_seat(by=world.by("seller"), membership=leading(deal), reason="休假")
    assert leaderless(world, "seller") == [deal.pk]
    assert [leaderless(world, key) for key in ("sales_head", "head", "engineer", "colleague")] == [[], [], [], []]
    seat = Seat.objects.get(team=deal.team, leader=True)
    membership = nominate(by=world.by("seller"), seat=seat, person=world.colleague)
    assert leaderless(world, "seller") == []
    decline_seat(by=world.by("colleague"), membership=membership, reason="不熟")
    assert leaderless(world, "seller") == [deal.pk]
    Person.objects.filter(pk=world.seller.pk).update(left_at=now())
    assert deal.pk in leaderless(world, "sales_head")
    assert deal.pk not in leaderless(world, "head")


def test_the_day_of_a_head_asks_for_the_heads_of_many_leaderless_deals_at_once(world: World) -> None:
    def left_alone(number: int) -> None:
        deal = world.deal(f"无主 {number}")
        release_seat(by=world.by("seller"), membership=leading(deal), reason="休假")

    left_alone(0)
    Person.objects.filter(pk=world.seller.pk).update(left_at=now())
    deals.leaderless(world.sales_head)  # what a process keeps is kept
    with CaptureQueriesContext(connection) as of_one:
        before = len(deals.leaderless(world.sales_head))
    Person.objects.filter(pk=world.seller.pk).update(left_at=None)
    for number in range(1, 6):
        left_alone(number)
    Person.objects.filter(pk=world.seller.pk).update(left_at=now())
    with CaptureQueriesContext(connection) as of_many:
        assert len(deals.leaderless(world.sales_head)) == before + 5
    assert len(of_many) == len(of_one)


def test_a_leader_hands_over_in_one_act_and_leads_no_more(world: World) -> None:
    deal = world.deal(owner="seller")
    fresh = release_seat(by=world.by("seller"), membership=leading(deal), reason="休假", to=world.colleague)
    assert fresh is not None
    assert leaderless(world, "seller") == []
    with pytest.raises(Refusal):  # asked, has not accepted: does not lead yet
        nominate(by=world.by("colleague"), seat=Seat.objects.get(team=deal.team, role="SR"), person=world.engineer)
    accept_seat(by=world.by("colleague"), membership=fresh)
    nominate(by=world.by("colleague"), seat=Seat.objects.get(team=deal.team, role="SR"), person=world.engineer)


def test_a_leader_who_has_left_the_company_leads_nobody(world: World) -> None:
    deal = world.deal()
    fresh = release_seat(by=world.by("seller"), membership=leading(deal), reason="休假", to=world.colleague)
    assert fresh is not None
    accept_seat(by=world.by("colleague"), membership=fresh)
    Person.objects.filter(pk=world.colleague.pk).update(left_at=now())
    assert leaderless(world, "seller") == [deal.pk]
    release_seat(by=world.by("seller"), membership=fresh, reason="离职", to=world.seller)
    assert leaderless(world, "seller") == []


def test_the_vote_of_somebody_who_left_the_seat_counts_no_more(world: World) -> None:
    deal = world.ready_deal()
    membership = seated(world, deal, "engineer")
    assert list(deals.voters(deal, "SR")) == [world.engineer]
    release_seat(by=world.by("engineer"), membership=membership, reason="换岗")
    assert list(deals.voters(deal, "SR")) == []


def test_only_the_leader_of_the_team_or_a_head_above_it_nominates(world: World) -> None:
    seat = chair(world)
    for key in ("engineer", "colleague", "stranger", "engineer_head", "operations"):
        with pytest.raises(Refusal) as refused:
            nominate(by=world.by(key), seat=seat, person=world.engineer)
        assert refused.value.status == 403
    nominate(by=world.by("sales_head"), seat=seat, person=world.engineer)


def test_a_seat_that_is_taken_says_by_whom(world: World) -> None:
    seat = chair(world)
    nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    with pytest.raises(Refusal) as refused:
        nominate(by=world.by("seller"), seat=seat, person=world.engineer_two)
    assert world.engineer.name in str(refused.value)


def test_who_has_left_is_not_nominated(world: World) -> None:
    Person.objects.filter(pk=world.engineer.pk).update(left_at=now())
    with pytest.raises(Refusal):
        nominate(by=world.by("seller"), seat=chair(world), person=Person.objects.get(pk=world.engineer.pk))


def test_who_sits_on_the_team_hears_for_the_role(world: World) -> None:
    deal = world.deal()
    membership = nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role="SR"), person=world.engineer_two)
    accept_seat(by=world.by("engineer_two"), membership=membership)
    world.words(deal)
    assert Ear.objects.get(item__deal=deal, role="SR", ended_at__isnull=True).person == world.engineer_two


def test_the_database_keeps_one_leading_seat_and_one_person_per_seat(world: World) -> None:
    seat = chair(world)
    nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    for attempt in (
        lambda: Seat.objects.create(team=seat.team, role="x", leader=True, why_zh="x", why_en="x"),
        lambda: Membership.objects.create(seat=seat, person=world.engineer_two, nominated_at=now()),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


# Accounts.


def test_an_account_has_one_named_owner_and_the_owners_unit(world: World) -> None:
    account = open_account(by=world.by("stranger"), name="  西南矿业 ", owner=world.stranger, sector="矿业")
    assert (account.name, account.owner, account.unit) == ("西南矿业", world.stranger, world.units["branch"])
    assert account.number.startswith("A-2026-")


def test_an_account_without_a_name_or_a_unit_is_refused_beside_its_field(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        open_account(by=world.by("seller"), name=" ", owner=world.seller)
    assert set(refused.value.fields) == {"name"}
    Person.objects.filter(pk=world.seller.pk).update(unit=None)
    with pytest.raises(Refusal) as refused:
        open_account(by=world.by("seller"), name="x", owner=Person.objects.get(pk=world.seller.pk))
    assert set(refused.value.fields) == {"unit"}


def test_the_same_id_sent_again_gives_the_first_account_back(world: World) -> None:
    account_id = uuid7()
    first = open_account(by=world.by("seller"), name="x", owner=world.seller, id=account_id)
    before = snapshot()
    assert open_account(by=world.by("seller"), name="y", owner=world.seller, id=account_id) == first
    assert changed_tables(before, snapshot()) == set()


def test_a_contact_named_again_is_the_one_that_is_known(world: World) -> None:
    account = world.accounts["sudatel"]
    one = add_contact(by=world.by("seller"), account=account, name=" Amal ", title="CFO")
    assert add_contact(by=world.by("seller"), account=account, name="Amal", title="CFO") == one
    assert add_contact(by=world.by("seller"), account=account, name="Amal", title="CTO") != one
    assert Contact.objects.filter(account=account, name="Amal").count() == 2
