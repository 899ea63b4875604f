"""The journal verbs of this room."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from earshot.journal import verbs

verbs.register(
    {
        "clocks.started": _("A time limit began for {what}: due {due}"),
        "clocks.warned": _("The time for {what} is running out (due {due}){late}; told: {told}"),
        "clocks.breached": _("The time for {what} ran out ({due}){late}; told: {told}"),
        "clocks.escalated": _("{what} is still open after its time ran out ({due}){late}; told: {told}"),
        "clocks.met": _("Done within the time limit: {what}"),
        "clocks.met_late": _("Done after the time limit had run out: {what}"),
        "clocks.cancelled": _("The time limit for {what} ended by decision"),
        "clocks.paused": _("{actor} stopped the time for {what}: {reason}"),
        "clocks.resumed": _("{actor} let the time for {what} run on: due {due}"),
        "clocks.time_set": _("{actor} moved the test clock from {from} to {to}"),
        "clocks.seen_to": _("{actor} sees to it: {what}"),
    },
    # Told by the act itself; these say how time stood, for whoever opens the whole record.
    quiet={"clocks.started", "clocks.met", "clocks.cancelled"},
)
