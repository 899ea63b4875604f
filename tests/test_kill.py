"""`kill -9` at any instant: what is owed happens, and happens once. Real processes, both engines."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from django.db import connection

import databases
from earshot.clocks.models import Alarm, Clock, Step
from earshot.clocks.queries import UNFIRED
from earshot.deals.models import Deal
from earshot.journal.models import Delivery, Entry, Label
from earshot.kit import now
from worlds import World

ROOT = Path(__file__).resolve().parent.parent
# A reaction that would show whether it had happened twice, in a worker whose "now" is two days after the company's Monday.
WORKER = """
import threading, time
import django
django.setup()
from datetime import datetime
from earshot.cli import journal
from earshot.journal import jobs, reactions
from earshot.journal.models import Label
from earshot.kit import clock, uuid7
clock.run_ahead(datetime.fromisoformat({now!r}) - clock.machine_time())
journal.follow = lambda: None
jobs.SILENT = jobs.timedelta(seconds=1)
jobs.BEAT = 0.2
journal.PAUSE = 0.05
def once(entry):
    Label.objects.create(kind="test", object_id=uuid7(), text=str(entry.pk))
    time.sleep(0.01)
reactions.HANDLERS.add("tests.once", once)
journal.run(threading.Event())
"""


def start(now_of_worker: str, home: Path) -> subprocess.Popen[bytes]:
    name = databases.settings()["NAME"]
    place = f"sqlite://{name}" if databases.vendor() == "sqlite" else f"postgresql://earshot@/{name}?host={databases.settings()['HOST']}"
    env = {key: value for key, value in os.environ.items() if not key.startswith(("EARSHOT_", "DJANGO_"))}
    env |= {"EARSHOT_HOME": str(home), "EARSHOT_DATABASE": place, "PYTHONPATH": databases.path_of_servers()}
    env["DJANGO_SETTINGS_MODULE"] = "earshot.settings"
    return subprocess.Popen([sys.executable, "-c", WORKER.format(now=now_of_worker)], env=env, cwd=home, stderr=subprocess.PIPE)


def killed_at_random(times: int, world: World, tmp_path: Path, seed: int) -> None:
    """Two workers, one of them killed again and again while both have work; at the end everything has happened, once."""
    chance = random.Random(seed)
    at, deals, entries = now(), list[Deal](), list[int]()

    def more_work(number: int) -> None:
        deals.append(world.spoken_deal(f"第 {number} 单"))
        new = list(Entry.objects.filter(seq__gt=max(entries, default=0), verb__startswith="voice.").values_list("pk", flat=True))
        entries.extend(new)
        Delivery.objects.bulk_create([Delivery(entry_id=pk, reaction="tests.once", due_at=at) for pk in new])

    for number in range(6):
        more_work(number)
    then = (at + timedelta(days=2)).isoformat()
    connection.close()
    workers = [start(then, tmp_path) for _ in range(2)]
    try:
        for number in range(times):
            more_work(6 + number)
            connection.close()
            time.sleep(chance.uniform(0.0, 1.6))
            victim = chance.randrange(2)
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait(timeout=90)
            workers[victim] = start(then, tmp_path)
        until = monotonic() + 90
        while Delivery.objects.filter(done_at=None, dead_at=None).exists() or Step.objects.filter(UNFIRED, due_at__lte=at).exists():
            assert monotonic() < until, "something was left lying"
            time.sleep(0.2)
    finally:
        for worker in workers:
            worker.terminate()
        said = [worker.communicate(timeout=90)[1].decode() for worker in workers]
    assert not [one for one in said if "Traceback" in one], said
    done = Counter(Label.objects.filter(kind="test").values_list("text", flat=True))
    assert done == Counter(str(pk) for pk in entries)
    for deal in deals:
        ears = [ear.pk for item in deal.items.all() for ear in item.ears.all()]
        for clock in Clock.objects.filter(object_id__in=ears, stopped_at=None):
            assert not clock.steps.filter(fired_at=None).exists()
            told = Counter(Alarm.objects.filter(clock=clock).values_list("step", "person"))
            assert set(told.values()) == {1}
            verbs = Entry.objects.filter(objects_touched__object_id=clock.object_id, verb__startswith="clocks.")
            assert verbs.filter(verb="clocks.breached").count() == 1


@pytest.mark.own_database
def test_workers_killed_at_any_instant_lose_nothing_and_do_nothing_twice(world: World, tmp_path: Path) -> None:
    killed_at_random(6, world, tmp_path, seed=1)


@pytest.mark.soak
@pytest.mark.own_database
def test_two_hundred_kills(world: World, tmp_path: Path) -> None:
    killed_at_random(200, world, tmp_path, seed=2)
