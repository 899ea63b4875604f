"""The application that granian serves on one address: pages and API through WSGI in a pool of threads, the streams of live pages by
themselves. Why so, and what it costs: docs/live.md. Where pages have servers of their own (`earshot.wsgi`), a proxy leads `/live/` here."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from granian.rsgi import ProtocolClosed, ProtocolError  # type: ignore[attr-defined]

from earshot.wsgi import application as pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "earshot.settings")

from django.conf import settings

from earshot.web.live.hub import Hub, Stream
from earshot.web.live.topics import ADDRESS, asked

THREADS = int(os.environ.get("EARSHOT_THREADS", "0")) or 2 * (os.cpu_count() or 1) + 1
IN_MEMORY = 1 << 20  # bytes of a request's body; the rest of a larger one goes to a file
MOST_OF_BODY = 8 << 20  # bytes; several times the largest file and the largest form that anything behind this takes
HEAD = [
    ("content-type", "text/event-stream"),
    ("cache-control", "no-store"),
    ("x-accel-buffering", "no"),  # a proxy is to hand on what comes as it comes
    ("x-content-type-options", "nosniff"),
]


class Application:
    def __init__(self) -> None:
        self.hub = Hub()
        self.threads = ThreadPoolExecutor(THREADS, "pages")

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.hub.start(loop)
        # Told to stop, the server waits for what it answers, and a stream is never answered to its end. So the streams end first, and the
        # server hears of it by the other signal that it stops at.
        loop.add_signal_handler(signal.SIGTERM, self.end)

    def end(self) -> None:
        self.hub.stop()
        os.kill(os.getpid(), signal.SIGINT)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.hub.stop()

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        if scope.path == ADDRESS:
            await self.stream(scope, proto)
        else:
            await self.page(scope, proto)

    async def stream(self, scope: Any, proto: Any) -> None:
        """One open page. 401: nobody is signed in there; 503: no more can be held. The page then works as it does without."""
        if scope.method != "GET":
            proto.response_empty(405, [("allow", "GET")])
            return
        topics, since = asked(scope.query_string)
        session = _session(scope.headers.get("cookie") or "")
        if self.hub.full:
            proto.response_empty(503, [("retry-after", "60")])
            return
        try:
            stream = await self.hub.come(session, topics, scope.headers.get("last-event-id") or since) if session else None
        except ConnectionError:
            proto.response_empty(503, [("retry-after", "5")])
            return
        if stream is None:
            proto.response_empty(401, [])
            return
        try:
            await self.tell(stream, proto)
        finally:
            self.hub.leave(stream)

    async def tell(self, stream: Stream, proto: Any) -> None:
        """Until the page or the stream ends, whichever is first."""
        with suppress(ProtocolError, ProtocolClosed):  # whoever left, left before the first word, or in the middle of one
            told = asyncio.get_running_loop().create_task(stream.run(proto.response_stream(200, HEAD).send_bytes))
            try:
                await asyncio.wait({told, asyncio.ensure_future(proto.client_disconnect())}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stream.end()
                told.cancel()
                with suppress(asyncio.CancelledError):
                    await told

    async def page(self, scope: Any, proto: Any) -> None:
        """413: the body is larger than anything that is taken here; no more of it is read, and none of it kept."""
        loop = asyncio.get_running_loop()
        told = scope.headers.get("content-length") or "0"
        if not told.isdecimal() or int(told) > MOST_OF_BODY:
            proto.response_empty(413, [("connection", "close")])
            return
        with SpooledTemporaryFile(IN_MEMORY) as body:
            if scope.method not in ("GET", "HEAD"):
                async for chunk in proto:
                    if body.tell() + len(chunk) > MOST_OF_BODY:
                        proto.response_empty(413, [("connection", "close")])
                        return
                    body.write(chunk)
            status, headers, content = await loop.run_in_executor(self.threads, _answer, scope, body)
        proto.response_bytes(status, headers, content)


def _answer(scope: Any, body: IO[bytes]) -> tuple[int, list[tuple[str, str]], bytes]:
    """One request through WSGI, in a thread of the pool."""
    began: list[Any] = []
    content: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], _trouble: Any = None, /) -> Callable[[bytes], object]:
        began[:] = [int(status.split(" ", 1)[0]), headers]
        return content.append

    answer = pages(_environ(scope, body), start_response)
    try:
        content += answer
    finally:
        if hasattr(answer, "close"):
            answer.close()
    return began[0], began[1], b"".join(content)


def _environ(scope: Any, body: IO[bytes]) -> dict[str, Any]:
    length = body.tell()
    body.seek(0)
    host, _colon, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        key = name.upper().replace("-", "_")
        if "_" in name or key == "CONTENT_LENGTH":  # a name with _ could pass itself off as another one with -
            continue
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        joint = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    environ["CONTENT_LENGTH"] = str(length)
    if scope.authority:
        environ.setdefault("HTTP_HOST", scope.authority)
    return environ


def _session(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return found.value if found else ""


application = Application()
