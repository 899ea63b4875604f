"""The addresses of `/api/v1`, each room's router, and what every answer has in common."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, re_path
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_supported_language_variant, override
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from earshot.api import (
    absences,
    accounts,
    administration,
    asks,
    calendars,
    calls,
    channels,
    clocks,
    conditions,
    contacts,
    deals,
    deliveries,
    desk,
    dissents,
    drafts,
    escalations,
    figures,
    gate,
    giving_up,
    leads,
    lines,
    meetings,
    messages,
    next_steps,
    packs,
    people,
    playbooks,
    problems,
    processes,
    rates,
    revisions,
    risks,
    specialties,
    splits,
    steps,
    succession,
    teams,
    test_clock,
    views,
    voice,
    waits,
)
from earshot.api.auth import Bearer
from earshot.api.document import Door
from earshot.api.reading import StrictJson
from earshot.kit.problems import Refusal

DESCRIPTION = """What happened is told once, in the customer's own words, and the process calls who must hear it.

Everything is asked and done in the name of the person whose token you send; what that person may not see answers 404.
Lists come in parts: send back `next` as `cursor`. Writes are safe to repeat (`Idempotency-Key`, ids made by you) and hard to
lose (`ETag`, `If-Match`). Every refusal is a problem detail (RFC 9457) that names the condition and the object."""


def _door() -> Door:
    parser: Parser = StrictJson()
    door = Door(
        title="Earshot",
        version="1",
        description=DESCRIPTION,
        urls_namespace="api",
        docs_url=None,
        auth=Bearer(),
        parser=parser,
    )
    for name, room in (
        ("Deals", deals),
        ("Deals", gate),
        ("Deals", figures),
        ("Deals", risks),
        ("Deals", escalations),
        ("Deals", dissents),
        ("Deals", giving_up),
        ("Deals", next_steps),
        ("Deals", specialties),
        ("Deals", lines),
        ("Leads", leads),
        ("Deals", steps),
        ("Deals", splits),
        ("Deals", waits),
        ("Deals", processes),
        ("Teams", teams),
        ("Messages", messages),
        ("What the customer said", meetings),
        ("What the customer said", voice),
        ("Calls", calls),
        ("Deals", clocks),
        ("Accounts", accounts),
        ("Accounts", contacts),
        ("People", people),
        ("People", succession),
        ("People", absences),
        ("Notifications", channels),
        ("Working time", calendars),
        ("Administration", administration),
        ("Playbook", playbooks),
        ("Playbook", asks),
        ("Playbook", conditions),
        ("Playbook", packs),
        ("Playbook", revisions),
        ("Playbook", drafts),
        ("Desk", desk),
        ("Exchange rates", rates),
        ("Saved views", views),
        ("Deliveries", deliveries),
    ):
        door.add_router("", room.router, tags=[name])
    if settings.TEST_CLOCK:
        door.add_router("", test_clock.router, tags=["Test clock"])
    handlers: list[tuple[type[Exception], Any]] = [
        (Refusal, problems.refused),
        (AuthenticationError, problems.not_known),
        (ValidationError, problems.invalid),
        (HttpError, problems.unreadable),
        (RequestDataTooBig, problems.too_big),
        (Http404, problems.not_found),
        (Exception, problems.broken),
    ]
    for error, handler in handlers:
        door.add_exception_handler(error, handler)
    return door


def language_of(request: HttpRequest) -> str:
    """The first language of `Accept-Language` that the house speaks, else its own. No cookie speaks here."""
    for wanted, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if wanted == "*":
            break
        try:
            return get_supported_language_variant(wanted)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE


def dressed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What every answer has in common, errors of the framework included: its language, and a problem for a refusal."""

    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = language_of(request)
        with override(language):
            try:
                response = view(request, *args, **kwargs)
            except Http404:
                response = problems.not_found(request)
            if isinstance(response, HttpResponseNotAllowed):
                response = problems.not_allowed(", ".join(sorted(response.headers["Allow"].split(", "))))
        response.headers["Content-Language"] = language
        response.headers["Cache-Control"] = "private, no-store"
        patch_vary_headers(response, ["Accept-Language", "Authorization"])
        return response

    return csrf_exempt(answer)


def _addresses() -> tuple[list[Any], str]:
    patterns, _app, namespace = _door().urls
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)
        pattern.callback = dressed(pattern.callback)
    return [*patterns, re_path("", dressed(problems.not_found), name="nothing-here")], namespace


urlpatterns, app_name = _addresses()
