"""What every operation of the API keeps to, whatever it is about: parts of lists, versions, repeats, problems, doors that stay shut."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api_caller import ROOT, Answer, Caller, role_of
from earshot.accounts.models import Account
from earshot.deals.models import Deal
from earshot.journal.models import Entry, Repeat
from earshot.kit import uuid7
from worlds import AIM, World

Call = Callable[..., Caller]


def new_deal(world: World, **more: Any) -> dict[str, Any]:
    return {"title": "Sudan sites", "account": str(world.accounts["sudatel"].pk)} | AIM | more


def open_deal(seller: Caller, world: World, **more: Any) -> Answer:
    made = seller.post("/deals", new_deal(world, **more))
    assert made.status == 201, made.data
    return made


# Lists in parts.


def test_a_list_in_parts_is_the_whole_list_without_gaps_or_repeats(world: World, caller: Call):
    seller = caller("seller")
    for number in range(7):  # all in the same moment: the order falls back on the id
        open_deal(seller, world, title=f"Site {number}")
    whole = [deal["id"] for deal in seller.get("/deals", limit=200)["items"]]
    assert len(whole) == 8
    assert [deal["id"] for deal in seller.all("/deals", limit=3)] == whole
    assert [deal["id"] for deal in seller.all("/deals", limit=1)] == whole


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1000000000000000000000", "ten", "1.5", ""])
def test_a_limit_out_of_bounds_is_refused_beside_its_name(caller: Call, limit: str):
    refused = caller("seller").get("/deals", limit=limit)
    assert refused.status == 422
    assert list(refused["fields"]) == ["limit"]


def test_a_cursor_that_was_tampered_with_is_refused(world: World, caller: Call):
    seller = caller("seller")
    for number in range(3):
        open_deal(seller, world, title=f"Site {number}")
    cursor = seller.get("/deals", limit=1)["next"]
    forged = base64.urlsafe_b64encode(b'[{"at":"2026-01-01T00:00:00+00:00"},{"id":"x"}]').decode()
    bent = ("B" if cursor[0] != "B" else "C") + cursor[1:]
    for broken in (bent, cursor[:-1], cursor + "a", forged, f"{forged}:{forged}", "", "%00", "𝕏" * 20, "'; drop table deals", "x" * 600):
        refused = seller.get("/deals", cursor=broken)
        assert refused.status == 422, broken
        assert list(refused["fields"]) == ["cursor"]


def test_a_cursor_of_another_list_is_refused(world: World, caller: Call):
    seller = caller("seller")
    open_deal(seller, world)
    assert seller.get("/people", cursor=seller.get("/deals", limit=1)["next"]).status == 422


def test_filters_narrow_the_list(world: World, caller: Call):
    seller = caller("seller")
    made = open_deal(seller, world, title="太阳能站点")
    lost = open_deal(seller, world, title="Lost")
    seller.post(f"/deals/{lost['id']}/losses", {"reason": "went with the rival", "code": "lost-no-buy"}, if_match=lost.etag)

    def ids(**query: Any) -> set[str]:
        return {deal["id"] for deal in seller.all("/deals", **query)}

    assert ids(q="太阳能") == {made["id"]}
    assert ids(q=made["number"]) == {made["id"]}
    assert lost["id"] in ids(q=world.accounts["sudatel"].name)
    assert ids(closed="true") == {lost["id"]}
    assert lost["id"] not in ids(closed="false")
    assert ids(stage=made["stage"]["code"], closed="true") == {lost["id"]}
    assert ids(stage="no such stage") == set()
    assert ids(owner=str(world.seller.pk)) == ids()
    assert ids(owner=str(world.stranger.pk)) == set()


# How many statements.


def statements(ask: Callable[[], Answer]) -> int:
    ask()  # what is read once a process is read now
    with CaptureQueriesContext(connection) as captured:
        assert ask().status == 200
    return len(captured)


def test_the_statements_of_reads_are_pinned_and_do_not_grow_with_the_rows(world: World, caller: Call):
    seller = caller("seller")
    world.ready_deal()
    deal = str(world.moved_deal().pk)
    pinned = {
        "/deals": 3,  # the token, its person's reach, the list
        f"/deals/{deal}": 6,  # the same, its visits, its seats, and which playbook is in force
        "/accounts": 3,
        "/people": 3,
    }
    assert {path: statements(lambda path=path: seller.get(path)) for path in pinned} == pinned
    growing = ["/deals", "/items", "/calls", f"/deals/{deal}/items", f"/deals/{deal}/timeline", "/my-day"]
    before = {path: statements(lambda path=path: seller.get(path)) for path in growing}
    for _number in range(4):
        world.moved_deal()
    world.words(Deal.objects.get(pk=deal))
    assert {path: statements(lambda path=path: seller.get(path)) for path in growing} == before


@pytest.mark.own_database
def test_the_statements_of_writes_are_pinned(world: World, caller: Call):
    seller = caller("seller")

    def cost(write: Callable[[], Answer]) -> tuple[int, int]:
        """How many statements read and how many write; locks, which one engine alone asks for, are left out."""
        with CaptureQueriesContext(connection) as captured:
            assert write().status in (200, 201)
        texts = [query["sql"].strip() for query in captured if "pg_advisory" not in query["sql"] and "FOR NO KEY" not in query["sql"]]
        return sum(text.startswith(("SELECT", "(SELECT")) for text in texts), sum(text.startswith(("INSERT", "UPDATE")) for text in texts)

    def move() -> tuple[int, int]:
        made = open_deal(seller, world, another=True)
        return cost(lambda: seller.post(f"/deals/{made['id']}/moves", {}, if_match=made.etag))

    move()  # what is read once a process is read now
    # One of each owes the telling of whom it concerns.
    assert cost(lambda: open_deal(seller, world, id=str(uuid7()), another=True)) == (21, 17)
    assert move() == (29, 18)


# Versions.


def test_a_write_without_the_version_is_refused(world: World, caller: Call):
    seller = caller("seller")
    deal = open_deal(seller, world)["id"]
    for method, path, body in (
        ("PATCH", "", {"title": "New"}),
        ("POST", "/moves", {}),
        ("POST", "/reversals", {"to": "x", "reason": "y"}),
        ("POST", "/losses", {"reason": "y"}),
    ):
        refused = seller(method, f"/deals/{deal}{path}", body)
        assert refused.status == 428, path
        assert refused["code"] == "if_match.needed"


def test_a_stale_write_is_refused_with_what_changed_and_by_whom(world: World, caller: Call):
    seller = caller("seller")
    deal = open_deal(seller, world)
    changed = seller.patch(f"/deals/{deal['id']}", {"title": "Sudan, north", "amount": "12.50"}, if_match=deal.etag)
    assert changed.etag == '"2"'
    assert changed["amount"] == "12.50"
    stale = seller.patch(f"/deals/{deal['id']}", {"title": "Sudan, south"}, if_match=deal.etag)
    assert stale.status == 412
    [line] = stale["lines"]
    assert "Sudan sites → Sudan, north" in line["sentence"]
    assert world.seller.name in line["sentence"]
    assert seller.get(f"/deals/{deal['id']}")["title"] == "Sudan, north"
    assert seller.post(f"/deals/{deal['id']}/moves", {}, if_match=deal.etag).status == 412


@pytest.mark.parametrize("given", ["1", "*", 'W/"1"', '"1", "2"', '"one"', '""', '"99999999999999999999"', "\xe9"])
def test_an_if_match_that_is_no_etag_of_ours_is_refused(world: World, caller: Call, given: str):
    seller = caller("seller")
    deal = open_deal(seller, world)["id"]
    refused = seller.patch(f"/deals/{deal}", {"title": "New"}, if_match=given)
    assert refused.status == 422
    assert list(refused["fields"]) == ["If-Match"]


# Writes that are safe to repeat.


def test_the_same_key_and_body_give_the_same_answer_and_do_nothing_twice(world: World, caller: Call):
    seller = caller("seller")
    first = seller.post("/deals", new_deal(world), idempotency_key="k-1")
    entries = Entry.objects.count()
    again = seller.post("/deals", new_deal(world), idempotency_key="k-1")
    assert (again.status, again.data, again.etag) == (first.status, first.data, first.etag)
    assert Entry.objects.count() == entries
    # The order of the fields does not make it another request.
    turned = seller.post("/deals", dict(reversed(new_deal(world).items())), idempotency_key="k-1")
    assert turned["id"] == first["id"]


def test_the_same_key_with_another_request_is_refused(world: World, caller: Call):
    seller = caller("seller")
    seller.post("/deals", new_deal(world), idempotency_key="k-1")
    refused = seller.post("/deals", new_deal(world, title="Another"), idempotency_key="k-1")
    assert (refused.status, refused["code"]) == (422, "repeat.other_request")
    assert seller.post("/accounts", {"name": "X"}, idempotency_key="k-1").status == 422
    # A key belongs to the person, not to the house.
    assert caller("stranger").post("/accounts", {"name": "X"}, idempotency_key="k-1").status == 201


def test_a_refusal_is_not_kept_under_the_key(world: World, caller: Call):
    seller = caller("seller")
    bad = seller.post("/deals", new_deal(world, currency="ZZZ"), idempotency_key="k-1")
    assert bad.status == 422
    assert not Repeat.objects.exists()
    assert seller.post("/deals", new_deal(world), idempotency_key="k-1").status == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 101, "schlüssel", "a\tb"])
def test_a_key_that_is_none_is_refused(world: World, caller: Call, key: str):
    refused = caller("seller").post("/deals", new_deal(world), idempotency_key=key)
    assert refused.status == 422
    assert list(refused["fields"]) == ["Idempotency-Key"]


def test_a_refusal_that_matters_stands_in_the_journal_under_a_key_too(world: World, caller: Call):
    deal = world.moved_deal()
    seller = caller("seller")
    refused = seller.post(f"/deals/{deal.pk}/moves", {}, if_match=f'"{deal.version}"', idempotency_key="k-1")
    assert refused["code"] == "gate.shut"
    assert Entry.objects.filter(verb="deals.gate_refused").count() == 1


def test_an_id_of_the_clients_own_makes_one_thing(world: World, caller: Call):
    seller = caller("seller")
    mine = str(uuid7())
    first = open_deal(seller, world, id=mine)
    assert first["id"] == mine
    assert open_deal(seller, world, id=mine)["number"] == first["number"]
    assert Deal.objects.filter(pk=mine).count() == 1
    refused = seller.post("/deals", new_deal(world, id="2b1f0c7a-0d3b-4c8e-9f5d-1a2b3c4d5e6f"))  # not of version 7
    assert (refused.status, list(refused["fields"])) == (422, ["id"])


def test_an_id_that_is_in_use_says_nothing_of_what_it_names(world: World, caller: Call):
    stranger = caller("stranger")
    theirs = str(world.deals["branches"].pk)
    refused = stranger.post("/deals", {"title": "x", "account": str(world.accounts["cascade"].pk), "id": theirs} | AIM)
    assert refused.status == 409
    assert "港湾" not in json.dumps(refused.data, ensure_ascii=False)
    account = str(world.accounts["sudatel"].pk)
    assert stranger.post("/accounts", {"name": "x", "id": account}).status == 409


def test_a_tokens_key_is_shown_once_and_kept_nowhere(world: World, caller: Call):
    seller = caller("seller")
    made = seller.post("/me/tokens", {"name": "laptop"}, idempotency_key="k-1")
    assert made["key"].startswith("ear_")
    again = seller.post("/me/tokens", {"name": "laptop"}, idempotency_key="k-1")
    assert again.data == made.data | {"key": None}
    assert made["key"] not in json.dumps(Repeat.objects.get().answer)
    # It acts in the same person's name until it is revoked.
    client = Client(headers={"authorization": f"Bearer {made['key']}"})
    assert client.get(f"{ROOT}/me").json()["id"] == str(world.seller.pk)
    assert seller("DELETE", f"/tokens/{made['id']}").status == 204
    assert client.get(f"{ROOT}/me").status_code == 401
    assert caller("head")("DELETE", f"/tokens/{made['id']}").status == 404


@pytest.mark.own_database
def test_two_in_the_same_second_do_one_thing_and_get_one_answer(world: World, caller: Call):
    seller = caller("seller")
    answers, together = [], threading.Barrier(2)

    def ask() -> None:
        together.wait(10)
        try:
            answers.append(seller.post("/deals", new_deal(world), idempotency_key="k-1"))
        finally:
            connection.close()

    before = Deal.objects.count()
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].data == answers[1].data
    assert Deal.objects.count() == before + 1


@pytest.mark.own_database
def test_two_moves_in_the_same_second_are_one_move_and_one_stale_write(world: World, caller: Call):
    seller = caller("seller")
    deal = open_deal(seller, world)
    statuses, together = [], threading.Barrier(2)

    def ask() -> None:
        together.wait(10)
        try:
            statuses.append(seller.post(f"/deals/{deal['id']}/moves", {}, if_match=deal.etag).status)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [200, 412]


# Problems.


def test_every_problem_is_worded_in_the_language_asked_for(world: World, caller: Call):
    english, chinese = caller("seller", "en"), caller("seller", "zh-CN,zh;q=0.9")
    deal = open_deal(english, world)["id"]
    for path, body in (
        ("/deals", {}),
        ("/deals", new_deal(world, titel="x")),
        ("/deals", new_deal(world, amount="1e5")),
        ("/deals", new_deal(world, title="x" * 201)),
        ("/deals", new_deal(world, account=str(uuid7()))),
        (f"/deals/{deal}/moves", {}),
        (f"/deals/{uuid7()}/moves", {}),
        ("/hearings", {"items": []}),
    ):
        one, other = english.post(path, body), chinese.post(path, body)
        assert one.status == other.status
        assert one["code"] == other["code"]
        assert (one.headers["Content-Language"], other.headers["Content-Language"]) == ("en", "zh-hans")
        assert one["title"].isascii() or "“" in one["title"]
        assert not other["title"].isascii()
        assert one["fields"].keys() == other["fields"].keys()
        for name, sentence in other["fields"].items():
            assert not sentence.isascii(), (name, sentence)


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("", "zh-hans"),
        ("*", "zh-hans"),
        ("fr", "zh-hans"),
        ("en-GB", "en"),
        ("fr, en;q=0.5", "en"),
        ("zh-TW", "zh-hans"),
        ("x" * 600, "zh-hans"),
    ],
)
def test_chinese_is_spoken_where_no_language_of_ours_is_asked_for(world: World, caller: Call, asked: str, spoken: str):
    assert caller("seller", asked).get("/me").headers["Content-Language"] == spoken


def test_a_cookie_neither_opens_the_door_nor_chooses_the_language(world: World):
    client = Client(headers={"cookie": "django_language=en"})
    client.force_login(world.login("seller"))
    answer = client.get(f"{ROOT}/me")
    assert answer.status_code == 401
    assert answer.headers["Content-Language"] == "zh-hans"


@pytest.mark.parametrize(
    ("raw", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "body.unreadable"),
        (b"", "application/json", 422, "request.misfit"),
        (b"[]", "application/json", 422, "request.misfit"),
        (b"nul", "application/json", 400, "body.unreadable"),
        (b'{"title": NaN}', "application/json", 400, "body.unreadable"),
        (b'{"title": "\\ud800"}', "application/json", 400, "body.unreadable"),
        (b'{"\\ud800": 1}', "application/json", 400, "body.unreadable"),
        (b'{"title": "\xff"}', "application/json", 400, "body.unreadable"),
        (b"[" * 100_000, "application/json", 400, "body.unreadable"),
        (b'{"amount": ' + b"9" * 10_000 + b"}", "application/json", 400, "body.unreadable"),
        (b"title=x", "application/x-www-form-urlencoded", 415, "body.kind"),
        (b"title=x", "text/plain", 415, "body.kind"),
        (b'{"title": "x' + b"x" * 3_000_000 + b'"}', "application/json", 413, "body.too_big"),
    ],
)
def test_a_body_that_is_no_body_is_refused_with_its_own_code(caller: Call, raw: bytes, kind: str, status: int, code: str):
    refused = caller("seller")("POST", "/deals", raw=raw, content_type=kind)
    assert (refused.status, refused["code"]) == (status, code)


@pytest.mark.parametrize("field", ["title", "currency", "amount"])
def test_nul_is_refused_in_every_text(world: World, caller: Call, field: str):
    refused = caller("seller").post("/deals", new_deal(world) | {field: "a\x00b"})
    assert (refused.status, list(refused["fields"])) == (422, [field])


@pytest.mark.parametrize("amount", [1, 1.5, -1, "-1", "1e3", "NaN", "1,000", "1.234", "9" * 13, "", True])
def test_money_is_a_string_of_digits(world: World, caller: Call, amount: Any):
    assert caller("seller").post("/deals", new_deal(world, amount=amount)).status == 422


def test_what_is_wrong_with_a_field_is_a_sentence_never_a_code(world: World, caller: Call):
    seller = caller("seller")
    deal = world.deal()
    meeting = world.words(deal)
    wrong: list[tuple[str, str, Any, str]] = [
        ("POST", "/hearings", {"items": ["x"]}, "items.0"),
        ("POST", "/hearings", {"items": "x"}, "items"),
        ("POST", "/hearings", {"items": [7]}, "items.0"),
        ("PATCH", f"/meetings/{meeting.pk}", {"held_at": "yesterday"}, "held_at"),
        ("PATCH", f"/meetings/{meeting.pk}", {"held_at": "2026-11-20T09:00:00"}, "held_at"),
        ("PATCH", f"/meetings/{meeting.pk}", {"present": ["nobody"]}, "present.0"),
        ("PATCH", f"/meetings/{meeting.pk}", {"place": 7}, "place"),
        ("POST", "/deals", {"title": "x", "account": 7} | AIM, "account"),
        ("POST", "/deals", {"title": "x", "account": str(deal.account_id), "id": str(uuid4())} | AIM, "id"),
        ("POST", "/deals", {"title": "x", "account": str(deal.account_id), "amount": "lots"} | AIM, "amount"),
        ("POST", "/deals", {"title": "x", "account": str(deal.account_id), "currency": "yuan"} | AIM, "currency"),
        ("GET", "/calls?open=perhaps", None, "open"),
        ("GET", "/deals?limit=few", None, "limit"),
    ]
    for method, path, body, field in wrong:
        for language in ("en", "zh-hans"):
            refused = seller(method, path, body, accept_language=language)
            assert refused.status == 422, (path, refused.data)
            said = refused["fields"][field]
            assert said[-1] in ".。…", said
            assert not re.search(r"[a-z]_[a-z]|\\x|\^", said), said


def test_what_is_not_there_is_no_page(world: World, caller: Call):
    for path in (f"/deals/{uuid7()}", "/nothing"):
        assert "page" not in caller("seller").get(path)["title"]


def test_a_meeting_that_lies_in_the_future_is_asked_for_with_the_moment_as_programs_read_it(world: World, caller: Call):
    seller, deal = caller("seller"), world.deal()
    made = seller.post(f"/deals/{deal.pk}/meetings", {"items": [{"words": "one thing"}], "held_at": "2031-01-02T09:00:00+08:00"})
    [typed] = [ask["typed"] for ask in made["asks"] if ask["field"] == "held_at"]
    assert datetime.fromisoformat(typed) == datetime(2031, 1, 2, 1, tzinfo=UTC)
    assert "T" in typed


@pytest.mark.parametrize("there", [[], ["engineer"]])
def test_a_record_that_asks_who_was_there_is_answered_here_too(world: World, caller: Call, there: list[str]):
    seller, deal = caller("seller"), world.deal()
    made = seller.post(f"/deals/{deal.pk}/meetings", {"items": [{"words": "one thing"}], "contacts": [{"name": "Osman"}], "present": ["x"]})
    assert "present" in [ask["field"] for ask in made["asks"]]
    mended = seller.patch(f"/meetings/{made['id']}", {"present": [str(world.people[key].pk) for key in there]})
    assert "present" not in [ask["field"] for ask in mended["asks"]]
    assert len(mended["attendances"]) == 1 + len(there)


def test_a_misspelt_field_is_named(world: World, caller: Call):
    refused = caller("seller").post("/deals", new_deal(world, titel="x"))
    assert refused["fields"] == {"titel": "There is no such field."}


def test_a_body_that_names_what_is_not_yours_says_it_beside_the_field(world: World, caller: Call):
    refused = caller("stranger").post("/deals", new_deal(world))
    assert (refused.status, list(refused["fields"])) == (422, ["account"])


def test_methods_that_an_address_does_not_know_are_refused(caller: Call):
    seller = caller("seller")
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        refused = seller(method, "/deals")
        assert (refused.status, refused.headers["Allow"]) == (405, "GET, POST")
    assert seller.client.head(f"{ROOT}/deals").status_code == 405


@pytest.mark.parametrize("path", ["/", "/nothing", "/deals/", "/deals/x/y", "/openapi", "/../deals"])
def test_an_address_that_is_none_is_a_problem_too(caller: Call, path: str):
    assert caller("seller").get(path)["code"] == "not_found"


@pytest.mark.parametrize("value", ["x", "1", "..", "%00", "' or 1=1", "2b1f0c7a-0d3b-4c8e-9f5d"])
def test_an_id_that_is_none_names_nothing(caller: Call, value: str):
    assert caller("seller").get(f"/deals/{value}").status == 404


def test_without_a_token_every_operation_answers_401(world: World):
    client = Client()
    document = client.get(f"{ROOT}/openapi.json").json()
    for path, operations in document["paths"].items():
        address = path
        for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
            address = address.replace("{" + name + "}", str(uuid7()))
        for method in operations:
            for headers in ({}, {"authorization": "Bearer ear_wrong"}, {"authorization": "Basic eDp5"}, {"authorization": "Bearer"}):
                refused = client.generic(method.upper(), address, b"{}", content_type="application/json", headers=headers)
                assert refused.status_code == 401, (method, path)
                assert refused.headers["WWW-Authenticate"].startswith("Bearer")
                assert refused.headers["Content-Type"] == "application/problem+json"


def test_a_token_of_somebody_who_left_opens_nothing(world: World, caller: Call):
    seller = caller("seller")
    world.seller.left_at = world.seller.joined_at
    world.seller.save()
    assert seller.get("/me").status == 401


def test_our_own_fault_is_a_problem_without_a_word_of_the_inside(world: World, caller: Call, monkeypatch: pytest.MonkeyPatch):
    from earshot.api import accounts

    def break_it(*_: object) -> None:
        raise RuntimeError("secret inside")

    seller = caller("seller")
    monkeypatch.setattr(accounts, "account_line", break_it)
    seller.client.raise_request_exception = False
    before = Account.objects.count()
    broken = seller.post("/accounts", {"name": "Nile"}, idempotency_key="k-1")
    assert (broken.status, broken["code"]) == (500, "broken")
    assert "secret" not in json.dumps(broken.data)
    assert Account.objects.count() == before
    assert not Repeat.objects.exists()


def test_the_document_names_what_every_operation_may_answer(caller: Call):
    document = Client().get(f"{ROOT}/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert "401" in answers
            assert any(status.startswith("2") for status in answers)
            if "{" in path:
                assert "404" in answers
            if "requestBody" in operation:
                assert {"400", "413", "415", "422"} <= answers.keys()
            if method == "post":
                assert "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]
            for status, answer in answers.items():
                if status.startswith("4"):
                    assert list(answer["content"]) == ["application/problem+json"]


# Small things that the walk does not pass by.


def test_me_says_in_whose_name_and_with_which_permissions_the_token_acts(world: World, caller: Call):
    me = caller("operations").get("/me")
    assert me["id"] == str(world.operations.pk)
    assert [permission["code"] for permission in me["permissions"]] == ["operations"]
    head = caller("head").get("/me")
    assert [unit["name"] for unit in head["heads"]] == [world.units["company"].name]
    assert head["posts"][0]["role"]["name"] == "Sales decision maker"


def test_the_playbook_is_spoken_in_the_language_asked_for(caller: Call):
    english, chinese = caller("seller").get("/playbook"), caller("seller", "zh-hans").get("/playbook")
    assert [row["code"] for row in english["stages"]] == [row["code"] for row in chinese["stages"]]
    assert english["stages"][0]["name"] != chinese["stages"][0]["name"]
    assert [stage["gate"]["question"] for stage in english["stages"] if stage["gate"]]
    assert {code for stage in english["stages"] for code in stage["calls"]} == {row["code"] for row in english["supports"]}


def test_people_are_found_by_name_and_role(world: World, caller: Call):
    seller = caller("seller")
    names = [person["name"] for person in seller.all("/people", limit=4)]
    assert names == sorted(names)
    assert len(names) == len(world.people)
    assert [person["name"] for person in seller.all("/people", q="陈")] == [world.seller.name]
    role = caller("engineer").get("/me")["posts"][0]["role"]["code"]
    assert {person["name"] for person in seller.all("/people", role=role)} == {world.engineer.name, world.engineer_two.name}
    assert seller.get(f"/people/{world.engineer.pk}")["posts"][0]["role"]["code"] == role


def test_a_seat_is_offered_and_answered_by_the_person_alone(world: World, caller: Call):
    seller, delivery = caller("seller"), caller("delivery")
    deal = open_deal(seller, world)
    seat = next(seat for seat in deal["seats"] if seat["role"]["code"] == role_of(world.delivery))
    asked = seller.post(f"/seats/{seat['id']}/nominations", {"person": str(world.delivery.pk)})
    assert (asked.status, asked["accepted_at"]) == (201, None)
    assert caller("engineer").post(f"/memberships/{asked['id']}/acceptance").status == 404
    assert delivery.get(f"/deals/{deal['id']}").status == 200  # asked to sit: may look
    assert delivery.post(f"/memberships/{asked['id']}/refusal", {"reason": "no time"}).status == 204
    assert delivery.get(f"/deals/{deal['id']}").status == 404
    again = seller.post(f"/seats/{seat['id']}/nominations", {"person": str(world.delivery.pk)})
    assert delivery.post(f"/memberships/{again['id']}/acceptance")["accepted_at"]


def test_back_to_an_earlier_stage_with_a_reason(world: World, caller: Call):
    deal = world.moved_deal()
    seller = caller("seller")
    first = seller.get(f"/deals/{deal.pk}")["path"][0]["stage"]["code"]
    back = seller.post(f"/deals/{deal.pk}/reversals", {"to": first, "reason": "too early"}, if_match=f'"{deal.version}"')
    assert back["stage"]["code"] == first
    assert len(seller.all(f"/deals/{deal.pk}/calls")) == 1


def test_a_closed_deal_has_no_gate_and_takes_no_moves(world: World, caller: Call):
    seller = caller("seller")
    deal = open_deal(seller, world)
    lost = seller.post(f"/deals/{deal['id']}/losses", {"reason": "budget cut", "code": "lost-no-buy"}, if_match=deal.etag)
    assert lost["closing"]["outcome"] == "lost"
    assert seller.get(f"/deals/{deal['id']}/gate").data == {"gate": None, "open": True, "conditions": []}
    refused = seller.post(f"/deals/{deal['id']}/moves", {}, if_match=lost.etag)
    assert (refused.status, refused["code"]) == (409, "deal.closed")


def test_an_objection_stops_nothing_until_a_head_decides(world: World, caller: Call):
    deal = world.moved_deal()
    seller = caller("seller")
    [call] = seller.all(f"/deals/{deal.pk}/calls")
    objected = seller.post(f"/calls/{call['id']}/objections", {"reason": "known customer"})
    assert (objected["state"], objected["objections"][0]["reason"]) == ("waiting", "known customer")
    assert seller.post(f"/calls/{call['id']}/endings", {"reason": "I say so"}).status == 403
    ended = caller("sales_head").post(f"/calls/{call['id']}/endings", {"reason": "agreed"})
    assert ended["state"] == "ended"
    assert caller("engineer").post(f"/calls/{call['id']}/takings").status in (404, 409)


def test_a_correction_stands_beside_the_words(world: World, caller: Call):
    deal = world.spoken_deal()
    seller = caller("seller")
    item = seller.all(f"/deals/{deal.pk}/items")[-1]
    seller.post(f"/items/{item['id']}/corrections", {"text": "It was 30 metres."})
    after = seller.get(f"/items/{item['id']}")
    assert after["words"] == item["words"]
    assert [row["text"] for row in after["corrections"]] == ["It was 30 metres."]
