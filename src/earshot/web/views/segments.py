"""Segments: how the company divides its market. Everybody sees them with the accounts in them; operations keep the list."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from earshot.accounts import actions, queries
from earshot.kit.problems import say
from earshot.people.permits import OPERATE
from earshot.people.standing import reach_of
from earshot.web.page import Done, Page


class Segments(Page):
    """The list, counted as far as the reader sees accounts; those that have ended at its end."""

    template = "web/segments.html"
    acts = {"add": ("code", "zh", "en"), "set": ("code", "zh", "en"), "end": ("code", "reason")}

    def context(self) -> dict[str, Any]:
        counts = queries.accounts_by_segment(self.person)
        return {
            "operates": OPERATE in reach_of(self.person).permissions,
            "segments": [
                {
                    "segment": one,
                    "n": counts.get(one.code, 0),
                    "url": f"{reverse('accounts')}?segment={one.code}",
                    "set": {"act": "set", "code": one.code},
                    "end": {"act": "end", "code": one.code},
                }
                for one in queries.all_segments()
            ],
            "without": counts.get("", 0),
        }

    def add(self, posted: QueryDict) -> Done:
        code, zh, en = posted.get("code", ""), posted.get("zh", ""), posted.get("en", "")
        segment = actions.set_segment(by=self.by, code=code, zh=zh, en=en)
        return Done(say(_("The segment “{segment}” can be chosen."), segment=segment))

    def set(self, posted: QueryDict) -> Done:
        return self.add(posted)

    def end(self, posted: QueryDict) -> Done:
        actions.end_segment(by=self.by, code=posted.get("code", ""), reason=posted.get("reason", ""))
        return Done(_("The segment is chosen no more. The accounts that are in it stay."))
