"""Live pages in real browsers on the real server: what one person does appears on another one's page, and nothing that is typed is lost."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection, connections
from playwright.sync_api import Page, expect

import browsers
import databases
from earshot.deals.actions import change_deal
from earshot.deals.models import Deal
from earshot.journal import tail
from earshot.journal.actors import process
from earshot.kit import clock
from earshot.people.models import Person, WorkingCalendar
from earshot.playbooks.actions import adopt_pack, open_revision, withdraw, write_part
from earshot.playbooks.queries import sources
from earshot.playbooks.sources import Sources
from earshot.teams.actions import accept_seat, nominate, release_seat
from earshot.teams.models import Membership, Seat
from earshot.voice.actions import take_note
from test_cli_serve import Served
from worlds import World, later

OpenPage = Callable[..., Page]
ON_POSTGRESQL = databases.vendor() == "postgresql"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def served(own_database: str, tmp_path: Path) -> Iterator[Served]:
    """Without a worker: the world stands on its Monday and the server in the present, and whatever the acts of that Monday are late for,
    a worker would tell of at some moment of the test."""
    connection.close()
    server = Served(tmp_path, own_database, "--no-worker", EARSHOT_SECRET_KEY=settings.SECRET_KEY)
    server.answers()
    assert server.worker() is None
    yield server
    if server.process.poll() is None:
        server.stop(signal.SIGTERM)


class Line:
    """What lies between a browser and the server, and can be cut."""

    def __init__(self, to: int) -> None:
        self.to, self.whole, self.open = to, True, list[socket.socket]()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                here, _address = self.door.accept()
            except OSError:
                return
            if not self.whole:
                here.close()
                continue
            try:
                there = socket.create_connection(("127.0.0.1", self.to))
            except OSError:  # the server is away
                here.close()
                continue
            self.open += [here, there]
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while words := one.recv(65536):
                other.sendall(words)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        self.whole = False
        for one in self.open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self.whole = True


@pytest.fixture
def line(served: Served) -> Iterator[Line]:
    made = Line(served.port)
    yield made
    made.cut()
    made.door.close()


@pytest.fixture
def site(line: Line) -> browsers.Site:
    """The whole application as `earshot demo` serves it, instead of the tests' own threads."""
    return browsers.Site(f"http://127.0.0.1:{line.port}")


def at(open_page: OpenPage, person: Any, path: str, **options: Any) -> Page:
    page = open_page("desk", **options)
    page.goto("/sign-in/")
    page.locator(".pick button").filter(has_text=person.name).first.click()
    page.wait_for_url("**/")
    if options.get("java_script_enabled", True):
        with page.expect_response(lambda answer: "/live/" in answer.url) as come:
            page.goto(path)
        assert come.value.status == 200
    else:
        page.goto(path)
    return page


def ears(page: Page) -> Any:
    """Who has heard the critical sentence of the walk, on the page of its deal."""
    return page.locator(".quote").filter(has_text="the other offer").locator(".ears")


def fetches(page: Page) -> list[str]:
    """The times the page asked for itself again, from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if "x-earshot-live" in request.headers else None)
    return found


@pytest.mark.req("law 2", breaks="earshot.web.live.hub.Hub._tell")
def test_who_hears_is_seen_to_have_heard_on_another_ones_page(world: World, open_page: OpenPage):
    deal = world.spoken_deal()
    connection.close()
    seller = at(open_page, world.seller, f"/deals/{deal.pk}/")
    engineer = at(open_page, world.engineer, "/hear/")
    expect(ears(seller)).to_contain_text("已听 0 人")
    seller.evaluate("window.stayed = true")
    engineer.locator("main button.is-primary").click()
    expect(ears(seller)).to_contain_text("都已听到")
    assert seller.evaluate("window.stayed"), "without a reload"


def test_a_day_fills_while_it_is_open_and_says_so(world: World, open_page: OpenPage):
    day = at(open_page, world.engineer, "/")
    expect(day.locator(".duty")).to_have_count(0)
    world.spoken_deal()
    connection.close()
    expect(day.locator(".duty")).to_have_count(1)
    expect(day.locator("[data-live-said]")).to_contain_text("1")


@pytest.mark.req("B28.1b")
def test_a_revision_follows_what_others_do_to_it_on_its_page_and_on_that_of_a_part(world: World, open_page: OpenPage):
    """Also before the head whom the part names, who reads nothing of it in the journal."""
    named = "approved_by: {head_of: solutions}\n" + sources().texts["service_levels"]
    adopt_pack(by=process("tests"), sources=Sources("named", dict(sources().texts) | {"service_levels": named}), reason="who approves")
    by = world.by("operations")
    revision = open_revision(by=by, reason="更快", parts=["service_levels"])
    write_part(by=by, revision=revision, part="service_levels", text=named.replace("minutes: 240", "minutes: 180", 1))
    connection.close()
    head = at(open_page, world.engineer_head, f"/playbook/revisions/{revision.pk}/")
    draft = at(open_page, world.operations, f"/playbook/revisions/{revision.pk}/service_levels/")
    expect(head.locator("#service_levels")).to_contain_text("minutes: 180")
    with later(minutes=1):
        write_part(by=by, revision=revision, part="service_levels", text=named.replace("minutes: 240", "minutes: 170", 1))
        connection.close()
    # Whoever approves keeps the page as it was read, hears that something is new, and asks for it.
    expect(head.locator("[data-live-changed]")).to_be_visible()  # a page rests after a slow fetch
    expect(head.locator("#service_levels")).to_contain_text("minutes: 180")
    head.locator("[data-live-changed] button").click()
    expect(head.locator("#service_levels")).to_contain_text("minutes: 170")
    expect(draft.locator("#changes")).to_contain_text("minutes: 170")
    with later(minutes=2):
        withdraw(by=by, revision=revision, reason="不改了")
        connection.close()
    expect(head.locator("[data-live-changed]")).to_be_visible()  # a page rests after a slow fetch
    head.locator("[data-live-changed] button").click()
    expect(head.locator("body")).to_contain_text("不改了")
    expect(draft.locator("main form")).to_have_count(0)


@pytest.mark.of_the_page
def test_what_is_being_typed_stays_with_focus_and_what_is_unfolded(world: World, open_page: OpenPage):
    deal = world.spoken_deal()
    connection.close()
    page = at(open_page, world.seller, f"/deals/{deal.pk}/")
    page.locator("#change summary").first.click()
    title = page.locator('#change [name="title"]')
    title.fill("half a sent")
    title.focus()
    world.hear(deal, "engineer")
    connection.close()
    expect(ears(page)).to_contain_text("都已听到")  # the rest follows
    expect(title).to_have_value("half a sent")
    expect(title).to_be_focused()
    expect(page.locator("#change details").first).to_have_attribute("open", "")
    expect(page.locator("[data-live-changed]")).to_be_hidden()  # nothing of the form itself has changed
    title.press_sequentially("ence")

    fresh = Deal.objects.get(pk=deal.pk)
    change_deal(by=world.by("seller"), deal=fresh, version=fresh.version, title=fresh.title, account=fresh.account, amount="3300000")
    connection.close()
    expect(page.locator("[data-live-changed]")).to_be_visible()
    expect(title).to_have_value("half a sentence")
    page.locator("[data-live-changed] button").click()
    expect(page.locator("[data-live-changed]")).to_be_hidden()
    expect(title).to_have_value("half a sentence")  # the one act shows what is new and keeps what was typed
    title.press("Enter")
    expect(page.locator("h1")).to_have_text("half a sentence")


@pytest.mark.of_the_page
def test_a_refused_form_stands_until_its_author_asks(world: World, open_page: OpenPage):
    deal = world.spoken_deal()
    connection.close()
    page = at(open_page, world.seller, f"/deals/{deal.pk}/")
    page.locator("#change summary").first.click()
    page.locator('#change [name="amount"]').fill("about two")
    page.locator("#change button").first.click()
    expect(page.locator(".refusal")).to_be_visible()
    world.hear(deal, "engineer")
    connection.close()
    expect(page.locator("[data-live-changed]")).to_be_visible()
    expect(page.locator(".refusal")).to_be_visible()
    page.locator("[data-live-changed] button").click()
    expect(page.locator(".refusal")).to_have_count(0)
    expect(page.locator('#change [name="amount"]')).to_have_value("about two")


@pytest.mark.of_the_page
def test_a_chosen_file_stays_chosen_when_its_owner_asks_for_what_is_new(world: World, open_page: OpenPage):
    calendar = WorkingCalendar.objects.first()
    assert calendar is not None
    connection.close()
    page = at(open_page, world.administrator, f"/calendars/{calendar.pk}/")
    chosen = page.locator('input[type="file"]')
    chosen.set_input_files({"name": "days.csv", "mimeType": "text/csv", "buffer": b"date"})
    bar = page.locator("[data-live-changed]")
    bar.evaluate("bar => bar.hidden = false")
    bar.locator("button").click()
    expect(bar).to_be_hidden()
    assert chosen.evaluate("field => field.files.length") == 1


@pytest.mark.of_the_page
def test_a_notice_reaches_the_page_that_it_is_meant_for(world: World, open_page: OpenPage):
    """The same person has two pages open; the one that follows in the background takes nothing away from the other."""
    deal = world.spoken_deal()
    connection.close()
    page = at(open_page, world.engineer, "/hear/")
    other = page.context.new_page()
    other.goto("/")
    asked = fetches(other)
    page.locator("main button.is-primary").click()
    expect(page.locator(".notices .notice")).to_have_count(1)
    expect(other.locator(".duty")).to_have_count(0)
    assert asked
    assert page.locator(".notices .notice").count() == 1
    assert deal.items.count() == 3


def test_the_connection_is_cut_and_comes_back_without_loss_or_doubling(world: World, open_page: OpenPage, line: Line):
    deal = world.spoken_deal()
    connection.close()
    page = at(open_page, world.seller, f"/deals/{deal.pk}/")
    asked = fetches(page)
    line.cut()
    world.hear(deal, "engineer")
    connection.close()
    page.wait_for_timeout(500)
    assert asked == []
    line.mend()
    expect(ears(page)).to_contain_text("都已听到")
    page.wait_for_timeout(1_500)
    assert len(asked) == 1
    world.hear(deal, "head")
    connection.close()
    expect(ears(page)).to_contain_text(world.people["head"].name)
    assert len(asked) == 2


def test_the_server_is_killed_and_comes_back(world: World, open_page: OpenPage, served: Served):
    deal = world.spoken_deal()
    connection.close()
    page = at(open_page, world.seller, f"/deals/{deal.pk}/")
    asked = fetches(page)
    victims = serving(served)
    assert victims
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    world.hear(deal, "engineer")
    connection.close()
    expect(ears(page)).to_contain_text("都已听到")
    page.wait_for_timeout(1_000)
    assert len(asked) == 1
    expect(page.locator("[data-live-gone]")).to_be_hidden()


@pytest.mark.of_the_page
def test_a_page_that_cannot_connect_says_so_and_works(world: World, open_page: OpenPage):
    deal = world.spoken_deal()
    connection.close()
    page = at(open_page, world.seller, "/deals/")
    page.route("**/live/**", lambda route: route.abort())
    page.clock.install()
    with page.expect_event("requestfailed", lambda request: "/live/" in request.url):
        page.goto(f"/deals/{deal.pk}/")
    sign = page.locator("[data-live-gone]")
    for _ in range(50):  # the page hears of the failure after us, and waits from then on
        page.clock.fast_forward(10_000)
        if sign.is_visible():
            break
        page.wait_for_timeout(200)
    expect(sign).to_be_visible()
    page.locator("#change summary").first.click()
    page.locator('#change [name="title"]').fill("另一个名字")
    page.locator("#change button").first.click()
    expect(page.locator("h1")).to_have_text("另一个名字")


@pytest.mark.of_the_page
def test_a_page_without_a_network_says_so_at_once_and_goes_on_by_itself(world: World, open_page: OpenPage):
    deal = world.spoken_deal()
    connection.close()
    page = at(open_page, world.seller, f"/deals/{deal.pk}/")
    sign = page.locator("[data-live-gone]")
    expect(sign).to_be_hidden()
    page.context.set_offline(True)
    expect(sign).to_be_visible()
    world.hear(deal, "engineer")
    connection.close()
    page.context.set_offline(False)
    expect(sign).to_be_hidden()
    expect(ears(page)).to_contain_text("都已听到")


@pytest.mark.of_the_page
def test_a_browser_that_takes_itself_for_cut_off_and_reaches_the_server_all_the_same_is_not_alarmed(world: World, open_page: OpenPage):
    deal = world.spoken_deal()
    connection.close()
    page = at(open_page, world.seller, f"/deals/{deal.pk}/")
    page.evaluate("Object.defineProperty(navigator, 'onLine', {get: () => false})")
    with page.expect_response(lambda answer: "/live/" in answer.url):
        page.evaluate("dispatchEvent(new Event('offline'))")
    page.wait_for_timeout(800)
    expect(page.locator("[data-live-gone]")).to_be_hidden()
    world.hear(deal, "engineer")
    connection.close()
    expect(ears(page)).to_contain_text("都已听到")


@pytest.mark.of_the_page
def test_without_javascript_a_page_is_as_it_was(world: World, open_page: OpenPage):
    deal = world.spoken_deal()
    connection.close()
    page = at(open_page, world.seller, f"/deals/{deal.pk}/", java_script_enabled=False)
    expect(page.locator("h1")).to_have_text(deal.title)
    expect(page.locator("[data-live-gone]")).to_be_hidden()
    page.locator("#change summary").first.click()
    page.locator('#change [name="title"]').fill("另一个名字")
    page.locator("#change button").first.click()
    expect(page.locator("h1")).to_have_text("另一个名字")


# The stream itself


class Listener:
    """Somebody's page, without a browser: what its stream says."""

    def __init__(self, port: int, person: Person | None, query: str, *, last: str = "") -> None:
        self.lines: list[str] = []
        self.ended = threading.Event()
        self.socket = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Cookie": f"sessionid={session_of(person)}"} if person else {}
        if last:
            headers["Last-Event-ID"] = last
        self.socket.request("GET", f"/live/?{query}", headers=headers)
        self.answer = self.socket.getresponse()
        self.status = self.answer.status
        if self.status == 200:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while line := self.answer.fp.readline():  # its own readline waits for more than a line
                if b":" in line:  # not the length of a chunk
                    self.lines.append(line.decode().strip())
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.ended.set()

    @property
    def events(self) -> int:
        return self.lines.count("data: changed")

    @property
    def last(self) -> str:
        return next((line.removeprefix("id: ") for line in reversed(self.lines) if line.startswith("id: ")), "")

    def hears(self, count: int = 1) -> bool:
        until = time.monotonic() + browsers.PATIENCE / 1000
        assert self.status == 200
        while self.events < count and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)
        assert self.events == count, self.lines
        return True


def session_of(person: Person) -> str:
    with clock.standing_still(clock.machine_time()):
        held = SessionStore()
        login = person.login  # type: ignore[attr-defined]
        held[SESSION_KEY], held[BACKEND_SESSION_KEY] = str(login.pk), "earshot.web.sessions.Backend"
        held[HASH_SESSION_KEY] = login.get_session_auth_hash()
        held.create()
    return str(held.session_key)


def serving(served: Served) -> list[int]:
    """The processes that answer, below the one that watches them."""
    main = next(pid for pid in served.children() if b"granian" in Path(f"/proc/{pid}/cmdline").read_bytes())
    return [int(pid) for pid in Path(f"/proc/{main}/task/{main}/children").read_text().split()]


@pytest.mark.req("law 13", breaks="earshot.web.live.topics.Topics.concern")
def test_who_is_told_is_who_sees_and_nobody_hears_a_word(world: World, served: Served):
    deal = world.spoken_deal()
    connection.close()
    time.sleep(1)  # the hub has told what was said so far to whoever was there: nobody
    of_deal = f"about=deal:{deal.pk}"
    told = {key: Listener(served.port, world.people[key], of_deal) for key in ("seller", "head")}
    silent = {key: Listener(served.port, world.people[key], of_deal) for key in ("colleague", "stranger", "engineer")}
    days = {key: Listener(served.port, world.people[key], "mine=1") for key in ("engineer", "stranger")}
    item = next(one for one in world.items(deal) if one.ears.filter(person=world.engineer).exists())
    own = Listener(served.port, world.engineer, f"about=item:{item.pk}&about=nonsense&about=deal:x")
    other = next(one for one in world.items(deal) if not one.ears.filter(person=world.engineer).exists())
    others = Listener(served.port, world.engineer, f"about=item:{other.pk}")
    assert Listener(served.port, None, of_deal).status == 401

    take_note(by=world.by("head"), items=world.items(deal))
    connection.close()
    for key, listener in told.items():
        assert listener.hears(1), key
    assert own.hears(1)
    assert days["engineer"].hears(1)
    for listener in (*silent.values(), days["stranger"], others):
        assert listener.events == 0
    said = {line for listener in (*told.values(), own, days["engineer"]) for line in listener.lines}
    assert {line for line in said if not line.startswith(("id: ", "retry: "))} == {"data: changed"}


@pytest.mark.req("law 13", breaks="earshot.web.live.topics.Topics.concern")
def test_standing_that_ends_while_the_page_is_open_ends_what_it_is_told(world: World, served: Served):
    deal = world.deal()
    seat = Seat.objects.get(team=deal.team, role="SR")
    membership = nominate(by=world.by("seller"), seat=seat, person=world.engineer)
    accept_seat(by=world.by("engineer"), membership=membership)
    connection.close()
    page = Listener(served.port, world.engineer, f"about=deal:{deal.pk}")
    day = Listener(served.port, world.engineer, "mine=1")
    world.words(deal, words=[("says something", world.categories[1])])
    connection.close()
    assert page.hears(1)
    assert day.hears(1)
    release_seat(by=world.by("seller"), membership=Membership.objects.get(pk=membership.pk), reason="needed elsewhere")
    connection.close()
    assert day.hears(2), "who is named in what takes the standing away is told on his or her own lists"
    with later(minutes=1):
        world.words(deal, words=[("says something else", world.categories[1])])
    connection.close()
    time.sleep(0.7)
    assert page.events == 1
    assert day.events == 2


def test_a_page_that_comes_back_hears_exactly_what_it_missed(world: World, served: Served):
    deal = world.spoken_deal()
    mark = tail.end()
    connection.close()
    of_deal = f"about=deal:{deal.pk}"
    page = Listener(served.port, world.seller, f"{of_deal}&since={mark}")
    assert page.hears(0)
    world.hear(deal, "engineer")
    world.hear(deal, "head")
    connection.close()
    until = time.monotonic() + browsers.PATIENCE / 1000
    while (tail.read_after(page.last) or ([0], ""))[0] and time.monotonic() < until:
        time.sleep(0.05)
    assert page.events in (1, 2), "two acts, each told once, or both in one"
    assert Listener(served.port, world.seller, of_deal, last=page.last).hears(0), "it knows everything"
    assert Listener(served.port, world.seller, of_deal, last=mark).hears(1), "both in one"
    assert Listener(served.port, world.seller, f"{of_deal}&since={page.last}", last=mark).hears(1), "the later word is the browser's"
    assert Listener(served.port, world.stranger, of_deal, last=mark).hears(0)
    assert Listener(served.port, world.stranger, of_deal, last="of another house").hears(1), "nobody can say: look again"


@pytest.mark.own_database
def test_the_server_stops_at_once_with_pages_open_and_they_come_back(world: World, tmp_path: Path, own_database: str):
    connection.close()
    first = Served(tmp_path, own_database, EARSHOT_SECRET_KEY=settings.SECRET_KEY)
    first.answers()
    pages = [Listener(first.port, world.seller, "mine=1") for _ in range(8)]
    began = time.monotonic()
    said = first.stop(signal.SIGTERM)
    assert time.monotonic() - began < 10
    assert "Traceback" not in said
    assert all(page.ended.wait(2) for page in pages)


@pytest.mark.own_database
def test_who_signs_out_or_leaves_is_told_nothing_more(world: World, monkeypatch: pytest.MonkeyPatch):
    from earshot.web.live import hub as hubs
    from earshot.web.live.topics import Topics

    monkeypatch.setattr(hubs, "PING", 0.2)
    people = {key: session_of(world.people[key]) for key in ("seller", "head", "engineer")}
    connection.close()
    said: dict[str, list[bytes]] = {key: [] for key in people}

    async def page(hub: hubs.Hub, key: str) -> None:
        stream = await hub.come(people[key], Topics(mine=True), "")
        assert stream is not None

        async def send(words: bytes) -> None:
            said[key].append(words)

        await stream.run(send)
        hub.leave(stream)

    async def life() -> None:
        hub = hubs.Hub()
        hub.start(asyncio.get_running_loop())
        tasks = {key: asyncio.create_task(page(hub, key)) for key in people}
        await asyncio.sleep(1)
        assert not any(task.done() for task in tasks.values())
        await asyncio.to_thread(_ends, people, world)
        await asyncio.wait_for(asyncio.gather(tasks["head"], tasks["engineer"]), 3)
        assert not tasks["seller"].done()
        assert hub.count == 1
        assert await hub.come(people["head"], Topics(mine=True), "") is None
        hub.stop()
        await asyncio.wait_for(tasks["seller"], 3)

    in_a_thread(life)
    assert any(b"id: " in line and b"data" not in line for line in said["seller"]), "a sign of life moves the number on"
    assert not any(b"data" in line for line in said["seller"])


@pytest.mark.own_database
@pytest.mark.skipif(not ON_POSTGRESQL, reason="the embedded database has no connection that could be cut")
def test_pages_live_on_when_the_database_ends_every_connection(world: World):
    from earshot.web.live import hub as hubs
    from earshot.web.live.topics import Topics

    session = session_of(world.engineer)
    connection.close()

    async def heard(stream: hubs.Stream) -> bool:
        for _ in range(200):
            if stream.event:
                stream.event = ""
                return True
            await asyncio.sleep(0.05)
        return False

    def spoken(minutes: int) -> None:
        with later(minutes=minutes):
            world.spoken_deal()
        connection.close()

    async def life() -> None:
        hub = hubs.Hub()
        hub.start(asyncio.get_running_loop())
        try:
            stream = await hub.come(session, Topics(mine=True), "")
            assert stream is not None
            await asyncio.to_thread(spoken, 1)
            assert await heard(stream)
            ends = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{databases.settings()['NAME']}'"
            await asyncio.to_thread(databases.sql, ends)
            await asyncio.to_thread(spoken, 2)
            assert await heard(stream), "what was written while nobody listened, too"
        finally:
            hub.stop()

    in_a_thread(life)


@pytest.mark.own_database
def test_pages_that_cannot_be_let_in_are_answered_and_leave_no_stream_behind(world: World, monkeypatch: pytest.MonkeyPatch):
    from earshot.web.live import hub as hubs
    from earshot.web.live.topics import Topics

    session = session_of(world.seller)
    connection.close()

    def breaks(_since: str) -> Any:
        raise OverflowError("too large for the engine")

    async def life() -> None:
        hub = hubs.Hub()
        come = [asyncio.create_task(hub.come(session, Topics(mine=True), since)) for since in ("", f"s;;{'9' * 30};-", "p;;1;-")]
        streams = await asyncio.wait_for(asyncio.gather(*come), 5)
        assert [bool(stream and stream.event) for stream in streams] == [False, True, True], "a bad mark: look again"
        for stream in streams:
            assert stream is not None
            hub.leave(stream)
        assert hub.count == 0

        monkeypatch.setattr(hubs, "_missed", breaks)
        come = [asyncio.create_task(hub.come(session, Topics(mine=True), since)) for since in ("", "mark")]
        refused = await asyncio.wait_for(asyncio.gather(*come, return_exceptions=True), 5)
        assert [type(one) for one in refused] == [ConnectionError, ConnectionError]
        assert hub.count == 0
        assert hub.streams == {}
        assert await asyncio.wait_for(hub.come(session, Topics(mine=True), ""), 5), "the next one is let in"
        hub._asking.submit(connections.close_all).result()  # of that thread
        hub.stop()

    in_a_thread(life)


@pytest.mark.own_database
def test_what_was_committed_before_a_page_came_is_not_told_to_it_however_far_the_follower_is_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    from earshot.web.live import hub as hubs
    from earshot.web.live.topics import Topics

    session = session_of(world.engineer)
    connection.close()
    go, gone = threading.Semaphore(0), threading.Semaphore(0)

    class Held(tail.Watch):
        """A follower that is behind: it reads once for each time that it is let go."""

        def wait(self, _seconds: float) -> bool:
            gone.release()
            return go.acquire(timeout=10)

    monkeypatch.setattr(hubs.tail, "Watch", Held)

    def spoken(minutes: int) -> None:
        with later(minutes=minutes):
            world.spoken_deal()
        connection.close()

    async def told(*streams: Any) -> list[bool]:
        """Whether each of them has an event, once the follower has read."""
        go.release()
        await asyncio.to_thread(gone.acquire)
        await asyncio.sleep(0)  # what it said to the loop stands before this
        found = [bool(stream.event) for stream in streams]
        for stream in streams:
            stream.event = ""
        return found

    async def life() -> None:
        hub = hubs.Hub()
        hub.start(asyncio.get_running_loop())
        try:
            await asyncio.to_thread(gone.acquire)
            early = await hub.come(session, Topics(mine=True), "")
            await asyncio.to_thread(spoken, 1)
            late = await hub.come(session, Topics(mine=True), "")
            knows = await hub.come(session, Topics(mine=True), await asyncio.to_thread(tail.end))
            assert early is not None
            assert knows is not None
            assert await told(early, late, knows) == [True, False, False]
            await asyncio.to_thread(spoken, 2)
            assert await told(early, late, knows) == [True, True, True]
            assert hub.mark == await asyncio.to_thread(tail.end)
        finally:
            hub.stop()
            go.release()

    in_a_thread(life)


@pytest.mark.own_database
def test_a_stream_that_cannot_be_begun_leaves_nothing_behind(world: World):
    from granian.rsgi import ProtocolClosed

    from earshot.rsgi import Application

    session = session_of(world.seller)
    connection.close()

    class Scope:
        method, path, query_string = "GET", "/live/", "mine=1"
        headers: ClassVar = {"cookie": f"sessionid={session}"}

    class Gone:
        """A page that left while it was being let in; or whose server cannot answer."""

        def __init__(self, trouble: Exception) -> None:
            self.trouble = trouble

        def response_stream(self, _status: int, _head: Any) -> Any:
            raise self.trouble

        async def client_disconnect(self) -> None:
            await asyncio.sleep(60)

    async def life() -> None:
        application = Application()
        await application.stream(Scope(), Gone(ProtocolClosed()))
        assert (application.hub.count, application.hub.streams) == (0, {})
        with pytest.raises(OverflowError):
            await application.stream(Scope(), Gone(OverflowError()))
        assert (application.hub.count, application.hub.streams) == (0, {})
        application.hub._asking.submit(connections.close_all).result()  # of that thread
        application.hub.stop()

    in_a_thread(life)


def in_a_thread(life: Callable[[], Any]) -> Any:
    """Playwright has an event loop of its own in the tests' thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(life())).result()


def _ends(people: dict[str, str], world: World) -> None:
    Session.objects.filter(session_key=people["head"]).delete()
    Person.objects.filter(pk=world.engineer.pk).update(left_at=clock.machine_time())
    connection.close()


def test_a_slow_page_gets_what_waits_as_one(world: World):
    from earshot.web.live.hub import Stream
    from earshot.web.live.topics import Topics

    async def life() -> list[bytes]:
        said: list[bytes] = []
        free = asyncio.Event()
        stream = Stream("x", world.seller.pk, Topics(mine=True))

        async def send(words: bytes) -> None:
            said.append(words)
            await free.wait()

        task = asyncio.create_task(stream.run(send))
        for number in range(1_000):
            stream.tell(f"mark {number}")
            await asyncio.sleep(0)
        free.set()
        await asyncio.sleep(0.05)
        stream.end()
        await task
        return said

    said = in_a_thread(life)
    assert said[-1] == b"id: mark 999\ndata: changed\n\n"
    assert len(said) == 2
