"""The three packs that ship: each passes the whole check in a company that has its units and skills, and a deal runs through it from
its first stage to won, so that no gate of it is shut for ever."""

from __future__ import annotations

import pytest

from companies import COMPANIES, company, to_won
from earshot.demo.actions import build_world
from earshot.playbooks import book, packs
from earshot.playbooks.queries import known
from earshot.playbooks.sources import PACKS, Sources
from worlds import World, read_built, spoken

pytestmark = [pytest.mark.own_database(bare=True), pytest.mark.usefixtures("own_database", "still")]


def built(pack: str) -> World:
    spec = company(pack)
    build_world(spec)
    return read_built(spec)


@pytest.mark.parametrize("pack", COMPANIES)
def test_a_pack_that_ships_passes_the_whole_check_in_its_company(pack: str) -> None:
    built(pack)
    assert [spoken(finding.as_line().sentence) for finding in packs.check(Sources.of_folder(PACKS / pack), known())] == []


@pytest.mark.parametrize("pack", COMPANIES)
def test_a_deal_runs_from_the_first_stage_to_won(pack: str) -> None:
    world = built(pack)
    for account in [key for key, account in world.accounts.items() if account.owner == world.seller]:
        deal = world.deal(f"全程 {account}", account=account)
        assert to_won(world, deal) == list(book.in_force().process.stages)
