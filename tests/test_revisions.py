"""The playbook changes by revisions: drafted, checked, approved by whom the part names, in force by date, and superseded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import IntegrityError, transaction

from earshot.clocks.models import Clock
from earshot.deals.actions import move_on
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people.actions import give_permission
from earshot.people.permits import OPERATE
from earshot.playbooks import book, revisions, rules
from earshot.playbooks.actions import (
    adopt_pack,
    approve,
    ask_approval,
    begin_due,
    open_revision,
    set_start,
    undo,
    withdraw,
    write_part,
)
from earshot.playbooks.models import PARTS, Approval, Edit, PartVersion, Revision
from earshot.playbooks.queries import sources
from earshot.playbooks.sources import PACKS, Sources
from earshot.voice.actions import Said, record_meeting
from earshot.voice.models import Ear
from test_processes import renamed_stage
from worlds import CRITICAL, World, changed_pack, changed_tables, later, put_in_force, said, snapshot

pytestmark = pytest.mark.django_db
SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc").in_profile("standard")
LEVELS = SHIPPED.texts["service_levels"]
QUICKER = LEVELS.replace("minutes: 240", "minutes: 180", 1)


def opened(world: World, part: str = "service_levels", text: str = QUICKER, by: str = "operations") -> Revision:
    revision = open_revision(by=world.by(by), reason="客户催得紧", parts=[part])
    write_part(by=world.by(by), revision=revision, part=part, text=text, place="levels/hear-critical/minutes")
    return revision


def named_by(part: str, approver: str) -> None:
    """The part in force says who approves its next version."""
    text = f"approved_by: {approver}\n" + sources().texts[part]
    adopt_pack(by=process("tests"), sources=Sources("named", dict(sources().texts) | {part: text}), reason="who approves")


def states(part: str) -> list[tuple[int, str]]:
    return list(PartVersion.objects.filter(part=part).order_by("number").values_list("number", "state"))


def refused(act: Callable[[], Any]) -> Refusal:
    """The refusal that the act met; nothing was changed by it."""
    before = snapshot()
    with pytest.raises(Refusal) as met:
        act()
    assert changed_tables(before, snapshot()) == set()
    return met.value


def limit() -> int:
    return book.in_force().service_levels["hear-critical"].limit


@pytest.mark.req("B28.1b")
def test_a_part_is_changed_alone_with_a_reason_and_the_version_before_stays_readable(world: World) -> None:
    revision = opened(world)
    assert limit() == 240
    assert states("service_levels") == [(1, "in_force"), (2, "draft")]
    approve(by=world.by("operations"), revision=revision)
    assert limit() == 180
    assert states("service_levels") == [(1, "superseded"), (2, "in_force")]
    assert states("hearing") == [(1, "in_force")]
    before, after = PartVersion.objects.filter(part="service_levels").order_by("number")
    assert (before.source, before.in_force_until) == (LEVELS, after.in_force_from)
    assert (after.source, after.reason, after.in_force_from) == (QUICKER, "客户催得紧", now())
    [approval] = Approval.objects.all()
    assert (approval.person, approval.version, approval.digest) == (world.operations, after, rules.digest(QUICKER))
    assert [e.data["reason"] for e in Entry.objects.filter(verb="playbooks.part_in_force", objects_touched__object_id=after.pk)] == [
        "客户催得紧"
    ]


@pytest.mark.req("B28.1b", breaks="earshot.playbooks.packs._cross_check")
def test_a_draft_is_kept_with_what_is_wrong_in_it_and_is_not_approved_until_it_is_mended(world: World) -> None:
    revision = opened(world, "hearing", SHIPPED.texts["hearing"].replace("service_level: hear-critical", "service_level: hear-critcal", 1))
    found = revisions.findings(revision)
    assert [(one.file, one.place) for one in found] == [("hearing.yaml", "hearers/running-cost-SR/service_level")]
    met = refused(lambda: approve(by=world.by("operations"), revision=revision))
    assert met.code == "playbook.pack"
    assert "did you mean “hear-critical”" in said(met)
    assert refused(lambda: ask_approval(by=world.by("operations"), revision=revision)).code == "playbook.pack"
    write_part(by=world.by("operations"), revision=revision, part="hearing", text="hearers: [")
    assert revisions.versions_of(revision)["hearing"].source == "hearers: ["
    write_part(by=world.by("operations"), revision=revision, part="hearing", text="# 注释\n" + SHIPPED.texts["hearing"])
    approve(by=world.by("operations"), revision=revision)
    assert states("hearing") == [(1, "superseded"), (2, "in_force")]


@pytest.mark.req("B28.1b")
def test_the_check_reads_the_drafts_of_one_revision_together(world: World) -> None:
    renamed = {part: SHIPPED.texts[part].replace("hear-critical", "hear-at-once") for part in ("service_levels", "hearing")}
    revision = opened(world, "service_levels", renamed["service_levels"])
    assert "hear-critical" in said(refused(lambda: approve(by=world.by("operations"), revision=revision)))
    write_part(by=world.by("operations"), revision=revision, part="hearing", text=renamed["hearing"])
    approve(by=world.by("operations"), revision=revision)
    assert states("hearing")[-1] == states("service_levels")[-1] == (2, "in_force")


def test_what_was_written_is_taken_back_edit_by_edit_until_it_is_approved(world: World) -> None:
    revision = opened(world)
    by = world.by("operations")
    write_part(by=by, revision=revision, part="service_levels", text=QUICKER.replace("minutes: 450", "minutes: 300"), place="levels/hear")
    assert undo(by=by, revision=revision, part="service_levels").source == QUICKER
    assert undo(by=by, revision=revision, part="service_levels").source == LEVELS
    assert refused(lambda: undo(by=by, revision=revision, part="service_levels")).code == "playbook.nothing_to_undo"
    assert refused(lambda: approve(by=by, revision=revision)).code == "playbook.nothing_new"
    write_part(by=by, revision=revision, part="service_levels", text=QUICKER)
    edits = Edit.objects.filter(version__revision=revision).order_by("number")
    assert [(edit.number, edit.undoes.number if edit.undoes else None, edit.person) for edit in edits] == [
        (0, None, world.operations),
        (1, None, world.operations),
        (2, None, world.operations),
        (3, 2, world.operations),
        (4, 1, world.operations),
        (5, None, world.operations),
    ]
    approve(by=by, revision=revision)
    for act in (
        lambda: undo(by=by, revision=revision, part="service_levels"),
        lambda: write_part(by=by, revision=revision, part="service_levels", text=LEVELS),
        lambda: set_start(by=by, revision=revision, at=None),
        lambda: withdraw(by=by, revision=revision, reason="x"),
    ):
        assert refused(act).code == "playbook.closed"


def test_edits_and_approvals_are_never_changed(world: World) -> None:
    revision = opened(world)
    approve(by=world.by("operations"), revision=revision)
    for rows in (Edit.objects.all(), Approval.objects.all()):
        with pytest.raises(Exception, match="append-only"), transaction.atomic():
            rows.update(at=now())
        with pytest.raises(Exception, match="append-only"), transaction.atomic():
            rows._raw_delete(rows.db)


def test_who_writes_over_what_somebody_else_has_written_is_told_what_that_was(world: World) -> None:
    give_permission(by=process("tests"), person=world.delivery, permission=OPERATE)
    revision = opened(world)
    other = QUICKER.replace("minutes: 450", "minutes: 300")
    write_part(by=world.by("delivery"), revision=revision, part="service_levels", text=other, seen=rules.digest(QUICKER))
    met = refused(
        lambda: write_part(by=world.by("operations"), revision=revision, part="service_levels", text=LEVELS, seen=rules.digest(QUICKER))
    )
    assert (met.code, met.status) == ("stale", 412)
    for words in ("郑凯", "hear", "minutes: 450", "minutes: 300"):
        assert words in said(met)
    # A part that is not drafted yet is compared with what is in force.
    met = refused(lambda: write_part(by=world.by("operations"), revision=revision, part="hearing", text="", seen=rules.digest("of before")))
    assert met.code == "stale"


def test_there_is_one_draft_of_a_part_and_who_wants_another_is_led_to_it(world: World) -> None:
    revision = opened(world)
    other = open_revision(by=world.by("operations"), reason="另一件事", parts=["hearing"])
    for act in (
        lambda: open_revision(by=world.by("operations"), reason="x", parts=["service_levels"]),
        lambda: write_part(by=world.by("operations"), revision=other, part="service_levels", text=LEVELS),
    ):
        met = refused(act)
        assert (met.code, met.lines[0].about.id if met.lines[0].about else None) == ("playbook.taken", revision.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        PartVersion.objects.create(part="service_levels", number=9, pack="x", state="draft", reason="x")
    withdraw(by=world.by("operations"), revision=revision, reason="不改了")
    assert states("service_levels") == [(1, "in_force"), (2, "withdrawn")]
    opened(world)
    assert states("service_levels")[-1] == (3, "draft")


@pytest.mark.parametrize("key", ["seller", "head", "administrator", "engineer_head"])
def test_whoever_is_not_sales_operations_drafts_approves_and_withdraws_nothing(world: World, key: str) -> None:
    revision = opened(world)
    by = world.by(key)
    for act in (
        lambda: open_revision(by=by, reason="x", parts=["hearing"]),
        lambda: write_part(by=by, revision=revision, part="service_levels", text=LEVELS),
        lambda: write_part(by=by, revision=revision, part="hearing", text=""),
        lambda: undo(by=by, revision=revision, part="service_levels"),
        lambda: set_start(by=by, revision=revision, at=None),
        lambda: ask_approval(by=by, revision=revision),
        lambda: approve(by=by, revision=revision),
        lambda: withdraw(by=by, revision=revision, reason="x"),
    ):
        assert refused(act).status == 403
    assert revision not in revisions.visible_to(world.people[key])
    assert revision in revisions.visible_to(world.operations)


@pytest.mark.req("law 13", breaks="earshot.people.actors.personally")
def test_neither_the_process_nor_an_import_approves_for_anybody(world: World) -> None:
    revision = opened(world)
    assert refused(lambda: approve(by=process("tests"), revision=revision)).code == "act.not_personal"
    assert not Approval.objects.exists()


@pytest.mark.req("B28.1b")
def test_a_part_is_approved_by_whom_the_version_in_force_names(world: World) -> None:
    named_by("service_levels", "{head_of: solutions}")
    base = sources().texts["service_levels"]
    text = base.replace("minutes: 240", "minutes: 180", 1).replace("approved_by: {head_of: solutions}", "approved_by: operations")
    revision = opened(world, "service_levels", text)
    met = refused(lambda: approve(by=world.by("operations"), revision=revision))
    assert met.status == 403
    assert "周敏" in said(met)
    assert revisions.waiting_for(world.engineer_head) == []
    ask_approval(by=world.by("operations"), revision=revision)
    assert revisions.waiting_for(world.engineer_head) == [revision]
    assert revisions.waiting_for(world.operations) == revisions.waiting_for(world.delivery_head) == revisions.waiting_for(world.head) == []
    assert [revision in revisions.visible_to(world.people[key]) for key in ("engineer_head", "delivery_head")] == [True, False]
    assert refused(lambda: approve(by=world.by("delivery_head"), revision=revision)).status == 403
    approve(by=world.by("engineer_head"), revision=revision)
    assert limit() == 180
    assert revisions.waiting_for(world.engineer_head) == []


@pytest.mark.req("B28.1b")
def test_a_revision_of_several_parts_waits_for_each_that_is_named_and_begins_as_one(world: World) -> None:
    named_by("hearing", "{head_of: solutions}")
    revision = opened(world)
    write_part(by=world.by("operations"), revision=revision, part="hearing", text="# 同批\n" + sources().texts["hearing"])
    approve(by=world.by("operations"), revision=revision)
    assert limit() == 240
    assert (states("service_levels")[-1], states("hearing")[-1]) == ((2, "approved"), (3, "draft"))
    assert refused(lambda: approve(by=world.by("operations"), revision=revision)).code == "playbook.approved_before"
    assert refused(lambda: undo(by=world.by("operations"), revision=revision, part="service_levels")).code == "playbook.approved"
    # Written anew, it wants a new approval: the one that was given was of another text.
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=QUICKER.replace("minutes: 180", "minutes: 120"))
    assert states("service_levels")[-1] == (2, "draft")
    approve(by=world.by("engineer_head"), revision=revision)
    assert limit() == 240
    approve(by=world.by("operations"), revision=revision)
    assert limit() == 120
    assert states("hearing")[-1] == (3, "in_force")


def two_parts(world: World, starts_at: datetime | None = None) -> Revision:
    """Service levels, which the head of the solutions approves and has approved, and the hearing, which sales operations do."""
    named_by("service_levels", "{head_of: solutions}")
    revision = open_revision(by=world.by("operations"), reason="一起改", parts=["service_levels", "hearing"], starts_at=starts_at)
    quicker = revisions.text_in_force("service_levels").replace("minutes: 240", "minutes: 180", 1)
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=quicker)
    write_part(by=world.by("operations"), revision=revision, part="hearing", text=SHIPPED.texts["hearing"] + "# said\n")
    approve(by=world.by("engineer_head"), revision=revision)
    return revision


@pytest.mark.req("B28.1b")
@pytest.mark.parametrize("key", ["operations", "engineer_head"])
def test_what_is_left_approved_when_the_other_part_is_taken_back_begins_by_one_act(world: World, key: str) -> None:
    revision = two_parts(world)
    undo(by=world.by("operations"), revision=revision, part="hearing")
    assert (revisions.read(Revision.objects.get(pk=revision.pk)).ready, limit()) == (True, 240)
    assert refused(lambda: approve(by=world.by("seller"), revision=revision)).code == "playbook.not_the_approver"
    approve(by=world.by(key), revision=revision)
    assert (limit(), states("service_levels")[-1], states("hearing")[-1]) == (180, (3, "in_force"), (2, "withdrawn"))
    assert Approval.objects.filter(version__revision=revision).count() == 1


@pytest.mark.req("B28.1b")
def test_an_approval_counts_again_once_the_text_for_which_it_was_given_stands_there_again(world: World) -> None:
    revision = two_parts(world)
    approved = revisions.versions_of(revision)["service_levels"].source
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=approved + "# more\n")
    approve(by=world.by("operations"), revision=revision)
    assert limit() == 240
    undo(by=world.by("operations"), revision=revision, part="service_levels")
    assert limit() == 240
    approve(by=world.by("operations"), revision=revision)
    assert limit() == 180


@pytest.mark.req("B28.1b")
def test_an_approval_counts_for_the_date_for_which_it_was_given(world: World) -> None:
    revision = two_parts(world, now() + timedelta(days=200))
    set_start(by=world.by("operations"), revision=revision, at=None)
    assert states("service_levels")[-1] == (3, "draft")
    approve(by=world.by("operations"), revision=revision)
    assert (limit(), states("hearing")[-1]) == (240, (2, "approved"))
    approve(by=world.by("engineer_head"), revision=revision)
    assert (limit(), Approval.objects.filter(version__part="service_levels").count()) == (180, 2)
    [seen] = [one for one in revisions.history(world.operations, "service_levels") if one.state == "in_force"]
    assert [given.person.pk for given in seen.approvals.all() if seen.approved_by(given)] == [world.engineer_head.pk]


def test_a_unit_without_a_head_leaves_its_part_to_the_one_above_and_at_last_to_sales_operations(world: World) -> None:
    named_by("service_levels", "{head_of: branch}")
    revision = opened(world, "service_levels", sources().texts["service_levels"].replace("minutes: 240", "minutes: 180", 1))
    ask_approval(by=world.by("operations"), revision=revision)
    assert revisions.waiting_for(world.head) == [revision]
    world.units["company"].head = None
    world.units["company"].save()
    assert revisions.waiting_for(world.head) == []
    approve(by=world.by("operations"), revision=revision)
    assert limit() == 180


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("approved_by: nobody\n", "who approves is written"),
        ("approved_by: {head_of: solutoins}\n", "did you mean “solutions”"),
        ("approved_by: owners\n", "only need templates"),
    ],
)
def test_who_approves_is_checked_like_the_rest(world: World, wrong: str, says: str) -> None:
    revision = opened(world, "service_levels", wrong + LEVELS)
    assert says in said(refused(lambda: approve(by=world.by("operations"), revision=revision)))


def test_what_is_read_must_be_what_is_approved(world: World) -> None:
    revision = opened(world)
    seen = Revision.objects.get(pk=revision.pk).version
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=LEVELS.replace("minutes: 240", "minutes: 5"))
    met = refused(lambda: approve(by=world.by("operations"), revision=revision, version=seen))
    assert met.code == "stale"
    assert "孙宁" in said(met)


# By date


@pytest.mark.req("B28.1b", breaks="earshot.playbooks.rules.in_force")
def test_what_is_approved_holds_from_its_date_on_whether_or_not_a_worker_runs(world: World) -> None:
    revision = opened(world)
    at = now() + timedelta(days=7)
    set_start(by=world.by("operations"), revision=revision, at=at)
    approve(by=world.by("operations"), revision=revision)
    assert limit() == 240
    assert states("service_levels") == [(1, "in_force"), (2, "approved")]
    assert book.at(at).service_levels["hear-critical"].limit == 180
    with later(days=6, hours=23, minutes=59):
        assert begin_due() == 0
        assert limit() == 240
    with later(days=7):
        assert limit() == 180
        assert book.versions()["service_levels"].number == 2
    with later(days=9):
        assert begin_due() == 1
        assert begin_due() == 0
        assert limit() == 180
    assert states("service_levels") == [(1, "superseded"), (2, "in_force")]
    before, after = PartVersion.objects.filter(part="service_levels").order_by("number")
    assert before.in_force_until == after.in_force_from == at
    [told] = Entry.objects.filter(verb="playbooks.part_in_force", objects_touched__object_id=after.pk)
    assert (told.claimed_at, told.actor_kind) == (at, "process")
    assert told.cause is not None
    assert told.cause.verb == "playbooks.revision_approved"


@pytest.mark.req("law 4")
def test_what_others_build_upon_is_not_withdrawn_where_open_deals_would_lose_their_calls(world: World, tmp_path: Path) -> None:
    world.moved_deal()
    put_in_force(changed_pack(tmp_path, renamed_stage))
    by = world.by("operations")

    def scheduled(part: str, text: str, days: int) -> Revision:
        revision = open_revision(by=by, reason="以后", parts=[part], starts_at=now() + timedelta(days=days))
        write_part(by=by, revision=revision, part=part, text=text)
        return approve(by=by, revision=revision)

    light = yaml.safe_load(revisions.text_in_force("policies")) | {"profile": "light"}
    silence_warns = scheduled("policies", yaml.safe_dump(light, allow_unicode=True), 5)
    support = yaml.safe_load(revisions.text_in_force("support"))
    for table in ("triggers", "none_needed"):
        support[table] = [row for row in support[table] if row["stage"] != "MO1"]
    scheduled("support", yaml.safe_dump(support, allow_unicode=True), 10)
    met = refused(lambda: withdraw(by=by, revision=silence_warns, reason="不改了"))
    assert met.code == "playbook.built_upon"
    assert "which open deals follow, neither calls for support" in said(met)


@pytest.mark.req("B28.1b")
def test_a_running_clock_keeps_its_level_and_a_new_one_follows_from_the_date(world: World) -> None:
    revision = opened(world)
    set_start(by=world.by("operations"), revision=revision, at=now() + timedelta(days=1))
    approve(by=world.by("operations"), revision=revision)
    deal = world.spoken_deal()
    running = Clock.objects.filter(kind="ear", service_level="service_levels@1/hear-critical")
    assert running.count() == 1
    due = running.get().due_at
    with later(days=1, hours=1):  # nothing has written it down yet
        record_meeting(by=world.by("seller"), deal=deal, items=[Said(CRITICAL + "!", "running-cost")], was_present=False)
    fresh = Clock.objects.get(kind="ear", service_level="service_levels@2/hear-critical")
    assert fresh.limit == 180
    assert (running.get().limit, running.get().due_at) == (240, due)
    assert Ear.objects.get(pk=fresh.object_id).rule.startswith("hearing@1/")


def test_a_deal_begins_under_the_process_of_its_day(world: World) -> None:
    more = SHIPPED.texts["process"].replace("stages:\n", "stages:\n  - {code: EXTRA, step: ML, zh: 先看一眼, en: A first look}\n", 1)
    none = SHIPPED.texts["support"].replace("none_needed:\n", "none_needed:\n  - {code: EXTRA-none, stage: EXTRA, zh: 无, en: None}\n", 1)
    revision = opened(world, "process", more)
    write_part(by=world.by("operations"), revision=revision, part="support", text=none)
    set_start(by=world.by("operations"), revision=revision, at=now() + timedelta(days=3))
    approve(by=world.by("operations"), revision=revision)
    old = world.spoken_deal("老单")
    with later(days=3):
        new = world.spoken_deal("新单")
        assert (old.process.number, new.process.number) == (1, 2)
        assert new.stage.code == "EXTRA"
        assert move_on(by=world.by("seller"), deal=old, version=old.version).stage.code == "MO1"


def test_the_check_reads_what_will_be_in_force_beside_the_drafts_at_their_date(world: World) -> None:
    renamed = {part: SHIPPED.texts[part].replace("hear-critical", "hear-at-once") for part in ("service_levels", "hearing")}
    both = opened(world, "service_levels", renamed["service_levels"])
    write_part(by=world.by("operations"), revision=both, part="hearing", text=renamed["hearing"])
    set_start(by=world.by("operations"), revision=both, at=now() + timedelta(days=7))
    approve(by=world.by("operations"), revision=both)
    # A catalogue that names the old level would break in a week, though today nothing is wrong with it.
    text = SHIPPED.texts["support"].replace("service_level: support", "service_level: hear-critical", 1)
    assert text != SHIPPED.texts["support"]
    support = opened(world, "support", text)
    assert "support.yaml" in said(refused(lambda: approve(by=world.by("operations"), revision=support)))
    write_part(by=world.by("operations"), revision=support, part="support", text=text.replace("hear-critical", "hear-at-once"))
    assert revisions.findings(support) != []  # at once, the new level is not there yet
    set_start(by=world.by("operations"), revision=support, at=now() + timedelta(days=8))
    approve(by=world.by("operations"), revision=support)
    # What builds on the other keeps it from being withdrawn.
    met = refused(lambda: withdraw(by=world.by("operations"), revision=both, reason="doch nicht"))
    assert met.code == "playbook.built_upon"
    withdraw(by=world.by("operations"), revision=support, reason="zuerst")
    withdraw(by=world.by("operations"), revision=both, reason="dann")
    with later(days=30):
        assert begin_due() == 0
        assert {version.number for version in book.versions().values()} == {1}


@pytest.mark.parametrize(
    "at",
    [now, lambda: now() - timedelta(seconds=1), lambda: now() + timedelta(days=800), lambda: datetime(2027, 1, 1)],
)
def test_a_date_that_cannot_be_is_refused_beside_its_field(world: World, at: Callable[[], datetime]) -> None:
    revision = opened(world)
    assert set(refused(lambda: set_start(by=world.by("operations"), revision=revision, at=at())).fields) == {"starts_at"}


def test_what_waited_for_its_approval_longer_than_for_its_date_begins_at_once(world: World) -> None:
    revision = opened(world)
    set_start(by=world.by("operations"), revision=revision, at=now() + timedelta(days=1))
    with later(days=2):
        approve(by=world.by("operations"), revision=revision)
        assert limit() == 180
        assert PartVersion.objects.get(part="service_levels", state="in_force").in_force_from == now()


def test_what_came_due_is_written_down_before_the_next_change_begins(world: World) -> None:
    revision = opened(world)
    set_start(by=world.by("operations"), revision=revision, at=now() + timedelta(days=1))
    approve(by=world.by("operations"), revision=revision)
    with later(days=2):
        approve(by=world.by("operations"), revision=opened(world, text=QUICKER.replace("minutes: 180", "minutes: 90")))
        assert limit() == 90
    assert states("service_levels") == [(1, "superseded"), (2, "superseded"), (3, "in_force")]


# Packs


def test_a_pack_makes_versions_of_what_differs_in_it_alone(world: World) -> None:
    new = Sources("quicker", dict(SHIPPED.texts) | {"service_levels": QUICKER})
    made = adopt_pack(by=world.by("operations"), sources=new, reason="第二版")
    assert [str(one) for one in made] == ["service_levels@2"]
    assert [part for part in PARTS if len(states(part)) > 1] == ["service_levels"]
    [approval] = Approval.objects.all()
    assert approval.person == world.operations
    before = snapshot()
    assert adopt_pack(by=world.by("operations"), sources=new, reason="第二版") == []
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("law 13")
def test_a_pack_waits_for_whom_its_parts_name_and_the_process_approves_for_nobody(world: World) -> None:
    named_by("hearing", "{head_of: solutions}")
    assert not Approval.objects.exists()
    texts = dict(sources().texts)
    new = Sources("both", texts | {"service_levels": QUICKER, "hearing": "# 第三版\n" + texts["hearing"]})
    made = adopt_pack(by=world.by("operations"), sources=new, reason="第三版")
    assert {(str(one), one.state) for one in made} == {("service_levels@2", "approved"), ("hearing@3", "draft")}
    assert limit() == 240
    [revision] = revisions.waiting_for(world.engineer_head)
    approve(by=world.by("engineer_head"), revision=revision)
    assert limit() == 180


# Rows that units own


FIELDS = """templates:
  - {code: site, unit: solutions, zh: 站点, en: Site}
fields:
  - {code: load, template: site, unit: solutions, zh: 负荷, en: Load}
  - {code: room, template: site, unit: delivery, zh: 机房, en: Room}
"""


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        ("zh: 负荷, en: Load", "zh: 峰值负荷, en: Load", {"solutions"}),
        ("unit: delivery, zh: 机房", "unit: solutions, zh: 机房", {"solutions", "delivery"}),
        ("  - {code: room, template: site, unit: delivery, zh: 机房, en: Room}\n", "", {"delivery"}),
        ("templates:", "approved_by: owners\ntemplates:", {""}),
    ],
)
@pytest.mark.req("B21.2b", breaks="earshot.playbooks.rules.owners")
def test_a_row_belongs_to_the_unit_that_needs_the_answer(before: str, after: str, units: set[str]) -> None:
    new = FIELDS.replace(before, after)
    assert new != FIELDS
    found = rules.owners(yaml.safe_load(FIELDS), yaml.safe_load(new))
    assert found == units


@pytest.mark.parametrize("code", [[1], {"a": 1}, None, 5])
def test_rows_that_no_code_names_belong_to_sales_operations(code: Any) -> None:
    rows = [{"code": "a", "unit": "one"}]
    assert rules.owners({"fields": rows}, {"fields": [*rows, {"code": code, "unit": "one"}]}) == {""}


def test_who_changes_a_row_of_his_own_does_not_put_those_of_others_into_another_order_by_it() -> None:
    one, two, own = {"code": "a", "unit": "one"}, {"code": "b", "unit": "one"}, {"code": "c", "unit": "two"}
    assert rules.owners({"fields": [one, two, own]}, {"fields": [two, one, own | {"zh": "改"}]}) == {"", "two"}
    assert rules.owners({"fields": [one, two]}, {"fields": [one, own, two]}) == {"two"}


def test_words_that_change_no_row_are_nobodys() -> None:
    new = FIELDS.replace("templates:", "# only words\ntemplates:")
    assert rules.owners(yaml.safe_load(FIELDS), yaml.safe_load(new)) == set()


def test_heads_draft_the_rows_of_their_own_units_and_operations_all() -> None:
    assert rules.may_draft("templates", {"solutions"}, operates=False, heads={"solutions"})
    assert not rules.may_draft("templates", {"solutions", "delivery"}, operates=False, heads={"solutions"})
    assert not rules.may_draft("templates", {""}, operates=False, heads={"solutions"})
    assert not rules.may_draft("hearing", {"solutions"}, operates=False, heads={"solutions"})
    assert rules.may_draft("hearing", {""}, operates=True, heads=set())


def test_a_form_gives_each_line_back_with_the_line_end_that_it_had() -> None:
    assert rules.line_ends("a\r\nb\r\nc", "a\nb\nc") == "a\nb\nc"
    assert rules.line_ends("a\r\nb\r\nc", "a\r\nb\r\nc") == "a\r\nb\r\nc"
    assert rules.line_ends("a\r\nb\r\nc", "a\r\nb\nc") == "a\r\nb\nc"
    assert rules.line_ends("a\r\nB\r\nnew\r\nc\r\n", "a\r\nb\nc\n") == "a\r\nB\nnew\nc\n"
