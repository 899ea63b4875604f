"""The one place of a process that reads the journal as it grows and tells the open pages.

One thread follows the journal (`_follow`), one asks the database who is signed in and what a page that comes back has missed (`_ask`),
for many pages at a time; the pages themselves are tasks of the event loop and touch no database. What is told is a bare "something that
you have open has changed": the page then asks for itself again, through the same rules as ever, so that no word travels on a stream.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from earshot.desk.audience import Heard, audience
from earshot.journal import tail
from earshot.kit.ruling import permissive
from earshot.web.live.topics import Topics
from earshot.web.sessions import signed_in

PING = 25.0  # seconds between two signs of life, each with a look at who is still signed in
AGAIN = (1_000, 5_000)  # milliseconds after which a page that lost its stream comes again: each after a time of its own
MOST_STREAMS = 6_000  # of one process
MOST_OF_ONE = 40  # of one sign-in
SLICE = 200  # streams that are woken before others have their turn
log = logging.getLogger(__name__)

Send = Callable[[bytes], Awaitable[Any]]
T = TypeVar("T")


@dataclass(eq=False)
class Stream:
    """One open page. `known`: entries that it need not be told of: it came after them, or was told when it came. What is to be said
    waits in `event` and `ping`, merged: a page that takes nothing for an hour costs as much as one that listens."""

    session: str
    person: UUID
    topics: Topics
    known: frozenset[int] = frozenset()
    event: str = ""
    ping: str = ""
    over: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, mark: str) -> None:
        self.event = mark
        self.woken.set()

    def end(self) -> None:
        self.over = True
        self.woken.set()

    async def run(self, send: Send) -> None:
        """Say what there is to say until it is over. An event: its number, and that there is one. A sign of life moves the number on."""
        await send(b"retry: %d\n\n" % random.randint(*AGAIN))  # noqa: S311 - no secret
        while not self.over:
            await self.woken.wait()
            self.woken.clear()
            if self.event:
                mark, self.event, self.ping = self.event, "", ""
                await send(b"id: %s\ndata: changed\n\n" % mark.encode())
            elif self.ping and not self.over:
                mark, self.ping = self.ping, ""
                await send(b": \nid: %s\n\n" % mark.encode())


@dataclass
class _Question:
    """A page that comes: by which sign-in, about what, and up to where it knows."""

    session: str
    topics: Topics
    since: str
    answer: asyncio.Future[Stream | None]


class Hub:
    """Of one event loop, between `start` and `stop`. `mark`: up to where in the journal the pages have been told."""

    def __init__(self) -> None:
        self.streams: dict[UUID, set[Stream]] = {}
        self.count = 0
        self.mark = ""
        self._beginning = threading.Lock()
        self._stopped = threading.Event()
        self._questions: list[_Question] = []
        self._asking = ThreadPoolExecutor(1, "live-asking")
        self._ticking: asyncio.Task[None] | None = None
        self._letting_in: asyncio.Task[None] | None = None
        self._follower = threading.Thread(target=self._follow, name="live-tail", daemon=True)
        self.loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._ticking = loop.create_task(self._tick())
        self._follower.start()

    def stop(self) -> None:
        """Every stream ends at once; its page comes again, to whoever serves then."""
        self._stopped.set()
        for stream in [one for group in self.streams.values() for one in group]:
            stream.end()
        if self._ticking:
            self._ticking.cancel()
        self._asking.shutdown(wait=False, cancel_futures=True)

    @property
    def full(self) -> bool:
        return self.count >= MOST_STREAMS or self._stopped.is_set()

    async def come(self, session: str, topics: Topics, since: str) -> Stream | None:
        """A page comes, or comes back: its stream, which will tell it everything after `since`, once. None: nobody is signed in there,
        or has too many streams open. A ConnectionError: the database does not answer."""
        question = _Question(session, topics, since, asyncio.get_running_loop().create_future())
        self._questions.append(question)
        if self._letting_in is None or self._letting_in.done():
            self._letting_in = asyncio.get_running_loop().create_task(self._let_in())
        stream = await question.answer
        if stream and sum(one.session == session for one in self.streams.get(stream.person, ())) > MOST_OF_ONE:
            self.leave(stream)
            return None
        return stream

    def leave(self, stream: Stream) -> None:
        group = self.streams.get(stream.person, set())
        if stream in group:
            group.remove(stream)
            self.count -= 1
            if not group:
                del self.streams[stream.person]

    def _join(self, stream: Stream) -> None:
        self.streams.setdefault(stream.person, set()).add(stream)
        self.count += 1

    async def _let_in(self) -> None:
        """Everybody who waits, in one go: when a server comes back, all pages come at once, and most of them know equally much."""
        while self._questions:
            questions, self._questions = self._questions, []
            try:
                await self._answer(questions)
            except Exception as error:  # whatever it was: nobody waits for an answer that does not come
                log.warning("pages that came could not be let in", exc_info=True)
                _refuse(questions, error)
            except asyncio.CancelledError as error:  # the hub stops
                _refuse([*questions, *self._questions], error)
                raise

    async def _answer(self, questions: Sequence[_Question]) -> None:
        who, before = await self._ask(lambda: (signed_in({one.session for one in questions}), self._untold()))
        # They hear what is new from now on; what they missed is read after that, and told once (`Stream.known`).
        streams = {id(one): Stream(one.session, who[one.session], one.topics, before) for one in questions if one.session in who}
        for stream in streams.values():
            self._join(stream)
        try:
            marks = {one.since for one in questions if one.since and id(one) in streams}
            missed = await self._ask(lambda: {since: _missed(since) for since in marks})
            for one in questions:
                come = streams.get(id(one))
                if come is not None and one.since:
                    away = missed[one.since]
                    come.known |= away.numbers
                    if away.all or any(one.topics.concern(come.person, heard) for heard in away.heard):
                        come.tell(away.mark)
                if not one.answer.done():
                    one.answer.set_result(come)
                elif come is not None:  # the page has gone away meanwhile
                    self.leave(come)
        except BaseException:
            for one in questions:
                if id(one) in streams and not (one.answer.done() and not one.answer.cancelled()):  # nobody was given it
                    self.leave(streams[id(one)])
            raise

    async def _ask(self, question: Callable[[], T]) -> T:
        """Ask the database, in the thread for that; a connection that has died meanwhile is replaced once."""

        def ask() -> T:
            try:
                return question()
            except (DatabaseError, InterfaceError):
                connection.close()
                return question()

        return await asyncio.get_running_loop().run_in_executor(self._asking, ask)

    def _begin(self) -> str:
        """Up to where the pages have been told. Whichever thread asks first sets where that begins, so that nothing falls between."""
        with self._beginning:
            self.mark = self.mark or tail.end()
            return self.mark

    def _untold(self) -> frozenset[int]:
        """What is committed and not told yet, because the following thread is behind: a page that comes now has read it, or never
        asked. Where nobody can say, nothing: one look too many."""
        numbers, _mark = tail.read_after(self._begin()) or ([], "")
        return frozenset(numbers)

    # In the following thread

    def _follow(self) -> None:
        """Read the journal as it grows, for as long as the process lives. A database that is away is asked again."""
        assert self.loop is not None
        watch, pause, mark = tail.Watch(), 0.0, ""
        while not self._stopped.wait(pause):
            try:
                pause = 0.0
                if not watch.wait(2.0) and mark:
                    continue
                mark = mark or self._begin()
                read = tail.read_after(mark)
                numbers, after = read or ([], tail.end())
                heard = audience(numbers) if numbers else []
                if read is None or after != mark:
                    self.loop.call_soon_threadsafe(self._read, heard, after, read is None)
                mark = after
            except Exception:  # whatever it was: without this thread every page would stand still, and nobody would know
                if self.loop.is_closed():
                    break
                log.warning("the journal could not be read; it is tried again", exc_info=True)
                connection.close()
                watch, pause = tail.Watch(), 1.0
        connection.close()

    # In the event loop

    def _read(self, heard: Sequence[Heard], mark: str, everything: bool) -> None:
        """The journal was read up to `mark`. That moves on when the pages have been told, not before: no sign of life may carry a
        number of which the page has not heard."""
        self._tell(heard, mark, everything)
        self.mark = mark

    @permissive("nobody is told", lambda *_: None)
    def _tell(self, heard: Sequence[Heard], mark: str, everything: bool) -> None:
        """`everything`: nobody can say what has changed, so every page looks again."""
        if everything:
            for stream in self._all():
                stream.tell(mark)
            return
        for one in heard:
            for person in one.people & self.streams.keys():
                for stream in self.streams[person]:
                    if one.entry not in stream.known and stream.topics.concern(person, one):
                        stream.tell(mark)

    def _all(self) -> list[Stream]:
        return [stream for group in self.streams.values() for stream in group]

    async def _tick(self) -> None:
        """Every now and then: who is still signed in? The others' streams end; those who are hear that the line stands."""
        while True:
            await asyncio.sleep(PING)
            streams = self._all()
            try:
                who = await self._ask(lambda: signed_in({stream.session for stream in streams}))  # noqa: B023 - awaited at once
            except (DatabaseError, InterfaceError):
                log.warning("who is signed in could not be asked", exc_info=True)
                continue
            for number, stream in enumerate(streams):
                if who.get(stream.session) != stream.person:
                    stream.end()
                elif self.mark:
                    stream.ping = self.mark
                    stream.woken.set()
                if number % SLICE == SLICE - 1:
                    await asyncio.sleep(0.02)


def _refuse(questions: Sequence[_Question], error: BaseException) -> None:
    for one in questions:
        if not one.answer.done():
            one.answer.set_exception(ConnectionError(str(error)))


@dataclass(frozen=True)
class _Missed:
    """What was recorded since a mark. `all`: nobody can say."""

    numbers: frozenset[int]
    heard: Sequence[Heard]
    mark: str
    all: bool = False


def _missed(since: str) -> _Missed:
    read = tail.read_after(since)
    if read is None:
        return _Missed(frozenset(), (), tail.end(), all=True)
    numbers, mark = read
    return _Missed(frozenset(numbers), audience(numbers) if numbers else (), mark)
