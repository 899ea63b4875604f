"""Rows that wait for a room that is not built yet: kept, checked for form, listed, and otherwise without effect."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import earshot
from api_caller import Caller
from earshot.cli.root import earshot as command_line
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.playbooks import book, packs, parts
from earshot.playbooks.actions import adopt_pack
from earshot.playbooks.models import MEASURES, OPTIONAL, PARTS, TEMPLATES, PartVersion
from earshot.playbooks.parts.form import TO_COME
from earshot.playbooks.parts.waiting import ROOMS
from earshot.playbooks.queries import known, not_there_yet, sources
from earshot.playbooks.sources import PACKS, Sources
from worlds import World, changed_pack, put_in_force, said, spoken

pytestmark = pytest.mark.django_db
SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").in_profile("standard")
HOUSE = Path(earshot.__file__).parent
Parts = dict[str, Any]


def tables() -> list[tuple[str, str, dict[str, Any]]]:
    found = [(part, table, form) for part, one in parts.BY_NAME.items() for table, form in one.schema["properties"].items()]
    return [(part, table, form["items"]) for part, table, form in found if form.get("type") == "array"]


def test_a_row_waits_only_for_rooms_that_are_not_built():
    """When such a room is built, it is taken from the list, and what waited for it is checked, written and read."""
    assert [room for room in TO_COME if (HOUSE / room).exists()] == []
    assert set(TO_COME) <= set(ROOMS)


def test_a_table_whose_rows_must_wait_is_read_by_nothing():
    """When its room begins to read it, its rows are checked for names and written, and need not wait any more."""
    must_wait = {table: form["properties"]["awaits"]["enum"] for _part, table, form in tables() if "awaits" in form["required"]}
    assert set(must_wait) == {"chains", "green_channels", "emergency_groups", "measures"}
    for table, rooms in must_wait.items():
        [room] = rooms
        readers = [path for path in (HOUSE / room).rglob("*.py") if f'"{table}"' in path.read_text() or f".{table}" in path.read_text()]
        assert readers == [], f"{room} reads {table}"


ADDED = {"margin-line", "signs", "small", "fire", "ship-check", "g"}  # the rows that wait, added by `with_waiting_rows`
WAITING_CALL = {"code": "ship-check", "zh": "发货前检查", "en": "Check before shipping", "awaits": "contracts"} | {
    "unit": "no-such-unit",
    "role": "no-such-role",
    "service_level": "support",
    "result_zh": "清单",
    "result_en": "A list",
}


def with_waiting_rows(parts: Parts) -> None:
    parts["support"]["catalogue"].append(WAITING_CALL)
    parts["process"]["gates"][0]["conditions"] = [
        {"code": "margin-line", "zh": "毛利够", "en": "Enough margin", "needs": "offer.margin > 0.2", "awaits": "offers"}
    ]
    parts["process"]["chains"] = [{"code": "signs", "zh": "签字的人", "en": "Who signs", "awaits": "chains"}]
    parts["process"]["mandates"] = [
        {
            "code": "small",
            "zh": "小单",
            "en": "Small deals",
            "role": "AR",
            "gate": "ATC",
            "within": "offer.margin >= 0.25",
            "awaits": "offers",
        }
    ]
    parts["process"]["green_channels"] = [
        {"code": "fire", "zh": "抢险", "en": "Emergency", "grants": "SDT", "skips": ["ATI"], "make_good_days": 5, "awaits": "deals"}
    ]
    parts["support"]["emergency_groups"] = [
        {
            "code": "g",
            "zh": "应急小组",
            "en": "Group",
            "unit": "delivery",
            "role": "FR",
            "size": 2,
            "service_level": "support",
            "awaits": "teams",
        }
    ]


def test_a_row_that_waits_is_kept_and_listed_and_has_no_effect(world: World, tmp_path: Path):
    put_in_force(changed_pack(tmp_path / "pack", with_waiting_rows))
    assert "ship-check" not in book.in_force().support.catalogue
    assert list(book.in_force().process.stages["MO1"].gate.conditions.all()) == []
    shown = Caller(world.seller).get("/playbook/pack")
    waits = {row["code"]: (row["file"], row["place"], row["awaits"]) for row in shown["not_yet"] if row["code"] in ADDED}
    assert waits == {
        "margin-line": ("process.yaml", "gates/ATI/conditions/margin-line", "offers"),
        "signs": ("process.yaml", "chains/signs", "chains"),
        "small": ("process.yaml", "mandates/small", "offers"),
        "fire": ("process.yaml", "green_channels/fire", "deals"),
        "ship-check": ("support.yaml", "catalogue/ship-check", "contracts"),
        "g": ("support.yaml", "emergency_groups/g", "teams"),
    }
    lines = sources().texts["support"].splitlines()
    [line] = [row["line"] for row in shown["not_yet"] if row["code"] == "ship-check"]
    assert "ship-check" in "".join(lines[line - 1 : line + 10])
    deal = world.moved_deal()  # and nothing of it stands at the gate
    assert "margin-line" not in str(Caller(world.seller).get(f"/deals/{deal.pk}/gate"))


def test_every_door_lists_what_waits(world: World, tmp_path: Path):
    changed_pack(tmp_path / "pack", with_waiting_rows)
    new = Sources.of_folder(tmp_path / "pack")
    told = CliRunner().invoke(command_line, ["playbook", "check", str(tmp_path / "pack")])
    assert told.exit_code == 0, told.output
    checked = Caller(world.operations).post("/playbook/pack/checks", {"name": "pack", "parts": dict(new.texts)})
    assert checked["findings"] == []
    page = Client(headers={"accept-language": "en"})
    page.force_login(world.login("operations"))
    sent = {"act": "preview", "file": SimpleUploadedFile("p.zip", new.zipped())}
    looked = unescape(page.post("/playbook/pack/", sent).content.decode())
    assert {row["code"] for row in checked["not_yet"]} >= ADDED
    for row in checked["not_yet"]:
        assert f"{row['file']}:{row['line']}" in told.output
        assert re.search(rf"{row['file']}\D{{1,8}}{row['line']}\b", looked), row  # in either language
    kept = page.get("/playbook/pack/").content.decode()
    assert "Gross margin" in kept or "毛利率" in kept  # what the pack in force keeps for later


@pytest.mark.parametrize(
    ("change", "place", "says"),
    [
        (
            lambda parts: parts["support"]["triggers"][0].update(support="ship-check"),
            "support.yaml triggers/MO1-SR/support",
            "waits for contracts",
        ),
        (
            lambda parts: parts["process"]["roles"][1].update(awaits="service"),
            "process.yaml gates/ATB/deciders",
            "the role “SR” waits for service",
        ),
        (
            lambda parts: parts["support"]["catalogue"][-1].update(awaits="contract"),
            "support.yaml catalogue/4/awaits",
            "did you mean “contracts”",
        ),
        (lambda parts: parts["support"]["catalogue"][-1].update(awaits="talk"), "support.yaml catalogue/4/awaits", "must be one of"),
        (lambda parts: parts["process"]["chains"][0].pop("awaits"), "process.yaml chains/0", "this is missing: awaits"),
        (lambda parts: parts["process"]["chains"].append({**parts["process"]["chains"][0]}), "process.yaml chains/1", "twice"),
        (lambda parts: parts["hearing"]["default"][0].update(awaits="service"), "hearing.yaml default/0", "nothing is called awaits here"),
        (
            lambda parts: parts["process"]["green_channels"][0].update(make_good_days=0),
            "process.yaml green_channels/0/make_good_days",
            "at least 1",
        ),
        (lambda parts: parts["support"]["emergency_groups"][0].update(size=4), "support.yaml emergency_groups/0/size", "at most 3"),
    ],
)
def test_nothing_in_force_names_a_row_that_waits_and_its_form_is_checked(
    tmp_path: Path, change: Callable[[Parts], Any], place: str, says: str
):
    def both(parts: Parts) -> None:
        with_waiting_rows(parts)
        change(parts)

    with pytest.raises(Refusal) as refused:
        packs.read(Sources.of_folder(changed_pack(tmp_path / "pack", both)))
    assert [line for line in refused.value.lines if place in spoken(line.sentence) and says in spoken(line.sentence)], said(refused.value)


def test_a_pack_of_before_there_were_templates_and_measures_still_holds(world: World):
    PartVersion.objects.filter(part__in=OPTIONAL).update(state="superseded", in_force_until=now())  # as if none were in force yet
    five = Sources(SHIPPED.name, {part: text for part, text in SHIPPED.texts.items() if part not in OPTIONAL})
    shown = Caller(world.seller).get("/playbook/pack")
    assert shown["parts"] == dict(five.texts)
    assert shown["not_there_yet"] == [TEMPLATES, MEASURES] == not_there_yet()
    page = Client()
    page.force_login(world.login("operations"))
    assert (
        page.get("/playbook/pack/").content.decode().count("Not there yet") + page.get("/playbook/pack/").content.decode().count("还没有")
        > 0
    )
    adopt_pack(by=world.by("operations"), sources=five, reason="五个部分")
    assert sources().texts == five.texts
    adopt_pack(by=world.by("operations"), sources=SHIPPED, reason="七个部分")
    assert sources().texts == SHIPPED.texts
    assert not_there_yet() == []
    adopt_pack(by=world.by("operations"), sources=five, reason="五个部分，其余不动")
    assert set(PartVersion.objects.filter(state="in_force").values_list("part", flat=True)) == set(PARTS)
    assert PartVersion.objects.get(part=TEMPLATES, state="in_force").number == 2


def waits(part: str, table: str, code: str, room: str = "offers", **columns: Any) -> Any:
    def change(parts: dict[str, Any]) -> None:
        next(row for row in parts[part][table] if row["code"] == code).update(awaits=room, **columns)

    return change


def second_call(**columns: Any) -> Any:
    """A further call of a stage that calls already, waiting."""

    def change(parts: dict[str, Any]) -> None:
        row = next(row for row in parts["support"]["triggers"] if row["code"] == "MO1-SR")
        other = next(one["code"] for one in parts["support"]["catalogue"] if one["code"] != row["support"])
        parts["support"]["triggers"].append(row | {"code": "second", "support": other, "awaits": "offers"} | columns)

    return change


IDLE = [
    ("process.yaml gates/ATI", [waits("process", "gates", "ATI")]),
    ("process.yaml seats/seat-FR", [waits("process", "seats", "seat-FR")]),
    ("support.yaml triggers/second", [second_call(when="deal.amount > 1.0")]),
]


@pytest.mark.parametrize(("place", "changes"), IDLE, ids=[place for place, _changes in IDLE])
@pytest.mark.req("law 4", breaks="earshot.playbooks.packs._Reader._refuse_idle_rows")
def test_a_gate_a_seat_and_a_call_that_could_be_judged_today_are_not_switched_off_by_waiting(
    world: World, tmp_path: Path, place: str, changes: list[Any]
) -> None:
    found = packs.check(Sources.of_folder(changed_pack(tmp_path, *changes)), known())
    assert [(one.file, one.place, spoken(one.sentence)) for one in found] == [
        (*place.split(" "), "nothing that it reads is missing, so it waits for nothing: leave “awaits” out, or mark the one that waits")
    ]


@pytest.mark.req("law 2", breaks="earshot.playbooks.packs._Reader._refuse_idle_rows")
def test_a_category_and_its_hearers_do_not_wait_for_one_another(world: World, tmp_path: Path) -> None:
    def both(parts: dict[str, Any]) -> None:
        new = {"code": "power", "zh": "供电", "en": "Power", "awaits": "offers"}
        parts["hearing"]["categories"].append(new)
        parts["hearing"]["hearers"].append(parts["hearing"]["hearers"][0] | new | {"code": "power-SR", "category": "power"})

    found = packs.check(Sources.of_folder(changed_pack(tmp_path, both)), known())
    assert {one.place for one in found} == {"categories/power", "hearers/power-SR"}
    assert all("so it waits for nothing" in spoken(one.sentence) for one in found)


def test_a_call_that_asks_for_what_a_later_room_knows_waits(world: World, tmp_path: Path) -> None:
    assert packs.check(Sources.of_folder(changed_pack(tmp_path, second_call(when="offer.unanswered > 0"))), known()) == []


def test_a_condition_that_asks_for_what_is_known_waits_for_nothing(world: World, tmp_path: Path):
    def idle(needs: str) -> Any:
        def change(parts: dict[str, Any]) -> None:
            row = {"code": "zz", "zh": "一", "en": "One", "needs": needs, "awaits": "offers"}
            parts["process"]["gates"][0].setdefault("conditions", []).append(row)

        return change

    found = packs.check(Sources.of_folder(changed_pack(tmp_path / "a", idle("words.unheard == 0"))), known())
    assert [spoken(one.sentence) for one in found] == [
        "it asks only for what is known already (words.unheard), so it waits for nothing: leave “awaits” out"
    ]
    assert packs.check(Sources.of_folder(changed_pack(tmp_path / "b", idle("offer.unanswered == 0 && words.unheard == 0"))), known()) == []
