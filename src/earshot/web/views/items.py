"""One statement of the customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from earshot.deals import queries as deals
from earshot.desk.queries import timeline
from earshot.kit.problems import wrong
from earshot.playbooks.queries import categories
from earshot.voice import queries as voice
from earshot.voice.actions import correct_item, file_item, take_note
from earshot.voice.models import Item as Statement
from earshot.web import acts, parts
from earshot.web.page import Done
from earshot.web.views.talk import WRITE, Talks


class Item(Talks):
    """The words, who has heard them, corrections beside them, and what they are about."""

    template = "web/item.html"
    kind = "item"
    live = True
    acts = {"take_note": (), "correct": ("correction",), "file": ("category",), **WRITE}

    def initial(self) -> Mapping[str, Mapping[str, Any]]:
        return {**super().initial(), "file": {"category": voice.live_filing(self.thing).category}}

    def context(self) -> dict[str, Any]:
        read = voice.read(Statement.objects.filter(pk=self.thing.pk))[0]
        deal = self.thing.deal
        sees_deal = deals.visible_to(self.person).filter(pk=deal.pk).exists()
        works = voice.may_work_on(self.person, self.thing)
        return {
            "quote": {**parts.quote(read, opens=False), "correction": ""},
            "corrections": [{"words": one.text, "by": one.author.name, "when": one.at} for one in read.corrections],
            "clocks": [
                parts.clock(
                    ear.clock,
                    acts.data(f"{ear.person.name if ear.person else _('nobody yet')} · {ear.role}"),
                    deal.pk if sees_deal else None,
                )
                for ear in read.ears
                if ear.clock
            ],
            "heard": read.heard_by(self.person),
            "deal": deal,
            "deal_url": acts.address("deal", deal.pk) if sees_deal else "",
            "meeting_url": acts.address("meeting", self.thing.meeting_id) if sees_deal else "",
            "author": read.author,
            "author_url": acts.address("person", read.author.pk),
            "works": works,
            "categories": [(row.code, str(row)) for row in categories()] if works else [],
            **self.talk(),
            "entries": parts.entries(timeline(self.person, self.thing.pk)),
        }

    def take_note(self, posted: QueryDict) -> Done:
        take_note(by=self.by, items=[self.thing])
        return Done(_("Heard: it is recorded as your own act."))

    def correct(self, posted: QueryDict) -> Done:
        correct_item(by=self.by, item=self.thing, correction=posted.get("correction", ""))
        return Done(_("The correction stands beside the words; the words stay."))

    def file(self, posted: QueryDict) -> Done:
        if not posted.get("category"):
            raise wrong("category", _("Choose what it is about."))
        file_item(by=self.by, item=self.thing, category=posted.get("category", ""))
        return Done(_("Filed. Who must hear it follows the rule."))
