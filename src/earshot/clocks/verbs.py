"""The journal verbs of this room."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.journal import verbs

verbs.register(
    {
        "clocks.moved": _("The working calendar changed: {what} is due {due}, no longer {before}"),
        "clocks.recounted_in_part": _("The working calendar changed; {moved} time limits have moved so far"),
        "clocks.recounted": _("The working calendar changed; {moved} time limits moved"),
    }
)
