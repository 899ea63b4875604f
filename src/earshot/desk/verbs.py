"""The journal verbs of this room."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.desk.models import SavedView
from earshot.journal import kinds, verbs

kinds.register("view", SavedView, page="view")
verbs.register(
    {
        "desk.sent_again": _("{actor} let {n} given-up deliveries be tried again"),
        "desk.view_saved": _("{actor} saved the view {view}"),
        "desk.view_changed": _("{actor} changed the view {view}: {changes}"),
        "desk.view_handed": _("{owner} keeps the view {view} in place of {former}"),
        "desk.view_ended": _("{actor} deleted the view {view}"),
        "desk.given_up": _("Given up after {attempts} attempts: {what}"),
    }
)
