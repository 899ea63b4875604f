"""The journal verbs of this room."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.journal import verbs

verbs.register(
    {
        "desk.sent_again": _("{actor} let {n} given-up deliveries be tried again"),
        "desk.given_up": _("Given up after {attempts} attempts: {what}"),
    }
)
