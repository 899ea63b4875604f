"""How an operation answers, and how a write is made safe to repeat and hard to lose.

`read` and `write` wrap the function of an operation, which returns a `Reply`. A write is one call through the door: the answer
kept under its `Idempotency-Key` stands in the same transaction as what it tells; a refusal undoes both.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from earshot.api.auth import Asked
from earshot.api.problems import misfit
from earshot.journal import repeats
from earshot.journal.actions import call
from earshot.kit.problems import Refusal

P = ParamSpec("P")
KEY = "Idempotency-Key"
KEY_PATTERN = r"[!-~]{1,100}"
MATCH = "If-Match"
MATCH_PATTERN = r'"([0-9]{1,9})"'


@dataclass(frozen=True)
class Reply:
    """`version`: of the row answered, sent as its ETag. `secret`: a field of `data` that is shown once and never kept: a
    repeated request gets null in its place."""

    data: Any = None
    status: int = 200
    version: int | None = None
    secret: str = ""

    def kept(self) -> dict[str, Any]:
        data = self.data | {self.secret: None} if self.secret else self.data
        return {"data": data, "version": self.version}


def respond(reply: Reply) -> HttpResponse:
    if reply.status == 204:
        return HttpResponse(status=204)
    headers = {} if reply.version is None else {"ETag": f'"{reply.version}"'}
    content = json.dumps(reply.data, ensure_ascii=False)
    return HttpResponse(content, status=reply.status, content_type="application/json", headers=headers)


def read(operation: Callable[Concatenate[Asked, P], Any]) -> Callable[Concatenate[Asked, P], HttpResponse]:
    """An operation that changes nothing. It returns its data, or a Reply."""

    @functools.wraps(operation)
    def run(request: Asked, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        found = operation(request, *args, **kwargs)
        return respond(found if isinstance(found, Reply) else Reply(found))

    return _signed(run, operation)


def write(operation: Callable[Concatenate[Asked, P], Reply]) -> Callable[Concatenate[Asked, P], HttpResponse]:
    """An operation that calls one verb, in one transaction, once for each `Idempotency-Key`."""

    @functools.wraps(operation)
    def run(request: Asked, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        key = _key(request)
        with call():
            if key is None:
                return respond(operation(request, *args, **kwargs))
            repeat = repeats.claim(request.auth.person_id, key, _request(request))
            if repeat.status:
                return respond(Reply(status=repeat.status, **repeat.answer))
            reply = operation(request, *args, **kwargs)
            repeats.keep(repeat, reply.status, reply.kept())
            return respond(reply)

    return _signed(run, operation)


def _key(request: Asked) -> str | None:
    key = request.headers.get(KEY) if request.method == "POST" else None
    if key is not None and not re.fullmatch(KEY_PATTERN, key):
        sentence = _("1 to 100 visible characters without spaces, new for each request that you mean.")
        raise misfit({KEY: sentence})
    return key


def _request(request: Asked) -> list[Any]:
    """What makes two requests the same one. The version of `If-Match` is left out: who repeats after a lost answer may have
    read the row anew in between."""
    try:
        body = json.loads(request.body or b"null")
    except ValueError:  # an operation that takes no body got one: nobody has read it
        body = request.body.hex()
    return [request.method, request.path, body]


def _signed(run: Callable[..., HttpResponse], operation: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """The framework reads an operation's parameters from its signature; the words in it mean what they mean in its own module."""
    run.__signature__ = inspect.signature(operation, eval_str=True)  # type: ignore[attr-defined]  # read back by the document
    return run


def shows_version(operation: Callable[P, Any]) -> Callable[P, Any]:
    """Mark an operation whose answer carries the row's version as its ETag, for the document."""
    operation.shows_version = True  # type: ignore[attr-defined]  # read back by the document
    return operation


def may_miss(operation: Callable[P, Any]) -> Callable[P, Any]:
    """Mark a read that not everybody has anything of, although its address names nothing, for the document."""
    operation.may_miss = True  # type: ignore[attr-defined]  # read back by the document
    return operation


def for_some(operation: Callable[P, Any]) -> Callable[P, Any]:
    """Mark a read that needs a permission besides sight of the object, for the document."""
    operation.needs_permission = True  # type: ignore[attr-defined]  # read back by the document
    return operation


def versioned(operation: Callable[P, Any]) -> Callable[P, Any]:
    """Mark a write that must name the version it was based on: the document shows its `If-Match`, `version` reads it."""
    operation.needs_version = True  # type: ignore[attr-defined]  # read back by the document
    return operation


def version(request: Asked) -> int:
    """The row version that the client has seen, from `If-Match`: required, so that nobody overwrites what they have not read."""
    given = request.headers.get(MATCH)
    if given is None:
        raise Refusal("if_match.needed", _("Send “If-Match” with the ETag of the version that you have read."), status=428)
    match = re.fullmatch(MATCH_PATTERN, given.strip())
    if match is None:
        sentence = _('Send it as the ETag came, with its quotation marks: "3".')
        raise misfit({MATCH: sentence})
    return int(match[1])
