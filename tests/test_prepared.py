"""Queries that are put into SQL once a process: each asking has its own values, and a plan never holds what one reader may see."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from earshot.deals import queries as deals
from earshot.desk.finding import find
from earshot.journal.models import Entry
from earshot.kit import uuid7
from earshot.kit.engine.prepared import Prepared
from earshot.kit.problems import Refusal
from earshot.kit.reading import once, reading
from earshot.people import standing
from earshot.people.models import Person, Unit
from earshot.people.standing import Seeing
from worlds import World, later


def test_each_asking_has_its_own_values(world: World) -> None:
    named = Prepared(lambda ids, name: Person.objects.filter(Q(pk__in=ids) | Q(name=name)).select_related("unit").order_by("name"))
    people = sorted([world.seller, world.head, world.engineer], key=lambda person: person.name)
    for some in ([], people[:1], people[:2], people):
        for name in ("", world.stranger.name):
            found = named.objects([person.pk for person in some], name)
            wanted = [*some, *([world.stranger] if name else [])]
            assert sorted(person.pk for person in found) == sorted(person.pk for person in wanted)
            assert all(person.unit == Unit.objects.get(pk=person.unit_id) for person in found)
    assert named.count([person.pk for person in people], "") == 3
    with CaptureQueriesContext(connection) as caught:
        assert named.objects([], "") == []
        assert len(named.objects([world.seller.pk], "")) == 1
    assert len(caught) <= 2


def test_a_moment_is_a_value(world: World) -> None:
    since = Prepared(lambda at: Entry.objects.filter(recorded_at__gte=at).order_by("seq").values_list("pk"))
    world.deal()
    with later(minutes=1):
        world.deal("another")
    every = list(Entry.objects.order_by("seq").values_list("pk", "recorded_at"))
    for _pk, at in {at: (pk, at) for pk, at in every}.values():
        assert [pk for (pk,) in since.rows(at)] == [pk for pk, recorded in every if recorded >= at]


def test_an_object_is_what_the_orm_would_have_made_and_can_be_written(world: World) -> None:
    one = Prepared(lambda pk: Person.objects.filter(pk=pk))
    found, wanted = one.one(world.seller.pk), Person.objects.get(pk=world.seller.pk)
    assert {**found.__dict__, "_state": None} == {**wanted.__dict__, "_state": None}
    assert (found._state.adding, found._state.db) == (False, wanted._state.db)
    found.title = "changed"
    found.save(update_fields=["title"])
    assert Person.objects.get(pk=found.pk).title == "changed"
    assert one.one(uuid7()) is None
    assert Prepared(lambda pk: Person.objects.filter(pk=pk).values("name", "pk")).dicts(found.pk) == [{"name": found.name, "pk": found.pk}]


def test_a_value_that_would_stay_in_the_plan_is_refused(world: World) -> None:
    inside = Prepared(lambda words: Person.objects.filter(name__icontains=words))
    with pytest.raises(TypeError, match="compared as it is"):
        inside.objects("a")
    with pytest.raises(TypeError, match="by keyword"):
        Prepared(lambda yes: Person.objects.filter(left_at__isnull=yes)).objects(True)
    with pytest.raises(TypeError, match="fetches nothing besides"):
        Prepared(lambda: Person.objects.prefetch_related("posts")).objects()


@pytest.mark.req("law 13", breaks="earshot.people.standing.seen_by")
def test_one_plan_serves_every_reader_and_shows_each_only_what_is_his_or_hers(world: World) -> None:
    deal = world.deal()
    seen = Seeing(lambda person, pk: deals.visible_to(person).filter(pk=pk))
    people = [standing.for_request(Person.objects.get(pk=person.pk)) for person in world.people.values()]
    for _again in range(2):
        for person in people:
            assert bool(seen.one(person, deal.pk)) == deals.visible_to(person).filter(pk=deal.pk).exists(), person.name
            assert seen.count(person, deal.pk) == len(seen.objects(person, deal.pk))
    assert {bool(seen.one(person, deal.pk)) for person in people} == {True, False}
    with pytest.raises(Refusal):
        find(world.stranger, "deal", deal.pk)


def test_a_plan_cannot_be_made_of_anything_else_of_a_person(world: World) -> None:
    """What a plan knew of its first reader, every later reader would be asked by."""
    with pytest.raises(Person.DoesNotExist):
        Seeing(lambda person: Person.objects.filter(unit=person.unit_id)).objects(world.seller)


def test_in_one_reading_a_question_is_asked_once_for_each_who_asks() -> None:
    asked: list[tuple[UUID, str]] = []

    @once
    def question(who: UUID, what: str) -> str:
        asked.append((who, what))
        return f"{what}!"

    one, other = uuid7(), uuid7()
    with reading():
        assert [question(one, "a"), question(one, "a"), question(other, "a"), question(one, "b")] == ["a!", "a!", "a!", "b!"]
    assert len(asked) == 3
    question(one, "a")
    question(one, "a")
    assert len(asked) == 5
