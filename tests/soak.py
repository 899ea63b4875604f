"""An installation under load whose processes are killed and whose database goes away; see `test_soak.py`.

`Stand`: `earshot serve` as a process manager keeps it, begun again whenever it ends. `Client`: a program that writes through
`/api/v1` and repeats, under the same Idempotency-Key, what was not answered. `Outage`: the database away for a while. What became of
the writes is looked up by `soak_check.py`, which knows only what was sent, what was acknowledged, and the tables.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import databases
from earshot.kit import uuid7
from servers import Server

PATIENCE = 180.0  # seconds within which a write must be answered, whatever is killed meanwhile


@dataclass
class Write:
    """One thing that a client meant: `about` is what it was sent about or with (ids, words), `answer` what was acknowledged.
    `given_up`: the client went away when the connection broke, and never learned what became of it."""

    kind: str
    person: UUID
    key: str
    about: dict[str, Any]
    answer: Any = None
    acknowledged: bool = False
    given_up: bool = False


class Refused(Exception):
    """An answer that nothing in the load explains."""


class Stand:
    """`earshot serve` in a home of its own, on the same database as its neighbours."""

    def __init__(self, home: Path, port: int, place: str) -> None:
        self.home, self.port = home, port
        home.mkdir(parents=True, exist_ok=True)
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("EARSHOT_", "DJANGO_"))}
        self.env |= {
            "EARSHOT_HOME": str(home),
            "EARSHOT_DATABASE": place,
            "EARSHOT_SECRET_KEY": "only-for-tests",
            "EARSHOT_TEST_CLOCK": "1",
            "DJANGO_SETTINGS_MODULE": "settings_of_soak",
            "PYTHONPATH": os.pathsep.join([databases.path_of_servers(), str(Path(__file__).resolve().parent)]),
        }
        self.log = (home / "log").open("ab")
        self.answered_at = 0.0  # when a client last got an acknowledgement here
        self.process = self._begin()

    def _begin(self) -> subprocess.Popen[bytes]:
        self.began = monotonic()
        command = [sys.executable, "-m", "earshot.cli", "serve", "--port", str(self.port)]
        return subprocess.Popen(command, env=self.env, cwd=self.home, stdout=self.log, stderr=self.log)

    def keep(self) -> None:
        """What a process manager does: begin it again when it has ended."""
        if self.process.poll() is not None and monotonic() - self.began > 1.0:
            self.process = self._begin()

    def pids(self) -> dict[str, list[int]]:
        """`serve`, `web`, `worker` → the processes that live, whoever is their parent by now."""
        found: dict[str, list[int]] = {"serve": [], "web": [], "worker": []}
        mark = f"EARSHOT_HOME={self.home}".encode()
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with suppress(OSError):
                if mark not in (folder / "environ").read_bytes().split(b"\0"):
                    continue
                words = (folder / "cmdline").read_bytes().decode(errors="replace")
                if words and "resource_tracker" not in words:  # empty: it has ended, and nobody has asked how
                    last = words.split("\0")
                    found["serve" if "serve" in last else "worker" if "worker" in last else "web"].append(int(folder.name))
        return found

    def stop(self) -> None:
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=30)
        until = monotonic() + 20
        while (left := [pid for pids in self.pids().values() for pid in pids]) and monotonic() < until:
            time.sleep(0.2)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.log.close()
        assert not left, f"left behind by earshot serve: {left}"

    def said(self) -> str:
        return (self.home / "log").read_text(errors="replace")


class Outage(ABC):
    """The database is away while the block runs."""

    @abstractmethod
    def begin(self) -> None: ...

    @abstractmethod
    def end(self) -> None: ...

    @contextmanager
    def lasting(self) -> Iterator[None]:
        self.begin()
        try:
            yield
        finally:
            self.end()


class Locked(Outage):
    """SQLite: another program holds the only write lock."""

    def __init__(self, path: str) -> None:
        self.path = path

    def begin(self) -> None:
        self.other = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        self.other.execute("BEGIN EXCLUSIVE")

    def end(self) -> None:
        self.other.rollback()
        self.other.close()


class Stopped(Outage):
    """PostgreSQL: the server crashes and is begun again."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def begin(self) -> None:
        self.server.stop()

    def end(self) -> None:
        self.server.process = self.server.start()


class Client(threading.Thread):
    """A program of one person. `turn` is one round of what it does; every write of it is kept in `writes`."""

    pause = (0.05, 0.4)

    def __init__(self, person: UUID, key: str, stands: list[Stand], seed: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.person, self.token, self.stands, self.ended = person, key, stands, stop
        self.chance = random.Random(seed)
        self.writes: list[Write] = []
        self.died: str = ""
        self.repeats = 0

    def run(self) -> None:
        try:
            while not self.ended.is_set():
                self.turn()
                time.sleep(self.chance.uniform(*self.pause))
        except Exception as error:  # noqa: BLE001 - the conductor says it, with all others
            self.died = f"{type(error).__name__}: {error}"

    def turn(self) -> None:
        raise NotImplementedError

    def get(self, path: str) -> tuple[Any, str]:
        """The data and the ETag, from whichever stand answers."""
        return self._insist("GET", path, None, {})[1:]

    def post(self, path: str, body: Any, kind: str, about: dict[str, Any], **headers: str) -> Write:
        """Send it until it is acknowledged, always under the same key; one in thirty who hears nothing goes away instead."""
        write = Write(kind, self.person, f"{kind}-{uuid7()}", about)
        self.writes.append(write)
        answered = self._insist("POST", path, body, {"Idempotency-Key": write.key, **headers}, write)
        write.acknowledged, write.answer = answered[0], answered[1]
        return write

    def _insist(self, method: str, path: str, body: Any, headers: dict[str, str], write: Write | None = None) -> tuple[bool, Any, str]:
        until = monotonic() + PATIENCE
        while monotonic() < until:
            stand = self.chance.choice(self.stands)
            try:
                status, data, etag = self._ask(stand, method, path, body, headers)
            except (OSError, http.client.HTTPException, ValueError):  # ValueError: an answer that broke off
                self.repeats += 1
                if write is not None and not self.ended.is_set() and self.chance.random() < 1 / 30:
                    write.given_up = True
                    return False, None, ""
                time.sleep(self.chance.uniform(0.02, 0.3))
                continue
            if 200 <= status < 300:
                if method != "GET":
                    stand.answered_at = monotonic()
                return True, data, etag
            if status < 500:
                raise Refused(f"{method} {path} {json.dumps(body, ensure_ascii=False)[:300]} → {status} {data}")
            self.repeats += 1
            time.sleep(self.chance.uniform(0.05, 0.5))
        raise TimeoutError(f"{method} {path}: not answered within {PATIENCE:.0f} seconds")

    def _ask(self, stand: Stand, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any, str]:
        connection = http.client.HTTPConnection("127.0.0.1", stand.port, timeout=40)
        try:
            given = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Accept-Language": "en"}
            sent = None if body is None else json.dumps(body).encode()
            connection.request(method, f"/api/v1{path}", sent, given | headers)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else None, answer.headers.get("ETag", "")
        finally:
            connection.close()


class Seller(Client):
    """Opens deals, records contacts on them, asks a colleague about them, and moves each of them on once."""

    account: str
    asked: UUID  # a colleague who sees every deal
    categories: tuple[str, ...]
    most = 12  # open deals at a time, so that lists stay as long as in a real week

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.fresh: list[str] = []
        self.moved: list[str] = []

    def turn(self) -> None:
        dice = self.chance.random()
        if not self.fresh or (dice < 0.15 and len(self.fresh) < self.most):
            deal = str(uuid7())
            about = {"deal": deal, "title": f"soak {deal}"}
            body = {"id": deal, "title": about["title"], "account": self.account, "another": True}
            if self.post("/deals", body, "deal", about).acknowledged and self.record(deal):
                self.fresh.append(deal)
        elif dice < 0.3:
            deal = self.fresh.pop(self.chance.randrange(len(self.fresh)))
            _data, etag = self.get(f"/deals/{deal}")
            if self.post(f"/deals/{deal}/moves", {}, "move", {"deal": deal}, **{"If-Match": etag}).acknowledged:
                self.moved = [*self.moved, deal][-self.most :]
        elif dice < 0.45:
            self.ask(self.chance.choice(self.fresh + self.moved))
        else:
            self.record(self.chance.choice(self.fresh + self.moved))

    def ask(self, deal: str) -> None:
        message = str(uuid7())
        about = {"message": message, "text": f"what of {message}?"}
        body = {"id": message, "text": about["text"], "asks": "answer", "to": [str(self.asked)]}
        self.post(f"/discussions/deal/{deal}/messages", body, "message", about)

    def record(self, deal: str) -> bool:
        meeting = str(uuid7())
        words = [f"{uuid7()} said on {deal}" for _ in range(self.chance.randint(1, 3))]
        items = [{"words": one, "category": self.chance.choice(self.categories), "speaker": 0} for one in words]
        body = {"id": meeting, "contacts": [{"name": "Osman Taha", "title": "CTO"}], "items": items}
        return self.post(f"/deals/{deal}/meetings", body, "meeting", {"deal": deal, "meeting": meeting, "words": words}).acknowledged


class Colleague(Client):
    """Takes note of what he or she must hear, acknowledges what is asked, takes the calls that name him or her and delivers their
    results."""

    pause = (0.2, 1.0)

    def turn(self) -> None:
        items, _etag = self.get("/items?to_hear=true&limit=30")
        if ids := [item["id"] for item in items["items"]][: self.chance.randint(1, 30)]:
            self.post("/hearings", {"items": ids}, "hearing", {"items": ids})
        waiting, _etag = self.get("/messages?waiting=true&limit=20")
        for message in self.chance.sample(waiting["items"], min(2, len(waiting["items"]))):
            words = {"text": f"answer to {message['id']}"}
            self.post(f"/messages/{message['id']}/acknowledgements", words, "acknowledgement", {"message": message["id"], **words})
        calls, _etag = self.get("/calls?to_do=true&limit=20")
        for call in self.chance.sample(calls["items"], min(2, len(calls["items"]))):
            if (
                call["state"] == "waiting"
                and not self.post(f"/calls/{call['id']}/takings", None, "taking", {"call": call["id"]}).acknowledged
            ):
                continue
            if self.chance.random() < 0.7:
                result, text = str(uuid7()), f"result for {call['id']}"
                about = {"call": call["id"], "result": result, "text": text}
                self.post(f"/calls/{call['id']}/results", {"id": result, "text": text}, "result", about)


class Keeper(Client):
    """Lets time pass, so that clocks come due and ladders run, and changes days of the calendar, so that clocks move."""

    pause = (0.5, 2.0)

    def turn(self) -> None:
        if self.chance.random() < 0.1:
            calendar = self.get("/calendars")[0]["items"][0]["id"]
            day = f"2026-{self.chance.randint(11, 12)}-{self.chance.randint(1, 28):02d}"
            kind = self.chance.choice(["holiday", "company"])
            self._insist("PUT", f"/calendars/{calendar}/days/{day}", {"kind": kind, "name": "soak"}, {})
        minutes = self.chance.randint(20, 300)
        self.post("/test-clock/advances", {"minutes": minutes}, "advance", {"minutes": minutes})


@dataclass
class Tally:
    seed: int
    engine: str
    killed: dict[str, int] = field(default_factory=lambda: {"web": 0, "worker": 0, "serve": 0})
    outages: int = 0
    away: float = 0.0


def place_of_database() -> str:
    name = databases.settings()["NAME"]
    return f"sqlite://{name}" if databases.vendor() == "sqlite" else f"postgresql://earshot@/{name}?host={databases.settings()['HOST']}"


@dataclass
class Load:
    """The stands, the clients, and what is done to them. Every choice comes from the seed; when a process dies of it does not."""

    stands: list[Stand]
    clients: list[Client]
    outage: Outage
    tally: Tally
    stop: threading.Event

    def run(self, kills: int, outages: Iterable[float], between: tuple[float, float]) -> None:
        """`outages`: how long each lasts, in seconds, spread evenly among the kills."""
        lengths = list(outages)
        after = {(number + 1) * kills // (len(lengths) + 1): length for number, length in enumerate(lengths)}
        chance = random.Random(self.tally.seed)
        self.until_all_answer()
        for client in self.clients:
            client.start()
        for number in range(1, kills + 1):
            self.sleep(chance.uniform(*between))
            self.kill(chance)
            if number in after:
                self.go_away(after[number])
        self.sleep(between[1])
        self.until_all_answer()
        self.stop.set()
        for client in self.clients:
            client.join(timeout=PATIENCE + 30)
        assert not [client.died for client in self.clients if client.died or client.is_alive()], [c.died for c in self.clients]

    def sleep(self, seconds: float) -> None:
        until = monotonic() + seconds
        while True:
            for stand in self.stands:
                stand.keep()
            assert not (died := [client.died for client in self.clients if client.died]), died
            if (left := until - monotonic()) <= 0:
                return
            time.sleep(min(left, 0.1))

    def kill(self, chance: random.Random) -> None:
        """`kill -9` of a worker or a process of the web, seldom of the parent that watches both."""
        wanted = chance.choices(["web", "worker", "serve"], [46, 46, 8])[0]
        which = chance.random()
        until = monotonic() + 60
        while True:
            living = [pid for stand in self.stands for pid in stand.pids()[wanted]]
            if living:
                with suppress(ProcessLookupError):
                    os.kill(living[int(which * len(living))], signal.SIGKILL)
                    self.tally.killed[wanted] += 1
                    return
            assert monotonic() < until, f"no {wanted} to kill for a minute"
            self.sleep(0.1)

    def go_away(self, seconds: float) -> None:
        """The database is away; web and workers come back by themselves, the same processes as before."""
        self.until_all_answer()
        before = [stand.pids() for stand in self.stands]
        began = monotonic()
        with self.outage.lasting():
            self.sleep(seconds)
        back = monotonic()
        self.tally.outages += 1
        self.tally.away += back - began
        beat = f"{os.uname().nodename}:"
        while min(stand.answered_at for stand in self.stands) < back or not self.beaten(
            back, {beat + str(p) for b in before for p in b["worker"]}
        ):
            assert monotonic() < back + 90, "not back 90 seconds after the database"
            self.sleep(0.2)
        assert [stand.pids() for stand in self.stands] == before, "a process did not survive that the database was away"

    @staticmethod
    def beaten(since: float, names: set[str]) -> bool:
        """Whether each of the workers has given a sign of life since then."""
        from datetime import timedelta

        from django.db import DatabaseError, connection

        from earshot.journal.models import Worker
        from earshot.kit.clock import machine_time

        moment = machine_time() - timedelta(seconds=monotonic() - since)
        try:
            found = set(Worker.objects.filter(name__in=names, seen_at__gt=moment).values_list("name", flat=True))
        except DatabaseError:
            return False
        finally:
            connection.close()
        return found == names

    def until_all_answer(self) -> None:
        until = monotonic() + 120
        for stand in self.stands:
            while True:
                self.sleep(0.1)
                with suppress(OSError, http.client.HTTPException):
                    probe = http.client.HTTPConnection("127.0.0.1", stand.port, timeout=30)
                    probe.request("GET", "/api/v1/openapi.json")
                    if probe.getresponse().status == 200 and stand.pids()["worker"]:
                        probe.close()
                        break
                    probe.close()
                assert monotonic() < until, f"a stand does not answer: {stand.said()[-2000:]}"
