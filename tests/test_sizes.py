"""Sizes of deals, and what a process asks by them: which gates stand, which seats a team begins with, what a stage asks on the way in
and out; read with the pack, judged on the deal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from earshot.deals.models import Deal
from earshot.deals.sizes import Size, size_of
from earshot.kit.problems import Refusal
from earshot.playbooks import book, packs
from earshot.playbooks.conditions import compared
from earshot.playbooks.queries import known
from earshot.playbooks.sources import Sources
from worlds import World, changed_pack, put_in_force, said, spoken

TIERS: list[dict[str, Any]] = [
    {"code": "big", "zh": "大单", "en": "Big", "when": "deal.amount >= 5000000.0"},
    {"code": "middle", "zh": "中单", "en": "Middle", "when": "deal.amount >= 1000000.0"},
    {"code": "small", "zh": "小单", "en": "Small"},
]
NAMED = {"zh": "一", "en": "One"}


def sized(parts: dict[str, Any]) -> None:
    parts["process"]["tiers"] = [dict(row) for row in TIERS]


def in_force(folder: Path, *changes: Any) -> None:
    """The shipped pack with sizes, changed further, in force."""

    def change(parts: dict[str, Any]) -> None:
        sized(parts)
        for one in changes:
            one(parts)

    put_in_force(changed_pack(folder, change))


def findings(folder: Path, *changes: Any) -> list[str]:
    """What the check says of the shipped pack, changed."""

    def change(parts: dict[str, Any]) -> None:
        for one in changes:
            one(parts)

    found = packs.check(Sources.of_folder(changed_pack(folder, change)), known())
    return [spoken(finding.as_line().sentence) for finding in found]


def setting(part: str, table: str, code: str, **columns: Any) -> Any:
    def change(parts: dict[str, Any]) -> None:
        next(row for row in parts[part][table] if row["code"] == code).update(columns)

    return change


# Read with the pack.


def tiers(*rows: dict[str, Any]) -> Any:
    def change(parts: dict[str, Any]) -> None:
        parts["process"]["tiers"] = [NAMED | row for row in rows]

    return change


WRONG = [
    ("process.yaml tiers/a/when", "the last tier is for whatever is left", tiers({"code": "a", "when": "deal.amount > 1.0"})),
    ("process.yaml tiers/a", "without a condition it takes every deal", tiers({"code": "a"}, {"code": "b"})),
    ("tiers/a/when", "did you mean “deal.amount”?", tiers({"code": "a", "when": "deal.amonut > 1.0"}, {"code": "b"})),
    ("tiers/a/when", "a tier cannot ask for “deal.tier”", tiers({"code": "a", "when": "deal.tier == 'b'"}, {"code": "b"})),
    ("tiers/a/when", "“calls.open” changes with what is done", tiers({"code": "a", "when": "calls.open > 1"}, {"code": "b"})),
    (
        "gates/ATI/when",
        "character 14: no tier has the code “bigg”; did you mean “big”?",
        [sized, setting("process", "gates", "ATI", when="deal.tier == 'bigg'")],
    ),
    ("gates/ATI/when", "the process has no tiers", setting("process", "gates", "ATI", when="deal.tier == 'big'")),
    ("gates/ATI/when", "“team.led” changes with what is done", setting("process", "gates", "ATI", when="team.led")),
    ("seats/seat-AR/when", "the leader's seat is there for every deal", setting("process", "seats", "seat-AR", when="account.known")),
    ("seats/seat-SR/when", "its answer is a text", setting("process", "seats", "seat-SR", when="deal.currency")),
    ("triggers/MO1-SR/when", "nothing provides the fact “deal.margin”", setting("support", "triggers", "MO1-SR", when="deal.margin > 0.1")),
    (
        "triggers/MO1-SR/when",
        "no tier has the code “smal”; did you mean “small”?",
        [sized, setting("support", "triggers", "MO1-SR", when="deal.tier in ['big', 'smal']")],
    ),
    (
        "stages/MO2/entry/heard/needs",
        "nothing provides the fact “words.herd”",
        setting("process", "stages", "MO2", entry=[{"code": "heard", "needs": "words.herd == 0", **NAMED}]),
    ),
    (
        "stages/MO2/exit/heard",
        "the condition “heard” stands twice",
        setting(
            "process",
            "stages",
            "MO2",
            entry=[{"code": "heard", "needs": "words.unheard == 0", **NAMED}],
            exit=[{"code": "heard", "needs": "calls.open == 0", **NAMED}],
        ),
    ),
    ("stages/ML/step", "no step has the code “7”", setting("process", "stages", "ML", step=7)),
    ("stages/0/step", "it must be a code", setting("process", "stages", "ML", step=[1])),
]


@pytest.mark.parametrize(("place", "sentence", "change"), WRONG)
def test_what_is_wrong_with_sizes_and_conditions_is_said_at_its_place(
    world: World, tmp_path: Path, place: str, sentence: str, change: Any
) -> None:
    found = findings(tmp_path, *(change if isinstance(change, list) else [change]))
    assert [one for one in found if place in one and sentence in one], found
    assert "(line " in found[0]


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("deal.tier == 'big' || 'small' != deal.tier", [(14, "big"), (23, "small")]),
        ('deal.tier in ["big", \'small\'] && deal.stage == "ML"', [(15, "big"), (22, "small")]),
        ("deal.tier == 'b' + 'ig'", []),
        ("'b' + 'ig' == deal.tier", []),
        ("deal.tier.startsWith('b') && deal.tier == deal.stage", []),
        ("deal.tier in [deal.stage, 'x']", []),
        (r"deal.tier == 'b\'ig'", []),
    ],
)
def test_only_texts_that_stand_as_they_are_are_held_against_the_tiers(source: str, named: list[tuple[int, str]]) -> None:
    assert compared(source, "deal.tier") == named


def test_a_process_may_have_other_steps_than_the_six(world: World, tmp_path: Path) -> None:
    def six(parts: dict[str, Any]) -> None:
        parts["process"]["steps"] = [{"code": "hear", "zh": "听", "en": "Hear"}, {"code": "do", "zh": "做", "en": "Do"}]
        for number, row in enumerate(parts["process"]["stages"]):
            row["step"] = "do" if number else "hear"

    assert list(book.in_force().process.steps) == ["1", "2", "3", "4", "5", "6"]
    in_force(tmp_path, six)
    process = book.in_force().process
    assert [str(process.steps[stage.step]) for stage in process.stages.values()] == ["听", "做", "做", "做", "做"]


# Judged on a deal.


@pytest.mark.parametrize(("amount", "code"), [("7000000", "big"), ("5000000", "big"), ("2105000", "middle"), ("1", "small"), (None, None)])
def test_a_deal_is_of_the_first_tier_that_holds_and_of_none_while_that_is_not_known(
    world: World, tmp_path: Path, amount: str | None, code: str | None
) -> None:
    in_force(tmp_path)
    size = size_of(world.deal(amount=amount))
    assert (size.tier.code if size.tier else None) == code
    assert list(size.unknown) == ([] if amount else ["deal.amount"])


def test_a_process_without_tiers_knows_no_size(world: World) -> None:
    assert size_of(world.deal()) == Size()


def test_the_size_of_a_deal_costs_no_statement(world: World, tmp_path: Path, django_assert_num_queries: Any) -> None:
    in_force(tmp_path)
    deal = Deal.objects.select_related("account").get(pk=world.deal().pk)
    size_of(deal)
    with django_assert_num_queries(0):
        size_of(deal)


def test_a_pack_with_a_wrong_size_is_not_put_in_force(world: World, tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        in_force(tmp_path, setting("process", "gates", "ATI", when="deal.tier == 'bigg'"))
    assert "did you mean “big”?" in said(refused.value)
