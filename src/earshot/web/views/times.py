"""Where the time of deals goes: of one deal, and across those that the reader sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from earshot.deals import queries as deals
from earshot.deals import waits
from earshot.deals.actions import end_wait
from earshot.deals.models import Deal
from earshot.deals.wait_tables import HANDOVER, Wait
from earshot.desk import times
from earshot.kit.problems import Refusal, say
from earshot.people.models import Person
from earshot.people.queries import all_units, below
from earshot.people.standing import reach_of
from earshot.web import acts
from earshot.web.page import Done, Page
from earshot.web.templatetags.looks import link, quoted, when
from earshot.web.times import working

MOST = 200  # waits of one list
SCALE = 1000  # of a bar's drawing


class TimeOfDeal(Page):
    """Where the time of a deal went: in which stage, what of it was waiting, for whom."""

    template = "web/deal_time.html"
    kind = "deal"
    live = True

    def context(self) -> dict[str, Any]:
        deal: Deal = self.thing
        read = times.of_deal(deal)
        longest = max([one.minutes for one in read.spent] or [0]) or 1
        there = f"{acts.address('deal', deal.pk)}#timeline"
        return {
            "deal": deal,
            "bars": [bar(one, longest, there) for one in read.spent],
            "stage_columns": [
                {"label": _("Stage")},
                {"label": pgettext("a time", "From")},
                {"label": pgettext("a time", "Until")},
                {"label": _("Working time"), "number": True},
                {"label": _("of it waiting"), "number": True},
            ],
            "stage_rows": [
                [quoted(str(one.stage)), when(one.since), when(one.until) if one.until else "–", working(one.minutes), working(one.waited)]
                for one in read.spent
            ],
            "waits": [shown(one, self.person) for one in read.waits],
            "minutes": in_figure(read.minutes),
            "waited": in_figure(read.waited),
            "handovers": in_figure(read.handovers),
            "blocked": in_figure(read.blocked),
            "n_stages": len(read.spent),
            "n_waits": len(read.waits),
            "n_handovers": sum(one.kind == HANDOVER for one in read.waits),
            "n_blocked": sum(one.kind != HANDOVER for one in read.waits),
        }


def in_figure(minutes: int) -> dict[str, str]:
    """Working time as `c-figure` takes it: both languages write a number, a space and what it counts."""
    number, _space, unit = working(minutes).partition(" ")
    return {"number": number, "unit": unit}


def bar(one: times.Spent, longest: int, url: str) -> dict[str, Any]:
    """A stay in a stage as a row of `c-bars`, in a scale whose longest is the whole width."""
    waited = say(_("{time} of it waiting"), time=working(one.waited)) if one.waited else ""
    return {
        "label": str(one.stage),
        "url": url,
        "said": working(one.minutes),
        "more": waited,
        "parts": [
            {"at": part.at * SCALE // longest, "width": max(part.minutes * SCALE // longest, 1), "waiting": part.waiting}
            for part in one.parts
        ],
    }


def shown(one: times.Waited, person: Person) -> dict[str, Any]:
    """One wait in a list: who waits for whom, why, how long; opens what it is about."""
    on = one.on.name if one.on is not None else str(one.role) if one.role is not None else "–"
    return {
        "kind": times.KINDS[one.kind],
        "on": on,
        "person": one.person.name if one.person is not None else "",
        "waiting": one.former_role or one.waiting.name,
        "why": one.why,
        "since": one.since,
        "until": one.until,
        "minutes": working(one.minutes),
        "url": acts.of(one.about),
        "deal": one.deal.title,
        "deal_url": acts.address("deal", one.deal.pk),
        "open": one.until is None,
    }


class OneWait(Page):
    """What somebody waits for, for whoever has it: who waits, since when, why, and the one act that ends it."""

    template = "web/wait.html"
    kind = "wait"
    live = True
    acts = {"there": ("words",)}

    def context(self) -> dict[str, Any]:
        wait: Wait = self.thing
        sees = deals.visible_to(self.person).filter(pk=wait.deal_id).exists()
        return {
            "wait": wait,
            "handover": wait.kind == HANDOVER,
            "sees": sees,
            "deal_url": acts.address("deal", wait.deal_id) if sees else "",
            "waiting": wait.raised_by.name if wait.raised_by is not None else "",
            "ends": wait.until is None and waits.may_end(self.person, wait.deal, wait),
        }

    def there(self, posted: QueryDict) -> Done:
        end_wait(by=self.by, wait=self.thing, words=posted.get("words", ""))
        return Done(_("It is on record that it is there."), self.request.path)


class Waiting(Page):
    """Who waits for whom: across the deals that the reader sees. Each figure opens to what it is made of."""

    template = "web/waiting.html"
    live = True

    def context(self) -> dict[str, Any]:
        asked = {name: self.request.GET.get(name, "") for name in ("since", "until", "unit", "on", "of", "kind")}
        problems: dict[str, Any] = {}
        try:
            begin, end = times.period(asked["since"], asked["until"])
        except Refusal as refusal:
            problems = dict(refusal.fields)
            begin, end = times.period("", "")
        headed = reach_of(self.person).units
        mine = [unit for unit in all_units() if unit.pk in headed]
        chosen = next((unit for unit in mine if str(unit.pk) == asked["unit"]), None)
        read = times.across(self.person, begin, end, below(chosen) if chosen is not None else None)
        opened = self.opened(read, asked)
        kept = {name: asked[name] for name in ("since", "until", "unit") if asked[name] and not problems}
        return {
            "asked": {**asked, "since": asked["since"] or timezone.localdate(begin).isoformat()},
            "wrong": {name: problems.get(name, "") for name in ("since", "until")},
            "units": [(str(unit.pk), unit.name) for unit in mine],
            "filtered": any(asked[name] for name in ("since", "until", "unit")),
            "more": read.more,
            "blocked_columns": [
                {"label": gettext_lazy("Waited for")},
                {"label": gettext_lazy("Who waited")},
                {"label": pgettext("waits", "Times"), "number": True},
                {"label": gettext_lazy("Working time"), "number": True},
                {"label": pgettext("waits", "Still"), "number": True},
            ],
            "blocked_rows": [self.row(one, kept) for one in read.blocked],
            "handed_columns": [
                {"label": gettext_lazy("From whom to whom")},
                {"label": pgettext("waits", "Times"), "number": True},
                {"label": pgettext("waits", "Middle"), "number": True},
                {"label": pgettext("waits", "Together"), "number": True},
            ],
            "handed_rows": [
                [
                    link(self.url({**kept, "kind": HANDOVER}), say(_("{former} → {role}"), former=one.former, role=one.role)),
                    one.n,
                    working(one.median),
                    working(one.minutes),
                ]
                for one in read.handed_over
            ],
            "stage_columns": [
                {"label": gettext_lazy("Stage")},
                {"label": gettext_lazy("Stays that ended"), "number": True},
                {"label": pgettext("waits", "Middle"), "number": True},
            ],
            "stage_rows": [[quoted(one.stage), one.n, working(one.median)] for one in read.stages],
            "opened": [shown(one, self.person) for one in opened[:MOST]],
            "opened_more": max(len(opened) - MOST, 0),
            "opening": bool(asked["on"] or asked["kind"]),
            "close_url": self.url(kept),
        }

    @staticmethod
    def url(asked: dict[str, str]) -> str:
        return f"{reverse('waiting')}?{urlencode(asked)}#opened" if asked else reverse("waiting")

    def row(self, one: times.Blocked, kept: dict[str, str]) -> list[Any]:
        url = self.url({**kept, "on": str(one.on.pk) if one.on else "-", "of": str(one.waiting.pk)})
        return [link(url, one.on.name if one.on else "–"), quoted(one.waiting.name), one.n, working(one.minutes), one.open_now]

    @staticmethod
    def opened(read: times.Across, asked: dict[str, str]) -> Sequence[times.Waited]:
        if asked["kind"] == HANDOVER:
            return [one for one in read.waits if one.kind == HANDOVER]
        if not asked["on"]:
            return []
        return [
            one
            for one in read.waits
            if one.kind != HANDOVER and asked["on"] == (str(one.on.pk) if one.on else "-") and asked["of"] in ("", str(one.waiting.pk))
        ]
