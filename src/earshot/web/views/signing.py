"""Signing in and out, and the language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth import authenticate
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from earshot.demo.actions import offered_people
from earshot.kit.problems import Refusal
from earshot.people.models import Login, Person, Post
from earshot.people.permits import PERMITS
from earshot.playbooks.queries import role_names
from earshot.web import page, sessions


def offered() -> list[dict[str, Any]]:
    """The people of the demonstration company: name; roles, or what they head, or what they may do; unit."""
    people = offered_people()
    prefetch_related_objects(people, "heads", "grants")
    roles: dict[Any, list[str]] = {}
    for post in Post.objects.filter(person__in=people, until__isnull=True).order_by("pk"):
        roles.setdefault(post.person_id, []).append(post.role)
    names = role_names({code for codes in roles.values() for code in codes})
    shown = []
    for person in people:
        does = [names[code] for code in roles.get(person.pk, [])]
        does += [_("head of {unit}").format(unit=unit.name) for unit in person.heads.all()]
        does = does or [
            str(PERMITS[grant.permission]) for grant in person.grants.all() if grant.until is None and grant.permission in PERMITS
        ]
        shown.append(
            {
                "name": person.name,
                "note": _(", ").join(does),
                "unit": person.unit.name if person.unit else "",
                "hidden": {"person": str(person.pk)},
            }
        )
    return shown


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """By password; in a demonstration by one click. Slow for whoever guesses."""
    asked = request.POST.get("next", "") or request.GET.get("next", "")
    refused: Refusal | None = None
    if request.method == "POST":
        try:
            sessions.enter(request, _who(request))
            return HttpResponseRedirect(page.local(asked) or reverse("my_day"))
        except Refusal as refusal:
            refused = refusal
    people = offered() if settings.DEMO else []
    for one in people:
        one["hidden"]["next"] = asked
    context = {
        "people": people,
        "username": request.POST.get("username", ""),
        "hidden": {"next": asked},
        "refused": refused,
        "asked": page.local(asked),
    }
    return page.shown(request, "web/sign_in.html", context, refused.status if refused else 200)


def _who(request: HttpRequest) -> Login:
    chosen = request.POST.get("person", "")
    if chosen and settings.DEMO:
        person: Person | None = next((one for one in offered_people() if str(one.pk) == chosen), None)
        if person is not None and person.left_at is None:
            return Login.objects.get(person=person, is_active=True)
    username, password = request.POST.get("username", "").strip()[:200], request.POST.get("password", "")[:500]
    if not ratelimit.consume(request, action="login_failed", key=username.lower(), dry_run=True):
        raise Refusal("sign_in.too_often", _("Too many attempts. Wait five minutes and try again."), status=429)
    found = authenticate(request, username=username, password=password) if username and password and "\x00" not in username else None
    if isinstance(found, Login):
        return found
    ratelimit.consume(request, action="login_failed", key=username.lower())
    raise Refusal("sign_in.wrong", _("No one signs in with this user name and password. Check both and try again."))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """`next`: where whoever signs in then goes on."""
    onward = page.local(request.POST.get("next", ""))
    sessions.leave(request)
    return HttpResponseRedirect(f"{reverse('sign_in')}?{urlencode({'next': onward})}" if onward else reverse("sign_in"))
