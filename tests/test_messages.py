"""Messages: to a team's one address, on any object, answered in person, in time, and seen by nobody whom they are not for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.test.utils import CaptureQueriesContext

from earshot.calls.models import Call
from earshot.clocks.models import Clock
from earshot.clocks.sweep import sweep
from earshot.deals.actions import change_deal
from earshot.deals.models import Deal
from earshot.desk import clocks as deal_clocks
from earshot.desk.finding import find
from earshot.desk.queries import DayLine, entries_seen, my_day, search, timeline
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.kit import uuid7
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.people.actions import appoint_head, end_grant, give_permission
from earshot.people.standing import seers
from earshot.playbooks import book
from earshot.talk.actions.messages import acknowledge, post_message, withdraw
from earshot.talk.models import Acknowledgement, Message, Recipient, Release
from earshot.talk.queries import messages as talk
from earshot.talk.registry import TOPICS
from earshot.teams.actions import accept_seat, nominate, release_seat
from earshot.teams.models import Membership, Seat
from test_together import codes, together
from worlds import World, changed_pack, changed_tables, later, put_in_force, said, snapshot, spoken

TEXT = "周五前把两种方案的柴油费各算一遍"


@pytest.fixture
def deal(world: World) -> Deal:
    """The seller's deal with a team of three: the seller leads, the engineer and the delivery manager sit on it. What the company
    owed before is told already, and the message that waits there is answered."""
    acknowledge(by=world.by("sales_head"), messages=Message.objects.filter(asks="answer"), text="能出")
    deal = world.moved_deal()
    for key, role in (("engineer", "SR"), ("delivery", "FR")):
        take_seat(world, deal, key, role)
    sweep()
    return deal


def take_seat(world: World, deal: Deal, key: str, role: str) -> Membership:
    membership = nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role=role), person=world.people[key])
    accept_seat(by=world.by(key), membership=membership)
    return membership


def seat_of(world: World, deal: Deal, key: str) -> Membership:
    return Membership.objects.get(seat__team=deal.team, person=world.people[key], ended_at=None)


def write(world: World, by: str, about: models.Model, *, to: Iterable[str] = (), text: str = TEXT, **more: Any) -> Message:
    return post_message(by=world.by(by), about=about, text=text, to=[world.people[key] for key in to], **more)


def got(message: Message) -> set[str]:
    return {one.person.name for one in Recipient.objects.filter(message=message).select_related("person")}


def names(world: World, *keys: str) -> set[str]:
    return {world.people[key].name for key in keys}


def readers(world: World, message: Message) -> set[str]:
    """Everybody of the company who sees the message."""
    return {key for key, person in world.people.items() if talk.visible_to(person).filter(pk=message.pk).exists()}


def line(world: World, key: str, cause: str = "answer") -> DayLine | None:
    return next((one for one in my_day(world.people[key]) if one.cause == cause), None)


def alarms(world: World, key: str) -> list[DayLine]:
    return [one for one in my_day(world.people[key]) if one.cause == "alarm" and one.target.kind == "message"]


def state(world: World, message: Message, key: str) -> str:
    read = talk.read(message.author, Message.objects.filter(pk=message.pk))[0]
    return next(one.state for one in read.recipients if one.person == world.people[key])


# One address.


@pytest.mark.req("A10.2a", breaks="earshot.talk.queries.messages.members")
def test_what_a_member_writes_to_the_team_reaches_exactly_the_members_of_that_moment(world: World, deal: Deal) -> None:
    message = write(world, "engineer", deal.team, to_team=True)
    assert got(message) == names(world, "seller", "delivery")
    assert readers(world, message) == {"seller", "engineer", "delivery"}
    release_seat(by=world.by("engineer"), membership=seat_of(world, deal, "engineer"), reason="换人")
    nominate(by=world.by("seller"), seat=Seat.objects.get(team=deal.team, role="SR"), person=world.engineer_two)  # asked, not seated
    assert got(write(world, "delivery", deal.team, to_team=True)) == names(world, "seller")


@pytest.mark.req("A10.2a", breaks="earshot.talk.verbs._reached")
def test_joiners_get_what_is_written_from_their_joining_on_and_leavers_see_nothing_any_more(world: World, deal: Deal) -> None:
    before = write(world, "seller", deal.team, to_team=True)
    release_seat(by=world.by("engineer"), membership=seat_of(world, deal, "engineer"), reason="调去别的项目")
    after = write(world, "seller", deal.team, to_team=True)
    assert got(after) == names(world, "delivery")
    take_seat(world, deal, "engineer_two", "SR")
    last = write(world, "delivery", deal.team, to_team=True)
    assert got(last) == names(world, "seller", "engineer_two")
    assert readers(world, before) == {"seller", "delivery"} == readers(world, after)
    assert readers(world, last) == {"seller", "delivery", "engineer_two"}
    release_seat(by=world.by("engineer_two"), membership=seat_of(world, deal, "engineer_two"), reason="换回来")
    take_seat(world, deal, "engineer", "SR")
    assert readers(world, before) == {"seller", "engineer", "delivery"}  # back again: what had reached the person, and no more
    assert readers(world, last) == {"seller", "delivery"}


@pytest.mark.req("A10.2a")
def test_any_member_reaches_any_other_directly_and_nobody_else_reads_it(world: World, deal: Deal) -> None:
    message = write(world, "engineer", deal.team, to=["delivery"])
    assert got(message) == names(world, "delivery")
    assert readers(world, message) == {"engineer", "delivery"}
    answer = write(world, "delivery", deal.team, replies_to=message, text="收到")
    assert got(answer) == names(world, "engineer")
    assert readers(world, answer) == {"engineer", "delivery"}


@pytest.mark.parametrize("key", ["engineer_head", "operations", "colleague", "stranger", "engineer_two"])
def test_nobody_from_outside_writes_to_the_team(world: World, deal: Deal, key: str) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        write(world, key, deal.team, to_team=True)
    assert refused.value.status in (403, 404)
    assert changed_tables(before, snapshot()) == set()


def test_members_are_written_to_and_nobody_else_is_named_to_a_team(world: World, deal: Deal) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        write(world, "seller", deal.team, to=["engineer", "head"])
    assert world.head.name in spoken(refused.value.fields["to"])
    assert world.engineer.name not in spoken(refused.value.fields["to"])
    with pytest.raises(Refusal) as refused:
        write(world, "seller", deal.team)
    assert set(refused.value.fields) == {"to"}
    with pytest.raises(Refusal) as refused:
        write(world, "seller", deal.team, to=["engineer"], to_team=True, text=" ")
    assert set(refused.value.fields) == {"to", "text"}
    with pytest.raises(Refusal) as refused:
        write(world, "seller", deal, to_team=True)
    assert set(refused.value.fields) == {"to"}
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("law 13")
def test_the_journal_tells_of_a_message_among_members_only_to_those_whom_it_reaches(world: World, deal: Deal) -> None:
    seen_before = {key: set(entries_seen(person).values_list("pk", flat=True)) for key, person in world.people.items()}
    first = Entry.objects.latest("seq").seq
    message = write(world, "engineer", deal.team, to=["delivery"], asks="answer")
    with later(hours=30):
        sweep()
        acknowledge(by=world.by("delivery"), messages=[message], text="算好了")
    told = set(Entry.objects.filter(seq__gt=first, scopes__object_id=message.pk).values_list("pk", flat=True))
    assert len(told) >= 6
    for key, person in world.people.items():
        new = set(entries_seen(person).values_list("pk", flat=True)) - seen_before[key]
        assert bool(new & told) == (key in {"engineer", "delivery"}), key
        assert not any(TEXT in str(one.sentence) for one in timeline(person, deal.team_id))
        assert search(person, TEXT).items == []
    for entry in Entry.objects.filter(seq__gt=first):
        assert TEXT not in str(entry.data)


# Discussions.


def objects(world: World, deal: Deal) -> dict[str, models.Model]:
    item = world.items(deal)[0]
    return {
        "deal": deal,
        "item": item,
        "meeting": item.meeting,
        "call": Call.objects.filter(deal=deal)[0],
        "account": world.accounts["sudatel"],
        "team": deal.team,
    }


@pytest.mark.req("law 13", breaks="earshot.talk.queries.messages.visible_to")
@pytest.mark.parametrize("kind", ["deal", "item", "meeting", "call", "account"])
def test_a_discussion_is_seen_by_whoever_sees_what_it_is_about(world: World, deal: Deal, kind: str) -> None:
    about = objects(world, deal)[kind]
    message = write(world, "seller", about)
    for key, person in world.people.items():
        try:
            find(person, kind, about.pk)
        except Refusal:
            sees = False
        else:
            sees = True
        assert talk.visible_to(person).filter(pk=message.pk).exists() == sees, key
        assert (key in {"stranger", "colleague"}) <= (not sees)


@pytest.mark.parametrize("kind", ["deal", "item", "meeting", "call", "account"])
def test_whom_one_may_name_is_exactly_who_sees_the_object(world: World, deal: Deal, kind: str) -> None:
    """`seers` asks of an object what `seen_by` asks of a person: they must never part."""
    give_permission(by=process("test"), person=world.operations, permission="deals.see_all")
    about = objects(world, deal)[kind]
    place = talk.place_of(about)
    named = set(seers(place.sights).values_list("pk", flat=True))
    assert named == {p.pk for p in world.people.values() if TOPICS[kind].seen(p).filter(pk=about.pk).exists()}
    assert 0 < len(named) < len(world.people)


def test_whoever_does_not_see_the_object_is_not_named_and_the_refusal_says_so_at_the_field(world: World, deal: Deal) -> None:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        write(world, "seller", deal, to=["engineer", "stranger"])
    assert set(refused.value.fields) == {"to"}
    assert world.stranger.name in said(refused.value)
    assert world.engineer.name not in said(refused.value)
    assert changed_tables(before, snapshot()) == set()
    with pytest.raises(Refusal) as refused:
        write(world, "stranger", deal)
    assert refused.value.status == 404


def test_a_reply_stands_where_its_message_stands_and_reaches_its_author(world: World, deal: Deal) -> None:
    message = write(world, "delivery", deal)
    reply = write(world, "engineer", deal, replies_to=message, text="可以")
    assert got(reply) == names(world, "delivery")
    private = write(world, "seller", deal.team, to=["engineer"])
    for about, to in ((world.items(deal)[0], message), (deal.team, private)):
        with pytest.raises(Refusal) as refused:
            write(world, "delivery", about, replies_to=to)
        assert "replies_to" in refused.value.fields


def test_the_same_id_again_writes_nothing_twice_and_another_one_s_id_says_nothing(world: World, deal: Deal) -> None:
    key = uuid7()
    first = write(world, "seller", deal.team, to_team=True, id=key)
    before = snapshot()
    assert write(world, "seller", deal.team, to_team=True, id=key) == first
    assert changed_tables(before, snapshot()) == set()
    with pytest.raises(Refusal) as refused:
        write(world, "engineer", deal.team, to_team=True, id=key)
    assert refused.value.code == "id.taken"


def test_words_that_were_written_are_never_changed(world: World, deal: Deal) -> None:
    message = write(world, "seller", deal, to=["engineer"], asks="answer")
    acknowledge(by=world.by("engineer"), messages=[message], text="好")
    for rows in (Message.objects.all(), Recipient.objects.all(), Acknowledgement.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.update(text="x")


# Answer needed.


@pytest.mark.req("A12.1a", breaks="earshot.talk.actions.messages._asked")
def test_an_answer_is_the_addressee_s_own_act(world: World, deal: Deal) -> None:
    message = write(world, "seller", deal.team, to=["engineer"], asks="answer")
    shown = line(world, "engineer")
    assert shown is not None
    assert shown.ids == (message.pk,)
    assert shown.clock is not None
    assert shown.detail == TEXT
    before = snapshot()
    for by in (world.by("seller"), world.by("delivery"), world.by("head"), process("import")):
        for text in ("", "算好了"):
            with pytest.raises(Refusal):
                acknowledge(by=by, messages=[message], text=text)
    assert changed_tables(before, snapshot()) == set()
    assert acknowledge(by=world.by("engineer"), messages=[message], text="算好了") == 1
    assert acknowledge(by=world.by("engineer"), messages=[message]) == 0
    assert line(world, "engineer") is None
    assert state(world, message, "engineer") == "acknowledged"
    assert Clock.objects.get(object_id=Recipient.objects.get(message=message).pk).outcome == "met"


@pytest.mark.req("A12.1a", breaks="earshot.talk.rules.answers")
def test_an_answer_stands_in_words_and_a_directive_is_confirmed_without_any(world: World, deal: Deal) -> None:
    asked = [write(world, "seller", about, to=["engineer"], asks="answer") for about in (deal, deal.team)]
    before = snapshot()
    for message in asked:
        for text in ("", " \n"):
            with pytest.raises(Refusal) as refused:
                acknowledge(by=world.by("engineer"), messages=[message], text=text)
            assert set(refused.value.fields) == {"text"}
    assert changed_tables(before, snapshot()) == set()
    for message in asked:
        assert acknowledge(by=world.by("engineer"), messages=[message], text="周五给") == 1
        reply = Message.objects.get(replies_to=message)
        assert Acknowledgement.objects.get(recipient__message=message).reply == reply
    directive = write(world, "seller", deal.team, to=["engineer"], asks="directive")
    assert acknowledge(by=world.by("engineer"), messages=[directive]) == 1


def test_where_nobody_would_read_the_answer_the_act_alone_ends_the_question(world: World, deal: Deal) -> None:
    message = write(world, "delivery", deal.team, to=["engineer"], asks="answer")
    release_seat(by=world.by("delivery"), membership=seat_of(world, deal, "delivery"), reason="换项目")
    with pytest.raises(Refusal) as refused:
        acknowledge(by=world.by("engineer"), messages=[message], text="周五给")
    assert set(refused.value.fields) == {"to"}
    assert not talk.wants_words(message)
    assert acknowledge(by=world.by("engineer"), messages=[message]) == 1


@pytest.mark.req("A12.1a", breaks="earshot.wiring.addressees.sender")
def test_silence_beyond_the_limit_is_told_to_the_sender_and_to_the_leader_and_then_to_the_unit_s_head(world: World, deal: Deal) -> None:
    message = write(world, "delivery", deal.team, to=["engineer"], asks="answer")  # Monday 10:00, four working hours
    with later(hours=4):
        sweep()
        assert alarms(world, "delivery") == alarms(world, "seller") == []
        assert state(world, message, "engineer") == "sent"
    with later(hours=6):
        sweep()
        assert state(world, message, "engineer") == "overdue"
        told = {key: alarms(world, key) for key in ("delivery", "seller", "engineer_head", "head", "operations")}
        assert {key for key, lines in told.items() if lines} == {"delivery", "seller"}
        assert world.engineer.name in spoken(told["delivery"][0].sentence)
        assert "your message" in spoken(told["delivery"][0].sentence)
        assert world.delivery.name in spoken(told["seller"][0].sentence)
        shown = line(world, "engineer")
        assert shown is not None
        assert shown.colour == "red"
    with later(hours=9):
        sweep()
        assert state(world, message, "engineer") == "escalated"
        assert len(alarms(world, "engineer_head")) == 1
        acknowledge(by=world.by("engineer"), messages=[message], text="今天下午给")
        assert all(not alarms(world, key) for key in world.people)
        assert state(world, message, "engineer") == "acknowledged"


@pytest.mark.req("law 13")
def test_whom_an_alarm_tells_learns_who_is_silent_and_neither_the_words_nor_what_they_are_about(world: World, deal: Deal) -> None:
    message = write(world, "delivery", deal.team, to=["engineer"], asks="answer")
    with later(days=2):
        sweep()
        for key in ("seller", "engineer_head"):
            (shown,) = alarms(world, key)
            assert (shown.scope.kind, shown.detail) == ("message", "")
            assert TEXT not in str(shown)
            assert deal.title not in str(shown)
        assert key not in readers(world, message)
        (own,) = alarms(world, "delivery")
        assert own.scope.kind == "team"
        assert standing.differences() == {}


def test_a_reply_to_what_asks_one_acknowledges_it_in_the_same_act(world: World, deal: Deal) -> None:
    message = write(world, "seller", deal, to=["engineer", "delivery"], asks="answer")
    reply = write(world, "engineer", deal, replies_to=message, text="周四给")
    assert Acknowledgement.objects.get(recipient__message=message).reply == reply
    assert state(world, message, "engineer") == "acknowledged"
    assert state(world, message, "delivery") == "sent"
    write(world, "head", deal, replies_to=message, text="我也想知道")
    assert Acknowledgement.objects.filter(recipient__message=message).count() == 1


def test_somebody_s_clock_runs_in_the_time_of_his_or_her_own_unit(world: World, deal: Deal) -> None:
    message = write(world, "seller", deal.team, to_team=True, asks="answer")
    units = {clock.unit for clock in Clock.objects.filter(kind="recipient", object_id__in=message.recipients.values("pk"))}
    assert units == {world.units["solutions"], world.units["delivery"]}


def test_one_line_a_person_and_thing_however_many_messages(world: World, deal: Deal) -> None:
    written = [write(world, by, deal, to=["engineer"], asks="answer") for by in ("seller", "delivery", "seller")]
    write(world, "seller", deal.team, to=["engineer"], asks="answer")
    shown = [one for one in my_day(world.engineer) if one.cause == "answer"]
    assert sorted(len(one.ids) for one in shown) == [1, 3]
    for text in ("", "都好"):  # each is answered for itself
        with pytest.raises(Refusal) as refused:
            acknowledge(by=world.by("engineer"), messages=written, text=text)
        assert "text" in refused.value.fields
    assert sum(acknowledge(by=world.by("engineer"), messages=[one], text="好") for one in written) == 3
    directives = [write(world, "seller", deal, to=["engineer"], asks="directive") for _n in range(2)]
    assert acknowledge(by=world.by("engineer"), messages=directives) == 2


def test_without_a_limit_in_the_playbook_nothing_is_asked_and_plain_words_still_go(world: World, deal: Deal, tmp_path: Path) -> None:
    def change(parts: dict[str, Any]) -> None:
        for level in parts["service_levels"]["levels"]:
            if level.get("serves") in ("answer", "directive"):
                del level["serves"]

    put_in_force(changed_pack(tmp_path / "silent", change))
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        write(world, "seller", deal.team, to_team=True, asks="answer")
    assert refused.value.code == "talk.no_limit"
    assert "serves: answer" in said(refused.value)
    assert changed_tables(before, snapshot()) == set()
    assert got(write(world, "seller", deal.team, to_team=True))


def test_one_level_serves_a_kind_of_message(tmp_path: Path, world: World) -> None:
    def change(parts: dict[str, Any]) -> None:
        for level in parts["service_levels"]["levels"][:2]:
            level["serves"] = "answer"

    with pytest.raises(Refusal) as refused:
        put_in_force(changed_pack(tmp_path / "twice", change))
    assert "serves this already" in said(refused.value)
    assert book.in_force().serving("answer") is not None
    assert book.in_force().serving("directive") is not None


def test_its_author_withdraws_what_a_message_asks(world: World, deal: Deal) -> None:
    message = write(world, "seller", deal, to=["engineer", "delivery"], asks="answer")
    acknowledge(by=world.by("engineer"), messages=[message], text="好")
    with pytest.raises(Refusal) as refused:
        withdraw(by=world.by("engineer"), message=message)
    assert refused.value.code == "talk.not_author"
    assert withdraw(by=world.by("seller"), message=message) == 1
    assert line(world, "delivery") is None
    assert state(world, message, "delivery") == "released"
    with pytest.raises(Refusal) as refused:
        withdraw(by=world.by("seller"), message=message)
    assert refused.value.code == "talk.nothing_asked"
    assert acknowledge(by=world.by("delivery"), messages=[message]) == 0


def test_the_clocks_of_a_deal_show_whose_answer_is_wanted_to_those_who_see_the_message(world: World, deal: Deal) -> None:
    write(world, "seller", world.items(deal)[0], to=["engineer"], asks="answer")
    write(world, "delivery", deal.team, to=["engineer"], asks="answer")
    for key, seen in (("seller", 1), ("engineer", 2), ("delivery", 2), ("head", 1)):
        shown = [one for one in deal_clocks.read(deal_clocks.running(world.people[key], deal)) if one.course.clock.kind == "recipient"]
        assert [one.person for one in shown] == [world.engineer] * seen, key
        assert all(TEXT not in str(one.what) for one in shown)


# Directives.


@pytest.mark.req("A13.2d", breaks="earshot.talk.queries.messages.leads")
def test_a_directive_is_given_by_the_team_s_leadership_and_by_nobody_else(world: World, deal: Deal) -> None:
    for key in ("seller", "sales_head", "head"):  # leads the team; heads its unit; heads one above
        message = write(world, key, deal.team, to_team=True, asks="directive")
        assert got(message) == names(world, "seller", "engineer", "delivery") - {world.people[key].name}
        assert key in readers(world, message)
    before = snapshot()
    for key in ("engineer", "delivery"):
        with pytest.raises(Refusal) as refused:
            write(world, key, deal.team, to_team=True, asks="directive")
        assert refused.value.code == "talk.not_leading"
    assert changed_tables(before, snapshot()) == set()


@pytest.mark.req("A13.2d")
def test_the_issuer_sees_who_has_not_confirmed_and_they_are_escalated(world: World, deal: Deal) -> None:
    message = write(world, "sales_head", deal.team, to_team=True, asks="directive")
    acknowledge(by=world.by("engineer"), messages=[message])
    shown = line(world, "delivery", "directive")
    assert shown is not None
    assert shown.act == "acknowledge"
    with later(days=1, hours=1):
        sweep()
        read = talk.read(world.sales_head, Message.objects.filter(pk=message.pk))[0]
        assert {one.person.name for one in read.open} == names(world, "seller", "delivery")
        assert {spoken(one.sentence) for one in alarms(world, "sales_head")} == {
            f"{world.people[key].name} has not confirmed your directive in time" for key in ("seller", "delivery")
        }
        assert len(alarms(world, "seller")) == 1  # the leader: of the other, not of himself
    with later(days=2):
        sweep()
        assert len(alarms(world, "delivery_head")) == 1
        assert state(world, message, "delivery") == "escalated"
    answer = write(world, "delivery", deal.team, replies_to=message, text="已安排")
    assert got(answer) == names(world, "sales_head")  # answered directly, though not on the team


# Who can no longer answer is asked no more.


@pytest.mark.req("A12.1a", breaks="earshot.talk.actions.messages.release_unseeing")
def test_who_leaves_the_team_is_asked_no_more_and_the_clock_ends_by_that(world: World, deal: Deal) -> None:
    message = write(world, "seller", deal.team, to_team=True, asks="answer")
    release_seat(by=world.by("engineer"), membership=seat_of(world, deal, "engineer"), reason="换项目")
    assert list(Release.objects.values_list("why", flat=True)) == ["left_team"]
    recipient = Recipient.objects.get(message=message, person=world.engineer)
    clock = Clock.objects.get(object_id=recipient.pk)
    entry = Entry.objects.get(verb="talk.released")
    assert clock.outcome == "cancelled"
    assert entry.cause is not None
    assert entry.cause.verb == "teams.left"
    assert line(world, "engineer") is None
    assert state(world, message, "engineer") == "released"
    assert state(world, message, "delivery") == "sent"
    with pytest.raises(Refusal):
        find(world.engineer, "message", message.pk)
    take_seat(world, deal, "engineer", "SR")
    assert state(world, message, "engineer") == "released"


def test_who_loses_sight_of_the_deal_is_asked_no_more_about_anything_of_it(world: World, deal: Deal) -> None:
    asked = [write(world, "seller", about, to=["delivery"], asks="answer") for about in (deal, objects(world, deal)["meeting"])]
    kept = write(world, "seller", world.items(deal)[1], to=["delivery"], asks="answer")  # must hear it, on the team or not
    release_seat(by=world.by("seller"), membership=seat_of(world, deal, "delivery"), reason="换人")
    assert [state(world, one, "delivery") for one in asked] == ["released", "released"]
    assert set(Release.objects.values_list("why", flat=True)) == {"lost_sight"}
    assert state(world, kept, "delivery") == "sent"
    assert len([one for one in my_day(world.delivery) if one.cause == "answer"]) == 1


def test_a_new_owner_a_new_head_and_an_ended_permission_release_whoever_saw_by_them(world: World, deal: Deal) -> None:
    give_permission(by=process("test"), person=world.operations, permission="deals.see_all")
    for key in ("sales_head", "operations"):
        write(world, "seller", deal, to=[key], asks="answer")
    appoint_head(by=world.by("administrator"), unit=world.units["key-accounts"], person=world.colleague)
    assert line(world, "sales_head") is None
    assert line(world, "operations") is not None
    grant = world.operations.grants.get(permission="deals.see_all", until=None)
    end_grant(by=world.by("administrator"), grant=grant, reason="不再需要")
    assert line(world, "operations") is None
    assert not Clock.objects.filter(kind="recipient", stopped_at=None).exists()


def test_what_changes_on_the_way_of_one_act_releases_nobody(world: World, deal: Deal) -> None:
    """A person who loses one reason to see a deal and gains another in the same act sees it throughout."""
    message = write(world, "engineer", deal, to=["seller"], asks="answer")
    deal.refresh_from_db()
    change_deal(by=world.by("seller"), deal=deal, version=deal.version, title="苏丹站点二期")
    assert state(world, message, "seller") == "sent"


def test_a_reply_does_not_reach_an_author_who_has_left_the_team(world: World, deal: Deal) -> None:
    message = write(world, "engineer", deal.team, to_team=True)
    release_seat(by=world.by("engineer"), membership=seat_of(world, deal, "engineer"), reason="换项目")
    answer = write(world, "delivery", deal.team, to=["seller"], replies_to=message, asks="answer", text="只给队里看的话")
    assert got(answer) == names(world, "seller")
    with pytest.raises(Refusal) as refused:
        write(world, "delivery", deal.team, replies_to=message, asks="answer")
    assert "to" in refused.value.fields
    Recipient.objects.create(message=answer, person=world.engineer)  # however it came about
    assert line(world, "engineer") is None


# In the same second, and at what cost.


@pytest.mark.own_database
def test_two_answers_in_the_same_second_are_one_acknowledgement(world: World) -> None:
    deal = world.deal()
    take_seat(world, deal, "engineer", "SR")
    message = write(world, "seller", deal.team, to=["engineer"], asks="answer")
    outcomes = together(
        lambda: acknowledge(by=world.by("engineer"), messages=[message], text="收到"),
        lambda: acknowledge(by=world.by("engineer"), messages=[message], text="收到，周五给"),
    )
    assert codes(outcomes) == ["", ""]
    assert Acknowledgement.objects.filter(recipient__message=message).count() == 1
    assert Entry.objects.filter(verb="talk.acknowledged").count() == 1


@pytest.mark.own_database
def test_whoever_leaves_while_the_team_is_written_to_got_it_or_did_not_and_is_asked_nothing(world: World) -> None:
    deal = world.deal()
    take_seat(world, deal, "delivery", "FR")
    membership = take_seat(world, deal, "engineer", "SR")
    together(
        lambda: write(world, "seller", deal.team, to_team=True, asks="answer"),
        lambda: release_seat(by=world.by("engineer"), membership=membership, reason="走了"),
    )
    message = Message.objects.get(team=deal.team)
    assert got(message) >= names(world, "delivery")
    running = Clock.objects.filter(object_id__in=message.recipients.values("pk"), stopped_at=None)
    assert [Recipient.objects.get(pk=clock.object_id).person for clock in running] == [world.delivery]
    assert "engineer" not in readers(world, message)
    assert standing.differences() == {}


@pytest.mark.own_database
def test_who_is_released_while_the_author_withdraws_or_the_addressee_answers_is_it_once(world: World) -> None:
    deal = world.deal()
    for act in ("withdraw", "acknowledge"):
        membership = take_seat(world, deal, "engineer", "SR")
        message = write(world, "seller", deal.team, to=["engineer"], asks="answer")
        outcomes = together(
            lambda membership=membership: release_seat(by=world.by("engineer"), membership=membership, reason="走了"),
            lambda act=act, message=message: (
                withdraw(by=world.by("seller"), message=message)
                if act == "withdraw"
                else acknowledge(by=world.by("engineer"), messages=[message], text="好")
            ),
        )
        assert outcomes[0] is None or not isinstance(outcomes[0], Exception)
        recipient = Recipient.objects.get(message=message)
        ends = Release.objects.filter(recipient=recipient).count() + Acknowledgement.objects.filter(recipient=recipient).count()
        assert ends == 1
        assert Clock.objects.get(object_id=recipient.pk).stopped_at is not None


def test_reading_costs_the_same_however_many_messages(world: World, deal: Deal) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            talk.read(world.engineer, talk.reached(world.engineer)[:50])
            my_day(world.engineer)
        return len(captured)

    first = write(world, "seller", deal, to=["engineer"], asks="answer")
    write(world, "seller", deal.team, to_team=True, replies_to=None, asks="answer")
    write(world, "engineer", deal, replies_to=first)
    write(world, "delivery", deal, to=["engineer", "seller"], asks="answer")
    few = cost()
    for _n in range(5):
        write(world, "delivery", deal, to=["engineer", "seller"], asks="answer", replies_to=first)
        write(world, "delivery", deal.team, to_team=True, asks="answer")
    assert cost() == few
