"""A step that is not needed for a deal: who says so, why, and what it never gets round (A8.3b, A8.3c)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import IntegrityError, connection, transaction

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import queries, steps
from earshot.deals.actions import leave_out_step, move_back, move_on, need_step
from earshot.deals.models import Deal
from earshot.deals.step_tables import StepNotNeeded
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people.queries import roles_of
from pages import Visitor
from test_steps import seat_engineer
from test_together import codes, together
from worlds import World, changed_pack, plain, put_in_force


def four_steps(world: World, *, calls: bool = False, gate: bool = False) -> Any:
    """Stages one, two, three and the rest, each a step of its own (a, b, c, d); of the third the engineer's role answers. `calls`: somebody
    is called there; `gate`: a gate stands at its end."""

    def change(parts: dict[str, Any]) -> None:
        plain(parts)
        process = parts["process"]
        owner = next(row["code"] for row in process["roles"] if row.get("owner"))
        process["steps"] = [{"code": code, "zh": code, "en": code, "role": owner} for code in "abcd"]
        process["steps"][2]["role"] = min(roles_of(world.engineer))
        process["stages"] = [row for row in process["stages"] if "awaits" not in row]
        known = [row["code"] for row in process["stages"]]
        for number, row in enumerate(process["stages"]):
            row["step"] = "abcd"[min(number, 3)]
            row.pop("entry", None), row.pop("exit", None)
        process["gates"] = [{**process["gates"][0], "stage": known[2] if gate else known[-1], "conditions": []}]
        process["gates"][0].pop("awaits", None)
        process["mandates"] = []
        support = parts["support"]
        support["triggers"] = [{**support["triggers"][0], "stage": known[2]}] if calls else []
        support["none_needed"] = [
            {"code": f"none-{code}", "stage": code, "zh": "无", "en": "None"} for code in known if not (calls and code == known[2])
        ]
        parts["policies"]["profile"] = "light"

    return change


def fresh(deal: Deal) -> Deal:
    return queries.as_it_stands(deal.pk)


def a_deal(world: World, tmp_path: Path, **how: bool) -> Deal:
    put_in_force(changed_pack(tmp_path / "pack", four_steps(world, **how)), unchecked=True)
    return fresh(world.deal())


def leave_out(world: World, deal: Deal, key: str, step: str = "c", reason: str = "客户已自建") -> StepNotNeeded:
    return leave_out_step(by=world.by(key), deal=deal, version=fresh(deal).version, step=step, reason=reason)


def on(world: World, deal: Deal, **to: str) -> Deal:
    return move_on(by=world.by("seller"), deal=deal, version=fresh(deal).version, **to)


def refused(act: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def stage(deal: Deal) -> int:
    return fresh(deal).stage.position


@pytest.mark.req("A8.3c", breaks="earshot.deals.queries.next_in")
def test_the_deal_goes_past_a_step_that_is_not_needed_and_the_way_says_who_said_so(world: World, tmp_path: Path) -> None:
    deal = a_deal(world, tmp_path)
    leave_out(world, deal, "head")
    on(world, deal)
    on(world, deal)
    assert stage(deal) == 4
    left = next(one for one in steps.way(fresh(deal)) if one.step.code == "c")
    assert left.state == steps.LEFT_OUT
    assert left.not_needed is not None
    assert (left.not_needed.person, left.not_needed.reason) == (world.head, "客户已自建")


@pytest.mark.req("A8.3b")
def test_without_it_a_later_stage_is_refused_naming_what_lies_between(world: World, tmp_path: Path) -> None:
    deal = a_deal(world, tmp_path)
    on(world, deal)
    codes_of = [one.stage.code for one in queries.path(fresh(deal))]
    assert refused(lambda: on(world, deal, to=codes_of[3])).code == "deal.stage_skipped"
    leave_out(world, deal, "head")
    assert "to" in refused(lambda: on(world, deal, to=codes_of[2])).fields
    assert on(world, deal, to=codes_of[3]).stage.code == codes_of[3]


@pytest.mark.req("A8.3c", breaks="earshot.deals.steps.bars_leaving_out")
@pytest.mark.parametrize("step", ["a", "d"])
def test_neither_the_first_nor_the_last_step_is_left_out(world: World, tmp_path: Path, step: str) -> None:
    assert refused(lambda: leave_out(world, a_deal(world, tmp_path), "head", step)).code == "step.needed"


@pytest.mark.req("A8.3c", breaks="earshot.deals.steps.bars_leaving_out")
def test_a_gate_is_not_left_out_with_its_step(world: World, tmp_path: Path) -> None:
    wrong = refused(lambda: leave_out(world, a_deal(world, tmp_path, gate=True), "head"))
    assert [line.code for line in wrong.lines] == ["step.gate"]


@pytest.mark.req("law 4", breaks="earshot.deals.steps.may_leave_out")
def test_a_step_that_calls_somebody_is_left_out_by_a_head_alone(world: World, tmp_path: Path) -> None:
    deal = a_deal(world, tmp_path, calls=True)
    for key in ("seller", "engineer"):
        assert refused(lambda key=key: leave_out(world, deal, key)).status in (403, 404)
    assert leave_out(world, deal, "head").step == "c"


def test_who_answers_for_it_says_it_and_nobody_beside_does(world: World, tmp_path: Path) -> None:
    deal = a_deal(world, tmp_path)
    seat_engineer(world, deal)
    assert refused(lambda: leave_out(world, deal, "seller")).code == "step.not_yours"
    leave_out(world, deal, "engineer")
    leave_out(world, deal, "seller", "b")
    assert fresh(deal).steps_left_out == ["c", "b"]


def test_it_is_needed_after_all_until_the_deal_is_past_it_and_then_one_goes_back(world: World, tmp_path: Path) -> None:
    deal = a_deal(world, tmp_path)
    leave_out(world, deal, "head")
    need_step(by=world.by("seller"), deal=deal, version=fresh(deal).version, step="c")
    assert fresh(deal).steps_left_out == []
    leave_out(world, deal, "head")
    on(world, deal)
    on(world, deal)
    version = fresh(deal).version
    assert refused(lambda: need_step(by=world.by("seller"), deal=deal, version=version, step="c")).code == "step.behind"
    to = [one.stage.code for one in queries.path(fresh(deal))][2]
    move_back(by=world.by("seller"), deal=deal, version=version, to=to, reason="客户改主意了")
    assert (stage(deal), fresh(deal).steps_left_out) == (3, [])
    assert StepNotNeeded.objects.filter(ended_by=world.seller).count() == 2


@pytest.mark.parametrize("given", [{"reason": " "}, {"step": "nowhere"}, {"reason": "x" * 1001}])
def test_what_is_wrong_is_said_beside_its_field(world: World, tmp_path: Path, given: dict[str, str]) -> None:
    deal = a_deal(world, tmp_path)
    wrong = refused(lambda: leave_out(world, deal, "head", **given))
    assert list(wrong.fields) == list(given)
    assert not StepNotNeeded.objects.exists()


def test_the_database_keeps_one_with_its_reason(world: World, tmp_path: Path) -> None:
    row = leave_out(world, a_deal(world, tmp_path), "head")
    for wrong in ({}, {"step": "b", "reason": ""}):
        given: dict[str, Any] = {"step": "c", "reason": "x"} | wrong
        with pytest.raises(IntegrityError), transaction.atomic():
            StepNotNeeded.objects.create(deal=row.deal, person=world.head, at=now(), **given)


def test_by_page_api_and_command_it_is_the_same_verb(world: World, tmp_path: Path) -> None:
    deal = a_deal(world, tmp_path)
    there, visitor = f"/deals/{deal.pk}/", Visitor("head", "en")
    page = visitor.get(there)
    wrong = visitor.submit(page.form("leave_out"), there, step="c", reason="")
    assert not StepNotNeeded.objects.exists()
    visitor.submit(wrong.form("leave_out"), there, step="c", reason="they have their own")
    page = visitor.get(there)
    assert "they have their own" in page.html
    visitor.submit(page.form("need"), there)
    head, path = Caller(world.head), f"/deals/{deal.pk}/steps/c"
    shown = head.post(f"{path}/left-out", {"reason": "已有"}, if_match=f'"{fresh(deal).version}"')
    assert next(one for one in shown["steps"] if one["step"]["code"] == "c")["not_needed"]["reason"] == "已有"
    shown = head.post(f"{path}/needed", if_match=f'"{fresh(deal).version}"')
    assert all(one["not_needed"] is None for one in shown["steps"])
    for words in (["leave-out", deal.number, "c", "--reason", "x"], ["need", deal.number, "c"]):
        run = CliRunner().invoke(earshot, ["deals", *words, "--as", world.head.name], catch_exceptions=False)
        assert run.exit_code == 0, run.output


def test_the_board_and_its_drag_go_past_it(world: World, tmp_path: Path) -> None:
    deal = a_deal(world, tmp_path)
    on(world, deal)
    leave_out(world, deal, "head")
    four = [one.stage.code for one in queries.path(fresh(deal))][3]
    assert f":{four}" in Visitor("seller", "en").get("/deals/board/").html


@pytest.mark.own_database
def test_two_in_the_same_second_leave_it_out_once(world: World, tmp_path: Path) -> None:
    deal = a_deal(world, tmp_path)
    connection.close()
    outcomes = together(lambda: leave_out(world, deal, "head"), lambda: leave_out(world, deal, "head"))
    assert len(codes(outcomes)) <= 2
    assert StepNotNeeded.objects.filter(ended_at__isnull=True).count() == 1
