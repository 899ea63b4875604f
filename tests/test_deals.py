"""Deals: opened, changed, taken back, lost; stale writes; the path; what is refused beside its field."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from earshot.deals import gates, queries, rules
from earshot.deals.actions import bring_in_deal, change_deal, lose_deal, move_back, move_on, open_deal, vote
from earshot.deals.models import Closing, Deal, StageVisit
from earshot.desk.queries import my_day
from earshot.journal.actors import IMPORT, Actor
from earshot.journal.models import Entry
from earshot.kit import now, uuid7
from earshot.kit.problems import Refusal
from earshot.people.models import Person
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Acceptance, Membership, Seat
from worlds import AIM, World, changed_tables, later, said, snapshot


def test_a_deal_begins_in_the_first_stage_with_a_number_a_team_and_its_owner_in_the_leading_seat(world: World) -> None:
    deal = world.deal()
    assert (deal.stage.code, deal.version, str(deal.amount)) == ("ML", 1, "2105000.00")
    assert deal.number.startswith("D-2026-")
    assert Seat.objects.filter(team=deal.team).count() == 3
    leading = Membership.objects.get(seat__team=deal.team, seat__leader=True, ended_at__isnull=True)
    assert leading.person == world.seller
    assert Acceptance.objects.filter(membership=leading).exists()


def test_a_deal_opened_for_another_waits_for_that_persons_own_acceptance(world: World) -> None:
    deal = open_deal(by=world.by("sales_head"), title="x", account=world.accounts["sudatel"], owner=world.seller, **AIM)
    assert not Acceptance.objects.filter(membership__seat__team=deal.team).exists()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("title", {"title": "  "}),
        ("title", {"title": "x" * 201}),
        ("amount", {"amount": "-1"}),
        ("amount", {"amount": "many"}),
        ("goal", {"goal": " "}),
        ("goal", {"goal": "x" * 301}),
        ("due", {"due": ""}),
        ("due", {"due": "soon"}),
        ("due", {"due": "2026-11-22"}),
        ("due", {"due": "2099-01-01"}),
        ("currency", {"currency": "BTCX"}),
        ("currency", {"currency": ""}),
    ],
)
def test_what_is_wrong_with_a_deal_is_said_beside_its_field_and_nothing_is_kept(world: World, field: str, given: dict[str, str]) -> None:
    before = snapshot()
    arguments: dict[str, Any] = {"title": "x", "account": world.accounts["sudatel"], "owner": world.seller} | AIM | given
    with pytest.raises(Refusal) as refused:
        open_deal(by=world.by("seller"), **arguments)
    assert set(refused.value.fields) == {field}
    assert changed_tables(before, snapshot()) == set()
    deal = world.deals["branches"]
    with pytest.raises(Refusal) as refused:
        change_deal(by=world.by("seller"), deal=deal, version=deal.version, **given)
    assert set(refused.value.fields) == {field}


@pytest.mark.req("A17.2c", breaks="earshot.deals.actions.opening.aim_of")
@pytest.mark.req("A17.2c", breaks="earshot.deals.actions.opening.until_of")
def test_nothing_is_begun_without_a_goal_and_a_date(world: World) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        open_deal(by=world.by("seller"), title="x", account=world.accounts["sudatel"], owner=world.seller)
    assert set(refused.value.fields) == {"goal", "due"}
    assert changed_tables(before, snapshot()) == set()


def test_the_database_holds_goal_and_date_together(world: World) -> None:
    for lacking in ({"goal": ""}, {"due": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Deal.objects.filter(pk=world.deals["branches"].pk).update(**lacking)


@pytest.mark.req("A17.2c", breaks="earshot.deals.gates.goal_and_date")
def test_a_deal_that_came_without_a_goal_and_a_date_passes_no_gate_until_it_has_both(world: World) -> None:
    deal = world.ready_deal()
    Deal.objects.filter(pk=deal.pk).update(goal="", due=None)  # as an import brings it in
    vote(by=world.by("head"), deal=deal, approves=True)
    deal.refresh_from_db()
    review = gates.review(deal)
    assert review is not None
    assert [one.line.code for one in review.unmet] == ["deal.no_goal"]
    with pytest.raises(Refusal) as refused:
        change_deal(by=world.by("seller"), deal=deal, version=deal.version, goal="签约", due="")
    assert set(refused.value.fields) == {"due"}
    deal = change_deal(by=world.by("seller"), deal=deal, version=deal.version, goal="签约", due="2026-12-31")
    move_on(by=world.by("seller"), deal=deal, version=deal.version)


@pytest.mark.req("A17.2c", breaks="earshot.deals.queries.near_their_date")
def test_a_date_that_passes_alarms_the_owner_and_the_nearest_head_until_it_is_mended(world: World) -> None:
    def told(key: str) -> list[tuple[str, str]]:
        person = Person.objects.get(pk=world.people[key].pk)
        return [(line.colour, str(line.scope.label)) for line in my_day(person) if line.cause == "date"]

    deal = world.deals["branches"]
    deal = change_deal(by=world.by("seller"), deal=deal, version=deal.version, due="2026-11-25")
    assert told("seller") == []
    with later(days=1, hours=15):  # the night before its day
        assert (told("seller"), told("sales_head")) == ([("amber", str(deal))], [])
    with later(days=3):
        assert (told("seller"), told("sales_head"), told("head")) == ([("red", str(deal))], [("red", str(deal))], [])
        change_deal(by=world.by("seller"), deal=deal, version=deal.version, due="2026-12-31")
        assert (told("seller"), told("sales_head")) == ([], [])


def test_nobody_who_has_left_owns_a_new_deal(world: World) -> None:
    Person.objects.filter(pk=world.colleague.pk).update(left_at=now())
    world.people["colleague"].refresh_from_db()
    with pytest.raises(Refusal) as refused:
        open_deal(by=world.by("sales_head"), title="x", account=world.accounts["sudatel"], owner=world.colleague, **AIM)
    assert set(refused.value.fields) == {"owner"}


def test_a_stale_write_is_refused_and_told_what_changed_and_by_whom(world: World) -> None:
    deal = world.deal()
    change_deal(by=world.by("sales_head"), deal=deal, version=1, amount="3000000", title="苏丹二期")
    for act in (
        lambda: change_deal(by=world.by("seller"), deal=deal, version=1, amount="1"),
        lambda: move_on(by=world.by("seller"), deal=deal, version=1),
        lambda: lose_deal(by=world.by("seller"), deal=deal, version=1, reason="x", code="lost-no-buy"),
        lambda: move_on(by=world.by("seller"), deal=deal, version=99),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert (refused.value.code, refused.value.status) == ("stale", 412)
    with pytest.raises(Refusal) as refused:
        change_deal(by=world.by("seller"), deal=deal, version=1, amount="1")
    assert world.sales_head.name in said(refused.value)
    assert "苏丹二期" in said(refused.value)


def test_a_change_that_changes_nothing_writes_nothing(world: World) -> None:
    deal = world.deal()
    before = snapshot()
    change_deal(by=world.by("seller"), deal=deal, version=1, title=deal.title, amount="2,105,000.00", currency="CNY")
    assert changed_tables(before, snapshot()) == set()


def test_an_amount_can_be_taken_back_to_not_known(world: World) -> None:
    deal = change_deal(by=world.by("seller"), deal=world.deal(), version=1, amount="")
    assert deal.amount is None


@pytest.mark.parametrize("key", ["engineer", "colleague", "stranger", "operations", "delivery_head"])
def test_only_the_owner_the_team_and_the_heads_above_work_on_a_deal(world: World, key: str) -> None:
    deal = world.moved_deal()
    before = snapshot()
    for act in (
        lambda: change_deal(by=world.by(key), deal=deal, version=deal.version, amount="1"),
        lambda: move_on(by=world.by(key), deal=deal, version=deal.version),
        lambda: move_back(by=world.by(key), deal=deal, version=deal.version, to="ML", reason="x"),
        lambda: lose_deal(by=world.by(key), deal=deal, version=deal.version, reason="x", code="lost-no-buy"),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.status == 403
    assert changed_tables(before, snapshot()) == set()


def test_going_back_needs_a_reason_and_an_earlier_stage(world: World) -> None:
    deal = world.moved_deal()
    for to, reason, field in (("ML", " ", "reason"), ("MO3", "x", "to"), ("MO1", "x", "to"), ("nowhere", "x", "to")):
        with pytest.raises(Refusal) as refused:
            move_back(by=world.by("seller"), deal=deal, version=deal.version, to=to, reason=reason)
        assert set(refused.value.fields) == {field}
    moved = move_back(by=world.by("seller"), deal=deal, version=deal.version, to="ML", reason="客户换了负责人")
    assert moved.stage.code == "ML"
    assert Entry.objects.filter(verb="deals.stage_reversed", data__reason="客户换了负责人").exists()


def test_losing_needs_a_reason_and_closes_the_deal_for_good(world: World) -> None:
    deal = world.moved_deal()
    with pytest.raises(Refusal) as refused:
        lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="", code="lost-no-buy")
    assert set(refused.value.fields) == {"reason"}
    deal = lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="对手便宜一半", code="lost-no-buy")
    assert Closing.objects.get(deal=deal).reason == "对手便宜一半"
    assert not StageVisit.objects.filter(deal=deal, left_at__isnull=True).exists()
    for act in (
        lambda: move_on(by=world.by("seller"), deal=deal, version=deal.version),
        lambda: change_deal(by=world.by("seller"), deal=deal, version=deal.version, amount="1"),
        lambda: lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="x", code="lost-no-buy"),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == "deal.closed"
    with pytest.raises(Refusal):
        vote(by=world.by("head"), deal=deal, approves=True)


def test_words_are_still_kept_on_a_deal_that_is_lost(world: World) -> None:
    deal = world.moved_deal()
    lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="价格", code="lost-no-buy")
    world.words(deal, words=[("下次早点告诉我们", "people")])
    assert len(world.items(deal)) == 4


def test_the_walk_to_the_end_wins_the_deal(world: World) -> None:
    """With the three sides on the team, through all three gates."""
    deal = world.ready_deal()
    for role, key in (("SR", "engineer"), ("FR", "delivery")):
        membership = nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role=role), person=world.people[key])
        accept_seat(by=world.by(key), membership=membership)
    vote(by=world.by("head"), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage.code == "MO2"
    world.deliver(deal)
    deal = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert deal.stage.code == "MO3"
    world.deliver(deal)
    world.hear(deal, "engineer", "delivery")
    for key in ("engineer", "delivery", "head"):
        deal.refresh_from_db()
        assert deal.stage.code == "MO3"
        vote(by=world.by(key), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage.code == "MO4"
    for key in ("seller", "delivery", "head"):
        vote(by=world.by(key), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.closing.outcome == "won"
    assert not StageVisit.objects.filter(deal=deal, left_at__isnull=True).exists()
    assert Entry.objects.filter(verb="deals.deal_won", scopes__object_id=deal.pk).count() == 1


def test_an_account_that_nobody_knows_passes_no_gate(world: World) -> None:
    deal = bring_in_deal(
        by=Actor(IMPORT, agent_id=uuid7()),
        title="没有客户",
        account=None,
        owner=world.seller,
        unit=world.units["key-accounts"],
        stage_code="MO1",
        amount=None,
        currency="CNY",
        outside_id="9",
        opened_at=now() - timedelta(days=1),
    )
    review = gates.review(deal)
    assert review is not None
    assert "deal.account_unknown" in {condition.line.code for condition in review.unmet}
    world.words(deal, words=[("签字的人换了", "people")])
    changed = change_deal(by=world.by("seller"), deal=deal, version=deal.version, account=world.accounts["sudatel"])
    review = gates.review(changed)
    assert review is not None
    assert "deal.account_unknown" not in {condition.line.code for condition in review.unmet}


def test_an_import_brings_in_nothing_from_the_future_or_into_a_stage_that_is_none(world: World) -> None:
    for changes, field in (({"opened_at": now() + timedelta(days=1)}, "opened_at"), ({"stage_code": "nowhere"}, "stage")):
        given: dict[str, Any] = {
            "title": "x",
            "account": None,
            "owner": world.seller,
            "unit": world.units["key-accounts"],
            "stage_code": "MO1",
            "amount": None,
            "currency": "CNY",
            "outside_id": "10",
            "opened_at": now(),
        }
        with pytest.raises(Refusal) as refused:
            bring_in_deal(by=Actor(IMPORT, agent_id=uuid7()), **(given | changes))
        assert set(refused.value.fields) == {field}


def test_the_path_shows_each_stage_and_when_it_was_entered_last(world: World) -> None:
    deal = world.moved_deal()
    with later(days=1):
        deal = move_back(by=world.by("seller"), deal=deal, version=deal.version, to="ML", reason="x")
        steps = queries.path(deal)
        assert [step.stage.code for step in steps] == ["ML", "MO1", "MO2", "MO3", "MO4"]
        assert [step.current for step in steps] == [True, False, False, False, False]
        assert steps[0].visit is not None
        assert steps[0].visit.entered_at == now()


def test_the_database_keeps_one_open_visit_no_negative_amount_and_a_reason_for_a_loss(world: World) -> None:
    deal = world.moved_deal()
    for attempt in (
        lambda: StageVisit.objects.create(deal=deal, stage=deal.stage, entered_at=now()),
        lambda: Deal.objects.filter(pk=deal.pk).update(amount=-1),
        lambda: Closing.objects.create(deal=deal, outcome="lost", at=now()),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


@pytest.mark.parametrize(("current", "target", "skipped"), [(1, 2, 0), (1, 3, 1), (1, 5, 3), (3, 2, 0), (3, 3, 0)])
def test_a_move_forwards_is_one_stage_at_a_time(current: int, target: int, skipped: int) -> None:
    assert rules.steps_skipped(current, target) == skipped


@pytest.mark.req("law 3", breaks="earshot.deals.rules.roles_still_to_approve")
def test_a_role_has_approved_only_by_a_vote_that_counts() -> None:
    yes, no, unheard = rules.Ballot("A", True, True), rules.Ballot("A", False, True), rules.Ballot("A", True, False)
    assert rules.roles_still_to_approve(["A", "B"], [yes]) == ["B"]
    assert rules.roles_still_to_approve(["A"], [no]) == ["A"]
    assert rules.roles_still_to_approve(["A"], [unheard]) == ["A"]
    assert rules.roles_still_to_approve(["B", "A"], []) == ["B", "A"]
