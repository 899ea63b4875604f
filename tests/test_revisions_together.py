"""Two people change the playbook in the same second: real threads, real commits, both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.kit import clock, now
from earshot.people.actions import give_permission
from earshot.people.permits import OPERATE
from earshot.playbooks import book, revisions, rules
from earshot.playbooks.actions import adopt_pack, approve, begin_due, open_revision, set_start, undo, write_part
from earshot.playbooks.models import Approval, Edit, PartVersion, Revision
from earshot.playbooks.sources import PACKS, Sources
from test_together import codes, together
from worlds import World

pytestmark = pytest.mark.own_database
SHIPPED = Sources.of_folder(PACKS / "iron-triangle-ltc")
LEVELS = SHIPPED.texts["service_levels"]


def quicker(minutes: int) -> str:
    return LEVELS.replace("minutes: 240", f"minutes: {minutes}", 1)


def opened(world: World) -> Revision:
    give_permission(by=process("tests"), person=world.delivery, permission=OPERATE)
    revision = open_revision(by=world.by("operations"), reason="更快", parts=["service_levels"])
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=quicker(180))
    return revision


def test_two_open_a_draft_of_the_same_part_and_one_is_led_to_the_others(world: World) -> None:
    give_permission(by=process("tests"), person=world.delivery, permission=OPERATE)
    outcomes = together(
        *(lambda key=key: open_revision(by=world.by(key), reason="更快", parts=["hearing"]) for key in ("operations", "delivery"))
    )
    assert codes(outcomes) == ["", "playbook.taken"]
    assert PartVersion.objects.filter(part="hearing", state="draft").count() == 1


def test_two_open_drafts_of_two_parts_and_each_revision_has_its_own_number(world: World) -> None:
    outcomes = together(
        *(lambda part=part: open_revision(by=world.by("operations"), reason="更快", parts=[part]) for part in ("hearing", "policies"))
    )
    assert codes(outcomes) == ["", ""]
    assert sorted(Revision.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_two_edit_the_same_text_and_one_is_told_that_it_has_changed(world: World) -> None:
    revision = opened(world)
    outcomes = together(
        *(
            lambda key=key, minutes=minutes: write_part(
                by=world.by(key), revision=revision, part="service_levels", text=quicker(minutes), seen=rules.digest(quicker(180))
            )
            for key, minutes in (("operations", 60), ("delivery", 90))
        )
    )
    assert codes(outcomes) == ["", "stale"]
    kept = PartVersion.objects.get(part="service_levels", state="draft").source
    assert [edit.text for edit in Edit.objects.filter(version__state="draft").order_by("number")] == [LEVELS, quicker(180), kept]


def test_two_take_back_the_same_edit_and_it_is_taken_back_once(world: World) -> None:
    revision = opened(world)
    write_part(by=world.by("operations"), revision=revision, part="service_levels", text=quicker(60))
    seen = rules.digest(quicker(60))
    outcomes = together(
        *(lambda key=key: undo(by=world.by(key), revision=revision, part="service_levels", seen=seen) for key in ("operations", "delivery"))
    )
    assert codes(outcomes) == ["", "stale"]
    assert PartVersion.objects.get(part="service_levels", state="draft").source == quicker(180)


@pytest.mark.req("B28.1b")
def test_two_approve_at_once_and_it_begins_once(world: World) -> None:
    revision = opened(world)
    outcomes = together(*(lambda key=key: approve(by=world.by(key), revision=revision) for key in ("operations", "delivery")))
    assert codes(outcomes) == ["", "playbook.closed"]
    assert Approval.objects.count() == 1
    assert PartVersion.objects.filter(part="service_levels", state="in_force").get().number == 2
    assert Entry.objects.filter(verb="playbooks.part_in_force", data__reason="更快").count() == 1


def test_one_writes_while_another_approves_and_what_is_in_force_was_approved(world: World) -> None:
    revision = opened(world)
    outcomes = together(
        lambda: approve(by=world.by("operations"), revision=revision, version=Revision.objects.get(pk=revision.pk).version),
        lambda: write_part(by=world.by("delivery"), revision=revision, part="service_levels", text=quicker(5)),
    )
    assert codes(outcomes) in (["", "playbook.closed"], ["", "stale"], ["", ""])
    version = book.versions()["service_levels"]
    if version.number == 2:
        assert Approval.objects.get(version=version).digest == rules.digest(version.source)
    else:
        assert revisions.versions_of(revision)["service_levels"].source == quicker(5)


@pytest.mark.req("B28.1b")
def test_two_workers_write_down_what_came_due_and_it_is_told_once(world: World) -> None:
    revision = opened(world)
    set_start(by=world.by("operations"), revision=revision, at=now() + timedelta(days=1))
    approve(by=world.by("operations"), revision=revision)
    at = now() + timedelta(days=2)

    def work() -> int:
        with clock.standing_still(at):
            return begin_due()

    assert sorted(together(work, work, work)) == [0, 0, 1]
    assert Entry.objects.filter(verb="playbooks.part_in_force", data__reason="更快").count() == 1
    assert sorted(PartVersion.objects.filter(part="service_levels").values_list("number", "state")) == [(1, "superseded"), (2, "in_force")]


def test_two_take_in_packs_at_once_and_each_makes_its_version(world: World) -> None:
    give_permission(by=process("tests"), person=world.delivery, permission=OPERATE)
    outcomes = together(
        *(
            lambda key=key, minutes=minutes: adopt_pack(
                by=world.by(key), sources=Sources("x", dict(SHIPPED.texts) | {"service_levels": quicker(minutes)}), reason="更快"
            )
            for key, minutes in (("operations", 60), ("delivery", 90))
        )
    )
    assert codes(outcomes) == ["", ""]
    assert sorted(PartVersion.objects.filter(part="service_levels").values_list("number", "state")) == [
        (1, "superseded"),
        (2, "superseded"),
        (3, "in_force"),
    ]
