"""`make bench-live`: from the moment that a statement of a customer is recorded until every open page has its event, with 200 and 2,000
pages held open, on both engines; beside a bare broadcast by the same server to the same number of streams in the same run.

The server is `earshot.rsgi` under granian, as `earshot serve` starts it, with two more addresses: `/bench/hold`, a stream that hears of
nothing but `/bench/tell`, which writes the same bytes to all of them. All pages are of people who see the deal, spread over fifty.
EARSHOT_BENCH_PAGES (200,2000) and EARSHOT_BENCH_ROUNDS (30) make it smaller.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = [int(one) for one in os.environ.get("EARSHOT_BENCH_PAGES", "200,2000").split(",")]
ROUNDS = int(os.environ.get("EARSHOT_BENCH_ROUNDS", "30"))
PEOPLE = 50


class Application:
    """What is served here: the application, and the bare broadcast."""

    def __init__(self) -> None:
        from earshot.rsgi import HEAD
        from earshot.rsgi import application as earshot

        self.earshot, self.head = earshot, HEAD
        self.held: set[Any] = set()

    def __rsgi_init__(self, loop: Any) -> None:
        self.earshot.__rsgi_init__(loop)

    def __rsgi_del__(self, loop: Any) -> None:
        self.earshot.__rsgi_del__(loop)

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        if scope.path == "/bench/hold":
            stream = proto.response_stream(200, self.head)
            await stream.send_bytes(b": held\n\n")
            self.held.add(stream)
            await proto.client_disconnect()
            self.held.discard(stream)
        elif scope.path == "/bench/tell":
            for stream in list(self.held):
                await stream.send_bytes(b"data: changed\n\n")
            proto.response_empty(204, [])
        else:
            await self.earshot.__rsgi__(scope, proto)


class Pages:
    """Streams held open, and when each had its event."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.had: list[float] = []
        self.all = asyncio.Event()
        self.wanted = 0
        self.open: list[tuple[asyncio.Task[None], asyncio.StreamWriter]] = []

    async def hold(self, path: str, cookie: str = "") -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
        assert b" 200 " in await reader.readline()
        await reader.readuntil(b"\n\n")
        self.open.append((asyncio.create_task(self._read(reader)), writer))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while words := await reader.read(65536):
            if b"data: changed" in words:
                self.had.append(time.perf_counter())
                if len(self.had) >= self.wanted:
                    self.all.set()

    async def until_all_have_it(self, act: Callable[[], Any], count: int) -> list[float]:
        """Milliseconds from the end of the act (its commit) to the event of each page."""
        self.had, self.wanted = [], count
        self.all.clear()
        began = await act()
        try:
            await asyncio.wait_for(self.all.wait(), 20)
        except TimeoutError:
            raise SystemExit(f"{len(self.had)} of {count} pages had their event; load {os.getloadavg()}") from None
        return [(at - began) * 1e3 for at in self.had]

    def leave(self) -> None:
        for task, writer in self.open:
            task.cancel()
            writer.close()


async def bare(port: int, rounds: int, count: int) -> list[list[float]]:
    pages = Pages(port)
    for first in range(0, count, 50):
        await asyncio.gather(*(pages.hold("/bench/hold") for _ in range(min(50, count - first))))

    async def tell() -> float:
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /bench/tell HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readline()
        writer.close()
        return began

    found = [await pages.until_all_have_it(tell, count) for _ in range(rounds)]
    pages.leave()
    return found


async def live(port: int, rounds: int, count: int, sessions: list[str], deal: Any, record: Callable[[int], None]) -> list[list[float]]:
    pages = Pages(port)
    path = f"/live/?about=deal:{deal.pk}"
    for first in range(0, count, 50):
        wanted = range(first, min(first + 50, count))
        await asyncio.gather(*(pages.hold(path, f"sessionid={sessions[number % len(sessions)]}") for number in wanted))

    found = []
    for number in range(rounds):

        async def act(number: int = number) -> float:
            await asyncio.to_thread(record, 1_000 * count + number)
            return time.perf_counter()

        # An event may come before the thread has told us of its commit: then it took no time.
        found.append([max(one, 0.0) for one in await pages.until_all_have_it(act, count)])
    pages.leave()
    return found


def line(name: str, rounds: list[list[float]]) -> tuple[str, float]:
    """p50 and p99 over all pages and rounds; the last page: median of the rounds, and the slowest."""
    every = sorted(one for each in rounds for one in each)
    last = sorted(max(each) for each in rounds)
    middle = last[len(last) // 2]
    figures = f"{every[len(every) // 2]:>8.1f}{every[int(len(every) * 0.99)]:>8.1f}{middle:>8.1f}{last[-1]:>8.1f}"
    return f"{name:<34}{figures}", middle


def company() -> tuple[Any, list[str], Callable[[int], None]]:
    """A deal that fifty people see, each with sign-ins enough, and the act that records another statement on it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command
    from django.db import connection

    from earshot.deals.actions import open_deal
    from earshot.deals.permits import SEE_ALL
    from earshot.demo.actions import build_world, offered_people
    from earshot.journal.actors import process
    from earshot.kit import now
    from earshot.people.actions import add_person, give_permission
    from earshot.people.actors import as_person
    from earshot.people.models import Login
    from earshot.voice.actions import Said, With, record_meeting

    call_command("migrate", verbosity=0, interactive=False)
    build_world()
    seller, by = offered_people()[0], process("bench")
    sessions = []
    for number in range(PEOPLE):
        person = add_person(by=by, name=f"Reader {number}", unit=seller.unit)
        give_permission(by=by, person=person, permission=SEE_ALL)
        login = Login.objects.create_user(f"reader-{number}", None, person=person)
        for _ in range(max(PAGES) // PEOPLE // 30 + 1):
            held = SessionStore()
            held[SESSION_KEY], held[BACKEND_SESSION_KEY] = str(login.pk), "earshot.web.sessions.Backend"
            held[HASH_SESSION_KEY] = login.get_session_auth_hash()
            held.create()
            sessions.append(str(held.session_key))
    deal = open_deal(by=as_person(seller), title="Bench", account=seller.accounts.earliest("number"), owner=seller)

    def record(number: int) -> None:
        said = [Said(f"thing {number} that they said", "", 0)]
        record_meeting(by=as_person(seller), deal=deal, held_at=now(), contacts=[With("Osman Taha", "CTO")], items=said, present=[])

    connection.close()
    return deal, sessions, record


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(engine: str) -> None:
    import django

    django.setup()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    deal, sessions, record = company()
    port = free_port()
    words = ["--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws", "--log-level", "error"]
    words += ["--backlog", "8192", "--backpressure", "8192", "--workers-kill-timeout", "5", "--factory", "bench_live:Application"]
    server = subprocess.Popen([sys.executable, "-m", "granian", *words], cwd=ROOT / "tools")
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.1)
        load = os.getloadavg()[0]
        print(f"\n{engine}, load {load:.1f}; milliseconds{'':<15}{'p50':>8}{'p99':>8}{'last':>8}{'worst':>8}", flush=True)
        for count in PAGES:
            ceiling, bottom = line(f"bare broadcast to {count:,} streams", asyncio.run(bare(port, ROUNDS, count)))
            print(ceiling, flush=True)
            own, middle = line(f"an item → {count:,} open pages", asyncio.run(live(port, ROUNDS, count, sessions, deal, record)))
            print(f"{own}{middle / bottom:>8.1f}x", flush=True)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(sys.argv[1])
        sys.exit()
    from bench import on_engine

    more = {"DJANGO_SETTINGS_MODULE": "bench_settings", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tools'}"}
    results = [on_engine(engine, __file__, **more) for engine in ("sqlite", "postgresql")]
    sys.exit(not all(results))
