"""Web and workers killed at random instants under load, the database away now and then: nothing acknowledged is lost, nothing is done
twice, nothing stands half-written. The long one prints one line; `EARSHOT_SOAK_SEED` and `EARSHOT_SOAK_KILLS` change it."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from django.db import connection, connections

import databases
import soak_check
from earshot.clocks.models import Shift
from earshot.journal.models import Entry
from earshot.kit.clock import machine_time
from earshot.people.actions import make_token
from servers import Server
from soak import Client, Colleague, Keeper, Load, Locked, Outage, Seller, Stand, Stopped, Tally, place_of_database
from worlds import MONDAY_IN_UTC, World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


@contextmanager
def outages(name: str) -> Iterator[Outage]:
    """How the database of the test goes away. PostgreSQL gets a server of its own for it, with a copy of the test's database, which
    keeps what it has acknowledged when it crashes."""
    if databases.vendor() == "sqlite":
        yield Locked(name)
        return
    run = Path(os.environ["EARSHOT_TEST_RUN"]) / f"soak-{name}"
    run.mkdir()
    server = Server(run, synchronous_commit="on")
    before = databases.settings()["HOST"]
    try:
        psql = [server.bin / "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-U", "earshot", "-h", server.folder]
        subprocess.run([*psql, "-d", "postgres", "-c", f"CREATE DATABASE {name}"], check=True, capture_output=True)
        with subprocess.Popen([server.bin / "pg_dump", "-U", "earshot", "-h", before, name], stdout=subprocess.PIPE) as dump:
            subprocess.run([*psql, "-d", name], stdin=dump.stdout, check=True, capture_output=True)
        point_to(str(server.folder))
        yield Stopped(server)
    finally:
        point_to(before)
        server.stop()


def quiet_port() -> int:
    """Outside the range from which outgoing connections get theirs: a client that knocks while nobody listens would meet itself."""
    while True:
        port = random.randint(15_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def point_to(host: str) -> None:
    connections.close_all()
    databases.settings()["HOST"] = host
    connection.settings_dict["HOST"] = host


def soaked(
    world: World, folder: Path, name: str, *, seed: int, kills: int, away: Iterable[float], between: tuple[float, float], many: int
) -> str:
    """One soak of `many` stands with as many sellers and one; returns its line."""
    with outages(name) as outage:
        Shift.objects.update_or_create(pk=Shift.ONLY, defaults={"ahead": MONDAY_IN_UTC + timedelta(minutes=1) - machine_time()})
        before = Entry.objects.order_by("-seq").values_list("seq", flat=True)[0]
        stop = threading.Event()
        stands = [Stand(folder / f"stand-{number}", quiet_port(), place_of_database()) for number in range(many)]

        def client(kind: type[Client], key: str, number: int) -> Client:
            person = world.people[key]
            _token, secret = make_token(by=world.by(key), person=person, name=f"soak {number}")
            return kind(person.pk, secret, stands, seed * 1000 + number, stop)

        Seller.account, Seller.categories = str(world.accounts["sudatel"].pk), world.categories
        Seller.asked = world.people["head"].pk
        clients = [client(Seller, "seller", number) for number in range(many + 1)]
        clients += [client(Colleague, key, 100 + n) for n, key in enumerate(("engineer", "engineer_two", "delivery", "head"))]
        clients.append(client(Keeper, "administrator", 200))
        connection.close()
        tally = Tally(seed, databases.vendor())
        load = Load(stands, clients, outage, tally, stop)
        try:
            load.run(kills, away, between)
            until = monotonic() + 120
            while owed := soak_check.owed():
                assert monotonic() < until, f"left lying: {owed}"
                connection.close()
                load.sleep(0.5)
        finally:
            stop.set()
            for stand in stands:
                stand.stop()
        writes = [write for one in clients for write in one.writes]
        found = soak_check.compare(writes, before)
        checked = subprocess.run(
            [sys.executable, "-m", "earshot.cli", "check"],
            env=stands[0].env,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        sound = soak_check.sound()
        connection.close()
    killed = tally.killed
    line = (
        f"soak: seed {seed}, {tally.engine}, kills {sum(killed.values())} (web {killed['web']}, worker {killed['worker']}, "
        f"both by their parent {killed['serve']}), outages {tally.outages} ({tally.away:.0f} s), "
        f"acknowledged {sum(one.acknowledged for one in writes)}, repeated {sum(one.repeats for one in clients)}, "
        f"unheard of {sum(one.given_up for one in writes)}, lost {len(found.lost)}, doubled {len(found.doubled)}, half {len(found.half)}"
    )
    print(line)
    assert (found.lost, found.doubled, found.half) == ([], [], []), line
    assert checked.returncode == 0, (line, checked.stdout, checked.stderr)
    assert sound == []
    return line


@pytest.mark.own_database
def test_web_and_workers_killed_under_load_lose_nothing_and_do_nothing_twice(world: World, tmp_path: Path, own_database: str):
    soaked(world, tmp_path, own_database, seed=10, kills=3, away=[1.5], between=(0.1, 1.0), many=1)


@pytest.mark.soak
@pytest.mark.own_database
def test_two_hundred_kills_of_web_and_workers(world: World, tmp_path: Path, own_database: str, capsys: Any):
    seed, kills = int(os.environ.get("EARSHOT_SOAK_SEED", "20261122")), int(os.environ.get("EARSHOT_SOAK_KILLS", "200"))
    # On SQLite, 25 seconds are longer than anybody waits for the lock: what was asked meanwhile fails, and is asked again.
    line = soaked(world, tmp_path, own_database, seed=seed, kills=kills, away=[2.0, 25.0, 0.3, 8.0, 12.0], between=(0.1, 8.0), many=2)
    with capsys.disabled():
        print(f"\n{line}")
