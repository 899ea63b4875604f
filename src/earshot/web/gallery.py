"""The gallery: every component in its states. Tested and photographed like a page."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from earshot.web.samples import samples


def gallery(request: HttpRequest) -> HttpResponse:
    """Open to all in debug and demo mode, else to whoever is signed in."""
    user = getattr(request, "user", None)
    if not (settings.DEBUG or getattr(settings, "DEMO", False) or (user is not None and user.is_authenticated)):
        return redirect_to_login(request.get_full_path())
    return render(request, "web/gallery.html", {"g": samples()})
