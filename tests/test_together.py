"""Two people in the same second: real threads, real commits, both engines. Nothing is done twice, nothing is lost."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from earshot.accounts.actions import add_contact, open_account
from earshot.calls.actions import decline, deliver_result, end_call, name_person, take_call
from earshot.calls.models import Assignment, Call, Result
from earshot.clocks.models import Clock
from earshot.deals.actions import change_deal, move_on, move_to_process, open_deal, vote
from earshot.deals.lead_tables import Lead
from earshot.deals.models import Deal, GatePass, StageVisit, Vote
from earshot.journal import jobs, reactions
from earshot.journal.actions import call as one_call
from earshot.journal.models import Delivery, Entry, Repeat
from earshot.journal.repeats import claim, keep
from earshot.kit import uuid7
from earshot.kit.problems import Refusal
from earshot.people import permits, standing
from earshot.people.actions import end_grant, give_permission
from earshot.people.models import Grant
from earshot.teams.actions import accept_seat, decline_seat, nominate
from earshot.teams.models import Acceptance, Membership, Seat
from earshot.voice.actions import Said, With, confirm_presence, deny_presence, record_meeting, take_note
from earshot.voice.models import Attendance, Hearing, Item, Meeting
from worlds import AIM, World, changed_pack, put_in_force

pytestmark = pytest.mark.own_database


def together(*acts: Callable[[], Any]) -> list[Any]:
    """What each act gave, or the refusal that it met, done at once, each in a thread and a connection of its own."""
    gate = threading.Barrier(len(acts))
    outcomes: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=90)
            outcomes[number] = act()
        except Exception as error:  # noqa: BLE001 - whatever it was, the test looks at it
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, Refusal):
            raise outcome
    return outcomes


def codes(outcomes: list[Any]) -> list[str]:
    """Code of each refusal, "" for each act that happened, sorted."""
    return sorted(outcome.code if isinstance(outcome, Refusal) else "" for outcome in outcomes)


@pytest.mark.req("law 4")
def test_two_move_the_same_deal_and_one_of_them_is_told_that_it_has_moved(world: World) -> None:
    deal = world.spoken_deal()
    outcomes = together(
        *(
            lambda key=key: move_on(by=world.by(key), deal=Deal.objects.get(pk=deal.pk), version=deal.version)
            for key in ("seller", "sales_head", "head")
        )
    )
    assert codes(outcomes) == ["", "stale", "stale"]
    assert all(refusal.lines for refusal in outcomes if isinstance(refusal, Refusal))
    assert StageVisit.objects.filter(deal=deal).count() == 2
    assert Call.objects.filter(deal=deal).count() == 1
    assert Entry.objects.filter(verb="calls.raised", objects_touched__object_id=deal.pk).count() == 1


def test_two_change_the_same_deal_and_the_second_is_shown_what_changed(world: World) -> None:
    deal = world.deal()
    outcomes = together(
        lambda: change_deal(by=world.by("seller"), deal=deal, version=1, amount="1"),
        lambda: change_deal(by=world.by("head"), deal=deal, version=1, amount="2"),
    )
    assert codes(outcomes) == ["", "stale"]
    assert Deal.objects.get(pk=deal.pk).version == 2


def test_two_record_under_the_same_id_and_it_is_kept_once(world: World) -> None:
    deal, meeting_id = world.deal(), uuid7()
    outcomes = together(
        *(
            lambda: record_meeting(
                by=world.by("seller"), deal=deal, items=[Said("一句话", "site")], contacts=[With("Osman")], id=meeting_id
            )
            for _ in range(3)
        )
    )
    assert {outcome.pk for outcome in outcomes} == {meeting_id}
    assert Item.objects.filter(meeting=meeting_id).count() == 1
    assert Meeting.objects.filter(deal=deal).count() == 1


def test_two_open_the_same_deal_or_account_under_one_id(world: World) -> None:
    deal_id, account_id = uuid7(), uuid7()
    outcomes = together(
        *(
            lambda: open_deal(by=world.by("seller"), title="x", account=world.accounts["sudatel"], owner=world.seller, id=deal_id, **AIM)
            for _ in range(2)
        ),
        *(lambda: open_account(by=world.by("seller"), name="y", owner=world.seller, id=account_id) for _ in range(2)),
    )
    assert {outcome.pk for outcome in outcomes} == {deal_id, account_id}
    roles = list(Seat.objects.filter(team__deal=deal_id).values_list("role", flat=True))
    assert roles
    assert len(roles) == len(set(roles))


def test_two_add_the_same_contact(world: World) -> None:
    outcomes = together(
        *(lambda: add_contact(by=world.by("seller"), account=world.accounts["sudatel"], name="Amal", title="CFO") for _ in range(3))
    )
    assert len({outcome.pk for outcome in outcomes}) == 1


def test_two_nominate_to_the_same_seat(world: World) -> None:
    deal = world.deal()
    seat = Seat.objects.get(team=deal.team, role="SR")
    outcomes = together(
        lambda: nominate(by=world.by("seller"), seat=seat, person=world.engineer),
        lambda: nominate(by=world.by("sales_head"), seat=seat, person=world.engineer_two),
    )
    assert codes(outcomes) == ["", "team.seat_taken"]
    assert Membership.objects.filter(seat=seat, ended_at__isnull=True).count() == 1


def test_accepting_a_seat_twice_is_accepting_it_once(world: World) -> None:
    deal = world.deal()
    membership = nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role="SR"), person=world.engineer)
    outcomes = together(*(lambda: accept_seat(by=world.by("engineer"), membership=membership) for _ in range(3)))
    assert codes(outcomes) == ["", "", ""]
    assert Acceptance.objects.filter(membership=membership).count() == 1
    assert Entry.objects.filter(verb="teams.accepted", objects_touched__object_id=membership.pk).count() == 1


def test_accepting_and_declining_at_once_leaves_one_of_both(world: World) -> None:
    deal = world.deal()
    membership = nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role="SR"), person=world.engineer)
    outcomes = together(
        lambda: accept_seat(by=world.by("engineer"), membership=membership),
        lambda: decline_seat(by=world.by("engineer"), membership=membership, reason="doch nicht"),
    )
    assert codes(outcomes) in (["", "team.accepted"], ["", "team.ended"])
    membership.refresh_from_db()
    assert (membership.ended_at is None) == Acceptance.objects.filter(membership=membership).exists()


def test_two_administrators_who_end_each_others_permission_at_once_leave_one(world: World) -> None:
    second = give_permission(by=world.by("administrator"), person=world.colleague, permission=permits.ADMINISTER)
    first = Grant.objects.get(person=world.administrator, permission=permits.ADMINISTER)
    outcomes = together(
        lambda: end_grant(by=world.by("administrator"), grant=second, reason="x"),
        lambda: end_grant(by=world.by("colleague"), grant=first, reason="x"),
    )
    assert codes(outcomes) in (["", "grant.last_administrator"], ["", "permission.people.administer"])
    assert Grant.objects.filter(permission=permits.ADMINISTER, until__isnull=True).count() == 1


def test_confirming_and_denying_presence_at_once_leaves_one_answer(world: World) -> None:
    world.words(world.deal(), present=["engineer"])
    attendance = Attendance.objects.get(person=world.engineer)
    outcomes = together(
        lambda: confirm_presence(by=world.by("engineer"), attendance=attendance),
        lambda: deny_presence(by=world.by("engineer"), attendance=attendance),
    )
    assert codes(outcomes) == ["", "presence.answered"]


def test_taking_note_in_two_browsers_is_one_hearing(world: World) -> None:
    deal = world.moved_deal()
    items = world.items(deal)
    together(*(lambda: take_note(by=world.by("head"), items=items) for _ in range(3)))
    assert Hearing.objects.filter(person=world.head, item__in=items).count() == 3


def test_two_deliver_and_one_result_counts(world: World) -> None:
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    outcomes = together(*(lambda text=text: deliver_result(by=world.by("engineer"), call=call, result=text) for text in ("eins", "zwei")))
    assert codes(outcomes) == ["", "call.closed"]
    assert Result.objects.filter(call=call).count() == 1
    assert Clock.objects.get(object_id=call.pk).outcome == "met"


def test_the_same_result_sent_twice_is_given_back(world: World) -> None:
    call, result_id = world.calls(world.moved_deal())[0], uuid7()
    outcomes = together(*(lambda: deliver_result(by=world.by("engineer"), call=call, result="halb", id=result_id) for _ in range(2)))
    assert [outcome.pk for outcome in outcomes] == [result_id, result_id]


@pytest.mark.req("law 5")
def test_delivering_while_a_head_ends_the_call_leaves_one_of_both(world: World) -> None:
    call = world.calls(world.moved_deal())[0]
    outcomes = together(
        lambda: deliver_result(by=world.by("engineer"), call=call, result="halb"),
        lambda: end_call(by=world.by("head"), call=call, reason="not needed"),
    )
    assert codes(outcomes) == ["", "call.closed"]


@pytest.mark.req("law 5")
def test_declining_while_another_is_named_never_leaves_a_call_without_a_person(world: World) -> None:
    call = world.calls(world.moved_deal())[0]
    together(
        lambda: decline(by=world.by("engineer"), call=call, reason="no time"),
        lambda: name_person(by=world.by("engineer_head"), call=call, person=world.engineer_two),
        lambda: take_call(by=world.by("engineer"), call=call),
    )
    assert Assignment.objects.filter(call=call, ended_at__isnull=True).count() == 1


def test_two_vote_and_the_gate_opens_once(world: World) -> None:
    deal = world.ready_deal()
    outcomes = together(*(lambda: vote(by=world.by("head"), deal=deal, approves=True) for _ in range(2)))
    assert codes(outcomes) == ["", "gate.none"]
    assert GatePass.objects.filter(visit__deal=deal).count() == 1
    assert Vote.objects.filter(visit__deal=deal, replaced_at__isnull=True).count() == 1
    assert StageVisit.objects.filter(deal=deal, left_at__isnull=True).count() == 1


@pytest.mark.req("law 3")
def test_critical_words_recorded_while_the_head_votes_are_heard_before_the_gate_opens_or_come_after(world: World) -> None:
    deal = world.ready_deal()
    together(
        lambda: vote(by=world.by("head"), deal=deal, approves=True),
        lambda: world.words(deal, words=[("他们要换供应商", "rival")]),
    )
    recorded = Entry.objects.filter(verb="voice.meeting_recorded", scopes__object_id=deal.pk).latest("seq")
    opened = Entry.objects.filter(verb="deals.gate_opened", scopes__object_id=deal.pk).first()
    if opened is not None:
        assert opened.seq < recorded.seq
    else:
        assert Deal.objects.get(pk=deal.pk).stage_id == deal.stage_id


def test_business_numbers_are_unique_and_without_gaps_whoever_draws_them(world: World) -> None:
    before = Deal.objects.count()
    together(
        *(
            lambda number=number: [
                open_deal(by=world.by("seller"), title=f"{number}.{n}", account=world.accounts["sudatel"], owner=world.seller, **AIM)
                for n in range(3)
            ]
            for number in range(4)
        )
    )
    deals = list(Deal.objects.values_list("number", flat=True))
    assert len(deals) == len(set(deals)) == before + 12
    numbers = sorted({*deals, *Lead.objects.values_list("number", flat=True)})  # one series: a lead becomes a deal under its number
    assert [int(number[-5:]) for number in numbers] == list(range(1, len(numbers) + 1))


def test_a_key_used_twice_in_the_same_second_gives_one_answer(world: World) -> None:
    def act() -> str:
        with one_call():
            kept = claim(world.seller.pk, "key-1", {"title": "x"})
            if kept.status:
                return str(kept.answer)
            deal = open_deal(by=world.by("seller"), title="x", account=world.accounts["sudatel"], owner=world.seller, **AIM)
            keep(kept, 201, str(deal.pk))
            return str(deal.pk)

    outcomes = together(*(act for _ in range(3)))
    assert len(set(outcomes)) == 1
    assert Deal.objects.filter(title="x").count() == 1
    assert Repeat.objects.count() == 1


def test_two_workers_deliver_each_reaction_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: Counter[int] = Counter()
    lock = threading.Lock()

    def reaction(entry: Entry) -> None:
        with lock:
            seen[entry.pk] += 1

    monkeypatch.setitem(reactions.HANDLERS._things, "tests.count", reaction)
    Delivery.objects.all().delete()
    entries = list(Entry.objects.order_by("-seq")[:12])
    Delivery.objects.bulk_create([Delivery(entry=entry, reaction="tests.count", due_at=entry.recorded_at) for entry in entries])
    together(*(lambda: jobs.drain(jobs.begin()) for _ in range(3)))
    assert seen == Counter({entry.pk: 1 for entry in entries})
    assert Delivery.objects.filter(done_at__isnull=True).count() == 0


def test_a_crowd_on_one_deal_leaves_everything_as_its_rules_say(world: World) -> None:
    deal = world.moved_deal()
    together(
        lambda: world.hear(deal, "engineer"),
        lambda: world.hear(deal, "head"),
        lambda: world.hear(deal, "delivery"),
        lambda: world.words(deal, words=[("再说一句", "rival")]),
        lambda: world.words(deal, by="head", words=[("又一句", "site")]),
        lambda: name_person(by=world.by("engineer_head"), call=world.calls(deal)[0], person=world.engineer_two),
    )
    assert standing.differences() == {}
    assert Item.objects.filter(deal=deal).count() == 5


def test_a_deal_moved_to_a_newer_process_by_two_at_once_is_moved_once(world: World, tmp_path: Path) -> None:
    def a_seat_more(parts: dict[str, Any]) -> None:
        parts["process"]["seats"].append({"code": "seat-SDT", "role": "SDT", "zh": "拍板", "en": "Decides"})

    deal = world.moved_deal()
    put_in_force(changed_pack(tmp_path, a_seat_more))

    def by(key: str) -> Callable[[], Any]:
        return lambda: move_to_process(by=world.by(key), deal=deal, version=deal.version, to=2, reason="统一")

    outcomes = together(by("seller"), by("sales_head"))
    assert sorted(type(one).__name__ for one in outcomes) == ["Deal", "Refusal"]
    assert [one.code for one in outcomes if isinstance(one, Refusal)] == ["stale"]
    assert Entry.objects.filter(verb="deals.process_changed").count() == 1
    assert Seat.objects.filter(team=deal.team, role="SDT").count() == 1
    assert StageVisit.objects.filter(deal=deal, left_at=None).count() == 1


def test_a_vote_and_a_move_to_a_newer_process_at_once_leave_no_vote_at_a_gate_that_is_gone(world: World, tmp_path: Path) -> None:
    deal = world.ready_deal()
    put_in_force(changed_pack(tmp_path, lambda parts: parts["process"]["gates"][0].update(deciders=["SR", "SDT"])))
    outcomes = together(
        lambda: vote(by=world.by("head"), deal=deal, approves=True, version=deal.version),
        lambda: move_to_process(by=world.by("seller"), deal=deal, version=deal.version, to=2, reason="统一"),
    )
    # Whoever came second is told that the deal has changed: the vote opened the gate, or was about another one.
    assert [one.code for one in outcomes if isinstance(one, Refusal)] == ["stale"]
    assert not Vote.objects.filter(visit__deal=deal, visit__left_at=None, replaced_at=None).exists()
