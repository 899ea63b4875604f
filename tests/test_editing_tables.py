"""Editing as tables: a page, the API and the command line write the same line, findings stand beside their cell, and undo takes back."""

from __future__ import annotations

from difflib import ndiff
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from earshot.kit.problems import Refusal
from earshot.playbooks import editing, parts, rules
from earshot.playbooks.actions import add_row, approve, open_revision, remove_row, set_cells, undo
from earshot.playbooks.models import PARTS, Edit, PartVersion, Revision
from earshot.playbooks.parts import meaning
from earshot.playbooks.queries import sources
from earshot.playbooks.registry import IMPACTS
from earshot.playbooks.sources import PACKS, Sources
from earshot.playbooks.tables import ABSENT, is_table, read
from worlds import World

pytestmark = pytest.mark.django_db
SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").texts
LIMIT = "levels/hear-critical/minutes"


def opened(world: World, *parts: str) -> Revision:
    return open_revision(by=world.by("operations"), reason="客户催得紧", parts=parts)


def text(revision: Revision, part: str) -> str:
    return PartVersion.objects.get(revision=revision, part=part).source


def differing(before: str, after: str) -> list[str]:
    return [line for line in ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def signed_in(world: World, key: str = "operations") -> Client:
    client = Client()
    client.force_login(world.login(key))
    return client


def page(revision: Revision, part: str) -> str:
    return reverse("revision_part", kwargs={"id": revision.pk, "part": part})


def sent(client: Client, address: str, **values: Any) -> Any:
    return client.post(address, values)


def form_of(client: Client, address: str, place: str) -> dict[str, Any]:
    """What the browser would send of the form of an open row."""
    shown = client.get(address, {"row": place})
    found = next(
        found
        for table in shown.context["tables"]
        for found in [table["open"], *(inner["open"] for inner in (table["open"] or {}).get("inner", []))]
        if found and not found.get("inside")
    )
    fields = {
        one["name"]: one["value"] if not isinstance(one["value"], bool) else "1"
        for one in found["fields"]
        if one["value"] is not False and one["value"] != []
    }
    return found["hidden"] | fields


@pytest.mark.req("B28.1b")
def test_one_cell_edited_on_the_page_is_one_line_of_the_pack(world: World):
    revision, client = opened(world), signed_in(world)
    address = page(revision, "service_levels")
    answer = sent(client, address, **form_of(client, address, "levels/hear-critical") | {"c.minutes": "180"})
    assert answer.status_code == 302, answer.content.decode()
    approve(by=world.by("operations"), revision=revision)
    exported = sources().texts
    assert differing(SHIPPED["service_levels"], exported["service_levels"]) == ["-     minutes: 240", "+     minutes: 180"]
    assert {part: exported[part] for part in PARTS if part != "service_levels"} == {p: SHIPPED[p] for p in PARTS if p != "service_levels"}


def test_each_cell_of_the_shipped_pack_is_edited_and_undone_to_the_byte(world: World):
    revision = opened(world, *PARTS)
    for part in PARTS:
        known = read(SHIPPED[part], parts.BY_NAME[part].schema)
        row = next(iter(known.tables.values())).rows[0]
        set_cells(by=world.by("operations"), revision=revision, part=part, cells={f"{row.place}/zh": "另一句话：#1"})
        assert len(differing(SHIPPED[part], text(revision, part))) == 2
        undo(by=world.by("operations"), revision=revision, part=part)
        assert text(revision, part) == SHIPPED[part]


def test_a_form_that_is_sent_as_it_was_opened_changes_nothing(world: World):
    revision, client = opened(world, *PARTS), signed_in(world)
    for part in PARTS:
        for table in read(SHIPPED[part], parts.BY_NAME[part].schema).tables.values():
            for row in table.rows[:3]:
                assert sent(client, page(revision, part), **form_of(client, page(revision, part), row.place)).status_code == 302
        assert text(revision, part) == SHIPPED[part]
    assert not Edit.objects.filter(version__revision=revision, number__gt=0).exists()


def test_a_finding_stands_beside_its_cell_and_goes_when_it_is_mended(world: World):
    revision, client = opened(world), signed_in(world)
    add_row(
        by=world.by("operations"),
        revision=revision,
        part="hearing",
        table="hearers",
        values={"code": "site-SR", "category": "sit", "role": "SR", "service_level": "hear", "zh": "站点", "en": "Site"},
        after="site-FR",
    )
    draft = editing.draft(revision, "hearing")
    found = editing.findings_by_place(draft, draft.tables())
    assert list(found.at) == ["hearers/site-SR/category"]
    said = str(found.at["hearers/site-SR/category"][0])
    shown = client.get(page(revision, "hearing")).content.decode()
    assert said in shown.replace('<bdi translate="no" lang="">', "").replace("</bdi>", "")
    set_cells(by=world.by("operations"), revision=revision, part="hearing", cells={"hearers/site-SR/category": "site"})
    assert not editing.draft(revision, "hearing").findings


def test_what_is_no_number_is_refused_beside_the_field_and_kept_as_it_was_typed(world: World):
    revision, client = opened(world), signed_in(world)
    address = page(revision, "service_levels")
    form = form_of(client, address, "levels/hear")
    answer = sent(client, address, **form | {"c.minutes": "many", "c.en": "Words heard soon"})
    assert answer.status_code == 422
    fields = {one["name"]: one for one in answer.context["tables"][0]["open"]["fields"]}
    assert (fields["c.minutes"]["value"], fields["c.en"]["value"]) == ("many", "Words heard soon")
    assert fields["c.minutes"]["error"]
    assert not PartVersion.objects.filter(revision=revision).exists(), "nothing is half written"


def test_a_page_that_somebody_else_has_overtaken_is_refused_with_what_changed(world: World):
    revision, client = opened(world), signed_in(world)
    address = page(revision, "service_levels")
    form = form_of(client, address, "levels/hear")
    set_cells(by=world.by("operations"), revision=revision, part="service_levels", cells={"levels/hear/en": "Heard in a day"})
    answer = sent(client, address, **form | {"c.minutes": "400"})
    assert answer.status_code == 412
    assert "Heard in a day" in answer.content.decode()
    opened_again = answer.context["tables"][0]["open"]
    again = opened_again["hidden"] | {one["name"]: one["value"] for one in opened_again["fields"]}
    assert again["c.minutes"] == "400"
    assert again["c.en"] == "Heard in a day", "what was not typed is what stands there now"
    assert sent(client, address, **again).status_code == 302
    assert len(differing(SHIPPED["service_levels"], text(revision, "service_levels"))) == 4


def test_an_optional_cell_is_written_and_taken_away_again(world: World):
    revision = opened(world)
    write = {"by": world.by("operations"), "revision": revision, "part": "hearing"}
    set_cells(**write, cells={"categories/site/critical": True})
    assert differing(SHIPPED["hearing"], text(revision, "hearing"))[1].endswith("delivery conditions, critical: true}")
    set_cells(**write, cells={"categories/site/critical": ABSENT})
    assert text(revision, "hearing") == SHIPPED["hearing"]


def test_a_step_of_a_ladder_is_added_changed_and_removed(world: World):
    revision = opened(world)
    write = {"by": world.by("operations"), "revision": revision, "part": "service_levels"}
    add_row(**write, table="levels/hear/ladder", values={"share": 150, "addressee": "operations", "name": "breach"})
    assert differing(SHIPPED["service_levels"], text(revision, "service_levels")) == [
        "+       - {name: breach, addressee: operations, share: 150}"
    ]
    set_cells(**write, cells={"levels/hear/ladder/2/share": 200})
    remove_row(**write, table="levels/hear/ladder", code="2")
    assert text(revision, "service_levels") == SHIPPED["service_levels"]


@pytest.mark.parametrize(
    ("place", "value"),
    [("levels/hear/minutes", "240"), ("levels/hear/minutes", True), ("levels/hear/zh", 4), ("levels/hear/ladder/0/name", ["x"])],
)
def test_a_value_of_another_kind_is_refused_by_every_door(world: World, place: str, value: Any):
    revision = opened(world)
    with pytest.raises(Refusal) as refused:
        set_cells(by=world.by("operations"), revision=revision, part="service_levels", cells={place: value})
    assert list(refused.value.fields) == [place]


@pytest.mark.parametrize(
    "place", ["levels/nothing/minutes", "nothing/hear/minutes", "levels/hear/nothing", "levels/hear", "levels", "x/y/z/a/b"]
)
def test_a_place_that_there_is_not_is_not_found(world: World, place: str):
    with pytest.raises(Refusal) as refused:
        set_cells(by=world.by("operations"), revision=opened(world), part="service_levels", cells={place: 5})
    assert refused.value.status == 404


def test_who_does_not_operate_writes_no_cell(world: World):
    revision = opened(world)
    with pytest.raises(Refusal) as refused:
        set_cells(by=world.by("seller"), revision=revision, part="service_levels", cells={LIMIT: 5})
    assert refused.value.status == 403
    assert signed_in(world, "seller").get(page(revision, "service_levels")).status_code == 404


def test_every_table_and_column_has_a_name_and_a_meaning():
    lacking = []
    for part, one in parts.BY_NAME.items():
        waiting = [("", dict(one.schema))]
        while waiting:
            place, form = waiting.pop()
            for name, of in form.get("items", form).get("properties", {}).items():
                if is_table(of):
                    here = f"{place}/0/{name}" if place else name
                    if meaning.of(part, here) is None:
                        lacking.append(f"{part} {here}")
                    waiting.append((here, of))
                elif meaning.column(part, place, name) is None:
                    lacking.append(f"{part} {place} {name}")
    assert lacking == []


def test_the_digest_that_a_page_carries_is_that_of_the_text(world: World):
    draft = editing.draft(opened(world), "hearing")
    assert (draft.text, draft.digest) == (SHIPPED["hearing"], rules.digest(SHIPPED["hearing"]))


def test_each_table_says_whom_a_change_touches():
    lacking = [
        f"{part}/{table}"
        for part in PARTS
        for table, form in parts.BY_NAME[part].schema["properties"].items()
        if is_table(form) and part not in IMPACTS and f"{part}/{table}" not in IMPACTS
    ]
    assert lacking == ["support/emergency_groups", "measures/measures"], "rows of rooms that are not built yet touch nobody"
