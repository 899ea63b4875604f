"""Rows written by kept statements are the rows that Django itself would write; what is kept of a reading is what was committed."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from earshot.journal.models import Entry, Label, Repeat, Scope
from earshot.kit import now, uuid7
from earshot.kit.engine import written
from earshot.people import rules
from earshot.people.calendars import change_hours, set_calendar
from earshot.people.models import Unit
from earshot.people.queries import business_time_of
from earshot.teams.models import Acceptance, Membership, Seat, Team
from worlds import World


def repeat(world: World, key: str) -> Repeat:
    return Repeat(person_id=world.seller.pk, key=key, fingerprint="f", answer={"数": [1, None]}, at=now())


def test_rows_are_written_as_they_are_and_know_their_keys(world: World) -> None:
    rows = [repeat(world, "a"), repeat(world, "b")]
    assert written.insert(rows) == 2
    assert written.insert([]) == 0
    for row in rows:
        kept = Repeat.objects.get(pk=row.pk)
        assert (kept.key, kept.person_id, kept.answer, kept.at) == (row.key, world.seller.pk, {"数": [1, None]}, row.at)
    rows[0].answer, rows[0].status = {}, 201
    rows[0].save()
    assert Repeat.objects.get(key="a").status == 201
    assert Repeat.objects.filter(key__in=["a", "b"]).count() == 2


def test_a_row_may_point_at_one_that_is_written_before_it_and_never_at_one_that_is_not(world: World) -> None:
    entry = Entry(verb="x", actor_kind="process", rule="tests", claimed_at=now(), recorded_at=now())
    scope = Scope(entry=entry, kind="deal", object_id=uuid7())
    with pytest.raises(ValueError, match=r"Scope.entry points at a Entry that has not been written"):
        written.insert([scope])
    written.insert([entry])
    written.insert([scope])
    assert Scope.objects.get(pk=scope.pk).entry == entry
    with pytest.raises(TypeError, match="not written together"):
        written.insert([entry, scope])


def test_a_taken_row_is_left_out_only_where_that_is_asked_for(world: World) -> None:
    written.insert([repeat(world, "a")])
    assert written.insert([repeat(world, "a")], unless_taken=True) == 0
    assert written.insert([repeat(world, "a"), repeat(world, "b")], unless_taken=True) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        written.insert([repeat(world, "a")])
    # What is wrong for another reason than being taken is refused all the same.
    team = Team(name="t", unit=world.seller.unit, formed_at=now())
    seat = Seat(team=team, role="x", leader=True, why_zh="", why_en="")
    written.insert([team])
    written.insert([seat])
    membership = Membership(seat=seat, person=world.seller, nominated_at=now())
    written.insert([membership])
    with pytest.raises(IntegrityError), transaction.atomic():
        written.insert([Acceptance(membership=membership, at=None)], unless_taken=True)


def test_putting_a_row_renews_only_the_fields_that_are_said(world: World) -> None:
    at = now()
    first = Label(kind="deal", object_id=uuid7(), text="old", erased_at=at)
    written.put([first], unique=["kind", "object_id"], fields=["text"])
    written.put([Label(kind="deal", object_id=first.object_id, text="new")], unique=["kind", "object_id"], fields=["text"])
    label = Label.objects.get(kind="deal", object_id=first.object_id)
    assert (label.text, label.erased_at) == ("new", at)


def test_an_update_writes_what_is_said_and_misses_no_row(world: World) -> None:
    deal = world.deal("旧名")
    deal.title, deal.currency = "新名", "USD"
    written.update(deal, "title")
    deal.refresh_from_db()
    assert (deal.title, deal.currency) == ("新名", "CNY")
    deal.pk = uuid7()
    with pytest.raises(DatabaseError, match="is not there"):
        written.update(deal, "title")


@pytest.mark.own_database
def test_a_calendar_that_was_rolled_back_is_never_reckoned_with(world: World) -> None:
    unit = world.units["solutions"]

    def zone() -> str:
        return str(business_time_of(unit.pk).calendar.zone)

    ours = set_calendar(by=world.by("administrator"), name="ours", zone="Asia/Kathmandu")
    week = [rules.written(spans) for spans in ours.weekly]

    def change(zone: str) -> None:
        change_hours(by=world.by("administrator"), calendar=ours, name="ours", zone=zone, weekly=week)

    Unit.objects.filter(pk=unit.pk).update(calendar=ours)
    assert zone() == "Asia/Kathmandu"
    with transaction.atomic():
        change("Europe/Berlin")
        assert zone() == "Europe/Berlin"
        transaction.set_rollback(True)
    assert zone() == "Asia/Kathmandu"
    change("Europe/Lisbon")
    assert zone() == "Europe/Lisbon"
