"""Refusals and every other error as problem details (RFC 9457), in the language asked for."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja.errors import AuthenticationError, HttpError, ValidationError
from typing_extensions import TypedDict

from earshot.api.fields import AMOUNT, CLEAN, CURRENCY, Reference, reference
from earshot.kit.problems import Line, Refusal, missing, say

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger("django.request")


class ProblemLine(TypedDict):
    """One thing that is missing or wrong: for which object, who can mend it, and by which one act on what. `judged` false: it
    could not be evaluated, and counts as not met."""

    code: str
    sentence: str
    about: Reference | None
    who: str
    act: str
    target: Reference | None
    judged: bool


class Problem(TypedDict):
    """Why a request was refused. `code` is stable, `title` is a sentence for people; `fields`: a sentence for each wrong field."""

    type: str
    code: str
    title: str
    status: int
    about: Reference | None
    lines: list[ProblemLine]
    fields: dict[str, str]


def line(one: Line) -> ProblemLine:
    return {
        "code": one.code,
        "sentence": str(one.sentence),
        "about": reference(one.about) if one.about else None,
        "who": str(one.who),
        "act": one.act,
        "target": reference(one.target) if one.target else None,
        "judged": one.judged,
    }


def problem(refusal: Refusal) -> Problem:
    return {
        "type": f"urn:earshot:problem:{refusal.code}",
        "code": refusal.code,
        "title": str(refusal.sentence),
        "status": refusal.status,
        "about": reference(refusal.about) if refusal.about else None,
        "lines": [line(one) for one in refusal.lines],
        "fields": {name: str(sentence) for name, sentence in refusal.fields.items()},
    }


def answer(refusal: Refusal, headers: Mapping[str, str] | None = None) -> HttpResponse:
    content = json.dumps(problem(refusal), ensure_ascii=False)
    return HttpResponse(content, status=refusal.status, content_type=MEDIA_TYPE, headers=dict(headers or {}))


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return answer(refusal)


def not_found(request: HttpRequest, error: Http404 | None = None) -> HttpResponse:
    return answer(missing())


def not_known(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    sentence = _("This address asks for a token: send the header “Authorization: Bearer …” with a token that is still valid.")
    return answer(Refusal("token.needed", sentence, status=401), {"WWW-Authenticate": 'Bearer realm="earshot"'})


def not_allowed(allowed: str) -> HttpResponse:
    sentence = say(_("This address knows only {methods}."), methods=allowed)
    return answer(Refusal("method.unknown", sentence, status=405), {"Allow": allowed})


def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return answer(Refusal("body.too_big", _("The body of this request is too big."), status=413))


def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    """The framework could not read the body; our parser's own refusal is its cause where there is one."""
    if isinstance(error.__cause__, Refusal):
        return answer(error.__cause__)
    return answer(Refusal("body.unreadable", _("The body of this request is not JSON that can be read."), status=400))


def broken(request: HttpRequest, error: Exception) -> HttpResponse:
    """Our own fault: logged and told to whoever listens, as Django does it for a page."""
    got_request_exception.send(sender=None, request=request)
    log.error("%s %s broke", request.method, request.path, exc_info=error)
    return answer(Refusal("broken", _("Something broke here. Nothing was changed; the failure is in the log."), status=500))


# What the patterns of our fields ask, in words.
LOOKS = {
    CLEAN: _("It holds a character that cannot be stored. Please type it again."),
    AMOUNT: _("Write an amount such as 2105000 or 2105000.50, as text."),
    CURRENCY: _("Write an ISO 4217 code such as CNY or USD."),
}


def misfit(fields: Mapping[str, Any]) -> Refusal:
    """What was sent does not fit what the address takes: said field by field."""
    return Refusal("request.misfit", _("The request does not fit what this address takes."), fields=fields)


def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The framework's findings in our words. An id in the path that is none names nothing, so it is not found."""
    if any(row["loc"][0] == "path" for row in error.errors):
        return answer(missing())
    return answer(misfit({_name(row["loc"]): _sentence(row) for row in error.errors}))


def _name(place: Iterable[str | int]) -> str:
    """`("body", "body", "items", 0, "words")` → `items.0.words`: the argument's own name says nothing to the client."""
    source, *parts = place
    return ".".join(str(part) for part in (parts[1:] if source == "body" else parts)) or str(source)


def _sentence(row: Mapping[str, Any]) -> Any:
    context = row.get("ctx", {})
    match row["type"]:
        case "missing":
            return _("Please fill this in.")
        case "extra_forbidden":
            return _("There is no such field.")
        case "string_too_short":
            return _("Please fill this in.")
        case "string_too_long":
            return say(_("At most {most} characters."), most=context["max_length"])
        case "too_long":
            return say(_("At most {most} of them."), most=context["max_length"])
        case "too_short":
            return say(_("At least {least} of them."), least=context["min_length"])
        case "greater_than_equal":
            return say(_("At least {least}."), least=context["ge"])
        case "less_than_equal":
            return say(_("At most {most}."), most=context["le"])
        case "string_pattern_mismatch":
            return LOOKS.get(context["pattern"]) or say(_("It must look like {pattern}."), pattern=context["pattern"])
        case "uuid_parsing" | "uuid_type" | "uuid_version":
            return _("This is not an id. Send it as it came, such as 0192f0c1-2f3e-7abc-8def-0123456789ab.")
        case "value_error" if row["loc"][-1] == "id":
            return _("An id of your own must be a UUID of version 7.")
        case "bool_parsing" | "bool_type":
            return _("Write true or false.")
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return _("Write a whole number.")
        case "string_type" | "string_unicode":
            return _("Write text, between quotation marks.")
        case "list_type":
            return _("Write a list: […].")
        case "dict_type" | "model_type" | "model_attributes_type":
            return _("Write an object: {…}.")
        case "literal_error" | "enum":
            return say(_("Choose one of these: {choices}."), choices=context["expected"])
        case "timezone_naive" | "timezone_aware":
            return _("Say in which time zone, such as 2026-11-23T14:30:00+08:00.")
        case kind if kind.startswith("datetime"):
            return _("Write a moment with its time zone, such as 2026-11-23T14:30:00+08:00.")
        case kind if kind.startswith("date"):
            return _("Write a day such as 2026-12-31.")
        case _kind:
            return _("This cannot be used here.")
