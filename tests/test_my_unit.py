"""My unit: what waits, what is late, what is empty and what slips, of the units that somebody heads; mended right there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api_caller import Caller
from earshot.clocks.sweep import sweep
from earshot.deals.models import Deal, Vote
from earshot.deals.queries import today
from earshot.desk.unit import my_unit
from earshot.people.queries import roles_of
from earshot.teams.actions import nominate
from earshot.teams.models import Membership, Seat
from pages import Form, Seen, Visitor
from worlds import CRITICAL, World, later

UNIT = "/unit/"


def forms(page: Seen, act: str, **values: str) -> list[Form]:
    return [one for one in page.forms if one.act == act and all(one.values.get(name) == [value] for name, value in values.items())]


@pytest.mark.req("B9.1a")
def test_a_decision_waits_with_the_original_words_and_is_taken_there(world: World):
    deal = world.ready_deal("north")
    head = Visitor("head", "en")
    page = head.get(UNIT)
    assert CRITICAL in page.text
    [form] = forms(page, "vote", deal=str(deal.pk))
    without = head.submit(form, UNIT)
    assert without.status == 422
    [form] = forms(without, "vote", deal=str(deal.pk))
    done = head.submit(form, UNIT, approves="yes")
    assert "is recorded" in done.text
    assert Vote.objects.filter(person=world.head, visit__deal=deal, approves=True).exists()
    assert not forms(done, "vote", deal=str(deal.pk))


def test_a_vote_on_a_stale_page_is_refused_there(world: World):
    deal = world.ready_deal("north")
    head = Visitor("head", "en")
    [form] = forms(head.get(UNIT), "vote", deal=str(deal.pk))
    Deal.objects.filter(pk=deal.pk).update(version=deal.version + 1)
    assert head.submit(form, UNIT, approves="yes").status == 412


@pytest.mark.req("B13.1")
def test_who_heads_nothing_is_told_so_and_sees_nothing(world: World):
    world.ready_deal("north")
    assert my_unit(world.stranger) is None
    page = Visitor("stranger", "en").get(UNIT)
    assert "You head no unit." in page.text
    assert "north" not in page.text


def test_what_the_unit_owes_and_is_overdue_stands_there_and_is_seen_to(world: World):
    deal = world.moved_deal("north")
    with later(days=9):
        sweep()
        unit = my_unit(world.head)
        assert unit is not None
        assert {line.cause for line in unit.breaches} >= {"call", "ear"}
        assert unit.breaches_count >= len(unit.breaches)
        head = Visitor("head", "en")
        page = head.get(UNIT)
        assert "has not delivered the result of a call in time" in page.text
        told = forms(page, "see_to")
        assert told
        seen = head.submit(told[0], UNIT)
        assert len(forms(seen, "see_to")) < len(told)
    assert deal.pk


@pytest.mark.req("B13.1")
def test_a_head_is_not_told_what_was_said_on_a_deal_that_is_not_of_the_unit(world: World):
    deal = world.moved_deal("ours alone")
    with later(days=9):
        unit = my_unit(world.engineer_head)
        assert unit is not None
        assert unit.breaches
        heard_of = [line for line in unit.breaches if line.cause == "ear"]
        assert heard_of
        for line in heard_of:
            assert (str(line.scope.label), line.detail, line.act in ("", "see_to")) == ("", "", True)
        page = Visitor("engineer_head", "en").get(UNIT)
        assert CRITICAL not in page.text
        assert deal.number not in page.text or "call" in {line.cause for line in unit.breaches}


def test_an_empty_chair_is_filled_there(world: World):
    deal = world.deal("north")
    seat = Seat.objects.filter(team=deal.team_id, role__in=roles_of(world.engineer)).first()
    assert seat is not None
    Membership.objects.filter(seat=seat).delete()
    head = Visitor("head", "en")
    page = head.get(UNIT)
    [form] = forms(page, "nominate", seat=str(seat.pk))
    assert head.submit(form, UNIT, person="").status == 422
    done = head.submit(form, UNIT, person=str(world.engineer.pk))
    assert "is asked to take the seat" in done.text
    assert Membership.objects.filter(seat=seat, person=world.engineer).exists()
    assert not forms(done, "nominate", seat=str(seat.pk))


def test_a_deal_past_its_date_gets_another_one_there(world: World):
    deal = world.deal("north")
    Deal.objects.filter(pk=deal.pk).update(due=today() - timedelta(days=4))
    head = Visitor("head", "en")
    page = head.get(UNIT)
    assert "4 days over" in page.text
    [form] = forms(page, "set_date", deal=str(deal.pk))
    past = head.submit(form, UNIT, due=(today() - timedelta(days=1)).isoformat())
    assert past.status == 422
    assert "This day has passed." in past.text
    done = head.submit(form, UNIT, due="2027-03-01")
    assert "has another date" in done.text
    assert not forms(done, "set_date", deal=str(deal.pk))


def test_a_head_of_several_units_sees_them_together(world: World):
    other = world.units["solutions"]
    other.head = world.sales_head
    other.save()
    unit = my_unit(world.people["sales_head"])
    assert unit is not None
    assert {one.pk for one in unit.units} >= {other.pk}
    assert len(unit.units) > 1 or [one.pk for one in unit.units] == [other.pk]


def test_the_statements_do_not_grow(world: World):
    head = Visitor("head", "en")

    def cost() -> int:
        head.get(UNIT)
        with CaptureQueriesContext(connection) as caught:
            assert head.get(UNIT).status == 200
        return len(caught)

    def more(n: int) -> UUID:
        world.ready_deal(f"ready {n}")
        late = world.moved_deal(f"late {n}")
        Deal.objects.filter(pk=late.pk).update(due=today() - timedelta(days=4))
        seat = Seat.objects.get(team=late.team_id, role__in=roles_of(world.engineer))
        nominate(by=world.by("seller"), seat=seat, person=world.engineer)
        return late.pk

    for n in range(2):
        more(n)
    with later(days=9):
        sweep()
        before = cost()
    for n in range(2, 6):
        more(n)
    with later(days=9):
        sweep()
        assert cost() == before


def test_the_api_shows_the_same(world: World, caller: Callable[..., Caller]):
    deal = world.ready_deal("north")
    shown = caller("head").get("/my-unit")
    [decision] = [one for one in shown["decisions"] if one["deal"]["id"] == str(deal.pk)]
    assert CRITICAL in [one["words"] for one in decision["words"]]
    assert decision["unheard"] == []
    assert shown["chairs_count"] >= len(shown["chairs"]) > 0
    assert caller("stranger").get("/my-unit").status == 404


def test_the_page_of_a_unit_stands_in_the_bar_of_who_heads_one_and_of_nobody_else(world: World) -> None:
    for key, there in (("head", True), ("seller", False)):
        page = Visitor(key).get("/calendars/").html
        assert ('href="/unit/"' in page) is there
