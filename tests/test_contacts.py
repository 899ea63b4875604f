"""People at the customers: one person at several customers, two records that are one person, and who of us met whom."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.test import Client

from api_caller import Caller
from earshot.accounts import persons, queries
from earshot.accounts.actions import add_contact, change_account, end_contact, keep_contact, set_superior
from earshot.accounts.models import Account, Contact, ContactMerge
from earshot.accounts.persons import add_post, merge_contacts
from earshot.cli.root import earshot
from earshot.kit.problems import Refusal
from earshot.voice import queries as voice
from earshot.voice.actions import Said, With, confirm_presence, deny_presence, record_meeting
from earshot.voice.models import Attendance, Item
from worlds import World, changed_tables, later, said, snapshot


def there(world: World, name: str, title: str = "", account: str = "sudatel", key: str = "seller", **more: Any) -> Contact:
    return add_contact(by=world.by(key), account=world.accounts[account], name=name, title=title, **more)


def merged(world: World, gone: Contact, into: Contact, key: str = "seller", **more: Any) -> Contact:
    return merge_contacts(by=world.by(key), gone=gone, into=into, **{"reason": "同一个人", "sure": True, **more})


def listed(account: Account) -> list[tuple[str, str | None]]:
    return [(one.called, one.reports_to.called if one.reports_to else None) for one in queries.contacts_of(account)]


def as_page(world: World, key: str = "seller") -> Client:
    client = Client()
    client.force_login(world.login(key))
    return client


def test_one_person_has_a_post_and_a_superior_at_each_of_several_customers(world: World) -> None:
    parent, branch = world.accounts["sudatel"], world.accounts["harbour"]
    amal, boss = there(world, "Amal", "CTO", since="2020-05-01"), there(world, "Osman", account="harbour")
    post = add_post(by=world.by("seller"), contact=amal, account=branch, title="董事", since="2024-01-01")
    set_superior(by=world.by("seller"), contact=post, to=boss)
    assert add_post(by=world.by("seller"), contact=post, account=branch, title="董事") == post
    assert [(one.account.name, one.title, str(one.since)) for one in persons.records_of(amal.pk)] == [
        (parent.name, "CTO", "2020-05-01"),
        (branch.name, "董事", "2024-01-01"),
    ]
    assert ("Amal", "Osman") in listed(branch)
    assert ("Amal", None) in listed(parent)
    end_contact(by=world.by("seller"), contact=post, reason="离任")
    assert "Amal" not in [name for name, _upper in listed(branch)]
    assert "Amal" in [name for name, _upper in listed(parent)]
    back = add_post(by=world.by("seller"), contact=amal, account=branch, title="董事")
    assert (back.pk, back.left_at) == (post.pk, None)


@pytest.mark.req("law 13", breaks="earshot.accounts.persons.visible_to")
def test_a_post_at_a_customer_that_the_reader_does_not_see_is_not_told(world: World) -> None:
    amal = there(world, "Amal")
    hidden = Contact.objects.create(account=world.accounts["cascade"], name="Amal", title="绝密顾问", person=amal)
    assert persons.elsewhere(world.seller, [amal]) == {}
    page = as_page(world).get(f"/contacts/{amal.pk}/").content.decode()
    assert "绝密顾问" not in page
    assert world.accounts["cascade"].name not in page
    assert as_page(world).get(f"/contacts/{hidden.pk}/").status_code == 404
    assert as_page(world, "stranger").get(f"/contacts/{amal.pk}/").status_code == 404
    for contact, account in ((amal, "cascade"), (hidden, "sudatel")):
        with pytest.raises(Refusal) as refused:
            add_post(by=world.by("seller"), contact=contact, account=world.accounts[account])
        assert refused.value.status == 404
    with pytest.raises(Refusal) as refused:  # the one who goes is known where the seller does not see
        merged(world, amal, there(world, "阿马尔"))
    assert refused.value.code == "contact.elsewhere"
    assert world.accounts["cascade"].name not in said(refused.value)


@pytest.mark.req("law 1")
def test_two_records_made_one_keep_every_word_and_the_name_under_which_it_was_said(world: World) -> None:
    deal = world.spoken_deal()
    osman = Contact.objects.get(account=deal.account, name="Osman Taha")
    stays, upper, below = there(world, "奥斯曼", "技术总监"), there(world, "Amal"), there(world, "Sara")
    set_superior(by=world.by("seller"), contact=osman, to=upper)
    set_superior(by=world.by("seller"), contact=below, to=osman)
    words = list(Item.objects.filter(deal=deal).values_list("pk", "words", "speaker"))
    assert merged(world, osman, stays) == stays
    assert list(Item.objects.filter(deal=deal).values_list("pk", "words", "speaker")) == words
    assert Item.objects.filter(deal=deal, speaker=osman).exists()
    assert listed(world.accounts["sudatel"]) == [("Amal", None), ("Sara", "奥斯曼"), ("奥斯曼", "Amal")]
    record = ContactMerge.objects.get(gone=osman)
    assert (record.stays, record.by, record.reason) == (stays, world.seller, "同一个人")
    # Written down once more under the name that went, it is the one who stays.
    assert keep_contact(world.by("seller"), world.accounts["sudatel"], "Osman Taha", "CTO") == stays
    for again in (lambda: merged(world, osman, stays), lambda: set_superior(by=world.by("seller"), contact=osman, to=None)):
        with pytest.raises(Refusal) as refused:
            again()
        assert refused.value.status == 409
    with pytest.raises(DatabaseError), transaction.atomic():
        ContactMerge.objects.filter(pk=record.pk).update(reason="没有")


def test_that_it_cannot_be_undone_is_said_before_anything_is_done(world: World) -> None:
    one, two = there(world, "王强"), there(world, "王墙")
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        merged(world, one, two, sure=False)
    assert (refused.value.status, set(refused.value.fields)) == (409, {"sure"})
    assert "cannot be taken apart again" in said(refused.value)
    with pytest.raises(Refusal) as refused:
        merged(world, one, two, reason=" ")
    assert set(refused.value.fields) == {"reason"}
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("law 13", breaks="earshot.accounts.persons._may_merge")
def test_only_who_works_on_the_account_of_the_one_that_goes_merges(world: World) -> None:
    one, two = there(world, "王强"), there(world, "王墙")
    elsewhere = there(world, "王强", account="cascade", key="stranger")
    for key, gone, into in (("stranger", one, elsewhere), ("seller", elsewhere, one), ("seller", one, elsewhere)):
        with pytest.raises(Refusal) as refused:
            merged(world, gone, into, key=key)
        assert refused.value.status == 404
    world.spoken_deal()
    deal = world.spoken_deal("第二单")
    assert queries.sees(world.head, deal.account)  # type: ignore[arg-type]
    merged(world, one, two, key="head")
    assert ContactMerge.objects.get().by == world.head


def test_records_at_two_customers_made_one_are_two_posts_of_one_person_and_chains_stay_flat(world: World) -> None:
    here, far, third = there(world, "王强"), there(world, "王强", account="harbour"), there(world, "王墙")
    merged(world, far, here)
    far.refresh_from_db()
    assert (far.person, far.merged_at) == (here, None)
    assert "王强" in [name for name, _upper in listed(world.accounts["harbour"])]
    merged(world, here, third)  # whoever pointed to the one that goes points to the one that stays
    assert set(Contact.objects.filter(person=third).values_list("pk", flat=True)) == {here.pk, far.pk}
    assert not Contact.objects.filter(person__person__isnull=False).exists()
    assert persons.elsewhere(world.seller, [third])[third.pk] == [far]
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.filter(pk=third.pk).update(person=third)
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.filter(pk=third.pk).update(merged_at=world.accounts["sudatel"].opened_at)


def test_a_line_that_would_become_a_circle_is_refused_before(world: World) -> None:
    top, middle, low = there(world, "甲"), there(world, "乙"), there(world, "丙")
    set_superior(by=world.by("seller"), contact=middle, to=top)
    set_superior(by=world.by("seller"), contact=low, to=middle)
    with pytest.raises(Refusal) as refused:
        merged(world, top, low)
    assert set(refused.value.fields) == {"gone"}
    merged(world, low, top)
    assert listed(world.accounts["sudatel"]) == [("乙", "甲"), ("甲", None)]
    merged(world, top, middle)
    assert listed(world.accounts["sudatel"]) == [("乙", None)]


@pytest.mark.own_database
def test_two_who_merge_each_into_the_other_in_the_same_second_leave_one_person(world: World) -> None:
    one, two = there(world, "王强"), there(world, "王墙")
    found: list[Exception] = []

    def put(gone: Contact, into: Contact) -> None:
        try:
            merged(world, gone, into)
        except Refusal as refusal:
            found.append(refusal)
        finally:
            connections.close_all()

    threads = [Thread(target=put, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
    assert ContactMerge.objects.count() == 1
    assert Contact.objects.filter(pk__in=[one.pk, two.pk], person__isnull=True).count() == 1


def test_names_alike_at_one_customer_and_in_its_group_are_hinted_as_far_as_they_are_seen(world: World) -> None:
    parent, branch, apart = world.accounts["sudatel"], world.accounts["harbour"], world.accounts["cascade"]
    change_account(by=world.by("seller"), account=branch, version=branch.version, parent=parent)
    Account.objects.filter(pk=apart.pk).update(parent=parent)
    wang, twin, far = there(world, "王强", "经理"), there(world, "王墙"), there(world, "王强", account="harbour")
    there(world, "王强", account="cascade", key="stranger")
    there(world, "李雷")
    found = persons.mergeable(world.seller, wang)
    assert {one.pk for one in persons.alike(found, wang.called)} == {twin.pk, far.pk}
    assert persons.likely(list(queries.contacts_of(parent))) == {wang.pk, twin.pk}
    merged(world, twin, wang)
    assert persons.likely(list(queries.contacts_of(parent))) == set()


@pytest.mark.req("law 13")
def test_who_of_us_met_somebody_is_who_was_there_and_says_so_in_meetings_that_the_reader_sees(world: World) -> None:
    deal = world.deal("苏丹站点")
    first = world.words(deal, present=["engineer", "head"])
    osman = Contact.objects.get(account=deal.account, name="Osman Taha")
    confirm_presence(by=world.by("engineer"), attendance=Attendance.objects.get(meeting=first, person=world.engineer))
    deny_presence(by=world.by("head"), attendance=Attendance.objects.get(meeting=first, person=world.head))
    twin = there(world, "奥斯曼")
    with later(days=2):
        record_meeting(by=world.by("seller"), deal=deal, contacts=[With("奥斯曼"), With("Osman Taha", "CTO")], items=[Said("再谈", "", 0)])
    merged(world, twin, osman)
    met = voice.met(world.seller, [osman.pk])[osman.pk]
    assert [(one.name, one.times) for one in met] == [(world.seller.name, 2), (world.engineer.name, 1)]
    assert met[0].last > met[1].last
    assert voice.met(world.stranger, [osman.pk]) == {}
    page = as_page(world).get(f"/contacts/{twin.pk}/").content.decode()
    assert page.count("/meetings/") == 2
    narrowed = as_page(world).get(f"/contacts/{osman.pk}/?who={world.engineer.pk}").content.decode()
    assert narrowed.count("/meetings/") == 1
    assert "我方共 2 人见过" in as_page(world).get(f"/accounts/{deal.account_id}/").content.decode()


def test_on_the_pages_somebody_is_added_put_at_another_customer_and_merged(world: World) -> None:
    client, account = as_page(world), world.accounts["sudatel"]
    url = f"/accounts/{account.pk}/"
    assert client.post(url, {"act": "add_contact", "name": "王强", "since": "gestern"}).status_code == 422
    assert client.post(url, {"act": "add_contact", "name": "王强", "since": "2090-01-01"}).status_code == 422
    for name in ("王强", "王墙"):
        assert client.post(url, {"act": "add_contact", "name": name, "title": "经理", "since": "2024-02-29"}).status_code == 302
    wang, twin = Contact.objects.get(name="王强"), Contact.objects.get(name="王墙")
    page = f"/contacts/{wang.pk}/"
    assert f'href="{page}"' in client.get(url).content.decode()
    assert client.post(page, {"act": "also", "account": "", "title": "董事"}).status_code == 422
    assert client.post(page, {"act": "also", "account": str(world.accounts["harbour"].pk), "title": "董事"}).status_code == 302
    asked = client.post(page, {"act": "merge", "gone": str(twin.pk), "reason": "同音"})
    assert asked.status_code == 409
    assert "同音" in asked.content.decode()
    assert client.post(page, {"act": "merge", "gone": str(twin.pk), "reason": "同音", "sure": "1"}).status_code == 302
    assert "王墙" in client.get(page).content.decode()
    assert f"/contacts/{twin.pk}/" not in client.get(url).content.decode()


def test_programs_and_the_command_line_do_the_same(world: World, caller: Callable[..., Caller]) -> None:
    api, account, other = caller("seller"), world.accounts["sudatel"], world.accounts["harbour"]
    shown = api.post(f"/accounts/{account.pk}/contacts", {"name": "王强", "title": "经理", "since": "2024-02-29"})
    assert shown.status == 201
    wang = Contact.objects.get(name="王强")
    assert api.post(f"/contacts/{wang.pk}/posts", {"account": str(other.pk), "title": "董事"}).status == 201
    twin = there(world, "王墙")
    assert api.post(f"/contacts/{wang.pk}/mergers", {"gone": str(twin.pk), "reason": "同音"}).status == 409
    person = api.post(f"/contacts/{wang.pk}/mergers", {"gone": str(twin.pk), "reason": "同音", "sure": True}).data
    assert [(one["account"]["name"], one["merged_at"] is not None) for one in person["posts"]] == [
        (account.name, False),
        (other.name, False),
        (account.name, True),
    ]
    three = there(world, "强哥")

    def run(*words: str) -> str:
        result = CliRunner().invoke(earshot, ["contacts", *words, "--as", world.seller.name], catch_exceptions=False)
        return result.output

    run("merge", account.number, "王强", account.number, "强哥", "--reason", "外号")
    assert not ContactMerge.objects.filter(gone=three).exists()
    assert "强哥" in run("merge", account.number, "王强", account.number, "强哥", "--reason", "外号", "--sure")
    assert "李雷" in run("add", account.number, "李雷", "--title", "主任")
    assert other.name in run("also", account.number, "李雷", other.number)
    assert "董事" in run("show", account.number, "王强")
