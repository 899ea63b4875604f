"""Revisions through every door: the same verbs, the same refusals, the same words."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api_caller import Caller
from earshot.cli.root import earshot
from earshot.desk.queries import DayLine, my_day
from earshot.journal.actors import process
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people.actions import give_permission
from earshot.people.models import Person
from earshot.people.permits import OPERATE
from earshot.playbooks import book
from earshot.playbooks.actions import adopt_pack, approve, ask_approval, open_revision, undo, write_part
from earshot.playbooks.models import PARTS, PartVersion, Revision
from earshot.playbooks.queries import sources
from earshot.playbooks.sources import PACKS, Sources
from pages import Visitor
from worlds import World, later, spoken

pytestmark = pytest.mark.django_db
SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").in_profile("standard")
LEVELS = SHIPPED.texts["service_levels"]
QUICKER = LEVELS.replace("minutes: 240", "minutes: 180", 1)
MISNAMED = SHIPPED.texts["hearing"].replace("service_level: hear-critical", "service_level: hear-critcal", 1)


def signed_in(world: World, key: str, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(world.login(key))
    return client


def said(*words: str) -> str:
    done = CliRunner().invoke(earshot, ["--language", "en", "playbook", *words])
    assert done.exit_code == 0, done.output
    return done.output


def limit() -> int:
    return book.in_force().service_levels["hear-critical"].limit


def named_by_solutions(part: str) -> None:
    """The head of the solutions unit approves the next version of the part."""
    text = "approved_by: {head_of: solutions}\n" + sources().texts[part]
    adopt_pack(by=process("tests"), sources=Sources("named", dict(sources().texts) | {part: text}), reason="who approves")


# API


def test_a_revision_goes_its_way_through_the_api(world: World) -> None:
    operations = Caller(world.operations)
    made = operations.post("/playbook/revisions", {"reason": "客户催得紧", "parts": ["service_levels"]})
    assert (made.status, made["state"], made["number"]) == (201, "open", Revision.objects.latest("number").number)
    address = f"/playbook/revisions/{made['id']}"
    part = operations.get(f"{address}/parts/service_levels")
    assert (part["text"], part["state"]) == (LEVELS, "draft")
    written = operations(
        "PUT", f"{address}/parts/service_levels", {"text": QUICKER, "place": "levels/hear-critical/minutes"}, if_match=part.etag
    )
    assert written.status == 200
    # Who read the text of before is told what has changed since.
    late = operations("PUT", f"{address}/parts/service_levels", {"text": LEVELS}, if_match=part.etag)
    assert late.status == 412
    assert "minutes: 180" in str(late["lines"])
    # A part of which there is no draft yet is read, and written, as it is in force.
    hearing = operations.get(f"{address}/parts/hearing")
    assert (hearing["text"], hearing["state"]) == (SHIPPED.texts["hearing"], None)
    assert operations("PUT", f"{address}/parts/hearing", {"text": MISNAMED}, if_match=hearing.etag).status == 200
    shown = operations.get(address)
    [finding] = next(one for one in shown["parts"] if one["part"] == "hearing")["findings"]
    assert (finding["place"], finding["line"] is not None) == ("hearers/running-cost-SR/service_level", True)
    refused = operations("POST", f"{address}/approvals", {}, if_match=shown.etag)
    assert (refused.status, refused["code"]) == (422, "playbook.pack")
    draft = operations.get(f"{address}/parts/hearing")
    undone = operations("POST", f"{address}/parts/hearing/undone", None, if_match=draft.etag)
    assert undone["text"] == SHIPPED.texts["hearing"]
    shown = operations.get(address)
    [change] = next(one for one in shown["parts"] if one["part"] == "service_levels")["changes"]
    assert change["row"] == "hear-critical"
    assert operations("POST", f"{address}/approvals", {}, if_match=made.etag).status == 412
    begun = operations("POST", f"{address}/approvals", {}, if_match=shown.etag)
    assert (begun.status, begun["state"]) == (201, "begun")
    assert limit() == 180
    versions = operations.get("/playbook/versions?part=service_levels")["items"]
    assert [(one["number"], one["state"], [person["name"] for person in one["approved_by"]]) for one in versions][:2] == [
        (2, "in_force", ["孙宁"]),
        (1, "superseded", []),
    ]
    old = Caller(world.seller).get(f"/playbook/versions/{versions[1]['id']}")
    assert old["text"] == LEVELS


def test_a_date_and_a_withdrawal_through_the_api(world: World) -> None:
    operations = Caller(world.operations)
    made = operations.post("/playbook/revisions", {"reason": "下周起", "parts": ["service_levels"]})
    address = f"/playbook/revisions/{made['id']}"
    at = (now() + timedelta(days=7)).isoformat()
    dated = operations("PUT", f"{address}/start", {"starts_at": at}, if_match=made.etag)
    assert dated.status == 200
    assert operations("PUT", f"{address}/start", {"starts_at": None}, if_match=made.etag).status == 412
    part = operations.get(f"{address}/parts/service_levels")
    operations("PUT", f"{address}/parts/service_levels", {"text": QUICKER}, if_match=part.etag)
    scheduled = operations("POST", f"{address}/approvals", {"parts": ["service_levels"]}, if_match=operations.get(address).etag)
    assert scheduled["state"] == "scheduled"
    # What is approved everybody reads; what is withdrawn is no concern of theirs.
    assert Caller(world.seller).get(address)["begins"] == scheduled["begins"]
    ended = operations("POST", f"{address}/withdrawals", {"reason": "不改了"}, if_match=scheduled.etag)
    assert ended["state"] == "withdrawn"
    assert Caller(world.seller).get(address).status == 404


@pytest.mark.req("law 13")
def test_a_draft_is_seen_by_operations_its_opener_and_whom_it_waits_for_alone(world: World) -> None:
    named_by_solutions("service_levels")
    revision = open_revision(by=world.by("operations"), reason="更快", parts=["service_levels"])
    text = sources().texts["service_levels"].replace("minutes: 240", "minutes: 180", 1)
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=text)
    draft = PartVersion.objects.get(revision=revision)
    for key in ("seller", "head", "delivery_head", "administrator"):
        caller, page = Caller(world.people[key]), signed_in(world, key)
        # The head of the company heads the unit whose head approves.
        right = 200 if key == "head" else 404
        assert caller.get(f"/playbook/revisions/{revision.pk}").status == right, key
        assert caller.get(f"/playbook/versions/{draft.pk}").status == right, key
        assert page.get(f"/playbook/revisions/{revision.pk}/").status_code == right, key
        assert page.get(f"/playbook/versions/{draft.pk}/").status_code == right, key
        assert ("更快" in page.get("/playbook/").content.decode()) == (right == 200), key
        assert ("更快" in page.get("/playbook/parts/service_levels/").content.decode()) == (right == 200), key
    assert Caller(world.engineer_head).get(f"/playbook/revisions/{revision.pk}")["state"] == "open"


# Command line


def test_a_revision_goes_its_way_on_the_command_line(world: World, tmp_path: Path) -> None:
    operations = ("--as", "孙宁")
    new = Sources("quicker", dict(SHIPPED.texts) | {"service_levels": QUICKER, "hearing": MISNAMED})
    new.write(tmp_path / "new")
    told = said("revise", str(tmp_path / "new"), "--reason", "客户催得紧", *operations)
    number = str(Revision.objects.latest("number").number)
    assert f"revision {number}" in told
    assert "did you mean “hear-critical”" in told
    read = ("--version", str(Revision.objects.get(number=number).version))
    refused = CliRunner().invoke(earshot, ["--language", "en", "playbook", "approve", number, *read, *operations])
    assert refused.exit_code == 2
    assert "hear-critcal" in refused.output
    said("undo", number, "hearing", *operations)
    assert "2026-12-01 09:00" in said("start", number, "2026-12-01 09:00", *operations)
    assert "at once" in said("start", number, *operations)
    assert "客户催得紧" in said("revisions", *operations)
    unread = CliRunner().invoke(earshot, ["--language", "en", "playbook", "approve", number, *operations])
    assert (unread.exit_code, limit()) == (2, 240)
    assert "minutes: 180" in unread.output
    now_read = str(Revision.objects.get(number=number).version)
    assert f"say --version {now_read}" in unread.output
    late = CliRunner().invoke(earshot, ["--language", "en", "playbook", "approve", number, *read, *operations])
    assert (late.exit_code, limit()) == (2, 240)
    assert "has changed since you looked at it" in late.output
    assert "in force" in said("approve", number, "--version", now_read, *operations)
    assert limit() == 180
    assert "孙宁" in said("versions", "service_levels", "--as", "陈晓")
    assert said("text", "service_levels@1", "--as", "陈晓") == LEVELS
    for words in (["text", "service_levels@9"], ["text", "x"], ["revisions", "999"], ["revisions", "x"]):
        assert CliRunner().invoke(earshot, ["playbook", *words, "--as", "陈晓"]).exit_code == 2
    adjusted = Sources("again", dict(SHIPPED.texts))
    adjusted.write(tmp_path / "again")
    said("revise", str(tmp_path / "again"), "--reason", "退回", *operations)
    last = str(Revision.objects.latest("number").number)
    said("revise", str(tmp_path / "new"), "--revision", last, *operations)
    assert "withdrawn" in said("withdraw", last, "--reason", "不改了", *operations)


# Pages


def hidden(page: str, name: str, after: str = "") -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page[page.index(after) :] if after else page)
    assert found is not None, name
    return found[1]


@pytest.mark.req("B28.1b")
def test_a_part_is_changed_on_the_page_and_what_is_wrong_stands_beside_it(world: World) -> None:
    page = signed_in(world, "operations")
    refused = page.post("/playbook/", {"act": "open", "reason": "", "parts": ["service_levels"]})
    assert refused.status_code == 422
    assert page.post("/playbook/", {"act": "open", "reason": "x"}).status_code == 422
    opened = page.post("/playbook/", {"act": "open", "reason": "客户催得紧", "parts": ["service_levels"], "starts_at": ""})
    address = opened["Location"]
    shown = page.get(address).content.decode()
    assert "客户催得紧" in shown
    seen = hidden(shown, "seen")
    # A browser sends line ends as two characters; the text keeps its own.
    sent = {"act": "write", "part": "service_levels", "seen": seen, "text": QUICKER.replace("\n", "\r\n")}
    assert page.post(address, sent).status_code == 302
    assert PartVersion.objects.get(part="service_levels", state="draft").source == QUICKER
    late = page.post(address, sent | {"text": "something else"})
    assert late.status_code == 412
    assert "minutes: 180" in late.content.decode()
    assert "something else" in late.content.decode()
    page.post(address, {"act": "add", "part": "hearing"})
    seen = hidden(page.get(address).content.decode(), "seen", 'id="hearing"')
    page.post(address, {"act": "write", "part": "hearing", "seen": seen, "text": MISNAMED})
    shown = page.get(address).content.decode()
    assert "hear-critcal" in shown
    version = hidden(shown, "version")
    assert page.post(address, {"act": "approve", "version": version}).status_code == 422
    seen = hidden(shown, "seen", 'id="hearing"')
    assert page.post(address, {"act": "undo", "part": "hearing", "seen": seen}).status_code == 302
    version = hidden(page.get(address).content.decode(), "version")
    assert page.post(address, {"act": "approve", "version": version}).status_code == 302
    assert limit() == 180
    history = signed_in(world, "seller").get("/playbook/parts/service_levels/").content.decode()
    assert "客户催得紧" in history
    assert "孙宁" in history
    assert page.get("/playbook/parts/nonsense/").status_code == 404


def test_what_was_typed_is_kept_where_a_field_is_refused(world: World) -> None:
    page = signed_in(world, "operations")
    revision = open_revision(by=world.by("operations"), reason="更快", parts=["service_levels"])
    version = str(Revision.objects.get(pk=revision.pk).version)
    refused = page.post(f"/playbook/revisions/{revision.pk}/", {"act": "start", "starts_at": "2020-01-01T09:00", "version": version})
    assert refused.status_code == 422
    assert "2020-01-01T09:00" in refused.content.decode()
    broken = page.post(f"/playbook/revisions/{revision.pk}/", {"act": "start", "starts_at": "tomorrow", "version": version})
    assert broken.status_code == 422
    ended = page.post(f"/playbook/revisions/{revision.pk}/", {"act": "withdraw", "reason": " ", "version": version})
    assert ended.status_code == 422


def waits(person: Person) -> list[DayLine]:
    """What of the playbook waits for the person."""
    return [line for line in my_day(person) if line.cause in ("approval_asked", "no_approver")]


@pytest.mark.req("B28.1b")
def test_who_is_to_approve_has_one_line_on_the_day_that_leads_to_the_text_and_one_act_does_it(world: World) -> None:
    named_by_solutions("service_levels")
    revision = open_revision(by=world.by("operations"), reason="更快", parts=["service_levels"])
    text = sources().texts["service_levels"].replace("minutes: 240", "minutes: 180", 1)
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=text)
    assert waits(world.engineer_head) == []
    page = signed_in(world, "operations")
    version = hidden(page.get(f"/playbook/revisions/{revision.pk}/").content.decode(), "version")
    assert page.post(f"/playbook/revisions/{revision.pk}/", {"act": "ask", "version": version}).status_code == 302
    [line] = waits(world.engineer_head)
    assert (line.cause, spoken(line.sentence)) == ("approval_asked", "A change of the playbook waits for your approval: 更快")
    assert [one.cause for key in ("operations", "head", "delivery_head") for one in waits(world.people[key])] == []
    head = signed_in(world, "engineer_head")
    address = f"/playbook/revisions/{revision.pk}/"
    day = head.get("/").content.decode()
    assert f'href="{address}#approve"' in day
    assert 'value="approve"' not in day  # nobody approves there what he has not seen
    sent = {"act": "approve", "version": hidden(head.get(address).content.decode(), "version")}
    assert head.post(address, sent).status_code == 302
    assert limit() == 180
    assert waits(world.engineer_head) == []


def by_another() -> None:
    """Whoever opens a revision does not approve it."""
    text = sources().texts["policies"]
    assert "policies:\n" not in text
    text += "policies:\n  - {code: revision-approved-by-another, setting: block, zh: 另一人批准, en: By somebody else}\n"
    adopt_pack(by=process("tests"), sources=Sources("named", dict(sources().texts) | {"policies": text}), reason="双人")


def quicker(world: World, key: str = "operations") -> Revision:
    revision = open_revision(by=world.by(key), reason="更快", parts=["service_levels"])
    text = sources().texts["service_levels"].replace("minutes: 240", "minutes: 180", 1)
    write_part(by=world.by(key), revision=revision, part="service_levels", text=text)
    return ask_approval(by=world.by(key), revision=revision)


@pytest.mark.req("B28.1b", breaks="earshot.playbooks.rules.barred")
def test_where_another_is_to_approve_the_author_gets_no_line_and_another_of_operations_does(world: World) -> None:
    by_another()
    give_permission(by=world.by("administrator"), person=world.delivery_head, permission=OPERATE)
    revision = quicker(world)
    assert [line.cause for line in my_day(world.operations) if line.target.id == revision.pk] == []
    assert [line.cause for line in my_day(world.delivery_head) if line.target.id == revision.pk] == ["approval_asked"]
    own = Visitor("operations", "en").get(f"/playbook/revisions/{revision.pk}/")
    assert "approve" not in own.acts
    assert "By the policies in force, somebody else approves it: " in own.text
    assert own.text.count(world.delivery_head.name) == 1
    refused = Caller(world.operations)("POST", f"/playbook/revisions/{revision.pk}/approvals", {}, if_match=tag(world, revision))
    assert (refused.status, refused["code"]) == (403, "playbook.author")
    assert 'value="approve"' in signed_in(world, "delivery_head").get(f"/playbook/revisions/{revision.pk}/").content.decode()
    approve(by=world.by("delivery_head"), revision=revision)
    assert limit() == 180


@pytest.mark.req("B28.1b", breaks="earshot.playbooks.rules.barred")
def test_who_wrote_what_stands_there_is_an_author_too_though_another_opened_it(world: World) -> None:
    give_permission(by=world.by("administrator"), person=world.delivery_head, permission=OPERATE)
    by_another()
    revision = open_revision(by=world.by("operations"), reason="更快", parts=["service_levels"])
    write_part(by=world.by("delivery_head"), revision=revision, part="service_levels", text=QUICKER)
    for key in ("operations", "delivery_head"):
        with pytest.raises(Refusal) as refused:
            approve(by=world.by(key), revision=revision)
        assert refused.value.code == "playbook.author"
    page = signed_in(world, "delivery_head").get(f"/playbook/revisions/{revision.pk}/").content.decode()
    assert 'value="approve"' not in page
    assert "这次修订里有你写的内容" in page
    assert Caller(world.operations).get(f"/playbook/revisions/{revision.pk}")["without_approver"] is True
    undo(by=world.by("delivery_head"), revision=revision, part="service_levels")
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=QUICKER)
    approve(by=world.by("delivery_head"), revision=revision)
    assert limit() == 180


@pytest.mark.req("law 13", breaks="earshot.playbooks.revisions.sees_impacts")
def test_whom_a_change_touches_is_shown_to_those_who_prepare_it_and_to_nobody_else_once_it_is_approved(world: World) -> None:
    world.spoken_deal()
    revision = open_revision(by=world.by("operations"), reason="更严", parts=["policies"], starts_at=now() + timedelta(days=3))
    strict = SHIPPED.texts["policies"].rstrip() + "\npolicies:\n  - {code: nobody-alone, setting: block, zh: 严, en: Strict}\n"
    write_part(by=world.by("operations"), revision=revision, part="policies", text=strict)
    approve(by=world.by("operations"), revision=revision)
    address = f"/playbook/revisions/{revision.pk}/parts/policies/impacts"
    [touched] = Caller(world.operations).get(address)["items"]
    assert touched["people"]
    assert Caller(world.stranger)("GET", address).status == 403
    page = Visitor("stranger", "en").get(f"/playbook/revisions/{revision.pk}/policies/").text
    assert "nobody-alone" in page
    assert [name for name in touched["people"] if name in page] == []


@pytest.mark.req("B28.1b")
def test_where_nobody_but_the_author_could_approve_it_is_said_who_can_name_somebody(world: World) -> None:
    by_another()
    revision = quicker(world)
    [line] = [line for line in my_day(world.operations) if line.target.id == revision.pk]
    assert (line.cause, line.act) == ("no_approver", "find_approver")
    assert "Nobody but you could approve" in spoken(line.sentence)
    page = signed_in(world, "operations")
    assert f"/playbook/revisions/{revision.pk}/#approve" in page.get("/").content.decode()
    shown = Visitor("operations", "en").get(f"/playbook/revisions/{revision.pk}/").text
    assert "nobody else has the permission of sales operations" in shown
    assert world.administrator.name in shown
    assert Caller(world.operations).get(f"/playbook/revisions/{revision.pk}")["without_approver"] is True
    assert "Nobody but who opened it could approve it" in said("revisions", str(revision.number), "--as", "孙宁")
    give_permission(by=world.by("administrator"), person=world.delivery_head, permission=OPERATE)
    assert [line.cause for line in my_day(world.operations) if line.target.id == revision.pk] == []
    assert [line.cause for line in my_day(world.delivery_head) if line.target.id == revision.pk] == ["approval_asked"]
    assert Caller(world.operations).get(f"/playbook/revisions/{revision.pk}")["without_approver"] is False


@pytest.mark.req("B28.1b")
def test_a_head_who_opened_it_leaves_the_approval_to_the_one_above(world: World) -> None:
    named_by_solutions("service_levels")
    by_another()
    give_permission(by=world.by("administrator"), person=world.engineer_head, permission=OPERATE)
    revision = quicker(world, "engineer_head")
    assert [key for key in ("engineer_head", "head", "operations") if my_line(world, key, revision)] == ["head"]
    approve(by=world.by("head"), revision=revision)
    assert limit() == 180


def my_line(world: World, key: str, revision: Revision) -> list[str]:
    return [line.cause for line in my_day(world.people[key]) if line.target.id == revision.pk]


def tag(world: World, revision: Revision) -> str:
    return Caller(world.operations).get(f"/playbook/revisions/{revision.pk}").etag


@pytest.mark.req("B28.1b")
def test_the_history_of_the_process_says_how_many_open_deals_run_under_each_version(world: World) -> None:
    deals = len(world.deals)
    revision = open_revision(by=world.by("operations"), reason="改流程", parts=["process"])
    write_part(by=world.by("operations"), revision=revision, part="process", text="# 第二版\n" + SHIPPED.texts["process"])
    approve(by=world.by("operations"), revision=revision)
    world.deal("新单", account="harbour")
    shown = signed_in(world, "operations").get("/playbook/parts/process/").content.decode()
    assert re.search(r"1 open deal runs|1 个在办项目", shown)
    assert re.search(rf"{deals} open deals run|{deals} 个在办项目", shown)
    found = Caller(world.operations).get("/playbook/versions?part=process")["items"]
    assert [(one["number"], one["deals"]) for one in found] == [(2, 1), (1, deals)]
    assert {one["deals"] for one in Caller(world.seller).get("/playbook/versions?part=process")["items"]} == {None}


def test_what_comes_when_stands_on_the_page_of_the_playbook(world: World) -> None:
    revision = open_revision(by=world.by("operations"), reason="下周起更快", parts=["service_levels"], starts_at=now() + timedelta(days=7))
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=QUICKER)
    seller = signed_in(world, "seller")
    assert "下周起更快" not in seller.get("/playbook/").content.decode()
    approve(by=world.by("operations"), revision=revision)
    assert "下周起更快" in seller.get("/playbook/").content.decode()
    with later(days=8):  # nobody has written it down yet
        shown = seller.get("/playbook/").content.decode()
        assert "service_levels@2" in shown
        assert "service_levels@2" not in shown[shown.index("service_levels@2") + 16 :]
        assert Caller(world.seller).get("/playbook/pack")["parts"]["service_levels"] == QUICKER


def test_reading_costs_the_same_however_much_there_is(world: World) -> None:
    revision = open_revision(by=world.by("operations"), reason="更快", parts=["service_levels"])
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=QUICKER)
    ask_approval(by=world.by("operations"), revision=revision)

    def costs() -> list[int]:
        page, found = signed_in(world, "operations"), []
        for address in (f"/playbook/revisions/{revision.pk}/", "/playbook/parts/service_levels/", "/playbook/"):
            page.get(address)
            with CaptureQueriesContext(connection) as asked:
                assert page.get(address).status_code == 200
            found.append(len(asked))
        caller = Caller(world.operations)
        for address in ("/playbook/versions", "/playbook/revisions"):
            with CaptureQueriesContext(connection) as asked:
                caller.get(address)
            found.append(len(asked))
        return found

    few = costs()
    for part in [one for one in PARTS if one != "service_levels"]:
        write_part(by=world.by("operations"), revision=revision, part=part, text="# 又一行\n" + SHIPPED.texts[part])
    for n in range(5):
        write_part(by=world.by("operations"), revision=revision, part="hearing", text=f"# {n}\n" + SHIPPED.texts["hearing"])
    many = costs()
    assert many == few
