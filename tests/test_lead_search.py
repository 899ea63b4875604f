"""Leads are found as people look for them: by a fragment, by pinyin and its initials, by their number, and only by what one may see."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from api_caller import Caller
from earshot.deals import leads
from earshot.deals.actions import correct_lead, record_lead, set_lead_account
from earshot.deals.lead_tables import Lead, LeadSought
from earshot.desk.queries import search
from earshot.people.models import Person
from earshot.people.standing import for_request
from pages import Visitor
from worlds import World

WORDS = "你们的盐池站明年要搬，\nboth links have to move"


def heard(world: World, key: str = "delivery", **given: Any) -> Lead:
    asked: dict[str, Any] = {"words": WORDS, "source": "site-visit", "customer": "青石水电", "speaker": "滕兆兰"}
    return record_lead(by=world.by(key), **(asked | given))


def found(person: Person, words: str) -> list[Lead]:
    asked = leads.read_filter({"q": words}, person)
    return list(leads.filtered(person, leads.visible_to(person), asked).order_by("recorded_at"))


@pytest.mark.parametrize(
    "words", ["盐池", "池站", "要搬 both", "LINKS h", "水电", "qingshi", "qssd", "青石水电", "滕兆兰", "tengzhao", "tzl", "ＱＳＳＤ"]
)
def test_a_lead_is_found_by_a_fragment_of_the_words_and_by_the_sound_of_its_names(world: World, words: str) -> None:
    lead = heard(world)
    heard(world, words="别的", customer="云岭能源", speaker="")
    assert found(world.delivery, words) == [lead]
    assert search(world.delivery, words).leads == [lead]


@pytest.mark.parametrize("words", ["池搬", "%", "yanchi", "青电", "'; --", "\u202e"])
def test_what_does_not_stand_there_finds_nothing(world: World, words: str) -> None:
    heard(world)
    assert found(world.delivery, words) == []


def test_a_lead_is_found_by_its_number_and_by_a_correction_beside_its_words(world: World) -> None:
    lead = heard(world)
    assert found(world.delivery, lead.number.lower()) == found(world.delivery, lead.number.replace("-", "")) == [lead]
    correct_lead(by=world.by("delivery"), lead=lead, correction="是后年，不是明年")
    assert found(world.delivery, "后年") == [lead]


def test_signs_alone_are_looked_for_as_they_are(world: World) -> None:
    lead = heard(world, words="他们问：？！")
    assert found(world.delivery, "？！") == [lead]


@pytest.mark.req("law 13", breaks="earshot.deals.leads.customers_known")
def test_the_name_of_an_account_finds_its_leads_for_who_sees_that_account_alone(world: World) -> None:
    lead, account = heard(world), world.accounts["harbour"]
    set_lead_account(by=world.by("head"), lead=lead, account=account, version=lead.version)
    assert lead in found(world.head, account.name)
    assert leads.sees(world.delivery, lead)
    assert lead not in found(world.delivery, account.name)
    assert found(world.delivery, "青石水电") == [lead]


@pytest.mark.req("law 13")
def test_nobody_finds_a_lead_that_is_not_his_or_hers_to_see(world: World) -> None:
    lead = heard(world)
    for words in ("盐池", "qssd", lead.number):
        assert found(world.stranger, words) == search(world.stranger, words).leads == []
    assert Caller(world.stranger).get("/search?q=盐池")["leads"] == []
    shown = Caller(world.delivery).get("/search?q=盐池")["leads"]
    assert [(one["number"], one["customer"], one["account"]) for one in shown] == [(lead.number, "青石水电", None)]
    assert lead.number in Visitor("delivery", "en").get("/search/?q=qssd").html
    assert lead.number not in Visitor("stranger", "en").get("/search/?q=qssd").html


def test_the_longest_words_with_the_widest_letters_are_kept_and_found_by_their_beginning(world: World) -> None:
    lead = heard(world, words="磨坊" + "﷽" * 9_990)  # one letter that is read as eighteen
    assert found(world.delivery, "磨坊") == [lead]


def test_leads_are_found_through_the_index_alone(world: World) -> None:
    with connection.cursor() as cursor:
        sql, params = LeadSought.objects.filter(words__fragment="盐池").values_list("pk").query.sql_with_params()
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            assert "VIRTUAL TABLE INDEX" in str(cursor.fetchall())
        else:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}", params)
            assert "deals_leadsought_places" in str(cursor.fetchall())


def test_a_search_costs_no_more_statements_where_more_is_found(world: World, django_assert_max_num_queries: Any) -> None:
    for n in range(12):
        heard(world, words=f"盐池 {n}")
    person = for_request(world.delivery)
    with django_assert_max_num_queries(6):
        assert len(search(person, "盐池").leads) == 12
