"""My day, and hearing what the customer said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from earshot.calls import queries as calls
from earshot.clocks.actions import see_to
from earshot.clocks.models import Alarm
from earshot.deals import queries as deals
from earshot.deals.actions import judge_again
from earshot.deals.models import Deal
from earshot.desk.finding import find
from earshot.desk.queries import DayLine, my_day
from earshot.kit.problems import missing, say
from earshot.people.standing import reach_of
from earshot.playbooks.queries import categories
from earshot.teams.actions import accept_seat
from earshot.voice import queries as voice
from earshot.voice.actions import confirm_presence, deny_presence, take_note
from earshot.voice.models import Item
from earshot.web import acts, parts
from earshot.web.page import Done, Page, ids, one_id
from earshot.web.views.calls import COLUMNS, cells

SHOWN = 50
OF_UNITS = 5
OF_OTHERS = 6


class MyDay(Page):
    """What waits for me, until when, and the one act that does it."""

    template = "web/my_day.html"
    live = True
    acts = {"confirm": (), "deny": (), "accept": (), "see_to": (), "judge_again": ()}

    waiting = 0

    def waits(self) -> int:
        return self.waiting

    def context(self) -> dict[str, Any]:
        lines = my_day(self.person)
        self.waiting = sum(line.act != "see_to" for line in lines)
        asks_category = any(line.act == "file_item" for line in lines)
        of_teams = _deals_of_teams(lines)
        # What waits for me stands first, whatever its colour: what others owe is told to more than one.
        others = [acts.duty(line, of_teams) for line in lines if line.act == "see_to"]
        return {
            "duties": [acts.duty(line, of_teams) for line in lines if line.act != "see_to"],
            "others": others[:OF_OTHERS],
            "more_others": others[OF_OTHERS:],
            "others_count": len(others),
            "categories": [(row.code, str(row)) for row in categories()] if asks_category else [],
            "back": {"act": "file", "next": reverse("my_day")},
            **self.of_my_units(),
        }

    def of_my_units(self) -> dict[str, Any]:
        """For who heads a unit: what it owes and others do, what is due first on top."""
        if not reach_of(self.person).units:
            return {}
        owed = calls.of_units_headed_by(self.person).exclude(pk__in=calls.waiting_for(self.person).order_by().values("pk"))
        count = owed.count()
        rows = [cells(read) for read in calls.read(owed[:OF_UNITS])] if count else []
        return {"unit_calls": rows, "unit_count": count, "call_columns": COLUMNS, "heads": True}

    def confirm(self, posted: QueryDict) -> Done:
        confirm_presence(by=self.by, attendance=find(self.person, "attendance", one_id(posted.get("attendance", ""))))
        return Done(_("Confirmed: you were there, and have heard what was said."))

    def deny(self, posted: QueryDict) -> Done:
        deny_presence(by=self.by, attendance=find(self.person, "attendance", one_id(posted.get("attendance", ""))))
        return Done(_("Noted: you were not there. It does not count as heard by you."))

    def accept(self, posted: QueryDict) -> Done:
        membership = find(self.person, "membership", one_id(posted.get("membership", "")))
        accept_seat(by=self.by, membership=membership)
        return Done(say(_("You sit on the team {team} now."), team=membership.seat.team.name))

    def see_to(self, posted: QueryDict) -> Done:
        see_to(by=self.by, alarms=Alarm.objects.filter(pk__in=ids(posted.get("alarms", ""))))
        return Done(_("It stands in the record that you see to it. If it is still open tomorrow, it stands here again."))

    def judge_again(self, posted: QueryDict) -> Done:
        left = judge_again(by=self.by, name=posted.get("name", ""))
        if left:
            sentence = ngettext("It still cannot be judged on %(n)s deal.", "It still cannot be judged on %(n)s deals.", left)
            return Done(sentence % {"n": left})
        return Done(_("It can be judged everywhere again."))


def _deals_of_teams(lines: Sequence[DayLine]) -> dict[UUID, UUID]:
    teams = [UUID(str(line.scope.id)) for line in lines if line.scope.kind == "team"]
    return dict(Deal.objects.filter(team__in=teams).values_list("team_id", "pk")) if teams else {}


class ToHear(Page):
    """The original words of everything that waits for me; taking note of all that is shown is one act."""

    template = "web/to_hear.html"
    live = True
    acts = {"take_note": ("shown",)}

    waiting = 0

    def waits(self) -> int:
        return self.waiting

    def context(self) -> dict[str, Any]:
        ears = voice.ears_waiting_for(self.person)
        if wanted := self.request.GET.get("deal", ""):
            try:
                ears = ears.filter(item__deal=UUID(wanted))
            except ValueError:
                raise Http404 from None
        waiting = list(dict.fromkeys(ears.values_list("item_id", flat=True)))
        self.waiting = len(waiting)
        reads = {read.item.pk: read for read in voice.read(Item.objects.filter(pk__in=waiting[:SHOWN]))}
        shown = [reads[pk] for pk in waiting[:SHOWN]]
        groups: list[dict[str, Any]] = []
        seen = _seen_deals(self, [read.item.deal_id for read in shown])
        for read in shown:
            deal = read.item.deal
            if not groups or groups[-1]["id"] != deal.pk:
                groups.append(
                    {"id": deal.pk, "deal": str(deal), "url": acts.address("deal", deal.pk) if deal.pk in seen else "", "quotes": []}
                )
            groups[-1]["quotes"].append(parts.quote(read))
        return {
            "groups": groups,
            "count": len(shown),
            "more": len(waiting) - len(shown),
            "one_deal": bool(wanted),
            "hidden": {"act": "take_note", "shown": ",".join(str(read.item.pk) for read in shown)},
        }

    def take_note(self, posted: QueryDict) -> Done:
        new = take_note_of(self, posted)
        return Done(new, reverse("my_day"))


def _seen_deals(page: Page, deal_ids: Sequence[UUID]) -> set[UUID]:
    return set(deals.visible_to(page.person).filter(pk__in=set(deal_ids)).values_list("pk", flat=True)) if deal_ids else set()


def take_note_of(page: Page, posted: QueryDict) -> str:
    """Take note of exactly the statements that the sent page had shown."""
    wanted = ids(posted.get("shown", ""))
    items = list(voice.visible_to(page.person).filter(pk__in=wanted).distinct())
    if len(items) != len(set(wanted)):
        raise missing()
    new = take_note(by=page.by, items=items)
    return (
        ngettext("You have heard %(n)s statement.", "You have heard %(n)s statements.", new) % {"n": new}
        if new
        else _("You had heard all of them before.")
    )
