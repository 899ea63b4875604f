"""Accounts: what is known of a customer, when it is a key account, where it belongs, how it is found, and that it is one."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client

from earshot.accounts import queries
from earshot.accounts.actions import (
    add_contact,
    add_site,
    begin_key,
    change_account,
    end_contact,
    end_key,
    end_segment,
    end_site,
    hand_account,
    open_account,
    set_segment,
    set_superior,
)
from earshot.accounts.models import Account, AccountName, Contact, KeyPeriod, Site
from earshot.desk.queries import search, timeline
from earshot.journal.actors import process
from earshot.kit.names import bare, spelt
from earshot.kit.problems import Refusal
from worlds import JOURNAL, World, changed_tables, said, snapshot, spoken


def opened(world: World, name: str, key: str = "seller", **more: Any) -> Account:
    return open_account(by=world.by(key), name=name, owner=world.people[key], **more)


def changed(world: World, account: Account, key: str = "seller", **more: Any) -> Account:
    account.refresh_from_db()
    return change_account(by=world.by(key), account=account, version=account.version, **more)


def found(world: World, words: str, key: str = "seller") -> list[str]:
    return [one.name for one in queries.containing(queries.visible_to(world.people[key]), words).order_by("name")]


def test_a_stale_change_is_refused_with_what_changed_and_the_history_tells_it(world: World) -> None:
    set_segment(by=world.by("operations"), code="telecoms", zh="电信", en="Telecoms")
    account = opened(world, "蓝尼罗电信")
    changed(world, account, segment="telecoms", sector="移动")
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        change_account(by=world.by("seller"), account=account, version=1, sector="固网")
    assert refused.value.status == 412
    assert "电信" in said(refused.value)
    assert changed_tables(before, snapshot()) == set()
    assert any("移动" in told.sentence for told in timeline(world.seller, account.pk))


def test_only_who_answers_for_it_and_the_heads_above_change_an_account(world: World) -> None:
    account = opened(world, "蓝尼罗电信")
    changed(world, account, key="head", sector="移动")
    with pytest.raises(Refusal) as refused:
        change_account(by=world.by("stranger"), account=account, version=2, sector="x")
    assert refused.value.status == 404


def test_a_segment_is_data_of_the_company_and_one_that_ended_is_chosen_no_more(world: World) -> None:
    account, other = opened(world, "蓝尼罗电信"), opened(world, "白尼罗电信")
    with pytest.raises(Refusal) as refused:
        set_segment(by=world.by("seller"), code="x", zh="x", en="x")
    assert refused.value.status == 403
    set_segment(by=world.by("operations"), code="telecoms", zh="电信", en="Telecoms")
    changed(world, account, segment="telecoms")
    end_segment(by=world.by("operations"), code="telecoms", reason="拆分")
    with pytest.raises(Refusal) as refused:
        changed(world, other, segment="telecoms")
    assert set(refused.value.fields) == {"segment"}
    account = changed(world, account, sector="移动")
    assert account.segment_id == "telecoms"


def test_whether_it_was_a_key_account_on_a_day_can_be_answered_for_every_day(world: World) -> None:
    account, today = opened(world, "蓝尼罗电信"), queries.today()
    begin_key(by=world.by("head"), account=account, reason="四百个站点", since=today - timedelta(days=10))
    end_key(by=world.by("head"), account=account, reason="已出售", until=today)
    begin_key(by=world.by("head"), account=account, reason="又买回", since=today + timedelta(days=5), until=today + timedelta(days=9))
    answers = {offset: queries.key_on(account, today + timedelta(days=offset)) is not None for offset in (-11, -10, 0, 1, 4, 5, 9, 10)}
    assert answers == {-11: False, -10: True, 0: True, 1: False, 4: False, 5: True, 9: True, 10: False}
    accounts = queries.visible_to(world.seller)
    assert list(queries.key_accounts(accounts, today).filter(pk=account.pk)) == [account]
    assert not queries.key_accounts(accounts, today + timedelta(days=2)).filter(pk=account.pk).exists()
    assert KeyPeriod.objects.filter(account=account).count() == 2  # what was stays on record


def test_key_periods_do_not_overlap_and_only_a_head_decides_them(world: World) -> None:
    account, today = opened(world, "蓝尼罗电信"), queries.today()
    with pytest.raises(Refusal) as refused:
        begin_key(by=world.by("seller"), account=account, reason="我的客户")
    assert refused.value.status == 403
    begin_key(by=world.by("head"), account=account, reason="四百个站点")
    for since, until in ((today, None), (today - timedelta(days=9), today), (today + timedelta(days=9), today + timedelta(days=10))):
        with pytest.raises(Refusal) as refused:
            begin_key(by=world.by("head"), account=account, reason="x", since=since, until=until)
        assert set(refused.value.fields) == {"since"}
    with pytest.raises(Refusal) as refused:
        begin_key(by=world.by("head"), account=account, reason=" ", since="gestern", until="2026-13-01")
    assert set(refused.value.fields) == {"reason", "since", "until"}
    with pytest.raises(IntegrityError), transaction.atomic():
        KeyPeriod.objects.create(account=account, since=today + timedelta(days=1), reason="x", decided_by=world.head)
    with pytest.raises(IntegrityError), transaction.atomic():
        KeyPeriod.objects.create(account=account, since=date(2020, 2, 1), until=date(2020, 1, 1), reason="x", decided_by=world.head)


def test_a_customer_belongs_to_another_but_never_in_a_circle(world: World) -> None:
    group, branch, leaf = (opened(world, name) for name in ("尼罗集团", "尼罗分公司甲", "尼罗分公司乙"))
    changed(world, branch, parent=group)
    changed(world, leaf, parent=branch)
    for parent in (group, branch, leaf):
        with pytest.raises(Refusal) as refused:
            changed(world, group, parent=leaf if parent is group else parent)
        assert set(refused.value.fields) == {"parent"}
    branch = changed(world, branch, alone=True)
    assert branch.parent is None
    changed(world, group, parent=leaf)
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=leaf.pk).update(parent=leaf.pk)


@pytest.mark.own_database
def test_two_who_change_the_tree_in_the_same_second_close_no_circle(world: World) -> None:
    one, two = opened(world, "尼罗甲集团"), opened(world, "尼罗乙集团")
    refused: list[Refusal] = []

    def put(lower: Account, upper: Account) -> None:
        try:
            change_account(by=world.by("seller"), account=lower, version=1, parent=upper)
        except Refusal as refusal:
            refused.append(refusal)
        finally:
            connections.close_all()

    threads = [Thread(target=put, args=pair) for pair in ((one, two), (two, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [set(refusal.fields) for refusal in refused] == [{"parent"}]
    assert Account.objects.filter(pk__in=[one.pk, two.pk], parent__isnull=True).count() == 1


@pytest.mark.req("law 13")
def test_the_page_names_no_relative_that_its_reader_may_not_see(world: World) -> None:
    account, group = opened(world, "蓝尼罗电信"), opened(world, "绝密集团", key="stranger")
    Account.objects.filter(pk=account.pk).update(parent=group)
    Account.objects.filter(pk=world.accounts["harbour"].pk).update(parent=account)
    client = Client()
    client.force_login(world.login("seller"))
    page = client.get(f"/accounts/{account.pk}/").content.decode()
    assert "绝密集团" not in page
    assert group.unit.name in page
    assert world.accounts["harbour"].name in page


def test_places_have_a_city_and_a_time_zone_and_stay_on_record(world: World) -> None:
    account = opened(world, "蓝尼罗电信")
    site = add_site(by=world.by("seller"), account=account, name="机房", city="喀土穆", zone="Africa/Khartoum")
    assert add_site(by=world.by("seller"), account=account, name="机房", city="别处") == site
    with pytest.raises(Refusal) as refused:
        add_site(by=world.by("seller"), account=account, name="", city="", zone="Mars/Olympus")
    assert set(refused.value.fields) == {"name", "city", "zone"}
    end_site(by=world.by("seller"), site=site, reason="搬迁")
    with pytest.raises(Refusal) as refused:
        end_site(by=world.by("seller"), site=site, reason="搬迁")
    assert refused.value.code == "site.ended"
    assert Site.objects.filter(account=account).count() == 1


def test_people_at_the_customer_report_to_each_other_in_no_circle_and_may_leave(world: World) -> None:
    account = opened(world, "蓝尼罗电信")
    amal, osman, sara = (add_contact(by=world.by("seller"), account=account, name=name) for name in ("Amal", "Osman", "Sara"))
    set_superior(by=world.by("seller"), contact=osman, to=amal)
    set_superior(by=world.by("head"), contact=sara, to=osman)
    for contact, to in ((amal, sara), (amal, amal), (amal, Contact.objects.filter(account=world.accounts["sudatel"]).first())):
        if to is not None:
            with pytest.raises(Refusal) as refused:
                set_superior(by=world.by("seller"), contact=contact, to=to)
            assert set(refused.value.fields) == {"to"}
    with pytest.raises(Refusal) as refused:
        set_superior(by=world.by("stranger"), contact=osman, to=None)
    assert refused.value.status == 404
    with pytest.raises(IntegrityError), transaction.atomic():
        Contact.objects.filter(pk=amal.pk).update(reports_to=amal)
    end_contact(by=world.by("seller"), contact=osman, reason="去了竞争对手")
    assert [(one.name, one.reports_to) for one in queries.contacts_of(account)] == [("Amal", None), ("Sara", None)]
    with pytest.raises(Refusal) as refused:
        end_contact(by=world.by("seller"), contact=osman, reason="再次")
    assert refused.value.code == "contact.left"


def test_the_page_says_who_reports_to_whom(world: World) -> None:
    account = opened(world, "蓝尼罗电信")
    amal, osman = (add_contact(by=world.by("seller"), account=account, name=name) for name in ("Amal", "Osman"))
    client = Client()
    client.force_login(world.login("seller"))
    url = f"/accounts/{account.pk}/"
    assert client.post(url, {"act": "report", "contact": str(osman.pk), "to": str(amal.pk)}).status_code == 302
    osman.refresh_from_db()
    assert osman.reports_to == amal
    assert client.post(url, {"act": "report", "contact": str(amal.pk), "to": str(osman.pk)}).status_code == 422
    assert client.post(url, {"act": "end_contact", "contact": str(osman.pk), "reason": "离开"}).status_code == 302
    assert "Osman" not in client.get(url).content.decode().partition('id="timeline"')[0].partition('id="contacts"')[2]


@pytest.mark.req("law 10")
def test_an_account_handed_over_has_one_owner_at_every_moment_who_sees_it(world: World) -> None:
    account = opened(world, "蓝尼罗电信")
    hand_account(by=world.by("seller"), account=account, to=world.colleague, reason="调岗")
    account.refresh_from_db()
    assert account.owner == world.colleague
    assert queries.sees(world.colleague, account)
    assert not queries.sees(world.seller, account)
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=account.pk).update(owner=None)


@pytest.mark.parametrize("words", ["苏丹", "丹电", "苏", "sudan", "SuDan Dian", "sddx", "dx", "dianxin", "电信有限", "ＳＤＤＸ"])
def test_a_customer_is_found_by_characters_pinyin_initials_and_fragments(world: World, words: str) -> None:
    opened(world, "苏丹电信有限公司", another=True)
    opened(world, "Blue Nile Co., Ltd.")
    assert "苏丹电信有限公司" in found(world, words)
    assert "Blue Nile Co., Ltd." not in found(world, words)


@pytest.mark.parametrize(("words", "there"), [("nile", True), ("e ni", True), ("lu", True), ("élu", False), ("丹信", False), ("%", False)])
def test_letters_are_found_by_any_fragment_and_signs_mean_nothing(world: World, words: str, there: bool) -> None:
    opened(world, "Blue Nile Co., Ltd.")
    assert ("Blue Nile Co., Ltd." in found(world, words)) is there


def test_what_is_renamed_is_found_by_its_new_name_alone(world: World) -> None:
    account = opened(world, "蓝尼罗电信")
    changed(world, account, name="绿尼罗电信")
    assert found(world, "绿尼") == ["绿尼罗电信"]
    assert found(world, "蓝尼") == []
    assert AccountName.objects.filter(account=account).count() == 1


@pytest.mark.req("law 13")
def test_a_search_finds_only_what_its_reader_may_see(world: World) -> None:
    opened(world, "绝密集团", key="stranger")
    assert found(world, "jueimi") == found(world, "juemi") == []
    assert found(world, "juemi", key="stranger") == ["绝密集团"]
    assert [one.name for one in search(world.stranger, "jmjt").accounts] == ["绝密集团"]
    assert search(world.seller, "jmjt").accounts == []


def test_a_name_is_found_through_the_index_alone(world: World) -> None:
    with connection.cursor() as cursor:
        rows = AccountName.objects.filter(words__fragment="苏丹").values_list("pk")
        sql, params = rows.query.sql_with_params()
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = str(cursor.fetchall())
            assert "VIRTUAL TABLE INDEX" in plan
            assert "SCAN accounts_accountname'" not in plan
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}", params)
            assert "accounts_accountname_places" in str(cursor.fetchall())


@pytest.mark.parametrize("name", ["苏丹电信", "苏丹电信 股份有限公司", "速旦电信", "SUDAN… 苏丹电信有限公司"])
def test_normal_forms_leave_the_legal_form_away(name: str) -> None:
    assert bare("苏丹电信有限公司") == "苏丹电信"
    assert bare("Blue Nile Co., Ltd.") == "bluenile"
    assert (spelt(bare(name))[0] == "sudandianxin") is not name.startswith("SUDAN")


@pytest.mark.req("law 13", breaks="earshot.accounts.actions._not_known_already")
def test_a_name_that_is_there_already_is_asked_about_and_of_what_is_hidden_only_the_unit_is_told(world: World) -> None:
    opened(world, "蓝尼罗电信有限公司")
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        opened(world, "蓝尼罗电信 股份有限公司")
    assert refused.value.status == 409
    assert "蓝尼罗电信有限公司" in said(refused.value)
    with pytest.raises(Refusal) as refused:
        opened(world, "兰尼罗电信", key="stranger")  # sounds the same
    assert [line.code for line in refused.value.lines] == ["account.alike_elsewhere"]
    assert all(line.about is None for line in refused.value.lines)
    assert "蓝尼罗电信有限公司" not in said(refused.value)
    assert world.seller.unit.name in said(refused.value)
    assert changed_tables(before, snapshot()) == set()
    assert opened(world, "蓝尼罗电信", another=True).name == "蓝尼罗电信"
    with pytest.raises(Refusal) as refused:
        changed(world, opened(world, "红海港务"), name="蓝尼罗电信")
    assert refused.value.code == "account.alike"
    assert opened(world, "蓝尼罗物流").pk


def test_an_import_and_the_process_are_not_asked_about_names(world: World) -> None:
    open_account(by=process("tests"), name="蓝尼罗电信", owner=world.seller)
    assert open_account(by=process("tests"), name="蓝尼罗电信", owner=world.seller).pk


def test_back_and_saved_again_opens_no_second_account(world: World) -> None:
    client = Client()
    client.force_login(world.login("seller"))
    first = client.post("/accounts/new/", {"act": "open", "name": "蓝尼罗电信", "sector": "电信", "idempotency_key": "one"})
    again = client.post("/accounts/new/", {"act": "open", "name": "蓝尼罗电信", "sector": "移动", "idempotency_key": "one"})
    assert (first.status_code, again.status_code) == (302, 409)
    assert 'name="another"' in again.content.decode()
    assert Account.objects.filter(name="蓝尼罗电信").count() == 1
    said_so = {"act": "open", "name": "蓝尼罗电信", "another": "1", "idempotency_key": "two"}
    assert client.post("/accounts/new/", said_so).status_code == 302
    assert Account.objects.filter(name="蓝尼罗电信").count() == 2


def test_an_account_changes_by_its_page_and_what_was_typed_wrong_is_kept(world: World) -> None:
    account = opened(world, "蓝尼罗电信")
    client = Client()
    client.force_login(world.login("seller"))
    url = f"/accounts/{account.pk}/"
    wrong = client.post(url, {"act": "change", "version": "1", "name": "x" * 300, "sector": "移动", "parent": ""})
    assert wrong.status_code == 422
    assert "x" * 300 in wrong.content.decode()
    assert client.post(url, {"act": "change", "version": "1", "name": "绿尼罗", "sector": "移动", "parent": ""}).status_code == 302
    assert client.post(url, {"act": "change", "version": "1", "name": "红尼罗", "sector": "", "parent": ""}).status_code == 412
    account.refresh_from_db()
    assert (account.name, account.sector, account.version) == ("绿尼罗", "移动", 2)


def test_a_change_writes_the_account_its_name_and_the_journal_alone(world: World) -> None:
    account = opened(world, "蓝尼罗电信")
    before = snapshot()
    changed(world, account, name="绿尼罗电信")
    assert changed_tables(before, snapshot()) - JOURNAL <= {"accounts_account", "accounts_accountname"}
    assert spoken(account)


def test_the_page_of_segments_counts_what_its_reader_sees_and_operations_keep_it(world: World) -> None:
    set_segment(by=world.by("operations"), code="telecoms", zh="电信", en="Telecoms")
    changed(world, opened(world, "蓝尼罗电信"), segment="telecoms")
    hidden = opened(world, "绝密集团", key="stranger")
    Account.objects.filter(pk=hidden.pk).update(segment="telecoms")
    assert queries.accounts_by_segment(world.seller)["telecoms"] == 1
    client = Client()
    client.force_login(world.login("seller"))
    page = client.get("/accounts/segments/").content.decode()
    assert "1 个客户" in page
    assert 'name="zh"' not in page
    assert client.post("/accounts/segments/", {"act": "set", "code": "telecoms", "zh": "x", "en": "x"}).status_code == 403
    listed = client.get("/accounts/?segment=telecoms").content.decode()
    assert "蓝尼罗电信" in listed
    assert world.accounts["harbour"].name not in listed
    client.force_login(world.login("operations"))
    assert client.post("/accounts/segments/", {"act": "add", "code": "", "zh": "电力", "en": ""}).status_code == 422
    assert client.post("/accounts/segments/", {"act": "add", "code": "power", "zh": "电力", "en": "Power"}).status_code == 302
    assert client.post("/accounts/segments/", {"act": "set", "code": "power", "zh": "能源", "en": "Energy"}).status_code == 302
    assert client.post("/accounts/segments/", {"act": "end", "code": "power", "reason": "并入"}).status_code == 302
    assert [(one.code, one.zh, one.ended_at is None) for one in queries.all_segments()] == [
        ("telecoms", "电信", True),
        ("power", "能源", False),
    ]
