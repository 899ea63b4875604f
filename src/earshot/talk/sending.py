"""The edge of the house: mail by SMTP, one POST for everything else. Nothing here touches the database.

Whoever names an address makes this server go there, so a POST never follows a redirect, goes to no address of our own network unless
whoever runs the installation has named its origin, and ends within seconds whatever the other side does. What is checked is what is
connected to: a name is resolved once.
"""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import Future
from email.utils import parseaddr
from functools import lru_cache
from threading import Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import certifi
import httpcore
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext_lazy as _

from earshot.journal.reactions import Undeliverable, Undelivered
from earshot.kit.clock import machine_time
from earshot.kit.problems import say
from earshot.talk import robots
from earshot.talk.letters import Letter
from earshot.talk.rules import MAIL, WEBHOOK

PATIENCE = 10.0  # seconds for one message, from the first word to the last
MOST_OF_ANSWER = 64 * 1024


def send(kind: str, address: str, secret: str, letter: Letter) -> None:
    """Send one letter; `Undelivered` or `Undeliverable` where it did not arrive. Neither names the address or the secret."""
    if kind == MAIL:
        mail(address, letter)
        return
    request = robots.request(kind, address, secret, letter, machine_time())
    robots.judge(kind, *post(request, inside=named_by_house(kind, address)))


def named_by_house(kind: str, address: str) -> bool:
    """Whether whoever runs this installation has named where the address leads."""
    named = settings.WEBHOOKS_INSIDE if kind == WEBHOOK else settings.ROBOTS.get(kind, [])
    return robots.origin(address) in named


def post(request: robots.Request, *, inside: bool) -> tuple[int, bytes]:
    """Status and the beginning of the answer."""
    guard = _Guard(inside, monotonic() + PATIENCE)
    try:
        with httpcore.ConnectionPool(ssl_context=_trust(), max_connections=1, network_backend=guard) as pool:
            headers = [(b"host", urlsplit(request.url).netloc.encode()), (b"content-length", str(len(request.body)).encode())]
            headers += [(name.encode(), value.encode()) for name, value in request.headers.items()]
            with pool.stream("POST", request.url.encode(), headers=headers, content=request.body) as response:
                answer = b""
                for part in response.iter_stream():
                    answer += part
                    if len(answer) > MOST_OF_ANSWER:
                        break
                return response.status, answer[:MOST_OF_ANSWER]
    except Undelivered:
        raise
    except httpcore.TimeoutException:
        raise Undelivered(_("The other side did not answer in time.")) from None
    except ssl.SSLCertVerificationError:
        raise Undeliverable(_("The other side cannot prove who it is (its certificate).")) from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, OSError) as error:
        if isinstance(error.__context__, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise Undeliverable(_("The other side cannot prove who it is (its certificate).")) from None
        raise Undelivered(_("The other side cannot be reached.")) from None


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """The authorities of the system, which an installation may add its own to, and those that browsers know."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def resolve(host: str, port: int) -> list[str]:
    """The addresses behind a name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Undelivered(_("Nobody knows the name of the other side.")) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_outside(address: str) -> bool:
    """Whether an address is one of the open internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        hidden = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if hidden is not None:
            return is_outside(str(hidden))
        if found in _NAT64:
            return is_outside(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        if found.is_site_local:
            return False
    return found.is_global and not found.is_multicast


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class _Guard(httpcore.NetworkBackend):
    """Connects to what it has resolved and checked, and bounds everything by one moment."""

    def __init__(self, inside: bool, until: float) -> None:
        self._inside, self._until = inside, until
        self._plain = httpcore.SyncBackend()

    def left(self) -> float:
        left = self._until - monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left

    def _resolved(self, host: str, port: int) -> list[str]:
        """Looking a name up knows no time limit, so a thread that nobody need wait for does it."""
        found: Future[list[str]] = Future()

        def look_up() -> None:
            try:
                found.set_result(resolve(host, port))
            except BaseException as error:  # noqa: BLE001 - told to whoever waits
                found.set_exception(error)

        Thread(target=look_up, daemon=True).start()
        try:
            return found.result(timeout=self.left())
        except TimeoutError:
            raise httpcore.ConnectTimeout from None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._resolved(host, port)
        if not self._inside and not all(is_outside(address) for address in addresses):
            raise Undeliverable(_("The address leads into a network of our own, where nothing is sent."))
        for address in addresses[:-1]:
            try:
                return _Bounded(self._plain.connect_tcp(address, port, timeout=self.left() / 2, socket_options=socket_options), self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return _Bounded(self._plain.connect_tcp(addresses[-1], port, timeout=self.left(), socket_options=socket_options), self)

    def connect_unix_socket(self, *_args: Any, **_kwargs: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError


class _Bounded(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, guard: _Guard) -> None:
        self._stream, self._guard = stream, guard

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=self._guard.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=self._guard.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, timeout=self._guard.left()), self._guard)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def mail(address: str, letter: Letter) -> None:
    """One mail of plain text. A refusal of the address (to RCPT or DATA) is for good; whatever else the mail server says may pass: what
    it answers to the greeting, HELO or STARTTLS is not about the address."""
    if settings.MAIL is None:
        raise Undeliverable(MAIL_NOT_SET_UP)
    sender = settings.MAIL_FROM
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    headers = {
        "Message-ID": f"<{letter.id}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Content-Language": letter.language,
    }
    given: dict[str, Any] = settings.MAIL
    backend = get_connection(**given)
    try:
        EmailMessage(letter.subject, letter.text(), sender, [address], headers=headers, connection=backend).send()
    except smtplib.SMTPRecipientsRefused as refused:
        codes = [code for code, _said in refused.recipients.values()]
        raise _refused(codes[0] if codes else 550) from None
    except (smtplib.SMTPSenderRefused, smtplib.SMTPAuthenticationError) as refused:
        raise Undelivered(say(_("The mail server does not let Earshot send (code {code})."), code=refused.smtp_code)) from None
    except smtplib.SMTPDataError as refused:
        raise _refused(refused.smtp_code) from None
    except smtplib.SMTPResponseException as refused:
        raise Undelivered(say(_("The mail server does not let Earshot send (code {code})."), code=refused.smtp_code)) from None
    except (smtplib.SMTPException, OSError):
        raise Undelivered(_("The mail server cannot be reached.")) from None


def _refused(code: int) -> Undelivered:
    if code >= 500:
        return Undeliverable(say(_("The mail server refuses this address (code {code})."), code=code))
    return Undelivered(say(_("The mail server takes no mail for this address for now (code {code})."), code=code))


MAIL_NOT_SET_UP = _("Mail is not set up in this installation: whoever runs it names a mail server (EARSHOT_MAIL).")
