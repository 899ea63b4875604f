"""Laws 4 and 5: the process calls, and a call is a duty of a unit that nobody suppresses."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils.translation import override

from earshot.calls import actions as call_actions
from earshot.calls import queries, rules
from earshot.calls.actions import decline, deliver_result, end_call, name_person, object_to, return_result, take_call
from earshot.calls.models import Assignment, Call, Ending, Objection, Result
from earshot.clocks.models import Clock, Step
from earshot.deals import gates
from earshot.deals.actions import bring_in_deal, lose_deal, move_back, move_on
from earshot.deals.models import Deal
from earshot.desk.queries import my_day, timeline
from earshot.journal.actors import IMPORT, Actor
from earshot.journal.models import Entry
from earshot.kit import now, uuid7
from earshot.kit.problems import Refusal
from earshot.people.actions import add_unit, appoint_head, end_post, give_post, give_skill, make_token
from earshot.people.actors import as_person, as_token
from earshot.people.models import Person, Post, Unit
from earshot.playbooks import packs
from earshot.playbooks.queries import known
from earshot.playbooks.sources import Sources
from earshot.voice.models import Ear, Hearing
from worlds import JOURNAL, World, changed_pack, changed_tables, later, put_in_force, said, snapshot, spoken


def the_call(deal: Deal) -> Call:
    return Call.objects.get(deal=deal)


def shut_by(deal: Deal) -> set[str]:
    review = gates.review(Deal.objects.get(pk=deal.pk))
    return {condition.line.code for condition in review.unmet} if review else set()


def batch() -> Actor:
    return Actor(IMPORT, agent_id=uuid7(), name="crm.csv")


def brought_in(world: World, stage: str, **changes: Any) -> Deal:
    given: dict[str, Any] = {
        "title": "从旧系统来",
        "account": world.accounts["sudatel"],
        "owner": world.seller,
        "unit": world.units["key-accounts"],
        "stage_code": stage,
        "amount": "100",
        "currency": "CNY",
        "outside_id": f"X-{uuid7()}",
        "opened_at": now() - timedelta(days=30),
    }
    return bring_in_deal(by=batch(), **(given | changes))


# The process calls.


@pytest.mark.req("law 4", breaks="earshot.calls.actions.raise_for_stage")
@pytest.mark.req("B20.1a", breaks="earshot.calls.actions.raise_for_stage")
@pytest.mark.parametrize("mover", ["seller", "sales_head", "head"])
def test_entering_a_stage_raises_its_calls_whoever_moves_the_deal(world: World, mover: str) -> None:
    deal = world.spoken_deal()
    assert not Call.objects.filter(deal=deal).exists()
    move_on(by=world.by(mover), deal=deal, version=deal.version)
    assert Call.objects.filter(deal=deal).count() == 1
    call = the_call(deal)
    assert (call.support_code, call.unit, call.accountable) == ("need-interview", world.units["solutions"], world.engineer)
    raised = Entry.objects.get(verb="calls.raised", objects_touched__object_id=call.pk)
    assert raised.actor_kind == "process"
    assert raised.rule == "support@1/MO1-SR"
    assert raised.cause is not None
    assert raised.cause.verb == "deals.stage_entered"
    assert raised.cause.person_id == world.people[mover].pk


@pytest.mark.req("law 4")
def test_a_token_moves_the_deal_and_the_process_calls_all_the_same(world: World) -> None:
    token, _key = make_token(by=world.by("seller"), person=world.seller, name="phone")
    deal = world.spoken_deal()
    move_on(by=as_token(token), deal=deal, version=deal.version)
    assert the_call(deal).accountable == world.engineer


@pytest.mark.req("law 4")
def test_an_open_imported_deal_owes_only_what_its_present_stage_calls_from_now_on(world: World) -> None:
    deal = brought_in(world, "MO3")
    calls = Call.objects.filter(deal=deal).order_by("support_code")
    assert [call.support_code for call in calls] == ["deliverability", "solution"]
    for call in calls:
        assert call.raised_at == now()
        assert call.prescribed_at == now() - timedelta(days=30)
        clock = Clock.objects.get(object_id=call.pk)
        assert clock.started_at == now()
        assert clock.due_at > now()


@pytest.mark.req("law 4")
def test_a_closed_imported_deal_raises_nothing(world: World) -> None:
    for closing, reason in (("won", ""), ("lost", "price")):
        deal = brought_in(world, "MO3", closing=closing, reason=reason, closed_at=now() - timedelta(days=3))
        assert not Call.objects.filter(deal=deal).exists()


def test_only_an_import_brings_a_deal_into_the_middle_of_the_process(world: World) -> None:
    with pytest.raises(Refusal):
        bring_in_deal(
            by=world.by("seller"),
            title="x",
            account=None,
            owner=world.seller,
            unit=world.units["key-accounts"],
            stage_code="MO4",
            amount=None,
            currency="CNY",
            outside_id="1",
            opened_at=now(),
        )


@pytest.mark.req("law 4")
def test_where_a_call_cannot_be_raised_the_deal_does_not_move_either(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction: there is no stage entered without its calls."""
    deal = world.spoken_deal()
    before = snapshot()

    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the table is on fire")

    monkeypatch.setattr(call_actions.clocks, "start", broken)
    with pytest.raises(RuntimeError, match="on fire"):
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("law 4")
def test_going_back_and_coming_again_calls_nothing_twice_and_nothing_less(world: World) -> None:
    deal = world.moved_deal()
    deal = move_back(by=world.by("seller"), deal=deal, version=deal.version, to="ML", reason="再核实")
    assert the_call(deal).accountable == world.engineer
    move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert Call.objects.filter(deal=deal).count() == 1


def test_a_stage_further_on_is_refused_naming_what_lies_between(world: World) -> None:
    deal = world.spoken_deal()
    with pytest.raises(Refusal) as refused:
        move_on(by=world.by("seller"), deal=deal, version=deal.version, to="MO3")
    assert refused.value.code == "deal.stage_skipped"
    assert len(refused.value.lines) == 2
    assert "Validate the opportunity" in said(refused.value)
    with pytest.raises(Refusal) as refused:
        move_on(by=world.by("seller"), deal=deal, version=deal.version, to="ML")
    assert set(refused.value.fields) == {"to"}


# Nobody suppresses.


@pytest.mark.req("law 4", breaks="earshot.calls.rules.without_result")
def test_a_call_without_a_result_closes_the_gate_naming_call_and_unit(world: World) -> None:
    deal = world.moved_deal()
    world.hear(deal, "engineer", "head", "delivery")
    assert shut_by(deal) == {"call.no_result", "gate.not_approved"}
    world.deliver(deal)
    assert shut_by(deal) == {"gate.not_approved"}


@pytest.mark.req("law 4")
def test_objecting_stops_nothing(world: World) -> None:
    deal = world.moved_deal()
    object_to(by=world.by("seller"), call=the_call(deal), reason="客户不需要")
    assert Objection.objects.filter(call=the_call(deal)).count() == 1
    assert queries.open_calls().filter(deal=deal).exists()
    assert Clock.objects.get(object_id=the_call(deal).pk).stopped_at is None
    assert "call.no_result" in shut_by(deal)
    assert any(line.cause == "call" for line in my_day(world.engineer))


@pytest.mark.req("law 4")
@pytest.mark.parametrize(
    "key", ["seller", "engineer", "engineer_two", "engineer_head", "delivery", "colleague", "stranger", "operations", "administrator"]
)
def test_nobody_ends_a_call_but_a_head_at_or_above_the_deals_unit(world: World, key: str) -> None:
    deal = world.moved_deal()
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        end_call(by=world.by(key), call=the_call(deal), reason="不必了")
    assert refused.value.status == 403
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("law 5")
@pytest.mark.parametrize("key", ["sales_head", "head"])
def test_a_head_of_the_deals_unit_or_above_ends_a_call_by_name_and_with_a_reason(world: World, key: str) -> None:
    deal = world.moved_deal()
    with pytest.raises(Refusal):
        end_call(by=world.by(key), call=the_call(deal), reason=" ")
    end_call(by=world.by(key), call=the_call(deal), reason="客户取消了这块")
    ending = Ending.objects.get(call__deal=deal)
    assert (ending.person, ending.reason) == (world.people[key], "客户取消了这块")
    assert "call.no_result" not in shut_by(deal)
    assert Clock.objects.get(object_id=the_call(deal).pk).outcome == "cancelled"
    assert not any(line.cause == "call" for line in my_day(world.engineer))
    with pytest.raises(Refusal) as refused:
        deliver_result(by=world.by("engineer"), call=the_call(deal), result="late")
    assert refused.value.code == "call.closed"


@pytest.mark.req("law 4")
def test_a_head_does_not_suppress_the_calls_of_a_deal_of_his_or_her_own(world: World) -> None:
    deal = world.deal(owner="sales_head")
    deal = move_on(by=world.by("sales_head"), deal=deal, version=deal.version)
    with pytest.raises(Refusal) as refused:
        end_call(by=world.by("sales_head"), call=the_call(deal), reason="我的单子我知道")
    assert refused.value.code == "call.own_deal"
    end_call(by=world.by("head"), call=the_call(deal), reason="不需要")


@pytest.mark.req("law 4")
def test_a_call_that_was_ended_is_not_raised_again_by_coming_back(world: World) -> None:
    deal = world.moved_deal()
    end_call(by=world.by("sales_head"), call=the_call(deal), reason="不需要")
    deal.refresh_from_db()
    deal = move_back(by=world.by("seller"), deal=deal, version=deal.version, to="ML", reason="再来")
    move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert Call.objects.filter(deal=deal).count() == 1


def test_only_who_works_on_the_deal_objects_or_sends_back(world: World) -> None:
    deal = world.moved_deal()
    for key in ("engineer", "engineer_head", "colleague", "stranger"):
        with pytest.raises(Refusal):
            object_to(by=world.by(key), call=the_call(deal), reason="no")
    world.deliver(deal)
    with pytest.raises(Refusal):
        return_result(by=world.by("engineer_head"), call=the_call(deal), reason="too thin")


# A duty of the unit.


@pytest.mark.req("law 5")
@pytest.mark.req("B20.2c")
def test_a_call_has_an_accountable_person_a_clock_and_a_ladder_from_birth(world: World) -> None:
    deal = world.moved_deal()
    call = the_call(deal)
    assert Assignment.objects.get(call=call, ended_at__isnull=True).person == world.engineer
    clock = Clock.objects.get(object_id=call.pk)
    assert (clock.service_level, clock.limit, clock.unit) == ("service_levels@1/support", 900, world.units["solutions"])
    assert [step.name for step in Step.objects.filter(clock=clock).order_by("due_at")] == ["remind", "leader", "unit-head", "breach"]


@pytest.mark.req("law 5")
def test_the_database_takes_no_call_without_a_unit_or_an_accountable_person(world: World) -> None:
    deal = world.moved_deal()
    for column in ("accountable_id", "unit_id", "trigger_id", "deal_id"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE calls_call SET {column} = NULL WHERE deal_id = %s", [deal.pk.hex if connection.vendor == "sqlite" else deal.pk]
            )


@pytest.mark.req("law 5")
def test_where_nobody_holds_the_role_the_head_answers_and_where_nobody_heads_operations_do(world: World) -> None:
    Post.objects.filter(unit=world.units["solutions"]).update(until=now())
    assert the_call(world.moved_deal("无人持岗")).accountable == world.engineer_head
    Unit.objects.filter(code="solutions").update(head=None)
    assert the_call(world.moved_deal("再上一级")).accountable == world.head
    Unit.objects.update(head=None)
    assert the_call(world.moved_deal("无人负责")).accountable == world.operations


@pytest.mark.req("B20.2c")
def test_a_person_may_decline_with_cause_and_the_duty_stays_with_the_unit(world: World) -> None:
    deal = world.moved_deal()
    call = the_call(deal)
    with pytest.raises(Refusal):
        decline(by=world.by("engineer"), call=call, reason="")
    decline(by=world.by("engineer"), call=call, reason="出差到月底")
    assert Assignment.objects.get(call=call, ended_at__isnull=True).person == world.engineer_head
    assert queries.open_calls().filter(pk=call.pk).exists()
    assert Clock.objects.get(object_id=call.pk, stopped_at__isnull=True)
    assert any(line.cause == "call" for line in my_day(world.engineer_head))
    assert not any(line.cause == "call" for line in my_day(world.engineer))


@pytest.mark.req("B20.2c")
def test_who_was_named_and_declines_gives_it_back_to_who_answers(world: World) -> None:
    deal = world.moved_deal()
    name_person(by=world.by("engineer"), call=the_call(deal), person=world.engineer_two)
    decline(by=world.by("engineer_two"), call=the_call(deal), reason="家里有事")
    assert Assignment.objects.get(call__deal=deal, ended_at__isnull=True).person == world.engineer


@pytest.mark.req("B20.2c")
def test_a_unit_cannot_decline_by_declining_upwards_for_ever(world: World) -> None:
    """Engineer → the unit's head → back to who answers: somebody always holds it, and the call is never without a person."""
    deal = world.moved_deal()
    holder = world.engineer
    for _round in range(6):
        decline(by=as_person(holder), call=the_call(deal), reason="没空")
        holder = Assignment.objects.select_related("person").get(call__deal=deal, ended_at__isnull=True).person
    assert queries.open_calls().filter(deal=deal).exists()
    assert "call.no_result" in shut_by(deal)


def test_nobody_declines_takes_or_delivers_what_is_another_persons(world: World) -> None:
    deal = world.moved_deal()
    for key in ("engineer_two", "engineer_head", "seller", "head", "stranger"):
        for act in (
            lambda by: take_call(by=by, call=the_call(deal)),
            lambda by: decline(by=by, call=the_call(deal), reason="no"),
            lambda by: deliver_result(by=by, call=the_call(deal), result="done"),
        ):
            with pytest.raises(Refusal) as refused:
                act(world.by(key))
            assert refused.value.code == "call.not_yours"


@pytest.mark.req("B20.2c", breaks="earshot.calls.rules.lacks")
def test_only_a_qualified_person_is_named_and_the_refusal_says_what_is_lacking(world: World) -> None:
    deal = world.moved_deal()
    for key in ("delivery", "seller", "engineer_head"):
        with pytest.raises(Refusal) as refused:
            name_person(by=world.by("engineer_head"), call=the_call(deal), person=world.people[key])
        assert "Solution responsible" in spoken(refused.value.fields["person"])
        assert "solution-design" in spoken(refused.value.fields["person"])
    name_person(by=world.by("engineer_head"), call=the_call(deal), person=world.engineer_two)
    assert Assignment.objects.get(call__deal=deal, ended_at__isnull=True).person == world.engineer_two


@pytest.mark.req("law 5", breaks="earshot.calls.queries.lacking")
def test_the_unit_names_its_own_people_and_those_of_units_below_and_the_list_shows_the_same(world: World) -> None:
    deal = world.moved_deal()
    lab = add_unit(by=world.by("administrator"), code="lab", name="实验室", parent=world.units["solutions"])
    for key, unit in (("colleague", world.units["branch"]), ("stranger", lab)):
        give_post(by=world.by("administrator"), person=world.people[key], unit=unit, role="SR")
        give_skill(by=world.by("administrator"), person=world.people[key], code="solution-design", level=4, evidence="四个站点")
    shown = {person for person, lacks in queries.candidates(the_call(deal)) if not lacks}
    assert shown == {world.engineer, world.engineer_two, world.stranger}
    with pytest.raises(Refusal) as refused:
        name_person(by=world.by("engineer_head"), call=the_call(deal), person=world.colleague)
    assert "解决方案部" in spoken(refused.value.fields["person"])
    for person in shown:
        name_person(by=world.by("engineer_head"), call=the_call(deal), person=person)


def test_who_has_left_is_not_named(world: World) -> None:
    deal = world.moved_deal()
    Person.objects.filter(pk=world.engineer_two.pk).update(left_at=now())
    with pytest.raises(Refusal):
        name_person(by=world.by("engineer"), call=the_call(deal), person=Person.objects.get(pk=world.engineer_two.pk))


def test_only_who_answers_or_a_head_of_the_unit_names(world: World) -> None:
    deal = world.moved_deal()
    for key in ("seller", "sales_head", "engineer_two", "delivery_head", "stranger"):
        with pytest.raises(Refusal) as refused:
            name_person(by=world.by(key), call=the_call(deal), person=world.engineer_two)
        assert refused.value.status == 403
    name_person(by=world.by("head"), call=the_call(deal), person=world.engineer_two)


def test_candidates_are_the_holders_of_the_role_each_with_what_he_or_she_lacks(world: World) -> None:
    found = dict(queries.candidates(the_call(world.moved_deal())))
    assert found == {world.engineer: [], world.engineer_two: []}


@pytest.mark.req("B12.3a")
def test_who_is_named_must_hear_what_the_role_must_hear_even_if_the_one_before_had_heard(world: World) -> None:
    deal = world.moved_deal()
    world.hear(deal, "engineer", "delivery", "head")
    assert "voice.not_heard" not in shut_by(deal)
    name_person(by=world.by("engineer"), call=the_call(deal), person=world.engineer_two)
    assert "voice.not_heard" in shut_by(deal)
    ear = Ear.objects.get(item__deal=deal, role="SR", ended_at__isnull=True)
    assert ear.person == world.engineer_two
    assert Clock.objects.get(object_id=ear.pk).stopped_at is None
    world.hear(deal, "engineer_two")
    assert "voice.not_heard" not in shut_by(deal)
    assert Hearing.objects.filter(person=world.engineer, item=ear.item).exists()


@pytest.mark.req("law 5")
def test_a_result_sent_back_is_no_result_and_the_duty_is_open_again_with_a_new_clock(world: World) -> None:
    deal = world.ready_deal()
    call = the_call(deal)
    with pytest.raises(Refusal):
        return_result(by=world.by("seller"), call=call, reason="")
    with later(hours=3):
        return_result(by=world.by("seller"), call=call, reason="没有算运营成本")
        assert "call.no_result" in shut_by(deal)
        assert Clock.objects.get(object_id=call.pk, stopped_at__isnull=True).started_at == now()
        assert any(line.cause == "call" for line in my_day(world.engineer))
        world.deliver(deal, "这次算了")
    assert "call.no_result" not in shut_by(deal)
    assert Result.objects.filter(call=call).count() == 2
    with pytest.raises(Refusal):
        return_result(by=world.by("engineer"), call=call, reason="mine was fine")


def test_a_result_is_needed_in_words_and_given_once(world: World) -> None:
    deal = world.moved_deal()
    with pytest.raises(Refusal) as refused:
        deliver_result(by=world.by("engineer"), call=the_call(deal), result="  ")
    assert set(refused.value.fields) == {"result"}
    result_id = uuid7()
    first = deliver_result(by=world.by("engineer"), call=the_call(deal), result="减半", id=result_id)
    before = snapshot()
    again = deliver_result(by=world.by("engineer"), call=the_call(deal), result="减半", id=result_id)
    assert again == first
    assert changed_tables(before, snapshot()) == set()
    with pytest.raises(Refusal):
        deliver_result(by=world.by("engineer"), call=the_call(deal), result="another")


def test_delivering_without_having_taken_takes_it_first(world: World) -> None:
    deal = world.moved_deal()
    deliver_result(by=world.by("engineer"), call=the_call(deal), result="减半")
    assert list(Entry.objects.filter(verb__in=["calls.taken", "calls.delivered"]).order_by("seq").values_list("verb", flat=True)) == [
        "calls.taken",
        "calls.delivered",
    ]


def test_the_duties_of_a_lost_deal_end_with_it(world: World) -> None:
    deal = world.moved_deal()
    lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="价格", code="lost-no-buy")
    assert not queries.open_calls().filter(deal=deal).exists()
    assert Clock.objects.get(object_id=the_call(deal).pk).outcome == "cancelled"
    assert not any(line.cause == "call" for line in my_day(world.engineer))
    with pytest.raises(Refusal):
        take_call(by=world.by("engineer"), call=the_call(deal))


# The table "when what support".


@pytest.mark.req("B20.3a")
def test_a_stage_that_neither_calls_nor_says_that_none_is_needed_is_refused_by_the_packs_check(world: World, tmp_path: Path) -> None:
    def silent(parts: dict[str, Any]) -> None:
        parts["support"]["triggers"] = [row for row in parts["support"]["triggers"] if row["stage"] != "MO1"]

    with pytest.raises(Refusal) as refused:
        packs.read(Sources.of_folder(changed_pack(tmp_path / "silent", silent)), known())
    assert "MO1" in said(refused.value)


@pytest.mark.req("B20.3a")
def test_a_silent_table_keeps_the_gate_shut_until_it_speaks(world: World, tmp_path: Path) -> None:
    def silent(parts: dict[str, Any]) -> None:
        parts["support"]["triggers"] = [row for row in parts["support"]["triggers"] if row["stage"] != "MO1"]

    put_in_force(changed_pack(tmp_path / "silent", silent), unchecked=True)
    deal = world.moved_deal()
    world.hear(deal, "engineer", "delivery", "head")
    assert not Call.objects.filter(deal=deal).exists()
    assert shut_by(deal) == {"call.table_silent", "gate.not_approved"}

    def says_so(parts: dict[str, Any]) -> None:
        silent(parts)
        parts["support"]["none_needed"].append({"code": "MO1-none", "stage": "MO1", "zh": "不需要", "en": "None"})

    put_in_force(changed_pack(tmp_path / "open", says_so))
    assert shut_by(deal) == {"gate.not_approved"}


@pytest.mark.req("B20.3a")
def test_a_support_that_the_table_gained_since_keeps_the_gate_shut_until_it_is_called(world: World, tmp_path: Path) -> None:
    deal = world.ready_deal()

    def more(parts: dict[str, Any]) -> None:
        parts["support"]["triggers"].append(
            {"code": "MO1-FR", "stage": "MO1", "support": "key-assumptions", "zh": "也要交付", "en": "Delivery too"}
        )

    put_in_force(changed_pack(tmp_path / "more", more))
    assert shut_by(deal) == {"call.not_raised", "gate.not_approved"}


@pytest.mark.req("law 4")
def test_a_table_that_would_leave_open_deals_without_their_calls_is_not_put_in_force(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()

    def other_stages(parts: dict[str, Any]) -> None:
        with_stages = (parts["templates"]["templates"], parts["support"]["triggers"], parts["support"]["none_needed"])
        for table in (parts["process"]["stages"], parts["process"]["gates"], *with_stages):
            for row in table:
                column = "code" if table is parts["process"]["stages"] else "stage"
                if column in row:
                    row[column] = f"new-{row[column]}"

    before = snapshot()
    with pytest.raises(Refusal) as refused:
        put_in_force(changed_pack(tmp_path / "stages", other_stages))
    assert refused.value.code == "playbook.uncovered"
    assert deal.stage.en in said(refused.value)
    assert changed_tables(before, snapshot()) == set()


def test_a_running_deal_survives_that_every_part_of_the_playbook_is_replaced(world: World, tmp_path: Path) -> None:
    """Its process stays the one it began under; what its records cite is still found, though no code is left of it."""
    deal = world.moved_deal()

    def other_levels(parts: dict[str, Any]) -> None:
        for row in parts["service_levels"]["levels"]:
            row["code"] = f"new-{row['code']}"
        for table in (parts["hearing"]["hearers"], parts["hearing"]["default"], parts["support"]["catalogue"]):
            for row in table:
                row["service_level"] = f"new-{row['service_level']}"

    put_in_force(changed_pack(tmp_path / "levels", other_levels))
    name_person(by=world.by("engineer"), call=the_call(deal), person=world.engineer_two)
    world.deliver(deal)
    return_result(by=world.by("seller"), call=the_call(deal), reason="太薄")
    world.deliver(deal)
    world.hear(deal, "engineer_two", "delivery", "head")
    assert shut_by(deal) == {"gate.not_approved"}


# The pure rules.


def test_who_lacks_what() -> None:
    wanted = rules.Wanted("R", "S", 3)
    assert rules.lacks(wanted, {"R"}, {"S": 3}) == []
    assert rules.lacks(wanted, {"R"}, {"S": 2}) == ["S"]
    assert rules.lacks(wanted, set(), {}) == ["R", "S"]
    assert rules.lacks(rules.Wanted("R"), {"R"}, {}) == []


def test_only_a_result_or_a_decision_ends_a_duty() -> None:
    one, two, three = uuid7(), uuid7(), uuid7()
    calls = [rules.CallNow(one, False, False), rules.CallNow(two, True, False), rules.CallNow(three, False, True)]
    assert rules.without_result(calls) == [one]


def test_a_new_unit_without_a_head_is_answered_for_by_the_head_above(world: World, tmp_path: Path) -> None:
    unit = add_unit(by=world.by("administrator"), code="field", name="驻场部", parent=world.units["solutions"])

    def owed_by_field(parts: dict[str, Any]) -> None:
        for row in parts["support"]["catalogue"]:
            row["unit"] = "field"

    put_in_force(changed_pack(tmp_path / "field", owed_by_field))
    assert the_call(world.moved_deal("一")).accountable == world.engineer_head
    appoint_head(by=world.by("administrator"), unit=unit, person=world.engineer_two)
    assert the_call(world.moved_deal("二")).accountable == world.engineer_two


def test_nothing_but_the_journal_tells_of_a_refused_gate(world: World) -> None:
    deal = world.moved_deal()
    before = snapshot()
    with pytest.raises(Refusal):
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert changed_tables(before, snapshot()) <= JOURNAL


# Who loses the role.


def lose_post(world: World, key: str, role: str) -> None:
    end_post(by=world.by("administrator"), post=Post.objects.get(person=world.people[key], role=role, until=None), reason="换岗")


def passed(call: Call) -> list[str]:
    names = ("calls.passed_on", "calls.answered_for")
    return list(Entry.objects.filter(verb__in=names, objects_touched__object_id=call.pk).order_by("seq").values_list("verb", flat=True))


def doing(call: Call) -> Person:
    return Assignment.objects.select_related("person").get(call=call, ended_at__isnull=True).person


@pytest.mark.req("law 5")
def test_who_holds_the_role_no_more_passes_the_call_on_to_who_answers_for_it_now(world: World) -> None:
    call = the_call(world.moved_deal())
    take_call(by=world.by("engineer"), call=call)
    lose_post(world, "engineer", call.role)
    call.refresh_from_db()
    assert call.accountable == doing(call) != world.engineer
    assert call.accountable == world.engineer_two
    assert passed(call) == ["calls.passed_on"]
    with pytest.raises(Refusal) as refused:
        deliver_result(by=world.by("engineer"), call=call, result="x")
    assert refused.value.code == "call.not_yours"
    with override("en"):
        told = next(one.sentence for one in timeline(world.head, call.pk) if one.entry.verb == "calls.passed_on")
    assert told.endswith(f"passed on to {world.engineer_two.name}, because {world.engineer.name} no longer holds the role")
    assert Clock.objects.filter(object_id=call.pk, stopped_at=None).count() == 1
    deliver_result(by=world.by("engineer_two"), call=call, result="x")


@pytest.mark.req("law 5")
def test_where_nobody_holds_the_role_any_more_the_head_answers_and_then_nothing_passes_from_the_head(world: World) -> None:
    call = the_call(world.moved_deal())
    lose_post(world, "engineer_two", call.role)
    assert passed(call) == []
    lose_post(world, "engineer", call.role)
    call.refresh_from_db()
    assert call.accountable == doing(call) == world.engineer_head
    give_post(by=world.by("administrator"), person=world.engineer_head, role=call.role, unit=call.unit)
    lose_post(world, "engineer_head", call.role)
    assert passed(call) == ["calls.passed_on"]
    assert doing(call) == world.engineer_head


@pytest.mark.req("law 5")
def test_who_only_answered_for_it_is_followed_by_another_and_whoever_does_it_goes_on(world: World) -> None:
    call = the_call(world.moved_deal())
    name_person(by=world.by("engineer"), call=call, person=world.engineer_two)
    lose_post(world, "engineer", call.role)
    call.refresh_from_db()
    assert call.accountable == doing(call) == world.engineer_two
    assert passed(call) == ["calls.answered_for"]


@pytest.mark.req("law 5")
def test_a_role_held_elsewhere_and_a_call_that_is_done_keep_their_people(world: World) -> None:
    call = the_call(world.moved_deal())
    elsewhere = give_post(by=world.by("administrator"), person=world.engineer, role=call.role, unit=world.units["delivery"])
    end_post(by=world.by("administrator"), post=elsewhere, reason="换岗")
    assert doing(call) == world.engineer
    deliver_result(by=world.by("engineer"), call=call, result="x")
    lose_post(world, "engineer", call.role)
    assert passed(call) == []
    assert doing(call) == world.engineer


@pytest.mark.req("law 5")
@pytest.mark.parametrize("gone", ["post", "left"])
def test_a_result_sent_back_after_its_author_may_do_it_no_more_goes_to_who_answers_now(world: World, gone: str, caller: Any) -> None:
    """The duty is the unit's: it opens again with somebody who may do it, who sees it on the day and whose clock runs."""
    deal = world.moved_deal()
    call = the_call(deal)
    deliver_result(by=world.by("engineer"), call=call, result="太薄的结果")
    if gone == "post":
        lose_post(world, "engineer", call.role)
    else:
        Person.objects.filter(pk=world.engineer.pk).update(left_at=now())
    answer = caller("seller").post(f"/calls/{call.pk}/results/returns", {"reason": "没有算运营成本"})
    assert (answer.status, answer["assignment"]["person"]["name"]) == (201, world.engineer_two.name)
    call.refresh_from_db()
    assert call.accountable == doing(call) == world.engineer_two
    assert passed(call) == ["calls.passed_on"]
    assert any(line.cause == "call" for line in my_day(world.engineer_two))
    assert Clock.objects.filter(object_id=call.pk, stopped_at=None).count() == 1
    with pytest.raises(Refusal):
        deliver_result(by=world.by("engineer"), call=call, result="x")
    deliver_result(by=world.by("engineer_two"), call=call, result="这次算了运营成本")


@pytest.mark.req("law 5")
def test_a_result_sent_back_stays_with_a_head_to_whom_it_had_fallen(world: World) -> None:
    call = the_call(world.moved_deal())
    for key in ("engineer_two", "engineer"):
        lose_post(world, key, call.role)
    deliver_result(by=world.by("engineer_head"), call=call, result="x")
    return_result(by=world.by("seller"), call=call, reason="太薄")
    assert doing(call) == world.engineer_head
    assert passed(call) == ["calls.passed_on"]  # the one before
