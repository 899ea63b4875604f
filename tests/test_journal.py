"""The one log: what happened, who did it, because of what; refusals that matter; deliveries; answers kept for repeats."""

from __future__ import annotations

import importlib
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from earshot.accounts.models import Account
from earshot.deals.actions import change_deal, move_on, open_deal, vote
from earshot.deals.models import Deal
from earshot.desk.audience import audience
from earshot.desk.queries import entries_seen, timeline
from earshot.journal import actors, jobs, kinds, reactions
from earshot.journal.actions import call, keep_labels, record, verb
from earshot.journal.actors import Actor, process
from earshot.journal.models import Delivery, Entry, Label, Repeat, Scope, Touched
from earshot.journal.queries import about, orphans, tell, visible_entries
from earshot.journal.repeats import claim, keep
from earshot.journal.verbs import VERBS
from earshot.kit import clock, now, uuid7
from earshot.kit.problems import Refusal
from earshot.people import standing
from earshot.people.models import Person
from earshot.people.permits import OPERATE
from earshot.voice.actions import take_note
from worlds import AIM, JOURNAL, World, changed_tables, later, snapshot, spoken


def chain(entry: Entry) -> list[str]:
    """The verbs from an entry back to what began it."""
    names = [entry.verb]
    while entry.cause is not None:
        entry = entry.cause
        names.append(entry.verb)
    return names


def test_a_verb_that_nobody_registered_is_refused(world: World) -> None:
    with pytest.raises(KeyError, match=r"deals\.deal_opened"), transaction.atomic():
        record("deals.deal_opned", by=process("t"), objects={})


def test_an_object_whose_kind_nobody_registered_is_refused(world: World) -> None:
    with pytest.raises(KeyError, match="no registered kind"), transaction.atomic():
        record("demo.world_built", by=process("t"), objects={"x": Delivery()})


@pytest.mark.own_database
def test_an_entry_is_written_in_the_transaction_of_what_it_tells(world: World) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        record("demo.world_built", by=process("t"), objects={})


def test_every_verb_has_its_sentence_in_both_languages_and_every_placeholder_is_filled(world: World) -> None:
    deal = world.ready_deal()
    vote(by=world.by("head"), deal=deal, approves=True)
    told = timeline(world.head, deal.pk, most=200)
    assert len(told) > 12
    for row in told:
        assert "–" not in spoken(row.sentence), row.entry.verb
        assert "{" not in row.sentence
    for name, sentence in VERBS.items():
        assert spoken(sentence), name


def test_the_chain_of_causes_leads_from_the_call_back_to_who_moved_the_deal(world: World) -> None:
    deal = world.ready_deal()
    vote(by=world.by("head"), deal=deal, approves=True)
    raised = Entry.objects.filter(verb="calls.raised", objects_touched__object_id=deal.pk).latest("seq")
    assert chain(raised) == ["calls.raised", "deals.stage_entered", "deals.gate_opened", "deals.voted"]
    named = Entry.objects.filter(verb="voice.ears_named", scopes__object_id=deal.pk).earliest("seq")
    assert chain(named) == ["voice.ears_named", "voice.meeting_recorded"]
    assert named.actor_kind == "process"
    assert named.rule.startswith("hearing@1/")


def test_every_entry_that_the_process_writes_says_which_rule_in_which_version(world: World) -> None:
    vote(by=world.by("head"), deal=world.ready_deal(), approves=True)
    for entry in Entry.objects.filter(actor_kind="process", seq__gt=0).exclude(rule__startswith="demo/"):
        assert "@" in entry.rule, (entry.verb, entry.rule)
        assert entry.cause_id is not None


def test_a_cause_that_the_reader_may_not_see_stays_unsaid(world: World) -> None:
    deal = world.moved_deal()
    call_id = world.calls(deal)[0].pk
    [to_seller] = [row for row in timeline(world.seller, call_id) if row.entry.verb == "calls.raised"]
    [to_engineer] = [row for row in timeline(world.engineer, call_id) if row.entry.verb == "calls.raised"]
    assert to_seller.cause
    assert to_engineer.cause == ""


def test_an_entry_keeps_the_time_claimed_beside_the_time_recorded(world: World) -> None:
    deal = world.spoken_deal()
    entry = Entry.objects.get(verb="voice.meeting_recorded", scopes__object_id=deal.pk)
    assert (entry.claimed_at, entry.recorded_at) == (now() - timedelta(hours=1), now())


@pytest.mark.parametrize(
    "broken",
    [
        {"actor_kind": "person"},
        {"actor_kind": "process"},
        {"actor_kind": "import"},
        {"actor_kind": "token", "person_id": uuid7()},
        {"actor_kind": "ghost", "person_id": uuid7()},
    ],
    ids=lambda row: row["actor_kind"],
)
def test_an_actor_is_whole_or_the_database_refuses_the_entry(world: World, broken: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.create(verb="x", claimed_at=now(), recorded_at=now(), **broken)


def test_only_people_and_their_tokens_act_personally() -> None:
    assert [Actor(kind).is_personal for kind in (actors.PERSON, actors.TOKEN, actors.PROCESS, actors.IMPORT)] == [True, True, False, False]


# Labels.


def test_a_name_erased_by_mandate_is_gone_from_every_timeline_and_stays_gone_though_no_entry_was_touched(world: World) -> None:
    deal = world.moved_deal()
    before = snapshot()
    Label.objects.filter(kind="person", object_id=world.seller.pk).update(text="", erased_at=now())
    sentences = " ".join(row.sentence for row in timeline(world.head, deal.pk))
    assert world.seller.name not in sentences
    change_deal(by=world.by("seller"), deal=deal, version=deal.version, amount="5")
    assert Label.objects.get(kind="person", object_id=world.seller.pk).text == ""
    assert changed_tables(before, snapshot()) & {"journal_entry", "journal_touched", "journal_scope"}
    assert before["journal_entry"] == [row for row in snapshot()["journal_entry"] if row in before["journal_entry"]]


def test_the_newest_wording_of_a_label_wins_and_writing_it_again_costs_no_write(world: World) -> None:
    deal = world.deal("旧名")
    change_deal(by=world.by("seller"), deal=deal, version=1, title="新名")
    assert "新名" in Label.objects.get(kind="deal", object_id=deal.pk).text
    label = Label(kind="deal", object_id=deal.pk, text=Label.objects.get(kind="deal", object_id=deal.pk).text)
    with CaptureQueriesContext(connection) as queries:
        keep_labels([label])
    assert not [query for query in queries if "INSERT" in query["sql"]]


# Refusals that matter.


@verb
def spoil(world: World, *, with_entry: bool) -> None:
    open_deal(by=world.by("seller"), title="half done", account=world.accounts["sudatel"], owner=world.seller, **AIM)
    deal = world.deals["branches"]
    entry = {
        "name": "deals.gate_refused",
        "by": world.by("seller"),
        "objects": {"deal": deal},
        "scopes": [deal],
        "data": {"count": 1, "gate": "x"},
    }
    raise Refusal("no", "no", entry=entry if with_entry else None)


def test_a_refusal_undoes_everything_and_one_that_matters_stands_alone_in_the_journal(world: World) -> None:
    before = snapshot()
    with pytest.raises(Refusal):
        spoil(world, with_entry=False)
    assert changed_tables(before, snapshot()) == set()
    with pytest.raises(Refusal):
        spoil(world, with_entry=True)
    after = snapshot()
    assert changed_tables(before, after) <= JOURNAL
    assert len(after["journal_entry"]) == len(before["journal_entry"]) + 1


@pytest.mark.parametrize("deep", [1, 3])
def test_inside_a_call_that_a_door_opened_the_refusal_stands_all_the_same_and_nothing_else(world: World, deep: int) -> None:
    before = snapshot()

    def door(levels: int) -> None:
        with call():
            if levels:
                door(levels - 1)
                return
            kept = claim(world.seller.pk, "k", {})
            keep(kept, 200, {})
            spoil(world, with_entry=True)

    with pytest.raises(Refusal):
        door(deep)
    after = snapshot()
    assert changed_tables(before, after) <= JOURNAL
    assert len(after["journal_entry"]) == len(before["journal_entry"]) + 1
    assert Repeat.objects.count() == 0


@pytest.mark.own_database
def test_the_refusal_of_a_gate_is_committed_though_the_call_was_rolled_back(world: World) -> None:
    deal = world.moved_deal()
    with pytest.raises(Refusal), call():
        move_on(by=world.by("seller"), deal=deal, version=deal.version)
    connection.close()
    assert Entry.objects.latest("seq").verb == "deals.gate_refused"
    assert Deal.objects.get(pk=deal.pk).version == deal.version


def test_any_other_error_undoes_everything_as_well_and_leaves_no_open_call_behind(world: World) -> None:
    before = snapshot()
    with pytest.raises(ZeroDivisionError), call():
        open_deal(by=world.by("seller"), title="x", account=world.accounts["sudatel"], owner=world.seller, **AIM)
        raise ZeroDivisionError
    assert changed_tables(before, snapshot()) == set()
    open_deal(by=world.by("seller"), title="x", account=world.accounts["sudatel"], owner=world.seller, **AIM)
    assert len(snapshot()["deals_deal"]) == len(before["deals_deal"]) + 1


# Reactions and deliveries.


@pytest.fixture
def owed(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """A later reaction to accounts opened, which keeps the entries that it was given."""
    seen: list[Entry] = []
    Delivery.objects.all().delete()
    monkeypatch.setitem(reactions.LATER, "accounts.account_opened", ["tests.seen"])
    monkeypatch.setitem(reactions.HANDLERS._things, "tests.seen", seen.append)
    return seen


def drain() -> int:
    """What a worker that has just begun delivers."""
    return jobs.drain(jobs.begin())


def make_account(world: World, name: str = "x") -> Account:
    from earshot.accounts.actions import open_account

    return open_account(by=world.by("seller"), name=name, owner=world.seller, another=True)


def test_a_later_reaction_is_owed_in_the_transaction_of_its_entry_and_delivered_once(world: World, owed: list[Entry]) -> None:
    make_account(world)
    assert owed == []
    [delivery] = Delivery.objects.all()
    assert drain() == 1
    assert [entry.pk for entry in owed] == [delivery.entry_id]
    assert drain() == 0
    delivery.refresh_from_db()
    assert (delivery.done_at, delivery.error, delivery.attempts) == (now(), "", 1)


def test_what_was_rolled_back_owes_nothing(world: World, owed: list[Entry]) -> None:
    with pytest.raises(ZeroDivisionError), call():
        make_account(world)
        raise ZeroDivisionError
    assert Delivery.objects.count() == 0


def test_a_failing_reaction_keeps_its_error_is_tried_again_later_and_stops_no_other(
    world: World, owed: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(entry: Entry) -> None:
        Account.objects.create(name="left behind", number="X", unit=world.units["company"], owner=world.seller, opened_at=now())
        raise OSError("the mail server is away")

    make_account(world, "first")
    Delivery.objects.update(reaction="tests.broken")
    monkeypatch.setitem(reactions.HANDLERS._things, "tests.broken", broken)
    with later(seconds=1):
        make_account(world, "second")
        assert drain() == 2
    assert len(owed) == 1
    failed = Delivery.objects.get(reaction="tests.broken")
    assert (failed.error, failed.attempts, failed.done_at) == ("OSError: the mail server is away", 1, None)
    assert failed.due_at > now()
    assert not Account.objects.filter(name="left behind").exists()
    assert drain() == 0
    monkeypatch.setitem(reactions.HANDLERS._things, "tests.broken", owed.append)
    with later(minutes=5):
        assert drain() == 1
    failed.refresh_from_db()
    assert (failed.error, failed.attempts) == ("", 2)


def test_a_reaction_that_never_succeeds_is_parked_as_dead_and_never_tried_again(
    world: World, owed: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_entry: Entry) -> None:
        raise ValueError("always")

    monkeypatch.setitem(reactions.HANDLERS._things, "tests.seen", broken)
    make_account(world)
    for attempt in range(1, jobs.MOST_ATTEMPTS + 3):
        with later(hours=attempt):
            drain()
    delivery = Delivery.objects.get()
    assert delivery.attempts == jobs.MOST_ATTEMPTS
    assert delivery.dead_at is not None
    assert delivery.error == "ValueError: always"
    told = Entry.objects.get(verb="desk.given_up")
    assert (told.cause_id, told.permission, told.data["attempts"]) == (delivery.entry_id, OPERATE, jobs.MOST_ATTEMPTS)
    heard = audience([told.pk])[0]
    assert world.operations.pk in heard.seen_by
    assert world.seller.pk not in heard.seen_by


def test_what_a_worker_that_fell_silent_held_is_free_and_what_a_living_one_holds_is_not(
    world: World, owed: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(world)
    Delivery.objects.update(holder=jobs.begin(), attempts=1)
    assert drain() == 0
    silent = clock.machine_time() + jobs.SILENT + timedelta(seconds=1)
    monkeypatch.setattr(jobs, "machine_time", lambda: silent)
    assert drain() == 1
    assert len(owed) == 1


def test_a_worker_that_stops_of_its_own_will_frees_what_it_held_at_once(world: World, owed: list[Entry]) -> None:
    make_account(world)
    worker = jobs.begin()
    Delivery.objects.update(holder=worker, attempts=1)
    jobs.end(worker)
    assert drain() == 1


def test_a_reaction_that_kills_its_worker_each_time_is_parked(world: World, owed: list[Entry]) -> None:
    make_account(world, "poison")
    Delivery.objects.update(attempts=jobs.MOST_ATTEMPTS)
    make_account(world, "sound")
    assert drain() == 1
    assert len(owed) == 1
    assert "WorkerDied: 8" in jobs.dead().get().error
    assert Entry.objects.filter(verb="desk.given_up").count() == 1


class Stubborn:
    """An errand that never arrives, and cannot even say so."""

    attempts = 2

    def prepare(self, delivery: Delivery) -> object:
        return delivery

    def send(self, prepared: object) -> None:
        raise reactions.Undelivered("nobody is there")

    def settle(self, delivery: Delivery) -> None:
        raise AssertionError

    def failed(self, delivery: Delivery, sentence: object, given_up: bool) -> None:
        Delivery.objects.create(entry=delivery.entry, reaction=delivery.reaction, due_at=now())  # owed already: the database refuses it


@pytest.mark.parametrize("died", [False, True])
def test_an_errand_that_cannot_even_say_that_it_failed_is_parked_and_stops_no_other(
    world: World, owed: list[Entry], monkeypatch: pytest.MonkeyPatch, died: bool
) -> None:
    monkeypatch.setitem(reactions.ERRANDS._things, "tests.seen", Stubborn())
    make_account(world)
    [delivery] = Delivery.objects.all()
    if died:  # the worker, both times
        Delivery.objects.update(attempts=Stubborn.attempts)
    monkeypatch.setitem(reactions.LATER, "accounts.account_opened", ["tests.sound"])
    monkeypatch.setitem(reactions.HANDLERS._things, "tests.sound", owed.append)
    make_account(world)
    assert drain() == (1 if died else 2)
    assert len(owed) == 1
    if not died:
        delivery.refresh_from_db()
        assert (delivery.error, delivery.holder, delivery.dead_at) == ("nobody is there", None, None)
        with later(minutes=5):
            assert drain() == 1
    delivery.refresh_from_db()
    assert delivery.dead_at is not None
    assert [delivery] == list(jobs.dead())
    assert Entry.objects.filter(verb="desk.given_up").count() == 1


def test_what_is_given_up_is_parked_also_where_that_cannot_be_told(
    world: World, owed: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    def mute(_delivery: Delivery) -> None:
        raise OSError("nobody listens")

    monkeypatch.setattr(reactions, "GIVEN_UP", [mute])
    monkeypatch.setattr(jobs, "GIVEN_UP", [mute])
    make_account(world, "poison")
    Delivery.objects.update(attempts=jobs.MOST_ATTEMPTS)
    assert drain() == 0
    assert jobs.dead().count() == 1
    with later(hours=5):
        assert drain() == 0


def test_who_was_taken_for_dead_and_wakes_up_does_nothing_a_second_time(
    world: World, owed: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(world)
    slow = jobs._claim(jobs.begin())
    assert slow is not None
    silent = clock.machine_time() + jobs.SILENT + timedelta(seconds=1)
    monkeypatch.setattr(jobs, "machine_time", lambda: silent)
    assert drain() == 1
    jobs._deliver(slow)
    assert len(owed) == 1


def test_what_one_reaction_owes_to_one_object_keeps_its_order_and_holds_up_no_other(
    world: World, owed: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = make_account(world, "a"), make_account(world, "b")
    entry = Entry.objects.filter(objects_touched__object_id=first.pk).latest("seq")
    again = Entry.objects.exclude(pk=entry.pk).latest("seq")
    Delivery.objects.create(entry=Entry.objects.earliest("seq"), reaction="tests.seen", lane=first.pk, due_at=now())
    Delivery.objects.filter(lane=first.pk, entry=entry).update(due_at=now() + timedelta(minutes=1))  # failed once, and waits
    assert drain() == 1
    assert [one.pk for one in owed] == [Entry.objects.filter(objects_touched__object_id=other.pk).latest("seq").pk]
    assert again.pk
    with later(minutes=2):
        assert drain() == 2
    assert owed[1].pk == entry.pk


def test_what_was_given_up_stands_on_the_day_and_one_act_sends_it_again(
    world: World, owed: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    from earshot.desk.actions import send_again
    from earshot.desk.queries import my_day

    make_account(world)
    Delivery.objects.update(dead_at=now(), error="OSError: away", attempts=jobs.MOST_ATTEMPTS)
    assert drain() == 0
    assert "given_up" in [line.cause for line in my_day(world.operations)]
    assert "given_up" not in [line.cause for line in my_day(world.head)]
    with pytest.raises(Refusal) as refused:
        send_again(by=world.by("seller"), deliveries=jobs.dead())
    assert refused.value.status == 403
    assert send_again(by=world.by("operations"), deliveries=jobs.dead()) == 1
    assert "given_up" not in [line.cause for line in my_day(world.operations)]
    assert drain() == 1
    with pytest.raises(Refusal) as refused:
        send_again(by=world.by("operations"), deliveries=jobs.dead())
    assert refused.value.code == "delivery.not_given_up"


def test_a_house_whose_worker_fell_silent_says_so_to_who_can_start_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from earshot.desk.queries import my_day

    jobs.begin()
    assert "no_worker" not in [line.cause for line in my_day(world.administrator)]
    silent = clock.machine_time() + jobs.SILENT + timedelta(seconds=1)
    monkeypatch.setattr(jobs, "machine_time", lambda: silent)
    assert "no_worker" in [line.cause for line in my_day(world.administrator)]
    assert "no_worker" not in [line.cause for line in my_day(world.seller)]


def test_deliveries_go_out_in_the_order_of_their_entries(world: World, owed: list[Entry]) -> None:
    for number in range(4):
        make_account(world, str(number))
    drain()
    assert [entry.pk for entry in owed] == sorted(entry.pk for entry in owed)


# Repeats.


def test_the_same_request_under_its_key_gets_the_first_answer_and_another_request_is_refused(world: World) -> None:
    with call():
        first = claim(world.seller.pk, "key", {"a": 1, "b": 2})
        assert first.status == 0
        keep(first, 201, {"id": "7"})
    with call():
        again = claim(world.seller.pk, "key", {"b": 2, "a": 1})
        assert (again.status, again.answer) == (201, {"id": "7"})
    with pytest.raises(Refusal) as refused, call():
        claim(world.seller.pk, "key", {"a": 2})
    assert refused.value.code == "repeat.other_request"
    with call():
        assert claim(world.head.pk, "key", {"a": 2}).status == 0  # another person's key is another key


@pytest.mark.parametrize("key", ["", "x" * 101])
def test_a_key_that_is_empty_or_too_long_is_refused(world: World, key: str) -> None:
    with pytest.raises(Refusal), call():
        claim(world.seller.pk, key, {})


# Reading.


def test_an_entry_that_needs_a_permission_is_told_to_its_holders_only(world: World) -> None:
    deal = world.deal()
    with call():
        record(
            "deals.deal_changed",
            by=world.by("seller"),
            objects={"deal": deal},
            scopes=[deal],
            data={"changes": "margin"},
            permission="offers.margin",
        )
    assert not any("margin" in row.sentence for row in timeline(world.seller, deal.pk))
    seen = visible_entries(lambda scopes: scopes.filter(object_id=deal.pk), ["offers.margin"])
    assert any("margin" in row.sentence for row in tell(about(seen, deal.pk)))


def test_a_timeline_is_newest_first_and_told_in_as_many_statements_for_fifty_entries_as_for_two(world: World) -> None:
    deal = world.deal()
    reader = standing.for_request(Person.objects.get(pk=world.seller.pk))
    with CaptureQueriesContext(connection) as few:
        short = timeline(reader, deal.pk)
    for number in range(20):
        deal = change_deal(by=world.by("seller"), deal=deal, version=deal.version, amount=str(number + 1))
    with CaptureQueriesContext(connection) as many:
        long = timeline(reader, deal.pk)
    assert len(long) == len(short) + 20
    assert len(many) == len(few) <= 5
    assert [row.entry.seq for row in long] == sorted((row.entry.seq for row in long), reverse=True)


def test_nothing_in_the_journal_or_in_standing_points_at_nothing(world: World) -> None:
    vote(by=world.by("head"), deal=world.ready_deal(), approves=True)
    assert orphans() == []
    assert standing.orphans() == []


def test_a_pointer_at_nothing_is_found(world: World) -> None:
    entry = Entry.objects.latest("seq")
    Touched.objects.create(entry=entry, kind="deal", object_id=uuid7(), part="deal")
    Scope.objects.create(entry=entry, kind="unicorn", object_id=uuid7())
    assert len(orphans()) == 2


def test_every_kind_that_is_touched_is_loaded_in_one_statement(world: World) -> None:
    world.moved_deal()
    for name, kind in kinds.KINDS.items():
        ids = list(Touched.objects.filter(kind=name).values_list("object_id", flat=True))
        with CaptureQueriesContext(connection) as queries:
            assert len(kind.load(ids)) == len(set(ids))
        assert len(queries) <= 1


def test_the_journal_as_a_person_reads_it_never_holds_what_lies_outside(world: World) -> None:
    deal = world.moved_deal()
    take_note(by=world.by("head"), items=world.items(deal))
    assert not entries_seen(world.stranger).filter(scopes__object_id=deal.pk).exists()
    seen = entries_seen(world.engineer).filter(scopes__object_id=deal.pk)
    assert all(entry.scopes.exclude(kind="deal").exists() for entry in seen)


def test_what_has_two_names_is_told_in_the_readers_language(world: World):
    deal = world.moved_deal()
    call = world.calls(deal)[0]
    support = call.trigger.support
    label = Label.objects.get(kind="call", object_id=call.pk)
    assert (label.text, label.words) == (
        f"{call.number} {support.zh}",
        {"zh-hans": f"{call.number} {support.zh}", "en": f"{call.number} {support.en}"},
    )
    for language, name, other in (("en", support.en, support.zh), ("zh-hans", support.zh, support.en)):
        with override(language):
            told = " ".join(one.sentence for one in timeline(world.seller, deal.pk))
            assert name in told
            assert other not in told
    with pytest.raises(IntegrityError), transaction.atomic():
        Label.objects.filter(pk=label.pk).update(text="", erased_at=now())  # erased, it is erased in both
    assert Label.objects.get(kind="deal", object_id=deal.pk).words is None


def test_labels_of_calls_from_before_learn_the_other_name(world: World):
    move = importlib.import_module("earshot.calls.migrations.0002_labels_of_calls_in_two_languages")
    call = world.calls(world.moved_deal())[0]
    labels = Label.objects.filter(kind="call", object_id=call.pk)
    wording = labels.get().words
    labels.update(words=None)
    move.in_both(apps, None)
    assert labels.get().words == wording
    labels.update(words=None, text="", erased_at=now())
    move.in_both(apps, None)
    assert labels.get().words is None
