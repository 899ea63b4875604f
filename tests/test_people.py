"""Units, people, posts, permissions, logins and tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.problems import Refusal
from earshot.people import permits, rules
from earshot.people.actions import (
    add_person,
    add_unit,
    appoint_head,
    digest,
    end_grant,
    end_post,
    end_skill,
    give_login,
    give_permission,
    give_post,
    give_skill,
    make_token,
    revoke_token,
)
from earshot.people.calendars import change_hours, set_calendar
from earshot.people.models import Grant, Login, Person, Post, Skill, Token, Unit, UnitAbove
from earshot.people.queries import answerable_for, business_time_of, by_token, head_at_or_above, holders, is_head_at_or_above, valid_skills
from worlds import World, changed_tables, snapshot


def test_the_closure_of_the_tree_holds_every_unit_with_each_above_it(world: World) -> None:
    company, solutions = world.units["company"], world.units["solutions"]
    deep = add_unit(by=world.by("administrator"), code="lab", name="实验室", parent=solutions)
    assert set(UnitAbove.objects.filter(unit=deep).values_list("above__code", "steps")) == {("lab", 0), ("solutions", 1), ("company", 2)}
    assert head_at_or_above(deep) == world.engineer_head
    assert is_head_at_or_above(world.head, deep)
    assert not is_head_at_or_above(world.engineer_head, company)


def test_a_unit_is_not_its_own_parent_and_has_a_code_of_its_own(world: World) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Unit.objects.filter(code="lab").update(parent=None)
        unit = world.units["solutions"]
        Unit.objects.filter(pk=unit.pk).update(parent=unit)
    with pytest.raises(Refusal) as refused:
        add_unit(by=world.by("administrator"), code="solutions", name="x")
    assert set(refused.value.fields) == {"code"}


@pytest.mark.parametrize("key", ["seller", "head", "operations", "engineer_head", "stranger"])
def test_only_who_administers_changes_units_people_posts_and_permissions(world: World, key: str) -> None:
    by, unit, person = world.by(key), world.units["branch"], world.people[key]
    before = snapshot()
    for act in (
        lambda: add_unit(by=by, code="x", name="x"),
        lambda: add_person(by=by, name="x", unit=unit),
        lambda: appoint_head(by=by, unit=unit, person=person),
        lambda: give_post(by=by, person=person, unit=unit, role="SDT"),
        lambda: give_skill(by=by, person=person, code="x", level=5, evidence="x"),
        lambda: end_post(by=by, post=Post.objects.filter(until__isnull=True).latest("pk"), reason="x"),
        lambda: end_grant(by=by, grant=Grant.objects.filter(until__isnull=True).latest("pk"), reason="x"),
        lambda: end_skill(by=by, skill=Skill.objects.latest("pk"), reason="x"),
        lambda: give_permission(by=by, person=person, permission=permits.ADMINISTER),
        lambda: give_login(by=by, person=person),
        lambda: set_calendar(by=by, name="x"),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.status == 403
    assert changed_tables(before, snapshot()) == set()


def test_an_answerable_holder_is_called_first_and_a_new_one_takes_the_place(world: World) -> None:
    unit = world.units["solutions"]
    assert answerable_for(unit, "SR") == world.engineer
    give_post(by=world.by("administrator"), person=world.engineer_two, unit=unit, role="SR", answerable=True)
    assert answerable_for(unit, "SR") == world.engineer_two
    assert set(holders("SR", unit)) == {world.engineer, world.engineer_two}
    Person.objects.filter(pk=world.engineer_two.pk).update(left_at=now())
    assert answerable_for(unit, "SR") == world.engineer
    assert Post.objects.filter(unit=unit, role="SR", answerable=True, until__isnull=True).count() == 1


def test_a_skill_has_a_level_from_1_to_5_with_evidence(world: World) -> None:
    give_skill(by=world.by("administrator"), person=world.engineer, code="solution-design", level=5, evidence="第四个站点")
    assert Skill.objects.get(person=world.engineer, code="solution-design").level == 5
    with pytest.raises(Refusal) as refused:
        give_skill(by=world.by("administrator"), person=world.engineer, code="solution-design", level=6, evidence="x")
    assert set(refused.value.fields) == {"level"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Skill.objects.create(person=world.engineer, code="x", level=6, evidence="x")


def test_a_permission_that_nobody_registered_is_refused_and_given_twice_is_given_once(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        give_permission(by=world.by("administrator"), person=world.seller, permission="everything")
    assert set(refused.value.fields) == {"permission"}
    for _time in range(2):
        give_permission(by=world.by("administrator"), person=world.seller, permission="deals.see_all")
    assert Grant.objects.filter(person=world.seller).count() == 1
    assert permits.holds(world.seller, "deals.see_all")


def grant(world: World, key: str) -> Grant:
    return Grant.objects.get(person=world.people[key], until__isnull=True)


def test_a_permission_ends_with_a_reason_and_can_be_given_again(world: World) -> None:
    given = give_permission(by=world.by("administrator"), person=world.seller, permission="deals.see_all")
    with pytest.raises(Refusal) as refused:
        end_grant(by=world.by("administrator"), grant=given, reason=" ")
    assert set(refused.value.fields) == {"reason"}
    end_grant(by=world.by("administrator"), grant=given, reason="没有必要")
    assert not permits.holds(world.seller, "deals.see_all")
    assert Entry.objects.get(verb="people.permission_ended").data["reason"] == "没有必要"
    with pytest.raises(Refusal) as refused:
        end_grant(by=world.by("administrator"), grant=given, reason="again")
    assert refused.value.code == "grant.ended"
    give_permission(by=world.by("administrator"), person=world.seller, permission="deals.see_all")
    assert permits.holds(world.seller, "deals.see_all")


def test_nobody_takes_the_last_administrators_permission_away(world: World) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        end_grant(by=world.by("administrator"), grant=grant(world, "administrator"), reason="休假")
    assert refused.value.code == "grant.last_administrator"
    assert changed_tables(before, snapshot()) == set()
    second = give_permission(by=world.by("administrator"), person=world.colleague, permission=permits.ADMINISTER)
    Person.objects.filter(pk=world.colleague.pk).update(left_at=now())
    with pytest.raises(Refusal):  # who has left administers nothing
        end_grant(by=world.by("administrator"), grant=grant(world, "administrator"), reason="休假")
    Person.objects.filter(pk=world.colleague.pk).update(left_at=None)
    end_grant(by=world.by("administrator"), grant=grant(world, "administrator"), reason="休假")
    with pytest.raises(Refusal):
        end_grant(by=world.by("colleague"), grant=second, reason="休假")


def test_a_post_ends_with_a_reason_and_the_next_holder_is_called(world: World) -> None:
    post = Post.objects.get(person=world.engineer)
    with pytest.raises(Refusal) as refused:
        end_post(by=world.by("administrator"), post=post, reason="")
    assert set(refused.value.fields) == {"reason"}
    end_post(by=world.by("administrator"), post=post, reason="换岗")
    assert answerable_for(world.units["solutions"], "SR") == world.engineer_two
    assert Post.objects.get(pk=post.pk).until == now()
    give_post(by=world.by("administrator"), person=world.engineer, unit=world.units["solutions"], role="SR", answerable=True)
    assert answerable_for(world.units["solutions"], "SR") == world.engineer


def test_a_post_of_a_role_that_the_playbook_does_not_know_is_refused(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        give_post(by=world.by("administrator"), person=world.engineer, unit=world.units["solutions"], role="SRR")
    assert set(refused.value.fields) == {"role"}


def test_a_skill_ends_on_a_day_and_qualifies_nobody_afterwards(world: World) -> None:
    skill = world.engineer.skills.get()
    for until in (now().date() + timedelta(days=1),):
        with pytest.raises(Refusal) as refused:
            end_skill(by=world.by("administrator"), skill=skill, reason="x", until=until)
        assert set(refused.value.fields) == {"until"}
    end_skill(by=world.by("administrator"), skill=skill, reason="证书过期")
    assert valid_skills(world.engineer) == {}
    with pytest.raises(Refusal) as refused:
        end_skill(by=world.by("administrator"), skill=skill, reason="again")
    assert refused.value.code == "skill.ended"
    give_skill(by=world.by("administrator"), person=world.engineer, code=skill.code, level=4, evidence="新证书")
    assert valid_skills(world.engineer) == {skill.code: 4}


def test_a_login_belongs_to_at_most_one_person_and_a_person_exists_without_one(world: World) -> None:
    person = add_person(by=world.by("administrator"), name="Imported Seller", unit=world.units["branch"])
    assert not Login.objects.filter(person=person).exists()
    login, password = give_login(by=world.by("administrator"), person=person)
    assert login.username == "imported.seller"
    assert login.check_password(password)
    assert password not in str(snapshot())
    with pytest.raises(Refusal):
        give_login(by=world.by("administrator"), person=person)
    other = add_person(by=world.by("administrator"), name="Imported Seller", unit=world.units["branch"])
    with pytest.raises(Refusal) as refused:
        give_login(by=world.by("administrator"), person=other)
    assert set(refused.value.fields) == {"username"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Login.objects.create_user("second", None, person=person)


@pytest.mark.req("law 13")
def test_a_token_is_made_by_its_person_alone_is_kept_as_a_digest_and_dies_with_its_revocation(world: World) -> None:
    with pytest.raises(Refusal):
        make_token(by=world.by("administrator"), person=world.seller, name="stolen")
    token, key = make_token(by=world.by("seller"), person=world.seller, name="phone")
    assert key not in str(snapshot())
    assert by_token(digest(key)) == token
    with pytest.raises(Refusal):
        revoke_token(by=world.by("colleague"), token=token)
    revoke_token(by=world.by("administrator"), token=token)
    revoke_token(by=world.by("seller"), token=token)
    assert by_token(digest(key)) is None
    assert Entry.objects.filter(verb="people.token_revoked").count() == 1


def test_a_token_of_somebody_who_has_left_opens_nothing(world: World) -> None:
    _token, key = make_token(by=world.by("seller"), person=world.seller, name="phone")
    Person.objects.filter(pk=world.seller.pk).update(left_at=now())
    assert by_token(digest(key)) is None
    assert Token.objects.filter(revoked_at__isnull=True).exists()


def test_a_unit_works_by_its_own_calendar_or_that_of_the_nearest_unit_above(world: World) -> None:
    def zone(code: str) -> str:
        return str(business_time_of(world.units[code].pk).calendar.zone)

    assert zone("solutions") == "Asia/Shanghai"
    berlin = set_calendar(by=world.by("administrator"), name="Berlin", zone="Europe/Berlin", country="DE")
    Unit.objects.filter(code="solutions").update(calendar=berlin)
    assert (zone("solutions"), zone("delivery")) == ("Europe/Berlin", "Asia/Shanghai")
    assert str(business_time_of(None).calendar.zone) == "Asia/Shanghai"
    week = [rules.written(spans) for spans in berlin.weekly]
    change_hours(by=world.by("administrator"), calendar=berlin, name="Berlin", zone="Europe/Lisbon", weekly=week)
    assert zone("solutions") == "Europe/Lisbon"
