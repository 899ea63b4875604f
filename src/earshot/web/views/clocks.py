"""The clocks of a deal in plain words; moving the test clock."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import QueryDict
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from earshot.clocks.test_clock import advance, permit, set_time
from earshot.desk import clocks
from earshot.kit import now
from earshot.kit.problems import say, wrong
from earshot.web import parts
from earshot.web.page import Done, Page, page_number
from earshot.web.views.meetings import moment as typed_moment

STEPS = (
    (60, gettext_lazy("1 hour")),
    (4 * 60, gettext_lazy("4 hours")),
    (24 * 60, gettext_lazy("1 day")),
    (7 * 24 * 60, gettext_lazy("1 week")),
)


A_PAGE = 50


class ClocksOfDeal(Page):
    """Everything that runs for a deal, soonest due first; what has run and ended is folded below."""

    template = "web/deal_clocks.html"
    kind = "deal"
    live = True

    def context(self) -> dict[str, Any]:
        deal = self.thing
        running = Paginator(clocks.running(self.person, deal), A_PAGE).get_page(page_number(self.request))
        ended = Paginator(clocks.ended(self.person, deal), A_PAGE).get_page(page_number(self.request, "ended"))
        return {
            "deal": deal,
            "running": [parts.course(one) for one in clocks.read(running.object_list)],
            "running_count": running.paginator.count,
            "before": f"?page={running.previous_page_number()}" if running.has_previous() else "",
            "after": f"?page={running.next_page_number()}" if running.has_next() else "",
            "ended": [parts.course(one) for one in clocks.read(ended.object_list)],
            "ended_count": ended.paginator.count,
            "later": f"?ended={ended.previous_page_number()}#ended" if ended.has_previous() else "",
            "earlier": f"?ended={ended.next_page_number()}#ended" if ended.has_next() else "",
            "unfolded": "ended" in self.request.GET,
        }


class TestClock(Page):
    """Where the clock moves, administrators move it; everything follows."""

    template = "web/test_clock.html"
    acts = {"advance": ("minutes",), "set": ("to",)}

    def seek(self) -> None:
        permit(self.by)

    def context(self) -> dict[str, Any]:
        return {
            "moment": now(),
            "steps": [{"label": label, "hidden": {"act": "advance", "minutes": str(minutes)}} for minutes, label in STEPS],
        }

    def advance(self, posted: QueryDict) -> Done:
        minutes = posted.get("minutes", "")
        if not minutes.isdecimal() or len(minutes) > 9:
            raise wrong("minutes", _("Write a whole number of minutes."))
        return _now(advance(by=self.by, minutes=int(minutes)))

    def set(self, posted: QueryDict) -> Done:
        moment = typed_moment(posted.get("to", ""))
        if moment is None:
            raise wrong("to", _("Give a day and a time."))
        return _now(set_time(by=self.by, to=moment))


def _now(moment: Any) -> Done:
    return Done(say(_("It is {moment} now."), moment=f"{localtime(moment):%Y-%m-%d %H:%M}"))
