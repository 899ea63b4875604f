"""Succession: nothing that is open is lost when somebody hands over or leaves (A15.2b)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Q
from django.test import Client

from earshot.accounts.models import Account
from earshot.calls.queries import open_calls
from earshot.deals import next_steps
from earshot.deals.actions import set_next_step
from earshot.deals.models import Deal
from earshot.deals.queries import today
from earshot.desk.queries import my_day
from earshot.desk.saved import save_view
from earshot.desk.succession import owed_as_seen
from earshot.journal.models import Entry
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.people.absences import record_absence
from earshot.people.actions import make_token
from earshot.people.models import Absence, Grant, Login, Person, Post, Token
from earshot.people.queries import by_token, head_at_or_above
from earshot.people.registry import HOLDINGS
from earshot.people.succession import hand_over, leave, owed
from earshot.talk.actions.messages import post_message
from earshot.talk.queries.messages import waiting_for
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Membership, Seat
from earshot.voice.models import Ear
from earshot.voice.queries import ears_waiting_for
from worlds import World, changed_tables, said, snapshot


def kinds(person: Person) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in owed(person):
        found[one.holding] = found.get(one.holding, 0) + 1
    return found


def all_of(person: Person, holding: str) -> list[tuple[str, UUID]]:
    return [(one.holding, one.id) for one in owed(person) if one.holding == holding]


@pytest.fixture
def busy(world: World) -> Deal:
    """The seller owns a deal with words, the process has called, the engineer sits on the team and is asked something."""
    deal = world.moved_deal()
    seat = Seat.objects.get(team=deal.team, role="SR")
    accept_seat(by=world.by("engineer"), membership=nominate(by=world.by("seller"), seat=seat, person=world.engineer))
    post_message(by=world.by("seller"), about=deal, text="什么时候?", to=[world.engineer], asks="answer")
    post_message(by=world.by("engineer"), about=deal, text="预算多少?", to=[world.seller], asks="answer")
    return deal


def test_everything_open_that_is_somebodys_is_listed(world: World, busy: Deal) -> None:
    assert {"accounts", "deals", "messages"} <= set(kinds(world.seller))
    assert {"seats", "calls", "ears", "messages"} <= set(kinds(world.engineer))
    assert kinds(world.head)["units"] >= 1


@pytest.mark.req("A15.2b", breaks="earshot.people.succession.owed")
def test_nobody_leaves_while_something_is_owed_and_nobody_takes_it_over(world: World, busy: Deal) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        leave(by=world.by("head"), person=world.seller, reason="离职")
    assert refused.value.code == "person.owes"
    assert changed_tables(before, snapshot()) == set()
    assert busy.title not in said(refused.value)  # counted, not named: not all of it is for whoever asks to see


@pytest.mark.req("A15.2b")
@pytest.mark.req("law 10")
def test_who_leaves_with_a_successor_leaves_nothing_behind(world: World, busy: Deal) -> None:
    accounts = list(Account.objects.filter(owner=world.seller))
    token, key = make_token(by=world.by("seller"), person=world.seller, name="x")
    leave(by=world.by("head"), person=world.seller, reason="离职", to=world.colleague)
    assert owed(Person.objects.get(pk=world.seller.pk)) == []
    assert set(Account.objects.filter(pk__in=[one.pk for one in accounts]).values_list("owner", flat=True)) == {world.colleague.pk}
    busy.refresh_from_db()
    assert busy.owner == world.colleague
    leading = Membership.objects.get(seat__team=busy.team, seat__leader=True, ended_at__isnull=True)
    assert leading.person == world.colleague
    assert not ears_waiting_for(world.seller).exists()
    assert not open_calls().filter(accountable=world.seller).exists()
    assert [one.message.text for one in waiting_for(world.colleague)] == ["预算多少?"]
    assert Person.objects.get(pk=world.seller.pk).left_at is not None
    assert not Login.objects.get(person=world.seller).is_active
    assert by_token(Token.objects.get(pk=token.pk).digest) is None
    assert key
    for live in (Post, Grant):
        assert not live.objects.filter(person=world.seller, until__isnull=True).exists()
    entry = Entry.objects.get(verb="people.left_with_heir")
    handed = Entry.objects.filter(verb__in=["accounts.account_handed", "deals.deal_handed"])
    assert handed.count() > 1
    assert set(handed.values_list("cause", flat=True)) == {entry.pk}
    assert standing.differences() == {}


@pytest.mark.req("A15.2b")
def test_what_a_role_owed_goes_to_who_holds_it_where_the_successor_is_not_qualified(world: World, busy: Deal) -> None:
    call = world.calls(busy)[0]
    leave(by=world.by("administrator"), person=world.engineer, reason="离职", to=world.colleague)
    call.refresh_from_db()
    assert call.accountable_id != world.engineer.pk
    assert call.accountable.left_at is None
    doing = call.assignments.get(ended_at__isnull=True)
    assert doing.person_id != world.engineer.pk
    assert owed(Person.objects.get(pk=world.engineer.pk)) == []
    # Every statement that had to be heard still has a live ear for each role.
    assert Ear.objects.filter(item__deal=busy, ended_at__isnull=True, person=world.engineer).count() == 0


def test_singly_to_several_and_a_successor_who_is_not_qualified_is_refused_by_name(world: World, busy: Deal) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        hand_over(by=world.by("engineer"), person=world.engineer, to=world.colleague, reason="休假", what=all_of(world.engineer, "calls"))
    assert set(refused.value.fields) == {"to"}
    assert changed_tables(before, snapshot()) == set()
    hand_over(by=world.by("engineer"), person=world.engineer, to=world.engineer_two, reason="休假", what=all_of(world.engineer, "calls"))
    assert "calls" not in kinds(world.engineer)
    assert "calls" in kinds(world.engineer_two)
    hand_over(by=world.by("engineer"), person=world.engineer, to=world.engineer_two, reason="休假", what=all_of(world.engineer, "seats"))
    asked = Membership.objects.get(seat__team=busy.team, seat__role="SR", ended_at__isnull=True)
    assert asked.person == world.engineer_two
    assert not hasattr(asked, "acceptance")  # nobody accepts for another
    assert "ears" in kinds(world.engineer) or kinds(world.engineer_two)["ears"]
    with pytest.raises(Refusal) as refused:
        hand_over(by=world.by("engineer"), person=world.engineer, to=world.engineer_two, reason="休假", what=[("calls", busy.pk)])
    assert refused.value.code == "person.nothing_owed"


def test_by_decision_it_goes_to_the_next_head(world: World, busy: Deal) -> None:
    assert world.seller.unit is not None
    leave(by=world.by("administrator"), person=world.seller, reason="离职", to_head=True)
    busy.refresh_from_db()
    assert busy.owner == head_at_or_above(world.seller.unit)
    assert Entry.objects.get(verb="people.left_with_heir").data["to_head"] is True


def test_who_owes_nothing_simply_leaves_and_a_second_time_it_is_said(world: World) -> None:
    leave(by=world.by("administrator"), person=world.colleague, reason="离职", to=world.head)
    with pytest.raises(Refusal) as refused:
        leave(by=world.by("administrator"), person=world.colleague, reason="离职")
    assert refused.value.code == "person.left"


@pytest.mark.parametrize("key", ["colleague", "stranger", "engineer", "operations"])
def test_only_oneself_a_head_above_and_who_administers_hand_over(world: World, busy: Deal, key: str) -> None:
    with pytest.raises(Refusal) as refused:
        hand_over(by=world.by(key), person=world.seller, to=world.colleague, reason="x")
    assert refused.value.status == 403
    with pytest.raises(Refusal) as refused:
        leave(by=world.by("seller"), person=world.seller, reason="x", to=world.colleague)
    assert refused.value.code == "person.leaves_alone"


def test_the_last_who_administers_does_not_leave(world: World) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        leave(by=world.by("head"), person=world.administrator, reason="离职", to=world.colleague)
    assert refused.value.status in (403, 409)
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.parametrize(("to", "reason"), [("seller", "x"), ("", "x"), ("colleague", " ")])
def test_bad_input_hands_over_nothing(world: World, busy: Deal, to: str, reason: str) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        hand_over(by=world.by("head"), person=world.seller, to=world.people[to] if to else None, reason=reason)
    assert set(refused.value.fields) <= {"to", "reason"}
    assert refused.value.fields
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("law 13")
def test_whoever_hands_over_reads_no_more_than_is_his_or_hers_to_see(world: World, busy: Deal) -> None:
    seen: list[Any] = owed_as_seen(world.administrator, world.seller)
    deals = [one for one in seen if one.holding == "deals"]
    assert deals
    assert all(one.label == "" and one.about is None for one in deals)
    client = Client()
    client.force_login(world.login("administrator"))
    page = client.get(f"/people/{world.seller.pk}/hand-over/").content.decode()
    assert busy.title not in page
    assert "预算多少" not in page
    client.force_login(world.login("head"))
    assert busy.title in client.get(f"/people/{world.seller.pk}/hand-over/").content.decode()


def test_on_the_page_some_of_it_is_handed_over_and_what_was_typed_is_kept(world: World, busy: Deal) -> None:
    client = Client()
    client.force_login(world.login("seller"))
    url = f"/people/{world.seller.pk}/hand-over/"
    one = f"deals:{busy.pk}"
    wrong = client.post(url, {"act": "hand", "what": [one], "to": "", "reason": "调往西北区分公司"})
    assert wrong.status_code == 422
    assert "调往西北区分公司" in wrong.content.decode()
    assert client.post(url, {"act": "hand", "what": [one], "to": str(world.colleague.pk), "reason": "调岗"}).status_code == 302
    busy.refresh_from_db()
    assert busy.owner == world.colleague
    assert any(line.cause for line in my_day(world.colleague))
    rest = {"act": "hand", "everything": "1", "to": str(world.colleague.pk), "reason": "调岗"}
    assert client.post(url, rest).status_code == 302
    assert owed(world.seller) == []


def day_in(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


@pytest.mark.req("A15.2b")
def test_next_steps_shared_views_and_whom_one_stands_in_for_are_handed_over_too(world: World, busy: Deal) -> None:
    busy.refresh_from_db()
    step = {"what": "报价", "due": day_in(3), "doer": world.seller}
    set_next_step(by=world.by("seller"), deal=busy, version=busy.version, **step)
    view, own = (save_view(by=world.by("seller"), name=name, asked={"mine": "1"}, shared=name == "大单") for name in ("大单", "自用"))
    save_view(by=world.by("colleague"), name="大单", asked={})
    stands_in = {"person": world.engineer, "first": day_in(1), "last": day_in(5), "deputy": world.seller, "reason": "年假"}
    absence = record_absence(by=world.by("engineer"), **stands_in)
    assert {"steps", "views", "deputy"} <= set(kinds(world.seller))
    before = snapshot()
    with pytest.raises(Refusal) as refused:  # who has no part in the deal cannot do its next step
        hand_over(by=world.by("seller"), person=world.seller, to=world.stranger, reason="调岗", what=all_of(world.seller, "steps"))
    assert set(refused.value.fields) == {"doer"}
    with pytest.raises(Refusal) as refused:  # nobody stands in for him- or herself
        hand_over(by=world.by("seller"), person=world.seller, to=world.engineer, reason="调岗", what=all_of(world.seller, "deputy"))
    assert set(refused.value.fields) == {"deputy"}
    assert changed_tables(before, snapshot()) == set()
    hand_over(by=world.by("seller"), person=world.seller, to=world.colleague, reason="调岗")
    assert owed(world.seller) == []
    said_now = next_steps.said(busy.pk)[0]
    assert (said_now.what, said_now.doer, said_now.person) == ("报价", world.colleague, world.seller)
    view.refresh_from_db()
    assert (view.owner, view.name, view.shared_at is not None) == (world.colleague, f"大单 ({world.seller.name})", True)
    own.refresh_from_db()
    assert own.owner == world.seller
    absence.refresh_from_db()
    assert absence.deputy == world.colleague


@pytest.mark.req("A15.2b", breaks="earshot.people.succession.owed")
def test_nothing_open_is_left_on_a_person_who_has_left(world: World, busy: Deal) -> None:
    busy.refresh_from_db()
    set_next_step(by=world.by("seller"), deal=busy, version=busy.version, what="报价", due=day_in(3), doer=world.seller)
    save_view(by=world.by("seller"), name="大单", asked={"mine": "1"}, shared=True)
    for away, deputy in (("colleague", "seller"), ("seller", "engineer")):
        dates = {"first": day_in(20 if away == "seller" else 1), "last": day_in(25 if away == "seller" else 5)}
        record_absence(by=world.by(away), person=world.people[away], deputy=world.people[deputy], reason="年假", **dates)
    assert len(owed(world.seller)) > 4
    leave(by=world.by("head"), person=world.seller, reason="离职", to=world.colleague)
    gone = Person.objects.get(pk=world.seller.pk)
    assert [holding for holding in HOLDINGS if HOLDINGS[holding].held(gone)] == []
    # The successor is the one who was away: nobody stands in for him- or herself, so that absence ended, and so did the leaver's own.
    assert not Absence.objects.filter(Q(person=gone) | Q(deputy=gone), ended_at__isnull=True).exists()
    assert next_steps.said(busy.pk)[0].doer == world.colleague
    assert standing.differences() == {}
