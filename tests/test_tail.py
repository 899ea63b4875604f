"""The journal as it grows: every entry once, in the order of the commits, whoever writes and whatever is killed; and who may be told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

import databases
from earshot.clocks.sweep import sweep
from earshot.desk.audience import audience
from earshot.desk.queries import entries_seen
from earshot.journal import tail
from earshot.journal.actions import call, record
from earshot.journal.actors import process
from earshot.journal.models import Entry
from earshot.kit import now
from earshot.kit.engine.tail import Watch
from earshot.people.models import Person
from earshot.playbooks import revisions
from earshot.playbooks.actions import adopt_pack, approve, ask_approval, begin_due, open_revision, write_part
from earshot.playbooks.models import Revision
from earshot.playbooks.queries import sources
from earshot.playbooks.sources import Sources
from earshot.voice.queries import visible_to
from worlds import CRITICAL, World, later

ROOT = Path(__file__).resolve().parent.parent
ON_POSTGRESQL = databases.vendor() == "postgresql"


def write(world: World, count: int = 1) -> list[int]:
    with call():
        return [record("demo.world_built", by=process("test"), objects={"person": world.seller}).pk for _ in range(count)]


def taken(mark: str) -> tuple[list[int], str]:
    found = tail.read_after(mark)
    assert found is not None
    return found


@pytest.mark.own_database
def test_what_was_recorded_since_a_mark_comes_once(world: World):
    mark = tail.end()
    assert taken(mark)[0] == []
    first = write(world, 3)
    numbers, after = taken(mark)
    assert numbers == first
    assert taken(after)[0] == []
    second = write(world)
    assert taken(after)[0] == second
    assert taken(mark)[0] == [*first, *second]  # a mark can be taken up again


@pytest.mark.own_database(bare=True)
def test_a_house_without_an_entry_has_an_end_too(own_database: str):
    mark = tail.end()
    entry = Entry.objects.create(verb="x", actor_kind="process", rule="x", claimed_at="2026-01-01T00:00Z", recorded_at="2026-01-01T00:00Z")
    assert taken(mark)[0] == [entry.pk]


@pytest.mark.own_database
def test_a_mark_of_another_house_is_not_understood(world: World):
    mark = tail.end()
    assert tail.read_after(mark[:-12] + "0123456789ab") is None
    letter, snapshot, number, check = mark.split(";")
    assert tail.read_after(f"{letter};{snapshot};{int(number) + 100};{check}") is None
    for nonsense in ("", "x", "s;;1", "p;1:2;1;-" if not ON_POSTGRESQL else "s;;1;-", "p;1:1:;9" * 50):
        assert tail.read_after(nonsense) is None
    for nonsense in (f"s;;{'9' * 30};-", "s;1:1:;1;-", "p;;1;-", "p;0:1:;1;-", "p;2:1:;1;-", "p;1:3:2,1;1;-", f"p;1:{'9' * 30}:;1;-"):
        assert tail.read_after(nonsense) is None, "the engine itself would end the statement at it"
    if ON_POSTGRESQL:  # a dump restored into a younger cluster: its entries are known, its transactions are not
        assert tail.read_after(f"{letter};999999999:999999999:;{number};{check}") is None


@pytest.mark.own_database
def test_who_was_away_too_long_looks_at_everything_again(world: World):
    mark = tail.end()
    write(world, 4)
    assert tail.read_after(mark, most=3) is None
    assert tail.read_after(mark, most=4) is not None


def in_another_process(body: str, *ready: str) -> subprocess.Popen[str]:
    name = databases.settings()["NAME"]
    place = f"sqlite://{name}" if not ON_POSTGRESQL else f"postgresql://earshot@/{name}?host={databases.settings()['HOST']}"
    env = {key: value for key, value in os.environ.items() if not key.startswith(("EARSHOT_", "DJANGO_"))}
    env |= {"EARSHOT_DATABASE": place, "EARSHOT_SECRET_KEY": "x", "PYTHONPATH": str(ROOT / "src")}
    env["DJANGO_SETTINGS_MODULE"] = "earshot.settings"
    lines = ["import time, django; django.setup()", "from django.db import transaction", "from earshot.journal.actions import record, call"]
    lines += ["from earshot.journal.actors import process", body]
    return subprocess.Popen([sys.executable, "-c", "\n".join(lines)], env=env, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


SLOW = """
with transaction.atomic():
    print(record("demo.world_built", by=process("slow"), objects={}).pk, flush=True)
    input()
print("done", flush=True)
"""


@pytest.mark.own_database
@pytest.mark.skipif(not ON_POSTGRESQL, reason="on SQLite writers stand in a line")
def test_two_transactions_that_commit_against_the_order_of_their_numbers(world: World):
    mark = tail.end()
    slow = in_another_process(SLOW)
    assert slow.stdout
    early = int(slow.stdout.readline())
    late = write(world)
    assert early < late[0]
    numbers, after = taken(mark)
    assert numbers == late, "the slow one is not committed yet"
    assert taken(after)[0] == []
    slow.communicate("go on\n", timeout=90)
    assert taken(after)[0] == [early], "it is committed now, with a number that had been passed"
    assert sorted(taken(mark)[0]) == [early, *late]


@pytest.mark.own_database
def test_a_writer_that_is_killed_or_rolled_back_leaves_nothing_to_tell(world: World):
    mark = tail.end()
    connection.close()
    victim = in_another_process(SLOW)
    assert victim.stdout
    victim.stdout.readline()
    victim.send_signal(signal.SIGKILL)
    victim.wait(timeout=90)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record("demo.world_built", by=process("test"), objects={})
        raise ZeroDivisionError
    assert taken(mark)[0] == []
    later = write(world)
    assert taken(mark)[0] == later


WRITER = """
for _ in range(40):
    with call():
        for _ in range(3):
            record("demo.world_built", by=process("many"), objects={})
"""


@pytest.mark.own_database
@pytest.mark.req("law 13", breaks="earshot.kit.engine.tail.Table.after")
def test_a_reader_among_many_writers_has_every_entry_once(world: World):
    mark, got = tail.end(), []
    connection.close()
    writers = [in_another_process(WRITER) for _ in range(3)]
    watch = Watch()
    while any(writer.poll() is None for writer in writers) or watch.wait(0.3):
        watch.wait(0.05)
        numbers, mark = taken(mark)
        got += numbers
    got += taken(mark)[0]
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    wanted = list(Entry.objects.filter(rule="many").values_list("pk", flat=True))
    assert len(got) == len(set(got)) == 360
    assert sorted(got) == sorted(wanted)


@pytest.mark.own_database
def test_the_watch_wakes_at_once_and_for_another_process(world: World):
    connection.close()
    woken: list[float] = []
    ready, end = threading.Event(), threading.Event()

    def watch() -> None:
        watching = Watch()
        while watching.wait(0.1):
            pass
        ready.set()
        while not end.is_set():
            if watching.wait(1.0):
                woken.append(time.monotonic())
        connection.close()

    thread = threading.Thread(target=watch)
    thread.start()
    ready.wait(10)
    time.sleep(0.2)
    woken.clear()
    writer = in_another_process("with call():\n    record('demo.world_built', by=process('x'), objects={})\nprint('done', flush=True)")
    assert writer.stdout
    assert writer.stdout.readline() == "done\n"
    time.sleep(0.5)
    end.set()
    thread.join()
    assert woken


@pytest.mark.req("law 13", breaks="earshot.desk.audience._Sight.of")
def test_who_may_be_told_is_who_sees_the_entry(world: World):
    """Over everything that happens in the walk, for every person of the company."""
    walk(world)
    told = {one.entry: set(one.seen_by) for one in audience(Entry.objects.values_list("pk", flat=True))}
    assert len(told) == Entry.objects.count() > 60
    for person in Person.objects.all():
        seen = set(entries_seen(person).values_list("pk", flat=True))
        assert {entry for entry, who in told.items() if person.pk in who} == seen, person


@pytest.mark.req("law 13", breaks="earshot.desk.audience._Sight.of")
def test_the_page_of_a_revision_is_told_of_it_before_whoever_sees_it(world: World):
    """For every person, while it is prepared, once it is asked for, approved for a later day, and begun."""
    by, head = world.by("operations"), world.by("engineer_head")
    named = "approved_by: {head_of: solutions}\n" + sources().texts["service_levels"]
    adopt_pack(by=process("tests"), sources=Sources("named", dict(sources().texts) | {"service_levels": named}), reason="who approves")
    other = open_revision(by=head, reason="模板", parts=["templates"])
    assert told_of(other) == {world.operations, world.engineer_head}
    revision = open_revision(by=by, reason="更快", parts=["service_levels"], starts_at=now() + timedelta(days=1))
    assert told_of(revision) == {world.operations}
    write_part(by=by, revision=revision, part="service_levels", text=named.replace("minutes: 240", "minutes: 180", 1))
    ask_approval(by=by, revision=revision)
    assert told_of(revision) == {world.operations, world.engineer_head, world.head}
    approve(by=head, revision=revision)
    assert told_of(revision) == set(Person.objects.all())
    with later(days=2):
        assert begin_due() == 1
        assert told_of(revision) == set(Person.objects.all())


def told_of(revision: Revision) -> set[Person]:
    """Whose open page of the revision hears of the last entry about it: just those who see it."""
    [heard] = audience(Entry.objects.filter(objects_touched__object_id=revision.pk).order_by("-seq").values_list("pk", flat=True)[:1])
    told = {one for one in Person.objects.all() if heard.seen_on(("revision", revision.pk), one.pk)}
    assert told == {one for one in Person.objects.all() if revisions.visible_to(one).filter(pk=revision.pk).exists()}
    assert {one.pk for one in told} <= heard.people
    return told


def test_whom_an_entry_takes_something_from_is_told_on_his_own_lists(world: World):
    """The head of the unit was alarmed of an ear, and saw the words for that; hearing ends it, and with it the line on the day."""
    deal = world.spoken_deal()
    with later(days=3):
        sweep()
        assert deal.items.filter(words=CRITICAL, pk__in=visible_to(world.engineer_head)).exists()
        before = Entry.objects.latest("seq").pk
        world.hear(deal, "engineer")
        assert not deal.items.filter(pk__in=visible_to(world.engineer_head)).exists()
        new = list(Entry.objects.filter(seq__gt=before).values_list("pk", flat=True))
        assert any(world.engineer_head.pk in one.names for one in audience(new))
        assert not any(world.engineer_head.pk in one.seen_by for one in audience(new))
        assert not any(world.stranger.pk in one.names | one.seen_by for one in audience(new))
    with later(days=3, minutes=1):  # long after: it is none of the head's business any more
        world.words(deal, words=[("later", "site")])
        last = list(Entry.objects.filter(seq__gt=max(new)).values_list("pk", flat=True))
        assert not any(world.engineer_head.pk in one.names for one in audience(last))


def walk(world: World) -> None:
    from earshot.calls.actions import take_call
    from earshot.people.actions import give_permission
    from earshot.people.permits import ADMINISTER

    deal = world.moved_deal()
    world.hear(deal, "engineer", "head")
    world.ready_deal("另一单")
    take_call(by=world.by("engineer"), call=world.calls(deal)[0])
    give_permission(by=world.by("administrator"), person=world.stranger, permission="deals.see_all")
    give_permission(by=world.by("administrator"), person=world.colleague, permission="accounts.see_all")
    give_permission(by=world.by("administrator"), person=world.delivery, permission=ADMINISTER)
    world.spoken_deal("第三单")


def test_what_it_costs_to_know_whom_to_tell(world: World, django_assert_max_num_queries: Any):
    before = Entry.objects.latest("seq").pk
    walk(world)
    some = list(Entry.objects.filter(seq__gt=before).values_list("pk", flat=True))
    audience(some)
    with django_assert_max_num_queries(15):
        audience(some)
