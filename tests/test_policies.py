"""Named policies and profiles: what refuses, what only warns, and where; the light mode of a young company from end to end."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from api_caller import Caller
from earshot.calls.actions import name_person
from earshot.deals import gates, rules
from earshot.deals import policies as deal_policies
from earshot.deals.actions import change_deal, move_on, open_deal, vote
from earshot.deals.models import Deal, GatePass
from earshot.journal.models import Entry
from earshot.kit.problems import Refusal
from earshot.people.actions import give_post
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks import book
from earshot.playbooks.models import BLOCK, LAWS, LIGHT, OFF, PROFILES, SETTINGS, STANDARD, STRICT, WARN, PartVersion, Policy
from earshot.playbooks.policies import COMPANY, MOST, TIER, UNIT, Choices, Place
from earshot.playbooks.policies import Policy as Switch
from earshot.playbooks.registry import POLICIES
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Seat
from earshot.teams.queries import seats
from pages import Visitor
from worlds import AIM, World, changed_pack, later, put_in_force, said, spoken

SOURCE = Path(__file__).resolve().parent.parent / "src" / "earshot"
Parts = dict[str, Any]


@pytest.fixture
def stands(tmp_path: Path) -> Callable[..., None]:
    """Puts a profile in force; `rows`: policies that are set by themselves; `units`, `tiers`: code → profile."""

    def put(profile: str, rows: dict[str, str] | None = None, change: Callable[[Parts], None] = lambda _: None, **others: Any) -> None:
        def write(parts: Parts) -> None:
            parts["policies"] = {"profile": profile, "policies": [], "units": [], "tiers": []}
            for code, setting in (rows or {}).items():
                parts["policies"]["policies"].append({"code": code, "zh": "单独设", "en": "by itself", "setting": setting})
            for table, column in (("units", "unit"), ("tiers", "tier")):
                for code, other in others.get(table, {}).items():
                    row = {"code": f"of-{code}", "zh": "刚起步", "en": "young", column: code, "profile": other}
                    parts["policies"][table].append(row)
            change(parts)

        number = PartVersion.objects.count()
        put_in_force(changed_pack(tmp_path / f"p{number}", write))

    return put


def lines(deal: Deal) -> dict[str, bool]:
    """Code → whether it only warns, of what is not met at the gate before the deal."""
    review = gates.review(Deal.objects.get(pk=deal.pk))
    assert review is not None
    return {one.line.code: one.warns for one in review.conditions if one.met is not True}


def printed(deal: Deal) -> set[str]:
    """Codes of what only warned, as the record of the deal's last gate keeps it."""
    record = GatePass.objects.filter(visit__deal=deal).latest("at")
    return {line["code"] for line in record.lines if line["warns"] and not line["met"]}


# The registry.


def called(node: ast.Call) -> str:
    return getattr(node.func, "id", "") or getattr(node.func, "attr", "")


def test_there_are_at_most_25_policies_each_in_words_and_each_is_read_somewhere() -> None:
    assert 0 < len(list(POLICIES)) <= MOST
    declared: dict[str, str] = {}
    read: list[str] = []
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and called(node.value) == "policy":
                declared[getattr(node.targets[0], "id", "")] = path.name
            elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
                read.append(node.attr if isinstance(node, ast.Attribute) else node.id)
    assert len(declared) == len(list(POLICIES))
    assert [name for name in declared if name not in read] == []
    for policy in POLICIES.values():
        assert spoken(policy.means, "zh-hans") != spoken(policy.means, "en")
        assert {policy.light, policy.standard, policy.strict} <= set(policy.allowed) <= set(SETTINGS)


def test_no_profile_asks_less_than_the_one_below_it() -> None:
    order = [OFF, WARN, BLOCK]
    for policy in POLICIES.values():
        assert order.index(policy.light) <= order.index(policy.standard) <= order.index(policy.strict), policy.code


@pytest.mark.req("law 2", breaks="earshot.playbooks.policies._allowed")
@pytest.mark.req("law 3", breaks="earshot.playbooks.policies._allowed")
def test_a_law_is_never_off_whatever_is_written() -> None:
    for code in LAWS:
        policy = POLICIES[code]
        assert OFF not in policy.allowed
        assert Choices(LIGHT, {code: OFF}).at(Place()).setting(policy) == WARN


def test_the_database_takes_no_law_that_is_off_and_no_unit_in_two_profiles(world: World) -> None:
    version = PartVersion.objects.get(part="policies", state="in_force")
    for code, setting in [*((code, OFF) for code in LAWS), ("one-seat-each", "often")]:
        with pytest.raises(IntegrityError), transaction.atomic():
            Policy.objects.create(version=version, code=code, zh="x", en="x", setting=setting)
    Policy.objects.create(version=version, code="one-seat-each", zh="x", en="x", setting=OFF)
    version.unitprofiles.create(code="a", zh="x", en="x", unit_code="branch", profile=LIGHT)
    for code, unit, profile in (("b", "branch", STRICT), ("c", "company", "lax")):
        with pytest.raises(IntegrityError), transaction.atomic():
            version.unitprofiles.create(code=code, zh="x", en="x", unit_code=unit, profile=profile)
    version.tierprofiles.create(code="a", zh="x", en="x", tier_code="big", profile=LIGHT)
    with pytest.raises(IntegrityError), transaction.atomic():
        version.tierprofiles.create(code="b", zh="x", en="x", tier_code="big", profile=STRICT)


# What holds where: the most specific.

CODES = st.sampled_from(["a", "b", "c", "d"])
POLICY = Switch("x", "", LIGHT and OFF, WARN, BLOCK)


@given(
    profile=st.sampled_from(PROFILES),
    row=st.sampled_from(["", *SETTINGS]),
    units=st.dictionaries(CODES, st.sampled_from(PROFILES)),
    tiers=st.dictionaries(CODES, st.sampled_from(PROFILES)),
    place=st.builds(Place, st.lists(CODES, unique=True).map(tuple), st.sampled_from(["", "a", "b"])),
)
def test_a_row_goes_before_the_size_the_size_before_the_nearest_unit_and_that_before_the_company(
    profile: str, row: str, units: dict[str, str], tiers: dict[str, str], place: Place
) -> None:
    chosen = Choices(profile, {"x": row} if row else {}, units, tiers)
    here = chosen.at(place)
    if place.tier and place.tier in tiers:
        assert (here.profile, here.why, here.code) == (tiers[place.tier], TIER, place.tier)
    elif near := [unit for unit in place.units if unit in units]:
        assert (here.profile, here.why, here.code) == (units[near[0]], UNIT, near[0])
    else:
        assert (here.profile, here.why, here.code) == (profile, COMPANY, "")
    assert here.setting(POLICY) == (row or POLICY.within(here.profile))
    order = [OFF, WARN, BLOCK]
    assert order.index(chosen.strictest(POLICY)) >= order.index(here.setting(POLICY))


def test_a_unit_and_a_size_stand_in_another_profile_than_the_company(world: World, stands: Callable[..., None]) -> None:
    large = list(book.in_force().process.tiers)[-1]
    stands(STANDARD, units={"branch": LIGHT, "company": STRICT}, tiers={large: STANDARD})
    ours, theirs = world.deal(amount="5000"), world.deal("西南的", owner="stranger", account="cascade", amount="5000")
    big = world.deal("大的", owner="stranger", account="cascade", amount="200000000")
    found = [deal_policies.standing(deal) for deal in (ours, theirs, big)]
    assert [(one.profile, one.why, one.code) for one in found] == [
        (STRICT, UNIT, "company"),
        (LIGHT, UNIT, "branch"),
        (STANDARD, TIER, large),
    ]


def test_where_no_unit_and_no_size_stands_apart_nothing_is_asked(
    world: World, stands: Callable[..., None], django_assert_num_queries: Any
) -> None:
    deal = world.deals["branches"]
    chosen = book.in_force().policies  # rows of a version are read once a process
    assert chosen.units == {}
    with django_assert_num_queries(1):  # which versions are in force
        deal_policies.standing(deal)


@pytest.mark.parametrize("key", ["seller"])
def test_page_api_and_command_line_say_in_which_profile_a_deal_stands_and_why(
    world: World, stands: Callable[..., None], caller: Callable[..., Caller], key: str
) -> None:
    stands(STANDARD, units={"key-accounts": LIGHT})
    deal = world.deal()
    shown = caller(key).get(f"/deals/{deal.pk}")["profile"]
    assert shown == {"profile": LIGHT, "because": UNIT, "code": "key-accounts"}
    page = Visitor(key, "en").get(f"/deals/{deal.pk}/")
    assert "profile: light, young" in page.text
    said_of = caller(key).get("/playbook")
    assert (said_of["profile"], [row["code"] for row in said_of["other_profiles"]]) == (STANDARD, ["key-accounts"])
    assert {row["code"]: row["setting"] for row in said_of["policies"]} == {policy.code: policy.standard for policy in POLICIES.values()}
    assert "“key-accounts”" not in Visitor(key, "en").get("/playbook/").text


# Light: one person in several roles, no level, no form but a goal and a date.


@pytest.mark.req("A17.1a")
@pytest.mark.req("A17.2a", breaks="earshot.deals.rules.in_several_seats")
def test_in_light_one_person_carries_a_deal_in_every_role_and_it_is_shown(world: World, stands: Callable[..., None]) -> None:
    stands(LIGHT)
    founder = world.seller
    for role in book.in_force().process.roles:
        if role != "AR":
            give_post(by=world.by("administrator"), person=founder, unit=world.units["company"], role=role)
    founder = Person.objects.get(pk=founder.pk)
    deal = open_deal(by=as_person(founder), title="第一单", account=world.accounts["sudatel"], owner=founder, **AIM)
    for seat in Seat.objects.filter(team=deal.team, leader=False):
        accept_seat(by=as_person(founder), membership=nominate(by=as_person(founder), seat=seat, person=founder))
    assert all(len(seat.also) >= 2 for seat in seats(deal.team_id))
    world.words(deal)
    deal = move_on(by=as_person(founder), deal=deal, version=deal.version)
    world.deliver(deal)
    vote(by=as_person(founder), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage.code == "MO2"
    assert printed(deal) >= {"team.several_seats", "gate.sales_alone", "voice.not_heard"}


@pytest.mark.req("A17.2a", breaks="earshot.deals.rules.in_several_seats")
def test_in_standard_nobody_takes_a_second_seat_and_who_has_one_from_before_keeps_the_gate_shut(
    world: World, stands: Callable[..., None]
) -> None:
    stands(LIGHT)
    deal = world.ready_deal()
    give_post(by=world.by("administrator"), person=world.engineer, unit=world.units["delivery"], role="FR")
    engineer = Person.objects.get(pk=world.engineer.pk)
    for seat in Seat.objects.filter(team=deal.team, leader=False):
        accept_seat(by=as_person(engineer), membership=nominate(by=world.by("seller"), seat=seat, person=engineer))
    assert lines(deal).get("team.several_seats") is True
    stands(STANDARD)
    assert lines(deal).get("team.several_seats") is False
    other = world.deal("another")
    solution, delivery = Seat.objects.filter(team=other.team, leader=False).order_by("pk")
    nominate(by=world.by("seller"), seat=solution, person=engineer)
    with pytest.raises(Refusal) as refused:
        nominate(by=world.by("seller"), seat=delivery, person=engineer)
    assert "two chairs" in said(refused.value)


@pytest.mark.req("A17.2b")
def test_in_light_nothing_but_title_customer_goal_and_date_is_asked(world: World, stands: Callable[..., None]) -> None:
    def bare(parts: Parts) -> None:
        parts["support"] |= {"triggers": [], "none_needed": []}

    stands(LIGHT)
    stands(LIGHT, change=bare)  # a stage may stay silent about support
    deal = world.deal()
    deal = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert world.calls(deal) == []
    assert lines(deal) == {"call.table_silent": True, "gate.not_approved": False}
    vote(by=world.by("head"), deal=deal, approves=True)
    assert printed(deal) == {"call.table_silent"}
    with pytest.raises(Refusal) as refused:
        stands(STANDARD, change=bare)
    assert "neither calls for support nor says that none is needed" in said(refused.value)
    with pytest.raises(Refusal):  # nor where one unit stands in it
        stands(LIGHT, change=bare, units={"branch": STANDARD})


# Each policy of the gate: off does nothing, warn prints, block refuses.


def gate_after(world: World, stands: Callable[..., None], code: str, setting: str) -> dict[str, bool]:
    deal = Deal.objects.get(pk=world.deals["branches"].pk)
    if deal.stage.position == 1:
        deal = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    stands(STANDARD, rows={"seats-taken-at-gate": OFF, "nobody-alone": OFF} | {code: setting})
    if code == "date-not-past-at-gate":
        deal = change_deal(by=world.by("seller"), deal=deal, version=deal.version, due="2026-11-23")
        with later(days=1):
            return lines(deal)
    return lines(deal)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("seats-taken-at-gate", "team.seat_empty"),
        pytest.param("nobody-alone", "team.alone", marks=pytest.mark.req("A1.1a", breaks="earshot.deals.rules.alone")),
        ("date-not-past-at-gate", "deal.past_date"),
    ],
)
def test_a_policy_that_is_off_does_nothing_one_that_warns_is_shown_and_one_that_blocks_shuts_the_gate(
    world: World, stands: Callable[..., None], code: str, line: str
) -> None:
    assert line not in gate_after(world, stands, code, OFF)
    assert gate_after(world, stands, code, WARN).get(line) is True
    assert gate_after(world, stands, code, BLOCK).get(line) is False


@pytest.mark.req("A1.1a", breaks="earshot.deals.rules.alone")
def test_in_strict_nobody_carries_a_deal_out_of_its_first_stage_alone(world: World, stands: Callable[..., None]) -> None:
    stands(STRICT)
    deal = world.deal()
    with pytest.raises(Refusal) as refused:
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    assert (refused.value.code, [line.code for line in refused.value.lines]) == ("deal.alone", ["team.alone"])
    seat = Seat.objects.get(team=deal.team, role="SR")
    accept_seat(by=world.by("engineer"), membership=nominate(by=world.by("seller"), seat=seat, person=world.engineer))
    assert move_on(by=world.by("seller"), deal=deal, version=deal.version).stage.code == "MO1"


def test_an_approval_says_why_where_the_policy_asks_it(world: World, stands: Callable[..., None]) -> None:
    stands(STANDARD, rows={"approval-says-why": BLOCK, "seats-taken-at-gate": OFF, "nobody-alone": OFF})
    deal = world.ready_deal()
    with pytest.raises(Refusal) as refused:
        vote(by=world.by("head"), deal=deal, approves=True)
    assert set(refused.value.fields) == {"reason"}
    stands(STANDARD, rows={"approval-says-why": WARN, "seats-taken-at-gate": OFF, "nobody-alone": OFF})
    vote(by=world.by("head"), deal=deal, approves=True)
    assert printed(deal) == {"gate.no_reason"}


@pytest.mark.req("A17.2a", breaks="earshot.deals.rules.stands_for_several")
def test_who_alone_approves_for_two_roles_is_named_and_another_who_approves_sets_it_right() -> None:
    def ballot(person: str, role: str) -> rules.Ballot:
        return rules.Ballot(role, True, counts=True, person=person)

    both = [ballot("ann", "A"), ballot("ann", "B")]
    assert rules.stands_for_several(["A", "B"], both) == {"ann": ["A", "B"]}
    assert rules.stands_for_several(["A", "B"], [*both, ballot("bob", "A")]) == {}
    assert rules.stands_for_several(["A", "B"], [ballot("bob", "B"), *both]) == {}
    assert rules.stands_for_several(["A", "B"], [ballot("ann", "A")]) == {}


def test_naming_somebody_unqualified_is_refused_or_stands_in_the_journal(world: World, stands: Callable[..., None]) -> None:
    deal = world.moved_deal()
    [call] = world.calls(deal)
    with pytest.raises(Refusal):
        name_person(by=world.by("engineer"), call=call, person=world.engineer_head)
    stands(LIGHT)
    name_person(by=world.by("engineer"), call=call, person=world.engineer_head)
    assert Entry.objects.filter(verb="calls.not_qualified", objects_touched__object_id=call.pk).count() == 1
