"""A pack goes out as it came in, to the byte; it is checked in the same words by every door before it is put in force."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.kit.problems import Refusal
from earshot.playbooks import book, packs, parts
from earshot.playbooks.actions import adopt_pack
from earshot.playbooks.models import PARTS, PartVersion
from earshot.playbooks.queries import changes, sources, version
from earshot.playbooks.sources import PACKS, Sources, shipped
from worlds import World, changed_tables, said, snapshot, spoken

SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").in_profile("standard")
pytestmark = pytest.mark.django_db


def edited(part: str, before: str, after: str, base: Sources = SHIPPED) -> Sources:
    assert before in base.texts[part]
    return Sources(base.name, dict(base.texts) | {part: base.texts[part].replace(before, after, 1)})


def signed_in(world: World, key: str) -> Client:
    client = Client()
    client.force_login(world.login(key))
    return client


@pytest.mark.req("B28.1b")
def test_a_pack_in_a_folder_goes_out_as_it_came_in_to_the_byte(world: World, tmp_path: Path):
    done = CliRunner().invoke(earshot, ["playbook", "export", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    for part in PARTS:
        assert (tmp_path / "out" / f"{part}.yaml").read_bytes() == SHIPPED.texts[part].encode()


@pytest.mark.parametrize("wild", ["# 注释\r\n", "\ufeff", "# tail without an end"])
def test_comments_line_ends_and_marks_stay_as_they_were(world: World, tmp_path: Path, wild: str):
    before, after = (wild, "") if wild != "# tail without an end" else ("", wild)
    new = Sources("wild", dict(SHIPPED.texts) | {"policies": before + SHIPPED.texts["policies"] + after})
    new.write(tmp_path / "in")
    adopt_pack(by=world.by("operations"), sources=Sources.of_folder(tmp_path / "in"), reason="test")
    sources().write(tmp_path / "out")
    assert (tmp_path / "in" / "policies.yaml").read_bytes() == (tmp_path / "out" / "policies.yaml").read_bytes()


def test_what_one_edit_changes_is_one_line(world: World):
    new = edited("service_levels", "minutes: 240", "minutes: 180")
    [change] = changes(new)
    assert (change.row, change.zh, change.en) == (
        "hear-critical",
        "关键原话：4 个工时内听到",
        "Critical words heard within 4 working hours",
    )
    assert (change.part, [line.strip() for line in change.before], [line.strip() for line in change.after]) == (
        "service_levels",
        ["minutes: 240"],
        ["minutes: 180"],
    )
    adopt_pack(by=world.by("operations"), sources=new, reason="quicker")
    assert book.in_force().service_levels["hear-critical"].limit == 180
    assert changes(new) == []


def test_a_change_is_named_by_its_row_as_the_files_write_it(world: World):
    [change] = changes(edited("hearing", "role: FR, service_level: hear", "role: FR, service_level: hear-critical"))
    assert (change.row, change.zh, change.en) == ("site-FR", "站点条件：交付听", "Site conditions: delivery hears")
    [change] = changes(edited("hearing", "zh: 运营成本, en: Running cost,", "zh: 运营成本, en: 'Cost, running',"))
    assert (change.zh, change.en) == ("运营成本", "Cost, running")
    [change] = changes(edited("hearing", "zh: 运营成本, en: Running cost,", ""))
    assert (change.row, change.zh, change.en, str(change)) == ("running-cost", "", "", "running-cost")


def test_the_page_reads_and_checks_a_pack_no_more_often_than_the_verb_that_puts_it_in_force(world: World, monkeypatch: pytest.MonkeyPatch):
    read: list[str] = []
    whole = packs._Reader.__init__

    def reads(reader: Any, pack: Sources, known: Any) -> None:
        read.append(pack.name)
        whole(reader, pack, known)

    unzipped: list[str] = []
    of_zip = Sources.of_zip.__func__  # type: ignore[attr-defined]
    monkeypatch.setattr(packs._Reader, "__init__", reads)
    monkeypatch.setattr(Sources, "of_zip", classmethod(lambda cls, name, content: (unzipped.append(name), of_zip(cls, name, content))[1]))
    adopt_pack(by=world.by("operations"), sources=edited("service_levels", "minutes: 240", "minutes: 238"), reason="quicker")
    by_the_verb = len(read)
    assert by_the_verb
    page, new = signed_in(world, "operations"), edited("service_levels", "minutes: 240", "minutes: 239")
    content = base64.b64encode(new.zipped()).decode()
    sent = {"act": "adopt", "name": "x", "content": content, "reason": "", "version": version()}
    refused = page.post("/playbook/pack/", sent)
    assert refused.status_code == 422
    assert "关键原话：4 个工时内听到" in refused.content.decode()
    assert len(unzipped) == 1
    unzipped.clear()
    read.clear()
    done = page.post("/playbook/pack/", sent | {"reason": "quicker"})
    assert done.status_code == 302
    assert (len(unzipped), len(read)) == (1, by_the_verb)
    assert "3 工时 59 分" in page.get("/playbook/").content.decode()


WRONG_ROW = next(line for line in SHIPPED.texts["hearing"].splitlines() if "service_level: hear-critical" in line)
WRONG_ROW = WRONG_ROW.strip().replace("hear-critical", "hear-critcal")[:120]
WRONG = edited("hearing", "service_level: hear-critical", "service_level: hear-critcal")


@pytest.mark.req("B28.1b", breaks="earshot.playbooks.packs._cross_check")
def test_every_door_says_the_same_of_a_wrong_pack_and_nothing_is_put_in_force(world: World, tmp_path: Path):
    operations, page = Caller(world.operations), signed_in(world, "operations")
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        adopt_pack(by=world.by("operations"), sources=WRONG, reason="test")
    sentence = spoken(refused.value.lines[0].sentence)
    assert re.fullmatch(r"hearing.yaml hearers/running-cost-SR/service_level \(line \d+\): .*did you mean “hear-critical”\?", sentence)
    WRONG.write(tmp_path / "wrong")
    by_command = CliRunner().invoke(earshot, ["playbook", "check", str(tmp_path / "wrong")])
    assert by_command.exit_code != 0
    where = re.fullmatch(r"(\S+) (\S+) \(line (\d+)\): (.*)", sentence)
    assert where is not None
    assert f"{where[1]}:{where[3]}  {where[2]}\n    {where[4]}\n    | " in by_command.output
    assert json.loads(CliRunner().invoke(earshot, ["playbook", "check", "--json", str(tmp_path / "wrong")]).stdout)["findings"] == [
        {"file": where[1], "place": where[2], "line": int(where[3]), "sentence": where[4], "text": WRONG_ROW}
    ]
    by_api = operations.post("/playbook/pack/checks", {"name": "wrong", "parts": dict(WRONG.texts)})
    [finding] = by_api["findings"]
    assert f"{finding['file']} {finding['place']} (line {finding['line']}): {finding['sentence']}" == sentence
    shown = page.post("/playbook/pack/", {"act": "preview", "file": SimpleUploadedFile("wrong.zip", WRONG.zipped())}).content.decode()
    assert "hear-critcal" in shown
    assert "hear-critical" in shown
    body = {"name": "wrong", "parts": dict(WRONG.texts), "reason": "x"}
    assert operations("PUT", "/playbook/pack", body, if_match=operations.get("/playbook/pack").etag).status == 422
    sent = {"act": "adopt", "name": "wrong", "content": base64.b64encode(WRONG.zipped()).decode(), "reason": "x", "version": version()}
    assert page.post("/playbook/pack/", sent).status_code == 422
    assert not any(table.startswith("playbooks_") for table in changed_tables(before, snapshot()))


def test_a_pack_is_looked_at_and_put_in_force_on_the_page(world: World):
    page = signed_in(world, "operations")
    new = edited("policies", "profile: standard", "profile: strict")
    shown = page.post("/playbook/pack/", {"act": "preview", "file": SimpleUploadedFile("softer.zip", new.zipped())}).content.decode()
    assert "profile: strict" in shown
    content = re.search(r'name="content" value="([^"]+)"', shown)
    assert content is not None
    assert base64.b64decode(content[1]) == new.zipped()
    sent: dict[str, Any] = {"act": "adopt", "name": "softer", "content": content[1], "reason": "", "version": version()}
    refused = page.post("/playbook/pack/", sent)
    assert refused.status_code == 422
    assert "profile: strict" in refused.content.decode()  # what was looked at is still there
    assert page.post("/playbook/pack/", sent | {"reason": "客户要求"}).status_code == 302
    new_versions = PartVersion.objects.filter(state="in_force", number=2)
    assert list(new_versions.values_list("part", "pack", "reason")) == [("policies", "iron-triangle-ltc", "客户要求")]
    # The folder in the file names the pack, not what the file is called; the parts that say the same stay as they were.
    file = page.get("/playbook/pack/file/")
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert archive.read("iron-triangle-ltc/policies.yaml").decode() == new.texts["policies"]


def test_what_another_put_in_force_meanwhile_is_not_undone_unseen(world: World):
    page, operations = signed_in(world, "operations"), Caller(world.operations)
    seen, etag = version(), operations.get("/playbook/pack").etag
    adopt_pack(by=world.by("operations"), sources=edited("service_levels", "minutes: 240", "minutes: 180"), reason="客户催得紧")
    new = edited("policies", "profile: standard", "profile: strict")
    sent = {"act": "adopt", "name": "x", "content": base64.b64encode(new.zipped()).decode(), "reason": "x", "version": seen}
    refused = page.post("/playbook/pack/", sent)
    assert refused.status_code == 412
    shown = refused.content.decode()
    assert "客户催得紧" in shown  # who looks again sees why, and what his own pack would now undo
    assert "minutes: 180" in shown
    assert operations("PUT", "/playbook/pack", {"name": "x", "parts": dict(new.texts), "reason": "x"}, if_match=etag).status == 412
    assert book.in_force().service_levels["hear-critical"].limit == 180


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x [1]\nb: *x\n", "points from one place to another"),
        ("levels: [{code: x, zh: x, en: x, measure: working, minutes: two, ladder: []}]", "it must be a whole number, and is “two”"),
        ("levels: [{code: x, zh: x, en: x, measure: hours, minutes: 2, ladder: []}]", "it must be one of working, clock, and is “hours”"),
        ("levels: [{code: x, zh: x, en: x, minutes: 2, ladder: []}]", "this is missing: measure"),
        ("levels: [{code: x, zh: x, en: x, measure: clock, minutes: 0, ladder: []}]", "at least 1"),
        ("levels: []\nlevel: []\n", "nothing is called level here; did you mean “levels”?"),
        ("levels: []\nlevels: []\n", "“levels” stands twice here; the first is in line 1"),
        ("levels: [{code: 'a b', zh: x, en: x, measure: clock, minutes: 1, ladder: []}]", "“a b” is no code"),
        ("levels: 2026-13-45", "not YAML"),
        ("levels: \x07", "not YAML"),
        ("[" * 5000, "not YAML"),
    ],
)
def test_faults_of_form_are_said_in_words(text: str, says: str):
    found = packs.check(Sources("x", dict(SHIPPED.texts) | {"service_levels": text}))
    english = [spoken(finding.sentence) for finding in found]
    assert [one for one in english if says in one] != [], english
    assert english != [spoken(finding.sentence, "zh-hans") for finding in found]


def test_what_is_no_text_is_refused(tmp_path: Path):
    folder = tmp_path / "bytes"
    SHIPPED.write(folder)
    (folder / "policies.yaml").write_bytes(b"\xff\xfe\x00")
    found = packs.check(Sources.of_folder(folder))
    assert [(finding.file, spoken(finding.sentence)) for finding in found] == [
        ("policies.yaml", "It is not text in UTF-8: save the file again, in the encoding UTF-8.")
    ]


def bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("process.yaml", " " * 50_000_000)
    return content.getvalue()


def half() -> bytes:
    """Damaged on the way: the names are whole, the contents are not."""
    content = bytearray(SHIPPED.zipped())
    content[60:400] = b"\xff" * 340
    return bytes(content)


@pytest.mark.parametrize("content", [b"no zip", b"", bomb(), half()], ids=["text", "nothing", "a bomb", "damaged"])
def test_a_file_that_is_no_pack_is_refused_beside_the_field(world: World, content: bytes):
    with pytest.raises(Refusal) as refused:
        Sources.of_zip("x", content)
    assert "file" in refused.value.fields
    sent = {"act": "preview", "file": SimpleUploadedFile("x.zip", content)}
    assert signed_in(world, "operations").post("/playbook/pack/", sent).status_code == 422


def test_only_operations_check_and_adopt_and_everybody_reads(world: World):
    for key in ("seller", "head", "administrator"):
        caller = Caller(world.people[key])
        assert caller.get("/playbook/pack")["parts"] == dict(SHIPPED.texts)
        body: dict[str, Any] = {"name": "x", "parts": dict(SHIPPED.texts)}
        assert caller.post("/playbook/pack/checks", body).status == 403
        assert caller("PUT", "/playbook/pack", body | {"reason": "x"}, if_match=caller.get("/playbook/pack").etag).status == 403


def test_a_part_of_before_sources_were_kept_says_so(world: World):
    PartVersion.objects.filter(part="hearing").update(source="")
    with pytest.raises(Refusal) as refused:
        sources()
    assert "hearing" in said(refused.value)
    page = signed_in(world, "operations")
    assert page.get("/playbook/pack/").status_code == 200
    assert page.get("/playbook/pack/file/").status_code == 409


def test_the_published_schemas_are_those_that_the_check_uses(tmp_path: Path):
    done = CliRunner().invoke(earshot, ["playbook", "schema", str(tmp_path)])
    assert done.exit_code == 0
    for part in PARTS:
        published = json.loads((tmp_path / f"{part}.schema.json").read_text())
        assert undescribed(parts.BY_NAME[part].schema).items() <= undescribed(published).items()
        for name, of in published["properties"].items():
            said = [of, *of.get("items", {}).get("properties", {}).values()]
            # In Chinese, then in English: an editor shows them beside the cell.
            assert all(re.search("[\u4e00-\u9fff].* / [A-Z]", one["title"] + one["description"]) for one in said), (part, name)
        kept = Path(packs.__file__).parents[3] / "docs" / "schemas" / f"{part}.schema.json"
        assert json.loads(kept.read_text()) == published


def undescribed(form: Any) -> Any:
    """A form without what it says to people."""
    if isinstance(form, dict):
        kept = {name: undescribed(held) for name, held in form.items()}
        return {name: held for name, held in kept.items() if name not in ("title", "description") or isinstance(held, dict)}
    return [undescribed(one) for one in form] if isinstance(form, list) else form


# Packs that come with the product.


@pytest.mark.parametrize("name", shipped())
def test_a_pack_that_comes_with_the_product_is_the_same_by_every_door_and_can_be_looked_at(world: World, tmp_path: Path, name: str):
    files = shipped()[name].sources()
    done = CliRunner().invoke(earshot, ["playbook", "export", str(tmp_path / name), "--shipped", name])
    assert done.exit_code == 0, done.output
    assert Sources.of_folder(tmp_path / name) == files
    told = Caller(world.operations)("GET", f"/playbook/packs/{name}")
    assert (told.status, told.data) == (200, {"name": name, "parts": dict(files.texts)})
    client = signed_in(world, "operations")
    assert f"/playbook/pack/shipped/{name}/" in client.get("/playbook/pack/").content.decode()
    zipped = client.get(f"/playbook/pack/shipped/{name}/").content
    assert Sources.of_zip("pack", zipped) == files
    seen = client.post("/playbook/pack/", {"act": "preview", "file": SimpleUploadedFile(f"{name}.zip", zipped)})
    assert name in seen.content.decode()


def test_the_packs_are_listed_with_what_they_model_and_taken_by_name(world: World):
    told = CliRunner().invoke(earshot, ["--language", "en", "playbook", "shipped"]).output
    assert [line.split()[0] for line in told.splitlines()] == list(shipped())
    assert "virtual teams" in told
    listed = Caller(world.engineer, language="zh-hans")("GET", "/playbook/packs")["items"]
    assert {"name": "appliance-supply", "label": "家电配套：首单、决策链与来料检验"} in listed
    assert "can be put in force" in CliRunner().invoke(earshot, ["--language", "en", "playbook", "check", "iron-triangle-ltc"]).output
    wrong = CliRunner().invoke(earshot, ["--language", "en", "playbook", "check", "telecom-key-account"])
    assert wrong.exit_code == 2
    assert "no unit has the code “planning”" in wrong.output


def test_a_pack_that_does_not_come_with_the_product_is_not_there(world: World):
    assert signed_in(world, "operations").get("/playbook/pack/shipped/another/").status_code == 404
    assert Caller(world.operations)("GET", "/playbook/packs/another").status == 404
