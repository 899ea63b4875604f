"""Editing as tables: a page, the API and the command line write the same line, findings stand beside their cell, and undo takes back."""

from __future__ import annotations

import html
import re
from difflib import ndiff
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.clocks.models import Clock
from earshot.deals.models import Deal
from earshot.desk.queries import my_day
from earshot.journal.actors import process
from earshot.kit.problems import Refusal
from earshot.people.models import Person
from earshot.playbooks import editing, parts, rules
from earshot.playbooks.actions import (
    add_row,
    adopt_pack,
    approve,
    ask_approval,
    move_row,
    open_revision,
    remove_row,
    set_cells,
    undo,
    write_part,
)
from earshot.playbooks.models import PARTS, Edit, PartVersion, Revision
from earshot.playbooks.parts import meaning
from earshot.playbooks.queries import sources
from earshot.playbooks.registry import IMPACTS, POLICIES
from earshot.playbooks.sources import PACKS, Sources
from earshot.playbooks.tables import ABSENT, is_table, read
from pages import Visitor
from worlds import World, spoken

pytestmark = pytest.mark.django_db
SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").in_profile("standard").texts
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
        row = next((row for table in known.tables.values() for row in table.rows), None)
        if row is None:  # the profile says it all
            continue
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


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_a_cell_names_is_chosen_by_what_it_is_called(world: World, language: str):
    """Policies, skills, roles, units, stages, categories, supports, levels, what a row waits for: never typed by their codes."""
    named = {}
    draft = opened(world, *PARTS)
    visitor = Visitor("operations", language)
    for part, one in parts.BY_NAME.items():
        for table, form in one.schema["properties"].items():
            if not is_table(form):
                continue
            fields = visitor.get(f"{page(draft, part)}?add={table}").html
            for name, of in form["items"]["properties"].items():
                means = meaning.column(part, table, name)
                if means is not None and means.names and means.names != meaning.CHECKS and not is_table(of):
                    kinds = re.findall(rf'<(select|input type="checkbox")[^>]*name="c\.{name}"', fields)
                    assert kinds, (part, table, name)
                    named[means.names] = fields
    assert set(named) >= {meaning.POLICIES, meaning.SKILLS, meaning.UNITS, "process/roles", "process/stages", "hearing/categories"}
    assert spoken(POLICIES["one-seat-each"].means, language) in html.unescape(named[meaning.POLICIES])
    skill = next(iter(editing.choices(meaning.SKILLS, editing.draft(draft, "support").said)))
    assert f'value="{skill[0]}"' in named[meaning.SKILLS]


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
    # A list of names, and rows of rooms that are not built yet, touch nobody.
    assert lacking == ["support/skills", "support/emergency_groups", "measures/measures"]


def test_page_api_and_command_line_write_the_same_text(world: World):
    """One after the other in the same revision, each undone, so that each begins with the same text."""
    revision, client, by = opened(world, "service_levels"), signed_in(world), world.by("operations")
    address, said = page(revision, "service_levels"), {}
    sent(client, address, **form_of(client, address, "levels/hear") | {"c.minutes": "300"})
    said["page"] = text(revision, "service_levels")
    undo(by=by, revision=revision, part="service_levels")
    caller = Caller(world.operations)
    part = f"/playbook/revisions/{revision.pk}/parts/service_levels"
    tag = caller("GET", part).etag
    answer = caller("PATCH", f"{part}/cells", {"cells": {"levels/hear/minutes": 300}}, if_match=tag)
    assert (answer.status, answer["text"]) == (200, said["page"])
    undo(by=by, revision=revision, part="service_levels")
    run(world, "set", str(revision.number), "service_levels", "levels/hear/minutes", "300")
    assert text(revision, "service_levels") == said["page"]
    assert len(differing(SHIPPED["service_levels"], said["page"])) == 2


def run(world: World, *words: str) -> None:
    done = CliRunner().invoke(earshot, ["playbook", *words, "--as", world.operations.name])
    assert done.exit_code == 0, done.output


def test_a_row_is_added_and_removed_alike_by_every_door(world: World):
    revision, client, by = opened(world, "hearing"), signed_in(world), world.by("operations")
    values = {"code": "site-SR", "category": "site", "role": "SR", "service_level": "hear", "zh": "站点：方案也听", "en": "Site: # too"}
    address, said = page(revision, "hearing"), []
    shown = client.get(address, {"add": "hearers"})
    hidden = next(table["open"]["hidden"] for table in shown.context["tables"] if table["open"])
    assert sent(client, address, **hidden, after="site-FR", **{f"c.{name}": value for name, value in values.items()}).status_code == 302
    said.append(text(revision, "hearing"))
    undo(by=by, revision=revision, part="hearing")
    caller, part = Caller(world.operations), f"/playbook/revisions/{revision.pk}/parts/hearing"
    added = caller("POST", f"{part}/rows", {"table": "hearers", "values": values, "after": "site-FR"}, if_match=caller("GET", part).etag)
    assert added.status == 201, added.data
    said.append(added["text"])
    touched = caller("GET", f"{part}/impacts")["items"]
    assert [one["row"] for one in touched] == ["hearers/site-SR"]
    gone = caller("DELETE", f"{part}/rows?table=hearers&code=site-SR", if_match=added.etag)
    assert (gone.status, gone["text"]) == (200, SHIPPED["hearing"])
    cells = [f"{name}={value}" for name, value in values.items()]
    run(world, "add-row", str(revision.number), "hearing", "hearers", *cells, "--after", "site-FR")
    said.append(text(revision, "hearing"))
    run(world, "remove-row", str(revision.number), "hearing", "hearers", "site-SR")
    assert text(revision, "hearing") == SHIPPED["hearing"]
    assert len(set(said)) == 1, said
    assert len(differing(SHIPPED["hearing"], said[0])) == 1


def test_a_row_is_moved_alike_by_every_door(world: World):
    revision, by = opened(world, "hearing"), world.by("operations")
    codes = [row["code"] for row in yaml.safe_load(SHIPPED["hearing"])["hearers"]]
    moved = [codes[1], codes[0], *codes[2:]]
    said = []

    def order() -> list[str]:
        said.append(text(revision, "hearing"))
        assert sorted(said[-1].splitlines()) == sorted(SHIPPED["hearing"].splitlines())
        return [row["code"] for row in yaml.safe_load(said[-1])["hearers"]]

    operations = Visitor("operations", "en")
    row = operations.get(f"{page(revision, 'hearing')}?row=hearers/{codes[1]}")
    shown = operations.submit(row.form("move", after=""), row.url)
    assert order() == moved
    assert {one.values["after"][0] for one in shown.forms if one.act == "move"} == {codes[0]}  # it stands first now
    undo(by=by, revision=revision, part="hearing")
    caller, part = Caller(world.operations), f"/playbook/revisions/{revision.pk}/parts/hearing"
    body = {"table": "hearers", "code": codes[0], "after": codes[1]}
    assert caller("POST", f"{part}/rows/moved", body, if_match=caller("GET", part).etag).status == 200
    assert order() == moved
    undo(by=by, revision=revision, part="hearing")
    run(world, "move-row", str(revision.number), "hearing", "hearers", codes[1], "--after", "")
    assert order() == moved
    assert len(set(said)) == 1
    before = Edit.objects.count()
    move_row(by=by, revision=revision, part="hearing", table="hearers", code=codes[1], after="")
    assert Edit.objects.count() == before  # it stands there already
    with pytest.raises(Refusal) as refused:
        move_row(by=by, revision=revision, part="hearing", table="hearers", code=codes[1], after="nobody")
    assert set(refused.value.fields) == {"after"}


def test_the_api_refuses_a_stale_cell_with_what_changed(world: World):
    revision = opened(world, "hearing")
    caller, part = Caller(world.operations), f"/playbook/revisions/{revision.pk}/parts/hearing"
    tag = caller("GET", part).etag
    set_cells(by=world.by("operations"), revision=revision, part="hearing", cells={"categories/site/en": "The site"})
    answer = caller("PATCH", f"{part}/cells", {"cells": {"categories/terms/en": "Terms"}}, if_match=tag)
    assert answer.status == 412
    assert "The site" in " ".join(answer.lines)


def impact_of(world: World, part: str, place: str, value: Any) -> Any:
    revision = opened(world, part)
    set_cells(by=world.by("operations"), revision=revision, part=part, cells={place: value})
    draft = editing.draft(revision, part)
    found = editing.impacts(editing.changed_rows(draft))
    assert list(found) == ["/".join(place.split("/")[:2])]
    return next(iter(found.values()))


@pytest.mark.req("B28.1b")
def test_a_hearer_row_says_how_many_open_deals_and_who_holds_the_role(world: World):
    world.deal()
    impact = impact_of(world, "hearing", "hearers/site-FR/service_level", "hear-critical")
    assert impact.deals == Deal.objects.filter(closing__isnull=True).count()
    assert impact.people == [world.delivery.name]


def test_a_trigger_row_says_who_is_before_the_stage_and_whom_it_calls(world: World):
    deal = world.deal()
    impact = impact_of(world, "support", "triggers/MO1-SR/support", "solution")
    assert impact.deals == Deal.objects.filter(closing__isnull=True).count()
    assert set(impact.people) == {one.name for one in Person.objects.filter(unit__code="solutions", left_at__isnull=True)}
    assert deal.stage.code == "ML"


def test_a_limit_says_which_rows_start_clocks_and_how_many_run(world: World):
    deal = world.deal()
    world.words(deal, words=[("站点要三相电", "site")])
    impact = impact_of(world, "service_levels", "levels/hear/minutes", 400)
    said = " ".join(map(str, impact.sentences))
    assert "站点条件：交付听" in said or "Site conditions: delivery hears" in said
    assert str(Clock.objects.filter(stopped_at__isnull=True, service_level__endswith="/hear").count()) in said


def test_a_stage_touches_no_deal_that_is_open(world: World):
    world.deal()
    impact = impact_of(world, "process", "stages/MO1/en", "Validate")
    assert (impact.deals, list(impact.people)) == (0, [])
    assert str(Deal.objects.filter(closing__isnull=True).count()) in str(impact.sentences[0])


def test_a_policy_says_on_how_many_deals_somebody_has_still_to_hear(world: World):
    deal = world.deal()
    world.words(deal, words=[("站点要三相电", "site")])
    revision = opened(world, "policies")
    row = {"code": "hearing-before-gate", "zh": "先提醒", "en": "for now", "setting": "warn"}
    add_row(by=world.by("operations"), revision=revision, part="policies", table="policies", values=row)
    [impact] = editing.impacts(editing.changed_rows(editing.draft(revision, "policies"))).values()
    assert (impact.deals, list(impact.people)) == (1, [world.delivery.name])


def test_whom_a_change_touches_is_asked_in_a_number_of_statements_that_does_not_grow(world: World):
    revision = opened(world)

    def asked(rows: int) -> int:
        cells = {f"{row.place}/zh": f"改 {rows}" for table in known.tables.values() for row in list(table.rows)[:rows]}
        set_cells(by=world.by("operations"), revision=revision, part=part, cells=cells, place="rows")
        changed = editing.changed_rows(editing.draft(revision, part))
        with CaptureQueriesContext(connection) as counted:
            editing.impacts(changed)
        return len(counted)

    for part in ("hearing", "support", "service_levels"):
        known = read(SHIPPED[part], parts.BY_NAME[part].schema)
        few = max(asked(4), asked(5))  # the versions of the process are read once
        assert asked(100) <= few <= 14


def test_a_row_with_a_table_of_its_own_begins_with_an_empty_one_and_takes_its_rows_one_by_one(world: World):
    by = world.by("operations")
    revision = opened(world, "service_levels")

    level = {"code": "two-hours", "zh": "2 个工时", "en": "Two working hours", "measure": "working", "minutes": 120}
    add_row(by=by, revision=revision, part="service_levels", table="levels", values=level)
    assert text(revision, "service_levels").endswith("    minutes: 120\n    ladder: []\n")
    for rung in ({"name": "head", "addressee": "unit_head", "share": 100}, {"name": "late", "addressee": "operations", "share": 150}):
        add_row(by=by, revision=revision, part="service_levels", table="levels/two-hours/ladder", values=rung)
    assert editing.draft(revision, "service_levels").findings == []
    rungs = ("{name: head, addressee: unit_head, share: 100}", "{name: late, addressee: operations, share: 150}")
    assert text(revision, "service_levels").endswith("    ladder:\n" + "".join(f"      - {rung}\n" for rung in rungs))


NEW_FIELD = {
    "code": "backup-hours",
    "template": "situation",
    "unit": "solutions",
    "kind": "text",
    "zh": "要撑多久",
    "en": "Hours without the grid",
    **{f"{what}_{language}": "多久？" for what in ("reason", "help", "ask", "example") for language in ("zh", "en")},
}


def owned(world: World) -> None:
    """The heads of the units approve what changes in their rows."""
    text = "approved_by: owners\n" + sources().texts["templates"]
    adopt_pack(by=process("tests"), sources=Sources("owned", dict(sources().texts) | {"templates": text}), reason="各管各的")


@pytest.mark.req("B21.2b", breaks="earshot.playbooks.rules.may_draft")
def test_who_heads_a_unit_drafts_its_rows_on_the_page_and_approves_them(world: World):
    owned(world)
    head = Visitor("engineer_head", "en")
    playbook = head.get("/playbook/?change=1")
    opening = playbook.form("open")
    assert "templates" in playbook.html
    shown = head.submit(opening, playbook.url, reason="问清楚后备时间", parts=["templates"])
    revision = Revision.objects.latest("number")
    assert (revision.opened_by, shown.status) == (world.engineer_head, 200)
    address = page(revision, "templates")
    draft = head.get(address)
    assert "You change the rows of your own units here" in draft.text
    # Her own rows open in their place; those of the delivery unit are read.
    assert "row=fields%2Fown-aim" in draft.html
    assert "row=templates%2Fsite-survey" not in draft.html
    assert "cells" not in head.get(f"{address}?row=templates/site-survey").acts
    row = head.get(f"{address}?row=fields/own-aim")
    form = row.form("cells")
    units = re.search(r'<select[^>]*name="c.unit".*?</select>', row.html, re.DOTALL)
    assert units
    assert ("solutions" in units[0], "delivery" in units[0]) == (True, False)
    written = head.submit(form, row.url, **{"c.en": "The customer's own goal"})
    assert written.status == 200
    assert "The customer's own goal" in text(revision, "templates")
    # What the page does not offer, the verb refuses: another unit's row, giving a row away, the order, the setting at the top.
    for place, value in (("templates/site-survey/en", "Sites"), ("fields/own-aim/unit", "delivery"), ("approved_by", "operations")):
        before = text(revision, "templates")
        with pytest.raises(Refusal) as refused:
            set_cells(by=world.by("engineer_head"), revision=revision, part="templates", cells={place: value})
        assert (refused.value.code, text(revision, "templates")) == ("playbook.not_yours", before)
    with pytest.raises(Refusal):
        move_row(by=world.by("engineer_head"), revision=revision, part="templates", table="fields", code="own-aim", after=None)
    ready = head.get(f"/playbook/revisions/{revision.pk}/")
    done = head.submit(ready.form("approve"), ready.url)
    assert "in force" in done.text
    assert "The customer's own goal" in sources().texts["templates"]
    assert [one.person for one in PartVersion.objects.get(part="templates", state="in_force").approvals.all()] == [world.engineer_head]


@pytest.mark.req("B21.2b")
def test_the_same_by_api_and_command_line_and_a_row_of_two_units_waits_for_both_heads(world: World):
    owned(world)
    caller = Caller(world.engineer_head)
    made = caller.post("/playbook/revisions", {"reason": "多问一句", "parts": ["templates"]})
    assert made.status == 201, made.data
    part = f"/playbook/revisions/{made['id']}/parts/templates"
    added = caller("POST", f"{part}/rows", {"table": "fields", "values": NEW_FIELD}, if_match=caller("GET", part).etag)
    assert added.status == 201, added.data
    refused = caller("PATCH", f"{part}/cells", {"cells": {"templates/order/en": "Orders"}}, if_match=added.etag)
    assert (refused.status, refused["code"]) == (403, "playbook.not_yours")
    revision = Revision.objects.get(pk=made["id"])
    words = ["set", str(revision.number), "templates", "fields/backup-hours/en", "Hours of backup", "--as", world.engineer_head.name]
    done = CliRunner().invoke(earshot, ["playbook", *words])
    assert done.exit_code == 0, done.output
    words[3:5] = ["templates/order/en", "Orders"]
    assert CliRunner().invoke(earshot, ["playbook", *words]).exit_code != 0
    # Sales operations change a row of the other unit in the same draft: now both heads approve, each of them for the one text.
    set_cells(by=world.by("operations"), revision=revision, part="templates", cells={"templates/order/en": "Orders"})
    ask_approval(by=world.by("engineer_head"), revision=revision)
    assert [key for key in ("engineer_head", "delivery_head", "operations") if waits(world, key)] == ["engineer_head", "delivery_head"]
    approve(by=world.by("engineer_head"), revision=revision)
    assert "Hours of backup" not in sources().texts["templates"]
    approve(by=world.by("delivery_head"), revision=revision)
    assert "Hours of backup" in sources().texts["templates"]


def waits(world: World, key: str) -> bool:
    return any(line.cause == "approval_asked" for line in my_day(world.people[key]))


# What a person in a hurry typed, and what was said of it.


def shown(world: World, revision: Revision, part: str) -> Any:
    return Visitor("operations", "en").get(page(revision, part))


def test_a_row_that_lacks_what_every_row_has_is_not_added_and_each_field_says_so(world: World):
    revision = opened(world, "hearing")
    before = text(revision, "hearing")
    visitor = Visitor("operations", "en")
    address = f"{page(revision, 'hearing')}?add=hearers"
    asked = visitor.get(address)
    nothing = {"c.category": "", "c.role": "", "c.service_level": ""}
    refused = visitor.submit(asked.form("add"), address, **nothing)
    assert refused.status == 422
    assert (refused.text.count("Please choose."), refused.text.count("Please fill this in.")) == (3, 3)
    assert text(revision, "hearing") == before


def test_words_of_one_language_stand_in_both_until_somebody_words_the_other(world: World):
    revision = opened(world, "hearing")
    row = {"code": "power", "zh": "供电"}
    add_row(by=world.by("operations"), revision=revision, part="hearing", table="categories", values=row)
    written = yaml.safe_load(text(revision, "hearing"))["categories"][-1]
    assert (written["zh"], written["en"]) == ("供电", "供电")


def test_a_code_that_stands_already_is_said_beside_the_row_that_repeats_it(world: World):
    revision = opened(world, "hearing")
    rows = yaml.safe_load(text(revision, "hearing"))["hearers"]
    add_row(by=world.by("operations"), revision=revision, part="hearing", table="hearers", values=rows[0])
    draft = editing.draft(revision, "hearing")
    found = editing.findings_by_place(draft, draft.tables())
    assert spoken(found.at[f"hearers/{len(rows)}"][0]).startswith("the code stands twice in this table")
    assert f"hearers/{rows[0]['code']}" not in found.at


def test_what_a_revision_changes_is_said_in_words_and_the_lines_of_the_file_stand_behind_them(world: World):
    revision = opened(world, "service_levels", "hearing")
    by = world.by("operations")
    set_cells(by=by, revision=revision, part="service_levels", cells={LIMIT: 120})
    remove_row(by=by, revision=revision, part="hearing", table="hearers", code="people-AR")
    for at in (f"/playbook/revisions/{revision.pk}/", page(revision, "service_levels")):
        seen = Visitor("operations", "en").get(at).text
        assert re.search(r"Limit ?: ?\d+ minutes → ?120 minutes", seen), seen
        assert "minutes: 120" in seen
    assert " · Limit" in Visitor("operations", "en").get(page(revision, "service_levels")).text  # the last edit, in words
    whole = Visitor("operations", "en").get(f"/playbook/revisions/{revision.pk}/").text
    assert re.search(r"People: the account side hears +goes", whole), whole


def test_only_another_way_of_writing_is_no_change_of_what_it_says(world: World):
    revision = opened(world, "service_levels")
    before = text(revision, "service_levels")
    new = before.replace("minutes: ", "minutes:  ", 1)
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=new)
    assert "Only the writing of the file differs" in shown(world, revision, "service_levels").text


def test_undo_says_what_it_took_back(world: World):
    revision = opened(world, "service_levels")
    set_cells(by=world.by("operations"), revision=revision, part="service_levels", cells={LIMIT: 120})
    visitor = Visitor("operations", "en")
    address = page(revision, "service_levels")
    assert "Taken back: " in visitor.submit(visitor.get(address).form("undo"), address).text


def test_whoever_approves_keeps_the_page_that_was_read_and_a_text_of_since_is_refused(world: World):
    revision = opened(world, "service_levels")
    by = world.by("operations")
    set_cells(by=by, revision=revision, part="service_levels", cells={LIMIT: 700})
    visitor = Visitor("operations", "en")
    address = f"/playbook/revisions/{revision.pk}/"
    seen = visitor.get(address)
    assert 'data-live-keep="approve"' in seen.html
    set_cells(by=by, revision=revision, part="service_levels", cells={LIMIT: 100})
    assert visitor.submit(seen.form("approve"), address).status in (409, 412)
    assert PartVersion.objects.get(revision=revision, part="service_levels").state == "draft"
