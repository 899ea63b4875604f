"""Law 13: nobody sees what they have no standing in; standing begins and ends with its reason, and can be rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from earshot.accounts import queries as accounts
from earshot.accounts.actions import open_account
from earshot.accounts.models import Contact
from earshot.calls import queries as calls
from earshot.calls.actions import decline, deliver_result, end_call, name_person, object_to, take_call
from earshot.calls.models import Call
from earshot.deals import queries as deals
from earshot.deals.actions import change_deal, lose_deal, move_on, open_deal, record_lead, vote, wait_for
from earshot.deals.models import Deal
from earshot.desk.finding import FINDERS, find
from earshot.desk.queries import my_day, search, timeline
from earshot.journal.actors import IMPORT, Actor, process
from earshot.journal.models import Entry
from earshot.kit import now, uuid7
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.people.actions import give_permission, give_post, make_token, rebuild_standing
from earshot.people.actors import as_token
from earshot.people.models import Grant, Person, Standing
from earshot.talk.actions.channels import add_channel
from earshot.talk.actions.messages import post_message
from earshot.teams.actions import accept_seat, decline_seat, nominate
from earshot.teams.models import Membership, Seat
from earshot.voice import queries as voice
from earshot.voice.actions import confirm_presence, deny_presence, file_item, take_note
from earshot.voice.models import Attendance
from worlds import AIM, World, changed_tables, later, snapshot

# Who sees what of a deal that its seller has moved on: the deal, how many of its three statements, its one call, its account.
# Written by hand: owner; called; head of the called unit; decider and head of all; hearer; head of the deal's unit; the rest.
SEEN = {
    "seller": (True, 3, True, True),
    "engineer": (False, 1, True, False),
    "engineer_head": (False, 1, True, False),
    "engineer_two": (False, 0, False, False),
    "head": (True, 3, True, True),
    "delivery": (False, 1, False, False),
    "delivery_head": (False, 0, False, False),
    "sales_head": (True, 3, True, True),
    "colleague": (False, 0, False, False),
    "stranger": (False, 0, False, False),
    "operations": (False, 0, False, False),
    "administrator": (False, 0, False, False),
}


def sees(person: Person, deal: Deal) -> tuple[bool, int, bool, bool]:
    return (
        deals.visible_to(person).filter(pk=deal.pk).exists(),
        voice.visible_to(person).filter(deal=deal).count(),
        calls.visible_to(person).filter(deal=deal).exists(),
        accounts.visible_to(person).filter(pk=deal.account_id).exists(),
    )


NOTHING = (False, 0, False, False)


def test_everybody_of_the_world_stands_in_the_table(world: World) -> None:
    assert set(SEEN) == set(world.people)


@pytest.mark.req("law 13", breaks="earshot.people.standing.seen_by")
def test_everybody_sees_of_the_deal_what_the_table_says(world: World) -> None:
    deal = world.moved_deal()
    assert {key: sees(person, deal) for key, person in world.people.items()} == SEEN


@pytest.mark.req("law 13")
@pytest.mark.parametrize("key", SEEN)
def test_each_sees_what_he_or_she_has_standing_in_and_no_more(world: World, key: str) -> None:
    deal = world.moved_deal()
    person = world.people[key]
    assert sees(person, deal) == SEEN[key]
    sees_deal, items, sees_call, sees_account = SEEN[key]
    found = search(person, "苏丹")
    assert (deal in found.deals) == sees_deal
    assert len([item for item in search(person, "diesel").items if item.deal_id == deal.pk]) == (1 if items and key != "delivery" else 0)
    number = Call.objects.get(deal=deal).number
    assert bool(search(person, number).calls) == sees_call
    assert bool(search(person, "青尼罗").accounts) == sees_account
    assert bool(search(person, "青尼罗").deals) == sees_deal
    told = timeline(person, deal.pk)
    assert bool(told) == (SEEN[key] != NOTHING)
    seen_scopes = {deal.pk, deal.team_id, deal.account_id} if sees_deal else set()
    seen_scopes |= set(voice.visible_to(person).values_list("pk", flat=True)) | set(calls.visible_to(person).values_list("pk", flat=True))
    for row in told:
        assert set(row.entry.scopes.values_list("object_id", flat=True)) & seen_scopes


@pytest.mark.req("law 13")
@pytest.mark.parametrize("key", [key for key, seen in SEEN.items() if seen == NOTHING])
def test_who_has_no_standing_finds_nothing_anywhere_and_it_sounds_as_if_it_did_not_exist(world: World, key: str) -> None:
    deal = world.moved_deal()
    world.words(deal, present=["head"])
    person = world.people[key]
    seat = Seat.objects.filter(team=deal.team).first()
    membership = Membership.objects.get(seat__team=deal.team, ended_at__isnull=True)
    things: dict[str, Any] = {
        "deal": deal.pk,
        "account": deal.account_id,
        "item": world.items(deal)[0].pk,
        "call": world.calls(deal)[0].pk,
        "meeting": world.items(deal)[0].meeting_id,
        "attendance": Attendance.objects.get(person=world.head).pk,
        "membership": membership.pk,
        "seat": seat.pk if seat else None,
        "team": deal.team_id,
        "message": post_message(by=world.by("seller"), about=deal, text="苏丹").pk,
        "channel": add_channel(by=world.by("seller"), kind="wecom", address="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1")[0].pk,
        "contact": Contact.objects.filter(account=deal.account_id).values_list("pk", flat=True)[0],
        "lead": record_lead(by=world.by("seller"), words="苏丹", source="other", account=deal.account).pk,
        "token": make_token(by=world.by("seller"), person=world.seller, name="t")[0].pk,
        "wait": wait_for(by=world.by("seller"), deal=deal, version=deal.version, unit=None, person=world.engineer, reason="苏丹").pk,
    }
    assert set(things) == set(FINDERS) - {
        "person",
        "calendar",
        "unit",
        "playbook",
        "revision",
        "view",
    }  # the last two are told in test_revisions and test_saved_views; of the others all see some
    for kind, object_id in things.items():
        with pytest.raises(Refusal) as hidden:
            find(person, kind, object_id)
        with pytest.raises(Refusal) as absent:
            find(person, kind, uuid7())
        assert hidden.value.status == absent.value.status == 404
        assert str(hidden.value) == str(absent.value)
    assert timeline(person, deal.pk) == []
    assert not any(deal.pk in line.ids or line.scope.id == deal.pk for line in my_day(person))
    for words in ("苏丹", deal.number, "diesel", "sun", world.calls(deal)[0].number):
        found = search(person, words)
        assert not [thing for thing in [*found.deals, *found.items, *found.calls] if getattr(thing, "deal_id", thing.pk) == deal.pk]


def test_plain_colleagues_know_each_other_and_who_has_left_is_known_to_the_heads_alone(world: World) -> None:
    assert find(world.stranger, "person", world.seller.pk) == world.seller
    Person.objects.filter(pk=world.colleague.pk).update(left_at=now())
    with pytest.raises(Refusal):
        find(world.stranger, "person", world.colleague.pk)
    assert find(world.sales_head, "person", world.colleague.pk) == world.colleague


# Standing begins and ends with its reason.


@pytest.mark.req("law 13")
def test_a_company_wide_permission_shows_everything_of_its_kind_while_it_is_held(world: World) -> None:
    deal = world.moved_deal()
    give_permission(by=world.by("administrator"), person=world.operations, permission="deals.see_all")
    assert sees(world.operations, deal) == (True, 3, True, False)
    give_permission(by=world.by("administrator"), person=world.operations, permission="accounts.see_all")
    assert sees(world.operations, deal) == (True, 3, True, True)
    assert len(timeline(world.operations, deal.pk)) == len(timeline(world.seller, deal.pk))
    Grant.objects.filter(person=world.operations, permission__endswith="see_all").update(until=now())
    assert sees(world.operations, deal) == NOTHING


def test_who_is_named_for_a_call_sees_it_and_its_words_until_somebody_else_is(world: World) -> None:
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    name_person(by=world.by("engineer"), call=call, person=world.engineer_two)
    assert sees(world.engineer_two, deal) == (False, 1, True, False)
    assert sees(world.engineer, deal) == (False, 1, True, False)  # still answers for it
    name_person(by=world.by("engineer"), call=call, person=world.engineer)
    assert sees(world.engineer_two, deal) == NOTHING


def test_who_declines_and_does_not_answer_for_it_sees_it_no_more(world: World) -> None:
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    name_person(by=world.by("engineer"), call=call, person=world.engineer_two)
    decline(by=world.by("engineer_two"), call=call, reason="没空")
    assert sees(world.engineer_two, deal) == NOTHING
    with pytest.raises(Refusal):
        take_call(by=world.by("engineer_two"), call=call)


def test_who_heard_and_was_replaced_keeps_the_hearing_but_not_the_sight(world: World) -> None:
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    name_person(by=world.by("engineer"), call=call, person=world.engineer_two)
    world.hear(deal, "engineer_two")
    decline(by=world.by("engineer_two"), call=call, reason="没空")
    assert sees(world.engineer_two, deal) == NOTHING


def test_the_head_of_the_called_unit_sees_more_when_more_is_said(world: World) -> None:
    deal = world.moved_deal()
    world.words(deal, words=[("别家报了新价", "rival"), ("合同要三年", "terms")])
    assert sees(world.engineer_head, deal) == (False, 2, True, False)
    assert sees(world.engineer, deal) == (False, 2, True, False)


def test_filing_words_anew_shows_them_to_who_must_hear_now_and_still_to_who_had_not_heard(world: World) -> None:
    deal = world.spoken_deal()
    file_item(by=world.by("seller"), item=world.items(deal)[0], category="site")
    assert sees(world.engineer, deal)[1] == 1
    assert sees(world.delivery, deal)[1] == 2


def test_filing_words_anew_ends_the_sight_of_who_has_heard_and_need_not_any_more(world: World) -> None:
    deal = world.spoken_deal()
    world.hear(deal, "engineer")
    file_item(by=world.by("seller"), item=world.items(deal)[0], category="site")
    assert sees(world.engineer, deal) == NOTHING


def test_who_is_asked_to_a_seat_sees_the_deal_until_he_or_she_declines(world: World) -> None:
    deal = world.moved_deal()
    seat = Seat.objects.get(team=deal.team, role="SR")
    membership = nominate(by=world.by("seller"), seat=seat, person=world.engineer_two)
    assert sees(world.engineer_two, deal) == (True, 3, True, True)
    assert any(line.cause == "seat" for line in my_day(world.engineer_two))
    decline_seat(by=world.by("engineer_two"), membership=membership, reason="已有两个项目")
    assert sees(world.engineer_two, deal) == NOTHING
    again = nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    accept_seat(by=world.by("engineer"), membership=again)
    assert sees(world.engineer, deal) == (True, 3, True, True)


def test_who_decides_at_the_gate_sees_the_deal_while_it_stands_there(world: World) -> None:
    give_post(by=world.by("administrator"), person=world.delivery_head, unit=world.units["company"], role="SDT")
    deal = world.ready_deal()
    assert sees(world.delivery_head, deal)[:3] == (True, 3, True)
    take_note(by=world.by("delivery_head"), items=world.items(deal))
    vote(by=world.by("delivery_head"), deal=deal, approves=True)
    deal.refresh_from_db()
    assert deal.stage.code == "MO2"
    assert not deals.visible_to(world.delivery_head).filter(pk=deal.pk).exists()


def test_a_post_given_while_a_deal_stands_at_its_gate_shows_it_at_once(world: World) -> None:
    deal = world.moved_deal()
    give_post(by=world.by("administrator"), person=world.stranger, unit=world.units["key-accounts"], role="SDT")
    assert deals.visible_to(world.stranger).filter(pk=deal.pk).exists()
    give_post(by=world.by("administrator"), person=world.colleague, unit=world.units["branch"], role="SDT")
    assert not deals.visible_to(world.colleague).filter(pk=deal.pk).exists()


def test_a_lost_deal_is_seen_by_its_people_and_no_longer_by_who_would_have_decided(world: World) -> None:
    give_post(by=world.by("administrator"), person=world.stranger, unit=world.units["company"], role="SDT")
    deal = world.moved_deal()
    lose_deal(by=world.by("seller"), deal=deal, version=deal.version, reason="价格", code="lost-no-buy")
    assert not deals.visible_to(world.stranger).filter(pk=deal.pk).exists()
    assert sees(world.seller, deal) == (True, 3, True, True)


def test_the_owner_sees_the_new_account_of_a_deal_and_not_the_old_one_any_more(world: World) -> None:
    # A head of both gives the deal to the seller, at another seller's account.
    deal = open_deal(
        by=world.by("head"), title="x", account=world.accounts["cascade"], owner=world.seller, unit=world.units["key-accounts"], **AIM
    )
    assert accounts.visible_to(world.seller).filter(pk=world.accounts["cascade"].pk).exists()
    change_deal(by=world.by("seller"), deal=deal, version=deal.version, account=world.accounts["sudatel"])
    assert not accounts.visible_to(world.seller).filter(pk=world.accounts["cascade"].pk).exists()
    assert accounts.visible_to(world.seller).filter(pk=world.accounts["sudatel"].pk).exists()


def test_a_head_sees_by_heading_and_only_from_at_or_above(world: World) -> None:
    deal = world.deal("西南的", owner="stranger", account="cascade")
    for key, seen in {"head": True, "sales_head": False, "engineer_head": False, "stranger": True, "seller": False}.items():
        assert deals.visible_to(world.people[key]).filter(pk=deal.pk).exists() == seen, key


# No act without standing, none in another's name.


@pytest.mark.req("law 13")
def test_an_id_of_a_deal_or_account_that_one_may_not_see_gives_nothing_back(world: World) -> None:
    deal = world.deal()
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        open_deal(by=world.by("stranger"), title="x", account=world.accounts["cascade"], owner=world.stranger, id=deal.pk, **AIM)
    assert refused.value.code == "id.taken"
    with pytest.raises(Refusal) as refused:
        open_account(by=world.by("stranger"), name="x", owner=world.stranger, id=world.accounts["sudatel"].pk)
    assert refused.value.code == "id.taken"
    assert changed_tables(before, snapshot()) == set()
    again = open_deal(by=world.by("seller"), title="other words", account=world.accounts["sudatel"], owner=world.seller, id=deal.pk, **AIM)
    assert (again.pk, again.title) == (deal.pk, deal.title)


def personal_acts(world: World, deal: Deal) -> dict[str, Callable[[Actor], Any]]:
    call = world.calls(deal)[0]
    item = world.items(deal)[0]
    membership = nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role="SR"), person=world.engineer_two)
    attendance = Attendance.objects.filter(person=world.head).get()
    return {
        "hear": lambda by: take_note(by=by, items=[item]),
        "confirm presence": lambda by: confirm_presence(by=by, attendance=attendance),
        "deny presence": lambda by: deny_presence(by=by, attendance=attendance),
        "accept": lambda by: accept_seat(by=by, membership=membership),
        "decline a seat": lambda by: decline_seat(by=by, membership=membership, reason="x"),
        "vote": lambda by: vote(by=by, deal=deal, approves=True),
        "take": lambda by: take_call(by=by, call=call),
        "deliver": lambda by: deliver_result(by=by, call=call, result="x"),
        "decline": lambda by: decline(by=by, call=call, reason="x"),
        "name": lambda by: name_person(by=by, call=call, person=world.engineer_two),
        "object": lambda by: object_to(by=by, call=call, reason="x"),
        "end": lambda by: end_call(by=by, call=call, reason="x"),
        "file": lambda by: file_item(by=by, item=item, category="site"),
    }


@pytest.mark.req("law 13", breaks="earshot.people.actors.personally")
def test_an_import_or_the_process_never_hears_accepts_votes_or_does_any_personal_act(world: World) -> None:
    deal = world.deal()
    world.words(deal, present=["head"])
    deal = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    acts = personal_acts(world, deal)
    before = snapshot()
    for by in (process("any@1/rule"), Actor(IMPORT, agent_id=uuid7()), Actor(IMPORT, person_id=world.head.pk, agent_id=uuid7())):
        for name, act in acts.items():
            with pytest.raises(Refusal) as refused:
                act(by)
            assert refused.value.code == "act.not_personal", name
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("law 13")
def test_who_has_left_the_company_acts_no_more(world: World) -> None:
    deal = world.deal()
    world.words(deal, present=["head"])
    deal = move_on(by=world.by("seller"), deal=deal, version=deal.version)
    acts = personal_acts(world, deal)
    Person.objects.filter(pk=world.head.pk).update(left_at=now())
    for name, act in acts.items():
        with pytest.raises(Refusal) as refused:
            act(world.by("head"))
        assert refused.value.code == "act.person_left", name


def test_a_token_acts_as_its_person_and_says_so(world: World) -> None:
    deal = world.moved_deal()
    token, _key = make_token(by=world.by("engineer"), person=world.engineer, name="phone")
    take_note(by=as_token(token), items=list(voice.visible_to(world.engineer).filter(deal=deal)))
    entry = Entry.objects.filter(verb="voice.noted").latest("seq")
    assert (entry.actor_kind, entry.person_id, entry.agent_id) == ("token", world.engineer.pk, token.pk)


# The table of standings is what its rules say.


@pytest.mark.req("law 13", breaks="earshot.people.standing.differences")
def test_what_was_deleted_or_forged_is_found_and_rebuilt(world: World) -> None:
    deal = world.moved_deal()
    Standing.objects.filter(person=world.engineer).delete()
    some = Standing.objects.filter(until__isnull=True).first()
    assert some is not None
    Standing.objects.create(
        person=world.stranger, kind="deal", object_id=deal.pk, why="owns_deal", source_id=deal.pk, entry_id=some.entry_id
    )
    assert deals.visible_to(world.stranger).filter(pk=deal.pk).exists()
    found = standing.differences()
    assert sum(len(lacking) for lacking, _surplus in found.values()) > 0
    assert sum(len(surplus) for _lacking, surplus in found.values()) == 1
    with pytest.raises(Refusal):
        rebuild_standing(by=world.by("operations"))
    added, ended = rebuild_standing(by=world.by("administrator"))
    assert (added > 0, ended) == (True, 1)
    assert standing.differences() == {}
    assert {key: sees(person, deal) for key, person in world.people.items()} == SEEN
    assert rebuild_standing(by=world.by("administrator")) == (0, 0)


def test_all_standings_can_be_thrown_away_and_made_again(world: World) -> None:
    deal = world.ready_deal()
    before = set(Standing.objects.filter(until__isnull=True).values_list("person", "heads_of", "kind", "object_id", "why", "source_id"))
    Standing.objects.all().delete()
    assert sees(world.engineer, deal) == NOTHING
    rebuild_standing(by=process("tests"))
    after = set(Standing.objects.filter(until__isnull=True).values_list("person", "heads_of", "kind", "object_id", "why", "source_id"))
    assert after == before


def test_an_ended_standing_stays_on_record_with_its_end(world: World) -> None:
    deal = world.moved_deal()
    with later(hours=1):
        name_person(by=world.by("engineer"), call=world.calls(deal)[0], person=world.engineer_two)
    with later(hours=2):
        name_person(by=world.by("engineer"), call=world.calls(deal)[0], person=world.engineer)
        ended = Standing.objects.filter(person=world.engineer_two, until__isnull=False)
        assert {row.until for row in ended} == {now()}


def test_a_standing_belongs_to_a_person_or_to_the_heads_of_a_unit_never_to_both_or_neither(world: World) -> None:
    some = Standing.objects.first()
    assert some is not None
    for person, heads_of in ((None, None), (world.seller, world.units["company"])):
        with pytest.raises(IntegrityError), transaction.atomic():
            Standing.objects.create(
                person=person, heads_of=heads_of, kind="deal", object_id=uuid7(), why="x", source_id=uuid7(), entry_id=some.entry_id
            )
