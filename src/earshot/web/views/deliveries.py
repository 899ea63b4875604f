"""What the worker gave up, and who is at work."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy, ngettext

from earshot.desk.actions import may_keep_running, send_again
from earshot.desk.queries import worded_for
from earshot.journal import jobs
from earshot.journal.models import Delivery, Worker
from earshot.journal.reactions import WORDS
from earshot.kit.problems import say
from earshot.web.page import Done, Page

SHOWN = 100


def named(worker: Worker) -> Any:
    """A worker's machine and process, in words: what whoever keeps the house running looks for there."""
    machine, _colon, process = worker.name.rpartition(":")
    return say(gettext_lazy("process {process} on {machine}"), process=process, machine=machine) if machine else worker.name


class Deliveries(Page):
    """Dead letters, each with its entry and its error; one act sends one, or all, again."""

    template = "web/deliveries.html"
    live = True
    acts = {"send_again": ("which",)}

    def seek(self) -> None:
        may_keep_running(self.by)

    def context(self) -> dict[str, Any]:
        rows = list(jobs.dead()[:SHOWN])
        sentences = worded_for(self.person, [row.entry for row in rows])
        return {
            "dead": [
                {
                    "what": WORDS.get(row.reaction, row.reaction),
                    "about": sentences.get(row.entry_id, ""),
                    "error": row.error,
                    "attempts": row.attempts,
                    "at": row.dead_at,
                    "hidden": {"act": "send_again", "which": str(row.pk)},
                }
                for row in rows
            ],
            "more": max(jobs.dead().count() - len(rows), 0),
            "all": {"act": "send_again", "which": "all"},
            "waiting": jobs.owed().count(),
            "attempts": jobs.MOST_ATTEMPTS,
            "workers": [{"label": named(one), "since": one.began_at} for one in jobs.living().order_by("began_at")],
        }

    def send_again(self, posted: QueryDict) -> Done:
        which = posted.get("which", "")
        found = Delivery.objects.filter(dead_at__isnull=False)
        if which != "all":
            found = found.filter(pk=int(which) if which.isdecimal() and len(which) < 19 else 0)
        n = send_again(by=self.by, deliveries=found)
        return Done(ngettext("%(n)s delivery is tried again.", "%(n)s deliveries are tried again.", n) % {"n": n})
