"""The other end of the wire: a mail server and an HTTP server on this machine, which keep what arrives."""

from __future__ import annotations

import email
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hit:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpSink:
    """`answer`: from a request to status, headers and body; may raise, or take its time."""

    url: str
    hits: list[Hit] = field(default_factory=list)
    answer: Callable[[Hit], tuple[int, dict[str, str], bytes]] = lambda _hit: (200, {}, b'{"errcode":0,"code":0}')


@contextmanager
def http() -> Iterator[HttpSink]:
    sink = HttpSink("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hit = Hit(self.path, {k.lower(): v for k, v in self.headers.items()}, self.rfile.read(int(self.headers["content-length"])))
            sink.hits.append(hit)
            status, headers, body = sink.answer(hit)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sink.url = f"http://127.0.0.1:{server.server_address[1]}"
    with _running(server):
        yield sink


@dataclass
class MailSink:
    """`refuse`: address → the line by which the server answers RCPT TO. `greeting`: its first line."""

    port: int
    mails: list[tuple[list[str], Message]] = field(default_factory=list)
    refuse: dict[str, bytes] = field(default_factory=dict)
    greeting: bytes = b"220 sink"

    def texts(self) -> list[str]:
        return [mail.get_content() for _to, mail in self.mails if isinstance(mail, EmailMessage)]


@contextmanager
def smtp() -> Iterator[MailSink]:
    sink = MailSink(0)

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: bytes) -> None:
            self.wfile.write(line + b"\r\n")

        def handle(self) -> None:
            self.say(sink.greeting)
            to: list[str] = []
            while line := self.rfile.readline().strip():
                word = line[:4].upper()
                if word == b"RCPT":
                    address = line.partition(b"<")[2].partition(b">")[0].decode()
                    to.append(address)
                    self.say(sink.refuse.get(address, b"250 ok"))
                elif word == b"DATA":
                    self.say(b"354 go on")
                    lines = []
                    while (part := self.rfile.readline()) not in (b".\r\n", b""):
                        lines.append(part[1:] if part.startswith(b"..") else part)
                    sink.mails.append((to, email.message_from_bytes(b"".join(lines), policy=default)))
                    to = []
                    self.say(b"250 taken")
                elif word == b"QUIT":
                    self.say(b"221 bye")
                    return
                else:
                    self.say(b"250 sink" if word in (b"EHLO", b"HELO", b"MAIL", b"RSET", b"NOOP") else b"500 what")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    sink.port = server.server_address[1]
    with _running(server):
        yield sink


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
