"""What every page knows of the house: who is here, which rooms have a door, which language is spoken."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from earshot.kit import now
from earshot.people.permits import ADMINISTER
from earshot.people.standing import reach_of
from earshot.web.sessions import signed

# The left bar on a wide screen, and the bottom bar on a phone: four places, and the others one fold away. A room without a door is not
# shown.
ROOMS = (
    ("my_day", _("My day")),
    ("my_unit", _("My unit")),
    ("to_hear", _("To hear")),
    ("messages", _("Messages")),
    ("leads", pgettext_lazy("what may become a deal", "Leads")),
    ("deals", _("Deals")),
    ("accounts", _("Accounts")),
    ("calls", _("Calls")),
    ("playbook", _("Playbook")),
    ("calendars", _("Calendars")),
)
PHONE = (
    ("my_day", _("My day")),
    ("capture", pgettext_lazy("write down what a customer said", "Capture")),
    ("deals", _("Deals")),
    ("me", pgettext_lazy("my own page", "Me")),
)
DOORS = ("home", "search", "set_language", "sign_in", "sign_out", "me", "test_clock")


@lru_cache(maxsize=256)
def _door(name: str, urlconf: str | None) -> str:
    """The address of a page, or nothing while it is not built."""
    try:
        return reverse(name, urlconf=urlconf)
    except NoReverseMatch:
        return ""


def door(name: str) -> str:
    return _door(name, get_urlconf())


def places(request: HttpRequest, wanted: tuple[tuple[str, Any], ...]) -> list[dict[str, Any]]:
    found = [{"name": name, "url": door(name), "label": label, "count": None} for name, label in wanted if door(name)]
    inside = [place for place in found if request.path == place["url"] or (place["url"] != "/" and request.path.startswith(place["url"]))]
    nearest = max(inside, key=lambda place: len(place["url"]), default=None)
    return [{**place, "current": place is nearest} for place in found]


def house(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    person = getattr(user, "person", None) if user is not None and user.is_authenticated else None
    # Who heads no unit has no unit's page.
    rooms = tuple(one for one in ROOMS if one[0] != "my_unit" or (person is not None and reach_of(person).units))
    found = {
        "person": person,
        # Every form carries who it was shown to (sessions.py).
        "form_author": signed(person) if person else "",
        "nav": places(request, rooms) if person else [],
        "phone_nav": places(request, PHONE) if person else [],
        "phone_more": [place for place in places(request, rooms) if place["name"] not in dict(PHONE)] if person else [],
        "doors": {name: door(name) for name in DOORS},
        "demo": getattr(settings, "DEMO", False),
        "test_clock": now() if settings.TEST_CLOCK and person else "",
        "sets_test_clock": bool(settings.TEST_CLOCK and person and ADMINISTER in reach_of(person).permissions),
        "language": get_language() or settings.LANGUAGE_CODE,
    }
    if request.headers.get("X-Earshot-Live"):
        found["messages"] = ()  # a page that looks again in the background takes no notice away from the page that it is meant for
    return found
