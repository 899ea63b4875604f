"""Sizes of deals, and what a process asks by them: which gates stand, which seats a team begins with, what a stage asks on the way in
and out; read with the pack, judged on the deal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from earshot.calls.models import Call
from earshot.deals import gates
from earshot.deals.actions import add_missing_seats, bring_in_deal, change_deal, judge_again, move_back, move_on, vote
from earshot.deals.models import Deal, Unjudged
from earshot.deals.policies import standing as profile_of
from earshot.deals.sizes import Size, size_of
from earshot.desk.queries import my_day
from earshot.journal.actors import IMPORT, Actor
from earshot.journal.models import Entry
from earshot.kit import now, uuid7
from earshot.kit.problems import Refusal
from earshot.playbooks import book, packs
from earshot.playbooks.conditions import compared
from earshot.playbooks.queries import known
from earshot.playbooks.sources import Sources
from earshot.teams.models import Seat
from pages import Visitor
from worlds import World, changed_pack, later, plain, put_in_force, said, spoken

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
        plain(parts)
        sized(parts)
        for one in changes:
            one(parts)

    put_in_force(changed_pack(folder, change))


def findings(folder: Path, *changes: Any) -> list[str]:
    """What the check says of the shipped pack, changed."""

    def change(parts: dict[str, Any]) -> None:
        plain(parts)
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

    put_in_force(changed_pack(tmp_path / "plain", plain))
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


def test_a_process_without_tiers_knows_no_size(world: World, tmp_path: Path) -> None:
    put_in_force(changed_pack(tmp_path, plain))
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


# What a stage asks on the way out, and the next one on the way in.


def asking(stage: str, at: str, code: str, needs: str) -> Any:
    return setting("process", "stages", stage, **{at: [{"code": code, "needs": needs, "zh": "说过话", "en": "The customer has spoken"}]})


def refusal(world: World, deal: Deal, key: str = "seller") -> Refusal:
    with pytest.raises(Refusal) as refused:
        move_on(by=world.by(key), deal=deal, version=deal.version)
    return refused.value


@pytest.mark.parametrize(
    ("at", "stage", "words"),
    [
        ("exit", "ML", "To leave “线索核实”: The customer has spoken"),
        ("entry", "MO1", "To enter “机会验证”: The customer has spoken"),
    ],
)
@pytest.mark.req("A8.3b", breaks="earshot.deals.conditions.of_stages")
def test_a_stage_without_a_gate_is_left_only_when_what_it_asks_is_there(
    world: World, tmp_path: Path, at: str, stage: str, words: str
) -> None:
    in_force(tmp_path, asking(stage, at, "spoken", "words.statements > 0"))
    deal = world.deal()
    refused = refusal(world, deal)
    assert (refused.code, refused.status) == ("stage.shut", 409)
    [line] = refused.lines
    assert words.partition(":")[2] in spoken(line.sentence)
    assert (line.about.label if line.about else "", str(line.who)) == (str(deal), world.seller.name)
    assert Entry.objects.filter(verb="deals.move_refused", scopes__object_id=deal.pk).count() == 1
    assert world.calls(deal) == []
    world.words(deal)
    deal = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert deal.stage.code == "MO1"
    entered = Entry.objects.get(verb="deals.stage_entered", data__stage_code="MO1", scopes__object_id=deal.pk)
    assert [line["met"] for line in entered.data["lines"]] == [True]


@pytest.mark.req("A8.3b", breaks="earshot.deals.conditions.of_stages")
def test_what_the_next_stage_asks_stands_on_the_gate_before_it_and_keeps_it_shut(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, asking("MO2", "entry", "big-enough", "deal.amount >= 9000000.0"))
    deal = world.ready_deal()
    vote(by=world.by("head"), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage.code == "MO1"
    [line] = refusal(world, deal).lines
    assert (line.code, line.act) == ("gate.condition_unmet", "set_account")
    assert "To enter" in spoken(line.sentence)


def test_going_back_is_not_barred_by_what_stages_ask(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, asking("ML", "entry", "never", "deal.amount < 0.0"), asking("MO1", "exit", "never-either", "deal.amount < 0.0"))
    deal = world.moved_deal()
    assert move_back(by=world.by("seller"), deal=deal, version=deal.version, to="ML", reason="客户换了负责人").stage.code == "ML"


def test_what_a_stage_asks_and_nobody_can_judge_bars_it_and_alarms_operations(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, asking("ML", "exit", "divided", "10 / calls.open > 1"))
    deal = world.deal()
    [line] = refusal(world, deal).lines
    assert (line.judged, "cannot be judged" in spoken(line.sentence)) == (False, True)
    assert [(row.deal, row.where, row.name) for row in Unjudged.objects.filter(ended_at=None)] == [(deal, "gate", "divided")]
    assert judge_again(by=world.by("operations"), name="divided") == 1


# A gate that stands for some deals only.

FOR_BIG = setting("process", "gates", "ATI", when="deal.tier == 'big'")


@pytest.mark.req("law 3", breaks="earshot.playbooks.conditions.stands")
def test_a_gate_stands_for_the_deals_that_it_is_for_and_for_those_of_which_nobody_can_say(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, FOR_BIG)
    deals = {amount: world.deal(f"苏丹 {amount}", amount=amount) for amount in ("7000000", "2105000", None)}
    moved = {amount: move_on(by=world.by("seller"), deal=deal, version=deal.version) for amount, deal in deals.items()}
    assert {amount: gates.review(deal) is not None for amount, deal in moved.items()} == {"7000000": True, "2105000": False, None: True}
    assert move_on(by=world.by("seller"), deal=moved["2105000"], version=2).stage.code == "MO2"
    said_of_none = [spoken(line.sentence) for line in refusal(world, moved[None]).lines]
    assert not [one for one in said_of_none if "so it stands" in one]  # it bars nothing itself
    review = gates.review(moved[None])
    assert review is not None
    [line] = [one.line for one in review.conditions if one.line.code == "gate.stands_unjudged"]
    assert "is not known yet (deal.tier), so it stands" in spoken(line.sentence)
    assert line.act == "set_account"


def test_nobody_votes_and_no_day_names_a_vote_where_the_gate_is_none_for_the_deal(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, FOR_BIG)
    small = world.ready_deal("小单")
    assert not [line for line in my_day(world.head) if line.cause == "vote"]
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("head"), deal=small, approves=True)
    assert refused.value.code == "gate.none"
    change_deal(by=world.by("seller"), deal=small, version=small.version, amount="9000000")
    assert [line.scope.id for line in my_day(world.head) if line.cause == "vote"] == [small.pk]


@pytest.mark.req("law 3", breaks="earshot.deals.gates.asked_late")
def test_an_amount_lowered_for_a_moment_leads_past_no_gate(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, setting("process", "gates", "ATI", when="deal.tier != 'small'"))
    deal = world.ready_deal("苏丹")
    seller = world.by("seller")
    assert deal.stage.code == "MO1"
    deal = change_deal(by=seller, deal=deal, version=deal.version, amount="1000")
    deal = move_on(by=seller, deal=deal, version=deal.version)
    assert deal.stage.code == "MO2"
    late = lambda: [line for line in refusal(world, deal).lines if line.code == "gate.asked_late"]  # noqa: E731
    assert "gate.asked_late" not in [one.line.code for one in getattr(gates.review(deal), "conditions", [])]  # as long as it is small
    deal = change_deal(by=seller, deal=deal, version=deal.version, amount="2105000")
    [line] = late()
    assert "was not asked when the deal left" in spoken(line.sentence)
    assert line.act == "move_back"
    page = Visitor("seller").get(f"/deals/{deal.pk}/").html
    assert "#f-back-to" in page
    assert 'id="f-back-to"' in page

    deal = move_back(by=seller, deal=deal, version=deal.version, to="MO1", reason="补过评审")
    assert not late()
    world.deliver(deal)  # what the later stage has called meanwhile
    vote(by=world.by("head"), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage.code == "MO2"  # the vote that was wanting opened it
    assert "gate.asked_late" not in [one.line.code for one in getattr(gates.review(deal), "conditions", [])]


def test_a_gate_asked_late_costs_one_statement_and_none_where_every_gate_is_for_every_deal(
    world: World, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    deal = world.deal()
    with django_assert_num_queries(0):
        assert gates.asked_late(deal) == []
    in_force(tmp_path, FOR_BIG)
    large = world.deal("大单", amount="7000000")
    large.stage = book.process_of(large.process_id).stages["MO2"]
    with django_assert_num_queries(1):
        assert gates.asked_late(large) == []


# Seats that a team begins with.

FOR_MIDDLE = setting("process", "seats", "seat-FR", when="deal.tier != 'small'")


@pytest.mark.parametrize(("amount", "roles"), [("1", {"AR", "SR"}), ("2105000", {"AR", "SR", "FR"}), (None, {"AR", "SR", "FR"})])
def test_a_team_begins_with_the_seats_that_are_for_its_deal(world: World, tmp_path: Path, amount: str | None, roles: set[str]) -> None:
    in_force(tmp_path, FOR_MIDDLE)
    assert {seat.role for seat in Seat.objects.filter(team=world.deal(amount=amount).team)} == roles


@pytest.mark.req("A8.3a", breaks="earshot.deals.rules.seats_missing")
def test_the_seats_of_a_larger_size_are_added_by_one_act_once(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, FOR_MIDDLE)
    deal = world.deal(amount="1")
    assert add_missing_seats(by=world.by("seller"), deal=deal) == []
    assert not Entry.objects.filter(verb="deals.seats_added").exists()
    deal = change_deal(by=world.by("seller"), deal=deal, version=1, amount="2000000")
    assert {seat.role for seat in Seat.objects.filter(team=deal.team)} == {"AR", "SR"}  # offered, not done
    for key in ("engineer", "operations", "stranger"):
        with pytest.raises(Refusal) as refused:
            add_missing_seats(by=world.by(key), deal=deal)
        assert refused.value.status == 403
    added = add_missing_seats(by=world.by("seller"), deal=deal)
    assert [(seat.role, seat.template, seat.leader) for seat in added] == [("FR", "seat-FR", False)]
    assert add_missing_seats(by=world.by("seller"), deal=deal) == []
    assert Entry.objects.filter(verb="deals.seats_added", scopes__object_id=deal.pk).count() == 1


# Calls that are raised for some deals only.


def calling(when: str) -> Any:
    return setting("support", "triggers", "MO1-SR", when=when)


def supports(deal: Deal) -> list[str]:
    return sorted(Call.objects.filter(deal=deal).values_list("support_code", flat=True))


@pytest.mark.req("law 4", breaks="earshot.playbooks.conditions.stands")
def test_leaving_a_field_empty_suppresses_no_call_and_operations_hear_of_it(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, calling("deal.amount >= 5000000.0"))
    small, unknown = world.deal("小单"), world.deal("不知多大", amount=None)
    for deal in (small, unknown):
        move_on(by=world.by("seller"), deal=deal, version=1)
    assert (supports(small), supports(unknown)) == ([], ["need-interview"])
    assert [(row.deal, row.where, row.name) for row in Unjudged.objects.filter(ended_at=None)] == [(unknown, "deal", "MO1-SR")]
    [line] = [line for line in my_day(world.operations) if line.cause == "cannot_judge"]
    assert "“MO1-SR” cannot be evaluated on 1 deal" in spoken(line.sentence)
    assert judge_again(by=world.by("operations"), name="MO1-SR") == 1
    change_deal(by=world.by("seller"), deal=unknown, version=2, amount="1")
    assert not Unjudged.objects.filter(ended_at=None).exists()
    assert supports(unknown) == ["need-interview"]  # what was called is owed


@pytest.mark.req("law 4", breaks="earshot.calls.actions.raise_where_it_holds")
def test_a_call_that_the_stage_did_not_raise_is_raised_once_its_condition_holds(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, calling("deal.amount >= 5000000.0 || words.statements > 3"))
    grown, spoken_of = world.moved_deal("长大的"), world.moved_deal("又说了的")
    assert (supports(grown), supports(spoken_of)) == ([], [])
    change_deal(by=world.by("seller"), deal=grown, version=2, amount="6000000")
    world.words(spoken_of, words=[("再说一句", "people")])
    assert (supports(grown), supports(spoken_of)) == (["need-interview"], ["need-interview"])


@pytest.mark.req("law 4", breaks="earshot.calls.actions.raise_where_it_holds")
def test_what_comes_to_hold_by_itself_is_called_when_somebody_tries_the_gate(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, calling("deal.days_in_stage >= 3"))
    deal = world.moved_deal()
    assert supports(deal) == []
    with later(days=4):
        refused = refusal(world, deal)
        assert [spoken(line.who) for line in refused.lines if line.code == "call.not_raised"] == [
            "the process itself, as soon as somebody tries the gate"
        ]
        assert supports(deal) == ["need-interview"]


@pytest.mark.req("law 4", breaks="earshot.playbooks.conditions.stands")
def test_an_import_owes_what_cannot_be_judged_too(world: World, tmp_path: Path) -> None:
    in_force(tmp_path, calling("deal.amount >= 5000000.0"))
    brought = [
        bring_in_deal(
            by=Actor(IMPORT, agent_id=uuid7()),
            title=f"导入 {amount}",
            account=world.accounts["sudatel"],
            owner=world.seller,
            unit=world.units["key-accounts"],
            stage_code="MO1",
            amount=amount,
            currency="CNY",
            outside_id=f"x{amount}",
            opened_at=now(),
        )
        for amount in (None, "1")
    ]
    assert [supports(deal) for deal in brought] == [["need-interview"], []]


# A size gets another code while deals of the older process run: they keep the size that their own process gives them.


def renamed_size(*named: str, trigger: str = "deal.tier == 'huge'") -> Any:
    """The tier big is called huge now; `named`: the tiers that stand in the strict profile."""

    def change(parts: dict[str, Any]) -> None:
        for table in ("tiers", "gates", "seats"):
            for row in parts["process"][table]:
                row["code"] = "huge" if (table, row["code"]) == ("tiers", "big") else row["code"]
                if "when" in row:
                    row["when"] = row["when"].replace("'big'", "'huge'")
        setting("support", "triggers", "MO1-SR", when=trigger)(parts)
        parts["policies"]["tiers"] = [{"code": f"big-{code}", "tier": code, "profile": "strict", "zh": "大", "en": "Big"} for code in named]

    return change


@pytest.mark.req("law 4", breaks="earshot.playbooks.parts.renamed.forgotten")
def test_a_size_that_gets_another_code_takes_no_call_from_a_deal_that_follows_the_older_process(world: World, tmp_path: Path) -> None:
    in_force(tmp_path / "a", calling("deal.tier == 'big'"))
    deal = world.deal(amount="6000000")
    with pytest.raises(Refusal) as refused:
        in_force(tmp_path / "b", renamed_size())
    assert refused.value.code == "playbook.size_forgotten"
    assert "at the stage “MO1” no longer names the size “big”" in said(refused.value)
    in_force(tmp_path / "c", renamed_size(trigger="deal.tier in ['big', 'huge']"))
    move_on(by=world.by("seller"), deal=deal, version=1)
    later_one = world.deal("新单", amount="6000000")
    move_on(by=world.by("seller"), deal=later_one, version=1)
    assert (supports(deal), supports(later_one)) == (["need-interview"], ["need-interview"])


@pytest.mark.req("law 4", breaks="earshot.playbooks.parts.renamed.left_unsaid")
def test_what_is_called_for_a_size_of_an_older_process_is_said_of_the_one_that_the_process_has_now(world: World, tmp_path: Path) -> None:
    in_force(tmp_path / "a", calling("deal.tier == 'big'"))
    world.deal(amount="6000000")
    with pytest.raises(Refusal) as refused:
        in_force(tmp_path / "b", renamed_size(trigger="deal.tier == 'big'"))
    assert "it names a tier of an older process and not “huge”, which the process has now" in said(refused.value)
    with pytest.raises(Refusal) as refused:
        in_force(tmp_path / "c", renamed_size(trigger="deal.tier in ['big', 'huge', 'vast']"))
    assert "no tier has the code “vast”" in said(refused.value)


def test_a_size_of_an_older_process_that_nobody_follows_is_no_size(world: World, tmp_path: Path) -> None:
    in_force(tmp_path / "a", calling("deal.tier == 'big'"))
    with pytest.raises(Refusal) as refused:
        in_force(tmp_path / "b", renamed_size(trigger="deal.tier in ['big', 'huge']"))
    assert "no tier has the code “big”" in said(refused.value)


@pytest.mark.req("A17.1a", breaks="earshot.playbooks.parts.renamed.left_unsaid")
def test_a_size_that_gets_another_code_leaves_running_deals_in_their_profile(world: World, tmp_path: Path) -> None:
    def strict(parts: dict[str, Any]) -> None:
        parts["policies"]["tiers"] = [{"code": "big-one", "tier": "big", "profile": "strict", "zh": "大", "en": "Big"}]

    in_force(tmp_path / "a", strict)
    deal = world.deal(amount="6000000")
    for named, words in (("huge", "say in which they stand"), ("big", "“huge”, which the process has now, does not")):
        with pytest.raises(Refusal) as refused:
            in_force(tmp_path / named, renamed_size(named, trigger="deal.amount > 0.0"))
        assert words in said(refused.value)
    in_force(tmp_path / "c", renamed_size("big", "huge", trigger="deal.amount > 0.0"))
    assert profile_of(Deal.objects.select_related("account", "unit").get(pk=deal.pk)).profile == "strict"


@pytest.mark.parametrize(
    ("seat", "says", "act"),
    [
        ({"when": "deal.amount >= 5000000.0"}, "has no seat on this team; nobody in", "give_post"),
        ({}, "nobody sits in its seat yet", "name_member"),
    ],
)
def test_a_gate_for_whose_role_nobody_may_vote_says_who_can_mend_it(
    world: World, tmp_path: Path, seat: dict[str, Any], says: str, act: str
) -> None:
    """A seat for great deals only, or one that nobody has taken; and nobody holds a post in the role."""

    def change(parts: dict[str, Any]) -> None:
        parts["process"]["seats"].append({"code": "seat-fin", "role": "FIN", "zh": "财务", "en": "Finance", **seat})
        next(row for row in parts["process"]["gates"] if row["code"] == "ATI")["deciders"].append("FIN")

    def plainly(parts: dict[str, Any]) -> None:
        plain(parts)
        change(parts)

    put_in_force(changed_pack(tmp_path, plainly))
    deal = world.moved_deal()
    review = gates.review(deal)
    assert review is not None
    [line] = [one.line for one in review.unmet if "decides here" in spoken(one.line.sentence)]
    assert says in spoken(line.sentence)
    assert (line.code, line.act) == ("gate.not_approved", act)
    assert str(line.who) == (world.seller.name if act == "name_member" else world.administrator.name)
    shown = Visitor("seller", "en").get(f"/deals/{deal.pk}/gate/")
    assert says in shown.text
    assert act != "name_member" or "Ask somebody" in shown.text
