"""Where the time goes: hand-overs that wait to be taken over, work that waits for somebody, and the figures that open to both."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, transaction

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.clocks.models import Alarm, Clock
from earshot.clocks.sweep import sweep
from earshot.deals import queries, waits
from earshot.deals.actions import end_wait, lose_deal, move_back, move_on, take_over, wait_for
from earshot.deals.models import Deal
from earshot.deals.wait_tables import BLOCK, HANDOVER, Wait
from earshot.desk import times
from earshot.desk.finding import find
from earshot.desk.queries import my_day
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people.models import Person
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Seat
from pages import Visitor
from test_together import together
from worlds import World, changed_pack, later, put_in_force, spoken


def fresh(deal: Deal) -> Deal:
    return queries.as_it_stands(deal.pk)


def blocks(world: World, deal: Deal, **other: Any) -> Wait:
    given: dict[str, Any] = {"by": world.by("seller"), "unit": world.units["delivery"], "reason": "机房图纸还没给"} | other
    return wait_for(deal=deal, version=fresh(deal).version, **given)


def day(person: Person, *causes: str) -> list[tuple[str, str]]:
    return [(line.cause, spoken(line.sentence)) for line in my_day(Person.objects.get(pk=person.pk)) if line.cause in causes]


def refused(act: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


@pytest.fixture
def two_steps(world: World, tmp_path: Path) -> Deal:
    return two_stages(world, tmp_path)


def two_stages(world: World, tmp_path: Path) -> Deal:
    """A deal of a process whose second stage belongs to a step that delivery answers for."""

    def change(parts: dict[str, Any]) -> None:
        process = parts["process"]
        process["stages"][1]["step"] = "MCE"

    put_in_force(changed_pack(tmp_path / "pack", change), unchecked=True)
    return world.deal()


def sits(world: World, deal: Deal) -> None:
    """Delivery has a seat on the team."""
    seat = Seat.objects.get(team=deal.team_id, role="FR")
    accept_seat(by=world.by("delivery"), membership=nominate(by=world.by("seller"), seat=seat, person=world.delivery))


def handed(world: World, deal: Deal) -> Deal:
    return move_on(by=world.by("seller"), deal=deal, version=fresh(deal).version)


@pytest.mark.req("A8.6a", breaks="earshot.deals.waits.handed_over")
def test_a_step_that_another_role_answers_for_waits_until_it_is_taken_over(world: World, two_steps: Deal) -> None:
    sits(world, two_steps)
    deal = handed(world, two_steps)
    assert len(waits.of_deal(deal.pk)) == 1
    [row] = waits.of_deal(deal.pk)
    assert row.role is not None
    assert row.former_role is not None
    assert (row.kind, row.role.code, row.former_role.code, row.until) == (HANDOVER, "FR", "AR", None)
    assert Clock.objects.filter(kind="wait", object_id=row.pk, stopped_at__isnull=True).exists()
    with later(days=1):
        done = take_over(by=world.by("delivery"), deal=deal)
        assert (done.ended, done.ended_by) == ("taken", world.delivery)
        read = times.of_deal(fresh(deal))
        assert read.handovers == read.waits[0].minutes > 0
        assert refused(lambda: take_over(by=world.by("delivery"), deal=deal)).code == "handover.none"
    assert not Clock.objects.filter(kind="wait", object_id=row.pk, stopped_at__isnull=True).exists()


@pytest.mark.req("A8.6a", breaks="earshot.deals.waits.may_take_over")
def test_only_who_answers_for_the_step_takes_it_over_from_my_day(world: World, two_steps: Deal) -> None:
    sits(world, two_steps)
    deal = handed(world, two_steps)
    assert refused(lambda: take_over(by=world.by("seller"), deal=deal)).code == "handover.not_yours"
    assert not day(world.seller, "handover")
    visitor = Visitor("delivery", "en")
    form = next(one for one in visitor.get("/").forms if one.values.get("act") == ["take_over"])
    visitor.submit(form, f"/deals/{deal.pk}/")
    assert not day(world.delivery, "handover")
    assert Wait.objects.get(deal=deal).ended_by == world.delivery


def test_going_back_and_closing_end_a_hand_over_that_nobody_took(world: World, two_steps: Deal) -> None:
    deal = handed(world, two_steps)
    move_back(by=world.by("seller"), deal=deal, version=fresh(deal).version, to="ML", reason="too early")
    first, second = waits.of_deal(deal.pk)
    assert (first.ended, second.kind, second.until) == ("moved", HANDOVER, None)
    lose_deal(by=world.by("seller"), deal=deal, version=fresh(deal).version, reason="another won", code="lost-no-buy")
    assert [one.ended for one in waits.of_deal(deal.pk)] == ["moved", "closed"]


def test_where_one_role_answers_for_both_steps_nothing_is_handed_over(world: World) -> None:
    deal = handed(world, world.deal())
    assert waits.of_deal(deal.pk) == []


@pytest.mark.req("A8.6b", breaks="earshot.desk.times.merged")
def test_blocked_time_is_counted_with_who_waits_for_whom_and_why(world: World) -> None:
    deal = world.deal()
    row = blocks(world, deal, person=world.delivery)
    assert day(world.delivery, "waited_for")
    assert not day(world.delivery_head, "waited_for")
    with later(hours=3):
        end_wait(by=world.by("delivery"), wait=row, words="图纸在共享盘")
        read = times.of_deal(fresh(deal))
        [waited] = read.waits
        assert (waited.kind, waited.on, waited.person, waited.minutes) == (BLOCK, world.units["delivery"], world.delivery, 120)
        assert (read.blocked, read.waited) == (120, 120)
        [spent] = read.spent
        assert [(part.minutes, part.waiting) for part in spent.parts] == [(120, True)]
        assert not day(world.delivery, "waited_for")
        assert refused(lambda: end_wait(by=world.by("seller"), wait=row, words="again")).code == "wait.ended"


@pytest.mark.req("A8.6b")
def test_beyond_the_limit_the_head_of_the_blocking_unit_is_alarmed_and_ends_it_without_seeing_the_deal(world: World) -> None:
    deal = world.deal(title="不给别人看的项目")
    row = blocks(world, deal)
    assert day(world.delivery_head, "waited_for")  # nobody is named: the head has it from the beginning
    other = blocks(world, deal, person=world.delivery, reason="割接窗口还没定")
    with later(days=2):
        sweep()
        assert Alarm.objects.filter(person=world.delivery_head, clock__object_id=other.pk).exists()
        [(_cause, sentence)] = day(world.delivery_head, "alarm")
        assert world.units["delivery"].name in sentence
        with pytest.raises(Refusal):
            find(world.delivery_head, "deal", deal.pk)
        caller = Caller(world.delivery_head)
        shown = caller.get(f"/waits/{other.pk}")
        assert shown["reason"] == "割接窗口还没定"
        assert deal.title not in str(shown.data)
        assert caller.get(f"/deals/{deal.pk}/time").status == 404
        done = caller.post(f"/waits/{other.pk}/there", {"words": "周四凌晨两点"})
        assert done["ended"] == "there"
        assert not day(world.delivery_head, "alarm")
    assert Caller(world.stranger).get(f"/waits/{row.pk}").status == 404
    assert Caller(world.delivery).get(f"/waits/{row.pk}").status == 404  # of the unit, but not asked


@pytest.mark.req("A8.6b", breaks="earshot.deals.waits.may_end")
def test_only_who_works_on_it_or_has_it_says_that_it_is_there(world: World) -> None:
    row = blocks(world, world.deal())
    assert refused(lambda: end_wait(by=world.by("engineer"), wait=row, words="there")).code == "wait.not_yours"


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(world: World) -> None:
    deal = world.deal()
    assert set(refused(lambda: blocks(world, deal, unit=None, reason=" ")).fields) == {"unit", "reason"}
    assert set(refused(lambda: blocks(world, deal, person=world.engineer)).fields) == {"person"}
    assert set(refused(lambda: blocks(world, deal, unit=None, person=world.seller)).fields) == {"person"}
    assert set(refused(lambda: blocks(world, deal, reason="x" * 1001)).fields) == {"reason"}
    assert not Wait.objects.exists()
    blocks(world, deal)
    assert refused(lambda: blocks(world, deal)).code == "wait.said"


def test_the_database_holds_one_open_hand_over_and_what_a_wait_says(world: World, two_steps: Deal) -> None:
    deal = handed(world, two_steps)
    [row] = waits.of_deal(deal.pk)
    for wrong in ({"kind": BLOCK}, {"ended": "taken"}, {"until": row.since}, {"until": row.since, "ended": "there"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Wait.objects.filter(pk=row.pk).update(**wrong)
    visit = two_steps.visits.order_by("entered_at").first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Wait.objects.create(deal=deal, kind=HANDOVER, visit=visit, role=row.role, since=row.since)


@pytest.mark.req("A8.6b", breaks="earshot.desk.times.blocked")
def test_across_deals_who_waited_for_whom_opens_to_its_entries(world: World) -> None:
    first, second = world.moved_deal("one"), world.deal("two")
    blocks(world, first, person=world.delivery)
    blocks(world, second, reason="验收人还没定")
    with later(days=4):
        begin, end = now() - timedelta(days=30), now()
        read = times.across(world.head, begin, end)
        pairs = {(one.on.name if one.on else "", one.waiting.name): one for one in read.blocked}
        asked = (world.units["delivery"].name, world.units["key-accounts"].name)
        assert asked in pairs
        both = pairs[asked]
        assert (both.n, both.open_now) == (2, 2)
        late = pairs[(world.units["solutions"].name, world.units["key-accounts"].name)]  # the call past its time
        assert late.n == 1
        assert both.minutes == sum(one.minutes for one in read.waits if one.kind == BLOCK)
        assert times.across(world.stranger, begin, end).waits == []
        page = Visitor("head", "en")
        there = page.get("/waiting/")
        link = next(one for one in re.findall(r'href="(/waiting/\?[^"]*on=[^"]*)"', there.html) if str(world.units["delivery"].pk) in one)
        opened = page.get(unescape(link).split("#")[0]).html
        assert "验收人还没定" in opened
        assert "机房图纸还没给" in opened


def test_the_page_of_a_deal_shows_bars_with_waiting_hatched_and_the_numbers_as_a_table(world: World) -> None:
    deal = world.moved_deal()
    blocks(world, deal)
    with later(days=1):
        page = Visitor("seller", "en").get(f"/deals/{deal.pk}/time/").html
        assert 'class="is-waiting"' in page
        assert "机房图纸还没给" in page
        assert page.count("<rect") >= 2


def test_by_page_api_and_command_it_is_the_same_verb(world: World) -> None:
    deal = world.deal()
    visitor, there = Visitor("seller", "en"), f"/deals/{deal.pk}/"
    unit = str(world.units["delivery"].pk)
    page = visitor.get(there)
    wrong = visitor.submit(page.form("wait_for"), there, unit=unit, person="Nobody Here", reason="the drawings")
    assert "Nobody called" in wrong.html
    assert "the drawings" in wrong.html
    visitor.submit(wrong.form("wait_for"), there, unit=unit, person=world.delivery.name, reason="the drawings")
    [row] = waits.of_deal(deal.pk)
    assert row.person == world.delivery
    caller = Caller(world.seller)
    made = caller.post(f"/deals/{deal.pk}/waits", {"unit": unit, "reason": "the window"}, if_match=f'"{fresh(deal).version}"')
    assert made.status == 201
    assert caller.get(f"/deals/{deal.pk}/time")["waits"][0]["why"] == "the drawings"
    run = CliRunner().invoke(earshot, ["deals", "wait-for", deal.number, "delivery", "--reason", "the tests", "--as", world.seller.name])
    assert run.exit_code == 0, run.output
    shown = CliRunner().invoke(earshot, ["deals", "time", deal.number, "--as", world.seller.name]).output
    assert "the tests" in shown
    key = str(Wait.objects.get(reason="the tests").pk)
    run = CliRunner().invoke(earshot, ["deals", "there", key, "--words", "done", "--as", world.seller.name])
    assert run.exit_code == 0, run.output
    assert CliRunner().invoke(earshot, ["deals", "waiting", "--as", world.seller.name]).exit_code == 0


@pytest.mark.own_database
def test_two_in_the_same_second_take_a_deal_over_once(world: World, tmp_path: Path) -> None:
    deal = two_stages(world, tmp_path)
    sits(world, deal)
    deal = handed(world, deal)
    outcomes = together(*[lambda: take_over(by=world.by("delivery"), deal=deal)] * 2)
    assert sum(isinstance(one, Refusal) for one in outcomes) == 1
    assert Entry.objects.filter(verb="deals.handover_taken").count() == 1
