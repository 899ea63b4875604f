"""Clocks that never forget: steps fire once, in order, at whom the ladder names then; alarms stand on the day until mended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from earshot.calls.models import Call
from earshot.clocks import actions as clocks
from earshot.clocks import sweep as sweeping
from earshot.clocks.models import Alarm, Clock, Step
from earshot.clocks.queries import readings
from earshot.clocks.rules import Level, Rung
from earshot.clocks.sweep import sweep
from earshot.deals.actions import lose_deal
from earshot.deals.models import Deal
from earshot.desk.queries import DayLine, my_day, timeline
from earshot.journal.actions import News, record_all
from earshot.journal.actions import call as one_call
from earshot.journal.models import Entry
from earshot.kit import uuid7
from earshot.kit.problems import Refusal
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.talk.actions.messages import acknowledge
from earshot.talk.models import Message
from earshot.voice.models import Ear, Item
from earshot.voice.queries import visible_to
from test_together import together
from worlds import SHANGHAI, World, later, spoken

LEVEL = Level("service_levels@1/x", "working", 240, (Rung("remind", "hearer", 50), Rung("breach", "operations", 150)))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def until(moment: datetime) -> Any:
    """Everything inside happens at that moment of the week that begins with the world's Monday."""
    from earshot.kit import now

    return later(seconds=(moment - now()).total_seconds())


def critical_ear(deal: Deal) -> Ear:
    """Of the three items, the critical one's: the engineer must hear it within four working hours."""
    return Ear.objects.select_related("person", "item").get(item=Item.objects.filter(deal=deal).order_by("position")[0], ended_at=None)


def told(deal: Deal) -> list[tuple[str, str]]:
    """Step and person of every alarm about the deal's critical item, in the order in which they were told."""
    clock = Clock.objects.get(object_id=critical_ear(deal).pk)
    rows = Alarm.objects.filter(clock=clock).order_by("at", "step__after", "person__name")
    return list(rows.values_list("step__name", "person__name"))


def alarms(person: Person) -> list[DayLine]:
    return [line for line in my_day(person) if line.cause == "alarm"]


@pytest.fixture
def quiet_world(world: World) -> World:
    """What the company's earlier deal has left overdue is told already, and the message that waits there is answered."""
    acknowledge(by=world.by("sales_head"), messages=Message.objects.filter(asks="answer"), text="能出")
    sweep()
    return world


def a_free_call(world: World) -> Call:
    """A call whose own clock was ended, so that a test can start another."""
    call = world.calls(world.moved_deal())[0]
    stop(clocks.cancel, call)
    return call


def some_entry() -> Entry:
    return Entry.objects.order_by("-seq")[0]


def begin(call: Call, level: Level = LEVEL) -> Clock:
    with one_call():
        return clocks.start("call", [call.pk], level, unit=call.unit, because=some_entry())[0]


def stop(how: Callable[..., None], call: Call) -> None:
    with one_call():
        how([call.pk], because=some_entry())


# A clock from birth to its end.


def test_a_clock_starts_with_its_whole_ladder_and_keeps_the_level_it_began_under(world: World) -> None:
    clock = begin(a_free_call(world))
    assert clock.due_at == at(23, 15, 30)
    steps = [(step.name, step.after, step.due_at.astimezone(SHANGHAI).hour) for step in clock.steps.order_by("after") if step.due_at]
    assert steps == [("remind", 120, 12), ("limit", 240, 15), ("breach", 360, 17)]
    assert (clock.service_level, clock.limit, clock.provisional) == ("service_levels@1/x", 240, False)


def test_an_object_has_one_running_clock(world: World) -> None:
    call = a_free_call(world)
    begin(call)
    with pytest.raises(IntegrityError), transaction.atomic():
        begin(call)
    stop(clocks.meet, call)
    begin(call)
    assert Clock.objects.filter(object_id=call.pk, stopped_at=None).count() == 1


@pytest.mark.parametrize(("how", "outcome"), [(clocks.meet, "met"), (clocks.cancel, "cancelled")])
def test_a_clock_that_stops_lets_the_rungs_not_yet_reached_fall_away(world: World, how: Callable[..., None], outcome: str) -> None:
    call = a_free_call(world)
    clock = begin(call)
    reading = readings([call.pk])[call.pk]
    assert reading.next_step is not None
    assert (reading.left, reading.overdue, reading.next_step.name) == (240, False, "remind")
    with later(hours=1):
        stop(how, call)
        assert Clock.objects.get(pk=clock.pk).outcome == outcome
        assert not Step.objects.filter(clock=clock, ended_at__isnull=True).exists()
        reading = readings([call.pk])[call.pk]
        assert (reading.left, reading.next_step, reading.overdue) == (None, None, False)
    with later(days=10):
        sweep()
        assert not Step.objects.filter(clock=clock, fired_at__isnull=False).exists()


def test_a_clock_past_its_time_is_overdue_by_so_many_working_minutes(world: World) -> None:
    call = a_free_call(world)
    begin(call)
    with later(days=1):
        reading = readings([call.pk])[call.pk]
        assert reading.overdue
        assert reading.left == -210  # Tuesday 10:00: Monday 15:30–18:00 and Tuesday 9:00–10:00


def test_a_time_limit_beyond_the_published_holidays_is_provisional(world: World) -> None:
    call = a_free_call(world)
    assert begin(call, Level("x", "working", 60 * 450)).provisional
    stop(clocks.cancel, call)
    assert not begin(call, Level("x", "clock", 60 * 24 * 60)).provisional  # no holiday moves clock time


def test_started_fired_breached_and_met_stand_in_the_journal_with_their_cause(quiet_world: World) -> None:
    world = quiet_world
    deal = world.spoken_deal()
    ear = critical_ear(deal)
    with until(at(24, 10)):
        sweep()
        world.hear(deal, "engineer")
    entries = Entry.objects.filter(objects_touched__object_id=ear.pk, verb__startswith="clocks.").order_by("seq")
    assert list(entries.values_list("verb", flat=True)) == [
        "clocks.started",
        "clocks.warned",
        "clocks.warned",
        "clocks.breached",
        "clocks.escalated",
        "clocks.met_late",
    ]
    begun, met = entries[0], entries[5]
    assert begun.cause is not None
    assert begun.cause.verb == "voice.ears_named"
    assert begun.rule.endswith("/hear-critical")
    assert met.cause is not None
    assert met.cause.verb == "voice.noted"
    with override("en"):
        shown = [one.sentence for one in timeline(world.seller, deal.pk)]
    assert any("ran out (2026-11-23 15:30)" in sentence and "周敏" in sentence for sentence in shown)
    assert not any("time limit began" in sentence for sentence in shown)  # the naming of the ear has told it


# The ladder.


def test_each_step_tells_whom_it_names_at_its_time_and_only_once(quiet_world: World) -> None:
    world = quiet_world
    deal = world.spoken_deal()
    expected: list[tuple[str, str]] = []
    for moment, step, person in (
        (at(23, 12), "remind", world.engineer),
        (at(23, 14, 30), "leader", world.seller),
        (at(23, 15, 30), "unit-head", world.engineer_head),
        (at(23, 17, 30), "breach", world.operations),
    ):
        with until(moment - timedelta(minutes=1)):
            sweep()
            assert told(deal) == expected
        expected.append((step, person.name))
        with until(moment):
            sweep()
            sweep()
            assert told(deal) == expected
    with later(days=9):
        assert not [step for step in Step.objects.filter(fired_at=None, ended_at=None) if step.clock.object_id == critical_ear(deal).pk]


def test_addressees_are_who_they_are_when_the_step_fires(quiet_world: World) -> None:
    world = quiet_world
    deal = world.spoken_deal()
    from earshot.people.models import Unit

    Unit.objects.filter(pk=world.engineer.unit_id).update(head=world.delivery_head)
    with until(at(23, 15, 30)):
        sweep()
    assert ("unit-head", world.delivery_head.name) in told(deal)


def test_nobody_is_told_of_his_own_lateness_as_a_superior(quiet_world: World) -> None:
    world = quiet_world
    from earshot.people.models import Unit

    Unit.objects.filter(pk=world.engineer.unit_id).update(head=world.engineer)
    deal = world.spoken_deal()
    with until(at(23, 15, 30)):
        sweep()
    assert ("unit-head", world.head.name) in told(deal)
    assert ("unit-head", world.engineer.name) not in told(deal)


def test_a_name_that_leads_to_nobody_leads_to_operations(quiet_world: World) -> None:
    world = quiet_world
    from earshot.people.models import Unit

    deal = world.spoken_deal()
    Unit.objects.update(head=None)
    with until(at(23, 15, 30)):
        sweep()
    assert ("unit-head", world.operations.name) in told(deal)


def test_what_ran_out_while_the_product_was_stopped_fires_in_order_and_is_marked_late(quiet_world: World) -> None:
    world = quiet_world
    deal = world.spoken_deal()
    with until(at(25, 9)):  # two days later
        sweep()
        assert [step for step, _name in told(deal)] == ["remind", "leader", "unit-head", "breach"]
    ear = critical_ear(deal)
    entries = Entry.objects.filter(objects_touched__object_id=ear.pk, verb__in=["clocks.warned", "clocks.breached", "clocks.escalated"])
    late = [entry.data["late_minutes"] for entry in entries.order_by("seq")]
    assert late == sorted(late, reverse=True)
    assert late[-1] == (at(25, 9) - at(23, 17, 30)).total_seconds() // 60
    with override("en"):
        assert any("told 1 day 21 hours late" in one.sentence for one in timeline(world.seller, deal.pk))


def test_a_sweep_that_dies_halfway_leaves_nothing_and_the_next_one_does_it_all(quiet_world: World) -> None:
    world = quiet_world
    deal = world.spoken_deal()
    with until(at(23, 17, 30)):

        def killed(news: Sequence[News]) -> None:
            record_all(news)
            raise OSError("killed")

        with mock.patch.object(sweeping, "record_all", killed), pytest.raises(OSError, match="killed"), transaction.atomic():
            sweep()
        assert told(deal) == []
        sweep()
        assert len(told(deal)) == 4


@pytest.mark.own_database
@pytest.mark.usefixtures("own_database")
def test_three_workers_at_once_fire_each_step_exactly_once(world: World) -> None:
    deals = [world.spoken_deal(f"第 {n} 单") for n in range(6)]
    with until(at(24, 17, 30)):
        together(*(lambda: [sweep(most=3) for _ in range(12)] for _ in range(3)))
        while sweep():
            pass
    for deal in deals:
        assert [step for step, _name in told(deal)] == ["remind", "leader", "unit-head", "breach"]
        entries = Entry.objects.filter(objects_touched__object_id=critical_ear(deal).pk, verb__startswith="clocks.")
        assert sorted(entries.values_list("verb", flat=True)) == sorted(
            ["clocks.started", "clocks.warned", "clocks.warned", "clocks.breached", "clocks.escalated"]
        )


@pytest.mark.own_database
@pytest.mark.usefixtures("own_database")
def test_a_duty_done_in_the_second_in_which_its_step_fires_leaves_no_alarm_behind(world: World) -> None:
    deals = [world.spoken_deal(f"第 {n} 单") for n in range(4)]
    with until(at(23, 17, 30)):
        together(*(lambda deal=deal: world.hear(deal, "engineer") for deal in deals), sweep)
        sweep()
    for deal in deals:
        clock = Clock.objects.get(object_id=critical_ear(deal).pk)
        assert clock.stopped_at is not None
        assert not Alarm.objects.filter(clock=clock, ended_at=None).exists()
        assert not Step.objects.filter(clock=clock, fired_at=None, ended_at=None).exists()


# Alarms on the day.


def test_an_alarm_is_one_line_that_one_act_mends_and_the_next_step_brings_back(quiet_world: World) -> None:
    world = quiet_world
    deal = world.spoken_deal()
    world.words(deal, words=[("又一句关键的话", world.categories[0])])
    assert alarms(world.seller) == []
    with until(at(23, 14, 30)):
        sweep()
        [line] = alarms(world.seller)
        assert (line.act, line.colour, line.scope.id) == ("see_to", "amber", deal.pk)
        assert "林远 has yet to hear 2 statements" in spoken(line.sentence)
        assert clocks.see_to(by=world.by("seller"), alarms=Alarm.objects.filter(pk__in=line.ids)) == 2
        assert alarms(world.seller) == []
        assert "clocks.seen_to" in [one.entry.verb for one in timeline(world.head, deal.pk)]
    with until(at(23, 15, 30)):
        sweep()
        [line] = alarms(world.engineer_head)
        assert line.colour == "amber"  # due this very minute; overdue from the next on
        assert line.scope.kind == "item"  # the deal is not hers to see
    with until(at(23, 15, 31)):
        [line] = alarms(world.engineer_head)
        assert line.colour == "red"
        assert "in time" in spoken(line.sentence)
        world.hear(deal, "engineer")
        assert alarms(world.engineer_head) == []


def test_what_somebody_sees_to_and_is_still_open_stands_there_again_the_next_day_also_after_the_last_step(quiet_world: World) -> None:
    world = quiet_world
    deal = world.spoken_deal()
    with until(at(23, 17, 30)):
        sweep()
        [line] = alarms(world.operations)
        clocks.see_to(by=world.by("operations"), alarms=Alarm.objects.filter(pk__in=line.ids))
        assert alarms(world.operations) == []
    with until(at(24, 17, 29)):
        assert alarms(world.operations) == []
    with until(at(24, 17, 30)):
        [line] = alarms(world.operations)
        assert clocks.see_to(by=world.by("operations"), alarms=Alarm.objects.filter(pk__in=line.ids)) == 1
        assert alarms(world.operations) == []
    with until(at(26, 9)):
        assert alarms(world.operations)
        world.hear(deal, "engineer")
        assert alarms(world.operations) == []


def test_whose_own_duty_it_is_has_one_line_and_no_second_for_the_alarm(quiet_world: World) -> None:
    world = quiet_world
    deal = world.moved_deal()
    with until(at(24, 15)):
        sweep()
        assert alarms(world.engineer) == []
        about = [line for line in my_day(world.engineer) if line.scope.id == deal.pk]
        assert [line.cause for line in about] == ["to_hear"]


def test_nobody_answers_the_alarm_of_somebody_else(quiet_world: World) -> None:
    world = quiet_world
    world.spoken_deal()
    with until(at(23, 14, 30)):
        sweep()
        [line] = alarms(world.seller)
        for key in ("head", "stranger"):
            with pytest.raises(Refusal) as refused:
                clocks.see_to(by=world.by(key), alarms=Alarm.objects.filter(pk__in=line.ids))
            assert refused.value.status == 404
        assert alarms(world.seller)


@pytest.mark.req("law 13")
def test_who_is_alarmed_sees_what_about_and_only_as_long_as_it_lasts(quiet_world: World) -> None:
    world = quiet_world
    deal = world.spoken_deal()
    item = critical_ear(deal).item
    for key in ("engineer_head", "operations"):
        assert not visible_to(world.people[key]).filter(pk=item.pk).exists()
    with until(at(23, 17, 30)):
        sweep()
        for key in ("engineer_head", "operations"):
            assert visible_to(world.people[key]).filter(pk=item.pk).exists()
            assert not visible_to(world.people[key]).filter(deal=deal).exclude(pk=item.pk).exists()
        world.hear(deal, "engineer")
        for key in ("engineer_head", "operations"):
            assert not visible_to(world.people[key]).filter(pk=item.pk).exists()


def test_a_lost_deal_ends_its_clocks_and_alarms(quiet_world: World) -> None:
    world = quiet_world
    deal = world.moved_deal()
    with until(at(24, 17, 30)):
        sweep()
        assert alarms(world.engineer_head)
        lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="客户不建了", code="lost-no-buy")
        assert alarms(world.engineer_head) == []
    assert not Clock.objects.filter(object_id__in=[ear.pk for ear in Ear.objects.filter(item__deal=deal)], stopped_at=None).exists()


# Pause.


def test_a_pause_gives_back_in_working_time_what_it_took(world: World) -> None:
    call = a_free_call(world)
    begin(call)
    head = as_person(world.head)
    with until(at(23, 11)):  # one of four hours is used
        clocks.pause(by=head, kind="call", object_id=call.pk, reason="等客户的场地图")
        reading = readings([call.pk])[call.pk]
        assert (reading.left, reading.next_step, reading.overdue) == (None, None, False)
        assert reading.pause is not None
        assert reading.pause.reason == "等客户的场地图"
    with until(at(24, 17, 30)):
        assert sweep() >= 0
        assert not Step.objects.filter(clock__object_id=call.pk, fired_at__isnull=False).exists()
    with until(at(25, 10)):
        clock = clocks.resume(by=head, kind="call", object_id=call.pk)
        assert clock.due_at == at(25, 14, 30)  # three hours, with lunch between
        assert readings([call.pk])[call.pk].left == 180
        steps = {step.name: step.due_at for step in clock.steps.all()}
        assert steps == {"remind": at(25, 11), "limit": at(25, 14, 30), "breach": at(25, 16, 30)}
        with pytest.raises(Refusal) as refused:
            clocks.resume(by=head, kind="call", object_id=call.pk)
        assert refused.value.code == "clock.not_paused"
    sentences = list(Entry.objects.filter(verb__in=["clocks.paused", "clocks.resumed"]).order_by("seq").values_list("verb", flat=True))
    assert sentences == ["clocks.paused", "clocks.resumed"]


def test_a_step_owed_before_the_pause_is_told_all_the_same(world: World) -> None:
    call = a_free_call(world)
    begin(call)
    with until(at(23, 13)):  # the reminder was due at noon, and nothing swept
        clocks.pause(by=as_person(world.head), kind="call", object_id=call.pk, reason="等客户")
        sweep()
    assert list(Step.objects.filter(clock__object_id=call.pk, fired_at__isnull=False).values_list("name", flat=True)) == ["remind"]


def test_a_paused_clock_can_be_met(world: World) -> None:
    call = a_free_call(world)
    begin(call)
    clocks.pause(by=as_person(world.head), kind="call", object_id=call.pk, reason="等客户")
    stop(clocks.meet, call)
    clock = Clock.objects.get(object_id=call.pk, outcome="met")
    assert clock.paused_at is None
    assert not clock.pauses.filter(resumed_at=None).exists()


# What it costs.


def test_a_sweep_with_nothing_due_is_one_look(quiet_world: World) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert sweep() == 0
    assert len(asked) == 1


def test_that_look_reads_what_is_due_and_not_what_is_pending(quiet_world: World) -> None:
    level: dict[str, Any] = {
        "kind": "call",
        "service_level": "x",
        "measure": "clock",
        "limit": 60,
        "started_at": at(23, 9),
        "counted_from": at(23, 9),
    }
    pending = [Clock(object_id=uuid7(), due_at=at(25, 9), **level) for _ in range(2000)]
    Clock.objects.bulk_create(pending)
    Step.objects.bulk_create([Step(clock=clock, name="limit", after=60, due_at=at(25, 9)) for clock in pending])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE clocks_step")
    with CaptureQueriesContext(connection) as asked:
        assert sweep() == 0
    with connection.cursor() as cursor:
        cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + asked[0]["sql"])
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "step_due" in plan, plan
    assert "Seq Scan" not in plan
    assert "SCAN" not in plan


@pytest.mark.parametrize(("deals", "statements"), [(1, 26), (3, 26), (8, 28)])  # one more for each hundred rows of one table
def test_a_sweep_asks_as_many_statements_for_many_steps_as_for_a_few(quiet_world: World, deals: int, statements: int) -> None:
    for number in range(deals):
        quiet_world.spoken_deal(f"第 {number} 单")
    with until(at(23, 17, 30)), CaptureQueriesContext(connection) as asked:
        assert sweep() >= 4 * deals
    assert len(asked) == statements
