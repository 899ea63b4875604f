"""An import into the small company: what it brings, what it owes, and what it never does in anybody's name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from earshot.accounts.models import Account
from earshot.calls.models import Call
from earshot.clocks.models import Clock
from earshot.deals import gates
from earshot.deals.actions import change_deal, move_on, vote
from earshot.deals.models import Closing, Deal
from earshot.deals.queries import visible_to
from earshot.demo.actions import build_world, read_world
from earshot.desk.queries import my_day
from earshot.intake import actions, queries
from earshot.intake.models import Batch, Finding
from earshot.journal.models import Entry
from earshot.journal.queries import orphans, tell
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.people.actors import as_person
from earshot.people.models import Login, Person, Post, Unit
from earshot.playbooks.sources import PACKS
from earshot.teams.models import Acceptance, Membership
from earshot.voice.models import Hearing
from worlds import AIM, MONDAY, World, later, said

FOLDER = Path(__file__).parent / "data_crm"
MAP = FOLDER / "crm.yaml"


def bring(folder: Path = FOLDER, map_path: Path = MAP, by: Person | None = None) -> Batch:
    map_, taken = actions.look(folder, map_path, ordered_by=by)
    return actions.take_in(map_, taken, ordered_by=by)


def deal(key: str) -> Deal:
    return Deal.objects.select_related("unit", "owner", "account", "stage", "team", "process").get(outside_id=f"small-crm:{key}")


def counts() -> dict[str, int]:
    tables = (Unit, Person, Post, Account, Deal, Closing, Call, Clock, Membership, Finding)
    return {table.__name__: table._default_manager.count() for table in tables}


def test_offices_become_units_managers_their_heads_and_sellers_get_their_post(world: World):
    bring()
    north = Unit.objects.get(name="North")
    team = Unit.objects.get(name="North – Ines Falk")
    assert north.parent == world.units["key-accounts"]
    assert team.parent == north
    assert team.head is not None
    assert (team.head.name, team.head.unit) == ("Ines Falk", team)
    ada = Person.objects.get(name="Ada Berg")
    assert ada.unit == team
    assert list(ada.posts.values_list("role", "unit")) == [("AR", team.pk)]
    # No manager: the office itself. No office: the manager's team under the unit of the map.
    assert Person.objects.get(name="Dov Katz").unit == Unit.objects.get(name="South")
    assert Person.objects.get(name="Eli Stone").unit == Unit.objects.get(name="Omar Reyes", parent=world.units["key-accounts"])


def test_deals_come_in_as_they_stand(world: World):
    bring()
    won = deal("OP-001")
    assert (won.title, won.account, won.owner.name, won.currency, str(won.amount)) == (
        "Link Basic – Northwind Ferries",
        Account.objects.get(name="Northwind Ferries"),
        "Ada Berg",
        "USD",
        "1054.00",
    )
    assert (won.closing.outcome, won.closing.at.date().isoformat()) == ("won", "2025-02-28")  # midnight of the map's zone, in UTC
    assert deal("OP-005").closing.reason == "The files give no reason"
    assert deal("OP-002").stage.code == "MO1"
    assert deal("OP-004").opened_at == MONDAY  # the files do not say when: known from the import on
    assert deal("OP-012").opened_at == deal("OP-012").closing.at  # opened in the future, it says: at the latest when it closed
    assert not visible_to(world.stranger).filter(outside_id__isnull=False).exists()


@pytest.mark.req("law 4", breaks="earshot.calls.actions.raise_for_stage")
def test_open_deals_owe_what_their_stage_calls_from_the_import_on_and_closed_ones_nothing(world: World):
    bring()
    calls = Call.objects.filter(deal__outside_id__isnull=False).select_related("deal", "unit", "accountable")
    assert {call.deal.outside_id for call in calls} == {f"small-crm:OP-{n:03d}" for n in (2, 3, 6, 9, 15, 16)}
    call = calls.get(deal=deal("OP-002"))
    assert (call.unit, call.accountable) == (world.units["solutions"], world.engineer)
    assert call.raised_at == MONDAY
    assert call.prescribed_at == deal("OP-002").opened_at  # shown beside, not counted as the unit's lateness
    assert Clock.objects.get(object_id=call.pk).due_at > MONDAY
    closed = Deal.objects.filter(closing__isnull=False, outside_id__isnull=False)
    assert closed.count() == 4
    assert not Call.objects.filter(deal__in=closed).exists()
    assert not Membership.objects.filter(seat__team__deal__in=closed).exists()


def test_the_forecast_is_what_then_happens(world: World):
    before = counts()
    map_, taken = actions.look(FOLDER, MAP, ordered_by=None)
    will = queries.forecast(taken, map_)
    assert counts() == before
    assert (will.sellers, will.managers, will.accounts, will.deals, will.open, will.closed, will.without_account) == (5, 2, 4, 13, 9, 4, 2)
    assert [(row.unit, row.person, row.count) for row in will.calls] == [(world.units["solutions"], world.engineer, 6)]
    actions.take_in(map_, taken, ordered_by=None)
    after = counts()
    assert after["Person"] - before["Person"] == 7
    assert after["Account"] - before["Account"] == 4
    assert after["Deal"] - before["Deal"] == 13
    assert after["Closing"] - before["Closing"] == 4
    assert after["Call"] - before["Call"] == will.owed


def test_a_second_run_adds_nothing_and_says_what_is_known(world: World):
    first = bring()
    before, entries = counts(), Entry.objects.count()
    with later(hours=1):
        map_, taken = actions.look(FOLDER, MAP, ordered_by=None)
        will = queries.forecast(taken, map_)
        assert (will.sellers, will.managers, will.accounts, will.deals, will.owed) == (0, 0, 0, 0, 0)
        assert (will.sellers_known, will.accounts_known, will.deals_known) == (5, 4, 13)
        second = actions.take_in(map_, taken, ordered_by=None)
    assert counts() == before
    assert Entry.objects.count() == entries + 1  # that it was run
    assert (first.counts["deals_added"], second.counts["deals_added"], second.counts["deals_known"]) == (13, 0, 13)


def test_an_interrupted_run_is_simply_run_again(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(actions, "CHUNK", 5)

    def pull_the_plug(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    map_, taken = actions.look(FOLDER, MAP, ordered_by=None)
    with pytest.raises(KeyboardInterrupt):
        actions.take_in(map_, taken, ordered_by=None, tell=pull_the_plug)
    assert Deal.objects.filter(outside_id__isnull=False).count() == 5
    assert Batch.objects.get().finished_at is None
    assert bring().counts["deals_known"] == 5
    assert Deal.objects.filter(outside_id__isnull=False).count() == 13
    assert Finding.objects.count() == 21


def test_findings_are_kept_with_their_rows(world: World):
    batch = bring()
    found = Finding.objects.get(batch=batch, code="seller.unknown")
    assert (found.file, found.line, found.column, found.value, found.brought_in) == (
        "sales_pipeline.csv",
        9,
        "sales_agent",
        "Nobody Known",
        False,
    )
    assert found.row["opportunity_id"] == "OP-008"
    assert queries.findings(batch).count() == 21


def test_what_a_verb_refuses_is_undone_and_kept_as_a_finding(world: World, monkeypatch: pytest.MonkeyPatch):
    real: Callable[..., Deal] = actions.bring_in_deal

    def refuse(**given: object) -> Deal:
        made = real(**given)
        if given["outside_id"] == "small-crm:OP-007":
            raise Refusal("deal.odd", "This one is odd.")
        return made

    monkeypatch.setattr(actions, "bring_in_deal", refuse)
    batch = bring()
    assert not Deal.objects.filter(outside_id="small-crm:OP-007").exists()
    assert batch.counts["deals_added"] == 12
    refused = Finding.objects.get(code="row.refused")
    assert (refused.line, refused.column, refused.value) == (8, "opportunity_id", "OP-007: This one is odd.")
    # What was found in the row before now says that it was not brought in.
    assert set(Finding.objects.filter(line=8, file="sales_pipeline.csv").values_list("brought_in", flat=True)) == {False}


@pytest.mark.req("law 13", breaks="earshot.people.actors.personally")
def test_nothing_imported_is_anybodys_personal_act(world: World):
    acceptances, hearings = Acceptance.objects.count(), Hearing.objects.count()
    batch = bring(by=world.operations)
    assert (Acceptance.objects.count(), Hearing.objects.count()) == (acceptances, hearings)
    assert not Login.objects.filter(person__outside_id__isnull=False).exists()
    entries = Entry.objects.filter(agent_id=batch.pk)
    assert set(entries.values_list("actor_kind", "person_id")) == {("import", world.operations.pk)}
    assert not entries.filter(verb__in=["teams.accepted", "voice.noted", "deals.voted"]).exists()
    # The seller is asked to take the leading seat, and only of what is open.
    ada = Person.objects.get(name="Ada Berg")
    assert [line.cause for line in my_day(ada)] == ["seat", "seat"]
    with pytest.raises(Refusal) as refusal:
        vote(by=actions.Actor("import", agent_id=batch.pk), deal=deal("OP-002"), approves=True)
    assert refusal.value.code == "act.not_personal"


def test_only_whom_operations_let_may_order_an_import(world: World):
    before = counts()
    with pytest.raises(Refusal) as refusal:
        bring(by=world.seller)
    assert (refusal.value.status, refusal.value.code) == (403, "permission.operations")
    assert counts() == before


def test_a_deal_without_an_account_passes_no_gate_until_it_has_one(world: World):
    bring()
    unknown = deal("OP-003")
    owner = as_person(unknown.owner)
    with pytest.raises(Refusal) as refusal:
        move_on(by=owner, deal=unknown, version=unknown.version)
    assert "The account is not known." in said(refusal.value)
    change_deal(by=owner, deal=unknown, version=unknown.version, account=Account.objects.get(name="Harrow Mills"))
    review = gates.review(deal("OP-003"))
    assert review is not None
    assert "deal.account_unknown" not in [condition.line.code for condition in review.unmet]


def test_the_head_of_the_team_and_the_heads_above_see_its_deals_and_a_colleague_does_not(world: World):
    bring()
    ours = Deal.objects.filter(outside_id="small-crm:OP-002")
    seers = {
        name: visible_to(Person.objects.get(name=name)).filter(pk__in=ours).exists() for name in ("Ines Falk", "Bo Lund", "Omar Reyes")
    }
    assert seers == {"Ines Falk": True, "Bo Lund": False, "Omar Reyes": False}
    assert visible_to(world.sales_head).filter(pk__in=ours).exists()


def test_standing_and_journal_are_whole_afterwards(world: World):
    batch = bring()
    assert standing.differences() == {}
    assert standing.orphans() == []
    assert orphans() == []
    told = tell([Entry.objects.get(verb="intake.batch_taken")])[0].sentence
    assert "13" in told
    assert batch.finished_at is not None


def test_the_walk_on_an_imported_deal(world: World):
    """Steps 2 to 8 on a deal that came in, by its own seller."""
    bring()
    imported = deal("OP-002")
    seller = as_person(imported.owner)
    from earshot.voice.actions import Said, With, record_meeting

    record_meeting(
        by=seller,
        deal=imported,
        contacts=[With("Tomas Vik", "CFO")],
        items=[Said(text, category, 0) for text, category in world.three_items()],
    )
    with pytest.raises(Refusal) as refusal:
        move_on(by=seller, deal=imported, version=deal("OP-002").version)
    assert {line.code for line in refusal.value.lines} >= {"call.no_result", "gate.not_approved", "deal.no_goal"}
    change_deal(by=seller, deal=imported, version=deal("OP-002").version, **AIM)
    with pytest.raises(Refusal) as refusal:
        vote(by=world.by("head"), deal=imported, approves=True)
    assert refusal.value.code == "vote.not_heard"
    world.hear(imported, "engineer", "head", "delivery")
    world.deliver(imported)
    vote(by=world.by("head"), deal=deal("OP-002"), approves=True)
    assert deal("OP-002").stage.code == "MO2"
    assert standing.differences() == {}


@pytest.mark.own_database(bare=True)
def test_an_import_survives_other_codes_for_everything(tmp_path: Path):
    """Every code of the playbook and of the units replaced: the map names the new ones, and all comes in alike."""
    new = {code: f"x{n:04d}" for n, code in enumerate(("ML", "MO1", "MO2", "MO3", "MO4", "AR", "SR", "FR", "SDT"))}
    units = {row["code"]: f"u{n:04d}" for n, row in enumerate(read_world()["units"])}
    pack = Path(shutil.copytree(PACKS / "iron-triangle-ltc", tmp_path / "renamed"))
    codes = new | units

    def renamed(thing: object, key: str = "") -> object:
        if isinstance(thing, dict):
            return {k: renamed(v, k) for k, v in thing.items()}
        if isinstance(thing, list):
            return [renamed(one, key) for one in thing]
        return (
            codes.get(str(thing), thing)
            if key in ("code", "stage", "step", "role", "unit", "parent", "heads", "deciders", "units")
            else thing
        )

    for path in pack.glob("*.yaml"):
        path.write_text(yaml.safe_dump(renamed(yaml.safe_load(path.read_text())), allow_unicode=True))
    spec = renamed(read_world()) | {"deals": [], "meetings": [], "messages": []}
    build_world(spec, pack=pack)
    map_path = tmp_path / "map.yaml"
    map_path.write_text(yaml.safe_dump(renamed(yaml.safe_load(MAP.read_text())), allow_unicode=True))
    batch = bring(map_path=map_path)
    assert batch.counts["deals_added"] == 13
    assert Call.objects.filter(deal__outside_id__isnull=False).count() == 6
    assert Deal.objects.get(outside_id="small-crm:OP-002").stage.code == new["MO1"]
