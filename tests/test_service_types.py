"""Types of service: several on one deal, each with its specialties; what no one unit can do alone is not given to one alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.deals import gates, seats, specialties
from earshot.deals.actions import add_missing_seats, move_on, open_deal, set_services, vote
from earshot.deals.conditions import judged
from earshot.deals.models import Deal, Vote
from earshot.intake import actions
from earshot.intake.models import Finding
from earshot.journal.models import Entry
from earshot.journal.queries import tell
from earshot.kit.problems import Refusal
from earshot.people.actors import as_person
from earshot.people.models import Person
from earshot.playbooks import packs
from earshot.playbooks.queries import known
from earshot.playbooks.sources import Sources
from earshot.teams.actions import accept_seat, nominate
from earshot.teams.models import Seat
from earshot.teams.queries import seats as seats_of
from worlds import AIM, World, changed_pack, plain, put_in_force, said, snapshot, spoken

DATA = Path(__file__).parent / "data_crm"


def fresh(deal: Deal) -> Deal:
    return Deal.objects.get(pk=deal.pk)


def set_to(world: World, deal: Deal, *codes: str) -> Deal:
    return set_services(by=world.by("seller"), deal=deal, version=fresh(deal).version, services=codes)


def lacking(deal: Deal) -> list[str]:
    return [one.specialty.code for one in specialties.lacking(specialties.covers(fresh(deal)))]


def sits(world: World, deal: Deal, role: str, person: Person) -> None:
    seat = Seat.objects.filter(team=deal.team_id, role=role, memberships__isnull=True).first()
    assert seat is not None
    accept_seat(by=as_person(person), membership=nominate(by=world.by("seller"), seat=seat, person=person))


def to_go(world: World, deal: Deal) -> Refusal:
    with pytest.raises(Refusal) as refused:
        move_on(by=world.by("seller"), deal=deal, version=fresh(deal).version)
    return refused.value


# What a deal carries.


@pytest.mark.req("A8.1a", breaks="earshot.deals.specialties.needed")
def test_a_deal_carries_several_types_at_once_each_with_its_specialties_and_the_journal_says_who_changed_them(world: World) -> None:
    deal = open_deal(
        by=world.by("seller"),
        title="两类一起",
        account=world.accounts["sudatel"],
        owner=world.seller,
        services=["turnkey", "energy"],
        **AIM,
    )
    assert deal.service_codes == ["energy", "turnkey"]
    assert {one.specialty.code: [each.code for each in one.services] for one in specialties.covers(deal)} == {
        "power-design": ["energy", "turnkey"],
        "site-building": ["turnkey"],
    }
    set_to(world, deal, "installing")
    assert fresh(deal).service_codes == ["installing"]
    entry = Entry.objects.get(verb="deals.services_set", objects_touched__object_id=deal.pk)
    with override("en"):
        assert str(tell([entry])[0].sentence).endswith(": Installation and commissioning")
    assert (entry.data["before"], entry.data["codes"]) == (["energy", "turnkey"], ["installing"])


def test_a_type_that_there_is_not_is_refused_beside_its_field_and_nothing_is_kept(world: World) -> None:
    deal = world.deal()
    before = snapshot()
    for codes in (["turnkye"], ["a\x00b"], [f"s{n}" for n in range(20)]):
        with pytest.raises(Refusal) as refused:
            set_to(world, deal, *codes)
        assert list(refused.value.fields) == ["services"]
    with pytest.raises(Refusal) as meant:
        set_to(world, deal, "turnkye")
    assert "did you mean “turnkey”?" in said(meant.value)
    with pytest.raises(Refusal) as both:
        open_deal(by=world.by("seller"), title="", account=world.accounts["sudatel"], owner=world.seller, services=["none"], **AIM)
    assert set(both.value.fields) == {"title", "services"}
    assert snapshot() == before


def test_only_who_works_on_the_deal_sets_them_and_on_what_was_seen(world: World) -> None:
    deal = world.deal()
    with pytest.raises(Refusal) as not_theirs:
        set_services(by=world.by("engineer"), deal=deal, version=1, services=["energy"])
    with pytest.raises(Refusal) as stale:
        set_services(by=world.by("seller"), deal=deal, version=9, services=["energy"])
    assert (not_theirs.value.code, stale.value.code) == ("deal.not_yours", "stale")


def test_the_same_types_again_change_nothing(world: World) -> None:
    deal = set_to(world, world.deal(), "energy", "turnkey")
    before = snapshot()
    set_to(world, deal, "turnkey", "energy", "turnkey")
    assert snapshot() == before


# What one unit cannot do alone.


@pytest.mark.req("A8.2a", breaks="earshot.deals.rules.lacking")
def test_a_deal_that_needs_specialties_of_two_units_does_not_leave_its_stage_until_each_is_on_the_team(world: World) -> None:
    deal = set_to(world, world.deal(), "turnkey")
    assert lacking(deal) == ["power-design", "site-building"]
    refused = to_go(world, deal)
    lines = [line for line in refused.lines if line.code == "deal.specialty_lacking"]
    sentence = "The specialty “{}” (Turnkey sites) is in other hands, and nobody on the team brings it: ask somebody of {}"
    assert [spoken(line.sentence) for line in lines] == [
        sentence.format("Power solution", world.units["solutions"].name),
        sentence.format("Site building", world.units["delivery"].name),
    ]
    assert {(line.act, line.who) for line in lines} == {("name_member", world.seller.name)}
    sits(world, deal, "SR", world.engineer)
    assert lacking(deal) == ["site-building"]
    assert [line.code for line in to_go(world, deal).lines].count("deal.specialty_lacking") == 1
    sits(world, deal, "FR", world.delivery)
    moved = move_on(by=world.by("seller"), deal=deal, version=fresh(deal).version)
    assert moved.stage.position == 2


def test_who_was_only_asked_or_has_left_covers_nothing_nor_a_skill_below_the_level(world: World) -> None:
    deal = set_to(world, world.deal(), "turnkey")
    seat = Seat.objects.get(team=deal.team_id, role="SR")
    asked = nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    assert "power-design" in lacking(deal)
    accept_seat(by=world.by("engineer"), membership=asked)
    assert "power-design" not in lacking(deal)
    world.engineer.skills.update(level=2)
    assert "power-design" in lacking(deal)


def test_what_one_unit_has_may_be_carried_by_it_and_what_is_not_covered_is_shown_all_the_same(world: World) -> None:
    deal = set_to(world, world.deal(), "energy")
    [one] = specialties.covers(deal)
    assert (one.covered, lacking(deal)) == (False, [])
    assert move_on(by=world.by("seller"), deal=deal, version=fresh(deal).version).stage.position == 2
    Deal.objects.filter(pk=deal.pk).update(unit=world.units["solutions"])
    [own] = specialties.covers(fresh(deal))
    assert (own.own, own.covered) == (True, True)


def test_a_deal_of_one_of_the_units_lacks_only_what_the_others_have(world: World) -> None:
    deal = set_to(world, world.deal(), "turnkey")
    Deal.objects.filter(pk=deal.pk).update(unit=world.units["delivery"])
    assert lacking(deal) == ["power-design"]
    Deal.objects.filter(pk=deal.pk).update(unit=world.units["company"])  # above them all: no way round
    assert lacking(deal) == ["power-design", "site-building"]


def test_a_service_that_comes_later_is_asked_at_the_stage_that_the_deal_stands_in_then(world: World) -> None:
    deal = world.deal()
    moved = move_on(by=world.by("seller"), deal=deal, version=1)
    set_to(world, moved, "turnkey")
    review = gates.review(fresh(moved))
    assert review is not None
    assert [one.line.code for one in review.unmet].count("deal.specialty_lacking") == 2


def test_where_the_policy_only_warns_the_deal_goes_on(world: World, tmp_path: Path) -> None:
    def change(parts: dict[str, Any]) -> None:
        row = {"code": "specialties-covered", "zh": "专业要有人", "en": "Covered", "setting": "warn"}
        parts["policies"]["policies"] = [row]

    put_in_force(changed_pack(tmp_path / "pack", change))
    deal = set_to(world, world.deal(), "turnkey")
    review = gates.review(fresh(deal))
    assert review is not None
    assert [(one.met, one.warns) for one in review.conditions if one.line.code == "deal.specialty_lacking"] == [(False, True)] * 2
    assert move_on(by=world.by("seller"), deal=deal, version=fresh(deal).version).stage.position == 2


# What follows from it.


def test_the_team_gets_a_seat_for_a_specialty_whose_role_the_process_has_none_for(world: World, tmp_path: Path) -> None:
    def change(parts: dict[str, Any]) -> None:
        plain(parts)
        law = {"code": "clauses", "zh": "条款", "en": "Clauses", "role": "LEG", "units": ["operations"]}
        parts["support"]["specialties"].append(law)
        parts["support"]["services"].append({"code": "lease", "zh": "租赁", "en": "Leasing", "specialties": ["clauses", "site-building"]})

    put_in_force(changed_pack(tmp_path / "pack", change))
    by = world.by("seller")
    opened = open_deal(by=by, title="租赁", account=world.accounts["sudatel"], owner=world.seller, services=["lease"], **AIM)
    assert "LEG" in {row.seat.role for row in seats_of(opened.team_id)}
    later = open_deal(by=by, title="另一个", account=world.accounts["sudatel"], owner=world.seller, **AIM)
    set_to(world, later, "lease")
    missing = seats.missing(fresh(later), [row.seat for row in seats_of(later.team_id)])
    assert [row.role.code for row in missing] == ["LEG"]
    add_missing_seats(by=by, deal=fresh(later))
    assert not seats.missing(fresh(later), [row.seat for row in seats_of(later.team_id)])


def test_conditions_may_ask_for_types_of_service_and_specialties(world: World) -> None:
    deal = set_to(world, world.deal(), "turnkey")
    assert judged(deal, "'turnkey' in deal.services && size(deal.services) == 1").met is True
    assert judged(deal, "'energy' in deal.services").met is False
    assert judged(deal, "'site-building' in deal.specialties && 'power-design' in team.lacking").met is True


def test_seats_gates_and_calls_may_depend_on_them(world: World, tmp_path: Path) -> None:
    def change(parts: dict[str, Any]) -> None:
        plain(parts)
        seat = {"code": "seat-LEG", "role": "LEG", "zh": "法务", "en": "Legal", "when": "'turnkey' in deal.services"}
        parts["process"]["seats"].append(seat)
        first = parts["process"]["stages"][0]["code"]
        parts["support"]["none_needed"] = [row for row in parts["support"]["none_needed"] if row["stage"] != first]
        call = {"code": "first", "stage": first, "support": "deliverability", "zh": "总包", "en": "x", "when": "'turnkey' in deal.services"}
        parts["support"]["triggers"].append(call)

    put_in_force(changed_pack(tmp_path / "pack", change))
    deal = open_deal(by=world.by("seller"), title="x", account=world.accounts["sudatel"], owner=world.seller, **AIM)
    assert not deal.calls.exists()
    set_to(world, deal, "turnkey")
    assert [call.support_code for call in deal.calls.all()] == ["deliverability"]
    assert [row.code for row in seats.missing(fresh(deal), [row.seat for row in seats_of(deal.team_id)])] == ["seat-LEG"]


def test_a_condition_that_names_a_type_that_there_is_not_is_found_by_the_check(world: World, tmp_path: Path) -> None:
    def change(parts: dict[str, Any]) -> None:
        parts["process"]["gates"][0]["conditions"] = [{"code": "c", "zh": "c", "en": "c", "needs": "'turnkye' in deal.services"}]
        parts["support"]["services"][0]["specialties"] = ["power-desing"]
        parts["support"]["specialties"][0]["units"] = ["solution"]

    found = packs.check(Sources.of_folder(changed_pack(tmp_path / "pack", change)), known())
    assert [(one.file, one.place, "did you mean" in spoken(one.sentence)) for one in found] == [
        ("process.yaml", found[0].place, True),
        ("support.yaml", "services/energy/specialties/0", True),
        ("support.yaml", "specialties/power-design/units/0", True),
    ]
    assert found[0].place.endswith("/conditions/c/needs")


def test_a_type_that_open_deals_carry_stays_in_the_table(world: World, tmp_path: Path) -> None:
    set_to(world, world.deal(), "installing")

    def change(parts: dict[str, Any]) -> None:
        parts["support"]["services"] = [row for row in parts["support"]["services"] if row["code"] != "installing"]

    with pytest.raises(Refusal) as refused:
        put_in_force(changed_pack(tmp_path / "pack", change))
    assert "“installing”" in said(refused.value)


def test_operations_add_a_type_and_it_can_be_chosen_at_once(world: World, tmp_path: Path) -> None:
    def change(parts: dict[str, Any]) -> None:
        parts["support"]["services"].append({"code": "satellite", "zh": "卫星回传", "en": "Satellite", "specialties": ["power-design"]})

    put_in_force(changed_pack(tmp_path / "pack", change))
    assert set_to(world, world.deal(), "satellite").service_codes == ["satellite"]


def test_votes_lapse_where_the_services_are_others(world: World, tmp_path: Path) -> None:
    def change(parts: dict[str, Any]) -> None:
        plain(parts)
        parts["process"]["gates"][0]["stage"] = parts["process"]["stages"][0]["code"]

    put_in_force(changed_pack(tmp_path / "pack", change))
    deal = open_deal(by=world.by("seller"), title="x", account=world.accounts["sudatel"], owner=world.seller, **AIM)
    gate = gates.gate_of(deal)
    assert gate is not None
    vote(by=world.by("head"), deal=deal, approves=False, reason="not yet")
    set_to(world, deal, "turnkey")
    assert not Vote.objects.filter(visit__deal=deal, replaced_at__isnull=True).exists()


# Doors.


def test_an_import_brings_them_and_what_it_does_not_know_is_told(world: World, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA, tmp_path / "files"))
    table = folder / "sales_pipeline.csv"
    head, *lines = table.read_text(encoding="latin-1").splitlines()[:3]
    cells = ["站点总包、能源", "能源；卫星"]
    rows = [f"{head},service", *(f"{line},{cell}" for line, cell in zip(lines, cells, strict=True))]
    table.write_text("\n".join(rows), encoding="utf-8")
    said_of = yaml.safe_load((folder / "crm.yaml").read_text())
    said_of["deals"]["columns"]["service"] = "services"

    def bring(known_words: dict[str, str]) -> None:
        (folder / "crm.yaml").write_text(yaml.safe_dump(said_of | {"services": known_words}, allow_unicode=True))
        map_, taken = actions.look(folder, folder / "crm.yaml", ordered_by=None)
        actions.take_in(map_, taken, ordered_by=None)

    with pytest.raises(Refusal) as refused:
        bring({"能源": "enrgy"})
    assert "did you mean “energy”?" in said(refused.value)
    bring({"站点总包": "turnkey", "能源": "energy"})
    deals = {deal.outside_id: deal for deal in Deal.objects.filter(outside_id__startswith="small-crm:")}
    assert deals["small-crm:OP-001"].service_codes == ["energy", "turnkey"]
    assert deals["small-crm:OP-002"].service_codes == ["energy"]
    found = Finding.objects.get(code="service.unknown")
    assert (found.value, found.brought_in) == ("卫星", True)
    brought = deals["small-crm:OP-002"]
    set_services(by=as_person(brought.owner), deal=brought, version=1, services=["turnkey"])
    assert lacking(brought) == ["power-design", "site-building"]


def test_by_the_api_types_are_listed_given_at_opening_and_set(world: World) -> None:
    caller = Caller(world.seller)
    assert [row["code"] for row in caller.get("/service-types").data] == ["energy", "turnkey", "installing"]
    made = caller.post("/deals", {"title": "两类", "account": str(world.accounts["sudatel"].pk), "services": ["turnkey"], **AIM})
    assert (made.status, [row["code"] for row in made["services"]]) == (201, ["turnkey"])
    shown = caller.get(f"/deals/{made['id']}/services")
    assert [(row["code"], row["lacking"], row["units"][0]["name"]) for row in shown["specialties"]] == [
        ("power-design", True, world.units["solutions"].name),
        ("site-building", True, world.units["delivery"].name),
    ]
    tried = caller.post(f"/deals/{made['id']}/moves", {}, if_match='"1"')
    assert (tried.status, [line["code"] for line in tried["lines"]].count("deal.specialty_lacking")) == (409, 2)
    changed = caller("PUT", f"/deals/{made['id']}/services", {"services": ["energy"]}, if_match='"1"')
    assert (changed.status, [row["code"] for row in changed["services"]]) == (200, ["energy"])
    assert caller("PUT", f"/deals/{made['id']}/services", {"services": ["turnkye"]}, if_match='"2"').status == 422
    assert Caller(world.stranger).get(f"/deals/{made['id']}/services").status == 404


def test_by_the_command_line(world: World) -> None:
    deal = world.deal()

    def run(*words: str) -> str:
        result = CliRunner().invoke(earshot, ["deals", "services", deal.number, *words, "--as", world.seller.name])
        assert result.exit_code == 0, result.output
        return result.output

    shown = run("--type", "turnkey", "--type", "energy")
    assert "turnkey" in shown
    assert world.units["delivery"].name in shown
    assert "turnkey" not in run("--none")


def test_by_the_page_they_are_chosen_and_what_is_not_covered_stands_there(world: World) -> None:
    client = Client()
    client.force_login(world.seller.login)
    deal = world.deal()
    assert client.post(f"/deals/{deal.pk}/", {"act": "services", "version": "1", "services": ["turnkey", "energy"]}).status_code == 302
    assert fresh(deal).service_codes == ["energy", "turnkey"]
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "站点建设" in page
    assert world.units["delivery"].name in page


def test_the_deal_s_page_asks_two_statements_more_and_none_where_nothing_is_carried(world: World) -> None:
    deal = fresh(world.deal())
    with CaptureQueriesContext(connection) as none:
        specialties.covers(deal)
    assert len(none) == 0
    deal = set_to(world, deal, "installing")
    with CaptureQueriesContext(connection) as asked:
        specialties.covers(deal)
    assert len([one for one in asked if "playbooks_" not in one["sql"]]) == 2
