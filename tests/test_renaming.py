"""Step 9 of the walk: nothing in the code knows a role, stage, unit, skill or category by name."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from companies import COMPANIES, to_won
from earshot.calls.models import Assignment, Call
from earshot.deals.actions import move_on, vote
from earshot.deals.models import Deal
from earshot.demo.actions import build_world
from earshot.desk.queries import my_day, search, timeline
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.playbooks import book
from earshot.talk.actions.messages import acknowledge, post_message
from earshot.voice.models import Ear
from renaming import FOURTH, renamed_world
from worlds import CRITICAL, World, read_built, snapshot, spoken

pytestmark = [pytest.mark.own_database(bare=True), pytest.mark.usefixtures("own_database", "still")]


# Words that the code knows in another sense: parts of the playbook, leads, addressees, permissions, outcomes, logins of the demo.
ALSO_OTHER_WORDS = {"support", "lead", "leader", "operations", "won"}


def walk(world: World) -> Deal:
    """From the meeting room to the stage after the gate, through the verbs, without naming a code."""
    deal = world.spoken_deal()
    hearers = {ear.item.words: ear.person for ear in Ear.objects.filter(item__deal=deal).select_related("person", "item")}
    assert set(hearers.values()) == {world.engineer, world.delivery, world.seller}
    assert hearers[CRITICAL] == world.engineer
    deal = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    called = {call.accountable for call in Call.objects.filter(deal=deal)}
    assert called == {world.engineer, world.people[FOURTH]}
    assert any(line.cause == "call" for line in my_day(world.people[FOURTH]))
    with pytest.raises(Refusal) as refused:
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert sorted(line.code for line in refused.value.lines) == [
        "call.no_result",
        "call.no_result",
        "gate.not_approved",
        "voice.not_heard",
        "voice.not_heard",
    ]
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("head"), deal=deal, approves=True)
    assert refused.value.code == "vote.not_heard"
    message = post_message(by=world.by("seller"), about=deal, text="?", to=[world.head], asks="answer")
    assert any(line.ids == (message.pk,) for line in my_day(world.head))
    acknowledge(by=world.by("head"), messages=[message], text="!")
    world.hear(deal, "engineer", "head", "delivery")
    world.deliver(deal)
    before = deal.stage_id
    vote(by=world.by("head"), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage_id != before
    return deal


def holds(seed: int, tmp_path: Path) -> None:
    spec, pack = renamed_world(tmp_path, seed)
    build_world(spec, pack=pack)
    world = read_built(spec)
    deal = walk(world)
    assert standing.differences() == {}
    for key in ("stranger", "colleague"):
        assert timeline(world.people[key], deal.pk) == []
        assert deal not in search(world.people[key], deal.title).deals
    assert {call.unit_id for call in Call.objects.filter(deal=deal)} >= {world.units[spec["renamed"]["unit/fourth-unit"]].pk}
    assert Assignment.objects.filter(call__deal=deal, person=world.people[FOURTH], taken_at__isnull=False).exists()
    assert [spoken(told.sentence) for told in timeline(world.seller, deal.pk)]
    nothing_is_left(spec)


def nothing_is_left(spec: dict[str, Any]) -> None:
    """Nothing that a pack or world of ours ships is left anywhere in the database: no code was written from memory."""
    shipped = {name.partition("/")[2] for name in spec["renamed"]} - ALSO_OTHER_WORDS
    left = {
        table: words for table, rows in snapshot().items() if (words := shipped & {v for row in rows for v in row if isinstance(v, str)})
    }
    assert left == {}


@pytest.mark.parametrize("pack", COMPANIES)
def test_a_deal_runs_to_won_through_every_pack_that_ships_under_other_names(pack: str, tmp_path: Path) -> None:
    spec, folder = renamed_world(tmp_path, 4, pack)
    build_world(spec, pack=folder)
    world = read_built(spec)
    assert to_won(world, world.deal(account=spec["accounts"][0]["key"])) == list(book.in_force().process.stages)
    nothing_is_left(spec)


@pytest.mark.req("B18.1a")
def test_the_walk_holds_under_names_that_nobody_has_heard_of_and_the_fourth_person_is_called_too(tmp_path: Path) -> None:
    holds(1, tmp_path)


def test_the_walk_holds_under_other_names_in_every_run(tmp_path: Path) -> None:
    holds(int(os.environ.get("EARSHOT_RENAMING_SEED") or random.SystemRandom().randrange(10**9)), tmp_path)


def test_two_seeds_share_no_name_and_one_seed_always_gives_the_same(tmp_path: Path) -> None:
    one, _pack = renamed_world(tmp_path / "1", 1)
    same, _pack = renamed_world(tmp_path / "2", 1)
    other, _pack = renamed_world(tmp_path / "3", 2)
    assert one == same
    assert set(one["renamed"]) == set(other["renamed"])
    assert not set(one["renamed"].values()) & set(other["renamed"].values())


def test_every_code_of_the_shipped_pack_was_replaced(tmp_path: Path) -> None:
    spec, pack = renamed_world(tmp_path, 3)
    build_world(spec, pack=pack)
    hearing = book.in_force().hearing
    new = set(spec["renamed"].values())
    assert set(hearing.categories) | set(book.in_force().process.stages) | set(book.in_force().process.roles) <= new
    assert set(book.in_force().support.catalogue) | set(book.in_force().service_levels) <= new
