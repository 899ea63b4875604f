"""*My day*, search, colours; and how many statements each visible list costs, whatever the number of its rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from earshot.accounts import queries as accounts
from earshot.calls import queries as calls
from earshot.calls.actions import name_person, take_call
from earshot.deals import gates
from earshot.deals import queries as deals
from earshot.deals.actions import lose_deal
from earshot.deals.models import Deal
from earshot.desk import rules
from earshot.desk.queries import DayLine, my_day, search, timeline
from earshot.people import standing
from earshot.people.models import Person
from earshot.voice import queries as voice
from earshot.voice.actions import Said, record_meeting
from worlds import MONDAY, World, later, spoken


def causes(person: Person) -> list[str]:
    return [line.cause for line in my_day(person)]


def on(deal: Deal, person: Person) -> list[DayLine]:
    """The person's lines about the deal or one of its calls."""
    ids = {deal.pk, deal.team_id, *calls.of_deal(deal.pk).values_list("pk", flat=True)}
    return [line for line in my_day(person) if line.scope.id in ids]


# One line per person, scope and cause; gone with its cause.


def test_my_day_leads_the_walk_from_person_to_person(world: World) -> None:
    deal = world.spoken_deal()
    assert [line.cause for line in on(deal, world.engineer)] == ["to_hear"]
    assert on(deal, world.seller) == []
    deal = world.moved_deal("第二单")
    assert sorted(line.cause for line in on(deal, world.engineer)) == ["call", "to_hear"]
    assert [line.cause for line in on(deal, world.delivery)] == ["to_hear"]
    assert on(deal, world.head) == []
    world.hear(deal, "engineer", "delivery")
    assert [line.cause for line in on(deal, world.engineer)] == ["call"]
    take_call(by=world.by("engineer"), call=world.calls(deal)[0])
    [line] = on(deal, world.engineer)
    assert (line.act, spoken(line.sentence)) == ("deliver", "Deliver the result of your call")
    world.deliver(deal)
    assert on(deal, world.engineer) == []
    [line] = on(deal, world.head)
    assert (line.cause, line.act, line.colour) == ("vote", "vote", "red")
    for key in ("stranger", "colleague", "operations", "administrator"):
        assert on(deal, world.people[key]) == []


def test_many_statements_of_one_deal_are_one_line_that_covers_them_all(world: World) -> None:
    deal = world.moved_deal()
    world.words(deal, words=[("又一句", "rival"), ("再一句", "running-cost")])
    [line] = [line for line in on(deal, world.engineer) if line.cause == "to_hear"]
    assert len(line.ids) == 3
    assert "3 statements" in spoken(line.sentence)
    world.hear(deal, "engineer")
    assert "to_hear" not in [line.cause for line in on(deal, world.engineer)]


def test_who_answers_for_a_call_that_another_does_is_told_only_once_it_is_overdue(world: World) -> None:
    deal = world.moved_deal()
    name_person(by=world.by("engineer"), call=world.calls(deal)[0], person=world.engineer_two)
    assert "call_overdue" not in causes(world.engineer)
    with later(days=10):
        [line] = [line for line in my_day(world.engineer) if line.cause == "call_overdue"]
        assert line.colour == "red"
        world.deliver(deal)
        assert "call_overdue" not in causes(world.engineer)


def test_a_record_that_asks_is_the_authors_to_mend(world: World) -> None:
    record_meeting(by=world.by("seller"), deal=world.deal(), items=[Said("说了一句", "site")])
    assert "record_asks" in causes(world.seller)
    assert "record_asks" not in causes(world.head)


def test_the_day_is_ordered_by_what_presses_most(world: World) -> None:
    world.spoken_deal("没有关口")
    world.moved_deal("有关口")
    colours = [line.colour for line in my_day(world.engineer)]
    assert colours == sorted(colours, key=lambda colour: rules.ORDER[colour])
    assert colours[0] == "red"


def test_a_duty_is_amber_within_a_day_and_red_once_overdue(world: World) -> None:
    deal = world.spoken_deal()  # no gate at the end of its stage
    [line] = on(deal, world.engineer)
    assert line.colour == "amber"
    with later(days=2):
        [line] = on(deal, world.engineer)
        assert line.colour == "red"
        assert line.clock is not None
        assert line.clock.overdue


def test_a_lost_deal_asks_nobody_for_a_vote_a_seat_or_a_result(world: World) -> None:
    deal = world.ready_deal()
    assert on(deal, world.head)
    lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="价格", code="lost-no-buy")
    assert on(deal, world.head) == []
    assert on(deal, world.engineer) == []


@pytest.mark.parametrize(
    ("due_in", "blocks", "colour"),
    [
        (None, False, "grey"),
        (None, True, "red"),
        (-1, False, "red"),
        (0, False, "amber"),
        (24 * 60, False, "amber"),
        (24 * 60 + 1, False, "grey"),
    ],
)
def test_red_is_overdue_or_blocking_amber_within_a_day_grey_not_yet_owed(due_in: int | None, blocks: bool, colour: str) -> None:
    due_at = None if due_in is None else MONDAY + timedelta(minutes=due_in)
    assert rules.colour(MONDAY, due_at, blocks_next_gate=blocks) == colour


# Search.


@pytest.mark.parametrize("words", ["", "   ", "\x00", "%", "_", "'; --", "x" * 10_000, "\u202e", "苏丹\x00"])
def test_a_search_for_anything_typed_is_answered_and_signs_are_no_wildcards(world: World, words: str) -> None:
    world.deal()
    found = search(world.seller, words)
    assert found.deals == []


def test_a_search_finds_by_title_number_account_statement_and_call(world: World) -> None:
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    assert search(world.seller, "苏丹").deals == [deal]
    assert search(world.seller, deal.number.lower()).deals == [deal]
    assert deal in search(world.seller, "青尼罗").deals
    assert [item.deal_id for item in search(world.seller, "DIESEL").items] == [deal.pk]
    assert search(world.engineer, call.number).calls == [call]
    assert search(world.engineer, "Deep need").calls == [call]


# Statements, counted: for one row and for many, as seen by a seller, a head and somebody called.


def statements(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return len(queries)


def fresh(person: Person) -> Person:
    return standing.for_request(Person.objects.select_related("unit").get(pk=person.pk))


LISTS: dict[str, tuple[int, Callable[[Person, Deal], Any]]] = {
    "deals": (1, lambda person, _deal: list(deals.with_names(deals.visible_to(person))[:50])),
    "accounts": (1, lambda person, _deal: list(accounts.visible_to(person).select_related("owner", "unit")[:50])),
    "items": (10, lambda person, deal: voice.read(voice.visible_to(person).filter(deal=deal))),
    "calls": (7, lambda person, _deal: calls.read(calls.visible_to(person))),
    "my day": (42, lambda person, _deal: my_day(person)),
    "gate review": (34, lambda _person, deal: gates.review(Deal.objects.get(pk=deal.pk))),
    "timeline": (5, lambda person, deal: timeline(person, deal.pk)),
    "search": (5, lambda person, _deal: search(person, "苏丹")),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("key", ["seller", "head", "engineer"])
def test_a_list_costs_the_same_statements_for_one_row_and_for_many(world: World, name: str, key: str) -> None:
    most, read = LISTS[name]
    deal = world.moved_deal("苏丹 0")
    person = fresh(world.people[key])
    read(person, deal)  # the playbook is read once a process
    one = statements(lambda: read(person, deal))
    for number in range(4):
        world.moved_deal(f"苏丹 {number + 1}")
        world.words(deal)
    name_person(by=world.by("engineer"), call=world.calls(deal)[0], person=world.engineer_two)
    person = fresh(world.people[key])
    many = statements(lambda: read(person, deal))
    assert many == one
    assert many <= most
