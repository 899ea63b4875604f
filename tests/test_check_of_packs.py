"""What the check of a pack refuses, each with its file, place, line and what to do about it; and that it refuses nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from earshot.playbooks import packs
from earshot.playbooks.conditions import NUMBER, TEXT, TEXTS, WHOLE, YES_NO, Fact, judge
from earshot.playbooks.parts.reading import Known
from earshot.playbooks.reasoning import never_met, taken_before
from earshot.playbooks.registry import POLICIES
from earshot.playbooks.sources import PACKS, Sources
from earshot.wiring.facts import FACTS
from worlds import changed_pack, plain, spoken

Parts = dict[str, Any]
SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").in_profile("standard")
KNOWN = Known(
    units={"solutions", "delivery"},
    addressees={"hearer", "leader", "unit_head", "operations", "sender"},
    checks=set(),
    facts={fact.name: fact for fact in FACTS},
    skills={"solution-design"},
    policies=dict(POLICIES.items()),
)


def findings(tmp_path: Path, change: Callable[[Parts], Any]) -> list[str]:
    found = packs.check(Sources.of_folder(changed_pack(tmp_path / "pack", change)), KNOWN)
    assert [one for one in found if one.line is None and one.place] == []
    for one in found:
        assert spoken(one.sentence) != spoken(one.sentence, "zh-hans"), spoken(one.sentence)
    return [f"{one.file} {one.place}: {spoken(one.sentence)}" for one in found]


def told(tmp_path: Path, change: Callable[[Parts], Any], place: str, says: str) -> None:
    """The one finding, at its place, with these words in it."""
    found = findings(tmp_path, change)
    assert [one for one in found if one.startswith(f"{place}: ") and says in one], found
    assert len(found) == 1, found


def gate(parts: Parts, number: int = 0, **columns: Any) -> dict[str, Any]:
    parts["process"]["gates"][number].update(columns)
    return dict(parts["process"]["gates"][number])


def asks(*needs: str) -> list[dict[str, str]]:
    return [{"code": f"asks-{n}", "zh": "条件", "en": "A condition", "needs": one} for n, one in enumerate(needs, start=1)]


def test_the_shipped_pack_has_nothing_wrong_with_it(tmp_path: Path):
    assert findings(tmp_path, lambda parts: None) == []


# Names that nothing provides


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        (
            lambda parts: gate(parts, deciders=["SDX"]),
            "process.yaml gates/ATI/deciders/0",
            "no role has the code “SDX”; did you mean “SDT”?",
        ),
        (
            lambda parts: parts["service_levels"]["levels"][0]["ladder"][2].update(addressee="unit-head"),
            "service_levels.yaml levels/hear-critical/ladder/2/addressee",
            "did you mean “unit_head”?",
        ),
        (
            lambda parts: parts["policies"].update(
                policies=[{"code": "hearing-before-gates", "setting": "block", "zh": "先听", "en": "Hear first"}]
            ),
            "policies.yaml policies/hearing-before-gates",
            "did you mean “hearing-before-gate”?",
        ),
        (
            lambda parts: parts["support"]["triggers"][0].update(stage="NOWHERE"),
            "support.yaml triggers/MO1-SR/stage",
            "; there are: ML, MO1, MO2, MO3, MO4",
        ),
        (
            lambda parts: gate(parts, conditions=asks("'SX' in team.roles")),
            "process.yaml gates/ATI/conditions/asks-1/needs",
            "character 1: no role has the code “SX”",
        ),
        (
            lambda parts: gate(parts, conditions=asks("'need-intervew' in calls.answered")),
            "process.yaml gates/ATI/conditions/asks-1/needs",
            "did you mean “need-interview”?",
        ),
        (
            lambda parts: gate(parts, conditions=asks("'running_cost' in words.categories")),
            "process.yaml gates/ATI/conditions/asks-1/needs",
            "did you mean “running-cost”?",
        ),
    ],
)
def test_a_name_that_nothing_provides_is_told_with_what_was_probably_meant(
    tmp_path: Path, change: Callable[[Parts], Any], place: str, says: str
):
    found = findings(tmp_path, change)
    assert [one for one in found if one.startswith(f"{place}: ") and says in one], found


@pytest.mark.req("B28.1b", breaks="earshot.playbooks.parts.support.unknown_skills")
def test_a_skill_that_nobody_has_and_no_list_names_is_refused(tmp_path: Path):
    def misspelt(parts: Parts) -> None:
        parts["support"]["catalogue"][0]["skill"] = "solution-desing"

    told(tmp_path, misspelt, "support.yaml catalogue/need-interview/skill", "did you mean “solution-design”?")

    def listed(parts: Parts) -> None:
        misspelt(parts)
        parts["support"]["skills"].append({"code": "solution-desing", "zh": "新技能", "en": "A new one"})

    assert findings(tmp_path, listed) == []


def test_where_nobody_has_a_skill_yet_the_catalogue_says_which_there_are(tmp_path: Path):
    folder = changed_pack(tmp_path / "first", lambda parts: parts["support"].pop("skills"))
    assert packs.check(Sources.of_folder(folder), Known(skills=set())) == []


def test_a_level_needs_a_skill(tmp_path: Path):
    told(
        tmp_path,
        lambda parts: parts["support"]["catalogue"][0].pop("skill"),
        "support.yaml catalogue/need-interview/level",
        "name the skill",
    )


# Stages and gates


def test_stages_go_through_the_steps_in_order(tmp_path: Path):
    backwards = "the stages go back from step “4” (stage “MO3”) to “2”"

    def back(parts: Parts) -> None:
        plain(parts)
        parts["process"]["stages"][4].update(step=2)

    told(tmp_path, back, "process.yaml stages/MO4/step", backwards)


def test_a_stage_ends_with_one_gate(tmp_path: Path):
    told(
        tmp_path,
        lambda parts: gate(parts, 1, stage="MO1"),
        "process.yaml gates/ATB/stage",
        "the gate “ATI” stands at the end of this stage",
    )


def test_a_process_has_stages(tmp_path: Path):
    def none(parts: Parts) -> None:
        parts["process"] |= {"stages": [], "gates": [], "mandates": []}
        parts["support"] |= {"triggers": [], "none_needed": []}
        for row in parts["templates"]["templates"]:
            row.pop("stage", None)

    told(tmp_path, none, "process.yaml stages", "at least one stage")


@pytest.mark.req("B28.1b", breaks="earshot.playbooks.parts.reach.never_reached")
@pytest.mark.parametrize(
    ("needs", "place", "says"),
    [
        (
            ["1 > 2"],
            "asks-1/needs",
            "never met, whatever the facts are. So the gate never opens, and these stages are never reached: MO2, MO3, MO4",
        ),
        (["deal.amount > 5.0 && deal.amount < 3.0"], "asks-1/needs", "of “deal.amount” it asks what is never true"),
        (["deal.amount > 5.0", "deal.amount < 3.0"], "asks-2/needs", "it cannot be met together with “asks-1”: of “deal.amount” they ask"),
        (["deal.stage == 'MO2'"], "asks-1/needs", "of “deal.stage” it asks"),
        (["team.led", "!team.led || calls.open < 0 && calls.open > 0"], "asks-2/needs", "cannot be met together with “asks-1”"),
    ],
)
def test_a_gate_that_can_never_open_is_refused_with_the_stages_behind_it(tmp_path: Path, needs: list[str], place: str, says: str):
    told(tmp_path, lambda parts: gate(parts, conditions=asks(*needs)), f"process.yaml gates/ATI/conditions/{place}", says)


def test_three_conditions_that_contradict_each_other_only_together_are_found(tmp_path: Path):
    needs = ["deal.amount > 5.0 || team.led", "deal.amount < 3.0", "!team.led"]
    told(tmp_path, lambda parts: gate(parts, conditions=asks(*needs)), "process.yaml gates/ATI/conditions", "can never all be met")


def test_a_condition_that_never_holds_where_its_gate_is_asked_is_refused(tmp_path: Path):
    def small(parts: Parts) -> None:
        gate(parts, when="deal.amount < 100.0", conditions=asks("deal.amount >= 1000.0"))

    told(tmp_path, small, "process.yaml gates/ATI/conditions/asks-1/needs", "together with “when”")


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("entry", "no deal ever enters the stage, and these stages are never reached: MO2, MO3, MO4"),
        ("exit", "no deal ever leaves the stage"),
    ],
)
def test_a_stage_that_no_deal_enters_or_leaves_is_refused(tmp_path: Path, at: str, says: str):
    told(
        tmp_path,
        lambda parts: parts["process"]["stages"][2].update({at: asks("false")}),
        f"process.yaml stages/MO2/{at}/asks-1/needs",
        says,
    )


@pytest.mark.req("B20.3a", breaks="earshot.playbooks.parts.reach.never_true")
def test_a_trigger_that_cannot_fire_is_refused(tmp_path: Path):
    told(
        tmp_path,
        lambda parts: parts["support"]["triggers"][0].update(when="deal.amount > 9.0 && deal.amount <= 9.0"),
        "support.yaml triggers/MO1-SR/when",
        "So this row is never used.",
    )


def test_a_tier_is_reached_by_some_deal(tmp_path: Path):
    def tiers(*whens: str) -> Callable[[Parts], None]:
        def change(parts: Parts) -> None:
            plain(parts)
            rows = [{"code": f"T{n}", "zh": "档", "en": "Tier", "when": when} for n, when in enumerate(whens)]
            parts["process"]["tiers"] = [*rows, {"code": "rest", "zh": "其余", "en": "The rest"}]

        return change

    told(tmp_path, tiers("deal.amount > 1000.0", "deal.amount > 5000.0"), "process.yaml tiers/T1/when", "the narrower tier stands first")
    assert findings(tmp_path, tiers("deal.amount > 5000.0", "deal.amount > 1000.0")) == []
    assert findings(tmp_path, tiers("deal.amount > 1000.0 && account.known", "deal.amount > 5000.0")) == []


# Rows that contradict each other


def twin(parts: Parts, part: str, table: str, number: int = 0, **columns: Any) -> None:
    rows = parts[part][table]
    rows.append({**rows[number], "code": "twin", **columns})


@pytest.mark.req("B28.1b", breaks="earshot.playbooks.parts.contradictions.heard_twice")
def test_the_same_role_hears_the_same_category_within_one_limit(tmp_path: Path):
    told(
        tmp_path,
        lambda parts: twin(parts, "hearing", "hearers", service_level="hear"),
        "hearing.yaml hearers/twin/service_level",
        "it contradicts “running-cost-SR”: the same role hears the same category within “hear-critical”",
    )
    told(tmp_path, lambda parts: twin(parts, "hearing", "hearers"), "hearing.yaml hearers/twin/role", "says already")


@pytest.mark.req("B20.3a", breaks="earshot.playbooks.parts.contradictions.calls_twice")
def test_a_stage_calls_once_for_a_support_or_says_once_that_it_needs_none(tmp_path: Path):
    told(
        tmp_path, lambda parts: twin(parts, "support", "triggers"), "support.yaml triggers/twin/support", "“MO1-SR” calls for this support"
    )
    told(tmp_path, lambda parts: twin(parts, "support", "none_needed"), "support.yaml none_needed/twin/stage", "“ML-none” says this")

    def by_size(parts: Parts) -> None:
        parts["support"]["triggers"][0]["when"] = "deal.amount < 5.0"
        twin(parts, "support", "triggers", when="deal.amount >= 5.0")

    assert findings(tmp_path, by_size) == []


@pytest.mark.req("B28.1b", breaks="earshot.playbooks.parts.contradictions.ladder")
@pytest.mark.parametrize(
    ("rungs", "place", "says"),
    [
        ([("leader", {"share": 75}), ("hearer", {"share": 50})], 1, "before the one above it (180)"),
        ([("hearer", {"minutes": 200}), ("leader", {"share": 50})], 1, "comes after 120 minutes"),
        ([("hearer", {"share": 50}), ("hearer", {"minutes": 120})], 1, "“hearer” is told at this moment already"),
        ([("hearer", {"minutes": 2401})], 0, "more than 10 times the limit of 240"),
    ],
)
def test_a_ladder_stands_in_order_and_tells_nobody_twice_at_once(tmp_path: Path, rungs: Sequence[tuple[str, Any]], place: int, says: str):
    def change(parts: Parts) -> None:
        parts["service_levels"]["levels"][0]["ladder"] = [{"name": f"n{n}", "addressee": who, **at} for n, (who, at) in enumerate(rungs)]

    told(tmp_path, change, f"service_levels.yaml levels/hear-critical/ladder/{place}", says)


# Hearing and templates


@pytest.mark.req("law 2", breaks="earshot.playbooks.parts.hearing.without_rule")
def test_a_category_without_a_rule_is_refused(tmp_path: Path):
    told(tmp_path, lambda parts: parts["hearing"]["hearers"].pop(2), "hearing.yaml categories/site", "add a row to “hearers”")


@pytest.mark.req("B21.2b", breaks="earshot.playbooks.parts.templates.unasked")
def test_a_template_asks_something(tmp_path: Path):
    told(
        tmp_path,
        lambda parts: parts["templates"]["templates"].append({"code": "empty", "zh": "空", "en": "Empty", "unit": "delivery"}),
        "templates.yaml templates/empty",
        "the template asks nothing",
    )


@pytest.mark.req("B21.2b", breaks="earshot.playbooks.packs._cross_check")
@pytest.mark.parametrize(
    ("columns", "place", "says"),
    [
        ({"unit": "delivry"}, "unit", "no unit has the code “delivry”; did you mean “delivery”?"),
        ({"template": "situaton"}, "template", "did you mean “situation”?"),
        ({"kind": "choice"}, "kind", "a choice needs “choices”"),
        ({"measured_in": "km"}, "measured_in", "only a number is measured"),
        ({"choices": [{"code": c, "zh": c, "en": c} for c in "ab"]}, "choices", "only a field of the kind “choice”"),
        ({"kind": "choice", "choices": [{"code": "a", "zh": c, "en": c} for c in "ab"]}, "choices", "stands twice among the choices"),
    ],
)
def test_a_field_belongs_to_a_unit_and_a_template_and_can_be_filled_in(tmp_path: Path, columns: dict[str, Any], place: str, says: str):
    told(tmp_path, lambda parts: parts["templates"]["fields"][0].update(columns), f"templates.yaml fields/own-aim/{place}", says)


def test_a_field_says_why_it_is_asked_and_how_to_ask_it(tmp_path: Path):
    for column in ("unit", "reason_zh", "help_en", "ask_zh", "example_en"):
        found = findings(tmp_path, lambda parts, column=column: parts["templates"]["fields"][0].pop(column))  # type: ignore[misc]
        assert found == [f"templates.yaml fields/0: this is missing: {column}"]


# Reasoning about conditions: what it calls impossible is never met, whatever the facts


FACTS_OF_TEST = {
    fact.name: fact
    for fact in (Fact("a.n", NUMBER, ""), Fact("a.w", WHOLE, ""), Fact("a.t", TEXT, ""), Fact("a.y", YES_NO, ""), Fact("a.l", TEXTS, ""))
}


@pytest.mark.parametrize(
    "source",
    [
        "false",
        "1 / 0 > 1",
        "2 < 1 || 'x' == 'y'",
        "a.n > 5.0 && a.n < 3.0",
        "a.n > 5.0 && 5.0 >= a.n",
        "a.n == 2.0 && a.n != 2.0",
        "a.n in [1.0, 2.0] && a.n > 2.0",
        "!(a.n <= 5.0 || a.n > 3.0)",
        "a.w > 3 && a.w < 4",
        "a.w >= 3 && a.w <= 4 && a.w != 3 && !(a.w == 4)",
        "a.w < -1 && a.w > -2",
        "a.y && !a.y",
        "a.y != true && a.y != false",
        "a.t == 'x' && a.t in ['y', 'z']",
        "!(a.t != 'x') && a.t != 'x'",
        "'x' in a.l && !('x' in a.l)",
        "(a.y || a.n > 5.0) && a.n < 1.0 && !a.y",
        "['x'].exists(one, one == 'y')",
    ],
)
def test_what_can_never_be_met_is_found(source: str):
    assert never_met([source], FACTS_OF_TEST) is not None


@pytest.mark.parametrize(
    "source",
    [
        "true",
        "a.n > 5.0 || a.n < 3.0",
        "a.n >= 5.0 && a.n <= 5.0",
        "a.w > 3 && a.w < 5",
        "a.n > 3.0 && a.n < 4.0",
        "a.t == 'x' || a.t == 'y'",
        "a.t > 'x' && a.t < 'a'",  # not decided: texts by their letters
        "a.n - 1.0 > 5.0 && a.n < 3.0",  # not decided: sums
        "size(a.l) > 3 && size(a.l) < 2",  # not decided: functions
        "a.y ? a.n > 5.0 : a.n < 3.0",
        "a.l.exists(one, one == 'x') && !('x' in a.l)",  # not decided: macros
        "'x' in a.l && 'y' in a.l",
        "a.t.startsWith('x') && a.t == 'y'",
        "!a.y == true",
        "a.y || 1 / 0 > 1",
    ],
)
def test_what_can_be_met_or_is_not_decided_is_let_through(source: str):
    assert never_met([source], FACTS_OF_TEST) is None


def test_nothing_that_is_called_impossible_is_ever_met():
    """Every pair of a row of claims, judged by the engine itself over a grid of facts."""
    claims = ["a.n > 1.0", "a.n <= 1.0", "!(a.n > 2.0)", "a.w < 2", "a.w >= 2", "a.w != 2", "a.y", "!a.y", "a.t == 'x'", "a.t != 'x'"]
    claims += ["'x' in a.l", "!('x' in a.l)", "a.t in ['x', 'y']", "a.n > 1.0 || a.y", "a.w == 2 && !a.y", "a.w > 1 ? a.y : !a.y"]
    grid = [
        {"a.n": n, "a.w": w, "a.t": t, "a.y": y, "a.l": row}
        for n in (0.5, 1.0, 2.5)
        for w in (1, 2, 3)
        for t in ("x", "y")
        for y in (True, False)
        for row in ([], ["x"])
    ]
    met = {claim: [bool(judge(claim, FACTS_OF_TEST, values).met) for values in grid] for claim in claims}
    for one in claims:
        for other in claims:
            together = any(a and b for a, b in zip(met[one], met[other], strict=True))
            if never_met([one, other], FACTS_OF_TEST) is not None:
                assert not together, (one, other)
            if taken_before(one, [other], FACTS_OF_TEST):
                assert all(b for a, b in zip(met[one], met[other], strict=True) if a), (one, other)
    assert never_met(["a.n > 1.0", "a.n <= 1.0"], FACTS_OF_TEST) == "a.n"
    assert taken_before("a.w == 2 && !a.y", ["a.w >= 2"], FACTS_OF_TEST)


def test_a_condition_that_falls_apart_into_too_many_ways_is_not_decided():
    wide = " && ".join(f"(a.w == {n} || a.w == {n + 1})" for n in range(30))
    assert never_met([wide], FACTS_OF_TEST) is None


# Read as somebody who made three mistakes in a long file


def test_three_mistakes_are_told_once_each_by_file_and_line_with_the_line_itself(tmp_path: Path):
    folder = tmp_path / "three"
    for part, text in SHIPPED.texts.items():
        folder.mkdir(exist_ok=True)
        (folder / f"{part}.yaml").write_text(text, encoding="utf-8")
    slips = {
        "hearing": ("category: site, role: FR", "category: sight, role: FR"),
        "process": ("deciders: [SR, FR, SDT]", "deciders: [SR, FR, SDX]"),
        "templates": ("template: order\n    unit: delivery\n    kind: text", "template: order\n    unit: delivry\n    kind: text"),
    }
    for part, (right, wrong) in slips.items():
        path = folder / f"{part}.yaml"
        assert path.read_text(encoding="utf-8").count(right) == 1
        path.write_text(path.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    report = packs.look(Sources.of_folder(folder), KNOWN)
    assert report.whole
    assert [(one.file, spoken(one.sentence)) for one in report.findings] == [
        ("process.yaml", "no role has the code “SDX”; did you mean “SDT”?"),
        ("hearing.yaml", "no category has the code “sight”; did you mean “site”?"),
        ("templates.yaml", "no unit has the code “delivry”; did you mean “delivery”?"),
    ]
    for one in report.findings:
        lines = (folder / one.file).read_text(encoding="utf-8").splitlines()
        assert lines[(one.line or 0) - 1].strip().startswith(one.text)
        assert next(word for word in ("SDX", "sight", "delivry") if word in one.text)


def test_what_stands_twice_is_told_at_the_second_place(tmp_path: Path):
    folder = changed_pack(tmp_path / "twice", lambda parts: None)
    path = folder / "policies.yaml"
    written = "profile: standard\npolicies: []\nprofile: light\n"
    path.write_text(written, encoding="utf-8")
    [finding] = packs.check(Sources.of_folder(folder), KNOWN)
    assert (finding.line, spoken(finding.sentence)) == (3, "“profile” stands twice here; the first is in line 1")
    support = folder / "support.yaml"
    path.write_text(SHIPPED.texts["policies"], encoding="utf-8")
    support.write_text(SHIPPED.texts["support"].replace("code: MO3-FR", "code: MO3-SR"), encoding="utf-8")
    [finding] = packs.check(Sources.of_folder(folder), KNOWN)
    assert "MO3-SR" in finding.text
    assert "deliverability" in finding.text  # the second of them
    first = next(n for n, line in enumerate(SHIPPED.texts["support"].splitlines(), start=1) if "code: MO3-SR" in line)
    assert spoken(finding.sentence) == f"the code stands twice in this table; the first is in line {first}"


def test_a_name_that_is_none_is_told_at_its_own_line(tmp_path: Path):
    folder = changed_pack(tmp_path / "slip", lambda parts: None)
    path = folder / "support.yaml"
    path.write_text(SHIPPED.texts["support"].replace("    level: 3\n", "    levle: 3\n", 1), encoding="utf-8")
    report = packs.look(Sources.of_folder(folder), KNOWN)
    [finding] = report.findings
    assert finding.text == "levle: 3"
    assert "did you mean “level”?" in spoken(finding.sentence)
    assert not report.whole  # names are looked at once the form is sound


@pytest.mark.parametrize(
    "text",
    [
        "? [a]\n: b\n",
        "? {a: b}\n: b\n",
        "a: !!bool maybe\n",
        "a: !!timestamp x\n",
        "a: !!float ''\n",
        "a: !!int ''\n",
        "a: !!binary é\n",
        "<<: [1]\n",
    ],
)
def test_whatever_a_file_says_is_a_finding_and_never_an_error(text: str) -> None:
    found = packs.check(Sources("odd", {**SHIPPED.texts, "hearing": text}))
    assert {one.file for one in found} == {"hearing.yaml"}
    packs.said(text)


# What is worth knowing


def warnings(tmp_path: Path, change: Callable[[Parts], Any]) -> list[tuple[str, str]]:
    report = packs.look(Sources.of_folder(changed_pack(tmp_path / "pack", change)), KNOWN)
    assert report.findings == []
    return [(one.place, spoken(one.sentence)) for one in report.warnings]


def seated(parts: Parts, **columns: Any) -> None:
    """Finance sits on teams of some deals only, and decides at the first gate."""
    process = parts["process"]
    process["mandates"] = []
    process["seats"] = [row for row in process["seats"] if row["role"] != "FIN"]
    process["seats"].append({"code": "seat-fin", "role": "FIN", "zh": "财务", "en": "Finance", "when": "deal.amount >= 100.0"})
    for row in process["gates"]:
        row["deciders"] = ["SDT"]
        row.pop("when", None)
    process["gates"][0].update({"deciders": ["SDT", "FIN"], **columns})
    process.pop("mandates", None)  # of roles that decide there no more


def test_a_decider_who_has_a_seat_for_some_deals_only_is_warned_of(tmp_path: Path):
    [(place, says)] = warnings(tmp_path / "some", seated)
    assert place == "gates/ATI/deciders/1"
    assert "“FIN” has a seat only where “deal.amount >= 100.0”" in says
    assert "or the gate stays shut" in says


@pytest.mark.parametrize(
    "columns",
    [{"when": "deal.amount >= 500.0"}, {"when": "deal.amount >= 100.0 && deal.currency == 'CNY'"}, {"deciders": ["SDT"]}],
)
def test_a_gate_that_stands_only_where_the_seat_does_is_not(tmp_path: Path, columns: dict[str, Any]):
    assert warnings(tmp_path, lambda parts: seated(parts, **columns)) == []


def test_nor_one_whose_decider_sits_on_every_team_or_on_none(tmp_path: Path):
    def every(parts: Parts) -> None:
        seated(parts)
        parts["process"]["seats"].append({"code": "seat-fin-2", "role": "FIN", "zh": "财务", "en": "Finance, always"})

    def between_them(parts: Parts) -> None:
        seated(parts)
        parts["process"]["seats"].append(
            {"code": "seat-fin-2", "role": "FIN", "zh": "财务", "en": "Finance, small", "when": "deal.amount < 200.0"}
        )

    def by_posts(parts: Parts) -> None:
        seated(parts)
        parts["process"]["seats"] = [row for row in parts["process"]["seats"] if row["role"] != "FIN"]

    for name, change in (("every", every), ("between", between_them), ("posts", by_posts)):
        assert warnings(tmp_path / name, change) == [], name


def test_a_setting_that_yaml_reads_as_true_or_false_is_said_in_words() -> None:
    text = SHIPPED.texts["policies"].rstrip() + "\npolicies:\n  - {code: nobody-alone, setting: off, zh: 一, en: One}\n"
    [found] = packs.check(Sources("off", {**SHIPPED.texts, "policies": text}))
    assert "without quotes, YAML reads “on”, “off”" in spoken(found.sentence)
