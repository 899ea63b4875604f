"""Calls: what the process calls for, who does it, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from earshot.calls import queries as calls
from earshot.calls.actions import (
    decline,
    deliver_result,
    end_call,
    name_person,
    object_to,
    pause_call,
    resume_call,
    return_result,
    take_call,
)
from earshot.calls.models import Call as RoleCall
from earshot.deals import queries as deals
from earshot.desk.finding import find
from earshot.desk.queries import timeline
from earshot.kit.problems import say, wrong
from earshot.people.queries import is_head_at_or_above
from earshot.people.standing import reach_of
from earshot.playbooks.queries import role_names
from earshot.voice import queries as voice
from earshot.web import acts, parts
from earshot.web.live.topics import Object
from earshot.web.page import Done, Page, one_id, page_number
from earshot.web.tables import late, link, under
from earshot.web.templatetags.looks import provisional, quoted, when
from earshot.web.views.talk import WRITE, Talks

A_PAGE = 50


COLUMNS = [
    {"label": gettext_lazy("Call")},
    {"label": gettext_lazy("Deal")},
    {"label": gettext_lazy("Unit")},
    {"label": gettext_lazy("Who")},
    {"label": gettext_lazy("State")},
    {"label": gettext_lazy("Due")},
]


class Calls(Page):
    """Mine; those of the units that I head; all that are open and that I may see (my deals' too); those that have ended. It opens
    at the first of them that holds anything."""

    template = "web/calls.html"
    live = True

    def context(self) -> dict[str, Any]:
        open_tabs = {"mine": _("Mine"), "unit": _("My units"), "open": pgettext("calls", "Open")}
        if not reach_of(self.person).units:
            del open_tabs["unit"]
        counts = {name: self.rows(name).count() for name in open_tabs}
        asked = self.request.GET.get("which", "")
        first = next((name for name, count in counts.items() if count), "mine")
        which = asked if asked in (*open_tabs, "closed") else first
        page = Paginator(self.rows(which), A_PAGE).get_page(page_number(self.request))
        tabs = [(name, label, counts[name]) for name, label in open_tabs.items()] + [("closed", _("Ended"), "")]
        return {
            "tabs": [
                {"url": f"{reverse('calls')}?which={name}", "label": label, "count": count, "current": name == which}
                for name, label, count in tabs
            ],
            "which": which,
            "columns": COLUMNS,
            "rows": [cells(read) for read in calls.read(page.object_list)] if page.paginator.count else [],  # type: ignore[arg-type]  # a slice of the rows that were counted
            "sum": ngettext("%(n)s call", "%(n)s calls", page.paginator.count) % {"n": page.paginator.count},
            "before": f"?which={which}&page={page.previous_page_number()}" if page.has_previous() else "",
            "after": f"?which={which}&page={page.next_page_number()}" if page.has_next() else "",
        }

    def rows(self, which: str) -> QuerySet[RoleCall]:
        if which == "mine":
            return calls.waiting_for(self.person)
        if which == "unit":
            return calls.of_units_headed_by(self.person)
        seen = calls.visible_to(self.person)
        open_ones = calls.open_calls().values("pk")
        seen = seen.filter(pk__in=open_ones) if which == "open" else seen.exclude(pk__in=open_ones)
        return seen.order_by("-raised_at", "-pk")


def cells(read: calls.CallRead) -> list[Any]:
    """A call as a row under `COLUMNS`."""
    shown = parts.state(read)
    due: Any = ""
    if read.clock and read.state in ("waiting", "taken"):
        left = parts.left(read.clock)
        at = format_html("{}{}", when(read.clock.due_at), provisional(read.clock.clock.provisional))
        due = under(at, late(left) if read.clock.overdue else left) if not read.clock.pause else pgettext("a clock", "stands still")
    return [
        under(link(acts.address("call", read.call.pk), read.support), read.call.number),
        quoted(read.call.deal),
        quoted(read.call.unit.name),
        quoted(read.assignment.person.name) if read.assignment else "",
        shown["word"],
        due,
    ]


class Call(Talks):
    """One call on one screen: the customer's words it needs, until when, take; then the result."""

    template = "web/call.html"
    kind = "call"
    live = True
    acts = {
        "take": (),
        "deliver": ("result",),
        "name": ("person",),
        "decline": ("reason",),
        "send_back": ("reason",),
        "object": ("reason",),
        "end": ("reason",),
        "pause": ("reason",),
        "resume": (),
        **WRITE,
    }
    needs: Sequence[UUID] = ()

    def follows(self) -> list[Object]:
        """The call, its deal and what the customer said that it needs: of which its reader is told what he or she sees."""
        return [("call", self.thing.pk), ("deal", self.thing.deal_id), *(("item", pk) for pk in self.needs)]

    def context(self) -> dict[str, Any]:
        call: RoleCall = self.thing
        read = calls.read(RoleCall.objects.filter(pk=call.pk))[0]
        deal = read.call.deal
        sees_deal = deals.visible_to(self.person).filter(pk=deal.pk).exists()
        is_open = calls.open_calls().filter(pk=call.pk).exists()
        mine = read.assignment is not None and read.assignment.person_id == self.person.pk
        names = is_open and (call.accountable_id == self.person.pk or is_head_at_or_above(self.person, call.unit))
        works = sees_deal and deals.may_work(self.person, deal)
        heard_items = voice.read(calls.items_of(call))
        self.needs = [one.item.pk for one in heard_items]
        clock = parts.clock(read.clock, deal=deal.pk if sees_deal else None)
        if clock and clock.get("next") and read.clock and read.clock.next_step:
            clock["next"] = parts.step(read.clock.next_step)
        return {
            "read": read,
            "call": call,
            "deal": deal,
            "deal_url": acts.address("deal", deal.pk) if sees_deal else "",
            "state": parts.state(read),
            "clock": clock,
            "is_open": is_open,
            "mine": mine and is_open,
            "can_take": mine and is_open and read.state == "waiting",
            "names": names,
            "candidates": self.candidates(call) if names else [],
            "ends": is_open and deal.owner_id != self.person.pk and is_head_at_or_above(self.person, deal.unit),
            "paused": read.clock.pause if read.clock else None,
            "objects": is_open and works,
            "sends_back": works and read.result is not None and not hasattr(deal, "closing"),
            "quotes": [parts.quote(one) for one in heard_items],
            "unheard": [str(one.item.pk) for one in heard_items if not one.heard_by(self.person)],
            "accountable_url": acts.address("person", call.accountable_id),
            "assigned_url": acts.address("person", read.assignment.person_id) if read.assignment else "",
            "late_start": read.call.prescribed_at if read.call.prescribed_at != read.call.raised_at else "",
            **self.talk(),
            "entries": parts.entries(timeline(self.person, call.pk), here=str(call), this=_("this call")),
        }

    def candidates(self, call: RoleCall) -> list[dict[str, str]]:
        """Holders of the role in the unit or below it, each with what he or she lacks, and with the unit where it is another one."""
        found = calls.candidates(call)
        names = role_names({code for _person, lacking in found for code in lacking})
        live = call.assignments.filter(ended_at__isnull=True).values_list("person_id", flat=True).first()
        return [
            {
                "value": str(person.pk),
                "label": _("{name} ({unit})").format(name=person.name, unit=person.unit)
                if person.unit_id and person.unit_id != call.unit_id
                else person.name,
                "help": _("lacks: %(what)s") % {"what": ", ".join(names.get(code, code) for code in lacking)}
                if lacking
                else _("qualified"),
            }
            for person, lacking in found
            if person.pk != live
        ]

    # acts

    def take(self, posted: QueryDict) -> Done:
        take_call(by=self.by, call=self.thing)
        return Done(say(_("You took {call}. Deliver the result before it is due."), call=self.thing), f"{self.request.path}#deliver")

    def deliver(self, posted: QueryDict) -> Done:
        deliver_result(by=self.by, call=self.thing, result=posted.get("result", "").replace("\r\n", "\n"))
        return Done(_("Delivered. The clock has stopped."))

    def name(self, posted: QueryDict) -> Done:
        if not posted.get("person"):
            raise wrong("person", _("Choose somebody."))
        person = find(self.person, "person", one_id(posted.get("person", "")))
        name_person(by=self.by, call=self.thing, person=person)
        return Done(say(_("{name} is named for this call."), name=person.name))

    def decline(self, posted: QueryDict) -> Done:
        assignment = decline(by=self.by, call=self.thing, reason=posted.get("reason", ""))
        said = say(
            _("You do not do this call; it stays with {unit}, now with {name}."), unit=self.thing.unit.name, name=assignment.person.name
        )
        return Done(said, reverse("my_day"))

    def send_back(self, posted: QueryDict) -> Done:
        return_result(by=self.by, call=self.thing, reason=posted.get("reason", ""))
        return Done(_("The result went back; the duty is open again, with a clock."))

    def object(self, posted: QueryDict) -> Done:
        object_to(by=self.by, call=self.thing, reason=posted.get("reason", ""))
        return Done(_("Your objection is recorded. The support runs until a head decides."))

    def pause(self, posted: QueryDict) -> Done:
        pause_call(by=self.by, call=self.thing, reason=posted.get("reason", ""))
        return Done(_("The time stands still until a head lets it run on."))

    def resume(self, posted: QueryDict) -> Done:
        resume_call(by=self.by, call=self.thing)
        return Done(_("The time runs on."))

    def end(self, posted: QueryDict) -> Done:
        end_call(by=self.by, call=self.thing, reason=posted.get("reason", ""))
        return Done(_("Ended by your decision."))
