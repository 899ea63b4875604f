"""In which step of its process a deal is: since when, who answers for it, what it needs to begin, when it is finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.utils.translation import override

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import steps
from earshot.deals.actions import lose_deal, move_back, move_on
from earshot.deals.models import Deal, StageVisit
from earshot.kit.problems import Refusal
from earshot.people.queries import roles_of
from earshot.playbooks import book
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Seat
from pages import Visitor
from worlds import World, changed_pack, later, plain, put_in_force


def two_steps(world: World, *, roles: bool = True) -> Any:
    """A first step of three stages without gates, and a second of the others. The engineer's role answers for the first."""

    def change(parts: dict[str, Any]) -> None:
        plain(parts)
        process = parts["process"]
        answers = [min(roles_of(world.engineer)), next(row["code"] for row in process["roles"] if row.get("owner"))]
        process["steps"] = [{"code": "hear", "zh": "听", "en": "Hear"}, {"code": "do", "zh": "做", "en": "Do"}]
        for row, role in zip(process["steps"], answers, strict=True):
            row |= {"role": role} if roles else {}
        for number, row in enumerate(process["stages"]):
            row["step"] = "hear" if number < 3 else "do"
        known = {row["code"] for row in process["stages"][:3]}
        process["gates"] = [row for row in process["gates"] if row["stage"] not in known]
        process["mandates"] = []
        process["stages"][2]["exit"] = [{"code": "worth", "zh": "金额已知", "en": "The amount is known", "needs": "deal.amount > 0.0"}]
        process["stages"][3]["entry"] = [{"code": "aim", "zh": "金额够大", "en": "It is worth it", "needs": "deal.amount > 10.0"}]
        for table in ("triggers", "none_needed"):
            parts["support"][table] = []
        parts["support"]["none_needed"] = [
            {"code": f"none-{row['code']}", "stage": row["code"], "zh": "无", "en": "None"}
            for row in process["stages"]
            if "awaits" not in row
        ]
        parts["policies"]["profile"] = "light"

    return change


def on(world: World, deal: Deal) -> None:
    move_on(by=world.by("seller"), deal=deal, version=Deal.objects.get(pk=deal.pk).version)


def seat_engineer(world: World, deal: Deal) -> None:
    seat = Seat.objects.get(team=deal.team_id, role__in=roles_of(world.engineer))
    accept_seat(by=world.by("engineer"), membership=nominate(by=world.by("seller"), seat=seat, person=world.engineer))


def here(deal: Deal) -> steps.StepOfDeal:
    return next(one for one in steps.way(Deal.objects.get(pk=deal.pk)) if one.state == steps.HERE)


@pytest.mark.req("A8.3a", breaks="earshot.deals.steps.spent")
def test_at_any_time_one_sees_in_which_step_a_deal_is_and_since_when(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path, two_steps(world)))
    deal = world.deal()
    began = StageVisit.objects.get(deal=deal).entered_at
    with later(days=1):
        on(world, deal)
        assert (here(deal).step.code, here(deal).since) == ("hear", began)  # another stage of the same step
    with later(days=2):
        on(world, deal)
    with later(days=3):
        on(world, deal)
        first, second = steps.way(Deal.objects.get(pk=deal.pk))
        left = StageVisit.objects.get(deal=deal, left_at__isnull=True).entered_at
        assert (first.state, first.since, first.until) == (steps.BEHIND, began, left)
        assert (second.state, second.since, second.until) == (steps.HERE, left, None)
    with later(days=4):
        at = Deal.objects.get(pk=deal.pk)
        back = list(book.process_of(at.process_id).stages)[1]
        move_back(by=world.by("seller"), deal=at, version=at.version, to=back, reason="they ask for another hall")
        begun_anew = StageVisit.objects.get(deal=deal, left_at__isnull=True).entered_at
        assert (here(deal).step.code, here(deal).since) == ("hear", begun_anew)


def test_a_step_says_who_answers_for_it_what_it_needs_and_when_it_is_finished(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path, two_steps(world)))
    deal = world.deal()
    assert here(deal).people == []  # nobody of the deal's unit, above it or on its team has the role
    seat_engineer(world, deal)
    with override("en"):
        first, second = steps.way(deal)
        assert [person.name for person in first.people] == [world.engineer.name]
        assert (second.role is not None and second.role.owner, second.people) == (True, [])
        assert list(first.begins) == []
        assert [str(steps.asked_in_words(one)) for one in first.finished] == ["The amount is known"]
        assert [str(steps.asked_in_words(one)) for one in second.begins] == ["The amount is known", "It is worth it"]
        gates = [str(steps.asked_in_words(one)) for one in second.finished if steps.kind_of(one) == "gate"]
        assert gates
        assert all(said.startswith("the gate “") for said in gates)


def test_the_six_steps_stand_where_the_process_has_no_others_and_one_without_a_stage_says_so(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path, plain))
    way = steps.way(world.deal())
    assert [one.step.code for one in way] == ["1", "2", "3", "4", "5", "6"]
    assert [one.state for one in way] == [steps.HERE, *[steps.AHEAD] * 4, steps.WITHOUT]
    assert {one.role for one in way} == {None}


def test_a_closed_deal_is_in_no_step(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path, two_steps(world)))
    deal = world.deal()
    lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="price", code="lost-no-buy")
    first, second = steps.way(Deal.objects.select_related("closing").get(pk=deal.pk))
    assert (first.state, second.state) == (steps.BEHIND, steps.AHEAD)
    assert first.until == Deal.objects.get(pk=deal.pk).closing.at
    assert 'id="way"' in Visitor("seller", "en").get(f"/deals/{deal.pk}/").html


def test_every_door_says_the_same_of_the_steps(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path, two_steps(world)))
    deal = world.deal()
    seat_engineer(world, deal)
    answer = Caller(world.seller).get(f"/deals/{deal.pk}/steps")["steps"]
    assert [(one["step"]["code"], one["state"]) for one in answer] == [("hear", "here"), ("do", "ahead")]
    assert [one["name"] for one in answer[0]["people"]] == [world.engineer.name]
    assert [(one["kind"], one["code"]) for one in answer[1]["begins"]] == [("condition", "worth"), ("condition", "aim")]
    assert Caller(world.stranger).get(f"/deals/{deal.pk}/steps").status == 404
    page = Visitor("seller", "en").get(f"/deals/{deal.pk}/").html.partition('id="way"')[2].partition("</section>")[0]
    for words in ("Hear", world.engineer.name, "The amount is known", "the gate “"):
        assert words in page
    done = CliRunner().invoke(earshot, ["--language", "en", "deals", "steps", deal.number, "--as", world.seller.name])
    assert done.exit_code == 0, done.output
    assert "[Hear]" in done.output
    assert "finished when: The amount is known" in done.output
    assert world.engineer.name in done.output


def test_a_step_that_names_a_role_that_there_is_not_is_refused_with_what_was_meant(world: World, tmp_path: Path) -> None:
    def change(parts: dict[str, Any]) -> None:
        two_steps(world)(parts)
        parts["process"]["steps"][0]["role"] += "x"

    with pytest.raises(Refusal) as refused:
        put_in_force(changed_pack(tmp_path, change))
    with override("en"):
        assert ["steps/hear/role" in str(line.sentence) and "did you mean" in str(line.sentence) for line in refused.value.lines] == [True]
