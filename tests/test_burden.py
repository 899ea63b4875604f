"""What a playbook asks of people: counted by role, compared between versions, and shown with whom it asks before it is in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from api_caller import Caller
from earshot.deals.asking import asked_by, effect_of
from earshot.deals.models import Deal
from earshot.journal.actors import Actor
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.playbooks import book, burden, packs, queries, revisions
from earshot.playbooks.actions import approve, open_revision, switch_profile, undo, write_part
from earshot.playbooks.models import LIGHT, STANDARD, STRICT, Revision
from earshot.playbooks.policies import Choices
from earshot.playbooks.registry import FACTS, POLICIES
from earshot.playbooks.sources import Sources
from pages import Visitor
from test_cli import good
from worlds import World, changed_pack, spoken

Parts = dict[str, Any]
# Of the shipped pack, for each deal: role → demanded, sometimes, only warned of, in each profile.
OF_DEAL = {
    STANDARD: {"AR": (6, 0, 0), "SR": (2, 2, 1), "FR": (3, 3, 1), "SDT": (2, 4, 0), "FIN": (0, 0, 1), "LEG": (0, 0, 1)},
    LIGHT: {"AR": (4, 0, 1), "SR": (2, 1, 1), "FR": (2, 2, 2), "SDT": (1, 2, 3)},
    STRICT: {"AR": (7, 0, 0), "SR": (2, 4, 0), "FR": (5, 4, 0), "SDT": (3, 6, 0), "FIN": (0, 1, 0), "LEG": (0, 1, 0)},
}


def pack_of(folder: Path, change: Callable[[Parts], Any] = lambda _parts: None) -> packs.Pack:
    return packs.read(Sources.of_folder(changed_pack(folder, change)))


def counted(pack: packs.Pack, tier: str = "") -> dict[tuple[str, str], tuple[int, int, int]]:
    acts = burden.acts(pack.tables, pack.choices, POLICIES.values(), dict(FACTS.items()), tier)
    return {(one.role, one.per): one.counts for one in burden.figures(pack.tables, acts)}


@pytest.mark.req("law 14", breaks="earshot.playbooks.burden.acts")
@pytest.mark.parametrize("profile", [LIGHT, STANDARD, STRICT])
def test_the_acts_of_the_shipped_pack_are_counted_for_each_role_as_its_profile_demands_them(tmp_path: Path, profile: str) -> None:
    found = counted(pack_of(tmp_path / "p").in_profile(profile))
    assert {role: counts for (role, per), counts in found.items() if per == burden.DEAL} == OF_DEAL[profile]
    hearing = (0, 0, 1) if profile == LIGHT else (1, 0, 0)
    assert {role: counts for (role, per), counts in found.items() if per == burden.CONTACT} == dict.fromkeys(["AR", "SR", "FR"], hearing)


def test_each_figure_opens_into_the_rows_that_ask_it(tmp_path: Path) -> None:
    pack = pack_of(tmp_path / "p")
    places = {place for figure in queries.asks_of(pack).figures for act in figure.acts for place in act.places}
    assert places
    for place in places:
        part, table, code = place.split("/")
        assert code in {row["code"] for row in pack.tables[part][table]}, place


def test_what_one_size_asks_lies_between_what_is_asked_always_and_what_is_asked_at_most(tmp_path: Path) -> None:
    pack = pack_of(tmp_path / "p").in_profile(STRICT)
    any_size = counted(pack)
    for tier in [row["code"] for row in pack.tables["process"]["tiers"]]:
        of_size = counted(pack, tier)
        assert of_size.keys() <= any_size.keys()
        for key, (always, sometimes, _warned) in any_size.items():
            demanded, left_open, _warned = of_size.get(key, (0, 0, 0))
            assert always <= demanded + left_open <= always + sometimes, (tier, key)
    assert any(counted(pack, row["code"]) != any_size for row in pack.tables["process"]["tiers"])


@pytest.mark.req("law 14")
def test_what_a_gate_asks_is_counted_for_the_sizes_for_which_it_stands(tmp_path: Path) -> None:
    def asking(parts: Parts) -> None:
        gate = next(row for row in parts["process"]["gates"] if row["code"] == "ATI")
        gate["conditions"] = [{"code": "sector", "zh": "一", "en": "One", "needs": "account.sector != ''"}]

    pack = pack_of(tmp_path / "p", asking)

    def stated(tier: str) -> list[bool]:
        acts = burden.acts(pack.tables, pack.choices, POLICIES.values(), dict(FACTS.items()), tier)
        return [act.sometimes for act in acts if act.kind == burden.STATE and act.places == ("process/gates/ATI",)]

    assert {tier: stated(tier) for tier in ("", "S", "M", "L")} == {"": [True], "S": [], "M": [], "L": [False]}


@pytest.mark.req("law 14")
def test_what_a_unit_demands_that_stands_in_a_stricter_profile_is_counted_as_demanded_sometimes(tmp_path: Path) -> None:
    def of_unit(parts: Parts) -> None:
        parts["policies"] |= {"units": [{"code": "u", "unit": "company", "profile": "strict", "zh": "一", "en": "One"}]}

    plain = counted(pack_of(tmp_path / "a").in_profile(LIGHT))
    strict = counted(pack_of(tmp_path / "a").in_profile(STRICT))
    found = counted(pack_of(tmp_path / "b", of_unit).in_profile(LIGHT))
    for key, (demanded, sometimes, _warned) in strict.items():
        assert sum(found[key][:2]) == demanded + sometimes, key
        assert found[key][0] == plain.get(key, (0, 0, 0))[0], key


@pytest.mark.req("law 14", breaks="earshot.playbooks.burden.changes")
def test_a_version_says_by_how_much_it_rises_and_for_whom_on_the_page_in_the_api_and_on_the_command_line(
    world: World, tmp_path: Path, caller: Callable[..., Caller]
) -> None:
    def more(parts: Parts) -> None:
        parts["hearing"]["hearers"].append(
            {"code": "site-SDT", "category": "site", "role": "SDT", "service_level": "hear", "zh": "也听", "en": "hears too"}
        )
        gate = next(row for row in parts["process"]["gates"] if row["code"] == "ATI")
        gate["deciders"].append("SR")

    pack = pack_of(tmp_path / "more", more)
    rises = [(one.figure.role, one.figure.per, one.rises) for one in effect_of(pack).changes]
    assert rises == [("SR", burden.DEAL, 2), ("SDT", burden.CONTACT, 1)]  # one vote more, and hearing before it
    body = {"name": "more", "parts": dict(pack.sources.texts)}
    found = caller("operations").post("/playbook/pack/checks", body)["asks"]
    assert [(row["role"], row["rises"]) for row in found["acts"]] == [("SR", 2), ("SDT", 1)]
    told = good("playbook", "check", str(tmp_path / "more"))
    assert "(+2)" in told


def more_asked(revision: Revision, by: Actor) -> None:
    """The solution role hears the site conditions; the solution side votes at the first gate."""
    row = "  - {code: site-SDT, category: site, role: SDT, service_level: hear, zh: 也听, en: hears too}\n"
    hearing = revisions.text_in_force("hearing")
    write_part(by=by, revision=revision, part="hearing", text=hearing.replace("hearers:\n", f"hearers:\n{row}", 1))
    process = revisions.text_in_force("process")
    assert "deciders: [SDT]" in process
    write_part(by=by, revision=revision, part="process", text=process.replace("deciders: [SDT]", "deciders: [SDT, SR]", 1))


@pytest.mark.req("law 14", breaks="earshot.deals.asking.effect_of_revision")
def test_a_revision_says_before_it_is_approved_by_how_much_it_rises_and_for_whom(world: World, caller: Callable[..., Caller]) -> None:
    by = world.by("operations")
    revision = open_revision(by=by, reason="方案也要听", parts=["hearing", "process"])
    address, number = f"/playbook/revisions/{revision.pk}", str(revision.number)
    assert caller("operations").get(address)["asks"] is None  # it differs in nothing yet
    assert "What it asks of people" not in Visitor("operations", "en").get(f"{address}/").text
    more_asked(revision, by)
    found = caller("operations").get(address)["asks"]
    assert found is not None
    assert [(row["role"], row["rises"]) for row in found["acts"]] == [("SR", 2), ("SDT", 1)]
    page = Visitor("operations", "en").get(f"{address}/").text
    shown = page[page.index("What it asks of people") :]
    assert "More is asked" in shown
    assert "+2" in shown
    assert "It asks more of 2 roles." in page
    assert "(+2)" in good("playbook", "revisions", number, "--as", "孙宁")
    # What is wrong asks nothing yet; what has begun is what is asked.
    hearing = revisions.versions_of(revision)["hearing"].source
    write_part(by=by, revision=revision, part="hearing", text=hearing.replace("category: site", "category: sight", 1))
    assert caller("operations").get(address)["asks"] is None
    undo(by=by, revision=revision, part="hearing")
    version = str(Revision.objects.get(number=number).version)
    assert "(+2)" in good("playbook", "approve", number, "--version", version, "--as", "孙宁")
    assert caller("operations").get(address)["asks"] is None
    assert "What it asks of people" not in Visitor("seller", "en").get(f"{address}/").text


@pytest.mark.req("law 14")
def test_what_a_revision_asks_is_told_from_what_stands_on_its_day_without_it(world: World, caller: Callable[..., Caller]) -> None:
    by = world.by("operations")
    first = open_revision(by=by, reason="方案也要听", parts=["hearing", "process"], starts_at=now() + timedelta(days=2))
    more_asked(first, by)
    approve(by=by, revision=first)
    address = f"/playbook/revisions/{first.pk}"
    assert [row["rises"] for row in caller("operations").get(address)["asks"]["acts"]] == [2, 1]  # approved, not begun
    levels = open_revision(by=by, reason="快些", parts=["service_levels"], starts_at=now() + timedelta(days=3))
    text = revisions.text_in_force("service_levels").replace("minutes: 240", "minutes: 180", 1)
    write_part(by=by, revision=levels, part="service_levels", text=text)
    assert caller("operations").get(f"/playbook/revisions/{levels.pk}")["asks"] == {"acts": [], "policies": []}
    assert "It asks nothing else of anybody." in Visitor("operations", "en").get(f"/playbook/revisions/{levels.pk}/").text


def test_a_revision_is_looked_at_with_the_same_statements_for_few_deals_and_rows_and_for_many(world: World) -> None:
    by = world.by("operations")
    revision = open_revision(by=by, reason="从严", parts=["policies", "hearing"])
    policies = revisions.text_in_force("policies")
    write_part(by=by, revision=revision, part="policies", text=policies.replace("profile: standard", "profile: strict", 1))
    visitor = Visitor("operations", "en")

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert "Policies that become stricter" in visitor.get(f"/playbook/revisions/{revision.pk}/").text
        return len(caught)

    world.moved_deal()
    cost()
    few = cost()
    for number in range(6):
        world.moved_deal(f"站点 {number}")
    more_asked(revision, by)
    # A second and a third part bring what their tables touch, each once; the deals nothing.
    assert cost() <= few + 12
    many = cost()
    for number in range(6, 12):
        world.moved_deal(f"站点 {number}")
    assert cost() == many


@pytest.mark.req("A17.1a")
def test_before_the_company_leaves_light_it_is_shown_what_will_be_asked_of_whom(world: World, caller: Callable[..., Caller]) -> None:
    switch_profile(by=world.by("operations"), profile=LIGHT, reason="刚起步")
    world.moved_deal()
    asking = {one.shift.policy.code: one for one in asked_by(Choices(STANDARD))}
    assert all(one.shift.stricter for one in asking.values())
    heard = asking["hearing-before-gate"]
    assert (heard.shift.before, heard.shift.after) == ("warn", "block")
    assert heard.deals == Deal.objects.filter(closing__isnull=True).count()
    assert {(role.role, role.people) for role in heard.roles} >= {("SR", 1), ("FR", 1)}
    seats = asking["seats-taken-at-gate"]
    assert {(role.role, role.unfilled) for role in seats.roles} >= {("SR", seats.deals), ("FR", seats.deals)}
    shown = caller("operations").get("/playbook/profiles/standard")
    assert {row["code"] for row in shown["policies"]} == set(asking)
    assert caller("seller").get("/playbook/profiles/standard").status == 403
    operations = Visitor("operations", "en")
    page = operations.get("/playbook/asks/?profile=standard")
    assert "If the company stood in “standard”" in page.text
    assert "Policies that become stricter, and whom they ask" in page.text
    assert "If the company stood in" not in Visitor("seller", "en").get("/playbook/asks/?profile=standard").text
    told = good("playbook", "profile", "standard", "--as", "孙宁")
    assert "only warns, and stands on the record → refuses" in told
    assert book.in_force().policies.profile == LIGHT  # only looked at
    operations.submit(page.form("switch"), page.url, reason="团队建起来了")
    assert book.in_force().policies.profile == STANDARD


def test_going_down_says_what_is_no_longer_asked_and_needs_a_reason(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        switch_profile(by=world.by("operations"), profile=LIGHT, reason=" ")
    assert set(refused.value.fields) == {"reason"}
    switch_profile(by=world.by("operations"), profile=LIGHT, reason="分公司刚起步")
    told = Entry.objects.get(verb="playbooks.asks_less").data["what"]["en"]
    assert spoken(POLICIES["hearing-before-gate"].means) in told
    assert not Entry.objects.filter(verb="playbooks.asks_more").exists()
    with pytest.raises(Refusal) as refused:
        switch_profile(by=world.by("operations"), profile=LIGHT, reason="again")
    assert refused.value.code == "playbook.profile_stands"
    with pytest.raises(Refusal):
        switch_profile(by=world.by("operations"), profile="lax", reason="x")
    switch_profile(by=world.by("operations"), profile=STRICT, reason="做大了")
    assert Entry.objects.filter(verb="playbooks.asks_more").count() == 1


def test_looking_ahead_costs_the_same_statements_for_few_deals_and_for_many(world: World) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            asked_by(Choices(STRICT, {}, {"branch": LIGHT}))
        return len(caught)

    cost()
    world.moved_deal()
    few = cost()
    for number in range(4):
        world.moved_deal(f"another {number}")
    assert cost() == few
