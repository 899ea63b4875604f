"""The clocks of a deal in plain words: what, due when, what happens next to whom by name, what was told, what has ended."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from api_caller import Caller
from earshot.calls.actions import pause_call, resume_call
from earshot.clocks import actions as clocks
from earshot.clocks.models import Alarm, Clock
from earshot.clocks.sweep import sweep
from earshot.desk.clocks import ClockOfDeal, ended, next_in_words, nobody_else_in_words, read, running, told_in_words
from earshot.journal.models import Entry
from earshot.people.models import Person, Unit
from pages import Visitor
from test_cli import good
from test_clocks import at, critical_ear, until
from worlds import CRITICAL, World, spoken


def run(world: World, key: str, deal: object) -> list[ClockOfDeal]:
    return read(running(world.people[key], deal))


def of_the_ear(world: World, deal: object, key: str = "seller") -> ClockOfDeal:
    ear = critical_ear(deal)
    return next(one for one in run(world, key, deal) if one.course.clock.object_id == ear.pk)


def next_of(one: ClockOfDeal) -> list[str]:
    return [spoken(next_in_words(ahead)) for ahead in one.course.ahead]


def people_of(one: ClockOfDeal) -> set[str]:
    return {person.name for ahead in one.course.ahead for person in ahead.people}


def test_what_runs_for_a_deal_stands_soonest_due_first_and_says_who_owes_what_by_which_limit(world: World) -> None:
    deal = world.moved_deal()
    shown = run(world, "seller", deal)
    dues = [one.course.clock.due_at for one in shown]
    assert dues == sorted(dues)
    assert {one.course.clock.kind for one in shown} == {"ear", "call"}
    ear = of_the_ear(world, deal)
    assert ear.person == world.engineer
    assert (ear.course.clock.limit, ear.course.clock.measure, ear.course.reading.left) == (240, "working", 240)
    call = next(one for one in shown if one.course.clock.kind == "call")
    assert call.what == world.calls(deal)[0]
    assert call.person == world.engineer
    assert {one.person for one in read(ended(world.seller, deal))} == {world.seller}  # who recorded it has heard it


def test_the_next_step_names_whom_it_would_tell_as_things_stand_now(world: World) -> None:
    sweep()
    deal = world.spoken_deal()
    assert next_of(of_the_ear(world, deal)) == [f"{world.engineer.name} will be reminded"]
    with until(at(23, 14, 30)):
        sweep()
        after = of_the_ear(world, deal)
        assert people_of(after) == {world.engineer_head.name}
        assert next_of(after) == [f"{world.engineer_head.name} will be told (the head of the unit)"]
        told = [(spoken(told_in_words(alarm)), alarm.seen_to_at) for alarm in after.course.told]
        assert (f"{world.seller.name} was told (the leader of the team)", None) in told
        assert (f"{world.engineer.name} was reminded", None) in told
        # Somebody else heads the unit now: the page says so before the step fires, and the step then does so.
        Unit.objects.filter(pk=world.engineer.unit_id).update(head=world.delivery_head)
        assert people_of(of_the_ear(world, deal)) == {world.delivery_head.name}
        # Nobody is told of his or her own lateness as a superior.
        Unit.objects.filter(pk=world.engineer.unit_id).update(head=world.engineer)
        assert people_of(of_the_ear(world, deal)) == {world.head.name}
        Unit.objects.update(head=None)
        assert people_of(of_the_ear(world, deal)) == {world.operations.name}
    with until(at(23, 15, 30)):
        foretold = people_of(of_the_ear(world, deal))
        sweep()
        ear_clock = Clock.objects.get(object_id=critical_ear(deal).pk)
        assert set(Alarm.objects.filter(clock=ear_clock, step__name="unit-head").values_list("person__name", flat=True)) == foretold


def test_somebody_who_has_left_is_not_foretold(world: World) -> None:
    sweep()
    deal = world.spoken_deal()
    Person.objects.filter(pk=world.engineer.pk).update(left_at=at(23, 9))
    assert next_of(of_the_ear(world, deal)) == ["there is nobody to tell (whoever owes it)"]


def test_who_sees_to_it_stands_beside_what_was_told(world: World) -> None:
    sweep()
    deal = world.spoken_deal()
    with until(at(23, 14, 30)):
        sweep()
        clocks.see_to(by=world.by("seller"), alarms=Alarm.objects.filter(person=world.seller, clock__object_id=critical_ear(deal).pk))
        seen = {alarm.person.name: alarm.seen_to_at for alarm in of_the_ear(world, deal).course.told}
        assert seen[world.seller.name] == at(23, 14, 30)
        assert seen[world.engineer.name] is None


def test_a_call_that_stands_still_comes_last_and_says_by_whom_why_and_what_waits(world: World) -> None:
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    pause_call(by=world.by("head"), call=call, reason="场地关着")
    last = run(world, "seller", deal)[-1]
    assert last.what == call
    pause = last.course.reading.pause
    assert pause is not None
    assert (pause.paused_by, pause.reason) == (world.head, "场地关着")
    assert last.course.reading.left is None
    assert last.course.ahead
    assert last.course.ahead[0].step.due_at is None
    with override("en"):
        page = Visitor("seller", "en").get(f"/deals/{deal.pk}/clocks/").html
    assert "once the time runs on" in page
    with until(at(24, 10)):
        resume_call(by=world.by("head"), call=call)
        [again] = [one for one in run(world, "seller", deal) if one.what == call]
        assert again.course.reading.pause is None
        assert [one.resumed_by for one in again.course.pauses] == [world.head]


def test_what_has_ended_says_how_and_what_was_told_on_the_way(world: World) -> None:
    sweep()
    deal = world.moved_deal()
    world.hear(deal, "engineer")
    with until(at(24, 17, 30)):
        sweep()
        world.hear(deal, "delivery")
    by_person = {one.person: one for one in read(ended(world.seller, deal)) if one.course.clock.kind == "ear"}
    assert by_person[world.engineer].course.ended == "met"
    assert by_person[world.delivery].course.ended == "met_late"
    assert by_person[world.delivery].course.told
    assert by_person[world.delivery].course.ahead == []
    assert not {one.course.clock.pk for one in run(world, "seller", deal)} & {one.course.clock.pk for one in by_person.values()}


def test_what_is_done_while_the_time_stands_still_is_done_in_time(world: World) -> None:
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    pause_call(by=world.by("head"), call=call, reason="场地关着")
    due = Clock.objects.get(object_id=call.pk).due_at
    with until(due.replace(day=due.day + 3)):
        world.deliver(deal)
    assert Entry.objects.filter(verb="clocks.met", objects_touched__object_id=call.pk).exists()
    [one] = [one for one in read(ended(world.seller, deal)) if one.what == call]
    assert one.course.ended == "met"


@pytest.mark.req("law 13")
def test_a_reader_learns_only_of_what_he_or_she_may_see(world: World) -> None:
    deal = world.moved_deal()
    assert run(world, "stranger", deal) == []
    assert {one.what for one in run(world, "engineer", deal)} == {world.items(deal)[0], world.calls(deal)[0]}
    assert len(run(world, "head", deal)) == len(run(world, "seller", deal)) > 2
    for key in ("engineer", "stranger"):
        assert Visitor(key).get(f"/deals/{deal.pk}/clocks/").status == 404
        assert Caller(world.people[key])("GET", f"/deals/{deal.pk}/clocks").status == 404


def test_it_costs_the_same_statements_for_few_clocks_and_for_many(world: World) -> None:
    sweep()
    deal = world.moved_deal()
    visitor = Visitor("seller", "en")

    def cost() -> int:
        visitor.get(f"/deals/{deal.pk}/clocks/")
        with CaptureQueriesContext(connection) as caught:
            assert visitor.get(f"/deals/{deal.pk}/clocks/").status == 200
        return len(caught)

    with until(at(23, 17, 30)):
        world.hear(deal, "head")
        sweep()
        few = cost()
        for number in range(6):
            world.words(deal, words=[(f"又一句 {number}", world.categories[number % 3])])
        world.hear(deal, "head")
        assert cost() == few
    assert few <= 27


def test_every_door_tells_it(world: World) -> None:
    sweep()
    deal = world.moved_deal()
    with until(at(23, 14, 30)):
        sweep()
        page = Visitor("seller", "en").get(f"/deals/{deal.pk}/clocks/").html
        for words in (CRITICAL[:30], world.engineer_head.name, "will be told", "the head of the unit", "4 working hours"):
            assert words in page, words
        assert f'href="/deals/{deal.pk}/clocks/' in Visitor("seller").get(f"/deals/{deal.pk}/").html
        answer = Caller(world.seller)("GET", f"/deals/{deal.pk}/clocks").data
        first = next(row for row in answer["items"] if row["about"]["id"] == str(world.items(deal)[0].pk))
        assert first["next"][0]["people"] == [{"id": str(world.engineer_head.pk), "name": world.engineer_head.name}]
        assert (first["limit"], first["ended"], first["clock"]["measure"]) == (240, None, "working")
        told = good("deals", "clocks", deal.number, "--as", world.seller.name)
        assert CRITICAL[:30] in told
        assert f"{world.engineer_head.name} will be told" in told
        assert "limit: 4h of working time" in told
        world.hear(deal, "engineer")
        assert "done in time" in good("deals", "clocks", deal.number, "--ended", "--as", world.seller.name)
        past = Caller(world.seller)("GET", f"/deals/{deal.pk}/clocks?ended=true").data["items"]
        assert {row["ended"] for row in past} == {"met"}


def test_the_api_gives_them_in_parts(world: World) -> None:
    deal = world.moved_deal()
    whole = Caller(world.seller)("GET", f"/deals/{deal.pk}/clocks").data["items"]
    found, cursor = [], ""
    while True:
        part = Caller(world.seller)("GET", f"/deals/{deal.pk}/clocks?limit=1{cursor}").data
        found += part["items"]
        if part["next"] is None:
            break
        cursor = f"&cursor={part['next']}"
    assert [row["id"] for row in found] == [row["id"] for row in whole]
    assert len(found) > 2


def test_an_overdue_clock_shows_its_whole_ladder_and_says_when_nobody_else_will_be_told(world: World) -> None:
    """What happened, what is next, to whom; and at the end, that nothing happens by itself any more."""
    deal = world.spoken_deal()
    fresh = of_the_ear(world, deal)
    chain = [*fresh.course.ahead, *fresh.course.beyond]
    assert [ahead.step.after for ahead in chain] == sorted(ahead.step.after for ahead in chain)
    assert len(chain) == fresh.course.clock.steps.count() > 2
    page = Visitor("seller", "en").get(f"/deals/{deal.pk}/clocks/").text
    assert all(spoken(next_in_words(ahead)) in page for ahead in fresh.course.beyond)
    assert "Nobody else will be told" not in page
    given = Caller(world.seller)("GET", f"/deals/{deal.pk}/clocks").data["items"]
    [row] = [row for row in given if row["id"] == str(fresh.course.clock.pk)]
    assert [step["sentence"] for step in row["then"]] == [spoken(next_in_words(ahead)) for ahead in fresh.course.beyond]
    with until(at(30, 14, 30)):
        while sweep():
            pass
        last = of_the_ear(world, deal)
        assert (last.course.ahead, last.course.beyond) == ([], [])
        assert spoken(nobody_else_in_words(last.course)).startswith("Nobody else will be told")
        assert "Nobody else will be told" in Visitor("seller", "en").get(f"/deals/{deal.pk}/clocks/").html
        assert "Nobody else will be told" in good("deals", "clocks", deal.number, "--as", world.seller.name)
