"""Conditions of the playbook: read in bounds, judged from facts, never silently true or false; at the gate, on a page, by every door."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import gates
from earshot.deals.actions import change_deal, judge_again, move_on, state_figures
from earshot.deals.conditions import facts_of, tried
from earshot.deals.models import Deal, Unjudged
from earshot.desk.queries import my_day
from earshot.journal.models import Entry
from earshot.kit.problems import Refusal
from earshot.playbooks import conditions, packs
from earshot.playbooks.conditions import NUMBER, TEXT, TEXTS, WHOLE, YES_NO, Fact, faults, judge
from earshot.playbooks.queries import known
from earshot.playbooks.registry import FACTS, PROVIDERS
from earshot.playbooks.sources import Sources
from worlds import World, changed_pack, plain, put_in_force, said, snapshot, spoken

KNOWN = {
    fact.name: fact
    for fact in (
        Fact("deal.amount", NUMBER, ""),
        Fact("calls.open", WHOLE, ""),
        Fact("deal.stage", TEXT, ""),
        Fact("account.known", YES_NO, ""),
        Fact("words.categories", TEXTS, ""),
    )
}


def complaints(source: str, language: str = "en") -> list[tuple[int, str]]:
    with override(language):
        return [(fault.column, str(fault.sentence)) for fault in faults(source, KNOWN)]


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ("deal.amonut > 1.0", 1, "nothing provides the fact “deal.amonut”; did you mean “deal.amount”?"),
        ("deal.amount > 1.0 &&\n  calls.opn == 1", 24, "did you mean “calls.open”?"),
        ("deal.amount > 100", 15, "an amount may have decimals: write “100.0” in place of “100”"),
        ("deal.amount > deal.stage", 13, "“>” does not go between a number with decimals (5.0) and a text"),
        ("deal.stage = 'ML'", 12, "“=” alone has no meaning in a condition: write “==”"),
        ("deal.stage == 'ML", 15, "the text that begins here does not end"),
        ("！team.led", 1, "type “!” without the Chinese keyboard"),
        ("(deal.amount > 1.0 && calls.open == 0", 1, "the bracket “(” that opens here does not close"),
        ("金额大于 100 万", 1, "a condition names facts and codes"),
        ("!deal.amount", 1, "“!” does not go with a number with decimals (5.0)"),
        ("deal.amount >", 14, "something is missing before"),
        ("deal.stage", 0, "its answer is a text ('…'), and must be yes or no"),
        ("deal.stage.shout()", 17, "there is no function “shout”"),
        ("deal.amount > 1.0 ; true", 19, "“;” has no meaning"),
        ("", 0, "there is nothing to judge"),
        ("true || " * 101 + "true", 0, "at most 200 names, values and operators; this has 203"),
        (" " * 2001, 0, "there is nothing to judge"),
        ("'" + "x" * 2000 + "' == 'x'", 0, "at most 2000 characters"),
        ("words.categories.exists(c, words.categories.exists(d, d == c))", 28, "one level deep"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_where(source: str, column: int, words: str):
    found = complaints(source)
    assert [words in sentence for _column, sentence in found[:1]] == [True], found
    assert found[0][0] == column
    assert complaints(source, "zh-hans") != found


@pytest.mark.parametrize(
    "source",
    [
        "deal.amount > 100.0 && calls.open == 0",
        "words.categories.exists(c, c.startsWith('rival')) || account.known",
        "words.categories.all(c, c != 'x') && words.categories.exists(c, c == 'y')",
        "deal.stage in ['ML', '线索'] ? deal.amount > 5.0 : account.known",
        "size(words.categories) > 2",
    ],
)
def test_what_is_right_passes(source: str):
    assert complaints(source) == []


VALUES: dict[str, Any] = {
    "deal.amount": None,
    "calls.open": 0,
    "deal.stage": "ML",
    "account.known": True,
    "words.categories": ["site"],
}


@pytest.mark.parametrize(
    ("source", "met", "unknown"),
    [
        ("calls.open == 0", True, []),
        ("calls.open > 0", False, []),
        ("deal.amount > 5.0", None, ["deal.amount"]),
        ("deal.amount > 5.0 && calls.open == 0", None, ["deal.amount"]),
        ("deal.amount > 5.0 && calls.open > 0", False, []),
        ("deal.amount > 5.0 || calls.open == 0", True, []),
        ("'site' in words.categories", True, []),
        ("calls.open / calls.open == 1", None, []),
    ],
)
def test_what_is_not_known_matters_only_where_the_rest_does_not_decide(source: str, met: bool | None, unknown: list[str]):
    judgement = judge(source, KNOWN, VALUES)
    assert (judgement.met, list(judgement.unknown)) == (met, unknown)
    assert bool(judgement.failed) == (met is None and not unknown)


def test_the_parts_are_judged_each_with_its_facts():
    first, second = "(deal.amount > 5.0 || calls.open == 0)", "deal.stage == 'a && b'"
    parts = judge(f"{first} && {second}", KNOWN, VALUES).parts
    assert [(part.source, part.met) for part in parts] == [(first, True), (second, False)]
    assert parts[0].facts == {"deal.amount": None, "calls.open": 0}


def test_a_list_of_more_than_a_thousand_is_not_looked_through():
    long = {"words.categories": ["x"] * 1001}
    judgement = judge("words.categories.exists(c, c == 'x')", KNOWN, long)
    assert judgement.met is None
    assert "1001" in judgement.failed


@given(st.text(max_size=120))
def test_whatever_is_typed_gets_an_answer_and_never_an_error(source: str):
    found = faults(source, KNOWN)
    if not found:
        judge(source, KNOWN, VALUES)


TRUE = st.sampled_from(["calls.open == 0", "account.known", "deal.stage == 'ML'", "(account.known || calls.open > 1)"])


@given(st.lists(TRUE, min_size=1, max_size=20).map(" && ".join))
def test_splitting_and_joining_is_the_same_condition(source: str):
    parts = conditions.split(source)
    assert " && ".join(parts) == source
    assert all(judge(part, KNOWN, VALUES).met is True for part in parts)


# At the gate.


def with_condition(tmp_path: Path, needs: str) -> None:
    """A pack whose first gate asks this beside the laws, in force."""

    def ask(parts: dict[str, Any]) -> None:
        row = {"code": "worth-it", "zh": "值得投入", "en": "Worth investing in", "needs": needs}
        parts["process"]["gates"][0]["conditions"] = [row]

    put_in_force(changed_pack(tmp_path / "pack", ask))


def lines(deal: Deal) -> dict[str, list[str]]:
    review = gates.review(deal)
    assert review is not None
    found: dict[str, list[str]] = {}
    for condition in review.unmet:
        with override("en"):
            found.setdefault(condition.line.code, []).append(str(condition.line.sentence))
    return found


@pytest.mark.django_db
def test_the_gate_asks_what_the_playbook_writes_and_says_who_mends_it(world: World, tmp_path: Path):
    with_condition(tmp_path, "deal.amount >= 3000000.0")
    deal = world.moved_deal()
    assert lines(deal).get("gate.condition_unmet") == ["Worth investing in"]
    with pytest.raises(Refusal) as refused:
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    [line] = [line for line in refused.value.lines if line.code == "gate.condition_unmet"]
    assert (line.who, line.act) == (world.seller.name, "set_account")
    deal = change_deal(by=world.by("seller"), deal=deal, version=deal.version, amount="4000000")
    assert "gate.condition_unmet" not in lines(deal)


@pytest.mark.django_db
def test_what_is_not_known_keeps_the_gate_shut_and_says_so(world: World, tmp_path: Path):
    with_condition(tmp_path, "deal.amount >= 1.0")
    deal = world.deal(amount=None)
    world.words(deal, words=[("x", "site")])
    deal = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert lines(deal).get("gate.condition_unmet") == ["Worth investing in: not known yet (deal.amount)"]


@pytest.mark.django_db
def test_what_cannot_be_evaluated_alarms_operations_until_it_can(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with_condition(tmp_path, "10 / calls.open > 1")
    deal = world.ready_deal()
    with pytest.raises(Refusal) as refused:
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert "divides by zero" in said(refused.value)
    assert [(row.deal, row.name) for row in Unjudged.objects.filter(ended_at=None)] == [(deal, "worth-it")]
    with pytest.raises(Refusal):  # tried again: still one alarm
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    [line] = [line for line in my_day(world.operations) if line.cause == "cannot_judge"]
    assert line.act == "judge_again"
    assert judge_again(by=world.by("operations"), name="worth-it") == 1
    monkeypatch.setattr(PROVIDERS, "_things", PROVIDERS._things | {"calls": lambda _deal: {"calls.open": 5}})
    assert judge_again(by=world.by("operations"), name="worth-it") == 0
    assert [line for line in my_day(world.operations) if line.cause == "cannot_judge"] == []
    with pytest.raises(Refusal) as forbidden:
        judge_again(by=world.by("seller"), name="worth-it")
    assert forbidden.value.status == 403


@pytest.mark.django_db
@pytest.mark.req("law 4", breaks="earshot.deals.conditions._judge")
def test_a_provider_that_breaks_keeps_the_gate_shut_alarms_operations_and_leaves_the_page_up(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def broken(_deal: Deal) -> Any:
        raise ZeroDivisionError

    with_condition(tmp_path, "words.statements > 0 && team.led")
    deal = world.moved_deal()
    with monkeypatch.context() as while_broken:
        while_broken.setattr(PROVIDERS, "_things", PROVIDERS._things | {"words": broken})
        told = "“Worth investing in” cannot be judged, so it counts as not met: these facts cannot be read: words.statements"
        assert lines(deal).get("gate.cannot_judge") == [told]
        assert "gate.condition_unmet" not in lines(deal)
        with pytest.raises(Refusal):
            move_on(by=world.by("seller"), deal=deal, version=deal.version)
        [line] = [line for line in my_day(world.operations) if line.cause == "cannot_judge"]
        assert "worth-it" in spoken(line.sentence)
    assert judge_again(by=world.by("operations"), name="worth-it") == 0


@pytest.mark.django_db
def test_a_running_deal_keeps_the_conditions_of_the_process_it_began_under(world: World, tmp_path: Path):
    before = world.moved_deal("前一单")
    with_condition(tmp_path, "deal.amount >= 99000000.0")
    after = world.moved_deal("后一单")
    assert "gate.condition_unmet" not in lines(before)
    assert "gate.condition_unmet" in lines(after)


@pytest.mark.django_db
def test_a_pack_that_speaks_of_what_nothing_provides_is_refused_with_its_line(world: World, tmp_path: Path):
    with pytest.raises(Refusal) as refused:
        with_condition(tmp_path, "deal.margin > 0.2")
    assert "process.yaml gates/ATI/conditions/worth-it/needs (line " in said(refused.value)
    assert "character 1: nothing provides the fact “deal.margin”" in said(refused.value)
    assert packs.read(Sources.of_folder(changed_pack(tmp_path / "as shipped", lambda _parts: None)), known()).name == "as shipped"


@pytest.mark.django_db
def test_every_fact_has_a_provider_that_gives_its_type(world: World, tmp_path: Path, django_assert_max_num_queries: Any):
    def sized(parts: dict[str, Any]) -> None:
        plain(parts)
        parts["process"]["tiers"] = [{"code": "all", "zh": "一种", "en": "One size"}]

    put_in_force(changed_pack(tmp_path, sized))
    moved = world.moved_deal()
    given = {"gross_margin": "28.5", "advance_share": "30", "days_to_cash": "60"}
    state_figures(by=world.by("seller"), deal=moved, version=moved.version, source="estimate", **given)
    deal = Deal.objects.select_related("stage", "account").get(pk=moved.pk)
    names = [fact.name for fact in FACTS.values()]
    with django_assert_max_num_queries(30):
        values = facts_of(deal, names)
    kinds = {NUMBER: float, WHOLE: int, TEXT: str, YES_NO: bool, TEXTS: list}
    assert {name: type(values[name]) for name in names} == {fact.name: kinds[fact.kind] for fact in FACTS.values()}


# By page, API and command line.


def asked(caller: Caller, deal: Deal, needs: str) -> Any:
    query = urlencode({"needs": needs})
    return caller.get(f"/deals/{deal.pk}/trial?{query}")


NEEDS = "words.statements >= 3 && deal.amount > 9000000.0"


@pytest.mark.django_db
def test_a_trial_says_the_same_by_every_door_and_writes_nothing(world: World):
    deal = world.moved_deal()
    caller = Caller(world.seller)
    before = snapshot()
    trial = tried(deal, NEEDS)
    assert trial.judgement is not None
    assert [part.met for part in trial.judgement.parts] == [True, False]
    by_api = caller.get(f"/deals/{deal.pk}/trial?{urlencode({'needs': NEEDS})}")
    assert [part["met"] for part in by_api["parts"]] == [True, False]
    assert by_api["met"] is False
    spoken = CliRunner().invoke(earshot, ["playbook", "try", NEEDS, "--deal", deal.number, "--as", "陈晓"])
    assert "not met: deal.amount > 9000000.0  (deal.amount = 2105000.0)" in spoken.stdout
    client = Client()
    client.force_login(world.login("seller"))
    page = client.get("/playbook/conditions/", {"needs": NEEDS, "deal": deal.number}).content.decode()
    assert "deal.amount = 2105000.0" in page
    after = snapshot()
    assert {table for table in before if before[table] != after[table] and table.startswith(("deals_", "journal_"))} == set()


@pytest.mark.django_db
def test_faults_are_shown_beside_the_field_and_what_was_typed_is_kept(world: World):
    deal = world.deal()
    client = Client()
    client.force_login(world.login("seller"))
    page = client.get("/playbook/conditions/", {"needs": "deal.amonut > 1.0", "deal": deal.number}).content.decode()
    assert "deal.amount" in page
    assert "deal.amonut &gt; 1.0" in page
    assert Caller(world.seller).get(f"/deals/{deal.pk}/trial?{urlencode({'needs': 'deal.amonut > 1.0'})}")["faults"][0]["character"] == 1


@pytest.mark.req("law 13")
@pytest.mark.django_db
def test_nobody_tries_a_condition_on_a_deal_of_others(world: World):
    deal = world.moved_deal()
    assert Caller(world.stranger).get(f"/deals/{deal.pk}/trial?{urlencode({'needs': 'true'})}").status == 404
    client = Client()
    client.force_login(world.login("stranger"))
    page = client.get("/playbook/conditions/", {"needs": "deal.amount > 1.0", "deal": deal.number}).content.decode()
    assert "2105000" not in page
    page = client.get("/playbook/conditions/", {"needs": "deal.amonut > 1.0", "deal": deal.number}).content.decode()
    assert "deal.amount" in page.partition('id="facts"')[0].partition("deal.amonut")[2]  # what is wrong with it is said all the same
    assert not Entry.objects.filter(verb="deals.judged_again").exists()


DISGUISED = [
    "words.categories.exists(c, // )\n words.categories.exists(d, d == c))",
    "deal.stage == '''x'y'''",
    'deal.stage == """a"b"""',
    "deal.stage == R'x'",
    "deal.stage == b'x'",
    r"deal.stage == r'a\' || 'x' == 'y'",
]


@pytest.mark.parametrize("needs", DISGUISED)
def test_what_the_engine_would_read_otherwise_than_it_is_counted_is_refused(needs: str):
    assert conditions._hidden(conditions.tokens_of(needs)) != []
    assert faults(needs, KNOWN) != []


@pytest.mark.parametrize("needs", ["deal.amount / 2.0 >= 3.0", "deal.stage == 'a' || deal.stage == \"b\"", r"deal.stage == 'it\'s'"])
def test_a_division_and_plain_texts_are_no_disguise(needs: str):
    assert conditions._hidden(conditions.tokens_of(needs)) == []
