"""A deal moved to a newer process: the preview says what changes, the act does that and nothing else; who may; twice; many at once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api_caller import Caller
from earshot.calls.models import Call
from earshot.cli.root import earshot
from earshot.deals import gates, processes, queries
from earshot.deals.actions import change_deal, move_all_to_process, move_to_process, vote
from earshot.deals.models import Deal, StageVisit, Vote
from earshot.deals.processes import Preview, preview
from earshot.journal.models import Entry
from earshot.kit.problems import Refusal
from earshot.playbooks import book
from earshot.playbooks.models import PROCESS, PartVersion
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Membership, Seat
from earshot.voice.models import Ear
from pages import Visitor
from worlds import World, changed_pack, changed_tables, plain, put_in_force, said, snapshot, spoken

LAPSES = "the gate “Decide to invest” asks something else now, or others decide there"
NAMED = {"zh": "新的", "en": "New"}
Parts = dict[str, Any]


def newer(folder: Path, *changes: Callable[[Parts], None]) -> int:
    """The shipped pack, changed, in force; the number of its process."""

    def change(parts: Parts) -> None:
        for one in changes:
            one(parts)

    put_in_force(changed_pack(folder, change))
    return book.in_force().process.version.number


def row(parts: Parts, table: str, code: str, part: str = "process") -> dict[str, Any]:
    return next(one for one in parts[part][table] if one["code"] == code)


def nothing(_parts: Parts) -> None:
    pass


def another_decider(parts: Parts) -> None:
    row(parts, "gates", "ATI")["deciders"] = ["SR", "SDT"]


def renamed_stage(parts: Parts) -> None:
    """MO1 is called V1 now; nothing else changes."""
    row(parts, "stages", "MO1")["code"] = "V1"
    row(parts, "gates", "ATI")["stage"] = "V1"
    _also_for(parts, {"MO1": "V1"})


def _also_for(parts: Parts, codes: dict[str, str]) -> None:
    """The support table says of the new stages what it says of the old ones, which running deals follow until they are moved."""
    for table in ("triggers", "none_needed"):
        rows = parts["support"][table]
        rows += [one | {"code": f"{one['code']}-new", "stage": codes[one["stage"]]} for one in rows if one["stage"] in codes]


def a_corner(parts: Parts) -> None:
    parts["process"]["seats"].append({"code": "seat-SDT", "role": "SDT", **NAMED})
    parts["process"]["seats"] = [one for one in parts["process"]["seats"] if one["code"] != "seat-FR"]


def sizes(parts: Parts) -> None:
    parts["process"]["tiers"] = [{"code": "big", "when": "deal.amount >= 1000000.0", "zh": "大单", "en": "Big"}, {"code": "small", **NAMED}]


def told(seen: Preview | None) -> list[tuple[str, str, str]]:
    assert seen is not None
    return [(one.kind, one.what, spoken(one.sentence)) for one in seen.changes]


def moved(world: World, deal: Deal, to: int, *, by: str = "seller", stage: str = "", reason: str = "新流程更合用") -> Deal:
    deal.refresh_from_db()
    return move_to_process(by=world.by(by), deal=deal, version=deal.version, to=to, reason=reason, stage=stage)


# The preview.


def test_a_deal_of_the_process_in_force_has_nothing_newer(world: World) -> None:
    assert preview(world.deal()) is None


def test_a_newer_process_that_changes_nothing_ahead_says_so(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()
    newer(tmp_path, nothing)
    seen = preview(deal)
    assert told(seen) == []
    assert seen is not None
    assert (seen.stage.code if seen.stage else None, seen.gone, seen.old.number, seen.new.number) == ("MO1", False, 1, 2)


@pytest.mark.req("B28.1b")
def test_the_preview_names_each_thing_that_changes_and_writes_nothing(world: World, tmp_path: Path) -> None:
    newer(tmp_path / "plain", plain)
    deal = world.moved_deal()
    world.hear(deal, "head")
    vote(by=world.by("head"), deal=deal, approves=True)

    def change(parts: Parts) -> None:
        plain(parts)
        another_decider(parts)
        a_corner(parts)
        sizes(parts)
        stages, gates_ = parts["process"]["stages"], parts["process"]["gates"]
        stages.insert(2, {"code": "PIL", "step": 2, "zh": "试点", "en": "Pilot", "exit": [{"code": "led", "needs": "team.led", **NAMED}]})
        gates_.append(
            {
                **row(parts, "gates", "ATI"),
                "conditions": [],
                "deciders": ["SR", "SDT"],
                "code": "PG",
                "stage": "PIL",
                "zh": "试点评审",
                "en": "Pilot gate",
            }
        )
        gates_.remove(row(parts, "gates", "ATB"))
        parts["process"]["mandates"] = [one for one in parts["process"].get("mandates", []) if one.get("gate") != "ATB"]
        row(parts, "gates", "ATC")["conditions"] = [{"code": "heard", "needs": "words.unheard == 0", **NAMED}]
        parts["support"]["none_needed"].append({"code": "PIL-none", "stage": "PIL", **NAMED})
        parts["support"]["triggers"].append({"code": "MO1-FR", "stage": "MO1", "support": "key-assumptions", **NAMED})

    newer(tmp_path, change)
    before = snapshot()
    assert told(preview(deal)) == [
        ("comes", "stage", "Stage “Pilot” comes."),
        ("comes", "gate", "Gate “Pilot gate” comes, at the end of “Pilot”; decided by Solution responsible, Sales decision maker."),
        ("goes", "gate", "Gate “Decide to bid” goes, at the end of “Solution and bid”."),
        ("comes", "decider", "At “Decide to invest”, Solution responsible decides as well."),
        ("comes", "condition", "Asked as well, to leave “Pilot”: New"),
        ("comes", "condition", "Asked as well, at the gate “Decide to sign”: New"),
        ("comes", "size", "Its size: Big."),
        ("comes", "seat", "The team gets a seat for Sales decision maker: New"),
        ("stays", "seat", "The process has no seat for 交付负责人 any more; the empty one stays."),
        (
            "goes",
            "vote",
            f"The vote of {world.head.name} (Sales decision maker) lapses: {LAPSES}.",
        ),
        ("comes", "call", f"“Key assumptions of delivery” is called from 交付部; {world.delivery.name} answers for it."),
    ]
    assert changed_tables(before, snapshot()) == set()


# The act.


@pytest.mark.req("B28.1b")
def test_a_deal_follows_the_newer_process_from_the_move_on_and_the_journal_says_from_which_to_which(world: World, tmp_path: Path) -> None:
    deal = world.ready_deal()
    visit = StageVisit.objects.get(deal=deal, left_at=None)
    to = newer(tmp_path, another_decider, a_corner)
    deal = moved(world, deal, to)
    assert (deal.process.number, deal.stage.code, deal.stage.version.number) == (2, "MO1", 2)
    kept = StageVisit.objects.get(deal=deal, left_at=None)
    assert (kept.pk, kept.entered_at, kept.stage_id) == (visit.pk, visit.entered_at, deal.stage_id)
    [entry] = Entry.objects.filter(verb="deals.process_changed")
    assert (entry.data["from"], entry.data["to"], entry.data["reason"], entry.data["seats_added"]) == (1, 2, "新流程更合用", ["seat-SDT"])
    assert {seat.role for seat in Seat.objects.filter(team=deal.team)} == {"AR", "SR", "FR", "SDT"}
    assert [step.visit is not None for step in queries.path(deal)] == [True, True, False, False, False]
    vote(by=world.by("head"), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage.code == "MO1"  # SR decides as well now
    with pytest.raises(Refusal) as refused:
        moved(world, deal, to)
    assert refused.value.code == "deal.process_newest"


@pytest.mark.req("law 3", breaks="earshot.deals.comparing.why_votes_lapse")
def test_a_vote_at_a_gate_that_changed_lapses_and_one_at_the_same_gate_counts_on(world: World, tmp_path: Path) -> None:
    def same_gate_elsewhere_changed(parts: Parts) -> None:
        row(parts, "gates", "ATC")["deciders"] = ["FR", "SDT"]

    deals = [world.ready_deal("一"), world.ready_deal("二")]
    put_in_force(changed_pack(tmp_path / "1", lambda parts: row(parts, "gates", "ATI").update(deciders=["FR", "SDT"])))
    for at, deal in enumerate(deals):
        deals[at] = moved(world, deal, 2)
        vote(by=world.by("head"), deal=deals[at], approves=True)

    def again(parts: Parts) -> None:
        row(parts, "gates", "ATI").update(deciders=["FR", "SDT"])
        same_gate_elsewhere_changed(parts)

    moved(world, deals[0], newer(tmp_path / "2", again))
    assert Vote.objects.filter(visit__deal=deals[0], replaced_at=None).count() == 1
    moved(world, deals[1], newer(tmp_path / "3", another_decider))
    assert Vote.objects.filter(visit__deal=deals[1], replaced_at=None).count() == 0
    [entry] = Entry.objects.filter(verb="deals.process_changed", data__votes_lapsed=1)
    assert {touched.object_id for touched in entry.objects_touched.filter(part="voter")} == {world.head.pk}


def test_people_stay_where_their_seat_is_none_of_the_process_any_more(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()
    membership = nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role="FR"), person=world.delivery)
    accept_seat(by=world.by("delivery"), membership=membership)
    ears = Ear.objects.filter(item__deal=deal, ended_at=None).count()
    to = newer(tmp_path, a_corner)
    assert f"any more; it stays, and {world.delivery.name} with it." in str([one[2] for one in told(preview(deal))])
    moved(world, deal, to)
    assert Membership.objects.filter(pk=membership.pk, ended_at=None).exists()
    assert Ear.objects.filter(item__deal=deal, ended_at=None).count() == ears


@pytest.mark.req("law 4", breaks="earshot.calls.actions.raise_for_stage")
def test_the_present_stage_calls_what_it_never_called_from_the_move_on_and_nothing_else(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()

    def called(parts: Parts) -> None:
        plain(parts)
        sizes(parts)
        parts["support"]["triggers"] += [
            {"code": "MO1-FR", "stage": "MO1", "support": "key-assumptions", "when": "deal.tier == 'big'", **NAMED},
            {"code": "ML-FR", "stage": "ML", "support": "deliverability", **NAMED},
        ]
        parts["support"]["none_needed"] = [one for one in parts["support"]["none_needed"] if one["stage"] != "ML"]

    to = newer(tmp_path, called)
    assert not Call.objects.filter(deal=deal, support_code="key-assumptions").exists()
    deal = moved(world, deal, to)
    more = Call.objects.filter(deal=deal).exclude(support_code="need-interview")
    assert [(call.support_code, call.prescribed_at == call.raised_at) for call in more] == [("key-assumptions", True)]


# A stage that the newer process does not have.


def test_a_deal_whose_stage_is_gone_is_put_into_one_that_was_not_ahead_of_it(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()
    to = newer(tmp_path, renamed_stage)
    seen = preview(deal)
    assert seen is not None
    assert (seen.stage, [stage.code for stage in seen.choices], told(seen)) == (None, ["ML", "V1"], [])
    for stage in ("", "MO2", "MO1", "nowhere"):
        with pytest.raises(Refusal) as refused:
            moved(world, deal, to, stage=stage)
        assert set(refused.value.fields) == {"stage"}
    deal = moved(world, deal, to, stage="V1")
    assert deal.stage.code == "V1"
    assert [step.stage.code for step in queries.path(deal) if step.visit] == ["ML", "V1"]
    assert Entry.objects.filter(verb="deals.stage_entered", data__stage_code="V1").exists()
    assert gates.review(deal) is not None


def test_a_stage_that_stays_is_kept_so_that_nobody_moves_on_by_changing_the_process(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()
    to = newer(tmp_path, nothing)
    with pytest.raises(Refusal) as refused:
        moved(world, deal, to, stage="MO2")
    assert "the deal stays there" in said(refused.value)


@pytest.mark.req("law 3", breaks="earshot.deals.comparing.gates_left_out")
def test_nobody_but_operations_puts_a_deal_behind_a_gate_that_it_never_passed(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()

    def other_stages(parts: Parts) -> None:
        for at, one in enumerate(parts["process"]["stages"]):
            for gate in parts["process"]["gates"]:
                gate["stage"] = f"S{at}" if gate["stage"] == one["code"] else gate["stage"]
        _also_for(parts, {one["code"]: f"S{at}" for at, one in enumerate(parts["process"]["stages"])})
        for at, one in enumerate(parts["process"]["stages"]):
            one["code"] = f"S{at}"

    to = newer(tmp_path, other_stages)
    assert [stage.code for stage in preview(deal).choices] == ["S0", "S1"]  # type: ignore[union-attr]  # a newer one is in force
    with pytest.raises(Refusal) as refused:
        moved(world, deal, to, stage="S3")
    assert "a gate lies before it that it never passed" in said(refused.value)
    seen = preview(deal, "S3", free=True)
    assert ("goes", "gate", "Gate “Decide to invest” lies behind the deal there, and it was never passed.") in told(seen)
    assert moved(world, deal, to, stage="S3", by="operations").stage.code == "S3"


@pytest.mark.req("law 3", breaks="earshot.deals.comparing.gates_left_out")
def test_nobody_but_operations_dodges_a_gate_that_the_newer_process_puts_behind_the_deal(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()

    def earlier(parts: Parts) -> None:
        row(parts, "gates", "ATI")["stage"] = "ML"

    to = newer(tmp_path, earlier)
    assert told(preview(deal)) == [("goes", "gate", "Gate “Decide to invest” lies behind the deal there, and it was never passed.")]
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        moved(world, deal, to)
    assert refused.value.code == "deal.gate_left_out"
    assert "Decide to invest" in said(refused.value)
    assert changed_tables(before, snapshot()) == set()
    assert moved(world, deal, to, by="operations").process.number == to
    told_of = Entry.objects.get(verb="deals.process_changed")
    assert told_of.data["gates_left_out"] == ["ATI"]


@pytest.mark.req("law 3", breaks="earshot.deals.actions.processes._refuse_left_out")
def test_moving_many_says_before_which_gates_they_would_be_behind_and_leaves_out_none_unsaid(world: World, tmp_path: Path) -> None:
    world.moved_deal("一")
    world.moved_deal("二")

    def earlier(parts: Parts) -> None:
        row(parts, "gates", "ATI")["stage"] = "ML"

    to = newer(tmp_path, earlier)
    operations = world.by("operations")
    owed = {one.stage.code: [(gate.code, n) for gate, n in one.owed] for one in processes.behind()}
    assert owed == {"ML": [], "MO1": [("ATI", 2)]}
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        move_all_to_process(by=operations, to=to, reason="统一", stages=["MO1"])
    assert "“Decide to invest”" in said(refused.value)
    assert changed_tables(before, snapshot()) == set()

    page = Visitor("operations", "en").get("/playbook/deals/")
    assert "2 deals never passed it" in page.html
    caller = Caller(world.operations)
    seen = caller.get("/playbook/older-deals")
    assert [(one["gate"]["code"], one["deals"]) for row in seen["items"] for one in row["owed"]] == [("ATI", 2)]
    assert caller.post("/playbook/older-deals", {"stages": ["MO1"], "reason": "统一"}, if_match=seen.etag).status == 422
    assert "2 never passed “Decide to invest” (ATI)" in commanded("--all-at", "MO1", "--as", world.operations.name)
    commanded("--all-at", "MO1", "--reason", "统一", "--leave-out", "ATI", "--as", world.operations.name)
    assert {one.stage.code for one in processes.behind()} == {"ML"}


def test_a_gate_that_comes_behind_a_deal_is_none_that_it_owed(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()

    def behind(parts: Parts) -> None:
        parts["process"]["gates"].append(copy.deepcopy(row(parts, "gates", "ATI")) | {"code": "PG", "stage": "ML"})

    to = newer(tmp_path, behind)
    assert moved(world, deal, to).process.number == to


def test_the_preview_says_that_a_condition_is_asked_at_another_place(world: World, tmp_path: Path) -> None:
    def asked_at(gate: str) -> Callable[[Parts], None]:
        return lambda parts: row(parts, "gates", gate).setdefault("conditions", []).append({"code": "zz", "needs": "team.led", **NAMED})

    newer(tmp_path / "a", asked_at("ATC"))
    deal = world.moved_deal()
    newer(tmp_path / "b", asked_at("ATI"))
    assert ("changes", "condition", "Asked otherwise, at the gate “Decide to invest”: New") in told(preview(deal))


# Who, and when.


@pytest.mark.parametrize("key", ["engineer", "delivery", "delivery_head"])
def test_who_neither_leads_nor_owns_nor_heads_the_deal_does_not_move_it(world: World, tmp_path: Path, key: str) -> None:
    deal = world.moved_deal()
    to = newer(tmp_path, another_decider)
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        moved(world, deal, to, by=key)
    assert refused.value.status == 403
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.parametrize("key", ["seller", "sales_head", "operations"])
def test_owner_head_and_operations_move_it_with_a_reason(world: World, tmp_path: Path, key: str) -> None:
    deal = world.moved_deal()
    to = newer(tmp_path, another_decider)
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        moved(world, deal, to, by=key, reason=" ")
    assert set(refused.value.fields) == {"reason"}
    assert changed_tables(before, snapshot()) == set()
    assert moved(world, deal, to, by=key).process.number == 2


def test_a_preview_that_is_no_longer_true_is_refused(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()
    to = newer(tmp_path / "2", another_decider)
    newer(tmp_path / "3", a_corner)
    with pytest.raises(Refusal) as refused:
        moved(world, deal, to)
    assert (refused.value.code, refused.value.status) == ("stale", 412)
    assert "process@3 is in force" in said(refused.value)
    change_deal(by=world.by("sales_head"), deal=deal, version=deal.version, amount="3000000")
    with pytest.raises(Refusal) as refused:
        move_to_process(by=world.by("seller"), deal=deal, version=deal.version, to=3, reason="x")
    assert refused.value.code == "stale"


# Many at once.


def test_operations_move_all_deals_of_a_stage_and_hear_how_many_are_left(world: World, tmp_path: Path) -> None:
    deals = [world.moved_deal("一"), world.moved_deal("二")]
    first = world.deal("三")
    to = newer(tmp_path, another_decider)
    assert {(one.stage.code, one.count, one.stays) for one in processes.behind()} == {("ML", 3, True), ("MO1", 2, True)}
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        move_all_to_process(by=world.by("sales_head"), to=to, reason="x", stages=["ML"])
    assert refused.value.status == 403
    assert changed_tables(before, snapshot()) == set()
    done = move_all_to_process(by=world.by("operations"), to=to, reason="统一到新流程", stages=["MO1"])
    assert ({deal.pk for deal in done.deals}, done.left, done.stuck) == ({deal.pk for deal in deals}, 0, 0)
    first.refresh_from_db()
    assert first.process.number == 1
    assert len(move_all_to_process(by=world.by("operations"), to=to, reason="统一到新流程", stages=[], every=True).deals) == 3
    assert processes.behind() == []


def test_deals_in_a_stage_that_is_gone_are_left_for_a_hand(world: World, tmp_path: Path) -> None:
    world.moved_deal()
    done = move_all_to_process(by=world.by("operations"), to=newer(tmp_path, renamed_stage), reason="统一到新流程", stages=["MO1"])
    assert (list(done.deals), done.left, done.stuck) == ([], 0, 1)


def test_moving_to_a_newer_process_keeps_the_old_version_for_other_deals(world: World, tmp_path: Path) -> None:
    one, other = world.moved_deal("一"), world.moved_deal("二")
    moved(world, one, newer(tmp_path, another_decider))
    assert PartVersion.objects.filter(part=PROCESS).count() == 2
    other.refresh_from_db()
    assert other.process.number == 1


# By page, API and command line: the same.


def at(deal: Deal) -> str:
    return f"/deals/{deal.pk}/process/"


def commanded(*words: str) -> str:
    done = CliRunner().invoke(earshot, ["deals", "move-process", *words], env={"EARSHOT_LANGUAGE": "en"})
    assert done.exit_code == 0, done.output
    return done.output


def test_every_door_says_the_same_of_what_changes(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()
    newer(tmp_path, another_decider, a_corner)
    sentences = [sentence for _kind, _what, sentence in told(preview(deal))]
    assert len(sentences) == 3
    shown = Caller(world.seller).get(f"/deals/{deal.pk}/process")
    assert len(shown["changes"]) == 3
    assert [one["sentence"] for one in shown["changes"]][:1] == sentences[:1]
    assert (shown["follows"]["number"], shown["newer"]["number"], shown["stage"]["code"]) == (1, 2, "MO1")
    page = Visitor("seller", "en").get(at(deal))
    assert all(one["sentence"] in page.text for one in shown["changes"])
    lines = commanded(deal.number, "--as", world.seller.name).splitlines()
    assert len(lines) == 2 + len(sentences)


def test_the_act_is_done_by_page_by_api_and_by_command(world: World, tmp_path: Path) -> None:
    deals = [world.moved_deal(title) for title in ("一", "二", "三")]
    to = newer(tmp_path, another_decider)
    visitor = Visitor("seller", "en")
    assert at(deals[0]) in visitor.get(f"/deals/{deals[0].pk}/").html
    form = visitor.get(at(deals[0])).form("move")
    assert visitor.submit(form, at(deals[0]), reason="").status == 422
    visitor.submit(visitor.get(at(deals[0])).form("move"), at(deals[0]), reason="新流程更合用")
    caller, body = Caller(world.seller), {"to": to, "reason": "新流程更合用"}
    assert caller.post(f"/deals/{deals[1].pk}/process-moves", body, if_match=f'"{deals[1].version}"').status == 200
    assert caller.post(f"/deals/{deals[1].pk}/process-moves", body, if_match=f'"{deals[1].version}"').status == 412
    commanded(deals[2].number, "--reason", "新流程更合用", "--as", world.seller.name)
    assert {entry.data["reason"] for entry in Entry.objects.filter(verb="deals.process_changed")} == {"新流程更合用"}
    for deal in deals:
        deal.refresh_from_db()
    assert [deal.process.number for deal in deals] == [to, to, to]
    assert "/process/" not in visitor.get(f"/deals/{deals[0].pk}/").html


def test_operations_move_a_stage_by_page_by_api_and_by_command(world: World, tmp_path: Path) -> None:
    world.moved_deal()
    newer(tmp_path, another_decider)
    caller = Caller(world.operations)
    behind = caller.get("/playbook/older-deals")
    assert {(one["stage"]["code"], one["deals"]) for one in behind["items"]} == {("ML", 2), ("MO1", 1)}
    done = caller.post("/playbook/older-deals", {"stages": ["MO1"], "reason": "统一"}, if_match=behind.etag)
    assert (done["moved"], done["left"], done["stuck"]) == (1, 0, 0)
    visitor = Visitor("operations", "en")
    page = visitor.get("/playbook/deals/")
    assert visitor.submit(page.form("move"), "/playbook/deals/", reason="统一").status == 422  # no stage is chosen
    assert "process@1" in commanded("--all-at", "ML", "--as", world.operations.name)
    commanded("--all-at", "ML", "--reason", "统一", "--as", world.operations.name)
    assert Entry.objects.filter(verb="deals.process_changed").count() == 3
    assert processes.behind() == []


def test_a_stage_is_chosen_on_the_page_and_looked_at_before_the_act(world: World, tmp_path: Path) -> None:
    deal = world.moved_deal()
    newer(tmp_path, renamed_stage)
    visitor = Visitor("seller", "en")
    assert "move" not in visitor.get(at(deal)).acts
    assert "move" not in visitor.get(f"{at(deal)}?stage=MO4").acts
    page = visitor.get(f"{at(deal)}?stage=V1")
    visitor.submit(page.form("move"), f"{at(deal)}?stage=V1", reason="改了名")
    deal.refresh_from_db()
    assert deal.stage.code == "V1"


def test_the_page_of_a_deal_offers_the_seats_that_the_process_wants(world: World, tmp_path: Path) -> None:
    def large(parts: Parts) -> None:
        plain(parts)
        sizes(parts)
        parts["process"]["seats"].append({"code": "seat-SDT", "role": "SDT", "when": "deal.tier == 'big'", **NAMED})

    newer(tmp_path, large)
    deal = world.deal(amount="1")
    visitor = Visitor("seller", "en")
    here = f"/deals/{deal.pk}/"
    assert "add_seats" not in visitor.get(here).acts
    change_deal(by=world.by("seller"), deal=deal, version=1, amount="2000000")
    page = visitor.get(here)
    assert "the process wants 1 seat more" in page.text
    visitor.submit(page.form("add_seats"), here)
    assert Seat.objects.filter(team=deal.team, template="seat-SDT").count() == 1
    assert "add_seats" not in visitor.get(here).acts
