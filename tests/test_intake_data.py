"""The public CRM set (not ours to ship): 8,800 opportunities in four CSV files, brought into the demonstration company."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from earshot.accounts.models import Account
from earshot.calls import queries as calls
from earshot.calls.models import Call
from earshot.cli.root import earshot
from earshot.deals import queries as deals
from earshot.deals.actions import change_deal, move_on, vote
from earshot.deals.models import Deal
from earshot.desk.queries import search, timeline
from earshot.intake import actions, maps, queries
from earshot.intake.models import Finding
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.people.actors import as_person
from earshot.people.models import Login, Person
from earshot.voice import queries as voice
from earshot.voice.actions import Said, With, record_meeting
from worlds import World, said

pytestmark = pytest.mark.data


@pytest.fixture
def folder() -> Path:
    return Path(os.environ["EARSHOT_DATA"]) / "crm-sales"


def test_the_files_are_counted_before_anything_is_done(world: World, folder: Path):
    map_, taken = actions.look(folder, maps.locate("crm-sales"), ordered_by=world.operations)
    will = queries.forecast(taken, map_)
    assert (will.sellers, will.managers, will.accounts) == (35, 6, 85)
    assert (will.deals, will.open, will.closed, will.without_account) == (8800, 2089, 6711, 1425)
    assert [(row.unit, row.person, row.count) for row in will.calls] == [(world.units["solutions"], world.engineer, 1589)]
    assert {bad.code for bad in taken.found} == {"account.empty"}
    assert len(taken.found) == 1425
    assert dict(taken.aliased) == {("product", "GTXPro", "GTX Pro"): 1480, ("sector", "technolgy", "technology"): 12}
    assert not Deal.objects.filter(outside_id__isnull=False).exists()


def test_without_its_aliases_the_map_tells_every_value_that_differs(world: World, folder: Path, tmp_path: Path):
    import yaml

    data = yaml.safe_load(maps.locate("crm-sales").read_text(encoding="utf-8"))
    del data["aliases"]
    path = tmp_path / "map.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    _map, taken = actions.look(folder, path, ordered_by=None)
    unknown = [bad for bad in taken.found if bad.code == "product.unknown"]
    assert (len(unknown), {bad.value for bad in unknown}) == (1480, {"GTXPro"})
    assert len(taken.deals) == 8800


def test_all_of_it_comes_in_once_and_its_sellers_can_walk(world: World, folder: Path):
    map_, taken = actions.look(folder, maps.locate("crm-sales"), ordered_by=None)
    batch = actions.take_in(map_, taken, ordered_by=None)
    imported = Deal.objects.filter(outside_id__startswith="crm-sales:")
    assert (imported.count(), imported.filter(closing__isnull=True).count(), imported.filter(account=None).count()) == (8800, 2089, 1425)
    assert Account.objects.filter(outside_id__isnull=False).count() == 85
    assert Call.objects.filter(deal__in=imported).count() == 1589
    assert not Call.objects.filter(deal__closing__isnull=False).exists()
    assert Finding.objects.filter(batch=batch).count() == 1425
    assert standing.differences() == {}

    again = queries.forecast(taken, map_)
    assert (again.deals, again.deals_known, again.sellers, again.accounts, again.owed) == (0, 8800, 0, 0, 0)
    second = actions.take_in(map_, taken, ordered_by=None)
    assert (second.counts["deals_added"], second.counts["deals_known"], second.counts["findings"]) == (0, 8800, 0)
    assert imported.count() == 8800

    deal = imported.filter(closing=None, account__isnull=False, stage__gate__isnull=False).select_related("owner").earliest("number")
    result = CliRunner().invoke(earshot, ["login", "give", deal.owner.name], catch_exceptions=False)
    assert result.exit_code == 0
    assert Login.objects.filter(person=deal.owner).exists()
    walk(world, deal)


def walk(world: World, deal: Deal) -> None:
    """Steps 2 to 8 on one of the imported deals."""
    seller, stage = as_person(deal.owner), deal.stage
    words = [Said(text, category, 0) for text, category in world.three_items()]
    record_meeting(by=seller, deal=deal, contacts=[With("Tomas Vik", "CFO")], items=words)
    with pytest.raises(Refusal) as refusal:
        move_on(by=seller, deal=deal, version=Deal.objects.get(pk=deal.pk).version)
    assert world.engineer.name in said(refusal.value)
    # What was imported knows no goal: the gate asks for one (A17.2c), and no vote opens it until the seller has said it.
    assert "deal.no_goal" in [line.code for line in refusal.value.lines]
    change_deal(by=seller, deal=deal, version=Deal.objects.get(pk=deal.pk).version, goal="Signed this quarter", due="2026-12-31")
    with pytest.raises(Refusal) as unheard:
        vote(by=world.by("head"), deal=deal, approves=True)
    assert unheard.value.code == "vote.not_heard"
    world.hear(deal, "engineer", "head", "delivery")
    world.deliver(deal)
    vote(by=world.by("head"), deal=deal, approves=True)
    moved = Deal.objects.select_related("stage").get(pk=deal.pk)
    assert moved.stage.position == stage.position + 1
    assert standing.differences() == {}
    told = [one.entry.verb for one in timeline(deal.owner, deal.pk)]
    owed = {"deals.deal_brought_in", "calls.raised", "deals.gate_refused", "deals.vote_refused", "voice.noted", "deals.gate_opened"}
    assert owed <= set(told)
    # Step 7: a stranger, and a plain colleague of the seller's own unit, find it nowhere; the engineer's head finds call and words.
    colleague = Person.objects.filter(unit=deal.owner.unit, heads__isnull=True).exclude(pk=deal.owner_id).earliest("pk")
    for outsider in (world.stranger, colleague):
        assert not deals.visible_to(outsider).filter(pk=deal.pk).exists()
        assert not voice.visible_to(outsider).filter(deal=deal).exists()
        assert timeline(outsider, deal.pk) == []
        assert search(outsider, words[0].words[:20]).items == []
    assert not deals.visible_to(world.engineer_head).filter(pk=deal.pk).exists()
    assert calls.visible_to(world.engineer_head).filter(deal=deal, role=world.calls(deal)[0].role).exists()
    assert voice.visible_to(world.engineer_head).filter(deal=deal).count() == 1
