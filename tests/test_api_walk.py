"""The Sudan walk through the API alone: one customer statement goes the whole way, by tokens, steps 2 to 8 of its order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from api_caller import Answer, Caller
from earshot.deals.models import Deal
from earshot.deals.queries import roles_deciding
from earshot.kit import uuid7
from worlds import AIM, CRITICAL, OF_PEOPLE, OF_THE_SITE, World

Call = Callable[..., Caller]


def opened(seller: Caller, world: World) -> Answer:
    made = seller.post("/deals", {"title": "Sudan sites", "account": str(world.accounts["sudatel"].pk), "amount": "2105000"} | AIM)
    assert made.status == 201, made.data
    return made


def recorded(seller: Caller, deal: str, world: World, **more: Any) -> Answer:
    said = [{"words": words, "category": category, "speaker": 0} for words, category in world.three_items()]
    body = {"contacts": [{"name": "Osman Taha", "title": "CTO"}], "items": said, "place": "Khartoum"} | more
    made = seller.post(f"/deals/{deal}/meetings", body)
    assert made.status == 201, made.data
    return made


def moved(seller: Caller, deal: str) -> Answer:
    return seller.post(f"/deals/{deal}/moves", {}, if_match=seller.get(f"/deals/{deal}").etag)


@pytest.fixture
def walk(world: World, caller: Call) -> tuple[Caller, str]:
    """The seller, and a deal that was opened, on which three things were said, and that has moved on."""
    seller = caller("seller")
    deal = opened(seller, world)["id"]
    recorded(seller, deal, world)
    assert moved(seller, deal).status == 200
    return seller, deal


def hear_all(who: Caller) -> Answer:
    """Take note of everything that waits to be heard, in one act."""
    return who.post("/hearings", {"items": [item["id"] for item in who.all("/items", to_hear="true")]})


# Step 2: the seller records a contact.


def test_a_seller_opens_a_deal_and_leads_its_team(world: World, caller: Call):
    seller = caller("seller")
    deal = opened(seller, world)
    assert deal.etag == '"1"'
    assert deal["amount"] == "2105000.00"
    leading = next(seat for seat in deal["seats"] if seat["leader"])
    assert leading["membership"]["person"]["id"] == str(world.seller.pk)
    assert leading["membership"]["accepted_at"]
    assert [step["current"] for step in deal["path"]].index(True) == 0


@pytest.mark.req("law 1")
def test_what_the_customer_said_comes_back_to_the_letter(world: World, caller: Call):
    seller = caller("seller")
    deal = opened(seller, world)["id"]
    words = "  “Sun, and a small engine” – 柴油减半。\n\tThat is what they offer!  "
    made = seller.post(f"/deals/{deal}/meetings", {"items": [{"words": words}]})
    assert made["items"][0]["words"] == words
    assert seller.get(f"/items/{made['items'][0]['id']}")["words"] == words


@pytest.mark.req("B12.5a", breaks="earshot.voice.rules.required_hearers")
@pytest.mark.req("B16.2b", breaks="earshot.voice.rules.required_hearers")
def test_the_record_names_at_once_who_must_hear_each_statement(world: World, caller: Call):
    seller = caller("seller")
    made = recorded(seller, opened(seller, world)["id"], world)
    ears = {item["words"]: [ear["person"]["name"] for ear in item["ears"]] for item in made["items"]}
    assert ears == {CRITICAL: [world.engineer.name], OF_THE_SITE: [world.delivery.name], OF_PEOPLE: [world.seller.name]}
    assert all(ear["clock"]["due_at"] for item in made["items"] for ear in item["ears"])
    assert made["asks"] == []


def test_a_record_is_kept_whatever_its_trimmings_and_asks_for_them(world: World, caller: Call):
    seller = caller("seller")
    deal = opened(seller, world)["id"]
    made = seller.post(
        f"/deals/{deal}/meetings",
        {
            "held_at": "last tuesday\x00",
            "contacts": [{"name": "O" * 101}, {"surname": 7}],
            "present": ["nobody", str(uuid7())],
            "items": [{"words": CRITICAL, "category": "no such thing", "speaker": "the tall one"}],
            "mood": "good",
        },
    )
    assert made.status == 201, made.data
    assert made["items"][0]["words"] == CRITICAL
    asked = {ask["field"]: ask["typed"] for ask in made["asks"]}
    assert asked["held_at"] == "last tuesday"
    assert asked["contact_1"].startswith("OOO")
    assert asked["items.0.category"] == "no such thing"
    assert "nobody" in asked["present"]
    assert all(ask["sentence"] for ask in made["asks"])
    # It waits on the author's day, and the author mends it.
    assert {line["cause"] for line in seller.get("/my-day")["items"]} >= {"record_asks", "category_asked"}
    answers = {"held_at": "2026-11-20T09:00:00+02:00", "contacts": [{"name": "Osman Taha"}], "present": [str(world.engineer.pk)]}
    mended = seller.patch(f"/meetings/{made['id']}", answers)
    assert [(ask["field"], ask["typed"], ask["act"]) for ask in mended["asks"]] == [("items.0.category", "no such thing", "file_item")]
    assert world.engineer.name in [row["person"]["name"] for row in mended["attendances"]]
    filed = seller("PUT", f"/items/{made['items'][0]['id']}/category", {"category": world.categories[0]})
    assert filed["critical"] is True
    assert seller.get(f"/meetings/{made['id']}")["asks"] == []


def test_words_that_hold_what_cannot_be_stored_are_kept_all_the_same(world: World, caller: Call):
    seller = caller("seller")
    made = seller.post(f"/deals/{opened(seller, world)['id']}/meetings", {"items": [{"words": "half\x00price"}]})
    assert made.status == 201, made.data
    assert made["items"][0]["words"].startswith("half")
    assert "items.0.words" in [ask["field"] for ask in made["asks"]]


def test_a_record_without_a_word_is_nothing_to_keep(world: World, caller: Call):
    seller = caller("seller")
    deal = opened(seller, world)["id"]
    refused = seller.post(f"/deals/{deal}/meetings", {"items": [{"words": "   "}]})
    assert refused.status == 422
    assert "items" in refused["fields"]


# Step 3: the seller moves the deal on, and the process calls.


@pytest.mark.req("B20.1a", breaks="earshot.calls.actions.raise_for_stage")
@pytest.mark.req("B20.3a", breaks="earshot.calls.actions.raise_for_stage")
def test_entering_a_stage_calls_the_unit_that_owes_without_anybody_asking(walk: tuple[Caller, str], world: World, caller: Call):
    seller, deal = walk
    calls = seller.all(f"/deals/{deal}/calls")
    assert [call["unit"]["name"] for call in calls] == [world.units["solutions"].name]
    [call] = calls
    assert call["accountable"]["id"] == str(world.engineer.pk)
    assert call["state"] == "waiting"
    assert call["clock"]["measure"] == "working"
    assert call["clock"]["left"] > 0
    [line] = [line for line in caller("engineer").get("/my-day")["items"] if line["cause"] == "call"]
    assert line["target"]["id"] == call["id"]


def test_a_head_names_another_qualified_person_and_an_unqualified_one_is_refused(walk: tuple[Caller, str], world: World, caller: Call):
    seller, deal = walk
    call = seller.all(f"/deals/{deal}/calls")[0]["id"]
    head = caller("engineer_head")
    lacks = {row["person"]["id"]: row["lacks"] for row in head.get(f"/calls/{call}/candidates")["items"]}
    assert lacks[str(world.engineer_two.pk)] == []
    refused = head.post(f"/calls/{call}/assignments", {"person": str(world.delivery.pk)})
    assert refused.status == 422
    assert world.delivery.name in refused["fields"]["person"]
    named = head.post(f"/calls/{call}/assignments", {"person": str(world.engineer_two.pk)})
    assert named["assignment"]["person"]["id"] == str(world.engineer_two.pk)
    # What the call's role must hear goes with it.
    assert CRITICAL in [item["words"] for item in caller("engineer_two").all("/items", to_hear="true")]


@pytest.mark.req("B20.2c", breaks="earshot.calls.actions.decline")
def test_a_person_may_decline_but_the_duty_stays_the_units(walk: tuple[Caller, str], world: World, caller: Call):
    seller, deal = walk
    call = seller.all(f"/deals/{deal}/calls")[0]["id"]
    assert caller("engineer").post(f"/calls/{call}/declines", {"reason": "on leave"}).status == 204
    after = seller.get(f"/calls/{call}")
    assert after["state"] == "waiting"
    assert after["unit"]["name"] == world.units["solutions"].name
    assert after["assignment"]["person"]["id"] == str(world.engineer_head.pk)


# Step 4: the gate refuses, line by line.


@pytest.mark.req("B16.2a", breaks="earshot.voice.rules.unheard")
@pytest.mark.req("law 2", breaks="earshot.voice.rules.unheard")
def test_the_gate_refuses_line_by_line_and_only_the_journal_has_changed(walk: tuple[Caller, str], world: World):
    seller, deal = walk
    before = seller.get(f"/deals/{deal}")
    entries = seller.all(f"/deals/{deal}/timeline")
    refused = moved(seller, deal)
    assert refused.status == 409
    assert refused["code"] == "gate.shut"
    assert refused["about"] == {"kind": "deal", "id": deal, "label": f"{before['number']} Sudan sites"}
    unheard = [line for line in refused["lines"] if line["code"] == "voice.not_heard"]
    assert {line["who"] for line in unheard} == {world.engineer.name, world.delivery.name}
    assert {(line["act"], line["about"]["kind"]) for line in unheard} == {("take_note", "item")}
    [owed] = [line for line in refused["lines"] if line["code"] == "call.no_result"]
    assert owed["target"]["kind"] == "call"
    assert [line["code"] for line in refused["lines"]][-1] == "gate.not_approved"
    assert seller.get(f"/deals/{deal}").data == before.data
    after = seller.all(f"/deals/{deal}/timeline")
    assert [entry["verb"] for entry in after[: len(after) - len(entries)]] == ["deals.gate_refused"]


def test_the_review_says_the_same_as_the_refusal_and_leaves_no_trace(walk: tuple[Caller, str]):
    seller, deal = walk
    review = seller.get(f"/deals/{deal}/gate")
    assert review["open"] is False
    unmet = [condition["line"] for condition in review["conditions"] if condition["met"] is not True and not condition["warns"]]
    entries = len(seller.all(f"/deals/{deal}/timeline"))
    assert moved(seller, deal)["lines"] == unmet
    assert len(seller.all(f"/deals/{deal}/timeline")) == entries + 1


def test_the_refusal_is_the_verbs_own_in_both_languages(walk: tuple[Caller, str], world: World, caller: Call):
    from earshot.deals.actions import move_on
    from earshot.deals.models import Deal
    from earshot.kit.problems import Refusal
    from worlds import said

    _seller, deal = walk
    row = Deal.objects.get(pk=deal)
    with pytest.raises(Refusal) as caught:
        move_on(by=world.by("seller"), deal=row, version=row.version)
    for language in ("en", "zh-hans"):
        refused = moved(caller("seller", language), deal)
        assert "\n".join([refused["title"], *refused.lines]) == said(caught.value, language)
        assert refused.headers["Content-Language"] == language


# Step 5: the engineer hears, takes the call, delivers.


def test_the_engineer_takes_note_in_one_act_takes_the_call_and_delivers(walk: tuple[Caller, str], caller: Call):
    seller, deal = walk
    engineer = caller("engineer")
    waiting = engineer.all("/items", to_hear="true")
    assert [item["words"] for item in waiting] == [CRITICAL]
    assert waiting[0]["heard_by_me"] is False
    assert hear_all(engineer)["new"] == 1
    assert engineer.all("/items", to_hear="true") == []
    [call] = engineer.all("/calls", to_do="true")
    assert [item["words"] for item in engineer.all(f"/calls/{call['id']}/items")] == [CRITICAL]
    assert engineer.post(f"/calls/{call['id']}/takings")["state"] == "taken"
    done = engineer.post(f"/calls/{call['id']}/results", {"text": "Sun and a small engine: the diesel bill halves."})
    assert done["state"] == "delivered"
    assert done["clock"]["stopped_at"]
    assert engineer.all("/calls", to_do="true") == []
    codes = {condition["line"]["code"] for condition in seller.get(f"/deals/{deal}/gate")["conditions"]}
    assert {"voice.heard", "call.has_result"} <= codes


def test_a_useless_result_is_sent_back_and_the_duty_is_open_again(walk: tuple[Caller, str], caller: Call):
    seller, deal = walk
    engineer = caller("engineer")
    [call] = engineer.all("/calls", to_do="true")
    engineer.post(f"/calls/{call['id']}/results", {"text": "See brochure."})
    back = seller.post(f"/calls/{call['id']}/results/returns", {"reason": "That answers nothing."})
    assert back["state"] == "taken"
    assert [result["return_reason"] for result in back["returned"]] == ["That answers nothing."]
    assert [line["code"] for line in moved(seller, deal)["lines"] if line["code"] == "call.no_result"]


@pytest.mark.req("B12.3a")
def test_being_ticked_as_present_counts_only_once_confirmed(world: World, caller: Call):
    seller, engineer = caller("seller"), caller("engineer")
    deal = opened(seller, world)["id"]
    made = recorded(seller, deal, world, present=[str(world.engineer.pk)])
    [critical] = [item for item in made["items"] if item["words"] == CRITICAL]
    assert critical["ears"][0]["heard_at"] is None
    [line] = [line for line in engineer.get("/my-day")["items"] if line["cause"] == "presence"]
    # Nobody confirms it for another.
    assert caller("delivery").post(f"/attendances/{line['target']['id']}/confirmation").status == 404
    assert engineer.post(f"/attendances/{line['target']['id']}/confirmation").status == 204
    [ear] = engineer.get(f"/items/{critical['id']}")["ears"]
    assert ear["heard_at"]
    assert ear["how"] == "present"


def test_who_was_not_there_says_so_and_it_counts_for_nothing(world: World, caller: Call):
    seller = caller("seller")
    made = recorded(seller, opened(seller, world)["id"], world, present=[str(world.colleague.pk)])
    colleague = caller("colleague")
    [line] = [line for line in colleague.get("/my-day")["items"] if line["cause"] == "presence"]
    assert colleague.post(f"/attendances/{line['target']['id']}/denial").status == 204
    assert colleague.get(f"/items/{made['items'][0]['id']}").status == 404
    assert colleague.post(f"/attendances/{line['target']['id']}/confirmation").status == 409


# Step 6: the head votes.


@pytest.mark.req("law 3", breaks="earshot.voice.rules.critical_unheard")
def test_a_vote_of_somebody_who_has_not_heard_is_refused_naming_what_and_journalled(walk: tuple[Caller, str], world: World, caller: Call):
    _seller, deal = walk
    head = caller("head")
    refused = head.post(f"/deals/{deal}/votes", {"approves": True}, if_match=head.get(f"/deals/{deal}").etag)
    assert refused.status == 409
    assert refused["code"] == "vote.not_heard"
    [line] = refused["lines"]
    assert line["who"] == world.head.name
    assert line["about"]["kind"] == "item"
    assert CRITICAL[:40] in line["sentence"]
    assert head.all(f"/deals/{deal}/votes") == []
    assert head.all(f"/deals/{deal}/timeline")[0]["verb"] == "deals.vote_refused"


@pytest.mark.req("B9.1a")
@pytest.mark.req("B12.4a", breaks="earshot.deals.queries.roles_deciding")
def test_once_all_have_heard_the_deciding_heads_vote_opens_the_gate(walk: tuple[Caller, str], world: World, caller: Call):
    seller, deal = walk
    engineer, head = caller("engineer"), caller("head")
    for who in (engineer, caller("delivery")):
        hear_all(who)
    [call] = engineer.all("/calls", to_do="true")
    engineer.post(f"/calls/{call['id']}/results", {"text": "The diesel bill halves."})
    # The sales side does not decide here.
    stands = Deal.objects.get(pk=deal)
    assert roles_deciding(world.seller, stands, stands.stage.gate) == []
    assert seller.post(f"/deals/{deal}/votes", {"approves": True}, if_match=seller.get(f"/deals/{deal}").etag).status == 403
    items = head.all(f"/deals/{deal}/items")
    assert {item["words"] for item in items} == {CRITICAL, OF_THE_SITE, OF_PEOPLE}
    head.post("/hearings", {"items": [item["id"] for item in items]})
    stage = seller.get(f"/deals/{deal}")["stage"]
    vote = head.post(f"/deals/{deal}/votes", {"approves": True}, if_match=head.get(f"/deals/{deal}").etag)
    assert vote.status == 201, vote.data
    after = seller.get(f"/deals/{deal}")
    assert after["stage"] != stage
    # The deal says who decided, who heard what when, and the journal what led to what.
    [decided] = seller.all(f"/deals/{deal}/votes")
    assert decided["person"]["name"] == world.head.name
    assert {(hearing["person"]["name"], bool(hearing["at"])) for item in items for hearing in item["heard_by"]}
    told = {entry["verb"]: entry for entry in seller.all(f"/deals/{deal}/timeline")}
    assert world.head.name in told["deals.gate_opened"]["cause"]
    assert told["calls.raised"]["cause"]


def test_a_no_says_why(walk: tuple[Caller, str], caller: Call):
    _seller, deal = walk
    head = caller("head")
    head.post("/hearings", {"items": [item["id"] for item in head.all(f"/deals/{deal}/items")]})
    refused = head.post(f"/deals/{deal}/votes", {"approves": False}, if_match=head.get(f"/deals/{deal}").etag)
    assert refused.status == 422
    assert "reason" in refused["fields"]
    assert (
        head.post(f"/deals/{deal}/votes", {"approves": False, "reason": "Too thin."}, if_match=head.get(f"/deals/{deal}").etag).status
        == 201
    )


# Step 7: who has no standing.


@pytest.mark.req("law 13", breaks="earshot.people.standing.seen_by")
@pytest.mark.parametrize("who", ["stranger", "colleague"])
def test_who_has_no_standing_finds_the_deal_nowhere(walk: tuple[Caller, str], caller: Call, who: str):
    seller, deal = walk
    items = [item["id"] for item in seller.all(f"/deals/{deal}/items")]
    [call] = [row["id"] for row in seller.all(f"/deals/{deal}/calls")]
    outsider = caller(who)
    for path in ("", "/gate", "/votes", "/items", "/calls", "/timeline"):
        assert outsider.get(f"/deals/{deal}{path}").status == 404
    assert outsider.post(f"/deals/{deal}/moves", {}, if_match='"2"').status == 404
    assert outsider.post(f"/deals/{deal}/votes", {"approves": True}, if_match='"2"').status == 404
    assert outsider.post(f"/deals/{deal}/meetings", {"items": [{"words": "x"}]}).status == 404
    assert outsider.get(f"/calls/{call}").status == 404
    assert outsider.post(f"/calls/{call}/takings").status == 404
    for item in items:
        assert outsider.get(f"/items/{item}").status == 404
        assert outsider.post("/hearings", {"items": [item]}).status == 404
    found = outsider.get("/search", q="Sudan")
    assert (found["deals"], found["items"], found["calls"]) == ([], [], [])
    assert deal not in [row["id"] for row in outsider.all("/deals")]
    assert outsider.get("/search", q="diesel")["items"] == []


def test_the_units_head_sees_the_call_and_its_item_not_the_deal(walk: tuple[Caller, str], caller: Call):
    seller, deal = walk
    head = caller("engineer_head")
    [call] = head.all("/calls")
    assert call["id"] == seller.all(f"/deals/{deal}/calls")[0]["id"]
    assert [item["words"] for item in head.all("/items")] == [CRITICAL]
    assert head.get(f"/deals/{deal}").status == 404
    assert head.all("/deals") == []


# Step 8: the journal.


def test_every_step_stands_in_the_journal_as_done_by_token(walk: tuple[Caller, str], world: World):
    seller, deal = walk
    told = seller.all(f"/deals/{deal}/timeline")
    assert [entry["verb"] for entry in told if entry["verb"].startswith("deals.")][-2:] == ["deals.stage_entered", "deals.deal_opened"]
    [opening] = [entry for entry in told if entry["verb"] == "deals.deal_opened"]
    assert opening["actor"].startswith(world.seller.name)
    assert opening["actor"] != world.seller.name  # by token, and it says so
    assert {"deal", "owner", "account"} <= {row["part"] for row in opening["objects"]}
