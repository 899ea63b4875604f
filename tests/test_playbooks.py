"""Packs are checked before they are in force; versions stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, transaction

from earshot.clocks.registry import ADDRESSEES
from earshot.deals.actions import move_on
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.playbooks import book, packs, registry
from earshot.playbooks.actions import adopt_pack
from earshot.playbooks.models import PARTS, PartVersion
from earshot.playbooks.parts.reading import Known
from earshot.playbooks.sources import PACKS, Sources
from worlds import World, changed_pack, changed_tables, put_in_force, said, snapshot, spoken

Parts = dict[str, Any]


def first(parts: Parts, part: str, table: str) -> dict[str, Any]:
    return parts[part][table][0]


def misname(part: str, table: str, column: str) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        first(parts, part, table)[column] = "nonsense"

    return change


def with_policy(code: str, setting: str) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        parts["policies"]["policies"] = [{"code": code, "zh": "x", "en": "x", "setting": setting}]

    return change


def with_profile(table: str, *, twice: bool = False, **named: str) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        parts["policies"][table] = [{"code": code, "zh": "x", "en": "x", "profile": "light", **named} for code in ("xy" if twice else "x")]

    return change


def every_shipped_pack() -> list[Path]:
    return [folder for folder in PACKS.iterdir() if folder.is_dir()]


@pytest.mark.parametrize("folder", every_shipped_pack(), ids=lambda folder: folder.name)
def test_every_pack_that_ships_passes_its_own_check(folder: Path) -> None:
    assert set(packs.read(Sources.of_folder(folder), Known(addressees=set(ADDRESSEES))).tables) == set(PARTS)


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        (misname("process", "gates", "stage"), "process.yaml gates/ATI/stage", "nonsense"),
        (misname("process", "seats", "role"), "process.yaml seats/seat-AR/role", "nonsense"),
        (misname("hearing", "hearers", "category"), "hearing.yaml hearers/running-cost-SR/category", "nonsense"),
        (misname("hearing", "hearers", "role"), "hearing.yaml hearers/running-cost-SR/role", "nonsense"),
        (misname("hearing", "hearers", "service_level"), "hearing.yaml hearers/running-cost-SR/service_level", "nonsense"),
        (misname("hearing", "default", "role"), "hearing.yaml default/default/role", "nonsense"),
        (
            lambda parts: first(parts, "hearing", "default").update(service_level="hear"),
            "hearing.yaml default/default/service_level",
            "within 240 minutes",
        ),
        (misname("support", "catalogue", "role"), "support.yaml catalogue/need-interview/role", "nonsense"),
        (misname("support", "catalogue", "unit"), "support.yaml catalogue/need-interview/unit", "nonsense"),
        (misname("support", "catalogue", "service_level"), "support.yaml catalogue/need-interview/service_level", "nonsense"),
        (misname("support", "triggers", "stage"), "support.yaml triggers/MO1-SR/stage", "nonsense"),
        (misname("support", "triggers", "support"), "support.yaml triggers/MO1-SR/support", "nonsense"),
        (misname("support", "none_needed", "stage"), "support.yaml none_needed/ML-none/stage", "nonsense"),
        (with_policy("nonsense", "warn"), "policies.yaml policies/nonsense", "no policy"),
        (with_policy("hearing-before-gate", "off"), "policies.yaml policies/0/setting", "block, warn"),
        (with_policy("not-by-sales-alone", "off"), "policies.yaml policies/not-by-sales-alone/setting", "block, warn"),
        (with_profile("units", unit="nonsense"), "policies.yaml units/x/unit", "nonsense"),
        (with_profile("tiers", tier="nonsense"), "policies.yaml tiers/x/tier", "nonsense"),
        (with_profile("units", unit="branch", twice=True), "policies.yaml units/y/unit", "stands in one"),
        (lambda parts: first(parts, "process", "gates")["deciders"].append("nonsense"), "process.yaml gates/ATI/deciders", "nonsense"),
        (lambda parts: first(parts, "process", "gates").update(checks=["nonsense"]), "process.yaml gates/ATI/checks/0", "nothing provides"),
        (lambda parts: parts["policies"].pop("profile"), "policies.yaml", "profile"),
        (lambda parts: parts["policies"].update(profile="lax"), "policies.yaml profile", "lax"),
        (
            lambda parts: first(parts, "service_levels", "levels")["ladder"][0].update(addressee="nonsense"),
            "service_levels.yaml",
            "nobody answers",
        ),
        (lambda parts: parts["process"]["roles"].append(dict(first(parts, "process", "roles"))), "process.yaml roles/", "twice"),
        (lambda parts: first(parts, "process", "seats").pop("leader"), "process.yaml seats", "exactly one seat"),
        (lambda parts: first(parts, "process", "roles").pop("owner"), "process.yaml roles", "owner"),
        (lambda parts: first(parts, "process", "stages").pop("en"), "process.yaml stages/0", "this is missing: en"),
        (lambda parts: first(parts, "process", "stages").update(step=7), "process.yaml stages/ML/step", "7"),
        (lambda parts: first(parts, "process", "stages").update(color="red"), "process.yaml stages/0", "color"),
        (lambda parts: parts["hearing"].pop("default"), "hearing.yaml", "default"),
        (lambda parts: parts["hearing"].update(default=[]), "hearing.yaml default", ""),
        (
            lambda parts: parts["support"]["none_needed"].append({"code": "n", "zh": "x", "en": "x", "stage": "MO1"}),
            "none_needed/n",
            "only one",
        ),
    ],
)
def test_what_is_wrong_with_a_pack_is_said_with_file_and_place_and_nothing_is_put_in_force(
    world: World, tmp_path: Path, change: Callable[[Parts], Any], place: str, says: str
) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        put_in_force(changed_pack(tmp_path / "wrong", change))
    findings = said(refused.value)
    assert place in findings
    assert says in findings
    assert changed_tables(before, snapshot()) == set()


def test_a_near_miss_is_told_what_was_probably_meant(tmp_path: Path) -> None:
    folder = changed_pack(tmp_path / "near", lambda parts: first(parts, "support", "catalogue").update(service_level="suport"))
    with pytest.raises(Refusal) as refused:
        packs.read(Sources.of_folder(folder))
    assert "support" in said(refused.value)
    assert "did you mean" in said(refused.value)


def test_a_check_that_nothing_provides_is_named_with_its_line_and_what_was_probably_meant(tmp_path: Path) -> None:
    folder = changed_pack(tmp_path / "checks", lambda _parts: None)
    path = folder / "process.yaml"
    written = path.read_text(encoding="utf-8").replace("- code: ATB\n", "- checks:\n  - evry_need_answered\n  code: ATB\n", 1)
    path.write_text(written, encoding="utf-8")
    line = written.splitlines().index("  - evry_need_answered") + 1
    with pytest.raises(Refusal) as refused:
        packs.read(Sources.of_folder(folder), Known(checks={"every_need_answered"}))
    [finding] = refused.value.lines
    assert spoken(finding.sentence) == (
        f"process.yaml gates/ATB/checks/0 (line {line}): nothing provides the check “evry_need_answered”; "
        "did you mean “every_need_answered”?"
    )
    assert packs.read(Sources.of_folder(folder), Known(checks={"evry_need_answered"})).name == "checks"


def test_a_check_that_is_there_can_be_named_by_a_gate(world: World, tmp_path: Path) -> None:
    with mock.patch.dict(registry.CHECKS._things, {"on_time": lambda _deal: []}):
        put_in_force(changed_pack(tmp_path / "named", lambda parts: first(parts, "process", "gates").update(checks=["on_time"])))


def test_the_profile_that_a_pack_states_is_kept_with_its_policies(world: World, tmp_path: Path) -> None:
    assert book.in_force().policies.profile == "standard"
    put_in_force(changed_pack(tmp_path / "light", lambda parts: parts["policies"].update(profile="light")))
    assert book.in_force().policies.profile == "light"
    assert set(PartVersion.objects.exclude(part="policies").values_list("profile", flat=True)) == {""}


@pytest.mark.parametrize("text", ["[", "just words", "", "- a\n- b", "roles: {}", "&a [*a]", "!!python/object/apply:os.system ['true']"])
def test_a_file_that_is_no_part_is_refused_not_run(tmp_path: Path, text: str) -> None:
    folder = changed_pack(tmp_path / "bad", lambda _parts: None)
    (folder / "process.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Refusal) as refused:
        packs.read(Sources.of_folder(folder))
    assert "process.yaml" in said(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = changed_pack(tmp_path / "short", lambda _parts: None)
    (folder / "hearing.yaml").unlink()
    with pytest.raises(Refusal) as refused:
        packs.read(Sources.of_folder(folder))
    assert "hearing.yaml" in said(refused.value)


def test_only_operations_put_a_pack_in_force_and_the_version_before_stays(world: World, tmp_path: Path) -> None:
    folder = changed_pack(tmp_path / "same", lambda _parts: None)  # says the same in other words: without its comments
    for key in ("seller", "head", "administrator"):
        with pytest.raises(Refusal) as refused:
            adopt_pack(by=world.by(key), sources=Sources.of_folder(folder), reason="x")
        assert refused.value.status == 403
    with pytest.raises(Refusal) as refused:
        adopt_pack(by=world.by("operations"), sources=Sources.of_folder(folder), reason=" ")
    assert set(refused.value.fields) == {"reason"}
    adopt_pack(by=world.by("operations"), sources=Sources.of_folder(folder), reason="年度修订")
    for part in PARTS:
        states = list(PartVersion.objects.filter(part=part).order_by("number").values_list("number", "state"))
        assert states == [(1, "superseded"), (2, "in_force")]


def test_a_running_deal_keeps_the_process_that_it_began_under(world: World, tmp_path: Path) -> None:
    deal = world.spoken_deal()

    def one_stage_more(parts: Parts) -> None:
        parts["process"]["stages"].insert(1, {"code": "EXTRA", "zh": "加一步", "en": "One more", "step": "ML"})
        parts["support"]["none_needed"].append({"code": "EXTRA-none", "stage": "EXTRA", "zh": "无", "en": "None"})

    put_in_force(changed_pack(tmp_path / "more", one_stage_more))
    moved = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert moved.stage.code == "MO1"
    fresh = world.spoken_deal("新单")
    assert move_on(by=world.by("seller"), deal=fresh, version=fresh.version).stage.code == "EXTRA"


def test_one_version_of_a_part_is_in_force(world: World) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PartVersion.objects.create(part="hearing", number=9, pack="x", state="in_force", reason="x", in_force_from=now())


@pytest.mark.own_database(bare=True)
@pytest.mark.usefixtures("own_database")
def test_without_a_playbook_the_refusal_says_what_to_do() -> None:
    with pytest.raises(Refusal) as refused:
        _ = book.in_force().process
    assert refused.value.code == "playbook.none"
